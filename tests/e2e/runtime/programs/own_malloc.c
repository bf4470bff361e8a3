/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * own_malloc.c - the allocator of a program that brings its own: linked in, compiled with hooks like the rest.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static char arena[8 << 20] __attribute__((aligned(16)));
static size_t used;
static void *free_list;

static size_t room_of(const void *p) { return ((const size_t *)p)[-2]; }

void *malloc(size_t bytes)
{
	if (free_list && room_of(free_list) >= bytes) {
		void *p = free_list;
		free_list = *(void **)p;
		return p;
	}
	size_t room = (bytes + 16 + 15) & ~(size_t)15;
	if (bytes > sizeof(arena) || used + room + 16 > sizeof(arena)) {
		errno = ENOMEM;
		return NULL;
	}
	char *p = arena + used + 16;
	used += room + 16;
	((size_t *)p)[-2] = room;
	return p;
}

void free(void *p)
{
	if (!p)
		return;
	*(void **)p = free_list;
	free_list = p;
}

void *calloc(size_t n, size_t bytes)
{
	void *p = malloc(n * bytes);
	return p ? memset(p, 0, n * bytes) : NULL;
}

void *realloc(void *p, size_t bytes)
{
	void *q = malloc(bytes);
	if (p && q) {
		memcpy(q, p, room_of(p) < bytes ? room_of(p) : bytes);
		free(p);
	}
	return q;
}
