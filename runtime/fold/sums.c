/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sums.c - see sums.h. An array of sums, and a table of their places by context.
 */
#include "fold/sums.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 128 }; /* a power of two; at most half of the slots are used */

struct irt_sums {
	struct irt_sum *at;
	uint32_t count;
	uint32_t *slots; /* place + 1; 0 = empty */
	uint32_t slot_count;
};

static uint32_t *find_slot(const struct irt_sums *s, uint32_t context)
{
	uint32_t mask = s->slot_count - 1;
	uint32_t i = (uint32_t)(context * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (s->slots[i] && s->at[s->slots[i] - 1].context != context)
		i = (i + 1) & mask;
	return &s->slots[i];
}

static int grow(struct irt_sums *s, uint32_t slot_count)
{
	struct irt_sum *at = realloc(s->at, slot_count / 2 * sizeof(*at));
	uint32_t *slots = calloc(slot_count, sizeof(*slots));

	if (at)
		s->at = at;
	if (!at || !slots) {
		free(slots);
		return INSTR_ERR_MEMORY;
	}
	free(s->slots);
	s->slots = slots;
	s->slot_count = slot_count;
	for (uint32_t i = 0; i < s->count; i++)
		*find_slot(s, s->at[i].context) = i + 1;
	return 0;
}

int irt_sums_create(struct irt_sums **out)
{
	struct irt_sums *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s || grow(s, FIRST_SLOTS)) {
		irt_sums_destroy(s);
		return INSTR_ERR_MEMORY;
	}
	*out = s;
	return 0;
}

void irt_sums_destroy(struct irt_sums *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->count; i++)
		irt_histogram_fini(&s->at[i].histogram);
	free(s->at);
	free(s->slots);
	free(s);
}

int irt_sum_add(struct irt_sum *to, const struct irt_walk_totals *row)
{
	int err = irt_histogram_merge(&to->histogram, row->histogram);

	if (err)
		return err;
	if (row->returns + row->unwound) {
		int first = to->returns + to->unwound == 0;
		if (first || row->min_ticks < to->min_ticks)
			to->min_ticks = row->min_ticks;
		if (first || row->max_ticks > to->max_ticks)
			to->max_ticks = row->max_ticks;
	}
	to->calls += row->calls;
	to->returns += row->returns;
	to->unwound += row->unwound;
	to->open += row->open;
	to->total_ticks += row->total_ticks;
	to->self_ticks += row->self_ticks;
	return 0;
}

int irt_sums_add(struct irt_sums *s, const struct irt_walk_totals *row)
{
	uint32_t *slot;

	if (2 * (s->count + 1) > s->slot_count && grow(s, 2 * s->slot_count))
		return INSTR_ERR_MEMORY;
	slot = find_slot(s, row->context);
	if (!*slot) {
		memset(&s->at[s->count], 0, sizeof(*s->at));
		s->at[s->count].context = row->context;
		*slot = ++s->count;
	}
	return irt_sum_add(&s->at[*slot - 1], row);
}

static int by_context(const void *a, const void *b)
{
	uint32_t x = ((const struct irt_sum *)a)->context, y = ((const struct irt_sum *)b)->context;

	return (x > y) - (x < y);
}

int irt_sums_each(struct irt_sums *s, void *user, int (*each)(void *user, struct irt_sum *sum))
{
	int stop = 0;

	if (s->count) {
		qsort(s->at, s->count, sizeof(*s->at), by_context);
		memset(s->slots, 0, s->slot_count * sizeof(*s->slots));
		for (uint32_t i = 0; i < s->count; i++)
			*find_slot(s, s->at[i].context) = i + 1;
	}
	for (uint32_t i = 0; i < s->count && !stop; i++)
		stop = each(user, &s->at[i]);
	return stop;
}
