/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_tables.c - see locks.h: the tables of locks, of what was done to them, and of who waited for whom.
 */
#include "fold/locks_internal.h"

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t h = (a + 1) * UINT64_C(0x9e3779b97f4a7c15);

	h = ((h ^ h >> 29) + b) * UINT64_C(0xbf58476d1ce4e5b9);
	h = ((h ^ h >> 32) + c) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

static uint64_t hash_state(const struct irt_locks *l, size_t i) { return mix(l->states[i].address, 0, 0); }
static uint64_t hash_totals(const struct irt_locks *l, size_t i)
{
	const struct irt_lock_totals *t = &l->totals[i].row;

	return mix(t->lock, t->context, irt_site(t->site_id, t->mode));
}
static uint64_t hash_wait(const struct irt_locks *l, size_t i)
{
	const struct irt_lock_wait *w = &l->waits[i].row;

	return mix(w->lock, w->context, (uint64_t)w->holder);
}

static void enter(struct slots *s, uint64_t hash, size_t item)
{
	size_t i = hash & (s->count - 1);

	while (s->at[i])
		i = (i + 1) & (s->count - 1);
	s->at[i] = (uint32_t)item + 1;
}

/* Slots for `more` items besides those that there are. */
static bool make_slots(const struct irt_locks *l, struct slots *s, size_t items, size_t more,
		       uint64_t (*hash)(const struct irt_locks *l, size_t item))
{
	size_t count = s->count ? s->count : 64;

	while (count < 2 * (items + more))
		count *= 2;
	if (count == s->count)
		return true;
	uint32_t *at = calloc(count, sizeof(*at));
	if (!at)
		return false;
	free(s->at);
	*s = (struct slots){at, count};
	for (size_t i = 0; i < items; i++)
		enter(s, hash(l, i), i);
	return true;
}

bool irt_locks_make_room(struct irt_locks *l, size_t waiters)
{
	return irt_grow(&l->states, &l->state_room, l->state_count + 1, sizeof(*l->states)) &&
	       irt_grow(&l->locks, &l->lock_room, l->lock_count + 1, sizeof(*l->locks)) &&
	       irt_grow(&l->totals, &l->totals_room, l->totals_count + 1, sizeof(*l->totals)) &&
	       irt_grow(&l->waits, &l->wait_room, l->wait_count + waiters + 1, sizeof(*l->waits)) &&
	       make_slots(l, &l->state_slots, l->state_count, 1, hash_state) &&
	       make_slots(l, &l->totals_slots, l->totals_count, 1, hash_totals) &&
	       make_slots(l, &l->wait_slots, l->wait_count, waiters + 1, hash_wait);
}

bool irt_locks_user_room(struct state *s)
{
	return irt_grow(&s->owners, &s->owner_room, s->owner_count + 1, sizeof(*s->owners)) &&
	       irt_grow(&s->waiters, &s->waiter_room, s->waiter_count + 1, sizeof(*s->waiters));
}

struct state *irt_locks_find_state(const struct irt_locks *l, uint64_t address)
{
	const struct slots *s = &l->state_slots;

	for (size_t i = mix(address, 0, 0) & (s->count - 1); s->count && s->at[i]; i = (i + 1) & (s->count - 1))
		if (l->states[s->at[i] - 1].address == address)
			return &l->states[s->at[i] - 1];
	return NULL;
}

struct state *irt_locks_state(struct irt_locks *l, uint64_t address)
{
	struct state *s = irt_locks_find_state(l, address);

	if (s)
		return s;
	s = &l->states[l->state_count++];
	*s = (struct state){.address = address, .lock = NO_LOCK, .holder = IRT_LOCKS_NONE};
	enter(&l->state_slots, mix(address, 0, 0), l->state_count - 1);
	return s;
}

uint32_t irt_locks_totals(struct irt_locks *l, uint32_t lock, uint32_t context, uint32_t site)
{
	const struct slots *s = &l->totals_slots;
	uint64_t hash = mix(lock, context, site);

	for (size_t i = hash & (s->count - 1); s->at[i]; i = (i + 1) & (s->count - 1)) {
		const struct irt_lock_totals *t = &l->totals[s->at[i] - 1].row;
		if (t->lock == lock && t->context == context && irt_site(t->site_id, t->mode) == site)
			return s->at[i] - 1;
	}
	l->totals[l->totals_count] = (struct totals_row){.changed = true, .row = {.lock = lock, .context = context, .site_id = irt_site_id(site),
								   .mode = irt_site_family(site)}};
	enter(&l->totals_slots, hash, l->totals_count);
	return (uint32_t)l->totals_count++;
}

struct irt_lock_wait *irt_locks_wait(struct irt_locks *l, uint32_t lock, uint32_t context, int64_t holder)
{
	const struct slots *s = &l->wait_slots;
	uint64_t hash = mix(lock, context, (uint64_t)holder);
	size_t found = l->wait_count;

	for (size_t i = hash & (s->count - 1); s->at[i]; i = (i + 1) & (s->count - 1)) {
		const struct irt_lock_wait *w = &l->waits[s->at[i] - 1].row;
		if (w->lock == lock && w->context == context && w->holder == holder) {
			found = s->at[i] - 1;
			break;
		}
	}
	if (found == l->wait_count) {
		l->waits[found] = (struct wait_row){.row = {.lock = lock, .context = context, .holder = holder}};
		enter(&l->wait_slots, hash, l->wait_count++);
	}
	l->waits[found].changed = true;
	l->changed = true;
	return &l->waits[found].row;
}

struct irt_lock *irt_locks_touch(struct irt_locks *l, uint32_t lock)
{
	l->locks[lock].changed = true;
	l->changed = true;
	return &l->locks[lock].row;
}

struct irt_lock_totals *irt_locks_touch_totals(struct irt_locks *l, uint32_t row)
{
	l->totals[row].changed = true;
	l->changed = true;
	return &l->totals[row].row;
}
