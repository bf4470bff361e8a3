/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocks.c - see blocks.h.
 */
#include "fold/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"

enum { FIRST_SLOTS = 16 };

struct entry {
	struct irt_block_row row;
	bool changed;
};

struct irt_blocks {
	struct entry *entries;
	size_t count, room;
	uint32_t *slots; /* index into entries + 1; 0 = empty. A power of two, at most half of it used */
	uint32_t slot_count;
	bool changed;
};

int irt_blocks_create(struct irt_blocks **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : INSTR_ERR_MEMORY;
}

void irt_blocks_destroy(struct irt_blocks *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++)
		irt_histogram_fini(&b->entries[i].row.times);
	free(b->entries);
	free(b->slots);
	free(b);
}

static uint32_t *find(const struct irt_blocks *b, uint32_t context, uint32_t site_id, uint32_t descriptor, bool with_lock)
{
	uint64_t hash = ((uint64_t)context << 32 ^ (uint64_t)site_id << 5 ^ descriptor << 1 ^ with_lock) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t mask = b->slot_count - 1;

	for (uint32_t i = (uint32_t)(hash >> 32) & mask;; i = (i + 1) & mask) {
		const struct irt_block_row *row;
		if (!b->slots[i])
			return &b->slots[i];
		row = &b->entries[b->slots[i] - 1].row;
		if (row->context == context && row->site_id == site_id && row->descriptor == descriptor && row->with_lock == with_lock)
			return &b->slots[i];
	}
}

static bool grow_slots(struct irt_blocks *b)
{
	uint32_t count = b->slot_count ? 2 * b->slot_count : FIRST_SLOTS, *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return false;
	free(b->slots);
	b->slots = slots;
	b->slot_count = count;
	for (size_t i = 0; i < b->count; i++) {
		const struct irt_block_row *row = &b->entries[i].row;
		*find(b, row->context, row->site_id, row->descriptor, row->with_lock) = (uint32_t)i + 1;
	}
	return true;
}

/* The entry of a key, made if there is none. NULL: no memory. */
static struct entry *entry_of(struct irt_blocks *b, uint32_t context, uint32_t site_id, uint32_t descriptor, bool with_lock)
{
	uint32_t *slot;

	if (2 * (b->count + 1) > b->slot_count && !grow_slots(b))
		return NULL;
	slot = find(b, context, site_id, descriptor, with_lock);
	if (!*slot) {
		if (!irt_grow(&b->entries, &b->room, b->count + 1, sizeof(*b->entries)))
			return NULL;
		b->entries[b->count] = (struct entry){
			.row = {.context = context, .site_id = site_id, .descriptor = descriptor, .with_lock = with_lock}};
		*slot = (uint32_t)++b->count;
	}
	return &b->entries[*slot - 1];
}

int irt_blocks_add(struct irt_blocks *b, uint32_t context, uint32_t site_id, uint64_t ticks, uint64_t what)
{
	struct entry *e = entry_of(b, context, site_id, irt_block_kind(what), irt_block_with_lock(what));

	if (!e || irt_histogram_add(&e->row.times, irt_histogram_bucket(ticks), 1))
		return INSTR_ERR_MEMORY;
	e->row.calls++;
	e->row.failed += irt_block_failed(what);
	e->row.bytes += irt_block_bytes(what);
	e->row.total_ticks += ticks;
	if (ticks > e->row.max_ticks)
		e->row.max_ticks = ticks;
	e->changed = true;
	b->changed = true;
	return 0;
}

bool irt_blocks_is_unsaved(const struct irt_blocks *b)
{
	return b->changed;
}

int irt_blocks_each_changed(const struct irt_blocks *b, void *user,
			    int (*each)(void *user, const struct irt_block_row *row))
{
	int r = 0;

	for (size_t i = 0; i < b->count && b->changed && !r; i++)
		if (b->entries[i].changed)
			r = each(user, &b->entries[i].row);
	return r;
}

int irt_blocks_each(const struct irt_blocks *b, void *user, int (*each)(void *user, const struct irt_block_row *row))
{
	int r = 0;

	for (size_t i = 0; i < b->count && !r; i++)
		if (b->entries[i].row.calls)
			r = each(user, &b->entries[i].row);
	return r;
}

void irt_blocks_saved(struct irt_blocks *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->entries[i].changed = false;
	b->changed = false;
}

int irt_blocks_restore(struct irt_blocks *b, const struct irt_block_row *row)
{
	struct entry *e;

	if (row->descriptor > INSTR_BLOCK_KIND_MASK || row->failed > row->calls || row->max_ticks > row->total_ticks ||
	    irt_histogram_count(&row->times) != row->calls)
		return INSTR_ERR_FORMAT;
	e = entry_of(b, row->context, row->site_id, row->descriptor, row->with_lock);
	if (!e)
		return INSTR_ERR_MEMORY;
	if (e->row.calls)
		return INSTR_ERR_FORMAT; /* the row came before */
	e->row = *row;
	return 0;
}
