/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * commit.c - the end of a round: one transaction with everything new, then the sub-buffers whose
 * records it holds go back to the pool.
 *
 * A round that cannot be committed is tried again while the pool has room. Where it has none, or the disk
 * is full, its event chunks are lost and counted; the totals stay in memory and go with the next round
 * that can.
 */
#define _GNU_SOURCE
#include "drain/session.h"

#include "base/atomic.h"
#include "base/os.h"
#include "base/testpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_WRITE_NS = 1000 * 1000 * 1000,
	CHUNK_OLD_S = 10,
	ANCHOR_S = 10,
	STUCK_LONG_S = 16, STUCK_ENDED = 2048,
};

struct put {
	struct irt_session *s;
	struct irt_drained_thread *thread;
	int64_t process_id; /* 0 = the run */
	uint32_t first_context; /* context_id of the process's root */
};

int64_t irt_context_id(const struct irt_drained_process *p, uint32_t index)
{
	return (int64_t)(p->facts.process_id - 1) * IRT_CCT_ID_SPAN + index;
}

static int64_t now_ticks(const struct irt_session *s) { return (int64_t)(irt_ticks() - s->at.facts.start_ticks); }

/* The moment of which the file tells: while a program runs, now. What a dead run left may be recovered long
 * after its end. */
static int64_t last_moment(const struct irt_session *s)
{
	int64_t last = s->recovering ? 0 : now_ticks(s);
	for (uint32_t i = 0; s->recovering && i < s->process_count; i++) {
		const struct irt_drained_process *p = s->processes[i];
		last = p->last_ticks > last ? p->last_ticks : last;
		last = p->end_ticks > last ? p->end_ticks : last;
	}
	return last;
}

static int64_t or_null(int known, uint64_t value) { return known ? (int64_t)value : IRT_STORE_NULL; }

/* ---- rows ---------------------------------------------------------------------------------------- */

static void put_process(struct irt_session *s, struct irt_drained_process *p)
{
	static const char *const how[] = {"start", "fork", "exec"};
	const struct irt_process_names *n = irt_symbols_process(s->symbols, p->facts.process_id);
	/* A fork child runs its parent's program, which may be one itself. Parents have the smaller id: what says
	 * otherwise is damaged, and may lead in a circle. */
	for (const struct irt_drained_process *a = p; a && !n->command && a->facts.joined_by == IRT_JOINED_FORK &&
	     a->facts.parent_process_id < a->facts.process_id;
	     a = irt_session_process(s, a->facts.parent_process_id))
		n = irt_symbols_process(s->symbols, a->facts.parent_process_id);
	irt_store_put_process(s->store, &(struct irt_store_process){
		.process_id = p->facts.process_id,
		.parent_process_id = or_null(p->facts.parent_process_id != 0, p->facts.parent_process_id),
		.pid = p->facts.pid, .pid_namespace = (int64_t)p->facts.pid_namespace,
		.command = n->command, .executable = n->executable, .working_directory = n->working_directory,
		.joined_by = how[p->facts.joined_by <= IRT_JOINED_EXEC ? p->facts.joined_by : 0],
		.start_ticks = (int64_t)(p->facts.join_ticks - s->at.facts.start_ticks),
		.end_ticks = p->end_ticks, .end_reason = p->end_reason,
		.exit_code = or_null(p->exit_code >= 0, (uint64_t)p->exit_code),
		.exit_signal = or_null(p->exit_signal >= 0, (uint64_t)p->exit_signal)});
}

static void put_context(struct irt_session *s, struct irt_drained_process *p, uint32_t index)
{
	const struct irt_cct_node *n = irt_cct_node(p->cct, index);
	irt_store_put_context(s->store, &(struct irt_store_context){
		.context_id = irt_context_id(p, index), .process_id = p->facts.process_id,
		.parent_id = index ? irt_context_id(p, n->parent) : IRT_STORE_NULL,
		.ordinal = n->ordinal, .function_id = n->function, .depth = n->depth, .recursive = n->recursive,
		.flags = n->flags});
}

static void put_contexts(struct irt_session *s, struct irt_drained_process *p)
{
	uint32_t count = irt_cct_count(p->cct), changed;
	for (uint32_t i = p->contexts_stored; i < count; i++)
		put_context(s, p, i);
	while ((changed = irt_cct_next_changed(p->cct)))
		put_context(s, p, changed);
	p->contexts_put = count;
}

static void put_thread(struct irt_session *s, struct irt_drained_thread *t, int checkpoint)
{
	struct irt_walk_counters c;
	memset(&c, 0, sizeof(c));
	irt_walk_counters(t->walk, &c);
	if (!checkpoint) /* as of the last one, or of its beginning */
		c = (struct irt_walk_counters){.flags = c.flags & IRT_WALK_PARTLY_INHERITED};
	uint64_t lost = c.lost_events;
	if (t->slot < IRT_THREAD_MAX) {
		const struct irt_thread *in = &s->at.map.threads[t->slot];
		if (irt_load_relaxed(&in->owner) == t->id && irt_load_relaxed(&in->lost_events) > lost)
			lost = irt_load_relaxed(&in->lost_events);
	}
	/* A thread that was there until its process ended, ended with it: its open calls took until then.
	 * Of one that ended before, the last event is what is known. */
	t->end_ticks = t->ended && t->gone_alone ? c.last_ticks : IRT_STORE_NULL;
	if (t->process->end_reason && t->process->end_ticks != IRT_STORE_NULL && !t->gone_alone)
		t->end_ticks = t->process->end_ticks > c.last_ticks ? t->process->end_ticks : c.last_ticks;
	else if (t->ended && !t->gone_alone) /* it is going, with the last of its threads */
		t->end_ticks = now_ticks(s);
	t->end_put = t->end_ticks != IRT_STORE_NULL;
	irt_store_put_thread(s->store, &(struct irt_store_thread){
		.thread_id = (int64_t)t->id, .process_id = t->process->facts.process_id, .tid = t->tid,
		.name = t->name[0] ? t->name : NULL,
		.parent_thread_id = or_null(t->parent_thread_id != 0, t->parent_thread_id),
		.parent_position = or_null(t->parent_thread_id != 0, t->parent_position),
		.start_ticks = t->start_ticks, .end_ticks = t->end_ticks, .last_ticks = c.last_ticks,
		.events = (int64_t)c.events, .totals_pos = (int64_t)c.position, .totals_events = (int64_t)c.events,
		.lost_events = (int64_t)lost, .wait_ticks = (int64_t)c.wait_ticks, .waits = (int64_t)c.waits,
		.orphans = (int64_t)c.orphans, .skipped_units = (int64_t)c.skipped_units, .flags = c.flags});
	if (lost != t->lost_seen || t->abandoned) {
		if (!t->loss_id)
			t->loss_id = s->next_loss_id++;
		t->lost_seen = lost;
		irt_store_put_loss(s->store, &(struct irt_store_loss){
			.loss_id = t->loss_id, .process_id = t->process->facts.process_id, .thread_id = (int64_t)t->id,
			.cause = lost ? "ring full" : "abandoned", .events = (int64_t)(lost + t->abandoned),
			.start_ticks = IRT_STORE_NULL, .end_ticks = IRT_STORE_NULL, .totals_kept = 0});
	}
}

static void put_frames(struct irt_session *s, struct irt_drained_thread *t)
{
	enum { AT_ONCE = 64 };
	struct irt_store_frame f[AT_ONCE];
	uint64_t from = irt_walk_unchanged_frames(t->walk), depth = irt_walk_depth(t->walk);
	do { /* at least once: the frames that are gone are deleted */
		size_t count = 0;
		for (; count < AT_ONCE && from + count < depth; count++) {
			struct irt_walk_frame w;
			irt_walk_frame(t->walk, from + count, &w);
			f[count] = (struct irt_store_frame){irt_context_id(t->process, w.context), w.enter_ticks,
							    (int64_t)w.child_ticks, w.tag, (int64_t)w.flags};
		}
		irt_store_put_frames(s->store, (int64_t)t->id, (int64_t)from, f, count);
		from += count;
	} while (from < depth);
}

static int put_totals(void *arg, const struct irt_walk_totals *row)
{
	struct put *p = arg;
	return irt_put_totals_row(p->s, p->thread->process, (int64_t)p->thread->id, row);
}

static int put_function(void *arg, const struct irt_function_row *row)
{
	struct put *p = arg;
	int finished = row->returns + row->unwound != 0;
	return irt_store_put_function_totals(p->s->store, &(struct irt_store_function_totals){
		.process_id = p->process_id, .function_id = row->function, .calls = (int64_t)row->calls,
		.returns = (int64_t)row->returns, .unwound = (int64_t)row->unwound, .open = (int64_t)row->open,
		.orphans = (int64_t)row->orphans, .total_ticks = (int64_t)row->total_ticks,
		.self_ticks = (int64_t)row->self_ticks, .min_ticks = or_null(finished, row->min_ticks),
		.p50_ticks = or_null(finished, row->p50_ticks), .p99_ticks = or_null(finished, row->p99_ticks),
		.max_ticks = or_null(finished, row->max_ticks)});
}

/* ---- the parts of a round -------------------------------------------------------------------------- */

static int pool_is_short(const struct irt_session *s)
{
	return s->held_subs * 2 >= s->at.sub_count || s->awaited;
}

/* The open chunk will not be in the file. Its events are counted; the totals have them. */
static void lose_chunk(struct irt_session *s, struct irt_drained_thread *t, const char *cause)
{
	struct irt_walk_chunk c;
	struct irt_walk_counters k;
	irt_walk_chunk(t->walk, &c);
	irt_walk_counters(t->walk, &k);
	s->lost_no_store += c.events - t->events_stored;
	s->lost_cause = cause;
	t->chunk_end_put = k.position;
	t->close_put = 1;
}

static void lose_chunks(struct irt_session *s, const char *cause)
{
	for (uint32_t i = 0; i < s->thread_count; i++)
		lose_chunk(s, s->threads[i], cause);
}

static void put_chunk(struct irt_session *s, struct irt_drained_thread *t, uint64_t now, int write, int close, int last)
{
	struct irt_walk_chunk c;
	irt_walk_chunk(t->walk, &c);
	t->chunk_end_put = 0;
	t->close_put = 0;
	/* Of a hole alone: it takes its place in the stream from what comes next. */
	if (!c.events || (c.start_pos == c.end_pos && !t->ended)) {
		struct irt_walk_counters k;
		irt_walk_counters(t->walk, &k);
		t->chunk_end_put = k.position;
		return;
	}
	if (!t->chunk_since_ns)
		t->chunk_since_ns = now;
	close |= c.events >= IRT_CLOSE_EVENTS || t->ended || now - t->chunk_since_ns >= CHUNK_OLD_S * 1000000000ull;
	/* A short pool cannot wait for the chunk to grow: its sub-buffers come back when it is stored. */
	if (!close && (c.events == t->events_put ||
		       (!write && !pool_is_short(s) && now - t->chunk_written_ns < CHUNK_WRITE_NS)))
		return;
	struct irt_chunk_bytes b;
	enum irt_codec codec = s->held_subs * 4 >= s->at.sub_count ? IRT_CODEC_LZ4 : IRT_CODEC_ZSTD;
	int r = irt_chunk_encode(s->encoder, t->walk, codec, &b), now_or_never = last || s->recovering || pool_is_short(s);
	if (r == INSTR_ERR_MEMORY && now_or_never)
		r = irt_chunk_encode(s->encoder, t->walk, IRT_CODEC_NONE, &b);
	if (r == INSTR_ERR_MEMORY && !now_or_never)
		return; /* the next round tries again */
	if (r != 0) {
		lose_chunk(s, t, r == INSTR_ERR_MEMORY ? "no memory" : "damaged");
		return;
	}
	irt_store_put_chunk(s->store, &(struct irt_store_chunk){
		.thread_id = (int64_t)t->id, .start_pos = (int64_t)b.columns.start_pos, .end_pos = (int64_t)b.columns.end_pos,
		.first_event = (int64_t)b.columns.first_event, .events = (int64_t)b.columns.events,
		.start_ticks = b.columns.start_ticks, .end_ticks = b.columns.end_ticks,
		.start_context_id = irt_context_id(t->process, b.columns.start_context),
		.start_depth = (int64_t)b.columns.start_depth, .min_depth = (int64_t)b.columns.min_depth,
		.operations = b.columns.operations, .functions = b.functions, .functions_bytes = (int64_t)b.function_bytes,
		.codec = b.codec, .time_unit_ticks = b.columns.time_unit_ticks, .data = b.data,
		.data_bytes = (int64_t)b.data_bytes});
	t->chunk_end_put = b.columns.end_pos;
	t->events_put = b.columns.events;
	t->chunk_written_ns = now;
	t->close_put = close;
}

static void put_checkpoint(struct irt_session *s, int64_t ticks)
{
	struct put p = {.s = s};
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (!t->changed || t->merged)
			continue;
		put_frames(s, t);
		p.thread = t;
		if (!t->merging)
			irt_walk_each_changed(t->walk, &p, put_totals);
	}
	irt_functions_each_changed(s->functions, &p, put_function);
	for (uint32_t i = 0; i < s->process_count; i++) {
		p.process_id = s->processes[i]->facts.process_id;
		irt_functions_each_changed(s->processes[i]->functions, &p, put_function);
	}
	irt_store_put_checkpoint(s->store, ticks);
}

/* Every 10 s; every second while the run is young, so that a reader of a live trace has a rate. */
static int anchor_is_due(const struct irt_session *s, uint64_t now)
{
	uint64_t age = now - s->at.facts.start_monotonic_ns, since = now - s->anchor_ns;
	if (s->recovering)
		return 0; /* one, at the end */
	return since >= (age < ANCHOR_S * 1000000000ull ? 1 : ANCHOR_S) * 1000000000ull || !s->anchored;
}

static void put_anchor(struct irt_session *s)
{
	struct irt_store_clock now = {
		.monotonic_ns = (int64_t)irt_sys_clock_ns(1), .realtime_ns = (int64_t)irt_sys_clock_ns(0),
		.counter = (int64_t)irt_ticks(), .ticks = now_ticks(s)};
	const struct irt_store_clock *before = &s->last_anchor;
	if (s->recovering) { /* of the run's end, between the last anchor and now */
		int64_t end = last_moment(s);
		if (end <= before->ticks && s->anchored)
			return;
		if (end > before->ticks && end < now.ticks && before->counter) {
			double part = (double)(end - before->ticks) / (double)(now.ticks - before->ticks);
			now.monotonic_ns = before->monotonic_ns + (int64_t)(part * (double)(now.monotonic_ns - before->monotonic_ns));
			now.realtime_ns = before->realtime_ns + (int64_t)(part * (double)(now.realtime_ns - before->realtime_ns));
			now.counter -= now.ticks - end;
			now.ticks = end;
		}
	}
	irt_store_put_clock(s->store, &now);
}

static void put_losses(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (p->lost_early)
			irt_store_put_loss(s->store, &(struct irt_store_loss){
				.loss_id = -(int64_t)p->facts.process_id, .process_id = p->facts.process_id,
				.thread_id = IRT_STORE_NULL, .cause = "ring full", .events = p->lost_early,
				.start_ticks = IRT_STORE_NULL, .end_ticks = IRT_STORE_NULL, .totals_kept = 0});
	}
	if (s->lost_no_store) {
		if (!s->lost_no_store_id)
			s->lost_no_store_id = s->next_loss_id++;
		irt_store_put_loss(s->store, &(struct irt_store_loss){
			.loss_id = s->lost_no_store_id, .process_id = IRT_STORE_NULL, .thread_id = IRT_STORE_NULL,
			.cause = s->lost_cause ? s->lost_cause : "io error", .events = (int64_t)s->lost_no_store,
			.start_ticks = IRT_STORE_NULL, .end_ticks = IRT_STORE_NULL, .totals_kept = 1});
	}
	for (uint32_t i = 0; i < s->gone_hole_count; i++)
		irt_store_delete_hole(s->store, s->gone_holes[i].thread_id, s->gone_holes[i].position);
}

static void put_holes(struct irt_session *s, struct irt_drained_thread *t)
{
	for (uint32_t i = 0; i < t->hole_count; i++)
		if (!t->holes[i].stored)
			irt_store_put_hole(s->store, &(struct irt_store_hole){(int64_t)t->id, (int64_t)t->holes[i].position,
				t->holes[i].units});
}

/* ---- after the transaction --------------------------------------------------------------------------- */

static int has_hole(const struct irt_drained_thread *t, uint32_t sub)
{
	for (uint32_t i = 0; i < t->hole_count; i++)
		if (t->holes[i].sub == sub)
			return 1;
	return 0;
}

static void free_sub(struct irt_session *s, uint32_t sub)
{
	IRT_TESTPOINT(release_begun);
	/* From here on it is nobody's, whatever is in it: a drain that dies over it leaves that to the next. */
	irt_store_release(&s->at.map.subs[sub].owner, IRT_RELEASING); /* R18 */
	memset(irt_sub_units(&s->at.map, sub), 0, IRT_SUB_BYTES);
	s->sub_owner[sub] = 0;
	IRT_TESTPOINT(release_zeroed);
	irt_store_release(&s->at.map.subs[sub].sequence, (uint64_t)0); /* R3 */
	IRT_TESTPOINT(release_untold);
	irt_store_release(&s->at.map.subs[sub].owner, (uint64_t)0); /* R3 */
	IRT_TESTPOINT(release_free);
	irt_sub_relaxed(&s->at.map.ring->taken, 1);
	if (sub < irt_load_relaxed(&s->at.map.ring->free_hint))
		irt_store_relaxed(&s->at.map.ring->free_hint, sub);
}

/* What an earlier drain was about to release when it ended. */
static uint32_t free_half_released(struct irt_session *s)
{
	uint32_t freed = 0;
	for (uint32_t i = 0; i < s->at.sub_count && !s->swept_subs; i++) {
		if (irt_load_acquire(&s->at.map.subs[i].owner) == IRT_RELEASING) { /* A18 */
			free_sub(s, i);
			freed++;
		}
	}
	s->swept_subs = 1;
	return freed;
}

static uint32_t release_subs(struct irt_session *s, struct irt_drained_thread *t)
{
	uint32_t kept = 0, freed = 0;
	for (uint32_t i = 0; i < t->done_count; i++) {
		if (t->done[i].end_pos <= t->committed_pos && !has_hole(t, t->done[i].sub)) {
			free_sub(s, t->done[i].sub);
			freed++;
		} else {
			t->done[kept++] = t->done[i];
		}
	}
	t->done_count = kept;
	s->held_subs -= freed;
	return freed;
}

/* Has it ended, and is its last word in the file? */
static int is_over(const struct irt_drained_thread *t) { return t->ended && !t->changed && !t->done_count; }

/* Threads that are over: their slots and whatever they still own are free. */
static uint32_t retire_threads(struct irt_session *s)
{
	uint32_t over = 0, kept = 0, freed = 0, hint = irt_load_relaxed(&s->at.map.ring->thread_hint);
	for (uint32_t i = 0; i < s->thread_count; i++)
		over += (uint32_t)is_over(s->threads[i]);
	if (!over)
		return 0;
	for (uint32_t i = 0; i < s->at.sub_count; i++) { /* taken and never walked */
		uint64_t owner = s->sub_owner[i] ? 0 : irt_load_relaxed(&s->at.map.subs[i].owner);
		const struct irt_drained_thread *t = owner ? irt_session_thread(s, owner) : NULL;
		if (t && is_over(t)) {
			free_sub(s, i);
			freed++;
		}
	}
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (!is_over(t)) {
			s->threads[kept++] = t;
			continue;
		}
		if (t->slot < IRT_THREAD_MAX && irt_load_relaxed(&s->at.map.threads[t->slot].owner) == t->id) {
			struct irt_thread *slot = &s->at.map.threads[t->slot];
			IRT_TESTPOINT(retire_thread);
			irt_store_release(&slot->state, (uint32_t)IRT_SLOT_FREE); /* R7 */
			IRT_TESTPOINT(retire_thread_unnamed);
			irt_store_release(&slot->owner, (uint64_t)0); /* R7 */
			hint = t->slot < hint ? t->slot : hint;
		}
		if (t->gone_alone && !t->merged)
			irt_merge_add_ended(t->process, t->id, t->loss_id);
		irt_session_drop_thread(s, t);
	}
	s->thread_count = kept;
	irt_store_relaxed(&s->at.map.ring->thread_hint, hint);
	return freed;
}

static void after_commit(struct irt_session *s, int checkpoint)
{
	if (checkpoint)
		irt_merge_kept(s);
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		p->contexts_stored = p->contexts_put;
		p->changed = 0;
	}
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		t->known = 1;
		t->events_stored = t->events_put;
		free(t->first);
		t->first = NULL;
		for (uint32_t h = 0; h < t->hole_count; h++)
			t->holes[h].stored = 1;
		if (checkpoint && t->changed) {
			irt_walk_saved(t->walk);
			t->changed = 0;
		}
	}
	if (checkpoint) {
		irt_functions_saved(s->functions);
		for (uint32_t i = 0; i < s->process_count; i++)
			irt_functions_saved(s->processes[i]->functions);
	}
	s->facts_put = 1;
	irt_symbols_committed(s->symbols);
	while (s->messages) {
		struct message *m = s->messages;
		s->messages = m->next;
		free(m->severity);
		free(m->text);
		free(m);
	}
	s->gone_hole_count = 0;
}

/* The round is not stored: its chunks are gone, and will be said to be gone; its totals go with the next. */
static void after_failure(struct irt_session *s, int result)
{
	const char *error = s->store ? irt_store_error(s->store) : "there is no file";
	irt_session_message(s, "error", error);
	lose_chunks(s, result == INSTR_ERR_FULL ? "disk full" : result == INSTR_ERR_MEMORY ? "no memory" : "io error");
}

/* A reader keeps a long -wal from being used again: then all that is written makes it longer. Chunks are
 * not kept any more, and totals are written once a second, not with each round; later still less. */
static int must_save_log(const struct irt_session *s, const struct irt_store_health *h, uint64_t now)
{
	uint64_t turn_s = h->wal_bytes > 2 * (int64_t)IRT_STORE_WAL_MAX_BYTES ? STUCK_LONG_S : 1;
	uint32_t ended = 0;
	if (!h->stop_events || strcmp(h->stop_cause, "reader"))
		return 0;
	for (uint32_t i = 0; i < s->thread_count; i++)
		ended += (uint32_t)s->threads[i]->ended;
	return now - s->checkpoint_ns < turn_s * 1000000000ull && ended < STUCK_ENDED; /* these have slots and walks */
}

int irt_commit(struct irt_session *s, int last)
{
	struct irt_ring *ring = s->at.map.ring;
	uint64_t now = irt_now_ns();
	int checkpoint = last || s->must_checkpoint || now - s->checkpoint_ns >= IRT_CHECKPOINT_NS;
	uint64_t lost_before = s->lost_no_store;
	struct irt_store_health health = {0};

	if (s->store)
		irt_store_health(s->store, &health);
	int cannot_store = s->recovering && health.stop_events && strcmp(health.stop_cause, "reader");
	int saved = !last && !s->recovering && must_save_log(s, &health, now); /* this round is not written */
	int r = saved ? INSTR_ERR_AGAIN : !s->store ? INSTR_ERR_IO : cannot_store ? INSTR_ERR_FULL : irt_store_begin(s->store);
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		checkpoint |= t->ended;
		t->chunk_end_put = 0;
		t->close_put = 0;
	}
	/* Events that are in no chunk: from here on only a checkpoint has them. */
	checkpoint |= health.want_checkpoint || (health.stop_events && !last);
	checkpoint &= !saved;
	if (checkpoint) /* before the contexts and chunks: they are of one position */
		for (uint32_t i = 0; i < s->thread_count; i++)
			if (s->threads[i]->changed && irt_walk_settle(s->threads[i]->walk) != 0)
				checkpoint = 0;
	if (r == 0) {
		IRT_TESTPOINT(commit_begun);
		s->finished = 0;
		if (!s->facts_put)
			irt_session_put_facts(s);
		for (uint32_t i = 0; i < s->process_count; i++)
			if (s->processes[i]->changed)
				put_process(s, s->processes[i]);
		irt_symbols_put(s->symbols, s->store);
		for (uint32_t i = 0; i < s->process_count; i++)
			put_contexts(s, s->processes[i]);
		for (uint32_t i = 0; i < s->thread_count; i++) {
			struct irt_drained_thread *t = s->threads[i];
			if (!t->merged && (!t->known || t->first || (checkpoint && t->changed)))
				put_thread(s, t, checkpoint);
			if (t->first && !checkpoint)
				irt_store_put_frames(s->store, (int64_t)t->id, 0, t->first, t->first_count);
			if (health.stop_events && !last)
				lose_chunk(s, t, health.stop_cause);
			else
				put_chunk(s, t, now, checkpoint || last, s->chunk_full || last, last);
			put_holes(s, t);
		}
		IRT_TESTPOINT(commit_chunks);
		if (checkpoint) {
			irt_merge_choose(s);
			put_checkpoint(s, last_moment(s));
			irt_merge_put(s);
			IRT_TESTPOINT(commit_checkpoint);
		}
		if (last || anchor_is_due(s, now))
			put_anchor(s);
		put_losses(s);
		for (struct message *m = s->messages; m; m = m->next)
			irt_store_put_message(s->store, &(struct irt_store_message){m->ticks, IRT_STORE_NULL, m->severity, m->text});
		IRT_TESTPOINT(commit_put);
		r = irt_store_commit(s->store);
	}
	int is_short = pool_is_short(s);
	if (r == 0) {
		IRT_TESTPOINT(commit_done);
		after_commit(s, checkpoint);
	} else if (saved) {
		lose_chunks(s, health.stop_cause);
	} else if (s->recovering) {
		/* Nobody waits for the pool: nothing is given up, another attempt may have more luck. */
		snprintf(s->error, sizeof(s->error), "%s", cannot_store ? health.stop_cause : irt_store_error(s->store));
		s->failed = r;
		return r;
	} else if (r != INSTR_ERR_FULL && !is_short) {
		/* It may pass, and there is room in the ring meanwhile. (A full disk has room for the totals once
		 * there are no chunks to be stored.) */
		s->lost_no_store = lost_before;
		s->round_start_ns = irt_now_ns();
		irt_add_acq_rel(&ring->heartbeat, 1); /* own: a round that did not come through */
		return r;
	} else {
		s->lost_no_store = lost_before;
		after_failure(s, r);
	}

	uint32_t freed = free_half_released(s);
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (t->chunk_end_put)
			t->committed_pos = t->chunk_end_put;
		if (t->close_put) {
			irt_walk_next_chunk(t->walk);
			t->chunk_since_ns = 0;
			t->events_put = t->events_stored = 0;
		}
		if (r == 0 || saved || is_short) /* else the ring has it still, should this drain never store it */
			freed += release_subs(s, t);
		IRT_TESTPOINT(commit_released_one);
	}
	freed += retire_threads(s);
	irt_retire_processes(s);
	if (freed) {
		IRT_TESTPOINT(commit_released);
		irt_add_acq_rel(&ring->freed, 1); /* R10 */
		if (irt_load_acquire(&ring->waiters)) /* A10 */
			irt_sys_futex_wake(&ring->freed, INT_MAX);
	}
	if (checkpoint && r == 0)
		s->checkpoint_ns = now;
	s->must_checkpoint = r != 0 || ((s->must_checkpoint || last) && !checkpoint);
	if (r == 0 && (last || anchor_is_due(s, now))) {
		s->anchor_ns = now;
		s->anchored = 1;
	}
	s->dirty = saved;
	s->chunk_full = 0;
	s->round_events = 0;
	s->ended = 0;
	s->round_start_ns = irt_now_ns();
	IRT_TESTPOINT(commit_unbeaten);
	irt_add_acq_rel(&ring->heartbeat, 1); /* own: a round with nothing in it */
	return s->must_checkpoint ? INSTR_ERR_AGAIN : 0;
}

int irt_finish(struct irt_session *s, const char *state)
{
	int r = s->store && !s->finished ? irt_store_finish(s->store, state) : 0;
	if (s->store && r == 0)
		s->finished = 1;
	return r;
}
