/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * bag.c - see bag.h. Open addressing with linear probing, at most half full.
 */
#include "bag.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

void bag_init(struct bag *bag, size_t text_bytes)
{
	/* About one distinct term in 40 bytes of text. */
	bag->slot_count = 64;
	while (bag->slot_count < text_bytes / 20 && bag->slot_count < 1 << 16)
		bag->slot_count *= 2;
	bag->slots = memory_zeroed(bag->slot_count, sizeof *bag->slots);
	bag->used = 0;
	bag->terms = (struct arena){NULL, 0};
}

void bag_fini(struct bag *bag)
{
	free(bag->slots);
	arena_free(&bag->terms);
}

static struct bag_entry *find_slot(struct bag_entry *slots, size_t slot_count, const char *term, uint32_t hash)
{
	size_t at = hash & (slot_count - 1);
	while (slots[at].term && (slots[at].hash != hash || strcmp(slots[at].term, term)))
		at = (at + 1) & (slot_count - 1);
	return &slots[at];
}

static void grow(struct bag *bag)
{
	size_t slot_count = bag->slot_count * 2;
	struct bag_entry *slots = memory_zeroed(slot_count, sizeof *slots);
	for (size_t i = 0; i < bag->slot_count; i++)
		if (bag->slots[i].term)
			*find_slot(slots, slot_count, bag->slots[i].term, bag->slots[i].hash) = bag->slots[i];
	free(bag->slots);
	bag->slots = slots;
	bag->slot_count = slot_count;
}

void bag_add(struct bag *bag, const char *term, size_t bytes)
{
	uint32_t hash = word_hash(term);
	struct bag_entry *entry = find_slot(bag->slots, bag->slot_count, term, hash);
	if (!entry->term) {
		if (bag->used * 2 >= bag->slot_count) {
			grow(bag);
			entry = find_slot(bag->slots, bag->slot_count, term, hash);
		}
		entry->term = memcpy(arena_get(&bag->terms, bytes + 1), term, bytes + 1);
		entry->hash = hash;
		bag->used++;
	}
	entry->count++;
}
