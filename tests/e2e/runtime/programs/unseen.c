/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * unseen.c TURNS - blocks that begin or end where no hook is, as inside of a shared library without hooks,
 * and whose addresses are reused at once by calls that have hooks. Prints
 *
 *     allocs|frees|lost|unknown_frees
 */
#include <stdio.h>
#include <stdlib.h>

static void (*volatile unseen_free)(void *) = free;
static void *(*volatile unseen_malloc)(size_t) = malloc;
static char *volatile block; /* so that -O2 leaves all of it */

int main(int argc, char **argv)
{
	int turns = argc > 1 ? atoi(argv[1]) : 10, reused = 0;
	static char buffer[256];
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	for (int i = 0; i < turns; i++) {
		block = malloc(24);
		char *before = block;
		unseen_free(block); /* is alive for the trace until */
		block = malloc(24); /* this comes in its place, */
		reused += block == before;
		free(block); /* whose end this is */
	}
	for (int i = 0; i < turns; i++) {
		block = unseen_malloc(120);
		char *before = block;
		free(block); /* of nobody */
		block = malloc(120); /* is alive, whatever was freed right before */
		reused += block == before;
		free(block);
	}
	if (reused != 2 * turns)
		return 1; /* not an allocator for which this test means anything */
	printf("%d|%d|%d|%d\n", 3 * turns, 3 * turns, turns, turns);
	return 0;
}
