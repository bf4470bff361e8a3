/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * ranks.c - Mann-Whitney's rank test on histograms, and the correction for many tests.
 *
 * With n old and m new calls, t of both in a bucket, and N = n + m:
 *
 *     U      = pairs in which the new call takes longer + half of the pairs that are ties
 *     E(U)   = n m / 2
 *     var(U) = n m / 12 * (N + 1 - sum(t^3 - t) / (N (N - 1)))
 *     z      = (|U - E(U)| - 1/2) / sqrt(var(U))
 *
 * (Lehmann, Nonparametrics, 1.3 and 1.4.)
 */
#include "libtrace/compare.h"

#include <math.h>
#include <stdlib.h>

#include "fold/histogram.h"

static const double same_rate = 1e-3;

struct tr_times {
	struct irt_histogram counts;
};

struct tr_times *tr_times_create(void)
{
	return calloc(1, sizeof(struct tr_times));
}

void tr_times_destroy(struct tr_times *times)
{
	if (times)
		irt_histogram_fini(&times->counts);
	free(times);
}

void tr_times_clear(struct tr_times *times)
{
	irt_histogram_fini(&times->counts);
}

int tr_times_add(struct tr_times *times, const void *bytes, size_t count)
{
	return irt_histogram_read(&times->counts, bytes, count);
}

uint64_t tr_times_count(const struct tr_times *times)
{
	return irt_histogram_count(&times->counts);
}

uint64_t tr_times_quantile(const struct tr_times *times, unsigned per_mille, uint64_t min_ticks, uint64_t max_ticks)
{
	return irt_histogram_quantile(&times->counts, per_mille, min_ticks, max_ticks);
}

/* Counts are any that a file may hold: sums of them are taken as numbers with a fraction. */
static double count_of(const struct irt_histogram *h, unsigned bucket)
{
	return bucket - h->first < h->span ? (double)h->counts[bucket - h->first] : 0;
}

static double sum_of(const struct irt_histogram *h)
{
	double sum = 0;
	for (unsigned i = 0; i < h->span; i++)
		sum += (double)h->counts[i];
	return sum;
}

/* U, and what ties take from N + 1, both with buckets that mean the same. */
static double rank_same(const struct irt_histogram *old, const struct irt_histogram *now, double all, double *ties)
{
	double u = 0, below = 0;

	*ties = 0;
	for (unsigned b = 0; b < IRT_HISTOGRAM_BUCKETS; b++) {
		double n = count_of(old, b), m = count_of(now, b), t = n + m;
		u += m * (below + n / 2);
		below += n;
		*ties += t / all * (t * t - 1) / (all - 1);
	}
	return u;
}

/* With buckets of different ticks, in ns: the U nearest to its mean that the values may have, whatever they are within their
 * buckets. */
static double rank_apart(const struct irt_histogram *old, double old_rate, const struct irt_histogram *now, double rate)
{
	double least = 0, most = 0;
	double ended = 0, begun = 0; /* old calls in buckets that end below the new bucket; that begin below its end */
	unsigned end = 0, begin = 0;

	for (unsigned i = 0; i < now->span; i++) {
		const unsigned b = now->first + i;
		const double low = (double)irt_histogram_low(b) * rate, high = low + (double)irt_histogram_width(b) * rate;
		if (!now->counts[i])
			continue;
		for (; end < old->span; end++) {
			unsigned o = old->first + end;
			if (((double)irt_histogram_low(o) + (double)irt_histogram_width(o)) * old_rate > low)
				break;
			ended += (double)old->counts[end];
		}
		for (; begin < old->span && (double)irt_histogram_low(old->first + begin) * old_rate < high; begin++)
			begun += (double)old->counts[begin];
		least += (double)now->counts[i] * ended;
		most += (double)now->counts[i] * begun;
	}
	const double middle = sum_of(old) * sum_of(now) / 2;
	return least > middle ? least : most < middle ? most : middle;
}

int tr_rank_test(const struct tr_times *old, double old_rate, const struct tr_times *now, double rate, struct tr_ranks *ranks)
{
	const double n = sum_of(&old->counts), m = sum_of(&now->counts), all = n + m;
	double ties = 0, u;

	*ranks = (struct tr_ranks){.longer = 0.5, .p = 1};
	if (!(n > 0) || !(m > 0) || !(rate > 0) || !(old_rate > 0))
		return 0;
	if (fabs(rate - old_rate) <= same_rate * old_rate)
		u = rank_same(&old->counts, &now->counts, all, &ties);
	else
		u = rank_apart(&old->counts, old_rate, &now->counts, rate);
	ranks->longer = u / n / m;
	const double variance = n * m / 12 * (all + 1 - ties), off = u - n * m / 2, least = n * m / 12 * all * 1e-12;
	if (variance > least && fabs(off) > 0.5)
		ranks->z = (fabs(off) - 0.5) / sqrt(variance) * (off < 0 ? -1 : 1);
	ranks->p = erfc(fabs(ranks->z) / sqrt(2));
	return 1;
}

struct place {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->at > y->at) - (x->at < y->at);
}

int tr_adjust(double *p, size_t count)
{
	struct place *places = malloc((count + !count) * sizeof(*places));
	double least = 1;

	if (!places)
		return INSTR_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){p[i], i};
	qsort(places, count, sizeof(*places), by_p);
	for (size_t i = count; i--;) {
		double q = places[i].p * (double)count / (double)(i + 1);
		if (q < least)
			least = q;
		p[places[i].at] = least;
	}
	free(places);
	return 0;
}
