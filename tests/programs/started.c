/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * started.c - an independent count of what a program starts, linked into it beside, or without, our
 * runtime. Compile it without instrumentation. Appends one line to the file that LOG names, a string
 * known at compile time, since programs clear their environment:
 *
 *     image PID     an executable began to run
 *     fork PID      a child of fork() did
 *     thread PID    pthread_create gave a thread (of objects linked with -Wl,--wrap=pthread_create)
 *
 * Lines are whole: each is one write to a file that is open for appending.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void append(const char *what)
{
	int saved = errno, file = open(LOG, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	char line[64];

	/* A program at its limit of descriptors cannot say so; the test sees that a line is missing. */
	if (file >= 0) {
		int bytes = snprintf(line, sizeof line, "%s %d\n", what, (int)getpid());
		if (write(file, line, (size_t)bytes) != bytes)
			perror(LOG);
		close(file);
	}
	errno = saved;
}

static void in_child(void)
{
	append("fork");
}

__attribute__((constructor)) static void begin(void)
{
	append("image");
	pthread_atfork(NULL, NULL, in_child);
}

__attribute__((weak)) int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
						void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
	int error = __real_pthread_create(thread, attributes, start, argument);

	if (!error)
		append("thread");
	return error;
}
