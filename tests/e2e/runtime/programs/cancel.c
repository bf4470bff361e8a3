/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cancel.c HOW - threads that are cancelled, and stacks that are unwound by force. Also compiled as
 * C++, and as C with -fexceptions: cleanup handlers are another thing in each.
 *
 *     deferred   20 threads wait at a cancellation point, three calls deep
 *     async      200 threads are cancelled anywhere in their calls
 *     ignored    a thread that has cancellation off
 *     forced     20 times _Unwind_ForcedUnwind over five frames
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#ifdef __cplusplus
extern "C" {
#endif

static volatile long cleaned, finished, destroyed;
static pthread_key_t key;

void clean(void *arg);
void destroy(void *arg);
void wait_here(void);
void with_cleanup(void);
void without_cleanup(void);
void *waits(void *arg);
int spin(int n);
void spins(volatile long *turns);
void *loops(void *arg);
void *cannot_be_cancelled(void *arg);
void descend(int n);

static sem_t there;

void clean(void *arg)
{
	(void)arg;
	cleaned++;
}

void destroy(void *arg)
{
	(void)arg;
	destroyed++;
}

void wait_here(void)
{
	sem_post(&there);
	for (;;)
		pause();
}

void with_cleanup(void)
{
	pthread_cleanup_push(clean, NULL);
	wait_here();
	pthread_cleanup_pop(0);
}

void without_cleanup(void)
{
	with_cleanup();
	finished++;
}

void *waits(void *arg)
{
	pthread_setspecific(key, &key);
	without_cleanup();
	return arg;
}

static void cancel_and_join(pthread_t id)
{
	void *result;
	if (pthread_cancel(id) != 0 || pthread_join(id, &result) != 0 || result != PTHREAD_CANCELED)
		abort();
}

static void deferred(void)
{
	for (int i = 0; i < 20; i++) {
		pthread_t id;
		pthread_create(&id, NULL, waits, NULL);
		while (sem_wait(&there) != 0)
			;
		cancel_and_join(id);
	}
}

int spin(int n)
{
	return n ^ 1;
}

/* Nothing here but calls: wherever it is stopped, nothing is left undone. */
void spins(volatile long *turns)
{
	for (;;) {
		spin(1);
		++*turns;
	}
}

void *loops(void *arg)
{
	volatile long *turns = (volatile long *)arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	spins(turns);
	return NULL;
}

static volatile long turns[200];

static void async(void)
{
	long sum = 0;
	for (int i = 0; i < 200; i++) {
		pthread_t id;
		pthread_create(&id, NULL, loops, (void *)&turns[i]);
		while (turns[i] < 10 + 7 * i)
			;
		cancel_and_join(id);
		sum += turns[i];
	}
	FILE *f = fopen("turns", "w");
	fprintf(f, "%ld\n", sum);
	fclose(f);
}

void *cannot_be_cancelled(void *arg)
{
	struct timespec moment = {0, 1000000};
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	sem_post(&there);
	for (int i = 0; i < 20; i++) {
		nanosleep(&moment, NULL);
		spin(i);
	}
	return arg;
}

static void ignored(void)
{
	pthread_t id;
	void *result;
	pthread_create(&id, NULL, cannot_be_cancelled, (void *)&key);
	while (sem_wait(&there) != 0)
		;
	pthread_cancel(id);
	pthread_join(id, &result);
	printf("it has %s\n", result == (void *)&key ? "finished" : "been cancelled");
}

static jmp_buf back;
static uintptr_t goal;
static struct _Unwind_Exception unwinding;

static _Unwind_Reason_Code stop(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
				struct _Unwind_Exception *exception, struct _Unwind_Context *context, void *arg)
{
	(void)version, (void)kind, (void)exception, (void)arg;
	if (actions & _UA_END_OF_STACK)
		abort();
	if (_Unwind_GetCFA(context) >= goal)
		longjmp(back, 1);
	return _URC_NO_REASON;
}

void descend(int n)
{
	if (n == 0)
		_Unwind_ForcedUnwind(&unwinding, stop, NULL);
	pthread_cleanup_push(clean, NULL); /* unknown to this unwinding in plain C */
	descend(n - 1);
	pthread_cleanup_pop(0);
}

static void forced(void)
{
	for (volatile int i = 0; i < 20; i++) {
		__asm__ volatile("movq %%rsp, %0" : "=r"(goal)); /* where the frame of descend(4) ends */
		if (setjmp(back) == 0)
			descend(4);
	}
}

#ifdef __cplusplus
}
#endif

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	sem_init(&there, 0, 0);
	pthread_key_create(&key, destroy);
	if (!strcmp(how, "deferred"))
		deferred();
	if (!strcmp(how, "async"))
		async();
	if (!strcmp(how, "ignored"))
		ignored();
	if (!strcmp(how, "forced"))
		forced();
	printf("cleaned %ld, finished %ld, destroyed %ld\n", cleaned, finished, destroyed);
	return 0;
}
