/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_pools.c - see heap_internal.h: which blocks are of which pool, for a pool may end all of them at once.
 *
 *     pools:  pool ──► its blocks, in any order        pooled:  block ──► its pool, and where it stands there
 *
 * Both tables are open addressing with linear probing. A pool that has no more blocks stays until its table grows.
 */
#include "fold/heap_internal.h"

enum { FIRST_SLOTS = 16 };

static uint64_t home(uint64_t key, uint64_t slots)
{
	return (key >> 4 ^ key << 60) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (slots - 1);
}

static struct pool *pool_slot(const struct irt_heap *h, uint64_t pool)
{
	uint64_t i = home(pool, h->pool_slots);

	while (h->pools[i].address && h->pools[i].address != pool)
		i = (i + 1) & (h->pool_slots - 1);
	return &h->pools[i];
}

static struct pooled *pooled_slot(const struct irt_heap *h, uint64_t block)
{
	uint64_t i = home(block, h->pooled_slots);

	while (h->pooled[i].block && h->pooled[i].block != block)
		i = (i + 1) & (h->pooled_slots - 1);
	return &h->pooled[i];
}

struct pool *irt_heap_find_pool(const struct irt_heap *h, uint64_t pool)
{
	struct pool *p = h->pool_count && pool ? pool_slot(h, pool) : NULL;

	return p && p->count ? p : NULL;
}

uint64_t irt_heap_pool_of(const struct irt_heap *h, uint64_t block)
{
	const struct pooled *p = h->pooled_count ? pooled_slot(h, block) : NULL;

	return p && p->block ? p->pool & IRT_HEAP_ADDRESS_MASK : 0;
}

static bool grow_pools(struct irt_heap *h)
{
	struct pool *old = h->pools;
	uint64_t old_slots = h->pool_slots, slots = old_slots ? old_slots : FIRST_SLOTS, count = 0;

	for (uint64_t i = 0; i < old_slots; i++)
		count += old[i].count != 0;
	if (4 * count >= slots)
		slots *= 2;
	h->pools = calloc(slots, sizeof(*h->pools));
	if (!h->pools) {
		h->pools = old;
		return false;
	}
	h->pool_slots = slots;
	h->pool_count = count;
	for (uint64_t i = 0; i < old_slots; i++) {
		if (old[i].count)
			*pool_slot(h, old[i].address) = old[i];
		else
			free(old[i].blocks);
	}
	free(old);
	return true;
}

static bool grow_pooled(struct irt_heap *h)
{
	struct pooled *old = h->pooled;
	uint64_t old_slots = h->pooled_slots, slots = old_slots ? 2 * old_slots : FIRST_SLOTS;
	struct pooled *pooled = calloc(slots, sizeof(*pooled));

	if (!pooled)
		return false;
	h->pooled = pooled;
	h->pooled_slots = slots;
	for (uint64_t i = 0; i < old_slots; i++)
		if (old[i].block)
			*pooled_slot(h, old[i].block) = old[i];
	free(old);
	return true;
}

bool irt_heap_make_pool_room(struct irt_heap *h, uint64_t pool)
{
	if ((2 * h->pool_count >= h->pool_slots && !grow_pools(h)) || (2 * h->pooled_count >= h->pooled_slots && !grow_pooled(h)))
		return false;
	struct pool *p = pool_slot(h, pool);
	if (!p->address) {
		p->address = pool;
		h->pool_count++;
	}
	return irt_grow(&p->blocks, &p->room, p->count + 1, sizeof(*p->blocks));
}

void irt_heap_add_to_pool(struct irt_heap *h, uint64_t pool, uint64_t block)
{
	irt_heap_leave_pool(h, block); /* it cannot be in one */
	struct pool *p = pool_slot(h, pool);
	*pooled_slot(h, block) = (struct pooled){block, pool, p->count};
	h->pooled_count++;
	p->blocks[p->count++] = block;
}

static void drop_pooled(struct irt_heap *h, struct pooled *p)
{
	uint64_t mask = h->pooled_slots - 1, hole = (uint64_t)(p - h->pooled);

	for (uint64_t i = (hole + 1) & mask; h->pooled[i].block; i = (i + 1) & mask) {
		if (((i - home(h->pooled[i].block, h->pooled_slots)) & mask) < ((i - hole) & mask))
			continue;
		h->pooled[hole] = h->pooled[i];
		hole = i;
	}
	h->pooled[hole].block = 0;
	h->pooled_count--;
}

void irt_heap_leave_pool(struct irt_heap *h, uint64_t block)
{
	struct pooled *b = h->pooled_count ? pooled_slot(h, block) : NULL;

	if (!b || !b->block)
		return;
	struct pool *p = pool_slot(h, b->pool);
	uint64_t last = p->blocks[--p->count];
	p->blocks[b->index] = last;
	pooled_slot(h, last)->index = b->index;
	drop_pooled(h, b);
}

void irt_heap_free_pools(struct irt_heap *h)
{
	for (uint64_t i = 0; i < h->pool_slots; i++)
		free(h->pools[i].blocks);
	free(h->pools);
	free(h->pooled);
}
