/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * creators.c - see creators.h.
 *
 * Both lists are sorted by key and time when something has come that may be brought together; then each key's
 * part of the one is gone through with its part of the other.
 */
#include "fold/creators.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "instr/errors.h"
#include "instr/record.h"

enum { FOUND_MAX = 1 << 16 }; /* where there is no file, they are kept no longer */
#define PATIENCE (8 * (int64_t)IRT_CREATORS_GRACE_TICKS) /* with a thread that another one would tell more about */

struct waiting {
	uint64_t thread_id, key;
	int64_t ticks;
	bool over; /* its creator is found, or will not be */
};

struct entry {
	struct irt_creation creation;
	bool over;
};

struct found {
	uint64_t thread_id;
	struct irt_creation by;
};

struct irt_creators {
	struct entry *creations;
	struct waiting *threads;
	struct found *found;
	uint64_t *gone;
	size_t creation_count, creation_room, thread_count, thread_room, found_count, found_room, gone_count, gone_room;
	uint64_t last_number;
	size_t unstored;       /* creations that are not in the file */
	int64_t latest;        /* the latest of the threads */
	int64_t looked_until;  /* threads up to then were looked at, with all creations that there were */
	bool changed;          /* something has come since */
	bool undecided;        /* a thread waits for what others show */
};

int irt_creators_create(struct irt_creators **creators)
{
	*creators = calloc(1, sizeof(**creators));
	if (!*creators)
		return INSTR_ERR_MEMORY;
	(*creators)->looked_until = (*creators)->latest = INT64_MIN;
	return 0;
}

void irt_creators_destroy(struct irt_creators *c)
{
	if (!c)
		return;
	free(c->creations);
	free(c->threads);
	free(c->found);
	free(c->gone);
	free(c);
}

/* ---- what comes ------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->creation.number > y->creation.number) - (x->creation.number < y->creation.number);
}

static int by_thread(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;
	return (x->thread_id > y->thread_id) - (x->thread_id < y->thread_id);
}

/* One that is over is told to the file if that has it: room for that was made when it came. */
static void end_creation(struct irt_creators *c, struct entry *e)
{
	e->over = true;
	if (e->creation.stored)
		c->gone[c->gone_count++] = e->creation.number;
	else
		c->unstored--;
}

static void drop_over(struct irt_creators *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->creation_count; i++)
		if (!c->creations[i].over)
			c->creations[kept++] = c->creations[i];
	c->creation_count = kept;
	kept = 0;
	for (size_t i = 0; i < c->thread_count; i++)
		if (!c->threads[i].over)
			c->threads[kept++] = c->threads[i];
	c->thread_count = kept;
}

/* The older half goes, of which nothing has come for as long as it took the others to come. */
static void halve_creations(struct irt_creators *c)
{
	qsort(c->creations, c->creation_count, sizeof(*c->creations), by_number);
	for (size_t i = 0; i < IRT_CREATORS_MAX / 2; i++)
		end_creation(c, &c->creations[i]);
	drop_over(c);
}

static void halve_threads(struct irt_creators *c)
{
	qsort(c->threads, c->thread_count, sizeof(*c->threads), by_thread);
	for (size_t i = 0; i < IRT_CREATORS_MAX / 2; i++)
		c->threads[i].over = true;
	drop_over(c);
}

static int add(struct irt_creators *c, const struct irt_creation *creation)
{
	/* each of those that there are may be over before the next is saved */
	if (!irt_grow(&c->gone, &c->gone_room, c->gone_count + c->creation_count + 1, sizeof(*c->gone)) ||
	    !irt_grow(&c->creations, &c->creation_room, c->creation_count + 1, sizeof(*c->creations)))
		return INSTR_ERR_MEMORY;
	if (c->creation_count >= IRT_CREATORS_MAX)
		halve_creations(c);
	c->creations[c->creation_count++] = (struct entry){*creation, false};
	c->unstored += !creation->stored;
	if (creation->number > c->last_number)
		c->last_number = creation->number;
	c->changed = true;
	return 0;
}

int irt_creators_add(struct irt_creators *c, const struct irt_creation *creation)
{
	struct irt_creation n = *creation;

	n.number = c->last_number + 1;
	n.stored = false;
	return add(c, &n);
}

int irt_creators_restore(struct irt_creators *c, const struct irt_creation *creation)
{
	if (creation->number < 1 || creation->number >= UINT64_MAX / 2)
		return INSTR_ERR_FORMAT;
	return add(c, creation);
}

int irt_creators_join(struct irt_creators *c, uint64_t thread_id, uint64_t key, int64_t ticks)
{
	if (!irt_grow(&c->threads, &c->thread_room, c->thread_count + 1, sizeof(*c->threads)))
		return INSTR_ERR_MEMORY;
	if (c->thread_count >= IRT_CREATORS_MAX)
		halve_threads(c);
	c->threads[c->thread_count++] = (struct waiting){thread_id, key, ticks, false};
	if (ticks > c->latest)
		c->latest = ticks;
	c->changed = true;
	return 0;
}

/* ---- bringing together -------------------------------------------------------------------------------- */

static int creation_order(const void *a, const void *b)
{
	const struct irt_creation *x = &((const struct entry *)a)->creation, *y = &((const struct entry *)b)->creation;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->begin_ticks != y->begin_ticks)
		return x->begin_ticks < y->begin_ticks ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static int thread_order(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return (x->thread_id > y->thread_id) - (x->thread_id < y->thread_id);
}

/* If one clock is behind the other one. */
static bool may_be_before(int64_t ticks, int64_t that)
{
	return ticks <= that || (uint64_t)ticks - (uint64_t)that <= IRT_CREATORS_SLACK_TICKS;
}

struct look {
	int64_t until, most;
	bool is_last; /* nothing will come any more */
	int64_t (*lived)(void *arg, uint64_t thread_id);
	void *arg;
};

enum whose { ITS_OWN, THE_ONE_BEFORE, NOBODYS, NOT_YET };

/* The thread was seen while the call was under way. Another call had given the block before, whose thread was not seen: the
 * call may have been held up before it took the block, until this thread, which was that other call's, had ended. */
static enum whose whose(const struct look *k, const struct waiting *t, const struct waiting *next, const struct irt_creation *call,
			const struct entry *later)
{
	if (k->lived && k->lived(k->arg, t->thread_id) > call->end_ticks)
		return ITS_OWN; /* it had the block when the call had given it */
	if (next && next->ticks <= k->most) /* which needs a call of its own */
		return later && later->creation.begin_ticks <= next->ticks ? NOBODYS : THE_ONE_BEFORE;
	return k->is_last || k->until - t->ticks > PATIENCE ? NOBODYS : NOT_YET;
}

/* The thread's creation among `count` ones of its key, of which those before *first are over. next: the key's next thread, or NULL. */
static void look_at(struct irt_creators *c, const struct look *k, struct waiting *t, const struct waiting *next, struct entry *e, size_t count,
		    size_t *first)
{
	size_t behind = *first, last = SIZE_MAX, before = SIZE_MAX, rivals = 0;

	for (; behind < count && e[behind].creation.begin_ticks <= t->ticks; behind++)
		if (!e[behind].over)
			last = behind;
	while (behind < count && last == SIZE_MAX && may_be_before(e[behind].creation.begin_ticks, t->ticks)) {
		if (!e[behind].over)
			last = behind;
		behind++;
	}
	if (last == SIZE_MAX)
		return; /* it may still come */
	for (size_t i = *first; i < last; i++) {
		if (!e[i].over && e[i].creation.end_ticks >= e[last].creation.begin_ticks)
			rivals++;
		else if (!e[i].over)
			before = i;
	}
	if (!rivals && before != SIZE_MAX && t->ticks <= e[last].creation.end_ticks) {
		const enum whose is = whose(k, t, next, &e[last].creation, behind < count ? &e[behind] : NULL);
		if (is == NOT_YET) {
			c->undecided = true;
			return;
		}
		rivals = is == NOBODYS;
		last = is == THE_ONE_BEFORE ? before : last;
	}
	t->over = true;
	if (!rivals) {
		if (c->found_count < FOUND_MAX)
			c->found[c->found_count++] = (struct found){t->thread_id, e[last].creation};
		end_creation(c, &e[last]);
	}
	/* The block was this thread's then: what had given it before is of threads that were not seen. */
	for (size_t i = *first; i < behind; i++)
		if (!e[i].over && e[i].creation.end_ticks < t->ticks)
			end_creation(c, &e[i]);
	while (*first < behind && e[*first].over)
		++*first;
}

bool irt_creators_is_waiting(const struct irt_creators *c)
{
	return c->thread_count && c->creation_count && (c->changed || c->undecided || c->latest > c->looked_until);
}

int irt_creators_settle(struct irt_creators *c, int64_t until, bool at_once, int64_t (*lived)(void *arg, uint64_t thread_id), void *arg)
{
	const int64_t grace = at_once || until == INT64_MAX ? 0 : IRT_CREATORS_GRACE_TICKS;
	const int64_t most = until > INT64_MIN + grace ? until - grace : INT64_MIN;
	const struct look k = {until, most, at_once || until == INT64_MAX, lived, arg};
	size_t i = 0, j = 0;

	if (!irt_creators_is_waiting(c) || (!c->changed && !c->undecided && most <= c->looked_until))
		return 0;
	if (!irt_grow(&c->found, &c->found_room, c->found_count + c->thread_count, sizeof(*c->found)))
		return INSTR_ERR_MEMORY;
	c->undecided = false;
	qsort(c->creations, c->creation_count, sizeof(*c->creations), creation_order);
	qsort(c->threads, c->thread_count, sizeof(*c->threads), thread_order);
	while (i < c->thread_count && j < c->creation_count) {
		const uint64_t key = c->threads[i].key;
		size_t count = 0, first = 0;
		while (j < c->creation_count && c->creations[j].creation.key < key)
			j++;
		while (j + count < c->creation_count && c->creations[j + count].creation.key == key)
			count++;
		for (; i < c->thread_count && c->threads[i].key == key; i++)
			if (count && (c->threads[i].ticks <= most || key & INSTR_KEY_NUMBER))
				look_at(c, &k, &c->threads[i], i + 1 < c->thread_count && c->threads[i + 1].key == key ? &c->threads[i + 1] : NULL,
					c->creations + j, count, &first);
		j += count;
	}
	drop_over(c);
	c->changed = false;
	if (most > c->looked_until)
		c->looked_until = most;
	return 0;
}

/* ---- to the file --------------------------------------------------------------------------------------- */

bool irt_creators_is_unsaved(const struct irt_creators *c) { return c->unstored || c->found_count || c->gone_count; }

int irt_creators_each_found(const struct irt_creators *c, void *arg,
			    int (*each)(void *arg, uint64_t thread_id, const struct irt_creation *by))
{
	int e = 0;

	for (size_t i = 0; i < c->found_count && !e; i++)
		e = each(arg, c->found[i].thread_id, &c->found[i].by);
	return e;
}

int irt_creators_each_new(const struct irt_creators *c, void *arg, int (*each)(void *arg, const struct irt_creation *row))
{
	int e = 0;

	for (size_t i = 0; i < c->creation_count && !e; i++)
		if (!c->creations[i].creation.stored)
			e = each(arg, &c->creations[i].creation);
	return e;
}

int irt_creators_each_gone(const struct irt_creators *c, void *arg, int (*each)(void *arg, uint64_t number))
{
	int e = 0;

	for (size_t i = 0; i < c->gone_count && !e; i++)
		e = each(arg, c->gone[i]);
	return e;
}

void irt_creators_saved(struct irt_creators *c)
{
	for (size_t i = 0; i < c->creation_count; i++)
		c->creations[i].creation.stored = true;
	c->unstored = c->found_count = c->gone_count = 0;
}
