/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock.c - the rows of locks, to the file and back; as write.c and read.c.
 */
#include "store/store_internal.h"

#include <stddef.h>

/* Most rows are numbers alone: those of the struct, in the order of the columns. IRT_STORE_NULL is NULL. */
static void bind_numbers(struct irt_binding *b, const void *row, size_t bytes)
{
	const int64_t *number = row;

	for (size_t i = 0; i < bytes / sizeof(*number); i++)
		irt_bind_optional(b, number[i]);
}

static void row_numbers(struct irt_cursor *c, void *row, size_t bytes)
{
	int64_t *number = row;

	for (size_t i = 0; i < bytes / sizeof(*number); i++)
		number[i] = irt_row_optional(c);
}

/* ---- writing --------------------------------------------------------------------------------------- */

static int put_numbers(struct irt_store *store, enum irt_store_statement statement, const void *row, size_t bytes, const char *doing)
{
	struct irt_binding b = irt_bind(store, statement);

	bind_numbers(&b, row, bytes);
	return irt_bind_done(&b, doing);
}

int irt_store_put_lock(struct irt_store *store, const struct irt_store_lock *row)
{
	return put_numbers(store, IRT_ST_LOCK, row, sizeof(*row), "write a lock");
}

int irt_store_put_lock_totals(struct irt_store *store, const struct irt_store_lock_totals *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOCK_TOTALS);

	bind_numbers(&b, row, offsetof(struct irt_store_lock_totals, waits));
	irt_bind_blob(&b, row->waits, row->waits ? row->waits_bytes : 0);
	irt_bind_number(&b, row->holds);
	irt_bind_number(&b, row->hold_ticks);
	irt_bind_number(&b, row->max_hold_ticks);
	irt_bind_blob(&b, row->hold_times, row->hold_times ? row->hold_times_bytes : 0);
	irt_bind_number(&b, row->allocs);
	irt_bind_number(&b, row->alloc_bytes);
	return irt_bind_done(&b, "write totals of a lock");
}

int irt_store_put_lock_wait(struct irt_store *store, const struct irt_store_lock_wait *row)
{
	return put_numbers(store, IRT_ST_LOCK_WAIT, row, sizeof(*row), "write waits for a lock");
}

int irt_store_put_lock_threads(struct irt_store *store, const struct irt_store_lock_threads *row)
{
	return put_numbers(store, IRT_ST_LOCK_THREADS, row, sizeof(*row), "write threads that waited for a lock");
}

int irt_store_put_lock_order(struct irt_store *store, const struct irt_store_lock_order *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOCK_ORDER);

	bind_numbers(&b, row, offsetof(struct irt_store_lock_order, gates));
	irt_bind_text(&b, row->gates);
	return irt_bind_done(&b, "write the order of locks");
}

int irt_store_put_lock_call(struct irt_store *store, const struct irt_store_lock_call *row)
{
	return put_numbers(store, IRT_ST_LOCK_CALL, row, sizeof(*row), "write calls made with a lock");
}

int irt_store_put_lock_user(struct irt_store *store, const struct irt_store_lock_user *row)
{
	return put_numbers(store, IRT_ST_LOCK_USER, row, sizeof(*row), "write who has a lock");
}

int irt_store_put_lock_pending(struct irt_store *store, const struct irt_store_lock_pending *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOCK_PENDING);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->part);
	irt_bind_blob(&b, row->state, row->state_bytes);
	return irt_bind_done(&b, "write the state of locks");
}

int irt_store_delete_lock_users(struct irt_store *store, int64_t process_id)
{
	return put_numbers(store, IRT_ST_DELETE_LOCK_USERS, &process_id, sizeof(process_id), "delete who has locks");
}

int irt_store_delete_lock_pending(struct irt_store *store, int64_t process_id)
{
	return put_numbers(store, IRT_ST_DELETE_LOCK_PENDING, &process_id, sizeof(process_id), "delete the state of locks");
}

/* ---- reading --------------------------------------------------------------------------------------- */

IRT_READER(lock)
static void lock_columns(struct irt_cursor *c, struct irt_store_lock *row) { row_numbers(c, row, sizeof(*row)); }

int irt_store_read_locks(struct irt_store *store, int64_t first, int64_t last, void *arg,
			 int (*each)(void *arg, const struct irt_store_lock *row))
{
	struct lock_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, process_id, kind, address, context_id, site_id, start_ticks, end_ticks,"
				   " holder_context_id, holder_thread_id, lost, unknown"
				   " FROM locks WHERE lock_id BETWEEN ? AND ? ORDER BY lock_id",
				   IRT_NO_KEY, first, last, arg, &caller, lock_row);
}

IRT_READER(lock_totals)
static void lock_totals_columns(struct irt_cursor *c, struct irt_store_lock_totals *row)
{
	row_numbers(c, row, offsetof(struct irt_store_lock_totals, waits));
	row->waits = irt_row_blob(c, &row->waits_bytes);
	row->holds = irt_row_number(c);
	row->hold_ticks = irt_row_number(c);
	row->max_hold_ticks = irt_row_number(c);
	row->hold_times = irt_row_blob(c, &row->hold_times_bytes);
	row->allocs = irt_row_number(c);
	row->alloc_bytes = irt_row_number(c);
}

int irt_store_read_lock_totals(struct irt_store *store, int64_t first, int64_t last, void *arg,
			       int (*each)(void *arg, const struct irt_store_lock_totals *row))
{
	struct lock_totals_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, context_id, site_id, mode, acquisitions, contended, failed, wait_ticks,"
				   " max_wait_ticks, waits, holds, hold_ticks, max_hold_ticks, hold_times, allocs, alloc_bytes"
				   " FROM lock_totals WHERE lock_id BETWEEN ? AND ? ORDER BY lock_id, context_id, site_id, mode",
				   IRT_NO_KEY, first, last, arg, &caller, lock_totals_row);
}

IRT_READER(lock_wait)
static void lock_wait_columns(struct irt_cursor *c, struct irt_store_lock_wait *row) { row_numbers(c, row, sizeof(*row)); }

int irt_store_read_lock_waits(struct irt_store *store, int64_t first, int64_t last, void *arg,
			      int (*each)(void *arg, const struct irt_store_lock_wait *row))
{
	struct lock_wait_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " wait_id, lock_id, context_id, holder_context_id, holder_wait_id, call_context_id, call_site_id,"
				   " waits, ticks FROM lock_waits WHERE wait_id BETWEEN ? AND ? ORDER BY wait_id",
				   IRT_NO_KEY, first, last, arg, &caller, lock_wait_row);
}

IRT_READER(lock_threads)
static void lock_threads_columns(struct irt_cursor *c, struct irt_store_lock_threads *row) { row_numbers(c, row, sizeof(*row)); }

int irt_store_read_lock_threads(struct irt_store *store, int64_t first, int64_t last, void *arg,
				int (*each)(void *arg, const struct irt_store_lock_threads *row))
{
	struct lock_threads_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, thread_id, holder_thread_id, waits, ticks"
				   " FROM lock_threads WHERE lock_id BETWEEN ? AND ? ORDER BY lock_id, thread_id, holder_thread_id",
				   IRT_NO_KEY, first, last, arg, &caller, lock_threads_row);
}

IRT_READER(lock_order)
static void lock_order_columns(struct irt_cursor *c, struct irt_store_lock_order *row)
{
	row_numbers(c, row, offsetof(struct irt_store_lock_order, gates));
	row->gates = irt_row_text(c);
}

int irt_store_read_lock_orders(struct irt_store *store, int64_t first, int64_t last, void *arg,
			       int (*each)(void *arg, const struct irt_store_lock_order *row))
{
	struct lock_order_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, context_id, site_id, mode, to_lock_id, to_context_id, to_site_id, to_mode, thread_id,"
				   " count, contended, wait_ticks, gates FROM lock_orders WHERE lock_id BETWEEN ? AND ?"
				   " ORDER BY lock_id, context_id, site_id, mode, to_lock_id, to_context_id, to_site_id, to_mode",
				   IRT_NO_KEY, first, last, arg, &caller, lock_order_row);
}

IRT_READER(lock_call)
static void lock_call_columns(struct irt_cursor *c, struct irt_store_lock_call *row) { row_numbers(c, row, sizeof(*row)); }

int irt_store_read_lock_calls(struct irt_store *store, int64_t first, int64_t last, void *arg,
			      int (*each)(void *arg, const struct irt_store_lock_call *row))
{
	struct lock_call_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, context_id, site_id, mode, call_context_id, call_site_id, calls, ticks, max_ticks"
				   " FROM lock_calls WHERE lock_id BETWEEN ? AND ?"
				   " ORDER BY lock_id, context_id, site_id, mode, call_context_id, call_site_id",
				   IRT_NO_KEY, first, last, arg, &caller, lock_call_row);
}

IRT_READER(lock_pending)
static void lock_pending_columns(struct irt_cursor *c, struct irt_store_lock_pending *row)
{
	row->process_id = irt_row_number(c);
	row->part = irt_row_number(c);
	row->state = irt_row_blob(c, &row->state_bytes);
}

int irt_store_read_lock_pending(struct irt_store *store, int64_t process_id, void *arg,
				int (*each)(void *arg, const struct irt_store_lock_pending *row))
{
	struct lock_pending_caller caller = {each};

	return irt_store_read_rows(store, "SELECT process_id, part, state FROM lock_pending WHERE process_id = ? ORDER BY part",
				   1, process_id, 0, arg, &caller, lock_pending_row);
}
