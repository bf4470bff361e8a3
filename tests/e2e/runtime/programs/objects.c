/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * objects.c HOW [THREADS] - waits for conditions, semaphores, barriers, what is done once, futexes and files' locks:
 *
 *     torture  threads hand items on through queues of three kinds, with and without time limits; out, of each kind of
 *              call: its name, what it waits for, how many have returned, how many have failed
 *     cancels  threads that wait for a condition, with and without a time limit, are woken and cancelled; out: the same
 *     known    waits of 200 ms each; out: the same, and how long they took
 *     manners  what each call returns, errno, interruption, cancellation: with and without instr the same
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static int threads;

static void need(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct timespec in_ns(clockid_t clock, long ns)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_nsec += ns;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void pass_time(long ns)
{
	for (uint64_t end = now_ns() + (uint64_t)ns; now_ns() < end;)
		;
}

/* ---- torture ---------------------------------------------------------------------------------------- */

enum { ROUNDS = 400, ROOM = 2 };
enum { COND_WAIT, COND_TIMED, COND_CLOCK, CND_WAIT, CND_TIMED, SEM_WAIT, SEM_TIMED, SEM_CLOCK, BARRIER, ONCE, CALL_ONCE, FUTEX, SYS_SEM, KINDS };

static const char *const kinds[KINDS] = {
	"pthread_cond_wait|queue.changed", "pthread_cond_timedwait|queue.changed", "pthread_cond_clockwait|queue.changed",
	"cnd_wait|tray.changed", "cnd_timedwait|tray.changed", "sem_wait|pool.free", "sem_timedwait|pool.free",
	"sem_clockwait|pool.free", "pthread_barrier_wait|step", "pthread_once|first", "call_once|first11", "futex|gate.word", "semop|"};

struct counts { unsigned long calls[KINDS], failed[KINDS]; uint64_t ns[KINDS]; };
static __thread struct counts counts;
static struct counts all;
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;

static struct { int items; pthread_mutex_t lock; pthread_cond_t changed; } queue = {0, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
static struct { int items; mtx_t lock; cnd_t changed; } tray;
static struct { long used; sem_t free; } pool;
static struct { int used, word; } gate;
static pthread_barrier_t step;
static pthread_once_t first = PTHREAD_ONCE_INIT;
static once_flag first11 = ONCE_FLAG_INIT;
static int done_first, done_first11;
static int system_semaphore;

static int count(int kind, int result, int failed)
{
	counts.calls[kind]++;
	counts.failed[kind] += failed != 0;
	return result;
}

static void wait_for_queue(unsigned how)
{
	struct timespec t;
	int r;
	switch (how % 3) {
	case 0:
		need(count(COND_WAIT, pthread_cond_wait(&queue.changed, &queue.lock), 0) == 0, "pthread_cond_wait");
		break;
	case 1:
		t = in_ns(CLOCK_REALTIME, 50000);
		r = count(COND_TIMED, pthread_cond_timedwait(&queue.changed, &queue.lock, &t), 0);
		need(r == 0 || r == ETIMEDOUT, "pthread_cond_timedwait");
		break;
	default:
		t = in_ns(CLOCK_MONOTONIC, 50000);
		r = count(COND_CLOCK, pthread_cond_clockwait(&queue.changed, &queue.lock, CLOCK_MONOTONIC, &t), 0);
		need(r == 0 || r == ETIMEDOUT, "pthread_cond_clockwait");
	}
}

/* Everybody is woken: most of them in vain. */
static void hand_on(int giver, unsigned how)
{
	pthread_mutex_lock(&queue.lock);
	while (giver ? queue.items == ROOM : queue.items == 0)
		wait_for_queue(how++);
	queue.items += giver ? 1 : -1;
	pthread_cond_broadcast(&queue.changed);
	pthread_mutex_unlock(&queue.lock);
}

__attribute__((unused)) static void hand_on11(int giver, unsigned how)
{
	mtx_lock(&tray.lock);
	while (giver ? tray.items == ROOM : tray.items == 0) {
		struct timespec t = in_ns(CLOCK_REALTIME, 50000);
		if (how++ % 2) {
			need(count(CND_WAIT, cnd_wait(&tray.changed, &tray.lock), 0) == thrd_success, "cnd_wait");
		} else {
			int r = count(CND_TIMED, cnd_timedwait(&tray.changed, &tray.lock, &t), 0);
			need(r == thrd_success || r == thrd_timedout, "cnd_timedwait");
		}
	}
	tray.items += giver ? 1 : -1;
	cnd_broadcast(&tray.changed);
	mtx_unlock(&tray.lock);
}

static void use_pool(unsigned how)
{
	int r;
	do {
		struct timespec t = in_ns(how % 3 == 1 ? CLOCK_REALTIME : CLOCK_MONOTONIC, 20000);
		switch (how++ % 3) {
		case 0:
			r = sem_wait(&pool.free);
			count(SEM_WAIT, 0, r);
			break;
		case 1:
			r = sem_timedwait(&pool.free, &t);
			count(SEM_TIMED, 0, r);
			break;
		default:
			r = sem_clockwait(&pool.free, CLOCK_MONOTONIC, &t);
			count(SEM_CLOCK, 0, r);
		}
	} while (r);
	need(__atomic_add_fetch(&pool.used, 1, __ATOMIC_ACQ_REL) <= 1, "the pool has one");
	pass_time(2000);
	__atomic_sub_fetch(&pool.used, 1, __ATOMIC_ACQ_REL);
	sem_post(&pool.free);
}

static void use_gate(int operation)
{
	/* Who finds it shut waits for it to be opened, at most for a moment. */
	struct timespec t = {0, 20000};
	int expected = 0;
	while (!__atomic_compare_exchange_n(&gate.word, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		long r = syscall(SYS_futex, &gate.word, operation, 1, &t, NULL, 0);
		count(FUTEX, 0, r < 0);
		expected = 0;
	}
	pass_time(2000);
	__atomic_store_n(&gate.word, 0, __ATOMIC_RELEASE);
	syscall(SYS_futex, &gate.word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void use_system_semaphore(void)
{
	struct sembuf take = {0, -1, 0}, give = {0, 1, 0};
	count(SYS_SEM, 0, semop(system_semaphore, &take, 1));
	count(SYS_SEM, 0, semop(system_semaphore, &give, 1));
}

static void at_first(void)
{
	pass_time(100000);
	done_first++;
}

static void at_first11(void) { done_first11++; }

static void add_up(void)
{
	pthread_mutex_lock(&all_lock);
	for (int i = 0; i < KINDS; i++) {
		all.calls[i] += counts.calls[i];
		all.failed[i] += counts.failed[i];
		all.ns[i] += counts.ns[i];
	}
	pthread_mutex_unlock(&all_lock);
}

static void *worker(void *arg)
{
	const int number = (int)(intptr_t)arg, giver = number % 2;
	count(ONCE, pthread_once(&first, at_first), 0);
	need(done_first == 1, "once is once");
	call_once(&first11, at_first11);
	count(CALL_ONCE, 0, 0);
	for (int i = 0; i < ROUNDS; i++) {
		hand_on(giver, (unsigned)(i + number));
#if !__has_feature(thread_sanitizer) /* which does not know the locks of C11 */
		hand_on11(giver, (unsigned)(i + number));
#endif
		use_pool((unsigned)i);
		use_gate(i % 2 ? FUTEX_WAIT_PRIVATE : FUTEX_WAIT);
		if (i % 50 == 0) {
			int r = pthread_barrier_wait(&step);
			count(BARRIER, 0, 0);
			need(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD, "pthread_barrier_wait");
			use_system_semaphore();
		}
	}
	add_up();
	return NULL;
}

static void say_counts(int times)
{
	for (int i = 0; i < KINDS; i++) {
		if (times && all.calls[i])
			printf("%s|%lu|%lu|%llu\n", kinds[i], all.calls[i], all.failed[i], (unsigned long long)all.ns[i]);
		else if (all.calls[i])
			printf("%s|%lu|%lu\n", kinds[i], all.calls[i], all.failed[i]);
	}
}

static void init(void)
{
	need(mtx_init(&tray.lock, mtx_plain) == thrd_success && cnd_init(&tray.changed) == thrd_success, "C11");
	need(!sem_init(&pool.free, 0, 1) && !pthread_barrier_init(&step, NULL, (unsigned)threads), "init");
	system_semaphore = semget(IPC_PRIVATE, 1, 0600);
	need(system_semaphore >= 0 && !semctl(system_semaphore, 0, SETVAL, 1), "semget");
}

static void torture(void)
{
	pthread_t id[64];
	init();
	for (int i = 0; i < threads; i++)
		need(!pthread_create(&id[i], NULL, worker, (void *)(intptr_t)i), "pthread_create");
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	need(queue.items == 0 && tray.items == 0 && done_first11 == 1, "nothing is left");
	semctl(system_semaphore, 0, IPC_RMID);
	say_counts(0);
}

/* ---- cancels ---------------------------------------------------------------------------------------- */

/* Counted by whoever is cancelled, too. */
static unsigned long returned[2], cancelled_holders;

static void give_back(void *arg)
{
	need(pthread_mutex_trylock(&queue.lock) == EBUSY, "who is cancelled in a wait has the lock again");
	cancelled_holders++;
	need(!pthread_mutex_unlock(arg), "unlock");
}

static void *waits_to_be_cancelled(void *arg)
{
	const int number = (int)(intptr_t)arg;
	struct timespec t;
	pthread_mutex_lock(&queue.lock);
	pthread_cleanup_push(give_back, &queue.lock);
	for (int i = number;; i++) {
		t = in_ns(CLOCK_REALTIME, 200000);
		if (i % 2)
			pthread_cond_wait(&queue.changed, &queue.lock);
		else
			pthread_cond_timedwait(&queue.changed, &queue.lock, &t);
		returned[i % 2 == 0]++;
		queue.items++;
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancels(void)
{
	pthread_t id[64];
	void *result;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < threads; i++)
			need(!pthread_create(&id[i], NULL, waits_to_be_cancelled, (void *)(intptr_t)i), "pthread_create");
		for (int i = 0; i < 20; i++) {
			pthread_mutex_lock(&queue.lock);
			i % 3 ? pthread_cond_signal(&queue.changed) : pthread_cond_broadcast(&queue.changed);
			pthread_mutex_unlock(&queue.lock);
		}
		for (int i = 0; i < threads; i++)
			pthread_cancel(id[i]);
		for (int i = 0; i < threads; i++)
			need(!pthread_join(id[i], &result) && result == PTHREAD_CANCELED, "cancelled");
		need(!pthread_mutex_trylock(&queue.lock) && !pthread_mutex_unlock(&queue.lock), "the lock is free");
	}
	all.calls[COND_WAIT] = returned[0];
	all.calls[COND_TIMED] = returned[1];
	need(cancelled_holders == 20ul * (unsigned long)threads && (unsigned long)queue.items == returned[0] + returned[1], "sums");
	say_counts(0);
}

/* ---- known ------------------------------------------------------------------------------------------ */

#define MEASURED(kind, call)                                \
	do {                                                \
		uint64_t begin_ = now_ns();                 \
		call;                                       \
		counts.ns[kind] += now_ns() - begin_;       \
		count(kind, 0, 0);                          \
	} while (0)

static void *waits_for_known(void *arg)
{
	struct timespec t;
	pthread_mutex_lock(&queue.lock);
	while (!queue.items)
		MEASURED(COND_WAIT, pthread_cond_wait(&queue.changed, &queue.lock));
	queue.items--;
	t = in_ns(CLOCK_REALTIME, 200000000); /* nobody wakes it */
	MEASURED(COND_TIMED, pthread_cond_timedwait(&queue.changed, &queue.lock, &t));
	pthread_mutex_unlock(&queue.lock);
	MEASURED(SEM_WAIT, sem_wait(&pool.free));
	MEASURED(BARRIER, pthread_barrier_wait(&step));
	add_up();
	return arg;
}

static void known(void)
{
	pthread_t id[64];
	init();
	sem_wait(&pool.free);
	pthread_barrier_init(&step, NULL, (unsigned)threads + 1);
	for (int i = 0; i < threads; i++)
		need(!pthread_create(&id[i], NULL, waits_for_known, NULL), "pthread_create");
	usleep(200000);
	pthread_mutex_lock(&queue.lock);
	queue.items = threads;
	pthread_cond_broadcast(&queue.changed);
	pthread_mutex_unlock(&queue.lock);
	usleep(400000);
	for (int i = 0; i < threads; i++)
		sem_post(&pool.free);
	usleep(200000);
	MEASURED(BARRIER, pthread_barrier_wait(&step));
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	semctl(system_semaphore, 0, IPC_RMID);
	counts.calls[SEM_WAIT]++; /* the first of all, which did not wait */
	add_up();
	say_counts(1);
}

/* ---- manners ---------------------------------------------------------------------------------------- */

static pthread_mutex_t checked;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t empty;
static int cleaned;

static void say(const char *what, long result)
{
	int e = errno;
	printf("%s: %ld, %s\n", what, result, e ? strerror(e) : "no error");
	fflush(stdout);
	errno = 0;
}

static void interrupted(int signal) { (void)signal; }

/* Whoever is cancelled in a wait has the lock again. */
static void unlock(void *arg)
{
	say("unlock of who was cancelled", pthread_mutex_unlock(arg));
	cleaned = 1;
}

static void *cancelled_in_condition(void *arg)
{
	struct timespec t = in_ns(CLOCK_REALTIME, 60000000000);
	pthread_mutex_lock(&checked);
	pthread_cleanup_push(unlock, &checked);
	for (;;)
		arg ? pthread_cond_timedwait(&never, &checked, &t) : pthread_cond_wait(&never, &checked);
	pthread_cleanup_pop(1);
	return NULL;
}

static void *cancelled_in_semaphore(void *arg)
{
	(void)arg;
	sem_wait(&empty);
	return NULL;
}

static void cancel(const char *what, void *(*f)(void *), void *arg)
{
	pthread_t id;
	void *result;
	need(!pthread_create(&id, NULL, f, arg), "pthread_create");
	usleep(30000); /* wherever it is by then, it will be cancelled in the wait, or before */
	pthread_cancel(id);
	pthread_join(id, &result);
	say(what, result == PTHREAD_CANCELED);
	say("the lock is free", pthread_mutex_trylock(&checked));
	pthread_mutex_unlock(&checked);
}

static void conditions(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checked, &attributes);
	struct timespec t = in_ns(CLOCK_REALTIME, 1000000), past = {1, 0}, wrong = {1, -1};
	say("wait without the lock", pthread_cond_wait(&never, &checked));
	pthread_mutex_lock(&checked);
	say("time over", pthread_cond_timedwait(&never, &checked, &t));
	say("time over before", pthread_cond_timedwait(&never, &checked, &past));
	say("no time", pthread_cond_timedwait(&never, &checked, &wrong));
	say("no clock", pthread_cond_clockwait(&never, &checked, 17, &past));
	say("time over before", pthread_cond_clockwait(&never, &checked, CLOCK_MONOTONIC, &past));
	say("unlock", pthread_mutex_unlock(&checked));
	cancel("cancelled in a condition", cancelled_in_condition, NULL);
	cancel("cancelled in a condition with a time limit", cancelled_in_condition, &cleaned);
	say("cleaned up", cleaned);
}

static void semaphores(void)
{
	struct timespec t = in_ns(CLOCK_REALTIME, 1000000), wrong = {1, -1};
	struct sembuf take = {0, -1, IPC_NOWAIT};
	struct itimerspec soon = {{0, 1000000}, {0, 1000000}}, off = {{0, 0}, {0, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	timer_t timer;
	sem_init(&empty, 0, 0);
	say("time over", sem_timedwait(&empty, &t));
	say("no time", sem_timedwait(&empty, &wrong));
	say("no clock", sem_clockwait(&empty, 17, &t));
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = interrupted}, NULL);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &soon, NULL);
	say("interrupted", sem_wait(&empty));
	timer_settime(timer, 0, &off, NULL);
	timer_delete(timer);
	sem_post(&empty);
	say("had at once", sem_wait(&empty));
	cancel("cancelled in a semaphore", cancelled_in_semaphore, NULL);
	system_semaphore = semget(IPC_PRIVATE, 1, 0600);
	say("none there", semop(system_semaphore, &take, 1));
	semctl(system_semaphore, 0, IPC_RMID);
	say("none any more", semop(system_semaphore, &take, 1));
}

static pthread_once_t again = PTHREAD_ONCE_INIT;
static int turns;

static void leave_first_time(void)
{
	if (!turns++)
		pthread_exit(NULL);
}

static void *does_once(void *arg)
{
	pthread_once(&again, leave_first_time);
	return arg;
}

static void others(void)
{
	pthread_barrier_t alone;
	pthread_t id;
	void *result = NULL;
	pthread_barrier_init(&alone, NULL, 1);
	say("alone at a barrier", pthread_barrier_wait(&alone));
	need(!pthread_create(&id, NULL, does_once, &turns), "pthread_create");
	pthread_join(id, &result);
	say("left while doing it once", result == NULL);
	need(!pthread_create(&id, NULL, does_once, &turns), "pthread_create");
	pthread_join(id, &result);
	say("so it is done again", turns);
}

static void futexes(int wait)
{
	struct timespec moment = {0, 1000000};
	gate.word = 5;
	say("another value", syscall(SYS_futex, &gate.word, FUTEX_WAIT, 4, NULL, NULL, 0));
	say("time over", syscall(SYS_futex, &gate.word, wait, 5, &moment, NULL, 0));
	say("nobody to wake", syscall(SYS_futex, &gate.word, FUTEX_WAKE, 1, NULL, NULL, 0));
	say("no such operation", syscall(SYS_futex, &gate.word, wait + 77, 5, &moment, NULL, 0));
	say("another call", syscall(SYS_getpid) == getpid());
}

static void file_locks(int how)
{
	struct flock l = {.l_type = F_WRLCK}, none = {.l_type = 99};
	int file = open("locked", O_RDWR | O_CREAT, 0600), other = open("locked", O_RDWR), status;
	pid_t child;
	say("flock", flock(file, LOCK_EX));
	say("flock of another", flock(other, LOCK_EX | LOCK_NB));
	say("flock given back", flock(file, LOCK_UN));
	say("flock, not known how", flock(other, how | LOCK_EX));
	say("fcntl", fcntl(file, F_SETLKW, &l));
	say("fcntl, not there", fcntl(file, F_SETLKW, &none));
	say("fcntl of no file", fcntl(-1, F_SETLKW, &l));
	say("fcntl, flags", fcntl(file, F_GETFL) & O_ACCMODE);
	say("lockf", lockf(file, F_LOCK, 1));
	fflush(stdout);
	if (!(child = fork())) {
		say("lockf of another", lockf(file, F_TLOCK, 1));
		alarm(1);
		sigaction(SIGALRM, &(struct sigaction){.sa_handler = interrupted}, NULL);
		say("lockf, interrupted", lockf(file, F_LOCK, 1));
		_exit(0);
	}
	waitpid(child, &status, 0);
	say("the child", status);
	unlink("locked");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "manners";
	threads = argc > 2 ? atoi(argv[2]) : 2;
	if (!strcmp(how, "torture")) {
		torture();
	} else if (!strcmp(how, "cancels")) {
		cancels();
	} else if (!strcmp(how, "known")) {
		known();
	} else {
		conditions();
		semaphores();
		others();
		futexes(FUTEX_WAIT);
		file_locks(0);
	}
	return 0;
}
