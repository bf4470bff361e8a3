/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_times.c PHASES SEED - four threads that allocate, resize, free and hand blocks to each other, in phases of a
 * fifth of a second with a pause behind each, in which nothing changes and the program says what is alive:
 *
 *     NS FUNCTION BLOCKS BYTES       CLOCK_MONOTONIC in the pause; of those that have any
 *
 * Each block says itself who made it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 4, SLOTS = 3000, SHARED = 64, PLACES = 3, PHASE_MS = 200, PAUSE_MS = 20 };

struct block {
	unsigned place;
	size_t bytes;
};

static const char *const names[PLACES] = {"make", "make_clear", "resize"};
static atomic_long blocks[PLACES], bytes[PLACES];
static _Atomic(struct block *) shared[SHARED];
static struct block *slots[THREADS][SLOTS];
static pthread_barrier_t barrier;
static atomic_int last;

static unsigned next(unsigned *seed) { return (*seed = *seed * 1664525 + 1013904223) >> 8; }

static long long now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct block *count(struct block *b, unsigned place, size_t size)
{
	*b = (struct block){place, size};
	blocks[place]++;
	bytes[place] += (long)size;
	return b;
}

static void uncount(const struct block *b)
{
	blocks[b->place]--;
	bytes[b->place] -= (long)b->bytes;
}

static struct block *make(size_t size) { return count(malloc(size), 0, size); }
static struct block *make_clear(size_t size) { return count(calloc(1, size), 1, size); }
static struct block *resize(struct block *b, size_t size)
{
	if (b)
		uncount(b);
	return count(realloc(b, size), 2, size);
}
static void drop(struct block *b)
{
	if (b)
		uncount(b);
	free(b);
}

static void work(unsigned thread, unsigned *seed)
{
	long long end = now_ns() + PHASE_MS * 1000000LL;

	do {
		for (int i = 0; i < 200; i++) {
			unsigned what = next(seed) % 100, at = next(seed) % SLOTS;
			size_t size = sizeof(struct block) + next(seed) % 500;
			struct block **slot = &slots[thread][at];
			if (what < 40) {
				drop(make(size));
			} else if (what < 55) {
				drop(*slot);
				*slot = what & 1 ? make(size) : make_clear(size);
			} else if (what < 70) {
				*slot = resize(*slot, what < 58 ? size * 1000 : size);
			} else if (what < 95) {
				*slot = atomic_exchange(&shared[at % SHARED], *slot);
			} else {
				drop(*slot);
				*slot = NULL;
			}
		}
	} while (now_ns() < end);
}

static void *run(void *arg)
{
	unsigned thread = (unsigned)(size_t)arg, seed = thread * 77 + 1;

	seed += (unsigned)atomic_load(&last) * 1000003;
	for (;;) {
		pthread_barrier_wait(&barrier);
		if (atomic_load(&last) < 0)
			return NULL;
		work(thread, &seed);
		pthread_barrier_wait(&barrier);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int phases = argc > 1 ? atoi(argv[1]) : 10;

	last = argc > 2 ? atoi(argv[2]) : 1;
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
	for (int i = 0; i < phases; i++) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		/* So long that all clocks say so. */
		nanosleep(&(struct timespec){0, PAUSE_MS * 500000}, NULL);
		long long now = now_ns();
		for (int k = 0; k < PLACES; k++)
			if (blocks[k])
				printf("%lld %s %ld %ld\n", now, names[k], blocks[k], bytes[k]);
		nanosleep(&(struct timespec){0, PAUSE_MS * 500000}, NULL);
	}
	last = -1;
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
