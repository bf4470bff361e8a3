/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * counts.c THREADS CALLS - each thread calls work CALLS times; then recursion of several kinds, all
 * with call counts that can be computed by hand.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static long per_thread;

static int work(int n)
{
	return n ^ 1;
}

static void *loop(void *arg)
{
	int n = 0;
	for (long i = 0; i < per_thread; i++)
		n = work(n);
	return arg;
}

static long fibonacci(int n) /* fibonacci(20): 21891 calls */
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static int is_odd(int n);
static int is_even(int n) /* is_even(101): 51 and 51 calls */
{
	return n == 0 ? 1 : is_odd(n - 1);
}

static int is_odd(int n)
{
	return n == 0 ? 0 : is_even(n - 1);
}

static int deep(int n) /* far beyond the depth to which contexts are told apart */
{
	return n == 0 ? 0 : 1 + deep(n - 1);
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t id[64];
	per_thread = argc > 2 ? atol(argv[2]) : 1000;
	for (int i = 0; i < threads; i++)
		pthread_create(&id[i], NULL, loop, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	printf("%ld %d %d\n", fibonacci(20), is_even(101), deep(20000));
	return 0;
}
