/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * encode.c - a walk's open chunk to bytes.
 *
 * Packing before compressing is what makes chunks both small and fast: a compressor then sees one
 * byte for four tokens or two times, and a run of predicted events is a run of zero bytes.
 *
 * Tokens repeat themselves, and so does what is beside them. Times are noise around a few values: looking
 * for matches takes twice as long and finds next to none. Huffman's code alone makes them half as large as
 * LZ4 does, in about the same time. So a match is tried for at every thousandth byte: enough for a loop of
 * which one turn is as long as the other.
 */
#define ZSTD_STATIC_LINKING_ONLY /* for the parameter of literals */

#include "encode/format.h"

#include <emmintrin.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "fold/varint.h"

enum { LEVEL = 1, LEVEL_FEW_MATCHES = -1000, LITERALS_HUFFMAN = 1 };

struct buffer {
	uint8_t *at;
	size_t room, used;
};

struct irt_encoder {
	struct buffer tokens, times, side, out, functions;
	ZSTD_CCtx *zstd, *huffman;
	/* function set being written */
	uint32_t first, last, count;
	size_t list_bytes;
};

static bool reserve(struct buffer *b, size_t bytes)
{
	uint8_t *p;
	size_t room = b->room ? b->room : 4096;

	if (bytes <= b->room)
		return true;
	while (room < bytes)
		room *= 2;
	p = realloc(b->at, room);
	if (!p)
		return false;
	b->at = p;
	b->room = room;
	return true;
}

int irt_encoder_create(struct irt_encoder **out)
{
	struct irt_encoder *e = calloc(1, sizeof(*e));

	*out = NULL;
	if (!e)
		return INSTR_ERR_MEMORY;
	e->zstd = ZSTD_createCCtx();
	e->huffman = ZSTD_createCCtx();
	if (!e->zstd || !e->huffman) {
		irt_encoder_destroy(e);
		return INSTR_ERR_MEMORY;
	}
	ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, LEVEL);
	/* One that does not know the second parameter leaves literals as they are at such levels. */
	if (ZSTD_isError(ZSTD_CCtx_setParameter(e->huffman, ZSTD_c_literalCompressionMode, LITERALS_HUFFMAN)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(e->huffman, ZSTD_c_compressionLevel, LEVEL_FEW_MATCHES)))
		ZSTD_CCtx_setParameter(e->huffman, ZSTD_c_compressionLevel, LEVEL);
	*out = e;
	return 0;
}

void irt_encoder_destroy(struct irt_encoder *e)
{
	if (!e)
		return;
	ZSTD_freeCCtx(e->zstd);
	ZSTD_freeCCtx(e->huffman);
	free(e->tokens.at);
	free(e->times.at);
	free(e->side.at);
	free(e->out.at);
	free(e->functions.at);
	free(e);
}

/* ---- packing -------------------------------------------------------------------------------------- */

/* Four tokens to a byte, the first in the lowest bits. */
static void pack_tokens(const uint8_t *symbols, size_t count, uint8_t *out)
{
	const __m128i three = _mm_set1_epi8(3), four = _mm_set1_epi16(15), eight = _mm_set1_epi32(255);
	size_t i = 0;

	for (; i + 64 <= count; i += 64, out += 16) {
		__m128i quarter[4];
		for (int k = 0; k < 4; k++) {
			__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(symbols + i + 16 * k));
			v = _mm_and_si128(_mm_srli_epi16(v, 4), three);
			v = _mm_and_si128(_mm_or_si128(v, _mm_srli_epi16(v, 6)), four);
			quarter[k] = _mm_and_si128(_mm_or_si128(v, _mm_srli_epi32(v, 12)), eight);
		}
		_mm_storeu_si128((__m128i *)(void *)out,
				 _mm_packus_epi16(_mm_packs_epi32(quarter[0], quarter[1]),
						  _mm_packs_epi32(quarter[2], quarter[3])));
	}
	for (unsigned byte = 0; i < count; i++) {
		byte |= (unsigned)(symbols[i] >> 4 & 3) << 2 * (i % 4);
		if (i % 4 == 3 || i == count - 1) {
			*out++ = (uint8_t)byte;
			byte = 0;
		}
	}
}

/* Two times to a byte, the first in the low half. */
static void pack_times(const uint8_t *symbols, size_t count, uint8_t *out)
{
	const __m128i nibbles = _mm_set1_epi8(15), bytes = _mm_set1_epi16(255);
	size_t i = 0;

	for (; i + 32 <= count; i += 32, out += 16) {
		__m128i half[2];
		for (int k = 0; k < 2; k++) {
			__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(symbols + i + 16 * k));
			v = _mm_and_si128(v, nibbles);
			half[k] = _mm_and_si128(_mm_or_si128(v, _mm_srli_epi16(v, 4)), bytes);
		}
		_mm_storeu_si128((__m128i *)(void *)out, _mm_packus_epi16(half[0], half[1]));
	}
	for (; i < count; i += 2, out++)
		*out = (uint8_t)((symbols[i] & 15) | (i + 1 < count ? (symbols[i + 1] & 15) << 4 : 0));
}

/* ---- streams -------------------------------------------------------------------------------------- */

/* Appends the stream to out, compressed if that is smaller; there is room for it as it is. Returns the
 * codec used. */
static enum irt_codec put_stream(struct irt_encoder *e, const struct buffer *b, enum irt_codec codec)
{
	uint8_t *out = e->out.at + e->out.used;
	size_t bytes = 0;

	if (codec == IRT_CODEC_ZSTD && b->used > 1) {
		bytes = ZSTD_compress2(b == &e->times ? e->huffman : e->zstd, out, b->used - 1, b->at, b->used);
		if (ZSTD_isError(bytes))
			bytes = 0;
	}
	if (bytes == 0) {
		if (b->used)
			memcpy(out, b->at, b->used);
		bytes = b->used;
		codec = IRT_CODEC_NONE;
	}
	e->out.used += bytes;
	return codec;
}

/* The calls that the chunk ends but did not begin, in front of the side bytes. */
static size_t put_closed(uint8_t *out, const struct irt_walk_chunk *c)
{
	uint8_t *p = out;
	int64_t last = c->start_ticks;

	for (size_t i = 0; i < c->closed_count; i++) {
		p = irt_put_varint(p, irt_zigzag((int64_t)((uint64_t)last - (uint64_t)c->closed[i].enter_ticks)));
		p = irt_put_varint(p, c->closed[i].folded ? (uint64_t)c->closed[i].below + 1 : 0);
		last = c->closed[i].enter_ticks;
	}
	return (size_t)(p - out);
}

/* ---- set of functions ------------------------------------------------------------------------------ */

static int list_function(void *user, uint32_t function)
{
	struct irt_encoder *e = user;
	struct buffer *b = &e->functions;

	if (!reserve(b, b->used + IRT_VARINT_MAX))
		return INSTR_ERR_MEMORY;
	if (b->used == 1)
		e->first = function;
	b->used = (size_t)(irt_put_varint(b->at + b->used, b->used == 1 ? function : function - e->last) - b->at);
	e->last = function;
	return 0;
}

static int mark_function(void *user, uint32_t function)
{
	struct irt_encoder *e = user;

	e->functions.at[e->list_bytes + (function - e->first) / 8] |= (uint8_t)(1 << (function - e->first) % 8);
	return 0;
}

/* A list of distances, or bits where that is shorter. */
static int put_functions(struct irt_encoder *e, struct irt_walk *walk)
{
	struct buffer *b = &e->functions;
	uint8_t head[1 + IRT_VARINT_MAX];
	size_t head_bytes, bits_bytes;
	int err;

	if (!reserve(b, 1))
		return INSTR_ERR_MEMORY;
	b->at[0] = SET_LIST;
	b->used = 1;
	err = irt_walk_chunk_functions(walk, e, list_function);
	if (err || b->used == 1)
		return err;
	head[0] = SET_BITS;
	head_bytes = (size_t)(irt_put_varint(head + 1, e->first) - head);
	bits_bytes = (e->last - e->first) / 8 + 1;
	if (head_bytes + bits_bytes >= b->used)
		return 0;
	if (!reserve(b, head_bytes + bits_bytes))
		return INSTR_ERR_MEMORY;
	memcpy(b->at, head, head_bytes);
	memset(b->at + head_bytes, 0, bits_bytes);
	b->used = head_bytes + bits_bytes;
	e->list_bytes = head_bytes;
	return irt_walk_chunk_functions(walk, e, mark_function);
}

/* ---- a chunk ---------------------------------------------------------------------------------------- */

int irt_chunk_encode(struct irt_encoder *e, struct irt_walk *walk, enum irt_codec codec,
		     struct irt_chunk_bytes *out)
{
	struct irt_walk_chunk *c = &out->columns;
	struct buffer *streams[STREAMS] = {&e->tokens, &e->times, &e->side};
	uint8_t body_codecs = 0, *p, head[CHUNK_HEADER_MAX];
	size_t stored[STREAMS], closed_bytes, head_bytes;
	int err;

	irt_walk_chunk(walk, c);
	if (c->events == 0)
		return INSTR_ERR_NOT_FOUND;
	e->tokens.used = (c->events + 3) / 4;
	e->times.used = (c->events + 1) / 2;
	if (!reserve(&e->tokens, e->tokens.used) || !reserve(&e->times, e->times.used) ||
	    !reserve(&e->side, c->closed_count * 2 * IRT_VARINT_MAX + c->side_bytes))
		return INSTR_ERR_MEMORY;
	pack_tokens(c->symbols, c->events, e->tokens.at);
	pack_times(c->symbols, c->events, e->times.at);
	closed_bytes = put_closed(e->side.at, c);
	if (c->side_bytes)
		memcpy(e->side.at + closed_bytes, c->side, c->side_bytes);
	e->side.used = closed_bytes + c->side_bytes;
	if (e->side.used > CHUNK_SIDE_MAX)
		return INSTR_ERR_FULL;

	/* The head comes before the streams but tells their lengths: leave room for the longest. */
	if (!reserve(&e->out, CHUNK_HEADER_MAX + e->tokens.used + e->times.used + e->side.used))
		return INSTR_ERR_MEMORY;
	e->out.used = CHUNK_HEADER_MAX;
	out->codec = IRT_CODEC_NONE;
	for (int i = 0; i < STREAMS; i++) {
		size_t before = e->out.used;
		enum irt_codec used = put_stream(e, streams[i], codec);
		stored[i] = e->out.used - before;
		body_codecs |= (uint8_t)((unsigned)used << 2 * i);
		if (used != IRT_CODEC_NONE)
			out->codec = used;
	}
	p = head;
	*p++ = CHUNK_VERSION;
	*p++ = body_codecs;
	p = irt_put_varint(p, c->events);
	p = irt_put_varint(p, c->time_unit_ticks);
	p = irt_put_varint(p, irt_zigzag(c->start_ticks));
	p = irt_put_varint(p, c->start_context);
	p = irt_put_varint(p, c->start_depth);
	p = irt_put_varint(p, c->closed_count);
	p = irt_put_varint(p, closed_bytes);
	p = irt_put_varint(p, c->side_bytes);
	for (int i = 0; i < STREAMS; i++)
		p = irt_put_varint(p, stored[i]);
	head_bytes = (size_t)(p - head);
	out->data = memcpy(e->out.at + CHUNK_HEADER_MAX - head_bytes, head, head_bytes);
	out->data_bytes = e->out.used - CHUNK_HEADER_MAX + head_bytes;

	err = put_functions(e, walk);
	if (err)
		return err;
	out->functions = e->functions.at;
	out->function_bytes = e->functions.used;
	return 0;
}

bool irt_chunk_has_function(const uint8_t *functions, size_t bytes, uint32_t function)
{
	const uint8_t *p, *end;
	uint64_t at = 0, step;

	if (bytes == 0 || functions[0] > SET_BITS)
		return true;
	p = functions + 1;
	end = functions + bytes;
	if (functions[0] == SET_BITS) {
		if (!irt_get_varint(&p, end, &at))
			return true;
		if (function < at || (function - at) / 8 >= (uint64_t)(end - p))
			return false;
		return p[(function - at) / 8] >> (function - at) % 8 & 1;
	}
	while (p < end) {
		if (!irt_get_varint(&p, end, &step))
			return true;
		at += step;
		if (at >= function)
			return at == function;
	}
	return false;
}
