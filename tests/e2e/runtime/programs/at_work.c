/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * at_work.c HOW - threads of which it is known what they do at any time.
 *
 *     cpu      six threads run for a known processor time or sleep, and end; one runs and one sleeps until the process
 *              ends. Says of each: NAME CPU_NS LIVED_NS.
 *     hang     two threads wait for each other's lock, three for work that never comes; says "hangs" and does not end
 *     phases   a thread that is in other calls every 50 ms, one that makes many calls inside of two that last; says
 *              NS THREAD DEPTH FUNCTION SINCE_NS, CLOCK_MONOTONIC, innermost first
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define UNSEEN __attribute__((annotate("instr_skip")))

UNSEEN static long long now_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

UNSEEN static void sleep_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&left, &left) != 0)
		;
}

/* ---- cpu ---- */

struct task {
	const char *name;
	long run_ms, sleep_ms;
	int stays;
};
static const struct task tasks[] = {
	{"runs-300", 300, 0, 0}, {"runs-1000", 1000, 0, 0}, {"sleeps", 0, 600, 0}, {"runs-sleeps", 300, 500, 0},
	{"often", 400, 0, 0}, {"runs-sleeps-2", 500, 200, 0}, {"stays-busy", 1 << 30, 0, 1}, {"stays-asleep", 0, 1 << 30, 1},
};
enum { TASKS = sizeof(tasks) / sizeof(tasks[0]) };

UNSEEN static void run_until(long long cpu_ns)
{
	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < cpu_ns)
		for (volatile int i = 0; i < 20000; i++)
			;
}

static void run(long ms) { run_until(now_ns(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000LL); }
static void rest(long ms) { sleep_ms(ms); }

UNSEEN static void say_thread(const char *name, long long start)
{
	struct rusage r;
	getrusage(RUSAGE_THREAD, &r);
	long long cpu = (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000000LL + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000LL;
	printf("%s %lld %lld\n", name, cpu, now_ns(CLOCK_MONOTONIC) - start);
}

static void *do_task(void *arg)
{
	const struct task *t = arg;
	long long start = now_ns(CLOCK_MONOTONIC);
	pthread_setname_np(pthread_self(), t->name);
	if (!strcmp(t->name, "often"))
		for (int i = 0; i < 400; i++)
			run(1);
	else
		run(t->run_ms);
	rest(t->sleep_ms);
	say_thread(t->name, start);
	return NULL;
}

static void cpu(void)
{
	pthread_t ids[TASKS];
	clockid_t clock;
	long long start = now_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < TASKS; i++)
		if (pthread_create(&ids[i], NULL, do_task, (void *)&tasks[i]) != 0)
			abort();
	for (int i = 0; i < TASKS; i++)
		if (!tasks[i].stays)
			pthread_join(ids[i], NULL);
	pthread_getcpuclockid(ids[TASKS - 2], &clock);
	printf("stays-busy %lld %lld\n", now_ns(clock), now_ns(CLOCK_MONOTONIC) - start);
	say_thread("at_work", start);
	fflush(stdout);
}

/* ---- hang ---- */

static pthread_mutex_t locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_barrier_t both;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;

static void lock_second(long i) { pthread_mutex_lock(&locks[i]); }

static void lock_both(long i)
{
	pthread_mutex_lock(&locks[i]);
	pthread_barrier_wait(&both);
	lock_second(!i);
}

static void *transfer(void *arg)
{
	pthread_setname_np(pthread_self(), arg ? "right" : "left");
	lock_both((long)arg);
	return NULL;
}

static void wait_for_work(void) { pthread_cond_wait(&work, &queue); }

static void *serve(void *arg)
{
	pthread_setname_np(pthread_self(), "server");
	pthread_mutex_lock(&queue);
	wait_for_work();
	return arg;
}

static void hang(void)
{
	pthread_t id[5];
	pthread_barrier_init(&both, NULL, 2);
	for (long i = 0; i < 2; i++)
		pthread_create(&id[i], NULL, transfer, (void *)i);
	for (long i = 2; i < 5; i++)
		pthread_create(&id[i], NULL, serve, NULL);
	puts("hangs");
	fflush(stdout);
	pthread_join(id[0], NULL);
}

/* ---- phases ---- */

static long long since[4];

UNSEEN static void say_calls(const char *thread, const char *const *functions, int count)
{
	sleep_ms(20);
	long long at = now_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < count; i++)
		printf("%lld %s %d %s %lld\n", at, thread, count - 1 - i, functions[i], since[count - 1 - i]);
	sleep_ms(30);
}

static void inner(void)
{
	since[2] = now_ns(CLOCK_MONOTONIC);
	say_calls("phases", (const char *const[]){"inner", "one", "phases"}, 3);
}

static void one(void)
{
	since[1] = now_ns(CLOCK_MONOTONIC);
	say_calls("phases", (const char *const[]){"one", "phases"}, 2);
	inner();
	say_calls("phases", (const char *const[]){"one", "phases"}, 2);
}

static void deep(int n)
{
	since[1 + n] = now_ns(CLOCK_MONOTONIC);
	if (n < 2)
		deep(n + 1);
	else
		say_calls("phases", (const char *const[]){"deep", "deep", "deep", "phases"}, 4);
}

static void leaf(int n) { (void)n; }

/* More events than a chunk holds, several times. */
static void many(void)
{
	since[1] = now_ns(CLOCK_MONOTONIC);
	for (int turn = 0; turn < 4; turn++) {
		for (int i = 0; i < 400000; i++)
			leaf(i);
		say_calls("phases", (const char *const[]){"many", "phases"}, 2);
	}
}

static void *phases(void *arg)
{
	pthread_setname_np(pthread_self(), "phases");
	since[0] = now_ns(CLOCK_MONOTONIC);
	say_calls("phases", (const char *const[]){"phases"}, 1);
	one();
	deep(0);
	many();
	one();
	return arg;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	if (!strcmp(how, "cpu")) {
		cpu();
	} else if (!strcmp(how, "hang")) {
		hang();
	} else {
		pthread_t id;
		pthread_create(&id, NULL, phases, NULL);
		pthread_join(id, NULL);
	}
	return 0;
}
