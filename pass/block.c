/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * block.c - puts the hooks of instr/hooks.h around the calls that may block (instr/blocking.def). The other
 * half is runtime/capture.
 *
 *     %t = call i64 @__instr_block_begin(ptr @__instr_site.f.1) nounwind
 *     %n = call i64 @read(i32 %d, ptr %p, i64 %size)
 *     call void @__instr_block_end(i64 %t, i64 %n, i32 %d, i32 6, ptr @__instr_site.f.1) nounwind
 *
 * Of calls of which only some may wait, the first hook is told what decides it, unless that is known here.
 *
 * What a program shuts itself in with (seccomp) is told to the runtime before: from then on it asks nothing of the system.
 *
 * The call itself stays as it is, with its attributes, whatever arguments it takes, and its place as a point of
 * cancellation. Behind an invoke the second hook is on the way that a return takes.
 */
#include "pass.h"

#include <llvm-c/DebugInfo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN_HOOK "__instr_block_begin"
#define END_HOOK "__instr_block_end"
#define BEGIN_IF_HOOK "__instr_block_begin_if"
#define SHUT_HOOK "__instr_block_shut"

struct blocking {
	const char *name, *prototype;
	uint32_t class;
	unsigned how;
	enum instr_block_when when;
};

static const struct blocking functions[] = {
#define INSTR_BLOCKING_IF(name, class, descriptor, result, prototype, when) \
	{#name, prototype, INSTR_BLOCK_##class, (unsigned)INSTR_BLOCK_OF_##descriptor | (unsigned)INSTR_BLOCK_RESULT_##result, when},
#define INSTR_BLOCKING(name, class, descriptor, result, prototype) \
	INSTR_BLOCKING_IF(name, class, descriptor, result, prototype, INSTR_BLOCK_ALWAYS)
#define INSTR_BLOCKING_WHEN(name, class, descriptor, result, prototype, when) \
	INSTR_BLOCKING_IF(name, class, descriptor, result, prototype, INSTR_BLOCK_WHEN_##when)
#include "instr/blocking.def"
#undef INSTR_BLOCKING
#undef INSTR_BLOCKING_WHEN
#undef INSTR_BLOCKING_IF
};

/* What may put up a filter of system calls, as syscall may (which is in the table); `how`: enum instr_block_shut. */
static const struct blocking shutters[] = {
	{"prctl", "ii.", 0, INSTR_BLOCK_SHUT_PRCTL, INSTR_BLOCK_ALWAYS},
	{"seccomp_load", "ip", 0, INSTR_BLOCK_SHUT_ALWAYS, INSTR_BLOCK_ALWAYS},
};

struct known_blocking {
	const struct blocking *blocking;
	LLVMValueRef function;
};

void blocks_init(struct pass_blocks *blocks, struct pass_rows *rows)
{
	*blocks = (struct pass_blocks){.rows = rows, .builder = LLVMCreateBuilderInContext(rows->context)};
	enum { FUNCTIONS = sizeof functions / sizeof *functions, ALL = FUNCTIONS + sizeof shutters / sizeof *shutters };
	for (size_t i = 0; i < ALL; i++) {
		const struct blocking *b = i < FUNCTIONS ? &functions[i] : &shutters[i - FUNCTIONS];
		char name[200];
		snprintf(name, sizeof name, "\1%s", b->name);
		for (int literal = 0; literal < 2; literal++) {
			LLVMValueRef function = LLVMGetNamedFunction(rows->module, name + !literal);
			/* What the module defines itself may be anything. */
			if (!function || !(LLVMIsDeclaration(function) ||
					   LLVMGetLinkage(function) == LLVMAvailableExternallyLinkage) ||
			    !prototype_fits(function, b->prototype))
				continue;
			blocks->known = realloc(blocks->known, (blocks->count + 1) * sizeof *blocks->known);
			if (!blocks->known)
				abort();
			blocks->known[blocks->count++] = (struct known_blocking){b, function};
		}
	}
}

void blocks_fini(struct pass_blocks *blocks)
{
	if (blocks->builder)
		LLVMDisposeBuilder(blocks->builder);
	free(blocks->known);
}

/* What an instruction calls as it is declared, or NULL. Nothing may come behind a musttail call. */
static const struct blocking *called_by(const struct pass_blocks *blocks, LLVMValueRef i)
{
	if (!LLVMIsACallInst(i) && !LLVMIsAInvokeInst(i))
		return NULL;
	LLVMValueRef callee = LLVMGetCalledValue(i);
	for (const struct known_blocking *k = blocks->known; k < blocks->known + blocks->count; k++)
		if (k->function == callee)
			return LLVMGetCalledFunctionType(i) == LLVMGlobalGetValueType(callee) &&
			       LLVMGetInstructionCallConv(i) == LLVMCCallConv && !shim_is_musttail(i) ? k->blocking : NULL;
	return NULL;
}

/* Some calls of a function wait, others do not: its arguments say which (enum instr_block_when). */
static LLVMValueRef deciding_argument(const struct blocking *b, LLVMValueRef call, bool second)
{
	unsigned number = !second ? 0 : b->when == INSTR_BLOCK_WHEN_FUTEX ? 2 : 1;

	return number < LLVMGetNumArgOperands(call) ? LLVMGetOperand(call, number) : NULL;
}

static bool is_constant(LLVMValueRef value) { return value && LLVMIsAConstantInt(value); }

static int64_t constant_of(LLVMValueRef value) { return is_constant(value) ? LLVMConstIntGetSExtValue(value) : -1; }

enum decided { WAITS_NEVER, WAITS, WAITS_SOMETIMES };

static enum decided waits(const struct blocking *b, LLVMValueRef call)
{
	LLVMValueRef first = deciding_argument(b, call, false), second = deciding_argument(b, call, true);
	bool numbered = b->when == INSTR_BLOCK_WHEN_FUTEX;

	if (!b->when)
		return WAITS;
	if (numbered && !is_constant(first))
		return WAITS_SOMETIMES;
	if (numbered && constant_of(first) != INSTR_SYS_FUTEX)
		return instr_block_waits(b->when, constant_of(first), 0) ? WAITS : WAITS_NEVER;
	if (!is_constant(second))
		return second ? WAITS_SOMETIMES : WAITS_NEVER;
	return instr_block_waits(b->when, constant_of(first), constant_of(second)) ? WAITS : WAITS_NEVER;
}

/* What the call waits for, if that is something in memory; else NULL. */
static LLVMValueRef object_of(const struct blocking *b, LLVMValueRef call)
{
	LLVMValueRef object = NULL;

	if (b->when == INSTR_BLOCK_WHEN_FUTEX && constant_of(deciding_argument(b, call, false)) != INSTR_SYS_FUTEX_WAITV)
		object = LLVMGetNumArgOperands(call) > 1 ? LLVMGetOperand(call, 1) : NULL;
	else if (b->class >= INSTR_BLOCK_CONDITION && b->prototype[1] == 'p')
		object = LLVMGetOperand(call, 0);
	return object && LLVMGetTypeKind(LLVMTypeOf(object)) == LLVMPointerTypeKind ? object : NULL;
}

/* The function as the source calls it: "__pread_chk" and "__open_2" are what libc makes of it. Behind it, what it waits for. */
static LLVMValueRef name_of(const struct pass_blocks *blocks, const struct blocking *b, LLVMValueRef call)
{
	char name[200], *object = lock_name(blocks->rows->module, object_of(b, call), NULL);
	size_t bytes = strlen(b->name);

	if (bytes > 6 && !strncmp(b->name, "__", 2) && !strcmp(b->name + bytes - 4, "_chk"))
		snprintf(name, sizeof name, "%.*s", (int)bytes - 6, b->name + 2);
	else if (bytes > 4 && !strncmp(b->name, "__", 2) && !strcmp(b->name + bytes - 2, "_2"))
		snprintf(name, sizeof name, "%.*s", (int)bytes - 4, b->name + 2);
	else if (b->when == INSTR_BLOCK_WHEN_FUTEX)
		snprintf(name, sizeof name, "futex");
	else if (bytes > 2 && !strcmp(b->name + bytes - 2, "64") && b->class == INSTR_BLOCK_FILE_LOCK)
		snprintf(name, sizeof name, "%.*s", (int)bytes - 2, b->name);
	else
		snprintf(name, sizeof name, "%s", b->name);
	LLVMValueRef made = rows_site_name(blocks->rows, name, object);
	free(object);
	return made;
}

static LLVMValueRef call_hook(const struct pass_blocks *blocks, const char *name, LLVMTypeRef type, LLVMValueRef *arguments,
			      unsigned count)
{
	LLVMContextRef context = blocks->rows->context;
	LLVMValueRef hook = LLVMGetNamedFunction(blocks->rows->module, name);

	if (!hook) {
		hook = LLVMAddFunction(blocks->rows->module, name, type);
		LLVMAddAttributeAtIndex(hook, LLVMAttributeFunctionIndex, enum_attribute(context, "nonlazybind"));
		LLVMAddAttributeAtIndex(hook, LLVMAttributeFunctionIndex, enum_attribute(context, "nounwind"));
	}
	LLVMValueRef made = LLVMBuildCall2(blocks->builder, type, LLVMConstPointerCast(hook, LLVMPointerType(type, 0)),
					   arguments, count, "");
	LLVMAddCallSiteAttribute(made, LLVMAttributeFunctionIndex, enum_attribute(context, "nounwind"));
	return made;
}

static void tell_shutter(const struct pass_blocks *blocks, const struct blocking *b, LLVMValueRef call)
{
	const unsigned how = b->when == INSTR_BLOCK_WHEN_FUTEX ? INSTR_BLOCK_SHUT_SYSCALL : b->how;
	LLVMTypeRef i32 = blocks->rows->i32, i64 = blocks->rows->i64, types[] = {i64, i32};

	LLVMPositionBuilderBefore(blocks->builder, call);
	LLVMSetCurrentDebugLocation2(blocks->builder, LLVMInstructionGetDebugLoc(call));
	LLVMValueRef what = how == INSTR_BLOCK_SHUT_ALWAYS ? LLVMConstInt(i64, 0, 0)
			    : b->prototype[1] == 'i' ? LLVMBuildSExt(blocks->builder, LLVMGetOperand(call, 0), i64, "")
						     : LLVMGetOperand(call, 0);
	LLVMValueRef arguments[] = {what, LLVMConstInt(i32, how, 0)};
	call_hook(blocks, SHUT_HOOK, LLVMFunctionType(LLVMVoidTypeInContext(blocks->rows->context), types, 2, 0), arguments, 2);
}

/* As a number of 64 bits; nothing that does not fit is one of those that decide. */
static LLVMValueRef widen(const struct pass_blocks *blocks, LLVMValueRef value)
{
	LLVMTypeRef i64 = blocks->rows->i64;

	switch (value ? LLVMGetTypeKind(LLVMTypeOf(value)) : LLVMVoidTypeKind) {
	case LLVMIntegerTypeKind:
		return LLVMBuildIntCast2(blocks->builder, value, i64, 1, "");
	case LLVMPointerTypeKind:
		return LLVMBuildPtrToInt(blocks->builder, value, i64, "");
	default:
		return LLVMConstInt(i64, (uint64_t)-1, 1);
	}
}

static LLVMValueRef begin(const struct pass_blocks *blocks, const struct blocking *b, LLVMValueRef call, LLVMValueRef row)
{
	LLVMTypeRef i32 = blocks->rows->i32, i64 = blocks->rows->i64, types[] = {i64, i64, i32, blocks->rows->pointer};

	if (waits(b, call) == WAITS)
		return call_hook(blocks, BEGIN_HOOK, LLVMFunctionType(i64, &types[3], 1, 0), &row, 1);
	LLVMValueRef arguments[] = {widen(blocks, deciding_argument(b, call, false)), widen(blocks, deciding_argument(b, call, true)),
				    LLVMConstInt(i32, b->when, 0), row};
	return call_hook(blocks, BEGIN_IF_HOOK, LLVMFunctionType(i64, types, 4, 0), arguments, 4);
}

static void surround(const struct pass_blocks *blocks, LLVMValueRef function, const struct blocking *b, LLVMValueRef call,
		     unsigned *sites)
{
	LLVMTypeRef i32 = blocks->rows->i32, i64 = blocks->rows->i64;
	LLVMTypeRef types[] = {i64, i64, i32, i32, blocks->rows->pointer};
	const unsigned of = b->how & INSTR_BLOCK_OF_MASK;
	const bool has_descriptor = of != INSTR_BLOCK_OF_NONE && of != INSTR_BLOCK_OF_NEW;
	uint32_t flags = INSTR_ROW_BLOCK_SITE | b->class << INSTR_ROW_FAMILY_SHIFT;
	LLVMValueRef row = rows_add_site(blocks->rows, function, ++*sites, call, name_of(blocks, b, call), flags);

	LLVMPositionBuilderBefore(blocks->builder, call);
	LLVMSetCurrentDebugLocation2(blocks->builder, LLVMInstructionGetDebugLoc(call));
	LLVMValueRef begun = begin(blocks, b, call, row);

	LLVMPositionBuilderBefore(blocks->builder, shim_after_return_of(call));
	LLVMSetCurrentDebugLocation2(blocks->builder, LLVMInstructionGetDebugLoc(call));
	LLVMValueRef result = !(b->how & INSTR_BLOCK_RESULT_MASK) && of != INSTR_BLOCK_OF_NEW ? LLVMConstInt(i64, 0, 0)
			      : b->prototype[0] == 'i' ? LLVMBuildSExt(blocks->builder, call, i64, "") : call;
	LLVMValueRef arguments[] = {begun, result, has_descriptor ? LLVMGetOperand(call, 0) : LLVMConstInt(i32, (uint32_t)-1, 0),
				    LLVMConstInt(i32, b->how, 0), row};
	call_hook(blocks, END_HOOK, LLVMFunctionType(LLVMVoidTypeInContext(blocks->rows->context), types, 5, 0), arguments, 5);
}

static bool may_shut(const struct blocking *b, LLVMValueRef call)
{
	LLVMValueRef number = LLVMGetOperand(call, 0);

	return !b->class || (b->when == INSTR_BLOCK_WHEN_FUTEX && (!is_constant(number) || constant_of(number) == INSTR_SYS_SECCOMP));
}

/* A list first: behind an invoke there is a block more. */
void blocks_rewrite(struct pass_blocks *blocks, LLVMValueRef function, unsigned *sites)
{
	struct { LLVMValueRef call; const struct blocking *blocking; } *list = NULL;
	size_t count = 0;

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block && blocks->count; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
			const struct blocking *b = called_by(blocks, i);
			if (!b)
				continue;
			list = realloc(list, (count + 1) * sizeof *list);
			if (!list)
				abort();
			list[count].call = i;
			list[count++].blocking = b;
		}
	for (size_t k = 0; k < count; k++) {
		if (may_shut(list[k].blocking, list[k].call))
			tell_shutter(blocks, list[k].blocking, list[k].call);
		if (list[k].blocking->class && waits(list[k].blocking, list[k].call) != WAITS_NEVER)
			surround(blocks, function, list[k].blocking, list[k].call, sites);
	}
	free(list);
}
