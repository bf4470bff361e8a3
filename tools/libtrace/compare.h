/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * compare.h - did calls get slower? Durations of calls as histograms, and a rank test between two of them.
 *
 *     struct tr_times *old = tr_times_create(), *new = tr_times_create();
 *     tr_times_add(old, bytes, count); ...              histograms as in totals.histogram
 *     tr_rank_test(old, old_ns_per_tick, new, new_ns_per_tick, &ranks);
 *     tr_adjust(p, count);                              of all tests that were made, before any is believed
 *
 * Threads: each object belongs to one thread at a time.
 */
#ifndef TOOLS_LIBTRACE_COMPARE_H
#define TOOLS_LIBTRACE_COMPARE_H

#include <stddef.h>
#include <stdint.h>

struct tr_times;

struct tr_times *tr_times_create(void); /* empty; NULL: no memory */
void tr_times_destroy(struct tr_times *); /* NULL is allowed */
void tr_times_clear(struct tr_times *);
/* Adds what a histogram holds. 0, INSTR_ERR_FORMAT or _VERSION (not such bytes: nothing was added), INSTR_ERR_MEMORY. */
int tr_times_add(struct tr_times *, const void *bytes, size_t count);
uint64_t tr_times_count(const struct tr_times *);
/* The per_mille-quantile, ticks, as fold/histogram.h defines it; min and max are those of the calls. 0 if there are none. */
uint64_t tr_times_quantile(const struct tr_times *, unsigned per_mille, uint64_t min_ticks, uint64_t max_ticks);

struct tr_ranks {
	double longer; /* how likely a new call takes longer than an old one, equal ones half: 0 to 1 */
	double z;      /* how many standard deviations from a half that is, continuity corrected, never beyond it; > 0: longer */
	double p;      /* how likely it is so far from a half on either side if nothing changed */
};

/* Mann-Whitney's test, two-sided, by the normal approximation with the correction for ties (calls of one bucket of the
 * histogram are ties) and for continuity. Where the ticks of the two differ in length by more than a thousandth, buckets are compared
 * in ns: of what the values may be that lie in buckets which overlap, the least difference counts, and the variance is that without
 * ties, which is larger. So a difference is missed rather than made up. 1, or 0 and nothing in *ranks but p = 1 where one of the two is empty. */
int tr_rank_test(const struct tr_times *old, double old_ns_per_tick, const struct tr_times *now, double new_ns_per_tick, struct tr_ranks *ranks);

/* Makes of each p of count tests the least false discovery rate at which it would be among the discoveries (Benjamini and
 * Hochberg 1995). INSTR_ERR_MEMORY: unchanged. */
int tr_adjust(double *p, size_t count);

#endif
