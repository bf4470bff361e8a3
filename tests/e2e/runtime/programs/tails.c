/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * tails.c N - mutual recursion by tail calls, N deep. To be compiled with -O2.
 */
#include <stdio.h>
#include <stdlib.h>

int odd(long n);
int even(long n);

__attribute__((noinline)) int even(long n)
{
	return n ? odd(n - 1) : 1;
}

__attribute__((noinline)) int odd(long n)
{
	return n ? even(n - 1) : 0;
}

int main(int argc, char **argv)
{
	(void)argc;
	printf("%d\n", even(atol(argv[1])));
	return 0;
}
