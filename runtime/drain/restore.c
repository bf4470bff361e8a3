/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * restore.c - continuing a run whose drain has ended before it: everything that the file says, taken
 * back into memory. fold(totals, chunks behind totals_pos) = what the earlier drain knew.
 *
 * The file may have come from anywhere since: a column may hold what its table forbids (SQLite does not
 * look when it reads), and an id or a depth is an index only after it was compared.
 */
#define _GNU_SOURCE
#include "drain/session.h"

#include "base/atomic.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct restore {
	struct irt_session *s;
	struct irt_drained_process *process;
	struct irt_drained_thread *thread;
	struct irt_chunk_decoder *decoder;
	struct irt_contexts *contexts;
	uint64_t totals_events;
	uint64_t *in_ring; /* threads that have a slot there, ascending */
	size_t in_ring_count;
	int open, holes;   /* the thread has open calls, holes */
	int result;
};


/* Functions are numbered without large gaps, so this bounds what their tables take. */
static int is_function(const struct restore *r, int64_t function_id)
{
	return function_id >= 0 && function_id < (int64_t)irt_symbols_function_count(r->s->symbols);
}

static int take_process(void *arg, const struct irt_store_process *row)
{
	struct restore *r = arg;
	struct irt_process facts;
	memset(&facts, 0, sizeof(facts));
	if (row->process_id < 1 || row->process_id > UINT32_MAX)
		return INSTR_ERR_FORMAT;
	facts.process_id = (uint32_t)row->process_id;
	facts.parent_process_id = row->parent_process_id == IRT_STORE_NULL ? 0 : (uint32_t)row->parent_process_id;
	facts.pid = (int32_t)row->pid;
	facts.pid_namespace = (uint64_t)row->pid_namespace;
	facts.join_ticks = (uint64_t)row->start_ticks + r->s->at.facts.start_ticks;
	const char *how = row->joined_by ? row->joined_by : "";
	facts.joined_by = !strcmp(how, "fork") ? IRT_JOINED_FORK : !strcmp(how, "exec") ? IRT_JOINED_EXEC : IRT_JOINED_START;
	/* Its slot, if it still has one, has the start time that tells it from a later process. */
	uint32_t slot = UINT32_MAX;
	for (uint32_t i = 0; i < IRT_PROCESS_MAX && i < r->s->at.map.ring->process_high; i++) {
		const struct irt_process *in = &r->s->at.map.processes[i];
		if (irt_load_acquire(&in->state) == IRT_SLOT_LIVE && in->process_id == facts.process_id) { /* A4 */
			facts = irt_process_facts(in);
			slot = i;
		}
	}
	struct irt_drained_process *p = irt_session_add_process(r->s, &facts, slot);
	if (!p)
		return INSTR_ERR_MEMORY;
	p->changed = 0;
	/* The names log does not say what it had loaded. (Without a slot all of it is in the file.) */
	p->inherits = facts.joined_by == IRT_JOINED_FORK && slot != UINT32_MAX;
	p->last_ticks = row->start_ticks;
	p->end_ticks = row->end_ticks;
	p->exit_code = row->exit_code == IRT_STORE_NULL ? -1 : (int)row->exit_code;
	p->exit_signal = row->exit_signal == IRT_STORE_NULL ? -1 : (int)row->exit_signal;
	if (row->end_reason) {
		p->end_reason = !strcmp(row->end_reason, "exit") ? "exit" : !strcmp(row->end_reason, "exec") ? "exec" : "death";
		p->dead = slot == UINT32_MAX || strcmp(row->end_reason, "exit");
		p->end_unseen = p->end_ticks == IRT_STORE_NULL;
	} else if (slot == UINT32_MAX) {
		p->dead = 1;
	}
	return 0;
}

static int take_context(void *arg, const struct irt_store_context *row)
{
	struct restore *r = arg;
	struct irt_drained_process *p = r->process;
	if (!is_function(r, row->function_id))
		return INSTR_ERR_FORMAT;
	struct irt_cct_node n = {
		.parent = row->parent_id == IRT_STORE_NULL ? 0 : irt_context_index(row->parent_id),
		.function = (uint32_t)row->function_id, .ordinal = (uint32_t)row->ordinal,
		.depth = (uint16_t)row->depth, .recursive = (uint8_t)row->recursive, .flags = (uint8_t)row->flags};
	int e = irt_cct_load(p->cct, irt_context_index(row->context_id), &n);
	p->contexts_stored = p->contexts_put = irt_cct_count(p->cct);
	return e;
}

static int take_totals(void *arg, const struct irt_store_totals *row)
{
	struct restore *r = arg;
	struct irt_walk_totals t;
	struct irt_histogram h;
	int e = irt_totals_from_row(row, &t, &h);
	if (!e)
		e = irt_walk_restore_totals(r->thread->walk, &t);
	irt_histogram_fini(&h);
	return e;
}

/* Of a thread that has ended, or of several that are merged: the process's functions have them. */
static int take_ended_totals(void *arg, const struct irt_store_totals *row)
{
	struct restore *r = arg;
	struct irt_walk_totals t;
	struct irt_histogram h;
	int e = irt_totals_from_row(row, &t, &h);
	if (!e && (t.context == IRT_CCT_ROOT || t.context >= irt_cct_count(r->process->cct)))
		e = INSTR_ERR_FORMAT;
	if (!e)
		e = irt_walk_add_to_functions(r->process->functions, irt_cct_node(r->process->cct, t.context), &t);
	r->open |= t.open != 0;
	irt_histogram_fini(&h);
	return e;
}

static int note_hole(void *arg, const struct irt_store_hole *row)
{
	(void)row;
	((struct restore *)arg)->holes = 1;
	return 0;
}

static int take_frame(void *arg, int64_t depth, const struct irt_store_frame *row)
{
	struct restore *r = arg;
	(void)depth;
	return irt_walk_restore_frame(r->thread->walk, &(struct irt_walk_frame){
		.context = irt_context_index(row->context_id), .enter_ticks = row->enter_ticks,
		.child_ticks = (uint64_t)row->child_ticks, .tag = row->tag, .flags = (uint64_t)row->flags});
}

static int take_open_block(void *arg, const struct irt_store_open_block *row)
{
	struct restore *r = arg;
	if (row->site_id < 0 || row->site_id > UINT32_MAX)
		return INSTR_ERR_FORMAT;
	return irt_walk_restore_open_block(r->thread->walk, &(struct irt_walk_open_block){
		.depth = (uint64_t)row->depth + 1, .start_ticks = row->start_ticks,
		.context = irt_context_index(row->context_id), .site_id = (uint32_t)row->site_id});
}

static int take_chunk(void *arg, const struct irt_store_chunk *row)
{
	struct restore *r = arg;
	uint64_t skip = r->totals_events > (uint64_t)row->first_event ? r->totals_events - (uint64_t)row->first_event : 0;
	int e = irt_chunk_open(r->decoder, r->contexts, row->data, (size_t)row->data_bytes);
	irt_walk_replay_begin(r->thread->walk, (uint64_t)row->start_pos);
	if (!e)
		e = irt_chunk_replay(r->decoder, r->thread->walk, skip);
	irt_walk_replay_end(r->thread->walk, (uint64_t)row->end_pos);
	return e;
}

static void note_ended_loss(struct irt_session *s, const struct irt_store_loss *row)
{
	struct irt_drained_process *p = irt_session_process(s, (uint32_t)row->process_id);
	uint32_t low = 0, high = p && row->thread_id > 0 ? p->ended_count : 0;
	while (low < high) { /* they were added by id */
		uint32_t middle = (low + high) / 2;
		if (p->ended[middle].id < (uint64_t)row->thread_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (p && row->thread_id > 0 && low < p->ended_count && p->ended[low].id == (uint64_t)row->thread_id)
		p->ended[low].loss_id = row->loss_id;
}

static int take_loss(void *arg, const struct irt_store_loss *row)
{
	struct restore *r = arg;
	if (row->loss_id >= r->s->next_loss_id)
		r->s->next_loss_id = row->loss_id + 1;
	if (row->thread_id != IRT_STORE_NULL) {
		struct irt_drained_thread *t = irt_session_thread(r->s, (uint64_t)row->thread_id);
		if (t) {
			t->loss_id = row->loss_id;
			if (row->events > 0 && (uint64_t)row->events > t->lost_seen)
				t->abandoned = (uint32_t)((uint64_t)row->events - t->lost_seen);
		} else {
			note_ended_loss(r->s, row);
		}
	}
	return 0;
}

static int take_clock(void *arg, const struct irt_store_clock *row)
{
	struct irt_session *s = ((struct restore *)arg)->s;
	s->anchored |= s->last_anchor.counter != 0; /* the second */
	s->last_anchor = *row;
	return 0;
}

static int take_orphans(void *arg, const struct irt_store_function_totals *row)
{
	struct restore *r = arg;
	struct irt_drained_process *p = row->process_id ? irt_session_process(r->s, (uint32_t)row->process_id) : NULL;
	if (!is_function(r, row->function_id))
		return INSTR_ERR_FORMAT;
	return p && row->orphans ? irt_functions_add_orphans(p->functions, (uint32_t)row->function_id, (uint64_t)row->orphans) : 0;
}

static int take_hole(void *arg, const struct irt_store_hole *row)
{
	struct irt_drained_thread *t = ((struct restore *)arg)->thread;
	if (row->position < 0 || row->units < 1 || row->position % IRT_SUB_UNITS + row->units > IRT_SUB_UNITS)
		return INSTR_ERR_FORMAT;
	struct irt_hole *h = realloc(t->old_holes, (t->old_hole_count + 1) * sizeof(*h));
	if (!h)
		return INSTR_ERR_MEMORY;
	t->old_holes = h;
	h[t->old_hole_count++] = (struct irt_hole){.position = (uint64_t)row->position, .depth = UINT64_MAX, .sub = UINT32_MAX,
		.unit = (uint32_t)(row->position % IRT_SUB_UNITS), .units = (uint32_t)row->units, .stored = 1};
	return 0;
}

/* Reads one thread back. The store allows no reads within reads, so threads are listed first. */
struct listed {
	struct irt_store_thread row;
	int64_t consumed_pos;
	char name[16];
};
struct list {
	struct listed *at;
	size_t count;
};

static int list_thread(void *arg, const struct irt_store_thread *row, int64_t consumed_pos)
{
	struct list *l = arg;
	struct listed *n = realloc(l->at, (l->count + 1) * sizeof(*n));
	if (!n)
		return INSTR_ERR_MEMORY;
	l->at = n;
	n += l->count++;
	n->row = *row;
	n->row.name = NULL;
	n->consumed_pos = consumed_pos;
	n->name[0] = 0;
	if (row->name) {
		strncpy(n->name, row->name, sizeof(n->name) - 1);
		n->name[sizeof(n->name) - 1] = 0;
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static int list_slots(struct restore *r)
{
	const struct irt_map *m = &r->s->at.map;
	uint32_t high = m->ring->thread_high < IRT_THREAD_MAX ? m->ring->thread_high : IRT_THREAD_MAX;
	r->in_ring = malloc((high + 1) * sizeof(*r->in_ring));
	if (!r->in_ring)
		return INSTR_ERR_MEMORY;
	for (uint32_t i = 0; i < high; i++)
		if (m->threads[i].owner)
			r->in_ring[r->in_ring_count++] = m->threads[i].owner;
	qsort(r->in_ring, r->in_ring_count, sizeof(*r->in_ring), by_number);
	return 0;
}

/* An earlier drain has given back the slots of threads that were over, when all of them was in the file.
 * No walk is made of these; *over says whether it is one. */
static int restore_ended(struct restore *r, const struct listed *l, int *over)
{
	struct irt_session *s = r->s;
	const struct irt_store_thread *row = &l->row;
	uint64_t id = (uint64_t)row->thread_id;

	*over = 0;
	r->open = r->holes = 0;
	r->process = irt_session_process(s, (uint32_t)row->process_id);
	if (!r->process)
		return INSTR_ERR_FORMAT;
	if (row->last_ticks > r->process->last_ticks)
		r->process->last_ticks = row->last_ticks;
	if (!(row->flags & IRT_STORE_THREAD_SUM)) {
		if (bsearch(&id, r->in_ring, r->in_ring_count, sizeof(id), by_number) || l->consumed_pos > row->totals_pos)
			return 0;
		int e = irt_store_read_holes(s->store, row->thread_id, r, note_hole);
		if (e || r->holes)
			return e;
	}
	*over = 1;
	int e = irt_store_read_totals(s->store, row->thread_id, r, take_ended_totals);
	/* One that went with its process ended when that did. */
	if (!e && !r->open && !(row->flags & IRT_STORE_THREAD_SUM) && row->end_ticks == row->last_ticks)
		irt_merge_add_ended(r->process, id, 0);
	return e;
}

static int restore_thread(struct restore *r, const struct listed *l)
{
	struct irt_session *s = r->s;
	const struct irt_store_thread *row = &l->row;
	if (row->process_id < 1 || row->process_id > UINT32_MAX || row->thread_id < 1 || l->consumed_pos < 0)
		return INSTR_ERR_FORMAT;
	struct irt_drained_process *p = irt_session_process(s, (uint32_t)row->process_id);
	struct irt_drained_thread *t = p ? irt_session_add_thread(s, (uint64_t)row->thread_id, p, row->start_ticks) : NULL;
	if (!t)
		return p ? INSTR_ERR_MEMORY : INSTR_ERR_FORMAT;
	r->thread = t;
	r->totals_events = (uint64_t)row->totals_events;
	irt_session_set_tid(s, t, (int32_t)row->tid);
	memcpy(t->name, l->name, sizeof(t->name));
	t->parent_thread_id = row->parent_thread_id == IRT_STORE_NULL ? 0 : (uint64_t)row->parent_thread_id;
	t->parent_position = row->parent_position == IRT_STORE_NULL ? 0 : (uint64_t)row->parent_position;
	if (row->cpu_ns != IRT_STORE_NULL && row->ready_ns != IRT_STORE_NULL && row->cpu_ticks != IRT_STORE_NULL)
		t->cpu = (struct irt_cpu){.ran_ns = row->cpu_ns, .ready_ns = row->ready_ns, .ticks = row->cpu_ticks};
	t->cpu_put_ns = t->cpu.ran_ns;
	t->known = 1;
	t->lost_seen = (uint64_t)row->lost_events;
	struct irt_walk_counters c = {
		.position = (uint64_t)row->totals_pos, .events = (uint64_t)row->totals_events, .first_ticks = row->start_ticks,
		.last_ticks = row->last_ticks, .lost_events = (uint64_t)row->lost_events, .waits = (uint64_t)row->waits,
		.wait_ticks = (uint64_t)row->wait_ticks, .orphans = (uint64_t)row->orphans,
		.skipped_units = (uint64_t)row->skipped_units, .flags = (uint32_t)row->flags};
	int e = irt_walk_restore_counters(t->walk, &c);
	if (!e)
		e = irt_store_read_totals(s->store, row->thread_id, r, take_totals);
	if (!e)
		e = irt_store_read_frames(s->store, row->thread_id, r, take_frame);
	if (!e)
		e = irt_store_read_open_blocks(s->store, row->thread_id, r, take_open_block);
	if (!e)
		e = irt_contexts_add_tree(r->contexts, p->cct);
	irt_walk_set_position(t->walk, (uint64_t)row->totals_pos);
	bool in_call;
	uint32_t held = irt_locks_held(p->locks, (uint32_t)row->thread_id, &in_call);
	irt_walk_restore_locks(t->walk, held, in_call);
	if (!e)
		e = irt_store_read_chunks(s->store, row->thread_id, row->totals_pos, r, take_chunk);
	if (e)
		return e;
	if (!l->consumed_pos && !irt_walk_depth(t->walk)) /* its first events had not been committed */
		irt_inherit_later(s, t);
	irt_walk_counters(t->walk, &c);
	p->last_ticks = c.last_ticks > p->last_ticks ? c.last_ticks : p->last_ticks;
	irt_walk_set_position(t->walk, (uint64_t)l->consumed_pos);
	irt_walk_next_chunk(t->walk);
	t->committed_pos = (uint64_t)l->consumed_pos;
	t->next_sequence = t->restored_sequence = (uint64_t)l->consumed_pos / IRT_SUB_UNITS + 1;
	t->unit = (uint32_t)((uint64_t)l->consumed_pos % IRT_SUB_UNITS);
	if (p->dead && p->slot == UINT32_MAX)
		t->dead = 1;
	return irt_store_read_holes(s->store, row->thread_id, r, take_hole);
}

/* A row of functions takes more bytes than this allows each id; rows that are no functions have ids too. */
static uint32_t greatest_function(const struct irt_session *s)
{
	enum { ALWAYS = 1 << 20, MOST = 1 << 26 };
	struct stat st = {0};
	fstatat(s->out_fd, s->out_name, &st, AT_SYMLINK_NOFOLLOW);
	return st.st_size / 4 < MOST - ALWAYS ? ALWAYS + (uint32_t)(st.st_size / 4) : MOST;
}

int irt_session_restore(struct irt_session *s)
{
	struct restore r = {.s = s};
	struct list l = {0};
	int e = irt_symbols_load(s->symbols, s->store, greatest_function(s));
	if (!e)
		e = irt_store_read_processes(s->store, &r, take_process);
	for (uint32_t i = 0; i < s->process_count && !e; i++) {
		r.process = s->processes[i];
		e = irt_store_read_contexts(s->store, r.process->facts.process_id, &r, take_context);
	}
	if (!e)
		e = irt_restore_heaps(s);
	if (!e)
		e = irt_restore_blocks(s);
	if (!e)
		e = irt_restore_locks(s);
	if (!e)
		e = irt_restore_creations(s);
	if (!e)
		e = irt_store_read_threads(s->store, &l, list_thread);
	if (!e)
		e = irt_chunk_decoder_create(&r.decoder);
	if (!e)
		e = list_slots(&r);
	for (size_t i = 0; i < l.count && !e; i++) {
		int over;
		e = restore_ended(&r, &l.at[i], &over);
		if (e || over)
			continue;
		/* One map of contexts per thread's process; threads of one process mostly follow each other. */
		irt_contexts_destroy(r.contexts);
		r.contexts = NULL;
		e = irt_contexts_create(&r.contexts);
		if (!e)
			e = restore_thread(&r, &l.at[i]);
	}
	if (!e)
		e = irt_restore_creators(s);
	if (!e)
		e = irt_store_read_clocks(s->store, &r, take_clock);
	if (!e)
		e = irt_store_read_losses(s->store, &r, take_loss);
	if (!e)
		e = irt_store_read_function_totals(s->store, IRT_STORE_NULL, &r, take_orphans);
	irt_chunk_decoder_destroy(r.decoder);
	irt_contexts_destroy(r.contexts);
	free(l.at);
	free(r.in_ring);
	if (e)
		strcpy(s->error, "the trace file is damaged and cannot be continued");
	return e;
}
