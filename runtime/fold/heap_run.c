/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_run.c - see heap.h: plain events in a row. What it does of each is what irt_heap_apply does, less what cannot be:
 * it stops before an event of which that is not certain, and has changed nothing for it. What keeps it short:
 *   - The table is probed once: an allocation goes where the search for its address has ended.
 *   - The thread is looked for once, and the heap's state is written back once.
 *   - No event that fits nothing yet is of the address, no realloc has an unknown block in hands.
 */
#include "fold/heap_internal.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum { LARGE_TABLE = 1 << 12 }; /* slots that are not near for certain */

/* NULL: the event is left to who takes care of everything. */
static inline struct place *known_place(struct irt_heap *h, const struct irt_shared_event *e)
{
	const struct last_place *last = last_place(h, e->context, e->site);

	return likely(last->context == e->context && last->site == e->site && (e->context | e->site)) ? &h->places[last->place] : NULL;
}

/* The slot of the address, or the empty one at which the search for it ends. */
static inline struct block *probe(struct irt_heap *h, uint64_t address, uint64_t *away)
{
	struct block *b = &h->blocks[block_slot(h, address)], *end = h->blocks + h->block_slots;

	for (*away = 0; b->address && b->address != address; ++*away)
		if (unlikely(++b == end))
			b = h->blocks;
	return b;
}

static inline bool run_alloc(struct irt_heap *h, const struct irt_shared_event *e, uint64_t *newest)
{
	uint64_t away;
	struct block *b = probe(h, e->address, &away);
	struct place *p = known_place(h, e);
	struct irt_heap_sums *s = &h->sums[IRT_HEAP_HEAP];
	struct recent *r = recent_of(h, e->address);

	if (unlikely(b->address || !p || !e->address || h->block_count + 1 >= h->block_limit))
		return false;
	*b = (struct block){.address = e->address, .bytes = e->bytes, .family = irt_site_family(e->site), .away = capped(away),
			    .ticks = e->ticks, .place = (uint32_t)(p - h->places), .thread = e->thread};
	h->block_count++;
	h->fresh = true;
	bring_peak(h, p);
	p->changed = true;
	p->row.allocs++;
	p->row.bytes += e->bytes;
	s->allocs++;
	s->bytes += e->bytes;
	count_size(p, e->bytes);
	count_peak(h, p, e->ticks);
	r->address = r->address == e->address ? 0 : r->address; /* half of the time: no branch */
	*newest = e->address;
	return true;
}

static inline bool run_free(struct irt_heap *h, const struct irt_shared_event *e, uint64_t *newest)
{
	uint64_t away;
	struct block *b = probe(h, e->address, &away);
	struct place *by = known_place(h, e), *p;
	struct irt_heap_sums *s = &h->sums[IRT_HEAP_HEAP];

	if (unlikely(!b->address || !by || b->family != irt_site_family(e->site) || b->ended))
		return false;
	if (unlikely(b->stored)) {
		if (h->gone_count == h->gone_room)
			return false;
		h->gone[h->gone_count++] = b->address;
	}
	p = &h->places[b->place];
	bring_peak(h, p);
	if (likely(b->thread == e->thread)) {
		p->row.temporary += *newest == e->address;
		s->temporary += *newest == e->address;
	} else {
		p->row.crossed++;
		s->crossed++;
	}
	*newest = *newest == e->address ? 0 : *newest;
	p->row.frees++;
	p->row.freed_bytes += b->bytes;
	s->frees++;
	s->freed_bytes += b->bytes;
	count_life(p, b->ticks, e->ticks);
	by->changed = true;
	by->row.released++;
	by->row.released_bytes += b->bytes;
	*recent_of(h, e->address) = (struct recent){e->address, e->context, irt_site_id(e->site)};
	if ((b + 1 < h->blocks + h->block_slots ? b + 1 : h->blocks)->address) {
		irt_heap_close_hole(h, b);
	} else {
		b->address = 0;
		h->block_count--;
	}
	return true;
}

size_t irt_heap_run(struct irt_heap *h, const struct irt_shared_event *events, size_t count, int64_t until_ticks)
{
	const bool large = h->block_slots >= LARGE_TABLE, odd = h->odd_count;
	size_t done;
	struct heap_thread *t = irt_heap_find_thread(h, events->thread);

	if (!t || h->strangers || !h->recent)
		return 0;
	uint64_t newest = t->newest[IRT_HEAP_HEAP];
	uint64_t freed = t->last_operation == IRT_OP_FREE ? t->last_address : 0; /* by the event before */
	for (done = 0; done < count; done++) {
		const struct irt_shared_event *e = &events[done];
		if (large && done + AHEAD < count)
			irt_heap_prefetch(h, e[AHEAD].address);
		if (e->ticks > until_ticks || e->thread != t->id || irt_site_family(e->site) > INSTR_FAMILY_DECLARED ||
		    (odd && *odd_mark(h, e->address)))
			break;
		if (e->operation == IRT_OP_ALLOC) {
			if (!run_alloc(h, e, &newest))
				break;
			freed = 0;
		} else if (e->operation == IRT_OP_FREE && freed != e->address) {
			if (!run_free(h, e, &newest))
				break;
			freed = e->address;
		} else {
			break;
		}
	}
	if (!done)
		return 0;
	t->newest[IRT_HEAP_HEAP] = newest;
	t->last_address = events[done - 1].address;
	t->last_operation = events[done - 1].operation;
	t->last_family = irt_site_family(events[done - 1].site);
	h->used[IRT_HEAP_HEAP] = h->changed = true;
	h->absent = 0;
	if (events->ticks <= h->moment_ticks && events->ticks < h->late_ticks) /* the first is the earliest */
		h->late_ticks = events->ticks;
	if (events[done - 1].ticks > h->applied_ticks)
		h->applied_ticks = events[done - 1].ticks;
	return done;
}
