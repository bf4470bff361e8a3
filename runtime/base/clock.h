/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * clock.h - the timestamp counter beside the kernel's clocks, at one moment.
 *
 * All three cannot be read at once, and whoever reads them may be stopped in between for milliseconds. So the counter is read
 * around them, a few times, and the narrowest time counts.
 */
#ifndef IRT_BASE_CLOCK_H
#define IRT_BASE_CLOCK_H

#include "base/os.h"

struct irt_moment {
	uint64_t ticks;
	uint64_t monotonic_ns, realtime_ns; /* 0: the kernel does not tell */
};

/* Two system calls each time, some microseconds in all. No libc, signal-safe, thread-safe. */
static inline struct irt_moment irt_read_moment(void)
{
	struct irt_moment best = {0, 0, 0};
	uint64_t least = UINT64_MAX;

	for (int turn = 0; turn < 5; turn++) {
		uint64_t start = irt_ticks();
		uint64_t monotonic_ns = irt_sys_clock_ns(1), realtime_ns = irt_sys_clock_ns(0);
		uint64_t took = irt_ticks() - start;
		if (took < least) {
			least = took;
			best = (struct irt_moment){start + took / 2, monotonic_ns, realtime_ns};
		}
	}
	return best;
}

#endif
