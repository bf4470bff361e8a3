/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * type.c - what type a block is of, as the debug information has it. It takes the call that allocates, or a mark
 * of declared.c, and gives the name of the type as one would write it in the source.
 *
 * No call says what it allocates but `new` (!heapallocsite). Of the others it is what the source does with the
 * result, the first of these that there is:
 *
 *     allocate() of a template of an allocator    what that is a template of: std::allocator<T>
 *     a variable that has the result              what it points to
 *     a place in memory that it is stored in      the same: `list->head`, `names[i]`
 *     a return                                    what the function returns
 *
 * void says nothing, so that the `void *` of a wrapper that was inlined gives way to the variable of its caller.
 * What an object is too large for the block cannot be its type. Wrong is worse than not known: unions, casts that
 * cannot be followed and types without a name are not known.
 */
#define _GNU_SOURCE
#include "pass.h"

#include <llvm-c/DebugInfo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* DW_TAG_ of the DWARF standard. */
enum {
	TAG_ARRAY = 0x01, TAG_CLASS = 0x02, TAG_ENUM = 0x04, TAG_MEMBER = 0x0d, TAG_POINTER = 0x0f, TAG_REFERENCE = 0x10, TAG_STRUCT = 0x13,
	TAG_TYPEDEF = 0x16, TAG_UNION = 0x17, TAG_INHERITANCE = 0x1c, TAG_BASE = 0x24, TAG_CONST = 0x26,
	TAG_SUBPROGRAM = 0x2e, TAG_VOLATILE = 0x35, TAG_RESTRICT = 0x37, TAG_NAMESPACE = 0x39, TAG_UNSPECIFIED = 0x3b,
	TAG_LEXICAL_BLOCK = 0x0b, TAG_RVALUE_REFERENCE = 0x42, TAG_ATOMIC = 0x47,
};

enum {
	DEPTH = 64,      /* of types in types, of scopes */
	STEPS = 8,       /* from an address to where it comes from */
	CHAIN = 64,      /* functions that a call was inlined through */
};

/* Types ----------------------------------------------------------------------------------------- */

static bool is_qualifier(unsigned tag)
{
	return tag == TAG_CONST || tag == TAG_VOLATILE || tag == TAG_RESTRICT || tag == TAG_ATOMIC;
}

/* Without qualifiers and typedefs. The last typedef is kept: it may be the only name that there is. */
static LLVMMetadataRef strip(LLVMMetadataRef type, LLVMMetadataRef *alias)
{
	for (int depth = 0; type && depth < DEPTH; depth++) {
		struct shim_node node = shim_node(type);
		if (node.tag == TAG_TYPEDEF && alias)
			*alias = type;
		else if (node.tag != TAG_TYPEDEF && !is_qualifier(node.tag))
			return type;
		type = node.base;
	}
	return NULL;
}

static bool is_pointer(unsigned tag)
{
	return tag == TAG_POINTER || tag == TAG_REFERENCE || tag == TAG_RVALUE_REFERENCE;
}

/* What a pointer points to; NULL: it is none, or one to void. */
static LLVMMetadataRef pointee(LLVMMetadataRef type)
{
	struct shim_node node = shim_node(strip(type, NULL));

	return is_pointer(node.tag) ? strip(node.base, NULL) ? node.base : NULL : NULL;
}

/* Of one object; an array's is an element. 0: not known. */
static uint64_t bytes_of(LLVMMetadataRef type)
{
	struct shim_node node = shim_node(type = strip(type, NULL));

	for (int depth = 0; node.tag == TAG_ARRAY && depth < DEPTH; depth++)
		node = shim_node(type = strip(node.base, NULL));
	return node.bytes;
}

static LLVMMetadataRef pointer_in(LLVMMetadataRef type, int64_t offset, uint64_t step, bool many, int depth);

/* The same of a structure, without an array of it. */
static LLVMMetadataRef pointer_in_members(LLVMMetadataRef type, int64_t offset, uint64_t step, int depth)
{
	LLVMMetadataRef found = NULL, member;

	for (unsigned i = 0; !found && (member = shim_member(type, i)); i++) {
		struct shim_node m = shim_node(member), of = shim_node(strip(m.base, NULL));
		if (m.apart || (m.tag != TAG_MEMBER && m.tag != TAG_INHERITANCE) || (int64_t)m.offset > offset)
			continue;
		/* A base has no size of its own, a flexible array none at all. */
		uint64_t within = (uint64_t)offset - m.offset;
		if (within < of.bytes || (of.tag == TAG_ARRAY && !of.bytes))
			found = pointer_in(m.base, (int64_t)within, step, false, depth + 1);
	}
	return found;
}

/* The pointer that is `offset` bytes into an object, and any number of times `step` further; `many`: it may be one
 * of many in a row. */
static LLVMMetadataRef pointer_in(LLVMMetadataRef type, int64_t offset, uint64_t step, bool many, int depth)
{
	struct shim_node node = shim_node(type = strip(type, NULL));
	int64_t bytes = (int64_t)node.bytes;
	bool over = many && bytes > 0 && step % node.bytes == 0; /* which of them does not matter */

	if (depth == DEPTH)
		return NULL;
	if (node.tag == TAG_ARRAY)
		return pointer_in(node.base, offset, step, true, depth + 1);
	if (bytes <= 0)
		return NULL;
	/* A constant may as well be the way to what is behind a structure. */
	if (over && (step || depth || is_pointer(node.tag))) {
		offset = (offset % bytes + bytes) % bytes;
		step = 0;
	}
	if (is_pointer(node.tag))
		return offset || step ? NULL : type;
	if (node.tag == TAG_STRUCT || node.tag == TAG_CLASS)
		return pointer_in_members(type, offset, step, depth);
	return NULL;
}

/* Names ----------------------------------------------------------------------------------------- */

struct text {
	char *bytes;
	size_t used, room;
};

static void add_bytes(struct text *to, const char *bytes, size_t count)
{
	if (to->used + count + 1 > to->room) {
		to->room = 2 * to->room + count + 64;
		to->bytes = realloc(to->bytes, to->room);
		if (!to->bytes)
			abort();
	}
	memcpy(to->bytes + to->used, bytes, count);
	to->used += count;
	to->bytes[to->used] = 0;
}

static void add(struct text *to, const char *text) { add_bytes(to, text, strlen(text)); }

static void add_scope(struct text *to, LLVMMetadataRef scope, int depth)
{
	struct shim_node node = shim_node(scope);

	if (depth == DEPTH || !scope)
		return;
	if (node.tag == TAG_LEXICAL_BLOCK) {
		add_scope(to, node.scope, depth + 1);
	} else if (node.tag == TAG_NAMESPACE || node.tag == TAG_CLASS || node.tag == TAG_STRUCT || node.tag == TAG_UNION ||
		   node.tag == TAG_SUBPROGRAM) {
		add_scope(to, node.scope, depth + 1);
		if (node.name_bytes)
			add_bytes(to, node.name, node.name_bytes);
		else if (node.tag == TAG_NAMESPACE)
			add(to, "(anonymous namespace)");
		else
			add(to, "(unnamed)");
		add(to, "::");
	}
}

static bool add_name(struct text *to, LLVMMetadataRef type, int depth)
{
	LLVMMetadataRef alias = NULL;
	struct shim_node node = shim_node(type = strip(type, &alias));

	if (!type || depth == DEPTH)
		return false;
	switch (node.tag) {
	case TAG_ARRAY:
		return add_name(to, node.base, depth + 1);
	case TAG_POINTER:
		if (!strip(node.base, NULL))
			add(to, "void");
		else if (!add_name(to, node.base, depth + 1))
			break;
		add(to, to->bytes[to->used - 1] == '*' ? "*" : " *");
		return true;
	case TAG_BASE:
	case TAG_UNSPECIFIED:
	case TAG_STRUCT:
	case TAG_CLASS:
	case TAG_UNION:
	case TAG_ENUM:
		if (!node.name_bytes)
			break;
		add_scope(to, node.scope, depth);
		add_bytes(to, node.name, node.name_bytes);
		return true;
	}
	/* Without a name, such as a function: that of the typedef. */
	node = shim_node(alias);
	if (!node.name_bytes)
		return false;
	add_scope(to, node.scope, depth);
	add_bytes(to, node.name, node.name_bytes);
	return true;
}

static void replace_all(char *text, const char *what, const char *with)
{
	size_t bytes = strlen(what), shorter = strlen(with);

	for (char *at = text; (at = strstr(at, what));) {
		memcpy(at, with, shorter);
		memmove(at + shorter, at + bytes, strlen(at + bytes) + 1);
		at = at > text ? at - 1 : at; /* "> > >" */
	}
}

/* One spelling, and that people use: compilers and demanglers differ in spaces and in what is inline. */
static char *tidy(char *name)
{
	if (!name)
		return NULL;
	replace_all(name, "> >", ">>");
	replace_all(name, "std::__cxx11::", "std::");
	replace_all(name, "std::__1::", "std::");
	replace_all(name, "std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string");
	for (size_t bytes = strlen(name); bytes && name[bytes - 1] == ' ';)
		name[--bytes] = 0;
	for (char *c = name; *c; c++) /* it must not end where it is told apart from the name */
		if (*c == INSTR_ROW_TYPE_MARK)
			*c = ' ';
	return name;
}

/* malloc'ed; NULL: it has no name. */
static char *name_of(LLVMMetadataRef type)
{
	struct text text = {NULL, 0, 0};

	if (!add_name(&text, type, 0)) {
		free(text.bytes);
		return NULL;
	}
	return tidy(text.bytes);
}

/* Containers ------------------------------------------------------------------------------------ */

/* The first argument of "ns::some_alloc<A, B>", if that is what an allocator is called like, and not one of those
 * that stand in front of another one. */
static char *argument_of_allocator(const char *name, size_t bytes)
{
	const char *end = name + bytes, *open = end, *stop = NULL;
	int depth = 0;

	if (!bytes || end[-1] != '>')
		return NULL;
	do { /* back to where the last arguments begin; the first of them ends at the first comma of theirs */
		open--;
		depth += (*open == '>' || *open == ')' || *open == ']') - (*open == '<' || *open == '(' || *open == '[');
		if (*open == ',' && depth == 1)
			stop = open;
	} while (depth && open > name);
	if (depth)
		return NULL;
	const char *class = open;
	while (class > name && class[-1] != ':')
		class--;
	char *lower = strndup(class, (size_t)(open - class));
	if (!lower)
		abort();
	for (char *c = lower; *c; c++)
		*c |= 0x20;
	bool is = strstr(lower, "alloc") && !strstr(lower, "traits");
	free(lower);
	if (!stop)
		stop = end - 1;
	return is && stop > open + 1 ? strndup(open + 1, (size_t)(stop - open - 1)) : NULL;
}

static bool node_is(const struct shim_node *node, const char *name)
{
	return node->name_bytes == strlen(name) && !memcmp(node->name, name, node->name_bytes);
}

/* If this is allocate() of a template of an allocator: what that allocates. C++ has it that the first argument is
 * the type, of allocators that do not say otherwise. */
static char *type_of_allocate(LLVMMetadataRef scope)
{
	struct shim_node function = shim_node(scope);

	for (int depth = 0; function.tag == TAG_LEXICAL_BLOCK && depth < DEPTH; depth++)
		function = shim_node(function.scope);
	if (function.tag != TAG_SUBPROGRAM)
		return NULL;
	/* libc++ since 20 has a function for all allocators, of which each type has its own. */
	static const char of_libcxx[] = "__libcpp_allocate<";
	if (function.name_bytes > strlen(of_libcxx) && !memcmp(function.name, of_libcxx, strlen(of_libcxx)))
		return tidy(argument_of_allocator(function.name, function.name_bytes));
	if (!node_is(&function, "allocate"))
		return NULL;
	struct shim_node class = shim_node(function.scope);
	if (class.tag != TAG_CLASS && class.tag != TAG_STRUCT)
		return NULL;
	/* The name has the types as they are called; with -gsimple-template-names it has none. */
	char *text = argument_of_allocator(class.name, class.name_bytes);
	if (text)
		return tidy(text);
	char *named = NULL, *found = NULL;
	if (class.first && class.name_bytes && !memchr(class.name, '<', class.name_bytes) &&
	    asprintf(&named, "%.*s<x>", (int)class.name_bytes, class.name) >= 0) {
		char *is = argument_of_allocator(named, strlen(named));
		found = is ? name_of(class.first) : NULL;
		free(is);
		free(named);
	}
	return found;
}

/* Without debug information the function's own name is all that there is. */
static char *type_by_linkage_name(LLVMValueRef function)
{
	static const char method[] = "::allocate";
	char *full, *name, *found = NULL;

	shim_demangle(linkage_name(function), &full, &name);
	size_t bytes = name ? strlen(name) : 0;
	if (bytes > strlen(method) && !strcmp(name + bytes - strlen(method), method))
		found = argument_of_allocator(name, bytes - strlen(method));
	free(full);
	free(name);
	return tidy(found);
}

static char *type_of_container(LLVMValueRef function, LLVMMetadataRef location)
{
	char *found = NULL;
	int depth = 0;

	for (LLVMMetadataRef at = location; at && !found && depth++ < CHAIN; at = LLVMDILocationGetInlinedAt(at))
		found = type_of_allocate(LLVMDILocationGetScope(at));
	return found ? found : type_by_linkage_name(function);
}

/* Variables ------------------------------------------------------------------------------------- */

/* The best of the variables that have a value. */
struct choice {
	LLVMMetadataRef location; /* of the call; NULL: not known */
	bool places;              /* they lie at an address */
	bool pointers;            /* only those that point to what can be told, and fits into a block: */
	uint64_t limit;
	LLVMMetadataRef type;     /* NULL: none yet */
	/* what made it the best, least first */
	unsigned rank[4];
};

static LLVMMetadataRef function_of(LLVMMetadataRef scope)
{
	for (int depth = 0; depth < DEPTH; depth++) {
		struct shim_node node = shim_node(scope);
		if (node.tag != TAG_LEXICAL_BLOCK)
			break;
		scope = node.scope;
	}
	return scope;
}

/* How many functions the call was inlined through to that of the variable. */
static unsigned distance(LLVMMetadataRef location, LLVMMetadataRef variable)
{
	LLVMMetadataRef function = variable ? function_of(LLVMDILocationGetScope(variable)) : NULL;
	unsigned steps = 0;

	for (LLVMMetadataRef at = location; at && steps < CHAIN; at = LLVMDILocationGetInlinedAt(at), steps++)
		if (function_of(LLVMDILocationGetScope(at)) == function)
			return steps;
	return CHAIN;
}

static bool fits(const struct choice *choice, LLVMMetadataRef pointer)
{
	LLVMMetadataRef to = pointee(pointer);
	char *name = to && bytes_of(to) <= choice->limit ? name_of(to) : NULL;

	free(name);
	return name != NULL;
}

/* A variable of the function before a parameter of one that the block was given to, which may be one for all
 * kinds of blocks; what has a type before bytes, that of a wrapper before that of its caller, in the order of the
 * source. */
static void consider(void *context, LLVMMetadataRef type, int64_t part, unsigned number, LLVMMetadataRef location)
{
	struct choice *choice = context;

	if (part >= 0)
		type = choice->places ? NULL : pointer_in(type, part, 0, false, 0);

	if (!type || (choice->pointers && !fits(choice, type)))
		return;
	unsigned rank[4] = {
		number != 0, bytes_of(pointee(type)) == 1, distance(choice->location, location),
		location ? LLVMDILocationGetLine(location) : 0,
	};
	for (int i = 0; choice->type && i < 4; i++) {
		if (rank[i] > choice->rank[i])
			return;
		if (rank[i] < choice->rank[i])
			break;
	}
	choice->type = type;
	memcpy(choice->rank, rank, sizeof rank);
}

static LLVMMetadataRef variable_type(LLVMValueRef value, bool stored)
{
	struct choice choice = {NULL, stored, false, UINT64_MAX, NULL, {0}};

	shim_each_variable(value, stored, consider, &choice);
	return choice.type;
}

static LLVMMetadataRef pointer_at(LLVMModuleRef module, LLVMValueRef address, int steps);

/* The type of a pointer in the source. */
static LLVMMetadataRef value_type(LLVMModuleRef module, LLVMValueRef value, int steps)
{
	LLVMMetadataRef type = variable_type(value, false);
	int64_t offset = 0;
	uint64_t step = 0;

	if (type || !steps)
		return type;
	if (LLVMIsALoadInst(value))
		return pointer_at(module, LLVMGetOperand(value, 0), steps - 1);
	if (LLVMIsABitCastInst(value))
		return value_type(module, shim_strip_offset(module, value, &offset, &step), steps - 1);
	return NULL;
}

/* The type of the pointer that is in memory at an address: the first that says something on the way to where that
 * comes from. A `void **` on the way does not. */
static LLVMMetadataRef pointer_at(LLVMModuleRef module, LLVMValueRef address, int steps)
{
	LLVMMetadataRef type = NULL;
	int64_t offset = 0;
	uint64_t step = 0;

	for (; address && steps; steps--) {
		if ((type = variable_type(address, true)) || (type = shim_global_type(address, &offset)) ||
		    (type = pointee(value_type(module, address, steps - 1))))
			type = pointer_in(type, offset, step, true, 0);
		if (pointee(type))
			return type;
		address = shim_strip_offset(module, address, &offset, &step);
	}
	return NULL;
}

/* The result ------------------------------------------------------------------------------------ */

/* Whether a phi has the block or nothing: p = n ? malloc(n) : NULL. */
static bool is_block_or_null(LLVMValueRef phi, LLVMValueRef block)
{
	unsigned count = LLVMCountIncoming(phi);

	for (unsigned i = 0; i < count; i++) {
		LLVMValueRef value = LLVMGetIncomingValue(phi, i);
		if (value != block && !LLVMIsNull(value))
			return false;
	}
	return true;
}

/* What is done with a block, or casts of it: the variables, and where it is stored or returned. */
static void consider_uses(struct choice *choice, LLVMModuleRef module, LLVMValueRef function, LLVMValueRef block,
			  bool of_variables, int steps)
{
	if (of_variables)
		shim_each_variable(block, false, consider, choice);
	for (LLVMUseRef use = LLVMGetFirstUse(block); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		LLVMMetadataRef type = NULL;
		if (steps && (LLVMIsABitCastInst(user) || (LLVMIsAPHINode(user) && is_block_or_null(user, block))))
			consider_uses(choice, module, function, user, of_variables, steps - 1);
		else if (LLVMIsAStoreInst(user) && LLVMGetOperand(user, 0) == block && !of_variables)
			type = pointer_at(module, LLVMGetOperand(user, 1), STEPS);
		else if (LLVMIsAReturnInst(user) && !of_variables)
			type = shim_node(LLVMGetSubprogram(function)).base;
		if (type)
			consider(choice, type, -1, LLVMIsAReturnInst(user) != NULL, LLVMInstructionGetDebugLoc(user));
	}
}

static char *type_of_new(LLVMValueRef call)
{
	static const char kind[] = "heapallocsite";
	LLVMValueRef node = LLVMGetMetadata(call, LLVMGetMDKindIDInContext(LLVMGetTypeContext(LLVMTypeOf(call)), kind,
									    sizeof kind - 1));

	return node ? name_of(LLVMValueAsMetadata(node)) : NULL;
}

char *type_of_block(const struct type_question *q)
{
	LLVMMetadataRef location = LLVMInstructionGetDebugLoc(q->call);
	struct choice choice = {location, false, true, q->bytes, NULL, {0}};
	char *found = type_of_new(q->call);

	if (!found)
		found = type_of_container(q->function, location);
	if (found || !LLVMGetSubprogram(q->function))
		return found;
	if (q->stored) {
		LLVMMetadataRef type = pointer_at(q->module, q->block, STEPS);
		if (type)
			consider(&choice, type, -1, 0, NULL);
	} else {
		consider_uses(&choice, q->module, q->function, q->block, true, STEPS);
		if (!choice.type)
			consider_uses(&choice, q->module, q->function, q->block, false, STEPS);
		LLVMMetadataRef before = choice.type ? NULL : value_type(q->module, q->block, STEPS);
		if (before) /* of a block that is to be resized */
			consider(&choice, before, -1, 0, NULL);
	}
	return choice.type ? name_of(pointee(choice.type)) : NULL;
}
