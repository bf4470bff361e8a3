/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * inherit.c - a fork child's first thread begins inside the calls that its parent's thread had open at
 * the fork.
 *
 * The child says whose stream that was and where it stood (irt_thread.parent_position). The parent's walk
 * may be
 *   - before that place: it stops there (stop_at), the child takes over its open calls, both go on;
 *   - behind it: what was open there is told from its log (walk_past.c);
 *   - over, the thread ended: its log and last open calls outlive it here (irt_pasts), since a daemon may
 *     call its first traced function long after its parent has left;
 *   - lost, with a drain that was killed, or the log was too short: if the parent got no further than there,
 *     its open calls in the file are those; else the chunk of its stream in which the place lies says what was
 *     open there, if the events are kept.
 * Until then the child's records wait in the ring. The parent's own way there does not depend on the
 * child, and a parent thread's id is the smaller one, so nobody waits in a circle; a parent that does not
 * move for IRT_INHERIT_NS is not waited for. What cannot be known is left out, and the thread is marked.
 *
 * The calls are committed no later than the first chunk of the child (irt_drained_thread.first): whoever
 * restores the child finds it inside them.
 */
#include "drain/session.h"

#include <stdlib.h>
#include <string.h>

enum { PASTS_MAX = 1024, PAST_ENTRIES_MAX = 1 << 17 };

static uint64_t head_of(const struct irt_drained_thread *t)
{
	struct irt_walk_counters c;
	irt_walk_counters(t->walk, &c);
	return c.position;
}

/* ---- threads that have ended ------------------------------------------------------------------------- */

static void forget_oldest(struct irt_pasts *all)
{
	all->entries -= all->at[0].entries;
	irt_past_destroy(all->at[0].past);
	memmove(all->at, all->at + 1, --all->count * sizeof(*all->at));
}

static const struct irt_kept_past *find_past(const struct irt_pasts *all, uint64_t thread_id)
{
	for (uint32_t i = all->count; i-- > 0;)
		if (all->at[i].thread_id == thread_id)
			return &all->at[i];
	return NULL;
}

void irt_pasts_keep(struct irt_pasts *all, struct irt_drained_thread *t)
{
	if (!all->at)
		all->at = malloc(PASTS_MAX * sizeof(*all->at));
	/* One that is there is of the drain that has seen the thread live. */
	if (!all->at || find_past(all, t->id))
		return;
	if (all->count == PASTS_MAX)
		forget_oldest(all);
	struct irt_kept_past k = {.thread_id = t->id, .head = head_of(t)};
	k.past = irt_walk_take_past(t->walk, &k.entries);
	if (!k.past)
		return;
	all->at[all->count++] = k;
	all->entries += k.entries;
	while (all->entries > PAST_ENTRIES_MAX && all->count > 1)
		forget_oldest(all);
}

void irt_pasts_fini(struct irt_pasts *all)
{
	for (uint32_t i = 0; i < all->count; i++)
		irt_past_destroy(all->at[i].past);
	free(all->at);
	memset(all, 0, sizeof(*all));
}

/* ---- the chunks --------------------------------------------------------------------------------------- */

/* A pause in a chunk: the event behind it, and the least position that this can have. */
struct candidate {
	uint64_t position, depth;
	uint32_t context;
};

struct search {
	struct irt_chunk_decoder *decoder;
	struct irt_contexts *contexts;
	uint64_t position;
	struct candidate *found;
	size_t count;
	int may_be_more; /* no memory, or damage */
};

/* What the event says of the moment before it. */
static struct candidate moment_before(const struct search *f, const struct irt_event *e)
{
	if (e->operation == IRT_OP_ENTER)
		return (struct candidate){.context = irt_contexts_parent(f->contexts, e->context), .depth = e->depth};
	return (struct candidate){.context = e->context, .depth = (uint64_t)(uint32_t)(e->depth + 1)};
}

static int search_chunk(void *arg, const struct irt_store_chunk *row)
{
	struct search *f = arg;
	struct irt_event events[256];
	uint64_t at = irt_walk_first_event((uint64_t)row->start_pos), end = (uint64_t)row->end_pos;
	int64_t last = INT64_MIN;
	long n;

	if ((uint64_t)row->start_pos > f->position)
		return 1; /* they come in order */
	if (irt_chunk_open(f->decoder, f->contexts, row->data, (size_t)row->data_bytes) != 0) {
		f->may_be_more = 1;
		return 1;
	}
	size_t before = f->count, kept = before;
	while ((n = irt_chunk_next(f->decoder, events, sizeof(events) / sizeof(*events))) > 0) {
		for (long i = 0; i < n; i++) {
			const struct irt_event *e = &events[i];
			if (at <= f->position && (last == INT64_MIN || e->ticks - last >= IRT_PAUSE_TICKS)) {
				struct candidate *c = realloc(f->found, (f->count + 1) * sizeof(*c));
				if (!c) {
					f->may_be_more = 1;
					return 1;
				}
				f->found = c;
				c[f->count] = moment_before(f, e);
				c[f->count++].position = at;
			}
			last = e->ticks;
			at += irt_walk_event_units(e);
		}
	}
	f->may_be_more |= n < 0 || at > end;
	for (size_t i = before; i < f->count; i++)
		if (f->found[i].position + (end - at) >= f->position)
			f->found[kept++] = f->found[i];
	f->count = kept;
	return f->may_be_more;
}

static int take_context(void *arg, const struct irt_store_context *row)
{
	return irt_contexts_add(arg, irt_context_index(row->context_id),
				row->parent_id == IRT_STORE_NULL ? 0 : irt_context_index(row->parent_id),
				(uint32_t)row->ordinal, (uint32_t)row->function_id);
}

/* The calls are those of the context's path, where no edge was folded. Which records they had is not in a
 * chunk: their ends are known by their functions. */
static int path_of(const struct irt_contexts *contexts, const struct candidate *c, struct irt_past_frame **frames, size_t *count)
{
	uint32_t context = c->context;
	uint64_t depth = 0;
	for (; context && depth <= c->depth; depth++)
		context = irt_contexts_parent(contexts, context);
	if (depth != c->depth)
		return INSTR_ERR_NOT_FOUND;
	struct irt_past_frame *f = calloc(depth + 1, sizeof(*f));
	if (!f)
		return INSTR_ERR_MEMORY;
	*frames = f;
	*count = depth;
	for (context = c->context; depth-- > 0; context = irt_contexts_parent(contexts, context))
		f[depth] = (struct irt_past_frame){.sp = INT64_MAX, .function = irt_contexts_function(contexts, context)};
	return 0;
}

static int find_in_chunks(struct irt_session *s, const struct irt_drained_thread *t, struct irt_past_frame **frames, size_t *count)
{
	struct search f = {.position = t->parent_position};
	int r = INSTR_ERR_NOT_FOUND;

	if (s->store && irt_contexts_create(&f.contexts) == 0 && irt_chunk_decoder_create(&f.decoder) == 0 &&
	    irt_store_read_contexts(s->store, t->process->facts.parent_process_id, f.contexts, take_context) == 0 &&
	    irt_store_read_chunks(s->store, (int64_t)t->parent_thread_id, (int64_t)t->parent_position, &f, search_chunk) >= 0 &&
	    f.count == 1 && !f.may_be_more)
		r = path_of(f.contexts, &f.found[0], frames, count);
	free(f.found);
	irt_chunk_decoder_destroy(f.decoder);
	irt_contexts_destroy(f.contexts);
	return r;
}

/* ---- the open calls of a thread that an earlier drain has seen end ------------------------------------ */

struct last {
	int64_t thread_id, process_id, position;
	struct irt_contexts *contexts;
	struct irt_past_frame *frames;
	size_t count;
	int is_there; /* it has stayed at the position */
};

static int look_at_thread(void *arg, const struct irt_store_thread *row, int64_t consumed_pos)
{
	struct last *l = arg;
	if (row->thread_id == l->thread_id)
		l->is_there = row->process_id == l->process_id && row->totals_pos == l->position && consumed_pos == l->position;
	return row->thread_id == l->thread_id;
}

static int take_last_frame(void *arg, int64_t depth, const struct irt_store_frame *row)
{
	struct last *l = arg;
	struct irt_past_frame *f = realloc(l->frames, (l->count + 1) * sizeof(*f));
	if (!f)
		return INSTR_ERR_MEMORY;
	l->frames = f;
	if (depth != (int64_t)l->count || row->context_id / IRT_CCT_ID_SPAN + 1 != l->process_id)
		return INSTR_ERR_FORMAT;
	f[l->count++] = (struct irt_past_frame){
		.tag = row->tag, .sp = (int64_t)((uint64_t)row->flags >> IRT_FRAME_SP_SHIFT),
		.function = irt_contexts_function(l->contexts, irt_context_index(row->context_id)),
		.flags = row->flags & IRT_STORE_FRAME_STACK_START ? IRT_FRAME_STACK_START : 0};
	return 0;
}

/* As when a daemon's parent has left right after the fork. */
static int find_last(struct irt_session *s, const struct irt_drained_thread *t, struct irt_past_frame **frames, size_t *count)
{
	struct last l = {.thread_id = (int64_t)t->parent_thread_id, .process_id = t->process->facts.parent_process_id,
			 .position = (int64_t)t->parent_position};
	int r = INSTR_ERR_NOT_FOUND;

	if (s->store && irt_store_read_threads(s->store, &l, look_at_thread) >= 0 && l.is_there &&
	    irt_contexts_create(&l.contexts) == 0 &&
	    irt_store_read_contexts(s->store, l.process_id, l.contexts, take_context) == 0 &&
	    irt_store_read_frames(s->store, l.thread_id, &l, take_last_frame) == 0)
		r = 0;
	irt_contexts_destroy(l.contexts);
	if (r == 0) {
		*frames = l.frames;
		*count = l.count;
	} else {
		free(l.frames);
	}
	return r;
}

/* ---- the child --------------------------------------------------------------------------------------- */

static int is_waiting_for(struct irt_drained_thread *t, struct irt_drained_thread *parent)
{
	uint64_t head = head_of(parent), now = irt_now_ns();
	if (head >= t->parent_position || parent->ended)
		return 0;
	if (!t->inherit_since_ns || head != t->inherit_head) {
		t->inherit_head = head;
		t->inherit_since_ns = now;
	}
	return now - t->inherit_since_ns < IRT_INHERIT_NS;
}

/* Whose calls, as far as known: 0, or NOT_FOUND: not all. AGAIN: later. */
static int find_calls(struct irt_session *s, struct irt_drained_thread *t, struct irt_past_frame **frames, size_t *count)
{
	const struct irt_kept_past *k = find_past(&s->pasts, t->parent_thread_id);
	struct irt_drained_thread *parent = k ? NULL : irt_session_thread(s, t->parent_thread_id);
	uint64_t head = k ? k->head : 0;
	int r;

	if (k) {
		r = irt_past_frames(k->past, t->parent_position, head, frames, count);
	} else if (parent) {
		if (parent->process->facts.process_id != t->process->facts.parent_process_id)
			return INSTR_ERR_NOT_FOUND; /* damage */
		if (is_waiting_for(t, parent)) {
			if (!parent->stop_at || parent->stop_at > t->parent_position)
				parent->stop_at = t->parent_position;
			return INSTR_ERR_AGAIN;
		}
		head = head_of(parent);
		r = irt_walk_past(parent->walk, t->parent_position, head, frames, count);
	} else {
		/* Its slot was there before the child's: the look that has found the child may have come by
		 * it too early, the next one has not. */
		return t->inherit++ < 2 ? INSTR_ERR_AGAIN : INSTR_ERR_NOT_FOUND;
	}
	return !r && head < t->parent_position ? INSTR_ERR_NOT_FOUND : r;
}

static void remember_first(struct irt_session *s, struct irt_drained_thread *t)
{
	size_t count = (size_t)irt_walk_depth(t->walk);
	struct irt_store_frame *f = malloc((count + 1) * sizeof(*f));
	if (!f) {
		s->must_checkpoint = 1; /* which has them */
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct irt_walk_frame w;
		irt_walk_frame(t->walk, i, &w);
		f[i] = (struct irt_store_frame){irt_context_id(t->process, w.context), w.enter_ticks, (int64_t)w.child_ticks,
						w.tag, (int64_t)w.flags};
	}
	free(t->first);
	t->first = f;
	t->first_count = count;
}

static int inherit(struct irt_session *s, struct irt_drained_thread *t)
{
	struct irt_past_frame *frames = NULL;
	size_t count = 0;
	int64_t ticks = (int64_t)(t->process->facts.join_ticks - s->at.facts.start_ticks);
	int r = find_calls(s, t, &frames, &count);
	if (r == INSTR_ERR_NOT_FOUND) {
		struct irt_past_frame *all = NULL;
		size_t all_count = 0;
		r = find_last(s, t, &all, &all_count);
		if (r == INSTR_ERR_NOT_FOUND)
			r = find_in_chunks(s, t, &all, &all_count);
		if (r == 0) {
			free(frames);
			frames = all;
			count = all_count;
		}
	}
	if (r == 0 || r == INSTR_ERR_NOT_FOUND)
		r = irt_walk_inherit(t->walk, frames, count, ticks < t->start_ticks ? ticks : t->start_ticks, r != 0);
	free(frames);
	s->starved |= r == INSTR_ERR_MEMORY;
	if (r == INSTR_ERR_MEMORY || r == INSTR_ERR_AGAIN)
		return 0;
	remember_first(s, t);
	t->inherit = 0;
	t->changed = 1;
	s->inheriting--;
	s->dirty = 1;
	return 1;
}

void irt_inherit_later(struct irt_session *s, struct irt_drained_thread *t)
{
	if (!t->parent_thread_id || t->parent_thread_id >= t->id || t->inherit)
		return;
	t->inherit = 1;
	s->inheriting++;
}

int irt_inherit_calls(struct irt_session *s)
{
	int done = 0;
	if (!s->inheriting)
		return 0;
	for (uint32_t i = 0; i < s->thread_count; i++)
		s->threads[i]->stop_at = 0;
	for (uint32_t i = 0; i < s->thread_count; i++)
		if (s->threads[i]->inherit)
			done += inherit(s, s->threads[i]);
	return done;
}
