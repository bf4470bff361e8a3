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

static void put_in(uint32_t context, uint32_t thread, uint32_t operation, uint64_t address, unsigned mode, uint64_t value)
{
	CHECK_EQ(irt_locks_add(locks, &(struct irt_shared_event){
		.ticks = now, .address = address, .value = value, .context = context, .site = irt_site(mode, mode),
		.thread = thread, .operation = operation}), 0);
}

/* Thread n is in context n. */
static void put(uint32_t thread, uint32_t operation, uint64_t address, unsigned mode, uint64_t value)
{
	put_in(thread, thread, operation, address, mode, value);
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
	return locks_file_wait(&file, 0, waiter, holder).ticks;
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
	CHECK_EQ(locks_file_wait(&file, 0, 3, 1).waits, 1);
	CHECK_EQ(locks_file_wait(&file, 0, 3, 2).waits, 0);
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

TEST(time_in_which_only_the_waiter_had_the_lock_is_charged_to_nobody)
{
	begin();
	put(1, IRT_OP_ACQUIRED, P, INSTR_LOCK_READ, 0), now += 100;
	put(2, IRT_OP_ACQUIRED, P, INSTR_LOCK_READ, 0), now += 100;
	put(1, IRT_OP_WAITING, P, INSTR_LOCK_WRITE, IRT_LOCK_TRIED), now += 1000;
	unlock(2, P), now += 20000; /* it waits for itself */
	settle_and_save();
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	put(3, IRT_OP_ACQUIRED, P, INSTR_LOCK_READ, 0), now += 300;
	unlock(3, P), now += 7000;
	put(1, IRT_OP_WAITED, P, INSTR_LOCK_WRITE, 110);
	done();
	CHECK_EQ(charged(1, 2), 1000);
	CHECK_EQ(charged(1, 3), 300);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_WRITE).wait_ticks, 1300);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_WRITE).contended, 1);
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

TEST(who_gives_a_lock_back_first_had_it_first)
{
	begin();
	lock(1, P), now += 10;
	lock(2, P), now += 100;
	unlock(2, P), now += 50;
	lock(3, P), now += 100;
	unlock(3, P), now += 50000;
	unlock(1, P);
	done();
	CHECK_EQ(file.locks[0].lost, 0);
	CHECK_EQ(file.locks[0].unknown, 0);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).hold_ticks, 50000);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).hold_ticks, 100);
	CHECK_EQ(totals(0, 3, INSTR_LOCK_MUTEX).hold_ticks, 100);
}

/* But it cannot be later than that again and again: its end was not seen. */
TEST(a_lock_is_had_by_slack_later_than_it_was_said_at_most)
{
	begin();
	lock(1, P), now += 10;
	for (int i = 0; i < 100; i++) {
		lock(2, P), now += SLACK / 10;
		unlock(2, P), now += SLACK / 10;
	}
	unlock(1, P);
	done();
	CHECK_EQ(file.locks[0].lost, 1);
	CHECK_EQ(file.locks[0].unknown, 1);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).holds, 1);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).holds, 100);
}

static void allocates(uint32_t thread, uint64_t blocks, uint64_t bytes) { put(thread, IRT_OP_INSIDE, bytes, 0, blocks); }

TEST(what_is_allocated_counts_for_each_lock_that_the_thread_has)
{
	begin();
	allocates(1, 1, 1000);
	lock(1, P), now += 10;
	allocates(1, 3, 100), now += 10;
	allocates(2, 1, 5000), now += 10;
	lock(1, Q), lock(1, Q), now += 10;
	allocates(1, 2, 50), now += 10;
	unlock(1, Q), unlock(1, Q), now += 10;
	allocates(1, 1, 8), now += 10;
	unlock(1, P), now += 10;
	allocates(1, 1, 2000), now += 10;
	done();
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).allocs, 6);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).alloc_bytes, 158);
	CHECK_EQ(totals(1, 1, INSTR_LOCK_MUTEX).allocs, 2);
	CHECK_EQ(totals(1, 1, INSTR_LOCK_MUTEX).alloc_bytes, 50);
	CHECK_EQ(file.totals_count, 2);
}

TEST(what_is_allocated_is_in_the_file_before_it_is_settled_and_before_the_lock_is_given_back)
{
	begin();
	lock(1, P), now += 10;
	allocates(1, 3, 100), now += 10;
	settle_and_save();
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).allocs, 3);
	allocates(1, 4, 10), now += 10;
	locks_file_save(&file, locks);
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	done();
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).allocs, 7);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).alloc_bytes, 110);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).holds, 0);
}

/* A lock that is taken and given back between the two is counted in its turn. */
TEST(what_was_allocated_before_a_release_that_is_pulled_forward_was_allocated_with_the_lock)
{
	begin();
	lock(1, P), now += 50000;
	int64_t taken = now;
	now += SLACK / 2;
	lock(1, Q), now += 1;
	allocates(1, 2, 32), unlock(1, Q);
	now += 1;
	allocates(1, 1, 16), unlock(1, P);
	now = taken;
	lock(2, P), now += 50000;
	unlock(2, P);
	done();
	CHECK_EQ(file.locks[0].lost, 0);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).allocs, 3);
	CHECK_EQ(totals(0, 1, INSTR_LOCK_MUTEX).alloc_bytes, 48);
	CHECK_EQ(totals(0, 2, INSTR_LOCK_MUTEX).allocs, 0);
	CHECK_EQ(totals(1, 1, INSTR_LOCK_MUTEX).allocs, 2);
	CHECK_EQ(totals(1, 1, INSTR_LOCK_MUTEX).alloc_bytes, 32);
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

TEST(of_one_thread_one_wait_is_told)
{
	begin();
	lock(1, P), lock(3, Q), now += 100;
	waits(2, P), now += 1000;
	waits(2, Q), now += 500; /* the end of the other was not seen */
	settle_and_save();
	CHECK_EQ(file.users, 3);
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	unlock(3, Q), waited(2, Q, 0), now += 7000;
	unlock(1, P), now += 100;
	done();
	CHECK_EQ(file.users, 1);
	CHECK(charged(2, 1) <= 1000);
	CHECK_EQ(totals(1, 2, INSTR_LOCK_MUTEX).wait_ticks, 500);
}

TEST(locks_beyond_the_most_share_a_row)
{
	begin();
	for (uint64_t i = 1; i <= IRT_LOCKS_MAX + 10; i++)
		put_in(1, (uint32_t)i, IRT_OP_ACQUIRED, i * 64, INSTR_LOCK_MUTEX, 0), now += 10;
	settle_and_save(); /* (the check looks at each by each) */
	CHECK_EQ(file.lock_count, IRT_LOCKS_MAX + 1);
	CHECK_EQ(file.locks[IRT_LOCKS_MAX].address, 0);
	CHECK_EQ(totals(IRT_LOCKS_MAX, 1, INSTR_LOCK_MUTEX).acquisitions, 10);
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	for (uint64_t i = IRT_LOCKS_MAX + 10; i >= 1; i--)
		put_in(1, (uint32_t)i, IRT_OP_RELEASED, i * 64, INSTR_LOCK_MUTEX, 0), now += 10;
	settle_and_save();
	CHECK_EQ(totals(IRT_LOCKS_MAX, 1, INSTR_LOCK_MUTEX).holds, 10);
	CHECK_EQ(file.locks[IRT_LOCKS_MAX].unknown, 0);
	lock(20, 64), lock(20, (IRT_LOCKS_MAX + 1) * 64), lock(20, (IRT_LOCKS_MAX + 2) * 64), lock(20, 128);
	settle_and_save();
	CHECK_EQ(file.order_count, 3); /* to them, from them, and without them; none among them */
	for (size_t i = 0; i < 3; i++) {
		const struct irt_lock_order *o = &file.orders[i];
		CHECK(o->from.lock != IRT_LOCKS_MAX || o->to.lock == 1);
		CHECK_EQ(o->count, o->from.lock == IRT_LOCKS_MAX || o->to.lock == IRT_LOCKS_MAX ? 2 : 1);
		CHECK_EQ(o->gate_count, o->from.lock == IRT_LOCKS_MAX); /* no gate either: it need not be the same each time */
	}
	waits(7, IRT_LOCKS_MAX * 64), waits(8, (IRT_LOCKS_MAX + 5) * 64), now += 10;
	settle_and_save();
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	now += 90;
	waited(8, (IRT_LOCKS_MAX + 5) * 64, 0), waited(7, IRT_LOCKS_MAX * 64, 0);
	settle_and_save();
	CHECK_EQ(file.threads_count, 2); /* each for who had its lock last */
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(file.threads[i].lock, file.threads[i].thread == 7 ? IRT_LOCKS_MAX - 1 : IRT_LOCKS_MAX);
		CHECK_EQ(file.threads[i].holder, file.threads[i].thread == 7 ? IRT_LOCKS_MAX : IRT_LOCKS_MAX + 5);
		CHECK_EQ(file.threads[i].ticks, 100);
	}
}

enum { CALL_SITE = 77, CALL = 100 };

/* Of thread n in context CALL + n. */
static void put_call(uint32_t thread, uint32_t operation)
{
	CHECK_EQ(irt_locks_add(locks, &(struct irt_shared_event){
		.ticks = now, .context = CALL + thread, .site = irt_site(CALL_SITE, 0), .thread = thread, .operation = operation}), 0);
}
static void begins_call(uint32_t thread) { put_call(thread, IRT_OP_BLOCKING); }
static void ends_call(uint32_t thread) { put_call(thread, IRT_OP_BLOCK); }

static const struct irt_lock_wait *wait_row(uint32_t waiter, uint32_t next, uint32_t call_context)
{
	for (size_t i = 0; i < file.wait_count; i++)
		if (file.waits[i].context == waiter && file.waits[i].next == next && file.waits[i].call_context == call_context)
			return &file.waits[i];
	static const struct irt_lock_wait none = {.number = IRT_LOCK_NO_WAIT};
	return &none;
}

TEST(a_wait_says_what_the_holder_waited_for_itself)
{
	begin();
	lock(1, P), lock(2, Q), now += 1000;
	waits(3, P), now += 10000;    /* 1 runs */
	waits(1, Q), now += 20000;    /* 1 waits for 2, who runs */
	begins_call(2), now += 40000; /* ... who is in a call */
	settle_and_save();
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	ends_call(2), now += 100;
	unlock(2, Q), now += 50;
	waited(1, Q, 0), now += 700;
	unlock(1, Q), now += 7;
	unlock(1, P), now += 3;
	waited(3, P, 0), now += 10;
	unlock(3, P);
	done();
	const struct irt_lock_wait *runs = wait_row(1, IRT_LOCK_NO_WAIT, 0), *calls = wait_row(1, IRT_LOCK_NO_WAIT, CALL + 2);
	CHECK_EQ(calls->call_site, CALL_SITE);
	CHECK_EQ(calls->ticks, 40000);
	CHECK_EQ(runs->ticks, 20000 + 100 + 50);
	CHECK_EQ(wait_row(3, IRT_LOCK_NO_WAIT, 0)->ticks, 10000 + 700 + 7 + 3);
	CHECK_EQ(wait_row(3, calls->number, 0)->ticks, 40000);
	CHECK_EQ(wait_row(3, runs->number, 0)->ticks, 20000 + 100 + 50);
	CHECK_EQ(charged(3, 1), 10000 + 20000 + 40000 + 100 + 50 + 700 + 7 + 3);
}

TEST(a_chain_of_threads_that_wait_for_each_other_ends)
{
	begin();
	lock(1, P), lock(2, Q), now += 1000;
	waits(1, Q), now += 1000;
	waits(2, P), now += 1000;
	waits(3, P), now += 5000;
	put(2, IRT_OP_LOCK_DESTROY, P, INSTR_LOCK_MUTEX, 0); /* (who is in the way ends) */
	done();
	/* 3 waits for 1, who waits for 2, who waits for 1. */
	const struct irt_lock_wait *of_2 = wait_row(1, IRT_LOCK_NO_WAIT, 0);
	CHECK_EQ(of_2->ticks, 1000); /* until 2 waited */
	for (size_t i = 0; i < file.wait_count; i++)
		CHECK(file.waits[i].next == IRT_LOCK_NO_WAIT || file.waits[i].next < i);
	CHECK(file.wait_count <= 8);
	CHECK_EQ(charged(3, 1), 5000);
	CHECK_EQ(charged(2, 1), 6000);
	CHECK_EQ(locks_file_wait(&file, 1, 1, 2).ticks, 7000);
}

TEST(of_a_chain_eight_waits_are_told)
{
	enum { LAST = 12 };
	begin();
	for (uint32_t i = 1; i <= LAST; i++)
		lock(i, 0x1000 * i), now += 10;
	for (uint32_t i = LAST - 1; i >= 1; i--)
		waits(i, 0x1000 * (i + 1));
	begins_call(LAST), now += 5000;
	ends_call(LAST);
	done();
	for (uint32_t i = 1; i < LAST; i++) {
		uint32_t waits_told = 0, in_call = 0;
		for (size_t k = 0; k < file.wait_count; k++) {
			const struct irt_lock_wait *w = &file.waits[k];
			if (w->context != i || w->ticks != 5000)
				continue;
			for (waits_told = 1; w->next != IRT_LOCK_NO_WAIT; waits_told++) {
				CHECK_EQ(file.waits[w->next].context, w->holder);
				w = &file.waits[w->next];
			}
			in_call = w->call_context;
		}
		CHECK_EQ(waits_told, LAST - i < 8 ? LAST - i : 8);
		CHECK_EQ(in_call, LAST - i < 8 ? CALL + LAST : 0);
	}
}

static const struct irt_lock_order *order(uint32_t from, uint32_t to, uint32_t thread)
{
	for (size_t i = 0; i < file.order_count; i++)
		if (file.orders[i].from.lock == from && file.orders[i].to.lock == to && file.orders[i].to.context == thread)
			return &file.orders[i];
	static const struct irt_lock_order none;
	return &none;
}

TEST(locks_taken_while_others_are_had_have_an_order_and_gates)
{
	enum { G = 0x3000 };
	begin();
	lock(1, G), lock(1, P), now += 10;            /* numbers 0, 1 */
	lock(1, Q), now += 10, unlock(1, Q), now += 10; /* 2 */
	unlock(1, P), lock(1, P), now += 10;          /* again, below G alone */
	unlock(1, P), unlock(1, G), now += 10;
	lock(1, G), lock(1, P), lock(1, Q), lock(1, Q), now += 10; /* again by its owner: no order */
	unlock(1, Q), unlock(1, Q), unlock(1, P), unlock(1, G), now += 20000;
	settle_and_save();
	CHECK_EQ(order(1, 2, 1)->gate_count, 1);
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	lock(2, P), now += 10;
	lock(3, Q), waits(2, Q), now += 500, unlock(3, Q), now += 10, waited(2, Q, 0), now += 10;
	unlock(2, Q), unlock(2, P), now += 10;
	done();
	CHECK_EQ(order(0, 1, 1)->count, 3);
	CHECK_EQ(order(0, 2, 1)->count, 2);
	CHECK_EQ(order(1, 2, 1)->count, 2);
	CHECK_EQ(order(1, 2, 1)->thread, 1);
	CHECK_EQ(order(1, 2, 1)->gates[0], 0);
	CHECK_EQ(order(0, 2, 1)->gates[0], 1); /* each time below P */
	CHECK_EQ(order(1, 2, 2)->count, 1);
	CHECK_EQ(order(1, 2, 2)->thread, 2);
	CHECK_EQ(order(1, 2, 2)->contended, 1);
	CHECK_EQ(order(1, 2, 2)->wait_ticks, 510);
	CHECK_EQ(order(1, 2, 2)->gate_count, 0);
	CHECK_EQ(file.order_count, 4);
}

TEST(a_gate_that_was_not_had_each_time_is_none)
{
	begin();
	put_in(5, 1, IRT_OP_ACQUIRED, 0x3000, INSTR_LOCK_MUTEX, 0), lock(1, P), lock(1, Q), now += 10;
	unlock(1, Q), unlock(1, P), unlock(1, 0x3000), now += 20000;
	lock(1, P), now += 10, lock(1, Q), now += 10;
	done();
	CHECK_EQ(order(1, 2, 1)->count, 2);
	CHECK_EQ(order(1, 2, 1)->gate_count, 0);
}

TEST(what_is_had_for_reading_is_no_gate)
{
	begin();
	for (int i = 0; i < 3; i++) { /* the last time it is written */
		put_in(5, 1, IRT_OP_ACQUIRED, 0x3000, i < 2 ? INSTR_LOCK_READ : INSTR_LOCK_WRITE, 0);
		lock(1, P), lock(1, i % 2 ? 0x4000 : Q), now += 10;
		unlock(1, i % 2 ? 0x4000 : Q), unlock(1, P), unlock(1, 0x3000), now += 20000;
	}
	put_in(5, 1, IRT_OP_ACQUIRED, 0x3000, INSTR_LOCK_WRITE, 0), lock(1, Q), lock(1, P), now += 10;
	done();
	CHECK_EQ(order(1, 2, 1)->count, 2);
	CHECK_EQ(order(1, 2, 1)->gate_count, 0);
	CHECK_EQ(order(1, 3, 1)->gate_count, 0);
	CHECK_EQ(order(2, 1, 1)->gate_count, 1);
}

TEST(calls_are_those_of_locks_that_were_had_all_the_while)
{
	begin();
	lock(1, P), now += 10;
	lock(1, Q), now += 10;
	begins_call(1), now += 3000, ends_call(1), now += 10;
	unlock(1, P), now += 10;
	begins_call(1), now += 10, unlock(1, Q), now += 400, lock(1, Q), now += 10, ends_call(1), now += 10; /* as for a condition */
	unlock(1, Q), now += 10;
	begins_call(1), now += 10, ends_call(1);
	done();
	CHECK_EQ(file.call_count, 2);
	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(file.calls[i].calls, 1);
		CHECK_EQ(file.calls[i].ticks, 3000);
		CHECK_EQ(file.calls[i].max_ticks, 3000);
		CHECK_EQ(file.calls[i].site_id, CALL_SITE);
		CHECK_EQ(file.calls[i].context, CALL + 1);
		CHECK_EQ(file.calls[i].holder.lock, i);
	}
}

TEST(waits_are_told_by_threads_too)
{
	begin();
	put_in(9, 1, IRT_OP_ACQUIRED, P, INSTR_LOCK_MUTEX, 0), now += 10;
	put_in(8, 2, IRT_OP_WAITING, P, INSTR_LOCK_MUTEX, IRT_LOCK_TRIED), now += 700;
	put_in(9, 1, IRT_OP_RELEASED, P, INSTR_LOCK_MUTEX, 0), now += 40; /* on its way */
	settle_and_save();
	irt_locks_destroy(locks);
	locks = locks_file_restore(&file);
	put_in(8, 2, IRT_OP_WAITED, P, INSTR_LOCK_MUTEX, 0), now += 10;
	done();
	CHECK_EQ(file.threads_count, 1);
	CHECK_EQ(file.threads[0].thread, 2);
	CHECK_EQ(file.threads[0].holder, 1);
	CHECK_EQ(file.threads[0].waits, 1);
	CHECK_EQ(file.threads[0].ticks, 740);
}

TEST(bytes_that_cannot_be_are_refused)
{
	begin();
	lock(1, P), now += 10;
	waits(2, P), now += 10;
	CHECK_EQ(irt_locks_settle(locks, now), 0);
	lock(3, Q);
	allocates(3, 2, 50);
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
