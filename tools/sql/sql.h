/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sql.h - the events of a trace as tables of SQL: calls, events, allocations, lock_ops, blocks, event_counts,
 * event_histogram, and functions beside them. docs/sql.md has their columns.
 *
 *     chunks ─► streams.c (one per thread, merged by time) ─► calls.c | events.c ─► rows
 *                                                         └─► counts.c ─► sums
 *
 * The same files make libinstr_sql.so, which any SQLite program can load, and a library that libtrace has built in.
 * The tables are of the trace that is open as "main", and they change nothing.
 */
#ifndef TOOLS_SQL_SQL_H
#define TOOLS_SQL_SQL_H

#include <stddef.h>

struct sqlite3;

struct instr_sql_limit {
	int (*is_late)(void *user); /* should reading end now? Asked once for each chunk, outside of SQLite's steps; NULL: never */
	void *user;
	size_t decoders_bytes;      /* what the chunks that a query has open may take together; 0: 96 MiB */
};

/* Adds tables and functions to a connection. limit may be NULL; it must live as long as the connection. Returns
 * what SQLite says. */
int instr_sql_register(struct sqlite3 *db, const struct instr_sql_limit *limit);

/* histograms.c: the functions of histograms alone, which reports use. */
int instr_sql_add_histograms(struct sqlite3 *db);

#endif
