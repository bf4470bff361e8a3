/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_internal.h - what the files of the locks share.
 *
 *     locks.c        what each event does
 *     locks_order.c  their order
 *     locks_tables.c the tables of locks, totals and waits
 *     locks_rows.c   what goes to the file and comes from it
 */
#ifndef IRT_FOLD_LOCKS_INTERNAL_H
#define IRT_FOLD_LOCKS_INTERNAL_H

#include "fold/array.h"
#include "fold/event.h"
#include "fold/locks.h"
#include "instr/errors.h"

#include <stdlib.h>
#include <string.h>

enum { NO_LOCK = UINT32_MAX };

/* What lock_pending.state has beside pending events, whose operations are those of enum irt_operation. */
enum {
	DONE = 0,   /* not in the file: another event has pulled it forward */
	OTHER = 1,  /* the lock at this address is of those that share a row; value: context of its last holder + 1, or 0 */
	OWNER = 2,  /* a thread has the lock, `value` times, since then */
	WAITER = 3, /* a thread waits for it since then; value: ticks of it that are charged << 2 | charged << 1 | tried */
};

struct owner {
	uint32_t thread, depth;
	uint32_t row;        /* of totals: where it took the lock */
	bool alone;          /* not as one of many readers */
	int64_t start_ticks;
};

struct waiter {
	uint32_t thread;
	uint32_t row;        /* of totals: where it waits */
	bool alone, tried;
	bool charged;        /* somebody has been */
	int64_t start_ticks; /* of its wait */
	int64_t mark_ticks;  /* up to there it is charged to somebody */
};

/* The lock at an address now. */
struct state {
	uint64_t address;
	uint32_t lock;       /* its row; NO_LOCK: none was used since the last one was destroyed */
	int64_t holder;      /* context that had it last; IRT_LOCKS_NONE */
	struct owner *owners;
	struct waiter *waiters;
	size_t owner_count, owner_room, waiter_count, waiter_room;
};

struct lock_row { struct irt_lock row; bool changed; };
struct totals_row { struct irt_lock_totals row; bool changed; };
struct wait_row { struct irt_lock_wait row; bool changed; };

/* Numbers of items by a hash of their keys: slots are a power of two, at least half of them 0 (empty), else the
 * item's number + 1. */
struct slots {
	uint32_t *at;
	size_t count;
};

struct irt_locks {
	struct irt_pending pending;

	struct state *states;
	struct lock_row *locks;
	struct totals_row *totals;
	struct wait_row *waits;
	size_t state_count, state_room, lock_count, lock_room, totals_count, totals_room, wait_count, wait_room;
	struct slots state_slots, totals_slots, wait_slots;
	size_t user_count;     /* owners and waiters of all locks */
	bool changed;          /* since it was saved */
};

/* locks_tables.c. Room: what one event of a lock with so many waiters may need; false: no memory, nothing has changed. */
bool irt_locks_make_room(struct irt_locks *l, size_t waiters);
struct state *irt_locks_find_state(const struct irt_locks *l, uint64_t address); /* NULL: nothing was done there yet */
struct state *irt_locks_state(struct irt_locks *l, uint64_t address);      /* is there, or room is */
uint32_t irt_locks_totals(struct irt_locks *l, uint32_t lock, uint32_t context, uint32_t site);
struct irt_lock_wait *irt_locks_wait(struct irt_locks *l, uint32_t lock, uint32_t context, int64_t holder);
struct irt_lock *irt_locks_touch(struct irt_locks *l, uint32_t lock); /* before it changes */
struct irt_lock_totals *irt_locks_touch_totals(struct irt_locks *l, uint32_t row);
bool irt_locks_user_room(struct state *s);

/* locks.c. false: no memory; what is missing is done when it is called again. */
bool irt_locks_apply(struct irt_locks *l, const struct irt_shared_event *e);
/* Another thread that stands in the way of this acquisition; NULL: none. */
const struct owner *irt_locks_in_the_way(const struct state *s, uint32_t thread, bool alone);

static inline bool is_alone(uint32_t site) { return irt_site_family(site) != INSTR_LOCK_READ; }
static inline bool is_taken(uint64_t result) { return result == 0 || result == IRT_LOCK_OWNER_DIED; }

#endif
