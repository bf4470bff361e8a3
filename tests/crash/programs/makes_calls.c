/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * makes_calls.c THREADS - each thread reads and writes a pipe of its own, sometimes sleeps, and from time to time reads
 * what never comes until it is interrupted; the handler writes, too. counters.h has how many calls it has begun (each
 * thread its own counter, and 16 behind it its handler) and seen return (32 behind that).
 */
#define _GNU_SOURCE
#include "counters.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int pipes_made;

static __thread struct counter *mine;
static int nowhere;

#define MAKE(call)               \
	do {                     \
		begun->calls++;  \
		call;            \
		ended->calls++;  \
	} while (0)

static void interrupt(int signal)
{
	struct counter *begun = mine + 16, *ended = begun + 32;
	(void)signal;
	MAKE(if (write(nowhere, "0", 1) != 1) abort());
}

static void *loop(void *arg)
{
	struct counter *begun = mine = arg, *ended = begun + 32;
	uint64_t state = (uint64_t)(uintptr_t)arg | 1;
	int ends[2], never[2];
	char byte = 0;
	if (pipe(ends) || pipe(never))
		abort();
	__atomic_fetch_add(&pipes_made, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		MAKE(if (write(ends[1], &byte, 1) != 1) abort());
		MAKE(if (read(ends[0], &byte, 1) != 1) abort());
		if (state >> 55 == 0)
			MAKE(usleep(2000));
		if (state >> 52 == 1)
			MAKE(if (read(never[0], &byte, 1) >= 0) abort()); /* until the next signal */
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct counter *c = open_counters();
	pthread_t id[32];
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	nowhere = open("/dev/null", O_WRONLY);
	struct sigaction a = {.sa_handler = interrupt}; /* without SA_RESTART */
	sigaction(SIGUSR1, &a, NULL);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&id[i], NULL, loop, &c[i]) != 0)
			abort();
	for (;;) {
		for (volatile int i = 0; i < 1000000; i++)
			;
		for (int i = 0; i < threads && pipes_made == threads; i++)
			pthread_kill(id[i], SIGUSR1);
	}
}
