/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stub_alloc.c - the hooks of allocators of the stub runtime: count the call, then call.
 */
#define _GNU_SOURCE
#include "stub_rt.h"

#include <stdint.h>
#include <stdio.h>

typedef const struct instr_row row;
typedef uintptr_t word;

#define STUB_HOOK(result, name, parameters, types, arguments) \
	result name parameters; \
	result name parameters \
	{ \
		stub_called(site); \
		return ((result(*) types)f) arguments; \
	}

STUB_HOOK(void *, __instr_alloc, (size_t a, row *site, void *f), (size_t), (a))
STUB_HOOK(void *, __instr_alloc1, (size_t a, word b, row *site, void *f), (size_t, word), (a, b))
STUB_HOOK(void *, __instr_alloc2, (size_t a, word b, word c, row *site, void *f), (size_t, word, word), (a, b, c))
STUB_HOOK(void *, __instr_calloc, (size_t a, size_t b, row *site, void *f), (size_t, size_t), (a, b))
STUB_HOOK(void *, __instr_aligned_alloc, (size_t a, size_t b, row *site, void *f), (size_t, size_t), (a, b))
STUB_HOOK(int, __instr_posix_memalign, (void **a, size_t b, size_t c, row *site, void *f),
	  (void **, size_t, size_t), (a, b, c))
STUB_HOOK(void *, __instr_realloc, (void *a, size_t b, row *site, void *f), (void *, size_t), (a, b))
STUB_HOOK(void *, __instr_reallocarray, (void *a, size_t b, size_t c, row *site, void *f),
	  (void *, size_t, size_t), (a, b, c))
STUB_HOOK(char *, __instr_strdup, (const char *a, row *site, void *f), (const char *), (a))
STUB_HOOK(char *, __instr_strndup, (const char *a, size_t b, row *site, void *f), (const char *, size_t), (a, b))
STUB_HOOK(void *, __instr_wcsdup, (const void *a, row *site, void *f), (const void *), (a))
STUB_HOOK(ssize_t, __instr_getline, (char **a, size_t *b, FILE *c, row *site, void *f),
	  (char **, size_t *, FILE *), (a, b, c))
STUB_HOOK(ssize_t, __instr_getdelim, (char **a, size_t *b, int c, FILE *d, row *site, void *f),
	  (char **, size_t *, int, FILE *), (a, b, c, d))
STUB_HOOK(void, __instr_free, (void *a, row *site, void *f), (void *), (a))
STUB_HOOK(void, __instr_free1, (void *a, word b, row *site, void *f), (void *, word), (a, b))
STUB_HOOK(void, __instr_free2, (void *a, word b, word c, row *site, void *f), (void *, word, word), (a, b, c))

void __instr_printed(char **out, int result, row *site);
void __instr_printed(char **out, int result, row *site)
{
	(void)out;
	(void)result;
	stub_called(site);
}

void __instr_allocated(void *block, size_t bytes, row *site);
void __instr_allocated(void *block, size_t bytes, row *site)
{
	(void)block;
	(void)bytes;
	stub_called(site);
}

void __instr_freed(void *block, row *site);
void __instr_freed(void *block, row *site)
{
	(void)block;
	stub_called(site);
}

void __instr_resizing(void *block, row *site);
void __instr_resizing(void *block, row *site)
{
	(void)block;
	(void)site;
}

void __instr_resized(void *before, void *after, size_t bytes, row *site);
void __instr_resized(void *before, void *after, size_t bytes, row *site)
{
	(void)before;
	(void)after;
	(void)bytes;
	stub_called(site);
}

/* Around calls that may block: the first gives what the second is to be given. */
uint64_t __instr_block_begin(row *site);
uint64_t __instr_block_begin(row *site) { return site ? UINT64_MAX : 0; }

uint64_t __instr_block_begin_if(int64_t first, int64_t second, int when, row *site);
uint64_t __instr_block_begin_if(int64_t first, int64_t second, int when, row *site)
{
	(void)site;
	return instr_block_waits((enum instr_block_when)when, first, second) ? UINT64_MAX : 0;
}

void __instr_block_end(uint64_t begun, int64_t result, int descriptor, int how, row *site);
void __instr_block_end(uint64_t begun, int64_t result, int descriptor, int how, row *site)
{
	(void)result;
	(void)descriptor;
	(void)how;
	if (begun == UINT64_MAX)
		stub_called(site);
}

void __instr_block_shut(int64_t first, int what);
void __instr_block_shut(int64_t first, int what)
{
	(void)first;
	(void)what;
}
