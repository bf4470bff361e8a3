/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * histogram.c - exact counts in log-linear buckets, their quantiles and their bytes.
 */
#include "fold/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "fold/varint.h"

enum { VERSION = 1, OCTAVE = 16 };

void irt_histogram_fini(struct irt_histogram *h)
{
	free(h->counts);
	memset(h, 0, sizeof(*h));
}

int irt_histogram_reserve(struct irt_histogram *h, unsigned first, unsigned last)
{
	unsigned from, to; /* [from, to), whole octaves */
	uint64_t *counts;

	if (h->span && first >= h->first && last < (unsigned)h->first + h->span)
		return 0;
	if (last >= IRT_HISTOGRAM_BUCKETS || first > last)
		return INSTR_ERR_FORMAT;
	from = first / OCTAVE * OCTAVE;
	to = (last / OCTAVE + 1) * OCTAVE;
	if (h->span) {
		if (h->first < from)
			from = h->first;
		if ((unsigned)h->first + h->span > to)
			to = (unsigned)h->first + h->span;
	}
	counts = calloc(to - from, sizeof(*counts));
	if (!counts)
		return INSTR_ERR_MEMORY;
	if (h->span)
		memcpy(counts + (h->first - from), h->counts, h->span * sizeof(*counts));
	free(h->counts);
	h->counts = counts;
	h->first = (uint16_t)from;
	h->span = (uint16_t)(to - from);
	return 0;
}

int irt_histogram_merge(struct irt_histogram *into, const struct irt_histogram *from)
{
	int err;

	if (!from->span)
		return 0;
	err = irt_histogram_reserve(into, from->first, (unsigned)from->first + from->span - 1);
	if (err)
		return err;
	for (unsigned i = 0; i < from->span; i++)
		into->counts[from->first - into->first + i] += from->counts[i];
	return 0;
}

uint64_t irt_histogram_count(const struct irt_histogram *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < h->span; i++)
		n += h->counts[i];
	return n;
}

uint64_t irt_histogram_rank(const struct irt_histogram *h, uint64_t rank, uint64_t min, uint64_t max)
{
	uint64_t below = 0, value;

	for (unsigned i = 0; i < h->span; i++) {
		if (h->counts[i] == 0)
			continue;
		below += h->counts[i];
		if (below >= rank || below < h->counts[i]) {
			unsigned bucket = h->first + i;
			value = irt_histogram_low(bucket) + irt_histogram_width(bucket) / 2;
			return value < min ? min : value > max ? max : value;
		}
	}
	return below ? max : 0;
}

uint64_t irt_histogram_quantile(const struct irt_histogram *h, unsigned per_mille, uint64_t min,
				uint64_t max)
{
	uint64_t n = irt_histogram_count(h);
	/* ceil(n * per_mille / 1000) without overflow */
	uint64_t rank = n / 1000 * per_mille + (n % 1000 * per_mille + 999) / 1000;

	return irt_histogram_rank(h, rank ? rank : 1, min, max);
}

size_t irt_histogram_write(const struct irt_histogram *h, uint8_t *out)
{
	uint8_t *p = out;
	unsigned last = 0;

	for (unsigned i = 0; i < h->span; i++) {
		if (h->counts[i] == 0)
			continue;
		if (p == out)
			*p++ = VERSION;
		p = irt_put_varint(p, h->first + i - last);
		p = irt_put_varint(p, h->counts[i]);
		last = h->first + i;
	}
	return (size_t)(p - out);
}

/* One pass over the bytes; into NULL only checks them. */
static int read_buckets(struct irt_histogram *into, const uint8_t *bytes, size_t count)
{
	const uint8_t *p = bytes + 1, *end = bytes + count;
	uint64_t bucket = 0, step, n;

	for (int first = 1; p < end; first = 0) {
		if (!irt_get_varint(&p, end, &step) || !irt_get_varint(&p, end, &n) || n == 0)
			return INSTR_ERR_FORMAT;
		if ((step == 0 && !first) || step >= IRT_HISTOGRAM_BUCKETS - bucket)
			return INSTR_ERR_FORMAT;
		bucket += step;
		if (into) {
			int err = irt_histogram_add(into, (unsigned)bucket, n);
			if (err)
				return err;
		}
	}
	return 0;
}

int irt_histogram_read(struct irt_histogram *h, const uint8_t *bytes, size_t count)
{
	struct irt_histogram read = {0};
	int err;

	if (count == 0)
		return 0;
	if (bytes[0] != VERSION)
		return INSTR_ERR_VERSION;
	err = read_buckets(NULL, bytes, count);
	if (!err)
		err = read_buckets(&read, bytes, count);
	if (!err)
		err = irt_histogram_merge(h, &read);
	irt_histogram_fini(&read);
	return err;
}
