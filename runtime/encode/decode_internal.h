/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * decode_internal.h - what the files of the decoder share: decode.c, and decode_operands.c, which reads what an operation has
 * beside its code.
 */
#ifndef IRT_ENCODE_DECODE_INTERNAL_H
#define IRT_ENCODE_DECODE_INTERNAL_H

#include "encode/contexts.h"
#include "encode/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <zstd.h>

#include "fold/heap_code.h"

enum { IRT_DECODE_BLOCK = 1024 }; /* symbols unpacked at a time; a multiple of 4 */

struct call {
	int64_t enter; /* virtual time: ticks - waits so far in this chunk */
	uint32_t context;
	uint32_t after; /* state when it has ended */
};

struct irt_chunk_decoder {
	const struct irt_contexts *contexts;
	struct irt_chunk_header header;
	uint8_t *streams;    /* all three, decompressed, one behind the other */
	size_t stream_room;
	const uint8_t *tokens, *times;
	const uint8_t *closed, *closed_end;
	const uint8_t *side, *side_end;
	ZSTD_DCtx *zstd;

	struct irt_heap_code heap;
	uint64_t heap_near[IRT_HEAP_SIDES][IRT_HEAP_NEAR]; /* turned addresses of the last events of each side */
	uint64_t heap_count[IRT_HEAP_SIDES];
	bool heap_used;
	uint64_t done;       /* events given out or unpacked into the block and given out */
	uint64_t unpacked;
	int64_t ticks, stopped;
	int result;          /* GOING (decode.c), 0 = ended as it should, or what went wrong */

	uint32_t *states;    /* RANKS per state */
	uint32_t state_room; /* contexts that states has room for */
	uint32_t state;
	uint32_t *touched;
	size_t touched_room, touched_count;

	struct call *calls;  /* those begun in this chunk: calls[1 .. call_count] */
	size_t call_room, call_count;
	uint32_t below_context; /* the innermost of those that are not */
	uint64_t below_depth;   /* how many of these */
	uint64_t closed_left;
	int64_t closed_enter;

	struct irt_popped_call *popped; /* irt_chunk_popped */
	size_t popped_room, popped_count;

	uint8_t block[IRT_DECODE_BLOCK];
};

/* Operands in [d->side, end), into an event whose operation is known, or was predicted with most of the rest (known: the heap's
 * address is told by `where` then). INSTR_ERR_FORMAT. Of a call that may block the ticks are not complete before its time is
 * known. */
int irt_decode_heap(struct irt_chunk_decoder *d, const uint8_t *end, const struct irt_heap_prediction *known, uint64_t where,
		    struct irt_event *e);
int irt_decode_block(struct irt_chunk_decoder *d, const uint8_t *end, const struct irt_heap_prediction *known, struct irt_event *e);
int irt_decode_thread(struct irt_chunk_decoder *d, const uint8_t *end, struct irt_event *e);

/* Where the next event is: the innermost call. */
static inline uint32_t current_context(const struct irt_chunk_decoder *d)
{
	return d->call_count ? d->calls[d->call_count].context : d->below_context;
}

static inline uint32_t depth_of(const struct irt_chunk_decoder *d)
{
	return (uint32_t)(d->below_depth + d->call_count) - 1; /* UINT32_MAX: none open */
}

#endif
