/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * contexts.h - inside of the map that decoders look contexts up in.
 */
#ifndef IRT_ENCODE_CONTEXTS_H
#define IRT_ENCODE_CONTEXTS_H

#include "encode/chunk.h"

struct irt_context_row {
	uint32_t parent; /* CONTEXT_ABSENT: no such row */
	uint32_t ordinal, function;
};

#define CONTEXT_ABSENT UINT32_MAX

struct irt_contexts {
	struct irt_context_row *rows; /* by index */
	size_t room;
	uint32_t limit;               /* greatest index + 1 */
	uint32_t count;               /* rows there, without the root */
	uint32_t *slots;              /* indexes by (parent, ordinal), 0 = empty */
	uint32_t slot_count;
};

/* 0 = none. */
uint32_t irt_contexts_child(const struct irt_contexts *contexts, uint32_t parent, uint32_t ordinal);

static inline bool irt_contexts_has(const struct irt_contexts *c, uint64_t index)
{
	return index < c->limit && c->rows[index].parent != CONTEXT_ABSENT;
}

#endif
