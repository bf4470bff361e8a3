/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock.c - the rows of locks, to the file and back; as write.c and read.c.
 */
#include "store/store_internal.h"

/* ---- writing --------------------------------------------------------------------------------------- */

int irt_store_put_lock(struct irt_store *store, const struct irt_store_lock *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOCK);

	irt_bind_number(&b, row->lock_id);
	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->kind);
	irt_bind_number(&b, row->address);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->start_ticks);
	irt_bind_optional(&b, row->end_ticks);
	irt_bind_optional(&b, row->holder_context_id);
	irt_bind_number(&b, row->lost);
	irt_bind_number(&b, row->unknown);
	return irt_bind_done(&b, "write a lock");
}

int irt_store_put_lock_totals(struct irt_store *store, const struct irt_store_lock_totals *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOCK_TOTALS);

	irt_bind_number(&b, row->lock_id);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->mode);
	irt_bind_number(&b, row->acquisitions);
	irt_bind_number(&b, row->contended);
	irt_bind_number(&b, row->failed);
	irt_bind_number(&b, row->wait_ticks);
	irt_bind_number(&b, row->max_wait_ticks);
	irt_bind_blob(&b, row->waits, row->waits ? row->waits_bytes : 0);
	irt_bind_number(&b, row->holds);
	irt_bind_number(&b, row->hold_ticks);
	irt_bind_number(&b, row->max_hold_ticks);
	irt_bind_blob(&b, row->hold_times, row->hold_times ? row->hold_times_bytes : 0);
	return irt_bind_done(&b, "write totals of a lock");
}

int irt_store_put_lock_wait(struct irt_store *store, const struct irt_store_lock_wait *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOCK_WAIT);

	irt_bind_number(&b, row->lock_id);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->holder_context_id);
	irt_bind_number(&b, row->waits);
	irt_bind_number(&b, row->ticks);
	return irt_bind_done(&b, "write waits for a lock");
}

int irt_store_put_lock_user(struct irt_store *store, const struct irt_store_lock_user *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOCK_USER);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->lock_id);
	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->depth);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->mode);
	irt_bind_number(&b, row->start_ticks);
	return irt_bind_done(&b, "write who has a lock");
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
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_LOCK_USERS);

	irt_bind_number(&b, process_id);
	return irt_bind_done(&b, "delete who has locks");
}

int irt_store_delete_lock_pending(struct irt_store *store, int64_t process_id)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_LOCK_PENDING);

	irt_bind_number(&b, process_id);
	return irt_bind_done(&b, "delete the state of locks");
}

/* ---- reading --------------------------------------------------------------------------------------- */

IRT_READER(lock)
static void lock_columns(struct irt_cursor *c, struct irt_store_lock *row)
{
	row->lock_id = irt_row_number(c);
	row->process_id = irt_row_number(c);
	row->kind = irt_row_number(c);
	row->address = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->start_ticks = irt_row_number(c);
	row->end_ticks = irt_row_optional(c);
	row->holder_context_id = irt_row_optional(c);
	row->lost = irt_row_number(c);
	row->unknown = irt_row_number(c);
}

int irt_store_read_locks(struct irt_store *store, int64_t first, int64_t last, void *arg,
		     int (*each)(void *arg, const struct irt_store_lock *row))
{
	struct lock_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, process_id, kind, address, context_id, site_id, start_ticks, end_ticks,"
				   " holder_context_id, lost, unknown"
				   " FROM locks WHERE lock_id BETWEEN ? AND ? ORDER BY lock_id",
				   IRT_NO_KEY, first, last, arg, &caller, lock_row);
}

IRT_READER(lock_totals)
static void lock_totals_columns(struct irt_cursor *c, struct irt_store_lock_totals *row)
{
	row->lock_id = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->mode = irt_row_number(c);
	row->acquisitions = irt_row_number(c);
	row->contended = irt_row_number(c);
	row->failed = irt_row_number(c);
	row->wait_ticks = irt_row_number(c);
	row->max_wait_ticks = irt_row_number(c);
	row->waits = irt_row_blob(c, &row->waits_bytes);
	row->holds = irt_row_number(c);
	row->hold_ticks = irt_row_number(c);
	row->max_hold_ticks = irt_row_number(c);
	row->hold_times = irt_row_blob(c, &row->hold_times_bytes);
}

int irt_store_read_lock_totals(struct irt_store *store, int64_t first, int64_t last, void *arg,
		     int (*each)(void *arg, const struct irt_store_lock_totals *row))
{
	struct lock_totals_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, context_id, site_id, mode, acquisitions, contended, failed, wait_ticks,"
				   " max_wait_ticks, waits, holds, hold_ticks, max_hold_ticks, hold_times"
				   " FROM lock_totals WHERE lock_id BETWEEN ? AND ? ORDER BY lock_id, context_id, site_id, mode",
				   IRT_NO_KEY, first, last, arg, &caller, lock_totals_row);
}

IRT_READER(lock_wait)
static void lock_wait_columns(struct irt_cursor *c, struct irt_store_lock_wait *row)
{
	row->lock_id = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->holder_context_id = irt_row_number(c);
	row->waits = irt_row_number(c);
	row->ticks = irt_row_number(c);
}

int irt_store_read_lock_waits(struct irt_store *store, int64_t first, int64_t last, void *arg,
		     int (*each)(void *arg, const struct irt_store_lock_wait *row))
{
	struct lock_wait_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " lock_id, context_id, holder_context_id, waits, ticks"
				   " FROM lock_waits WHERE lock_id BETWEEN ? AND ? ORDER BY lock_id, context_id, holder_context_id",
				   IRT_NO_KEY, first, last, arg, &caller, lock_wait_row);
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
