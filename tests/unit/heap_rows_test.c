/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_rows_test.c - what the file gets of a heap, and a heap that goes on from it.
 */
#include "heap_stage.h"

TEST(only_what_has_changed_is_put_again)
{
	begin();
	alloc(1, P, 10);
	put(1, IRT_OP_ALLOC, Q, 20, irt_site(11, MALLOC));
	done();
	file_fini(&file);
	release(1, Q);
	settle();
	file_save(&file, heap);
	CHECK_EQ(file.block_count, 0);
	CHECK_EQ(file.place_count, 2); /* 11 and 20 */
	CHECK(!file_place(&file, context, 10));
	file_fini(&file);
	put(1, IRT_OP_ALLOC, Q, 50, irt_site(12, MALLOC)); /* a new peak: that of 11 is another now */
	settle();
	file_save(&file, heap);
	CHECK(file_place(&file, context, 11) && file_place(&file, context, 12));
	CHECK_EQ(file.block_count, 1);
}

TEST(a_block_that_came_and_went_between_two_saves_leaves_the_row_that_was_there)
{
	begin();
	alloc(1, P, 10);
	done();
	release(1, P);
	alloc(1, P, 20);
	release(1, P);
	done();
	CHECK_EQ(file.block_count, 0);
	alloc(1, P, 30);
	done();
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].bytes, 30);
}

TEST(a_block_keeps_its_row_when_the_one_before_it_is_lost)
{
	begin();
	alloc(1, P, 10);
	settle();
	file_save(&file, heap);
	now += 3 * SLACK;
	alloc(1, P, 20);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	file_save(&file, heap); /* the row is the new one's */
	CHECK_EQ(file.block_count, 1);
	done();
	CHECK_EQ(sums().lost, 1);
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].bytes, 20);
}

TEST(a_heap_goes_on_from_its_rows)
{
	begin();
	alloc(1, P, 100);
	alloc(2, Q, 50);
	release(1, Q);
	put(1, IRT_OP_FREE, S, 0, irt_site(25, MALLOC));
	settle();
	restart();
	CHECK_EQ(sums().allocs, 2);
	CHECK_EQ(sums().peak_bytes, 150);
	release(2, P);
	alloc(1, R, 149);
	alloc(1, S, 1);
	put(1, IRT_OP_FREE, 0x7000, 0, irt_site(25, MALLOC));
	done();
	CHECK_EQ(sums().peak_bytes, 150);
	CHECK_EQ(place(10).peak_bytes, 150);
	CHECK_EQ(place(10).max_bytes, 150);
	CHECK_EQ(faults(IRT_HEAP_UNKNOWN), 2);
	CHECK_EQ(file.fault_count, 1);
	const struct file_place *p = file_place(&file, context, 10);
	CHECK_EQ(bucket_count(p->sizes, p->sizes_bytes, irt_histogram_bucket(100)), 1);
	CHECK_EQ(bucket_count(p->sizes, p->sizes_bytes, irt_histogram_bucket(1)), 1);
}

TEST(what_was_pending_is_pending_in_the_next_session)
{
	begin();
	alloc(1, P, 100);
	int64_t then = now;
	now = then + 500;
	release(2, P);
	alloc(2, Q, 7);
	now = then + 100;
	alloc(1, R, UINT64_C(0xffffffffff));
	CHECK_EQ(irt_heap_settle(heap, then), 0);
	restart();
	CHECK(irt_heap_is_waiting(heap));
	CHECK_EQ(sums().allocs, 1);
	now = then + 50;
	alloc(1, S, 5); /* before all that was pending */
	done();
	CHECK_EQ(sums().allocs, 4);
	CHECK_EQ(sums().frees, 1);
	CHECK_EQ(sums().peak_bytes, 100 + 5 + UINT64_C(0xffffffffff));
	CHECK_EQ(file.fault_count, 0);
}

TEST(what_fits_nothing_yet_fits_nothing_in_the_next_session)
{
	begin();
	resize(1, P); /* of a block that is not known: its end is a free that fits nothing */
	resized(1, Q, 50);
	release(2, R);
	now += 3 * SLACK;
	alloc(1, R, 7); /* not what was freed */
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	restart();
	CHECK(irt_heap_is_waiting(heap));
	CHECK_EQ(sums().unknown_frees, 0);
	done();
	CHECK_EQ(sums().allocs, 2);
	CHECK_EQ(sums().frees, 0);
	CHECK_EQ(sums().unknown_frees, 2);
	CHECK_EQ(file.block_count, 2);
}

TEST(a_block_that_may_be_lost_may_be_lost_in_the_next_session)
{
	begin();
	alloc(1, P, 10);
	alloc(1, Q, 10);
	now += SLACK;
	put(2, IRT_OP_ALLOC, P, 20, irt_site(11, MALLOC));
	put(2, IRT_OP_ALLOC, Q, 20, irt_site(11, MALLOC));
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	restart();
	release(1, P); /* was late */
	done();
	CHECK_EQ(sums().lost, 1);
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(place(20).released_bytes, 10);
	CHECK_EQ(faults(IRT_HEAP_LOST), 1);
	CHECK_EQ(file.faults[0].address, Q);
	CHECK_EQ(file.faults[0].site_id, 11);
}

TEST(reallocs_inside_each_other_go_on_in_the_next_session)
{
	begin();
	alloc(1, R, 1);
	alloc(1, P, 10);
	resize(1, R);
	resize(1, 0x9000); /* not known */
	resize(1, P);
	settle();
	restart();
	CHECK_EQ(file.block_count, 2);
	resized(1, Q, 20);      /* of P */
	resized(1, 0x9000, FAILED);
	settle();
	restart();
	CHECK_EQ(sums().unknown_frees, 0);
	resized(1, S, 2);       /* of R */
	done();
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(sums().unknown_frees, 0);
	CHECK_EQ(sums().bytes - sums().freed_bytes, 22);
	CHECK(file_block(&file, IRT_HEAP_HEAP, Q) && file_block(&file, IRT_HEAP_HEAP, S));
}

/* realloc has freed it and another thread has got it, before realloc says so. */
TEST(an_address_in_realloc_may_have_a_block_of_another_thread)
{
	for (int with_restarts = 0; with_restarts < 2; with_restarts++) {
		begin();
		alloc(1, P, 10);
		resize(1, P);
		settle();
		file_save(&file, heap);
		alloc(2, P, 20);
		resize(2, P);
		alloc(3, P, 30);
		settle();
		file_save(&file, heap);
		if (with_restarts)
			restart();
		CHECK_EQ(file_block(&file, IRT_HEAP_HEAP, P)->bytes, 30);
		CHECK_EQ(file_block(&file, IRT_HEAP_HEAP, P)->resizer, 0);
		resized(2, R, 21);
		settle();
		file_save(&file, heap);
		CHECK_EQ(file_block(&file, IRT_HEAP_HEAP, P)->bytes, 30);
		resized(1, Q, 11);
		settle();
		file_save(&file, heap);
		CHECK_EQ(file_block(&file, IRT_HEAP_HEAP, P)->bytes, 30);
		if (with_restarts)
			restart();
		release(3, P);
		done();
		CHECK_EQ(sums().frees, 3);
		CHECK_EQ(file.block_count, 2);
		CHECK_EQ(file.fault_count, 0);
	}
}

TEST(a_realloc_that_failed_leaves_no_row_of_a_block_freed_since)
{
	begin();
	alloc(1, P, 10);
	resize(1, P);
	settle();
	file_save(&file, heap);
	resized(1, P, FAILED);
	release(1, P);
	done();
	CHECK_EQ(file.block_count, 0);
}

/* In realloc, but counted as ended: another one has got its address, by a clock that is behind, and has gone. */
TEST(a_block_in_realloc_that_has_ended_has_no_row)
{
	begin();
	alloc(1, P, 10);
	now += 3 * SLACK;
	alloc(2, P, 20);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	resize(1, P);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	now += 3 * SLACK;
	release(2, P);
	CHECK_EQ(irt_heap_settle(heap, now), 0);
	restart();
	CHECK_EQ(file.block_count, 0);
	resized(1, Q, 30);
	done();
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(sums().frees, 2);
	CHECK_EQ(file.fault_count, 0);
}

TEST(the_end_of_a_thread_is_pending_too)
{
	begin();
	alloc(1, P, 10);
	settle();
	resize(1, P);
	irt_heap_end_thread(heap, 1);
	CHECK_EQ(irt_heap_settle(heap, 0), 0);
	restart();
	done();
	CHECK_EQ(file.block_count, 1);
	CHECK_EQ(file.blocks[0].resizer, 0);
}

TEST(the_bytes_of_pending_events_are_these)
{
	static const uint8_t want[] = {
		1,                                    /* version */
		17, 0x80, 0x89, 0x7a, 3, 1, 81, 0x80, 0x20, 100, /* ALLOC, 1000000, thread, context, site 10 malloc, address, bytes */
		18, 0xc8, 0x01, 4, 1, 0xa1, 1, 0x80, 0x40, 0,    /* FREE 100 ticks later, site 20 malloc */
	};
	uint8_t *bytes;
	size_t count;
	begin();
	alloc(3, P, 100);
	release(4, Q);
	CHECK_EQ(irt_heap_pack(heap, &bytes, &count), 0);
	CHECK_EQ(count, sizeof(want));
	CHECK(!memcmp(bytes, want, sizeof(want)));
	free(bytes);
}

TEST(rows_that_cannot_be_are_refused)
{
	struct irt_heap_place p = {.context = 1, .site_id = 10, .allocs = 2, .bytes = 20};
	struct irt_heap_block b = {.address = P, .bytes = 10, .context = 1, .site = irt_site(10, MALLOC), .thread = 1};
	struct irt_heap_fault f = {.kind = IRT_HEAP_LOST, .context = 1, .site_id = 1, .count = 1};
	begin();
	CHECK_EQ(irt_heap_restore_place(heap, &p), 0);
	CHECK_EQ(irt_heap_restore_place(heap, &p), INSTR_ERR_FORMAT); /* twice */
	p.site_id++;
	p.frees = 3;
	CHECK_EQ(irt_heap_restore_place(heap, &p), INSTR_ERR_FORMAT);
	p.site_id++;
	p.frees = 1;
	p.freed_bytes = 21;
	CHECK_EQ(irt_heap_restore_place(heap, &p), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_heap_restore_block(heap, &b), 0);
	CHECK_EQ(irt_heap_restore_block(heap, &b), INSTR_ERR_FORMAT);
	b.address = 0;
	CHECK_EQ(irt_heap_restore_block(heap, &b), INSTR_ERR_FORMAT);
	b.address = Q;
	b.thread = 0;
	CHECK_EQ(irt_heap_restore_block(heap, &b), INSTR_ERR_FORMAT);
	b.thread = 1;
	b.bytes = UINT64_MAX;
	CHECK_EQ(irt_heap_restore_block(heap, &b), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_heap_restore_fault(heap, &f), 0);
	CHECK_EQ(irt_heap_restore_fault(heap, &f), INSTR_ERR_FORMAT);
	f.kind++;
	CHECK_EQ(irt_heap_restore_fault(heap, &f), INSTR_ERR_FORMAT);
}

TEST(pending_bytes_that_cannot_be_are_refused)
{
	static const uint8_t good[] = {1, 17, 2, 1, 1, 81, 16, 5};
	static const struct {
		unsigned at;
		uint8_t byte;
	} bad[] = {{0, 2}, {1, 16}, {1, 24}, {3, 0}};
	uint8_t bytes[sizeof(good)];
	begin();
	CHECK_EQ(irt_heap_unpack(heap, good, 0), INSTR_ERR_FORMAT);
	for (size_t n = 2; n < sizeof(good); n++) {
		begin();
		CHECK_EQ(irt_heap_unpack(heap, good, n), INSTR_ERR_FORMAT);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(bytes, good, sizeof(good));
		bytes[bad[i].at] = bad[i].byte;
		begin();
		CHECK_EQ(irt_heap_unpack(heap, bytes, sizeof(bytes)), INSTR_ERR_FORMAT);
	}
	begin();
	CHECK_EQ(irt_heap_unpack(heap, good, sizeof(good)), 0);
	settle();
	CHECK_EQ(sums().bytes, 5);
	/* a block, and what does not say where it is */
	static const uint8_t tails[][7] = {{2, 0, 1, 1, 81, 16, 0}, {2, 0, 1, 1, 81, 32, 0}, {4, 0, 1, 1, 81, 32, 0},
					   {3, 0, 1, 1, 81, 32, 0}, {17, 0, 1, 1, 81, 16, 0}, {1, 0, 1, 1, 81, 16, 0},
					   {5, 0, 1, 1, 81, 16, 2}, {4, 0, 1, 1, 81, 16, 0}};
	for (unsigned i = 0; i < 8; i++) {
		uint8_t block[15] = {1, 3, 0, 1, 1, 81, 16, 5};
		begin();
		CHECK_EQ(irt_heap_restore_place(heap, &(struct irt_heap_place){.context = 1, .site_id = 10, .allocs = 1, .bytes = 5}), 0);
		CHECK_EQ(irt_heap_unpack(heap, block, 8), INSTR_ERR_FORMAT);
		memcpy(block + 8, tails[i], 7);
		begin();
		CHECK_EQ(irt_heap_restore_place(heap, &(struct irt_heap_place){.context = 1, .site_id = 10, .allocs = 1, .bytes = 5}), 0);
		CHECK_EQ(irt_heap_unpack(heap, block, sizeof(block)), i == 7 ? 0 : INSTR_ERR_FORMAT);
	}
}

/* Any bytes may be in a file that somebody made. (Sanitizers look at the sums.) */
TEST(the_ends_of_time_are_times)
{
	static const int64_t times[] = {INT64_MIN, INT64_MAX - 100, 0, -1, INT64_MAX - 101, INT64_MIN + 1};
	begin();
	for (unsigned i = 0; i < 36; i++) {
		now = times[i % 6];
		alloc(1 + i % 2, P + 16 * (i / 6), 1);
		now = times[i / 6];
		release(1 + i % 3, P + 16 * (i % 6));
	}
	restart();
	settle();
	restart();
	done();
	CHECK_EQ(sums().allocs, 36);
}

TEST(a_block_of_a_place_that_is_not_there_is_refused)
{
	struct irt_heap_block b = {.address = P, .bytes = 10, .context = 1, .site = irt_site(10, MALLOC), .thread = 1};
	static const uint8_t pending[] = {1, 3, 2, 1, 1, 81, 16, 5, 4, 2, 1, 1, 81, 16, 5};
	begin();
	CHECK_EQ(irt_heap_restore_block(heap, &b), INSTR_ERR_FORMAT);
	begin();
	CHECK_EQ(irt_heap_unpack(heap, pending, sizeof(pending)), INSTR_ERR_FORMAT);
}

/* Rows that were changed at random: refused, or taken for something. */
TEST(hostile_rows_never_harm)
{
	uint64_t seed = 1;
	begin();
	for (unsigned i = 1; i < 40; i++) {
		context = 1 + i % 3;
		alloc(1 + i % 3, i * 16, i);
		if (i % 4 == 0)
			resize(1 + i % 2, i * 16);
		if (i % 5 == 0)
			release(1, i * 16 - 16);
		if (i % 7 == 0)
			alloc(2, i * 16 - 32, 3);
		if (i % 9 == 0)
			release(3, i * 16 + 0x10000);
	}
	CHECK_EQ(irt_heap_settle(heap, now - 1000), 0);
	file_save(&file, heap);
	CHECK(file.pending_bytes > 100);
	for (unsigned i = 0; i < 20000; i++) {
		struct heap_file f = file;
		uint8_t pending[4096];
		struct irt_heap_block blocks[64];
		struct irt_heap *other;
		CHECK(file.pending_bytes <= sizeof(pending) && file.block_count <= 64);
		memcpy(pending, file.pending, file.pending_bytes);
		memcpy(blocks, file.blocks, file.block_count * sizeof(blocks[0]));
		f.pending = pending;
		f.blocks = blocks;
		for (unsigned k = i % 4; k < 4; k++) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			pending[(seed >> 33) % f.pending_bytes] = (uint8_t)(seed >> 24);
			if (k == 2)
				((uint8_t *)blocks)[(seed >> 40) % (f.block_count * sizeof(blocks[0]))] = (uint8_t)(seed >> 16);
		}
		if (file_try(&f, false, &other) == 0) {
			uint8_t *bytes;
			size_t n;
			CHECK_EQ(irt_heap_pack(other, &bytes, &n), 0);
			free(bytes);
			for (unsigned t = 0; t < 4; t++)
				irt_heap_end_thread(other, t + 1);
			CHECK_EQ(irt_heap_settle(other, (int64_t)seed), 0);
			CHECK_EQ(irt_heap_settle(other, INT64_MAX), 0);
			CHECK(!irt_heap_is_waiting(other));
		}
		irt_heap_destroy(other);
	}
}

int main(int argc, char **argv) { return heap_stage_main(argc, argv); }
