/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * plain_decoder.h - a second decoder of chunks and histograms, written from docs/format.md alone and
 * as plainly as it says it there. For undamaged bytes; it aborts on others.
 */
#ifndef TESTS_PLAIN_DECODER_H
#define TESTS_PLAIN_DECODER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "fold/event.h"

struct plain_context {
	uint32_t parent, ordinal;
};

enum { PLAIN_EXIT = -1, PLAIN_UNWIND = -2, PLAIN_TAIL = -3, PLAIN_NONE = -4, PLAIN_FOLDED = 1 << 30, PLAIN_PREDICTED = 1000 };

struct plain_call {
	uint32_t context;
	int64_t enter;
	uint64_t waits_before;
	int folded;
};

struct plain {
	const struct plain_context *contexts;
	uint32_t context_count;
	const uint8_t *side, *closed;
	int64_t closed_enter;
	struct plain_call *stack; /* calls that the chunk begins */
	size_t depth, below_depth;
	uint32_t below;           /* innermost call that it does not */
	uint32_t state;           /* 2 c = E(c), 2 c + 1 = R(c) */
	int (*lists)[3];
	uint64_t waits;
	struct { uint64_t op, site, bytes; } slots[256];
	uint32_t slot;
	uint64_t turned[2]; /* the last address: of the heap, of locks */
	int has_begun;   /* a call that may block has; the last one then */
	int64_t begun_ticks;
	uint64_t *near[2], near_count[2]; /* addresses of all ALLOC and RESIZED; of all FREE, RESIZE and UNMAP */
};

static inline uint64_t plain_varint(const uint8_t **p)
{
	uint64_t v = 0;
	int shift = 0;
	for (; **p & 128; shift += 7)
		v |= (uint64_t)(*(*p)++ & 127) << shift;
	return v | (uint64_t)*(*p)++ << shift;
}
static inline int64_t plain_signed(const uint8_t **p)
{
	uint64_t v = plain_varint(p);
	return v % 2 ? -(int64_t)(v / 2) - 1 : (int64_t)(v / 2);
}

static inline uint8_t *plain_stream(unsigned codec, const uint8_t *in, size_t stored, size_t bytes)
{
	uint8_t *out = malloc(bytes + 1);
	if (codec == 0 && stored == bytes)
		memcpy(out, in, bytes);
	else if (codec != 2 || ZSTD_decompress(out, bytes, in, stored) != bytes)
		abort();
	return out;
}

static inline uint32_t plain_current(const struct plain *d)
{
	return d->depth ? d->stack[d->depth - 1].context : d->below;
}

static inline void plain_heap(struct plain *d, uint64_t op, uint64_t where, struct irt_event *e)
{
	int predicted = op == PLAIN_PREDICTED;
	const uint8_t *end = NULL;
	uint64_t site = d->slots[d->slot].site, bytes = 0;
	if (predicted) {
		op = d->slots[d->slot].op;
	} else {
		uint64_t length = plain_varint(&d->side);
		end = d->side + length;
		site = plain_varint(&d->side);
	}
	int ends = op == 18 || op == 19 || op == 21;
	uint64_t *turned = &d->turned[op >= 32];
	if (!predicted) {
		*turned += (uint64_t)plain_signed(&d->side);
	} else if (where % 2) {
		*turned += where / 2 % 2 ? -(where / 4) - 1 : where / 4;
	} else {
		if (op > 21 || where / 2 >= d->near_count[!ends] || where / 2 >= 4096)
			abort();
		*turned = d->near[!ends][d->near_count[!ends] - 1 - where / 2];
	}
	if (op <= 21)
		d->near[ends][d->near_count[ends]++] = *turned;
	if (op == 17 || op == 20 || op == 21 || op == 33 || op == 34 || op == 36 || op == 39 || op == 40) {
		bytes = plain_varint(&d->side);
		if (predicted)
			bytes = bytes ? bytes - 1 : d->slots[d->slot].bytes;
	}
	if (end && d->side != end)
		abort();
	d->slots[d->slot].op = op;
	d->slots[d->slot].site = site;
	d->slots[d->slot].bytes = bytes;
	d->slot = (uint32_t)(4 * site + op - 17) * 2654435769u / (1u << 24);
	e->operation = (uint32_t)op;
	e->site = (uint32_t)site;
	e->extra = *turned * 16 + *turned / ((uint64_t)1 << 60);
	e->value = bytes;
}

/* A call that may block. Its ticks are still to be added to what has gone by. */
static inline void plain_block(struct plain *d, uint64_t op, struct irt_event *e)
{
	int predicted = op == PLAIN_PREDICTED;
	uint64_t site = d->slots[d->slot].site, kind = 0;
	const uint8_t *end = NULL;
	if (predicted) {
		op = d->slots[d->slot].op;
	} else {
		uint64_t length = plain_varint(&d->side);
		end = d->side + length;
		site = plain_varint(&d->side);
	}
	if (op == 24) {
		kind = plain_varint(&d->side);
		if (predicted)
			kind = kind ? kind - 1 : d->slots[d->slot].bytes;
		e->value = (uint64_t)plain_signed(&d->side);
		e->extra = plain_varint(&d->side) | kind / 2 << 48 | kind % 2 << 63;
	}
	if (end && d->side != end)
		abort();
	d->slots[d->slot].op = op;
	d->slots[d->slot].site = site;
	d->slots[d->slot].bytes = kind;
	d->slot = (uint32_t)(4 * site + op - 17) * 2654435769u / (1u << 24);
	e->operation = (uint32_t)op;
	e->site = (uint32_t)site;
}

/* A thread was created. */
static inline void plain_thread(struct plain *d, struct irt_event *e)
{
	uint64_t length = plain_varint(&d->side);
	const uint8_t *end = d->side + length;

	e->operation = 27;
	e->site = (uint32_t)plain_varint(&d->side);
	e->extra = plain_varint(&d->side);
	e->value = plain_varint(&d->side);
	if (d->side != end)
		abort();
}

static inline struct plain_call plain_end(struct plain *d)
{
	struct plain_call c;
	if (d->depth) {
		c = d->stack[--d->depth];
	} else {
		uint64_t below;
		c.context = d->below;
		d->closed_enter -= plain_signed(&d->closed);
		c.enter = d->closed_enter;
		c.waits_before = 0;
		below = plain_varint(&d->closed);
		c.folded = below != 0;
		d->below = below ? (uint32_t)below - 1 : d->contexts[c.context].parent;
		d->below_depth--;
	}
	d->state = c.folded ? 2 * plain_current(d) : 2 * c.context + 1;
	return c;
}

/* Decodes a chunk; returns its events, which the caller frees. */
static inline struct irt_event *plain_decode(const struct plain_context *contexts, uint32_t context_count,
					     const uint8_t *data, size_t bytes, size_t *count)
{
	struct plain d = {.contexts = contexts, .context_count = context_count};
	const uint8_t *p = data + 2;
	uint64_t n = plain_varint(&p), unit = plain_varint(&p);
	int64_t ticks = plain_signed(&p);
	uint64_t start = plain_varint(&p), depth = plain_varint(&p);
	uint64_t closed = plain_varint(&p), closed_bytes = plain_varint(&p), side_bytes = plain_varint(&p);
	uint64_t stored[3];
	uint8_t *tokens, *times, *side;
	struct irt_event *events = calloc(n + 1, sizeof(*events));

	if (data[0] != 1)
		abort();
	for (int i = 0; i < 3; i++)
		stored[i] = plain_varint(&p);
	tokens = plain_stream(data[1] & 3, p, stored[0], (n + 3) / 4);
	times = plain_stream(data[1] >> 2 & 3, p + stored[0], stored[1], (n + 1) / 2);
	side = plain_stream(data[1] >> 4 & 3, p + stored[0] + stored[1], stored[2], closed_bytes + side_bytes);
	if (p + stored[0] + stored[1] + stored[2] != data + bytes)
		abort();
	d.closed = side;
	d.side = side + closed_bytes;
	d.closed_enter = ticks;
	d.below = (uint32_t)start;
	d.below_depth = depth;
	d.state = 2 * d.below;
	d.stack = calloc(n + 1, sizeof(*d.stack));
	for (int i = 0; i < 2; i++)
		d.near[i] = malloc((n + 1) * sizeof(*d.near[i]));
	d.lists = malloc(2 * (size_t)context_count * sizeof(*d.lists));
	for (uint32_t i = 0; i < 2 * context_count; i++)
		d.lists[i][0] = d.lists[i][1] = d.lists[i][2] = PLAIN_NONE;

	for (uint64_t i = 0; i < n; i++) {
		struct irt_event *e = &events[i];
		unsigned token = tokens[i / 4] >> 2 * (i % 4) & 3;
		uint64_t steps = times[i / 2] >> 4 * (i % 2) & 15, k, what = 0, op = 0;
		int *list = d.lists[d.state], s = PLAIN_NONE, before = (int)(d.below_depth + d.depth) - 1;
		uint32_t now = plain_current(&d);
		struct plain_call ended;

		memset(&ended, 0, sizeof(ended));
		if (token < 3) {
			s = list[token];
		} else {
			what = plain_varint(&d.side);
			if (what == 0)
				s = PLAIN_EXIT;
			else if (what == 1)
				op = plain_varint(&d.side);
			else if (what % 2 == 0)
				op = PLAIN_PREDICTED;
			else
				for (uint32_t c = 1; c < context_count; c++)
					if (contexts[c].parent == now && contexts[c].ordinal == (what - 3) / 2)
						s = (int)c;
			if (op == 2)
				s = PLAIN_UNWIND;
			if (op == 3)
				s = PLAIN_TAIL;
			if (op == 10)
				s = (int)plain_varint(&d.side) | PLAIN_FOLDED;
			token = 2;
		}
		e->context = now;
		e->depth = (uint32_t)before;
		if (s != PLAIN_NONE) {
			for (; token > 0; token--)
				list[token] = list[token - 1];
			list[0] = s;
		} else {
			e->operation = (uint32_t)op;
			if (op == 4 || op == 9) {
				e->value = plain_varint(&d.side);
				for (k = 0; k < e->value; k++)
					plain_end(&d);
			} else if (op == 5 || op == 7) {
				e->value = plain_varint(&d.side);
			} else if (op == 6) {
				e->value = plain_varint(&d.side);
				e->extra = plain_varint(&d.side);
			} else if (op == PLAIN_PREDICTED && !d.slots[d.slot].op) {
				abort();
			} else if (op == 24 || op == 25 || (op == PLAIN_PREDICTED && d.slots[d.slot].op / 2 == 12)) {
				if (op == PLAIN_PREDICTED && what != 2)
					abort();
				plain_block(&d, op, e);
			} else if (op == PLAIN_PREDICTED || (op >= 17 && op <= 23) || (op >= 32 && op <= 40)) {
				plain_heap(&d, op, (what - 2) / 2, e);
			} else if (op == 27) {
				plain_thread(&d, e);
			} else if (op == 26 ? plain_varint(&d.side) != 0 : op != 8) {
				abort();
			}
		}
		if (s < 0 && s != PLAIN_NONE)
			ended = plain_end(&d);
		if (steps == 15)
			steps += plain_varint(&d.side);
		ticks += (int64_t)(steps * unit);
		e->ticks = ticks;
		if (s == PLAIN_NONE) {
			if (op == 7)
				d.waits += e->value;
			if (e->operation == 24 && d.has_begun)
				e->value += (uint64_t)(ticks - d.begun_ticks);
			if (e->operation == 25) {
				d.has_begun = 1;
				d.begun_ticks = ticks;
			}
		} else if (s < 0) {
			e->operation = s == PLAIN_EXIT ? IRT_OP_EXIT : s == PLAIN_UNWIND ? IRT_OP_UNWIND : IRT_OP_TAIL;
			e->value = (uint64_t)(ticks - ended.enter) - (d.waits - ended.waits_before);
			e->context = ended.context;
		} else {
			struct plain_call *c = &d.stack[d.depth++];
			c->context = (uint32_t)(s & ~PLAIN_FOLDED);
			c->folded = (s & PLAIN_FOLDED) != 0;
			c->enter = ticks;
			c->waits_before = d.waits;
			d.state = 2 * c->context;
			e->operation = IRT_OP_ENTER;
			e->context = c->context;
			e->depth = (uint32_t)before + 1;
		}
	}
	if (d.side != side + closed_bytes + side_bytes || d.closed != side + closed_bytes ||
	    depth - d.below_depth != closed)
		abort();
	free(tokens);
	free(times);
	free(side);
	free(d.stack);
	free(d.near[0]);
	free(d.near[1]);
	free(d.lists);
	*count = n;
	return events;
}

/* Of a chunk: the contexts of the calls that end in it but have begun before it, innermost first, and last the
 * context below them all. Their number is *count; the caller frees them. */
static inline uint32_t *plain_closed(const struct plain_context *contexts, const uint8_t *data, size_t *count)
{
	const uint8_t *p = data + 2;
	uint64_t header[8], stored[3];
	for (int i = 0; i < 8; i++)
		header[i] = i == 2 ? (uint64_t)plain_signed(&p) : plain_varint(&p);
	for (int i = 0; i < 3; i++)
		stored[i] = plain_varint(&p);
	uint8_t *side = plain_stream(data[1] >> 4 & 3, p + stored[0] + stored[1], stored[2], header[6] + header[7]);
	uint32_t *list = calloc(header[5] + 1, sizeof(*list));
	const uint8_t *at = side;
	list[0] = (uint32_t)header[3];
	for (uint64_t i = 0; i < header[5]; i++) {
		plain_signed(&at);
		uint64_t below = plain_varint(&at);
		list[i + 1] = below ? (uint32_t)below - 1 : contexts[list[i]].parent;
	}
	free(side);
	*count = header[5];
	return list;
}

/* Adds the histogram's counts to counts[976]. */
static inline void plain_histogram(const uint8_t *bytes, size_t count, uint64_t *counts)
{
	const uint8_t *p = bytes + 1;
	uint64_t bucket = 0;
	if (count == 0)
		return;
	if (bytes[0] != 1)
		abort();
	while (p < bytes + count) {
		bucket += plain_varint(&p);
		counts[bucket] += plain_varint(&p);
	}
}

static inline unsigned plain_bucket(uint64_t v)
{
	unsigned e = 0;
	if (v < 16)
		return (unsigned)v;
	while (v >> e >> 1)
		e++;
	return (e - 4) * 16 + (unsigned)(v >> (e - 4));
}

#endif
