/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * top.c - the profile by function.
 *
 * Shares are of all self time (sort calls: of all calls), so that they add up: the running sum says
 * how much of the run the rows so far explain.
 */
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

#include "cli/units.h"

enum { SHARE, SUM, SELF, TOTAL, CALLS, P50, P99, MAX, NAME, COLUMNS };

/* By enum report_sort: the view of the whole run, and the column of figures narrowed down. */
static const char *const views[] = {"top", "top_by_total", "top_by_calls"};
static const char *const figures[] = {"self_ticks", "total_ticks", "calls"};

static int by_thread(const struct report *report)
{
	return report->thread_id != ANY || report->thread_name;
}

static const char *choose_query(const struct report *report, const char **sort)
{
	int narrowed = by_thread(report) || report->process_id != ANY;
	*sort = narrowed ? figures[report->sort] : views[report->sort];
	return by_thread(report) ? "top_threads" : narrowed ? "top_process" : "top";
}

/* What shares are shares of. */
static int read_whole(struct report *report, struct report_whole *whole)
{
	struct tr_query *q;
	int status;

	*whole = report->whole;
	if (!by_thread(report) && report->process_id == ANY)
		return 0;
	if ((status = report_query(report, &q, by_thread(report) ? "whole_threads" : "whole_process", NULL)))
		return status;
	status = tr_next(q, &report->error);
	if (status == 1) {
		whole->functions = tr_integer(q, tr_column(q, "functions"));
		whole->calls = tr_integer(q, tr_column(q, "calls"));
		whole->self_ns = tr_integer(q, tr_column(q, "self_ns"));
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

static void duration_cell(struct cli_table *table, struct tr_query *q, size_t column)
{
	char text[CLI_NUMBER_BYTES];
	if (tr_type(q, column) == TR_NULL)
		cli_cell(table, CLI_DIM, "-");
	else
		cli_cell(table, CLI_PLAIN, cli_duration(text, tr_integer(q, column)));
}

int report_top(struct report *report)
{
	/* What the rows are sorted by stands first. */
	static const char *const first[] = {"self %", "total %", "calls %"};
	const char *sort, *query = choose_query(report, &sort);
	const struct cli_column columns[COLUMNS] = {
		[SHARE] = {.title = first[report->sort]},
		[SUM] = {.title = report->sort == SORT_TOTAL ? "" : "sum %", .drop = 1},
		[SELF] = {.title = "self"},
		[TOTAL] = {.title = "total"},
		[CALLS] = {.title = "calls"},
		[P50] = {.title = "median", .drop = 2},
		[P99] = {.title = "p99", .drop = 3},
		[MAX] = {.title = "max", .drop = 4},
		[NAME] = {.title = "function", .left = 1, .comfort = 32, .shorten = report_shorten_name},
	};
	struct report_whole whole;
	struct tr_query *q;
	int status, marked = 0;
	int64_t rows = 0;
	double sum = 0, self_sum = 0;
	char text[CLI_NUMBER_BYTES], more[64];

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, query, sort);
	if ((status = read_whole(report, &whole)) || (status = report_query(report, &q, query, sort)))
		return status;
	const size_t function = tr_column(q, "function"), file = tr_column(q, "file"), line = tr_column(q, "line"),
		     calls = tr_column(q, "calls"), self_ns = tr_column(q, "self_ns"), total_ns = tr_column(q, "total_ns"),
		     p50_ns = tr_column(q, "p50_ns"), p99_ns = tr_column(q, "p99_ns"), max_ns = tr_column(q, "max_ns");
	struct cli_table *table = cli_table_create(columns, COLUMNS);
	while ((status = tr_next(q, &report->error)) == 1) {
		double part = report->sort == SORT_CALLS ? (double)tr_integer(q, calls)
			      : report->sort == SORT_TOTAL ? (double)tr_integer(q, total_ns)
							   : (double)tr_integer(q, self_ns);
		double all = report->sort == SORT_CALLS ? (double)whole.calls : (double)whole.self_ns;
		int distorted = report_is_distorted(report, tr_integer(q, self_ns), tr_integer(q, calls));
		sum += part;
		self_sum += (double)tr_integer(q, self_ns);
		cli_cell(table, report_heat(part, all), cli_share(text, part, all));
		/* Total times contain each other: their sum means nothing. */
		cli_cell(table, CLI_DIM, report->sort == SORT_TOTAL ? "" : cli_share(text, sum, all));
		cli_cell_format(table, distorted ? CLI_DIM : CLI_PLAIN, "%s%s", distorted ? "~" : "",
				cli_duration(text, tr_integer(q, self_ns)));
		duration_cell(table, q, total_ns);
		cli_cell(table, CLI_PLAIN, cli_count(text, tr_integer(q, calls)));
		duration_cell(table, q, p50_ns);
		duration_cell(table, q, p99_ns);
		duration_cell(table, q, max_ns);
		cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, function), report_place(q, file, line));
		marked |= distorted;
		rows++;
	}
	tr_finish(q);
	if (!status && rows)
		cli_table_print(table, &report->out, cli_screen()->width, 0);
	if (!status && !rows)
		cli_add_text(&report->out, "No calls were recorded.\n");
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	if (status)
		return status;
	if (whole.functions > rows && rows)
		cli_add_format(&report->out, "%s%s with %s of the self time: --limit 0 shows all%s\n", cli_style_on(CLI_DIM),
			       cli_counted(more, sizeof(more), whole.functions - rows, "more function", NULL),
			       cli_share(text, (double)whole.self_ns - self_sum < 0 ? 0 : (double)whole.self_ns - self_sum,
					 (double)whole.self_ns),
			       cli_style_off(CLI_DIM));
	report_explain_marks(report, marked);
	return 0;
}
