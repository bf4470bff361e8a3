/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * creators_test.c - which thread was created by which call: key blocks that are used again, calls that return late,
 * threads that are seen late or never, and what stays for the file.
 */
#include "check.h"
#include "fold/creators.h"
#include "instr/errors.h"
#include "instr/record.h"

#include <stdlib.h>
#include <string.h>

enum { A = 0x1000, B = 0x2000, GRACE = IRT_CREATORS_GRACE_TICKS };
static const int64_t never = INT64_MAX;

/* Times are in steps that clocks of two processors do not differ by. */
#define T(n) ((int64_t)(n) * 4 * IRT_CREATORS_SLACK_TICKS)

static struct irt_creators *creators;

struct answers {
	uint32_t by[8192]; /* by thread_id: the context that has created it */
	size_t found, waiting, gone;
	uint64_t gone_number;
};
static struct answers answers;

static int note_found(void *user, uint64_t thread_id, const struct irt_creation *by)
{
	struct answers *a = user;
	CHECK(thread_id < 8192);
	CHECK_EQ(a->by[thread_id], 0); /* once */
	a->by[thread_id] = by->context;
	a->found++;
	return 0;
}

static int note_new(void *user, const struct irt_creation *row)
{
	(void)row;
	((struct answers *)user)->waiting++;
	return 0;
}

static int note_gone(void *user, uint64_t number)
{
	struct answers *a = user;
	a->gone++;
	a->gone_number = number;
	return 0;
}

static void begin(void)
{
	irt_creators_destroy(creators);
	CHECK_EQ(irt_creators_create(&creators), 0);
	memset(&answers, 0, sizeof(answers));
}

static void create(uint64_t block, int from, int to, uint32_t context)
{
	CHECK_EQ(irt_creators_add(creators, &(struct irt_creation){
		.key = block, .begin_ticks = T(from), .end_ticks = T(to), .thread = 1, .context = context, .site_id = 9}), 0);
}

static void see(uint64_t thread_id, uint64_t block, int at) { CHECK_EQ(irt_creators_join(creators, thread_id, block, T(at)), 0); }
static int64_t lives[16]; /* by thread_id, if it is known */
static int64_t lived(void *arg, uint64_t thread_id)
{
	(void)arg;
	return thread_id < 16 && lives[thread_id] ? lives[thread_id] : INT64_MIN;
}
static void settle(int64_t until) { CHECK_EQ(irt_creators_settle(creators, until, false, lived, NULL), 0); }

static void read_answers(void)
{
	answers.found = answers.waiting = answers.gone = 0;
	CHECK_EQ(irt_creators_each_found(creators, &answers, note_found), 0);
	CHECK_EQ(irt_creators_each_new(creators, &answers, note_new), 0);
	CHECK_EQ(irt_creators_each_gone(creators, &answers, note_gone), 0);
}

static uint32_t creator_of(uint64_t thread_id)
{
	memset(&answers, 0, sizeof(answers));
	read_answers();
	return answers.by[thread_id];
}

TEST(a_thread_is_of_the_call_that_gave_its_block)
{
	begin();
	create(A, 1, 3, 11);
	create(B, 4, 5, 12);
	see(1, B, 6);
	see(2, A, 2); /* before the call has returned */
	settle(never);
	CHECK_EQ(creator_of(1), 12);
	CHECK_EQ(creator_of(2), 11);
	CHECK_EQ(answers.found, 2);
	CHECK_EQ(answers.waiting, 0);
}

/* A clock may be behind the other one; that is no reason to take a thread that was seen for one that was created later. */
TEST(a_block_that_is_given_again_at_once_was_the_first_ones_when_it_was_seen)
{
	begin();
	create(A, 1, 2, 11);
	CHECK_EQ(irt_creators_join(creators, 1, A, T(3)), 0);
	CHECK_EQ(irt_creators_add(creators, &(struct irt_creation){
		.key = A, .begin_ticks = T(3) + 100, .end_ticks = T(4), .thread = 1, .context = 12, .site_id = 9}), 0);
	see(2, A, 5);
	CHECK_EQ(irt_creators_add(creators, &(struct irt_creation){
		.key = B, .begin_ticks = T(6) + 100, .end_ticks = T(7), .thread = 1, .context = 13, .site_id = 9}), 0);
	see(3, B, 6);
	settle(never);
	CHECK_EQ(creator_of(1), 11);
	CHECK_EQ(answers.by[2], 12);
	CHECK_EQ(answers.by[3], 13);
}

TEST(a_number_is_one_threads_and_needs_no_time)
{
	begin();
	create(INSTR_KEY_NUMBER | 1, 50, 60, 11);
	create(INSTR_KEY_NUMBER | 2, 50, 60, 12); /* no code with hooks runs in that one */
	create(INSTR_KEY_NUMBER | 3, 50, 60, 13);
	see(3, INSTR_KEY_NUMBER | 3, 55);
	see(1, INSTR_KEY_NUMBER | 1, 70);
	see(4, A, 70);
	settle(T(1));
	CHECK_EQ(creator_of(1), 11);
	CHECK_EQ(answers.by[3], 13);
	CHECK_EQ(answers.found, 2);
	CHECK_EQ(answers.waiting, 1);
}

TEST(a_block_is_used_again_a_thousand_times)
{
	begin();
	for (int i = 0; i < 1000; i++) { /* as a look finds them: threads first, or creations */
		if (i % 2)
			see((uint64_t)i, A, 10 * i + 3);
		create(A, 10 * i + 1, 10 * i + (i % 3 ? 2 : 5), 20 + (uint32_t)i % 7);
		if (i % 2 == 0)
			see((uint64_t)i, A, 10 * i + 3);
		if (i % 100 == 50)
			settle(T(10 * i));
	}
	settle(never);
	for (uint64_t i = 0; i < 1000; i++)
		CHECK_EQ(creator_of(i), 20 + i % 7);
	CHECK_EQ(answers.found, 1000);
	CHECK_EQ(answers.waiting, 0);
}

TEST(the_order_in_which_it_is_heard_of_does_not_matter)
{
	enum { THREADS = 60 };
	uint64_t seed = 7;

	for (int turn = 0; turn < 200; turn++) {
		unsigned order[2 * THREADS];
		begin();
		for (unsigned i = 0; i < 2 * THREADS; i++)
			order[i] = i;
		for (unsigned i = 2 * THREADS - 1; i; i--) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			unsigned k = (unsigned)(seed >> 33) % (i + 1), o = order[i];
			order[i] = order[k];
			order[k] = o;
		}
		for (unsigned i = 0; i < 2 * THREADS; i++) { /* three blocks in turn */
			unsigned t = order[i] / 2;
			int at = 10 * (int)(t / 3) + 2 * (int)(t % 3);
			if (order[i] % 2)
				see(t, A + 64 * (t % 3), at + 1 + (int)(t % 2) * 6);
			else
				create(A + 64 * (t % 3), at, at + 4, 100 + t);
		}
		settle(never);
		for (unsigned t = 0; t < THREADS; t++)
			CHECK_EQ(creator_of(t), 100 + t);
	}
}

TEST(a_thread_that_was_not_seen_takes_no_others_creation)
{
	begin();
	create(A, 1, 2, 11); /* runs no code with hooks */
	create(A, 5, 6, 12);
	see(1, A, 7);
	create(A, 9, 10, 13); /* nor this one */
	settle(never);
	CHECK_EQ(creator_of(1), 12);
	CHECK_EQ(answers.waiting, 1); /* the first can have no thread any more */
	see(2, A, 20);
	settle(never);
	CHECK_EQ(creator_of(2), 13);
}

TEST(a_block_given_by_code_without_hooks_has_no_creator)
{
	begin();
	create(A, 1, 2, 11);
	see(1, A, 3);
	see(2, A, 8);
	see(3, B, 9);
	settle(never);
	CHECK_EQ(creator_of(1), 11);
	CHECK_EQ(creator_of(2), 0);
	CHECK_EQ(creator_of(3), 0);
}

TEST(a_call_that_begins_later_is_not_taken)
{
	begin();
	see(1, A, 3);
	create(A, 4, 5, 11);
	settle(never);
	CHECK_EQ(creator_of(1), 0);
	see(2, A, 6);
	settle(never);
	CHECK_EQ(creator_of(2), 11);
}

TEST(calls_under_way_at_one_time_that_gave_the_same_block_are_not_told_apart)
{
	begin();
	create(A, 1, 9, 11);
	create(A, 2, 4, 12); /* its thread has ended before the other call got the block; or the other way round */
	see(1, A, 3);
	see(2, A, 8);
	settle(never);
	CHECK_EQ(creator_of(1), 0);
	CHECK_EQ(answers.by[2], 0);
	create(A, 20, 21, 13);
	see(3, A, 22);
	settle(never);
	CHECK_EQ(creator_of(3), 13);
}

TEST(what_began_before_the_thread_before_it_and_ended_behind_is_its_own)
{
	begin();
	create(A, 5, 6, 12);
	see(1, A, 6);
	settle(never);
	create(A, 4, 9, 11); /* was held up before it took a block */
	see(2, A, 8);
	settle(never);
	CHECK_EQ(creator_of(1), 12);
	CHECK_EQ(creator_of(2), 11);
}

/* The second call began while the first one's thread had not been seen, and got its block when that had ended. */
static void held_up(void)
{
	begin();
	memset(lives, 0, sizeof(lives));
	create(A, 1, 2, 11);
	create(A, 4, 9, 12);
	see(1, A, 5);
}

TEST(a_thread_that_is_seen_late_is_not_of_a_call_that_has_begun_meanwhile)
{
	held_up();
	see(2, A, 10);
	settle(never);
	CHECK_EQ(creator_of(1), 11);
	CHECK_EQ(answers.by[2], 12);
	CHECK_EQ(answers.waiting, 0);
}

TEST(it_is_waited_for_the_thread_that_tells)
{
	held_up();
	settle(T(20) + GRACE);
	CHECK_EQ(creator_of(1), 0);
	see(2, A, 10);
	settle(T(20) + GRACE);
	CHECK_EQ(creator_of(1), 11);
	CHECK_EQ(answers.by[2], 12);
}

TEST(one_that_was_there_when_the_call_had_returned_is_its_own)
{
	held_up();
	settle(T(20) + GRACE);
	CHECK_EQ(creator_of(1), 0);
	lives[1] = T(9) + 1;
	settle(T(20) + GRACE);
	CHECK_EQ(creator_of(1), 12);
	CHECK_EQ(answers.waiting, 0); /* the first one's was not seen, and will not be */
}

TEST(where_nothing_tells_no_creator_is_made_up)
{
	held_up();
	settle(never);
	CHECK_EQ(creator_of(1), 0);
	held_up();
	lives[1] = T(8);
	settle(T(20) + 9 * (int64_t)GRACE);
	see(2, A, 10); /* of the second call in any case */
	settle(never);
	CHECK_EQ(creator_of(1), 0);
	CHECK_EQ(answers.by[2], 12);
	held_up();
	create(A, 11, 12, 13);
	see(2, A, 13); /* has a call of its own: the second one's may be the first thread, or none that was seen */
	settle(never);
	CHECK_EQ(creator_of(1), 0);
	CHECK_EQ(answers.by[2], 13);
}

TEST(a_creation_is_waited_for_and_may_come_later_still)
{
	begin();
	see(1, A, 3);
	see(2, B, 3);
	create(B, 1, 2, 12);
	settle(T(3) + GRACE - 1);
	CHECK_EQ(creator_of(2), 0); /* another may come, of another call */
	settle(T(3) + GRACE);
	CHECK_EQ(creator_of(2), 12);
	create(A, 1, 90, 11);
	settle(T(3) + 2 * (int64_t)GRACE);
	CHECK_EQ(creator_of(1), 11);
}

TEST(nothing_is_waited_for_when_the_process_goes)
{
	begin();
	create(A, 1, 2, 11);
	see(1, A, 3);
	settle(T(3));
	CHECK_EQ(creator_of(1), 0);
	CHECK_EQ(irt_creators_settle(creators, T(3), true, NULL, NULL), 0);
	CHECK_EQ(creator_of(1), 11);
}

TEST(what_is_in_the_file_is_told_once_and_when_it_is_over)
{
	begin();
	create(A, 1, 2, 11);
	create(B, 1, 2, 12);
	CHECK(irt_creators_is_unsaved(creators));
	read_answers();
	CHECK_EQ(answers.waiting, 2);
	irt_creators_saved(creators);
	CHECK(!irt_creators_is_unsaved(creators));
	see(1, B, 4);
	settle(never);
	CHECK(irt_creators_is_unsaved(creators));
	CHECK_EQ(creator_of(1), 12);
	CHECK_EQ(answers.waiting, 0);
	CHECK_EQ(answers.gone, 1);
	CHECK_EQ(answers.gone_number, 2);
	irt_creators_saved(creators);
	memset(&answers, 0, sizeof(answers));
	read_answers();
	CHECK_EQ(answers.found + answers.waiting + answers.gone, 0);
}

TEST(another_drain_goes_on_with_what_is_in_the_file)
{
	begin();
	CHECK_EQ(irt_creators_restore(creators, &(struct irt_creation){
		.key = A, .begin_ticks = T(1), .end_ticks = T(2), .context = 11, .number = 41, .stored = true}), 0);
	CHECK_EQ(irt_creators_restore(creators, &(struct irt_creation){.key = A, .number = 0, .stored = true}), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_creators_restore(creators, &(struct irt_creation){.key = A, .number = UINT64_MAX, .stored = true}), INSTR_ERR_FORMAT);
	CHECK(!irt_creators_is_unsaved(creators));
	create(B, 3, 4, 12);
	see(1, A, 5);
	see(2, B, 5);
	settle(never);
	CHECK_EQ(creator_of(1), 11);
	CHECK_EQ(answers.by[2], 12);
	CHECK_EQ(answers.gone, 1); /* the other one was never there */
	CHECK_EQ(answers.gone_number, 41);
}

TEST(what_waits_is_bounded_and_the_last_ones_stay)
{
	enum { ALL = IRT_CREATORS_MAX + 1000 };

	begin();
	for (int i = 0; i < ALL; i++) {
		create(A + 64 * (uint64_t)i, i, i + 1, 1 + (uint32_t)i);
		if (i == 2000)
			irt_creators_saved(creators);
	}
	read_answers();
	CHECK(answers.waiting <= IRT_CREATORS_MAX);
	CHECK(answers.waiting >= IRT_CREATORS_MAX / 2);
	CHECK_EQ(answers.gone, 2001); /* of which the file is told */
	for (uint64_t i = ALL - 1000; i < ALL; i++)
		see(i, A + 64 * i, (int)i + 2);
	settle(never);
	for (uint64_t i = ALL - 1000; i < ALL; i++)
		CHECK_EQ(creator_of(i), 1 + i);
	begin();
	for (uint64_t i = 0; i < ALL; i++)
		see(i, A + 64 * i, 5);
	for (uint64_t i = 0; i < ALL; i++)
		create(A + 64 * i, 1, 2, 1 + (uint32_t)i);
	settle(never);
	CHECK_EQ(creator_of(0), 0);
	for (uint64_t i = ALL - 1000; i < ALL; i++)
		CHECK_EQ(answers.by[i], 1 + i);
}

TEST(times_that_cannot_be_do_no_harm)
{
	begin();
	static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
	enum { N = sizeof(times) / sizeof(*times) };
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++)
			CHECK_EQ(irt_creators_add(creators, &(struct irt_creation){.key = A, .begin_ticks = times[i], .end_ticks = times[k], .context = 1}), 0);
	for (int i = 0; i < N; i++)
		CHECK_EQ(irt_creators_join(creators, (uint64_t)i + 1, A, times[i]), 0);
	for (int i = 0; i < N; i++)
		settle(times[i]);
	read_answers();
	CHECK(answers.found <= N);
}

int main(int argc, char **argv)
{
	int failed = check_main(argc, argv);
	irt_creators_destroy(creators);
	return failed;
}
