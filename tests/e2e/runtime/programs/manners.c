/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * manners.c - what a program can see of its allocator, and blocks that go through fork, vfork, signal handlers
 * and threads that end. Prints the same traced and not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

static volatile size_t huge = PTRDIFF_MAX - 4096, none = 0;
static void *volatile blocks[200];

static void failures(void)
{
	void *p = (void *)1;
	errno = 7;
	printf("malloc %d", malloc(huge) == NULL);
	printf(" errno %d\n", errno);
	errno = 7;
	printf("calloc %d", calloc(huge, 16) == NULL);
	printf(" errno %d\n", errno);
	errno = 7;
	printf("posix_memalign %d", posix_memalign(&p, 3, 100));
	printf(" %d errno %d\n", p == (void *)1, errno);
	p = malloc(10);
	errno = 7;
	printf("realloc %d", realloc(p, huge) == NULL);
	printf(" errno %d\n", errno);
	errno = 7;
	printf("reallocarray %d", reallocarray(p, huge, 3) == NULL);
	printf(" errno %d\n", errno);
	errno = 7;
	free(p);
	free(NULL);
	blocks[0] = malloc(100);
	free(blocks[0]);
	printf("errno %d after what has not failed\n", errno);
	p = realloc(malloc(20), none);
	printf("realloc to nothing %d\n", p == NULL);
	p = malloc(none);
	printf("malloc of nothing %d\n", p != NULL);
	free(p);
}

static void kinds(void)
{
	char *text = NULL, *line = NULL;
	size_t room = 0;
	void *p = NULL;
	unsigned long bits = 0;

	bits |= (uintptr_t)(blocks[0] = malloc(33)) % 16;
	bits |= (uintptr_t)(blocks[1] = aligned_alloc(4096, 8192)) % 4096;
	bits |= (uintptr_t)(blocks[2] = memalign(256, 10)) % 256;
	bits |= (uintptr_t)(blocks[3] = valloc(10)) % 4096;
	if (posix_memalign(&p, 1024, 5) == 0)
		bits |= (uintptr_t)(blocks[4] = p) % 1024;
	printf("alignment %lu, usable %d %d\n", bits, malloc_usable_size(blocks[0]) >= 33, malloc_usable_size(blocks[1]) >= 8192);
	memset(blocks[0], 1, malloc_usable_size(blocks[0]));
	for (int i = 0; i < 5; i++)
		free(blocks[i]);
	blocks[0] = calloc(10, 10);
	printf("zero %d\n", ((char *)blocks[0])[99]);
	free(blocks[0]);
	blocks[0] = strdup("copied");
	blocks[1] = strndup("cut off", 3);
	blocks[2] = wcsdup(L"wide");
	int length = asprintf(&text, "%s %d", "printed", 42);
	printf("%s %s %ls %s %d\n", (char *)blocks[0], (char *)blocks[1], (wchar_t *)blocks[2], text, length);
	free(text);
	for (int i = 0; i < 3; i++)
		free(blocks[i]);
	FILE *f = fmemopen("one\ntwo two two two two two two two two two two two two two two two two two two two two two two two two two two two two two two two two two\n", 138, "r");
	while (getline(&line, &room, f) > 0)
		printf("line of %zu\n", strlen(line));
	free(line);
	fclose(f);
	blocks[0] = realloc(NULL, 10);
	strcpy(blocks[0], "kept");
	blocks[0] = realloc(blocks[0], 100000);
	printf("%s\n", (char *)blocks[0]);
	free(blocks[0]);
}

static volatile int handled;
static void *volatile in_handler;
static sigjmp_buf back;

/* Raised, not sent: no allocator is interrupted that may not be. */
static void on_signal(int signal)
{
	void *p = malloc(77);
	p = realloc(p, 777);
	free(p);
	in_handler = malloc(10);
	free(in_handler);
	handled++;
	if (signal == SIGUSR2)
		siglongjmp(back, 1);
}

static void signals(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	for (int i = 0; i < 50; i++) {
		blocks[i] = malloc(i);
		raise(SIGUSR1);
		free(blocks[i]);
		if (!sigsetjmp(back, 1))
			raise(SIGUSR2);
	}
	printf("%d signals\n", handled);
}

static void *thread(void *arg)
{
	long n = (long)arg;
	blocks[n] = malloc(100);
	if (n % 2)
		pthread_exit(NULL);
	free(blocks[n]);
	blocks[n] = calloc(1, 100);
	return NULL;
}

static void threads(void)
{
	pthread_t id[40];
	for (long i = 0; i < 40; i++)
		pthread_create(&id[i], NULL, thread, (void *)i);
	for (int i = 0; i < 40; i++)
		pthread_join(id[i], NULL);
	for (int i = 0; i < 40; i++)
		free(blocks[i]);
	puts("threads have ended");
}

/* A child frees what its parent had, some of it in another way, and allocates at the same addresses. */
static int child(int generation)
{
	for (int i = 0; i < 100; i++) {
		if (i % 3 == 0)
			blocks[i] = realloc(blocks[i], 500);
		free(blocks[i]);
		blocks[i] = malloc(40);
	}
	if (generation) {
		pid_t pid = fork();
		if (!pid)
			_exit(child(generation - 1));
		waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < 90; i++)
		free(blocks[i]);
	return 5;
}

static void forks(void)
{
	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(40);
	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		int status = 0;
		pid_t pid = fork();
		if (!pid)
			_exit(child(i));
		waitpid(pid, &status, 0);
		printf("child %d\n", WEXITSTATUS(status));
	}
	for (int i = 0; i < 3; i++) {
		int status = 0;
		void *p = malloc(30);
		pid_t pid = vfork();
		if (!pid) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		free(p);
		printf("true %d\n", WEXITSTATUS(status));
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
}

int main(void)
{
	static char buffer[4096];
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	failures();
	kinds();
	signals();
	threads();
	forks();
	return 4;
}
