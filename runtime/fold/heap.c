/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - see heap.h: events of several threads in one order, and what each of them does.
 *
 * Invariants:
 *   H1  What an event may need is reserved before its first change: it is applied wholly or stays pending.
 *   H2  A place keeps in peak_* what it had at the last peak; while its epoch is not the heap's, it has
 *       not changed since, and what it has now is that (touch).
 *   H3  A block is in the table, or in the hands of a thread's realloc, or displaced (odd): in each case it
 *       counts as alive.
 */
#include "fold/heap_internal.h"

enum {
	AHEAD = 8, /* events whose blocks are fetched early */
	DONE = 0,  /* operation of a pending event that another one has pulled forward */
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
	if (live_bytes(p) > p->row.max_bytes)
		p->row.max_bytes = live_bytes(p);
	irt_histogram_add(&p->row.sizes, irt_histogram_bucket(b->bytes), 1); /* no memory: missing there */
	if (h->sums.bytes - h->sums.freed_bytes > h->sums.peak_bytes) {
		h->sums.peak_bytes = h->sums.bytes - h->sums.freed_bytes;
		h->sums.peak_blocks = h->sums.allocs - h->sums.frees;
		h->sums.peak_ticks = e->ticks;
		h->epoch++;
	}
}

/* The block has ended at the event; its row in the file goes with it. */
static void count_end(struct irt_heap *h, const struct irt_heap_event *e, const struct block *b)
{
	struct place *p = touch(h, b->place);
	uint64_t life = e->ticks > b->ticks ? (uint64_t)(e->ticks - b->ticks) : 0;

	p->row.frees++;
	p->row.freed_bytes += b->bytes;
	p->row.life_ticks += life;
	h->sums.frees++;
	h->sums.freed_bytes += b->bytes;
	irt_histogram_add(&p->row.lifetimes, irt_histogram_bucket(life), 1);
	if (b->stored)
		h->gone[h->gone_count++] = b->address;
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
		count_end(h, &o.event, &o.block);
		return;
	}
	const struct recent *r = recent_of(h, o.event.address);
	h->sums.unknown_frees++;
	if (r->address == o.event.address)
		fault(h, IRT_HEAP_FREED_TWICE, &o.event, r->context, r->site);
	else if (!h->forked)
		fault(h, IRT_HEAP_UNKNOWN, &o.event, 0, 0);
}

static void keep_odd(struct irt_heap *h, const struct irt_heap_event *e, const struct block *displaced)
{
	if (h->odd_count == ODD_MAX) { /* the oldest */
		unsigned oldest = 0;
		for (unsigned i = 1; i < ODD_MAX; i++)
			if (h->odds[i].round < h->odds[oldest].round)
				oldest = i;
		give_up(h, oldest);
	}
	h->odds[h->odd_count] = (struct odd){.event = *e, .round = h->round};
	if (displaced)
		h->odds[h->odd_count].block = *displaced;
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

/* What a resizing has left in the thread's hands that ended by an exception: its block is as it was. */
static bool take_back(const struct irt_heap_event *e, struct heap_thread *t, struct block *b)
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
static void end_block(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t, const struct block *b)
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
	count_end(h, e, b);
	count_release(h, e, b->bytes);
	*recent_of(h, e->address) = (struct recent){e->address, e->context, irt_site_id(e->site)};
}

static void do_free(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t)
{
	struct odd *o = h->odd_count ? find_odd(h, e->address, true) : NULL;
	struct block *b = irt_heap_find(h, e->address), ended;

	/* of the block that was there before, by the clock of another processor */
	if (o && (!b || e->ticks <= b->ticks + IRT_HEAP_SLACK_TICKS)) {
		ended = o->block;
		drop_odd(h, o);
		end_block(h, e, t, &ended);
		return;
	}
	if (b) {
		ended = *b;
		irt_heap_remove(h, b);
		end_block(h, e, t, &ended);
	} else if (take_back(e, t, &ended)) {
		end_block(h, e, t, &ended);
	} else if (t->last_operation == IRT_OP_FREE && t->last_address == e->address &&
		   t->last_family != irt_site_family(e->site)) {
		return; /* what a delete of the program's own calls: the block has ended with that */
	} else {
		keep_odd(h, e, NULL);
	}
}

static struct block block_of(const struct irt_heap_event *e)
{
	return (struct block){.address = e->address, .bytes = e->bytes, .family = irt_site_family(e->site), .ticks = e->ticks,
			      .place = NO_PLACE, .thread = e->thread};
}

/* What a new of the program's own has called: the block is that one's. */
static bool is_within(const struct heap_thread *t, const struct block *b, const struct irt_heap_event *e)
{
	return t->last_operation == IRT_OP_ALLOC && t->last_address == e->address && b->thread == e->thread &&
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
			keep_odd(h, e, &old);
		}
	}
	count_alloc(h, e, &b, resized);
	irt_heap_insert(h, &b);
	if (r->address == e->address)
		r->address = 0;
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
	/* its free came before it did */
	struct odd *o = h->odd_count ? find_odd(h, e->address, false) : NULL;
	if (o && e->ticks <= o->event.ticks + IRT_HEAP_SLACK_TICKS) {
		struct irt_heap_event end = o->event;
		struct block *b = irt_heap_find(h, e->address), ended = *b;
		drop_odd(h, o);
		irt_heap_remove(h, b);
		end.ticks = e->ticks > end.ticks ? e->ticks : end.ticks;
		end_block(h, &end, irt_heap_thread(h, end.thread), &ended);
	}
}

static void put_back(struct irt_heap *h, struct block *b)
{
	if (irt_heap_find(h, b->address))
		return;
	b->stored = 0; /* its row says that it is in hands */
	h->changed = true;
	irt_heap_insert(h, b);
}

static void do_resize(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t)
{
	struct block *b = irt_heap_find(h, e->address), hand = block_of(e);

	if (b) {
		hand = *b;
		irt_heap_remove(h, b);
	} else {
		take_back(e, t, &hand); /* else place NO_PLACE: its allocation was not seen */
	}
	if (t->hand_count == IN_HANDS) {
		if (t->hands[0].place != NO_PLACE)
			put_back(h, &t->hands[0]);
		memmove(t->hands, t->hands + 1, (IN_HANDS - 1) * sizeof(*t->hands));
		t->hand_count--;
	}
	t->hands[t->hand_count++] = hand;
}

static void do_resized(struct irt_heap *h, const struct irt_heap_event *e, struct heap_thread *t)
{
	struct block old = {.place = NO_PLACE};
	bool known;

	if (t->hand_count)
		old = t->hands[--t->hand_count];
	known = old.place != NO_PLACE;
	if (!known && old.address && t->hand_count && t->hands[t->hand_count - 1].address == old.address)
		return; /* what a realloc of the program's own has called */
	if (e->bytes == IRT_HEAP_FAILED) {
		if (known)
			put_back(h, &old);
		touch(h, irt_heap_place(h, e->context, irt_site_id(e->site)))->row.failed++;
		h->sums.failed++;
		return;
	}
	if (known) {
		struct irt_heap_event end = *e;
		end.address = old.address;
		t->newest = 0; /* a resizing makes nothing temporary */
		end_block(h, &end, t, &old);
	} else if (old.address) {
		struct irt_heap_event end = *e;
		end.address = old.address;
		keep_odd(h, &end, NULL);
	}
	if (e->address) {
		begin_block(h, e, t, known);
		t->newest = e->address;
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

int irt_heap_add(struct irt_heap *h, const struct irt_heap_event *e)
{
	if (!irt_heap_grow(&h->pending, &h->pending_room, h->pending_count + 1, sizeof(*h->pending)))
		return INSTR_ERR_MEMORY;
	if (h->pending_sorted == h->pending_count &&
	    (!h->pending_count || h->pending[h->pending_count - 1].ticks <= e->ticks))
		h->pending_sorted++;
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
	const struct irt_heap_event *first = h->pending + h->pending_count;

	if (count && h->pending_sorted == h->pending_count && (!h->pending_count || first[-1].ticks <= first->ticks))
		h->pending_sorted += count;
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

/* The block whose address this allocation got has not ended yet: does its end come right behind, by the clock
 * of another processor? Then that is first. */
static void pull_forward(struct irt_heap *h, size_t at)
{
	const struct irt_heap_event *e = &h->pending[at];

	for (size_t i = at + 1; i < h->pending_count && h->pending[i].ticks <= e->ticks + IRT_HEAP_SLACK_TICKS; i++) {
		struct irt_heap_event *o = &h->pending[i];
		if (o->thread == e->thread || o->address != e->address)
			continue;
		if (o->operation == IRT_OP_FREE) {
			apply(h, o);
			o->operation = DONE;
		}
		return;
	}
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
	if (count > IRT_HEAP_PENDING_MAX)
		until_ticks = INT64_MAX;
	for (; done < count && h->pending[done].ticks <= until_ticks; done++) {
		const struct irt_heap_event *e = &h->pending[done];
		if (!irt_heap_reserve(h)) { /* H1 */
			err = INSTR_ERR_MEMORY;
			break;
		}
		if (done + AHEAD < count)
			irt_heap_prefetch(h, h->pending[done + AHEAD].address);
		if ((e->operation == IRT_OP_ALLOC || e->operation == IRT_OP_RESIZED) && irt_heap_find(h, e->address)) {
			pull_forward(h, done);
			if (!irt_heap_reserve(h)) {
				err = INSTR_ERR_MEMORY;
				break;
			}
		}
		if (e->operation != DONE)
			apply(h, e);
	}
	if (done) {
		memmove(h->pending, h->pending + done, (count - done) * sizeof(*h->pending));
		h->pending_count = h->pending_sorted = count - done;
	}
	if (err)
		return err;
	for (unsigned i = h->odd_count; i-- > 0;) {
		if (!last && h->odds[i].round + 1 >= h->round)
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
	struct heap_thread *t = irt_heap_find_thread(h, thread);
	if (!t)
		return;
	/* It has died over a realloc: the block is where it was, as far as anybody knows. */
	while (t->hand_count) {
		struct block b = t->hands[--t->hand_count];
		if (b.place != NO_PLACE && irt_heap_reserve(h))
			put_back(h, &b);
	}
	irt_heap_forget_thread(h, t);
}

bool irt_heap_is_waiting(const struct irt_heap *h)
{
	return h->pending_count || h->odd_count;
}

bool irt_heap_is_unsaved(const struct irt_heap *h)
{
	return h->changed;
}
