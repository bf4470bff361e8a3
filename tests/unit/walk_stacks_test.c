/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_stacks_test.c - rules of the walk for calls that never return, and for several stacks: longjmp,
 * handlers, programs that switch stacks themselves.
 */
#include "walk_stage.h"

/* ---- longjmp ---------------------------------------------------------------------------------------- */

TEST(a_landing_pops_exactly_to_its_frame)
{
	begin_inside(1);
	ext(INSTR_EXT_LANDED, 1, STACK + 0x1010, 0); /* setjmp returns for the first time */
	enter(2, 0xf00);
	enter(1, 0xe00);
	ext(INSTR_EXT_LANDED, 1, STACK + 0xe10, 0);
	enter(2, 0xd00);
	enter(3, 0xc00);
	run();
	CHECK_EQ(open_calls(), 12123);
	ext(INSTR_EXT_LANDED, 1, STACK + 0x1010, 0); /* to the outer one */
	run();
	CHECK_EQ(open_calls(), 1);
	CHECK_EQ(row_of(2).unwound, 2);
	CHECK_EQ(row_of(1).unwound, 1);
	CHECK_EQ(row_of(1).open, 1);
}

TEST(a_call_between_two_open_ones_proves_the_inner_one_dead)
{
	begin_inside(4);
	enter(5, 0xe80); /* behind a longjmp to 1, which nobody tells */
	run();
	CHECK_EQ(open_calls(), 125); /* below 2, above 3: 2 may live */
	enter(6, 0xf40);
	run();
	CHECK_EQ(open_calls(), 16);
	CHECK_EQ(row_of(4).unwound, 1);
	CHECK_EQ(row_of(2).unwound, 1);
	CHECK_EQ(counters().flags, 0);
}

TEST(a_call_at_the_same_place_proves_the_old_one_dead_also_at_the_bottom)
{
	begin_inside(0);
	for (unsigned i = 0; i < 1000; i++) {
		enter(1, 0x1000);
		enter(2, 0xf00); /* both leave by longjmp to code without hooks */
	}
	run();
	CHECK_EQ(open_calls(), 12);
	CHECK_EQ(row_of(1).unwound, 999);
	CHECK_EQ(counters().flags, 0);
}

TEST(an_inlined_call_has_the_stack_pointer_of_its_caller_and_ends_nothing)
{
	begin_inside(2); /* the inner one at 0xf00 */
	for (int i = 0; i < 3; i++) {
		enter(INLINED, 0xf00);
		enter(4, 0xe00);
		leave(4, 0xe00);
		leave(INLINED, 0xf00);
	}
	leave(2, 0xf00);
	leave(1, 0x1000);
	run();
	CHECK_EQ(row_of(INLINED).returns, 3);
	CHECK_EQ(row_of(4).returns, 3);
	CHECK_EQ(row_of(2).returns, 1);
	CHECK_EQ(row_of(1).returns, 1);
	CHECK_EQ(counters().orphans, 0);
	CHECK_EQ(row_of(2).self_ticks, 2 * 10 + 2 * 10);
}

TEST(a_longjmp_over_more_than_the_range_of_the_bits_is_seen)
{
	begin_inside(2);
	stack(-0x400000);
	enter(3, -0x400000); /* 4 MiB deeper */
	stack(0xe80);
	enter(4, 0xe80);     /* bits alone could not tell where this is */
	run();
	CHECK_EQ(open_calls(), 124);
	CHECK_EQ(row_of(3).unwound, 1);
}

TEST(a_call_above_all_others_is_marked_and_kept)
{
	begin_inside(2);
	ext(INSTR_EXT_STACK, 0, STACK + 0x10000000, 0);
	enter(3, 0x10000000); /* a handler on another stack, say */
	enter(4, 0xfffff00);
	run();
	CHECK_EQ(open_calls(), 1234);
	CHECK_EQ(counters().flags, IRT_WALK_STACKS);
	leave(4, 0xfffff00);
	leave(3, 0x10000000);
	stack(0xe00);
	enter(5, 0xe00);
	leave(5, 0xe00);
	leave(2, 0xf00);
	leave(1, 0x1000);
	run();
	CHECK_EQ(irt_walk_depth(walk), 0);
	for (unsigned f = 1; f <= 5; f++) {
		CHECK_EQ(row_of(f).returns, 1);
		CHECK_EQ(row_of(f).unwound, 0);
	}
}

TEST(the_end_of_a_call_that_was_only_left_marks_several_stacks)
{
	begin_inside(2);
	stack(-0x40000000); /* swapcontext */
	enter(3, -0x40000000);
	stack(0xf00);
	leave(2, 0xf00);
	leave(4, 0xf00); /* of nobody */
	run();
	CHECK_EQ(counters().flags, 0);
	stack(-0x40000000);
	leave(3, -0x40000000);
	run();
	CHECK_EQ(counters().flags, IRT_WALK_STACKS);
}

TEST(equal_bits_on_another_stack_are_not_the_same_call)
{
	begin_inside(2);
	ext(INSTR_EXT_STACK, 0, STACK - 0x40000000 + 0x1000, 0); /* a lower stack with the same low 20 bits */
	enter(2, 0xf00);
	leave(2, 0xf00); /* so that the next exit is predicted */
	enter(2, 0xf00);
	run();
	CHECK_EQ(open_calls(), 122);
	stack(0x1000);
	leave(2, 0xf00); /* the first one ends: 2 on the other stack cannot be it */
	enter(3, 0xe00);
	run();
	CHECK_EQ(open_calls(), 13);
	CHECK_EQ(row_of(2).returns, 2);
	CHECK_EQ(row_of(2).unwound, 1);
}

int main(int argc, char **argv) { return walk_stage_main(argc, argv); }
