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

enum {
	BATCH = 2048, /* a sub-buffer */
	HEAP_UNITS = 2, /* of a plain record of the heap */
	AHEAD_UNITS = 256,
	FRAMES_FREE_MIN = 256,
	BATCH_MIN = 64,
	KINDS_SHOW_BELOW = (INSTR_KIND_MASK + 1) * 8192 - 16, /* see `number` below */
};
_Static_assert(KINDS_SHOW_BELOW == (1 << ROW_SHIFT) - 16, "kind bits of word 2 lie above node numbers");

struct done {
	uint64_t total, self;
	uint32_t id; /* node or twin */
};

struct batch {
	unsigned count;
	struct done done[BATCH];
};

/* The first call of a node since the last settle, or one that is shorter or longer than all since. */
int irt_walk_grow_counts(struct irt_walk *w, uint32_t id, unsigned bucket)
{
	struct stat *s = &w->stats[id];
	unsigned first = bucket & ~15u, end = first + 16;
	uint32_t *counts;

	irt_walk_mark_dirty(w, id);
	s->span = s->room;
	if (bucket - s->first < s->span)
		return 0;
	if (s->room) {
		first = s->first < first ? s->first : first;
		end = (unsigned)s->first + s->room > end ? (unsigned)s->first + s->room : end;
	}
	counts = calloc(end - first, sizeof(*counts));
	if (!counts)
		return INSTR_ERR_MEMORY;
	if (s->room)
		memcpy(counts + (s->first - first), s->counts, s->room * sizeof(*counts));
	free(s->counts);
	s->counts = counts;
	s->first = (uint16_t)first;
	s->span = s->room = (uint16_t)(end - first);
	return 0;
}

static void account_batch(struct irt_walk *w, struct batch *b)
{
	for (unsigned i = 0; i < b->count; i++)
		irt_walk_account(w, b->done[i].id, b->done[i].total, b->done[i].self);
	w->finished += b->count;
	b->count = 0;
}

/* An event's distance in time does not fit its nibble, or is negative: one event in thirty. Gives the
 * nibble; what is behind it goes to the side stream at once. */
static __attribute__((noinline)) uint8_t *put_time(uint8_t *side, uint32_t d)
{
	return irt_put_varint(side, d - TIME_ESCAPE);
}

/* Takes it back: the event was not taken after all. */
static uint8_t *unput_time(uint8_t *side, uint32_t d)
{
	uint8_t scratch[IRT_VARINT_MAX];

	return side - (irt_put_varint(scratch, d - TIME_ESCAPE) - scratch);
}

/* The careful variant leaves a call to the step if the row is not the one that was last seen to enter
 * the node, or if the step must make the node's twin. */
static inline bool is_special(const struct node *n, uint64_t word)
{
	return n->key != row_key(word) || (n->open && !n->twin);
}

/* The fourth successor has no token: the side stream names it as a child. Not if it is none, and not
 * before a time that is in the side stream already. */
static inline bool can_name(const struct node *nodes, uint64_t number, const struct frame *top, uint32_t d)
{
	return d != TIME_ESCAPE && nodes[number].parent_context == nodes[top->node].context;
}

/* Walks the units up to hot.end, one more or less: up to the first that needs the step. There is one
 * more unit behind them, and room for that many events, frames and finished calls. Returns how many were done.
 * careful: see irt_walk.general.
 *
 * Times in here (now, n) are steps since the last event before. */
static inline __attribute__((always_inline)) size_t
walk_predicted(struct irt_walk *w, const struct instr_unit *units, struct batch *b, const bool careful)
{
	const struct instr_unit *u = units;
	struct hot *const k = &w->hot;
	struct node *const nodes = w->nodes;
	struct frame *top = w->frames + w->depth;
	struct done *done = b->done + b->count;
	uint64_t *q = k->states + (size_t)w->state * RANKS;
	uint8_t *symbol = w->symbols + w->chunk_events;
	uint64_t tag = top->tag, child = top->child;
	uint32_t n = 0;

	while (u < k->end) {
		const uint64_t t = irt_load_acquire(&u->ticks), word = irt_load_relaxed(&u->tag); /* A2 */
		const uint64_t x = t - k->base;
		uint32_t now, d;
		uint64_t number, key, e;
		int64_t sp;

		if (unlikely(x >= k->limit))
			break;
		now = (uint32_t)(x * k->reciprocal >> 32);
		d = now - n;
		if (unlikely(d >= TIME_ESCAPE)) {
			if ((int32_t)d < 0) {
				now = n;
				d = 0;
			} else if (unlikely(d >= k->pause)) {
				break;
			} else {
				k->side = put_time(k->side, d);
				d = TIME_ESCAPE;
			}
		}

		if ((word ^ tag) == (INSTR_ENTER ^ INSTR_EXIT)) {
			uint64_t total;

			/* above low the stack pointer's window was the same: equal bits are enough */
			if (unlikely(top <= k->low) &&
			    (top <= k->low_hard || (uint64_t)(top->sp - k->sp_from) >= SP_KNOWN))
				goto not_taken;
			if (careful && (word & INSTR_KIND_MASK) != INSTR_EXIT &&
			    (word & INSTR_KIND_MASK) != INSTR_CYG_EXIT)
				goto not_taken;
			if (unlikely(q[0] != ENTRY_EXIT)) {
				if (q[1] == ENTRY_EXIT) {
					q[1] = q[0];
					d += 1 << 4;
				} else if (q[2] == ENTRY_EXIT) {
					q[2] = q[1];
					q[1] = q[0];
					d += 2 << 4;
				} else if (q[3] == ENTRY_EXIT && d != TIME_ESCAPE) {
					q[3] = q[2];
					q[2] = q[1];
					q[1] = q[0];
					*k->side++ = 0;
					d += TOKEN_ESCAPE << 4;
				} else {
					goto not_taken;
				}
				q[0] = ENTRY_EXIT;
			}
			*symbol++ = (uint8_t)d;
			n = now;
			u++;
			total = k->start + now * k->unit - top->enter;
			number = top->node;
			done->total = total;
			done->self = total - child;
			done->id = (uint32_t)number;
			q = k->states + number * 2 * RANKS + RANKS;
			if (careful) {
				nodes[number].open--;
				if ((top->flags & FRAME_NESTED) && nodes[number].twin)
					done->id = nodes[number].twin;
				if (top->flags & FRAME_FOLDED)
					q = k->states + (size_t)top[-1].node * 2 * RANKS;
			}
			done++;
			top--;
			child = top->child + total;
			tag = top->tag;
			continue;
		}

		/* An enter, below the innermost call's stack pointer. Another kind shows in the number,
		 * as long as nodes are fewer than the kind's place. */
		sp = (int64_t)((word - k->sp_bits) >> INSTR_AUX_SHIFT) + k->sp_from;
		key = word << ROW_SHIFT;
		if (careful && (word & INSTR_KIND_MASK) == INSTR_CYG_ENTER) {
			sp = irt_walk_sp(k->sp_from, word);
			key ^= (uint64_t)(INSTR_CYG_ENTER ^ INSTR_ENTER) << ROW_SHIFT;
		}
		if (careful && (word & INSTR_KIND_MASK) != INSTR_ENTER &&
		    (word & INSTR_KIND_MASK) != INSTR_CYG_ENTER)
			goto not_taken;
		if (unlikely(sp >= top->sp))
			goto not_taken;
		number = (e = q[0]) ^ key;
		if (unlikely(number >= k->node_count)) {
			number = (e = q[1]) ^ key;
			if (unlikely(number >= k->node_count)) {
				number = (e = q[2]) ^ key;
				if (number >= k->node_count) {
					number = (e = q[3]) ^ key;
					if (number >= k->node_count || !can_name(nodes, number, top, d))
						goto not_taken;
				}
			}
			if (careful && is_special(&nodes[number], word))
				goto not_taken;
			if (e == q[1]) {
				d += 1 << 4;
			} else if (e == q[2]) {
				q[2] = q[1];
				d += 2 << 4;
			} else {
				q[3] = q[2];
				q[2] = q[1];
				k->side = irt_put_varint(k->side, irt_side_child(nodes[number].ordinal));
				d += TOKEN_ESCAPE << 4;
			}
			q[1] = q[0];
			q[0] = e;
		} else if (careful && is_special(&nodes[number], word)) {
			goto not_taken;
		}
		*symbol++ = (uint8_t)d;
		n = now;
		u++;
		q = k->states + number * 2 * RANKS;

		/* does it return at once? */
		e = irt_load_acquire(&u->ticks) - k->base; /* A2 */
		if ((irt_load_relaxed(&u->tag) ^ word) == (INSTR_ENTER ^ INSTR_EXIT) && likely(e < k->limit) &&
		    likely(q[0] == ENTRY_EXIT)) {
			uint64_t total;
			now = (uint32_t)(e * k->reciprocal >> 32);
			d = now - n;
			if (unlikely(d >= TIME_ESCAPE)) {
				if ((int32_t)d < 0) {
					now = n;
					d = 0;
				} else if (unlikely(d >= k->pause)) {
					now = n;
					goto opened; /* it returns in the step */
				} else {
					k->side = put_time(k->side, d);
					d = TIME_ESCAPE;
				}
			}
			*symbol++ = (uint8_t)d;
			total = (now - n) * k->unit;
			n = now;
			u++;
			child += total;
			done->total = done->self = total;
			done->id = (uint32_t)number;
			q += RANKS;
			if (careful) {
				if (nodes[number].open)
					done->id = nodes[number].twin;
				if (nodes[number].parent_context != nodes[top->node].context)
					q = k->states + (size_t)top->node * 2 * RANKS;
			}
			done++;
			continue;
		}
	opened:
		top->child = child;
		top++;
		top->enter = k->start + now * k->unit;
		top->tag = tag = word;
		top->sp = sp;
		top->node_no_flags = number;
		child = 0;
		if (careful) {
			if (nodes[number].parent_context != nodes[top[-1].node].context)
				top->flags |= FRAME_FOLDED;
			if (nodes[number].open++ > 0)
				top->flags |= FRAME_NESTED;
		}
		continue;

	not_taken:
		if (d == TIME_ESCAPE)
			k->side = unput_time(k->side, now - n);
		break;
	}
	top->child = child;
	w->depth = (size_t)(top - w->frames);
	w->state = (uint32_t)((size_t)(q - k->states) / RANKS);
	w->n += n;
	w->last += n * k->unit;
	w->events += (uint64_t)(symbol - (w->symbols + w->chunk_events));
	w->chunk_events = (uint32_t)(symbol - w->symbols);
	w->side_bytes = (size_t)(k->side - w->side);
	b->count = (unsigned)(done - b->done);
	return (size_t)(u - units);
}

static __attribute__((noinline)) size_t walk_plain(struct irt_walk *w, const struct instr_unit *units,
						   struct batch *b)
{
	return walk_predicted(w, units, b, false);
}

static __attribute__((noinline)) size_t walk_careful(struct irt_walk *w, const struct instr_unit *units,
						     struct batch *b)
{
	return walk_predicted(w, units, b, true);
}

/* Below the limit a stamp is not 0 ("not committed"), its division by the unit is exact, and it is not
 * beyond the chunk's span, the horizon, or a moment at which rows are forgotten. */
static uint64_t find_limit(const struct irt_walk *w, uint64_t base)
{
	uint64_t limit = w->exact_below;
	uint64_t ends[3] = {w->base + IRT_WALK_SPAN_TICKS, w->horizon + 1,
			    w->forget_count ? w->forget[0] : UINT64_MAX};

	for (int i = 0; i < 3; i++) {
		if (ends[i] == 0)
			continue; /* no horizon */
		if (ends[i] <= base)
			return 0;
		if (ends[i] - base < limit)
			limit = ends[i] - base;
	}
	return base - 1 < UINT64_C(1) << 63 ? limit : 0; /* 0 - base must be beyond it */
}

void irt_walk_set_hot(struct irt_walk *w, const struct instr_unit *end)
{
	struct hot *k = &w->hot;

	k->base = w->last - k->unit / 2;
	k->limit = find_limit(w, k->base);
	k->start = w->last - w->stopped;
	k->node_count = w->node_count;
	k->states = w->states;
	k->sp_from = w->sp_from;
	k->sp_bits = (uint64_t)w->sp_from << INSTR_AUX_SHIFT;
	k->low = w->frames + w->low;
	k->low_hard = w->frames + (w->chunk_low > w->stable ? w->chunk_low : w->stable);
	if (w->frames + w->kept > k->low_hard)
		k->low_hard = w->frames + w->kept;
	if (w->frames + w->blocked > k->low_hard)
		k->low_hard = w->frames + w->blocked;
	k->end = end;
	k->side = w->side + w->side_bytes;
}

/* How many of `count` units the loop may take: it may do one more. 0: take the step. */
static size_t prepare(struct irt_walk *w, size_t count, struct batch *b)
{
	size_t free_frames;

	/* the step makes a chunk's time grid, and says that it is full */
	if (w->chunk_events == 0 || w->chunk_events >= w->config.chunk_events)
		return 0;
	if (count > BATCH)
		count = BATCH;
	/* room in proportion to what came so far: many threads make few events in all */
	if (count > BATCH_MIN && count > w->chunk_events / 4)
		count = w->chunk_events / 4 > BATCH_MIN ? w->chunk_events / 4 : BATCH_MIN;
	if (count > BATCH - b->count) {
		if (b->count > BATCH / 4)
			account_batch(w, b);
		else
			count = BATCH - b->count;
	}
	if (count > w->config.chunk_events - w->chunk_events)
		count = w->config.chunk_events - w->chunk_events;
	free_frames = w->frame_room - w->depth - 1;
	if (free_frames < (w->chunk_events < 2 * BATCH ? BATCH_MIN : FRAMES_FREE_MIN) && free_frames < count) {
		if (!irt_grow(&w->frames, &w->frame_room, w->frame_room + 1, sizeof(*w->frames)))
			return 0;
		free_frames = w->frame_room - w->depth - 1;
	}
	if (count > free_frames)
		count = free_frames;
	if (count < 2 || w->depth + count > w->config.max_frames)
		return 0; /* the step counts frames */
	if (!irt_grow(&w->symbols, &w->symbol_room, w->chunk_events + count, 1) ||
	    !irt_grow(&w->side, &w->side_room, w->side_bytes + count * 2 * IRT_VARINT_MAX, 1))
		return 0;
	if (unlikely(w->node_count > KINDS_SHOW_BELOW) && irt_walk_make_general(w))
		return 0;
	return count - 1;
}

/* As irt_walk_put_heap of a plain event whose operation and site are predicted; without the tables' heads. */
static inline __attribute__((always_inline)) uint8_t *put_predicted(struct irt_walk *w, uint8_t *side, const struct irt_shared_event *e,
								    struct irt_heap_prediction *p, uint64_t distance,
								    uint64_t turned, unsigned of)
{
	uint64_t since = irt_walk_since(w, of, turned);

	side = irt_put_short_varint(side, 2 * (since <= distance ? 2 * since : 2 * distance + 1) + IRT_SIDE_HEAP);
	if (of == IRT_HEAP_ENDS)
		return side;
	if (e->bytes == p->bytes) {
		*side++ = 0;
		return side;
	}
	p->bytes = e->bytes;
	return irt_put_short_varint(side, e->bytes + 1);
}

/* Events of the heap in a row into the side stream. steps: of each that has TIME_ESCAPE. */
static uint8_t *put_heap_events(struct irt_walk *w, uint8_t *side, const struct irt_shared_event *e, const uint8_t *symbol,
				const uint32_t *steps, uint32_t count)
{
	struct irt_heap_code *const code = &w->code;
	struct irt_heap_prediction *p = &code->slots[code->last];
	uint64_t before = code->address[IRT_HEAP_BASE_BLOCKS];

	for (uint32_t i = 0; i < count; i++, e++) {
		uint64_t turned = irt_turned(e->address), distance = irt_zigzag((int64_t)(turned - before));
		bool is_predicted = p->site == e->site && p->operation == e->operation && distance <= IRT_HEAP_DISTANCE_MAX;
		if (likely(is_predicted && e->operation == IRT_OP_FREE)) {
			side = put_predicted(w, side, e, p, distance, turned, IRT_HEAP_ENDS);
			p = &code->slots[p->next];
		} else if (likely(is_predicted && e->operation == IRT_OP_ALLOC)) {
			side = put_predicted(w, side, e, p, distance, turned, IRT_HEAP_BEGINS);
			p = &code->slots[p->next];
		} else {
			code->last = (uint32_t)(p - code->slots);
			code->address[IRT_HEAP_BASE_BLOCKS] = before;
			side = irt_walk_put_heap(w, side, e);
			p = &code->slots[code->last];
		}
		before = turned;
		if (symbol[i] == (TOKEN_ESCAPE << 4 | TIME_ESCAPE))
			side = put_time(side, steps[i]);
	}
	code->last = (uint32_t)(p - code->slots);
	code->address[IRT_HEAP_BASE_BLOCKS] = before;
	return side;
}

/* The site of a plain record, which is not in heap_sites. false: it is not plain, or not known. */
static bool find_heap_site(struct irt_walk *w, uint64_t tag, unsigned family, struct heap_site *s)
{
	const uint64_t first = INSTR_EXT_ALLOC | HEAP_UNITS << 8, last = INSTR_EXT_RESIZED | HEAP_UNITS << 8;
	uint32_t id;

	if ((tag & INSTR_KIND_MASK) != INSTR_EXT || (tag >> INSTR_AUX_SHIFT) - first > last - first ||
	    family > INSTR_FAMILY_DECLARED || irt_walk_find_edge(w, SITE_EDGES, instr_tag_row(tag), &id) != 0)
		return false;
	*s = (struct heap_site){tag, irt_site(id, family)};
	return true;
}

/* Records of the heap in a row, as far as they are plain: whole, in time, of sites that are known, and neither of
 * pools nor of mappings. The context stays the same between them. Returns the units that are done. (Two loops: one has
 * more at hand than there are registers.) */
static __attribute__((noinline)) size_t walk_heap(struct irt_walk *w, const struct instr_unit *units, size_t count)
{
	const uint32_t context = context_of(w, w->frames[w->depth].node), thread = w->config.thread;
	const uint64_t from = w->last - w->config.origin_ticks;
	struct hot *const k = &w->hot;
	struct irt_shared_event *events;
	uint8_t *symbols;
	uint32_t steps[BATCH / 4], n = 0, done = 0, room;

	if (!w->config.heap || w->chunk_events == 0 || w->chunk_events >= w->config.chunk_events)
		return 0;
	room = w->config.chunk_events - w->chunk_events;
	room = room < BATCH / 4 ? room : BATCH / 4;
	room = room < count / HEAP_UNITS ? room : (uint32_t)(count / HEAP_UNITS);
	if (!room || !irt_grow(&w->symbols, &w->symbol_room, w->chunk_events + room, 1) ||
	    !irt_grow(&w->side, &w->side_room, w->side_bytes + (size_t)room * SIDE_EVENT_MAX, 1) ||
	    !irt_walk_make_heap_seen(w) || !(events = irt_heap_room(w->config.heap, room)))
		return 0;
	irt_walk_set_hot(w, units);
	symbols = w->symbols + w->chunk_events;
	for (; done < room; done++, units += HEAP_UNITS) {
		const uint64_t t = irt_load_acquire(&units->ticks), tag = irt_load_relaxed(&units->tag); /* A2 */
		const uint64_t x = t - k->base, word = irt_load_relaxed(&units[1].tag);
		const unsigned family = word >> INSTR_HEAP_FAMILY_SHIFT & 7;
		struct heap_site *s = &w->heap_sites[tag * UINT64_C(0x9e3779b97f4a7c15) >> (64 - HEAP_SITE_BITS)];
		uint32_t now, d;

		__builtin_prefetch(units + AHEAD_UNITS); /* another processor has written them */
		if (unlikely(x >= k->limit))
			break;
		now = (uint32_t)(x * k->reciprocal >> 32);
		d = now - n;
		if (unlikely((int32_t)d < 0)) {
			now = n;
			d = 0;
		} else if (unlikely(d >= k->pause)) {
			break;
		}
		if (unlikely((s->tag ^ tag) | (irt_site_family(s->site) ^ family)) && !find_heap_site(w, tag, family, s))
			break;
		n = now;
		steps[done] = d;
		symbols[done] = (uint8_t)(TOKEN_ESCAPE << 4 | (d < TIME_ESCAPE ? d : TIME_ESCAPE));
		const uint32_t operation = IRT_OP_ALLOC - INSTR_EXT_ALLOC + (uint32_t)(tag >> INSTR_AUX_SHIFT & 255);
		events[done] = (struct irt_shared_event){
			.ticks = (int64_t)(from + n * k->unit), .context = context, .site = s->site, .thread = thread, .operation = operation,
			.address = instr_hidden(irt_load_relaxed(&units[1].ticks)) & IRT_HEAP_ADDRESS_MASK,
			.bytes = irt_heap_has_bytes(operation) ? word & INSTR_HEAP_BYTES_MASK : 0};
	}
	w->side_bytes = (size_t)(put_heap_events(w, k->side, events, symbols, steps, done) - w->side);
	if (unlikely(w->locks_held))
		irt_walk_count_inside(w, events, done);
	irt_heap_added(w->config.heap, done);
	w->n += n;
	w->last += n * k->unit;
	w->events += done;
	w->chunk_events += done;
	return (size_t)done * HEAP_UNITS;
}

/* position: of the first unit; UINT64_MAX: they come late. */
static enum irt_walk_stop walk_units(struct irt_walk *w, const struct instr_unit *units, size_t count,
				     uint64_t position, size_t *consumed, size_t *record_units)
{
	struct batch batch;
	size_t at = 0;
	int stop = IRT_WALK_ALL;

	batch.count = 0;
	*record_units = 0;
	while (at < count) {
		/* the loops know enters and exits, the heap, and locks: there may be many of each in a row */
		uint64_t tag = irt_load_relaxed(&units[at].tag);
		bool other = instr_tag_kind(tag) == INSTR_EXT, is_heap = instr_tag_ext(tag) < INSTR_EXT_ACQUIRED;
		size_t part = other ? 0 : prepare(w, count - at, &batch);
		size_t used = other ? (is_heap ? walk_heap : irt_walk_locks)(w, units + at, count - at) : 0;
		at += used;
		if (used)
			continue;
		if (part) {
			irt_walk_set_hot(w, units + at + part);
			used = w->general ? walk_careful(w, units + at, &batch)
					  : walk_plain(w, units + at, &batch);
			at += used;
			if (used >= part)
				continue;
		}
		w->step_position = position == UINT64_MAX ? position : position + at;
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
	enum irt_walk_stop stop = walk_units(w, units, count, position, consumed, record_units);

	if (*consumed) {
		if (!w->chunk_has_pos) {
			w->chunk_has_pos = true;
			w->chunk_pos = position;
		}
		w->position = position + *consumed;
	}
	return stop;
}

int64_t irt_walk_stack(const struct irt_walk *w)
{
	return w->sp_from;
}

enum irt_walk_stop irt_walk_late(struct irt_walk *w, const struct instr_unit *units, size_t count,
				 int64_t stack, size_t *consumed, size_t *record_units)
{
	int64_t now = w->sp_from;
	enum irt_walk_stop stop;

	irt_walk_set_window(w, stack);
	stop = walk_units(w, units, count, UINT64_MAX, consumed, record_units);
	irt_walk_set_window(w, now);
	return stop;
}

void irt_walk_skip(struct irt_walk *w, uint64_t position, size_t units, bool damaged)
{
	if (damaged)
		w->counters.skipped_units += units;
	else if (units)
		w->counters.flags |= IRT_WALK_HOLES;
	w->position = position + units;
}
