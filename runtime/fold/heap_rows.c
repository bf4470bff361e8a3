/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_rows.c - see heap.h: what the file gets of a heap, and a heap made of it again.
 */
#include "fold/heap_internal.h"

#include "fold/cct.h"
#include "fold/varint.h"

#define RESIZED_BIT (IRT_HEAP_FAILED + 1) /* of a block's bytes: a realloc made it */

enum { PACK_VERSION = 1 };

/* ---- rows ------------------------------------------------------------------------------------------- */

bool irt_heap_sums(const struct irt_heap *h, enum irt_heap_kind kind, struct irt_heap_sums *sums)
{
	*sums = h->sums[kind];
	return h->used[kind];
}

/* Rows in the order of their table: it is a tree, and in any other order nearly each costs a page. */
static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int by_address(const void *a, const void *b)
{
	const struct block *const *x = a, *const *y = b;

	return ((*x)->address > (*y)->address) - ((*x)->address < (*y)->address);
}

int irt_heap_each_gone(struct irt_heap *h, void *user,
		       int (*each)(void *user, enum irt_heap_kind kind, uint64_t address))
{
	int r = 0;

	if (h->gone_count > 1)
		qsort(h->gone, h->gone_count, sizeof(*h->gone), by_number);
	for (size_t i = 0; i < h->gone_count && !r; i++)
		r = each(user, kind_of(h->gone[i]), h->gone[i] & IRT_HEAP_ADDRESS_MASK);
	/* in hands, and its address is another block's, which may be too young for a row */
	for (uint32_t i = 0; i < h->thread_slots && !r; i++)
		for (uint32_t k = 0; h->threads[i].id && k < h->threads[i].hand_count && !r; k++) {
			const struct block *hand = &h->threads[i].hands[k];
			if (hand->stored && !irt_heap_has_row(h, hand))
				r = each(user, kind_of(hand->address), hand->address & IRT_HEAP_ADDRESS_MASK);
		}
	return r;
}

static struct irt_heap_block row_of(const struct irt_heap *h, const struct block *b, uint32_t resizer)
{
	const struct irt_heap_place *p = &h->places[b->place].row;

	return (struct irt_heap_block){.address = b->address & IRT_HEAP_ADDRESS_MASK, .bytes = b->bytes, .ticks = b->ticks,
				       .context = p->context, .site = irt_site(p->site_id, b->family), .thread = b->thread,
				       .resizer = resizer, .resized = b->resized, .pool = b->family == INSTR_FAMILY_POOL ? irt_heap_pool_of(h, b->address) : 0};
}

void irt_heap_want_rows(struct irt_heap *h, bool of_all)
{
	h->wants_rows = of_all;
	h->changed |= of_all && h->fresh;
}

static bool gets_row(const struct irt_heap *h, const struct block *b)
{
	return b->address && !b->stored && (b->seen || h->wants_rows);
}

static bool is_young(const struct irt_heap *h, const struct block *b)
{
	return b->address && !b->stored && !b->seen && !h->wants_rows;
}

static uint64_t count_blocks(const struct irt_heap *h, bool (*is)(const struct irt_heap *h, const struct block *b))
{
	uint64_t n = 0;

	for (uint64_t i = 0; h->fresh && i < h->block_slots; i++)
		n += is(h, &h->blocks[i]);
	return n;
}

/* Without memory for their order they come as they lie. */
static int each_row(struct irt_heap *h, void *user, int (*each)(void *user, const struct irt_heap_block *block))
{
	uint64_t count = count_blocks(h, gets_row), n = 0;
	const struct block **list = count ? malloc(count * sizeof(struct block *)) : NULL;
	int r = 0;

	for (uint64_t i = 0; count && i < h->block_slots && !r; i++) {
		if (!gets_row(h, &h->blocks[i]))
			continue;
		struct irt_heap_block row = row_of(h, &h->blocks[i], 0);
		if (list)
			list[n++] = &h->blocks[i];
		else
			r = each(user, &row);
	}
	if (list)
		qsort(list, n, sizeof(*list), by_address);
	for (uint64_t i = 0; i < n && !r; i++) {
		struct irt_heap_block row = row_of(h, list[i], 0);
		r = each(user, &row);
	}
	free(list);
	return r;
}

int irt_heap_each_block(struct irt_heap *h, void *user, int (*each)(void *user, const struct irt_heap_block *block))
{
	int r = each_row(h, user, each);

	for (uint32_t i = 0; i < h->thread_slots && !r; i++) {
		const struct heap_thread *t = &h->threads[i];
		for (uint32_t k = 0; t->id && k < t->hand_count && !r; k++) {
			if (!irt_heap_has_row(h, &t->hands[k]))
				continue;
			struct irt_heap_block row = row_of(h, &t->hands[k], t->id);
			r = each(user, &row);
		}
	}
	return r;
}

int irt_heap_each_place(struct irt_heap *h, void *user, int (*each)(void *user, const struct irt_heap_place *place))
{
	int r = 0;

	for (uint32_t i = 0; i < h->place_count && !r; i++) {
		struct place *p = &h->places[i];
		bring_peak(h, p);
		if (p->changed || p->row.peak_blocks != p->saved_peak_blocks || p->row.peak_bytes != p->saved_peak_bytes)
			r = each(user, &p->row);
	}
	return r;
}

int irt_heap_each_moved(const struct irt_heap *h, void *user,
			int (*each)(void *user, uint32_t context, uint32_t site_id, uint64_t blocks, uint64_t bytes))
{
	int r = 0;

	for (uint32_t i = 0; i < h->place_count && !r; i++) {
		const struct place *p = &h->places[i];
		if (live_blocks(p) != p->moment_blocks || live_bytes(p) != p->moment_bytes)
			r = each(user, p->row.context, p->row.site_id, live_blocks(p), live_bytes(p));
	}
	return r;
}

void irt_heap_moment_saved(struct irt_heap *h, int64_t ticks)
{
	h->moment_ticks = ticks;
	for (uint32_t i = 0; i < h->place_count; i++) {
		h->places[i].moment_blocks = live_blocks(&h->places[i]);
		h->places[i].moment_bytes = live_bytes(&h->places[i]);
	}
}

int irt_heap_each_fault(struct irt_heap *h, void *user, int (*each)(void *user, const struct irt_heap_fault *fault))
{
	int r = 0;

	for (uint32_t i = 0; i < h->fault_count && !r; i++)
		if (h->fault_changed[i])
			r = each(user, &h->faults[i]);
	return r;
}

void irt_heap_saved(struct irt_heap *h)
{
	h->gone_count = 0;
	bool fresh = false;
	for (uint64_t i = 0; h->fresh && i < h->block_slots; i++) {
		struct block *b = &h->blocks[i];
		fresh |= is_young(h, b);
		b->stored |= gets_row(h, b);
		b->seen = 1;
	}
	h->fresh = fresh;
	for (uint32_t i = 0; i < h->thread_slots; i++)
		for (uint32_t k = 0; h->threads[i].id && k < h->threads[i].hand_count; k++)
			h->threads[i].hands[k].stored = irt_heap_has_row(h, &h->threads[i].hands[k]);
	for (uint32_t i = 0; i < h->place_count; i++) {
		struct place *p = &h->places[i];
		p->changed = false;
		p->saved_peak_blocks = p->row.peak_blocks;
		p->saved_peak_bytes = p->row.peak_bytes;
	}
	for (uint32_t i = 0; i < h->fault_count; i++)
		h->fault_changed[i] = false;
	h->late_ticks = INT64_MAX;
	h->changed = false;
}

/* ---- pending events --------------------------------------------------------------------------------- */

static uint8_t *pack_event(uint8_t *out, const struct irt_shared_event *e, int64_t *last)
{
	struct irt_shared_event now = *e;

	if (now.operation == INNER)
		now.operation = IRT_OP_ALLOC;
	return irt_pending_put(out, &now, last);
}

static uint8_t *pack_block(uint8_t *out, const struct irt_heap *h, const struct block *b, uint32_t what, int64_t *last)
{
	const struct irt_heap_place *p = &h->places[b->place].row;
	struct irt_shared_event e = {.ticks = b->ticks, .address = b->address, .bytes = b->bytes | (b->resized ? RESIZED_BIT : 0),
				   .context = p->context, .site = irt_site(p->site_id, b->family), .thread = b->thread,
				   .operation = what};

	return pack_event(out, &e, last);
}

static uint8_t *pack_young(uint8_t *out, const struct irt_heap *h, const struct block *b, int64_t *last)
{
	uint64_t pool = b->family == INSTR_FAMILY_POOL ? irt_heap_pool_of(h, b->address) : 0;

	if (pool)
		out = pack_event(out, &(struct irt_shared_event){.ticks = b->ticks, .address = pool, .thread = b->thread,
							       .operation = YOUNG_POOL}, last);
	return pack_block(out, h, b, YOUNG, last);
}

static uint8_t *pack_odd(uint8_t *out, const struct irt_heap *h, const struct odd *o, int64_t *last)
{
	struct irt_shared_event e = o->event;

	e.operation = o->block.address ? DISPLACED : ODD_FREE;
	if (o->block.address)
		out = pack_block(out, h, &o->block, BLOCK, last);
	return pack_event(out, &e, last);
}

/* bytes: has it ended? */
static uint8_t *pack_hand(uint8_t *out, const struct irt_heap *h, const struct heap_thread *t, const struct block *hand,
			  int64_t *last)
{
	struct irt_shared_event e = {.ticks = hand->ticks, .address = hand->address, .bytes = hand->ended, .thread = t->id,
				   .operation = IN_HANDS};

	if (hand->place != NO_PLACE)
		out = pack_block(out, h, hand, BLOCK, last);
	return pack_event(out, &e, last);
}

int irt_heap_pack(const struct irt_heap *h, uint8_t **bytes, size_t *count)
{
	size_t hands = 0;
	int64_t last = 0;
	uint8_t *out;

	*bytes = NULL;
	*count = 0;
	for (uint32_t i = 0; i < h->thread_slots; i++)
		hands += h->threads[i].id ? h->threads[i].hand_count : 0;
	uint64_t young = count_blocks(h, is_young);
	if (!h->pending.count && !h->odd_count && !hands && !young)
		return 0;
	*bytes = out = malloc(1 + (h->pending.count + 2 * h->odd_count + 2 * hands + 2 * young) * IRT_PENDING_BYTES);
	if (!out)
		return INSTR_ERR_MEMORY;
	*out++ = PACK_VERSION;
	for (uint64_t i = 0; young && i < h->block_slots; i++)
		if (is_young(h, &h->blocks[i]))
			out = pack_young(out, h, &h->blocks[i], &last);
	for (uint32_t i = 0; i < h->thread_slots; i++)
		for (uint32_t k = 0; h->threads[i].id && k < h->threads[i].hand_count; k++)
			out = pack_hand(out, h, &h->threads[i], &h->threads[i].hands[k], &last);
	for (unsigned i = 0; i < h->odd_count; i++)
		out = pack_odd(out, h, &h->odds[i], &last);
	for (size_t i = 0; i < h->pending.count; i++)
		if (h->pending.events[i].operation != DONE)
			out = pack_event(out, &h->pending.events[i], &last);
	*count = out - *bytes > 1 ? (size_t)(out - *bytes) : 0;
	return 0;
}

static int unpack_event(const uint8_t **p, const uint8_t *end, int64_t *last, struct irt_shared_event *e)
{
	if (!irt_pending_get(p, end, e, last) || e->operation > IRT_OP_RESET || !e->thread ||
	    e->bytes > (e->operation == BLOCK || e->operation == YOUNG ? 2 * IRT_HEAP_FAILED + 1 : IRT_HEAP_FAILED))
		return INSTR_ERR_FORMAT;
	return 0;
}

/* A block that one of the place that is there may be. */
static bool make_block(struct irt_heap *h, const struct irt_shared_event *e, struct block *b)
{
	uint32_t before = h->place_count;

	*b = (struct block){.address = e->address, .bytes = e->bytes & IRT_HEAP_FAILED, .resized = e->bytes > IRT_HEAP_FAILED, .family = irt_site_family(e->site), .ticks = e->ticks,
			    .place = irt_heap_place(h, e->context, e->site), .thread = e->thread};
	return h->place_count == before && b->address && kind_of(b->address) == irt_heap_kind(b->family);
}

static int take_hand(struct irt_heap *h, const struct irt_shared_event *e, struct block *b)
{
	struct heap_thread *t = irt_heap_thread(h, e->thread);

	if (t->hand_count == HANDS || e->bytes > 1)
		return INSTR_ERR_FORMAT;
	if (!b->address)
		*b = (struct block){.address = e->address, .ticks = e->ticks, .place = NO_PLACE};
	b->ended = e->bytes & 1;
	h->strangers += b->place == NO_PLACE;
	t->hands[t->hand_count++] = *b;
	t->hands[t->hand_count - 1].stored = irt_heap_has_row(h, &t->hands[t->hand_count - 1]);
	return 0;
}

static int take_odd(struct irt_heap *h, const struct irt_shared_event *e, struct block *displaced)
{
	struct irt_shared_event event = *e;

	if (h->odd_count == ODD_MAX || !e->address || displaced->address != (e->operation == DISPLACED ? e->address : 0))
		return INSTR_ERR_FORMAT;
	event.operation = e->operation == DISPLACED ? IRT_OP_ALLOC : IRT_OP_FREE;
	displaced->ended = 1;
	irt_heap_keep_odd(h, &event, displaced->address ? displaced : NULL);
	return 0;
}

/* What was alive is so again. */
static int put_back_block(struct irt_heap *h, const struct block *b, uint64_t pool)
{
	bool of_pool = b->family == INSTR_FAMILY_POOL && pool;

	if ((of_pool && !irt_heap_make_pool_room(h, pool)) ||
	    !irt_grow(&h->ranges, &h->range_room, h->range_count + 2, sizeof(*h->ranges)))
		return INSTR_ERR_MEMORY;
	if (of_pool)
		irt_heap_add_to_pool(h, pool, b->address);
	irt_heap_insert(h, b);
	return 0;
}

int irt_heap_unpack(struct irt_heap *h, const uint8_t *bytes, size_t count)
{
	const uint8_t *p = bytes + 1, *end = bytes + count;
	struct block block = {0};
	uint64_t pool = 0;
	int64_t last = 0;

	if (!count || *bytes != PACK_VERSION)
		return INSTR_ERR_FORMAT;
	while (p < end) {
		struct irt_shared_event e;
		int err = unpack_event(&p, end, &last, &e);
		if (!err && !irt_heap_reserve(h))
			err = INSTR_ERR_MEMORY;
		if (err)
			return err;
		if (e.operation == YOUNG) {
			struct block young;
			err = block.address || !make_block(h, &e, &young) || irt_heap_find(h, young.address) ? INSTR_ERR_FORMAT : 0;
			if (!err)
				err = put_back_block(h, &young, pool);
			pool = 0;
		} else if (e.operation == YOUNG_POOL) {
			pool = key_of(IRT_HEAP_POOLS, e.address);
		} else if (e.operation == BLOCK) {
			err = block.address || !make_block(h, &e, &block) ? INSTR_ERR_FORMAT : 0;
		} else if (e.operation == IN_HANDS) {
			err = take_hand(h, &e, &block);
			block.address = 0;
		} else if (e.operation == ODD_FREE || e.operation == DISPLACED) {
			err = take_odd(h, &e, &block);
			block.address = 0;
		} else {
			bool known = e.operation == END || (e.operation >= IRT_OP_ALLOC && e.operation <= IRT_OP_RESET);
			err = block.address || !known ? INSTR_ERR_FORMAT : irt_heap_add(h, &e);
		}
		if (err)
			return err;
	}
	return block.address ? INSTR_ERR_FORMAT : 0;
}

/* ---- recovery --------------------------------------------------------------------------------------- */

int irt_heap_restore_sums(struct irt_heap *h, enum irt_heap_kind kind, const struct irt_heap_sums *sums)
{
	h->sums[kind] = *sums;
	h->used[kind] = true;
	return 0;
}

int irt_heap_restore_place(struct irt_heap *h, const struct irt_heap_place *row)
{
	if (!irt_heap_reserve(h))
		return INSTR_ERR_MEMORY;
	uint32_t before = h->place_count;
	struct place *p = &h->places[irt_heap_place(h, row->context, irt_site(row->site_id, 0))];
	if (h->place_count == before || row->kind >= IRT_HEAP_KINDS || row->frees > row->allocs || row->freed_bytes > row->bytes)
		return INSTR_ERR_FORMAT;
	p->row = *row;
	p->epoch = h->epoch[row->kind];
	p->saved_peak_blocks = row->peak_blocks;
	p->saved_peak_bytes = row->peak_bytes;
	return 0;
}

int irt_heap_restore_block(struct irt_heap *h, const struct irt_heap_block *row)
{
	enum irt_heap_kind kind = irt_heap_kind(irt_site_family(row->site));
	struct irt_shared_event e = {.ticks = row->ticks, .address = key_of(kind, row->address), .bytes = row->bytes,
				   .context = row->context, .site = row->site, .thread = row->thread};
	struct block b;

	if (row->bytes > IRT_HEAP_FAILED || !row->thread)
		return INSTR_ERR_FORMAT;
	if (!irt_heap_reserve(h))
		return INSTR_ERR_MEMORY;
	if (!make_block(h, &e, &b) || irt_heap_find(h, b.address))
		return INSTR_ERR_FORMAT;
	if (row->resizer) /* heap_pending has it */
		return 0;
	b.stored = 1;
	b.resized = row->resized;
	return put_back_block(h, &b, key_of(kind, row->pool));
}

int irt_heap_restore_fault(struct irt_heap *h, const struct irt_heap_fault *row)
{
	uint32_t before = h->fault_count;

	if (row->kind > IRT_HEAP_LOST)
		return INSTR_ERR_FORMAT;
	irt_heap_note_fault(h, row);
	if (h->fault_count == before)
		return h->faults ? INSTR_ERR_FORMAT : INSTR_ERR_MEMORY;
	h->fault_changed[before] = false;
	return 0;
}
