/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_times.c - what was alive at a time, exactly, where the queries find it.
 *
 * They read heap_moments and heap_history, which have what was alive at some moments. For a connection that has asked
 * for times of its own these are temporary tables, whose names SQLite looks up first: in heap_moments are those of
 * the file and those that were asked for, in heap_history what was alive at these alone, all of it.
 *
 *     heap_history of the file, up to the last moment kept ──┐
 *     events from then on (heap_events.h) ───────────────────┴──► temp.heap_history
 *
 * One transaction sees all of it, so that a trace that is still being recorded fits together.
 */
#include "libtrace/heap_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"

enum { TIMES_MAX = 2, PROCESSES_MAX = 1 << 20 };

struct process {
	int64_t process_id, start_ticks;
	int64_t last_ticks; /* up to which its heap is known */
	int ended;
};

struct times {
	struct tr_trace *trace;
	struct tr_error *error;
	struct process *processes;
	size_t count, room;
	sqlite3_stmt *put;
	char *why;
	size_t why_bytes;
};

static int run_sql(struct times *t, const char *sql)
{
	int rc = sqlite3_exec(t->trace->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(t->trace, rc, t->error);
}

static int prepare(struct times *t, sqlite3_stmt **statement, const char *sql)
{
	int rc = tr_prepare_sql(t->trace, sql, statement);

	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(t->trace, rc, t->error);
}

static void bind(sqlite3_stmt *statement, const char *name, int64_t value)
{
	int at = sqlite3_bind_parameter_index(statement, name);

	if (at)
		sqlite3_bind_int64(statement, at, value);
}

/* ---- processes --------------------------------------------------------------------------------------- */

static int list_processes(struct times *t, int64_t process_id)
{
	/* What is known of the heap of a live one ends with its last sample: events of other threads may be earlier
	 * than the last. */
	static const char sql[] =
		"SELECT h.process_id, p.start_ticks, coalesce(p.end_ticks, (SELECT max(s.ticks) FROM main.heap_samples s"
		" WHERE s.process_id = h.process_id)), p.end_ticks IS NOT NULL FROM main.heaps h"
		" JOIN main.processes p ON p.process_id = h.process_id WHERE :process < 0 OR h.process_id = :process"
		" ORDER BY h.process_id";
	sqlite3_stmt *rows = NULL;
	int status = prepare(t, &rows, sql), rc = SQLITE_DONE;

	if (!status)
		bind(rows, ":process", process_id);
	while (!status && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
		struct process p = {sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1), sqlite3_column_int64(rows, 2),
				    sqlite3_column_int(rows, 3)};
		if (p.process_id < 1 || p.process_id > PROCESSES_MAX)
			continue;
		if (!irt_grow(&t->processes, &t->room, t->count + 1, sizeof(*t->processes)))
			status = INSTR_ERR_MEMORY;
		else
			t->processes[t->count++] = p;
	}
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(t->trace, rc, t->error);
	sqlite3_finalize(rows);
	return status;
}

/* ---- one time of a process --------------------------------------------------------------------------- */

static int find_moment(struct times *t, const struct process *p, int64_t ticks, int64_t *moment)
{
	sqlite3_stmt *row = NULL;
	int status = prepare(t, &row, "SELECT max(ticks) FROM main.heap_moments WHERE process_id = :process AND ticks <= :ticks"), rc;

	*moment = INT64_MIN;
	if (status)
		return status;
	bind(row, ":process", p->process_id);
	bind(row, ":ticks", ticks);
	rc = sqlite3_step(row);
	if (rc == SQLITE_ROW && sqlite3_column_type(row, 0) != SQLITE_NULL)
		*moment = sqlite3_column_int64(row, 0);
	else if (rc != SQLITE_ROW)
		status = tr_fail_sqlite(t->trace, rc, t->error);
	sqlite3_finalize(row);
	return status;
}

static int put(struct times *t, int64_t context_id, int64_t site_id, int64_t ticks, int64_t blocks, int64_t bytes)
{
	bind(t->put, ":context", context_id);
	bind(t->put, ":site", site_id);
	bind(t->put, ":ticks", ticks);
	bind(t->put, ":blocks", blocks);
	bind(t->put, ":bytes", bytes);
	int rc = sqlite3_step(t->put);
	sqlite3_reset(t->put);
	return rc == SQLITE_DONE ? 0 : tr_fail_sqlite(t->trace, rc, t->error);
}

static int cannot_be(struct tr_heap_events *h)
{
	return tr_cannot(h, "its events do not fit what is kept");
}

/* What was kept at the moment with the changes, as of ticks. Both are in the order of context and site. */
static int put_sums(struct times *t, struct tr_heap_events *h, sqlite3_stmt *kept, int64_t ticks, const struct tr_heap_change *changes,
		    size_t count)
{
	const int64_t first = (h->process_id - 1) * IRT_CCT_ID_SPAN;
	int status = 0, rc;
	size_t i = 0;

	while (!status && (rc = sqlite3_step(kept)) == SQLITE_ROW) {
		int64_t context_id = sqlite3_column_int64(kept, 0), site_id = sqlite3_column_int64(kept, 1);
		int64_t blocks = sqlite3_column_int64(kept, 2), bytes = sqlite3_column_int64(kept, 3);
		for (; i < count && !status && (first + changes[i].context < context_id ||
						(first + changes[i].context == context_id && changes[i].site_id < site_id)); i++)
			status = changes[i].blocks < 0 || changes[i].bytes < 0
				? cannot_be(h)
				: put(t, first + changes[i].context, changes[i].site_id, ticks, changes[i].blocks, changes[i].bytes);
		if (!status && i < count && first + changes[i].context == context_id && changes[i].site_id == site_id) {
			if (__builtin_add_overflow(blocks, changes[i].blocks, &blocks) || __builtin_add_overflow(bytes, changes[i].bytes, &bytes) ||
			    blocks < 0 || bytes < 0)
				status = cannot_be(h);
			i++;
		}
		if (!status)
			status = put(t, context_id, site_id, ticks, blocks, bytes);
	}
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(t->trace, rc, t->error);
	for (; i < count && !status; i++)
		status = changes[i].blocks < 0 || changes[i].bytes < 0
			? cannot_be(h)
			: put(t, first + changes[i].context, changes[i].site_id, ticks, changes[i].blocks, changes[i].bytes);
	return status;
}

static int put_alive(struct times *t, struct tr_heap_events *h, int64_t moment, int64_t ticks, const struct tr_heap_change *changes,
		     size_t count)
{
	/* Places that had nothing alive then are left out. */
	static const char sql[] =
		"SELECT c.context_id, c.site_id, y.live_blocks, y.live_bytes FROM main.heap_totals c"
		" JOIN main.heap_history y ON y.context_id = c.context_id AND y.site_id = c.site_id"
		" AND y.ticks = (SELECT max(z.ticks) FROM main.heap_history z"
		" WHERE z.context_id = c.context_id AND z.site_id = c.site_id AND z.ticks <= :moment)"
		" WHERE c.context_id >= (:process - 1) * 2097152 AND c.context_id < :process * 2097152"
		" AND (y.live_blocks <> 0 OR y.live_bytes <> 0) ORDER BY c.context_id, c.site_id";
	sqlite3_stmt *kept = NULL;
	int status = prepare(t, &kept, sql);

	if (!status) {
		bind(kept, ":process", h->process_id);
		bind(kept, ":moment", moment);
		status = put_sums(t, h, kept, ticks, changes, count);
	}
	sqlite3_finalize(kept);
	return status;
}

/* Also of places that have nothing alive then and had it at an earlier time that was asked for. */
static const char rest_sql[] =
	"INSERT OR IGNORE INTO temp.heap_history SELECT context_id, site_id, %lld, 0, 0 FROM temp.heap_history"
	" WHERE context_id >= %lld AND context_id < %lld";

static int put_time(struct times *t, const struct process *p, int64_t ticks, int64_t moment, int exact)
{
	char sql[400];

	if (moment == INT64_MIN && !exact)
		return 0;
	snprintf(sql, sizeof(sql), rest_sql, (long long)ticks, (long long)((p->process_id - 1) * IRT_CCT_ID_SPAN),
		 (long long)(p->process_id * IRT_CCT_ID_SPAN));
	int status = run_sql(t, sql);
	snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO temp.heap_moments VALUES (%lld, %lld)", (long long)p->process_id, (long long)ticks);
	return status ? status : run_sql(t, sql);
}

static int add_time(struct times *t, const struct process *p, int64_t ticks)
{
	struct tr_heap_change *changes = NULL;
	struct tr_heap_events h = {.trace = t->trace, .process_id = p->process_id, .error = t->error};
	int64_t moment, at = ticks;
	size_t count = 0;
	int status, exact = 1;

	if (ticks < p->start_ticks || (p->ended && ticks >= p->last_ticks))
		return 0; /* nothing, or the end, which is in the totals */
	if (!p->ended && ticks > p->last_ticks)
		at = ticks = p->last_ticks;
	if ((status = find_moment(t, p, ticks, &moment)) || moment == ticks)
		goto done;
	status = tr_heap_events_open(&h, t->trace, p->process_id, ticks, t->error);
	if (!status)
		status = tr_heap_changes(&h, moment, ticks, &changes, &count);
	if (status == INSTR_ERR_MEMORY)
		status = tr_cannot(&h, "there is too little memory to go through the events");
done:
	if (!status)
		status = put_alive(t, &h, moment, at, changes, count);
	if (status == TR_CANNOT) {
		exact = 0;
		at = moment;
		if (!*t->why)
			snprintf(t->why, t->why_bytes, "%s", h.why);
		/* Those that were put before it showed. */
		status = run_sql(t, "ROLLBACK TO one_time");
		if (!status && moment != INT64_MIN)
			status = put_alive(t, &h, moment, at, NULL, 0);
	}
	tr_heap_events_close(&h);
	free(changes);
	return status ? status : put_time(t, p, at, moment, exact);
}

/* ---- all --------------------------------------------------------------------------------------------- */

static const char tables_sql[] =
	"DROP TABLE IF EXISTS temp.heap_moments; DROP TABLE IF EXISTS temp.heap_history;"
	"CREATE TEMP TABLE heap_moments (process_id INTEGER NOT NULL, ticks INTEGER NOT NULL, PRIMARY KEY (process_id, ticks))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TEMP TABLE heap_history (context_id INTEGER NOT NULL, site_id INTEGER NOT NULL, ticks INTEGER NOT NULL,"
	" live_blocks INTEGER NOT NULL, live_bytes INTEGER NOT NULL, PRIMARY KEY (context_id, site_id, ticks)) STRICT, WITHOUT ROWID;"
	"INSERT INTO temp.heap_moments SELECT process_id, ticks FROM main.heap_moments;";

static int add_times(struct times *t, int64_t process_id, const int64_t *times_ns, size_t count)
{
	int64_t ticks;
	int status = run_sql(t, tables_sql);

	if (!status)
		status = prepare(t, &t->put, "INSERT OR REPLACE INTO temp.heap_history VALUES (:context, :site, :ticks, :blocks, :bytes)");
	if (!status)
		status = list_processes(t, process_id);
	for (size_t i = 0; i < count && !status; i++) {
		status = tr_find_ticks(t->trace, times_ns[i], &ticks, t->error);
		for (size_t k = 0; k < t->count && !status && ticks != INT64_MIN; k++)
			if (!(status = run_sql(t, "SAVEPOINT one_time")) && !(status = add_time(t, &t->processes[k], ticks)))
				status = run_sql(t, "RELEASE one_time");
	}
	sqlite3_finalize(t->put);
	return status;
}

int tr_heap_at(struct tr_trace *trace, int64_t process_id, const int64_t *times_ns, size_t count, char *why, size_t why_bytes,
	       struct tr_error *error)
{
	struct times t = {.trace = trace, .error = error, .why = why, .why_bytes = why_bytes};
	int status;

	*why = 0;
	if ((status = tr_begin_tables(trace, error)))
		return status;
	status = add_times(&t, process_id, times_ns, count);
	free(t.processes);
	return tr_end_tables(trace, status, error);
}
