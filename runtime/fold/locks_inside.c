/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_inside.c - see locks.h: what threads do while they have locks: take others, make calls that may
 * block, and allocate.
 *
 * An order "from, then to" is counted for each lock that the thread has when it takes another one (of very many, for the
 * last ones). Where two locks are taken in both orders, by two threads, each may end up with one of them and wait for the
 * other; unless all who do so have a third one first, a gate, which lets one thread at a time do it.
 */
#include "fold/locks_internal.h"

bool irt_locks_inside_room(struct irt_locks *l, const struct actor *a)
{
	return irt_keyed_room(&l->orders, a->held_count < HELD_MAX ? a->held_count : HELD_MAX) && irt_keyed_room(&l->calls, a->held_count);
}

/* ---- orders ----------------------------------------------------------------------------------------- */

/* The rows of totals in which the thread has taken its last locks, up to HELD_MAX. */
static size_t rows_held(const struct irt_locks *l, const struct actor *a, const struct owner *held[HELD_MAX])
{
	size_t first = a->held_count > HELD_MAX ? a->held_count - HELD_MAX : 0, count = 0;

	for (size_t i = first; i < a->held_count; i++) {
		const struct owner *o = irt_locks_owner(state_at(l, a->held[i]), (uint32_t)a->thread);
		if (o)
			held[count++] = o;
	}
	return count;
}

static bool has(const uint32_t *locks, size_t count, uint32_t lock)
{
	for (size_t i = 0; i < count; i++)
		if (locks[i] == lock)
			return true;
	return false;
}

/* Those of `held`, but for from and to, that were had each time, and alone. */
static void keep_gates(struct order_row *r, const uint32_t *held, size_t count, uint32_t from, uint32_t to)
{
	uint32_t kept = 0;

	if (!r->count) {
		for (size_t i = 0; i < count && kept < IRT_LOCK_GATES; i++)
			if (held[i] != from && held[i] != to && held[i] != IRT_LOCKS_MAX) /* there it is not always the same one */
				r->gates[kept++] = held[i];
	} else {
		for (uint32_t i = 0; i < r->gate_count; i++)
			if (has(held, count, r->gates[i]))
				r->gates[kept++] = r->gates[i];
	}
	r->gate_count = kept;
}

void irt_locks_count_order(struct irt_locks *l, const struct actor *a, uint32_t row, bool waited, uint64_t wait_ticks)
{
	const struct owner *held[HELD_MAX];
	uint32_t locks[HELD_MAX], alone[HELD_MAX], to = totals_at(l, row)->row.lock;
	size_t count = a->held_count ? rows_held(l, a, held) : 0, alone_count = 0;

	for (size_t i = 0; i < count; i++) {
		locks[i] = totals_at(l, held[i]->row)->row.lock;
		if (held[i]->alone) /* readers let each other in */
			alone[alone_count++] = locks[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (locks[i] == to) /* of those that share a row */
			continue;
		uint64_t key = two(held[i]->row, row);
		if (l->orders.count >= IRT_LOCK_ROWS_MAX && irt_keyed_find(&l->orders, &key) == IRT_KEYED_NONE)
			key = two(held[i]->row, IRT_LOCK_OTHERS);
		struct order_row *r = irt_keyed_row(&l->orders, irt_keyed_put(&l->orders, &key));
		if (low_of(key) != IRT_LOCK_OTHERS)
			keep_gates(r, alone, alone_count, locks[i], to);
		r->thread = !r->count || r->thread == a->thread ? (uint32_t)a->thread : 0;
		r->count++;
		r->contended += waited;
		add_up(&r->wait_ticks, wait_ticks);
		r->changed = true;
		l->changed = true;
	}
}

/* ---- calls that may block ---------------------------------------------------------------------------- */

static void count_call(struct irt_locks *l, const struct owner *o, uint32_t context, uint32_t site, uint64_t ticks)
{
	uint64_t key[2] = {o->row, two(context, site)};

	if (l->calls.count >= IRT_LOCK_ROWS_MAX && irt_keyed_find(&l->calls, key) == IRT_KEYED_NONE)
		key[1] = 0;
	struct call_row *r = irt_keyed_row(&l->calls, irt_keyed_put(&l->calls, key));
	r->calls++;
	add_up(&r->ticks, ticks);
	if (ticks > r->max_ticks)
		r->max_ticks = ticks;
	r->changed = true;
	l->changed = true;
}

bool irt_locks_apply_call(struct irt_locks *l, const struct irt_shared_event *e)
{
	if (!irt_locks_make_room(l))
		return false;
	struct actor *a = irt_locks_actor(l, e->thread);
	if (!irt_locks_inside_room(l, a) || !irt_locks_charge_for(l, a, e->ticks))
		return false;
	l->changed = true;
	if (e->operation == IRT_OP_BLOCKING) {
		a->in_call = true;
		a->call_context = e->context;
		a->call_site = irt_site_id(e->site);
		a->call_ticks = e->ticks;
		return true;
	}
	if (!a->in_call)
		return true;
	for (size_t i = 0; i < a->held_count && e->value != IRT_LOCK_CALL_LEFT; i++) { /* what it has taken meanwhile, it did not have in the call */
		const struct owner *o = irt_locks_owner(state_at(l, a->held[i]), e->thread);
		if (o && o->start_ticks <= a->call_ticks)
			count_call(l, o, a->call_context, a->call_site, between(a->call_ticks, e->ticks));
	}
	a->in_call = false;
	return true;
}

/* ---- blocks ------------------------------------------------------------------------------------------ */

void irt_locks_count_inside(struct irt_locks *l, uint32_t row, uint64_t allocs, uint64_t bytes)
{
	struct irt_lock_totals *t = irt_locks_touch_totals(l, row);

	add_up(&t->allocs, allocs);
	add_up(&t->alloc_bytes, bytes);
}

void irt_locks_apply_inside(struct irt_locks *l, const struct irt_shared_event *e)
{
	const struct actor *a = irt_locks_find_actor(l, e->thread);

	for (size_t i = 0; a && i < a->held_count; i++) {
		const struct owner *o = irt_locks_owner(state_at(l, a->held[i]), e->thread);
		if (o)
			irt_locks_count_inside(l, o->row, e->value, e->address);
	}
}
