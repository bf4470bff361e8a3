/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * rows.c - see commit.h: what a round says of processes, contexts, threads, totals, losses and clocks, as
 * rows of its transaction.
 */
#define _GNU_SOURCE
#include "drain/clock.h"
#include "drain/commit.h"

#include "base/atomic.h"
#include "base/clock.h"
#include "base/os.h"
#include "instr/hooks.h"

#include <stdio.h>
#include <string.h>

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

int64_t irt_last_moment(const struct irt_session *s)
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

void irt_put_process(struct irt_session *s, struct irt_drained_process *p)
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

void irt_put_contexts(struct irt_session *s, struct irt_drained_process *p)
{
	uint32_t count = irt_cct_count(p->cct), changed;
	for (uint32_t i = p->contexts_stored; i < count; i++)
		put_context(s, p, i);
	while ((changed = irt_cct_next_changed(p->cct)))
		put_context(s, p, changed);
	p->contexts_put = count;
}

void irt_put_thread(struct irt_session *s, struct irt_drained_thread *t, int checkpoint)
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
	t->cpu_put_ns = t->cpu.ran_ns;
	irt_store_put_thread(s->store, &(struct irt_store_thread){
		.thread_id = (int64_t)t->id, .process_id = t->process->facts.process_id, .tid = t->tid,
		.name = t->name[0] ? t->name : NULL,
		.parent_thread_id = or_null(t->parent_thread_id != 0, t->parent_thread_id),
		.parent_position = or_null(t->parent_thread_id != 0, t->parent_position),
		.start_ticks = t->start_ticks, .end_ticks = t->end_ticks, .last_ticks = c.last_ticks,
		.events = (int64_t)c.events, .totals_pos = (int64_t)c.position, .totals_events = (int64_t)c.events,
		.lost_events = (int64_t)lost, .wait_ticks = (int64_t)c.wait_ticks, .waits = (int64_t)c.waits,
		.orphans = (int64_t)c.orphans, .skipped_units = (int64_t)c.skipped_units, .flags = c.flags,
		.cpu_ns = or_null(t->cpu.ticks != 0, (uint64_t)t->cpu.ran_ns),
		.ready_ns = or_null(t->cpu.ticks != 0, (uint64_t)t->cpu.ready_ns),
		.cpu_ticks = or_null(t->cpu.ticks != 0, (uint64_t)t->cpu.ticks)});
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

static void put_open_blocks(struct irt_session *s, struct irt_drained_thread *t)
{
	struct irt_walk_open_block at[IRT_WALK_OPEN_BLOCKS];
	struct irt_store_open_block rows[IRT_WALK_OPEN_BLOCKS];
	size_t count = irt_walk_open_blocks(t->walk, at);
	if (!irt_walk_open_blocks_unsaved(t->walk))
		return;
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct irt_store_open_block){(int64_t)at[i].depth - 1, irt_context_id(t->process, at[i].context),
							at[i].site_id, at[i].start_ticks};
	irt_store_put_open_blocks(s->store, t->process->facts.process_id, (int64_t)t->id, rows, count);
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

void irt_put_checkpoint(struct irt_session *s, int64_t ticks)
{
	struct put p = {.s = s};
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (!t->changed || t->merged)
			continue;
		put_frames(s, t);
		put_open_blocks(s, t);
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

/* Once: what time it was told before is no more certain. */
static void check_clock(struct irt_session *s, const struct irt_store_clock *now)
{
	const struct irt_store_clock *before = &s->last_anchor;
	char text[200];

	if (s->clock_strayed)
		return;
	const int64_t drift = irt_clock_drift((struct irt_clock_anchor){0, (int64_t)s->at.facts.start_monotonic_ns},
					      (struct irt_clock_anchor){before->ticks, before->monotonic_ns},
					      (struct irt_clock_anchor){now->ticks, now->monotonic_ns});
	if (!drift)
		return;
	s->clock_strayed = 1;
	snprintf(text, sizeof(text), "the processor's timestamp counter ran %.3g %% %s than before: times are wrong by as much",
		 (drift < 0 ? -(double)drift : (double)drift) / 1e4, drift < 0 ? "slower" : "faster");
	irt_session_message(s, "warning", text);
}

void irt_put_anchor(struct irt_session *s)
{
	const struct irt_moment moment = irt_read_moment();
	struct irt_store_clock now = {
		.monotonic_ns = (int64_t)moment.monotonic_ns, .realtime_ns = (int64_t)moment.realtime_ns,
		.counter = (int64_t)moment.ticks, .ticks = (int64_t)(moment.ticks - s->at.facts.start_ticks)};
	const struct irt_store_clock *before = &s->last_anchor;
	if (s->recovering) { /* of the run's end, between the last anchor and now */
		int64_t end = irt_last_moment(s);
		if (end <= before->ticks && s->anchored)
			return;
		if (end > before->ticks && end < now.ticks && before->counter) {
			double part = (double)(end - before->ticks) / (double)(now.ticks - before->ticks);
			now.monotonic_ns = before->monotonic_ns + (int64_t)(part * (double)(now.monotonic_ns - before->monotonic_ns));
			now.realtime_ns = before->realtime_ns + (int64_t)(part * (double)(now.realtime_ns - before->realtime_ns));
			now.counter -= now.ticks - end;
			now.ticks = end;
		}
	} else {
		check_clock(s, &now);
	}
	irt_store_put_clock(s->store, &now);
	if (!s->recovering)
		s->last_anchor = now;
}

void irt_put_losses(struct irt_session *s)
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

void irt_put_holes(struct irt_session *s, struct irt_drained_thread *t)
{
	for (uint32_t i = 0; i < t->hole_count; i++)
		if (!t->holes[i].stored)
			irt_store_put_hole(s->store, &(struct irt_store_hole){(int64_t)t->id, (int64_t)t->holes[i].position,
				t->holes[i].units});
}
