/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * functions.h - exact totals per function: the rows of function_totals.
 *
 * One object per process, and one for the run that all of them feed. Walks add to them when they are
 * settled (irt_walk_settle): the differences since the last time, context by context, so the cost is
 * that of what has changed. Total time counts a function once however deep it recurses: only contexts
 * with recursive = 0 add to it. Everything else comes from all contexts.
 *
 * Recovery needs no rows of function_totals but their orphans: restoring a thread's totals
 * (irt_walk_restore_totals) adds them here again.
 *
 * Threads: one at a time.
 */
#ifndef IRT_FOLD_FUNCTIONS_H
#define IRT_FOLD_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "fold/histogram.h"

struct irt_functions;

struct irt_function_row {
	uint32_t function;
	uint64_t calls;          /* returns + unwound + open */
	uint64_t returns, unwound, open, orphans;
	uint64_t total_ticks, self_ticks;
	/* of finished calls; meaningless when returns + unwound = 0 */
	uint64_t min_ticks, p50_ticks, p99_ticks, max_ticks;
};

/* What one context of one thread adds. open may go down. */
struct irt_function_delta {
	uint64_t returns, unwound;
	int64_t open;
	uint64_t total_ticks, self_ticks; /* total_ticks 0 for recursive contexts */
	uint64_t min_ticks, max_ticks;    /* of all its finished calls; ignored when returns + unwound = 0 */
	/* counts of the buckets [first, first + span), in one of the two widths; span may be 0 */
	const uint64_t *counts;
	const uint32_t *counts32;
	uint16_t first, span;
};

/* run: the object that gets everything too, must outlive this one; NULL for the run's own.
 * INSTR_ERR_MEMORY. */
int irt_functions_create(struct irt_functions **f, struct irt_functions *run);
void irt_functions_destroy(struct irt_functions *f); /* NULL is allowed; the run keeps what it got */

/* INSTR_ERR_MEMORY: neither f nor its run has changed. INSTR_ERR_FULL: no function has such an
 * id (2^26). Memory grows with the greatest function id (ids
 * are dense). */
int irt_functions_add(struct irt_functions *f, uint32_t function, const struct irt_function_delta *d);
int irt_functions_add_orphans(struct irt_functions *f, uint32_t function, uint64_t orphans);

/* false: nothing is known of the function. */
bool irt_functions_row(const struct irt_functions *f, uint32_t function, struct irt_function_row *row);

/* Calls each for every function that changed since the last irt_functions_saved, until it returns
 * non-zero, which is returned. Call irt_functions_saved when the rows are committed; without it they
 * come again. */
int irt_functions_each_changed(struct irt_functions *f, void *user,
			       int (*each)(void *user, const struct irt_function_row *row));
void irt_functions_saved(struct irt_functions *f);

#endif
