/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * histogram.c - how large blocks are and how long those lived that were freed, in powers of two: two
 * histograms side by side, so that both fit on a screen.
 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum { SIZE, BLOCKS, SIZE_SHARE, SIZE_BAR, LIFETIME, FREED, LIFETIME_SHARE, LIFETIME_BAR, COLUMNS };
enum { FIGURES_WIDTH = 44, BAR_LEAST = 6, BAR_MOST = 24 }; /* in columns of the screen: without counts and bars */
enum { MOST_ROWS = 64 }; /* powers of two */

struct counts {
	struct count {
		int64_t low, blocks;
	} rows[MOST_ROWS];
	size_t count;
	int64_t most, sum;
};

static int read_counts(struct report *report, const char *sort, struct counts *sizes, struct counts *lifetimes)
{
	struct tr_query *q;
	int status = report_query_limited(report, &q, "heap_histogram", sort, report->limited ? report->limit : NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		struct counts *c = !strcmp(tr_text(q, tr_column(q, "histogram"), NULL), "size_bytes") ? sizes : lifetimes;
		int64_t blocks = report_number(q, "blocks");
		int64_t low = report_number(q, "low");
		/* Several ticks to a nanosecond: one row for all of it. */
		if (c->count && (c->rows[c->count - 1].low == low || c->count == MOST_ROWS))
			c->rows[c->count - 1].blocks = report_sum(c->rows[c->count - 1].blocks, blocks);
		else
			c->rows[c->count++] = (struct count){low, blocks};
		c->sum = report_sum(c->sum, blocks);
		if (c->rows[c->count - 1].blocks > c->most)
			c->most = c->rows[c->count - 1].blocks;
	}
	tr_finish(q);
	return status;
}

/* The four cells of a row; behind the last row of a histogram they are empty. */
static void add_cells(struct cli_table *table, const struct counts *c, size_t row, char *(*unit)(char *, int64_t), size_t width)
{
	struct cli_buffer bar = {0};
	char text[CLI_NUMBER_BYTES];

	if (row >= c->count) {
		for (int i = 0; i < 4; i++)
			cli_cell(table, CLI_PLAIN, "");
		return;
	}
	const struct count *r = &c->rows[row];
	cli_cell(table, CLI_PLAIN, unit(text, r->low));
	report_count_cell(table, r->blocks);
	cli_cell(table, report_heat((double)r->blocks, (double)c->sum),
		 r->blocks ? cli_share(text, (double)r->blocks, (double)c->sum) : "");
	cli_add_bar(&bar, (double)r->blocks, (double)c->most, width);
	cli_cell(table, CLI_PLAIN, cli_text_of(&bar));
	cli_buffer_fini(&bar);
}

/* What the figures leave of the screen, for each of two bars. */
static size_t bar_width(size_t screen, const struct counts *sizes, const struct counts *lifetimes)
{
	char text[CLI_NUMBER_BYTES];
	size_t figures = FIGURES_WIDTH, digits = cli_width(cli_count(text, sizes->most));

	figures += digits > sizeof("blocks") ? digits : sizeof("blocks");
	digits = cli_width(cli_count(text, lifetimes->most));
	figures += digits > sizeof("freed") ? digits : sizeof("freed");
	size_t width = screen > figures ? (screen - figures) / 2 : BAR_LEAST;
	return !screen || width > BAR_MOST ? BAR_MOST : width < BAR_LEAST ? BAR_LEAST : width;
}

int report_histogram(struct report *report, const char *sort)
{
	static const struct cli_column columns[COLUMNS] = {
		[SIZE] = {.title = "size from"},
		[BLOCKS] = {.title = "blocks"},
		[SIZE_SHARE] = {.title = "", .drop = 2},
		[SIZE_BAR] = {.title = "", .left = 1, .drop = 1},
		[LIFETIME] = {.title = "life from"},
		[FREED] = {.title = "freed"},
		[LIFETIME_SHARE] = {.title = "", .drop = 2},
		[LIFETIME_BAR] = {.title = "", .left = 1, .drop = 1},
	};
	const size_t screen = cli_screen()->width;
	struct counts *both = cli_realloc(NULL, 2, sizeof(*both)), *sizes = both, *lifetimes = both + 1;

	memset(both, 0, 2 * sizeof(*both));
	int status = read_counts(report, sort, sizes, lifetimes);
	const size_t width = bar_width(screen, sizes, lifetimes);
	/* Nothing freed: the right half is left out. */
	struct cli_table *table = cli_table_create(columns, lifetimes->count ? COLUMNS : LIFETIME);
	for (size_t row = 0; row < sizes->count || row < lifetimes->count; row++) {
		add_cells(table, sizes, row, cli_bytes, width);
		if (lifetimes->count)
			add_cells(table, lifetimes, row, cli_duration, width);
	}
	if (status >= 0 && sizes->count)
		cli_table_print(table, &report->out, screen, 0);
	else if (status >= 0)
		cli_add_text(&report->out, "No sizes were recorded.\n");
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	free(both);
	return status;
}
