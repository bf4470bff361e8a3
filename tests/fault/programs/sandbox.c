/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sandbox.c HOW CALLS - a program that shuts itself in, reads a line from stdin, then makes CALLS calls
 * of work, prints "done" and ends by _exit, all by the few system calls that are left to it.
 *
 *     eperm, enosys   a filter that gives this answer to all others
 *     success         ... that answers 0, as if they had done something
 *     thread          eperm; a thread that is there already, but has not called anything traced, makes
 *                     the calls instead
 *     fork            eperm, but fork and waitpid are allowed; a child makes as many calls again
 *     new             eperm, but threads may be made; eight new ones make the calls
 *     kill            a filter that kills for all others. (Strict mode does more: it takes away the
 *                     timestamp counter, so that any hook is death.)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNTRACED __attribute__((annotate("instr_skip")))

static int work(int n) { return n + 1; }

UNTRACED static void make_calls(long calls)
{
	for (long i = 0; i < calls; i++)
		work((int)i);
}

#define ALLOW(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define END(answer) BPF_STMT(BPF_RET | BPF_K, answer)
#define LOAD BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define BASIC LOAD, ALLOW(read), ALLOW(write), ALLOW(exit), ALLOW(exit_group), ALLOW(rt_sigreturn)
#define THREADS ALLOW(clone3), ALLOW(clone), ALLOW(mmap), ALLOW(munmap), ALLOW(mprotect), ALLOW(set_robust_list), \
	ALLOW(rseq), ALLOW(rt_sigprocmask), ALLOW(futex), ALLOW(madvise)
#define SHUT_IN(...)                                                                          \
	do {                                                                                  \
		struct sock_filter code[] = {__VA_ARGS__};                                    \
		struct sock_fprog program = {sizeof(code) / sizeof(*code), code};             \
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||                                 \
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program)) \
			_exit(77);                                                            \
	} while (0)

UNTRACED static void wait_for_line(void)
{
	char c;
	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static volatile int may_go, is_ready, is_done;

UNTRACED static void *waiting_thread(void *arg)
{
	is_ready = 1;
	while (!may_go) /* no futex any more */
		;
	make_calls((long)(intptr_t)arg);
	is_done = 1;
	for (;;)
		;
	return NULL;
}

UNTRACED static void *new_thread(void *arg)
{
	make_calls((long)(intptr_t)arg);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	long calls = argc > 2 ? atol(argv[2]) : 0;
	pthread_t id;

	work(0);
	if (!strcmp(how, "thread")) {
		pthread_create(&id, NULL, waiting_thread, (void *)(intptr_t)calls);
		while (!is_ready)
			;
	}
	if (!strcmp(how, "enosys"))
		SHUT_IN(BASIC, END(SECCOMP_RET_ERRNO | ENOSYS));
	else if (!strcmp(how, "success"))
		SHUT_IN(BASIC, END(SECCOMP_RET_ERRNO));
	else if (!strcmp(how, "fork"))
		SHUT_IN(BASIC, ALLOW(clone), ALLOW(wait4), END(SECCOMP_RET_ERRNO | EPERM));
	else if (!strcmp(how, "new"))
		SHUT_IN(BASIC, THREADS, END(SECCOMP_RET_ERRNO | EPERM));
	else if (!strcmp(how, "kill"))
		SHUT_IN(BASIC, END(SECCOMP_RET_KILL_PROCESS));
	else
		SHUT_IN(BASIC, END(SECCOMP_RET_ERRNO | EPERM));
	if (write(1, "shut in\n", 8) != 8)
		_exit(1);
	wait_for_line();

	if (!strcmp(how, "thread")) {
		may_go = 1;
		while (!is_done)
			;
	} else if (!strcmp(how, "new")) {
		for (int i = 0; i < 8; i++) {
			if (pthread_create(&id, NULL, new_thread, (void *)(intptr_t)(calls / 8)))
				_exit(2);
			pthread_join(id, NULL);
		}
	} else {
		make_calls(calls);
	}
	if (!strcmp(how, "fork")) {
		int status = 0;
		pid_t child = fork();
		if (child == 0) {
			make_calls(calls);
			_exit(5);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 5)
			_exit(2);
	}
	if (write(1, "done\n", 5) != 5)
		_exit(1);
	_exit(3);
}
