/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * window_check.c FILE... - calls and times of windows of time (tr_window): the one window that has all of a finished trace is
 * what its totals say, to the tick; and windows one behind the other, of random widths, add up to it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtrace/internal.h"

enum { PARTS = 12, FIELDS = 7 };

static const char *path;
static int wrong;

struct sums { int64_t field[FIELDS]; };
static const char *const names[FIELDS] = {"calls", "returns", "unwound", "self_ticks", "total_ticks", "durations", "contexts"};

static void say(const char *what, const char *field, int64_t is, int64_t should)
{
	printf("%s: %s: %s %" PRId64 ", not %" PRId64 "\n", path, what, field, is, should);
	wrong = 1;
}

static int fail(const struct tr_error *e)
{
	printf("%s\n", e->text);
	return 3;
}

/* The sum over all contexts, each weighted with its number: so that time in a wrong one is seen. */
static struct sums ask(struct tr_trace *t, const char *table, const char *opened)
{
	struct sums s = {{0}};
	sqlite3_stmt *q = NULL;
	char *sql = sqlite3_mprintf(
		"SELECT sum(calls * w), sum(returns * w), sum(unwound * w), sum(self_ticks * w), sum(total_ticks * w), sum(d * w), count(DISTINCT context_id)"
		" FROM (SELECT context_id, context_id %% 1009 + 1 AS w, calls, returns, unwound, self_ticks, total_ticks, returns + unwound AS d FROM %s"
		" UNION ALL SELECT context_id, context_id %% 1009 + 1, 0, 0, 0, self_ticks, total_ticks, 0 FROM %s) WHERE context_id %% 2097152", table, opened);
	if (tr_prepare_sql(t, sql, &q) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW)
		printf("%s: %s\n", path, sqlite3_errmsg(t->db)), exit(3);
	for (int i = 0; i < FIELDS; i++)
		s.field[i] = sqlite3_column_int64(q, i);
	sqlite3_finalize(q);
	sqlite3_free(sql);
	return s;
}

static int64_t last_ns(struct tr_trace *t)
{
	sqlite3_stmt *q = NULL;
	int64_t ns = 0;
	if (tr_prepare_sql(t, "SELECT CAST(ticks * ns_per_tick AS INTEGER) + 1000000 FROM run_end, rate", &q) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		ns = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return ns;
}

static int check(unsigned seed)
{
	struct tr_error error;
	struct tr_trace *t;
	struct tr_window_facts facts;
	int64_t at = 0, end;
	if (tr_open(&t, path, &error))
		return fail(&error);
	end = last_ns(t);
	struct sums all = ask(t, "totals", "open_ticks"), whole, parts = {{0}};
	if (tr_window(t, 0, INT64_MAX, &facts, &error))
		return fail(&error);
	whole = ask(t, "totals", "open_ticks");
	for (int i = 0; i < FIELDS; i++)
		if (whole.field[i] != all.field[i])
			say("the whole", names[i], whole.field[i], all.field[i]);
	srand(seed);
	for (int i = 0; i < PARTS; i++) {
		int64_t to = i == PARTS - 1 ? INT64_MAX : at + 1 + (int64_t)((double)rand() / RAND_MAX * 2 * (double)end / PARTS);
		if (tr_window(t, at, to, &facts, &error))
			return fail(&error);
		if (facts.missing)
			say("windows", "missing events", facts.missing, 0);
		struct sums s = ask(t, "totals", "open_ticks");
		for (int k = 0; k < FIELDS; k++)
			parts.field[k] += s.field[k];
		at = to;
	}
	for (int i = 0; i < FIELDS - 1; i++)
		if (parts.field[i] != all.field[i])
			say("windows together", names[i], parts.field[i], all.field[i]);
	printf("%s: %" PRId64 " calls in %d contexts\n", path, all.field[0], (int)all.field[FIELDS - 1]);
	tr_close(t);
	return wrong;
}

int main(int argc, char **argv)
{
	int status = argc < 2 ? 2 : 0;
	for (int i = 1; i < argc && !status; i++) {
		path = argv[i];
		status = check((unsigned)i);
	}
	return status;
}
