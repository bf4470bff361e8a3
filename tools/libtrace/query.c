/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * query.c - runs the queries of sql/. Each file is one SELECT that any SQLite tool can run, too: a
 * stretch between the comments "sort" and "end" is the order by default, and named parameters stand
 * for what a report is asked to narrow down to.
 */
#include "libtrace/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instr/schema.h"

enum { VIEWS_MAX = 256 }; /* and tables */

struct tr_query {
	struct tr_trace *trace;
	sqlite3_stmt *statement;
	char *expanded; /* tr_sql */
	unsigned rows;
	int is_asked; /* tr_ask */
};

static const char *find_text(const char *name)
{
	for (const struct tr_embedded *q = tr_embedded_queries; q->name; q++)
		if (!strcmp(q->name, name))
			return q->text;
	return NULL;
}

static char *with_sort(const char *text, const char *sort)
{
	static const char begin[] = "/*sort*/", end[] = "/*end*/";
	sqlite3_str *sql = sqlite3_str_new(NULL);
	const char *from, *to;

	while (sort && (from = strstr(text, begin)) && (to = strstr(from, end))) {
		sqlite3_str_append(sql, text, (int)(from - text));
		sqlite3_str_appendall(sql, sort);
		text = to + sizeof(end) - 1;
	}
	sqlite3_str_appendall(sql, text);
	return sqlite3_str_finish(sql);
}

static int bind_glob(sqlite3_stmt *statement, int at, const char *name)
{
	char *glob = tr_glob_of(name);

	return glob ? sqlite3_bind_text(statement, at, glob, -1, sqlite3_free) : SQLITE_NOMEM;
}

static int bind(sqlite3_stmt *statement, const struct tr_argument *arguments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct tr_argument *a = &arguments[i];
		char name[64];
		sqlite3_snprintf(sizeof(name), name, ":%s", a->name);
		int at = sqlite3_bind_parameter_index(statement, name);
		int rc = SQLITE_OK;
		if (!at)
			continue;
		if (a->type == TR_INTEGER)
			rc = sqlite3_bind_int64(statement, at, a->integer);
		else if (a->type == TR_REAL)
			rc = sqlite3_bind_double(statement, at, a->real);
		else if (a->type == TR_TEXT)
			rc = sqlite3_bind_text(statement, at, a->text, -1, SQLITE_TRANSIENT);
		else if (a->type == TR_PATTERN && tr_is_regex(a->text))
			rc = sqlite3_bind_text(statement, at, a->text, -1, SQLITE_TRANSIENT);
		else if (a->type == TR_PATTERN)
			rc = bind_glob(statement, at, a->text);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

int tr_prepare_text(struct tr_trace *trace, sqlite3_stmt **statement, const char *text, const char *sort,
		    const struct tr_argument *arguments, size_t count, struct tr_error *error)
{
	char *sql = with_sort(text, sort);
	int rc = SQLITE_NOMEM, status = 0;

	*statement = NULL;
	for (size_t i = 0; i < count && sql && !status; i++)
		if (arguments[i].type == TR_PATTERN && tr_is_regex(arguments[i].text))
			status = tr_put_regex(trace, &sql, &arguments[i], error);
	if (!status && sql) {
		tr_refill_steps(trace);
		rc = tr_prepare_sql(trace, sql, statement);
		if (rc == SQLITE_OK)
			rc = bind(*statement, arguments, count);
	}
	sqlite3_free(sql);
	if (!status && rc != SQLITE_OK)
		status = tr_fail_sqlite(trace, rc, error);
	if (status) {
		sqlite3_finalize(*statement);
		*statement = NULL;
	}
	return status;
}

static int prepare_query(struct tr_trace *trace, struct tr_query **out, const char *text, const char *sort,
			 const struct tr_argument *arguments, size_t count, struct tr_error *error)
{
	struct tr_query *query = calloc(1, sizeof(*query));
	int status = query ? 0 : tr_fail_sqlite(trace, SQLITE_NOMEM, error);

	*out = NULL;
	if (!status)
		status = tr_prepare_text(trace, &query->statement, text, sort, arguments, count, error);
	if (status) {
		free(query);
		return status;
	}
	query->trace = trace;
	*out = query;
	return 0;
}

int tr_prepare(struct tr_trace *trace, struct tr_query **out, const char *name, const char *sort,
	       const struct tr_argument *arguments, size_t count, struct tr_error *error)
{
	const char *text = find_text(name);

	*out = NULL;
	if (!text)
		return tr_fail(error, INSTR_ERR_NOT_FOUND, trace->path, "this program has no query named %s", name);
	return prepare_query(trace, out, text, sort, arguments, count, error);
}

/* What stands behind each "CREATE VIEW", then behind each "CREATE TABLE". */
const char *tr_view_name(size_t index)
{
	static const struct { const char *text, *create; } parts[] = {{instr_views_sql, "\nCREATE VIEW "}, {instr_schema_sql, "\nCREATE TABLE "}};
	static char names[VIEWS_MAX][64];
	static size_t count, next;

	for (; next < sizeof(parts) / sizeof(parts[0]); next++)
		for (const char *at = parts[next].text; count < VIEWS_MAX && (at = strstr(at, parts[next].create));) {
			at += strlen(parts[next].create);
			snprintf(names[count++], sizeof(names[0]), "%.*s", (int)strcspn(at, " ("), at);
		}
	return index < count ? names[index] : NULL;
}

int tr_prepare_view(struct tr_trace *trace, struct tr_query **out, const char *view, struct tr_error *error)
{
	const char *name;
	char text[100];

	*out = NULL;
	for (size_t i = 0; (name = tr_view_name(i)); i++) {
		if (strcmp(name, view))
			continue;
		snprintf(text, sizeof(text), "SELECT * FROM %s;", name);
		return prepare_query(trace, out, text, NULL, NULL, 0, error);
	}
	return tr_fail(error, INSTR_ERR_NOT_FOUND, trace->path, "there is no view named %s", view);
}

/* What goes wrong with a query of the user's is mostly not the file's fault. */
static int asked_failed(struct tr_trace *trace, int rc, struct tr_error *error)
{
	switch (rc & 0xff) {
	case SQLITE_INTERRUPT:
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "the query takes longer than half an hour of the processor");
	case SQLITE_NOMEM:
		return tr_fail(error, INSTR_ERR_MEMORY, trace->path, "the query takes too much memory");
	case SQLITE_ERROR:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH:
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "the query has no answer: %s", sqlite3_errmsg(trace->db));
	default:
		return tr_fail_sqlite(trace, rc, error);
	}
}

static int asked_wrongly(struct tr_error *error, const char *format, const char *what)
{
	sqlite3_snprintf(sizeof(error->text), error->text, format, what);
	return error->code = INSTR_ERR_NOT_FOUND;
}

/* Is the text this statement, and nothing behind it? (The rest of the text, as a statement of its own, is none.) */
static int is_all(sqlite3_stmt *statement, const char *sql)
{
	sqlite3_stmt *next = NULL;
	int rc = sqlite3_prepare_v2(sqlite3_db_handle(statement), sql + strlen(sqlite3_sql(statement)), -1, &next, NULL);
	int all = rc == SQLITE_OK && !next;

	sqlite3_finalize(next);
	return all;
}

static int is_late(void *trace)
{
	return tr_is_late(trace);
}

static void go_back(struct tr_trace *trace)
{
	sqlite3_exec(trace->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	trace->locked_down = 1;
}

int tr_begin_tables(struct tr_trace *trace, struct tr_error *error)
{
	trace->locked_down = 0; /* the statements are ours */
	tr_refill_steps(trace);
	int rc = sqlite3_exec(trace->db, "PRAGMA query_only = OFF; BEGIN", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	int status = tr_fail_sqlite(trace, rc, error);
	go_back(trace);
	return status;
}

int tr_end_tables(struct tr_trace *trace, int status, struct tr_error *error)
{
	int rc = status ? SQLITE_OK : sqlite3_exec(trace->db, "COMMIT", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		status = tr_fail_sqlite(trace, rc, error);
	if (status) {
		if (!sqlite3_get_autocommit(trace->db)) /* SQLite may have done so itself */
			sqlite3_exec(trace->db, "ROLLBACK", NULL, NULL, NULL);
		tr_forget_views(trace);
	}
	go_back(trace);
	return status == INSTR_ERR_MEMORY ? tr_fail(error, status, trace->path, "there is not enough memory to read it") : status;
}

/* Once. SQLite asks the authorizer about the shape of a virtual table when it is named first. */
static int add_tables(struct tr_trace *trace)
{
	static const char naming_all[] = "SELECT 1 FROM calls, events, allocations, lock_ops, blocks, event_counts, event_histogram, heap_at";
	sqlite3_stmt *statement = NULL;
	const int was_locked = trace->locked_down;

	if (trace->sql_limit.is_late)
		return SQLITE_OK;
	trace->sql_limit = (struct instr_sql_limit){.is_late = is_late, .user = trace};
	trace->locked_down = 0;
	int rc = instr_sql_register(trace->db, &trace->sql_limit);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(trace->db, naming_all, -1, &statement, NULL);
	sqlite3_finalize(statement);
	trace->locked_down = was_locked;
	return rc;
}

int tr_ask(struct tr_trace *trace, struct tr_query **out, const char *sql, struct tr_error *error)
{
	struct tr_query *query = calloc(1, sizeof(*query));
	int rc = SQLITE_NOMEM;

	*out = NULL;
	if (!query)
		return tr_fail_sqlite(trace, rc, error);
	*query = (struct tr_query){.trace = trace, .is_asked = 1};
	tr_lift_steps(trace);
	int status = 0;
	rc = add_tables(trace);
	if (rc == SQLITE_OK)
		rc = tr_prepare_sql(trace, sql, &query->statement);
	if (rc == SQLITE_AUTH)
		status = asked_wrongly(error, "a query can only read: %s", "it is SELECT ...");
	else if (rc == SQLITE_ERROR)
		status = asked_wrongly(error, "%s", sqlite3_errmsg(trace->db));
	else if (rc != SQLITE_OK)
		status = asked_failed(trace, rc, error);
	else if (!query->statement || !sqlite3_column_count(query->statement))
		status = asked_wrongly(error, "%s", "that is no query: it has no answer");
	else if (!is_all(query->statement, sql))
		status = asked_wrongly(error, "%s", "that is more than one query");
	if (status) {
		tr_finish(query);
		return status;
	}
	*out = query;
	return 0;
}

int tr_next(struct tr_query *query, struct tr_error *error)
{
	enum { ROWS_PER_LOOK = 64 }; /* at the time: long values take it outside of SQLite's steps */
	int rc = sqlite3_step(query->statement);
	if (rc == SQLITE_ROW && ++query->rows % ROWS_PER_LOOK == 0 && tr_is_late(query->trace))
		rc = SQLITE_INTERRUPT;
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : query->is_asked ? asked_failed(query->trace, rc, error) : tr_fail_sqlite(query->trace, rc, error);
}

void tr_finish(struct tr_query *query)
{
	if (!query)
		return;
	sqlite3_finalize(query->statement);
	sqlite3_free(query->expanded);
	free(query);
}

size_t tr_columns(const struct tr_query *query)
{
	return (size_t)sqlite3_column_count(query->statement);
}

const char *tr_column_name(const struct tr_query *query, size_t column)
{
	const char *name = sqlite3_column_name(query->statement, (int)column);
	return name ? name : "";
}

size_t tr_column(const struct tr_query *query, const char *name)
{
	size_t at = 0;
	while (at < tr_columns(query) && strcmp(tr_column_name(query, at), name))
		at++;
	return at;
}

enum tr_type tr_type(struct tr_query *query, size_t column)
{
	switch (sqlite3_column_type(query->statement, (int)column)) {
	case SQLITE_INTEGER:
		return TR_INTEGER;
	case SQLITE_FLOAT:
		return TR_REAL;
	case SQLITE_TEXT:
		return TR_TEXT;
	case SQLITE_BLOB:
		return TR_BLOB;
	default:
		return TR_NULL;
	}
}

int64_t tr_integer(struct tr_query *query, size_t column)
{
	return sqlite3_column_int64(query->statement, (int)column);
}

double tr_real(struct tr_query *query, size_t column)
{
	return sqlite3_column_double(query->statement, (int)column);
}

const char *tr_text(struct tr_query *query, size_t column, size_t *bytes)
{
	const char *text = (const char *)sqlite3_column_text(query->statement, (int)column);
	if (bytes)
		*bytes = text ? (size_t)sqlite3_column_bytes(query->statement, (int)column) : 0;
	return text ? text : "";
}

const char *tr_sql(struct tr_query *query)
{
	if (!query->expanded)
		query->expanded = sqlite3_expanded_sql(query->statement);
	return query->expanded ? query->expanded : "";
}

int64_t tr_now_ns(struct tr_trace *trace)
{
	sqlite3_stmt *start = NULL;
	struct timespec now;
	int64_t ns = -1;

	if (trace->writer != TR_WRITER_LIVE || clock_gettime(CLOCK_MONOTONIC, &now))
		return -1;
	tr_refill_steps(trace);
	if (tr_prepare_sql(trace, "SELECT min(monotonic_ns) FROM clocks", &start) == SQLITE_OK &&
	    sqlite3_step(start) == SQLITE_ROW && sqlite3_column_type(start, 0) == SQLITE_INTEGER &&
	    __builtin_sub_overflow((int64_t)now.tv_sec * 1000000000 + now.tv_nsec, sqlite3_column_int64(start, 0), &ns))
		ns = -1;
	sqlite3_finalize(start);
	return ns;
}

int tr_find_ticks(struct tr_trace *trace, int64_t ns, int64_t *ticks, struct tr_error *error)
{
	sqlite3_stmt *anchor = NULL;
	int status = 0;
	int rc = tr_prepare_sql(trace, "SELECT ticks, ns, ns_per_tick FROM anchors WHERE ns <= ?1 ORDER BY ticks DESC LIMIT 1", &anchor);

	*ticks = INT64_MIN;
	if (rc != SQLITE_OK)
		return tr_fail_sqlite(trace, rc, error);
	sqlite3_bind_int64(anchor, 1, ns);
	rc = sqlite3_step(anchor);
	if (rc == SQLITE_ROW) {
		int64_t from = sqlite3_column_int64(anchor, 0), from_ns = sqlite3_column_int64(anchor, 1);
		double rate = sqlite3_column_double(anchor, 2), steps = rate > 0 ? ((double)ns + 1 - (double)from_ns) / rate : 0;
		int64_t n = steps < 0x1p62 ? (int64_t)steps : INT64_MAX / 2;
		while (n > 0 && (double)from_ns + (double)n * rate >= (double)ns + 1)
			n--;
		*ticks = n > INT64_MAX - from ? INT64_MAX : from + n;
	} else if (rc != SQLITE_DONE) {
		status = tr_fail_sqlite(trace, rc, error);
	}
	sqlite3_finalize(anchor);
	return status;
}
