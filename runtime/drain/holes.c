/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * holes.c - units that the walk has passed because they were reserved and not written (an interrupted hook), and
 * what comes of them late. gather.c finds out that a unit is one. Their rows: rows.c. Their order:
 * docs/memory-model.md, Signals.
 *
 *     passed (irt_add_holes) -> written by its hook, walked late (irt_look_at_holes) -> gone
 *                            -> its thread ends: gone, counted as abandoned
 */
#define _GNU_SOURCE
#include "drain/holes.h"

#include "base/atomic.h"

#include <stdlib.h>
#include <string.h>

/* Holes that an earlier drain has left: where they are. */
void irt_find_holes(struct irt_session *s, struct irt_drained_thread *t, uint32_t sub, uint64_t sequence)
{
	for (uint32_t i = 0; i < t->old_hole_count;) {
		struct irt_hole *h = realloc(t->holes, (t->hole_count + 1) * sizeof(*h)), old = t->old_holes[i];
		if (h)
			t->holes = h;
		else
			s->starved = 1;
		if (!h || old.position / IRT_SUB_UNITS + 1 != sequence) {
			i++;
			continue;
		}
		uint32_t at = t->hole_count++;
		while (at > 0 && h[at - 1].position > old.position) {
			h[at] = h[at - 1];
			at--;
		}
		h[at] = old;
		h[at].sub = sub;
		memmove(&t->old_holes[i], &t->old_holes[i + 1], (t->old_hole_count - i - 1) * sizeof(old));
		t->old_hole_count--;
	}
}

/* Their sub-buffers are gone: nothing will come. */
void irt_forget_old_holes(struct irt_session *s, struct irt_drained_thread *t)
{
	for (uint32_t i = 0; i < t->old_hole_count; i++)
		irt_session_hole_gone(s, t->id, t->old_holes[i].position);
	t->abandoned += t->old_hole_count;
	t->old_hole_count = 0;
}

/* A hole is one record; of units whose tag is not there, each may be one (hooks that interrupted each
 * other), until their tags say what is a payload. */
int irt_add_holes(struct irt_session *s, struct irt_drained_thread *t, uint32_t units, int one_record)
{
	uint32_t count = one_record ? 1 : units;
	struct irt_hole *h = realloc(t->holes, (t->hole_count + count) * sizeof(*h));
	if (!h) {
		s->starved = 1;
		return 0;
	}
	t->holes = h;
	for (uint32_t i = 0; i < count; i++)
		h[t->hole_count++] = (struct irt_hole){
			.position = irt_position(t->queue[0].sequence, t->unit + i), .stack = irt_walk_stack(t->walk),
			.depth = irt_walk_depth(t->walk), .sub = t->queue[0].sub, .unit = t->unit + i, .units = one_record ? units : 1};
	s->dirty = 1;
	return 1;
}

static void remove_hole(struct irt_session *s, struct irt_drained_thread *t, uint32_t i)
{
	if (t->holes[i].stored)
		irt_session_hole_gone(s, t->id, t->holes[i].position);
	memmove(&t->holes[i], &t->holes[i + 1], (t->hole_count - i - 1) * sizeof(*t->holes));
	t->hole_count--;
	t->changed = 1;
	s->dirty = 1;
}

static const struct instr_unit *unit_of(const struct irt_session *s, const struct irt_hole *h)
{
	return irt_sub_units(&s->at.map, h->sub) + h->unit;
}

static size_t units_of(uint64_t tag)
{
	size_t units = instr_tag_kind(tag) == INSTR_EXT ? instr_tag_ext_units(tag) : 1;
	return units ? units : 1;
}

/* Units that have turned out to be payload belong to the hole of their record. */
static void join_payload(struct irt_session *s, struct irt_drained_thread *t, uint32_t i)
{
	struct irt_hole *h = &t->holes[i];
	size_t units = units_of(irt_load_relaxed(&unit_of(s, h)->tag));
	while (h->units < units && i + 1 < t->hole_count && t->holes[i + 1].position == h->position + h->units) {
		remove_hole(s, t, i + 1);
		h->units++;
	}
}

/* The latest hole whose record has come, if calls are open that were not when it was passed. They are of a
 * handler that came over its hook, and end before that goes on: walked now, the record would come between
 * their entries and their exits. NULL: none has to wait. */
static const struct irt_hole *early_hole(const struct irt_drained_thread *t)
{
	for (uint32_t i = t->hole_count; i-- > 0;)
		if (t->holes[i].ticks)
			return irt_walk_depth(t->walk) > t->holes[i].depth ? &t->holes[i] : NULL;
	return NULL;
}

/* Walks what has come of the holes, IRT_IN_ORDER as far as calls of handlers are over. A hook that interrupted another one has the later unit and is done
 * the earlier: the latest comes first. Their ticks are read from the first hole on, so that of two hooks
 * the inner one is seen if the outer one is; tags behind that, so that a payload is known to be one. */
void irt_look_at_holes(struct irt_session *s, struct irt_drained_thread *t, enum irt_when when)
{
	for (uint32_t i = 0; i < t->hole_count; i++)
		t->holes[i].ticks = irt_load_acquire(&unit_of(s, &t->holes[i])->ticks); /* A2 */
	for (uint32_t i = 0; i < t->hole_count; i++)
		join_payload(s, t, i);
	for (uint32_t i = t->hole_count; i-- > 0 && !s->chunk_full;) {
		const struct irt_hole *h = &t->holes[i];
		size_t consumed = 0, record_units = 0;
		if (!h->ticks && !t->dead)
			continue;
		if (h->ticks && when == IRT_IN_ORDER && early_hole(t))
			return;
		if (!h->ticks) {
			t->abandoned++;
		} else {
			enum irt_walk_stop stop = irt_walk_late(t->walk, unit_of(s, h), h->units, h->stack,
								&consumed, &record_units);
			if (stop == IRT_WALK_UNKNOWN && !t->final_names && irt_held_long_enough(t, IRT_HOLD_NS)) {
				t->final_names = 1;
				i++; /* once more */
				continue;
			}
			s->chunk_full |= stop == IRT_WALK_CHUNK_FULL;
			s->starved |= stop == IRT_WALK_NO_MEMORY;
			if (t->dead && (stop == IRT_WALK_UNWRITTEN || stop == IRT_WALK_RESERVED))
				t->abandoned++; /* one of its words is there, the other one never will be */
			else if (!consumed && stop != IRT_WALK_SHORT)
				return; /* the next look goes on here */
		}
		remove_hole(s, t, i);
	}
}

/* How many of these units are records that are written, one behind the other. */
static size_t written_units(const struct instr_unit *u, size_t units)
{
	size_t n = 0;
	while (n < units && irt_load_acquire(&u[n].ticks)) /* A2 */
		n += units_of(irt_load_relaxed(&u[n].tag));
	return n < units ? n : units;
}

/* The same of one record. */
static size_t written_record(const struct instr_unit *u, size_t units, uint64_t tag)
{
	return written_units(u, units_of(tag) < units ? units_of(tag) : units);
}

/* While there are holes: as irt_walk_run, but of what was written before the holes were looked at, and were still
 * there. What is written behind that may be of the hook whose hole it was, or of what comes behind that. A record
 * that has come too early for its place has come behind the end of the calls it waits for: these are written, and
 * are walked one by one until they are over. (A handler may have left some for good. What comes next shows it.) */
enum irt_walk_stop irt_walk_beside_holes(struct irt_session *s, struct irt_drained_thread *t, const struct instr_unit *u,
					 size_t units, uint64_t at, size_t *consumed, size_t *record_units)
{
	uint64_t tag = irt_load_acquire(&u->tag); /* A2 */
	size_t written = early_hole(t) ? written_record(u, units, tag) : written_units(u, units);
	irt_look_at_holes(s, t, IRT_IN_ORDER);
	if (s->chunk_full)
		return IRT_WALK_CHUNK_FULL;
	const struct irt_hole *early = early_hole(t);
	if (early) {
		tag = irt_load_acquire(&u->tag); /* A2 */
		written = written_record(u, units, tag);
	}
	if (early && written && !irt_walk_may_be_above(t->walk, tag, early->depth)) {
		uint32_t holes = t->hole_count;
		irt_look_at_holes(s, t, IRT_NOW);
		return s->chunk_full ? IRT_WALK_CHUNK_FULL : t->hole_count < holes ? IRT_WALK_ALL : IRT_WALK_UNKNOWN;
	}
	if (written)
		return irt_walk_run(t->walk, u, written, at, consumed, record_units);
	*record_units = units_of(tag);
	return tag ? IRT_WALK_RESERVED : IRT_WALK_UNWRITTEN;
}
