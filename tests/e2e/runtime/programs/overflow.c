/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * overflow.c HOW - a recursion without end meets the end of the stack, somewhere in it or in a hook.
 *
 *     dies     there is no handler
 *     reports  a handler on an alternate stack says so and ends the program with status 3
 *     jumps    30 times the handler leaves by siglongjmp, each time with frames of another size
 *     threads  as jumps, in 200 threads with the least stack that there is
 *
 * Writes to the file "counts" how often each function was called, as far as its body was reached.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static volatile long dives, faults, notes, works;
static __thread sigjmp_buf back;
static int leaves;

static int note(int n)
{
	notes++;
	return n;
}

static void write_counts(void)
{
	FILE *f = fopen("counts", "w");
	fprintf(f, "dive %ld\nnote %ld\non_fault %ld\nwork %ld\n", dives, notes, faults, works);
	fclose(f);
}

static void on_fault(int number)
{
	(void)number;
	faults++;
	note(1);
	if (leaves)
		siglongjmp(back, 1);
	write_counts();
	_exit(3);
}

static int work(int n)
{
	works++;
	return n ^ 1;
}

/* size moves the place at which the stack ends, 16 bytes a time. */
static int dive(int size)
{
	volatile char frame[size];
	dives++;
	frame[0] = 1;
	return dive(size) + frame[0];
}

static void take_alternate_stack(char *memory, size_t bytes)
{
	stack_t s = {.ss_sp = memory, .ss_size = bytes};
	struct sigaction a;
	memset(&a, 0, sizeof(a));
	a.sa_handler = on_fault;
	a.sa_flags = SA_ONSTACK;
	sigaltstack(&s, NULL);
	sigaction(SIGSEGV, &a, NULL);
}

static void overflow(int size)
{
	if (sigsetjmp(back, 1) == 0)
		dive(size);
	work(1);
}

static void *in_thread(void *number)
{
	static char memory[2][64 << 10];
	take_alternate_stack(memory[0], sizeof(memory[0]));
	work(0);
	overflow(16 + 16 * (int)(long)number % 256);
	work(2);
	return NULL;
}

int main(int argc, char **argv)
{
	static char memory[64 << 10];
	const char *how = argc > 1 ? argv[1] : "";
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	if (!strcmp(how, "dies"))
		dive(100);
	leaves = strcmp(how, "reports");
	take_alternate_stack(memory, sizeof(memory));
	if (!strcmp(how, "threads")) {
		pthread_attr_t small;
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
		for (long i = 0; i < 200; i++) {
			pthread_t id;
			if (pthread_create(&id, &small, in_thread, (void *)i) != 0)
				abort();
			pthread_join(id, NULL);
		}
	} else {
		for (int i = 0; i < 30; i++)
			overflow(200 + 16 * i);
	}
	printf("%ld faults\n", faults);
	write_counts();
	return 0;
}
