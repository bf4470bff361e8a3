/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * hello.c - a program whose every call is known: main once, twice 3 times, leaf 6 times. Ends with
 * the exit status that it is given.
 */
#include <stdio.h>
#include <stdlib.h>

static int leaf(int n)
{
	return n + 1;
}

static int twice(int n)
{
	return leaf(n) + leaf(n);
}

int main(int argc, char **argv)
{
	int sum = 0;
	for (int i = 0; i < 3; i++)
		sum += twice(i);
	printf("hello, %d\n", sum);
	return argc > 1 ? atoi(argv[1]) : 0;
}
