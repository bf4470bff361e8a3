/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * pending.h - events on what threads share, blocks and locks, until they are in one order.
 *
 * The walks give each thread's events as they come; heap_order.c and locks_order.c apply them by time, as far as
 * no thread can still add an earlier one:
 *
 *     irt_pending_room, irt_pending_added ──► events ──irt_pending_sort──► by time ──irt_pending_drop──► the rest
 *
 * Not safe against other threads.
 */
#ifndef IRT_FOLD_PENDING_H
#define IRT_FOLD_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold/varint.h"

struct irt_shared_event {
	int64_t ticks;      /* since the run's origin */
	uint64_t address;   /* of the block or lock; ALLOC: 0 = it failed */
	union {
		uint64_t bytes; /* of a block */
		uint64_t value; /* of a lock: enum irt_operation says what */
	};
	uint32_t context;   /* index in the process's tree */
	uint32_t site;      /* irt_site (heap.h); of a lock with an enum instr_lock_mode for the family */
	uint32_t thread;    /* thread_id */
	uint32_t operation; /* enum irt_operation: ALLOC to RESET of a block, ACQUIRED to LOCK_DESTROY of a lock */
};

/* All 0: empty. */
struct irt_pending {
	struct irt_shared_event *events, *scratch;
	size_t count, sorted; /* those before `sorted` are in order */
	size_t room, scratch_room;
};

void irt_pending_destroy(struct irt_pending *pending);

/* Where that many events may be written, which irt_pending_added then takes in. NULL: no memory, nothing has changed. */
struct irt_shared_event *irt_pending_room(struct irt_pending *pending, size_t count);
/* They are in order among themselves. count > 0. */
void irt_pending_added(struct irt_pending *pending, size_t count);

/* By time; of equal times the one that came first stays first. false: no memory; they are all there, try again. */
bool irt_pending_sort(struct irt_pending *pending);
void irt_pending_drop(struct irt_pending *pending, size_t count); /* the first ones, of sorted ones */

/* One event as heap_pending.events and lock_pending.state have it (docs/format.md): varints, the ticks as a
 * difference from *last. At most IRT_PENDING_BYTES; returns where the next one goes. */
enum { IRT_PENDING_BYTES = 7 * IRT_VARINT_MAX };
uint8_t *irt_pending_put(uint8_t *out, const struct irt_shared_event *event, int64_t *last);
/* false: there is none, or one of the numbers is out of its range. Any operation and bytes are taken. */
bool irt_pending_get(const uint8_t **bytes, const uint8_t *end, struct irt_shared_event *event, int64_t *last);

#endif
