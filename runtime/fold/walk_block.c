/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_block.c - records of calls that may block, one at a time: to the sums of the process, into the open chunk
 * (docs/format.md), and which of them the thread is in (walk.h):
 *
 *     BLOCKING ──► open_blocks ──┬──► BLOCK: it has returned
 *                                └──► its frame ends, the next BLOCKING or LANDED in it, GAP: it was left
 */
#include "fold/walk_internal.h"

#include "fold/blocks.h"

bool irt_walk_is_block(unsigned ext, unsigned units)
{
	return ext == INSTR_EXT_BLOCKING || (ext == INSTR_EXT_BLOCK && units >= 2);
}

/* ---- which are open ------------------------------------------------------------------------------------ */

static void set_blocked(struct irt_walk *w)
{
	w->blocked = w->open_block_count ? w->open_blocks[w->open_block_count - 1].depth : 0;
	w->open_blocks_changed = true;
	irt_walk_lower(w, SIZE_MAX);
}

void irt_walk_drop_blocks(struct irt_walk *w, size_t depth)
{
	uint32_t count = w->open_block_count;

	while (count && w->open_blocks[count - 1].depth >= depth)
		count--;
	if (count == w->open_block_count)
		return;
	w->open_block_count = count;
	set_blocked(w);
}

static void add_open(struct irt_walk *w, const struct irt_walk_open_block *block)
{
	if (w->open_block_count == IRT_WALK_OPEN_BLOCKS)
		memmove(w->open_blocks, w->open_blocks + 1, --w->open_block_count * sizeof(*w->open_blocks));
	w->open_blocks[w->open_block_count++] = *block;
	set_blocked(w);
}

size_t irt_walk_open_blocks(const struct irt_walk *w, struct irt_walk_open_block at[IRT_WALK_OPEN_BLOCKS])
{
	memcpy(at, w->open_blocks, w->open_block_count * sizeof(*at));
	return w->open_block_count;
}

bool irt_walk_open_blocks_unsaved(const struct irt_walk *w)
{
	return w->open_blocks_changed && (w->open_block_count || w->saved_block_count);
}

int irt_walk_restore_open_block(struct irt_walk *w, const struct irt_walk_open_block *b)
{
	uint32_t count = w->open_block_count;

	if (b->depth > w->depth || context_of(w, w->frames[b->depth].node) != b->context || count == IRT_WALK_OPEN_BLOCKS ||
	    (count && w->open_blocks[count - 1].depth >= b->depth))
		return INSTR_ERR_FORMAT;
	add_open(w, b);
	w->saved_block_count = w->open_block_count;
	w->open_blocks_changed = false;
	return 0;
}

/* ---- events -------------------------------------------------------------------------------------------- */

/* Others may wait for a lock that the thread has: what it is in meanwhile is theirs to know (locks.h). */
static int tell_locks(struct irt_walk *w, const struct irt_event *e)
{
	bool begins = e->operation == IRT_OP_BLOCKING && w->locks_held;

	if (!w->config.locks || !(begins || w->told_call))
		return 0;
	if (irt_locks_add(w->config.locks, &(struct irt_shared_event){
		    .ticks = e->ticks, .context = e->context, .site = irt_site(e->site, 0), .thread = w->config.thread,
		    .operation = begins ? IRT_OP_BLOCKING : IRT_OP_BLOCK, .value = e->operation == IRT_OP_BLOCK ? 0 : IRT_LOCK_CALL_LEFT}))
		return INSTR_ERR_MEMORY;
	w->told_call = begins;
	return 0;
}

int irt_walk_leave_call(struct irt_walk *w, int64_t ticks)
{
	return w->told_call && !w->open_block_count ? tell_locks(w, &(struct irt_event){.operation = IRT_OP_LEFT, .ticks = ticks}) : 0;
}

void irt_walk_count_lock(struct irt_walk *w, uint32_t operation, uint64_t value)
{
	if (operation == IRT_OP_ACQUIRED || (operation == IRT_OP_WAITED && (value == 0 || value == IRT_LOCK_OWNER_DIED)))
		w->locks_held++;
	else if (operation == IRT_OP_RELEASED && w->locks_held && !--w->locks_held)
		w->inside.operation = 0; /* what it allocates now is not seen there */
	if (w->locks_held < w->held_least)
		w->held_least = w->locks_held;
}

void irt_walk_restore_locks(struct irt_walk *w, uint32_t held, bool in_call)
{
	w->locks_held = w->held_least = held;
	w->told_call = in_call;
}

/* A call comes, or has returned, be it now or in a replay. The begin of one that has returned is the last of
 * open_blocks here, if its depth and site are these. INSTR_ERR_MEMORY: nothing has changed. */
static int note(struct irt_walk *w, const struct irt_event *e)
{
	if (tell_locks(w, e))
		return INSTR_ERR_MEMORY;
	if (e->operation == IRT_OP_BLOCKING)
		w->held_least = w->locks_held;
	if (e->operation == IRT_OP_BLOCK && w->config.blocks &&
	    irt_blocks_add(w->config.blocks, e->context, e->site, e->value, e->extra | (w->held_least ? IRT_BLOCK_WITH_LOCK : 0)))
		return INSTR_ERR_MEMORY;
	irt_walk_drop_blocks(w, w->depth);
	if (e->operation == IRT_OP_BLOCKING)
		add_open(w, &(struct irt_walk_open_block){w->depth, e->ticks, e->context, e->site});
	return 0;
}

int irt_walk_replay_block(struct irt_walk *w, const struct irt_event *e) { return note(w, e); }

/* Puts the event into the side stream. */
static uint8_t *put(struct irt_walk *w, uint8_t *side, const struct irt_event *e)
{
	struct irt_heap_code *code = &w->code;
	struct irt_heap_prediction *p = &code->slots[code->last];
	uint64_t kind = e->operation == IRT_OP_BLOCK ? (uint64_t)irt_block_kind(e->extra) << 1 | irt_block_failed(e->extra) : 0;
	bool is_predicted = p->operation == e->operation && p->site == e->site;
	uint8_t *length = NULL;

	*side++ = is_predicted ? IRT_SIDE_HEAP : IRT_SIDE_OPERATION;
	if (!is_predicted) {
		*side++ = (uint8_t)e->operation;
		length = side++; /* less than 128 */
		side = irt_put_varint(side, e->site);
	}
	if (e->operation == IRT_OP_BLOCK) {
		int64_t since = code->has_begun ? e->ticks - code->begun_ticks : 0;
		*side++ = (uint8_t)(!is_predicted ? kind : kind == p->bytes ? 0 : kind + 1);
		side = irt_put_varint(side, irt_zigzag((int64_t)e->value - since));
		side = irt_put_varint(side, irt_block_bytes(e->extra));
	} else {
		code->has_begun = true;
		code->begun_ticks = e->ticks;
	}
	if (length)
		*length = (uint8_t)(side - length - 1);
	*p = (struct irt_heap_prediction){kind, e->site, (uint16_t)e->operation,
					  (uint16_t)irt_heap_slot_behind(e->operation, e->site)};
	code->last = p->next;
	w->code_used = true;
	w->operations |= UINT64_C(1) << e->operation;
	return side;
}

int irt_walk_step_block(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload)
{
	uint64_t n = irt_walk_stamp(w, t);
	struct irt_event e = {
		.ticks = (int64_t)(w->chunk_ticks + n * w->config.time_unit_ticks - w->config.origin_ticks),
		.operation = instr_tag_ext(tag) == INSTR_EXT_BLOCK ? IRT_OP_BLOCK : IRT_OP_BLOCKING,
		.context = context_of(w, w->frames[w->depth].node)};
	int stop = irt_walk_find_site(w, tag, t, &e.site);

	if (stop != STEP_ON)
		return stop;
	if (e.operation == IRT_OP_BLOCK) {
		e.value = irt_load_relaxed(&payload->ticks);
		e.extra = irt_block_what(irt_load_relaxed(&payload->tag));
		if (e.value >> 55) /* half a year and more: no time that a call took */
			e.value = 0;
	}
	if (note(w, &e))
		return IRT_WALK_NO_MEMORY;
	irt_walk_put_event(w, TOKEN_ESCAPE, put(w, irt_walk_side_end(w), &e), n);
	return STEP_ON;
}
