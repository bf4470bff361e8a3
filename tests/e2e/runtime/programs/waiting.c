/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * waiting.c - waits in calls and for locks at several places of several call trees: below a function that calls itself, in
 * functions that are called from two places, in threads, in a child of fork, and for work.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20, DEEPEST = 6 };

static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static int ends[2], file_ends[2];
static atomic_int come;

static void take(void)
{
	pthread_mutex_lock(&queue);
	usleep(500);
	pthread_mutex_unlock(&queue);
}

static void receive(void)
{
	char byte;
	if (read(ends[0], &byte, 1) != 1)
		_exit(2);
}

/* Waits on the way down and at the bottom. */
static void dig(int deep)
{
	if (deep % 2)
		take();
	if (deep < DEEPEST)
		dig(deep + 1);
	else
		receive();
}

static void pass_time(void)
{
	usleep(2000);
}

static void *feed(void *arg)
{
	for (int i = 0; i < 2 * ROUNDS; i++) {
		pass_time();
		take();
		if (write(ends[1], "x", 1) != 1)
			_exit(2);
	}
	return arg;
}

static void *work(void *arg)
{
	come++;
	for (int i = 0; i < ROUNDS; i++)
		dig(i % DEEPEST);
	return arg;
}

int main(void)
{
	pthread_t id[3];
	if (pipe(ends) || pipe(file_ends))
		return 1;
	pid_t child = fork();
	if (!child) {
		char byte;
		take();
		_exit(read(file_ends[0], &byte, 1) != 1);
	}
	pthread_mutex_lock(&queue);
	pthread_create(&id[0], NULL, feed, NULL);
	pthread_create(&id[1], NULL, work, NULL);
	pthread_create(&id[2], NULL, work, NULL);
	while (come < 2)
		usleep(1000);
	usleep(20000); /* they are at the lock now, unless the machine is very busy */
	pthread_mutex_unlock(&queue);
	for (int i = 0; i < 3; i++)
		pthread_join(id[i], NULL);
	if (write(file_ends[1], "x", 1) != 1)
		return 1;
	int status;
	waitpid(child, &status, 0);
	return status != 0;
}
