/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * first.c HOW TURNS - a signal at some instruction of the hook by which a forked child joins the run.
 *
 * The parent traces the child with ptrace: it lets it run so many single steps of its first traced call,
 * then delivers SIGUSR1, whose handler makes traced calls, and lets it go. The hook blocks signals while it
 * joins, so that the handler comes when it is delivered, or right behind. HOW: "even" spreads the steps
 * over the whole call, "start" takes the first ones one by one, "end" the last ones. Prints "FUNCTION
 * CALLS", as step.c does.
 */
#define _GNU_SOURCE
#include "interrupted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Stops before and behind its first traced call. */
UNTRACED static void child(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	f(1);
	raise(SIGSTOP);
	f(1);
	_exit(handled ? 7 : 8);
}

/* Steps at most so often, to the second stop at the latest. Returns the number of steps. */
UNTRACED static long step(pid_t pid, long most)
{
	int status;
	long n = 0;
	while (n < most) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			exit(2);
		if (WSTOPSIG(status) == SIGSTOP)
			break;
		n++;
	}
	return n;
}

/* One child, with a signal after so many steps (-1: none). Returns the steps that its call took. */
UNTRACED static long run(long at)
{
	int status;
	long steps;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		child();
	waitpid(pid, &status, 0);
	steps = step(pid, at < 0 ? 100000000 : at);
	/* A signal that was blocked when it was delivered is told again when it no longer is. */
	long signal_number = SIGUSR1;
	while (ptrace(PTRACE_CONT, pid, NULL, signal_number) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		signal_number = WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) {
		fprintf(stderr, "a child with a signal at step %ld ends with status %x\n", at, status);
		exit(1);
	}
	return steps;
}

UNTRACED int main(int argc, char **argv)
{
	long turns = argc > 2 ? atol(argv[2]) : 20, children = 1;
	handle_signal();
	f(1);
	long all = run(-1);
	fprintf(stderr, "%ld instructions\n", all);
	for (long i = 0; i < turns; i++, children++)
		run(!strcmp(argv[1], "start") ? i : !strcmp(argv[1], "end") ? all - 3 * i : all * i / turns);
	printf("f %ld\nh %ld\ng %ld\n", 2 * children + 1, children, children);
	return 0;
}
