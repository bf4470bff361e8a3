/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocks.c - calls that may block: how long, by function, place in the source, or calling context, and by what the
 * descriptor is of. Waits for work are left out, and said to be, unless --all asks for them.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum { SHARE, TIME, CALLS, MEAN, LONGEST, FAILED, BYTES, CALLED, OF, NAME, COLUMNS };
enum { FIGURES_WIDTH = 64 }; /* about, in columns of the screen */

/* By enum report_by. */
static const char *const queries[] = {"block_functions", "block_sites", "block_contexts"};
static const char *const names[] = {"function", "place", "place, and call path"};

/* By enum report_blocks_sort. */
static const struct order {
	const char *column; /* of the query */
	const char *title;  /* of its share; NULL: it has no sum */
	const char *none;   /* what it means if no row has any */
	int shown;          /* the column of the table that it is */
} orders[] = {
	[SORT_BLOCK_TIME] = {"blocked_ns", "time %", "No time was spent in calls that may block.", TIME},
	[SORT_BLOCK_CALLS] = {"calls", "calls %", "No call that may block has returned.", CALLS},
	[SORT_BLOCK_BYTES] = {"bytes", "bytes %", "No bytes were read or written.", BYTES},
	[SORT_LONGEST] = {"longest_ns", NULL, "No time was spent in calls that may block.", LONGEST},
	[SORT_BLOCK_FAILED] = {"failed", "failed %", "No call that may block has failed.", FAILED},
};

/* ---- the header ---------------------------------------------------------------------------------------- */

static int read_sums(struct report *report)
{
	struct tr_query *q;
	int status = report_query_limited(report, &q, "blocks", NULL, NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		struct report_blocks *b = &report->blocks[report_number(q, "idle") != 0];
		b->calls = report_number(q, "calls");
		b->failed = report_number(q, "failed");
		b->bytes = report_number(q, "bytes");
		b->blocked_ns = report_number(q, "blocked_ns");
		snprintf(b->classes, sizeof(b->classes), "%s", tr_text(q, tr_column(q, "classes"), NULL));
	}
	tr_finish(q);
	return status;
}

/* "accept, poll": as SQL has it, without blanks. */
static void add_classes(struct cli_buffer *out, const char *classes)
{
	char *cut = cli_cut(classes);

	for (const char *c = cut; *c; c++)
		cli_add_format(out, *c == ',' ? "%c " : "%c", *c);
	free(cut);
}

static struct report_blocks shown_sums(const struct report *report)
{
	struct report_blocks sums = report->blocks[0];
	const struct report_blocks *idle = &report->blocks[1];

	if (report->all) {
		sums.calls = report_sum(sums.calls, idle->calls);
		sums.failed = report_sum(sums.failed, idle->failed);
		sums.bytes = report_sum(sums.bytes, idle->bytes);
		sums.blocked_ns = report_sum(sums.blocked_ns, idle->blocked_ns);
	}
	return sums;
}

/* Calls that have not returned are in no sum. */
static int say_open(struct report *report)
{
	char a[CLI_NUMBER_BYTES], b[64];
	struct tr_query *q;
	int status;

	report->now_ns = tr_now_ns(report->trace);
	if ((status = report_query_limited(report, &q, "open_blocks", NULL, NO_LIMIT)))
		return status;
	if ((status = tr_next(q, &report->error)) == 1 && report_number(q, "calls") > 0) {
		char *called = report_called(q, tr_column(q, "called"), tr_column(q, "object"));
		report_say(report, CLI_PLAIN, "not counted: %s open %s, the longest (%s) for %s: --stacks shows them",
			   cli_counted(b, sizeof(b), report_number(q, "calls"), "call", NULL), report_end(report),
			   *called ? called : "?", cli_duration(a, report_number(q, "longest_ns")));
		free(called);
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

static void add_sums(struct report *report)
{
	const struct report_blocks *work = &report->blocks[0];
	char parts[4][80] = {0}, a[CLI_NUMBER_BYTES], b[64];
	char (*next)[80] = parts;

	snprintf(*next++, 80, "blocked: %s in %s, of all threads together", cli_duration(a, work->blocked_ns),
		 cli_counted(b, sizeof(b), work->calls, "call", NULL));
	if (work->bytes)
		snprintf(*next++, 80, "%s read or written", cli_bytes(a, work->bytes));
	if (work->failed)
		snprintf(*next++, 80, "%s failed or interrupted", cli_count(a, work->failed));
	report_add_parts(report, (const char(*)[80])parts, (size_t)(next - parts));
}

int report_blocks_header(struct report *report)
{
	const struct report_blocks *idle = &report->blocks[1];
	struct cli_buffer classes = {0};
	char a[CLI_NUMBER_BYTES], b[64];
	int status = read_sums(report);

	if (status)
		return status;
	if (report->format == CLI_FORMAT_TEXT && report->blocks[0].calls)
		add_sums(report);
	if (idle->calls) {
		add_classes(&classes, idle->classes);
		report_say(report, CLI_PLAIN, "%s: %s in %s (%s)%s", report->all ? "idle, and shown below" : "idle, and not shown",
			   cli_duration(a, idle->blocked_ns), cli_counted(b, sizeof(b), idle->calls, "wait", NULL),
			   cli_text_of(&classes), report->all ? "" : ": --all shows them");
	}
	cli_buffer_fini(&classes);
	return say_open(report);
}

/* ---- the table ----------------------------------------------------------------------------------------- */

static int64_t whole_of(const struct report *report)
{
	const struct report_blocks sums = shown_sums(report);
	const int64_t wholes[] = {
		[SORT_BLOCK_TIME] = sums.blocked_ns, [SORT_BLOCK_CALLS] = sums.calls, [SORT_BLOCK_BYTES] = sums.bytes,
		[SORT_LONGEST] = 0, [SORT_BLOCK_FAILED] = sums.failed,
	};
	return wholes[report->sort];
}

/* The columns of the table in their order: which, and how many. */
static size_t choose_columns(const struct report *report, struct cli_column *columns, int *which)
{
	static const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = "share"},
		[TIME] = {.title = "time"},
		[CALLS] = {.title = "calls"},
		[MEAN] = {.title = "mean", .drop = 3},
		[LONGEST] = {.title = "longest", .drop = 1},
		[FAILED] = {.title = "failed", .drop = 4},
		[BYTES] = {.title = "bytes", .drop = 2},
		[CALLED] = {.title = "call", .left = 1},
		[OF] = {.title = "of", .left = 1},
		[NAME] = {.left = 1, .comfort = 24},
	};
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (i == SHARE && !orders[report->sort].title)
			continue;
		columns[count] = all[i];
		if (i == SHARE)
			columns[count].title = orders[report->sort].title;
		else if (i == NAME)
			columns[count].title = names[report->by];
		if (i == orders[report->sort].shown)
			columns[count].drop = 0;
		if (i == NAME && report->by == BY_FUNCTION)
			columns[count].shorten = report_shorten_name;
		which[count++] = i;
	}
	return count;
}

static void time_cell(struct cli_table *table, struct tr_query *q, const char *column)
{
	char text[CLI_NUMBER_BYTES];
	cli_cell(table, CLI_PLAIN, cli_duration(text, report_number(q, column)));
}

/* "server.c:12:9" */
static void place_cell(struct cli_table *table, struct tr_query *q)
{
	struct cli_buffer place = {0};

	cli_add_text(&place, report_place(q, tr_column(q, "file"), tr_column(q, "line")));
	if (place.bytes && report_number(q, "line") > 0 && report_number(q, "column") > 0)
		cli_add_format(&place, ":%" PRId64, report_number(q, "column"));
	cli_cell(table, place.bytes ? CLI_PLAIN : CLI_DIM, place.bytes ? cli_text_of(&place) : "(compiled without -g)");
	cli_buffer_fini(&place);
}

static void text_cell(struct cli_table *table, const char *text)
{
	cli_cell(table, *text ? CLI_PLAIN : CLI_DIM, *text ? text : "-");
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	char text[CLI_NUMBER_BYTES], *called;
	double part = (double)report_number(q, orders[report->sort].column), whole = (double)whole_of(report);

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(part, whole), cli_share(text, part, whole));
		break;
	case TIME:
		time_cell(table, q, "blocked_ns");
		break;
	case CALLS:
		report_count_cell(table, report_number(q, "calls"));
		break;
	case MEAN:
		time_cell(table, q, "mean_ns");
		break;
	case LONGEST:
		time_cell(table, q, "longest_ns");
		break;
	case FAILED:
		report_count_cell(table, report_number(q, "failed"));
		break;
	case BYTES:
		report_bytes_cell(table, report_number(q, "bytes"));
		break;
	case CALLED:
		called = report_called(q, tr_column(q, "called"), tr_column(q, "object"));
		text_cell(table, called);
		free(called);
		break;
	case OF:
		text_cell(table, tr_text(q, tr_column(q, "descriptor"), NULL));
		break;
	default:
		if (report->by == BY_FUNCTION)
			cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, tr_column(q, "function")), NULL);
		else
			place_cell(table, q);
	}
}

static void say_nothing(struct report *report)
{
	cli_add_format(&report->out, "%s\n", orders[report->sort].none);
}

/* Says that there is nothing, if there is. */
static int has_none(struct report *report)
{
	char process[64] = "";

	if (report->blocks[0].calls || report->blocks[1].calls)
		return 0;
	if (report->process_id != ANY)
		snprintf(process, sizeof(process), " of process %" PRId64, report->process_id);
	report_say(report, CLI_PLAIN, "No calls that may block%s were recorded: the program was compiled or run with block=off, or made none "
		   "in code with hooks that has returned.", process);
	return 1;
}

int report_blocked(struct report *report)
{
	struct cli_column columns[COLUMNS];
	int which[COLUMNS];
	const char *order = orders[report->sort].column;
	const struct report_places places = {
		.query = queries[report->by], .order = order, .part = order, .stops_at_none = 1,
		.whole = (double)whole_of(report), .path_from = report->by == BY_CONTEXT ? FIGURES_WIDTH : 0,
		.columns = columns, .which = which, .count = choose_columns(report, columns, which),
		.add_cell = add_cell, .say_nothing = say_nothing,
	};

	int status = 0;

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, report->histogram ? "block_histogram" : queries[report->by], order);
	if (has_none(report))
		return 0;
	if (!report->histogram)
		return report_places(report, &places);
	/* As of the heap: some rows stand above theirs. */
	if (report->limited && !(status = report_places(report, &places)))
		cli_add_text(&report->out, "\n");
	return status ? status : report_histogram(report, order);
}
