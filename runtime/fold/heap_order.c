/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_order.c - see heap.h: events of several threads in one order.
 *
 *     irt_heap_add ──► pending ──irt_pending_sort──► by time ──look_outside, pull_forward──► irt_heap_apply
 */
#include "fold/heap_internal.h"

enum {
	PULL_MAX = 1024, /* ... that are looked through for the end of a block whose address is used again */
};

/* A new of the program's own that calls malloc: two records, one block. Or is what malloc gave freed by another
 * thread between the two? That shows when they are in order. */
static bool seems_inner(const struct irt_shared_event *inner, const struct irt_shared_event *e)
{
	return inner->address == e->address && inner->thread == e->thread && inner->operation == IRT_OP_ALLOC &&
	       e->operation == IRT_OP_ALLOC && e->address && irt_site_family(inner->site) != irt_site_family(e->site);
}

struct irt_shared_event *irt_heap_room(struct irt_heap *h, size_t count)
{
	return irt_pending_room(&h->pending, count);
}

void irt_heap_added(struct irt_heap *h, size_t count)
{
	struct irt_shared_event *e = h->pending.events + h->pending.count, *end = e + count;
	bool first = !h->pending.count;

	if (!count)
		return;
	irt_pending_added(&h->pending, count);
	if (end[-1].ticks > h->newest_ticks)
		h->newest_ticks = end[-1].ticks;
	for (e += first; e < end; e++)
		if (seems_inner(e - 1, e))
			e[-1].operation = INNER;
}

static bool can_be(const struct irt_shared_event *e)
{
	switch (irt_heap_kind(irt_site_family(e->site))) {
	case IRT_HEAP_POOLS:
		return e->operation == IRT_OP_ALLOC || e->operation == IRT_OP_FREE || e->operation == IRT_OP_POOL ||
		       e->operation == IRT_OP_RESET;
	case IRT_HEAP_MAPPINGS:
		return e->operation == IRT_OP_ALLOC || e->operation == IRT_OP_RESIZED || e->operation == IRT_OP_UNMAP;
	default:
		return e->operation <= IRT_OP_RESIZED;
	}
}

int irt_heap_add(struct irt_heap *h, const struct irt_shared_event *e)
{
	struct irt_shared_event *room = irt_heap_room(h, 1);

	if (!room)
		return INSTR_ERR_MEMORY;
	if (!can_be(e))
		return 0;
	*room = *e;
	room->address = key_of(irt_heap_kind(irt_site_family(e->site)), e->address);
	irt_heap_added(h, 1);
	return 0;
}

/* Whatever it died over. */
static bool end_thread(struct irt_heap *h, uint32_t thread)
{
	struct heap_thread *t = irt_heap_find_thread(h, thread);

	for (; t && t->hand_count; t->hand_count--) {
		if (!irt_heap_reserve(h))
			return false;
		t = irt_heap_find_thread(h, thread); /* the table may have moved */
		if (t->hands[t->hand_count - 1].place != NO_PLACE)
			irt_heap_put_back(h, &t->hands[t->hand_count - 1]);
		h->strangers -= t->hands[t->hand_count - 1].place == NO_PLACE;
	}
	if (t)
		irt_heap_forget_thread(h, t);
	return true;
}

/* An inner one becomes what it is: done, or an allocation. false: the other one is later than what all threads
 * have passed; a free between the two may still come. */
static bool look_outside(struct irt_heap *h, size_t at, int64_t until_ticks)
{
	struct irt_shared_event *e = &h->pending.events[at];

	for (size_t i = at + 1; i < h->pending.count && i - at < PULL_MAX; i++) {
		const struct irt_shared_event *o = &h->pending.events[i];
		if (o->ticks > until_ticks)
			return false;
		if (o->thread == e->thread && o->operation != DONE) {
			e->operation = DONE;
			return true;
		}
		if (o->address == e->address && o->thread != e->thread)
			break;
	}
	e->operation = IRT_OP_ALLOC;
	return true;
}

/* Is another block at the address that this one gets? */
static bool is_used(struct irt_heap *h, const struct irt_shared_event *e)
{
	const struct block *b = irt_heap_find(h, e->address);
	const struct heap_thread *t = b ? irt_heap_find_thread(h, e->thread) : NULL;

	h->absent = b ? 0 : e->address;
	return b && !(t && irt_heap_is_within(t, b, e));
}

/* One pending event. false: no memory, it has not been done. */
static bool do_pending(struct irt_heap *h, struct irt_shared_event *e)
{
	if (!irt_heap_reserve(h)) /* H1 */
		return false;
	if (e->operation == INNER)
		look_outside(h, (size_t)(e - h->pending.events), INT64_MAX);
	if (e->operation == END)
		return end_thread(h, e->thread);
	if (irt_site_family(e->site) > INSTR_FAMILY_DECLARED && !irt_heap_make_special_room(h, e))
		return false;
	if (e->operation != DONE)
		irt_heap_apply(h, e);
	if (e->ticks <= h->moment_ticks && e->ticks < h->late_ticks)
		h->late_ticks = e->ticks;
	if (e->ticks > h->applied_ticks)
		h->applied_ticks = e->ticks;
	return true;
}

/* The block whose address this allocation got has not ended yet: does its end, or a realloc of it, come right
 * behind, by the clock of another processor? Then that is first, and what its thread did before it. false: no
 * memory; try again. */
static bool pull_forward(struct irt_heap *h, size_t at)
{
	struct irt_shared_event *events = h->pending.events;
	const struct irt_shared_event *e = &events[at];
	size_t last = h->pending.count - at > PULL_MAX ? at + PULL_MAX : h->pending.count, i = at + 1;

	for (; i < last && is_near(events[i].ticks, e->ticks); i++)
		if (events[i].address == e->address && events[i].thread != e->thread &&
		    events[i].operation != DONE)
			break;
	if (i >= last || !is_near(events[i].ticks, e->ticks) ||
	    (events[i].operation != IRT_OP_FREE && events[i].operation != IRT_OP_RESIZE &&
	     events[i].operation != IRT_OP_UNMAP))
		return true;
	for (size_t k = at + 1; k <= i; k++) {
		if (events[k].thread != events[i].thread)
			continue;
		if (!do_pending(h, &events[k]))
			return false;
		events[k].operation = DONE;
	}
	return true;
}

/* *until_ticks may become later: more waits than may. */
static int advance(struct irt_heap *h, int64_t *until_ticks)
{
	size_t done = 0, count = h->pending.count;
	int err = 0;

	h->settled_ticks = *until_ticks;
	if (!count)
		return 0;
	if (!irt_pending_sort(&h->pending)) {
		h->settled_ticks = INT64_MIN;
		return INSTR_ERR_MEMORY;
	}
	if (count <= IRT_HEAP_PENDING_MAX) {
		h->expects_many = false;
	} else if (!h->expects_many && h->pending.events[count - IRT_HEAP_PENDING_MAX].ticks > *until_ticks) {
		*until_ticks = h->pending.events[count - IRT_HEAP_PENDING_MAX].ticks;
		h->settled_ticks = INT64_MIN; /* earlier ones may come */
	}
	while (done < count && h->pending.events[done].ticks <= *until_ticks) {
		size_t run = irt_heap_run(h, h->pending.events + done, count - done, *until_ticks);
		done += run;
		if (run)
			continue;
		struct irt_shared_event *e = &h->pending.events[done];
		if (done + AHEAD < count)
			irt_heap_prefetch(h, h->pending.events[done + AHEAD].address);
		if (e->operation == INNER && !look_outside(h, done, *until_ticks))
			break;
		bool begins = e->operation == IRT_OP_ALLOC || e->operation == IRT_OP_RESIZED;
		if ((begins && is_used(h, e) && !pull_forward(h, done)) || !do_pending(h, e)) {
			err = INSTR_ERR_MEMORY;
			break;
		}
		done++;
	}
	if (done < count && h->pending.events[done].ticks <= h->settled_ticks)
		h->settled_ticks = h->pending.events[done].ticks - 1;
	if (done) {
		h->changed = true;
		irt_pending_drop(&h->pending, done);
	}
	return err;
}

int irt_heap_advance(struct irt_heap *h, int64_t until_ticks)
{
	return advance(h, &until_ticks);
}

int irt_heap_settle(struct irt_heap *h, int64_t until_ticks)
{
	bool last = until_ticks == INT64_MAX, waits = h->pending.count || h->odd_count;
	int err = advance(h, &until_ticks);

	if (err || !waits)
		return err;
	for (unsigned i = h->odd_count; i-- > 0;) {
		if (!last && (h->odds[i].round + 1 >= h->round || is_near(until_ticks, h->odds[i].event.ticks)))
			continue;
		if (!irt_heap_reserve(h))
			return INSTR_ERR_MEMORY;
		irt_heap_give_up(h, i);
	}
	h->round++;
	return 0;
}

void irt_heap_end_thread(struct irt_heap *h, uint32_t thread)
{
	/* Behind what is pending of it; without memory for that it stays known. */
	if (h->pending.count)
		irt_heap_add(h, &(struct irt_shared_event){.ticks = h->newest_ticks, .thread = thread, .operation = END});
	else
		end_thread(h, thread);
}
