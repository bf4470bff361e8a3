/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * merge.c - a process's threads that have ended, beyond the last IRT_ENDED_APART, are one row set: the
 * thread "ended threads". Memory and file then grow with what a program does, not with how many threads
 * it has done it in.
 *
 *     ended in this round, too many ──────────────────────────────┐ totals from the walk
 *     ended, rows of its own (irt_drained_process.ended) ── the    ├──► sums ──► rows of "ended threads"
 *       oldest, when there are too many ───────────────────────────┘ totals from the file
 *
 * Nothing of the sums is kept in memory: they are read, added to and put in one transaction, together
 * with the end of the rows that went in. So a drain that dies at any moment leaves them exact, and a
 * round that fails has changed nothing. Threads that were there until their process ended stay as they
 * are: their open calls are what the process was doing.
 */
#include "drain/session.h"

#include <stdlib.h>
#include <string.h>

/* What one process merges in this round. */
struct irt_merge {
	struct irt_session *s;
	const struct irt_drained_process *process;
	struct irt_sums *sums;
	struct irt_store_thread into;
};

static int64_t into_id(const struct irt_drained_process *p) { return -(int64_t)p->facts.process_id; }

int irt_totals_from_row(const struct irt_store_totals *row, struct irt_walk_totals *t, struct irt_histogram *h)
{
	memset(h, 0, sizeof(*h));
	*t = (struct irt_walk_totals){
		.context = irt_context_index(row->context_id), .calls = (uint64_t)row->calls,
		.returns = (uint64_t)row->returns, .unwound = (uint64_t)row->unwound, .open = (uint64_t)row->open,
		.total_ticks = (uint64_t)row->total_ticks, .self_ticks = (uint64_t)row->self_ticks,
		.min_ticks = row->min_ticks == IRT_STORE_NULL ? 0 : (uint64_t)row->min_ticks,
		.max_ticks = row->max_ticks == IRT_STORE_NULL ? 0 : (uint64_t)row->max_ticks, .histogram = h};
	return row->histogram_bytes > 0 ? irt_histogram_read(h, row->histogram, (size_t)row->histogram_bytes) : 0;
}

int irt_put_totals_row(struct irt_session *s, const struct irt_drained_process *p, int64_t thread_id,
		       const struct irt_walk_totals *row)
{
	uint8_t bytes[IRT_HISTOGRAM_BYTES_MAX];
	int finished = row->returns + row->unwound != 0;
	size_t n = finished ? irt_histogram_write(row->histogram, bytes) : 0;
	return irt_store_put_totals(s->store, &(struct irt_store_totals){
		.thread_id = thread_id,
		.context_id = (int64_t)(p->facts.process_id - 1) * IRT_CCT_ID_SPAN + row->context,
		.calls = (int64_t)row->calls, .returns = (int64_t)row->returns, .unwound = (int64_t)row->unwound,
		.open = (int64_t)row->open, .total_ticks = (int64_t)row->total_ticks, .self_ticks = (int64_t)row->self_ticks,
		.min_ticks = finished ? (int64_t)row->min_ticks : IRT_STORE_NULL,
		.max_ticks = finished ? (int64_t)row->max_ticks : IRT_STORE_NULL,
		.histogram = n ? bytes : NULL, .histogram_bytes = (int64_t)n});
}

void irt_merge_add_ended(struct irt_drained_process *p, uint64_t id, int64_t loss_id)
{
	if (p->ended_count == p->ended_room) {
		uint32_t room = p->ended_room ? 2 * p->ended_room : 64;
		struct irt_ended *ended = realloc(p->ended, room * sizeof(*ended));
		if (!ended)
			return; /* it keeps its rows for good */
		p->ended = ended;
		p->ended_room = room;
	}
	p->ended[p->ended_count++] = (struct irt_ended){id, loss_id};
}

/* ---- which -------------------------------------------------------------------------------------- */

/* All of it is in this round, and it is let go of when the round is committed. */
static int is_over(const struct irt_drained_thread *t)
{
	struct irt_walk_counters c;
	if (!t->ended || !t->gone_alone || t->merged || !t->changed || irt_walk_depth(t->walk))
		return 0;
	irt_walk_counters(t->walk, &c);
	return t->chunk_end_put == c.position;
}

/* ---- their sums: nothing is written yet, so that a failure only leaves things as they were ------------ */

static int add_walked(void *arg, const struct irt_walk_totals *row)
{
	return irt_sums_add(((struct irt_merge *)arg)->sums, row);
}

static int add_stored(void *arg, const struct irt_store_totals *row)
{
	struct irt_merge *m = arg;
	struct irt_walk_totals t;
	struct irt_histogram h;
	int e = irt_totals_from_row(row, &t, &h);
	if (!e)
		e = irt_sums_add(m->sums, &t);
	irt_histogram_fini(&h);
	return e;
}

/* Of threads that were never read nothing is known: the sum is of the others. */
static void add_known(int64_t *into, int64_t value)
{
	if (value == IRT_STORE_NULL)
		return;
	if (*into == IRT_STORE_NULL)
		*into = 0;
	if (__builtin_add_overflow(*into, value, into))
		*into = INT64_MAX;
}

static int add_row(struct irt_merge *m, uint64_t id)
{
	struct irt_store_thread row, *into = &m->into;
	bool found;
	int e = irt_store_get_thread(m->s->store, (int64_t)id, &found, &row);
	if (e || !found)
		return e ? e : INSTR_ERR_FORMAT;
	if (!into->merged || row.start_ticks < into->start_ticks)
		into->start_ticks = row.start_ticks;
	if (into->end_ticks == IRT_STORE_NULL || row.end_ticks > into->end_ticks)
		into->end_ticks = row.end_ticks;
	if (row.last_ticks > into->last_ticks)
		into->last_ticks = row.last_ticks;
	into->events += row.events;
	into->totals_events += row.events;
	into->lost_events += row.lost_events;
	into->wait_ticks += row.wait_ticks;
	into->waits += row.waits;
	into->orphans += row.orphans;
	into->skipped_units += row.skipped_units;
	add_known(&into->cpu_ns, row.cpu_ns);
	add_known(&into->ready_ns, row.ready_ns);
	into->flags |= row.flags;
	into->merged++;
	return 0;
}

struct adding {
	struct irt_merge *merge;
	struct irt_sum *sum;
};

static int add_before(void *arg, const struct irt_store_totals *row)
{
	struct irt_walk_totals t;
	struct irt_histogram h;
	int e = irt_totals_from_row(row, &t, &h);
	if (!e)
		e = irt_sum_add(((struct adding *)arg)->sum, &t);
	irt_histogram_fini(&h);
	return e;
}

static int add_to_before(void *arg, struct irt_sum *sum)
{
	struct irt_merge *m = arg;
	struct adding a = {m, sum};
	return irt_store_get_totals(m->s->store, into_id(m->process),
				    (int64_t)(m->process->facts.process_id - 1) * IRT_CCT_ID_SPAN + sum->context, &a, add_before);
}

static struct irt_merge *start_merge(struct irt_session *s, struct irt_drained_process *p)
{
	bool found;
	struct irt_merge *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->s = s;
	m->process = p;
	int e = irt_sums_create(&m->sums);
	if (!e)
		e = irt_store_get_thread(s->store, into_id(p), &found, &m->into);
	if (e) {
		irt_sums_destroy(m->sums);
		free(m);
		return NULL;
	}
	if (!found)
		m->into = (struct irt_store_thread){
			.thread_id = into_id(p), .process_id = p->facts.process_id, .parent_thread_id = IRT_STORE_NULL,
			.parent_position = IRT_STORE_NULL, .end_ticks = IRT_STORE_NULL, .flags = IRT_STORE_THREAD_SUM,
			.cpu_ns = IRT_STORE_NULL, .ready_ns = IRT_STORE_NULL, .cpu_ticks = IRT_STORE_NULL};
	m->into.name = "ended threads";
	return m;
}

static void give_up(struct irt_drained_process *p)
{
	irt_sums_destroy(p->merge->sums);
	free(p->merge);
	p->merge = NULL;
	p->merging = 0;
}

static void sum_up(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		int e = 0;
		for (uint32_t k = 0; k < p->merging && !e; k++) {
			e = add_row(p->merge, p->ended[k].id);
			if (!e)
				e = irt_store_get_totals(s->store, (int64_t)p->ended[k].id, IRT_STORE_NULL, p->merge, add_stored);
		}
		if (e)
			give_up(p);
	}
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (t->merging && t->process->merge &&
		    (add_row(t->process->merge, t->id) || irt_walk_each(t->walk, t->process->merge, add_walked)))
			give_up(t->process);
	}
	for (uint32_t i = 0; i < s->process_count; i++)
		if (s->processes[i]->merge && irt_sums_each(s->processes[i]->merge->sums, s->processes[i]->merge, add_to_before))
			give_up(s->processes[i]);
	for (uint32_t i = 0; i < s->thread_count; i++)
		s->threads[i]->merging &= s->threads[i]->process->merge != NULL;
}

void irt_merge_choose(struct irt_session *s)
{
	int any = 0;
	for (uint32_t i = 0; i < s->process_count; i++) {
		s->processes[i]->merging = 0;
		s->processes[i]->ending_now = 0;
	}
	for (uint32_t i = 0; i < s->thread_count; i++) {
		s->threads[i]->merging = is_over(s->threads[i]);
		s->threads[i]->process->ending_now += (uint32_t)s->threads[i]->merging;
	}
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		uint32_t all = p->ended_count + p->ending_now, excess = all > IRT_ENDED_APART ? all - IRT_ENDED_APART : 0;
		if (excess && !(p->merge = start_merge(s, p)))
			excess = 0;
		p->merging = excess < p->ended_count ? excess : p->ended_count;
		p->ending_now = excess - p->merging;
		any |= excess != 0;
	}
	for (uint32_t i = 0; i < s->thread_count; i++) { /* the oldest, which come first */
		struct irt_drained_thread *t = s->threads[i];
		if (!t->merging)
			continue;
		t->merging = t->process->ending_now > 0;
		t->process->ending_now -= (uint32_t)t->merging;
	}
	if (any)
		sum_up(s);
}

/* ---- their rows ----------------------------------------------------------------------------------- */

static int put_sum(void *arg, struct irt_sum *sum)
{
	struct irt_merge *m = arg;
	return irt_put_totals_row(m->s, m->process, into_id(m->process), &(struct irt_walk_totals){
		.context = sum->context, .calls = sum->calls, .returns = sum->returns, .unwound = sum->unwound,
		.open = sum->open, .total_ticks = sum->total_ticks, .self_ticks = sum->self_ticks,
		.min_ticks = sum->min_ticks, .max_ticks = sum->max_ticks, .histogram = &sum->histogram});
}

static void drop(struct irt_session *s, const struct irt_drained_process *p, uint64_t id, int64_t loss_id)
{
	irt_store_drop_merged(s->store, (int64_t)id);
	if (loss_id)
		irt_store_merge_loss(s->store, loss_id, into_id(p));
}

void irt_merge_put(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->thread_count; i++)
		if (s->threads[i]->merging)
			drop(s, s->threads[i]->process, s->threads[i]->id, s->threads[i]->loss_id);
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		uint32_t merging = p->merging;
		if (!p->merge)
			continue;
		irt_store_put_thread(s->store, &p->merge->into);
		irt_sums_each(p->merge->sums, p->merge, put_sum);
		for (uint32_t k = 0; k < p->merging; k++)
			drop(s, p, p->ended[k].id, p->ended[k].loss_id);
		give_up(p);
		p->merging = merging;
	}
}

void irt_merge_kept(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (!p->merging)
			continue;
		p->ended_count -= p->merging;
		memmove(p->ended, p->ended + p->merging, p->ended_count * sizeof(*p->ended));
		p->merging = 0;
	}
	for (uint32_t i = 0; i < s->thread_count; i++) {
		s->threads[i]->merged |= s->threads[i]->merging;
		s->threads[i]->merging = 0;
	}
}
