/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_lock_test.c - records of locks in a thread's stream: what the locks get of them, and what a chunk gives back.
 */
#include "walk_stage.h"

#include "encode/chunk.h"
#include "fold/event.h"
#include "fold/locks.h"

enum { SITE = 2, P = 0x561230 };

enum { CALL_SITE = 4, MAPPING_SITE = 8 };

static struct irt_locks *locks;

/* On a new walk, which `begin` has made without locks. */
static struct irt_walk *walk_with(struct irt_locks *to, struct irt_blocks *calls)
{
	struct irt_walk_config config = {.time_unit_ticks = 1, .function_of = function_of, .site_of = site_of, .thread = 5,
					 .cct = cct, .functions = functions, .heap = heap, .blocks = calls, .locks = to};
	struct irt_walk *w;
	CHECK_EQ(irt_walk_create(&w, &config), 0);
	return w;
}

static void begin_locks(void)
{
	with_heap = with_blocks = 1;
	begin();
	with_heap = with_blocks = 0;
	irt_walk_destroy(walk);
	irt_locks_destroy(locks);
	CHECK_EQ(irt_locks_create(&locks), 0);
	walk = walk_with(locks, blocks);
	stack(TOP);
}

static void lock_record(enum instr_ext kind, uint64_t address, unsigned mode, uint64_t value)
{
	ext(kind, SITE, instr_hidden(address), value | (uint64_t)mode << INSTR_HEAP_FAMILY_SHIFT);
}

struct found {
	struct irt_lock_totals totals[1024];
	size_t count;
	uint64_t address;
};
static int note_totals(void *user, const struct irt_lock_totals *t)
{
	struct found *f = user;
	CHECK(f->count < 1024);
	f->totals[f->count++] = *t;
	return 0;
}
static int note_lock(void *user, const struct irt_lock *l)
{
	((struct found *)user)->address = l->address;
	return 0;
}

static struct found settled(struct irt_locks *l)
{
	struct found f = {.count = 0};
	CHECK_EQ(irt_locks_settle(l, INT64_MAX), 0);
	CHECK_EQ(irt_locks_each(l, &f, note_lock), 0);
	CHECK_EQ(irt_locks_each_totals(l, &f, note_totals), 0);
	return f;
}

TEST(a_lock_is_taken_in_the_innermost_call)
{
	begin_locks();
	enter(1, 0x1000);
	enter(2, 0xf00);
	lock_record(INSTR_EXT_ACQUIRED, P, INSTR_LOCK_MUTEX, 0);
	lock_record(INSTR_EXT_RELEASED, P, INSTR_LOCK_MUTEX, 0);
	leave(2, 0xf00);
	lock_record(INSTR_EXT_REFUSED, P, INSTR_LOCK_MUTEX, 16);
	leave(1, 0x1000);
	run();
	struct found f = settled(locks);
	CHECK_EQ(f.address, P);
	CHECK_EQ(f.count, 2);
	CHECK_EQ(f.totals[0].context, 2);
	CHECK_EQ(f.totals[0].site_id, 40 + SITE);
	CHECK_EQ(f.totals[0].mode, INSTR_LOCK_MUTEX);
	CHECK_EQ(f.totals[0].acquisitions, 1);
	CHECK_EQ(f.totals[0].hold_ticks, 10);
	CHECK_EQ(f.totals[1].context, 1);
	CHECK_EQ(f.totals[1].failed, 1);
	CHECK_EQ(counters().skipped_units, 0);
	CHECK_EQ(counters().events, 4 + 3);
}

static void begins_call(void)
{
	units[count++] = (struct instr_unit){now, instr_ext_tag(INSTR_EXT_BLOCKING, 1, ROW(CALL_SITE))};
	now += 10;
}
static void ends_call(void) { ext(INSTR_EXT_BLOCK, CALL_SITE, 10, 0); }
static void takes(void) { lock_record(INSTR_EXT_ACQUIRED, P, INSTR_LOCK_MUTEX, 0); }
static void gives_back(void) { lock_record(INSTR_EXT_RELEASED, P, INSTR_LOCK_MUTEX, 0); }

struct calls { uint64_t with_lock, without; };
static int note_calls(void *user, const struct irt_block_row *row)
{
	struct calls *c = user;
	*(row->with_lock ? &c->with_lock : &c->without) += row->calls;
	return 0;
}
static struct calls calls_of(const struct irt_blocks *of)
{
	struct calls c = {0};
	CHECK_EQ(irt_blocks_each(of, &c, note_calls), 0);
	return c;
}

static int note_call(void *user, const struct irt_lock_call *c)
{
	struct irt_lock_call *sum = user;
	sum->calls += c->calls;
	sum->ticks += c->ticks;
	sum->context = c->context;
	sum->site_id = c->site_id;
	return 0;
}
static struct irt_lock_call told(void)
{
	struct irt_lock_call sum = {.calls = 0};
	CHECK_EQ(irt_locks_settle(locks, INT64_MAX), 0);
	CHECK_EQ(irt_locks_each_call(locks, &sum, note_call), 0);
	return sum;
}

TEST(a_call_that_may_block_is_told_to_the_locks_that_the_thread_has)
{
	begin_locks();
	enter(1, 0x1000);
	begins_call(), ends_call();
	takes(), takes();
	begins_call(), ends_call();
	gives_back();
	begins_call(), ends_call();
	gives_back();
	begins_call(), ends_call();
	run();
	struct irt_lock_call sum = told();
	CHECK_EQ(sum.calls, 2);
	CHECK_EQ(sum.ticks, 20);
	CHECK_EQ(sum.context, 1);
	CHECK_EQ(sum.site_id, 40 + CALL_SITE);
	CHECK_EQ(calls_of(blocks).with_lock, 2);
	CHECK_EQ(calls_of(blocks).without, 2);
}

TEST(who_waits_for_a_condition_has_its_lock_no_more)
{
	begin_locks();
	enter(1, 0x1000);
	takes();
	begins_call(), gives_back(), takes(), ends_call();
	gives_back();
	run();
	CHECK_EQ(told().calls, 0);
	CHECK_EQ(calls_of(blocks).with_lock, 0);
	CHECK_EQ(calls_of(blocks).without, 1);
}

TEST(a_call_that_was_left_is_none_that_was_made_with_the_lock)
{
	bool in_call;
	begin_locks();
	enter(1, 0x1000);
	takes();
	enter(2, 0xf00);
	begins_call();
	run();
	CHECK_EQ(irt_locks_held(locks, 5, &in_call), 1);
	CHECK(in_call);
	leave(1, 0x1000); /* longjmp */
	enter(1, 0x1000);
	gives_back();
	run();
	CHECK_EQ(irt_locks_held(locks, 5, &in_call), 0);
	CHECK(!in_call);
	CHECK_EQ(told().calls, 0);
}

TEST(what_the_locks_know_of_a_thread_is_what_its_walk_goes_on_with)
{
	bool in_call;
	begin_locks();
	enter(1, 0x1000);
	takes(), takes();
	begins_call();
	run();
	for (int settle = 0; settle < 2; settle++) {
		CHECK_EQ(irt_locks_held(locks, 5, &in_call), 2);
		CHECK(in_call);
		CHECK_EQ(irt_locks_settle(locks, INT64_MAX), 0);
	}
	irt_walk_destroy(walk);
	walk = walk_with(locks, blocks);
	irt_walk_restore_locks(walk, irt_locks_held(locks, 5, &in_call), in_call);
	count = walked = 0;
	ends_call();
	gives_back();
	begins_call(), ends_call();
	gives_back();
	begins_call(), ends_call();
	run();
	CHECK_EQ(told().calls, 2);
	CHECK_EQ(calls_of(blocks).with_lock, 2);
	CHECK_EQ(calls_of(blocks).without, 1);
}

TEST(no_lock_is_at_address_zero)
{
	begin_locks();
	lock_record(INSTR_EXT_ACQUIRED, 0, INSTR_LOCK_MUTEX, 0);
	run();
	CHECK_EQ(settled(locks).count, 0);
}

static void heap_record(enum instr_ext kind, uint64_t address, unsigned family, uint64_t bytes)
{
	ext(kind, SITE, instr_hidden(address), bytes | (uint64_t)family << INSTR_HEAP_FAMILY_SHIFT);
}
static void allocates(uint64_t address, uint64_t bytes) { heap_record(INSTR_EXT_ALLOC, address, INSTR_FAMILY_MALLOC, bytes); }

/* Its only lock. */
static struct irt_lock_totals inside(void)
{
	struct found f = settled(locks);
	CHECK_EQ(f.count, 1);
	return f.totals[0];
}

TEST(what_is_allocated_while_a_lock_is_held_counts_as_the_heap_counts_it)
{
	begin_locks();
	enter(1, 0x1000);
	allocates(0x7000, 1000);
	takes();
	allocates(0x8000, 24);
	takes(), gives_back();
	heap_record(INSTR_EXT_RESIZE, 0x8000, INSTR_FAMILY_MALLOC, 0);
	heap_record(INSTR_EXT_RESIZED, 0x9000, INSTR_FAMILY_MALLOC, 100);
	heap_record(INSTR_EXT_RESIZE, 0x9000, INSTR_FAMILY_MALLOC, 0);
	heap_record(INSTR_EXT_RESIZED, 0x9000, INSTR_FAMILY_MALLOC, IRT_HEAP_FAILED);
	allocates(0, 77);
	ext(INSTR_EXT_ALLOC, MAPPING_SITE, instr_hidden(0xa0000), 4096 | (uint64_t)INSTR_FAMILY_MAPPING << INSTR_HEAP_FAMILY_SHIFT);
	heap_record(INSTR_EXT_FREE, 0x9000, INSTR_FAMILY_MALLOC, 0);
	heap_record(INSTR_EXT_ALLOC, 0xb000, INSTR_FAMILY_MALLOC, 40); /* a new of the program's own calls malloc */
	heap_record(INSTR_EXT_ALLOC, 0xb000, INSTR_FAMILY_NEW, 32);
	gives_back();
	allocates(0xc000, 2000);
	run();
	CHECK_EQ(inside().allocs, 3);
	CHECK_EQ(inside().alloc_bytes, 24 + 100 + 32);
	struct irt_heap_sums sums;
	CHECK_EQ(irt_heap_settle(heap, INT64_MAX), 0);
	CHECK(irt_heap_sums(heap, IRT_HEAP_HEAP, &sums));
	CHECK_EQ(sums.allocs, inside().allocs + 2);
	CHECK_EQ(sums.bytes, inside().alloc_bytes + 3000);
}

TEST(many_blocks_in_a_row_are_counted_as_one_by_one)
{
	enum { BLOCKS = 300 };
	begin_locks();
	enter(1, 0x1000);
	for (uint64_t turn = 0; turn < 3; turn++) {
		if (turn == 1)
			takes();
		for (uint64_t i = 0; i < BLOCKS; i++)
			allocates(0x10000 * (turn + 1) + 64 * i, i);
		if (turn == 1)
			gives_back();
	}
	run();
	CHECK_EQ(inside().allocs, BLOCKS);
	CHECK_EQ(inside().alloc_bytes, BLOCKS * (BLOCKS - 1) / 2);
}

TEST(what_was_allocated_before_a_checkpoint_is_told_then_and_once)
{
	bool in_call;
	begin_locks();
	enter(1, 0x1000);
	takes();
	allocates(0x7000, 10);
	run();
	CHECK_EQ(inside().allocs, 0);
	CHECK_EQ(irt_walk_tell_inside(walk), 0);
	CHECK_EQ(irt_walk_tell_inside(walk), 0);
	CHECK_EQ(inside().allocs, 1);
	irt_walk_destroy(walk);
	walk = walk_with(locks, blocks);
	irt_walk_restore_locks(walk, irt_locks_held(locks, 5, &in_call), in_call);
	count = walked = 0;
	allocates(0x8000, 5);
	gives_back();
	allocates(0x9000, 5);
	run();
	CHECK_EQ(irt_walk_tell_inside(walk), 0);
	CHECK_EQ(inside().allocs, 2);
	CHECK_EQ(inside().alloc_bytes, 15);
}

/* Values of all sizes; an allocation now and then, which shares the predictions. */
static void random_records(uint64_t seed)
{
	enter(1, 0x1000);
	while (count < 3000) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		unsigned which = seed >> 33 & 15;
		uint64_t address = 0x1000 + (seed >> 40 & 3) * 40 + ((seed >> 50 & 1) << 44);
		unsigned mode = 1 + (seed >> 45) % 5;
		if (which < 3) { /* calls that block, begun and ended as it comes */
			if (which)
				units[count++] = (struct instr_unit){now, instr_ext_tag(INSTR_EXT_BLOCKING, 1, ROW(CALL_SITE + which))};
			else
				ext(INSTR_EXT_BLOCK, CALL_SITE + 1, 7, 0);
			now += 10;
		} else if (which == 15) {
			ext(INSTR_EXT_ALLOC, SITE, instr_hidden(address), (seed >> 52) | (uint64_t)1 << INSTR_HEAP_FAMILY_SHIFT);
		} else if (which == 14) {
			enter(3, 0xe00);
			leave(3, 0xe00);
		} else {
			enum instr_ext kind = INSTR_EXT_ACQUIRED + which % 9;
			int has_value = kind == INSTR_EXT_WAITING || kind == INSTR_EXT_WAITED || kind == INSTR_EXT_REFUSED ||
					kind == INSTR_EXT_SIGNALLED || kind == INSTR_EXT_CONDITION;
			lock_record(kind, address, mode, has_value ? kind != INSTR_EXT_WAITED && kind != INSTR_EXT_REFUSED ? seed >> 60 & 1 : seed >> 56 : 0);
		}
		now += seed >> 61 == 0 ? seed >> 40 & 0xfffff : 0;
	}
	leave(1, 0x1000);
}

/* They lie far from each other in memory. */
TEST(a_block_costs_no_more_between_locks_than_alone)
{
	enum { TURNS = 200, MOST = 6 };
	struct irt_walk_chunk chunk;
	begin_locks();
	enter(1, 0x1000);
	for (uint64_t i = 0; i < TURNS; i++) {
		lock_record(INSTR_EXT_ACQUIRED, P, INSTR_LOCK_MUTEX, 0);
		ext(INSTR_EXT_ALLOC, SITE, instr_hidden(UINT64_C(0x7f1200000000) + 32 * i), 24 | (uint64_t)1 << INSTR_HEAP_FAMILY_SHIFT);
		lock_record(INSTR_EXT_RELEASED, P, INSTR_LOCK_MUTEX, 0);
	}
	run();
	irt_walk_chunk(walk, &chunk);
	CHECK_EQ(chunk.events, 1 + 3 * TURNS);
	CHECK(chunk.side_bytes <= TURNS * MOST);
}

TEST(a_chunk_gives_back_what_was_put_in)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct irt_encoder *encoder;
		struct irt_contexts *contexts;
		struct irt_chunk_decoder *decoder;
		struct irt_chunk_bytes chunk;
		struct irt_locks *again;
		uint8_t *x, *y;
		size_t x_bytes, y_bytes;

		begin_locks();
		random_records(seed);
		run();
		CHECK_EQ(irt_encoder_create(&encoder), 0);
		CHECK_EQ(irt_chunk_encode(encoder, walk, IRT_CODEC_NONE, &chunk), 0);
		CHECK_EQ(irt_contexts_create(&contexts), 0);
		CHECK_EQ(irt_contexts_add_tree(contexts, cct), 0);
		CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
		CHECK_EQ(irt_locks_create(&again), 0);
		struct irt_blocks *calls;
		CHECK_EQ(irt_blocks_create(&calls), 0);
		struct irt_walk *replayed = walk_with(again, calls);
		CHECK_EQ(irt_chunk_open(decoder, contexts, chunk.data, chunk.data_bytes), 0);
		CHECK_EQ(irt_chunk_replay(decoder, replayed, 0), 0);
		CHECK_EQ(irt_locks_pack(locks, &x, &x_bytes), 0);
		CHECK_EQ(irt_locks_pack(again, &y, &y_bytes), 0);
		CHECK(x_bytes > 5000);
		CHECK_EQ(x_bytes, y_bytes);
		CHECK(!memcmp(x, y, x_bytes));
		free(x);
		free(y);
		struct found p = settled(locks), q = settled(again);
		uint64_t allocs = 0;
		for (size_t i = 0; i < p.count; i++) {
			CHECK_EQ(p.totals[i].allocs, q.totals[i].allocs);
			CHECK_EQ(p.totals[i].alloc_bytes, q.totals[i].alloc_bytes);
			allocs += p.totals[i].allocs;
		}
		CHECK(allocs > 20);
		struct calls a = calls_of(blocks), b = calls_of(calls);
		CHECK(a.with_lock && a.without);
		CHECK_EQ(a.with_lock, b.with_lock);
		CHECK_EQ(a.without, b.without);
		irt_walk_destroy(replayed);
		irt_blocks_destroy(calls);
		irt_locks_destroy(again);
		irt_chunk_decoder_destroy(decoder);
		irt_contexts_destroy(contexts);
		irt_encoder_destroy(encoder);
	}
}

TEST(a_lock_that_is_taken_and_given_back_costs_six_bytes_at_most)
{
	struct irt_encoder *encoder;
	struct irt_chunk_bytes chunk;

	begin_locks();
	for (int i = 0; i < 1000; i++) {
		lock_record(INSTR_EXT_ACQUIRED, P, INSTR_LOCK_MUTEX, 0);
		lock_record(INSTR_EXT_RELEASED, P, INSTR_LOCK_MUTEX, 0);
	}
	run();
	CHECK_EQ(irt_encoder_create(&encoder), 0);
	CHECK_EQ(irt_chunk_encode(encoder, walk, IRT_CODEC_NONE, &chunk), 0);
	CHECK(chunk.data_bytes < 1000 * 6); /* before compression, times and tokens with it */
	irt_encoder_destroy(encoder);
}

int main(int argc, char **argv)
{
	int failed = walk_stage_main(argc, argv);
	irt_locks_destroy(locks);
	return failed;
}
