/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * export.h - what the files of instr-export share.
 *
 *     main.c ──► header.c    what is missing, on stderr
 *        └─────► folded.c, pprof.c ...    a format each: begins, is given samples, ends
 *                   └─► walk.c    rows of a query of tools/libtrace/sql/export_*.sql as samples
 *
 * A query has every calling context, callers first, so a context's path is known when its row
 * comes: rows are passed on as they come. What is kept is what paths are made of: the contexts as
 * numbers, and the functions.
 *
 * Functions that can fail return 0 or a negative enum instr_err and have filled export->error.
 */
#ifndef TOOLS_EXPORT_EXPORT_H
#define TOOLS_EXPORT_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "cli/buffer.h"
#include "cli/terminal.h"
#include "export/map.h"
#include "libtrace/trace.h"

enum { ANY = -1 };                 /* every process, thread */
enum { EXPORT_NONE = UINT32_MAX }; /* no index */
enum { EXPORT_DEPTH_MAX = 4096, EXPORT_VALUES_MAX = 4 };

struct export_function {
	char *name, *linkage_name, *file; /* fit to be printed; file "" if not known */
	int64_t line;                     /* 0: not known */
	int64_t module_id;                /* 0: none */
};

struct export_context {
	int64_t id;
	uint32_t parent; /* index; EXPORT_NONE: it has none, and is no call */
	uint32_t function;
	uint32_t depth; /* frames of its path, less one */
};

struct export {
	struct tr_trace *trace;
	struct tr_error error;
	int64_t process_id, thread_id;
	const char *thread_name;
	int idle; /* waits for work, too */
	int show_sql;
	/* header.c */
	int64_t start_realtime_ns, duration_ns;
	struct cli_buffer command;  /* of the first process, fit to be printed */
	struct cli_buffer comments; /* what is missing, a line each */
	/* walk.c */
	struct export_context *contexts;
	size_t context_count, context_room;
	struct export_function *functions;
	size_t function_count, function_room;
	struct export_map function_of_id;
};

/* A column of a query, as a kind of value. */
struct export_measure {
	const char *column;
	const char *type, *unit; /* as readers call it */
};

/* What --value chooses. */
struct export_value {
	const char *name, *query;
	struct export_measure measure;
};

/* What --profile chooses. */
struct export_profile {
	const char *name, *query;
	struct export_measure measures[EXPORT_VALUES_MAX + 1]; /* ends with {0} */
	const char *main_type;                                 /* which of them a reader shows first */
	struct export_measure period;                          /* what a sample stands for one of */
	int is_called;                                         /* what is called at the place is a frame, too */
};

/* header.c: reads facts about the run into export, and says what is missing on stderr. */
int export_header(struct export *);

/* walk.c: a row with something in it: a calling context, and values of at least 0, one of which is more. */
struct export_sample {
	uint32_t context;        /* index */
	const int64_t *values;
	struct tr_query *query;  /* its row; NULL if the rows of a context were added up */
};
typedef int export_take(struct export *, void *state, const struct export_sample *);

/* Runs the query and gives each row with a value to take, or with by_context each context. With show_sql
 * prints the query instead. */
int export_walk(struct export *, const char *query, const struct export_measure *measures, size_t count, int by_context,
		export_take *take, void *state);
/* The functions of a context's path, innermost first; returns how many, at least 1. */
size_t export_path(const struct export *, uint32_t context, uint32_t functions[EXPORT_DEPTH_MAX]);
/* Text that is fit to be printed; to be freed. */
char *export_clean(const char *text, size_t bytes);
void export_fini(struct export *);

/* The formats; on stdout. */
int export_folded(struct export *, const struct export_value *);
int export_callgrind(struct export *, const struct export_value *);
int export_speedscope(struct export *, const struct export_value *);
int export_pprof(struct export *, const struct export_profile *);
int export_chrome(struct export *, int64_t from_ns, int64_t to_ns);
int export_csv(struct export *, const char *view);
int export_check_view(const char *view);

#endif
