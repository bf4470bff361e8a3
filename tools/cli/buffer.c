/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * buffer.c - text that grows, and memory that is there or the program ends.
 */
#include "cli/buffer.h"
#include "cli/terminal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *cli_realloc(void *old, size_t count, size_t size)
{
	void *now = NULL;
	if (!count || !size)
		count = size = 1;
	if (count <= SIZE_MAX / size)
		now = realloc(old, count * size);
	if (!now) {
		fputs("out of memory\n", stderr);
		exit(CLI_TROUBLE);
	}
	return now;
}

void *cli_room_for(void *things, size_t count, size_t size)
{
	return count & (count + 1) ? things : cli_realloc(things, 2 * count + 2, size);
}

char *cli_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;
	return memcpy(cli_realloc(NULL, bytes, 1), text, bytes);
}

static void make_room(struct cli_buffer *b, size_t more)
{
	if (b->room - b->bytes > more) /* strictly: one byte is for the NUL */
		return;
	size_t room = b->room ? b->room : 64;
	while (room - b->bytes <= more && room <= SIZE_MAX / 2)
		room *= 2;
	b->data = cli_realloc(b->data, room - b->bytes > more ? room : SIZE_MAX, 1);
	b->room = room;
}

void cli_buffer_fini(struct cli_buffer *b)
{
	free(b->data);
	*b = (struct cli_buffer){0};
}

void cli_buffer_clear(struct cli_buffer *b)
{
	b->bytes = 0;
	if (b->data)
		b->data[0] = 0;
}

void cli_let_out(struct cli_buffer *b)
{
	if (b->outlet && b->bytes >= CLI_OUTLET_BYTES)
		b->outlet(b);
}

const char *cli_text_of(const struct cli_buffer *b)
{
	return b->data ? b->data : "";
}

void cli_add(struct cli_buffer *b, const char *text, size_t bytes)
{
	make_room(b, bytes);
	memcpy(b->data + b->bytes, text, bytes);
	b->bytes += bytes;
	b->data[b->bytes] = 0;
}

void cli_add_text(struct cli_buffer *b, const char *text)
{
	cli_add(b, text, strlen(text));
}

void cli_add_repeated(struct cli_buffer *b, const char *text, size_t times)
{
	for (size_t bytes = strlen(text); times; times--)
		cli_add(b, text, bytes);
}

void cli_add_format_va(struct cli_buffer *b, const char *format, va_list arguments)
{
	va_list again;
	va_copy(again, arguments);
	int bytes = vsnprintf(NULL, 0, format, arguments);
	if (bytes > 0) {
		make_room(b, (size_t)bytes);
		vsnprintf(b->data + b->bytes, (size_t)bytes + 1, format, again);
		b->bytes += (size_t)bytes;
	}
	va_end(again);
}

void cli_add_format(struct cli_buffer *b, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	cli_add_format_va(b, format, arguments);
	va_end(arguments);
}
