/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * merge.c - a thread that has ended loses its rows to the row of its process's "ended threads".
 *
 *     apart (flags < 32, totals) ──drop_merged──► merged (flags >= 32, no totals, counts 0)
 *                                                    │ its last chunk is gone (delete_merged)
 *                                                    ▼
 *                                                 no row
 *
 * What the rows said is by then in the other row, by the caller's puts in the same round.
 */
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

/* The statement, within a round that has not failed; else NULL and *result. */
static sqlite3_stmt *start(struct irt_store *store, enum irt_store_statement which, int *result)
{
	sqlite3_stmt *statement = NULL;

	if (store->state != IRT_STORE_ROUND)
		irt_store_fail(store, INSTR_ERR_FORMAT, "no round is open");
	else if (!store->round_result)
		statement = irt_store_statement(store, which);
	*result = statement ? 0 : store->round_result ? store->round_result : store->error.code;
	return statement;
}

static int64_t optional(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ? IRT_STORE_NULL
								     : sqlite3_column_int64(statement, column);
}

int irt_store_get_thread(struct irt_store *store, int64_t thread_id, bool *found, struct irt_store_thread *row)
{
	int result, rc, i = 0;
	sqlite3_stmt *s = start(store, IRT_ST_GET_THREAD, &result);

	memset(row, 0, sizeof(*row));
	*found = false;
	if (!s)
		return result;
	sqlite3_bind_int64(s, 1, thread_id);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		*found = true;
		row->thread_id = thread_id;
		row->process_id = sqlite3_column_int64(s, i++);
		row->tid = sqlite3_column_int64(s, i++);
		row->parent_thread_id = optional(s, i++);
		row->parent_position = optional(s, i++);
		row->start_ticks = sqlite3_column_int64(s, i++);
		row->end_ticks = optional(s, i++);
		row->last_ticks = sqlite3_column_int64(s, i++);
		row->events = sqlite3_column_int64(s, i++);
		row->totals_pos = sqlite3_column_int64(s, i++);
		row->totals_events = sqlite3_column_int64(s, i++);
		row->lost_events = sqlite3_column_int64(s, i++);
		row->wait_ticks = sqlite3_column_int64(s, i++);
		row->waits = sqlite3_column_int64(s, i++);
		row->orphans = sqlite3_column_int64(s, i++);
		row->skipped_units = sqlite3_column_int64(s, i++);
		row->flags = sqlite3_column_int64(s, i++);
		row->merged = sqlite3_column_int64(s, i++);
		row->cpu_ns = optional(s, i++);
		row->ready_ns = optional(s, i++);
		row->cpu_ticks = optional(s, i++);
	} else if (rc != SQLITE_DONE) {
		result = irt_store_fail_sqlite(store, rc, "read a thread");
	}
	sqlite3_reset(s);
	return result;
}

int irt_store_get_totals(struct irt_store *store, int64_t thread_id, int64_t context_id, void *arg,
			 int (*each)(void *arg, const struct irt_store_totals *row))
{
	int result, rc = SQLITE_DONE;
	sqlite3_stmt *s = start(store, IRT_ST_GET_TOTALS, &result);

	if (!s)
		return result;
	sqlite3_bind_int64(s, 1, thread_id);
	sqlite3_bind_int64(s, 2, context_id == IRT_STORE_NULL ? INT64_MIN : context_id);
	sqlite3_bind_int64(s, 3, context_id == IRT_STORE_NULL ? INT64_MAX : context_id);
	while (!result && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		const struct irt_store_totals row = {
			.thread_id = thread_id,
			.context_id = sqlite3_column_int64(s, 0),
			.calls = sqlite3_column_int64(s, 1),
			.returns = sqlite3_column_int64(s, 2),
			.unwound = sqlite3_column_int64(s, 3),
			.open = sqlite3_column_int64(s, 4),
			.total_ticks = sqlite3_column_int64(s, 5),
			.self_ticks = sqlite3_column_int64(s, 6),
			.min_ticks = optional(s, 7),
			.max_ticks = optional(s, 8),
			.histogram = sqlite3_column_blob(s, 9),
			.histogram_bytes = sqlite3_column_bytes(s, 9),
		};
		result = each(arg, &row);
	}
	if (!result && rc != SQLITE_DONE)
		result = irt_store_fail_sqlite(store, rc, "read totals");
	sqlite3_reset(s);
	return result;
}

/* Runs a statement with numbers bound. */
static int run(struct irt_store *store, enum irt_store_statement which, int64_t first, int64_t second)
{
	int result;
	sqlite3_stmt *s = start(store, which, &result);

	if (!s)
		return result;
	sqlite3_bind_int64(s, 1, first);
	if (sqlite3_bind_parameter_count(s) > 1)
		sqlite3_bind_int64(s, 2, second);
	return irt_store_run(store, s, "merge ended threads");
}

int irt_store_drop_merged(struct irt_store *store, int64_t thread_id)
{
	int result = run(store, IRT_ST_DELETE_TOTALS, thread_id, 0);

	if (!result)
		result = run(store, IRT_ST_MERGE_CREATORS, thread_id, 0);
	if (!result)
		result = run(store, IRT_ST_DELETE_CREATORS, thread_id, 0);
	if (!result)
		result = run(store, IRT_ST_SET_MERGED, thread_id, 0);
	if (result)
		return result;
	if (store->merged_count == store->merged_room) {
		size_t room = store->merged_room ? 2 * store->merged_room : 64;
		int64_t *larger = realloc(store->merged, room * sizeof(*larger));
		if (!larger)
			return irt_store_fail(store, INSTR_ERR_MEMORY, "no memory");
		store->merged = larger;
		store->merged_room = room;
	}
	store->merged[store->merged_count++] = thread_id;
	return 0;
}

int irt_store_merge_loss(struct irt_store *store, int64_t loss_id, int64_t into_id)
{
	int result = run(store, IRT_ST_MERGE_LOSS, loss_id, into_id);

	return result ? result : run(store, IRT_ST_DELETE_LOSS, loss_id, 0);
}

int irt_store_delete_merged(struct irt_store *store, int64_t thread_id)
{
	return run(store, IRT_ST_DELETE_MERGED, thread_id, 0);
}

int irt_store_delete_all_merged(struct irt_store *store)
{
	int result = 0;

	for (size_t i = 0; i < store->merged_count && !result; i++)
		result = irt_store_delete_merged(store, store->merged[i]);
	return result;
}
