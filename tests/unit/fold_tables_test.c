/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fold_tables_test.c - histograms and their bytes, the context tree and its bounds, function totals, sums.
 */
#include "check.h"
#include "fold/cct.h"
#include "fold/functions.h"
#include "fold/histogram.h"
#include "fold/sums.h"
#include "plain_decoder.h"

static uint64_t seed = 1;

static uint64_t random_number(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* ---- histograms ------------------------------------------------------------------------------------ */

TEST(every_value_lies_in_its_bucket)
{
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t v = i < 100000 ? i : random_number() >> random_number() % 64;
		unsigned b = irt_histogram_bucket(v);
		CHECK(b < IRT_HISTOGRAM_BUCKETS);
		CHECK_EQ(b, plain_bucket(v));
		CHECK(irt_histogram_low(b) <= v);
		CHECK(v - irt_histogram_low(b) < irt_histogram_width(b));
	}
	CHECK_EQ(irt_histogram_bucket(UINT64_MAX), IRT_HISTOGRAM_BUCKETS - 1);
	for (unsigned b = 0; b + 1 < IRT_HISTOGRAM_BUCKETS; b++)
		CHECK_EQ(irt_histogram_low(b) + irt_histogram_width(b), irt_histogram_low(b + 1));
}

TEST(quantiles_are_off_by_a_thirty_second_at_most)
{
	enum { MOST = 3000 };
	static uint64_t values[MOST];
	for (unsigned round = 0; round < 400; round++) {
		struct irt_histogram h = {0};
		unsigned n = 1 + random_number() % MOST, shape = round % 5;
		for (unsigned i = 0; i < n; i++) {
			uint64_t r = random_number();
			values[i] = shape == 0 ? r % 100 : shape == 1 ? 1000 + r % 50 : shape == 2 ? r >> r % 64
				  : shape == 3 ? (r % 10 ? 4097 : 4097 + 255) : (UINT64_C(1) << 40) + r % (UINT64_C(1) << 38);
			CHECK_EQ(irt_histogram_add(&h, irt_histogram_bucket(values[i]), 1), 0);
		}
		qsort(values, n, sizeof(*values), by_value);
		CHECK_EQ(irt_histogram_count(&h), n);
		for (unsigned q = 1; q <= 1000; q += 37) {
			uint64_t exact = values[((uint64_t)n * q + 999) / 1000 - 1];
			uint64_t got = irt_histogram_quantile(&h, q, values[0], values[n - 1]);
			uint64_t off = got > exact ? got - exact : exact - got;
			CHECK(off <= exact / 32);
		}
		CHECK(irt_histogram_quantile(&h, 0, values[0], values[n - 1]) >= values[0]);
		irt_histogram_fini(&h);
	}
}

TEST(quantile_of_equal_values_is_exact)
{
	struct irt_histogram h = {0};
	CHECK_EQ(irt_histogram_quantile(&h, 500, 0, 0), 0);
	CHECK_EQ(irt_histogram_add(&h, irt_histogram_bucket(123456789), 1000), 0);
	CHECK_EQ(irt_histogram_quantile(&h, 500, 123456789, 123456789), 123456789);
	irt_histogram_fini(&h);
}

TEST(quantile_of_huge_counts_does_not_overflow)
{
	struct irt_histogram h = {0};
	CHECK_EQ(irt_histogram_add(&h, 3, UINT64_C(1) << 62), 0);
	CHECK_EQ(irt_histogram_add(&h, 9, UINT64_C(1) << 62), 0);
	CHECK_EQ(irt_histogram_quantile(&h, 500, 3, 9), 3);
	CHECK_EQ(irt_histogram_quantile(&h, 501, 3, 9), 9);
	CHECK_EQ(irt_histogram_quantile(&h, 1000, 3, 9), 9);
	irt_histogram_fini(&h);
}

TEST(histogram_bytes_round_trip_and_merge)
{
	for (unsigned round = 0; round < 300; round++) {
		struct irt_histogram h = {0}, back = {0}, sum = {0};
		uint64_t plain[IRT_HISTOGRAM_BUCKETS] = {0};
		uint8_t bytes[IRT_HISTOGRAM_BYTES_MAX];
		size_t n;
		for (unsigned i = random_number() % 100; i; i--)
			irt_histogram_add(&h, random_number() % IRT_HISTOGRAM_BUCKETS, 1 + (random_number() >> random_number() % 63) / 2);
		n = irt_histogram_write(&h, bytes);
		plain_histogram(bytes, n, plain);
		CHECK_EQ(irt_histogram_read(&back, bytes, n), 0);
		CHECK_EQ(irt_histogram_merge(&sum, &back), 0);
		CHECK_EQ(irt_histogram_merge(&sum, &h), 0);
		for (unsigned b = 0; b < IRT_HISTOGRAM_BUCKETS; b++) {
			uint64_t want = b >= h.first && b < h.first + h.span ? h.counts[b - h.first] : 0;
			uint64_t got = b >= back.first && b < back.first + back.span ? back.counts[b - back.first] : 0;
			uint64_t twice = b >= sum.first && b < sum.first + sum.span ? sum.counts[b - sum.first] : 0;
			CHECK_EQ(want, plain[b]);
			CHECK_EQ(want, got);
			CHECK_EQ(2 * want, twice);
		}
		irt_histogram_fini(&h);
		irt_histogram_fini(&back);
		irt_histogram_fini(&sum);
	}
}

TEST(damaged_histogram_bytes_are_refused_or_read_but_never_harm)
{
	static const uint8_t bad[][8] = {
		{1, 0x80}, {1, 5}, {1, 5, 0}, {1, 5, 1, 0, 1}, {1, 0xd0, 7, 1}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1},
	};
	static const size_t lengths[] = {2, 2, 3, 5, 4, 8};
	struct irt_histogram h = {0};
	uint8_t bytes[64];
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		CHECK_EQ(irt_histogram_read(&h, bad[i], lengths[i]), INSTR_ERR_FORMAT);
		CHECK_EQ(irt_histogram_count(&h), 0);
	}
	bytes[0] = 2;
	CHECK_EQ(irt_histogram_read(&h, bytes, 1), INSTR_ERR_VERSION);
	for (unsigned i = 0; i < 100000; i++) {
		size_t n = random_number() % sizeof(bytes);
		for (size_t k = 0; k < n; k++)
			bytes[k] = (uint8_t)(random_number() >> (random_number() % 4 ? 60 : 0));
		if (n)
			bytes[0] = 1;
		(void)irt_histogram_read(&h, bytes, n);
	}
	irt_histogram_fini(&h);
}

/* ---- the context tree -------------------------------------------------------------------------------- */

static uint32_t child(struct irt_cct *t, uint32_t parent, uint32_t function, int want_folded)
{
	uint32_t c;
	bool folded;
	CHECK_EQ(irt_cct_child(t, parent, function, &c, &folded), 0);
	CHECK_EQ(folded, want_folded);
	return c;
}

TEST(a_context_is_found_again_and_ordinals_count_up)
{
	struct irt_cct *t;
	uint32_t a, b, c;
	CHECK_EQ(irt_cct_create(&t, NULL), 0);
	CHECK_EQ(irt_cct_count(t), 1);
	a = child(t, 0, 5, 0);
	b = child(t, 0, 6, 0);
	c = child(t, a, 5, 0);
	CHECK_EQ(child(t, 0, 5, 0), a);
	CHECK_EQ(child(t, a, 5, 0), c);
	CHECK_EQ(irt_cct_count(t), 4);
	CHECK_EQ(irt_cct_node(t, a)->ordinal, 0);
	CHECK_EQ(irt_cct_node(t, b)->ordinal, 1);
	CHECK_EQ(irt_cct_node(t, c)->ordinal, 0);
	CHECK_EQ(irt_cct_node(t, c)->recursive, 1);
	CHECK_EQ(irt_cct_node(t, a)->recursive, 0);
	CHECK_EQ(irt_cct_node(t, c)->depth, 2);
	CHECK(irt_cct_on_path(t, a, c));
	CHECK(irt_cct_on_path(t, 0, c));
	CHECK(!irt_cct_on_path(t, b, c));
	irt_cct_destroy(t);
}

TEST(beyond_the_depth_recursion_goes_back_to_its_nearest_ancestor)
{
	struct irt_cct_config config = {.max_depth = 4, .other_function = 99};
	struct irt_cct *t;
	uint32_t at[5], other;
	CHECK_EQ(irt_cct_create(&t, &config), 0);
	at[0] = 0;
	for (uint32_t i = 1; i <= 4; i++)
		at[i] = child(t, at[i - 1], 1 + i % 2, 0); /* 2 1 2 1 */
	CHECK_EQ(child(t, at[4], 2, 1), at[3]);
	CHECK_EQ(child(t, at[4], 1, 1), at[4]);
	CHECK_EQ(irt_cct_next_changed(t), at[4]);
	CHECK_EQ(irt_cct_next_changed(t), at[3]);
	CHECK_EQ(irt_cct_next_changed(t), 0);
	CHECK_EQ(irt_cct_node(t, at[3])->flags, IRT_CCT_FOLDED);
	CHECK_EQ(child(t, at[4], 2, 1), at[3]);
	CHECK_EQ(irt_cct_next_changed(t), 0); /* told once */

	other = child(t, at[4], 7, 1); /* no recursion: "(other)" / 7 */
	CHECK_EQ(irt_cct_node(t, other)->function, 7);
	CHECK_EQ(irt_cct_node(t, other)->flags, IRT_CCT_OTHER);
	CHECK_EQ(irt_cct_node(t, irt_cct_node(t, other)->parent)->function, 99);
	CHECK_EQ(irt_cct_node(t, irt_cct_node(t, other)->parent)->parent, 0);
	CHECK_EQ(child(t, at[4], 7, 1), other);
	CHECK_EQ(irt_cct_node(t, child(t, other, 8, 1))->depth, 2); /* and stays there */
	irt_cct_destroy(t);
}

TEST(a_full_tree_keeps_every_function_apart)
{
	struct irt_cct_config config = {.max_contexts = 100, .other_function = 1};
	struct irt_cct *t;
	CHECK_EQ(irt_cct_create(&t, &config), 0);
	for (uint32_t i = 0; i < 99; i++)
		child(t, 0, 1000 + i, 0);
	CHECK_EQ(irt_cct_count(t), 100);
	for (uint32_t i = 0; i < 5000; i++) {
		uint32_t c = child(t, 1 + i % 99, 2000 + i % 500, 1);
		CHECK_EQ(irt_cct_node(t, c)->function, 2000 + i % 500);
	}
	CHECK_EQ(irt_cct_count(t), 100 + 1 + 500);
	CHECK_EQ(child(t, 0, 1050, 0), 51); /* what is there is still found */
	irt_cct_destroy(t);
}

TEST(a_loaded_tree_goes_on_like_the_first)
{
	struct irt_cct_config config = {.max_contexts = 400, .max_depth = 9, .other_function = 1};
	struct irt_cct *t, *u;
	CHECK_EQ(irt_cct_create(&t, &config), 0);
	CHECK_EQ(irt_cct_create(&u, &config), 0);
	for (unsigned i = 0; i < 3000; i++) {
		uint32_t c;
		bool folded;
		irt_cct_child(t, (uint32_t)(random_number() % irt_cct_count(t)), 2 + random_number() % 30, &c, &folded);
	}
	for (uint32_t i = 0; i < irt_cct_count(t); i++)
		CHECK_EQ(irt_cct_load(u, i, irt_cct_node(t, i)), 0);
	for (unsigned i = 0; i < 3000; i++) {
		uint32_t c, d, parent = (uint32_t)(random_number() % irt_cct_count(t));
		uint32_t function = 2 + random_number() % 30;
		bool f, g;
		CHECK_EQ(irt_cct_child(t, parent, function, &c, &f), 0);
		CHECK_EQ(irt_cct_child(u, parent, function, &d, &g), 0);
		CHECK_EQ(c, d);
		CHECK_EQ(f, g);
	}
	CHECK_EQ(irt_cct_count(t), irt_cct_count(u));
	irt_cct_destroy(t);
	irt_cct_destroy(u);
}

TEST(rows_that_contradict_the_tree_are_refused)
{
	struct irt_cct *t;
	struct irt_cct_node row = {.parent = 0, .function = 5, .ordinal = 0, .depth = 1}, bad;
	CHECK_EQ(irt_cct_create(&t, NULL), 0);
	CHECK_EQ(irt_cct_load(t, 2, &row), INSTR_ERR_FORMAT); /* a hole */
	bad = row, bad.ordinal = 1;
	CHECK_EQ(irt_cct_load(t, 1, &bad), INSTR_ERR_FORMAT);
	bad = row, bad.depth = 2;
	CHECK_EQ(irt_cct_load(t, 1, &bad), INSTR_ERR_FORMAT);
	bad = row, bad.parent = 1;
	CHECK_EQ(irt_cct_load(t, 1, &bad), INSTR_ERR_FORMAT);
	bad = row, bad.recursive = 1;
	CHECK_EQ(irt_cct_load(t, 1, &bad), INSTR_ERR_FORMAT);
	bad = row, bad.flags = 8;
	CHECK_EQ(irt_cct_load(t, 1, &bad), INSTR_ERR_FORMAT);
	CHECK_EQ(irt_cct_load(t, 1, &row), 0);
	row.ordinal = 1;
	CHECK_EQ(irt_cct_load(t, 2, &row), INSTR_ERR_FORMAT); /* the same child twice */
	irt_cct_destroy(t);
}

/* ---- functions ------------------------------------------------------------------------------------------ */

static int count_rows(void *user, const struct irt_function_row *row)
{
	(void)row;
	++*(int *)user;
	return 0;
}

TEST(a_process_feeds_its_run_and_only_changes_are_told)
{
	struct irt_functions *run, *a, *b;
	struct irt_function_row row;
	uint64_t counts[16] = {3, 2};
	struct irt_function_delta d = {.returns = 4, .unwound = 1, .open = 2, .total_ticks = 100, .self_ticks = 60,
				       .min_ticks = 64, .max_ticks = 71, .counts = counts, .first = 48, .span = 16};
	int rows = 0;

	CHECK_EQ(irt_functions_create(&run, NULL), 0);
	CHECK_EQ(irt_functions_create(&a, run), 0);
	CHECK_EQ(irt_functions_create(&b, run), 0);
	CHECK_EQ(irt_functions_add(a, 700, &d), 0);
	CHECK_EQ(irt_functions_add(b, 700, &d), 0);
	CHECK_EQ(irt_functions_add(b, 3, &d), 0);
	CHECK_EQ(irt_functions_add_orphans(b, 9, 5), 0);
	CHECK(irt_functions_row(a, 700, &row));
	CHECK_EQ(row.calls, 7);
	CHECK_EQ(row.min_ticks, 64);
	CHECK(irt_functions_row(run, 700, &row));
	CHECK_EQ(row.calls, 14);
	CHECK_EQ(row.returns, 8);
	CHECK_EQ(row.open, 4);
	CHECK_EQ(row.total_ticks, 200);
	CHECK(irt_functions_row(run, 9, &row));
	CHECK_EQ(row.orphans, 5);
	CHECK(!irt_functions_row(a, 3, &row));
	CHECK(!irt_functions_row(a, 1u << 30, &row));
	CHECK_EQ(irt_functions_each_changed(run, &rows, count_rows), 0);
	CHECK_EQ(rows, 3);
	irt_functions_saved(run);
	CHECK_EQ(irt_functions_each_changed(run, &rows, count_rows), 0);
	CHECK_EQ(rows, 3);
	d.returns = d.unwound = d.span = 0;
	d.open = -2;
	d.total_ticks = d.self_ticks = 0;
	CHECK_EQ(irt_functions_add(a, 700, &d), 0);
	CHECK_EQ(irt_functions_each_changed(run, &rows, count_rows), 0);
	CHECK_EQ(rows, 4);
	CHECK(irt_functions_row(a, 700, &row));
	CHECK_EQ(row.open, 0);
	CHECK_EQ(row.min_ticks, 64);
	CHECK_EQ(irt_functions_add(a, UINT32_MAX, &d), INSTR_ERR_FULL);
	irt_functions_destroy(a);
	irt_functions_destroy(b);
	irt_functions_destroy(run);
}

/* ---- sums of several threads' totals ---------------------------------------------------------------- */

enum { SUM_CONTEXTS = 3000, SUM_ROWS = 20000 };

static struct {
	uint64_t calls, open, total, self, min, max, histogram;
} expected_sums[SUM_CONTEXTS];
static uint32_t last_context, sums_seen;

static int check_sum(void *user, struct irt_sum *sum)
{
	(void)user;
	CHECK(sum->context > last_context || !sums_seen);
	last_context = sum->context;
	sums_seen++;
	CHECK_EQ(sum->calls, expected_sums[sum->context].calls);
	CHECK_EQ(sum->open, expected_sums[sum->context].open);
	CHECK_EQ(sum->returns + sum->unwound + sum->open, sum->calls);
	CHECK_EQ(sum->total_ticks, expected_sums[sum->context].total);
	CHECK_EQ(sum->self_ticks, expected_sums[sum->context].self);
	CHECK_EQ(irt_histogram_count(&sum->histogram), expected_sums[sum->context].histogram);
	if (sum->returns + sum->unwound) {
		CHECK_EQ(sum->min_ticks, expected_sums[sum->context].min);
		CHECK_EQ(sum->max_ticks, expected_sums[sum->context].max);
	}
	return 0;
}

TEST(sums_have_every_row_in_every_column)
{
	struct irt_sums *sums;
	uint32_t contexts = 0;

	CHECK_EQ(irt_sums_create(&sums), 0);
	for (unsigned i = 0; i < SUM_ROWS; i++) {
		struct irt_histogram h = {0};
		struct irt_walk_totals row = {.context = random_number() % SUM_CONTEXTS, .returns = random_number() % 4,
					      .unwound = random_number() % 3, .open = random_number() % 2, .histogram = &h};
		uint64_t finished = row.returns + row.unwound, value = random_number() % 100000;
		row.calls = finished + row.open;
		row.min_ticks = finished ? value : 77; /* meaningless then */
		row.max_ticks = finished ? value + finished : 77;
		row.total_ticks = finished * value;
		row.self_ticks = finished * value / 2;
		if (finished)
			CHECK_EQ(irt_histogram_add(&h, irt_histogram_bucket(value), finished), 0);
		if (finished && (!expected_sums[row.context].histogram || value < expected_sums[row.context].min))
			expected_sums[row.context].min = value;
		if (finished && row.max_ticks > expected_sums[row.context].max)
			expected_sums[row.context].max = row.max_ticks;
		expected_sums[row.context].calls += row.calls;
		expected_sums[row.context].open += row.open;
		expected_sums[row.context].total += row.total_ticks;
		expected_sums[row.context].self += row.self_ticks;
		expected_sums[row.context].histogram += finished;
		CHECK_EQ(irt_sums_add(sums, &row), 0);
		irt_histogram_fini(&h);
		if (i == SUM_ROWS / 2) { /* adding goes on after they were read */
			CHECK_EQ(irt_sums_each(sums, NULL, check_sum), 0);
			last_context = sums_seen = 0;
		}
	}
	for (unsigned i = 0; i < SUM_CONTEXTS; i++)
		contexts += expected_sums[i].calls != 0;
	CHECK_EQ(irt_sums_each(sums, NULL, check_sum), 0);
	CHECK(sums_seen >= contexts);
	irt_sums_destroy(sums);
}

TEST_MAIN()
