/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk.h - folds one thread's stream of records: exact totals per context, and the symbols of its
 * events, in one pass.
 *
 * Takes units of 16 bytes as a producer publishes them (record.h), in shared memory that may be
 * written meanwhile and may hold anything: every word is read once, lengths are checked, and no
 * content can do more than spoil this thread's own figures.
 *
 *     units ──► irt_walk_run ──┬──► symbols of the open chunk ──► irt_chunk_encode (encode/chunk.h)
 *                              └──► totals per context ──► irt_walk_settle ──► rows, function totals
 *
 *
 * How it predicts. Each context has two states: "just entered it" and "just returned from it to its
 * parent". Each state keeps the successors that it was left by, most recently used first: a child, or
 * one of the three ways to end a call. The rank of the event's successor is its token: 0, 1, 2, or
 * 3 = not among the first three, and the side stream says what (docs/format.md). One lookup thus
 * finds the context and makes the token. After a call ends, the state is "just returned from c" if
 * the call below is c's parent, else (folded edge) "just entered" of the context below. No state
 * lives longer than its chunk.
 *
 * Time. t = max(t, last); then rounded to the grid of time_unit_ticks from the chunk's first stamp,
 * never below the last; everything below uses only that. Ticks go in raw and come out relative to
 * origin_ticks. WAIT records (waiting for the drain) stop the clock that calls are measured with: a
 * wait is nobody's time, so no total includes it, and self times of a thread still add up to the time
 * of its outermost calls.
 *
 * Frames. A call ends by the record that has its row and stack-pointer bits. Such a record that does
 * not name the innermost call is looked for further down; the calls above it end as unwound (POP). If
 * it is nowhere, it is an orphan, counted per function, and changes nothing. (If it is that of a call that
 * lately ended as unwound, and nothing was lost, the thread has several stacks, see below.) A new call at or above
 * the innermost call's stack pointer proves that one dead if an open call of the same stack lies
 * above both, or its pointer is the very same: such calls end as unwound too. If no open call lies
 * above, the thread seems to have several stacks: flag IRT_WALK_STACKS, event STACK, and the call
 * counts as called from the innermost one; from there on times are as good as that guess.
 *
 * Calls that may block. A BLOCKING record says that one comes, a BLOCK that it has returned. In between the thread is in
 * it, unless the call of the function that made it ends, or calls the next one, or setjmp returns there again, or events
 * are lost: then it was left (by longjmp, by cancellation). A handler that interrupts it and makes such calls itself is in several, one in each frame.
 *
 * Functions. A row's function comes from a callback that is asked once per (caller, row), with the
 * time, because rows of unloaded modules may be used again: irt_walk_forget_rows.
 *
 * Threads: a walk and its cct belong to one thread at a time.
 */
#ifndef IRT_FOLD_WALK_H
#define IRT_FOLD_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold/cct.h"
#include "fold/event.h"
#include "fold/functions.h"
#include "fold/histogram.h"
#include "instr/record.h"

enum {
	IRT_WALK_CHUNK_EVENTS = 1 << 18, /* default of chunk_events, and the most */
	IRT_WALK_MAX_FRAMES = 1 << 24,   /* default of max_frames */
	IRT_WALK_UNIT_MAX = 1 << 20,     /* greatest time_unit_ticks */
};

/* Longest time that a chunk spans, ticks (28 minutes at 2.6 GHz); then it is full. */
#define IRT_WALK_SPAN_TICKS (UINT64_C(1) << 42)

struct irt_walk;
struct irt_blocks; /* blocks.h */

/* ---- making one ------------------------------------------------------------------------------- */

struct irt_function_answer {
	uint32_t function; /* function_id, 0 = unknown */
	uint32_t flags;    /* enum instr_row_flag (hooks.h); DYNAMIC_STACK and INLINABLE are looked at */
};

struct irt_locks;
struct irt_creators; /* creators.h */

struct irt_walk_config {
	struct irt_cct *cct;             /* the process's; outlives the walk */
	struct irt_functions *functions; /* the process's; outlives the walk; NULL: not kept */
	struct irt_heap *heap;           /* the process's; outlives the walk; NULL: not kept. It gets what the
	                                  * records of the heap say, and is settled by the caller */
	struct irt_blocks *blocks;       /* the process's calls that may block; as the heap, without settling */
	struct irt_locks *locks;         /* the same for locks */
	struct irt_creators *creators;   /* ... and for threads that are created */
	uint32_t thread;                 /* the thread's id, for the heap and locks */
	uint64_t origin_ticks;           /* all ticks given out are relative to this one */
	uint32_t time_unit_ticks;        /* the clock's measured step, 1 .. IRT_WALK_UNIT_MAX; 0 = 1 */
	uint32_t chunk_events;           /* a chunk is full at so many events; 0 = IRT_WALK_CHUNK_EVENTS */
	uint32_t max_frames;             /* open calls of this thread beyond which all are given up as unwound
	                                  * (only nonsense gets there); 0 = IRT_WALK_MAX_FRAMES */
	uint32_t pause_ticks;            /* what irt_walk_past can tell: how long a thread is silent while it
	                                  * forks, at least; 0 = nothing is kept for it */

	/* Whose row is it? tag: word 2 of the record (kind and row or address); ticks: its stamp, raw
	 * (that of the record before, if it is earlier than that).
	 * 0: *answer is filled, finally. Not 0: not known yet; the walk stops before the record with
	 * IRT_WALK_UNKNOWN, and asks again when it is run again. */
	int (*function_of)(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer);
	/* The same for the row of a site: answer->function is the site's id. */
	int (*site_of)(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer);
	void *user;
};

/* INSTR_ERR_MEMORY. */
int irt_walk_create(struct irt_walk **walk, const struct irt_walk_config *config);
void irt_walk_destroy(struct irt_walk *walk); /* NULL is allowed; what was settled stays in functions */

/* ---- walking ------------------------------------------------------------------------------------ */

enum irt_walk_stop {
	IRT_WALK_ALL,        /* every unit given was consumed */
	IRT_WALK_PAD,        /* a PAD record was consumed: go on with the next sub-buffer */
	IRT_WALK_UNWRITTEN,  /* the next unit is not written */
	IRT_WALK_RESERVED,   /* the next record is reserved but not committed; *record_units is its length */
	IRT_WALK_SHORT,      /* the next record is *record_units long and reaches past the units given; if
	                      * they end with a sub-buffer it is damage: skip them */
	IRT_WALK_UNKNOWN,    /* the function of the next record is not known yet: try again */
	IRT_WALK_CHUNK_FULL, /* encode the chunk, call irt_walk_next_chunk, go on */
	IRT_WALK_HORIZON,    /* the next record is later than the horizon */
	IRT_WALK_NO_MEMORY,  /* nothing of the next record was done; try again */
};

/* Walks `count` units, the first of which has this position in the thread's stream. Returns why it
 * stopped; *consumed says how many units are done with, *record_units how long the record in question
 * is where the reasons above say so (else 0). The result does not depend on how a stream is cut into
 * calls. */
enum irt_walk_stop irt_walk_run(struct irt_walk *walk, const struct instr_unit *units, size_t count,
				uint64_t position, size_t *consumed, size_t *record_units);

/* Walks units that were skipped before and have been committed since, as if they came now. The
 * thread's position does not move. stack: what irt_walk_stack said when they were skipped, since their
 * stack pointers were written for that; what STACK records among them say is past. */
enum irt_walk_stop irt_walk_late(struct irt_walk *walk, const struct instr_unit *units, size_t count,
				 int64_t stack, size_t *consumed, size_t *record_units);
int64_t irt_walk_stack(const struct irt_walk *walk);

/* Whether the next record may belong to calls that are open above so many: the end of one, an entry below
 * them, or something that is no call. Else they ended unseen. */
bool irt_walk_may_be_above(const struct irt_walk *walk, uint64_t tag, uint64_t depth);

/* The thread is gone and its process goes on: calls that are open ended with it, unwound at the time of
 * its last event. One event POP, at a position of its own behind the last unit. Nothing open: nothing.
 * IRT_WALK_ALL: done; CHUNK_FULL, NO_MEMORY: as above. */
enum irt_walk_stop irt_walk_end(struct irt_walk *walk);

/* Passes units without looking at them: a hole (flag IRT_WALK_HOLES), or with damaged=true what
 * cannot be a record (counted in skipped_units). */
void irt_walk_skip(struct irt_walk *walk, uint64_t position, size_t units, bool damaged);

/* Records stamped later than this raw tick wait (default: none do). A drain that reads the clock,
 * then the names log, and then walks up to that clock value has every module that those records can
 * belong to: a module's registration is published before its first record is stamped. */
void irt_walk_set_horizon(struct irt_walk *walk, uint64_t ticks);

/* A module was unmapped at this raw tick: rows seen at later times may be other functions at the same
 * addresses. Takes effect when the stream reaches that time (at once if it has). Call it for every
 * unmapping before walking past it; several may wait. Costs a lookup per edge afterwards; no chunk
 * boundary is needed. INSTR_ERR_MEMORY. */
int irt_walk_forget_rows(struct irt_walk *walk, uint64_t ticks);

/* ---- the open chunk ------------------------------------------------------------------------------ */

/* Columns of chunks. Contexts are indexes into the cct. */
struct irt_walk_chunk {
	uint64_t start_pos, end_pos;
	uint64_t first_event, events;   /* events = 0: there is nothing to store */
	int64_t start_ticks, end_ticks; /* of its first and last event */
	uint32_t start_context;
	uint64_t start_depth, min_depth;
	uint64_t operations;            /* bit n: enum irt_operation n occurs; ENTER and EXIT are always set */
	uint32_t time_unit_ticks;

	/* Material for irt_chunk_encode; valid until the walk is used again. */
	const uint8_t *symbols;         /* one per event: token << 4 | time */
	const uint8_t *side;
	size_t side_bytes;
	const struct irt_walk_closed *closed; /* calls that it ends but did not begin, in that order */
	size_t closed_count;            /* = start_depth - min_depth */
};

struct irt_walk_closed {
	int64_t enter_ticks; /* moved later by the waits in between, so that start_ticks - enter_ticks is
	                      * how long the call had taken when the chunk began */
	uint32_t below;      /* context of the call below it, the root's if none */
	uint32_t folded;     /* 1: that is not its context's parent */
};

/* The chunk as it is now. May be asked and encoded any number of times while it grows. */
void irt_walk_chunk(const struct irt_walk *walk, struct irt_walk_chunk *chunk);

/* Calls each for the functions that may occur in the chunk, ascending, each once. (Those of the calls
 * that were open at its start may be among them without occurring.) INSTR_ERR_MEMORY or what each
 * returned. */
int irt_walk_chunk_functions(struct irt_walk *walk, void *user, int (*each)(void *user, uint32_t function));

/* Starts the next chunk: forgets the events of this one. */
void irt_walk_next_chunk(struct irt_walk *walk);

/* ---- figures of the thread ------------------------------------------------------------------------ */

enum irt_walk_flag { /* threads.flags */
	IRT_WALK_STACKS = 1, /* several stacks seen */
	IRT_WALK_HOLES = 2,  /* units were skipped as holes */
	IRT_WALK_FOLDED = 4, /* went through a folded edge */
	IRT_WALK_PARTLY_INHERITED = 8, /* of a fork child: not all calls that it began in are known */
};

struct irt_walk_counters {
	uint64_t position;       /* behind the last unit consumed or skipped: threads.totals_pos */
	uint64_t events;         /* since the thread's start: threads.totals_events */
	int64_t first_ticks;     /* of the first event; 0 if none */
	int64_t last_ticks;      /* of the last event, rounded (up to half a unit behind its stamp); 0 if none */
	uint64_t lost_events;    /* told by GAP records */
	uint64_t waits, wait_ticks;
	uint64_t orphans;
	uint64_t skipped_units;  /* units of unknown or damaged records */
	uint64_t given_up;       /* calls ended as unwound because there were max_frames of them */
	uint64_t unbucketed;     /* finished calls missing in histograms because memory ran out */
	uint32_t flags;          /* enum irt_walk_flag */
};
void irt_walk_counters(const struct irt_walk *walk, struct irt_walk_counters *counters);

/* Open calls, 0 = outermost. */
struct irt_walk_frame {
	uint32_t context;
	int64_t enter_ticks; /* moved later by the waits since, so that last_ticks - enter_ticks is its time */
	uint64_t child_ticks;
	uint64_t tag;        /* word 2 of its enter record; 0 = not known (replayed from a chunk) */
	uint64_t flags;      /* enum irt_walk_frame_flag; from bit IRT_FRAME_SP_SHIFT on its full stack
	                      * pointer / 16, 0 = not known */
};
enum { IRT_FRAME_SP_SHIFT = 8 };
enum irt_walk_frame_flag { /* open_frames.flags */
	IRT_FRAME_INHERITED = 1,   /* entered in the parent, before fork: its calls are not counted here */
	IRT_FRAME_FOLDED = 2,      /* entered through a folded edge */
	IRT_FRAME_STACK_START = 4, /* begins what seems to be another stack */
};
uint64_t irt_walk_depth(const struct irt_walk *walk);
void irt_walk_frame(const struct irt_walk *walk, uint64_t depth, struct irt_walk_frame *frame);

/* The outermost calls that have not changed since irt_walk_saved: their rows are up to date. */
uint64_t irt_walk_unchanged_frames(const struct irt_walk *walk);

/* Calls that may block and have not returned, 0 = outermost; a thread is in more than one only in signal handlers. */
enum { IRT_WALK_OPEN_BLOCKS = 8 }; /* of more the outermost are forgotten */
struct irt_walk_open_block {
	uint64_t depth;      /* calls open then: frame `depth` - 1 has made it; 0: none was */
	int64_t start_ticks;
	uint32_t context, site_id;
};
size_t irt_walk_open_blocks(const struct irt_walk *walk, struct irt_walk_open_block at[IRT_WALK_OPEN_BLOCKS]);
bool irt_walk_open_blocks_unsaved(const struct irt_walk *walk); /* not as they were at irt_walk_saved */

/* Tells the locks what the thread has allocated since their last event, if it has locks: before they are settled, or
 * saved. INSTR_ERR_MEMORY: it is told later. */
int irt_walk_tell_inside(struct irt_walk *walk);

/* ---- checkpoint ------------------------------------------------------------------------------------ */

/* Columns of totals. */
struct irt_walk_totals {
	uint32_t context;
	uint64_t calls, returns, unwound, open;
	uint64_t total_ticks, self_ticks;
	uint64_t min_ticks, max_ticks;         /* meaningless when returns + unwound = 0 */
	const struct irt_histogram *histogram; /* never NULL; empty when returns + unwound = 0 */
};

/* Brings totals and functions up to the walk's position. Needed before any of the calls below and
 * before the rows of functions are read. INSTR_ERR_MEMORY: call it again. */
int irt_walk_settle(struct irt_walk *walk);

/* Rows that differ from what was last saved; each non-zero ends it and is returned. */
int irt_walk_each_changed(struct irt_walk *walk, void *user,
			  int (*each)(void *user, const struct irt_walk_totals *row));
int irt_walk_each(struct irt_walk *walk, void *user,
		  int (*each)(void *user, const struct irt_walk_totals *row));

/* The changed rows and the frames, as of the last irt_walk_settle, are committed. The walk must not
 * have run between the two. */
void irt_walk_saved(struct irt_walk *walk);

/* ---- recovery, fork -------------------------------------------------------------------------------- */

/* On a walk that was just made: the state at a checkpoint. First the counters (position, events,
 * last_ticks, losses, flags), then totals, then open frames and open blocks from the outermost on; then
 * irt_walk_replay each event behind totals_events from the chunks (pass those before it), with each chunk's
 * bounds told; then set the position behind the last chunk (irt_walk_skip does not:
 * irt_walk_set_position). Contexts must exist in the cct.
 * The result equals the walk that made them, to the tick; only the tags of calls begun in replayed
 * chunks are gone: their exits are matched by function.
 * The process's functions get the totals too; their orphans come with irt_functions_add_orphans.
 * INSTR_ERR_FORMAT: the row cannot be; INSTR_ERR_MEMORY. */
int irt_walk_restore_counters(struct irt_walk *walk, const struct irt_walk_counters *counters);
int irt_walk_restore_totals(struct irt_walk *walk, const struct irt_walk_totals *row);
int irt_walk_restore_frame(struct irt_walk *walk, const struct irt_walk_frame *frame);
int irt_walk_restore_open_block(struct irt_walk *walk, const struct irt_walk_open_block *block);
void irt_walk_restore_locks(struct irt_walk *walk, uint32_t held, bool in_call); /* as irt_locks_held has them */
int irt_walk_replay(struct irt_walk *walk, const struct irt_event *event);
void irt_walk_replay_begin(struct irt_walk *walk, uint64_t start_pos);
void irt_walk_replay_pass(struct irt_walk *walk, const struct irt_event *event);
void irt_walk_replay_end(struct irt_walk *walk, uint64_t end_pos);

/* The least position of a chunk's first event: a stream begins with a STACK record. How many units an
 * event's own record takes; others, which make no event, may lie between. */
uint64_t irt_walk_first_event(uint64_t start_pos);
unsigned irt_walk_event_units(const struct irt_event *event);
void irt_walk_set_position(struct irt_walk *walk, uint64_t position);

/* A fork child's first thread begins inside its parent's calls: their time in the child is counted, the
 * calls are not. */
struct irt_past_frame {
	uint64_t tag; /* as in irt_walk_frame; 0 = not known */
	int64_t sp;   /* its full stack pointer / 16, or less than 2^16: not known */
	uint32_t function;
	uint32_t flags; /* enum irt_walk_frame_flag */
};

/* The calls that were open at an earlier position, outermost first; free(*frames). head: how far the stream
 * has been walked, holes and all. 0; INSTR_ERR_NOT_FOUND: these were open for certain, but there may have
 * been more within them; INSTR_ERR_MEMORY. */
int irt_walk_past(const struct irt_walk *walk, uint64_t position, uint64_t head, struct irt_past_frame **frames,
		  size_t *count);

/* Keeps that knowledge beyond the walk's end (NULL: no memory); the walk loses it. *entries: how much it
 * is, in units of 32 bytes. */
struct irt_past;
struct irt_past *irt_walk_take_past(struct irt_walk *walk, uint32_t *entries);
int irt_past_frames(const struct irt_past *past, uint64_t position, uint64_t head, struct irt_past_frame **frames,
		    size_t *count);
void irt_past_destroy(struct irt_past *past); /* NULL is allowed */

/* On a walk that was just made, or made so by an earlier call that failed: begins in these calls, at these
 * ticks (when the child joined). INSTR_ERR_MEMORY: call it again. */
int irt_walk_inherit(struct irt_walk *walk, const struct irt_past_frame *frames, size_t count, int64_t ticks,
		     bool partly);

/* Recovery, of a thread that has ended: its totals go to the process's functions, and no walk is made. */
int irt_walk_add_to_functions(struct irt_functions *functions, const struct irt_cct_node *context,
			      const struct irt_walk_totals *row);

#endif
