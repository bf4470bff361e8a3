/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocked.c - threads of which it is known what they are blocked in, for ever:
 *
 *     main       pthread_join
 *     reads      read
 *     handles    poll; a signal has come, and its handler is in read
 *     waits_too  poll, as handles was before
 *     jumps      pause, behind a read that a handler has left by longjmp
 *     left       nothing: it has left its read and the function around it
 *
 * and one that was cancelled in a read, and is joined. Says "blocked" when all are there.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNSEEN __attribute__((annotate("instr_skip")))

static int ends[2]; /* nobody writes */
static __thread sigjmp_buf back;
static volatile int there;

UNSEEN static void say_there(void) { __atomic_fetch_add(&there, 1, __ATOMIC_SEQ_CST); }

static void read_for_ever(void)
{
	char byte;
	if (read(ends[0], &byte, 1) != 0)
		abort();
}

static void handle(int signal)
{
	(void)signal;
	say_there();
	read_for_ever();
}

UNSEEN static void jump(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void *reads(void *arg)
{
	say_there();
	read_for_ever();
	return arg;
}

static void *handles(void *arg)
{
	struct pollfd f = {ends[0], POLLIN, 0};
	say_there();
	poll(&f, 1, -1);
	return arg;
}

static void *jumps(void *arg)
{
	char byte;
	if (!sigsetjmp(back, 1)) {
		say_there();
		if (read(ends[0], &byte, 1))
			abort();
	}
	say_there();
	pause();
	return arg;
}

static void *left(void *arg)
{
	if (!sigsetjmp(back, 1)) {
		say_there();
		read_for_ever();
	}
	say_there();
	for (;;)
		sched_yield();
	return arg;
}

static void *is_cancelled(void *arg)
{
	say_there();
	read_for_ever();
	return arg;
}

/* Until so many have come, and then until they are asleep. */
UNSEEN static void wait_for(int count)
{
	while (there < count)
		usleep(1000);
	usleep(50000);
}

UNSEEN static pthread_t start(const char *name, void *(*run)(void *))
{
	pthread_t id;
	if (pthread_create(&id, NULL, run, NULL))
		abort();
	pthread_setname_np(id, name);
	return id;
}

int main(void)
{
	if (pipe(ends))
		return 1;
	signal(SIGUSR1, handle);
	signal(SIGUSR2, jump);
	pthread_t first = start("reads", reads), handler = start("handles", handles), jumper = start("jumps", jumps);
	pthread_t leaver = start("left", left), cancelled = start("cancelled", is_cancelled);
	start("waits_too", handles);
	wait_for(6);
	pthread_kill(handler, SIGUSR1);
	pthread_kill(jumper, SIGUSR2);
	pthread_kill(leaver, SIGUSR2);
	pthread_cancel(cancelled);
	pthread_join(cancelled, NULL);
	wait_for(9);
	puts("blocked");
	fflush(stdout);
	pthread_join(first, NULL);
	return 0;
}
