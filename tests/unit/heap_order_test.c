/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_order_test.c - events of several threads whose clocks differ a little, that come late, or that fit
 * nothing.
 */
#include "heap_stage.h"

TEST(threads_are_brought_together_by_time)
{
	begin();
	alloc(1, P, 1); /* thread 1 alone, as its walk goes */
	now += 1000;
	release(1, Q);
	now = 1000500;
	release(2, P);
	alloc(2, Q, 2);
	done();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().crossed, 2);
	CHECK_EQ(file.fault_count, 0);
	CHECK_EQ(sums().peak_bytes, 2);
}

/* Readers go on from such a time by the events behind it. */
TEST(a_time_up_to_which_all_is_applied_and_nothing_behind)
{
	int64_t at, until;

	begin();
	CHECK(!irt_heap_stands_at(heap, &at));
	alloc(1, P, 10);
	until = now += 1000;
	now += 1000;
	alloc(1, Q, 10);
	CHECK_EQ(irt_heap_settle(heap, until), 0);
	CHECK(irt_heap_stands_at(heap, &at));
	CHECK_EQ(at, until);
	/* The free by another clock is done before the allocation that takes its place: it is behind that time. */
	now += SLACK;
	alloc(2, P, 20);
	until = now;
	now += SLACK / 2;
	put(1, IRT_OP_FREE, P, 0, irt_site(21, MALLOC));
	CHECK_EQ(irt_heap_settle(heap, until), 0);
	CHECK(!irt_heap_stands_at(heap, &at));
	until = now += SLACK;
	CHECK_EQ(irt_heap_settle(heap, until), 0);
	CHECK(irt_heap_stands_at(heap, &at));
	CHECK_EQ(at, until);
	irt_heap_saved(heap);
	irt_heap_moment_saved(heap, at);
	/* Of a thread that was held up behind reading the clock. */
	now = until - 500;
	release(1, Q);
	until += SLACK;
	CHECK_EQ(irt_heap_late_ticks(heap), INT64_MAX);
	CHECK_EQ(irt_heap_settle(heap, until), 0);
	CHECK(irt_heap_late_ticks(heap) <= at && irt_heap_late_ticks(heap) >= at - 500);
	irt_heap_saved(heap);
	CHECK_EQ(irt_heap_late_ticks(heap), INT64_MAX);
	settle();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().lost, 0);
}

/* new calls malloc, and the second of their records is not there yet: the first waits. */
TEST(a_time_before_an_allocation_that_may_be_another_ones_inside)
{
	int64_t at, before;

	begin();
	alloc(1, Q, 1);
	before = now += 1000;
	put(1, IRT_OP_ALLOC, P, 10, irt_site(10, MALLOC));
	now += 1000;
	put(1, IRT_OP_ALLOC, P, 10, irt_site(11, MALLOC + 1));
	CHECK_EQ(irt_heap_settle(heap, before + 500), 0);
	CHECK(irt_heap_stands_at(heap, &at));
	CHECK(at >= before - 1 && at < before + 500);
	done();
}

TEST(an_address_used_again_by_a_thread_whose_clock_is_behind)
{
	begin();
	alloc(1, P, 10);
	now += SLACK;
	alloc(2, P, 20);  /* in truth behind the free */
	now += SLACK / 2;
	put(1, IRT_OP_FREE, P, 0, irt_site(21, MALLOC));
	now += 3 * SLACK;
	put(2, IRT_OP_FREE, P, 0, irt_site(22, MALLOC));
	done();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().crossed, 0);
	CHECK_EQ(sums().lost, 0);
	CHECK_EQ(sums().peak_bytes, 20);
	CHECK_EQ(place(21).released_bytes, 10);
	CHECK_EQ(place(22).released_bytes, 20);
	CHECK_EQ(file.fault_count, 0);
}

/* The same, but the free is walked only when the allocation is settled. */
TEST(an_address_used_again_whose_free_is_seen_a_settling_later)
{
	begin();
	alloc(1, P, 10);
	now += SLACK;
	alloc(2, P, 20);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	now += SLACK / 2;
	put(1, IRT_OP_FREE, P, 0, irt_site(21, MALLOC));
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	now += 3 * SLACK;
	done();
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(sums().lost, 0);
	CHECK_EQ(place(21).released_bytes, 10);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].bytes, 20);
	CHECK_EQ(file.fault_count, 0);
}

TEST(a_free_by_a_clock_that_is_behind_the_allocation_s)
{
	begin();
	put(2, IRT_OP_FREE, P, 0, irt_site(21, MALLOC));
	now += SLACK / 2;
	alloc(1, P, 10);
	done();
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(sums().crossed, 1);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(place(10).life_ticks, 0);
	CHECK_EQ(file.block_count, 0);
	CHECK_EQ(file.fault_count, 0);
}

/* Such an allocation brings two places at once. */
TEST(frees_by_clocks_that_are_behind_from_places_not_seen_before)
{
	begin();
	for (unsigned i = 1; i <= 300; i++) {
		put(2, IRT_OP_FREE, i * 16, 0, irt_site(1000 + i, MALLOC));
		put(1, IRT_OP_ALLOC, i * 16, 10, irt_site(i, MALLOC));
		if (i % 3 == 0)
			put(1, IRT_OP_ALLOC, 0x100000 + i * 16, 10, irt_site(2000 + i, MALLOC));
	}
	done();
	CHECK_EQ(file.place_count, 700);
	CHECK_EQ(sums().frees, 300);
	CHECK_EQ(file.fault_count, 0);
}

/* The end of its realloc is pending: another thread is behind. */
TEST(what_fits_nothing_waits_for_two_settlings)
{
	begin();
	release(1, P);
	now += 10 * SLACK;
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	CHECK_EQ(sums().unknown_frees, 1);
}

TEST(a_thread_that_ends_has_done_all_that_is_pending_of_it)
{
	begin();
	alloc(1, P, 10);
	resize(1, P);
	int64_t then = now;
	resized(1, Q, 20);
	CHECK_EQ(irt_heap_settle(heap, then - 1), 0);
	irt_heap_end_thread(heap, 1);
	done();
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].address, Q);
	CHECK(!irt_heap_is_waiting(heap));
}

/* Only where records were lost. */
TEST(a_block_in_realloc_whose_address_another_one_got_is_lost)
{
	begin();
	alloc(1, P, 10);
	resize(1, P);
	settle();
	now += 3 * SLACK;
	alloc(2, P, 20);
	settle();
	irt_heap_end_thread(heap, 1);
	done();
	CHECK_EQ(sums().lost, 1);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].bytes, 20);
	CHECK_EQ(faults(IRT_HEAP_LOST), 1);
	CHECK_EQ(file.faults[0].block_site_id, 10);
	CHECK_EQ(file.faults[0].site_id, 10);
}

TEST(an_address_used_again_behind_a_realloc_by_a_thread_whose_clock_is_behind)
{
	for (int late = 0; late < 2; late++) {
		begin();
		alloc(1, P, 10);
		now += SLACK;
		alloc(2, P, 20); /* in truth behind all of the realloc */
		if (late)
			CHECK_EQ(irt_heap_settle(heap, now), 0);
		now += SLACK / 2;
		resize(1, P);
		resized(1, Q, 30);
		now += 3 * SLACK;
		release(2, P);
		done();
		CHECK_EQ(sums().frees, 2);
		CHECK_EQ(sums().crossed, 0);
		CHECK_EQ(sums().resized, 1);
		CHECK_EQ(sums().lost, 0);
		CHECK_EQ(sums().unknown_frees, 0);
		CHECK_EQ(place(30).released_bytes, 10);
		CHECK_EQ(place(20).released_bytes, 20);
		CHECK_EQ(file.block_count, 1);
		CHECK_EQ(file.blocks[0].bytes, 30);
		CHECK_EQ(file.fault_count, 0);
	}
}

/* In truth: thread 1 takes it in its hands, fails, frees it; then thread 2 gets the address. */
TEST(a_realloc_that_failed_by_a_clock_that_is_ahead)
{
	begin();
	alloc(1, P, 10);
	now += 3 * SLACK;
	alloc(2, P, 20);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	resize(1, P);
	resized(1, P, FAILED);
	release(1, P);
	now += 3 * SLACK;
	release(2, P);
	done();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().crossed, 0);
	CHECK_EQ(sums().lost, 0);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(sums().peak_bytes, 20);
	CHECK_EQ(file.fault_count, 0);
}

TEST(a_realloc_by_a_clock_that_is_behind_the_allocation_s)
{
	for (int when = 0; when < 3; when++) {
		begin();
		put(2, IRT_OP_RESIZE, P, 0, irt_site(30, MALLOC));
		if (when == 1)
			put(2, IRT_OP_RESIZED, Q, 20, irt_site(30, MALLOC));
		now += SLACK / 2;
		alloc(1, P, 10);
		if (when == 2) { /* its end comes behind a block that got the address, which is gone */
			now += 3 * SLACK;
			alloc(3, P, 5);
			CHECK_EQ(irt_heap_settle(heap, now), 0);
			release(3, P);
		}
		if (when != 1)
			put(2, IRT_OP_RESIZED, Q, 20, irt_site(30, MALLOC));
		done();
		CHECK_EQ(sums().frees, when == 2 ? 2 : 1);
		CHECK_EQ(sums().crossed, 1);
		CHECK_EQ(sums().resized, 1);
		CHECK_EQ(sums().unknown_frees, 0);
		CHECK_EQ(file.block_count, 1);
		CHECK_EQ(file.blocks[0].address, Q);
		CHECK_EQ(file.fault_count, 0);
	}
}

/* In truth what thread 2 does is behind the end of the realloc. */
TEST(a_block_in_realloc_that_is_freed_by_a_clock_that_is_behind)
{
	for (int how = 0; how < 4; how++) {
		begin();
		alloc(2, P, 10);
		now += 5 * SLACK;
		resize(1, P);
		if (how < 2) {
			release(2, P);
		} else {
			resize(2, P);
			resized(2, Q, 30);
		}
		if (how == 1)
			alloc(2, R, 1); /* what was freed was temporary all the same */
		resized(1, P, how % 2 ? FAILED : 20);
		if (how == 1)
			release(3, R);
		now += 1000;
		if (how >= 2)
			release(2, Q);
		done();
		CHECK_EQ(file.block_count, 0);
		CHECK_EQ(sums().unknown_frees, 0);
		CHECK_EQ(sums().lost, 0);
		CHECK_EQ(sums().temporary, how == 0 ? 0 : 1);
		CHECK_EQ(file.fault_count, 0);
	}
}

/* What a thread does itself is in order: it has not freed what it gets later, nor is what it frees behind an
 * allocation of its own what was there before that. */
TEST(a_thread_s_own_events_are_in_order)
{
	begin();
	release(1, P); /* from a library without hooks */
	alloc(1, P, 10);
	done();
	CHECK_EQ(sums().unknown_frees, 1);
	CHECK_EQ(sums().frees, 0);
	CHECK_EQ(file.block_count, 1);

	begin();
	alloc(1, P, 10);
	now += 3 * SLACK;
	put(2, IRT_OP_ALLOC, P, 20, irt_site(11, MALLOC));
	put(2, IRT_OP_FREE, P, 0, irt_site(22, MALLOC));
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	put(1, IRT_OP_FREE, P, 0, irt_site(21, MALLOC)); /* late: in truth before both */
	done();
	CHECK_EQ(sums().crossed, 0);
	CHECK_EQ(place(22).released_bytes, 20);
	CHECK_EQ(place(21).released_bytes, 10);
	CHECK_EQ(sums().temporary, 2);
	CHECK_EQ(file.fault_count, 0);
}

TEST(a_thread_whose_free_is_pulled_forward_has_done_what_was_before)
{
	begin();
	alloc(1, P, 10);
	now += SLACK;
	alloc(2, P, 20); /* in truth behind the next two */
	alloc(1, Q, 30);
	release(1, P);   /* not temporary */
	done();
	CHECK_EQ(sums().temporary, 0);
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(place(20).released_bytes, 10);
}

/* operator delete of the program's own ends its block by the first of its two records; the second must not
 * end what another thread got there. */
TEST(a_delete_that_calls_free_ends_one_block_by_any_clock)
{
	begin();
	put(1, IRT_OP_ALLOC, P, 10, irt_site(11, NEW));
	now += SLACK;
	put(1, IRT_OP_FREE, P, 0, irt_site(21, NEW));
	put(2, IRT_OP_ALLOC, P, 20, irt_site(11, NEW)); /* in truth behind the next one */
	release(1, P);
	done();
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].bytes, 20);
	CHECK_EQ(file.fault_count, 0);
}

TEST(what_fits_nothing_is_a_fault_at_the_settling_after_next_when_clocks_cannot_explain_it)
{
	begin();
	release(1, P);
	for (int i = 0; i < 10; i++) /* no time has passed */
		CHECK_EQ(irt_heap_settle(heap, now), 0);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK(irt_heap_is_waiting(heap));
	CHECK_EQ(irt_heap_settle(heap, now + SLACK), 0);
	CHECK_EQ(sums().unknown_frees, 1);
	CHECK(!irt_heap_is_waiting(heap));
}

/* What was there before has ended, whoever did that: it does not count beside the one in its place. */
TEST(a_lost_block_is_not_alive_while_its_free_may_still_come)
{
	begin();
	for (unsigned i = 0; i < 40; i++) {
		alloc(1, P, 100);
		now += 3 * SLACK;
	}
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	CHECK_EQ(sums().peak_bytes, 100);
	CHECK_EQ(sums().allocs - sums().frees, 1);
	CHECK_EQ(sums().lost, 0); /* not yet */
	file_save(&file, heap);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(place(10).max_bytes, 100);
	done();
	CHECK_EQ(sums().lost, 39);
	CHECK_EQ(faults(IRT_HEAP_LOST), 39);
	CHECK_EQ(sums().peak_blocks, 1);
}

TEST(any_number_of_events_that_fit_nothing_is_counted)
{
	begin();
	for (unsigned i = 1; i <= 5000; i++) {
		context = 1 + i % 3000;
		alloc(1, i * 16, 8);
		now += 3 * SLACK;
		alloc(1, i * 16, 8);
		release(1, 0x100000 + i * 16);
	}
	settle();
	CHECK_EQ(sums().lost, 5000);
	CHECK_EQ(sums().unknown_frees, 5000);
	done();
	CHECK_EQ(file.block_count, 5000);
	CHECK(file.fault_count <= 1024);
}

TEST(only_what_all_threads_have_passed_is_applied)
{
	begin();
	alloc(1, P, 10);
	int64_t then = now;
	alloc(1, Q, 10);
	CHECK_EQ(irt_heap_settle(heap, then - 1), 0);
	CHECK_EQ(sums().allocs, 1);
	CHECK(irt_heap_is_waiting(heap));
	CHECK_EQ(irt_heap_settle(heap, then), 0);
	CHECK_EQ(sums().allocs, 2);
	CHECK(!irt_heap_is_waiting(heap));
}

TEST(pending_events_do_not_grow_without_bound)
{
	begin();
	for (unsigned i = 0; i <= IRT_HEAP_PENDING_MAX; i++)
		put(1, i % 2 ? IRT_OP_FREE : IRT_OP_ALLOC, P, 1, irt_site(10, MALLOC));
	CHECK_EQ(irt_heap_settle(heap, 0), 0); /* the oldest, whatever may still come */
	CHECK_EQ(sums().allocs, 1);
	CHECK(irt_heap_is_waiting(heap));
	CHECK_EQ(irt_heap_settle(heap, INT64_MAX), 0);
	CHECK(!irt_heap_is_waiting(heap));
	CHECK_EQ(sums().temporary, IRT_HEAP_PENDING_MAX / 2);
}

int main(int argc, char **argv) { return heap_stage_main(argc, argv); }
