/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * guest.c - says all that a program can see of itself and that recording must not change: descriptors,
 * threads, children, signals, environment, limits. Run with and without instr, it says the same.
 *
 *     guest        says it, works, says it again
 *     guest apart  goes into namespaces of its own, which only a process of one thread may do, and forks there
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t child_signals;

static void on_child(int number)
{
	(void)number;
	child_signals++;
}

static int work(int n)
{
	return n + 1;
}

static void *in_thread(void *arg)
{
	for (int i = 0; i < 100000; i++)
		work(i);
	return arg;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_folder(const char *path)
{
	char *names[64];
	int count = 0;
	DIR *d = opendir(path);
	struct dirent *e;
	while ((e = readdir(d)) && count < 64) {
		char link[300], target[200];
		if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(d))
			continue;
		snprintf(link, sizeof(link), "%s/%s", path, e->d_name);
		ssize_t n = readlink(link, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = 0;
		if (asprintf(&names[count], "%s %s", n < 0 ? "-" : e->d_name, n < 0 || strchr(target, ':') ? "" : target) > 0)
			count++;
	}
	closedir(d);
	qsort(names, (size_t)count, sizeof(*names), compare);
	for (int i = 0; i < count; i++)
		printf("%s: %s\n", path, names[i]);
}

static void say_lines(const char *path, const char *const *prefixes)
{
	char line[1000];
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		for (int i = 0; prefixes[i]; i++)
			if (!strncmp(line, prefixes[i], strlen(prefixes[i])))
				printf("%s: %s", path, line);
	if (f)
		fclose(f);
}

static void say_all(void)
{
	static const char *const of_status[] = {"Threads:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:",
		"Umask:", "CapEff:", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:", NULL};
	static const char *const of_children[] = {"", NULL};
	struct rlimit limit;
	struct itimerval timer;
	char folder[1000];
	int status;

	say_folder("/proc/self/fd");
	say_folder("/proc/self/task");
	say_lines("/proc/self/status", of_status);
	say_lines("/proc/thread-self/children", of_children);
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "_=", 2))
			printf("%s\n", *e);
	for (int i = 0; i < 16; i++)
		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			printf("limit %d %lu %lu\n", i, (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
	for (int i = 0; i < 3; i++)
		if (getitimer((__itimer_which_t)i, &timer) == 0)
			printf("timer %d %ld\n", i, timer.it_value.tv_sec);
	for (int i = 1; i < 65; i++) {
		struct sigaction a;
		if (sigaction(i, NULL, &a) == 0 && a.sa_handler != SIG_DFL)
			printf("signal %d %s\n", i, a.sa_handler == SIG_IGN ? "ignored" : "handled");
	}
	errno = 0;
	printf("waitpid %d", (int)waitpid(-1, &status, WNOHANG));
	printf(" %s\n", strerror(errno));
	printf("waitpid __WALL %d", (int)waitpid(-1, &status, WNOHANG | __WALL));
	printf(" %s\n", strerror(errno));
	printf("child signals %d\n", (int)child_signals);
	printf("folder %s, group %d, session %d, nice %d, policy %d\n", getcwd(folder, sizeof(folder)), getpgrp() == getpid(),
	       getsid(0) == getpid(), getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
	printf("dumps %d\n", (int)umask(022));
}

static void say_unshare(const char *name, int flag)
{
	errno = 0;
	printf("unshare %s %d", name, unshare(flag));
	printf(" %s\n", strerror(errno));
}

static void work_apart(void)
{
	int status = 0;
	for (int i = 0; i < 1000; i++)
		work(i);
	say_unshare("user", CLONE_NEWUSER);
	say_unshare("mounts", CLONE_NEWNS);
	say_unshare("pids", CLONE_NEWPID);
	fflush(stdout);
	pid_t child = fork();
	for (int i = 0; i < 1000; i++)
		work(i);
	if (child == 0) {
		printf("child %d\n", getpid() == 1);
		fflush(stdout);
		_exit(7);
	}
	printf("waitpid %d", waitpid(-1, &status, 0) == child);
	printf(" %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	errno = 0;
	printf(" %d", (int)waitpid(-1, &status, __WALL));
	printf(" %s\n", strerror(errno));
	printf("child signals %d\n", (int)child_signals);
	say_folder("/proc/self/task");
	for (int i = 0; i < 1000; i++)
		work(i);
}

int main(int argc, char **argv)
{
	int first = errno;
	pthread_t id;
	signal(SIGCHLD, on_child);
	if (argc > 1 && !strcmp(argv[1], "apart")) {
		work_apart();
		return 0;
	}
	printf("errno %d\n", first);
	say_all();
	for (int i = 0; i < 200000; i++)
		work(i);
	pthread_create(&id, NULL, in_thread, NULL);
	pthread_join(id, NULL);
	errno = 77;
	work(1);
	printf("errno %d\n", errno);
	say_all();
	return 0;
}
