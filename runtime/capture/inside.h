/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * inside.h - a thread's word that says whether it is inside of an allocator that records: what that calls is
 * its own business. Written by the hooks (capture/heap.c) and by what stands in front of the allocators
 * (runtime/preload/heap.c).
 *
 * The word is 0, or where in the stack the one stands that is inside. Who comes and finds it set leaves it as it was
 * behind itself: an allocator may call back into code with hooks (a new_handler, a file of fopencookie). But a frame
 * as deep as another one, or less so, is not called by it: that one has been left by siglongjmp, or by an exception
 * of a declared allocator. Other stacks (sigaltstack, coroutines) are seldom so near; where one is, what
 * an interrupted allocator takes for itself counts as well.
 */
#ifndef IRT_CAPTURE_INSIDE_H
#define IRT_CAPTURE_INSIDE_H

#include <stdint.h>

#define IRT_INSIDE_RANGE (UINT32_C(1) << 24) /* bytes of stack that one jump may leave */

static inline uint32_t irt_inside_mark(const void *frame) { return (uint32_t)(uintptr_t)frame | 1; }

/* Whether the thread is inside of what the word tells of, for someone in this frame. */
static inline int irt_is_inside(uint32_t word, const void *frame)
{
	return word && irt_inside_mark(frame) - word >= IRT_INSIDE_RANGE;
}

#endif
