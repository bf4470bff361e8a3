/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_replay.c - see heap_events.h: the fold goes once more through the events between two times, from the older
 * blocks that they end, and tells which places have changed by how much.
 */
#include "libtrace/heap_events.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"

enum { SLICE = 1 << 19 }; /* events that wait in the fold */

struct places {
	struct tr_heap_change *at;
	size_t count, room;
};

static int by_place(const void *a, const void *b)
{
	const struct tr_heap_change *x = a, *y = b;

	if (x->context != y->context)
		return x->context < y->context ? -1 : 1;
	return (x->site_id > y->site_id) - (x->site_id < y->site_id);
}

static int add_place(void *user, uint32_t context, uint32_t site_id, uint64_t blocks, uint64_t bytes)
{
	struct places *p = user;

	if (!irt_grow(&p->at, &p->room, p->count + 1, sizeof(*p->at)))
		return INSTR_ERR_MEMORY;
	p->at[p->count++] = (struct tr_heap_change){context, site_id, (int64_t)blocks, (int64_t)bytes};
	return 0;
}

static int list_moved(const struct irt_heap *heap, struct places *p)
{
	int status = irt_heap_each_moved(heap, p, add_place);

	if (p->count)
		qsort(p->at, p->count, sizeof(*p->at), by_place);
	return status;
}

/* ---- feeding ----------------------------------------------------------------------------------------- */

static int put(struct irt_heap *heap, const struct irt_shared_event *events, size_t count)
{
	struct irt_shared_event *room;

	if (!count)
		return 0;
	if (!(room = irt_heap_room(heap, count)))
		return INSTR_ERR_MEMORY;
	memcpy(room, events, count * sizeof(*events));
	irt_heap_added(heap, count);
	return 0;
}

/* Of each thread those up to a time; where each is then. */
static int put_until(struct irt_heap *heap, const struct tr_gathered *g, size_t threads, int part, size_t *at, int64_t until)
{
	int status = 0;

	for (size_t i = 0; i < threads && !status; i++) {
		const struct tr_run *run = &g->runs[i][part];
		size_t first = at[i];
		while (at[i] < run->count && run->events[at[i]].ticks <= until)
			at[i]++;
		if (at[i] > first)
			status = put(heap, run->events + first, at[i] - first);
	}
	return status;
}

/* A time up to which no thread has more than its share; INT64_MAX: the rest is less. */
static int64_t slice_end(const struct tr_gathered *g, size_t threads, int part, const size_t *at)
{
	int64_t end = INT64_MAX;
	size_t share = SLICE / threads + 1;

	for (size_t i = 0; i < threads; i++) {
		const struct tr_run *run = &g->runs[i][part];
		if (run->count - at[i] > share && run->events[at[i] + share].ticks < end)
			end = run->events[at[i] + share].ticks;
	}
	return end;
}

/* All of a part. What waits is what another thread's clock may still call earlier. */
static int feed(struct irt_heap *heap, const struct tr_gathered *g, size_t threads, int part, int64_t until)
{
	size_t *at = calloc(threads + 1, sizeof(*at));
	int status = at ? 0 : INSTR_ERR_MEMORY;

	for (int64_t end = 0; !status && end != INT64_MAX;) {
		end = threads ? slice_end(g, threads, part, at) : INT64_MAX;
		status = put_until(heap, g, threads, part, at, end);
		if (!status && end != INT64_MAX)
			status = irt_heap_settle(heap, end - IRT_HEAP_SLACK_TICKS);
	}
	free(at);
	return status ? status : irt_heap_settle(heap, until);
}

/* ---- changes ----------------------------------------------------------------------------------------- */

/* What is alive now of the places that have moved, less what was. */
static void take_away(struct places *now, const struct places *before)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct tr_heap_change *was = before->count ? bsearch(&now->at[i], before->at, before->count, sizeof(*before->at), by_place) : NULL;
		now->at[i].blocks -= was ? was->blocks : 0;
		now->at[i].bytes -= was ? was->bytes : 0;
	}
}

static int replay(struct tr_heap_events *h, const struct tr_gathered *g, struct places *changes)
{
	struct places before = {0};
	struct irt_shared_event *older = NULL;
	struct irt_heap *heap = NULL;
	size_t count = 0;
	int status = tr_find_older(h, g, &older, &count);

	if (!status && !(status = irt_heap_create(&heap, false))) {
		status = put(heap, older, count);
		irt_heap_expect_many(heap);
	}
	if (!status && g->from != INT64_MIN && !(status = feed(heap, g, h->thread_count, TR_BEFORE, g->from)) &&
	    !(status = list_moved(heap, &before)))
		irt_heap_moment_saved(heap, g->from);
	if (!status && !(status = feed(heap, g, h->thread_count, TR_AFTER, INT64_MAX)) && !(status = list_moved(heap, changes)))
		take_away(changes, &before);
	irt_heap_destroy(heap);
	free(older);
	free(before.at);
	return status;
}

int tr_heap_changes(struct tr_heap_events *h, int64_t from, int64_t until, struct tr_heap_change **changes, size_t *count)
{
	struct tr_gathered gathered = {0};
	struct places places = {0};
	int status;

	if (tr_has_hole(h, from, until))
		status = tr_cannot(h, "events of that time are not kept");
	else if (!(status = tr_gather(h, &gathered, from, until)))
		status = tr_has_hole(h, gathered.since, from) ? tr_cannot(h, "events before it are not kept")
							      : replay(h, &gathered, &places);
	tr_gathered_fini(&gathered, h->thread_count);
	*changes = places.at;
	*count = places.count;
	return status;
}
