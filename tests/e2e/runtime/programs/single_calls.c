/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * single_calls.c [die] - calls of which each can be told from the others: two threads do 100 tasks each, which allocate,
 * wait for a lock, sleep, call themselves and jump out of calls, and between these call short functions often. With
 * "die" the last task never ends: the program exits in it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 2, TASKS = 100, SHORT_CALLS = 2000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local jmp_buf out;
static _Thread_local long sum;
static int dies;

static void one(int n)
{
	sum += n;
}

static void descend(int depth)
{
	char *p = malloc((size_t)depth + 1);

	p[0] = (char)depth;
	sum += p[0];
	free(p);
	if (depth)
		descend(depth - 1);
}

static void leap(int depth)
{
	if (depth)
		leap(depth - 1);
	else
		longjmp(out, 1);
}

static void hold(int number)
{
	pthread_mutex_lock(&lock);
	if (number % 20 == 3)
		usleep(1000);
	pthread_mutex_unlock(&lock);
}

static void task(int number)
{
	char *p = malloc(1000);

	for (int i = 0; i < SHORT_CALLS; i++)
		one(i);
	p = realloc(p, 2000);
	hold(number);
	descend(number % 10);
	if (number % 7 == 0 && !setjmp(out))
		leap(3);
	free(p);
	if (dies && number == TASKS - 1)
		_exit(0);
}

static void *work(void *unused)
{
	for (int i = 0; i < TASKS; i++)
		task(i);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	dies = argc > 1 && !strcmp(argv[1], "die");
	if (dies) {
		work(NULL);
		return 1;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
