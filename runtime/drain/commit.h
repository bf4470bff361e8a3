/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * commit.h - the end of a round, in parts: its rows are put (rows.c) and its chunks (commit.c) in one
 * transaction; once that is in the file, what the ring held of it is free again (release.c).
 *
 * Put: in a round that is open; the store keeps the first error. Release: the number of sub-buffers that have
 * become free, of which the caller tells those who wait (R10).
 */
#ifndef IRT_DRAIN_COMMIT_H
#define IRT_DRAIN_COMMIT_H

#include "drain/session.h"

/* The moment of which the file tells, in ticks: while a program runs, now. What a dead run left may be
 * recovered long after its end. */
int64_t irt_last_moment(const struct irt_session *s);

void irt_put_process(struct irt_session *s, struct irt_drained_process *p);
/* Those that are new, or have other flags. */
void irt_put_contexts(struct irt_session *s, struct irt_drained_process *p);
/* Its counters are those of the last checkpoint, unless this is one. */
void irt_put_thread(struct irt_session *s, struct irt_drained_thread *t, int checkpoint);
void irt_put_holes(struct irt_session *s, struct irt_drained_thread *t);
/* Open calls and totals of all threads that have changed; totals by function, of the run and its processes. */
void irt_put_checkpoint(struct irt_session *s, int64_t ticks);
/* heaps.c: in this order, the first before the round is begun. 0: no memory, it cannot be a checkpoint. */
int irt_pack_heaps(struct irt_session *s, int last);
void irt_put_heaps(struct irt_session *s, int64_t ticks);
void irt_heaps_committed(struct irt_session *s);
/* blocks.c: what has changed of the calls that may block; and when it is committed. */
void irt_put_blocks(struct irt_session *s);
void irt_blocks_committed(struct irt_session *s);
/* locks.c: the same. */
int irt_pack_locks(struct irt_session *s);
void irt_put_locks(struct irt_session *s);
void irt_locks_committed(struct irt_session *s);
/* creators.c: the same. */
void irt_put_creators(struct irt_session *s);
void irt_creators_committed(struct irt_session *s);
void irt_put_anchor(struct irt_session *s);
void irt_put_losses(struct irt_session *s);

/* What an earlier drain was about to release when it ended. */
uint32_t irt_free_half_released(struct irt_session *s);
/* Of this thread: what it has written there is committed. */
uint32_t irt_release_subs(struct irt_session *s, struct irt_drained_thread *t);
/* Threads that are over: their slots and whatever they still own are free. */
uint32_t irt_retire_threads(struct irt_session *s);

#endif
