/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * start.h - how instr-run starts a command.
 */
#ifndef TOOLS_RUN_START_H
#define TOOLS_RUN_START_H

struct run_plan {
	char **command;      /* the command and its arguments, ending with NULL */
	const char *options; /* INSTR_OPTIONS for it; NULL: leave the environment as it is */
};

/* Starts a run for the command: all instrumented descendants of it record into one trace, though it
 * may not be instrumented itself. Does not return where it succeeds; otherwise returns the exit
 * status: 127 if there is no such command, 126 if it cannot be executed. */
int start_run(const struct run_plan *);

#endif
