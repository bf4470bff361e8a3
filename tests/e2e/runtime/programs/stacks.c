/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stacks.c WHERE ORDER - four tasks, each on a stack of its own, which take turns 100 times over by
 * swapcontext, in the midst of their calls.
 *
 *     WHERE   mapped   far below the thread's own stack, and far from each other
 *             heap     64 KiB each, beside each other
 *             own      arrays in main's frame: between calls of the thread's own stack
 *     ORDER   centre   each task goes back to main, which picks the next
 *             ring     each task goes on to the next; main comes again when all have ended
 *             throw    as centre, and one task abandons its calls half way
 *     THREADS is a third argument: 1 = resumed by a thread and then by another, in turn
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { TASKS = 4, TURNS = 100, STACK = 64 << 10 };

static ucontext_t centre, task[TASKS];
static int in_ring, abandons, ended[TASKS];
static long steps;

static int step(int n)
{
	return n + 1;
}

static void yield_from(int me)
{
	steps++;
	step(me);
	if (!in_ring) {
		swapcontext(&task[me], &centre);
		return;
	}
	for (int i = 1; i <= TASKS; i++) {
		int next = (me + i) % TASKS;
		if (!ended[next]) {
			if (next != me)
				swapcontext(&task[me], &task[next]);
			return;
		}
	}
}

static void inner(int me)
{
	yield_from(me);
	step(me);
}

static void run(int me)
{
	for (int turn = 0; turn < TURNS; turn++) {
		if (abandons && me == 1 && turn == TURNS / 2)
			break;
		inner(me);
	}
}

static void start(int me)
{
	run(me);
	ended[me] = 1;
	if (in_ring)
		for (int i = 1; i < TASKS; i++)
			if (!ended[(me + i) % TASKS])
				setcontext(&task[(me + i) % TASKS]);
}

static void resume(int which)
{
	swapcontext(&centre, &task[which]);
}

static void *turn_in_thread(void *which)
{
	resume((int)(long)which);
	return NULL;
}

static void schedule(int threads)
{
	int left = TASKS;
	while (left) {
		for (int i = 0; i < TASKS; i++) {
			if (ended[i])
				continue;
			if (threads) {
				pthread_t id;
				pthread_create(&id, NULL, turn_in_thread, (void *)(long)i);
				pthread_join(id, NULL);
			} else {
				resume(i);
			}
			left -= ended[i];
		}
	}
}

int main(int argc, char **argv)
{
	char own[TASKS * STACK];
	(void)argc;
	in_ring = !strcmp(argv[2], "ring");
	abandons = !strcmp(argv[2], "throw");
	for (int i = 0; i < TASKS; i++) {
		void *memory = own + i * STACK;
		if (!strcmp(argv[1], "mapped"))
			memory = (char *)mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + (2 << 20);
		if (!strcmp(argv[1], "heap"))
			memory = malloc(STACK);
		getcontext(&task[i]);
		task[i].uc_stack.ss_sp = memory;
		task[i].uc_stack.ss_size = STACK;
		task[i].uc_link = &centre;
		makecontext(&task[i], (void (*)(void))start, 1, i);
	}
	if (in_ring)
		resume(0);
	else
		schedule(argc > 3);
	printf("step %ld\ninner %ld\nrun %d\nstart %d\n", 2 * steps, steps, TASKS, TASKS);
	return 0;
}
