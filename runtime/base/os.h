/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * os.h - raw Linux system calls and the few string helpers that code inside the traced program may
 * use. Such code touches no libc state: no errno, no malloc, no stdio. Every irt_sys_* function
 * returns what the kernel returned: a value, or -errno. All are async-signal-safe.
 *
 * x86-64 only. The system call clobbers rcx and r11, nothing else: no vector register is touched,
 * so these may be called from the cold path of a hook.
 */
#ifndef IRT_BASE_OS_H
#define IRT_BASE_OS_H

#include "base/atomic.h"

#include <stddef.h>
#include <stdint.h>
#include <asm/unistd.h>

static inline long irt_sys6(long n, long a, long b, long c, long d, long e, long f)
{
	long r;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

static inline long irt_sys3(long n, long a, long b, long c)
{
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "0"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}

static inline long irt_sys4(long n, long a, long b, long c, long d)
{
	long r;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return r;
}

/* Kernel constants, spelled here so that no libc header is needed. */
enum {
	IRT_EINTR = 4, IRT_EAGAIN = 11, IRT_EEXIST = 17, IRT_EINVAL = 22, IRT_ETIMEDOUT = 110,
	IRT_O_RDONLY = 0, IRT_O_WRONLY = 1, IRT_O_RDWR = 2, IRT_O_CREAT = 0100, IRT_O_EXCL = 0200,
	IRT_O_NOFOLLOW = 0400000, IRT_O_DIRECTORY = 0200000, IRT_O_CLOEXEC = 02000000,
	IRT_O_PATH = 010000000, IRT_O_NONBLOCK = 04000,
	IRT_PROT_NONE = 0, IRT_PROT_RW = 3, IRT_PROT_READ = 1,
	IRT_MAP_SHARED = 1, IRT_MAP_PRIVATE = 2, IRT_MAP_FIXED = 0x10, IRT_MAP_ANONYMOUS = 0x20,
	IRT_MAP_NORESERVE = 0x4000,
	IRT_MADV_DONTDUMP = 16, IRT_MADV_WIPEONFORK = 18, IRT_MADV_POPULATE_WRITE = 23,
	IRT_FUTEX_WAIT = 0, IRT_FUTEX_WAKE = 1,
	IRT_AT_FDCWD = -100, IRT_AT_EMPTY_PATH = 0x1000,
	IRT_RLIMIT_FSIZE = 1, IRT_RLIMIT_NOFILE = 7, IRT_RLIMIT_AS = 9,
	IRT_SIG_BLOCK = 0, IRT_SIG_SETMASK = 2,
};

struct irt_timespec {
	int64_t tv_sec, tv_nsec;
};

static inline long irt_sys_open(const char *path, int flags, int mode)
{
	return irt_sys4(__NR_openat, IRT_AT_FDCWD, (long)path, flags, mode);
}
static inline long irt_sys_read(int fd, void *p, size_t n) { return irt_sys3(__NR_read, fd, (long)p, (long)n); }
static inline long irt_sys_write(int fd, const void *p, size_t n) { return irt_sys3(__NR_write, fd, (long)p, (long)n); }
static inline long irt_sys_close(int fd) { return irt_sys3(__NR_close, fd, 0, 0); }
static inline long irt_sys_getpid(void) { return irt_sys3(__NR_getpid, 0, 0, 0); }
static inline long irt_sys_gettid(void) { return irt_sys3(__NR_gettid, 0, 0, 0); }
static inline long irt_sys_mmap(void *at, size_t n, int prot, int flags, int fd, long offset)
{
	return irt_sys6(__NR_mmap, (long)at, (long)n, prot, flags, fd, offset);
}
static inline long irt_sys_munmap(void *at, size_t n) { return irt_sys3(__NR_munmap, (long)at, (long)n, 0); }
static inline long irt_sys_madvise(void *at, size_t n, int advice)
{
	return irt_sys3(__NR_madvise, (long)at, (long)n, advice);
}

/* Waits while *word == value, at most timeout_ns (-1: no limit). Shared between processes. */
static inline long irt_sys_futex_wait(const void *word, uint32_t value, int64_t timeout_ns)
{
	struct irt_timespec t = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	return irt_sys6(__NR_futex, (long)word, IRT_FUTEX_WAIT, (long)value,
			timeout_ns < 0 ? 0 : (long)&t, 0, 0);
}
static inline long irt_sys_futex_wake(const void *word, int n)
{
	return irt_sys6(__NR_futex, (long)word, IRT_FUTEX_WAKE, n, 0, 0, 0);
}

/* 0: the kernel does not tell (a seccomp filter refuses the call). */
static inline uint64_t irt_sys_clock_ns(int clock)
{
	struct irt_timespec t = {0, 0};
	irt_sys3(__NR_clock_gettime, clock, (long)&t, 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline int irt_failed(long r) { return r < 0 && r > -4096; }

static inline uint64_t irt_ticks(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Sleeps while *word == value, at most timeout_ns. Returns 0 if it came back at once though nothing has
 * changed and no signal came: a stray wake-up, or, if it happens again, a sandbox that refuses the call
 * whatever it answers. Whoever repeats such a wait burns a CPU: IRT_NAPS_MOST, then give up. */
enum { IRT_NAP_TICKS = 1 << 16, IRT_NAPS_MOST = 8 };
static inline int irt_nap(const uint32_t *word, uint32_t value, int64_t timeout_ns)
{
	uint64_t start = irt_ticks();
	long r = irt_sys_futex_wait(word, value, timeout_ns);
	return r == -IRT_EINTR || irt_load_relaxed(word) != value || irt_ticks() - start >= IRT_NAP_TICKS;
}

/* Bytes and strings. The empty asm keeps the compiler from turning a loop into a libc call. */
static inline void irt_copy(void *to, const void *from, size_t n)
{
	unsigned char *a = to;
	const unsigned char *b = from;
	for (size_t i = 0; i < n; i++) {
		a[i] = b[i];
		__asm__ volatile("" : : : "memory");
	}
}
static inline void irt_zero(void *to, size_t n)
{
	unsigned char *a = to;
	for (size_t i = 0; i < n; i++) {
		a[i] = 0;
		__asm__ volatile("" : : : "memory");
	}
}
static inline size_t irt_length(const char *s)
{
	size_t n = 0;
	while (s[n]) {
		n++;
		__asm__ volatile("" : : : "memory");
	}
	return n;
}
static inline int irt_same(const void *x, const void *y, size_t n)
{
	const unsigned char *a = x, *b = y;
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

/* A bounded text under construction: always terminated, silently cut at its size. */
struct irt_text {
	char *at;
	size_t used, bytes;
};
static inline struct irt_text irt_text_in(char *buffer, size_t bytes)
{
	struct irt_text t = {buffer, 0, bytes};
	buffer[0] = 0;
	return t;
}
static inline void irt_text_bytes(struct irt_text *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n && t->used + 1 < t->bytes; i++)
		t->at[t->used++] = s[i];
	t->at[t->used] = 0;
}
static inline void irt_text_add(struct irt_text *t, const char *s) { irt_text_bytes(t, s, irt_length(s)); }
static inline void irt_text_number(struct irt_text *t, uint64_t v)
{
	char digits[20];
	size_t i = sizeof(digits);
	do
		digits[--i] = (char)('0' + v % 10);
	while (v /= 10);
	irt_text_bytes(t, digits + i, sizeof(digits) - i);
}

#endif
