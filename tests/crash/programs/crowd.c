/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * crowd.c HOW TURNS LIBRARY - all kinds of comings and goings, in which each call of work is counted by
 * whoever makes it (counters.h). Exit status 3.
 *
 *     threads   3 threads make TURNS calls each
 *     forks     TURNS children, 4 at a time, that return, call _exit, or exec this program
 *     loads     2 threads load LIBRARY, call into it, and unload it, TURNS times
 *     churn     TURNS times 4 threads that live for 50 calls
 *     all       some of each at once, beside 3 threads with TURNS calls
 *     daemon    the parent leaves at once; its child makes TURNS calls a fifth of a second later
 *     plain     TURNS calls in the slot that LIBRARY names (what an exec leads to)
 *
 * At any moment at most 13 calls have begun and are not counted yet.
 */
#define _GNU_SOURCE
#include "counters.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { THREADS = 3, CHILDREN = 4, LOADERS = 2, BRIEF = 4, SLOT_CHILD = 8, SLOT_LOADER = 16, SLOT_BRIEF = 24 };

static struct counter *counters;
static const char *self, *library;
static uint64_t turns;

static int work(int n) { return n ^ 1; }

static void many(struct counter *c, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		work((int)i);
		c->calls++;
	}
}

static void *busy(void *slot)
{
	many(slot, turns);
	return NULL;
}

static void *brief(void *slot)
{
	many(slot, 50);
	return NULL;
}

static void child(uint64_t i, int slot)
{
	char number[16];
	many(&counters[slot], 500);
	if (i % 3 == 0)
		_exit(0);
	if (i % 4 == 1) {
		snprintf(number, sizeof(number), "%d", slot);
		execl(self, self, "plain", "500", number, (char *)NULL);
	}
	exit(0);
}

static void forks(uint64_t n)
{
	pid_t pid[CHILDREN] = {0};
	for (uint64_t i = 0; i < n + CHILDREN; i++) {
		int k = (int)(i % CHILDREN), status;
		if (pid[k])
			waitpid(pid[k], &status, 0);
		pid[k] = i < n ? fork() : 0;
		if (i < n && pid[k] == 0)
			child(i, SLOT_CHILD + k);
	}
}

static uint64_t loads_left;

static void *load(void *slot)
{
	for (uint64_t i = 0; i < loads_left; i++) {
		void (*call)(struct counter *);
		void *handle = dlopen(library, RTLD_NOW);
		if (!handle)
			abort();
		*(void **)&call = dlsym(handle, "library_calls");
		call(slot);
		dlclose(handle);
	}
	return NULL;
}

static void loads(uint64_t n)
{
	pthread_t id[LOADERS];
	loads_left = n;
	for (int i = 0; i < LOADERS; i++)
		if (pthread_create(&id[i], NULL, load, &counters[SLOT_LOADER + i]) != 0)
			abort();
	for (int i = 0; i < LOADERS; i++)
		pthread_join(id[i], NULL);
}

static void churn(uint64_t n)
{
	pthread_t id[BRIEF];
	for (uint64_t turn = 0; turn < n; turn++) {
		for (int i = 0; i < BRIEF; i++)
			if (pthread_create(&id[i], NULL, brief, &counters[SLOT_BRIEF + i]) != 0)
				abort();
		for (int i = 0; i < BRIEF; i++)
			pthread_join(id[i], NULL);
	}
}

static void threads(int with_others)
{
	pthread_t id[THREADS];
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&id[i], NULL, busy, &counters[i]) != 0)
			abort();
	if (with_others) {
		forks(12);
		loads(6);
		churn(12);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
}

/* Without hooks: else it would join the run before it sleeps. */
UNTRACED __attribute__((noinline)) static void sleep_a_fifth(void)
{
	struct timespec fifth = {0, 200000000};
	nanosleep(&fifth, NULL);
}

static void become_daemon(void)
{
	if (fork())
		_exit(3);
	sleep_a_fifth();
	many(&counters[SLOT_CHILD], turns);
	exit(0);
}

/* After exec: the counters go on. */
UNTRACED static struct counter *keep_counters(void)
{
	int fd = open("counters", O_RDWR);
	struct counter *c = mmap(NULL, 64 * sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (c == MAP_FAILED)
		abort();
	return c;
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";
	int is_plain = !strcmp(how, "plain");
	self = argv[0];
	turns = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	library = argc > 3 ? argv[3] : "";
	counters = is_plain ? keep_counters() : open_counters();
	if (is_plain)
		many(&counters[atoi(library)], turns);
	if (!strcmp(how, "threads") || !strcmp(how, "all"))
		threads(*how == 'a');
	if (!strcmp(how, "forks"))
		forks(turns);
	if (!strcmp(how, "loads"))
		loads(turns);
	if (!strcmp(how, "churn"))
		churn(turns);
	if (!strcmp(how, "daemon"))
		become_daemon();
	return 3;
}
