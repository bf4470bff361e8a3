/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * calls.c - who calls a function (--callers), and what it calls (--callees): a section for each function of that
 * name, a row for each of its callers or callees.
 *
 * Shares are of what the function has in all. Time in a call within a call is in the row of each of the two, in
 * each once: with recursion, shares of total add up to more than all.
 */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/text.h"
#include "cli/units.h"

enum { SHARE, CALLS, TOTAL, SELF, MEAN, NAME, COLUMNS };
enum { NAME_LEAST = 24 }; /* of a heading */

/* Of one of the two. */
static const struct words {
	const char *query, *title, *other, *file, *line;
} words[] = {
	{"callers", "caller", "caller", "caller_file", "caller_line"},
	{"callees", "callee", "callee", "callee_file", "callee_line"},
};
static const char *const sorts[] = {"self_ticks", "total_ticks", "calls"};

/* ---- does the function exist? --------------------------------------------------------------------------- */

int report_find_meant(struct report *report, const char *name, int called, char **meant)
{
	enum { MOST = 100000, LONGEST = 200 };
	struct tr_query *q;
	const char **names = NULL;
	size_t count = 0, bytes = strlen(name);
	int status = report_query_limited(report, &q, "function_names", NULL, MOST);

	*meant = NULL;
	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1 && (!called || report_number(q, "called"))) {
		const char *function = report_name(q, tr_column(q, "function"));
		size_t length = strcspn(function, "(");
		char *shorter = length && length <= LONGEST ? strndup(function, length) : NULL;
		if (!shorter)
			continue;
		if (!*meant && length > bytes + 2 && !strcmp(shorter + length - bytes, name) && !strncmp(shorter + length - bytes - 2, "::", 2))
			*meant = cli_strdup(shorter);
		if (!(count & (count + 1)))
			names = cli_realloc(names, 2 * count + 2, sizeof(*names));
		names[count++] = shorter;
	}
	tr_finish(q);
	const char *near = *meant || status < 0 ? NULL : cli_nearest(name, names, count);
	if (near)
		*meant = cli_strdup(near);
	while (count)
		free((void *)names[--count]);
	free(names);
	return status < 0 ? status : 0;
}

int report_check_function(struct report *report, const char *name, int *exit_status)
{
	const char *const asked = report->only;
	struct tr_query *q;
	char *meant = NULL, *reason;
	int called;

	report->only = name;
	int status = report_query_limited(report, &q, "function_names", NULL, 1);
	report->only = asked;
	if (status)
		return status;
	status = tr_next(q, &report->error);
	const int found = status == 1;
	called = found && report_number(q, "called");
	reason = found && tr_type(q, tr_column(q, "reason")) != TR_NULL ? cli_cut(tr_text(q, tr_column(q, "reason"), NULL)) : NULL;
	tr_finish(q);
	const int regex = tr_is_regex(name);
	if (status >= 0 && !found && !regex) {
		report->only = NULL;
		status = report_find_meant(report, name, 1, &meant);
		report->only = asked;
	}
	if (status >= 0 && !found && regex)
		*exit_status = cli_wrong_usage("%s has no function that %s matches (--top --limit 0 lists them)", tr_path(report->trace), name);
	else if (status >= 0 && !found)
		*exit_status = cli_wrong_usage("%s has no function %s%s%s%s", tr_path(report->trace), name, meant ? "; did you mean " : "",
					       meant ? meant : "", meant ? "?" : " (--top --limit 0 lists them)");
	else if (status >= 0 && !called)
		*exit_status = reason ? cli_wrong_usage("%s carries no hooks: %s", name, reason)
				      : cli_wrong_usage("%s was never called", name);
	free(meant);
	free(reason);
	return status < 0 ? status : 0;
}

/* ---- the table ------------------------------------------------------------------------------------------ */

struct sums {
	int64_t calls, total_ns, self_ns; /* of the function */
	double shown; /* of what rows are sorted by, in its rows so far */
	int recursive;
};

/* What shares are shares of. What a function calls is part of its total time, its own time is not theirs. */
static double whole_of(const struct report *report, const struct sums *sums)
{
	if (report->sort == SORT_CALLS)
		return report->mode == REPORT_CALLEES ? 0 : (double)sums->calls;
	return report->sort == SORT_SELF && report->mode == REPORT_CALLERS ? (double)sums->self_ns : (double)sums->total_ns;
}

static double part_of(const struct report *report, struct tr_query *q)
{
	static const char *const columns[] = {"self_ns", "total_ns", "calls"};
	return (double)report_number(q, columns[report->sort]);
}

/* "Table::insert(...)  table.cpp:88: 500,200 calls, total 6.50 s, self 6.50 s" */
static void add_heading(struct cli_table *table, struct tr_query *q, const struct sums *sums, int first)
{
	struct cli_buffer line = {0}, figures = {0}, name = {0};
	char a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES], count[64];
	const char *place = report_place(q, tr_column(q, "file"), tr_column(q, "line"));
	const size_t screen = cli_screen()->width;

	cli_add_format(&figures, "%s%s: %s, total %s, self %s", *place ? "  " : "", place, cli_counted(count, sizeof(count), sums->calls, "call", NULL),
		       cli_duration(a, sums->total_ns), cli_duration(b, sums->self_ns));
	const size_t taken = cli_width(cli_text_of(&figures)), room = screen > taken + NAME_LEAST ? screen - taken : NAME_LEAST;
	char *cut = cli_cut(report_name(q, tr_column(q, "function")));
	if (screen && cli_width(cut) > room)
		report_shorten_name(&name, cut, room);
	cli_add_text(&line, name.bytes ? cli_text_of(&name) : cut);
	cli_add_text(&line, cli_text_of(&figures));
	if (!first)
		cli_line(table, CLI_PLAIN, "");
	cli_line(table, CLI_BOLD, cli_text_of(&line));
	free(cut);
	cli_buffer_fini(&line);
	cli_buffer_fini(&figures);
	cli_buffer_fini(&name);
}

static void add_row(const struct report *report, struct cli_table *table, struct tr_query *q, const struct words *w, const struct sums *sums)
{
	char text[CLI_NUMBER_BYTES];
	const double part = part_of(report, q), whole = whole_of(report, sums);

	if (report->mode != REPORT_CALLEES || report->sort != SORT_CALLS)
		cli_cell(table, report_heat(part, whole), cli_share(text, part, whole));
	report_count_cell(table, report_number(q, "calls"));
	report_duration_cell(table, q, "total_ns", "-");
	report_duration_cell(table, q, "self_ns", "-");
	if (report_number(q, "calls"))
		report_duration_cell(table, q, "mean_ns", "-");
	else
		cli_cell(table, CLI_DIM, "-");
	cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, tr_column(q, w->other)), report_place(q, tr_column(q, w->file), tr_column(q, w->line)));
}

static size_t choose_columns(const struct report *report, const struct words *w, struct cli_column *columns)
{
	static const char *const shares[] = {"self %", "total %", "calls %"};
	const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = shares[report->sort]},
		[CALLS] = {.title = "calls"},
		[TOTAL] = {.title = "total"},
		[SELF] = {.title = "self", .drop = 1},
		[MEAN] = {.title = "mean", .drop = 2},
		[NAME] = {.title = w->title, .left = 1, .comfort = 32, .shorten = report_shorten_name},
	};
	size_t count = 0;

	/* Calls of different functions are no part of anything. */
	for (int i = report->mode == REPORT_CALLEES && report->sort == SORT_CALLS ? CALLS : SHARE; i < COLUMNS; i++)
		columns[count++] = all[i];
	return count;
}

static void say_rest(struct report *report, int more, int recursive)
{
	if (more)
		cli_add_format(&report->out, "%sThere are more: --limit 0 shows all%s\n", cli_style_on(CLI_DIM), cli_style_off(CLI_DIM));
	if (recursive)
		cli_add_format(&report->out, "%sRecursion: time in a call within a call is in the total of both rows, in each once%s\n",
			       cli_style_on(CLI_DIM), cli_style_off(CLI_DIM));
	report->lines += (size_t)(more + recursive);
}

int report_calls(struct report *report)
{
	const struct words *w = &words[report->mode == REPORT_CALLEES];
	struct cli_column columns[COLUMNS];
	const size_t count = choose_columns(report, w, columns);
	struct sums sums = {0};
	struct tr_query *q;
	char *function = NULL, *place = NULL;
	int64_t rows = 0;
	double total_sum = 0;
	int recursive = 0, more;

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, w->query, sorts[report->sort]);
	int status = report_query_and_one(report, &q, w->query, sorts[report->sort]);
	if (status)
		return status;
	struct cli_table *table = cli_table_create(columns, count);
	while ((more = (status = tr_next(q, &report->error)) == 1) && (report->limit == NO_LIMIT || rows < report->limit)) {
		const char *name = report_name(q, tr_column(q, "function")), *at = report_place(q, tr_column(q, "file"), tr_column(q, "line"));
		if (!function || strcmp(function, name) || strcmp(place, at)) {
			free(function);
			free(place);
			function = cli_strdup(name);
			place = cli_strdup(at);
			sums = (struct sums){report_number(q, "function_calls"), report_number(q, "function_total_ns"),
					     report_number(q, "function_self_ns"), 0, 0};
			total_sum = 0;
			add_heading(table, q, &sums, !rows);
		}
		add_row(report, table, q, w, &sums);
		total_sum += (double)report_number(q, "total_ns");
		/* A nanosecond for each row that was rounded. */
		recursive |= report_number(q, "recursive_calls") > 0 || total_sum > (double)sums.total_ns + (double)rows + 1;
		rows++;
	}
	tr_finish(q);
	free(function);
	free(place);
	if (status >= 0 && rows)
		cli_table_print(table, &report->out, cli_screen()->width, 0);
	else if (status >= 0)
		cli_add_text(&report->out, "It was not called there.\n");
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	say_rest(report, more && status >= 0, recursive);
	return status < 0 ? status : 0;
}
