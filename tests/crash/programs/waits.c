/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * waits.c HOW - programs that wait for their drain.
 *
 *     timer   signals every 0.3 ms end each sleep early
 *     idle    400 threads are alive at one time, each having called one function
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static int work(int n) { return n ^ 1; }

__attribute__((annotate("instr_skip"))) static void on_alarm(int signal) { (void)signal; }

static void timer(void)
{
	struct sigaction a = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 300}, {0, 300}};
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 6000000; i++)
		work(i);
}

static pthread_barrier_t all;

static void *wait_for_all(void *arg)
{
	work(1);
	pthread_barrier_wait(&all);
	return arg;
}

static void idle(void)
{
	pthread_t id[400];
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	pthread_barrier_init(&all, NULL, 401);
	for (int i = 0; i < 400; i++)
		if (pthread_create(&id[i], &small, wait_for_all, NULL) != 0)
			return;
	pthread_barrier_wait(&all);
	for (int i = 0; i < 400; i++)
		pthread_join(id[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "timer"))
		timer();
	else
		idle();
	return 5;
}
