/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * registers.c PATH - every hook is called with known values in all registers, and every one but r11 comes
 * back as it was. Linked statically, so that a hook can be brought to each of its paths:
 *
 *     join      the first hook of a forked child: it joins the run
 *     thread    the first hook of a thread
 *     steady    room in the sub-buffer
 *     handover  no room in it
 *     crossing  room for one unit, and a record of two is to be written
 *     stack     the stack pointer is far from the last one told
 *     wait      the ring is full and the drain stands still for a moment
 *     drop      the ring is full and nothing is waited for
 *     off       the gate is shut
 *     wrong     no hook, but code that does change registers: the test must see it
 */
#define _GNU_SOURCE
#include "capture/capture.h"

#include "base/atomic.h"
#include "instr/hooks.h"

#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNTRACED __attribute__((annotate("instr_skip")))

int some(int n);
int some(int n) { return n; } /* its row is lent to the hooks below */

/* What a hook finds and leaves: 16 general registers (rsp's place is unused), 32 vector registers of 64
 * bytes, 8 masks, MXCSR and the x87 control word. */
struct state {
	_Alignas(64) unsigned char vector[32][64];
	uint64_t mask[8];
	uint64_t general[16];
	uint32_t mxcsr;
	uint16_t x87;
};

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

extern void call_with(const struct state *in, struct state *out, const void *hook, int wide);

/* In assembly, since the pass declares them in its own way. */
enum hook { ENTER, EXIT, UNWIND, TAIL, LANDED, WRONG };
extern const void *const hooks[6];
static const char *const hook_names[] = {"__instr_enter", "__instr_exit", "__instr_unwind", "__instr_tail", "__instr_landed", "wrong"};
__asm__(".section .data.rel.ro,\"aw\"\n.balign 8\n.globl hooks\nhooks:\n"
	".quad __instr_enter, __instr_exit, __instr_unwind, __instr_tail, __instr_landed, changes_some\n.text\n"
	"changes_some:	incq %r9\n	pxor %xmm5, %xmm5\n	ret\n");

/* rdi in, rsi out, rdx hook, ecx: 0 only xmm, 1 ymm, 2 zmm and masks. */
__asm__(
	".text\n.globl call_with\n.type call_with, @function\ncall_with:\n"
	"	pushq %rbx\n	pushq %rbp\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	pushq %r15\n"
	"	subq $56, %rsp\n" /* aligned to 16 at the call */
	"	movq %rsi, 0(%rsp)\n	movq %rdx, 8(%rsp)\n	movl %ecx, 16(%rsp)\n"
	"	stmxcsr 24(%rsp)\n	fnstcw 28(%rsp)\n"
	"	cmpl $1, %ecx\n	je 1f\n	ja 2f\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n	movups \\n*64(%rdi), %xmm\\n\n.endr\n	jmp 3f\n"
	"1:\n.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n	vmovups \\n*64(%rdi), %ymm\\n\n.endr\n	jmp 3f\n"
	"2:\n.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	vmovups \\n*64(%rdi), %zmm\\n\n.endr\n"
	".irp n, 0,1,2,3,4,5,6,7\n	kmovq 2048+\\n*8(%rdi), %k\\n\n.endr\n"
	"3:\n	ldmxcsr 2240(%rdi)\n	fldcw 2244(%rdi)\n"
	"	movq 2112+8(%rdi), %rcx\n	movq 2112+16(%rdi), %rdx\n	movq 2112+24(%rdi), %rbx\n"
	"	movq 2112+40(%rdi), %rbp\n	movq 2112+48(%rdi), %rsi\n	movq 2112+64(%rdi), %r8\n"
	"	movq 2112+72(%rdi), %r9\n	movq 2112+80(%rdi), %r10\n	movq 2112+88(%rdi), %r11\n"
	"	movq 2112+96(%rdi), %r12\n	movq 2112+104(%rdi), %r13\n	movq 2112+112(%rdi), %r14\n"
	"	movq 2112+120(%rdi), %r15\n	movq 2112(%rdi), %rax\n	movq 2112+56(%rdi), %rdi\n"
	"	call *8(%rsp)\n"
	"	movq 0(%rsp), %r11\n" /* free by the convention */
	"	movq %rax, 2112(%r11)\n	movq %rcx, 2112+8(%r11)\n	movq %rdx, 2112+16(%r11)\n"
	"	movq %rbx, 2112+24(%r11)\n	movq %rbp, 2112+40(%r11)\n	movq %rsi, 2112+48(%r11)\n"
	"	movq %rdi, 2112+56(%r11)\n	movq %r8, 2112+64(%r11)\n	movq %r9, 2112+72(%r11)\n"
	"	movq %r10, 2112+80(%r11)\n	movq %r12, 2112+96(%r11)\n	movq %r13, 2112+104(%r11)\n"
	"	movq %r14, 2112+112(%r11)\n	movq %r15, 2112+120(%r11)\n"
	"	stmxcsr 2240(%r11)\n	fnstcw 2244(%r11)\n"
	"	movl 16(%rsp), %ecx\n	cmpl $1, %ecx\n	je 1f\n	ja 2f\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n	movups %xmm\\n, \\n*64(%r11)\n.endr\n	jmp 3f\n"
	"1:\n.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n	vmovups %ymm\\n, \\n*64(%r11)\n.endr\n"
	"	vzeroupper\n	jmp 3f\n"
	"2:\n.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	vmovups %zmm\\n, \\n*64(%r11)\n.endr\n"
	".irp n, 0,1,2,3,4,5,6,7\n	kmovq %k\\n, 2048+\\n*8(%r11)\n.endr\n	vzeroupper\n"
	"3:\n	ldmxcsr 24(%rsp)\n	fldcw 28(%rsp)\n"
	"	addq $56, %rsp\n	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbp\n	popq %rbx\n	ret\n"
	".size call_with, . - call_with\n");

_Static_assert(offsetof(struct state, mask) == 2048 && offsetof(struct state, general) == 2112 &&
	       offsetof(struct state, mxcsr) == 2240 && offsetof(struct state, x87) == 2244, "call_with");

static const char *const names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
				      "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
static int width, failures;
static long enters, exits, most_stack;

/* Stack below a hook's caller: painted before, looked at behind. call_with uses some first. What a hook may
 * take is in docs/limits.md. */
enum { PAINTED = 8192, USED_BY_CALL_WITH = 8 + 6 * 8 + 56, HOOK_STACK = 24, COLD_STACK = 512, JOIN_STACK = 1024 };
#define PAINT UINT64_C(0x5ca1ab1e0ddba115)

UNTRACED static inline __attribute__((always_inline)) volatile uint64_t *stack_top(void)
{
	volatile uint64_t *top;
	__asm__ volatile("movq %%rsp, %0" : "=r"(top));
	return (volatile uint64_t *)((uintptr_t)top & ~(uintptr_t)7);
}

/* The row that the pass has made for some(). */
extern struct instr_row __start_instr_sites[], __stop_instr_sites[];
UNTRACED static struct instr_row *row_of_some(void)
{
	for (struct instr_row *r = __start_instr_sites; r < __stop_instr_sites; r++)
		if (!strcmp((const char *)r + r->name, "some"))
			return r;
	abort();
}

UNTRACED static void fill(struct state *s, unsigned seed)
{
	unsigned char *bytes = (unsigned char *)s;
	for (size_t i = 0; i < offsetof(struct state, mxcsr); i++)
		bytes[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
	s->mxcsr = 0x1f80 | 0x6000; /* round towards zero */
	s->x87 = 0x037f | 0x0c00;
	s->general[RDI] = (uint64_t)row_of_some();
}

UNTRACED static unsigned room(void)
{
	uint64_t at = irt_load_relaxed(&irt_tls.cursor);
	return at & IRT_OVERFLOW_BIT ? 0 : (unsigned)((IRT_SUB_BYTES - (at & (IRT_SUB_BYTES - 1))) / INSTR_UNIT_BYTES);
}

UNTRACED static void call_hook(enum hook hook)
{
	const char *name = hook_names[hook];
	static __thread unsigned seed;
	static __thread struct state in, out;
	int look = !seed || !room() || enters < 2000; /* where it is long, only at hooks that have something to do */
	if (look)
		fill(&in, ++seed);
	memset(&out, 0, sizeof(out));
	volatile uint64_t *top = stack_top(), *at = top - PAINTED / 8;
	for (volatile uint64_t *p = at; look && p < top; p++)
		*p = PAINT;
	call_with(&in, &out, hooks[hook], width);
	while (look && at < top && *at == PAINT)
		at++;
	if (look && (top - at) * 8 - USED_BY_CALL_WITH > most_stack)
		most_stack = (top - at) * 8 - USED_BY_CALL_WITH;
	for (int i = 0; i < 16; i++) {
		if (i == RSP || i == R11 || in.general[i] == out.general[i])
			continue;
		printf("%s changes %s: %lx, %lx before\n", name, names[i], out.general[i], in.general[i]);
		failures++;
	}
	size_t bytes = width == 2 ? 64 : width == 1 ? 32 : 16;
	for (int i = 0; i < (width == 2 ? 32 : 16); i++) {
		if (!memcmp(in.vector[i], out.vector[i], bytes))
			continue;
		printf("%s changes vector register %d\n", name, i);
		failures++;
	}
	if (width == 2 && memcmp(in.mask, out.mask, sizeof(in.mask))) {
		printf("%s changes a mask register\n", name);
		failures++;
	}
	if (in.mxcsr != out.mxcsr || in.x87 != out.x87) {
		printf("%s changes MXCSR or the x87 control word\n", name);
		failures++;
	}
}

/* Macros, so that enter and exit have the caller's stack pointer, as those of one function have. */
#define enter() (call_hook(ENTER), enters++)
#define leave() (call_hook((enum hook)(EXIT + exits % 3)), exits++)

/* ---- paths ---------------------------------------------------------------------------------------- */

UNTRACED static void steady(void)
{
	for (int i = 0; i < 600; i++) {
		enter();
		call_hook(LANDED);
		leave();
	}
}

UNTRACED static void handover(void)
{
	for (int i = 0; i < 100; i++) {
		enter();
		while (room() != (i & 1)) /* the enter or the exit is the first without room */
			room() > 2 ? (void)(enter(), leave()) : (void)enter();
		enter();
		for (int open = 0; open < 3; open++)
			leave();
	}
	for (int i = 0; i < 400 && exits < enters; i++)
		leave();
}

UNTRACED static void crossing(void)
{
	for (int i = 0; i < 50; i++) {
		while (room() > 2)
			enter(), leave();
		enter();
		while (room() != 1)
			enter();
		call_hook(LANDED);
		while (exits < enters)
			leave();
	}
}

static unsigned char far_stack[256 << 10] __attribute__((aligned(4096)));

UNTRACED static void on_far_stack(int number)
{
	(void)number;
	enter();
	leave();
}

UNTRACED static void stack(void)
{
	struct sigaction a = {.sa_handler = on_far_stack, .sa_flags = SA_ONSTACK};
	stack_t s = {.ss_sp = far_stack, .ss_size = sizeof(far_stack)};
	sigaltstack(&s, NULL);
	sigaction(SIGUSR1, &a, NULL);
	for (int i = 0; i < 300; i++) {
		raise(SIGUSR1);
		enter();
		leave();
	}
}

UNTRACED static void *one_thread(void *arg)
{
	enter();
	leave();
	return arg;
}

UNTRACED static void thread(void)
{
	for (int i = 0; i < 100; i++) {
		pthread_t id;
		pthread_create(&id, NULL, one_thread, NULL);
		pthread_join(id, NULL);
	}
}

UNTRACED static void join(void)
{
	for (int i = 0; i < 50; i++) {
		int status;
		fflush(stdout);
		if (fork() == 0) {
			enter();
			leave();
			if (most_stack > JOIN_STACK) {
				printf("the first hook of a fork child takes %ld bytes of stack\n", most_stack);
				failures++;
			}
			fflush(stdout);
			_exit(failures ? 1 : 0);
		}
		wait(&status);
		failures += status != 0;
		enters++;
		exits++;
	}
}

/* Each turn the ring runs full while the drain is stopped; another process lets it go on. */
UNTRACED static void full(void)
{
	int drain;
	while (!(drain = (int)irt_load_relaxed(&irt_map.ring->drain_pid)))
		usleep(1000);
	enter();
	leave();
	/* In memory that is shared. A traced call: not while the ring is full. */
	const struct irt_thread *slot = irt_thread_slot(irt_tls.thread);
	for (int turn = 0; turn < 3; turn++) {
		uint64_t before = slot->waits + slot->lost_events;
		kill(drain, SIGSTOP);
		pid_t helper = fork();
		if (helper == 0) {
			for (int i = 0; i < 60000 && !irt_load_acquire(&slot->waiting) && slot->lost_events < before + 6; i++)
				usleep(1000);
			usleep(20000);
			kill(drain, SIGCONT);
			_exit(0);
		}
		for (long i = 0; i < 1000000 && slot->waits + slot->lost_events < before + 6; i++) {
			enter();
			leave();
			if (slot->waits > before)
				break;
		}
		if (slot->waits + slot->lost_events == before) {
			printf("the ring did not run full\n");
			failures++;
		}
		waitpid(helper, NULL, 0);
	}
}

UNTRACED static void wrong(void)
{
	call_hook(WRONG);
	failures = failures != 2;
}

UNTRACED static void off(void)
{
	if (irt_load_relaxed(&irt_local.gate) != IRT_GATE_OFF)
		abort();
	steady();
}

UNTRACED int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"join", join}, {"thread", thread}, {"steady", steady}, {"handover", handover},
		   {"crossing", crossing}, {"stack", stack}, {"wait", full}, {"drop", full}, {"off", off}, {"wrong", wrong}};
	__builtin_cpu_init();
	width = __builtin_cpu_supports("avx512bw") ? 2 : __builtin_cpu_supports("avx") ? 1 : 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (argc > 1 && !strcmp(argv[1], all[i].name))
			all[i].run();
	if (most_stack > HOOK_STACK + COLD_STACK) {
		printf("a hook takes %ld bytes of stack\n", most_stack);
		failures++;
	}
	printf("some %ld %ld\n", enters, exits);
	fprintf(stderr, "%ld bytes of stack\n", most_stack);
	return failures != 0;
}
