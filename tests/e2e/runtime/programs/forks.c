/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * forks.c HOW - children that go on inside their parent's calls, and return through them. In each child
 * work is called 5 times where the fork came back, then 7 times a call further out, and so on. A child
 * exits with 7 if it has done everything; the program with 0 if all children have.
 *
 *     returned     the parent has returned from all these calls, and made many others, before the child's
 *                  first call
 *     left         the parent has ended by then: by exit
 *     deep N       N calls of one function deep; the parent returns before the child's first call
 *     loop N       N children one after the other, ten at a time, from three places
 *     late N       a child's child, whose first call comes when its parent and N others are long gone
 *     generations  a child's child's child
 *     handler N    N times in a signal handler, from which the children return to what it interrupted
 *     threads      in a thread, while others work: 300,000 calls each, or more
 *     thread       a thread that the child starts makes its first call
 *     clone, clone3   by system call, behind libc's back, without CLONE_VM
 *     constructor  before main
 *     twice        daemon(3), and by hand: fork, setsid, fork
 *     many N       N children, one after the other; says so and waits for a line; once more; and again
 */
#define _GNU_SOURCE
#include "children.h"

#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int work(int n) { return n ^ 1; }
static int other(int n) { return n ^ 2; }

/* A macro: a function would be a call. */
#define MANY(f, n)                        \
	do {                              \
		for (int i_ = 0; i_ < (n); i_++) \
			f(i_);            \
	} while (0)

static int ends[2]; /* of a pipe: the child waits until it is closed, or something comes */
static const char *how;

static void open_gate(void)
{
	if (pipe(ends) != 0)
		_exit(1);
}

/* In the child, before its first call. */
#define WAIT_AT_GATE()                                      \
	do {                                                \
		char c_;                                    \
		close(ends[1]);                             \
		if (read(ends[0], &c_, 1) > 1)              \
			_exit(1);                           \
	} while (0)

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&t, NULL);
}

/* ---- three calls deep ------------------------------------------------------------------------------ */

static pid_t fork_by(const char *by)
{
	struct clone_args a;
	if (!strcmp(by, "clone"))
		return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (!strcmp(by, "clone3")) {
		memset(&a, 0, sizeof(a));
		a.exit_signal = SIGCHLD;
		return (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	}
	return fork();
}

static int waits_at_gate;

static pid_t inner(void)
{
	pid_t pid = fork_by(how);
	if (!pid && waits_at_gate)
		WAIT_AT_GATE();
	if (!pid)
		MANY(work, 5);
	return pid;
}

static pid_t middle(void)
{
	pid_t pid = inner();
	if (!pid)
		MANY(work, 7);
	return pid;
}

static pid_t outer(void)
{
	pid_t pid = middle();
	if (!pid)
		MANY(work, 11);
	return pid;
}

static int returned(void)
{
	waits_at_gate = 1;
	open_gate();
	pid_t pid = outer();
	if (pid == 0)
		exit(7);
	for (int turn = 0; turn < 20; turn++) {
		MANY(other, 10000);
		sleep_ms(20); /* so that the drain comes by */
	}
	close(ends[1]);
	return wait_for(1);
}

static int left(void)
{
	waits_at_gate = 1;
	open_gate();
	if (outer() == 0) {
		sleep_ms(700); /* until the file is finished without us */
		exit(7);
	}
	MANY(other, 1000);
	exit(0);
}

static int by_syscall(void)
{
	if (outer() == 0)
		_exit(7);
	return wait_for(1);
}

/* ---- recursion --------------------------------------------------------------------------------------- */

static pid_t recurse(int n)
{
	pid_t pid;
	if (n > 1) {
		pid = recurse(n - 1);
	} else {
		pid = fork();
		if (!pid)
			WAIT_AT_GATE();
	}
	if (!pid)
		MANY(work, 1);
	return pid;
}

static int deep(int n)
{
	open_gate();
	pid_t pid = recurse(n);
	if (pid == 0)
		exit(7);
	MANY(other, 1000);
	sleep_ms(500); /* so that the drain comes by */
	close(ends[1]);
	return wait_for(1);
}

/* ---- many --------------------------------------------------------------------------------------------- */

static int loop(int n)
{
	int bad = 0;
	for (int i = 0; i < n; i++) {
		pid_t pid = i % 3 == 0 ? outer() : i % 3 == 1 ? middle() : inner();
		if (pid == 0)
			_exit(7);
		MANY(other, 100 * (i % 4));
		if (i % 10 == 9)
			bad |= wait_for(10);
	}
	return bad | wait_for(n % 10);
}

static int late(int n)
{
	open_gate();
	if (fork() == 0) {
		waits_at_gate = 1;
		outer();
		_exit(7);
	}
	int bad = wait_for(1) | loop(n);
	sleep_ms(700); /* so that the drain has done with them */
	close(ends[1]);
	return bad;
}

static int generations(void)
{
	for (int i = 0; i < 3; i++) {
		pid_t pid = middle();
		if (pid)
			return wait_for(1) ? 1 : i ? 7 : 0;
	}
	return 7;
}

/* ---- a handler ---------------------------------------------------------------------------------------- */

static volatile sig_atomic_t forks_left, is_child;

static void on_timer(int number)
{
	(void)number;
	if (forks_left <= 0 || is_child)
		return;
	forks_left--;
	if (fork() == 0)
		is_child = 1;
}

static void interrupted(void)
{
	while (forks_left > 0 && !is_child)
		MANY(work, 100);
}

static int handler(int n)
{
	struct itimerval every = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
	struct sigaction a = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
	forks_left = n;
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	interrupted();
	if (is_child)
		_exit(7);
	setitimer(ITIMER_REAL, &never, NULL);
	return wait_for(n);
}

/* ---- threads ------------------------------------------------------------------------------------------ */

static volatile int stop;

static void *work_on(void *arg)
{
	for (int i = 0; i < 300000 || !stop; i++)
		other(0);
	return arg;
}

static void *fork_here(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++)
		if (outer() == 0)
			_exit(7);
	return NULL;
}

static int threads(void)
{
	pthread_t busy[2], id;
	for (int i = 0; i < 2; i++)
		pthread_create(&busy[i], NULL, work_on, NULL);
	pthread_create(&id, NULL, fork_here, NULL);
	pthread_join(id, NULL);
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(busy[i], NULL);
	return wait_for(20);
}

static void *in_thread(void *arg)
{
	MANY(work, 3);
	return arg;
}

static int thread(void)
{
	pthread_t id;
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			pthread_create(&id, NULL, in_thread, NULL);
			pthread_join(id, NULL);
			MANY(work, 5);
			return 7;
		}
		MANY(other, 3000);
	}
	return wait_for(20);
}

/* ---- before main, and away ------------------------------------------------------------------------------ */

static int constructed;

__attribute__((constructor)) static void at_start(int argc, char **argv)
{
	how = argc > 1 ? argv[1] : "";
	if (strcmp(how, "constructor"))
		return;
	if (outer() == 0)
		_exit(7);
	constructed = 1;
}

static int twice(void)
{
	if (daemon(1, 1) != 0)
		return 1;
	MANY(work, 5);
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
	sleep_ms(300);
	MANY(work, 7);
	return 7;
}

static int many(int n)
{
	char line[100];
	for (int turn = 0; turn < 2; turn++) {
		if (loop(n))
			return 1;
		printf("%d\n", n);
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;
	if (!strcmp(how, "returned"))
		return returned();
	if (!strcmp(how, "left"))
		return left();
	if (!strcmp(how, "clone") || !strcmp(how, "clone3"))
		return by_syscall();
	if (!strcmp(how, "deep"))
		return deep(n);
	if (!strcmp(how, "loop"))
		return loop(n);
	if (!strcmp(how, "late"))
		return late(n);
	if (!strcmp(how, "many"))
		return many(n);
	if (!strcmp(how, "generations"))
		return generations();
	if (!strcmp(how, "handler"))
		return handler(n);
	if (!strcmp(how, "threads"))
		return threads();
	if (!strcmp(how, "thread"))
		return thread();
	if (!strcmp(how, "twice"))
		return twice();
	return !constructed || wait_for(1);
}
