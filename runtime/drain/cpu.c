/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cpu.c - how long each thread has run, and how long it was ready to and had no processor: what the kernel's
 * scheduler has counted (/proc/PID/task/TID/schedstat), read while the thread is there. Nothing in the traced
 * program is asked, and nothing can be once a thread is gone: what is known of one that ended before its process
 * is the last reading.
 *
 *     quiet ──a thread has run──► looking: every LOOK_NS, less often the more threads there are
 *       ▲                            │
 *       └──── none has, for a look ◄─┘    (quiet: whenever the drain is awake, and each second)
 *
 * At exit the program waits for the drain (join.c, flush): all its threads are read then.
 */
#include "drain/session.h"

#include <stdio.h>

enum {
	LOOK_NS = 10 * 1000 * 1000,
	LOOK_THREADS = 4,           /* so many are read at each look, on the average: a few microseconds each */
	SECOND_NS = 1000 * 1000 * 1000,
	RUNNING_NS = 1000 * 1000,   /* in a look: it is at work, not just woken now and then */
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

static uint64_t between_looks(const struct irt_session *s)
{
	return s->thread_count <= LOOK_THREADS ? LOOK_NS : (uint64_t)LOOK_NS * s->thread_count / LOOK_THREADS;
}

static int is_leaving(const struct irt_drained_process *p) { return p->flush != p->flushed; }

void irt_look_at_cpu(struct irt_session *s)
{
	uint64_t since = s->look_ns - s->cpu_look_ns;
	int due = since >= between_looks(s), leaving = 0;

	for (uint32_t i = 0; i < s->process_count; i++)
		leaving |= is_leaving(s->processes[i]);
	if (!due && !leaving)
		return;
	/* Its row goes to the file once a second; all of it is written with the thread's last. */
	int put = s->look_ns - s->cpu_put_ns >= SECOND_NS;
	int64_t ticks = (int64_t)(s->looked_ticks - s->at.facts.start_ticks), ran_ns = 0;
	for (uint32_t i = 0; i < s->thread_count; i++) {
		struct irt_drained_thread *t = s->threads[i];
		if (t->dead || t->process->dead || t->process->foreign || (!due && !is_leaving(t->process)))
			continue;
		int64_t before_ns = t->cpu.ran_ns;
		read_cpu(t, ticks);
		ran_ns += t->cpu.ran_ns - before_ns;
		if ((put || is_leaving(t->process)) && t->cpu.ran_ns != t->cpu_put_ns) {
			t->changed = 1;
			s->dirty = 1;
		}
	}
	if (due) {
		s->cpu_looking = ran_ns >= RUNNING_NS;
		s->cpu_look_ns = s->look_ns;
	}
	if (put)
		s->cpu_put_ns = s->look_ns;
}

uint64_t irt_cpu_nap(const struct irt_session *s)
{
	return s->cpu_looking ? between_looks(s) : SECOND_NS;
}
