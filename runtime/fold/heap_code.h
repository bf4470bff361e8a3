/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_code.h - how a chunk tells events of the heap, of locks and of calls that may block in few bytes; the walk and the
 * decoder keep the same tables. docs/format.md has it in words.
 *
 * What a program does to its heap repeats itself: behind one event comes mostly the one that came behind its
 * like the last time. So each event is predicted by the one before: operation, site and size. What is freed was
 * mostly allocated not long ago, and what is allocated gets the address of what was freed not long ago: such an
 * address is told by how many allocations, or frees, have come since. A call that may block takes about as long as
 * has gone by since it began.
 */
#ifndef IRT_FOLD_HEAP_CODE_H
#define IRT_FOLD_HEAP_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "fold/event.h"

enum {
	IRT_HEAP_SLOTS = 256,
	IRT_HEAP_NEAR = 4096, /* allocations, and frees, that an address may be told by; a power of two */
};

struct irt_heap_prediction {
	uint64_t bytes; /* of a BLOCK its kind */
	uint32_t site;
	uint16_t operation; /* 0 = there is no prediction */
	uint16_t next;  /* the walk's own: irt_heap_slot_behind */
};

/* Blocks and locks lie apart: an address is told from the last one of its own. */
enum irt_heap_base { IRT_HEAP_BASE_BLOCKS, IRT_HEAP_BASE_LOCKS, IRT_HEAP_BASES };
static inline enum irt_heap_base irt_heap_base(uint32_t operation)
{
	return operation >= IRT_OP_ACQUIRED ? IRT_HEAP_BASE_LOCKS : IRT_HEAP_BASE_BLOCKS;
}

struct irt_heap_code { /* all zero when a chunk begins */
	struct irt_heap_prediction slots[IRT_HEAP_SLOTS];
	uint64_t address[IRT_HEAP_BASES]; /* of the last event of the heap, and of locks, turned: most addresses are multiples of 16 */
	uint32_t last;    /* the slot that predicts the next event */
	bool has_begun;   /* there was a BLOCKING in the chunk; */
	int64_t begun_ticks; /* the last one's time */
};

static inline uint64_t irt_turned(uint64_t address) { return address >> 4 | address << 60; }
static inline uint64_t irt_turned_back(uint64_t turned) { return turned << 4 | turned >> 60; }

/* The slot that predicts what comes behind this event. */
static inline uint32_t irt_heap_slot_behind(uint32_t operation, uint32_t site)
{
	return ((site << 2) + (operation - IRT_OP_ALLOC)) * UINT32_C(0x9e3779b1) >> 24;
}

/* What follows an escape (enum irt_side) says an address by 2 * how many have come since, or by 1 + 2 * the distance from
 * the last event's, zigzag; above what fits there is the operation that is not predicted. */
#define IRT_HEAP_DISTANCE_MAX ((UINT64_C(1) << 61) - 1)

/* Of which events the addresses are told by others': of those of the other one of these two. */
enum irt_heap_side { IRT_HEAP_BEGINS, IRT_HEAP_ENDS, IRT_HEAP_SIDES };
static inline unsigned irt_heap_side(uint32_t operation)
{
	return operation == IRT_OP_ALLOC || operation == IRT_OP_RESIZED ? IRT_HEAP_BEGINS :
	       operation <= IRT_OP_UNMAP ? IRT_HEAP_ENDS : IRT_HEAP_SIDES;
}

/* Has the operation a size, or another value? */
static inline int irt_heap_has_bytes(uint32_t operation)
{
	return operation == IRT_OP_ALLOC || operation == IRT_OP_RESIZED || operation == IRT_OP_UNMAP ||
	       operation == IRT_OP_WAITING || operation == IRT_OP_WAITED || operation == IRT_OP_REFUSED ||
	       operation == IRT_OP_SIGNALLED || operation == IRT_OP_CONDITION;
}

#endif
