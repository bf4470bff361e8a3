/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fold_heap.c - what the drain's work costs per event of the heap: walking the records, settling them, encoding
 * the chunks, decoding them again; and what an event takes in bytes. fold.c does the same for calls.
 *
 *     fold_heap [THOUSAND_EVENTS [ROUNDS [STREAM [SPAN]]]]    default 2048 9, all streams, settled every 8192 units
 *
 * Streams are made up, but for the addresses: those are what this program's allocator answers.
 *   pair    a block of one size that is freed at once
 *   random  a block in a random one of 256 slots is freed, another of random size put there (heap.c)
 *   many    the same, of a million
 *   lists   in the shape of a program of containers: nodes first in, first out, nodes in random order, strings of
 *           some lengths, arrays that double
 *   unknown blocks of two sites that were allocated unseen are freed, beside a pair that is seen
 * Each figure is the median of the rounds (best in brackets), stages interleaved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "encode/chunk.h"
#include "fold/heap.h"
#include "fold/walk.h"

enum { SPAN_UNITS = 2048, ROUNDS_MAX = 99, STEP_TICKS = 26, FAMILY = 1, LISTS = 1000 };

/* ---- streams -------------------------------------------------------------------------------------- */

struct stream {
	struct instr_unit *units;
	size_t count, room;
	uint64_t ticks, seed;
};

static uint32_t pick(struct stream *s, uint32_t n)
{
	s->seed = s->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((s->seed >> 33) * (uint64_t)n >> 31);
}

static __attribute__((noreturn)) void fail(const char *what)
{
	fprintf(stderr, "fold_heap: %s\n", what);
	exit(1);
}

static bool is_full(const struct stream *s)
{
	return s->count + 16 > s->room;
}

static void put(struct stream *s, enum instr_ext kind, unsigned site, const void *address, uint64_t bytes)
{
	static const uint8_t steps[8] = {1, 1, 1, 2, 2, 2, 2, 3};

	s->ticks += STEP_TICKS * (pick(s, 100) ? steps[pick(s, 8)] : pick(s, 400));
	s->units[s->count++] = (struct instr_unit){s->ticks + pick(s, 2),
						   instr_ext_tag(kind, 2, UINT64_C(0x555555560000) + 16u * site)};
	s->units[s->count++] = (struct instr_unit){instr_hidden((uintptr_t)address),
						   bytes | (uint64_t)FAMILY << INSTR_HEAP_FAMILY_SHIFT};
}

static void *take(struct stream *s, unsigned site, size_t bytes)
{
	void *block = malloc(bytes);
	if (!block)
		fail("no memory");
	put(s, INSTR_EXT_ALLOC, site, block, bytes);
	return block;
}

static void give(struct stream *s, unsigned site, void *block)
{
	put(s, INSTR_EXT_FREE, site, block, 0);
	free(block);
}

static void pair(struct stream *s)
{
	while (!is_full(s))
		give(s, 2, take(s, 1, 100));
}

static void slots(struct stream *s, uint32_t count, uint32_t most_bytes)
{
	void **at = calloc(count, sizeof(*at));

	for (uint32_t i = 0; i < count && !is_full(s); i++)
		at[i] = take(s, 1, 16 + pick(s, most_bytes - 15));
	while (!is_full(s)) {
		void **slot = &at[pick(s, count)];
		give(s, 2, *slot);
		*slot = take(s, 3, 16 + pick(s, most_bytes - 15));
	}
	for (uint32_t i = 0; i < count; i++)
		free(at[i]);
	free(at);
}

static void lists(struct stream *s)
{
	void *line[LISTS] = {NULL}, *tree[LISTS] = {NULL}, *text[LISTS] = {NULL};

	for (unsigned turn = 0; !is_full(s); turn++) {
		unsigned i = turn % LISTS, k = pick(s, LISTS);
		if (line[i])
			give(s, 10, line[i]);
		line[i] = take(s, 11, 56);
		if (turn % 3 == 0) {
			if (text[i])
				give(s, 12, text[i]);
			text[i] = take(s, 13, 17 + pick(s, 20));
		}
		if (turn % 2 == 0) {
			if (tree[k])
				give(s, 14, tree[k]);
			tree[k] = tree[k] && pick(s, 2) ? NULL : take(s, 15, 40);
		}
		if (pick(s, 64) == 0) {
			void *array = take(s, 16, 16), *more;
			for (size_t bytes = 32; bytes <= 2048 && !is_full(s); bytes *= 2, array = more) {
				more = take(s, 16, bytes);
				give(s, 17, array);
			}
			give(s, 18, array);
		}
	}
	for (unsigned i = 0; i < LISTS; i++) {
		free(line[i]);
		free(tree[i]);
		free(text[i]);
	}
}

static void unknown(struct stream *s)
{
	char *from = malloc(1 << 20);

	while (!is_full(s)) {
		put(s, INSTR_EXT_FREE, 2 + pick(s, 2), from + 16 * (size_t)pick(s, 1 << 16), 0);
		give(s, 5, take(s, 4, 40));
	}
	free(from);
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

enum { WALK, SETTLE, ENCODE, DECODE, BYTES, FIGURES };
static const char *const figure_names[FIGURES] = {"walk_ns", "settle_ns", "encode_ns", "decode_ns", "bytes"};

/* CPU time of this thread: other programs on the machine show less. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct chunk {
	uint8_t *data;
	size_t bytes;
};

static void decode(const struct irt_cct *cct, const struct chunk *chunks, size_t count, uint64_t want)
{
	static struct irt_event events[1024];
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;
	uint64_t got = 0;
	long n;

	if (irt_contexts_create(&contexts) || irt_chunk_decoder_create(&decoder))
		fail("no memory");
	irt_contexts_add_tree(contexts, cct);
	for (size_t i = 0; i < count; i++) {
		if (irt_chunk_open(decoder, contexts, chunks[i].data, chunks[i].bytes))
			fail("a chunk does not open");
		while ((n = irt_chunk_next(decoder, events, 1024)) > 0)
			got += (size_t)n;
		if (n < 0)
			fail("a chunk does not decode");
	}
	if (got != want)
		fail("events are missing");
	irt_contexts_destroy(contexts);
	irt_chunk_decoder_destroy(decoder);
}

static void one_round(const struct stream *s, size_t span, double *figures)
{
	static struct chunk chunks[4096];
	struct irt_walk *walk;
	struct irt_encoder *encoder;
	struct irt_chunk_bytes out;
	uint64_t start, ns[FIGURES] = {0}, events = 0, bytes = 0;
	size_t at = 0, settled = 0, used, more, chunk_count = 0;
	struct irt_walk_config config = {.time_unit_ticks = STEP_TICKS, .function_of = number_of, .site_of = number_of, .thread = 1};

	if (irt_cct_create(&config.cct, NULL) || irt_heap_create(&config.heap, false) ||
	    irt_encoder_create(&encoder) || irt_walk_create(&walk, &config))
		fail("no memory");
	while (at < s->count) {
		size_t n = s->count - at < SPAN_UNITS ? s->count - at : SPAN_UNITS;
		start = cpu_ns();
		enum irt_walk_stop stop = irt_walk_run(walk, s->units + at, n, at, &used, &more);
		ns[WALK] += cpu_ns() - start;
		at += used;
		if (stop != IRT_WALK_ALL && stop != IRT_WALK_CHUNK_FULL)
			fail("the walk stopped");
		if (at - settled >= span || at == s->count) {
			start = cpu_ns();
			if (irt_heap_settle(config.heap, at == s->count ? INT64_MAX : (int64_t)s->units[at - 2].ticks - 1))
				fail("the heap does not settle");
			ns[SETTLE] += cpu_ns() - start;
			settled = at;
		}
		if (stop == IRT_WALK_ALL && at < s->count)
			continue;
		start = cpu_ns();
		if (irt_chunk_encode(encoder, walk, IRT_CODEC_ZSTD, &out))
			fail("a chunk does not encode");
		ns[ENCODE] += cpu_ns() - start;
		bytes += out.data_bytes + out.function_bytes;
		events += out.columns.events;
		chunks[chunk_count++] = (struct chunk){memcpy(malloc(out.data_bytes), out.data, out.data_bytes), out.data_bytes};
		irt_walk_next_chunk(walk);
	}
	start = cpu_ns();
	decode(config.cct, chunks, chunk_count, events);
	ns[DECODE] = cpu_ns() - start;
	for (unsigned i = 0; i < FIGURES; i++)
		figures[i] = (double)(i == BYTES ? bytes : ns[i]) / (double)events;
	for (size_t i = 0; i < chunk_count; i++)
		free(chunks[i].data);
	irt_walk_destroy(walk);
	irt_encoder_destroy(encoder);
	irt_heap_destroy(config.heap);
	irt_cct_destroy(config.cct);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"pair", "random", "many", "lists", "unknown"};
	static double samples[FIGURES][ROUNDS_MAX];
	size_t events = (argc > 1 ? strtoul(argv[1], NULL, 10) : 2048) * 1024;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 9;
	const char *only = argc > 3 ? argv[3] : "";
	size_t span = argc > 4 ? strtoul(argv[4], NULL, 10) : 8192;

	if (!events || !rounds || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: fold_heap [THOUSAND_EVENTS [ROUNDS [STREAM [SPAN]]]]\n");
		return 2;
	}
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct stream s = {.seed = 1, .ticks = 1000000000, .room = 2 * events + 16};
		if (*only && strcmp(only, names[i]))
			continue;
		s.units = malloc(s.room * sizeof(*s.units));
		if (!s.units)
			fail("no memory");
		if (i == 0)
			pair(&s);
		else if (i == 1)
			slots(&s, 256, 1040);
		else if (i == 2)
			slots(&s, 1000000, 240);
		else if (i == 3)
			lists(&s);
		else
			unknown(&s);
		for (unsigned r = 0; r < rounds; r++) {
			double figures[FIGURES];
			one_round(&s, span, figures);
			for (unsigned f = 0; f < FIGURES; f++)
				samples[f][r] = figures[f];
		}
		for (unsigned f = 0; f < FIGURES; f++) {
			qsort(samples[f], rounds, sizeof(*samples[f]), compare);
			printf("%s_%s %.3f (%.3f)\n", names[i], figure_names[f], samples[f][rounds / 2], samples[f][0]);
		}
		free(s.units);
	}
	return 0;
}
