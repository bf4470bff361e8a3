/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * kinds.c - pools that are told by hand, and mappings of any parts; it counts itself and prints what the trace is to
 * say: of pools allocs|bytes|frees|freed bytes|failed, of mappings bytes|freed bytes|failed.
 */
#define _GNU_SOURCE
#include <instr/instr.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 300, BLOCKS = 40, PAGE = 4096, PAGES = 64, TURNS = 400 };

static unsigned long allocs, bytes, frees, freed, failed; /* of pools */

struct arena {
	char *base;
	size_t used, blocks, blocks_bytes;
};

__attribute__((noinline)) static void *take(struct arena *a, size_t size)
{
	void *block = a->used + size <= 1 << 16 ? a->base + a->used : NULL;
	instr_pool_alloc(a, block, size);
	__atomic_fetch_add(block ? &allocs : &failed, 1, __ATOMIC_RELAXED);
	if (block) {
		a->used += size;
		a->blocks++;
		a->blocks_bytes += size;
		__atomic_fetch_add(&bytes, size, __ATOMIC_RELAXED);
	}
	return block;
}

__attribute__((noinline)) static void give(struct arena *a, void *block, size_t size)
{
	instr_pool_free(a, block);
	a->blocks -= block != NULL;
	a->blocks_bytes -= block ? size : 0;
	__atomic_fetch_add(&frees, block != NULL, __ATOMIC_RELAXED);
	__atomic_fetch_add(&freed, block ? size : 0, __ATOMIC_RELAXED);
}

__attribute__((noinline)) static void reset(struct arena *a)
{
	instr_pool_reset(a);
	__atomic_fetch_add(&frees, a->blocks, __ATOMIC_RELAXED);
	__atomic_fetch_add(&freed, a->blocks_bytes, __ATOMIC_RELAXED);
	a->used = a->blocks = a->blocks_bytes = 0;
}

static void *work(void *arg)
{
	struct arena a = {.base = malloc(1 << 16)}, b = {.base = malloc(1 << 16)};
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < BLOCKS; i++) {
			void *block = take(&a, 16 * (1 + (i * round) % 7));
			if (i % 5 == 0)
				give(&a, block, 16 * (1 + (i * round) % 7));
		}
		take(&b, 1 << 10);
		reset(&a);
	}
	give(&a, NULL, 0);
	(void)arg;
	return NULL;
}

/* One megabyte of addresses that are ours; what of them is mapped by calls that the trace sees. */
static unsigned long mapped, unmapped, unmappable;
static unsigned char page_of[PAGES];
static char *ours;

static void map(unsigned at, unsigned pages)
{
	if (mmap(ours + at * PAGE, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		abort();
	mapped += pages * PAGE;
	for (unsigned i = at; i < at + pages; i++) {
		unmapped += page_of[i] ? PAGE : 0;
		page_of[i] = 1;
	}
}

static void unmap(unsigned at, unsigned pages)
{
	if (munmap(ours + at * PAGE, pages * PAGE - (pages & 1))) /* the last page counts whole */
		abort();
	for (unsigned i = at; i < at + pages; i++) {
		unmapped += page_of[i] ? PAGE : 0;
		page_of[i] = 0;
	}
}

static void mappings(void)
{
	unsigned long seed = 1;
	ours = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ours == MAP_FAILED)
		abort();
	mapped += PAGES * PAGE;
	for (unsigned i = 0; i < PAGES; i++)
		page_of[i] = 1;
	for (unsigned turn = 0; turn < TURNS; turn++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		unsigned at = seed >> 33 & (PAGES - 1), pages = 1 + (seed >> 45 & 15);
		pages = pages < PAGES - at ? pages : PAGES - at;
		unsigned any = 0;
		for (unsigned i = at; i < at + pages; i++)
			any += page_of[i];
		if (seed >> 60 & 1)
			map(at, pages);
		else if (any)
			unmap(at, pages);
	}
	char *moved = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mapped += 3 * PAGE;
	moved = mremap(moved, 3 * PAGE, 300 * PAGE, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		abort();
	mapped += 300 * PAGE;
	unmapped += 3 * PAGE;
	unmappable += mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
	munmap(moved + 1, PAGE); /* refused: nothing ends */
	sbrk(1000);
	sbrk(-400);
	mapped += 1000;
	unmapped += 400;
}

int main(void)
{
	pthread_t threads[THREADS];
	mappings();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%lu|%lu|%lu|%lu|%lu\n%lu|%lu|%lu\n", allocs, bytes, frees, freed, failed, mapped, unmapped, unmappable);
	return 0;
}
