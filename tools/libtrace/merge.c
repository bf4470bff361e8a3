/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * merge.c - several traces as one: their totals, in a file of its own that is opened and removed.
 *
 *     each trace ─► tr_open (with all its guards) ─► its tables, row by row ─► merged file ─► tr_open
 *
 * Processes, threads, contexts and locks stay apart: their numbers move behind those of the trace before, as
 * schema.sql says how each follows from its process's. Functions, sites and modules that are the same are one row. Columns are known by
 * their names. Events stay behind, and so does what only the next event could be added to.
 *
 * All runs begin at the same moment, and one rate makes nanoseconds of their ticks: the first one's. So rates must be the same but for what
 * measuring them is off by.
 */
#include "libtrace/internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fold/array.h"
#include "instr/schema.h"

enum { CONTEXTS_PER_PROCESS = 1 << 21, LOCKS_PER_PROCESS = 131072, PAGE_BYTES = 4096, MOST_COLUMNS = 64 };
static const double most_apart = 1e-3; /* of rates */
static const char unit_separator = '\x1f';

/* What happens to the values of a column. */
enum column { AS_IT_IS, PROCESS, THREAD, CONTEXT, FUNCTION, SITE, MODULE, LOCK, WAIT, NUMBER, GATES };

struct map { /* old numbers to new ones, by ascending old */
	struct pair {
		int64_t old, new;
	} *pairs;
	size_t count, room;
};

struct merge {
	sqlite3 *db;
	struct tr_trace *source;
	struct tr_error *error;
	const char *first; /* path */
	sqlite3_stmt *add_whole; /* a row of function_totals that is of the whole run of a trace */
	struct map functions, sites, modules;
	int64_t processes, threads; /* numbers taken by the traces before */
	int64_t next_id;            /* of functions and sites, and of modules */
	int64_t stored_bytes;
	double ns_per_tick;         /* of the first */
	int live;
};

static int failed(struct merge *m)
{
	const char *path = m->source ? m->source->path : m->first;
	int rc = sqlite3_extended_errcode(m->db);

	if ((rc & 0xff) == SQLITE_FULL)
		return tr_fail(m->error, INSTR_ERR_IO, path, "there is no room to add it to the others (TMPDIR)");
	if ((rc & 0xff) == SQLITE_NOMEM)
		return tr_fail(m->error, INSTR_ERR_MEMORY, path, "there is not enough memory to read it");
	return tr_fail(m->error, INSTR_ERR_FORMAT, path, "damaged: it cannot be added to the others: %s", sqlite3_errmsg(m->db));
}

static int run(struct merge *m, const char *sql)
{
	return sqlite3_exec(m->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(m);
}

static int prepare_source(struct merge *m, const char *sql, sqlite3_stmt **statement)
{
	tr_refill_steps(m->source);
	int rc = tr_prepare_sql(m->source, sql, statement);
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(m->source, rc, m->error);
}

static int64_t source_number(struct merge *m, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *s = NULL;
	int64_t value = otherwise;

	if (!prepare_source(m, sql, &s) && sqlite3_step(s) == SQLITE_ROW)
		value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return value;
}

/* ---- functions, sites, modules -------------------------------------------------------------------------- */

static int add_pair(struct merge *m, struct map *map, int64_t old, int64_t new)
{
	if (!irt_grow(&map->pairs, &map->room, map->count + 1, sizeof(*map->pairs)))
		return tr_fail(m->error, INSTR_ERR_MEMORY, m->source->path, "there is not enough memory to read it");
	map->pairs[map->count++] = (struct pair){old, new};
	return 0;
}

static int64_t mapped(const struct map *map, int64_t old)
{
	size_t from = 0, to = map->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (map->pairs[middle].old == old)
			return map->pairs[middle].new;
		if (map->pairs[middle].old < old)
			from = middle + 1;
		else
			to = middle;
	}
	return 0;
}

/* Finds for each row of a table the row that is the same in the traces before, by its key columns; what is there twice in one
 * trace is not the same. Others get new numbers. */
static int map_table(struct merge *m, struct map *map, const char *id, const char *table, const char *keys)
{
	char *sql = sqlite3_mprintf("SELECT %s, row_number() OVER (PARTITION BY %s ORDER BY %s), %s FROM main.%s WHERE %s <> 0 ORDER BY %s", id, keys, id,
				    keys, table, id, id);
	sqlite3_stmt *from = NULL, *find = NULL, *add = NULL;
	int rc = SQLITE_DONE, status = sql ? prepare_source(m, sql, &from) : tr_fail(m->error, INSTR_ERR_MEMORY, m->source->path, "there is not enough memory to read it");

	map->count = 0;
	sqlite3_free(sql);
	if (!status && (sqlite3_prepare_v2(m->db, "SELECT id FROM work.known WHERE key = ?1", -1, &find, NULL) ||
			sqlite3_prepare_v2(m->db, "INSERT INTO work.known VALUES (?1, ?2)", -1, &add, NULL)))
		status = failed(m);
	while (!status && (rc = sqlite3_step(from)) == SQLITE_ROW) {
		sqlite3_str *text = sqlite3_str_new(m->db);
		sqlite3_str_appendall(text, table);
		for (int i = 1; i < sqlite3_column_count(from); i++) {
			const char *part = (const char *)sqlite3_column_text(from, i);
			sqlite3_str_appendchar(text, 1, part ? unit_separator : '\x1e');
			sqlite3_str_appendall(text, part ? part : "");
		}
		char *key = sqlite3_str_finish(text);
		int64_t new;
		if (!key || sqlite3_bind_text(find, 1, key, -1, SQLITE_STATIC)) {
			status = failed(m);
		} else if (sqlite3_step(find) == SQLITE_ROW) {
			new = sqlite3_column_int64(find, 0);
			status = add_pair(m, map, sqlite3_column_int64(from, 0), new);
		} else {
			new = ++m->next_id;
			sqlite3_bind_text(add, 1, key, -1, SQLITE_STATIC);
			sqlite3_bind_int64(add, 2, new);
			if (sqlite3_step(add) != SQLITE_DONE)
				status = failed(m);
			else
				status = add_pair(m, map, sqlite3_column_int64(from, 0), new);
			sqlite3_reset(add);
		}
		sqlite3_reset(find);
		sqlite3_free(key);
	}
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(m->source, rc, m->error);
	sqlite3_finalize(from);
	sqlite3_finalize(find);
	sqlite3_finalize(add);
	return status;
}

/* ---- rows ----------------------------------------------------------------------------------------------- */

static int ends_with(const char *text, const char *end)
{
	size_t bytes = strlen(text), tail = strlen(end);
	return bytes >= tail && !strcmp(text + bytes - tail, end);
}

static enum column kind_of(const char *table, const char *name)
{
	static const struct {
		const char *end;
		enum column kind;
	} kinds[] = {
		{"process_id", PROCESS}, {"thread_id", THREAD}, {"context_id", CONTEXT}, {"function_id", FUNCTION}, {"site_id", SITE},
		{"module_id", MODULE}, {"lock_id", LOCK}, {"wait_id", WAIT}, {"resizer", THREAD}, {"gates", GATES},
	};
	if (!strcmp(name, "load_id") || !strcmp(name, "loss_id") || !strcmp(name, "message_id"))
		return NUMBER;
	if (!strcmp(table, "contexts") && !strcmp(name, "parent_id"))
		return CONTEXT;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (ends_with(name, kinds[i].end))
			return kinds[i].kind;
	return AS_IT_IS;
}

/* INT64_MIN: too large for a trace of ours. */
static int64_t moved(int64_t value, int64_t per_process, int64_t processes)
{
	int64_t by, sum;
	return __builtin_mul_overflow(per_process, processes, &by) || __builtin_add_overflow(value, by, &sum) ? INT64_MIN : sum;
}

static int64_t move_number(const struct merge *m, enum column kind, int64_t value)
{
	switch (kind) {
	case PROCESS:
		return value ? moved(value, 1, m->processes) : 0;
	case THREAD: /* "ended threads" are -process_id */
		return value > 0 ? moved(value, 1, m->threads) : value ? moved(value, -1, m->processes) : 0;
	case CONTEXT: /* -1: not known */
		return value < 0 ? value : moved(value, CONTEXTS_PER_PROCESS, m->processes);
	case LOCK:
		return value ? moved(value, LOCKS_PER_PROCESS, m->processes) : 0;
	case WAIT:
		return moved(value, INT64_C(1) << 32, m->processes);
	case FUNCTION:
		return mapped(&m->functions, value);
	case SITE:
		return mapped(&m->sites, value);
	case MODULE:
		return mapped(&m->modules, value);
	default:
		return value;
	}
}

/* "[3,7]", numbers of locks. */
static void bind_gates(struct merge *m, sqlite3_stmt *into, int at, const char *text)
{
	sqlite3_str *out = sqlite3_str_new(m->db);

	while (text && *text) {
		if (*text >= '0' && *text <= '9') {
			char *end;
			sqlite3_str_appendf(out, "%lld", (long long)move_number(m, LOCK, strtoll(text, &end, 10)));
			text = end;
		} else {
			sqlite3_str_appendchar(out, 1, *text++);
		}
	}
	const int bytes = sqlite3_str_length(out);
	char *moved_text = sqlite3_str_finish(out);
	sqlite3_bind_text(into, at, moved_text, bytes, sqlite3_free); /* NULL: there is no memory; the column must have one */
}

static int copy_rows(struct merge *m, const char *table, sqlite3_stmt *from, sqlite3_stmt *into, const enum column *kinds, int columns)
{
	const int is_functions = !strcmp(table, "functions"), are_totals = !strcmp(table, "function_totals");
	int rc, status = 0;

	while (!status && (rc = sqlite3_step(from)) == SQLITE_ROW) {
		const int64_t first = sqlite3_column_int64(from, 0);
		if (is_functions && !first)
			continue; /* "(unknown)" is there */
		sqlite3_stmt *const to = are_totals && !first ? m->add_whole : into;
		for (int i = 0; i < columns; i++) {
			const int type = sqlite3_column_type(from, i);
			if (type != SQLITE_NULL && kinds[i] == GATES)
				bind_gates(m, to, i + 1, (const char *)sqlite3_column_text(from, i));
			else if (kinds[i] == NUMBER)
				sqlite3_bind_null(to, i + 1); /* the next one */
			else if (type == SQLITE_INTEGER && kinds[i] != AS_IT_IS)
				sqlite3_bind_int64(to, i + 1, move_number(m, kinds[i], sqlite3_column_int64(from, i)));
			else
				sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
		}
		rc = sqlite3_step(to);
		sqlite3_reset(to);
		if (rc != SQLITE_DONE)
			status = failed(m);
	}
	return status ? status : rc == SQLITE_DONE ? 0 : tr_fail_sqlite(m->source, rc, m->error);
}

static int copy_table(struct merge *m, const char *table)
{
	sqlite3_str *select = sqlite3_str_new(m->db), *insert = sqlite3_str_new(m->db);
	sqlite3_stmt *names = NULL, *from = NULL, *into = NULL;
	enum column kinds[MOST_COLUMNS];
	int columns = 0, status = 0;

	sqlite3_str_appendall(select, "SELECT ");
	/* Of functions, sites and modules there is one already if it is the same as one of a trace before. */
	const int same = !strcmp(table, "functions") || !strcmp(table, "sites") || !strcmp(table, "modules");
	sqlite3_str_appendf(insert, "INSERT %sINTO main.\"%w\" VALUES (", same ? "OR IGNORE " : "", table);
	if (sqlite3_prepare_v2(m->db, "SELECT name FROM pragma_table_info(?1, 'main') ORDER BY cid", -1, &names, NULL))
		status = failed(m);
	else
		sqlite3_bind_text(names, 1, table, -1, SQLITE_STATIC);
	while (!status && columns < MOST_COLUMNS && sqlite3_step(names) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(names, 0);
		sqlite3_str_appendf(select, "%s\"%w\"", columns ? ", " : "", name);
		sqlite3_str_appendf(insert, "%s?", columns ? ", " : "");
		kinds[columns++] = kind_of(table, name);
	}
	sqlite3_str_appendf(select, " FROM main.\"%w\"", table);
	sqlite3_str_appendall(insert, ")");
	char *read = sqlite3_str_finish(select), *write = sqlite3_str_finish(insert);
	if (!status && (!read || !write || sqlite3_prepare_v2(m->db, write, -1, &into, NULL)))
		status = failed(m);
	if (!status && !(status = prepare_source(m, read, &from)))
		status = copy_rows(m, table, from, into, kinds, columns);
	sqlite3_finalize(names);
	sqlite3_finalize(from);
	sqlite3_finalize(into);
	sqlite3_free(read);
	sqlite3_free(write);
	return status;
}

/* ---- traces --------------------------------------------------------------------------------------------- */

/* Tables in which every row is of one process, or of a row that is. */
static int copy_tables(struct merge *m)
{
	sqlite3_stmt *tables = NULL;
	int rc, status = 0;

	if (sqlite3_prepare_v2(m->db, "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite*' AND name NOT IN "
			       "('run', 'settings', 'clocks', 'chunks', 'heap_pending', 'lock_pending')", -1, &tables, NULL))
		return failed(m);
	while (!status && (rc = sqlite3_step(tables)) == SQLITE_ROW)
		status = copy_table(m, (const char *)sqlite3_column_text(tables, 0));
	sqlite3_finalize(tables);
	return status;
}

/* run, settings, clocks: the first trace's, but that a run is complete only if all are. */
static int copy_run(struct merge *m, int first)
{
	static const char *const tables[] = {"run", "settings", "clocks"};
	sqlite3_stmt *s = NULL;
	int status = 0;

	for (size_t i = 0; first && !status && i < sizeof(tables) / sizeof(*tables); i++)
		status = copy_table(m, tables[i]);
	if (status || first || (status = prepare_source(m, "SELECT 1 FROM run WHERE key = 'state' AND value = 'recording'", &s)))
		return status;
	if (sqlite3_step(s) == SQLITE_ROW)
		status = run(m, "UPDATE run SET value = 'recording' WHERE key = 'state'");
	sqlite3_finalize(s);
	return status;
}

static int check_rate(struct merge *m, int first)
{
	sqlite3_stmt *s = NULL;
	int status = prepare_source(m, "SELECT ns_per_tick FROM rate", &s);

	if (!status && sqlite3_step(s) == SQLITE_ROW) {
		double rate = sqlite3_column_double(s, 0);
		if (first)
			m->ns_per_tick = rate;
		else if (!(fabs(rate - m->ns_per_tick) <= most_apart * fabs(m->ns_per_tick)))
			status = tr_fail(m->error, INSTR_ERR_FORMAT, m->source->path,
					 "its clock ticks every %.4g ns, that of the first trace every %.4g ns: they cannot be added up", rate, m->ns_per_tick);
	}
	sqlite3_finalize(s);
	return status;
}

static int add_trace(struct merge *m, int first)
{
	static const char most_processes[] = "SELECT max(process_id) FROM processes", most_threads[] = "SELECT max(thread_id) FROM threads";
	char pages[80];
	int status;

	/* What a file can be made to grow to. */
	m->stored_bytes += tr_stored_bytes(m->source);
	snprintf(pages, sizeof(pages), "PRAGMA max_page_count = %lld", (long long)(m->stored_bytes / PAGE_BYTES * 4 + 16384));
	if ((status = run(m, pages)) || (status = check_rate(m, first)) || (status = copy_run(m, first)) ||
	    (status = map_table(m, &m->modules, "module_id", "modules", "path, build_id")) ||
	    (status = map_table(m, &m->functions, "function_id", "functions", "name, linkage_name, file, instrumented")) ||
	    (status = map_table(m, &m->sites, "site_id", "sites", "kind, family, name, type, file, line, column")) || (status = copy_tables(m)))
		return status;
	m->live |= tr_writer(m->source) == TR_WRITER_LIVE;
	m->processes = moved(m->processes, source_number(m, most_processes, 0), 1);
	m->threads = moved(m->threads, source_number(m, most_threads, 0), 1);
	return m->processes < 0 || m->threads < 0 ? tr_fail(m->error, INSTR_ERR_FORMAT, m->source->path, "damaged: a number is too large") : 0;
}

/* The rows of the whole run, from those of the whole runs; percentiles from the histograms. */
static const char add_up[] =
	"INSERT INTO function_totals SELECT 0, s.function_id, s.calls, s.returns, s.unwound, s.open, s.orphans, s.total_ticks, s.self_ticks,"
	" s.min_ticks, q.p50, q.p99, s.max_ticks "
	"FROM (SELECT function_id, sum(calls) AS calls, sum(returns) AS returns, sum(unwound) AS unwound, sum(open) AS open, sum(orphans) AS orphans,"
	" sum(total_ticks) AS total_ticks, sum(self_ticks) AS self_ticks, min(min_ticks) AS min_ticks, max(max_ticks) AS max_ticks"
	" FROM work.whole GROUP BY function_id) s "
	"LEFT JOIN (SELECT c.function_id, histogram_quantile(t.histogram, 0.5, t.min_ticks, t.max_ticks) AS p50,"
	" histogram_quantile(t.histogram, 0.99, t.min_ticks, t.max_ticks) AS p99"
	" FROM totals t JOIN threads h ON h.thread_id = t.thread_id AND h.flags < 32 JOIN contexts c ON c.context_id = t.context_id"
	" GROUP BY c.function_id) q ON q.function_id = s.function_id";

static int create(struct merge *m, const char *path)
{
	char numbers[120];
	int status;

	snprintf(numbers, sizeof(numbers), "PRAGMA application_id = %d; PRAGMA user_version = %d", INSTR_APPLICATION_ID, INSTR_SCHEMA_VERSION);
	if (sqlite3_open_v2(path, &m->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
		return failed(m);
	sqlite3_extended_result_codes(m->db, 1);
	if ((status = run(m, "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
			     "PRAGMA cache_size = -16384; ATTACH ':memory:' AS work; CREATE TABLE work.known (key TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID; BEGIN")) ||
	    (status = run(m, instr_schema_sql)) || (status = run(m, numbers)))
		return status;
	if ((status = run(m, "CREATE TABLE work.whole AS SELECT * FROM main.function_totals WHERE 0")))
		return status;
	if (sqlite3_prepare_v2(m->db, "INSERT INTO work.whole VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1, &m->add_whole, NULL))
		return failed(m);
	return instr_sql_add_histograms(m->db) ? failed(m) : 0;
}

static int merge(struct merge *m, const char *const *paths, size_t count, const char *path)
{
	int status = create(m, path);

	for (size_t i = 0; i < count && !status; i++) {
		if ((status = tr_open_tables(&m->source, paths[i], m->error)))
			break;
		status = add_trace(m, !i);
		tr_close(m->source);
		m->source = NULL;
	}
	if (!status && !(status = run(m, add_up)))
		status = run(m, "COMMIT");
	return status;
}

/* "a.db, b.db and 3 more" */
static char *name_all(const char *const *paths, size_t count)
{
	sqlite3_str *text = sqlite3_str_new(NULL);
	for (size_t i = 0; i < count && i < 3; i++)
		sqlite3_str_appendf(text, "%s%s", i ? ", " : "", paths[i]);
	if (count > 3)
		sqlite3_str_appendf(text, " and %d more", (int)(count - 3));
	char *made = sqlite3_str_finish(text), *name = made ? strdup(made) : NULL;
	sqlite3_free(made);
	return name;
}

int tr_open_merged(struct tr_trace **out, const char *const *paths, size_t count, struct tr_error *error)
{
	struct merge m = {.error = error, .first = paths[0]};
	const char *under = getenv("TMPDIR");
	char *folder = sqlite3_mprintf("%s/instr-merge-XXXXXX", under && *under ? under : "/tmp"), *path = NULL, *name;

	*out = NULL;
	*error = (struct tr_error){0};
	if (!folder || !mkdtemp(folder)) {
		int status = tr_fail(error, INSTR_ERR_IO, under && *under ? under : "/tmp", "traces cannot be added up there: %s (TMPDIR)", strerror(errno));
		sqlite3_free(folder);
		return status;
	}
	path = sqlite3_mprintf("%s/trace.db", folder);
	int status = path ? merge(&m, paths, count, path) : tr_fail(error, INSTR_ERR_MEMORY, paths[0], "there is not enough memory to read it");
	sqlite3_finalize(m.add_whole);
	sqlite3_close(m.db);
	if (!status && !(status = tr_open(out, path, error)) && (name = name_all(paths, count))) {
		free((*out)->path);
		(*out)->path = name;
		(*out)->writer = m.live ? TR_WRITER_LIVE : TR_WRITER_NONE;
	}
	if (path)
		unlink(path);
	rmdir(folder);
	sqlite3_free(path);
	sqlite3_free(folder);
	free(m.functions.pairs);
	free(m.sites.pairs);
	free(m.modules.pairs);
	return status;
}
