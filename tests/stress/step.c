/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * step.c SCENARIO - a signal between any two instructions of a hook, whose handler runs hooks too.
 *
 * The trap flag makes the processor stop after each instruction of a window around one traced call;
 * at the instruction whose turn it is, the SIGTRAP handler makes traced calls. Linked statically, so
 * that it sees the runtime's own words and can bring a hook to any of its paths:
 *
 *     steady     enough room in the sub-buffer
 *     every      the handler runs at every single instruction of the window, not at one
 *     handover   0 to 5 units are left: enter, exit or the handler's calls hand over to the next one
 *     stack      a handler on another stack has moved the anchor: the hook must tell the full pointer
 *     nested     the handler's own calls are interrupted at every instruction, too
 *     thread     the first call of a thread
 *     wait       the ring is full and the drain stands still; the handler comes while the hook sleeps
 *
 * A second argument "alternate" runs the handler on an alternate stack. Prints "FUNCTION CALLS" for
 * each traced function; step.sh compares.
 */
#define _GNU_SOURCE
#include "capture/capture.h"

#include "base/atomic.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define UNTRACED __attribute__((annotate("instr_skip")))
#define TRAP_FLAG 0x100

int f(int n);
int filler(int n);
int outer(void (*run)(void));
int g(int n);
int h(int n);

int f(int n) { return n + 1; }
int filler(int n) { return n + 2; }
int g(int n) { return n + 3; }
int h(int n) { return g(n) + 4; }

int outer(void (*run)(void))
{
	run();
	return 0;
}

static long f_calls, h_calls, filler_calls, outer_calls;

/* ---- the window ------------------------------------------------------------------------------- */

static __thread volatile long steps, fire_at, nested_steps, nested_fire_at;
static __thread volatile int level, fire_always, stepping;

UNTRACED static inline void trap_on(void)
{
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\torq %0, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp"
			 : : "i"(TRAP_FLAG) : "memory", "cc");
}

UNTRACED static inline void trap_off(void)
{
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\tandq %0, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp"
			 : : "i"(~TRAP_FLAG) : "memory", "cc");
}

UNTRACED static void call_h(void)
{
	__atomic_fetch_add(&h_calls, 1, __ATOMIC_RELAXED);
	h(1);
}

/* Level 0: an instruction of the window. Level 1: an instruction of the handler's own calls. */
UNTRACED static void on_trap(int signal_number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	(void)signal_number;
	(void)info;
	if (!stepping) {
		u->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
		return;
	}
	if (level) {
		if (++nested_steps == nested_fire_at) {
			level = 2;
			call_h();
			level = 1;
		}
		return;
	}
	steps++;
	if (!fire_always && steps != fire_at)
		return;
	if (nested_fire_at) {
		level = 1;
		nested_steps = 0;
		trap_on();
		call_h();
		trap_off();
		level = 0;
	} else {
		call_h();
	}
}

UNTRACED static void window(void)
{
	steps = 0;
	stepping = 1;
	trap_on();
	f(1);
	trap_off();
	stepping = 0;
	__atomic_fetch_add(&f_calls, 1, __ATOMIC_RELAXED);
}

UNTRACED static void call_filler(void)
{
	filler(1);
	filler_calls++;
}

UNTRACED static unsigned room(void)
{
	uint64_t at = irt_load_relaxed(&irt_tls.cursor);
	return at & IRT_OVERFLOW_BIT ? 0 : (unsigned)((IRT_SUB_BYTES - (at & (IRT_SUB_BYTES - 1))) / INSTR_UNIT_BYTES);
}

/* Moves the anchor: a traced call on another stack. */
UNTRACED static void on_usr1(int signal_number)
{
	(void)signal_number;
	call_h();
}

UNTRACED static void move_anchor(void)
{
	raise(SIGUSR1);
}

/* Makes calls until just so many units are left, an even number. Calls take two units; an odd number
 * becomes even when a record of two units meets the last one, which then stays empty. */
UNTRACED static void use_up(unsigned units)
{
	call_filler();
	while (room() % 2) {
		if (room() == 1)
			move_anchor();
		call_filler();
	}
	while (room() != units)
		call_filler();
}

/* A window that begins when just so many units are left: an odd number inside of a traced call. */
UNTRACED static void window_with_room(unsigned units)
{
	use_up(units + (units & 1));
	if (units & 1) {
		outer(window);
		outer_calls++;
	} else {
		window();
	}
}

/* ---- scenarios -------------------------------------------------------------------------------- */

static void (*before_window)(void);
static int on_alternate;

/* All instructions, one after the other, until the window ends before it is reached. */
UNTRACED static long each_instruction(int units)
{
	long k = 0;
	do {
		fire_at = ++k;
		if (before_window)
			before_window();
		if (units < 0)
			window();
		else
			window_with_room((unsigned)units);
	} while (k <= steps);
	return k;
}

UNTRACED static void steady(void)
{
	call_filler();
	fprintf(stderr, "%ld instructions\n", each_instruction(-1));
}

UNTRACED static void every(void)
{
	fire_always = 1;
	for (int i = 0; i < 300; i++)
		window();
	for (int units = 0; units < 6; units++)
		for (int i = 0; i < 20; i++)
			window_with_room((unsigned)units);
}

UNTRACED static void handover(void)
{
	call_filler();
	for (int units = 0; units < 6; units++)
		fprintf(stderr, "%d units left: %ld instructions\n", units, each_instruction(units));
}

UNTRACED static void stack(void)
{
	before_window = move_anchor;
	call_filler();
	fprintf(stderr, "%ld instructions\n", each_instruction(-1));
	/* With little room, the signal that moves the anchor comes when the window is about to begin. */
	before_window = NULL;
	for (unsigned units = 4; units < 10; units++) {
		long k = 0;
		do {
			fire_at = ++k;
			use_up(units + (units & 1));
			move_anchor();
			if (units & 1) {
				outer(window);
				outer_calls++;
			} else {
				window();
			}
		} while (k <= steps);
		fprintf(stderr, "%u units left: %ld instructions\n", units, k);
	}
}

UNTRACED static void nested(void)
{
	call_filler();
	long k = 0, j;
	if (!on_alternate) do { /* every twelfth pair in the steady path; where the anchor moves they are too many */
		k++;
		for (j = 1 + k % 12;; j += 12) {
			fire_at = k;
			nested_fire_at = j;
			window();
			if (steps < k || nested_steps < j)
				break;
		}
	} while (k <= steps);
	unsigned random = 1;
	for (int i = 0; i < 3000; i++) { /* some pairs, half of them around a hand-over */
		random = random * 1103515245 + 12345;
		fire_at = 1 + (random >> 8) % 400;
		nested_fire_at = 1 + (random >> 20) % 400;
		if (random >> 31)
			window_with_room((random >> 4) % 6);
		else
			window();
	}
	nested_fire_at = 0;
}

UNTRACED static void install_handlers(int trap_on_alternate)
{
	struct sigaction a;
	memset(&a, 0, sizeof(a));
	a.sa_sigaction = on_trap;
	a.sa_flags = SA_SIGINFO | SA_NODEFER | (trap_on_alternate ? SA_ONSTACK : 0);
	sigaction(SIGTRAP, &a, NULL);
	a.sa_handler = on_usr1;
	a.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &a, NULL);
}

static unsigned char alternate_stacks[2][128 << 10] __attribute__((aligned(4096)));

UNTRACED static void take_alternate_stack(int which)
{
	stack_t s = {.ss_sp = alternate_stacks[which], .ss_size = sizeof(alternate_stacks[which])};
	sigaltstack(&s, NULL);
}

static long thread_fire_at, thread_steps;

UNTRACED static void *one_thread(void *arg)
{
	if (on_alternate)
		take_alternate_stack(1);
	fire_at = thread_fire_at;
	window();
	thread_steps = steps;
	return arg;
}

UNTRACED static void threads(void)
{
	thread_steps = 400;
	for (int i = 1; i <= 400; i++) {
		pthread_t id;
		thread_fire_at = i <= 150 ? i : 1 + (i * 7919L) % thread_steps;
		pthread_create(&id, NULL, one_thread, NULL);
		pthread_join(id, NULL);
	}
	fprintf(stderr, "%ld instructions\n", thread_steps);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static pthread_t main_thread;
static volatile int stop_signals;

UNTRACED static void *disturb(void *arg)
{
	int drain = (int)irt_map.ring->drain_pid;
	for (int turn = 0; !stop_signals; turn++) {
		struct timespec t = {0, 3000000};
		pthread_kill(main_thread, SIGUSR1);
		nanosleep(&t, NULL);
		if (turn % 64 == 0)
			kill(drain, SIGSTOP);
		if (turn % 64 == 48)
			kill(drain, SIGCONT);
	}
	kill(drain, SIGCONT);
	return arg;
}

UNTRACED static void wait_for_drain(void)
{
	pthread_t id;
	while (!irt_load_relaxed(&irt_map.ring->drain_pid))
		usleep(1000);
	main_thread = pthread_self();
	pthread_create(&id, NULL, disturb, NULL);
	uint64_t waits_before = irt_tls.thread ? irt_thread_slot(irt_tls.thread)->waits : 0;
	for (int i = 0; i < 6000000 || (irt_thread_slot(irt_tls.thread)->waits < waits_before + 5 && i < 100000000); i++)
		call_filler();
	stop_signals = 1;
	pthread_join(id, NULL);
	fprintf(stderr, "%lu waits\n", (unsigned long)irt_thread_slot(irt_tls.thread)->waits);
	if (irt_thread_slot(irt_tls.thread)->waits < waits_before + 5)
		exit(1);
}

UNTRACED int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"steady", steady}, {"every", every}, {"handover", handover}, {"stack", stack},
		   {"nested", nested}, {"thread", threads}, {"wait", wait_for_drain}};
	on_alternate = argc > 2 && !strcmp(argv[2], "alternate");
	take_alternate_stack(0);
	install_handlers(on_alternate);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (argc > 1 && !strcmp(argv[1], all[i].name))
			all[i].run();
	printf("f %ld\nfiller %ld\nouter %ld\nh %ld\ng %ld\n", f_calls, filler_calls, outer_calls, h_calls, h_calls);
	return 0;
}
