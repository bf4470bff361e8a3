/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * symbols_internal.h - what the two files of the symbols share: symbols.c (the names log, finding),
 * symbols_store.c (the file: what it is told, what is taken from it, what need not be kept beside it).
 */
#ifndef IRT_DRAIN_SYMBOLS_INTERNAL_H
#define IRT_DRAIN_SYMBOLS_INTERNAL_H

#include "drain/symbols.h"

#include "drain/addresses.h"
#include "instr/hooks.h"

#include <stdlib.h>
#include <string.h>

enum { OTHER_FUNCTION = 1, FIRST_FUNCTION = 2, ROWS_MAX = 1 << 24 };

struct image {
	uint64_t log_at;     /* offset of its NAMES record + 1 */
	uint32_t module_id, rows, skipped;
	uint32_t first_function; /* id of row 0; skipped rows follow the rows */
	uint32_t *flags;     /* of the rows */
	char *path, *build_id, *options;
	struct instr_row *copies; /* until they are in the store */
	char *texts;
	int in_store;
};

struct load {
	uint32_t process_id, load_id;
	uint32_t image; /* index + 1; 0 = names not known */
	uint64_t rows_begin, rows_end;
	int64_t start_ticks, end_ticks; /* end: IRT_STORE_NULL = still there */
	int changed;
};

/* A function known by its address only. It is found by address in a process, and by place in a file:
 * the same place in the same file is the same function, whatever the process. */
struct raw {
	uint64_t scope;   /* process id, or RAW_IN_FILE | number of the file */
	uint64_t address; /* or offset in the file */
	uint32_t function_id;
	int in_store;
	char *name, *linkage_name; /* until they are in the store; NULL where another entry has them */
	uint32_t module_id; /* 0 = none */
	uint64_t in_module; /* its address in that */
};

/* A file that has such functions, as a module of its own. */
struct raw_module {
	uint32_t file, module_id; /* file: number in the addresses */
	char *path, *build_id; /* until they are in the store; build_id may be NULL */
	int in_store;
};
#define RAW_IN_FILE (UINT64_C(1) << 32)

struct irt_symbols {
	struct irt_attached *at;
	uint64_t scanned; /* bytes of the log taken */
	struct image *images;
	struct load *loads;
	struct raw *raws;
	uint32_t *raw_table; /* by hash of scope and address: index + 1; twice as large as raws, at least */
	uint32_t raw_table_size; /* a power of two */
	struct irt_addresses *addresses;
	uint32_t image_count, load_count, load_room, raw_count, raw_room, next_function, next_module, next_load;
	struct named { uint32_t process_id; struct irt_process_names names; } *named; /* by ascending id */
	uint32_t named_count, named_room;
	struct pending { uint64_t at, bytes; uint32_t process_id; } *pending; /* records of the log behind `scanned` */
	uint32_t pending_count;
	struct raw_module *raw_modules;
	/* functions of such files that an earlier drain has put; by module and address */
	struct placed { uint32_t module_id, function_id; uint64_t address; } *placed;
	uint32_t placed_count, placed_room;
	uint32_t raw_module_count;
	struct known { uint32_t module_id, first_function; int64_t rows; char *path, *build_id; } *known;
	uint32_t known_count;
	/* rows of module_loads of an earlier drain, by load_id; process_id 0: taken */
	struct known_load { uint32_t process_id, load_id; uint64_t rows_begin; int64_t start_ticks; } *known_loads;
	uint32_t known_load_count, known_load_at; /* at: where to look first, since they come in the same order */
	uint32_t greatest_function; /* that a file may have */
	int fixed_in_store; /* "(unknown)" and "(other)" */
	int starved;
};

static inline int is_site(uint32_t flags)
{
	unsigned kind = flags & INSTR_ROW_KIND_MASK;
	return kind == INSTR_ROW_ALLOC_SITE || kind == INSTR_ROW_FREE_SITE || kind == INSTR_ROW_BLOCK_SITE ||
	       kind == INSTR_ROW_LOCK_SITE || kind == INSTR_ROW_THREAD_SITE;
}

static inline int grow(void *array, uint32_t count, size_t bytes)
{
	void **p = array;
	if (count & (count - 1) || (count && count < 8))
		return 1;
	void *n = realloc(*p, (count ? (size_t)count * 2 : 8) * bytes);
	if (!n)
		return 0;
	*p = n;
	return 1;
}

/* As grow, for a table that may shrink. */
static inline int room_for(void *array, uint32_t *room, uint32_t count, size_t bytes)
{
	void **p = array, *n;
	if (count < *room)
		return 1;
	n = realloc(*p, (*room ? (size_t)*room * 2 : 8) * bytes);
	if (!n)
		return 0;
	*p = n;
	*room = *room ? *room * 2 : 8;
	return 1;
}

static inline int grow_loads(struct irt_symbols *s) { return room_for(&s->loads, &s->load_room, s->load_count, sizeof(*s->loads)); }

/* Where it stands among the named, or would. */
static inline uint32_t named_at(const struct irt_symbols *s, uint32_t process_id)
{
	uint32_t low = 0, high = s->named_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (s->named[middle].process_id < process_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Valid until the next one is made. NULL: no memory. */
static inline struct irt_process_names *names_of(struct irt_symbols *s, uint32_t process_id)
{
	uint32_t at = named_at(s, process_id);
	if (at < s->named_count && s->named[at].process_id == process_id)
		return &s->named[at].names;
	if (!room_for(&s->named, &s->named_room, s->named_count, sizeof(*s->named)))
		return NULL;
	memmove(&s->named[at + 1], &s->named[at], (s->named_count++ - at) * sizeof(*s->named));
	s->named[at] = (struct named){.process_id = process_id};
	return &s->named[at].names;
}

static inline void free_names(struct irt_process_names *n)
{
	free(n->command);
	free(n->executable);
	free(n->working_directory);
}

static inline int copy_text(char **to, const char *text) { return !text || (*to = strdup(text)) != NULL; }

/* Unless it has names. Returns 0: no memory, and it has none. */
static inline int copy_names(struct irt_process_names *to, const char *command, const char *executable, const char *folder)
{
	struct irt_process_names n = {NULL, NULL, NULL};
	if (to->command)
		return 1;
	if (!copy_text(&n.command, command) || !copy_text(&n.executable, executable) || !copy_text(&n.working_directory, folder)) {
		free_names(&n);
		return 0;
	}
	*to = n;
	return 1;
}

static inline uint32_t raw_slot(const struct irt_symbols *s, uint64_t scope, uint64_t address)
{
	uint64_t hash = (address ^ scope * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	uint32_t mask = s->raw_table_size - 1, at = (uint32_t)(hash >> 32) & mask;
	for (; s->raw_table[at]; at = (at + 1) & mask) {
		const struct raw *r = &s->raws[s->raw_table[at] - 1];
		if (r->scope == scope && r->address == address)
			break;
	}
	return at;
}

#endif
