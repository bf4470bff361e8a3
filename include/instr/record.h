/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * record.h - the bytes of one event in the ring.
 *
 * Written by runtime/capture in the traced program, read by runtime/fold in the
 * drain process (or by whoever recovers a run). Nothing else sees these bytes.
 *
 * A record is one or more units of 16 bytes:
 *
 *      byte 0                                   7  8                          15
 *     +------------------------------------------+------------------------------+
 *     | word 1: timestamp counter, never 0       | word 2: aux | row address | k |
 *     +------------------------------------------+------------------------------+
 *
 *     word 2   bits  0..3    kind (enum instr_kind), never 0
 *              bits  4..47   address of the descriptor row (16-byte aligned, below 2^47)
 *              bits 48..63   aux
 *
 *     ENTER, EXIT, UNWIND, TAIL
 *              aux = bits 4..19 of the caller's stack pointer
 *     CYG_ENTER, CYG_EXIT     (code built with -finstrument-functions: no row)
 *              bits 4..50 the function's address, bits 51..63 stack pointer bits 4..16
 *     EXT      an extended record: aux bits 0..7 sub-kind (enum instr_ext),
 *              aux bits 8..15 length in units, this one included (1..255);
 *              row = a site row or 0; the payload is the units behind this one
 *     PAD      nothing; the rest of the sub-buffer is empty
 *
 * Publication. Word 2 is stored first, then the payload, then word 1; the store of word 1
 * (release) is the only publication. A reader therefore sees, at each unit:
 *
 *     word 2 == 0                  unwritten (sub-buffers are all zero when handed out)
 *     word 2 != 0, word 1 == 0     reserved, its length known, not yet committed
 *     word 1 != 0 (acquire)        committed: every word of the record is valid
 */
#ifndef INSTR_RECORD_H
#define INSTR_RECORD_H

#include <stdint.h>

enum {
	INSTR_UNIT_BYTES = 16,
	INSTR_KIND_BITS = 4,
	INSTR_KIND_MASK = 15,
	INSTR_AUX_SHIFT = 48,
	INSTR_SP_SHIFT = 44,         /* caller's stack pointer << 44 puts its bits 4..19 into aux */
	INSTR_SP_RANGE = 1 << 20,    /* stack pointers are known modulo this many bytes */
	INSTR_CYG_SHIFT = 4,         /* CYG_*: address << 4 puts it into bits 4..50 */
	INSTR_CYG_SP_SHIFT = 47,     /* CYG_*: stack pointer << 47 puts its bits 4..16 into 51..63 */
	INSTR_CYG_SP_RANGE = 1 << 17,
};

#define INSTR_ROW_MASK UINT64_C(0x0000fffffffffff0)
#define INSTR_CYG_ADDRESS_MASK UINT64_C(0x0007fffffffffff0)

enum instr_kind {
	INSTR_NONE = 0,
	INSTR_ENTER = 1,
	INSTR_EXIT = 2,       /* ENTER ^ EXIT = 3: one xor compares kind, row and stack pointer */
	INSTR_UNWIND = 3,     /* exit through a landing pad */
	INSTR_TAIL = 4,       /* exit because the next call replaces this frame */
	INSTR_CYG_ENTER = 5,
	INSTR_CYG_EXIT = 6,
	INSTR_EXT = 7,
	INSTR_PAD = 8,
};

/* Sub-kinds of EXT. Payload words p[0], p[1] ... follow the first unit. A reader skips what it
 * does not know by its length, and counts it. Numbers are never reused. */
enum instr_ext {
	INSTR_EXT_STACK = 1,  /* 2 units: p[0] full stack pointer at the hook, p[1] 0. Re-anchors the stack-pointer bits. */
	INSTR_EXT_LANDED = 2, /* 2 units: p[0] full frame address after a returns_twice call, p[1] 0; row = the function's */
	INSTR_EXT_GAP = 3,    /* 2 units: p[0] events lost since p[1] (ticks); the stream continues here */
	INSTR_EXT_WAIT = 4,   /* 2 units: p[0] ticks waited for the drain, ending at word 1; p[1] 0 */
	INSTR_EXT_MARK = 5,   /* reserved: user marks and labels */
	INSTR_EXT_NOTHING = 6, /* 1 unit or more: reserved by a hook that has started again; no event */
	/* Heap, 16..31; row = the site's. All 2 units but where it says so: p[0] an address (instr_hidden), p[1] bytes (48 bits) |
	 * enum instr_family << 48.
	 * What takes memory is stamped behind the call that does, what gives it back before that. */
	INSTR_EXT_ALLOC = 16,  /* a block; address 0: the call failed */
	INSTR_EXT_FREE = 17,   /* its end; bytes 0 */
	INSTR_EXT_RESIZE = 18, /* realloc begins: the block is in its hands until RESIZED; address 0: none. bytes 0 */
	INSTR_EXT_RESIZED = 19, /* ... and has ended: the block that there is now; address 0: none (freed, size 0);
	                         * bytes all ones: it failed, the old block (which is the address) stays as it was */
	INSTR_EXT_UNMAP = 20, /* a range of memory is given back; bytes: how long it is */
	INSTR_EXT_POOL = 21,  /* 3 units: a block of a pool; p[2] the pool (instr_hidden), p[3] 0 */
	INSTR_EXT_RESET = 22, /* all blocks of a pool end, which is the address; bytes 0 */
	/* Locks, 32..47; row = the site's. All 2 units: p[0] the lock's address (instr_hidden), p[1] a value (48 bits) |
	 * enum instr_lock_mode << 48.
	 * What takes a lock is stamped behind the call that does, what gives it back before that. */
	INSTR_EXT_ACQUIRED = 32, /* taken at once; value 0 */
	INSTR_EXT_WAITING = 33, /* the call that may wait comes now; value 1: it could not be had at once; 0: nobody has tried */
	INSTR_EXT_WAITED = 34, /* ... has returned; value: what, 8 bits */
	INSTR_EXT_RELEASED = 35, /* it will be given back now; value 0 */
	INSTR_EXT_REFUSED = 36, /* a call that does not wait did not get it; value: what that returned, 8 bits */
	INSTR_EXT_LOCK_INIT = 37, /* a lock begins here; value 0 */
	INSTR_EXT_LOCK_DESTROY = 38, /* ... and ends here; value 0 */
	/* Conditions: p[0] is the condition's address. */
	INSTR_EXT_SIGNALLED = 39, /* it will be signalled now; value 1: to all who wait for it */
	INSTR_EXT_CONDITION = 40, /* value 0: the thread waits for it with the lock that it gives back next; 1: it does so no
	                         * more, without a signal */
	/* Calls that may block, 48..63; row = the site's. */
	INSTR_EXT_BLOCK = 48, /* 2 units, stamped when the call has returned: p[0] ticks that it took; p[1] bytes that it
	                       * moved (48 bits) | enum instr_descriptor << 48 | INSTR_BLOCK_FAILED */
	INSTR_EXT_BLOCKING = 49, /* 1 unit: the call comes now. Its BLOCK may never come */
	/* Threads, 64; row = the site's. */
	INSTR_EXT_THREAD = 64, /* 2 units, stamped when the call that creates a thread has returned: p[0] the thread's key
	                        * (instr_hidden; irt_thread.key); p[1] when the call began, ticks */
};

/* In the key of a thread: the rest is a number; above every address. */
#define INSTR_KEY_NUMBER (UINT64_C(1) << 58)

#define INSTR_BLOCK_BYTES_MASK UINT64_C(0x0000ffffffffffff)
#define INSTR_BLOCK_FAILED (UINT64_C(1) << 63)
enum { INSTR_BLOCK_KIND_SHIFT = 48, INSTR_BLOCK_KIND_MASK = 15 };

/* What a descriptor is of. Stored in the trace; numbers are never reused, 15 is the greatest. */
enum instr_descriptor {
	INSTR_DESCRIPTOR_NONE = 0,      /* the call has none, or several */
	INSTR_DESCRIPTOR_UNKNOWN = 1,   /* closed meanwhile, or hooks make no system calls here (sandbox=on) */
	INSTR_DESCRIPTOR_FILE = 2,
	INSTR_DESCRIPTOR_DIRECTORY = 3,
	INSTR_DESCRIPTOR_PIPE = 4,
	INSTR_DESCRIPTOR_SOCKET = 5,
	INSTR_DESCRIPTOR_TTY = 6,
	INSTR_DESCRIPTOR_DEVICE = 7,
	INSTR_DESCRIPTOR_QUEUE = 8,     /* of messages */
	INSTR_DESCRIPTOR_EVENT = 9,     /* eventfd, timerfd, signalfd, inotify ... */
	INSTR_DESCRIPTOR_KINDS,
};

#define INSTR_HEAP_BYTES_MASK UINT64_C(0x0000ffffffffffff)
enum { INSTR_HEAP_FAMILY_SHIFT = 48 };

struct instr_unit {
	uint64_t ticks; /* word 1; 0 = not committed */
	uint64_t tag;   /* word 2; 0 = not written */
};

_Static_assert(sizeof(struct instr_unit) == INSTR_UNIT_BYTES, "a unit is 16 bytes");
_Static_assert((INSTR_ENTER ^ INSTR_EXIT) == 3, "the walk compares enter and exit by one xor");
_Static_assert(INSTR_SP_SHIFT + 4 == INSTR_AUX_SHIFT, "stack pointer bit 4 lands in aux bit 0");

static inline unsigned instr_tag_kind(uint64_t tag) { return (unsigned)(tag & INSTR_KIND_MASK); }
static inline uint64_t instr_tag_row(uint64_t tag) { return tag & INSTR_ROW_MASK; }
static inline unsigned instr_tag_aux(uint64_t tag) { return (unsigned)(tag >> INSTR_AUX_SHIFT); }
static inline unsigned instr_tag_ext(uint64_t tag) { return (unsigned)(tag >> INSTR_AUX_SHIFT) & 255; }
static inline unsigned instr_tag_ext_units(uint64_t tag) { return (unsigned)(tag >> (INSTR_AUX_SHIFT + 8)); }
static inline uint64_t instr_tag_cyg_address(uint64_t tag) { return (tag & INSTR_CYG_ADDRESS_MASK) >> INSTR_CYG_SHIFT; }

/* An address as the ring holds it, and back: leak checkers look for pointers in all memory, and must not take a
 * record for somebody who still knows the block. */
static inline uint64_t instr_hidden(uint64_t address) { return ~address; }

static inline uint64_t instr_tag(enum instr_kind kind, uint64_t row, uint64_t sp)
{
	return (uint64_t)kind | row | sp << INSTR_SP_SHIFT;
}

static inline uint64_t instr_ext_tag(enum instr_ext ext, unsigned units, uint64_t row)
{
	return INSTR_EXT | row | (uint64_t)((unsigned)ext | units << 8) << INSTR_AUX_SHIFT;
}

#endif
