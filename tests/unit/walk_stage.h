/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_stage.h - a walk and a stream of a few records, for tests of one rule at a time.
 */
#ifndef TESTS_UNIT_WALK_STAGE_H
#define TESTS_UNIT_WALK_STAGE_H

#include "check.h"
#include "fold/blocks.h"
#include "fold/heap.h"
#include "fold/walk.h"
#include "instr/hooks.h"

static struct irt_cct *cct;
static struct irt_functions *functions;
static struct irt_walk *walk;
static struct irt_heap *heap;
static struct irt_blocks *blocks;
static int with_heap, with_blocks;
static struct irt_creators *with_creators;
static struct instr_unit units[4096];
static size_t count, walked;
static uint64_t now, reload_ticks;
static int unknown;

enum { TOP = 0x7000 }; /* stack pointers count down from STACK + TOP */
#define STACK UINT64_C(0x7ffe00000000)
#define ROW(f) (UINT64_C(0x560000000000) + 16u * (f))
#define HIGH_ROW (ROW(3) + (UINT64_C(1) << 32)) /* function 600: as 3, in the low 32 bits */
enum { DYNAMIC = 7, INLINED = 8 }; /* function with dynamic alloca; one that LTO may have inlined */

static int function_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	(void)user;
	if (unknown && unknown-- > 0)
		return 1;
	answer->function = (uint32_t)((instr_tag_row(tag) - ROW(0)) / 16 % 512);
	if (instr_tag_row(tag) == HIGH_ROW)
		answer->function = 600;
	if (instr_tag_kind(tag) == INSTR_CYG_ENTER || instr_tag_kind(tag) == INSTR_CYG_EXIT)
		answer->function = 700 + (instr_tag_cyg_address(tag) >> 45 & 1);
	answer->flags = answer->function == DYNAMIC ? INSTR_ROW_DYNAMIC_STACK : answer->function == INLINED ? INSTR_ROW_INLINABLE : 0;
	if (reload_ticks && ticks >= reload_ticks)
		answer->function += 1000;
	return 0;
}

/* Ids of sites: 40 more than their numbers. */
static int site_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	int r = function_of(user, tag, ticks, answer);
	answer->function += 40;
	return r;
}

static inline void begin(void)
{
	struct irt_walk_config config = {.time_unit_ticks = 1, .function_of = function_of, .site_of = site_of, .thread = 5};
	static const struct irt_cct_config tree = {.other_function = 999};

	irt_walk_destroy(walk);
	irt_functions_destroy(functions);
	irt_cct_destroy(cct);
	CHECK_EQ(irt_cct_create(&cct, &tree), 0);
	CHECK_EQ(irt_functions_create(&functions, NULL), 0);
	irt_heap_destroy(heap);
	heap = NULL;
	if (with_heap)
		CHECK_EQ(irt_heap_create(&heap, false), 0);
	irt_blocks_destroy(blocks);
	blocks = NULL;
	if (with_blocks)
		CHECK_EQ(irt_blocks_create(&blocks), 0);
	config.heap = heap;
	config.blocks = blocks;
	config.creators = with_creators;
	config.cct = cct;
	config.functions = functions;
	CHECK_EQ(irt_walk_create(&walk, &config), 0);
	memset(units, 0, sizeof(units));
	count = walked = 0;
	now = 1000;
	reload_ticks = 0;
	unknown = 0;
}

static inline void put(enum instr_kind kind, unsigned f, uint64_t sp)
{
	units[count++] = (struct instr_unit){now, instr_tag(kind, ROW(f), STACK + sp)};
	now += 10;
}
static inline void enter(unsigned f, uint64_t sp) { put(INSTR_ENTER, f, sp); }
static inline void leave(unsigned f, uint64_t sp) { put(INSTR_EXIT, f, sp); }
static inline void ext(enum instr_ext kind, unsigned f, uint64_t a, uint64_t b)
{
	units[count++] = (struct instr_unit){now, instr_ext_tag(kind, 2, f ? ROW(f) : 0)};
	units[count++] = (struct instr_unit){a, b};
	now += 10;
}
static inline void stack(uint64_t sp) { ext(INSTR_EXT_STACK, 0, STACK + sp, 0); }

/* Calls of 1 to `calls` are open: 1 at 0x1000, since tick 1010; 2 at 0xf00, since 1020; and so on down. */
static inline void begin_inside(unsigned calls)
{
	begin();
	stack(TOP);
	for (unsigned f = 1; f <= calls; f++)
		enter(f, 0x1100 - 0x100 * f);
}

/* Walks all that was put; one record at a time or not must not matter. */
static inline void run(void)
{
	size_t used, more;
	CHECK_EQ(irt_walk_run(walk, units + walked, count - walked, walked, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(used, count - walked);
	walked = count;
	CHECK_EQ(irt_walk_settle(walk), 0);
}

static inline struct irt_function_row row_of(unsigned f)
{
	struct irt_function_row row = {0};
	irt_functions_row(functions, f, &row);
	return row;
}

static inline struct irt_walk_counters counters(void)
{
	struct irt_walk_counters c;
	irt_walk_counters(walk, &c);
	return c;
}

/* The stack as digits: function numbers, outermost first. */
static inline uint64_t open_calls(void)
{
	uint64_t digits = 0;
	for (uint64_t i = 0; i < irt_walk_depth(walk); i++) {
		struct irt_walk_frame f;
		irt_walk_frame(walk, i, &f);
		digits = digits * 10 + irt_cct_node(cct, f.context)->function;
	}
	return digits;
}

static inline int walk_stage_main(int argc, char **argv)
{
	int failed = check_main(argc, argv);

	irt_walk_destroy(walk);
	irt_heap_destroy(heap);
	irt_blocks_destroy(blocks);
	irt_functions_destroy(functions);
	irt_cct_destroy(cct);
	return failed;
}

#endif
