/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cct.h - the calling-context tree of one process: which call paths have occurred.
 *
 * Append-only. Context 0 is the root, which is no call. A context is a function under a parent
 * context; its ordinal counts the parent's children in order of creation. (parent, ordinal) is what
 * chunks refer to, so a context must be in the database (table contexts) no later than the first
 * chunk that uses it, and a loaded tree continues the stored one.
 *
 * Bounds. At max_contexts, or below depth max_depth, no child is made in place. The call goes
 *   - to the nearest context on its own path that has the same function (recursion): that context
 *     gets IRT_CCT_FOLDED;
 *   - else to the context of this function under "(other)", a child of the root: one context per
 *     function that was met out of bounds, all with IRT_CCT_OTHER. So every call keeps its function
 *     and counts per function stay exact; only the path is cut.
 * A call out of bounds from below "(other)" goes to "(other)" again. Such a call's context is no
 * child of its caller's: the edge is folded (irt_walk and chunks mark it).
 *
 * Memory: 20 bytes per context and 8 to 16 for the index, allocated as needed.
 *
 * Threads: one thread at a time calls the functions that take a non-const tree. Nodes never move, so
 * an index that was handed to another thread may be read there (irt_cct_node, irt_cct_on_path). When
 * several drain threads fold threads of one process, a lock around irt_cct_child is all that is
 * missing: the walk calls it once per thread and edge, never in the steady state.
 */
#ifndef IRT_FOLD_CCT_H
#define IRT_FOLD_CCT_H

#include <stdbool.h>
#include <stdint.h>

#include "instr/errors.h"

enum {
	IRT_CCT_ROOT = 0,
	IRT_CCT_MAX_CONTEXTS = 1 << 20, /* default of max_contexts */
	IRT_CCT_MAX_DEPTH = 512,        /* default of max_depth */
	IRT_CCT_ID_SPAN = 1 << 21,      /* context_id = (process_id - 1) * this + index */
};

enum irt_cct_flag { /* contexts.flags */
	IRT_CCT_FOLDED = 1, /* stands for deeper calls too */
	IRT_CCT_OTHER = 2,  /* "(other)", or a function below it */
};

struct irt_cct_node {
	uint32_t parent;    /* index; the root is its own parent */
	uint32_t function;  /* function_id; 0 for the root and for unknown functions */
	uint32_t ordinal;   /* nth child of its parent, from 0 */
	uint32_t children;
	uint16_t depth;     /* 0 for the root, 1 for outermost calls */
	uint8_t recursive;  /* its function occurs above it too */
	uint8_t flags;      /* enum irt_cct_flag; may grow after the node was made, see irt_cct_next_changed */
};

struct irt_cct_config {
	uint32_t max_contexts;   /* at most IRT_CCT_MAX_CONTEXTS; 0 = that */
	uint32_t max_depth;      /* at most 65000; 0 = IRT_CCT_MAX_DEPTH */
	uint32_t other_function; /* function_id of "(other)" */
};

struct irt_cct;

/* INSTR_ERR_MEMORY. config may be NULL (then "(other)" is function 0). */
int irt_cct_create(struct irt_cct **cct, const struct irt_cct_config *config);
void irt_cct_destroy(struct irt_cct *cct); /* NULL is allowed */

/* The context of a call of `function` from `parent`: found, or made. If *folded comes back true the
 * bounds applied and the context's parent is not `parent`. INSTR_ERR_MEMORY: nothing has changed.
 * (When half a million functions have been met out of bounds, further ones share "(other)" itself.) */
int irt_cct_child(struct irt_cct *cct, uint32_t parent, uint32_t function, uint32_t *context,
		  bool *folded);

/* index < irt_cct_count. The pointer stays valid as long as the tree. */
const struct irt_cct_node *irt_cct_node(const struct irt_cct *cct, uint32_t index);

/* Contexts made so far, the root included. Those made since an earlier look are [then, now). */
uint32_t irt_cct_count(const struct irt_cct *cct);

/* Whether `above` is `context` or one of its ancestors. */
bool irt_cct_on_path(const struct irt_cct *cct, uint32_t above, uint32_t context);

/* Takes the next context whose flags have changed since it was made; 0 = none left. Its row needs an
 * update. (Take the rows [then, now) first: they carry the flags as they are.) */
uint32_t irt_cct_next_changed(struct irt_cct *cct);

/* Recovery: rows of table contexts, by ascending index, from 0 (the root) or 1 on, without holes.
 * INSTR_ERR_FORMAT: the row contradicts the rows before it; nothing has changed. Depth and recursive
 * are derived again and checked. */
int irt_cct_load(struct irt_cct *cct, uint32_t index, const struct irt_cct_node *row);

#endif
