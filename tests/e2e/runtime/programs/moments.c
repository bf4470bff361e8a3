/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * moments.c HOW - calls before main, behind main, and however exit comes about.
 *
 *     none        constructors and destructors of each priority; main returns 11
 *     handlers    atexit and on_exit as well; exit(5) inside calls
 *     quick       at_quick_exit; quick_exit(7) inside calls
 *     keys        a thread whose key has to be destroyed several times over
 *     again       a handler of exit(3) calls exit(4)
 *     leaves      a destructor ends the program by _exit(9)
 *     crashes     a destructor ends the program by a bad access
 *     signal      a signal handler calls exit(6)
 *     behind      a stream of its own has data left, so its write function runs when all destructors have
 *     leaves_late, crashes_late   the same; it ends the program by _exit(9), by a bad access
 *     elsewhere   another thread calls exit(8) while main calls
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *how = "";

static void say(const char *what)
{
	if (write(1, what, strlen(what)) < 0)
		_exit(99);
}

__attribute__((constructor(101))) static void first(void) { say("first\n"); }
__attribute__((constructor(65535))) static void last(void) { say("last\n"); }
__attribute__((constructor)) static void plain(void) { say("plain\n"); }
__attribute__((destructor)) static void plain_end(void) { say("plain end\n"); }
__attribute__((destructor(65535))) static void last_end(void) { say("last end\n"); }

static void leave(void) { _exit(9); }
static void crash(void) { *(volatile int *)8 = 1; }

__attribute__((destructor(101))) static void first_end(void)
{
	say("first end\n");
	if (!strcmp(how, "leaves"))
		leave();
	if (!strcmp(how, "crashes"))
		crash();
}

static void on_return(int status, void *arg)
{
	char line[60];
	snprintf(line, sizeof(line), "on_exit %d %s\n", status, (char *)arg);
	say(line);
}

static void at_return(void) { say("atexit\n"); }
static void at_quick_return(void) { say("at_quick_exit\n"); }
static void exit_again(void) { exit(4); }
static void on_signal(int number) { (void)number; exit(6); }

static pthread_key_t key;

static void of_key(void *rounds)
{
	say("of_key\n");
	if (rounds > (void *)1)
		pthread_setspecific(key, (char *)rounds - 1);
}

static void *with_key(void *arg)
{
	pthread_setspecific(key, (void *)3);
	return arg;
}

static ssize_t write_late(void *cookie, const char *data, size_t bytes)
{
	(void)cookie, (void)data;
	say("written\n");
	if (!strcmp(how, "leaves_late"))
		leave();
	if (!strcmp(how, "crashes_late"))
		crash();
	return (ssize_t)bytes;
}

static void *exits(void *arg)
{
	usleep(20000);
	exit(8);
	return arg;
}

static int inner(int n)
{
	return n + 1;
}

static int middle(void)
{
	pthread_t id;
	if (!strcmp(how, "handlers"))
		exit(5);
	if (!strcmp(how, "quick"))
		quick_exit(7);
	if (!strcmp(how, "again"))
		exit(3);
	if (!strcmp(how, "signal"))
		raise(SIGUSR1);
	if (!strcmp(how, "elsewhere")) {
		pthread_create(&id, NULL, exits, NULL);
		for (;;)
			inner(1);
	}
	return inner(10);
}

int main(int argc, char **argv)
{
	static const struct rlimit none;
	how = argc > 1 ? argv[1] : "";
	setrlimit(RLIMIT_CORE, &none);
	if (!strcmp(how, "handlers")) {
		on_exit(on_return, "early");
		atexit(at_return);
		on_exit(on_return, "late");
	}
	if (!strcmp(how, "quick"))
		at_quick_exit(at_quick_return);
	if (!strcmp(how, "again"))
		atexit(exit_again);
	if (!strcmp(how, "signal"))
		signal(SIGUSR1, on_signal);
	if (!strcmp(how, "behind") || strstr(how, "_late"))
		fputs("data", fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_late}));
	if (!strcmp(how, "keys")) {
		pthread_t id;
		pthread_key_create(&key, of_key);
		pthread_create(&id, NULL, with_key, NULL);
		pthread_join(id, NULL);
	}
	return middle();
}
