/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock_order.c [CASE] - orders in which locks are taken, with and without danger; each case has locks and code of its own.
 * Threads run one after another, so none ever waits. Without CASE all of them, each announced in stderr: == CASE.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct locks {
	pthread_mutex_t a, b, c, gate, other_gate, recursive, many[8];
	pthread_rwlock_t p, q;
	pthread_spinlock_t s, t;
	pthread_cond_t ready;
};
struct order {
	const char *name;
	struct locks *locks;
	void *(*threads[3])(void *);
};

#define LOCK(m) pthread_mutex_lock(&l->m)
#define TRY(m) pthread_mutex_trylock(&l->m)
#define UNLOCK(m) pthread_mutex_unlock(&l->m)
#define READ(r) pthread_rwlock_rdlock(&l->r)
#define WRITE(r) pthread_rwlock_wrlock(&l->r)
#define UNREAD(r) pthread_rwlock_unlock(&l->r)
#define SPIN(s) pthread_spin_lock(&l->s)
#define UNSPIN(s) pthread_spin_unlock(&l->s)
#define BOTH(m, n) LOCK(m); LOCK(n); UNLOCK(n); UNLOCK(m)
#define THREAD(name, number, ...)                           \
	static void *name##_##number(void *arg)             \
	{                                                   \
		struct locks *l = &name##_locks;            \
		__VA_ARGS__;                                \
		(void)l;                                    \
		return arg;                                 \
	}
#define ORDER(name, first, second, third) \
	static struct locks name##_locks; \
	THREAD(name, 1, first)            \
	THREAD(name, 2, second)           \
	THREAD(name, 3, third)

static void timed(pthread_mutex_t *m)
{
	struct timespec end;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 10;
	pthread_mutex_timedlock(m, &end);
}

static void wait_in_vain(struct locks *l)
{
	struct timespec past = {1, 0};
	pthread_cond_timedwait(&l->ready, &l->a, &past);
}

static void make_anew(struct locks *l)
{
	pthread_mutex_destroy(&l->a);
	pthread_mutex_destroy(&l->b);
	pthread_mutex_init(&l->a, NULL);
	pthread_mutex_init(&l->b, NULL);
}

/* Each with each later one, or with any other. */
static void all_pairs(struct locks *l, int sorted)
{
	for (int i = 0; i < 8; i++)
		for (int k = sorted ? i + 1 : 0; k < 8; k++)
			if (i != k) {
				BOTH(many[i], many[k]);
			}
}

ORDER(inversion, BOTH(a, b), BOTH(b, a), )
ORDER(circle, BOTH(a, b), BOTH(b, c), BOTH(c, a))
ORDER(hierarchy, BOTH(a, b), BOTH(b, c), BOTH(a, c))
ORDER(gate, LOCK(gate); BOTH(a, b); UNLOCK(gate), LOCK(gate); BOTH(b, a); UNLOCK(gate), )
ORDER(half_gate, LOCK(gate); BOTH(a, b); UNLOCK(gate), BOTH(b, a), )
ORDER(two_gates, LOCK(gate); BOTH(a, b); UNLOCK(gate), LOCK(other_gate); BOTH(b, a); UNLOCK(other_gate), )
ORDER(write_gate, WRITE(p); BOTH(a, b); UNREAD(p), WRITE(p); BOTH(b, a); UNREAD(p), )
ORDER(read_gate, READ(p); BOTH(a, b); UNREAD(p), READ(p); BOTH(b, a); UNREAD(p), )
ORDER(three_gates, LOCK(gate); BOTH(a, b); BOTH(b, a); UNLOCK(gate), LOCK(other_gate); BOTH(b, c); BOTH(c, b); UNLOCK(other_gate),
      LOCK(recursive); BOTH(c, a); BOTH(a, c); UNLOCK(recursive))
ORDER(three_alone, BOTH(a, b); BOTH(b, a), BOTH(b, c); BOTH(c, b), BOTH(c, a); BOTH(a, c))
ORDER(tries, LOCK(a); TRY(b); UNLOCK(b); UNLOCK(a), LOCK(b); TRY(a); UNLOCK(a); UNLOCK(b), )
ORDER(half_tries, BOTH(a, b), LOCK(b); TRY(a); UNLOCK(a); UNLOCK(b), )
ORDER(had_by_trying, TRY(a); LOCK(b); UNLOCK(b); UNLOCK(a), BOTH(b, a), )
ORDER(time_limit, LOCK(a); timed(&l->b); UNLOCK(b); UNLOCK(a), LOCK(b); timed(&l->a); UNLOCK(a); UNLOCK(b), )
ORDER(recursive, LOCK(recursive); LOCK(a); LOCK(recursive); UNLOCK(recursive); UNLOCK(a); UNLOCK(recursive), BOTH(recursive, a), )
ORDER(alone, BOTH(a, b); BOTH(b, a), , )
ORDER(read_and_written, READ(p); WRITE(q); UNREAD(q); UNREAD(p); WRITE(q); WRITE(p); UNREAD(p); UNREAD(q),
      READ(q); LOCK(a); UNLOCK(a); UNREAD(q); LOCK(a); READ(q); UNREAD(q); UNLOCK(a), )
ORDER(readers, READ(p); READ(q); UNREAD(q); UNREAD(p), READ(q); READ(p); UNREAD(p); UNREAD(q), )
ORDER(writers, WRITE(p); WRITE(q); UNREAD(q); UNREAD(p), WRITE(q); WRITE(p); UNREAD(p); UNREAD(q), )
ORDER(readers_that_write, READ(p); WRITE(q); UNREAD(q); UNREAD(p), READ(q); WRITE(p); UNREAD(p); UNREAD(q), )
ORDER(reader_of_a_reader, READ(p); WRITE(q); UNREAD(q); UNREAD(p), WRITE(q); READ(p); UNREAD(p); UNREAD(q), )
ORDER(spinning, SPIN(s); SPIN(t); UNSPIN(t); UNSPIN(s), SPIN(t); SPIN(s); UNSPIN(s); UNSPIN(t), )
ORDER(two_kinds, LOCK(a); WRITE(p); UNREAD(p); UNLOCK(a), WRITE(p); LOCK(a); UNLOCK(a); UNREAD(p), )
ORDER(condition, LOCK(a); LOCK(b); wait_in_vain(l); UNLOCK(b); UNLOCK(a), LOCK(a); LOCK(b); wait_in_vain(l); UNLOCK(b); UNLOCK(a), )
ORDER(made_anew, BOTH(a, b); make_anew(l), BOTH(b, a), )
ORDER(hand_over_hand, LOCK(a); LOCK(b); UNLOCK(a); LOCK(c); UNLOCK(b); UNLOCK(c), LOCK(a); LOCK(b); UNLOCK(a); LOCK(c); UNLOCK(b); UNLOCK(c), )
ORDER(given_back_before, LOCK(a); UNLOCK(a); LOCK(b); UNLOCK(b), LOCK(b); UNLOCK(b); LOCK(a); UNLOCK(a), )
ORDER(many_in_order, all_pairs(l, 1), all_pairs(l, 1), )
ORDER(many_in_any_order, all_pairs(l, 0), all_pairs(l, 0), )

#define KNOWN(name) {#name, &name##_locks, {name##_1, name##_2, name##_3}}
static const struct order orders[] = {
	KNOWN(inversion), KNOWN(circle), KNOWN(hierarchy), KNOWN(gate), KNOWN(half_gate), KNOWN(two_gates), KNOWN(write_gate),
	KNOWN(read_gate), KNOWN(three_gates), KNOWN(three_alone), KNOWN(tries), KNOWN(half_tries),
	KNOWN(had_by_trying), KNOWN(time_limit), KNOWN(recursive), KNOWN(alone), KNOWN(read_and_written), KNOWN(readers), KNOWN(writers), KNOWN(readers_that_write),
	KNOWN(reader_of_a_reader), KNOWN(spinning), KNOWN(two_kinds), KNOWN(condition), KNOWN(made_anew), KNOWN(hand_over_hand),
	KNOWN(given_back_before), KNOWN(many_in_order), KNOWN(many_in_any_order),
};

static void run(const struct order *o)
{
	struct locks *l = o->locks;
	pthread_mutex_t *mutexes[] = {&l->a, &l->b, &l->c, &l->gate, &l->other_gate};
	pthread_mutexattr_t recursive;
	pthread_t id;

	fprintf(stderr, "== %s\n", o->name);
	for (int i = 0; i < 5; i++)
		pthread_mutex_init(mutexes[i], NULL);
	for (int i = 0; i < 8; i++)
		pthread_mutex_init(&l->many[i], NULL);
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&l->recursive, &recursive);
	pthread_rwlock_init(&l->p, NULL);
	pthread_rwlock_init(&l->q, NULL);
	pthread_spin_init(&l->s, 0);
	pthread_spin_init(&l->t, 0);
	pthread_cond_init(&l->ready, NULL);
	for (int i = 0; i < 3; i++) {
		if (pthread_create(&id, NULL, o->threads[i], NULL))
			exit(2);
		pthread_join(id, NULL);
	}
}

int main(int argc, char **argv)
{
	int known = 0;

	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		if (argc < 2 || !strcmp(argv[1], orders[i].name)) {
			run(&orders[i]);
			known++;
		}
	return !known;
}
