/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * format.h - numbers of the chunk format that encoder and decoder share; docs/format.md says what
 * they mean.
 */
#ifndef IRT_ENCODE_FORMAT_H
#define IRT_ENCODE_FORMAT_H

#include "encode/chunk.h"

enum {
	CHUNK_VERSION = 1,
	CHUNK_EVENTS_MAX = 1 << 20,
	CHUNK_SIDE_MAX = 1 << 28,  /* side stream and closed calls together, bytes */
	CHUNK_HEADER_MAX = 2 + 11 * 10,
	STREAMS = 3,               /* tokens, times, side */
	TOKEN_ESCAPE = 3,
	TIME_ESCAPE = 15,
	SET_LIST = 0,              /* first byte of chunks.functions */
	SET_BITS = 1,
	/* Opcodes from here on say how long their operands are. */
	OPCODE_WITH_LENGTH = 16,
};

#endif
