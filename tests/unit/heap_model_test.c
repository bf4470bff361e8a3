/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_model_test.c - the heap against a model, on random histories of several threads. The model gets the
 * events in the order in which they happened; the heap gets them thread by thread in rounds, as the drain
 * gives them, with the stamps of clocks that may differ, and may be saved and made again from its rows at any
 * round. Every row must be the same. (What clocks that differ leave open is not made: is_clear.)
 */
#include "heap_model.h"

/* ---- histories ---------------------------------------------------------------------------------------- */

struct step {
	struct irt_shared_event e; /* ticks: its stamp */
	int64_t true_ticks;
	bool unseen;             /* the model does not get it: the record of a call within another */
};

struct slot { /* an address, as the allocator sees it */
	bool used;
	uint32_t owner;  /* who has it and may give it back; 0 = in realloc */
	unsigned family;
	int64_t last, before; /* times of the last two events of it */
	int64_t other;        /* of the last one that was not by the thread of the last one */
	uint32_t by;
};

struct worker {
	uint64_t hands[HANDS_MAX]; /* in realloc: addresses, 0 = one that is not ours */
	unsigned hand_count;
	int64_t skew;
	uint64_t last_freed;       /* by its last event; else 0 */
	bool moved[HANDS_MAX];     /* the allocator has freed it already */
};

struct history {
	uint64_t seed;
	unsigned features, threads;
	struct slot slots[ADDRESSES];
	struct worker workers[THREADS_MAX + 1];
	struct step *steps;
	size_t count, room;
	int64_t now;
};

static unsigned pick(struct history *h, unsigned n) { return (unsigned)(next(&h->seed) % n); }
static bool has(const struct history *h, unsigned feature) { return h->features & feature; }

/* Where clocks differ, the order of two events of an address can be told, whichever came first; that of more
 * cannot, but where all are of one thread. */
static bool is_clear(const struct history *h, const struct slot *s, uint32_t thread)
{
	int64_t from = h->now - 3 * IRT_HEAP_SLACK_TICKS;
	return !has(h, SKEW) || s->before < from || (s->by == thread && s->other < from);
}

static void happen(struct slot *s, int64_t now, uint32_t thread)
{
	if (s->by != thread)
		s->other = s->last;
	s->before = s->last;
	s->last = now;
	s->by = thread;
}

static struct step *put(struct history *h, uint32_t thread, uint32_t operation, uint64_t address, uint64_t bytes,
			unsigned family)
{
	if (h->count == h->room) {
		h->room = 2 * h->room + 1000;
		h->steps = realloc(h->steps, h->room * sizeof(*h->steps));
	}
	h->now += has(h, LOST) ? 2 * IRT_HEAP_SLACK_TICKS + pick(h, 1000) : 1 + pick(h, pick(h, 20) ? 300 : 30000);
	struct step *s = &h->steps[h->count++];
	uint32_t site_id = (operation == IRT_OP_ALLOC ? 10 : operation == IRT_OP_FREE ? 20 : 30) + pick(h, 3);
	*s = (struct step){.true_ticks = h->now};
	s->e = (struct irt_shared_event){.ticks = h->now + h->workers[thread].skew, .address = address, .bytes = bytes,
				       .context = 1 + pick(h, 5), .site = irt_site(site_id, family), .thread = thread,
				       .operation = operation};
	h->workers[thread].last_freed = operation == IRT_OP_FREE ? address : 0;
	if (address && address < FOREIGN)
		happen(&h->slots[address / 16 - 1], h->now, thread);
	return s;
}

/* The allocator gives out an address: mostly what was freed last. 0: all are used. */
static uint64_t take(struct history *h, uint32_t thread, unsigned family)
{
	unsigned best = ADDRESSES, first = pick(h, ADDRESSES);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		unsigned k = (first + i) % ADDRESSES;
		if (h->slots[k].used || !is_clear(h, &h->slots[k], thread))
			continue;
		if (best == ADDRESSES || (h->slots[k].last > h->slots[best].last && pick(h, 3)))
			best = k;
	}
	if (best == ADDRESSES)
		return 0;
	h->slots[best].used = true;
	h->slots[best].owner = thread;
	h->slots[best].family = family;
	return 16 * (uint64_t)(best + 1);
}

static uint64_t size(struct history *h) { return next(&h->seed) >> (10 + pick(h, 54)) & 0xffffffffff; }

static void allocate(struct history *h, uint32_t thread)
{
	unsigned family = has(h, FAMILIES) ? 1 + pick(h, 3) : 1;
	if (has(h, FAILURES) && pick(h, 30) == 0) {
		put(h, thread, IRT_OP_ALLOC, 0, size(h), family);
		return;
	}
	uint64_t address = take(h, thread, family);
	if (!address)
		return;
	if (has(h, LOST) || has(h, SKEW)) /* else one whose free was not seen, or is late, could be within the other */
		h->slots[address / 16 - 1].family = family = has(h, FAMILIES) ? 1 + (unsigned)(address / 16 % 3) : 1;
	if (has(h, WRAPPERS) && family == INSTR_FAMILY_NEW) /* its malloc */
		put(h, thread, IRT_OP_ALLOC, address, size(h), INSTR_FAMILY_MALLOC)->unseen = true;
	put(h, thread, IRT_OP_ALLOC, address, size(h), family);
}

/* A block that is used, of this thread or of any. 0: there is none. */
static uint64_t choose(struct history *h, uint32_t thread)
{
	unsigned first = pick(h, ADDRESSES);
	bool any = pick(h, 3) == 0;
	for (unsigned i = 0; i < ADDRESSES; i++) {
		struct slot *s = &h->slots[(first + i) % ADDRESSES];
		if (!s->used || !s->owner || (s->owner != thread && !any) || !is_clear(h, s, thread))
			continue;
		return 16 * (uint64_t)((first + i) % ADDRESSES + 1);
	}
	return 0;
}

static void release(struct history *h, uint32_t thread)
{
	uint64_t address = choose(h, thread);
	if (has(h, UNKNOWN) && pick(h, 40) == 0) {
		put(h, thread, IRT_OP_FREE, FOREIGN + 16 * (h->count % 5000), 0, 1);
		return;
	}
	if (!address)
		return;
	struct slot *s = &h->slots[address / 16 - 1];
	unsigned family = s->family;
	bool again = h->workers[thread].last_freed == address; /* the second could be called by the first */
	if (again && has(h, SKEW))
		return;
	if (has(h, FAMILIES) && pick(h, 20) == 0 && !has(h, WRAPPERS) && !again)
		family = 1 + pick(h, 3);
	if (has(h, LOST) && pick(h, 10) == 0) {
		s->used = false; /* by a library */
		return;
	}
	put(h, thread, IRT_OP_FREE, address, 0, family);
	if (has(h, WRAPPERS) && family == INSTR_FAMILY_NEW)
		put(h, thread, IRT_OP_FREE, address, 0, INSTR_FAMILY_MALLOC)->unseen = true;
	s->used = false;
	if (has(h, LOST) && !has(h, WRAPPERS) && pick(h, 10) == 0) {
		uint32_t other = 1 + pick(h, h->threads);
		if (h->workers[other].hand_count == 0 && (other == thread || h->workers[other].last_freed != address))
			put(h, other, IRT_OP_FREE, address, 0, family); /* twice */
	}
}

static void begin_realloc(struct history *h, uint32_t thread)
{
	struct worker *w = &h->workers[thread];
	uint64_t address = choose(h, thread);
	if (has(h, UNKNOWN) && pick(h, 20) == 0) {
		w->hands[w->hand_count] = FOREIGN + 16 * (h->count % 5000);
	} else {
		if (!address)
			return;
		h->slots[address / 16 - 1].owner = 0;
		w->hands[w->hand_count] = address;
	}
	w->moved[w->hand_count] = false;
	put(h, thread, IRT_OP_RESIZE, w->hands[w->hand_count], 0, 1);
	w->hand_count++;
}

/* Sometimes the old address is given to another one before this is over. */
static void move_realloc(struct history *h, uint32_t thread)
{
	struct worker *w = &h->workers[thread];
	unsigned top = w->hand_count - 1;
	if (w->hands[top] < FOREIGN && !w->moved[top] && pick(h, 3) == 0) {
		w->moved[top] = true;
		h->slots[w->hands[top] / 16 - 1].used = false;
	}
}

static void end_realloc(struct history *h, uint32_t thread)
{
	struct worker *w = &h->workers[thread];
	uint64_t old = w->hands[--w->hand_count], address;
	struct slot *s = old < FOREIGN ? &h->slots[old / 16 - 1] : NULL;
	bool moved = w->moved[w->hand_count];

	if (s && !moved && !is_clear(h, s, thread))
		h->now += 4 * IRT_HEAP_SLACK_TICKS;
	if (!moved && has(h, FAILURES) && pick(h, 10) == 0) {
		if (s)
			s->owner = thread;
		put(h, thread, IRT_OP_RESIZED, old, IRT_HEAP_FAILED, 1);
		return;
	}
	if (pick(h, 15) == 0) {
		put(h, thread, IRT_OP_RESIZED, 0, 0, 1);
		if (s && !moved)
			s->used = false;
		return;
	}
	if (s && !moved && pick(h, 3) == 0) { /* in its place */
		s->owner = thread;
		s->family = 1;
		put(h, thread, IRT_OP_RESIZED, old, size(h), 1);
		return;
	}
	address = take(h, thread, 1);
	put(h, thread, IRT_OP_RESIZED, address, address ? size(h) : 0, 1);
	if (s && !moved)
		s->used = false;
}

static void make(struct history *h, uint64_t seed, unsigned features, unsigned steps)
{
	memset(h, 0, sizeof(*h));
	h->seed = seed;
	h->features = features;
	h->threads = 1 + pick(h, THREADS_MAX);
	h->now = 5000000;
	for (unsigned t = 1; t <= h->threads; t++)
		h->workers[t].skew = has(h, SKEW) ? (int64_t)pick(h, IRT_HEAP_SLACK_TICKS - 1) : 0;
	for (unsigned i = 0; i < ADDRESSES; i++)
		h->slots[i].last = h->slots[i].before = h->slots[i].other = INT64_MIN;
	for (unsigned i = 0; i < steps; i++) {
		uint32_t t = 1 + pick(h, h->threads);
		struct worker *w = &h->workers[t];
		if (w->hand_count && (!has(h, NESTED) || w->hand_count == HANDS_MAX || pick(h, 3))) {
			move_realloc(h, t);
			if (pick(h, 2))
				end_realloc(h, t);
		} else if (has(h, REALLOC) && pick(h, 8) == 0) {
			begin_realloc(h, t);
		} else if (pick(h, 40) < (i / 400 % 2 ? 16 : 24)) {
			allocate(h, t);
		} else {
			release(h, t);
		}
	}
	for (unsigned t = 1; t <= h->threads; t++)
		while (h->workers[t].hand_count)
			end_realloc(h, t);
}

/* ---- the run ----------------------------------------------------------------------------------------- */

static uint64_t bucket_of(const uint8_t *bytes, size_t count, unsigned bucket)
{
	struct irt_histogram x = {0};
	CHECK_EQ(irt_histogram_read(&x, bytes, count), 0);
	uint64_t n = bucket >= x.first && bucket < (unsigned)x.first + x.span ? x.counts[bucket - x.first] : 0;
	irt_histogram_fini(&x);
	return n;
}

static void compare_place(const struct heap_file *f, const struct model_place *m)
{
	static const struct file_place none;
	const struct file_place *p = file_place(f, m->context, m->site_id);
	if (!p)
		p = &none;
	SAME(p->row.allocs, m->row.allocs);
	SAME(p->row.bytes, m->row.bytes);
	SAME(p->row.frees, m->row.frees);
	SAME(p->row.freed_bytes, m->row.freed_bytes);
	SAME(p->row.failed, m->row.failed);
	SAME(p->row.resized, m->row.resized);
	SAME(p->row.crossed, m->row.crossed);
	SAME(p->row.moved, m->row.moved);
	SAME(p->row.released, m->row.released);
	SAME(p->row.released_bytes, m->row.released_bytes);
	if (!(about_features & RESTARTS))
		SAME(p->row.temporary, m->row.temporary);
	SAME(p->row.temporary > m->row.temporary, 0);
	for (unsigned i = 0; i < LIFE_BUCKETS; i++)
		if (m->sizes[i])
			SAME(bucket_of(p->sizes, p->sizes_bytes, i), m->sizes[i]);
	if (about_features & SKEW)
		return; /* nobody knows the order then */
	SAME(p->row.chains, m->row.chains);
	SAME(p->row.grown, m->row.grown);
	SAME(p->row.moved_bytes, m->row.moved_bytes);
	SAME(p->row.max_bytes, m->row.max_bytes);
	SAME(p->row.peak_blocks, m->row.peak_blocks);
	SAME(p->row.peak_bytes, m->row.peak_bytes);
	SAME(p->row.life_ticks, m->row.life_ticks);
	for (unsigned i = 0; i < LIFE_BUCKETS; i++)
		if (m->lifetimes[i])
			SAME(bucket_of(p->lifetimes, p->lifetimes_bytes, i), m->lifetimes[i]);
}

static void compare(const struct heap_file *f)
{
	unsigned alive = 0;
	uint64_t faults = 0;

	for (unsigned i = 0; i < model.place_count; i++)
		compare_place(f, &model.places[i]);
	SAME(f->place_count > model.place_count && !(about_features & WRAPPERS), 0);
	SAME(f->sums[IRT_HEAP_HEAP].lost, model.sums.lost);
	SAME(f->sums[IRT_HEAP_HEAP].unknown_frees, model.sums.unknown_frees);
	if (!(about_features & SKEW)) {
		SAME(f->sums[IRT_HEAP_HEAP].peak_bytes, model.sums.peak_bytes);
		SAME(f->sums[IRT_HEAP_HEAP].peak_blocks, model.sums.peak_blocks);
		SAME(f->sums[IRT_HEAP_HEAP].peak_ticks, model.sums.peak_ticks);
	}
	for (unsigned i = 0; i < ADDRESSES; i++) {
		const struct model_block *b = &model.blocks[i];
		const struct irt_heap_block *row = file_block(f, IRT_HEAP_HEAP, 16 * (uint64_t)(i + 1));
		SAME(row != NULL, b->alive);
		if (!row)
			continue;
		alive++;
		SAME(row->bytes, b->bytes);
		SAME(row->ticks, b->ticks);
		SAME(row->thread, b->thread);
		SAME(irt_site_family(row->site), b->family);
		SAME(row->context, model.places[b->place].context);
		SAME(irt_site_id(row->site), model.places[b->place].site_id);
		SAME(row->resizer, 0);
	}
	SAME(f->block_count, alive);
	for (unsigned i = 0; i < model.fault_count; i++) {
		const struct irt_heap_fault *m = &model.faults[i];
		uint64_t count = 0;
		for (size_t k = 0; k < f->fault_count; k++) {
			const struct irt_heap_fault *o = &f->faults[k];
			bool twice = (about_features & RESTARTS) && o->kind == IRT_HEAP_FREED_TWICE; /* or unknown */
			if ((twice ? m->kind == IRT_HEAP_UNKNOWN
				   : o->kind == m->kind && o->block_context == m->block_context &&
					     o->block_site_id == m->block_site_id) &&
			    o->context == m->context && o->site_id == m->site_id)
				count += o->count;
		}
		SAME(count, m->count);
		faults += count;
	}
	for (size_t k = 0; k < f->fault_count; k++)
		faults -= f->faults[k].count;
	SAME(faults, 0);
	file_check(f);
}

/* Rounds: each thread is read up to some place of its own, then what all have passed is settled. */
static void one(uint64_t seed, unsigned features, unsigned steps, unsigned round_steps)
{
	struct history h;
	struct heap_file f = {0};
	struct irt_heap *heap;
	size_t at[THREADS_MAX + 1] = {0};
	uint64_t random = seed ^ 12345;
	int64_t walked = 0;

	about_seed = seed;
	about_features = features;
	make(&h, seed, features, steps);
	memset(&model, 0, sizeof(model));
	for (size_t i = 0; i < h.count; i++)
		if (!h.steps[i].unseen)
			model_event(&h.steps[i].e);
	CHECK_EQ(irt_heap_create(&heap, false), 0);
	for (bool more = true; more;) {
		int64_t until = INT64_MAX;
		more = false;
		walked += round_steps * (has(&h, LOST) ? 20000 : 500);
		for (unsigned t = 1; t <= h.threads; t++) {
			/* what it has written by then; some are behind */
			int64_t reached = walked - (int64_t)(next(&random) % 4 ? 0 : next(&random) % 20000);
			for (; at[t] < h.count; at[t]++) {
				/* both records of a new, else it may be in a peak twice */
				bool pair = at[t] && h.steps[at[t] - 1].unseen && h.steps[at[t]].e.operation == IRT_OP_ALLOC;
				if (h.steps[at[t]].true_ticks - 5000000 > reached && !pair)
					break;
				if (h.steps[at[t]].e.thread != t)
					continue;
				SAME(irt_heap_add(heap, &h.steps[at[t]].e), 0);
			}
			if (at[t] == h.count)
				continue;
			more = true;
			/* by the clock of the one who reads: it may be any */
			reached += 5000000 + (has(&h, SKEW) ? (int64_t)(next(&random) % IRT_HEAP_SLACK_TICKS) : 0);
			if (reached < until)
				until = reached;
		}
		SAME(irt_heap_settle(heap, until), 0);
		if (has(&h, RESTARTS) && next(&random) % 3 == 0) {
			irt_heap_want_rows(heap, next(&random) % 2); /* or young ones with what is pending */
			file_save(&f, heap);
			if (next(&random) % 2) {
				irt_heap_destroy(heap);
				heap = file_restore(&f, false);
			}
		}
	}
	for (unsigned t = 1; t <= h.threads; t++)
		irt_heap_end_thread(heap, t);
	SAME(irt_heap_settle(heap, INT64_MAX), 0);
	irt_heap_want_rows(heap, true);
	file_save(&f, heap);
	SAME(f.pending_bytes, 0);
	compare(&f);
	file_fini(&f);
	irt_heap_destroy(heap);
	free(h.steps);
}

static unsigned rounds = 20;

static void each(unsigned features)
{
	for (unsigned seed = 0; seed < rounds; seed++) {
		one(seed, features, 300, 20);
		one(seed, features, 3000, 200);
		one(seed, features | (features & WRAPPERS ? 0 : RESTARTS), 1000, 10);
	}
}

TEST(heap_equals_model_of_allocations_and_frees) { each(0); }
TEST(heap_equals_model_of_reallocs) { each(REALLOC | FAILURES); }
TEST(heap_equals_model_of_reallocs_inside_each_other) { each(REALLOC | FAILURES | NESTED | UNKNOWN); }
TEST(heap_equals_model_of_families_and_wrappers)
{
	each(FAMILIES);
	each(FAMILIES | WRAPPERS);
}
TEST(heap_equals_model_of_what_is_not_seen)
{
	each(UNKNOWN | FAILURES);
	each(LOST | FAMILIES);
	each(LOST | UNKNOWN);
}
TEST(heap_equals_model_by_clocks_that_differ)
{
	each(SKEW);
	each(SKEW | REALLOC | FAILURES);
	each(SKEW | REALLOC | NESTED | FAMILIES | UNKNOWN);
}
TEST(heap_equals_model_of_anything)
{
	for (unsigned seed = 0; seed < 10 * rounds; seed++) {
		uint64_t s = seed;
		unsigned features = (unsigned)next(&s) & ALL;
		if (features & (LOST | WRAPPERS)) /* what is not seen, or said twice, needs clocks that agree */
			features &= ~(unsigned)SKEW;
		if (features & WRAPPERS)
			features &= ~(unsigned)(LOST | REALLOC | RESTARTS);
		if (features & LOST)
			features &= ~(unsigned)REALLOC;
		one(seed, features, 800, 1 + seed % 300);
	}
}

int main(int argc, char **argv)
{
	if (getenv("HEAP_MODEL_ROUNDS"))
		rounds = (unsigned)atoi(getenv("HEAP_MODEL_ROUNDS"));
	int failed = check_main(argc, argv);
	return failed;
}
