/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * functions.c - SQL functions beside the tables.
 *
 *     context_path(context_id)         "main;parse;lookup": functions of a calling context, the outermost first; NULL: there
 *                                      is none, '' for the root of a process
 *     duration_text(ns)                "1.23 ms": three digits and a unit, as reports have it
 *     ticks_of(ns), ns_of(ticks)       times since the start of the run: the first tick at that time; the time of a tick
 *     ns_of_ticks(ticks)               a duration
 *     quantile(histogram, q)           of the values in a histogram of the trace, q from 0 to 1: in ticks, or in bytes
 *     overlap(start, end, start, end)  how much two intervals have in common; an end that is NULL has not come
 *     chunks_read()                    how many chunks of events this connection has read so far
 */
#include "sql/internal.h"

#include <string.h>

#include "fold/histogram.h"

enum { MOST_LEVELS = 1 << 16, PATH_BYTES = 1 << 20 };

/* Messages of functions go where those of tables do. */
static void fail(sqlite3_context *out, sqlite3_vtab *table, int rc)
{
	if (rc == SQLITE_NOMEM)
		sqlite3_result_error_nomem(out);
	else
		sqlite3_result_error(out, table->zErrMsg ? table->zErrMsg : "it cannot be read", -1);
	sqlite3_free(table->zErrMsg);
}

/* ---- calling contexts ------------------------------------------------------------------------------- */

/* Puts "NAME" or "NAME;" in front of the path, which lies at the end of the room. false: there is no more room. */
static bool put_in_front(char *room, size_t *at, const unsigned char *name, size_t bytes, bool is_last)
{
	if (*at < bytes + 1)
		return false;
	if (!is_last)
		room[--*at] = ';';
	*at -= bytes;
	memcpy(room + *at, name, bytes);
	return true;
}

static void context_path(sqlite3_context *out, int count, sqlite3_value **values)
{
	struct sql_source *source = sqlite3_user_data(out);
	sqlite3_vtab table = {0};
	sqlite3_stmt *up = NULL;
	size_t at = PATH_BYTES;
	bool found = false;
	int rc, levels = 0;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	if ((rc = sql_prepare(source, &table, SQL_UP, &up)) != SQLITE_OK) {
		fail(out, &table, rc);
		return;
	}
	char *room = sqlite3_malloc(PATH_BYTES);
	if (!room)
		rc = SQLITE_NOMEM;
	for (int64_t id = sqlite3_value_int64(values[0]); rc == SQLITE_OK && levels < MOST_LEVELS; levels++) {
		sqlite3_bind_int64(up, 1, id);
		if ((rc = sqlite3_step(up)) != SQLITE_ROW) {
			rc = rc == SQLITE_DONE ? SQLITE_OK : sql_fail_here(&table, source, rc);
			break;
		}
		rc = SQLITE_OK;
		found = true;
		if (sqlite3_column_type(up, 0) == SQLITE_NULL) /* the root is no call */
			break;
		const unsigned char *name = sqlite3_column_text(up, 1);
		size_t bytes = (size_t)sqlite3_column_bytes(up, 1);
		if (name && !put_in_front(room, &at, name, bytes, at == PATH_BYTES)) {
			put_in_front(room, &at, (const unsigned char *)"...", at < 4 ? 0 : 3, false);
			break;
		}
		id = sqlite3_column_int64(up, 0);
		sqlite3_reset(up);
	}
	sqlite3_finalize(up);
	if (rc != SQLITE_OK)
		fail(out, &table, rc);
	else if (found)
		sqlite3_result_text(out, room + at, (int)(PATH_BYTES - at), SQLITE_TRANSIENT);
	sqlite3_free(room);
}

/* ---- time ------------------------------------------------------------------------------------------- */

static void duration_text(sqlite3_context *out, int count, sqlite3_value **values)
{
	static const struct {
		double ns, end; /* the next unit takes over from so many of this one on */
		const char *unit;
	} steps[] = {{1e3, 999.5, "\xC2\xB5s"}, {1e6, 999.5, "ms"}, {1e9, 999.5, "s"}, {60e9, 119.5, "min"}, {3600e9, 71.95, "h"}, {86400e9, 1e300, "d"}};
	const int64_t ns = sqlite3_value_int64(values[0]);
	const double size = ns < 0 ? -(double)ns : (double)ns;
	char text[40];
	size_t i = 0;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	while (size >= 1000 && size / steps[i].ns >= steps[i].end)
		i++;
	const double value = size / steps[i].ns;
	if (size < 1000)
		sqlite3_snprintf(sizeof(text), text, "%lld ns", (long long)ns);
	else
		sqlite3_snprintf(sizeof(text), text, "%s%.*f %s", ns < 0 ? "-" : "", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, steps[i].unit);
	sqlite3_result_text(out, text, -1, SQLITE_TRANSIENT);
}

static bool is_ready(sqlite3_context *out, sqlite3_value *value, struct sql_source *source)
{
	sqlite3_vtab table = {0};

	if (sqlite3_value_type(value) == SQLITE_NULL)
		return false;
	int rc = source->has_clocks ? SQLITE_OK : sql_source_begin(source, &table);
	if (rc != SQLITE_OK)
		fail(out, &table, rc);
	return rc == SQLITE_OK;
}

static void ticks_of(sqlite3_context *out, int count, sqlite3_value **values)
{
	struct sql_source *source = sqlite3_user_data(out);

	(void)count;
	if (is_ready(out, values[0], source))
		sqlite3_result_int64(out, sql_ticks_at(source, sqlite3_value_int64(values[0])));
}

static void ns_of(sqlite3_context *out, int count, sqlite3_value **values)
{
	struct sql_source *source = sqlite3_user_data(out);

	(void)count;
	if (is_ready(out, values[0], source))
		sqlite3_result_int64(out, sql_ns_of(source, sqlite3_value_int64(values[0])));
}

static void ns_of_ticks(sqlite3_context *out, int count, sqlite3_value **values)
{
	struct sql_source *source = sqlite3_user_data(out);

	(void)count;
	if (is_ready(out, values[0], source))
		sqlite3_result_int64(out, sql_duration_ns(source, sqlite3_value_int64(values[0])));
}

static int64_t end_of(sqlite3_value *value) { return sqlite3_value_type(value) == SQLITE_NULL ? INT64_MAX : sqlite3_value_int64(value); }

static void overlap(sqlite3_context *out, int count, sqlite3_value **values)
{
	const int64_t from = sqlite3_value_int64(values[0]), other = sqlite3_value_int64(values[2]);
	const int64_t to = end_of(values[1]), other_to = end_of(values[3]);
	const int64_t start = from > other ? from : other, end = to < other_to ? to : other_to;
	int64_t common;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[2]) == SQLITE_NULL)
		return;
	if (start >= end)
		common = 0;
	else if (end == INT64_MAX || __builtin_sub_overflow(end, start, &common))
		return; /* neither has ended: nobody knows */
	sqlite3_result_int64(out, common);
}

/* ---- histograms ------------------------------------------------------------------------------------- */

static void quantile(sqlite3_context *out, int count, sqlite3_value **values)
{
	struct irt_histogram h = {0};
	const double q = sqlite3_value_double(values[1]);
	const void *bytes = sqlite3_value_blob(values[0]);

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL)
		return;
	int status = irt_histogram_read(&h, bytes, (size_t)sqlite3_value_bytes(values[0]));
	if (status == INSTR_ERR_MEMORY)
		sqlite3_result_error_nomem(out);
	else if (status)
		sqlite3_result_error(out, "a histogram is damaged", -1);
	else if (!(q >= 0 && q <= 1))
		sqlite3_result_error(out, "the second argument of quantile is a number from 0 to 1", -1);
	else if (irt_histogram_count(&h))
		sqlite3_result_int64(out, (sqlite3_int64)irt_histogram_quantile(&h, (unsigned)(q * 1000 + 0.5), 0, INT64_MAX));
	irt_histogram_fini(&h);
}

static void chunks_read(sqlite3_context *out, int count, sqlite3_value **values)
{
	const struct sql_source *source = sqlite3_user_data(out);

	(void)count;
	(void)values;
	sqlite3_result_int64(out, source->chunks_read);
}

int sql_add_functions(struct sql_source *source)
{
	static const struct {
		const char *name;
		int arguments, flags;
		void (*function)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{"context_path", 1, 0, context_path}, {"duration_text", 1, SQLITE_DETERMINISTIC, duration_text}, {"ticks_of", 1, 0, ticks_of},
		{"ns_of", 1, 0, ns_of}, {"ns_of_ticks", 1, 0, ns_of_ticks}, {"quantile", 2, SQLITE_DETERMINISTIC, quantile},
		{"overlap", 4, SQLITE_DETERMINISTIC, overlap}, {"chunks_read", 0, 0, chunks_read},
	};
	int rc = instr_sql_add_histograms(source->db);

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions) && rc == SQLITE_OK; i++) {
		source->users++;
		rc = sqlite3_create_function_v2(source->db, functions[i].name, functions[i].arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY | functions[i].flags,
						source, functions[i].function, NULL, NULL, sql_source_leave);
	}
	return rc;
}
