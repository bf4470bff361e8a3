/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_conditions_test.c - waits for the lock behind the signal of a condition, one rule at a time.
 */
#include "locks_file.h"

enum { P = 0x1000, Q = 0x2000, C = 0x9000, D = 0x9040 };

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
static void put(uint32_t thread, uint32_t operation, uint64_t address, uint64_t value)
{
	CHECK_EQ(irt_locks_add(locks, &(struct irt_shared_event){
		.ticks = now, .address = address, .value = value, .context = thread, .site = irt_site(1, INSTR_LOCK_MUTEX),
		.thread = thread, .operation = operation}), 0);
}
static void lock(uint32_t thread, uint64_t address) { put(thread, IRT_OP_ACQUIRED, address, 0); }
static void unlock(uint32_t thread, uint64_t address) { put(thread, IRT_OP_RELEASED, address, 0); }
static void says(uint32_t thread, uint64_t condition) { put(thread, IRT_OP_CONDITION, condition, 0); }
static void gives_up(uint32_t thread, uint64_t condition) { put(thread, IRT_OP_CONDITION, condition, 1); }
static void signals(uint32_t thread, uint64_t condition) { put(thread, IRT_OP_SIGNALLED, condition, 0); }
static void calls_all(uint32_t thread, uint64_t condition) { put(thread, IRT_OP_SIGNALLED, condition, IRT_LOCK_ALL); }

static void sleeps(uint32_t thread, uint64_t condition, uint64_t address)
{
	lock(thread, address), now += 10;
	says(thread, condition), unlock(thread, address), now += 10;
}

static void holds(uint32_t thread, uint64_t address, int64_t ticks)
{
	lock(thread, address), now += ticks;
	unlock(thread, address);
}

static void back(uint32_t thread, uint64_t address) { holds(thread, address, 10); }

/* Another drain goes on. */
static void again(void)
{
	CHECK_EQ(irt_locks_settle(locks, INT64_MAX), 0);
	locks_file_save(&file, locks);
	locks_file_check(&file);
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
}

static struct irt_lock_totals totals(uint32_t thread)
{
	const struct irt_lock_totals *t = locks_file_totals(&file, 0, thread, INSTR_LOCK_MUTEX);
	return t ? *t : (struct irt_lock_totals){0};
}

static void waited(uint32_t thread, uint64_t waits, uint64_t ticks)
{
	CHECK_EQ(totals(thread).contended, waits);
	CHECK_EQ(totals(thread).wait_ticks, ticks);
	struct irt_lock_totals t = totals(thread);
	CHECK_EQ(irt_histogram_count(&t.waits), waits);
}

TEST(who_has_the_lock_behind_the_signal_is_waited_for)
{
	begin();
	sleeps(1, C, P);
	holds(2, P, 5000); /* before it */
	lock(3, P), now += 300;
	signals(3, C), now += 20000;
	unlock(3, P), now += 70; /* the lock is free */
	holds(2, P, 400);
	back(1, P);
	again();
	waited(1, 1, 20400);
	CHECK_EQ(totals(1).max_wait_ticks, 20400);
	CHECK_EQ(locks_file_wait(&file, 0, 1, 3).ticks, 20000);
	CHECK_EQ(locks_file_wait(&file, 0, 1, 3).waits, 1);
	CHECK_EQ(locks_file_wait(&file, 0, 1, 2).ticks, 400);
	CHECK_EQ(locks_file_wait(&file, 0, 1, 2).waits, 0);
	for (size_t i = 0; i < file.threads_count; i++)
		CHECK_EQ(file.threads[i].ticks, file.threads[i].holder == 3 ? 20000 : 400);
	CHECK_EQ(file.threads_count, 2);
}

TEST(only_the_last_signal_counts)
{
	begin();
	sleeps(1, C, P);
	sleeps(2, C, P);
	lock(3, P), signals(3, C), now += 1000;
	signals(3, C), now += 30;
	unlock(3, P);
	back(1, P);
	back(2, P);
	again();
	waited(1, 1, 30);
	waited(2, 1, 40); /* for 1, too */
	CHECK_EQ(locks_file_wait(&file, 0, 2, 1).ticks, 10);
}

TEST(a_signal_is_for_one_and_who_is_still_asleep_has_not_waited)
{
	begin();
	for (uint32_t i = 1; i <= 8; i++)
		sleeps(i, C, P);
	for (uint32_t i = 1; i <= 8; i++) {
		lock(9, P), signals(9, C), now += 1000;
		unlock(9, P), now += 20;
		back(i, P), now += 20;
		holds(9, P, 7000);
		if (i == 4)
			again();
	}
	again();
	for (uint32_t i = 1; i <= 8; i++)
		waited(i, 1, 1000);
}

TEST(who_comes_back_when_no_signal_is_left_has_not_waited)
{
	begin();
	sleeps(1, C, P);
	sleeps(2, C, P);
	lock(3, P), signals(3, C), now += 1000;
	unlock(3, P);
	back(1, P);
	holds(3, P, 5000);
	back(2, P); /* for no reason */
	again();
	waited(1, 1, 1000);
	waited(2, 0, 0);
}

TEST(two_signals_are_for_two)
{
	begin();
	sleeps(1, C, P);
	sleeps(2, C, P);
	sleeps(4, C, P);
	lock(3, P), signals(3, C), signals(3, C), now += 1000;
	unlock(3, P);
	back(1, P);
	again();
	back(2, P);
	back(4, P);
	again();
	waited(1, 1, 1000);
	waited(2, 1, 1010);
	waited(4, 0, 0);
}

TEST(all_who_were_asleep_at_a_broadcast_wait_for_each_other)
{
	enum { THREADS = 16 };
	begin();
	for (uint32_t i = 1; i <= THREADS; i++)
		sleeps(i, C, P);
	lock(THREADS + 1, P), calls_all(THREADS + 1, C), now += 100;
	unlock(THREADS + 1, P);
	for (uint32_t i = 1; i <= THREADS; i++) {
		back(i, P);
		if (i % 5 == 0)
			again();
	}
	again();
	for (uint32_t i = 1; i <= THREADS; i++)
		waited(i, 1, 100 + 10 * (i - 1));
	CHECK_EQ(locks_file_wait(&file, 0, THREADS, 1).ticks, 10);
}

TEST(who_falls_asleep_behind_the_signal_is_not_its)
{
	begin();
	sleeps(1, C, P);
	signals(3, C), now += 10;
	sleeps(2, C, P);
	holds(3, P, 500);
	back(2, P);
	back(1, P);
	again();
	waited(2, 0, 0);
	waited(1, 1, 520); /* what 2 had it before it fell asleep, and behind that */
}

TEST(without_a_signal_nobody_has_waited)
{
	begin();
	sleeps(1, C, P);
	signals(3, D), holds(3, P, 500);
	back(1, P);
	signals(3, C);
	sleeps(1, C, P);
	holds(3, P, 500);
	back(1, P);
	again();
	waited(1, 0, 0);
	CHECK_EQ(file.lock_count, 1); /* conditions are none */
}

TEST(who_gives_up_has_not_waited_and_leaves_the_signal_to_others)
{
	begin();
	sleeps(1, C, P);
	sleeps(2, C, P);
	lock(3, P), signals(3, C), now += 1000;
	unlock(3, P);
	gives_up(1, C), back(1, P);
	back(2, P);
	again();
	waited(1, 0, 0);
	waited(2, 1, 1010);
}

TEST(a_thread_that_does_something_else_is_not_asleep)
{
	begin();
	sleeps(1, C, P);
	lock(3, P), signals(3, C), now += 1000;
	unlock(3, P);
	holds(1, Q, 10); /* its return was not seen */
	lock(3, P), now += 1000;
	unlock(3, P);
	back(1, P);
	says(2, C), lock(2, Q), unlock(2, Q); /* that it gave a lock back was not seen */
	lock(3, P), signals(3, C), now += 1000;
	unlock(3, P);
	back(2, Q);
	again();
	waited(1, 0, 0);
	CHECK(!locks_file_totals(&file, 1, 2, INSTR_LOCK_MUTEX)->contended);
}

TEST(a_lock_that_ends_is_not_waited_for_behind_it)
{
	begin();
	sleeps(1, C, P);
	lock(3, P), signals(3, C), now += 1000;
	put(3, IRT_OP_LOCK_DESTROY, P, 0), now += 10;
	holds(2, P, 500);
	back(1, P);
	again();
	CHECK_EQ(file.lock_count, 2);
	for (size_t i = 0; i < file.totals_count; i++)
		CHECK_EQ(file.totals[i].contended, 0);
}

TEST(a_condition_may_have_another_lock_later)
{
	begin();
	sleeps(1, C, P);
	lock(3, P), signals(3, C), now += 1000;
	unlock(3, P);
	back(1, P);
	sleeps(4, C, P); /* it stays */
	sleeps(2, C, Q);
	again();
	lock(3, Q), calls_all(3, C), now += 2000;
	unlock(3, Q);
	back(2, Q);
	holds(3, P, 700);
	back(4, P);
	again();
	waited(1, 1, 1000);
	waited(4, 0, 0);
	CHECK_EQ(locks_file_totals(&file, 1, 2, INSTR_LOCK_MUTEX)->wait_ticks, 2000);
}

/* It is in the order of locks as any other wait. */
TEST(who_had_another_lock_meanwhile_has_waited_with_it)
{
	begin();
	lock(1, Q), now += 10;
	sleeps(1, C, P);
	lock(3, P), signals(3, C), now += 1000;
	unlock(3, P);
	back(1, P);
	unlock(1, Q);
	again();
	CHECK_EQ(file.order_count, 1);
	CHECK_EQ(file.orders[0].count, 2);
	CHECK_EQ(file.orders[0].contended, 1);
	CHECK_EQ(file.orders[0].wait_ticks, 1000);
}

TEST(bytes_that_cannot_be_are_refused)
{
	begin();
	sleeps(1, C, P);
	sleeps(2, C, P);
	says(3, C);
	lock(4, P), signals(4, C), now += 1000;
	again();
	CHECK(file.state_bytes > 20);
	for (size_t i = 0; i < file.state_bytes; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct locks_file part = file;
			struct irt_locks *l;
			part.state_bytes = 0;
			l = locks_file_restore(&part);
			file.state[i] ^= (uint8_t)(1 << bit);
			int err = irt_locks_unpack(l, file.state, file.state_bytes);
			CHECK(err == 0 || err == INSTR_ERR_FORMAT);
			file.state[i] ^= (uint8_t)(1 << bit);
			if (!err) { /* it means something else: that it can be gone on with */
				struct irt_locks *kept = locks;
				locks = l;
				unlock(4, P), back(1, P), back(2, P), back(3, P);
				irt_locks_settle(l, INT64_MAX);
				locks = kept;
			}
			irt_locks_destroy(l);
		}
	for (size_t i = 1; i < file.state_bytes; i++) { /* cut off within an entry, or between two */
		struct locks_file part = file;
		part.state_bytes = 0;
		struct irt_locks *l = locks_file_restore(&part);
		int err = irt_locks_unpack(l, file.state, i);
		CHECK(err == 0 || err == INSTR_ERR_FORMAT);
		irt_locks_destroy(l);
	}
}

int main(int argc, char **argv)
{
	int failed = check_main(argc, argv);
	irt_locks_destroy(locks);
	locks_file_fini(&file);
	return failed;
}
