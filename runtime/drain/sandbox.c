/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sandbox.c - programs to which the kernel refuses system calls, or kills them for one (seccomp). The
 * drain sees a sandbox in /proc and tells the hooks through the process's slot; the other half is
 * irt_is_quiet in runtime/capture/cold.c.
 */
#include "drain/session.h"

#include "base/atomic.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How strictly seccomp holds a thread: 0 not at all, else the number of its filters (1 where the kernel
 * does not count them), INT_MAX in strict mode; -1 = there is no such thread. pid 0: this process. */
static int seccomp_level(int pid, int tid)
{
	char name[64] = "/proc/self/status", line[512];
	int mode = -1, filters = -1;
	if (pid)
		snprintf(name, sizeof(name), "/proc/%d/task/%d/status", pid, tid);
	FILE *f = fopen(name, "re");
	while (f && filters < 0 && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Seccomp:", 8))
			mode = atoi(line + 8);
		else if (!strncmp(line, "Seccomp_filters:", 16))
			filters = atoi(line + 16);
	}
	if (f)
		fclose(f);
	return mode == 1 ? INT_MAX : mode == 2 ? (filters > 0 ? filters : 1) : mode;
}

/* A sandbox that was put up around a thread after the drain began may kill for a system call: the hooks of
 * its process make none from now on. (Those of containers hold the drain as well.) Not all of very many
 * threads are asked each time. */
void irt_look_for_sandbox(struct irt_session *s, struct irt_drained_thread *t, uint32_t index)
{
	struct irt_drained_process *p = t->process;
	if (!s->seccomp_known) {
		s->seccomp_known = 1;
		s->seccomp_level = seccomp_level(0, 0);
	}
	if (p->quiet || (index + s->thread_turn) % (s->thread_count / 64 + 1) ||
	    !p->proc_pid || seccomp_level(p->proc_pid, irt_tid_in_proc(t)) <= s->seccomp_level)
		return;
	p->quiet = 1;
	if (p->slot != UINT32_MAX)
		irt_store_relaxed(&s->at.map.processes[p->slot].quiet, 1u);
}

int irt_session_quiet(const struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++)
		if (!s->processes[i]->dead && s->processes[i]->quiet)
			return 1;
	return 0;
}

void irt_look_for_unjoined(struct irt_session *s)
{
	if (!irt_load_relaxed(&s->at.map.ring->unjoined) || s->unjoined_told)
		return;
	s->unjoined_told = 1;
	irt_session_message(s, "warning", "A process that was forked could not join the run, because a system call was refused to it "
		"or the run holds no more processes: its calls are missing.");
}
