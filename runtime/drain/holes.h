/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * holes.h - see holes.c. For gather.c.
 */
#ifndef IRT_DRAIN_HOLES_H
#define IRT_DRAIN_HOLES_H

#include "drain/session.h"

/* gather.c: whether this thread is held up long enough by what it has met. Starts the clock at the first call. */
int irt_held_long_enough(struct irt_drained_thread *t, uint64_t most_ns);

/* Those that an earlier drain has left, in a sub-buffer that is seen for the first time; and when none is to come. */
void irt_find_holes(struct irt_session *s, struct irt_drained_thread *t, uint32_t sub, uint64_t sequence);
void irt_forget_old_holes(struct irt_session *s, struct irt_drained_thread *t);

/* So many units from where the walk stands are passed. 0: no memory. */
int irt_add_holes(struct irt_session *s, struct irt_drained_thread *t, uint32_t units, int one_record);

/* Walks what has come of the holes: as far as its place in the stream is reached, or whatever it is. */
enum irt_when { IRT_IN_ORDER, IRT_NOW };
void irt_look_at_holes(struct irt_session *s, struct irt_drained_thread *t, enum irt_when when);
/* As irt_walk_run, while there are holes. */
enum irt_walk_stop irt_walk_beside_holes(struct irt_session *s, struct irt_drained_thread *t, const struct instr_unit *u,
					 size_t units, uint64_t at, size_t *consumed, size_t *record_units);

#endif
