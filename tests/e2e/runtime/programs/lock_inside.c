/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock_inside.c - allocates with locks and without:
 *     lock_inside counts THREADS    says of each lock NAME|BLOCKS|BYTES that were allocated with it
 *     lock_inside holds             has a lock, allocates, and never ends
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 500, ROW = 20 };

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, idle = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t inner = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t again;
static long blocks[3], bytes[3]; /* each behind its lock: outer, inner, again */

static void count(int lock, long size)
{
	__atomic_fetch_add(&blocks[lock], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&bytes[lock], size, __ATOMIC_RELAXED);
}

static void many(long size)
{
	void *row[ROW];
	for (int i = 0; i < ROW; i++)
		row[i] = malloc((size_t)size);
	for (int i = 0; i < ROW; i++)
		free(row[i]);
}

static void *allocates(void *arg)
{
	for (long i = 1; i <= TURNS; i++) {
		many(i);
		pthread_mutex_lock(&outer);
		char *block = malloc((size_t)i);
		count(0, i);
		block = realloc(block, (size_t)(3 * i));
		count(0, 3 * i);
		if (i % 2)
			pthread_rwlock_wrlock(&inner);
		else
			pthread_rwlock_rdlock(&inner);
		many(2 * i);
		for (int k = 0; k < ROW; k++)
			count(0, 2 * i), count(1, 2 * i);
		pthread_rwlock_unlock(&inner);
		char *zeros = calloc(2, (size_t)i);
		count(0, 2 * i);
		free(zeros);
		pthread_mutex_unlock(&outer);
		pthread_mutex_lock(&again);
		pthread_mutex_lock(&again);
		block = realloc(block, (size_t)(4 * i));
		count(2, 4 * i);
		pthread_mutex_unlock(&again);
		free(block);
		block = malloc((size_t)i);
		count(2, i);
		pthread_mutex_unlock(&again);
		free(block);
		pthread_mutex_lock(&idle);
		pthread_mutex_unlock(&idle);
	}
	return arg;
}

static int holds(void)
{
	pthread_mutex_lock(&outer);
	for (;;)
		free(malloc(8));
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"outer", "inner", "again"};
	pthread_t id[16];
	pthread_mutexattr_t recursive;
	int threads = argc > 2 ? atoi(argv[2]) : 0;
	if (argc > 1 && strcmp(argv[1], "holds") == 0)
		return holds();
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&again, &recursive);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&id[i], NULL, allocates, NULL) != 0)
			abort();
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	for (int i = 0; i < 3; i++)
		printf("%s|%ld|%ld\n", names[i], blocks[i], bytes[i]);
	return 0;
}
