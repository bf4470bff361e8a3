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
	int64_t calls, self_ns, total_ns;
	int64_t allocs, bytes, acquisitions, lock_waits, lock_ns, waits, wait_ns;
	int there; /* has such a context */
};

/* How long its calls took; of those that have ended. */
struct durations {
	int64_t calls; /* 0: all else is 0 */
	int64_t min_ns, max_ns, p50_ns, p99_ns;
};

/* The rank test of both sides' times. Differences are called so at a false discovery rate of 1 % among them, and in at least so
 * many more pairs of calls than half. Without the latter, two runs of the same program would differ: of millions of calls
 * any is significant. */
#define FIGURES_RATE 0.01
#define FIGURES_EFFECT 0.01
enum verdict { NOT_TESTED, NO_DIFFERENCE, SLOWER, FASTER, VERDICTS };
struct tested {
	enum verdict verdict; /* NOT_TESTED: a side has no finished call; all else is 0 */
	double q;             /* the false discovery rate */
	double longer;        /* in so many pairs of an old and a new call the new one took longer */
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
void figures_durations(const struct figures *, int by_context, size_t row, enum side, struct durations *);
/* A quantile, in thousandths; -1: no call has ended. */
int64_t figures_quantile(const struct figures *, int by_context, size_t row, enum side, unsigned per_mille);
/* All rows together: *tested has as many as figures_rows says, and is to be freed. 0 or INSTR_ERR_MEMORY. */
int figures_test(const struct figures *, int by_context, struct tested **tested);
/* Of the function and all that it called, recursion counted once; made at first use. */
int64_t figures_below(struct figures *, size_t function, enum side, enum extra);

/* Of a function, not 0: has it a context? As sums.there. */
int figures_is_there(const struct figures *, size_t function, enum side);
size_t figures_function(const struct figures *, size_t context);
/* Its caller's number, which is lower; of context 0 itself. */
size_t figures_parent(const struct figures *, size_t context);
const char *figures_name(const struct figures *, size_t function);
/* Of the newer trace, where it has them: file may be NULL, line 0. */
const char *figures_file(const struct figures *, size_t function, int64_t *line);
/* "leaf < middle < main", at most 64 functions. */
void figures_path(const struct figures *, size_t context, struct cli_buffer *out);

#endif
