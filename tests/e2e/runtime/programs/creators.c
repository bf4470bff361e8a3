/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * creators.c HOW - threads that functions create in turn. A thread that make_X has created calls work_for_X first.
 *
 *     turns N    N short ones, one after the other: left, right, left ...
 *     late N     N that are all there before the first of them calls a function with hooks
 *     race N     two threads that create N each, detached, at the same time
 *     nested N   a thread creates one that creates one ...
 *     c11 N      as turns, by thrd_create
 *     quiet N    as turns, but between any two one that runs no code with hooks (a library's)
 *     fork       as turns 20, in a fork child too
 *     wait N     as late N, but what they wait for is a byte on stdin; "ready" is said when they are all there
 *     manners    what a program can see of it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#define NO_HOOKS __attribute__((annotate("instr_skip"), noinline))

extern void *quiet_thread(void *);

static pthread_barrier_t all_there;
static atomic_int done;
static int is_late;

static void need(int holds, const char *what)
{
	if (holds)
		return;
	printf("no: %s\n", what);
	exit(1);
}

__attribute__((noinline)) static void step(void) { done++; }
__attribute__((noinline)) static void work_for_left(void) { step(); }
__attribute__((noinline)) static void work_for_right(void) { step(); }

NO_HOOKS static void *left(void *arg)
{
	if (is_late)
		pthread_barrier_wait(&all_there);
	work_for_left();
	return arg;
}
NO_HOOKS static void *right(void *arg)
{
	if (is_late)
		pthread_barrier_wait(&all_there);
	work_for_right();
	return arg;
}
NO_HOOKS static int left11(void *arg) { return left(arg) != arg; }
NO_HOOKS static int right11(void *arg) { return right(arg) != arg; }

__attribute__((noinline)) static void make_left(pthread_t *t, const pthread_attr_t *how) { need(!pthread_create(t, how, left, t), "created"); }
__attribute__((noinline)) static void make_right(pthread_t *t, const pthread_attr_t *how) { need(!pthread_create(t, how, right, t), "created"); }
__attribute__((noinline)) static void make_left11(thrd_t *t) { need(thrd_create(t, left11, t) == thrd_success, "created"); }
__attribute__((noinline)) static void make_right11(thrd_t *t) { need(thrd_create(t, right11, t) == thrd_success, "created"); }
__attribute__((noinline)) static void make_quiet(pthread_t *t) { need(!pthread_create(t, NULL, quiet_thread, t), "created"); }

static void make(int i, pthread_t *t, const pthread_attr_t *how)
{
	if (i % 3)
		make_left(t, how);
	else
		make_right(t, how);
}

static void turns(int n, int quiet)
{
	for (int i = 0; i < n; i++) {
		pthread_t t;
		void *said;
		make(i, &t, NULL);
		need(!pthread_join(t, &said) && said == &t, "joined");
		if (quiet) {
			make_quiet(&t);
			need(!pthread_join(t, &said) && said == &t, "joined");
		}
	}
	need(done == n, "all have worked");
}

static void turns11(int n)
{
	for (int i = 0; i < n; i++) {
		thrd_t t;
		int said = 5;
		if (i % 3)
			make_left11(&t);
		else
			make_right11(&t);
		need(thrd_join(t, &said) == thrd_success && said == 0, "joined");
	}
	need(done == n, "all have worked");
}

static void late(int n, int asks)
{
	pthread_t *t = calloc((size_t)n, sizeof(*t));
	pthread_attr_t small;
	need(t && !pthread_attr_init(&small) && !pthread_attr_setstacksize(&small, 1 << 17), "memory");
	is_late = 1;
	need(!pthread_barrier_init(&all_there, NULL, (unsigned)n + 1), "barrier");
	for (int i = 0; i < n; i++)
		make(i, &t[i], &small);
	if (asks) {
		puts("ready");
		fflush(stdout);
		need(getchar() == 'g', "told to go on");
	}
	pthread_barrier_wait(&all_there);
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	need(done == n, "all have worked");
	free(t);
}

static void *racer(void *arg)
{
	pthread_attr_t detached;
	need(!pthread_attr_init(&detached) && !pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED), "attributes");
	for (int i = 0; i < *(int *)arg; i++) {
		pthread_t t;
		make(i, &t, &detached);
	}
	return NULL;
}

static void race(int n)
{
	pthread_t t[2];
	for (int i = 0; i < 2; i++)
		need(!pthread_create(&t[i], NULL, racer, &n), "created");
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	while (done < 2 * n)
		usleep(1000);
}

static void *deeper(void *arg);
__attribute__((noinline)) static void make_deeper(long n)
{
	pthread_t t;
	need(!pthread_create(&t, NULL, deeper, (void *)n), "created");
	pthread_join(t, NULL);
}
static void *deeper(void *arg)
{
	step();
	if ((long)arg > 1)
		make_deeper((long)arg - 1);
	return NULL;
}

/* ---- what can be seen ------------------------------------------------------------------------------- */

static void *tells(void *arg)
{
	pthread_attr_t mine;
	size_t bytes = 0;
	int state = -1;
	sigset_t blocked;
	pthread_getattr_np(pthread_self(), &mine);
	pthread_attr_getstacksize(&mine, &bytes);
	pthread_attr_getdetachstate(&mine, &state);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	printf("stack %zu, detached %d, usr1 blocked %d, errno %d\n", bytes, state == PTHREAD_CREATE_DETACHED,
	       sigismember(&blocked, SIGUSR1), errno);
	pthread_attr_destroy(&mine);
	return arg;
}

static void *sleeps(void *arg)
{
	sleep(100);
	return arg;
}

static void *leaves(void *arg) { pthread_exit(arg); }

/* The thread gives back the memory that its own pthread_t was left in. */
struct own {
	pthread_t id;
	char more[1 << 20];
};
static atomic_int given_back;
static void *gives_back(void *arg)
{
	struct own *o = arg;
	munmap(o, sizeof(*o));
	given_back++;
	return NULL;
}

static void manners(void)
{
	pthread_attr_t how;
	pthread_t t;
	sigset_t usr1;
	void *said;
	errno = 77;
	need(!pthread_create(&t, NULL, tells, &t) && !pthread_join(t, &said) && said == &t, "returns what it was given");
	printf("errno %d\n", errno);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	pthread_attr_init(&how);
	pthread_attr_setstacksize(&how, 1 << 18);
	need(!pthread_create(&t, &how, tells, NULL) && !pthread_join(t, NULL), "with attributes");
	pthread_attr_setstacksize(&how, (size_t)1 << 46);
	errno = 78;
	printf("too large: %s, errno %d\n", strerror(pthread_create(&t, &how, tells, NULL)), errno);
	need(!pthread_create(&t, NULL, sleeps, NULL) && !pthread_cancel(t) && !pthread_join(t, &said), "cancelled");
	printf("cancelled: %d\n", said == PTHREAD_CANCELED);
	need(!pthread_create(&t, NULL, leaves, &how) && !pthread_join(t, &said), "left");
	printf("left with what it was given: %d\n", said == &how);
	pthread_attr_setstacksize(&how, 1 << 18);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 300; i++) {
		struct own *o = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		need(o != MAP_FAILED && !pthread_create(&o->id, &how, gives_back, o), "created");
	}
	while (given_back < 300)
		usleep(1000);
	pthread_attr_setstacksize(&how, (size_t)1 << 46);
	for (int i = 0; i < 5000; i++) /* more that fail than may be under way at one time */
		need(pthread_create(&t, &how, tells, NULL), "failed");
	turns(20, 0);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 20;
	if (!strcmp(how, "turns"))
		turns(n, 0);
	else if (!strcmp(how, "quiet"))
		turns(n, 1);
	else if (!strcmp(how, "late") || !strcmp(how, "wait"))
		late(n, *how == 'w');
	else if (!strcmp(how, "race"))
		race(n);
	else if (!strcmp(how, "nested"))
		make_deeper(n);
	else if (!strcmp(how, "c11"))
		turns11(n);
	else if (!strcmp(how, "manners"))
		manners();
	if (!strcmp(how, "fork")) {
		turns(20, 0);
		int status = 1;
		if (!fork()) {
			done = 0;
			turns(20, 0);
			exit(0);
		}
		need(wait(&status) > 0 && !status, "the child has ended well");
	}
	puts("done");
	return 0;
}
