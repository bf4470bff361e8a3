/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * processes.c - the processes of the run: their slots, their ends, what fork children have from their
 * parents, and forgetting those that are over.
 *
 *     slot FREE --claim (its pid in the state)--> CLAIMED --R4--> LIVE      the process (join.c)
 *          CLAIMED -> FREE   its claimer is dead                            look_at_claim
 *          LIVE -> FREE      dead, and everything of it is committed        irt_retire_processes
 *
 * What is known of a process that is over goes in time, so that a run of any number of processes takes no
 * more memory than those that live at one time. A child that joins later still finds what it needs of its
 * parent in the file.
 */
#define _GNU_SOURCE
#include "drain/session.h"

#include "base/atomic.h"
#include "base/os.h"
#include "base/testpoint.h"

#include <stdlib.h>
#include <string.h>

enum { PROCESSES_KEPT = 64 }; /* of those that are over */
#define CLAIM_NS UINT64_C(2000000000) /* a claim takes microseconds, unless its process is stopped meanwhile */

/* ---- slots and ends ------------------------------------------------------------------------------- */

static void end_process(struct irt_session *s, struct irt_drained_process *p, const char *reason)
{
	if (!p->end_reason || strcmp(p->end_reason, reason)) {
		p->end_reason = reason;
		p->changed = 1;
		s->dirty = 1;
	}
	if (p->end_ticks == IRT_STORE_NULL)
		p->end_ticks = (int64_t)(irt_ticks() - s->at.facts.start_ticks);
}

/* Its end, once it is known to be dead. What exit() was given is what the kernel says, unless something
 * that ran behind the runtime's own end has ended it otherwise. A finished file is not touched again for a
 * status alone: the program has returned, and somebody may be copying it. */
static void note_death(struct irt_session *s, struct irt_drained_process *p, const struct irt_death *d)
{
	int by_exit = p->end_reason && !strcmp(p->end_reason, "exit");
	int otherwise = d && d->known && (d->signal || (p->exit_code >= 0 && d->code != p->exit_code));
	p->dead = 1;
	if (by_exit && !otherwise && (p->exit_code >= 0 || (s->finished && d)))
		return;
	if (d && d->known) {
		int code = d->signal ? -1 : d->code;
		if (p->exit_code != code || p->exit_signal != (d->signal ? d->signal : -1)) {
			p->exit_code = code;
			p->exit_signal = d->signal ? d->signal : -1;
			p->changed = 1;
			s->dirty = 1;
		}
	}
	if (p->end_reason && !(by_exit && otherwise))
		return;
	if (d) {
		end_process(s, p, "death");
	} else {
		p->end_reason = "death";
		p->end_unseen = 1;
		p->changed = 1;
		s->dirty = 1;
	}
}

/* A process that has died over joining keeps its slot claimed. (If the pid is of another namespace and
 * the process only sleeps, it finds that it has lost the slot and takes another one.) */
static void look_at_claim(struct irt_session *s, uint32_t slot, uint32_t state)
{
	struct irt_claim *c = &s->claims[slot];
	char life = 0;
	if ((state & IRT_SLOT_STATE_MASK) != IRT_SLOT_CLAIMED) {
		c->state = 0;
		return;
	}
	if (c->state != state) {
		*c = (struct irt_claim){state, irt_now_ns()};
		return;
	}
	if (irt_now_ns() - c->since_ns < CLAIM_NS)
		return;
	c->since_ns = irt_now_ns();
	if (irt_start_time((int)(state >> IRT_SLOT_STATE_BITS), 0, &life) != 0 && life != 'Z' && life != 'X')
		return;
	irt_cas_acq_rel(&s->at.map.processes[slot].state, &state, (uint32_t)IRT_SLOT_FREE); /* R7 */
}

static void look_at_slot(struct irt_session *s, uint32_t slot)
{
	struct irt_process *in = &s->at.map.processes[slot];
	uint32_t state = irt_load_acquire(&in->state); /* A4 */
	if (state != IRT_SLOT_LIVE) {
		look_at_claim(s, slot, state);
		return;
	}
	struct irt_process facts = irt_process_facts(in);
	if (s->last_process_id && facts.process_id > s->last_process_id)
		return;
	struct irt_drained_process *p = irt_session_process(s, facts.process_id);
	if (!p) {
		if (!facts.process_id || facts.process_id > irt_load_relaxed(&s->at.map.ring->next_process_id))
			return;
		p = irt_session_add_process(s, &facts, slot);
		if (!p) {
			s->starved = 1;
			return;
		}
		for (uint32_t i = 0; i < s->process_count; i++) { /* exec: the same process has begun again */
			struct irt_drained_process *o = s->processes[i];
			if (o != p && !o->dead && o->facts.pid == facts.pid && o->facts.start_time == facts.start_time &&
			    o->facts.pid_namespace == facts.pid_namespace && o->facts.process_id < facts.process_id) {
				o->dead = 1;
				end_process(s, o, "exec");
			}
		}
		p->inherits = facts.joined_by == IRT_JOINED_FORK;
	}
	p->slot = slot;
	p->quiet |= irt_load_relaxed(&in->quiet) != 0;
	p->lost_early = irt_load_relaxed(&in->lost_early);
	uint32_t flush = irt_load_acquire(&in->flush); /* A11 */
	if (flush != p->flush) {
		p->flush = flush;
		p->ending = 1;
		s->must_check_threads = 1;
		p->exit_code = irt_load_acquire(&in->exit_known) ? in->exit_code & 255 : -1; /* A11 */
		end_process(s, p, "exit");
		for (uint32_t i = 0; i < s->thread_count; i++) /* their rows get its end */
			s->threads[i]->changed |= s->threads[i]->process == p;
	}
}

void irt_look_at_processes(struct irt_session *s)
{
	uint32_t high = irt_load_relaxed(&s->at.map.ring->process_high);
	irt_look_for_unjoined(s);
	for (uint32_t i = 0; i < high && i < IRT_PROCESS_MAX; i++)
		look_at_slot(s, i);
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (p->dead)
			continue;
		if (s->watch && p->watch < 0 && p->pid) /* out of descriptors, or it died before it was watched */
			p->watch = irt_watch_add(s->watch, p->pid, p->facts.start_time);
		if (!s->watch) {
			note_death(s, p, NULL); /* recovery: the caller has made sure */
		} else if (p->watch < 0) {
			char state = 0;
			if (!p->pid || irt_start_time(p->pid, 0, &state) != p->facts.start_time || state == 'Z' || state == 'X')
				note_death(s, p, NULL);
			else
				p->last_ticks = (int64_t)(irt_ticks() - s->at.facts.start_ticks);
		} else {
			struct irt_death d = irt_watch_look(s->watch, p->watch);
			if (d.dead) {
				irt_watch_remove(s->watch, p->watch);
				p->watch = -1;
				note_death(s, p, &d);
			}
		}
	}
}

/* A process that nobody saw die: the end of its threads' streams is all that is known of its end. */
void irt_look_at_ends(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++)
		s->processes[i]->unwalked = 0;
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_process *p = s->threads[i]->process;
		struct irt_walk_counters c;
		if (!p->end_unseen)
			continue;
		irt_walk_counters(s->threads[i]->walk, &c);
		p->unwalked += s->threads[i]->queued != 0;
		p->last_ticks = c.last_ticks > p->last_ticks ? c.last_ticks : p->last_ticks;
	}
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		int64_t start = (int64_t)(p->facts.join_ticks - s->at.facts.start_ticks);
		if (!p->end_unseen || p->unwalked || p->end_ticks != IRT_STORE_NULL)
			continue;
		p->end_ticks = p->last_ticks > start ? p->last_ticks : start;
		p->changed = 1;
		s->dirty = 1;
	}
}

unsigned irt_session_staying(const struct irt_session *s)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < s->process_count; i++)
		n += !s->processes[i]->dead && !s->processes[i]->ending;
	return n;
}

unsigned irt_session_living(const struct irt_session *s)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < s->process_count; i++)
		n += !s->processes[i]->dead;
	return n;
}

/* ---- fork children ---------------------------------------------------------------------------------- */

/* Fork children have their parents' modules: once the names log shows these, and those of parents that
 * are children themselves are there. */
void irt_inherit_modules(struct irt_session *s)
{
	for (int again = 1; again;) {
		again = 0;
		for (uint32_t i = 0; i < s->process_count; i++) {
			struct irt_drained_process *p = s->processes[i];
			const struct irt_drained_process *parent = p->inherits ? irt_session_process(s, p->facts.parent_process_id) : NULL;
			if (!p->inherits || (parent && parent->inherits && parent->facts.process_id < p->facts.process_id))
				continue;
			if ((s->store && !irt_symbols_recall(s->symbols, s->store, p->facts.parent_process_id)) ||
			    !irt_symbols_inherit(s->symbols, p->facts.process_id, p->facts.parent_process_id,
						 (int64_t)(p->facts.join_ticks - s->at.facts.start_ticks))) {
				s->starved = 1; /* it is tried again */
				return;
			}
			if (!parent)
				irt_symbols_forget(s->symbols, &p->facts.parent_process_id, 1);
			p->inherits = 0;
			again = 1;
		}
	}
}

/* ---- the end of it --------------------------------------------------------------------------------- */

static int is_over(const struct irt_drained_process *p)
{
	return p->dead && !p->live_threads && !p->changed && !p->inherits && p->contexts_stored == irt_cct_count(p->cct) &&
	       !irt_heap_is_waiting(p->heap) && !irt_heap_is_unsaved(p->heap) && !irt_blocks_is_unsaved(p->blocks) &&
	       !irt_locks_is_waiting(p->locks) && !irt_locks_is_unsaved(p->locks);
}

static void free_slot(struct irt_session *s, struct irt_drained_process *p)
{
	if (p->slot == UINT32_MAX)
		return;
	struct irt_process *slot = &s->at.map.processes[p->slot];
	IRT_TESTPOINT(retire_process);
	if (irt_load_relaxed(&slot->process_id) == p->facts.process_id)
		irt_store_release(&slot->state, (uint32_t)IRT_SLOT_FREE); /* R7 */
	p->slot = UINT32_MAX;
}

void irt_retire_processes(struct irt_session *s)
{
	uint32_t over = 0, kept = 0, drop = 0;
	for (uint32_t i = 0; i < s->process_count; i++) {
		if (is_over(s->processes[i])) {
			free_slot(s, s->processes[i]);
			over++;
		}
	}
	/* many at a time: a sweep of the symbols costs the same for one */
	uint32_t *gone = over >= 2 * PROCESSES_KEPT ? malloc(over * sizeof(*gone)) : NULL;
	if (!gone)
		return;
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (drop < over - PROCESSES_KEPT && is_over(p)) { /* the oldest */
			gone[drop++] = p->facts.process_id;
			irt_session_free_process(s, p);
		} else {
			s->processes[kept++] = p;
		}
	}
	s->process_count = kept;
	irt_symbols_forget(s->symbols, gone, drop);
	free(gone);
}
