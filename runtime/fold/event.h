/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * event.h - one event of a thread's stream, as the walk folds it and as a chunk gives it back.
 *
 * Every event is one symbol in a chunk. A record of the ring makes one event; a record that also
 * ends calls above its own makes two (POP, then the record's own). STACK and LANDED records and
 * records of unknown kinds may make none. threads.events and chunks.events count events.
 */
#ifndef IRT_FOLD_EVENT_H
#define IRT_FOLD_EVENT_H

#include <stdint.h>

/* Also the bit numbers of chunks.operations and, from POP on, the opcodes in a chunk's side stream
 * (docs/format.md). Never reused. 0..15 have operands fixed here; an opcode from 16 on is followed
 * by the length of its operands in bytes, so that a reader can skip what it does not know. */
enum irt_operation {
	IRT_OP_ENTER = 0,   /* a call begins */
	IRT_OP_EXIT = 1,    /* the innermost call returns */
	IRT_OP_UNWIND = 2,  /* the innermost call ends by an exception */
	IRT_OP_TAIL = 3,    /* the innermost call ends, the next one takes its frame; counts as return */
	IRT_OP_POP = 4,     /* the innermost `value` calls have ended unseen (longjmp, pthread_exit ...) */
	IRT_OP_ORPHAN = 5,  /* an exit of function `value` whose call is not on the stack; changes nothing */
	IRT_OP_GAP = 6,     /* `value` events were lost, the first `extra` ticks before this moment */
	IRT_OP_WAIT = 7,    /* `value` ticks up to this moment went to waiting for the drain: nobody's time */
	IRT_OP_STACK = 8,   /* the call that begins, or the orphan that comes next, seems to be of another stack:
	                     * times may be off from here on */
	IRT_OP_LANDED = 9,  /* as POP, because setjmp (or its like) returned again */
	IRT_OP_FOLD = 10,   /* only in chunks: an ENTER whose context is not a child of the current one */
	IRT_OP_MARK = 16,   /* reserved: user marks and labels */
	IRT_OP_ALLOC = 17,  /* a block of `value` bytes at address `extra`; address 0: the call failed */
	IRT_OP_FREE = 18,   /* its end */
	IRT_OP_RESIZE = 19, /* realloc takes the block at `extra`; until RESIZED it is in its hands */
	IRT_OP_RESIZED = 20, /* ... and leaves one of `value` bytes at `extra`; address 0: none; bytes
	                     * IRT_HEAP_FAILED (heap.h): it failed, the old one, which is there, has stayed */
	IRT_OP_UNMAP = 21,  /* `value` bytes from `extra` on are mapped no more */
	IRT_OP_POOL = 22,   /* the thread's next block of a pool is one of the pool at `extra` */
	IRT_OP_RESET = 23,  /* all blocks of the pool at `extra` end */
	IRT_OP_BLOCK = 24,  /* a call that may block has returned; it took `value` ticks; `extra`: as p[1] of its record
	                     * (record.h) */
	IRT_OP_BLOCKING = 25, /* a call that may block comes now. One that the thread is in already, in the same call of the
	                     * function, never came back: walk.h */
	IRT_OP_LEFT = 26,   /* the thread is not in the call that may block which the innermost call has begun: setjmp
	                     * has returned there again */
	IRT_OP_THREAD = 27, /* a call has created the thread with the key `extra`; it took `value` ticks */
	IRT_OP_ACQUIRED = 32, /* the lock at `extra` was taken, without a wait */
	IRT_OP_WAITING = 33, /* ... is waited for from here on; `value`: what locks.h says */
	IRT_OP_WAITED = 34, /* ... until here; `value` is what the call returned: 0 or IRT_LOCK_OWNER_DIED, it was taken */
	IRT_OP_RELEASED = 35, /* ... is given back */
	IRT_OP_REFUSED = 36, /* ... was not to be had, and not waited for; `value` is what the call returned */
	IRT_OP_LOCK_INIT = 37, /* a lock begins at `extra` */
	IRT_OP_LOCK_DESTROY = 38, /* ... ends */
	IRT_OP_SIGNALLED = 39, /* the condition at `extra` is signalled; `value` 1: to all who wait for it */
	IRT_OP_CONDITION = 40, /* ... is waited for with the lock that is given back next; `value` 1: is waited for no
	                     * more, without a signal */
	IRT_OP_INSIDE = 41, /* never in chunks: what locks.h says */
};

/* What an escaped token is, in the side stream: a number. */
enum irt_side {
	IRT_SIDE_EXIT = 0,
	IRT_SIDE_OPERATION = 1, /* a number follows: enum irt_operation */
	IRT_SIDE_HEAP = 2,      /* or more, even: the event of the heap that is predicted; (that - 2) / 2 says its
	                         * address: heap_code.h */
	IRT_SIDE_CHILD = 3,     /* or more, odd: the child with the ordinal (that - 3) / 2 */
};

static inline uint64_t irt_side_child(uint32_t ordinal) { return 2 * (uint64_t)ordinal + IRT_SIDE_CHILD; }

struct irt_event {
	int64_t ticks;      /* rounded, since the run's origin; never less than the event before */
	uint64_t value;     /* EXIT, UNWIND, TAIL: how long the call took, waits not counted, ticks;
	                     * others: see enum irt_operation */
	uint64_t extra;     /* GAP, BLOCK, THREAD, those of the heap and of locks; not set otherwise */
	uint32_t context;   /* ENTER: the call's; EXIT, UNWIND, TAIL: that of the call that ends; POP,
	                     * LANDED: that of the innermost call that ends; others: the current one */
	uint32_t depth;     /* depth of that call in the stack, 0 = outermost; of the current call for
	                     * others. UINT32_MAX with the root's context (0): no call is open */
	uint32_t operation; /* enum irt_operation; never FOLD */
	uint32_t site;      /* those of the heap and of locks: irt_site (heap.h); BLOCK, BLOCKING and THREAD: the site's id; not set otherwise */
};

#endif
