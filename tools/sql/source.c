/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * source.c - what the tables of a connection read of the trace besides chunks: clocks and contexts, kept from one query
 * to the next, and brought up to date at the beginning of each: a live trace gets more of both.
 */
#include "sql/internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"

enum { KEPT_CONTEXTS = 1 << 21 }; /* of processes that nobody reads just now */

static const char *const statements[SQL_STATEMENTS] = {
	[SQL_CLOCKS] = "SELECT ticks, monotonic_ns FROM main.clocks ORDER BY ticks",
	[SQL_CLOCKS_KEY] = "SELECT coalesce(max(ticks), 0), count(ticks) FROM main.clocks",
	[SQL_CONTEXTS] = "SELECT context_id, parent_id, ordinal, function_id FROM main.contexts WHERE context_id > ?1 AND context_id < ?2"
			 " ORDER BY context_id",
	[SQL_THREADS] = "SELECT thread_id, process_id, waits, totals_events, flags, parent_thread_id IS NOT NULL,"
			" (SELECT p.start_ticks FROM main.processes p WHERE p.process_id = t.process_id) FROM main.threads t"
			" WHERE thread_id > 0 AND process_id BETWEEN 1 AND 1048576 AND (?1 IS NULL OR thread_id = ?1) AND (?2 IS NULL OR process_id = ?2)"
			" ORDER BY thread_id",
	[SQL_CHUNKS] = "SELECT chunk_id, thread_id, start_ticks, end_ticks, events FROM main.chunks WHERE start_ticks <= ?1",
	[SQL_CHUNK] = "SELECT first_event, start_context_id, start_depth, min_depth, operations, iif(?2, functions, NULL) FROM main.chunks"
		      " WHERE chunk_id = ?1",
	[SQL_DATA] = "SELECT data FROM main.chunks WHERE chunk_id = ?1",
	[SQL_OPEN] = "SELECT o.thread_id, o.depth, o.context_id, o.enter_ticks, o.flags & 1, t.process_id, c.function_id"
		     " FROM main.open_frames o JOIN main.threads t ON t.thread_id = o.thread_id"
		     " JOIN main.contexts c ON c.context_id = o.context_id WHERE (?1 IS NULL OR o.thread_id = ?1) AND (?2 IS NULL OR t.process_id = ?2)"
		     " AND t.process_id BETWEEN 1 AND 1048576 ORDER BY o.thread_id, o.depth DESC",
	[SQL_LOWEST] = "SELECT min(min_depth) FROM main.chunks WHERE thread_id = ?1 AND chunk_id < ?2",
	[SQL_UP] = "SELECT c.parent_id, f.name FROM main.contexts c LEFT JOIN main.functions f USING (function_id) WHERE c.context_id = ?1",
	[SQL_FIRST] = "SELECT start_depth FROM main.chunks WHERE thread_id = ?1 AND first_event = 0 ORDER BY start_pos LIMIT 1",
};

int sql_fail(sqlite3_vtab *table, int code, const char *format, ...)
{
	va_list arguments;

	sqlite3_free(table->zErrMsg);
	va_start(arguments, format);
	table->zErrMsg = sqlite3_vmprintf(format, arguments);
	va_end(arguments);
	return code;
}

int sql_fail_here(sqlite3_vtab *table, struct sql_source *source, int code)
{
	return sql_fail(table, code, "%s", sqlite3_errmsg(source->db));
}

int sql_prepare(struct sql_source *source, sqlite3_vtab *table, enum sql_statement which, sqlite3_stmt **statement)
{
	int rc = *statement ? SQLITE_OK : sqlite3_prepare_v2(source->db, statements[which], -1, statement, NULL);

	if (rc == SQLITE_ERROR) /* there are no such tables */
		return sql_fail(table, rc, "this database is no trace: %s", sqlite3_errmsg(source->db));
	return rc == SQLITE_OK ? rc : sql_fail_here(table, source, rc);
}

void sql_source_leave(void *user)
{
	struct sql_source *source = user;

	if (--source->users)
		return;
	for (size_t i = 0; i < source->context_count; i++)
		irt_contexts_destroy(source->contexts[i].map);
	free(source->contexts);
	free(source->anchors);
	free(source);
}

/* ---- time ------------------------------------------------------------------------------------------- */

/* Later minus earlier, as SQLite would have it: whole if it can be. */
static double difference(int64_t a, int64_t b)
{
	int64_t whole;
	return __builtin_sub_overflow(a, b, &whole) ? (double)a - (double)b : (double)whole;
}

static int64_t cast_to_integer(double value)
{
	return value >= 0x1p63 ? INT64_MAX : value < -0x1p63 ? INT64_MIN : (int64_t)value;
}

static int read_clocks(struct sql_source *source, sqlite3_vtab *table)
{
	sqlite3_stmt *rows = NULL;
	int rc = sql_prepare(source, table, SQL_CLOCKS, &rows);
	int64_t first_ns = 0;
	size_t n = 0;

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		if (!irt_grow(&source->anchors, &source->anchor_room, n + 2, sizeof(*source->anchors))) {
			sqlite3_finalize(rows);
			return SQLITE_NOMEM;
		}
		source->anchors[n++] = (struct sql_anchor){sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1), 1};
	}
	sqlite3_finalize(rows);
	if (rc != SQLITE_DONE)
		return sql_fail_here(table, source, rc);
	if (!n) {
		if (!irt_grow(&source->anchors, &source->anchor_room, 1, sizeof(*source->anchors)))
			return SQLITE_NOMEM;
		source->anchors[n++] = (struct sql_anchor){0, 0, 1};
	}
	/* As the views rate and anchors have it. */
	int64_t least = source->anchors[0].ns, most = least;
	for (size_t i = 1; i < n; i++) {
		least = source->anchors[i].ns < least ? source->anchors[i].ns : least;
		most = source->anchors[i].ns > most ? source->anchors[i].ns : most;
	}
	first_ns = least;
	source->ns_per_tick = source->anchors[n - 1].ticks > 0 ? difference(most, least) / (double)source->anchors[n - 1].ticks : 1;
	for (size_t i = 0; i < n; i++) {
		struct sql_anchor *a = &source->anchors[i];
		a->ns_per_tick = i + 1 < n ? difference(a[1].ns, a->ns) / difference(a[1].ticks, a->ticks) : source->ns_per_tick;
	}
	for (size_t i = 0; i < n; i++)
		source->anchors[i].ns = cast_to_integer(difference(source->anchors[i].ns, first_ns));
	source->anchor_count = n;
	source->anchor = 0;
	return SQLITE_OK;
}

int sql_source_begin(struct sql_source *source, sqlite3_vtab *table)
{
	sqlite3_stmt *key = NULL;
	int rc = sql_prepare(source, table, SQL_CLOCKS_KEY, &key);

	source->query++;
	if (rc != SQLITE_OK)
		return rc;
	if ((rc = sqlite3_step(key)) == SQLITE_ROW) {
		int64_t now[2] = {sqlite3_column_int64(key, 0), sqlite3_column_int64(key, 1)};
		rc = SQLITE_OK;
		if (!source->has_clocks || memcmp(now, source->clocks_key, sizeof(now)))
			rc = read_clocks(source, table);
		source->has_clocks = rc == SQLITE_OK;
		memcpy(source->clocks_key, now, sizeof(now));
	} else {
		rc = sql_fail_here(table, source, rc);
	}
	sqlite3_finalize(key);
	return rc;
}

int64_t sql_ns_of(struct sql_source *source, int64_t ticks)
{
	const struct sql_anchor *all = source->anchors;
	size_t i = source->anchor;

	if (ticks < all[i].ticks || (i + 1 < source->anchor_count && ticks >= all[i + 1].ticks)) {
		size_t low = 0, high = source->anchor_count;
		while (high - low > 1) {
			size_t middle = low + (high - low) / 2;
			if (all[middle].ticks <= ticks)
				low = middle;
			else
				high = middle;
		}
		source->anchor = i = low;
	}
	return cast_to_integer((double)all[i].ns + difference(ticks, all[i].ticks) * all[i].ns_per_tick);
}

int64_t sql_duration_ns(const struct sql_source *source, int64_t ticks)
{
	return cast_to_integer((double)ticks * source->ns_per_tick);
}

int64_t sql_ticks_at(struct sql_source *source, int64_t ns)
{
	int64_t low = INT64_MIN, high = INT64_MAX; /* the answer lies in low .. high */

	if (sql_ns_of(source, INT64_MAX) < ns)
		return INT64_MAX;
	while (low < high) {
		int64_t middle = low + (int64_t)(((uint64_t)high - (uint64_t)low) / 2);
		if (sql_ns_of(source, middle) >= ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* ---- contexts --------------------------------------------------------------------------------------- */

static struct sql_contexts *find_contexts(struct sql_source *source, int64_t process_id)
{
	for (size_t i = 0; i < source->context_count; i++)
		if (source->contexts[i].process_id == process_id)
			return &source->contexts[i];
	return NULL;
}

/* Too many are not kept, but for those in use. */
static void forget_contexts(struct sql_source *source)
{
	int64_t count = 0;

	for (size_t i = source->context_count; i-- > 0;) {
		struct sql_contexts *c = &source->contexts[i];
		count += c->count;
		if (c->users || count <= KEPT_CONTEXTS)
			continue;
		count -= c->count;
		irt_contexts_destroy(c->map);
		*c = source->contexts[--source->context_count];
	}
}

static int load_contexts(struct sql_source *source, sqlite3_vtab *table, struct sql_contexts *c)
{
	sqlite3_stmt *rows = NULL;
	int rc = sql_prepare(source, table, SQL_CONTEXTS, &rows), status = 0;

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(rows, 1, c->last_id);
	sqlite3_bind_int64(rows, 2, c->process_id * IRT_CCT_ID_SPAN);
	while (!status && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(rows, 0), parent = sqlite3_column_int64(rows, 1);
		int64_t ordinal = sqlite3_column_int64(rows, 2), function = sqlite3_column_int64(rows, 3);
		status = parent < 0 || ordinal < 0 || ordinal > UINT32_MAX || function < 0 || function > UINT32_MAX ? INSTR_ERR_FORMAT
			: irt_contexts_add(c->map, (uint32_t)(id % IRT_CCT_ID_SPAN), (uint32_t)(parent % IRT_CCT_ID_SPAN), (uint32_t)ordinal,
					   (uint32_t)function);
		if (status == INSTR_ERR_MEMORY)
			rc = SQLITE_NOMEM;
		else if (status)
			rc = sql_fail(table, SQLITE_CORRUPT, "calling context %lld cannot be", (long long)id);
		c->last_id = id;
		c->count++;
	}
	if (!status && rc != SQLITE_DONE)
		rc = sql_fail_here(table, source, rc);
	sqlite3_finalize(rows);
	return status ? rc : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sql_contexts_of(struct sql_source *source, sqlite3_vtab *table, int64_t process_id, struct irt_contexts **contexts)
{
	struct sql_contexts *c = find_contexts(source, process_id);
	int rc;

	if (!c) {
		forget_contexts(source);
		if (!irt_grow(&source->contexts, &source->context_room, source->context_count + 1, sizeof(*source->contexts)))
			return SQLITE_NOMEM;
		c = &source->contexts[source->context_count];
		*c = (struct sql_contexts){.process_id = process_id, .last_id = (process_id - 1) * IRT_CCT_ID_SPAN};
		if (irt_contexts_create(&c->map))
			return SQLITE_NOMEM;
		source->context_count++;
	}
	/* A decoder that has the map open takes it for as large as it was; nor can there be more in its transaction. */
	if (!c->users && c->query != source->query && (rc = load_contexts(source, table, c)) != SQLITE_OK)
		return rc;
	c->query = source->query;
	c->users++;
	*contexts = c->map;
	return SQLITE_OK;
}

void sql_contexts_leave(struct sql_source *source, int64_t process_id)
{
	struct sql_contexts *c = find_contexts(source, process_id);

	if (c && c->users)
		c->users--;
}
