/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_block_test.c - records of calls that may block: what the sums get of them, what the chunk has of them, and
 * that both ways lead to the same sums.
 */
#include "walk_stage.h"

#include <stdlib.h>
#include <string.h>

#include "encode/chunk.h"
#include "fold/event.h"

enum { SITE = 2, OTHER_SITE = 6 };

/* ---- allocations that fail ----------------------------------------------------------------------------- */

static unsigned failing; /* this one fails, counted from 1; 0: none */
static int fails(void) { return failing && --failing == 0; }

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_malloc(size_t bytes) { return fails() ? NULL : __real_malloc(bytes); }
void *__wrap_calloc(size_t n, size_t bytes) { return fails() ? NULL : __real_calloc(n, bytes); }
void *__wrap_realloc(void *block, size_t bytes) { return fails() ? NULL : __real_realloc(block, bytes); }

/* ---- records and rows ----------------------------------------------------------------------------------- */

static uint64_t what(enum instr_descriptor kind, uint64_t bytes, int failed)
{
	return bytes | (uint64_t)kind << INSTR_BLOCK_KIND_SHIFT | (failed ? INSTR_BLOCK_FAILED : 0);
}

static void begin_blocks(void)
{
	with_blocks = 1;
	begin();
	with_blocks = 0;
	stack(TOP);
}

struct rows {
	struct irt_block_row at[64];
	unsigned count;
};

static int note_row(void *user, const struct irt_block_row *row)
{
	struct rows *r = user;
	CHECK(r->count < 64);
	r->at[r->count++] = *row; /* its histogram stays the table's */
	return 0;
}

static struct irt_block_row row(uint32_t context, uint32_t site, enum instr_descriptor kind)
{
	struct rows r = {0};
	CHECK_EQ(irt_blocks_each_changed(blocks, &r, note_row), 0);
	for (unsigned i = 0; i < r.count; i++)
		if (r.at[i].context == context && r.at[i].site_id == 40 + site && r.at[i].descriptor == kind)
			return r.at[i];
	return (struct irt_block_row){0};
}

TEST(a_call_is_of_the_innermost_function_its_site_and_its_kind)
{
	begin_blocks();
	ext(INSTR_EXT_BLOCK, SITE, 100, what(INSTR_DESCRIPTOR_PIPE, 1, 0)); /* outside all calls */
	enter(1, 0x1000);
	ext(INSTR_EXT_BLOCK, SITE, 7, what(INSTR_DESCRIPTOR_PIPE, 10, 0));
	ext(INSTR_EXT_BLOCK, SITE, 9, what(INSTR_DESCRIPTOR_PIPE, 0, 1));
	ext(INSTR_EXT_BLOCK, SITE, 5, what(INSTR_DESCRIPTOR_FILE, 20, 0));
	ext(INSTR_EXT_BLOCK, OTHER_SITE, 3, what(INSTR_DESCRIPTOR_PIPE, 30, 0));
	leave(1, 0x1000);
	run();
	CHECK_EQ(row(0, SITE, INSTR_DESCRIPTOR_PIPE).total_ticks, 100);
	struct irt_block_row r = row(1, SITE, INSTR_DESCRIPTOR_PIPE);
	CHECK_EQ(r.calls, 2);
	CHECK_EQ(r.failed, 1);
	CHECK_EQ(r.bytes, 10);
	CHECK_EQ(r.total_ticks, 16);
	CHECK_EQ(r.max_ticks, 9);
	CHECK_EQ(irt_histogram_count(&r.times), 2);
	CHECK_EQ(irt_histogram_rank(&r.times, 1, 0, 9), 7);
	CHECK_EQ(row(1, SITE, INSTR_DESCRIPTOR_FILE).bytes, 20);
	CHECK_EQ(row(1, OTHER_SITE, INSTR_DESCRIPTOR_PIPE).bytes, 30);
	CHECK_EQ(counters().events, 7);
	CHECK_EQ(counters().skipped_units, 0);
	CHECK_EQ(row_of(1).self_ticks, 50); /* and calls are what they were */
}

TEST(what_was_saved_is_given_out_again_when_it_changes)
{
	struct rows r = {0};
	begin_blocks();
	ext(INSTR_EXT_BLOCK, SITE, 1, what(INSTR_DESCRIPTOR_PIPE, 1, 0));
	ext(INSTR_EXT_BLOCK, SITE, 1, what(INSTR_DESCRIPTOR_FILE, 1, 0));
	run();
	CHECK(irt_blocks_is_unsaved(blocks));
	irt_blocks_saved(blocks);
	CHECK(!irt_blocks_is_unsaved(blocks));
	ext(INSTR_EXT_BLOCK, SITE, 1, what(INSTR_DESCRIPTOR_FILE, 1, 0));
	run();
	CHECK_EQ(irt_blocks_each_changed(blocks, &r, note_row), 0);
	CHECK_EQ(r.count, 1);
	CHECK_EQ(r.at[0].calls, 2);
}

TEST(a_site_that_is_not_known_yet_holds_up_its_record)
{
	size_t used, more;
	begin_blocks();
	enter(1, 0x1000);
	run();
	ext(INSTR_EXT_BLOCK, SITE, 5, what(INSTR_DESCRIPTOR_PIPE, 1, 0));
	for (int i = 0; i < 3; i++) {
		unknown = 1;
		CHECK_EQ(irt_walk_run(walk, units + walked, count - walked, walked, &used, &more), IRT_WALK_UNKNOWN);
		CHECK_EQ(used, 0);
		CHECK(!irt_blocks_is_unsaved(blocks));
	}
	run();
	CHECK_EQ(row(1, SITE, INSTR_DESCRIPTOR_PIPE).calls, 1);
	CHECK_EQ(counters().events, 2);
	units[count++] = (struct instr_unit){now, instr_ext_tag(INSTR_EXT_BLOCKING, 1, ROW(OTHER_SITE))};
	unknown = 1;
	CHECK_EQ(irt_walk_run(walk, units + walked, count - walked, walked, &used, &more), IRT_WALK_UNKNOWN);
	CHECK_EQ(used, 0);
	struct irt_walk_open_block at[IRT_WALK_OPEN_BLOCKS];
	CHECK_EQ(irt_walk_open_blocks(walk, at), 0);
	run();
	CHECK_EQ(irt_walk_open_blocks(walk, at), 1);
}

TEST(a_time_that_cannot_be_counts_as_none)
{
	begin_blocks();
	ext(INSTR_EXT_BLOCK, SITE, UINT64_MAX, what(INSTR_DESCRIPTOR_PIPE, 1, 0));
	run();
	CHECK_EQ(row(0, SITE, INSTR_DESCRIPTOR_PIPE).calls, 1);
	CHECK_EQ(row(0, SITE, INSTR_DESCRIPTOR_PIPE).total_ticks, 0);
}

TEST(without_sums_its_records_are_passed_over_and_counted)
{
	begin();
	stack(TOP);
	ext(INSTR_EXT_BLOCK, SITE, 5, what(INSTR_DESCRIPTOR_PIPE, 1, 0));
	run();
	CHECK_EQ(counters().events, 0);
	CHECK_EQ(counters().skipped_units, 2);
}

TEST(without_memory_a_record_is_not_done_and_can_be_tried_again)
{
	size_t used, more;
	for (unsigned nth = 1;; nth++) {
		begin_blocks();
		enter(1, 0x1000);
		run();
		for (unsigned i = 0; i < 40; i++)
			ext(INSTR_EXT_BLOCK, 10 + i, 1 << i % 20, what(INSTR_DESCRIPTOR_PIPE, 1, 0));
		failing = nth;
		enum irt_walk_stop stop = irt_walk_run(walk, units + walked, count - walked, walked, &used, &more);
		int came = !failing;
		failing = 0;
		CHECK_EQ(stop, came ? IRT_WALK_NO_MEMORY : IRT_WALK_ALL);
		walked += used;
		run();
		struct rows r = {0};
		CHECK_EQ(irt_blocks_each_changed(blocks, &r, note_row), 0);
		CHECK_EQ(r.count, 40);
		for (unsigned i = 0; i < r.count; i++)
			CHECK_EQ(r.at[i].calls, 1);
		CHECK_EQ(counters().events, 41);
		if (!came)
			break;
		CHECK(nth < 1000);
	}
}

/* ---- calls that have begun -------------------------------------------------------------------------------- */

static void begins(unsigned site)
{
	units[count++] = (struct instr_unit){now, instr_ext_tag(INSTR_EXT_BLOCKING, 1, ROW(site))};
	now += 10;
}
static void returns(unsigned site) { ext(INSTR_EXT_BLOCK, site, 10, what(INSTR_DESCRIPTOR_PIPE, 1, 0)); }

/* Those that are open, as digits: depth and site of each, outermost first. */
static uint64_t open_blocks(void)
{
	struct irt_walk_open_block at[IRT_WALK_OPEN_BLOCKS];
	uint64_t digits = 0;
	run();
	for (size_t i = 0, n = irt_walk_open_blocks(walk, at); i < n; i++)
		digits = digits * 100 + at[i].depth * 10 + (at[i].site_id - 40);
	return digits;
}

TEST(a_call_is_open_from_its_begin_until_it_returns)
{
	struct irt_walk_open_block at[IRT_WALK_OPEN_BLOCKS];
	begin_blocks();
	enter(1, 0x1000);
	begins(SITE);
	CHECK_EQ(open_blocks(), 12);
	CHECK_EQ(irt_walk_open_blocks(walk, at), 1);
	CHECK_EQ(at[0].start_ticks, (int64_t)now - 10);
	CHECK_EQ(at[0].context, 1);
	returns(SITE);
	CHECK_EQ(open_blocks(), 0);
	CHECK_EQ(row(1, SITE, INSTR_DESCRIPTOR_PIPE).calls, 1);
	CHECK_EQ(counters().events, 3);
	CHECK_EQ(counters().skipped_units, 0);
}

TEST(it_may_be_outside_of_all_calls)
{
	begin_blocks();
	begins(SITE);
	CHECK_EQ(open_blocks(), 2);
	enter(1, 0x1000);
	leave(1, 0x1000);
	CHECK_EQ(open_blocks(), 2);
	returns(SITE);
	CHECK_EQ(open_blocks(), 0);
}

/* A handler interrupts it: it is still what the thread is in, and there is another one. */
TEST(a_handler_makes_calls_inside_the_one_that_it_interrupts)
{
	begin_blocks();
	enter(1, 0x1000);
	begins(SITE);
	enter(2, 0xf00);
	CHECK_EQ(open_blocks(), 12);
	begins(OTHER_SITE);
	CHECK_EQ(open_blocks(), 1226);
	returns(OTHER_SITE);
	CHECK_EQ(open_blocks(), 12);
	begins(SITE);
	returns(SITE);
	leave(2, 0xf00);
	CHECK_EQ(open_blocks(), 12);
	returns(SITE);
	CHECK_EQ(open_blocks(), 0);
}

/* longjmp, cancellation: its end does not come. */
TEST(a_call_is_left_when_its_function_is)
{
	begin_blocks();
	enter(1, 0x1000);
	for (unsigned i = 0; i < 3; i++) { /* the loop, which has seen it before, and the step */
		enter(2, 0xf00);
		begins(SITE);
		leave(2, 0xf00);
	}
	enter(2, 0xf00); /* at the same depth */
	CHECK_EQ(open_blocks(), 0);
	begins(SITE);
	enter(3, 0xe00);
	CHECK_EQ(open_blocks(), 22);
	leave(1, 0x1000); /* the others have gone unseen */
	CHECK_EQ(open_blocks(), 0);
	enter(1, 0x1000);
	begins(SITE);
	put(INSTR_UNWIND, 1, 0x1000);
	CHECK_EQ(open_blocks(), 0);
	enter(1, 0x1000);
	enter(2, 0xf00);
	begins(SITE);
	enter(3, 0xf80); /* above it on the stack */
	CHECK_EQ(open_blocks(), 0);
	CHECK_EQ(open_calls(), 13);
}

TEST(a_call_is_left_when_its_function_makes_another)
{
	begin_blocks();
	enter(1, 0x1000);
	begins(SITE);
	begins(OTHER_SITE);
	CHECK_EQ(open_blocks(), 16);
	begins(OTHER_SITE);
	CHECK_EQ(open_blocks(), 16);
	returns(SITE); /* of which no begin was seen: nor is the function in the other one */
	CHECK_EQ(open_blocks(), 0);
	CHECK_EQ(row(1, SITE, INSTR_DESCRIPTOR_PIPE).calls, 1);
}

TEST(a_call_is_left_when_setjmp_returns_in_its_function_again)
{
	begin_blocks();
	enter(1, 0x1000);
	ext(INSTR_EXT_LANDED, 1, STACK + 0x1010, 0); /* from setjmp itself */
	begins(SITE);
	CHECK_EQ(open_blocks(), 12);
	CHECK_EQ(counters().events, 2);
	ext(INSTR_EXT_LANDED, 1, STACK + 0x1010, 0);
	CHECK_EQ(open_blocks(), 0);
	CHECK_EQ(counters().events, 3);
	begins(SITE);
	enter(2, 0xf00); /* a handler, which leaves */
	ext(INSTR_EXT_LANDED, 1, STACK + 0x1010, 0);
	CHECK_EQ(open_blocks(), 0);
	CHECK_EQ(open_calls(), 1);
	begins(SITE);
	enter(2, 0xf00); /* one that catches its own */
	ext(INSTR_EXT_LANDED, 2, STACK + 0xf10, 0);
	CHECK_EQ(open_blocks(), 12);
}

TEST(what_was_lost_may_have_been_its_end)
{
	begin_blocks();
	enter(1, 0x1000);
	begins(SITE);
	ext(INSTR_EXT_GAP, 0, 3, now - 5);
	CHECK_EQ(open_blocks(), 0);
}

TEST(a_thread_that_has_ended_is_in_no_call)
{
	begin_blocks();
	enter(1, 0x1000);
	begins(SITE);
	run();
	CHECK_EQ(irt_walk_end(walk), IRT_WALK_ALL);
	CHECK_EQ(open_blocks(), 0);
	begin_blocks();
	begins(SITE);
	run();
	CHECK_EQ(irt_walk_end(walk), IRT_WALK_ALL);
	CHECK_EQ(open_blocks(), 0);
}

TEST(of_very_many_the_outermost_are_forgotten)
{
	begin_blocks();
	for (unsigned i = 1; i <= 9; i++) {
		enter(i, 0x1000 - 0x100 * i);
		begins(SITE);
	}
	CHECK_EQ(open_blocks(), 2232425262728292);
	for (unsigned i = 9; i >= 1; i--) {
		returns(SITE);
		leave(i, 0x1000 - 0x100 * i);
	}
	CHECK_EQ(open_blocks(), 0);
	CHECK_EQ(counters().events, 36);
}

TEST(open_calls_are_saved_when_they_have_changed)
{
	begin_blocks();
	enter(1, 0x1000);
	begins(SITE);
	returns(SITE);
	run();
	CHECK(!irt_walk_open_blocks_unsaved(walk)); /* there was none, and there is none */
	begins(SITE);
	run();
	CHECK(irt_walk_open_blocks_unsaved(walk));
	irt_walk_saved(walk);
	CHECK(!irt_walk_open_blocks_unsaved(walk));
	returns(SITE);
	begins(SITE);
	run();
	CHECK(irt_walk_open_blocks_unsaved(walk)); /* another one */
	irt_walk_saved(walk);
	returns(SITE);
	run();
	CHECK(irt_walk_open_blocks_unsaved(walk));
	irt_walk_saved(walk);
	CHECK(!irt_walk_open_blocks_unsaved(walk));
}

TEST(open_calls_that_cannot_be_are_not_restored)
{
	const struct irt_walk_open_block good = {.depth = 1, .start_ticks = 5, .context = 1, .site_id = 42};
	struct irt_walk_open_block bad = good;
	begin_blocks();
	enter(1, 0x1000);
	run();
	bad.depth = 2;
	CHECK_EQ(irt_walk_restore_open_block(walk, &bad), INSTR_ERR_FORMAT);
	bad.depth = UINT64_MAX;
	CHECK_EQ(irt_walk_restore_open_block(walk, &bad), INSTR_ERR_FORMAT);
	bad = good;
	bad.context = 0;
	CHECK_EQ(irt_walk_restore_open_block(walk, &bad), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_walk_restore_open_block(walk, &good), 0);
	CHECK_EQ(irt_walk_restore_open_block(walk, &good), INSTR_ERR_FORMAT); /* it came before */
	CHECK_EQ(open_blocks(), 12);
	leave(1, 0x1000);
	CHECK_EQ(open_blocks(), 0);
}

/* ---- recovery ------------------------------------------------------------------------------------------- */

static int restore_row(void *user, const struct irt_block_row *row)
{
	struct irt_block_row copy = *row;
	copy.times = (struct irt_histogram){0};
	CHECK_EQ(irt_histogram_merge(&copy.times, &row->times), 0);
	return irt_blocks_restore(user, &copy);
}

/* The rows of a checkpoint, and the events behind it from the chunk, make the sums of all. */
TEST(rows_and_the_chunk_behind_them_make_the_same_sums)
{
	struct irt_blocks *again;
	struct irt_encoder *encoder;
	struct irt_chunk_decoder *decoder;
	struct irt_contexts *contexts;
	struct irt_chunk_bytes bytes;
	struct irt_event events[64];
	struct rows a = {0}, b = {0};
	uint64_t seed = 1, passed;
	long n;

	begin_blocks();
	enter(1, 0x1000);
	CHECK_EQ(irt_blocks_create(&again), 0);
	for (unsigned i = 0; i < 600; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		ext(INSTR_EXT_BLOCK, 2 + (seed >> 60) % 3, seed >> 32 & ((1 << (seed >> 50 & 15)) - 1),
		    what((enum instr_descriptor)(seed >> 40 & 3), seed >> 33 & 0xffff, seed >> 62 == 3));
		if (i == 300) {
			run();
			passed = counters().events;
			CHECK_EQ(irt_blocks_each_changed(blocks, again, restore_row), 0);
		}
	}
	run();
	CHECK_EQ(irt_encoder_create(&encoder), 0);
	CHECK_EQ(irt_chunk_encode(encoder, walk, IRT_CODEC_ZSTD, &bytes), 0);
	CHECK_EQ(bytes.columns.operations >> IRT_OP_BLOCK & 1, 1);
	CHECK_EQ(irt_contexts_create(&contexts), 0);
	CHECK_EQ(irt_contexts_add_tree(contexts, cct), 0);
	CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
	CHECK_EQ(irt_chunk_open(decoder, contexts, bytes.data, bytes.data_bytes), 0);
	while ((n = irt_chunk_next(decoder, events, 64)) > 0)
		for (long i = 0; i < n; i++) {
			if (passed) {
				passed--;
				continue;
			}
			CHECK_EQ(events[i].operation, IRT_OP_BLOCK);
			CHECK_EQ(irt_blocks_add(again, events[i].context, events[i].site, events[i].value, events[i].extra), 0);
		}
	CHECK_EQ(n, 0);
	CHECK_EQ(irt_blocks_each_changed(blocks, &a, note_row), 0);
	CHECK_EQ(irt_blocks_each(again, &b, note_row), 0);
	CHECK(a.count >= 9);
	CHECK_EQ(a.count, b.count);
	for (unsigned i = 0; i < a.count; i++) {
		const struct irt_block_row *x = &a.at[i], *y = NULL;
		for (unsigned k = 0; k < b.count; k++)
			if (b.at[k].context == x->context && b.at[k].site_id == x->site_id && b.at[k].descriptor == x->descriptor)
				y = &b.at[k];
		CHECK(y != NULL);
		if (!y)
			continue;
		CHECK_EQ(y->calls, x->calls);
		CHECK_EQ(y->failed, x->failed);
		CHECK_EQ(y->bytes, x->bytes);
		CHECK_EQ(y->total_ticks, x->total_ticks);
		CHECK_EQ(y->max_ticks, x->max_ticks);
		uint8_t text[2][IRT_HISTOGRAM_BYTES_MAX];
		size_t length = irt_histogram_write(&x->times, text[0]);
		CHECK_EQ(irt_histogram_write(&y->times, text[1]), length);
		CHECK(!memcmp(text[0], text[1], length));
	}
	irt_chunk_decoder_destroy(decoder);
	irt_contexts_destroy(contexts);
	irt_encoder_destroy(encoder);
	irt_blocks_destroy(again);
}

TEST(rows_that_cannot_be_are_refused)
{
	struct irt_blocks *b;
	struct irt_block_row good = {.context = 1, .site_id = 2, .calls = 1, .total_ticks = 5, .max_ticks = 5}, bad;
	CHECK_EQ(irt_blocks_create(&b), 0);
	CHECK_EQ(irt_histogram_add(&good.times, irt_histogram_bucket(5), 1), 0);
	bad = good;
	bad.descriptor = 16;
	CHECK_EQ(irt_blocks_restore(b, &bad), INSTR_ERR_FORMAT);
	bad = good;
	bad.failed = 2;
	CHECK_EQ(irt_blocks_restore(b, &bad), INSTR_ERR_FORMAT);
	bad = good;
	bad.calls = 2; /* one more than its histogram has */
	CHECK_EQ(irt_blocks_restore(b, &bad), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_blocks_restore(b, &good), 0);
	CHECK_EQ(irt_blocks_restore(b, &good), INSTR_ERR_FORMAT); /* it came before */
	irt_blocks_destroy(b);
}

int main(int argc, char **argv) { return walk_stage_main(argc, argv); }
