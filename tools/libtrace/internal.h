/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * internal.h - what the files of libtrace share.
 */
#ifndef TOOLS_LIBTRACE_INTERNAL_H
#define TOOLS_LIBTRACE_INTERNAL_H

#include <sqlite3.h>

#include "libtrace/trace.h"
#include "sql/sql.h"

/* Temporary files of a trace (temporary.c). */
struct tr_temporary {
	sqlite3_vfs vfs;   /* the first: it is what SQLite gives back */
	sqlite3_vfs *base; /* SQLite's own; NULL: ours is not registered */
	char name[40];
	int64_t open_bytes, most_bytes; /* of all that are open: what they have, what they may have */
	int failed, system_error;       /* of the running query: a SQLite code, and errno */
	int is_over;                    /* it failed because of most_bytes */
};

struct tr_trace {
	sqlite3 *db;
	struct tr_temporary temporary;
	char *path;
	char *copy;  /* folder of a copy that was completed instead of the file, until it is open; or NULL */
	char *newer; /* tr_newer_beside, or NULL */
	enum tr_writer writer;
	int64_t file_bytes, stored_bytes;
	int64_t steps_left; /* of the running query, in units of STEPS_PER_CALL (guard.c) */
	int64_t deadline_seconds; /* of the running query, CLOCK_PROCESS_CPUTIME_ID */
	char **sentences;   /* tr_missing_lines */
	size_t sentence_count;
	int locked_down;    /* the authorizer lets queries pass and nothing else */
	struct instr_sql_limit sql_limit; /* of the tables of the events, once they are there: tr_ask */
	struct tr_view {
		const char *name, *text;
		size_t name_bytes, text_bytes;
		int made;
	} *views; /* views.c: all that there are */
	size_t view_count;
	struct tr_matches *matches; /* of the regular expressions so far (pattern.c) */
};

/* sql/NAME.sql as text, made by embed.cmake. */
struct tr_embedded {
	const char *name, *text;
};
extern const struct tr_embedded tr_embedded_queries[]; /* ends with {0} */

/* Fills error; returns code. The text begins with the path and ": ". */
int tr_fail(struct tr_error *error, int code, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for what SQLite says. */
int tr_fail_sqlite(struct tr_trace *, int rc, struct tr_error *error);

/* guard.c: nothing that the file says runs. Before anything is read from it, and after set-up. */
int tr_guard(struct tr_trace *, struct tr_error *error);
void tr_lock_down(struct tr_trace *);
/* A query begins: it has all its steps and time, and room for temporary files. */
void tr_refill_steps(struct tr_trace *);
/* ... and one of which only who asks knows what it needs. */
void tr_lift_steps(struct tr_trace *);
/* Has it had all its time? */
int tr_is_late(const struct tr_trace *);
/* What a query of the smallest file has; tests lower it. */
extern int64_t tr_steps_at_least, tr_seconds_at_least;
extern int64_t tr_steps_asked; /* ... and a query of tr_ask, of any file */

/* memory.c: what reading it may take of memory, and of temporary files; bytes. */
int64_t tr_most_bytes(const struct tr_trace *);
extern int64_t tr_bytes_at_least; /* the same of the smallest file; tests lower it */

/* temporary.c: makes the VFS with which the trace is opened, under temporary.name, from that of this name (NULL: SQLite's
 * default); SQLite's code. It must stay for as long as the database is open. */
int tr_add_vfs(struct tr_trace *, const char *base);
void tr_remove_vfs(struct tr_trace *);
/* A query begins, and may write so many bytes to temporary files. */
void tr_limit_temporary(struct tr_trace *, int64_t bytes);
/* As tr_fail_sqlite if it was a temporary file that failed so; else 0. */
int tr_fail_temporary(const struct tr_trace *, int rc, struct tr_error *error);

/* open.c: tr_open for what reads the tables alone: names and lines are not looked up in images, nor newer traces beside it. */
int tr_open_tables(struct tr_trace **trace, const char *path, struct tr_error *error);

/* shape.c: the tables that the queries name are there, as schema.sql has them. */
int tr_check_shape(struct tr_trace *, struct tr_error *error);

/* views.c: as sqlite3_prepare_v2, of a statement that may name views. */
int tr_prepare_sql(struct tr_trace *, const char *sql, sqlite3_stmt **statement);
/* The transaction in which some may have been made is rolled back. */
void tr_forget_views(struct tr_trace *);
/* query.c: temporary tables are made and filled between the two, by statements of ours, which are finalized before the second. That
 * takes what has come of it (0 or a negative enum instr_err), undoes it all if that is not 0, and returns it, or what has
 * become of it at the end. Where the first fails the second is not called. */
int tr_begin_tables(struct tr_trace *, struct tr_error *error);
int tr_end_tables(struct tr_trace *, int status, struct tr_error *error);
/* query.c: as tr_prepare, of a text of ours; sqlite3_finalize. */
int tr_prepare_text(struct tr_trace *, sqlite3_stmt **statement, const char *text, const char *sort,
		    const struct tr_argument *arguments, size_t count, struct tr_error *error);

/* query.c: the last tick that is not later than so many ns since the start of the run, as the views tell ticks as ns;
 * INT64_MIN: there is none. */
int tr_find_ticks(struct tr_trace *, int64_t ns, int64_t *ticks, struct tr_error *error);

/* pattern.c: the query with what the regular expression matches in place of its GLOB. *sql stays SQLite's to free. */
int tr_put_regex(struct tr_trace *, char **sql, const struct tr_argument *, struct tr_error *error);
void tr_free_patterns(struct tr_trace *);
/* The pattern for GLOB of a name in which only * is special; sqlite3_free. */
char *tr_glob_of(const char *name);

/* recover.c: before the file is looked at: waits for the drain of a run that has just begun to make it. */
void tr_await_begun(const char *path);
/* Before it is opened. Completes the trace of a dead run, if there is one to
 * complete, and finds out who writes it. Where it may not be written, a copy is completed: *copy is then its
 * folder (tr_copied_file in it), which tr_remove_copy removes. */
int tr_recover_if_needed(const char *path, int wal, enum tr_writer *writer, char **copy, struct tr_error *error);
extern const char tr_copied_file[];
void tr_remove_copy(char **copy); /* frees it, too; NULL in it is allowed */

#endif
