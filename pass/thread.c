/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * thread.c - the calls that create threads get the hooks of instr/hooks.h. The other half is runtime/capture/thread.c.
 *
 * A function of C becomes a hook that calls it, as an allocator does (alloc.c):
 *
 *     %r = call i32 @__instr_pthread_create(ptr %id, ptr null, ptr @work, ptr %p, ptr @__instr_site.f.1, ptr @pthread_create)
 *
 * std::thread of libstdc++ creates its thread out of line: that call stays as it is, between two hooks. (libc++ calls
 * pthread_create in a header.)
 *
 *     %t = call i64 @__instr_thread_begin() nounwind
 *     invoke void @std::thread::_M_start_thread(ptr %this, ptr %state, ptr null) to label %returned ...
 *   returned:
 *     call void @__instr_thread_end(i64 %t, ptr %this, ptr @__instr_site.f.1) nounwind
 */
#include "pass.h"

#include <llvm-c/DebugInfo.h>

#include <stdlib.h>
#include <string.h>

#define BEGIN_HOOK "__instr_thread_begin"
#define END_HOOK "__instr_thread_end"

static const struct creator {
	const char *name, *prototype;
	const char *hook; /* in its place; NULL: its first argument is a std::thread that will be there behind it */
} creators[] = {
	{"pthread_create", "ipppp", "__instr_pthread_create"},
	{"thrd_create", "ippp", "__instr_thrd_create"},
	{"_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE", "vppp", NULL},
	{"_ZNSt6thread15_M_start_threadESt10shared_ptrINS_10_Impl_baseEEPFvvE", "vppp", NULL},
	{"_ZNSt6thread15_M_start_threadESt10shared_ptrINS_10_Impl_baseEE", "vpp", NULL},
};

struct known_creator {
	const struct creator *creator;
	LLVMValueRef function;
};

void threads_init(struct pass_threads *threads, struct pass_rows *rows)
{
	enum { ALL = sizeof creators / sizeof *creators };
	*threads = (struct pass_threads){.rows = rows, .builder = LLVMCreateBuilderInContext(rows->context),
					 .known = calloc(ALL, sizeof *threads->known)};
	if (!threads->known)
		abort();
	for (const struct creator *c = creators; c < creators + ALL; c++) {
		LLVMValueRef function = LLVMGetNamedFunction(rows->module, c->name);
		/* What the module defines itself may be anything. */
		if (function && (LLVMIsDeclaration(function) || LLVMGetLinkage(function) == LLVMAvailableExternallyLinkage) &&
		    prototype_fits(function, c->prototype))
			threads->known[threads->count++] = (struct known_creator){c, function};
	}
}

void threads_fini(struct pass_threads *threads)
{
	if (threads->builder)
		LLVMDisposeBuilder(threads->builder);
	free(threads->known);
}

/* What an instruction calls as it is declared, or NULL. Nothing may come behind a musttail call. */
static const struct creator *called_by(const struct pass_threads *threads, LLVMValueRef i)
{
	if (!LLVMIsACallInst(i) && !LLVMIsAInvokeInst(i))
		return NULL;
	LLVMValueRef callee = LLVMGetCalledValue(i);
	for (const struct known_creator *k = threads->known; k < threads->known + threads->count; k++)
		if (k->function == callee)
			return LLVMGetCalledFunctionType(i) == LLVMGlobalGetValueType(callee) &&
			       LLVMGetInstructionCallConv(i) == LLVMCCallConv && !shim_is_musttail(i) ? k->creator : NULL;
	return NULL;
}

static LLVMValueRef hook_of(const struct pass_threads *threads, const char *name, LLVMTypeRef type, bool is_nounwind)
{
	LLVMContextRef context = threads->rows->context;
	LLVMValueRef hook = LLVMGetNamedFunction(threads->rows->module, name);

	if (!hook) {
		hook = LLVMAddFunction(threads->rows->module, name, type);
		LLVMAddAttributeAtIndex(hook, LLVMAttributeFunctionIndex, enum_attribute(context, "nonlazybind"));
		if (is_nounwind)
			LLVMAddAttributeAtIndex(hook, LLVMAttributeFunctionIndex, enum_attribute(context, "nounwind"));
	}
	return LLVMConstPointerCast(hook, LLVMPointerType(type, 0));
}

static LLVMValueRef as_pointer(const struct pass_threads *threads, LLVMValueRef value)
{
	LLVMTypeRef pointer = threads->rows->pointer; /* LLVM 14 knows pointers by what they point to */

	return LLVMTypeOf(value) == pointer ? value : LLVMBuildBitCast(threads->builder, value, pointer, "");
}

/* The arguments of the call, then its site and what was to be called. */
static void replace(const struct pass_threads *threads, const struct creator *c, LLVMValueRef call, LLVMValueRef row)
{
	enum { MOST = 6 };
	LLVMTypeRef i32 = threads->rows->i32, pointer = threads->rows->pointer;
	LLVMTypeRef types[MOST] = {pointer, pointer, pointer, pointer, pointer, pointer};
	const unsigned count = (unsigned)strlen(c->prototype) - 1;
	LLVMTypeRef type = LLVMFunctionType(i32, types, count + 2, 0);
	LLVMValueRef hook = hook_of(threads, c->hook, type, false), arguments[MOST], made;

	LLVMPositionBuilderBefore(threads->builder, call);
	LLVMSetCurrentDebugLocation2(threads->builder, LLVMInstructionGetDebugLoc(call));
	for (unsigned i = 0; i < count; i++)
		arguments[i] = as_pointer(threads, LLVMGetOperand(call, i));
	arguments[count] = row;
	arguments[count + 1] = as_pointer(threads, LLVMGetCalledValue(call));
	if (LLVMIsAInvokeInst(call))
		made = LLVMBuildInvoke2(threads->builder, type, hook, arguments, count + 2, LLVMGetNormalDest(call),
					LLVMGetUnwindDest(call), "");
	else
		made = LLVMBuildCall2(threads->builder, type, hook, arguments, count + 2, "");
	if (call_has_attribute(call, "nounwind"))
		LLVMAddCallSiteAttribute(made, LLVMAttributeFunctionIndex, enum_attribute(threads->rows->context, "nounwind"));
	LLVMReplaceAllUsesWith(call, made);
	LLVMInstructionEraseFromParent(call);
}

static void call_hook(const struct pass_threads *threads, const char *name, LLVMTypeRef type, LLVMValueRef *arguments,
		      unsigned count, LLVMValueRef *result)
{
	*result = LLVMBuildCall2(threads->builder, type, hook_of(threads, name, type, true), arguments, count, "");
	LLVMAddCallSiteAttribute(*result, LLVMAttributeFunctionIndex, enum_attribute(threads->rows->context, "nounwind"));
}

static void surround(const struct pass_threads *threads, LLVMValueRef call, LLVMValueRef row)
{
	LLVMTypeRef i64 = threads->rows->i64, pointer = threads->rows->pointer, types[] = {i64, pointer, pointer};
	LLVMValueRef begun, ended;

	LLVMPositionBuilderBefore(threads->builder, call);
	LLVMSetCurrentDebugLocation2(threads->builder, LLVMInstructionGetDebugLoc(call));
	call_hook(threads, BEGIN_HOOK, LLVMFunctionType(i64, NULL, 0, 0), NULL, 0, &begun);

	LLVMPositionBuilderBefore(threads->builder, shim_after_return_of(call));
	LLVMSetCurrentDebugLocation2(threads->builder, LLVMInstructionGetDebugLoc(call));
	LLVMValueRef arguments[] = {begun, as_pointer(threads, LLVMGetOperand(call, 0)), row};
	call_hook(threads, END_HOOK, LLVMFunctionType(LLVMVoidTypeInContext(threads->rows->context), types, 3, 0), arguments, 3, &ended);
}

/* A list first: behind an invoke there is a block more. */
void threads_rewrite(struct pass_threads *threads, LLVMValueRef function, unsigned *sites)
{
	struct { LLVMValueRef call; const struct creator *creator; } *list = NULL;
	size_t count = 0;

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block && threads->count; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
			const struct creator *c = called_by(threads, i);
			if (!c)
				continue;
			list = realloc(list, (count + 1) * sizeof *list);
			if (!list)
				abort();
			list[count].call = i;
			list[count++].creator = c;
		}
	for (size_t k = 0; k < count; k++) {
		const struct creator *c = list[k].creator;
		LLVMValueRef row = rows_add_site(threads->rows, function, ++*sites, list[k].call,
						 rows_site_name(threads->rows, c->name, NULL), INSTR_ROW_THREAD_SITE);
		if (c->hook)
			replace(threads, c, list[k].call, row);
		else
			surround(threads, list[k].call, row);
	}
	free(list);
}
