/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * chunk_test.c - chunks as bytes: they are small, their sets of functions tell the truth, and damaged
 * ones are refused or decoded to something, but never do harm. (That they hold the right events:
 * walk_model_test.c. The same under a fuzzer: tests/fuzz.)
 */
#include "fold_harness.h"

/* Decodes as far as it goes; the sum keeps the compiler from skipping anything. */
static uint64_t drain(struct irt_chunk_decoder *d, const struct irt_contexts *contexts, const uint8_t *data, size_t bytes)
{
	static struct irt_event events[777];
	uint64_t sum = 0, all = 0;
	long n = irt_chunk_open(d, contexts, data, bytes);

	if (n)
		return (uint64_t)n;
	while ((n = irt_chunk_next(d, events, 777)) > 0) {
		for (long i = 0; i < n; i++) {
			sum += (uint64_t)events[i].ticks + events[i].context + events[i].depth + events[i].operation;
		}
		all += (uint64_t)n;
		CHECK(all <= 1 << 20);
	}
	CHECK(n == 0 || n == INSTR_ERR_FORMAT);
	CHECK(irt_chunk_next(d, events, 777) == n); /* and stays there */
	return sum;
}

static void make(struct harness *h, unsigned seed, uint32_t chunk_events)
{
	memset(h, 0, sizeof(*h));
	h->seed = seed;
	h->unit = 26;
	h->chunk_events = chunk_events;
	h->max_depth = seed % 2 ? 6 : 0;
	stream_make(&h->stream, seed, STREAM_ALL, 3000);
	harness_open(h);
	harness_run(h, 0, h->stream.count);
	harness_close_chunk(h, h->stream.count, 1);
}

static void unmake(struct harness *h)
{
	harness_close(h);
	free(h->stream.units);
}

TEST(every_cut_short_chunk_is_refused)
{
	struct harness h;
	make(&h, 3, 200);
	for (size_t i = 0; i < h.chunk_count && i < 6; i++) {
		struct irt_chunk_header header;
		for (size_t n = 0; n < h.chunks[i].data_bytes; n++) {
			CHECK(irt_chunk_open(h.decoder, h.contexts, h.chunks[i].data, n) < 0);
			CHECK(irt_chunk_read_header(h.chunks[i].data, n, &header) < 0);
		}
		CHECK_EQ(irt_chunk_open(h.decoder, h.contexts, h.chunks[i].data, h.chunks[i].data_bytes), 0);
	}
	unmake(&h);
}

TEST(another_version_is_told_apart_from_damage)
{
	struct harness h;
	make(&h, 4, 200);
	h.chunks[0].data[0] = 2;
	CHECK_EQ(irt_chunk_open(h.decoder, h.contexts, h.chunks[0].data, h.chunks[0].data_bytes), INSTR_ERR_VERSION);
	h.chunks[0].data[0] = 1;
	h.chunks[0].data[1] |= 0x40;
	CHECK_EQ(irt_chunk_open(h.decoder, h.contexts, h.chunks[0].data, h.chunks[0].data_bytes), INSTR_ERR_FORMAT);
	unmake(&h);
}

TEST(damaged_chunks_never_harm)
{
	for (unsigned seed = 0; seed < 6; seed++) {
		struct harness h;
		make(&h, seed, seed < 3 ? 150 : 3000);
		for (unsigned i = 0; i < 6000; i++) {
			const struct kept_chunk *c = &h.chunks[stream_random(&h.seed) % h.chunk_count];
			uint8_t *data = memcpy(malloc(c->data_bytes), c->data, c->data_bytes);
			for (unsigned k = 1 + stream_random(&h.seed) % 4; k; k--) {
				/* the head more often than the rest */
				size_t at = stream_random(&h.seed) % (stream_random(&h.seed) % 2 ? c->data_bytes : c->data_bytes < 30 ? c->data_bytes : 30);
				data[at] = stream_random(&h.seed) % 2 ? (uint8_t)stream_random(&h.seed)
								      : (uint8_t)(data[at] ^ 1 << stream_random(&h.seed) % 8);
			}
			drain(h.decoder, h.contexts, data, c->data_bytes);
			free(data);
		}
		/* a decoder that has seen all this still works */
		for (size_t i = 0; i < h.chunk_count; i++) {
			struct irt_event e[512];
			size_t at = h.chunks[i].event_at;
			long n;
			CHECK_EQ(irt_chunk_open(h.decoder, h.contexts, h.chunks[i].data, h.chunks[i].data_bytes), 0);
			while ((n = irt_chunk_next(h.decoder, e, 512)) > 0) {
				for (long k = 0; k < n; k++)
					harness_compare_event(&e[k], &h.events[at + (size_t)k], at + (size_t)k);
				at += (size_t)n;
			}
			CHECK_EQ(n, 0);
		}
		unmake(&h);
	}
}

TEST(a_chunk_with_the_wrong_contexts_never_harms)
{
	struct harness a, b;
	make(&a, 7, 500);
	make(&b, 9, 500);
	for (size_t i = 0; i < a.chunk_count; i++)
		drain(b.decoder, b.contexts, a.chunks[i].data, a.chunks[i].data_bytes);
	for (size_t i = 0; i < b.chunk_count; i++)
		drain(a.decoder, a.contexts, b.chunks[i].data, b.chunks[i].data_bytes);
	unmake(&a);
	unmake(&b);
}

TEST(sets_of_functions_hold_what_occurs_and_not_everything)
{
	struct harness h;
	unsigned absent = 0, asked = 0;
	make(&h, 12, 100);
	for (size_t i = 0; i < h.chunk_count; i++) {
		const struct kept_chunk *c = &h.chunks[i];
		for (uint32_t f = 1; f <= STREAM_FUNCTIONS; f++) {
			asked++;
			absent += !irt_chunk_has_function(c->functions, c->function_bytes, f);
		}
		CHECK(!irt_chunk_has_function(c->functions, c->function_bytes, 5000));
		CHECK(!irt_chunk_has_function(c->functions, c->function_bytes, UINT32_MAX));
	}
	CHECK(absent > asked / 10);
	unmake(&h);
}

TEST(both_forms_of_the_set_are_read_and_damage_means_maybe)
{
	static const uint8_t list[] = {0, 5, 1, 0x80, 2}, bits[] = {1, 100, 0x81, 0x01};
	CHECK(irt_chunk_has_function(list, 5, 5));
	CHECK(irt_chunk_has_function(list, 5, 6));
	CHECK(irt_chunk_has_function(list, 5, 262));
	CHECK(!irt_chunk_has_function(list, 5, 4));
	CHECK(!irt_chunk_has_function(list, 5, 7));
	CHECK(irt_chunk_has_function(bits, 4, 100));
	CHECK(irt_chunk_has_function(bits, 4, 107));
	CHECK(irt_chunk_has_function(bits, 4, 108));
	CHECK(!irt_chunk_has_function(bits, 4, 101));
	CHECK(!irt_chunk_has_function(bits, 4, 99));
	CHECK(!irt_chunk_has_function(bits, 4, 1000));
	CHECK(!irt_chunk_has_function(list, 1, 5)); /* the empty set */
	CHECK(irt_chunk_has_function(list, 4, 262)); /* cut within a number */
	CHECK(irt_chunk_has_function(NULL, 0, 1));
	CHECK(irt_chunk_has_function((const uint8_t *)"\7", 1, 1));
}

/* One call of context 1 and an UNWIND, by hand: the format cannot change unnoticed. */
TEST(a_chunk_written_by_hand_is_read)
{
	static const uint8_t chunk[] = {
		1, 0,           /* version; nothing compressed */
		3, 10, 200, 1,  /* 3 events, unit 10, start 100 (zigzag 200 = 0xc8 0x01) */
		0, 0,           /* no call is open */
		0, 0, 6,        /* no closed calls; 6 side bytes */
		1, 2, 6,        /* stored */
		0x3f,           /* tokens: 3, 3, 3 */
		0xf0, 0x02,     /* times: 0, 15 + varint, 2 */
		3,              /* child 0 */
		1, 5, 77, 4,    /* ORPHAN of function 77; 15 + 4 steps */
		0,              /* EXIT */
	};
	static const struct irt_event want[] = {
		{.ticks = 100, .operation = IRT_OP_ENTER, .context = 1, .depth = 0},
		{.ticks = 290, .operation = IRT_OP_ORPHAN, .context = 1, .depth = 0, .value = 77},
		{.ticks = 310, .operation = IRT_OP_EXIT, .context = 1, .depth = 0, .value = 210},
	};
	uint8_t longer[sizeof(chunk) + 1];
	struct irt_event events[4];
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;

	CHECK_EQ(irt_contexts_create(&contexts), 0);
	CHECK_EQ(irt_contexts_add(contexts, 1, 0, 0, 5), 0);
	CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
	CHECK_EQ(irt_chunk_open(decoder, contexts, chunk, sizeof(chunk)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 4), 3);
	for (unsigned i = 0; i < 3; i++)
		harness_compare_event(&events[i], &want[i], i);
	CHECK_EQ(irt_chunk_next(decoder, events, 4), 0);

	/* a side byte too many */
	memcpy(longer, chunk, sizeof(chunk));
	longer[sizeof(chunk)] = 0;
	longer[10]++;
	longer[13]++;
	CHECK_EQ(irt_chunk_open(decoder, contexts, longer, sizeof(longer)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 4), 3);
	CHECK_EQ(irt_chunk_next(decoder, events, 4), INSTR_ERR_FORMAT);
	irt_chunk_decoder_destroy(decoder);
	irt_contexts_destroy(contexts);
}

/* One event of the heap of each kind, the addresses near each other. */
TEST(a_chunk_of_the_heap_written_by_hand_is_read)
{
	static const uint8_t chunk[] = {
		1, 0,           /* version; nothing compressed */
		5, 10, 200, 1,  /* 5 events, unit 10, start 100 */
		0, 0,           /* no call is open */
		0, 0, 44,       /* no closed calls; 44 side bytes */
		2, 3, 44,       /* stored */
		0xff, 0x03,     /* tokens: 3, 3, 3, 3, 3 */
		0x10, 0x21, 0x01, /* times: 0, 1, 1, 2, 1 */
		1, 17, 6, 81, 0x80, 0x20, 0xe8, 0x07, 99, /* ALLOC: 6 bytes; site 10 family 1; address +2048 * 16; 1000;
		                                           * one byte of a later version */
		1, 18, 2, 0xa, 2,              /* FREE: site 1 family 2; + 16 */
		1, 19, 2, 81, 1,               /* RESIZE: - 16 */
		1, 20, 17, 81, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, /* RESIZED: + 16 + 1; it failed */
		1, 77, 2, 1, 2,                /* an operation of a later version */
	};
	static const struct irt_event want[] = {
		{.ticks = 100, .operation = IRT_OP_ALLOC, .depth = UINT32_MAX, .value = 1000, .extra = 0x8000, .site = 81},
		{.ticks = 110, .operation = IRT_OP_FREE, .depth = UINT32_MAX, .extra = 0x8010, .site = 10},
		{.ticks = 120, .operation = IRT_OP_RESIZE, .depth = UINT32_MAX, .extra = 0x8000, .site = 81},
		{.ticks = 140, .operation = IRT_OP_RESIZED, .depth = UINT32_MAX, .value = IRT_HEAP_FAILED, .extra = 0x8011, .site = 81},
		{.ticks = 150, .operation = 77, .depth = UINT32_MAX},
	};
	uint8_t damaged[sizeof(chunk)];
	struct irt_event events[8];
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;

	CHECK_EQ(irt_contexts_create(&contexts), 0);
	CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
	CHECK_EQ(irt_chunk_open(decoder, contexts, chunk, sizeof(chunk)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 5);
	for (unsigned i = 0; i < 5; i++)
		harness_compare_event(&events[i], &want[i], i);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 0);
	/* operands that end within one */
	memcpy(damaged, chunk, sizeof(chunk));
	damaged[30] = 1;
	CHECK_EQ(irt_chunk_open(decoder, contexts, damaged, sizeof(damaged)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 1);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), INSTR_ERR_FORMAT);
	irt_chunk_decoder_destroy(decoder);
	irt_contexts_destroy(contexts);
}

/* A thread that was created; then operands that cannot be. */
TEST(threads_that_were_created_are_read_from_a_chunk_written_by_hand)
{
	static const uint8_t chunk[] = {
		1, 0,           /* version; nothing compressed */
		2, 10, 200, 1,  /* 2 events, unit 10, start 100 */
		0, 0,           /* no call is open */
		0, 0, 23,       /* no closed calls; 23 side bytes */
		1, 1, 23,       /* stored */
		0x0f,           /* tokens: 3, 3 */
		0x10,           /* times: 0, 1 */
		1, 27, 9, 81, 0x80, 0x80, 0x80, 0x08, 0xe8, 0x07, 0, 99, /* THREAD: site 81, block 2^24, 1000 ticks; two bytes of a
		                                                          * later version */
		1, 27, 8, 0x82, 1, 0x80, 0x80, 0x80, 0x80, 1, 3, /* site 130, block 2^28, 3 ticks */
	};
	static const struct { uint8_t at, value; } wrong[] = {{18, 5}, {18, 100}}; /* a length too short, or too long */
	uint8_t damaged[sizeof(chunk)];
	struct irt_event events[8];
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;

	CHECK_EQ(irt_contexts_create(&contexts), 0);
	CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
	CHECK_EQ(irt_chunk_open(decoder, contexts, chunk, sizeof(chunk)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 2);
	CHECK_EQ(events[0].operation, IRT_OP_THREAD);
	CHECK_EQ(events[0].ticks, 100);
	CHECK_EQ(events[0].site, 81);
	CHECK_EQ(events[0].extra, 1 << 24);
	CHECK_EQ(events[0].value, 1000);
	CHECK_EQ(events[1].operation, IRT_OP_THREAD);
	CHECK_EQ(events[1].ticks, 110);
	CHECK_EQ(events[1].site, 130);
	CHECK_EQ(events[1].extra, 1 << 28);
	CHECK_EQ(events[1].value, 3);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		memcpy(damaged, chunk, sizeof(chunk));
		damaged[wrong[i].at] = wrong[i].value;
		CHECK_EQ(irt_chunk_open(decoder, contexts, damaged, sizeof(damaged)), 0);
		CHECK_EQ(irt_chunk_next(decoder, events, 8), INSTR_ERR_FORMAT);
	}
	irt_chunk_decoder_destroy(decoder);
	irt_contexts_destroy(contexts);
}

/* Calls that may block; then operands that cannot be. */
TEST(calls_that_may_block_are_read_from_a_chunk_written_by_hand)
{
	static const uint8_t chunk[] = {
		1, 0,           /* version; nothing compressed */
		6, 10, 200, 1,  /* 6 events, unit 10, start 100 */
		0, 0,           /* no call is open */
		0, 0, 33,       /* no closed calls; 33 side bytes */
		2, 3, 33,       /* stored */
		0xff, 0x0f,     /* tokens: 3 */
		0x10, 0x31, 0x52, /* times: 0, 1, 1, 3, 2, 5 */
		1, 24, 7, 81, 8, 0xd0, 0x0f, 0x80, 0x20, 99, /* BLOCK: site 81, a pipe, 1000 ticks, 4096 bytes; one byte of a
		                                              * later version */
		1, 25, 2, 0x82, 1,           /* BLOCKING: site 130 */
		1, 24, 5, 0x82, 1, 5, 13, 0, /* BLOCK: site 130, a file, failed, 10 - 7 ticks */
		1, 25, 2, 0x82, 1,           /* BLOCKING: site 130 */
		2, 0, 0, 9,                  /* as behind that: BLOCK, as it was, 20 ticks, 9 bytes */
		2,                           /* as behind that: BLOCKING */
	};
	static const struct irt_event want[] = {
		{.ticks = 100, .operation = IRT_OP_BLOCK, .value = 1000, .site = 81,
		 .extra = 4096 | (uint64_t)INSTR_DESCRIPTOR_PIPE << INSTR_BLOCK_KIND_SHIFT},
		{.ticks = 110, .operation = IRT_OP_BLOCKING, .site = 130},
		{.ticks = 120, .operation = IRT_OP_BLOCK, .value = 3, .site = 130,
		 .extra = INSTR_BLOCK_FAILED | (uint64_t)INSTR_DESCRIPTOR_FILE << INSTR_BLOCK_KIND_SHIFT},
		{.ticks = 150, .operation = IRT_OP_BLOCKING, .site = 130},
		{.ticks = 170, .operation = IRT_OP_BLOCK, .value = 20, .site = 130,
		 .extra = 9 | INSTR_BLOCK_FAILED | (uint64_t)INSTR_DESCRIPTOR_FILE << INSTR_BLOCK_KIND_SHIFT},
		{.ticks = 220, .operation = IRT_OP_BLOCKING, .site = 130},
	};
	enum { SIDE = 19 };
	/* kind 16; a length too short, or too long; ticks below none; kind 16 again; an address */
	static const struct { uint8_t at, value; } wrong[] = {{SIDE + 4, 32}, {SIDE + 2, 3}, {SIDE + 2, 100}, {SIDE + 21, 23},
							      {SIDE + 29, 33}, {SIDE + 28, 4}};
	uint8_t damaged[sizeof(chunk)];
	struct irt_event events[8];
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;

	CHECK_EQ(irt_contexts_create(&contexts), 0);
	CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
	CHECK_EQ(irt_chunk_open(decoder, contexts, chunk, sizeof(chunk)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 6);
	for (unsigned i = 0; i < 6; i++) {
		CHECK_EQ(events[i].operation, want[i].operation);
		CHECK_EQ(events[i].depth, UINT32_MAX);
		CHECK_EQ(events[i].ticks, want[i].ticks);
		CHECK_EQ(events[i].value, want[i].value);
		CHECK_EQ(events[i].extra, want[i].extra);
		CHECK_EQ(events[i].site, want[i].site);
		CHECK_EQ(events[i].context, 0);
	}
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		memcpy(damaged, chunk, sizeof(chunk));
		damaged[wrong[i].at] = wrong[i].value;
		CHECK_EQ(irt_chunk_open(decoder, contexts, damaged, sizeof(damaged)), 0);
		long n;
		while ((n = irt_chunk_next(decoder, events, 8)) > 0)
			;
		CHECK_EQ(n, INSTR_ERR_FORMAT);
	}
	irt_chunk_decoder_destroy(decoder);
	irt_contexts_destroy(contexts);
}

/* What is freed is told by the allocations since, what is allocated by the frees since; or both by how far away it is. */
TEST(predicted_events_of_the_heap_are_read)
{
	static const uint8_t chunk[] = {
		1, 0,                   /* version; nothing compressed */
		7, 10, 0,               /* 7 events, unit 10, start 0 */
		0, 0,                   /* no call is open */
		0, 0, 23,               /* no closed calls; 23 side bytes */
		2, 4, 23,               /* stored */
		0xff, 0x3f,             /* tokens: 3 */
		0x10, 0x11, 0x11, 0x01, /* times: 0, 1, 1 ... */
		1, 17, 3, 81, 20, 100,  /* ALLOC: site 10 family 1; + 10 * 16; 100 */
		1, 18, 2, 81, 0,        /* FREE: + 0 */
		1, 17, 3, 81, 2, 8,     /* ALLOC: + 16; 8 */
		2,                      /* as behind that ALLOC: FREE of what was allocated last */
		6, 0,                   /* as behind that FREE: ALLOC of what was freed last but one; 8 */
		6,                      /* FREE of what was allocated last but one */
		16, 31,                 /* ALLOC: - 2 * 16; 30 */
	};
	enum { FOURTH = 36 };
	static const struct irt_event want[] = {
		{.ticks = 0, .operation = IRT_OP_ALLOC, .depth = UINT32_MAX, .value = 100, .extra = 160, .site = 81},
		{.ticks = 10, .operation = IRT_OP_FREE, .depth = UINT32_MAX, .extra = 160, .site = 81},
		{.ticks = 20, .operation = IRT_OP_ALLOC, .depth = UINT32_MAX, .value = 8, .extra = 176, .site = 81},
		{.ticks = 30, .operation = IRT_OP_FREE, .depth = UINT32_MAX, .extra = 176, .site = 81},
		{.ticks = 40, .operation = IRT_OP_ALLOC, .depth = UINT32_MAX, .value = 8, .extra = 160, .site = 81},
		{.ticks = 50, .operation = IRT_OP_FREE, .depth = UINT32_MAX, .extra = 176, .site = 81},
		{.ticks = 60, .operation = IRT_OP_ALLOC, .depth = UINT32_MAX, .value = 30, .extra = 144, .site = 81},
	};
	uint8_t damaged[sizeof(chunk)];
	struct irt_event events[8];
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;

	CHECK_EQ(irt_contexts_create(&contexts), 0);
	CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
	CHECK_EQ(irt_chunk_open(decoder, contexts, chunk, sizeof(chunk)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 7);
	for (unsigned i = 0; i < 7; i++)
		harness_compare_event(&events[i], &want[i], i);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 0);
	/* what was allocated last but two: there were no three, but in the chunk before */
	memcpy(damaged, chunk, sizeof(chunk));
	damaged[FOURTH] = 10;
	CHECK_EQ(irt_chunk_open(decoder, contexts, damaged, sizeof(damaged)), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), 3);
	CHECK_EQ(irt_chunk_next(decoder, events, 8), INSTR_ERR_FORMAT);
	irt_chunk_decoder_destroy(decoder);
	irt_contexts_destroy(contexts);
}

TEST(an_empty_chunk_is_none)
{
	struct harness h = {.unit = 26, .chunk_events = 10};
	struct irt_chunk_bytes out;
	stream_make(&h.stream, 1, 0, 10);
	harness_open(&h);
	CHECK_EQ(irt_chunk_encode(h.encoder, h.walk, IRT_CODEC_ZSTD, &out), INSTR_ERR_NOT_FOUND);
	unmake(&h);
}

/* A loop that calls one function is nothing but predicted events. */
TEST(predicted_events_take_next_to_nothing)
{
	struct harness h = {.unit = 26};
	struct irt_chunk_bytes out;
	enum { CALLS = 60000 };
	harness_open(&h);
	h.stream.units = calloc(2 * CALLS + 1, sizeof(*h.stream.units));
	h.stream.units[0] = (struct instr_unit){1000000, instr_tag(INSTR_ENTER, stream_row(0), 0x7ffc00001000)};
	for (unsigned i = 0; i < CALLS; i++) {
		h.stream.units[2 * i + 1] = (struct instr_unit){1000100 + 52 * i, instr_tag(INSTR_ENTER, stream_row(2), 0x7ffc00000f00)};
		h.stream.units[2 * i + 2] = (struct instr_unit){1000126 + 52 * i, instr_tag(INSTR_EXIT, stream_row(2), 0x7ffc00000f00)};
	}
	h.stream.count = 2 * CALLS + 1;
	harness_run(&h, 0, h.stream.count);
	CHECK_EQ(irt_chunk_encode(h.encoder, h.walk, IRT_CODEC_ZSTD, &out), 0);
	CHECK(out.data_bytes < 300);
	CHECK_EQ(irt_chunk_encode(h.encoder, h.walk, IRT_CODEC_NONE, &out), 0);
	CHECK_EQ(out.codec, IRT_CODEC_NONE);
	CHECK(out.data_bytes < 2 * CALLS * 3 / 4 + 200);
	unmake(&h);
}

TEST(contexts_may_come_in_any_order_but_not_twice_different)
{
	struct irt_contexts *c;
	CHECK_EQ(irt_contexts_create(&c), 0);
	CHECK_EQ(irt_contexts_add(c, 5, 3, 0, 50), 0);
	CHECK_EQ(irt_contexts_add(c, 3, 0, 1, 30), 0);
	CHECK_EQ(irt_contexts_add(c, 3, 0, 1, 30), 0);
	CHECK_EQ(irt_contexts_add(c, 0, 0, 0, 0), 0);
	CHECK_EQ(irt_contexts_function(c, 5), 50);
	CHECK_EQ(irt_contexts_parent(c, 5), 3);
	CHECK_EQ(irt_contexts_function(c, 4), 0);
	CHECK_EQ(irt_contexts_function(c, 1u << 30), 0);
	CHECK_EQ(irt_contexts_add(c, 3, 0, 2, 30), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_contexts_add(c, 4, 0, 1, 40), INSTR_ERR_FORMAT); /* that place is taken */
	CHECK_EQ(irt_contexts_add(c, 7, 7, 0, 1), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_contexts_add(c, IRT_CCT_ID_SPAN, 0, 9, 1), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_contexts_add(c, 8, IRT_CCT_ID_SPAN, 9, 1), INSTR_ERR_FORMAT);
	irt_contexts_destroy(c);
}

TEST_MAIN()
