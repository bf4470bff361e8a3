/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * creators.c - who has created which thread of the run's processes: what the walks and the slots tell is brought
 * together, and becomes rows. What it means is in fold/creators.h.
 *
 * Creations without a thread stand in the file where the walks stand at a checkpoint, as the sums of blocks.c do. Threads
 * without a creator do not: one that has ended before another drain comes has none.
 */
#include "drain/commit.h"

#include "fold/creators.h"

/* The first thread of a process was created by none of it. */
void irt_ask_creator(struct irt_session *s, struct irt_drained_thread *t, uint64_t key)
{
	if (t->creator_asked)
		return;
	if (key && t->tid != t->process->facts.pid &&
	    irt_creators_join(t->process->creators, t->id, instr_hidden(key) & IRT_HEAP_ADDRESS_MASK, t->start_ticks)) {
		s->starved = 1;
		return;
	}
	t->creator_asked = 1;
}

static int64_t lived(void *arg, uint64_t thread_id)
{
	const struct irt_drained_thread *t = irt_session_thread(arg, thread_id);
	struct irt_walk_counters counters;

	if (!t)
		return INT64_MIN;
	irt_walk_counters(t->walk, &counters);
	return counters.last_ticks;
}

void irt_settle_creators(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (irt_creators_is_waiting(p->creators))
			s->starved |= irt_creators_settle(p->creators, irt_settled_until(s, p), p->ending, lived, s) != 0;
		s->dirty |= irt_creators_is_unsaved(p->creators);
	}
}

/* ---- rows ------------------------------------------------------------------------------------------- */

struct put {
	struct irt_session *s;
	const struct irt_drained_process *p;
};

static int put_found(void *arg, uint64_t thread_id, const struct irt_creation *by)
{
	const struct put *put = arg;
	return irt_store_put_creator(put->s->store, &(struct irt_store_creator){
		.thread_id = (int64_t)thread_id, .process_id = put->p->facts.process_id,
		.context_id = irt_context_id(put->p, by->context), .site_id = by->site_id, .creator_thread_id = by->thread});
}

static int put_new(void *arg, const struct irt_creation *row)
{
	const struct put *put = arg;
	return irt_store_put_creation(put->s->store, &(struct irt_store_creation){
		.process_id = put->p->facts.process_id, .number = (int64_t)row->number, .key = (int64_t)row->key,
		.context_id = irt_context_id(put->p, row->context), .site_id = row->site_id, .thread_id = row->thread,
		.start_ticks = row->begin_ticks, .end_ticks = row->end_ticks});
}

static int put_gone(void *arg, uint64_t number)
{
	const struct put *put = arg;
	return irt_store_delete_creation(put->s->store, put->p->facts.process_id, (int64_t)number);
}

void irt_put_creators(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct put put = {s, s->processes[i]};
		irt_creators_each_gone(put.p->creators, &put, put_gone);
		irt_creators_each_found(put.p->creators, &put, put_found);
		irt_creators_each_new(put.p->creators, &put, put_new);
	}
}

void irt_creators_committed(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++)
		irt_creators_saved(s->processes[i]->creators);
}

/* ---- continuing a run -------------------------------------------------------------------------------- */

static int take_creation(void *arg, const struct irt_store_creation *row)
{
	const struct irt_drained_process *p = arg;
	return irt_creators_restore(p->creators, &(struct irt_creation){
		.key = (uint64_t)row->key, .begin_ticks = row->start_ticks, .end_ticks = row->end_ticks,
		.thread = (uint32_t)row->thread_id, .context = row->context_id < 0 ? 0 : irt_context_index(row->context_id),
		.site_id = (uint32_t)row->site_id, .number = (uint64_t)row->number, .stored = true});
}

/* Behind the processes, before the threads. */
int irt_restore_creations(struct irt_session *s)
{
	int e = 0;
	for (uint32_t i = 0; i < s->process_count && !e; i++)
		e = irt_store_read_creations(s->store, s->processes[i]->facts.process_id, s->processes[i], take_creation);
	return e;
}

static int take_creator(void *arg, const struct irt_store_creator *row)
{
	struct irt_drained_thread *t = row->thread_id > 0 ? irt_session_thread(arg, (uint64_t)row->thread_id) : NULL;
	if (t)
		t->creator_asked = 1;
	return 0;
}

/* Behind the threads: which are not asked for again. */
int irt_restore_creators(struct irt_session *s) { return irt_store_read_creators(s->store, s, take_creator); }
