/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * paths.c - the hottest call paths: a row for each calling context, by its own time, with its path below.
 */
#include "report/report.h"

#include "cli/units.h"

enum { SHARE, SELF, TOTAL, CALLS, MEAN, MAX, NAME, COLUMNS };
enum { FIGURES_WIDTH = 48 }; /* about, in columns of the screen */

/* By enum report_sort. */
static const char *const orders[] = {"self_ticks", "total_ticks", "calls"}, *const parts[] = {"self_ns", "total_ns", "calls"};
static const char *const shares[] = {"self %", "total %", "calls %"};

static double whole_of(const struct report *report)
{
	return (double)(report->sort == SORT_CALLS ? report->whole.calls : report->whole.self_ns);
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	static const char *const names[COLUMNS] = {[TOTAL] = "total_ns", [MEAN] = "mean_ns", [MAX] = "max_ns"};
	char text[CLI_NUMBER_BYTES];
	const double part = (double)report_number(q, parts[report->sort]);
	const int64_t calls = report_number(q, "calls"), self_ns = report_number(q, "self_ns");
	const int distorted = report_is_distorted(report, self_ns, calls);

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(part, whole_of(report)), cli_share(text, part, whole_of(report)));
		break;
	case SELF:
		cli_cell_format(table, distorted ? CLI_DIM : CLI_PLAIN, "%s%s", distorted ? "~" : "", cli_duration(text, self_ns));
		report->marked |= distorted;
		break;
	case CALLS:
		cli_cell(table, CLI_PLAIN, cli_count(text, calls));
		break;
	case NAME:
		cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, tr_column(q, "function")),
			       report_place(q, tr_column(q, "file"), tr_column(q, "line")));
		break;
	default:
		report_duration_cell(table, q, names[column], "-");
	}
}

static void say_nothing(struct report *report)
{
	cli_add_text(&report->out, report->focus || report->ignore ? "No call path is left.\n" : "No calls were recorded.\n");
}

int report_paths(struct report *report)
{
	const struct cli_column columns[COLUMNS] = {
		[SHARE] = {.title = shares[report->sort]},
		[SELF] = {.title = "self"},
		[TOTAL] = {.title = "total", .drop = report->sort == SORT_TOTAL ? 0 : 1},
		[CALLS] = {.title = "calls"},
		[MEAN] = {.title = "mean", .drop = 2},
		[MAX] = {.title = "max", .drop = 3},
		[NAME] = {.title = "function, and call path", .left = 1, .comfort = 32, .shorten = report_shorten_name},
	};
	static const int which[COLUMNS] = {SHARE, SELF, TOTAL, CALLS, MEAN, MAX, NAME};
	struct report_places places = {
		.query = "paths", .order = orders[report->sort], .part = parts[report->sort], .path_from = FIGURES_WIDTH,
		.columns = columns, .which = which, .count = COLUMNS, .add_cell = add_cell, .say_nothing = say_nothing,
	};

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "paths", orders[report->sort]);
	int status = report_read_whole(report, &report->whole);
	if (status)
		return status;
	/* Totals contain each other, and what others have is not told where some paths are left out. */
	places.whole = report->sort == SORT_TOTAL || report->focus || report->ignore ? 0 : whole_of(report);
	status = report_places(report, &places);
	if (!status)
		report_explain_marks(report, report->marked);
	return status;
}
