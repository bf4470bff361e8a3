/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * recover.c - what has to happen before a trace is opened: a run whose drain died is completed from
 * its ring by the drain's own code; a drain that is just finishing is waited for. The only file of
 * the tools that may include runtime/drain.
 */
#define _GNU_SOURCE /* F_OFD_GETLK */
#include "libtrace/internal.h"

#include <fcntl.h>
#include <unistd.h>

#include "drain/recover.h"

/* SQLite's file format: a connection in WAL mode holds a read lock on these bytes as long as it is
 * open. (https://sqlite.org/src/file/src/os_unix.c, "PENDING_BYTE") */
enum { SHARED_FIRST = 0x40000000 + 2, SHARED_SIZE = 510, WAIT_MS = 10000 };

int tr_recover_if_needed(const char *path, enum tr_writer *writer, struct tr_error *error)
{
	enum irt_recovery outcome;
	char sentence[600] = "";

	(void)error;
	*writer = TR_WRITER_NONE;
	/* Whatever keeps it from being completed does not keep it from being read as far as it goes:
	 * tr_open says what is wrong with the file, reports say that it is marked as recording. */
	if (irt_recover_trace(path, WAIT_MS, &outcome, sentence, sizeof(sentence)) == 0 && outcome == IRT_RECOVERY_LIVE)
		*writer = TR_WRITER_LIVE;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHARED_FIRST, .l_len = SHARED_SIZE};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0; /* tr_open says why */
	/* Asks who would be in the way of a writer; takes nothing. */
	if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
		*writer = TR_WRITER_LIVE;
	close(fd);
	return 0;
}
