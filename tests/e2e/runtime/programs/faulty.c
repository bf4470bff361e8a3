/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * faulty.c HOW - mistakes that tools are there to find: none, after_free, leak, overflow, race, unset.
 * work is called 1000 times before, in main > middle.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int sink;
static int raced;
static void *volatile kept;

static int work(int n)
{
	return n ^ 1;
}

static void after_free(void)
{
	char *volatile p = malloc(40);
	free((void *)p);
	sink = p[3];
}

static void leak(void)
{
	kept = malloc(77);
	kept = NULL;
}

static void overflow(int n)
{
	sink = n + INT_MAX;
}

static void *bump(void *arg)
{
	for (int i = 0; i < 1000; i++)
		raced++;
	return arg;
}

static void race(void)
{
	pthread_t id[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&id[i], NULL, bump, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(id[i], NULL);
}

static void unset(void)
{
	int *volatile p = malloc(sizeof(*p));
	if (*p == 12345)
		sink = 1;
	free((void *)p);
}

static int middle(const char *how)
{
	for (int i = 0; i < 1000; i++)
		sink = work(i);
	if (!strcmp(how, "after_free"))
		after_free();
	if (!strcmp(how, "leak"))
		leak();
	if (!strcmp(how, "overflow"))
		overflow(7);
	if (!strcmp(how, "race"))
		race();
	if (!strcmp(how, "unset"))
		unset();
	return 4;
}

int main(int argc, char **argv)
{
	int status = middle(argc > 1 ? argv[1] : "");
	puts("done");
	return status;
}
