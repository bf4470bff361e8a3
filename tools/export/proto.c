/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * proto.c - bytes of protocol buffers, and gzip.
 */
#include "export/proto.h"

#include <stdlib.h>
#include <zlib.h>

#include "cli/terminal.h"
#include "instr/errors.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

void export_put_varint(struct cli_buffer *out, uint64_t value)
{
	char bytes[10];
	size_t count = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[count++] = (char)(value | 0x80);
	bytes[count++] = (char)value;
	cli_add(out, bytes, count);
}

void export_put_number(struct cli_buffer *out, unsigned field, uint64_t value)
{
	if (!value)
		return;
	export_put_varint(out, field << 3 | WIRE_VARINT);
	export_put_varint(out, value);
}

void export_put_bytes(struct cli_buffer *out, unsigned field, const void *data, size_t bytes)
{
	export_put_varint(out, field << 3 | WIRE_BYTES);
	export_put_varint(out, bytes);
	if (bytes)
		cli_add(out, data, bytes);
}

struct export_gzip {
	z_stream stream;
	unsigned char out[1 << 16];
};

int export_gzip_open(struct export_gzip **out)
{
	enum { WINDOW_BITS_OF_GZIP = 15 + 16, MEMORY_LEVEL = 8 };
	struct export_gzip *gzip = *out = calloc(1, sizeof(*gzip));

	if (gzip && deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS_OF_GZIP, MEMORY_LEVEL,
				 Z_DEFAULT_STRATEGY) == Z_OK)
		return 0;
	free(gzip);
	*out = NULL;
	return INSTR_ERR_MEMORY;
}

static void deflate_all(struct export_gzip *gzip, int flush)
{
	do {
		gzip->stream.next_out = gzip->out;
		gzip->stream.avail_out = sizeof(gzip->out);
		deflate(&gzip->stream, flush);
		cli_out((const char *)gzip->out, sizeof(gzip->out) - gzip->stream.avail_out);
	} while (!gzip->stream.avail_out);
}

void export_gzip_write(struct export_gzip *gzip, const void *data, size_t bytes)
{
	enum { MOST = 1 << 30 }; /* zlib counts in unsigned ints */
	const unsigned char *from = data;

	while (bytes) {
		size_t part = bytes < MOST ? bytes : MOST;
		gzip->stream.next_in = (unsigned char *)(uintptr_t)from;
		gzip->stream.avail_in = (unsigned)part;
		deflate_all(gzip, Z_NO_FLUSH);
		from += part;
		bytes -= part;
	}
}

void export_gzip_close(struct export_gzip *gzip)
{
	if (!gzip)
		return;
	deflate_all(gzip, Z_FINISH);
	deflateEnd(&gzip->stream);
	free(gzip);
}
