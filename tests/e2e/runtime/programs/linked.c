/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * linked.c - an executable that is linked with two instrumented libraries and calls both.
 */
#include <stdio.h>

int alpha(int n);
int beta(int n);

static int here(int n)
{
	return alpha(n) + beta(n);
}

int main(void)
{
	int sum = 0;
	for (int i = 0; i < 100; i++)
		sum += here(i);
	printf("%d\n", sum);
	return 0;
}
