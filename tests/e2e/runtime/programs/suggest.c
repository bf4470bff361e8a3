/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * suggest.c - short calls, most of which have little to tell, beside long ones. work() takes its time by the processor's clock,
 * whatever its hooks take.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { TURNS = 40, SHORT_CALLS = 50000, WORK_US = 5000 };
static volatile uint64_t sink;

static int64_t cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

__attribute__((noinline)) static uint64_t mix(uint64_t x) { return x * 0x9e3779b97f4a7c15u ^ x >> 29; }
__attribute__((noinline)) static uint64_t next(uint64_t x) { return mix(x) + 1; }
__attribute__((noinline)) static uint64_t rarely(uint64_t x) { return x ^ x << 7; }

__attribute__((noinline)) static void work(void)
{
	int64_t start = cpu_us();
	while (cpu_us() - start < WORK_US)
		sink++;
}

int main(void)
{
	for (int turn = 0; turn < TURNS; turn++) {
		work();
		for (int i = 0; i < SHORT_CALLS; i++)
			sink = next(sink);
		sink = rarely(sink);
	}
	puts("done");
	return 0;
}
