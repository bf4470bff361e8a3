/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * calls.c PROGRAM [every|ERRNO once|on N] - the nth system call that the runtime makes inside the traced
 * program fails, alone or with all after it, until a run needs no more. Each time the program prints and
 * returns what it always does and says at most one sentence; its trace is whole, says what is lost, or is
 * not there because of what the sentence says.
 *
 * By ptrace and not by strace's injection, because only the runtime's own calls are meant, of all threads
 * and processes of the program in one count, and those of the clones that start the drain, which no tracer
 * sees unless the flag that hides them is taken away. The drain itself runs untraced.
 */
#include "runs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

enum { TASKS = 64, UNTRACED_FLAG = 0x00800000, OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL };

struct task {
	pid_t pid; /* 0 = free */
	int stopped_once, failing;
};

static struct task tasks[TASKS];
static char *program[2];
static uint64_t runtime_start, runtime_end;
static pid_t first;
static volatile sig_atomic_t timed_out;
static int failures;
static long checks;

static struct {
	long at, count, fired;
	int on, error;
	long call; /* the first that failed */
} plan;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	timed_out = 1;
	for (int i = 0; i < TASKS; i++)
		if (tasks[i].pid)
			kill(tasks[i].pid, SIGKILL);
}

static struct task *task_of(pid_t pid)
{
	struct task *free_one = NULL;
	for (int i = 0; i < TASKS; i++) {
		if (tasks[i].pid == pid)
			return &tasks[i];
		if (!tasks[i].pid && !free_one)
			free_one = &tasks[i];
	}
	if (!free_one)
		abort();
	*free_one = (struct task){.pid = pid};
	return free_one;
}

/* Where the runtime's code lies; the same in all processes of a run. */
static int is_runtime(pid_t pid, uint64_t at)
{
	char name[64], line[1024], access[8];
	unsigned long long start, end;
	if (!runtime_end) {
		snprintf(name, sizeof(name), "/proc/%d/maps", pid);
		FILE *f = fopen(name, "r");
		while (f && fgets(line, sizeof(line), f))
			if (strstr(line, "libinstr_rt") && sscanf(line, "%llx-%llx %7s", &start, &end, access) == 3 && access[2] == 'x') {
				runtime_start = start;
				runtime_end = end;
			}
		if (f)
			fclose(f);
	}
	return at >= runtime_start && at < runtime_end;
}

/* By their manual pages. (And where the run lies, and whether it may, depends on the two numbers.) */
static int is_never_failing(uint64_t number)
{
	return number == SYS_exit || number == SYS_getuid || number == SYS_geteuid;
}

/* A stop at a system call's begin or end. */
static void at_call(struct task *t)
{
	struct ptrace_syscall_info info;
	struct user_regs_struct regs;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, (void *)sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		if (t->failing)
			ptrace(PTRACE_POKEUSER, t->pid, (void *)offsetof(struct user_regs_struct, rax), (void *)(long)-plan.error);
		t->failing = 0;
		return;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_runtime(t->pid, info.instruction_pointer) || is_never_failing(info.entry.nr) ||
	    ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) != 0)
		return;
	if (info.entry.nr == SYS_clone && regs.rdi & UNTRACED_FLAG) {
		regs.rdi &= ~(unsigned long long)UNTRACED_FLAG;
		ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
	}
	if (plan.on && info.entry.nr == SYS_write && info.entry.args[0] == 2)
		return; /* else no sentence could be said */
	long n = ++plan.count;
	if (!plan.at || (n != plan.at && !(plan.on && n > plan.at)))
		return;
	if (!plan.fired++)
		plan.call = (long)info.entry.nr;
	t->failing = 1;
	ptrace(PTRACE_POKEUSER, t->pid, (void *)offsetof(struct user_regs_struct, orig_rax), (void *)-1L);
}

/* Returns the signal to go on with, or -1: it has been let go. */
static int at_stop(struct task *t, int status)
{
	int signal_number = WSTOPSIG(status), event = status >> 16;
	if (signal_number == (SIGTRAP | 0x80)) {
		at_call(t);
		return 0;
	}
	if (event == PTRACE_EVENT_EXEC && t->pid != first) { /* the drain */
		ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
		t->pid = 0;
		return -1;
	}
	if (event)
		return 0;
	if (signal_number == SIGSTOP && !t->stopped_once) {
		t->stopped_once = 1;
		return 0;
	}
	return signal_number;
}

static void run(struct run *r, long at, int on, int error)
{
	int status;
	memset(r, 0, sizeof(*r));
	memset(&plan, 0, sizeof(plan));
	memset(tasks, 0, sizeof(tasks));
	plan.at = at;
	plan.on = on;
	plan.error = error;
	runtime_end = 0;
	timed_out = 0;
	run_clear();
	first = run_start(program, 1);
	if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, first, NULL, (void *)(long)OPTIONS))
		exit(2);
	task_of(first)->stopped_once = 1;
	ptrace(PTRACE_SYSCALL, first, NULL, NULL);
	alarm(RUN_SECONDS);
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break; /* all have ended or were let go */
		struct task *t = task_of(pid);
		if (!WIFSTOPPED(status)) {
			t->pid = 0;
			if (pid == first)
				r->status = status;
			continue;
		}
		int go_on = at_stop(t, status);
		if (go_on >= 0)
			ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)go_on);
	}
	alarm(0);
	r->timed_out = timed_out;
	run_judge(r);
	checks++;
}

/* No trace, or one that says that it is not whole, must have been announced. */
static const char *fault_of(const struct run *r)
{
	const char *why = run_fault(r);
	if (why)
		return why;
	if (!r->has_file && strncmp(r->err, "instr: cannot record", 20) && strncmp(r->err, "instr: no drain", 15))
		return "there is no trace, and no sentence";
	return r->has_file && !strcmp(r->state, "recording") ? "it is not complete" : NULL;
}

static void report(const struct run *r, long n, const char *why)
{
	printf("call %ld of %ld (number %ld) gives %s%s: %s\n", n, plan.count, plan.call, strerror(plan.error),
	       plan.on ? ", and all after it" : "", why);
	run_show(r);
	failures++;
}

static void all(const char *pass, int on, int error, long stride)
{
	struct run r;
	long without = 0, fired = 0, whole = 0, told = 0;
	for (long n = 1 + (stride > 1 ? getpid() % stride : 0); without < 2 && failures < 10; n += stride) {
		run(&r, n, on, error);
		without = plan.fired ? 0 : without + 1;
		fired += plan.fired > 0;
		whole += plan.fired && r.has_file && r.recorded == RUN_EVENTS;
		told += plan.fired && r.err[0];
		if (fault_of(&r))
			report(&r, n, fault_of(&r));
	}
	if (!fired)
		report(&r, 0, "nothing has failed");
	printf("%s %s: %ld runs with a failure, %ld of them with a whole trace, %ld with a sentence\n", failures ? "FAILED" : "ok", pass,
	       fired, whole, told);
}

int main(int argc, char **argv)
{
	static const int errors[] = {EPERM, ENOMEM, EINVAL, EAGAIN, ENOSYS, EMFILE, EIO};
	struct run r;
	if (argc < 2)
		return 2;
	program[0] = argv[1];
	struct sigaction alarm_action = {.sa_handler = on_alarm};
	sigaction(SIGALRM, &alarm_action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);

	if (argc > 4) { /* to look at one again */
		run(&r, atol(argv[4]), !strcmp(argv[3], "on"), atoi(argv[2]));
		report(&r, atol(argv[4]), fault_of(&r) ? fault_of(&r) : "good");
		return 0;
	}
	run(&r, 0, 0, 0);
	if (run_fault(&r) || r.recorded != RUN_EVENTS || r.err[0] || r.unnamed || plan.count < 50)
		report(&r, 0, "the run without a failure is not as it should be");
	int every = argc > 2 && !strcmp(argv[2], "every");
	if (every) {
		for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
			all(strerror(errors[i]), 0, errors[i], 1);
		all("Operation not permitted from one on", 1, EPERM, 1);
		all("Function not implemented from one on", 1, ENOSYS, 1);
	} else {
		all("one_system_call_is_not_permitted", 0, EPERM, 1);
		all("one_system_call_has_no_memory", 0, ENOMEM, 3);
		all("all_system_calls_from_one_on_are_not_permitted", 1, EPERM, 4);
	}
	printf("%ld runs, %d failed\n", checks, failures);
	return failures != 0;
}
