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

/* Put before a function's definition or declaration: its calls are recorded as allocations, frees or
 * resizings. `text` is a string that says what its parameters are, counted from 0 (docs/heap.md):
 *
 *     INSTR_ALLOCATOR("alloc(size=0)") void *my_alloc(size_t bytes);
 *     INSTR_ALLOCATOR("alloc(count=0,size=1)") void *my_calloc(size_t count, size_t bytes);
 *     INSTR_ALLOCATOR("free(ptr=0)") void my_free(void *block);
 *     INSTR_ALLOCATOR("realloc(ptr=0,size=1)") void *my_realloc(void *block, size_t bytes);
 *
 * clang older than 18 tells the plugin what is said at definitions only: there the settings alloc=, free= and
 * realloc= are the way for what is defined in another file. */
#if defined(__clang__)
#define INSTR_ALLOCATOR(text) __attribute__((annotate("instr_allocator " text)))
#else
#define INSTR_ALLOCATOR(text)
#endif

/* Put before a function's definition or declaration, in C++ also of a method: its calls are recorded as what takes a lock,
 * tries to, or gives it back. `text` is a string that says which parameter is the address of the lock, counted from 0
 * (`this` is 0), and what the result says (docs/locks.md):
 *
 *     INSTR_LOCK("acquire(lock=0)") void my_lock(struct my_lock *lock);
 *     INSTR_LOCK("try_acquire(lock=0,success=nonzero)") bool my_try_lock(struct my_lock *lock);
 *     INSTR_LOCK("acquire(lock=0,success=zero)") int my_timed_lock(struct my_lock *lock, long ns);
 *     INSTR_LOCK("acquire(lock=0,mode=read)") void my_read_lock(struct my_lock *lock);
 *     INSTR_LOCK("release(lock=0)") void my_unlock(struct my_lock *lock);
 *
 * clang older than 18: as with INSTR_ALLOCATOR; the settings are acquire=, try_acquire= and release=. */
#if defined(__clang__)
#define INSTR_LOCK(text) __attribute__((annotate("instr_lock " text)))
#else
#define INSTR_LOCK(text)
#endif

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a pool or arena does, told by hand where no function can be declared for it (INSTR_ALLOCATOR): that it has
 * handed out a block, has taken one back, or has given up all of them at once. A pool is whatever its address
 * says, a block any address in it; it is of one pool at a time. Recorded as calls of allocators are, in files
 * that the compiler plugin sees; they count apart from the heap ("instr-report --allocs --kind pools").
 * Tell of a block behind its allocation, and of an end before it. Thread- and signal-safe; arguments are evaluated
 * only where the runtime is linked. NULL as a block: the allocation failed; as one that ends: nothing. */
extern void __instr_pool_alloc(const void *pool, const void *block, size_t bytes) __attribute__((weak));
extern void __instr_pool_free(const void *pool, const void *block) __attribute__((weak));
extern void __instr_pool_reset(const void *pool) __attribute__((weak));
#define instr_pool_alloc(pool, block, bytes) (__instr_pool_alloc ? __instr_pool_alloc(pool, block, bytes) : (void)0)
#define instr_pool_free(pool, block) (__instr_pool_free ? __instr_pool_free(pool, block) : (void)0)
#define instr_pool_reset(pool) (__instr_pool_reset ? __instr_pool_reset(pool) : (void)0)

/* The heap of this process so far, as `instr-report` would show it: totals since the start, what is alive,
 * the most that ever was. Bytes are those asked for. */
struct instr_memstats {
	uint64_t allocs, bytes;
	uint64_t live_blocks, live_bytes;
	uint64_t peak_bytes;
};

/* 0, and *stats is filled, with figures at most a fifth of a second old while the drain keeps up (each by
 * itself: two of them may be of neighbouring moments). -1: this process does not record allocations.
 * Thread- and signal-safe; makes no system call. */
extern int __instr_memstats(struct instr_memstats *stats) __attribute__((weak));
static inline int instr_memstats(struct instr_memstats *stats)
{
	return __instr_memstats ? __instr_memstats(stats) : -1;
}

#ifdef __cplusplus
}
#endif

#endif
