/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fold.c - what the drain's hot loops cost per event, beside a bare clock read in the same run: walk
 * with statistics, encoding, decoding; and what an event takes in bytes.
 *
 *     fold [THOUSAND_EVENTS [ROUNDS [STREAM]]]     default 4096 9, both streams; STREAM may be a file of
 *                                                  recorded units
 *
 * Streams are made up, with times as a clock that moves in steps of 26 ticks would stamp them:
 *   fib   a doubly recursive function: one row, many contexts of one function, no surprise
 *   wide  a program in the shape of an interpreter on a database: some 3000 contexts, loops, calls
 *         that are taken now and then, a dispatcher that calls one of many
 * Each figure is the median of the rounds (best in brackets), stages interleaved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "encode/chunk.h"
#include "fold/walk.h"

enum { SPAN_UNITS = 2048, ROUNDS_MAX = 99, STEP_TICKS = 26 };

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

static void put(struct stream *s, enum instr_kind kind, unsigned function, unsigned depth)
{
	static const uint8_t steps[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
					  1, 0, 0, 0, 0, 3, 3, 3, 4, 2, 6, 9};
	uint64_t row = UINT64_C(0x555555560000) + 16u * function, sp = UINT64_C(0x7ffc00000000) - 96u * (depth + 1);

	s->ticks += STEP_TICKS * (pick(s, 100) ? steps[pick(s, 32)] : pick(s, 400));
	s->units[s->count].ticks = s->ticks + pick(s, 2);
	s->units[s->count++].tag = instr_tag(kind, row, sp);
}

static void fib(struct stream *s, unsigned n, unsigned depth)
{
	if (s->count + 2 * depth + 8 > s->room)
		return;
	put(s, INSTR_ENTER, 1, depth);
	if (n >= 2) {
		fib(s, n - 1, depth + 1);
		fib(s, n - 2, depth + 1);
	}
	put(s, INSTR_EXIT, 1, depth);
}

enum { LEVELS = 7, PER_LEVEL = 40, SITES = 5 };
struct site {
	uint16_t callee, loop, now_and_then;
};
static struct site sites[LEVELS][PER_LEVEL][SITES];

static void call(struct stream *s, unsigned level, unsigned index, unsigned depth)
{
	if (s->count + 2 * depth + 8 > s->room)
		return;
	put(s, INSTR_ENTER, 2 + level * PER_LEVEL + index, depth);
	for (unsigned i = 0; level + 1 < LEVELS && i < SITES; i++) {
		const struct site *site = &sites[level][index][i];
		unsigned times = site->callee == UINT16_MAX ? 0 : site->loop;
		if (site->now_and_then && pick(s, site->now_and_then))
			times = 0;
		for (; times; times--)
			call(s, level + 1, site->callee, depth + 1);
	}
	put(s, INSTR_EXIT, 2 + level * PER_LEVEL + index, depth);
}

static void wide(struct stream *s)
{
	struct stream shape = {.seed = 12345};

	for (unsigned l = 0; l < LEVELS; l++)
		for (unsigned f = 0; f < PER_LEVEL; f++)
			for (unsigned i = 0; i < SITES; i++) {
				struct site *site = &sites[l][f][i];
				unsigned kind = pick(&shape, 12);
				site->callee = kind < (l < 3 ? 4 : 7) ? UINT16_MAX : (uint16_t)pick(&shape, PER_LEVEL);
				site->loop = kind == 11 ? (uint16_t)(2 + pick(&shape, 6)) : 1;
				site->now_and_then = kind == 8 ? 40 : kind == 9 ? 6 : 0;
			}
	put(s, INSTR_ENTER, 0, 0);
	while (s->count + 64 < s->room) {
		/* an opcode follows an opcode: mostly the same one each time */
		static unsigned opcode;
		opcode = pick(s, 25) ? (opcode * 7 + 3) % 8 : pick(s, 8);
		call(s, 0, opcode, 1);
	}
	put(s, INSTR_EXIT, 0, 0);
}

/* ---- stages --------------------------------------------------------------------------------------- */

static int function_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	(void)user;
	(void)ticks;
	answer->function = (uint32_t)(instr_tag_row(tag) >> 4 & 0xffff) + 1;
	answer->flags = 0;
	return 0;
}

enum { CODECS = 2 };
static const struct { const char *name; enum irt_codec codec; } codecs[CODECS] = {
	{"none", IRT_CODEC_NONE}, {"zstd", IRT_CODEC_ZSTD}};

struct figures {
	double walk, settle, encode[CODECS], decode[CODECS], bytes[CODECS];
};

static __attribute__((noreturn)) void fail(const char *what)
{
	fprintf(stderr, "fold: %s\n", what);
	exit(1);
}

/* CPU time of this thread: other programs on the machine show less. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double per_event(uint64_t since_ns, size_t events)
{
	return (double)(cpu_ns() - since_ns) / (double)events;
}

struct chunk {
	uint8_t *data;
	size_t bytes;
};

static void decode(struct irt_chunk_decoder *decoder, const struct irt_contexts *contexts,
		   const struct chunk *chunks, size_t count, size_t want)
{
	static struct irt_event events[1024];
	size_t got = 0;
	long n;

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
}

static void one_round(const struct stream *s, struct figures *f, uint32_t *contexts_made, unsigned *tokens)
{
	static struct chunk chunks[CODECS][4096];
	struct irt_walk *walk;
	struct irt_encoder *encoder;
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;
	uint64_t start, walk_ns = 0, encode_ns[CODECS] = {0}, bytes[CODECS] = {0};
	size_t at = 0, used, more, chunk_count = 0, events = 0;
	struct irt_walk_config config = {.time_unit_ticks = STEP_TICKS, .function_of = function_of};

	if (irt_cct_create(&config.cct, NULL) || irt_functions_create(&config.functions, NULL) ||
	    irt_encoder_create(&encoder) || irt_contexts_create(&contexts) ||
	    irt_chunk_decoder_create(&decoder) || irt_walk_create(&walk, &config))
		fail("no memory");
	irt_walk_settle(walk);
	while (at < s->count) {
		enum irt_walk_stop stop = IRT_WALK_ALL;
		start = cpu_ns();
		while (at < s->count && stop == IRT_WALK_ALL) {
			size_t n = s->count - at < SPAN_UNITS ? s->count - at : SPAN_UNITS;
			stop = irt_walk_run(walk, s->units + at, n, at, &used, &more);
			at += used;
		}
		walk_ns += cpu_ns() - start;
		if (stop != IRT_WALK_ALL && stop != IRT_WALK_CHUNK_FULL)
			fail("the walk stopped");
		for (unsigned codec = 0; codec < CODECS; codec++) {
			struct irt_chunk_bytes out;
			struct chunk *c = &chunks[codec][chunk_count];
			start = cpu_ns();
			if (irt_chunk_encode(encoder, walk, codecs[codec].codec, &out))
				fail("a chunk does not encode");
			encode_ns[codec] += cpu_ns() - start;
			bytes[codec] += out.data_bytes + out.function_bytes;
			c->data = memcpy(malloc(out.data_bytes), out.data, out.data_bytes);
			c->bytes = out.data_bytes;
			if (codec == 0) {
				events += out.columns.events;
				for (size_t i = 0; tokens && i < out.columns.events; i++)
					tokens[out.columns.symbols[i] >> 4]++;
			}
		}
		chunk_count++;
		irt_walk_next_chunk(walk);
	}
	f->walk = (double)walk_ns / (double)events;
	start = cpu_ns();
	irt_walk_settle(walk);
	f->settle = (double)(cpu_ns() - start);
	irt_contexts_add_tree(contexts, config.cct);
	*contexts_made = irt_cct_count(config.cct);
	for (unsigned codec = 0; codec < CODECS; codec++) {
		f->encode[codec] = (double)encode_ns[codec] / (double)events;
		f->bytes[codec] = (double)bytes[codec] / (double)events;
		start = cpu_ns();
		decode(decoder, contexts, chunks[codec], chunk_count, events);
		f->decode[codec] = per_event(start, events);
		for (size_t i = 0; i < chunk_count; i++)
			free(chunks[codec][i].data);
	}
	irt_walk_destroy(walk);
	irt_functions_destroy(config.functions);
	irt_cct_destroy(config.cct);
	irt_encoder_destroy(encoder);
	irt_contexts_destroy(contexts);
	irt_chunk_decoder_destroy(decoder);
}

static double clock_read(void)
{
	uint64_t start = cpu_ns();

	for (int i = 0; i < 4000000; i++)
		use(read_clock());
	return (double)(cpu_ns() - start) / 4e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *stream, const char *name, double *samples, unsigned count)
{
	qsort(samples, count, sizeof(*samples), compare);
	printf("%s_%s %.3f (%.3f)\n", stream, name, samples[count / 2], samples[0]);
}

static void measure(const char *name, struct stream *s, unsigned rounds)
{
	static double samples[3 + 3 * CODECS][ROUNDS_MAX];
	unsigned tokens[4] = {0};
	uint32_t contexts;
	char text[64];

	for (unsigned r = 0; r < rounds; r++) {
		struct figures f;
		samples[0][r] = clock_read();
		one_round(s, &f, &contexts, r ? NULL : tokens);
		samples[1][r] = f.walk;
		samples[2][r] = f.settle / 1000;
		for (int c = 0; c < CODECS; c++) {
			samples[3 + c][r] = f.encode[c];
			samples[3 + CODECS + c][r] = f.decode[c];
			samples[3 + 2 * CODECS + c][r] = f.bytes[c];
		}
	}
	printf("%s_events %zu\n%s_contexts %u\n", name, s->count, name, contexts);
	printf("%s_tokens_percent %.1f %.1f %.1f %.1f\n", name, 100.0 * tokens[0] / (double)s->count,
	       100.0 * tokens[1] / (double)s->count, 100.0 * tokens[2] / (double)s->count,
	       100.0 * tokens[3] / (double)s->count);
	print(name, "clock_read_ns", samples[0], rounds);
	print(name, "walk_ns", samples[1], rounds);
	print(name, "settle_us", samples[2], rounds);
	for (int c = 0; c < CODECS; c++) {
		snprintf(text, sizeof(text), "encode_%s_ns", codecs[c].name);
		print(name, text, samples[3 + c], rounds);
		snprintf(text, sizeof(text), "decode_%s_ns", codecs[c].name);
		print(name, text, samples[3 + CODECS + c], rounds);
		snprintf(text, sizeof(text), "bytes_%s", codecs[c].name);
		print(name, text, samples[3 + 2 * CODECS + c], rounds);
	}
}

int main(int argc, char **argv)
{
	size_t events = (argc > 1 ? strtoul(argv[1], NULL, 10) : 4096) * 1024;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 9;
	const char *only = argc > 3 ? argv[3] : "";

	if (!events || !rounds || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: fold [THOUSAND_EVENTS [ROUNDS [STREAM]]]\n");
		return 2;
	}
	if (strchr(only, '/')) {
		struct stream s = {.units = malloc(events * sizeof(*s.units))};
		FILE *f = fopen(only, "r");
		if (!s.units || !f)
			fail("cannot read the file");
		s.count = fread(s.units, sizeof(*s.units), events, f);
		fclose(f);
		measure("file", &s, rounds);
		free(s.units);
		return 0;
	}
	for (int i = 0; i < 2; i++) {
		const char *name = i ? "wide" : "fib";
		struct stream s = {.seed = 1, .ticks = 1000000000, .room = events};
		if (*only && strcmp(only, name))
			continue;
		s.units = malloc(events * sizeof(*s.units));
		if (!s.units)
			fail("no memory");
		put(&s, INSTR_ENTER, 0, 0);
		if (i)
			wide(&s);
		else
			while (s.count + 64 < s.room)
				fib(&s, 30, 1);
		measure(name, &s, rounds);
		free(s.units);
	}
	return 0;
}
