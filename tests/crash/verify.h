/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * verify.h - what the two files of crash_verify share: asking the trace, telling what is wrong, and the fold
 * of one thread's events.
 */
#ifndef TESTS_CRASH_VERIFY_H
#define TESTS_CRASH_VERIFY_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

enum { SPAN = 1 << 21, BUCKETS = 976 };

struct totals {
	uint64_t returns, unwound, open, orphans, total, self, min, max;
	uint64_t counts[BUCKETS];
};

struct call {
	uint32_t context;
	int inherited; /* over fork */
	int64_t enter; /* on a clock that stands still while the thread waits for the drain */
	uint64_t child;
};

struct block { /* a call that may block, which has begun */
	size_t depth;
	uint32_t context, site;
	int64_t start;
};
enum { BLOCKS = 8 };

struct process {
	int64_t id, start;
	struct plain_context *contexts;
	int64_t *function;
	int *recursive;
	uint32_t count;
	struct totals **functions; /* by function id */
	int is_least; /* folded orphans are not all there were */
};

struct thread {
	int64_t id, totals_events, last_ticks, orphans, waits, wait_ticks, lost, flags, merged, parent, start;
	int is_least; /* stands for threads of which not all chunks are there */
	struct process *process;
	struct totals **contexts; /* by index; NULL: never entered */
	uint32_t *open;           /* calls of this context on the stack */
	struct call *stack;
	size_t depth, room;
	struct block blocks[BLOCKS + 1];
	size_t block_count;
	int64_t events, last, seen_orphans, seen_waits, waited, gaps;
};

extern const char *path;
extern sqlite3 *db;
extern int findings;
extern int64_t function_count;
extern uint64_t compared_events, compared_chunks;

void found(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void cannot(const char *what);
void *zeroed(size_t count, size_t bytes);

sqlite3_stmt *ask(const char *sql, int64_t parameter);
int next(sqlite3_stmt *s); /* 0: that was the last row, the statement is gone */
int64_t number(sqlite3_stmt *s, int column);

struct totals *of(struct totals **table, size_t i); /* makes it */

/* The calls that a fork child's thread begins in, then its events up to its last checkpoint. */
void fold_thread(struct thread *t);

#endif
