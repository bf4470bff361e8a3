/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * events.h - the events of a thread's chunks, one chunk after the other, for whoever asks more than totals tell.
 *
 *     struct tr_events events;
 *     tr_events_open(&events, trace, &error)
 *     for each thread: tr_events_use_thread(&events, thread_id, process_id, from_ticks)
 *         while (tr_events_next(&events, &chunk) == 1)   what the table tells of it: most need not be read
 *             tr_events_read(&events, &chunk, user, each)
 *     tr_events_close(&events)
 *
 * A chunk is data from anywhere: one that does not decode to what its row says is TR_DAMAGED, and as one that is
 * missing. All of it counts to the time that a query has (guard.c): tr_refill_steps comes before.
 */
#ifndef TOOLS_LIBTRACE_EVENTS_H
#define TOOLS_LIBTRACE_EVENTS_H

#include "encode/chunk.h"
#include "libtrace/internal.h"

enum { TR_DAMAGED = 1, TR_MISSING = 2 }; /* beside 0 and enum instr_err */

struct tr_events {
	struct tr_trace *trace;
	struct tr_error *error;
	int64_t process_id;            /* whose contexts these are; 0: none */
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;
	sqlite3_stmt *chunks, *data;
};

struct tr_event_chunk {
	int64_t chunk_id, first_event, events, start_ticks, end_ticks, start_depth, min_depth;
	uint64_t operations;
	uint32_t start_context;        /* index: the innermost call that was open when it began */
	const uint8_t *functions; /* until the next one is asked for */
	size_t function_bytes;
};

/* The statement and the decoder are the reader's until it is closed, whatever came back. */
int tr_events_open(struct tr_events *, struct tr_trace *, struct tr_error *error);
void tr_events_close(struct tr_events *);

/* The thread's chunks that end at that time or later come next, in the order of its stream. */
int tr_events_use_thread(struct tr_events *, int64_t thread_id, int64_t process_id, int64_t from_ticks);
/* 1, 0 behind the last, or negative. */
int tr_events_next(struct tr_events *, struct tr_event_chunk *chunk);
/* Numbers its events: *event becomes that of its first one, *expected that of the one behind its last. TR_MISSING: there
 * should be another one (*expected INT64_MIN: it may be any); TR_DAMAGED: it cannot have such numbers. */
int tr_follow_chunk(const struct tr_event_chunk *, int64_t *expected, int64_t *event);
/* Its events in order, some at a time, until `each` returns anything but 0, which is returned. */
int tr_events_read(struct tr_events *, const struct tr_event_chunk *chunk, void *user,
		   int (*each)(void *user, const struct irt_event *events, size_t count));

/* Begins to read a chunk, by a statement of this text, which is reset. INSTR_ERR_FORMAT and INSTR_ERR_VERSION say nothing to people:
 * there is no such chunk, or it does not decode. */
#define TR_CHUNK_DATA "SELECT data FROM main.chunks WHERE chunk_id = ?1"
int tr_open_chunk(struct tr_trace *, sqlite3_stmt *data, int64_t chunk_id, struct irt_chunk_decoder *, const struct irt_contexts *,
		  struct tr_error *error);

/* What decoders need of the calling contexts of a process, *of; once it is that process, they stay as they are. */
int tr_use_contexts(struct tr_trace *, int64_t process_id, struct irt_contexts **contexts, int64_t *of, struct tr_error *error);

/* May there be a call of one of these functions in it? */
int tr_event_chunk_has(const struct tr_event_chunk *, const uint32_t *functions, size_t count);
static inline int tr_event_chunk_does(const struct tr_event_chunk *chunk, enum irt_operation operation)
{
	return chunk->operations >> operation & 1;
}

#endif
