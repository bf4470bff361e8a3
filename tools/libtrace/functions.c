/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * functions.c - SQL functions that reports need and SQLite does not have.
 *
 *   histogram_quantile(histogram, q, min, max)   aggregate: the q-quantile (0 to 1) of the durations
 *       in all the histograms, ticks, as fold/histogram.h defines it; histogram, min and max are the
 *       columns of totals. NULL if there are no durations.
 */
#include "libtrace/internal.h"

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

static void quantile_final(sqlite3_context *context)
{
	struct quantile *state = sqlite3_aggregate_context(context, 0);
	if (!state)
		return;
	if (state->failed == INSTR_ERR_MEMORY)
		sqlite3_result_error_nomem(context);
	else if (state->failed)
		sqlite3_result_error(context, "a histogram of durations is damaged", -1);
	else if (state->started && irt_histogram_count(&state->sum) && state->q >= 0 && state->q <= 1)
		sqlite3_result_int64(context, (sqlite3_int64)irt_histogram_quantile(&state->sum,
			(unsigned)(state->q * 1000 + 0.5), state->min, state->max));
	irt_histogram_fini(&state->sum);
}

int tr_add_functions(struct tr_trace *trace, struct tr_error *error)
{
	int rc = sqlite3_create_function_v2(trace->db, "histogram_quantile", 4,
					    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, NULL,
					    quantile_step, quantile_final, NULL);
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(trace, rc, error);
}
