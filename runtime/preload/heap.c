/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - allocations in code without hooks (libraries that were not compiled with the plugin, allocators called
 * through pointers). Compiled twice:
 *
 *     libinstr_heap.so   stands in front of the allocators of the process: its functions have their names, and the next
 *                        ones of that name come from dlsym. Linked in by instr-clang --instr=heap=all, or preloaded.
 *     libinstr_heap.a    (IRT_HEAP_WRAP) the linker puts its functions in the place of theirs (--wrap), in what it links
 *                        into one program: --instr=heap=wrap, and heap=all in a static program.
 *
 * Its functions record, and call what they stand for. What a hook has called (capture/heap.c), or an allocator of another
 * one's, is that one's: each thread knows whether it is inside of one.
 *
 * Unlike the rest of what runs in the program this is ordinary code that uses libc: for dlsym alone,
 * once per function.
 */
#define _GNU_SOURCE
#include "capture/inside.h"
#include "instr/hooks.h"
#include "instr/record.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef IRT_HEAP_WRAP
#include <elf.h>
#endif

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#ifdef IRT_HEAP_WRAP
#define FRONT(name) __wrap_##name
#define SHOWN
#else
#define FRONT(name) name
#define SHOWN __attribute__((visibility("default")))
#endif

/* What the runtime has for this alone. The second returns 0 if another one stands in front already, as a preloaded
 * library where the program was linked with heap=wrap: what both see would be there twice. */
void __instr_heap_record(enum instr_ext ext, const struct instr_row *site, const void *address, uint64_t bytes);
int __instr_heap_all(uint32_t *(*inside)(void), int libc_too);

/* ---- sites: rows as the plugin makes them, one per function ------------------------------------------ */

/* kind and family: enum instr_row_kind | enum instr_family << INSTR_ROW_FAMILY_SHIFT */
#define ROW(name, text, flags)                                                                                             \
	__asm__(".pushsection .rodata.str, \"aMS\", @progbits, 1\n"                                                        \
		".Ltext_" #name ": .asciz \"" text "\"\n"                                                                  \
		".Lfile_" #name ": .asciz \"code without hooks\"\n"                                                        \
		".popsection\n"                                                                                            \
		".pushsection " INSTR_ROWS_SECTION ", \"aw\", @progbits\n"                                                 \
		".balign 16\n"                                                                                             \
		"row_" #name ": .long .Ltext_" #name " - row_" #name ", .Lfile_" #name " - row_" #name ", 0, " #flags "\n" \
		".popsection\n");                                                                                          \
	extern struct instr_row row_##name __attribute__((visibility("hidden")))

_Static_assert(INSTR_ROW_ALLOC_SITE == 2 && INSTR_ROW_FREE_SITE == 5 && INSTR_ROW_FAMILY_SHIFT == 8, "numbers below");
#define MALLOC_ROW(name) ROW(name, #name, 0x102)
#define NEW_ROW(name) ROW(name, #name, 0x202)
#define NEW_ARRAY_ROW(name) ROW(name, #name, 0x302)

MALLOC_ROW(malloc);
MALLOC_ROW(calloc);
MALLOC_ROW(realloc);
MALLOC_ROW(reallocarray);
MALLOC_ROW(posix_memalign);
MALLOC_ROW(aligned_alloc);
MALLOC_ROW(memalign);
MALLOC_ROW(valloc);
MALLOC_ROW(pvalloc);
ROW(free, "free", 0x105);
ROW(mmap, "mmap", 0x602);
ROW(mremap, "mremap", 0x602);
ROW(sbrk, "sbrk", 0x602);
ROW(munmap, "munmap", 0x605);
#ifdef IRT_HEAP_WRAP
MALLOC_ROW(strdup);
MALLOC_ROW(strndup);
MALLOC_ROW(wcsdup);
MALLOC_ROW(getline);
MALLOC_ROW(getdelim);
#endif
NEW_ROW(_Znwm);
NEW_ROW(_ZnwmRKSt9nothrow_t);
NEW_ROW(_ZnwmSt11align_val_t);
NEW_ROW(_ZnwmSt11align_val_tRKSt9nothrow_t);
ROW(_ZdlPv, "_ZdlPv", 0x205);
NEW_ARRAY_ROW(_Znam);
NEW_ARRAY_ROW(_ZnamRKSt9nothrow_t);
NEW_ARRAY_ROW(_ZnamSt11align_val_t);
NEW_ARRAY_ROW(_ZnamSt11align_val_tRKSt9nothrow_t);
ROW(_ZdaPv, "_ZdaPv", 0x305);

extern const struct instr_row __start_instr_sites[] __attribute__((visibility("hidden")));
extern const struct instr_row __stop_instr_sites[] __attribute__((visibility("hidden")));
void __instr_register(const struct instr_module *);
void __instr_unregister(const struct instr_module *);
static const struct instr_module module = {
	.abi = INSTR_ABI, .bytes = sizeof(module), .rows_begin = __start_instr_sites, .rows_end = __stop_instr_sites};

/* ---- inside ------------------------------------------------------------------------------------------ */

/* capture/inside.h */
static __thread uint32_t inside __attribute__((tls_model("initial-exec")));

/* The stack pointer: nothing that is called from here lies as high. */
static inline __attribute__((always_inline)) const void *here(void)
{
	const void *sp;
	__asm__("movq %%rsp, %0" : "=r"(sp));
	return sp;
}

/* Does not record: another one does, or libc is still starting the program (its loader's work, if it is static). */
#ifdef IRT_HEAP_WRAP
static int stands_back = 1;
#else
static int stands_back;
#endif

static inline __attribute__((always_inline)) int is_inside(void)
{
	return __builtin_expect((uint32_t)stands_back | inside, 0) && (stands_back || irt_is_inside(inside, here()));
}

static inline __attribute__((always_inline)) void enter(void) { inside = irt_inside_mark(here()); }

static uint32_t *inside_of_thread(void) { return &inside; }

/* Are the calls that libc makes itself seen, too? Of a static program: one that names no loader. */
#ifdef IRT_HEAP_WRAP
extern const Elf64_Ehdr __ehdr_start __attribute__((weak, visibility("hidden"))); /* the linker's */

static int sees_libc(void)
{
	const Elf64_Ehdr *file = &__ehdr_start;
	const Elf64_Phdr *parts = file ? (const Elf64_Phdr *)((const char *)file + file->e_phoff) : NULL;

	for (int i = 0; parts && i < file->e_phnum; i++)
		if (parts[i].p_type == PT_INTERP)
			return 0;
	return file != NULL;
}
#else
static int sees_libc(void) { return 1; }
#endif

__attribute__((constructor(101))) static void begin(void)
{
	static int begun;
	if (begun)
		return;
	begun = 1;
	stands_back = !__instr_heap_all(inside_of_thread, sees_libc());
	if (!stands_back)
		__instr_register(&module);
}

#ifdef IRT_HEAP_WRAP
/* In a static program before all constructors: there is no library that could stand in front as well. */
static void begin_early(void)
{
	if (sees_libc())
		begin();
}
__attribute__((section(".preinit_array"), used)) static void (*const at_first)(void) = begin_early;
#endif

__attribute__((destructor(101))) static void end(void)
{
	if (!stands_back)
		__instr_unregister(&module);
}

/* ---- the next ones of these names -------------------------------------------------------------------- */

#ifdef IRT_HEAP_WRAP

/* Nothing is looked up. */
static inline void *early_block(size_t bytes) { return (void)bytes, NULL; }
static inline int is_early(const void *p) { return (void)p, 0; }
static inline void *leave_early(void *block, size_t bytes) { return (void)block, (void)bytes, NULL; }

/* Weak: not every program has all of them. (glibc has those of C in one object, and who brings another allocator may not
 * have them all; other libcs have objects for each, and bring those that are asked for.) */
#define NEXT_OF(result, name, types)                             \
	extern __attribute__((weak)) result __real_##name types; \
	result(*f) types = __real_##name
#ifdef __GLIBC__
#define NEXT(result, name, ...) NEXT_OF(result, name, (__VA_ARGS__))
#else
#define NEXT(result, name, ...)                   \
	extern result __real_##name(__VA_ARGS__); \
	result (*f)(__VA_ARGS__) = __real_##name
#endif

#else

/* While they are looked up, dlsym may want memory itself: it gets it from here and never gives it back. */
static _Alignas(16) unsigned char early[4096];
static size_t early_used;
static __thread int looking __attribute__((tls_model("initial-exec")));

static void *early_block(size_t bytes)
{
	size_t at = __atomic_fetch_add(&early_used, (bytes + 15) & ~(size_t)15, __ATOMIC_RELAXED);
	return at + bytes <= sizeof(early) ? early + at : NULL;
}

static int is_early(const void *p) { return (const unsigned char *)p >= early && (const unsigned char *)p < early + sizeof(early); }

/* A block from the time of looking up has no size that anybody knows; it lies in `early`, from its place on. */
static void *leave_early(void *block, size_t bytes)
{
	size_t most = (size_t)(early + sizeof(early) - (unsigned char *)block);
	void *after = malloc(bytes);
	return after ? memcpy(after, block, bytes < most ? bytes : most) : NULL;
}

static void *next(void **known, const char *name)
{
	void *f = __atomic_load_n(known, __ATOMIC_RELAXED);
	if (__builtin_expect(!f && !looking, 0)) {
		looking = 1;
		f = dlsym(RTLD_NEXT, name);
		looking = 0;
		__atomic_store_n(known, f, __ATOMIC_RELAXED);
	}
	return f;
}

#define NEXT_OF(result, name, types) \
	static void *known;          \
	result(*f) types = (result(*) types)next(&known, #name)
#define NEXT(result, name, ...) NEXT_OF(result, name, (__VA_ARGS__))

#endif

/* Recording is done outside: it may have to wait, and a signal handler may allocate meanwhile. */
static void *allocated(void *block, size_t bytes, const struct instr_row *row)
{
	inside = 0;
	__instr_heap_record(INSTR_EXT_ALLOC, row, block, bytes);
	return block;
}

/* ---- C ----------------------------------------------------------------------------------------------- */

SHOWN void *FRONT(malloc)(size_t bytes)
{
	NEXT(void *, malloc, size_t);
	if (!f)
		return early_block(bytes);
	if (is_inside())
		return f(bytes);
	enter();
	return allocated(f(bytes), bytes, &row_malloc);
}

SHOWN void *FRONT(calloc)(size_t count, size_t bytes)
{
	NEXT(void *, calloc, size_t, size_t);
	if (!f)
		return early_block(count * bytes); /* all zero */
	if (is_inside())
		return f(count, bytes);
	enter();
	return allocated(f(count, bytes), count * bytes, &row_calloc);
}

static void *resized(void *before, void *after, size_t bytes, const struct instr_row *row)
{
	inside = 0;
	__instr_heap_record(INSTR_EXT_RESIZED, row, after ? after : bytes ? before : NULL, after || !bytes ? bytes : UINT64_MAX);
	return after;
}

SHOWN void *FRONT(realloc)(void *block, size_t bytes)
{
	NEXT(void *, realloc, void *, size_t);
	if (!f)
		return block ? NULL : early_block(bytes);
	if (is_early(block))
		return leave_early(block, bytes);
	if (is_inside())
		return f(block, bytes);
	if (block)
		__instr_heap_record(INSTR_EXT_RESIZE, &row_realloc, block, 0);
	enter();
	if (!block)
		return allocated(f(NULL, bytes), bytes, &row_realloc);
	return resized(block, f(block, bytes), bytes, &row_realloc);
}

SHOWN void *FRONT(reallocarray)(void *block, size_t count, size_t bytes)
{
	size_t product;
	if (__builtin_mul_overflow(count, bytes, &product)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, product);
}

SHOWN void FRONT(free)(void *block)
{
	NEXT(void, free, void *);
	if (!block || !f || is_early(block))
		return;
	if (is_inside()) {
		f(block);
		return;
	}
	__instr_heap_record(INSTR_EXT_FREE, &row_free, block, 0);
	enter();
	f(block);
	inside = 0;
}

SHOWN int FRONT(posix_memalign)(void **out, size_t alignment, size_t bytes)
{
	NEXT(int, posix_memalign, void **, size_t, size_t);
	if (!f)
		return ENOMEM;
	if (is_inside())
		return f(out, alignment, bytes);
	enter();
	int result = f(out, alignment, bytes);
	allocated(result ? NULL : *out, bytes, &row_posix_memalign);
	return result;
}

#define ALIGNED(name)                                                      \
	SHOWN void *FRONT(name)(size_t alignment, size_t bytes)            \
	{                                                                  \
		NEXT(void *, name, size_t, size_t);                        \
		if (!f || is_inside())                                     \
			return f ? f(alignment, bytes) : NULL;             \
		enter();                                                   \
		return allocated(f(alignment, bytes), bytes, &row_##name); \
	}
ALIGNED(aligned_alloc)
ALIGNED(memalign)

#define ONE_SIZE(name)                                          \
	SHOWN void *FRONT(name)(size_t bytes)                   \
	{                                                       \
		NEXT(void *, name, size_t);                     \
		if (!f || is_inside())                          \
			return f ? f(bytes) : NULL;             \
		enter();                                        \
		return allocated(f(bytes), bytes, &row_##name); \
	}
ONE_SIZE(valloc)
ONE_SIZE(pvalloc)

/* What libc makes of these, where its calls are not seen (the wrapper names them there alone): as the hooks do it. */
#ifdef IRT_HEAP_WRAP
char *__instr_strdup(const char *, const struct instr_row *, char *(*)(const char *));
char *__instr_strndup(const char *, size_t, const struct instr_row *, char *(*)(const char *, size_t));
int32_t *__instr_wcsdup(const int32_t *, const struct instr_row *, int32_t *(*)(const int32_t *));
int64_t __instr_getline(char **, size_t *, void *, const struct instr_row *, int64_t (*)(char **, size_t *, void *));
int64_t __instr_getdelim(char **, size_t *, int32_t, void *, const struct instr_row *, int64_t (*)(char **, size_t *, int32_t, void *));

#define MADE(name, as, result, types, parameters, ...)          \
	SHOWN result FRONT(name) parameters                     \
	{                                                       \
		NEXT_OF(result, name, types);                   \
		if (is_inside())                                \
			return f(__VA_ARGS__);                  \
		return __instr_##as(__VA_ARGS__, &row_##as, f); \
	}
MADE(strdup, strdup, char *, (const char *), (const char *text), text)
MADE(__strdup, strdup, char *, (const char *), (const char *text), text)
MADE(strndup, strndup, char *, (const char *, size_t), (const char *text, size_t most), text, most)
MADE(__strndup, strndup, char *, (const char *, size_t), (const char *text, size_t most), text, most)
MADE(wcsdup, wcsdup, int32_t *, (const int32_t *), (const int32_t *text), text)
MADE(getline, getline, int64_t, (char **, size_t *, void *), (char **line, size_t *bytes, void *file), line, bytes, file)
MADE(getdelim, getdelim, int64_t, (char **, size_t *, int32_t, void *), (char **line, size_t *bytes, int32_t end, void *file), line, bytes, end, file)
MADE(__getdelim, getdelim, int64_t, (char **, size_t *, int32_t, void *), (char **line, size_t *bytes, int32_t end, void *file), line, bytes, end, file)
#endif

/* ---- mappings: as the hooks do it ------------------------------------------------------------------------ */

#define MAP_TYPES (void *, size_t, int32_t, int32_t, int32_t, int64_t)
void *__instr_mmap(void *, size_t, int32_t, int32_t, int32_t, int64_t, const struct instr_row *, void *(*)MAP_TYPES);
int32_t __instr_munmap(void *, size_t, const struct instr_row *, int32_t (*)(void *, size_t));
void *__instr_sbrk(int64_t, const struct instr_row *, void *(*)(int64_t));
void __instr_heap_remapped(void *old, size_t old_bytes, size_t bytes, int32_t flags, void *result, const struct instr_row *);

#define MAPS(name)                                                                                                       \
	SHOWN void *FRONT(name)(void *where, size_t bytes, int32_t protection, int32_t flags, int32_t file, int64_t offset) \
	{                                                                                                                \
		NEXT_OF(void *, name, MAP_TYPES);                                                                        \
		if (is_inside())                                                                                         \
			return f(where, bytes, protection, flags, file, offset);                                         \
		return __instr_mmap(where, bytes, protection, flags, file, offset, &row_mmap, f);                        \
	}
MAPS(mmap)
MAPS(mmap64)

SHOWN int32_t FRONT(munmap)(void *address, size_t bytes)
{
	NEXT(int32_t, munmap, void *, size_t);
	return is_inside() ? f(address, bytes) : __instr_munmap(address, bytes, &row_munmap, f);
}

SHOWN void *FRONT(sbrk)(int64_t bytes)
{
	NEXT(void *, sbrk, int64_t);
	return is_inside() ? f(bytes) : __instr_sbrk(bytes, &row_sbrk, f);
}

SHOWN void *FRONT(mremap)(void *old, size_t old_bytes, size_t bytes, int32_t flags, void *where) /* the last if flags say so */
{
	NEXT(void *, mremap, void *, size_t, size_t, int32_t, ...);
	if (is_inside())
		return f(old, old_bytes, bytes, flags, where);
	enter();
	void *result = f(old, old_bytes, bytes, flags, where);
	inside = 0;
	__instr_heap_remapped(old, old_bytes, bytes, flags, result, &row_mremap);
	return result;
}

/* ---- C++: where libstdc++ or libc++ is in the process -------------------------------------------------- */

/* An exception passes through (capture/passing.c): this allocation has failed. */
__asm__(".weak _Unwind_Resume"); /* a program in C has no unwinder */

struct attempt {
	int returned;
	size_t bytes;
	const struct instr_row *row;
};

static void end_attempt(const struct attempt *a)
{
	inside = 0;
	if (!a->returned)
		__instr_heap_record(INSTR_EXT_ALLOC, a->row, NULL, a->bytes);
}

static void *no_operator(size_t bytes) /* no C++ library in the process, yet somebody calls its operator */
{
	void *p = malloc(bytes);
	if (!p)
		abort();
	return p;
}

#define NEW(name, types, parameters, arguments)                                                            \
	SHOWN void *FRONT(name) parameters                                                                 \
	{                                                                                                  \
		NEXT_OF(void *, name, types);                                                              \
		void *block;                                                                               \
		if (!f)                                                                                    \
			return no_operator(bytes);                                                         \
		if (is_inside())                                                                           \
			return f arguments;                                                                \
		enter();                                                                                   \
		{                                                                                          \
			__attribute__((cleanup(end_attempt))) struct attempt a_ = {0, bytes, &row_##name}; \
			block = f arguments;                                                               \
			a_.returned = 1;                                                                   \
		}                                                                                          \
		return allocated(block, bytes, &row_##name);                                               \
	}
NEW(_Znwm, (size_t), (size_t bytes), (bytes))
NEW(_Znam, (size_t), (size_t bytes), (bytes))
NEW(_ZnwmRKSt9nothrow_t, (size_t, const void *), (size_t bytes, const void *a), (bytes, a))
NEW(_ZnamRKSt9nothrow_t, (size_t, const void *), (size_t bytes, const void *a), (bytes, a))
NEW(_ZnwmSt11align_val_t, (size_t, size_t), (size_t bytes, size_t a), (bytes, a))
NEW(_ZnamSt11align_val_t, (size_t, size_t), (size_t bytes, size_t a), (bytes, a))
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t, size_t, const void *), (size_t bytes, size_t a, const void *b), (bytes, a, b))
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t, size_t, const void *), (size_t bytes, size_t a, const void *b), (bytes, a, b))

/* Exceptions are nobody's inside, though an operator new makes them, that must fail: who catches one ends it, and what the
 * unwinder needs for it stays. */
SHOWN void *FRONT(__cxa_allocate_exception)(size_t bytes)
{
	NEXT_OF(void *, __cxa_allocate_exception, (size_t));
	uint32_t before = inside;
	if (!f)
		abort();
	inside = 0;
	void *exception = f(bytes);
	inside = before;
	return exception;
}

SHOWN void FRONT(__cxa_throw)(void *exception, void *type, void (*destroy)(void *))
{
	NEXT_OF(void, __cxa_throw, (void *, void *, void (*)(void *)));
	if (!f)
		abort();
	inside = 0; /* where it passes it is set to what it was */
	f(exception, type, destroy);
}

#define DELETE(name, row, types, parameters, arguments)                    \
	SHOWN void FRONT(name) parameters                                  \
	{                                                                  \
		NEXT_OF(void, name, types);                                \
		if (!block)                                                \
			return;                                            \
		if (!f) {                                                  \
			free(block);                                       \
			return;                                            \
		}                                                          \
		if (is_inside()) {                                         \
			f arguments;                                       \
			return;                                            \
		}                                                          \
		__instr_heap_record(INSTR_EXT_FREE, &row_##row, block, 0); \
		enter();                                                   \
		f arguments;                                               \
		inside = 0;                                                \
	}
#define DELETES(base)                                                                                                    \
	DELETE(base, base, (void *), (void *block), (block))                                                             \
	DELETE(base##m, base, (void *, size_t), (void *block, size_t a), (block, a))                                     \
	DELETE(base##RKSt9nothrow_t, base, (void *, const void *), (void *block, const void *a), (block, a))             \
	DELETE(base##St11align_val_t, base, (void *, size_t), (void *block, size_t a), (block, a))                       \
	DELETE(base##mSt11align_val_t, base, (void *, size_t, size_t), (void *block, size_t a, size_t b), (block, a, b)) \
	DELETE(base##St11align_val_tRKSt9nothrow_t, base, (void *, size_t, const void *),                                \
	       (void *block, size_t a, const void *b), (block, a, b))
DELETES(_ZdlPv)
DELETES(_ZdaPv)
