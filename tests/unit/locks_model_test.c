/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_model_test.c - the locks of many random programs, against a model that looks at every tick: who had the lock
 * then, who waited, and whom that is charged to. Threads come in pieces, settled up to random times; now and then all
 * is brought to rows and made again of them.
 */
#include "locks_file.h"
#include "roll.h"

#include <stdio.h>

enum { THREADS = 6, LOCKS = 3, LIVES = 400, CONTEXTS = 4, MODES = 6, TICKS = 6000 };

struct model_totals {
	uint64_t acquisitions, contended, failed, wait, max_wait, holds, hold, max_hold, allocs, bytes;
};

static struct model_life {
	struct model_totals totals[CONTEXTS][MODES];
	uint64_t waits[CONTEXTS][CONTEXTS + 1], ticks[CONTEXTS][CONTEXTS + 1]; /* [..][0]: holder not known */
	int life_of_lock;
	uint64_t unknown;
} lives[LIVES];
static int life_count;

static struct model_lock {
	int life;             /* -1: not used yet */
	int order[THREADS];   /* owners, the first has it longest */
	int owners, last;     /* context of the last holder + 1 */
} model[LOCKS];

static struct model_thread {
	int lock;             /* that it is busy with; -1: none */
	int waits, tried, mode, context, depth, charged;
	int64_t since, deferred;
} threads[THREADS];

static int alone(int mode) { return mode != INSTR_LOCK_READ; }

static int in_the_way(int lock, int thread, int is_alone)
{
	for (int i = 0; i < model[lock].owners; i++) {
		int o = model[lock].order[i];
		if (o != thread && (is_alone || alone(threads[o].mode)))
			return o;
	}
	return -1;
}

static struct model_totals *totals_of(int thread)
{
	return &lives[model[threads[thread].lock].life].totals[threads[thread].context][threads[thread].mode];
}

/* One tick of one wait. */
static void model_charge(int thread, int holder, int64_t ticks)
{
	struct model_life *l = &lives[model[threads[thread].lock].life];
	if (!threads[thread].charged) {
		threads[thread].charged = 1;
		totals_of(thread)->contended++;
		l->waits[threads[thread].context][holder]++;
	}
	l->ticks[threads[thread].context][holder] += (uint64_t)ticks;
	totals_of(thread)->wait += (uint64_t)ticks;
}

static void model_tick(void)
{
	for (int i = 0; i < THREADS; i++) {
		struct model_thread *t = &threads[i];
		if (!t->waits)
			continue;
		int o = in_the_way(t->lock, i, alone(t->mode));
		t->deferred++;
		if (o >= 0)
			model_charge(i, threads[o].context + 1, t->deferred);
		else if (t->tried || t->charged)
			model_charge(i, model[t->lock].last, t->deferred);
		else
			continue;
		t->deferred = 0;
	}
}

static struct irt_shared_event queue[THREADS][TICKS];
static size_t queued[THREADS], given[THREADS];
static int64_t now;

static void happens(int thread, uint32_t operation, int lock, int mode, int context, uint64_t value)
{
	queue[thread][queued[thread]++] = (struct irt_shared_event){
		.ticks = now, .address = 0x1000 + 64 * (uint64_t)lock, .value = value, .context = (uint32_t)context,
		.site = irt_site((uint32_t)(mode + 10), (unsigned)mode), .thread = (uint32_t)thread + 1, .operation = operation};
}

static void need_life(int lock)
{
	if (model[lock].life >= 0)
		return;
	model[lock].life = life_count;
	model[lock].last = 0;
	lives[life_count++].life_of_lock = lock;
}

static void has_it(int thread)
{
	struct model_thread *t = &threads[thread];
	totals_of(thread)->acquisitions++;
	if (!t->depth++) {
		model[t->lock].order[model[t->lock].owners++] = thread;
		t->since = now;
	}
	t->waits = 0;
}

static void ends_wait(int thread, int64_t began)
{
	if (threads[thread].charged && (uint64_t)(now - began) > totals_of(thread)->max_wait)
		totals_of(thread)->max_wait = (uint64_t)(now - began);
}

static void starts(int thread)
{
	struct model_thread *t = &threads[thread];
	int lock = (int)roll(LOCKS);
	int mode = lock == 0 ? INSTR_LOCK_MUTEX : lock == 1 ? INSTR_LOCK_SPIN : roll(3) ? INSTR_LOCK_READ : INSTR_LOCK_WRITE;
	*t = (struct model_thread){.lock = lock, .mode = mode, .context = (int)roll(CONTEXTS)};
	if (!model[lock].owners && !roll(30) && life_count < LIVES - LOCKS - 1) { /* is there nobody? */
		int busy = 0;
		for (int i = 0; i < THREADS; i++)
			busy |= i != thread && threads[i].lock == lock;
		if (!busy) {
			happens(thread, roll(2) ? IRT_OP_LOCK_DESTROY : IRT_OP_LOCK_INIT, lock, mode, t->context, 0);
			model[lock].life = -1;
			t->lock = -1;
			return;
		}
	}
	need_life(lock);
	if (!roll(40)) { /* gives back what it does not have */
		happens(thread, IRT_OP_RELEASED, lock, mode, t->context, 0);
		lives[model[lock].life].unknown++;
		t->lock = -1;
		return;
	}
	int o = in_the_way(lock, thread, alone(mode));
	if (mode != INSTR_LOCK_READ && o < 0) {
		happens(thread, IRT_OP_ACQUIRED, lock, mode, t->context, 0);
		has_it(thread);
	} else if (o >= 0 && !roll(4)) {
		happens(thread, IRT_OP_REFUSED, lock, mode, t->context, 16);
		totals_of(thread)->failed++;
		t->lock = -1;
	} else {
		t->tried = mode != INSTR_LOCK_READ;
		t->waits = 1;
		t->since = now;
		happens(thread, IRT_OP_WAITING, lock, mode, t->context, (uint64_t)t->tried);
	}
}

static void goes_on(int thread)
{
	struct model_thread *t = &threads[thread];
	if (t->waits && in_the_way(t->lock, thread, alone(t->mode)) < 0) {
		uint64_t result = roll(20) ? 0 : IRT_LOCK_OWNER_DIED;
		int64_t began = t->since;
		happens(thread, IRT_OP_WAITED, t->lock, t->mode, t->context, result);
		ends_wait(thread, began);
		has_it(thread);
	} else if (t->waits) {
		if (roll(12))
			return;
		happens(thread, IRT_OP_WAITED, t->lock, t->mode, t->context, 110);
		totals_of(thread)->failed++;
		ends_wait(thread, t->since);
		*t = (struct model_thread){.lock = -1};
	} else if (t->depth < 3 && !roll(4)) {
		happens(thread, IRT_OP_ACQUIRED, t->lock, t->mode, t->context, 0);
		has_it(thread);
	} else {
		happens(thread, IRT_OP_RELEASED, t->lock, t->mode == INSTR_LOCK_READ ? INSTR_LOCK_WRITE : t->mode, (int)roll(CONTEXTS), 0);
		if (--t->depth)
			return;
		uint64_t held = (uint64_t)(now - t->since);
		struct model_lock *m = &model[t->lock];
		totals_of(thread)->holds++;
		totals_of(thread)->hold += held;
		if (held > totals_of(thread)->max_hold)
			totals_of(thread)->max_hold = held;
		m->last = t->context + 1;
		for (int i = 0, k = 0; i < m->owners; i++)
			if (m->order[i] != thread)
				m->order[k++] = m->order[i];
		m->owners--;
		*t = (struct model_thread){.lock = -1};
	}
}

static void allocates(int thread)
{
	struct model_totals *t = totals_of(thread);
	uint64_t blocks = 1 + roll(5), bytes = roll(100);
	happens(thread, IRT_OP_INSIDE, 0, 0, 0, blocks);
	queue[thread][queued[thread] - 1].address = bytes;
	t->allocs += blocks;
	t->bytes += bytes;
}

/* ---- comparison -------------------------------------------------------------------------------------- */

static void compare(const struct locks_file *f)
{
	uint64_t rows = 0, file_rows = 0;
	CHECK_EQ(f->lock_count, (size_t)life_count);
	for (int i = 0; i < life_count; i++) {
		const struct irt_lock *lock = &f->locks[i];
		CHECK_EQ(lock->address, (uint64_t)(0x1000 + 64 * lives[i].life_of_lock));
		CHECK_EQ(lock->unknown, lives[i].unknown);
		CHECK_EQ(lock->lost, 0);
		for (int c = 0; c < CONTEXTS; c++) {
			for (int m = 0; m < MODES; m++) {
				const struct model_totals *x = &lives[i].totals[c][m];
				const struct irt_lock_totals *y = locks_file_totals(f, (uint32_t)i, (uint32_t)c, (uint32_t)m);
				struct irt_lock_totals none = {0};
				y = y ? y : &none;
				CHECK_EQ(y->acquisitions, x->acquisitions);
				CHECK_EQ(y->contended, x->contended);
				CHECK_EQ(y->failed, x->failed);
				CHECK_EQ(y->wait_ticks, x->wait);
				CHECK_EQ(y->max_wait_ticks, x->max_wait);
				CHECK_EQ(y->holds, x->holds);
				CHECK_EQ(y->hold_ticks, x->hold);
				CHECK_EQ(y->max_hold_ticks, x->max_hold);
				CHECK_EQ(y->allocs, x->allocs);
				CHECK_EQ(y->alloc_bytes, x->bytes);
				CHECK_EQ(irt_histogram_count(&y->hold_times), x->holds);
				CHECK(irt_histogram_count(&y->waits) <= x->contended);
			}
			for (int h = 0; h <= CONTEXTS; h++) {
				struct irt_lock_wait w = locks_file_wait(f, (uint32_t)i, (uint32_t)c, h - 1);
				CHECK_EQ(w.waits, lives[i].waits[c][h]);
				CHECK_EQ(w.ticks, lives[i].ticks[c][h]);
				rows += lives[i].waits[c][h] || lives[i].ticks[c][h];
			}
		}
	}
	for (size_t i = 0; i < f->wait_count; i++)
		file_rows += f->waits[i].waits || f->waits[i].ticks;
	CHECK_EQ(file_rows, rows);
}

/* Some of what the threads have done comes in; all of it up to `until` is there then. */
static void give(struct irt_locks *l, int64_t until, int more)
{
	for (int k = 0, first = (int)roll(THREADS); k < THREADS; k++) {
		int i = (first + k) % THREADS;
		size_t extra = more ? roll(4) : 0;
		while (given[i] < queued[i] && (queue[i][given[i]].ticks <= until || extra-- > 0))
			CHECK_EQ(irt_locks_add(l, &queue[i][given[i]++]), 0);
	}
	CHECK_EQ(irt_locks_settle(l, until), 0);
}

static void run(uint64_t number)
{
	struct locks_file file = {0};
	struct irt_locks *l;
	seed = number * 2654435761u + 88172645463325252ull;
	memset(lives, 0, sizeof(lives));
	memset(queued, 0, sizeof(queued));
	memset(given, 0, sizeof(given));
	life_count = 0;
	for (int i = 0; i < LOCKS; i++)
		model[i] = (struct model_lock){.life = -1};
	for (int i = 0; i < THREADS; i++)
		threads[i] = (struct model_thread){.lock = -1};
	CHECK_EQ(irt_locks_create(&l), 0);
	int64_t settled = 0;
	for (now = 1; now < TICKS; now++) {
		model_tick();
		int i = (int)roll(THREADS);
		if (threads[i].lock < 0)
			starts(i);
		else if (threads[i].depth && !roll(4))
			allocates(i);
		else
			goes_on(i);
		if (!roll(50)) {
			settled += (int64_t)roll((uint64_t)(now - settled) + 1);
			give(l, settled, 1);
		}
		if (!roll(300))
			locks_file_save(&file, l);
		if (!roll(500)) { /* another drain goes on */
			locks_file_save(&file, l);
			irt_locks_destroy(l);
			l = locks_file_restore(&file);
		}
		if (!roll(1000)) {
			give(l, settled = now, 0);
			locks_file_save(&file, l);
			locks_file_check(&file);
		}
	}
	model_tick();
	give(l, INT64_MAX, 0);
	/* Waits that are under way are charged when something changes: the rows have what came to be until then. */
	for (int i = 0; i < THREADS; i++)
		if (threads[i].waits) {
			happens(i, IRT_OP_WAITED, threads[i].lock, threads[i].mode, threads[i].context, 110);
			totals_of(i)->failed++;
			ends_wait(i, threads[i].since);
		}
	give(l, INT64_MAX, 0);
	locks_file_save(&file, l);
	locks_file_check(&file);
	compare(&file);
	irt_locks_destroy(l);
	locks_file_fini(&file);
}

TEST(random_programs_equal_a_model_that_looks_at_every_tick)
{
	for (uint64_t i = 1; i <= 60; i++)
		run(i);
}

TEST_MAIN()
