/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * create.c - a new file appears complete or not at all; an old one makes way.
 *
 * Both work on names only, under the folder's lock (open.c), with no connection to the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testpoint.h"
#include "store/store_image.h"
#include "store/store_internal.h"

static const char *const side_files[] = {"-wal", "-shm", "-journal"};
enum { SIDE_FILES = 3 };

/* Do the first bytes of a file beside a database say that SQLite wrote it? */
static bool is_side_file(const unsigned char *p, ssize_t bytes)
{
	static const unsigned char
		wal_magic[] = {0x37, 0x7f, 0x06},
		journal_magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7},
		shm_version[] = {0x18, 0xe2, 0x2d, 0x00}, /* 3007000 */
		zeros[8] = {0};

	return bytes <= 0 || !memcmp(p, wal_magic, 3) || !memcmp(p, journal_magic, 8) ||
	       !memcmp(p, shm_version, 4) || !memcmp(p, zeros, 8);
}

/*
 * Removes NAME's side files. Without their database they are worth nothing, but SQLite would play
 * them back into whatever file takes its name.
 */
static int remove_side_files(struct irt_store *store, const char *name)
{
	for (int i = 0; i < SIDE_FILES; i++) {
		char side[sizeof(store->name) + 16];
		unsigned char start[8];
		struct stat st;
		ssize_t bytes = 0;
		int fd;

		snprintf(side, sizeof(side), "%s%s", name, side_files[i]);
		if (fstatat(store->folder_fd, side, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode) && st.st_size) {
			fd = openat(store->folder_fd, side, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
			memset(start, 0xff, sizeof(start));
			if (fd >= 0) {
				bytes = read(fd, start, sizeof(start));
				close(fd);
			}
			if (fd < 0 || bytes < 0)
				bytes = 1;
		}
		if (!S_ISREG(st.st_mode) || (st.st_size && !is_side_file(start, bytes)))
			return irt_store_fail(store, INSTR_ERR_NOT_OURS,
					      "%s stands beside it and is no file of SQLite; it is left alone", side);
		if (unlinkat(store->folder_fd, side, 0)) {
			const char *why;
			int code = irt_store_code_of_errno(errno, &why);
			return irt_store_fail(store, code, "cannot remove %s: %s", side, why);
		}
	}
	return 0;
}

/* Writes the image: 0 or errno. */
static int write_image(int fd)
{
	const unsigned char *bytes = irt_store_image_bytes;

	if (ftruncate(fd, irt_store_image_size))
		return errno;
	for (unsigned i = 0; i < irt_store_image_run_count; i++) {
		const struct irt_store_image_run *run = &irt_store_image_runs[i];
		ssize_t n = pwrite(fd, bytes, run->bytes, run->offset);
		if (n != (ssize_t)run->bytes)
			return n < 0 ? errno : ENOSPC;
		bytes += run->bytes;
	}
	return 0;
}

/* The file gets its name when it is whole: 0 or errno. EEXIST: the name is taken. */
static int link_image(struct irt_store *store)
{
	char path[64];
	int result, fd = openat(store->folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

	if (fd < 0)
		return errno;
	result = write_image(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!result && linkat(AT_FDCWD, path, store->folder_fd, store->name, AT_SYMLINK_FOLLOW))
		result = errno;
	close(fd);
	return result;
}

/* The same where a file needs a name from the start (overlay file systems, FUSE, no /proc). */
static int rename_image(struct irt_store *store)
{
	char name[sizeof(store->name) + 16];
	int fd, result;

	snprintf(name, sizeof(name), "%.200s.new%ld", store->name, (long)getpid());
	unlinkat(store->folder_fd, name, 0); /* of a dead process of the same id */
	fd = openat(store->folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return errno;
	result = write_image(fd);
	close(fd);
	if (!result && renameat2(store->folder_fd, name, store->folder_fd, store->name, RENAME_NOREPLACE)) {
		result = errno;
		if (result != EEXIST) /* not every file system knows NOREPLACE */
			result = linkat(store->folder_fd, name, store->folder_fd, store->name, 0) ? errno : 0;
	}
	unlinkat(store->folder_fd, name, 0);
	return result;
}

int irt_store_create(struct irt_store *store)
{
	struct rlimit limit;
	const char *why;
	int result = remove_side_files(store, store->name);

	if (result)
		return result;
	/* Writing past this limit would kill the process with SIGXFSZ. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < irt_store_image_size)
		result = EFBIG;
	if (!result) {
		result = link_image(store);
		if (result && result != EEXIST && result != ENOSPC && result != EDQUOT && result != EROFS)
			result = rename_image(store);
	}
	if (!result)
		return 0;
	if (result == EEXIST)
		return irt_store_fail(store, INSTR_ERR_AGAIN, "the name is taken");
	result = irt_store_code_of_errno(result, &why);
	return irt_store_fail(store, result, "cannot create: %s", why);
}

int irt_store_discard(struct irt_store *store)
{
	if (unlinkat(store->folder_fd, store->name, 0) && errno != ENOENT) {
		const char *why;
		int code = irt_store_code_of_errno(errno, &why);
		return irt_store_fail(store, code, "cannot remove what an attempt to create it has left: %s", why);
	}
	return remove_side_files(store, store->name);
}

/* NAME.old may be replaced if it is ours. */
static int check_old(struct irt_store *store, const char *old)
{
	unsigned char header[100];
	struct stat st;
	int bytes = 0, result = 0;

	if (fstatat(store->folder_fd, old, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (S_ISREG(st.st_mode))
		result = irt_store_read_header(store, old, header, &bytes);
	if (result)
		return result;
	if (!irt_store_header_is_ours(header, bytes))
		return irt_store_fail(store, INSTR_ERR_NOT_OURS,
				      "cannot make way: %s was not written by instr and is left alone", old);
	return 0;
}

/* Not left to rename: ext4 writes a file out at once that replaces another, for 10 ms and more. */
static int remove_old(struct irt_store *store, const char *old)
{
	const char *why;
	int code;

	if (unlinkat(store->folder_fd, old, 0) == 0 || errno == ENOENT)
		return remove_side_files(store, old);
	code = irt_store_code_of_errno(errno, &why);
	return irt_store_fail(store, code, "cannot remove %s: %s", old, why);
}

/* A finished file is whole; connecting to it would cost as much as making the new one. */
static bool needs_folding(struct irt_store *store)
{
	enum { WRITE_VERSION = 18, ROLLBACK = 1 };
	unsigned char header[100];
	int bytes;

	for (int i = 0; i < SIDE_FILES; i++) {
		char side[sizeof(store->name) + 16];
		snprintf(side, sizeof(side), "%s%s", store->name, side_files[i]);
		if (faccessat(store->folder_fd, side, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return irt_store_read_header(store, store->name, header, &bytes) || bytes < 100 ||
	       header[WRITE_VERSION] != ROLLBACK;
}

int irt_store_retire(struct irt_store *store)
{
	char old[sizeof(store->name) + 8];
	bool damaged = false;
	int result;

	snprintf(old, sizeof(old), "%s.old", store->name);
	result = check_old(store, old);
	if (result)
		return result;
	if (needs_folding(store)) {
		result = irt_store_connect(store);
		if (!result)
			result = irt_store_wal_off(store);
		irt_store_disconnect(store);
	}
	/* A damaged file moves as it is, side files and all: a later version may get more out of it. */
	damaged = result == INSTR_ERR_FORMAT;
	if (result && !damaged)
		return result;
	result = remove_old(store, old);
	if (result)
		return result;
	IRT_TESTPOINT(file_old_gone);
	if (renameat(store->folder_fd, store->name, store->folder_fd, old)) {
		const char *why;
		int code = irt_store_code_of_errno(errno, &why);
		return irt_store_fail(store, code, "cannot rename to %s: %s", old, why);
	}
	for (int i = 0; damaged && i < SIDE_FILES; i++) {
		char from[sizeof(store->name) + 16], to[sizeof(store->name) + 16];
		snprintf(from, sizeof(from), "%s%s", store->name, side_files[i]);
		snprintf(to, sizeof(to), "%s%s", old, side_files[i]);
		renameat(store->folder_fd, from, store->folder_fd, to);
	}
	return 0;
}
