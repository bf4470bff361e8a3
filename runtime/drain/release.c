/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * release.c - see commit.h: sub-buffers go back to the pool, and slots of threads that are over to those to
 * come.
 */
#define _GNU_SOURCE
#include "drain/commit.h"

#include "base/atomic.h"
#include "base/testpoint.h"

#include <string.h>

static int has_hole(const struct irt_drained_thread *t, uint32_t sub)
{
	for (uint32_t i = 0; i < t->hole_count; i++)
		if (t->holes[i].sub == sub)
			return 1;
	return 0;
}

static void free_sub(struct irt_session *s, uint32_t sub)
{
	IRT_TESTPOINT(release_begun);
	/* From here on it is nobody's, whatever is in it: a drain that dies over it leaves that to the next. */
	irt_store_release(&s->at.map.subs[sub].owner, IRT_RELEASING); /* R18 */
	memset(irt_sub_units(&s->at.map, sub), 0, IRT_SUB_BYTES);
	s->sub_owner[sub] = 0;
	IRT_TESTPOINT(release_zeroed);
	irt_store_release(&s->at.map.subs[sub].sequence, (uint64_t)0); /* R3 */
	IRT_TESTPOINT(release_untold);
	irt_store_release(&s->at.map.subs[sub].owner, (uint64_t)0); /* R3 */
	IRT_TESTPOINT(release_free);
	irt_sub_relaxed(&s->at.map.ring->taken, 1);
	if (sub < irt_load_relaxed(&s->at.map.ring->free_hint))
		irt_store_relaxed(&s->at.map.ring->free_hint, sub);
}

uint32_t irt_free_half_released(struct irt_session *s)
{
	uint32_t freed = 0;
	for (uint32_t i = 0; i < s->at.sub_count && !s->swept_subs; i++) {
		if (irt_load_acquire(&s->at.map.subs[i].owner) == IRT_RELEASING) { /* A18 */
			free_sub(s, i);
			freed++;
		}
	}
	s->swept_subs = 1;
	return freed;
}

uint32_t irt_release_subs(struct irt_session *s, struct irt_drained_thread *t)
{
	uint32_t kept = 0, freed = 0;
	for (uint32_t i = 0; i < t->done_count; i++) {
		if (t->done[i].end_pos <= t->committed_pos && !has_hole(t, t->done[i].sub)) {
			free_sub(s, t->done[i].sub);
			freed++;
		} else {
			t->done[kept++] = t->done[i];
		}
	}
	t->done_count = kept;
	s->held_subs -= freed;
	return freed;
}

/* Has it ended, and is its last word in the file? */
static int is_over(const struct irt_drained_thread *t) { return t->ended && !t->changed && !t->done_count; }

uint32_t irt_retire_threads(struct irt_session *s)
{
	uint32_t over = 0, kept = 0, freed = 0, hint = irt_load_relaxed(&s->at.map.ring->thread_hint);
	for (uint32_t i = 0; i < s->thread_count; i++)
		over += (uint32_t)is_over(s->threads[i]);
	if (!over)
		return 0;
	for (uint32_t i = 0; i < s->at.sub_count; i++) { /* taken and never walked */
		uint64_t owner = s->sub_owner[i] ? 0 : irt_load_relaxed(&s->at.map.subs[i].owner);
		const struct irt_drained_thread *t = owner ? irt_session_thread(s, owner) : NULL;
		if (t && is_over(t)) {
			free_sub(s, i);
			freed++;
		}
	}
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (!is_over(t)) {
			s->threads[kept++] = t;
			continue;
		}
		if (t->slot < IRT_THREAD_MAX && irt_load_relaxed(&s->at.map.threads[t->slot].owner) == t->id) {
			struct irt_thread *slot = &s->at.map.threads[t->slot];
			IRT_TESTPOINT(retire_thread);
			irt_store_release(&slot->state, (uint32_t)IRT_SLOT_FREE); /* R7 */
			IRT_TESTPOINT(retire_thread_unnamed);
			irt_store_release(&slot->owner, (uint64_t)0); /* R7 */
			hint = t->slot < hint ? t->slot : hint;
		}
		if (t->gone_alone && !t->merged)
			irt_merge_add_ended(t->process, t->id, t->loss_id);
		irt_session_drop_thread(s, t);
	}
	s->thread_count = kept;
	irt_store_relaxed(&s->at.map.ring->thread_hint, hint);
	return freed;
}
