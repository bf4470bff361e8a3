/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * trace_test.c - libtrace on files that are not what they should be: whatever a file holds, opening
 * and querying it ends, with rows or with a sentence, and changes nothing.
 *
 * Files are made in the working directory from a small whole trace: cut at every place that matters,
 * and with bytes changed at random (the same ones every time).
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "instr/schema.h"
#include "libtrace/internal.h"

static const char rows[] =
	"INSERT INTO run VALUES ('state', 'complete'), ('hook_cost_ticks', 20);"
	"INSERT INTO clocks VALUES (0, 0, 0, 0), (1000000, 500000, 500000, 1000000);"
	"INSERT INTO processes VALUES (1, NULL, 1, 1, 'p', 'p', '/', 'start', 0, 1000000, 'exit', 0, NULL);"
	"INSERT INTO threads VALUES (1, 1, 1, 't', NULL, NULL, 0, 1000000, 1000000, 400, 9, 400, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);"
	"INSERT INTO modules VALUES (1, 'm', 'b', 200);"
	"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
	" INSERT INTO functions SELECT i, 1, i, 'function number ' || i, 'f' || i, 'file' || i % 7 || '.c', i, i % 9 > 0,"
	" CASE WHEN i % 9 = 0 THEN 'filter' END, 1 FROM n;"
	"INSERT INTO contexts SELECT function_id, 1, NULLIF(function_id, 0) / 3, 0, function_id, 1, 0, 0 FROM functions;"
	"INSERT INTO totals SELECT 1, context_id, 2, 2, 0, 0, 1000 - context_id, 500, 9, 600, x'01b90402' FROM contexts"
	" WHERE context_id > 0;"
	"INSERT INTO function_totals SELECT p, function_id, 2, 2, 0, 0, 0, 1000 - function_id, 500, 9, 300, 590, 600"
	" FROM functions, (SELECT 0 AS p UNION ALL SELECT 1) WHERE function_id > 0;"
	"INSERT INTO open_frames VALUES (1, 0, 1, 10, 20, 0, 0), (1, 1, 3, 400, 0, 0, 0);"
	"INSERT INTO chunks VALUES (1, 1, 0, 9, 0, 400, 0, 1000000, 0, 0, 0, 0, x'', 0, 2, zeroblob(3000));"
	"INSERT INTO losses VALUES (1, 1, 1, 'ring full', 5, 1, 2, 0);"
	"INSERT INTO sites SELECT 1000 + function_id, 1, function_id, 'alloc', 'malloc', 'malloc', 'malloc', file, line, 7, NULL"
	" FROM functions WHERE function_id > 0;"
	"INSERT INTO heaps VALUES (1, 0, 1600, 16000, 800, 8000, 1, 2, 3, 4, 5, 6, 200, 2000, 5000);"
	"INSERT INTO heap_totals SELECT context_id, 1000 + context_id, 0, 8, 80, 4, 40, 0, 1, 2, 3, 70, 1, 10, 99, NULL, NULL, 1, 10, 0, 0, 0, 0"
	" FROM contexts WHERE context_id > 0;"
	"INSERT INTO live_blocks SELECT 1, 0, 16 * context_id, 10, context_id, 1000 + context_id, 1, context_id, 1, NULL, NULL, 0 FROM contexts"
	" WHERE context_id > 0;"
	"INSERT INTO heap_history SELECT context_id, 1000 + context_id, 400000, 2, 20 FROM contexts WHERE context_id > 0;"
	"INSERT INTO heap_moments VALUES (1, 400000);"
	"INSERT INTO heap_faults VALUES (1, 'freed twice', 3, 1003, 4, 1004, 2, 16, 30), (1, 'unknown', 3, 1003, 0, 0, 1, 16, 30);"
	"INSERT INTO messages VALUES (1, 5, 1, 'warning', 'A sentence.');";

static unsigned char *whole;
static size_t whole_bytes;

static void must(int rc, sqlite3 *db)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
		printf("setting up: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

__attribute__((constructor(101))) static void make_whole(void)
{
	char settings[120];
	sqlite3 *db;
	remove("whole.db");
	must(sqlite3_open("whole.db", &db), db);
	snprintf(settings, sizeof(settings), "PRAGMA page_size = 1024; PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN;",
		 INSTR_APPLICATION_ID, INSTR_SCHEMA_VERSION);
	must(sqlite3_exec(db, settings, NULL, NULL, NULL), db);
	must(sqlite3_exec(db, instr_schema_sql, NULL, NULL, NULL), db);
	must(sqlite3_exec(db, instr_views_sql, NULL, NULL, NULL), db);
	must(sqlite3_exec(db, rows, NULL, NULL, NULL), db);
	must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
	sqlite3_close(db);
	FILE *file = fopen("whole.db", "rb");
	whole = malloc(1 << 20);
	whole_bytes = file && whole ? fread(whole, 1, 1 << 20, file) : 0;
	if (file)
		fclose(file);
	remove("whole.db");
}

static void write_file(const char *path, const unsigned char *data, size_t bytes)
{
	FILE *file = fopen(path, "wb");
	CHECK(file && fwrite(data, 1, bytes, file) == bytes && !fclose(file));
}

/* Opens the file and runs every query to its end. 1: all of it worked; 0: a sentence said why not. */
static int read_all(const char *path)
{
	static const struct tr_argument arguments[] = {
		{.name = "limit", .type = TR_INTEGER, .integer = 1000}, {.name = "process", .type = TR_INTEGER, .integer = 1},
	};
	struct tr_error error;
	struct tr_trace *trace;
	int worked = 1;

	if (tr_open(&trace, path, &error)) {
		CHECK(!trace && error.code < 0);
		CHECK(!strncmp(error.text, path, strlen(path)) && strlen(error.text) > strlen(path) + 10);
		return 0;
	}
	for (const struct tr_embedded *q = tr_embedded_queries; q->name; q++)
		for (size_t count = 0; count <= 2; count += 2) {
			struct tr_query *query;
			int more = tr_prepare(trace, &query, q->name, NULL, arguments, count, &error);
			while (!more && (more = tr_next(query, &error)) == 1) {
				for (size_t i = 0; i < tr_columns(query); i++)
					CHECK(tr_text(query, i, NULL) && tr_column_name(query, i));
				more = 0;
			}
			tr_finish(query);
			if (more < 0) {
				CHECK(!strncmp(error.text, path, strlen(path)));
				worked = 0;
			}
		}
	tr_close(trace);
	return worked;
}

TEST(a_whole_trace_answers_every_query)
{
	CHECK(whole_bytes > 20000);
	write_file("test.db", whole, whole_bytes);
	CHECK(read_all("test.db"));
}

TEST(sort_words_are_put_in_everywhere)
{
	struct tr_error error;
	struct tr_trace *trace;
	struct tr_query *query;
	write_file("test.db", whole, whole_bytes);
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	CHECK_EQ(tr_prepare(trace, &query, "top_process", "calls", NULL, 0, &error), 0);
	CHECK(!strstr(tr_sql(query), "sort*/") && !strstr(tr_sql(query), "self_ticks DESC"));
	CHECK(strstr(tr_sql(query), "ORDER BY calls DESC") && strstr(tr_sql(query), "ORDER BY g.calls DESC"));
	tr_finish(query);
	CHECK_EQ(tr_prepare(trace, &query, "no_such_query", NULL, NULL, 0, &error), INSTR_ERR_NOT_FOUND);
	CHECK(!query);
	tr_close(trace);
}

TEST(nothing_but_reading_is_let_through)
{
	static const char *const forbidden[] = {
		"INSERT INTO run VALUES ('x', 1)", "DELETE FROM run", "CREATE TABLE t (x)", "CREATE TEMP TABLE t (x)",
		"ATTACH 'other.db' AS o", "PRAGMA user_version = 3", "SELECT load_extension('x')", "VACUUM INTO 'copy.db'",
		"SELECT fts3_tokenizer('simple')", "DROP VIEW temp.top", "PRAGMA writable_schema = ON",
	};
	struct tr_error error;
	struct tr_trace *trace;
	write_file("test.db", whole, whole_bytes);
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		CHECK(sqlite3_exec(trace->db, forbidden[i], NULL, NULL, NULL) != SQLITE_OK);
	CHECK_EQ(sqlite3_exec(trace->db, "SELECT count(function_id), upper('x') FROM functions", NULL, NULL, NULL), SQLITE_OK);
	tr_close(trace);
	CHECK(access("copy.db", F_OK) && access("other.db", F_OK));
}

TEST(a_file_cut_anywhere_is_refused_or_read)
{
	for (size_t bytes = 0; bytes < whole_bytes; bytes += bytes < 200 ? 7 : 511) {
		write_file("test.db", whole, bytes);
		CHECK(!read_all("test.db"));
	}
}

TEST(changed_bytes_do_no_harm)
{
	unsigned char *changed = malloc(whole_bytes);
	uint64_t seed = 1;
	unsigned worked = 0, rounds = 400;

	CHECK(changed);
	for (unsigned round = 0; round < rounds; round++) {
		memcpy(changed, whole, whole_bytes);
		for (unsigned i = 0; i < 1 + round % 40; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			/* Half of them in the page headers and cell pointers, where they steer. */
			size_t at = (size_t)(seed >> 33) % whole_bytes;
			if (seed >> 32 & 1)
				at = at / 1024 * 1024 + (seed >> 20) % 64;
			changed[at < whole_bytes ? at : 0] = (unsigned char)(seed >> 12);
		}
		/* Past the first look. */
		memcpy(changed, whole, 100);
		write_file("test.db", changed, whole_bytes);
		worked += (unsigned)read_all("test.db");
		unsigned char after[1024];
		int fd = open("test.db", O_RDONLY);
		size_t page = (round % (whole_bytes / 1024)) * 1024;
		CHECK(pread(fd, after, 1024, (off_t)page) == 1024 && !memcmp(after, changed + page, 1024));
		close(fd);
	}
	free(changed);
	printf("  %u of %u damaged traces could be read all the same\n", worked, rounds);
	CHECK(worked < rounds);
	CHECK(access("test.db-wal", F_OK) && access("test.db-shm", F_OK) && access("test.db-journal", F_OK));
}

/* Somebody pages through the rows, or writes them to a slow disk. */
TEST(a_reader_that_takes_its_time_gets_all_rows)
{
	struct timespec longer_than_allowed = {2, 200000000};
	int64_t allowed = tr_seconds_at_least;
	struct tr_error error;
	struct tr_trace *trace;
	struct tr_query *query;
	int answers = 0, more;

	tr_seconds_at_least = 1;
	write_file("test.db", whole, whole_bytes);
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	CHECK_EQ(tr_prepare(trace, &query, "top", NULL, NULL, 0, &error), 0);
	while ((more = tr_next(query, &error)) == 1)
		if (!answers++)
			nanosleep(&longer_than_allowed, NULL);
	CHECK_EQ(more, 0);
	CHECK(answers > 100);
	tr_finish(query);
	tr_close(trace);
	tr_seconds_at_least = allowed;
}

/* ---- temporary files ------------------------------------------------------------------------------------ */

/* 60 MB: more than SQLite sorts or keeps in memory. */
#define MANY "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
static const char *const large_queries[] = {
	MANY "SELECT i FROM n ORDER BY randomblob(1000)",
	MANY "SELECT count(x) FROM (SELECT DISTINCT randomblob(1000) AS x FROM n)",
};

static int run_ours(struct tr_trace *trace, const char *sql, struct tr_error *error)
{
	sqlite3_stmt *statement;
	int rc, status = tr_prepare_text(trace, &statement, sql, NULL, NULL, 0, error);

	if (status)
		return status;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		CHECK(trace->temporary.open_bytes <= trace->temporary.most_bytes);
	status = rc == SQLITE_DONE ? 0 : tr_fail_sqlite(trace, rc, error);
	sqlite3_finalize(statement);
	return status;
}

static int run_theirs(struct tr_trace *trace, const char *sql, struct tr_error *error)
{
	struct tr_query *query;
	int more = tr_ask(trace, &query, sql, error);

	while (!more && (more = tr_next(query, error)) == 1)
		more = 0;
	tr_finish(query);
	return more;
}

TEST(temporary_files_take_no_more_than_they_may)
{
	const int64_t allowed = tr_bytes_at_least;
	struct tr_error error;
	struct tr_trace *trace;

	rmdir("temporary"); /* of a run that failed */
	CHECK(!mkdir("temporary", 0700));
	sqlite3_temp_directory = sqlite3_mprintf("temporary");
	write_file("test.db", whole, whole_bytes);
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	for (size_t i = 0; i < sizeof(large_queries) / sizeof(*large_queries); i++) {
		CHECK_EQ(run_ours(trace, large_queries[i], &error), 0);
		CHECK_EQ(trace->temporary.open_bytes, 0);
		tr_bytes_at_least = 1 << 20;
		CHECK_EQ(run_ours(trace, large_queries[i], &error), INSTR_ERR_FORMAT);
		CHECK_STR(error.text, "test.db: damaged: reading it takes more room for temporary files than a file of its size can need");
		CHECK_EQ(trace->temporary.open_bytes, 0);
		/* What a query of the user's takes is its author's business. */
		CHECK_EQ(run_theirs(trace, large_queries[i], &error), 0);
		/* And it was the query that failed, not the trace. */
		CHECK_EQ(run_ours(trace, "SELECT * FROM top ORDER BY calls", &error), 0);
		tr_bytes_at_least = allowed;
	}
	tr_close(trace);
	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory = NULL;
	CHECK(!rmdir("temporary")); /* it is empty */
}

TEST(temporary_files_that_cannot_be_written_are_what_is_said)
{
	struct rlimit before, little;
	struct tr_error error;
	struct tr_trace *trace;

	write_file("test.db", whole, whole_bytes);
	CHECK(!getrlimit(RLIMIT_FSIZE, &before));
	little = (struct rlimit){100000, before.rlim_max};
	void (*const handler)(int) = signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	for (size_t i = 0; i < sizeof(large_queries) / sizeof(*large_queries); i++)
		for (int theirs = 0; theirs < 2; theirs++) {
			CHECK(!setrlimit(RLIMIT_FSIZE, &little));
			int status = theirs ? run_theirs(trace, large_queries[i], &error) : run_ours(trace, large_queries[i], &error);
			int small = run_ours(trace, "SELECT * FROM top ORDER BY calls", &(struct tr_error){0});
			CHECK(!setrlimit(RLIMIT_FSIZE, &before));
			CHECK_EQ(status, INSTR_ERR_IO);
			CHECK_STR(error.text, "test.db: the temporary files that reading it takes cannot be written: File too large"
				  " (TMPDIR can name another folder for them)");
			CHECK_EQ(small, 0);
		}
	tr_close(trace);
	signal(SIGXFSZ, handler);
	sqlite3_temp_directory = sqlite3_mprintf("/proc/self/fdinfo"); /* not even root makes files there */
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	CHECK_EQ(run_ours(trace, "SELECT * FROM top ORDER BY calls", &error), 0);
	CHECK_EQ(run_ours(trace, large_queries[0], &error), INSTR_ERR_IO);
	CHECK(strstr(error.text, "temporary files") && strstr(error.text, "TMPDIR"));
	tr_close(trace);
	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory = NULL;
}

TEST(a_newer_trace_beside_is_found_by_its_name)
{
	struct tr_error error;
	struct tr_trace *trace;
	struct timespec old[2] = {{1000, 0}, {1000, 0}};

	write_file("test.db", whole, whole_bytes);
	write_file("test.77.db", whole, whole_bytes);
	CHECK_EQ(utimensat(AT_FDCWD, "test.db", old, 0), 0);
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	CHECK_STR(tr_newer_beside(trace), "test.77.db");
	tr_close(trace);
	remove("test.77.db");
	write_file("test.7x.db", whole, whole_bytes);
	CHECK_EQ(tr_open(&trace, "test.db", &error), 0);
	CHECK(!tr_newer_beside(trace));
	tr_close(trace);
	remove("test.7x.db");
	remove("test.db");
}

TEST_MAIN()
