/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * waits.c - who waited for whom for locks, and what that one did meanwhile: with chains, by waiters, by holders, or by
 * threads. Each moment of a wait is in one row of each of them: their sums are the same.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/units.h"

enum { SHARE, TIME, WAITS, LOCKS, WAITER, HOLDER, PAIR, COLUMNS };
enum { FIGURES_WIDTH = 32 }; /* about, in columns of the screen */

static const char *const orders[] = {"wait_ns", "waits"};

static const struct cli_column all[COLUMNS] = {
	[SHARE] = {.title = "share"},
	[TIME] = {.title = "waited"},
	[WAITS] = {.title = "waits"},
	[LOCKS] = {.title = "locks", .drop = 2},
	[WAITER] = {.title = "who waited", .left = 1, .comfort = 16, .shorten = report_shorten_name},
	[HOLDER] = {.title = "for whom", .left = 1, .comfort = 16, .shorten = report_shorten_name},
	[PAIR] = {.title = "who waited for whom", .left = 1, .comfort = 32},
};

/* What --by is, in its query and columns. */
static const struct view {
	int by;
	const char *query;
	int wanted[COLUMNS], count;
} views[] = {
	{BY_FUNCTION, "wait_functions", {SHARE, TIME, WAITS, PAIR}, 4},
	{BY_CONTEXT, "wait_contexts", {SHARE, TIME, WAITS, PAIR}, 4},
	{BY_WAITER, "wait_waiters", {SHARE, TIME, WAITS, LOCKS, WAITER}, 5},
	{BY_HOLDER, "wait_holders", {SHARE, TIME, WAITS, LOCKS, HOLDER}, 5},
	{BY_THREAD, "wait_threads", {SHARE, TIME, WAITS, LOCKS, WAITER, HOLDER}, 6},
};

static struct sums { int64_t waits, wait_ns, locks, longest_ns; } sums;

static int read_sums(struct report *report)
{
	struct tr_query *q;
	int status = report_query(report, &q, "waits", NULL);

	if (status)
		return status;
	if ((status = tr_next(q, &report->error)) == 1)
		sums = (struct sums){report_number(q, "waits"), report_number(q, "wait_ns"), report_number(q, "locks"), report_number(q, "longest_ns")};
	tr_finish(q);
	return status < 0 ? status : 0;
}

static void say_sums(struct report *report)
{
	char waited[CLI_NUMBER_BYTES], longest[CLI_NUMBER_BYTES], waits[64], locks[64];

	cli_add_format(&report->out, "%s waited in %s for %s, the longest %s\n\n", cli_duration(waited, sums.wait_ns),
		       cli_counted(waits, sizeof(waits), sums.waits, "wait", NULL), cli_counted(locks, sizeof(locks), sums.locks, "lock", NULL),
		       cli_duration(longest, sums.longest_ns));
	report->lines += 2;
}

/* "worker (3)" */
static void thread_cell(struct cli_table *table, struct tr_query *q, const char *name_column, const char *id_column)
{
	const char *name = tr_text(q, tr_column(q, name_column), NULL);
	struct cli_buffer text = {0};

	cli_add_text(&text, *name ? name : "(not known)");
	if (tr_type(q, tr_column(q, id_column)) == TR_INTEGER)
		cli_add_format(&text, " (%" PRId64 ")", report_number(q, id_column));
	cli_cell(table, CLI_PLAIN, cli_text_of(&text));
	cli_buffer_fini(&text);
}

static const char *holder_of(struct tr_query *q)
{
	const char *holder = tr_text(q, tr_column(q, "holder"), NULL);

	return *holder ? holder : "(not known)";
}

/* "look_up waited for store" */
static void pair_cell(struct cli_table *table, struct tr_query *q)
{
	struct cli_buffer text = {0};

	cli_add_format(&text, "%s waited for ", report_name(q, tr_column(q, "function")));
	cli_add_text(&text, holder_of(q));
	cli_cell(table, CLI_PLAIN, cli_text_of(&text));
	cli_buffer_fini(&text);
}

/* "cache.lock, meanwhile waiting for write_log (log.lock), in fsync" */
static void add_below(struct cli_buffer *out, struct tr_query *q)
{
	const char *meanwhile = tr_text(q, tr_column(q, "meanwhile"), NULL);

	cli_add_text(out, tr_text(q, tr_column(q, "lock"), NULL));
	cli_add_format(out, "%s%s", *meanwhile ? ", meanwhile " : "", meanwhile);
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	const char *order = orders[report->sort];
	double part = (double)report_number(q, order), whole = (double)(report->sort ? sums.waits : sums.wait_ns);
	char text[CLI_NUMBER_BYTES];

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(part, whole), cli_share(text, part, whole));
		break;
	case TIME:
		cli_cell(table, CLI_PLAIN, cli_duration(text, report_number(q, "wait_ns")));
		break;
	case WAITS:
		report_count_cell(table, report_number(q, "waits"));
		break;
	case LOCKS: /* one is told by its name */
		if (report_number(q, "locks") == 1)
			cli_cell(table, CLI_PLAIN, tr_text(q, tr_column(q, "lock"), NULL));
		else
			report_count_cell(table, report_number(q, "locks"));
		break;
	case PAIR:
		pair_cell(table, q);
		break;
	case WAITER:
		if (report->by == BY_THREAD)
			thread_cell(table, q, "thread", "thread_id");
		else
			cli_cell(table, CLI_PLAIN, report_name(q, tr_column(q, "function")));
		break;
	default:
		if (report->by == BY_THREAD)
			thread_cell(table, q, "holder", "holder_thread_id");
		else
			cli_cell(table, CLI_PLAIN, holder_of(q));
	}
}

static void say_nothing(struct report *report)
{
	cli_add_text(&report->out, "No lock was waited for.\n");
}

int report_waits(struct report *report)
{
	struct cli_column columns[COLUMNS];
	int which[COLUMNS], status;
	size_t i = 0;

	while (views[i].by != report->by)
		i++;
	const struct view *view = &views[i];
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, view->query, orders[report->sort]);
	if ((status = read_sums(report)))
		return status;
	if (!sums.waits) {
		say_nothing(report);
		return 0;
	}
	say_sums(report);
	for (int k = 0; k < view->count; k++) {
		columns[k] = all[view->wanted[k]];
		which[k] = view->wanted[k];
	}
	for (int k = 0; report->by == BY_THREAD && k < view->count; k++)
		columns[k].shorten = NULL; /* names of threads */
	return report_places(report, &(struct report_places){
		.query = view->query, .order = orders[report->sort], .part = orders[report->sort],
		.whole = (double)(report->sort ? sums.waits : sums.wait_ns), .path_from = report->by == BY_CONTEXT ? FIGURES_WIDTH : 0,
		.columns = columns, .which = which, .count = (size_t)view->count, .add_cell = add_cell,
		.add_below = view->by == BY_FUNCTION || view->by == BY_CONTEXT ? add_below : NULL,
		.other_path = "holder_path", .other_title = "for who had taken it in", .say_nothing = say_nothing});
}
