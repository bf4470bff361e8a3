/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_internal.h - what the files of the locks share.
 *
 *     locks.c        what each event does
 *     locks_waits.c  whom waits are charged to, and what those did meanwhile
 *     locks_conditions.c  waits for conditions
 *     locks_inside.c what threads do while they have locks
 *     locks_order.c  the order of events
 *     locks_tables.c the tables of locks, of what was done to them, and of threads
 *     locks_rows.c   what goes to the file and comes from it
 *     locks_state.c  the same, of what is under way
 */
#ifndef IRT_FOLD_LOCKS_INTERNAL_H
#define IRT_FOLD_LOCKS_INTERNAL_H

#include "fold/array.h"
#include "fold/cct.h"
#include "fold/event.h"
#include "fold/keyed.h"
#include "fold/locks.h"
#include "instr/errors.h"

#include <stdlib.h>
#include <string.h>

enum {
	NO_LOCK = UINT32_MAX,
	NO_STATE = UINT32_MAX,
	CHAIN_MAX = 8,  /* waits of a chain that are told */
	HELD_MAX = 16,  /* locks of a thread, the last ones, whose order is told */
};

/* In pending, beside events: */
enum {
	DONE = 0,  /* another one has pulled it forward */
	LATER = 9, /* the thread gets the lock now, not when it said so; value: later_value */
};

/* How often a thread has a lock, and the ticks by which that is later than it said. */
static inline uint64_t later_value(uint32_t depth, uint32_t late) { return (uint64_t)late << 32 | depth; }
static inline uint32_t later_depth(uint64_t value) { return (uint32_t)value; }
static inline uint32_t later_ticks(uint64_t value) { return (uint32_t)(value >> 32); }

struct owner {
	uint32_t thread, depth;
	uint32_t row;        /* of totals: where it took the lock */
	bool alone;          /* not as one of many readers */
	uint32_t late;       /* ticks by which that was later than it said */
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

/* What each who waits for a lock is to be charged with: so long somebody had it, who was in this call or in none. */
struct debt {
	int64_t holder;      /* context; IRT_LOCKS_NONE */
	uint32_t thread, call_context, call_site;
	uint64_t ticks;
};

/* The lock at an address now. */
struct state {
	uint64_t address;    /* the key */
	uint32_t lock;       /* its row; NO_LOCK: none was used since the last one was destroyed */
	uint32_t holder_thread; /* who had it last; 0 */
	int64_t holder;      /* its context; IRT_LOCKS_NONE */
	uint64_t round;      /* irt_locks.round, when its waiters were charged */
	bool even;           /* all waiters are charged, up to even_ticks, but for the debts */
	bool owes;           /* it is in irt_locks.owing */
	int64_t even_ticks;
	struct owner *owners;
	struct waiter *waiters;
	struct debt *debts;
	size_t owner_count, owner_room, waiter_count, waiter_room, debt_count, debt_room;
};

struct charge { uint32_t context, thread; uint64_t ticks; }; /* of who had the lock */

/* The condition at an address, and the lock with which it is waited for. */
struct condition {
	uint64_t address;     /* the key */
	uint32_t state, lock; /* as it was when they came who are asleep */
	uint32_t next;        /* in the list of the lock, as lock_row.conditions */
	uint32_t sleepers, called; /* who are asleep; of them those who were so when it was signalled last */
	uint32_t signals;     /* that have woken nobody yet; at most `called` */
	uint64_t last_signal; /* its number */
	uint64_t binding;     /* number of the lock's; 0: none */
	int64_t mark_ticks;   /* up to there is noted who had the lock */
	struct charge *charges; /* since the last signal, by when they first had it */
	size_t charge_count, charge_room;
};

/* A thread that has a lock, waits for one or for a condition, or is in a call that may block. */
struct actor {
	uint64_t thread;     /* the key */
	uint32_t *held;      /* states, by when it took them; at one time: by locks */
	size_t held_count, held_room;
	uint32_t waits_at;   /* a state; NO_STATE: it does not wait */
	bool in_call;
	uint32_t call_context, call_site;
	int64_t call_ticks;  /* since then */
	uint64_t condition;  /* that it waits for; 0: none */
	uint64_t binding;    /* its, when the thread fell asleep; 0: it has the lock still */
	uint64_t seen_signal; /* the last one by then */
};

struct totals_row { uint64_t key[2]; bool changed; struct irt_lock_totals row; };
struct wait_row { uint64_t key[3]; bool changed; struct irt_lock_wait row; };
struct order_row { uint64_t key[1]; bool changed; uint32_t gate_count, gates[IRT_LOCK_GATES], thread; uint64_t count, contended, wait_ticks; };
struct call_row { uint64_t key[2]; bool changed; uint64_t calls, ticks, max_ticks; };
struct threads_row { uint64_t key[2]; bool changed; uint64_t waits, ticks; };
struct lock_row {
	struct irt_lock row;
	bool changed;
	uint32_t conditions; /* index + 1 of the first one of its list (locks_conditions.c); 0: none */
};

struct irt_locks {
	struct irt_pending pending;

	struct lock_row *locks;
	size_t lock_count, lock_room;
	struct irt_keyed states, actors;
	struct irt_keyed totals;  /* lock and context, site */
	struct irt_keyed waits;   /* lock and context, holder + 1 and next, call */
	struct irt_keyed orders;  /* rows of totals: from, to */
	struct irt_keyed calls;   /* row of totals; context and site */
	struct irt_keyed threads; /* lock; thread and holder */
	struct irt_keyed conditions;
	size_t asleep;         /* actors that wait for conditions, or have said so */
	uint64_t last_binding;
	size_t idle_limit;     /* of actors: beyond, those who do nothing go */
	size_t user_count;     /* owners and waiters of all locks */
	size_t link_count;     /* actors that wait and have locks: without them there is no chain of two waits */
	uint32_t *owing;       /* states that may have debts */
	size_t owing_count, owing_room;
	uint64_t round;
	bool changed;          /* since it was saved */
};

static inline uint64_t two(uint32_t high, uint32_t low) { return (uint64_t)high << 32 | low; }
static inline uint32_t high_of(uint64_t key) { return (uint32_t)(key >> 32); }
static inline uint32_t low_of(uint64_t key) { return (uint32_t)key; }

static inline uint64_t between(int64_t from, int64_t to) { return to > from ? (uint64_t)to - (uint64_t)from : 0; }

/* irt_keyed_put and irt_keyed_find of what mostly was there a moment ago. */
static inline uint32_t put_again(struct irt_keyed *t, const uint64_t *key, size_t words)
{
	uint32_t i = irt_keyed_recall(t, key, words);

	return i == IRT_KEYED_NONE ? irt_keyed_put(t, key) : i;
}

static inline uint32_t find_again(const struct irt_keyed *t, const uint64_t *key, size_t words)
{
	uint32_t i = irt_keyed_recall(t, key, words);

	return i == IRT_KEYED_NONE ? irt_keyed_find(t, key) : i;
}

static inline void add_up(uint64_t *sum, uint64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum) || *sum > INT64_MAX)
		*sum = INT64_MAX;
}

/* locks_tables.c. Indices stay, pointers until room is made. */
static inline struct state *state_at(const struct irt_locks *l, uint32_t i) { return irt_keyed_row(&l->states, i); }
static inline uint32_t index_of_state(const struct irt_locks *l, const struct state *s) { return (uint32_t)(s - (struct state *)l->states.rows); }
static inline struct totals_row *totals_at(const struct irt_locks *l, uint32_t i) { return irt_keyed_row(&l->totals, i); }
struct state *irt_locks_find_state(const struct irt_locks *l, uint64_t address); /* NULL: nothing was done there yet */
struct actor *irt_locks_find_actor(const struct irt_locks *l, uint32_t thread);  /* NULL: it does nothing */
bool irt_locks_make_room(struct irt_locks *l);  /* for a lock, a state, a row of totals and an actor */
struct state *irt_locks_state(struct irt_locks *l, uint64_t address);
struct actor *irt_locks_actor(struct irt_locks *l, uint32_t thread);
uint32_t irt_locks_totals(struct irt_locks *l, uint32_t lock, uint32_t context, uint32_t site);
struct irt_lock *irt_locks_touch(struct irt_locks *l, uint32_t lock); /* before it changes */
struct irt_lock_totals *irt_locks_touch_totals(struct irt_locks *l, uint32_t row);
bool irt_locks_user_room(struct state *s);

/* locks_waits.c. false: no memory; what is missing is done when it is called again. Waiters are not looked at, and none
 * comes, before the lock's debts are paid.
 * Up to that time, and before anything changes of: the owners of a lock; what a thread does that others wait for. */
bool irt_locks_charge_waiters(struct irt_locks *l, struct state *s, int64_t ticks);
bool irt_locks_charge_for(struct irt_locks *l, const struct actor *a, int64_t ticks);
/* waited: was it a wait? Not NULL. */
bool irt_locks_end_wait(struct irt_locks *l, struct state *s, struct waiter *w, int64_t ticks, uint64_t result, bool *waited);
void irt_locks_drop_waiter(struct irt_locks *l, struct state *s, struct waiter *w);
bool irt_locks_pay(struct irt_locks *l, struct state *s);
bool irt_locks_pay_all(struct irt_locks *l);
/* Where it waits; NO_STATE: nowhere. */
void irt_locks_wait_at(struct irt_locks *l, struct actor *a, uint32_t state);
/* Another thread that stands in the way of this acquisition; NULL: none. */
const struct owner *irt_locks_in_the_way(const struct state *s, uint32_t thread, bool alone);
struct owner *irt_locks_owner(const struct state *s, uint32_t thread);   /* NULL */
struct waiter *irt_locks_waiter(const struct state *s, uint32_t thread); /* NULL */

uint32_t irt_locks_put_wait(struct irt_locks *l, const struct irt_lock_wait *key); /* room must be there, as for the next */
struct threads_row *irt_locks_put_threads(struct irt_locks *l, uint32_t lock, uint32_t thread, uint32_t holder);
static inline struct irt_lock_wait *irt_locks_wait_row(const struct irt_locks *l, uint32_t i) { return &((struct wait_row *)irt_keyed_row(&l->waits, i))->row; }

/* locks_conditions.c. false: no memory; what is missing is done when it is called again. */
struct condition *irt_locks_find_condition(const struct irt_locks *l, uint64_t address); /* NULL */
void irt_locks_signals_left(struct irt_locks *l, struct condition *c, uint32_t signals);
bool irt_locks_add_charge(struct condition *c, uint32_t context, uint32_t thread, uint64_t ticks);
bool irt_locks_charge_conditions(struct irt_locks *l, const struct state *s, int64_t ticks); /* before its owners change */
void irt_locks_end_conditions(struct irt_locks *l, uint32_t lock); /* of a lock that ends */
bool irt_locks_apply_condition(struct irt_locks *l, const struct irt_shared_event *e);
bool irt_locks_is_bound(const struct irt_locks *l, const struct condition *c); /* is it waited for with the lock that is there still? */
/* The condition for which it is asleep; NULL: none, or not any more. */
struct condition *irt_locks_sleeps_for(const struct irt_locks *l, const struct actor *a);
static inline bool was_called(const struct actor *a, const struct condition *c) { return c->signals && a->seen_signal != c->last_signal; }
void irt_locks_wake(struct irt_locks *l, struct actor *a, bool by_signal);
void irt_locks_end_sleep(struct irt_locks *l, const struct irt_shared_event *e); /* if the event says that it has ended */
void irt_locks_fall_asleep(struct irt_locks *l, struct state *s, struct actor *a); /* room for a condition must be there */
/* It takes the lock again. *waited: so long behind the signal; left alone: it has not. */
bool irt_locks_come_back(struct irt_locks *l, struct state *s, struct actor *a, uint32_t row, uint64_t *waited);

/* locks_inside.c. Room first (false: no memory); the rest cannot fail. */
bool irt_locks_inside_room(struct irt_locks *l, const struct actor *a);
/* It takes another lock, for which it has waited so long, if it was a wait. */
void irt_locks_count_order(struct irt_locks *l, const struct actor *a, uint32_t row, bool waited, uint64_t wait_ticks);
bool irt_locks_apply_call(struct irt_locks *l, const struct irt_shared_event *e); /* BLOCKING, BLOCK */
void irt_locks_apply_inside(struct irt_locks *l, const struct irt_shared_event *e); /* INSIDE */
void irt_locks_count_inside(struct irt_locks *l, uint32_t row, uint64_t allocs, uint64_t bytes);

/* locks.c. false: no memory; what is missing is done when it is called again. */
void irt_locks_put_held(struct irt_locks *l, struct actor *a, const struct state *s, int64_t ticks); /* room must be there */
bool irt_locks_apply(struct irt_locks *l, const struct irt_shared_event *e);
/* The owner does not have it yet; *later gives it to him. */
bool irt_locks_suspend(struct irt_locks *l, struct state *s, struct owner *o, int64_t ticks, struct irt_shared_event *later);

static inline bool is_alone(uint32_t site)
{
	return irt_site_family(site) != INSTR_LOCK_READ && irt_site_family(site) != INSTR_LOCK_OWN_READ;
}
static inline bool is_taken(uint64_t result) { return result == 0 || result == IRT_LOCK_OWNER_DIED; }
/* How often the thread has the lock more by it. */
static inline uint32_t taken_by(const struct irt_shared_event *e)
{
	return e->operation == LATER ? later_depth(e->value) : e->operation == IRT_OP_ACQUIRED || (e->operation == IRT_OP_WAITED && is_taken(e->value));
}
static inline bool is_condition(uint32_t operation) { return operation == IRT_OP_SIGNALLED || operation == IRT_OP_CONDITION; }
static inline bool is_call(uint32_t operation) { return operation == IRT_OP_BLOCKING || operation == IRT_OP_BLOCK; }

#endif
