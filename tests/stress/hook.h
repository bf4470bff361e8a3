/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * hook.h - the steady path of hooks.S in C: the same steps and stores, one event. For programs that have the
 * cold path's own code; included behind capture/cold.c.
 */
#ifndef TESTS_STRESS_HOOK_H
#define TESTS_STRESS_HOOK_H

enum { ROW = 0x5000 };

int irt_join(void) { return 0; }
int irt_restart_drain(void) { return 1; }

static void hook(enum instr_kind kind, uint64_t row)
{
	uint64_t sp = (uint64_t)__builtin_frame_address(0);
	for (;;) {
		int far = sp - irt_tls.anchor + IRT_ANCHOR_HALF >= 2 * IRT_ANCHOR_HALF;
		uint64_t ticks = irt_ticks();
		struct instr_unit *unit;
		if (!far && irt_reserve(&irt_tls, 1, ticks, &unit)) {
			irt_publish(unit, instr_tag(kind, row, sp), ticks);
			return;
		}
		if (!irt_cold(row, 0, sp))
			return;
	}
}

#endif
