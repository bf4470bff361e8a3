/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_fuzz.c - any bytes as a ring: two walks, one of which gets it in one piece and one in shreds,
 * must see the same events and come to the same totals, and their chunks must decode. For libFuzzer;
 * without it fuzz_main.c makes the inputs.
 *
 * Eight bytes of input make a record near to a real one, so that deep states are reached; a first
 * byte above 239 takes sixteen more as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "encode/chunk.h"
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

static void walk_it(const struct instr_unit *units, size_t count, size_t shred, struct result *r)
{
	struct irt_cct_config tree = {.max_contexts = 60, .max_depth = 7, .other_function = 1000};
	struct irt_walk_config config = {.time_unit_ticks = 3, .chunk_events = 200, .function_of = function_of};
	struct irt_cct *cct;
	struct irt_walk *walk;
	size_t at = 0, want = 0;

	if (irt_cct_create(&cct, &tree))
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
	if (r->counters.events != r->event_count)
		abort();
	irt_walk_destroy(walk);
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
	    memcmp(&a.counters, &b.counters, sizeof(a.counters)))
		abort();
	for (size_t i = 0; i < a.event_count; i++) {
		const struct irt_event *x = &a.events[i], *y = &b.events[i];
		if (x->ticks != y->ticks || x->context != y->context || x->depth != y->depth ||
		    x->operation != y->operation || (x->operation != IRT_OP_ENTER && x->value != y->value))
			abort();
	}
	return 0;
}
