/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * foreign.c - threads that a library without hooks makes: with -DLIBRARY the library, else the program
 * whose functions it calls from them. Each of 300 threads calls back 5 times, and once more when its
 * thread-specific data is destroyed; 2 that nobody joins go on until the process has ended.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void callback(int n);
void call_from_threads(int threads, callback *each, callback *last);
void call_for_ever(int threads, callback *each);

#ifdef LIBRARY

struct job {
	callback *each, *last;
	pthread_key_t key;
};

static void at_end(void *arg)
{
	((struct job *)arg)->last(1);
}

static void *work(void *arg)
{
	struct job *j = arg;
	pthread_setspecific(j->key, j);
	for (int i = 0; i < 5; i++)
		j->each(i);
	return NULL;
}

void call_from_threads(int threads, callback *each, callback *last)
{
	static struct job job;
	pthread_t *id = calloc((size_t)threads, sizeof(*id));
	job = (struct job){each, last, 0};
	pthread_key_create(&job.key, at_end);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&id[i], NULL, work, &job) != 0)
			abort();
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	free(id);
}

static void *for_ever(void *arg)
{
	for (;; nanosleep(&(struct timespec){0, 1000000}, NULL))
		((callback *)(uintptr_t)arg)(1);
	return NULL;
}

void call_for_ever(int threads, callback *each)
{
	pthread_t id;
	while (threads--)
		if (pthread_create(&id, NULL, for_ever, (void *)(uintptr_t)each) != 0 || pthread_detach(id) != 0)
			abort();
}

#else

static int called(int n)
{
	return n + 1;
}

static void callback_each(int n)
{
	called(n);
}

static void callback_last(int n)
{
	called(n);
}

static void callback_for_ever(int n)
{
	called(n);
}

int main(void)
{
	call_for_ever(2, callback_for_ever);
	call_from_threads(300, callback_each, callback_last);
	nanosleep(&(struct timespec){0, 50000000}, NULL); /* those that go on have made calls */
	puts("done");
	return 0;
}

#endif
