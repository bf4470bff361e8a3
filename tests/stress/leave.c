/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * leave.c - a signal at any instruction of the cold path, whose handler does not come back (siglongjmp), or
 * makes more calls than a sub-buffer holds. step.c has the handlers that do come back, on whole programs;
 * here the cold path's code runs on a ring without a drain, which the test reads itself.
 */
#define _GNU_SOURCE
#include "check.h"

#include "capture/cold.c"
#include "hook.h"
#include "trap.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SUBS = 64, MANY = IRT_SUB_UNITS + 100 };

/* ---- the ring ----------------------------------------------------------------------------------- */

static struct irt_ring facts;

static void clear_ring(void)
{
	memset(irt_map.threads, 0, 64 * sizeof(*irt_map.threads));
	irt_map.ring->thread_hint = 0; /* else each turn takes the next slot, beyond those that are looked at */
	for (int i = 0; i < SUBS; i++) {
		if (irt_map.subs[i].owner)
			memset(irt_sub_units(&irt_map, (uint32_t)i), 0, IRT_SUB_BYTES);
		irt_map.subs[i] = (struct irt_sub){0, 0};
	}
}

static void make_ring(void)
{
	if (irt_map.ring)
		return;
	irt_ring_layout(&facts, SUBS * IRT_SUB_BYTES);
	char *room = mmap(NULL, facts.file_bytes + IRT_SUB_STRIDE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(room != MAP_FAILED);
	room += -(uint64_t)room & (IRT_SUB_STRIDE - 1);
	facts.sub_count = SUBS;
	memcpy(room, &facts, sizeof(facts));
	irt_map = irt_ring_map(room, &facts);
	irt_local.process = irt_map.processes;
	irt_local.process->pid = getpid();
	irt_local.process->process_id = 1;
	irt_local.gate = IRT_GATE_ON;
}

/* What the drain would find: units of that row under slots that are live, and the sum of all GAP records. */
static unsigned count_row(uint64_t row, uint64_t *lost)
{
	unsigned n = 0;
	*lost = 0;
	for (int i = 0; i < SUBS; i++) {
		int live = 0;
		for (int t = 0; t < 64; t++)
			live |= irt_map.threads[t].state == IRT_SLOT_LIVE && irt_map.threads[t].owner == irt_map.subs[i].owner;
		const struct instr_unit *u = irt_sub_units(&irt_map, (uint32_t)i);
		for (unsigned k = 0; irt_map.subs[i].owner && live && k < IRT_SUB_UNITS; k++) {
			unsigned kind = instr_tag_kind(u[k].tag);
			n += kind == INSTR_ENTER && u[k].ticks && instr_tag_row(u[k].tag) == row;
			if (kind == INSTR_EXT && instr_tag_ext(u[k].tag) == INSTR_EXT_GAP)
				*lost += u[k + 1].ticks;
			if (kind == INSTR_EXT && instr_tag_ext_units(u[k].tag))
				k += instr_tag_ext_units(u[k].tag) - 1;
		}
	}
	return n;
}

/* ---- stepping ----------------------------------------------------------------------------------- */

static __thread volatile long steps, fire_at;
static __thread volatile int stepping;
static __thread sigjmp_buf out;
static int leaves;
static uint64_t handler_lost;

static void on_trap(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number;
	(void)info;
	if (!stepping) {
		TRAP_NO_MORE(context);
		return;
	}
	if (++steps != fire_at)
		return;
	stepping = 0;
	TRAP_NO_MORE(context);
	for (int i = 0; i < (leaves ? 2 : MANY); i++)
		hook(INSTR_ENTER, ROW + 0x10);
	if (leaves)
		siglongjmp(out, 1);
}

static void step_hook(void)
{
	steps = 0;
	stepping = 1;
	TRAP_ON();
	hook(INSTR_ENTER, ROW);
	stepping = 0;
	TRAP_OFF();
}

struct turn {
	long at, steps;
	uint64_t lost; /* before the window */
	int in_use;    /* the thread has joined, and its sub-buffer is full */
};

static void *take_turn(void *arg)
{
	struct turn *t = arg;
	if (t->in_use) {
		hook(INSTR_ENTER, ROW + 0x20);
		struct instr_unit *nobodys;
		while (!(irt_tls.cursor & IRT_OVERFLOW_BIT))
			irt_reserve(&irt_tls, 1, 0, &nobodys);
		irt_thread_slot(irt_tls.thread)->lost_events = t->lost;
	}
	fire_at = t->at;
	if (sigsetjmp(out, 1) == 0)
		step_hook();
	stepping = 0;
	hook(INSTR_ENTER, ROW + 0x30);
	handler_lost = irt_tls.thread ? irt_thread_slot(irt_tls.thread)->lost_events - irt_thread_slot(irt_tls.thread)->lost_told : UINT64_MAX;
	t->steps = steps;
	return NULL;
}

/* One thread for each instruction. The calls of the handler, and those behind the window, are all there. */
static void each_instruction(int in_use, int leave, uint64_t lost)
{
	struct sigaction a;
	struct turn t = {.in_use = in_use, .lost = lost};
	memset(&a, 0, sizeof(a));
	a.sa_sigaction = on_trap;
	a.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(SIGTRAP, &a, NULL);
	make_ring();
	leaves = leave;
	do {
		pthread_t id;
		uint64_t told;
		unsigned handled = leave ? 2 : MANY;
		clear_ring();
		t.at++;
		CHECK(pthread_create(&id, NULL, take_turn, &t) == 0 && pthread_join(id, NULL) == 0);
		if (t.steps >= t.at && count_row(ROW + 0x10, &told) != handled)
			CHECK_FAIL("instruction %ld: %u of the handler's %u events", t.at, count_row(ROW + 0x10, &told), handled);
		if (count_row(ROW + 0x30, &told) != 1)
			CHECK_FAIL("instruction %ld: the event behind it is not there", t.at);
		if (!leave && count_row(ROW, &told) != 1)
			CHECK_FAIL("instruction %ld: %u of one event", t.at, count_row(ROW, &told));
		if ((!leave && told != lost) || told > lost || told + handler_lost != lost)
			CHECK_FAIL("instruction %ld: %lu of %lu lost events are told, %ld left", t.at, (unsigned long)told,
				   (unsigned long)lost, (long)handler_lost);
	} while (t.steps >= t.at);
	printf("   %ld instructions\n", t.at - 1);
	CHECK(t.at > 60);
}

TEST(a_handler_that_leaves_the_first_call_of_a_thread_loses_nothing) { each_instruction(0, 1, 0); }
TEST(a_handler_that_leaves_a_hand_over_loses_nothing) { each_instruction(1, 1, 0); }
TEST(a_handler_that_fills_a_sub_buffer_in_a_hand_over_loses_nothing) { each_instruction(1, 0, 0); }
TEST(a_gap_is_told_once_whatever_comes_in_between) { each_instruction(1, 0, 5); }

TEST_MAIN()
