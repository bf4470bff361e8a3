/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * copies.c LIBRARY - loads an instrumented library into a namespace of its own, and with it a second copy
 * of the runtime, in the middle of its work.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

static int work(int n) { return n ^ 1; }

static void many(int n)
{
	for (int i = 0; i < n; i++)
		work(i);
}

int main(int argc, char **argv)
{
	int (*function)(int);
	many(200000);
	void *library = argc > 1 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW) : 0;
	if (!library)
		return 1;
	*(void **)&function = dlsym(library, "from_library");
	many(400000);
	return function ? function(6) : 1;
}
