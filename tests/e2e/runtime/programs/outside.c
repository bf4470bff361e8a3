/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * outside.c - allocates in every way. With -DPROGRAM: so does main, which calls the other one, a library that is compiled
 * without hooks and linked in as an archive. With -DOWN: the program's malloc, beside it, is not libc's.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PROGRAM
#define NAME program
#else
#define NAME library
#endif

void library(int n);
void NAME(int n);

static volatile size_t huge = PTRDIFF_MAX - 4096;
static void *(*volatile by_pointer)(size_t) = malloc;
static void (*volatile end_by_pointer)(void *) = free;

void NAME(int n)
{
	void *block = NULL, *kept[8];
	char *text = NULL, *line = NULL;
	size_t room = 0;

	for (int i = 0; i < n; i++) {
		kept[0] = malloc(i);
		kept[1] = calloc(3, i + 1);
		kept[2] = realloc(realloc(NULL, 10), 1000 + i);
		kept[3] = by_pointer(77);
		kept[4] = strdup("a text that is copied");
		kept[5] = aligned_alloc(64, 128);
		kept[6] = reallocarray(malloc(5), 4, 100);
		kept[7] = by_pointer(huge);
		free(kept[0]);
		free(kept[1]);
		free(kept[2]);
		end_by_pointer(kept[3]);
		end_by_pointer(kept[4]);
		free(kept[5]);
		free(kept[6]);
		if (!posix_memalign(&block, 256, 300))
			free(block);
		free(memalign(64, 30));
		free(valloc(20));
		if (asprintf(&text, "%*d", 200 + i, i) > 0)
			free(text);
		free(calloc(huge, 16));
		free(realloc(malloc(1), 0));
	}
	FILE *file = fopen("/proc/self/comm", "r");
	while (file && getline(&line, &room, file) > 0 && room < 100000)
		;
	free(line);
	fclose(file);
	kept[0] = malloc(12345); /* stays */
	__asm__ volatile("" : : "r"(kept[0]) : "memory");
}

#ifdef PROGRAM
static void *works(void *n)
{
	program(*(int *)n);
	library(*(int *)n);
	return NULL;
}

int main(void)
{
	int n = 20;
	pthread_t thread;

	works(&n);
	for (int i = 0; i < 4; i++) {
		pthread_create(&thread, NULL, works, &n);
		pthread_join(thread, NULL);
	}
	return 5;
}
#endif
