/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks_any_events_test.c - locks of any events: out of order, some of them lost, none of them making sense. Sums still
 * agree at every checkpoint, and what one that goes on from the file makes of them is what one that did not end makes.
 */
#include "locks_file.h"
#include "roll.h"

#include <stdio.h>

enum { THREADS = 5, ADDRESSES = 4, EVENTS = 1500, RUNS = 120, TEXT = 1 << 20, LINES = 1 << 14 };

static struct irt_shared_event any_event(int64_t ticks)
{
	static const uint32_t operations[] = {
		IRT_OP_ACQUIRED, IRT_OP_ACQUIRED, IRT_OP_WAITING, IRT_OP_WAITING, IRT_OP_WAITED, IRT_OP_WAITED, IRT_OP_RELEASED, IRT_OP_RELEASED,
		IRT_OP_RELEASED, IRT_OP_REFUSED, IRT_OP_BLOCKING, IRT_OP_BLOCK, IRT_OP_CONDITION, IRT_OP_CONDITION, IRT_OP_CONDITION, IRT_OP_SIGNALLED,
		IRT_OP_INSIDE};
	static const uint64_t results[] = {0, 0, 0, 110, 4, 35, IRT_LOCK_OWNER_DIED};
	uint32_t operation = roll(60) ? operations[roll(17)] : IRT_OP_LOCK_INIT + (uint32_t)roll(2);
	int is_call = operation == IRT_OP_BLOCKING || operation == IRT_OP_BLOCK;
	int is_condition = operation == IRT_OP_CONDITION || operation == IRT_OP_SIGNALLED;
	return (struct irt_shared_event){
		.ticks = ticks, .address = is_call ? 0 : is_condition ? 0x9000 + 64 * roll(2) : 0x1000 * (1 + roll(ADDRESSES)), .context = (uint32_t)roll(3),
		.site = irt_site(1 + (uint32_t)roll(2), is_call ? 0 : 1 + (unsigned)roll(3)), .thread = 1 + (uint32_t)roll(THREADS),
		.operation = operation, .value = operation == IRT_OP_WAITING ? roll(2) : operation == IRT_OP_WAITED ? results[roll(7)] :
								  operation == IRT_OP_INSIDE ? 1 + roll(100) :
								  operation == IRT_OP_SIGNALLED ? roll(2) : operation == IRT_OP_CONDITION ? !roll(8) : 0};
}

static size_t tell_place(char *out, const struct irt_lock_place *p)
{
	return (size_t)sprintf(out, "%u %u %u %u ", p->lock, p->context, p->site_id, p->mode);
}

/* All that the file has. */
static void tell(const struct locks_file *f, char *out)
{
	char *end = out + TEXT / 2;
	for (size_t i = 0; i < f->lock_count; i++) {
		const struct irt_lock *l = &f->locks[i];
		out += sprintf(out, "lock %u %u %" PRIx64 " %" PRId64 " %" PRId64 " %d %u %u %u\n", l->number, l->mode, l->address, l->start_ticks,
			       l->end_ticks, (int)l->holder, l->holder_thread, (unsigned)l->lost, (unsigned)l->unknown);
	}
	for (size_t i = 0; i < f->totals_count; i++) {
		const struct irt_lock_totals *t = &f->totals[i];
		out += tell_place(out, &(struct irt_lock_place){t->lock, t->context, t->site_id, t->mode});
		out += sprintf(out, "totals %u %u %u %u %u %u %u %u %u %u\n", (unsigned)t->acquisitions, (unsigned)t->contended, (unsigned)t->failed,
			       (unsigned)t->wait_ticks, (unsigned)t->max_wait_ticks, (unsigned)t->holds, (unsigned)t->hold_ticks, (unsigned)t->max_hold_ticks,
			       (unsigned)t->allocs, (unsigned)t->alloc_bytes);
	}
	for (size_t i = 0; i < f->wait_count; i++) {
		const struct irt_lock_wait *w = &f->waits[i];
		if (!w->waits && !w->ticks)
			continue;
		for (const struct irt_lock_wait *at = w; at; at = at->next == IRT_LOCK_NO_WAIT ? NULL : &f->waits[at->next])
			out += sprintf(out, "wait %u %u %d %u %u ", at->lock, at->context, (int)at->holder, at->call_context, at->call_site);
		out += sprintf(out, ": %u %u\n", (unsigned)w->waits, (unsigned)w->ticks);
	}
	for (size_t i = 0; i < f->order_count; i++) {
		const struct irt_lock_order *o = &f->orders[i];
		out += tell_place(out, &o->from);
		out += tell_place(out, &o->to);
		out += sprintf(out, "order %u %u %u %u %u\n", (unsigned)o->count, (unsigned)o->contended, (unsigned)o->wait_ticks, o->thread, o->gate_count);
		for (uint32_t k = 0; k < o->gate_count; k++)
			out += sprintf(out, "gate %u\n", o->gates[k]);
	}
	for (size_t i = 0; i < f->call_count; i++) {
		const struct irt_lock_call *c = &f->calls[i];
		out += tell_place(out, &c->holder);
		out += sprintf(out, "call %u %u: %u %u %u\n", c->context, c->site_id, (unsigned)c->calls, (unsigned)c->ticks, (unsigned)c->max_ticks);
	}
	for (size_t i = 0; i < f->threads_count; i++) {
		const struct irt_lock_threads *t = &f->threads[i];
		out += sprintf(out, "threads %u %u %u: %u %u\n", t->lock, t->thread, t->holder, (unsigned)t->waits, (unsigned)t->ticks);
	}
	CHECK(out < end);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* In an order that does not depend on when each row came. */
static size_t lines_of(char *text, char *lines[LINES])
{
	size_t count = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		CHECK(count < LINES);
		lines[count++] = line;
	}
	qsort(lines, count, sizeof(*lines), by_text);
	return count;
}

static void run(uint64_t number)
{
	static char one_text[TEXT], other_text[TEXT], *one_lines[LINES], *other_lines[LINES];
	struct locks_file one_file = {0}, other_file = {0};
	struct irt_locks *one, *other;
	int64_t now = 100000, settled = 0, spread = number % 2 ? 20 : 3 * IRT_LOCK_SLACK_TICKS;
	seed = number * 2654435761u + 88172645463325252ull;
	CHECK_EQ(irt_locks_create(&one), 0);
	CHECK_EQ(irt_locks_create(&other), 0);
	for (int i = 0; i < EVENTS; i++) {
		struct irt_shared_event e = any_event((now += (int64_t)roll(10)) - (roll(10) ? 0 : (int64_t)roll((uint64_t)spread)));
		CHECK_EQ(irt_locks_add(one, &e), 0);
		CHECK_EQ(irt_locks_add(other, &e), 0);
		if (roll(8))
			continue;
		settled += (int64_t)roll((uint64_t)(now - settled) + 1);
		CHECK_EQ(irt_locks_settle(one, settled), 0);
		CHECK_EQ(irt_locks_settle(other, settled), 0);
		if (!roll(4)) {
			locks_file_save(&other_file, other);
			locks_file_check(&other_file);
			irt_locks_destroy(other);
			other = locks_file_restore(&other_file);
		}
	}
	CHECK_EQ(irt_locks_settle(one, INT64_MAX), 0);
	CHECK_EQ(irt_locks_settle(other, INT64_MAX), 0);
	locks_file_save(&one_file, one);
	locks_file_check(&one_file);
	locks_file_save(&other_file, other);
	tell(&one_file, one_text);
	tell(&other_file, other_text);
	size_t count = lines_of(one_text, one_lines);
	CHECK_EQ(lines_of(other_text, other_lines), count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(one_lines[i], other_lines[i]))
			CHECK_FAIL("run %d: %s, not %s", (int)number, other_lines[i], one_lines[i]);
	irt_locks_destroy(one);
	irt_locks_destroy(other);
	locks_file_fini(&one_file);
	locks_file_fini(&other_file);
}

TEST(any_events_make_sums_that_agree_and_are_the_same_from_the_file_on)
{
	for (uint64_t i = 1; i <= RUNS; i++)
		run(i);
}

TEST_MAIN()
