/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * records.c - what a calling context has, as bytes one behind the other:
 *
 *     varint    how far before it the record before it begins; 0: there is none
 *     varint    which fields follow, by enum field: those that are not 0
 *     varints   these fields
 *     bytes     of the histogram, as many as HISTOGRAM says
 *
 * Times are differences of each other. A single call's total, longest and shortest time are the same, and so is its time without
 * callees if it has none: all but the first take no byte then.
 */
#include "libtrace/records.h"

#include <stdlib.h>
#include <string.h>

#include "fold/varint.h"
#include "instr/errors.h"

enum field { CALLS, SELF, TOTAL_BEYOND_SELF, MAX_BEYOND_TOTAL, MIN_BEYOND_MAX, HISTOGRAM, EXTRA, FIELDS = EXTRA + TR_RECORD_EXTRAS };
enum { MOST_HEAD_BYTES = (2 + FIELDS) * IRT_VARINT_MAX };

struct tr_records {
	uint8_t *bytes;
	size_t used, room; /* the first byte is none's: place 0 is none */
};

struct tr_records *tr_records_create(void)
{
	struct tr_records *records = calloc(1, sizeof(*records));

	if (records)
		records->used = 1;
	return records;
}

void tr_records_destroy(struct tr_records *records)
{
	if (records)
		free(records->bytes);
	free(records);
}

static int reserve(struct tr_records *records, size_t bytes)
{
	if (bytes > SIZE_MAX / 4 || records->used > SIZE_MAX / 4)
		return INSTR_ERR_MEMORY;
	size_t room = records->used + bytes;
	if (room <= records->room)
		return 0;
	room += room / 2 + 4096; /* what is not yet used is not in memory */
	uint8_t *now = realloc(records->bytes, room);
	if (!now)
		return INSTR_ERR_MEMORY;
	records->bytes = now;
	records->room = room;
	return 0;
}

/* Modulo 2^64, for any two values. */
static uint64_t beyond(int64_t value, int64_t other) { return irt_zigzag((int64_t)((uint64_t)value - (uint64_t)other)); }

static int64_t from(int64_t other, uint64_t field) { return (int64_t)((uint64_t)other + (uint64_t)irt_unzigzag(field)); }

int tr_records_add(struct tr_records *records, size_t *last, const struct tr_record *r)
{
	const size_t at = records->used, bytes = r->histogram ? r->histogram_bytes : 0;
	uint64_t fields[FIELDS] = {[CALLS] = (uint64_t)r->calls, [SELF] = (uint64_t)r->self_ticks,
				   [TOTAL_BEYOND_SELF] = beyond(r->total_ticks, r->self_ticks), [HISTOGRAM] = bytes};
	uint64_t which = 0;

	if (bytes) {
		fields[MAX_BEYOND_TOTAL] = beyond(r->max_ticks, r->total_ticks);
		fields[MIN_BEYOND_MAX] = beyond(r->min_ticks, r->max_ticks);
	}
	for (int i = 0; i < TR_RECORD_EXTRAS; i++)
		fields[EXTRA + i] = (uint64_t)r->extras[i];
	for (int i = 0; i < FIELDS; i++)
		which |= (uint64_t)(fields[i] != 0) << i;
	if (!which)
		return 0;
	if (bytes > SIZE_MAX - MOST_HEAD_BYTES || reserve(records, MOST_HEAD_BYTES + bytes))
		return INSTR_ERR_MEMORY;
	uint8_t *p = irt_put_varint(records->bytes + at, *last ? at - *last : 0);
	p = irt_put_varint(p, which);
	for (int i = 0; i < FIELDS; i++)
		if (fields[i])
			p = irt_put_varint(p, fields[i]);
	if (bytes)
		memcpy(p, r->histogram, bytes);
	records->used = (size_t)(p - records->bytes) + bytes;
	*last = at;
	return 0;
}

/* Most are of one byte. */
static uint64_t take(const uint8_t **p, const uint8_t *end)
{
	uint64_t value = 0;

	if (**p < 128)
		return *(*p)++;
	irt_get_varint(p, end, &value);
	return value;
}

size_t tr_records_get(const struct tr_records *records, size_t at, struct tr_record *r)
{
	const uint8_t *p = records->bytes + at, *end = records->bytes + records->used;
	const uint64_t distance = take(&p, end);
	uint64_t which = take(&p, end), fields[EXTRA] = {0};

	memset(r, 0, sizeof(*r));
	for (uint64_t left = which & ((1 << EXTRA) - 1); left; left &= left - 1)
		fields[__builtin_ctzll(left)] = take(&p, end);
	for (uint64_t left = which >> EXTRA; left; left &= left - 1)
		r->extras[__builtin_ctzll(left)] = (int64_t)take(&p, end);
	r->calls = (int64_t)fields[CALLS];
	r->self_ticks = (int64_t)fields[SELF];
	r->total_ticks = from(r->self_ticks, fields[TOTAL_BEYOND_SELF]);
	if (fields[HISTOGRAM]) {
		r->max_ticks = from(r->total_ticks, fields[MAX_BEYOND_TOTAL]);
		r->min_ticks = from(r->max_ticks, fields[MIN_BEYOND_MAX]);
		r->histogram = p;
		r->histogram_bytes = fields[HISTOGRAM];
	}
	return distance ? at - distance : 0;
}
