/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heaps.c - the heaps of the run's processes: when what their threads did is brought together, and how it
 * becomes rows and comes back from them. What it means is in fold/heap.h.
 *
 * A free and the allocation that reuses its address may be of two threads. So a look applies events only up
 * to the time that all threads of the process have been walked to, those too that it does not know yet: they
 * have joined behind its beginning. The rest waits for the next look, and a checkpoint puts it beside the rows
 * that do not have it yet.
 */
#include "drain/commit.h"

#include "base/atomic.h"
#include "base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EARLY_EVENTS = 2048,   /* 80 KB of them */
	EARLY_THREADS = 64,    /* of more it is not worth looking for one that is alone */
	PART_BYTES = 4 << 20,  /* of heap_pending: a value has a limit */
	MOMENT_ROWS = 1 << 16,
};

static const char *const fault_kinds[] = {"wrong family", "freed twice", "unknown", "lost"};

/* ---- settling --------------------------------------------------------------------------------------- */

/* What comes later is later, on the grid of the events' times too. INT64_MAX: nothing more will come. */
int64_t irt_settled_until(const struct irt_session *s, const struct irt_drained_process *p)
{
	/* One that is going has started its threads, and is told that all of it is in the file. */
	uint64_t reached = p->ending ? s->horizon_ticks : s->looked_ticks - IRT_HEAP_SLACK_TICKS - s->time_unit;
	int64_t until = (int64_t)(reached - s->at.facts.start_ticks);
	int over = p->dead;
	for (uint32_t i = 0; i < s->thread_count; i++) {
		const struct irt_drained_thread *t = s->threads[i];
		if (t->process != p || t->ended)
			continue;
		over = 0;
		if (t->caught_up)
			continue;
		struct irt_walk_counters c;
		irt_walk_counters(t->walk, &c);
		/* What it does next may by its clock be later than what another thread did because of it (locks.h). */
		if (c.last_ticks - 1 - IRT_HEAP_SLACK_TICKS < until)
			until = c.last_ticks - 1 - IRT_HEAP_SLACK_TICKS;
	}
	return over ? INT64_MAX : until;
}

/* For instr_memstats: the program may ask at any moment. */
static void show(struct irt_session *s, const struct irt_drained_process *p)
{
	struct irt_heap_sums sums;
	if (p->slot >= IRT_PROCESS_MAX || p->dead || !irt_heap_sums(p->heap, IRT_HEAP_HEAP, &sums))
		return;
	uint64_t *word = s->at.map.processes[p->slot].heap;
	irt_store_relaxed(&word[IRT_HEAP_ALLOCS], sums.allocs);
	irt_store_relaxed(&word[IRT_HEAP_BYTES], sums.bytes);
	irt_store_relaxed(&word[IRT_HEAP_LIVE_BLOCKS], sums.allocs - sums.frees);
	irt_store_relaxed(&word[IRT_HEAP_LIVE_BYTES], sums.bytes - sums.freed_bytes);
	irt_store_relaxed(&word[IRT_HEAP_PEAK_BYTES], sums.peak_bytes);
}

void irt_settle_heap_early(struct irt_session *s, const struct irt_drained_thread *t)
{
	struct irt_drained_process *p = t->process;

	if (t->hole_count || irt_heap_pending(p->heap) < EARLY_EVENTS || s->thread_count > EARLY_THREADS)
		return;
	for (uint32_t i = 0; i < s->thread_count; i++)
		if (s->threads[i] != t && s->threads[i]->process == p && !s->threads[i]->ended)
			return;
	p->heap_until = irt_settled_until(s, p);
	s->starved |= irt_heap_advance(p->heap, p->heap_until) != 0;
}

void irt_settle_heaps(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (irt_heap_is_waiting(p->heap)) {
			p->heap_until = irt_settled_until(s, p);
			s->starved |= irt_heap_settle(p->heap, p->heap_until) != 0;
			show(s, p);
		}
		s->dirty |= irt_heap_is_unsaved(p->heap);
	}
}

/* ---- rows ------------------------------------------------------------------------------------------- */

struct put {
	struct irt_session *s;
	struct irt_drained_process *p;
	int64_t ticks; /* the moment of which the heap's rows tell */
};

static int put_gone(void *arg, enum irt_heap_kind kind, uint64_t address)
{
	struct put *put = arg;
	return irt_store_delete_live_block(put->s->store, put->p->facts.process_id, kind, (int64_t)address);
}

static int put_block(void *arg, const struct irt_heap_block *b)
{
	struct put *put = arg;
	return irt_store_put_live_block(put->s->store, &(struct irt_store_live_block){
		.process_id = put->p->facts.process_id, .kind = irt_heap_kind(irt_site_family(b->site)),
		.address = (int64_t)b->address, .bytes = (int64_t)b->bytes,
		.context_id = irt_context_id(put->p, b->context), .site_id = irt_site_id(b->site), .thread_id = b->thread,
		.start_ticks = b->ticks, .family = irt_site_family(b->site), .resizer = b->resizer ? b->resizer : IRT_STORE_NULL,
		.pool = b->pool ? (int64_t)b->pool : IRT_STORE_NULL, .resized = b->resized});
}

static int put_place(void *arg, const struct irt_heap_place *p)
{
	struct put *put = arg;
	uint8_t sizes[IRT_HISTOGRAM_BYTES_MAX], lifetimes[IRT_HISTOGRAM_BYTES_MAX];
	size_t size_bytes = irt_histogram_write(&p->sizes, sizes), lifetime_bytes = irt_histogram_write(&p->lifetimes, lifetimes);
	return irt_store_put_heap_totals(put->s->store, &(struct irt_store_heap_totals){
		.context_id = irt_context_id(put->p, p->context), .site_id = p->site_id, .kind = p->kind, .allocs = (int64_t)p->allocs,
		.bytes = (int64_t)p->bytes, .frees = (int64_t)p->frees, .freed_bytes = (int64_t)p->freed_bytes,
		.failed = (int64_t)p->failed, .resized = (int64_t)p->resized, .temporary = (int64_t)p->temporary,
		.crossed = (int64_t)p->crossed, .max_bytes = (int64_t)p->max_bytes, .peak_blocks = (int64_t)p->peak_blocks,
		.peak_bytes = (int64_t)p->peak_bytes, .life_ticks = (int64_t)p->life_ticks,
		.sizes = size_bytes ? sizes : NULL, .sizes_bytes = (int64_t)size_bytes,
		.lifetimes = lifetime_bytes ? lifetimes : NULL, .lifetimes_bytes = (int64_t)lifetime_bytes,
		.released = (int64_t)p->released, .released_bytes = (int64_t)p->released_bytes, .chains = (int64_t)p->chains,
		.grown = (int64_t)p->grown, .moved = (int64_t)p->moved, .moved_bytes = (int64_t)p->moved_bytes});
}

static int put_fault(void *arg, const struct irt_heap_fault *f)
{
	struct put *put = arg;
	return irt_store_put_heap_fault(put->s->store, &(struct irt_store_heap_fault){
		.process_id = put->p->facts.process_id, .kind = fault_kinds[f->kind], .context_id = irt_context_id(put->p, f->context),
		.site_id = f->site_id, .block_context_id = f->kind == IRT_HEAP_UNKNOWN ? 0 : irt_context_id(put->p, f->block_context),
		.block_site_id = f->block_site_id, .count = (int64_t)f->count, .address = (int64_t)f->address,
		.first_ticks = f->first_ticks});
}

static int64_t resident_bytes(const struct irt_drained_process *p)
{
	char text[128];
	unsigned long long size, resident;
	if (p->dead || !p->proc_pid || irt_read_proc(text, sizeof(text), "%d/statm", p->proc_pid) < 0)
		return IRT_STORE_NULL;
	return sscanf(text, "%llu %llu", &size, &resident) == 2 ? (int64_t)(resident * IRT_PAGE) : IRT_STORE_NULL;
}

/* The time of which the heap's rows tell; *even: the events up to it are in them, all and no others. */
static int64_t heap_time(const struct irt_drained_process *p, int64_t ticks, int *even)
{
	int64_t stands_at;
	*even = irt_heap_stands_at(p->heap, &stands_at) && (p->dead || !p->ending);
	if (*even)
		return stands_at < ticks ? stands_at : ticks;
	return p->heap_until && p->heap_until < ticks ? p->heap_until : ticks;
}

/* Moments of heap_history: every second, then every two, and so on, each time that so many rows have come. Readers
 * go on from them by the events that are later: the time must be even, or it is for the next checkpoint. */
static int is_moment(const struct irt_session *s, const struct irt_drained_process *p)
{
	uint64_t seconds = UINT64_C(1) << (p->moment_rows / MOMENT_ROWS < 20 ? p->moment_rows / MOMENT_ROWS : 20);
	return p->dead || s->look_ns - p->moments_ns >= seconds * 1000000000;
}

static int put_moved(void *arg, uint32_t context, uint32_t site_id, uint64_t blocks, uint64_t bytes)
{
	struct put *put = arg;
	put->p->moment_rows++;
	return irt_store_put_heap_history(put->s->store, &(struct irt_store_heap_history){
		irt_context_id(put->p, context), site_id, put->ticks, (int64_t)blocks, (int64_t)bytes});
}

static void put_moment(struct put *put)
{
	irt_heap_each_moved(put->p->heap, put, put_moved);
	irt_store_put_heap_moment(put->s->store, put->p->facts.process_id, put->ticks);
	put->p->moment_put = 1;
	put->p->moment_ticks = put->ticks;
}

static void put_sums(const struct put *put, enum irt_heap_kind kind, const struct irt_heap_sums *sums)
{
	irt_store_put_heap(put->s->store, &(struct irt_store_heap){
		.process_id = put->p->facts.process_id, .kind = kind, .allocs = (int64_t)sums->allocs, .bytes = (int64_t)sums->bytes,
		.frees = (int64_t)sums->frees, .freed_bytes = (int64_t)sums->freed_bytes, .failed = (int64_t)sums->failed,
		.resized = (int64_t)sums->resized, .temporary = (int64_t)sums->temporary, .crossed = (int64_t)sums->crossed,
		.lost = (int64_t)sums->lost, .unknown_frees = (int64_t)sums->unknown_frees,
		.peak_blocks = (int64_t)sums->peak_blocks, .peak_bytes = (int64_t)sums->peak_bytes,
		.peak_ticks = sums->peak_bytes ? sums->peak_ticks : IRT_STORE_NULL});
}

static int64_t alive(const struct irt_heap_sums *sums) { return (int64_t)(sums->bytes - sums->freed_bytes); }

static void put_heap(struct irt_session *s, struct irt_drained_process *p, int64_t ticks)
{
	int even;
	struct put put = {s, p, heap_time(p, ticks, &even)};
	struct irt_heap_sums sums[IRT_HEAP_KINDS];
	int used = 0;
	for (int kind = 0; kind < IRT_HEAP_KINDS; kind++) {
		if (!irt_heap_sums(p->heap, kind, &sums[kind]))
			continue;
		put_sums(&put, kind, &sums[kind]);
		used = 1;
	}
	if (used) {
		const struct irt_heap_sums *heap = &sums[IRT_HEAP_HEAP];
		irt_store_put_heap_sample(s->store, &(struct irt_store_heap_sample){
			.process_id = p->facts.process_id, .ticks = put.ticks, .allocs = (int64_t)heap->allocs,
			.bytes = (int64_t)heap->bytes, .live_blocks = (int64_t)(heap->allocs - heap->frees), .live_bytes = alive(heap),
			.pool_bytes = alive(&sums[IRT_HEAP_POOLS]), .mapped_bytes = alive(&sums[IRT_HEAP_MAPPINGS]),
			.rss_bytes = resident_bytes(p)});
		if (irt_heap_late_ticks(p->heap) != INT64_MAX)
			irt_store_delete_heap_moments(s->store, p->facts.process_id, irt_heap_late_ticks(p->heap));
		if (even && is_moment(s, p))
			put_moment(&put);
	}
	irt_heap_each_gone(p->heap, &put, put_gone);
	irt_heap_each_block(p->heap, &put, put_block);
	irt_heap_each_place(p->heap, &put, put_place);
	irt_heap_each_fault(p->heap, &put, put_fault);
	if (p->heap_pending)
		irt_store_delete_heap_pending(s->store, p->facts.process_id);
	for (size_t at = 0, part = 0; at < p->heap_packed_bytes; at += PART_BYTES, part++) {
		size_t left = p->heap_packed_bytes - at;
		irt_store_put_heap_pending(s->store, &(struct irt_store_heap_pending){
			p->facts.process_id, (int64_t)part, p->heap_packed + at, (int64_t)(left < PART_BYTES ? left : PART_BYTES)});
	}
}

/* Rows of young blocks only where no later checkpoint is sure to come. */
int irt_pack_heaps(struct irt_session *s, int last)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		free(p->heap_packed);
		p->heap_packed = NULL;
		irt_heap_want_rows(p->heap, last || p->dead || p->ending);
		p->heap_put = irt_heap_is_unsaved(p->heap) || irt_heap_is_waiting(p->heap); /* else the file has it all */
		if (irt_heap_pack(p->heap, &p->heap_packed, &p->heap_packed_bytes))
			return 0;
	}
	return 1;
}

void irt_put_heaps(struct irt_session *s, int64_t ticks)
{
	for (uint32_t i = 0; i < s->process_count; i++)
		if (s->processes[i]->heap_put)
			put_heap(s, s->processes[i], ticks);
}

void irt_heaps_committed(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (!p->heap_put)
			continue;
		irt_heap_saved(p->heap);
		p->heap_pending = p->heap_packed_bytes != 0;
		p->heap_put = 0;
		if (p->moment_put) {
			irt_heap_moment_saved(p->heap, p->moment_ticks);
			p->moments_ns = s->look_ns;
			p->moment_put = 0;
		}
	}
}

/* ---- continuing a run -------------------------------------------------------------------------------- */

struct restore {
	struct irt_session *s;
	struct irt_drained_process *p;
	uint8_t *pending; /* parts of heap_pending so far */
	size_t pending_bytes;
};

static uint32_t index_of(int64_t context_id) { return context_id < 0 ? 0 : irt_context_index(context_id); }

static int take_heap(void *arg, const struct irt_store_heap *row)
{
	struct irt_drained_process *p = irt_session_process(arg, (uint32_t)row->process_id);
	if (!p || row->kind < 0 || row->kind >= IRT_HEAP_KINDS)
		return INSTR_ERR_FORMAT;
	return irt_heap_restore_sums(p->heap, (enum irt_heap_kind)row->kind, &(struct irt_heap_sums){
		.allocs = (uint64_t)row->allocs, .bytes = (uint64_t)row->bytes, .frees = (uint64_t)row->frees,
		.freed_bytes = (uint64_t)row->freed_bytes, .failed = (uint64_t)row->failed, .resized = (uint64_t)row->resized,
		.temporary = (uint64_t)row->temporary, .crossed = (uint64_t)row->crossed, .lost = (uint64_t)row->lost,
		.unknown_frees = (uint64_t)row->unknown_frees, .peak_blocks = (uint64_t)row->peak_blocks,
		.peak_bytes = (uint64_t)row->peak_bytes, .peak_ticks = row->peak_ticks == IRT_STORE_NULL ? 0 : row->peak_ticks});
}

static int take_place(void *arg, const struct irt_store_heap_totals *row)
{
	struct restore *r = arg;
	struct irt_heap_place p = {
		.context = index_of(row->context_id), .site_id = (uint32_t)row->site_id, .kind = (uint32_t)row->kind, .allocs = (uint64_t)row->allocs,
		.bytes = (uint64_t)row->bytes, .frees = (uint64_t)row->frees, .freed_bytes = (uint64_t)row->freed_bytes,
		.failed = (uint64_t)row->failed, .resized = (uint64_t)row->resized, .temporary = (uint64_t)row->temporary,
		.crossed = (uint64_t)row->crossed, .max_bytes = (uint64_t)row->max_bytes, .peak_blocks = (uint64_t)row->peak_blocks,
		.peak_bytes = (uint64_t)row->peak_bytes, .life_ticks = (uint64_t)row->life_ticks,
		.released = (uint64_t)row->released, .released_bytes = (uint64_t)row->released_bytes,
		.chains = (uint64_t)row->chains, .grown = (uint64_t)row->grown, .moved = (uint64_t)row->moved,
		.moved_bytes = (uint64_t)row->moved_bytes};
	int e = 0;
	if (row->sizes_bytes > 0)
		e = irt_histogram_read(&p.sizes, row->sizes, (size_t)row->sizes_bytes);
	if (!e && row->lifetimes_bytes > 0)
		e = irt_histogram_read(&p.lifetimes, row->lifetimes, (size_t)row->lifetimes_bytes);
	if (!e)
		e = irt_heap_restore_place(r->p->heap, &p);
	if (e) {
		irt_histogram_fini(&p.sizes);
		irt_histogram_fini(&p.lifetimes);
	}
	return e;
}

static int take_block(void *arg, const struct irt_store_live_block *row)
{
	struct restore *r = arg;
	if (row->site_id < 0 || row->site_id >= 1 << 29 || row->family < 0 || row->family > 7)
		return INSTR_ERR_FORMAT;
	return irt_heap_restore_block(r->p->heap, &(struct irt_heap_block){
		.address = (uint64_t)row->address, .bytes = (uint64_t)row->bytes, .ticks = row->start_ticks,
		.context = index_of(row->context_id), .site = irt_site((uint32_t)row->site_id, (unsigned)row->family),
		.thread = (uint32_t)row->thread_id, .resizer = row->resizer == IRT_STORE_NULL ? 0 : (uint32_t)row->resizer,
		.pool = row->pool == IRT_STORE_NULL ? 0 : (uint64_t)row->pool, .resized = row->resized != 0});
}

static int take_fault(void *arg, const struct irt_store_heap_fault *row)
{
	struct restore *r = arg;
	uint32_t kind = 0;
	while (kind < sizeof(fault_kinds) / sizeof(*fault_kinds) && row->kind && strcmp(row->kind, fault_kinds[kind]))
		kind++;
	return irt_heap_restore_fault(r->p->heap, &(struct irt_heap_fault){
		.kind = kind, .context = index_of(row->context_id), .site_id = (uint32_t)row->site_id,
		.block_context = index_of(row->block_context_id), .block_site_id = (uint32_t)row->block_site_id,
		.count = (uint64_t)row->count, .address = (uint64_t)row->address, .first_ticks = row->first_ticks});
}

static int take_pending(void *arg, const struct irt_store_heap_pending *row)
{
	struct restore *r = arg;
	size_t bytes = row->events_bytes > 0 ? (size_t)row->events_bytes : 0;
	uint8_t *more = bytes ? realloc(r->pending, r->pending_bytes + bytes) : NULL;
	if (!more)
		return bytes ? INSTR_ERR_MEMORY : INSTR_ERR_FORMAT;
	r->pending = more;
	memcpy(r->pending + r->pending_bytes, row->events, bytes);
	r->pending_bytes += bytes;
	return 0;
}

static int restore_pending(struct restore *r)
{
	int e = irt_store_read_heap_pending(r->s->store, r->p->facts.process_id, r, take_pending);
	if (!e && r->pending) {
		r->p->heap_pending = 1;
		e = irt_heap_unpack(r->p->heap, r->pending, r->pending_bytes);
	}
	free(r->pending);
	return e;
}

int irt_restore_heaps(struct irt_session *s)
{
	struct irt_heap_sums sums;
	int e = irt_store_read_heaps(s->store, s, take_heap);
	for (uint32_t i = 0; i < s->process_count && !e; i++) {
		struct restore r = {.s = s, .p = s->processes[i]};
		int64_t first = irt_context_id(r.p, 0);
		irt_heap_expect_many(r.p->heap);
		int used = 0;
		for (int kind = 0; kind < IRT_HEAP_KINDS; kind++)
			used |= irt_heap_sums(r.p->heap, kind, &sums);
		if (used)
			e = irt_store_read_heap_totals(s->store, first, first + IRT_CCT_ID_SPAN - 1, &r, take_place);
		if (used && !e)
			e = irt_store_read_live_blocks(s->store, r.p->facts.process_id, &r, take_block);
		if (used && !e)
			e = irt_store_read_heap_faults(s->store, r.p->facts.process_id, &r, take_fault);
		if (!e)
			e = restore_pending(&r);
	}
	return e;
}
