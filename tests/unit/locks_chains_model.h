/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_chains_model.h - a slow model of who waits for whom, and of what threads do while they have locks (fold/locks.h).
 *
 * It knows what people (threads) have and do now, and looks at every tick. Whom each waits for then, and what that one
 * does, it writes down as a text: "4 by 1 for 2 > 5 by 0 for 1 in 20/31" is lock 4, waited for in context 1, had from
 * context 2 by somebody who waits for lock 5 himself, in context 0; that is had from context 1, by somebody who is in a
 * call. Such texts have sums, as have those of orders, of calls and of threads. Nobody knows of anything but texts.
 */
#ifndef TESTS_UNIT_LOCKS_CHAINS_MODEL_H
#define TESTS_UNIT_LOCKS_CHAINS_MODEL_H

#include "check.h"
#include "roll.h"
#include "fold/event.h"
#include "fold/locks.h"

#include <stdbool.h>
#include <stdio.h>

enum {
	SLOTS = 6, LOCKS = 10, CONDITIONS = 3, TENTATIVE = 1 << 10, CONTEXTS = 3, PEOPLE = 1 << 14, LIVES = 1 << 12,
	GONE = 8, SUMS = 1 << 14, TEXT = 256, NOBODY = -1,
};

struct place { int context, site, mode; };

struct hold { int who, depth; struct place at; int64_t since; };

/* A lock between its first use and its end. */
static struct life {
	int lock, owner_count, last_context, last_thread; /* last_context -1: nobody has had it */
	struct hold owners[SLOTS + GONE];                 /* the first has it longest */
	struct place first;
	int64_t start, end;
	uint64_t lost, unknown;
	bool unclear;                                     /* several had it when it ended: who was the last? */
} lives[LIVES];
static int life_count, life_at[LOCKS], lock_count;

static struct person {
	int slot;                    /* NOBODY: it is there no more, without a word */
	bool in_wait, waits;         /* it is in a call that waits; the lock it waits for is still the same */
	bool tried, charged, in_call;
	int lock;
	struct place at, call;
	int64_t since, deferred, call_since;
	bool in_sleep, sleeps, called; /* it is in a call that waits for a condition; it is known to; a signal has come since */
	int condition, sleep_life;
	struct place sleep_at;
} people[PEOPLE];
static int person_count, in_slot[SLOTS], gone[GONE], gone_count, gone_waiting;

/* Whom somebody would have waited for since the last signal, if that was for him. */
static struct tentative { int context, thread; uint64_t ticks; } tentative[SLOTS][TENTATIVE];
static int tentative_count[SLOTS];

static int signals[CONDITIONS]; /* that nobody has come back from yet */

static int64_t now;
/* ---- sums by texts ----------------------------------------------------------------------------------- */

static struct sum {
	char text[TEXT];
	uint64_t count, ticks, max_ticks, contended;
	int thread, gate_count, gates[IRT_LOCK_GATES];
} sums[SUMS];
static int sum_count;

static struct sum *sum_of(const char *text)
{
	uint32_t at = 2166136261u;
	for (const char *c = text; *c; c++)
		at = (at ^ (unsigned char)*c) * 16777619u;
	for (at %= SUMS; sums[at].text[0] && strcmp(sums[at].text, text); at = (at + 1) % SUMS)
		;
	if (!sums[at].text[0]) {
		CHECK(++sum_count < SUMS / 2 && strlen(text) < TEXT);
		strcpy(sums[at].text, text);
	}
	return &sums[at];
}

/* ---- the model --------------------------------------------------------------------------------------- */

static bool alone(int mode) { return mode != INSTR_LOCK_READ; }

static struct hold *hold_of(struct life *l, int who)
{
	for (int i = 0; l && i < l->owner_count; i++)
		if (l->owners[i].who == who)
			return &l->owners[i];
	return NULL;
}

static struct hold *in_the_way(struct life *l, int who, int mode)
{
	for (int i = 0; l && i < l->owner_count; i++)
		if (l->owners[i].who != who && (alone(mode) || alone(l->owners[i].at.mode)))
			return &l->owners[i];
	return NULL;
}

static struct life *life_of(int lock) { return life_at[lock] == NOBODY ? NULL : &lives[life_at[lock]]; }

/* As far as is known at this moment. */
static bool is_wait(int who)
{
	const struct person *p = &people[who];
	if (!p->waits)
		return false;
	if (in_the_way(life_of(p->lock), who, p->at.mode))
		return true;
	return !hold_of(life_of(p->lock), who) && (p->tried || p->charged);
}

static void tell(char *out, int who, const int *before, int count)
{
	const struct person *p = &people[who];
	struct life *l = life_of(p->lock);
	const struct hold *o = in_the_way(l, who, p->at.mode);
	int chain[SLOTS + GONE + 1];
	out += sprintf(out, "%d by %d for %d", life_at[p->lock], p->at.context, o ? o->at.context : l->last_context);
	if (!o)
		return;
	for (int i = 0; i < count; i++)
		chain[i] = before[i];
	chain[count++] = who;
	for (int i = 0; i < count; i++)
		if (chain[i] == o->who)
			return;
	if (is_wait(o->who)) {
		out += sprintf(out, " > ");
		tell(out, o->who, chain, count);
	} else if (people[o->who].in_call) {
		sprintf(out, " in %d/%d", people[o->who].call.context, people[o->who].call.site);
	}
}

static void charge(int who, int ticks)
{
	struct person *p = &people[who];
	struct life *l = p->waits ? life_of(p->lock) : NULL;
	char text[2 * TEXT];
	if (!p->waits)
		return;
	const struct hold *o = in_the_way(l, who, p->at.mode);
	if (!o && hold_of(l, who)) /* it waits for itself */
		return;
	p->deferred += ticks;
	if (!is_wait(who) || (p->charged && !p->deferred))
		return;
	tell(text, who, NULL, 0);
	struct sum *chain = sum_of(text);
	sprintf(text, "%d: thread %d for %d", life_at[p->lock], who + 1, o ? o->who + 1 : l->last_thread);
	struct sum *threads = sum_of(text);
	chain->count += !p->charged;
	threads->count += !p->charged;
	chain->ticks += (uint64_t)p->deferred;
	threads->ticks += (uint64_t)p->deferred;
	p->charged = true;
	p->deferred = 0;
}

/* ---- conditions -------------------------------------------------------------------------------------- */

/* Those who are asleep for it (with this lock), or were when it was signalled. */
static int sleepers(int condition, bool called, int who[SLOTS + GONE])
{
	int count = 0;
	for (int i = 0; i < SLOTS + gone_count; i++) {
		int one = i < SLOTS ? in_slot[i] : gone[i - SLOTS];
		if (people[one].sleeps && people[one].condition == condition && (!called || people[one].called))
			who[count++] = one;
	}
	return count;
}

static void keeps_signals(int condition, int count)
{
	int who[SLOTS + GONE], called = sleepers(condition, true, who);
	signals[condition] = count < called ? count : called;
	for (int i = 0; i < called && !signals[condition]; i++)
		people[who[i]].called = false;
}

static void is_signalled(int condition, bool all)
{
	int who[SLOTS + GONE], count = sleepers(condition, false, who);
	for (int i = 0; i < count; i++) {
		people[who[i]].called = true;
		if (people[who[i]].slot != NOBODY)
			tentative_count[people[who[i]].slot] = 0;
	}
	keeps_signals(condition, all ? count : signals[condition] + 1);
}

static void wakes(int who, bool by_signal)
{
	struct person *p = &people[who];
	bool called = p->sleeps && p->called;
	p->sleeps = p->called = false;
	if (called)
		keeps_signals(p->condition, signals[p->condition] - by_signal);
}

static void falls_asleep(int who, int condition, int life)
{
	int others[SLOTS + GONE], count = sleepers(condition, false, others);
	for (int i = 0; i < count; i++)
		if (people[others[i]].sleep_life != life)
			people[others[i]].sleeps = people[others[i]].called = false;
	keeps_signals(condition, signals[condition]);
	people[who].in_sleep = people[who].sleeps = true;
	people[who].condition = condition;
	people[who].sleep_life = life;
	tentative_count[people[who].slot] = 0;
}

static void sleeps_on(int who)
{
	const struct person *p = &people[who];
	const struct hold *o = p->sleeps && p->called ? in_the_way(&lives[p->sleep_life], who, INSTR_LOCK_MUTEX) : NULL;
	struct tentative *t = tentative[p->slot];
	int i = 0, count = tentative_count[p->slot];
	if (!o)
		return;
	while (i < count && (t[i].context != o->at.context || t[i].thread != o->who + 1))
		i++;
	CHECK(i < TENTATIVE);
	if (i == count)
		t[tentative_count[p->slot]++] = (struct tentative){o->at.context, o->who + 1, 0};
	t[i].ticks++;
}

/* How long it has waited for the lock, now that it has it again. */
static uint64_t comes_back(int who)
{
	const struct person *p = &people[who];
	uint64_t all = 0;
	char text[TEXT];
	for (int i = 0; p->sleeps && p->called && i < tentative_count[p->slot]; i++) {
		const struct tentative *t = &tentative[p->slot][i];
		sprintf(text, "%d by %d for %d", p->sleep_life, p->sleep_at.context, t->context);
		sum_of(text)->count += !i;
		sum_of(text)->ticks += t->ticks;
		sprintf(text, "%d: thread %d for %d", p->sleep_life, who + 1, t->thread);
		sum_of(text)->count += !i;
		sum_of(text)->ticks += t->ticks;
		all += t->ticks;
	}
	wakes(who, true);
	return all;
}

/* So long it has been as it is now; 0: it has come to be so. */
static void model_passes(int ticks)
{
	for (int i = 0; i < SLOTS && ticks; i++)
		sleeps_on(in_slot[i]);
	for (int i = 0; i < SLOTS; i++)
		charge(in_slot[i], ticks);
	for (int i = 0; i < gone_count; i++)
		charge(gone[i], ticks);
}

static struct life *need_life(int lock, const struct place *at)
{
	if (life_at[lock] == NOBODY) {
		CHECK(life_count < LIVES);
		life_at[lock] = life_count;
		lives[life_count++] = (struct life){.lock = lock, .last_context = -1, .first = *at, .start = now, .end = INT64_MAX};
	}
	return life_of(lock);
}

static void ends_hold(struct life *l, struct hold *o)
{
	int rest = l->owner_count-- - (int)(o - l->owners) - 1;
	l->last_context = o->at.context;
	l->last_thread = o->who + 1;
	memmove(o, o + 1, (size_t)rest * sizeof(*o));
}

/* What somebody has, in the order in which it took them; at one time: of the locks' numbers. */
static int held_by(int who, struct hold *held[LOCKS], int life[LOCKS])
{
	int count = 0;
	for (int lock = 0; lock < lock_count; lock++) {
		struct hold *h = hold_of(life_of(lock), who);
		int i = count;
		if (!h)
			continue;
		for (; i > 0 && (held[i - 1]->since > h->since || (held[i - 1]->since == h->since && life[i - 1] > life_at[lock])); i--)
			held[i] = held[i - 1], life[i] = life[i - 1];
		held[i] = h;
		life[i] = life_at[lock];
		count++;
	}
	return count;
}

static int tell_place(char *out, int life, const struct place *at)
{
	return sprintf(out, "%d at %d/%d/%d", life, at->context, at->site, at->mode);
}

static void counts_orders(int who, int to, const struct place *at, bool waited, int64_t wait_ticks)
{
	struct hold *held[LOCKS];
	int life[LOCKS], count = held_by(who, held, life);
	for (int i = 0; i < count; i++) {
		char text[TEXT], *out = text + tell_place(text, life[i], &held[i]->at);
		tell_place(out + sprintf(out, " then "), to, at);
		struct sum *s = sum_of(text);
		int kept = 0;
		if (!s->count) {
			for (int k = 0; k < count && kept < IRT_LOCK_GATES; k++)
				if (k != i && alone(held[k]->at.mode))
					s->gates[kept++] = life[k];
		} else {
			for (int k = 0; k < s->gate_count; k++)
				for (int h = 0; h < count; h++)
					if (life[h] == s->gates[k] && alone(held[h]->at.mode)) {
						s->gates[kept++] = s->gates[k];
						break;
					}
		}
		s->gate_count = kept;
		s->thread = !s->count || s->thread == who + 1 ? who + 1 : 0;
		s->count++;
		s->contended += waited;
		s->ticks += waited ? (uint64_t)wait_ticks : 0;
	}
}

static void takes(int who, int lock, const struct place *at, bool waited, int64_t wait_ticks)
{
	struct life *l = need_life(lock, at);
	struct hold *o = hold_of(l, who);
	if (o) {
		o->depth++;
		return;
	}
	while ((o = in_the_way(l, who, at->mode))) {
		ends_hold(l, o);
		l->lost++;
	}
	counts_orders(who, life_at[lock], at, waited, wait_ticks);
	l->owners[l->owner_count++] = (struct hold){who, 1, *at, now};
}

/* As many blocks, of so many bytes. */
static void allocates(int who, int blocks, int bytes)
{
	struct hold *held[LOCKS];
	int life[LOCKS], count = held_by(who, held, life);
	for (int i = 0; i < count; i++) {
		char text[TEXT], *out = text + tell_place(text, life[i], &held[i]->at);
		sprintf(out, " allocates");
		struct sum *s = sum_of(text);
		s->count += (uint64_t)blocks;
		s->ticks += (uint64_t)bytes;
	}
}

static void returns_from_call(int who)
{
	struct person *p = &people[who];
	struct hold *held[LOCKS];
	int life[LOCKS], count = held_by(who, held, life);
	for (int i = 0; i < count && p->in_call; i++) {
		char text[TEXT], *out = text + tell_place(text, life[i], &held[i]->at);
		uint64_t ticks = (uint64_t)(now - p->call_since);
		if (held[i]->since > p->call_since)
			continue;
		sprintf(out, " calls %d/%d", p->call.context, p->call.site);
		struct sum *s = sum_of(text);
		s->count++;
		s->ticks += ticks;
		s->max_ticks = ticks > s->max_ticks ? ticks : s->max_ticks;
	}
	p->in_call = false;
}

static void ends_life(int lock)
{
	struct life *l = life_of(lock);
	if (!l)
		return;
	for (int i = 0; i < person_count; i++)
		if (people[i].lock == lock)
			people[i].waits = false;
	for (int i = 0; i < CONDITIONS; i++) {
		int who[SLOTS + GONE], count = sleepers(i, false, who);
		for (int k = 0; k < count; k++)
			if (people[who[k]].sleep_life == life_at[lock])
				people[who[k]].sleeps = people[who[k]].called = false;
		keeps_signals(i, signals[i]);
	}
	l->unclear = l->owner_count > 1;
	l->lost += (uint64_t)l->owner_count;
	while (l->owner_count)
		ends_hold(l, l->owners);
	l->end = now;
	life_at[lock] = NOBODY;
}

#endif
