/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * gather.c - one look at everything: processes, threads, names, sub-buffers; then the walk of all that
 * is committed there.
 *
 * The order matters:
 *   G1 processes (flush requests, deaths) and threads first: what they had published before is then
 *      seen by the same look.
 *   G2 the clock, then the names log: a module's registration is published before its first record is
 *      stamped, so records up to that clock value (the horizon) have their module in the log.
 *   G3 the sub-buffers, then their records.
 */
#define _GNU_SOURCE
#include "drain/holes.h"
#include "drain/session.h"

#include "base/atomic.h"
#include "base/os.h"

#include <stdlib.h>
#include <string.h>

/* ---- sub-buffers ------------------------------------------------------------------------------ */

static int has_content(const struct irt_session *s, uint32_t sub, uint32_t from)
{
	const struct instr_unit *u = irt_sub_units(&s->at.map, sub);
	for (uint32_t i = from; i < IRT_SUB_UNITS; i++)
		if (irt_load_acquire(&u[i].tag)) /* A2 */
			return 1;
	return 0;
}

static void queue_sub(struct irt_session *s, struct irt_drained_thread *t, uint32_t sub, uint64_t sequence)
{
	struct irt_drained_sub *q = realloc(t->queue, (t->queued + 1) * sizeof(*q));
	if (!q) {
		s->starved = 1;
		return;
	}
	t->queue = q;
	uint32_t at = t->queued++;
	while (at > 0 && q[at - 1].sequence > sequence) {
		q[at] = q[at - 1];
		at--;
	}
	q[at] = (struct irt_drained_sub){sequence, 0, sub};
	s->sub_owner[sub] = t->id;
}

static void unqueue(struct irt_session *s, struct irt_drained_thread *t, uint32_t at, int keep_owner)
{
	if (!keep_owner)
		s->sub_owner[t->queue[at].sub] = 0;
	memmove(&t->queue[at], &t->queue[at + 1], (t->queued - at - 1) * sizeof(*t->queue));
	t->queued--;
}

/* It was given back while it stood in a queue, and may be another thread's by now. */
static void forget_sub(struct irt_session *s, uint32_t sub)
{
	struct irt_drained_thread *t = irt_session_thread(s, s->sub_owner[sub]);
	for (uint32_t k = t ? t->queued : 0; k-- > 0;)
		if (t->queue[k].sub == sub)
			unqueue(s, t, k, 0);
}

/* An earlier drain has committed all of it, and ended before it released it. (An empty one is not that:
 * a handler has installed another of the same sequence, and its producer will give it back.) */
static void take_back(struct irt_session *s, struct irt_drained_thread *t, uint32_t sub, uint64_t sequence)
{
	struct irt_drained_sub *d = realloc(t->done, (t->done_count + 1) * sizeof(*d));
	if (!d) {
		s->starved = 1;
		return;
	}
	t->done = d;
	t->done[t->done_count++] = (struct irt_drained_sub){sequence, irt_position(sequence + 1, 0), sub};
	s->sub_owner[sub] = t->id;
	s->held_subs++;
	s->dirty = 1;
}

static void look_at_subs(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->at.sub_count; i++) {
		if (s->sub_owner[i] && irt_load_relaxed(&s->at.map.subs[i].owner) != s->sub_owner[i])
			forget_sub(s, i);
		if (s->sub_owner[i])
			continue;
		uint64_t sequence = irt_load_acquire(&s->at.map.subs[i].sequence); /* A1 */
		uint64_t owner = irt_load_relaxed(&s->at.map.subs[i].owner);
		if (!sequence || !owner)
			continue;
		struct irt_drained_thread *t = irt_session_thread(s, owner);
		if (!t)
			continue;
		if (t->old_hole_count)
			irt_find_holes(s, t, i, sequence);
		if (sequence >= t->next_sequence)
			queue_sub(s, t, i, sequence);
		else if (sequence < t->restored_sequence && has_content(s, i, 0))
			take_back(s, t, i, sequence);
		else if (t->dead) /* behind the walk: it was given back by nobody */
			irt_store_release(&s->at.map.subs[i].sequence, (uint64_t)0); /* own */
	}
}

/* Has the thread a sub-buffer of that sequence? If not, and a later one has content, none will come: an
 * earlier drain released it after a round that could not be stored, and was killed. */
static int is_there(const struct irt_session *s, const struct irt_drained_thread *t, uint64_t sequence)
{
	for (uint32_t i = 0; i < s->at.sub_count; i++)
		if (irt_load_acquire(&s->at.map.subs[i].sequence) == sequence && /* A1 */
		    irt_load_relaxed(&s->at.map.subs[i].owner) == t->id)
			return 1;
	return 0;
}

/* Up to this sub-buffer nothing of the stream is left. As many events are lost as there were units, if each
 * was one of its own. */
static void pass_missing(struct irt_session *s, struct irt_drained_thread *t, uint64_t sequence)
{
	uint64_t from = irt_position(t->next_sequence, t->unit), units = irt_position(sequence, 0) - from;
	irt_session_message(s, "warning", "A part of a thread's stream is missing from the ring: its events are counted as lost.");
	irt_walk_skip(t->walk, from, units, false);
	t->abandoned = units < UINT32_MAX - t->abandoned ? t->abandoned + (uint32_t)units : UINT32_MAX;
}

/* The sub-buffer to walk next, or NULL. */
static struct irt_drained_sub *head(struct irt_session *s, struct irt_drained_thread *t)
{
	while (t->queued) {
		struct irt_drained_sub *h = &t->queue[0];
		/* Two with one sequence: a handler has installed one while the hook that it interrupted
		 * was about to install the other, which stays empty and is given back. */
		if (t->queued > 1 && t->queue[1].sequence == h->sequence) {
			if (!has_content(s, h->sub, 0) && has_content(s, t->queue[1].sub, 0)) {
				struct irt_drained_sub other = t->queue[1];
				t->queue[1] = *h;
				*h = other;
			}
			unqueue(s, t, 1, 0); /* it is found again at the next look if it is still there */
		}
		/* While it is empty it may still be given back, be another's, or get another sequence. Once
		 * it has content its header stays as it is; so the header is read behind the content. */
		int empty = !has_content(s, h->sub, 0);
		const struct irt_sub *sub = &s->at.map.subs[h->sub];
		int ours = irt_load_acquire(&sub->sequence) == h->sequence && irt_load_relaxed(&sub->owner) == t->id; /* A1 */
		if (!ours || h->sequence < t->next_sequence) { /* given back */
			unqueue(s, t, 0, 0);
			continue;
		}
		if (empty && !t->dead)
			return NULL;
		if (h->sequence > t->next_sequence) {
			if (!t->dead && is_there(s, t, t->next_sequence))
				return NULL; /* its header came behind the last look at it */
			pass_missing(s, t, h->sequence);
			t->next_sequence = h->sequence;
			t->unit = 0;
		}
		return h;
	}
	return NULL;
}

static void complete(struct irt_session *s, struct irt_drained_thread *t)
{
	struct irt_walk_counters c;
	struct irt_drained_sub *d = realloc(t->done, (t->done_count + 1) * sizeof(*d));
	if (!d) {
		s->starved = 1; /* tried again at the next look */
		return;
	}
	t->done = d;
	irt_walk_counters(t->walk, &c);
	t->done[t->done_count] = t->queue[0];
	t->done[t->done_count++].end_pos = c.position;
	unqueue(s, t, 0, 1);
	t->next_sequence++;
	t->unit = 0;
	s->held_subs++;
}

/* ---- the walk ---------------------------------------------------------------------------------- */

int irt_held_long_enough(struct irt_drained_thread *t, uint64_t most_ns)
{
	uint64_t now = irt_now_ns();
	if (!t->held_since_ns)
		t->held_since_ns = now;
	return t->dead || t->process->ending || now - t->held_since_ns >= most_ns;
}

/* The next unit is not committed. Returns 1 if the walk goes on, behind it or with it.
 * The producer runs meanwhile: what proves that it is past this unit is read first, the unit itself
 * again after that. Read the other way round, units written in between would look like holes.
 * Only a wait that would last is worth a hole: where in the stream an interrupted hook's record belongs is
 * not known any more when it comes late (among records of the handler, or behind them), so a producer
 * that has merely gone on in its next sub-buffer is given time. */
static int at_unwritten(struct irt_session *s, struct irt_drained_thread *t, struct irt_drained_sub *h, size_t record_units)
{
	const struct instr_unit *u = irt_sub_units(&s->at.map, h->sub);
	uint64_t waiting = t->slot < IRT_THREAD_MAX ? irt_load_acquire(&s->at.map.threads[t->slot].waiting) : 0; /* A14 */
	int past = t->dead || waiting == h->sequence + 1 || (t->queued > 1 && has_content(s, t->queue[1].sub, 0));
	/* One that waits itself does so in a handler, with the unit's hook below it: where the pool cannot
	 * grow, nothing will come before the unit is passed. */
	uint64_t patience_ns = waiting && s->at.sub_count >= s->at.facts.sub_max ? 0 :
			       s->awaited ? IRT_HURRY_NS : IRT_HOLD_NS;

	/* The edge of what is written, that is the common case, and what may be behind it is 32 KiB to read:
	 * for a thread that has stood here for a while, and not at each look. */
	if (!past) {
		uint64_t turn_ns = s->awaited ? IRT_HURRY_NS / 4 : IRT_EDGE_NS;
		if (!t->edge_since_ns)
			t->edge_since_ns = s->look_ns;
		if (s->look_ns - t->edge_since_ns < turn_ns && !t->process->ending)
			return 0;
		t->edge_since_ns = s->look_ns;
	}
	for (uint32_t i = t->unit + (record_units ? (uint32_t)record_units : 1); i < IRT_SUB_UNITS && !past; i++) /* not its payload */
		past = irt_load_acquire(&u[i].ticks) != 0; /* A2 */
	if (!past)
		return 0;

	uint32_t next = t->unit;
	if (record_units) {
		if (irt_load_acquire(&u[next].ticks)) /* A2 */
			return 1;
		next += (uint32_t)record_units;
		if (next > IRT_SUB_UNITS)
			next = IRT_SUB_UNITS;
	} else {
		while (next < IRT_SUB_UNITS && !irt_load_acquire(&u[next].tag)) /* A2 */
			next++;
		if (next == t->unit)
			return 1;
		for (uint32_t i = t->unit; i < next; i++) /* what ends the gap may be a payload: its */
			if (irt_load_acquire(&u[i].tag)) /* A2: record's tag is there by now */
				return 1;
	}
	if (t->dead && t->queued == 1 && (next == IRT_SUB_UNITS || !has_content(s, h->sub, next))) {
		/* The end of a dead thread's stream: nothing was reserved here, or one record that the
		 * thread died over. */
		irt_walk_skip(t->walk, irt_position(h->sequence, t->unit), 0, false);
		complete(s, t);
		return 1;
	}
	/* Not one unit: it was not left but never installed. A handler has installed another one of the
	 * same sequence, which the next look finds. */
	if (!t->dead && !t->unit && !record_units && next == IRT_SUB_UNITS)
		return 0;
	if (!irt_held_long_enough(t, patience_ns))
		return 0;
	/* Holes that are still open now are of hooks that this one has interrupted. */
	irt_look_at_holes(s, t, IRT_IN_ORDER);
	if (s->chunk_full)
		return 0;
	if (t->dead)
		t->abandoned++;
	else if (!irt_add_holes(s, t, next - t->unit, record_units != 0))
		return 0;
	irt_walk_skip(t->walk, irt_position(h->sequence, t->unit), next - t->unit, false);
	t->unit = next;
	t->held_since_ns = 0;
	if (t->unit == IRT_SUB_UNITS)
		complete(s, t);
	return 1;
}

/* Whether a unit that is not written is where the thread stands, and not that of a hook which is held up while
 * the thread goes on in a handler, or has gone on: then what it did since is behind it. (As far as hooks of so
 * many units can be inside each other.) */
static int is_edge(const struct irt_session *s, const struct irt_drained_thread *t, const struct irt_drained_sub *h, size_t record_units)
{
	enum { UNITS = 8 };
	const struct instr_unit *u = irt_sub_units(&s->at.map, h->sub);
	for (uint32_t i = t->unit + (record_units ? (uint32_t)record_units : 1); i < IRT_SUB_UNITS && i <= t->unit + UNITS; i++)
		if (irt_load_acquire(&u[i].ticks)) /* A2 */
			return 0;
	return t->queued < 2 || !has_content(s, t->queue[1].sub, 0);
}

/* As at_unwritten. If it does not go on, the thread has been walked to its edge or is held up. */
static int stand_at_unwritten(struct irt_session *s, struct irt_drained_thread *t, struct irt_drained_sub *h, size_t record_units)
{
	int goes_on = at_unwritten(s, t, h, record_units);
	t->caught_up = !goes_on && !s->chunk_full && !s->starved && is_edge(s, t, h, record_units);
	return goes_on;
}

static uint64_t walk_thread(struct irt_session *s, struct irt_drained_thread *t)
{
	uint64_t walked = 0;
	struct irt_drained_sub *h = NULL;

	/* Of a dead thread everything is there, its names too; a stamp beyond the clock is nonsense. */
	irt_walk_set_horizon(t->walk, t->dead ? UINT64_MAX : s->horizon_ticks);
	if (t->hole_count)
		irt_look_at_holes(s, t, IRT_IN_ORDER);
	while (!s->chunk_full && (h = head(s, t))) {
		const struct instr_unit *u = irt_sub_units(&s->at.map, h->sub);
		size_t consumed = 0, record_units = 0, units = IRT_SUB_UNITS - t->unit;
		uint64_t at = irt_position(h->sequence, t->unit);
		if (t->stop_at && at >= t->stop_at)
			return walked;
		int cut = t->stop_at && t->stop_at - at < units;
		if (cut)
			units = t->stop_at - at;
		enum irt_walk_stop stop = t->hole_count ?
			irt_walk_beside_holes(s, t, u + t->unit, units, at, &consumed, &record_units) :
			irt_walk_run(t->walk, u + t->unit, units, at, &consumed, &record_units);
		t->unit += (uint32_t)consumed;
		walked += consumed;
		if (consumed)
			t->held_since_ns = t->edge_since_ns = 0;
		switch (stop) {
		case IRT_WALK_ALL:
			if (t->unit == IRT_SUB_UNITS)
				complete(s, t);
			irt_settle_heap_early(s, t);
			break; /* or at stop_at, or beside a hole */
		case IRT_WALK_PAD:
			complete(s, t);
			break;
		case IRT_WALK_UNWRITTEN:
			if (!stand_at_unwritten(s, t, h, 0))
				return walked;
			break;
		case IRT_WALK_RESERVED:
			if (!stand_at_unwritten(s, t, h, record_units))
				return walked;
			break;
		case IRT_WALK_SHORT:
			if (cut) { /* stop_at is within a record: nonsense */
				t->stop_at = 0;
				break;
			}
			irt_walk_skip(t->walk, irt_position(h->sequence, t->unit), IRT_SUB_UNITS - t->unit, true);
			complete(s, t);
			break;
		case IRT_WALK_UNKNOWN:
			if (t->final_names || !irt_held_long_enough(t, IRT_HOLD_NS))
				return walked;
			t->final_names = 1;
			break;
		case IRT_WALK_CHUNK_FULL:
			s->chunk_full = 1;
			return walked;
		case IRT_WALK_NO_MEMORY:
			s->starved = 1;
			return walked;
		case IRT_WALK_HORIZON:
			t->caught_up = 1;
			return walked;
		}
		if (s->round_events + walked >= IRT_ROUND_EVENTS * 2) {
			s->more = 1;
			return walked; /* others have a turn */
		}
		if (s->starved)
			return walked;
	}
	t->caught_up = !h && !s->chunk_full;
	return walked;
}

/* Twice does no harm. */
static int forget_rows(void *arg, uint32_t process_id, uint64_t ticks)
{
	struct irt_session *s = arg;
	int forgets = 1;
	for (uint32_t i = 0; i < s->thread_count && forgets; i++)
		if (s->threads[i]->process->facts.process_id == process_id)
			forgets = irt_walk_forget_rows(s->threads[i]->walk, ticks) == 0;
	return forgets;
}

/* One that is not known yet has joined since the look at processes. */
static int is_dead(void *arg, uint32_t process_id)
{
	const struct irt_drained_process *p = irt_session_process(arg, process_id);
	return p && p->dead;
}

/* A thread that is gone while its process goes on has no open calls: they ended with it. (Those of one
 * that was there when its process died are what that was doing.) 0: not yet. */
static int end_calls(struct irt_session *s, struct irt_drained_thread *t)
{
	struct irt_walk_open_block blocks[IRT_WALK_OPEN_BLOCKS];
	if (!t->gone_alone || (!irt_walk_depth(t->walk) && !irt_walk_open_blocks(t->walk, blocks)))
		return 1;
	enum irt_walk_stop stop = irt_walk_end(t->walk);
	s->starved |= stop == IRT_WALK_NO_MEMORY;
	s->chunk_full |= stop == IRT_WALK_CHUNK_FULL;
	t->changed = 1;
	s->dirty = 1;
	return stop == IRT_WALK_ALL;
}

static void end_thread(struct irt_session *s, struct irt_drained_thread *t)
{
	irt_look_at_holes(s, t, IRT_NOW);
	if (t->hole_count || !end_calls(s, t))
		return;
	irt_forget_old_holes(s, t);
	irt_heap_end_thread(t->process->heap, (uint32_t)t->id);
	t->ended = 1;
	s->ended++;
	if (t->changed || !t->end_put || t->abandoned) { /* else its row is as it was at exit */
		t->changed = 1;
		s->dirty = 1;
	}
}

/* A thread whose chunk is full ends the round: the next one begins behind it, so that none stays far behind the
 * others in time. */
static uint64_t walk_threads(struct irt_session *s)
{
	uint64_t walked = 0;
	uint32_t from = s->walk_from < s->thread_count ? s->walk_from : 0;

	for (uint32_t k = 0; k < s->thread_count && !s->chunk_full; k++) {
		uint32_t i = from + k < s->thread_count ? from + k : from + k - s->thread_count;
		struct irt_drained_thread *t = s->threads[i];
		if (t->process->dead)
			t->dead = 1;
		if (t->inherit)
			continue;
		uint64_t n = walk_thread(s, t);
		if (n) {
			t->changed = 1;
			s->dirty = 1;
			walked += n;
			s->round_events += n;
		}
		s->walk_from = i + 1;
	}
	return walked;
}

static uint64_t look(struct irt_session *s)
{
	uint64_t walked = 0;

	s->more = 0;
	s->starved = 0;
	s->look_ns = irt_now_ns();
	s->looked_ticks = irt_ticks();
	__asm__ volatile("lfence" : : : "memory");
	for (uint32_t i = 0; i < s->thread_count; i++)
		s->threads[i]->caught_up = 0; /* also of those that this look will not come to */
	irt_look_at_processes(s); /* G1 */
	irt_look_at_threads(s);
	s->awaited = irt_pool_is_awaited(s);
	irt_check_threads(s);
	irt_look_at_cpu(s);
	__asm__ volatile("lfence" : : : "memory");
	s->horizon_ticks = irt_ticks(); /* G2 */
	__asm__ volatile("lfence" : : : "memory");
	if (irt_symbols_scan(s->symbols, s->at.facts.start_ticks, forget_rows, is_dead, s))
		s->dirty = 1;
	if (irt_symbols_starved(s->symbols)) { /* records would get no names */
		s->starved = 1;
		return 0;
	}
	irt_inherit_modules(s);
	look_at_subs(s); /* G3 */
	irt_inherit_calls(s);
	do {
		walked += walk_threads(s);
	} while (irt_inherit_calls(s) && !s->chunk_full);
	s->more |= s->inheriting != 0;
	if (s->chunk_full || s->starved)
		return walked;
	irt_look_at_ends(s);
	for (uint32_t i = 0; i < s->thread_count && !s->chunk_full && !s->starved; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (t->dead && !t->inherit && !t->queued && !t->ended && !(t->process->end_unseen && t->process->unwalked))
			end_thread(s, t);
	}
	return walked;
}

uint64_t irt_gather(struct irt_session *s)
{
	uint64_t walked = look(s);
	irt_settle_heaps(s);
	irt_settle_locks(s);
	irt_settle_creators(s);
	return walked;
}
