/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * trace.h - the reader of trace.db: the only code that opens one. Reports are the queries of sql/,
 * run here over the views of runtime/store/views.sql.
 *
 *     struct tr_trace *trace;
 *     struct tr_error error;
 *     if (tr_open(&trace, "trace.db", &error)) ... error.text is a whole sentence
 *     struct tr_argument arguments[] = {{"limit", TR_INTEGER, .integer = 30}};
 *     tr_prepare(trace, &query, "top", arguments, 1, &error);
 *     while ((more = tr_next(query, &error)) == 1) ... tr_text(query, 0, NULL) ...
 *     tr_finish(query);
 *     tr_close(trace);
 *
 * A trace is treated as hostile: its own views, triggers and defaults never run, the shapes of its
 * tables are checked, a query that takes more steps, or more room for temporary files, than a file
 * of its size can need is ended. It is opened for reading only. A query sees one state of a live
 * trace, and nothing is locked between queries.
 *
 * Threads: a trace and its queries belong to one thread at a time. Functions that can fail return 0
 * (tr_next: 1 or 0) or a negative enum instr_err and fill the error, which must not be NULL.
 */
#ifndef TOOLS_LIBTRACE_TRACE_H
#define TOOLS_LIBTRACE_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "instr/errors.h"

struct tr_error {
	int code;        /* enum instr_err */
	char text[1024]; /* a sentence, beginning with the file's name; without a full stop and newline */
};

struct tr_trace;
struct tr_query;

/* Who writes the file now. */
enum tr_writer {
	TR_WRITER_NONE, /* nobody: it is what it will be */
	TR_WRITER_LIVE, /* a drain has it: what is read is about a second old */
};

/* Opens the trace at path. *trace is NULL on failure:
 *   INSTR_ERR_NOT_FOUND, _PERMISSION, _IO, _NOT_OURS (no trace), _VERSION (of a newer schema),
 *   _FORMAT (damaged, truncated, other tables than a trace has), _BUSY (locked), _MEMORY. */
int tr_open(struct tr_trace **trace, const char *path, struct tr_error *error);

/* Is called again and again, some thousand times a second, while something is read. NULL: nothing is. */
void tr_while_reading(void (*works)(void));
/* Opens several as one: processes of all, functions and sites that are the same added up, no events. Made in a file in TMPDIR, which is
 * gone when this returns. Also INSTR_ERR_FORMAT where their clocks tick differently. */
int tr_open_merged(struct tr_trace **trace, const char *const *paths, size_t count, struct tr_error *error);
void tr_close(struct tr_trace *trace); /* NULL is allowed; its queries must be finished */

/* Gives back what memory is kept for speed alone. */
void tr_trim(struct tr_trace *);

const char *tr_path(const struct tr_trace *);
enum tr_writer tr_writer(const struct tr_trace *);
/* The file's size, its -wal included; bytes. */
int64_t tr_file_bytes(const struct tr_trace *);
/* What of it can hold something: less than its size if it has holes; bytes. */
int64_t tr_stored_bytes(const struct tr_trace *);
/* Of this process, from here on: allocations that no honest trace of its size needs fail, and the query with a sentence. Not
 * safe against other threads. Undone, what was the limit before is. */
void tr_limit_memory(const struct tr_trace *);
void tr_unlimit_memory(void);
/* The name of a newer trace of the same name with a process id (trace.4711.db beside trace.db), or
 * NULL: another run began while this one was live. Valid until tr_close. */
const char *tr_newer_beside(const struct tr_trace *);

/* Code of other compilers (-finstrument-functions) has its names, files and lines from its image and the debug information of
 * that, if they are on this machine. Sentences about images that are here and do not serve: they are another build, damaged
 * ... NULL behind the last. Valid until tr_close. */
const char *tr_missing_lines(const struct tr_trace *, size_t index);

enum tr_type {
	TR_NULL, TR_INTEGER, TR_REAL, TR_TEXT, TR_BLOB,
	TR_PATTERN, /* arguments alone: a text that names functions, with * for anything, or "/REGEX/" (pattern.c) */
};

/* A value for a named parameter of a query (":limit" is "limit"). Parameters that are not given are
 * NULL; an argument that the query does not have is ignored. */
struct tr_argument {
	const char *name;
	enum tr_type type; /* TR_NULL, TR_INTEGER, TR_REAL, TR_TEXT or TR_PATTERN */
	int64_t integer;
	double real;
	const char *text;
};

/* Is it a regular expression, "/.../"? What is wrong with one, and from which byte of name on (0: all of it); NULL: nothing is. */
int tr_is_regex(const char *name);
const char *tr_check_regex(const char *name, size_t *at);

/* Prepares the query sql/NAME.sql. In its text the parts between the comments "sort" and "end" are
 * replaced by sort, unless that is NULL; sort is SQL and must not come from outside. */
int tr_prepare(struct tr_trace *, struct tr_query **query, const char *name, const char *sort,
	       const struct tr_argument *arguments, size_t count, struct tr_error *error);

/* All rows of a documented view or table of docs/schema.md; tr_view_name: those that there are, NULL behind the last. Other
 * names are INSTR_ERR_NOT_FOUND. */
int tr_prepare_view(struct tr_trace *, struct tr_query **query, const char *view, struct tr_error *error);
const char *tr_view_name(size_t index);

/* Prepares a query in the words of who asks: one SELECT over tables, views, and the tables of the events (docs/sql.md). It may take
 * any number of steps, any room for temporary files, and half an hour of the processor. INSTR_ERR_NOT_FOUND: it is no query;
 * the error says why, without the name of the file. */
int tr_ask(struct tr_trace *, struct tr_query **query, const char *sql, struct tr_error *error);

/* The next row: 1, 0 at the end, or negative. */
int tr_next(struct tr_query *, struct tr_error *error);
void tr_finish(struct tr_query *); /* NULL is allowed */

size_t tr_columns(const struct tr_query *);
/* Valid from the first tr_next on, until tr_finish; before, until tr_next (which may prepare anew). */
const char *tr_column_name(const struct tr_query *, size_t column);
/* The column of that name; the number of columns if there is none. */
size_t tr_column(const struct tr_query *, const char *name);

/* Values of the current row; of other types they are converted as SQLite does. Texts are valid until
 * the next call for the query; NULL reads as "" (and 0). */
enum tr_type tr_type(struct tr_query *, size_t column);
int64_t tr_integer(struct tr_query *, size_t column);
double tr_real(struct tr_query *, size_t column);
const char *tr_text(struct tr_query *, size_t column, size_t *bytes); /* bytes may be NULL */

/* The query's SQL with its values put in, to be run by any SQLite tool. Valid until tr_finish. */
const char *tr_sql(struct tr_query *);

/* What was alive in the heap at times since the start of the run, ns, in process_id (negative: in each): by the events
 * between the last moment that is kept and the time. From then on the queries heap_at, heap_growth and heap_moments,
 * with one of these times or two, tell of the times themselves; but for processes that were not running at a time, or
 * of which too few events are kept: these are at the last kept moment before, and *why says what is missing (of the
 * first; "" if nothing is). Times that were asked for before are forgotten. */
int tr_heap_at(struct tr_trace *, int64_t process_id, const int64_t *times_ns, size_t count, char *why, size_t why_bytes,
	       struct tr_error *error);

/* The calls that were open in each thread at a time since the start of the run, by its events. From then on the query
 * stacks has them, with this time as its argument "at" (and other queries have no open calls). */
int tr_stacks_at(struct tr_trace *, int64_t at_ns, struct tr_error *error);

/* Calls and times of a window of time, behind from_ns (0: from the start) and up to to_ns (INT64_MAX: to the end), since the
 * start of the run, by its events. From then on the queries top_threads, tree, tree_focus, tree_inverted, callers, callees,
 * paths, call_histogram, call_quantiles and whole_threads are of this window alone: a call counts where it began, its
 * duration where it ended, time where it was spent (and nothing is open). */
struct tr_window_facts {
	int kept;        /* are there any events in the trace? */
	int in_run;      /* does it begin before the run's end? */
	int64_t missing; /* times that some cannot be read, or are not there: what was open has its time until then */
};
int tr_window(struct tr_trace *, int64_t from_ns, int64_t to_ns, struct tr_window_facts *facts, struct tr_error *error);

/* The longest single calls of a function, by the events. Ticks are those of the tables. */
enum tr_call_end { TR_CALL_RETURNED, TR_CALL_UNWOUND, TR_CALL_OPEN };
enum tr_call_wait_kind { TR_CALL_BLOCKED, TR_CALL_LOCK };
enum { TR_CALL_WAITS = 4, TR_CALLS_MAX = 10000 };
struct tr_call {
	int64_t process_id, thread_id, context_id, start_ticks;
	int64_t ticks;       /* how long it took, waits for the drain left out */
	int64_t drain_ticks; /* these */
	int how;             /* enum tr_call_end */
	/* In it, and in all that it called: */
	int64_t lock_waits, lock_ticks, blocks, block_ticks, allocs, alloc_bytes;
	struct tr_call_wait { /* where most of this was waited, most first */
		int kind;
		int64_t site_id, count, ticks;
	} waits[TR_CALL_WAITS];
	size_t wait_count;
	struct tr_call_span *span; /* longest.c */
};
struct tr_calls_wanted {
	const char *name;                /* as TR_PATTERN */
	int64_t process_id, thread_id;   /* negative: any */
	const char *thread_name;         /* NULL: any */
	int64_t from_ns, to_ns;          /* when they began, since the start of the run; from 0, to INT64_MAX: whenever */
	size_t limit;                    /* 1 to TR_CALLS_MAX */
};
struct tr_calls {
	struct tr_call *calls; /* the longest first */
	size_t count;
	int has_chunks;        /* events of the trace are kept at all */
	int missing;           /* events of threads that were looked at are not there, or damaged */
};
/* tr_calls_fini, whatever comes back. */
int tr_find_longest_calls(struct tr_trace *, const struct tr_calls_wanted *, struct tr_calls *, struct tr_error *error);
void tr_calls_fini(struct tr_calls *);

/* What happened in a time of the run, by the events that are kept: thread by thread, in order of time in each. What begins
 * ends in the reverse order, in the same thread; what was open when the time began begins then, what was open at its end ends
 * then. */
enum tr_happening {
	TR_CALL,    /* a call begins */
	TR_BLOCKED, /* a call that may block begins */
	TR_WAITS,   /* a wait for the lock at `address` begins */
	TR_PAUSED,  /* a wait for the drain begins */
	TR_ENDS,    /* the last of these that is open ends; `address`: that of a lock which was waited for and is had now */
	TR_GIVES,   /* the lock at `address` is given back; `value`: how many of these are open */
	TR_ALLOCATES, TR_FREES, /* the block at `address`, of `value` bytes */
	TR_MISSES,  /* `value` events are missing from before this moment (0: not known how many) */
};

struct tr_happened {
	enum tr_happening what;
	int64_t ns; /* since the start of the run */
	int64_t process_id, thread_id;
	int64_t function_id, site_id; /* of calls; of BLOCKED and WAITS */
	uint64_t address, value;
};

struct tr_window {
	int64_t from_ns, to_ns;
	int64_t process_id, thread_id; /* negative: any */
	const char *thread_name;       /* NULL: any */
};

/* Calls each until that returns more than 0, which is returned. */
int tr_timeline(struct tr_trace *, const struct tr_window *, int (*each)(void *arg, const struct tr_happened *), void *arg,
		struct tr_error *error);

/* Now, ns since the start of the run, if it is being recorded on this machine; else -1. */
int64_t tr_now_ns(struct tr_trace *);

/* "schema 1, contract 1, SQLite 3.40.1": for --version. */
const char *tr_versions(void);

#endif
