/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_order.c - see locks.h: events of several threads in one order.
 *
 *     irt_locks_add ──► pending ──irt_pending_sort──► by time ──make_way──► irt_locks_apply
 */
#include "fold/locks_internal.h"

enum { PULL_MAX = 4096 }; /* events that are looked through for a release */

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

/* ---- two who have one lock --------------------------------------------------------------------------- */

static uint64_t since(int64_t from, int64_t ticks) { return (uint64_t)ticks - (uint64_t)from; }

/* Two have the lock by what they say, the owner and who takes it now. One of them had it first, and the other was stamped
 * too early: until the first one gave it back. That is whose stamp need be wrong by less. The event by which he gave it
 * back; 0: neither did so soon enough. */
static size_t first_release(const struct irt_locks *l, size_t at, const struct state *s, const struct owner *o)
{
	const struct irt_shared_event *e = &l->pending.events[at];
	const struct owner *own = irt_locks_owner(s, e->thread);
	size_t last = l->pending.count - at > PULL_MAX ? at + PULL_MAX : l->pending.count, mine = 0;
	uint64_t most = IRT_LOCK_SLACK_TICKS;
	uint32_t his_depth = o->depth, my_depth = (own ? own->depth : 0) + taken_by(e);

	for (size_t i = at + 1; i < last && since(e->ticks, l->pending.events[i].ticks) <= most; i++) {
		const struct irt_shared_event *p = &l->pending.events[i];
		bool is_mine = p->thread == e->thread;
		uint32_t *depth = is_mine ? &my_depth : &his_depth;
		if ((p->thread != o->thread && !is_mine) || p->address != e->address)
			continue;
		*depth += taken_by(p);
		if (p->operation != IRT_OP_RELEASED || --*depth)
			continue;
		if (!is_mine)
			return i;
		uint64_t early = since(o->start_ticks, p->ticks) + o->late; /* by which the owner was */
		if (!mine && early <= most) {
			mine = i;
			most = early;
		}
	}
	return mine;
}

/* The owner has given it back before: what it does to the lock until then is done now. */
static bool pull_forward(struct irt_locks *l, size_t at, size_t released, const struct owner *o)
{
	const struct irt_shared_event *e = &l->pending.events[at];
	uint32_t thread = o->thread, row = o->row;
	uint64_t allocs = 0, bytes = 0;

	for (size_t k = at + 1; k <= released; k++) {
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
	return true;
}

/* The owner gets it when it is given back, and what he does until then he does behind that. */
static bool push_back(struct irt_locks *l, size_t at, size_t released, struct state *s, struct owner *o)
{
	struct irt_shared_event later;

	if (!irt_pending_room(&l->pending, 1) || !irt_locks_suspend(l, s, o, l->pending.events[at].ticks, &later))
		return false;
	struct irt_shared_event *events = l->pending.events;
	size_t to = released + 1;
	uint64_t late = later_ticks(later.value) + since(later.ticks, events[released].ticks);
	later.ticks = events[released].ticks;
	later.value = later_value(later_depth(later.value), (uint32_t)late);
	memmove(&events[to + 1], &events[to], (l->pending.count - to) * sizeof(*events));
	for (size_t k = released; k > at; k--) {
		struct irt_shared_event his = events[k];
		if (his.thread != later.thread)
			continue;
		memmove(&events[k], &events[k + 1], (to - k - 1) * sizeof(*events));
		his.ticks = later.ticks;
		events[to--] = his;
	}
	events[to] = later;
	l->pending.sorted = ++l->pending.count;
	return true;
}

/* Other threads have the lock that this one takes. false: no memory; try again. */
static bool make_way(struct irt_locks *l, size_t at)
{
	for (;;) {
		const struct irt_shared_event *e = &l->pending.events[at];
		struct state *s = irt_locks_find_state(l, e->address);
		struct owner *o = s ? (struct owner *)irt_locks_in_the_way(s, e->thread, is_alone(e->site)) : NULL;
		size_t released = o ? first_release(l, at, s, o) : 0;
		if (!released)
			return true;
		if (l->pending.events[released].thread == o->thread ? !pull_forward(l, at, released, o) : !push_back(l, at, released, s, o))
			return false;
	}
}

int irt_locks_settle(struct irt_locks *l, int64_t until_ticks)
{
	size_t done = 0;
	int err = 0;

	if (!irt_pending_sort(&l->pending))
		return INSTR_ERR_MEMORY;
	for (; done < l->pending.count && l->pending.events[done].ticks <= until_ticks; done++) {
		const struct irt_shared_event *e = &l->pending.events[done];
		if (e->operation == DONE)
			continue;
		if ((taken_by(e) && !make_way(l, done)) || !irt_locks_apply(l, &l->pending.events[done])) {
			err = INSTR_ERR_MEMORY;
			break;
		}
	}
	if (done) {
		l->changed = true;
		irt_pending_drop(&l->pending, done);
	}
	return irt_locks_pay_all(l) ? err : INSTR_ERR_MEMORY;
}

bool irt_locks_is_waiting(const struct irt_locks *l) { return l->pending.count || l->owing_count; }
