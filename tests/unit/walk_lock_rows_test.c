/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_lock_rows_test.c - records of locks that are walked many in a row come to the same, to the byte of the chunks
 * and to each event that the locks get, as those records one at a time.
 */
#include "check.h"

#include "encode/chunk.h"
#include "fold/blocks.h"
#include "fold/heap.h"
#include "fold/locks.h"
#include "fold/walk.h"
#include "instr/hooks.h"

enum { UNITS = 6000, SEEDS = 300, PLACES = 24, BYTES_MAX = 1 << 20 };

#define ROW(n) (UINT64_C(0x560000000000) + 16u * (n))
#define STACK UINT64_C(0x7ffe00008000)

static uint64_t seed;

static uint32_t pick(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((seed >> 33) * (uint64_t)n >> 31);
}

/* ---- a stream --------------------------------------------------------------------------------------- */

static struct instr_unit units[UNITS + 16];
static size_t count, depth;
static uint64_t now, jump; /* one record in so many comes later, or seems earlier */

static uint64_t stamp(void)
{
	now += pick(3) ? pick(40) : 0;
	if (!pick((uint32_t)jump))
		now += pick(2) ? pick(5000) : UINT64_C(1) << pick(34);
	return pick((uint32_t)jump) ? now : now - pick(2000);
}

static void put(uint64_t tag)
{
	units[count++] = (struct instr_unit){stamp(), tag};
}

static void put_ext(enum instr_ext kind, unsigned length, unsigned site, uint64_t a, uint64_t b)
{
	put(instr_ext_tag(kind, length, ROW(site)));
	units[count++] = (struct instr_unit){a, b};
	if (length > 2)
		units[count++] = (struct instr_unit){0, 0};
}

static void put_lock(void)
{
	static const uint32_t often[] = {INSTR_EXT_ACQUIRED, INSTR_EXT_RELEASED, INSTR_EXT_ACQUIRED, INSTR_EXT_RELEASED,
					 INSTR_EXT_WAITING, INSTR_EXT_WAITED, INSTR_EXT_REFUSED};
	uint32_t kind = pick(60) ? often[pick(7)] : INSTR_EXT_ACQUIRED + pick(7);
	uint64_t address = pick(50) ? UINT64_C(0x561000) + 40 * (uint64_t)pick(4) : pick(3) ? seed << 3 : 0;
	uint64_t mode = pick(30) ? INSTR_LOCK_MUTEX : pick(8), value = pick(4) ? 0 : pick(200);

	put_ext((enum instr_ext)kind, pick(80) ? 2 : 3, 1 + pick(pick(10) ? 4 : PLACES), instr_hidden(address),
		value | mode << INSTR_HEAP_FAMILY_SHIFT);
}

static void put_other(void)
{
	switch (pick(6)) {
	case 0:
	case 1:
		if (depth < 20)
			put(instr_tag(INSTR_ENTER, ROW(100 + pick(4)), STACK - 64 * (uint64_t)++depth));
		break;
	case 2:
		put_ext(INSTR_EXT_BLOCK, 2, 50, pick(1000), pick(100));
		break;
	case 3:
		put(instr_ext_tag(INSTR_EXT_BLOCKING, 1, ROW(50)));
		break;
	case 4:
		put_ext(pick(2) ? INSTR_EXT_ALLOC : INSTR_EXT_FREE, 2, 60 + pick(2), instr_hidden(0x7f0000000000 + 16 * (uint64_t)pick(9)), 48);
		break;
	default:
		put_ext(pick(2) ? INSTR_EXT_GAP : INSTR_EXT_WAIT, 2, 0, pick(5), 0);
		break;
	}
}

static void make_stream(void)
{
	uint32_t others = 2 + pick(40); /* one record in so many is not of a lock */

	count = depth = 0;
	now = UINT64_C(1) << 40;
	jump = 20 + pick(400);
	put_ext(INSTR_EXT_STACK, 2, 0, STACK, 0);
	put(instr_tag(INSTR_ENTER, ROW(100), STACK - 64));
	while (count < UNITS) {
		if (pick(others))
			put_lock();
		else
			put_other();
	}
}

/* ---- a walk ----------------------------------------------------------------------------------------- */

struct outcome {
	struct irt_walk_config config;
	struct irt_walk *walk;
	struct irt_walk_counters counters;
	uint8_t *chunks, *pending; /* all chunks, one behind the other; what the locks have got */
	size_t chunk_bytes, pending_bytes;
};

static uint64_t asked; /* sites are not known at once */

static int number_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	(void)user;
	(void)ticks;
	if (++asked % 5 == 0)
		return 1;
	answer->function = (uint32_t)(instr_tag_row(tag) >> 4 & 0xff) + 1;
	answer->flags = 0;
	return 0;
}

static void begin(struct outcome *o, uint32_t unit, uint32_t chunk_events, uint32_t pause_ticks)
{
	*o = (struct outcome){.config = {.time_unit_ticks = unit, .chunk_events = chunk_events, .pause_ticks = pause_ticks,
					 .origin_ticks = UINT64_C(1) << 39, .function_of = number_of, .site_of = number_of, .thread = 3}};
	CHECK_EQ(irt_cct_create(&o->config.cct, NULL), 0);
	CHECK_EQ(irt_heap_create(&o->config.heap, false), 0);
	CHECK_EQ(irt_blocks_create(&o->config.blocks), 0);
	CHECK_EQ(irt_locks_create(&o->config.locks), 0);
	CHECK_EQ(irt_walk_create(&o->walk, &o->config), 0);
	CHECK((o->chunks = malloc(BYTES_MAX)) != NULL);
}

static void end(struct outcome *o)
{
	irt_walk_destroy(o->walk);
	irt_locks_destroy(o->config.locks);
	irt_blocks_destroy(o->config.blocks);
	irt_heap_destroy(o->config.heap);
	irt_cct_destroy(o->config.cct);
	free(o->chunks);
	free(o->pending);
}

static void end_chunk(struct outcome *o, struct irt_encoder *encoder)
{
	struct irt_chunk_bytes out;

	CHECK_EQ(irt_chunk_encode(encoder, o->walk, IRT_CODEC_NONE, &out), 0);
	CHECK(o->chunk_bytes + out.data_bytes <= BYTES_MAX);
	memcpy(o->chunks + o->chunk_bytes, out.data, out.data_bytes);
	o->chunk_bytes += out.data_bytes;
	irt_walk_next_chunk(o->walk);
}

static size_t length_at(size_t at)
{
	return instr_tag_kind(units[at].tag) == INSTR_EXT ? units[at].tag >> (INSTR_AUX_SHIFT + 8) & 255 : 1;
}

/* In pieces of up to so many units, of whole records; 0: of one record each. Some records are committed late. */
static void walk_all(struct outcome *o, uint32_t most)
{
	struct irt_encoder *encoder;
	size_t at = 0, used, more;

	CHECK_EQ(irt_encoder_create(&encoder), 0);
	while (at < count) {
		size_t end = at, late = SIZE_MAX, want = most ? 1 + pick(most) : 1;
		uint64_t ticks = 0;
		for (; end < count && end - at < want; end += length_at(end))
			if (most && !pick(200) && late == SIZE_MAX) {
				late = end;
				ticks = units[late].ticks;
				units[late].ticks = 0;
			}
		enum irt_walk_stop stop = irt_walk_run(o->walk, units + at, end - at, at, &used, &more);
		at += used;
		if (late != SIZE_MAX) {
			CHECK(at <= late); /* not past what is not committed */
			units[late].ticks = ticks;
		}
		if (stop == IRT_WALK_CHUNK_FULL)
			end_chunk(o, encoder);
		else
			CHECK(stop == IRT_WALK_ALL || stop == IRT_WALK_UNKNOWN || stop == IRT_WALK_RESERVED);
	}
	end_chunk(o, encoder);
	irt_walk_counters(o->walk, &o->counters);
	CHECK_EQ(irt_locks_pack(o->config.locks, &o->pending, &o->pending_bytes), 0);
	irt_encoder_destroy(encoder);
}

TEST(locks_in_a_row_come_to_the_same_as_one_at_a_time)
{
	for (uint64_t s = 1; s <= SEEDS; s++) {
		struct outcome rows, ones;
		uint32_t unit, chunk_events, pause;

		seed = s;
		make_stream();
		unit = pick(2) ? 1 + pick(40) : 26;
		chunk_events = 50 + pick(pick(2) ? 200 : 4000);
		pause = pick(2) ? 0 : 3000;
		begin(&ones, unit, chunk_events, pause);
		walk_all(&ones, 0);
		begin(&rows, unit, chunk_events, pause);
		walk_all(&rows, pick(2) ? 2000 : 40);

		CHECK(ones.counters.events > 1000);
		CHECK(ones.pending_bytes > 1000);
		CHECK_EQ(rows.counters.events, ones.counters.events);
		CHECK_EQ(rows.counters.skipped_units, ones.counters.skipped_units);
		CHECK_EQ(rows.counters.last_ticks, ones.counters.last_ticks);
		CHECK_EQ(rows.chunk_bytes, ones.chunk_bytes);
		CHECK(!memcmp(rows.chunks, ones.chunks, ones.chunk_bytes));
		CHECK_EQ(rows.pending_bytes, ones.pending_bytes);
		CHECK(!memcmp(rows.pending, ones.pending, ones.pending_bytes));
		end(&rows);
		end(&ones);
	}
}

TEST_MAIN()
