/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_past.c - see heap_events.h: where blocks are from that are older than the events that were gathered.
 *
 * The chunks are read from the newest to the oldest, until the last that happened at each of the addresses is known:
 * an allocation, and its block was alive; an end, and there was none. Of threads whose clocks differ by less than the
 * slack the first in time need not be the first in truth: the two events before the last tell then, as they tell
 * the fold (fold/heap.h).
 */
#include "libtrace/heap_events.h"

#include <stdlib.h>

#include "fold/array.h"

/* Times of events that are not known: INT64_MIN. */
struct wanted {
	uint64_t address; /* 0: empty slot */
	int64_t begin, end;                 /* the last beginning of a block, and the last end */
	int64_t begin_before, end_before;   /* those before them */
	uint64_t bytes;
	uint32_t context, site;
	uint32_t begin_thread, end_thread;  /* indexes */
	uint32_t begin_chunk, end_chunk;    /* counts chunks as they are read: of the same time the later in one, the first of two */
};

struct search {
	struct tr_heap_events *h;
	int64_t since;
	struct wanted *wanted; /* slots */
	size_t slots, count, missing; /* missing: nothing has been found of them */
	int64_t oldest;        /* of the last events of each, the earliest; no less than it, that is: it was once */
	uint32_t chunk, thread;
	/* Reallocs that began in an earlier chunk of the thread than they ended in: by thread, innermost first. */
	struct open {
		uint8_t failed, count; /* failed: a bit for each */
	} *open;
	struct open now;
	struct irt_event hands[TR_HANDS];
	unsigned hand_count;
};

static struct wanted *find(const struct search *s, uint64_t address)
{
	size_t i = (size_t)(((address >> 4 ^ address << 60) * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (s->slots - 1);

	while (s->wanted[i].address && s->wanted[i].address != address)
		i = (i + 1) & (s->slots - 1);
	return &s->wanted[i];
}

static int count_one(void *user, uint64_t address)
{
	(void)address;
	++*(size_t *)user;
	return 0;
}

static int want(void *user, uint64_t address)
{
	struct search *s = user;
	*find(s, address) = (struct wanted){.address = address, .begin = INT64_MIN, .end = INT64_MIN, .begin_before = INT64_MIN,
					    .end_before = INT64_MIN};
	return 0;
}

/* ---- events ------------------------------------------------------------------------------------------ */

static bool is_newer(const struct search *s, int64_t ticks, int64_t known, uint32_t known_chunk)
{
	return ticks > known || (ticks == known && known_chunk == s->chunk);
}

static bool is_unknown(const struct wanted *w) { return w->begin == INT64_MIN && w->end == INT64_MIN; }

static void begin(struct search *s, const struct irt_event *e)
{
	struct wanted *w = find(s, e->extra);

	if (!w->address)
		return;
	s->missing -= is_unknown(w);
	if (!is_newer(s, e->ticks, w->begin, w->begin_chunk)) {
		w->begin_before = e->ticks > w->begin_before ? e->ticks : w->begin_before;
		return;
	}
	w->begin_before = w->begin;
	w->begin = e->ticks;
	w->begin_thread = s->thread;
	w->begin_chunk = s->chunk;
	w->bytes = e->value;
	w->context = e->context;
	w->site = e->site;
}

static void end(struct search *s, uint64_t address, int64_t ticks)
{
	struct wanted *w = find(s, address);

	if (!w->address)
		return;
	s->missing -= is_unknown(w);
	if (!is_newer(s, ticks, w->end, w->end_chunk)) {
		w->end_before = ticks > w->end_before ? ticks : w->end_before;
		return;
	}
	w->end_before = w->end;
	w->end = ticks;
	w->end_thread = s->thread;
	w->end_chunk = s->chunk;
}

/* A realloc has ended the block that it took, if it has not failed. */
static int take_event(void *user, const struct irt_event *e)
{
	enum { OVER = 2 };
	struct search *s = user;
	bool failed = e->value == IRT_HEAP_FAILED;

	if (e->ticks > s->since)
		return OVER;
	switch (e->operation) {
	case IRT_OP_ALLOC:
		if (e->extra)
			begin(s, e);
		break;
	case IRT_OP_FREE:
		end(s, e->extra, e->ticks);
		break;
	case IRT_OP_RESIZE:
		if (s->hand_count < TR_HANDS)
			s->hands[s->hand_count++] = *e;
		break;
	default:
		if (s->hand_count) {
			const struct irt_event *taken = &s->hands[--s->hand_count];
			if (!failed)
				end(s, taken->extra, taken->ticks);
		} else if (s->now.count < TR_HANDS) {
			s->now.failed |= (uint8_t)(failed << s->now.count++);
		}
		if (!failed && e->extra)
			begin(s, e);
	}
	return 0;
}

static int read_chunk(struct search *s, const struct tr_chunk *chunk)
{
	struct open behind = s->open[chunk->thread];
	int status;

	s->chunk++;
	s->thread = chunk->thread;
	s->hand_count = 0;
	s->now = (struct open){0};
	status = tr_each_heap_event(s->h, chunk, s, take_event);
	if (status < 0 || status == TR_CANNOT)
		return status;
	for (unsigned i = 0; s->hand_count; i++) {
		const struct irt_event *taken = &s->hands[--s->hand_count];
		if (i >= behind.count || !(behind.failed >> i & 1))
			end(s, taken->extra, taken->ticks);
	}
	s->open[chunk->thread] = s->now;
	return 0;
}

/* ---- how far back ------------------------------------------------------------------------------------ */

static int64_t last_of(const struct wanted *w) { return w->begin > w->end ? w->begin : w->end; }

/* What may be earlier than that in a chunk changes nothing? */
static bool is_enough(struct search *s, int64_t ticks)
{
	if (s->missing)
		return false;
	if (s->oldest > ticks && s->oldest - ticks > IRT_HEAP_SLACK_TICKS)
		return true;
	s->oldest = INT64_MAX;
	for (size_t i = 0; i < s->slots; i++)
		if (s->wanted[i].address && last_of(&s->wanted[i]) < s->oldest)
			s->oldest = last_of(&s->wanted[i]);
	return s->oldest > ticks && s->oldest - ticks > IRT_HEAP_SLACK_TICKS;
}

/* The latest end first; of one thread the later chunk. */
static int by_end(const void *a, const void *b)
{
	const struct tr_chunk *x = *(const struct tr_chunk *const *)a, *y = *(const struct tr_chunk *const *)b;

	if (x->end_ticks != y->end_ticks)
		return x->end_ticks < y->end_ticks ? 1 : -1;
	return x < y ? 1 : -1;
}

static int read_chunks(struct search *s)
{
	struct tr_heap_events *h = s->h;
	const struct tr_chunk **list = malloc((h->chunk_count + 1) * sizeof(struct tr_chunk *));
	size_t count = 0, i = 0;
	int status = 0;

	if (!list)
		return INSTR_ERR_MEMORY;
	for (size_t k = 0; k < h->chunk_count; k++)
		if (h->chunks[k].start_ticks <= s->since && tr_has_heap(&h->chunks[k]))
			list[count++] = &h->chunks[k];
	qsort(list, count, sizeof(*list), by_end);
	while (i < count && !status && !is_enough(s, list[i]->end_ticks))
		status = read_chunk(s, list[i++]);
	free(list);
	if (!status && tr_has_hole(h, s->missing ? INT64_MIN : s->oldest - IRT_HEAP_SLACK_TICKS, s->since))
		return tr_cannot(h, "events before it are not kept");
	return status;
}

/* ---- what was alive ---------------------------------------------------------------------------------- */

static bool is_crossed(int64_t ticks, uint32_t thread, int64_t earlier, uint32_t earlier_thread)
{
	return thread != earlier_thread && (uint64_t)ticks - (uint64_t)earlier <= IRT_HEAP_SLACK_TICKS;
}

static bool is_alive(const struct wanted *w)
{
	if (w->begin == INT64_MIN)
		return false;
	if (w->end == INT64_MIN)
		return true;
	bool begun = w->begin_before > w->end_before;
	/* The end is the earlier block's, if there was one, and its clock is late. */
	if (w->end > w->begin || (w->end == w->begin && w->end_thread != w->begin_thread))
		return w->end_before < w->begin && begun && is_crossed(w->end, w->end_thread, w->begin, w->begin_thread);
	/* The end is this block's, if there was no earlier one. */
	return w->begin_before > w->end || begun || !is_crossed(w->begin, w->begin_thread, w->end, w->end_thread);
}

static int by_time(const void *a, const void *b)
{
	const struct irt_shared_event *x = a, *y = b;

	return (x->ticks > y->ticks) - (x->ticks < y->ticks);
}

static int list_blocks(const struct search *s, struct irt_shared_event **blocks, size_t *count)
{
	size_t room = 0;

	for (size_t i = 0; i < s->slots; i++) {
		const struct wanted *w = &s->wanted[i];
		if (!w->address || !is_alive(w))
			continue;
		if (!irt_grow(blocks, &room, *count + 1, sizeof(**blocks)))
			return INSTR_ERR_MEMORY;
		(*blocks)[(*count)++] = (struct irt_shared_event){
			.ticks = w->begin, .address = w->address, .bytes = w->bytes, .context = w->context, .site = w->site,
			.thread = (uint32_t)s->h->threads[w->begin_thread].thread_id, .operation = IRT_OP_ALLOC};
	}
	if (*count)
		qsort(*blocks, *count, sizeof(**blocks), by_time);
	return 0;
}

int tr_find_older(struct tr_heap_events *h, const struct tr_gathered *g, struct irt_shared_event **blocks, size_t *count)
{
	struct search s = {.h = h, .since = g->since, .slots = 16};
	int status = INSTR_ERR_MEMORY;

	*blocks = NULL;
	*count = 0;
	if (g->since == INT64_MIN)
		return 0;
	tr_each_older(g, &s.count, count_one);
	if (!s.count)
		return 0;
	while (s.slots < 2 * s.count)
		s.slots *= 2;
	s.missing = s.count;
	s.wanted = calloc(s.slots, sizeof(*s.wanted));
	s.open = calloc(h->thread_count, sizeof(*s.open));
	if (s.wanted && s.open) {
		tr_each_older(g, &s, want);
		status = read_chunks(&s);
	}
	if (!status)
		status = list_blocks(&s, blocks, count);
	free(s.wanted);
	free(s.open);
	return status;
}
