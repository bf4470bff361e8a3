/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * alloc.c - puts the hooks of instr/hooks.h in the place of the allocators that a function calls
 * (instr/allocators.def), and of the functions that take locks and give them back (instr/locks.def), which goes the
 * same way. The other half is runtime/capture.
 *
 *     %p = call noalias ptr @malloc(i64 %n) nounwind allocsize(0)
 *     %p = call noalias ptr @__instr_alloc(i64 %n, ptr @__instr_site.f.1, ptr @malloc) nounwind
 *
 * One instruction for one instruction: an invoke keeps its destinations, no block is split. (Behind
 * asprintf, mremap and their like, which are left as they are, a call is added.) The
 * optimiser has removed what it removes by then, so what is recorded is what the program does.
 *
 * Whose calls: LLVM's own notion of an allocator depends on the level of optimisation and lacks half
 * of them, so a table of names and prototypes decides. What the module defines itself is left alone:
 * who calls that knows it, and it may be anything. The body of such a definition is left alone as
 * well, if other modules can call it: they record their calls of it, and what it takes from malloc
 * would count twice. (But not the locks that an allocator takes. Allocators of a program's own that it declares: declared.c.)
 */
#include "pass.h"

#include <llvm-c/DebugInfo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct allocator {
	const char *name, *hook, *prototype;
	uint32_t flags; /* of the row: kind and family */
	const char *attempt; /* of a lock: what is tried first, or NULL */
};

static const struct allocator allocators[] = {
#define INSTR_ALLOCATOR(name, hook, kind, family, prototype) \
	{#name, #hook, prototype, \
	 INSTR_ROW_##kind##_SITE | (uint32_t)INSTR_FAMILY_##family << INSTR_ROW_FAMILY_SHIFT, NULL},
#include "instr/allocators.def"
#undef INSTR_ALLOCATOR
#define INSTR_LOCK(name, hook, mode, prototype, attempt) \
	{#name, #hook, prototype, INSTR_ROW_LOCK_SITE | (uint32_t)INSTR_LOCK_##mode << INSTR_ROW_FAMILY_SHIFT, attempt},
#include "instr/locks.def"
#undef INSTR_LOCK
};

struct known_allocator {
	const struct allocator *allocator;
	LLVMValueRef function;
	bool own; /* defined here: the body is left alone. Otherwise: calls are rewritten */
};

static bool is_of_lock(const struct allocator *allocator)
{
	return (allocator->flags & INSTR_ROW_KIND_MASK) == INSTR_ROW_LOCK_SITE;
}

/* What of the module is in the table ------------------------------------------------------------ */

static bool type_fits(LLVMTypeRef type, char letter)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMVoidTypeKind:
		return letter == 'v';
	case LLVMPointerTypeKind:
		return (letter == 'p' || letter == 'w') && !LLVMGetPointerAddressSpace(type);
	case LLVMStructTypeKind:
		return letter == 's' && LLVMCountStructElementTypes(type) == 2;
	case LLVMIntegerTypeKind:
		return LLVMGetIntTypeWidth(type) == (letter == 'i' ? 32 : letter == 'z' || letter == 'w' ? 64 : letter == 'b' ? 1 : 0);
	default:
		return false;
	}
}

bool prototype_fits(LLVMValueRef function, const char *prototype)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(function), parameters[8];
	unsigned count = LLVMCountParamTypes(type);
	size_t letters = strlen(prototype) - 1;
	bool variadic = prototype[letters] == '.';

	if (variadic)
		letters--;
	if (count != letters || LLVMIsFunctionVarArg(type) != variadic ||
	    LLVMGetFunctionCallConv(function) != LLVMCCallConv || !type_fits(LLVMGetReturnType(type), prototype[0]))
		return false;
	LLVMGetParamTypes(type, parameters);
	for (unsigned i = 0; i < count; i++)
		if (!type_fits(parameters[i], prototype[i + 1]))
			return false;
	return true;
}

static bool is_own(LLVMValueRef function)
{
	return function_string_attribute(function, OWN_ATTRIBUTE) != NULL;
}

static void add_known(struct pass_allocs *allocs, const struct allocator *allocator, LLVMValueRef function,
		      bool own)
{
	if (!function || !LLVMIsAFunction(function) || !prototype_fits(function, allocator->prototype))
		return;
	allocs->known = realloc(allocs->known, (allocs->count + 1) * sizeof *allocs->known);
	if (!allocs->known)
		abort();
	allocs->known[allocs->count++] = (struct known_allocator){allocator, function, own};
}

void allocs_init(struct pass_allocs *allocs, struct pass_rows *rows, const struct pass_settings *settings)
{
	LLVMModuleRef module = rows->module;

	*allocs = (struct pass_allocs){.rows = rows, .builder = LLVMCreateBuilderInContext(rows->context),
				       .no_tail = settings->tail_keep};
	bool wanted[2] = {settings->heap != PASS_HEAP_OFF, settings->lock};
	for (size_t i = 0; i < sizeof allocators / sizeof *allocators; i++) {
		char name[200];
		if (!wanted[is_of_lock(&allocators[i])])
			continue;
		snprintf(name, sizeof name, "\1%s", allocators[i].name);
		for (int literal = 0; literal < 2; literal++) {
			const char *symbol = name + !literal;
			LLVMValueRef function = LLVMGetNamedFunction(module, symbol);
			LLVMValueRef alias = LLVMGetNamedGlobalAlias(module, symbol, strlen(symbol));
			if (function && (LLVMIsDeclaration(function) ||
					 LLVMGetLinkage(function) == LLVMAvailableExternallyLinkage))
				add_known(allocs, &allocators[i], function, false);
			else if (function && !is_local(function))
				add_known(allocs, &allocators[i], function, true);
			else if (alias && !is_local(alias))
				add_known(allocs, &allocators[i], underlying(alias), true);
		}
	}
	declared_init(allocs);
}

void allocs_fini(struct pass_allocs *allocs)
{
	if (allocs->builder)
		LLVMDisposeBuilder(allocs->builder);
	declared_fini(allocs);
	free(allocs->known);
}

/* Attributes ------------------------------------------------------------------------------------ */

/* Not true of a hook, which also looks at what the allocator has written; or said to allocators only. */
static bool is_dropped(LLVMAttributeRef attribute)
{
	static const char *const names[] = {"allocalign", "allocptr", "initializes", "readnone", "writeonly"};

	if (LLVMIsStringAttribute(attribute))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		unsigned kind = LLVMGetEnumAttributeKindForName(names[i], strlen(names[i]));
		if (kind && LLVMGetEnumAttributeKind(attribute) == kind) /* 0: not in this LLVM */
			return true;
	}
	return false;
}

/* What is said of a parameter or the result, at the call and at the function that it called. */
static void copy_attributes(LLVMValueRef to, LLVMAttributeIndex to_index, LLVMValueRef call,
			    LLVMValueRef function, LLVMAttributeIndex index)
{
	unsigned declared = LLVMGetAttributeCountAtIndex(function, index);
	unsigned count = declared + LLVMGetCallSiteAttributeCount(call, index);
	LLVMAttributeRef *attributes = calloc(count + 1, sizeof *attributes);

	if (!attributes)
		abort();
	LLVMGetAttributesAtIndex(function, index, attributes);
	LLVMGetCallSiteAttributes(call, index, attributes + declared);
	for (unsigned i = 0; i < count; i++)
		if (!is_dropped(attributes[i]))
			LLVMAddCallSiteAttribute(to, to_index, attributes[i]);
	free(attributes);
}

static void copy_metadata(struct pass_allocs *allocs, LLVMValueRef to, LLVMValueRef call)
{
	size_t count = 0;
	LLVMValueMetadataEntry *entries = LLVMInstructionGetAllMetadataOtherThanDebugLoc(call, &count);

	for (unsigned i = 0; i < count; i++)
		LLVMSetMetadata(to, LLVMValueMetadataEntriesGetKind(entries, i),
				LLVMMetadataAsValue(allocs->rows->context,
						    LLVMValueMetadataEntriesGetMetadata(entries, i)));
	LLVMDisposeValueMetadataEntries(entries);
}

/* Calls ----------------------------------------------------------------------------------------- */

/* Of what an allocator calls, only the locks are anybody's business. */
static bool is_told_elsewhere(LLVMValueRef call, bool is_lock)
{
	LLVMAttributeRef own = LLVMGetCallSiteStringAttribute(call, LLVMAttributeFunctionIndex, OWN_ATTRIBUTE, strlen(OWN_ATTRIBUTE));
	unsigned bytes = 0;

	if (own)
		LLVMGetStringAttributeValue(own, &bytes);
	return own && (!is_lock || bytes == strlen(OWN_LOCK));
}

/* The allocator that an instruction calls as it is declared, or NULL. A musttail call must stay what
 * it is, and operand bundles (nothing in C or C++ gives them to these functions) would be lost. */
static struct known_allocator *called_by(struct pass_allocs *allocs, LLVMValueRef i)
{
	bool invoke = LLVMIsAInvokeInst(i) != NULL;

	if (!invoke && !LLVMIsACallInst(i))
		return NULL;
	LLVMValueRef callee = LLVMGetCalledValue(i);
	for (struct known_allocator *k = allocs->known; k < allocs->known + allocs->count; k++)
		if (k->function == callee && !k->own)
			return !is_told_elsewhere(i, is_of_lock(k->allocator)) &&
			       LLVMGetCalledFunctionType(i) == LLVMGlobalGetValueType(callee) &&
			       LLVMGetInstructionCallConv(i) == LLVMCCallConv && !shim_is_musttail(i) &&
			       (unsigned)LLVMGetNumOperands(i) == LLVMGetNumArgOperands(i) + (invoke ? 3 : 1) ? k : NULL;
	return NULL;
}

/* Of what fits a register there are several types. */
LLVMValueRef allocs_hook(struct pass_allocs *allocs, const char *name, LLVMTypeRef type)
{
	LLVMValueRef hook = LLVMGetNamedFunction(allocs->rows->module, name);

	if (!hook) {
		hook = LLVMAddFunction(allocs->rows->module, name, type);
		LLVMAddAttributeAtIndex(hook, LLVMAttributeFunctionIndex, enum_attribute(allocs->rows->context, "nonlazybind"));
	}
	return LLVMConstPointerCast(hook, LLVMPointerType(type, 0));
}

/* ThreadSanitizer looks for locks taken in a circle, but not where they are only tried. */
static bool is_watched_by_tsan(LLVMValueRef call)
{
	static const char name[] = "sanitize_thread";

	return LLVMGetEnumAttributeAtIndex(LLVMGetBasicBlockParent(LLVMGetInstructionParent(call)), LLVMAttributeFunctionIndex,
					   LLVMGetEnumAttributeKindForName(name, sizeof name - 1)) != NULL;
}

/* What the hook of a lock may try first; NULL if there is nothing, or the module has its own. Where nobody knows whether
 * the lock itself is there (old C++ libraries ask), nobody knows it of that either. */
static LLVMValueRef attempt_of(struct pass_allocs *allocs, const struct known_allocator *known, LLVMValueRef call)
{
	LLVMModuleRef module = allocs->rows->module;
	LLVMTypeRef pointer = allocs->rows->pointer;
	const bool boolean = known->allocator->prototype[0] == 'v';

	if (!known->allocator->attempt || is_watched_by_tsan(call))
		return LLVMConstNull(pointer);
	LLVMValueRef attempt = LLVMGetNamedFunction(module, known->allocator->attempt);
	if (!attempt && !LLVMGetNamedGlobal(module, known->allocator->attempt) &&
	    !LLVMGetNamedGlobalAlias(module, known->allocator->attempt, strlen(known->allocator->attempt))) {
		LLVMTypeRef lock = LLVMTypeOf(LLVMGetParam(known->function, 0));
		attempt = LLVMAddFunction(module, known->allocator->attempt,
					  LLVMFunctionType(boolean ? LLVMInt1TypeInContext(allocs->rows->context)
								   : LLVMInt32TypeInContext(allocs->rows->context), &lock, 1, 0));
		if (boolean)
			LLVMAddAttributeAtIndex(attempt, LLVMAttributeReturnIndex, enum_attribute(allocs->rows->context, "zeroext"));
		LLVMSetLinkage(attempt, LLVMGetLinkage(known->function) == LLVMExternalWeakLinkage ? LLVMExternalWeakLinkage
												   : LLVMExternalLinkage);
	}
	if (!attempt || !LLVMIsDeclaration(attempt) || !prototype_fits(attempt, boolean ? "bp" : "ip"))
		return LLVMConstNull(pointer);
	return LLVMConstPointerCast(attempt, pointer);
}

/* The arguments of the hook and their types: those of the call with the row and the function behind
 * them; for a lock also what to try first. */
static LLVMValueRef build_call(struct pass_allocs *allocs, const struct known_allocator *known,
			       LLVMValueRef call, LLVMValueRef row)
{
	LLVMTypeRef type = LLVMGetCalledFunctionType(call), pointer = allocs->rows->pointer;
	unsigned count = LLVMGetNumArgOperands(call), total = count + 2 + is_of_lock(known->allocator);
	LLVMTypeRef *types = calloc(total, sizeof *types);
	LLVMValueRef *arguments = calloc(total, sizeof *arguments), made;

	if (!types || !arguments)
		abort();
	LLVMGetParamTypes(type, types);
	for (unsigned i = 0; i < count; i++)
		arguments[i] = LLVMGetOperand(call, i);
	types[count] = types[count + 1] = pointer;
	arguments[count] = row;
	arguments[count + 1] = LLVMConstPointerCast(known->function, pointer);
	if (is_of_lock(known->allocator)) {
		types[count + 2] = pointer;
		arguments[count + 2] = attempt_of(allocs, known, call);
	}
	type = LLVMFunctionType(LLVMGetReturnType(type), types, total, 0);
	LLVMValueRef hook = allocs_hook(allocs, known->allocator->hook, type);
	LLVMPositionBuilderBefore(allocs->builder, call);
	LLVMSetCurrentDebugLocation2(allocs->builder, LLVMInstructionGetDebugLoc(call));
	if (LLVMIsAInvokeInst(call)) {
		made = LLVMBuildInvoke2(allocs->builder, type, hook, arguments, total,
					LLVMGetNormalDest(call), LLVMGetUnwindDest(call), "");
	} else {
		made = LLVMBuildCall2(allocs->builder, type, hook, arguments, total, "");
		LLVMSetTailCall(made, LLVMIsTailCall(call) && !allocs->no_tail);
	}
	copy_attributes(made, LLVMAttributeReturnIndex, call, known->function, LLVMAttributeReturnIndex);
	for (unsigned i = 1; i <= count; i++)
		copy_attributes(made, i, call, known->function, i);
	if (call_has_attribute(call, "nounwind"))
		LLVMAddCallSiteAttribute(made, LLVMAttributeFunctionIndex, enum_attribute(allocs->rows->context, "nounwind"));
	copy_metadata(allocs, made, call);
	free(types);
	free(arguments);
	return made;
}

/* How many arguments a hook behind the call gets of it: what prints into a block, and mremap, take any number of
 * them, which cannot be passed on. 0: the hook is called in its place. */
static unsigned arguments_behind(const struct known_allocator *known)
{
	return !strcmp(known->allocator->hook, "__instr_printed") ? 1 : !strcmp(known->allocator->hook, "__instr_remapped") ? 4 : 0;
}

/* Those arguments, the result, and the row. */
static void add_call_behind(struct pass_allocs *allocs, const struct known_allocator *known, LLVMValueRef call, LLVMValueRef row)
{
	enum { MOST = 4 };
	LLVMTypeRef types[MOST + 2];
	LLVMValueRef arguments[MOST + 2];
	unsigned count = arguments_behind(known);

	LLVMPositionBuilderBefore(allocs->builder, LLVMGetNextInstruction(call));
	LLVMSetCurrentDebugLocation2(allocs->builder, LLVMInstructionGetDebugLoc(call));
	for (unsigned i = 0; i < count; i++)
		arguments[i] = LLVMGetOperand(call, i);
	arguments[count] = call;
	arguments[count + 1] = row;
	for (unsigned i = 0; i < count + 2; i++) {
		types[i] = LLVMTypeOf(arguments[i]);
		if (LLVMGetTypeKind(types[i]) == LLVMPointerTypeKind) {
			types[i] = allocs->rows->pointer;
			arguments[i] = LLVMBuildPointerCast(allocs->builder, arguments[i], types[i], "");
		}
	}
	LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(allocs->rows->context), types, count + 2, 0);
	LLVMValueRef hook = allocs_hook(allocs, known->allocator->hook, type);
	LLVMValueRef made = LLVMBuildCall2(allocs->builder, type, hook, arguments, count + 2, "");
	LLVMAddCallSiteAttribute(made, LLVMAttributeFunctionIndex, enum_attribute(allocs->rows->context, "nounwind"));
}

static void replace(LLVMValueRef call, LLVMValueRef made)
{
	size_t bytes = 0;
	const char *name = LLVMGetValueName2(call, &bytes);
	char *kept = malloc(bytes + 1);

	if (!kept)
		abort();
	memcpy(kept, name, bytes);
	LLVMReplaceAllUsesWith(call, made);
	LLVMInstructionEraseFromParent(call);
	LLVMSetValueName2(made, kept, bytes);
	free(kept);
}

void allocs_leave(struct pass_allocs *allocs, LLVMValueRef function)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef i = LLVMGetFirstInstruction(block), next; i; i = next) {
			next = LLVMGetNextInstruction(i);
			if (declared_is_mark(allocs, i))
				LLVMInstructionEraseFromParent(i);
		}
}

/* The function of this name that the module defines, or NULL. */
static const struct known_allocator *defined_as(const struct pass_allocs *allocs, LLVMValueRef function)
{
	for (size_t k = 0; k < allocs->count; k++)
		if (allocs->known[k].function == function)
			return &allocs->known[k];
	return NULL;
}

static bool is_of_pool(const struct allocator *allocator)
{
	return !is_of_lock(allocator) && (allocator->flags >> INSTR_ROW_FAMILY_SHIFT & 255) == INSTR_FAMILY_POOL;
}

/* What is always text is known to be it where anything is. */
static char *type_of_text(LLVMValueRef function, const struct known_allocator *known)
{
	const char *hook = known->allocator->hook;

	if (!LLVMGetSubprogram(function))
		return NULL;
	if (!strcmp(hook, "__instr_strdup") || !strcmp(hook, "__instr_strndup") || !strcmp(hook, "__instr_printed") ||
	    !strcmp(hook, "__instr_getline") || !strcmp(hook, "__instr_getdelim"))
		return strdup("char");
	return !strcmp(hook, "__instr_wcsdup") ? strdup("wchar_t") : NULL;
}

/* What returns no pointer leaves one where its first argument says. */
static char *type_of(struct pass_allocs *allocs, LLVMValueRef function, const struct known_allocator *known,
		     LLVMValueRef call)
{
	bool returned = known->allocator->prototype[0] == 'p';
	struct type_question question = {allocs->rows->module, function, call, returned ? call : LLVMGetOperand(call, 0),
					 !returned, UINT64_MAX};

	if ((known->allocator->flags & INSTR_ROW_KIND_MASK) != INSTR_ROW_ALLOC_SITE)
		return NULL;
	if (returned && known->allocator->prototype[1] == 'z' && LLVMCountParams(known->function) == 1 &&
	    LLVMIsAConstantInt(LLVMGetOperand(call, 0)))
		question.bytes = LLVMConstIntGetZExtValue(LLVMGetOperand(call, 0));
	char *found = type_of_block(&question);
	return found ? found : type_of_text(function, known);
}

/* A wait for a condition has the lock behind that. */
static unsigned is_of_condition(const struct known_allocator *known)
{
	return strstr(known->allocator->hook, "_wait") != NULL;
}

static void rewrite(struct pass_allocs *allocs, LLVMValueRef function, struct known_allocator *known,
		    LLVMValueRef call, unsigned *sites)
{
	const char *linkage = linkage_name(known->function);
	char *type = !is_of_lock(known->allocator) ? type_of(allocs, function, known, call)
						   : lock_name(allocs->rows->module, LLVMGetOperand(call, is_of_condition(known)), NULL);
	/* What a program says of its pools goes by the name in instr/instr.h. */
	LLVMValueRef name = rows_site_name(allocs->rows, linkage + (is_of_pool(known->allocator) ? strlen("__") : 0), type);
	LLVMValueRef row = rows_add_site(allocs->rows, function, ++*sites, call, name, known->allocator->flags);

	free(type);
	if (arguments_behind(known))
		add_call_behind(allocs, known, call, row);
	else
		replace(call, build_call(allocs, known, call, row));
}

void allocs_rewrite(struct pass_allocs *allocs, LLVMValueRef function, unsigned *sites)
{
	const struct known_allocator *defined = defined_as(allocs, function);
	const bool own = defined || is_own(function);

	if (defined && is_of_lock(defined->allocator)) {
		allocs_leave(allocs, function);
		return;
	}
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef i = LLVMGetFirstInstruction(block), next; i; i = next) {
			next = LLVMGetNextInstruction(i);
			if (declared_is_mark(allocs, i)) {
				if (own && !declared_is_lock_mark(allocs, i))
					LLVMInstructionEraseFromParent(i);
				else
					declared_place(allocs, function, i, sites);
				continue;
			}
			struct known_allocator *known = called_by(allocs, i);
			if (known && !(own && !is_of_lock(known->allocator)) && (!arguments_behind(known) || LLVMIsACallInst(i)))
				rewrite(allocs, function, known, i, sites);
		}
}
