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

enum { IRT_KEYED_NONE = UINT32_MAX };

struct irt_keyed {
	size_t row_bytes, key_words;
	char *rows;
	size_t count, room;
	uint32_t *slots; /* index + 1 by the hash of the key; 0: empty. A power of two, at least twice the count */
	size_t slot_count;
};

#define IRT_KEYED(type, words) {.row_bytes = sizeof(type), .key_words = (words)}

void irt_keyed_fini(struct irt_keyed *t); /* it is empty then */

/* For so many rows more, which irt_keyed_put then adds. false: no memory, nothing has changed. */
bool irt_keyed_room(struct irt_keyed *t, size_t more);

uint32_t irt_keyed_find(const struct irt_keyed *t, const uint64_t *key); /* IRT_KEYED_NONE: there is none */

/* The row's index; one that was not there is all 0 but for its key. Room must be there. */
uint32_t irt_keyed_put(struct irt_keyed *t, const uint64_t *key);

/* Those that are not kept go, the others close ranks. */
void irt_keyed_keep(struct irt_keyed *t, bool (*keep)(void *row));

static inline void *irt_keyed_row(const struct irt_keyed *t, size_t i) { return t->rows + i * t->row_bytes; }

#endif
