/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * verify_fold.c - folds one thread's events, as plainly as it can be done.
 */
#include <stdlib.h>

#include "crash/verify.h"
#include "unit/plain_decoder.h"

uint64_t compared_events, compared_chunks;

static void end_call(struct thread *t, int64_t now, int unwound, const uint64_t *told)
{
	if (!t->depth) {
		found("events: thread %lld ends a call that is not open", (long long)t->id);
		return;
	}
	struct call *c = &t->stack[--t->depth];
	struct totals *x = of(t->contexts, c->context);
	uint64_t took = (uint64_t)(now - t->waited - c->enter);
	if (told && *told != took)
		found("durations: thread %lld context %u: %llu, its enter and exit say %llu", (long long)t->id, c->context,
		      (unsigned long long)*told, (unsigned long long)took);
	if (--t->open[c->context] == 0)
		x->total += took;
	x->self += took - c->child;
	if (t->depth)
		t->stack[t->depth - 1].child += took;
	if (c->inherited)
		return;
	x->min = took < x->min ? took : x->min;
	x->max = took > x->max ? took : x->max;
	x->counts[plain_bucket(took)]++;
	x->open--;
	if (unwound)
		x->unwound++;
	else
		x->returns++;
}

static void begin_call(struct thread *t, int64_t now, uint32_t context, int inherited)
{
	if (t->depth == t->room) {
		t->room = 2 * t->room + 64;
		t->stack = realloc(t->stack, t->room * sizeof(*t->stack));
		if (!t->stack)
			cannot("no memory");
	}
	t->stack[t->depth++] = (struct call){context, inherited, now - t->waited, 0};
	t->open[context]++;
	if (!inherited)
		of(t->contexts, context)->open++;
}

/* The calls of the path that leads to this context, outermost first: if they are so many, no edge is folded. */
static int fill_path(const struct process *p, int64_t depth, uint32_t context, uint32_t *calls)
{
	int64_t length = 0;
	for (uint32_t c = context; c && c < p->count && length <= depth; c = p->contexts[c].parent)
		length++;
	if (length != depth || context >= p->count)
		return 0;
	for (uint32_t c = context; length; c = p->contexts[c].parent)
		calls[--length] = c;
	return 1;
}

/* Where edges are folded: the chunks say which calls have ended, the others are still open. */
static int fill_folded(const struct thread *t, int64_t depth, uint32_t context, uint32_t *calls)
{
	sqlite3_stmt *s = ask("SELECT start_depth, data FROM chunks WHERE thread_id = ? ORDER BY start_pos", t->id);
	while (next(s)) {
		size_t count;
		int64_t at = number(s, 0);
		uint32_t *closed = plain_closed(t->process->contexts, sqlite3_column_blob(s, 1), &count);
		for (size_t i = 0; i < count && at > 0; i++) {
			if (--at < depth) {
				depth = at;
				calls[depth] = closed[i];
				context = closed[i + 1];
			}
		}
		free(closed);
	}
	if (fill_path(t->process, depth, context, calls))
		return 1;
	s = ask("SELECT context_id FROM open_frames WHERE thread_id = ? ORDER BY depth", t->id);
	for (int64_t i = 0; next(s); i++) {
		if (i < depth)
			calls[i] = (uint32_t)(number(s, 0) % SPAN);
		if (i == depth - 1 && calls[i] == context)
			depth = 0;
	}
	return depth == 0;
}

/* A fork child's thread, since it joined. */
static void begin_inside(struct thread *t, int64_t depth, uint32_t context)
{
	const struct process *p = t->process;
	uint32_t *calls = zeroed((size_t)depth, sizeof(*calls));
	int known = fill_path(p, depth, context, calls) || fill_folded(t, depth, context, calls);
	if (!known)
		found("inherited: thread %lld begins in context %u, to which not %lld calls lead", (long long)t->id, context,
		      (long long)depth);
	for (int64_t i = 0; known && i < depth; i++)
		begin_call(t, p->start < t->start ? p->start : t->start, calls[i] < p->count ? calls[i] : 0, 1);
	free(calls);
}

/* What the event leaves of the calls that may block and have begun. */
static void fold_blocks(struct thread *t, const struct irt_event *e)
{
	int is_one = (e->operation >= 24 && e->operation <= 26) || e->operation == IRT_OP_LANDED;
	while (t->block_count && (e->operation == IRT_OP_GAP || t->blocks[t->block_count - 1].depth > t->depth ||
				  (is_one && t->blocks[t->block_count - 1].depth == t->depth)))
		t->block_count--;
	if (e->operation == 25)
		t->blocks[t->block_count++] = (struct block){t->depth, e->context, e->site, e->ticks};
	if (t->block_count > BLOCKS) {
		t->block_count--;
		for (size_t i = 0; i < t->block_count; i++)
			t->blocks[i] = t->blocks[i + 1];
	}
}

static void fold(struct thread *t, const struct irt_event *e)
{
	if (t->events && e->ticks < t->last)
		found("events: thread %lld goes back in time at event %lld", (long long)t->id, (long long)t->events);
	t->last = e->ticks;
	t->events++;
	if ((e->operation >= IRT_OP_EXIT && e->operation <= IRT_OP_POP) || e->operation == IRT_OP_LANDED)
		if (t->depth && (e->context != t->stack[t->depth - 1].context || e->depth != t->depth - 1))
			found("events: thread %lld: event %lld ends a call of context %u at depth %u, the fold is in %u at %zu",
			      (long long)t->id, (long long)t->events - 1, e->context, e->depth,
			      t->stack[t->depth - 1].context, t->depth - 1);
	switch (e->operation) {
	case IRT_OP_ENTER:
		begin_call(t, e->ticks, e->context, 0);
		break;
	case IRT_OP_EXIT:
	case IRT_OP_TAIL:
		end_call(t, e->ticks, 0, &e->value);
		break;
	case IRT_OP_UNWIND:
		end_call(t, e->ticks, 1, &e->value);
		break;
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		for (uint64_t i = 0; i < e->value; i++)
			end_call(t, e->ticks, 1, NULL);
		break;
	case IRT_OP_ORPHAN:
		t->seen_orphans++;
		if ((int64_t)e->value >= function_count)
			found("events: thread %lld: an orphan of no function", (long long)t->id);
		else
			of(t->process->functions, e->value)->orphans++;
		break;
	case IRT_OP_GAP:
		t->gaps += (int64_t)e->value;
		break;
	case IRT_OP_WAIT:
		t->seen_waits++;
		t->waited += (int64_t)e->value;
		break;
	default:
		break;
	}
	fold_blocks(t, e);
}

/* Where a fork child's thread begins, as its first chunk says; while it has none, all its open calls. */
static void fold_inherited(struct thread *t)
{
	sqlite3_stmt *s = ask("SELECT start_depth, start_context_id FROM chunks WHERE thread_id = ?1 AND start_depth > 0 AND"
			      " start_pos = (SELECT min(start_pos) FROM chunks WHERE thread_id = ?1) UNION ALL SELECT depth + 1,"
			      " context_id FROM open_frames WHERE thread_id = ?1 AND depth = (SELECT max(depth) FROM open_frames"
			      " WHERE thread_id = ?1) AND NOT EXISTS (SELECT 1 FROM chunks WHERE thread_id = ?1)", t->id);
	while (next(s)) {
		if (!t->parent)
			continue;
		if (number(s, 1) / SPAN + 1 != t->process->id)
			found("inherited: thread %lld begins in a context of another process", (long long)t->id);
		begin_inside(t, number(s, 0), (uint32_t)(number(s, 1) % SPAN));
	}
}

/* Up to the thread's last checkpoint, whole chunks or not. */
static void fold_chunks(struct thread *t)
{
	sqlite3_stmt *s = ask("SELECT data, first_event, events, start_ticks, end_ticks, start_depth, start_context_id FROM chunks"
			      " WHERE thread_id = ? ORDER BY start_pos", t->id);
	while (next(s)) {
		size_t count;
		if (t->events >= t->totals_events)
			continue;
		struct irt_event *events = plain_decode(t->process->contexts, t->process->count, sqlite3_column_blob(s, 0),
							(size_t)sqlite3_column_bytes(s, 0), &count);
		int64_t context = t->depth ? t->stack[t->depth - 1].context : 0;
		if (number(s, 1) != t->events)
			found("chunks: thread %lld: one begins with event %lld, %lld are before it", (long long)t->id,
			      (long long)number(s, 1), (long long)t->events);
		if (number(s, 2) != (int64_t)count || (count && (number(s, 3) != events[0].ticks ||
								 number(s, 4) != events[count - 1].ticks)))
			found("chunks: thread %lld: events or ticks of the row are not those of its bytes", (long long)t->id);
		if (number(s, 5) != (int64_t)t->depth || number(s, 6) % SPAN != context)
			found("chunks: thread %lld: one begins at depth %lld in context %lld, the fold is at %zu in %lld",
			      (long long)t->id, (long long)number(s, 5), (long long)number(s, 6) % SPAN, t->depth,
			      (long long)context);
		for (size_t i = 0; i < count && t->events < t->totals_events; i++)
			fold(t, &events[i]);
		free(events);
		compared_chunks++;
	}
	compared_events += (uint64_t)t->events;
}

void fold_thread(struct thread *t)
{
	fold_inherited(t);
	fold_chunks(t);
}
