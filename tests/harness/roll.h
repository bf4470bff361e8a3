/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * roll.h - numbers by chance, the same ones in each run of a test: xorshift64 (Marsaglia 2003), from a seed that is not 0.
 */
#ifndef TESTS_HARNESS_ROLL_H
#define TESTS_HARNESS_ROLL_H

#include <stdint.h>

static uint64_t seed = 1;

/* From 0 to below - 1. */
static uint64_t roll(uint64_t below)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return (seed >> 11) % below;
}

#endif
