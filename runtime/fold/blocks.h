/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocks.h - the calls of a process that may block, added up by calling context, site, whether the thread had a lock, and what the descriptor
 * is of. Sums need no order, so each thread's walk adds its own as it comes to them.
 */
#ifndef IRT_FOLD_BLOCKS_H
#define IRT_FOLD_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "fold/histogram.h"
#include "instr/record.h"

struct irt_blocks;

struct irt_block_row { /* a row of block_totals */
	uint32_t context, site_id;
	uint32_t descriptor;        /* enum instr_descriptor */
	bool with_lock;             /* the thread had a lock all the while */
	uint64_t calls, failed;
	uint64_t bytes;             /* moved by those that did not fail */
	uint64_t total_ticks, max_ticks;
	struct irt_histogram times; /* of all calls, ticks */
};

/* One call: in the record, and in an event's `extra`. */
static inline uint64_t irt_block_bytes(uint64_t what) { return what & INSTR_BLOCK_BYTES_MASK; }
static inline uint32_t irt_block_kind(uint64_t what) { return (uint32_t)(what >> INSTR_BLOCK_KIND_SHIFT) & INSTR_BLOCK_KIND_MASK; }
/* Not in the record: the walk knows it. */
#define IRT_BLOCK_WITH_LOCK (UINT64_C(1) << (INSTR_BLOCK_KIND_SHIFT + 4))
static inline bool irt_block_with_lock(uint64_t what) { return (what & IRT_BLOCK_WITH_LOCK) != 0; }
static inline bool irt_block_failed(uint64_t what) { return (what & INSTR_BLOCK_FAILED) != 0; }
/* Without the bits that mean nothing. */
static inline uint64_t irt_block_what(uint64_t what)
{
	return what & (INSTR_BLOCK_BYTES_MASK | (uint64_t)INSTR_BLOCK_KIND_MASK << INSTR_BLOCK_KIND_SHIFT | INSTR_BLOCK_FAILED);
}

/* INSTR_ERR_MEMORY. */
int irt_blocks_create(struct irt_blocks **blocks);
void irt_blocks_destroy(struct irt_blocks *blocks); /* NULL is allowed */

/* INSTR_ERR_MEMORY: nothing was added. */
int irt_blocks_add(struct irt_blocks *blocks, uint32_t context, uint32_t site_id, uint64_t ticks, uint64_t what);

/* Rows that differ from what was last saved, or all, in the order of their first calls. A result of `each` other than 0 ends
 * it and is returned. */
bool irt_blocks_is_unsaved(const struct irt_blocks *blocks);
int irt_blocks_each_changed(const struct irt_blocks *blocks, void *user,
			    int (*each)(void *user, const struct irt_block_row *row));
int irt_blocks_each(const struct irt_blocks *blocks, void *user, int (*each)(void *user, const struct irt_block_row *row));
void irt_blocks_saved(struct irt_blocks *blocks);

/* A row of the file; on success its histogram is the table's. INSTR_ERR_FORMAT: it cannot be; INSTR_ERR_MEMORY. */
int irt_blocks_restore(struct irt_blocks *blocks, const struct irt_block_row *row);

#endif
