/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * jumps.c HOW - jumps over calls of the function that is jumped to, and out of handlers.
 *
 *     recursion   setjmp in each of ten calls of one function; a longjmp from the tenth to each
 *     again       a longjmp to the same call, three times
 *     handlers    200 times three handlers inside each other on an alternate stack, and a siglongjmp
 *                 out of all of them to a stack some calls deep
 *     storm       handlers that may come inside themselves (SA_NODEFER), thousands of them, on the
 *                 alternate stack; and others, not inside these, that are left by siglongjmp
 *
 * handlers and storm print how often each function was called.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEVELS = 10 };

static jmp_buf at[LEVELS + 1];

static int landed(int level)
{
	return level;
}

static int to(int level)
{
	longjmp(at[level], 1);
}

static int descend(int level, int goal)
{
	if (level == LEVELS)
		return to(goal);
	if (setjmp(at[level]))
		return landed(level);
	return descend(level + 1, goal);
}

static void recursion(void)
{
	int sum = 0;
	for (int goal = 0; goal < LEVELS; goal++)
		sum += descend(0, goal);
	printf("sum %d\n", sum);
}

static int three_times(int level)
{
	volatile int turns = 0;
	if (level)
		return three_times(level - 1);
	setjmp(at[0]);
	if (turns++ < 3)
		to(0);
	return landed(turns);
}

/* ---- handlers ----------------------------------------------------------------------------------- */

static sigjmp_buf back;
static volatile sig_atomic_t level;
static long handled;

static void nested(int number)
{
	handled++;
	if (++level < 3)
		raise(number);
	siglongjmp(back, 1);
}

static int dive(int n)
{
	volatile int result;
	if (n)
		return dive(n - 1);
	if (sigsetjmp(back, 1) == 0)
		raise(SIGUSR1);
	level = 0;
	result = landed(1);
	return result;
}

static void take_alternate_stack(void (*handler)(int))
{
	static char memory[256 << 10];
	stack_t s = {.ss_sp = memory, .ss_size = sizeof(memory)};
	struct sigaction a;
	memset(&a, 0, sizeof(a));
	a.sa_handler = handler;
	a.sa_flags = SA_ONSTACK | SA_NODEFER;
	sigaltstack(&s, NULL);
	sigaction(SIGUSR1, &a, NULL);
}

static void handlers(void)
{
	take_alternate_stack(nested);
	for (int i = 0; i < 200; i++)
		dive(5);
	printf("nested %ld\ndive 1200\nlanded 200\n", handled);
}

/* ---- storm -------------------------------------------------------------------------------------- */

static volatile long ticks, works, leaps;
static volatile sig_atomic_t may_jump, over;
static pthread_t target;

static int tick(int n)
{
	return n + 1;
}

static int work(int n)
{
	return n ^ 1;
}

static void on_signal(int number)
{
	__atomic_fetch_add(&ticks, 1, __ATOMIC_RELAXED);
	tick(1);
	if (level < 4 && !over) {
		level++;
		raise(number);
		level--;
	}
}

/* Comes inside no handler, and none comes inside it: what it leaves has made all its calls. */
static void leap(int number)
{
	(void)number;
	leaps++;
	tick(2);
	if (may_jump) {
		may_jump = 0;
		siglongjmp(back, 1);
	}
}

static void *sends(void *arg)
{
	while (!over) {
		pthread_kill(target, SIGUSR1);
		pthread_kill(target, SIGUSR2);
		usleep(50);
	}
	return arg;
}

static void storm(void)
{
	pthread_t id;
	struct sigaction a;
	target = pthread_self();
	take_alternate_stack(on_signal);
	sigaction(SIGUSR1, NULL, &a);
	sigaddset(&a.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &a, NULL);
	a.sa_handler = leap;
	a.sa_flags = SA_ONSTACK;
	sigfillset(&a.sa_mask);
	sigaction(SIGUSR2, &a, NULL);
	pthread_create(&id, NULL, sends, NULL);
	sigsetjmp(back, 1);
	while (ticks < 20000) {
		may_jump = 1; /* no traced call runs but a handler's */
		for (int i = 0; i < 50 && may_jump; i++)
			getppid();
		may_jump = 0;
		works++;
		work(0);
	}
	over = 1;
	pthread_join(id, NULL);
	printf("tick %ld\nwork %ld\non_signal %ld\nleap %ld\n", ticks + leaps, works, ticks, leaps);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	if (!strcmp(how, "recursion"))
		recursion();
	if (!strcmp(how, "again"))
		printf("%d\n", three_times(4));
	if (!strcmp(how, "handlers"))
		handlers();
	if (!strcmp(how, "storm"))
		storm();
	return 0;
}
