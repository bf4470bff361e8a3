/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock_handed.c THREADS TURNS - one mutex goes from thread to thread as fast as they can take it; now and then it is kept
 * for some microseconds. Who takes it next has often asked for it while two others took it and gave it back.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static uint64_t turns;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *loop(void *arg)
{
	uint64_t state = (uint64_t)(uintptr_t)arg | 1;
	for (uint64_t i = 0; i < turns; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		pthread_mutex_lock(&mutex);
		for (volatile int k = 0; k < (state >> 62 ? 0 : 8000); k++)
			;
		pthread_mutex_unlock(&mutex);
		for (volatile int k = 0; k < (int)(state >> 58 & 63); k++)
			;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t id[32];
	int threads = argc > 2 ? atoi(argv[1]) : 1;
	turns = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (int i = 1; i < threads; i++)
		if (pthread_create(&id[i], NULL, loop, &id[i]) != 0)
			abort();
	loop(&id[0]);
	for (int i = 1; i < threads; i++)
		pthread_join(id[i], NULL);
	return 0;
}
