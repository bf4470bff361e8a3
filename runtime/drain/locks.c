/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks.c - the locks of the run's processes: when what their threads did is brought together, as the heaps are
 * (heaps.c), and how it becomes rows and comes back from them. What it means is in fold/locks.h.
 */
#include "drain/commit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PART_BYTES = 4 << 20,   /* of lock_pending: a value has a limit */
	LOCK_IDS = 1 << 17,     /* of a process */
	GATES_BYTES = IRT_LOCK_GATES * 21 + 3,
};
#define WAIT_IDS (INT64_C(1) << 32) /* of a process */

_Static_assert(LOCK_IDS > IRT_LOCKS_MAX + 1, "each lock of a process has an id");

void irt_settle_locks(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->thread_count; i++)
		s->starved |= irt_walk_tell_inside(s->threads[i]->walk) != 0;
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (irt_locks_is_waiting(p->locks))
			s->starved |= irt_locks_settle(p->locks, irt_settled_until(s, p)) != 0;
		s->dirty |= irt_locks_is_unsaved(p->locks);
	}
}

/* ---- rows ------------------------------------------------------------------------------------------- */

struct put {
	struct irt_session *s;
	struct irt_drained_process *p;
};

static int64_t first_id(const struct irt_drained_process *p) { return (int64_t)(p->facts.process_id - 1) * LOCK_IDS + 1; }
static int64_t first_wait_id(const struct irt_drained_process *p) { return (int64_t)(p->facts.process_id - 1) * WAIT_IDS + 1; }

static int put_lock(void *arg, const struct irt_lock *l)
{
	struct put *put = arg;
	return irt_store_put_lock(put->s->store, &(struct irt_store_lock){
		.lock_id = first_id(put->p) + l->number, .process_id = put->p->facts.process_id, .kind = l->mode,
		.address = (int64_t)l->address, .context_id = irt_context_id(put->p, l->context), .site_id = l->site_id,
		.start_ticks = l->start_ticks, .end_ticks = l->end_ticks == INT64_MAX ? IRT_STORE_NULL : l->end_ticks,
		.holder_context_id = l->holder == IRT_LOCKS_NONE ? IRT_STORE_NULL : irt_context_id(put->p, (uint32_t)l->holder),
		.holder_thread_id = l->holder_thread ? l->holder_thread : IRT_STORE_NULL,
		.lost = (int64_t)l->lost, .unknown = (int64_t)l->unknown});
}

static int put_totals(void *arg, const struct irt_lock_totals *t)
{
	struct put *put = arg;
	uint8_t waits[IRT_HISTOGRAM_BYTES_MAX], holds[IRT_HISTOGRAM_BYTES_MAX];
	size_t wait_bytes = irt_histogram_write(&t->waits, waits), hold_bytes = irt_histogram_write(&t->hold_times, holds);
	return irt_store_put_lock_totals(put->s->store, &(struct irt_store_lock_totals){
		.lock_id = first_id(put->p) + t->lock, .context_id = irt_context_id(put->p, t->context), .site_id = t->site_id,
		.mode = t->mode, .acquisitions = (int64_t)t->acquisitions, .contended = (int64_t)t->contended,
		.failed = (int64_t)t->failed, .wait_ticks = (int64_t)t->wait_ticks, .max_wait_ticks = (int64_t)t->max_wait_ticks,
		.waits = wait_bytes ? waits : NULL, .waits_bytes = (int64_t)wait_bytes, .holds = (int64_t)t->holds,
		.hold_ticks = (int64_t)t->hold_ticks, .max_hold_ticks = (int64_t)t->max_hold_ticks,
		.hold_times = hold_bytes ? holds : NULL, .hold_times_bytes = (int64_t)hold_bytes, .allocs = (int64_t)t->allocs,
		.alloc_bytes = (int64_t)t->alloc_bytes});
}

static int put_wait(void *arg, const struct irt_lock_wait *w)
{
	struct put *put = arg;
	return irt_store_put_lock_wait(put->s->store, &(struct irt_store_lock_wait){
		.wait_id = first_wait_id(put->p) + w->number, .lock_id = first_id(put->p) + w->lock,
		.context_id = irt_context_id(put->p, w->context),
		.holder_context_id = w->holder == IRT_LOCKS_NONE ? IRT_LOCKS_NONE : irt_context_id(put->p, (uint32_t)w->holder),
		.holder_wait_id = w->next == IRT_LOCK_NO_WAIT ? IRT_STORE_NULL : first_wait_id(put->p) + w->next,
		.call_context_id = w->call_site ? irt_context_id(put->p, w->call_context) : IRT_STORE_NULL,
		.call_site_id = w->call_site ? w->call_site : IRT_STORE_NULL, .waits = (int64_t)w->waits, .ticks = (int64_t)w->ticks});
}

static int put_threads(void *arg, const struct irt_lock_threads *t)
{
	struct put *put = arg;
	return irt_store_put_lock_threads(put->s->store, &(struct irt_store_lock_threads){
		.lock_id = first_id(put->p) + t->lock, .thread_id = t->thread, .holder_thread_id = t->holder, .waits = (int64_t)t->waits,
		.ticks = (int64_t)t->ticks});
}

/* "[3,7]" */
static void write_gates(char text[GATES_BYTES], const struct irt_lock_order *o, int64_t first)
{
	size_t at = 0;

	text[at++] = '[';
	for (uint32_t i = 0; i < o->gate_count; i++)
		at += (size_t)snprintf(text + at, GATES_BYTES - at, "%s%" PRId64, i ? "," : "", first + o->gates[i]);
	memcpy(text + at, "]", 2);
}

static int put_order(void *arg, const struct irt_lock_order *o)
{
	struct put *put = arg;
	struct irt_store_lock_order row = {
		.lock_id = first_id(put->p) + o->from.lock, .context_id = irt_context_id(put->p, o->from.context), .site_id = o->from.site_id,
		.mode = o->from.mode, .thread_id = o->thread ? o->thread : IRT_STORE_NULL, .count = (int64_t)o->count,
		.contended = (int64_t)o->contended, .wait_ticks = (int64_t)o->wait_ticks};
	char gates[GATES_BYTES];

	if (o->to.lock != IRT_LOCK_OTHERS) {
		row.to_lock_id = first_id(put->p) + o->to.lock;
		row.to_context_id = irt_context_id(put->p, o->to.context);
		row.to_site_id = o->to.site_id;
		row.to_mode = o->to.mode;
	}
	write_gates(gates, o, first_id(put->p));
	row.gates = gates;
	return irt_store_put_lock_order(put->s->store, &row);
}

static int put_call(void *arg, const struct irt_lock_call *c)
{
	struct put *put = arg;
	return irt_store_put_lock_call(put->s->store, &(struct irt_store_lock_call){
		.lock_id = first_id(put->p) + c->holder.lock, .context_id = irt_context_id(put->p, c->holder.context),
		.site_id = c->holder.site_id, .mode = c->holder.mode, .call_context_id = irt_context_id(put->p, c->context),
		.call_site_id = c->site_id, .calls = (int64_t)c->calls, .ticks = (int64_t)c->ticks, .max_ticks = (int64_t)c->max_ticks});
}

static int put_user(void *arg, const struct irt_lock_user *u)
{
	struct put *put = arg;
	return irt_store_put_lock_user(put->s->store, &(struct irt_store_lock_user){
		.process_id = put->p->facts.process_id, .lock_id = first_id(put->p) + u->lock, .thread_id = u->thread,
		.depth = u->depth, .context_id = irt_context_id(put->p, u->context), .site_id = u->site_id, .mode = u->mode,
		.start_ticks = u->start_ticks});
}

static void put_locks(struct irt_session *s, struct irt_drained_process *p)
{
	struct put put = {s, p};
	irt_locks_each(p->locks, &put, put_lock);
	irt_locks_each_totals(p->locks, &put, put_totals);
	irt_locks_each_wait(p->locks, &put, put_wait);
	irt_locks_each_threads(p->locks, &put, put_threads);
	irt_locks_each_order(p->locks, &put, put_order);
	irt_locks_each_call(p->locks, &put, put_call);
	irt_store_delete_lock_users(s->store, p->facts.process_id);
	irt_locks_each_user(p->locks, &put, put_user);
	irt_store_delete_lock_pending(s->store, p->facts.process_id);
	for (size_t at = 0, part = 0; at < p->locks_packed_bytes; at += PART_BYTES, part++) {
		size_t left = p->locks_packed_bytes - at;
		irt_store_put_lock_pending(s->store, &(struct irt_store_lock_pending){
			p->facts.process_id, (int64_t)part, p->locks_packed + at, (int64_t)(left < PART_BYTES ? left : PART_BYTES)});
	}
}

int irt_pack_locks(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		free(p->locks_packed);
		p->locks_packed = NULL;
		p->locks_put = irt_locks_is_unsaved(p->locks) || irt_locks_is_waiting(p->locks);
		if (irt_locks_pack(p->locks, &p->locks_packed, &p->locks_packed_bytes))
			return 0;
	}
	return 1;
}

void irt_put_locks(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++)
		if (s->processes[i]->locks_put)
			put_locks(s, s->processes[i]);
}

void irt_locks_committed(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (p->locks_put)
			irt_locks_saved(p->locks);
		p->locks_put = 0;
	}
}

/* ---- continuing a run -------------------------------------------------------------------------------- */

struct restore {
	struct irt_drained_process *p;
	uint8_t *pending; /* parts of lock_pending so far */
	size_t pending_bytes;
};

static uint32_t index_of(int64_t context_id) { return context_id < 0 ? 0 : irt_context_index(context_id); }

static int64_t holder_of(int64_t context_id) { return context_id < 0 ? IRT_LOCKS_NONE : (int64_t)irt_context_index(context_id); }

static int is_site(int64_t site_id, int64_t mode) { return site_id >= 0 && site_id < 1 << 29 && mode >= 0 && mode <= 7; }

static int take_lock(void *arg, const struct irt_store_lock *row)
{
	struct restore *r = arg;
	if (!is_site(row->site_id, row->kind))
		return INSTR_ERR_FORMAT;
	return irt_locks_restore(r->p->locks, &(struct irt_lock){
		.number = (uint32_t)(row->lock_id - first_id(r->p)), .mode = (uint32_t)row->kind, .address = (uint64_t)row->address,
		.context = index_of(row->context_id), .site_id = (uint32_t)row->site_id, .start_ticks = row->start_ticks,
		.end_ticks = row->end_ticks == IRT_STORE_NULL ? INT64_MAX : row->end_ticks,
		.holder = row->holder_context_id == IRT_STORE_NULL ? IRT_LOCKS_NONE : holder_of(row->holder_context_id),
		.holder_thread = row->holder_thread_id == IRT_STORE_NULL ? 0 : (uint32_t)row->holder_thread_id,
		.lost = (uint64_t)row->lost, .unknown = (uint64_t)row->unknown});
}

static int take_totals(void *arg, const struct irt_store_lock_totals *row)
{
	struct restore *r = arg;
	struct irt_lock_totals t = {
		.lock = (uint32_t)(row->lock_id - first_id(r->p)), .context = index_of(row->context_id), .site_id = (uint32_t)row->site_id,
		.mode = (uint32_t)row->mode, .acquisitions = (uint64_t)row->acquisitions, .contended = (uint64_t)row->contended,
		.failed = (uint64_t)row->failed, .wait_ticks = (uint64_t)row->wait_ticks, .max_wait_ticks = (uint64_t)row->max_wait_ticks,
		.holds = (uint64_t)row->holds, .hold_ticks = (uint64_t)row->hold_ticks, .max_hold_ticks = (uint64_t)row->max_hold_ticks,
		.allocs = (uint64_t)row->allocs, .alloc_bytes = (uint64_t)row->alloc_bytes};
	int e = is_site(row->site_id, row->mode) ? 0 : INSTR_ERR_FORMAT;
	if (!e && row->waits_bytes > 0)
		e = irt_histogram_read(&t.waits, row->waits, (size_t)row->waits_bytes);
	if (!e && row->hold_times_bytes > 0)
		e = irt_histogram_read(&t.hold_times, row->hold_times, (size_t)row->hold_times_bytes);
	if (!e)
		e = irt_locks_restore_totals(r->p->locks, &t);
	if (e) {
		irt_histogram_fini(&t.waits);
		irt_histogram_fini(&t.hold_times);
	}
	return e;
}

static uint32_t lock_of(const struct restore *r, int64_t lock_id) { return (uint32_t)(lock_id - first_id(r->p)); }

static int take_wait(void *arg, const struct irt_store_lock_wait *row)
{
	struct restore *r = arg;
	int in_call = row->call_site_id != IRT_STORE_NULL && is_site(row->call_site_id, 0);
	return irt_locks_restore_wait(r->p->locks, &(struct irt_lock_wait){
		.number = (uint32_t)(row->wait_id - first_wait_id(r->p)), .lock = lock_of(r, row->lock_id), .context = index_of(row->context_id),
		.holder = holder_of(row->holder_context_id),
		.next = row->holder_wait_id == IRT_STORE_NULL ? IRT_LOCK_NO_WAIT : (uint32_t)(row->holder_wait_id - first_wait_id(r->p)),
		.call_context = in_call ? index_of(row->call_context_id) : 0, .call_site = in_call ? (uint32_t)row->call_site_id : 0,
		.waits = (uint64_t)row->waits, .ticks = (uint64_t)row->ticks});
}

static int take_threads(void *arg, const struct irt_store_lock_threads *row)
{
	struct restore *r = arg;
	return irt_locks_restore_threads(r->p->locks, &(struct irt_lock_threads){
		.lock = lock_of(r, row->lock_id), .thread = (uint32_t)row->thread_id, .holder = (uint32_t)row->holder_thread_id,
		.waits = (uint64_t)row->waits, .ticks = (uint64_t)row->ticks});
}

static struct irt_lock_place place_of(const struct restore *r, int64_t lock_id, int64_t context_id, int64_t site_id, int64_t mode)
{
	return (struct irt_lock_place){lock_of(r, lock_id), index_of(context_id), (uint32_t)site_id, (uint32_t)mode};
}

static int take_order(void *arg, const struct irt_store_lock_order *row)
{
	struct restore *r = arg;
	struct irt_lock_order o = {
		.from = place_of(r, row->lock_id, row->context_id, row->site_id, row->mode), .to = {.lock = IRT_LOCK_OTHERS},
		.count = (uint64_t)row->count, .contended = (uint64_t)row->contended, .wait_ticks = (uint64_t)row->wait_ticks,
		.thread = row->thread_id == IRT_STORE_NULL ? 0 : (uint32_t)row->thread_id};
	if (!is_site(row->site_id, row->mode) || !is_site(row->to_site_id, row->to_mode) || !row->gates)
		return INSTR_ERR_FORMAT;
	if (row->to_lock_id)
		o.to = place_of(r, row->to_lock_id, row->to_context_id, row->to_site_id, row->to_mode);
	for (const char *p = row->gates; (*p == '[' || *p == ',') && o.gate_count < IRT_LOCK_GATES && p[1] != ']';) {
		char *end;
		o.gates[o.gate_count++] = lock_of(r, strtoll(p + 1, &end, 10));
		p = end;
	}
	return irt_locks_restore_order(r->p->locks, &o);
}

static int take_call(void *arg, const struct irt_store_lock_call *row)
{
	struct restore *r = arg;
	if (!is_site(row->site_id, row->mode) || !is_site(row->call_site_id, 0))
		return INSTR_ERR_FORMAT;
	return irt_locks_restore_call(r->p->locks, &(struct irt_lock_call){
		.holder = place_of(r, row->lock_id, row->context_id, row->site_id, row->mode), .context = index_of(row->call_context_id),
		.site_id = (uint32_t)row->call_site_id, .calls = (uint64_t)row->calls, .ticks = (uint64_t)row->ticks,
		.max_ticks = (uint64_t)row->max_ticks});
}

static int take_pending(void *arg, const struct irt_store_lock_pending *row)
{
	struct restore *r = arg;
	size_t bytes = row->state_bytes > 0 ? (size_t)row->state_bytes : 0;
	uint8_t *more = bytes ? realloc(r->pending, r->pending_bytes + bytes) : NULL;
	if (!more)
		return bytes ? INSTR_ERR_MEMORY : INSTR_ERR_FORMAT;
	r->pending = more;
	memcpy(r->pending + r->pending_bytes, row->state, bytes);
	r->pending_bytes += bytes;
	return 0;
}

int irt_restore_locks(struct irt_session *s)
{
	int e = 0;
	for (uint32_t i = 0; i < s->process_count && !e; i++) {
		struct restore r = {.p = s->processes[i]};
		int64_t first = first_id(r.p), last = first + LOCK_IDS - 1;
		e = irt_store_read_locks(s->store, first, last, &r, take_lock);
		if (!e)
			e = irt_store_read_lock_totals(s->store, first, last, &r, take_totals);
		if (!e)
			e = irt_store_read_lock_waits(s->store, first_wait_id(r.p), first_wait_id(r.p) + WAIT_IDS - 1, &r, take_wait);
		if (!e)
			e = irt_store_read_lock_threads(s->store, first, last, &r, take_threads);
		if (!e)
			e = irt_store_read_lock_orders(s->store, first, last, &r, take_order);
		if (!e)
			e = irt_store_read_lock_calls(s->store, first, last, &r, take_call);
		if (!e)
			e = irt_store_read_lock_pending(s->store, r.p->facts.process_id, &r, take_pending);
		if (!e && r.pending)
			e = irt_locks_unpack(r.p->locks, r.pending, r.pending_bytes);
		free(r.pending);
	}
	return e;
}
