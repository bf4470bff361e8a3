/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * processes.c HOW - one process becomes several. work is called a known number of times in each.
 *
 *     exit, _exit    4 children by fork, each 1000 calls, that end so
 *     heavy          parent and 2 children: a million calls each at the same time
 *     endless        parent and 2 children: calls without end
 *     inside         fork three calls deep; the child returns through them
 *     thread         fork in a thread while other threads work
 *     grandchild     a child of a child, whose parent is gone
 *     generations    a child that works and forks, four times over
 *     vfork, spawn, system, exec   another instrumented program: this one with "plain"
 *     chain          exec of itself 20 times over
 *     handler        fork in a signal handler that interrupts traced calls
 *     plain          1000 calls
 *     closed         closes every descriptor, then a million calls
 */
#define _GNU_SOURCE
#include "children.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;
static const char *self;

static int work(int n)
{
	return n ^ 1;
}

static void make_calls(long count)
{
	for (long i = 0; i < count; i++)
		work(0);
}

static int fork_children(const char *how)
{
	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			make_calls(1000);
			if (*how == '_')
				_exit(7);
			exit(7);
		}
	}
	make_calls(1000);
	return wait_for(4);
}

static int heavy(void)
{
	for (int i = 0; i < 2; i++) {
		if (fork() == 0) {
			make_calls(1000000);
			exit(7);
		}
	}
	make_calls(1000000);
	return wait_for(2);
}

static int endless(void)
{
	if (fork())
		fork();
	for (;;)
		make_calls(1000);
}

static int inner(void)
{
	int pid = fork();
	make_calls(pid ? 10 : 20);
	return pid;
}

static int middle(void)
{
	int pid = inner();
	make_calls(pid ? 100 : 200);
	return pid;
}

static int inside(void)
{
	if (middle() == 0)
		exit(7);
	return wait_for(1);
}

static volatile int stop;

static void *work_on(void *arg)
{
	long *count = arg;
	while (!stop) {
		work(0);
		++*count;
	}
	return NULL;
}

static void *fork_in_thread(void *arg)
{
	(void)arg;
	return (void *)(long)fork_children("exit");
}

static int thread(void)
{
	pthread_t id[3];
	void *result;
	static long counts[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&id[i], NULL, work_on, &counts[i]);
	pthread_create(&id[2], NULL, fork_in_thread, NULL);
	pthread_join(id[2], &result);
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(id[i], NULL);
	printf("%ld\n", counts[0] + counts[1]);
	return result != NULL;
}

static int grandchild(void)
{
	int ends[2], dead;
	if (pipe(ends) != 0)
		return 1;
	if (fork() == 0) {
		if (fork() == 0) {
			close(ends[0]);
			usleep(100000); /* until its parent is gone */
			make_calls(1000);
			exit(7);
		}
		make_calls(1000);
		_exit(7);
	}
	close(ends[1]);
	make_calls(1000);
	return wait_for(1) || read(ends[0], &dead, 1) != 0; /* the grandchild has ended */
}

static int generations(int left)
{
	make_calls(1000);
	if (left && fork() == 0)
		exit(generations(left - 1));
	return left && wait_for(1) ? 1 : 7;
}

static int start_another(const char *how)
{
	char *arguments[] = {(char *)self, (char *)"plain", NULL};
	char line[5000];
	int status, pid = 0;
	make_calls(1000);
	if (!strcmp(how, "exec"))
		execv(self, arguments);
	if (!strcmp(how, "system")) {
		snprintf(line, sizeof(line), "'%s' plain", self);
		status = system(line);
		return !WIFEXITED(status) || WEXITSTATUS(status) != 7;
	}
	if (!strcmp(how, "vfork") && (pid = vfork()) == 0) {
		work(0); /* on the parent's stream */
		execv(self, arguments);
		_exit(1);
	}
	if (!strcmp(how, "spawn") && posix_spawn(&pid, self, NULL, NULL, arguments, environ) != 0)
		return 1;
	make_calls(1000);
	return wait_for(1);
}

static int handler_children;

static void on_timer(int number)
{
	(void)number;
	if (handler_children >= 50)
		return;
	handler_children++;
	if (fork() == 0) {
		make_calls(10);
		_exit(7);
	}
}

static int handler(void)
{
	struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	struct sigaction a = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (long i = 0; handler_children < 50 && i < 2000000000; i++)
		work(0);
	setitimer(ITIMER_REAL, &never, NULL);
	return wait_for(50);
}

static void close_all(void)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	self = argv[0];
	if (!strcmp(how, "exit") || !strcmp(how, "_exit"))
		return fork_children(how);
	if (!strcmp(how, "heavy"))
		return heavy();
	if (!strcmp(how, "endless"))
		return endless();
	if (!strcmp(how, "inside"))
		return inside();
	if (!strcmp(how, "thread"))
		return thread();
	if (!strcmp(how, "grandchild"))
		return grandchild();
	if (!strcmp(how, "generations"))
		return generations(4) != 7;
	if (!strcmp(how, "handler"))
		return handler();
	if (!strcmp(how, "plain")) {
		make_calls(1000);
		return 7;
	}
	if (!strcmp(how, "chain")) {
		char left[20];
		int n = atoi(argv[2]);
		make_calls(1000);
		if (n == 0)
			return 7;
		snprintf(left, sizeof(left), "%d", n - 1);
		execl(self, self, "chain", left, (char *)NULL);
	}
	if (!strcmp(how, "closed")) {
		close_all();
		make_calls(1000000);
		/* What it opens now is its own: the number 0 is free. */
		return open("/dev/null", O_RDONLY) == 0 ? 7 : 1;
	}
	return start_another(how);
}
