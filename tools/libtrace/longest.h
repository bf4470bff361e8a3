/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * longest.h - what the two halves of tr_find_longest_calls share: longest.c, which finds calls, and longest_waits.c,
 * which looks at what happened within them.
 */
#ifndef TOOLS_LIBTRACE_LONGEST_H
#define TOOLS_LIBTRACE_LONGEST_H

#include "libtrace/events.h"

#define TR_NOT_SEEN INT64_MIN /* for the number of an event */

/* Where in the stream of its thread a call is, and what was waited in it, by place. */
struct tr_call_span {
	int64_t first, last; /* numbers of events; first may be TR_NOT_SEEN */
	int64_t end_ticks;
	struct tr_call_wait *waits;
	size_t count, room;
};

/* Fills what happened in each of the calls, which lie in the order in which they are to be shown. */
int tr_weigh_calls(struct tr_events *, struct tr_calls *);

#endif
