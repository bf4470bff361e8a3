/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * allocates.c THREADS TURNS - each thread allocates, resizes and frees, with up to a thousand blocks alive;
 * counters.h has how many it has allocated (each thread its own counter) and freed (32 behind that), a
 * realloc being one of both.
 */
#include "counters.h"

#include <pthread.h>
#include <stdlib.h>

static uint64_t turns;

static void *loop(void *arg)
{
	struct counter *allocs = arg, *frees = allocs + 32;
	void *blocks[1000] = {0};
	uint64_t state = (uint64_t)(uintptr_t)arg | 1;
	for (uint64_t i = 0; i < turns; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		void **b = &blocks[(state >> 33) % 1000];
		if (!*b) {
			*b = malloc(state >> 40 & 511);
			allocs->calls++;
		} else if (state >> 61 == 0) {
			*b = realloc(*b, (state >> 40 & 1023) + 1);
			allocs->calls++;
			frees->calls++;
		} else {
			free(*b);
			frees->calls++;
			*b = NULL;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct counter *c = open_counters();
	pthread_t id[32];
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
