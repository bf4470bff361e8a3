/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * passing.c - brings an exception that passes through capture/heap.c, or preload/heap.c, to the code there that records it: a
 * personality routine as <unwind.h> and the Itanium C++ ABI describe it, for cleanups alone.
 *
 * It stands in the place of the one that compilers name for C, and is seen by nobody else: that one is in libgcc_s, which
 * a C program does not load. And a process may have two unwinders (libgcc_s beside a libunwind
 * that is linked into the program); each knows the contexts of its own only. So what an unwinder has is taken from
 * whichever is there (weak), and used if it lies beside the one that calls; otherwise the exception passes as
 * through a frame that has no cleanups.
 */
#include "capture/capture.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* <unwind.h>, which is the compiler's and names no function weak. */
enum { CONTINUE_UNWIND = 8, INSTALL_CONTEXT = 7, FATAL_PHASE1_ERROR = 3, CLEANUP_PHASE = 2 };
enum { EXCEPTION_REGISTER = 0, SELECTOR_REGISTER = 1 }; /* rax, rdx: __builtin_eh_return_data_regno */
enum { OMITTED = 0xff, ULEB128 = 0x01 };                  /* DW_EH_PE_* */
struct _Unwind_Context;

#define OF_UNWINDER(result, name, ...) __attribute__((weak, visibility("default"))) result name(__VA_ARGS__)
OF_UNWINDER(const unsigned char *, _Unwind_GetLanguageSpecificData, struct _Unwind_Context *);
OF_UNWINDER(uint64_t, _Unwind_GetRegionStart, struct _Unwind_Context *);
OF_UNWINDER(uint64_t, _Unwind_GetIP, struct _Unwind_Context *);
OF_UNWINDER(void, _Unwind_SetGR, struct _Unwind_Context *, int, uint64_t);
OF_UNWINDER(void, _Unwind_SetIP, struct _Unwind_Context *, uint64_t);
OF_UNWINDER(void, _Unwind_Resume, void *);

/* One source file of an unwinder, as all of these are in libgcc and in LLVM's, is not larger. */
#define NEAR_BYTES UINT64_C(0x10000)

static int is_near(const void *function, uint64_t caller)
{
	return function && (uint64_t)function - caller + NEAR_BYTES < 2 * NEAR_BYTES;
}

static int has_called(uint64_t caller)
{
	return is_near((const void *)_Unwind_GetLanguageSpecificData, caller) && is_near((const void *)_Unwind_GetRegionStart, caller) &&
	       is_near((const void *)_Unwind_GetIP, caller) && is_near((const void *)_Unwind_SetGR, caller) &&
	       is_near((const void *)_Unwind_SetIP, caller) && is_near((const void *)_Unwind_Resume, caller);
}

static uint64_t read_uleb128(const unsigned char **at)
{
	uint64_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		unsigned char byte = *(*at)++;
		value |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return value;
	}
}

/* Where the cleanup for a place in a function begins, from the function's start; 0: there is none. The tables are our own
 * compiler's; of one in another form nothing is taken. */
static uint64_t find_cleanup(const unsigned char *table, uint64_t place)
{
	if (!table || table[0] != OMITTED || table[1] != OMITTED || table[2] != ULEB128)
		return 0;
	table += 3;
	uint64_t bytes = read_uleb128(&table);
	for (const unsigned char *end = table + bytes; table < end;) {
		uint64_t start = read_uleb128(&table), length = read_uleb128(&table), pad = read_uleb128(&table);
		read_uleb128(&table); /* actions: a cleanup has none */
		if (place - start < length)
			return pad;
	}
	return 0;
}

IRT_HIDDEN int __gcc_personality_v0(int version, int actions, uint64_t class, void *exception, struct _Unwind_Context *context)
{
	(void)class;
	if (version != 1)
		return FATAL_PHASE1_ERROR;
	if (!(actions & CLEANUP_PHASE) || !has_called((uint64_t)__builtin_return_address(0)))
		return CONTINUE_UNWIND;
	uint64_t function = _Unwind_GetRegionStart(context);
	/* The return address is behind the call. */
	uint64_t pad = find_cleanup(_Unwind_GetLanguageSpecificData(context), _Unwind_GetIP(context) - 1 - function);
	if (!pad)
		return CONTINUE_UNWIND;
	_Unwind_SetGR(context, EXCEPTION_REGISTER, (uint64_t)exception);
	_Unwind_SetGR(context, SELECTOR_REGISTER, 0);
	_Unwind_SetIP(context, function + pad);
	return INSTALL_CONTEXT;
}
