/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * attach.c - see attach.h.
 */
#define _GNU_SOURCE
#include "drain/attach.h"

#include "base/atomic.h"
#include "base/testpoint.h"
#include "instr/errors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void irt_runs_folder(const char *beside, char *folder, size_t bytes)
{
	snprintf(folder, bytes, beside ? "%s/.instr-%u" : "%s/instr-%u", beside ? beside : "/dev/shm", (unsigned)geteuid());
}

int irt_is_run_name(const char *name)
{
	return strlen(name) == 32 && strspn(name, "0123456789abcdef") == 32;
}

static int fail(char *error, size_t bytes, int code, const char *what, const char *where)
{
	snprintf(error, bytes, "%s: %s", where, what);
	return code;
}

static int is_private(int fd, mode_t type)
{
	struct stat st;
	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

/* A folder without a ring: somebody has died while removing it, or is making it just now. */
static void remove_rest(const struct irt_attached *a)
{
	struct stat st;
	if (fstatat(a->folder_fd, "lease", &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    (fstat(a->folder_fd, &st) == 0 && time(NULL) - st.st_mtime > 60)) {
		unlinkat(a->folder_fd, "lease", 0);
		rmdir(a->folder);
	}
}

/* Not about the file: it may pass. */
static int may_pass(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE || error == EINTR || error == EIO;
}

static int open_ring(struct irt_attached *a, const char *folder, int how, char *error, size_t bytes)
{
	memset(a, 0, sizeof(*a));
	a->folder_fd = a->ring_fd = a->lease_fd = -1;
	if (strlen(folder) >= sizeof(a->folder))
		return fail(error, bytes, INSTR_ERR_NOT_FOUND, "the path is too long", folder);
	strcpy(a->folder, folder);
	a->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (a->folder_fd < 0)
		return fail(error, bytes, may_pass(errno) ? INSTR_ERR_IO : INSTR_ERR_NOT_FOUND, strerror(errno), folder);
	a->ring_fd = openat(a->folder_fd, "ring", how | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (a->ring_fd < 0 && may_pass(errno)) {
		fail(error, bytes, INSTR_ERR_IO, strerror(errno), folder);
		irt_detach(a);
		return INSTR_ERR_IO;
	}
	if (a->ring_fd < 0 && errno == ENOENT && is_private(a->folder_fd, S_IFDIR)) {
		remove_rest(a);
		irt_detach(a);
		return fail(error, bytes, INSTR_ERR_NOT_FOUND, "the run has ended", folder);
	}
	if (a->ring_fd < 0 || !is_private(a->folder_fd, S_IFDIR) || !is_private(a->ring_fd, S_IFREG) ||
	    fstat(a->ring_fd, &st) != 0) {
		irt_detach(a);
		return fail(error, bytes, INSTR_ERR_PERMISSION, "the ring is not there or is not this user's alone", folder);
	}
	if (pread(a->ring_fd, &a->facts, sizeof(a->facts), 0) != (ssize_t)sizeof(a->facts) ||
	    !irt_ring_is_valid(&a->facts, (uint64_t)st.st_size)) {
		irt_detach(a);
		return fail(error, bytes, INSTR_ERR_VERSION, "the ring is damaged or of another version", folder);
	}
	a->facts.out_directory[sizeof(a->facts.out_directory) - 1] = 0;
	a->facts.out_name[sizeof(a->facts.out_name) - 1] = 0;
	a->facts.boot_id[sizeof(a->facts.boot_id) - 1] = 0;
	return 0;
}

int irt_look(struct irt_attached *a, const char *folder, char *error, size_t bytes)
{
	return open_ring(a, folder, O_RDONLY, error, bytes);
}

int irt_attach(struct irt_attached *a, const char *folder, char *error, size_t bytes)
{
	int r = open_ring(a, folder, O_RDWR, error, bytes);
	if (r != 0)
		return r;
	void *base = mmap(NULL, a->facts.file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, a->ring_fd, 0);
	if (base == MAP_FAILED) {
		irt_detach(a);
		return fail(error, bytes, INSTR_ERR_MEMORY, "the ring cannot be mapped", folder);
	}
	madvise(base, a->facts.file_bytes, MADV_DONTDUMP);
	a->map = irt_ring_map(base, &a->facts);
	uint32_t count = irt_load_acquire(&a->map.ring->sub_count); /* A8 */
	a->sub_count = count <= a->facts.sub_max ? count : a->facts.sub_max;
	return 0;
}

void irt_unmap(struct irt_attached *a)
{
	if (a->map.ring)
		munmap(a->map.ring, a->facts.file_bytes);
	if (a->ring_fd >= 0)
		close(a->ring_fd);
	a->map.ring = NULL;
	a->ring_fd = -1;
}

/* A read lease is given only where nobody has the file open for writing, and a mapping counts as that
 * until it is gone. The lease is given back at once; SIGIO says that somebody opens it meanwhile. */
int irt_is_mapped(const struct irt_attached *a)
{
	int fd = openat(a->folder_fd, "ring", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : INSTR_ERR_IO;
	void (*before)(int) = signal(SIGIO, SIG_IGN);
	int r = fcntl(fd, F_SETLEASE, F_RDLCK), mapped = r == 0 ? 0 : errno == EAGAIN ? 1 : may_pass(errno) ? INSTR_ERR_IO : 0;
	if (r == 0)
		fcntl(fd, F_SETLEASE, F_UNLCK);
	signal(SIGIO, before);
	close(fd);
	return mapped;
}

/* Has a process joined that the caller does not know? Negative: it cannot be seen now. */
static int has_joined(int ring_fd, const struct irt_attached *a, uint32_t last_process_id)
{
	static struct irt_process all[IRT_PROCESS_MAX];
	ssize_t n = pread(ring_fd, all, sizeof(all), (off_t)a->facts.processes_offset);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(*all); i++)
		if (all[i].state == IRT_SLOT_LIVE && all[i].process_id > last_process_id)
			return 1;
	return n < 0 ? INSTR_ERR_IO : 0;
}

/* While the file lease is held, nobody can open the ring for writing (run.c tries again, and then finds that
 * it is gone). Without it, a process that has just found the run might open it behind the last look. */
enum irt_run_end irt_end_run(struct irt_attached *a, uint32_t last_process_id)
{
	enum irt_run_end end = IRT_RUN_REMOVED;
	irt_unmap(a);
	int fd = openat(a->folder_fd, "ring", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? IRT_RUN_REMOVED : IRT_RUN_UNKNOWN;
	void (*before)(int) = signal(SIGIO, SIG_IGN);
	int r = fcntl(fd, F_SETLEASE, F_RDLCK);
	if (r != 0 && errno == EAGAIN)
		end = IRT_RUN_MAPPED;
	else if (r != 0 && may_pass(errno))
		end = IRT_RUN_UNKNOWN;
	/* In this order: one that has joined and is gone has left its events. */
	int joined = has_joined(fd, a, last_process_id);
	if (joined)
		end = joined < 0 ? IRT_RUN_UNKNOWN : IRT_RUN_JOINED;
	if (end == IRT_RUN_REMOVED)
		irt_remove_run(a);
	if (r == 0)
		fcntl(fd, F_SETLEASE, F_UNLCK);
	signal(SIGIO, before);
	close(fd);
	return end;
}

void irt_detach(struct irt_attached *a)
{
	irt_unmap(a);
	if (a->lease_fd >= 0)
		close(a->lease_fd);
	if (a->folder_fd >= 0)
		close(a->folder_fd);
	a->folder_fd = a->lease_fd = -1;
}

int irt_take_lease(struct irt_attached *a, unsigned wait_ms)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (a->lease_fd < 0)
		a->lease_fd = openat(a->folder_fd, "lease", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (a->lease_fd < 0)
		return INSTR_ERR_IO;
	for (unsigned waited = 0;; waited += 10) {
		if (fcntl(a->lease_fd, F_OFD_SETLK, &whole) == 0)
			break;
		if (waited >= wait_ms)
			return INSTR_ERR_BUSY;
		struct timespec ten_ms = {0, 10 * 1000 * 1000};
		nanosleep(&ten_ms, NULL);
	}
	/* The holder before may have removed the run while we waited. */
	struct stat mine, there;
	if (fstat(a->lease_fd, &mine) != 0 || fstatat(a->folder_fd, "lease", &there, AT_SYMLINK_NOFOLLOW) != 0 ||
	    mine.st_ino != there.st_ino)
		return INSTR_ERR_NOT_FOUND;
	return 0;
}

void irt_grow(struct irt_attached *a, uint32_t want)
{
	if (want > a->facts.sub_max)
		want = a->facts.sub_max;
	/* The headers' pages first: producers read them up to sub_count. */
	uint64_t headers = a->facts.subs_offset, header_bytes = (uint64_t)want * sizeof(struct irt_sub);
	if (want > a->sub_count && fallocate(a->ring_fd, 0, (off_t)headers, (off_t)header_bytes) != 0)
		return;
	uint32_t i = a->sub_count;
	for (; i < want; i++) {
		uint64_t at = a->facts.data_offset + (uint64_t)i * IRT_SUB_STRIDE;
		if (fallocate(a->ring_fd, 0, (off_t)at, IRT_SUB_BYTES) != 0)
			break;
		madvise(irt_sub_units(&a->map, i), IRT_SUB_BYTES, MADV_POPULATE_WRITE);
	}
	if (i > a->sub_count) {
		IRT_TESTPOINT(pool_grown);
		a->sub_count = i;
		irt_store_release(&a->map.ring->sub_count, i); /* R8 */
	}
}

void irt_grow_threads(struct irt_attached *a)
{
	enum { PAGE_SLOTS = IRT_PAGE / sizeof(struct irt_thread) };
	struct irt_ring *ring = a->map.ring;
	uint32_t high = irt_load_relaxed(&ring->thread_high), room = irt_load_relaxed(&ring->thread_room);
	uint32_t want = (high / PAGE_SLOTS + 2) * PAGE_SLOTS;
	if (want > IRT_THREAD_MAX)
		want = IRT_THREAD_MAX;
	if (room >= want || fallocate(a->ring_fd, 0, (off_t)a->facts.threads_offset,
				      (off_t)(want * sizeof(struct irt_thread))) != 0)
		return;
	irt_store_release(&ring->thread_room, want); /* R8 */
}

void irt_remove_run(struct irt_attached *a)
{
	IRT_TESTPOINT(remove_begun);
	unlinkat(a->folder_fd, "ring", 0);
	IRT_TESTPOINT(remove_ring_gone);
	unlinkat(a->folder_fd, "lease", 0);
	IRT_TESTPOINT(remove_lease_gone);
	rmdir(a->folder);
	/* Beside a trace (OUT/.instr-UID) the folder of runs goes with its last run. */
	char parent[sizeof(a->folder)];
	strcpy(parent, a->folder);
	char *slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = 0;
		slash = strrchr(parent, '/');
		if (slash && !strncmp(slash, "/.instr-", 8))
			rmdir(parent);
	}
}
