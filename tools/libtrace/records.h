/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * records.h - rows of context_figures, kept small: of a million contexts, most have few calls, and nothing of the heap.
 *
 *     size_t last = 0;                                  of a context: none yet
 *     tr_records_add(records, &last, &record); ...      last is now the place of this one
 *     for (size_t at = last; at;)
 *         at = tr_records_get(records, at, &record);    the one that was added before it
 *
 * Threads: each object belongs to one thread at a time.
 */
#ifndef TOOLS_LIBTRACE_RECORDS_H
#define TOOLS_LIBTRACE_RECORDS_H

#include <stddef.h>
#include <stdint.h>

/* Columns of context_figures from allocs to wait_ns. */
enum { TR_RECORD_EXTRAS = 7 };

struct tr_record { /* any values, those of a damaged file too */
	int64_t calls, self_ticks, total_ticks;
	int64_t min_ticks, max_ticks; /* 0 without a histogram */
	int64_t extras[TR_RECORD_EXTRAS];
	const void *histogram; /* NULL: none. Not looked into */
	size_t histogram_bytes;
};

struct tr_records;

struct tr_records *tr_records_create(void); /* empty; NULL: no memory */
void tr_records_destroy(struct tr_records *); /* NULL is allowed */
/* Copies a record behind the one at *last, 0 for the first, and makes *last its place. One that says nothing is left out.
 * 0, or INSTR_ERR_MEMORY: nothing was added. */
int tr_records_add(struct tr_records *, size_t *last, const struct tr_record *);
/* What was added at a place that is not 0; its histogram is valid until the next is added. Returns the place of the one behind
 * which it was added, 0: none. */
size_t tr_records_get(const struct tr_records *, size_t at, struct tr_record *);

#endif
