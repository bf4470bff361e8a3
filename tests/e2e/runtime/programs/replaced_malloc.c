/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * replaced_malloc.c - a library for LD_PRELOAD: another malloc, which calls a traced function each time.
 * The dynamic loader calls it before any constructor has run. With COUNT_MALLOCS set, the last destructor
 * writes to that file how often each function was called.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char arena[64 << 20] __attribute__((aligned(16)));
static size_t used;
static long takes, gives;
static int over;

static char *take(size_t bytes)
{
	size_t room = (bytes + 31) & ~(size_t)15;
	size_t at = __atomic_fetch_add(&used, room, __ATOMIC_RELAXED);
	if (!over)
		__atomic_fetch_add(&takes, 1, __ATOMIC_RELAXED);
	if (at + room > sizeof(arena))
		return NULL;
	*(size_t *)(arena + at) = bytes;
	return arena + at + 16;
}

static void give(void *p)
{
	(void)p;
	if (!over)
		__atomic_fetch_add(&gives, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t bytes) { return take(bytes); }
void free(void *p) { give(p); }
void *calloc(size_t n, size_t bytes) { return take(n * bytes); }
void *realloc(void *old, size_t bytes)
{
	char *p = take(bytes);
	if (p && old) {
		size_t was = *(size_t *)((char *)old - 16);
		memcpy(p, old, was < bytes ? was : bytes);
	}
	give(old);
	return p;
}
void *aligned_alloc(size_t alignment, size_t bytes)
{
	return (void *)(((uintptr_t)take(bytes + alignment) + alignment - 1) & ~(alignment - 1));
}

__attribute__((destructor(101))) static void write_counts(void)
{
	const char *path = getenv("COUNT_MALLOCS");
	FILE *f = path ? fopen(path, "w") : NULL;
	if (!f)
		return;
	setvbuf(f, NULL, _IONBF, 0);
	long now_takes = takes, now_gives = gives;
	over = 1;
	fprintf(f, "%ld %ld\n", now_takes, now_gives);
}
