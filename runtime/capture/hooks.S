/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * hooks.S - the steady path of every hook, x86-64.
 *
 * Contract: instr/hooks.h (preserve_all: only r11 and the flags change). In assembly because the
 * contract is about single instructions: a signal handler that runs hooks may come between any two
 * of them. The order is clock, reserve, store:
 *
 *   1 gate, row flag, stack-pointer anchor     anything unusual -> cold path, then start again
 *   2 rdtsc
 *   3 xadd reserves the unit (unlocked: one instruction is atomic for this thread)
 *   4 overflow bit set -> cold path, then start again (nothing was written there)
 *   5 anchor once more: a handler on another stack may have moved it between 1 and 3, and the unit lies
 *     behind what it told -> the unit says nothing, cold path, then start again. One that comes later
 *     does not concern this unit
 *   6 word 2, then word 1: x86 keeps store order, the second store publishes
 *
 * The cost is the clock's; the rest hides behind it (docs/overhead.md).
 */
#include <cet.h> /* _CET_ENDBR, and the note that this object bears control-flow enforcement */

#include "capture/capture.h"

#define ROW_OFF 0x10
#define NOTHING (7 | (6 | 1 << 8) << 48) /* EXT NOTHING, one unit */

	.text

/* rdi = row. One that is off records neither its begin nor its end. */
	.macro HOOK name, kind
	.globl	\name
	.type	\name, @function
	.p2align 5
\name:
	.cfi_startproc
	_CET_ENDBR
.Lstart\@:
	cmpb	$IRT_GATE_ON, irt_local(%rip)
	jne	.Lgate\@
	testb	$ROW_OFF, 12(%rdi)
	jnz	.Lreturn\@
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	movq	irt_tls@gottpoff(%rip), %rdx
	leaq	24(%rsp), %r11
	subq	%fs:IRT_TLS_ANCHOR(%rdx), %r11
	addq	$IRT_ANCHOR_HALF, %r11
	cmpq	$2 * IRT_ANCHOR_HALF, %r11
	jae	.Lcold\@
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	irt_tls@gottpoff(%rip), %rdx
	movl	$16, %r11d
	xaddq	%r11, %fs:IRT_TLS_CURSOR(%rdx)
	testl	$IRT_OVERFLOW_BIT, %r11d
	jnz	.Lcold\@
	movq	%fs:IRT_TLS_ANCHOR(%rdx), %rdx
	subq	%rsp, %rdx
	addq	$IRT_ANCHOR_HALF - 24, %rdx
	cmpq	$2 * IRT_ANCHOR_HALF, %rdx
	jae	.Lfar\@
	leaq	24(%rsp), %rdx
	shlq	$44, %rdx
	leaq	\kind(%rdi, %rdx), %rdx
	movq	%rdx, 8(%r11)
	movq	%rax, (%r11)
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rax
	.cfi_adjust_cfa_offset -8
.Lreturn\@:
	ret
	.cfi_adjust_cfa_offset 16
.Lfar\@:
	movabsq	$NOTHING, %rdx
	movq	%rdx, 8(%r11)
	movq	%rax, (%r11)
.Lcold\@:
	leaq	24(%rsp), %r11
	call	irt_cold_hook
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rax
	.cfi_adjust_cfa_offset -8
	jnz	.Lstart\@
	ret
.Lgate\@:
	cmpb	$IRT_GATE_OFF, irt_local(%rip)
	je	.Lreturn\@
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	jmp	.Lcold\@
	.cfi_endproc
	.size	\name, . - \name
	.endm

	HOOK	__instr_enter, 1
	HOOK	__instr_exit, 2
	HOOK	__instr_unwind, 3
	HOOK	__instr_tail, 4

/* rdi = function address, of code built with -finstrument-functions. */
	.macro CYG_HOOK name, kind
	.globl	\name
	.type	\name, @function
	.p2align 5
\name:
	.cfi_startproc
	_CET_ENDBR
.Lstart\@:
	cmpb	$IRT_GATE_ON, irt_local(%rip)
	jne	.Lgate\@
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	movq	irt_tls@gottpoff(%rip), %rdx
	leaq	24(%rsp), %r11
	subq	%fs:IRT_TLS_ANCHOR(%rdx), %r11
	addq	$IRT_ANCHOR_HALF_CYG, %r11
	cmpq	$2 * IRT_ANCHOR_HALF_CYG, %r11
	jae	.Lcold\@
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	irt_tls@gottpoff(%rip), %rdx
	movl	$16, %r11d
	xaddq	%r11, %fs:IRT_TLS_CURSOR(%rdx)
	testl	$IRT_OVERFLOW_BIT, %r11d
	jnz	.Lcold\@
	movq	%fs:IRT_TLS_ANCHOR(%rdx), %rdx
	subq	%rsp, %rdx
	addq	$IRT_ANCHOR_HALF_CYG - 24, %rdx
	cmpq	$2 * IRT_ANCHOR_HALF_CYG, %rdx
	jae	.Lfar\@
	movq	%rax, %rsi
	leaq	24(%rsp), %rdx
	shlq	$47, %rdx
	movq	%rdi, %rax
	shlq	$4, %rax
	leaq	\kind(%rax, %rdx), %rdx
	movq	%rdx, 8(%r11)
	movq	%rsi, (%r11)
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rax
	.cfi_adjust_cfa_offset -8
.Lreturn\@:
	ret
	.cfi_adjust_cfa_offset 16
.Lfar\@:
	movabsq	$NOTHING, %rdx
	movq	%rdx, 8(%r11)
	movq	%rax, (%r11)
.Lcold\@:
	leaq	24(%rsp), %r11
	call	irt_cold_hook
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rax
	.cfi_adjust_cfa_offset -8
	jnz	.Lstart\@
	ret
.Lgate\@:
	cmpb	$IRT_GATE_OFF, irt_local(%rip)
	je	.Lreturn\@
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	jmp	.Lcold\@
	.cfi_endproc
	.size	\name, . - \name
	.endm

	CYG_HOOK __cyg_profile_func_enter, 5
	CYG_HOOK __cyg_profile_func_exit, 6

/* Saves every register that C may change, aligns the stack, runs a C function with the caller's
 * stack pointer (in r11) as third argument, and comes back with ZF set when its result is 0. The
 * arguments rdi and rsi go through. C code behind this is built without vector registers. */
	.macro THROUGH_C name, function
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	andq	$-16, %rsp
	movq	%r11, %rdx
	cld
	call	\function
	testl	%eax, %eax
	leaq	-64(%rbp), %rsp
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	\name, . - \name
	.endm

	THROUGH_C irt_cold_hook, irt_cold
	THROUGH_C irt_landed_hook, irt_landed

/* rdi = row, rsi = frame address. Comes once per return of setjmp: it need not be fast. */
	.globl	__instr_landed
	.type	__instr_landed, @function
	.p2align 4
__instr_landed:
	.cfi_startproc
	_CET_ENDBR
	leaq	8(%rsp), %r11
	jmp	irt_landed_hook
	.cfi_endproc
	.size	__instr_landed, . - __instr_landed

/* Names that instrumented modules refer to: the contract's version, and the sentence that the linker
 * prints when the runtime is missing. */
	.section .rodata
	.globl	__instr_abi_1
	.type	__instr_abi_1, @object
	.globl	__instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt
	.type	__instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt, @object
__instr_abi_1:
__instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt:
	.long	1
	.size	__instr_abi_1, 4
	.size	__instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt, 4

	.section .note.GNU-stack, "", @progbits
