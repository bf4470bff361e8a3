/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * takes_locks.c THREADS TURNS - each thread takes one of four mutexes and of two read-write locks, and gives it back;
 * counters.h has how many it has taken (each thread its own counter) and given back (32 behind that). It allocates only
 * while it has one.
 */
#include "counters.h"

#include <pthread.h>
#include <stdlib.h>

static uint64_t turns;
static pthread_mutex_t mutexes[4] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
				     PTHREAD_MUTEX_INITIALIZER};
static pthread_rwlock_t rws[2] = {PTHREAD_RWLOCK_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER};

static void *volatile block;

static void *loop(void *arg)
{
	struct counter *taken = arg, *given = taken + 32;
	uint64_t state = (uint64_t)(uintptr_t)arg | 1;
	for (uint64_t i = 0; i < turns; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		unsigned which = state >> 60;
		if (which < 12)
			pthread_mutex_lock(&mutexes[which % 4]);
		else if (which < 14)
			pthread_rwlock_wrlock(&rws[which % 2]);
		else
			pthread_rwlock_rdlock(&rws[which % 2]);
		taken->calls++;
		if (state >> 40 & 1) /* some are held for a while */
			for (volatile int k = 0; k < 200; k++)
				;
		if (state >> 41 & 1) {
			void *mine = malloc(1 + (state >> 42 & 63));
			block = mine; /* not optimised away */
			free(mine);
		}
		given->calls++; /* before: of what is recorded and was not counted there is one at most */
		if (which < 12)
			pthread_mutex_unlock(&mutexes[which % 4]);
		else
			pthread_rwlock_unlock(&rws[which % 2]);
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
