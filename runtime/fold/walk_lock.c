/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_lock.c - records of locks: to the locks of the process, and into the open chunk, where they are told as events
 * of the heap are (heap_code.h).
 */
#include "fold/walk_internal.h"

bool irt_walk_is_lock(unsigned ext, unsigned units)
{
	return ext >= INSTR_EXT_ACQUIRED && ext <= INSTR_EXT_LOCK_DESTROY && units >= 2;
}

int irt_walk_step_lock(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload)
{
	uint64_t word = irt_load_relaxed(&payload->tag), n = irt_walk_stamp(w, t);
	struct irt_shared_event e = {
		.ticks = (int64_t)(w->chunk_ticks + n * w->config.time_unit_ticks - w->config.origin_ticks),
		.address = instr_hidden(irt_load_relaxed(&payload->ticks)) & IRT_HEAP_ADDRESS_MASK,
		.context = context_of(w, w->frames[w->depth].node), .thread = w->config.thread,
		.operation = IRT_OP_ACQUIRED + (instr_tag_ext(tag) - INSTR_EXT_ACQUIRED)};
	uint32_t site_id;
	int stop = irt_walk_find_site(w, tag, t, &site_id);

	if (stop != STEP_ON)
		return stop;
	e.site = irt_site(site_id, word >> INSTR_HEAP_FAMILY_SHIFT & 7);
	if (e.address && (irt_site_family(e.site) == INSTR_LOCK_OWN || irt_site_family(e.site) == INSTR_LOCK_OWN_READ))
		e.address |= IRT_LOCK_IS_OWN;
	if (irt_heap_has_bytes(e.operation))
		e.value = word & INSTR_HEAP_BYTES_MASK;
	if (e.address && (irt_walk_leave_call(w, e.ticks) || irt_locks_add(w->config.locks, &e))) /* at 0 there is none, whatever the record says */
		return IRT_WALK_NO_MEMORY;
	if (e.address)
		irt_walk_count_lock(w, e.operation, e.value);
	irt_walk_put_event(w, TOKEN_ESCAPE,
			   irt_walk_put_heap(w, irt_walk_side_end(w), &(struct irt_shared_event){
				   .operation = e.operation, .site = e.site, .address = e.address, .bytes = e.value}), n);
	return STEP_ON;
}

int irt_walk_replay_lock(struct irt_walk *w, const struct irt_event *e)
{
	if (!e->extra)
		return 0;
	if (w->config.locks && (irt_walk_leave_call(w, e->ticks) || irt_locks_add(w->config.locks, &(struct irt_shared_event){
		.ticks = e->ticks, .address = e->extra, .value = e->value, .context = e->context, .site = e->site,
		.thread = w->config.thread, .operation = e->operation})))
		return INSTR_ERR_MEMORY;
	irt_walk_count_lock(w, e->operation, e->value);
	return 0;
}
