/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * hooks.h - the contract between the code that pass/ inserts and runtime/capture.
 *
 * The pass emits references to the names below and rows in the layout below; the runtime defines
 * them. Any change of meaning changes INSTR_ABI, and with it the name of a symbol that every
 * instrumented module references, so that modules and runtime of different contracts do not link.
 */
#ifndef INSTR_HOOKS_H
#define INSTR_HOOKS_H

#include <stddef.h>
#include <stdint.h>

#define INSTR_ABI 1

/* Every instrumented module references both; only libinstr_rt defines them. The second exists for
 * its name: it is what the linker prints when the runtime was not linked. */
#define INSTR_ABI_SYMBOL "__instr_abi_1"
#define INSTR_LINK_SYMBOL "__instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt"

/* Sections. Both names are C identifiers: the linker provides __start_ and __stop_ symbols. */
#define INSTR_ROWS_SECTION "instr_sites"      /* struct instr_row, writable (the runtime sets flags) */
#define INSTR_SKIPPED_SECTION "instr_skipped" /* struct instr_row of functions that carry no hooks */

/* Module flag that makes the pass idempotent, and the annotation that switches a function off. */
#define INSTR_DONE_FLAG "instr.done"
#define INSTR_SKIP_ANNOTATION "instr_skip"

/* A descriptor row: 16 bytes, 16-byte aligned, no relocation, no function pointer. name and file
 * are byte offsets from the row's own address to a NUL-terminated string; the name is the linkage
 * (mangled) name, of a site that of the function called there and, where the type of what it allocates is known,
 * behind it INSTR_ROW_TYPE_MARK and that type's name as the source has it, of a lock, or of what a call waits for, its own name, if it has one; file is as the compiler was given it,
 * made absolute with the compilation directory when the debug information has one. line 0 = not known.
 * A site has the place in the source where the call stands, also when it was inlined from there; where that
 * is in a header of the system or the C++ library, the place that this was inlined into. */
struct instr_row {
	int32_t name;
	int32_t file;
	uint32_t line;
	uint32_t flags;
};

/* Occurs in no name. */
#define INSTR_ROW_TYPE_MARK '\x1f'

enum instr_row_flag {
	INSTR_ROW_KIND_MASK = 0x0f,      /* enum instr_row_kind */
	INSTR_ROW_OFF = 0x10,            /* set by the runtime only: nothing of it is recorded */
	INSTR_ROW_DYNAMIC_STACK = 0x20,  /* dynamic alloca: stack-pointer bits of enter and exit may differ */
	INSTR_ROW_RETURNS_TWICE = 0x40,  /* calls setjmp or its like */
	INSTR_ROW_INLINABLE = 0x80,      /* the linker may inline it, hooks and all: it then shares its caller's stack pointer */
	INSTR_ROW_REASON_SHIFT = 8,      /* 8 bits, functions: enum instr_reason, why it carries no hooks */
	INSTR_ROW_FAMILY_SHIFT = 8,      /* 8 bits, ALLOC_SITE and FREE_SITE: enum instr_family; BLOCK_SITE: enum instr_block_class; LOCK_SITE: enum instr_lock_mode */
	INSTR_ROW_COLUMN_SHIFT = 16,     /* 16 bits: column of a site, 0 = not known */
};

enum instr_row_kind {
	INSTR_ROW_FUNCTION = 1,
	INSTR_ROW_ALLOC_SITE = 2,
	INSTR_ROW_LOCK_SITE = 3,
	INSTR_ROW_BLOCK_SITE = 4,
	INSTR_ROW_FREE_SITE = 5,
	INSTR_ROW_THREAD_SITE = 6,
};

/* Who must free what was allocated. Stored in the trace; numbers are never reused, 7 is the greatest. */
enum instr_family {
	INSTR_FAMILY_NONE = 0,
	INSTR_FAMILY_MALLOC = 1,
	INSTR_FAMILY_NEW = 2,
	INSTR_FAMILY_NEW_ARRAY = 3,
	INSTR_FAMILY_DECLARED = 4, /* an allocator of the program's own: alloc=, INSTR_ALLOCATOR */
	INSTR_FAMILY_POOL = 5,     /* what a program says of its pools: instr_pool_alloc and its like */
	INSTR_FAMILY_MAPPING = 6,  /* mmap, sbrk */
};

/* What a call that may block is for. Stored in the trace; numbers are never reused. */
enum instr_block_class {
	INSTR_BLOCK_READ = 1,
	INSTR_BLOCK_WRITE = 2,
	INSTR_BLOCK_OPEN = 3,
	INSTR_BLOCK_SYNC = 4,    /* until what was written is stored */
	INSTR_BLOCK_CONNECT = 5,
	INSTR_BLOCK_ACCEPT = 6,
	INSTR_BLOCK_POLL = 7,    /* for the first of several things */
	INSTR_BLOCK_SLEEP = 8,
	INSTR_BLOCK_SIGNAL = 9,
	INSTR_BLOCK_CHILD = 10,
	INSTR_BLOCK_JOIN = 11,   /* of a thread */
	INSTR_BLOCK_CONDITION = 12,
	INSTR_BLOCK_SEMAPHORE = 13,
	INSTR_BLOCK_BARRIER = 14,
	INSTR_BLOCK_ONCE = 15,   /* until something that is done once is done, by the caller or another */
	INSTR_BLOCK_FUTEX = 16,  /* until a word in memory changes */
	INSTR_BLOCK_FILE_LOCK = 17,
};

/* How __instr_block_end takes the result of a call, and which descriptor it has. */
enum instr_block_how {
	INSTR_BLOCK_RESULT_MASK = 3,
	INSTR_BLOCK_RESULT_NONE = 0,     /* says nothing */
	INSTR_BLOCK_RESULT_NEGATIVE = 1, /* negative: it failed */
	INSTR_BLOCK_RESULT_BYTES = 2,    /* the same; else how many bytes it moved */
	INSTR_BLOCK_RESULT_CODE = 3,     /* not 0: it failed */
	INSTR_BLOCK_TIMED = 1 << 5,      /* with CODE: but not if its time was over */
	INSTR_BLOCK_RESULT_TIMED = INSTR_BLOCK_RESULT_CODE | INSTR_BLOCK_TIMED,
	INSTR_BLOCK_OF_MASK = 7 << 2,
	INSTR_BLOCK_OF_NONE = 0,
	INSTR_BLOCK_OF_ANY = 1 << 2,     /* the descriptor may be anything: it is asked for */
	INSTR_BLOCK_OF_SOCKET = 2 << 2,
	INSTR_BLOCK_OF_QUEUE = 3 << 2,
	INSTR_BLOCK_OF_NEW = 4 << 2,     /* it is the result, and may be anything */
	INSTR_BLOCK_OF_ACCEPTED = 5 << 2, /* a socket, and so is the result */
};

/* Which calls of a function may wait, by two arguments of theirs: of syscall the number and the third one, of the others the
 * second. */
enum instr_block_when {
	INSTR_BLOCK_ALWAYS = 0,
	INSTR_BLOCK_WHEN_FUTEX = 1,
	INSTR_BLOCK_WHEN_FLOCK = 2,
	INSTR_BLOCK_WHEN_LOCKF = 3,
	INSTR_BLOCK_WHEN_FCNTL = 4,
};

/* asm/unistd_64.h */
enum { INSTR_SYS_FUTEX = 202, INSTR_SYS_SECCOMP = 317, INSTR_SYS_FUTEX_WAITV = 449, INSTR_SYS_FUTEX_WAIT = 455 };

/* linux/futex.h, sys/file.h, unistd.h, fcntl.h */
static inline int instr_block_waits(enum instr_block_when when, int64_t first, int64_t second)
{
	enum { WAIT = 0, LOCK_PI = 6, WAIT_BITSET = 9, WAIT_REQUEUE_PI = 11, LOCK_PI2 = 13, COMMAND = 127 };
	enum { DO_NOT_WAIT = 4, UNLOCK = 8 /* flock */, LOCK = 1 /* lockf */, SET_AND_WAIT = 7, OPEN_FILE_SET_AND_WAIT = 38 /* fcntl */ };
	const unsigned waiting = 1u << WAIT | 1u << LOCK_PI | 1u << WAIT_BITSET | 1u << WAIT_REQUEUE_PI | 1u << LOCK_PI2;

	switch (when) {
	case INSTR_BLOCK_ALWAYS:
		return 1;
	case INSTR_BLOCK_WHEN_FUTEX:
		return first == INSTR_SYS_FUTEX_WAITV || first == INSTR_SYS_FUTEX_WAIT ||
		       (first == INSTR_SYS_FUTEX && (second & COMMAND) <= LOCK_PI2 && (waiting >> (second & COMMAND) & 1));
	case INSTR_BLOCK_WHEN_FLOCK:
		return !(second & (DO_NOT_WAIT | UNLOCK));
	case INSTR_BLOCK_WHEN_LOCKF:
		return (int)second == LOCK;
	case INSTR_BLOCK_WHEN_FCNTL:
		return (int)second == SET_AND_WAIT || (int)second == OPEN_FILE_SET_AND_WAIT;
	}
	return 0;
}

/* What __instr_block_shut is told of: a call of prctl or syscall, with its first argument, or of what always puts up a
 * filter of system calls. */
enum instr_block_shut { INSTR_BLOCK_SHUT_PRCTL = 0, INSTR_BLOCK_SHUT_SYSCALL = 1, INSTR_BLOCK_SHUT_ALWAYS = 2 };

/* What a lock is, and how it is taken. Stored in the trace; numbers are never reused, 7 is the greatest. */
enum instr_lock_mode {
	INSTR_LOCK_NONE = 0,
	INSTR_LOCK_MUTEX = 1,
	INSTR_LOCK_WRITE = 2, /* a read-write lock, for one alone; also what does not say how, as its unlock */
	INSTR_LOCK_READ = 3,  /* ... for many */
	INSTR_LOCK_SPIN = 4,
	INSTR_LOCK_MTX = 5,   /* of C11 */
	INSTR_LOCK_OWN = 6,   /* of the program's own: acquire=, INSTR_LOCK; for one alone */
	INSTR_LOCK_OWN_READ = 7, /* ... for many */
};

/* Why a function was not instrumented. Stored in the trace; numbers are never reused. */
enum instr_reason {
	INSTR_REASON_NONE = 0,          /* instrumented */
	INSTR_REASON_NAKED = 1,
	INSTR_REASON_COROUTINE = 2,     /* presplit coroutine */
	INSTR_REASON_ALWAYS_INLINE = 3, /* leftover always_inline body */
	INSTR_REASON_IFUNC_RESOLVER = 4,
	INSTR_REASON_SOURCE = 5,        /* INSTR_SKIP in the source */
	INSTR_REASON_ATTRIBUTE = 6,     /* disable_sanitizer_instrumentation or xray_never_instrument */
	INSTR_REASON_FILTER = 7,        /* deny=, or not in allow= */
	INSTR_REASON_RUNTIME = 8,       /* a name that belongs to the runtime */
	INSTR_REASON_AVAILABLE_EXTERNALLY = 9,
};

/* One per instrumented module (executable or shared object), passed by its comdat constructor. It
 * lives in the module; the runtime copies what it needs before it returns. rows and skipped may be
 * empty (begin == end, both may be NULL). */
struct instr_module {
	uint32_t abi;   /* INSTR_ABI */
	uint32_t bytes; /* sizeof(struct instr_module) */
	const struct instr_row *rows_begin;
	const struct instr_row *rows_end;
	const struct instr_row *skipped_begin;
	const struct instr_row *skipped_end;
	const char *options; /* the pass settings in force, one line, "key=value:key=value"; NULL if none */
	const void *abi_symbol;  /* &__instr_abi_1 */
	const void *link_symbol; /* &INSTR_LINK_SYMBOL */
};

_Static_assert(sizeof(struct instr_row) == 16, "a row is 16 bytes");
_Static_assert(sizeof(struct instr_module) == 64, "the pass emits this layout");

/* The hooks. Convention: preserve_all (every register but R11 survives, vector registers
 * included), nounwind, nonlazybind, no result. rdi = the function's row.
 *
 *   __instr_enter(row)          at entry, after the allocas
 *   __instr_exit(row)           before every return
 *   __instr_unwind(row)         in the cleanup pad through which an exception leaves
 *   __instr_tail(row)           before a musttail call
 *   __instr_landed(row, frame)  after every returns_twice call; frame = llvm.frameaddress(0)
 *
 * Thread-safe and async-signal-safe at every instruction. They never block except on a full ring
 * with a live drain (overflow=wait).
 *
 * Ordinary C convention, called by a module's constructor and destructor:
 *
 *   __instr_register(struct instr_module *)
 *   __instr_unregister(struct instr_module *)
 */
/* Calls of allocators (instr/allocators.def). The pass replaces the function that is called by one of
 * these, which calls it in turn: with the same arguments and two more behind them, the site's row and
 * the function that was to be called. What takes any number of arguments is left alone, and a hook is called
 * behind it. Ordinary C convention; what they call decides whether they throw, and what operator new throws has
 * been recorded then, as an allocation that failed. W is anything that fits a register.
 *
 *   void *__instr_alloc(size_t bytes, row, f)                    malloc, valloc, new
 *   void *__instr_alloc1(size_t bytes, W, row, f)                new with an alignment, or nothrow
 *   void *__instr_alloc2(size_t bytes, W, W, row, f)             new with both
 *   void *__instr_calloc(size_t count, size_t bytes, row, f)
 *   void *__instr_aligned_alloc(size_t alignment, size_t bytes, row, f)
 *   int   __instr_posix_memalign(void **out, size_t alignment, size_t bytes, row, f)
 *   void *__instr_realloc(void *block, size_t bytes, row, f)
 *   void *__instr_reallocarray(void *block, size_t count, size_t bytes, row, f)
 *   char *__instr_strdup(const char *, row, f)
 *   char *__instr_strndup(const char *, size_t, row, f)
 *   wchar_t *__instr_wcsdup(const wchar_t *, row, f)
 *   void  __instr_printed(char **out, int result, row)           behind asprintf, vasprintf
 *   ssize_t __instr_getline(char **line, size_t *bytes, FILE *, row, f)
 *   ssize_t __instr_getdelim(char **line, size_t *bytes, int delimiter, FILE *, row, f)
 *   void  __instr_free(void *block, row, f)                      free, delete
 *   void  __instr_free1(void *block, W, row, f)                  delete with a size, an alignment, or nothrow
 *   void  __instr_free2(void *block, W, W, row, f)               delete with two of these
 *   void *__instr_mmap(void *, size_t bytes, int, int, int, off_t, row, f)
 *   void  __instr_remapped(void *old, size_t old_bytes, size_t bytes, int flags, void *result, row) behind mremap
 *   int   __instr_munmap(void *, size_t bytes, row, f)
 *   void *__instr_sbrk(intptr_t, row, f)
 *
 * and in the place of what instr/instr.h tells of pools, whose functions do nothing:
 *
 *   void  __instr_pooled(const void *pool, const void *block, size_t bytes, row, f)
 *   void  __instr_unpooled(const void *pool, const void *block, row, f)
 *   void  __instr_pool_ended(const void *pool, row, f)
 *
 * and of the functions that take locks, wait for them and give them back (instr/locks.def), and signal conditions. Behind the row and the
 * function they have one more argument: what to try first, a function with the prototype of pthread_mutex_trylock, or NULL.
 * Of __instr_cxx_lock it returns a bool, whether it got the lock.
 *
 *   int   __instr_lock(void *lock, row, f, try)
 *   int   __instr_lock1(void *lock, const struct timespec *, row, f, try)
 *   int   __instr_clocklock(void *lock, clockid_t, const struct timespec *, row, f, NULL)
 *   int   __instr_trylock(void *lock, row, f, NULL)
 *   int   __instr_unlock(void *lock, row, f, NULL)
 *   int   __instr_lock_init(void *lock, const void *attributes, row, f, NULL)
 *   int   __instr_spin_init(void *lock, int, row, f, NULL)       mtx_init, too
 *   int   __instr_lock_destroy(void *lock, row, f, NULL)
 *   void  __instr_mtx_destroy(void *lock, row, f, NULL)
 *   int   __instr_cond_wait(void *condition, void *lock, row, f, NULL)
 *   int   __instr_cond_wait1(void *condition, void *lock, const struct timespec *, row, f, NULL)
 *   int   __instr_cond_clockwait(void *condition, void *lock, clockid_t, const struct timespec *, row, f, NULL)
 *   void  __instr_cxx_wait(std::condition_variable *, std::unique_lock<std::mutex> *, row, f, NULL)
 *   void  __instr_cxx_wait1(std::condition_variable *, std::unique_lock<std::mutex> *, W, row, f, NULL)
 *   int   __instr_cond_signal(void *condition, row, f, NULL)
 *   int   __instr_cond_broadcast(void *condition, row, f, NULL)
 *   void  __instr_cxx_notify_one(std::condition_variable *, row, f, NULL)
 *   void  __instr_cxx_notify_all(std::condition_variable *, row, f, NULL)
 *   void  __instr_cxx_lock(void *lock, row, f, try)
 *   bool  __instr_cxx_trylock(void *lock, row, f, NULL)
 *   void  __instr_cxx_unlock(void *lock, row, f, NULL)
 *
 * Thread-safe as the functions that they call. In a signal handler they do what these do there.
 *
 * Calls of allocators of the program's own (alloc=, free=, realloc=, INSTR_ALLOCATOR) stay as they are; in
 * front of them and behind them stand calls of these, which call nothing and do not throw:
 *
 *   void __instr_allocated(void *block, size_t bytes, row)       behind what allocates; NULL: it failed
 *   void __instr_freed(void *block, row)                         before what frees
 *   void __instr_resizing(void *block, row)                      before what resizes; NULL: it allocates
 *   void __instr_resized(void *before, void *after, size_t bytes, row)   behind it
 *
 * and beside those of its locks (acquire=, try_acquire=, release=, INSTR_LOCK)
 *
 *   void __instr_acquiring(void *lock, row)                      before what takes a lock
 *   void __instr_acquired(void *lock, uint64_t got, row)         behind it; 0: it does not have it
 *   void __instr_tried(void *lock, uint64_t got, row)            behind what only tries
 *   void __instr_releasing(void *lock, row)                      before what gives it back
 *
 * Thread-safe and async-signal-safe.
 *
 * Calls that may block (instr/blocking.def) stay as they are; in front of them and behind them, where they have
 * returned, stand calls of these, of ordinary C convention, which call nothing and do not throw:
 *
 *   uint64_t __instr_block_begin(row)                            what the other is given; 0: nothing is recorded
 *   void __instr_block_end(uint64_t begun, int64_t result, int descriptor, int how, row)
 *
 * and of those of which only some may wait (enum instr_block_when; the pass leaves out the others where it can tell)
 *
 *   uint64_t __instr_block_begin_if(int64_t first, int64_t second, int when, row)
 *
 * how: enum instr_block_how. errno stays as the call has left it. Thread-safe and async-signal-safe. Of a call that does
 * not return (its thread is cancelled in it, a handler leaves it by longjmp) only the begin is recorded.
 *
 * In front of calls that may put up a filter of system calls stands
 *
 *   void __instr_block_shut(int64_t first, int what)             what: enum instr_block_shut
 *
 * so that from then on no system call is made to know what a descriptor is of.
 *
 * Calls that create threads become
 *
 *   int __instr_pthread_create(pthread_t *, const pthread_attr_t *, void *(*start)(void *), void *, row, f)
 *   int __instr_thrd_create(thrd_t *, int (*start)(void *), void *, row, f)
 *
 * which call f, and have the new thread tell that it is theirs before it goes on in `start`. In std::thread of libstdc++,
 * which starts its thread out of line, the call stays as it is, between
 *
 *   uint64_t __instr_thread_begin(void)                          what the other is given; 0: nothing is recorded
 *   void __instr_thread_end(uint64_t begun, const std::thread *, row)
 *
 * errno stays as the call has left it. */

#define INSTR_HOOK_ENTER "__instr_enter"
#define INSTR_HOOK_EXIT "__instr_exit"
#define INSTR_HOOK_UNWIND "__instr_unwind"
#define INSTR_HOOK_TAIL "__instr_tail"
#define INSTR_HOOK_LANDED "__instr_landed"
#define INSTR_HOOK_REGISTER "__instr_register"
#define INSTR_HOOK_UNREGISTER "__instr_unregister"

#endif
