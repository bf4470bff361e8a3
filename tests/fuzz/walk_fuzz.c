/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_fuzz.c - any bytes as a ring: two walks, one of which gets it in one piece and one in shreds,
 * must see the same events and come to the same totals, and their chunks must decode. Their heaps must get
 * the same, and what a heap makes of it must add up, also if it is saved and restored on the way. For
 * libFuzzer; without it fuzz_main.c makes the inputs.
 *
 * Eight bytes of input make a record near to a real one, so that deep states are reached; a first
 * byte above 239 takes sixteen more as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "encode/chunk.h"
#include "fold/blocks.h"
#include "fold/creators.h"
#include "fold/heap.h"
#include "instr/hooks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { UNITS_MAX = 2048, EVENTS_MAX = 3 * UNITS_MAX };

static int function_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	(void)user;
	answer->function = (uint32_t)(instr_tag_row(tag) >> 4 & 63);
	answer->flags = answer->function % 8 == 3 ? INSTR_ROW_DYNAMIC_STACK : 0;
	if (ticks >> 20 & 1)
		answer->function += 64;
	return 0;
}

static size_t make_units(const uint8_t *data, size_t bytes, struct instr_unit *units)
{
	uint64_t now = 1 << 19, sp = UINT64_C(0x7ffc00080000);
	size_t n = 0;

	for (; bytes >= 8 && n + 2 < UNITS_MAX; data += 8, bytes -= 8) {
		uint64_t row = UINT64_C(0x555500000000) + (data[1] & 63u) * 16 + ((uint64_t)(data[1] >> 7) << 32);
		uint64_t a;
		if (data[0] >= 240 && bytes >= 24) {
			memcpy(&units[n++], data + 8, 16);
			data += 16;
			bytes -= 16;
			continue;
		}
		memcpy(&a, data, 8);
		now += data[2] < 250 ? data[2] : (uint64_t)data[3] << data[2] % 50;
		sp += ((uint64_t)data[4] - 128) * (data[5] < 250 ? 16 : 16384);
		switch (data[0] % 16) {
		case INSTR_EXT:
			if (data[6] >= 128) { /* the heap: few addresses, few sizes */
				units[n++] = (struct instr_unit){now, instr_ext_tag((enum instr_ext)(INSTR_EXT_ALLOC + data[6] % 4), 2, row)};
				units[n++] = (struct instr_unit){16u * (data[7] % 16),
								 (data[7] >= 240 ? INSTR_HEAP_BYTES_MASK : data[6] & 127u) |
									 (uint64_t)(1 + data[5] % 3) << INSTR_HEAP_FAMILY_SHIFT};
				break;
			}
			if (data[6] >= 96) { /* calls that may block */
				if (data[6] % 2) {
					units[n++] = (struct instr_unit){now, instr_ext_tag(INSTR_EXT_BLOCKING, 1, row)};
					break;
				}
				units[n++] = (struct instr_unit){now, instr_ext_tag(INSTR_EXT_BLOCK, 2, row)};
				units[n++] = (struct instr_unit){data[7] < 250 ? data[7] : a, data[7] < 200 ? 1 : a};
				break;
			}
			units[n++] = (struct instr_unit){now, instr_ext_tag((enum instr_ext)(data[6] % 6), 2, row)};
			units[n++] = (struct instr_unit){data[6] % 6 == INSTR_EXT_WAIT ? data[7] : sp, now - data[7]};
			break;
		case INSTR_CYG_ENTER:
		case INSTR_CYG_EXIT:
			units[n++] = (struct instr_unit){now, data[0] % 16 | row << INSTR_CYG_SHIFT | sp << INSTR_CYG_SP_SHIFT};
			break;
		case 0:
		case 9:
		case 10:
		case 11:
			units[n++] = (struct instr_unit){now, instr_tag(INSTR_ENTER, row, sp -= 64)};
			break;
		case 12:
		case 13:
		case 14:
			units[n++] = (struct instr_unit){now, instr_tag(INSTR_EXIT, row, sp)};
			sp += 64;
			break;
		default:
			units[n++] = (struct instr_unit){now - (data[7] > 200 ? data[7] : 0),
							 instr_tag((enum instr_kind)(data[0] % 16), row, sp)};
		}
	}
	return n;
}

struct result {
	struct irt_event events[EVENTS_MAX];
	size_t event_count;
	struct irt_walk_counters counters;
	uint64_t sum;
	uint64_t depth;
	struct irt_walk_open_block open[IRT_WALK_OPEN_BLOCKS];
	size_t open_count;
	uint8_t *pending; /* what the heap got */
	size_t pending_bytes;
};

static int add_row(void *user, const struct irt_walk_totals *row)
{
	struct result *r = user;
	uint64_t h = row->context * UINT64_C(0x9e3779b97f4a7c15);

	if (row->returns + row->unwound != irt_histogram_count(row->histogram))
		abort();
	r->sum += h ^ (row->calls * 3 + row->returns * 5 + row->unwound * 7 + row->open * 11 +
		       row->total_ticks * 13 + row->self_ticks * 17 + row->min_ticks * 19 + row->max_ticks * 23);
	return 0;
}

static void take_chunk(struct irt_walk *walk, const struct irt_cct *cct, struct result *r)
{
	static struct irt_encoder *encoder;
	static struct irt_chunk_decoder *decoder;
	struct irt_contexts *contexts;
	struct irt_chunk_bytes out;
	long n;

	if ((!encoder && (irt_encoder_create(&encoder) || irt_chunk_decoder_create(&decoder))) ||
	    irt_contexts_create(&contexts) || irt_contexts_add_tree(contexts, cct))
		abort();
	if (irt_chunk_encode(encoder, walk, IRT_CODEC_ZSTD, &out) == 0) {
		if (irt_chunk_open(decoder, contexts, out.data, out.data_bytes))
			abort();
		while ((n = irt_chunk_next(decoder, r->events + r->event_count, EVENTS_MAX - r->event_count)) > 0)
			r->event_count += (size_t)n;
		if (n)
			abort();
	}
	irt_contexts_destroy(contexts);
	irt_walk_next_chunk(walk);
}

/* ---- heaps ------------------------------------------------------------------------------------------- */

struct rows {
	struct irt_heap *to; /* restored from what is saved */
	struct irt_heap_sums all;
	uint64_t blocks, bytes, released;
};

static int add_place(void *user, const struct irt_heap_place *p)
{
	struct rows *r = user;
	struct irt_heap_place copy = *p;

	r->all.allocs += p->allocs;
	r->all.bytes += p->bytes;
	r->all.frees += p->frees;
	r->all.freed_bytes += p->freed_bytes;
	r->all.failed += p->failed;
	r->all.temporary += p->temporary;
	r->all.crossed += p->crossed;
	r->all.peak_blocks += p->peak_blocks;
	r->all.peak_bytes += p->peak_bytes;
	r->released += p->released;
	copy.sizes = copy.lifetimes = (struct irt_histogram){0};
	if (irt_histogram_merge(&copy.sizes, &p->sizes) || irt_histogram_merge(&copy.lifetimes, &p->lifetimes) ||
	    irt_heap_restore_place(r->to, &copy))
		abort();
	return 0;
}

static int add_block(void *user, const struct irt_heap_block *b)
{
	struct rows *r = user;

	r->blocks++;
	r->bytes += b->bytes;
	if (irt_heap_restore_block(r->to, b))
		abort();
	return 0;
}

static int add_fault(void *user, const struct irt_heap_fault *f)
{
	struct rows *r = user;

	return irt_heap_restore_fault(r->to, f) ? abort(), 1 : 0;
}

/* All rows of a heap that has saved none yet: they add up. Another heap made of them. */
static struct irt_heap *again(struct irt_heap *heap, int whole)
{
	struct rows r = {0};
	struct irt_heap_sums sums = {0};
	uint8_t *pending;
	size_t pending_bytes;

	if (irt_heap_create(&r.to, false) || irt_heap_pack(heap, &pending, &pending_bytes))
		abort();
	for (int kind = 0; kind < IRT_HEAP_KINDS; kind++) {
		struct irt_heap_sums s;
		if (!irt_heap_sums(heap, kind, &s))
			continue;
		if (irt_heap_restore_sums(r.to, kind, &s))
			abort();
		sums.allocs += s.allocs;
		sums.bytes += s.bytes;
		sums.frees += s.frees;
		sums.freed_bytes += s.freed_bytes;
		sums.failed += s.failed;
		sums.temporary += s.temporary;
		sums.crossed += s.crossed;
		sums.lost += s.lost;
		sums.peak_blocks += s.peak_blocks;
		sums.peak_bytes += s.peak_bytes;
	}
	if (irt_heap_each_place(heap, &r, add_place) || irt_heap_each_block(heap, &r, add_block) ||
	    irt_heap_each_fault(heap, &r, add_fault) ||
	    (pending_bytes && irt_heap_unpack(r.to, pending, pending_bytes)))
		abort();
	if (r.all.allocs != sums.allocs || r.all.bytes != sums.bytes || r.all.frees != sums.frees ||
	    r.all.freed_bytes != sums.freed_bytes || r.all.failed != sums.failed || r.all.temporary != sums.temporary ||
	    r.all.crossed != sums.crossed || r.all.peak_blocks != sums.peak_blocks || r.all.peak_bytes != sums.peak_bytes)
		abort();
	if (whole && (r.blocks != sums.allocs - sums.frees || r.bytes != sums.bytes - sums.freed_bytes ||
		      r.released + sums.lost != sums.frees || pending_bytes))
		abort();
	free(pending);
	return r.to;
}

/* What was given to a heap, as that of several threads, settled in parts. */
static void settle_parts(const struct result *r, unsigned parts)
{
	struct irt_heap *heap, *next;
	bool restored = false;
	uint64_t n = 0;

	if (irt_heap_create(&heap, false))
		abort();
	for (size_t i = 0; i < r->event_count; i++) {
		const struct irt_event *e = &r->events[i];
		if (e->operation < IRT_OP_ALLOC || e->operation > IRT_OP_RESET)
			continue;
		struct irt_shared_event h = {.ticks = e->ticks + (e->site >> 3 & 3) * 1000, .address = e->extra, .bytes = e->value,
					   .context = e->context, .site = e->site, .thread = 1 + (e->site >> 3 & 3),
					   .operation = e->operation};
		if (irt_heap_add(heap, &h))
			abort();
		if (++n % parts)
			continue;
		if (irt_heap_settle(heap, e->ticks - 2000))
			abort();
		if (n % 3 == 0)
			irt_heap_end_thread(heap, 1 + (uint32_t)n % 4);
		if (restored || n % 2)
			continue;
		next = again(heap, 0);
		irt_heap_destroy(heap);
		heap = next;
		restored = true; /* it tells only what changes from here on */
	}
	for (uint32_t t = 1; t <= 4; t++)
		irt_heap_end_thread(heap, t);
	if (irt_heap_settle(heap, INT64_MAX) || irt_heap_is_waiting(heap))
		abort();
	irt_heap_destroy(heap);
}

static void settle_all(const struct result *r)
{
	struct irt_heap *heap;

	if (irt_heap_create(&heap, false) || (r->pending_bytes && irt_heap_unpack(heap, r->pending, r->pending_bytes)))
		abort();
	irt_heap_end_thread(heap, 9);
	if (irt_heap_settle(heap, INT64_MAX))
		abort();
	irt_heap_destroy(again(heap, 1));
	irt_heap_destroy(heap);
}

/* ---- walks ------------------------------------------------------------------------------------------- */

static int count_found(void *user, uint64_t thread_id, const struct irt_creation *by)
{
	(void)thread_id;
	((struct result *)user)->sum += by->key + (uint64_t)by->end_ticks;
	return 0;
}

static void walk_it(const struct instr_unit *units, size_t count, size_t shred, struct result *r)
{
	struct irt_cct_config tree = {.max_contexts = 60, .max_depth = 7, .other_function = 1000};
	struct irt_walk_config config = {.time_unit_ticks = 3, .chunk_events = 200, .function_of = function_of,
					 .site_of = function_of, .thread = 9};
	struct irt_cct *cct;
	struct irt_walk *walk;
	size_t at = 0, want = 0;

	if (irt_cct_create(&cct, &tree) || irt_heap_create(&config.heap, false) || irt_blocks_create(&config.blocks) ||
	    irt_creators_create(&config.creators))
		abort();
	config.cct = cct;
	if (irt_walk_create(&walk, &config) || irt_walk_forget_rows(walk, 1 << 20))
		abort();
	r->event_count = 0;
	r->sum = 0;
	while (at < count) {
		size_t n = shred && shred < count - at ? shred : count - at, used, more;
		enum irt_walk_stop stop;
		n = want > n ? want : n;
		want = 0;
		stop = irt_walk_run(walk, units + at, n, at, &used, &more);
		at += used;
		if (stop == IRT_WALK_CHUNK_FULL)
			take_chunk(walk, cct, r);
		else if (stop == IRT_WALK_SHORT && more <= count - at)
			want = more;
		else if (stop == IRT_WALK_SHORT || stop == IRT_WALK_RESERVED || stop == IRT_WALK_UNWRITTEN)
			irt_walk_skip(walk, at++, 1, true);
		else if (stop != IRT_WALK_ALL && stop != IRT_WALK_PAD)
			abort();
	}
	take_chunk(walk, cct, r);
	if (irt_walk_settle(walk) || irt_walk_each(walk, r, add_row))
		abort();
	irt_walk_counters(walk, &r->counters);
	r->depth = irt_walk_depth(walk);
	r->open_count = irt_walk_open_blocks(walk, r->open);
	for (size_t i = 0; i < r->open_count; i++)
		if (r->open[i].depth > r->depth || (i && r->open[i].depth <= r->open[i - 1].depth))
			abort();
	if (r->counters.events != r->event_count)
		abort();
	free(r->pending);
	if (irt_heap_pack(config.heap, &r->pending, &r->pending_bytes))
		abort();
	for (uint64_t i = 0; i < count; i++) /* threads with the keys that there may be */
		if (irt_creators_join(config.creators, i, instr_hidden(units[i].ticks) & IRT_HEAP_ADDRESS_MASK, (int64_t)units[i].tag))
			abort();
	if (irt_creators_settle(config.creators, INT64_MAX, false, NULL, NULL) || irt_creators_is_waiting(config.creators) ||
	    irt_creators_each_found(config.creators, r, count_found))
		abort();
	irt_creators_destroy(config.creators);
	irt_walk_destroy(walk);
	irt_heap_destroy(config.heap);
	irt_blocks_destroy(config.blocks);
	irt_cct_destroy(cct);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct instr_unit units[UNITS_MAX];
	static struct result a, b;
	size_t count, shred = bytes ? 1 + data[bytes - 1] % 9 : 1;

	count = make_units(data, bytes, units);
	walk_it(units, count, 0, &a);
	walk_it(units, count, shred, &b);
	if (a.event_count != b.event_count || a.sum != b.sum || a.depth != b.depth ||
	    a.open_count != b.open_count || memcmp(a.open, b.open, a.open_count * sizeof(*a.open)) ||
	    memcmp(&a.counters, &b.counters, sizeof(a.counters)) || a.pending_bytes != b.pending_bytes ||
	    (a.pending_bytes && memcmp(a.pending, b.pending, a.pending_bytes)))
		abort();
	settle_all(&a);
	settle_parts(&a, (unsigned)shred * 3);
	for (size_t i = 0; i < a.event_count; i++) {
		const struct irt_event *x = &a.events[i], *y = &b.events[i];
		if (x->ticks != y->ticks || x->context != y->context || x->depth != y->depth ||
		    x->operation != y->operation || (x->operation != IRT_OP_ENTER && x->value != y->value))
			abort();
	}
	return 0;
}
