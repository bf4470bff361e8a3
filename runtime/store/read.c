/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * read.c - the rows of a file, for whoever continues its run.
 */
#include <string.h>

#include "store/store_internal.h"

int64_t irt_row_number(struct irt_cursor *c)
{
	return sqlite3_column_int64(c->statement, c->column++);
}

int64_t irt_row_optional(struct irt_cursor *c)
{
	int column = c->column++;

	return sqlite3_column_type(c->statement, column) == SQLITE_NULL
		       ? IRT_STORE_NULL : sqlite3_column_int64(c->statement, column);
}

const char *irt_row_text(struct irt_cursor *c)
{
	return (const char *)sqlite3_column_text(c->statement, c->column++);
}

const void *irt_row_blob(struct irt_cursor *c, int64_t *bytes)
{
	const void *data = sqlite3_column_blob(c->statement, c->column);

	*bytes = sqlite3_column_bytes(c->statement, c->column++);
	return data;
}

int irt_store_read_rows(struct irt_store *store, const char *sql, int key, int64_t first, int64_t second, void *arg,
			void *caller, int (*each)(void *arg, void *caller, struct irt_cursor *cursor))
{
	struct irt_cursor cursor = {0};
	int64_t last = 0;
	bool any = false;
	int rc, result = 0;

	irt_store_reading(store, true);
	rc = sqlite3_prepare_v2(store->db, sql, -1, &cursor.statement, NULL);
	if (rc != SQLITE_OK) {
		irt_store_reading(store, false);
		return irt_store_fail_sqlite(store, rc, "read its tables");
	}
	if (sqlite3_bind_parameter_count(cursor.statement) > 0)
		sqlite3_bind_int64(cursor.statement, 1, first);
	if (sqlite3_bind_parameter_count(cursor.statement) > 1)
		sqlite3_bind_int64(cursor.statement, 2, second);
	while (!result && (rc = sqlite3_step(cursor.statement)) == SQLITE_ROW) {
		int64_t now = key == IRT_NO_KEY ? 0 : sqlite3_column_int64(cursor.statement, key);
		if (key != IRT_NO_KEY && any && now <= last)
			result = irt_store_fail(store, INSTR_ERR_FORMAT, "cannot read: the file is damaged");
		any = true;
		last = now;
		cursor.column = 0;
		if (!result)
			result = each(arg, caller, &cursor);
	}
	if (!result && rc != SQLITE_DONE)
		result = irt_store_fail_sqlite(store, rc, "read");
	sqlite3_finalize(cursor.statement);
	irt_store_reading(store, false);
	return result;
}


struct run_caller {
	int (*each)(void *, const char *, const char *, int64_t);
};

static int run_row(void *arg, void *caller, struct irt_cursor *c)
{
	const char *key = irt_row_text(c);
	int type = sqlite3_column_type(c->statement, 1);

	return ((struct run_caller *)caller)->each(arg, key, type == SQLITE_TEXT ? irt_row_text(c) : NULL,
						   type == SQLITE_TEXT ? IRT_STORE_NULL : irt_row_optional(c));
}

int irt_store_read_run(struct irt_store *store, void *arg,
		       int (*each)(void *arg, const char *key, const char *text, int64_t number))
{
	struct run_caller caller = {each};

	return irt_store_read_rows(store, "SELECT key, value FROM run ORDER BY key", IRT_NO_KEY, 0, 0, arg, &caller, run_row);
}

IRT_READER(clock)
static void clock_columns(struct irt_cursor *c, struct irt_store_clock *row)
{
	row->ticks = irt_row_number(c);
	row->monotonic_ns = irt_row_number(c);
	row->realtime_ns = irt_row_number(c);
	row->counter = irt_row_number(c);
}

int irt_store_read_clocks(struct irt_store *store, void *arg,
			  int (*each)(void *arg, const struct irt_store_clock *row))
{
	struct clock_caller caller = {each};

	return irt_store_read_rows(store, "SELECT ticks, monotonic_ns, realtime_ns, counter FROM clocks ORDER BY ticks",
			 0, 0, 0, arg, &caller, clock_row);
}

IRT_READER(process)
static void process_columns(struct irt_cursor *c, struct irt_store_process *row)
{
	row->process_id = irt_row_number(c);
	row->parent_process_id = irt_row_optional(c);
	row->pid = irt_row_number(c);
	row->pid_namespace = irt_row_number(c);
	row->command = irt_row_text(c);
	row->executable = irt_row_text(c);
	row->working_directory = irt_row_text(c);
	row->joined_by = irt_row_text(c);
	row->start_ticks = irt_row_number(c);
	row->end_ticks = irt_row_optional(c);
	row->end_reason = irt_row_text(c);
	row->exit_code = irt_row_optional(c);
	row->exit_signal = irt_row_optional(c);
}

int irt_store_read_processes(struct irt_store *store, void *arg,
			     int (*each)(void *arg, const struct irt_store_process *row))
{
	struct process_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT process_id, parent_process_id, pid, pid_namespace, command, executable,"
			 " working_directory, joined_by, start_ticks, end_ticks, end_reason, exit_code,"
			 " exit_signal FROM processes ORDER BY process_id",
			 0, 0, 0, arg, &caller, process_row);
}

IRT_READER(module)
static void module_columns(struct irt_cursor *c, struct irt_store_module *row)
{
	row->module_id = irt_row_number(c);
	row->path = irt_row_text(c);
	row->build_id = irt_row_text(c);
	row->rows = irt_row_number(c);
}

int irt_store_read_modules(struct irt_store *store, void *arg,
			   int (*each)(void *arg, const struct irt_store_module *row))
{
	struct module_caller caller = {each};

	return irt_store_read_rows(store, "SELECT module_id, path, build_id, rows FROM modules ORDER BY module_id",
			 0, 0, 0, arg, &caller, module_row);
}

IRT_READER(load)
static void load_columns(struct irt_cursor *c, struct irt_store_load *row)
{
	row->load_id = irt_row_number(c);
	row->process_id = irt_row_number(c);
	row->module_id = irt_row_number(c);
	row->rows_start = irt_row_number(c);
	row->rows_end = irt_row_number(c);
	row->start_ticks = irt_row_number(c);
	row->end_ticks = irt_row_optional(c);
}

int irt_store_read_loads(struct irt_store *store, void *arg,
			 int (*each)(void *arg, const struct irt_store_load *row))
{
	struct load_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT load_id, process_id, module_id, rows_start, rows_end, start_ticks, end_ticks"
			 " FROM module_loads ORDER BY load_id",
			 0, 0, 0, arg, &caller, load_row);
}

IRT_READER(function)
static void function_columns(struct irt_cursor *c, struct irt_store_function *row)
{
	row->function_id = irt_row_number(c);
	row->module_id = irt_row_optional(c);
	row->row = irt_row_optional(c);
	row->name = irt_row_text(c);
	row->linkage_name = irt_row_text(c);
	row->file = irt_row_text(c);
	row->line = irt_row_optional(c);
	row->instrumented = irt_row_number(c);
	row->reason = irt_row_text(c);
	row->flags = irt_row_number(c);
	row->address = irt_row_number(c);
}

int irt_store_read_functions(struct irt_store *store, void *arg,
			     int (*each)(void *arg, const struct irt_store_function *row))
{
	struct function_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT function_id, module_id, row, name, linkage_name, file, line, instrumented,"
			 " reason, flags, coalesce((SELECT a.address FROM function_addresses a WHERE a.function_id = f.function_id), 0)"
			 " FROM functions f ORDER BY function_id",
			 0, 0, 0, arg, &caller, function_row);
}

IRT_READER(context)
static void context_columns(struct irt_cursor *c, struct irt_store_context *row)
{
	row->context_id = irt_row_number(c);
	row->process_id = irt_row_number(c);
	row->parent_id = irt_row_optional(c);
	row->ordinal = irt_row_number(c);
	row->function_id = irt_row_number(c);
	row->depth = irt_row_number(c);
	row->recursive = irt_row_number(c);
	row->flags = irt_row_number(c);
}

/* A process's contexts are a range of ids: (process_id - 1) * 2^21 and up (schema.sql). */
int irt_store_read_contexts(struct irt_store *store, int64_t process_id, void *arg,
			    int (*each)(void *arg, const struct irt_store_context *row))
{
	struct context_caller caller = {each};
	int64_t first = INT64_MIN, last = INT64_MAX;

	if (process_id != IRT_STORE_NULL) {
		if (process_id < 1 || process_id >= INT64_C(1) << 40)
			return irt_store_fail(store, INSTR_ERR_FORMAT, "process %lld: no such id",
					      (long long)process_id);
		first = (process_id - 1) << 21;
		last = (process_id << 21) - 1;
	}
	return irt_store_read_rows(store,
			 "SELECT context_id, process_id, parent_id, ordinal, function_id, depth, recursive,"
			 " flags FROM contexts WHERE context_id BETWEEN ? AND ? ORDER BY context_id",
			 0, first, last, arg, &caller, context_row);
}

struct thread_caller {
	int (*each)(void *, const struct irt_store_thread *, int64_t);
};

static int thread_row(void *arg, void *caller, struct irt_cursor *c)
{
	struct irt_store_thread row = {
		.thread_id = irt_row_number(c),
	};
	int64_t consumed_pos;

	row.process_id = irt_row_number(c);
	row.tid = irt_row_number(c);
	row.name = irt_row_text(c);
	row.parent_thread_id = irt_row_optional(c);
	row.parent_position = irt_row_optional(c);
	row.start_ticks = irt_row_number(c);
	row.end_ticks = irt_row_optional(c);
	row.last_ticks = irt_row_number(c);
	row.events = irt_row_number(c);
	row.totals_pos = irt_row_number(c);
	row.totals_events = irt_row_number(c);
	row.lost_events = irt_row_number(c);
	row.wait_ticks = irt_row_number(c);
	row.waits = irt_row_number(c);
	row.orphans = irt_row_number(c);
	row.skipped_units = irt_row_number(c);
	row.flags = irt_row_number(c);
	row.merged = irt_row_number(c);
	row.cpu_ns = irt_row_optional(c);
	row.ready_ns = irt_row_optional(c);
	row.cpu_ticks = irt_row_optional(c);
	consumed_pos = irt_row_optional(c);
	if (consumed_pos < row.totals_pos) /* also when it is IRT_STORE_NULL */
		consumed_pos = row.totals_pos;
	return ((struct thread_caller *)caller)->each(arg, &row, consumed_pos);
}

int irt_store_read_threads(struct irt_store *store, void *arg,
			   int (*each)(void *arg, const struct irt_store_thread *row, int64_t consumed_pos))
{
	struct thread_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT thread_id, process_id, tid, name, parent_thread_id, parent_position,"
			 " start_ticks, end_ticks, last_ticks, events, totals_pos, totals_events, lost_events,"
			 " wait_ticks, waits, orphans, skipped_units, flags, merged, cpu_ns, ready_ns, cpu_ticks,"
			 " (SELECT end_pos FROM chunks c WHERE c.thread_id = t.thread_id"
			 "  ORDER BY start_pos DESC LIMIT 1)"
			 " FROM threads t WHERE flags < 32 ORDER BY thread_id",
			 0, 0, 0, arg, &caller, thread_row);
}

struct frame_caller {
	int (*each)(void *, int64_t, const struct irt_store_frame *);
};

static int frame_row(void *arg, void *caller, struct irt_cursor *c)
{
	int64_t depth = irt_row_number(c);
	struct irt_store_frame row;

	row.context_id = irt_row_number(c);
	row.enter_ticks = irt_row_number(c);
	row.child_ticks = irt_row_number(c);
	row.tag = (uint64_t)irt_row_number(c);
	row.flags = irt_row_number(c);
	return ((struct frame_caller *)caller)->each(arg, depth, &row);
}

int irt_store_read_frames(struct irt_store *store, int64_t thread_id, void *arg,
			  int (*each)(void *arg, int64_t depth, const struct irt_store_frame *row))
{
	struct frame_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT depth, context_id, enter_ticks, child_ticks, tag, flags FROM open_frames"
			 " WHERE thread_id = ? ORDER BY depth",
			 0, thread_id, 0, arg, &caller, frame_row);
}

IRT_READER(totals)
static void totals_columns(struct irt_cursor *c, struct irt_store_totals *row)
{
	row->thread_id = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->calls = irt_row_number(c);
	row->returns = irt_row_number(c);
	row->unwound = irt_row_number(c);
	row->open = irt_row_number(c);
	row->total_ticks = irt_row_number(c);
	row->self_ticks = irt_row_number(c);
	row->min_ticks = irt_row_optional(c);
	row->max_ticks = irt_row_optional(c);
	row->histogram = irt_row_blob(c, &row->histogram_bytes);
}

int irt_store_read_totals(struct irt_store *store, int64_t thread_id, void *arg,
			  int (*each)(void *arg, const struct irt_store_totals *row))
{
	struct totals_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT thread_id, context_id, calls, returns, unwound, open, total_ticks, self_ticks,"
			 " min_ticks, max_ticks, histogram FROM totals WHERE thread_id = ? ORDER BY context_id",
			 1, thread_id, 0, arg, &caller, totals_row);
}

IRT_READER(function_totals)
static void function_totals_columns(struct irt_cursor *c, struct irt_store_function_totals *row)
{
	row->process_id = irt_row_number(c);
	row->function_id = irt_row_number(c);
	row->calls = irt_row_number(c);
	row->returns = irt_row_number(c);
	row->unwound = irt_row_number(c);
	row->open = irt_row_number(c);
	row->orphans = irt_row_number(c);
	row->total_ticks = irt_row_number(c);
	row->self_ticks = irt_row_number(c);
	row->min_ticks = irt_row_optional(c);
	row->p50_ticks = irt_row_optional(c);
	row->p99_ticks = irt_row_optional(c);
	row->max_ticks = irt_row_optional(c);
}

int irt_store_read_function_totals(struct irt_store *store, int64_t process_id, void *arg,
				   int (*each)(void *arg, const struct irt_store_function_totals *row))
{
	struct function_totals_caller caller = {each};
	bool all = process_id == IRT_STORE_NULL;

	return irt_store_read_rows(store,
			 "SELECT process_id, function_id, calls, returns, unwound, open, orphans, total_ticks,"
			 " self_ticks, min_ticks, p50_ticks, p99_ticks, max_ticks FROM function_totals"
			 " WHERE process_id BETWEEN ? AND ? ORDER BY process_id, function_id",
			 IRT_NO_KEY, all ? INT64_MIN : process_id, all ? INT64_MAX : process_id, arg, &caller,
			 function_totals_row);
}

IRT_READER(chunk)
static void chunk_columns(struct irt_cursor *c, struct irt_store_chunk *row)
{
	row->chunk_id = irt_row_number(c);
	row->thread_id = irt_row_number(c);
	row->start_pos = irt_row_number(c);
	row->end_pos = irt_row_number(c);
	row->first_event = irt_row_number(c);
	row->events = irt_row_number(c);
	row->start_ticks = irt_row_number(c);
	row->end_ticks = irt_row_number(c);
	row->start_context_id = irt_row_number(c);
	row->start_depth = irt_row_number(c);
	row->min_depth = irt_row_number(c);
	row->operations = (uint64_t)irt_row_number(c);
	row->functions = irt_row_blob(c, &row->functions_bytes);
	row->codec = irt_row_number(c);
	row->time_unit_ticks = irt_row_number(c);
	row->data = irt_row_blob(c, &row->data_bytes);
}

int irt_store_read_chunks(struct irt_store *store, int64_t thread_id, int64_t behind_pos, void *arg,
			  int (*each)(void *arg, const struct irt_store_chunk *row))
{
	struct chunk_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT chunk_id, thread_id, start_pos, end_pos, first_event, events, start_ticks,"
			 " end_ticks, start_context_id, start_depth, min_depth, operations, functions, codec,"
			 " time_unit_ticks, data FROM chunks WHERE thread_id = ?1 AND end_pos > ?2"
			 " AND start_pos >= coalesce((SELECT max(start_pos) FROM chunks"
			 "  WHERE thread_id = ?1 AND start_pos <= ?2), ?2) ORDER BY start_pos",
			 2, thread_id, behind_pos, arg, &caller, chunk_row);
}

IRT_READER(loss)
static void loss_columns(struct irt_cursor *c, struct irt_store_loss *row)
{
	row->loss_id = irt_row_number(c);
	row->process_id = irt_row_optional(c);
	row->thread_id = irt_row_optional(c);
	row->cause = irt_row_text(c);
	row->events = irt_row_optional(c);
	row->start_ticks = irt_row_optional(c);
	row->end_ticks = irt_row_optional(c);
	row->totals_kept = irt_row_number(c);
}

int irt_store_read_losses(struct irt_store *store, void *arg,
			  int (*each)(void *arg, const struct irt_store_loss *row))
{
	struct loss_caller caller = {each};

	return irt_store_read_rows(store,
			 "SELECT loss_id, process_id, thread_id, cause, events, start_ticks, end_ticks,"
			 " totals_kept FROM losses ORDER BY loss_id",
			 0, 0, 0, arg, &caller, loss_row);
}

IRT_READER(hole)
static void hole_columns(struct irt_cursor *c, struct irt_store_hole *row)
{
	row->thread_id = irt_row_number(c);
	row->position = irt_row_number(c);
	row->units = irt_row_number(c);
}

int irt_store_read_holes(struct irt_store *store, int64_t thread_id, void *arg,
			 int (*each)(void *arg, const struct irt_store_hole *row))
{
	struct hole_caller caller = {each};

	return irt_store_read_rows(store, "SELECT thread_id, position, units FROM holes WHERE thread_id = ? ORDER BY position",
			 1, thread_id, 0, arg, &caller, hole_row);
}
