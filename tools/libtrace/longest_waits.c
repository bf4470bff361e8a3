/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * longest_waits.c - see longest.h: what single calls waited for, and allocated.
 *
 * The calls of a thread are taken in the order in which they began, along with its events: those that are open at an
 * event have their part in it. Only chunks are read in which one of them is open and something of the kind occurs.
 */
#include "libtrace/longest.h"

#include <stdlib.h>

#include "fold/array.h"
#include "fold/heap.h"

enum { SITES_MAX = 64 }; /* of a call whose waits are kept apart; what others have is in the sums */

struct weighing {
	struct tr_events *events;
	struct tr_calls *out;
	size_t *order;         /* calls by thread and beginning */
	size_t next, end;      /* of the thread, in it: those that have not begun */
	size_t *active, active_count; /* and those that are open */
	int64_t event;         /* number of the next one */
	int64_t waiting_ticks; /* since when the thread waits for a lock; TR_NOT_SEEN: it does not */
	uint64_t last_address; /* of its last block */
	int64_t last_bytes;
};

static const struct tr_calls *ordering; /* qsort has no room for it */

static int64_t first_of(const struct tr_call *c)
{
	return c->span->first != TR_NOT_SEEN ? c->span->first : INT64_MIN;
}

static int compare_spans(const void *a, const void *b)
{
	const struct tr_call *x = &ordering->calls[*(const size_t *)a], *y = &ordering->calls[*(const size_t *)b];

	if (x->thread_id != y->thread_id)
		return x->thread_id < y->thread_id ? -1 : 1;
	if (first_of(x) != first_of(y))
		return first_of(x) < first_of(y) ? -1 : 1;
	return (x->start_ticks > y->start_ticks) - (x->start_ticks < y->start_ticks);
}

static struct tr_call *call_at(const struct weighing *s, size_t i)
{
	return &s->out->calls[s->order[i]];
}

static int has_begun(const struct weighing *s, const struct tr_call *c, int64_t ticks)
{
	return c->span->first != TR_NOT_SEEN ? c->span->first <= s->event : c->start_ticks <= ticks;
}

static void add_wait(struct tr_call *c, int kind, int64_t site_id, int64_t ticks, int *status)
{
	struct tr_call_span *span = c->span;
	size_t i = 0;

	while (i < span->count && (span->waits[i].kind != kind || span->waits[i].site_id != site_id))
		i++;
	if (i == span->count) {
		if (i == SITES_MAX)
			return;
		if (!irt_grow(&span->waits, &span->room, i + 1, sizeof(*span->waits))) {
			*status = INSTR_ERR_MEMORY;
			return;
		}
		span->waits[span->count++] = (struct tr_call_wait){.kind = kind, .site_id = site_id};
	}
	span->waits[i].count++;
	span->waits[i].ticks += ticks;
}

/* A sum of what a file says stays in its range. */
static void add(int64_t *sum, int64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = value < 0 ? INT64_MIN : INT64_MAX;
}

/* What new[] allocates by malloc is one block. */
static int64_t allocated(struct weighing *s, const struct irt_event *e, int *blocks)
{
	int64_t bytes = e->value > INT64_MAX ? INT64_MAX : (int64_t)e->value;

	*blocks = 0;
	if (irt_heap_kind(irt_site_family(e->site)) != IRT_HEAP_HEAP || !e->extra || e->value == IRT_HEAP_FAILED)
		return 0;
	int64_t before = e->operation == IRT_OP_ALLOC && e->extra == s->last_address ? s->last_bytes : 0;
	*blocks = e->operation == IRT_OP_ALLOC && e->extra == s->last_address ? 0 : 1;
	s->last_address = e->extra;
	s->last_bytes = bytes;
	return bytes - before;
}

static int weigh_event(struct weighing *s, const struct irt_event *e)
{
	int64_t ticks = 0, bytes = 0;
	int blocks = 0, status = 0;

	switch (e->operation) {
	case IRT_OP_WAITING:
		s->waiting_ticks = e->ticks;
		return 0;
	case IRT_OP_WAITED:
		if (s->waiting_ticks == TR_NOT_SEEN || __builtin_sub_overflow(e->ticks, s->waiting_ticks, &ticks))
			return 0;
		s->waiting_ticks = TR_NOT_SEEN;
		break;
	case IRT_OP_FREE:
		if (e->extra == s->last_address)
			s->last_address = 0;
		return 0;
	case IRT_OP_ALLOC:
	case IRT_OP_RESIZED:
		bytes = allocated(s, e, &blocks);
		break;
	case IRT_OP_BLOCK:
	case IRT_OP_WAIT:
		ticks = e->value > INT64_MAX ? INT64_MAX : (int64_t)e->value;
		break;
	default:
		return 0;
	}
	for (size_t i = 0; i < s->active_count; i++) {
		struct tr_call *c = call_at(s, s->active[i]);
		if (e->operation == IRT_OP_WAITED) {
			c->lock_waits++;
			add(&c->lock_ticks, ticks);
			add_wait(c, TR_CALL_LOCK, irt_site_id(e->site), ticks, &status);
		} else if (e->operation == IRT_OP_BLOCK) {
			c->blocks++;
			add(&c->block_ticks, ticks);
			add_wait(c, TR_CALL_BLOCKED, e->site, ticks, &status);
		} else if (e->operation == IRT_OP_WAIT) {
			add(&c->drain_ticks, ticks);
		} else {
			c->allocs += blocks;
			add(&c->alloc_bytes, bytes);
		}
	}
	return status;
}

static int weigh_events(void *user, const struct irt_event *events, size_t count)
{
	struct weighing *s = user;
	int status = 0;

	for (size_t n = 0; n < count && !status; n++, s->event++) {
		while (s->next < s->end && has_begun(s, call_at(s, s->next), events[n].ticks))
			s->active[s->active_count++] = s->next++;
		for (size_t i = 0; i < s->active_count;) {
			if (call_at(s, s->active[i])->span->last >= s->event)
				i++;
			else
				s->active[i] = s->active[--s->active_count];
		}
		if (events[n].operation >= IRT_OP_WAIT)
			status = weigh_event(s, &events[n]);
	}
	return status;
}

static int is_weighed(const struct weighing *s, const struct tr_event_chunk *c)
{
	static const uint64_t kinds = UINT64_C(1) << IRT_OP_WAIT | UINT64_C(1) << IRT_OP_ALLOC | UINT64_C(1) << IRT_OP_RESIZED |
				      UINT64_C(1) << IRT_OP_BLOCK | UINT64_C(1) << IRT_OP_WAITED;
	int within = s->next < s->end && call_at(s, s->next)->start_ticks <= c->end_ticks;

	for (size_t i = 0; i < s->active_count && !within; i++)
		within = call_at(s, s->active[i])->span->end_ticks >= c->start_ticks;
	return within && c->operations & kinds;
}

/* The thread of the calls from `first` on in that order. */
static int weigh_thread(struct weighing *s, size_t first)
{
	const struct tr_call *begin = call_at(s, first);
	int64_t from = begin->start_ticks, until = INT64_MIN, expected = TR_NOT_SEEN;
	struct tr_event_chunk c;
	int status, more = 0;

	s->next = s->end = first;
	for (; s->end < s->out->count && call_at(s, s->end)->thread_id == begin->thread_id; s->end++) {
		const struct tr_call *call = call_at(s, s->end);
		from = call->start_ticks < from ? call->start_ticks : from;
		until = call->span->end_ticks > until ? call->span->end_ticks : until;
	}
	s->active_count = 0;
	s->waiting_ticks = TR_NOT_SEEN;
	s->last_address = 0;
	if ((status = tr_events_use_thread(s->events, begin->thread_id, begin->process_id, from)))
		return status;
	while ((more = tr_events_next(s->events, &c)) == 1 && c.start_ticks <= until) {
		status = tr_follow_chunk(&c, &expected, &s->event);
		if (status != TR_DAMAGED && is_weighed(s, &c))
			status = tr_events_read(s->events, &c, s, weigh_events);
		if (status < 0)
			return status;
	}
	return more < 0 ? more : 0;
}

static int compare_waits(const void *a, const void *b)
{
	const struct tr_call_wait *x = a, *y = b;

	return x->ticks != y->ticks ? (x->ticks < y->ticks ? 1 : -1) : (x->site_id > y->site_id) - (x->site_id < y->site_id);
}

int tr_weigh_calls(struct tr_events *events, struct tr_calls *calls)
{
	const size_t count = calls->count;
	struct weighing s = {.events = events, .out = calls, .order = calloc(count + 1, sizeof(*s.order)), .active = calloc(count + 1, sizeof(*s.active))};
	int status = s.order && s.active ? 0 : INSTR_ERR_MEMORY;

	for (size_t i = 0; i < count && !status; i++)
		s.order[i] = i;
	ordering = calls;
	if (!status && count)
		qsort(s.order, count, sizeof(*s.order), compare_spans);
	while (s.end < count && !status)
		status = weigh_thread(&s, s.end);
	for (size_t i = 0; i < count && !status; i++) {
		struct tr_call *c = &calls->calls[i];
		if (c->span->count)
			qsort(c->span->waits, c->span->count, sizeof(*c->span->waits), compare_waits);
		c->wait_count = c->span->count < TR_CALL_WAITS ? c->span->count : TR_CALL_WAITS;
		for (size_t k = 0; k < c->wait_count; k++)
			c->waits[k] = c->span->waits[k];
	}
	free(s.order);
	free(s.active);
	return status;
}
