/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * declared.c - allocators of a program's own: alloc=, free=, realloc= of the settings, INSTR_ALLOCATOR in the
 * source. Their calls stay; hooks of instr/hooks.h stand beside them. The other half is runtime/capture/heap.c.
 *
 *     declared_mark, before the optimiser        declared_place, behind it
 *
 *     %p = call ptr @my_alloc(i64 %n)            %p = call ptr @my_alloc(i64 %n)
 *     call void @__instr_mark_allocated(...)     call void @__instr_allocated(ptr %p, i64 %n, ptr @__instr_site.f.1)
 *
 * The calls are marked before the optimiser, because it inlines a small allocator, drops arguments that it
 * does not use, and removes what does nothing (the free of an arena). A mark is an opaque call that takes
 * what the hook will take, and keeps the name of what was called in a string attribute. Its row is made
 * behind the optimiser, as that of any other site: in the function where it then stands.
 *
 * What an allocator does within is its own business: it has no marks, and its calls of other allocators keep
 * a string attribute that says so wherever they are inlined to.
 */
#define _GNU_SOURCE
#include "pass.h"

#include "instr/options.h"

#include <llvm-c/DebugInfo.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLED_ATTRIBUTE "instr-called"
#define ANNOTATION "instr_allocator "

/* Declarations ---------------------------------------------------------------------------------- */

static const char *const words[DECLARED_WORDS] = {"size", "count", "ptr"};
static const char *const kinds[] = {"alloc", "free", "realloc"};

const char *declaration_wanted(enum declared_kind kind)
{
	switch (kind) {
	case DECLARED_ALLOC:
		return "a function with the numbers of its parameters, as in my_alloc(size=0) or my_calloc(count=0,size=1)";
	case DECLARED_FREE:
		return "a function with the number of its parameter, as in my_free(ptr=0)";
	default:
		return "a function with the numbers of its parameters, as in my_realloc(ptr=0,size=1)";
	}
}

/* "size=0,count=1" up to the parenthesis. */
static bool parse_parameters(struct pass_declaration *d, const char *text, const char *end)
{
	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text)), *stop = comma ? comma : end;
		const char *equals = memchr(text, '=', (size_t)(stop - text));
		uint64_t number;
		int word = 0;
		if (!equals || instr_parse_number(equals + 1, (size_t)(stop - equals - 1), 0, &number) || number > 255)
			return false;
		while (word < DECLARED_WORDS && !instr_word_is(text, (size_t)(equals - text), words[word]))
			word++;
		if (word == DECLARED_WORDS || d->parameter[word] >= 0)
			return false;
		d->parameter[word] = (int)number;
		text = stop + (comma != NULL);
		if (comma && text == end)
			return false;
	}
	return true;
}

static bool has_its_words(const struct pass_declaration *d)
{
	bool size = d->parameter[DECLARED_SIZE] >= 0, count = d->parameter[DECLARED_COUNT] >= 0;
	bool ptr = d->parameter[DECLARED_PTR] >= 0;

	return d->kind == DECLARED_ALLOC ? size && !ptr : d->kind == DECLARED_FREE ? ptr && !size && !count : ptr && size;
}

bool declaration_parse(struct pass_declaration *d, enum declared_kind kind, const char *text, size_t bytes)
{
	const char *end = text + bytes, *open = memrchr(text, '(', bytes);

	*d = (struct pass_declaration){.kind = kind, .parameter = {-1, -1, -1}};
	if (!open || open == text || end[-1] != ')' || !parse_parameters(d, open + 1, end - 1) || !has_its_words(d))
		return false;
	d->text = strndup(text, bytes);
	d->name = strndup(text, (size_t)(open - text));
	if (!d->text || !d->name)
		abort();
	return true;
}

void declaration_fini(struct pass_declaration *d)
{
	free(d->text);
	free(d->name);
}

/* Which functions are declared ------------------------------------------------------------------ */

struct declared {
	LLVMValueRef function; /* or an alias of one */
	LLVMTypeRef type;
	struct pass_declaration declaration; /* `text` and `name` belong to others */
};

struct marker {
	LLVMModuleRef module;
	LLVMContextRef context;
	LLVMBuilderRef builder;
	LLVMTypeRef i64, pointer;
	struct declared *list;
	size_t count;
	char *error; /* the first thing wrong, a sentence */
	size_t error_bytes;
};

static void __attribute__((format(printf, 2, 3))) set_error(struct marker *m, const char *format, ...)
{
	va_list arguments;

	if (m->error[0])
		return;
	va_start(arguments, format);
	vsnprintf(m->error, m->error_bytes, format, arguments);
	va_end(arguments);
}

static bool is_pointer(LLVMTypeRef type)
{
	return LLVMGetTypeKind(type) == LLVMPointerTypeKind && !LLVMGetPointerAddressSpace(type);
}

static bool is_number(LLVMTypeRef type)
{
	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) <= 64;
}

/* Whether the function has what is declared; where the declaration was made is told by `origin`. */
static bool fits(struct marker *m, const struct declared *d, const char *origin, const char *name)
{
	unsigned count = LLVMCountParamTypes(d->type);
	LLVMTypeRef *types = calloc(count + 1, sizeof *types);
	bool fit = true;

	if (!types)
		abort();
	LLVMGetParamTypes(d->type, types);
	for (int w = 0; w < DECLARED_WORDS && fit; w++) {
		int number = d->declaration.parameter[w];
		if (number < 0)
			continue;
		fit = (unsigned)number < count;
		if (!fit)
			set_error(m, "%s: %s has %u parameter%s, counted from 0, and none of number %d", origin, name, count,
				  count == 1 ? "" : "s", number);
		else if (!(fit = w == DECLARED_PTR ? is_pointer(types[number]) : is_number(types[number])))
			set_error(m, "%s: parameter %d of %s is no %s", origin, number, name,
				  w == DECLARED_PTR ? "pointer" : "integer of at most 64 bits");
	}
	if (fit && d->declaration.kind != DECLARED_FREE && !(fit = is_pointer(LLVMGetReturnType(d->type))))
		set_error(m, "%s: %s returns no pointer", origin, name);
	free(types);
	return fit;
}

static struct declared *find(struct marker *m, LLVMValueRef function)
{
	for (struct declared *d = m->list; d < m->list + m->count; d++)
		if (d->function == function)
			return d;
	return NULL;
}

/* Of several declarations the first that is added holds. */
static void add(struct marker *m, LLVMValueRef function, const struct pass_declaration *declaration, const char *origin,
		const char *name)
{
	LLVMValueRef body = underlying(function);
	struct declared d = {function, NULL, *declaration};

	if (!body || !LLVMIsAFunction(body) || find(m, function))
		return;
	d.type = LLVMGlobalGetValueType(function);
	if (!fits(m, &d, origin, name))
		return;
	m->list = realloc(m->list, (m->count + 1) * sizeof *m->list);
	if (!m->list)
		abort();
	m->list[m->count++] = d;
}

static void add_by_settings(struct marker *m, const struct pass_settings *settings, LLVMValueRef global)
{
	struct function_names names;
	size_t i = settings->declaration_count;

	names_init(&names, linkage_name(global));
	while (i && !(!strcmp(settings->declarations[i - 1].name, names.linkage) ||
		      name_matches(settings->declarations[i - 1].name, &names)))
		i--;
	if (i) {
		const struct pass_declaration *d = &settings->declarations[i - 1];
		char *origin = NULL;
		if (asprintf(&origin, "%s=%s", kinds[d->kind], d->text) < 0)
			abort();
		add(m, global, d, origin, names.full ? names.full : names.linkage);
		free(origin);
	}
	names_fini(&names);
}

static void add_by_annotation(void *context, LLVMValueRef function, const char *text)
{
	struct marker *m = context;
	struct pass_declaration d;
	char *origin = NULL;
	bool known = false;

	if (strncmp(text, ANNOTATION, strlen(ANNOTATION)) || !function || !LLVMIsAFunction(function))
		return;
	text += strlen(ANNOTATION);
	if (asprintf(&origin, "INSTR_ALLOCATOR(\"%s\")", text) < 0)
		abort();
	struct function_names names;
	names_init(&names, linkage_name(function));
	for (int kind = 0; kind < 3 && !known; kind++) {
		size_t bytes = strlen(kinds[kind]);
		known = !strncmp(text, kinds[kind], bytes) && text[bytes] == '(' &&
			declaration_parse(&d, (enum declared_kind)kind, text, strlen(text));
	}
	if (known) {
		add(m, function, &d, origin, names.full ? names.full : names.linkage);
		declaration_fini(&d);
	} else {
		set_error(m, "%s of %s: it takes alloc(size=N), alloc(count=N,size=N), free(ptr=N) or realloc(ptr=N,size=N)",
			  origin, names.full ? names.full : names.linkage);
	}
	names_fini(&names);
	free(origin);
}

static void collect(struct marker *m, const struct pass_settings *settings)
{
	if (settings->declaration_count) {
		for (LLVMValueRef f = LLVMGetFirstFunction(m->module); f; f = LLVMGetNextFunction(f))
			if (!LLVMGetIntrinsicID(f) && strncmp(linkage_name(f), "__instr_", 8))
				add_by_settings(m, settings, f);
		for (LLVMValueRef a = LLVMGetFirstGlobalAlias(m->module); a; a = LLVMGetNextGlobalAlias(a))
			add_by_settings(m, settings, a);
	}
	each_annotation(m->module, add_by_annotation, m);
}

/* Marks ----------------------------------------------------------------------------------------- */

/* What the hooks take, but for the row. */
enum { MARK_ALLOCATED, MARK_FREED, MARK_RESIZING, MARK_RESIZED, MARKS };

static const struct {
	const char *mark, *hook, *types; /* p pointer, z 64 bits */
	uint32_t flags;
} marks[MARKS] = {
#define FAMILY ((uint32_t)INSTR_FAMILY_DECLARED << INSTR_ROW_FAMILY_SHIFT)
	{"__instr_mark_allocated", "__instr_allocated", "pz", INSTR_ROW_ALLOC_SITE | FAMILY},
	{"__instr_mark_freed", "__instr_freed", "p", INSTR_ROW_FREE_SITE | FAMILY},
	{"__instr_mark_resizing", "__instr_resizing", "p", INSTR_ROW_ALLOC_SITE | FAMILY},
	{"__instr_mark_resized", "__instr_resized", "ppz", INSTR_ROW_ALLOC_SITE | FAMILY},
#undef FAMILY
};

/* At the builder's place. nomerge: else two calls of different allocators may become one mark. */
static void build_mark(struct marker *m, int which, const char *called, LLVMValueRef *arguments)
{
	LLVMTypeRef types[3];
	unsigned count = (unsigned)strlen(marks[which].types);

	for (unsigned i = 0; i < count; i++)
		types[i] = marks[which].types[i] == 'p' ? m->pointer : m->i64;
	LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(m->context), types, count, 0);
	LLVMValueRef mark = LLVMGetNamedFunction(m->module, marks[which].mark);
	if (!mark)
		mark = LLVMAddFunction(m->module, marks[which].mark, type);
	for (unsigned i = 0; i < count; i++)
		if (types[i] == m->pointer)
			arguments[i] = LLVMBuildPointerCast(m->builder, arguments[i], m->pointer, "");
	LLVMValueRef call = LLVMBuildCall2(m->builder, type, mark, arguments, count, "");
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, enum_attribute(m->context, "nounwind"));
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, enum_attribute(m->context, "nomerge"));
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex,
				 string_attribute(m->context, CALLED_ATTRIBUTE, called));
}

static LLVMValueRef argument(LLVMValueRef call, const struct declared *d, enum declared_word word)
{
	return LLVMGetOperand(call, (unsigned)d->declaration.parameter[word]);
}

/* The bytes asked for: a product that is too large has failed. */
static LLVMValueRef build_bytes(struct marker *m, LLVMValueRef call, const struct declared *d)
{
	LLVMValueRef size = LLVMBuildZExtOrBitCast(m->builder, argument(call, d, DECLARED_SIZE), m->i64, "");

	if (d->declaration.parameter[DECLARED_COUNT] < 0)
		return size;
	LLVMValueRef count = LLVMBuildZExtOrBitCast(m->builder, argument(call, d, DECLARED_COUNT), m->i64, "");
	return LLVMBuildMul(m->builder, count, size, "");
}

static void set_own(struct marker *m, LLVMValueRef call)
{
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, string_attribute(m->context, OWN_ATTRIBUTE, ""));
}

static void mark_call(struct marker *m, LLVMValueRef call, const struct declared *d)
{
	const char *called = linkage_name(d->function);
	LLVMValueRef arguments[3];

	set_own(m, call); /* if it is one of instr/allocators.def */
	LLVMPositionBuilderBefore(m->builder, call);
	LLVMSetCurrentDebugLocation2(m->builder, LLVMInstructionGetDebugLoc(call));
	if (d->declaration.kind != DECLARED_ALLOC) {
		arguments[0] = argument(call, d, DECLARED_PTR);
		build_mark(m, d->declaration.kind == DECLARED_FREE ? MARK_FREED : MARK_RESIZING, called, arguments);
	}
	if (d->declaration.kind == DECLARED_FREE)
		return;
	LLVMPositionBuilderBefore(m->builder, shim_after_return_of(call));
	LLVMSetCurrentDebugLocation2(m->builder, LLVMInstructionGetDebugLoc(call));
	if (d->declaration.kind == DECLARED_ALLOC) {
		arguments[0] = call;
		arguments[1] = build_bytes(m, call, d);
		build_mark(m, MARK_ALLOCATED, called, arguments);
	} else {
		arguments[0] = argument(call, d, DECLARED_PTR);
		arguments[1] = call;
		arguments[2] = build_bytes(m, call, d);
		build_mark(m, MARK_RESIZED, called, arguments);
	}
}

/* A musttail call must stay what it is. */
static const struct declared *called_by(struct marker *m, LLVMValueRef call)
{
	const struct declared *d = find(m, LLVMGetCalledValue(call));

	return d && LLVMGetCalledFunctionType(call) == d->type && !shim_is_musttail(call) ? d : NULL;
}

static bool is_declared(struct marker *m, LLVMValueRef function)
{
	for (struct declared *d = m->list; d < m->list + m->count; d++)
		if (underlying(d->function) == function)
			return true;
	return false;
}

static void mark_function(struct marker *m, LLVMValueRef function)
{
	bool own = is_declared(m, function);
	LLVMValueRef *calls = NULL;
	size_t count = 0;

	if (own && !LLVMIsDeclaration(function))
		LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, string_attribute(m->context, OWN_ATTRIBUTE, ""));
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
			if (!LLVMIsACallInst(i) && !LLVMIsAInvokeInst(i))
				continue;
			if (own)
				set_own(m, i);
			else if (called_by(m, i)) {
				calls = realloc(calls, (count + 1) * sizeof *calls);
				if (!calls)
					abort();
				calls[count++] = i;
			}
		}
	for (size_t i = 0; i < count; i++)
		mark_call(m, calls[i], called_by(m, calls[i]));
	free(calls);
}

bool declared_mark(const struct pass_settings *settings, LLVMModuleRef module, char *error, size_t error_bytes)
{
	LLVMContextRef context = LLVMGetModuleContext(module);
	struct marker m = {.module = module, .context = context, .builder = LLVMCreateBuilderInContext(context),
			   .i64 = LLVMInt64TypeInContext(context),
			   .pointer = LLVMPointerType(LLVMInt8TypeInContext(context), 0),
			   .error = error, .error_bytes = error_bytes};

	collect(&m, settings);
	if (m.count && !error[0])
		for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
			mark_function(&m, f);
	bool found = m.count || error[0];
	LLVMDisposeBuilder(m.builder);
	free(m.list);
	return found;
}

/* Hooks in their place -------------------------------------------------------------------------- */

struct declared_marks {
	LLVMValueRef mark[MARKS]; /* NULL: not in the module */
	/* the last resizing, whose row is its resized's too */
	LLVMValueRef function, row;
	LLVMAttributeRef called;
	LLVMMetadataRef location;
};

void declared_init(struct pass_allocs *allocs)
{
	struct declared_marks found = {.function = NULL};
	bool any = false;

	for (int i = 0; i < MARKS; i++)
		any |= (found.mark[i] = LLVMGetNamedFunction(allocs->rows->module, marks[i].mark)) != NULL;
	if (!any)
		return;
	allocs->marks = malloc(sizeof *allocs->marks);
	if (!allocs->marks)
		abort();
	*allocs->marks = found;
}

void declared_fini(struct pass_allocs *allocs)
{
	if (!allocs->marks)
		return;
	for (int i = 0; i < MARKS; i++)
		if (allocs->marks->mark[i] && !LLVMGetFirstUse(allocs->marks->mark[i]))
			LLVMDeleteFunction(allocs->marks->mark[i]);
	free(allocs->marks);
}

static int which_mark(const struct declared_marks *found, LLVMValueRef instruction)
{
	if (!found || !(LLVMIsACallInst(instruction)))
		return -1;
	LLVMValueRef callee = LLVMGetCalledValue(instruction);
	for (int i = 0; i < MARKS; i++)
		if (found->mark[i] && callee == found->mark[i])
			return i;
	return -1;
}

bool declared_is_mark(const struct pass_allocs *allocs, LLVMValueRef instruction)
{
	return which_mark(allocs->marks, instruction) >= 0;
}

/* What was called, with the type of the block: of a resizing that of the old one, since one row tells of both. */
static LLVMValueRef name_of_site(struct pass_allocs *allocs, LLVMValueRef function, LLVMValueRef mark, int which,
				 LLVMAttributeRef attribute)
{
	unsigned bytes = 0;
	const char *text = attribute ? LLVMGetStringAttributeValue(attribute, &bytes) : "";
	char *called = strndup(text, bytes), *type = NULL;

	if (!called)
		abort();
	if (which != MARK_FREED)
		type = type_of_block(&(struct type_question){allocs->rows->module, function, mark, LLVMGetOperand(mark, 0),
							     false, UINT64_MAX});
	LLVMValueRef name = rows_site_name(allocs->rows, called, type);
	free(called);
	free(type);
	return name;
}

/* What stands before and behind one call is one site. */
static LLVMValueRef row_of(struct pass_allocs *allocs, LLVMValueRef function, LLVMValueRef mark, int which,
			   unsigned *number)
{
	struct declared_marks *last = allocs->marks;
	LLVMAttributeRef called = LLVMGetCallSiteStringAttribute(mark, LLVMAttributeFunctionIndex, CALLED_ATTRIBUTE,
								 strlen(CALLED_ATTRIBUTE));
	LLVMMetadataRef location = LLVMInstructionGetDebugLoc(mark);

	if (which == MARK_RESIZED && last->function == function && last->called == called && last->location == location)
		return last->row;
	LLVMValueRef name = name_of_site(allocs, function, mark, which, called);
	LLVMValueRef row = rows_add_site(allocs->rows, function, ++*number, mark, name, marks[which].flags);
	if (which == MARK_RESIZING) {
		last->function = function;
		last->row = row;
		last->called = called;
		last->location = location;
	}
	return row;
}

void declared_place(struct pass_allocs *allocs, LLVMValueRef function, LLVMValueRef mark, unsigned *number)
{
	int which = which_mark(allocs->marks, mark);
	unsigned count = LLVMGetNumArgOperands(mark);
	LLVMValueRef arguments[4];
	LLVMTypeRef types[4];

	for (unsigned i = 0; i < count; i++)
		arguments[i] = LLVMGetOperand(mark, i);
	arguments[count] = row_of(allocs, function, mark, which, number);
	for (unsigned i = 0; i <= count; i++)
		types[i] = LLVMTypeOf(arguments[i]);
	LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(allocs->rows->context), types, count + 1, 0);
	LLVMPositionBuilderBefore(allocs->builder, mark);
	LLVMSetCurrentDebugLocation2(allocs->builder, LLVMInstructionGetDebugLoc(mark));
	LLVMValueRef call = LLVMBuildCall2(allocs->builder, type, allocs_hook(allocs, marks[which].hook, type), arguments,
					   count + 1, "");
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, enum_attribute(allocs->rows->context, "nounwind"));
	LLVMInstructionEraseFromParent(mark);
}
