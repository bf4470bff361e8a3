/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_past.c - the calls that were open at an earlier position: what a fork child goes on inside.
 *
 * A child tells where its parent's stream stood at the fork, but it may tell so long after the walk has
 * passed. So the walk keeps a log by which the present stack is undone, step by step, to earlier ones:
 *
 *     PAUSE  here the thread recorded nothing for a while, with so many calls open
 *     ENDED  a call that had been open at the last pause is not any more: which
 *
 * A fork is such a pause: copying a process takes longer than pause_ticks, and meanwhile the thread that
 * forks records nothing. Between pauses calls come and go unlogged. The hot loop pays nothing: it leaves a
 * record behind a pause to the step, and so the end of a call that was open at one (`kept`, in W3).
 *
 * A chunk says where it begins and ends in the stream, but not where each of its events does: units that make
 * no event lie between. When one is replayed, a pause in it lies in a short range of positions. It is the
 * one that is asked for if no other can be: who asks, asks for a pause.
 *
 * The log is bounded: its oldest entries go. A position that is at no pause in it (the log is too short,
 * or the walk passed a hole there) gets what is certain: the calls that were open at the pause before it
 * and still at the one behind it.
 */
#include "fold/walk_internal.h"

enum {
	ENTRIES_MAX = 4096,      /* but twice as many as calls were ever open at a pause */
	ENTRIES_LIMIT = 1 << 17,
};

struct irt_past {
	struct irt_past_log log;
	struct irt_past_frame *frames; /* open at the end */
	size_t depth;
};

static struct irt_past_entry *entry_at(const struct irt_past_log *log, uint32_t i)
{
	return &log->entries[(log->first + i) & (log->room - 1)];
}

/* Room for one entry more; the oldest one makes way. NULL: no memory, and no log any more. */
static struct irt_past_entry *add_entry(struct irt_walk *w)
{
	struct irt_past_log *log = &w->past;

	if (log->count == log->room) {
		uint32_t most = ENTRIES_MAX, room = log->room ? 2 * log->room : 64;
		while (most < 2 * log->pause_depth && most < ENTRIES_LIMIT)
			most *= 2;
		if (room <= most) {
			struct irt_past_entry *p = malloc(room * sizeof(*p));
			if (!p) {
				log->count = 0;
				w->kept = 0;
				irt_walk_lower(w, SIZE_MAX);
				return NULL;
			}
			for (uint32_t i = 0; i < log->count; i++)
				p[i] = *entry_at(log, i);
			free(log->entries);
			log->entries = p;
			log->room = room;
			log->first = 0;
		} else {
			log->first++;
			log->count--;
			log->replayed -= log->replayed > log->count;
		}
	}
	log->replayed++;
	return entry_at(log, log->count++);
}

static void fill(const struct irt_walk *w, size_t index, struct irt_past_frame *out)
{
	const struct frame *f = &w->frames[index];

	out->tag = f->tag;
	out->sp = f->sp;
	out->function = function_of_node(w, f->node);
	out->flags = f->flags & FRAME_STACK_START ? IRT_FRAME_STACK_START : 0;
}

void irt_walk_note_pause(struct irt_walk *w, uint64_t position)
{
	struct irt_past_log *log = &w->past;
	struct irt_past_entry *e;

	if (log->count) { /* a record that was not done at the first try comes here twice */
		e = entry_at(log, log->count - 1);
		if (e->is_pause && e->position == position && !e->slack)
			return;
	}
	if (w->depth > log->pause_depth)
		log->pause_depth = (uint32_t)w->depth;
	e = add_entry(w);
	if (!e)
		return;
	*e = (struct irt_past_entry){.position = position, .depth = (uint32_t)w->depth, .is_pause = 1};
	w->kept = w->depth;
	irt_walk_lower(w, SIZE_MAX);
}

void irt_walk_note_ended(struct irt_walk *w)
{
	struct irt_past_entry *e = add_entry(w);

	if (!e)
		return;
	e->is_pause = 0;
	e->depth = (uint32_t)w->depth;
	fill(w, w->depth, &e->frame);
}

/* frames: the `depth` calls open at `head`, with room for as many as any entry says; becomes the answer. */
/* Whether the position may be that of a pause among the oldest `count` entries. */
static bool may_be_at_another(const struct irt_past_log *log, uint32_t count, uint64_t position)
{
	while (count-- > 0) {
		const struct irt_past_entry *e = entry_at(log, count);
		if (e->is_pause)
			return position <= e->position + e->slack;
	}
	return false;
}

static int undo(const struct irt_past_log *log, struct irt_past_frame *frames, size_t depth, uint64_t position,
		uint64_t head, size_t *count)
{
	size_t certain = depth;
	bool doubtful = false; /* it may be at the pause that was just passed */

	*count = depth;
	if (position >= head)
		return 0;
	for (uint32_t i = log->count; i-- > 0;) {
		const struct irt_past_entry *e = entry_at(log, i);
		if (!e->is_pause) {
			frames[e->depth - 1] = e->frame;
			if (certain > e->depth - 1)
				certain = e->depth - 1;
		} else if (e->position > position) {
			certain = e->depth;
		} else {
			if (certain > e->depth)
				certain = e->depth;
			if (position > e->position + e->slack) {
				*count = certain;
				return INSTR_ERR_NOT_FOUND;
			}
			if (!doubtful && !may_be_at_another(log, i, position)) {
				*count = e->depth;
				return 0;
			}
			doubtful = true;
		}
	}
	*count = 0;
	return INSTR_ERR_NOT_FOUND;
}

static size_t greatest_depth(const struct irt_past_log *log, size_t depth)
{
	for (uint32_t i = 0; i < log->count; i++)
		if (entry_at(log, i)->depth > depth)
			depth = entry_at(log, i)->depth;
	return depth;
}

int irt_walk_past(const struct irt_walk *w, uint64_t position, uint64_t head, struct irt_past_frame **frames,
		  size_t *count)
{
	*count = 0;
	*frames = malloc((greatest_depth(&w->past, w->depth) + 1) * sizeof(**frames));
	if (!*frames)
		return INSTR_ERR_MEMORY;
	for (size_t i = 0; i < w->depth; i++)
		fill(w, i + 1, &(*frames)[i]);
	return undo(&w->past, *frames, w->depth, position, head, count);
}

/* ---- replay ------------------------------------------------------------------------------------------ */

void irt_walk_replay_begin(struct irt_walk *w, uint64_t position)
{
	w->past.replay_start = position;
	w->past.replayed = 0;
	w->step_position = irt_walk_first_event(position);
}

uint64_t irt_walk_first_event(uint64_t start_pos)
{
	return start_pos ? start_pos : 2;
}

unsigned irt_walk_event_units(const struct irt_event *e)
{
	switch (e->operation) {
	case IRT_OP_POP:
	case IRT_OP_STACK: /* of the record that makes the next event too */
	case IRT_OP_POOL:
		return 0;
	case IRT_OP_ALLOC:
		return irt_site_family(e->site) == INSTR_FAMILY_POOL ? 3 : 2;
	case IRT_OP_LANDED:
	case IRT_OP_LEFT:
	case IRT_OP_GAP:
	case IRT_OP_WAIT:
	case IRT_OP_FREE:
	case IRT_OP_RESIZE:
	case IRT_OP_RESIZED:
	case IRT_OP_UNMAP:
	case IRT_OP_RESET:
	case IRT_OP_BLOCK:
	case IRT_OP_THREAD:
	case IRT_OP_ACQUIRED:
	case IRT_OP_WAITING:
	case IRT_OP_WAITED:
	case IRT_OP_RELEASED:
	case IRT_OP_REFUSED:
	case IRT_OP_LOCK_INIT:
	case IRT_OP_LOCK_DESTROY:
	case IRT_OP_SIGNALLED:
	case IRT_OP_CONDITION:
		return 2;
	default:
		return 1;
	}
}

void irt_walk_replay_pass(struct irt_walk *w, const struct irt_event *e)
{
	w->step_position += irt_walk_event_units(e);
}

void irt_walk_replay_end(struct irt_walk *w, uint64_t position)
{
	struct irt_past_log *log = &w->past;
	/* Where a hole's record came late, its event lies elsewhere than its units: anywhere, then. */
	bool anywhere = w->counters.flags & IRT_WALK_HOLES || position < w->step_position;

	for (uint32_t i = log->count - log->replayed; i < log->count; i++) {
		struct irt_past_entry *e = entry_at(log, i);
		if (!e->is_pause)
			continue;
		if (anywhere)
			e->position = log->replay_start;
		e->slack = position - (anywhere ? log->replay_start : w->step_position);
	}
	log->replayed = 0;
}

/* ---- beyond the walk's life ------------------------------------------------------------------------- */

struct irt_past *irt_walk_take_past(struct irt_walk *w, uint32_t *entries)
{
	struct irt_past *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->frames = malloc((w->depth + 1) * sizeof(*p->frames));
	if (!p->frames) {
		free(p);
		return NULL;
	}
	for (p->depth = 0; p->depth < w->depth; p->depth++)
		fill(w, p->depth + 1, &p->frames[p->depth]);
	p->log = w->past;
	*entries = p->log.room;
	memset(&w->past, 0, sizeof(w->past));
	w->kept = 0;
	irt_walk_lower(w, SIZE_MAX);
	return p;
}

int irt_past_frames(const struct irt_past *p, uint64_t position, uint64_t head, struct irt_past_frame **frames,
		    size_t *count)
{
	*count = 0;
	*frames = malloc((greatest_depth(&p->log, p->depth) + 1) * sizeof(**frames));
	if (!*frames)
		return INSTR_ERR_MEMORY;
	if (p->depth)
		memcpy(*frames, p->frames, p->depth * sizeof(**frames));
	return undo(&p->log, *frames, p->depth, position, head, count);
}

void irt_past_destroy(struct irt_past *p)
{
	if (!p)
		return;
	free(p->log.entries);
	free(p->frames);
	free(p);
}

/* ---- the child --------------------------------------------------------------------------------------- */

int irt_walk_inherit(struct irt_walk *w, const struct irt_past_frame *frames, size_t count, int64_t ticks,
		     bool partly)
{
	uint32_t context = IRT_CCT_ROOT;
	bool folded;
	int err = 0;

	if (partly)
		w->counters.flags |= IRT_WALK_PARTLY_INHERITED;
	for (size_t i = w->depth; i < count && !err; i++) {
		const struct irt_past_frame *f = &frames[i];
		struct irt_walk_frame row = {.enter_ticks = ticks, .tag = f->tag, .flags = IRT_FRAME_INHERITED | f->flags};
		context = context_of(w, w->frames[w->depth].node);
		err = irt_cct_child(w->config.cct, context, f->function, &row.context, &folded);
		if (f->sp >= SP_KNOWN && f->sp != SP_NONE)
			row.flags |= (uint64_t)f->sp << IRT_FRAME_SP_SHIFT;
		if (!err)
			err = irt_walk_restore_frame(w, &row);
	}
	return err;
}
