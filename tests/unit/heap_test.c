/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_test.c - the heap of a process, one rule at a time. (The order of threads: heap_order_test.c; what is
 * saved and restored: heap_rows_test.c; all of it at once against a model: heap_model_test.c.)
 */
#include "heap_stage.h"

/* ---- out of memory: the nth call of an allocator fails ---------------------------------------------- */

static long fail_at, calls; /* 0: none */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);

void *__wrap_malloc(size_t bytes) { return ++calls == fail_at ? NULL : __real_malloc(bytes); }
void *__wrap_calloc(size_t count, size_t bytes) { return ++calls == fail_at ? NULL : __real_calloc(count, bytes); }
void *__wrap_realloc(void *block, size_t bytes) { return ++calls == fail_at ? NULL : __real_realloc(block, bytes); }

/* ---- plain ------------------------------------------------------------------------------------------ */

TEST(a_heap_that_saw_nothing_says_nothing)
{
	struct irt_heap_sums s;
	begin();
	CHECK(!irt_heap_sums(heap, IRT_HEAP_HEAP, &s));
	CHECK(!irt_heap_is_waiting(heap) && !irt_heap_is_unsaved(heap));
	settle();
	irt_heap_end_thread(heap, 1);
	file_save(&file, heap);
	CHECK_EQ(file.place_count + file.block_count + file.fault_count + file.pending_bytes, 0);
}

TEST(a_block_is_counted_where_it_was_allocated_and_where_it_was_freed)
{
	begin();
	alloc(1, P, 100);
	release(1, P);
	alloc(1, Q, 40);
	done();
	CHECK_EQ(sums().allocs, 2);
	CHECK_EQ(sums().bytes, 140);
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(sums().freed_bytes, 100);
	CHECK_EQ(place(10).allocs, 2);
	CHECK_EQ(place(10).life_ticks, 100);
	CHECK_EQ(place(10).released, 0);
	CHECK_EQ(place(20).allocs, 0);
	CHECK_EQ(place(20).released, 1);
	CHECK_EQ(place(20).released_bytes, 100);
	const struct file_place *p = file_place(&file, context, 10);
	CHECK_EQ(bucket_count(p->sizes, p->sizes_bytes, irt_histogram_bucket(100)), 1);
	CHECK_EQ(bucket_count(p->sizes, p->sizes_bytes, irt_histogram_bucket(40)), 1);
	CHECK_EQ(bucket_count(p->lifetimes, p->lifetimes_bytes, irt_histogram_bucket(100)), 1);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].address, Q);
	CHECK_EQ(file.blocks[0].bytes, 40);
	CHECK_EQ(file.blocks[0].site, irt_site(10, MALLOC));
	CHECK_EQ(file.blocks[0].thread, 1);
	CHECK_EQ(file.blocks[0].ticks, 1000200);
	CHECK_EQ(file.fault_count, 0);
}

TEST(an_allocation_that_failed_is_counted_and_is_no_block)
{
	begin();
	alloc(1, 0, 1 << 30);
	done();
	CHECK_EQ(sums().failed, 1);
	CHECK_EQ(place(10).failed, 1);
	CHECK_EQ(sums().allocs, 0);
	CHECK_EQ(sums().peak_bytes, 0);
}

TEST(a_block_of_no_bytes_is_a_block)
{
	begin();
	alloc(1, P, 0);
	done();
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(sums().peak_bytes, 0);
	release(1, P);
	done();
	CHECK_EQ(sums().frees, 1);
}

/* ---- realloc ---------------------------------------------------------------------------------------- */

TEST(realloc_ends_one_block_and_begins_another)
{
	begin();
	alloc(1, P, 100);
	resize(1, P);
	resized(1, Q, 150);
	resize(1, Q);
	resized(1, Q, 200); /* in its place */
	done();
	CHECK_EQ(sums().allocs, 3);
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().resized, 2);
	CHECK_EQ(sums().temporary, 0);
	CHECK_EQ(sums().peak_bytes, 200);
	CHECK_EQ(sums().peak_blocks, 1);
	CHECK_EQ(place(30).resized, 2);
	CHECK_EQ(place(30).released, 2);
	CHECK_EQ(place(10).frees, 1);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].bytes, 200);
	release(1, Q); /* made by realloc, and freed before the next allocation */
	done();
	CHECK_EQ(sums().temporary, 1);
}

TEST(realloc_that_failed_leaves_the_block)
{
	begin();
	alloc(1, P, 100);
	resize(1, P);
	resized(1, P, FAILED);
	done();
	CHECK_EQ(sums().failed, 1);
	CHECK_EQ(sums().frees, 0);
	CHECK_EQ(place(30).failed, 1);
	release(1, P);
	done();
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(file.fault_count, 0);
}

TEST(realloc_to_nothing_is_a_free)
{
	begin();
	alloc(1, P, 100);
	resize(1, P);
	resized(1, 0, 0);
	done();
	CHECK_EQ(sums().allocs, 1);
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(sums().resized, 0);
	CHECK_EQ(file.block_count, 0);
}

TEST(realloc_of_an_unknown_block_is_an_unknown_free_and_an_allocation)
{
	begin();
	resize(1, P);
	resized(1, Q, 50);
	done();
	CHECK_EQ(sums().unknown_frees, 1);
	CHECK_EQ(faults(IRT_HEAP_UNKNOWN), 1);
	CHECK_EQ(sums().allocs, 1);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].address, Q);
}

TEST(realloc_of_an_unknown_block_that_failed_says_nothing_of_it)
{
	begin();
	resize(1, P);
	resized(1, P, FAILED);
	done();
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(sums().failed, 1);
	CHECK_EQ(file.block_count, 0);
}

TEST(reallocs_inside_each_other_end_in_their_order)
{
	begin();
	alloc(1, P, 1);
	alloc(1, Q, 10);
	alloc(1, R, 100);
	resize(1, P);
	resize(1, Q); /* in a handler */
	resize(1, R); /* and in another */
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	CHECK_EQ(sums().frees, 0);
	resized(1, R, FAILED);
	resized(1, Q, 20);
	resized(1, S, 2);
	done();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().resized, 2);
	CHECK_EQ(sums().bytes - sums().freed_bytes, 122);
	CHECK(file_block(&file, IRT_HEAP_HEAP, Q) && file_block(&file, IRT_HEAP_HEAP, R) && file_block(&file, IRT_HEAP_HEAP, S) && !file_block(&file, IRT_HEAP_HEAP, P));
}

TEST(reallocs_whose_ends_are_not_seen_take_no_blocks_away)
{
	begin();
	for (unsigned i = 1; i <= 20; i++) {
		alloc(1, i * 16, 10);
		resize(1, i * 16);
	}
	settle();
	CHECK_EQ(sums().allocs, 20);
	CHECK_EQ(sums().frees, 0);
	irt_heap_end_thread(heap, 1);
	done();
	CHECK_EQ(file.block_count, 20);
	for (unsigned i = 1; i <= 20; i++)
		release(2, i * 16);
	done();
	CHECK_EQ(sums().frees, 20);
	CHECK_EQ(file.fault_count, 0);
}

TEST(a_block_in_realloc_has_a_row_that_says_so)
{
	begin();
	alloc(1, P, 100);
	settle();
	file_save(&file, heap);
	resize(2, P);
	settle();
	file_save(&file, heap);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].resizer, 2);
	CHECK_EQ(file.blocks[0].thread, 1);
	file_check(&file);
	resized(2, P, FAILED);
	done();
	CHECK_EQ(file.blocks[0].resizer, 0);
}

TEST(a_block_without_an_address_is_none)
{
	begin();
	alloc(1, P, 1);
	alloc(1, Q, 1);
	release(1, Q); /* has left an empty slot */
	for (unsigned i = 0; i < 100; i++) {
		release(1, 0);
		resize(1, 0);
		resized(1, 0, 0);
		alloc(1, 0, 5);
	}
	done();
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(sums().failed, 100);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.fault_count, 0);
}

/* ---- what a block's end says ------------------------------------------------------------------------ */

TEST(temporary_is_what_its_thread_freed_before_it_allocated_again)
{
	begin();
	alloc(1, P, 1);
	release(1, P); /* yes */
	alloc(1, P, 1);
	alloc(2, Q, 1);
	release(1, P); /* yes: another thread's do not count */
	alloc(1, P, 1);
	alloc(1, R, 1);
	release(1, P); /* no */
	release(1, R); /* yes: frees do not count */
	alloc(1, P, 1);
	release(2, P); /* no */
	alloc(1, P, 1);
	resize(1, P);
	resized(1, P, FAILED);
	release(1, P); /* yes */
	alloc(1, P, 1);
	alloc(1, 0, 1);
	release(1, P); /* yes: one that failed does not count */
	done();
	CHECK_EQ(sums().temporary, 5);
	CHECK_EQ(place(10).temporary, 5);
}

TEST(crossed_is_what_another_thread_freed)
{
	begin();
	alloc(1, P, 1);
	release(2, P);
	alloc(2, P, 1);
	resize(1, P);
	resized(1, P, 2);
	release(1, P);
	done();
	CHECK_EQ(sums().crossed, 2);
	CHECK_EQ(place(10).crossed, 2);
	CHECK_EQ(place(30).crossed, 0);
}

TEST(what_one_family_gave_another_must_not_take)
{
	begin();
	put(1, IRT_OP_ALLOC, P, 1, irt_site(11, NEW));
	alloc(1, Q, 1);
	release(1, P);
	put(1, IRT_OP_RESIZE, Q, 0, irt_site(31, NEW));
	put(1, IRT_OP_RESIZED, R, 2, irt_site(31, NEW));
	done();
	CHECK_EQ(faults(IRT_HEAP_WRONG_FAMILY), 2);
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(file.faults[0].context, context);
	CHECK_EQ(file.faults[0].site_id, 20);
	CHECK_EQ(file.faults[0].block_site_id, 11);
	CHECK_EQ(file.faults[0].address, P);
	CHECK_EQ(file.faults[0].first_ticks, 1000200);
}

TEST(freed_twice_names_both_frees)
{
	begin();
	alloc(1, P, 1);
	put(1, IRT_OP_FREE, P, 0, irt_site(21, MALLOC));
	alloc(1, Q, 1);
	put(2, IRT_OP_FREE, P, 0, irt_site(22, MALLOC));
	put(2, IRT_OP_FREE, P, 0, irt_site(22, MALLOC));
	done();
	CHECK_EQ(faults(IRT_HEAP_FREED_TWICE), 2);
	CHECK_EQ(sums().unknown_frees, 2);
	CHECK_EQ(file.fault_count, 1);
	CHECK_EQ(file.faults[0].site_id, 22);
	CHECK_EQ(file.faults[0].block_site_id, 21);
	CHECK_EQ(file.faults[0].count, 2);
	CHECK_EQ(sums().frees, 1);
}

TEST(a_free_of_what_was_never_seen_is_unknown)
{
	begin();
	release(1, P);
	done();
	CHECK_EQ(sums().unknown_frees, 1);
	CHECK_EQ(sums().frees, 0);
	CHECK_EQ(faults(IRT_HEAP_UNKNOWN), 1);
	CHECK_EQ(file.faults[0].block_context, 0);
	CHECK_EQ(file.faults[0].block_site_id, 0);
}

TEST(a_fork_child_may_free_what_its_parent_had)
{
	begin();
	irt_heap_destroy(heap);
	CHECK_EQ(irt_heap_create(&heap, true), 0);
	release(1, P);
	done();
	CHECK_EQ(sums().unknown_frees, 1);
	CHECK_EQ(file.fault_count, 0);
}

TEST(a_block_whose_address_another_one_got_is_lost)
{
	begin();
	alloc(1, P, 100);
	now += 5 * SLACK;
	put(1, IRT_OP_ALLOC, P, 30, irt_site(11, MALLOC));
	done();
	CHECK_EQ(sums().lost, 1);
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(sums().freed_bytes, 100);
	CHECK_EQ(faults(IRT_HEAP_LOST), 1);
	CHECK_EQ(file.faults[0].site_id, 11);
	CHECK_EQ(file.faults[0].block_site_id, 10);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].bytes, 30);
	release(1, P);
	done();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().unknown_frees, 0);
}

/* operator new of the program's own: its malloc is seen, and so is it. */
TEST(a_new_that_calls_malloc_is_one_block_of_new)
{
	begin();
	alloc(1, P, 100);
	put(1, IRT_OP_ALLOC, P, 100, irt_site(11, NEW));
	alloc(1, Q, 100);
	settle(); /* between the two */
	put(1, IRT_OP_ALLOC, Q, 100, irt_site(11, NEW));
	done();
	CHECK_EQ(sums().allocs, 2);
	CHECK_EQ(sums().bytes, 200);
	CHECK_EQ(sums().lost, 0);
	CHECK_EQ(place(10).allocs, 0);
	CHECK_EQ(place(11).allocs, 2);
	CHECK_EQ(file.fault_count, 0);
	CHECK_EQ(irt_site_family(file.blocks[0].site), NEW);
	/* and delete, which calls free */
	put(1, IRT_OP_FREE, P, 0, irt_site(21, NEW));
	release(1, P);
	put(1, IRT_OP_FREE, Q, 0, irt_site(21, NEW));
	settle();
	release(1, Q);
	done();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(place(21).released, 2);
	CHECK_EQ(place(20).released, 0);
	CHECK_EQ(file.fault_count, 0);
}

/* In a handler, while realloc is at work, new gets what is lost then; realloc gets its address. */
TEST(what_realloc_gets_is_not_what_a_new_has_called)
{
	begin();
	alloc(1, Q, 10);
	resize(1, Q);
	put(1, IRT_OP_ALLOC, P, 100, irt_site(11, NEW));
	now += 10000;
	resized(1, P, 20);
	done();
	CHECK_EQ(sums().lost, 1);
	CHECK_EQ(place(11).allocs, 1);
	CHECK_EQ(file.block_count, 1);
}

TEST(what_a_new_gets_from_malloc_is_in_no_peak)
{
	begin();
	alloc(1, P, 116); /* with a header */
	put(1, IRT_OP_ALLOC, P, 100, irt_site(11, NEW));
	int64_t then = now;
	alloc(2, Q, 0);
	now = then - 150; /* between the two of thread 1 */
	alloc(3, R, 0);
	done();
	CHECK_EQ(sums().allocs, 3);
	CHECK_EQ(sums().peak_bytes, 100);
	CHECK_EQ(sums().peak_ticks, 1000100);
	CHECK_EQ(place(10).peak_bytes, 0);
	CHECK_EQ(place(10).max_bytes, 0);
	CHECK_EQ(place(11).peak_bytes, 100);
	CHECK_EQ(place(11).peak_blocks, 1);
	/* These are two: what the first gave was freed by another thread, which is read later. */
	now = then + 1000;
	alloc(1, S, 1);
	now += 100;
	put(1, IRT_OP_ALLOC, S, 2, irt_site(11, NEW));
	CHECK_EQ(irt_heap_settle(heap, then + 1050), 0);
	now = then + 1100;
	release(2, S);
	done();
	CHECK_EQ(sums().allocs, 5);
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(file.fault_count, 0);
}

/* ---- peak ------------------------------------------------------------------------------------------- */

TEST(the_peak_is_the_first_moment_of_the_most_bytes_and_knows_each_place)
{
	begin();
	put(1, IRT_OP_ALLOC, P, 100, irt_site(1, MALLOC));
	put(1, IRT_OP_ALLOC, Q, 50, irt_site(2, MALLOC));
	put(1, IRT_OP_ALLOC, R, 30, irt_site(1, MALLOC)); /* 180: the peak */
	release(1, R);
	put(1, IRT_OP_ALLOC, R, 30, irt_site(3, MALLOC)); /* 180 again */
	release(1, Q);
	put(1, IRT_OP_ALLOC, S, 40, irt_site(3, MALLOC)); /* less */
	done();
	CHECK_EQ(sums().peak_bytes, 180);
	CHECK_EQ(sums().peak_blocks, 3);
	CHECK_EQ(sums().peak_ticks, 1000200);
	CHECK_EQ(place(1).peak_bytes, 130);
	CHECK_EQ(place(1).peak_blocks, 2);
	CHECK_EQ(place(2).peak_bytes, 50);
	CHECK_EQ(place(3).peak_bytes, 0);
	CHECK_EQ(place(3).max_bytes, 70);
	put(1, IRT_OP_ALLOC, 0x9000, 60, irt_site(4, MALLOC)); /* a new one; 1 and 3 do not change any more */
	done();
	CHECK_EQ(sums().peak_bytes, 230);
	CHECK_EQ(place(1).peak_bytes, 100);
	CHECK_EQ(place(2).peak_bytes, 0);
	CHECK_EQ(place(3).peak_bytes, 70);
	CHECK_EQ(place(4).peak_bytes, 60);
}

TEST(a_peak_of_small_blocks_counts_those_of_no_bytes_too)
{
	begin();
	alloc(1, P, 0);
	alloc(1, Q, 8);
	alloc(1, R, 0); /* not a new peak */
	done();
	CHECK_EQ(sums().peak_blocks, 2);
	CHECK_EQ(sums().peak_bytes, 8);
}

/* ---- tables ----------------------------------------------------------------------------------------- */

/* Random blocks against an array; the table grows and closes its gaps. */
TEST(the_table_of_blocks_holds_what_was_put_and_nothing_else)
{
	enum { SLOTS = 20000, STEPS = 1000000 };
	static uint64_t bytes_of[SLOTS], live, live_bytes, allocs;
	uint64_t seed = 7;
	memset(bytes_of, 0, sizeof(bytes_of));
	live = live_bytes = allocs = 0;
	begin();
	for (unsigned i = 0; i < STEPS; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		/* waves: up to all, down to few */
		unsigned k = (unsigned)(seed >> 33) % SLOTS, up = (i / 100000) % 2 ? 20 : 80;
		/* many that are near each other, and some that share their low bits */
		uint64_t address = k % 3 ? 0x10000 + 16 * (uint64_t)k : 0x10000 + ((uint64_t)k << 36);
		bool take = (seed >> 20) % 100 < up;
		if (take && !bytes_of[k]) {
			bytes_of[k] = 1 + (seed >> 40) % 5000;
			alloc(1 + k % 9, address, bytes_of[k]);
			allocs++;
			live++;
			live_bytes += bytes_of[k];
		} else if (!take && bytes_of[k]) {
			release(1 + k % 7, address);
			live--;
			live_bytes -= bytes_of[k];
			bytes_of[k] = 0;
		}
		if (i % 5000 == 0)
			CHECK_EQ(irt_heap_settle(heap, now), 0);
	}
	settle();
	CHECK_EQ(sums().allocs, allocs);
	CHECK_EQ(sums().allocs - sums().frees, live);
	CHECK_EQ(sums().bytes - sums().freed_bytes, live_bytes);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(sums().lost, 0);
	for (unsigned k = 0; k < SLOTS; k++) /* each by its address */
		if (bytes_of[k])
			release(1, k % 3 ? 0x10000 + 16 * (uint64_t)k : 0x10000 + ((uint64_t)k << 36));
	done();
	CHECK_EQ(sums().allocs, sums().frees);
	CHECK_EQ(sums().unknown_frees, 0);
}

TEST(many_places_and_threads_are_kept_apart_and_threads_are_forgotten)
{
	begin();
	for (unsigned i = 1; i <= 3000; i++) {
		context = i;
		put(i, IRT_OP_ALLOC, i * 16, i, irt_site(i % 7, MALLOC));
	}
	settle();
	for (unsigned i = 1; i <= 3000; i += 2)
		irt_heap_end_thread(heap, i);
	for (unsigned i = 1; i <= 3000; i++) {
		context = i;
		put(i, IRT_OP_FREE, i * 16, 0, irt_site(20, MALLOC));
	}
	done();
	CHECK_EQ(file.place_count, 6000);
	CHECK_EQ(sums().temporary, 1500);
	CHECK_EQ(sums().crossed, 0);
	for (unsigned i = 1; i <= 3000; i++) {
		context = i;
		CHECK_EQ(place(i % 7).max_bytes, i);
		CHECK_EQ(place(20).released, 1);
	}
}

/* ---- out of memory ----------------------------------------------------------------------------------- */

static void history(void)
{
	for (unsigned i = 1; i < 200; i++) {
		uint32_t thread = 1 + i % 11;
		context = i;
		while (try_put(thread, IRT_OP_ALLOC, i * 64, 50 + i, irt_site(i, MALLOC)))
			;
		if (i % 3 == 0)
			while (try_put(thread, IRT_OP_FREE, (i - 1) * 64, 0, irt_site(i + 1000, MALLOC)))
				;
		if (i % 5 == 0) {
			while (try_put(thread, IRT_OP_RESIZE, i * 64, 0, irt_site(30, MALLOC)))
				;
			while (try_put(thread, IRT_OP_RESIZED, i * 64 + 16, 300 + i, irt_site(30, MALLOC)))
				;
		}
		if (i % 40 == 0) {
			for (int tries = 0; irt_heap_settle(heap, now - 1500); tries++)
				CHECK(tries < 2);
			if (i % 80 == 0)
				irt_heap_saved(heap);
		}
	}
	for (int tries = 0; irt_heap_settle(heap, INT64_MAX); tries++)
		CHECK(tries < 2);
}

TEST(no_memory_at_any_moment_changes_nothing_but_histograms)
{
	begin();
	fail_at = 0;
	calls = 0;
	history();
	long all = calls;
	struct irt_heap_sums want = sums();
	CHECK(all > 50);
	for (long n = 1; n <= all; n++) {
		begin();
		calls = 0;
		fail_at = n;
		history();
		fail_at = 0;
		struct irt_heap_sums got = sums();
		CHECK(!memcmp(&want, &got, sizeof(want)));
	}
}

int main(int argc, char **argv) { return heap_stage_main(argc, argv); }
