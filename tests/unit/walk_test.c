/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_test.c - rules of the walk one at a time, on streams of a few records.
 */
#include "walk_stage.h"

/* ---- calls and their ends -------------------------------------------------------------------------- */

TEST(total_contains_callees_and_self_does_not)
{
	begin_inside(2); /* at 1010 and 1020 */
	leave(2, 0xf00);  /* 1030 */
	enter(2, 0xf00);  /* 1040 */
	enter(3, 0xe00);
	leave(3, 0xe00);
	leave(2, 0xf00);  /* 1070 */
	leave(1, 0x1000); /* 1080 */
	run();
	CHECK_EQ(row_of(1).total_ticks, 70);
	CHECK_EQ(row_of(1).self_ticks, 30);
	CHECK_EQ(row_of(2).calls, 2);
	CHECK_EQ(row_of(2).total_ticks, 40);
	CHECK_EQ(row_of(2).self_ticks, 30);
	CHECK_EQ(row_of(2).min_ticks, 10);
	CHECK_EQ(row_of(2).max_ticks, 30);
	CHECK_EQ(row_of(3).total_ticks, 10);
	CHECK_EQ(irt_walk_depth(walk), 0);
}

TEST(recursion_counts_once_in_total)
{
	begin_inside(0);
	for (unsigned i = 0; i < 5; i++)
		enter(1, 0x1000 - 0x40 * i);
	for (unsigned i = 5; i-- > 0;)
		leave(1, 0x1000 - 0x40 * i);
	run();
	CHECK_EQ(row_of(1).calls, 5);
	CHECK_EQ(row_of(1).total_ticks, 90); /* the outermost call */
	CHECK_EQ(row_of(1).self_ticks, 90);
	CHECK_EQ(row_of(1).max_ticks, 90);
	CHECK_EQ(row_of(1).min_ticks, 10);
}

TEST(open_calls_are_counted_as_calls)
{
	begin_inside(2);
	run();
	CHECK_EQ(row_of(1).calls, 1);
	CHECK_EQ(row_of(1).open, 1);
	CHECK_EQ(row_of(1).returns, 0);
	CHECK_EQ(row_of(2).open, 1);
	leave(2, 0xf00);
	run();
	CHECK_EQ(row_of(2).open, 0);
	CHECK_EQ(row_of(2).calls, 1);
	CHECK_EQ(open_calls(), 1);
}

TEST(unwinding_ends_a_call_as_unwound_and_tail_as_returned)
{
	begin_inside(3);
	put(INSTR_UNWIND, 3, 0xe00);
	put(INSTR_UNWIND, 2, 0xf00);
	enter(4, 0xf00);
	put(INSTR_TAIL, 4, 0xf00);
	enter(5, 0xf00);
	leave(5, 0xf00);
	run();
	CHECK_EQ(row_of(2).unwound, 1);
	CHECK_EQ(row_of(3).unwound, 1);
	CHECK_EQ(row_of(4).returns, 1);
	CHECK_EQ(row_of(4).unwound, 0);
	CHECK_EQ(row_of(5).returns, 1);
	CHECK_EQ(irt_cct_node(cct, 5)->parent, 1); /* 5 was called where 4 was, by 1 */
	CHECK_EQ(open_calls(), 1);
}

TEST(an_exit_further_down_ends_the_calls_above_it)
{
	begin_inside(4);
	leave(2, 0xf00);
	run();
	CHECK_EQ(row_of(2).returns, 1);
	CHECK_EQ(row_of(3).unwound, 1);
	CHECK_EQ(row_of(4).unwound, 1);
	CHECK_EQ(row_of(4).total_ticks, 10);
	CHECK_EQ(open_calls(), 1);
}

TEST(calls_of_a_thread_that_is_gone_end_with_its_last_event)
{
	struct irt_walk_chunk c;

	begin_inside(3); /* at 1010 */
	leave(3, 0xe00);  /* 1040 */
	run();
	irt_walk_next_chunk(walk);
	for (int again = 0; again < 2; again++) {
		CHECK_EQ(irt_walk_end(walk), IRT_WALK_ALL);
		CHECK_EQ(irt_walk_settle(walk), 0);
		CHECK_EQ(row_of(1).unwound, 1);
		CHECK_EQ(row_of(1).open, 0);
		CHECK_EQ(row_of(1).total_ticks, 30);
		CHECK_EQ(row_of(2).self_ticks, 10);
		CHECK_EQ(counters().events, 5);
		irt_walk_chunk(walk, &c); /* a chunk of its own, with a position of its own */
		CHECK_EQ(c.start_pos, count);
		CHECK_EQ(c.end_pos, count + 1);
		CHECK_EQ(c.events, 1);
		CHECK_EQ(c.closed_count, 2);
	}
}

TEST(of_several_calls_of_a_function_the_stack_pointer_tells_which)
{
	begin_inside(1);
	enter(1, 0xf00);
	enter(1, 0xe00);
	enter(1, 0xd00);
	leave(1, 0xf00);
	run();
	CHECK_EQ(irt_walk_depth(walk), 1);
	CHECK_EQ(row_of(1).unwound, 2);
	CHECK_EQ(row_of(1).returns, 1);
}

TEST(an_exit_without_its_call_changes_nothing)
{
	begin_inside(1);
	leave(9, 0xf00);  /* never entered */
	leave(1, 0x1010); /* not that call */
	leave(9, 0xf00);
	run();
	CHECK_EQ(open_calls(), 1);
	CHECK_EQ(counters().orphans, 3);
	CHECK_EQ(row_of(9).orphans, 2);
	CHECK_EQ(row_of(9).calls, 0);
	CHECK_EQ(row_of(1).orphans, 1);
	CHECK_EQ(row_of(1).open, 1);
}

TEST(dynamic_alloca_may_move_the_stack_pointer_between_enter_and_exit)
{
	begin_inside(1);
	enter(DYNAMIC, 0xf00);
	enter(2, 0x500);
	leave(2, 0x500);
	leave(DYNAMIC, 0x600);
	run();
	CHECK_EQ(row_of(DYNAMIC).returns, 1);
	CHECK_EQ(counters().orphans, 0);
	CHECK_EQ(open_calls(), 1);
}
/* ---- time ------------------------------------------------------------------------------------------ */

TEST(time_never_goes_back)
{
	begin_inside(1); /* at 1010 */
	now = 900;
	enter(2, 0xf00);
	leave(2, 0xf00);
	now = 1100;
	leave(1, 0x1000);
	run();
	CHECK_EQ(row_of(2).total_ticks, 0);
	CHECK_EQ(row_of(1).total_ticks, 90);
	CHECK_EQ(counters().last_ticks, 1100);
}

TEST(a_wait_is_nobodys_time)
{
	begin_inside(2); /* at 1010 and 1020 */
	now = 1500;
	ext(INSTR_EXT_WAIT, 0, 450, 0); /* 1050 .. 1500 */
	leave(2, 0xf00);  /* 1510 */
	leave(1, 0x1000); /* 1520 */
	run();
	CHECK_EQ(row_of(2).total_ticks, 40);
	CHECK_EQ(row_of(1).total_ticks, 60);
	CHECK_EQ(row_of(1).self_ticks, 20);
	CHECK_EQ(counters().waits, 1);
	CHECK_EQ(counters().wait_ticks, 450);
	now = 2000;
	ext(INSTR_EXT_WAIT, 0, 9999, 0); /* cannot be longer than the time that passed */
	run();
	CHECK_EQ(counters().wait_ticks, 450 + 480);
}

TEST(lost_events_are_counted_and_the_stack_recovers)
{
	begin_inside(2);
	ext(INSTR_EXT_GAP, 0, 17, now - 5);
	enter(3, 0xf80); /* 2 has ended meanwhile */
	leave(3, 0xf80);
	leave(1, 0x1000);
	run();
	CHECK_EQ(counters().lost_events, 17);
	CHECK_EQ(row_of(2).unwound, 1);
	CHECK_EQ(row_of(1).returns, 1);
	CHECK_EQ(irt_walk_depth(walk), 0);
}

/* ---- rows ------------------------------------------------------------------------------------------- */

TEST(a_row_used_again_by_another_module_is_another_function)
{
	begin_inside(1);
	for (unsigned i = 0; i < 20; i++) {
		enter(2, 0xf00);
		leave(2, 0xf00);
	}
	reload_ticks = now;
	CHECK_EQ(irt_walk_forget_rows(walk, reload_ticks), 0);
	for (unsigned i = 0; i < 20; i++) {
		enter(2, 0xf00);
		leave(2, 0xf00);
	}
	run();
	CHECK_EQ(row_of(2).calls, 20);
	CHECK_EQ(row_of(1002).calls, 20);
}

TEST(rows_that_differ_above_bit_31_alone_are_different)
{
	begin_inside(0);
	for (unsigned i = 0; i < 50; i++) {
		enter(3, 0x1000);
		leave(3, 0x1000);
		units[count++] = (struct instr_unit){now++, instr_tag(INSTR_ENTER, HIGH_ROW, STACK + 0x1000)};
		units[count++] = (struct instr_unit){now++, instr_tag(INSTR_EXIT, HIGH_ROW, STACK + 0x1000)};
	}
	run();
	CHECK_EQ(row_of(3).calls, 50);
	CHECK_EQ(row_of(600).calls, 50);
}

/* -finstrument-functions: addresses have more bits than rows, stack pointers fewer. */
TEST(addresses_that_differ_in_their_top_bits_alone_are_different)
{
	uint64_t low = UINT64_C(0x0234567890a3), high = low | UINT64_C(1) << 45;
	begin();
	stack(0x1000);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t address = i * i % 7 < 3 ? high : low;
		units[count++] = (struct instr_unit){now++, INSTR_CYG_ENTER | address << INSTR_CYG_SHIFT | UINT64_C(0x1000) << INSTR_CYG_SP_SHIFT};
		units[count++] = (struct instr_unit){now++, INSTR_CYG_EXIT | address << INSTR_CYG_SHIFT | UINT64_C(0x1000) << INSTR_CYG_SP_SHIFT};
	}
	run();
	CHECK_EQ(row_of(700).calls, 14);
	CHECK_EQ(row_of(701).calls, 36);
	CHECK_EQ(row_of(700).returns, 14);
	CHECK_EQ(counters().orphans, 0);
}

TEST(a_walk_waits_for_a_function_and_changes_nothing_meanwhile)
{
	size_t used, more;
	begin_inside(2);
	unknown = 2;
	CHECK_EQ(irt_walk_run(walk, units, count, 0, &used, &more), IRT_WALK_UNKNOWN);
	CHECK_EQ(used, 2); /* the STACK record */
	CHECK_EQ(irt_walk_run(walk, units + 2, count - 2, 2, &used, &more), IRT_WALK_UNKNOWN);
	CHECK_EQ(used, 0);
	CHECK_EQ(counters().events, 0);
	CHECK_EQ(irt_walk_run(walk, units + 2, count - 2, 2, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(open_calls(), 12);
}

/* ---- where a walk stops -------------------------------------------------------------------------------- */

TEST(a_walk_stops_at_what_is_not_committed)
{
	size_t used, more;
	int64_t stack_then;
	begin();
	enter(1, 0x1000);
	units[count].tag = instr_ext_tag(INSTR_EXT_GAP, 2, 0); /* reserved */
	CHECK_EQ(irt_walk_run(walk, units, 10, 0, &used, &more), IRT_WALK_RESERVED);
	CHECK_EQ(used, 1);
	CHECK_EQ(more, 2);
	units[count].tag = 0;
	CHECK_EQ(irt_walk_run(walk, units + 1, 10, 1, &used, &more), IRT_WALK_UNWRITTEN);
	CHECK_EQ(used, 0);
	stack_then = irt_walk_stack(walk);
	irt_walk_skip(walk, 1, 2, false);
	CHECK_EQ(counters().position, 3);
	CHECK_EQ(counters().flags, IRT_WALK_HOLES);
	units[3] = (struct instr_unit){now, INSTR_PAD};
	CHECK_EQ(irt_walk_run(walk, units + 3, 10, 3, &used, &more), IRT_WALK_PAD);
	CHECK_EQ(used, 1);
	CHECK_EQ(counters().position, 4);
	/* the hole is filled late: its record comes now */
	units[1] = (struct instr_unit){now, instr_tag(INSTR_EXIT, ROW(1), STACK + 0x1000)};
	CHECK_EQ(irt_walk_late(walk, units + 1, 1, stack_then, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(irt_walk_depth(walk), 0);
	CHECK_EQ(counters().position, 4);
}

TEST(a_record_that_reaches_past_the_units_is_left_alone)
{
	size_t used, more;
	begin();
	enter(1, 0x1000);
	ext(INSTR_EXT_GAP, 0, 1, 0);
	CHECK_EQ(irt_walk_run(walk, units, 2, 0, &used, &more), IRT_WALK_SHORT);
	CHECK_EQ(used, 1);
	CHECK_EQ(more, 2);
	CHECK_EQ(irt_walk_run(walk, units + 1, 2, 1, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(counters().lost_events, 1);
}

TEST(records_beyond_the_horizon_wait)
{
	size_t used, more;
	begin_inside(0);
	for (unsigned i = 0; i < 100; i++) {
		enter(1, 0x1000);
		leave(1, 0x1000);
	}
	irt_walk_set_horizon(walk, units[52].ticks);
	CHECK_EQ(irt_walk_run(walk, units, count, 0, &used, &more), IRT_WALK_HORIZON);
	CHECK_EQ(used, 53);
	irt_walk_set_horizon(walk, units[62].ticks - 1);
	CHECK_EQ(irt_walk_run(walk, units + 53, count - 53, 53, &used, &more), IRT_WALK_HORIZON);
	CHECK_EQ(used, 62 - 53);
	used = 62;
	irt_walk_set_horizon(walk, UINT64_MAX);
	CHECK_EQ(irt_walk_run(walk, units + used, count - used, used, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(counters().events, 200);
}

TEST(a_chunk_that_spans_too_much_time_is_full)
{
	size_t used, more;
	begin();
	enter(1, 0x1000);
	now += IRT_WALK_SPAN_TICKS;
	enter(2, 0xf00);
	CHECK_EQ(irt_walk_run(walk, units, count, 0, &used, &more), IRT_WALK_CHUNK_FULL);
	CHECK_EQ(used, 1);
	irt_walk_next_chunk(walk);
	CHECK_EQ(irt_walk_run(walk, units + 1, count - 1, 1, &used, &more), IRT_WALK_ALL);
	CHECK_EQ(open_calls(), 12);
}

TEST(frames_are_unchanged_only_while_nothing_returned_to_them)
{
	begin_inside(3);
	run();
	CHECK_EQ(irt_walk_unchanged_frames(walk), 0); /* never saved */
	irt_walk_saved(walk);
	CHECK_EQ(irt_walk_unchanged_frames(walk), 2);
	enter(4, 0xd00);
	leave(4, 0xd00); /* 3 has got child time */
	enter(4, 0xd00);
	run();
	CHECK_EQ(irt_walk_unchanged_frames(walk), 2);
	leave(4, 0xd00);
	leave(3, 0xe00);
	enter(3, 0xe00);
	run();
	CHECK_EQ(irt_walk_unchanged_frames(walk), 1); /* so has 2 */
	irt_walk_saved(walk);
	now += 100;
	ext(INSTR_EXT_WAIT, 0, 50, 0);
	run();
	CHECK_EQ(irt_walk_unchanged_frames(walk), 0); /* a wait moves all enter times */
}

TEST(chunks_tile_the_stream)
{
	struct irt_walk_chunk a, b;
	begin_inside(1);
	run();
	irt_walk_chunk(walk, &a);
	irt_walk_next_chunk(walk);
	enter(2, 0xf00);
	leave(2, 0xf00);
	leave(1, 0x1000);
	run();
	irt_walk_chunk(walk, &b);
	CHECK_EQ(a.start_pos, 0);
	CHECK_EQ(a.end_pos, 3);
	CHECK_EQ(b.start_pos, 3);
	CHECK_EQ(b.end_pos, 6);
	CHECK_EQ(a.first_event, 0);
	CHECK_EQ(b.first_event, 1);
	CHECK_EQ(b.start_depth, 1);
	CHECK_EQ(b.min_depth, 0);
	CHECK_EQ(b.closed_count, 1);
	CHECK_EQ(b.closed[0].enter_ticks, a.start_ticks);
}

TEST(records_of_unknown_kinds_are_skipped_and_counted)
{
	begin_inside(1);
	for (unsigned kind = 9; kind < 16; kind++)
		units[count++] = (struct instr_unit){now++, kind | 0x1000};
	ext(INSTR_EXT_ACQUIRED, 0, 1, 2);
	units[count++] = (struct instr_unit){now++, instr_ext_tag(INSTR_EXT_GAP, 0, 0)}; /* no length */
	units[count++] = (struct instr_unit){now++, instr_ext_tag(INSTR_EXT_GAP, 1, 0)}; /* too short */
	leave(1, 0x1000);
	run();
	CHECK_EQ(counters().skipped_units, 7 + 2 + 1 + 1);
	CHECK_EQ(counters().events, 2);
	CHECK_EQ(row_of(1).returns, 1);
}

int main(int argc, char **argv) { return walk_stage_main(argc, argv); }
