/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * place.h - a call that is inlined from a header. */
#include <stdlib.h>
static inline void *placed(size_t bytes)
{
	void *block = malloc(bytes);
	return block;
}
