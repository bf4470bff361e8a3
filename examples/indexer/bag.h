/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * bag.h - the terms of one document and how often each occurs in it. Belongs to one thread.
 */
#ifndef INDEXER_BAG_H
#define INDEXER_BAG_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

struct bag_entry {
	const char *term; /* NULL: the slot is free */
	uint32_t hash, count;
};

struct bag {
	struct bag_entry *slots;
	size_t slot_count, used; /* slot_count is a power of two */
	struct arena terms;
};

void bag_init(struct bag *bag, size_t text_bytes);
void bag_fini(struct bag *bag);
/* Counts one occurrence. */
void bag_add(struct bag *bag, const char *term, size_t bytes);

#endif
