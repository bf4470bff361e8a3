/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - see heap.h: events of several threads in one order, and what each of them does.
 *
 * Invariants:
 *   H1  What an event may need is reserved before its first change: it is applied wholly or stays pending.
 *   H2  A place keeps in peak_* what it had at the last peak; while its epoch is not the heap's, it has
 *       not changed since, and what it has now is that (touch).
 *   H3  A block that is alive is in the table, or in the hands of a thread's realloc.
 */
#include "fold/heap_internal.h"

enum {
	AHEAD = 8,       /* events whose blocks are fetched early */
	PULL_MAX = 1024, /* ... that are looked through for the end of a block whose address is used again */
};

int irt_heap_create(struct irt_heap **out, bool forked)
{
	struct irt_heap *h = calloc(1, sizeof(*h));

	*out = h;
	if (!h)
		return INSTR_ERR_MEMORY;
	h->forked = forked;
	h->last_place = NO_PLACE;
	return 0;
}

void irt_heap_destroy(struct irt_heap *h)
{
	if (!h)
		return;
	for (uint32_t i = 0; i < h->place_count; i++) {
		irt_histogram_fini(&h->places[i].row.sizes);
		irt_histogram_fini(&h->places[i].row.lifetimes);
	}
	free(h->pending);
	free(h->scratch);
	free(h->blocks);
	free(h->places);
	free(h->place_slots);
	free(h->threads);
	free(h->faults);
	free(h->fault_changed);
	free(h->fault_slots);
	free(h->gone);
	free(h->recent);
	free(h);
}

/* ---- counting -------------------------------------------------------------------------------------- */

/* H2: before the place changes. */
static struct place *touch(struct irt_heap *h, uint32_t index)
{
	struct place *p = &h->places[index];

	if (p->epoch != h->epoch) {
		p->row.peak_blocks = live_blocks(p);
		p->row.peak_bytes = live_bytes(p);
		p->epoch = h->epoch;
	}
	p->changed = true;
	return p;
}

static void count_peak(struct irt_heap *h, struct place *p, int64_t ticks)
{
	if (live_bytes(p) > p->row.max_bytes)
		p->row.max_bytes = live_bytes(p);
	if (h->sums.bytes - h->sums.freed_bytes > h->sums.peak_bytes) {
		h->sums.peak_bytes = h->sums.bytes - h->sums.freed_bytes;
		h->sums.peak_blocks = h->sums.allocs - h->sums.frees;
		h->sums.peak_ticks = ticks;
		h->epoch++;
	}
}

static void count_alloc(struct irt_heap *h, const struct irt_heap_event *e, struct block *b, bool resized)
{
	b->place = irt_heap_place(h, e->context, irt_site_id(e->site));
	struct place *p = touch(h, b->place);

	p->row.allocs++;
	p->row.bytes += b->bytes;
	p->row.resized += resized;
	h->sums.allocs++;
	h->sums.bytes += b->bytes;
	h->sums.resized += resized;
	irt_histogram_add(&p->row.sizes, irt_histogram_bucket(b->bytes), 1); /* no memory: missing there */
	count_peak(h, p, e->ticks);
}

/* The block is no more alive; its row in the file goes with it. */
static void count_end(struct irt_heap *h, struct block *b)
{
	struct place *p = touch(h, b->place);

	if (b->ended)
		return;
	p->row.frees++;
	p->row.freed_bytes += b->bytes;
	h->sums.frees++;
	h->sums.freed_bytes += b->bytes;
	if (b->stored)
		h->gone[h->gone_count++] = b->address;
	b->stored = 0;
	b->ended = 1;
}

/* It lives after all. */
static void uncount_end(struct irt_heap *h, struct block *b)
{
	struct place *p = touch(h, b->place);

	p->row.frees--;
	p->row.freed_bytes -= b->bytes;
	h->sums.frees--;
	h->sums.freed_bytes -= b->bytes;
	b->ended = 0;
	count_peak(h, p, b->ticks);
}

/* It has lived until the event. */
static void count_life(struct irt_heap *h, const struct irt_heap_event *e, const struct block *b)
{
	struct place *p = touch(h, b->place);
	uint64_t life = e->ticks > b->ticks ? (uint64_t)e->ticks - (uint64_t)b->ticks : 0;

	p->row.life_ticks += life;
	irt_histogram_add(&p->row.lifetimes, irt_histogram_bucket(life), 1); /* no memory: missing there */
}

static void count_release(struct irt_heap *h, const struct irt_heap_event *e, uint64_t bytes)
{
	struct place *p = touch(h, irt_heap_place(h, e->context, irt_site_id(e->site)));

	p->row.released++;
	p->row.released_bytes += bytes;
}

static struct recent *recent_of(struct irt_heap *h, uint64_t address)
{
	return &h->recent[(address >> 4 ^ address >> 14) % RECENT];
}

static void fault(struct irt_heap *h, enum irt_heap_fault_kind kind, const struct irt_heap_event *e, uint32_t context,
		  uint32_t site_id)
{
	irt_heap_note_fault(h, &(struct irt_heap_fault){
		.kind = kind, .context = e->context, .site_id = irt_site_id(e->site), .block_context = context,
		.block_site_id = site_id, .count = 1, .address = e->address, .first_ticks = e->ticks});
}

/* Not later than that, or so little that another processor's clock may say so. */
static bool is_near(int64_t ticks, int64_t that)
{
	return ticks <= that || (uint64_t)ticks - (uint64_t)that <= IRT_HEAP_SLACK_TICKS;
}

/* ---- events that fit nothing ------------------------------------------------------------------------ */

/* It stays as it is for good. */
static void give_up(struct irt_heap *h, unsigned i)
{
	struct odd o = h->odds[i];

	h->odds[i] = h->odds[--h->odd_count];
	h->changed = true;
	if (o.block.address) { /* displaced: its free was never seen */
		const struct irt_heap_place *p = &h->places[o.block.place].row;
		fault(h, IRT_HEAP_LOST, &o.event, p->context, p->site_id);
		h->sums.lost++;
		count_life(h, &o.event, &o.block);
		return;
	}
	h->sums.unknown_frees++;
	if (o.before.address == o.event.address)
		fault(h, IRT_HEAP_FREED_TWICE, &o.event, o.before.context, o.before.site);
	else if (!h->forked)
		fault(h, IRT_HEAP_UNKNOWN, &o.event, 0, 0);
}

void irt_heap_keep_odd(struct irt_heap *h, const struct irt_heap_event *e, const struct block *displaced)
{
	if (h->odd_count == ODD_MAX) { /* the oldest */
		unsigned oldest = 0;
		for (unsigned i = 1; i < ODD_MAX; i++)
			if (h->odds[i].round < h->odds[oldest].round)
				oldest = i;
		give_up(h, oldest);
	}
	h->odds[h->odd_count] = (struct odd){.event = *e, .before = *recent_of(h, e->address), .round = h->round};
	const struct heap_thread *t = irt_heap_find_thread(h, e->thread);
	if (displaced)
		h->odds[h->odd_count].block = *displaced;
	else
		h->odds[h->odd_count].newest = t && t->newest == e->address;
	h->odd_count++;
}

static struct odd *find_odd(struct irt_heap *h, uint64_t address, bool displaced)
{
	for (unsigned i = 0; i < h->odd_count; i++)
		if (h->odds[i].event.address == address && (h->odds[i].block.address != 0) == displaced)
			return &h->odds[i];
	return NULL;
}

static void drop_odd(struct irt_heap *h, struct odd *o) { *o = h->odds[--h->odd_count]; }

/* ---- what events do --------------------------------------------------------------------------------- */

/* A block ends by this free. */
static void end_block(struct irt_heap *h, const struct irt_heap_event *e, const struct heap_thread *t, struct block *b)
{
	struct place *p = touch(h, b->place);

	if (t->newest == e->address && b->thread == e->thread) {
		p->row.temporary++;
		h->sums.temporary++;
	}
	if (b->thread != e->thread) {
		p->row.crossed++;
		h->sums.crossed++;
	}
	if (b->family != irt_site_family(e->site))
		fault(h, IRT_HEAP_WRONG_FAMILY, e, p->row.context, p->row.site_id);
	count_end(h, b);
	count_life(h, e, b);
	count_release(h, e, b->bytes);
	*recent_of(h, e->address) = (struct recent){e->address, e->context, irt_site_id(e->site)};
}

/* Is the event one of the block that was there before, by the clock of another processor? What a thread does
 * behind an allocation of its own is never that. */
static bool is_of_displaced(const struct odd *o, const struct block *b, const struct irt_heap_event *e)
{
	return o && o->event.thread != e->thread && is_near(e->ticks, o->event.ticks) && (!b || b->thread != e->thread);
}

/* What a delete of the program's own calls, which has ended the block. (Or else the free of what another thread
 * has got since: that has this family, or the time for it.) */
static bool is_within_free(const struct heap_thread *t, const struct block *b, const struct irt_heap_event *e)
{
	return t->last_operation == IRT_OP_FREE && t->last_address == e->address &&
	       t->last_family != irt_site_family(e->site) &&
	       (!b || (b->family != irt_site_family(e->site) && is_near(e->ticks, b->ticks)));
}

static void do_free(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t)
{
	struct odd *o = h->odd_count ? find_odd(h, e->address, true) : NULL;
	struct block *b = irt_heap_find(h, e->address), ended;

	if (!e->address || is_within_free(t, b, e)) /* no hook records address 0 */
		return;
	if (is_of_displaced(o, b, e)) {
		ended = o->block;
		drop_odd(h, o);
		end_block(h, e, t, &ended);
	} else if (b) {
		ended = *b;
		irt_heap_remove(h, b);
		end_block(h, e, t, &ended);
	} else {
		irt_heap_keep_odd(h, e, NULL);
	}
}

static struct block block_of(const struct irt_heap_event *e)
{
	return (struct block){.address = e->address, .bytes = e->bytes, .family = irt_site_family(e->site), .ticks = e->ticks,
			      .place = NO_PLACE, .thread = e->thread};
}

/* What a new of the program's own has called, and was settled before that was seen: the block is that one's.
 * (It may stay in the peak with what malloc was asked for.) */
static bool is_within(const struct heap_thread *t, const struct block *b, const struct irt_heap_event *e)
{
	return e->operation == IRT_OP_ALLOC && t->last_operation == IRT_OP_ALLOC && t->last_address == e->address &&
	       b->thread == e->thread &&
	       b->family != irt_site_family(e->site);
}

static void uncount_alloc(struct irt_heap *h, const struct block *b)
{
	struct place *p = touch(h, b->place);

	p->row.allocs--;
	p->row.bytes -= b->bytes;
	h->sums.allocs--;
	h->sums.bytes -= b->bytes;
	unsigned bucket = irt_histogram_bucket(b->bytes) - p->row.sizes.first;
	if (bucket < p->row.sizes.span && p->row.sizes.counts[bucket])
		p->row.sizes.counts[bucket]--;
}

static void begin_block(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t, bool resized)
{
	struct block b = block_of(e), *there = irt_heap_find(h, e->address);
	struct recent *r = recent_of(h, e->address);

	if (there) {
		struct block old = *there;
		irt_heap_remove(h, there);
		if (is_within(t, &old, e)) {
			if (old.stored)
				h->gone[h->gone_count++] = old.address;
			uncount_alloc(h, &old);
		} else {
			count_end(h, &old);
			irt_heap_keep_odd(h, e, &old);
		}
	}
	count_alloc(h, e, &b, resized);
	irt_heap_insert(h, &b);
	if (r->address == e->address)
		r->address = 0;
}

/* A realloc of another thread that has an unknown block of that address in hands since that time. */
static struct block *find_stranger(const struct irt_heap *h, const struct irt_heap_event *e)
{
	for (uint32_t i = 0; i < h->thread_slots; i++) {
		struct heap_thread *t = &h->threads[i];
		for (uint32_t k = 0; t->id && t->id != e->thread && k < t->hand_count; k++)
			if (t->hands[k].place == NO_PLACE && t->hands[k].address == e->address &&
			    is_near(e->ticks, t->hands[k].ticks))
				return &t->hands[k];
	}
	return NULL;
}

/* Has the free of the block that begins with this event, or is back, come before it? Or a realloc of it? */
static void end_early(struct irt_heap *h, const struct irt_heap_event *e)
{
	struct odd *o = h->odd_count ? find_odd(h, e->address, false) : NULL;
	struct block *hand = h->strangers ? find_stranger(h, e) : NULL;
	struct block *b;

	if (hand && (b = irt_heap_find(h, e->address))) {
		*hand = *b;
		irt_heap_remove(h, b);
		h->strangers--;
		return;
	}
	if (!o || o->event.thread == e->thread || !is_near(e->ticks, o->event.ticks) || !(b = irt_heap_find(h, e->address)))
		return;
	struct irt_heap_event end = o->event;
	struct block ended = *b;
	struct heap_thread then = {.newest = o->newest ? e->address : 0};
	drop_odd(h, o);
	irt_heap_remove(h, b);
	end_block(h, &end, &then, &ended);
}

static void do_alloc(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t)
{
	if (!e->address) {
		touch(h, irt_heap_place(h, e->context, irt_site_id(e->site)))->row.failed++;
		h->sums.failed++;
		return;
	}
	begin_block(h, e, t, false);
	t->newest = e->address;
	end_early(h, e);
}

/* A realloc has failed, or its end was never seen: the block is where it was. If another one is there, records
 * are missing: it has ended before that began. */
static void put_back(struct irt_heap *h, struct block *b)
{
	const struct block *there = irt_heap_find(h, b->address);

	h->changed = true;
	if (there) {
		const struct irt_heap_place *p = &h->places[there->place].row;
		struct irt_heap_event e = {.ticks = there->ticks, .address = there->address, .bytes = there->bytes,
					   .context = p->context, .site = irt_site(p->site_id, there->family),
					   .thread = there->thread, .operation = IRT_OP_ALLOC};
		count_end(h, b);
		irt_heap_keep_odd(h, &e, b);
		return;
	}
	if (b->stored) /* its row says that it is in hands */
		h->gone[h->gone_count++] = b->address;
	if (b->ended)
		uncount_end(h, b);
	b->stored = 0;
	irt_heap_insert(h, b);
}

static void do_resize(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t)
{
	struct odd *o = h->odd_count ? find_odd(h, e->address, true) : NULL;
	struct block *b = irt_heap_find(h, e->address), hand = block_of(e);

	if (is_of_displaced(o, b, e)) {
		hand = o->block;
		drop_odd(h, o);
	} else if (b) {
		hand = *b;
		irt_heap_remove(h, b);
	} /* else place NO_PLACE: its allocation was not seen */
	if (t->hand_count == HANDS) {
		if (t->hands[0].place != NO_PLACE)
			put_back(h, &t->hands[0]);
		h->strangers -= t->hands[0].place == NO_PLACE;
		memmove(t->hands, t->hands + 1, (HANDS - 1) * sizeof(*t->hands));
		t->hand_count--;
	}
	h->strangers += hand.place == NO_PLACE;
	t->hands[t->hand_count++] = hand;
}

static void do_resized(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t)
{
	struct block old = {.place = NO_PLACE};
	struct irt_heap_event end = *e;

	if (t->hand_count) {
		old = t->hands[--t->hand_count];
		h->strangers -= old.place == NO_PLACE;
	}
	if (e->bytes == IRT_HEAP_FAILED) {
		if (old.place != NO_PLACE) {
			put_back(h, &old);
			end_early(h, e);
		}
		touch(h, irt_heap_place(h, e->context, irt_site_id(e->site)))->row.failed++;
		h->sums.failed++;
		return;
	}
	end.address = old.address;
	end.operation = IRT_OP_FREE;
	if (t->newest == old.address)
		t->newest = 0; /* a resizing makes nothing temporary */
	if (old.place != NO_PLACE) {
		end_block(h, &end, t, &old);
	} else if (old.address) {
		end.ticks = old.ticks; /* since then it is not there */
		irt_heap_keep_odd(h, &end, NULL);
	}
	if (e->address) {
		begin_block(h, e, t, true);
		t->newest = e->address;
		end_early(h, e);
	}
}

static void apply(struct irt_heap *h, const struct irt_heap_event *e)
{
	struct heap_thread *t = irt_heap_thread(h, e->thread);

	h->used = h->changed = true;
	switch (e->operation) {
	case IRT_OP_ALLOC:
		do_alloc(h, e, t);
		break;
	case IRT_OP_FREE:
		do_free(h, e, t);
		break;
	case IRT_OP_RESIZE:
		do_resize(h, e, t);
		break;
	case IRT_OP_RESIZED:
		do_resized(h, e, t);
		break;
	default:
		break;
	}
	if (t->newest == e->address && e->operation == IRT_OP_FREE)
		t->newest = 0;
	t->last_operation = e->operation;
	t->last_address = e->address;
	t->last_family = irt_site_family(e->site);
}

/* ---- their order ------------------------------------------------------------------------------------- */

/* A new of the program's own that calls malloc: two records, one block. Or is what malloc gave freed by another
 * thread between the two? That shows when they are in order. */
static bool seems_inner(const struct irt_heap_event *inner, const struct irt_heap_event *e)
{
	return inner->thread == e->thread && inner->address == e->address && inner->operation == IRT_OP_ALLOC &&
	       e->operation == IRT_OP_ALLOC && e->address && irt_site_family(inner->site) != irt_site_family(e->site);
}

int irt_heap_add(struct irt_heap *h, const struct irt_heap_event *e)
{
	if (!irt_heap_grow(&h->pending, &h->pending_room, h->pending_count + 1, sizeof(*h->pending)))
		return INSTR_ERR_MEMORY;
	if (h->pending_sorted == h->pending_count &&
	    (!h->pending_count || h->pending[h->pending_count - 1].ticks <= e->ticks))
		h->pending_sorted++;
	if (h->pending_count && seems_inner(&h->pending[h->pending_count - 1], e))
		h->pending[h->pending_count - 1].operation = INNER;
	if (e->ticks > h->newest_ticks)
		h->newest_ticks = e->ticks;
	h->pending[h->pending_count++] = *e;
	return 0;
}

struct irt_heap_event *irt_heap_room(struct irt_heap *h, size_t count)
{
	if (!irt_heap_grow(&h->pending, &h->pending_room, h->pending_count + count, sizeof(*h->pending)))
		return NULL;
	return h->pending + h->pending_count;
}

void irt_heap_added(struct irt_heap *h, size_t count)
{
	struct irt_heap_event *e = h->pending + h->pending_count, *end = e + count;

	if (!count)
		return;
	if (h->pending_sorted == h->pending_count && (!h->pending_count || e[-1].ticks <= e->ticks))
		h->pending_sorted += count;
	if (end[-1].ticks > h->newest_ticks)
		h->newest_ticks = end[-1].ticks;
	for (e += !h->pending_count; e < end; e++)
		if (seems_inner(e - 1, e))
			e[-1].operation = INNER;
	h->pending_count += count;
}

static size_t run_end(const struct irt_heap_event *e, size_t from, size_t count)
{
	size_t i = from + 1;

	while (i < count && e[i - 1].ticks <= e[i].ticks)
		i++;
	return i < count ? i : count;
}

/* Runs that are in order, as the threads have put them in, are merged two by two until one is left. Of
 * equal times the one that came first stays first. */
static bool sort_pending(struct irt_heap *h)
{
	size_t count = h->pending_count;

	if (h->pending_sorted == count)
		return true;
	if (!irt_heap_grow(&h->scratch, &h->scratch_room, count, sizeof(*h->scratch)))
		return false;
	for (;;) {
		struct irt_heap_event *from = h->pending, *to = h->scratch;
		size_t room = h->pending_room, runs = 0, out = 0;
		for (size_t a = 0; a < count;) {
			size_t b = run_end(from, a, count), end = b < count ? run_end(from, b, count) : count, i = a, k = b;
			while (i < b && k < end)
				to[out++] = from[k].ticks < from[i].ticks ? from[k++] : from[i++];
			while (i < b)
				to[out++] = from[i++];
			while (k < end)
				to[out++] = from[k++];
			a = end;
			runs++;
		}
		h->pending = to;
		h->scratch = from;
		h->pending_room = h->scratch_room;
		h->scratch_room = room;
		if (runs == 1)
			break;
		if (!irt_heap_grow(&h->scratch, &h->scratch_room, count, sizeof(*h->scratch)))
			return false;
	}
	h->pending_sorted = count;
	return true;
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
			put_back(h, &t->hands[t->hand_count - 1]);
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
	struct irt_heap_event *e = &h->pending[at];

	for (size_t i = at + 1; i < h->pending_count && i - at < PULL_MAX; i++) {
		const struct irt_heap_event *o = &h->pending[i];
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
static bool is_used(struct irt_heap *h, const struct irt_heap_event *e)
{
	const struct block *b = irt_heap_find(h, e->address);
	const struct heap_thread *t = b ? irt_heap_find_thread(h, e->thread) : NULL;

	return b && !(t && is_within(t, b, e));
}

/* One pending event. false: no memory, it has not been done. */
static bool do_pending(struct irt_heap *h, struct irt_heap_event *e)
{
	if (!irt_heap_reserve(h)) /* H1 */
		return false;
	if (e->operation == INNER)
		look_outside(h, (size_t)(e - h->pending), INT64_MAX);
	if (e->operation == END)
		return end_thread(h, e->thread);
	if (e->operation != DONE)
		apply(h, e);
	return true;
}

/* The block whose address this allocation got has not ended yet: does its end, or a realloc of it, come right
 * behind, by the clock of another processor? Then that is first, and what its thread did before it. false: no
 * memory; try again. */
static bool pull_forward(struct irt_heap *h, size_t at)
{
	const struct irt_heap_event *e = &h->pending[at];
	size_t last = h->pending_count - at > PULL_MAX ? at + PULL_MAX : h->pending_count, i = at + 1;

	for (; i < last && is_near(h->pending[i].ticks, e->ticks); i++)
		if (h->pending[i].address == e->address && h->pending[i].thread != e->thread &&
		    h->pending[i].operation != DONE)
			break;
	if (i >= last || !is_near(h->pending[i].ticks, e->ticks) ||
	    (h->pending[i].operation != IRT_OP_FREE && h->pending[i].operation != IRT_OP_RESIZE))
		return true;
	for (size_t k = at + 1; k <= i; k++) {
		if (h->pending[k].thread != h->pending[i].thread)
			continue;
		if (!do_pending(h, &h->pending[k]))
			return false;
		h->pending[k].operation = DONE;
	}
	return true;
}

int irt_heap_settle(struct irt_heap *h, int64_t until_ticks)
{
	size_t done = 0, count = h->pending_count;
	bool last = until_ticks == INT64_MAX;
	int err = 0;

	if (!count && !h->odd_count)
		return 0;
	if (!sort_pending(h))
		return INSTR_ERR_MEMORY;
	if (count <= IRT_HEAP_PENDING_MAX)
		h->expects_many = false;
	else if (!h->expects_many && h->pending[count - IRT_HEAP_PENDING_MAX].ticks > until_ticks)
		until_ticks = h->pending[count - IRT_HEAP_PENDING_MAX].ticks;
	for (; done < count && h->pending[done].ticks <= until_ticks; done++) {
		struct irt_heap_event *e = &h->pending[done];
		if (done + AHEAD < count)
			irt_heap_prefetch(h, h->pending[done + AHEAD].address);
		if (e->operation == INNER && !look_outside(h, done, until_ticks))
			break;
		bool begins = e->operation == IRT_OP_ALLOC || e->operation == IRT_OP_RESIZED;
		if ((begins && is_used(h, e) && !pull_forward(h, done)) || !do_pending(h, e)) {
			err = INSTR_ERR_MEMORY;
			break;
		}
	}
	if (done) {
		h->changed = true;
		memmove(h->pending, h->pending + done, (count - done) * sizeof(*h->pending));
		h->pending_count = h->pending_sorted = count - done;
	}
	if (err)
		return err;
	for (unsigned i = h->odd_count; i-- > 0;) {
		if (!last && (h->odds[i].round + 1 >= h->round || is_near(until_ticks, h->odds[i].event.ticks)))
			continue;
		if (!irt_heap_reserve(h))
			return INSTR_ERR_MEMORY;
		give_up(h, i);
	}
	h->round++;
	return 0;
}

void irt_heap_end_thread(struct irt_heap *h, uint32_t thread)
{
	/* Behind what is pending of it; without memory for that it stays known. */
	if (h->pending_count)
		irt_heap_add(h, &(struct irt_heap_event){.ticks = h->newest_ticks, .thread = thread, .operation = END});
	else
		end_thread(h, thread);
}

void irt_heap_expect_many(struct irt_heap *h)
{
	h->expects_many = true;
}

bool irt_heap_is_waiting(const struct irt_heap *h)
{
	return h->pending_count || h->odd_count;
}

bool irt_heap_is_unsaved(const struct irt_heap *h)
{
	return h->changed;
}
