/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_restore_test.c - totals at a checkpoint, plus the chunks behind it, are the truth: a walk
 * restored from rows and chunks equals the one that made them, and goes on like it.
 */
#include "fold_harness.h"
#include "heap_file.h"

struct saved_row {
	struct irt_walk_totals row;
	uint8_t histogram[IRT_HISTOGRAM_BYTES_MAX];
	size_t histogram_bytes;
	int there;
};

struct saved { /* what a database holds at a checkpoint */
	struct irt_walk_counters counters;
	struct saved_row *rows;
	uint32_t room;
	struct irt_walk_frame *frames;
	size_t frame_count;
	uint64_t orphans[256];
	struct heap_file heap;
	struct irt_blocks *blocks; /* as they come back from their rows */
	struct irt_walk_open_block open[IRT_WALK_OPEN_BLOCKS];
	size_t open_count;
	struct irt_creators *creators; /* the same */
};

static int save_row(void *user, const struct irt_walk_totals *row)
{
	struct saved *s = user;
	struct saved_row *r;
	if (row->context >= s->room) {
		uint32_t room = 2 * row->context + 64;
		s->rows = realloc(s->rows, room * sizeof(*s->rows));
		memset(s->rows + s->room, 0, (room - s->room) * sizeof(*s->rows));
		s->room = room;
	}
	r = &s->rows[row->context];
	r->row = *row;
	r->histogram_bytes = irt_histogram_write(row->histogram, r->histogram);
	r->there = 1;
	return 0;
}

static int save_creation(void *user, const struct irt_creation *row)
{
	CHECK_EQ(irt_creators_add(user, row), 0);
	return 0;
}

static int save_block(void *user, const struct irt_block_row *row)
{
	struct irt_block_row copy = *row;
	copy.times = (struct irt_histogram){0};
	CHECK_EQ(irt_histogram_merge(&copy.times, &row->times), 0);
	return irt_blocks_restore(user, &copy);
}

/* A checkpoint: only what has changed since the last one is written. */
static void checkpoint(struct harness *h, struct saved *s)
{
	uint64_t unchanged;
	CHECK_EQ(irt_walk_settle(h->walk), 0);
	CHECK_EQ(irt_walk_each_changed(h->walk, s, save_row), 0);
	irt_walk_counters(h->walk, &s->counters);
	unchanged = irt_walk_unchanged_frames(h->walk);
	CHECK(unchanged <= s->frame_count);
	s->frame_count = irt_walk_depth(h->walk);
	s->frames = realloc(s->frames, (s->frame_count + 1) * sizeof(*s->frames));
	for (size_t i = 0; i < s->frame_count; i++) {
		struct irt_walk_frame f;
		irt_walk_frame(h->walk, i, &f);
		if (i < unchanged) {
			CHECK_EQ(f.context, s->frames[i].context);
			CHECK_EQ(f.enter_ticks, s->frames[i].enter_ticks);
			CHECK_EQ(f.child_ticks, s->frames[i].child_ticks);
			CHECK_EQ(f.tag, s->frames[i].tag);
			CHECK_EQ(f.flags, s->frames[i].flags);
		}
		s->frames[i] = f;
	}
	for (uint32_t f = 0; f < 256; f++) {
		struct irt_function_row row = {0};
		irt_functions_row(h->functions, f, &row);
		s->orphans[f] = row.orphans;
	}
	size_t before = s->open_count;
	bool unsaved = irt_walk_open_blocks_unsaved(h->walk);
	struct irt_walk_open_block open[IRT_WALK_OPEN_BLOCKS];
	s->open_count = irt_walk_open_blocks(h->walk, open);
	if (!unsaved) {
		CHECK_EQ(s->open_count, before);
		CHECK(!memcmp(open, s->open, before * sizeof(*open)));
	}
	memcpy(s->open, open, sizeof(open));
	irt_walk_saved(h->walk);
	CHECK(!irt_walk_open_blocks_unsaved(h->walk));
	file_save(&s->heap, h->heap);
	irt_blocks_destroy(s->blocks);
	CHECK_EQ(irt_blocks_create(&s->blocks), 0);
	CHECK_EQ(irt_blocks_each(h->blocks, s->blocks, save_block), 0);
	irt_creators_destroy(s->creators);
	CHECK_EQ(irt_creators_create(&s->creators), 0);
	CHECK_EQ(irt_creators_each_new(h->creators, s->creators, save_creation), 0);
}

static void saved_fini(struct saved *s)
{
	free(s->rows);
	free(s->frames);
	file_fini(&s->heap);
	irt_blocks_destroy(s->blocks);
	irt_creators_destroy(s->creators);
}

/* Another process finds the database: h's contexts, the checkpoint. */
static void restore(struct harness *r, const struct harness *h, const struct saved *s)
{
	struct irt_cct_config tree = {h->max_contexts, h->max_depth, 250};
	struct irt_walk_config config;

	*r = harness_again(h);
	CHECK_EQ(irt_cct_create(&r->cct, &tree), 0);
	for (uint32_t i = 0; i < irt_cct_count(h->cct); i++)
		CHECK_EQ(irt_cct_load(r->cct, i, irt_cct_node(h->cct, i)), 0);
	CHECK_EQ(irt_functions_create(&r->run_functions, NULL), 0);
	CHECK_EQ(irt_functions_create(&r->functions, r->run_functions), 0);
	r->heap = file_restore(&s->heap, false);
	CHECK_EQ(irt_blocks_create(&r->blocks), 0);
	if (s->blocks)
		CHECK_EQ(irt_blocks_each(s->blocks, r->blocks, save_block), 0);
	CHECK_EQ(irt_creators_create(&r->creators), 0);
	if (s->creators)
		CHECK_EQ(irt_creators_each_new(s->creators, r->creators, save_creation), 0);
	harness_config(r, &config);
	CHECK_EQ(irt_walk_create(&r->walk, &config), 0);
	CHECK_EQ(irt_encoder_create(&r->encoder), 0);
	CHECK_EQ(irt_contexts_create(&r->contexts), 0);
	CHECK_EQ(irt_contexts_add_tree(r->contexts, r->cct), 0);
	CHECK_EQ(irt_chunk_decoder_create(&r->decoder), 0);
	CHECK_EQ(irt_walk_restore_counters(r->walk, &s->counters), 0);
	for (uint32_t i = 0; i < s->room; i++) {
		struct irt_histogram histogram = {0};
		struct irt_walk_totals row = s->rows[i].row;
		if (!s->rows[i].there)
			continue;
		CHECK_EQ(irt_histogram_read(&histogram, s->rows[i].histogram, s->rows[i].histogram_bytes), 0);
		row.histogram = &histogram;
		CHECK_EQ(irt_walk_restore_totals(r->walk, &row), 0);
		irt_histogram_fini(&histogram);
	}
	for (size_t i = 0; i < s->frame_count; i++)
		CHECK_EQ(irt_walk_restore_frame(r->walk, &s->frames[i]), 0);
	for (size_t i = 0; i < s->open_count; i++)
		CHECK_EQ(irt_walk_restore_open_block(r->walk, &s->open[i]), 0);
	CHECK(!irt_walk_open_blocks_unsaved(r->walk));
	for (uint32_t f = 0; f < 256; f++)
		if (s->orphans[f])
			CHECK_EQ(irt_functions_add_orphans(r->functions, f, s->orphans[f]), 0);
}

static void replay(struct harness *r, const struct harness *h, uint64_t totals_events)
{
	for (size_t i = 0; i < h->chunk_count; i++) {
		const struct kept_chunk *c = &h->chunks[i];
		uint64_t skip = totals_events > c->columns.first_event ? totals_events - c->columns.first_event : 0;
		if (skip >= c->columns.events)
			continue;
		CHECK_EQ(irt_chunk_open(r->decoder, r->contexts, c->data, c->data_bytes), 0);
		CHECK_EQ(irt_chunk_replay(r->decoder, r->walk, skip), 0);
		irt_walk_set_position(r->walk, c->columns.end_pos);
	}
}

/* What two heaps wait to do. */
static void compare_heaps(struct harness *a, struct harness *b)
{
	uint8_t *x, *y;
	size_t x_bytes, y_bytes;
	CHECK_EQ(irt_heap_pack(a->heap, &x, &x_bytes), 0);
	CHECK_EQ(irt_heap_pack(b->heap, &y, &y_bytes), 0);
	CHECK_EQ(x_bytes, y_bytes);
	CHECK(!x_bytes || !memcmp(x, y, x_bytes));
	free(x);
	free(y);
}

/* Totals, frames, figures, functions and heaps of two walks. */
struct creations {
	struct irt_creation rows[IRT_CREATORS_MAX];
	size_t count;
};

static int note_creation(void *user, const struct irt_creation *row)
{
	struct creations *c = user;
	CHECK(c->count < IRT_CREATORS_MAX);
	c->rows[c->count++] = *row;
	return 0;
}

static void compare_creators(const struct harness *a, const struct harness *b)
{
	static struct creations x, y;
	x.count = y.count = 0;
	CHECK_EQ(irt_creators_each_new(a->creators, &x, note_creation), 0);
	CHECK_EQ(irt_creators_each_new(b->creators, &y, note_creation), 0);
	CHECK_EQ(x.count, y.count);
	for (size_t i = 0; i < x.count && i < y.count; i++) {
		const struct irt_creation *p = &x.rows[i], *q = &y.rows[i]; /* numbers count from the checkpoint on */
		CHECK_EQ(p->key, q->key);
		CHECK_EQ(p->begin_ticks, q->begin_ticks);
		CHECK_EQ(p->end_ticks, q->end_ticks);
		CHECK_EQ(p->thread, q->thread);
		CHECK_EQ(p->context, q->context);
		CHECK_EQ(p->site_id, q->site_id);
	}
}

static void compare(struct harness *a, struct harness *b)
{
	struct saved x = {0}, y = {0};
	struct irt_walk_counters p, q;

	CHECK_EQ(irt_walk_settle(a->walk), 0);
	CHECK_EQ(irt_walk_settle(b->walk), 0);
	CHECK_EQ(irt_walk_each(a->walk, &x, save_row), 0);
	CHECK_EQ(irt_walk_each(b->walk, &y, save_row), 0);
	for (uint32_t i = 0; i < x.room || i < y.room; i++) {
		const struct saved_row *s = i < x.room ? &x.rows[i] : NULL, *t = i < y.room ? &y.rows[i] : NULL;
		CHECK_EQ(s && s->there, t && t->there);
		if (!s || !s->there)
			continue;
		CHECK_EQ(s->row.calls, t->row.calls);
		CHECK_EQ(s->row.returns, t->row.returns);
		CHECK_EQ(s->row.unwound, t->row.unwound);
		CHECK_EQ(s->row.open, t->row.open);
		CHECK_EQ(s->row.total_ticks, t->row.total_ticks);
		CHECK_EQ(s->row.self_ticks, t->row.self_ticks);
		if (s->row.returns + s->row.unwound) {
			CHECK_EQ(s->row.min_ticks, t->row.min_ticks);
			CHECK_EQ(s->row.max_ticks, t->row.max_ticks);
		}
		CHECK_EQ(s->histogram_bytes, t->histogram_bytes);
		CHECK(!memcmp(s->histogram, t->histogram, s->histogram_bytes));
	}
	CHECK_EQ(irt_walk_depth(a->walk), irt_walk_depth(b->walk));
	for (uint64_t i = 0; i < irt_walk_depth(a->walk); i++) {
		struct irt_walk_frame f, g;
		irt_walk_frame(a->walk, i, &f);
		irt_walk_frame(b->walk, i, &g);
		CHECK_EQ(f.context, g.context);
		CHECK_EQ(f.enter_ticks, g.enter_ticks);
		CHECK_EQ(f.child_ticks, g.child_ticks);
		CHECK_EQ(f.flags & (IRT_FRAME_FOLDED | IRT_FRAME_INHERITED), g.flags & (IRT_FRAME_FOLDED | IRT_FRAME_INHERITED));
	}
	x.open_count = irt_walk_open_blocks(a->walk, x.open);
	CHECK_EQ(x.open_count, irt_walk_open_blocks(b->walk, y.open));
	CHECK(!memcmp(x.open, y.open, x.open_count * sizeof(*x.open)));
	irt_walk_counters(a->walk, &p);
	irt_walk_counters(b->walk, &q);
	CHECK_EQ(p.events, q.events);
	CHECK_EQ(p.first_ticks, q.first_ticks);
	CHECK_EQ(p.last_ticks, q.last_ticks);
	CHECK_EQ(p.lost_events, q.lost_events);
	CHECK_EQ(p.waits, q.waits);
	CHECK_EQ(p.wait_ticks, q.wait_ticks);
	CHECK_EQ(p.orphans, q.orphans);
	CHECK_EQ(p.flags, q.flags);
	for (uint32_t f = 0; f < 256; f++) {
		struct irt_function_row r = {0}, s = {0};
		irt_functions_row(a->functions, f, &r);
		irt_functions_row(b->functions, f, &s);
		CHECK(!memcmp(&r, &s, sizeof(r)));
	}
	compare_heaps(a, b);
	harness_compare_blocks(a->blocks, b->blocks);
	compare_creators(a, b);
	saved_fini(&x);
	saved_fini(&y);
}

static void compare_and_close(struct harness *h, struct harness *restored, struct saved *s)
{
	compare(h, restored);
	harness_close(restored);
	harness_close(h);
	saved_fini(s);
	free(h->stream.units);
}

static void settings(struct harness *h, unsigned seed)
{
	memset(h, 0, sizeof(*h));
	h->seed = seed;
	h->unit = seed % 3 ? 26 : 1;
	h->origin = seed % 2 ? 0 : UINT64_C(1000000777);
	h->chunk_events = 50 + seed % 500;
	h->max_split = 100;
	h->close_one_in = seed % 5 ? 0 : 3;
	h->max_depth = seed % 7 == 1 ? 5 : 0;
	h->max_contexts = seed % 7 == 2 ? 40 : 0;
}

TEST(totals_and_the_chunks_behind_them_are_the_truth)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		struct harness h, r;
		struct saved s = {0};
		uint64_t pick = seed;

		settings(&h, seed);
		stream_make(&h.stream, seed, seed % 4 ? STREAM_ALL : (unsigned)stream_random(&pick) & STREAM_ALL, 2500);
		harness_open(&h);
		/* some checkpoints, at records' ends */
		for (size_t at = 0, next; at < h.stream.count; at = next) {
			uint64_t step = stream_random(&pick) % 1500;
			for (next = at; next < h.stream.count && next - at < step + 1;)
				next = stream_record_end(&h.stream, next);
			harness_run(&h, at, next);
			if (at + step < h.stream.count * 3 / 4)
				checkpoint(&h, &s);
		}
		harness_close_chunk(&h, h.stream.count, 1);
		restore(&r, &h, &s);
		replay(&r, &h, s.counters.events);
		compare_and_close(&h, &r, &s);
	}
}

/* The ring still holds what came after the last chunk. What a chunk does not keep (rows, stack
 * pointers) is not needed as long as calls end in order. */
TEST(a_restored_walk_goes_on_like_the_first)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		struct harness h, r;
		struct saved s = {0};
		uint64_t pick = seed;
		size_t cut, chunk_end;

		settings(&h, seed);
		stream_make(&h.stream, seed, STREAM_UNWIND | STREAM_TAIL | STREAM_WAIT | STREAM_BACKWARDS | STREAM_HANDLER |
			    STREAM_CYG_CALLS | STREAM_UNKNOWN_EXT | STREAM_DEEP | STREAM_DYNAMIC_STACK | STREAM_HEAP, 2500);
		harness_open(&h);
		cut = stream_record_behind(&h.stream, 1 + stream_random(&pick) % (h.stream.count / 2));
		chunk_end = stream_record_behind(&h.stream, cut + stream_random(&pick) % (h.stream.count / 2));
		harness_run(&h, 0, cut);
		checkpoint(&h, &s);
		harness_run(&h, cut, chunk_end);
		harness_close_chunk(&h, chunk_end, 1);

		restore(&r, &h, &s);
		replay(&r, &h, s.counters.events);
		/* both close the same chunks from here on: the time grid is the chunk's */
		h.close_one_in = r.close_one_in = 0;
		harness_run(&h, chunk_end, h.stream.count);
		r.seed = h.seed;
		r.event_count = h.chunks[h.chunk_count - 1].event_at;
		for (size_t at = chunk_end; at < h.stream.count;) {
			size_t used, more;
			enum irt_walk_stop stop = irt_walk_run(r.walk, h.stream.units + at, h.stream.count - at, at, &used, &more);
			at += used;
			if (stop == IRT_WALK_CHUNK_FULL)
				irt_walk_next_chunk(r.walk);
			else
				CHECK(stop == IRT_WALK_ALL);
		}
		compare_and_close(&h, &r, &s);
	}
}

TEST(rows_that_cannot_be_are_refused)
{
	struct harness h = {.unit = 1}, r;
	struct saved s = {0};
	struct irt_histogram none = {0};
	struct irt_walk_totals row = {.histogram = &none};
	struct irt_walk_frame frame = {0};
	struct irt_event e = {0};

	stream_make(&h.stream, 1, 0, 500);
	harness_open(&h);
	harness_run(&h, 0, h.stream.count);
	checkpoint(&h, &s);
	restore(&r, &h, &s);

	row.context = 0;
	CHECK_EQ(irt_walk_restore_totals(r.walk, &row), INSTR_ERR_FORMAT);
	row.context = irt_cct_count(r.cct);
	CHECK_EQ(irt_walk_restore_totals(r.walk, &row), INSTR_ERR_FORMAT);
	for (row.context = 1; !s.rows[row.context].there || !s.rows[row.context].row.returns; row.context++)
		;
	CHECK_EQ(irt_walk_restore_totals(r.walk, &row), INSTR_ERR_FORMAT); /* twice */

	frame.context = irt_cct_count(r.cct);
	CHECK_EQ(irt_walk_restore_frame(r.walk, &frame), INSTR_ERR_FORMAT);
	frame.context = 1;
	frame.enter_ticks = s.counters.last_ticks + 1;
	CHECK_EQ(irt_walk_restore_frame(r.walk, &frame), INSTR_ERR_FORMAT);
	frame.enter_ticks = s.counters.last_ticks;
	frame.tag = INSTR_EXIT | 0x1000;
	CHECK_EQ(irt_walk_restore_frame(r.walk, &frame), INSTR_ERR_FORMAT);

	e.ticks = s.counters.last_ticks - 1;
	e.operation = IRT_OP_ENTER;
	e.context = 1;
	CHECK_EQ(irt_walk_replay(r.walk, &e), INSTR_ERR_FORMAT); /* time goes back */
	e.ticks = s.counters.last_ticks;
	e.context = irt_cct_count(r.cct);
	CHECK_EQ(irt_walk_replay(r.walk, &e), INSTR_ERR_FORMAT);
	e.operation = IRT_OP_POP;
	e.value = irt_walk_depth(r.walk) + 1;
	CHECK_EQ(irt_walk_replay(r.walk, &e), INSTR_ERR_FORMAT);
	e.value = 0;
	CHECK_EQ(irt_walk_replay(r.walk, &e), INSTR_ERR_FORMAT);
	e.operation = IRT_OP_EXIT;
	e.context = 0;
	CHECK_EQ(irt_walk_replay(r.walk, &e), INSTR_ERR_FORMAT);
	e.operation = IRT_OP_WAIT;
	e.value = 1;
	CHECK_EQ(irt_walk_replay(r.walk, &e), INSTR_ERR_FORMAT); /* longer than the time that passed */
	compare_and_close(&h, &r, &s);
}

/* A fork child: its calls above are its parent's, and are not counted again. */
TEST(inherited_calls_give_time_but_no_calls)
{
	struct harness h = {.unit = 1, .origin = 1000};
	struct irt_walk_frame frame = {.flags = IRT_FRAME_INHERITED, .enter_ticks = 500};
	struct instr_unit units[4];
	struct irt_function_row row;
	struct irt_walk_totals totals[3];
	uint32_t context;
	size_t used, more;
	bool folded;

	harness_open(&h);
	CHECK_EQ(irt_cct_child(h.cct, 0, 1, &context, &folded), 0); /* function 1: main, in the parent */
	frame.context = context;
	frame.tag = instr_tag(INSTR_ENTER, stream_row(0), 0x7fff00001000);
	frame.flags |= UINT64_C(0x7fff00001000) / 16 << IRT_FRAME_SP_SHIFT;
	CHECK_EQ(irt_walk_restore_frame(h.walk, &frame), 0);
	units[0] = (struct instr_unit){1700, instr_tag(INSTR_ENTER, stream_row(1), 0x7fff00000f00)};
	units[1] = (struct instr_unit){1800, instr_tag(INSTR_EXIT, stream_row(1), 0x7fff00000f00)};
	units[2] = (struct instr_unit){2000, instr_tag(INSTR_EXIT, stream_row(0), 0x7fff00001000)};
	CHECK_EQ(irt_walk_run(h.walk, units, 2, 0, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(irt_walk_settle(h.walk), 0);
	CHECK(irt_functions_row(h.functions, 2, &row));
	CHECK_EQ(row.calls, 1);
	CHECK(!irt_functions_row(h.functions, 1, &row));
	CHECK_EQ(irt_walk_run(h.walk, units + 2, 1, 2, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(irt_walk_depth(h.walk), 0);
	CHECK_EQ(irt_walk_settle(h.walk), 0);
	CHECK(irt_functions_row(h.functions, 1, &row));
	CHECK_EQ(row.calls, 0);
	CHECK_EQ(row.total_ticks, 500); /* 500 .. 1000 since the origin */
	CHECK_EQ(row.self_ticks, 400);
	(void)totals;
	harness_close(&h);
}

TEST_MAIN()
