/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_model_test.c - the walk, the encoder and both decoders against the model, on random streams:
 * every event, every total, every context, every figure.
 */
#include "fold_harness.h"

static unsigned rounds = 4;

static void one(uint64_t seed, unsigned features, struct harness *settings, unsigned events)
{
	struct harness h = *settings;
	struct model m;

	h.seed = seed;
	harness_about = (struct harness_about){seed, features};
	stream_make(&h.stream, seed, features, events);
	harness_open(&h);
	harness_run(&h, 0, h.stream.count);
	harness_close_chunk(&h, h.stream.count, 1);
	harness_model(&h, &m, h.stream.count);
	harness_compare(&h, &m);
	model_fini(&m);
	harness_close(&h);
	free(h.stream.units);
}

/* Each feature alone, then all of them. */
static void each_feature(struct harness *settings, unsigned events)
{
	for (unsigned bit = 1; bit <= STREAM_ALL; bit *= 2)
		for (unsigned seed = 0; seed < rounds; seed++)
			one(seed * 1000 + bit, bit, settings, events);
	for (unsigned seed = 0; seed < 2 * rounds; seed++)
		one(seed, STREAM_ALL, settings, 2 * events);
	for (unsigned seed = 0; seed < 2 * rounds; seed++) {
		uint64_t s = seed;
		one(seed, (unsigned)stream_random(&s) & STREAM_ALL, settings, 2 * events);
	}
}

TEST(walk_equals_model_in_one_go)
{
	struct harness h = {.unit = 26};
	each_feature(&h, 3000);
}

TEST(walk_equals_model_tick_by_tick_clock)
{
	struct harness h = {.unit = 1, .origin = 1000000123};
	each_feature(&h, 3000);
}

TEST(walk_equals_model_while_it_keeps_what_was_open)
{
	struct harness often = {.unit = 26, .pause_ticks = 60};
	struct harness seldom = {.unit = 1, .pause_ticks = 300, .max_split = 900, .close_one_in = 3};
	each_feature(&often, 3000);
	each_feature(&seldom, 3000);
}

TEST(walk_equals_model_however_the_stream_is_cut)
{
	struct harness one_unit = {.unit = 26, .max_split = 1};
	struct harness few = {.unit = 26, .max_split = 7, .unknown_one_in = 4, .creeping_horizon = 1};
	struct harness many = {.unit = 26, .max_split = 900, .close_one_in = 3, .origin = 77};
	each_feature(&one_unit, 1000);
	each_feature(&few, 1000);
	each_feature(&many, 3000);
}

TEST(walk_equals_model_with_tiny_chunks)
{
	struct harness h = {.unit = 26, .chunk_events = 3, .max_split = 20, .plain_too = 1};
	struct harness odd = {.unit = 10, .chunk_events = 61, .max_split = 200, .plain_too = 1};
	each_feature(&h, 300);
	each_feature(&odd, 1000);
}

TEST(walk_equals_model_when_the_tree_is_bounded)
{
	struct harness shallow = {.unit = 26, .max_depth = 6, .max_split = 300, .chunk_events = 500, .plain_too = 1};
	struct harness small = {.unit = 26, .max_contexts = 30, .max_split = 300, .chunk_events = 77, .plain_too = 1};
	struct harness both = {.unit = 1, .max_contexts = 100, .max_depth = 12};
	struct harness tiny = {.unit = 26, .max_contexts = 2, .max_depth = 1, .max_split = 3};
	each_feature(&shallow, 2000);
	each_feature(&small, 2000);
	each_feature(&both, 2000);
	each_feature(&tiny, 1000);
}

TEST(walk_equals_model_when_frames_are_bounded)
{
	struct harness h = {.unit = 26, .max_frames = 9, .max_split = 300, .chunk_events = 300};
	each_feature(&h, 1000);
}

TEST(result_does_not_depend_on_the_cuts)
{
	for (unsigned seed = 0; seed < 4 * rounds; seed++) {
		struct harness a = {.unit = 26, .close_one_in = 4, .max_split = 300}, b;
		a.seed = seed;
		stream_make(&a.stream, seed, STREAM_ALL, 3000);
		b = a;
		harness_open(&a);
		harness_run(&a, 0, a.stream.count);
		b.close_one_in = 0;
		b.max_split = 1 + seed * 5;
		b.close_at = a.closed_at;
		b.close_count = a.closed_count;
		harness_open(&b);
		harness_run(&b, 0, b.stream.count);
		harness_close_chunk(&a, a.stream.count, 1);
		harness_close_chunk(&b, b.stream.count, 1);
		CHECK_EQ(a.chunk_count, b.chunk_count);
		for (size_t i = 0; i < a.chunk_count; i++) {
			CHECK_EQ(a.chunks[i].columns.start_pos, b.chunks[i].columns.start_pos);
			CHECK_EQ(a.chunks[i].columns.end_pos, b.chunks[i].columns.end_pos);
		}
		CHECK_EQ(a.event_count, b.event_count);
		for (size_t i = 0; i < a.event_count; i++)
			harness_compare_event(&a.events[i], &b.events[i], i);
		harness_close(&a);
		harness_close(&b);
		free(a.stream.units);
	}
}

/* The model could be wrong where the walk is: here nothing but what the program did is asked. */
TEST(calls_and_ends_are_what_the_program_did)
{
	unsigned told = STREAM_UNWIND | STREAM_LANDED | STREAM_TAIL | STREAM_WAIT | STREAM_BACKWARDS |
			STREAM_HANDLER | STREAM_CYG_CALLS | STREAM_UNKNOWN_EXT | STREAM_DEEP | STREAM_BIG_FRAMES |
			STREAM_DYNAMIC_STACK;
	for (unsigned seed = 0; seed < 4 * rounds; seed++) {
		struct harness h = {.unit = 26, .max_split = 500, .chunk_events = 1000, .seed = seed};
		if (seed % 2)
			h.max_depth = 5;
		stream_make(&h.stream, seed, told & ~(seed % 3 ? 0 : STREAM_CYG_CALLS), 4000);
		harness_open(&h);
		harness_run(&h, 0, h.stream.count);
		CHECK_EQ(irt_walk_settle(h.walk), 0);
		CHECK_EQ(irt_walk_depth(h.walk), h.stream.depth);
		for (unsigned f = 0; f < STREAM_FUNCTIONS; f++) {
			struct irt_function_row row = {0};
			irt_functions_row(h.functions, f + 1, &row);
			CHECK_EQ(row.calls, h.stream.calls_of[f]);
			CHECK_EQ(row.returns + row.unwound, h.stream.ends_of[f]);
			CHECK_EQ(row.orphans, 0);
		}
		harness_close(&h);
		free(h.stream.units);
	}
}

int main(int argc, char **argv)
{
	if (getenv("WALK_MODEL_ROUNDS"))
		rounds = (unsigned)atoi(getenv("WALK_MODEL_ROUNDS"));
	return check_main(argc, argv);
}
