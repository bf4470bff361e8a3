/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * ifunc.c - functions that are chosen when their library is loaded. The resolver and what it calls run
 * before anything is relocated. As a library (-DNAME=chosen) and as a program (-DPROGRAM).
 */
#include <stdio.h>

static int one(int n) { return n + 1; }
static int other(int n) { return n + 2; }
static int asked(void) { return __builtin_cpu_supports("sse2"); }
static int (*resolve(void))(int)
{
	__builtin_cpu_init();
	return asked() ? one : other;
}
int picked(int n) __attribute__((ifunc("resolve")));
int NAME(int n);

int NAME(int n)
{
	return picked(n);
}

#ifdef PROGRAM
int main(void)
{
	int sum = 0;
	for (int i = 0; i < 10; i++)
		sum += NAME(i);
	printf("%d\n", sum);
	return 0;
}
#endif
