/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * shim.h - what the pass needs from LLVM and LLVM-C does not offer. plugin.cpp implements all of
 * it; everything else in this folder is C over LLVM-C and knows no version of LLVM.
 */
#ifndef INSTR_PASS_SHIM_H
#define INSTR_PASS_SHIM_H

#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where in the pipeline a run stands. */
enum pass_stage {
	PASS_BEGIN,   /* before the optimiser, in a compile step */
	PASS_COMPILE, /* the optimiser's last extension point, in a compile step or per ThinLTO module */
	PASS_LINK,    /* the end of the link step of full LTO */
};

/* The pass itself (instrument.c). Returns whether it changed the module. */
bool pass_run(LLVMModuleRef module, enum pass_stage stage);

/* The major version of the LLVM that the plugin was compiled for. */
unsigned shim_llvm_major(void);

/* Reports one sentence as a compiler error; the compilation fails, but goes on to its end. */
void shim_error(LLVMModuleRef module, const char *sentence);

/* The i-th -mllvm -instr=... text, or NULL behind the last. */
const char *shim_command_line(unsigned i);

/* Demangled forms of a linkage name, both malloc'ed or NULL: `full` with parameters and result,
 * `name` the qualified name alone. */
void shim_demangle(const char *linkage_name, char **full, char **name);

/* Calls `each` before every instruction through which the function is left: ret, a musttail call,
 * and resume. With `exceptions`, every call that may throw first becomes an invoke that unwinds to
 * one new cleanup pad, unless the function is nounwind. */
void shim_each_exit(LLVMValueRef function, bool exceptions,
		    void (*each)(LLVMValueRef before, void *context), void *context);

bool shim_is_musttail(LLVMValueRef call);

/* The instruction in front of which code runs exactly when `call` (a call or invoke) has returned. */
LLVMValueRef shim_after_return_of(LLVMValueRef call);

/* Moves a return into a predecessor that ends with an unconditional branch to its block. */
void shim_fold_return(LLVMValueRef ret, LLVMBasicBlockRef predecessor);

/* Constructor or destructor list. The entry lives and dies with `key`, whose comdat must have its
 * name: the entry's section is put into a group of that name. */
void shim_add_ctor(LLVMModuleRef module, LLVMValueRef function, LLVMValueRef key, int priority);
void shim_add_dtor(LLVMModuleRef module, LLVMValueRef function, LLVMValueRef key, int priority);

/* A node of the debug information: a type, a member, a subprogram, a namespace. What it does not have is 0 or
 * NULL; of another node all is. */
struct shim_node {
	unsigned tag; /* DW_TAG_... */
	const char *name;
	size_t name_bytes;
	LLVMMetadataRef scope;
	LLVMMetadataRef base;  /* what a pointer points to, a member is of, a typedef names, a function returns */
	LLVMMetadataRef first; /* the first argument of a template, if it is a type */
	uint64_t bytes, offset;
	bool apart; /* a member that is not at a fixed place in each object: static, or a virtual base */
};

struct shim_node shim_node(LLVMMetadataRef node);

/* The i-th member of a struct, class or union; NULL behind the last. */
LLVMMetadataRef shim_member(LLVMMetadataRef type, unsigned i);

/* Calls `each` for the variables of the source that the debug information says to be the value (`stored` false),
 * or to lie at that address (true), as they are. `part`: the value is that part of it, in bytes; -1 = the
 * whole. `number`: which parameter, 0 = none; `location`: of the declaration. */
void shim_each_variable(LLVMValueRef value, bool stored,
			void (*each)(void *context, LLVMMetadataRef type, int64_t part, unsigned number, LLVMMetadataRef location),
			void *context);

/* The type of a global variable in the source, NULL if it is not known. Adds to `offset` where in that this one
 * begins, which the optimiser may have taken apart. */
LLVMMetadataRef shim_global_type(LLVMValueRef global, int64_t *offset);

/* The type of a function's parameter in the source, NULL if it is not known. */
LLVMMetadataRef shim_parameter_type(LLVMValueRef function, unsigned number);

/* One step from an address towards what it was computed from: the operand of a cast or a getelementptr, NULL if
 * it is neither. Adds what that adds: bytes to `offset`, and to `step` the greatest common divisor of what is
 * added in multiples that are not constant. */
LLVMValueRef shim_strip_offset(LLVMModuleRef module, LLVMValueRef address, int64_t *offset, uint64_t *step);

/* Keeps globals that nothing references through the optimiser, and on request the linker. */
void shim_keep(LLVMModuleRef module, LLVMValueRef *globals, size_t count, bool in_linker);

#ifdef __cplusplus
}
#endif
#endif
