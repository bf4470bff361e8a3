/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * coverage.c - which functions were called at all (--coverage): how many of each source file or image, or those that
 * never were.
 */
#include "report/report.h"

#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum { SHARE, CALLED, OF, NEVER, WITHOUT, PLACE, COLUMNS };

static int several_images;

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	char text[CLI_NUMBER_BYTES];
	const char *image = tr_text(q, tr_column(q, "image"), NULL), *file = tr_text(q, tr_column(q, "file"), NULL);

	switch (column) {
	case SHARE:
		cli_cell(table, CLI_PLAIN, cli_share(text, (double)report_number(q, "called"), (double)report_number(q, "functions")));
		break;
	case CALLED:
		report_count_cell(table, report_number(q, "called"));
		break;
	case OF:
		report_count_cell(table, report_number(q, "functions"));
		break;
	case NEVER:
		report_count_cell(table, report_number(q, "never_called"));
		break;
	case WITHOUT:
		report_count_cell(table, report_number(q, "not_instrumented"));
		break;
	default:
		if (report->by == BY_IMAGE)
			cli_cell(table, CLI_PLAIN, *image ? image : "(unknown)");
		else
			cli_cell_parts(table, *file ? CLI_PLAIN : CLI_DIM, NULL, *file ? file : "(compiled without -g)",
				       several_images ? base(image) : "");
	}
}

static void add_function(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	(void)report;
	if (!column)
		cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, tr_column(q, "function")), report_place(q, tr_column(q, "file"), tr_column(q, "line")));
	else
		cli_cell(table, CLI_DIM, base(tr_text(q, tr_column(q, "image"), NULL)));
}

static void say_no_functions(struct report *report)
{
	cli_add_text(&report->out, "No function with hooks is known.\n");
}

static void say_all_called(struct report *report)
{
	cli_add_text(&report->out, "Every function with hooks was called.\n");
}

static int read_sums(struct report *report, int64_t *functions, int64_t *called, int64_t *without)
{
	const int by = report->by;
	struct tr_query *q;
	int64_t images = 0;

	report->by = BY_IMAGE;
	int status = report_query_limited(report, &q, "coverage", NULL, NO_LIMIT);
	report->by = by;
	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		*functions = report_sum(*functions, report_number(q, "functions"));
		*called = report_sum(*called, report_number(q, "called"));
		*without = report_sum(*without, report_number(q, "not_instrumented"));
		images++;
	}
	tr_finish(q);
	several_images = images > 1;
	return status;
}

int report_coverage(struct report *report)
{
	static const struct cli_column columns[COLUMNS] = {
		[SHARE] = {.title = "called %"}, [CALLED] = {.title = "called"}, [OF] = {.title = "of"},
		[NEVER] = {.title = "never"}, [WITHOUT] = {.title = "no hooks", .drop = 1},
		[PLACE] = {.title = "source file", .left = 1, .comfort = 32},
	}, by_function[] = {
		{.title = "never called", .left = 1, .comfort = 40, .shorten = report_shorten_name}, {.title = "image", .left = 1, .drop = 1},
	};
	static const int which[COLUMNS] = {SHARE, CALLED, OF, NEVER, WITHOUT, PLACE};
	struct cli_column shown[COLUMNS];
	int64_t functions = 0, called = 0, without = 0;
	char count[64], of[CLI_NUMBER_BYTES], share[CLI_NUMBER_BYTES];
	int status;

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, report->by == BY_FUNCTION ? "never_called" : "coverage", NULL);
	if ((status = read_sums(report, &functions, &called, &without)))
		return status;
	if (functions) {
		cli_add_format(&report->out, "%s of %s functions with hooks were called (%s)", cli_count(count, called), cli_count(of, functions),
			       cli_share(share, (double)called, (double)functions));
		if (without)
			cli_add_format(&report->out, "; %s no hooks (--info)", cli_counted(count, sizeof(count), without, "more has", "more have"));
		cli_add_text(&report->out, "\n");
	}
	memcpy(shown, columns, sizeof(shown));
	if (report->by == BY_IMAGE)
		shown[PLACE].title = "image";
	struct report_places places = {
		.query = "coverage", .part = "never_called", .whole = (double)(functions - called), .columns = shown, .which = which,
		.count = COLUMNS, .add_cell = add_cell, .say_nothing = say_no_functions,
	};
	if (report->by == BY_FUNCTION)
		places = (struct report_places){.query = "never_called", .part = "line", .columns = by_function, .which = which, .count = several_images ? 2 : 1,
						.add_cell = add_function, .say_nothing = functions ? say_all_called : say_no_functions};
	status = report_places(report, &places);
	if (!status && called < functions)
		report_say(report, CLI_DIM, "Calls that were inlined (-O1 and up) are not seen: -O0 has all of them");
	return status;
}
