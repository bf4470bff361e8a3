/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * family.c HOW - a program that makes children and looks for anything it should not see. Each child
 * calls work 1000 times; the parent calls it 1000 times before and after.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int sink, children_signals;

static void work(int n) { sink += n; }
static void much(void) { for (int i = 0; i < 1000; i++) work(i); }
static void on_child(int s) { (void)s; children_signals++; }

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	if (!strcmp(how, "child")) {
		much();
		return 4;
	}
	if (!strcmp(how, "unseen")) { /* nothing of the recording shows */
		signal(SIGCHLD, on_child);
		much();
		usleep(100000);
		errno = 0;
		int child = waitpid(-1, NULL, WNOHANG), no_child = errno == ECHILD;
		printf("child %d %d, signals %d, threads %d, descriptors %d, variables", child, no_child, children_signals,
		       entries("/proc/self/task"), entries("/proc/self/fd") - 1);
		for (char **e = environ; *e; e++)
			if (strstr(*e, "INSTR") || strstr(*e, "instr_rt"))
				printf(" %s", *e);
		printf("\n");
		return 0;
	}
	if (!strcmp(how, "closes")) { /* closes everything and goes on */
		much();
		for (int fd = 0; fd < 1024; fd++)
			close(fd);
		much();
		return 7;
	}
	much();
	pid_t p = -1;
	int status = 0;
	if (!strcmp(how, "fork") || !strcmp(how, "_exit")) {
		fflush(stdout);
		p = fork();
		if (p == 0) {
			much();
			if (*how == '_')
				_exit(4);
			exit(4);
		}
	} else if (!strcmp(how, "spawn")) {
		char *arguments[] = {argv[0], "child", NULL};
		posix_spawn(&p, argv[0], NULL, NULL, arguments, environ);
	}
	waitpid(p, &status, 0);
	much();
	printf("child ended with %d\n", WEXITSTATUS(status));
	if (!strcmp(how, "exec"))
		execl(argv[0], argv[0], "child", (char *)NULL);
	return 0;
}
