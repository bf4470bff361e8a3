/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * pair.c - a program that does nothing but call: fib(N) by naive recursion. What a tracer adds to a
 * call cannot hide here, and what its other half must keep up with comes at full speed.
 *
 *     pair N      N = 35: 29,860,703 calls
 *
 * prints "calls", "time_ns" (of the recursion alone, by the program's own clock) and "result".
 *
 * Both compilers would fold half of the recursion into a loop; the empty asms keep every call a call,
 * so that all variants do the same work. With PAIR_CLOCK the function reads the counter at entry
 * and exit and stores nothing: the least that exact times can cost, without even a call for it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"

#ifdef PAIR_CLOCK
#define STAMP() use(read_clock())
#else
#define STAMP() ((void)0)
#endif

unsigned long fib(unsigned long n);

__attribute__((noinline)) unsigned long fib(unsigned long n)
{
	STAMP();
	unsigned long result = n;
	if (n >= 2) {
		unsigned long first = fib(n - 1);
		__asm__ volatile("" : "+r"(first));
		unsigned long second = fib(n - 2);
		__asm__ volatile("" : "+r"(second));
		result = first + second;
	}
	__asm__ volatile("" : "+r"(result));
	STAMP();
	return result;
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

	if (n < 2 || n > 50) {
		fprintf(stderr, "usage: pair N (2 to 50)\n");
		return 2;
	}
	/* calls(n) = 1 + calls(n - 1) + calls(n - 2) = 2 fib(n + 1) - 1 */
	unsigned long before = 0, after = 1;
	for (unsigned long i = 0; i < n; i++) {
		unsigned long next = before + after;
		before = after;
		after = next;
	}
	uint64_t start = now_ns();
	unsigned long result = fib(n);
	uint64_t time_ns = now_ns() - start;
	printf("calls %lu\ntime_ns %ju\nresult %lu\n", 2 * after - 1, time_ns, result);
	return result != before;
}
