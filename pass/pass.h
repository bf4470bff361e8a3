/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * pass.h - the parts of the pass and what they tell each other:
 *
 *     options.c      the settings, from file, environment, command line
 *     select.c       which functions get hooks, and why the others do not
 *     rows.c         descriptor rows, names, registration of the module
 *     alloc.c        calls that allocate or free, and those of locks
 *     block.c        calls that may block
 *     thread.c       calls that create threads
 *     type.c         the type of what they allocate
 *     lock.c         the names of locks
 *     declaration.c  what is said of allocators and locks of the program's own
 *     declared.c     their calls
 *     instrument.c   the hooks; the order of it all (pass_run)
 */
#ifndef INSTR_PASS_H
#define INSTR_PASS_H

#include "instr/hooks.h"
#include "shim.h"

/* options.c ------------------------------------------------------------------------------------ */

struct pass_globs {
	char **pattern;
	size_t count;
};

/* An allocator or a lock of the program's own, as alloc=, acquire= and their like, INSTR_ALLOCATOR or INSTR_LOCK say it. */
enum declared_kind {
	DECLARED_ALLOC, DECLARED_FREE, DECLARED_REALLOC, DECLARED_ACQUIRE, DECLARED_TRY, DECLARED_RELEASE, DECLARED_KINDS,
};
enum declared_word {
	DECLARED_SIZE, DECLARED_COUNT, DECLARED_PTR, DECLARED_LOCK, DECLARED_SUCCESS, DECLARED_MODE, DECLARED_WORDS,
	DECLARED_LAST_PARAMETER = DECLARED_LOCK,
};
enum { DECLARED_NONZERO = 0, DECLARED_READ = 1 }; /* of success and mode */

struct pass_declaration {
	char *text, *name; /* all of it; the function, or a glob */
	enum declared_kind kind;
	int parameter[DECLARED_WORDS]; /* by word; -1 = not named */
};

enum pass_heap { PASS_HEAP_ON, PASS_HEAP_ALL, PASS_HEAP_WRAP, PASS_HEAP_OFF }; /* all, wrap: the wrapper's business */

struct pass_settings {
	struct pass_globs allow, deny;
	struct pass_declaration *declarations; /* as they came; later ones win */
	size_t declaration_count;
	int unwind, heap, block, lock, thread, verbose, help;
	int tail_keep, lto_post;
	char error[512]; /* the first thing wrong, a whole sentence; empty if all is well */
};

/* Reads INSTR_CONFIG, INSTR_OPTIONS and the command line, in this order; later ones win. */
void settings_load(struct pass_settings *settings);

/* Reads one text in the grammar of instr/options.h. `origin` names it in error sentences. */
void settings_parse(struct pass_settings *settings, const char *origin, const char *text, size_t bytes);

/* Settings that nobody changed. */
void settings_init(struct pass_settings *settings);
void settings_fini(struct pass_settings *settings);

/* The settings in force as one line that settings_parse reads back; malloc'ed. */
char *settings_line(const struct pass_settings *settings);

/* help=1: one line per setting on stderr. */
void settings_print(const struct pass_settings *settings);

/* select.c ------------------------------------------------------------------------------------- */

/* What a function is called and where it stands. */
struct function_names {
	const char *linkage;
	char *full, *name; /* NULL: not a mangled name */
	char *path;        /* NULL: not asked for */
};

void names_init(struct function_names *names, const char *linkage);
void names_fini(struct function_names *names);

/* Whether a pattern without / is the linkage name, the demangled one or that without parameters, or matches
 * it. */
bool name_matches(const char *pattern, const struct function_names *names);

/* Calls `each` for every annotation of the source that is a text. */
void each_annotation(LLVMModuleRef module, void (*each)(void *context, LLVMValueRef global, const char *text),
		     void *context);

/* Functions that something outside the function itself switches off: an array sorted by address. */
struct pass_marked {
	struct marked_function { LLVMValueRef function; enum instr_reason reason; } *list;
	size_t count, capacity;
};

void marked_collect(struct pass_marked *marked, LLVMModuleRef module);
void marked_fini(struct pass_marked *marked);

/* Why a definition gets no hooks; INSTR_REASON_NONE if it does. */
enum instr_reason select_reason(const struct pass_settings *settings, const struct pass_marked *marked,
				LLVMValueRef function);

/* Whether a call, or the function it calls, carries an enum attribute such as "returns_twice". */
bool call_has_attribute(LLVMValueRef call, const char *attribute);
bool function_has_attribute(LLVMValueRef function, const char *attribute);
/* A string attribute of a function, or NULL. */
LLVMAttributeRef function_string_attribute(LLVMValueRef function, const char *name);

LLVMAttributeRef enum_attribute(LLVMContextRef context, const char *name);
LLVMAttributeRef string_attribute(LLVMContextRef context, const char *name, const char *value);

/* Whether no other module can refer to it. */
bool is_local(LLVMValueRef global);

/* The source file of a deferred function without debug information (lto=post): the module that it
 * ends up in has another. */
#define SOURCE_ATTRIBUTE "instr-source"

/* The file of a function in the debug information, or NULL. */
LLVMMetadataRef file_of(LLVMValueRef function);

/* The path of a file of the debug information, absolute when that has a folder for it; of NULL, the
 * source that `function` comes from. malloc'ed. */
char *source_of(LLVMValueRef function, LLVMMetadataRef file);

/* The name as the linker sees it. */
const char *linkage_name(LLVMValueRef global);

/* Through casts, constant addresses and aliases to the function or global behind them. */
LLVMValueRef underlying(LLVMValueRef value);

/* rows.c --------------------------------------------------------------------------------------- */

struct pass_rows {
	LLVMModuleRef module;
	LLVMContextRef context;
	LLVMTypeRef i32, i64, pointer, row;
	bool lto;             /* the module goes through LTO: no !associated, see rows.c */
	unsigned associated;  /* metadata kind */
	struct row_file { LLVMMetadataRef file; LLVMValueRef string; } *files;
	size_t file_count, file_capacity;
	/* Names that sites have, by hash: a power of two, more than half of it free. */
	struct site_name { char *text; LLVMValueRef string; } *names;
	size_t name_count, name_capacity;
	LLVMValueRef *skipped;
	size_t skipped_count, skipped_capacity;
};

void rows_init(struct pass_rows *rows, LLVMModuleRef module);
void rows_fini(struct pass_rows *rows);

/* The row of an instrumented function, as the pointer that the hooks take. */
LLVMValueRef rows_add_function(struct pass_rows *rows, LLVMValueRef function, unsigned flags);

/* The row of a call in a function, the number-th of this function, as the pointer that the hooks take.
 * `name` is a string, `flags` are kind and family; the place is that of the call. */
LLVMValueRef rows_add_site(struct pass_rows *rows, LLVMValueRef function, unsigned number,
			   LLVMValueRef call, LLVMValueRef name, uint32_t flags);

/* The name of a site: the function that is called, with the type of what it allocates unless that is NULL. One
 * string for each. */
LLVMValueRef rows_site_name(struct pass_rows *rows, const char *called, const char *type);

/* An entry in the list of what was not instrumented. */
void rows_add_skipped(struct pass_rows *rows, LLVMValueRef function, enum instr_reason reason);

/* After the last rows_add_skipped. */
void rows_keep_skipped(struct pass_rows *rows);

/* The module's constructor and destructor, once per executable or shared object. */
void rows_register(struct pass_rows *rows, const char *settings_line);

/* alloc.c -------------------------------------------------------------------------------------- */

struct pass_allocs {
	struct pass_rows *rows;
	LLVMBuilderRef builder;
	/* What of instr/allocators.def and instr/locks.def the module has: declared, to be called, or defined by itself. */
	struct known_allocator *known;
	size_t count;
	struct declared_marks *marks; /* declared.c */
	bool no_tail; /* what an allocator does in tail position is done in the function that calls it */
};

void allocs_init(struct pass_allocs *allocs, struct pass_rows *rows, const struct pass_settings *settings);
void allocs_fini(struct pass_allocs *allocs);

/* Puts hooks in the place of allocators that a function calls. `sites` counts the sites of the function. */
void allocs_rewrite(struct pass_allocs *allocs, LLVMValueRef function, unsigned *sites);

/* Whether a function is declared like this: the letters are explained in instr/allocators.def. */
bool prototype_fits(LLVMValueRef function, const char *prototype);

/* Leaves no call of an allocator recorded in a function. */
void allocs_leave(struct pass_allocs *allocs, LLVMValueRef function);

/* A hook as a pointer to a function of this type. */
LLVMValueRef allocs_hook(struct pass_allocs *allocs, const char *name, LLVMTypeRef type);

/* block.c -------------------------------------------------------------------------------------- */

struct pass_blocks {
	struct pass_rows *rows;
	LLVMBuilderRef builder;
	struct known_blocking *known; /* what of instr/blocking.def the module declares */
	size_t count;
};

void blocks_init(struct pass_blocks *blocks, struct pass_rows *rows);
void blocks_fini(struct pass_blocks *blocks);

/* Puts hooks around the calls of a function that may block. `sites` counts the sites of the function. */
void blocks_rewrite(struct pass_blocks *blocks, LLVMValueRef function, unsigned *sites);

/* thread.c ------------------------------------------------------------------------------------- */

struct pass_threads {
	struct pass_rows *rows;
	LLVMBuilderRef builder;
	struct known_creator *known; /* what of those that create threads the module declares */
	size_t count;
};

void threads_init(struct pass_threads *threads, struct pass_rows *rows);
void threads_fini(struct pass_threads *threads);

/* Puts hooks in the place of the calls of a function that create threads, or around them. `sites` counts the sites of the function. */
void threads_rewrite(struct pass_threads *threads, LLVMValueRef function, unsigned *sites);

/* type.c --------------------------------------------------------------------------------------- */

/* Where a block comes from. */
struct type_question {
	LLVMModuleRef module;
	LLVMValueRef function, call;
	LLVMValueRef block; /* the block, */
	bool stored;        /* or the address of the pointer that it is left in */
	uint64_t bytes;     /* an object of its type has at most so many */
};

/* The name of its type, malloc'ed; NULL: not known. */
char *type_of_block(const struct type_question *question);

/* lock.c --------------------------------------------------------------------------------------- */

/* The name of the lock at that address, malloc'ed; NULL: it has none. `own`: the type of a lock of the program's own, or NULL. */
char *lock_name(LLVMModuleRef module, LLVMValueRef address, const char *own);

/* The name of what a parameter of a function points to, malloc'ed; NULL: not known. */
char *lock_type(LLVMValueRef function, unsigned number);

/* declaration.c -------------------------------------------------------------------------------- */

/* Reads "my_alloc(size=0)". False: it is not one; nothing to free. */
bool declaration_parse(struct pass_declaration *declaration, enum declared_kind kind, const char *text,
		       size_t bytes);
void declaration_fini(struct pass_declaration *declaration);

/* What declaration_parse takes, for a sentence. */
const char *declaration_wanted(enum declared_kind kind);

/* The setting. */
const char *declaration_key(enum declared_kind kind);

/* declared.c ----------------------------------------------------------------------------------- */

/* Of a call: it is recorded elsewhere, or nobody's business. Of a function: it is an allocator of the program's own. */
#define OWN_ATTRIBUTE "instr-own"
#define OWN_LOCK "lock" /* its value at a call of a lock; another one says nothing of locks */

/* At the beginning of the pipeline: marks the calls of what is declared. Returns whether there are any, or
 * with a sentence in `error` that a declaration does not fit. */
bool declared_mark(const struct pass_settings *settings, LLVMModuleRef module, char *error, size_t error_bytes);

/* At its end: what of the marks is left. */
void declared_init(struct pass_allocs *allocs);
void declared_fini(struct pass_allocs *allocs);
bool declared_is_mark(const struct pass_allocs *allocs, LLVMValueRef instruction);
bool declared_is_lock_mark(const struct pass_allocs *allocs, LLVMValueRef instruction);

/* The hook takes the place of a mark; `number` counts the sites of the function. */
void declared_place(struct pass_allocs *allocs, LLVMValueRef function, LLVMValueRef mark, unsigned *number);

#endif
