/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * clock.c - the timestamp counter as a clock.
 *
 * Some machines' counters advance in steps of many ticks. Times are then stored in that unit without losing anything. The
 * step is measured, never assumed: the most frequent distance of two reads in a row, accepted if nearly all distances are its
 * multiples also when other work lies between the reads.
 */
#include "drain/clock.h"

#include "base/os.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

enum { CLOCK_READS = 2048, STEP_LEAST = 8, STEP_MOST = 1024 };

void irt_clock_measure(uint32_t *step, uint32_t *cost)
{
	static uint32_t distance[CLOCK_READS];
	uint32_t count[STEP_MOST] = {0}, best = 0, fit = 0, sum = 0, seen = 0;
	uint64_t last = irt_ticks();
	for (int i = 0; i < CLOCK_READS; i++) {
		uint64_t t = irt_ticks();
		distance[i] = (uint32_t)(t - last);
		last = t;
	}
	for (int i = 0; i < CLOCK_READS; i++)
		if (distance[i] < STEP_MOST)
			count[distance[i]]++;
	for (uint32_t d = 1; d < STEP_MOST; d++)
		if (count[d] > count[best] || !best)
			best = d;
	volatile uint64_t work = 1;
	for (int i = 0; i < CLOCK_READS; i++) {
		for (int k = 0; k < i % 23; k++)
			work = work * 3 + 1;
		uint64_t t = irt_ticks();
		distance[i] = (uint32_t)(t - last);
		last = t;
	}
	for (int i = 0; i < CLOCK_READS; i++) {
		uint32_t rest = distance[i] % best;
		fit += rest <= 1 || rest + 1 >= best;
	}
	*step = best >= STEP_LEAST && fit * 10 >= CLOCK_READS * 9 ? best : 1;
	/* What one clock read takes: the middle of the short distances. */
	for (uint32_t d = 0; d < STEP_MOST; d++)
		sum += count[d];
	for (uint32_t d = 0; d < STEP_MOST; d++) {
		seen += count[d];
		if (seen * 2 >= sum) {
			*cost = d;
			break;
		}
	}
}

/* Intel SDM and AMD APM: leaf 8000_0007h, EDX bit 8, "invariant TSC". Virtual machines may hide it. */
static int is_invariant(void)
{
	unsigned a, b, c, d;
	return __get_cpuid(0x80000007, &a, &b, &c, &d) && d & 1 << 8;
}

int irt_clock_is_steady(void)
{
	char source[32] = "";

	if (is_invariant())
		return 1;
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
	if (f) {
		if (!fgets(source, sizeof(source), f))
			*source = 0;
		fclose(f);
	}
	return !strncmp(source, "tsc", 3);
}

enum {
	NOT_EXACT_NS = 100000, /* what anchors may be off by */
	SAME = 1000,           /* millionths; the kernel's own clock is steered by up to 500 */
};

int64_t irt_clock_drift(struct irt_clock_anchor first, struct irt_clock_anchor before, struct irt_clock_anchor now)
{
	const double old_ticks = (double)before.ticks - (double)first.ticks, old_ns = (double)before.ns - (double)first.ns;
	const double ticks = (double)now.ticks - (double)before.ticks, ns = (double)now.ns - (double)before.ns;

	if (old_ticks <= 0 || old_ns <= 0 || ticks <= 0 || ns <= 0)
		return 0;
	const double expected = ticks * old_ns / old_ticks, off = ns - expected;
	const double unsure = NOT_EXACT_NS * (1 + ticks / old_ticks); /* the old rate's error grows with the distance */
	if ((off < 0 ? -off : off) <= unsure + expected * SAME / 1e6)
		return 0;
	/* Fewer ns per tick: the counter runs faster now. */
	const double drift = -off / ns * 1e6;
	return drift > 1e12 ? (int64_t)1e12 : drift < -1e12 ? (int64_t)-1e12 : (int64_t)drift;
}
