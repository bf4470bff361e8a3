/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * hello.c - the shortest program: what recording costs before main and behind it.
 *
 *     hello [MILLISECONDS]    sleeps that long, so that its memory can be looked at
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	long ms = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

	puts("hello, world");
	if (ms > 0)
		nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
	return 0;
}
