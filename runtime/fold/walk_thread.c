/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_thread.c - records of threads that were created, one at a time: to the process's list, and into the open chunk
 * (docs/format.md).
 */
#include "fold/walk_internal.h"

#include "fold/creators.h"

static int add(struct irt_walk *w, int64_t ticks, uint64_t took, uint64_t key, uint32_t context, uint32_t site)
{
	return w->config.creators && key ? irt_creators_add(w->config.creators, &(struct irt_creation){
		.key = key, .begin_ticks = (int64_t)((uint64_t)ticks - took), .end_ticks = ticks, .thread = w->config.thread,
		.context = context, .site_id = site}) : 0;
}

int irt_walk_step_thread(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload)
{
	uint64_t key = instr_hidden(irt_load_relaxed(&payload->ticks)) & IRT_HEAP_ADDRESS_MASK, begun = irt_load_relaxed(&payload->tag);
	uint64_t n = irt_walk_stamp(w, t), now = w->chunk_ticks + n * w->config.time_unit_ticks;
	uint64_t took = begun <= now ? now - begun : 0;
	uint32_t context = context_of(w, w->frames[w->depth].node), site;
	uint8_t *side, *length;
	int stop = irt_walk_find_site(w, tag, t, &site);

	if (stop != STEP_ON)
		return stop;
	if (took >> 55) /* half a year and more: no time that a call took */
		took = 0;
	if (add(w, (int64_t)(now - w->config.origin_ticks), took, key, context, site))
		return IRT_WALK_NO_MEMORY;
	side = irt_walk_side_end(w);
	*side++ = IRT_SIDE_OPERATION;
	*side++ = IRT_OP_THREAD;
	length = side++; /* less than 128 */
	side = irt_put_varint(side, site);
	side = irt_put_varint(side, key);
	side = irt_put_varint(side, took);
	*length = (uint8_t)(side - length - 1);
	w->operations |= UINT64_C(1) << IRT_OP_THREAD;
	irt_walk_put_event(w, TOKEN_ESCAPE, side, n);
	return STEP_ON;
}

int irt_walk_replay_thread(struct irt_walk *w, const struct irt_event *e)
{
	return add(w, e->ticks, e->value, e->extra, e->context, e->site);
}
