/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * report.h - what the files of instr-report share: what was asked, and the pieces of an answer.
 *
 *     main.c ──► header.c (what was recorded, and what is missing) ──► top.c | tree.c | info.c
 */
#ifndef TOOLS_REPORT_REPORT_H
#define TOOLS_REPORT_REPORT_H

#include "cli/buffer.h"
#include "cli/rows.h"
#include "cli/table.h"
#include "libtrace/trace.h"

enum report_mode { REPORT_TOP, REPORT_TREE, REPORT_INFO };
enum report_sort { SORT_SELF, SORT_TOTAL, SORT_CALLS };

enum { NO_LIMIT = -1, ANY = -1 };

struct report {
	struct tr_trace *trace;
	struct tr_error error; /* of the last call that failed */

	int mode, sort;        /* enum report_mode, enum report_sort */
	int format;            /* enum cli_format */
	int show_sql;
	int64_t limit;         /* NO_LIMIT: all */
	int64_t process_id;    /* ANY: the whole run */
	int64_t thread_id;     /* ANY, or the thread asked for by number */
	const char *thread_name; /* NULL, or threads asked for by name */
	double least;          /* least share of a context in the tree, 0 to 1 */

	struct cli_buffer out; /* the answer as text */
	size_t lines;          /* in it, roughly: for the pager */

	/* From the header, for the tables. */
	double hook_cost_ns;   /* what an empty call measures, and adds to its caller; 0: not known */
	int64_t processes;
	struct report_whole {  /* what shares are shares of: the whole run */
		int64_t functions, calls, self_ns;
	} whole;
};

/* Figures of a file may be any: a sum that is too large stays at the largest. */
static inline int64_t report_sum(int64_t a, int64_t b)
{
	int64_t sum;
	return !__builtin_add_overflow(a, b, &sum) ? sum : b < 0 ? INT64_MIN : INT64_MAX;
}

static inline int64_t report_difference(int64_t a, int64_t b)
{
	int64_t difference;
	return !__builtin_sub_overflow(a, b, &difference) ? difference : b > 0 ? INT64_MIN : INT64_MAX;
}

/* Each returns 0, or a negative enum instr_err with report->error filled. */
int report_header(struct report *);
int report_top(struct report *);
int report_tree(struct report *);
int report_info(struct report *);

/* query.c: the query with what was asked for as its parameters, in the order sort (SQL of ours, or
 * NULL). */
int report_query(struct report *, struct tr_query **query, const char *name, const char *sort);
/* The same with another limit. */
int report_query_limited(struct report *, struct tr_query **query, const char *name, int64_t limit);
/* The whole query as CSV or JSON, or its SQL. */
int report_rows(struct report *, const char *query_name, const char *sort);

/* names.c: shortens a C++ name to width columns by giving up what tells least: parameters, template
 * arguments, then its middle. For struct cli_column. */
void report_shorten_name(struct cli_buffer *out, const char *name, size_t width);
/* A function's name, "(no name)" for an empty one. */
const char *report_name(struct tr_query *query, size_t function);
/* "file.c:12", without folders; "" if not known. Valid until the next call. */
const char *report_place(struct tr_query *query, size_t file, size_t line);

/* 1 if half of this self time or more may be hooks: calls are those of the function itself and, where
 * known, those that it made. */
int report_is_distorted(const struct report *, int64_t self_ns, int64_t calls);
/* The line that explains the mark, if one was printed. */
void report_explain_marks(struct report *, int marked);

#endif
