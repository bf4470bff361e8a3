/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_chains_model_test.c - chains of waits, waits for conditions, orders of locks, calls made with them, and threads that wait for threads,
 * of random programs whose threads have several locks at once, against a model that looks at every tick. What the
 * threads did comes in pieces, settled up to random times; now and then all is brought to rows and made again of them.
 */
#include "locks_chains_model.h"
#include "locks_file.h"

enum { TICKS = 4000, RUNS = 60, LATE = 30, PASSING = 100 };
enum { STEP = 256, SLACK = IRT_LOCK_SLACK_TICKS / STEP }; /* a tick of the model is so many of the clock */
_Static_assert(LATE + 1 <= SLACK, "what is late is so by less than the slack");

static struct irt_shared_event queue[SLOTS][8 * TICKS];
static size_t queued[SLOTS], given[SLOTS];
static int64_t frozen[SLOTS]; /* what it has done until then is told already */
static int64_t free_at[LOCKS]; /* who had it before gives it back then: nobody else does so earlier */
static bool churns;

/* ---- programs ---------------------------------------------------------------------------------------- */

static void happens(int slot, int64_t ticks, uint32_t operation, int lock, const struct place *at, uint64_t value)
{
	queue[slot][queued[slot]++] = (struct irt_shared_event){
		.ticks = ticks * STEP, .address = lock == NOBODY ? 0 : 0x1000 + 64 * (uint64_t)lock, .value = value, .context = (uint32_t)at->context,
		.site = irt_site((uint32_t)at->site, (unsigned)at->mode), .thread = (uint32_t)in_slot[slot] + 1, .operation = operation};
}

static void allocates_at(int slot, int64_t ticks)
{
	int blocks = 1 + (int)roll(9), bytes = (int)roll(1000);
	happens(slot, ticks, IRT_OP_INSIDE, NOBODY, &(struct place){0, 0, 0}, (uint64_t)blocks);
	queue[slot][queued[slot] - 1].address = (uint64_t)bytes;
	allocates(in_slot[slot], blocks, bytes);
}

static void comes(int slot)
{
	CHECK(person_count < PEOPLE);
	in_slot[slot] = person_count;
	people[person_count++] = (struct person){.slot = slot, .lock = NOBODY};
}

static void goes(int slot)
{
	struct person *p = &people[in_slot[slot]];
	struct hold *held[LOCKS];
	int life[LOCKS];
	if (p->in_wait || p->in_sleep || p->in_call || held_by(in_slot[slot], held, life)) {
		if (gone_count == GONE || (p->in_wait && (gone_waiting || hold_of(life_of(p->lock), in_slot[slot]))))
			return;
		gone_waiting += p->in_wait;
		gone[gone_count++] = in_slot[slot];
	}
	p->slot = NOBODY;
	comes(slot);
}

/* So many threads come and go that those who do nothing are forgotten now and then: the others must not be. */
static void many_pass_by(int slot)
{
	int who = in_slot[slot];
	CHECK(person_count + PASSING <= PEOPLE);
	for (int i = 0; i < PASSING; i++) { /* (a return from a call that was not seen to begin) */
		in_slot[slot] = person_count;
		people[person_count++] = (struct person){.slot = NOBODY, .lock = NOBODY};
		happens(slot, now, IRT_OP_BLOCK, NOBODY, &people[who].call, 0);
	}
	in_slot[slot] = who;
}

/* What stands in the way goes: those who are gone will not give it back; of others it is told too late that they have. */
static bool clears_way(int lock, int who, int mode)
{
	struct life *l = life_of(lock);
	struct hold *o = in_the_way(l, who, mode);
	bool is_gone = o && people[o->who].slot == NOBODY;
	if (free_at[lock] >= now)
		return false;
	for (int i = 0; o && i < l->owner_count; i++) {
		const struct person *p = &people[l->owners[i].who];
		if (l->owners[i].who == who || (!alone(mode) && !alone(l->owners[i].at.mode)))
			continue;
		if ((p->slot == NOBODY) != is_gone)
			return false;
		if (is_gone && now - l->owners[i].since <= SLACK) /* that may have been stamped early */
			return false;
		if (!is_gone && (p->in_wait || p->in_sleep || frozen[p->slot] >= now || l->owners[i].depth > LATE / 3))
			return false;
	}
	while (!is_gone && (o = in_the_way(l, who, mode))) {
		struct hold *held[LOCKS];
		int life[LOCKS], slot = people[o->who].slot, only = held_by(o->who, held, life) == 1; /* else another may end before that */
		frozen[slot] = now;
		if (people[o->who].in_call) {
			happens(slot, ++frozen[slot], IRT_OP_BLOCK, NOBODY, &people[o->who].call, 0);
			returns_from_call(o->who);
		}
		for (int i = 0; i < o->depth; i++) {
			frozen[slot] += 1 + (int64_t)roll(3);
			if (only && !roll(3))
				allocates_at(slot, frozen[slot]);
			happens(slot, frozen[slot], IRT_OP_RELEASED, lock, &o->at, 0);
		}
		free_at[lock] = frozen[slot] > free_at[lock] ? frozen[slot] : free_at[lock];
		ends_hold(l, o);
	}
	return true;
}

static struct place somewhere(int lock)
{
	static const int modes[] = {INSTR_LOCK_MUTEX, INSTR_LOCK_READ, INSTR_LOCK_SPIN};
	int mode = modes[lock % 3];
	if (mode == INSTR_LOCK_READ && !roll(3))
		mode = INSTR_LOCK_WRITE;
	return (struct place){(int)roll(CONTEXTS), 10 + (int)roll(2), mode};
}

static void begins_wait(int slot, int lock, const struct place *at, bool tried)
{
	struct person *p = &people[in_slot[slot]];
	need_life(lock, at);
	happens(slot, now, IRT_OP_WAITING, lock, at, tried ? IRT_LOCK_TRIED : 0);
	p->in_wait = p->waits = true;
	p->tried = tried;
	p->charged = false;
	p->deferred = 0;
	p->lock = lock;
	p->at = *at;
	p->since = now;
}

static void wants(int slot)
{
	int who = in_slot[slot], lock = (int)roll((uint64_t)lock_count);
	struct place at = somewhere(lock);
	struct life *l = life_of(lock);
	const struct hold *own = hold_of(l, who);
	bool blocked = in_the_way(l, who, at.mode) || (own && alone(at.mode) && !alone(own->at.mode));
	if (own && alone(own->at.mode))
		at.mode = own->at.mode;
	if (blocked && !roll(3)) {
		need_life(lock, &at);
		happens(slot, now, IRT_OP_REFUSED, lock, &at, 16);
	} else if (blocked ? !own && !roll(6) && clears_way(lock, who, at.mode) : own ? roll(8) : alone(at.mode) && roll(10)) {
		happens(slot, now, IRT_OP_ACQUIRED, lock, &at, 0);
		takes(who, lock, &at, false, 0);
	} else {
		begins_wait(slot, lock, &at, alone(at.mode) ? roll(6) : blocked && !roll(6));
	}
}

static void goes_on_waiting(int slot)
{
	int who = in_slot[slot];
	struct person *p = &people[who];
	struct life *l = life_of(p->lock);
	const struct hold *own = hold_of(l, who);
	uint64_t result = roll(15) ? 0 : IRT_LOCK_OWNER_DIED;
	bool waited = p->waits && p->charged;
	if (own && alone(p->at.mode)) { /* recursion, or it would wait for ever */
		if (roll(6))
			return;
		result = !alone(own->at.mode) ? 110 : roll(2) ? 35 : 0;
	} else if (in_the_way(l, who, p->at.mode)) {
		if (roll(8) || !clears_way(p->lock, who, p->at.mode)) {
			if (roll(40))
				return;
			result = 110;
		}
	} else if (!roll(10)) {
		result = 110;
	}
	happens(slot, now, IRT_OP_WAITED, p->lock, &p->at, result);
	p->in_wait = p->waits = false;
	if (result == 0 || result == IRT_LOCK_OWNER_DIED)
		takes(who, p->lock, &p->at, waited, now - p->since);
	else
		need_life(p->lock, &p->at);
}

static void gives_back(int slot)
{
	int who = in_slot[slot], life[LOCKS];
	struct hold *held[LOCKS];
	int count = held_by(who, held, life);
	if (!count)
		return;
	int i = roll(3) ? count - 1 : (int)roll((uint64_t)count);
	if (free_at[lives[life[i]].lock] >= now)
		return;
	struct place at = {(int)roll(CONTEXTS), 12, held[i]->at.mode == INSTR_LOCK_READ ? INSTR_LOCK_WRITE : held[i]->at.mode};
	happens(slot, now, IRT_OP_RELEASED, lives[life[i]].lock, &at, 0);
	if (!--held[i]->depth)
		ends_hold(&lives[life[i]], held[i]);
}

static void happens_to(int slot, int condition, uint32_t operation, uint64_t value)
{
	struct place at = {(int)roll(CONTEXTS), 13, INSTR_LOCK_MUTEX};
	happens(slot, now, operation, LOCKS + condition, &at, value);
}

static void sleeps(int slot)
{
	int who = in_slot[slot], life[LOCKS], condition = (int)roll(CONDITIONS);
	struct hold *held[LOCKS];
	int count = held_by(who, held, life);
	int i = count ? (int)roll((uint64_t)count) : 0;
	if (!count || !alone(held[i]->at.mode) || held[i]->depth > 1 || free_at[lives[life[i]].lock] >= now)
		return;
	if (lives[life[i]].lock != condition && roll(10)) /* mostly with the same one */
		return;
	struct place at = {(int)roll(CONTEXTS), 14, held[i]->at.mode};
	happens_to(slot, condition, IRT_OP_CONDITION, 0);
	happens(slot, now, IRT_OP_RELEASED, lives[life[i]].lock, &at, 0);
	people[who].sleep_at = at;
	ends_hold(&lives[life[i]], held[i]);
	falls_asleep(who, condition, life[i]);
}

static void goes_on_sleeping(int slot)
{
	int who = in_slot[slot];
	struct person *p = &people[who];
	int lock = lives[p->sleep_life].lock;
	if (!roll(60)) { /* it does something else: it cannot be asleep */
		int other = (int)roll((uint64_t)lock_count);
		if (hold_of(life_of(other), who))
			return;
		happens(slot, now, IRT_OP_RELEASED, other, &p->sleep_at, 0);
		need_life(other, &p->sleep_at)->unknown++;
		wakes(who, false);
		return;
	}
	if (p->sleeps && !p->called ? roll(12) : roll(3))
		return;
	if (in_the_way(life_of(lock), who, p->sleep_at.mode) && (roll(6) || !clears_way(lock, who, p->sleep_at.mode)))
		return;
	if (!roll(6)) {
		happens_to(slot, p->condition, IRT_OP_CONDITION, 1);
		wakes(who, false);
	}
	happens(slot, now, IRT_OP_ACQUIRED, lock, &p->sleep_at, 0);
	uint64_t waited = comes_back(who);
	p->in_sleep = false;
	takes(who, lock, &p->sleep_at, waited, (int64_t)waited);
}

static void is_signalled_by(int slot)
{
	int condition = (int)roll(CONDITIONS);
	bool all = !roll(3);
	happens_to(slot, condition, IRT_OP_SIGNALLED, all ? IRT_LOCK_ALL : 0);
	is_signalled(condition, all);
}

static void calls(int slot)
{
	struct person *p = &people[in_slot[slot]];
	struct place at = {20 + (int)roll(2), 30 + (int)roll(2), 0};
	if (p->in_call ? roll(10) : !roll(10)) {
		happens(slot, now, IRT_OP_BLOCK, NOBODY, &p->call, 0);
		returns_from_call(in_slot[slot]);
	} else { /* one that is in a call already: that was not seen to return */
		happens(slot, now, IRT_OP_BLOCKING, NOBODY, &at, 0);
		p->in_call = true;
		p->call = at;
		p->call_since = now;
	}
}

static void does_something(int slot)
{
	int who = in_slot[slot], lock = (int)roll((uint64_t)lock_count), what = (int)roll(100);
	struct place at = somewhere(lock);
	if (frozen[slot] >= now)
		return;
	if (churns && !roll(50))
		many_pass_by(slot);
	else if (!roll(churns && !people[who].in_wait ? 4 : 300))
		goes(slot);
	else if (people[who].in_wait)
		goes_on_waiting(slot);
	else if (people[who].in_sleep)
		goes_on_sleeping(slot);
	else if (!roll(25))
		is_signalled_by(slot);
	else if (!roll(4))
		sleeps(slot);
	else if (what < 50)
		wants(slot);
	else if (what < 80)
		gives_back(slot);
	else if (what < 90)
		calls(slot);
	else if (what < 97)
		allocates_at(slot, now);
	else if (what < 98) {
		happens(slot, now, roll(2) ? IRT_OP_LOCK_DESTROY : IRT_OP_LOCK_INIT, lock, &at, 0);
		ends_life(lock);
	} else if (!hold_of(life_of(lock), who)) {
		at.mode = alone(at.mode) ? at.mode : INSTR_LOCK_WRITE;
		happens(slot, now, IRT_OP_RELEASED, lock, &at, 0);
		need_life(lock, &at)->unknown++;
	}
}

/* Mostly one thing at a time. */
static void acts(int slot)
{
	do {
		does_something(slot);
		model_passes(0);
	} while (!roll(4));
}

/* ---- comparison -------------------------------------------------------------------------------------- */

#define SAME(text, what, a, b)                                                                     \
	do {                                                                                       \
		check_count++;                                                                     \
		if ((int64_t)(a) != (int64_t)(b))                                                  \
			CHECK_FAIL("%s: %s %" PRId64 ", not %" PRId64, text, what, (int64_t)(a), (int64_t)(b)); \
	} while (0)

static void tell_row(char *out, const struct locks_file *f, const struct irt_lock_wait *w)
{
	for (;; w = &f->waits[w->next]) {
		out += sprintf(out, "%u by %u for %d", w->lock, w->context, (int)w->holder);
		if (w->next == IRT_LOCK_NO_WAIT)
			break;
		CHECK(w->next < f->wait_count && !w->call_site && !w->call_context);
		out += sprintf(out, " > ");
	}
	if (w->call_site)
		sprintf(out, " in %u/%u", w->call_context, w->call_site);
}

static int tell_place_of(char *out, const struct irt_lock_place *p)
{
	return tell_place(out, (int)p->lock, &(struct place){(int)p->context, (int)p->site_id, (int)p->mode});
}

static int compare_sums(const struct locks_file *f)
{
	int rows = 0;
	char text[4 * TEXT];
	for (size_t i = 0; i < f->wait_count; i++) {
		const struct irt_lock_wait *w = &f->waits[i];
		if (!w->waits && !w->ticks) /* it is only in chains of others */
			continue;
		tell_row(text, f, w);
		SAME(text, "waits", w->waits, sum_of(text)->count);
		SAME(text, "ticks", w->ticks, STEP * sum_of(text)->ticks);
		rows++;
	}
	for (size_t i = 0; i < f->threads_count; i++, rows++) {
		const struct irt_lock_threads *t = &f->threads[i];
		sprintf(text, "%u: thread %u for %u", t->lock, t->thread, t->holder);
		SAME(text, "waits", t->waits, sum_of(text)->count);
		SAME(text, "ticks", t->ticks, STEP * sum_of(text)->ticks);
	}
	for (size_t i = 0; i < f->call_count; i++, rows++) {
		const struct irt_lock_call *c = &f->calls[i];
		sprintf(text + tell_place_of(text, &c->holder), " calls %u/%u", c->context, c->site_id);
		SAME(text, "calls", c->calls, sum_of(text)->count);
		SAME(text, "ticks", c->ticks, STEP * sum_of(text)->ticks);
		SAME(text, "most ticks", c->max_ticks, STEP * sum_of(text)->max_ticks);
	}
	for (size_t i = 0; i < f->totals_count; i++) {
		const struct irt_lock_totals *t = &f->totals[i];
		sprintf(text + tell_place_of(text, &(struct irt_lock_place){t->lock, t->context, t->site_id, t->mode}), " allocates");
		if (!t->allocs)
			continue;
		SAME(text, "blocks", t->allocs, sum_of(text)->count);
		SAME(text, "bytes", t->alloc_bytes, sum_of(text)->ticks);
		rows++;
	}
	for (size_t i = 0; i < f->order_count; i++, rows++) {
		const struct irt_lock_order *o = &f->orders[i];
		char *out = text + tell_place_of(text, &o->from);
		tell_place_of(out + sprintf(out, " then "), &o->to);
		const struct sum *s = sum_of(text);
		SAME(text, "times", o->count, s->count);
		SAME(text, "contended", o->contended, s->contended);
		SAME(text, "wait ticks", o->wait_ticks, STEP * s->ticks);
		SAME(text, "thread", o->thread, s->thread);
		SAME(text, "gates", o->gate_count, s->gate_count);
		for (int k = 0; k < s->gate_count; k++)
			SAME(text, "gate", o->gates[k], s->gates[k]);
	}
	return rows;
}

static void compare(const struct locks_file *f)
{
	int expected = sum_count, rows = compare_sums(f);
	CHECK_EQ(sum_count, expected); /* no row that the model does not have */
	CHECK_EQ(rows, expected);      /* and all that it has */
	CHECK_EQ(f->lock_count, life_count);
	for (int i = 0; i < life_count; i++) {
		const struct irt_lock *l = &f->locks[i];
		const struct life *m = &lives[i];
		CHECK_EQ(l->address, 0x1000 + 64 * m->lock);
		CHECK_EQ(l->mode, m->first.mode == INSTR_LOCK_READ ? INSTR_LOCK_WRITE : m->first.mode);
		CHECK_EQ(l->context, m->first.context);
		CHECK_EQ(l->site_id, m->first.site);
		CHECK_EQ(l->start_ticks, STEP * m->start);
		CHECK_EQ(l->end_ticks, m->end == INT64_MAX ? m->end : STEP * m->end);
		CHECK_EQ(l->lost, m->lost);
		CHECK_EQ(l->unknown, m->unknown);
		if (!m->unclear) {
			CHECK_EQ(l->holder, m->last_context);
			CHECK_EQ(l->holder_thread, m->last_thread);
		}
	}
}

static int check_user(void *unused, const struct irt_lock_user *u)
{
	(void)unused;
	const struct person *p = &people[u->thread - 1];
	const struct hold *h = hold_of(&lives[u->lock], (int)u->thread - 1);
	CHECK(u->depth ? h != NULL : p->waits);
	const struct place *at = u->depth ? &h->at : &p->at;
	CHECK_EQ(u->depth, u->depth ? h->depth : 0);
	CHECK_EQ(u->lock, u->depth ? u->lock : (uint32_t)life_at[p->lock]);
	CHECK_EQ(u->start_ticks, STEP * (u->depth ? h->since : p->since));
	CHECK_EQ(u->context, at->context);
	CHECK_EQ(u->site_id, at->site);
	CHECK_EQ(u->mode, at->mode);
	return 0;
}

/* All is settled. */
static void check_users(struct locks_file *f, struct irt_locks *l)
{
	size_t users = 0;
	CHECK_EQ(irt_locks_each_user(l, NULL, check_user), 0);
	for (int i = 0; i < lock_count; i++)
		users += life_of(i) ? (size_t)life_of(i)->owner_count : 0;
	for (int i = 0; i < person_count; i++)
		users += people[i].waits;
	CHECK_EQ(f->users, users);
}

/* Some of what the slots have done comes in; all of it up to `until`, and what is told late of that, is there then. */
static void give(struct irt_locks *l, int64_t until)
{
	for (int k = 0, first = (int)roll(SLOTS); k < SLOTS; k++) {
		int i = (first + k) % SLOTS;
		size_t extra = roll(4);
		while (given[i] < queued[i] && (queue[i][given[i]].ticks <= (until + LATE) * STEP || extra-- > 0))
			CHECK_EQ(irt_locks_add(l, &queue[i][given[i]++]), 0);
	}
	CHECK_EQ(irt_locks_settle(l, until * STEP), 0);
}

static void begin(uint64_t number)
{
	seed = number * 2654435761u + 88172645463325252ull;
	memset(sums, 0, sizeof(sums));
	memset(queued, 0, sizeof(queued));
	memset(given, 0, sizeof(given));
	memset(frozen, 0, sizeof(frozen));
	memset(free_at, 0, sizeof(free_at));
	memset(signals, 0, sizeof(signals));
	sum_count = life_count = person_count = gone_count = gone_waiting = 0;
	lock_count = 3 + (int)roll(LOCKS - 2);
	churns = number % 4 == 0;
	for (int i = 0; i < LOCKS; i++)
		life_at[i] = NOBODY;
	for (int i = 0; i < SLOTS; i++)
		comes(i);
}

static void run(uint64_t number)
{
	struct locks_file file = {0};
	struct irt_locks *l;
	int64_t settled = 0;
	begin(number);
	CHECK_EQ(irt_locks_create(&l), 0);
	for (now = 1; now < TICKS; now++) {
		model_passes(1);
		acts((int)roll(SLOTS));
		if (!roll(50))
			give(l, settled += (int64_t)roll((uint64_t)(now - settled) + 1));
		if (!roll(300))
			locks_file_save(&file, l);
		if (!roll(400)) {
			locks_file_save(&file, l);
			irt_locks_destroy(l);
			l = locks_file_restore(&file);
		}
		if (!roll(800)) {
			give(l, settled = now);
			locks_file_save(&file, l);
			locks_file_check(&file);
			check_users(&file, l);
		}
	}
	/* What is under way is charged when it ends. */
	for (int64_t end = now + LATE, i = 0; i < lock_count || now < end; now++) {
		model_passes(1);
		if (now < end)
			continue;
		happens(0, now, IRT_OP_LOCK_DESTROY, (int)i, &(struct place){0, 10, INSTR_LOCK_MUTEX}, 0);
		ends_life((int)i++);
	}
	give(l, INT64_MAX / STEP - LATE);
	locks_file_save(&file, l);
	locks_file_check(&file);
	compare(&file);
	irt_locks_destroy(l);
	locks_file_fini(&file);
}

TEST(chains_orders_calls_and_threads_of_random_programs_equal_a_model_that_looks_at_every_tick)
{
	for (uint64_t i = 1; i <= RUNS; i++)
		run(i);
}

TEST_MAIN()
