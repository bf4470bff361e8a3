/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * copy.c - completing a trace that may not be written (a file system mounted for reading, a folder of
 * somebody else's, a file without write permission): copies of file and ring are completed instead, by the
 * same code as always, and nothing but the copies changes.
 *
 *     TMP/instr-read-XXXXXX/trace.db      the copy, which the reader opens
 *     TMP/instr-read-XXXXXX/run/ring      gone when it is completed
 */
#define _GNU_SOURCE
#include "drain/recover.h"

#include "drain/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const side_files[] = {"", "-wal"};

/* What has bytes is copied, what is a hole stays one: a ring is mostly holes. */
static int copy_file(int from, int folder, const char *name)
{
	int to = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), good = to >= 0;
	struct stat st;
	off_t at = 0, end;

	good = good && fstat(from, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(to, st.st_size) == 0;
	while (good && at < st.st_size && (at = lseek(from, at, SEEK_DATA)) >= 0) {
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			end = st.st_size;
		while (good && at < end) {
			static char block[1 << 16];
			ssize_t n = pread(from, block, end - at < (off_t)sizeof(block) ? (size_t)(end - at) : sizeof(block), at);
			good = n > 0 && pwrite(to, block, (size_t)n, at) == n;
			at += n;
		}
	}
	if (to >= 0)
		close(to);
	return good ? 0 : INSTR_ERR_IO;
}

static int copy_named(int from_folder, const char *from, int to_folder, const char *to)
{
	int fd = openat(from_folder, from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? INSTR_ERR_NOT_FOUND : INSTR_ERR_PERMISSION;
	int r = copy_file(fd, to_folder, to);
	close(fd);
	return r;
}

/* Somebody drains it: the answer is for this moment alone. */
static int is_leased(int folder)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = openat(folder, "lease", O_RDONLY | O_NOFOLLOW | O_CLOEXEC), held = 0;
	if (fd >= 0) {
		held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
		close(fd);
	}
	return held;
}

/* The copied ring leads to the copied file. */
static int redirect(int run, const char *folder)
{
	struct irt_ring facts;
	int fd = openat(run, "ring", O_RDWR | O_NOFOLLOW | O_CLOEXEC), good = 0;
	if (fd >= 0 && pread(fd, &facts, sizeof(facts), 0) == (ssize_t)sizeof(facts) &&
	    strlen(folder) < sizeof(facts.out_directory)) {
		memset(facts.out_directory, 0, sizeof(facts.out_directory));
		memset(facts.out_name, 0, sizeof(facts.out_name));
		strcpy(facts.out_directory, folder);
		strcpy(facts.out_name, IRT_COPY_NAME);
		good = pwrite(fd, &facts, sizeof(facts), 0) == (ssize_t)sizeof(facts);
	}
	if (fd >= 0)
		close(fd);
	return good ? 0 : INSTR_ERR_IO;
}

static int complete(const char *run, char *error, size_t bytes)
{
	struct irt_attached a;
	int r = irt_look(&a, run, error, bytes);
	if (r != 0)
		return r;
	r = irt_run_is_live(&a) ? INSTR_ERR_BUSY : irt_take_lease(&a, 0);
	if (r == 0)
		return irt_drain_dead_run(&a, IRT_SESSION_BEGUN, error, bytes);
	irt_detach(&a);
	return r;
}

/* The run's ring, if it has left one in that folder of runs. */
static int copy_run(const char *root, const char *run_id, const char *folder, int to, char *error, size_t bytes)
{
	char name[IRT_PATH_BYTES + 80];
	snprintf(name, sizeof(name), "%s/%s", root, run_id);
	int from = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return errno == ENOENT ? INSTR_ERR_NOT_FOUND : INSTR_ERR_PERMISSION;
	int r = is_leased(from) ? INSTR_ERR_BUSY : mkdirat(to, "run", 0700) ? INSTR_ERR_IO : 0;
	int run = r ? -1 : openat(to, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!r)
		r = run < 0 ? INSTR_ERR_IO : copy_named(from, "ring", run, "ring");
	/* Whoever may write it can have begun to complete it meanwhile: then it is his. */
	if (!r && is_leased(from))
		r = INSTR_ERR_BUSY;
	if (!r)
		r = redirect(run, folder);
	close(from);
	snprintf(name, sizeof(name), "%s/run", folder);
	if (!r)
		r = complete(name, error, bytes);
	if (run >= 0) {
		unlinkat(run, "ring", 0);
		unlinkat(run, "lease", 0);
		close(run);
	}
	unlinkat(to, "run", AT_REMOVEDIR);
	return r;
}

/* Before a large file is copied: can it be that the run has left anything? A file that cannot even be asked
 * whose it is, where it is, may say so as a copy. */
static int may_have_left(const char *folder, const char *name)
{
	char root[IRT_PATH_BYTES + 40], run[IRT_PATH_BYTES + 80];
	struct irt_store_info info;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? INSTR_ERR_PERMISSION : irt_store_peek(fd, name, NULL, &info, NULL);
	if (fd >= 0)
		close(fd);
	if (r != 0)
		return 1;
	irt_runs_folder(NULL, root, sizeof(root));
	snprintf(run, sizeof(run), "%s/%.32s", root, info.run_id);
	if (access(run, F_OK) == 0)
		return 1;
	irt_runs_folder(folder, root, sizeof(root));
	snprintf(run, sizeof(run), "%s/%.32s", root, info.run_id);
	return access(run, F_OK) == 0;
}

void irt_remove_copy(const char *folder)
{
	char name[IRT_PATH_BYTES + 80];
	static const char *const all[] = {"", "-wal", "-shm", "-journal"};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(name, sizeof(name), "%s/" IRT_COPY_NAME "%s", folder, all[i]);
		unlink(name);
	}
	rmdir(folder);
}

int irt_recover_copy(const char *path, char *folder, size_t folder_bytes, char *error, size_t bytes)
{
	const char *tmp = getenv("TMPDIR");
	char name[IRT_PATH_BYTES + 80], root[IRT_PATH_BYTES + 80];
	struct irt_store_info info;
	struct irt_store_error failed;
	int to = -1, r = 0;

	error[0] = 0;
	char *whole = realpath(path, NULL), *slash = whole ? strrchr(whole, '/') : NULL;
	int left = 0;
	if (slash) {
		*slash = 0;
		left = may_have_left(*whole ? whole : "/", slash + 1);
		*slash = '/';
	}
	if (!left || (size_t)snprintf(folder, folder_bytes, "%s/instr-read-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp") >= folder_bytes ||
	    !mkdtemp(folder)) {
		free(whole);
		return INSTR_ERR_NOT_FOUND;
	}
	to = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		r = INSTR_ERR_IO;
	for (size_t i = 0; !r && i < sizeof(side_files) / sizeof(*side_files); i++) {
		char copy[40];
		snprintf(name, sizeof(name), "%s%s", whole, side_files[i]);
		snprintf(copy, sizeof(copy), IRT_COPY_NAME "%s", side_files[i]);
		r = copy_named(AT_FDCWD, name, to, copy);
		if (r == INSTR_ERR_NOT_FOUND && i)
			r = 0;
	}
	if (!r)
		r = irt_store_peek(to, IRT_COPY_NAME, NULL, &info, &failed);
	if (!r && !irt_is_run_name(info.run_id))
		r = INSTR_ERR_NOT_FOUND;
	if (!r) {
		*slash = 0;
		irt_runs_folder(NULL, root, sizeof(root));
		r = copy_run(root, info.run_id, folder, to, error, bytes);
		irt_runs_folder(whole, root, sizeof(root));
		if (r == INSTR_ERR_NOT_FOUND)
			r = copy_run(root, info.run_id, folder, to, error, bytes);
	}
	if (to >= 0)
		close(to);
	if (r)
		irt_remove_copy(folder);
	free(whole);
	return r;
}
