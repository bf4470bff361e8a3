/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - see heap.h: what each event does. They come in one order (heap_order.c).
 *
 * Invariants:
 *   H1  What an event may need is reserved before its first change: it is applied wholly or stays pending.
 *   H2  A place keeps in peak_* what it had at the last peak; while its epoch is not the heap's, it has
 *       not changed since, and what it has now is that (touch).
 *   H3  A block that is alive is in the table, or in the hands of a thread's realloc.
 */
#include "fold/heap_internal.h"

int irt_heap_create(struct irt_heap **out, bool forked)
{
	struct irt_heap *h = calloc(1, sizeof(*h));

	*out = h;
	if (!h)
		return INSTR_ERR_MEMORY;
	h->forked = forked;
	h->wants_rows = true;
	h->applied_ticks = h->settled_ticks = INT64_MIN;
	h->moment_ticks = h->late_ticks = INT64_MAX;
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
	irt_pending_destroy(&h->pending);
	free(h->blocks);
	free(h->places);
	free(h->place_slots);
	free(h->threads);
	free(h->faults);
	free(h->fault_changed);
	free(h->fault_slots);
	irt_heap_free_pools(h);
	free(h->ranges);
	free(h->gone);
	free(h->recent);
	free(h);
}

/* ---- counting -------------------------------------------------------------------------------------- */

struct place *irt_heap_touch(struct irt_heap *h, uint32_t index)
{
	struct place *p = &h->places[index];

	bring_peak(h, p);
	p->changed = true;
	return p;
}

static void count_alloc(struct irt_heap *h, const struct irt_shared_event *e, struct block *b, bool resized)
{
	b->place = irt_heap_place(h, e->context, e->site);
	b->resized = resized;
	struct place *p = irt_heap_touch(h, b->place);
	struct irt_heap_sums *s = &h->sums[p->row.kind];

	p->row.allocs++;
	p->row.bytes += b->bytes;
	p->row.resized += resized;
	s->allocs++;
	s->bytes += b->bytes;
	s->resized += resized;
	count_size(p, b->bytes);
	count_peak(h, p, e->ticks);
}

/* The block is no more alive; its row in the file goes with it. */
static void count_end(struct irt_heap *h, struct block *b)
{
	struct place *p = irt_heap_touch(h, b->place);

	if (b->ended)
		return;
	struct irt_heap_sums *s = &h->sums[p->row.kind];
	p->row.frees++;
	p->row.freed_bytes += b->bytes;
	s->frees++;
	s->freed_bytes += b->bytes;
	if (b->family == INSTR_FAMILY_POOL)
		irt_heap_leave_pool(h, b->address);
	if (b->stored)
		h->gone[h->gone_count++] = b->address;
	b->stored = 0;
	b->ended = 1;
}

/* It lives after all. */
static void uncount_end(struct irt_heap *h, struct block *b)
{
	struct place *p = irt_heap_touch(h, b->place);

	struct irt_heap_sums *s = &h->sums[p->row.kind];
	p->row.frees--;
	p->row.freed_bytes -= b->bytes;
	s->frees--;
	s->freed_bytes -= b->bytes;
	b->ended = 0;
	count_peak(h, p, b->ticks);
}

void irt_heap_count_release(struct irt_heap *h, const struct irt_shared_event *e, uint64_t blocks, uint64_t bytes)
{
	struct place *p = &h->places[irt_heap_place(h, e->context, e->site)];

	p->changed = true; /* what is alive of it has not: H2 needs nothing */
	p->row.released += blocks;
	p->row.released_bytes += bytes;
}

static void fault(struct irt_heap *h, enum irt_heap_fault_kind kind, const struct irt_shared_event *e, uint32_t context,
		  uint32_t site_id)
{
	irt_heap_note_fault(h, &(struct irt_heap_fault){
		.kind = kind, .context = e->context, .site_id = irt_site_id(e->site), .block_context = context,
		.block_site_id = site_id, .count = 1, .address = e->address & IRT_HEAP_ADDRESS_MASK, .first_ticks = e->ticks});
}

/* ---- events that fit nothing ------------------------------------------------------------------------ */

void irt_heap_end_unknown(struct irt_heap *h, const struct irt_shared_event *e)
{
	h->sums[kind_of(e->address)].unknown_frees++;
	if (!h->forked)
		fault(h, IRT_HEAP_UNKNOWN, e, 0, 0);
}

static void drop_odd(struct irt_heap *h, struct odd *o)
{
	--*odd_mark(h, o->event.address);
	*o = h->odds[--h->odd_count];
}

/* It stays as it is for good. */
void irt_heap_give_up(struct irt_heap *h, unsigned i)
{
	struct odd o = h->odds[i];

	drop_odd(h, &h->odds[i]);
	h->changed = true;
	if (o.block.address) { /* displaced: its free was never seen */
		const struct irt_heap_place *p = &h->places[o.block.place].row;
		fault(h, IRT_HEAP_LOST, &o.event, p->context, p->site_id);
		h->sums[p->kind].lost++;
		count_life(&h->places[o.block.place], o.block.ticks, o.event.ticks);
		return;
	}
	if (o.before.address != o.event.address) {
		irt_heap_end_unknown(h, &o.event);
		return;
	}
	h->sums[kind_of(o.event.address)].unknown_frees++;
	fault(h, IRT_HEAP_FREED_TWICE, &o.event, o.before.context, o.before.site);
}

void irt_heap_keep_odd(struct irt_heap *h, const struct irt_shared_event *e, const struct block *displaced)
{
	if (!h->odd_count)
		h->odd_round = h->round;
	if (h->odd_count == ODD_MAX) { /* the oldest */
		unsigned oldest = 0;
		for (unsigned i = 1; i < ODD_MAX && h->odds[oldest].round > h->odd_round; i++)
			if (h->odds[i].round < h->odds[oldest].round)
				oldest = i;
		h->odd_round = h->odds[oldest].round;
		irt_heap_give_up(h, oldest);
	}
	h->odds[h->odd_count] = (struct odd){.event = *e, .before = *recent_of(h, e->address), .round = h->round};
	const struct heap_thread *t = irt_heap_find_thread(h, e->thread);
	if (displaced)
		h->odds[h->odd_count].block = *displaced;
	else
		h->odds[h->odd_count].newest = t && t->newest[kind_of(e->address)] == e->address;
	h->odd_count++;
	++*odd_mark(h, e->address);
}

static struct odd *find_odd(struct irt_heap *h, uint64_t address, bool displaced)
{
	if (!*odd_mark(h, address))
		return NULL;
	for (unsigned i = 0; i < h->odd_count; i++)
		if (h->odds[i].event.address == address && (h->odds[i].block.address != 0) == displaced)
			return &h->odds[i];
	return NULL;
}

/* ---- what events do --------------------------------------------------------------------------------- */

/* What a resizing has left in the thread's hands that ended by an exception: its block is as it was. */
static bool take_back(const struct irt_shared_event *e, struct heap_thread *t, struct block *b)
{
	for (unsigned i = t->hand_count; i--;) {
		if (t->hands[i].address != e->address || t->hands[i].place == NO_PLACE ||
		    t->hands[i].family != irt_site_family(e->site))
			continue;
		*b = t->hands[i];
		memmove(t->hands + i, t->hands + i + 1, (--t->hand_count - i) * sizeof(*t->hands));
		return true;
	}
	return false;
}

/* A block ends by this free. */
void irt_heap_end_block(struct irt_heap *h, const struct irt_shared_event *e, const struct heap_thread *t, struct block *b)
{
	struct place *p = irt_heap_touch(h, b->place);
	struct irt_heap_sums *s = &h->sums[p->row.kind];

	if (t->newest[p->row.kind] == b->address && b->thread == e->thread) {
		p->row.temporary++;
		s->temporary++;
	}
	if (b->thread != e->thread) {
		p->row.crossed++;
		s->crossed++;
	}
	if (b->family != irt_site_family(e->site))
		fault(h, IRT_HEAP_WRONG_FAMILY, e, p->row.context, p->row.site_id);
	count_end(h, b);
	count_life(p, b->ticks, e->ticks);
	irt_heap_count_release(h, e, 1, b->bytes);
	*recent_of(h, b->address) = (struct recent){b->address, e->context, irt_site_id(e->site)};
}

/* Is the event one of the block that was there before, by the clock of another processor? What a thread does
 * behind an allocation of its own is never that. */
static bool is_of_displaced(const struct odd *o, const struct block *b, const struct irt_shared_event *e)
{
	return o && o->event.thread != e->thread && is_near(e->ticks, o->event.ticks) && (!b || b->thread != e->thread);
}

/* What a delete of the program's own calls, which has ended the block. (Or else the free of what another thread
 * has got since: that has this family, or the time for it.) */
static bool is_within_free(const struct heap_thread *t, const struct block *b, const struct irt_shared_event *e)
{
	return t->last_operation == IRT_OP_FREE && t->last_address == e->address &&
	       t->last_family != irt_site_family(e->site) &&
	       (!b || (b->family != irt_site_family(e->site) && is_near(e->ticks, b->ticks)));
}

static void do_free(struct irt_heap *h, const struct irt_shared_event *e, struct heap_thread *t)
{
	struct odd *o = find_odd(h, e->address, true);
	struct block *b = irt_heap_find(h, e->address), ended;

	if (!e->address || is_within_free(t, b, e)) /* no hook records address 0 */
		return;
	if (is_of_displaced(o, b, e)) {
		ended = o->block;
		drop_odd(h, o);
		irt_heap_end_block(h, e, t, &ended);
	} else if (b) {
		ended = *b;
		irt_heap_remove(h, b);
		irt_heap_end_block(h, e, t, &ended);
	} else if (take_back(e, t, &ended)) {
		irt_heap_end_block(h, e, t, &ended);
	} else {
		irt_heap_keep_odd(h, e, NULL);
	}
}

static struct block block_of(const struct irt_shared_event *e)
{
	return (struct block){.address = e->address, .bytes = e->bytes, .family = irt_site_family(e->site), .ticks = e->ticks,
			      .place = NO_PLACE, .thread = e->thread};
}

/* What a new of the program's own has called, and was settled before that was seen: the block is that one's.
 * (It may stay in the peak with what malloc was asked for.) */
bool irt_heap_is_within(const struct heap_thread *t, const struct block *b, const struct irt_shared_event *e)
{
	return e->operation == IRT_OP_ALLOC && t->last_operation == IRT_OP_ALLOC && t->last_address == e->address &&
	       b->thread == e->thread && b->family != irt_site_family(e->site);
}

static void uncount_alloc(struct irt_heap *h, const struct block *b)
{
	struct place *p = irt_heap_touch(h, b->place);

	p->row.allocs--;
	p->row.bytes -= b->bytes;
	h->sums[p->row.kind].allocs--;
	h->sums[p->row.kind].bytes -= b->bytes;
	unsigned bucket = irt_histogram_bucket(b->bytes) - p->row.sizes.first;
	if (bucket < p->row.sizes.span && p->row.sizes.counts[bucket])
		p->row.sizes.counts[bucket]--;
}

static void begin_block(struct irt_heap *h, const struct irt_shared_event *e, struct heap_thread *t, bool resized)
{
	struct block b = block_of(e), *there = h->absent == e->address ? NULL : irt_heap_find(h, e->address);
	struct recent *r = recent_of(h, e->address);

	if (there) {
		struct block old = *there;
		irt_heap_remove(h, there);
		if (irt_heap_is_within(t, &old, e)) {
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
static struct block *find_stranger(const struct irt_heap *h, const struct irt_shared_event *e)
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
static void end_early(struct irt_heap *h, const struct irt_shared_event *e)
{
	struct odd *o = find_odd(h, e->address, false);
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
	struct irt_shared_event end = o->event;
	struct block ended = *b;
	struct heap_thread then = {0};
	then.newest[kind_of(e->address)] = o->newest ? e->address : 0;
	drop_odd(h, o);
	irt_heap_remove(h, b);
	irt_heap_end_block(h, &end, &then, &ended);
}

static void do_alloc(struct irt_heap *h, const struct irt_shared_event *e, struct heap_thread *t)
{
	if (!e->address) {
		irt_heap_touch(h, irt_heap_place(h, e->context, e->site))->row.failed++;
		h->sums[irt_heap_kind(irt_site_family(e->site))].failed++;
		return;
	}
	enum irt_heap_kind kind = kind_of(e->address);
	if (kind == IRT_HEAP_MAPPINGS)
		irt_heap_cut(h, e, t); /* MAP_FIXED */
	begin_block(h, e, t, e->operation == IRT_OP_RESIZED);
	t->newest[kind] = e->address;
	if (kind == IRT_HEAP_POOLS && t->pool) {
		irt_heap_add_to_pool(h, t->pool, e->address);
		t->pool = 0;
	}
	end_early(h, e);
}

static void do_reset(struct irt_heap *h, const struct irt_shared_event *e, const struct heap_thread *t)
{
	struct pool *pool;

	while ((pool = irt_heap_find_pool(h, e->address))) {
		struct block *b = irt_heap_find(h, pool->blocks[pool->count - 1]), ended = {0};
		if (b)
			ended = *b;
		irt_heap_leave_pool(h, pool->blocks[pool->count - 1]);
		if (!b)
			continue;
		irt_heap_remove(h, b);
		irt_heap_end_block(h, e, t, &ended);
	}
}

static void do_unmap(struct irt_heap *h, const struct irt_shared_event *e, const struct heap_thread *t)
{
	if (e->address && e->bytes && !irt_heap_cut(h, e, t))
		irt_heap_end_unknown(h, e);
}

/* A realloc has failed, or its end was never seen: the block is where it was. If another one is there, records
 * are missing: it has ended before that began. */
void irt_heap_put_back(struct irt_heap *h, struct block *b)
{
	const struct block *there = irt_heap_find(h, b->address);

	h->changed = true;
	if (there) {
		const struct irt_heap_place *p = &h->places[there->place].row;
		struct irt_shared_event e = {.ticks = there->ticks, .address = there->address, .bytes = there->bytes,
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

static void do_resize(struct irt_heap *h, const struct irt_shared_event *e, struct heap_thread *t)
{
	struct odd *o = find_odd(h, e->address, true);
	struct block *b = irt_heap_find(h, e->address), hand = block_of(e);

	if (is_of_displaced(o, b, e)) {
		hand = o->block;
		drop_odd(h, o);
	} else if (b) {
		hand = *b;
		irt_heap_remove(h, b);
	} else {
		take_back(e, t, &hand); /* else place NO_PLACE: its allocation was not seen */
	}
	if (t->hand_count == HANDS) {
		if (t->hands[0].place != NO_PLACE)
			irt_heap_put_back(h, &t->hands[0]);
		h->strangers -= t->hands[0].place == NO_PLACE;
		memmove(t->hands, t->hands + 1, (HANDS - 1) * sizeof(*t->hands));
		t->hand_count--;
	}
	h->strangers += hand.place == NO_PLACE;
	t->hands[t->hand_count++] = hand;
}

/* How realloc's blocks grow: place of the resizing. What is not known of the old block has not grown. */
static void count_resizing(struct irt_heap *h, const struct irt_shared_event *e, const struct block *old)
{
	if (!e->address) /* that was a free */
		return;
	struct irt_heap_place *p = &irt_heap_touch(h, irt_heap_place(h, e->context, e->site))->row;

	p->chains += !old->resized;
	p->grown += old->place != NO_PLACE && e->bytes > old->bytes;
	if (e->address != old->address) {
		p->moved++;
		p->moved_bytes += old->place == NO_PLACE ? 0 : e->bytes < old->bytes ? e->bytes : old->bytes;
	}
}

static void do_resized(struct irt_heap *h, const struct irt_shared_event *e, struct heap_thread *t)
{
	struct block old = {.place = NO_PLACE};
	struct irt_shared_event end = *e;

	if (t->hand_count) {
		old = t->hands[--t->hand_count];
		h->strangers -= old.place == NO_PLACE;
	}
	if (old.place == NO_PLACE && old.address && t->hand_count && t->hands[t->hand_count - 1].address == old.address)
		return; /* what a realloc of the program's own has called */
	if (e->bytes == IRT_HEAP_FAILED) {
		if (old.place != NO_PLACE) {
			irt_heap_put_back(h, &old);
			end_early(h, e);
		}
		irt_heap_touch(h, irt_heap_place(h, e->context, e->site))->row.failed++;
		h->sums[irt_heap_kind(irt_site_family(e->site))].failed++;
		return;
	}
	end.address = old.address;
	end.operation = IRT_OP_FREE;
	if (t->newest[IRT_HEAP_HEAP] == old.address)
		t->newest[IRT_HEAP_HEAP] = 0; /* a resizing makes nothing temporary */
	if (old.address)
		count_resizing(h, e, &old);
	if (old.place != NO_PLACE) {
		irt_heap_end_block(h, &end, t, &old);
	} else if (old.address) {
		end.ticks = old.ticks; /* since then it is not there */
		irt_heap_keep_odd(h, &end, NULL);
	}
	if (e->address) {
		begin_block(h, e, t, true);
		t->newest[IRT_HEAP_HEAP] = e->address;
		end_early(h, e);
	}
}

void irt_heap_apply(struct irt_heap *h, const struct irt_shared_event *e)
{
	struct heap_thread *t = irt_heap_thread(h, e->thread);

	h->used[irt_heap_kind(irt_site_family(e->site))] = h->changed = true;
	switch (e->operation) {
	case IRT_OP_POOL: /* tells of the next event alone */
		t->pool = e->address;
		return;
	case IRT_OP_RESET:
		do_reset(h, e, t);
		break;
	case IRT_OP_UNMAP:
		do_unmap(h, e, t);
		break;
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
		if (irt_site_family(e->site) == INSTR_FAMILY_MAPPING)
			do_alloc(h, e, t); /* UNMAP has told of the old one */
		else
			do_resized(h, e, t);
		break;
	default:
		break;
	}
	if (e->operation == IRT_OP_FREE && t->newest[kind_of(e->address)] == e->address)
		t->newest[kind_of(e->address)] = 0;
	t->last_operation = e->operation;
	t->last_address = e->address;
	t->last_family = irt_site_family(e->site);
}

void irt_heap_expect_many(struct irt_heap *h)
{
	h->expects_many = true;
}

bool irt_heap_stands_at(const struct irt_heap *h, int64_t *ticks)
{
	*ticks = h->settled_ticks;
	return h->settled_ticks != INT64_MIN && h->applied_ticks <= h->settled_ticks;
}

int64_t irt_heap_late_ticks(const struct irt_heap *h)
{
	return h->late_ticks;
}

size_t irt_heap_pending(const struct irt_heap *h)
{
	return h->pending.count;
}

bool irt_heap_is_waiting(const struct irt_heap *h)
{
	return h->pending.count || h->odd_count;
}

bool irt_heap_is_unsaved(const struct irt_heap *h)
{
	return h->changed;
}
