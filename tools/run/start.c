/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * start.c - begins a run and starts the command in it.
 *
 * This process joins the run itself, although it has no hooks: the command's instrumented programs
 * find the run by their nearest ancestor that is in it. So it has to stay as their parent, passes on
 * the signals that are meant for the command, and ends as the command ends.
 */
#define _GNU_SOURCE
#include "run/start.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/terminal.h"

/* runtime/control/api.c */
extern int __instr_join_with(const char *options);

enum { CANNOT_EXECUTE = 126, NO_COMMAND = 127 };

static volatile pid_t child;

static void pass_on(int signal_number)
{
	if (child > 0)
		kill(child, signal_number);
}

static int become(const struct run_plan *plan)
{
	execvp(plan->command[0], plan->command);
	int missing = errno == ENOENT;
	if (missing)
		cli_error("%s: there is no such command", plan->command[0]);
	else
		cli_error("%s: cannot be executed: %s", plan->command[0], strerror(errno));
	return missing ? NO_COMMAND : CANNOT_EXECUTE;
}

/* Ends as the command did, by its signal too, so that a shell sees what it would have seen. */
static int end_like(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		sigset_t one;
		sigemptyset(&one);
		sigaddset(&one, WTERMSIG(status));
		sigprocmask(SIG_UNBLOCK, &one, NULL);
		raise(WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

int start_run(const struct run_plan *plan)
{
	static const int passed_on[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
	int status = 0;

	if (plan->options && setenv("INSTR_OPTIONS", plan->options, 1)) {
		cli_error("INSTR_OPTIONS cannot be set: %s", strerror(errno));
		return CANNOT_EXECUTE;
	}
	if (!__instr_join_with(plan->options))
		return become(plan); /* record=off, or it has said why it cannot record: the command runs on */
	/* The terminal sends these to the whole group: the command decides what they mean. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	child = fork();
	if (child < 0) {
		cli_error("cannot start a process: %s", strerror(errno));
		return CANNOT_EXECUTE;
	}
	if (child == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		_exit(become(plan));
	}
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		signal(passed_on[i], pass_on);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return CANNOT_EXECUTE;
	return end_like(status);
}
