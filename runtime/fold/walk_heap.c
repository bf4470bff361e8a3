/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_heap.c - records of the heap, one at a time: to the heap of the process, and into the open chunk
 * (heap_code.h). Many in a row are done by walk_run.c.
 */
#include "fold/walk_internal.h"

int irt_walk_find_site(struct irt_walk *w, uint64_t tag, uint64_t t, uint32_t *site_id)
{
	struct irt_function_answer answer = {0};
	uint64_t row = instr_tag_row(tag);

	if (irt_walk_find_edge(w, SITE_EDGES, row, site_id) == 0)
		return STEP_ON;
	if (w->config.site_of(w->config.user, tag, irt_walk_clamped(w, t), &answer))
		return IRT_WALK_UNKNOWN;
	*site_id = answer.function;
	return *site_id && irt_walk_add_edge(w, SITE_EDGES, row, *site_id) ? IRT_WALK_NO_MEMORY : STEP_ON;
}

/* The site of a record: its id, and its family from the record. 0, or what to stop with. */
static int find_site(struct irt_walk *w, uint64_t tag, uint64_t t, unsigned family, uint32_t *site)
{
	uint32_t id;
	int stop = irt_walk_find_site(w, tag, t, &id);

	*site = irt_site(id, family & 7);
	return stop;
}

/* 4 KiB, which become 64 KiB when it is worth that: there may be many threads that allocate little. What was seen until
 * then is forgotten. */
bool irt_walk_make_heap_seen(struct irt_walk *w)
{
	bool many = w->heap_numbers[IRT_HEAP_BEGINS] + w->heap_numbers[IRT_HEAP_ENDS] > HEAP_SEEN_FEW;
	unsigned shift = 64 - (many ? HEAP_SEEN_BITS : HEAP_SEEN_BITS_FEW);

	if (w->heap_seen && w->heap_seen_shift <= shift)
		return true;
	struct heap_seen *seen = calloc((size_t)1 << (64 - shift), sizeof(*seen));
	if (seen) {
		free(w->heap_seen);
		w->heap_seen = seen;
		w->heap_seen_shift = shift;
	}
	return w->heap_seen;
}

/* Puts the event into the side stream, behind its token's place, and into the tables. */
uint8_t *irt_walk_put_heap(struct irt_walk *w, uint8_t *side, const struct irt_shared_event *e)
{
	struct irt_heap_prediction *p = &w->code.slots[w->code.last];
	uint64_t *before = &w->code.address[irt_heap_base(e->operation)];
	uint64_t turned = irt_turned(e->address & IRT_HEAP_ADDRESS_MASK), distance = irt_zigzag((int64_t)(turned - *before));
	unsigned of = irt_heap_side(e->operation);
	uint64_t since = of == IRT_HEAP_SIDES ? UINT64_MAX : irt_walk_since(w, of, turned);
	bool sized = irt_heap_has_bytes(e->operation);

	if (p->operation == e->operation && p->site == e->site && (distance <= IRT_HEAP_DISTANCE_MAX || since != UINT64_MAX)) {
		side = irt_put_any_varint(side, 2 * (since <= distance ? 2 * since : 2 * distance + 1) + IRT_SIDE_HEAP);
		if (sized)
			side = irt_put_any_varint(side, e->bytes == p->bytes ? 0 : e->bytes + 1);
	} else {
		*side++ = IRT_SIDE_OPERATION;
		*side++ = (uint8_t)e->operation;
		uint8_t *length = side++; /* less than 128 */
		side = irt_put_varint(side, e->site);
		side = irt_put_any_varint(side, distance);
		if (sized)
			side = irt_put_any_varint(side, e->bytes);
		*length = (uint8_t)(side - length - 1);
	}
	*p = (struct irt_heap_prediction){sized ? e->bytes : 0, e->site, (uint16_t)e->operation,
					  (uint16_t)irt_heap_slot_behind(e->operation, e->site)};
	*before = turned;
	w->code.last = p->next;
	w->code_used = true;
	w->operations |= UINT64_C(1) << e->operation;
	return side;
}

bool irt_walk_is_heap(unsigned ext, unsigned units)
{
	return ext >= INSTR_EXT_ALLOC && ext <= INSTR_EXT_RESET && units >= (ext == INSTR_EXT_POOL ? 3 : 2);
}

static uint32_t operation_of(unsigned ext)
{
	switch (ext) {
	case INSTR_EXT_UNMAP:
		return IRT_OP_UNMAP;
	case INSTR_EXT_POOL:
		return IRT_OP_ALLOC; /* behind a POOL */
	case INSTR_EXT_RESET:
		return IRT_OP_RESET;
	default:
		return IRT_OP_ALLOC + (ext - INSTR_EXT_ALLOC);
	}
}

static void put_heap_event(struct irt_walk *w, const struct irt_shared_event *e, uint64_t n)
{
	irt_walk_put_event(w, TOKEN_ESCAPE, irt_walk_put_heap(w, irt_walk_side_end(w), e), n);
}

int irt_walk_step_heap(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload)
{
	uint64_t word = irt_load_relaxed(&payload->tag), n = irt_walk_stamp(w, t);
	struct irt_shared_event e = {
		.ticks = (int64_t)(w->chunk_ticks + n * w->config.time_unit_ticks - w->config.origin_ticks),
		.address = instr_hidden(irt_load_relaxed(&payload->ticks)) & IRT_HEAP_ADDRESS_MASK, .bytes = word & INSTR_HEAP_BYTES_MASK,
		.context = context_of(w, w->frames[w->depth].node), .thread = w->config.thread,
		.operation = operation_of(instr_tag_ext(tag))}, pool = e;
	int stop = find_site(w, tag, t, (unsigned)(word >> INSTR_HEAP_FAMILY_SHIFT), &e.site);

	if (stop != STEP_ON)
		return stop;
	if (!irt_walk_make_heap_seen(w))
		return IRT_WALK_NO_MEMORY;
	if (instr_tag_ext(tag) == INSTR_EXT_POOL) {
		pool.operation = IRT_OP_POOL;
		pool.site = e.site;
		pool.address = instr_hidden(irt_load_relaxed(&payload[1].ticks)) & IRT_HEAP_ADDRESS_MASK;
		pool.bytes = 0;
		if (!irt_heap_room(w->config.heap, 2) || irt_heap_add(w->config.heap, &pool))
			return IRT_WALK_NO_MEMORY;
		put_heap_event(w, &pool, n);
	}
	if (irt_heap_add(w->config.heap, &e))
		return IRT_WALK_NO_MEMORY;
	if (w->locks_held)
		irt_walk_count_inside(w, &e, 1);
	put_heap_event(w, &e, n);
	return STEP_ON;
}

int irt_walk_replay_heap(struct irt_walk *w, const struct irt_event *e)
{
	struct irt_shared_event event = {.ticks = e->ticks, .address = e->extra, .bytes = e->value, .context = e->context, .site = e->site,
					 .thread = w->config.thread, .operation = e->operation};

	if (!w->config.heap)
		return 0;
	if (irt_heap_add(w->config.heap, &event))
		return INSTR_ERR_MEMORY;
	if (w->locks_held && e->operation != IRT_OP_POOL)
		irt_walk_count_inside(w, &event, 1);
	return 0;
}
