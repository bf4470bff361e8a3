/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * histograms.c - SQL functions of the histograms that a trace has (docs/format.md): reports need them, and so may others.
 *
 *   histogram_quantile(histogram, q, min, max)   aggregate: the q-quantile (0 to 1) of the durations
 *       in all the histograms, ticks, as fold/histogram.h defines it; histogram, min and max are the
 *       columns of totals. NULL if there are no durations.
 *   histogram_sum(histogram)                     aggregate: all the histograms added up, as one. NULL if
 *       they hold nothing.
 *   histogram_count(histogram, low, high)        how many values from low to below high, each taken for the
 *       least of its bucket: exact where low and high are powers of two. NULL for high: no end.
 */
#include "sql/internal.h"

#include "fold/histogram.h"

struct quantile {
	struct irt_histogram sum;
	uint64_t min, max;
	double q;
	int started, failed;
};

static void quantile_step(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct quantile *state = sqlite3_aggregate_context(context, sizeof(*state));
	(void)count;
	if (!state || state->failed || sqlite3_value_type(values[0]) != SQLITE_BLOB)
		return;
	const void *bytes = sqlite3_value_blob(values[0]);
	int status = irt_histogram_read(&state->sum, bytes, (size_t)sqlite3_value_bytes(values[0]));
	if (status) {
		state->failed = status;
		return;
	}
	uint64_t min = (uint64_t)sqlite3_value_int64(values[2]), max = (uint64_t)sqlite3_value_int64(values[3]);
	if (!state->started || min < state->min)
		state->min = min;
	if (!state->started || max > state->max)
		state->max = max;
	state->q = sqlite3_value_double(values[1]);
	state->started = 1;
}

static void say_damaged(sqlite3_context *context, int status)
{
	if (status == INSTR_ERR_MEMORY)
		sqlite3_result_error_nomem(context);
	else
		sqlite3_result_error(context, "a histogram is damaged", -1);
}

static void quantile_final(sqlite3_context *context)
{
	struct quantile *state = sqlite3_aggregate_context(context, 0);
	if (!state)
		return;
	if (state->failed)
		say_damaged(context, state->failed);
	else if (state->started && irt_histogram_count(&state->sum) && state->q >= 0 && state->q <= 1)
		sqlite3_result_int64(context, (sqlite3_int64)irt_histogram_quantile(&state->sum,
			(unsigned)(state->q * 1000 + 0.5), state->min, state->max));
	irt_histogram_fini(&state->sum);
}

struct sum {
	struct irt_histogram sum;
	int failed;
};

static void sum_step(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct sum *state = sqlite3_aggregate_context(context, sizeof(*state));
	(void)count;
	if (!state || state->failed || sqlite3_value_type(values[0]) != SQLITE_BLOB)
		return;
	const void *bytes = sqlite3_value_blob(values[0]);
	state->failed = irt_histogram_read(&state->sum, bytes, (size_t)sqlite3_value_bytes(values[0]));
}

static void sum_final(sqlite3_context *context)
{
	struct sum *state = sqlite3_aggregate_context(context, 0);
	uint8_t bytes[IRT_HISTOGRAM_BYTES_MAX];
	size_t length;

	if (!state)
		return;
	if (state->failed)
		say_damaged(context, state->failed);
	else if ((length = irt_histogram_write(&state->sum, bytes)))
		sqlite3_result_blob(context, bytes, (int)length, SQLITE_TRANSIENT);
	irt_histogram_fini(&state->sum);
}

static void count_values(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct irt_histogram h = {0};
	uint64_t low = (uint64_t)sqlite3_value_int64(values[1]), high = (uint64_t)sqlite3_value_int64(values[2]), n = 0;
	int endless = sqlite3_value_type(values[2]) == SQLITE_NULL;
	(void)count;

	const void *bytes = sqlite3_value_blob(values[0]);
	int status = irt_histogram_read(&h, bytes, (size_t)sqlite3_value_bytes(values[0]));
	for (unsigned i = 0; i < h.span; i++) {
		uint64_t value = irt_histogram_low(h.first + i);
		n += value >= low && (endless || value < high) ? h.counts[i] : 0;
	}
	irt_histogram_fini(&h);
	if (status)
		say_damaged(context, status);
	else
		sqlite3_result_int64(context, n > INT64_MAX ? INT64_MAX : (sqlite3_int64)n);
}

int instr_sql_add_histograms(sqlite3 *db)
{
	static const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_function_v2(db, "histogram_quantile", 4, flags, NULL, NULL, quantile_step, quantile_final, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(db, "histogram_sum", 1, flags, NULL, NULL, sum_step, sum_final, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(db, "histogram_count", 3, flags, NULL, count_values, NULL, NULL, NULL);
	return rc;
}
