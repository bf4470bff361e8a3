/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks.c HOW [THREADS] - what is done to locks, and said to have been done:
 *
 *     known    one holds a lock, the others wait for it, each then holds it; out: waits, acquisitions, ns waited, ns held
 *     counts   threads take four kinds of locks, wait, try and fail; out: kind, acquisitions, refusals
 *     codes    what each call returns, for each kind of lock, and errno
 *     hangs    two threads wait for each other, and are never heard of again
 *     waits    a thread waits for a condition and has the lock before and behind that alone
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static struct {
	int used;
	pthread_mutex_t big;
} table = {0, PTHREAD_MUTEX_INITIALIZER};
static int threads;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void run(void *(*f)(void *), void *args, size_t bytes)
{
	pthread_t id[64];
	for (int i = 0; i < threads; i++)
		if (pthread_create(&id[i], NULL, f, (char *)args + (size_t)i * bytes))
			abort();
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
}

/* ---- known ------------------------------------------------------------------------------------------ */

struct times { uint64_t waited, held; };

static void *waiter(void *arg)
{
	struct times *t = arg;
	uint64_t begin = now_ns();
	pthread_mutex_lock(&table.big);
	uint64_t taken = now_ns();
	usleep(10000);
	table.used++;
	t->held = now_ns() - taken;
	pthread_mutex_unlock(&table.big);
	t->waited = taken - begin;
	return NULL;
}

static void *first_holder(void *arg)
{
	(void)arg;
	struct times t[64] = {{0, 0}}, all = {0, 0};
	pthread_mutex_lock(&table.big);
	uint64_t taken = now_ns();
	pthread_t id[64];
	for (int i = 0; i < threads; i++)
		if (pthread_create(&id[i], NULL, waiter, &t[i]))
			abort();
	usleep(200000);
	uint64_t held = now_ns() - taken;
	pthread_mutex_unlock(&table.big);
	for (int i = 0; i < threads; i++) {
		pthread_join(id[i], NULL);
		all.waited += t[i].waited;
		all.held += t[i].held;
	}
	printf("%d %d %llu %llu %llu\n", threads, threads + 1, (unsigned long long)all.waited, (unsigned long long)all.held,
	       (unsigned long long)held);
	return NULL;
}

/* ---- counts ----------------------------------------------------------------------------------------- */

static pthread_mutex_t mutex, again;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static mtx_t c11;
struct counts { unsigned long taken[5], refused[5]; };

static void *takes(void *arg)
{
	struct counts *c = arg;
	uint64_t state = (uint64_t)(uintptr_t)arg;
	for (int i = 0; i < 5000; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		switch (state >> 60) {
		case 0: case 1: case 2:
			c->taken[0] += !pthread_mutex_lock(&mutex);
			pthread_mutex_unlock(&mutex);
			break;
		case 3:
			if (pthread_mutex_trylock(&mutex)) {
				c->refused[0]++;
			} else {
				c->taken[0]++;
				pthread_mutex_unlock(&mutex);
			}
			break;
		case 4: case 5:
			pthread_mutex_lock(&again);
			pthread_mutex_lock(&again);
			c->taken[0] += 2;
			pthread_mutex_unlock(&again);
			pthread_mutex_unlock(&again);
			break;
		case 6: case 7:
			c->taken[1] += !pthread_rwlock_wrlock(&rw);
			pthread_rwlock_unlock(&rw);
			break;
		case 8: case 9: case 10:
			c->taken[2] += !pthread_rwlock_rdlock(&rw);
			pthread_rwlock_unlock(&rw);
			break;
		case 11:
			if (pthread_rwlock_tryrdlock(&rw)) {
				c->refused[2]++;
			} else {
				c->taken[2]++;
				pthread_rwlock_unlock(&rw);
			}
			break;
		case 12: case 13:
			c->taken[3] += !pthread_spin_lock(&spin);
			pthread_spin_unlock(&spin);
			break;
		default:
			c->taken[4] += mtx_lock(&c11) == thrd_success;
			mtx_unlock(&c11);
		}
	}
	return NULL;
}

static void counts(void)
{
	struct counts c[64] = {{{0}, {0}}};
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&again, &a);
	pthread_mutex_init(&mutex, NULL);
	pthread_spin_init(&spin, 0);
	mtx_init(&c11, mtx_plain);
	run(takes, c, sizeof(*c));
	for (int k = 0; k < 5; k++) {
		for (int i = 1; i < threads; i++) {
			c[0].taken[k] += c[i].taken[k];
			c[0].refused[k] += c[i].refused[k];
		}
		printf("%d|%lu|%lu\n", k + 1, c[0].taken[k], c[0].refused[k]);
	}
	mtx_destroy(&c11);
	pthread_spin_destroy(&spin);
	pthread_mutex_destroy(&mutex);
}

/* ---- codes ------------------------------------------------------------------------------------------ */

static pthread_mutex_t *of;
static void *dies_with_it(void *arg)
{
	(void)arg;
	printf("in a thread: %d\n", pthread_mutex_lock(of));
	return NULL;
}
static void *tries(void *arg)
{
	(void)arg;
	struct timespec soon, never = {0, -1};
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	printf("another: try %d", pthread_mutex_trylock(of));
	printf(" timed %d", pthread_mutex_timedlock(of, &soon));
	printf(" bad time %d", pthread_mutex_timedlock(of, &never));
	printf(" clock %d", pthread_mutex_clocklock(of, CLOCK_REALTIME, &soon));
	printf(" unlock %d\n", pthread_mutex_unlock(of));
	return NULL;
}
static void once(void *(*f)(void *))
{
	threads = 1;
	run(f, NULL, 0);
}

static void codes_of(const char *name, int type, int robust, int protocol)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	struct timespec soon = {1, 0};
	of = &m;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_setprotocol(&a, protocol);
	errno = 77;
	printf("%s: init %d", name, pthread_mutex_init(&m, &a));
	printf(" lock %d", pthread_mutex_lock(&m));
	printf(" try %d", pthread_mutex_trylock(&m));
	if (type == PTHREAD_MUTEX_ERRORCHECK || type == PTHREAD_MUTEX_RECURSIVE) {
		printf(" lock %d", pthread_mutex_lock(&m));
		printf(" timed %d", pthread_mutex_timedlock(&m, &soon));
	}
	printf(" destroy %d\n", pthread_mutex_destroy(&m));
	if (type == PTHREAD_MUTEX_ERRORCHECK || robust)
		once(tries);
	for (int i = 0; i < 4; i++)
		printf("unlock %d ", type == PTHREAD_MUTEX_NORMAL && !robust && i ? 0 : pthread_mutex_unlock(&m));
	printf("errno %d\n", errno);
	if (robust) {
		once(dies_with_it);
		printf("dead: lock %d", pthread_mutex_lock(&m));
		printf(" consistent %d", pthread_mutex_consistent(&m));
		printf(" unlock %d lock %d unlock %d\n", pthread_mutex_unlock(&m), pthread_mutex_lock(&m), pthread_mutex_unlock(&m));
		once(dies_with_it);
		printf("dead: try %d unlock %d", pthread_mutex_trylock(&m), pthread_mutex_unlock(&m));
		printf(" lock %d try %d\n", pthread_mutex_lock(&m), pthread_mutex_trylock(&m));
	}
	printf("destroy %d\n", pthread_mutex_destroy(&m));
}

static void codes(void)
{
	static const char *const names[] = {"normal", "recursive", "errorcheck", "adaptive"};
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	for (int t = 0; t < 3; t++)
		for (int robust = 0; robust < 2; robust++)
			for (int inherits = 0; inherits < 2; inherits++)
				codes_of(names[t], types[t], robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED,
					 inherits ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
	struct timespec bad = {0, -1}, past = {1, 0};
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	printf("no clock: %d", pthread_mutex_clocklock(&m, 99, &past));
	printf(" bad time, free: %d\n", pthread_mutex_timedlock(&m, &bad));
	printf("write %d", pthread_rwlock_wrlock(&rw));
	printf(" write again %d", pthread_rwlock_wrlock(&rw));
	printf(" try %d try read %d", pthread_rwlock_trywrlock(&rw), pthread_rwlock_tryrdlock(&rw));
	printf(" read %d timed %d", pthread_rwlock_rdlock(&rw), pthread_rwlock_timedrdlock(&rw, &past));
	printf(" unlock %d read %d", pthread_rwlock_unlock(&rw), pthread_rwlock_rdlock(&rw));
	printf(" read %d bad time %d", pthread_rwlock_rdlock(&rw), pthread_rwlock_timedwrlock(&rw, &bad));
	printf(" timed write %d\n", pthread_rwlock_timedwrlock(&rw, &past));
	pthread_spin_init(&spin, 0);
	printf("spin %d try %d unlock %d\n", pthread_spin_lock(&spin), pthread_spin_trylock(&spin), pthread_spin_unlock(&spin));
	mtx_init(&c11, mtx_timed);
	printf("mtx %d try %d timed %d unlock %d\n", mtx_lock(&c11), mtx_trylock(&c11), mtx_timedlock(&c11, &past), mtx_unlock(&c11));
}

/* ---- hangs, waits ----------------------------------------------------------------------------------- */

static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;
static void *left_right(void *arg)
{
	pthread_mutex_lock(&left);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&right);
	return arg;
}
static void *right_left(void *arg)
{
	pthread_mutex_lock(&right);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&left);
	return arg;
}

static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
static int is_ready;
static void *waits(void *arg)
{
	pthread_mutex_lock(&table.big);
	while (!is_ready)
		pthread_cond_wait(&ready, &table.big);
	pthread_mutex_unlock(&table.big);
	return arg;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "known";
	threads = argc > 2 ? atoi(argv[2]) : 4;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(how, "known")) {
		first_holder(NULL);
	} else if (!strcmp(how, "counts")) {
		counts();
	} else if (!strcmp(how, "codes")) {
		codes();
	} else {
		pthread_t id[2];
		pthread_barrier_init(&both, NULL, 2);
		pthread_create(&id[0], NULL, !strcmp(how, "hangs") ? left_right : waits, NULL);
		if (!strcmp(how, "hangs"))
			pthread_create(&id[1], NULL, right_left, NULL);
		usleep(300000);
		if (!strcmp(how, "hangs"))
			pthread_join(id[1], NULL);
		pthread_mutex_lock(&table.big);
		is_ready = 1;
		pthread_cond_signal(&ready);
		pthread_mutex_unlock(&table.big);
		pthread_join(id[0], NULL);
	}
	return 0;
}
