/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_heap.c - records of the heap, one at a time: to the heap of the process, and into the open chunk
 * (heap_code.h). Many in a row are done by walk_run.c.
 */
#include "fold/walk_internal.h"

/* The site of a record: its id, and its family from the record. 0, or what to stop with. */
int irt_walk_find_site(struct irt_walk *w, uint64_t tag, uint64_t t, unsigned family, uint32_t *site)
{
	struct irt_function_answer answer = {0};
	uint64_t row = instr_tag_row(tag);
	uint32_t id;

	if (irt_walk_find_edge(w, SITE_EDGES, row, &id) != 0) {
		if (w->config.site_of(w->config.user, tag, irt_walk_clamped(w, t), &answer))
			return IRT_WALK_UNKNOWN;
		id = answer.function;
		if (id && irt_walk_add_edge(w, SITE_EDGES, row, id))
			return IRT_WALK_NO_MEMORY;
	}
	*site = irt_site(id, family & 7);
	return STEP_ON;
}

/* Puts the event into the side stream, behind its token's place, and into the tables. */
uint8_t *irt_walk_put_heap(struct irt_walk *w, uint8_t *side, uint32_t operation, uint32_t site, uint64_t row, uint64_t address,
			   uint64_t bytes)
{
	struct irt_heap_prediction *p = &w->code.slots[w->code.last];
	uint64_t turned = irt_turned(address);
	bool known = p->operation == operation && p->site == site, sized = irt_heap_has_bytes(operation);
	uint8_t *length = NULL;

	if (known) {
		*side++ = IRT_SIDE_HEAP;
	} else {
		*side++ = IRT_SIDE_OPERATION;
		*side++ = (uint8_t)operation;
		length = side++; /* less than 128 */
		side = irt_put_varint(side, site);
	}
	side = irt_put_any_varint(side, irt_zigzag((int64_t)(turned - w->code.address)));
	if (sized)
		side = irt_put_any_varint(side, !known ? bytes : bytes == p->bytes ? 0 : bytes + 1);
	if (length)
		*length = (uint8_t)(side - length - 1);
	*p = (struct irt_heap_prediction){row, sized ? bytes : 0, site, operation};
	w->code.address = turned;
	w->code.last = irt_heap_slot_behind(operation, site);
	w->code_used = true;
	w->operations |= UINT64_C(1) << operation;
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

static void put_heap_event(struct irt_walk *w, uint64_t tag, const struct irt_heap_event *e, uint64_t n)
{
	irt_walk_put_event(w, TOKEN_ESCAPE,
		  irt_walk_put_heap(w, irt_walk_side_end(w), e->operation, e->site, instr_tag_row(tag), e->address, e->bytes), n);
}

int irt_walk_step_heap(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload)
{
	uint64_t word = irt_load_relaxed(&payload->tag), n = irt_walk_stamp(w, t);
	struct irt_heap_event e = {
		.ticks = (int64_t)(w->chunk_ticks + n * w->config.time_unit_ticks - w->config.origin_ticks),
		.address = instr_hidden(irt_load_relaxed(&payload->ticks)) & IRT_HEAP_ADDRESS_MASK, .bytes = word & INSTR_HEAP_BYTES_MASK,
		.context = context_of(w, w->frames[w->depth].node), .thread = w->config.thread,
		.operation = operation_of(instr_tag_ext(tag))}, pool = e;
	int stop = irt_walk_find_site(w, tag, t, (unsigned)(word >> INSTR_HEAP_FAMILY_SHIFT), &e.site);

	if (stop != STEP_ON)
		return stop;
	if (instr_tag_ext(tag) == INSTR_EXT_POOL) {
		pool.operation = IRT_OP_POOL;
		pool.site = e.site;
		pool.address = instr_hidden(irt_load_relaxed(&payload[1].ticks)) & IRT_HEAP_ADDRESS_MASK;
		pool.bytes = 0;
		if (!irt_heap_room(w->config.heap, 2) || irt_heap_add(w->config.heap, &pool))
			return IRT_WALK_NO_MEMORY;
		put_heap_event(w, tag, &pool, n);
	}
	if (irt_heap_add(w->config.heap, &e))
		return IRT_WALK_NO_MEMORY;
	put_heap_event(w, tag, &e, n);
	return STEP_ON;
}
