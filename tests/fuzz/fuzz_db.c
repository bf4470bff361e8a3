/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fuzz_db.c - see fuzz_db.h. Each operation is a byte that chooses it, and what it takes.
 */
#define _GNU_SOURCE
#include "fuzz_db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drain/session.h"
#include "fuzz_ring.h"

enum { TABLES_MAX = 48, COLUMNS_MAX = 24, PATCHES_MAX = 256, OPERATIONS_MAX = 60, NAME = 24 };

static unsigned char *whole, *lax; /* lax: of tables that take values of any type, and NULL */
static size_t whole_bytes, lax_bytes;

static struct table {
	char name[NAME], columns[COLUMNS_MAX][NAME];
	unsigned count;
} tables[TABLES_MAX];
static unsigned table_count;

/* ---- the canary ------------------------------------------------------------------------------------ */

static int armed;

void fuzz_db_arm(int now)
{
	armed = now;
}

static void canary(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	(void)values;
	if (armed)
		fuzz_fail(__FILE__, __LINE__, "SQL that a file carries does not run");
	sqlite3_result_int(context, 1);
}

static int add_canary(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
	(void)error;
	(void)api;
	return sqlite3_create_function_v2(db, "canary", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
					  canary, NULL, NULL, NULL);
}

/* ---- the whole trace --------------------------------------------------------------------------------- */

static void must(int good, const char *what)
{
	if (!good) {
		fprintf(stderr, "setting up: %s\n", what);
		exit(2);
	}
}

/* Records of all sub-buffers of the ring, mostly calls that return. */
static size_t make_records(uint8_t *to)
{
	static const uint8_t kinds[] = {0, 0, 12, 0, 2, 12, 0, 13, 1, 9, 12, 2};
	size_t n = 0;
	uint32_t r = 1;

	for (uint8_t sub = 0; sub < 6; sub++) {
		to[n++] = (uint8_t)(7 | sub << 4);
		for (int i = 0; i < 60; i++) {
			r = r * 1664525 + 1013904223;
			to[n++] = 12;
			to[n++] = kinds[(r >> 8) % sizeof(kinds)];
			to[n++] = (uint8_t)(r >> 16 & 7);
			to[n++] = (uint8_t)(r >> 24 & 127);
		}
	}
	return n;
}

static sqlite3 *open_bytes(const unsigned char *data, size_t bytes)
{
	sqlite3 *db = NULL;
	unsigned char *copy = sqlite3_malloc64(bytes);

	must(copy && sqlite3_open(":memory:", &db) == SQLITE_OK, "memory");
	memcpy(copy, data, bytes);
	must(sqlite3_deserialize(db, "main", copy, (sqlite3_int64)bytes, (sqlite3_int64)bytes,
				 SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK, "deserialize");
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	return db;
}

static unsigned char *bytes_of(sqlite3 *db, size_t *bytes)
{
	sqlite3_int64 n = 0;
	unsigned char *data = sqlite3_serialize(db, "main", &n, 0);

	*bytes = data ? (size_t)n : 0;
	return data;
}

static unsigned char *read_file(const char *path, size_t *bytes)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *data = NULL;

	*bytes = 0;
	if (fd >= 0 && !fstat(fd, &st) && (data = malloc((size_t)st.st_size + 1)))
		*bytes = (size_t)(read(fd, data, (size_t)st.st_size) == st.st_size ? st.st_size : 0);
	if (fd >= 0)
		close(fd);
	return data;
}

static void list_tables(sqlite3 *db)
{
	sqlite3_stmt *q;

	must(sqlite3_prepare_v2(db, "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c"
				    " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY 1, c.cid", -1, &q, NULL) == SQLITE_OK,
	     "tables");
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		if (!table_count || strcmp(tables[table_count - 1].name, name))
			snprintf(tables[table_count++].name, NAME, "%s", name);
		struct table *t = &tables[table_count - 1];
		must(table_count < TABLES_MAX && t->count < COLUMNS_MAX, "room for tables");
		snprintf(t->columns[t->count++], NAME, "%s", (const char *)sqlite3_column_text(q, 1));
	}
	sqlite3_finalize(q);
}

void fuzz_db_open(void)
{
	static const char to_lax[] =
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT, ', ''), 'STRICT', '');"
		"UPDATE sqlite_schema SET sql = replace(replace(sql, ') WITHOUT ROWID', ' ) WITHOUT ROWID'), ' NOT NULL', '');";
	uint8_t records[4096];
	struct fuzz_input in = {records, make_records(records)};
	struct fuzz_ring ring;
	char error[600] = "", path[160];
	unsigned char *made;
	size_t made_bytes;

	fuzz_ring_make(&ring, &in);
	must(fuzz_ring_drain(ring.folder, error, sizeof(error)) == 0, error);
	snprintf(path, sizeof(path), "%s/trace.db", ring.out);
	made = read_file(path, &made_bytes);
	must(made_bytes > 0, "the trace");
	sqlite3_auto_extension((void (*)(void))add_canary);
	sqlite3 *db = open_bytes(made, made_bytes);
	/* Small pages: more of the bytes mean something. */
	must(sqlite3_exec(db, "UPDATE run SET value = 'recording' WHERE key = 'state'; PRAGMA page_size = 1024; VACUUM", NULL,
			  NULL, NULL) == SQLITE_OK, sqlite3_errmsg(db));
	list_tables(db);
	whole = bytes_of(db, &whole_bytes);
	must(sqlite3_exec(db, to_lax, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(db));
	lax = bytes_of(db, &lax_bytes);
	must(whole && lax, "memory");
	sqlite3_close(db);
	free(made);
	fuzz_ring_remove(&ring, 1);
}

/* ---- operations ------------------------------------------------------------------------------------------ */

struct patch { uint32_t at; uint8_t byte; };
struct making {
	sqlite3 *db;
	struct fuzz_file *file;
	struct patch patches[PATCHES_MAX];
	unsigned patch_count;
};

static void run(struct making *m, const char *sql)
{
	sqlite3_exec(m->db, sql, NULL, NULL, NULL);
}

/* Any value as parameter ?1; blobs of the trace itself can be named too. */
static void bind_value(sqlite3_stmt *q, struct fuzz_input *in)
{
	static const char *const pieces[] = {"::", "<", "a", "\xff", "\033[2J", "operator()", "\n", "/"};
	uint8_t kind = fuzz_byte(in);
	size_t taken;

	switch (kind % 8) {
	case 0:
		sqlite3_bind_null(q, 1);
		break;
	case 1:
		sqlite3_bind_double(q, 1, kind & 8 ? 1e308 * 10 : kind & 16 ? -1e300 : (double)fuzz_number(in));
		break;
	case 2: {
		const uint8_t *text = fuzz_bytes(in, fuzz_byte(in), &taken);
		sqlite3_bind_text(q, 1, (const char *)text, (int)taken, SQLITE_TRANSIENT);
		break;
	}
	case 3: {
		const uint8_t *blob = fuzz_bytes(in, fuzz_byte(in), &taken);
		sqlite3_bind_blob(q, 1, taken ? blob : (const uint8_t *)"", (int)taken, SQLITE_TRANSIENT);
		break;
	}
	case 4: { /* long */
		const char *piece = pieces[kind >> 3 & 7];
		size_t bytes = strlen(piece), count = fuzz_number(in) % 4096;
		char *text = sqlite3_malloc64(bytes * count + 1);
		for (size_t i = 0; text && i < count; i++)
			memcpy(text + i * bytes, piece, bytes);
		if (text)
			sqlite3_bind_text(q, 1, text, (int)(bytes * count), sqlite3_free);
		break;
	}
	default:
		sqlite3_bind_int64(q, 1, (sqlite3_int64)fuzz_number(in));
	}
}

static void run_with_value(struct making *m, char *sql, struct fuzz_input *in)
{
	sqlite3_stmt *q = NULL;

	if (sql && sqlite3_prepare_v2(m->db, sql, -1, &q, NULL) == SQLITE_OK) {
		bind_value(q, in);
		sqlite3_step(q);
	}
	sqlite3_finalize(q);
	sqlite3_free(sql);
}

static void copy_row(struct making *m, const struct table *t, unsigned column, uint8_t row, struct fuzz_input *in)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "INSERT OR IGNORE INTO %s SELECT ", t->name);
	for (unsigned i = 0; i < t->count; i++)
		sqlite3_str_appendf(sql, "%s%s", i ? ", " : "", i == column ? "?1" : t->columns[i]);
	sqlite3_str_appendf(sql, " FROM %s LIMIT 1 OFFSET %d", t->name, row);
	run_with_value(m, sqlite3_str_finish(sql), in);
}

static void change_cells(struct making *m, uint8_t which, struct fuzz_input *in)
{
	const struct table *t = &tables[fuzz_byte(in) % table_count];
	unsigned column = fuzz_byte(in) % t->count;
	uint8_t row = fuzz_byte(in);
	const char *c = t->columns[column];

	if (which & 16)
		copy_row(m, t, column, row, in);
	else if (row == 255)
		run_with_value(m, sqlite3_mprintf("UPDATE OR IGNORE %s SET %s = ?1", t->name, c), in);
	else
		run_with_value(m, sqlite3_mprintf("UPDATE OR IGNORE %s SET %s = ?1 WHERE %s IS (SELECT %s FROM %s LIMIT 1 OFFSET %d)",
						  t->name, c, c, c, t->name, row), in);
}

/* A byte of a blob of the trace: a histogram, a chunk, a set of functions. */
static void change_blob(struct making *m, struct fuzz_input *in)
{
	static const char *const blobs[][2] = {{"totals", "histogram"}, {"chunks", "data"}, {"chunks", "functions"}};
	uint8_t which = fuzz_byte(in);
	const char *const *b = blobs[which % 3];
	uint64_t at = fuzz_number(in);
	int row = which >> 2 & 15;

	char *sql = sqlite3_mprintf("UPDATE OR IGNORE %s SET %s = substr(%s, 1, %lld) || ?1 || substr(%s, %lld) WHERE %s IS"
				    " (SELECT %s FROM %s LIMIT 1 OFFSET %d)", b[0], b[1], b[1], (long long)(at % 600), b[1],
				    (long long)(at % 600 + (which >> 6)), b[1], b[1], b[0], row);
	sqlite3_stmt *q = NULL;
	size_t taken;
	if (sql && sqlite3_prepare_v2(m->db, sql, -1, &q, NULL) == SQLITE_OK) {
		const uint8_t *bytes = fuzz_bytes(in, fuzz_byte(in) % 32, &taken);
		sqlite3_bind_blob(q, 1, taken ? bytes : (const uint8_t *)"", (int)taken, SQLITE_TRANSIENT);
		sqlite3_step(q);
	}
	sqlite3_finalize(q);
	sqlite3_free(sql);
}

static const char *const schemas[] = {
	"DROP VIEW rate; CREATE VIEW rate AS SELECT canary() AS ns_per_tick",
	"DROP VIEW top; CREATE VIEW top AS SELECT canary() AS function",
	"DROP TABLE run; CREATE VIEW run AS WITH RECURSIVE n (i) AS (SELECT canary() UNION ALL SELECT i + 1 FROM n)"
		" SELECT 'run_id' AS key, i AS value FROM n",
	"DROP TABLE clocks; CREATE VIEW clocks AS SELECT canary() AS ticks, 0 AS monotonic_ns, 0 AS realtime_ns, 0 AS counter",
	"DROP TABLE messages; CREATE VIEW messages AS SELECT canary() AS message_id, 1 AS ticks, 1 AS process_id, '' AS severity,"
		" '' AS text",
	"CREATE TRIGGER t1 AFTER INSERT ON run BEGIN SELECT canary(); END; CREATE TRIGGER t2 BEFORE UPDATE ON threads BEGIN"
		" SELECT canary(); END",
	"CREATE TRIGGER t3 INSTEAD OF INSERT ON top BEGIN SELECT canary(); END; CREATE TRIGGER t4 AFTER DELETE ON open_frames"
		" BEGIN SELECT canary(); END",
	"CREATE INDEX i1 ON totals (canary(calls)); CREATE INDEX i2 ON clocks (ticks) WHERE canary(ticks)",
	"CREATE INDEX i3 ON run (canary(value)); CREATE INDEX i4 ON processes (pid) WHERE canary(pid) = 1",
	"ALTER TABLE run ADD COLUMN more AS (canary(value))",
	"ALTER TABLE messages ADD COLUMN more AS (canary(text)) VIRTUAL",
	"ALTER TABLE threads ADD COLUMN more INTEGER DEFAULT (canary())",
	"DROP TABLE run; CREATE TABLE run (key TEXT PRIMARY KEY, v, value ANY AS (canary(v)));"
		" INSERT INTO run VALUES ('run_id', '" FUZZ_RUN_ID "'), ('state', 'recording')",
	"DROP TABLE run; CREATE TABLE run (key TEXT, value ANY CHECK (canary(value)));"
		" INSERT INTO run VALUES ('run_id', '" FUZZ_RUN_ID "'), ('state', 'recording')",
	"DROP TABLE clocks; CREATE TABLE clocks (ticks INTEGER PRIMARY KEY, monotonic_ns INTEGER AS (canary(ticks)),"
		" realtime_ns INTEGER, counter INTEGER); INSERT INTO clocks VALUES (0, 1, 1)",
	"DROP TABLE losses; CREATE TABLE losses (loss_id INTEGER PRIMARY KEY, process_id INTEGER, thread_id INTEGER, cause TEXT,"
		" events INTEGER CHECK (canary(events)), start_ticks INTEGER, end_ticks INTEGER, totals_kept INTEGER)",
	"DROP TABLE losses; CREATE VIRTUAL TABLE losses USING fts5(cause, events)",
	"DROP TABLE messages; CREATE VIRTUAL TABLE messages USING rtree(id, a, b)",
	"DROP TABLE holes; CREATE TABLE holes (thread_id INTEGER, position INTEGER, units INTEGER, UNIQUE (thread_id, position)"
		" ON CONFLICT ROLLBACK)",
	"DROP TABLE modules; CREATE TABLE modules (module_id INTEGER PRIMARY KEY, path TEXT COLLATE nothing, build_id TEXT, rows"
		" INTEGER)",
	"PRAGMA application_id = 5", "PRAGMA user_version = 0", "PRAGMA user_version = 99", "PRAGMA encoding = 'UTF-16'",
	"DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 VALUES ('function_totals', 'function_totals', '-1 9999999999999 x'),"
		" ('contexts', NULL, '1'), ('totals', 'totals', '99999999999999999999 1 1')",
	"INSERT INTO contexts SELECT 100 + value, 1, CASE value WHEN 99 THEN 100 ELSE 101 + value END, 0, 1, 1, 0, 0"
		" FROM (WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 99) SELECT * FROM n)",
	"INSERT INTO contexts SELECT 200 + value, 1, 199 + value, 0, value % 9, value, 0, 0 FROM (WITH RECURSIVE n (value) AS"
		" (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 900) SELECT * FROM n);"
		"INSERT OR IGNORE INTO totals SELECT 1, context_id, 1, 1, 0, 0, 1 << context_id % 63, 5, 5, 5, NULL FROM contexts",
	"INSERT OR IGNORE INTO open_frames SELECT 1, value, 1 + value % 3, value, 1, 0, 0 FROM (WITH RECURSIVE n (value) AS"
		" (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 700) SELECT * FROM n)",
	"INSERT OR IGNORE INTO open_blocks SELECT 1, 1, value * value - 2, 1 + value % 3, value << 30, value - 300 FROM (WITH RECURSIVE"
		" n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 20) SELECT * FROM n)",
	"INSERT OR IGNORE INTO open_blocks SELECT process_id, thread_id, -1, (process_id - 1) << 21, 1, start_ticks FROM threads",
	"INSERT OR IGNORE INTO threads SELECT 100 + value, 1, 1, 'x', NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, -1, 1 << 62, 7 FROM"
		" (WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 300) SELECT * FROM n)",
	"UPDATE chunks SET end_pos = 9223372036854775807", "UPDATE threads SET totals_pos = 0, totals_events = 0",
	"DELETE FROM totals; DELETE FROM open_frames; UPDATE threads SET totals_pos = 0, totals_events = 0, events = 0, last_ticks = 0",
};

static void change_texts(struct making *m, struct fuzz_input *in)
{
	static const char *const words[] = {"INTEGER", "TEXT", "BLOB", "ANY", " PRIMARY KEY", "UNIQUE", ",", "(", "value", "ticks",
					    "''", "--", "CREATE TABLE", "CREATE VIEW", "REFERENCES threads", "REAL"};
	enum { WORDS = sizeof(words) / sizeof(words[0]) };
	uint8_t from = fuzz_byte(in), to = fuzz_byte(in), table = fuzz_byte(in);

	char *sql = sqlite3_mprintf("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, %Q, %Q) WHERE tbl_name = %Q",
				    words[from % WORDS], words[to % WORDS], tables[table % table_count].name);
	if (sql)
		run(m, sql);
	sqlite3_free(sql);
}

static void operate(struct making *m, struct fuzz_input *in)
{
	static const char *const keys[] = {"run_id", "boot_id", "state", "hook_cost_ticks", "checkpoint_ticks", "events_from_ticks"};
	static const char *const beside[] = {"-journal", "-wal", "-shm"};
	uint8_t which = fuzz_byte(in);
	uint64_t at;

	switch (which % 12) {
	default:
		change_cells(m, which, in);
		break;
	case 5:
		change_blob(m, in);
		break;
	case 6:
		run(m, schemas[fuzz_byte(in) % (sizeof(schemas) / sizeof(schemas[0]))]);
		break;
	case 7:
		change_texts(m, in);
		break;
	case 8:
		run_with_value(m, sqlite3_mprintf("INSERT OR REPLACE INTO run (key, value) VALUES (%Q, ?1)",
						  keys[fuzz_byte(in) % (sizeof(keys) / sizeof(keys[0]))]), in);
		break;
	case 9: { /* rows gone */
		const struct table *t = &tables[fuzz_byte(in) % table_count];
		const char *c = t->columns[0];
		char *sql = sqlite3_mprintf("DELETE FROM %s WHERE %s IS (SELECT %s FROM %s LIMIT 1 OFFSET %d)", t->name, c, c, t->name,
					    fuzz_byte(in));
		if (sql)
			run(m, sql);
		sqlite3_free(sql);
		break;
	}
	case 10: /* bytes of the file: half of them at the front of a page, where they steer */
		at = fuzz_byte(in) | (uint64_t)fuzz_byte(in) << 8 | (uint64_t)fuzz_byte(in) << 16;
		if (which & 64)
			at = at / 1024 * 1024 + at % 16;
		for (uint8_t n = 1 + (which >> 4 & 3); n && m->patch_count < PATCHES_MAX; n--)
			m->patches[m->patch_count++] = (struct patch){(uint32_t)at++, fuzz_byte(in)};
		break;
	case 11:
		if (m->file->beside)
			break;
		m->file->beside = beside[(which >> 4) % 3];
		m->file->beside_data = fuzz_bytes(in, (size_t)fuzz_byte(in) * 16, &m->file->beside_bytes);
		break;
	}
}

/* The schema of the whole trace over the rows that the lax one has let in: columns then hold what their
 * tables forbid, as after damage. */
static void put_schema_back(struct making *m)
{
	sqlite3 *from = open_bytes(whole, whole_bytes);
	sqlite3_stmt *read = NULL, *write = NULL;

	sqlite3_exec(m->db, "PRAGMA writable_schema = ON", NULL, NULL, NULL);
	sqlite3_prepare_v2(from, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL", -1, &read, NULL);
	sqlite3_prepare_v2(m->db, "UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1", -1, &write, NULL);
	while (read && write && sqlite3_step(read) == SQLITE_ROW) {
		sqlite3_bind_value(write, 1, sqlite3_column_value(read, 0));
		sqlite3_bind_value(write, 2, sqlite3_column_value(read, 1));
		sqlite3_step(write);
		sqlite3_reset(write);
	}
	sqlite3_finalize(read);
	sqlite3_finalize(write);
	sqlite3_close(from);
}

void fuzz_db_make(struct fuzz_file *file, struct fuzz_input *in)
{
	struct making m = {.file = file};
	uint8_t style = fuzz_byte(in);

	*file = (struct fuzz_file){0};
	m.db = style & 1 ? open_bytes(lax, lax_bytes) : open_bytes(whole, whole_bytes);
	for (int i = 0; in->bytes && i < OPERATIONS_MAX; i++)
		operate(&m, in);
	if (style & 4)
		put_schema_back(&m);
	file->data = bytes_of(m.db, &file->bytes);
	sqlite3_close(m.db);
	for (unsigned i = 0; i < m.patch_count && file->bytes; i++)
		file->data[m.patches[i].at % file->bytes] = m.patches[i].byte;
	if (style & 2 && file->bytes) /* the header says that there is a write-ahead log */
		file->data[18] = file->data[19] = 2;
}

static void write_to(const char *path, const void *data, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes, path);
	close(fd);
}

void fuzz_db_write(const struct fuzz_file *file, const char *path)
{
	char other[200];

	write_to(path, file->data, file->bytes);
	if (!file->beside_bytes)
		return;
	snprintf(other, sizeof(other), "%s%s", path, file->beside);
	write_to(other, file->beside_data, file->beside_bytes);
}

int fuzz_db_is(const struct fuzz_file *file, const char *path)
{
	static const char *const beside[] = {"-journal", "-wal", "-shm"};
	size_t bytes;
	unsigned char *now = read_file(path, &bytes);
	int same = now && bytes == file->bytes && !memcmp(now, file->data, bytes);

	free(now);
	for (int i = 0; i < 3; i++) {
		char other[200];
		snprintf(other, sizeof(other), "%s%s", path, beside[i]);
		same &= access(other, F_OK) != 0;
	}
	return same;
}

void fuzz_db_free(struct fuzz_file *file)
{
	sqlite3_free(file->data);
}
