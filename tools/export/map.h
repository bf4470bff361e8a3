/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * map.h - from numbers, and from texts, to indexes. {0} is an empty one. Running out of memory ends the program.
 */
#ifndef TOOLS_EXPORT_MAP_H
#define TOOLS_EXPORT_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "cli/buffer.h"

struct export_map {
	struct export_entry {
		uint64_t key;
		uint32_t value, used;
	} *entries;
	size_t count, room; /* room is a power of two */
};

/* The value of key; if it has none yet, it gets this one. */
uint32_t export_map_add(struct export_map *, uint64_t key, uint32_t value);
/* Has it one? 1, and *value is it. */
int export_map_get(const struct export_map *, uint64_t key, uint32_t *value);
void export_map_fini(struct export_map *);

/* Texts, each once, numbered from 0 as they come. */
struct export_texts {
	struct cli_buffer bytes; /* one behind the other, each with its NUL */
	size_t *starts;
	size_t count, start_room;
	uint32_t *slots; /* index + 1; 0: free */
	size_t room;
};

uint32_t export_texts_add(struct export_texts *, const char *text);
const char *export_texts_get(const struct export_texts *, uint32_t index);
void export_texts_fini(struct export_texts *);

#endif
