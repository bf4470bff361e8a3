/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocking.c - calls that block for known times, or very often.
 *
 *     waits THREADS    each thread has a partner that lets it wait in a pipe, in poll, in a socket
 *     many CALLS       so many bytes through a pipe, one by one, and blocks of a file by pread
 *     hangs            one thread waits in read for ever, until the program is killed
 *
 * On stdout one line for each kind of call, in the order of the alphabet: CLASS DESCRIPTOR CALLS FAILED BYTES NS, as
 * the program has counted and measured it itself, around the call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOIN, OPEN_FILE, POLL, READ_FILE, READ_PIPE, READ_SOCKET, SLEEP, CHILD, WRITE_FILE, WRITE_PIPE, WRITE_SOCKET, KINDS };
static const char *const names[KINDS] = {"join -", "open file", "poll -", "read file", "read pipe", "read socket", "sleep -", "child -",
					 "write file", "write pipe", "write socket"};
static struct { long calls, failed, bytes, ns; } sums[KINDS];
enum { TURNS = 10, NAP_MS = 20 };

static long now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void count(int kind, long ns, int failed, long bytes)
{
	__atomic_fetch_add(&sums[kind].calls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&sums[kind].failed, failed, __ATOMIC_RELAXED);
	__atomic_fetch_add(&sums[kind].bytes, bytes, __ATOMIC_RELAXED);
	__atomic_fetch_add(&sums[kind].ns, ns, __ATOMIC_RELAXED);
}

/* The call's result; bytes: 1, it is a number of them. */
#define COUNTED(kind, bytes, call)                                                          \
	({                                                                                  \
		long from_ = now_ns(), r_ = call;                                           \
		count(kind, now_ns() - from_, r_ < 0, (bytes) && r_ > 0 ? r_ : 0);          \
		r_;                                                                         \
	})

static void nap(void)
{
	struct timespec t = {0, NAP_MS * 1000000L};
	COUNTED(SLEEP, 0, nanosleep(&t, NULL));
}

struct pair {
	int pipe[2], socket[2], polled[2];
};

static void *wait_for_it(void *arg)
{
	struct pair *p = arg;
	char bytes[100];
	for (int i = 0; i < TURNS; i++) {
		COUNTED(READ_PIPE, 1, read(p->pipe[0], bytes, sizeof(bytes)));
		struct pollfd f = {p->polled[0], POLLIN, 0};
		COUNTED(POLL, 0, poll(&f, 1, -1));
		COUNTED(READ_PIPE, 1, read(p->polled[0], bytes, 1));
		COUNTED(READ_SOCKET, 1, recv(p->socket[0], bytes, sizeof(bytes), 0));
	}
	return NULL;
}

static void *let_it_wait(void *arg)
{
	struct pair *p = arg;
	for (int i = 0; i < TURNS; i++) {
		nap();
		COUNTED(WRITE_PIPE, 1, write(p->pipe[1], "12345", 5));
		nap();
		COUNTED(WRITE_PIPE, 1, write(p->polled[1], "1", 1));
		nap();
		COUNTED(WRITE_SOCKET, 1, send(p->socket[1], "1234567", 7, 0));
	}
	return NULL;
}

static void waits(int threads)
{
	pthread_t id[2 * threads];
	struct pair pairs[threads];
	for (int i = 0; i < threads; i++) {
		if (pipe(pairs[i].pipe) || pipe(pairs[i].polled) || socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i].socket))
			exit(1);
		pthread_create(&id[2 * i], NULL, wait_for_it, &pairs[i]);
		pthread_create(&id[2 * i + 1], NULL, let_it_wait, &pairs[i]);
	}
	for (int i = 0; i < 2 * threads; i++)
		COUNTED(JOIN, 0, pthread_join(id[i], NULL));
	int child = fork();
	if (!child) {
		usleep(50000);
		_exit(0);
	}
	COUNTED(CHILD, 0, waitpid(child, NULL, 0));
}

static void many(int calls)
{
	int ends[2];
	char bytes[4096] = {0};
	if (pipe(ends))
		exit(1);
	int file = (int)COUNTED(OPEN_FILE, 0, open("blocks", O_RDWR | O_CREAT | O_TRUNC, 0600));
	COUNTED(WRITE_FILE, 1, write(file, bytes, sizeof(bytes)));
	for (int i = 0; i < calls; i++) {
		COUNTED(WRITE_PIPE, 1, write(ends[1], bytes, 1));
		COUNTED(READ_PIPE, 1, read(ends[0], bytes, 1));
		COUNTED(READ_FILE, 1, pread(file, bytes, sizeof(bytes), i % 3 ? 0 : 4000));
		if (i % 4 == 0)
			COUNTED(READ_FILE, 1, pread(file, bytes, 1, -1));
	}
}

static void *wait_for_ever(void *arg)
{
	char byte;
	return read(*(int *)arg, &byte, 1) ? arg : NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;
	if (argc > 1 && !strcmp(argv[1], "waits"))
		waits(n);
	else if (argc > 1 && !strcmp(argv[1], "many"))
		many(n);
	else if (argc > 1 && !strcmp(argv[1], "hangs")) {
		int ends[2];
		pthread_t id;
		if (pipe(ends) || pthread_create(&id, NULL, wait_for_ever, ends))
			return 1;
		sleep(1);
		raise(9);
	} else
		return 2;
	for (int i = 0; i < KINDS; i++)
		if (sums[i].calls)
			printf("%s %ld %ld %ld %ld\n", names[i], sums[i].calls, sums[i].failed, sums[i].bytes, sums[i].ns);
	return 0;
}
