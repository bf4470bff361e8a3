/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_gather.c - see heap_events.h: the events of the heap between two times, and what was first at each address.
 *
 * Nearly all blocks come and go in between: a block whose allocation and free are both here, by one thread, and that
 * no other thread has to do with, changes nothing in the end. Its two events are left out as soon as the second is
 * read (drop_pair), so that what is kept is as much as stays, not as much as happens. Whether other threads have to
 * do with an address is known when all have been read; if events of such an address were left out, all is read once
 * more, now knowing it.
 *
 * What a realloc has in hands at `from` must have been taken behind `since`: where that is not so, `since` moves
 * back and all is read once more.
 */
#include "libtrace/heap_events.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"

enum {
	LEAD_TICKS = 1 << 21, /* by how much `since` is before `from` at first: a millisecond, most reallocs take less */
	AGAIN = 2,            /* read all once more; beside 0, TR_CANNOT and enum instr_err */
	FIRST_SLOTS = 1 << 12,
	DROPPED = 0,          /* operation */
	SHRINK_AT = 1 << 16,
};

struct tr_address {
	uint64_t address;    /* 0: empty slot */
	int64_t first_ticks; /* of its first event */
	uint32_t first_thread;
	uint32_t toucher;    /* the thread that it was seen with last */
	uint32_t at;         /* where in the run its block began, if `stretch` is the present one */
	uint32_t stretch;
	uint8_t first_ends : 1; /* the first event is no beginning */
	uint8_t first_lost : 1; /* ... or that of a block where blocks have been displaced */
	uint8_t behind : 1;     /* it has a part in what happens behind `from` */
	uint8_t crossed : 1;    /* a beginning, and so near to it that it may be earlier an end by another thread */
	uint8_t shared : 1;     /* by several threads */
	uint8_t dropped : 1;    /* events of it were left out */
};

/* A thread whose events are being read. */
struct reading {
	struct tr_heap_events *h;
	struct tr_gathered *g;
	uint32_t thread;
	uint32_t stretch;     /* counts threads, their two parts, and runs that were made shorter: what `at` means */
	int part;
	struct irt_shared_event hands[TR_HANDS];
	unsigned hand_count;
	int64_t before_chunks; /* the end of the chunk before the first that is read; INT64_MIN: there is none */
	int64_t since;         /* what it should be */
	uint64_t dropped_free; /* the last event was a free that was left out, of this address; 0: it was not */
	unsigned dropped_family;
	bool over, mixed;
};

/* ---- addresses --------------------------------------------------------------------------------------- */

static size_t slot_of(const struct tr_gathered *g, uint64_t address)
{
	return (size_t)(((address >> 4 ^ address << 60) * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (g->address_slots - 1);
}

static struct tr_address *find(const struct tr_gathered *g, uint64_t address)
{
	size_t i = slot_of(g, address);

	while (g->addresses[i].address && g->addresses[i].address != address)
		i = (i + 1) & (g->address_slots - 1);
	return &g->addresses[i];
}

static bool grow_addresses(struct tr_gathered *g)
{
	struct tr_address *old = g->addresses;
	size_t old_slots = g->address_slots;

	g->addresses = calloc(old_slots ? 2 * old_slots : FIRST_SLOTS, sizeof(*g->addresses));
	if (!g->addresses) {
		g->addresses = old;
		return false;
	}
	g->address_slots = old_slots ? 2 * old_slots : FIRST_SLOTS;
	for (size_t i = 0; i < old_slots; i++)
		if (old[i].address)
			*find(g, old[i].address) = old[i];
	free(old);
	return true;
}

/* All is read once more: what is known of others stays. */
static void forget_events(struct tr_heap_events *h, struct tr_gathered *g)
{
	for (size_t i = 0; i < g->address_slots; i++)
		if (g->addresses[i].address)
			g->addresses[i] = (struct tr_address){.address = g->addresses[i].address, .shared = g->addresses[i].shared,
							      .first_ticks = INT64_MAX};
	for (size_t i = 0; i < h->thread_count; i++)
		for (int part = 0; part < TR_PARTS; part++)
			g->runs[i][part].count = g->runs[i][part].dead = 0;
}

static bool is_near(int64_t ticks, int64_t that)
{
	return ticks >= that && (uint64_t)ticks - (uint64_t)that <= IRT_HEAP_SLACK_TICKS;
}

/* The address of an event, with what the event says of it. NULL: no memory. */
static struct tr_address *note(struct reading *r, const struct irt_event *e)
{
	struct tr_gathered *g = r->g;

	if (2 * g->address_count >= g->address_slots && !grow_addresses(g))
		return NULL;
	struct tr_address *a = find(g, e->extra);
	bool ends = e->operation == IRT_OP_FREE || e->operation == IRT_OP_RESIZE || e->value == IRT_HEAP_FAILED;
	if (!a->address) {
		g->address_count++;
		*a = (struct tr_address){.address = e->extra, .first_ticks = INT64_MAX};
	}
	if (a->first_ticks == INT64_MAX) {
		a->toucher = r->thread;
	} else if (a->toucher != r->thread) {
		a->toucher = r->thread;
		a->shared = 1;
	}
	r->mixed |= a->shared && a->dropped;
	if (e->ticks < a->first_ticks) {
		if (a->first_ticks != INT64_MAX && a->first_ends && a->first_thread != r->thread && is_near(a->first_ticks, e->ticks))
			a->crossed = 1;
		a->first_ticks = e->ticks;
		a->first_thread = r->thread;
		a->first_ends = ends;
		a->first_lost = !ends && tr_is_lost_place(r->h, e->context, e->site);
	} else if (ends && a->first_thread != r->thread && is_near(e->ticks, a->first_ticks)) {
		a->crossed = 1;
	}
	a->behind |= e->ticks > g->from || e->operation == IRT_OP_RESIZE; /* which may end behind it */
	return a;
}

/* ---- runs -------------------------------------------------------------------------------------------- */

static void shorten(struct tr_run *run)
{
	size_t kept = 0;

	for (size_t i = 0; i < run->count; i++)
		if (run->events[i].operation != DROPPED)
			run->events[kept++] = run->events[i];
	run->count = kept;
	run->dead = 0;
}

static bool put(struct reading *r, const struct irt_event *e)
{
	struct tr_run *run = &r->g->runs[r->thread][r->part];

	if (run->count == run->room && run->count >= SHRINK_AT && run->dead > run->count / 2) {
		shorten(run);
		r->stretch++;
	}
	if (run->count == UINT32_MAX || !irt_grow(&run->events, &run->room, run->count + 1, sizeof(*run->events)))
		return false;
	run->events[run->count++] = (struct irt_shared_event){
		.ticks = e->ticks, .address = e->extra, .bytes = e->value, .context = e->context, .site = e->site,
		.thread = (uint32_t)r->h->threads[r->thread].thread_id, .operation = e->operation};
	return true;
}

/* The block ends that began in this run, and nobody else has seen it: an allocation is left out with its free; of a
 * resizing it stays that the old block has ended. */
static void drop_pair(struct reading *r, struct tr_address *a)
{
	struct tr_run *run = &r->g->runs[r->thread][r->part];
	struct irt_shared_event *begin = &run->events[a->at];

	a->stretch = 0;
	a->dropped = 1;
	if (begin->operation == IRT_OP_RESIZED) {
		begin->address = begin->bytes = 0;
		return;
	}
	begin->operation = DROPPED;
	run->dead++;
	while (run->count && run->events[run->count - 1].operation == DROPPED) {
		run->count--;
		run->dead--;
	}
}

/* A block begins: may its end be left out with it? Not if there is one at its address, in the fold's eyes, which may
 * be its own inside (new that calls malloc), or one whose free was not seen. */
static void begin(struct reading *r, struct tr_address *a, const struct irt_event *e)
{
	bool single = a->stretch != r->stretch && !a->shared && !tr_is_lost_place(r->h, e->context, e->site);

	a->stretch = single ? r->stretch : 0;
	a->at = (uint32_t)(r->g->runs[r->thread][r->part].count - 1);
}

/* ---- what reallocs have in hands --------------------------------------------------------------------- */

static void take(struct reading *r, const struct irt_event *e)
{
	if (r->hand_count == TR_HANDS) {
		memmove(r->hands, r->hands + 1, (TR_HANDS - 1) * sizeof(*r->hands));
		r->hand_count--;
	}
	r->hands[r->hand_count++] = (struct irt_shared_event){.ticks = e->ticks, .address = e->extra};
}

/* It matters what was taken at that time, not behind `since`. */
static void need(struct reading *r, int64_t ticks)
{
	if (ticks <= r->g->since && ticks - 1 < r->since)
		r->since = ticks - 1;
}

static void give(struct reading *r, const struct irt_event *e)
{
	bool matters = e->ticks > r->g->from || (e->value == IRT_HEAP_FAILED && e->ticks > r->g->since);

	if (r->hand_count) {
		int64_t taken = r->hands[--r->hand_count].ticks;
		if (matters)
			need(r, taken);
	} else if (matters && r->before_chunks != INT64_MIN) {
		need(r, r->before_chunks);
	}
}

/* A free of what is in the thread's own hands: the realloc has ended by an exception. */
static void take_back(struct reading *r, const struct irt_event *e)
{
	for (unsigned i = r->hand_count; i-- > 0;) {
		if (r->hands[i].address != e->extra)
			continue;
		if (e->ticks > r->g->from)
			need(r, r->hands[i].ticks);
		memmove(r->hands + i, r->hands + i + 1, (--r->hand_count - i) * sizeof(*r->hands));
		return;
	}
}

/* ---- events ------------------------------------------------------------------------------------------ */

static int take_event(void *user, const struct irt_event *e)
{
	struct reading *r = user;
	struct tr_address *a = NULL;

	if (e->ticks > r->g->until) {
		r->over = true;
		return AGAIN; /* no more of this thread */
	}
	if (e->operation == IRT_OP_RESIZED)
		give(r, e);
	if (r->hand_count && e->operation == IRT_OP_FREE)
		take_back(r, e);
	if (e->operation == IRT_OP_RESIZE)
		take(r, e);
	if (e->ticks <= r->g->since)
		return 0;
	int part = e->ticks > r->g->from ? TR_AFTER : TR_BEFORE;
	if (part != r->part) {
		r->part = part;
		r->stretch++;
		r->dropped_free = 0;
	}
	if (e->extra ? !(a = note(r, e)) : e->operation != IRT_OP_RESIZED)
		return e->extra ? INSTR_ERR_MEMORY : 0;
	if (e->operation == IRT_OP_FREE) {
		/* What a delete of the program's own calls, which has ended the block. */
		if (r->dropped_free == e->extra && r->dropped_family != irt_site_family(e->site)) {
			r->dropped_free = 0;
			return 0;
		}
		if (a->stretch == r->stretch && !a->shared) {
			drop_pair(r, a);
			r->dropped_free = e->extra;
			r->dropped_family = irt_site_family(e->site);
			return 0;
		}
	}
	r->dropped_free = 0;
	if (!put(r, e))
		return INSTR_ERR_MEMORY;
	if (a && (e->operation == IRT_OP_ALLOC || (e->operation == IRT_OP_RESIZED && e->value != IRT_HEAP_FAILED)))
		begin(r, a, e);
	else if (a)
		a->stretch = 0;
	return 0;
}

static int read_thread(struct reading *r, uint32_t thread)
{
	const struct tr_heap_thread *t = &r->h->threads[thread];
	size_t first = t->first, end = t->first + t->count;

	while (first < end && r->h->chunks[first].end_ticks <= r->g->since)
		first++;
	r->thread = thread;
	r->stretch++;
	r->part = TR_BEFORE;
	r->hand_count = 0;
	r->dropped_free = 0;
	r->over = false;
	r->before_chunks = first > t->first ? r->h->chunks[first - 1].end_ticks : INT64_MIN;
	for (size_t i = first; i < end && !r->over && r->h->chunks[i].start_ticks <= r->g->until; i++) {
		int status = tr_has_heap(&r->h->chunks[i]) ? tr_each_heap_event(r->h, &r->h->chunks[i], r, take_event) : 0;
		if (status && !r->over)
			return status;
	}
	return 0;
}

static int read_threads(struct tr_heap_events *h, struct tr_gathered *g)
{
	struct reading r = {.h = h, .g = g, .since = g->since};

	for (size_t i = 0; i < h->thread_count; i++) {
		int status = read_thread(&r, (uint32_t)i);
		if (status)
			return status;
	}
	if (r.since == g->since && !r.mixed)
		return 0;
	if (r.since < g->since) { /* by twice as much each time: what is looked for may be far back */
		int64_t twice = g->from - 2 * (g->from - g->since);
		g->since = r.since < twice ? r.since : twice;
	}
	return AGAIN;
}

int tr_gather(struct tr_heap_events *h, struct tr_gathered *g, int64_t from, int64_t until)
{
	int status;

	*g = (struct tr_gathered){.from = from, .until = until, .since = from < INT64_MIN + LEAD_TICKS ? INT64_MIN : from - LEAD_TICKS};
	g->runs = calloc(h->thread_count + 1, sizeof(*g->runs));
	if (!g->runs || !grow_addresses(g))
		return INSTR_ERR_MEMORY;
	while ((status = read_threads(h, g)) == AGAIN)
		forget_events(h, g);
	for (size_t i = 0; i < h->thread_count && !status; i++)
		for (int part = 0; part < TR_PARTS; part++)
			shorten(&g->runs[i][part]);
	return status;
}

void tr_gathered_fini(struct tr_gathered *g, size_t threads)
{
	for (size_t i = 0; g->runs && i < threads; i++)
		for (int part = 0; part < TR_PARTS; part++)
			free(g->runs[i][part].events);
	free(g->runs);
	free(g->addresses);
}

int tr_each_older(const struct tr_gathered *g, void *user, int (*each)(void *user, uint64_t address))
{
	int status = 0;

	for (size_t i = 0; i < g->address_slots && !status; i++) {
		const struct tr_address *a = &g->addresses[i];
		if (a->address && a->behind && (a->first_ends || a->first_lost || a->crossed))
			status = each(user, a->address);
	}
	return status;
}
