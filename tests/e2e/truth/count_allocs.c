/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * count_allocs.c - the independent counter of allocations. It knows nothing of traces: it stands between
 * those who allocate and libc, one way or the other.
 *
 *     cc -DCOUNT_PRELOAD -shared -fPIC   a library for LD_PRELOAD: whatever the process allocates, libc and
 *                                        libstdc++ included. That is what valgrind counts.
 *     cc -c, and to the link of a program -Wl,--wrap=NAME for each name of instr/allocators.def
 *                                        an object: what the object files of the program call, by name or
 *                                        address. That is what a trace has; calls inside of shared
 *                                        libraries go past it. The linker decides by the symbol, not by a
 *                                        return address, which tells nothing of who has made a tail call.
 *
 * Counts begin with the first call, before main and before constructors, and end with the process: they are in
 * shared memory of the file that COUNT_ALLOCS names (default: nowhere), in the order of struct counts, and
 * are whole however the process ends. So nothing is left out before main or in exit handlers; who compares
 * with valgrind has it leave libc's own memory alone at the end (--run-libc-freeres=no).
 *
 * Words: a realloc that succeeds is the end of one block and the beginning of another, as for valgrind;
 * it holds the bytes of either, never of both. A failed one is no end. A free of a block that nobody here has seen begin
 * counts in unknown, the same of an address that begins again while its block is alive in lost (and that
 * block in frees): a shared library has begun, or ended, those.
 *
 * Threads: any number; a block is put down after the allocator has given it and crossed out before that gets it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

enum family { MALLOC, NEW, NEW_ARRAY, FAMILIES };

/* The file: 64-bit numbers in this order. */
struct counts {
	struct {
		uint64_t allocs, bytes, failed; /* by family of the block */
		uint64_t frees, freed_bytes;    /* the same */
	} of[FAMILIES];
	uint64_t resized;
	uint64_t lost, unknown;
	uint64_t live_blocks, live_bytes;
	uint64_t peak_blocks, peak_bytes; /* the first moment of the most bytes */
};

struct block {
	uintptr_t address; /* 0 empty, 1 was one */
	uint64_t bytes : 62;
	uint64_t family : 2;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counts *counts, nowhere;
static struct block *blocks;
static size_t slots, used; /* a power of two; with those that were one */

static void *pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		_exit(99);
	return p;
}

static struct block *slot_of(uintptr_t address)
{
	size_t i = (address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
	struct block *free_one = NULL;

	for (;; i++) {
		struct block *b = &blocks[i & (slots - 1)];
		if (b->address == address)
			return b;
		if (b->address == 1 && !free_one)
			free_one = b;
		if (!b->address)
			return free_one ? free_one : b;
	}
}

static void put(uintptr_t address, uint64_t bytes, unsigned family)
{
	struct block *b = slot_of(address);
	used += b->address == 0;
	*b = (struct block){address, bytes, family};
}

static void make_room(void)
{
	struct block *old = blocks;
	size_t old_slots = slots, alive = 0;

	if (slots && used * 2 < slots)
		return;
	for (size_t i = 0; i < old_slots; i++)
		alive += old[i].address > 1;
	slots = slots ? slots : 1 << 12;
	while (alive * 4 >= slots)
		slots *= 2;
	blocks = pages(slots * sizeof(*blocks));
	used = 0;
	for (size_t i = 0; i < old_slots; i++)
		if (old[i].address > 1)
			put(old[i].address, old[i].bytes, old[i].family);
	if (old)
		munmap(old, old_slots * sizeof(*old));
}

static void enter(void)
{
	pthread_mutex_lock(&lock);
	if (counts)
		return;
	const char *path = getenv("COUNT_ALLOCS");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	void *p = MAP_FAILED;
	counts = &nowhere;
	if (fd >= 0 && ftruncate(fd, sizeof(*counts)) == 0)
		p = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (p != MAP_FAILED)
		counts = p;
}

static void ends(const struct block *b)
{
	counts->of[b->family].frees++;
	counts->of[b->family].freed_bytes += b->bytes;
	counts->live_blocks--;
	counts->live_bytes -= b->bytes;
}

static void begins(void *p, uint64_t bytes, unsigned family)
{
	struct block *b;

	make_room();
	b = slot_of((uintptr_t)p);
	if (b->address == (uintptr_t)p) {
		counts->lost++;
		ends(b);
	}
	put((uintptr_t)p, bytes, family);
	counts->of[family].allocs++;
	counts->of[family].bytes += bytes;
	counts->live_blocks++;
	counts->live_bytes += bytes;
	if (counts->live_bytes > counts->peak_bytes) {
		counts->peak_bytes = counts->live_bytes;
		counts->peak_blocks = counts->live_blocks;
	}
}

/* Nothing of errno: it is the caller's. */
static void *allocated(void *p, uint64_t bytes, unsigned family)
{
	int error = errno;
	enter();
	if (p)
		begins(p, bytes, family);
	else
		counts->of[family].failed++;
	pthread_mutex_unlock(&lock);
	errno = error;
	return p;
}

/* Out of the table: nobody else may have the address before it is free. */
static struct block cross_out(void *p)
{
	struct block none = {0}, found, *b;

	if (!p)
		return none;
	make_room();
	b = slot_of((uintptr_t)p);
	if (b->address != (uintptr_t)p)
		return none;
	found = *b;
	b->address = 1;
	return found;
}

static void freed(void *p)
{
	int error = errno;
	if (!p)
		return;
	enter();
	struct block b = cross_out(p);
	if (b.address)
		ends(&b);
	else
		counts->unknown++;
	pthread_mutex_unlock(&lock);
	errno = error;
}

static struct block taken(void *p)
{
	enter();
	struct block b = cross_out(p);
	pthread_mutex_unlock(&lock);
	return b;
}

static void *resized(void *old, struct block was, void *p, uint64_t bytes)
{
	int error = errno;
	if (!old)
		return allocated(p, bytes, MALLOC);
	enter();
	if (!p && bytes) { /* it is where it was */
		counts->of[MALLOC].failed++;
		if (was.address)
			put(was.address, was.bytes, was.family);
	} else {
		if (was.address)
			ends(&was);
		else
			counts->unknown++;
		if (p) {
			begins(p, bytes, MALLOC);
			counts->resized++;
		}
	}
	pthread_mutex_unlock(&lock);
	errno = error;
	return p;
}

/* ---- libc's ------------------------------------------------------------------------------------------ */

#ifdef COUNT_PRELOAD
#define OUR(name) name
#define REAL(name) __libc_##name
#else
#define OUR(name) __wrap_##name
#define REAL(name) __real_##name
#endif

void *REAL(malloc)(size_t);
void *REAL(calloc)(size_t, size_t);
void *REAL(realloc)(void *, size_t);
void *REAL(memalign)(size_t, size_t);
void *REAL(valloc)(size_t);
void *REAL(pvalloc)(size_t);
void REAL(free)(void *);

void *OUR(malloc)(size_t bytes) { return allocated(REAL(malloc)(bytes), bytes, MALLOC); }
void *OUR(valloc)(size_t bytes) { return allocated(REAL(valloc)(bytes), bytes, MALLOC); }
void *OUR(pvalloc)(size_t bytes) { return allocated(REAL(pvalloc)(bytes), bytes, MALLOC); }
void *OUR(calloc)(size_t n, size_t bytes) { return allocated(REAL(calloc)(n, bytes), n * bytes, MALLOC); }
void *OUR(memalign)(size_t to, size_t bytes) { return allocated(REAL(memalign)(to, bytes), bytes, MALLOC); }

void *OUR(realloc)(void *p, size_t bytes)
{
	struct block was = taken(p);
	return resized(p, was, REAL(realloc)(p, bytes), bytes);
}

void OUR(free)(void *p)
{
	freed(p);
	REAL(free)(p);
}

#ifdef COUNT_PRELOAD

void *aligned_alloc(size_t to, size_t bytes) { return memalign(to, bytes); }

int posix_memalign(void **out, size_t to, size_t bytes)
{
	if (!to || to % sizeof(void *) || to & (to - 1))
		return EINVAL;
	void *p = memalign(to, bytes);
	if (p)
		*out = p;
	return p ? 0 : ENOMEM;
}

#else /* what libc makes of the above in its own image is wrapped by itself */

void *__real_aligned_alloc(size_t, size_t);
int __real_posix_memalign(void **, size_t, size_t);
void *__real_reallocarray(void *, size_t, size_t);
char *__real_strdup(const char *);
char *__real_strndup(const char *, size_t);
wchar_t *__real_wcsdup(const wchar_t *);
int __real_vasprintf(char **, const char *, va_list);
ssize_t __real_getline(char **, size_t *, FILE *);
ssize_t __real_getdelim(char **, size_t *, int, FILE *);

void *__wrap_aligned_alloc(size_t to, size_t bytes) { return allocated(__real_aligned_alloc(to, bytes), bytes, MALLOC); }

int __wrap_posix_memalign(void **out, size_t to, size_t bytes)
{
	int result = __real_posix_memalign(out, to, bytes);
	allocated(result ? NULL : *out, bytes, MALLOC);
	return result;
}

void *__wrap_reallocarray(void *p, size_t n, size_t bytes)
{
	struct block was = taken(p);
	return resized(p, was, __real_reallocarray(p, n, bytes), n * bytes);
}

char *__wrap_strdup(const char *text) { return allocated(__real_strdup(text), strlen(text) + 1, MALLOC); }
char *__wrap___strdup(const char *text) { return __wrap_strdup(text); }
char *__wrap_strndup(const char *text, size_t most) { return allocated(__real_strndup(text, most), strnlen(text, most) + 1, MALLOC); }
char *__wrap___strndup(const char *text, size_t most) { return __wrap_strndup(text, most); }
wchar_t *__wrap_wcsdup(const wchar_t *text) { return allocated(__real_wcsdup(text), (wcslen(text) + 1) * sizeof(*text), MALLOC); }

int __wrap_vasprintf(char **out, const char *format, va_list arguments)
{
	int result = __real_vasprintf(out, format, arguments);
	allocated(result < 0 ? NULL : *out, (uint64_t)result + 1, MALLOC);
	return result;
}

int __wrap_asprintf(char **out, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int result = __wrap_vasprintf(out, format, arguments);
	va_end(arguments);
	return result;
}

/* The buffer counts as resized when it is another one, or has another size, behind the call. */
static void read_line(char *before, size_t bytes_before, char *after, size_t bytes)
{
	if (after && (after != before || bytes != bytes_before))
		resized(before, taken(before), after, bytes);
}

ssize_t __wrap_getdelim(char **line, size_t *bytes, int end, FILE *file)
{
	char *before = *line;
	size_t bytes_before = *bytes;
	ssize_t result = __real_getdelim(line, bytes, end, file);
	read_line(before, bytes_before, *line, *bytes);
	return result;
}

ssize_t __wrap___getdelim(char **line, size_t *bytes, int end, FILE *file) { return __wrap_getdelim(line, bytes, end, file); }

ssize_t __wrap_getline(char **line, size_t *bytes, FILE *file)
{
	char *before = *line;
	size_t bytes_before = *bytes;
	ssize_t result = __real_getline(line, bytes, file);
	read_line(before, bytes_before, *line, *bytes);
	return result;
}

/* ---- C++'s: what throws is counted on its way out ----------------------------------------------------- */
/* Weak: a program in C has none of them. */

struct attempt {
	size_t bytes;
	enum family family;
	void *result;
	int returned;
};

static void tried(struct attempt *a)
{
	allocated(a->returned ? a->result : NULL, a->bytes, a->family);
}

#define NEW_OF(name, family, parameters, arguments) \
	__attribute__((weak)) void *__real_##name parameters; \
	void *__wrap_##name parameters \
	{ \
		__attribute__((cleanup(tried))) struct attempt a = {bytes, family, NULL, 0}; \
		a.result = __real_##name arguments; \
		a.returned = 1; \
		return a.result; \
	}
#define DELETE_OF(name, parameters, arguments) \
	__attribute__((weak)) void __real_##name parameters; \
	void __wrap_##name parameters \
	{ \
		freed(p); \
		__real_##name arguments; \
	}
#define ALL_OF(n, d, family) \
	NEW_OF(n##m, family, (size_t bytes), (bytes)) \
	NEW_OF(n##mRKSt9nothrow_t, family, (size_t bytes, const void *c), (bytes, c)) \
	NEW_OF(n##mSt11align_val_t, family, (size_t bytes, size_t to), (bytes, to)) \
	NEW_OF(n##mSt11align_val_tRKSt9nothrow_t, family, (size_t bytes, size_t to, const void *c), (bytes, to, c)) \
	DELETE_OF(d##Pv, (void *p), (p)) \
	DELETE_OF(d##Pvm, (void *p, size_t bytes), (p, bytes)) \
	DELETE_OF(d##PvRKSt9nothrow_t, (void *p, const void *c), (p, c)) \
	DELETE_OF(d##PvSt11align_val_t, (void *p, size_t to), (p, to)) \
	DELETE_OF(d##PvmSt11align_val_t, (void *p, size_t bytes, size_t to), (p, bytes, to)) \
	DELETE_OF(d##PvSt11align_val_tRKSt9nothrow_t, (void *p, size_t to, const void *c), (p, to, c))

ALL_OF(_Znw, _Zdl, NEW)
ALL_OF(_Zna, _Zda, NEW_ARRAY)
#endif
