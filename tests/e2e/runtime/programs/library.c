/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * library.c - a shared library whose function is named by the build: -DNAME=alpha. Built several times
 * with different names but equal sizes, the copies take each other's place in memory.
 */
int NAME(int n);

static int inside(int n)
{
	return n + 1;
}

int NAME(int n)
{
	return inside(n) * 2;
}
