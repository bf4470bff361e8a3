/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * start.c - becomes the command.
 *
 * TODO(when runtime/control offers it): announce the run before, so that the command's first
 * instrumented descendant joins it; until then each one that has no instrumented ancestor begins a
 * run of its own.
 */
#include "run/start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/terminal.h"

int start_run(const struct run_plan *plan)
{
	if (plan->options && setenv("INSTR_OPTIONS", plan->options, 1)) {
		cli_error("INSTR_OPTIONS cannot be set: %s", strerror(errno));
		return 126;
	}
	execvp(plan->command[0], plan->command);
	int missing = errno == ENOENT;
	if (missing)
		cli_error("%s: there is no such command", plan->command[0]);
	else
		cli_error("%s: cannot be executed: %s", plan->command[0], strerror(errno));
	return missing ? 127 : 126;
}
