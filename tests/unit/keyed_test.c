/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * keyed_test.c - rows found by keys of one to three words, against a plain array that is looked through.
 */
#include "check.h"
#include "roll.h"
#include "fold/keyed.h"

enum { MOST = 700, WORDS = 3, STEPS = 6000 };

struct row {
	uint64_t key[WORDS];
	uint64_t value, twice; /* twice: 2 * value; 0 if nobody has written to it */
	char tail;             /* (a size that is no power of two) */
};

static struct row plain[MOST];
static size_t plain_count;
/* Few keys, that are met again; differing in one word, in few bits, or in the upper half alone. */
static void some_key(uint64_t key[WORDS], size_t words)
{
	static const int shifts[] = {0, 6, 32, 63};
	memset(key, 0, WORDS * sizeof(*key));
	if (roll(3))
		key[roll(words)] = roll(200);
	for (size_t i = 0; i < words; i++)
		if (!roll(3))
			key[i] |= roll(16) << shifts[roll(4)];
}

static size_t find_plain(const uint64_t *key, size_t words)
{
	for (size_t i = 0; i < plain_count; i++)
		if (!memcmp(plain[i].key, key, words * sizeof(*key)))
			return i;
	return IRT_KEYED_NONE;
}

static void compare(const struct irt_keyed *t, size_t words)
{
	CHECK_EQ(t->count, plain_count);
	for (size_t i = 0; i < plain_count; i++) {
		const struct row *r = irt_keyed_row(t, i);
		CHECK(!memcmp(r->key, plain[i].key, words * sizeof(*r->key)));
		CHECK_EQ(r->value, plain[i].value);
		CHECK_EQ(r->twice, 2 * plain[i].value);
		CHECK_EQ(irt_keyed_find(t, plain[i].key), i);
	}
}

static uint64_t kept_of; /* rows whose value is no multiple of it */
static bool is_kept(void *row) { return ((struct row *)row)->value % kept_of != 0; }

static void keep(struct irt_keyed *t)
{
	size_t kept = 0;
	kept_of = 1 + roll(4);
	for (size_t i = 0; i < plain_count; i++)
		if (is_kept(&plain[i]))
			plain[kept++] = plain[i];
	plain_count = kept;
	irt_keyed_keep(t, is_kept);
}

static void put(struct irt_keyed *t, size_t words, size_t room)
{
	uint64_t key[WORDS];
	CHECK(irt_keyed_room(t, room));
	for (size_t i = 0; i < room; i++) {
		some_key(key, words);
		size_t expected = find_plain(key, words);
		CHECK_EQ(irt_keyed_find(t, key), expected);
		size_t at = irt_keyed_put(t, key);
		struct row *r = irt_keyed_row(t, at);
		if (expected != IRT_KEYED_NONE) {
			CHECK_EQ(at, expected);
		} else {
			CHECK_EQ(at, plain_count);
			CHECK(!r->value && !r->twice && !r->tail && !memcmp(r->key, key, words * sizeof(*key)));
			memcpy(plain[plain_count++].key, key, sizeof(key));
		}
		plain[at].value = r->value = roll(1000);
		r->twice = 2 * r->value;
		r->tail = 1;
	}
}

TEST(rows_are_found_by_their_keys_as_in_a_plain_array)
{
	for (size_t words = 1; words <= WORDS; words++) {
		struct irt_keyed t = {.row_bytes = sizeof(struct row), .key_words = words};
		uint64_t key[WORDS];
		int keeps = 0;
		seed = words + 88172645463325252ull;
		plain_count = 0;
		some_key(key, words);
		CHECK_EQ(irt_keyed_find(&t, key), IRT_KEYED_NONE);
		keep(&t); /* of nothing */
		for (int i = 0; i < STEPS; i++) {
			size_t room = 1 + roll(3);
			if (plain_count + room > MOST || !roll(1000)) {
				keep(&t);
				keeps++;
			}
			put(&t, words, room);
			if (!roll(100))
				compare(&t, words);
		}
		compare(&t, words);
		CHECK(keeps > 2 && plain_count > 64);
		irt_keyed_fini(&t);
		CHECK_EQ(t.count, 0);
		CHECK_EQ(irt_keyed_find(&t, plain[0].key), IRT_KEYED_NONE);
		plain_count = 0;
		put(&t, words, 1); /* it is as new */
		compare(&t, words);
		irt_keyed_fini(&t);
	}
}

TEST(room_that_was_made_needs_no_more_memory)
{
	struct irt_keyed t = IRT_KEYED(struct row, 1);
	CHECK(irt_keyed_room(&t, MOST));
	const char *rows = t.rows;
	const uint32_t *slots = t.slots;
	for (uint64_t i = 0; i < MOST; i++)
		CHECK_EQ(irt_keyed_put(&t, &(uint64_t){i << 20}), i);
	CHECK(t.rows == rows && t.slots == slots);
	for (uint64_t i = 0; i < MOST; i++)
		CHECK_EQ(irt_keyed_find(&t, &(uint64_t){i << 20}), i);
	irt_keyed_fini(&t);
}

TEST_MAIN()
