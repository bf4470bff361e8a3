/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_tables.c - see locks.h: the tables of locks, of what was done to them, and of threads.
 */
#include "fold/locks_internal.h"

enum { IDLE_MIN = 1024 };

int irt_locks_create(struct irt_locks **locks)
{
	struct irt_locks *l = malloc(sizeof(*l));

	*locks = l;
	if (!l)
		return INSTR_ERR_MEMORY;
	*l = (struct irt_locks){.states = IRT_KEYED(struct state, 1), .actors = IRT_KEYED(struct actor, 1),
				.totals = IRT_KEYED(struct totals_row, 2), .waits = IRT_KEYED(struct wait_row, 3),
				.orders = IRT_KEYED(struct order_row, 1), .calls = IRT_KEYED(struct call_row, 2),
				.threads = IRT_KEYED(struct threads_row, 2), .conditions = IRT_KEYED(struct condition, 1),
				.idle_limit = IDLE_MIN};
	return 0;
}

void irt_locks_destroy(struct irt_locks *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->states.count; i++) {
		free(state_at(l, i)->owners);
		free(state_at(l, i)->waiters);
		free(state_at(l, i)->debts);
	}
	for (uint32_t i = 0; i < l->totals.count; i++) {
		irt_histogram_fini(&totals_at(l, i)->row.waits);
		irt_histogram_fini(&totals_at(l, i)->row.hold_times);
	}
	for (size_t i = 0; i < l->actors.count; i++)
		free(((struct actor *)irt_keyed_row(&l->actors, i))->held);
	for (size_t i = 0; i < l->conditions.count; i++)
		free(((struct condition *)irt_keyed_row(&l->conditions, i))->charges);
	irt_keyed_fini(&l->conditions);
	irt_keyed_fini(&l->states);
	irt_keyed_fini(&l->actors);
	irt_keyed_fini(&l->totals);
	irt_keyed_fini(&l->waits);
	irt_keyed_fini(&l->orders);
	irt_keyed_fini(&l->calls);
	irt_keyed_fini(&l->threads);
	free(l->locks);
	free(l->owing);
	irt_pending_destroy(&l->pending);
	free(l);
}

static bool is_busy(void *row)
{
	struct actor *a = row;

	if (a->held_count || a->waits_at != NO_STATE || a->in_call || a->condition)
		return true;
	free(a->held);
	return false;
}

bool irt_locks_make_room(struct irt_locks *l)
{
	/* Threads come and go. */
	if (l->actors.count >= l->idle_limit) {
		irt_keyed_keep(&l->actors, is_busy);
		l->idle_limit = 2 * l->actors.count > IDLE_MIN ? 2 * l->actors.count : IDLE_MIN;
	}
	return irt_grow(&l->locks, &l->lock_room, l->lock_count + 1, sizeof(*l->locks)) && irt_keyed_room(&l->states, 1) &&
	       irt_keyed_room(&l->totals, 1) && irt_keyed_room(&l->actors, 1);
}

bool irt_locks_user_room(struct state *s)
{
	return irt_grow(&s->owners, &s->owner_room, s->owner_count + 1, sizeof(*s->owners)) &&
	       irt_grow(&s->waiters, &s->waiter_room, s->waiter_count + 1, sizeof(*s->waiters));
}

struct state *irt_locks_find_state(const struct irt_locks *l, uint64_t address)
{
	uint32_t i = find_again(&l->states, &address, 1);

	return i == IRT_KEYED_NONE ? NULL : state_at(l, i);
}

struct state *irt_locks_state(struct irt_locks *l, uint64_t address)
{
	size_t before = l->states.count;
	struct state *s = state_at(l, put_again(&l->states, &address, 1));

	if (l->states.count != before) {
		s->lock = NO_LOCK;
		s->holder = IRT_LOCKS_NONE;
	}
	return s;
}

struct actor *irt_locks_find_actor(const struct irt_locks *l, uint32_t thread)
{
	uint64_t key = thread;
	uint32_t i = find_again(&l->actors, &key, 1);

	return i == IRT_KEYED_NONE ? NULL : irt_keyed_row(&l->actors, i);
}

struct actor *irt_locks_actor(struct irt_locks *l, uint32_t thread)
{
	size_t before = l->actors.count;
	uint64_t key = thread;
	struct actor *a = irt_keyed_row(&l->actors, put_again(&l->actors, &key, 1));

	if (l->actors.count != before)
		a->waits_at = NO_STATE;
	return a;
}

uint32_t irt_locks_totals(struct irt_locks *l, uint32_t lock, uint32_t context, uint32_t site)
{
	uint64_t key[2] = {two(lock, context), site};
	size_t before = l->totals.count;
	uint32_t i = put_again(&l->totals, key, 2);

	if (l->totals.count != before) {
		struct totals_row *t = totals_at(l, i);
		t->changed = true;
		t->row.lock = lock;
		t->row.context = context;
		t->row.site_id = irt_site_id(site);
		t->row.mode = irt_site_family(site);
	}
	return i;
}

struct irt_lock *irt_locks_touch(struct irt_locks *l, uint32_t lock)
{
	l->locks[lock].changed = true;
	l->changed = true;
	return &l->locks[lock].row;
}

struct irt_lock_totals *irt_locks_touch_totals(struct irt_locks *l, uint32_t row)
{
	totals_at(l, row)->changed = true;
	l->changed = true;
	return &totals_at(l, row)->row;
}
