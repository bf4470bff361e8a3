/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * clock.h - one bare read of the timestamp counter, as the hooks do it: no fence, all 64 bits, and a
 * result that the compiler must believe is used.
 */
#ifndef BENCHMARKS_MICRO_CLOCK_H
#define BENCHMARKS_MICRO_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline __attribute__((always_inline)) uint64_t read_clock(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline __attribute__((always_inline)) void use(uint64_t value)
{
	__asm__ volatile("" : : "r"(value));
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
