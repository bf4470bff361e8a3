/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * trap.h - the trap flag: between TRAP_ON and TRAP_OFF the processor raises SIGTRAP behind each instruction.
 * Macros, since a function would be among what is stepped, or be traced. _GNU_SOURCE is needed.
 */
#ifndef TESTS_STRESS_TRAP_H
#define TESTS_STRESS_TRAP_H

#include <signal.h>
#include <ucontext.h>

#define TRAP_FLAG 0x100
#define CHANGE_FLAGS(op, mask)                                                                               \
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\t" op " %0, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp" \
			 : : "i"(mask) : "memory", "cc")
#define TRAP_ON() CHANGE_FLAGS("orq", TRAP_FLAG)
#define TRAP_OFF() CHANGE_FLAGS("andq", ~TRAP_FLAG)

/* In the handler: what it comes back to is stepped no longer. */
#define TRAP_NO_MORE(context) (((ucontext_t *)(context))->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG)

#endif
