/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_waits.c - see locks.h: whom waits are charged to, and what those did meanwhile.
 *
 * A wait is charged when something of it changes, up to that moment, to what was so until then: who had the lock, what
 * he waited for himself, and so on along the chain. So before a thread begins or ends a wait or a call, all that wait
 * for its locks are charged, and all that wait for theirs.
 *
 *     A waits for L1 ── had by B, who waits for L2 ── had by C, who is in fsync
 *
 * Where a lock goes from hand to hand while many wait, each of them would be charged each time. So what they are all to be
 * charged with is added up by who had the lock, as debts, and paid when one of them comes or goes, or a look ends. That
 * is where no chain is in the way: nobody who waits has a lock.
 *
 * L2. Of a wait that is charged to somebody, all up to mark_ticks is: contended and wait_ticks of totals, waits and
 *     ticks of waits, and of threads add up to the same for each lock, whenever no event is being applied.
 */
#include "fold/locks_internal.h"

enum {
	DEEP = 64,      /* chains whose members are charged */
	DEBTS_MAX = 64, /* of a lock */
};

struct chain {
	uint32_t threads[CHAIN_MAX];
	unsigned count;
};

const struct owner *irt_locks_in_the_way(const struct state *s, uint32_t thread, bool alone)
{
	for (size_t i = 0; i < s->owner_count; i++) /* the one that has it longest is the first */
		if (s->owners[i].thread != thread && (alone || s->owners[i].alone))
			return &s->owners[i];
	return NULL;
}

struct owner *irt_locks_owner(const struct state *s, uint32_t thread)
{
	for (size_t i = 0; i < s->owner_count; i++)
		if (s->owners[i].thread == thread)
			return &s->owners[i];
	return NULL;
}

struct waiter *irt_locks_waiter(const struct state *s, uint32_t thread)
{
	for (size_t i = 0; i < s->waiter_count; i++)
		if (s->waiters[i].thread == thread)
			return &s->waiters[i];
	return NULL;
}

/* ---- rows ------------------------------------------------------------------------------------------- */

static bool is_in(const struct chain *c, uint32_t thread)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->threads[i] == thread)
			return true;
	return c->count == CHAIN_MAX;
}

/* Is it a wait, as far as is known? */
static bool seems_wait(const struct state *s, const struct waiter *w, const struct owner *o)
{
	return o ? true : !irt_locks_owner(s, w->thread) && (w->tried || w->charged);
}

uint32_t irt_locks_put_wait(struct irt_locks *l, const struct irt_lock_wait *w)
{
	uint64_t key[3] = {two(w->lock, w->context), two((uint32_t)(w->holder + 1), w->next), two(w->call_context, w->call_site)};
	uint32_t i = put_again(&l->waits, key, 3);
	struct wait_row *r = irt_keyed_row(&l->waits, i);
	uint64_t waits = r->row.waits, ticks = r->row.ticks;

	r->row = *w;
	r->row.number = i;
	r->row.waits = waits;
	r->row.ticks = ticks;
	r->changed = true;
	return i;
}

/* The row that the wait is charged to now. IRT_KEYED_NONE: no memory. */
static uint32_t row_of(struct irt_locks *l, const struct state *s, const struct waiter *w, struct chain *c)
{
	const struct owner *o = irt_locks_in_the_way(s, w->thread, w->alone);
	const struct actor *a = o ? irt_locks_find_actor(l, o->thread) : NULL;
	uint32_t context = totals_at(l, w->row)->row.context, next = IRT_LOCK_NO_WAIT, call_context = 0, call_site = 0;
	int64_t holder = o ? totals_at(l, o->row)->row.context : s->holder;

	c->threads[c->count++] = w->thread;
	if (a && !is_in(c, o->thread) && l->waits.count < IRT_LOCK_ROWS_MAX) {
		const struct state *its = a->waits_at != NO_STATE ? state_at(l, a->waits_at) : NULL;
		const struct waiter *wait = its ? irt_locks_waiter(its, o->thread) : NULL;
		if (wait && seems_wait(its, wait, irt_locks_in_the_way(its, wait->thread, wait->alone))) {
			next = row_of(l, its, wait, c);
			if (next == IRT_KEYED_NONE)
				return next;
		} else if (a->in_call) {
			call_context = a->call_context;
			call_site = a->call_site;
		}
	}
	if (!irt_keyed_room(&l->waits, 1))
		return IRT_KEYED_NONE;
	return irt_locks_put_wait(l, &(struct irt_lock_wait){.lock = s->lock, .context = context, .holder = holder, .next = next,
							     .call_context = call_context, .call_site = call_site});
}

struct threads_row *irt_locks_put_threads(struct irt_locks *l, uint32_t lock, uint32_t thread, uint32_t holder)
{
	uint64_t key[2] = {lock, two(thread, holder)};

	if (l->threads.count >= IRT_LOCK_ROWS_MAX && irt_keyed_find(&l->threads, key) == IRT_KEYED_NONE)
		key[1] = 0;
	return irt_keyed_row(&l->threads, put_again(&l->threads, key, 2));
}

/* ---- debts ------------------------------------------------------------------------------------------ */

/* Up to that time. false: they are to be charged one by one. */
static bool owe(struct irt_locks *l, struct state *s, int64_t ticks)
{
	const struct owner *o = s->owner_count ? s->owners : NULL;
	const struct actor *a = o ? irt_locks_find_actor(l, o->thread) : NULL;
	struct debt d = {.holder = s->holder, .thread = s->holder_thread, .ticks = between(s->even_ticks, ticks)};
	size_t i = s->debt_count;

	if (!s->even || l->link_count || s->owner_count > 1 || (o && !o->alone))
		return false;
	if (!d.ticks)
		return true;
	if (o) {
		d.holder = totals_at(l, o->row)->row.context;
		d.thread = o->thread;
		if (a && a->in_call) {
			d.call_context = a->call_context;
			d.call_site = a->call_site;
		}
	}
	while (i > 0 && (s->debts[i - 1].holder != d.holder || s->debts[i - 1].thread != d.thread ||
			 s->debts[i - 1].call_context != d.call_context || s->debts[i - 1].call_site != d.call_site))
		i--;
	if (!i) {
		if (s->debt_count == DEBTS_MAX || !irt_grow(&s->debts, &s->debt_room, s->debt_count + 1, sizeof(*s->debts)) ||
		    (!s->owes && !irt_grow(&l->owing, &l->owing_room, l->owing_count + 1, sizeof(*l->owing))))
			return false;
		if (!s->owes)
			l->owing[l->owing_count++] = index_of_state(l, s);
		s->owes = true;
		s->debts[s->debt_count++] = d;
	} else {
		add_up(&s->debts[i - 1].ticks, d.ticks);
	}
	s->even_ticks = ticks;
	return true;
}

static void add_ticks(struct irt_locks *l, const struct waiter *w, uint32_t wait, struct threads_row *threads, uint64_t ticks)
{
	add_up(&irt_locks_touch_totals(l, w->row)->wait_ticks, ticks);
	add_up(&irt_locks_wait_row(l, wait)->ticks, ticks);
	add_up(&threads->ticks, ticks);
	threads->changed = true;
}

bool irt_locks_pay(struct irt_locks *l, struct state *s)
{
	for (; s->debt_count; s->debt_count--) {
		const struct debt *d = &s->debts[s->debt_count - 1];
		bool in_call = d->call_site && l->waits.count < IRT_LOCK_ROWS_MAX;
		if (!irt_keyed_room(&l->waits, s->waiter_count) || !irt_keyed_room(&l->threads, s->waiter_count))
			return false;
		for (size_t i = 0; i < s->waiter_count; i++) {
			struct waiter *w = &s->waiters[i];
			uint32_t wait = irt_locks_put_wait(l, &(struct irt_lock_wait){
				.lock = s->lock, .context = totals_at(l, w->row)->row.context, .holder = d->holder, .next = IRT_LOCK_NO_WAIT,
				.call_context = in_call ? d->call_context : 0, .call_site = in_call ? d->call_site : 0});
			add_ticks(l, w, wait, irt_locks_put_threads(l, s->lock, w->thread, d->thread), d->ticks);
			w->mark_ticks += (int64_t)d->ticks;
		}
	}
	return true;
}

bool irt_locks_pay_all(struct irt_locks *l)
{
	for (; l->owing_count; l->owing_count--) {
		struct state *s = state_at(l, l->owing[l->owing_count - 1]);
		if (!irt_locks_pay(l, s))
			return false;
		s->owes = false;
	}
	return true;
}

static bool is_even(const struct state *s, int64_t ticks)
{
	for (size_t i = 0; i < s->waiter_count; i++)
		if (!s->waiters[i].charged || s->waiters[i].mark_ticks != ticks)
			return false;
	return true;
}

/* ---- charging --------------------------------------------------------------------------------------- */

/* sure: it was a wait. */
static bool charge(struct irt_locks *l, struct state *s, struct waiter *w, int64_t ticks, bool sure)
{
	const struct owner *o = irt_locks_in_the_way(s, w->thread, w->alone);
	uint64_t more = between(w->mark_ticks, ticks);

	/* Who waits for itself (and is told so, if the lock looks) waits for nobody, however long it does. */
	if (!o && irt_locks_owner(s, w->thread)) {
		w->mark_ticks = ticks > w->mark_ticks ? ticks : w->mark_ticks;
		return true;
	}
	if ((!o && !sure && !w->charged) || (w->charged && !more))
		return true;
	uint32_t row = row_of(l, s, w, &(struct chain){.count = 0});
	struct threads_row *threads = row == IRT_KEYED_NONE || !irt_keyed_room(&l->threads, 1) ? NULL :
		irt_locks_put_threads(l, s->lock, w->thread, o ? o->thread : s->holder_thread);
	if (!threads)
		return false;
	if (!w->charged) {
		w->charged = true;
		irt_locks_touch_totals(l, w->row)->contended++;
		irt_locks_wait_row(l, row)->waits++;
		threads->waits++;
	}
	add_ticks(l, w, row, threads, more);
	if (ticks > w->mark_ticks)
		w->mark_ticks = ticks;
	return true;
}

static bool charge_through(struct irt_locks *l, struct state *s, int64_t ticks, unsigned depth);

static bool charge_held(struct irt_locks *l, const struct actor *a, int64_t ticks, unsigned depth)
{
	for (size_t i = 0; a && i < a->held_count; i++) {
		struct state *s = state_at(l, a->held[i]);
		if (s->waiter_count && !charge_through(l, s, ticks, depth))
			return false;
	}
	return true;
}

static bool charge_through(struct irt_locks *l, struct state *s, int64_t ticks, unsigned depth)
{
	if (s->round == l->round || depth == DEEP)
		return true;
	s->round = l->round;
	if (owe(l, s, ticks))
		return true;
	if (!irt_locks_pay(l, s))
		return false;
	s->even = false;
	for (size_t i = 0; i < s->waiter_count; i++)
		if (!charge(l, s, &s->waiters[i], ticks, s->waiters[i].tried) ||
		    (l->link_count && !charge_held(l, irt_locks_find_actor(l, s->waiters[i].thread), ticks, depth + 1)))
			return false;
	s->even = is_even(s, ticks);
	s->even_ticks = ticks;
	return true;
}

bool irt_locks_charge_waiters(struct irt_locks *l, struct state *s, int64_t ticks)
{
	l->round++;
	return (!l->asleep || irt_locks_charge_conditions(l, s, ticks)) && (!s->waiter_count || charge_through(l, s, ticks, 0));
}

bool irt_locks_charge_for(struct irt_locks *l, const struct actor *a, int64_t ticks)
{
	l->round++;
	return charge_held(l, a, ticks, 0);
}

void irt_locks_wait_at(struct irt_locks *l, struct actor *a, uint32_t state)
{
	if (a->held_count)
		l->link_count += (size_t)(state != NO_STATE) - (size_t)(a->waits_at != NO_STATE);
	a->waits_at = state;
}

void irt_locks_drop_waiter(struct irt_locks *l, struct state *s, struct waiter *w)
{
	struct actor *a = irt_locks_find_actor(l, w->thread);
	size_t i = (size_t)(w - s->waiters);

	if (a && a->waits_at == index_of_state(l, s))
		irt_locks_wait_at(l, a, NO_STATE);
	memmove(w, w + 1, (s->waiter_count - i - 1) * sizeof(*w));
	s->waiter_count--;
	l->user_count--;
}

/* false: it waits still. */
bool irt_locks_end_wait(struct irt_locks *l, struct state *s, struct waiter *w, int64_t ticks, uint64_t result, bool *waited)
{
	/* Timed out: ETIMEDOUT, and thrd_timedout of C11. What returns anything else has not waited. */
	bool can_be = is_taken(result) || result == 110 || result == 4;

	if (!irt_locks_pay(l, s))
		return false;
	s->even = false;
	if (!irt_locks_charge_for(l, irt_locks_find_actor(l, w->thread), ticks) || !charge(l, s, w, ticks, w->tried && can_be))
		return false;
	*waited = w->charged;
	if (w->charged) {
		struct irt_lock_totals *t = irt_locks_touch_totals(l, w->row);
		uint64_t all = between(w->start_ticks, ticks);
		if (irt_histogram_add(&t->waits, irt_histogram_bucket(all), 1))
			return false;
		if (all > t->max_wait_ticks)
			t->max_wait_ticks = all;
	}
	irt_locks_drop_waiter(l, s, w);
	return true;
}
