/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * records_test.c - what reports keep of calling contexts comes back as it was, whatever a file has put into it.
 */
#include "check.h"
#include "libtrace/records.h"

static int is_same(const struct tr_record *a, const struct tr_record *b)
{
	return a->calls == b->calls && a->self_ticks == b->self_ticks && a->total_ticks == b->total_ticks && a->min_ticks == b->min_ticks &&
	       a->max_ticks == b->max_ticks && !memcmp(a->extras, b->extras, sizeof(a->extras)) && a->histogram_bytes == b->histogram_bytes &&
	       (!a->histogram_bytes || !memcmp(a->histogram, b->histogram, a->histogram_bytes));
}

TEST(any_values_come_back)
{
	static const int64_t values[] = {0, 1, -1, 63, 64, 127, 128, 1000000, INT64_MAX, INT64_MIN, INT64_MIN + 1};
	enum { VALUES = sizeof(values) / sizeof(*values), MANY = 20000 };
	static struct tr_record wanted[MANY];
	static char bytes[3000];
	struct tr_records *records = tr_records_create();
	size_t last[3] = {0};

	memset(bytes, 5, sizeof(bytes));
	for (uint32_t i = 0, random = 1; i < MANY; i++) {
		int64_t any[12];
		for (int k = 0; k < 12; k++)
			any[k] = values[(random = random * 1664525 + 1013904223) / 65536 % VALUES];
		struct tr_record *r = &wanted[i];
		*r = (struct tr_record){.calls = any[0] | 1, .self_ticks = any[1], .total_ticks = any[2]};
		memcpy(r->extras, any + 5, sizeof(r->extras));
		if (random >> 16 & 1) {
			r->min_ticks = any[3];
			r->max_ticks = any[4];
			r->histogram = bytes;
			r->histogram_bytes = 1 + (random >> 17) % sizeof(bytes);
		}
		CHECK_EQ(tr_records_add(records, &last[i % 3], r), 0);
	}
	for (int i = MANY, chain; i--;) {
		struct tr_record r;
		chain = i % 3;
		CHECK(last[chain]);
		last[chain] = tr_records_get(records, last[chain], &r);
		CHECK(is_same(&r, &wanted[i]));
	}
	CHECK(!last[0] && !last[1] && !last[2]);
	tr_records_destroy(records);
}

TEST(what_says_nothing_is_left_out)
{
	const struct tr_record nothing = {0}, of_no_bytes = {.min_ticks = 3, .histogram = ""}, one = {.calls = 1};
	struct tr_records *records = tr_records_create();
	struct tr_record r;
	size_t last = 0;

	CHECK_EQ(tr_records_add(records, &last, &nothing), 0);
	CHECK_EQ(tr_records_add(records, &last, &of_no_bytes), 0);
	CHECK(!last);
	CHECK_EQ(tr_records_add(records, &last, &one), 0);
	const size_t first = last;
	CHECK_EQ(tr_records_add(records, &last, &nothing), 0);
	CHECK(first && last == first);
	CHECK(!tr_records_get(records, last, &r));
	CHECK(is_same(&r, &one));
	tr_records_destroy(records);
	tr_records_destroy(NULL);
}

TEST(a_single_call_takes_few_bytes)
{
	const struct tr_record call = {.calls = 1, .self_ticks = 5000, .total_ticks = 5000, .min_ticks = 5000, .max_ticks = 5000, .histogram = "abc",
				       .histogram_bytes = 3};
	struct tr_records *records = tr_records_create();
	size_t a = 0, b = 0;

	CHECK_EQ(tr_records_add(records, &a, &call), 0);
	CHECK_EQ(tr_records_add(records, &b, &call), 0);
	CHECK_EQ(b - a, 9); /* none before it, which fields, calls, two of time, how long the histogram is, its three */
	tr_records_destroy(records);
}

TEST_MAIN()
