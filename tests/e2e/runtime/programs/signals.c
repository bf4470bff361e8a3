/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * signals.c HOW - a timer's signal 10,000 times a second, whose handler makes traced calls, while threads
 * make calls all the time. HOW: "plain", "alternate" (handlers on stacks of their own), "jump" (handlers
 * leave by siglongjmp). Prints how often work and tick were called.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, SIGNALS = 4000 };

static int alternate, jump;
static __thread volatile long ticks, works;
static __thread sigjmp_buf back;
static __thread volatile int may_jump;
static long all_ticks, all_works;

static int deeper(int n)
{
	return n + 1;
}

static int tick(int n)
{
	return deeper(n) + deeper(n);
}

static int work(int n)
{
	return n ^ 1;
}

static void on_signal(int number)
{
	(void)number;
	ticks++;
	tick(1);
	if (jump && may_jump) {
		may_jump = 0;
		siglongjmp(back, 1);
	}
}

static void make_calls(void)
{
	while (ticks < SIGNALS) {
		works++;
		work(0);
	}
}

static void make_calls_and_jump(void)
{
	sigsetjmp(back, 1);
	while (ticks < SIGNALS) {
		may_jump = 1;
		for (int i = 0; i < 50 && may_jump; i++)
			getppid(); /* a call whose interruption loses no traced one */
		may_jump = 0;
		works++;
		work(0);
	}
}

static void *run(void *arg)
{
	timer_t timer;
	stack_t stack = {.ss_sp = malloc(64 << 10), .ss_size = 64 << 10};
	struct sigevent event;
	struct itimerspec often = {{0, 100000}, {0, 100000}};
	if (alternate)
		sigaltstack(&stack, NULL);
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = SIGUSR1;
	event._sigev_un._tid = (int)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &often, NULL) != 0)
		abort();
	if (jump)
		make_calls_and_jump();
	else
		make_calls();
	sigset_t last;
	sigemptyset(&last);
	sigaddset(&last, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &last, NULL);
	timer_delete(timer);
	__atomic_fetch_add(&all_ticks, ticks, __ATOMIC_RELAXED);
	__atomic_fetch_add(&all_works, works, __ATOMIC_RELAXED);
	return arg;
}

int main(int argc, char **argv)
{
	struct sigaction a;
	pthread_t id[THREADS];
	alternate = argc > 1 && !strcmp(argv[1], "alternate");
	jump = argc > 1 && !strcmp(argv[1], "jump");
	memset(&a, 0, sizeof(a));
	a.sa_handler = on_signal;
	a.sa_flags = SA_RESTART | (alternate ? SA_ONSTACK : 0);
	sigaction(SIGUSR1, &a, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&id[i], NULL, run, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
	printf("tick %ld\nwork %ld\ndeeper %ld\n", all_ticks, all_works, 2 * all_ticks);
	return 0;
}
