/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * small_memory.c - queries over the events of a trace have the same rows where hardly one chunk can be open at a time: the others
 * are given up and decoded anew, up to where they were.
 *
 *     small_memory TRACE     exit status 1: rows differ, or no chunk was given up
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/sql.h"

static const char *const queries[] = {
	"SELECT thread_id, number, ticks, event, context_id, depth, value, address FROM events ORDER BY ticks, thread_id",
	"SELECT * FROM calls ORDER BY end_ticks, thread_id",
	"SELECT * FROM allocations ORDER BY ticks, thread_id",
	"SELECT * FROM event_counts('context')",
};

static sqlite3 *open_with(const char *path, const struct instr_sql_limit *limit)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) || instr_sql_register(db, limit)) {
		fprintf(stderr, "small_memory: %s: %s\n", path, sqlite3_errmsg(db));
		exit(2);
	}
	return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL)) {
		fprintf(stderr, "small_memory: %s: %s\n", sql, sqlite3_errmsg(db));
		exit(2);
	}
	return s;
}

/* So many rows; -1: they differ. */
static long compare(sqlite3_stmt *a, sqlite3_stmt *b)
{
	for (long rows = 0;; rows++) {
		int x = sqlite3_step(a), y = sqlite3_step(b);
		if (x != y || (x != SQLITE_ROW && x != SQLITE_DONE))
			return -1;
		if (x == SQLITE_DONE)
			return rows;
		for (int i = 0; i < sqlite3_column_count(a); i++) {
			const char *p = (const char *)sqlite3_column_text(a, i), *q = (const char *)sqlite3_column_text(b, i);
			if (!p != !q || (p && strcmp(p, q)))
				return -1;
		}
	}
}

static long chunks_read(sqlite3 *db)
{
	sqlite3_stmt *s = prepare(db, "SELECT chunks_read()");
	long n = sqlite3_step(s) == SQLITE_ROW ? (long)sqlite3_column_int64(s, 0) : 0;

	sqlite3_finalize(s);
	return n;
}

int main(int argc, char **argv)
{
	static const struct instr_sql_limit little = {.decoders_bytes = 1};
	int failed = 0;

	if (argc != 2)
		return 2;
	sqlite3 *plenty = open_with(argv[1], NULL), *scarce = open_with(argv[1], &little);
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		sqlite3_stmt *a = prepare(plenty, queries[i]), *b = prepare(scarce, queries[i]);
		long rows = compare(a, b);
		printf("%ld rows: %s\n", rows, queries[i]);
		failed |= rows < 0;
		sqlite3_finalize(a);
		sqlite3_finalize(b);
	}
	printf("%ld chunks read, and %ld\n", chunks_read(plenty), chunks_read(scarce));
	failed |= chunks_read(scarce) <= chunks_read(plenty);
	sqlite3_close(plenty);
	sqlite3_close(scarce);
	return failed;
}
