# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# int keeps_registers(void (*f)(void)): calls f with a value in every register that only hooks could
# touch (f itself uses none of them); 1 if all are still there.
	.text
	.globl	keeps_registers
	.type	keeps_registers, @function
keeps_registers:
	pushq	%rbx
	movq	%rdi, %rbx
	movq	$0x1010, %r10
	movq	$0x0909, %r9
	movq	$0x0808, %r8
	movq	$0x0606, %rsi
	movq	$0x0202, %rdx
	movq	%r10, %xmm0
	movq	%r9, %xmm7
	movq	%r8, %xmm15
	call	*%rbx
	xorl	%eax, %eax
	cmpq	$0x1010, %r10
	jne	1f
	cmpq	$0x0909, %r9
	jne	1f
	cmpq	$0x0808, %r8
	jne	1f
	cmpq	$0x0606, %rsi
	jne	1f
	cmpq	$0x0202, %rdx
	jne	1f
	movq	%xmm0, %rcx
	cmpq	%rcx, %r10
	jne	1f
	movq	%xmm7, %rcx
	cmpq	%rcx, %r9
	jne	1f
	movq	%xmm15, %rcx
	cmpq	%rcx, %r8
	jne	1f
	movl	$1, %eax
1:	popq	%rbx
	ret
	.size	keeps_registers, .-keeps_registers
	.section .note.GNU-stack,"",@progbits
