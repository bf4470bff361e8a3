/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_code.h - how a chunk tells events of the heap and of locks in few bytes; the walk and the decoder keep the same
 * tables. docs/format.md has it in words.
 *
 * What a program does to its heap repeats itself: behind one event comes mostly the one that came behind its
 * like the last time. So each event is predicted by the one before: operation, site and size.
 */
#ifndef IRT_FOLD_HEAP_CODE_H
#define IRT_FOLD_HEAP_CODE_H

#include <stdint.h>

#include "fold/event.h"

enum { IRT_HEAP_SLOTS = 256 };

struct irt_heap_prediction {
	uint64_t row;   /* the walk's own: the site's row; 0 = there is no prediction */
	uint64_t bytes;
	uint32_t site;
	uint32_t operation; /* 0 = there is no prediction */
};

struct irt_heap_code { /* all zero when a chunk begins */
	struct irt_heap_prediction slots[IRT_HEAP_SLOTS];
	uint64_t address; /* of the last event, turned: most addresses are multiples of 16 */
	uint32_t last;    /* the slot that predicts the next event */
};

static inline uint64_t irt_turned(uint64_t address) { return address >> 4 | address << 60; }
static inline uint64_t irt_turned_back(uint64_t turned) { return turned << 4 | turned >> 60; }

/* The slot that predicts what comes behind this event. */
static inline uint32_t irt_heap_slot_behind(uint32_t operation, uint32_t site)
{
	return ((site << 2) + (operation - IRT_OP_ALLOC)) * UINT32_C(0x9e3779b1) >> 24;
}

/* Has the operation a size, or another value? */
static inline int irt_heap_has_bytes(uint32_t operation)
{
	return operation == IRT_OP_ALLOC || operation == IRT_OP_RESIZED || operation == IRT_OP_UNMAP ||
	       operation == IRT_OP_WAITING || operation == IRT_OP_WAITED || operation == IRT_OP_REFUSED;
}

#endif
