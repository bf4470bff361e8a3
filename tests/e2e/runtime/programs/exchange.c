/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * exchange.c THREADS TURNS SEED [GENERATIONS] - threads that allocate blocks, hand them to each other through queues,
 * resize and free those that they get, and reuse addresses at once; so many generations of threads, one after the
 * other. Prints what they did, in the words of the trace:
 *
 *     allocs|bytes|frees|freed_bytes|failed|resized|crossed
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At the head of each block. */
struct block {
	struct block *next;
	size_t bytes;
	int owner; /* the thread that allocated it */
};

struct counts {
	uint64_t allocs, bytes, frees, freed_bytes, failed, resized, crossed;
};

static struct worker {
	pthread_t id;
	pthread_mutex_t lock;
	struct block *inbox;
	struct counts counts;
	uint64_t state;
	int number;
} workers[16];
static int threads, turns;

static uint64_t next(struct worker *w)
{
	w->state ^= w->state << 13;
	w->state ^= w->state >> 7;
	w->state ^= w->state << 17;
	return w->state >> 11;
}

static size_t some_bytes(struct worker *w)
{
	static const size_t most[] = {32, 200, 1000, 1000, 40000};
	return sizeof(struct block) + next(w) % most[next(w) % 5];
}

static struct block *filled(struct worker *w, struct block *b, size_t bytes)
{
	if (!b)
		abort();
	w->counts.allocs++;
	w->counts.bytes += bytes;
	b->bytes = bytes;
	b->owner = w->number;
	return b;
}

static void ends(struct worker *w, const struct block *b)
{
	w->counts.frees++;
	w->counts.freed_bytes += b->bytes;
	w->counts.crossed += b->owner != w->number;
}

static struct block *take(struct worker *w)
{
	size_t bytes = some_bytes(w);
	void *p = NULL;

	switch (next(w) % 4) {
	case 0:
		return filled(w, calloc(1, bytes), bytes);
	case 1:
		if (posix_memalign(&p, 64, bytes))
			abort();
		return filled(w, p, bytes);
	default:
		return filled(w, malloc(bytes), bytes);
	}
}

static void give_back(struct worker *w, struct block *b)
{
	ends(w, b);
	free(b);
}

static struct block *resize(struct worker *w, struct block *b)
{
	size_t bytes = some_bytes(w);

	ends(w, b);
	w->counts.resized++;
	return filled(w, realloc(b, bytes), bytes);
}

/* As large as nothing is: the block stays. */
static void fail_to_resize(struct worker *w, struct block *b)
{
	if (realloc(b, PTRDIFF_MAX - 4096))
		abort();
	w->counts.failed++;
}

static void hand_over(struct worker *from, struct block *b)
{
	struct worker *to = &workers[next(from) % threads];

	pthread_mutex_lock(&to->lock);
	b->next = to->inbox;
	to->inbox = b;
	pthread_mutex_unlock(&to->lock);
}

static struct block *receive(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	struct block *b = w->inbox;
	if (b)
		w->inbox = b->next;
	pthread_mutex_unlock(&w->lock);
	return b;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < turns; i++) {
		struct block *b = receive(w);
		if (!b || next(w) % 3 == 0) {
			hand_over(w, take(w));
			if (!b)
				continue;
		}
		switch (next(w) % 8) {
		case 0: /* its address goes to the next one at once, here or in another thread */
			give_back(w, b);
			give_back(w, take(w));
			hand_over(w, take(w));
			break;
		case 1:
		case 2:
			hand_over(w, resize(w, b));
			break;
		case 3:
			fail_to_resize(w, b);
			hand_over(w, b);
			break;
		default:
			give_back(w, b);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int generations = argc > 4 ? atoi(argv[4]) : 1;
	struct counts sum = {0};

	threads = argc > 3 ? atoi(argv[1]) : 4;
	turns = argc > 3 ? atoi(argv[2]) : 1000;
	for (int i = 0; i < threads; i++) {
		workers[i].number = i;
		workers[i].state = (uint64_t)(argc > 3 ? atoi(argv[3]) : 1) * 2654435761u + (uint64_t)i * 40503 + 1;
		pthread_mutex_init(&workers[i].lock, NULL);
	}
	while (generations-- > 0) {
		/* The first is the main thread. (A number stands for several threads; their blocks cross generations
		 * in the hands of the main thread alone.) */
		for (int i = 1; i < threads; i++)
			if (pthread_create(&workers[i].id, NULL, work, &workers[i]))
				abort();
		work(&workers[0]);
		for (int i = 1; i < threads; i++)
			pthread_join(workers[i].id, NULL);
		for (int i = 0; generations && i < threads; i++)
			for (struct block *b; (b = receive(&workers[i])) != NULL;)
				give_back(&workers[0], b);
	}
	for (int i = 0; i < threads; i++)
		for (struct block *b; (b = receive(&workers[i])) != NULL;)
			give_back(&workers[0], b);
	for (int i = 0; i < threads; i++) {
		const struct counts *c = &workers[i].counts;
		sum.allocs += c->allocs;
		sum.bytes += c->bytes;
		sum.frees += c->frees;
		sum.freed_bytes += c->freed_bytes;
		sum.failed += c->failed;
		sum.resized += c->resized;
		sum.crossed += c->crossed;
	}
	/* No block of stdio's own: none of that would be recorded, but its address could be one of ours. */
	static char buffer[256];
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	printf("%lu|%lu|%lu|%lu|%lu|%lu|%lu\n", sum.allocs, sum.bytes, sum.frees, sum.freed_bytes, sum.failed, sum.resized, sum.crossed);
	return 0;
}
