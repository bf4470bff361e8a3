/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * top.c - the profile by function.
 *
 * Shares are of all self time (sort calls: of all calls), so that they add up: the running sum says
 * how much of the run the rows so far explain. With memory beside the time (--heap) they may be of the
 * bytes or blocks allocated instead; the query of a report without it touches no table of the heap.
 */
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

#include "cli/units.h"

enum { SHARE, SUM, SELF, TOTAL, CALLS, P50, P99, MAX, BYTES, TOTAL_BYTES, ALLOCS, NAME, COLUMNS };
enum { HEAP_COMFORT = 24 }; /* of names beside so many figures */

/* By enum report_sort: the view of the whole run, and the column of figures narrowed down. */
static const char *const views[] = {"top", "top_by_total", "top_by_calls"};
static const char *const figures[] = {"self_ticks", "total_ticks", "calls", "bytes", "allocs"};

static int by_thread(const struct report *report)
{
	return report->thread_id != ANY || report->thread_name;
}

static const char *choose_query(const struct report *report, const char **sort)
{
	int narrowed = by_thread(report) || report->process_id != ANY;
	*sort = narrowed || report->with_heap ? figures[report->sort] : views[report->sort];
	return report->with_heap ? "top_heap" : by_thread(report) ? "top_threads" : narrowed ? "top_process" : "top";
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
		whole->functions = report_number(q, "functions");
		whole->calls = report_number(q, "calls");
		whole->self_ns = report_number(q, "self_ns");
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

/* The columns of the table; returns how many. */
static size_t choose_columns(const struct report *report, struct cli_column *columns)
{
	/* What the rows are sorted by stands first. */
	static const char *const first[] = {"self %", "total %", "calls %", "bytes %", "allocs %"};
	const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = first[report->sort]},
		[SUM] = {.title = report->sort == SORT_TOTAL ? "" : "sum %", .drop = 1},
		[SELF] = {.title = "self"},
		[TOTAL] = {.title = "total"},
		[CALLS] = {.title = "calls"},
		[P50] = {.title = "median", .drop = 2},
		[P99] = {.title = "p99", .drop = 3},
		[MAX] = {.title = "max", .drop = 4},
		[BYTES] = {.title = "bytes"},
		[TOTAL_BYTES] = {.title = "total bytes"},
		[ALLOCS] = {.title = "allocs"},
		[NAME] = {.title = "function", .left = 1, .comfort = report->with_heap ? HEAP_COMFORT : 32,
			  .shorten = report_shorten_name},
	};

	/* Beside memory, what goes first to what goes last; never what the rows are sorted by. */
	static const int going[] = {MAX, P99, P50, SUM, CALLS, ALLOCS, TOTAL};
	static const int sorted_by[] = {SELF, TOTAL, CALLS, BYTES, ALLOCS};
	const size_t count = sizeof(going) / sizeof(going[0]);

	memcpy(columns, all, sizeof(all));
	for (size_t i = 0; report->with_heap && i < count; i++)
		columns[going[i]].drop = going[i] == sorted_by[report->sort] ? 0 : (unsigned)(count - i);
	if (report->with_heap)
		return COLUMNS;
	columns[BYTES] = all[NAME];
	return BYTES + 1;
}

/* What rows are shares of, by what they are sorted by: a column of the query, and its sum. */
static const char *share_of(const struct report *report, const struct report_whole *whole, double *all)
{
	static const char *const names[] = {"self_ns", "total_ns", "calls", "bytes", "allocs"};
	const int64_t sums[] = {whole->self_ns, whole->self_ns, whole->calls, report->heap.bytes, report->heap.allocs};

	*all = (double)sums[report->sort];
	return names[report->sort];
}

/* What the functions that are not shown have: of the time, or of the memory by which the others came first. */
static void say_rest(struct report *report, int64_t functions, double shown, double all)
{
	static const char *const what[] = {"self time", "self time", "self time", "bytes", "allocations"};
	char text[CLI_NUMBER_BYTES], more[64];

	cli_add_format(&report->out, "%s%s with %s of the %s: --limit 0 shows all%s\n", cli_style_on(CLI_DIM),
		       cli_counted(more, sizeof(more), functions, "more function", NULL),
		       cli_share(text, all - shown < 0 ? 0 : all - shown, all), what[report->sort], cli_style_off(CLI_DIM));
}

int report_top(struct report *report)
{
	const char *sort, *query = choose_query(report, &sort);
	struct cli_column columns[COLUMNS];
	struct report_whole whole;
	struct tr_query *q;
	int status, marked = 0;
	int64_t rows = 0, functions = 0;
	double sum = 0, self_sum = 0, all;
	char text[CLI_NUMBER_BYTES];

	if (report->with_heap && !report->show_sql && report_has_no_heap(report) && report->format == CLI_FORMAT_TEXT)
		cli_add_text(&report->out, "\n");
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, query, sort);
	if ((status = read_whole(report, &whole)) || (status = report_query(report, &q, query, sort)))
		return status;
	const size_t function = tr_column(q, "function"), file = tr_column(q, "file"), line = tr_column(q, "line"),
		     calls = tr_column(q, "calls"), self_ns = tr_column(q, "self_ns"), total_ns = tr_column(q, "total_ns"),
		     p50_ns = tr_column(q, "p50_ns"), p99_ns = tr_column(q, "p99_ns"), max_ns = tr_column(q, "max_ns"),
		     share = tr_column(q, share_of(report, &whole, &all));
	struct cli_table *table = cli_table_create(columns, choose_columns(report, columns));
	while ((status = tr_next(q, &report->error)) == 1) {
		double part = (double)tr_integer(q, share);
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
		if (report->with_heap) {
			report_bytes_cell(table, report_number(q, "bytes"));
			report_bytes_cell(table, report_number(q, "total_bytes"));
			report_count_cell(table, report_number(q, "allocs"));
		}
		cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, function), report_place(q, file, line));
		marked |= distorted;
		rows++;
		functions += !report->with_heap || strcmp(report_name(q, function), "(no function)") != 0;
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
	if (whole.functions > functions && rows && report->sort >= SORT_HEAP_BYTES)
		say_rest(report, whole.functions - functions, sum, all);
	else if (whole.functions > functions && rows)
		say_rest(report, whole.functions - functions, self_sum, (double)whole.self_ns);
	report_explain_marks(report, marked);
	return 0;
}
