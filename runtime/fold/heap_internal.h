/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_internal.h - what the files of the heap share.
 *
 *     heap.c         what each event does
 *     heap_run.c     the same of plain ones in a row, which nearly all are
 *     heap_order.c   their order
 *     heap_pools.c   the blocks of each pool
 *     heap_ranges.c  mappings, which are given back in parts
 *     heap_tables.c  the tables of blocks, places, threads and faults
 *     heap_rows.c    what goes to the file and comes from it
 */
#ifndef IRT_FOLD_HEAP_INTERNAL_H
#define IRT_FOLD_HEAP_INTERNAL_H

#include "fold/array.h"
#include "fold/event.h"
#include "fold/heap.h"
#include "instr/errors.h"

#include <stdlib.h>
#include <string.h>

enum {
	AHEAD = 8,           /* events whose blocks are fetched early */
	AWAY_MOST = 31,      /* see struct block */
	LAST_PLACES = 256,
	HANDS = 4,           /* reallocs of one thread inside each other (signal handlers) */
	ODD_MAX = 64,        /* events that fit nothing yet */
	ODD_MARKS = 1024,
	RECENT = 1024,       /* addresses freed last */
	FAULTS_MAX = 1024,   /* kinds of them by place; more are counted in the sums alone */
	NO_PLACE = UINT32_MAX,
};

/* Operations of pending events beside those of enum irt_operation, and of what heap_pending.events has beside
 * them (docs/format.md). */
enum {
	DONE = 0,      /* not in the file: another event has pulled it forward */
	END = 1,       /* the thread does nothing more */
	ODD_FREE = 2,  /* a free that has found no block */
	BLOCK = 3,     /* a block; the next one says where it is */
	DISPLACED = 4, /* this allocation has got its address */
	IN_HANDS = 5,  /* in the thread's realloc; without a block before it: one that is not known */
	INNER = 6,     /* not in the file: an ALLOC that the next one of its thread seems to have called */
	YOUNG = 7,     /* a block that is alive and too young for a row */
	YOUNG_POOL = 8, /* the next young block is of the pool at this address */
};

/* The key of a block: its address, and above that its kind, for a pool and a block of it may begin at one address. */
enum { KIND_SHIFT = 60 };

struct block {
	uint64_t address;    /* a key; 0 = empty slot */
	uint64_t bytes : 48;
	uint64_t family : 3;
	uint64_t stored : 1; /* its row is in the file */
	uint64_t seen : 1;   /* the file has it among the young ones */
	uint64_t ended : 1;  /* it is counted as freed; by whom is not known yet */
	uint64_t resized : 1; /* a realloc has made it */
	uint64_t away : 5;   /* in the table: slots from its home; AWAY_MOST: as many or more */
	int64_t ticks;
	uint32_t place;
	uint32_t thread;
};
_Static_assert(sizeof(struct block) == 32, "a block alive costs this in a table at least half full");

struct place {
	struct irt_heap_place row; /* peak_*: as of `epoch` */
	uint64_t epoch;            /* of its kind when it changed last */
	uint64_t saved_peak_blocks, saved_peak_bytes;
	uint64_t moment_blocks, moment_bytes; /* alive at the last moment that was saved */
	bool changed;
};

/* What a thread did last, and the blocks that its reallocs have in hands. Those have a row if no block in the
 * table and none in other hands has their address; all of them are in heap_pending. */
struct heap_thread {
	uint32_t id;         /* 0 = empty slot */
	uint32_t last_operation;
	uint64_t last_address;
	uint64_t newest[IRT_HEAP_KINDS]; /* of each its last allocation, if that lives and none came behind it; else 0 */
	uint64_t pool;       /* of its next block of a pool; 0 = none */
	struct block hands[HANDS];
	uint32_t hand_count;
	unsigned last_family;
};

struct recent { /* a free */
	uint64_t address;    /* 0 = none */
	uint32_t context, site;
};

/* An event that fits nothing: the free of a block that is not there, or a block whose address was given to
 * another one. Such a block has ended; its free may still come and say how. */
struct odd {
	struct irt_shared_event event; /* the free; of a displaced block: the allocation that displaced it */
	struct block block;          /* displaced; address 0: a free */
	struct recent before;        /* a free: of the same address, if nothing was there in between */
	bool newest;                 /* a free: of the newest block of its thread */
	uint64_t round;
};

struct pool {
	uint64_t address;    /* 0 = empty slot */
	uint64_t *blocks;    /* keys */
	size_t count, room;
};

struct pooled { /* a block of a pool */
	uint64_t block;      /* key; 0 = empty slot */
	uint64_t pool;
	size_t index;        /* in the pool's blocks */
};

struct last_place {
	uint32_t context, site; /* irt_site: of each family its own; all 0 = empty, and what that would be is not kept */
	uint32_t place;
};

struct irt_heap {
	bool forked, used[IRT_HEAP_KINDS];
	struct irt_pending pending;
	int64_t newest_ticks;  /* of all that was ever pending */
	int64_t moment_ticks;  /* the last moment that was saved */
	int64_t late_ticks;    /* irt_heap_late_ticks */
	int64_t applied_ticks; /* ... that was ever applied */
	int64_t settled_ticks; /* all up to this is applied; INT64_MIN: that is not known */

	struct block *blocks;
	uint64_t block_slots, block_count, block_limit;
	uint64_t absent;     /* an address that was looked for and is not there; 0: none */
	bool fresh;          /* there may be blocks without a row */
	bool wants_rows;     /* of all blocks, however young */

	struct place *places;
	uint32_t place_count, place_limit;
	uint32_t *place_slots, place_slot_count; /* a power of two */
	struct last_place last_places[LAST_PLACES]; /* where those that were asked for last are */

	struct heap_thread *threads;
	uint32_t thread_count, thread_limit, thread_slots; /* slots: a power of two */
	uint32_t last_thread;                    /* slot */
	uint32_t strangers;                      /* blocks in hands that are not known */

	struct odd odds[ODD_MAX];
	unsigned odd_count;
	uint8_t odd_marks[ODD_MARKS];            /* how many odds are of addresses with that hash */
	uint64_t round, odd_round;               /* odd_round: of the oldest odd, or earlier */
	struct recent *recent; /* RECENT of them */

	struct irt_heap_fault *faults;
	bool *fault_changed;
	uint32_t fault_count;
	uint32_t *fault_slots;                   /* 2 * FAULTS_MAX */

	struct pool *pools;                      /* slots: powers of two */
	struct pooled *pooled;
	uint64_t pool_count, pool_slots, pooled_count, pooled_slots;

	uint64_t *ranges;    /* keys of all mappings, ascending */
	size_t range_count, range_room;

	uint64_t *gone;      /* keys in the file that are not alive any more */
	size_t gone_count, gone_room;

	struct irt_heap_sums sums[IRT_HEAP_KINDS];
	uint64_t epoch[IRT_HEAP_KINDS];          /* counts peaks */
	bool changed;        /* since it was saved */
	bool expects_many;
};

/* Not later than that, or so little that another processor's clock may say so. */
static inline bool is_near(int64_t ticks, int64_t that)
{
	return ticks <= that || (uint64_t)ticks - (uint64_t)that <= IRT_HEAP_SLACK_TICKS;
}

/* Whether an event that fits nothing yet may be of this address. */
static inline uint8_t *odd_mark(struct irt_heap *h, uint64_t address)
{
	return &h->odd_marks[(address >> 4 ^ address >> 14) % ODD_MARKS];
}

static inline struct recent *recent_of(struct irt_heap *h, uint64_t address)
{
	return &h->recent[(address >> 4 ^ address >> 14) % RECENT];
}

/* heap.c */
void irt_heap_apply(struct irt_heap *h, const struct irt_shared_event *e); /* behind a reserve */
bool irt_heap_is_within(const struct heap_thread *t, const struct block *b, const struct irt_shared_event *e);
void irt_heap_put_back(struct irt_heap *h, struct block *hand);
void irt_heap_keep_odd(struct irt_heap *h, const struct irt_shared_event *e, const struct block *displaced);
void irt_heap_give_up(struct irt_heap *h, unsigned odd);
struct place *irt_heap_touch(struct irt_heap *h, uint32_t place); /* H2: before it changes */
void irt_heap_end_block(struct irt_heap *h, const struct irt_shared_event *e, const struct heap_thread *t, struct block *b);
void irt_heap_count_release(struct irt_heap *h, const struct irt_shared_event *e, uint64_t blocks, uint64_t bytes);
void irt_heap_end_unknown(struct irt_heap *h, const struct irt_shared_event *e); /* of blocks that are not known */

/* heap_run.c. Applies events in order up to that time, as far as they are plain allocations and frees of the heap by one
 * thread, each of which fits what is alive. How many were; 0 is no promise that the first one is not plain. */
size_t irt_heap_run(struct irt_heap *h, const struct irt_shared_event *events, size_t count, int64_t until_ticks);

/* heap_pools.c. Room: for one more block of that pool. */
bool irt_heap_make_pool_room(struct irt_heap *h, uint64_t pool);
void irt_heap_add_to_pool(struct irt_heap *h, uint64_t pool, uint64_t block);
void irt_heap_leave_pool(struct irt_heap *h, uint64_t block); /* if it is in one */
uint64_t irt_heap_pool_of(const struct irt_heap *h, uint64_t block); /* 0: none */
struct pool *irt_heap_find_pool(const struct irt_heap *h, uint64_t pool); /* NULL: no block is in it */
void irt_heap_free_pools(struct irt_heap *h);

/* heap_ranges.c. The first two: a mapping is in the table, or no more. */
void irt_heap_add_range(struct irt_heap *h, uint64_t key);
void irt_heap_drop_range(struct irt_heap *h, uint64_t key);
/* What is mapped between the event's address and that and its bytes ends. How many bytes were. */
uint64_t irt_heap_cut(struct irt_heap *h, const struct irt_shared_event *e, const struct heap_thread *t);

/* heap_tables.c. Room: what one event may need; false: no memory, nothing has changed. */
bool irt_heap_make_room(struct irt_heap *h);
struct block *irt_heap_find(const struct irt_heap *h, uint64_t address);      /* NULL: it is not alive */
void irt_heap_insert(struct irt_heap *h, const struct block *b);
void irt_heap_remove(struct irt_heap *h, struct block *b);
uint32_t irt_heap_place(struct irt_heap *h, uint32_t context, uint32_t site); /* of irt_site; is there, or room is */
void irt_heap_close_hole(struct irt_heap *h, struct block *hole);
struct heap_thread *irt_heap_thread(struct irt_heap *h, uint32_t id);            /* the same */
struct heap_thread *irt_heap_find_thread(struct irt_heap *h, uint32_t id);       /* NULL: nothing is known of it */
void irt_heap_forget_thread(struct irt_heap *h, struct heap_thread *t);
void irt_heap_note_fault(struct irt_heap *h, const struct irt_heap_fault *fault);
bool irt_heap_has_row(const struct irt_heap *h, const struct block *hand);
void irt_heap_prefetch(const struct irt_heap *h, uint64_t address);

/* Room for what is not of the heap: more, and where there is room otherwise. */
bool irt_heap_make_special_room(struct irt_heap *h, const struct irt_shared_event *e);

static inline enum irt_heap_kind kind_of(uint64_t key) { return (enum irt_heap_kind)(key >> KIND_SHIFT); }

static inline uint64_t key_of(enum irt_heap_kind kind, uint64_t address)
{
	return address ? (address & IRT_HEAP_ADDRESS_MASK) | (uint64_t)kind << KIND_SHIFT : 0;
}

static inline bool irt_heap_reserve(struct irt_heap *h)
{
	return (h->block_count + 1 < h->block_limit && h->place_count < h->place_limit && h->thread_count < h->thread_limit &&
		h->gone_count + 2 <= h->gone_room) || irt_heap_make_room(h);
}

/* ---- the table of blocks, where it is hot ------------------------------------------------------------ */

/* Any number of slots, so that the table can grow by half: the high bits of a product choose one. */
static inline uint64_t block_slot(const struct irt_heap *h, uint64_t address)
{
	uint64_t hash = (address >> 4 ^ address << 60) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)((unsigned __int128)hash * h->block_slots >> 64);
}

static inline uint64_t next_slot(const struct irt_heap *h, uint64_t i)
{
	return i + 1 == h->block_slots ? 0 : i + 1;
}

static inline uint64_t distance(const struct irt_heap *h, uint64_t from, uint64_t to)
{
	return to >= from ? to - from : to + h->block_slots - from;
}

static inline unsigned capped(uint64_t away) { return away < AWAY_MOST ? (unsigned)away : AWAY_MOST; }

static inline struct last_place *last_place(struct irt_heap *h, uint32_t context, uint32_t site)
{
	return &h->last_places[(context + 17 * (site >> 3) + site) % LAST_PLACES];
}

static inline uint64_t live_blocks(const struct place *p) { return p->row.allocs - p->row.frees; }
static inline uint64_t live_bytes(const struct place *p) { return p->row.bytes - p->row.freed_bytes; }

/* H2: what the place had at the last peak, if it has not changed since. */
static inline void bring_peak(const struct irt_heap *h, struct place *p)
{
	if (p->epoch != h->epoch[p->row.kind]) {
		p->row.peak_blocks = live_blocks(p);
		p->row.peak_bytes = live_bytes(p);
		p->epoch = h->epoch[p->row.kind];
	}
}

static inline void count_peak(struct irt_heap *h, struct place *p, int64_t ticks)
{
	struct irt_heap_sums *s = &h->sums[p->row.kind];

	if (live_bytes(p) > p->row.max_bytes)
		p->row.max_bytes = live_bytes(p);
	if (s->bytes - s->freed_bytes > s->peak_bytes) {
		s->peak_bytes = s->bytes - s->freed_bytes;
		s->peak_blocks = s->allocs - s->frees;
		s->peak_ticks = ticks;
		h->epoch[p->row.kind]++;
	}
}

/* Without memory for a new size or time, it is missing there. */
static inline void count_size(struct place *p, uint64_t bytes)
{
	irt_histogram_add(&p->row.sizes, irt_histogram_bucket(bytes), 1);
}

static inline void count_life(struct place *p, int64_t from, int64_t until)
{
	uint64_t life = until > from ? (uint64_t)until - (uint64_t)from : 0;

	p->changed = true;
	p->row.life_ticks = life < INT64_MAX - p->row.life_ticks ? p->row.life_ticks + life : INT64_MAX;
	irt_histogram_add(&p->row.lifetimes, irt_histogram_bucket(life), 1);
}

#endif
