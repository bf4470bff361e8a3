/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * buffer.h - text that grows. Owned by the caller: {0} is an empty one, cli_buffer_fini frees it.
 * Running out of memory ends the program with one sentence and CLI_TROUBLE: a command has nothing
 * better to do. Not thread-safe.
 */
#ifndef TOOLS_CLI_BUFFER_H
#define TOOLS_CLI_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

struct cli_buffer {
	char *data; /* NUL-terminated once anything was added; NULL before */
	size_t bytes, room;
	/* Takes what is in it and clears it, where it need not be kept whole; NULL: it must be. */
	void (*outlet)(struct cli_buffer *);
};

enum { CLI_OUTLET_BYTES = 1 << 20 };

void cli_buffer_fini(struct cli_buffer *);
void cli_add(struct cli_buffer *, const char *text, size_t bytes);
void cli_add_text(struct cli_buffer *, const char *text);
void cli_add_repeated(struct cli_buffer *, const char *text, size_t times);
void cli_add_format(struct cli_buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_add_format_va(struct cli_buffer *, const char *format, va_list);
/* The text so far, "" if none. Valid until the next change. */
const char *cli_text_of(const struct cli_buffer *);
void cli_buffer_clear(struct cli_buffer *);
/* Calls the outlet if there is one, and so much to take. */
void cli_let_out(struct cli_buffer *);

/* realloc that does not fail; count * size is checked. */
void *cli_realloc(void *, size_t count, size_t size);
/* An array of count things, with room for one more: by doubling. It must have grown by this alone; NULL: count is 0. */
void *cli_room_for(void *things, size_t count, size_t size);
char *cli_strdup(const char *);

#endif
