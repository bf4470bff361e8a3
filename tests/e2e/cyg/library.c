/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * library.c - a shared library with a static function of the same name as one of program.c's.
 */
int library_sum(int n);
int library_pointed_to(int x);

__attribute__((noinline)) static int leaf(int x) { return x & 1; }

__attribute__((noinline)) static int of_the_library(int x) { return leaf(x); }

int library_sum(int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += of_the_library(i);
	return sum;
}

int library_pointed_to(int x) { return x; }
