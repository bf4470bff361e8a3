/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * instr.h - what a program under instrumentation may use. Needs no library and no libc; the macros
 * vanish when the compiler is not clang.
 */
#ifndef INSTR_INSTR_H
#define INSTR_INSTR_H

/* Put before a function's definition or declaration: the pass inserts no hook into it. Its time is
 * then its caller's own time. Listed in the trace as "not instrumented: INSTR_SKIP". */
#if defined(__clang__)
#define INSTR_SKIP __attribute__((annotate("instr_skip")))
#else
#define INSTR_SKIP
#endif

#endif
