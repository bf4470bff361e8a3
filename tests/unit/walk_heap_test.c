/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_heap_test.c - records of the heap in a thread's stream: what the heap gets of them. (Random ones
 * against the model: walk_model_test.c; what the heap makes of them: heap_test.c.)
 */
#include "walk_stage.h"

#include "fold/event.h"

enum { FAMILY = INSTR_FAMILY_NEW, SITE = 2 };

static void heap_record(enum instr_ext kind, uint64_t address, uint64_t bytes)
{
	ext(kind, SITE, instr_hidden(address), bytes | (uint64_t)FAMILY << INSTR_HEAP_FAMILY_SHIFT);
}

static void begin_heap(void)
{
	with_heap = 1;
	begin();
	with_heap = 0;
	stack(TOP);
}

static struct irt_heap_sums sums(void)
{
	struct irt_heap_sums s;
	CHECK_EQ(irt_heap_settle(heap, INT64_MAX), 0);
	irt_heap_sums(heap, IRT_HEAP_HEAP, &s);
	return s;
}

struct found {
	struct irt_heap_place places[10];
	unsigned count;
};

static int note_place(void *user, const struct irt_heap_place *p)
{
	struct found *f = user;
	CHECK(f->count < 10);
	f->places[f->count++] = *p;
	return 0;
}

/* The place of a context; those are numbered as the calls come. */
static struct irt_heap_place place(uint32_t context)
{
	struct found f = {0};
	CHECK_EQ(irt_heap_each_place(heap, &f, note_place), 0);
	for (unsigned i = 0; i < f.count; i++)
		if (f.places[i].context == context) {
			CHECK_EQ(f.places[i].site_id, 40 + SITE);
			return f.places[i];
		}
	return (struct irt_heap_place){0};
}

TEST(an_allocation_is_of_the_innermost_call)
{
	begin_heap();
	heap_record(INSTR_EXT_ALLOC, 0x10, 1);  /* outside all calls */
	enter(1, 0x1000);
	heap_record(INSTR_EXT_ALLOC, 0x20, 10);
	enter(2, 0xf00);
	heap_record(INSTR_EXT_ALLOC, 0x30, 100);
	leave(2, 0xf00);
	heap_record(INSTR_EXT_ALLOC, 0x40, 1000);
	leave(1, 0x1000);
	heap_record(INSTR_EXT_FREE, 0x30, 0);
	run();
	CHECK_EQ(sums().bytes, 1111);
	CHECK_EQ(place(0).bytes, 1);
	CHECK_EQ(place(0).released_bytes, 100);
	CHECK_EQ(place(1).bytes, 1010);
	CHECK_EQ(place(2).bytes, 100);
	CHECK_EQ(place(2).freed_bytes, 100);
	CHECK_EQ(counters().events, 9);
	CHECK_EQ(counters().skipped_units, 0);
	CHECK_EQ(row_of(1).calls, 1); /* and calls are what they were */
	CHECK_EQ(row_of(1).self_ticks, 40);
	CHECK_EQ(row_of(2).total_ticks, 20);
}

TEST(each_kind_says_what_it_did)
{
	begin_heap();
	enter(1, 0x1000);
	heap_record(INSTR_EXT_ALLOC, 0, 5);
	heap_record(INSTR_EXT_ALLOC, 0x10, INSTR_HEAP_BYTES_MASK - 1);
	heap_record(INSTR_EXT_RESIZE, 0x10, 0);
	heap_record(INSTR_EXT_RESIZED, 0x10, INSTR_HEAP_BYTES_MASK);
	heap_record(INSTR_EXT_RESIZE, 0x10, 0);
	heap_record(INSTR_EXT_RESIZED, UINT64_C(0x7fffffffffff), 7);
	heap_record(INSTR_EXT_FREE, UINT64_C(0x7fffffffffff), 0);
	run();
	struct irt_heap_sums s = sums();
	CHECK_EQ(s.failed, 2);
	CHECK_EQ(s.allocs, 2);
	CHECK_EQ(s.resized, 1);
	CHECK_EQ(s.frees, 2);
	CHECK_EQ(s.freed_bytes, INSTR_HEAP_BYTES_MASK - 1 + 7);
	CHECK_EQ(s.peak_ticks, 1030); /* behind STACK, ENTER and a failure, of ten ticks each */
}

TEST(a_site_that_is_not_known_yet_holds_up_its_record)
{
	size_t used, more;
	begin_heap();
	enter(1, 0x1000);
	run();
	heap_record(INSTR_EXT_ALLOC, 0x10, 5);
	for (int i = 0; i < 3; i++) {
		unknown = 1;
		CHECK_EQ(irt_walk_run(walk, units + walked, count - walked, walked, &used, &more), IRT_WALK_UNKNOWN);
		CHECK_EQ(used, 0);
		CHECK(!irt_heap_is_waiting(heap));
	}
	run();
	CHECK_EQ(sums().allocs, 1);
	CHECK_EQ(counters().events, 2);
}

TEST(sites_of_a_library_that_came_in_another_s_place_are_others)
{
	struct found f = {0};
	begin_heap();
	CHECK_EQ(irt_walk_forget_rows(walk, 1050), 0);
	reload_ticks = 1050;
	for (uint64_t i = 1; i <= 8; i++)
		heap_record(INSTR_EXT_ALLOC, 16 * i, 1);
	run();
	CHECK_EQ(sums().allocs, 8);
	CHECK_EQ(irt_heap_each_place(heap, &f, note_place), 0);
	CHECK_EQ(f.count, 2);
	CHECK_EQ(f.places[0].site_id, 42);
	CHECK_EQ(f.places[0].allocs, 4);
	CHECK_EQ(f.places[1].site_id, 1042);
}

TEST(without_a_heap_its_records_are_passed_over_and_counted)
{
	begin();
	stack(TOP);
	enter(1, 0x1000);
	heap_record(INSTR_EXT_ALLOC, 0x10, 5);
	leave(1, 0x1000);
	run();
	CHECK_EQ(counters().events, 2);
	CHECK_EQ(counters().skipped_units, 2);
}

TEST(a_longer_record_of_a_later_version_says_what_this_one_knows)
{
	begin_heap();
	enter(1, 0x1000);
	units[count++] = (struct instr_unit){now, instr_ext_tag(INSTR_EXT_ALLOC, 3, ROW(SITE))};
	units[count++] = (struct instr_unit){0x10, 5 | (uint64_t)FAMILY << INSTR_HEAP_FAMILY_SHIFT};
	units[count++] = (struct instr_unit){1, 2};
	units[count++] = (struct instr_unit){now + 10, instr_ext_tag(INSTR_EXT_ALLOC, 1, ROW(SITE))}; /* damage */
	now += 20;
	leave(1, 0x1000);
	run();
	CHECK_EQ(sums().bytes, 5);
	CHECK_EQ(counters().events, 3);
	CHECK_EQ(counters().skipped_units, 1);
}

TEST(what_is_freed_behind_an_exception_is_of_the_call_that_goes_on)
{
	begin_heap();
	enter(1, 0x1000);
	enter(2, 0xf00);
	heap_record(INSTR_EXT_ALLOC, 0x10, 5);
	put(INSTR_UNWIND, 2, 0xf00);
	heap_record(INSTR_EXT_FREE, 0x10, 0);
	run();
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(place(1).released, 1);
	CHECK_EQ(place(2).frees, 1);
}

int main(int argc, char **argv) { return walk_stage_main(argc, argv); }
