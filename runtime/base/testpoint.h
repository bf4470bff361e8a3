/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * testpoint.h - named moments in the protocols between program, drain and file, at which tests/crash
 * stops whoever has come there, to kill it, the other side, or both.
 *
 *     IRT_TESTPOINT(sub_taken);
 *
 * Costs nothing in the library that users get: the macro is empty unless INSTR_TESTPOINTS is defined,
 * which tests/crash does for a copy of runtime, drain and instr-recover of its own. There a file
 * "testpoint" in the working directory names a point and a count ("sub_taken 3"). Who comes to that point
 * for that time (of its own process) takes the file, says its process id in "testpoint.hit", and stops
 * itself by SIGSTOP. The file goes with the first to take it, so a drain that is started afterwards runs
 * through. (A file, because the drain is started without an environment, and its working directory is the
 * program's.)
 *
 * The tests find the points by this macro's name in the sources: each name stands in one place, and a
 * point that no test comes to is a failure.
 */
#ifndef IRT_BASE_TESTPOINT_H
#define IRT_BASE_TESTPOINT_H

#ifndef INSTR_TESTPOINTS

#define IRT_TESTPOINT(name) ((void)0)

#else

#include "base/atomic.h"
#include "base/os.h"

#define IRT_TESTPOINT(name) irt_testpoint(#name)

/* The file's name and count, read once per process (and source file: each has a copy of this). 1: armed. */
static inline int irt_testpoint_read(char *name, uint32_t bytes, uint32_t *count)
{
	char text[80];
	uint32_t at = 0;
	int fd = (int)irt_sys_open("testpoint", IRT_O_RDONLY | IRT_O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	long n = irt_sys_read(fd, text, sizeof(text));
	irt_sys_close(fd);
	while (at < n && at + 1 < bytes && text[at] != ' ') {
		name[at] = text[at];
		at++;
	}
	name[at++] = 0;
	for (*count = 0; at < n && text[at] >= '0' && text[at] <= '9'; at++)
		*count = *count * 10 + (uint32_t)(text[at] - '0');
	return *count > 0;
}

static __attribute__((unused, noinline)) void irt_testpoint(const char *name)
{
	enum { UNREAD, READING, ARMED, OFF };
	static uint32_t state, left;
	static char wanted[64];
	uint32_t unread = UNREAD;

	if (irt_load_acquire(&state) == UNREAD && irt_cas_acq_rel(&state, &unread, (uint32_t)READING)) { /* own */
		int armed = irt_testpoint_read(wanted, sizeof(wanted), &left);
		irt_store_release(&state, (uint32_t)(armed ? ARMED : OFF)); /* own */
	}
	if (irt_load_acquire(&state) != ARMED || !irt_same(wanted, name, irt_length(name) + 1) || /* own */
	    irt_sub_relaxed(&left, 1) != 1)
		return;
	irt_store_release(&state, (uint32_t)OFF); /* own */
	if (irt_failed(irt_sys3(__NR_rename, (long)"testpoint", (long)"testpoint.taken", 0)))
		return; /* another process was first */
	char pid[24];
	struct irt_text t = irt_text_in(pid, sizeof(pid));
	irt_text_number(&t, (uint64_t)irt_sys_getpid());
	irt_text_add(&t, "\n");
	int fd = (int)irt_sys_open("testpoint.taken", IRT_O_WRONLY | IRT_O_CLOEXEC | 01000 /* O_TRUNC */, 0);
	irt_sys_write(fd, pid, t.used);
	irt_sys_close(fd);
	irt_sys3(__NR_rename, (long)"testpoint.taken", (long)"testpoint.hit", 0);
	/* To this thread: it does not go one step further. */
	irt_sys3(__NR_tgkill, irt_sys_getpid(), irt_sys_gettid(), 19 /* SIGSTOP */);
}

#endif
#endif
