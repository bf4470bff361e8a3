/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock_truth.c HOW THREADS - waits and holds that are known: a thread goes on only when the kernel says that the others
 * sleep in the calls they are meant to wait in, so who waits for whom, and how often, is certain.
 *
 *     queue   one has a mutex, all others wait for it; each then has it for a while
 *     chain   each has a mutex and waits for that of the next one; the last one computes, then sleeps
 *     rw      one writes, others wait to read and to write; then all others read, and that one waits to write
 *     ring    a mutex is handed round: who has it gives it back when the next one waits for it
 *     inside  each makes calls that block with no mutex, with one, and with two
 *
 * out, from the program's own clock, by the rule that each moment of a wait is for who has the lock then, of several
 * readers for him who has it longest, or for who gave it back last:
 *
 *     clock|NS                                    what reading that clock costs
 *     first|ADDRESS                               of a lock that nothing is said of
 *     lock|ADDRESS|MODE|TAKEN|WAITS|NS WAITED|HOLDS|NS HELD
 *     pair|ADDRESS|TID|TID OF WHOM FOR|WAITS|NS
 *     chain|ADDRESS|NS WAITED FOR ONE WHO WAITED|NS FOR ONE WHO DID NOT|ADDRESS OF WHAT HE WAITED FOR|NS THAT HE SLEPT
 *     call|ADDRESS|NAME|CALLS|NS|NS OF THE LONGEST
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define UNTRACED __attribute__((annotate("instr_skip")))

enum { THREADS_MAX = 64, ROUNDS = 5, OPS_MAX = THREADS_MAX * (ROUNDS + 2), MUTEX = 1, WRITE = 2, READ = 3 };
enum { BEGUN, TAKEN, GIVEN };

struct thread {
	pthread_t id;
	pid_t tid;
	sem_t turn;
	atomic_int at; /* number of the lock that it is about to wait for, + 1 */
	uint64_t slept_ns; /* with others waiting for it */
};
struct op {
	void *lock;
	int mode;
	pid_t tid;
	int waits;      /* somebody has it */
	uint64_t ns[3]; /* when it was begun, taken, given back */
};

static int count;
static struct thread threads[THREADS_MAX];
static struct op ops[OPS_MAX];
static atomic_int op_count;
static pthread_barrier_t all;
static pthread_mutex_t mutexes[THREADS_MAX], first = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;

UNTRACED static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

UNTRACED static void compute(unsigned us)
{
	for (uint64_t end = now_ns() + us * 1000; now_ns() < end;)
		;
}

/* By system calls: what is recorded is what the test is about. */
UNTRACED static int sleeps(pid_t tid)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY), bytes = syscall(SYS_read, fd, text, sizeof(text) - 1);
	syscall(SYS_close, fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	const char *state = strrchr(text, ')');
	return state && state[2] == 'S';
}

UNTRACED static void until_it_waits(int i, int lock)
{
	while (threads[i].at != lock + 1 || !sleeps(threads[i].tid))
		sched_yield();
}

static struct op *take(int me, int lock, int mode, int waits)
{
	struct op *o = &ops[op_count++];
	*o = (struct op){mode == MUTEX ? (void *)&mutexes[lock] : &rw, mode, threads[me].tid, waits, {0, 0, 0}};
	threads[me].at = lock + 1;
	switch (mode) {
	case MUTEX:
		o->ns[BEGUN] = now_ns();
		pthread_mutex_lock(&mutexes[lock]);
		o->ns[TAKEN] = now_ns();
		break;
	case WRITE:
		o->ns[BEGUN] = now_ns();
		pthread_rwlock_wrlock(&rw);
		o->ns[TAKEN] = now_ns();
		break;
	default:
		o->ns[BEGUN] = now_ns();
		pthread_rwlock_rdlock(&rw);
		o->ns[TAKEN] = now_ns();
	}
	threads[me].at = 0;
	return o;
}

static void give(struct op *o)
{
	o->ns[GIVEN] = now_ns();
	if (o->mode == MUTEX)
		pthread_mutex_unlock(o->lock);
	else
		pthread_rwlock_unlock(&rw);
}

/* ---- what they do ------------------------------------------------------------------------------------ */

static void queue(int me, int mode)
{
	struct op *o = NULL;

	if (!me)
		o = take(me, 0, mode, 0);
	pthread_barrier_wait(&all);
	if (me) {
		o = take(me, 0, mode, 1);
		usleep(1000);
	} else {
		for (int i = 1; i < count; i++)
			until_it_waits(i, 0);
		usleep(20000);
	}
	give(o);
}

static void sleep_long(int me, unsigned us)
{
	uint64_t begin = now_ns();
	usleep(us);
	threads[me].slept_ns = now_ns() - begin;
}

static void chain(int me)
{
	struct op *own = take(me, me, MUTEX, 0);

	pthread_barrier_wait(&all);
	if (me == count - 1) {
		until_it_waits(0, 1);
		compute(10000);
		sleep_long(me, 20000);
	} else {
		if (me < count - 2)
			until_it_waits(me + 1, me + 2);
		struct op *next = take(me, me + 1, MUTEX, 1);
		sleep_long(me, 2000);
		give(next);
	}
	give(own);
}

static void read_and_write(int me)
{
	queue(me, !me || me % 2 == 0 ? WRITE : READ);
	pthread_barrier_wait(&all);
	if (!me) {
		sem_post(&threads[1].turn);
		sem_wait(&threads[0].turn);
		give(take(me, 0, WRITE, 1));
		return;
	}
	/* They come in the order of their numbers, and go in the same. */
	sem_wait(&threads[me].turn);
	struct op *o = take(me, 0, READ, 0);
	sem_post(&threads[(me + 1) % count].turn);
	if (me == 1)
		until_it_waits(0, 0);
	else
		sem_wait(&threads[me].turn);
	usleep(1000);
	give(o);
	if (me + 1 < count)
		sem_post(&threads[me + 1].turn);
}

static void ring(int me)
{
	for (int round = 0; round < ROUNDS; round++) {
		int is_last = round == ROUNDS - 1 && me == count - 1, next = (me + 1) % count;
		if (round || me)
			sem_wait(&threads[me].turn);
		struct op *o = take(me, 0, MUTEX, round || me);
		if (!is_last) {
			sem_post(&threads[next].turn);
			until_it_waits(next, 0);
		}
		compute(20);
		give(o);
	}
}

enum { USLEEP, WRITE_CALL, NANOSLEEP, FSYNC, CALLS };
static struct calls { uint64_t calls, ns, longest_ns; } calls[THREADS_MAX][CALLS];
static int file;

UNTRACED static void end_call(int me, int which, uint64_t begin)
{
	uint64_t ns = now_ns() - begin;
	struct calls *c = &calls[me][which];
	c->calls++;
	c->ns += ns;
	c->longest_ns = ns > c->longest_ns ? ns : c->longest_ns;
}

static void inside(int me)
{
	for (int i = 0; i < 10; i++) {
		usleep(100);
		pthread_mutex_lock(&mutexes[0]);
		uint64_t begin = now_ns();
		usleep(200);
		end_call(me, USLEEP, begin);
		begin = now_ns();
		if (write(file, "x", 1) != 1)
			abort();
		end_call(me, WRITE_CALL, begin);
		pthread_mutex_lock(&mutexes[1]);
		begin = now_ns();
		nanosleep(&(struct timespec){0, 300000}, NULL);
		end_call(me, NANOSLEEP, begin);
		pthread_mutex_unlock(&mutexes[1]);
		begin = now_ns();
		fsync(file);
		end_call(me, FSYNC, begin);
		pthread_mutex_unlock(&mutexes[0]);
		usleep(100);
	}
}

static const char *how;
static void *run(void *arg)
{
	int me = (int)(intptr_t)arg;

	threads[me].tid = (pid_t)syscall(SYS_gettid);
	pthread_mutex_lock(&first); /* what a thread's first event costs is not in the times */
	pthread_mutex_unlock(&first);
	pthread_barrier_wait(&all);
	if (!strcmp(how, "queue"))
		queue(me, MUTEX);
	else if (!strcmp(how, "chain"))
		chain(me);
	else if (!strcmp(how, "rw"))
		read_and_write(me);
	else if (!strcmp(how, "inside"))
		inside(me);
	else
		ring(me);
	return NULL;
}

/* ---- what is to be in the trace ----------------------------------------------------------------------- */

struct moment { uint64_t ns; struct op *op; int what; };
struct list { struct op *of[THREADS_MAX]; int count; };
static struct moment moments[3 * OPS_MAX];
static struct pair { uint64_t ns, waits; } pairs[THREADS_MAX][THREADS_MAX];

UNTRACED static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	return (x->ns > y->ns) - (x->ns < y->ns);
}

UNTRACED static int index_of(const struct op *o)
{
	int i = 0;
	while (threads[i].tid != o->tid)
		i++;
	return i;
}

UNTRACED static void leave(struct list *list, const struct op *o)
{
	int kept = 0;
	for (int i = 0; i < list->count; i++)
		if (list->of[i] != o)
			list->of[kept++] = list->of[i];
	list->count = kept;
}

UNTRACED static struct pair *pair_of(const struct op *waiter, const struct list *owners, const struct op *last)
{
	for (int i = owners->count - 1; i >= 0; i--)
		if (waiter->mode != READ || owners->of[i]->mode != READ)
			last = owners->of[i];
	return &pairs[index_of(waiter)][index_of(last)];
}

UNTRACED static void account(void *lock)
{
	struct list owners = {{0}, 0}, waiters = {{0}, 0};
	struct op *last = NULL;
	int n = 0;
	uint64_t at = 0, taken[4] = {0}, waits[4] = {0}, waited[4] = {0}, held[4] = {0};

	memset(pairs, 0, sizeof(pairs));
	for (int i = 0; i < op_count; i++)
		for (int what = ops[i].waits ? BEGUN : TAKEN; ops[i].lock == lock && what <= GIVEN; what++)
			moments[n++] = (struct moment){ops[i].ns[what], &ops[i], what};
	qsort(moments, (size_t)n, sizeof(*moments), by_time);
	for (struct moment *m = moments; m < moments + n; m++) {
		struct op *o = m->op;
		for (int i = 0; i < waiters.count; i++)
			pair_of(waiters.of[i], &owners, last)->ns += m->ns - at;
		at = m->ns;
		if (m->what == BEGUN) {
			waiters.of[waiters.count++] = o;
			pair_of(o, &owners, last)->waits++;
			waits[o->mode]++;
			waited[o->mode] += o->ns[TAKEN] - o->ns[BEGUN];
		} else if (m->what == TAKEN) {
			leave(&waiters, o);
			owners.of[owners.count++] = o;
			taken[o->mode]++;
			held[o->mode] += o->ns[GIVEN] - o->ns[TAKEN];
		} else {
			leave(&owners, o);
			last = o;
		}
	}
	for (int mode = MUTEX; mode <= READ; mode++)
		if (taken[mode])
			printf("lock|%llu|%d|%llu|%llu|%llu|%llu|%llu\n", (unsigned long long)(uintptr_t)lock, mode, (unsigned long long)taken[mode],
			       (unsigned long long)waits[mode], (unsigned long long)waited[mode], (unsigned long long)taken[mode], (unsigned long long)held[mode]);
	for (int i = 0; i < count; i++)
		for (int k = 0; k < count; k++)
			if (pairs[i][k].waits || pairs[i][k].ns)
				printf("pair|%llu|%d|%d|%llu|%llu||\n", (unsigned long long)(uintptr_t)lock, (int)threads[i].tid, (int)threads[k].tid,
				       (unsigned long long)pairs[i][k].waits, (unsigned long long)pairs[i][k].ns);
}

UNTRACED static const struct op *wait_of(int thread, int lock)
{
	for (int i = 0; i < op_count; i++)
		if (ops[i].waits && ops[i].tid == threads[thread].tid && ops[i].lock == &mutexes[lock])
			return &ops[i];
	return NULL;
}

UNTRACED static void say_chain(void)
{
	for (int i = 0; i + 1 < count; i++) {
		const struct op *o = wait_of(i, i + 1), *next = i + 2 < count ? wait_of(i + 1, i + 2) : NULL;
		uint64_t split = next ? next->ns[TAKEN] : o->ns[BEGUN];
		printf("chain|%llu|%llu|%llu|%llu|%llu||\n", (unsigned long long)(uintptr_t)o->lock, (unsigned long long)(split - o->ns[BEGUN]),
		       (unsigned long long)(o->ns[TAKEN] - split), (unsigned long long)(uintptr_t)(next ? next->lock : NULL),
		       (unsigned long long)threads[i + 1].slept_ns);
	}
}

UNTRACED static void say_calls(int lock, int which, const char *name)
{
	struct calls all = {0, 0, 0};
	for (int i = 0; i < count; i++) {
		all.calls += calls[i][which].calls;
		all.ns += calls[i][which].ns;
		all.longest_ns = calls[i][which].longest_ns > all.longest_ns ? calls[i][which].longest_ns : all.longest_ns;
	}
	printf("call|%llu|%s|%llu|%llu|%llu||\n", (unsigned long long)(uintptr_t)&mutexes[lock], name, (unsigned long long)all.calls,
	       (unsigned long long)all.ns, (unsigned long long)all.longest_ns);
}

UNTRACED static uint64_t clock_cost(void)
{
	uint64_t begin = now_ns();
	for (int i = 0; i < 1000; i++)
		now_ns();
	return (now_ns() - begin) / 1000;
}

int main(int argc, char **argv)
{
	how = argc > 1 ? argv[1] : "queue";
	count = argc > 2 ? atoi(argv[2]) : 4;
	if (count < 2 || count > THREADS_MAX)
		return 2;
	if ((file = open("written", O_RDWR | O_CREAT | O_TRUNC, 0600)) < 0)
		return 2;
	pthread_barrier_init(&all, NULL, (unsigned)count);
	for (int i = 0; i < count; i++) {
		pthread_mutex_init(&mutexes[i], NULL);
		sem_init(&threads[i].turn, 0, 0);
	}
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i].id, NULL, run, (void *)(intptr_t)i))
			return 2;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i].id, NULL);
	printf("clock|%llu||||||\nfirst|%llu||||||\n", (unsigned long long)clock_cost(), (unsigned long long)(uintptr_t)&first);
	for (int i = 0; i < count; i++)
		account(&mutexes[i]);
	account(&rw);
	if (!strcmp(how, "chain"))
		say_chain();
	if (!strcmp(how, "inside")) {
		say_calls(0, USLEEP, "usleep");
		say_calls(0, WRITE_CALL, "write");
		say_calls(0, NANOSLEEP, "nanosleep");
		say_calls(0, FSYNC, "fsync");
		say_calls(1, NANOSLEEP, "nanosleep");
	}
	return 0;
}
