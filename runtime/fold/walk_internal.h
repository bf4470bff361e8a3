/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_internal.h - what the files of the walk share.
 *
 *     walk.c         making one, the open chunk, figures
 *     walk_run.c     the hot loop: plain enters and exits that were predicted
 *     walk_step.c    any record at all, one at a time
 *     walk_heap.c    records of the heap
 *     walk_block.c   records of calls that may block
 *     walk_thread.c  records of threads that were created
 *     walk_totals.c  checkpoint, recovery
 *     walk_past.c    the calls open at an earlier position
 *
 * Hot loop and step do the same to the same record; which one sees it never shows in the result. The
 * step is what the rules in walk.h say; the loop is the part of it that is nearly always enough.
 *
 * A *node* is a context in this thread, numbered densely from 0 (the root) by first use. All tables
 * below are indexed by node:
 *
 *     states[8 n ..]  "just entered n" (4 entries) and "just returned from n" (4 entries): one line
 *     stats[n]        totals since the last settle: one line
 *     nodes[n]        the rest
 *
 * A *twin* is a node without states that only keeps totals, for calls of a context that is already
 * open below (possible through folded edges only): their time is in the outer call's total already.
 *
 * Numbered invariants:
 *   W1  The state determines the current node: states 2n ("just entered n") belongs to n, state
 *       2n + 1 to n's parent, and is used only while the parent's call is the innermost one.
 *   W2  frames[0] stands for the root; it is never closed. frames[depth] is the innermost call.
 *   W3  low = max(chunk_low, stable, kept, blocked, window): closing a frame at or below it takes the step.
 *   W4  Virtual time = rounded raw ticks - stopped. Frames hold virtual times; it never decreases.
 *   W5  nodes[n].open is right only while `general` is set.
 */
#ifndef IRT_FOLD_WALK_INTERNAL_H
#define IRT_FOLD_WALK_INTERNAL_H

#include "fold/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "fold/array.h"
#include "fold/heap.h"
#include "fold/heap_code.h"
#include "fold/locks.h"
#include "fold/varint.h"
#include "instr/hooks.h"

/* An entry of a state: bits 21..63 the row (bits 4..46 of word 2), bits 0..20 the node ^ ENTER_BIT,
 * so that xor with (word 2 << 17) of an ENTER leaves the node alone when rows are equal. Other
 * successors have row 0 and a number that is no node. (Addresses of CYG records have four bits more:
 * they are compared with nodes[].key.) */
enum {
	NODE_BITS = 21,
	ROW_SHIFT = NODE_BITS - INSTR_KIND_BITS,
	NODE_LIMIT = (1 << NODE_BITS) - 16,
	TWIN_LIMIT = (1 << 19) - 64,
	SUCC_EXIT = NODE_LIMIT,
	SUCC_UNWIND,
	SUCC_TAIL,
	SUCC_EMPTY,
	RANKS = 4, /* entries of a state; tokens name the first three */
	TOKEN_ESCAPE = 3,
	TIME_ESCAPE = 15,
	SIDE_EVENT_MAX = 64, /* side bytes of one event at most */
	STEP_EVENTS_MAX = 2, /* events that one record makes at most */
};
#define SITE_EDGES UINT32_MAX /* the "node" of edges from a site's row to its id */
#define NODE_MASK ((UINT64_C(1) << NODE_BITS) - 1)
#define ENTER_BIT ((uint64_t)INSTR_ENTER << ROW_SHIFT)
#define ENTRY(row_bits, number) ((row_bits) | ((uint64_t)(number) ^ ENTER_BIT))
#define ENTRY_EXIT ENTRY(0, SUCC_EXIT)
#define ENTRY_EMPTY ENTRY(0, SUCC_EMPTY)

static inline uint32_t entry_number(uint64_t entry)
{
	return (uint32_t)((entry ^ ENTER_BIT) & NODE_MASK);
}

/* sp: the full stack pointer / 16 at its enter. Below SP_KNOWN (1 MiB; no stack lies there) only the
 * bits of the tag are known. SP_NONE: nothing is (the root, replayed calls), all callees are below. */
struct frame {
	uint64_t enter; /* virtual time */
	uint64_t child; /* ticks of finished callees; the innermost frame's is in here too between records */
	uint64_t tag;   /* word 2 of its enter record; 0 = not known, or the root */
	int64_t sp;
	union {
		struct {
			uint32_t node;
			uint32_t flags;
		};
		uint64_t node_no_flags; /* writes both: flags 0 */
	};
};

enum {
	FRAME_FOLDED = 1,
	FRAME_INHERITED = 2,
	FRAME_STACK_START = 4,
	FRAME_NESTED = 8, /* its context was open below: totals go to the twin */
	SP_KNOWN = INSTR_SP_RANGE / 16,
};
#define SP_NONE INT64_MAX

/* A call that ended unseen. */
struct popped {
	uint64_t tag; /* as in struct frame; 0 = none */
	int64_t sp;
};

/* Totals since the last settle. */
struct stat {
	uint64_t total, self, min, max;
	uint32_t *counts;           /* histogram, buckets [first, first + room), all zero behind a settle */
	uint16_t first, room;
	uint16_t span;              /* room, or 0: no call since the last settle */
	uint16_t dirty;             /* in walk.dirty */
	uint32_t finished, unwound; /* finished includes unwound */
	uint64_t pad;
};
_Static_assert(sizeof(struct stat) == 64, "one cache line");

struct node {
	uint64_t key;     /* row_key of the record that entered it last, for the careful variant */
	uint32_t context, parent_context, ordinal;
	uint32_t twin_of; /* a twin: its node, which is never 0; else 0 */
	uint32_t twin;    /* 0 = none */
	uint32_t open;    /* W5 */
	uint32_t counted; /* scratch of settle */
	/* as of the last settle */
	uint32_t settled_open;
	uint8_t changed;  /* in walk.changed: differs from what was saved */
	uint8_t inlinable; /* its function: INSTR_ROW_INLINABLE */
	uint64_t total, self, min, max, returns, unwound;
	struct irt_histogram histogram;
};

struct edge { /* (node, row) -> child; child 0 = empty slot */
	uint64_t row;
	uint32_t node, child;
};

struct orphan {
	uint32_t function, count;
};

struct irt_past_entry { /* walk_past.c */
	union {
		struct {
			uint64_t position; /* or up to `slack` units behind it */
			uint64_t slack;
		};
		struct irt_past_frame frame;
	};
	uint32_t depth; /* PAUSE: calls open; ENDED: calls open before the end */
	uint32_t is_pause;
};

struct irt_past_log {
	struct irt_past_entry *entries; /* a ring; room is a power of two */
	uint32_t room, first, count;
	uint32_t pause_depth; /* the most calls open at a pause */
	uint32_t replayed;    /* entries of the chunk that is being replayed, at the end of the log */
	uint64_t replay_start; /* its start_pos */
};

/* What the hot loop reads all the time but does not change; in memory, because there are more of them
 * than registers, and an operand in L1 costs nothing. Set at each start of the loop. */
struct hot {
	uint64_t base;       /* last - unit / 2 */
	uint64_t limit;      /* t - base below this: nothing special about the time */
	uint64_t reciprocal; /* ceil(2^32 / unit): x / unit = x * reciprocal >> 32 for x < exact_below */
	uint64_t unit;
	uint32_t pause;      /* config.pause_ticks in units; UINT32_MAX: none */
	uint64_t start;      /* virtual time of the last event before */
	uint64_t node_count;
	uint64_t *states;
	uint64_t sp_bits;    /* sp_from's, at their place in word 2 */
	int64_t sp_from;
	const struct frame *low;      /* W3 */
	const struct frame *low_hard; /* without `window` */
	const struct instr_unit *end;
	uint8_t *side;
};

/* The last event of an address; one with the same hash takes its place. */
struct heap_seen {
	uint64_t turned;
	uint64_t number; /* how manieth of its side, * 2 + enum irt_heap_side; 0 = empty */
};
enum { HEAP_SEEN_BITS = 12, HEAP_SEEN_BITS_FEW = 8, HEAP_SEEN_FEW = 2048, HEAP_SITE_BITS = 6, LOCK_SITE_BITS = 4 };

/* The site of a record whose word 2 is this. */
struct heap_site {
	uint64_t tag;
	uint32_t site;
};

/* What the thread has allocated with locks, and the locks do not know yet; and the event of the heap before. */
struct walk_inside {
	uint64_t allocs, bytes;
	uint64_t address, size;
	uint32_t operation, family; /* operation 0: none, or no block came of it */
};

struct irt_walk {
	struct hot hot;
	struct irt_walk_config config;

	/* time: n counts units of time since the chunk's first stamp */
	uint64_t chunk_ticks;  /* that stamp, raw; valid when chunk_events > 0 */
	uint64_t base;         /* chunk_ticks - unit / 2: n = (t - base) / unit */
	uint64_t exact_below;  /* see hot.reciprocal */
	uint64_t n;            /* of the last event */
	uint64_t last;         /* rounded raw ticks of the last event of all */
	uint64_t stopped;      /* ticks of waits: W4 */
	uint64_t horizon;
	uint64_t *forget;      /* raw ticks at which rows are forgotten, ascending */
	uint32_t forget_count, forget_room;

	/* stack */
	struct frame *frames;
	size_t depth, frame_room;
	size_t chunk_low;      /* fewest calls open in this chunk */
	size_t stable;         /* frames below this index are as they were saved */
	size_t kept;           /* frames at or below this index were open at the last pause: walk_past.c */
	size_t blocked;        /* the innermost frame that has made a call of open_blocks; 0: none has */
	size_t window;         /* frames at or below this index were opened before sp_from changed */
	size_t low;            /* W3 */
	int64_t sp_from;       /* stack pointers / 16 lie in [sp_from, sp_from + SP_KNOWN); 0: only their bits
	                        * are known */
	struct popped popped[16]; /* the last ones, a ring; popped_next: the oldest */
	unsigned popped_next;
	bool general;          /* folded edges, CYG or unknown tags occur: the loop's careful variant */

	/* calls that may block, and have not returned: the depths ascend */
	struct irt_walk_open_block open_blocks[IRT_WALK_OPEN_BLOCKS];
	uint32_t open_block_count, saved_block_count;
	uint32_t locks_held;   /* how often it has taken locks, and not given back */
	uint32_t held_least;   /* ... at least, since the last call that may block began */
	struct walk_inside inside; /* walk_lock.c */
	bool told_call;        /* the locks of the process know that it is in a call */
	bool open_blocks_changed;

	/* nodes */
	uint64_t *states;
	struct stat *stats;
	struct node *nodes;
	uint32_t node_count, node_room, twin_count;
	uint32_t state;
	uint32_t *touched, touched_count; /* states used in this chunk; room 2 node_room */
	uint32_t *dirty, dirty_count;     /* nodes; room node_room */
	uint32_t *changed, changed_count; /* nodes; room node_room */
	uint32_t *open_nodes, open_count; /* nodes with settled_open; room node_room */
	struct edge *edges;
	uint32_t edge_count, edge_slots;
	uint32_t *by_context, context_slots; /* nodes without twins; as many as node_count - twin_count */
	uint64_t finished;     /* calls accounted since the last settle */
	uint64_t settled_events; /* events then; UINT64_MAX = frames have changed since without one */

	/* open chunk */
	uint8_t *symbols, *side;
	size_t symbol_room, side_room, side_bytes;
	uint32_t chunk_events;
	struct irt_heap_code code;
	bool code_used;
	struct heap_seen *heap_seen; /* NULL: no event of the heap yet */
	unsigned heap_seen_shift;    /* of a hash */
	struct heap_site heap_sites[1 << HEAP_SITE_BITS], lock_sites[1 << LOCK_SITE_BITS]; /* of plain records; found by a hash */
	uint64_t heap_numbers[IRT_HEAP_SIDES], heap_first[IRT_HEAP_SIDES]; /* that the next event gets; the chunk's first one got */
	bool chunk_has_pos;
	uint64_t chunk_pos, chunk_first_event;
	uint64_t chunk_stopped;
	uint64_t operations;
	uint32_t chunk_context;
	size_t chunk_depth;
	struct irt_walk_closed *closed;
	size_t closed_room;
	uint32_t *mentioned, mentioned_count, mentioned_room; /* functions that touched states do not show */

	/* past */
	struct irt_past_log past;
	uint64_t step_position; /* of the record that the step is at; UINT64_MAX: it came late. In a replay:
	                         * the least that it can be */

	/* figures */
	struct irt_walk_counters counters; /* position, events, last_ticks are filled in when asked */
	uint64_t position, events, first;
	struct orphan *orphans;
	uint32_t orphan_count, orphan_room;
};

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static inline uint64_t virtual_time(const struct irt_walk *w, uint64_t n)
{
	return w->chunk_ticks + n * w->config.time_unit_ticks - w->stopped;
}

/* The stack pointer / 16 of a record that is not CYG. */
static inline int64_t full_sp(int64_t from, uint64_t tag)
{
	return from + (int64_t)(((tag >> INSTR_AUX_SHIFT) - (uint64_t)from) & (SP_KNOWN - 1));
}

static inline bool is_cyg(uint64_t tag)
{
	unsigned kind = instr_tag_kind(tag);

	return kind == INSTR_CYG_ENTER || kind == INSTR_CYG_EXIT;
}

/* The same of any record. from: irt_walk.sp_from. */
static inline int64_t irt_walk_sp(int64_t from, uint64_t tag)
{
	int64_t range = INSTR_CYG_SP_RANGE / 16;

	if (!is_cyg(tag))
		return full_sp(from, tag);
	if (from)
		from += (SP_KNOWN - range) / 2; /* its window is in the middle of the other */
	return from + (int64_t)(((tag >> (INSTR_AUX_SHIFT + 3)) - (uint64_t)from) & (uint64_t)(range - 1));
}

/* The part of word 2 that names the function: what edges are found by. */
static inline uint64_t row_key(uint64_t tag)
{
	if (is_cyg(tag))
		return INSTR_CYG_ENTER | (tag & INSTR_CYG_ADDRESS_MASK);
	return INSTR_ENTER | (tag & INSTR_ROW_MASK);
}

static inline bool is_known(int64_t sp)
{
	return sp >= SP_KNOWN && sp != SP_NONE;
}

static inline uint32_t context_of(const struct irt_walk *w, uint32_t node)
{
	return w->nodes[node].context;
}

static inline uint32_t function_of_node(const struct irt_walk *w, uint32_t node)
{
	return irt_cct_node(w->config.cct, w->nodes[node].context)->function;
}

/* walk.c */
void irt_walk_begin_chunk(struct irt_walk *w);
int irt_walk_make_general(struct irt_walk *w);
void irt_walk_lower(struct irt_walk *w, size_t index);
void irt_walk_set_window(struct irt_walk *w, int64_t sp_from);
int irt_walk_node_of(struct irt_walk *w, uint32_t context, uint32_t *node); /* finds or makes */
int irt_walk_twin_of(struct irt_walk *w, uint32_t node, uint32_t *twin);    /* 0 = no room for one */
int irt_walk_find_edge(const struct irt_walk *w, uint32_t node, uint64_t row, uint32_t *child);
int irt_walk_add_edge(struct irt_walk *w, uint32_t node, uint64_t row, uint32_t child);
void irt_walk_drop_edges(struct irt_walk *w);

/* walk_run.c */
int irt_walk_grow_counts(struct irt_walk *w, uint32_t id, unsigned bucket);

/* walk_step.c: one record. STEP_ON: done, *used units of it; else why not. */
enum { STEP_ON = -1 };
int irt_walk_step(struct irt_walk *w, const struct instr_unit *units, size_t count, size_t *used,
		  size_t *record_units);

/* walk_heap.c. A record of the heap, of a kind that is known and as long as that needs; as irt_walk_step, room is there. */
/* walk_heap.c. A record of the heap, of a kind that is known and as long as that needs; as irt_walk_step, room is there. */
bool irt_walk_is_heap(unsigned ext, unsigned units);
int irt_walk_step_heap(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload);
int irt_walk_replay_heap(struct irt_walk *w, const struct irt_event *event);
/* The id of a record's site; STEP_ON, or what to stop with. */
int irt_walk_find_site(struct irt_walk *w, uint64_t tag, uint64_t t, uint32_t *site_id);
/* An event of the heap in the open chunk. */
uint8_t *irt_walk_put_heap(struct irt_walk *w, uint8_t *side, const struct irt_shared_event *e);
bool irt_walk_make_heap_seen(struct irt_walk *w); /* false: no memory */

/* walk_run.c. Sets w->hot for a loop over units that end there. */
void irt_walk_set_hot(struct irt_walk *w, const struct instr_unit *end);

/* walk_block.c. A record of a call that may block, a BLOCK of two units at least; as irt_walk_step, room is there. */
bool irt_walk_is_block(unsigned ext, unsigned units);
int irt_walk_step_block(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload);
int irt_walk_replay_block(struct irt_walk *w, const struct irt_event *event);
/* Before an event of a lock goes to the locks (INSTR_ERR_MEMORY: nothing has changed), and behind. */
int irt_walk_leave_call(struct irt_walk *w, int64_t ticks);
void irt_walk_count_lock(struct irt_walk *w, uint32_t operation, uint64_t value);
/* Those that were made at this depth, or further in, are not open any more. */
void irt_walk_drop_blocks(struct irt_walk *w, size_t depth);

/* walk_thread.c. The same for a thread that was created. */
int irt_walk_step_thread(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload);
int irt_walk_replay_thread(struct irt_walk *w, const struct irt_event *event);

/* walk_lock.c */
bool irt_walk_is_lock(unsigned ext, unsigned units);
int irt_walk_step_lock(struct irt_walk *w, uint64_t tag, uint64_t t, const struct instr_unit *payload);
/* Plain ones in a row. Returns the units that are done; of the first that is not, the step knows what it is. */
size_t irt_walk_locks(struct irt_walk *w, const struct instr_unit *units, size_t count);
int irt_walk_replay_lock(struct irt_walk *w, const struct irt_event *event);
/* Events of the heap while the thread has locks: what they allocate is told with the next event of a lock. */
void irt_walk_count_inside(struct irt_walk *w, const struct irt_shared_event *events, size_t count);

/* Closes the innermost frame at virtual time v. how: IRT_OP_EXIT, TAIL: returned; else unwound. Room
 * in w->closed is there. */
void irt_walk_close(struct irt_walk *w, uint64_t v, unsigned how);

/* walk_past.c. The record at this position comes after a pause; the innermost call, which was open at
 * one, is about to be closed. */
void irt_walk_note_pause(struct irt_walk *w, uint64_t position);
void irt_walk_note_ended(struct irt_walk *w);

/* Room for what closing k frames remembers. */
bool irt_walk_reserve_closing(struct irt_walk *w, size_t k);

int irt_walk_note_orphan(struct irt_walk *w, uint32_t function);

/* Opens a frame. There is room. folded: the context's parent is not the current one. */
void irt_walk_open(struct irt_walk *w, uint32_t node, uint64_t v, uint64_t tag, int64_t sp, uint32_t flags);

static inline void irt_walk_mark_dirty(struct irt_walk *w, uint32_t id)
{
	if (!w->stats[id].dirty) {
		w->stats[id].dirty = 1;
		w->dirty[w->dirty_count++] = id;
	}
}

/* Counts one finished call. */
static inline void irt_walk_account(struct irt_walk *w, uint32_t id, uint64_t total, uint64_t self)
{
	struct stat *s = &w->stats[id];
	unsigned bucket = irt_histogram_bucket(total);

	s->total += total;
	s->self += self;
	if (unlikely(total < s->min))
		s->min = total;
	if (unlikely(total > s->max))
		s->max = total;
	s->finished++;
	if (unlikely(bucket - s->first >= s->span) && irt_walk_grow_counts(w, id, bucket)) {
		w->counters.unbucketed++;
		return;
	}
	s->counts[bucket - s->first]++;
}

/* What time it is: units since the chunk's first stamp. The first stamp of a chunk makes its grid. */
static inline uint64_t irt_walk_stamp(struct irt_walk *w, uint64_t t)
{
	uint64_t unit = w->config.time_unit_ticks, n;

	if (w->chunk_events == 0) {
		w->chunk_ticks = w->events && t < w->last ? w->last : t;
		w->base = w->chunk_ticks - unit / 2;
		w->n = 0;
		return 0;
	}
	if (t <= w->chunk_ticks)
		return w->n;
	n = t - w->base;
	n = n < w->exact_below ? n * w->hot.reciprocal >> 32 : n / unit;
	return n > w->n ? n : w->n;
}

/* How many events of the other side have come since that of this address, if that is near; else UINT64_MAX. From now on
 * this event is the last one of the address. side: its; not IRT_HEAP_SIDES. */
static inline uint64_t irt_walk_since(struct irt_walk *w, unsigned side, uint64_t turned)
{
	unsigned other = side ^ 1;
	struct heap_seen *seen = &w->heap_seen[turned * UINT64_C(0x9e3779b97f4a7c15) >> w->heap_seen_shift];
	uint64_t number = seen->number >> 1, since = w->heap_numbers[other] - 1 - number;
	bool is_near = seen->turned == turned && (seen->number & 1) == other && number >= w->heap_first[other] && since < IRT_HEAP_NEAR;

	*seen = (struct heap_seen){turned, w->heap_numbers[side]++ << 1 | side};
	return is_near ? since : UINT64_MAX;
}

static inline uint8_t *irt_walk_side_end(struct irt_walk *w)
{
	return w->side + w->side_bytes;
}

/* Ends an event: side is behind what its token needed there. */
static inline void irt_walk_put_event(struct irt_walk *w, unsigned token, uint8_t *side, uint64_t n)
{
	uint64_t d = n - w->n;

	if (d >= TIME_ESCAPE) {
		side = irt_put_varint(side, d - TIME_ESCAPE);
		d = TIME_ESCAPE;
	}
	w->symbols[w->chunk_events++] = (uint8_t)(token << 4 | d);
	w->side_bytes = (size_t)(side - w->side);
	if (w->events++ == 0)
		w->first = w->chunk_ticks;
	w->n = n;
	w->last = w->chunk_ticks + n * w->config.time_unit_ticks;
}

/* The time for which to ask whose row it is: a stamp may lie before those of earlier records. */
static inline uint64_t irt_walk_clamped(const struct irt_walk *w, uint64_t t)
{
	return w->events && t < w->last ? w->last : t;
}

#endif
