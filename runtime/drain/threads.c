/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * threads.c - which threads there are, and which are gone. A thread says nothing when it ends: the kernel
 * is asked.
 *
 * The cost is per thread that comes and goes, not per thread that there ever was: a new one is found by
 * its slot, the one that had its tid before by a table, and all are asked about only when many are new.
 */
#define _GNU_SOURCE
#include "drain/session.h"

#include "base/atomic.h"
#include "base/os.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A slot that is taken and not live: if its process is dead, it died over joining the run. */
static void look_at_claim(struct irt_session *s, struct irt_thread *in)
{
	uint64_t owner = irt_load_acquire(&in->owner); /* A6 */
	if (!owner)
		return;
	uint32_t process_id = owner & IRT_CLAIM ? (uint32_t)owner : in->process_id;
	const struct irt_drained_process *p = irt_session_process(s, process_id);
	if (p && p->dead && irt_load_acquire(&in->state) != IRT_SLOT_LIVE) /* A4 */
		irt_cas_acq_rel(&in->owner, &owner, (uint64_t)0); /* R7 */
}

void irt_look_at_threads(struct irt_session *s)
{
	uint32_t high = irt_load_relaxed(&s->at.map.ring->thread_high);
	s->seen_thread_id = irt_load_relaxed(&s->at.map.ring->next_thread_id);
	for (uint32_t i = 0; i < high && i < IRT_THREAD_MAX; i++) {
		struct irt_thread *in = &s->at.map.threads[i];
		if (irt_load_acquire(&in->state) != IRT_SLOT_LIVE) { /* A4 */
			look_at_claim(s, in);
			continue;
		}
		struct irt_thread facts = irt_thread_facts(in);
		struct irt_drained_thread *t = irt_session_thread(s, facts.owner);
		if (!t) {
			struct irt_drained_process *p = irt_session_process(s, facts.process_id);
			if (!p || !facts.owner || facts.owner > irt_load_relaxed(&s->at.map.ring->next_thread_id))
				continue;
			t = irt_session_add_thread(s, facts.owner, p, (int64_t)(facts.join_ticks - s->at.facts.start_ticks));
			if (!t) {
				s->starved = 1;
				continue;
			}
			irt_session_set_tid(s, t, facts.tid);
			s->joined++;
			t->parent_thread_id = facts.parent_thread_id;
			t->parent_position = facts.parent_position;
			memcpy(t->name, facts.name, sizeof(t->name));
			t->name[sizeof(t->name) - 1] = 0;
			irt_inherit_later(s, t);
			/* A tid that comes again in the same process: its old owner is gone. (Slots are used again in
			 * any order: ids tell which is the old one. And not if a sandbox has refused to tell it.) */
			for (struct irt_drained_thread *o = NULL; t->tid > 0 && (o = irt_session_same_tid(s, t, o));) {
				struct irt_drained_thread *old = o->id < t->id ? o : t;
				if (!old->dead)
					old->dead = old->gone_alone = 1;
			}
		}
		t->slot = i;
		irt_ask_creator(s, t, facts.key);
	}
}

int irt_pool_is_awaited(const struct irt_session *s)
{
	if (!irt_load_acquire(&s->at.map.ring->waiters)) /* A10 */
		return 0;
	for (uint32_t i = 0; i < s->thread_count; i++) {
		const struct irt_drained_thread *t = s->threads[i];
		if (!t->dead && t->slot < IRT_THREAD_MAX && irt_load_relaxed(&s->at.map.threads[t->slot].waiting))
			return 1;
	}
	return 0;
}

int irt_tid_in_proc(const struct irt_drained_thread *t)
{
	const struct irt_drained_process *p = t->process;
	return p->proc_pid == p->facts.pid ? t->tid : t->tid == p->facts.pid ? p->proc_pid : 0;
}

void irt_read_name(struct irt_drained_thread *t)
{
	char name[32];
	long n = irt_read_proc(name, sizeof(name), "%d/task/%d/comm", t->process->proc_pid, irt_tid_in_proc(t));
	if (n > 1) {
		name[n - 1] = 0;
		name[sizeof(t->name) - 1] = 0;
		if (strcmp(name, t->name)) {
			strcpy(t->name, name);
			t->changed = 1;
		}
	}
}

/* Does the process go on? Asked once per check, behind the look at its threads: of those that a dying
 * process takes with it, some are gone before it is. One that has been told that all is written (at
 * exit) may be on its way at any moment. */
static int goes_on(struct irt_session *s, struct irt_drained_process *p)
{
	int left = 0;
	if (p->alive_check == s->thread_checks)
		return p->alive;
	p->alive_check = s->thread_checks;
	p->alive = irt_start_time(p->facts.pid, 0, NULL) == p->facts.start_time && irt_goes_on(p->proc_pid, p->proc_pid, &left);
	for (uint32_t i = 0; i < s->thread_count && left; i++) {
		const struct irt_drained_thread *t = s->threads[i];
		if (t->process == p && !t->dead && !t->noted_gone && t->tid != p->facts.pid) {
			p->alive = irt_goes_on(p->proc_pid, irt_tid_in_proc(t), NULL);
			left = 0;
		}
	}
	p->alive &= !p->ending || p->flushed != p->flush;
	return p->alive;
}

/* Which threads are gone. */
static void find_gone(struct irt_session *s, int names)
{
	s->thread_checks++;
	s->thread_turn += names != 0;
	s->joined = s->staying = 0;
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		t->noted_gone = 0;
		if (t->dead)
			continue;
		if (t->process->dead) {
			t->dead = 1;
			continue;
		}
		s->staying++;
		if (t->process->foreign || t->tid <= 0)
			continue; /* of another pid namespace: its tids mean nothing here */
		if (syscall(SYS_tgkill, t->process->facts.pid, t->tid, 0) != 0 && errno == ESRCH)
			t->noted_gone = 1;
		if (t->noted_gone || !names)
			continue;
		irt_read_name(t);
		irt_look_for_sandbox(s, t, i);
	}
	/* Or they went with their process, whose death has not been told yet: asked behind them. */
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (t->noted_gone) {
			s->staying--;
			t->dead = 1;
			t->gone_alone = goes_on(s, t->process);
		}
	}
}

/* Each second, because of their names too; when as many have come as there were (so each is asked about
 * a few times, however many come and go); more often while memory is short, which the dead ones hold. */
void irt_check_threads(struct irt_session *s)
{
	int names = s->look_ns - s->thread_names_ns >= 1000000000u;
	if (!names && !s->must_check_threads && s->joined < IRT_CHECK_THREADS + s->staying &&
	    !(s->awaited && (s->joined || s->look_ns - s->thread_check_ns >= 5000000u)))
		return;
	find_gone(s, names);
	s->must_check_threads = 0;
	s->thread_check_ns = s->look_ns;
	if (names)
		s->thread_names_ns = s->look_ns;
}
