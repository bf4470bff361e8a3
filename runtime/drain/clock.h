/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * clock.h - what kind of a clock the timestamp counter is here, and whether it keeps its rate.
 */
#ifndef IRT_DRAIN_CLOCK_H
#define IRT_DRAIN_CLOCK_H

#include <stdint.h>

/* *step: in steps of so many ticks the counter advances (26 on some virtual machines; 1 on most). *cost: what reading it
 * takes, ticks. Takes some 100 µs. */
void irt_clock_measure(uint32_t *step, uint32_t *cost);

/* Does the processor say (CPUID), or the kernel find (its clock source), that the counter keeps its rate whatever the
 * processor does? */
int irt_clock_is_steady(void);

struct irt_clock_anchor { int64_t ticks, ns; };

/* How far the clock's rate from before to now is from that between the first two, in millionths: 0 if it may be the
 * same, as far as anchors tell that are read within 100 µs. */
int64_t irt_clock_drift(struct irt_clock_anchor first, struct irt_clock_anchor before, struct irt_clock_anchor now);

#endif
