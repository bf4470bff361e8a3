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
#include "drain/commit.h"

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

/* ---- chunks ------------------------------------------------------------------------------------------ */

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
	int r = irt_chunk_encode(s->encoder, t->walk, IRT_CODEC_ZSTD, &b), now_or_never = last || s->recovering || pool_is_short(s);
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

/* Every 10 s; every second while the run is young, so that a reader of a live trace has a rate. */
static int anchor_is_due(const struct irt_session *s, uint64_t now)
{
	uint64_t age = now - s->at.facts.start_monotonic_ns, since = now - s->anchor_ns;
	if (s->recovering)
		return 0; /* one, at the end */
	return since >= (age < ANCHOR_S * 1000000000ull ? 1 : ANCHOR_S) * 1000000000ull || !s->anchored;
}

/* ---- after the transaction --------------------------------------------------------------------------- */

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
		irt_heaps_committed(s);
		irt_blocks_committed(s);
		irt_locks_committed(s);
		irt_creators_committed(s);
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
	if (checkpoint && (!irt_pack_heaps(s, last) || !irt_pack_locks(s)))
		checkpoint = 0;
	if (r == 0) {
		IRT_TESTPOINT(commit_begun);
		s->finished = 0;
		if (!s->facts_put)
			irt_session_put_facts(s);
		for (uint32_t i = 0; i < s->process_count; i++)
			if (s->processes[i]->changed)
				irt_put_process(s, s->processes[i]);
		irt_symbols_put(s->symbols, s->store);
		for (uint32_t i = 0; i < s->process_count; i++)
			irt_put_contexts(s, s->processes[i]);
		for (uint32_t i = 0; i < s->thread_count; i++) {
			struct irt_drained_thread *t = s->threads[i];
			if (!t->merged && (!t->known || t->first || (checkpoint && t->changed)))
				irt_put_thread(s, t, checkpoint);
			if (t->first && !checkpoint)
				irt_store_put_frames(s->store, (int64_t)t->id, 0, t->first, t->first_count);
			if (health.stop_events && !last)
				lose_chunk(s, t, health.stop_cause);
			else
				put_chunk(s, t, now, checkpoint || last, s->chunk_full || last, last);
			irt_put_holes(s, t);
		}
		IRT_TESTPOINT(commit_chunks);
		if (checkpoint) {
			irt_merge_choose(s);
			irt_put_checkpoint(s, irt_last_moment(s));
			irt_put_heaps(s, irt_last_moment(s));
			irt_put_blocks(s);
			irt_put_locks(s);
			irt_put_creators(s);
			irt_merge_put(s);
			IRT_TESTPOINT(commit_checkpoint);
		}
		if (last || anchor_is_due(s, now))
			irt_put_anchor(s);
		irt_put_losses(s);
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

	uint32_t freed = irt_free_half_released(s);
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
			freed += irt_release_subs(s, t);
		IRT_TESTPOINT(commit_released_one);
	}
	freed += irt_retire_threads(s);
	irt_retire_processes(s);
	if (freed) {
		IRT_TESTPOINT(commit_released);
		irt_add_acq_rel(&ring->freed, 1); /* R10 */
		if (irt_load_acquire(&ring->waiters)) /* A10 */
			irt_sys_futex_wake(&ring->freed, INT_MAX);
	}
	if (checkpoint && r == 0)
		s->checkpoint_ns = now;
	s->owes_checkpoint = r != 0 || !checkpoint;
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
