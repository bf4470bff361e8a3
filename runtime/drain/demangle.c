/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * demangle.c - see demangle.h. A mangled name can refer to its own parts, so that each few letters
 * double what it stands for: a hundred of them are more text than there is memory, and more time. So
 * the text is taken piece by piece, and what gets too long is left.
 */
#include "drain/demangle.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* From the C++ runtime library, linked statically; what __cxa_demangle is made of, but without memory
 * of its own, so that it may be left in the middle. Gives the text to each; not 0: no mangled name. */
extern int __gcclibcxx_demangle_callback(const char *mangled, void (*each)(const char *text, size_t bytes, void *arg),
					 void *arg);

struct text {
	jmp_buf too_long;
	size_t used;
	char bytes[IRT_DEMANGLED_MAX + 1];
};

static void take(const char *text, size_t bytes, void *arg)
{
	struct text *to = arg;

	if (bytes > IRT_DEMANGLED_MAX - to->used)
		longjmp(to->too_long, 1);
	memcpy(to->bytes + to->used, text, bytes);
	to->used += bytes;
}

char *irt_demangle(const char *linkage_name)
{
	struct text *to;
	char *text = NULL;

	if (linkage_name[0] != '_' || linkage_name[1] != 'Z')
		return NULL;
	to = malloc(sizeof(*to));
	if (!to)
		return NULL;
	to->used = 0;
	if (!setjmp(to->too_long) && __gcclibcxx_demangle_callback(linkage_name, take, to) == 0 && to->used) {
		to->bytes[to->used] = 0;
		text = strdup(to->bytes);
	}
	free(to);
	return text;
}
