/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_order.c - see locks.h: events of several threads in one order.
 *
 *     irt_locks_add ──► pending ──irt_pending_sort──► by time ──pull_forward──► irt_locks_apply
 */
#include "fold/locks_internal.h"

enum { PULL_MAX = 4096 }; /* events that are looked through for a release that belongs before this one */

int irt_locks_add(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct irt_shared_event *room = irt_pending_room(&l->pending, 1);

	if (!room)
		return INSTR_ERR_MEMORY;
	*room = *e;
	irt_pending_added(&l->pending, 1);
	return 0;
}

struct irt_shared_event *irt_locks_room(struct irt_locks *l, size_t count) { return irt_pending_room(&l->pending, count); }

void irt_locks_added(struct irt_locks *l, size_t count) { irt_pending_added(&l->pending, count); }

/* Another thread has the lock that this one takes: does it give it back right behind, by the clock of another
 * processor? Then what it does to the lock until then is first. false: no memory; try again. */
static bool pull_forward(struct irt_locks *l, size_t at)
{
	const struct irt_shared_event *e = &l->pending.events[at];
	size_t last = l->pending.count - at > PULL_MAX ? at + PULL_MAX : l->pending.count;
	const struct state *s = irt_locks_find_state(l, e->address);
	const struct owner *o;

	while (s && (o = irt_locks_in_the_way(s, e->thread, is_alone(e->site)))) {
		uint32_t thread = o->thread, row = o->row;
		uint64_t allocs = 0, bytes = 0;
		size_t i = at + 1, found = 0;
		for (uint32_t depth = o->depth; i < last && (uint64_t)l->pending.events[i].ticks - (uint64_t)e->ticks <= IRT_LOCK_SLACK_TICKS; i++) {
			const struct irt_shared_event *p = &l->pending.events[i];
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
			struct irt_shared_event *p = &l->pending.events[k];
			if (p->thread == thread && p->operation == IRT_OP_INSIDE) { /* the thread's other locks get it in its turn */
				add_up(&allocs, p->value);
				add_up(&bytes, p->address);
				continue;
			}
			if (p->thread != thread || (p->address != e->address && !is_call(p->operation) && p->operation != IRT_OP_CONDITION) || p->operation == DONE)
				continue;
			struct irt_shared_event now = *p;
			now.ticks = e->ticks; /* it cannot have been later */
			if (!irt_locks_apply(l, &now))
				return false;
			p->operation = DONE;
		}
		if (allocs)
			irt_locks_count_inside(l, row, allocs, bytes);
		s = irt_locks_find_state(l, e->address);
	}
	return true;
}

static bool takes(const struct irt_shared_event *e)
{
	return e->operation == IRT_OP_ACQUIRED || (e->operation == IRT_OP_WAITED && is_taken(e->value));
}

int irt_locks_settle(struct irt_locks *l, int64_t until_ticks)
{
	size_t done = 0;
	int err = 0;

	if (!irt_pending_sort(&l->pending))
		return INSTR_ERR_MEMORY;
	for (; done < l->pending.count && l->pending.events[done].ticks <= until_ticks; done++) {
		struct irt_shared_event *e = &l->pending.events[done];
		if (e->operation == DONE)
			continue;
		if ((takes(e) && !pull_forward(l, done)) || !irt_locks_apply(l, e)) {
			err = INSTR_ERR_MEMORY;
			break;
		}
	}
	if (done) {
		l->changed = true;
		irt_pending_drop(&l->pending, done);
	}
	return err;
}

bool irt_locks_is_waiting(const struct irt_locks *l) { return l->pending.count != 0; }
