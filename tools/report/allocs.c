/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * allocs.c - who allocates: by function, place in the source, calling context, or type.
 *
 * Shares are of the whole heap of what was asked for. Rows that have nothing of what they are sorted by
 * are left out of the text; programs get them.
 */
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "cli/units.h"

enum { SHARE, BYTES, TOTAL, ALLOCS, TEMPORARY, LIVE, PEAK, EXTRA, STEPS, MOVED, COPIED, NAME, COLUMNS };
enum { FIGURES_WIDTH = 64 }; /* about, in columns of the screen, without TOTAL */

/* By enum report_by. */
static const char *const queries[] = {"heap_functions", "heap_sites", "heap_contexts", "heap_types"};
static const char *const names[] = {"function", "place", "place, and call path", "type"};

/* By enum report_allocs_sort. */
static const struct order {
	const char *column; /* of the query */
	const char *title;  /* of its share */
	const char *extra;  /* the title where it is no column otherwise */
	const char *none;   /* what it means if no row has any */
	int shown;          /* the column of the table that it is */
} orders[] = {
	[SORT_BYTES] = {"bytes", "bytes %", NULL, "No bytes were allocated.", BYTES},
	[SORT_TOTAL_BYTES] = {"total_bytes", "total %", NULL, "No bytes were allocated.", TOTAL},
	[SORT_ALLOCS] = {"allocs", "allocs %", NULL, "Nothing was allocated.", ALLOCS},
	[SORT_LIVE] = {"live_bytes", "live %", NULL, "Nothing was left alive.", LIVE},
	[SORT_PEAK] = {"peak_bytes", "peak %", NULL, "Nothing was ever alive.", PEAK},
	[SORT_TEMPORARY] = {"temporary", "temp %", "temporary", "No block was temporary.", EXTRA},
	[SORT_CROSSED] = {"crossed", "crossed %", "crossed", "No block was freed by another thread.", EXTRA},
	[SORT_RESIZED] = {"resized", "resized %", "resized", "No block was resized.", EXTRA},
	[SORT_FAILED] = {"failed", "failed %", "failed", "No allocation failed.", EXTRA},
	[SORT_COPIED] = {"moved_bytes", "copied %", "resized", "Nothing was copied by a realloc.", COPIED},
	[SORT_RELEASED] = {"released_bytes", "freed %", "freed here", "Nothing was freed.", EXTRA},
};

static int64_t whole_of(const struct report *report)
{
	const struct report_heap *heap = &report->heap;
	const int64_t wholes[] = {
		[SORT_BYTES] = heap->bytes,         [SORT_TOTAL_BYTES] = heap->bytes, [SORT_ALLOCS] = heap->allocs,
		[SORT_LIVE] = heap->live_bytes,     [SORT_PEAK] = heap->peak_bytes,   [SORT_TEMPORARY] = heap->temporary,
		[SORT_CROSSED] = heap->crossed,     [SORT_RESIZED] = heap->resized,   [SORT_FAILED] = heap->failed,
		[SORT_RELEASED] = heap->freed_bytes, [SORT_COPIED] = 0,
	};
	return wholes[report->sort];
}

/* The columns of the table in their order: which, and how many. */
static size_t choose_columns(const struct report *report, struct cli_column *columns, int *which)
{
	static const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = "share"},
		[BYTES] = {.title = "bytes"},
		[TOTAL] = {.title = "total", .drop = 3},
		[ALLOCS] = {.title = "allocs"},
		[TEMPORARY] = {.title = "temp", .drop = 4},
		[LIVE] = {.title = "live", .drop = 1},
		[PEAK] = {.title = "peak", .drop = 2},
		[EXTRA] = {.title = "extra"},
		[STEPS] = {.title = "per block", .drop = 1},
		[MOVED] = {.title = "moved", .drop = 2},
		[COPIED] = {.title = "copied"},
		[NAME] = {.left = 1, .comfort = 32},
	};
	size_t count = 0;
	const int resizes = report->sort == SORT_RESIZED || report->sort == SORT_COPIED;

	for (int i = 0; i < COLUMNS; i++) {
		if (i == SHARE && report->sort == SORT_COPIED) /* their sum is in no row */
			continue;
		if ((i == TOTAL && report->by != BY_FUNCTION) || (i == EXTRA && orders[report->sort].shown != EXTRA && !resizes) ||
		    (i >= STEPS && i <= COPIED && !resizes) || (i >= TEMPORARY && i <= PEAK && resizes))
			continue;
		columns[count] = all[i];
		if (i == SHARE)
			columns[count].title = orders[report->sort].title;
		else if (i == EXTRA)
			columns[count].title = orders[report->sort].extra;
		else if (i == NAME)
			columns[count].title = names[report->by];
		if (i == orders[report->sort].shown)
			columns[count].drop = 0;
		if (i == NAME && (report->by == BY_FUNCTION || report->by == BY_TYPE))
			columns[count].shorten = report_shorten_name;
		else if (i == NAME)
			columns[count].shorten_tail = report_shorten_called;
		which[count++] = i;
	}
	return count;
}

static void bytes_cell(struct cli_table *table, struct tr_query *q, const char *column)
{
	report_bytes_cell(table, report_number(q, column));
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	const char *key = orders[report->sort].column;
	char text[CLI_NUMBER_BYTES], places[64];
	double part = (double)report_number(q, key), whole = (double)whole_of(report);
	int64_t allocs = report_number(q, "allocs"), chains = report_number(q, "chains");

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(part, whole), cli_share(text, part, whole));
		break;
	case BYTES:
		bytes_cell(table, q, "bytes");
		break;
	case TOTAL:
		bytes_cell(table, q, "total_bytes");
		break;
	case ALLOCS:
		report_count_cell(table, allocs);
		break;
	case TEMPORARY:
		cli_cell(table, CLI_PLAIN, cli_share(text, (double)report_number(q, "temporary"), (double)allocs));
		break;
	case LIVE:
		bytes_cell(table, q, "live_bytes");
		break;
	case PEAK:
		bytes_cell(table, q, "peak_bytes");
		break;
	case EXTRA:
		if (report->sort == SORT_RELEASED)
			bytes_cell(table, q, key);
		else
			cli_cell(table, CLI_PLAIN, cli_count(text, report_number(q, report->sort == SORT_COPIED ? "resized" : key)));
		break;
	case STEPS: /* a block that grows step by step has many */
		snprintf(text, sizeof(text), "%.1f", chains > 0 ? (double)report_number(q, "resized") / (double)chains : 0);
		cli_cell(table, chains > 0 ? CLI_PLAIN : CLI_DIM, chains > 0 ? text : "-");
		break;
	case MOVED:
		report_count_cell(table, report_number(q, "moved"));
		break;
	case COPIED:
		bytes_cell(table, q, "moved_bytes");
		break;
	default:
		if (report->by == BY_FUNCTION)
			cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, tr_column(q, "function")),
				       report_place(q, tr_column(q, "file"), tr_column(q, "line")));
		else if (report->by == BY_TYPE)
			cli_cell_parts(table, CLI_PLAIN, NULL, tr_text(q, tr_column(q, "type"), NULL),
				       cli_counted(places, sizeof(places), report_number(q, "sites"), "place", NULL));
		else
			report_place_cell(table, q);
	}
}

static void say_nothing(struct report *report)
{
	cli_add_format(&report->out, "%s\n", orders[report->sort].none);
}

static int add_table(struct report *report)
{
	struct cli_column columns[COLUMNS];
	int which[COLUMNS];
	const char *order = orders[report->sort].column;
	const struct report_places places = {
		.query = queries[report->by], .order = order, .part = order, .stops_at_none = 1,
		/* Shares of total contain each other and add up to nothing. */
		.whole = report->sort == SORT_TOTAL_BYTES ? 0 : (double)whole_of(report),
		.path_from = report->by == BY_CONTEXT ? FIGURES_WIDTH : 0,
		.columns = columns, .which = which, .count = choose_columns(report, columns, which),
		.add_cell = add_cell, .say_nothing = say_nothing,
	};

	return report_places(report, &places);
}

int report_allocs(struct report *report)
{
	const char *sort = orders[report->sort].column;
	int status = 0;

	if (!report->show_sql && report_has_no_heap(report) && report->format == CLI_FORMAT_TEXT)
		return 0;
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, report->histogram ? "heap_histogram" : queries[report->by], sort);
	if (!report->histogram)
		return add_table(report);
	/* Of the whole heap in one screen; of some rows below them. */
	if (report->limited && !(status = add_table(report)))
		cli_add_text(&report->out, "\n");
	return status ? status : report_histogram(report, sort);
}
