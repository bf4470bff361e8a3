/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * calls_back.c - an allocator that calls back into the program, which allocates: getline of a file that the program
 * itself reads for. With an argument a signal handler leaves it by siglongjmp, as nobody should. Says how many
 * allocations a trace must have, of blocks of the sizes below.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sigjmp_buf back;
static int leaves;
static void *(*volatile by_pointer)(size_t) = malloc;

__attribute__((noinline)) static ssize_t reads(void *cookie, char *buffer, size_t bytes)
{
	int *left = cookie;

	free(malloc(7001));
	if (leaves)
		siglongjmp(back, 1);
	if (!*left)
		return 0;
	--*left;
	memset(buffer, 'x', bytes);
	buffer[bytes - 1] = '\n';
	return (ssize_t)bytes;
}

__attribute__((noinline)) static void read_lines(void)
{
	static char unbuffered[64];
	int left = 40;
	char *line = NULL;
	size_t bytes = 0;
	FILE *file = fopencookie(&left, "r", (cookie_io_functions_t){.read = reads});

	setvbuf(file, unbuffered, _IOFBF, sizeof(unbuffered));
	while (getdelim(&line, &bytes, 'y', file) > 0)
		;
	free(line);
}

__attribute__((noinline)) static void deeper(int n)
{
	volatile char room[2000];

	room[0] = 1;
	if (n)
		deeper(n - 1);
	else
		read_lines();
	room[1] = 1;
}

int main(int argc, char **argv)
{
	(void)argv;
	leaves = argc > 1;
	if (!sigsetjmp(back, 1))
		deeper(3);
	free(by_pointer(7003)); /* code without hooks may call an allocator so */
	return 0;
}
