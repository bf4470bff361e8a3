/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * contexts.c - the contexts of a process as a decoder needs them: by (parent, ordinal).
 */
#include "encode/contexts.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 256, FIRST_ROWS = 256 };

static uint32_t hash(uint32_t parent, uint32_t ordinal)
{
	uint64_t h = ((uint64_t)parent << 32 | ordinal) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(h >> 32) ^ (uint32_t)(h >> 47);
}

static uint32_t *find_slot(const struct irt_contexts *c, uint32_t parent, uint32_t ordinal)
{
	uint32_t mask = c->slot_count - 1;

	for (uint32_t i = hash(parent, ordinal) & mask;; i = (i + 1) & mask) {
		const struct irt_context_row *row = &c->rows[c->slots[i]];
		if (!c->slots[i] || (row->parent == parent && row->ordinal == ordinal))
			return &c->slots[i];
	}
}

static int grow_slots(struct irt_contexts *c)
{
	uint32_t count = c->slot_count ? 2 * c->slot_count : FIRST_SLOTS;
	uint32_t *slots = calloc(count, sizeof(*slots)), *old = c->slots;

	if (!slots)
		return INSTR_ERR_MEMORY;
	c->slots = slots;
	c->slot_count = count;
	for (uint32_t i = 1; i < c->limit; i++)
		if (c->rows[i].parent != CONTEXT_ABSENT)
			*find_slot(c, c->rows[i].parent, c->rows[i].ordinal) = i;
	free(old);
	return 0;
}

static int grow_rows(struct irt_contexts *c, uint32_t index)
{
	size_t room = c->room ? c->room : FIRST_ROWS;
	struct irt_context_row *rows;

	while (room <= index)
		room *= 2;
	if (room > c->room) {
		rows = realloc(c->rows, room * sizeof(*rows));
		if (!rows)
			return INSTR_ERR_MEMORY;
		memset(rows + c->room, 0xff, (room - c->room) * sizeof(*rows)); /* CONTEXT_ABSENT */
		c->rows = rows;
		c->room = room;
	}
	return 0;
}

int irt_contexts_create(struct irt_contexts **out)
{
	struct irt_contexts *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return INSTR_ERR_MEMORY;
	if (grow_rows(c, 0) || grow_slots(c)) {
		irt_contexts_destroy(c);
		return INSTR_ERR_MEMORY;
	}
	c->rows[IRT_CCT_ROOT] = (struct irt_context_row){0, 0, 0};
	c->limit = 1;
	*out = c;
	return 0;
}

void irt_contexts_destroy(struct irt_contexts *c)
{
	if (!c)
		return;
	free(c->rows);
	free(c->slots);
	free(c);
}

int irt_contexts_add(struct irt_contexts *c, uint32_t index, uint32_t parent, uint32_t ordinal,
		     uint32_t function)
{
	uint32_t *slot;

	if (index == IRT_CCT_ROOT)
		return 0;
	if (index >= IRT_CCT_ID_SPAN || parent >= IRT_CCT_ID_SPAN || index == parent)
		return INSTR_ERR_FORMAT;
	if (irt_contexts_has(c, index)) {
		const struct irt_context_row *row = &c->rows[index];
		return row->parent == parent && row->ordinal == ordinal && row->function == function
			       ? 0 : INSTR_ERR_FORMAT;
	}
	if (grow_rows(c, index) || (2 * (c->count + 1) > c->slot_count && grow_slots(c)))
		return INSTR_ERR_MEMORY;
	slot = find_slot(c, parent, ordinal);
	if (*slot)
		return INSTR_ERR_FORMAT;
	c->rows[index] = (struct irt_context_row){parent, ordinal, function};
	*slot = index;
	c->count++;
	if (index >= c->limit)
		c->limit = index + 1;
	return 0;
}

int irt_contexts_add_tree(struct irt_contexts *c, const struct irt_cct *cct)
{
	for (uint32_t i = c->limit; i < irt_cct_count(cct); i++) {
		const struct irt_cct_node *n = irt_cct_node(cct, i);
		int err = irt_contexts_add(c, i, n->parent, n->ordinal, n->function);
		if (err)
			return err;
	}
	return 0;
}

uint32_t irt_contexts_child(const struct irt_contexts *c, uint32_t parent, uint32_t ordinal)
{
	return *find_slot(c, parent, ordinal);
}

uint32_t irt_contexts_function(const struct irt_contexts *c, uint32_t index)
{
	return irt_contexts_has(c, index) ? c->rows[index].function : 0;
}

uint32_t irt_contexts_parent(const struct irt_contexts *c, uint32_t index)
{
	return irt_contexts_has(c, index) ? c->rows[index].parent : 0;
}
