/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cpu.c - how long each thread has run, and how long it was ready to and had no processor: what the kernel's
 * scheduler has counted (/proc/PID/task/TID/schedstat), read while the thread is there. Nothing in the traced
 * program is asked, and nothing can be once a thread is gone: what is known of one that ended before its process
 * is the last reading.
 *
 *     idle ──a thread has come, or has run──► looking: again after LOOK_NS, or a sixty-fourth of what the thread has
 *       ▲                                      │      run, at most LOOK_MOST_NS; later the more threads there are
 *       └──none has run since the last look────┘
 *
 * (idle: whenever the drain is awake, and each second.) So what is missing of a thread at its end is two percent, or
 * ten milliseconds. At exit the program waits for the drain (join.c, flush): all its threads are read then.
 */
#include "drain/session.h"

#include <stdio.h>

enum {
	LOOK_NS = 10 * 1000 * 1000,
	LOOK_MOST_NS = 50 * 1000 * 1000, /* new threads come while old ones run */
	LOOK_THREADS = 8,                /* from so many on looks are rarer: reading one takes a few microseconds */
	NAME_LOOKS = 4,
	SECOND_NS = 1000 * 1000 * 1000,
	RUNNING_NS = 1000 * 1000,        /* between two looks: it is at work, not just woken now and then */
};

/* Numbers that go back are of another thread, which has the tid now. */
static void read_cpu(struct irt_drained_thread *t, int64_t ticks)
{
	char text[128];
	long long ran_ns, ready_ns;
	int tid = irt_tid_in_proc(t);

	if (tid <= 0 || !t->process->proc_pid ||
	    irt_read_proc(text, sizeof(text), "%d/task/%d/schedstat", t->process->proc_pid, tid) < 0 ||
	    sscanf(text, "%lld %lld", &ran_ns, &ready_ns) != 2 || ran_ns < t->cpu.ran_ns || ready_ns < t->cpu.ready_ns)
		return;
	t->cpu = (struct irt_cpu){.ran_ns = ran_ns, .ready_ns = ready_ns, .ticks = ticks};
}

/* How long until the next look that this thread wants; SECOND_NS: any. */
static uint64_t next_look(const struct irt_drained_thread *t, const struct irt_cpu *before)
{
	uint64_t want = (uint64_t)t->cpu.ran_ns / 64;
	if (!t->cpu.ticks || (before->ticks && t->cpu.ran_ns - before->ran_ns < RUNNING_NS))
		return SECOND_NS;
	return !before->ticks || want < LOOK_NS ? LOOK_NS : want < LOOK_MOST_NS ? want : LOOK_MOST_NS;
}

static int is_leaving(const struct irt_drained_process *p) { return p->flush != p->flushed; }

/* Where none is at work: when there is something to do anyway. */
static int all_are_due(const struct irt_session *s)
{
	uint64_t wait_ns = s->cpu_next_ns < SECOND_NS ? s->cpu_next_ns : s->cpu_crowd * LOOK_NS;
	return s->look_ns - s->cpu_look_ns >= wait_ns;
}

/* One that has just come is read LOOK_NS later: of one that is gone by then nothing is known, which is better than
 * what it had run when it began. A process's exit is the last time. */
void irt_look_at_cpu(struct irt_session *s)
{
	int due = all_are_due(s), put = due && s->look_ns - s->cpu_put_ns >= SECOND_NS;
	int64_t ticks = (int64_t)(s->looked_ticks - s->at.facts.start_ticks);
	uint64_t next_ns = due ? SECOND_NS : s->cpu_next_ns;

	s->cpu_crowd = s->thread_count / LOOK_THREADS + 1;
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		struct irt_cpu before = t->cpu;
		if (t->dead || t->process->dead || t->process->foreign)
			continue;
		if (!due && !is_leaving(t->process)) {
			uint64_t soon = s->look_ns - s->cpu_look_ns + LOOK_NS * s->cpu_crowd;
			if (!t->cpu_looks && soon < next_ns)
				next_ns = soon;
			t->cpu_looks += !t->cpu_looks;
			continue;
		}
		/* Threads give themselves a name when they begin: a short one's must not wait for the second. */
		if (t->cpu_looks && t->cpu_looks < NAME_LOOKS)
			irt_read_name(t);
		t->cpu_looks++;
		read_cpu(t, ticks);
		uint64_t want = next_look(t, &before);
		if (want < SECOND_NS && want * s->cpu_crowd < next_ns)
			next_ns = want * s->cpu_crowd;
		/* Its row goes to the file once a second; all of it is written with the thread's last. */
		if ((put || is_leaving(t->process)) && t->cpu.ran_ns != t->cpu_put_ns) {
			t->changed = 1;
			s->dirty = 1;
		}
	}
	s->cpu_next_ns = next_ns;
	if (due)
		s->cpu_look_ns = s->look_ns;
	if (put)
		s->cpu_put_ns = s->look_ns;
}

uint64_t irt_cpu_nap(const struct irt_session *s)
{
	uint64_t since = s->look_ns - s->cpu_look_ns;
	return since + RUNNING_NS < s->cpu_next_ns ? s->cpu_next_ns - since : RUNNING_NS;
}
