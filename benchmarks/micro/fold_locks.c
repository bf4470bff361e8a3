/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fold_locks.c - what the drain's work costs per event of locks: walking the records, bringing the threads together,
 * encoding the chunks; and what an event takes in bytes. fold_heap.c does the same for the heap.
 *
 *     fold_locks [THOUSAND_EVENTS [ROUNDS [STREAM]]]    default 1024 9, all streams
 *
 * Streams are made up:
 *   pair    one thread, one lock at one place
 *   many    one thread, 512 locks at 8 places
 *   nested  one thread, a lock within another one
 *   free    4 threads, each with locks of its own: nobody waits
 *   wanted  4 threads that want one lock: one in five has to wait
 *   crowd   16 threads that want one lock: nearly all wait
 * Each figure is the median of the rounds (best in brackets), stages interleaved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "encode/chunk.h"
#include "fold/heap.h"
#include "fold/locks.h"
#include "fold/walk.h"

enum { SPAN_UNITS = 2048, SETTLE_UNITS = 8192, ROUNDS_MAX = 99, STEP_TICKS = 26, THREADS_MAX = 16, NS_TICKS = 3 };

/* ---- streams -------------------------------------------------------------------------------------- */

struct thread {
	struct instr_unit *units;
	size_t count, walked;
	uint64_t ticks;   /* when it does its next thing */
	uint64_t since;   /* waits since then; 0: it does not */
	struct irt_walk *walk;
};

struct stream {
	struct thread threads[THREADS_MAX];
	unsigned thread_count;
	size_t count, room; /* units of all */
	uint64_t seed;
};

static __attribute__((noreturn)) void fail(const char *what)
{
	fprintf(stderr, "fold_locks: %s\n", what);
	exit(1);
}

static uint32_t pick(struct stream *s, uint32_t n)
{
	s->seed = s->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((s->seed >> 33) * (uint64_t)n >> 31);
}

static bool is_full(const struct stream *s)
{
	return s->count + 64 * THREADS_MAX > s->room;
}

static void put(struct stream *s, unsigned thread, uint64_t ticks, enum instr_ext kind, unsigned site, unsigned lock, uint64_t value)
{
	struct thread *t = &s->threads[thread];

	t->units[t->count++] = (struct instr_unit){ticks, instr_ext_tag(kind, 2, UINT64_C(0x555555560000) + 16u * site)};
	t->units[t->count++] = (struct instr_unit){instr_hidden(UINT64_C(0x7f0000001000) + 40 * (uint64_t)lock),
						   value | (uint64_t)INSTR_LOCK_MUTEX << INSTR_HEAP_FAMILY_SHIFT};
	s->count += 2;
}

static void pass(struct stream *s, unsigned thread, uint32_t ns)
{
	s->threads[thread].ticks += NS_TICKS * (ns / 2 + pick(s, ns));
}

static void take(struct stream *s, unsigned thread, unsigned site, unsigned lock)
{
	pass(s, thread, 20);
	put(s, thread, s->threads[thread].ticks, INSTR_EXT_ACQUIRED, site, lock, 0);
}

static void give(struct stream *s, unsigned thread, unsigned site, unsigned lock)
{
	pass(s, thread, 20);
	put(s, thread, s->threads[thread].ticks, INSTR_EXT_RELEASED, site, lock, 0);
}

static void pairs(struct stream *s, uint32_t locks, uint32_t places)
{
	while (!is_full(s)) {
		unsigned lock = pick(s, locks), place = pick(s, places);
		take(s, 0, 1 + place, lock);
		give(s, 0, 100 + place, lock);
	}
}

static void nested(struct stream *s)
{
	while (!is_full(s)) {
		take(s, 0, 1, 1);
		take(s, 0, 2, 2);
		give(s, 0, 3, 2);
		give(s, 0, 4, 1);
	}
}

static void apart(struct stream *s)
{
	while (!is_full(s))
		for (unsigned i = 0; i < s->thread_count; i++) {
			unsigned lock = 16 * i + pick(s, 16);
			take(s, i, 1, lock);
			give(s, i, 2, lock);
		}
}

/* Who comes first gets it; who waits gets it in turn. */
static void wanted(struct stream *s, uint32_t held_ns, uint32_t outside_ns)
{
	uint64_t free_at = 0;

	while (!is_full(s)) {
		unsigned i = 0;
		for (unsigned k = 1; k < s->thread_count; k++)
			if (s->threads[k].ticks < s->threads[i].ticks)
				i = k;
		struct thread *t = &s->threads[i];
		if (t->ticks < free_at) {
			put(s, i, t->ticks, INSTR_EXT_WAITING, 1, 1, IRT_LOCK_TRIED);
			t->ticks = free_at + 300;
			put(s, i, t->ticks, INSTR_EXT_WAITED, 1, 1, 0);
		} else {
			put(s, i, t->ticks, INSTR_EXT_ACQUIRED, 1, 1, 0);
		}
		pass(s, i, held_ns);
		free_at = t->ticks;
		put(s, i, t->ticks, INSTR_EXT_RELEASED, 2, 1, 0);
		pass(s, i, outside_ns);
	}
}

/* ---- stages --------------------------------------------------------------------------------------- */

static int number_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	(void)user;
	(void)ticks;
	answer->function = (uint32_t)(instr_tag_row(tag) >> 4 & 0xffff) + 1;
	answer->flags = 0;
	return 0;
}

enum { WALK, SETTLE, ENCODE, BYTES, FIGURES };
static const char *const figure_names[FIGURES] = {"walk_ns", "settle_ns", "encode_ns", "bytes"};

/* CPU time of this thread: other programs on the machine show less. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct sums {
	uint64_t ns[FIGURES], events, bytes;
};

static void end_chunk(struct irt_encoder *encoder, struct irt_walk *walk, struct sums *sums)
{
	struct irt_chunk_bytes out;
	uint64_t start = cpu_ns();

	if (irt_chunk_encode(encoder, walk, IRT_CODEC_ZSTD, &out))
		fail("a chunk does not encode");
	sums->ns[ENCODE] += cpu_ns() - start;
	sums->bytes += out.data_bytes + out.function_bytes;
	sums->events += out.columns.events;
	irt_walk_next_chunk(walk);
}

/* What the thread did up to that time. */
static void walk(struct thread *t, uint64_t until, struct irt_encoder *encoder, struct sums *sums)
{
	size_t end = t->walked, used, more;

	while (end < t->count && t->units[end].ticks <= until)
		end += 2;
	while (t->walked < end) {
		size_t n = end - t->walked < SPAN_UNITS ? end - t->walked : SPAN_UNITS;
		uint64_t start = cpu_ns();
		enum irt_walk_stop stop = irt_walk_run(t->walk, t->units + t->walked, n, t->walked, &used, &more);
		sums->ns[WALK] += cpu_ns() - start;
		t->walked += used;
		if (stop == IRT_WALK_CHUNK_FULL)
			end_chunk(encoder, t->walk, sums);
		else if (stop != IRT_WALK_ALL)
			fail("the walk stopped");
	}
}

static int count_up(void *user, const struct irt_lock_totals *row)
{
	*(uint64_t *)user += row->acquisitions + row->holds + row->contended;
	return 0;
}

/* Every event has one of these three, but for what is held at the end. */
static void check(struct irt_locks *locks, const struct stream *s, const struct sums *sums)
{
	uint64_t counted = 0;

	if (irt_locks_each_totals(locks, &counted, count_up) || sums->events != s->count / 2 || counted != sums->events)
		fail("events are missing");
}

static void one_round(struct stream *s, double *figures)
{
	struct irt_walk_config config = {.time_unit_ticks = STEP_TICKS, .function_of = number_of, .site_of = number_of};
	struct irt_encoder *encoder;
	struct sums sums = {0};
	uint64_t last = 0, now = 0;

	/* Nothing is done to the heap; the walk has one in the drain. */
	if (irt_cct_create(&config.cct, NULL) || irt_heap_create(&config.heap, false) || irt_locks_create(&config.locks) ||
	    irt_encoder_create(&encoder))
		fail("no memory");
	for (unsigned i = 0; i < s->thread_count; i++) {
		struct thread *t = &s->threads[i];
		config.thread = i + 1;
		t->walked = 0;
		last = t->units[t->count - 2].ticks > last ? t->units[t->count - 2].ticks : last;
		if (irt_walk_create(&t->walk, &config))
			fail("no memory");
	}
	/* A round of the drain: what all threads did up to some time, and then that is settled. */
	uint64_t span = (last - s->threads[0].units[0].ticks) / (s->count / SETTLE_UNITS + 1) + 1;
	for (now = s->threads[0].units[0].ticks; now < last + span; now += span) {
		for (unsigned i = 0; i < s->thread_count; i++)
			walk(&s->threads[i], now, encoder, &sums);
		uint64_t start = cpu_ns();
		if (irt_locks_settle(config.locks, now < last ? (int64_t)now - IRT_LOCK_SLACK_TICKS : INT64_MAX))
			fail("the locks do not settle");
		sums.ns[SETTLE] += cpu_ns() - start;
	}
	for (unsigned i = 0; i < s->thread_count; i++) {
		end_chunk(encoder, s->threads[i].walk, &sums);
		irt_walk_destroy(s->threads[i].walk);
	}
	check(config.locks, s, &sums);
	for (unsigned i = 0; i < FIGURES; i++)
		figures[i] = (double)(i == BYTES ? sums.bytes : sums.ns[i]) / (double)sums.events;
	irt_encoder_destroy(encoder);
	irt_locks_destroy(config.locks);
	irt_heap_destroy(config.heap);
	irt_cct_destroy(config.cct);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static const struct { const char *name; unsigned threads; } shapes[] = {
	{"pair", 1}, {"many", 1}, {"nested", 1}, {"free", 4}, {"wanted", 4}, {"crowd", 16},
};

static void make(struct stream *s, size_t shape)
{
	for (unsigned i = 0; i < s->thread_count; i++) {
		s->threads[i] = (struct thread){.units = malloc(s->room * sizeof(struct instr_unit)), .ticks = 1000000000 + i};
		if (!s->threads[i].units)
			fail("no memory");
	}
	if (shape < 2)
		pairs(s, shape ? 512 : 1, shape ? 8 : 1);
	else if (shape == 2)
		nested(s);
	else if (shape == 3)
		apart(s);
	else
		wanted(s, 200, shape == 4 ? 3000 : 1000);
}

int main(int argc, char **argv)
{
	static double samples[FIGURES][ROUNDS_MAX];
	size_t events = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1024) * 1024;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 9;
	const char *only = argc > 3 ? argv[3] : "";

	if (!events || !rounds || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: fold_locks [THOUSAND_EVENTS [ROUNDS [STREAM]]]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct stream s = {.seed = 1, .room = 2 * events + 64 * THREADS_MAX, .thread_count = shapes[i].threads};
		if (*only && strcmp(only, shapes[i].name))
			continue;
		make(&s, i);
		for (unsigned r = 0; r < rounds; r++) {
			double figures[FIGURES];
			one_round(&s, figures);
			for (unsigned f = 0; f < FIGURES; f++)
				samples[f][r] = figures[f];
		}
		for (unsigned f = 0; f < FIGURES; f++) {
			qsort(samples[f], rounds, sizeof(*samples[f]), compare);
			printf("%s_%s %.3f (%.3f)\n", shapes[i].name, figure_names[f], samples[f][rounds / 2], samples[f][0]);
		}
		for (unsigned k = 0; k < s.thread_count; k++)
			free(s.threads[k].units);
	}
	return 0;
}
