/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * busy.c SECONDS THREADS - threads that make calls, and count them (counters.h), for so long.
 */
#include "counters.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

static double seconds;

static int work(int n)
{
	return n ^ 1;
}

UNTRACED static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *loop(void *arg)
{
	struct counter *c = arg;
	double end = now() + seconds;
	while (now() < end) {
		for (int i = 0; i < 100; i++) {
			work(0);
			c->calls++;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t id[64];
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	struct counter *c = open_counters();
	seconds = argc > 1 ? atof(argv[1]) : 1;
	for (int i = 0; i < threads; i++)
		pthread_create(&id[i], NULL, loop, &c[i]);
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	puts("done");
	return 0;
}
