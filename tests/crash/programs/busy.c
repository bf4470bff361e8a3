/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * busy.c THREADS TURNS - each thread calls middle TURNS times, which calls work twice; counters.h has
 * how often each thread has done so.
 */
#include "counters.h"

#include <pthread.h>

static uint64_t turns;

static int work(int n) { return n ^ 1; }

static int middle(int n) { return work(n) + work(n + 1); }

static void *loop(void *arg)
{
	struct counter *c = arg;
	for (uint64_t i = 0; i < turns; i++) {
		middle((int)i);
		c->calls++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct counter *c = open_counters();
	pthread_t id[64];
	int threads = argc > 2 ? atoi(argv[1]) : 1;
	turns = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (int i = 1; i < threads; i++)
		if (pthread_create(&id[i], NULL, loop, &c[i]) != 0)
			abort();
	loop(&c[0]);
	for (int i = 1; i < threads; i++)
		pthread_join(id[i], NULL);
	return 3;
}
