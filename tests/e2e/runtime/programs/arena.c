/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * arena.c - a program with an allocator of its own. Its blocks lie in chunks from malloc; a free of one does
 * nothing; the last is given back by what takes another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *chunk;
static size_t used;

static void *arena_take(size_t bytes)
{
	if (!chunk && !(chunk = malloc(1 << 16)))
		return NULL;
	if (used + bytes > 1 << 16)
		return NULL;
	used += (bytes + 31) & ~(size_t)15;
	return chunk + used - bytes;
}

static void arena_give(void *block) { (void)block; }

static void *arena_zeros(unsigned count, unsigned bytes)
{
	void *p = arena_take((size_t)count * bytes);
	return p ? memset(p, 0, (size_t)count * bytes) : p;
}

static void *arena_more(size_t bytes, void *block)
{
	void *p = arena_take(bytes);
	return p && block ? memcpy(p, block, 8) : p;
}

static char *volatile kept[100];

static __attribute__((noinline)) void take_all(int count)
{
	for (int i = 0; i < count; i++) {
		kept[i] = arena_take(24);
		memset(kept[i], i, 24);
	}
}

static __attribute__((noinline)) void give_some(int from)
{
	for (int i = from; i < 100; i++)
		arena_give(kept[i]);
}

static __attribute__((noinline)) int more(void)
{
	char *p = arena_more(100, NULL), *q = arena_zeros(10, 8);
	p = arena_more(1000, p);
	return !p || !q || arena_take(1 << 20) || arena_more(1 << 20, p);
}

int main(void)
{
	take_all(100);
	give_some(40);
	int bad = more();
	char *volatile five = malloc(5);
	free(five);
	puts(bad ? "bad" : "done");
	return bad;
}
