/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_rows.c - see locks.h: what the file gets of the locks, and locks made of it again.
 */
#include "fold/locks_internal.h"

#include "fold/cct.h"
#include "fold/varint.h"

enum { PACK_VERSION = 1 };

/* ---- rows ------------------------------------------------------------------------------------------- */

bool irt_locks_is_unsaved(const struct irt_locks *l) { return l->changed; }

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

	for (size_t i = 0; i < l->totals_count && !r; i++)
		if (l->totals[i].changed)
			r = each(user, &l->totals[i].row);
	return r;
}

int irt_locks_each_wait(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_wait *row))
{
	int r = 0;

	for (size_t i = 0; i < l->wait_count && !r; i++)
		if (l->waits[i].changed)
			r = each(user, &l->waits[i].row);
	return r;
}

static struct irt_lock_user user_of(const struct irt_locks *l, uint32_t row, uint32_t thread, uint32_t depth, int64_t ticks)
{
	const struct irt_lock_totals *t = &l->totals[row].row;

	return (struct irt_lock_user){.lock = t->lock, .thread = thread, .context = t->context, .site_id = t->site_id,
				      .mode = t->mode, .depth = depth, .start_ticks = ticks};
}

int irt_locks_each_user(struct irt_locks *l, void *user, int (*each)(void *user, const struct irt_lock_user *row))
{
	int r = 0;

	for (size_t i = 0; i < l->state_count && l->user_count && !r; i++) {
		const struct state *s = &l->states[i];
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

void irt_locks_saved(struct irt_locks *l)
{
	for (size_t i = 0; i < l->lock_count; i++)
		l->locks[i].changed = false;
	for (size_t i = 0; i < l->totals_count; i++)
		l->totals[i].changed = false;
	for (size_t i = 0; i < l->wait_count; i++)
		l->waits[i].changed = false;
	l->changed = false;
}

/* ---- what is under way ------------------------------------------------------------------------------ */

static struct irt_shared_event user_event(const struct irt_locks *l, const struct state *s, uint32_t row, uint32_t operation)
{
	const struct irt_lock_totals *t = &l->totals[row].row;

	return (struct irt_shared_event){.address = s->address, .context = t->context, .site = irt_site(t->site_id, t->mode),
				       .operation = operation};
}

static uint8_t *pack_state(uint8_t *out, const struct irt_locks *l, const struct state *s, int64_t *last)
{
	if (!s->owner_count && !s->waiter_count)
		return out;
	if (!l->locks[s->lock].row.address)
		out = irt_pending_put(out, &(struct irt_shared_event){.ticks = *last, .address = s->address, .value = (uint64_t)(s->holder + 1),
							 .operation = OTHER}, last);
	for (size_t i = 0; i < s->owner_count; i++) {
		const struct owner *o = &s->owners[i];
		struct irt_shared_event e = user_event(l, s, o->row, OWNER);
		e.ticks = o->start_ticks;
		e.thread = o->thread;
		e.value = o->depth;
		out = irt_pending_put(out, &e, last);
	}
	for (size_t i = 0; i < s->waiter_count; i++) {
		const struct waiter *w = &s->waiters[i];
		struct irt_shared_event e = user_event(l, s, w->row, WAITER);
		e.ticks = w->start_ticks;
		e.thread = w->thread;
		e.value = (uint64_t)(w->mark_ticks - w->start_ticks) << 2 | (uint64_t)w->charged << 1 | w->tried;
		out = irt_pending_put(out, &e, last);
	}
	return out;
}

int irt_locks_pack(const struct irt_locks *l, uint8_t **bytes, size_t *count)
{
	int64_t last = 0;
	uint8_t *out;

	*bytes = NULL;
	*count = 0;
	if (!l->pending.count && !l->user_count)
		return 0;
	*bytes = out = malloc(1 + (l->pending.count + 2 * l->user_count) * IRT_PENDING_BYTES);
	if (!out)
		return INSTR_ERR_MEMORY;
	*out++ = PACK_VERSION;
	for (size_t i = 0; i < l->state_count && l->user_count; i++)
		out = pack_state(out, l, &l->states[i], &last);
	for (size_t i = 0; i < l->pending.count; i++)
		if (l->pending.events[i].operation != DONE)
			out = irt_pending_put(out, &l->pending.events[i], &last);
	*count = out - *bytes > 1 ? (size_t)(out - *bytes) : 0;
	return 0;
}

static int unpack(const uint8_t **p, const uint8_t *end, int64_t *last, struct irt_shared_event *e)
{
	if (!irt_pending_get(p, end, e, last) || e->operation == DONE || e->operation > IRT_OP_LOCK_DESTROY ||
	    (e->operation > WAITER && e->operation < IRT_OP_ACQUIRED) || (!e->thread && e->operation != OTHER) || !e->address ||
	    e->value > INT64_MAX)
		return INSTR_ERR_FORMAT;
	return 0;
}

/* L1; and where it is, it has been before. */
static int take_user(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct state *s = irt_locks_find_state(l, e->address);
	size_t before = l->totals_count;

	if (!s || s->lock == NO_LOCK)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l, 0) || !irt_locks_user_room(s))
		return INSTR_ERR_MEMORY;
	uint32_t row = irt_locks_totals(l, s->lock, e->context, e->site);
	if (l->totals_count != before)
		return INSTR_ERR_FORMAT;
	if (e->operation == OWNER) {
		if (!e->value || e->value > UINT32_MAX || irt_locks_in_the_way(s, 0, is_alone(e->site)))
			return INSTR_ERR_FORMAT;
		for (size_t i = 0; i < s->owner_count; i++)
			if (s->owners[i].thread == e->thread)
				return INSTR_ERR_FORMAT;
		s->owners[s->owner_count++] = (struct owner){.thread = e->thread, .depth = (uint32_t)e->value, .row = row,
							     .alone = is_alone(e->site), .start_ticks = e->ticks};
	} else {
		for (size_t i = 0; i < s->waiter_count; i++)
			if (s->waiters[i].thread == e->thread)
				return INSTR_ERR_FORMAT;
		s->waiters[s->waiter_count++] = (struct waiter){
			.thread = e->thread, .row = row, .alone = is_alone(e->site), .tried = e->value & 1, .charged = e->value >> 1 & 1,
			.start_ticks = e->ticks, .mark_ticks = (int64_t)((uint64_t)e->ticks + (e->value >> 2))};
	}
	l->user_count++;
	return 0;
}

static int take_other(struct irt_locks *l, const struct irt_shared_event *e)
{
	if (l->lock_count <= IRT_LOCKS_MAX || e->value > IRT_CCT_ID_SPAN)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l, 0))
		return INSTR_ERR_MEMORY;
	struct state *s = irt_locks_state(l, e->address);
	if (s->lock != NO_LOCK)
		return INSTR_ERR_FORMAT;
	s->lock = IRT_LOCKS_MAX;
	s->holder = (int64_t)e->value - 1;
	return 0;
}

int irt_locks_unpack(struct irt_locks *l, const uint8_t *bytes, size_t count)
{
	const uint8_t *p = bytes, *end = bytes + count;
	int64_t last = 0;
	int err = 0;

	if (!count || *p++ != PACK_VERSION)
		return INSTR_ERR_FORMAT;
	while (p < end && !err) {
		struct irt_shared_event e;
		err = unpack(&p, end, &last, &e);
		if (!err)
			err = e.operation == OTHER ? take_other(l, &e) : e.operation <= WAITER ? take_user(l, &e) : irt_locks_add(l, &e);
	}
	return err;
}

/* ---- recovery --------------------------------------------------------------------------------------- */

int irt_locks_restore(struct irt_locks *l, const struct irt_lock *row)
{
	if (row->number != l->lock_count || l->lock_count > IRT_LOCKS_MAX || row->context >= IRT_CCT_ID_SPAN ||
	    row->holder < IRT_LOCKS_NONE || row->holder >= IRT_CCT_ID_SPAN || row->mode > 7 || row->site_id >= 1 << 29 ||
	    (row->address == 0) != (row->number == IRT_LOCKS_MAX) || row->lost > INT64_MAX || row->unknown > INT64_MAX)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l, 0))
		return INSTR_ERR_MEMORY;
	if (row->address && row->end_ticks == INT64_MAX) {
		struct state *s = irt_locks_state(l, row->address);
		if (s->lock != NO_LOCK)
			return INSTR_ERR_FORMAT;
		s->lock = row->number;
		s->holder = row->holder;
	}
	l->locks[l->lock_count++] = (struct lock_row){.row = *row};
	return 0;
}

int irt_locks_restore_totals(struct irt_locks *l, const struct irt_lock_totals *row)
{
	size_t before = l->totals_count;

	if (row->lock >= l->lock_count || row->context >= IRT_CCT_ID_SPAN || row->site_id >= 1 << 29 || row->mode > 7)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l, 0))
		return INSTR_ERR_MEMORY;
	uint32_t at = irt_locks_totals(l, row->lock, row->context, irt_site(row->site_id, row->mode));
	if (l->totals_count == before)
		return INSTR_ERR_FORMAT;
	l->totals[at].row = *row;
	return 0;
}

int irt_locks_restore_wait(struct irt_locks *l, const struct irt_lock_wait *row)
{
	size_t before = l->wait_count;

	if (row->lock >= l->lock_count || row->context >= IRT_CCT_ID_SPAN || row->holder < IRT_LOCKS_NONE ||
	    row->holder >= IRT_CCT_ID_SPAN)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l, 0))
		return INSTR_ERR_MEMORY;
	*irt_locks_wait(l, row->lock, row->context, row->holder) = *row;
	if (l->wait_count == before)
		return INSTR_ERR_FORMAT;
	l->waits[l->wait_count - 1].changed = false;
	l->changed = false;
	return 0;
}
