/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock_torture.c [race] - threads that do all there is to do with mutexes, read-write locks, spin locks, and condition
 * variables, and share data under them; `race`: and one variable without. out: the sums, which are known.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 6, TURNS = 2000, QUEUE = 8 };

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, again, checked, queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static struct { long plain, again, checked, tried, timed, rw, spin, put, taken, unlocked; } sums;
static struct { long of[QUEUE]; int first, count; } queue;
static int races;

static void soon(struct timespec *t, long ns)
{
	clock_gettime(CLOCK_REALTIME, t);
	t->tv_nsec += ns;
	t->tv_sec += t->tv_nsec / 1000000000;
	t->tv_nsec %= 1000000000;
}

static void put(long value)
{
	pthread_mutex_lock(&queue_lock);
	while (queue.count == QUEUE)
		pthread_cond_wait(&not_full, &queue_lock);
	queue.of[(queue.first + queue.count++) % QUEUE] = value;
	sums.put += value;
	pthread_mutex_unlock(&queue_lock);
	pthread_cond_signal(&not_empty);
}

static void take(void)
{
	struct timespec end;

	pthread_mutex_lock(&queue_lock);
	while (!queue.count) {
		soon(&end, 100000); /* some of them in vain */
		pthread_cond_timedwait(&not_empty, &queue_lock, &end);
	}
	sums.taken += queue.of[queue.first];
	queue.first = (queue.first + 1) % QUEUE;
	queue.count--;
	pthread_mutex_unlock(&queue_lock);
	pthread_cond_broadcast(&not_full);
}

/* Data that it protects goes from hand to hand with it. */
struct own { pthread_mutex_t lock; long value; };
static struct own *shared;
static void replace(void)
{
	struct own *new = malloc(sizeof(*new)), *old;

	if (!new)
		abort();
	pthread_mutex_init(&new->lock, NULL);
	pthread_mutex_lock(&new->lock);
	new->value = 1;
	pthread_mutex_unlock(&new->lock);
	pthread_rwlock_wrlock(&rw);
	old = shared;
	shared = new;
	pthread_rwlock_unlock(&rw);
	if (old) {
		pthread_mutex_lock(&old->lock);
		old->value = 0;
		pthread_mutex_unlock(&old->lock);
		pthread_mutex_destroy(&old->lock);
		free(old);
	}
}

static void *work(void *arg)
{
	long me = (long)(intptr_t)arg, seen = 0;
	struct timespec end;

	for (long i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&plain);
		sums.plain++;
		pthread_mutex_unlock(&plain);
		pthread_mutex_lock(&again);
		pthread_mutex_lock(&again);
		sums.again++;
		pthread_mutex_unlock(&again);
		pthread_mutex_unlock(&again);
		while (pthread_mutex_trylock(&checked))
			;
		sums.tried++;
		pthread_mutex_unlock(&checked);
		soon(&end, 1000);
		if (!pthread_mutex_timedlock(&checked, &end)) {
			sums.timed++;
			pthread_mutex_unlock(&checked);
		}
		pthread_rwlock_rdlock(&rw);
		seen += sums.rw;
		if (shared) {
			pthread_mutex_lock(&shared->lock);
			seen += shared->value;
			pthread_mutex_unlock(&shared->lock);
		}
		pthread_rwlock_unlock(&rw);
		if (!(i % 16)) {
			pthread_rwlock_wrlock(&rw);
			sums.rw++;
			pthread_rwlock_unlock(&rw);
			replace();
		}
		pthread_spin_lock(&spin);
		sums.spin++;
		pthread_spin_unlock(&spin);
		if (me % 2)
			put(i);
		else
			take();
		if (races)
			sums.unlocked++;
	}
	return (void *)(intptr_t)(seen != 0);
}

int main(int argc, char **argv)
{
	pthread_t id[THREADS];
	pthread_mutexattr_t a;

	races = argc > 1 && !strcmp(argv[1], "race");
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&again, &a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checked, &a);
	pthread_spin_init(&spin, 0);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&id[i], NULL, work, (void *)(intptr_t)i))
			return 2;
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
	printf("%ld %ld %ld %ld %ld %d\n", sums.plain, sums.again, sums.tried, sums.rw, sums.spin, sums.put == sums.taken && queue.count == 0);
	return 0;
}
