/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks.c - see locks.h: what each event does.
 *
 * L1. Each owner of a lock is another thread, and if one of them has it alone, there are no others.
 * L2. Of a wait that is charged to somebody, all up to mark_ticks is: contended and wait_ticks of totals add up to
 *     waits and ticks of the waits of that lock, whenever no event is being applied.
 */
#include "fold/locks_internal.h"

int irt_locks_create(struct irt_locks **locks)
{
	*locks = calloc(1, sizeof(**locks));
	return *locks ? 0 : INSTR_ERR_MEMORY;
}

void irt_locks_destroy(struct irt_locks *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->state_count; i++) {
		free(l->states[i].owners);
		free(l->states[i].waiters);
	}
	for (size_t i = 0; i < l->totals_count; i++) {
		irt_histogram_fini(&l->totals[i].row.waits);
		irt_histogram_fini(&l->totals[i].row.hold_times);
	}
	free(l->states);
	free(l->locks);
	free(l->totals);
	free(l->waits);
	free(l->state_slots.at);
	free(l->totals_slots.at);
	free(l->wait_slots.at);
	irt_pending_destroy(&l->pending);
	free(l);
}

static uint64_t between(int64_t from, int64_t to) { return to > from ? (uint64_t)to - (uint64_t)from : 0; }

static void add(uint64_t *sum, uint64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum) || *sum > INT64_MAX)
		*sum = INT64_MAX;
}

static bool count_time(struct irt_histogram *h, uint64_t ticks)
{
	return irt_histogram_add(h, irt_histogram_bucket(ticks), 1) == 0;
}

/* ---- waits ------------------------------------------------------------------------------------------ */

const struct owner *irt_locks_in_the_way(const struct state *s, uint32_t thread, bool alone)
{
	for (size_t i = 0; i < s->owner_count; i++) /* the one that has it longest is the first */
		if (s->owners[i].thread != thread && (alone || s->owners[i].alone))
			return &s->owners[i];
	return NULL;
}

static struct owner *owner_of(const struct state *s, uint32_t thread)
{
	for (size_t i = 0; i < s->owner_count; i++)
		if (s->owners[i].thread == thread)
			return &s->owners[i];
	return NULL;
}

/* What the wait has come to since its mark goes to who has the lock, or had it last. sure: it was a wait. */
static void charge(struct irt_locks *l, struct state *s, struct waiter *w, int64_t ticks, bool sure)
{
	const struct owner *o = irt_locks_in_the_way(s, w->thread, w->alone);
	struct irt_lock_totals *t = &l->totals[w->row].row;
	uint64_t more = between(w->mark_ticks, ticks);

	/* Who waits for itself (and is told so, if the lock looks) waits for nobody. */
	if (!o && (owner_of(s, w->thread) || !(sure || w->charged)))
		return;
	struct irt_lock_wait *wait = irt_locks_wait(l, s->lock, t->context, o ? l->totals[o->row].row.context : s->holder);
	irt_locks_touch_totals(l, w->row);
	if (!w->charged) {
		w->charged = true;
		t->contended++;
		wait->waits++;
	}
	add(&t->wait_ticks, more);
	add(&wait->ticks, more);
	if (ticks > w->mark_ticks)
		w->mark_ticks = ticks;
}

/* Before the owners change. */
static void charge_all(struct irt_locks *l, struct state *s, int64_t ticks)
{
	for (size_t i = 0; i < s->waiter_count; i++)
		charge(l, s, &s->waiters[i], ticks, s->waiters[i].tried);
}

static struct waiter *waiter_of(const struct state *s, uint32_t thread)
{
	for (size_t i = 0; i < s->waiter_count; i++)
		if (s->waiters[i].thread == thread)
			return &s->waiters[i];
	return NULL;
}

static void drop_waiter(struct irt_locks *l, struct state *s, struct waiter *w)
{
	size_t i = (size_t)(w - s->waiters);

	memmove(w, w + 1, (s->waiter_count - i - 1) * sizeof(*w));
	s->waiter_count--;
	l->user_count--;
}

/* false: no memory, it waits still. */
static bool end_wait(struct irt_locks *l, struct state *s, struct waiter *w, int64_t ticks, uint64_t result)
{
	struct irt_lock_totals *t = irt_locks_touch_totals(l, w->row);
	/* Timed out: ETIMEDOUT, and thrd_timedout of C11. What returns anything else has not waited. */
	bool waited = is_taken(result) || result == 110 || result == 4;

	charge(l, s, w, ticks, w->tried && waited);
	if (w->charged) {
		uint64_t all = between(w->start_ticks, ticks);
		if (!count_time(&t->waits, all))
			return false;
		if (all > t->max_wait_ticks)
			t->max_wait_ticks = all;
	}
	drop_waiter(l, s, w);
	return true;
}

/* ---- holds ------------------------------------------------------------------------------------------ */

/* false: no memory, it has it still. */
static bool end_hold(struct irt_locks *l, struct state *s, struct owner *o, int64_t ticks)
{
	struct irt_lock_totals *t = irt_locks_touch_totals(l, o->row);
	uint64_t held = between(o->start_ticks, ticks);
	size_t i = (size_t)(o - s->owners);

	if (!count_time(&t->hold_times, held))
		return false;
	t->holds++;
	add(&t->hold_ticks, held);
	if (held > t->max_hold_ticks)
		t->max_hold_ticks = held;
	charge_all(l, s, ticks);
	s->holder = t->context;
	if (l->locks[s->lock].row.address)
		irt_locks_touch(l, s->lock)->holder = s->holder;
	memmove(o, o + 1, (s->owner_count - i - 1) * sizeof(*o));
	s->owner_count--;
	l->user_count--;
	return true;
}

/* false: no memory; no count of the event has changed. */
static bool take(struct irt_locks *l, struct state *s, const struct irt_shared_event *e, uint32_t row)
{
	struct owner *o = owner_of(s, e->thread);
	bool alone = is_alone(e->site);

	while (!o && (o = (struct owner *)irt_locks_in_the_way(s, e->thread, alone))) { /* L1 */
		if (!end_hold(l, s, o, e->ticks))
			return false;
		irt_locks_touch(l, s->lock)->lost++;
		o = NULL;
	}
	irt_locks_touch_totals(l, row)->acquisitions++;
	if (o) {
		o->depth++;
		return true;
	}
	charge_all(l, s, e->ticks);
	s->owners[s->owner_count++] = (struct owner){.thread = e->thread, .depth = 1, .row = row, .alone = alone,
						     .start_ticks = e->ticks};
	l->user_count++;
	return true;
}

/* ---- locks ------------------------------------------------------------------------------------------ */

static void need_lock(struct irt_locks *l, struct state *s, const struct irt_shared_event *e)
{
	bool own = l->lock_count < IRT_LOCKS_MAX;

	if (s->lock != NO_LOCK)
		return;
	s->holder = IRT_LOCKS_NONE;
	if (!own && l->lock_count > IRT_LOCKS_MAX) {
		s->lock = IRT_LOCKS_MAX;
		return;
	}
	s->lock = (uint32_t)l->lock_count++;
	l->locks[s->lock] = (struct lock_row){.row = {
		.number = s->lock, .mode = own ? irt_site_family(e->site) == INSTR_LOCK_READ ? INSTR_LOCK_WRITE : irt_site_family(e->site) : INSTR_LOCK_NONE,
		.address = own ? s->address : 0, .context = e->context, .site_id = irt_site_id(e->site), .start_ticks = e->ticks,
		.end_ticks = INT64_MAX, .holder = IRT_LOCKS_NONE}};
	irt_locks_touch(l, s->lock);
}

/* Whoever has it or waits for it does so no more. */
static bool end_lock(struct irt_locks *l, struct state *s, int64_t ticks)
{
	while (s->waiter_count)
		if (!end_wait(l, s, &s->waiters[s->waiter_count - 1], ticks, 0))
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
	struct owner *o = owner_of(s, e->thread);

	if (!o)
		irt_locks_touch(l, s->lock)->unknown++;
	else if (o->depth > 1)
		o->depth--;
	else
		return end_hold(l, s, o, e->ticks);
	return true;
}

bool irt_locks_apply(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct state *s = irt_locks_find_state(l, e->address);
	struct waiter *w;
	uint32_t row;

	bool ends = e->operation == IRT_OP_LOCK_INIT || e->operation == IRT_OP_LOCK_DESTROY;

	if (ends && (!s || s->lock == NO_LOCK))
		return true;
	/* Each waiter may be charged to each owner, and to who had it last. */
	if (!irt_locks_make_room(l, s ? s->waiter_count * (s->owner_count + 1) : 0))
		return false;
	if (ends)
		return end_lock(l, irt_locks_find_state(l, e->address), e->ticks);
	s = irt_locks_state(l, e->address);
	if (!irt_locks_user_room(s))
		return false;
	need_lock(l, s, e);
	l->changed = true;
	if (e->operation == IRT_OP_RELEASED)
		return release(l, s, e);
	row = irt_locks_totals(l, s->lock, e->context, e->site);
	w = waiter_of(s, e->thread);
	switch (e->operation) {
	case IRT_OP_WAITING:
		if (w) /* in a signal handler, or events were lost: of one thread one wait is told */
			drop_waiter(l, s, w);
		s->waiters[s->waiter_count++] = (struct waiter){
			.thread = e->thread, .row = row, .alone = is_alone(e->site), .tried = e->value & IRT_LOCK_TRIED,
			.start_ticks = e->ticks, .mark_ticks = e->ticks};
		l->user_count++;
		return true;
	case IRT_OP_WAITED:
		if (w && !end_wait(l, s, w, e->ticks, e->value))
			return false;
		if (is_taken(e->value))
			return take(l, s, e, row);
		irt_locks_touch_totals(l, row)->failed++;
		return true;
	case IRT_OP_REFUSED:
		irt_locks_touch_totals(l, row)->failed++;
		return true;
	default:
		return take(l, s, e, row);
	}
}
