/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_totals.c - checkpoint: the totals that the hot loop gathered become rows; and the way back.
 *
 * Totals of a node are what stood there at the last settle (struct node) plus what came since (struct
 * stat). Settling moves the second into the first and gives the difference to the functions. It
 * proceeds node by node, each wholly or not at all, so it may fail for want of memory and be called
 * again.
 */
#include "fold/walk_internal.h"

static void mark_changed(struct irt_walk *w, uint32_t node)
{
	if (!w->nodes[node].changed) {
		w->nodes[node].changed = 1;
		w->changed[w->changed_count++] = node;
	}
}

static int settle_stat(struct irt_walk *w, uint32_t id)
{
	struct stat *s = &w->stats[id];
	uint32_t node = w->nodes[id].twin_of ? w->nodes[id].twin_of : id;
	const struct irt_cct_node *context = irt_cct_node(w->config.cct, context_of(w, node));
	struct node *to = &w->nodes[node];
	struct irt_function_delta delta = {
		.returns = s->finished - s->unwound,
		.unwound = s->unwound,
		.total_ticks = id == node && !context->recursive ? s->total : 0,
		.self_ticks = s->self,
		.min_ticks = s->min,
		.max_ticks = s->max,
		.counts32 = s->counts,
		.first = s->first,
		.span = s->span,
	};
	int err = 0;

	if (s->span)
		err = irt_histogram_reserve(&to->histogram, s->first, (unsigned)s->first + s->span - 1);
	if (!err && w->config.functions)
		err = irt_functions_add(w->config.functions, context->function, &delta);
	if (err)
		return err;
	to->total += id == node ? s->total : 0;
	to->self += s->self;
	to->returns += s->finished - s->unwound;
	to->unwound += s->unwound;
	to->min = s->min < to->min ? s->min : to->min;
	to->max = s->max > to->max ? s->max : to->max;
	for (unsigned i = 0; i < s->span; i++)
		to->histogram.counts[s->first - to->histogram.first + i] += s->counts[i];
	if (s->span)
		memset(s->counts, 0, s->span * sizeof(*s->counts));
	s->total = s->self = s->max = 0;
	s->min = UINT64_MAX;
	s->finished = s->unwound = 0;
	s->span = s->dirty = 0;
	mark_changed(w, node);
	return 0;
}

static int settle_open_node(struct irt_walk *w, uint32_t node)
{
	struct node *n = &w->nodes[node];
	struct irt_function_delta delta = {.open = (int64_t)n->counted - n->settled_open};

	if (delta.open == 0)
		return 0;
	if (w->config.functions) {
		int err = irt_functions_add(w->config.functions, function_of_node(w, node), &delta);
		if (err)
			return err;
	}
	n->settled_open = n->counted;
	mark_changed(w, node);
	return 0;
}

/* Open calls are not counted in the hot loop: the frames are. Uses the (empty) dirty list as scratch
 * for the nodes that are open now or were. */
static int settle_open(struct irt_walk *w)
{
	uint32_t *list = w->dirty, count = 0, still = 0;
	int err = 0;

	for (size_t i = 1; i <= w->depth; i++) {
		const struct frame *f = &w->frames[i];
		if (!(f->flags & FRAME_INHERITED) && w->nodes[f->node].counted++ == 0)
			list[count++] = f->node;
	}
	for (uint32_t i = 0; i < w->open_count; i++)
		if (w->nodes[w->open_nodes[i]].counted == 0)
			list[count++] = w->open_nodes[i];
	for (uint32_t i = 0; i < count; i++) {
		if (!err)
			err = settle_open_node(w, list[i]);
		if (w->nodes[list[i]].settled_open)
			w->open_nodes[still++] = list[i];
		w->nodes[list[i]].counted = 0;
	}
	w->open_count = still;
	return err;
}

int irt_walk_settle(struct irt_walk *w)
{
	int err;

	for (; w->dirty_count; w->dirty_count--) {
		err = settle_stat(w, w->dirty[w->dirty_count - 1]);
		if (err)
			return err;
	}
	w->finished = 0;
	if (w->settled_events != w->events) {
		err = settle_open(w);
		if (err)
			return err;
		w->settled_events = w->events;
	}
	for (; w->orphan_count && w->config.functions; w->orphan_count--) {
		const struct orphan *o = &w->orphans[w->orphan_count - 1];
		err = irt_functions_add_orphans(w->config.functions, o->function, o->count);
		if (err)
			return err;
	}
	w->orphan_count = 0;
	return 0;
}

static void row_of(const struct irt_walk *w, uint32_t node, struct irt_walk_totals *row)
{
	const struct node *n = &w->nodes[node];

	row->context = n->context;
	row->returns = n->returns;
	row->unwound = n->unwound;
	row->open = n->settled_open;
	row->calls = n->returns + n->unwound + n->settled_open;
	row->total_ticks = n->total;
	row->self_ticks = n->self;
	row->min_ticks = n->min;
	row->max_ticks = n->max;
	row->histogram = &n->histogram;
}

int irt_walk_each_changed(struct irt_walk *w, void *user,
			  int (*each)(void *user, const struct irt_walk_totals *row))
{
	for (uint32_t i = 0; i < w->changed_count; i++) {
		struct irt_walk_totals row;
		int stop;
		row_of(w, w->changed[i], &row);
		stop = each(user, &row);
		if (stop)
			return stop;
	}
	return 0;
}

int irt_walk_each(struct irt_walk *w, void *user,
		  int (*each)(void *user, const struct irt_walk_totals *row))
{
	for (uint32_t i = 1; i < w->node_count; i++) {
		struct irt_walk_totals row;
		int stop;
		if (w->nodes[i].twin_of)
			continue;
		row_of(w, i, &row);
		if (row.calls == 0 && row.total_ticks == 0)
			continue;
		stop = each(user, &row);
		if (stop)
			return stop;
	}
	return 0;
}

void irt_walk_saved(struct irt_walk *w)
{
	for (uint32_t i = 0; i < w->changed_count; i++)
		w->nodes[w->changed[i]].changed = 0;
	w->changed_count = 0;
	w->stable = w->depth;
	w->saved_block_count = w->open_block_count;
	w->open_blocks_changed = false;
	irt_walk_lower(w, SIZE_MAX);
}

/* ---- recovery ------------------------------------------------------------------------------------- */

int irt_walk_restore_counters(struct irt_walk *w, const struct irt_walk_counters *c)
{
	w->counters = *c;
	w->position = c->position;
	w->events = c->events;
	w->first = (uint64_t)c->first_ticks + w->config.origin_ticks;
	w->last = (uint64_t)c->last_ticks + w->config.origin_ticks;
	irt_walk_begin_chunk(w);
	return 0;
}

static bool is_call(const struct irt_walk *w, uint32_t context)
{
	return context != IRT_CCT_ROOT && context < irt_cct_count(w->config.cct);
}

int irt_walk_add_to_functions(struct irt_functions *functions, const struct irt_cct_node *context,
			      const struct irt_walk_totals *row)
{
	struct irt_function_delta delta = {
		.returns = row->returns,
		.unwound = row->unwound,
		.open = (int64_t)row->open,
		.total_ticks = context->recursive ? 0 : row->total_ticks,
		.self_ticks = row->self_ticks,
		.min_ticks = row->min_ticks,
		.max_ticks = row->max_ticks,
		.counts = row->histogram->counts,
		.first = row->histogram->first,
		.span = row->histogram->span,
	};

	return irt_functions_add(functions, context->function, &delta);
}

int irt_walk_restore_totals(struct irt_walk *w, const struct irt_walk_totals *row)
{
	const struct irt_cct_node *context;
	uint32_t node;
	struct node *n;
	int err;

	if (!is_call(w, row->context))
		return INSTR_ERR_FORMAT;
	context = irt_cct_node(w->config.cct, row->context);
	err = irt_walk_node_of(w, row->context, &node);
	if (err)
		return err;
	n = &w->nodes[node];
	if (n->returns || n->unwound || n->total)
		return INSTR_ERR_FORMAT; /* the row came before */
	err = irt_histogram_merge(&n->histogram, row->histogram);
	if (!err && w->config.functions) {
		struct irt_walk_totals finished = *row;
		finished.open = 0; /* the frames count these */
		err = irt_walk_add_to_functions(w->config.functions, context, &finished);
	}
	if (err) {
		irt_histogram_fini(&n->histogram);
		return err;
	}
	n->returns = row->returns;
	n->unwound = row->unwound;
	n->total = row->total_ticks;
	n->self = row->self_ticks;
	if (row->returns + row->unwound) {
		n->min = row->min_ticks;
		n->max = row->max_ticks;
	}
	return 0;
}

/* Opens a frame outside of a chunk. */
static int push(struct irt_walk *w, uint32_t context, uint64_t v, uint64_t tag, int64_t sp,
		uint32_t flags)
{
	uint32_t node, twin;
	int err;

	if (w->depth >= w->config.max_frames)
		return INSTR_ERR_FORMAT;
	if (!irt_grow(&w->frames, &w->frame_room, w->depth + 2, sizeof(*w->frames)))
		return INSTR_ERR_MEMORY;
	err = irt_walk_node_of(w, context, &node);
	if (!err && w->nodes[node].parent_context != context_of(w, w->frames[w->depth].node)) {
		flags |= FRAME_FOLDED;
		w->counters.flags |= IRT_WALK_FOLDED;
	}
	if (!err && (flags & FRAME_FOLDED || !tag || is_cyg(tag)))
		err = irt_walk_make_general(w);
	if (!err && w->general && w->nodes[node].open)
		err = irt_walk_twin_of(w, node, &twin);
	if (err)
		return err;
	irt_walk_open(w, node, v, tag, sp, flags);
	w->settled_events = UINT64_MAX;
	return 0;
}

int irt_walk_restore_frame(struct irt_walk *w, const struct irt_walk_frame *frame)
{
	uint64_t enter = (uint64_t)frame->enter_ticks + w->config.origin_ticks;
	unsigned kind = instr_tag_kind(frame->tag);
	int64_t sp = (int64_t)(frame->flags >> IRT_FRAME_SP_SHIFT);
	uint32_t flags = (frame->flags & IRT_FRAME_INHERITED ? FRAME_INHERITED : 0) |
			 (frame->flags & IRT_FRAME_STACK_START ? FRAME_STACK_START : 0);
	int err;

	if (!is_call(w, frame->context) ||
	    (frame->tag && kind != INSTR_ENTER && kind != INSTR_CYG_ENTER) ||
	    (w->events && (int64_t)(enter - w->last) > 0))
		return INSTR_ERR_FORMAT;
	if (frame->tag == 0)
		sp = SP_NONE;
	else if (sp < SP_KNOWN)
		sp = irt_walk_sp(0, frame->tag);
	err = push(w, frame->context, enter - w->stopped, frame->tag, sp, flags);
	if (err)
		return err;
	w->frames[w->depth].child = frame->child_ticks;
	irt_walk_begin_chunk(w);
	return 0;
}

static int replay_end(struct irt_walk *w, uint64_t calls, uint64_t v, unsigned operation)
{
	if (calls == 0 || calls > w->depth)
		return INSTR_ERR_FORMAT;
	if (!irt_walk_reserve_closing(w, calls))
		return INSTR_ERR_MEMORY;
	for (; calls; calls--)
		irt_walk_close(w, v, operation);
	irt_walk_begin_chunk(w);
	return 0;
}

int irt_walk_replay(struct irt_walk *w, const struct irt_event *e)
{
	uint64_t t = (uint64_t)e->ticks + w->config.origin_ticks, v = t - w->stopped;
	int err = 0;

	if (w->events && (int64_t)(t - w->last) < 0)
		return INSTR_ERR_FORMAT;
	if (w->config.pause_ticks && w->events && t - w->last >= w->config.pause_ticks)
		irt_walk_note_pause(w, w->step_position);
	switch (e->operation) {
	case IRT_OP_ENTER:
		err = is_call(w, e->context) ? push(w, e->context, v, 0, SP_NONE, 0) : INSTR_ERR_FORMAT;
		break;
	case IRT_OP_EXIT:
	case IRT_OP_UNWIND:
	case IRT_OP_TAIL:
		if (context_of(w, w->frames[w->depth].node) != e->context)
			return INSTR_ERR_FORMAT;
		err = replay_end(w, 1, v, e->operation);
		break;
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		err = replay_end(w, e->value, v, e->operation);
		if (e->operation == IRT_OP_LANDED)
			irt_walk_drop_blocks(w, w->depth);
		break;
	case IRT_OP_LEFT:
		irt_walk_drop_blocks(w, w->depth);
		break;
	case IRT_OP_ORPHAN:
		err = e->value > UINT32_MAX ? INSTR_ERR_FORMAT : irt_walk_note_orphan(w, (uint32_t)e->value);
		break;
	case IRT_OP_GAP:
		w->counters.lost_events += e->value;
		irt_walk_drop_blocks(w, 0);
		break;
	case IRT_OP_WAIT:
		if (e->value > (w->events ? t - w->last : 0))
			return INSTR_ERR_FORMAT;
		w->counters.waits++;
		w->counters.wait_ticks += e->value;
		w->stopped += e->value;
		break;
	case IRT_OP_STACK:
		w->counters.flags |= IRT_WALK_STACKS;
		break;
	case IRT_OP_ALLOC:
	case IRT_OP_FREE:
	case IRT_OP_RESIZE:
	case IRT_OP_RESIZED:
	case IRT_OP_UNMAP:
	case IRT_OP_POOL:
	case IRT_OP_RESET:
		err = irt_walk_replay_heap(w, e);
		break;
	case IRT_OP_BLOCK:
	case IRT_OP_BLOCKING:
		err = irt_walk_replay_block(w, e);
		break;
	case IRT_OP_THREAD:
		err = irt_walk_replay_thread(w, e);
		break;
	case IRT_OP_ACQUIRED:
	case IRT_OP_WAITING:
	case IRT_OP_WAITED:
	case IRT_OP_RELEASED:
	case IRT_OP_REFUSED:
	case IRT_OP_LOCK_INIT:
	case IRT_OP_LOCK_DESTROY:
	case IRT_OP_SIGNALLED:
	case IRT_OP_CONDITION:
		err = irt_walk_replay_lock(w, e);
		break;
	default:
		break;
	}
	if (err)
		return err;
	if (w->events++ == 0)
		w->first = t;
	w->last = t;
	irt_walk_replay_pass(w, e);
	return 0;
}

void irt_walk_set_position(struct irt_walk *w, uint64_t position)
{
	w->position = position;
	irt_walk_begin_chunk(w);
	if (w->config.pause_ticks)
		irt_walk_note_pause(w, position);
}
