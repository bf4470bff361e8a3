/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * output.c - an answer that goes to a file. It appears under its name when it is whole: one that was there before stays until
 * then, and a failure leaves none.
 */
#include "cli/buffer.h"
#include "cli/options.h"
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cli_buffer temporary; /* its name, while there is one */
static const char *wanted;

static void remove_temporary(void)
{
	if (temporary.bytes)
		unlink(temporary.data);
	cli_buffer_fini(&temporary);
}

static int is_same_file(const struct stat *a, const char *path)
{
	struct stat b;
	return !stat(path, &b) && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

static int cannot_write(const char *path)
{
	cli_error("%s cannot be written: %s", path, strerror(errno));
	return CLI_TROUBLE;
}

int cli_open_output(const char *path, const char *input)
{
	struct stat there;
	int exists = !stat(path, &there), fd;

	if (exists && is_same_file(&there, input))
		return cli_wrong_usage("%s is the trace itself", path);
	if (exists && !S_ISREG(there.st_mode)) { /* a pipe, /dev/stdout ... */
		if ((fd = open(path, O_WRONLY | O_CLOEXEC)) < 0)
			return cannot_write(path);
	} else {
		mode_t mask = umask(0);
		umask(mask);
		cli_add_format(&temporary, "%s.XXXXXX", path);
		if ((fd = mkstemp(temporary.data)) < 0) {
			cli_buffer_fini(&temporary);
			return cannot_write(path);
		}
		atexit(remove_temporary);
		wanted = path;
		fchmod(fd, exists ? there.st_mode & 0777 : 0666 & ~mask);
	}
	if (dup2(fd, STDOUT_FILENO) < 0)
		return cannot_write(path);
	close(fd);
	return CLI_GO;
}

int cli_finish_output(int status)
{
	status = cli_finish(status);
	if (!wanted || status != CLI_DONE)
		return status;
	if (rename(temporary.data, wanted))
		return cannot_write(wanted);
	cli_buffer_fini(&temporary);
	return status;
}
