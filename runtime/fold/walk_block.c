/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_block.c - records of calls that may block, one at a time: to the sums of the process, and into the open
 * chunk (docs/format.md).
 */
#include "fold/walk_internal.h"

#include "fold/blocks.h"

int irt_walk_step_block(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload)
{
	uint64_t took = irt_load_relaxed(&payload->ticks), what = irt_block_what(irt_load_relaxed(&payload->tag));
	uint32_t context = context_of(w, w->frames[w->depth].node), site;
	uint8_t *side, *length;
	int stop = irt_walk_find_site(w, tag, t, &site);

	if (stop != STEP_ON)
		return stop;
	if (took >> 55) /* half a year and more: no time that a call took */
		took = 0;
	if (irt_blocks_add(w->config.blocks, context, site, took, what))
		return IRT_WALK_NO_MEMORY;
	side = irt_walk_side_end(w);
	*side++ = IRT_SIDE_OPERATION;
	*side++ = IRT_OP_BLOCK;
	length = side++; /* less than 128 */
	side = irt_put_varint(side, site);
	side = irt_put_varint(side, irt_block_kind(what) << 1 | irt_block_failed(what));
	side = irt_put_varint(side, took);
	side = irt_put_varint(side, irt_block_bytes(what));
	*length = (uint8_t)(side - length - 1);
	w->operations |= UINT64_C(1) << IRT_OP_BLOCK;
	irt_walk_put_event(w, TOKEN_ESCAPE, side, irt_walk_stamp(w, t));
	return STEP_ON;
}
