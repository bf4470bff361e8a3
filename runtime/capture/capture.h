/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * capture.h - the state that hooks work on: one small block per thread, one page per process.
 *
 * hooks.S is the steady path (it knows the offsets below); cold.c is everything else that a hook
 * may have to do; runtime/control brings the process into a run.
 */
#ifndef IRT_CAPTURE_CAPTURE_H
#define IRT_CAPTURE_CAPTURE_H

/* Offsets and values that hooks.S shares with the structures below (asserted in cold.c). */
#define IRT_GATE_COLD 0 /* not in a run yet, or just forked (MADV_WIPEONFORK) */
#define IRT_GATE_ON 1
#define IRT_GATE_OFF 2 /* record=off, or recording is impossible: hooks return at once */
#define IRT_TLS_CURSOR 0
#define IRT_TLS_ANCHOR 16
#define IRT_ANCHOR_HALF 524288      /* half of INSTR_SP_RANGE */
#define IRT_ANCHOR_HALF_CYG 65536   /* half of INSTR_CYG_SP_RANGE */
#define IRT_OVERFLOW_BIT 0x8000     /* IRT_SUB_BYTES */

#ifndef __ASSEMBLER__

#include "ring/ring.h"

#define IRT_HIDDEN __attribute__((visibility("hidden")))

/* Per thread, initial-exec, 32 bytes (they fit the static-TLS surplus of dlopen). cursor is the
 * address of the next unit, or has IRT_OVERFLOW_BIT set: take the cold path. It starts that way, so
 * no initialiser has to run before the first hook. cursor and sequence change together only by
 * cmpxchg16b, cursor alone only by xadd: a signal handler may run hooks between any two
 * instructions. */
struct irt_tls {
	uint64_t cursor;
	uint64_t sequence;         /* of the sub-buffer that cursor points into; 0 = none yet */
	uint64_t anchor;           /* the last full stack pointer told to the walk; before the thread has joined: 0, or the key
	                            * that it will join with (thread.c), which is near to no stack pointer */
	uint64_t thread;           /* its id * IRT_THREAD_MAX + its slot in the ring; 0 = not joined. The id is
	                            * here because a fork child reads this when the slot may be another's */
};

/* Per process, on pages that a fork child sees zeroed: gate 0 sends its first hook to the cold path
 * before it can touch the parent's sub-buffer. */
struct irt_local {
	uint64_t gate; /* IRT_GATE_*; first, hooks.S reads its low byte */
	uint32_t join; /* 0 not yet, 1 somebody is at it, 2 done; futex */
	int32_t joiner_tid;
	struct irt_process *process;
	uint32_t process_slot;
	uint32_t dropping;       /* 1 = events are dropped until one of the next two words moves in the ring */
	uint32_t drop_freed;
	uint32_t heap_off;       /* 1 = heap=off: allocations are not recorded */
	uint32_t block_off;      /* 1 = block=off: calls that may block are not recorded */
	uint32_t lock_off;       /* 1 = lock=off: locks are not recorded */
	uint32_t thread_off;     /* 1 = thread=off: who creates threads is not recorded */
	uint32_t spare;
	uint64_t drop_heartbeat; /* the drain does not move; UINT64_MAX: it does, but has nothing to give */
	uint64_t drop_look_ticks; /* when a restart of the drain was tried last */
	unsigned char pad[4096 - 72];
	unsigned char populated[IRT_SUB_MAX / 8]; /* bit per sub-buffer: mapped in this process */
};

extern IRT_HIDDEN __thread struct irt_tls irt_tls __attribute__((tls_model("initial-exec")));
extern IRT_HIDDEN struct irt_local irt_local;
extern IRT_HIDDEN struct irt_map irt_map; /* the run's ring; kept over fork. map.ring NULL = none */

static inline struct irt_thread *irt_thread_slot(uint64_t thread) { return &irt_map.threads[thread % IRT_THREAD_MAX]; }
static inline uint64_t irt_thread_id(uint64_t thread) { return thread / IRT_THREAD_MAX; }

/* The address of the thread's control block. In glibc and musl its first word is that, and pthread_self returns it. */
static inline uint64_t irt_thread_control(void)
{
	uint64_t block;
	__asm__("movq %%fs:0, %0" : "=r"(block));
	return block;
}

/* What control does for capture. */

/* Brings this process into a run (again, after fork). Returns 1 when hooks may record. Uses raw
 * system calls only; safe in any hook, once per process at a time. */
IRT_HIDDEN int irt_join(void);

/* The drain has not moved for a while: starts another one if it is gone and the rules allow. Returns
 * 0 if there is none and none starts. */
IRT_HIDDEN int irt_restart_drain(void);

/* Makes the steady path of this thread possible (cold.c). sp: near the stack pointer. Returns 1: try again; 0:
 * this record is not made. */
IRT_HIDDEN int irt_make_ready(uint64_t sp) __attribute__((nothrow));

/* What capture gives to control. */

/* Forgets a thread's stream (after fork) so that its next hook starts a new one. */
IRT_HIDDEN void irt_thread_reset(struct irt_tls *tls);

/* Makes memory of [at, at + bytes) in the shared mapping present, or returns 0. */
IRT_HIDDEN int irt_populate(void *at, uint64_t bytes);

/* Raises a watermark of a table of slots. */
IRT_HIDDEN void irt_raise(uint32_t *high, uint32_t to);

/* Is this a process whose hooks make no system calls? */
IRT_HIDDEN int irt_is_quiet(void);

/* Wakes the drain if it sleeps. */
IRT_HIDDEN void irt_wake_drain(struct irt_ring *ring);

#endif
#endif
