/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_model.h - what a heap must do, written to be obviously right: one event after the other in the order
 * in which they happened, with a list of blocks and nothing else.
 */
#ifndef TESTS_UNIT_HEAP_MODEL_H
#define TESTS_UNIT_HEAP_MODEL_H

#include "heap_file.h"

enum {
	THREADS_MAX = 6,
	ADDRESSES = 60,
	FOREIGN = 0x900000, /* blocks from here on come from code without hooks */
	PLACES = 200,
	HANDS_MAX = 3,
	LIFE_BUCKETS = 976,
};
enum feature {
	REALLOC = 1,
	FAILURES = 2,
	UNKNOWN = 4,
	FAMILIES = 8,
	NESTED = 16,   /* reallocs inside each other */
	LOST = 32,     /* frees that are not seen, and frees twice; time goes slowly then */
	SKEW = 64,     /* clocks differ */
	WRAPPERS = 128, /* new that calls malloc, delete that calls free */
	RESTARTS = 256,
	ALL = 511,
};

static uint64_t about_seed;
static unsigned about_features;

static inline uint64_t next(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

#define SAME(a, b)                                                                          \
	do {                                                                                \
		uint64_t same_a = (uint64_t)(a), same_b = (uint64_t)(b);                    \
		check_count++;                                                              \
		if (same_a != same_b)                                                       \
			CHECK_FAIL("seed %" PRIu64 " features %#x: %s is %" PRId64 ", not %" PRId64, about_seed, \
				   about_features, #a, (int64_t)same_a, (int64_t)same_b);   \
	} while (0)

struct model_block {
	bool alive;
	uint64_t bytes;
	unsigned family;
	uint32_t thread;
	unsigned place;
	int64_t ticks;
	bool resized;
};

struct model_place {
	uint32_t context, site_id;
	struct irt_heap_place row;
	uint64_t sizes[LIFE_BUCKETS], lifetimes[LIFE_BUCKETS];
};

struct model_thread {
	uint64_t newest;
	struct {
		uint64_t address;
		bool known;
		struct model_block block;
	} hands[HANDS_MAX];
	unsigned hand_count;
};

struct model {
	struct irt_heap_sums sums;
	struct model_place places[PLACES];
	unsigned place_count;
	struct model_block blocks[ADDRESSES];
	struct model_thread threads[THREADS_MAX + 1];
	struct irt_heap_fault faults[4000]; /* one by one, counted up where they are the same */
	unsigned fault_count;
	struct {
		uint32_t context, site_id;
	} freed[ADDRESSES];
};

static struct model model;

static inline unsigned model_place(uint32_t context, uint32_t site_id)
{
	for (unsigned i = 0; i < model.place_count; i++)
		if (model.places[i].context == context && model.places[i].site_id == site_id)
			return i;
	CHECK(model.place_count < PLACES);
	model.places[model.place_count].context = context;
	model.places[model.place_count].site_id = site_id;
	return model.place_count++;
}

static inline struct model_block *model_block(uint64_t address)
{
	return address && address < FOREIGN ? &model.blocks[address / 16 - 1] : NULL;
}

static inline void model_fault(unsigned kind, const struct irt_shared_event *e, uint32_t context, uint32_t site_id)
{
	struct irt_heap_fault f = {.kind = kind, .context = e->context, .site_id = irt_site_id(e->site),
				   .block_context = context, .block_site_id = site_id};
	for (unsigned i = 0; i < model.fault_count; i++) {
		struct irt_heap_fault *o = &model.faults[i];
		if (o->kind == kind && o->context == f.context && o->site_id == f.site_id && o->block_context == context &&
		    o->block_site_id == site_id) {
			o->count++;
			return;
		}
	}
	f.count = 1;
	CHECK(model.fault_count < 4000);
	model.faults[model.fault_count++] = f;
}

static inline void model_begin(const struct irt_shared_event *e)
{
	struct model_block *b = model_block(e->address);
	struct irt_heap_place *p;
	uint64_t blocks = 0, bytes = 0;
	unsigned at = model_place(e->context, irt_site_id(e->site));

	*b = (struct model_block){true, e->bytes, irt_site_family(e->site), e->thread, at, e->ticks,
				  e->operation == IRT_OP_RESIZED};
	model.freed[e->address / 16 - 1].context = 0;
	p = &model.places[at].row;
	p->allocs++;
	p->bytes += e->bytes;
	p->resized += e->operation == IRT_OP_RESIZED;
	model.places[at].sizes[irt_histogram_bucket(e->bytes)]++;
	model.threads[e->thread].newest = e->address;
	for (unsigned i = 0; i < model.place_count; i++) {
		p = &model.places[i].row;
		blocks += p->allocs - p->frees;
		bytes += p->bytes - p->freed_bytes;
		if (p->bytes - p->freed_bytes > p->max_bytes)
			p->max_bytes = p->bytes - p->freed_bytes;
	}
	if (bytes > model.sums.peak_bytes) {
		model.sums.peak_bytes = bytes;
		model.sums.peak_blocks = blocks;
		model.sums.peak_ticks = e->ticks;
		for (unsigned i = 0; i < model.place_count; i++) {
			p = &model.places[i].row;
			p->peak_blocks = p->allocs - p->frees;
			p->peak_bytes = p->bytes - p->freed_bytes;
		}
	}
}

static inline void model_end(const struct irt_shared_event *e, uint64_t address, const struct model_block *b, bool lost)
{
	struct model_place *x = &model.places[b->place];
	uint64_t life = e->ticks > b->ticks ? (uint64_t)(e->ticks - b->ticks) : 0;

	x->row.frees++;
	x->row.freed_bytes += b->bytes;
	x->row.life_ticks += life;
	x->lifetimes[irt_histogram_bucket(life)]++;
	if (lost) {
		model.sums.lost++;
		model_fault(IRT_HEAP_LOST, e, x->context, x->site_id);
		return;
	}
	if (e->operation == IRT_OP_FREE && model.threads[e->thread].newest == address && b->thread == e->thread)
		x->row.temporary++;
	x->row.crossed += b->thread != e->thread;
	if (b->family != irt_site_family(e->site))
		model_fault(IRT_HEAP_WRONG_FAMILY, e, x->context, x->site_id);
	unsigned at = model_place(e->context, irt_site_id(e->site));
	model.places[at].row.released++;
	model.places[at].row.released_bytes += b->bytes;
	model.freed[address / 16 - 1].context = e->context;
	model.freed[address / 16 - 1].site_id = irt_site_id(e->site);
}

static inline void model_unknown(const struct irt_shared_event *e, uint64_t address)
{
	model.sums.unknown_frees++;
	if (address < FOREIGN && model.freed[address / 16 - 1].context && !(about_features & RESTARTS))
		model_fault(IRT_HEAP_FREED_TWICE, e, model.freed[address / 16 - 1].context,
			    model.freed[address / 16 - 1].site_id);
	else
		model_fault(IRT_HEAP_UNKNOWN, e, 0, 0);
}

static inline void model_event(const struct irt_shared_event *e)
{
	struct model_thread *t = &model.threads[e->thread];
	struct model_block *b = model_block(e->address);

	switch (e->operation) {
	case IRT_OP_ALLOC:
		if (!e->address) {
			model.places[model_place(e->context, irt_site_id(e->site))].row.failed++;
			break;
		}
		if (b->alive)
			model_end(e, e->address, b, true);
		model_begin(e);
		break;
	case IRT_OP_FREE:
		if (b && b->alive) {
			b->alive = false;
			model_end(e, e->address, b, false);
		} else {
			model_unknown(e, e->address);
		}
		break;
	case IRT_OP_RESIZE:
		CHECK(t->hand_count < HANDS_MAX);
		t->hands[t->hand_count].address = e->address;
		t->hands[t->hand_count].known = b && b->alive;
		if (b && b->alive) {
			t->hands[t->hand_count].block = *b;
			b->alive = false;
		}
		t->hand_count++;
		break;
	default:
		t->hand_count--;
		if (e->bytes == IRT_HEAP_FAILED) {
			if (t->hands[t->hand_count].known)
				*b = t->hands[t->hand_count].block;
			model.places[model_place(e->context, irt_site_id(e->site))].row.failed++;
			break;
		}
		if (t->hands[t->hand_count].known)
			model_end(e, t->hands[t->hand_count].address, &t->hands[t->hand_count].block, false);
		else
			model_unknown(e, t->hands[t->hand_count].address);
		if (t->newest == t->hands[t->hand_count].address)
			t->newest = 0;
		if (e->address) {
			struct irt_heap_place *p = &model.places[model_place(e->context, irt_site_id(e->site))].row;
			uint64_t old_bytes = t->hands[t->hand_count].known ? t->hands[t->hand_count].block.bytes : 0;
			p->chains += !(t->hands[t->hand_count].known && t->hands[t->hand_count].block.resized);
			p->grown += t->hands[t->hand_count].known && e->bytes > old_bytes;
			if (e->address != t->hands[t->hand_count].address) {
				p->moved++;
				p->moved_bytes += old_bytes < e->bytes ? old_bytes : e->bytes;
			}
			if (b->alive)
				model_end(e, e->address, b, true);
			model_begin(e);
		}
	}
}

#endif
