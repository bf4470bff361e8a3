/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_events.h - from what is kept of a process's heap at a moment to what was alive at a later time, by the events
 * between the two.
 *
 *     chunks ──► heap_chunks.c (events of the heap) ──► heap_gather.c (those between) ──┐
 *        └─────► heap_past.c (which blocks are older, and where they are from) ─────────┴──► heap_replay.c (fold) ──► changes
 *
 * Nothing here writes; heap_times.c puts the answer where queries find it.
 */
#ifndef TOOLS_LIBTRACE_HEAP_EVENTS_H
#define TOOLS_LIBTRACE_HEAP_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold/heap.h"
#include "libtrace/events.h"

/* Results beside 0 and enum instr_err: what was asked cannot be told from the events, heap_events.why says why. */
enum { TR_CANNOT = 1 };

enum { TR_HANDS = 4 }; /* reallocs of a thread inside each other, as in the fold */

struct tr_chunk {
	int64_t chunk_id, start_ticks, end_ticks, events;
	uint32_t thread; /* index */
	uint32_t operations;
};

struct tr_heap_thread {
	int64_t thread_id;
	size_t first, count; /* of its chunks, in the order of the stream */
};

/* Events are missing, from one time to another, both included. */
struct tr_hole {
	int64_t from, to;
};

/* The events of one process's heap. */
struct tr_heap_events {
	struct tr_trace *trace;
	int64_t process_id, until;
	struct tr_error *error;
	char why[160];

	struct tr_chunk *chunks; /* by thread */
	size_t chunk_count, chunk_room;
	struct tr_heap_thread *threads;
	size_t thread_count, thread_room;
	struct tr_hole *holes;
	size_t hole_count, hole_room;
	uint64_t *lost_places; /* context << 32 | site_id: where an allocation has got the address of a block whose
				* free was not seen, by then; sorted */
	size_t lost_count, lost_room;
	bool lost_anywhere; /* ... and it is not known where all of them are */

	struct tr_events events; /* once one was read */
	int64_t chunks_read;
};

/* heap_chunks.c. What the process has, for times up to `until`; close it, whatever comes back. */
int tr_heap_events_open(struct tr_heap_events *, struct tr_trace *, int64_t process_id, int64_t until, struct tr_error *error);
void tr_heap_events_close(struct tr_heap_events *);
bool tr_has_hole(const struct tr_heap_events *, int64_t from, int64_t to);
bool tr_is_lost_place(const struct tr_heap_events *, uint32_t context, uint32_t site);
static inline bool tr_has_heap(const struct tr_chunk *c)
{
	return c->operations >> IRT_OP_ALLOC & 15;
}
/* Each event of the heap in the chunk, until `each` returns anything but 0, which is returned. */
int tr_each_heap_event(struct tr_heap_events *, const struct tr_chunk *, void *user,
		       int (*each)(void *user, const struct irt_event *event));
int tr_cannot(struct tr_heap_events *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* heap_gather.c. The events in (since, until] of all threads, but for blocks that come and go in between without
 * having any part in what others do. In two parts: up to `from`, and behind. */
struct tr_run { /* of one thread, in order; operation 0: none any more */
	struct irt_shared_event *events;
	size_t count, room, dead;
};
enum { TR_BEFORE, TR_AFTER, TR_PARTS };

struct tr_address; /* heap_gather.c */
struct tr_gathered {
	int64_t since, from, until; /* since <= from: what reallocs have in hands at `from` was taken behind it */
	struct tr_run (*runs)[TR_PARTS]; /* by thread */
	struct tr_address *addresses;
	size_t address_slots, address_count;
};
int tr_gather(struct tr_heap_events *, struct tr_gathered *, int64_t from, int64_t until);
void tr_gathered_fini(struct tr_gathered *, size_t threads);
/* Addresses with blocks that may be older than `since`, which has a part in what happened behind `from`. */
int tr_each_older(const struct tr_gathered *, void *user, int (*each)(void *user, uint64_t address));

/* heap_past.c. The older blocks that were alive at `since`, as allocations, in order of time. free(*blocks). */
int tr_find_older(struct tr_heap_events *, const struct tr_gathered *, struct irt_shared_event **blocks, size_t *count);

/* heap_replay.c. By how much what was alive at `until` differs from what was at `from` (INT64_MIN: the start): by
 * place, those that differ, in order. free(*changes), also with another result than 0. */
struct tr_heap_change {
	uint32_t context, site_id;
	int64_t blocks, bytes;
};
int tr_heap_changes(struct tr_heap_events *, int64_t from, int64_t until, struct tr_heap_change **changes, size_t *count);

#endif
