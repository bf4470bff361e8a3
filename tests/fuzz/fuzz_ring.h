/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fuzz_ring.h - a run's folder whose ring is made from input: a small valid run of a dead process with
 * one module, then operations that spoil any part of it or add to it.
 */
#ifndef TESTS_FUZZ_FUZZ_RING_H
#define TESTS_FUZZ_FUZZ_RING_H

#include "fuzz.h"
#include "ring/ring.h"

#define FUZZ_RUN_ID "6675fe0000000000000000000000beef"

struct fuzz_ring {
	char folder[100]; /* of the run */
	char out[100];    /* of its trace.db */
	struct irt_ring facts; /* as written */
};

/* Makes the ring, taking operations until one says that it is the last, or the input ends. Returns
 * whether there may be another. */
int fuzz_ring_make(struct fuzz_ring *ring, struct fuzz_input *in);
/* Drains the run as whoever recovers it does. Not 0: why not is in error. */
int fuzz_ring_drain(const char *folder, char *error, size_t bytes);
/* Removes what is left of the run; the trace too if `trace`. */
void fuzz_ring_remove(const struct fuzz_ring *ring, int trace);

#endif
