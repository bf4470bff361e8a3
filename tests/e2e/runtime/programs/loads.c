/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * loads.c HOW ... - loads libraries in unusual ways. Every function called is int F(int), 10 times.
 *
 *     threads N TURNS LIBRARY:FUNCTION...   N threads, each loads and unloads all of them, TURNS times
 *     stays LIBRARY:FUNCTION                threads that ran before use the library, and so do new ones
 *     space LIBRARY:FUNCTION TURNS          in namespaces of its own (dlmopen)
 *     tls LIBRARY:FUNCTION [BYTES]          loads libNUMBER.so (NUMBER bytes of static TLS: 1024, 512 .. 16)
 *                                           whose numbers make up BYTES, or as many as go, then the library.
 *                                           Says how many bytes, and whether the library was loaded
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct library {
	char path[200], function[40];
};

static struct library parse(const char *argument)
{
	struct library l;
	if (sscanf(argument, "%199[^:]:%39s", l.path, l.function) != 2)
		abort();
	return l;
}

static struct library libraries[8];
static int library_count, turns;

static int call_ten(int (*call)(int))
{
	int sum = 0;
	for (int i = 0; i < 10; i++)
		sum += call(i);
	return sum;
}

static void *must(void *p)
{
	if (!p) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return p;
}

static void *load_all(void *first)
{
	long sum = 0;
	for (int turn = 0; turn < turns; turn++) {
		for (int i = 0; i < library_count; i++) {
			struct library *l = &libraries[(i + (int)(long)first) % library_count];
			void *handle = must(dlopen(l->path, RTLD_NOW));
			sum += call_ten((int (*)(int))must(dlsym(handle, l->function)));
			dlclose(handle);
		}
	}
	return (void *)sum;
}

static int (*shared_call)(int);
static pthread_barrier_t barrier;

static void *use_shared(void *arg)
{
	pthread_barrier_wait(&barrier); /* runs */
	pthread_barrier_wait(&barrier); /* the library is there */
	return (void *)(long)(call_ten(shared_call) + (arg != NULL));
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	pthread_t id[16];
	long sum = 0;
	if (!strcmp(how, "threads")) {
		int threads = atoi(argv[2]);
		turns = atoi(argv[3]);
		for (int i = 4; i < argc; i++)
			libraries[library_count++] = parse(argv[i]);
		for (long i = 0; i < threads; i++)
			pthread_create(&id[i], NULL, load_all, (void *)i);
		for (int i = 0; i < threads; i++) {
			void *of_thread;
			pthread_join(id[i], &of_thread);
			sum += (long)of_thread;
		}
	}
	if (!strcmp(how, "stays")) {
		struct library l = parse(argv[2]);
		pthread_barrier_init(&barrier, NULL, 5);
		for (int i = 0; i < 4; i++)
			pthread_create(&id[i], NULL, use_shared, NULL);
		pthread_barrier_wait(&barrier);
		shared_call = (int (*)(int))must(dlsym(must(dlopen(l.path, RTLD_NOW)), l.function));
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < 4; i++) {
			void *of_thread;
			pthread_join(id[i], &of_thread);
			sum += (long)of_thread;
		}
		sum += call_ten(shared_call);
	}
	if (!strcmp(how, "space")) {
		struct library l = parse(argv[2]);
		for (int i = 0; i < atoi(argv[3]); i++) {
			void *other = must(dlmopen(LM_ID_NEWLM, l.path, RTLD_NOW)), *here = must(dlopen(l.path, RTLD_NOW));
			sum += call_ten((int (*)(int))must(dlsym(other, l.function)));
			sum += call_ten((int (*)(int))must(dlsym(here, l.function)));
			dlclose(other);
			dlclose(here);
		}
	}
	if (!strcmp(how, "tls")) {
		struct library l = parse(argv[2]);
		int most = argc > 3 ? atoi(argv[3]) : 2032, filled = 0;
		for (int bytes = 1024; bytes >= 16; bytes /= 2) {
			char path[40];
			snprintf(path, sizeof(path), "./lib%d.so", bytes);
			if (filled + bytes <= most && dlopen(path, RTLD_NOW))
				filled += bytes;
		}
		void *handle = dlopen(l.path, RTLD_NOW);
		printf("filled %d\n", filled);
		if (handle)
			sum = call_ten((int (*)(int))must(dlsym(handle, l.function)));
		else
			printf("not loaded: %s\n", dlerror());
	}
	printf("sum %ld\n", sum);
	return 0;
}
