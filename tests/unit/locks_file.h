/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_file.h - what a file would have of some locks: rows as they were put, and locks made of them again.
 */
#ifndef TESTS_UNIT_LOCKS_FILE_H
#define TESTS_UNIT_LOCKS_FILE_H

#include "check.h"
#include "fold/locks.h"
#include "instr/errors.h"

#include "fold/event.h"

#include <stdlib.h>
#include <string.h>

struct locks_file {
	struct irt_lock *locks;
	struct irt_lock_totals *totals;
	struct irt_lock_wait *waits;
	struct irt_lock_order *orders;
	struct irt_lock_call *calls;
	struct irt_lock_threads *threads;
	size_t lock_count, totals_count, wait_count, order_count, call_count, threads_count, users;
	uint32_t most_lock; /* of totals */
	uint8_t *state;
	size_t state_bytes;
};

static inline const struct irt_lock_totals *locks_file_totals(const struct locks_file *f, uint32_t lock, uint32_t context,
							      uint32_t mode)
{
	for (size_t i = 0; i < f->totals_count; i++)
		if (f->totals[i].lock == lock && f->totals[i].context == context && f->totals[i].mode == mode)
			return &f->totals[i];
	return NULL;
}

/* Of all that the holder did meanwhile. */
static inline struct irt_lock_wait locks_file_wait(const struct locks_file *f, uint32_t lock, uint32_t context, int64_t holder)
{
	struct irt_lock_wait sum = {.lock = lock, .context = context, .holder = holder};
	for (size_t i = 0; i < f->wait_count; i++) {
		const struct irt_lock_wait *w = &f->waits[i];
		if (w->lock == lock && w->context == context && w->holder == holder)
			sum.waits += w->waits, sum.ticks += w->ticks;
	}
	return sum;
}

static inline int locks_file_is_place(const struct irt_lock_place *a, const struct irt_lock_place *b)
{
	return a->lock == b->lock && a->context == b->context && a->site_id == b->site_id && a->mode == b->mode;
}

static inline int locks_file_lock(void *user, const struct irt_lock *row)
{
	struct locks_file *f = user;
	if (row->number >= f->lock_count) {
		CHECK_EQ(row->number, f->lock_count);
		f->locks = realloc(f->locks, ++f->lock_count * sizeof(*f->locks));
	}
	f->locks[row->number] = *row;
	return 0;
}

static inline int locks_file_put_totals(void *user, const struct irt_lock_totals *row)
{
	struct locks_file *f = user;
	size_t n = f->totals_count, i = n;
	for (size_t k = 0; k < n && i == n && row->lock <= f->most_lock; k++) { /* of many locks with a row each: at once */
		const struct irt_lock_totals *t = &f->totals[(k + row->lock) % n];
		if (t->lock == row->lock && t->context == row->context && t->site_id == row->site_id && t->mode == row->mode)
			i = (k + row->lock) % n;
	}
	f->most_lock = row->lock > f->most_lock ? row->lock : f->most_lock;
	if (i == f->totals_count) {
		f->totals = realloc(f->totals, ++f->totals_count * sizeof(*f->totals));
	} else {
		irt_histogram_fini(&f->totals[i].waits);
		irt_histogram_fini(&f->totals[i].hold_times);
	}
	f->totals[i] = *row;
	f->totals[i].waits = f->totals[i].hold_times = (struct irt_histogram){0};
	CHECK_EQ(irt_histogram_merge(&f->totals[i].waits, &row->waits), 0);
	CHECK_EQ(irt_histogram_merge(&f->totals[i].hold_times, &row->hold_times), 0);
	return 0;
}

static inline int locks_file_put_wait(void *user, const struct irt_lock_wait *row)
{
	struct locks_file *f = user;
	if (row->number >= f->wait_count) {
		CHECK_EQ(row->number, f->wait_count);
		f->waits = realloc(f->waits, ++f->wait_count * sizeof(*f->waits));
	}
	f->waits[row->number] = *row;
	return 0;
}

/* Puts a row in the place of one with the same key, or behind all. */
#define LOCKS_FILE_PUT(array, count, type, is_same)                                                  \
	do {                                                                                         \
		size_t i_ = 0;                                                                       \
		const type *old = array;                                                             \
		while (i_ < count && !(is_same))                                                     \
			i_++, old++;                                                                 \
		if (i_ == count)                                                                     \
			array = realloc(array, ++count * sizeof(*array));                            \
		array[i_] = *row;                                                                    \
	} while (0)

static inline int locks_file_put_order(void *user, const struct irt_lock_order *row)
{
	struct locks_file *f = user;
	LOCKS_FILE_PUT(f->orders, f->order_count, struct irt_lock_order,
		       locks_file_is_place(&old->from, &row->from) && locks_file_is_place(&old->to, &row->to));
	return 0;
}

static inline int locks_file_put_call(void *user, const struct irt_lock_call *row)
{
	struct locks_file *f = user;
	LOCKS_FILE_PUT(f->calls, f->call_count, struct irt_lock_call,
		       locks_file_is_place(&old->holder, &row->holder) && old->context == row->context && old->site_id == row->site_id);
	return 0;
}

static inline int locks_file_put_threads(void *user, const struct irt_lock_threads *row)
{
	struct locks_file *f = user;
	LOCKS_FILE_PUT(f->threads, f->threads_count, struct irt_lock_threads,
		       old->lock == row->lock && old->thread == row->thread && old->holder == row->holder);
	return 0;
}

static inline int locks_file_user(void *user, const struct irt_lock_user *row)
{
	struct locks_file *f = user;
	CHECK(row->lock < f->lock_count && row->thread);
	f->users++;
	return 0;
}

/* A checkpoint. */
static inline void locks_file_save(struct locks_file *f, struct irt_locks *l)
{
	free(f->state);
	CHECK_EQ(irt_locks_pack(l, &f->state, &f->state_bytes), 0);
	f->users = 0;
	CHECK_EQ(irt_locks_each(l, f, locks_file_lock), 0);
	CHECK_EQ(irt_locks_each_totals(l, f, locks_file_put_totals), 0);
	CHECK_EQ(irt_locks_each_wait(l, f, locks_file_put_wait), 0);
	CHECK_EQ(irt_locks_each_order(l, f, locks_file_put_order), 0);
	CHECK_EQ(irt_locks_each_call(l, f, locks_file_put_call), 0);
	CHECK_EQ(irt_locks_each_threads(l, f, locks_file_put_threads), 0);
	CHECK_EQ(irt_locks_each_user(l, f, locks_file_user), 0);
	irt_locks_saved(l);
	CHECK(!irt_locks_is_unsaved(l));
}

static inline struct irt_locks *locks_file_restore(const struct locks_file *f)
{
	struct irt_locks *l;
	CHECK_EQ(irt_locks_create(&l), 0);
	for (size_t i = 0; i < f->lock_count; i++)
		CHECK_EQ(irt_locks_restore(l, &f->locks[i]), 0);
	for (size_t i = 0; i < f->totals_count; i++) {
		struct irt_lock_totals t = f->totals[i];
		t.waits = t.hold_times = (struct irt_histogram){0};
		irt_histogram_merge(&t.waits, &f->totals[i].waits);
		irt_histogram_merge(&t.hold_times, &f->totals[i].hold_times);
		CHECK_EQ(irt_locks_restore_totals(l, &t), 0);
	}
	for (size_t i = 0; i < f->wait_count; i++)
		CHECK_EQ(irt_locks_restore_wait(l, &f->waits[i]), 0);
	for (size_t i = 0; i < f->order_count; i++)
		CHECK_EQ(irt_locks_restore_order(l, &f->orders[i]), 0);
	for (size_t i = 0; i < f->call_count; i++)
		CHECK_EQ(irt_locks_restore_call(l, &f->calls[i]), 0);
	for (size_t i = 0; i < f->threads_count; i++)
		CHECK_EQ(irt_locks_restore_threads(l, &f->threads[i]), 0);
	if (f->state_bytes)
		CHECK_EQ(irt_locks_unpack(l, f->state, f->state_bytes), 0);
	return l;
}

/* What waiters waited is what holders are charged with, by context and by thread, at every checkpoint. */
static inline void locks_file_check(const struct locks_file *f)
{
	for (uint32_t i = 0; i < f->lock_count; i++) {
		uint64_t contended = 0, ticks = 0;
		for (size_t k = 0; k < f->totals_count; k++)
			if (f->totals[k].lock == i)
				contended += f->totals[k].contended, ticks += f->totals[k].wait_ticks;
		for (size_t k = 0; k < f->wait_count; k++)
			if (f->waits[k].lock == i)
				contended -= f->waits[k].waits, ticks -= f->waits[k].ticks;
		CHECK_EQ(contended, 0);
		CHECK_EQ(ticks, 0);
		for (size_t k = 0; k < f->wait_count; k++)
			if (f->waits[k].lock == i)
				contended += f->waits[k].waits, ticks += f->waits[k].ticks;
		for (size_t k = 0; k < f->threads_count; k++)
			if (f->threads[k].lock == i)
				contended -= f->threads[k].waits, ticks -= f->threads[k].ticks;
		CHECK_EQ(contended, 0);
		CHECK_EQ(ticks, 0);
	}
}

static inline void locks_file_fini(struct locks_file *f)
{
	for (size_t i = 0; i < f->totals_count; i++) {
		irt_histogram_fini(&f->totals[i].waits);
		irt_histogram_fini(&f->totals[i].hold_times);
	}
	free(f->locks);
	free(f->totals);
	free(f->waits);
	free(f->orders);
	free(f->calls);
	free(f->threads);
	free(f->state);
	*f = (struct locks_file){0};
}

#endif
