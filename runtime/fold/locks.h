/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks.h - the locks of one process: who takes them, who waits for whom, how long they are held.
 *
 * Walks put in what their threads did (irt_locks_add), each in its thread's order; settling brings the threads
 * together in the order of time and applies it.
 *
 *     walks ──► irt_locks_add ──► pending ──► irt_locks_settle ──► locks, totals, waits ──► rows
 *
 * Order. A release is stamped and published before it is done, an acquisition behind it, both without a fence: a processor
 * may have read the clock some hundred cycles early, while it still waited for the lock's memory (and clocks of two may
 * differ). So two threads may seem to have one lock: one was stamped too early to have it, before the release that it waited
 * for, or even before all that a third one did to the lock. Whose stamp need be wrong by less is moved, if that is less than
 * SLACK: what the owner does to the lock until its release comes before the acquisition of the other, or the owner's
 * acquisition comes behind the release of the other. Else the end of the owner's hold was not seen (lost events, a lock given
 * back by another thread), and it counts as held until then.
 *
 * A lock is an address from its init, or its first use, to its destroy. Whatever is done to that address behind that is
 * done to another lock.
 *
 * Who is waited for. Each moment of a wait is charged to one calling context, in which the lock had been taken by him
 * who had it then: of several readers by the one who had it longest; while nobody had it (it was on its way), by him
 * who had it last. So what waiters have waited and what holders are charged with are the same sums, at every moment. A
 * wait of which it was not tried first whether the lock can be had (enum instr_ext, WAITING) is one only if somebody
 * else had the lock meanwhile; what it waited before is charged to the first who had it. While a waiter is the only one
 * to have the lock himself, he waits for nobody, and that time is charged to nobody. Of one thread one wait is told: that
 * which it began last (the end of another was not seen, or it is in a signal handler).
 *
 * Who waits for a condition (CONDITION, then RELEASED, until it has the lock again) has waited for the lock as well, as far
 * as somebody else had it between the last signal of that condition and its return. That is charged to him who had it,
 * when it is back; the rest was waiting for the signal. A signal is for one, who comes back first of those who waited
 * when it came (to all, if it says so), and so a thread that comes back when there is none left, by a time limit or for
 * no reason, has not waited for the lock. What the holder did meanwhile is not told of these.
 *
 * What the holder did meanwhile is told as well: it waited for another lock itself (the row of that wait, and so on:
 * a chain), or it was in a call that may block, or it ran, as far as is known. A chain ends with a thread that is in it
 * already, and behind eight waits.
 *
 * What a thread does while it has a lock: it takes another one (lock_orders), makes calls that may block
 * (lock_calls), or allocates (lock_totals). Of the last two a walk need tell only if its thread has a lock.
 *
 * Blocks: an event INSIDE says that the thread has allocated `value` blocks of `address` bytes since the last one of its
 * locks, or the last INSIDE: each lock that it has gets them. A walk makes one before an event of a lock if there is
 * something to tell, and where the locks are settled; a replay makes them again, so chunks have none.
 *
 * Threads: one at a time.
 */
#ifndef IRT_FOLD_LOCKS_H
#define IRT_FOLD_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold/heap.h" /* irt_site */
#include "fold/histogram.h"
#include "fold/pending.h"
#include "instr/hooks.h"

struct irt_locks;

enum {
	IRT_LOCK_SLACK_TICKS = 1 << 13, /* two to four microseconds */
	IRT_LOCK_TRIED = 1,             /* value of WAITING: it could not be had at once */
	IRT_LOCK_OWNER_DIED = 130,      /* value of WAITED: EOWNERDEAD */
	IRT_LOCK_ALL = 1,               /* value of SIGNALLED: all who wait for the condition */
	IRT_LOCK_CALL_LEFT = 1,         /* value of BLOCK: the call has not returned, the thread is not in it any more */
	IRT_LOCKS_MAX = 1 << 16,        /* locks of a process; all that come later are one row, which has no address */
	IRT_LOCKS_NONE = -1,            /* in place of a context: not known */
	IRT_LOCK_GATES = 4,             /* of an order: locks that are told */
	IRT_LOCK_ROWS_MAX = 1 << 18,    /* of waits, orders, calls, threads: what comes later is told with less detail */
	IRT_LOCK_NO_WAIT = UINT32_MAX,  /* in place of a wait's number */
	IRT_LOCK_OTHERS = UINT32_MAX,   /* in place of a lock's number: many */
};

/* In the address of a lock of the program's own: at its beginning may be the lock that it is made of. */
#define IRT_LOCK_IS_OWN (UINT64_C(1) << 59)

/* INSTR_ERR_MEMORY. */
int irt_locks_create(struct irt_locks **locks);
void irt_locks_destroy(struct irt_locks *locks); /* NULL is allowed */

/* INSTR_ERR_MEMORY: nothing has changed. */
int irt_locks_add(struct irt_locks *locks, const struct irt_shared_event *event);
/* As irt_pending_room and irt_pending_added: many of one thread. */
struct irt_shared_event *irt_locks_room(struct irt_locks *locks, size_t count);
void irt_locks_added(struct irt_locks *locks, size_t count);

/* Applies what is pending up to that time; behind it, another thread may still have been earlier. INT64_MAX: all.
 * INSTR_ERR_MEMORY: not all; call it again. */
int irt_locks_settle(struct irt_locks *locks, int64_t until_ticks);

/* Is there something to settle? Does it differ from what was saved? */
bool irt_locks_is_waiting(const struct irt_locks *locks);
bool irt_locks_is_unsaved(const struct irt_locks *locks);

/* ---- rows: of what is settled. schema.sql says what the columns mean -------------------------------- */

struct irt_lock { /* locks */
	uint32_t number;         /* from 0, in the order of their first use */
	uint32_t mode;           /* enum instr_lock_mode: of its first use. NONE: many locks */
	uint64_t address;
	uint32_t context, site_id; /* of its first use */
	int64_t start_ticks, end_ticks; /* INT64_MAX: it has not ended */
	int64_t holder;          /* the context that has given it back last; IRT_LOCKS_NONE: none yet */
	uint32_t holder_thread;  /* whose that was; 0 */
	uint64_t lost, unknown;  /* holds whose end was not seen; releases by who did not have it */
};

struct irt_lock_totals { /* lock_totals */
	uint32_t lock, context, site_id, mode;
	uint64_t acquisitions, contended, failed;
	uint64_t wait_ticks, max_wait_ticks;
	uint64_t holds, hold_ticks, max_hold_ticks; /* those that have ended */
	uint64_t allocs, alloc_bytes;                /* in all */
	struct irt_histogram waits, hold_times;      /* the locks' own */
};

struct irt_lock_wait { /* lock_waits */
	uint32_t number;         /* from 0 */
	uint32_t lock, context;
	int64_t holder;          /* context, or IRT_LOCKS_NONE */
	uint32_t next;           /* the holder waited itself: number of that wait; else IRT_LOCK_NO_WAIT */
	uint32_t call_context, call_site; /* ... or was in this call that may block; site 0: in none */
	uint64_t waits, ticks;   /* waits: those that began so */
};

struct irt_lock_place { uint32_t lock, context, site_id, mode; }; /* the key of irt_lock_totals */

/* `to` was taken while `from` was had. to.lock IRT_LOCK_OTHERS, and nothing else: all other ones. */
struct irt_lock_order { /* lock_orders */
	struct irt_lock_place from, to;
	uint64_t count, contended, wait_ticks;
	uint32_t thread;         /* who alone has done so; 0: several */
	uint32_t gate_count, gates[IRT_LOCK_GATES]; /* locks that were had as well, each time, and by no other reader */
};

struct irt_lock_call { /* lock_calls: calls that may block, made while the lock was had */
	struct irt_lock_place holder;
	uint32_t context, site_id; /* of the call; site 0: all other ones */
	uint64_t calls, ticks, max_ticks;
};

struct irt_lock_threads { /* lock_threads */
	uint32_t lock, thread, holder; /* holder 0: not known. Both 0: all other ones */
	uint64_t waits, ticks;
};

/* Somebody who has a lock, or waits for it. */
struct irt_lock_user { /* lock_users */
	uint32_t lock, thread, context, site_id, mode, depth; /* depth: how often it has it; 0: it waits */
	int64_t start_ticks;
};

/* What differs from what was last saved; of users all. What `each` returns, if not 0, ends it and is returned. */
int irt_locks_each(struct irt_locks *locks, void *user, int (*each)(void *user, const struct irt_lock *lock));
int irt_locks_each_totals(struct irt_locks *locks, void *user, int (*each)(void *user, const struct irt_lock_totals *row));
int irt_locks_each_wait(struct irt_locks *locks, void *user, int (*each)(void *user, const struct irt_lock_wait *row));
int irt_locks_each_order(struct irt_locks *locks, void *user, int (*each)(void *user, const struct irt_lock_order *row));
int irt_locks_each_call(struct irt_locks *locks, void *user, int (*each)(void *user, const struct irt_lock_call *row));
int irt_locks_each_threads(struct irt_locks *locks, void *user, int (*each)(void *user, const struct irt_lock_threads *row));
int irt_locks_each_user(struct irt_locks *locks, void *user, int (*each)(void *user, const struct irt_lock_user *row));

/* What is pending, and who has what, as the bytes of lock_pending.state (docs/format.md); free(*bytes). *count 0:
 * nothing. INSTR_ERR_MEMORY. */
int irt_locks_pack(const struct irt_locks *locks, uint8_t **bytes, size_t *count);

/* All of that is committed; nothing has been settled in between. */
void irt_locks_saved(struct irt_locks *locks);

/* ---- recovery: on one that was just made ------------------------------------------------------------- */

/* As they were saved, in this order; locks by their numbers. INSTR_ERR_MEMORY, INSTR_ERR_FORMAT: such a row cannot be. */
int irt_locks_restore(struct irt_locks *locks, const struct irt_lock *lock);
int irt_locks_restore_totals(struct irt_locks *locks, const struct irt_lock_totals *row); /* takes the histograms */
int irt_locks_restore_wait(struct irt_locks *locks, const struct irt_lock_wait *row);
int irt_locks_restore_order(struct irt_locks *locks, const struct irt_lock_order *row);
int irt_locks_restore_call(struct irt_locks *locks, const struct irt_lock_call *row);
int irt_locks_restore_threads(struct irt_locks *locks, const struct irt_lock_threads *row);
int irt_locks_unpack(struct irt_locks *locks, const uint8_t *bytes, size_t count);

/* How often a thread has taken locks that it has not given back, by all that was added, applied or not; and whether the
 * last that was told of it is that it is in a call. */
uint32_t irt_locks_held(const struct irt_locks *locks, uint32_t thread, bool *in_call);

#endif
