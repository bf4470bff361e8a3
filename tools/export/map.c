/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * map.c - open addressing, at most half full.
 */
#include "export/map.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

/* The finaliser of MurmurHash3: neighbours are far apart. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

static struct export_entry *find(const struct export_map *map, uint64_t key)
{
	size_t at = mix(key) & (map->room - 1);
	while (map->entries[at].used && map->entries[at].key != key)
		at = (at + 1) & (map->room - 1);
	return &map->entries[at];
}

static void grow(struct export_map *map)
{
	struct export_map larger = {.room = map->room ? map->room * 2 : FIRST_ROOM, .count = map->count};

	larger.entries = cli_realloc(NULL, larger.room, sizeof(*larger.entries));
	memset(larger.entries, 0, larger.room * sizeof(*larger.entries));
	for (size_t i = 0; i < map->room; i++)
		if (map->entries[i].used)
			*find(&larger, map->entries[i].key) = map->entries[i];
	free(map->entries);
	*map = larger;
}

uint32_t export_map_add(struct export_map *map, uint64_t key, uint32_t value)
{
	if (map->count * 2 >= map->room)
		grow(map);
	struct export_entry *entry = find(map, key);
	if (!entry->used) {
		*entry = (struct export_entry){key, value, 1};
		map->count++;
	}
	return entry->value;
}

int export_map_get(const struct export_map *map, uint64_t key, uint32_t *value)
{
	const struct export_entry *entry = map->room ? find(map, key) : NULL;
	if (!entry || !entry->used)
		return 0;
	*value = entry->value;
	return 1;
}

void export_map_fini(struct export_map *map)
{
	free(map->entries);
	*map = (struct export_map){0};
}

/* FNV-1a. */
static uint64_t hash_text(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

const char *export_texts_get(const struct export_texts *texts, uint32_t index)
{
	return texts->bytes.data + texts->starts[index];
}

static uint32_t *find_slot(const struct export_texts *texts, const char *text)
{
	size_t at = mix(hash_text(text)) & (texts->room - 1);
	while (texts->slots[at] && strcmp(export_texts_get(texts, texts->slots[at] - 1), text))
		at = (at + 1) & (texts->room - 1);
	return &texts->slots[at];
}

static void grow_slots(struct export_texts *texts)
{
	texts->room = texts->room ? texts->room * 2 : FIRST_ROOM;
	texts->slots = cli_realloc(texts->slots, texts->room, sizeof(*texts->slots));
	memset(texts->slots, 0, texts->room * sizeof(*texts->slots));
	for (size_t i = 0; i < texts->count; i++)
		*find_slot(texts, export_texts_get(texts, (uint32_t)i)) = (uint32_t)i + 1;
}

uint32_t export_texts_add(struct export_texts *texts, const char *text)
{
	if (texts->count * 2 >= texts->room)
		grow_slots(texts);
	uint32_t *slot = find_slot(texts, text);
	if (!*slot) {
		if (texts->count == texts->start_room) {
			texts->start_room = texts->start_room ? texts->start_room * 2 : FIRST_ROOM;
			texts->starts = cli_realloc(texts->starts, texts->start_room, sizeof(*texts->starts));
		}
		texts->starts[texts->count] = texts->bytes.bytes;
		cli_add(&texts->bytes, text, strlen(text) + 1);
		*slot = (uint32_t)++texts->count;
	}
	return *slot - 1;
}

void export_texts_fini(struct export_texts *texts)
{
	cli_buffer_fini(&texts->bytes);
	free(texts->starts);
	free(texts->slots);
	*texts = (struct export_texts){0};
}
