/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stored.c - blocks that are in the file when something happens to them: for longer than a
 * checkpoint is away it does nothing but calls. At the end KEPT blocks of 1000 bytes are alive.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCKS = 15, KEPT = 10 /* glibc gives back at once what a thread freed last, up to seven of a size */ };

static void (*volatile unseen_free)(void *) = free;
static char *volatile block;
static volatile size_t huge = PTRDIFF_MAX - 4096;

static int work(int n) { return n + 1; }

static void wait_for_a_checkpoint(void)
{
	for (int i = 0; i < 160; i++) {
		work(i);
		usleep(10000);
	}
}

int main(void)
{
	char *resized[BLOCKS], *displaced[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		resized[i] = malloc(200);
		displaced[i] = malloc(1000);
	}
	wait_for_a_checkpoint();
	for (int i = 0; i < BLOCKS; i++) {
		if (realloc(resized[i], huge))
			return 1;
		free(resized[i]);
	}
	for (int i = 0; i < BLOCKS; i++) {
		unseen_free(displaced[i]);
		block = malloc(1000);
		if (block != displaced[i])
			return 1; /* not an allocator for which this test means anything */
		if (i >= KEPT) /* the others live on, at the address of one whose end is told later */
			free(block);
	}
	wait_for_a_checkpoint();
	return 0;
}
