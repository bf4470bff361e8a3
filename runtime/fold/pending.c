/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * pending.c - see pending.h.
 */
#include "fold/pending.h"

#include "fold/array.h"
#include "fold/cct.h"

#include <string.h>

void irt_pending_destroy(struct irt_pending *p)
{
	free(p->events);
	free(p->scratch);
	*p = (struct irt_pending){0};
}

struct irt_shared_event *irt_pending_room(struct irt_pending *p, size_t count)
{
	if (!irt_grow(&p->events, &p->room, p->count + count, sizeof(*p->events)))
		return NULL;
	return p->events + p->count;
}

void irt_pending_added(struct irt_pending *p, size_t count)
{
	const struct irt_shared_event *e = p->events + p->count;

	if (p->sorted == p->count && (!p->count || e[-1].ticks <= e->ticks))
		p->sorted += count;
	p->count += count;
}

static size_t run_end(const struct irt_shared_event *e, size_t from, size_t count)
{
	size_t i = from + 1;

	while (i < count && e[i - 1].ticks <= e[i].ticks)
		i++;
	return i < count ? i : count;
}

/* Runs that are in order, as the threads have put them in, are merged two by two until one is left. */
bool irt_pending_sort(struct irt_pending *p)
{
	size_t count = p->count;

	while (p->sorted < count) {
		if (!irt_grow(&p->scratch, &p->scratch_room, count, sizeof(*p->scratch)))
			return false;
		struct irt_shared_event *from = p->events, *to = p->scratch;
		size_t room = p->room, runs = 0, out = 0;
		for (size_t a = 0; a < count; runs++) {
			size_t b = run_end(from, a, count), end = b < count ? run_end(from, b, count) : count, i = a, k = b;
			while (i < b && k < end)
				to[out++] = from[k].ticks < from[i].ticks ? from[k++] : from[i++];
			while (i < b)
				to[out++] = from[i++];
			while (k < end)
				to[out++] = from[k++];
			a = end;
		}
		p->events = to;
		p->scratch = from;
		p->room = p->scratch_room;
		p->scratch_room = room;
		if (runs == 1)
			p->sorted = count;
	}
	return true;
}

void irt_pending_drop(struct irt_pending *p, size_t count)
{
	p->count -= count;
	memmove(p->events, p->events + count, p->count * sizeof(*p->events));
	p->sorted = p->count;
}

uint8_t *irt_pending_put(uint8_t *out, const struct irt_shared_event *e, int64_t *last)
{
	out = irt_put_varint(out, e->operation);
	out = irt_put_varint(out, irt_zigzag((int64_t)((uint64_t)e->ticks - (uint64_t)*last)));
	out = irt_put_varint(out, e->thread);
	out = irt_put_varint(out, e->context);
	out = irt_put_varint(out, e->site);
	out = irt_put_varint(out, e->address);
	out = irt_put_varint(out, e->value);
	*last = e->ticks;
	return out;
}

bool irt_pending_get(const uint8_t **p, const uint8_t *end, struct irt_shared_event *e, int64_t *last)
{
	uint64_t operation, delta, thread, context, site;

	if (!irt_get_varint(p, end, &operation) || !irt_get_varint(p, end, &delta) || !irt_get_varint(p, end, &thread) ||
	    !irt_get_varint(p, end, &context) || !irt_get_varint(p, end, &site) || !irt_get_varint(p, end, &e->address) ||
	    !irt_get_varint(p, end, &e->value) || operation > UINT32_MAX || thread > UINT32_MAX || context >= IRT_CCT_ID_SPAN ||
	    site > UINT32_MAX)
		return false;
	*last = (int64_t)((uint64_t)*last + (uint64_t)irt_unzigzag(delta));
	e->ticks = *last;
	e->operation = (uint32_t)operation;
	e->thread = (uint32_t)thread;
	e->context = (uint32_t)context;
	e->site = (uint32_t)site;
	return true;
}
