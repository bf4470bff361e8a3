/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * tree_lines.h - the lines of --tree, from the contexts that its query gives in the order of printing: levels of recursion
 * folded into one line, the lightest cut off. However many they are, 16 to 24 bytes of each are in memory, the rest in a spool.
 */
#ifndef TOOLS_REPORT_TREE_LINES_H
#define TOOLS_REPORT_TREE_LINES_H

#include "report/report.h"

struct tree_beside { int64_t total, own; }; /* with callees, and without */

struct tree_line {
	int64_t process_id, depth, calls, total_ns, self_ns, max_ns;
	struct tree_beside beside[2]; /* bytes and blocks, or ns blocked and for locks */
	int64_t idle_ns;              /* of what it was blocked itself */
	int64_t hooked;               /* calls whose hooks its self time contains: its own and those it made */
	int64_t levels;               /* of recursion that this line stands for; 1: none */
	size_t indent;                /* depth as it is drawn, from 1 */
	uint8_t has_max;
	uint8_t last;    /* no sibling follows */
	uint8_t is_way;  /* to what was asked for: has no time of its own here */
	uint8_t outside; /* stands for what was allocated while no function was open */
	const char *name, *place; /* until the next line is taken */
};

/* What shares are of and lines are cut by. */
struct tree_beside tree_weigh(const struct report *, const struct tree_line *);

struct tree_lines;

/* Reads all contexts that the query gives; at most report->limit lines of them are left. drawn: lines are not indented further than
 * to this level. 0, or a negative enum instr_err with report->error filled; *lines is NULL then. */
int tree_read(struct report *, const char *query, const char *order, size_t drawn, struct tree_lines **lines);
/* 1: *line is the next one; 0: there is none left. */
int tree_take(struct tree_lines *, struct tree_line *line);
void tree_free(struct tree_lines *); /* NULL is allowed */

#endif
