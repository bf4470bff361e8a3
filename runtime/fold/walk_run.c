/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_run.c - the hot loop. Most of what the drain does, it does here: 2.5 to 4 ns per event.
 *
 * The loop takes what was predicted: an ENTER that the current state knows, an EXIT that is the
 * innermost call's, nothing special about the time. Everything else goes to irt_walk_step, and the
 * loop starts again behind it. What keeps it short:
 *   - One xor and one compare know a child: an entry holds the whole row and the node (see
 *     walk_internal.h); equal rows leave the node, which is a number below node_count.
 *   - One xor and one compare know an exit: ENTER and EXIT of one call differ in the kind alone.
 *   - One compare knows that a time is ordinary (irt_walk_set_limit), "not committed" included.
 *   - A call that calls nothing is taken in one go, without touching the stack.
 *   - The innermost frame's tag and child time are in registers.
 *   - Statistics wait for a second loop over the finished calls of a batch. In the first one they
 *     would cost a third more (mispredictions, and cache misses that nothing hides).
 */
#include "fold/walk_internal.h"

enum { BATCH = 1024, FRAMES_FREE_MIN = 256 };

struct done {
	uint64_t total, self;
	uint32_t id; /* node or twin */
};

struct batch {
	unsigned count;
	struct done done[BATCH];
};

int irt_walk_grow_counts(struct stat *s, unsigned bucket)
{
	unsigned first = bucket & ~15u, end = first + 16;
	uint32_t *counts;

	if (s->span) {
		first = s->first < first ? s->first : first;
		end = s->first + s->span > (int)end ? (unsigned)s->first + s->span : end;
	}
	counts = calloc(end - first, sizeof(*counts));
	if (!counts)
		return INSTR_ERR_MEMORY;
	if (s->span)
		memcpy(counts + (s->first - first), s->counts, s->span * sizeof(*counts));
	free(s->counts);
	s->counts = counts;
	s->first = (uint16_t)first;
	s->span = (uint16_t)(end - first);
	return 0;
}

static void account_batch(struct irt_walk *w, struct batch *b)
{
	for (unsigned i = 0; i < b->count; i++)
		irt_walk_account(w, b->done[i].id, b->done[i].total, b->done[i].self);
	w->finished += b->count;
	b->count = 0;
}

/* One varint, out of the way: one event in thirty needs it. */
static __attribute__((noinline)) uint8_t *put_time(uint8_t *side, uint64_t d)
{
	return irt_put_varint(side, d - TIME_ESCAPE);
}

/* Walks at most `count` units (room for as many events, frames and finished calls is there) up to
 * the first that needs the step. Returns how many were done. careful: see irt_walk.general. */
static inline __attribute__((always_inline)) size_t
walk_predicted(struct irt_walk *w, const struct instr_unit *units, size_t count, struct batch *b,
	       const bool careful)
{
	const struct instr_unit *u = units, *const end = units + count;
	const uint64_t base = w->base, limit = w->limit, reciprocal = w->reciprocal;
	const uint64_t unit = w->config.time_unit_ticks, start = w->chunk_ticks - w->stopped;
	const uint64_t node_count = w->node_count;
	const int64_t sp_from = w->sp_from;
	uint64_t *const states = w->states;
	struct node *const nodes = w->nodes;
	const struct frame *const low = w->frames + w->low;
	struct frame *top = w->frames + w->depth;
	struct done *done = b->done + b->count;
	uint64_t *q = states + (size_t)w->state * RANKS;
	uint8_t *symbol = w->symbols + w->chunk_events, *side = w->side + w->side_bytes;
	uint64_t n = w->n, tag = top->tag, child = top->child;

	while (u < end) {
		const uint64_t t = irt_load_acquire(&u->ticks), word = irt_load_relaxed(&u->tag);
		const int64_t sp = full_sp(sp_from, word);
		uint64_t x = t - base, now, d, number;
		unsigned token;

		if (unlikely(x >= limit))
			break;
		now = (uint64_t)((unsigned __int128)(x + x) * reciprocal >> 64);
		now = now > n ? now : n;
		d = now - n;

		if ((word ^ tag) == (INSTR_ENTER ^ INSTR_EXIT)) {
			uint64_t total, v = start + now * unit;

			if (unlikely(top <= low) || unlikely(top->sp != sp) ||
			    (careful && (word & INSTR_KIND_MASK) != INSTR_EXIT))
				break;
			if (likely(q[0] == ENTRY_EXIT)) {
				token = 0;
			} else if (q[1] == ENTRY_EXIT) {
				q[1] = q[0];
				q[0] = ENTRY_EXIT;
				token = 1;
			} else if (q[2] == ENTRY_EXIT) {
				q[2] = q[1];
				q[1] = q[0];
				q[0] = ENTRY_EXIT;
				token = 2;
			} else {
				break;
			}
			total = v - top->enter;
			done->total = total;
			done->self = total - child;
			done->id = top->node;
			q = states + (size_t)top->node * 2 * RANKS + RANKS;
			if (careful) {
				nodes[top->node].open--;
				if ((top->flags & FRAME_NESTED) && nodes[top->node].twin)
					done->id = nodes[top->node].twin;
				if (top->flags & FRAME_FOLDED)
					q = states + (size_t)top[-1].node * 2 * RANKS;
			}
			done++;
			top--;
			child = top->child + total;
			tag = top->tag;
			n = now;
			u++;
			if (unlikely(d >= TIME_ESCAPE)) {
				side = put_time(side, d);
				d = TIME_ESCAPE;
			}
			*symbol++ = (uint8_t)(token << 4 | d);
			continue;
		}

		/* a plain enter, below the innermost call's stack pointer */
		if (unlikely((word & INSTR_KIND_MASK) != INSTR_ENTER || sp >= top->sp))
			break;
		number = q[0] ^ word << ROW_SHIFT;
		token = 0;
		if (unlikely(number >= node_count)) {
			number = q[1] ^ word << ROW_SHIFT;
			if (likely(number < node_count)) {
				uint64_t entry = q[1];
				q[1] = q[0];
				q[0] = entry;
				token = 1;
			} else {
				uint64_t entry = q[2];
				number = entry ^ word << ROW_SHIFT;
				if (number >= node_count)
					break;
				q[2] = q[1];
				q[1] = q[0];
				q[0] = entry;
				token = 2;
			}
		}
		if (careful && nodes[number].open && !nodes[number].twin) {
			/* the step makes the twin; it will find the entry at the front: put it back */
			if (token > 0) {
				uint64_t entry = q[0];
				q[0] = q[1];
				if (token > 1)
					q[1] = q[2];
				q[token] = entry;
			}
			break;
		}
		n = now;
		u++;
		q = states + number * 2 * RANKS;
		if (unlikely(d >= TIME_ESCAPE)) {
			side = put_time(side, d);
			d = TIME_ESCAPE;
		}
		*symbol++ = (uint8_t)(token << 4 | d);

		/* does it return at once? */
		if (u < end) {
			const uint64_t t1 = irt_load_acquire(&u->ticks), word1 = irt_load_relaxed(&u->tag);
			x = t1 - base;
			if ((word1 ^ word) == (INSTR_ENTER ^ INSTR_EXIT) && likely(x < limit) &&
			    likely(q[0] == ENTRY_EXIT)) {
				uint64_t total;
				now = (uint64_t)((unsigned __int128)(x + x) * reciprocal >> 64);
				now = now > n ? now : n;
				d = now - n;
				n = now;
				u++;
				total = d * unit;
				child += total;
				done->total = done->self = total;
				done->id = (uint32_t)number;
				if (careful && nodes[number].open)
					done->id = nodes[number].twin;
				done++;
				q += RANKS;
				if (careful && nodes[number].parent_context != nodes[top->node].context)
					q = states + (size_t)top->node * 2 * RANKS;
				if (unlikely(d >= TIME_ESCAPE)) {
					side = put_time(side, d);
					d = TIME_ESCAPE;
				}
				*symbol++ = (uint8_t)d;
				continue;
			}
		}
		top->child = child;
		top++;
		top->enter = start + now * unit;
		top->tag = tag = word;
		top->node = (uint32_t)number;
		top->sp = sp;
		top->flags = 0;
		child = 0;
		if (careful) {
			if (nodes[number].parent_context != nodes[top[-1].node].context)
				top->flags |= FRAME_FOLDED;
			if (nodes[number].open++ > 0)
				top->flags |= FRAME_NESTED;
		}
	}
	top->child = child;
	w->depth = (size_t)(top - w->frames);
	w->state = (uint32_t)((size_t)(q - states) / RANKS);
	w->n = n;
	w->last = w->chunk_ticks + n * unit;
	w->events += (uint64_t)(symbol - (w->symbols + w->chunk_events));
	w->chunk_events = (uint32_t)(symbol - w->symbols);
	w->side_bytes = (size_t)(side - w->side);
	b->count = (unsigned)(done - b->done);
	return (size_t)(u - units);
}

static __attribute__((noinline)) size_t walk_plain(struct irt_walk *w, const struct instr_unit *units,
						   size_t count, struct batch *b)
{
	return walk_predicted(w, units, count, b, false);
}

static __attribute__((noinline)) size_t walk_careful(struct irt_walk *w, const struct instr_unit *units,
						     size_t count, struct batch *b)
{
	return walk_predicted(w, units, count, b, true);
}

/* How many of `count` units the loop may take: an event, a frame and a finished call for each have
 * room. 0: take the step. */
static size_t prepare(struct irt_walk *w, size_t count, struct batch *b)
{
	size_t free_frames;

	if (w->chunk_events == 0)
		return 0; /* the step makes the chunk's time grid */
	if (b->count > BATCH / 2)
		account_batch(w, b);
	if (count > BATCH - b->count)
		count = BATCH - b->count;
	if (count > w->config.chunk_events - w->chunk_events)
		count = w->config.chunk_events - w->chunk_events;
	free_frames = w->frame_room - w->depth - 1;
	if (free_frames < FRAMES_FREE_MIN) {
		if (!irt_walk_grow(&w->frames, &w->frame_room, w->frame_room + 1, sizeof(*w->frames)))
			return 0;
		free_frames = w->frame_room - w->depth - 1;
	}
	if (w->depth + count > w->config.max_frames)
		return 0; /* the step counts frames */
	if (count > free_frames)
		count = free_frames;
	if (!irt_walk_grow(&w->symbols, &w->symbol_room, w->chunk_events + count, 1) ||
	    !irt_walk_grow(&w->side, &w->side_room, w->side_bytes + count * IRT_VARINT_MAX, 1))
		return 0;
	return count;
}

static enum irt_walk_stop walk_units(struct irt_walk *w, const struct instr_unit *units, size_t count,
				     size_t *consumed, size_t *record_units)
{
	struct batch batch;
	size_t at = 0;
	int stop = IRT_WALK_ALL;

	batch.count = 0;
	*record_units = 0;
	while (at < count) {
		size_t part = prepare(w, count - at, &batch), used = 0;
		if (part) {
			used = w->general ? walk_careful(w, units + at, part, &batch)
					  : walk_plain(w, units + at, part, &batch);
			at += used;
			if (used == part)
				continue;
		}
		stop = irt_walk_step(w, units + at, count - at, &used, record_units);
		at += used;
		if (stop != STEP_ON)
			break;
		stop = IRT_WALK_ALL;
	}
	account_batch(w, &batch);
	/* counts since the last settle are 32 bits */
	if (w->finished >> 31)
		irt_walk_settle(w);
	*consumed = at;
	return (enum irt_walk_stop)stop;
}

enum irt_walk_stop irt_walk_run(struct irt_walk *w, const struct instr_unit *units, size_t count,
				uint64_t position, size_t *consumed, size_t *record_units)
{
	enum irt_walk_stop stop = walk_units(w, units, count, consumed, record_units);

	if (*consumed) {
		if (!w->chunk_has_pos) {
			w->chunk_has_pos = true;
			w->chunk_pos = position;
		}
		w->position = position + *consumed;
	}
	return stop;
}

enum irt_walk_stop irt_walk_late(struct irt_walk *w, const struct instr_unit *units, size_t count,
				 size_t *consumed, size_t *record_units)
{
	return walk_units(w, units, count, consumed, record_units);
}

void irt_walk_skip(struct irt_walk *w, uint64_t position, size_t units, bool damaged)
{
	if (damaged)
		w->counters.skipped_units += units;
	else if (units)
		w->counters.flags |= IRT_WALK_HOLES;
	w->position = position + units;
}
