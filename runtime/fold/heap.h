/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.h - the heap of one process: the blocks that are alive, exact sums by place, the exact peak.
 *
 * Walks put in what their threads did (irt_heap_add), each in its thread's order; settling brings the
 * threads together in the order of time and applies it. A place is a calling context and a site.
 *
 *     walks ──► irt_heap_add ──► pending ──► irt_heap_settle ──► blocks, places, peak ──► rows
 *
 * Order. A free is stamped and published before it is done, an allocation behind it: so of two events
 * of one address the first in truth is the first by time, but for clocks of two processors that
 * differ by less than SLACK, and records that come late. What does not fit is kept until the settling
 * after next before it counts as a fault.
 *
 * The peak is the first moment at which most bytes were alive. What each place had at it comes without a
 * copy of them all: a place keeps what it had when it changes for the first time behind a peak.
 *
 * Memory: 32 bytes per block alive in a table that is at least half full (of a pool: up to 64 more), about 250 per
 * place, 40 per pending event; nothing per dead block.
 *
 * Threads: one at a time.
 */
#ifndef IRT_FOLD_HEAP_H
#define IRT_FOLD_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold/histogram.h"
#include "fold/pending.h"
#include "instr/hooks.h"

struct irt_heap;

/* What counts apart: pools and mappings are made of the same memory as the heap, or the heap of them. Stored in
 * the trace. */
enum irt_heap_kind { IRT_HEAP_HEAP, IRT_HEAP_POOLS, IRT_HEAP_MAPPINGS, IRT_HEAP_KINDS };

static inline enum irt_heap_kind irt_heap_kind(unsigned family)
{
	return family == INSTR_FAMILY_POOL ? IRT_HEAP_POOLS : family == INSTR_FAMILY_MAPPING ? IRT_HEAP_MAPPINGS : IRT_HEAP_HEAP;
}

enum {
	IRT_HEAP_SLACK_TICKS = 1 << 13, /* two to four microseconds */
	IRT_HEAP_PENDING_MAX = 1 << 20, /* of more pending events the oldest are applied whatever may still come */
};

/* Addresses are below this; above it the heap keeps the kind of a block. */
#define IRT_HEAP_ADDRESS_MASK ((UINT64_C(1) << 60) - 1)

/* A site and its family in one number: irt_event.site and below. */
static inline uint32_t irt_site(uint32_t site_id, unsigned family) { return site_id << 3 | family; }
static inline uint32_t irt_site_id(uint32_t site) { return site >> 3; }
static inline unsigned irt_site_family(uint32_t site) { return site & 7; }

/* RESIZED with these bytes: it failed. */
#define IRT_HEAP_FAILED UINT64_C(0x0000ffffffffffff)

/* forked: of a fork child; frees of its parent's blocks are no faults. INSTR_ERR_MEMORY. */
int irt_heap_create(struct irt_heap **heap, bool forked);
void irt_heap_destroy(struct irt_heap *heap); /* NULL is allowed */

/* An event that cannot be (a realloc of a pool's block) is passed over. INSTR_ERR_MEMORY: nothing has changed. */
int irt_heap_add(struct irt_heap *heap, const struct irt_shared_event *event);

/* The same for many of one thread, in order, of the heap alone (irt_heap_kind), addresses below 2^60: where up to `count` of them are to be put (NULL: no memory), and how
 * many were. */
struct irt_shared_event *irt_heap_room(struct irt_heap *heap, size_t count);
void irt_heap_added(struct irt_heap *heap, size_t count);

/* Applies what is pending up to that time; behind it, another thread may still have been earlier.
 * INT64_MAX: all, and nothing will come that could explain what does not fit. INSTR_ERR_MEMORY: not all;
 * call it again. */
int irt_heap_settle(struct irt_heap *heap, int64_t until_ticks);

/* The same, but what does not fit waits as before, however often this is called. For a caller who has walked a little and
 * goes on: it is faster while what was walked is in the cache. */
int irt_heap_advance(struct irt_heap *heap, int64_t until_ticks);
size_t irt_heap_pending(const struct irt_heap *heap); /* how many events are */

/* Is there a time up to which all has been applied, and nothing behind it? Then in *ticks; INT64_MAX: all there is.
 * Not so where an event was applied out of its turn, or more waited than may (IRT_HEAP_PENDING_MAX). */
bool irt_heap_stands_at(const struct irt_heap *heap, int64_t *ticks);

/* The earliest of what was applied since the last irt_heap_saved and is not later than the last moment that was saved:
 * a hook was held up that had read the clock. What is of that time or later and was saved as even is not. INT64_MAX:
 * none. (Of moments that a heap does not know of, what comes first is told.) */
int64_t irt_heap_late_ticks(const struct irt_heap *heap);

/* Is there something to settle? Does it differ from what was saved? */
bool irt_heap_is_waiting(const struct irt_heap *heap);
bool irt_heap_is_unsaved(const struct irt_heap *heap);

/* A thread does nothing more than what was put in. */
void irt_heap_end_thread(struct irt_heap *heap, uint32_t thread);

/* ---- rows: of what is settled. schema.sql says what the columns mean -------------------------------- */

struct irt_heap_sums { /* heaps, heap_samples */
	uint64_t allocs, bytes, frees, freed_bytes, failed, resized, temporary, crossed, lost, unknown_frees;
	uint64_t peak_blocks, peak_bytes;
	int64_t peak_ticks; /* meaningless while peak_bytes is 0 */
};
/* false: nothing of that kind ever happened. */
bool irt_heap_sums(const struct irt_heap *heap, enum irt_heap_kind kind, struct irt_heap_sums *sums);

struct irt_heap_place { /* heap_totals */
	uint32_t context, site_id, kind;
	uint64_t allocs, bytes, frees, freed_bytes, failed, resized, temporary, crossed;
	uint64_t max_bytes, peak_blocks, peak_bytes;
	uint64_t chains, grown, moved, moved_bytes;
	uint64_t life_ticks, released, released_bytes;
	struct irt_histogram sizes, lifetimes; /* the heap's own */
};

struct irt_heap_block { /* live_blocks */
	uint64_t address, bytes;
	int64_t ticks;
	uint32_t context, site; /* irt_site: the block's family */
	uint32_t thread;
	uint32_t resizer;       /* 0 = none */
	uint64_t pool;          /* that it is of; 0 = none */
	bool resized;           /* a realloc made it */
};

enum irt_heap_fault_kind { IRT_HEAP_WRONG_FAMILY, IRT_HEAP_FREED_TWICE, IRT_HEAP_UNKNOWN, IRT_HEAP_LOST };
struct irt_heap_fault { /* heap_faults */
	uint32_t kind;
	uint32_t context, site_id, block_context, block_site_id;
	uint64_t count, address;
	int64_t first_ticks;
};

/* Whether blocks get their rows with the first saving (as they do if nothing is said) or, if they still live
 * then, with the second: a row costs much, and most blocks die young. Until then they are with what is pending. */
void irt_heap_want_rows(struct irt_heap *heap, bool of_all);

/* What differs from what was last saved, both by address: blocks that are in the file and no more alive (first), those that
 * are alive and not in the file, places, faults. What `each` returns, if not 0, ends it and is returned. */
int irt_heap_each_gone(struct irt_heap *heap, void *user,
		       int (*each)(void *user, enum irt_heap_kind kind, uint64_t address));
int irt_heap_each_block(struct irt_heap *heap, void *user, int (*each)(void *user, const struct irt_heap_block *block));
int irt_heap_each_place(struct irt_heap *heap, void *user, int (*each)(void *user, const struct irt_heap_place *place));
/* What is alive of those places of which it is not what it was at the last irt_heap_moment_saved. */
int irt_heap_each_moved(const struct irt_heap *heap, void *user,
			int (*each)(void *user, uint32_t context, uint32_t site_id, uint64_t blocks, uint64_t bytes));
void irt_heap_moment_saved(struct irt_heap *heap, int64_t ticks);
int irt_heap_each_fault(struct irt_heap *heap, void *user, int (*each)(void *user, const struct irt_heap_fault *fault));

/* What is pending or in the hands of reallocs, as the bytes of heap_pending.events (docs/format.md);
 * free(*bytes). *count 0: nothing. INSTR_ERR_MEMORY. */
int irt_heap_pack(const struct irt_heap *heap, uint8_t **bytes, size_t *count);

/* All of that is committed; the heap has not been settled in between. */
void irt_heap_saved(struct irt_heap *heap);

/* ---- recovery: on a heap that was just made --------------------------------------------------------- */

/* As they were saved, in this order. INSTR_ERR_MEMORY, INSTR_ERR_FORMAT: such a row cannot be. What is not
 * saved: what each thread did last (of each, one temporary block may be missed) and which addresses were
 * freed last (who frees one twice frees an unknown block). */
int irt_heap_restore_sums(struct irt_heap *heap, enum irt_heap_kind kind, const struct irt_heap_sums *sums);
int irt_heap_restore_place(struct irt_heap *heap, const struct irt_heap_place *place); /* takes the histograms */
int irt_heap_restore_block(struct irt_heap *heap, const struct irt_heap_block *block);
int irt_heap_restore_fault(struct irt_heap *heap, const struct irt_heap_fault *fault);
/* All that is behind a checkpoint comes now, thread by thread: there is no most until it has been settled. */
void irt_heap_expect_many(struct irt_heap *heap);
int irt_heap_unpack(struct irt_heap *heap, const uint8_t *bytes, size_t count);

#endif
