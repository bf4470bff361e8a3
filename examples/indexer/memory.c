/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * memory.c - see memory.h.
 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 8192 };

struct arena_block {
	struct arena_block *next;
	_Alignas(16) char bytes[];
};

static void *checked(void *memory)
{
	if (!memory) {
		fputs("indexer: out of memory\n", stderr);
		exit(3);
	}
	return memory;
}

void *memory_get(size_t bytes)
{
	return checked(malloc(bytes ? bytes : 1));
}

void *memory_zeroed(size_t count, size_t bytes)
{
	return checked(calloc(count ? count : 1, bytes));
}

void *memory_resize(void *old, size_t bytes)
{
	return checked(realloc(old, bytes ? bytes : 1));
}

char *memory_text(const char *text, size_t bytes)
{
	char *copy = memory_get(bytes + 1);
	memcpy(copy, text, bytes);
	copy[bytes] = 0;
	return copy;
}

void *arena_get(struct arena *arena, size_t bytes)
{
	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes > arena->left) {
		size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		struct arena_block *block = memory_get(sizeof *block + size);
		block->next = arena->blocks;
		arena->blocks = block;
		arena->left = size;
	}
	/* Handed out from the end: what is left is all that must be remembered. */
	arena->left -= bytes;
	return arena->blocks->bytes + arena->left;
}

void arena_free(struct arena *arena)
{
	for (struct arena_block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	arena->blocks = NULL;
	arena->left = 0;
}
