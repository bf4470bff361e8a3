/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * code.h - names, files and lines of code that has no rows of its own (-finstrument-functions), from its image and what
 * debug information there is of it.
 *
 *     places.c   which functions of a trace that is; starts a process for each image, takes what it tells
 *        │ fork
 *     code.c     in that process: puts together what the others find, writes answers
 *        ├─► images.c   which file has the debug information of just that build
 *        ├─► expand.c   ... without compression by zstd
 *        └─► dwarf.c    what that says, through libdwarf
 *
 * Images are files that anybody may have written, and libdwarf reads them: it may crash, loop or take all memory, and then
 * that process ends. The reader says so and shows the trace without lines.
 */
#ifndef TOOLS_LIBTRACE_CODE_H
#define TOOLS_LIBTRACE_CODE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "drain/elf.h"

/* A function that is asked for. */
struct tr_place {
	uint64_t address; /* of its first byte, as the linker counts */
	int64_t function_id;
	int is_unnamed;   /* the trace has no name for it */
};

struct tr_image {
	const char *path;
	const char *build_id;   /* NULL: it had none */
	int64_t start_realtime_ns; /* of the run, ns since 1970; 0: not known */
	struct tr_place *places; /* by ascending address */
	size_t count;
};

/* The first place that is not below the address, or their count. */
size_t tr_place_from(const struct tr_image *, uint64_t address);

/* What the process writes: this, then the texts without NUL. */
enum tr_answer_kind { TR_ANSWER_PLACE, TR_ANSWER_SENTENCE, TR_ANSWER_END };
struct tr_answer {
	uint32_t kind, index; /* of the place */
	int64_t line;         /* 0: not known */
	uint32_t name_bytes, linkage_bytes, file_bytes; /* 0: not known; a sentence is a name */
};
enum { TR_ANSWER_TEXT_MAX = 1 << 16 };

/* ---- in the process of its own ---- */

/* Answers on fd and ends the process. */
_Noreturn void tr_answer_for_image(const struct tr_image *, int fd);

/* images.c */
struct tr_elf {
	int fd;
	const unsigned char *bytes; /* all of the file */
	uint64_t count;
	char path[PATH_MAX];
	char build_id[IRT_BUILD_ID_TEXT]; /* hexadecimal; "" */
};
/* 0: there is no such file, or it is no 64-bit ELF file. */
int tr_elf_open(struct tr_elf *, const char *path);
/* The bytes of a section as they lie in the file; 0: there is none. */
int tr_elf_section(const struct tr_elf *, const char *name, const unsigned char **bytes, uint64_t *count);
/* Calls each for every symbol of a function. */
void tr_elf_symbols(const struct tr_elf *, void (*each)(void *arg, uint64_t address, const char *name, int is_global), void *arg);
/* The file that has debug information of the image: itself, or one for its build id, or one that it names. 0: there is
 * none; *named is then the image itself if it is there (fd < 0: it is not). why: a sentence, if something is wrong. */
int tr_find_debug(const struct tr_image *, struct tr_elf *found, struct tr_elf *own, char *why, size_t why_bytes);

/* expand.c: from here on the file is read by fd with its sections as they were before zstd. 0: that cannot be. */
int tr_elf_expand(struct tr_elf *);

/* dwarf.c: calls each with what is known of the place with that index; texts may be NULL. Returns NULL, or what is wrong. */
typedef void tr_told(void *arg, size_t index, const char *name, const char *linkage_name, const char *file, uint64_t line);
const char *tr_read_dwarf(struct tr_elf *, const struct tr_image *, tr_told *each, void *arg);

#endif
