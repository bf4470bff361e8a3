/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * hooks.S - a runtime that records nothing, to stand in for libinstr_rt.so (contract: instr/hooks.h):
 * a traced program that loads it instead runs the same code with the same calls of hooks.
 *
 *     with HOOKS_CLOCK    enter and exit read the counter once and drop it: two clock reads per call
 *                         that really happens, the floor of any exact tracer with hooks out of line
 *     without             enter and exit return at once: the price of the calls
 */
	.text

	.macro HOOK name
	.globl	\name
	.type	\name, @function
	.p2align 5
\name:
#ifdef HOOKS_CLOCK
	movq	%rax, %r11 /* the one register that a hook may change */
	pushq	%rdx
	rdtsc
	popq	%rdx
	movq	%r11, %rax
#endif
	ret
	.size	\name, . - \name
	.endm

	HOOK	__instr_enter
	HOOK	__instr_exit
	HOOK	__instr_unwind
	HOOK	__instr_tail

	.macro NOTHING name
	.globl	\name
	.type	\name, @function
\name:
	ret
	.size	\name, . - \name
	.endm

	NOTHING	__instr_landed
	NOTHING	__instr_register
	NOTHING	__instr_unregister

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
