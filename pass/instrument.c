/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * instrument.c - puts the hooks of instr/hooks.h into a module; the order of the whole pass.
 *
 * pass_run at the end of this file is the entry. At the beginning of the pipeline calls of declared allocators
 * are marked (declared.c), all else is done at its end. Per function: the calls of
 * allocators first, and those that may block, because they may throw as any other call, then exits, because they may add blocks,
 * then the calls that return twice, then the entry.
 *
 * The life of a function under LTO with lto=post, kept in its string attribute "instr":
 *
 *     (none) --compile step--> "defer"   --link step--> "hooked"
 *                          \-> "skip-N"  --link step--> "listed"    N: enum instr_reason
 *
 * The module flag instr.deferred says that such functions exist, named metadata instr.settings
 * carries the settings of the compile step, and the registration is in place from then on (its
 * comdat must be seen by the linker's symbol resolution). Everywhere else hooks go in at once and
 * the module flag instr.done keeps a second run away.
 */
#define _GNU_SOURCE
#include "pass.h"

#include <llvm-c/DebugInfo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFERRED_FLAG "instr.deferred"
#define MARKED_FLAG "instr.marked" /* declared_mark has been here */
#define SETTINGS_METADATA "instr.settings"
#define STATE_ATTRIBUTE "instr"

struct pass {
	LLVMModuleRef module;
	LLVMContextRef context;
	LLVMBuilderRef builder;
	struct pass_settings settings;
	struct pass_rows rows;
	struct pass_allocs allocs;
	struct pass_blocks blocks;
	struct pass_threads threads;
	unsigned nounwind, nonlazybind, frameaddress, builtin_setjmp;
	unsigned hooked, skipped;
	bool may_inline; /* the link step of LTO may still inline what is hooked now */
};

/* One function while its hooks go in. */
struct work {
	struct pass *pass;
	LLVMValueRef function, row;
	LLVMMetadataRef subprogram;
};

/* A growing list of instructions. */
struct list {
	LLVMValueRef *item;
	size_t count, capacity;
};

static void push(struct list *list, LLVMValueRef item)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 16;
		list->item = realloc(list->item, list->capacity * sizeof *list->item);
		if (!list->item)
			abort();
	}
	list->item[list->count++] = item;
}

/* Hooks ---------------------------------------------------------------------------------------- */

static void call_hook(struct work *work, LLVMValueRef before, LLVMMetadataRef location, const char *hook,
		      LLVMValueRef frame)
{
	struct pass *pass = work->pass;
	LLVMTypeRef pointers[] = {pass->rows.pointer, pass->rows.pointer};
	LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(pass->context), pointers, frame ? 2 : 1, 0);
	LLVMValueRef arguments[] = {work->row, frame};
	LLVMValueRef callee = LLVMGetNamedFunction(pass->module, hook);

	if (!callee) {
		callee = LLVMAddFunction(pass->module, hook, type);
		LLVMSetFunctionCallConv(callee, LLVMPreserveAllCallConv);
		unsigned kinds[] = {pass->nounwind, pass->nonlazybind};
		for (int i = 0; i < 2; i++)
			LLVMAddAttributeAtIndex(callee, LLVMAttributeFunctionIndex,
						LLVMCreateEnumAttribute(pass->context, kinds[i], 0));
	}
	LLVMPositionBuilderBefore(pass->builder, before);
	LLVMSetCurrentDebugLocation2(pass->builder, location);
	LLVMValueRef call = LLVMBuildCall2(pass->builder, type,
					   LLVMConstPointerCast(callee, LLVMPointerType(type, 0)), arguments,
					   frame ? 2 : 1, "");
	LLVMSetInstructionCallConv(call, LLVMPreserveAllCallConv);
}

/* Line 0 says "made by the compiler": debuggers and line tables do not stop there. */
static LLVMMetadataRef location_at(const struct work *work, unsigned line)
{
	return work->subprogram ? LLVMDIBuilderCreateDebugLocation(work->pass->context, line, 0,
								   work->subprogram, NULL) : NULL;
}

static LLVMMetadataRef location_of(const struct work *work, LLVMValueRef instruction)
{
	LLVMMetadataRef location = work->subprogram ? LLVMInstructionGetDebugLoc(instruction) : NULL;

	return location ? location : location_at(work, 0);
}

/* None: the call then counts as prologue, and "break f" stops at the same line with the arguments in
 * place as without hooks. (With any location, line 0 included, LLVM 22 ends the prologue at the
 * call.) Within LTO the hooks may turn out to have debug information, and then the verifier wants a
 * location at every call of them. */
static LLVMMetadataRef entry_location(const struct work *work)
{
	return work->pass->rows.lto ? location_at(work, 0) : NULL;
}

/* Calls ---------------------------------------------------------------------------------------- */

static bool is_intrinsic(LLVMValueRef call)
{
	LLVMValueRef callee = LLVMIsAFunction(LLVMGetCalledValue(call));

	return callee && LLVMGetIntrinsicID(callee);
}

/* Does nothing that could matter between a call and a return. */
static bool is_marker(LLVMValueRef instruction)
{
	size_t bytes = 0;
	const char *name;

	if (!LLVMIsACallInst(instruction) || !is_intrinsic(instruction))
		return false;
	name = LLVMGetValueName2(LLVMIsAFunction(LLVMGetCalledValue(instruction)), &bytes);
	return !strncmp(name, "llvm.dbg.", 9) || !strncmp(name, "llvm.lifetime.end", 17);
}

/* tail=keep ------------------------------------------------------------------------------------ */

/* The tail call directly before `end`, or NULL. */
static LLVMValueRef tail_call_before(LLVMValueRef end)
{
	LLVMValueRef i = LLVMGetPreviousInstruction(end);

	while (i && (is_marker(i) || LLVMIsABitCastInst(i)))
		i = LLVMGetPreviousInstruction(i);
	if (!i || !LLVMIsACallInst(i) || is_intrinsic(i) || !LLVMIsTailCall(i) || shim_is_musttail(i) ||
	    call_has_attribute(i, "returns_twice"))
		return NULL;
	return i;
}

static bool is_result_of(LLVMValueRef value, LLVMValueRef call)
{
	while (value != call && LLVMIsABitCastInst(value))
		value = LLVMGetOperand(value, 0);
	return value == call;
}

/* The call that a return hands on as its own result, so that it can stay a tail call. */
static LLVMValueRef kept_tail_call(LLVMValueRef ret)
{
	LLVMValueRef call = tail_call_before(ret);

	if (!call || (LLVMGetNumOperands(ret) && !is_result_of(LLVMGetOperand(ret, 0), call)))
		return NULL;
	return call;
}

/* The optimiser joins returns in one block; code generation would split it again for each tail call
 * if no hook stood there. So it is split here. */
static void split_returns(LLVMValueRef function)
{
	struct list returns = {0};

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef i = LLVMGetFirstInstruction(block);
		while (i && (LLVMIsAPHINode(i) || is_marker(i)))
			i = LLVMGetNextInstruction(i);
		if (i && LLVMIsAReturnInst(i))
			push(&returns, i);
	}
	for (size_t r = 0; r < returns.count; r++) {
		LLVMValueRef ret = returns.item[r];
		LLVMBasicBlockRef block = LLVMGetInstructionParent(ret);
		LLVMValueRef value = LLVMGetNumOperands(ret) ? LLVMGetOperand(ret, 0) : NULL;
		struct list branches = {0};
		for (LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(block)); use; use = LLVMGetNextUse(use)) {
			LLVMValueRef branch = LLVMIsABranchInst(LLVMGetUser(use));
			LLVMValueRef call = branch && !LLVMIsConditional(branch) ? tail_call_before(branch) : NULL;
			LLVMValueRef incoming = value;
			if (!call)
				continue;
			if (value && LLVMIsAPHINode(value) && LLVMGetInstructionParent(value) == block)
				for (unsigned p = 0; p < LLVMCountIncoming(value); p++)
					if (LLVMGetIncomingBlock(value, p) == LLVMGetInstructionParent(branch))
						incoming = LLVMGetIncomingValue(value, p);
			if (!value || is_result_of(incoming, call))
				push(&branches, branch);
		}
		for (size_t b = 0; b < branches.count; b++)
			shim_fold_return(ret, LLVMGetInstructionParent(branches.item[b]));
		free(branches.item);
	}
	free(returns.item);
}

/* Exits ---------------------------------------------------------------------------------------- */

static void hook_exit(LLVMValueRef before, void *context)
{
	struct work *work = context;
	const char *hook = INSTR_HOOK_TAIL; /* before a musttail call */
	LLVMMetadataRef location = location_of(work, before);

	if (LLVMIsAReturnInst(before)) {
		LLVMValueRef call = work->pass->settings.tail_keep ? kept_tail_call(before) : NULL;
		if (call)
			before = call;
		else
			hook = INSTR_HOOK_EXIT;
	} else if (LLVMIsAResumeInst(before)) {
		hook = INSTR_HOOK_UNWIND;
		location = location_at(work, 0);
	}
	call_hook(work, before, location, hook, NULL);
}

/* The personality routine passes by a pad whose catch clauses do not match and that has no cleanup,
 * without running the resume behind it. With the cleanup flag every exception stops there. */
static void open_catch_pads(const struct list *pads, bool has_resume)
{
	for (size_t i = 0; has_resume && i < pads->count; i++) {
		bool catches_all = false;
		for (unsigned c = 0; c < LLVMGetNumClauses(pads->item[i]); c++)
			catches_all |= LLVMIsNull(LLVMGetClause(pads->item[i], c));
		if (!catches_all)
			LLVMSetCleanup(pads->item[i], 1);
	}
}

/* The calls that must not become invokes: they get nounwind while the exits are enumerated. */
static bool stays_a_call(const struct pass *pass, LLVMValueRef call, bool returns_twice)
{
	if (returns_twice || is_intrinsic(call))
		return true;
	if (!pass->settings.tail_keep)
		return false;
	LLVMValueRef i = LLVMGetNextInstruction(call);
	while (i && (is_marker(i) || LLVMIsABitCastInst(i)))
		i = LLVMGetNextInstruction(i);
	return i && LLVMIsAReturnInst(i) && kept_tail_call(i) == call;
}

static bool returns_twice(const struct pass *pass, LLVMValueRef call)
{
	LLVMValueRef callee = LLVMIsAFunction(LLVMGetCalledValue(call));

	return call_has_attribute(call, "returns_twice") ||
	       (callee && LLVMGetIntrinsicID(callee) == pass->builtin_setjmp);
}

struct shape {
	struct list twice;  /* calls that return twice */
	struct list guarded; /* calls made nounwind for a while */
	struct list pads;
	bool has_resume, may_throw, dynamic_stack;
};

static void look_at(const struct pass *pass, LLVMValueRef function, struct shape *shape)
{
	LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(function);
	LLVMBasicBlockRef block = entry;

	for (; block; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
			switch (LLVMGetInstructionOpcode(i)) {
			case LLVMAlloca:
				if (block != entry || !LLVMIsAConstantInt(LLVMGetOperand(i, 0)))
					shape->dynamic_stack = true;
				break;
			case LLVMLandingPad:
				if (!LLVMIsCleanup(i))
					push(&shape->pads, i);
				break;
			case LLVMResume:
				shape->has_resume = true;
				break;
			case LLVMCall:
			case LLVMInvoke: {
				bool twice = returns_twice(pass, i);
				if (twice)
					push(&shape->twice, i);
				if (!LLVMIsACallInst(i) || call_has_attribute(i, "nounwind"))
					break;
				if (stays_a_call(pass, i, twice))
					push(&shape->guarded, i);
				else if (!shim_is_musttail(i))
					shape->may_throw = true;
				break;
			}
			default:
				break;
			}
}

/* A new pad needs a personality. Where the unit uses that of C++ anyway, take it rather than C's, the
 * default: LTO does not inline a function into one of another personality. */
static void choose_personality(const struct pass *pass, LLVMValueRef function)
{
	LLVMValueRef personality = LLVMGetNamedFunction(pass->module, "__gxx_personality_v0");

	if (personality && !LLVMHasPersonalityFn(function))
		LLVMSetPersonalityFn(function, personality);
}

static void hook_landings(struct work *work, const struct list *twice)
{
	struct pass *pass = work->pass;

	for (size_t i = 0; i < twice->count; i++) {
		LLVMValueRef call = twice->item[i];
		LLVMMetadataRef location = location_of(work, call);
		LLVMValueRef before = shim_after_return_of(call);
		LLVMTypeRef type = LLVMFunctionType(pass->rows.pointer, &pass->rows.i32, 1, 0);
		LLVMValueRef level = LLVMConstInt(pass->rows.i32, 0, 0);
		LLVMValueRef callee = LLVMGetIntrinsicDeclaration(pass->module, pass->frameaddress,
								  &pass->rows.pointer, 1);
		LLVMPositionBuilderBefore(pass->builder, before);
		LLVMSetCurrentDebugLocation2(pass->builder, location);
		call_hook(work, before, location, INSTR_HOOK_LANDED,
			  LLVMBuildCall2(pass->builder, type, callee, &level, 1, ""));
	}
}

/* What belongs to the prologue: allocas of fixed size, and at -O0 the arguments' stores into them. A
 * debugger stops behind these and shows the arguments from there. */
static bool is_prologue(LLVMValueRef i)
{
	if (LLVMIsAAllocaInst(i))
		return LLVMIsAConstantInt(LLVMGetOperand(i, 0));
	if (LLVMIsAStoreInst(i))
		return LLVMIsAArgument(LLVMGetOperand(i, 0)) && LLVMIsAAllocaInst(LLVMGetOperand(i, 1));
	return is_marker(i);
}

static LLVMValueRef body_of(LLVMValueRef function)
{
	LLVMValueRef i = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));

	while (is_prologue(i))
		i = LLVMGetNextInstruction(i);
	return i;
}

/* Code behind a call that becomes an invoke leaves the entry block, where an alloca of fixed size is
 * part of the frame; elsewhere it would move the stack pointer. Other instrumentation puts calls in
 * front of allocas. */
static void gather_allocas(struct pass *pass, LLVMValueRef function)
{
	LLVMValueRef i = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function)), body = NULL, next;

	for (; i; i = next) {
		next = LLVMGetNextInstruction(i);
		if (!LLVMIsAAllocaInst(i) || !LLVMIsAConstantInt(LLVMGetOperand(i, 0))) {
			if (!body)
				body = i;
		} else if (body) {
			LLVMInstructionRemoveFromParent(i);
			LLVMPositionBuilderBefore(pass->builder, body);
			LLVMSetCurrentDebugLocation2(pass->builder, NULL);
			LLVMInsertIntoBuilder(pass->builder, i);
		}
	}
}

static void instrument_function(struct pass *pass, LLVMValueRef function)
{
	struct work work = {pass, function, NULL, LLVMGetSubprogram(function)};
	struct shape shape = {0};
	bool unwinds = pass->settings.unwind && !function_has_attribute(function, "nounwind");

	if (pass->settings.tail_keep)
		split_returns(function);
	look_at(pass, function, &shape);
	work.row = rows_add_function(&pass->rows, function,
				     (shape.dynamic_stack ? INSTR_ROW_DYNAMIC_STACK : 0u) |
				     (shape.twice.count ? INSTR_ROW_RETURNS_TWICE : 0u) |
				     (pass->may_inline ? INSTR_ROW_INLINABLE : 0u));
	if (unwinds) {
		if (shape.may_throw) {
			choose_personality(pass, function);
			gather_allocas(pass, function);
		}
		open_catch_pads(&shape.pads, shape.has_resume);
		for (size_t i = 0; i < shape.guarded.count; i++)
			LLVMAddCallSiteAttribute(shape.guarded.item[i], LLVMAttributeFunctionIndex,
						 LLVMCreateEnumAttribute(pass->context, pass->nounwind, 0));
	}
	shim_each_exit(function, unwinds, hook_exit, &work);
	for (size_t i = 0; unwinds && i < shape.guarded.count; i++)
		LLVMRemoveCallSiteEnumAttribute(shape.guarded.item[i], LLVMAttributeFunctionIndex, pass->nounwind);
	hook_landings(&work, &shape.twice);
	call_hook(&work, body_of(function), entry_location(&work), INSTR_HOOK_ENTER, NULL);
	pass->hooked++;
	free(shape.twice.item);
	free(shape.guarded.item);
	free(shape.pads.item);
}

/* Modules -------------------------------------------------------------------------------------- */

static bool has_flag(LLVMModuleRef module, const char *name)
{
	return LLVMGetModuleFlag(module, name, strlen(name)) != NULL;
}

static void set_flag(struct pass *pass, const char *name)
{
	if (!has_flag(pass->module, name))
		LLVMAddModuleFlag(pass->module, LLVMModuleFlagBehaviorWarning, name, strlen(name),
				  LLVMValueAsMetadata(LLVMConstInt(pass->rows.i32, 1, 0)));
}

static void set_attribute(struct pass *pass, LLVMValueRef function, const char *name, const char *value)
{
	LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
				string_attribute(pass->context, name, value));
}

static void set_state(struct pass *pass, LLVMValueRef function, const char *state)
{
	set_attribute(pass, function, STATE_ATTRIBUTE, state);
}

static void defer_function(struct pass *pass, LLVMValueRef function, enum instr_reason reason)
{
	char state[16] = "defer";

	if (reason != INSTR_REASON_NONE)
		snprintf(state, sizeof state, "skip-%d", (int)reason);
	set_state(pass, function, state);
	if (!LLVMGetSubprogram(function)) {
		char *source = source_of(function, NULL);
		set_attribute(pass, function, SOURCE_ATTRIBUTE, source);
		free(source);
	}
}

static const char *state_of(LLVMValueRef function, unsigned *bytes)
{
	LLVMAttributeRef state = function_string_attribute(function, STATE_ATTRIBUTE);

	*bytes = 0;
	return state ? LLVMGetStringAttributeValue(state, bytes) : "";
}

/* Whether calls in a function are recorded that has no hooks itself, for this reason. */
static bool keeps_sites(enum instr_reason reason)
{
	return reason == INSTR_REASON_NONE || reason == INSTR_REASON_FILTER ||
	       reason == INSTR_REASON_ALWAYS_INLINE;
}

static void finish_function(struct pass *pass, LLVMValueRef function, enum instr_reason reason)
{
	unsigned sites = 0;

	/* First: a wait for a condition gets hooks around it, and then one in its place. */
	if (pass->settings.block && keeps_sites(reason))
		blocks_rewrite(&pass->blocks, function, &sites);
	if ((pass->settings.heap != PASS_HEAP_OFF || pass->settings.lock) && keeps_sites(reason))
		allocs_rewrite(&pass->allocs, function, &sites);
	else
		allocs_leave(&pass->allocs, function);
	if (pass->settings.thread && keeps_sites(reason))
		threads_rewrite(&pass->threads, function, &sites);
	if (reason == INSTR_REASON_NONE)
		instrument_function(pass, function);
	else {
		rows_add_skipped(&pass->rows, function, reason);
		pass->skipped++;
	}
}

static void register_module(struct pass *pass)
{
	char *line = settings_line(&pass->settings);

	rows_register(&pass->rows, line);
	free(line);
}

/* The functions that have code here (an available_externally one has it elsewhere, and is hooked or
 * listed there). A list, because hooks add declarations while we walk. */
static void list_definitions(LLVMModuleRef module, struct list *list)
{
	for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
		if (!LLVMIsDeclaration(f) && LLVMGetLinkage(f) != LLVMAvailableExternallyLinkage)
			push(list, f);
}

static void instrument_now(struct pass *pass, bool defer)
{
	struct pass_marked marked;
	struct list functions = {0};

	pass->may_inline = pass->rows.lto;
	allocs_init(&pass->allocs, &pass->rows, &pass->settings);
	blocks_init(&pass->blocks, &pass->rows);
	threads_init(&pass->threads, &pass->rows);
	marked_collect(&marked, pass->module);
	list_definitions(pass->module, &functions);
	for (size_t i = 0; i < functions.count; i++) {
		enum instr_reason reason = select_reason(&pass->settings, &marked, functions.item[i]);
		if (defer)
			defer_function(pass, functions.item[i], reason);
		else
			finish_function(pass, functions.item[i], reason);
	}
	rows_keep_skipped(&pass->rows);
	set_flag(pass, defer ? DEFERRED_FLAG : INSTR_DONE_FLAG);
	if (functions.count)
		register_module(pass);
	if (defer) {
		char *line = settings_line(&pass->settings);
		LLVMMetadataRef text = LLVMMDStringInContext2(pass->context, line, strlen(line));
		LLVMMetadataRef node = LLVMMDNodeInContext2(pass->context, &text, 1);
		LLVMAddNamedMetadataOperand(pass->module, SETTINGS_METADATA,
					    LLVMMetadataAsValue(pass->context, node));
		free(line);
	}
	free(functions.item);
	marked_fini(&marked);
}

/* The settings that the compile step left in the module; of several, the first. */
static void load_deferred_settings(struct pass *pass)
{
	unsigned count = LLVMGetNamedMetadataNumOperands(pass->module, SETTINGS_METADATA);
	LLVMValueRef *nodes = calloc(count + 1, sizeof *nodes);
	LLVMValueRef text = NULL;
	unsigned bytes = 0;

	if (!nodes)
		abort();
	LLVMGetNamedMetadataOperands(pass->module, SETTINGS_METADATA, nodes);
	if (count)
		LLVMGetMDNodeOperands(nodes[0], &text);
	const char *line = text ? LLVMGetMDString(text, &bytes) : "";
	settings_parse(&pass->settings, SETTINGS_METADATA, line, bytes);
	free(nodes);
}

static bool instrument_deferred(struct pass *pass)
{
	struct list functions = {0};

	load_deferred_settings(pass);
	allocs_init(&pass->allocs, &pass->rows, &pass->settings);
	blocks_init(&pass->blocks, &pass->rows);
	threads_init(&pass->threads, &pass->rows);
	list_definitions(pass->module, &functions);
	for (size_t i = 0; i < functions.count; i++) {
		LLVMValueRef function = functions.item[i];
		unsigned bytes;
		const char *state = state_of(function, &bytes);
		if (bytes == 5 && !memcmp(state, "defer", 5)) {
			finish_function(pass, function, INSTR_REASON_NONE);
			set_state(pass, function, "hooked");
		} else if (bytes > 5 && !memcmp(state, "skip-", 5)) {
			finish_function(pass, function, (enum instr_reason)strtol(state + 5, NULL, 10));
			set_state(pass, function, "listed");
		}
	}
	rows_keep_skipped(&pass->rows);
	set_flag(pass, INSTR_DONE_FLAG);
	free(functions.item);
	return pass->hooked || pass->skipped;
}

static bool target_is_ours(LLVMModuleRef module)
{
	const char *triple = LLVMGetTarget(module);

	return (!strncmp(triple, "x86_64-", 7) || !strncmp(triple, "amd64-", 6)) && strstr(triple, "linux") &&
	       !strstr(triple, "x32");
}

static bool fail(struct pass *pass, const char *sentence)
{
	shim_error(pass->module, sentence);
	return false;
}

static bool mark_declared(struct pass *pass)
{
	char error[512] = "";

	if ((pass->settings.heap == PASS_HEAP_OFF && !pass->settings.lock) || has_flag(pass->module, MARKED_FLAG) ||
	    !declared_mark(&pass->settings, pass->module, error, sizeof error))
		return false;
	set_flag(pass, MARKED_FLAG);
	if (error[0])
		fail(pass, error);
	return true;
}

/* What is wrong with the settings or the target is said at the end of the pipeline. */
static bool begin(struct pass *pass)
{
	if (has_flag(pass->module, DEFERRED_FLAG) || has_flag(pass->module, INSTR_DONE_FLAG))
		return false;
	settings_load(&pass->settings);
	bool marks = !pass->settings.error[0] && target_is_ours(pass->module) && mark_declared(pass);
	pass->settings.verbose = 0;
	return marks;
}

static bool run(struct pass *pass, enum pass_stage stage)
{
	if (stage == PASS_BEGIN)
		return begin(pass);
	if (has_flag(pass->module, DEFERRED_FLAG))
		return instrument_deferred(pass);
	if (stage == PASS_LINK || has_flag(pass->module, INSTR_DONE_FLAG))
		return false;
	settings_load(&pass->settings);
	if (pass->settings.error[0])
		return fail(pass, pass->settings.error);
	if (!target_is_ours(pass->module)) {
		char sentence[256];
		snprintf(sentence, sizeof sentence, "only x86-64 Linux is supported for now, not %s",
			 *LLVMGetTarget(pass->module) ? LLVMGetTarget(pass->module) : "an unnamed target");
		return fail(pass, sentence);
	}
	if (pass->settings.help)
		settings_print(&pass->settings);
	bool defer = pass->rows.lto && pass->settings.lto_post;
	if (defer && shim_llvm_major() < 16)
		return fail(pass, "lto=post needs LLVM 16 or newer: older linkers cannot load a plugin");
	mark_declared(pass);
	instrument_now(pass, defer);
	return true;
}

bool pass_run(LLVMModuleRef module, enum pass_stage stage)
{
	struct pass pass = {.module = module, .context = LLVMGetModuleContext(module)};

	settings_init(&pass.settings);
	rows_init(&pass.rows, module);
	pass.builder = LLVMCreateBuilderInContext(pass.context);
	pass.nounwind = LLVMGetEnumAttributeKindForName("nounwind", strlen("nounwind"));
	pass.nonlazybind = LLVMGetEnumAttributeKindForName("nonlazybind", strlen("nonlazybind"));
	pass.frameaddress = LLVMLookupIntrinsicID("llvm.frameaddress", strlen("llvm.frameaddress"));
	pass.builtin_setjmp = LLVMLookupIntrinsicID("llvm.eh.sjlj.setjmp", strlen("llvm.eh.sjlj.setjmp"));
	bool changed = run(&pass, stage);
	if (changed && pass.settings.verbose) {
		size_t bytes = 0;
		const char *source = LLVMGetSourceFileName(module, &bytes);
		fprintf(stderr, "instr: %.*s: %u functions instrumented, %u not\n", (int)bytes, source,
			pass.hooked, pass.skipped);
	}
	allocs_fini(&pass.allocs);
	blocks_fini(&pass.blocks);
	threads_fini(&pass.threads);
	LLVMDisposeBuilder(pass.builder);
	rows_fini(&pass.rows);
	settings_fini(&pass.settings);
	return changed;
}
