/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * launch.c - starts the drain so that the program sees nothing of it.
 *
 * clone(VM | VFORK | UNTRACED, no exit signal) -> clone(the same) -> execveat. The middle one ends at
 * once and is reaped with __WCLONE, so the program has no child, gets no SIGCHLD, and waitpid(-1)
 * finds nothing; the drain belongs to init (or to the nearest subreaper). Signals are blocked by the
 * caller.
 *
 * The drain's image travels inside the runtime (drain_image.S): it is run from a memfd, else from
 * a file of mode 0700 in the run's folder or the output folder, unlinked once started.
 *
 * valgrind (3.19) makes forks of both clones, in copied memory, runs libc's cleanup when one ends by exit
 * (so what the program has in its buffers is printed again), and does not know execveat's empty path. So
 * there is a second path to exec, and under valgrind these two end by a signal.
 */
#include "control/control.h"

#include "base/testpoint.h"
#include "instr/errors.h"

enum {
	CLONE_FLAGS = 0x00000100 | 0x00004000 | 0x00800000, /* CLONE_VM | CLONE_VFORK | CLONE_UNTRACED */
	MFD_CLOEXEC = 1, MFD_EXEC = 0x10,
	WCLONE = (int)0x80000000u,
	STACK_BYTES = 8192,
	STARTS_PER_HOUR = 3,
};

#define STARTING_NS UINT64_C(2000000000) /* so long may a drain take from its start to its first round */
#define HOUR_NS UINT64_C(3600000000000)

extern const unsigned char irt_drain_image[] IRT_HIDDEN;
extern const unsigned char irt_drain_image_end[] IRT_HIDDEN;

static unsigned char middle_stack[STACK_BYTES] __attribute__((aligned(16)));
static unsigned char drain_stack[STACK_BYTES] __attribute__((aligned(16)));

struct start {
	int fd;
	long error;
	char path[32]; /* the image, for execve */
	const char *arguments[4];
	const char *environment[1];
};

/* Runs fn(arg) in a clone that shares memory, on its own stack; fn's result is its exit status. */
static long clone_run(unsigned char *stack, int (*fn)(void *), void *arg)
{
	long r = __NR_clone;
	register void *fn_register __asm__("r12") = (void *)fn;
	register void *arg_register __asm__("r13") = arg;
	register long none10 __asm__("r10") = 0;
	register long none8 __asm__("r8") = 0;
	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "movl %%eax, %%edi\n\t"
			 "movl $60, %%eax\n\t" /* exit */
			 "syscall\n"
			 "1:"
			 : "+a"(r)
			 : "D"((long)CLONE_FLAGS), "S"(stack + STACK_BYTES), "d"(0L), "r"(none10), "r"(none8),
			   "r"(fn_register), "r"(arg_register)
			 : "rcx", "r11", "memory", "cc");
	return r;
}

/* valgrind knows this sequence, which does nothing elsewhere (valgrind.h, RUNNING_ON_VALGRIND). */
static int is_on_valgrind(void)
{
	uint64_t request[6] = {0x1001}, answer = 0;
	__asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(answer)
			 : "a"(request)
			 : "cc", "memory");
	return answer != 0;
}

/* Not by kill, which valgrind makes an exit of its own. */
static void leave_fork(void)
{
	static int32_t info[32] = {[2] = -1 /* SI_QUEUE */};
	if (is_on_valgrind())
		irt_sys3(__NR_rt_sigqueueinfo, irt_sys_getpid(), 9 /* SIGKILL */, (long)info);
}

static int run_drain(void *p)
{
	struct start *s = p;
	s->error = irt_sys6(__NR_execveat, s->fd, (long)"", (long)s->arguments, (long)s->environment,
			    IRT_AT_EMPTY_PATH, 0);
	s->error = irt_sys3(__NR_execve, (long)s->path, (long)s->arguments, (long)s->environment);
	leave_fork();
	return 127;
}

static int run_middle(void *p)
{
	struct start *s = p;
	long r = clone_run(drain_stack, run_drain, s);
	if (irt_failed(r))
		s->error = r;
	leave_fork();
	return 0;
}

static int write_image(int fd)
{
	const unsigned char *at = irt_drain_image;
	while (at < irt_drain_image_end) {
		long n = irt_sys_write(fd, at, (size_t)(irt_drain_image_end - at));
		if (n <= 0)
			return 0;
		at += n;
	}
	return 1;
}

static int open_memfd(void)
{
	long fd = irt_sys3(__NR_memfd_create, (long)"instr-drain", MFD_CLOEXEC | MFD_EXEC, 0);
	if (fd == -IRT_EINVAL) /* Linux before 6.3 */
		fd = irt_sys3(__NR_memfd_create, (long)"instr-drain", MFD_CLOEXEC, 0);
	if (fd >= 0 && !write_image((int)fd)) {
		irt_sys_close((int)fd);
		return -1;
	}
	return (int)fd;
}

static int open_file(const char *folder)
{
	static char name[IRT_PATH_BYTES + 32];
	struct irt_text t = irt_text_in(name, sizeof(name));
	irt_text_add(&t, folder);
	irt_text_add(&t, "/.instr-drain-");
	irt_text_number(&t, (uint64_t)irt_sys_getpid());
	int fd = (int)irt_sys_open(name, IRT_O_WRONLY | IRT_O_CREAT | IRT_O_EXCL | IRT_O_NOFOLLOW | IRT_O_CLOEXEC, 0700);
	if (fd < 0)
		return fd;
	int good = write_image(fd);
	irt_sys_close(fd);
	fd = good ? (int)irt_sys_open(name, IRT_O_RDONLY | IRT_O_CLOEXEC, 0) : -1;
	irt_sys3(__NR_unlink, (long)name, 0, 0);
	return fd;
}

static long try_start(int fd)
{
	static struct start s;
	if (fd < 0)
		return fd;
	s = (struct start){.fd = fd, .arguments = {"instr-drain", "--run", irt_ring_folder, NULL}};
	struct irt_text path = irt_text_in(s.path, sizeof(s.path));
	irt_text_add(&path, "/proc/self/fd/");
	irt_text_number(&path, (uint64_t)fd);
	long middle = clone_run(middle_stack, run_middle, &s);
	if (!irt_failed(middle)) {
		int status = 0;
		IRT_TESTPOINT(launch_unreaped);
		while (irt_sys4(__NR_wait4, middle, (long)&status, WCLONE, 0) == -IRT_EINTR)
			;
	} else {
		s.error = middle;
	}
	irt_sys_close(fd);
	return s.error;
}

int irt_launch_drain(void)
{
	struct irt_ring *ring = irt_map.ring;
	irt_store_relaxed(&ring->drain_pid, 0u); /* it says itself when it is there */
	irt_store_relaxed(&ring->last_start_monotonic_ns, irt_sys_clock_ns(1));
	irt_add_relaxed(&ring->drain_starts, 1);
	IRT_TESTPOINT(launch_counted);
	long r = try_start(open_memfd());
	if (r != 0)
		r = try_start(open_file(irt_ring_folder));
	if (r != 0)
		r = try_start(open_file(ring->out_directory));
	return r == 0 ? 0 : INSTR_ERR_IO;
}

/* The lease tells whether somebody drains: it ends with its holder, whatever became of the process
 * (its pid may be a zombie's, another's, or of another namespace). */
static int lease_is_free(void)
{
	struct { int16_t type, whence; int64_t start, length; int32_t pid; } lock = {.type = 1 /* F_WRLCK */};
	int folder = (int)irt_sys_open(irt_ring_folder, IRT_O_PATH | IRT_O_DIRECTORY | IRT_O_CLOEXEC, 0);
	if (folder < 0)
		return -1;
	long fd = irt_sys4(__NR_openat, folder, (long)"lease", IRT_O_RDWR | IRT_O_NOFOLLOW | IRT_O_CLOEXEC, 0);
	irt_sys_close(folder);
	if (irt_failed(fd))
		return -1;
	long r = irt_sys3(__NR_fcntl, fd, 36 /* F_OFD_GETLK */, (long)&lock);
	irt_sys_close((int)fd);
	return irt_failed(r) ? -1 : lock.type == 2 /* F_UNLCK */;
}

static int is_gone(uint32_t pid) { return irt_sys3(__NR_kill, pid, 0, 0) == -3 /* ESRCH */; }

/* Called when the drain has not moved for half a second. Starts another one if it is gone; whoever
 * holds the lease drains, a second drain ends at once. Returns 0 if there is none and none starts. */
int irt_restart_drain(void)
{
	struct irt_ring *ring = irt_map.ring;
	uint32_t pid = irt_load_relaxed(&ring->drain_pid), starter = irt_load_relaxed(&ring->starting_pid);
	uint64_t now = irt_is_quiet() ? 0 : irt_sys_clock_ns(1), since = now - irt_load_relaxed(&ring->last_start_monotonic_ns);
	uint64_t blocked = UINT64_MAX, before = 0;

	if (irt_load_relaxed(&ring->failed) || !now)
		return 0;
	if (!pid && since < STARTING_NS)
		return 1;
	/* A handler that leaves by siglongjmp would leave a descriptor open, or the start to nobody. */
	if (irt_failed(irt_sys4(__NR_rt_sigprocmask, IRT_SIG_SETMASK, (long)&blocked, (long)&before, 8)))
		return 0; /* a handler would run in the clones, too */
	int started = 1, free = lease_is_free();
	if (free < 0) /* out of sight, as after chroot */
		free = !pid || is_gone(pid);
	if (free && irt_load_relaxed(&ring->drain_starts) > STARTS_PER_HOUR && since < HOUR_NS) {
		started = 0;
	} else if (free && (!starter || is_gone(starter)) &&
		   irt_cas_acq_rel(&ring->starting_pid, &starter, (uint32_t)irt_sys_getpid())) { /* A16 */
		IRT_TESTPOINT(restart_claimed);
		if (irt_load_relaxed(&ring->drain_pid) == pid) /* nobody was faster */
			started = irt_launch_drain() == 0;
		irt_store_release(&ring->starting_pid, (uint32_t)0); /* R16 */
	}
	irt_sys4(__NR_rt_sigprocmask, IRT_SIG_SETMASK, (long)&before, 0, 8);
	return started;
}
