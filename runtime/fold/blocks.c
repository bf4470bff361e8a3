/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocks.c - see blocks.h.
 */
#include "fold/blocks.h"

#include <stdlib.h>

#include "fold/keyed.h"

struct entry {
	uint64_t key[2]; /* context and site; descriptor, with a lock */
	struct irt_block_row row;
	bool changed;
};

struct irt_blocks {
	struct irt_keyed entries;
	bool changed;
};

int irt_blocks_create(struct irt_blocks **out)
{
	struct irt_blocks *b = malloc(sizeof(*b));

	*out = b;
	if (!b)
		return INSTR_ERR_MEMORY;
	*b = (struct irt_blocks){.entries = IRT_KEYED(struct entry, 2)};
	return 0;
}

static struct entry *entry_at(const struct irt_blocks *b, size_t i) { return irt_keyed_row(&b->entries, i); }

void irt_blocks_destroy(struct irt_blocks *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->entries.count; i++)
		irt_histogram_fini(&entry_at(b, i)->row.times);
	irt_keyed_fini(&b->entries);
	free(b);
}

/* The entry of a key, made if there is none. NULL: no memory. */
static struct entry *entry_of(struct irt_blocks *b, uint32_t context, uint32_t site_id, uint32_t descriptor, bool with_lock)
{
	const uint64_t key[2] = {(uint64_t)context << 32 | site_id, (uint64_t)descriptor << 1 | with_lock};

	if (!irt_keyed_room(&b->entries, 1))
		return NULL;
	struct entry *e = entry_at(b, irt_keyed_put(&b->entries, key));
	e->row.context = context;
	e->row.site_id = site_id;
	e->row.descriptor = descriptor;
	e->row.with_lock = with_lock;
	return e;
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

	for (size_t i = 0; i < b->entries.count && b->changed && !r; i++)
		if (entry_at(b, i)->changed)
			r = each(user, &entry_at(b, i)->row);
	return r;
}

int irt_blocks_each(const struct irt_blocks *b, void *user, int (*each)(void *user, const struct irt_block_row *row))
{
	int r = 0;

	for (size_t i = 0; i < b->entries.count && !r; i++)
		if (entry_at(b, i)->row.calls)
			r = each(user, &entry_at(b, i)->row);
	return r;
}

void irt_blocks_saved(struct irt_blocks *b)
{
	for (size_t i = 0; i < b->entries.count; i++)
		entry_at(b, i)->changed = false;
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
