/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_test.c - the locks of a process, one rule at a time.
 */
#include "locks_file.h"

enum { P = 0x1000, Q = 0x2000, SLACK = IRT_LOCK_SLACK_TICKS };

static struct irt_locks *locks;
static struct locks_file file;
static int64_t now;

static void begin(void)
{
	irt_locks_destroy(locks);
	locks_file_fini(&file);
	CHECK_EQ(irt_locks_create(&locks), 0);
	now = 1000000;
}

/* Thread n is in context n. */
static void put(uint32_t thread, uint32_t operation, uint64_t address, unsigned mode, uint64_t value)
{
	CHECK_EQ(irt_locks_add(locks, &(struct irt_shared_event){
		.ticks = now, .address = address, .value = value, .context = thread, .site = irt_site(mode, mode),
		.thread = thread, .operation = operation}), 0);
}
static void lock(uint32_t thread, uint64_t address) { put(thread, IRT_OP_ACQUIRED, address, INSTR_LOCK_MUTEX, 0); }
static void unlock(uint32_t thread, uint64_t address) { put(thread, IRT_OP_RELEASED, address, INSTR_LOCK_MUTEX, 0); }
static void waits(uint32_t thread, uint64_t address) { put(thread, IRT_OP_WAITING, address, INSTR_LOCK_MUTEX, IRT_LOCK_TRIED); }
static void waited(uint32_t thread, uint64_t address, uint64_t result)
{
	put(thread, IRT_OP_WAITED, address, INSTR_LOCK_MUTEX, result);
}

static void settle_and_save(void)
{
	CHECK_EQ(irt_locks_settle(locks, INT64_MAX), 0);
	locks_file_save(&file, locks);
}

static void done(void)
{
	settle_and_save();
	locks_file_check(&file);
}

static struct irt_lock_totals totals(uint32_t number, uint32_t thread, unsigned mode)
{
	const struct irt_lock_totals *t = locks_file_totals(&file, number, thread, mode);
	return t ? *t : (struct irt_lock_totals){0};
}

static uint64_t charged(uint32_t waiter, int64_t holder)
{
	const struct irt_lock_wait *w = locks_file_wait(&file, 0, waiter, holder);
	return w ? w->ticks : 0;
}

TEST(a_wait_is_charged_to_each_who_had_the_lock_meanwhile)
{
	begin();
	lock(1, P);
	now += 10000;
	waits(3, P);
	now += 20000;
	unlock(1, P);
	now += 1000; /* on its way: to thread 1 */
	lock(2, P);
	now += 30000;
	unlock(2, P);
	now += 500;
	waited(3, P, 0);
	now += 7;
	unlock(3, P);
	done();
	CHECK_EQ(charged(3, 1), 21000);
	CHECK_EQ(charged(3, 2), 30500);
	CHECK_EQ(totals(0, 3, INSTR_LOCK_MUTEX).wait_ticks, 51500);
	CHECK_EQ(totals(0, 3, INSTR_LOCK_MUTEX).max_wait_ticks, 51500);
	CHECK_EQ(totals(0, 3, INSTR_LOCK_MUTEX).contended, 1);
	CHECK_EQ(totals(0, 3, INSTR_LOCK_MUTEX).hold_ticks, 7);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).hold_ticks, 30000);
	CHECK_EQ(locks_file_wait(&file, 0, 3, 1)->waits, 1);
	CHECK_EQ(locks_file_wait(&file, 0, 3, 2)->waits, 0);
}

TEST(a_lock_that_is_taken_again_is_held_once)
{
	begin();
	lock(1, P), now += 100;
	lock(1, P), now += 100;
	unlock(1, P), now += 100;
	unlock(1, P), now += 100;
	done();
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).acquisitions, 2);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).holds, 1);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).hold_ticks, 300);
}

TEST(who_would_wait_for_itself_has_failed_and_not_waited)
{
	begin();
	lock(1, P), now += 100;
	waits(1, P), now += 100;
	waited(1, P, 35), now += 100; /* EDEADLK */
	unlock(1, P);
	done();
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).failed, 1);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).contended, 0);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).wait_ticks, 0);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).hold_ticks, 300);
	CHECK_EQ(file.wait_count, 0);
}

TEST(who_gave_up_has_waited)
{
	begin();
	lock(1, P), now += 100;
	waits(2, P), now += 5000;
	waited(2, P, 110), now += 100; /* ETIMEDOUT */
	unlock(1, P);
	done();
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).failed, 1);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).contended, 1);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).acquisitions, 0);
	CHECK_EQ(charged(2, 1), 5000);
}

TEST(a_lock_whose_owner_died_is_taken)
{
	begin();
	lock(1, P), now += 100;
	waits(2, P), now += 100;
	waited(2, P, IRT_LOCK_OWNER_DIED), now += 20000;
	unlock(2, P);
	done();
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).acquisitions, 1);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).hold_ticks, 20000);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).holds, 1);
	CHECK_EQ(file.locks[0].lost, 1);
}

TEST(an_untried_wait_is_one_only_if_somebody_had_the_lock)
{
	begin();
	put(1, IRT_OP_WAITING, P, INSTR_LOCK_READ, 0), now += 50;
	put(1, IRT_OP_WAITED, P, INSTR_LOCK_READ, 0), now += 50;
	put(2, IRT_OP_WAITING, P, INSTR_LOCK_READ, 0), now += 50; /* another reader is in nobody's way */
	put(2, IRT_OP_WAITED, P, INSTR_LOCK_READ, 0), now += 50;
	put(3, IRT_OP_WAITING, P, INSTR_LOCK_WRITE, IRT_LOCK_TRIED), now += 10000;
	unlock(1, P), now += 10000;
	unlock(2, P), now += 10000;
	put(3, IRT_OP_WAITED, P, INSTR_LOCK_WRITE, 0), now += 10000;
	put(1, IRT_OP_WAITING, P, INSTR_LOCK_READ, 0), now += 10000;
	unlock(3, P), now += 10;
	put(1, IRT_OP_WAITED, P, INSTR_LOCK_READ, 0);
	done();
	CHECK_EQ(totals(0, 2, INSTR_LOCK_READ).contended, 0);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_READ).acquisitions, 1);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_READ).contended, 1);
	CHECK_EQ(charged(1, 3), 10010);
	CHECK_EQ(charged(3, 1), 10000);
	CHECK_EQ(charged(3, 2), 20000);
}

TEST(a_release_that_a_clock_says_is_later_comes_first)
{
	begin();
	lock(1, P), now += 50000;
	int64_t taken = now;
	now += SLACK;
	unlock(1, P);
	now = taken;
	lock(2, P), now += 50000;
	unlock(2, P);
	done();
	CHECK_EQ(file.locks[0].lost, 0);
	CHECK_EQ(file.locks[0].unknown, 0);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).hold_ticks, 50000);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).hold_ticks, 50000);
}

TEST(a_hold_whose_end_was_not_seen_ends_with_the_next)
{
	begin();
	lock(1, P), now += 50000;
	lock(2, P), now += 2 * SLACK;
	unlock(1, P), now += 10;
	unlock(2, P);
	done();
	CHECK_EQ(file.locks[0].lost, 1);
	CHECK_EQ(file.locks[0].unknown, 1);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).hold_ticks, 50000);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).hold_ticks, 2 * SLACK + 10);
}

TEST(what_is_initialised_again_is_another_lock)
{
	begin();
	put(1, IRT_OP_LOCK_INIT, P, INSTR_LOCK_MUTEX, 0), now += 10;
	lock(1, P), now += 10;
	unlock(1, P), now += 10;
	put(1, IRT_OP_LOCK_DESTROY, P, INSTR_LOCK_MUTEX, 0), now += 10;
	put(1, IRT_OP_LOCK_INIT, P, INSTR_LOCK_MUTEX, 0), now += 10;
	lock(2, P), now += 10;
	put(1, IRT_OP_LOCK_INIT, P, INSTR_LOCK_MUTEX, 0), now += 10; /* its destroy was not seen */
	lock(3, P);
	done();
	CHECK_EQ(file.lock_count, 3);
	CHECK_EQ(file.locks[0].end_ticks, 1000030);
	CHECK_EQ(file.locks[1].lost, 1);
	CHECK_EQ(file.locks[2].end_ticks, INT64_MAX);
	CHECK_EQ(totals(1, 2, INSTR_LOCK_MUTEX).hold_ticks, 10);
	CHECK_EQ(file.users, 1);
}

TEST(a_wait_without_end_is_there)
{
	begin();
	lock(1, P), now += 10;
	waits(2, P);
	lock(2, Q), now += 10; /* not in truth; but who waits and who has it is told of each lock */
	waits(1, Q), now += 10;
	done();
	CHECK_EQ(file.users, 4);
}

TEST(locks_beyond_the_most_share_a_row)
{
	begin();
	for (uint64_t i = 1; i <= IRT_LOCKS_MAX + 10; i++)
		lock(1, i * 64), now += 10;
	settle_and_save(); /* (the check looks at each by each) */
	CHECK_EQ(file.lock_count, IRT_LOCKS_MAX + 1);
	CHECK_EQ(file.locks[IRT_LOCKS_MAX].address, 0);
	CHECK_EQ(totals(IRT_LOCKS_MAX, 1, INSTR_LOCK_MUTEX).acquisitions, 10);
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	for (uint64_t i = IRT_LOCKS_MAX + 10; i >= 1; i--)
		unlock(1, i * 64), now += 10;
	settle_and_save();
	CHECK_EQ(totals(IRT_LOCKS_MAX, 1, INSTR_LOCK_MUTEX).holds, 10);
	CHECK_EQ(file.locks[IRT_LOCKS_MAX].unknown, 0);
}

TEST(bytes_that_cannot_be_are_refused)
{
	begin();
	lock(1, P), now += 10;
	waits(2, P), now += 10;
	CHECK_EQ(irt_locks_settle(locks, now), 0);
	lock(3, Q);
	locks_file_save(&file, locks);
	for (size_t i = 0; i < file.state_bytes; i++)
		for (int bit = 0; bit < 8; bit++) {
			file.state[i] ^= (uint8_t)(1 << bit);
			struct irt_locks *l;
			CHECK_EQ(irt_locks_create(&l), 0);
			CHECK_EQ(irt_locks_restore(l, &file.locks[0]), 0);
			for (size_t k = 0; k < file.totals_count; k++) {
				struct irt_lock_totals t = file.totals[k];
				t.waits = t.hold_times = (struct irt_histogram){0};
				CHECK_EQ(irt_locks_restore_totals(l, &t), 0);
			}
			int err = irt_locks_unpack(l, file.state, file.state_bytes);
			CHECK(err == 0 || err == INSTR_ERR_FORMAT);
			if (!err)
				CHECK_EQ(irt_locks_settle(l, INT64_MAX), 0);
			irt_locks_destroy(l);
			file.state[i] ^= (uint8_t)(1 << bit);
		}
	CHECK_EQ(irt_locks_unpack(locks, file.state, file.state_bytes - 1), INSTR_ERR_FORMAT);
}

int main(int argc, char **argv)
{
	int failed = check_main(argc, argv);
	irt_locks_destroy(locks);
	locks_file_fini(&file);
	return failed;
}
