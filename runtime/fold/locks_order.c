/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_order.c - see locks.h: events of several threads in one order.
 *
 *     irt_locks_add ──► pending ──sort_pending──► by time ──pull_forward──► irt_locks_apply
 */
#include "fold/locks_internal.h"

enum { PULL_MAX = 4096 }; /* events that are looked through for a release that belongs before this one */

int irt_locks_add(struct irt_locks *l, const struct irt_lock_event *e)
{
	if (!irt_grow(&l->pending, &l->pending_room, l->pending_count + 1, sizeof(*l->pending)))
		return INSTR_ERR_MEMORY;
	if (l->pending_sorted == l->pending_count && (!l->pending_count || l->pending[l->pending_count - 1].ticks <= e->ticks))
		l->pending_sorted++;
	l->pending[l->pending_count++] = *e;
	return 0;
}

static size_t run_end(const struct irt_lock_event *e, size_t from, size_t count)
{
	size_t i = from + 1;

	while (i < count && e[i - 1].ticks <= e[i].ticks)
		i++;
	return i < count ? i : count;
}

/* As that of heap_order.c: runs that are in order are merged two by two; of equal times the one that came first
 * stays first. */
static bool sort_pending(struct irt_locks *l)
{
	size_t count = l->pending_count;

	while (l->pending_sorted < count) {
		if (!irt_grow(&l->scratch, &l->scratch_room, count, sizeof(*l->scratch)))
			return false;
		struct irt_lock_event *from = l->pending, *to = l->scratch;
		size_t room = l->pending_room, runs = 0, out = 0;
		for (size_t a = 0; a < count; runs++) {
			size_t b = run_end(from, a, count), end = b < count ? run_end(from, b, count) : count, i = a, k = b;
			while (i < b && k < end)
				to[out++] = from[k].ticks < from[i].ticks ? from[k++] : from[i++];
			while (i < b)
				to[out++] = from[i++];
			while (k < end)
				to[out++] = from[k++];
			a = end;
		}
		l->pending = to;
		l->scratch = from;
		l->pending_room = l->scratch_room;
		l->scratch_room = room;
		if (runs == 1)
			l->pending_sorted = count;
	}
	return true;
}

/* Another thread has the lock that this one takes: does it give it back right behind, by the clock of another
 * processor? Then what it does to the lock until then is first. false: no memory; try again. */
static bool pull_forward(struct irt_locks *l, size_t at)
{
	const struct irt_lock_event *e = &l->pending[at];
	size_t last = l->pending_count - at > PULL_MAX ? at + PULL_MAX : l->pending_count;
	const struct state *s = irt_locks_find_state(l, e->address);
	const struct owner *o;

	while (s && (o = irt_locks_in_the_way(s, e->thread, is_alone(e->site)))) {
		uint32_t thread = o->thread;
		size_t i = at + 1, found = 0;
		for (uint32_t depth = o->depth; i < last && (uint64_t)l->pending[i].ticks - (uint64_t)e->ticks <= IRT_LOCK_SLACK_TICKS; i++) {
			const struct irt_lock_event *p = &l->pending[i];
			if (p->thread != thread || p->address != e->address)
				continue;
			if (p->operation == IRT_OP_ACQUIRED)
				depth++;
			if (p->operation == IRT_OP_RELEASED && !--depth) {
				found = i;
				break;
			}
		}
		if (!found)
			return true;
		for (size_t k = at + 1; k <= found; k++) {
			struct irt_lock_event *p = &l->pending[k];
			if (p->thread != thread || p->address != e->address || p->operation == DONE)
				continue;
			struct irt_lock_event now = *p;
			now.ticks = e->ticks; /* it cannot have been later */
			if (!irt_locks_apply(l, &now))
				return false;
			p->operation = DONE;
		}
		s = irt_locks_find_state(l, e->address);
	}
	return true;
}

static bool takes(const struct irt_lock_event *e)
{
	return e->operation == IRT_OP_ACQUIRED || (e->operation == IRT_OP_WAITED && is_taken(e->value));
}

int irt_locks_settle(struct irt_locks *l, int64_t until_ticks)
{
	size_t done = 0;
	int err = 0;

	if (!sort_pending(l))
		return INSTR_ERR_MEMORY;
	for (; done < l->pending_count && l->pending[done].ticks <= until_ticks; done++) {
		struct irt_lock_event *e = &l->pending[done];
		if (e->operation == DONE)
			continue;
		if ((takes(e) && !pull_forward(l, done)) || !irt_locks_apply(l, e)) {
			err = INSTR_ERR_MEMORY;
			break;
		}
	}
	if (done) {
		l->changed = true;
		l->pending_count -= done;
		memmove(l->pending, l->pending + done, l->pending_count * sizeof(*l->pending));
		l->pending_sorted = l->pending_count;
	}
	return err;
}

bool irt_locks_is_waiting(const struct irt_locks *l) { return l->pending_count != 0; }
