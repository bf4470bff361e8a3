/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * uses_own.c - the other module of own_malloc.c. 300 blocks are allocated and 200 freed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *volatile blocks[100];

int main(void)
{
	static char buffer[256];
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(i);
	for (int i = 0; i < 100; i++)
		blocks[i] = realloc(blocks[i], 2 * i + 1);
	for (int i = 0; i < 100; i++) {
		free(blocks[i]);
		blocks[i] = calloc(2, 30);
	}
	printf("%d\n", ((char *)blocks[99])[59]);
	return 3;
}
