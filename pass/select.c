/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * select.c - which functions get hooks, and why the others do not (enum instr_reason).
 *
 * First what the function is (hooks would break it), then what the source says, then whether it is a
 * leftover (hooks could not tell the truth), then the filters. Filters match by glob, in which * also crosses / and ::
 *
 *     a pattern with a /     the source path. One that starts with / must match all of the absolute
 *                            path; any other may also match from a folder on: src/net/t* finds
 *                            /home/me/project/src/net/tcp.c
 *                            (without debug information, the source is that of the unit)
 *     any other              the linkage name, the demangled name with or without parameters
 */
#define _GNU_SOURCE
#include "pass.h"

#include <llvm-c/DebugInfo.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_attribute_kind(LLVMValueRef function, unsigned kind)
{
	return kind && LLVMGetEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, kind);
}

/* Kind 0: this LLVM does not know the attribute. */
static unsigned attribute_kind(const char *name)
{
	return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

bool function_has_attribute(LLVMValueRef function, const char *attribute)
{
	return has_attribute_kind(function, attribute_kind(attribute));
}

LLVMAttributeRef function_string_attribute(LLVMValueRef function, const char *name)
{
	return LLVMGetStringAttributeAtIndex(function, LLVMAttributeFunctionIndex, name,
					     (unsigned)strlen(name));
}

bool call_has_attribute(LLVMValueRef call, const char *attribute)
{
	unsigned kind = attribute_kind(attribute);

	if (!kind)
		return false;
	if (LLVMGetCallSiteEnumAttribute(call, LLVMAttributeFunctionIndex, kind))
		return true;
	LLVMValueRef callee = LLVMIsAFunction(LLVMGetCalledValue(call));
	return callee && has_attribute_kind(callee, kind);
}

LLVMAttributeRef enum_attribute(LLVMContextRef context, const char *name)
{
	return LLVMCreateEnumAttribute(context, attribute_kind(name), 0);
}

LLVMAttributeRef string_attribute(LLVMContextRef context, const char *name, const char *value)
{
	return LLVMCreateStringAttribute(context, name, (unsigned)strlen(name), value, (unsigned)strlen(value));
}

bool is_local(LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	return linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage;
}

const char *linkage_name(LLVMValueRef global)
{
	size_t bytes = 0;
	const char *name = LLVMGetValueName2(global, &bytes);

	return bytes && *name == '\1' ? name + 1 : name; /* an assembler name, taken literally */
}

LLVMValueRef underlying(LLVMValueRef value)
{
	for (int depth = 0; value && depth < 16; depth++) {
		if (LLVMIsAGlobalAlias(value))
			value = LLVMAliasGetAliasee(value);
		else if (LLVMIsAConstantExpr(value))
			value = LLVMGetOperand(value, 0);
		else
			break;
	}
	return value;
}

/* Marked functions ----------------------------------------------------------------------------- */

static int compare_marked(const void *a, const void *b)
{
	const struct marked_function *x = a, *y = b;

	if (x->function != y->function)
		return x->function < y->function ? -1 : 1;
	return (int)x->reason - (int)y->reason;
}

static bool is_listed(const struct pass_marked *marked, LLVMValueRef function)
{
	for (size_t i = 0; i < marked->count; i++)
		if (marked->list[i].function == function)
			return true;
	return false;
}

static void mark(struct pass_marked *marked, LLVMValueRef function, enum instr_reason reason)
{
	if (!function || !LLVMIsAFunction(function) || LLVMIsDeclaration(function))
		return;
	if (marked->count == marked->capacity) {
		marked->capacity = marked->capacity ? 2 * marked->capacity : 16;
		marked->list = realloc(marked->list, marked->capacity * sizeof *marked->list);
		if (!marked->list)
			abort();
	}
	marked->list[marked->count++] = (struct marked_function){function, reason};
}

/* A resolver runs while the program is being relocated, in a static one before its thread-local
 * storage exists: neither it nor anything it calls may touch the runtime. */
static void mark_resolvers(struct pass_marked *marked, LLVMModuleRef module)
{
	for (LLVMValueRef ifunc = LLVMGetFirstGlobalIFunc(module); ifunc; ifunc = LLVMGetNextGlobalIFunc(ifunc)) {
		LLVMValueRef resolver = underlying(LLVMGetGlobalIFuncResolver(ifunc));
		if (resolver && !is_listed(marked, resolver))
			mark(marked, resolver, INSTR_REASON_IFUNC_RESOLVER);
	}
	for (size_t done = 0; done < marked->count; done++) {
		LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(marked->list[done].function);
		for (; block; block = LLVMGetNextBasicBlock(block))
			for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
				if (!LLVMIsACallInst(i) && !LLVMIsAInvokeInst(i))
					continue;
				LLVMValueRef callee = underlying(LLVMGetCalledValue(i));
				if (callee && !is_listed(marked, callee))
					mark(marked, callee, INSTR_REASON_IFUNC_RESOLVER);
			}
	}
}

/* llvm.global.annotations: an array of { function, text, file, line, ... }. */
void each_annotation(LLVMModuleRef module, void (*each)(void *context, LLVMValueRef global, const char *text),
		     void *context)
{
	LLVMValueRef annotations = LLVMGetNamedGlobal(module, "llvm.global.annotations");
	LLVMValueRef list = annotations ? LLVMGetInitializer(annotations) : NULL;

	for (int i = 0; list && i < LLVMGetNumOperands(list); i++) {
		LLVMValueRef entry = LLVMGetOperand(list, (unsigned)i);
		if (LLVMGetNumOperands(entry) < 2)
			continue;
		LLVMValueRef global = LLVMIsAGlobalVariable(underlying(LLVMGetOperand(entry, 1)));
		LLVMValueRef text = global ? LLVMGetInitializer(global) : NULL;
		size_t bytes = 0;
		const char *string = text && LLVMIsAConstantDataSequential(text) && LLVMIsConstantString(text)
					     ? LLVMGetAsString(text, &bytes) : "";
		if (bytes && strlen(string) == bytes - 1)
			each(context, underlying(LLVMGetOperand(entry, 0)), string);
	}
}

static void mark_annotated(void *marked, LLVMValueRef function, const char *text)
{
	if (!strcmp(text, INSTR_SKIP_ANNOTATION))
		mark(marked, function, INSTR_REASON_SOURCE);
}

void marked_collect(struct pass_marked *marked, LLVMModuleRef module)
{
	memset(marked, 0, sizeof *marked);
	mark_resolvers(marked, module);
	each_annotation(module, mark_annotated, marked);
	if (marked->count)
		qsort(marked->list, marked->count, sizeof *marked->list, compare_marked);
}

void marked_fini(struct pass_marked *marked)
{
	free(marked->list);
}

static enum instr_reason marked_reason(const struct pass_marked *marked, LLVMValueRef function)
{
	size_t low = 0, high = marked->count;

	while (low < high) { /* the first entry of this function: reasons ascend */
		size_t middle = low + (high - low) / 2;
		if (marked->list[middle].function < function)
			low = middle + 1;
		else
			high = middle;
	}
	return low < marked->count && marked->list[low].function == function ? marked->list[low].reason
									     : INSTR_REASON_NONE;
}

/* Filters -------------------------------------------------------------------------------------- */

static char *joined_path(const char *folder, size_t folder_bytes, const char *file, size_t file_bytes)
{
	char *path = NULL;

	if (!folder_bytes || (file_bytes && file[0] == '/'))
		folder_bytes = 0;
	if (asprintf(&path, "%.*s%s%.*s", (int)folder_bytes, folder,
		     folder_bytes && folder[folder_bytes - 1] != '/' ? "/" : "", (int)file_bytes, file) < 0)
		abort();
	return path;
}

LLVMMetadataRef file_of(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);

	return subprogram ? LLVMDIScopeGetFile(subprogram) : NULL;
}

char *source_of(LLVMValueRef function, LLVMMetadataRef file)
{
	unsigned folder_bytes = 0, file_bytes = 0;
	size_t source_bytes = 0;

	if (file) {
		const char *folder = LLVMDIFileGetDirectory(file, &folder_bytes);
		const char *name = LLVMDIFileGetFilename(file, &file_bytes);
		return joined_path(folder, folder_bytes, name, file_bytes);
	}
	LLVMAttributeRef kept = function_string_attribute(function, SOURCE_ATTRIBUTE);
	if (kept) {
		const char *source = LLVMGetStringAttributeValue(kept, &file_bytes);
		return joined_path("", 0, source, file_bytes);
	}
	const char *source = LLVMGetSourceFileName(LLVMGetGlobalParent(function), &source_bytes);
	return joined_path("", 0, source, source_bytes);
}

static bool path_matches(const char *pattern, const char *path)
{
	if (!fnmatch(pattern, path, 0))
		return true;
	for (const char *p = path; pattern[0] != '/' && *p; p++)
		if (*p == '/' && !fnmatch(pattern, p + 1, 0))
			return true;
	return false;
}

void names_init(struct function_names *names, const char *linkage)
{
	*names = (struct function_names){.linkage = linkage};
	shim_demangle(linkage, &names->full, &names->name);
}

void names_fini(struct function_names *names)
{
	free(names->full);
	free(names->name);
	free(names->path);
}

bool name_matches(const char *pattern, const struct function_names *names)
{
	return !fnmatch(pattern, names->linkage, 0) || (names->full && !fnmatch(pattern, names->full, 0)) ||
	       (names->name && !fnmatch(pattern, names->name, 0));
}

static bool globs_match(const struct pass_globs *globs, const struct function_names *names)
{
	for (size_t i = 0; i < globs->count; i++) {
		const char *pattern = globs->pattern[i];
		if (strchr(pattern, '/') ? path_matches(pattern, names->path) : name_matches(pattern, names))
			return true;
	}
	return false;
}

static bool filtered_out(const struct pass_settings *settings, LLVMValueRef function, const char *linkage)
{
	struct function_names names;

	if (!settings->allow.count && !settings->deny.count)
		return false;
	names_init(&names, linkage);
	names.path = source_of(function, file_of(function));
	bool out = globs_match(&settings->deny, &names) ||
		   (settings->allow.count && !globs_match(&settings->allow, &names));
	names_fini(&names);
	return out;
}

enum instr_reason select_reason(const struct pass_settings *settings, const struct pass_marked *marked,
				LLVMValueRef function)
{
	const char *name = linkage_name(function);
	enum instr_reason reason = marked_reason(marked, function);

	if (LLVMGetLinkage(function) == LLVMAvailableExternallyLinkage)
		return INSTR_REASON_AVAILABLE_EXTERNALLY;
	if (!strncmp(name, "__instr_", 8))
		return INSTR_REASON_RUNTIME;
	if (function_has_attribute(function, "naked"))
		return INSTR_REASON_NAKED;
	if (function_has_attribute(function, "presplitcoroutine") ||
	    function_string_attribute(function, "coroutine.presplit")) /* LLVM 14 */
		return INSTR_REASON_COROUTINE;
	if (reason != INSTR_REASON_NONE)
		return reason;
	if (function_has_attribute(function, "disable_sanitizer_instrumentation"))
		return INSTR_REASON_ATTRIBUTE;
	LLVMAttributeRef xray = function_string_attribute(function, "function-instrument");
	if (xray) {
		unsigned value_bytes = 0;
		const char *value = LLVMGetStringAttributeValue(xray, &value_bytes);
		if (value_bytes == 10 && !memcmp(value, "xray-never", 10))
			return INSTR_REASON_ATTRIBUTE;
	}
	if (function_has_attribute(function, "alwaysinline"))
		return INSTR_REASON_ALWAYS_INLINE;
	return filtered_out(settings, function, name) ? INSTR_REASON_FILTER : INSTR_REASON_NONE;
}
