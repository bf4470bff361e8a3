/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * endings.c HOW - ends three calls deep: main > middle > inner > HOW. work is called 1000 times before.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int work(int n)
{
	return n ^ 1;
}

static int inner(const char *how)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	for (int i = 0; i < 1000; i++)
		work(i);
	nanosleep(&(struct timespec){0, getenv("AT_ONCE") ? 0 : 200000000}, NULL); /* the drain knows us by now */
	if (!strcmp(how, "exit"))
		exit(5);
	if (!strcmp(how, "_exit"))
		_exit(6);
	if (!strcmp(how, "quick_exit"))
		quick_exit(7);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segv"))
		*(volatile int *)8 = 1;
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	if (!strcmp(how, "term"))
		raise(SIGTERM);
	if (!strcmp(how, "exec"))
		execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
	if (!strcmp(how, "pthread_exit"))
		pthread_exit(NULL);
	return 0;
}

static int middle(const char *how)
{
	return inner(how) + 1;
}

static void *in_a_thread(void *how)
{
	middle(how);
	return NULL;
}

int main(int argc, char **argv)
{
	printf("ends by %s\n", argv[1]);
	fflush(stdout);
	if (argc > 2) {
		pthread_t id;
		pthread_create(&id, NULL, in_a_thread, argv[1]);
		pthread_join(id, NULL);
		return 0;
	}
	return middle(argv[1]);
}
