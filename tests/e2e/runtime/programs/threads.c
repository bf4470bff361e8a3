/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * threads.c HOW - threads that come and go in unusual ways. Each calls work a known number of times.
 *
 *     churn N    N threads, at most 50 at once; each 3 calls
 *     detached   8 detached threads that still run when main returns; see counters.h
 *     late       threads that are started by a destructor, when the runtime has flushed
 *     leave      main leaves by pthread_exit, another thread works on and ends the process
 *     names      threads that have names
 *     files      1000 threads, when all descriptors are in use and the limit on them is then 0
 */
#define _GNU_SOURCE
#include "counters.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static int work(int n)
{
	return n ^ 1;
}

static void *three(void *arg)
{
	for (int i = 0; i < 3; i++)
		work(i);
	return arg;
}

static void churn(int count)
{
	pthread_t id[50];
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; i < count; i++) {
		if (i >= 50)
			pthread_join(id[i % 50], NULL);
		if (pthread_create(&id[i % 50], &small, three, NULL) != 0)
			abort();
	}
	for (int i = count < 50 ? 0 : count - 50; i < count; i++)
		pthread_join(id[i % 50], NULL);
}

static void *count_for_ever(void *arg)
{
	struct counter *c = arg;
	for (;;) {
		work(0);
		c->calls++;
	}
	return NULL;
}

static void detached(void)
{
	struct counter *c = open_counters();
	struct timespec while_they_run = {0, 50000000};
	for (int i = 0; i < 8; i++) {
		pthread_t id;
		pthread_create(&id, NULL, count_for_ever, &c[i]);
		pthread_detach(id);
	}
	nanosleep(&while_they_run, NULL);
}

static int is_late;

static void *late_work(void *arg)
{
	struct timespec while_the_runtime_ends = {0, 100000000};
	nanosleep(&while_the_runtime_ends, NULL);
	for (int i = 0; i < 1000; i++)
		work(i);
	return arg;
}

__attribute__((destructor)) static void at_the_end(void)
{
	pthread_t id[4];
	if (!is_late)
		return;
	for (int i = 0; i < 4; i++)
		pthread_create(&id[i], NULL, late_work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(id[i], NULL);
}

static void *last_one(void *arg)
{
	struct timespec until_main_is_gone = {0, 100000000};
	nanosleep(&until_main_is_gone, NULL);
	three(NULL);
	return arg;
}

static void *named(void *arg)
{
	struct timespec until_the_name_is_seen = {1, 300000000};
	pthread_setname_np(pthread_self(), arg);
	three(NULL);
	nanosleep(&until_the_name_is_seen, NULL);
	return NULL;
}

static void use_up_files(void)
{
	struct rlimit none = {0, 0};
	while (dup(1) >= 0)
		;
	if (setrlimit(RLIMIT_NOFILE, &none) != 0)
		abort();
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t id[3];
	if (!strcmp(how, "churn"))
		churn(atoi(argv[2]));
	if (!strcmp(how, "files")) {
		use_up_files();
		churn(1000);
	}
	if (!strcmp(how, "detached"))
		detached();
	if (!strcmp(how, "late"))
		is_late = 1;
	if (!strcmp(how, "leave")) {
		pthread_create(&id[0], NULL, last_one, NULL);
		pthread_exit(NULL);
	}
	if (!strcmp(how, "names")) {
		static char names[3][16] = {"reader", "writer", "fifteen letters"};
		for (int i = 0; i < 3; i++)
			pthread_create(&id[i], NULL, named, names[i]);
		for (int i = 0; i < 3; i++)
			pthread_join(id[i], NULL);
	}
	puts("done");
	return 0;
}
