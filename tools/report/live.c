/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * live.c - what was alive: at the end (leaks), or at the peak; by calling context and place.
 */
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

#include "cli/units.h"

enum { SHARE, BYTES, BLOCKS, OLDEST, NEWEST, LIVE, PROCESS, NAME, COLUMNS };
enum { FIGURES_WIDTH = 58 }; /* about, in columns of the screen */

/* By enum report_live_sort. */
static const char *const leaks_orders[] = {"bytes", "blocks", "age"};
static const char *const peak_orders[] = {"peak_bytes", "peak_blocks"};

static int is_peak(const struct report *report)
{
	return report->mode == REPORT_PEAK;
}

static size_t choose_columns(const struct report *report, struct cli_column *columns, int *which)
{
	const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = report->sort == SORT_LIVE_BLOCKS ? "blocks %" : "bytes %"},
		[BYTES] = {.title = "bytes"},
		[BLOCKS] = {.title = "blocks"},
		[OLDEST] = {.title = "oldest"},
		[NEWEST] = {.title = "youngest", .drop = 2},
		[LIVE] = {.title = report->recording ? "by now" : "at the end", .drop = 2},
		[PROCESS] = {.title = "process", .drop = 1},
		[NAME] = {.title = "place, and call path", .left = 1, .comfort = 32, .shorten_tail = report_shorten_called},
	};
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (((i == OLDEST || i == NEWEST) && is_peak(report)) || (i == LIVE && !is_peak(report)) ||
		    (i == PROCESS && report->heap.processes < 2))
			continue;
		columns[count] = all[i];
		which[count++] = i;
	}
	return count;
}

/* What is shared out: blocks where these are the order, else bytes. */
static const char *part_of(const struct report *report)
{
	return is_peak(report) ? peak_orders[report->sort] : leaks_orders[report->sort == SORT_LIVE_BLOCKS];
}

static double whole_of(const struct report *report)
{
	const struct report_heap *heap = &report->heap;
	if (report->sort == SORT_LIVE_BLOCKS)
		return (double)(is_peak(report) ? heap->peak_blocks : heap->live_blocks);
	return (double)(is_peak(report) ? heap->peak_bytes : heap->live_bytes);
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	double part = (double)report_number(q, part_of(report)), whole = whole_of(report);
	char text[CLI_NUMBER_BYTES];

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(part, whole), cli_share(text, part, whole));
		break;
	case BYTES:
		cli_cell(table, CLI_PLAIN, cli_bytes(text, report_number(q, is_peak(report) ? "peak_bytes" : "bytes")));
		break;
	case BLOCKS:
		cli_cell(table, CLI_PLAIN, cli_count(text, report_number(q, is_peak(report) ? "peak_blocks" : "blocks")));
		break;
	case OLDEST:
		cli_cell(table, CLI_PLAIN, cli_duration(text, report_number(q, "oldest_age_ns")));
		break;
	case NEWEST:
		cli_cell(table, CLI_PLAIN, cli_duration(text, report_number(q, "newest_age_ns")));
		break;
	case LIVE:
		report_bytes_cell(table, report_number(q, "live_bytes"));
		break;
	case PROCESS:
		cli_cell_format(table, CLI_PLAIN, "%" PRId64, report_number(q, "process_id"));
		break;
	default:
		report_place_cell(table, q);
	}
}

static void say_nothing(struct report *report)
{
	char age[CLI_NUMBER_BYTES];

	if (is_peak(report))
		cli_add_text(&report->out, "Nothing was ever alive.\n");
	else if (!report->heap.live_blocks)
		cli_add_format(&report->out, "Nothing was alive %s: whatever was allocated was freed.\n", report_end(report));
	else if (report->age_ns != ANY)
		cli_add_format(&report->out, "Nothing that was alive %s was as old as %s.\n", report_end(report),
			       cli_duration(age, report->age_ns));
	else
		cli_add_format(&report->out, "What was alive %s is not in this trace.\n", report_end(report));
	report->lines++;
}

int report_live(struct report *report)
{
	struct cli_column columns[COLUMNS];
	int which[COLUMNS];
	struct report_places places = {
		.query = is_peak(report) ? "heap_peak" : "leaks",
		.order = is_peak(report) ? peak_orders[report->sort] : leaks_orders[report->sort],
		.part = part_of(report), .whole = report->age_ns == ANY ? whole_of(report) : 0, /* else others are too young */
		.path_from = FIGURES_WIDTH, .columns = columns, .which = which, .add_cell = add_cell, .say_nothing = say_nothing,
	};

	if (!report->show_sql && report_has_no_heap(report) && report->format == CLI_FORMAT_TEXT)
		return 0;
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, places.query, places.order);
	places.count = choose_columns(report, columns, which);
	return report_places(report, &places);
}
