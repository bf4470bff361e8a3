/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * runs.h - runs programs/faults.c again and again, and says what became of it and of its trace.
 */
#ifndef TESTS_FAULT_RUNS_H
#define TESTS_FAULT_RUNS_H

#include <stdint.h>
#include <sys/types.h>

enum {
	RUN_EVENTS = 64, RUN_CHILD_EVENTS = 20, RUN_STATUS = 3,
	RUN_SECONDS = 30, /* then it counts as hanging */
};

struct run {
	int status;          /* as waitpid gives it */
	int timed_out;
	char out[256], err[2048];
	int has_file;        /* there is a trace.db */
	int was_left;        /* its drain had ended before its time: the trace was completed here */
	char recovery[512];  /* what went wrong when it was */
	char integrity[128], state[16];
	int64_t recorded, lost, unjoined, events, chunk_events, lost_chunk_events;
	int64_t unnamed;     /* calls of functions without a name */
};

extern const char *run_preload; /* a library to load before all others; NULL: none */

/* Removes what the run before has left of its trace. */
void run_clear(void);

/* Starts the program, output to files; traced: it stops before exec, for ptrace. */
pid_t run_start(char *const *argv, int traced);

/* After its end: fills the rest, once its drain is gone. Whoever has the lease for 20 s hangs. */
void run_judge(struct run *r);

/* What must be true whatever has failed. Returns NULL, or what is not. */
const char *run_fault(const struct run *r);

/* Prints a run. */
void run_show(const struct run *r);

#endif
