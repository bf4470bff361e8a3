/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_early_test.c - locks whose acquisitions are stamped before they are ones (fold/locks.h): random programs in a true
 * time that only the test knows. What they gave back, they gave back when they say so; what they took, they took up to
 * EARLY later than they say. Who took what how often, and what was allocated with it, is as it was in truth; how long it
 * was had, as exactly as the stamps can be.
 */
#include "locks_file.h"
#include "roll.h"

#include <stdbool.h>

enum { THREADS = 6, LOCKS = 4, DEPTH = 3, ACTIONS = 3000, RUNS = 60, EARLY = IRT_LOCK_SLACK_TICKS / 2, SOON = 500, LONG = 3 * IRT_LOCK_SLACK_TICKS };

static struct thread {
	int64_t acts_at, stamp; /* its next action, in truth; its last stamp */
	int held[LOCKS][DEPTH], depth[LOCKS];
	int64_t since[LOCKS];
	int waits_for;          /* -1 */
	uint64_t blocks, bytes; /* not told yet */
	struct irt_shared_event *events;
	int64_t *truth;         /* when they were */
	size_t count, given, room;
} threads[THREADS];

static struct { uint64_t taken, given_back, blocks, bytes, ticks; } truth[LOCKS][THREADS];
static int thread_count, lock_count;
static int64_t now;
static unsigned mode_of(int lock, bool reads) { return lock % 2 == 0 ? INSTR_LOCK_MUTEX : reads ? INSTR_LOCK_READ : INSTR_LOCK_WRITE; }

static void happens(struct thread *t, int64_t stamp, uint32_t operation, uint64_t address, unsigned mode, uint64_t value)
{
	uint32_t number = (uint32_t)(t - threads) + 1;
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 1024;
		t->events = realloc(t->events, t->room * sizeof(*t->events));
		t->truth = realloc(t->truth, t->room * sizeof(*t->truth));
	}
	t->stamp = stamp > t->stamp ? stamp : t->stamp;
	t->truth[t->count] = now;
	t->events[t->count++] = (struct irt_shared_event){.ticks = t->stamp, .address = address, .value = value, .context = number,
							  .site = irt_site(1, mode), .thread = number, .operation = operation};
}

static void does(struct thread *t, int64_t stamp, uint32_t operation, int lock, unsigned mode, uint64_t value)
{
	if (t->blocks) {
		happens(t, stamp, IRT_OP_INSIDE, t->bytes, 0, t->blocks);
		t->blocks = t->bytes = 0;
	}
	happens(t, stamp, operation, 0x1000 + 64 * (uint64_t)lock, mode, value);
}

static void allocates(struct thread *t)
{
	uint64_t bytes = roll(100);
	t->blocks++;
	t->bytes += bytes;
	for (int i = 0; i < lock_count; i++)
		if (t->depth[i]) {
			truth[i][t - threads].blocks++;
			truth[i][t - threads].bytes += bytes;
		}
}

static bool is_free_for(const struct thread *t, int lock, bool reads)
{
	for (const struct thread *o = threads; o < threads + thread_count; o++)
		if (o != t && o->depth[lock] && (!reads || o->held[lock][0] != INSTR_LOCK_READ))
			return false;
	return true;
}

static int64_t some_early(void) { return now - (int64_t)(roll(3) ? roll(300) : roll(10) ? roll(1000) : roll(EARLY)); }

static void takes(struct thread *t, int lock, unsigned mode, bool waited)
{
	does(t, some_early(), waited ? IRT_OP_WAITED : IRT_OP_ACQUIRED, lock, mode, 0);
	if (!t->depth[lock])
		t->since[lock] = now;
	t->held[lock][t->depth[lock]++] = (int)mode;
	truth[lock][t - threads].taken++;
}

static void gives_back(struct thread *t, int lock)
{
	unsigned mode = (unsigned)t->held[lock][--t->depth[lock]];
	does(t, now - (roll(3) ? 0 : (int64_t)roll(SOON)), IRT_OP_RELEASED, lock, mode, 0);
	if (!t->depth[lock]) {
		truth[lock][t - threads].given_back++;
		truth[lock][t - threads].ticks += (uint64_t)(now - t->since[lock]);
	}
}

/* The last one that it has; -1. */
static int last_held(const struct thread *t)
{
	int lock = lock_count - 1;
	while (lock >= 0 && !t->depth[lock])
		lock--;
	return lock;
}

static void acts(struct thread *t)
{
	int held = last_held(t), lock = held + 1 + (int)roll((uint64_t)lock_count);
	bool reads = roll(3) != 0;
	t->acts_at = now + 1 + (int64_t)(roll(30) ? roll(100) : roll(6) ? roll(1000) : roll(LONG));
	if (t->waits_for >= 0) {
		if (is_free_for(t, t->waits_for, false)) {
			takes(t, t->waits_for, mode_of(t->waits_for, false), true);
			t->waits_for = -1;
		}
	} else if (!roll(6)) {
		allocates(t);
	} else if (held >= 0 && (lock >= lock_count || roll(2))) {
		if (roll(8) || t->depth[held] == DEPTH || t->held[held][0] != INSTR_LOCK_MUTEX)
			gives_back(t, held);
		else
			takes(t, held, INSTR_LOCK_MUTEX, false);
	} else if (lock < lock_count) { /* always in the same order: none of them waits for ever */
		if (is_free_for(t, lock, reads && lock % 2)) {
			takes(t, lock, mode_of(lock, reads), false);
		} else if (roll(2)) {
			does(t, now, IRT_OP_WAITING, lock, mode_of(lock, false), IRT_LOCK_TRIED);
			t->waits_for = lock;
		}
	}
}

/* All that was done up to that time. What comes now may say that it was EARLY before. */
static void give(struct irt_locks *l, int64_t until)
{
	for (int i = 0; i < thread_count; i++)
		for (struct thread *t = &threads[i]; t->given < t->count && t->truth[t->given] <= until; t->given++)
			CHECK_EQ(irt_locks_add(l, &t->events[t->given]), 0);
	CHECK_EQ(irt_locks_settle(l, until - EARLY - 1), 0);
}

static void compare(const struct locks_file *f)
{
	uint64_t taken = 0, all = 0;
	for (size_t i = 0; i < f->lock_count; i++) {
		CHECK_EQ(f->locks[i].lost, 0);
		CHECK_EQ(f->locks[i].unknown, 0);
	}
	for (int k = 0; k < lock_count; k++)
		for (int i = 0; i < thread_count; i++) {
			uint64_t acquisitions = 0, holds = 0, blocks = 0, bytes = 0, ticks = 0;
			for (size_t n = 0; n < f->totals_count; n++) {
				const struct irt_lock_totals *t = &f->totals[n];
				if (f->locks[t->lock].address != 0x1000 + 64 * (uint64_t)k || t->context != (uint32_t)i + 1)
					continue;
				acquisitions += t->acquisitions, holds += t->holds, blocks += t->allocs, bytes += t->alloc_bytes, ticks += t->hold_ticks;
			}
			CHECK_EQ(acquisitions, truth[k][i].taken);
			CHECK_EQ(holds, truth[k][i].given_back);
			CHECK_EQ(blocks, truth[k][i].blocks);
			CHECK_EQ(bytes, truth[k][i].bytes);
			taken += ticks, all += truth[k][i].ticks;
		}
	CHECK(taken > all / 2 && taken < all + all / 2);
}

static void begin(uint64_t number)
{
	seed = number * 2654435761u + 88172645463325252ull;
	thread_count = 2 + (int)roll(THREADS - 1);
	lock_count = 1 + (int)roll(LOCKS);
	memset(truth, 0, sizeof(truth));
	now = 100000;
	for (struct thread *t = threads; t < threads + THREADS; t++) {
		free(t->events);
		free(t->truth);
		*t = (struct thread){.acts_at = now + (int64_t)roll(100), .waits_for = -1};
	}
}

static void run(uint64_t number)
{
	struct locks_file file = {0};
	struct irt_locks *l;
	begin(number);
	CHECK_EQ(irt_locks_create(&l), 0);
	for (int i = 0; i < ACTIONS * thread_count; i++) {
		struct thread *next = threads;
		for (struct thread *t = threads; t < threads + thread_count; t++)
			if (t->acts_at < next->acts_at)
				next = t;
		now = next->acts_at > now ? next->acts_at : now;
		acts(next);
		if (!roll(50))
			give(l, now - (int64_t)roll(1000));
		if (!roll(500)) {
			locks_file_save(&file, l);
			locks_file_check(&file);
			irt_locks_destroy(l);
			l = locks_file_restore(&file);
		}
	}
	for (struct thread *t = threads; t < threads + thread_count; t++, now += LONG) {
		if (t->blocks) /* as where the locks are settled */
			happens(t, now, IRT_OP_INSIDE, t->bytes, 0, t->blocks);
	}
	give(l, INT64_MAX);
	CHECK_EQ(irt_locks_settle(l, INT64_MAX), 0);
	locks_file_save(&file, l);
	locks_file_check(&file);
	compare(&file);
	irt_locks_destroy(l);
	locks_file_fini(&file);
}

TEST(what_is_stamped_before_it_is_had_is_counted_as_it_was)
{
	for (uint64_t i = 1; i <= RUNS; i++)
		run(i);
}

TEST_MAIN()
