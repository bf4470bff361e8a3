/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cct.c - the calling-context tree of one process.
 *
 * Nodes lie in segments that never move. The index is one open-addressed table of node numbers; the
 * key (parent, function) is read from the node. "(other)" is an ordinary node with the function that
 * the configuration names, made when it is first needed.
 */
#include "fold/cct.h"

#include <stdlib.h>
#include <string.h>

enum {
	SEGMENT_SHIFT = 10,
	SEGMENT_NODES = 1 << SEGMENT_SHIFT,
	SEGMENTS = IRT_CCT_ID_SPAN >> SEGMENT_SHIFT,
	FIRST_SLOTS = 256,
	DEPTH_LIMIT = 65000, /* depth is 16 bits */
	/* The walk numbers contexts and as many twins again as are left to 2^21 (walk_internal.h). */
	COUNT_LIMIT = IRT_CCT_MAX_CONTEXTS + IRT_CCT_MAX_CONTEXTS / 2,
};

struct irt_cct {
	struct irt_cct_config config;
	uint32_t count;
	uint32_t other;      /* index of "(other)"; 0 = not made yet */
	uint32_t *slots;     /* node numbers, 0 = empty; a power of two of them, at most half full */
	uint32_t slot_count;
	uint32_t *changed;   /* contexts whose flags changed, to be told */
	uint32_t changed_count, changed_room;
	struct irt_cct_node *segments[SEGMENTS];
};

static struct irt_cct_node *node_at(const struct irt_cct *cct, uint32_t index)
{
	return &cct->segments[index >> SEGMENT_SHIFT][index & (SEGMENT_NODES - 1)];
}

static uint32_t hash(uint32_t parent, uint32_t function)
{
	uint64_t h = ((uint64_t)parent << 32 | function) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(h >> 32) ^ (uint32_t)(h >> 47);
}

/* The slot that holds the child, or the empty one where it belongs. */
static uint32_t *find_slot(const struct irt_cct *cct, uint32_t parent, uint32_t function)
{
	uint32_t mask = cct->slot_count - 1;

	for (uint32_t i = hash(parent, function) & mask;; i = (i + 1) & mask) {
		const struct irt_cct_node *n;
		if (!cct->slots[i])
			return &cct->slots[i];
		n = node_at(cct, cct->slots[i]);
		if (n->parent == parent && n->function == function)
			return &cct->slots[i];
	}
}

static int grow_slots(struct irt_cct *cct)
{
	uint32_t *old = cct->slots, count = cct->slot_count ? 2 * cct->slot_count : FIRST_SLOTS;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return INSTR_ERR_MEMORY;
	cct->slots = slots;
	cct->slot_count = count;
	for (uint32_t i = 1; i < cct->count; i++) {
		const struct irt_cct_node *n = node_at(cct, i);
		*find_slot(cct, n->parent, n->function) = i;
	}
	free(old);
	return 0;
}

/* Memory for one more node, in all tables. */
static int make_room(struct irt_cct *cct)
{
	struct irt_cct_node **segment = &cct->segments[cct->count >> SEGMENT_SHIFT];

	if (!*segment) {
		*segment = calloc(SEGMENT_NODES, sizeof(**segment));
		if (!*segment)
			return INSTR_ERR_MEMORY;
	}
	return 2 * (cct->count + 1) > cct->slot_count ? grow_slots(cct) : 0;
}

static bool function_on_path(const struct irt_cct *cct, uint32_t function, uint32_t context,
			     uint32_t *at)
{
	for (; context != IRT_CCT_ROOT; context = node_at(cct, context)->parent) {
		if (node_at(cct, context)->function == function) {
			*at = context;
			return true;
		}
	}
	return false;
}

static int add_node(struct irt_cct *cct, uint32_t parent, uint32_t function, uint8_t flags,
		    uint32_t *index)
{
	struct irt_cct_node *up, *n;
	uint32_t above;
	int err = make_room(cct);

	if (err)
		return err;
	up = node_at(cct, parent);
	n = node_at(cct, cct->count);
	n->parent = parent;
	n->function = function;
	n->ordinal = up->children++;
	n->children = 0;
	n->depth = (uint16_t)(up->depth + 1);
	n->recursive = function_on_path(cct, function, parent, &above);
	n->flags = flags;
	*index = cct->count++;
	*find_slot(cct, parent, function) = *index;
	return 0;
}

int irt_cct_create(struct irt_cct **out, const struct irt_cct_config *config)
{
	struct irt_cct *cct = calloc(1, sizeof(*cct));

	*out = NULL;
	if (!cct)
		return INSTR_ERR_MEMORY;
	if (config)
		cct->config = *config;
	if (!cct->config.max_contexts || cct->config.max_contexts > IRT_CCT_MAX_CONTEXTS)
		cct->config.max_contexts = IRT_CCT_MAX_CONTEXTS;
	if (!cct->config.max_depth)
		cct->config.max_depth = IRT_CCT_MAX_DEPTH;
	if (cct->config.max_depth > DEPTH_LIMIT)
		cct->config.max_depth = DEPTH_LIMIT;
	if (make_room(cct)) {
		irt_cct_destroy(cct);
		return INSTR_ERR_MEMORY;
	}
	cct->count = 1; /* the root: all zero */
	*out = cct;
	return 0;
}

void irt_cct_destroy(struct irt_cct *cct)
{
	if (!cct)
		return;
	for (unsigned i = 0; i < SEGMENTS; i++)
		free(cct->segments[i]);
	free(cct->slots);
	free(cct->changed);
	free(cct);
}

static int mark_folded(struct irt_cct *cct, uint32_t context)
{
	struct irt_cct_node *n = node_at(cct, context);

	if (n->flags & IRT_CCT_FOLDED)
		return 0;
	if (cct->changed_count == cct->changed_room) {
		uint32_t room = cct->changed_room ? 2 * cct->changed_room : 16;
		uint32_t *changed = realloc(cct->changed, room * sizeof(*changed));
		if (!changed)
			return INSTR_ERR_MEMORY;
		cct->changed = changed;
		cct->changed_room = room;
	}
	cct->changed[cct->changed_count++] = context;
	n->flags |= IRT_CCT_FOLDED;
	return 0;
}

/* The context of a call that may not become a child in place. */
static int fold(struct irt_cct *cct, uint32_t parent, uint32_t function, uint32_t *context)
{
	uint32_t found;
	int err;

	if (function_on_path(cct, function, parent, context))
		return mark_folded(cct, *context);
	if (!cct->other) {
		/* A real function may be called "(other)"'s id only by mistake; then it is that one. */
		found = *find_slot(cct, IRT_CCT_ROOT, cct->config.other_function);
		if (!found) {
			err = add_node(cct, IRT_CCT_ROOT, cct->config.other_function, IRT_CCT_OTHER, &found);
			if (err)
				return err;
		}
		cct->other = found;
	}
	found = *find_slot(cct, cct->other, function);
	if (!found && cct->count >= COUNT_LIMIT)
		found = cct->other;
	if (!found) {
		err = add_node(cct, cct->other, function, IRT_CCT_OTHER, &found);
		if (err)
			return err;
	}
	*context = found;
	return 0;
}

int irt_cct_child(struct irt_cct *cct, uint32_t parent, uint32_t function, uint32_t *context,
		  bool *folded)
{
	const struct irt_cct_node *up = node_at(cct, parent);
	int err;

	*context = *find_slot(cct, parent, function);
	*folded = false;
	if (*context)
		return 0;
	if (cct->count < cct->config.max_contexts && up->depth < cct->config.max_depth &&
	    !(up->flags & IRT_CCT_OTHER))
		return add_node(cct, parent, function, 0, context);
	err = fold(cct, parent, function, context);
	if (!err)
		*folded = node_at(cct, *context)->parent != parent;
	return err;
}

const struct irt_cct_node *irt_cct_node(const struct irt_cct *cct, uint32_t index)
{
	return node_at(cct, index);
}

uint32_t irt_cct_count(const struct irt_cct *cct)
{
	return cct->count;
}

bool irt_cct_on_path(const struct irt_cct *cct, uint32_t above, uint32_t context)
{
	while (node_at(cct, context)->depth > node_at(cct, above)->depth)
		context = node_at(cct, context)->parent;
	return context == above;
}

uint32_t irt_cct_next_changed(struct irt_cct *cct)
{
	return cct->changed_count ? cct->changed[--cct->changed_count] : 0;
}

int irt_cct_load(struct irt_cct *cct, uint32_t index, const struct irt_cct_node *row)
{
	const struct irt_cct_node *up, *n;
	uint32_t made, above;
	int err;

	if (index == IRT_CCT_ROOT)
		return row->function || row->depth ? INSTR_ERR_FORMAT : 0;
	if (index != cct->count || index > COUNT_LIMIT || row->parent >= index || (row->flags & ~(IRT_CCT_FOLDED | IRT_CCT_OTHER)))
		return INSTR_ERR_FORMAT;
	up = node_at(cct, row->parent);
	if (row->ordinal != up->children || row->depth != up->depth + 1 || row->depth > DEPTH_LIMIT + 2 ||
	    *find_slot(cct, row->parent, row->function) ||
	    (row->recursive != 0) != function_on_path(cct, row->function, row->parent, &above))
		return INSTR_ERR_FORMAT;
	err = add_node(cct, row->parent, row->function, row->flags, &made);
	if (err)
		return err;
	n = node_at(cct, made);
	if ((n->flags & IRT_CCT_OTHER) && n->parent == IRT_CCT_ROOT)
		cct->other = made;
	return 0;
}
