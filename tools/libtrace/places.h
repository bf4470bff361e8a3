/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * places.h - what open.c needs of places.c.
 */
#ifndef TOOLS_LIBTRACE_PLACES_H
#define TOOLS_LIBTRACE_PLACES_H

#include "libtrace/internal.h"

/* Before tr_lock_down. Code whose image is not here, or has no debug information, stays as the trace has it. */
int tr_find_places(struct tr_trace *, struct tr_error *error);
void tr_forget_sentences(struct tr_trace *);

#endif
