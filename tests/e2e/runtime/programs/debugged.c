/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * debugged.c - for debuggers: main > middle > leaf, then a thread's leaf, then one fork whose child calls leaf.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int leaf(int n)
{
	return n + 1;
}

static int middle(int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += leaf(i);
	return sum;
}

static void *in_thread(void *arg)
{
	leaf(1);
	return arg;
}

int main(void)
{
	pthread_t id;
	int sum = middle(10), status = 0;
	pthread_create(&id, NULL, in_thread, NULL);
	pthread_join(id, NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(leaf(4));
	waitpid(pid, &status, 0);
	printf("sum %d, child %d\n", sum, WEXITSTATUS(status));
	return 6;
}
