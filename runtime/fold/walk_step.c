/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_step.c - one record of any kind, by the rules of walk.h.
 *
 * Everything that can fail or has to wait (memory, an unknown function) comes before the first
 * change; so a record is done wholly or not at all, and can be tried again.
 */
#include "fold/walk_internal.h"

/* ---- symbols -------------------------------------------------------------------------------------- */

/* Room for what one record can make. */
static bool reserve_events(struct irt_walk *w)
{
	return irt_grow(&w->symbols, &w->symbol_room, w->chunk_events + STEP_EVENTS_MAX, 1) &&
	       irt_grow(&w->side, &w->side_room, w->side_bytes + STEP_EVENTS_MAX * SIDE_EVENT_MAX, 1);
}

static void put_operation(struct irt_walk *w, unsigned operation, unsigned operands, uint64_t a,
			  uint64_t b, uint64_t n)
{
	uint8_t *side = irt_walk_side_end(w);

	side = irt_put_varint(side, 1);
	side = irt_put_varint(side, operation);
	if (operands > 0)
		side = irt_put_varint(side, a);
	if (operands > 1)
		side = irt_put_varint(side, b);
	w->operations |= UINT64_C(1) << operation;
	irt_walk_put_event(w, TOKEN_ESCAPE, side, n);
}

/* Moves the successor to the front of the current state; the rank where it was, or TOKEN_ESCAPE. */
static unsigned use_successor(struct irt_walk *w, uint64_t entry)
{
	uint64_t *q = w->states + (size_t)w->state * RANKS;
	unsigned rank = 0;

	if (entry_number(q[0]) == SUCC_EMPTY)
		w->touched[w->touched_count++] = w->state;
	while (rank < RANKS - 1 && entry_number(q[rank]) != entry_number(entry))
		rank++;
	for (unsigned i = rank; i > 0; i--)
		q[i] = q[i - 1];
	q[0] = entry;
	return rank;
}

/* ---- stack ---------------------------------------------------------------------------------------- */

void irt_walk_open(struct irt_walk *w, uint32_t node, uint64_t v, uint64_t tag, int64_t sp,
		   uint32_t flags)
{
	struct frame *f = &w->frames[++w->depth];

	f->enter = v;
	f->child = 0;
	f->tag = tag;
	f->sp = sp;
	f->node = node;
	f->flags = flags;
	if (w->general && w->nodes[node].open++ > 0)
		f->flags |= FRAME_NESTED;
	w->state = 2 * node;
}

static void remember_closed(struct irt_walk *w, const struct frame *f)
{
	struct irt_walk_closed *c = &w->closed[w->chunk_depth - w->depth];

	c->enter_ticks = (int64_t)(f->enter + w->chunk_stopped - w->config.origin_ticks);
	c->below = context_of(w, w->frames[w->depth - 1].node);
	c->folded = (f->flags & FRAME_FOLDED) != 0;
	w->mentioned[w->mentioned_count++] = function_of_node(w, f->node);
}

void irt_walk_close(struct irt_walk *w, uint64_t v, unsigned how)
{
	struct frame *f = &w->frames[w->depth], *below = f - 1;
	uint64_t total = v - f->enter, self = total - f->child;
	uint32_t id = f->node;

	if (w->depth <= w->low) {
		if (w->depth <= w->chunk_low)
			remember_closed(w, f);
		if (w->depth <= w->kept)
			irt_walk_note_ended(w);
		if (w->depth <= w->blocked)
			irt_walk_drop_blocks(w, w->depth);
		irt_walk_lower(w, w->depth - 1);
	}
	if (w->general) {
		w->nodes[id].open--;
		if ((f->flags & FRAME_NESTED) && w->nodes[id].twin)
			id = w->nodes[id].twin;
	}
	if (f->flags & FRAME_INHERITED) {
		struct stat *s = &w->stats[id];
		s->total += total;
		s->self += self;
		irt_walk_mark_dirty(w, id);
	} else {
		irt_walk_account(w, id, total, self);
		if (how != IRT_OP_EXIT && how != IRT_OP_TAIL)
			w->stats[id].unwound++;
		w->finished++;
	}
	below->child += total;
	w->state = f->flags & FRAME_FOLDED ? 2 * below->node : 2 * f->node + 1; /* W1 */
	w->depth--;
}

bool irt_walk_reserve_closing(struct irt_walk *w, size_t k)
{
	size_t room = w->mentioned_room;

	if (!irt_grow(&w->mentioned, &room, w->mentioned_count + 2 * k + 1, sizeof(*w->mentioned)))
		return false;
	w->mentioned_room = (uint32_t)room;
	return w->depth - k >= w->chunk_low ||
	       irt_grow(&w->closed, &w->closed_room, w->chunk_depth - w->depth + k, sizeof(*w->closed));
}

static void remember_popped(struct irt_walk *w, const struct frame *f)
{
	w->popped[w->popped_next] = (struct popped){f->tag, f->sp};
	w->popped_next = (w->popped_next + 1) % (sizeof(w->popped) / sizeof(*w->popped));
}

/* Ends the innermost k calls unseen. */
static void pop(struct irt_walk *w, size_t k, unsigned operation, uint64_t n)
{
	uint64_t v = virtual_time(w, n);

	for (size_t i = 0; i < k; i++) {
		uint32_t function = function_of_node(w, w->frames[w->depth].node);
		/* the states do not show these; runs of one function once */
		if (!w->mentioned_count || w->mentioned[w->mentioned_count - 1] != function)
			w->mentioned[w->mentioned_count++] = function;
		remember_popped(w, &w->frames[w->depth]);
		irt_walk_close(w, v, operation);
	}
	put_operation(w, operation, 1, k, 0, n);
}

enum irt_walk_stop irt_walk_end(struct irt_walk *w)
{
	if (w->depth == 0 || w->events == 0) {
		irt_walk_drop_blocks(w, 0);
		return IRT_WALK_ALL;
	}
	if (w->chunk_events >= w->config.chunk_events)
		return IRT_WALK_CHUNK_FULL;
	if (!reserve_events(w) || !irt_walk_reserve_closing(w, w->depth))
		return IRT_WALK_NO_MEMORY;
	pop(w, w->depth, IRT_OP_POP, irt_walk_stamp(w, w->last));
	irt_walk_drop_blocks(w, 0);
	if (!w->chunk_has_pos) {
		w->chunk_has_pos = true;
		w->chunk_pos = w->position;
	}
	w->position++;
	return IRT_WALK_ALL;
}

/* ---- enter ---------------------------------------------------------------------------------------- */

/* Whether the function that is entered may be inlined into the innermost call, whose stack pointer it has. 0, or
 * what to stop with. */
static int find_inlined(const struct irt_walk *w, uint64_t tag, uint64_t t, bool *inlined)
{
	struct irt_function_answer answer = {0};
	uint32_t child;

	if (irt_walk_find_edge(w, w->frames[w->depth].node, row_key(tag), &child) == 0) {
		*inlined = w->nodes[child].inlinable;
		return STEP_ON;
	}
	if (w->config.function_of(w->config.user, tag, irt_walk_clamped(w, t), &answer))
		return IRT_WALK_UNKNOWN;
	*inlined = (answer.flags & INSTR_ROW_INLINABLE) != 0;
	return STEP_ON;
}

/* How many calls a new one with this stack pointer proves dead; *other_stack: it seems to be on
 * another stack instead. */
static size_t count_dead(const struct irt_walk *w, int64_t sp, bool inlined, bool *other_stack)
{
	size_t i, same = 0;

	*other_stack = false;
	if (sp < w->frames[w->depth].sp || inlined)
		return 0;
	if (!is_known(sp) || !is_known(w->frames[w->depth].sp))
		return 0; /* restored, until the next STACK record: dead calls show when one below ends */
	for (i = w->depth; i > 0; i--) {
		const struct frame *f = &w->frames[i];
		if (!is_known(f->sp))
			break;
		if (f->sp > sp)
			return w->depth - i; /* between two calls of one stack: what is above i is dead */
		if (f->sp == sp)
			same = i;
		if (f->flags & FRAME_STACK_START)
			break;
	}
	if (same)
		return w->depth - same + 1;
	*other_stack = true;
	return 0;
}

/* The child of `parent` for this record. 0, or what to stop with. */
static int find_child(struct irt_walk *w, uint32_t parent, uint64_t tag, uint64_t t, uint32_t *child)
{
	struct irt_function_answer answer = {0};
	uint64_t row = row_key(tag);
	uint32_t context;
	bool folded;

	if (irt_walk_find_edge(w, parent, row, child) == 0)
		return STEP_ON;
	if (w->config.function_of(w->config.user, tag, irt_walk_clamped(w, t), &answer))
		return IRT_WALK_UNKNOWN;
	if (irt_cct_child(w->config.cct, context_of(w, parent), answer.function, &context, &folded) ||
	    irt_walk_node_of(w, context, child) || irt_walk_add_edge(w, parent, row, *child))
		return IRT_WALK_NO_MEMORY;
	w->nodes[*child].inlinable = (answer.flags & INSTR_ROW_INLINABLE) != 0;
	if (folded) {
		w->counters.flags |= IRT_WALK_FOLDED;
		if (irt_walk_make_general(w))
			return IRT_WALK_NO_MEMORY;
	}
	return STEP_ON;
}

static int step_enter(struct irt_walk *w, uint64_t tag, uint64_t t)
{
	int64_t sp = irt_walk_sp(w->sp_from, tag);
	uint64_t n = irt_walk_stamp(w, t);
	uint32_t parent, child, twin;
	bool other_stack, folded, inlined = false;
	unsigned token;
	uint8_t *side;
	int stop = sp == w->frames[w->depth].sp ? find_inlined(w, tag, t, &inlined) : STEP_ON;
	if (stop != STEP_ON)
		return stop;

	size_t dead = count_dead(w, sp, inlined, &other_stack);
	if (w->depth - dead >= w->config.max_frames) {
		dead = w->depth;
		other_stack = false;
	}
	if (instr_tag_kind(tag) == INSTR_CYG_ENTER && irt_walk_make_general(w))
		return IRT_WALK_NO_MEMORY;
	parent = w->frames[w->depth - dead].node;
	stop = find_child(w, parent, tag, t, &child);
	if (stop != STEP_ON)
		return stop;
	if (!irt_walk_reserve_closing(w, dead) ||
	    !irt_grow(&w->frames, &w->frame_room, w->depth + 2, sizeof(*w->frames)))
		return IRT_WALK_NO_MEMORY;
	folded = w->nodes[child].parent_context != context_of(w, parent);
	if (w->general && w->nodes[child].open && irt_walk_twin_of(w, child, &twin))
		return IRT_WALK_NO_MEMORY;

	if (dead) {
		if (dead == w->depth && dead >= w->config.max_frames)
			w->counters.given_up += dead;
		pop(w, dead, IRT_OP_POP, n);
	}
	if (other_stack) {
		w->counters.flags |= IRT_WALK_STACKS;
		put_operation(w, IRT_OP_STACK, 0, 0, 0, n);
	}
	token = use_successor(w, ENTRY(tag << ROW_SHIFT & ~NODE_MASK, child));
	w->nodes[child].key = row_key(tag);
	if (token == TOKEN_ESCAPE && folded) {
		side = irt_put_varint(irt_walk_side_end(w), 1);
		side = irt_put_varint(side, IRT_OP_FOLD);
		side = irt_put_varint(side, context_of(w, child));
		w->operations |= 1 << IRT_OP_FOLD;
	} else if (token == TOKEN_ESCAPE) {
		side = irt_put_varint(irt_walk_side_end(w), irt_side_child(irt_cct_node(w->config.cct, context_of(w, child))->ordinal));
	} else {
		side = irt_walk_side_end(w);
	}
	irt_walk_open(w, child, virtual_time(w, n), tag, sp,
		      (folded ? FRAME_FOLDED : 0) | (other_stack ? FRAME_STACK_START : 0));
	irt_walk_put_event(w, token, side, n);
	return STEP_ON;
}

/* ---- the ends of calls ------------------------------------------------------------------------------ */

/* Whether the record has the stack pointer of the frame, as far as both are known. */
static bool same_sp(const struct frame *f, uint64_t tag, int64_t sp)
{
	unsigned shift = is_cyg(tag) ? INSTR_AUX_SHIFT + 3 : INSTR_AUX_SHIFT;

	return f->tag >> shift == tag >> shift && (f->sp == sp || !is_known(f->sp) || !is_known(sp));
}

/* The call that the record ends: its index, 0 = none. 0, or what to stop with. */
static int find_frame(struct irt_walk *w, uint64_t tag, uint64_t t, size_t *index,
		      struct irt_function_answer *answer)
{
	const struct frame *f = &w->frames[w->depth];
	uint64_t key = row_key(tag);
	int64_t sp = irt_walk_sp(w->sp_from, tag);
	bool dynamic;

	*index = w->depth;
	if (f->tag && row_key(f->tag) == key && same_sp(f, tag, sp))
		return STEP_ON;
	if (w->config.function_of(w->config.user, tag, irt_walk_clamped(w, t), answer))
		return IRT_WALK_UNKNOWN;
	dynamic = answer->flags & INSTR_ROW_DYNAMIC_STACK;
	for (; *index > 0; --*index, --f) {
		if (f->tag && row_key(f->tag) == key && (dynamic || same_sp(f, tag, sp)))
			break;
		if (!f->tag && function_of_node(w, f->node) == answer->function)
			break;
		/* On one stack, all calls further down lie higher still. */
		if (!dynamic && is_known(sp) && is_known(f->sp) && f->sp > sp && !w->general &&
		    !(w->counters.flags & IRT_WALK_STACKS))
			*index = 1;
	}
	return STEP_ON;
}

/* Is it the exit of a call that ended unseen? Then that was only left for a while, for another stack. (Where
 * enters are missing, an exit says nothing.) */
static bool was_popped(const struct irt_walk *w, uint64_t tag, bool dynamic)
{
	int64_t sp = irt_walk_sp(w->sp_from, tag);

	if (w->counters.lost_events || (w->counters.flags & IRT_WALK_HOLES))
		return false;
	for (size_t i = 0; i < sizeof(w->popped) / sizeof(*w->popped); i++) {
		struct frame f = {.tag = w->popped[i].tag, .sp = w->popped[i].sp};
		if (f.tag && row_key(f.tag) == row_key(tag) && (dynamic || same_sp(&f, tag, sp)))
			return true;
	}
	return false;
}

int irt_walk_note_orphan(struct irt_walk *w, uint32_t function)
{
	size_t room = w->orphan_room, mentioned = w->mentioned_room;

	if (!irt_grow(&w->mentioned, &mentioned, w->mentioned_count + 1, sizeof(*w->mentioned)))
		return INSTR_ERR_MEMORY;
	w->mentioned_room = (uint32_t)mentioned;
	if (!w->orphan_count || w->orphans[w->orphan_count - 1].function != function ||
	    w->orphans[w->orphan_count - 1].count == UINT32_MAX) {
		if (!irt_grow(&w->orphans, &room, w->orphan_count + 1, sizeof(*w->orphans)))
			return INSTR_ERR_MEMORY;
		w->orphan_room = (uint32_t)room;
		w->orphans[w->orphan_count++] = (struct orphan){function, 0};
	}
	w->orphans[w->orphan_count - 1].count++;
	w->mentioned[w->mentioned_count++] = function;
	w->counters.orphans++;
	return 0;
}

static int step_exit(struct irt_walk *w, uint64_t tag, uint64_t t)
{
	static const struct {
		uint32_t number, operation;
	} ends[8] = {
		[INSTR_EXIT] = {SUCC_EXIT, IRT_OP_EXIT},
		[INSTR_CYG_EXIT] = {SUCC_EXIT, IRT_OP_EXIT},
		[INSTR_UNWIND] = {SUCC_UNWIND, IRT_OP_UNWIND},
		[INSTR_TAIL] = {SUCC_TAIL, IRT_OP_TAIL},
	};
	unsigned kind = instr_tag_kind(tag), token;
	uint64_t n = irt_walk_stamp(w, t);
	struct irt_function_answer answer = {0};
	uint8_t *side;
	size_t index;
	int stop = find_frame(w, tag, t, &index, &answer);

	if (stop != STEP_ON)
		return stop;
	if (index == 0) {
		if (irt_walk_note_orphan(w, answer.function))
			return IRT_WALK_NO_MEMORY;
		if (!(w->counters.flags & IRT_WALK_STACKS) &&
		    was_popped(w, tag, answer.flags & INSTR_ROW_DYNAMIC_STACK)) {
			w->counters.flags |= IRT_WALK_STACKS;
			put_operation(w, IRT_OP_STACK, 0, 0, 0, n);
		}
		put_operation(w, IRT_OP_ORPHAN, 1, answer.function, 0, n);
		return STEP_ON;
	}
	if (!irt_walk_reserve_closing(w, w->depth - index + 1))
		return IRT_WALK_NO_MEMORY;
	if (index < w->depth)
		pop(w, w->depth - index, IRT_OP_POP, n);
	token = use_successor(w, ENTRY(0, ends[kind].number));
	side = irt_walk_side_end(w);
	if (token == TOKEN_ESCAPE && ends[kind].operation == IRT_OP_EXIT) {
		side = irt_put_varint(side, 0);
	} else if (token == TOKEN_ESCAPE) {
		side = irt_put_varint(side, 1);
		side = irt_put_varint(side, ends[kind].operation);
	}
	w->operations |= 1 << ends[kind].operation;
	irt_walk_close(w, virtual_time(w, n), ends[kind].operation);
	irt_walk_put_event(w, token, side, n);
	return STEP_ON;
}

/* ---- extended records -------------------------------------------------------------------------------- */

static void re_anchor(struct irt_walk *w, uint64_t sp)
{
	int64_t from = (int64_t)(sp >> 4) - SP_KNOWN / 2;

	irt_walk_set_window(w, sp >> 47 || from < SP_KNOWN ? 0 : from); /* 0: no address of a stack */
}

/* The call that setjmp has returned in again: of those of that row whose stack pointer is not above
 * the frame's address, the one nearest to it. 0 = none. */
static size_t find_landed(const struct irt_walk *w, uint64_t tag, uint64_t frame_address)
{
	uint64_t key = row_key(tag);
	int64_t limit = (int64_t)(frame_address >> 4), best = -1;
	size_t found = 0;

	for (size_t i = w->depth; i > 0; i--) {
		const struct frame *f = &w->frames[i];
		if (f->tag && row_key(f->tag) == key) {
			if (!is_known(f->sp))
				return found ? found : i; /* the innermost then */
			if (f->sp <= limit && f->sp > best) {
				best = f->sp;
				found = i;
			}
		}
		if (is_known(f->sp) && f->sp > limit && !(w->counters.flags & IRT_WALK_STACKS))
			break;
	}
	return found;
}

static int step_ext(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload,
		    unsigned units)
{
	unsigned ext = instr_tag_ext(tag);
	uint64_t a = 0, b = 0, n, waited;
	size_t index;

	if (ext == INSTR_EXT_NOTHING)
		return STEP_ON;
	if (irt_walk_is_heap(ext, units) && w->config.heap)
		return irt_walk_step_heap(w, tag, t, payload);
	if (irt_walk_is_block(ext, units) && w->config.blocks)
		return irt_walk_step_block(w, tag, t, payload);
	if (ext == INSTR_EXT_THREAD && units >= 2 && w->config.creators)
		return irt_walk_step_thread(w, tag, t, payload);
	if (irt_walk_is_lock(ext, units) && w->config.locks)
		return irt_walk_step_lock(w, tag, t, payload);
	if (units < 2 || ext == 0 || ext > INSTR_EXT_WAIT) {
		w->counters.skipped_units += units;
		return STEP_ON;
	}
	a = irt_load_relaxed(&payload->ticks);
	b = irt_load_relaxed(&payload->tag);
	switch (ext) {
	case INSTR_EXT_STACK:
		re_anchor(w, a);
		break;
	case INSTR_EXT_LANDED:
		index = find_landed(w, tag, a);
		if (index == 0)
			break;
		if (index == w->depth) {
			if (w->blocked == index) {
				irt_walk_drop_blocks(w, index);
				put_operation(w, IRT_OP_LEFT, 1, 0, 0, irt_walk_stamp(w, t)); /* of no more bytes */
			}
			break;
		}
		if (!irt_walk_reserve_closing(w, w->depth - index))
			return IRT_WALK_NO_MEMORY;
		n = irt_walk_stamp(w, t);
		pop(w, w->depth - index, IRT_OP_LANDED, n);
		irt_walk_drop_blocks(w, index);
		break;
	case INSTR_EXT_GAP:
		n = irt_walk_stamp(w, t);
		w->counters.lost_events += a;
		irt_walk_drop_blocks(w, 0);
		put_operation(w, IRT_OP_GAP, 2, a, b && b < t ? t - b : 0, n);
		break;
	case INSTR_EXT_WAIT:
		n = irt_walk_stamp(w, t);
		waited = w->events ? w->chunk_ticks + n * w->config.time_unit_ticks - w->last : 0;
		waited = a < waited ? a : waited;
		w->counters.waits++;
		w->counters.wait_ticks += waited;
		put_operation(w, IRT_OP_WAIT, 1, waited, 0, n);
		w->stopped += waited;
		w->stable = 0; /* enter times go out moved by the waits */
		irt_walk_lower(w, SIZE_MAX);
		break;
	}
	return STEP_ON;
}

/* ---- one record --------------------------------------------------------------------------------------- */

static unsigned record_units(uint64_t tag)
{
	return instr_tag_kind(tag) == INSTR_EXT ? instr_tag_ext_units(tag) : 1;
}

int irt_walk_step(struct irt_walk *w, const struct instr_unit *unit, size_t count, size_t *used,
		  size_t *needed)
{
	uint64_t t = irt_load_acquire(&unit->ticks); /* A2 */
	uint64_t tag = irt_load_relaxed(&unit->tag);
	unsigned kind = instr_tag_kind(tag), units = record_units(tag);
	int stop;

	*used = 0;
	if (t == 0 || tag == 0) {
		*needed = tag ? (units ? units : 1) : 0;
		return tag ? IRT_WALK_RESERVED : IRT_WALK_UNWRITTEN;
	}
	if (w->config.pause_ticks && w->events && t > w->last && t - w->last >= w->config.pause_ticks &&
	    w->step_position != UINT64_MAX)
		irt_walk_note_pause(w, w->step_position);
	if (kind == INSTR_PAD) {
		*used = 1;
		return IRT_WALK_PAD;
	}
	if (kind == INSTR_NONE || kind > INSTR_PAD || units == 0) {
		*used = 1;
		w->counters.skipped_units++;
		return STEP_ON;
	}
	if (units > count) {
		*needed = units;
		return IRT_WALK_SHORT;
	}
	if (t > w->horizon)
		return IRT_WALK_HORIZON;
	if (w->chunk_events >= w->config.chunk_events ||
	    (w->chunk_events && t > w->chunk_ticks && t - w->base >= IRT_WALK_SPAN_TICKS))
		return IRT_WALK_CHUNK_FULL;
	if (w->forget_count && t >= w->forget[0]) {
		uint32_t passed = 1;
		while (passed < w->forget_count && t >= w->forget[passed])
			passed++;
		w->forget_count -= passed;
		memmove(w->forget, w->forget + passed, w->forget_count * sizeof(*w->forget));
		irt_walk_drop_edges(w);
	}
	if (!reserve_events(w))
		return IRT_WALK_NO_MEMORY;
	switch (kind) {
	case INSTR_ENTER:
	case INSTR_CYG_ENTER:
		stop = step_enter(w, tag, t);
		break;
	case INSTR_EXT:
		stop = step_ext(w, tag, t, unit + 1, units);
		break;
	default:
		stop = step_exit(w, tag, t);
		break;
	}
	if (stop == STEP_ON)
		*used = units;
	return stop;
}
