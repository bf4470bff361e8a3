/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * decode_operands.c - what operations have beside their codes, in a chunk's side stream: those of the heap and of locks, of
 * calls that may block, and of threads (docs/format.md).
 */
#include "encode/decode_internal.h"

#include "fold/heap.h"
#include "fold/varint.h"

/* Operands of an event of the heap: [d->side, end). known: what it is and its size were predicted, and `where` says its
 * address. */
int irt_decode_heap(struct irt_chunk_decoder *d, const uint8_t *end, const struct irt_heap_prediction *known, uint64_t where,
		    struct irt_event *e)
{
	uint64_t site, bytes, *address;
	unsigned side;

	d->heap_used = true;
	if (known) {
		e->operation = known->operation;
		e->site = known->site;
		e->context = current_context(d);
		e->depth = depth_of(d);
	} else if (irt_get_varint(&d->side, end, &site) && site <= UINT32_MAX && irt_get_varint(&d->side, end, &where)) {
		e->site = (uint32_t)site;
	} else {
		return INSTR_ERR_FORMAT;
	}
	side = irt_heap_side(e->operation);
	address = &d->heap.address[irt_heap_base(e->operation)];
	if (!known) {
		*address += (uint64_t)irt_unzigzag(where);
	} else if (where & 1) {
		*address += (uint64_t)irt_unzigzag(where >> 1);
	} else {
		if (side == IRT_HEAP_SIDES || where >> 1 >= IRT_HEAP_NEAR || where >> 1 >= d->heap_count[side ^ 1])
			return INSTR_ERR_FORMAT;
		*address = d->heap_near[side ^ 1][(d->heap_count[side ^ 1] - 1 - (where >> 1)) % IRT_HEAP_NEAR];
	}
	if (side != IRT_HEAP_SIDES)
		d->heap_near[side][d->heap_count[side]++ % IRT_HEAP_NEAR] = *address;
	e->extra = irt_turned_back(*address);
	e->value = 0;
	if (irt_heap_has_bytes(e->operation)) {
		if (!irt_get_varint(&d->side, end, &bytes))
			return INSTR_ERR_FORMAT;
		if (!known)
			e->value = bytes;
		else
			e->value = bytes ? bytes - 1 : known->bytes;
		if (e->value > IRT_HEAP_FAILED)
			return INSTR_ERR_FORMAT;
	}
	d->heap.slots[d->heap.last] = (struct irt_heap_prediction){.bytes = e->value, .site = e->site, .operation = (uint16_t)e->operation};
	d->heap.last = irt_heap_slot_behind(e->operation, e->site);
	return 0;
}

/* Operands of a call that may block: [d->side, end). known: what it is was predicted. Its ticks are not complete before its
 * time is known: end_operation. */
int irt_decode_block(struct irt_chunk_decoder *d, const uint8_t *end, const struct irt_heap_prediction *known, struct irt_event *e)
{
	uint64_t site, kind = 0, ticks, bytes;

	d->heap_used = true;
	if (known) {
		e->operation = known->operation;
		e->site = known->site;
		e->value = e->extra = 0;
		e->context = current_context(d);
		e->depth = depth_of(d);
	} else if (irt_get_varint(&d->side, end, &site) && site <= UINT32_MAX) {
		e->site = (uint32_t)site;
	} else {
		return INSTR_ERR_FORMAT;
	}
	if (e->operation == IRT_OP_BLOCK) {
		if (!irt_get_varint(&d->side, end, &kind) || !irt_get_varint(&d->side, end, &ticks) ||
		    !irt_get_varint(&d->side, end, &bytes) || bytes > INSTR_BLOCK_BYTES_MASK)
			return INSTR_ERR_FORMAT;
		if (known)
			kind = kind ? kind - 1 : known->bytes;
		if (kind >> 1 > INSTR_BLOCK_KIND_MASK)
			return INSTR_ERR_FORMAT;
		e->value = (uint64_t)irt_unzigzag(ticks);
		e->extra = bytes | kind >> 1 << INSTR_BLOCK_KIND_SHIFT | (kind & 1 ? INSTR_BLOCK_FAILED : 0);
	}
	d->heap.slots[d->heap.last] = (struct irt_heap_prediction){.bytes = kind, .site = e->site, .operation = (uint16_t)e->operation};
	d->heap.last = irt_heap_slot_behind(e->operation, e->site);
	return 0;
}

/* Operands of a thread that was created, the same. */
int irt_decode_thread(struct irt_chunk_decoder *d, const uint8_t *end, struct irt_event *e)
{
	uint64_t site;

	if (!irt_get_varint(&d->side, end, &site) || site > UINT32_MAX || !irt_get_varint(&d->side, end, &e->extra) ||
	    e->extra > IRT_HEAP_ADDRESS_MASK || !irt_get_varint(&d->side, end, &e->value) || e->value >> 55)
		return INSTR_ERR_FORMAT;
	e->site = (uint32_t)site;
	return 0;
}
