/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_most_test.c - rows of locks beyond the most that are kept: nothing is missing from sums, and what comes later
 * is told with less detail; also by locks that were made of the rows.
 */
#include "check.h"
#include "fold/event.h"
#include "fold/locks.h"

enum { P = 0x1000, Q = 0x2000, MOST = IRT_LOCK_ROWS_MAX, MORE = 10, SITE = 5, CALL_CONTEXT = 7 };

static struct irt_locks *locks, *copy;
static int64_t now;

static void put(uint32_t thread, uint32_t context, uint32_t operation, uint64_t address, uint64_t value)
{
	CHECK_EQ(irt_locks_add(locks, &(struct irt_shared_event){
		.ticks = now++, .address = address, .value = value, .context = context, .site = irt_site(SITE, address ? INSTR_LOCK_MUTEX : 0),
		.thread = thread, .operation = operation}), 0);
	if (now % 4096 == 0)
		CHECK_EQ(irt_locks_settle(locks, now), 0);
}

static void begin(void)
{
	now = 1;
	CHECK_EQ(irt_locks_create(&locks), 0);
	put(1, 1, IRT_OP_ACQUIRED, P, 0);
}

/* ---- rows into a copy -------------------------------------------------------------------------------- */

static int copy_lock(void *unused, const struct irt_lock *row) { return (void)unused, irt_locks_restore(copy, row); }
static int copy_wait(void *unused, const struct irt_lock_wait *row) { return (void)unused, irt_locks_restore_wait(copy, row); }
static int copy_order(void *unused, const struct irt_lock_order *row) { return (void)unused, irt_locks_restore_order(copy, row); }
static int copy_call(void *unused, const struct irt_lock_call *row) { return (void)unused, irt_locks_restore_call(copy, row); }
static int copy_threads(void *unused, const struct irt_lock_threads *row) { return (void)unused, irt_locks_restore_threads(copy, row); }
static int copy_totals(void *unused, const struct irt_lock_totals *row)
{
	struct irt_lock_totals t = *row;
	(void)unused;
	t.waits = t.hold_times = (struct irt_histogram){0};
	return irt_locks_restore_totals(copy, &t);
}

static void go_on_from_rows(void)
{
	uint8_t *bytes;
	size_t count;
	CHECK_EQ(irt_locks_settle(locks, INT64_MAX), 0);
	CHECK_EQ(irt_locks_create(&copy), 0);
	CHECK_EQ(irt_locks_each(locks, NULL, copy_lock), 0);
	CHECK_EQ(irt_locks_each_totals(locks, NULL, copy_totals), 0);
	CHECK_EQ(irt_locks_each_wait(locks, NULL, copy_wait), 0);
	CHECK_EQ(irt_locks_each_order(locks, NULL, copy_order), 0);
	CHECK_EQ(irt_locks_each_call(locks, NULL, copy_call), 0);
	CHECK_EQ(irt_locks_each_threads(locks, NULL, copy_threads), 0);
	CHECK_EQ(irt_locks_pack(locks, &bytes, &count), 0);
	CHECK_EQ(irt_locks_unpack(copy, bytes, count), 0);
	free(bytes);
	irt_locks_destroy(locks);
	locks = copy;
}

/* ---- what rows there are ------------------------------------------------------------------------------ */

static uint64_t rows, all, others, with_detail;

static int see_order(void *unused, const struct irt_lock_order *row)
{
	(void)unused;
	rows++;
	all += row->count;
	if (row->to.lock == IRT_LOCK_OTHERS)
		others += row->count;
	return row->from.lock || row->gate_count;
}

static int see_call(void *unused, const struct irt_lock_call *row)
{
	(void)unused;
	rows++;
	all += row->calls;
	if (!row->site_id)
		others += row->calls;
	return (int)row->holder.lock;
}

static int see_threads(void *unused, const struct irt_lock_threads *row)
{
	(void)unused;
	rows++;
	all += row->waits;
	if (!row->thread)
		others += row->waits;
	return (int)row->lock || (row->thread ? row->holder != 1 : row->holder);
}

static int see_wait(void *unused, const struct irt_lock_wait *row)
{
	(void)unused;
	rows++;
	all += row->waits;
	with_detail += row->call_site ? row->waits : 0;
	return row->lock || row->holder != 1 || row->next != IRT_LOCK_NO_WAIT;
}

#define SEE(each, see)                                     \
	do {                                               \
		rows = all = others = with_detail = 0;     \
		CHECK_EQ(irt_locks_settle(locks, INT64_MAX), 0); \
		CHECK_EQ(each(locks, NULL, see), 0);       \
	} while (0)

/* ---- each of the tables ------------------------------------------------------------------------------- */

static void take_q(uint32_t context)
{
	put(1, context, IRT_OP_ACQUIRED, Q, 0);
	put(1, context, IRT_OP_RELEASED, Q, 0);
}

TEST(orders_beyond_the_most_are_one_row_of_the_lock_that_was_had)
{
	begin();
	for (uint32_t i = 0; i < MOST + MORE; i++)
		take_q(i);
	SEE(irt_locks_each_order, see_order);
	CHECK_EQ(rows, MOST + 1);
	CHECK_EQ(all, MOST + MORE);
	CHECK_EQ(others, MORE);
	go_on_from_rows();
	take_q(MOST + 2 * MORE);
	take_q(MOST - 1); /* (which has its row) */
	SEE(irt_locks_each_order, see_order);
	CHECK_EQ(rows, 2); /* that have changed */
	CHECK_EQ(others, MORE + 1);
	CHECK_EQ(all, MORE + 1 + 2);
	irt_locks_destroy(locks);
}

static void call(uint32_t context)
{
	put(1, context, IRT_OP_BLOCKING, 0, 0);
	put(1, context, IRT_OP_BLOCK, 0, 0);
}

TEST(calls_beyond_the_most_are_one_row_of_the_lock_that_was_had)
{
	begin();
	for (uint32_t i = 0; i < MOST + MORE; i++)
		call(i);
	SEE(irt_locks_each_call, see_call);
	CHECK_EQ(rows, MOST + 1);
	CHECK_EQ(all, MOST + MORE);
	CHECK_EQ(others, MORE);
	go_on_from_rows();
	call(MOST + 2 * MORE);
	call(MOST - 1);
	SEE(irt_locks_each_call, see_call);
	CHECK_EQ(rows, 2);
	CHECK_EQ(others, MORE + 1);
	CHECK_EQ(all, MORE + 1 + 2);
	irt_locks_destroy(locks);
}

static void wait_in_vain(uint32_t i)
{
	put(2 + i, i, IRT_OP_WAITING, P, IRT_LOCK_TRIED);
	put(2 + i, i, IRT_OP_WAITED, P, 110);
}

TEST(waits_beyond_the_most_are_told_without_threads_and_without_what_the_holder_did)
{
	begin();
	put(1, CALL_CONTEXT, IRT_OP_BLOCKING, 0, 0);
	for (uint32_t i = 0; i < MOST + MORE; i++)
		wait_in_vain(i);
	SEE(irt_locks_each_threads, see_threads);
	CHECK_EQ(rows, MOST + 1);
	CHECK_EQ(all, MOST + MORE);
	CHECK_EQ(others, MORE);
	SEE(irt_locks_each_wait, see_wait);
	CHECK_EQ(all, MOST + MORE);
	CHECK_EQ(with_detail, MOST);
	go_on_from_rows();
	wait_in_vain(MOST + 2 * MORE);
	wait_in_vain(MOST - 1);
	SEE(irt_locks_each_threads, see_threads);
	CHECK_EQ(rows, 2);
	CHECK_EQ(others, MORE + 1);
	CHECK_EQ(all, MORE + 1 + 2);
	SEE(irt_locks_each_wait, see_wait);
	CHECK_EQ(all, 2);
	CHECK_EQ(with_detail, 0);
	irt_locks_destroy(locks);
}

TEST_MAIN()
