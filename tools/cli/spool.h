/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * spool.h - bytes that are written once and read once more, in the same order: a few megabytes of them in memory, the
 * rest in a temporary file without a name ($TMPDIR, else /tmp). {0} is an empty one, cli_spool_fini frees it.
 *
 * As with memory (buffer.h): where there is no room for the file, the program ends with one sentence and CLI_TROUBLE.
 * Not thread-safe.
 */
#ifndef TOOLS_CLI_SPOOL_H
#define TOOLS_CLI_SPOOL_H

#include "cli/buffer.h"

#include <stdio.h>

enum { CLI_SPOOL_MEMORY = 8 << 20 }; /* bytes kept in memory */

struct cli_spool {
	struct cli_buffer memory;
	FILE *file;   /* what memory does not hold; NULL: nothing */
	size_t taken; /* bytes of memory that were read */
};

void cli_spool_fini(struct cli_spool *);
/* Bytes that are put together are taken together. */
void cli_spool_put(struct cli_spool *, const void *data, size_t bytes);
/* To read from the beginning, again if need be. Nothing can be put after it. */
void cli_spool_rewind(struct cli_spool *);
void cli_spool_take(struct cli_spool *, void *data, size_t bytes);

/* A text of at most 4 GiB; *text is overwritten. */
void cli_spool_put_text(struct cli_spool *, const char *text);
void cli_spool_take_text(struct cli_spool *, struct cli_buffer *text);

#endif
