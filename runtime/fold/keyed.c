/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * keyed.c - see keyed.h.
 *
 * Most of what is looked up was looked up a moment ago: the lock that is given back was taken, its thread is the same.
 * So what was found is kept by a few bits of its key, which cost less than the hash. Such an index is only a guess:
 * it holds if the row that is there now has the key, of which there is one in the table.
 */
#include "fold/keyed.h"

#include "fold/array.h"

#include <string.h>

void irt_keyed_fini(struct irt_keyed *t)
{
	free(t->rows);
	free(t->slots);
	*t = (struct irt_keyed){.row_bytes = t->row_bytes, .key_words = t->key_words};
}

static uint64_t hash_of(const uint64_t *key, size_t words)
{
	uint64_t h = 0;

	for (size_t i = 0; i < words; i++) {
		h = (h ^ key[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 29;
}

static void enter(struct irt_keyed *t, size_t row)
{
	size_t i = hash_of(irt_keyed_row(t, row), t->key_words) & (t->slot_count - 1);

	while (t->slots[i])
		i = (i + 1) & (t->slot_count - 1);
	t->slots[i] = (uint32_t)row + 1;
}

static void enter_all(struct irt_keyed *t)
{
	for (size_t i = 0; i < t->count; i++)
		enter(t, i);
}

bool irt_keyed_make_room(struct irt_keyed *t, size_t more)
{
	size_t slot_count = t->slot_count ? t->slot_count : 64;

	if (!irt_grow(&t->rows, &t->room, t->count + more, t->row_bytes))
		return false;
	while (slot_count < 2 * (t->count + more))
		slot_count *= 2;
	if (slot_count != t->slot_count) {
		uint32_t *slots = calloc(slot_count + IRT_KEYED_MEMO, sizeof(*slots));
		if (!slots)
			return false;
		free(t->slots);
		t->slots = slots;
		t->slot_count = slot_count;
		enter_all(t);
	}
	t->ready = t->room < slot_count / 2 ? t->room : slot_count / 2;
	return true;
}

uint32_t irt_keyed_find(const struct irt_keyed *t, const uint64_t *key)
{
	if (!t->slot_count)
		return IRT_KEYED_NONE;
	for (size_t i = hash_of(key, t->key_words) & (t->slot_count - 1); t->slots[i]; i = (i + 1) & (t->slot_count - 1)) {
		if (irt_keyed_has(t, t->slots[i] - 1, key, t->key_words)) {
			*irt_keyed_memo(t, key, t->key_words) = t->slots[i];
			return t->slots[i] - 1;
		}
	}
	return IRT_KEYED_NONE;
}

uint32_t irt_keyed_put(struct irt_keyed *t, const uint64_t *key)
{
	uint32_t i = irt_keyed_find(t, key);

	if (i != IRT_KEYED_NONE)
		return i;
	memset(irt_keyed_row(t, t->count), 0, t->row_bytes);
	memcpy(irt_keyed_row(t, t->count), key, t->key_words * sizeof(*key));
	enter(t, t->count);
	return (uint32_t)t->count++;
}

void irt_keyed_keep(struct irt_keyed *t, bool (*keep)(void *row))
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (!keep(irt_keyed_row(t, i)))
			continue;
		if (kept != i)
			memcpy(irt_keyed_row(t, kept), irt_keyed_row(t, i), t->row_bytes);
		kept++;
	}
	if (kept == t->count)
		return;
	t->count = kept;
	memset(t->slots, 0, t->slot_count * sizeof(*t->slots));
	enter_all(t);
}
