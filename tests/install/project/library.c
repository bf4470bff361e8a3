/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * library.c - a function whose calls are easy to count: fibonacci(10) makes 177.
 */
int fibonacci(int n);

__attribute__((noinline)) int fibonacci(int n)
{
	/* An asm statement, so that no optimiser turns the calls into a loop. */
	__asm__ volatile("" : "+r"(n));
	if (n < 2)
		return n;
	int left = fibonacci(n - 1);
	__asm__ volatile("" : "+r"(left));
	int right = fibonacci(n - 2);
	__asm__ volatile("" : "+r"(right));
	return left + right;
}
