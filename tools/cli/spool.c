/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * spool.c - memory first, then a file. Once there is a file all goes there, so that the order stays.
 */
#include "cli/spool.h"
#include "cli/terminal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *folder(void)
{
	const char *named = getenv("TMPDIR");
	return named && *named ? named : "/tmp";
}

static void give_up(const char *what)
{
	cli_error("a temporary file in %s could not be %s: %s", folder(), what, strerror(errno ? errno : EIO));
	exit(CLI_TROUBLE);
}

static FILE *open_temporary(void)
{
	struct cli_buffer path = {0};
	FILE *file = NULL;

	cli_add_format(&path, "%s/instr.XXXXXX", folder());
	int fd = mkstemp(path.data);
	if (fd >= 0 && !unlink(path.data))
		file = fdopen(fd, "w+");
	if (!file)
		give_up("made");
	cli_buffer_fini(&path);
	return file;
}

void cli_spool_fini(struct cli_spool *spool)
{
	cli_buffer_fini(&spool->memory);
	if (spool->file)
		fclose(spool->file);
	*spool = (struct cli_spool){0};
}

void cli_spool_put(struct cli_spool *spool, const void *data, size_t bytes)
{
	if (!spool->file && bytes <= CLI_SPOOL_MEMORY - spool->memory.bytes) {
		cli_add(&spool->memory, data, bytes);
		return;
	}
	if (!spool->file)
		spool->file = open_temporary();
	errno = 0;
	if (fwrite(data, 1, bytes, spool->file) != bytes)
		give_up("written");
}

void cli_spool_rewind(struct cli_spool *spool)
{
	spool->taken = 0;
	errno = 0;
	if (spool->file && (fflush(spool->file) || fseeko(spool->file, 0, SEEK_SET)))
		give_up("written");
}

void cli_spool_take(struct cli_spool *spool, void *data, size_t bytes)
{
	if (bytes <= spool->memory.bytes - spool->taken) {
		if (bytes)
			memcpy(data, spool->memory.data + spool->taken, bytes);
		spool->taken += bytes;
		return;
	}
	errno = 0;
	if (!spool->file || fread(data, 1, bytes, spool->file) != bytes)
		give_up("read");
}

void cli_spool_put_text(struct cli_spool *spool, const char *text)
{
	const uint32_t bytes = (uint32_t)strlen(text);
	cli_spool_put(spool, &bytes, sizeof(bytes));
	cli_spool_put(spool, text, bytes);
}

void cli_spool_take_text(struct cli_spool *spool, struct cli_buffer *text)
{
	char part[4096];
	uint32_t bytes;

	cli_buffer_clear(text);
	cli_spool_take(spool, &bytes, sizeof(bytes));
	/* All of it is where its beginning is. */
	for (size_t n; bytes; bytes -= (uint32_t)n) {
		n = bytes < sizeof(part) ? bytes : sizeof(part);
		cli_spool_take(spool, part, n);
		cli_add(text, part, n);
	}
}
