/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * atomic.h - the only door to atomic operations; the memory order is part of the name. Type-generic
 * over 32- and 64-bit integers and pointers. On x86-64 loads and stores of any order here are plain
 * moves; the names hold the compiler and tell the reader what is relied on.
 */
#ifndef IRT_BASE_ATOMIC_H
#define IRT_BASE_ATOMIC_H

#define irt_load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define irt_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define irt_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define irt_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Adds and returns the value before. */
#define irt_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define irt_add_acq_rel(p, v) __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define irt_sub_relaxed(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_RELAXED)

/* If *p == *expected stores v and returns 1; else loads *p into *expected and returns 0. */
#define irt_cas_acq_rel(p, expected, v) \
	__atomic_compare_exchange_n((p), (expected), (v), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

/* Keeps the compiler from moving memory accesses across; no instruction. Enough between a thread
 * and a signal handler of the same thread. */
#define irt_compiler_barrier() __asm__ volatile("" : : : "memory")

/* Orders a store before a later load (sleep and wake protocols). */
#define irt_full_barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
