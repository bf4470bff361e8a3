/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * connections.c HOW PARTS THREADS AT_ONCE - a server with a thread for each connection, most of which are
 * short. In each of PARTS parts THREADS threads come and go, AT_ONCE at a time; each makes 4 calls of
 * answer and 2 of serve in two contexts. HOW says how they end:
 *
 *     return   by return
 *     exit     by pthread_exit, three calls deep: these never return
 *     cancel   cancelled while they sleep three calls deep
 *     mixed    by return, every tenth by pthread_exit
 *     together by return, but only when all AT_ONCE of them are there
 *     fork     mixed, in the process and in a child
 *
 * Behind each part it says "part N" and waits for a line, if its input is not at its end. The file
 * "counters" holds the answers so far (counters.h).
 */
#define _GNU_SOURCE
#include "counters.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST = 2000 };
enum ending { RETURN, EXIT, CANCEL };

static struct counter *counters;
static pthread_barrier_t all_there;
static int together;

static int answer(int n)
{
	return n ^ 1;
}

static void wait_there(void)
{
	if (together)
		pthread_barrier_wait(&all_there);
}

static void end(enum ending how)
{
	if (how == EXIT)
		pthread_exit(NULL);
	for (; how == CANCEL;)
		nanosleep(&(struct timespec){10, 0}, NULL);
}

static int serve(int last, enum ending how)
{
	answer(1);
	answer(2);
	if (last) {
		__atomic_add_fetch(&counters[0].calls, 4, __ATOMIC_RELAXED);
		end(how);
	}
	return 0;
}

static void *connection(void *arg)
{
	enum ending how = (enum ending)(uintptr_t)arg;
	wait_there();
	serve(0, how);
	serve(1, how);
	return NULL;
}

static void part(const char *how, int threads, int at_once)
{
	static pthread_t id[MOST];
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; i < threads + at_once; i++) {
		pthread_t *slot = &id[i % at_once];
		uintptr_t ending = !strcmp(how, "exit") || (!strcmp(how, "mixed") && i % 10 == 0) ? EXIT :
				   !strcmp(how, "cancel") ? CANCEL : RETURN;
		if (i >= at_once) {
			if (ending == CANCEL)
				pthread_cancel(*slot);
			pthread_join(*slot, NULL);
		}
		if (i < threads && pthread_create(slot, &small, connection, (void *)ending) != 0)
			abort();
	}
}

int main(int argc, char **argv)
{
	int parts = argc > 4 ? atoi(argv[2]) : 1, threads = argc > 4 ? atoi(argv[3]) : 1, at_once = argc > 4 ? atoi(argv[4]) : 1;
	const char *how = argv[1];
	char line[80];
	if (at_once < 1 || at_once > MOST || threads % at_once)
		return 2;
	counters = open_counters();
	together = !strcmp(how, "together");
	pthread_barrier_init(&all_there, NULL, (unsigned)at_once);
	if (!strcmp(how, "fork")) {
		how = "mixed";
		if (fork() == 0)
			parts++; /* one part more, to tell the two apart */
	}
	for (int i = 0; i < parts; i++) {
		part(how, threads, at_once);
		printf("part %d\n", i + 1);
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			continue;
	}
	wait(NULL);
	return 0;
}
