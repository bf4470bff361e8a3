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
 *     landed     the call returns from setjmp; with 0 to 3 units left, too
 *     wait       the ring is full and the drain stands still; the handler comes while the hook sleeps
 *     sleeps     the same at every 13th instruction of a hook that waits
 *     left       the handler leaves a hook that waits by siglongjmp; then nobody waits
 *     gap        events were dropped: at every third instruction of the hook that can write again
 *     heap       the call allocates and frees, and the handler does so too; with 0 to 7 units left, too. The
 *                allocator is of its own kind, which a handler may call (step.sh declares it)
 *
 * A second argument "alternate" runs the handler on an alternate stack. Prints "FUNCTION CALLS" for
 * each traced function; step.sh compares.
 */
#define _GNU_SOURCE
#include "capture/capture.h"

#include "base/atomic.h"
#include "trap.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UNTRACED __attribute__((annotate("instr_skip")))

int f(int n);
int filler(int n);
int outer(void (*run)(void));
int g(int n);
int h(int n);
int lands(int n);
int churn(int n);
void *take(size_t bytes);
void give(void *block);

int f(int n) { return n + 1; }
int filler(int n) { return n + 2; }
int g(int n) { return n + 3; }
int h(int n) { return g(n) + 4; }

int lands(int n)
{
	jmp_buf here;
	return setjmp(here) + n;
}

/* The next of many blocks: it is given back long before its turn comes again. */
UNTRACED __attribute__((noinline)) void *take(size_t bytes)
{
	static char blocks[1024][32];
	static unsigned taken;
	(void)bytes;
	return blocks[__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED) % 1024];
}

UNTRACED __attribute__((noinline)) void give(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }

int churn(int n)
{
	give(take((size_t)n));
	return n;
}

int outer(void (*run)(void))
{
	run();
	return 0;
}

static long f_calls, lands_calls, h_calls, churn_calls, filler_calls, outer_calls;
static int to_land, to_churn, fillers_may_be_lost;

/* ---- the window ------------------------------------------------------------------------------- */

static __thread volatile long steps, fire_at, nested_steps, nested_fire_at;
static __thread volatile int level, fire_always, stepping;

UNTRACED static void call_h(void)
{
	__atomic_fetch_add(&h_calls, 1, __ATOMIC_RELAXED);
	h(1);
	if (to_churn) {
		__atomic_fetch_add(&churn_calls, 1, __ATOMIC_RELAXED);
		churn(20);
	}
}

/* What the drain believes is past (C7) while the thread may still write there. */
static volatile int is_told_wrong;

UNTRACED static void look_at_waiting(void)
{
	if (!irt_tls.thread || irt_load_relaxed(&irt_tls.cursor) & IRT_OVERFLOW_BIT)
		return;
	/* irt_thread_slot is a traced function here */
	if (irt_load_relaxed(&irt_map.threads[irt_tls.thread % IRT_THREAD_MAX].waiting) == irt_tls.sequence + 1)
		is_told_wrong = 1;
}

/* Level 0: an instruction of the window. Level 1: an instruction of the handler's own calls. */
UNTRACED static void on_trap(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number;
	(void)info;
	if (!stepping) {
		TRAP_NO_MORE(context);
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
	look_at_waiting();
	if (!fire_always && steps != fire_at)
		return;
	if (nested_fire_at) {
		level = 1;
		nested_steps = 0;
		TRAP_ON();
		call_h();
		TRAP_OFF();
		level = 0;
	} else {
		call_h();
	}
}

UNTRACED static void window(void)
{
	steps = 0;
	stepping = 1;
	TRAP_ON();
	if (to_land)
		lands(1);
	else if (to_churn)
		churn(10);
	else
		f(1);
	TRAP_OFF();
	stepping = 0;
	__atomic_fetch_add(to_land ? &lands_calls : to_churn ? &churn_calls : &f_calls, 1, __ATOMIC_RELAXED);
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
static long stride = 1;

/* All instructions, one after the other (or each third, say), until the window ends before it is reached. */
UNTRACED static long each_instruction(int units)
{
	long k = 0;
	do {
		fire_at = k += stride;
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

UNTRACED static void heap(void)
{
	to_churn = 1;
	call_filler();
	fprintf(stderr, "%ld instructions\n", each_instruction(-1));
	for (int units = 0; units < 8; units++)
		fprintf(stderr, "%d units left: %ld instructions\n", units, each_instruction(units));
}

UNTRACED static void landed(void)
{
	to_land = 1;
	call_filler();
	fprintf(stderr, "%ld instructions\n", each_instruction(-1));
	stride = 4;
	for (int units = 0; units < 4 && !on_alternate; units++)
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

/* ---- no room anywhere ----------------------------------------------------------------------------- */

static volatile int drain_stopped;
static struct irt_thread *waiter;

UNTRACED static int is_any_free(void)
{
	for (uint32_t i = 0; i < irt_load_acquire(&irt_map.ring->sub_count); i++)
		if (!irt_load_relaxed(&irt_map.subs[i].owner))
			return 1;
	return 0;
}

UNTRACED static void stop_drain(void)
{
	while (!irt_load_relaxed(&irt_map.ring->drain_pid))
		usleep(1000);
	char path[40], line[200];
	int fd;
	kill((int)irt_map.ring->drain_pid, SIGSTOP);
	snprintf(path, sizeof(path), "/proc/%u/stat", irt_map.ring->drain_pid);
	do { /* until it has taken the signal it may give back more */
		fd = open(path, O_RDONLY);
		ssize_t n = read(fd, line, sizeof(line) - 1);
		close(fd);
		line[n > 0 ? n : 0] = 0;
	} while (!strstr(line, ") T "));
}

/* The last unit is used, and there is no other sub-buffer to be had. The pool is as large as it gets. */
UNTRACED static void fill_ring(void)
{
	while (irt_load_acquire(&irt_map.ring->sub_count) < irt_map.ring->sub_max)
		call_filler();
	stop_drain();
	while (room() >= 2 || is_any_free())
		call_filler();
}

/* Lets the drain go on while the hook waits. */
UNTRACED static void *resume_drain(void *arg)
{
	while (!stop_signals) {
		usleep(500);
		if (drain_stopped && irt_load_acquire(&waiter->waiting)) {
			usleep(500);
			kill((int)irt_map.ring->drain_pid, SIGCONT);
			drain_stopped = 0;
		}
	}
	return arg;
}

UNTRACED static void sleeps(void)
{
	pthread_t id;
	long k = 0, most = 0;
	call_filler();
	waiter = irt_thread_slot(irt_tls.thread);
	pthread_create(&id, NULL, resume_drain, NULL);
	uint64_t waits_before = irt_thread_slot(irt_tls.thread)->waits;
	do { /* how many there are is the machine's choice: most of them, once */
		k += 13;
		fire_at = k;
		fill_ring();
		drain_stopped = 1;
		window();
		while (drain_stopped && !waiter->lost_events)
			usleep(100);
		if (waiter->lost_events) {
			fprintf(stderr, "events were lost: the drain did not move for two seconds\n");
			kill((int)irt_map.ring->drain_pid, SIGCONT);
			exit(3);
		}
		if (steps > most)
			most = steps;
	} while (k <= most && k < 1400);
	stop_signals = 1;
	pthread_join(id, NULL);
	kill((int)irt_map.ring->drain_pid, SIGCONT);
	fprintf(stderr, "%ld instructions, %lu waits\n", most, (unsigned long)(irt_thread_slot(irt_tls.thread)->waits - waits_before));
	if (irt_thread_slot(irt_tls.thread)->waits - waits_before < (uint64_t)k / 13 - 1)
		exit(1);
}

static sigjmp_buf back;

UNTRACED static void jump_back(int signal_number)
{
	(void)signal_number;
	siglongjmp(back, 1);
}

UNTRACED static void *disturb_waiter(void *arg)
{
	while (!irt_load_acquire(&waiter->waiting))
		usleep(500);
	pthread_kill(main_thread, SIGUSR2);
	return arg;
}

/* A drain that believes that somebody waits looks some 200 times a second, else 5 times. */
UNTRACED static void left(void)
{
	pthread_t id;
	call_filler();
	waiter = irt_thread_slot(irt_tls.thread);
	main_thread = pthread_self();
	signal(SIGUSR2, jump_back);
	fill_ring();
	if (sigsetjmp(back, 1) == 0) {
		pthread_create(&id, NULL, disturb_waiter, NULL);
		f(1);
		exit(2);
	}
	pthread_join(id, NULL);
	kill((int)irt_map.ring->drain_pid, SIGCONT);
	call_filler();
	usleep(500000);
	uint64_t beat = irt_load_relaxed(&irt_map.ring->heartbeat);
	usleep(500000);
	beat = irt_load_relaxed(&irt_map.ring->heartbeat) - beat;
	fprintf(stderr, "%lu rounds in half a second\n", (unsigned long)beat);
	if (beat > 25)
		exit(1);
}

UNTRACED static void gap(void)
{
	long k = 0, gaps = 0;
	fillers_may_be_lost = 1;
	call_filler();
	const volatile struct irt_thread *thread = irt_thread_slot(irt_tls.thread); /* a traced call: not in between */
	do {
		k += 3;
		fire_at = k;
		fill_ring();
		uint64_t lost = thread->lost_events;
		while (thread->lost_events < lost + 4)
			call_filler();
		kill((int)irt_map.ring->drain_pid, SIGCONT);
		while (!is_any_free())
			usleep(200);
		gaps += thread->lost_told < thread->lost_events;
		window();
		if (thread->lost_told != thread->lost_events)
			exit(1);
	} while (k <= steps);
	fprintf(stderr, "%ld instructions, %ld gaps\n", k, gaps);
	if (gaps < k / 3 - 1)
		exit(1);
}

UNTRACED int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"steady", steady}, {"every", every}, {"handover", handover}, {"stack", stack},
		   {"nested", nested}, {"thread", threads}, {"wait", wait_for_drain}, {"landed", landed},
		   {"sleeps", sleeps}, {"gap", gap}, {"left", left}, {"heap", heap}};
	on_alternate = argc > 2 && !strcmp(argv[2], "alternate");
	take_alternate_stack(0);
	install_handlers(on_alternate);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (argc > 1 && !strcmp(argv[1], all[i].name))
			all[i].run();
	printf("f %ld\nouter %ld\nh %ld\ng %ld\nlands %ld\nchurn %ld\n", f_calls, outer_calls, h_calls, h_calls, lands_calls, churn_calls);
	if (is_told_wrong) {
		fprintf(stderr, "a sub-buffer with room in it was said to be left\n");
		return 1;
	}
	if (!fillers_may_be_lost)
		printf("filler %ld\n", filler_calls);
	return 0;
}
