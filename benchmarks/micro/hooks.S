/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * hooks.S - a runtime that records nothing, to stand in for libinstr_rt.so (contract: instr/hooks.h):
 * a traced program that loads it instead runs the same code with the same calls of hooks.
 *
 *     with HOOKS_CLOCK    enter and exit read the counter once and drop it: two clock reads per call
 *                         that really happens, the floor of any exact tracer with hooks out of line;
 *                         and so do the hooks around allocators, locks and calls that may block: two per
 *                         allocation and free, per lock and unlock, and per call
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

	/* Around an allocator, a lock or what creates a thread: goes on in the function that the program meant,
	 * whose arguments stand where it wants them; its address is the argument of the hook behind the row. */
	.macro THROUGH name, function
	.globl	\name
	.type	\name, @function
	.p2align 5
\name:
#ifdef HOOKS_CLOCK
	movq	%rdx, %r11
	rdtsc
	movq	%r11, %rdx
#endif
	jmp	*%\function
	.size	\name, . - \name
	.endm

	THROUGH	__instr_alloc, rdx
	THROUGH	__instr_alloc1, rcx
	THROUGH	__instr_alloc2, r8
	THROUGH	__instr_calloc, rcx
	THROUGH	__instr_aligned_alloc, rcx
	THROUGH	__instr_posix_memalign, r8
	THROUGH	__instr_realloc, rcx
	THROUGH	__instr_reallocarray, r8
	THROUGH	__instr_strdup, rdx
	THROUGH	__instr_strndup, rcx
	THROUGH	__instr_wcsdup, rdx
	THROUGH	__instr_getline, r8
	THROUGH	__instr_getdelim, r9
	THROUGH	__instr_free, rdx
	THROUGH	__instr_free1, rcx
	THROUGH	__instr_free2, r8
	THROUGH	__instr_munmap, rcx
	THROUGH	__instr_sbrk, rdx
	THROUGH	__instr_lock, rdx
	THROUGH	__instr_lock1, rcx
	THROUGH	__instr_clocklock, r8
	THROUGH	__instr_trylock, rdx
	THROUGH	__instr_unlock, rdx
	THROUGH	__instr_lock_init, rcx
	THROUGH	__instr_spin_init, rcx
	THROUGH	__instr_lock_destroy, rdx
	THROUGH	__instr_mtx_destroy, rdx
	THROUGH	__instr_cond_wait, rcx
	THROUGH	__instr_cond_wait1, r8
	THROUGH	__instr_cond_clockwait, r9
	THROUGH	__instr_cxx_wait, rcx
	THROUGH	__instr_cxx_wait1, r8
	THROUGH	__instr_cond_signal, rdx
	THROUGH	__instr_cond_broadcast, rdx
	THROUGH	__instr_cxx_notify_one, rdx
	THROUGH	__instr_cxx_notify_all, rdx
	THROUGH	__instr_cxx_lock, rdx
	THROUGH	__instr_cxx_trylock, rdx
	THROUGH	__instr_cxx_unlock, rdx
	THROUGH	__instr_pthread_create, r9
	THROUGH	__instr_thrd_create, r8

	/* Six arguments of its own: the row and the function are on the stack. */
	.globl	__instr_mmap
	.type	__instr_mmap, @function
__instr_mmap:
	jmp	*16(%rsp)
	.size	__instr_mmap, . - __instr_mmap

	/* In front of a call that may block, takes a lock of the program's own or creates a thread, and behind it. */
	.macro BESIDE name
	.globl	\name
	.type	\name, @function
	.p2align 5
\name:
#ifdef HOOKS_CLOCK
	rdtsc
#endif
	ret
	.size	\name, . - \name
	.endm

	BESIDE	__instr_block_begin
	BESIDE	__instr_block_begin_if
	BESIDE	__instr_block_end
	BESIDE	__instr_acquired
	BESIDE	__instr_tried
	BESIDE	__instr_releasing
	BESIDE	__instr_thread_begin
	BESIDE	__instr_thread_end

	.macro NOTHING name
	.globl	\name
	.type	\name, @function
\name:
	ret
	.size	\name, . - \name
	.endm

	NOTHING	__instr_landed
	NOTHING	__instr_printed
	NOTHING	__instr_remapped
	NOTHING	__instr_pooled
	NOTHING	__instr_unpooled
	NOTHING	__instr_pool_ended
	NOTHING	__instr_allocated
	NOTHING	__instr_freed
	NOTHING	__instr_resizing
	NOTHING	__instr_resized
	NOTHING	__instr_acquiring
	NOTHING	__instr_block_shut
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
