/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * declared.c - allocators and locks of a program's own: alloc=, free=, realloc=, acquire=, try_acquire=, release= of the
 * settings, INSTR_ALLOCATOR and INSTR_LOCK in the source. Their calls stay; hooks of instr/hooks.h stand beside them. The
 * other half is runtime/capture/heap.c and lock.c.
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
 * a string attribute that says so wherever they are inlined to. (The locks that it takes are not: all wait for
 * them that allocate.) So it is with a lock that is made of others that are
 * declared; but what it takes of pthread is a lock like any other.
 */
#define _GNU_SOURCE
#include "pass.h"

#include <llvm-c/DebugInfo.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLED_ATTRIBUTE "instr-called"
#define READ_ATTRIBUTE "instr-read"
#define TYPE_ATTRIBUTE "instr-lock-type" /* what the declaration says it is, for its name */

/* In the source: a prefix, its macro, and what is behind it. */
static const struct {
	const char *prefix, *macro;
	enum declared_kind first, last;
	const char *wanted;
} annotations[] = {
	{"instr_allocator ", "INSTR_ALLOCATOR", DECLARED_ALLOC, DECLARED_REALLOC,
	 "alloc(size=N), alloc(count=N,size=N), free(ptr=N) or realloc(ptr=N,size=N)"},
	{"instr_lock ", "INSTR_LOCK", DECLARED_ACQUIRE, DECLARED_RELEASE,
	 "acquire(lock=N), try_acquire(lock=N,success=nonzero) or release(lock=N)"},
};

static bool is_lock(const struct pass_declaration *d) { return d->kind >= DECLARED_ACQUIRE; }

/* The mutexes of libc++ with time limits, which nobody has to declare. What waits for them is in headers, with another mutex
 * at the same address within. By the beginnings of their names; `this` is the lock. */
static const struct {
	const char *name;
	enum declared_kind kind;
	int mode; /* -1: for one alone */
} libcxx[] = {
#define TIMED(class)                                          \
	{"_ZNSt3__1" class "4lockEv", DECLARED_ACQUIRE, -1},  \
	{"_ZNSt3__1" class "8try_lockEv", DECLARED_TRY, -1},  \
	{"_ZNSt3__1" class "14try_lock_untilI", DECLARED_ACQUIRE, -1}, \
	{"_ZNSt3__1" class "6unlockEv", DECLARED_RELEASE, -1}
	TIMED("11timed_mutex"), TIMED("21recursive_timed_mutex"), TIMED("18shared_timed_mutex"),
#undef TIMED
	{"_ZNSt3__118shared_timed_mutex11lock_sharedEv", DECLARED_ACQUIRE, DECLARED_READ},
	{"_ZNSt3__118shared_timed_mutex15try_lock_sharedEv", DECLARED_TRY, DECLARED_READ},
	{"_ZNSt3__118shared_timed_mutex21try_lock_shared_untilI", DECLARED_ACQUIRE, DECLARED_READ},
	{"_ZNSt3__118shared_timed_mutex13unlock_sharedEv", DECLARED_RELEASE, DECLARED_READ},
};

/* Which functions are declared ------------------------------------------------------------------ */

struct declared {
	LLVMValueRef function; /* or an alias of one */
	LLVMTypeRef type;
	struct pass_declaration declaration; /* `text` and `name` belong to others */
	char *lock_type;
};

struct marker {
	LLVMModuleRef module;
	LLVMContextRef context;
	LLVMBuilderRef builder;
	LLVMTypeRef i64, pointer;
	struct declared *list;
	size_t count;
	bool heap, lock; /* which of them are recorded */
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
	for (int w = 0; w <= DECLARED_LAST_PARAMETER && fit; w++) {
		int number = d->declaration.parameter[w];
		if (number < 0)
			continue;
		fit = (unsigned)number < count;
		if (!fit)
			set_error(m, "%s: %s has %u parameter%s, counted from 0, and none of number %d", origin, name, count,
				  count == 1 ? "" : "s", number);
		else if (!(fit = w >= DECLARED_PTR ? is_pointer(types[number]) : is_number(types[number])))
			set_error(m, "%s: parameter %d of %s is no %s", origin, number, name,
				  w >= DECLARED_PTR ? "pointer" : "integer of at most 64 bits");
	}
	LLVMTypeRef result = LLVMGetReturnType(d->type);
	if (fit && (d->declaration.kind == DECLARED_ALLOC || d->declaration.kind == DECLARED_REALLOC) && !(fit = is_pointer(result)))
		set_error(m, "%s: %s returns no pointer", origin, name);
	if (fit && d->declaration.parameter[DECLARED_SUCCESS] >= 0 && !(fit = is_pointer(result) || is_number(result)))
		set_error(m, "%s: %s returns nothing that says whether it has the lock", origin, name);
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
	struct declared d = {function, NULL, *declaration, NULL};

	if (!(is_lock(declaration) ? m->lock : m->heap) || !body || !LLVMIsAFunction(body) || find(m, function))
		return;
	d.type = LLVMGlobalGetValueType(function);
	if (!fits(m, &d, origin, name))
		return;
	if (is_lock(declaration))
		d.lock_type = lock_type(body, (unsigned)declaration->parameter[DECLARED_LOCK]);
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
		if (asprintf(&origin, "%s=%s", declaration_key(d->kind), d->text) < 0)
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
	size_t a = 0;

	while (a < sizeof annotations / sizeof *annotations && strncmp(text, annotations[a].prefix, strlen(annotations[a].prefix)))
		a++;
	if (a == sizeof annotations / sizeof *annotations || !function || !LLVMIsAFunction(function))
		return;
	text += strlen(annotations[a].prefix);
	if (asprintf(&origin, "%s(\"%s\")", annotations[a].macro, text) < 0)
		abort();
	struct function_names names;
	names_init(&names, linkage_name(function));
	for (unsigned kind = annotations[a].first; kind <= annotations[a].last && !known; kind++) {
		const char *key = declaration_key((enum declared_kind)kind);
		known = !strncmp(text, key, strlen(key)) && text[strlen(key)] == '(' &&
			declaration_parse(&d, (enum declared_kind)kind, text, strlen(text));
	}
	if (known) {
		add(m, function, &d, origin, names.full ? names.full : names.linkage);
		declaration_fini(&d);
	} else {
		set_error(m, "%s of %s: it takes %s", origin, names.full ? names.full : names.linkage, annotations[a].wanted);
	}
	names_fini(&names);
	free(origin);
}

static void add_libcxx(struct marker *m, LLVMValueRef function)
{
	const char *name = linkage_name(function);

	for (size_t i = 0; i < sizeof libcxx / sizeof *libcxx; i++) {
		struct pass_declaration d = {.kind = libcxx[i].kind, .parameter = {-1, -1, -1, 0, -1, libcxx[i].mode}};
		if (strncmp(name, libcxx[i].name, strlen(libcxx[i].name)))
			continue;
		if (LLVMGetTypeKind(LLVMGetReturnType(LLVMGlobalGetValueType(function))) != LLVMVoidTypeKind)
			d.parameter[DECLARED_SUCCESS] = DECLARED_NONZERO;
		add(m, function, &d, "libc++", name);
	}
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
	for (LLVMValueRef f = LLVMGetFirstFunction(m->module); m->lock && f; f = LLVMGetNextFunction(f))
		add_libcxx(m, f);
}

/* Marks ----------------------------------------------------------------------------------------- */

/* What the hooks take, but for the row. */
enum { MARK_ALLOCATED, MARK_FREED, MARK_RESIZING, MARK_RESIZED, MARK_ACQUIRING, MARK_ACQUIRED, MARK_TRIED, MARK_RELEASING, MARKS };

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
#define LOCK (INSTR_ROW_LOCK_SITE | (uint32_t)INSTR_LOCK_OWN << INSTR_ROW_FAMILY_SHIFT)
	{"__instr_mark_acquiring", "__instr_acquiring", "p", LOCK},
	{"__instr_mark_acquired", "__instr_acquired", "pz", LOCK},
	{"__instr_mark_tried", "__instr_tried", "pz", LOCK},
	{"__instr_mark_releasing", "__instr_releasing", "p", LOCK},
#undef LOCK
};

static bool is_of_lock(int which) { return which >= MARK_ACQUIRING; }

/* At the builder's place. nomerge: else two calls of different allocators may become one mark. */
static void build_mark(struct marker *m, int which, const struct declared *d, LLVMValueRef *arguments)
{
	const char *called = linkage_name(d->function);
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
	if (is_lock(&d->declaration) && d->lock_type)
		LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, string_attribute(m->context, TYPE_ATTRIBUTE, d->lock_type));
	if (d->declaration.parameter[DECLARED_MODE] == DECLARED_READ)
		LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, string_attribute(m->context, READ_ATTRIBUTE, ""));
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

static void set_own(struct marker *m, LLVMValueRef call, const char *what)
{
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, string_attribute(m->context, OWN_ATTRIBUTE, what));
}

/* The builder's place is in front of the call, or behind it. */
static void stand(struct marker *m, LLVMValueRef call, bool behind)
{
	LLVMPositionBuilderBefore(m->builder, behind ? shim_after_return_of(call) : call);
	LLVMSetCurrentDebugLocation2(m->builder, LLVMInstructionGetDebugLoc(call));
}

static void mark_allocator(struct marker *m, LLVMValueRef call, const struct declared *d)
{
	LLVMValueRef arguments[3];

	if (d->declaration.kind != DECLARED_ALLOC) {
		stand(m, call, false);
		arguments[0] = argument(call, d, DECLARED_PTR);
		build_mark(m, d->declaration.kind == DECLARED_FREE ? MARK_FREED : MARK_RESIZING, d, arguments);
	}
	if (d->declaration.kind == DECLARED_FREE)
		return;
	stand(m, call, true);
	if (d->declaration.kind == DECLARED_ALLOC) {
		arguments[0] = call;
		arguments[1] = build_bytes(m, call, d);
		build_mark(m, MARK_ALLOCATED, d, arguments);
	} else {
		arguments[0] = argument(call, d, DECLARED_PTR);
		arguments[1] = call;
		arguments[2] = build_bytes(m, call, d);
		build_mark(m, MARK_RESIZED, d, arguments);
	}
}

/* Whether the call has got the lock, as 64 bits. */
static LLVMValueRef build_success(struct marker *m, LLVMValueRef call, const struct declared *d)
{
	int success = d->declaration.parameter[DECLARED_SUCCESS];

	if (success < 0)
		return LLVMConstInt(m->i64, 1, 0);
	LLVMValueRef got = LLVMBuildICmp(m->builder, success == DECLARED_NONZERO ? LLVMIntNE : LLVMIntEQ, call,
					 LLVMConstNull(LLVMTypeOf(call)), "");
	return LLVMBuildZExt(m->builder, got, m->i64, "");
}

static void mark_lock(struct marker *m, LLVMValueRef call, const struct declared *d)
{
	LLVMValueRef lock = argument(call, d, DECLARED_LOCK), arguments[2] = {lock};

	if (d->declaration.kind != DECLARED_TRY) {
		stand(m, call, false);
		build_mark(m, d->declaration.kind == DECLARED_RELEASE ? MARK_RELEASING : MARK_ACQUIRING, d, arguments);
	}
	if (d->declaration.kind == DECLARED_RELEASE)
		return;
	stand(m, call, true);
	arguments[0] = lock;
	arguments[1] = build_success(m, call, d);
	build_mark(m, d->declaration.kind == DECLARED_TRY ? MARK_TRIED : MARK_ACQUIRED, d, arguments);
}

static void mark_call(struct marker *m, LLVMValueRef call, const struct declared *d)
{
	/* If it is one of instr/allocators.def, or instr/locks.def. */
	set_own(m, call, is_lock(&d->declaration) ? OWN_LOCK : "");
	if (is_lock(&d->declaration))
		mark_lock(m, call, d);
	else
		mark_allocator(m, call, d);
}

/* A musttail call must stay what it is. */
static const struct declared *called_by(struct marker *m, LLVMValueRef call)
{
	const struct declared *d = find(m, LLVMGetCalledValue(call));

	return d && LLVMGetCalledFunctionType(call) == d->type && !shim_is_musttail(call) ? d : NULL;
}

static bool is_declared(struct marker *m, LLVMValueRef function, bool lock)
{
	for (struct declared *d = m->list; d < m->list + m->count; d++)
		if (underlying(d->function) == function && is_lock(&d->declaration) == lock)
			return true;
	return false;
}

static void mark_function(struct marker *m, LLVMValueRef function)
{
	const bool own = is_declared(m, function, false), own_lock = is_declared(m, function, true);
	LLVMValueRef *calls = NULL;
	size_t count = 0;

	if (own && !LLVMIsDeclaration(function))
		LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, string_attribute(m->context, OWN_ATTRIBUTE, ""));
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
			if (!LLVMIsACallInst(i) && !LLVMIsAInvokeInst(i))
				continue;
			const struct declared *d = called_by(m, i);
			if (own && !(d && is_lock(&d->declaration)))
				set_own(m, i, "");
			else if (d && !(own_lock && is_lock(&d->declaration))) {
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
			   .heap = settings->heap != PASS_HEAP_OFF, .lock = settings->lock,
			   .error = error, .error_bytes = error_bytes};

	collect(&m, settings);
	if (m.count && !error[0])
		for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
			mark_function(&m, f);
	bool found = m.count || error[0];
	LLVMDisposeBuilder(m.builder);
	for (size_t i = 0; i < m.count; i++)
		free(m.list[i].lock_type);
	free(m.list);
	return found;
}

/* Hooks in their place -------------------------------------------------------------------------- */

struct declared_marks {
	LLVMValueRef mark[MARKS]; /* NULL: not in the module */
	/* the last resizing and the last acquiring, whose row is also that of what is behind the call */
	struct first_half {
		LLVMValueRef function, row;
		LLVMAttributeRef called;
		LLVMMetadataRef location;
	} last[2];
};

void declared_init(struct pass_allocs *allocs)
{
	struct declared_marks found = {.last = {{.function = NULL}}};
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

bool declared_is_lock_mark(const struct pass_allocs *allocs, LLVMValueRef instruction)
{
	return is_of_lock(which_mark(allocs->marks, instruction));
}

/* malloc'ed, or NULL. */
static char *text_of(LLVMValueRef mark, const char *attribute)
{
	LLVMAttributeRef found = LLVMGetCallSiteStringAttribute(mark, LLVMAttributeFunctionIndex, attribute, (unsigned)strlen(attribute));
	unsigned bytes = 0;
	const char *text = found ? LLVMGetStringAttributeValue(found, &bytes) : NULL;

	return text ? strndup(text, bytes) : NULL;
}

/* What was called, with the name of the lock, or the type of the block: of a resizing that of the old one, since one row
 * tells of both. */
static LLVMValueRef name_of_site(struct pass_allocs *allocs, LLVMValueRef function, LLVMValueRef mark, int which)
{
	char *called = text_of(mark, CALLED_ATTRIBUTE), *own = text_of(mark, TYPE_ATTRIBUTE), *type = NULL;

	if (is_of_lock(which))
		type = lock_name(allocs->rows->module, LLVMGetOperand(mark, 0), own);
	else if (which != MARK_FREED)
		type = type_of_block(&(struct type_question){allocs->rows->module, function, mark, LLVMGetOperand(mark, 0),
							     false, UINT64_MAX});
	LLVMValueRef name = rows_site_name(allocs->rows, called ? called : "", type);
	free(called);
	free(own);
	free(type);
	return name;
}

/* What stands before and behind one call is one site. */
static LLVMValueRef row_of(struct pass_allocs *allocs, LLVMValueRef function, LLVMValueRef mark, int which,
			   unsigned *number)
{
	struct first_half *last = &allocs->marks->last[is_of_lock(which)];
	LLVMAttributeRef called = LLVMGetCallSiteStringAttribute(mark, LLVMAttributeFunctionIndex, CALLED_ATTRIBUTE,
								 strlen(CALLED_ATTRIBUTE));
	LLVMMetadataRef location = LLVMInstructionGetDebugLoc(mark);
	uint32_t flags = marks[which].flags;

	if ((which == MARK_RESIZED || which == MARK_ACQUIRED) && last->function == function && last->called == called &&
	    last->location == location)
		return last->row;
	if (LLVMGetCallSiteStringAttribute(mark, LLVMAttributeFunctionIndex, READ_ATTRIBUTE, strlen(READ_ATTRIBUTE)))
		flags = INSTR_ROW_LOCK_SITE | (uint32_t)INSTR_LOCK_OWN_READ << INSTR_ROW_FAMILY_SHIFT;
	LLVMValueRef name = name_of_site(allocs, function, mark, which);
	LLVMValueRef row = rows_add_site(allocs->rows, function, ++*number, mark, name, flags);
	if (which == MARK_RESIZING || which == MARK_ACQUIRING)
		*last = (struct first_half){function, row, called, location};
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
