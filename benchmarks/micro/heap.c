/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - a program that frees a block and allocates another, again and again: what recording adds to
 * that pair, what is left of it in the trace, and what many living blocks cost.
 *
 *     heap TURNS SLOTS MOST_BYTES [touch]
 *
 * A turn frees the block in a random one of the slots and puts one of a random size there, 16 to
 * MOST_BYTES. With "touch" each block is filled when it is new and read before it is freed, as programs do
 * that need their blocks for something; else there is nothing here but the allocator. The slots are filled
 * before the time begins, and are never freed: so many blocks are alive all the time.
 *
 * Prints "pairs", "time_ns" and "cpu_ns" (of the turns alone, by the program's own clocks), and what a
 * trace must say too: "true_allocs", "true_bytes", "true_peak_bytes". "result" is the same in all variants.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum { LEAST_BYTES = 16 };

struct slot {
	uint64_t *block;
	size_t bytes;
};

static uint64_t state = 88172645463325252u, hash;
static uint64_t allocs, bytes_allocated, live_bytes, peak_bytes;

static inline uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static inline void fill(const struct slot *slot)
{
	for (size_t i = 0; i < slot->bytes / sizeof(*slot->block); i++)
		slot->block[i] = slot->bytes + i;
}

static inline void read_back(const struct slot *slot)
{
	for (size_t i = 0; i < slot->bytes / sizeof(*slot->block); i++)
		hash = (hash ^ slot->block[i]) * 0x9e3779b97f4a7c15u;
}

static inline void put(struct slot *slot, size_t bytes, int touch)
{
	*slot = (struct slot){malloc(bytes), bytes};
	if (!slot->block)
		abort();
	allocs++;
	bytes_allocated += bytes;
	live_bytes += bytes;
	if (live_bytes > peak_bytes)
		peak_bytes = live_bytes;
	if (touch)
		fill(slot);
}

/* The two draws of a turn are parts of one number: half of them would else be arithmetic. */
static __attribute__((noinline)) void turn_over(struct slot *slots, size_t count, unsigned long turns, size_t range, int touch)
{
	for (unsigned long i = 0; i < turns; i++) {
		uint64_t drawn = draw();
		struct slot *slot = &slots[((drawn >> 32) * count) >> 32];

		if (touch)
			read_back(slot);
		live_bytes -= slot->bytes;
		free(slot->block);
		put(slot, LEAST_BYTES + (((drawn & 0xffffffff) * range) >> 32), touch);
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned long turns = argc >= 4 ? strtoul(argv[1], NULL, 10) : 0;
	size_t count = argc >= 4 ? strtoul(argv[2], NULL, 10) : 0, most = argc >= 4 ? strtoul(argv[3], NULL, 10) : 0;
	int touch = argc == 5 && !strcmp(argv[4], "touch");

	if (!turns || !count || most < LEAST_BYTES || argc != 4 + touch) {
		fprintf(stderr, "usage: heap TURNS SLOTS MOST_BYTES [touch] (MOST_BYTES: from %d)\n", LEAST_BYTES);
		return 2;
	}
	size_t range = most - LEAST_BYTES + 1;
	struct slot *slots = calloc(count, sizeof(*slots));
	if (!slots)
		abort();
	for (size_t i = 0; i < count; i++)
		put(&slots[i], LEAST_BYTES + (((draw() & 0xffffffff) * range) >> 32), touch);

	uint64_t start_ns = now_ns(), start_cpu_ns = cpu_ns();
	turn_over(slots, count, turns, range, touch);
	uint64_t spent_cpu_ns = cpu_ns() - start_cpu_ns, time_ns = now_ns() - start_ns;

	printf("pairs %lu\ntime_ns %ju\ncpu_ns %ju\n", turns, time_ns, spent_cpu_ns);
	/* With the array of the slots. */
	size_t array = count * sizeof(*slots);
	printf("true_allocs %ju\ntrue_bytes %ju\ntrue_peak_bytes %ju\nresult %ju\n", allocs + 1, bytes_allocated + array,
	       peak_bytes + array, hash & 0xffffffff);
	return 0;
}
