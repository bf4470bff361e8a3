/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * creators.h - who has created which thread of a process.
 *
 *     walks ──irt_creators_add──────► creations ─┐
 *                                                ├─irt_creators_settle──► who has created it
 *     slots ──irt_creators_join──► threads ──────┘
 *
 * Both have a key (irt_thread.key). Where it is a number (INSTR_KEY_NUMBER), no other thread has it, and that is all.
 *
 * Else it is the control block of the thread, and blocks are used again when their threads have ended. So a thread was
 * created by the last call that gave its block and began before it was seen (or if there is none, one that seems to have begun
 * SLACK later: by another clock):
 *
 *     block    ├─ call 1 ─┤          ├─ call 2 ─┤
 *                   1 ·······end            2 ······ when it was seen first
 *
 * But a call that was under way when the thread was seen may have been held up before it took the block: from a thread that another
 * call had created, and that was seen late. It was the call's own if it was there still when the call had returned; else what the next
 * thread of the block needs tells. Where nothing does, its creator is not known.
 *
 * A call may end long after its thread was seen, or has ended; a thread may be seen long after it was created, or
 * never, if no code with hooks runs in it. The creation of one that was not seen is given up when the block is another
 * thread's. Where two calls that gave the same block were under way at one time, which was first is not known, and neither is
 * who created the thread (the one that came first has lived and ended in that time).
 *
 * A thread whose block was given by code without hooks has no creator. But if the thread before it in that block was
 * not seen, and a call with hooks had created that, it is taken for that call's.
 *
 * What comes late (IRT_CREATORS_GRACE_TICKS) is not waited for, but still brought together. Bounded: of a process the last
 * IRT_CREATORS_MAX creations, and as many threads, wait for each other.
 *
 * Not safe against other threads.
 */
#ifndef IRT_FOLD_CREATORS_H
#define IRT_FOLD_CREATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IRT_CREATORS_MAX = 4096,
	IRT_CREATORS_GRACE_TICKS = 1 << 28, /* a tenth of a second */
	IRT_CREATORS_SLACK_TICKS = 1 << 13, /* as of locks: clocks of two processors */
};

struct irt_creation {
	uint64_t key;        /* of the thread that was created */
	int64_t begin_ticks, end_ticks; /* of the call */
	uint32_t thread, context, site_id; /* who called */
	uint64_t number;     /* of the process, from 1; add sets it */
	bool stored;         /* it is in the file */
};

struct irt_creators;

/* INSTR_ERR_MEMORY. */
int irt_creators_create(struct irt_creators **creators);
void irt_creators_destroy(struct irt_creators *creators); /* NULL is allowed */

/* A call has created a thread. INSTR_ERR_MEMORY. */
int irt_creators_add(struct irt_creators *creators, const struct irt_creation *creation);
/* One of the file's: number and stored are as they say. INSTR_ERR_FORMAT: no such number. */
int irt_creators_restore(struct irt_creators *creators, const struct irt_creation *creation);
/* A thread was seen first at that time. INSTR_ERR_MEMORY. */
int irt_creators_join(struct irt_creators *creators, uint64_t thread_id, uint64_t key, int64_t ticks);

/* Is there anything to bring together? */
bool irt_creators_is_waiting(const struct irt_creators *creators);
/* All that happened until then is known; finds what can be found. What comes behind `until` less the grace may have a
 * creation that is not known yet: INT64_MAX, or at_once: that will not come. lived: how long the thread is known to have been
 * there (INT64_MIN: not known); NULL is allowed. INSTR_ERR_MEMORY: try again. */
int irt_creators_settle(struct irt_creators *creators, int64_t until, bool at_once, int64_t (*lived)(void *arg, uint64_t thread_id), void *arg);

/* Is there anything that the file does not have? */
bool irt_creators_is_unsaved(const struct irt_creators *creators);
/* ... what: threads whose creator was found, creations that still have no thread, and numbers of those that were stored and
 * are over. What `each` returns, if it is not 0, ends it. */
int irt_creators_each_found(const struct irt_creators *creators, void *arg,
			    int (*each)(void *arg, uint64_t thread_id, const struct irt_creation *by));
int irt_creators_each_new(const struct irt_creators *creators, void *arg, int (*each)(void *arg, const struct irt_creation *row));
int irt_creators_each_gone(const struct irt_creators *creators, void *arg, int (*each)(void *arg, uint64_t number));
void irt_creators_saved(struct irt_creators *creators);

#endif
