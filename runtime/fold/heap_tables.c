/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_tables.c - see heap_internal.h: the tables of blocks, places, threads and faults. All are open
 * addressing with linear probing.
 */
#include "fold/heap_internal.h"

#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20, FIRST_BLOCKS = 64, NEAR_SLOTS = 1 << 12, SMALL_SLOTS = 1 << 16, FIRST_PLACES = 16, FIRST_THREADS = 8 };

/* ---- blocks ---------------------------------------------------------------------------------------- */

void irt_heap_prefetch(const struct irt_heap *h, uint64_t address)
{
	if (h->block_slots)
		__builtin_prefetch(&h->blocks[block_slot(h, address)], 1);
}

struct block *irt_heap_find(const struct irt_heap *h, uint64_t address)
{
	if (!h->block_count)
		return NULL;
	for (uint64_t i = block_slot(h, address);; i = next_slot(h, i)) {
		if (!h->blocks[i].address) /* first: nothing is at address 0 */
			return NULL;
		if (h->blocks[i].address == address)
			return &h->blocks[i];
	}
}

static void put_block(struct irt_heap *h, const struct block *b)
{
	uint64_t home = block_slot(h, b->address), i = home;

	while (h->blocks[i].address)
		i = next_slot(h, i);
	h->blocks[i] = *b;
	h->blocks[i].away = capped(distance(h, home, i));
	h->block_count++;
}

void irt_heap_insert(struct irt_heap *h, const struct block *b)
{
	put_block(h, b);
	h->fresh |= !b->stored;
	h->absent = 0;
	if (b->family == INSTR_FAMILY_MAPPING)
		irt_heap_add_range(h, b->address);
}

/* Those behind it that it has kept from their places move up: those that are at least as far from home as from
 * the hole. */
void irt_heap_close_hole(struct irt_heap *h, struct block *b)
{
	uint64_t hole = (uint64_t)(b - h->blocks), gap = 1;

	for (uint64_t i = next_slot(h, hole); h->blocks[i].address; i = next_slot(h, i), gap++) {
		uint64_t away = h->blocks[i].away;
		if (away == AWAY_MOST)
			away = distance(h, block_slot(h, h->blocks[i].address), i);
		if (away < gap)
			continue;
		h->blocks[hole] = h->blocks[i];
		h->blocks[hole].away = capped(away - gap);
		hole = i;
		gap = 0;
	}
	h->blocks[hole].address = 0;
	h->block_count--;
}

void irt_heap_remove(struct irt_heap *h, struct block *b)
{
	if (b->family == INSTR_FAMILY_MAPPING)
		irt_heap_drop_range(h, b->address);
	irt_heap_close_hole(h, b);
}

/* A large table is looked into anywhere: with small pages each look misses the processor's table of them as well. */
static void ask_for_large_pages(void *table, size_t bytes)
{
	uintptr_t from = ((uintptr_t)table + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1), end = (uintptr_t)table + bytes;

	if (end > from && end - from >= 2 * LARGE_PAGE)
		madvise((void *)from, end - from, MADV_HUGEPAGE); /* or not */
}

/* Full to two thirds at most, and behind growing still more than half full; while it is small (2 MiB), fast rather
 * than full: a search then mostly ends where it begins. */
static bool grow_blocks(struct irt_heap *h)
{
	struct block *old = h->blocks;
	uint64_t old_slots = h->block_slots, slots = old_slots >= SMALL_SLOTS ? old_slots + old_slots / 4 : old_slots ? 2 * old_slots : FIRST_BLOCKS;

	h->blocks = calloc(slots, sizeof(*h->blocks));
	if (!h->blocks) {
		h->blocks = old;
		return false;
	}
	ask_for_large_pages(h->blocks, slots * sizeof(*h->blocks));
	h->block_slots = slots;
	h->block_limit = slots <= NEAR_SLOTS ? slots / 8 : slots <= SMALL_SLOTS ? slots / 4 : slots / 3 * 2;
	h->block_count = 0;
	for (uint64_t i = 0; i < old_slots; i++)
		if (old[i].address)
			put_block(h, &old[i]);
	free(old);
	return true;
}

/* ---- places ---------------------------------------------------------------------------------------- */

static uint32_t place_hash(uint32_t context, uint32_t site_id)
{
	return (uint32_t)((((uint64_t)context << 32 | site_id) * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static uint32_t *place_slot(const struct irt_heap *h, uint32_t context, uint32_t site_id)
{
	uint32_t mask = h->place_slot_count - 1;

	for (uint32_t i = place_hash(context, site_id) & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &h->place_slots[i];
		if (*slot == NO_PLACE ||
		    (h->places[*slot].row.context == context && h->places[*slot].row.site_id == site_id))
			return slot;
	}
}

/* Room for two more: an allocation that has ended already brings its own place and that of its end. */
static bool grow_places(struct irt_heap *h)
{
	size_t room = h->place_slot_count / 2;
	uint32_t count = h->place_slot_count ? 2 * h->place_slot_count : 2 * FIRST_PLACES;
	uint32_t *slots = malloc(count * sizeof(*slots));

	if (!slots || !irt_grow(&h->places, &room, count / 2, sizeof(*h->places))) {
		free(slots);
		return false;
	}
	h->place_limit = count / 2 - 1;
	memset(slots, 0xff, count * sizeof(*slots));
	free(h->place_slots);
	h->place_slots = slots;
	h->place_slot_count = count;
	for (uint32_t i = 0; i < h->place_count; i++)
		*place_slot(h, h->places[i].row.context, h->places[i].row.site_id) = i;
	return true;
}

uint32_t irt_heap_place(struct irt_heap *h, uint32_t context, uint32_t site)
{
	uint32_t site_id = irt_site_id(site);
	struct last_place *last = last_place(h, context, site);
	if (last->context == context && last->site == site && (context | site))
		return last->place;
	uint32_t *slot = place_slot(h, context, site_id);
	if (*slot == NO_PLACE) {
		*slot = h->place_count++;
		enum irt_heap_kind kind = irt_heap_kind(irt_site_family(site));
		h->places[*slot] = (struct place){.row = {.context = context, .site_id = site_id, .kind = kind},
						  .epoch = h->epoch[kind]};
	}
	*last = (struct last_place){context, site, *slot};
	return *slot;
}

/* ---- threads --------------------------------------------------------------------------------------- */

static uint32_t thread_home(const struct irt_heap *h, uint32_t id)
{
	return (id * UINT32_C(0x9e3779b9)) >> 7 & (h->thread_slots - 1);
}

static struct heap_thread *thread_slot(const struct irt_heap *h, uint32_t id)
{
	uint32_t i = thread_home(h, id);

	while (h->threads[i].id && h->threads[i].id != id)
		i = (i + 1) & (h->thread_slots - 1);
	return &h->threads[i];
}

static bool grow_threads(struct irt_heap *h)
{
	struct heap_thread *old = h->threads;
	uint32_t old_slots = h->thread_slots, slots = old_slots ? 2 * old_slots : FIRST_THREADS;

	h->threads = calloc(slots, sizeof(*h->threads));
	if (!h->threads) {
		h->threads = old;
		return false;
	}
	h->thread_slots = slots;
	h->thread_limit = slots / 2;
	h->last_thread = 0;
	for (uint32_t i = 0; i < old_slots; i++)
		if (old[i].id)
			*thread_slot(h, old[i].id) = old[i];
	free(old);
	return true;
}

struct heap_thread *irt_heap_thread(struct irt_heap *h, uint32_t id)
{
	if (h->threads[h->last_thread].id == id)
		return &h->threads[h->last_thread];
	struct heap_thread *t = thread_slot(h, id);
	if (!t->id) {
		memset(t, 0, sizeof(*t));
		t->id = id;
		h->thread_count++;
	}
	h->last_thread = (uint32_t)(t - h->threads);
	return t;
}

struct heap_thread *irt_heap_find_thread(struct irt_heap *h, uint32_t id)
{
	struct heap_thread *t = h->thread_slots ? thread_slot(h, id) : NULL;

	return t && t->id ? t : NULL;
}

void irt_heap_forget_thread(struct irt_heap *h, struct heap_thread *t)
{
	uint32_t mask = h->thread_slots - 1, hole = (uint32_t)(t - h->threads);

	for (uint32_t i = (hole + 1) & mask; h->threads[i].id; i = (i + 1) & mask) {
		if (((i - thread_home(h, h->threads[i].id)) & mask) < ((i - hole) & mask))
			continue;
		h->threads[hole] = h->threads[i];
		hole = i;
	}
	h->threads[hole].id = 0;
	h->thread_count--;
}

bool irt_heap_has_row(const struct irt_heap *h, const struct block *hand)
{
	if (hand->place == NO_PLACE || hand->ended || irt_heap_find(h, hand->address))
		return false;
	for (uint32_t i = 0; i < h->thread_slots; i++) {
		const struct heap_thread *t = &h->threads[i];
		for (uint32_t k = 0; t->id && k < t->hand_count; k++) /* the first one has it */
			if (t->hands[k].address == hand->address && t->hands[k].place != NO_PLACE && !t->hands[k].ended)
				return &t->hands[k] == hand;
	}
	return false;
}

/* ---- faults ---------------------------------------------------------------------------------------- */

static uint32_t *fault_slot(struct irt_heap *h, const struct irt_heap_fault *f)
{
	uint32_t mask = 2 * FAULTS_MAX - 1, hash = place_hash(f->context, f->site_id) ^
		place_hash(f->block_context, f->block_site_id) * 31 ^ f->kind * 0x85ebca6b;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &h->fault_slots[i];
		if (!*slot)
			return slot;
		const struct irt_heap_fault *o = &h->faults[*slot - 1];
		if (o->kind == f->kind && o->context == f->context && o->site_id == f->site_id &&
		    o->block_context == f->block_context && o->block_site_id == f->block_site_id)
			return slot;
	}
}

/* Where there is no memory for it, it is in the sums alone, as beyond FAULTS_MAX. */
void irt_heap_note_fault(struct irt_heap *h, const struct irt_heap_fault *f)
{
	if (!h->faults) {
		h->faults = malloc(FAULTS_MAX * sizeof(*h->faults));
		h->fault_changed = malloc(FAULTS_MAX * sizeof(*h->fault_changed));
		h->fault_slots = calloc(2 * FAULTS_MAX, sizeof(*h->fault_slots));
		if (!h->faults || !h->fault_changed || !h->fault_slots) {
			free(h->faults);
			free(h->fault_changed);
			free(h->fault_slots);
			h->faults = NULL;
			h->fault_changed = NULL;
			h->fault_slots = NULL;
			return;
		}
	}
	uint32_t *slot = fault_slot(h, f);
	if (!*slot) {
		if (h->fault_count == FAULTS_MAX)
			return;
		h->faults[h->fault_count] = *f;
		h->faults[h->fault_count].count = 0;
		*slot = ++h->fault_count;
	}
	h->faults[*slot - 1].count += f->count;
	h->fault_changed[*slot - 1] = true;
}

/* ---- all ------------------------------------------------------------------------------------------- */

bool irt_heap_make_room(struct irt_heap *h)
{
	if (!h->recent)
		h->recent = calloc(RECENT, sizeof(*h->recent));
	return h->recent && (h->block_count + 1 < h->block_limit || grow_blocks(h)) &&
	       (h->place_count < h->place_limit || grow_places(h)) &&
	       (h->thread_count < h->thread_limit || grow_threads(h)) &&
	       irt_grow(&h->gone, &h->gone_room, h->gone_count + 2, sizeof(*h->gone));
}

bool irt_heap_make_special_room(struct irt_heap *h, const struct irt_shared_event *e)
{
	if (irt_site_family(e->site) == INSTR_FAMILY_MAPPING) /* each range may end, one may become two */
		return irt_grow(&h->ranges, &h->range_room, h->range_count + 2, sizeof(*h->ranges)) &&
		       irt_grow(&h->gone, &h->gone_room, h->gone_count + h->range_count + 2, sizeof(*h->gone));
	if (e->operation == IRT_OP_RESET) {
		const struct pool *pool = irt_heap_find_pool(h, e->address);
		return !pool || irt_grow(&h->gone, &h->gone_room, h->gone_count + pool->count + 2, sizeof(*h->gone));
	}
	if (e->operation != IRT_OP_ALLOC)
		return true;
	const struct heap_thread *t = irt_heap_find_thread(h, e->thread);
	return !t || !t->pool || irt_heap_make_pool_room(h, t->pool);
}
