/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - the hooks around allocators (instr/hooks.h): each calls the function that the program meant and
 * records what it did.
 *
 * What takes memory is recorded behind the call, what gives it back before: else another thread might be
 * seen to get a block that has not ended yet. Of a realloc both ends are recorded.
 *
 * What gives back reads the clock behind a fence. Else a processor reads it some hundred cycles early, while it
 * waits for the lock or the pointer with which another thread has handed the block over, and by the stamps a block
 * would end before it began. An allocation needs none: that its address was another block's a moment ago shows
 * in the fold (IRT_HEAP_SLACK_TICKS).
 *
 * The steady path is the clock and one reservation of two units (of a pool's block three), as in hooks.S; what else may have to be
 * done is in cold.c. Neither errno nor anything else that the allocator has left is touched. These are
 * ordinary calls for the program: registers may change that a C function may change.
 *
 * An exception that operator new throws passes through, and is recorded on its way as an allocation that has
 * failed. What the unwinder needs for that belongs to programs that throw: it is not asked for in others.
 */
#include "capture/stream.h"

#include "capture/inside.h"
#include "instr/hooks.h"

/* Their prototypes are the compiler plugin's business: instr/hooks.h has them in words. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define HOOK __attribute__((visibility("default")))

/* ---- with libinstr_heap --------------------------------------------------------------------------------- */

/* Where that stands in front of the allocators (runtime/preload), the thread's word that says "inside an
 * allocator that records": what a hook calls is not recorded a second time there. NULL: it is not there. */
static uint32_t *(*inside)(void);

/* What libc allocates within asprintf or getline is seen there, and not to be recorded by their hooks; else (--wrap in
 * a program with shared libraries) it is not. */
static int sees_libc;

HOOK int __instr_heap_all(uint32_t *(*word)(void), int libc_too)
{
	uint32_t *(*before)(void) = irt_load_relaxed(&inside);
	if (before && before != word)
		return 0;
	irt_store_relaxed(&sees_libc, libc_too);
	irt_store_release(&inside, word); /* own */
	return 1;
}

struct entered {
	uint32_t *in; /* NULL: nobody asks. The other is then not set */
	uint32_t before;
};

/* Inlined: the frame is that of the hook. */
static inline __attribute__((always_inline)) struct entered enter(void)
{
	uint32_t *(*word)(void) = irt_load_relaxed(&inside);
	struct entered e;
	e.in = NULL;
	if (__builtin_expect(!word, 1))
		return e;
	const void *frame = __builtin_frame_address(0);
	e.in = word();
	e.before = irt_is_inside(*e.in, frame) ? *e.in : 0;
	*e.in = irt_inside_mark(frame);
	return e;
}

static inline void leave(struct entered e)
{
	if (e.in)
		*e.in = e.before;
}

#define CALL(call)                          \
	({                                  \
		struct entered e_ = enter(); \
		__typeof__(call) r_ = call; \
		leave(e_);                  \
		r_;                         \
	})

/* ---- records --------------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) void record_units(unsigned units, enum instr_ext ext, const struct instr_row *site,
							       const void *address, uint64_t bytes, const void *pool)
{
	const uint64_t family = site->flags >> INSTR_ROW_FAMILY_SHIFT & 255;
	const int ends = ext == INSTR_EXT_FREE || ext == INSTR_EXT_RESIZE || ext == INSTR_EXT_UNMAP || ext == INSTR_EXT_RESET;

	irt_record(&irt_local.heap_off, ends ? IRT_STAMP_FENCED : IRT_STAMP_EARLY, 0, ext, site, units,
		   instr_hidden((uint64_t)address), (bytes & INSTR_HEAP_BYTES_MASK) | family << INSTR_HEAP_FAMILY_SHIFT,
		   instr_hidden((uint64_t)pool));
}

static inline void record(enum instr_ext ext, const struct instr_row *site, const void *address, uint64_t bytes)
{
	record_units(2, ext, site, address, bytes, NULL);
}

HOOK void __instr_heap_record(enum instr_ext ext, const struct instr_row *site, const void *address, uint64_t bytes)
{
	record(ext, site, address, bytes);
}

static inline void *allocated(void *block, uint64_t bytes, const struct instr_row *site)
{
	record(INSTR_EXT_ALLOC, site, block, bytes);
	return block;
}

/* An exception comes here by capture/passing.c. Weak: a program without exceptions has no unwinder. */
__asm__(".weak _Unwind_Resume");

struct attempt {
	struct entered entered;
	uint64_t bytes;
	const struct instr_row *site;
	int returned;
};

static __attribute__((noinline, cold, nothrow)) void has_thrown(uint64_t bytes, const struct instr_row *site)
{
	record(INSTR_EXT_ALLOC, site, NULL, bytes);
}

static inline void end_attempt(const struct attempt *a)
{
	leave(a->entered);
	if (!a->returned)
		has_thrown(a->bytes, a->site);
}

#define TRY_IN(entered, call, bytes, site)                                                             \
	({                                                                                             \
		__attribute__((cleanup(end_attempt))) struct attempt a_ = {entered, bytes, site, 0};   \
		void *r_ = call;                                                                       \
		a_.returned = 1;                                                                       \
		r_;                                                                                    \
	})

/* CALL of what may throw. (Twice, so that the steady path asks once whether there is a word.) */
#define TRY(call, bytes, site)                                                                         \
	(__builtin_expect(!irt_load_relaxed(&inside), 1) ? TRY_IN((struct entered){0}, call, bytes, site) \
							  : TRY_IN(enter(), call, bytes, site))

static uint64_t text_bytes(const char *text)
{
	uint64_t n = 0;
	while (text[n])
		n++;
	return n + 1;
}

/* ---- allocating ------------------------------------------------------------------------------------- */

HOOK void *__instr_alloc(size_t bytes, const struct instr_row *site, void *(*f)(size_t))
{
	return allocated(TRY(f(bytes), bytes, site), bytes, site);
}

HOOK void *__instr_alloc1(size_t bytes, uint64_t a, const struct instr_row *site, void *(*f)(size_t, uint64_t))
{
	return allocated(TRY(f(bytes, a), bytes, site), bytes, site);
}

HOOK void *__instr_alloc2(size_t bytes, uint64_t a, uint64_t b, const struct instr_row *site,
		     void *(*f)(size_t, uint64_t, uint64_t))
{
	return allocated(TRY(f(bytes, a, b), bytes, site), bytes, site);
}

HOOK void *__instr_calloc(size_t count, size_t bytes, const struct instr_row *site, void *(*f)(size_t, size_t))
{
	return allocated(CALL(f(count, bytes)), count * bytes, site); /* a product that is too large has failed */
}

HOOK void *__instr_aligned_alloc(size_t alignment, size_t bytes, const struct instr_row *site, void *(*f)(size_t, size_t))
{
	return allocated(CALL(f(alignment, bytes)), bytes, site);
}

HOOK int __instr_posix_memalign(void **out, size_t alignment, size_t bytes, const struct instr_row *site,
			   int (*f)(void **, size_t, size_t))
{
	int result = CALL(f(out, alignment, bytes));
	allocated(result ? NULL : *out, bytes, site);
	return result;
}

HOOK char *__instr_strdup(const char *text, const struct instr_row *site, char *(*f)(const char *))
{
	char *copy = CALL(f(text));
	return allocated(copy, copy ? text_bytes(copy) : 0, site);
}

HOOK char *__instr_strndup(const char *text, size_t most, const struct instr_row *site, char *(*f)(const char *, size_t))
{
	char *copy = CALL(f(text, most));
	return allocated(copy, copy ? text_bytes(copy) : 0, site);
}

HOOK int32_t *__instr_wcsdup(const int32_t *text, const struct instr_row *site, int32_t *(*f)(const int32_t *))
{
	int32_t *copy = CALL(f(text));
	uint64_t n = 0;
	while (copy && copy[n])
		n++;
	return allocated(copy, (n + 1) * sizeof(*copy), site);
}

HOOK void __instr_printed(char **out, int32_t result, const struct instr_row *site)
{
	if (!irt_load_relaxed(&sees_libc)) /* else what was called has been recorded */
		allocated(result < 0 ? NULL : *out, (uint64_t)result + 1, site);
}

/* Before the call: see above. */
static inline void freed(const void *block, const struct instr_row *site)
{
	if (block)
		record(INSTR_EXT_FREE, site, block, 0);
}

/* ---- resizing --------------------------------------------------------------------------------------- */

static void *resized(void *before, void *after, uint64_t bytes, const struct instr_row *site)
{
	if (after)
		record(INSTR_EXT_RESIZED, site, after, bytes);
	else if (!bytes) /* that was a free */
		record(INSTR_EXT_RESIZED, site, NULL, 0);
	else
		record(INSTR_EXT_RESIZED, site, before, UINT64_MAX);
	return after;
}

HOOK void *__instr_realloc(void *block, size_t bytes, const struct instr_row *site, void *(*f)(void *, size_t))
{
	if (!block)
		return allocated(CALL(f(NULL, bytes)), bytes, site);
	record(INSTR_EXT_RESIZE, site, block, 0);
	return resized(block, CALL(f(block, bytes)), bytes, site);
}

HOOK void *__instr_reallocarray(void *block, size_t count, size_t bytes, const struct instr_row *site,
				void *(*f)(void *, size_t, size_t))
{
	uint64_t product = 0; /* one that is too large has failed, whatever is left of it */
	if (__builtin_mul_overflow(count, bytes, &product))
		product = UINT64_MAX;
	if (!block)
		return allocated(CALL(f(NULL, count, bytes)), product, site);
	record(INSTR_EXT_RESIZE, site, block, 0);
	return resized(block, CALL(f(block, count, bytes)), product, site);
}

/* Whether a line was too long for its buffer shows behind the call. */
static void line_read(char *before, size_t bytes_before, char *after, size_t bytes, const struct instr_row *site)
{
	if (!before && after) {
		record(INSTR_EXT_ALLOC, site, after, bytes);
	} else if (after && (after != before || bytes != bytes_before)) {
		record(INSTR_EXT_RESIZE, site, before, 0);
		record(INSTR_EXT_RESIZED, site, after, bytes);
	}
}

HOOK int64_t __instr_getline(char **line, size_t *bytes, void *file, const struct instr_row *site,
			int64_t (*f)(char **, size_t *, void *))
{
	if (irt_load_relaxed(&sees_libc)) /* more than its line: the file's buffer */
		return f(line, bytes, file);
	char *before = line ? *line : NULL;
	size_t bytes_before = bytes ? *bytes : 0;
	int64_t result = CALL(f(line, bytes, file));
	if (line && bytes)
		line_read(before, bytes_before, *line, *bytes, site);
	return result;
}

HOOK int64_t __instr_getdelim(char **line, size_t *bytes, int32_t delimiter, void *file, const struct instr_row *site,
			 int64_t (*f)(char **, size_t *, int32_t, void *))
{
	if (irt_load_relaxed(&sees_libc))
		return f(line, bytes, delimiter, file);
	char *before = line ? *line : NULL;
	size_t bytes_before = bytes ? *bytes : 0;
	int64_t result = CALL(f(line, bytes, delimiter, file));
	if (line && bytes)
		line_read(before, bytes_before, *line, *bytes, site);
	return result;
}

/* ---- allocators of the program's own: called by the program, between or beside these ----------------- */

HOOK void __instr_allocated(void *block, size_t bytes, const struct instr_row *site) { allocated(block, bytes, site); }

HOOK void __instr_freed(void *block, const struct instr_row *site) { freed(block, site); }

/* These two are called by one function, so their frames have one place. What throws between them leaves the
 * thread inside until someone comes who is less deep in the stack. */
HOOK void __instr_resizing(void *block, const struct instr_row *site)
{
	if (block)
		record(INSTR_EXT_RESIZE, site, block, 0);
	struct entered e = enter();
	if (e.in && e.before) /* stays another one's */
		leave(e);
}

HOOK void __instr_resized(void *before, void *after, size_t bytes, const struct instr_row *site)
{
	uint32_t *(*word)(void) = irt_load_relaxed(&inside), *in = word ? word() : NULL;
	if (in && *in == irt_inside_mark(__builtin_frame_address(0)))
		*in = 0;
	if (before)
		resized(before, after, bytes, site);
	else
		allocated(after, bytes, site);
}

/* ---- freeing ---------------------------------------------------------------------------------------- */

HOOK void __instr_free(void *block, const struct instr_row *site, void (*f)(void *))
{
	freed(block, site);
	struct entered e = enter();
	f(block);
	leave(e);
}

HOOK void __instr_free1(void *block, uint64_t a, const struct instr_row *site, void (*f)(void *, uint64_t))
{
	freed(block, site);
	struct entered e = enter();
	f(block, a);
	leave(e);
}

HOOK void __instr_free2(void *block, uint64_t a, uint64_t b, const struct instr_row *site,
		   void (*f)(void *, uint64_t, uint64_t))
{
	freed(block, site);
	struct entered e = enter();
	f(block, a, b);
	leave(e);
}

/* ---- mappings --------------------------------------------------------------------------------------- */

/* What is no range is refused, and ends nothing. */
static void unmapped(const void *address, uint64_t bytes, const struct instr_row *site)
{
	uint64_t pages = (bytes + IRT_PAGE - 1) & ~(uint64_t)(IRT_PAGE - 1);
	if (bytes && bytes <= pages && !((uint64_t)address & (IRT_PAGE - 1)))
		record(INSTR_EXT_UNMAP, site, address, pages);
}

HOOK void *__instr_mmap(void *where, size_t bytes, int32_t protection, int32_t flags, int32_t file, int64_t offset,
			const struct instr_row *site, void *(*f)(void *, size_t, int32_t, int32_t, int32_t, int64_t))
{
	void *result = CALL(f(where, bytes, protection, flags, file, offset));
	allocated(result == (void *)-1 ? NULL : result, bytes, site);
	return result;
}

/* Flag 4, MREMAP_DONTUNMAP: the old range stays. */
HOOK void __instr_heap_remapped(void *old, size_t old_bytes, size_t bytes, int32_t flags, void *result,
				const struct instr_row *site)
{
	if (result == (void *)-1) {
		allocated(NULL, bytes, site);
		return;
	}
	if (!(flags & 4))
		unmapped(old, old_bytes, site);
	record(INSTR_EXT_RESIZED, site, result, bytes);
}

HOOK void __instr_remapped(void *old, size_t old_bytes, size_t bytes, int32_t flags, void *result, const struct instr_row *site)
{
	if (!irt_load_relaxed(&inside)) /* else what was called has been recorded */
		__instr_heap_remapped(old, old_bytes, bytes, flags, result, site);
}

HOOK int32_t __instr_munmap(void *address, size_t bytes, const struct instr_row *site, int32_t (*f)(void *, size_t))
{
	unmapped(address, bytes, site);
	return CALL(f(address, bytes));
}

HOOK void *__instr_sbrk(int64_t bytes, const struct instr_row *site, void *(*f)(int64_t))
{
	char *end = CALL(f(bytes));
	if (bytes > 0)
		allocated(end == (void *)-1 ? NULL : end, (uint64_t)bytes, site);
	else if (bytes < 0 && end != (void *)-1)
		record(INSTR_EXT_UNMAP, site, end + bytes, -(uint64_t)bytes);
	return end;
}

/* ---- pools ------------------------------------------------------------------------------------------ */

HOOK void __instr_pooled(const void *pool, const void *block, size_t bytes, const struct instr_row *site, const void *f)
{
	(void)f;
	record_units(3, INSTR_EXT_POOL, site, block, bytes, pool);
}

HOOK void __instr_unpooled(const void *pool, const void *block, const struct instr_row *site, const void *f)
{
	(void)f, (void)pool;
	freed(block, site);
}

HOOK void __instr_pool_ended(const void *pool, const struct instr_row *site, const void *f)
{
	(void)f;
	if (pool)
		record(INSTR_EXT_RESET, site, pool, 0);
}
