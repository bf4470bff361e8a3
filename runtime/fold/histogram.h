/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * histogram.h - exact counts of durations in log-linear buckets.
 *
 * Buckets. Values below 16 have a bucket each; from there on every octave [2^e, 2^(e+1)) is cut into
 * 16 buckets of equal width 2^(e-4). So bucket b covers
 *
 *     b < 32    the value b itself
 *     b >= 32   [(16 + b % 16) << s, (17 + b % 16) << s)      s = b / 16 - 1
 *
 * and 976 buckets cover 64 bits. Counts are exact; only the place within a bucket is lost.
 *
 * Quantiles. The q-quantile of n values is defined here as the value of rank ceil(q * n), at least 1,
 * in ascending order (so it is one of the values). The bucket that holds it is known exactly; the
 * answer is the middle of that bucket, clamped to the exact minimum and maximum. Both the true value
 * v and the answer lie in one bucket of width w = 2^s whose lower bound is at least 16 w, so
 *
 *     |answer - v| <= w / 2 <= v / 32,      at most 3.125 %, for any distribution whatever,
 *
 * and values below 32 are exact. (A line through the bucket instead of its middle is nearer on
 * average when a bucket holds many values, but twice as far off in the worst case: 6.25 %.)
 */
#ifndef IRT_FOLD_HISTOGRAM_H
#define IRT_FOLD_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "instr/errors.h"

enum {
	IRT_HISTOGRAM_BUCKETS = 976,
	/* Room that the serialised form of any histogram needs. */
	IRT_HISTOGRAM_BYTES_MAX = IRT_HISTOGRAM_BUCKETS * 12 + 16,
};

static inline unsigned irt_histogram_bucket(uint64_t value)
{
	unsigned shift = (63 ^ (unsigned)__builtin_clzll(value | 16)) - 4;
	return (shift << 4) + (unsigned)(value >> shift);
}

/* Least value of a bucket, and number of values in it. */
static inline uint64_t irt_histogram_low(unsigned bucket)
{
	return bucket < 32 ? bucket : (uint64_t)(16 + bucket % 16) << (bucket / 16 - 1);
}
static inline uint64_t irt_histogram_width(unsigned bucket)
{
	return bucket < 32 ? 1 : UINT64_C(1) << (bucket / 16 - 1);
}

/* Covers the buckets [first, first + span), grown by whole octaves. All zero is an empty histogram
 * that owns nothing. */
struct irt_histogram {
	uint64_t *counts;
	uint16_t first, span;
};

void irt_histogram_fini(struct irt_histogram *h);

/* INSTR_ERR_MEMORY: unchanged. */
int irt_histogram_merge(struct irt_histogram *into, const struct irt_histogram *from);

/* Makes room for the buckets [first, last], after which adding to them cannot fail. */
int irt_histogram_reserve(struct irt_histogram *h, unsigned first, unsigned last);

/* INSTR_ERR_MEMORY: unchanged. */
static inline int irt_histogram_add(struct irt_histogram *h, unsigned bucket, uint64_t count)
{
	if (bucket - h->first >= h->span) {
		int err = irt_histogram_reserve(h, bucket, bucket);
		if (err)
			return err;
	}
	h->counts[bucket - h->first] += count;
	return 0;
}

uint64_t irt_histogram_count(const struct irt_histogram *h);

/* Rank rank (1 = smallest) of the values, see above; 0 if there are none. */
uint64_t irt_histogram_rank(const struct irt_histogram *h, uint64_t rank, uint64_t min, uint64_t max);

/* The `per_mille`-quantile (500 = median, 990 = p99) of the values. */
uint64_t irt_histogram_quantile(const struct irt_histogram *h, unsigned per_mille, uint64_t min,
				uint64_t max);

/* The bytes of totals.histogram (docs/format.md): a version byte 1, then for each bucket that is not
 * empty, ascending, two varints: distance from the bucket before (the first: its number) and count.
 * out has IRT_HISTOGRAM_BYTES_MAX bytes. Returns the length; 0 for an empty histogram. */
size_t irt_histogram_write(const struct irt_histogram *h, uint8_t *out);

/* Adds what the bytes say to h. INSTR_ERR_FORMAT: not such bytes, INSTR_ERR_VERSION; h is unchanged
 * then. Safe on any input. */
int irt_histogram_read(struct irt_histogram *h, const uint8_t *bytes, size_t count);

#endif
