/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * creators.c - who has created the threads: a row for each call path and place, with how many, and how long these lived and
 * ran.
 */
#include "report/report.h"

#include <inttypes.h>

#include "cli/units.h"

enum { THREADS, LIVED, CPU, READY, BLOCKED, NAME, COLUMNS };
enum { FIGURES_WIDTH = 56 }; /* about, in columns of the screen */

static void time_cell(struct cli_table *table, struct tr_query *q, const char *column)
{
	char text[CLI_NUMBER_BYTES];
	const int known = tr_type(q, tr_column(q, column)) != TR_NULL;

	cli_cell(table, known ? CLI_PLAIN : CLI_DIM, known ? cli_duration(text, report_number(q, column)) : "-");
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	static const char *const times[COLUMNS] = {[LIVED] = "lived_ns", [CPU] = "cpu_ns", [READY] = "ready_ns", [BLOCKED] = "blocked_ns"};
	const char *place;

	(void)report;
	switch (column) {
	case THREADS:
		report_count_cell(table, report_number(q, "threads"));
		break;
	case NAME:
		place = report_place(q, tr_column(q, "file"), tr_column(q, "line"));
		cli_cell(table, *place ? CLI_PLAIN : CLI_DIM, *place ? place : "(compiled without -g)");
		break;
	default:
		time_cell(table, q, times[column]);
	}
}

static void say_nothing(struct report *report)
{
	cli_add_format(&report->out, "Of no thread it is known who has created it: they were created in code without hooks, or with thread=off.\n");
}

/* Of all, whatever the limit. */
static int read_sums(struct report *report, int64_t *threads, int64_t *merged)
{
	struct tr_query *q;
	int status = report_query_limited(report, &q, "thread_creators", NULL, NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		*threads = report_sum(*threads, report_number(q, "threads"));
		*merged = report_sum(*merged, report_number(q, "merged"));
	}
	tr_finish(q);
	return status;
}

int report_creators(struct report *report)
{
	static const struct cli_column columns[COLUMNS] = {
		[THREADS] = {.title = "threads"},
		[LIVED] = {.title = "lived"},
		[CPU] = {.title = "cpu"},
		[READY] = {.title = "no processor", .drop = 1},
		[BLOCKED] = {.title = "blocked"},
		[NAME] = {.title = "created by", .left = 1, .comfort = 24},
	};
	static const int which[COLUMNS] = {THREADS, LIVED, CPU, READY, BLOCKED, NAME};
	int64_t threads = 0, merged = 0;
	char count[64];
	int status;

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "thread_creators", NULL);
	if ((status = read_sums(report, &threads, &merged)))
		return status;
	status = report_places(report, &(struct report_places){
		.query = "thread_creators", .part = "threads", .whole = (double)threads, .path_from = FIGURES_WIDTH,
		.columns = columns, .which = which, .count = COLUMNS, .add_cell = add_cell, .say_nothing = say_nothing});
	if (!status && merged)
		report_say(report, CLI_DIM, "%s, which ended early and are merged, %s counted, but not in the times",
			   cli_counted(count, sizeof(count), merged, "thread", NULL), merged == 1 ? "is" : "are");
	return status;
}
