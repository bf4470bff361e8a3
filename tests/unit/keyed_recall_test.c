/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * keyed_recall_test.c - rows that were found lately (fold/keyed.h): never another one than the one with that key.
 */
#include "check.h"

#include "fold/keyed.h"

enum { KEYS = 3000, TURNS = 200000 };

struct row {
	uint64_t key[2];
	uint64_t value; /* told from the key */
};

static uint64_t seed;

static uint32_t pick(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % n);
}

/* Some differ in bits alone that few places are told from. */
static void make_key(uint32_t i, uint64_t *key)
{
	key[0] = i % 3 == 0 ? (uint64_t)i << 40 : i % 3 == 1 ? UINT64_C(0x7f0000000000) + 64 * (uint64_t)i : i;
	key[1] = i % 5;
}

static uint64_t value_of(const uint64_t *key) { return key[0] * 31 + key[1] + 1; }

static void add(struct irt_keyed *t, uint32_t i)
{
	uint64_t key[2];

	make_key(i, key);
	CHECK(irt_keyed_room(t, 1));
	struct row *row = irt_keyed_row(t, irt_keyed_put(t, key));
	row->value = value_of(key);
}

TEST(what_is_recalled_has_the_key)
{
	struct irt_keyed t = IRT_KEYED(struct row, 2);
	uint64_t key[2];
	uint32_t found = 0;

	make_key(1, key);
	CHECK_EQ(irt_keyed_recall(&t, key, 2), IRT_KEYED_NONE);
	for (uint32_t i = 0; i < KEYS; i += 2)
		add(&t, i);
	for (uint32_t i = 0; i < TURNS; i++) {
		make_key(pick(2) ? pick(KEYS) : pick(40), key);
		uint32_t recalled = irt_keyed_recall(&t, key, 2), at = irt_keyed_find(&t, key);
		if (recalled != IRT_KEYED_NONE) {
			CHECK_EQ(recalled, at);
			CHECK_EQ(((struct row *)irt_keyed_row(&t, recalled))->value, value_of(key));
			found++;
		}
		if (at != IRT_KEYED_NONE)
			CHECK_EQ(irt_keyed_recall(&t, key, 2), at); /* it was found just now */
	}
	CHECK(found > TURNS / 20);
	irt_keyed_fini(&t);
}

static bool is_odd(void *row) { return ((struct row *)row)->value & 1; }

TEST(rows_that_have_moved_or_gone_are_not_recalled)
{
	struct irt_keyed t = IRT_KEYED(struct row, 2);
	uint64_t key[2];

	for (uint32_t i = 0; i < KEYS; i++) {
		add(&t, i);
		make_key(i, key);
		CHECK(irt_keyed_find(&t, key) != IRT_KEYED_NONE);
	}
	irt_keyed_keep(&t, is_odd);
	CHECK(t.count > 0 && t.count < KEYS);
	for (uint32_t i = 0; i < KEYS; i++) {
		make_key(i, key);
		uint32_t recalled = irt_keyed_recall(&t, key, 2), at = irt_keyed_find(&t, key);
		CHECK_EQ(at != IRT_KEYED_NONE, value_of(key) & 1);
		if (recalled != IRT_KEYED_NONE)
			CHECK_EQ(recalled, at);
	}
	irt_keyed_fini(&t);
}

TEST_MAIN()
