/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_kinds_test.c - pools and mappings, which count apart from the heap; and what reallocs do to blocks.
 */
#include "heap_model.h"
#include "heap_stage.h"

enum { POOL = INSTR_FAMILY_POOL, MAPPING = INSTR_FAMILY_MAPPING, PAGE = 4096 };
enum { POOL_A = 0x100000, POOL_B = 0x200000, SITE = 40, OTHER_SITE = 41, END_SITE = 50 };

static struct irt_heap_sums sums_of(enum irt_heap_kind kind)
{
	struct irt_heap_sums s = {0};
	irt_heap_sums(heap, kind, &s);
	return s;
}

static void take(uint32_t thread, uint64_t pool, uint64_t address, uint64_t bytes)
{
	put(thread, IRT_OP_POOL, pool, 0, irt_site(SITE, POOL));
	now -= 100;
	put(thread, IRT_OP_ALLOC, address, bytes, irt_site(SITE, POOL));
}
static void give(uint32_t thread, uint64_t address) { put(thread, IRT_OP_FREE, address, 0, irt_site(END_SITE, POOL)); }
static void reset(uint32_t thread, uint64_t pool) { put(thread, IRT_OP_RESET, pool, 0, irt_site(END_SITE, POOL)); }
static void map(uint64_t address, uint64_t bytes) { put(1, IRT_OP_ALLOC, address, bytes, irt_site(SITE, MAPPING)); }
static void unmap(uint64_t address, uint64_t bytes) { put(1, IRT_OP_UNMAP, address, bytes, irt_site(END_SITE, MAPPING)); }

TEST(a_reset_ends_the_blocks_of_its_pool_and_no_other)
{
	begin();
	for (unsigned i = 1; i <= 100; i++)
		take(1, i % 3 ? POOL_A : POOL_B, 16 * i, i);
	give(1, 16 * 1);
	reset(2, POOL_A);
	done();
	CHECK_EQ(sums_of(IRT_HEAP_POOLS).allocs, 100);
	CHECK_EQ(sums_of(IRT_HEAP_POOLS).frees, 67);
	CHECK_EQ(sums_of(IRT_HEAP_POOLS).crossed, 66);
	CHECK_EQ(file.block_count, 33);
	for (size_t i = 0; i < file.block_count; i++)
		CHECK_EQ(file.blocks[i].pool, POOL_B);
	CHECK(!irt_heap_sums(heap, IRT_HEAP_HEAP, &(struct irt_heap_sums){0}));
	CHECK_EQ(file_place(&file, 1, END_SITE)->row.released, 67);
}

TEST(a_pool_may_be_used_again_and_its_address_by_a_block_of_it)
{
	begin();
	for (unsigned i = 0; i < 1000; i++) {
		take(1, POOL_A, POOL_A, 8); /* it begins where the pool does */
		take(1, POOL_A, POOL_A + 8, 8);
		reset(1, POOL_A);
	}
	reset(1, POOL_A);
	alloc(1, POOL_A, 5000); /* ... and in a block of the heap that does as well */
	take(1, POOL_A, POOL_A, 8);
	done();
	CHECK_EQ(sums_of(IRT_HEAP_POOLS).allocs, 2001);
	CHECK_EQ(sums_of(IRT_HEAP_POOLS).frees, 2000);
	CHECK_EQ(sums_of(IRT_HEAP_POOLS).peak_bytes, 16);
	CHECK_EQ(sums_of(IRT_HEAP_HEAP).allocs, 1);
	CHECK_EQ(sums_of(IRT_HEAP_HEAP).lost, 0);
	CHECK_EQ(file.block_count, 2);
	CHECK_EQ(file.fault_count, 0);
}

TEST(a_block_of_a_pool_freed_twice_is_told)
{
	begin();
	take(1, POOL_A, P, 8);
	give(1, P);
	give(1, P);
	give(1, Q);
	done();
	CHECK_EQ(sums_of(IRT_HEAP_POOLS).unknown_frees, 2);
	CHECK_EQ(file.fault_count, 2);
	CHECK_EQ(file.faults[0].address + file.faults[1].address, P + Q);
}

/* Threads, pools that come and go, restarts: an array of what is where. */
TEST(pools_equal_a_model)
{
	enum { BLOCKS = 300, POOLS = 7, THREADS = 3 };
	static unsigned pool_of[BLOCKS + 1], bytes_of[BLOCKS + 1];
	for (uint64_t seed = 0; seed < 60; seed++) {
		uint64_t random = seed, allocs = 0, frees = 0, bytes = 0, freed = 0;
		memset(pool_of, 0, sizeof(pool_of));
		begin();
		for (unsigned turn = 0; turn < 3000; turn++) {
			unsigned i = 1 + (unsigned)(next(&random) % BLOCKS), pool = 1 + (unsigned)(next(&random) % POOLS);
			uint32_t thread = 1 + (uint32_t)(next(&random) % THREADS);
			now += IRT_HEAP_SLACK_TICKS; /* nobody is in doubt who was first */
			if (next(&random) % 200 == 0) {
				reset(thread, POOL_A + pool);
				for (unsigned k = 1; k <= BLOCKS; k++) {
					frees += pool_of[k] == pool;
					freed += pool_of[k] == pool ? bytes_of[k] : 0;
					pool_of[k] = pool_of[k] == pool ? 0 : pool_of[k];
				}
			} else if (pool_of[i]) {
				give(thread, 16 * i);
				frees++;
				freed += bytes_of[i];
				pool_of[i] = 0;
			} else {
				pool_of[i] = pool;
				bytes_of[i] = (unsigned)(next(&random) % 1000);
				take(thread, POOL_A + pool, 16 * i, bytes_of[i]);
				allocs++;
				bytes += bytes_of[i];
			}
			if (next(&random) % 100 == 0)
				CHECK_EQ(irt_heap_settle(heap, now - (int64_t)(next(&random) % 100) * SLACK), 0);
			if (next(&random) % 300 == 0) {
				irt_heap_want_rows(heap, next(&random) % 2);
				restart();
			}
		}
		irt_heap_want_rows(heap, true);
		done();
		CHECK_EQ(sums_of(IRT_HEAP_POOLS).allocs, allocs);
		CHECK_EQ(sums_of(IRT_HEAP_POOLS).frees, frees);
		CHECK_EQ(sums_of(IRT_HEAP_POOLS).bytes, bytes);
		CHECK_EQ(sums_of(IRT_HEAP_POOLS).freed_bytes, freed);
		CHECK_EQ(sums_of(IRT_HEAP_POOLS).unknown_frees + sums_of(IRT_HEAP_POOLS).lost, 0);
		for (unsigned k = 1; k <= BLOCKS; k++) {
			const struct irt_heap_block *b = file_block(&file, IRT_HEAP_POOLS, 16 * k);
			CHECK_EQ(b ? b->pool : 0, pool_of[k] ? POOL_A + pool_of[k] : 0);
		}
	}
}

TEST(part_of_a_mapping_may_be_given_back)
{
	begin();
	map(10 * PAGE, 10 * PAGE);
	unmap(12 * PAGE, PAGE);       /* two pieces */
	unmap(10 * PAGE, PAGE);       /* from the front */
	unmap(19 * PAGE, 5 * PAGE);   /* from behind, and beyond */
	done();
	CHECK_EQ(file.block_count, 2);
	CHECK_EQ(file_block(&file, IRT_HEAP_MAPPINGS, 11 * PAGE)->bytes, PAGE);
	CHECK_EQ(file_block(&file, IRT_HEAP_MAPPINGS, 13 * PAGE)->bytes, 6 * PAGE);
	CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).allocs, 2);
	CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).resized, 1);
	CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).bytes, 10 * PAGE);
	unmap(0, 100 * PAGE);         /* not the address 0: nothing is told */
	unmap(PAGE, 100 * PAGE);      /* all, with gaps */
	unmap(PAGE, 100 * PAGE);      /* what is not known */
	done();
	CHECK_EQ(file.block_count, 0);
	CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).frees, 2);
	CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).unknown_frees, 1);
	CHECK_EQ(file_place(&file, 1, END_SITE)->row.released_bytes, 10 * PAGE);
}

TEST(what_is_mapped_over_another_mapping_takes_its_place)
{
	begin();
	map(10 * PAGE, 10 * PAGE);
	put(1, IRT_OP_ALLOC, 12 * PAGE, 2 * PAGE, irt_site(OTHER_SITE, MAPPING));
	done();
	CHECK_EQ(file.block_count, 3);
	CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).bytes - sums_of(IRT_HEAP_MAPPINGS).freed_bytes, 10 * PAGE);
	CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).peak_bytes, 10 * PAGE);
	CHECK_EQ(file.fault_count, 0);
}

/* Any ranges, as a map of pages. */
TEST(mappings_equal_a_map_of_pages)
{
	enum { PAGES = 128, SITES = 3 };
	static unsigned char page_of[PAGES];
	for (uint64_t seed = 0; seed < 100; seed++) {
		uint64_t random = seed, mapped = 0, most = 0;
		memset(page_of, 0, sizeof(page_of));
		begin();
		for (unsigned turn = 0; turn < 1500; turn++) {
			unsigned at = (unsigned)(next(&random) % PAGES), pages = 1 + (unsigned)(next(&random) % 20);
			unsigned site = next(&random) % 2 ? 1 + (unsigned)(next(&random) % SITES) : 0;
			pages = pages < PAGES - at ? pages : PAGES - at;
			if (site)
				put(1 + site, next(&random) % 4 ? IRT_OP_ALLOC : IRT_OP_RESIZED, (at + 1) * PAGE, pages * PAGE,
				    irt_site(SITE + site, MAPPING));
			else
				unmap((at + 1) * PAGE, pages * PAGE);
			now += SLACK;
			mapped = 0;
			for (unsigned i = 0; i < PAGES; i++) {
				if (i >= at && i < at + pages)
					page_of[i] = (unsigned char)site;
				mapped += page_of[i] ? PAGE : 0;
			}
			most = mapped > most ? mapped : most;
			if (next(&random) % 200 == 0) {
				irt_heap_want_rows(heap, next(&random) % 2);
				restart();
			}
		}
		irt_heap_want_rows(heap, true);
		done();
		CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).bytes - sums_of(IRT_HEAP_MAPPINGS).freed_bytes, mapped);
		CHECK_EQ(sums_of(IRT_HEAP_MAPPINGS).peak_bytes, most);
		for (size_t i = 0; i < file.block_count; i++) {
			const struct irt_heap_block *b = &file.blocks[i];
			for (uint64_t page = b->address / PAGE; page < (b->address + b->bytes) / PAGE; page++) {
				CHECK_EQ(page_of[page - 1], irt_site_id(b->site) - SITE);
				page_of[page - 1] = 0;
			}
		}
		for (unsigned i = 0; i < PAGES; i++)
			CHECK_EQ(page_of[i], 0);
	}
}

TEST(what_realloc_does_to_a_block_is_counted)
{
	begin();
	alloc(1, P, 10);
	resize(1, P);
	resized(1, Q, 20); /* a chain begins: grown, moved */
	resize(1, Q);
	resized(1, Q, 30); /* grown */
	restart();
	resize(1, Q);
	resized(1, P, 5);  /* moved */
	resize(1, P);
	resized(1, P, 0x100);
	release(1, P);
	resize(1, R);      /* of a block that is not known */
	resized(1, S, 7);
	done();
	const struct irt_heap_place *p = &file_place(&file, 1, 30)->row;
	CHECK_EQ(p->resized, 5);
	CHECK_EQ(p->chains, 2);
	CHECK_EQ(p->grown, 3);
	CHECK_EQ(p->moved, 3);
	CHECK_EQ(p->moved_bytes, 10 + 5);
}

TEST(what_cannot_be_of_a_kind_is_passed_over)
{
	begin();
	put(1, IRT_OP_RESIZE, P, 0, irt_site(SITE, POOL));
	put(1, IRT_OP_RESIZED, P, 8, irt_site(SITE, POOL));
	put(1, IRT_OP_FREE, P, 0, irt_site(SITE, MAPPING));
	put(1, IRT_OP_RESET, P, 0, irt_site(SITE, MALLOC));
	put(1, IRT_OP_UNMAP, P, 8, irt_site(SITE, NEW));
	CHECK(!irt_heap_is_waiting(heap));
}

int main(int argc, char **argv) { return heap_stage_main(argc, argv); }
