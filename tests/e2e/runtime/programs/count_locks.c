/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * count_locks.c - a library to be preloaded, which counts by itself what a program does to mutexes: to the file
 * $COUNT_LOCKS, how many were got by pthread_mutex_lock, by pthread_mutex_trylock, and given back; in the
 * second line how many waits for a condition were begun, and how many have ended, without and with a time limit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long locked, tried, unlocked, begun, waited, waited_timed;

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

/* There is an older kind of condition variable, too. Its mutex is had again whatever is returned. */
static void *real_wait(const char *name) { return dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2"); }

int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	int r = ((int (*)(pthread_cond_t *, pthread_mutex_t *))real_wait("pthread_cond_wait"))(c, m);
	__atomic_fetch_add(&waited, 1, __ATOMIC_RELAXED);
	return r;
}

int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *end)
{
	__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	int r = ((int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))real_wait("pthread_cond_timedwait"))(c, m, end);
	__atomic_fetch_add(&waited_timed, 1, __ATOMIC_RELAXED);
	return r;
}

__attribute__((destructor)) static void say(void)
{
	const char *path = getenv("COUNT_LOCKS");
	FILE *out = path ? fopen(path, "w") : NULL;
	if (!out)
		return;
	fprintf(out, "%lu %lu %lu\n%lu %lu %lu\n", locked, tried, unlocked, begun, waited, waited_timed);
	fclose(out);
}
