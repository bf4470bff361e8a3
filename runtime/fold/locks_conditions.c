/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_conditions.c - see locks.h: who waits for a condition, and for whom then, behind the signal, to have the lock
 * again.
 *
 *     nothing ──CONDITION──► announced ──RELEASED──► asleep ──ACQUIRED of that lock──► nothing
 *
 * Whatever else a thread does to locks or conditions ends that. Who has the lock behind a signal is noted once for all
 * who were asleep when it came, and becomes a wait of those who come back; nobody has been charged before. A signal is
 * for one of them: who comes back uses it up, and when none is left, nothing is noted any more. So who is still asleep
 * costs nothing, and has not waited for the lock.
 *
 * L5. A condition is in the list of its lock while there are signals left. Then sleepers were asleep at the last one.
 */
#include "fold/locks_internal.h"

struct condition *irt_locks_find_condition(const struct irt_locks *l, uint64_t address)
{
	uint32_t i = find_again(&l->conditions, &address, 1);

	return i == IRT_KEYED_NONE ? NULL : irt_keyed_row(&l->conditions, i);
}

static uint32_t index_of(const struct irt_locks *l, const struct condition *c)
{
	return (uint32_t)(c - (const struct condition *)l->conditions.rows);
}

static struct condition *condition_at(const struct irt_locks *l, uint32_t i) { return irt_keyed_row(&l->conditions, i); }

bool irt_locks_is_bound(const struct irt_locks *l, const struct condition *c)
{
	return c->sleepers && state_at(l, c->state)->lock == c->lock;
}

static void use_up(struct irt_locks *l, struct condition *c)
{
	uint32_t *at = &l->locks[c->lock].conditions, i = index_of(l, c) + 1;

	if (!c->signals)
		return;
	while (*at != i)
		at = &condition_at(l, *at - 1)->next;
	*at = c->next;
	c->signals = c->called = 0;
	c->charge_count = 0;
}

void irt_locks_signals_left(struct irt_locks *l, struct condition *c, uint32_t signals)
{
	uint32_t *first = &l->locks[c->lock].conditions;

	if (signals > c->called)
		signals = c->called;
	if (signals && !c->signals) {
		c->next = *first;
		*first = index_of(l, c) + 1;
	}
	if (signals)
		c->signals = signals;
	else
		use_up(l, c);
}

/* ---- charges ---------------------------------------------------------------------------------------- */

bool irt_locks_add_charge(struct condition *c, uint32_t context, uint32_t thread, uint64_t ticks)
{
	for (size_t i = c->charge_count; i-- > 0;)
		if (c->charges[i].context == context && c->charges[i].thread == thread) {
			add_up(&c->charges[i].ticks, ticks);
			return true;
		}
	if (!irt_grow(&c->charges, &c->charge_room, c->charge_count + 1, sizeof(*c->charges)))
		return false;
	c->charges[c->charge_count++] = (struct charge){context, thread, ticks};
	return true;
}

bool irt_locks_charge_conditions(struct irt_locks *l, const struct state *s, int64_t ticks)
{
	const struct owner *o = irt_locks_in_the_way(s, 0, true);

	for (uint32_t i = s->lock == NO_LOCK ? 0 : l->locks[s->lock].conditions; i; i = condition_at(l, i - 1)->next) {
		struct condition *c = condition_at(l, i - 1);
		uint64_t more = between(c->mark_ticks, ticks);
		if (!more)
			continue;
		if (o && !irt_locks_add_charge(c, totals_at(l, o->row)->row.context, o->thread, more))
			return false;
		c->mark_ticks = ticks;
	}
	return true;
}

/* What is noted becomes a wait. */
static bool commit(struct irt_locks *l, const struct condition *c, uint32_t row, uint32_t thread, uint64_t *waited)
{
	struct irt_lock_totals *t = &totals_at(l, row)->row;
	uint64_t sum = 0;
	bool first = true;

	for (size_t i = 0; i < c->charge_count; i++)
		add_up(&sum, c->charges[i].thread == thread ? 0 : c->charges[i].ticks);
	if (!sum)
		return true;
	if (!irt_keyed_room(&l->waits, c->charge_count) || !irt_keyed_room(&l->threads, c->charge_count) ||
	    irt_histogram_add(&t->waits, irt_histogram_bucket(sum), 1))
		return false;
	irt_locks_touch_totals(l, row);
	t->contended++;
	add_up(&t->wait_ticks, sum);
	if (sum > t->max_wait_ticks)
		t->max_wait_ticks = sum;
	for (size_t i = 0; i < c->charge_count; i++) {
		const struct charge *charge = &c->charges[i];
		if (charge->thread == thread) /* events were lost */
			continue;
		struct irt_lock_wait *w = irt_locks_wait_row(l, irt_locks_put_wait(l, &(struct irt_lock_wait){
			.lock = t->lock, .context = t->context, .holder = charge->context, .next = IRT_LOCK_NO_WAIT}));
		struct threads_row *threads = irt_locks_put_threads(l, t->lock, thread, charge->thread);
		w->waits += first;
		threads->waits += first;
		first = false;
		add_up(&w->ticks, charge->ticks);
		add_up(&threads->ticks, charge->ticks);
		threads->changed = true;
	}
	*waited = sum;
	return true;
}

/* ---- threads ---------------------------------------------------------------------------------------- */

struct condition *irt_locks_sleeps_for(const struct irt_locks *l, const struct actor *a)
{
	struct condition *c = a->binding ? irt_locks_find_condition(l, a->condition) : NULL;

	return c && c->binding == a->binding && irt_locks_is_bound(l, c) ? c : NULL;
}

void irt_locks_wake(struct irt_locks *l, struct actor *a, bool by_signal)
{
	struct condition *c = irt_locks_sleeps_for(l, a);

	if (c) {
		c->sleepers--;
		if (was_called(a, c)) {
			c->called--;
			irt_locks_signals_left(l, c, c->signals - by_signal);
		}
	}
	a->condition = a->binding = 0;
	l->asleep--;
	l->changed = true;
}

bool irt_locks_come_back(struct irt_locks *l, struct state *s, struct actor *a, uint32_t row, uint64_t *waited)
{
	struct condition *c = irt_locks_sleeps_for(l, a);

	if (c && c->state == index_of_state(l, s) && was_called(a, c) && !commit(l, c, row, (uint32_t)a->thread, waited))
		return false;
	irt_locks_wake(l, a, true);
	return true;
}

void irt_locks_end_sleep(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct actor *a = irt_locks_find_actor(l, e->thread);
	const struct condition *c;

	if (!a || !a->condition)
		return;
	if (!a->binding ? e->operation == IRT_OP_RELEASED :
	    e->operation == IRT_OP_ACQUIRED && (c = irt_locks_sleeps_for(l, a)) && state_at(l, c->state)->address == e->address)
		return;
	irt_locks_wake(l, a, false);
}

void irt_locks_fall_asleep(struct irt_locks *l, struct state *s, struct actor *a)
{
	if (!l->locks[s->lock].row.address) { /* of those that share a row it is not told */
		irt_locks_wake(l, a, false);
		return;
	}
	struct condition *c = irt_keyed_row(&l->conditions, put_again(&l->conditions, &a->condition, 1));
	uint32_t state = index_of_state(l, s);

	if (!irt_locks_is_bound(l, c) || c->state != state) { /* the threads that waited for it with another lock do so no more */
		use_up(l, c);
		c->binding = ++l->last_binding;
		c->state = state;
		c->lock = s->lock;
		c->sleepers = 0;
	}
	c->sleepers++;
	a->binding = c->binding;
	a->seen_signal = c->last_signal;
	l->changed = true;
}

/* CONDITION, SIGNALLED. */
bool irt_locks_apply_condition(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct condition *c;
	struct actor *a;

	if (e->operation == IRT_OP_CONDITION && !e->value) {
		if (!irt_locks_make_room(l))
			return false;
		a = irt_locks_actor(l, e->thread);
		a->condition = e->address;
		a->binding = 0;
		l->asleep++;
	} else if (e->operation == IRT_OP_SIGNALLED && (c = irt_locks_find_condition(l, e->address)) && irt_locks_is_bound(l, c)) {
		uint32_t signals = e->value & IRT_LOCK_ALL || c->signals >= c->sleepers ? c->sleepers : c->signals + 1;
		c->last_signal++;
		c->called = c->sleepers;
		c->charge_count = 0;
		c->mark_ticks = e->ticks;
		irt_locks_signals_left(l, c, signals);
	}
	l->changed = true;
	return true;
}

void irt_locks_end_conditions(struct irt_locks *l, uint32_t lock)
{
	while (l->locks[lock].conditions)
		use_up(l, condition_at(l, l->locks[lock].conditions - 1));
}
