/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * faults.c - 10 calls of work in main, in a thread and in a child of fork, which ends by _exit: 64 events
 * (main and the thread's function are calls, too; main returns in one process alone).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 10 };

static int work(int n) { return n + 1; }

static void *run(void *arg)
{
	for (int i = 0; i < CALLS; i++)
		work(i);
	return arg;
}

int main(void)
{
	pthread_t id;
	int status = 0;
	for (int i = 0; i < CALLS; i++)
		work(i);
	if (pthread_create(&id, NULL, run, NULL))
		return 1;
	pthread_join(id, NULL);
	pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < CALLS; i++)
			work(i);
		_exit(5);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 5)
		return 1;
	puts("done");
	return 3;
}
