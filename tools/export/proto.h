/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * proto.h - protocol buffers, as far as pprof needs them: https://protobuf.dev/programming-guides/encoding/
 */
#ifndef TOOLS_EXPORT_PROTO_H
#define TOOLS_EXPORT_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "cli/buffer.h"

/* A varint by itself, as in packed fields. */
void export_put_varint(struct cli_buffer *, uint64_t value);
/* A field; one that is 0 is left out, as that is what its absence means. */
void export_put_number(struct cli_buffer *, unsigned field, uint64_t value);
/* A text, a message or packed numbers; also if it is empty. */
void export_put_bytes(struct cli_buffer *, unsigned field, const void *data, size_t bytes);

/* A stream of gzip on stdout. Returns 0, or INSTR_ERR_MEMORY. */
struct export_gzip;
int export_gzip_open(struct export_gzip **);
void export_gzip_write(struct export_gzip *, const void *data, size_t bytes);
void export_gzip_close(struct export_gzip *); /* NULL is allowed */

#endif
