/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_lock.c - records of locks: to the locks of the process, and into the open chunk, where they are told as events
 * of the heap are (heap_code.h). One at a time, or, if they are plain, many in a row, as walk_run.c does those of the
 * heap.
 */
#include "fold/walk_internal.h"

#include "fold/array.h"

enum { LOCK_UNITS = 2, ROW_MAX = 512 }; /* of a plain record; records in a row */

bool irt_walk_is_lock(unsigned ext, unsigned units)
{
	return ext >= INSTR_EXT_ACQUIRED && ext <= INSTR_EXT_CONDITION && units >= 2;
}

/* ---- blocks that are allocated while it has locks ------------------------------------------------------- */

/* As the heap counts them (heap_totals.allocs): what a new or a realloc of the program's own has called is one with it. */
static bool is_within(const struct walk_inside *i, const struct irt_shared_event *e)
{
	return e->operation == i->operation && e->address == i->address &&
	       (e->operation == IRT_OP_RESIZED || irt_site_family(e->site) != i->family);
}

void irt_walk_count_inside(struct irt_walk *w, const struct irt_shared_event *e, size_t count)
{
	struct walk_inside *i = &w->inside;

	for (const struct irt_shared_event *end = e + count; e < end; e++) {
		bool begins = (e->operation == IRT_OP_ALLOC || e->operation == IRT_OP_RESIZED) && e->address &&
			      e->bytes != IRT_HEAP_FAILED && irt_heap_kind(irt_site_family(e->site)) == IRT_HEAP_HEAP;
		if (begins && !is_within(i, e)) {
			i->allocs++;
			i->bytes += e->bytes;
		} else if (begins && i->allocs) {
			i->bytes += e->bytes - i->size; /* it is not told yet */
		}
		i->operation = begins ? e->operation : 0;
		i->family = irt_site_family(e->site);
		i->address = e->address;
		i->size = e->bytes;
	}
}

static __attribute__((noinline)) int tell_inside(struct irt_walk *w, int64_t ticks)
{
	struct walk_inside *i = &w->inside;

	if (!w->config.locks)
		return 0;
	if (irt_locks_add(w->config.locks, &(struct irt_shared_event){
		    .ticks = ticks, .address = i->bytes, .value = i->allocs, .thread = w->config.thread, .operation = IRT_OP_INSIDE}))
		return INSTR_ERR_MEMORY;
	i->allocs = i->bytes = 0;
	return 0;
}

int irt_walk_tell_inside(struct irt_walk *w)
{
	return w->inside.allocs ? tell_inside(w, (int64_t)(w->last - w->config.origin_ticks)) : 0;
}

/* ---- events --------------------------------------------------------------------------------------------- */

/* INSTR_ERR_MEMORY: try again. */
static inline __attribute__((always_inline)) int add(struct irt_walk *w, const struct irt_shared_event *e)
{
	if (w->config.locks && ((unlikely(w->inside.allocs) && tell_inside(w, e->ticks)) || irt_walk_leave_call(w, e->ticks) || irt_locks_add(w->config.locks, e)))
		return INSTR_ERR_MEMORY;
	irt_walk_count_lock(w, e->operation, e->value);
	return 0;
}

int irt_walk_step_lock(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload)
{
	uint64_t word = irt_load_relaxed(&payload->tag), n = irt_walk_stamp(w, t);
	struct irt_shared_event e = {
		.ticks = (int64_t)(w->chunk_ticks + n * w->config.time_unit_ticks - w->config.origin_ticks),
		.address = instr_hidden(irt_load_relaxed(&payload->ticks)) & IRT_HEAP_ADDRESS_MASK,
		.context = context_of(w, w->frames[w->depth].node), .thread = w->config.thread,
		.operation = IRT_OP_ACQUIRED + (instr_tag_ext(tag) - INSTR_EXT_ACQUIRED)};
	uint32_t site_id;
	int stop = irt_walk_find_site(w, tag, t, &site_id);

	if (stop != STEP_ON)
		return stop;
	e.site = irt_site(site_id, word >> INSTR_HEAP_FAMILY_SHIFT & 7);
	if (e.address && (irt_site_family(e.site) == INSTR_LOCK_OWN || irt_site_family(e.site) == INSTR_LOCK_OWN_READ))
		e.address |= IRT_LOCK_IS_OWN;
	if (irt_heap_has_bytes(e.operation))
		e.value = word & INSTR_HEAP_BYTES_MASK;
	if (e.address && add(w, &e)) /* at 0 there is none, whatever the record says */
		return IRT_WALK_NO_MEMORY;
	irt_walk_put_event(w, TOKEN_ESCAPE,
			   irt_walk_put_heap(w, irt_walk_side_end(w), &(struct irt_shared_event){
				   .operation = e.operation, .site = e.site, .address = e.address, .bytes = e.value}), n);
	return STEP_ON;
}

/* The site of a plain record, which is not in lock_sites. false: it is not plain, or not known. */
static bool find_lock_site(struct irt_walk *w, uint64_t tag, unsigned family, struct heap_site *s)
{
	const uint64_t first = INSTR_EXT_ACQUIRED | LOCK_UNITS << 8, last = INSTR_EXT_LOCK_DESTROY | LOCK_UNITS << 8;
	uint32_t id;

	if ((tag & INSTR_KIND_MASK) != INSTR_EXT || (tag >> INSTR_AUX_SHIFT) - first > last - first || family >= INSTR_LOCK_OWN ||
	    irt_walk_find_edge(w, SITE_EDGES, instr_tag_row(tag), &id) != 0)
		return false;
	*s = (struct heap_site){tag, irt_site(id, family)};
	return true;
}

/* As irt_walk_put_heap, which does what is not predicted. */
static inline uint8_t *put_lock(struct irt_walk *w, uint8_t *side, const struct irt_shared_event *e)
{
	struct irt_heap_prediction *p = &w->code.slots[w->code.last];
	uint64_t *before = &w->code.address[IRT_HEAP_BASE_LOCKS];
	uint64_t turned = irt_turned(e->address), distance = irt_zigzag((int64_t)(turned - *before));

	if (p->operation != e->operation || p->site != e->site || distance > IRT_HEAP_DISTANCE_MAX || irt_heap_has_bytes(e->operation))
		return irt_walk_put_heap(w, side, e);
	*before = turned;
	w->code.last = p->next;
	return irt_put_any_varint(side, 2 * (2 * distance + 1) + IRT_SIDE_HEAP);
}

size_t irt_walk_locks(struct irt_walk *w, const struct instr_unit *units, size_t count)
{
	const uint32_t context = context_of(w, w->frames[w->depth].node), thread = w->config.thread;
	const uint64_t from = w->last - w->config.origin_ticks;
	struct hot *const k = &w->hot;
	struct irt_shared_event *events;
	uint32_t n = 0, done = 0, room;

	/* One alone is the step's, and so is a call that the thread has left, what it has allocated, and what begins or ends a
	 * chunk. */
	if (count < 2 * LOCK_UNITS || instr_tag_kind(irt_load_relaxed(&units[LOCK_UNITS].tag)) != INSTR_EXT ||
	    instr_tag_ext(irt_load_relaxed(&units->tag)) > INSTR_EXT_LOCK_DESTROY || !w->config.locks ||
	    (w->told_call && !w->open_block_count) || w->inside.allocs || w->chunk_events == 0 || w->chunk_events >= w->config.chunk_events)
		return 0;
	room = w->config.chunk_events - w->chunk_events;
	room = room < ROW_MAX ? room : ROW_MAX;
	room = room < count / LOCK_UNITS ? room : (uint32_t)(count / LOCK_UNITS);
	if (!irt_grow(&w->symbols, &w->symbol_room, w->chunk_events + room, 1) ||
	    !irt_grow(&w->side, &w->side_room, w->side_bytes + (size_t)room * SIDE_EVENT_MAX, 1) ||
	    !(events = irt_locks_room(w->config.locks, room)))
		return 0;
	irt_walk_set_hot(w, units);
	uint8_t *side = k->side, *symbols = w->symbols + w->chunk_events;
	for (; done < room; done++, units += LOCK_UNITS) {
		const uint64_t t = irt_load_acquire(&units->ticks), tag = irt_load_relaxed(&units->tag); /* A2 */
		const uint64_t x = t - k->base, word = irt_load_relaxed(&units[1].tag);
		const unsigned family = word >> INSTR_HEAP_FAMILY_SHIFT & 7;
		struct heap_site *s = &w->lock_sites[tag * UINT64_C(0x9e3779b97f4a7c15) >> (64 - LOCK_SITE_BITS)];
		uint64_t address;
		uint32_t now, d;

		if (unlikely(x >= k->limit)) /* not committed, too */
			break;
		now = (uint32_t)(x * k->reciprocal >> 32);
		d = now - n;
		if (unlikely((int32_t)d < 0)) {
			now = n;
			d = 0;
		} else if (unlikely(d >= k->pause)) {
			break;
		}
		if (unlikely((s->tag ^ tag) | (irt_site_family(s->site) ^ family)) && !find_lock_site(w, tag, family, s))
			break;
		address = instr_hidden(irt_load_relaxed(&units[1].ticks)) & IRT_HEAP_ADDRESS_MASK;
		if (unlikely(!address))
			break;
		n = now;
		const uint32_t operation = IRT_OP_ACQUIRED - INSTR_EXT_ACQUIRED + instr_tag_ext(tag);
		events[done] = (struct irt_shared_event){
			.ticks = (int64_t)(from + n * k->unit), .context = context, .site = s->site, .thread = thread, .operation = operation,
			.address = address, .value = irt_heap_has_bytes(operation) ? word & INSTR_HEAP_BYTES_MASK : 0};
		irt_walk_count_lock(w, operation, events[done].value);
		side = put_lock(w, side, &events[done]);
		if (d >= TIME_ESCAPE)
			side = irt_put_varint(side, d - TIME_ESCAPE);
		symbols[done] = (uint8_t)(TOKEN_ESCAPE << 4 | (d < TIME_ESCAPE ? d : TIME_ESCAPE));
	}
	if (!done)
		return 0;
	w->side_bytes = (size_t)(side - w->side);
	irt_locks_added(w->config.locks, done);
	w->n += n;
	w->last += n * k->unit;
	w->events += done;
	w->chunk_events += done;
	return (size_t)done * LOCK_UNITS;
}

int irt_walk_replay_lock(struct irt_walk *w, const struct irt_event *e)
{
	return !e->extra ? 0 : add(w, &(struct irt_shared_event){
		.ticks = e->ticks, .address = e->extra, .value = e->value, .context = e->context, .site = e->site,
		.thread = w->config.thread, .operation = e->operation});
}
