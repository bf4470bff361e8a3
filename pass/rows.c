/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * rows.c - descriptor rows (struct instr_row) of functions and of places in them, their strings, and
 * the registration of the module.
 * The other half is runtime/control, which reads what __instr_register is given.
 *
 * How a row lives and dies with its function (a site's row with the function that the site is in), in
 * the hands of the linker:
 *
 *     a comdat function   its row is in the same comdat under a name made of the function's, so one
 *                         copy of each survives, and it is the pair that belongs together
 *                         (Within LTO the linker may take the function from an object without row,
 *                         and the optimiser still inline a copy with it: there the row is a comdat of
 *                         its own, and the name of a site says all that is in the row, because copies
 *                         of a function need not have the same sites)
 *     any other function  the row is private to the object
 *     --gc-sections       !associated makes the row's section follow the function's section. Inside
 *                         LTO the optimiser removes dead functions and rows itself, and newer
 *                         LLVMs reject an !associated whose function is gone: there it is left out
 *
 * A row holds offsets relative to itself: no relocation, and no pointer that would keep a function.
 *
 * Rows in the skipped section are not referenced by code. Outside LTO !associated alone keeps them
 * exactly as long as their function; inside LTO llvm.used keeps them, at worst longer than it.
 */
#define _GNU_SOURCE
#include "pass.h"

#include <llvm-c/Comdat.h>
#include <llvm-c/DebugInfo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before every other constructor (sanitizers use 1, users 101 and up): names are known early. */
enum { CTOR_PRIORITY = 0 };

void rows_init(struct pass_rows *rows, LLVMModuleRef module)
{
	LLVMContextRef context = LLVMGetModuleContext(module);

	memset(rows, 0, sizeof *rows);
	rows->module = module;
	rows->context = context;
	rows->i32 = LLVMInt32TypeInContext(context);
	rows->i64 = LLVMInt64TypeInContext(context);
	rows->pointer = LLVMPointerType(LLVMInt8TypeInContext(context), 0);
	LLVMTypeRef fields[] = {rows->i32, rows->i32, rows->i32, rows->i32};
	rows->row = LLVMStructTypeInContext(context, fields, 4, 0);
	rows->lto = LLVMGetModuleFlag(module, "EnableSplitLTOUnit", strlen("EnableSplitLTOUnit")) != NULL;
	rows->associated = LLVMGetMDKindIDInContext(context, "associated", strlen("associated"));
}

void rows_fini(struct pass_rows *rows)
{
	free(rows->files);
	free(rows->skipped);
	for (size_t i = 0; i < rows->name_capacity; i++)
		free(rows->names[i].text);
	free(rows->names);
}

/* A constant that the linker may merge with its equals. */
static LLVMValueRef add_string(struct pass_rows *rows, const char *text)
{
	LLVMValueRef data = LLVMConstStringInContext(rows->context, text, (unsigned)strlen(text), 0);
	LLVMValueRef string = LLVMAddGlobal(rows->module, LLVMTypeOf(data), "instr.string");

	LLVMSetInitializer(string, data);
	LLVMSetGlobalConstant(string, 1);
	LLVMSetLinkage(string, LLVMPrivateLinkage);
	LLVMSetUnnamedAddress(string, LLVMGlobalUnnamedAddr);
	LLVMSetAlignment(string, 1);
	return string;
}

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes)
{
	for (const unsigned char *c = data, *end = c + bytes; c < end; c++)
		hash = (hash ^ *c) * 0x100000001b3;
	return hash;
}

/* Where it stands, or would. */
static struct site_name *find_name(struct pass_rows *rows, const char *text)
{
	size_t at = hash_bytes(0xcbf29ce484222325, text, strlen(text)) & (rows->name_capacity - 1);

	while (rows->names[at].text && strcmp(rows->names[at].text, text))
		at = (at + 1) & (rows->name_capacity - 1);
	return &rows->names[at];
}

static void grow_names(struct pass_rows *rows)
{
	struct site_name *before = rows->names;
	size_t count = rows->name_capacity;

	rows->name_capacity = count ? 2 * count : 64;
	rows->names = calloc(rows->name_capacity, sizeof *rows->names);
	if (!rows->names)
		abort();
	for (size_t i = 0; i < count; i++)
		if (before[i].text)
			*find_name(rows, before[i].text) = before[i];
	free(before);
}

LLVMValueRef rows_site_name(struct pass_rows *rows, const char *called, const char *type)
{
	char *text = NULL;

	if (asprintf(&text, type ? "%s%c%s" : "%s", called, INSTR_ROW_TYPE_MARK, type) < 0)
		abort();
	if (2 * rows->name_count >= rows->name_capacity)
		grow_names(rows);
	struct site_name *name = find_name(rows, text);
	if (name->text) {
		free(text);
	} else {
		*name = (struct site_name){text, add_string(rows, text)};
		rows->name_count++;
	}
	return name->string;
}

/* One string per file of the debug information. Without that, a function has the module's file (key
 * NULL), but within LTO perhaps another one; there the linker merges equal strings. */
static LLVMValueRef file_string(struct pass_rows *rows, LLVMValueRef function, LLVMMetadataRef file)
{
	for (size_t i = 0; i < rows->file_count; i++)
		if (rows->files[i].file == file && (file || !rows->lto))
			return rows->files[i].string;
	if (rows->file_count == rows->file_capacity) {
		rows->file_capacity = rows->file_capacity ? 2 * rows->file_capacity : 16;
		rows->files = realloc(rows->files, rows->file_capacity * sizeof *rows->files);
		if (!rows->files)
			abort();
	}
	char *path = source_of(function, file);
	LLVMValueRef string = add_string(rows, path);
	rows->files[rows->file_count++] = (struct row_file){file, string};
	free(path);
	return string;
}

static LLVMValueRef offset_from(struct pass_rows *rows, LLVMValueRef row, LLVMValueRef string)
{
	return LLVMConstTrunc(LLVMConstSub(LLVMConstPtrToInt(string, rows->i64),
					   LLVMConstPtrToInt(row, rows->i64)), rows->i32);
}

/* What a row tells; name and file are strings. */
struct told {
	LLVMValueRef name, file;
	unsigned line;
	uint32_t flags;
};

/* A row that lives and dies with `function`. Code refers to what is in INSTR_ROWS_SECTION. */
static LLVMValueRef add_row(struct pass_rows *rows, LLVMValueRef function, const char *section,
			    const char *symbol, const struct told *told)
{
	LLVMComdatRef comdat = LLVMGetComdat(function);
	bool shared = comdat && !is_local(function);
	LLVMValueRef row = LLVMAddGlobal(rows->module, rows->row, symbol);
	LLVMValueRef fields[] = {
		offset_from(rows, row, told->name),
		offset_from(rows, row, told->file),
		LLVMConstInt(rows->i32, told->line, 0),
		LLVMConstInt(rows->i32, told->flags, 0),
	};

	LLVMSetInitializer(row, LLVMConstStructInContext(rows->context, fields, 4, 0));
	LLVMSetSection(row, section);
	LLVMSetAlignment(row, sizeof(struct instr_row));
	LLVMSetLinkage(row, shared ? LLVMLinkOnceODRLinkage : LLVMPrivateLinkage);
	if (shared)
		LLVMSetVisibility(row, LLVMHiddenVisibility);
	if (shared && rows->lto && !strcmp(section, INSTR_ROWS_SECTION))
		comdat = LLVMGetOrInsertComdat(rows->module, symbol);
	if (comdat)
		LLVMSetComdat(row, comdat);
	if (!rows->lto) {
		LLVMMetadataRef operand = LLVMValueAsMetadata(function);
		LLVMGlobalSetMetadata(row, rows->associated, LLVMMDNodeInContext2(rows->context, &operand, 1));
	}
	return row;
}

static LLVMValueRef add_function_row(struct pass_rows *rows, LLVMValueRef function, const char *section,
				     const char *prefix, uint32_t flags)
{
	const char *name = linkage_name(function);
	LLVMMetadataRef file = file_of(function);
	struct told told = {
		.name = add_string(rows, name),
		.file = file_string(rows, function, file),
		.line = file ? LLVMDISubprogramGetLine(LLVMGetSubprogram(function)) : 0,
		.flags = INSTR_ROW_FUNCTION | flags,
	};
	char *symbol = NULL;

	if (asprintf(&symbol, "%s%s", prefix, name) < 0)
		abort();
	LLVMValueRef row = add_row(rows, function, section, symbol, &told);
	free(symbol);
	return row;
}

LLVMValueRef rows_add_function(struct pass_rows *rows, LLVMValueRef function, unsigned flags)
{
	LLVMValueRef row = add_function_row(rows, function, INSTR_ROWS_SECTION, "__instr_row.", flags);
	return LLVMConstPointerCast(row, rows->pointer);
}

static uint64_t hash_string(uint64_t hash, LLVMValueRef string)
{
	size_t bytes = 0;
	const char *text = LLVMGetAsString(LLVMGetInitializer(string), &bytes);

	return hash_bytes(hash, text, bytes);
}

static uint64_t hash_told(const struct told *told)
{
	uint64_t hash = hash_string(hash_string(0xcbf29ce484222325, told->name), told->file);

	hash = hash_bytes(hash, &told->line, sizeof told->line);
	return hash_bytes(hash, &told->flags, sizeof told->flags);
}

/* "/usr/bin/../lib/x" is "/usr/lib/x": clang finds the C++ library of GCC by such ways. */
static void take_out_parents(char *path)
{
	char *up;

	while ((up = strstr(path, "/../")) && up > path) {
		char *before = up - 1;
		while (before > path && *before != '/')
			before--;
		memmove(before, up + 3, strlen(up + 3) + 1);
	}
}

/* Whether a file is a header of the system or of the C++ library. */
static bool is_of_system(LLVMValueRef function, LLVMMetadataRef file)
{
	char *path = source_of(function, file);

	take_out_parents(path);
	bool is = !strncmp(path, "/usr/include/", strlen("/usr/include/")) || !strncmp(path, "/usr/lib/", strlen("/usr/lib/")) ||
		  strstr(path, "/include/c++/");
	free(path);
	return is;
}

static LLVMMetadataRef file_of_location(LLVMMetadataRef location)
{
	return LLVMDIScopeGetFile(LLVMDILocationGetScope(location));
}

/* Of the places that the call was inlined through the innermost one in a file of the program: that a vector
 * allocates in its allocator's header is known. If there is none, the innermost of all. */
static LLVMMetadataRef own_place(LLVMValueRef function, LLVMMetadataRef innermost)
{
	for (LLVMMetadataRef at = innermost; at; at = LLVMDILocationGetInlinedAt(at))
		if (!is_of_system(function, file_of_location(at)))
			return at;
	return innermost;
}

LLVMValueRef rows_add_site(struct pass_rows *rows, LLVMValueRef function, unsigned number,
			   LLVMValueRef call, LLVMValueRef name, uint32_t flags)
{
	LLVMMetadataRef location = LLVMInstructionGetDebugLoc(call), file = file_of(function);
	struct told told = {.name = name, .flags = flags};
	char *symbol = NULL, suffix[20] = "";

	if (location) {
		location = own_place(function, location);
		unsigned column = LLVMDILocationGetColumn(location);
		file = file_of_location(location);
		told.line = LLVMDILocationGetLine(location);
		if (column <= UINT16_MAX)
			told.flags |= (uint32_t)column << INSTR_ROW_COLUMN_SHIFT;
	}
	told.file = file_string(rows, function, file);
	if (rows->lto)
		snprintf(suffix, sizeof suffix, ".%016llx", (unsigned long long)hash_told(&told));
	if (asprintf(&symbol, "__instr_site.%s.%u%s", linkage_name(function), number, suffix) < 0)
		abort();
	LLVMValueRef row = add_row(rows, function, INSTR_ROWS_SECTION, symbol, &told);
	free(symbol);
	return LLVMConstPointerCast(row, rows->pointer);
}

void rows_add_skipped(struct pass_rows *rows, LLVMValueRef function, enum instr_reason reason)
{
	LLVMValueRef row = add_function_row(rows, function, INSTR_SKIPPED_SECTION, "__instr_skipped.",
					    (uint32_t)reason << INSTR_ROW_REASON_SHIFT);
	LLVMSetGlobalConstant(row, 1);
	if (rows->skipped_count == rows->skipped_capacity) {
		rows->skipped_capacity = rows->skipped_capacity ? 2 * rows->skipped_capacity : 16;
		rows->skipped = realloc(rows->skipped, rows->skipped_capacity * sizeof *rows->skipped);
		if (!rows->skipped)
			abort();
	}
	rows->skipped[rows->skipped_count++] = row;
}

void rows_keep_skipped(struct pass_rows *rows)
{
	if (rows->skipped_count)
		shim_keep(rows->module, rows->skipped, rows->skipped_count, rows->lto);
}

/* Registration --------------------------------------------------------------------------------- */

/* The linker's bounds of a section, 0 if no row survived. Hidden: each module has its own. */
static LLVMValueRef section_bound(struct pass_rows *rows, const char *symbol)
{
	LLVMValueRef bound = LLVMGetNamedGlobal(rows->module, symbol);

	if (!bound) {
		bound = LLVMAddGlobal(rows->module, rows->row, symbol);
		LLVMSetLinkage(bound, LLVMExternalWeakLinkage);
		LLVMSetVisibility(bound, LLVMHiddenVisibility);
	}
	return LLVMConstPointerCast(bound, rows->pointer);
}

static LLVMValueRef runtime_symbol(struct pass_rows *rows, const char *symbol)
{
	LLVMValueRef global = LLVMGetNamedGlobal(rows->module, symbol);

	if (!global)
		global = LLVMAddGlobal(rows->module, LLVMInt8TypeInContext(rows->context), symbol);
	return LLVMConstPointerCast(global, rows->pointer);
}

static void put_in_comdat(LLVMValueRef global, LLVMComdatRef comdat)
{
	LLVMSetLinkage(global, LLVMLinkOnceODRLinkage);
	LLVMSetVisibility(global, LLVMHiddenVisibility);
	LLVMSetComdat(global, comdat);
}

/* void name(void) { callee(module); } */
static LLVMValueRef add_caller(struct pass_rows *rows, const char *name, const char *callee_name,
			       LLVMValueRef module, LLVMComdatRef comdat)
{
	LLVMTypeRef nothing = LLVMVoidTypeInContext(rows->context);
	LLVMTypeRef callee_type = LLVMFunctionType(nothing, &rows->pointer, 1, 0);
	LLVMValueRef callee = LLVMGetNamedFunction(rows->module, callee_name);
	LLVMValueRef function = LLVMAddFunction(rows->module, name, LLVMFunctionType(nothing, NULL, 0, 0));
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(rows->context);

	if (!callee)
		callee = LLVMAddFunction(rows->module, callee_name, callee_type);
	put_in_comdat(function, comdat);
	LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, enum_attribute(rows->context, "nounwind"));
	LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(rows->context, function, ""));
	LLVMBuildCall2(builder, callee_type, LLVMConstPointerCast(callee, LLVMPointerType(callee_type, 0)),
		       &module, 1, "");
	LLVMBuildRetVoid(builder);
	LLVMDisposeBuilder(builder);
	return function;
}

void rows_register(struct pass_rows *rows, const char *settings_line)
{
	if (LLVMGetNamedGlobal(rows->module, "__instr_module"))
		return;
	LLVMComdatRef comdat = LLVMGetOrInsertComdat(rows->module, "__instr_module");
	LLVMValueRef fields[] = {
		LLVMConstInt(rows->i32, INSTR_ABI, 0),
		LLVMConstInt(rows->i32, sizeof(struct instr_module), 0),
		section_bound(rows, "__start_" INSTR_ROWS_SECTION),
		section_bound(rows, "__stop_" INSTR_ROWS_SECTION),
		section_bound(rows, "__start_" INSTR_SKIPPED_SECTION),
		section_bound(rows, "__stop_" INSTR_SKIPPED_SECTION),
		LLVMConstPointerCast(add_string(rows, settings_line), rows->pointer),
		runtime_symbol(rows, INSTR_ABI_SYMBOL),
		runtime_symbol(rows, INSTR_LINK_SYMBOL),
	};
	LLVMValueRef data = LLVMConstStructInContext(rows->context, fields, 9, 0);
	LLVMValueRef module = LLVMAddGlobal(rows->module, LLVMTypeOf(data), "__instr_module");

	LLVMSetInitializer(module, data);
	LLVMSetGlobalConstant(module, 1);
	LLVMSetAlignment(module, 8);
	put_in_comdat(module, comdat);
	LLVMValueRef argument = LLVMConstPointerCast(module, rows->pointer);
	shim_add_ctor(rows->module, add_caller(rows, "__instr_module_ctor", INSTR_HOOK_REGISTER, argument,
					       comdat), module, CTOR_PRIORITY);
	shim_add_dtor(rows->module, add_caller(rows, "__instr_module_dtor", INSTR_HOOK_UNREGISTER, argument,
					       comdat), module, CTOR_PRIORITY);
}
