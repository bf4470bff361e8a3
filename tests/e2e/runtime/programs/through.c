/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * through.c - a C function between others, named by the build: -DNAME=through_c.
 */
int NAME(int (*f)(int), int n);

int NAME(int (*f)(int), int n)
{
	return f(n) + 1;
}
