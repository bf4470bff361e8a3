/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * recover.c - completing traces from the rings of dead runs, by the drain's own code (recover.h), and
 * what has to happen before a trace is opened: that, and finding out who writes it. The only file of
 * the tools that may include runtime/drain.
 */
#define _GNU_SOURCE /* F_OFD_GETLK */
#include "libtrace/recover.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drain/recover.h"
#include "libtrace/internal.h"

/* SQLite's file format: a connection in WAL mode holds a read lock on these bytes as long as it is
 * open. (https://sqlite.org/src/file/src/os_unix.c, "PENDING_BYTE") */
enum { SHARED_FIRST = 0x40000000 + 2, SHARED_SIZE = 510, WAIT_MS = 10000, BEGIN_MS = 2000 };

static enum tr_recovery outcome_of(enum irt_recovery outcome)
{
	switch (outcome) {
	case IRT_RECOVERY_LIVE: return TR_RECOVERY_LIVE;
	case IRT_RECOVERY_WAITED: return TR_RECOVERY_WAITED;
	case IRT_RECOVERY_DONE: return TR_RECOVERY_DONE;
	case IRT_RECOVERY_UNWRITABLE: return TR_RECOVERY_UNWRITABLE;
	case IRT_RECOVERY_NOTHING: break;
	}
	return TR_RECOVERY_NOTHING;
}

static int recover(const char *path, enum tr_recovery *outcome, struct tr_error *error)
{
	enum irt_recovery found = IRT_RECOVERY_NOTHING;

	error->text[0] = 0;
	error->code = irt_recover_trace(path, WAIT_MS, &found, error->text, sizeof(error->text));
	*outcome = outcome_of(found);
	return error->code;
}

void tr_await_begun(const char *path) { irt_await_begun(path, BEGIN_MS); }

int tr_recover(const char *path, enum tr_recovery *outcome, struct tr_error *error)
{
	tr_await_begun(path);
	return recover(path, outcome, error);
}

struct each {
	void *arg;
	void (*call)(void *arg, const char *where, enum tr_recovery outcome, const struct tr_error *error);
};

static void pass_on(void *arg, const char *folder, enum irt_recovery outcome, int result, const char *sentence)
{
	const struct each *each = arg;
	struct tr_error error = {.code = result};

	if (result)
		snprintf(error.text, sizeof(error.text), "%s", sentence);
	each->call(each->arg, folder, outcome_of(outcome), result ? &error : NULL);
}

unsigned tr_recover_all(void *arg, void (*each)(void *arg, const char *where, enum tr_recovery outcome,
						const struct tr_error *error))
{
	return irt_recover_all(&(struct each){arg, each}, pass_on);
}

const char tr_copied_file[] = IRT_COPY_NAME;

void tr_remove_copy(char **copy)
{
	if (*copy)
		irt_remove_copy(*copy);
	free(*copy);
	*copy = NULL;
}

/* SQLite changes the file itself and files beside it. */
static int may_be_written(const char *path)
{
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	if (slash)
		slash[1] = 0;
	int may = folder && access(path, W_OK) == 0 && access(slash ? folder : ".", W_OK) == 0;
	free(folder);
	return may;
}

/* A finished file has no -wal and is all there is. */
static void complete_copy(const char *path, char **copy)
{
	char folder[500], why[600];
	if (irt_recover_copy(path, folder, sizeof(folder), why, sizeof(why)) != 0)
		return;
	*copy = strdup(folder);
	if (!*copy)
		irt_remove_copy(folder);
}

int tr_recover_if_needed(const char *path, int wal, enum tr_writer *writer, char **copy, struct tr_error *error)
{
	enum tr_recovery outcome;

	*writer = TR_WRITER_NONE;
	/* Whatever keeps it from being completed does not keep it from being read as far as it goes:
	 * tr_open says what is wrong with the file, reports say that it is marked as recording. */
	if (recover(path, &outcome, error) == 0 && outcome == TR_RECOVERY_LIVE)
		*writer = TR_WRITER_LIVE;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHARED_FIRST, .l_len = SHARED_SIZE};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0; /* tr_open says why */
	/* Asks who would be in the way of a writer; takes nothing. */
	if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
		*writer = TR_WRITER_LIVE;
	if (*writer == TR_WRITER_NONE && wal && !may_be_written(path))
		complete_copy(path, copy);
	close(fd);
	return 0;
}
