/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * children.c HOW - children whose life and their parent's cross in unusual ways.
 *
 *     early       a child that is forked before the drain has looked at anything
 *     namespace   the same in a pid namespace of its own; exit status 77: not allowed here
 *     outlived    the child, whose pid is printed, runs for ever; the parent 2 s
 *     late        a child that is forked when something comes, or the end, on standard input
 *     daemon      the parent leaves at once; the child goes on half a second later
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int work(int n) { return n ^ 1; }

static void many(int n)
{
	for (int i = 0; i < n; i++)
		work(i);
}

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int status = 0;
	if (!strcmp(how, "namespace") && unshare(CLONE_NEWPID) != 0)
		return 77;
	if (!strcmp(how, "outlived"))
		work(0);
	if (!strcmp(how, "late")) {
		many(300000);
		if (getchar() == 'x')
			return 1;
	}
	pid_t child = fork();
	if (!strcmp(how, "daemon")) {
		if (child)
			_exit(0);
		sleep_ms(500);
		many(200000);
		return 0;
	}
	if (!strcmp(how, "outlived")) {
		for (int turn = 0; !child || turn < 100; turn++) {
			many(10);
			sleep_ms(20);
			if (child && !turn) {
				printf("%d\n", (int)child);
				fflush(stdout);
			}
		}
	} else if (!child) {
		many(300000);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? 9 : 0;
}
