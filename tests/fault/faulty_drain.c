/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * faulty_drain.c - linked to instr-drain's own objects, with the linker's --wrap: a drain whose nth
 * allocation or system call on files fails, as the plan says (plan.h). Everything else is the real one.
 */
#define _GNU_SOURCE
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static struct fault_plan *plan;

int __real_open(const char *name, int flags, mode_t mode);
void *__real_mmap(void *at, size_t n, int p, int flags, int fd, off_t offset);

__attribute__((constructor)) static void read_plan(void)
{
	int fd = __real_open(FAULT_PLAN, O_RDWR | O_CLOEXEC, 0);
	void *p = fd < 0 ? MAP_FAILED : __real_mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (p != MAP_FAILED)
		plan = p;
}

static int fails(unsigned kind)
{
	if (!plan || !(plan->kinds & kind))
		return 0;
	int64_t n = __atomic_add_fetch(&plan->count, 1, __ATOMIC_RELAXED);
	if (!plan->at || (n != plan->at && !(plan->for_good && n > plan->at)))
		return 0;
	__atomic_add_fetch(&plan->fired, 1, __ATOMIC_RELAXED);
	errno = plan->error;
	return 1;
}

#define WRAP(kind, result, name, failure, parameters, arguments)                  \
	result __real_##name parameters;                                          \
	result __wrap_##name parameters;                                          \
	result __wrap_##name parameters                                           \
	{                                                                         \
		return fails(kind) ? (failure) : __real_##name arguments;         \
	}
#define MEMORY(...) WRAP(FAULT_PLAN_MEMORY, __VA_ARGS__)
#define FILES(...) WRAP(FAULT_PLAN_FILES, __VA_ARGS__)

MEMORY(void *, malloc, NULL, (size_t n), (n))
MEMORY(void *, calloc, NULL, (size_t n, size_t size), (n, size))
MEMORY(void *, realloc, NULL, (void *p, size_t n), (p, n))
MEMORY(void *, aligned_alloc, NULL, (size_t alignment, size_t n), (alignment, n))

/* SQLite asks for those with 64 in their names. */
#define FILES_64(result, name, ...) FILES(result, name, __VA_ARGS__) FILES(result, name##64, __VA_ARGS__)

FILES_64(void *, mmap, MAP_FAILED, (void *at, size_t n, int p, int flags, int fd, off_t offset), (at, n, p, flags, fd, offset))
FILES_64(int, ftruncate, -1, (int fd, off_t size), (fd, size))
FILES(int, fallocate, -1, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
FILES_64(ssize_t, pread, -1, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
FILES_64(ssize_t, pwrite, -1, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
FILES_64(int, fstat, -1, (int fd, struct stat *st), (fd, st))
FILES(ssize_t, read, -1, (int fd, void *to, size_t n), (fd, to, n))
FILES(ssize_t, write, -1, (int fd, const void *from, size_t n), (fd, from, n))
FILES(int, fstatat, -1, (int fd, const char *name, struct stat *st, int flags), (fd, name, st, flags))
FILES(int, linkat, -1, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
FILES(int, renameat, -1, (int a, const char *b, int c, const char *d), (a, b, c, d))
FILES(int, renameat2, -1, (int a, const char *b, int c, const char *d, unsigned e), (a, b, c, d, e))
FILES(int, unlinkat, -1, (int fd, const char *name, int flags), (fd, name, flags))
FILES(int, eventfd, -1, (unsigned value, int flags), (value, flags))
FILES(int, pthread_create, EAGAIN, (void *id, const void *attributes, void *(*run)(void *), void *arg),
	(id, attributes, run, arg))

/* Those with an argument that is not always there: it is passed on as it came. */
FILES_64(int, open, -1, (const char *name, int flags, mode_t mode), (name, flags, mode))
FILES(int, openat, -1, (int fd, const char *name, int flags, mode_t mode), (fd, name, flags, mode))

/* Giving up a lock does not fail on a local file system, and SQLite does not believe that it can: its locks
 * are then held for ever. Where taking them fails for good it takes them for another's and waits, ten seconds
 * for each statement. */
static int must_work(int what, const struct flock *lock)
{
	return (what == F_SETLK || what == F_OFD_SETLK) && (lock->l_type == F_UNLCK || (plan && plan->for_good));
}

#define FCNTL(name)                                                                                         \
	int __real_##name(int fd, int what, void *arg);                                                     \
	int __wrap_##name(int fd, int what, void *arg);                                                     \
	int __wrap_##name(int fd, int what, void *arg)                                                      \
	{                                                                                                   \
		return !must_work(what, arg) && fails(FAULT_PLAN_FILES) ? -1 : __real_##name(fd, what, arg); \
	}
FCNTL(fcntl)
FCNTL(fcntl64)
