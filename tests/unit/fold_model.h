/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fold_model.h - what a walk must do, written to be obviously right and nothing else: one record at a
 * time, lists and loops, every rule of fold/walk.h and fold/cct.h in its plainest form. It shares no
 * code with runtime/fold (but the layout of records and results).
 */
#ifndef TESTS_FOLD_MODEL_H
#define TESTS_FOLD_MODEL_H

#include "fold_stream.h"

struct model_context {
	uint32_t parent, function, ordinal, depth, flags;
	int recursive;
	/* totals */
	uint64_t returns, unwound, total, self, min, max;
	uint64_t *durations; /* every one of them */
	size_t count, room;
};

struct model_call {
	uint32_t context;
	uint64_t enter, child; /* enter: on a clock that stands still during waits */
	uint64_t key;          /* kind and row or address */
	uint64_t sp_bits;
	int64_t sp;            /* full / 16, or -1 */
	int starts_stack, folded;
};

struct model {
	/* what it is told */
	uint64_t unit, origin;
	uint32_t max_contexts, max_depth, max_frames, other_function;
	const struct stream *stream;

	struct model_context *contexts;
	uint32_t context_count, context_room;
	struct model_call *calls;
	size_t depth, call_room;
	struct irt_event *events;
	size_t event_count, event_room;
	int in_chunk;
	uint64_t first, last, waited_ticks;
	int64_t anchor;
	struct irt_walk_counters counters;
	struct model_call popped[16]; /* the last ones that ended unseen */
	size_t popped_count;
	uint64_t orphans_of[256];
};

#define MODEL_ROOM(array, room, want)                                                       \
	do {                                                                                \
		if ((want) >= (room)) {                                                     \
			(room) = 2 * (want) + 64;                                           \
			(array) = realloc((array), (room) * sizeof(*(array)));              \
		}                                                                           \
	} while (0)

static inline void model_init(struct model *m, const struct stream *s, uint64_t unit)
{
	memset(m, 0, sizeof(*m));
	m->unit = unit;
	m->stream = s;
	m->max_contexts = 1 << 20;
	m->max_depth = 512;
	m->max_frames = 1 << 24;
	m->anchor = -1;
	MODEL_ROOM(m->contexts, m->context_room, 1u);
	memset(&m->contexts[0], 0, sizeof(m->contexts[0]));
	m->context_count = 1;
}

static inline void model_fini(struct model *m)
{
	for (uint32_t i = 0; i < m->context_count; i++)
		free(m->contexts[i].durations);
	free(m->contexts);
	free(m->calls);
	free(m->events);
}

/* ---- contexts -------------------------------------------------------------------------------------- */

static inline uint32_t model_find(const struct model *m, uint32_t parent, uint32_t function)
{
	for (uint32_t i = 1; i < m->context_count; i++)
		if (m->contexts[i].parent == parent && m->contexts[i].function == function)
			return i;
	return 0;
}

static inline uint32_t model_on_path(const struct model *m, uint32_t context, uint32_t function)
{
	for (; context; context = m->contexts[context].parent)
		if (m->contexts[context].function == function)
			return context;
	return 0;
}

static inline uint32_t model_add(struct model *m, uint32_t parent, uint32_t function, uint32_t flags)
{
	struct model_context *c;
	uint32_t ordinal = 0;
	for (uint32_t i = 1; i < m->context_count; i++)
		ordinal += m->contexts[i].parent == parent;
	MODEL_ROOM(m->contexts, m->context_room, m->context_count + 1);
	c = &m->contexts[m->context_count];
	memset(c, 0, sizeof(*c));
	c->parent = parent;
	c->function = function;
	c->ordinal = ordinal;
	c->depth = m->contexts[parent].depth + 1;
	c->recursive = model_on_path(m, parent, function) != 0;
	c->flags = flags;
	c->min = UINT64_MAX;
	return m->context_count++;
}

static inline uint32_t model_child(struct model *m, uint32_t parent, uint32_t function)
{
	uint32_t c = model_find(m, parent, function), other;
	if (c)
		return c;
	if (m->context_count < m->max_contexts && m->contexts[parent].depth < m->max_depth &&
	    !(m->contexts[parent].flags & IRT_CCT_OTHER))
		return model_add(m, parent, function, 0);
	c = model_on_path(m, parent, function);
	if (c) {
		m->contexts[c].flags |= IRT_CCT_FOLDED;
		return c;
	}
	other = model_find(m, 0, m->other_function);
	if (!other)
		other = model_add(m, 0, m->other_function, IRT_CCT_OTHER);
	c = model_find(m, other, function);
	return c ? c : model_add(m, other, function, IRT_CCT_OTHER);
}

/* ---- events and time -------------------------------------------------------------------------------- */

static inline uint32_t model_context(const struct model *m)
{
	return m->depth ? m->calls[m->depth - 1].context : 0;
}

static inline uint64_t model_round(struct model *m, uint64_t t)
{
	uint64_t r;
	if (!m->in_chunk) {
		m->in_chunk = 1;
		m->first = m->event_count && t < m->last ? m->last : t;
		return m->first;
	}
	if (t < m->first)
		t = m->first;
	r = m->first + (t - m->first + m->unit / 2) / m->unit * m->unit;
	return r < m->last ? m->last : r;
}

static inline struct irt_event *model_event(struct model *m, uint64_t t, uint32_t operation)
{
	struct irt_event *e;
	MODEL_ROOM(m->events, m->event_room, m->event_count + 1);
	e = &m->events[m->event_count++];
	memset(e, 0, sizeof(*e));
	e->ticks = (int64_t)(t - m->origin);
	e->operation = operation;
	e->context = model_context(m);
	e->depth = (uint32_t)m->depth - 1;
	m->last = t;
	return e;
}

/* ---- calls ---------------------------------------------------------------------------------------- */

static inline void model_end(struct model *m, uint64_t t, int unwound, uint64_t *duration)
{
	struct model_call *c = &m->calls[--m->depth];
	struct model_context *x = &m->contexts[c->context];
	uint64_t total = t - m->waited_ticks - c->enter;
	int inside = 0; /* the same context is open further down */

	for (size_t i = 0; i < m->depth; i++)
		inside |= m->calls[i].context == c->context;
	if (!inside)
		x->total += total;
	x->self += total - c->child;
	x->min = total < x->min ? total : x->min;
	x->max = total > x->max ? total : x->max;
	x->returns += !unwound;
	x->unwound += unwound;
	MODEL_ROOM(x->durations, x->room, x->count + 1);
	x->durations[x->count++] = total;
	if (m->depth)
		m->calls[m->depth - 1].child += total;
	*duration = total;
}

static inline void model_pop(struct model *m, uint64_t t, size_t k, uint32_t operation)
{
	uint64_t duration;
	model_event(m, t, operation)->value = k;
	for (; k; k--) {
		m->popped[m->popped_count++ % 16] = m->calls[m->depth - 1];
		model_end(m, t, 1, &duration);
	}
}

static inline int64_t model_sp(const struct model *m, uint64_t tag)
{
	unsigned kind = instr_tag_kind(tag);
	int cyg = kind == INSTR_CYG_ENTER || kind == INSTR_CYG_EXIT;
	int64_t range = cyg ? INSTR_CYG_SP_RANGE / 16 : INSTR_SP_RANGE / 16;
	int64_t bits = (int64_t)(cyg ? tag >> 51 : tag >> 48), low = m->anchor - range / 2, sp;
	if (low < 0)
		return -1;
	/* the only one with these bits in [low, low + range) */
	sp = low / range * range + bits;
	return sp < low ? sp + range : sp;
}

static inline uint64_t model_key(uint64_t tag)
{
	unsigned kind = instr_tag_kind(tag);
	if (kind == INSTR_CYG_ENTER || kind == INSTR_CYG_EXIT)
		return instr_tag_cyg_address(tag) << 4 | INSTR_CYG_ENTER;
	return instr_tag_row(tag) | INSTR_ENTER;
}

static inline void model_enter(struct model *m, uint64_t tag, uint64_t raw)
{
	struct irt_function_answer answer;
	int64_t sp = model_sp(m, tag);
	size_t dead = 0;
	int other_stack = 0;
	struct model_call *c;
	uint32_t parent, child;
	uint64_t before = m->last, t = model_round(m, raw);

	if (m->depth && sp >= 0 && m->calls[m->depth - 1].sp >= 0 && sp >= m->calls[m->depth - 1].sp) {
		size_t i = m->depth, same = 0;
		int bracket = 0;
		while (i > 0) {
			c = &m->calls[i - 1];
			if (c->sp > sp) {
				bracket = 1;
				break;
			}
			if (c->sp < 0)
				break;
			if (c->sp == sp)
				same = i;
			if (c->starts_stack)
				break;
			i--;
		}
		if (bracket)
			dead = m->depth - i;
		else if (same)
			dead = m->depth - same + 1;
		else
			other_stack = 1;
	}
	if (m->depth - dead >= m->max_frames) {
		m->counters.given_up += m->depth;
		dead = m->depth;
		other_stack = 0;
	}
	if (dead)
		model_pop(m, t, dead, IRT_OP_POP);
	if (other_stack) {
		m->counters.flags |= IRT_WALK_STACKS;
		model_event(m, t, IRT_OP_STACK);
	}
	stream_function_of(m->stream, tag, m->event_count && raw < before ? before : raw, &answer);
	parent = model_context(m);
	child = model_child(m, parent, answer.function);
	MODEL_ROOM(m->calls, m->call_room, m->depth + 1);
	c = &m->calls[m->depth++];
	memset(c, 0, sizeof(*c));
	c->context = child;
	c->enter = t - m->waited_ticks;
	c->key = model_key(tag);
	c->sp = sp;
	c->sp_bits = instr_tag_kind(tag) == INSTR_CYG_ENTER ? tag >> 51 : tag >> 48;
	c->starts_stack = other_stack;
	c->folded = m->contexts[child].parent != parent;
	if (c->folded)
		m->counters.flags |= IRT_WALK_FOLDED;
	model_event(m, t, IRT_OP_ENTER);
}

static inline void model_exit(struct model *m, uint64_t tag, uint64_t raw)
{
	struct irt_function_answer answer;
	unsigned kind = instr_tag_kind(tag);
	int cyg = kind == INSTR_CYG_EXIT;
	uint64_t before = m->last, t = model_round(m, raw), duration, bits = cyg ? tag >> 51 : tag >> 48;
	int64_t sp = model_sp(m, tag);
	struct irt_event *e;
	uint32_t operation = kind == INSTR_UNWIND ? IRT_OP_UNWIND : kind == INSTR_TAIL ? IRT_OP_TAIL : IRT_OP_EXIT;
	size_t i;

	stream_function_of(m->stream, tag, m->event_count && raw < before ? before : raw, &answer);
	for (i = m->depth; i > 0; i--) {
		struct model_call *c = &m->calls[i - 1];
		if (c->key != model_key(tag))
			continue;
		if (answer.flags & INSTR_ROW_DYNAMIC_STACK)
			break;
		if (c->sp_bits == bits && (sp < 0 || c->sp < 0 || sp == c->sp))
			break;
	}
	if (i == 0) {
		int again = 0; /* it had only been left */
		for (size_t k = 0; k < 16 && k < m->popped_count; k++) {
			struct model_call *c = &m->popped[k];
			again |= c->key == model_key(tag) &&
				 ((answer.flags & INSTR_ROW_DYNAMIC_STACK) ||
				  (c->sp_bits == bits && (sp < 0 || c->sp < 0 || sp == c->sp)));
		}
		if (again && !m->counters.lost_events && !(m->counters.flags & IRT_WALK_STACKS)) {
			m->counters.flags |= IRT_WALK_STACKS;
			model_event(m, t, IRT_OP_STACK);
		}
		m->counters.orphans++;
		m->orphans_of[answer.function]++;
		model_event(m, t, IRT_OP_ORPHAN)->value = answer.function;
		return;
	}
	if (i < m->depth)
		model_pop(m, t, m->depth - i, IRT_OP_POP);
	e = model_event(m, t, operation);
	model_end(m, t, operation == IRT_OP_UNWIND, &duration);
	e->value = duration;
}

/* Calls that may block which have begun, and neither returned nor been left behind by what came later. */
static inline size_t model_open_blocks(const struct irt_event *events, size_t count,
				       struct irt_walk_open_block open[IRT_WALK_OPEN_BLOCKS + 1])
{
	size_t n = 0, depth = 0;

	for (size_t i = 0; i < count; i++) {
		const struct irt_event *e = &events[i];
		uint32_t o = e->operation;
		depth += o == IRT_OP_ENTER;
		depth -= o == IRT_OP_EXIT || o == IRT_OP_UNWIND || o == IRT_OP_TAIL ? 1 : o == IRT_OP_POP || o == IRT_OP_LANDED ? e->value : 0;
		while (n && (o == IRT_OP_GAP || open[n - 1].depth > depth ||
			     (open[n - 1].depth == depth &&
			      (o == IRT_OP_BLOCK || o == IRT_OP_BLOCKING || o == IRT_OP_LANDED || o == IRT_OP_LEFT))))
			n--;
		if (o == IRT_OP_BLOCKING)
			open[n++] = (struct irt_walk_open_block){depth, e->ticks, e->context, e->site};
		if (n > IRT_WALK_OPEN_BLOCKS)
			memmove(open, open + 1, --n * sizeof(*open));
	}
	return n;
}

static inline int model_is_blocked(const struct model *m)
{
	struct irt_walk_open_block open[IRT_WALK_OPEN_BLOCKS + 1];
	size_t n = model_open_blocks(m->events, m->event_count, open);
	return n && open[n - 1].depth == m->depth;
}

static inline void model_ext(struct model *m, uint64_t tag, uint64_t raw, uint64_t a, uint64_t b)
{
	struct irt_event *e;
	uint64_t t, waited;
	size_t found = 0;

	switch (instr_tag_ext(tag)) {
	case INSTR_EXT_STACK:
		m->anchor = (int64_t)(a / 16);
		break;
	case INSTR_EXT_LANDED:
		for (size_t i = m->depth; i > 0; i--) {
			struct model_call *c = &m->calls[i - 1];
			if (c->key == model_key(tag) && c->sp >= 0 && c->sp <= (int64_t)(a / 16) &&
			    (!found || c->sp > m->calls[found - 1].sp))
				found = i;
		}
		if (found && found < m->depth)
			model_pop(m, model_round(m, raw), m->depth - found, IRT_OP_LANDED);
		else if (found && model_is_blocked(m))
			model_event(m, model_round(m, raw), IRT_OP_LEFT);
		break;
	case INSTR_EXT_GAP:
		t = model_round(m, raw);
		e = model_event(m, t, IRT_OP_GAP);
		e->value = a;
		e->extra = b && b < raw ? raw - b : 0;
		m->counters.lost_events += a;
		break;
	case INSTR_EXT_WAIT: {
		uint64_t before = m->last;
		int any = m->event_count > 0;
		t = model_round(m, raw);
		waited = any ? t - before : 0;
		waited = a < waited ? a : waited;
		model_event(m, t, IRT_OP_WAIT)->value = waited;
		m->waited_ticks += waited;
		m->counters.waits++;
		m->counters.wait_ticks += waited;
		break;
	}
	case INSTR_EXT_NOTHING:
		break;
	case INSTR_EXT_ALLOC:
	case INSTR_EXT_FREE:
	case INSTR_EXT_RESIZE:
	case INSTR_EXT_RESIZED: {
		struct irt_function_answer answer;
		stream_site_of(m->stream, tag, m->event_count && raw < m->last ? m->last : raw, &answer);
		e = model_event(m, model_round(m, raw), IRT_OP_ALLOC + instr_tag_ext(tag) - INSTR_EXT_ALLOC);
		e->value = b & INSTR_HEAP_BYTES_MASK;
		e->extra = instr_hidden(a);
		e->site = answer.function << 3 | (uint32_t)(b >> INSTR_HEAP_FAMILY_SHIFT);
		break;
	}
	case INSTR_EXT_BLOCK:
	case INSTR_EXT_BLOCKING: {
		struct irt_function_answer answer;
		stream_site_of(m->stream, tag, m->event_count && raw < m->last ? m->last : raw, &answer);
		e = model_event(m, model_round(m, raw), instr_tag_ext(tag) == INSTR_EXT_BLOCK ? IRT_OP_BLOCK : IRT_OP_BLOCKING);
		e->site = answer.function;
		if (e->operation == IRT_OP_BLOCKING)
			break;
		e->value = a < UINT64_C(1) << 55 ? a : 0;
		e->extra = b & ~(UINT64_C(0x7ff) << 52);
		break;
	}
	case INSTR_EXT_THREAD: {
		struct irt_function_answer answer;
		uint64_t now;
		stream_site_of(m->stream, tag, m->event_count && raw < m->last ? m->last : raw, &answer);
		e = model_event(m, now = model_round(m, raw), IRT_OP_THREAD);
		e->value = b <= now && now - b < UINT64_C(1) << 55 ? now - b : 0;
		e->extra = instr_hidden(a) & IRT_HEAP_ADDRESS_MASK;
		e->site = answer.function;
		break;
	}
	default:
		m->counters.skipped_units += instr_tag_ext_units(tag);
	}
}

/* Does one record. Returns its units. */
static inline size_t model_record(struct model *m, const struct instr_unit *u)
{
	unsigned kind = instr_tag_kind(u->tag);
	switch (kind) {
	case INSTR_ENTER:
	case INSTR_CYG_ENTER:
		model_enter(m, u->tag, u->ticks);
		return 1;
	case INSTR_EXT:
		if (instr_tag_ext_units(u->tag) == 1 && instr_tag_ext(u->tag) != INSTR_EXT_BLOCKING) {
			m->counters.skipped_units += instr_tag_ext(u->tag) != INSTR_EXT_NOTHING;
			return 1;
		}
		if (instr_tag_ext_units(u->tag) == 1)
			model_ext(m, u->tag, u->ticks, 0, 0);
		else
			model_ext(m, u->tag, u->ticks, u[1].ticks, u[1].tag);
		return instr_tag_ext_units(u->tag);
	case INSTR_EXIT:
	case INSTR_UNWIND:
	case INSTR_TAIL:
	case INSTR_CYG_EXIT:
		model_exit(m, u->tag, u->ticks);
		return 1;
	default:
		m->counters.skipped_units++;
		return 1;
	}
}

#endif
