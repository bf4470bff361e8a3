/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * conditions.c HOW WORKERS - waits for a condition of which it is known how much was waiting for its lock, and for whom. Who
 * has the lock keeps a list of who has had it since the last signal, and how long; who comes back from a wait that a signal
 * has ended has waited for those.
 *
 *     one        each worker is woken once, and the lock is held for a while behind the signal
 *     pool       workers are woken one by one again and again, while somebody else has the lock most of the time
 *     broadcast  all are woken at once, some times, and each keeps the lock for a while
 *     timed      as pool, with a time limit that mostly comes first
 *     give_up    no signal, but for the last one: all waits end with their time
 *
 * With -DC11 by threads.h, as C++ by std::condition_variable (whose time limits do not say whether a signal came first). Out, from the program's own clock:
 *
 *     pair|ADDRESS OF THE LOCK|TID|TID OF WHOM FOR|WAITS|NS
 *     worker|ADDRESS|TID
 *     all|ADDRESS|WAITS FOR THE CONDITION|NS IN THEM|WAITS FOR THE LOCK|NS OF THEM
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define UNTRACED __attribute__((annotate("instr_skip")))

enum { WORKERS_MAX = 32, THREADS_MAX = WORKERS_MAX + 2, HOLDS_MAX = 1 << 14, LIMIT_MS = 7 };

UNTRACED static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#ifdef __cplusplus
#include <chrono>
#include <condition_variable>
#include <mutex>
static std::mutex mutex;
static std::condition_variable condition;
static void take(void) { mutex.lock(); }
static void give_back(void) { mutex.unlock(); }
static void signal_one(void) { condition.notify_one(); }
static void signal_all(void) { condition.notify_all(); }
static int waits(int timed)
{
	std::unique_lock<std::mutex> held(mutex, std::adopt_lock);
	int out = 0;
	if (timed)
		out = condition.wait_for(held, std::chrono::milliseconds(LIMIT_MS)) == std::cv_status::timeout;
	else
		condition.wait(held);
	held.release();
	return out;
}
#else
UNTRACED static struct timespec limit(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += LIMIT_MS * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}
#ifdef C11
#include <threads.h>
static mtx_t mutex;
static cnd_t condition;
static void take(void) { mtx_lock(&mutex); }
static void give_back(void) { mtx_unlock(&mutex); }
static void signal_one(void) { cnd_signal(&condition); }
static void signal_all(void) { cnd_broadcast(&condition); }
static int waits(int timed)
{
	struct timespec until = limit();
	return timed ? cnd_timedwait(&condition, &mutex, &until) != thrd_success : cnd_wait(&condition, &mutex) != thrd_success;
}
#else
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static void take(void) { pthread_mutex_lock(&mutex); }
static void give_back(void) { pthread_mutex_unlock(&mutex); }
static void signal_one(void) { pthread_cond_signal(&condition); }
static void signal_all(void) { pthread_cond_broadcast(&condition); }
static int waits(int timed)
{
	struct timespec until = limit();
	return timed ? pthread_cond_timedwait(&condition, &mutex, &until) : pthread_cond_wait(&condition, &mutex);
}
#endif
#endif

/* All of this is the lock's. */
static int ready, done, stops, begun, workers, timed;
static unsigned work_us;
static uint64_t wait_count, wait_ns, lock_waits, lock_ns;
static struct { int who; uint64_t ns; } holds[HOLDS_MAX]; /* since the last signal */
static int hold_count;
static uint64_t since_ns; /* who has the lock has it, or has signalled it */
static pid_t tids[THREADS_MAX];
static struct { uint64_t waits, ns; } pairs[THREADS_MAX][THREADS_MAX];

UNTRACED static void has_it(void) { since_ns = now_ns(); }

UNTRACED static void notes(int who)
{
	if (hold_count == HOLDS_MAX)
		abort();
	holds[hold_count].who = who;
	holds[hold_count++].ns = now_ns() - since_ns;
}

UNTRACED static void comes_back(int who, int by_signal)
{
	for (int i = 0; i < hold_count && by_signal; i++) {
		pairs[who][holds[i].who].waits += !i;
		pairs[who][holds[i].who].ns += holds[i].ns;
		lock_ns += holds[i].ns;
	}
	lock_waits += by_signal && hold_count;
}

UNTRACED static void signals(int all)
{
	hold_count = 0;
	has_it();
	if (all)
		signal_all();
	else
		signal_one();
}

/* Not by a call that is recorded. */
UNTRACED static void passes(unsigned us)
{
	struct timespec t = {us / 1000000, (long)(us % 1000000) * 1000};
	if (us)
		syscall(SYS_nanosleep, &t, NULL);
}

static void *works(void *arg)
{
	int who = (int)(intptr_t)arg;
	tids[who] = (pid_t)syscall(SYS_gettid);
	take();
	has_it();
	__atomic_store_n(&begun, who, __ATOMIC_RELEASE);
	while (!stops) {
		int out = 0;
		while (!ready && !stops) {
			notes(who);
			uint64_t from = now_ns();
			out = waits(timed);
			has_it();
			wait_count++;
			wait_ns += now_ns() - from;
			comes_back(who, !out);
		}
		if (ready && !stops) {
			ready--;
			done++;
			passes(work_us);
		}
	}
	passes(work_us);
	notes(who);
	give_back();
	return NULL;
}

/* Has the lock most of the time. */
static void *hogs(void *arg)
{
	int who = (int)(intptr_t)arg;
	tids[who] = (pid_t)syscall(SYS_gettid);
	for (int ended = 0; !ended;) {
		take();
		has_it();
		ended = stops;
		passes(3000);
		notes(who);
		give_back();
		passes(1000);
	}
	return NULL;
}

/* Until so many are done. */
static void waits_for(int count)
{
	for (int is_done = 0; !is_done; passes(500)) {
		take();
		has_it();
		is_done = done >= count;
		notes(0);
		give_back();
	}
}

static void wakes(int count, int all, unsigned held_us)
{
	take();
	has_it();
	ready += count;
	signals(all);
	passes(held_us);
	notes(0);
	give_back();
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";
	pthread_t id[THREADS_MAX];
	int threads = 0, turns = 0;

	workers = argc > 2 ? atoi(argv[2]) : 0;
	if (workers < 1 || workers > WORKERS_MAX)
		return 2;
#ifdef C11
	mtx_init(&mutex, mtx_timed);
	cnd_init(&condition);
#endif
	timed = !strcmp(how, "timed") || !strcmp(how, "give_up");
	tids[0] = getpid();
	while (threads < workers) {
		pthread_create(&id[threads], NULL, works, (void *)(intptr_t)(threads + 1));
		threads++;
		while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) != threads)
			passes(200);
		waits_for(0); /* until it sleeps */
	}
	if (!strcmp(how, "one")) {
		for (; turns < workers; waits_for(++turns))
			wakes(1, 0, 20000);
	} else if (!strcmp(how, "broadcast")) {
		work_us = 1000;
		for (; turns < 4; waits_for(++turns * workers))
			wakes(workers, 1, 10000);
	} else {
		pthread_create(&id[threads], NULL, hogs, (void *)(intptr_t)(threads + 1));
		threads++;
		if (!strcmp(how, "give_up"))
			passes(100000);
		for (; turns < 12 && strcmp(how, "give_up"); waits_for(++turns))
			wakes(1, 0, 5000);
	}
	take();
	has_it();
	stops = 1;
	signals(1);
	passes(5000);
	notes(0);
	give_back();
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	for (int i = 1; i <= workers; i++)
		printf("worker|%ju|%d|||\n", (uintmax_t)(uintptr_t)&mutex, tids[i]);
	for (int i = 1; i <= workers; i++)
		for (int k = 0; k <= threads; k++)
			if (pairs[i][k].ns)
				printf("pair|%ju|%d|%d|%ju|%ju\n", (uintmax_t)(uintptr_t)&mutex, tids[i], tids[k], (uintmax_t)pairs[i][k].waits,
				       (uintmax_t)pairs[i][k].ns);
	printf("all|%ju|%ju|%ju|%ju|%ju\n", (uintmax_t)(uintptr_t)&mutex, (uintmax_t)wait_count, (uintmax_t)wait_ns, (uintmax_t)lock_waits,
	       (uintmax_t)lock_ns);
	return 0;
}
