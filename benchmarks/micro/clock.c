/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * clock.c - what two reads of a clock cost, and how the counter ticks. Everything else is measured
 * against the first line.
 *
 *     clock ITERATIONS
 *
 *     two_reads_ns          two rdtsc per iteration of a loop
 *     two_reads_cpu_ns      the same in CPU time, for what is measured in CPU time
 *     two_rdtscp_ns         the same with rdtscp, which waits for what came before it
 *     two_clock_gettime_ns  the same with clock_gettime(CLOCK_MONOTONIC)
 *     ticks_per_second      of the counter, against CLOCK_MONOTONIC
 *     step_ticks            the most frequent distance of two reads: the counter may move in steps
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"

enum { STEP_SAMPLES = 1 << 16, STEP_MAX = 1024 };

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A function of its own per clock: each loop is aligned by itself. */
static __attribute__((noinline)) void two_reads(unsigned long iterations)
{
	uint64_t start = now_ns(), start_cpu = cpu_ns();

	for (unsigned long i = 0; i < iterations; i++) {
		use(read_clock());
		use(read_clock());
	}
	uint64_t cpu = cpu_ns() - start_cpu, wall = now_ns() - start;
	printf("two_reads_ns %.3f\n", (double)wall / (double)iterations);
	printf("two_reads_cpu_ns %.3f\n", (double)cpu / (double)iterations);
}

static inline __attribute__((always_inline)) uint64_t read_rdtscp(void)
{
	uint32_t low, high, cpu;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(cpu));
	return (uint64_t)high << 32 | low;
}

static __attribute__((noinline)) double two_rdtscp(unsigned long iterations)
{
	uint64_t start = now_ns();

	for (unsigned long i = 0; i < iterations; i++) {
		use(read_rdtscp());
		use(read_rdtscp());
	}
	return (double)(now_ns() - start) / (double)iterations;
}

static __attribute__((noinline)) double two_clock_gettime(unsigned long iterations)
{
	uint64_t start = now_ns();

	for (unsigned long i = 0; i < iterations; i++) {
		use(now_ns());
		use(now_ns());
	}
	return (double)(now_ns() - start) / (double)iterations;
}

static unsigned most_frequent_step(void)
{
	static unsigned seen[STEP_MAX];
	unsigned best = 0;

	for (int i = 0; i < STEP_SAMPLES; i++) {
		uint64_t first = read_clock(), distance = read_clock() - first;

		if (distance < STEP_MAX)
			seen[distance]++;
	}
	for (unsigned i = 0; i < STEP_MAX; i++)
		if (seen[i] > seen[best])
			best = i;
	return best;
}

int main(int argc, char **argv)
{
	unsigned long iterations = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

	if (!iterations) {
		fprintf(stderr, "usage: clock ITERATIONS\n");
		return 2;
	}
	uint64_t start_ns = now_ns(), start_ticks = read_clock();
	two_reads(iterations);
	printf("two_rdtscp_ns %.3f\n", two_rdtscp(iterations));
	printf("two_clock_gettime_ns %.3f\n", two_clock_gettime(iterations));
	uint64_t ticks = read_clock() - start_ticks;
	printf("ticks_per_second %.0f\n", (double)ticks * 1e9 / (double)(now_ns() - start_ns));
	printf("step_ticks %u\n", most_frequent_step());
	return 0;
}
