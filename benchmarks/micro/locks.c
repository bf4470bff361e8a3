/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks.c - programs that do little but take locks, or make calls that may block: what recording adds to each.
 *
 *     locks pair TURNS STEPS                        one thread: lock, unlock, and STEPS of work
 *     locks mutex THREADS TURNS HELD STEPS          on one mutex: HELD steps of work with it, STEPS without
 *     locks read THREADS TURNS HELD STEPS           the same, reading a read-write lock
 *     locks pingpong TURNS                          two threads hand a turn to each other by condition variables
 *     locks pipe TURNS                              write a byte to a pipe and read it
 *     locks pread TURNS FILE                        read the first 4 KiB of FILE, in the page cache
 *
 * TURNS are those of all threads together. A step is a multiplication that waits for the one before, about a
 * nanosecond: what they take here is printed as "held_ns" and "outside_ns".
 *
 * Prints "turns", "time_ns" (from the first turn of any thread to the last), "cpu_ns" of the process, and what a
 * trace must say, too: "true_acquisitions", "true_calls".
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

enum { THREADS_MAX = 64, BLOCK_BYTES = 4096, CALIBRATION = 20000 };

struct team {
	void (*turns)(const struct team *team, unsigned long turns);
	unsigned threads;
	unsigned long turns_of_each, held, outside;
	pthread_barrier_t begin;
};

struct member {
	struct team *team;
	pthread_t thread;
	uint64_t start_ns, end_ns;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t changed[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static unsigned long whose, waits;

static void must(int is_right, const char *what)
{
	if (is_right)
		return;
	perror(what);
	exit(1);
}

static inline uint64_t work(unsigned long steps, uint64_t seed)
{
	for (unsigned long i = 0; i < steps; i++) {
		seed = seed * 0x9e3779b97f4a7c15u + i;
		use(seed); /* one after the other */
	}
	return seed;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The median of some: whoever else runs here shows in few. */
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double work_ns(unsigned long steps)
{
	uint64_t took[31];
	unsigned long times = CALIBRATION / (steps + 1) + 1;

	for (int i = 0; i < 31; i++) {
		uint64_t start = now_ns();
		for (unsigned long k = 0; k < times; k++)
			use(work(steps, k));
		took[i] = now_ns() - start;
	}
	qsort(took, 31, sizeof(*took), compare);
	return (double)took[15] / (double)times;
}

/* ---- turns ------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void lock_turns(const struct team *team, unsigned long turns)
{
	for (unsigned long i = 0; i < turns; i++) {
		pthread_mutex_lock(&mutex);
		use(work(team->held, i));
		pthread_mutex_unlock(&mutex);
		use(work(team->outside, i));
	}
}

static __attribute__((noinline)) void read_turns(const struct team *team, unsigned long turns)
{
	for (unsigned long i = 0; i < turns; i++) {
		pthread_rwlock_rdlock(&rwlock);
		use(work(team->held, i));
		pthread_rwlock_unlock(&rwlock);
		use(work(team->outside, i));
	}
}

static __attribute__((noinline)) void pingpong_turns(const struct team *team, unsigned long turns)
{
	static unsigned long comers;

	(void)team;
	pthread_mutex_lock(&mutex);
	unsigned long me = comers++;
	for (unsigned long i = 0; i < turns; i++) {
		while (whose != me) {
			pthread_cond_wait(&changed[me], &mutex);
			waits++;
		}
		whose = !me;
		pthread_cond_signal(&changed[!me]);
	}
	pthread_mutex_unlock(&mutex);
}

/* ---- threads ----------------------------------------------------------------------------------------- */

static void *member(void *argument)
{
	struct member *me = argument;

	pthread_barrier_wait(&me->team->begin);
	me->start_ns = now_ns();
	me->team->turns(me->team, me->team->turns_of_each);
	me->end_ns = now_ns();
	return NULL;
}

static void say(unsigned long turns, uint64_t time_ns, uint64_t cpu_time_ns, unsigned long acquisitions, unsigned long calls)
{
	printf("turns %lu\ntime_ns %ju\ncpu_ns %ju\ntrue_acquisitions %lu\ntrue_calls %lu\n", turns, time_ns, cpu_time_ns,
	       acquisitions, calls);
}

static void run_team(struct team *team, unsigned long turns)
{
	struct member members[THREADS_MAX];
	uint64_t start_ns = UINT64_MAX, end_ns = 0, start_cpu_ns = cpu_ns();

	must(team->threads > 0 && team->threads <= THREADS_MAX, "threads");
	team->turns_of_each = turns / team->threads;
	pthread_barrier_init(&team->begin, NULL, team->threads);
	for (unsigned i = 0; i < team->threads; i++) {
		members[i].team = team;
		must(!pthread_create(&members[i].thread, NULL, member, &members[i]), "pthread_create");
	}
	for (unsigned i = 0; i < team->threads; i++) {
		pthread_join(members[i].thread, NULL);
		start_ns = members[i].start_ns < start_ns ? members[i].start_ns : start_ns;
		end_ns = members[i].end_ns > end_ns ? members[i].end_ns : end_ns;
	}
	uint64_t spent_ns = cpu_ns() - start_cpu_ns;
	unsigned long all = team->turns_of_each * team->threads;
	int hands_over = team->turns == pingpong_turns;
	/* The barrier, the waits for a condition, and the join. */
	say(all, end_ns - start_ns, spent_ns, hands_over ? team->threads + waits : all, 2 * team->threads + waits);
	printf("held_ns %.1f\noutside_ns %.1f\n", work_ns(team->held), work_ns(team->outside));
}

/* No thread beside, as in most programs whose locks are never contended. */
static void run_alone(struct team *team, unsigned long turns)
{
	uint64_t start_ns = now_ns(), start_cpu_ns = cpu_ns();

	lock_turns(team, turns);
	uint64_t spent_ns = cpu_ns() - start_cpu_ns;
	say(turns, now_ns() - start_ns, spent_ns, turns, 0);
	printf("outside_ns %.1f\n", work_ns(team->outside));
}

/* ---- calls that may block ------------------------------------------------------------------------------ */

static __attribute__((noinline)) void run_pipe(unsigned long turns)
{
	int ends[2];
	char byte = 1;

	must(!pipe(ends), "pipe");
	uint64_t start_ns = now_ns(), start_cpu_ns = cpu_ns();
	for (unsigned long i = 0; i < turns; i++)
		must(write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1, "a byte through a pipe");
	uint64_t spent_ns = cpu_ns() - start_cpu_ns;
	say(turns, now_ns() - start_ns, spent_ns, 0, 2 * turns);
}

static __attribute__((noinline)) void run_pread(unsigned long turns, const char *path)
{
	static char bytes[BLOCK_BYTES];
	int file = open(path, O_RDONLY);

	must(file >= 0 && pread(file, bytes, BLOCK_BYTES, 0) == BLOCK_BYTES, path);
	uint64_t start_ns = now_ns(), start_cpu_ns = cpu_ns();
	for (unsigned long i = 0; i < turns; i++)
		must(pread(file, bytes, BLOCK_BYTES, 0) == BLOCK_BYTES, path);
	uint64_t spent_ns = cpu_ns() - start_cpu_ns;
	say(turns, now_ns() - start_ns, spent_ns, 0, turns + 2);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long n[4] = {0};

	for (int i = 2; i < argc && i < 6; i++)
		n[i - 2] = strtoul(argv[i], NULL, 10);
	if (!strcmp(mode, "pair") && argc == 4 && n[0]) {
		run_alone(&(struct team){.outside = n[1]}, n[0]);
	} else if ((!strcmp(mode, "mutex") || !strcmp(mode, "read")) && argc == 6 && n[0]) {
		struct team team = {*mode == 'm' ? lock_turns : read_turns, .threads = (unsigned)n[0], .held = n[2], .outside = n[3]};
		run_team(&team, n[1]);
	} else if (!strcmp(mode, "pingpong") && argc == 3 && n[0]) {
		run_team(&(struct team){pingpong_turns, .threads = 2}, n[0]);
	} else if (!strcmp(mode, "pipe") && argc == 3 && n[0]) {
		run_pipe(n[0]);
	} else if (!strcmp(mode, "pread") && argc == 4 && n[0]) {
		run_pread(n[0], argv[3]);
	} else {
		fprintf(stderr, "usage: locks pair TURNS STEPS | mutex|read THREADS TURNS HELD STEPS | pingpong TURNS | pipe TURNS | pread TURNS FILE\n");
		return 2;
	}
	return 0;
}
