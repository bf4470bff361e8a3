/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_past_test.c - the calls that were open at an earlier position, told by a walk that has gone on; and
 * the walk of a fork child that begins in them.
 */
#include "fold_harness.h"

enum { PLACES = 60, PAUSE = 2000 };

struct place {
	uint64_t position;
	struct irt_past_frame *frames;
	size_t count;
	int is_pause;
};

struct past {
	struct harness h;
	struct place at[PLACES];
	unsigned count;
};

/* Some records, ascending. With pauses every other one comes a while after the record before it. */
static void choose(struct past *p, uint64_t pick, int pauses)
{
	struct stream *s = &p->h.stream;
	uint64_t shift = 0;

	for (size_t at = 0; at < s->count; at = stream_record_end(s, at)) {
		if (at > 50 && p->count < PLACES && stream_random(&pick) % 50 == 0) {
			struct place *place = &p->at[p->count++];
			place->position = at;
			place->is_pause = pauses && p->count % 2;
			shift += place->is_pause ? 2 * PAUSE : 0;
		}
		s->units[at].ticks += shift;
	}
}

static void walk(struct past *p)
{
	size_t at = 0;
	for (unsigned i = 0; i < p->count; i++) {
		struct place *place = &p->at[i];
		harness_run(&p->h, at, place->position);
		at = place->position;
		CHECK_EQ(irt_walk_past(p->h.walk, at, at, &place->frames, &place->count), 0);
		CHECK_EQ(place->count, irt_walk_depth(p->h.walk));
	}
	harness_run(&p->h, at, p->h.stream.count);
}

static void make(struct past *p, unsigned seed, unsigned features, int pauses)
{
	memset(p, 0, sizeof(*p));
	p->h.seed = seed;
	p->h.unit = seed % 3 ? 26 : 1;
	p->h.chunk_events = 50 + seed % 500;
	p->h.max_split = seed % 4 ? 900 : 3;
	p->h.max_depth = seed % 7 == 1 ? 5 : 0;
	p->h.pause_ticks = PAUSE;
	harness_about = (struct harness_about){seed, features};
	stream_make(&p->h.stream, seed, features, 2500);
	choose(p, seed + 1, pauses);
	harness_open(&p->h);
	walk(p);
}

static void fini(struct past *p)
{
	for (unsigned i = 0; i < p->count; i++)
		free(p->at[i].frames);
	harness_close(&p->h);
	free(p->h.stream.units);
}

/* The answer is the truth, or its beginning if not all is known. Returns 1 if all was. */
static int check(const struct place *place, int result, const struct irt_past_frame *frames, size_t count, bool replayed)
{
	CHECK(result == 0 || result == INSTR_ERR_NOT_FOUND);
	CHECK(result ? count <= place->count : count == place->count);
	for (size_t i = 0; i < count; i++) {
		CHECK_EQ(frames[i].function, place->frames[i].function);
		if (replayed && !frames[i].tag)
			continue;
		CHECK_EQ(frames[i].tag, place->frames[i].tag);
		CHECK_EQ(frames[i].sp, place->frames[i].sp);
		CHECK_EQ(frames[i].flags, place->frames[i].flags);
	}
	return result == 0;
}

/* Asks the walk, then what outlives it. How many places were told in full, and of how many a part. */
static void check_all(struct past *p, unsigned *told, unsigned *partly)
{
	uint64_t end = p->h.stream.count;
	unsigned told_later = 0;
	uint32_t entries;
	struct irt_past_frame *frames;
	size_t count;

	*told = *partly = 0;
	for (unsigned i = 0; i < p->count; i++) {
		int r = irt_walk_past(p->h.walk, p->at[i].position, end, &frames, &count);
		*told += (unsigned)check(&p->at[i], r, frames, count, false);
		*partly += r && count;
		free(frames);
	}
	struct irt_past *past = irt_walk_take_past(p->h.walk, &entries);
	CHECK(past);
	for (unsigned i = 0; i < p->count; i++) {
		int r = irt_past_frames(past, p->at[i].position, end, &frames, &count);
		told_later += (unsigned)check(&p->at[i], r, frames, count, false);
		free(frames);
	}
	CHECK_EQ(told_later, *told);
	irt_past_destroy(past);
}

TEST(calls_open_at_a_pause_are_told_later_as_they_were)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		uint64_t pick = seed;
		unsigned pauses = 0, told, partly;
		struct past p;
		make(&p, seed, (unsigned)stream_random(&pick) & STREAM_ALL & ~(unsigned)(STREAM_RELOAD | STREAM_SLOW_TIME), 1);
		check_all(&p, &told, &partly);
		for (unsigned i = 0; i < p.count; i++)
			pauses += (unsigned)p.at[i].is_pause;
		CHECK(pauses > 5);
		CHECK(told >= pauses);
		fini(&p);
	}
}

/* Between pauses it is a beginning of the truth, and mostly more than nothing. */
TEST(what_was_open_between_pauses_is_told_as_far_as_it_is_certain)
{
	unsigned known = 0, places = 0, told, partly;
	for (unsigned seed = 100; seed < 140; seed++) {
		uint64_t pick = seed;
		struct past p;
		make(&p, seed, (unsigned)stream_random(&pick) & STREAM_ALL & ~(unsigned)STREAM_RELOAD, seed % 2);
		check_all(&p, &told, &partly);
		known += told + partly;
		places += p.count;
		fini(&p);
	}
	CHECK(known > places / 4);
}

static void recurse(struct instr_unit *u, size_t n, uint64_t ticks, enum instr_kind kind)
{
	for (size_t i = 0; i < n; i++) {
		size_t level = kind == INSTR_ENTER ? i : n - 1 - i;
		u[i] = (struct instr_unit){ticks + i, instr_tag(kind, stream_row(1), 0x7fff00000000 - level * 64)};
	}
}

/* As often as the log is long, and deeper than that. */
TEST(the_log_is_bounded_but_holds_the_deepest_recursion)
{
	enum { DEPTH = 20000, TURNS = 20000 };
	struct harness h = {.unit = 1, .pause_ticks = PAUSE};
	struct instr_unit *u = calloc(2 * DEPTH, sizeof(*u));
	struct irt_past_frame *frames;
	uint64_t position = 0, ticks = 1000;
	uint32_t entries;
	size_t count, used, more;

	harness_open(&h);
	for (int turn = 0; turn < TURNS; turn++, position += 2, ticks += 10 * PAUSE) {
		u[0] = (struct instr_unit){ticks, instr_tag(INSTR_ENTER, stream_row(3), 0x7fff10000000)};
		u[1] = (struct instr_unit){ticks + 5 * PAUSE, instr_tag(INSTR_EXIT, stream_row(3), 0x7fff10000000)};
		CHECK_EQ(irt_walk_run(h.walk, u, 2, position, &used, &more), IRT_WALK_ALL);
	}
	recurse(u, DEPTH, ticks, INSTR_ENTER);
	recurse(u + DEPTH, DEPTH, ticks + DEPTH + 2 * PAUSE, INSTR_EXIT);
	CHECK_EQ(irt_walk_run(h.walk, u, 2 * DEPTH, position, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(irt_walk_depth(h.walk), 0);
	CHECK_EQ(irt_walk_past(h.walk, position + DEPTH, position + 2 * DEPTH, &frames, &count), 0);
	CHECK_EQ(count, DEPTH);
	for (size_t i = 0; i < count; i++)
		CHECK_EQ(frames[i].tag, u[i].tag);
	free(frames);
	CHECK_EQ(irt_walk_past(h.walk, 101, position, &frames, &count), INSTR_ERR_NOT_FOUND);
	free(frames);
	irt_past_destroy(irt_walk_take_past(h.walk, &entries));
	CHECK(entries < 4 * DEPTH);
	free(u);
	harness_close(&h);
}

/* The child does what its parent did from the fork on: the same calls end the same way. */
TEST(a_child_that_does_as_its_parent_ends_the_same_calls)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		uint64_t pick = seed;
		struct past p;
		unsigned features = (unsigned)stream_random(&pick) &
			(STREAM_UNWIND | STREAM_LANDED | STREAM_TAIL | STREAM_ORPHAN | STREAM_WAIT | STREAM_HANDLER | STREAM_DEEP |
			 STREAM_BIG_FRAMES | STREAM_DYNAMIC_STACK | STREAM_BACKWARDS);
		make(&p, seed, features, 1);
		for (unsigned i = 0; i < p.count; i += 7) {
			struct place *place = &p.at[i];
			struct harness parent = harness_again(&p.h), child = harness_again(&p.h);
			struct irt_walk_counters before, after, c;
			struct instr_unit stack[2] = {{0, 0}};
			size_t used, more;
			int64_t extra;

			harness_open(&parent);
			harness_run(&parent, 0, place->position);
			irt_walk_counters(parent.walk, &before);
			stack[0] = (struct instr_unit){1, instr_ext_tag(INSTR_EXT_STACK, 2, 0)};
			stack[1].ticks = (uint64_t)(irt_walk_stack(parent.walk) + INSTR_SP_RANGE / 32) << 4;
			harness_run(&parent, place->position, p.h.stream.count);
			irt_walk_counters(parent.walk, &after);

			harness_open(&child);
			CHECK_EQ(irt_walk_inherit(child.walk, place->frames, place->count, 1, false), 0);
			CHECK_EQ(irt_walk_depth(child.walk), place->count);
			CHECK_EQ(irt_walk_settle(child.walk), 0);
			for (uint32_t f = 0; f < 256; f++) {
				struct irt_function_row row = {0};
				irt_functions_row(child.functions, f, &row);
				CHECK_EQ(row.calls, 0);
			}
			if (stack[1].ticks >> 46)
				CHECK_EQ(irt_walk_run(child.walk, stack, 2, 0, &used, &more), IRT_WALK_ALL);
			harness_run(&child, place->position, p.h.stream.count);
			irt_walk_counters(child.walk, &c);
			CHECK_EQ(c.orphans, after.orphans - before.orphans);
			/* each thread is marked once to have several stacks, and they have not seen the same */
			extra = (int64_t)(c.events - (after.events - before.events));
			if ((after.flags | c.flags) & IRT_WALK_STACKS)
				CHECK(extra >= -1 && extra <= 1);
			else
				CHECK_EQ(extra, 0);
			CHECK_EQ(irt_walk_depth(child.walk), irt_walk_depth(parent.walk));
			for (uint64_t d = 0; d < irt_walk_depth(child.walk); d++) {
				struct irt_walk_frame a, b;
				irt_walk_frame(child.walk, d, &a);
				irt_walk_frame(parent.walk, d, &b);
				CHECK_EQ(a.tag, b.tag);
				CHECK_EQ(irt_cct_node(child.cct, a.context)->function, irt_cct_node(parent.cct, b.context)->function);
			}
			harness_close(&parent);
			harness_close(&child);
		}
		fini(&p);
	}
}

/* Another drain has only the chunks. (Of a place that is no pause it may take a pause nearby.) */
TEST(a_restored_walk_tells_what_was_open_at_a_pause)
{
	unsigned told = 0, places = 0;
	for (unsigned seed = 0; seed < 60; seed++) {
		uint64_t pick = seed;
		struct past p;
		struct irt_past_frame *frames;
		size_t count;

		make(&p, seed, (unsigned)stream_random(&pick) & STREAM_ALL &
			 ~(unsigned)(STREAM_RELOAD | STREAM_SLOW_TIME | STREAM_UNKNOWN_EXT), 1);
		harness_close_chunk(&p.h, p.h.stream.count, 1);
		struct harness r = harness_again(&p.h);
		harness_open(&r);
		for (uint32_t i = 1; i < irt_cct_count(p.h.cct); i++)
			CHECK_EQ(irt_cct_load(r.cct, i, irt_cct_node(p.h.cct, i)), 0);
		CHECK_EQ(irt_contexts_add_tree(r.contexts, r.cct), 0);
		for (size_t i = 0; i < p.h.chunk_count; i++) {
			const struct kept_chunk *c = &p.h.chunks[i];
			CHECK_EQ(irt_chunk_open(r.decoder, r.contexts, c->data, c->data_bytes), 0);
			irt_walk_replay_begin(r.walk, c->columns.start_pos);
			CHECK_EQ(irt_chunk_replay(r.decoder, r.walk, 0), 0);
			irt_walk_replay_end(r.walk, c->columns.end_pos);
			irt_walk_set_position(r.walk, c->columns.end_pos);
		}
		for (unsigned i = 0; i < p.count; i++) {
			if (!p.at[i].is_pause)
				continue;
			int e = irt_walk_past(r.walk, p.at[i].position, p.h.stream.count, &frames, &count);
			int all = check(&p.at[i], e, frames, count, true);
			told += (unsigned)all;
			places++;
			free(frames);
		}
		harness_close(&r);
		fini(&p);
	}
	CHECK(told > places * 9 / 10);
}

TEST(a_child_of_which_not_all_is_known_is_marked)
{
	struct harness h = {.unit = 1};
	struct irt_past_frame frame = {.function = 7};
	struct irt_walk_counters c;

	harness_open(&h);
	CHECK_EQ(irt_walk_inherit(h.walk, &frame, 1, 1, true), 0);
	irt_walk_counters(h.walk, &c);
	CHECK_EQ(c.flags, IRT_WALK_PARTLY_INHERITED);
	CHECK_EQ(irt_walk_depth(h.walk), 1);
	harness_close(&h);
}

TEST_MAIN()
