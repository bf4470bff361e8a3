/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * memory.h - allocation that ends the program with a sentence when there is no memory, and arenas:
 * many small pieces that are freed together.
 */
#ifndef INDEXER_MEMORY_H
#define INDEXER_MEMORY_H

#include <stddef.h>

/* Never NULL. Freed with free(). */
void *memory_get(size_t bytes);
void *memory_zeroed(size_t count, size_t bytes);
void *memory_resize(void *old, size_t bytes);
char *memory_text(const char *text, size_t bytes); /* a copy that ends in NUL */

struct arena {
	struct arena_block *blocks;
	size_t left; /* bytes of the newest block that are free */
};

void *arena_get(struct arena *arena, size_t bytes);
void arena_free(struct arena *arena);

#endif
