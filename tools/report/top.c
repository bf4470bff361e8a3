/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * top.c - the profile by function.
 *
 * Shares are of all self time (sort calls: of all calls), so that they add up: the running sum says
 * how much of the run the rows so far explain. With memory or waits beside the time (--heap, --blocks) they
 * may be of these instead; the query of a report without them touches no table of the heap, of calls that
 * block, or of locks.
 */
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

#include "cli/units.h"

enum {
	SHARE, SUM, SELF, TOTAL, CALLS, P50, P99, MAX, BYTES, TOTAL_BYTES, ALLOCS, BLOCKED, IDLE, TOTAL_BLOCKED, LOCK, TOTAL_LOCK,
	NAME, COLUMNS,
};
enum { CROWDED_COMFORT = 24 }; /* of names beside so many figures */

/* By enum report_sort: the view of the whole run, and the column of figures narrowed down. */
static const char *const views[] = {"top", "top_by_total", "top_by_calls"};
static const char *const figures[] = {"self_ticks", "total_ticks", "calls", "bytes", "allocs", "blocked_ticks", "lock_ticks"};

/* Not of functions' totals, but of those that each thread has in each context. */
static int by_thread(const struct report *report)
{
	return report->thread_id != ANY || report->thread_name || report_has_window(report);
}

static const char *choose_query(const struct report *report, const char **sort)
{
	int narrowed = by_thread(report) || report->process_id != ANY;
	*sort = narrowed || report_is_crowded(report) ? figures[report->sort] : views[report->sort];
	return report->with_heap ? "top_heap" : report->with_blocks ? "top_blocks" : by_thread(report) ? "top_threads" : narrowed ? "top_process" : "top";
}

int report_read_whole(struct report *report, struct report_whole *whole)
{
	struct tr_query *q;
	int status;

	if (whole != &report->whole)
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

static int is_shown(const struct report *report, int column)
{
	switch (column) {
	case BYTES:
	case TOTAL_BYTES:
	case ALLOCS:
		return report->with_heap;
	case BLOCKED:
	case TOTAL_BLOCKED:
		return report_shows_waits(report, WAIT_BLOCKED);
	case IDLE:
		return report_shows_waits(report, WAIT_FOR_WORK);
	case LOCK:
	case TOTAL_LOCK:
		return report_shows_waits(report, WAIT_FOR_LOCKS);
	default:
		return 1;
	}
}

/* The columns of the table in their order: which, and how many. */
static size_t choose_columns(const struct report *report, struct cli_column *columns, int *which)
{
	/* What the rows are sorted by stands first. */
	static const char *const first[] = {"self %", "total %", "calls %", "bytes %", "allocs %", "blocked %", "lock %"};
	struct cli_column all[COLUMNS] = {
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
		[BLOCKED] = {.title = "blocked"},
		[IDLE] = {.title = "idle"},
		[TOTAL_BLOCKED] = {.title = "total blocked"},
		[LOCK] = {.title = "lock wait"},
		[TOTAL_LOCK] = {.title = "total lock"},
		[NAME] = {.title = "function", .left = 1, .comfort = report_is_crowded(report) ? CROWDED_COMFORT : 32,
			  .shorten = report_shorten_name},
	};

	/* Beside others, what goes first to what goes last; never what the rows are sorted by. */
	static const int going[] = {MAX, P99, P50, SUM, CALLS, ALLOCS, IDLE, TOTAL, TOTAL_LOCK, TOTAL_BLOCKED};
	static const int sorted_by[] = {SELF, TOTAL, CALLS, BYTES, ALLOCS, BLOCKED, LOCK};
	const size_t going_count = sizeof(going) / sizeof(going[0]);
	size_t count = 0;

	for (size_t i = 0; report_is_crowded(report) && i < going_count; i++)
		all[going[i]].drop = going[i] == sorted_by[report->sort] ? 0 : (unsigned)(going_count - i);
	for (int i = 0; i < COLUMNS; i++) {
		if (!is_shown(report, i))
			continue;
		columns[count] = all[i];
		which[count++] = i;
	}
	return count;
}

/* What rows are shares of, by what they are sorted by: a column of the query, and its sum. */
static const char *share_of(const struct report *report, const struct report_whole *whole, double *all)
{
	static const char *const names[] = {"self_ns", "total_ns", "calls", "bytes", "allocs", "blocked_ns", "lock_ns"};
	const int64_t sums[] = {whole->self_ns, whole->self_ns, whole->calls, report->heap.bytes, report->heap.allocs,
				report_blocked_ns(report), report->waits.wait_ns};

	*all = (double)sums[report->sort];
	return names[report->sort];
}

/* What the functions that are not shown have: of the time, or of that by which the others came first. */
static void say_rest(struct report *report, int64_t functions, double shown, double all)
{
	static const char *const what[] = {"self time", "self time", "self time", "bytes", "allocations", "time blocked", "waits for locks"};
	char text[CLI_NUMBER_BYTES], more[64];

	cli_add_format(&report->out, "%s%s with %s of the %s: --limit 0 shows all%s\n", cli_style_on(CLI_DIM),
		       cli_counted(more, sizeof(more), functions, "more function", NULL),
		       cli_share(text, all - shown < 0 ? 0 : all - shown, all), what[report->sort], cli_style_off(CLI_DIM));
}

struct row {
	double part, all, sum; /* of what shares are of: in this row, in all rows, in those so far */
	int distorted;
};

static void add_cell(struct cli_table *table, struct tr_query *q, const struct report *report, const struct row *row, int column)
{
	static const char *const names[COLUMNS] = {
		[TOTAL] = "total_ns", [P50] = "p50_ns", [P99] = "p99_ns", [MAX] = "max_ns", [BYTES] = "bytes",
		[TOTAL_BYTES] = "total_bytes", [ALLOCS] = "allocs", [BLOCKED] = "blocked_ns", [IDLE] = "idle_ns",
		[TOTAL_BLOCKED] = "total_blocked_ns", [LOCK] = "lock_ns", [TOTAL_LOCK] = "total_lock_ns",
	};
	char text[CLI_NUMBER_BYTES];

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(row->part, row->all), cli_share(text, row->part, row->all));
		break;
	case SUM: /* Total times contain each other: their sum means nothing. */
		cli_cell(table, CLI_DIM, report->sort == SORT_TOTAL ? "" : cli_share(text, row->sum, row->all));
		break;
	case SELF:
		cli_cell_format(table, row->distorted ? CLI_DIM : CLI_PLAIN, "%s%s", row->distorted ? "~" : "",
				cli_duration(text, report_number(q, "self_ns")));
		break;
	case CALLS:
		cli_cell(table, CLI_PLAIN, cli_count(text, report_number(q, "calls")));
		break;
	case TOTAL:
	case P50:
	case P99:
	case MAX:
		duration_cell(table, q, tr_column(q, names[column]));
		break;
	case BYTES:
	case TOTAL_BYTES:
		report_bytes_cell(table, report_number(q, names[column]));
		break;
	case ALLOCS:
		report_count_cell(table, report_number(q, names[column]));
		break;
	case NAME:
		cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, tr_column(q, "function")),
			       report_place(q, tr_column(q, "file"), tr_column(q, "line")));
		break;
	default:
		report_wait_cell(table, report_number(q, names[column]));
	}
}

/* "2,700,000 calls: half took up to 10 ns, 90% up to 11 ns, 99% ..., the longest 45 ns" */
static int add_quantiles(struct report *report, const char *sort)
{
	static const struct { const char *column, *said; } parts[] = {
		{"p50_ns", "half took up to "}, {"p90_ns", ", 90% up to "}, {"p99_ns", ", 99% up to "}, {"p999_ns", ", 99.9% up to "},
		{"max_ns", ", the longest "},
	};
	char text[CLI_NUMBER_BYTES], count[64];
	struct tr_query *q;
	int status = report_query_limited(report, &q, "call_quantiles", sort, report->limited ? report->limit : NO_LIMIT);

	if (status)
		return status;
	if ((status = tr_next(q, &report->error)) == 1 && report_number(q, "calls") > 0) {
		cli_add_format(&report->out, "%s: ", cli_counted(count, sizeof(count), report_number(q, "calls"), "call", NULL));
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			cli_add_format(&report->out, "%s%s", parts[i].said, cli_duration(text, report_number(q, parts[i].column)));
		cli_add_text(&report->out, "\n");
		report->lines++;
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

static int report_functions(struct report *report, const char *query, const char *sort)
{
	struct cli_column columns[COLUMNS];
	struct report_whole whole;
	struct tr_query *q;
	int which[COLUMNS], status, marked = 0, more = 0;
	int64_t rows = 0, functions = 0;
	double self_sum = 0;
	struct row row = {0};

	/* How many functions of a name there are is not known: a row more tells that there are. */
	if ((status = report_read_whole(report, &whole)) ||
	    (status = (report->only ? report_query_and_one : report_query)(report, &q, query, sort)))
		return status;
	const size_t share = tr_column(q, share_of(report, &whole, &row.all)), count = choose_columns(report, columns, which);
	struct cli_table *table = cli_table_create(columns, count);
	while ((status = tr_next(q, &report->error)) == 1 && !(more = report->only && report->limit != NO_LIMIT && rows == report->limit)) {
		row.part = (double)tr_integer(q, share);
		row.distorted = report_is_distorted(report, report_number(q, "self_ns"), report_number(q, "calls"));
		row.sum += row.part;
		self_sum += (double)report_number(q, "self_ns");
		for (size_t i = 0; i < count; i++)
			add_cell(table, q, report, &row, which[i]);
		marked |= row.distorted;
		rows++;
		functions += !report_is_crowded(report) || strcmp(report_name(q, tr_column(q, "function")), "(no function)") != 0;
	}
	tr_finish(q);
	if (status >= 0 && rows)
		cli_table_print(table, &report->out, cli_screen()->width, 0);
	if (status >= 0 && !rows)
		cli_add_text(&report->out, report->only ? "It was not called there.\n" : "No calls were recorded.\n");
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	if (status < 0)
		return status;
	if (more)
		cli_add_format(&report->out, "%sThere are more: --limit 0 shows all%s\n", cli_style_on(CLI_DIM), cli_style_off(CLI_DIM));
	if (!report->only && whole.functions > functions && rows && report->sort >= SORT_HEAP_BYTES)
		say_rest(report, whole.functions - functions, row.sum, row.all);
	else if (!report->only && whole.functions > functions && rows)
		say_rest(report, whole.functions - functions, self_sum, (double)whole.self_ns);
	report_explain_marks(report, marked);
	return 0;
}

int report_top(struct report *report)
{
	const char *order, *query = choose_query(report, &order), *sort = report->histogram ? figures[report->sort] : order;
	int status = 0;

	report_say_none_beside(report);
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, report->histogram ? "call_histogram" : query, sort);
	if (!report->histogram)
		return report_functions(report, query, sort);
	/* As of the heap: some rows stand above theirs. */
	if (report->limited && !(status = report_functions(report, query, order)))
		cli_add_text(&report->out, "\n");
	if (!status)
		status = report_histogram(report, sort);
	return status ? status : add_quantiles(report, sort);
}
