/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks.c - see locks.h: what each event does.
 *
 * L1. Each owner of a lock is another thread, and if one of them has it alone, there are no others.
 * L3. The locks that an actor has are those of which its thread is an owner.
 * L4. What an actor waits at is the one lock of which its thread is a waiter.
 */
#include "fold/locks_internal.h"

/* ---- holds ------------------------------------------------------------------------------------------ */

/* Is it taken behind the other one? */
static bool is_behind(const struct irt_locks *l, const struct actor *a, uint32_t other, const struct state *s, int64_t ticks)
{
	const struct state *o = state_at(l, other);
	int64_t its = irt_locks_owner(o, (uint32_t)a->thread)->start_ticks;

	return its != ticks ? its < ticks : o->lock != s->lock ? o->lock < s->lock : o->address < s->address;
}

void irt_locks_put_held(struct irt_locks *l, struct actor *a, const struct state *s, int64_t ticks)
{
	size_t i = a->held_count++;

	l->link_count += !i && a->waits_at != NO_STATE;
	for (; i > 0 && !is_behind(l, a, a->held[i - 1], s, ticks); i--)
		a->held[i] = a->held[i - 1];
	a->held[i] = index_of_state(l, s);
}

static void drop_held(struct irt_locks *l, uint32_t thread, uint32_t state)
{
	struct actor *a = irt_locks_find_actor(l, thread);

	for (size_t i = a ? a->held_count : 0; i-- > 0;) /* mostly the last one */
		if (a->held[i] == state) {
			memmove(&a->held[i], &a->held[i + 1], (a->held_count - i - 1) * sizeof(*a->held));
			a->held_count--;
			l->link_count -= !a->held_count && a->waits_at != NO_STATE;
			return;
		}
}

static void drop_owner(struct irt_locks *l, struct state *s, struct owner *o)
{
	size_t i = (size_t)(o - s->owners);

	drop_held(l, o->thread, index_of_state(l, s));
	memmove(o, o + 1, (s->owner_count - i - 1) * sizeof(*o));
	s->owner_count--;
	l->user_count--;
}

static void put_owner(struct irt_locks *l, struct state *s, struct actor *a, const struct owner *o)
{
	s->owners[s->owner_count++] = *o;
	irt_locks_put_held(l, a, s, o->start_ticks);
	l->user_count++;
}

/* false: no memory, it has it still. */
static bool end_hold(struct irt_locks *l, struct state *s, struct owner *o, int64_t ticks)
{
	uint64_t held = between(o->start_ticks, ticks);

	if (!irt_locks_charge_waiters(l, s, ticks))
		return false;
	struct irt_lock_totals *t = irt_locks_touch_totals(l, o->row);
	if (irt_histogram_add(&t->hold_times, irt_histogram_bucket(held), 1))
		return false;
	t->holds++;
	add_up(&t->hold_ticks, held);
	if (held > t->max_hold_ticks)
		t->max_hold_ticks = held;
	s->holder = t->context;
	s->holder_thread = o->thread;
	if (l->locks[s->lock].row.address) {
		irt_locks_touch(l, s->lock)->holder = s->holder;
		irt_locks_touch(l, s->lock)->holder_thread = s->holder_thread;
	}
	drop_owner(l, s, o);
	return true;
}

/* L1. */
static bool clear_way(struct irt_locks *l, struct state *s, const struct irt_shared_event *e)
{
	const struct owner *o;

	while ((o = irt_locks_in_the_way(s, e->thread, is_alone(e->site)))) {
		if (!end_hold(l, s, (struct owner *)o, e->ticks))
			return false;
		irt_locks_touch(l, s->lock)->lost++;
	}
	return true;
}

bool irt_locks_suspend(struct irt_locks *l, struct state *s, struct owner *o, int64_t ticks, struct irt_shared_event *later)
{
	const struct irt_lock_totals *t = &totals_at(l, o->row)->row;

	if (!irt_locks_charge_waiters(l, s, ticks))
		return false;
	*later = (struct irt_shared_event){.ticks = o->start_ticks, .address = s->address, .context = t->context,
					   .site = irt_site(t->site_id, t->mode), .thread = o->thread, .operation = LATER,
					   .value = later_value(o->depth, o->late)};
	drop_owner(l, s, o);
	return true;
}

static bool resume(struct irt_locks *l, struct state *s, struct actor *a, const struct irt_shared_event *e)
{
	struct owner *o = irt_locks_owner(s, e->thread);

	if (o) {
		o->depth += later_depth(e->value);
		return true;
	}
	if (!clear_way(l, s, e) || !irt_locks_charge_waiters(l, s, e->ticks))
		return false;
	put_owner(l, s, a, &(struct owner){.thread = e->thread, .depth = later_depth(e->value), .late = later_ticks(e->value),
					   .row = irt_locks_totals(l, s->lock, e->context, e->site), .alone = is_alone(e->site),
					   .start_ticks = e->ticks});
	return true;
}

/* What a lock is taken by: a wait of so many ticks, or none. */
struct taking {
	uint32_t row; /* of totals */
	bool waited;
	uint64_t wait_ticks;
};

/* false: no memory; no count of the event has changed. */
static bool take(struct irt_locks *l, struct state *s, struct actor *a, const struct irt_shared_event *e, const struct taking *t)
{
	struct owner *o = irt_locks_owner(s, e->thread);

	if (o) {
		if (a->condition) /* it had it twice, and has kept it */
			irt_locks_wake(l, a, false);
		irt_locks_touch_totals(l, t->row)->acquisitions++;
		o->depth++;
		return true;
	}
	uint64_t behind_signal = 0;
	if (!clear_way(l, s, e) || !irt_locks_charge_waiters(l, s, e->ticks) || (a->condition && !irt_locks_come_back(l, s, a, t->row, &behind_signal)))
		return false;
	irt_locks_touch_totals(l, t->row)->acquisitions++;
	irt_locks_count_order(l, a, t->row, t->waited || behind_signal, t->waited ? t->wait_ticks : behind_signal);
	put_owner(l, s, a, &(struct owner){.thread = e->thread, .depth = 1, .row = t->row, .alone = is_alone(e->site), .start_ticks = e->ticks});
	return true;
}

/* ---- locks ------------------------------------------------------------------------------------------ */

/* What it is, by what is done to it first. */
static uint32_t kind_of(uint32_t site)
{
	uint32_t mode = irt_site_family(site);

	return mode == INSTR_LOCK_READ ? INSTR_LOCK_WRITE : mode == INSTR_LOCK_OWN_READ ? INSTR_LOCK_OWN : mode;
}

static void need_lock(struct irt_locks *l, struct state *s, const struct irt_shared_event *e)
{
	bool own = l->lock_count < IRT_LOCKS_MAX;

	if (s->lock != NO_LOCK)
		return;
	s->holder = IRT_LOCKS_NONE;
	s->holder_thread = 0;
	if (!own && l->lock_count > IRT_LOCKS_MAX) {
		s->lock = IRT_LOCKS_MAX;
		return;
	}
	s->lock = (uint32_t)l->lock_count++;
	l->locks[s->lock] = (struct lock_row){.row = {
		.number = s->lock, .mode = own ? kind_of(e->site) : INSTR_LOCK_NONE,
		.address = own ? s->address : 0, .context = e->context, .site_id = irt_site_id(e->site), .start_ticks = e->ticks,
		.end_ticks = INT64_MAX, .holder = IRT_LOCKS_NONE}};
	irt_locks_touch(l, s->lock);
}

/* Whoever has it or waits for it does so no more. */
static bool end_lock(struct irt_locks *l, struct state *s, int64_t ticks)
{
	bool waited;

	if (s->lock != NO_LOCK)
		irt_locks_end_conditions(l, s->lock);
	while (s->waiter_count)
		if (!irt_locks_end_wait(l, s, &s->waiters[s->waiter_count - 1], ticks, 0, &waited))
			return false;
	while (s->owner_count) {
		if (!end_hold(l, s, &s->owners[s->owner_count - 1], ticks))
			return false;
		irt_locks_touch(l, s->lock)->lost++;
	}
	if (s->lock != NO_LOCK && l->locks[s->lock].row.address)
		irt_locks_touch(l, s->lock)->end_ticks = ticks;
	s->lock = NO_LOCK;
	return true;
}

static bool release(struct irt_locks *l, struct state *s, const struct irt_shared_event *e)
{
	struct owner *o = irt_locks_owner(s, e->thread);

	if (!o)
		irt_locks_touch(l, s->lock)->unknown++;
	else if (o->depth > 1)
		o->depth--;
	else
		return end_hold(l, s, o, e->ticks);
	return true;
}

/* ---- events ----------------------------------------------------------------------------------------- */

static bool begin_wait(struct irt_locks *l, struct state *s, struct actor *a, const struct irt_shared_event *e, uint32_t row)
{
	if (!irt_locks_charge_for(l, a, e->ticks) || !irt_locks_pay(l, s))
		return false;
	s->even = false;
	if (a->waits_at != NO_STATE) { /* L4: in a signal handler, or events were lost */
		struct state *its = state_at(l, a->waits_at);
		if (!irt_locks_pay(l, its))
			return false;
		irt_locks_drop_waiter(l, its, irt_locks_waiter(its, e->thread));
	}
	s->waiters[s->waiter_count++] = (struct waiter){
		.thread = e->thread, .row = row, .alone = is_alone(e->site), .tried = e->value & IRT_LOCK_TRIED,
		.start_ticks = e->ticks, .mark_ticks = e->ticks};
	irt_locks_wait_at(l, a, index_of_state(l, s));
	l->user_count++;
	return true;
}

static bool end_wait(struct irt_locks *l, struct state *s, struct actor *a, const struct irt_shared_event *e, uint32_t row)
{
	struct waiter *w = irt_locks_waiter(s, e->thread);
	struct taking t = {.row = row};

	if (w) {
		uint64_t ticks = between(w->start_ticks, e->ticks);
		if (!irt_locks_end_wait(l, s, w, e->ticks, e->value, &t.waited))
			return false;
		t.wait_ticks = t.waited ? ticks : 0;
	}
	if (is_taken(e->value))
		return take(l, s, a, e, &t);
	irt_locks_touch_totals(l, row)->failed++;
	return true;
}

bool irt_locks_apply(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct state *s;
	struct actor *a;
	uint32_t row;

	if (is_call(e->operation))
		return irt_locks_apply_call(l, e);
	if (e->operation == IRT_OP_INSIDE) {
		irt_locks_apply_inside(l, e);
		return true;
	}
	if (l->asleep && e->operation != LATER) /* of which the thread knows nothing */
		irt_locks_end_sleep(l, e);
	if (is_condition(e->operation))
		return irt_locks_apply_condition(l, e);
	if (e->operation == IRT_OP_LOCK_INIT || e->operation == IRT_OP_LOCK_DESTROY) {
		s = irt_locks_find_state(l, e->address);
		return !s || s->lock == NO_LOCK || end_lock(l, s, e->ticks);
	}
	if (!irt_locks_make_room(l))
		return false;
	s = irt_locks_state(l, e->address);
	a = irt_locks_actor(l, e->thread);
	if (!irt_locks_user_room(s) || !irt_grow(&a->held, &a->held_room, a->held_count + 1, sizeof(*a->held)) || !irt_locks_inside_room(l, a) ||
	    (a->condition && !irt_keyed_room(&l->conditions, 1)))
		return false;
	l->changed = true;
	if (e->operation == LATER)
		return s->lock == NO_LOCK || resume(l, s, a, e);
	need_lock(l, s, e);
	if (e->operation == IRT_OP_RELEASED) {
		if (!release(l, s, e))
			return false;
		if (a->condition)
			irt_locks_fall_asleep(l, s, a);
		return true;
	}
	row = irt_locks_totals(l, s->lock, e->context, e->site);
	switch (e->operation) {
	case IRT_OP_WAITING:
		return begin_wait(l, s, a, e, row);
	case IRT_OP_WAITED:
		return end_wait(l, s, a, e, row);
	case IRT_OP_REFUSED:
		irt_locks_touch_totals(l, row)->failed++;
		return true;
	default:
		return take(l, s, a, e, &(struct taking){.row = row});
	}
}
