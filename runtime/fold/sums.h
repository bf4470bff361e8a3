/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sums.h - totals of several threads of one process added up, context by context.
 *
 * Takes rows of totals and gives the sums; exact in every column, histograms included.
 */
#ifndef IRT_FOLD_SUMS_H
#define IRT_FOLD_SUMS_H

#include "fold/walk.h"

struct irt_sums;

struct irt_sum {
	uint32_t context;
	uint64_t calls, returns, unwound, open;
	uint64_t total_ticks, self_ticks;
	uint64_t min_ticks, max_ticks; /* meaningless when returns + unwound = 0 */
	struct irt_histogram histogram;
};

/* INSTR_ERR_MEMORY. */
int irt_sums_create(struct irt_sums **sums);
void irt_sums_destroy(struct irt_sums *sums); /* NULL is allowed */

/* INSTR_ERR_MEMORY: nothing has changed. */
int irt_sums_add(struct irt_sums *sums, const struct irt_walk_totals *row);

/* The same for one sum: the row is of its context. */
int irt_sum_add(struct irt_sum *sum, const struct irt_walk_totals *row);

/* Calls each for every context, ascending; each may add to the sum. What it returns, if not 0, ends it
 * and is returned. */
int irt_sums_each(struct irt_sums *sums, void *user, int (*each)(void *user, struct irt_sum *sum));

#endif
