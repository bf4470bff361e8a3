/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * crowd_library.c - what crowd.c loads and unloads.
 */
#include "counters.h"

void library_calls(struct counter *c);

static int work(int n) { return n ^ 1; }

void library_calls(struct counter *c)
{
	for (int i = 0; i < 50; i++) {
		work(i);
		c->calls++;
	}
}
