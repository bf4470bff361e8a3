/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_rows.c - see locks.h: rows for the file, and locks made of them again.
 */
#include "fold/locks_internal.h"

bool irt_locks_is_unsaved(const struct irt_locks *l) { return l->changed; }

/* ---- to the file ------------------------------------------------------------------------------------ */

static struct irt_lock_place place_of(const struct irt_locks *l, uint32_t row)
{
	const struct irt_lock_totals *t = &totals_at(l, row)->row;

	return (struct irt_lock_place){t->lock, t->context, t->site_id, t->mode};
}

int irt_locks_each(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock *lock))
{
	int r = 0;

	for (size_t i = 0; i < l->lock_count && !r; i++)
		if (l->locks[i].changed)
			r = each(user, &l->locks[i].row);
	return r;
}

int irt_locks_each_totals(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_totals *row))
{
	int r = 0;

	for (uint32_t i = 0; i < l->totals.count && !r; i++)
		if (totals_at(l, i)->changed)
			r = each(user, &totals_at(l, i)->row);
	return r;
}

int irt_locks_each_wait(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_wait *row))
{
	int r = 0;

	for (size_t i = 0; i < l->waits.count && !r; i++) {
		const struct wait_row *w = irt_keyed_row(&l->waits, i);
		if (w->changed)
			r = each(user, &w->row);
	}
	return r;
}

int irt_locks_each_order(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_order *row))
{
	int r = 0;

	for (size_t i = 0; i < l->orders.count && !r; i++) {
		const struct order_row *o = irt_keyed_row(&l->orders, i);
		struct irt_lock_order row = {
			.from = place_of(l, high_of(o->key[0])), .to = {.lock = IRT_LOCK_OTHERS}, .count = o->count, .contended = o->contended,
			.wait_ticks = o->wait_ticks, .thread = o->thread, .gate_count = o->gate_count};
		if (low_of(o->key[0]) != IRT_LOCK_OTHERS)
			row.to = place_of(l, low_of(o->key[0]));
		memcpy(row.gates, o->gates, sizeof(row.gates));
		if (o->changed)
			r = each(user, &row);
	}
	return r;
}

int irt_locks_each_call(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_call *row))
{
	int r = 0;

	for (size_t i = 0; i < l->calls.count && !r; i++) {
		const struct call_row *c = irt_keyed_row(&l->calls, i);
		if (c->changed)
			r = each(user, &(struct irt_lock_call){
				.holder = place_of(l, (uint32_t)c->key[0]), .context = high_of(c->key[1]), .site_id = low_of(c->key[1]),
				.calls = c->calls, .ticks = c->ticks, .max_ticks = c->max_ticks});
	}
	return r;
}

int irt_locks_each_threads(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_threads *row))
{
	int r = 0;

	for (size_t i = 0; i < l->threads.count && !r; i++) {
		const struct threads_row *t = irt_keyed_row(&l->threads, i);
		if (t->changed)
			r = each(user, &(struct irt_lock_threads){.lock = (uint32_t)t->key[0], .thread = high_of(t->key[1]), .holder = low_of(t->key[1]),
								  .waits = t->waits, .ticks = t->ticks});
	}
	return r;
}

static struct irt_lock_user user_of(const struct irt_locks *l, uint32_t row, uint32_t thread, uint32_t depth, int64_t ticks)
{
	const struct irt_lock_totals *t = &totals_at(l, row)->row;

	return (struct irt_lock_user){.lock = t->lock, .thread = thread, .context = t->context, .site_id = t->site_id,
				      .mode = t->mode, .depth = depth, .start_ticks = ticks};
}

int irt_locks_each_user(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_user *row))
{
	int r = 0;

	for (uint32_t i = 0; i < l->states.count && l->user_count && !r; i++) {
		const struct state *s = state_at(l, i);
		for (size_t k = 0; k < s->owner_count && !r; k++) {
			const struct owner *o = &s->owners[k];
			struct irt_lock_user u = user_of(l, o->row, o->thread, o->depth, o->start_ticks);
			r = each(user, &u);
		}
		for (size_t k = 0; k < s->waiter_count && !r; k++) {
			const struct waiter *w = &s->waiters[k];
			struct irt_lock_user u = user_of(l, w->row, w->thread, 0, w->start_ticks);
			r = each(user, &u);
		}
	}
	return r;
}

#define ALL_SAVED(table, type)                                                 \
	for (size_t i_ = 0; i_ < (table).count; i_++)                          \
		((type *)irt_keyed_row(&(table), i_))->changed = false

void irt_locks_saved(struct irt_locks *l)
{
	for (size_t i = 0; i < l->lock_count; i++)
		l->locks[i].changed = false;
	ALL_SAVED(l->totals, struct totals_row);
	ALL_SAVED(l->waits, struct wait_row);
	ALL_SAVED(l->orders, struct order_row);
	ALL_SAVED(l->calls, struct call_row);
	ALL_SAVED(l->threads, struct threads_row);
	l->changed = false;
}

/* ---- recovery --------------------------------------------------------------------------------------- */

static bool can_be(uint32_t context, uint32_t site_id, uint32_t mode)
{
	return context < IRT_CCT_ID_SPAN && site_id < 1 << 29 && mode <= 7;
}

int irt_locks_restore(struct irt_locks *l, const struct irt_lock *row)
{
	if (row->number != l->lock_count || l->lock_count > IRT_LOCKS_MAX || !can_be(row->context, row->site_id, row->mode) ||
	    row->holder < IRT_LOCKS_NONE || row->holder >= IRT_CCT_ID_SPAN ||
	    (row->address == 0) != (row->number == IRT_LOCKS_MAX) || row->lost > INT64_MAX || row->unknown > INT64_MAX)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l))
		return INSTR_ERR_MEMORY;
	if (row->address && row->end_ticks == INT64_MAX) {
		struct state *s = irt_locks_state(l, row->address);
		if (s->lock != NO_LOCK)
			return INSTR_ERR_FORMAT;
		s->lock = row->number;
		s->holder = row->holder;
		s->holder_thread = row->holder_thread;
	}
	l->locks[l->lock_count++] = (struct lock_row){.row = *row};
	return 0;
}

int irt_locks_restore_totals(struct irt_locks *l, const struct irt_lock_totals *row)
{
	size_t before = l->totals.count;

	if (row->lock >= l->lock_count || !can_be(row->context, row->site_id, row->mode) || row->allocs > INT64_MAX ||
	    row->alloc_bytes > INT64_MAX)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l))
		return INSTR_ERR_MEMORY;
	uint32_t at = irt_locks_totals(l, row->lock, row->context, irt_site(row->site_id, row->mode));
	if (l->totals.count == before)
		return INSTR_ERR_FORMAT;
	totals_at(l, at)->row = *row;
	totals_at(l, at)->changed = false;
	return 0;
}

/* A new row with that key. INSTR_ERR_FORMAT: there is one. */
static int restore_row(struct irt_keyed *t, const uint64_t *key, void *row)
{
	size_t before = t->count;

	if (!irt_keyed_room(t, 1))
		return INSTR_ERR_MEMORY;
	*(void **)row = irt_keyed_row(t, irt_keyed_put(t, key));
	return t->count == before ? INSTR_ERR_FORMAT : 0;
}

int irt_locks_restore_wait(struct irt_locks *l, const struct irt_lock_wait *row)
{
	uint64_t key[3] = {two(row->lock, row->context), two((uint32_t)(row->holder + 1), row->next), two(row->call_context, row->call_site)};
	struct wait_row *r;

	if (row->lock >= l->lock_count || !can_be(row->context, row->call_site, 0) || row->holder < IRT_LOCKS_NONE ||
	    row->holder >= IRT_CCT_ID_SPAN || row->call_context >= IRT_CCT_ID_SPAN || row->number != l->waits.count ||
	    (row->next != IRT_LOCK_NO_WAIT && row->next >= row->number) || row->waits > INT64_MAX || row->ticks > INT64_MAX)
		return INSTR_ERR_FORMAT;
	int err = restore_row(&l->waits, key, &r);
	if (!err)
		r->row = *row;
	return err;
}

static int find_row(const struct irt_locks *l, const struct irt_lock_place *p, uint32_t *row)
{
	uint64_t key[2] = {two(p->lock, p->context), irt_site(p->site_id, p->mode)};

	*row = can_be(p->context, p->site_id, p->mode) ? irt_keyed_find(&l->totals, key) : IRT_KEYED_NONE;
	return *row == IRT_KEYED_NONE ? INSTR_ERR_FORMAT : 0;
}

int irt_locks_restore_order(struct irt_locks *l, const struct irt_lock_order *row)
{
	struct order_row *r;
	uint32_t from, to = IRT_LOCK_OTHERS;
	int err = find_row(l, &row->from, &from);

	if (!err && row->to.lock != IRT_LOCK_OTHERS)
		err = find_row(l, &row->to, &to);
	if (!err && (row->gate_count > IRT_LOCK_GATES || !row->count || row->count > INT64_MAX || row->contended > INT64_MAX || row->wait_ticks > INT64_MAX))
		err = INSTR_ERR_FORMAT;
	if (!err)
		err = restore_row(&l->orders, &(uint64_t){two(from, to)}, &r);
	if (!err) {
		r->count = row->count;
		r->contended = row->contended;
		r->wait_ticks = row->wait_ticks;
		r->thread = row->thread;
		r->gate_count = row->gate_count;
		memcpy(r->gates, row->gates, sizeof(r->gates));
	}
	return err;
}

int irt_locks_restore_call(struct irt_locks *l, const struct irt_lock_call *row)
{
	struct call_row *r;
	uint32_t holder;
	int err = find_row(l, &row->holder, &holder);

	if (!err && (!can_be(row->context, row->site_id, 0) || row->calls > INT64_MAX || row->ticks > INT64_MAX || row->max_ticks > INT64_MAX))
		err = INSTR_ERR_FORMAT;
	if (!err)
		err = restore_row(&l->calls, (uint64_t[]){holder, two(row->context, row->site_id)}, &r);
	if (!err) {
		r->calls = row->calls;
		r->ticks = row->ticks;
		r->max_ticks = row->max_ticks;
	}
	return err;
}

int irt_locks_restore_threads(struct irt_locks *l, const struct irt_lock_threads *row)
{
	struct threads_row *r;

	if (row->lock >= l->lock_count || row->waits > INT64_MAX || row->ticks > INT64_MAX)
		return INSTR_ERR_FORMAT;
	int err = restore_row(&l->threads, (uint64_t[]){row->lock, two(row->thread, row->holder)}, &r);
	if (!err) {
		r->waits = row->waits;
		r->ticks = row->ticks;
	}
	return err;
}
