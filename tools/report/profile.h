/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * profile.h - all calling contexts with what they have, as a tree in memory: what pictures are drawn from (flame.c, graph.c).
 *
 * Nodes are numbered from 0, which stands for everything that was asked for; each comes behind its caller. With several
 * processes those are nodes too, right below it; else what they have themselves is node 0's: what was allocated or waited
 * for while no call that has hooks was open.
 */
#ifndef TOOLS_REPORT_PROFILE_H
#define TOOLS_REPORT_PROFILE_H

#include "report/report.h"

enum profile_measure {
	PROFILE_TIME, PROFILE_CALLS, PROFILE_BYTES, PROFILE_ALLOCS, PROFILE_BLOCKED, PROFILE_IDLE, PROFILE_LOCK, PROFILE_MEASURES,
};
enum { PROFILE_BEFORE = PROFILE_MEASURES, PROFILE_BOTH = 2 * PROFILE_MEASURES };
enum { PROFILE_FOLDED = 1, PROFILE_OTHER = 2 }; /* flags of contexts */
enum { PROFILE_DEPTH_MAX = 4096 };

/* What has a name: a function of the trace, and what is none. */
struct profile_function {
	char *name, *file, *module; /* file and module "" if not known; any bytes */
	int64_t line;               /* 0: not known */
	int is_none;                /* everything, a process, what is not known: no function */
};

struct profile {
	struct profile_function *functions;
	size_t function_count, function_room;
	struct profile_index {      /* of functions, by their number in the trace */
		uint64_t *keys;
		uint32_t *values;   /* + 1; 0: free */
		size_t count, room; /* room is a power of two */
	} by_id;
	size_t count, room;                 /* nodes */
	uint32_t *parents, *function_of;    /* by node; that of node 0 is itself */
	uint8_t *flags;
	/* By node, without callees, at least 0; NULL: no node has any. From PROFILE_BEFORE on of the older trace, if one is beside it. */
	int64_t *own[PROFILE_BOTH];
	int64_t *ids;                       /* of the contexts; only while they are read */
};

/* Reads what was asked for. Nodes that have nothing, and nothing below, are left out. */
int profile_read(struct report *, struct profile *);
/* Reads report->old, too, call path by call path; processes of a run are added up. */
int profile_read_both(struct report *, struct profile *);
void profile_fini(struct profile *);

/* By node: what it has with its callees; to be freed. own: of a measure; NULL: none has any. */
int64_t *profile_add_up(const struct profile *, const int64_t *own);
/* Leaves nodes out that have, with their callees, a smaller share than least (0 to 1) of every measure: each caller of
 * such gets one node "(smaller ones)" with what these have. With 0: those that have nothing. */
void profile_prune(struct profile *, double least);

/* The value of key; if it has none yet, it gets this one. */
uint32_t profile_index_add(struct profile_index *, uint64_t key, uint32_t value);
void profile_index_fini(struct profile_index *);

#endif
