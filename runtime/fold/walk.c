/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk.c - making a walk, its tables of nodes and edges, its open chunk, its figures.
 */
#include "fold/walk_internal.h"

enum {
	FIRST_NODES = 16,
	FIRST_FRAMES = 64,
	FIRST_SLOTS = 32,
};

/* ---- tables ----------------------------------------------------------------------------------- */

static bool grow_array(void *array, size_t items, size_t item_bytes)
{
	void **at = array, *p = realloc(*at, items * item_bytes);

	if (p)
		*at = p;
	return p != NULL;
}

/* More room for nodes in all tables that are indexed by them. Each table alone is consistent with
 * the old room until the last one has grown. */
static int grow_nodes(struct irt_walk *w)
{
	uint32_t room = w->node_room ? 2 * w->node_room : FIRST_NODES;
	uint64_t *states = aligned_alloc(64, (size_t)room * 64);
	struct stat *stats = aligned_alloc(64, (size_t)room * sizeof(*stats));

	if (!states || !stats || !grow_array(&w->nodes, room, sizeof(*w->nodes)) ||
	    !grow_array(&w->touched, 2 * (size_t)room, sizeof(*w->touched)) ||
	    !grow_array(&w->dirty, room, sizeof(*w->dirty)) ||
	    !grow_array(&w->changed, room, sizeof(*w->changed)) ||
	    !grow_array(&w->open_nodes, room, sizeof(*w->open_nodes))) {
		free(states);
		free(stats);
		return INSTR_ERR_MEMORY;
	}
	if (w->node_count) {
		memcpy(states, w->states, (size_t)w->node_count * 64);
		memcpy(stats, w->stats, (size_t)w->node_count * sizeof(*stats));
	}
	free(w->states);
	free(w->stats);
	w->states = states;
	w->stats = stats;
	w->node_room = room;
	return 0;
}

static uint32_t hash_context(uint32_t context)
{
	return (uint32_t)(context * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static uint32_t *find_by_context(const struct irt_walk *w, uint32_t context)
{
	uint32_t mask = w->context_slots - 1;

	for (uint32_t i = hash_context(context) & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &w->by_context[i];
		if (*slot == UINT32_MAX || w->nodes[*slot].context == context)
			return slot;
	}
}

static int grow_by_context(struct irt_walk *w)
{
	uint32_t *old = w->by_context, old_slots = w->context_slots;
	uint32_t slots = old_slots ? 2 * old_slots : FIRST_SLOTS;
	uint32_t *table = malloc(slots * sizeof(*table));

	if (!table)
		return INSTR_ERR_MEMORY;
	memset(table, 0xff, slots * sizeof(*table));
	w->by_context = table;
	w->context_slots = slots;
	for (uint32_t i = 0; i < old_slots; i++)
		if (old[i] != UINT32_MAX)
			*find_by_context(w, w->nodes[old[i]].context) = old[i];
	free(old);
	return 0;
}

static int add_node(struct irt_walk *w, uint32_t context, uint32_t *index)
{
	struct node *n;

	if (w->node_count == w->node_room && grow_nodes(w))
		return INSTR_ERR_MEMORY;
	*index = w->node_count++;
	n = &w->nodes[*index];
	memset(n, 0, sizeof(*n));
	n->context = context;
	n->parent_context = irt_cct_node(w->config.cct, context)->parent;
	n->ordinal = irt_cct_node(w->config.cct, context)->ordinal;
	n->min = UINT64_MAX;
	memset(&w->stats[*index], 0, sizeof(struct stat));
	w->stats[*index].min = UINT64_MAX;
	for (unsigned i = 0; i < 2 * RANKS; i++)
		w->states[(size_t)*index * 2 * RANKS + i] = ENTRY_EMPTY;
	return 0;
}

int irt_walk_node_of(struct irt_walk *w, uint32_t context, uint32_t *node)
{
	uint32_t *slot;
	int err;

	if (2 * (w->node_count + 1) > w->context_slots && grow_by_context(w))
		return INSTR_ERR_MEMORY;
	slot = find_by_context(w, context);
	if (*slot != UINT32_MAX) {
		*node = *slot;
		return 0;
	}
	err = add_node(w, context, node);
	if (!err)
		*slot = *node;
	return err;
}

int irt_walk_twin_of(struct irt_walk *w, uint32_t node, uint32_t *twin)
{
	int err;

	*twin = w->nodes[node].twin;
	if (*twin || w->twin_count >= TWIN_LIMIT)
		return 0;
	err = add_node(w, w->nodes[node].context, twin);
	if (err)
		return err;
	w->twin_count++;
	w->nodes[*twin].twin_of = node;
	w->nodes[node].twin = *twin;
	return 0;
}

static uint64_t hash_edge(uint32_t node, uint64_t row)
{
	uint64_t h = (row >> 4 ^ (uint64_t)node << 40 ^ (uint64_t)node >> 3) * UINT64_C(0x9e3779b97f4a7c15);

	return h >> 32 ^ h >> 57;
}

static struct edge *find_edge(const struct irt_walk *w, uint32_t node, uint64_t row)
{
	uint32_t mask = w->edge_slots - 1;

	for (uint32_t i = (uint32_t)hash_edge(node, row) & mask;; i = (i + 1) & mask) {
		struct edge *e = &w->edges[i];
		if (!e->child || (e->row == row && e->node == node))
			return e;
	}
}

int irt_walk_find_edge(const struct irt_walk *w, uint32_t node, uint64_t row, uint32_t *child)
{
	*child = w->edge_slots ? find_edge(w, node, row)->child : 0;
	return *child ? 0 : INSTR_ERR_NOT_FOUND;
}

int irt_walk_add_edge(struct irt_walk *w, uint32_t node, uint64_t row, uint32_t child)
{
	struct edge *e;

	if (2 * (w->edge_count + 1) > w->edge_slots) {
		struct edge *old = w->edges;
		uint32_t old_slots = w->edge_slots, slots = old_slots ? 2 * old_slots : FIRST_SLOTS;
		struct edge *table = calloc(slots, sizeof(*table));
		if (!table)
			return INSTR_ERR_MEMORY;
		w->edges = table;
		w->edge_slots = slots;
		for (uint32_t i = 0; i < old_slots; i++)
			if (old[i].child)
				*find_edge(w, old[i].node, old[i].row) = old[i];
		free(old);
	}
	e = find_edge(w, node, row);
	if (!e->child)
		w->edge_count++;
	*e = (struct edge){row, node, child};
	return 0;
}

/* Rows may mean other functions from here on. Nodes stay where they are in the states, so tokens do
 * not change; only the short cut from row to node is gone. */
void irt_walk_drop_edges(struct irt_walk *w)
{
	free(w->edges);
	w->edges = NULL;
	w->edge_count = w->edge_slots = 0;
	memset(w->heap_sites, 0, sizeof(w->heap_sites));
	memset(w->lock_sites, 0, sizeof(w->lock_sites));
	for (uint32_t i = 0; i < w->touched_count; i++) {
		uint64_t *q = w->states + (size_t)w->touched[i] * RANKS;
		for (unsigned r = 0; r < RANKS; r++)
			if (entry_number(q[r]) < NODE_LIMIT)
				q[r] = ENTRY(0, entry_number(q[r]));
	}
}

/* ---- time --------------------------------------------------------------------------------------- */

void irt_walk_set_horizon(struct irt_walk *w, uint64_t ticks)
{
	w->horizon = ticks;
}

int irt_walk_forget_rows(struct irt_walk *w, uint64_t ticks)
{
	size_t room = w->forget_room, i;

	if (!irt_grow(&w->forget, &room, w->forget_count + 1, sizeof(*w->forget)))
		return INSTR_ERR_MEMORY;
	w->forget_room = (uint32_t)room;
	for (i = w->forget_count; i > 0 && w->forget[i - 1] > ticks; i--)
		w->forget[i] = w->forget[i - 1];
	w->forget[i] = ticks;
	w->forget_count++;
	return 0;
}

/* ---- the open chunk ------------------------------------------------------------------------------ */

/* Starts a chunk at the present state of the stack. */
void irt_walk_begin_chunk(struct irt_walk *w)
{
	for (uint32_t i = 0; i < w->touched_count; i++)
		for (unsigned r = 0; r < RANKS; r++)
			w->states[(size_t)w->touched[i] * RANKS + r] = ENTRY_EMPTY;
	w->touched_count = 0;
	w->state = 2 * w->frames[w->depth].node;
	w->chunk_events = 0;
	w->side_bytes = 0;
	if (w->code_used)
		memset(&w->code, 0, sizeof(w->code));
	w->code_used = false;
	for (unsigned i = 0; i < IRT_HEAP_SIDES; i++)
		w->heap_first[i] = w->heap_numbers[i] = w->heap_numbers[i] + 1; /* none from before is in reach */
	w->chunk_has_pos = false;
	w->chunk_first_event = w->events;
	w->chunk_stopped = w->stopped;
	w->operations = 1 << IRT_OP_ENTER | 1 << IRT_OP_EXIT;
	w->chunk_context = context_of(w, w->frames[w->depth].node);
	w->chunk_depth = w->depth;
	w->chunk_low = w->depth;
	w->mentioned_count = 0;
	irt_walk_lower(w, SIZE_MAX);
}

void irt_walk_next_chunk(struct irt_walk *w)
{
	irt_walk_begin_chunk(w);
}

/* Frames below index stay as they are (SIZE_MAX: all); keeps W3. */
void irt_walk_lower(struct irt_walk *w, size_t index)
{
	if (index < w->chunk_low)
		w->chunk_low = index;
	if (index < w->stable)
		w->stable = index;
	if (index < w->window)
		w->window = index;
	if (index < w->kept)
		w->kept = index;
	w->low = w->chunk_low > w->stable ? w->chunk_low : w->stable;
	w->low = w->kept > w->low ? w->kept : w->low;
	w->low = w->blocked > w->low ? w->blocked : w->low;
	w->low = w->window > w->low ? w->window : w->low;
}

/* Stack pointers of records lie in another window from here on (sp_from). */
void irt_walk_set_window(struct irt_walk *w, int64_t sp_from)
{
	if (sp_from == w->sp_from)
		return;
	w->sp_from = sp_from;
	w->window = w->depth;
	irt_walk_lower(w, SIZE_MAX);
}

void irt_walk_chunk(const struct irt_walk *w, struct irt_walk_chunk *c)
{
	uint64_t origin = w->config.origin_ticks;

	memset(c, 0, sizeof(*c));
	c->start_pos = w->chunk_has_pos ? w->chunk_pos : w->position;
	c->end_pos = w->position;
	c->first_event = w->chunk_first_event;
	c->events = w->chunk_events;
	if (w->chunk_events) {
		c->start_ticks = (int64_t)(w->chunk_ticks - origin);
		c->end_ticks = (int64_t)(w->last - origin);
	}
	c->start_context = w->chunk_context;
	c->start_depth = w->chunk_depth;
	c->min_depth = w->chunk_low;
	c->operations = w->operations;
	c->time_unit_ticks = w->config.time_unit_ticks;
	c->symbols = w->symbols;
	c->side = w->side;
	c->side_bytes = w->side_bytes;
	c->closed = w->closed;
	c->closed_count = w->chunk_depth - w->chunk_low;
}

int irt_walk_chunk_functions(struct irt_walk *w, void *user, int (*each)(void *user, uint32_t function))
{
	uint32_t greatest = function_of_node(w, w->state / 2), function;
	uint64_t *set;
	int stop = 0;

	for (uint32_t i = 0; i < w->touched_count; i++) {
		function = function_of_node(w, w->touched[i] / 2);
		greatest = function > greatest ? function : greatest;
	}
	for (uint32_t i = 0; i < w->mentioned_count; i++)
		greatest = w->mentioned[i] > greatest ? w->mentioned[i] : greatest;
	set = calloc(greatest / 64 + 1, sizeof(*set));
	if (!set)
		return INSTR_ERR_MEMORY;
	/* the root is in states, but it is no call */
	for (uint32_t i = 0; i <= w->touched_count; i++) {
		uint32_t state = i < w->touched_count ? w->touched[i] : w->state;
		if (state < 2)
			continue;
		function = function_of_node(w, state / 2);
		set[function / 64] |= UINT64_C(1) << function % 64;
	}
	for (uint32_t i = 0; i < w->mentioned_count; i++)
		set[w->mentioned[i] / 64] |= UINT64_C(1) << w->mentioned[i] % 64;
	for (uint32_t i = 0; i <= greatest / 64 && !stop; i++)
		for (uint64_t bits = set[i]; bits && !stop; bits &= bits - 1)
			stop = each(user, i * 64 + (uint32_t)__builtin_ctzll(bits));
	free(set);
	return stop;
}

/* ---- making one ---------------------------------------------------------------------------------- */

int irt_walk_create(struct irt_walk **out, const struct irt_walk_config *config)
{
	struct irt_walk *w = calloc(1, sizeof(*w));
	uint32_t root, unit;

	*out = NULL;
	if (!w)
		return INSTR_ERR_MEMORY;
	w->config = *config;
	unit = config->time_unit_ticks;
	unit = unit == 0 ? 1 : unit > IRT_WALK_UNIT_MAX ? IRT_WALK_UNIT_MAX : unit;
	w->config.time_unit_ticks = w->hot.unit = unit;
	w->hot.reciprocal = ((UINT64_C(1) << 32) + unit - 1) / unit;
	w->hot.pause = config->pause_ticks ? (config->pause_ticks + unit - 1) / unit : UINT32_MAX;
	/* also: differences fit 31 bits */
	w->exact_below = unit == 1 ? UINT64_C(1) << 31 : (UINT64_C(1) << 32) / unit;
	if (!config->chunk_events || config->chunk_events > IRT_WALK_CHUNK_EVENTS)
		w->config.chunk_events = IRT_WALK_CHUNK_EVENTS;
	if (!config->max_frames)
		w->config.max_frames = IRT_WALK_MAX_FRAMES;
	w->horizon = UINT64_MAX;
	if (!irt_grow(&w->frames, &w->frame_room, FIRST_FRAMES, sizeof(*w->frames)) ||
	    irt_walk_node_of(w, IRT_CCT_ROOT, &root)) {
		irt_walk_destroy(w);
		return INSTR_ERR_MEMORY;
	}
	w->frames[0] = (struct frame){.sp = SP_NONE}; /* W2 */
	irt_walk_begin_chunk(w);
	*out = w;
	return 0;
}

void irt_walk_destroy(struct irt_walk *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->node_count; i++) {
		free(w->stats[i].counts);
		irt_histogram_fini(&w->nodes[i].histogram);
	}
	free(w->forget);
	free(w->frames);
	free(w->states);
	free(w->stats);
	free(w->nodes);
	free(w->touched);
	free(w->dirty);
	free(w->changed);
	free(w->open_nodes);
	free(w->edges);
	free(w->by_context);
	free(w->symbols);
	free(w->side);
	free(w->heap_seen);
	free(w->closed);
	free(w->mentioned);
	free(w->orphans);
	free(w->past.entries);
	free(w);
}

/* The loop's careful variant from here on (W5). */
int irt_walk_make_general(struct irt_walk *w)
{
	if (w->general)
		return 0;
	for (size_t i = 1; i <= w->depth; i++)
		w->nodes[w->frames[i].node].open++;
	w->general = true;
	return 0;
}

/* ---- figures ------------------------------------------------------------------------------------- */

void irt_walk_counters(const struct irt_walk *w, struct irt_walk_counters *c)
{
	*c = w->counters;
	c->position = w->position;
	c->events = w->events;
	if (w->events) {
		c->first_ticks = (int64_t)(w->first - w->config.origin_ticks);
		c->last_ticks = (int64_t)(w->last - w->config.origin_ticks);
	}
}

uint64_t irt_walk_depth(const struct irt_walk *w)
{
	return w->depth;
}

bool irt_walk_may_be_above(const struct irt_walk *w, uint64_t tag, uint64_t depth)
{
	int64_t sp = irt_walk_sp(w->sp_from, tag);

	switch (instr_tag_kind(tag)) {
	case INSTR_ENTER:
	case INSTR_CYG_ENTER:
		return depth < w->depth && (!is_known(sp) || !is_known(w->frames[depth + 1].sp) || sp < w->frames[depth + 1].sp);
	case INSTR_EXIT:
	case INSTR_CYG_EXIT:
	case INSTR_UNWIND:
	case INSTR_TAIL:
		for (size_t i = w->depth; i > depth; i--)
			if (!w->frames[i].tag || row_key(w->frames[i].tag) == row_key(tag))
				return true;
		return false;
	default:
		return true;
	}
}

void irt_walk_frame(const struct irt_walk *w, uint64_t depth, struct irt_walk_frame *out)
{
	const struct frame *f = &w->frames[depth + 1];

	out->context = context_of(w, f->node);
	out->enter_ticks = (int64_t)(f->enter + w->stopped - w->config.origin_ticks);
	out->child_ticks = f->child;
	out->tag = f->tag;
	out->flags = (f->flags & FRAME_INHERITED ? IRT_FRAME_INHERITED : 0) |
		     (f->flags & FRAME_FOLDED ? IRT_FRAME_FOLDED : 0) |
		     (f->flags & FRAME_STACK_START ? IRT_FRAME_STACK_START : 0) |
		     (f->sp >= SP_KNOWN && f->sp != SP_NONE ? (uint64_t)f->sp << IRT_FRAME_SP_SHIFT : 0);
}

uint64_t irt_walk_unchanged_frames(const struct irt_walk *w)
{
	/* the innermost of those that stayed may have got child time */
	return w->stable ? w->stable - 1 : 0;
}
