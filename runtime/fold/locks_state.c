/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_state.c - see locks.h: what is under way, as the bytes of lock_pending.state (docs/format.md), and from there:
 * who has what and waits for what, who waits for which condition, who is in which call, and events that are not applied yet.
 */
#include "fold/locks_internal.h"

#include "fold/varint.h"

enum { PACK_VERSION = 4 };

/* What there is beside pending events, whose operations are those of enum irt_operation. */
enum {
	OTHER = 1,  /* the lock at this address is of those that share a row; value: context of its last holder + 1, or 0; thread: whose */
	OWNER = 2,  /* a thread has the lock since then; value: later_value; of a thread in the order in which it took them */
	WAITER = 3, /* a thread waits for it since then; value: ticks up to which it is charged << 2 | charged << 1 | tried */
	CALLER = 4, /* a thread is in a call that may block, since then; address: 0 */
	CONDITION = 5, /* the condition at the address `value` is waited for with this lock; ticks: up to which is noted who had it */
	SLEEPER = 6, /* a thread waits for the condition at this address; value: enum asleep */
	SIGNALS = 7, /* signals of it that have woken nobody yet: value */
	CHARGE = 8, /* a thread has had the lock since the last one; value: ticks */
};

enum asleep {
	ASLEEP = 0,
	CALLED = 1,    /* and was so when it was signalled last */
	ANNOUNCED = 2, /* it has the lock still */
};

static uint8_t *pack_other(uint8_t *out, const struct irt_locks *l, const struct state *s, int64_t *last)
{
	if ((!s->owner_count && !s->waiter_count) || l->locks[s->lock].row.address)
		return out;
	return irt_pending_put(out, &(struct irt_shared_event){.ticks = *last, .address = s->address, .value = (uint64_t)(s->holder + 1),
							       .thread = s->holder_thread, .operation = OTHER}, last);
}

static struct irt_shared_event user_event(const struct irt_locks *l, const struct state *s, uint32_t row, uint32_t operation)
{
	const struct irt_lock_totals *t = &totals_at(l, row)->row;

	return (struct irt_shared_event){.address = s->address, .context = t->context, .site = irt_site(t->site_id, t->mode),
				       .operation = operation};
}

static uint8_t *pack_waiters(uint8_t *out, const struct irt_locks *l, const struct state *s, int64_t *last)
{
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

static uint8_t *pack_owners(uint8_t *out, const struct irt_locks *l, const struct state *s, int64_t *last)
{
	for (size_t i = 0; i < s->owner_count; i++) {
		const struct owner *o = &s->owners[i];
		struct irt_shared_event e = user_event(l, s, o->row, OWNER);
		e.ticks = o->start_ticks;
		e.thread = o->thread;
		e.value = later_value(o->depth, o->late);
		out = irt_pending_put(out, &e, last);
	}
	return out;
}

static uint8_t *pack_call(uint8_t *out, const struct actor *a, int64_t *last)
{
	if (!a->in_call)
		return out;
	return irt_pending_put(out, &(struct irt_shared_event){.ticks = a->call_ticks, .context = a->call_context, .site = irt_site(a->call_site, 0),
							       .thread = (uint32_t)a->thread, .operation = CALLER}, last);
}

static uint8_t *pack_condition(uint8_t *out, const struct irt_locks *l, const struct condition *c, int64_t *last)
{
	if (!irt_locks_is_bound(l, c))
		return out;
	return irt_pending_put(out, &(struct irt_shared_event){.ticks = c->mark_ticks, .address = state_at(l, c->state)->address,
							       .value = c->address, .operation = CONDITION}, last);
}

static uint8_t *pack_sleeper(uint8_t *out, const struct irt_locks *l, const struct actor *a, int64_t *last)
{
	const struct condition *c = irt_locks_sleeps_for(l, a);

	if (!a->condition || (!c && a->binding))
		return out;
	return irt_pending_put(out, &(struct irt_shared_event){.ticks = *last, .address = a->condition, .thread = (uint32_t)a->thread,
							       .value = !c ? ANNOUNCED : was_called(a, c) ? CALLED : ASLEEP,
							       .operation = SLEEPER}, last);
}

static uint8_t *pack_signals(uint8_t *out, const struct condition *c, int64_t *last)
{
	if (c->signals)
		out = irt_pending_put(out, &(struct irt_shared_event){.ticks = *last, .address = c->address, .value = c->signals,
								      .operation = SIGNALS}, last);
	for (size_t i = 0; i < c->charge_count; i++)
		out = irt_pending_put(out, &(struct irt_shared_event){
			.ticks = *last, .address = c->address, .value = c->charges[i].ticks, .context = c->charges[i].context,
			.thread = c->charges[i].thread, .operation = CHARGE}, last);
	return out;
}

static const struct condition *condition_at(const struct irt_locks *l, size_t i) { return irt_keyed_row(&l->conditions, i); }

static uint8_t *pack_conditions(uint8_t *out, const struct irt_locks *l, int64_t *last)
{
	for (size_t i = 0; i < l->conditions.count; i++)
		out = pack_condition(out, l, condition_at(l, i), last);
	for (size_t i = 0; i < l->actors.count; i++)
		out = pack_sleeper(out, l, irt_keyed_row(&l->actors, i), last);
	for (size_t i = 0; i < l->conditions.count; i++)
		out = pack_signals(out, condition_at(l, i), last);
	return out;
}

/* Entries, at most. */
static size_t count_conditions(const struct irt_locks *l)
{
	size_t count = l->asleep;

	for (size_t i = 0; i < l->conditions.count && l->asleep; i++)
		count += 2 + condition_at(l, i)->charge_count;
	return count;
}

static size_t count_calls(const struct irt_locks *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->actors.count; i++)
		count += ((const struct actor *)irt_keyed_row(&l->actors, i))->in_call;
	return count;
}

int irt_locks_pack(const struct irt_locks *l, uint8_t **bytes, size_t *count)
{
	size_t calls = count_calls(l), conditions = count_conditions(l);
	int64_t last = 0;
	uint8_t *out;

	*bytes = NULL;
	*count = 0;
	if (!l->pending.count && !l->user_count && !calls && !conditions)
		return 0;
	*bytes = out = malloc(1 + (l->pending.count + 2 * l->user_count + calls + conditions) * IRT_PENDING_BYTES);
	if (!out)
		return INSTR_ERR_MEMORY;
	*out++ = PACK_VERSION;
	for (uint32_t i = 0; i < l->states.count && l->user_count; i++) {
		const struct state *s = state_at(l, i);
		out = pack_other(out, l, s, &last);
		out = pack_owners(out, l, s, &last);
		out = pack_waiters(out, l, s, &last);
	}
	for (size_t i = 0; i < l->actors.count; i++)
		out = pack_call(out, irt_keyed_row(&l->actors, i), &last);
	if (l->asleep)
		out = pack_conditions(out, l, &last);
	for (size_t i = 0; i < l->pending.count; i++)
		if (l->pending.events[i].operation != DONE)
			out = irt_pending_put(out, &l->pending.events[i], &last);
	*count = out - *bytes > 1 ? (size_t)(out - *bytes) : 0;
	return 0;
}

/* ---- from there ------------------------------------------------------------------------------------- */

static int unpack(const uint8_t **p, const uint8_t *end, int64_t *last, struct irt_shared_event *e)
{
	if (!irt_pending_get(p, end, e, last) || e->value > INT64_MAX ||
	    (!e->thread && e->operation != OTHER && e->operation != CONDITION && e->operation != SIGNALS))
		return INSTR_ERR_FORMAT;
	if (e->operation == CALLER || is_call(e->operation))
		return e->address ? INSTR_ERR_FORMAT : 0;
	if (e->operation == IRT_OP_INSIDE)
		return 0;
	if (e->operation == LATER)
		return e->address && later_depth(e->value) ? 0 : INSTR_ERR_FORMAT;
	if (!e->address || e->operation == DONE || e->operation > IRT_OP_CONDITION || (e->operation > CHARGE && e->operation < IRT_OP_ACQUIRED))
		return INSTR_ERR_FORMAT;
	return 0;
}

/* L1; and where it is, it has been before. */
static int take_user(struct irt_locks *l, const struct irt_shared_event *e)
{
	size_t before;

	if (!irt_locks_make_room(l))
		return INSTR_ERR_MEMORY;
	struct state *s = irt_locks_find_state(l, e->address);
	if (!s || s->lock == NO_LOCK)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_user_room(s))
		return INSTR_ERR_MEMORY;
	before = l->totals.count;
	uint32_t row = irt_locks_totals(l, s->lock, e->context, e->site);
	struct actor *a = irt_locks_actor(l, e->thread);
	if (l->totals.count != before)
		return INSTR_ERR_FORMAT;
	if (e->operation == OWNER) {
		if (!later_depth(e->value) || irt_locks_in_the_way(s, 0, is_alone(e->site)) || irt_locks_owner(s, e->thread))
			return INSTR_ERR_FORMAT;
		if (!irt_grow(&a->held, &a->held_room, a->held_count + 1, sizeof(*a->held)))
			return INSTR_ERR_MEMORY;
		irt_locks_put_held(l, a, s, e->ticks);
		s->owners[s->owner_count++] = (struct owner){.thread = e->thread, .depth = later_depth(e->value), .late = later_ticks(e->value), .row = row,
							     .alone = is_alone(e->site), .start_ticks = e->ticks};
	} else {
		if (a->waits_at != NO_STATE) /* L4 */
			return INSTR_ERR_FORMAT;
		s->waiters[s->waiter_count++] = (struct waiter){
			.thread = e->thread, .row = row, .alone = is_alone(e->site), .tried = e->value & 1, .charged = e->value >> 1 & 1,
			.start_ticks = e->ticks, .mark_ticks = (int64_t)((uint64_t)e->ticks + (e->value >> 2))};
		irt_locks_wait_at(l, a, index_of_state(l, s));
	}
	l->user_count++;
	return 0;
}

static int take_other(struct irt_locks *l, const struct irt_shared_event *e)
{
	if (l->lock_count <= IRT_LOCKS_MAX || e->value > IRT_CCT_ID_SPAN)
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l))
		return INSTR_ERR_MEMORY;
	struct state *s = irt_locks_state(l, e->address);
	if (s->lock != NO_LOCK)
		return INSTR_ERR_FORMAT;
	s->lock = IRT_LOCKS_MAX;
	s->holder = (int64_t)e->value - 1;
	s->holder_thread = e->thread;
	return 0;
}

static int take_caller(struct irt_locks *l, const struct irt_shared_event *e)
{
	if (!irt_locks_make_room(l))
		return INSTR_ERR_MEMORY;
	struct actor *a = irt_locks_actor(l, e->thread);
	if (a->in_call)
		return INSTR_ERR_FORMAT;
	a->in_call = true;
	a->call_context = e->context;
	a->call_site = irt_site_id(e->site);
	a->call_ticks = e->ticks;
	return 0;
}

/* Its lock has been before. */
static int take_condition(struct irt_locks *l, const struct irt_shared_event *e)
{
	const struct state *s = irt_locks_find_state(l, e->address);
	size_t before = l->conditions.count;

	if (!s || s->lock == NO_LOCK || !e->value)
		return INSTR_ERR_FORMAT;
	if (!irt_keyed_room(&l->conditions, 1))
		return INSTR_ERR_MEMORY;
	struct condition *c = irt_keyed_row(&l->conditions, irt_keyed_put(&l->conditions, &e->value));
	if (l->conditions.count == before)
		return INSTR_ERR_FORMAT;
	c->state = index_of_state(l, s);
	c->lock = s->lock;
	c->binding = ++l->last_binding;
	c->last_signal = 1;
	c->mark_ticks = e->ticks;
	return 0;
}

static int take_sleeper(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct condition *c = irt_locks_find_condition(l, e->address);

	if (e->value > ANNOUNCED || (e->value != ANNOUNCED && !c))
		return INSTR_ERR_FORMAT;
	if (!irt_locks_make_room(l))
		return INSTR_ERR_MEMORY;
	struct actor *a = irt_locks_actor(l, e->thread);
	if (a->condition)
		return INSTR_ERR_FORMAT;
	a->condition = e->address;
	l->asleep++;
	if (e->value != ANNOUNCED) {
		a->binding = c->binding;
		a->seen_signal = e->value != CALLED;
		c->sleepers++;
		c->called += e->value == CALLED;
	}
	return 0;
}

static int take_signals(struct irt_locks *l, const struct irt_shared_event *e)
{
	struct condition *c = irt_locks_find_condition(l, e->address);

	if (!c || (e->operation == SIGNALS) == (c->signals != 0) || (e->operation == SIGNALS && (!e->value || e->value > c->called)))
		return INSTR_ERR_FORMAT;
	if (e->operation == SIGNALS)
		irt_locks_signals_left(l, c, (uint32_t)e->value);
	else if (!irt_locks_add_charge(c, e->context, e->thread, e->value))
		return INSTR_ERR_MEMORY;
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
			err = e.operation == OTHER     ? take_other(l, &e) :
			      e.operation == CALLER    ? take_caller(l, &e) :
			      e.operation == CONDITION ? take_condition(l, &e) :
			      e.operation == SLEEPER   ? take_sleeper(l, &e) :
			      e.operation <= WAITER    ? take_user(l, &e) :
			      e.operation <= CHARGE    ? take_signals(l, &e) :
							 irt_locks_add(l, &e);
	}
	return err;
}

uint32_t irt_locks_held(const struct irt_locks *l, uint32_t thread, bool *in_call)
{
	const struct actor *a = irt_locks_find_actor(l, thread);
	uint32_t held = 0;

	for (size_t i = 0; a && i < a->held_count; i++) {
		const struct owner *o = irt_locks_owner(state_at(l, a->held[i]), thread);
		held += o ? o->depth : 0;
	}
	*in_call = a && a->in_call;
	for (size_t i = 0; i < l->pending.count; i++) {
		const struct irt_shared_event *e = &l->pending.events[i];
		if (e->thread != thread)
			continue;
		if (is_call(e->operation))
			*in_call = e->operation == IRT_OP_BLOCKING;
		else if (e->operation == IRT_OP_RELEASED)
			held -= held > 0;
		else
			held += taken_by(e);
	}
	return held;
}
