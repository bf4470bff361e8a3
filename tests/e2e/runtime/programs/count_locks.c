/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * count_locks.c - a library to be preloaded, which counts by itself what a program does to mutexes: to the file
 * $COUNT_LOCKS, how many were got by pthread_mutex_lock, by pthread_mutex_trylock, and given back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long locked, tried, unlocked;

#define COUNTED(name, counter)                                                      \
	int name(pthread_mutex_t *m)                                                \
	{                                                                           \
		static int (*real)(pthread_mutex_t *);                              \
		int (*f)(pthread_mutex_t *) = __atomic_load_n(&real, __ATOMIC_RELAXED); \
		if (!f) {                                                           \
			f = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, #name);    \
			__atomic_store_n(&real, f, __ATOMIC_RELAXED);               \
		}                                                                   \
		int r = f(m);                                                       \
		__atomic_fetch_add(&counter, !r, __ATOMIC_RELAXED);                 \
		return r;                                                           \
	}

COUNTED(pthread_mutex_lock, locked)
COUNTED(pthread_mutex_trylock, tried)
COUNTED(pthread_mutex_unlock, unlocked)

__attribute__((destructor)) static void say(void)
{
	const char *path = getenv("COUNT_LOCKS");
	FILE *out = path ? fopen(path, "w") : NULL;
	if (!out)
		return;
	fprintf(out, "%lu %lu %lu\n", locked, tried, unlocked);
	fclose(out);
}
