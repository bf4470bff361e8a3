/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * keyed.h - rows in the order in which they came, each found by its key: some words that it begins with.
 *
 *     struct row { uint64_t key[2]; ... };
 *     struct irt_keyed rows = IRT_KEYED(struct row, 2);
 *
 * A row stays at its index, but moves in memory when room is made. Not safe against other threads.
 */
#ifndef IRT_FOLD_KEYED_H
#define IRT_FOLD_KEYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IRT_KEYED_NONE = UINT32_MAX, IRT_KEYED_MEMO = 64 };

struct irt_keyed {
	size_t row_bytes, key_words;
	char *rows;
	size_t count, room;
	uint32_t *slots; /* index + 1 by the hash of the key; 0: empty. A power of two, at least twice the count; behind
	                  * them IRT_KEYED_MEMO that were found last */
	size_t slot_count;
	size_t ready;    /* so many rows fit */
};

#define IRT_KEYED(type, words) {.row_bytes = sizeof(type), .key_words = (words)}

void irt_keyed_fini(struct irt_keyed *t); /* it is empty then */

/* For so many rows more, which irt_keyed_put then adds. false: no memory, nothing has changed. */
static inline bool irt_keyed_room(struct irt_keyed *t, size_t more);
bool irt_keyed_make_room(struct irt_keyed *t, size_t more); /* the same, where they do not fit yet */

uint32_t irt_keyed_find(const struct irt_keyed *t, const uint64_t *key); /* IRT_KEYED_NONE: there is none */

/* The row's index; one that was not there is all 0 but for its key. Room must be there. */
uint32_t irt_keyed_put(struct irt_keyed *t, const uint64_t *key);

/* Those that are not kept go, the others close ranks. */
void irt_keyed_keep(struct irt_keyed *t, bool (*keep)(void *row));

static inline uint32_t *irt_keyed_memo(const struct irt_keyed *t, const uint64_t *key, size_t words)
{
	uint64_t bits = key[0];

	for (size_t i = 1; i < words; i++)
		bits = 5 * bits + key[i];
	bits ^= bits >> 32;
	return &t->slots[t->slot_count + ((bits ^ bits >> 6) & (IRT_KEYED_MEMO - 1))];
}

static inline bool irt_keyed_has(const struct irt_keyed *t, uint32_t row, const uint64_t *key, size_t words)
{
	const uint64_t *k = (const uint64_t *)(t->rows + row * t->row_bytes);
	uint64_t differs = 0;

	for (size_t i = 0; i < words; i++)
		differs |= k[i] ^ key[i];
	return !differs;
}

/* As irt_keyed_find, if it was found lately: else IRT_KEYED_NONE. words: as many as its key has, a constant. */
static inline uint32_t irt_keyed_recall(const struct irt_keyed *t, const uint64_t *key, size_t words)
{
	if (!t->slot_count)
		return IRT_KEYED_NONE;
	uint32_t row = *irt_keyed_memo(t, key, words) - 1;
	return row < t->count && irt_keyed_has(t, row, key, words) ? row : IRT_KEYED_NONE;
}

static inline bool irt_keyed_room(struct irt_keyed *t, size_t more)
{
	return t->count + more <= t->ready || irt_keyed_make_room(t, more);
}

static inline void *irt_keyed_row(const struct irt_keyed *t, size_t i) { return t->rows + i * t->row_bytes; }

#endif
