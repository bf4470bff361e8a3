/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * figures.h - what one trace, or two that are compared, have by calling context and by function. Contexts of both are one
 * tree: those with the same functions on their way are one node of it. diff.c and gate.c ask.
 */
#ifndef TOOLS_REPORT_FIGURES_H
#define TOOLS_REPORT_FIGURES_H

#include "libtrace/compare.h"
#include "report/report.h"

enum side { OLD, NEW, SIDES };

/* What can be asked of each row, of either side. */
struct sums {
	int64_t calls, self_ns, total_ns, min_ns, max_ns, p50_ns, p99_ns; /* from finished on those that have any */
	int64_t finished; /* calls in the histogram */
	int64_t allocs, bytes, acquisitions, lock_waits, lock_ns, waits, wait_ns;
	int there; /* has such a context */
};

/* Figures of the heap, locks and waits, of a context itself and with all below it. */
enum extra { ALLOCS, BYTES, ACQUISITIONS, LOCK_WAITS, LOCK_TIME, WAITS, WAIT_TIME, EXTRAS };

struct figures;

/* Reads report->trace, and report->old if there is one. 0, or a negative enum instr_err with report->error filled.
 * *figures is NULL then. */
int figures_read(struct report *, struct figures **figures);
/* Prints the queries that it runs on each. */
int figures_show_sql(struct report *);
void figures_free(struct figures *); /* NULL is allowed */

/* Rows are functions, or contexts. Their numbers are 0 to count - 1; function 0 and context 0 are what no call that has hooks did. */
size_t figures_rows(const struct figures *, int by_context);
void figures_sum(const struct figures *, int by_context, size_t row, enum side, struct sums *);
/* The same with a part of the quantiles, in thousandths; -1: no call has ended. */
int64_t figures_quantile(const struct figures *, int by_context, size_t row, enum side, unsigned per_mille);
/* Of both sides; 1, or 0 where one has no finished call. */
int figures_test(const struct figures *, int by_context, size_t row, struct tr_ranks *);
/* Of the function and all that it called, recursion counted once; made at first use. */
int64_t figures_below(struct figures *, size_t function, enum side, enum extra);

size_t figures_function(const struct figures *, size_t context);
/* Its caller's number, which is lower; of context 0 itself. */
size_t figures_parent(const struct figures *, size_t context);
const char *figures_name(const struct figures *, size_t function);
/* Of the newer trace, where it has them: file may be NULL, line 0. */
const char *figures_file(const struct figures *, size_t function, int64_t *line);
/* "leaf < middle < main", at most 64 functions. */
void figures_path(const struct figures *, size_t context, struct cli_buffer *out);

#endif
