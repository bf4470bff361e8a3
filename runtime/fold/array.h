/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * array.h - an array on the heap that grows by doubling.
 */
#ifndef IRT_FOLD_ARRAY_H
#define IRT_FOLD_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Makes *(T **)array hold `want` items; *room is how many it has room for. false: no memory, nothing has changed. */
static inline bool irt_grow(void *array, size_t *room, size_t want, size_t item_bytes)
{
	void **at = array, *p;
	size_t n = *room ? *room : 16;

	if (want <= *room)
		return true;
	while (n < want)
		n *= 2;
	p = realloc(*at, n * item_bytes);
	if (!p)
		return false;
	*at = p;
	*room = n;
	return true;
}

#endif
