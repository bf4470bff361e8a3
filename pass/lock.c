/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock.c - what locks that a function uses are called, and what else it waits for in memory: conditions, semaphores.
 * Where their calls are is the business of alloc.c (instr/locks.def) and block.c.
 *
 *     pthread_mutex_lock(&table.shards[3].lock)     table.shards[3].lock
 *     shard = &table.shards[i]; ... &shard->lock    table.shards[].lock
 *
 * A lock has a name where it lies in a global variable. What is in it is known from the debug information; without
 * that the variable alone is told.
 */
#include "pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { /* DWARF */
	TAG_ARRAY = 0x01, TAG_POINTER = 0x0f, TAG_REFERENCE = 0x10, TAG_MEMBER = 0x0d, TAG_TYPEDEF = 0x16, TAG_INHERITANCE = 0x1c, TAG_CONST = 0x26, TAG_VOLATILE = 0x35, TAG_ATOMIC = 0x47,
	DEPTH_MAX = 16,
	STEPS_MAX = 32,
};

static bool is_named(const struct shim_node *node, const char *name)
{
	return node->name && node->name_bytes == strlen(name) && !memcmp(node->name, name, node->name_bytes);
}

/* What is within is its own business. own: the type of a lock of the program's own, or NULL. */
static bool is_lock(const struct shim_node *node, const char *own)
{
	static const char *const names[] = {"mtx_t", "mutex", "timed_mutex", "recursive_mutex", "recursive_timed_mutex",
					    "shared_mutex", "shared_timed_mutex", "cnd_t", "condition_variable",
					    "condition_variable_any", "sem_t", "once_flag", "latch"};
	static const char *const templates[] = {"atomic<", "counting_semaphore<", "barrier<"};

	if (own && is_named(node, own))
		return true;
	if (node->name && node->name_bytes > 8 && !memcmp(node->name, "pthread_", 8))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is_named(node, names[i]))
			return true;
	for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
		size_t bytes = strlen(templates[i]);
		if (node->name && node->name_bytes > bytes && !memcmp(node->name, templates[i], bytes))
			return true;
	}
	return false;
}

/* The member in which the offset lies. */
static LLVMMetadataRef member_at(LLVMMetadataRef type, int64_t offset, struct shim_node *found)
{
	LLVMMetadataRef member, best = NULL;

	for (unsigned i = 0; (member = shim_member(type, i)); i++) {
		struct shim_node node = shim_node(member);
		if (!node.apart && (node.tag == TAG_MEMBER || node.tag == TAG_INHERITANCE) && (int64_t)node.offset <= offset &&
		    (!best || node.offset >= found->offset)) {
			best = member;
			*found = node;
		}
	}
	return best;
}

/* ".shards[3].lock"; step: offsets that differ by a multiple of it are the same place. */
static void add_members(FILE *out, LLVMMetadataRef type, int64_t offset, uint64_t step, const char *own)
{
	for (int depth = 0; type && depth < DEPTH_MAX; depth++) {
		struct shim_node node = shim_node(type), member = {0};
		if (is_lock(&node, own))
			return;
		if (node.tag == TAG_TYPEDEF || node.tag == TAG_CONST || node.tag == TAG_VOLATILE ||
		    node.tag == TAG_ATOMIC) {
			type = node.base;
		} else if (node.tag == TAG_ARRAY) {
			struct shim_node element = shim_node(node.base);
			for (int i = 0; !element.bytes && element.base && i < DEPTH_MAX; i++)
				element = shim_node(element.base);
			if (!element.bytes || offset < 0)
				return;
			if (step)
				fprintf(out, "[]");
			else
				fprintf(out, "[%lld]", (long long)(offset / (int64_t)element.bytes));
			step = step % element.bytes;
			offset %= (int64_t)element.bytes;
			type = node.base;
		} else {
			if (offset < 0 || !member_at(type, offset, &member))
				return;
			if (member.tag == TAG_MEMBER && member.name_bytes)
				fprintf(out, ".%.*s", (int)member.name_bytes, member.name);
			offset -= (int64_t)member.offset;
			type = member.base;
		}
	}
}

/* What the source calls the type without its typedefs, or, if that has no name, by the last of those. */
char *lock_type(LLVMValueRef function, unsigned number)
{
	LLVMMetadataRef type = shim_parameter_type(function, number);
	struct shim_node node, named = {0};

	for (int depth = 0; type && depth < DEPTH_MAX; depth++, type = node.base) {
		node = shim_node(type);
		if (node.tag == TAG_POINTER || node.tag == TAG_REFERENCE)
			named = (struct shim_node){0};
		else if (node.name_bytes)
			named = node;
		if (node.tag != TAG_POINTER && node.tag != TAG_REFERENCE && node.tag != TAG_TYPEDEF && node.tag != TAG_CONST &&
		    node.tag != TAG_VOLATILE && node.tag != TAG_ATOMIC)
			break;
	}
	return named.name_bytes ? strndup(named.name, named.name_bytes) : NULL;
}

char *lock_name(LLVMModuleRef module, LLVMValueRef address, const char *own)
{
	int64_t offset = 0;
	uint64_t step = 0;
	struct function_names names;
	char *name = NULL;
	size_t bytes;
	FILE *out;

	for (int i = 0; address && i < STEPS_MAX && !LLVMIsAGlobalVariable(address); i++)
		address = shim_strip_offset(module, address, &offset, &step);
	if (!address || !LLVMIsAGlobalVariable(address) || !(out = open_memstream(&name, &bytes)))
		return NULL;
	names_init(&names, linkage_name(address));
	fprintf(out, "%s", names.full ? names.full : names.linkage); /* of a variable */
	add_members(out, shim_global_type(address, &offset), offset, step, own);
	names_fini(&names);
	fclose(out);
	if (name && (!bytes || strchr(name, INSTR_ROW_TYPE_MARK))) {
		free(name);
		name = NULL;
	}
	return name;
}
