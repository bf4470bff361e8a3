/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * histogram.c - how large blocks are and how long those lived that were freed, how long calls took, and those that may
 * block, how long locks were waited for and held, in powers of two: two histograms side by side, so that both
 * fit on a screen.
 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum { LOW, COUNT, SHARE, BAR, HALF, HALVES = 2 }; /* columns of one histogram */
enum { FIGURES_WIDTH = 44, BAR_LEAST = 6, BAR_MOST = 24 }; /* in columns of the screen: without counts and bars */
enum { MOST_ROWS = 64 }; /* powers of two */

static const struct histogram {
	const char *query, *count; /* the column that says how many */
	const char *none;          /* what is said where there is nothing */
	struct half {
		const char *name;  /* in the query's column histogram */
		const char *low, *count; /* titles */
		char *(*unit)(char *, int64_t);
	} halves[HALVES]; /* the second one may be none */
} histograms[REPORT_MODES] = {
	[REPORT_TOP] = {"call_histogram", "calls", "No call has ended.\n", {{"call_ns", "took from", "calls", cli_duration}, {0}}},
	[REPORT_ALLOCS] = {"heap_histogram", "blocks", "No sizes were recorded.\n",
			   {{"size_bytes", "size from", "blocks", cli_bytes}, {"lifetime_ns", "life from", "freed", cli_duration}}},
	[REPORT_BLOCKS] = {"block_histogram", "calls", "No time was spent in calls that may block.\n",
			   {{"block_ns", "took from", "calls", cli_duration}, {0}}},
	[REPORT_LOCKS] = {"lock_histogram", "count", "No wait for a lock, and no hold of one, has ended.\n",
			  {{"wait_ns", "waited from", "waits", cli_duration}, {"hold_ns", "held from", "holds", cli_duration}}},
};

struct counts {
	struct count {
		int64_t low, count;
	} rows[MOST_ROWS];
	size_t count;
	int64_t most, sum;
};

static int read_counts(struct report *report, const struct histogram *h, const char *sort, struct counts *counts)
{
	struct tr_query *q;
	int status = report_query_limited(report, &q, h->query, sort, report->limited ? report->limit : NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		struct counts *c = &counts[strcmp(tr_text(q, tr_column(q, "histogram"), NULL), h->halves[0].name) != 0];
		int64_t count = report_number(q, h->count), low = report_number(q, "low");
		/* Several ticks to a nanosecond: one row for all of it. */
		if (c->count && (c->rows[c->count - 1].low == low || c->count == MOST_ROWS))
			c->rows[c->count - 1].count = report_sum(c->rows[c->count - 1].count, count);
		else
			c->rows[c->count++] = (struct count){low, count};
		c->sum = report_sum(c->sum, count);
		if (c->rows[c->count - 1].count > c->most)
			c->most = c->rows[c->count - 1].count;
	}
	tr_finish(q);
	return status;
}

/* The four cells of a row; behind the last row of a histogram they are empty. */
static void add_cells(struct cli_table *table, const struct half *half, const struct counts *c, size_t row, size_t width)
{
	struct cli_buffer bar = {0};
	char text[CLI_NUMBER_BYTES];

	if (row >= c->count) {
		for (int i = 0; i < HALF; i++)
			cli_cell(table, CLI_PLAIN, "");
		return;
	}
	const struct count *r = &c->rows[row];
	cli_cell(table, CLI_PLAIN, half->unit(text, r->low));
	report_count_cell(table, r->count);
	cli_cell(table, report_heat((double)r->count, (double)c->sum),
		 r->count ? cli_share(text, (double)r->count, (double)c->sum) : "");
	cli_add_bar(&bar, (double)r->count, (double)c->most, width);
	cli_cell(table, CLI_PLAIN, cli_text_of(&bar));
	cli_buffer_fini(&bar);
}

/* What the figures leave of the screen, for each of two bars. */
static size_t bar_width(size_t screen, const struct histogram *h, const struct counts *counts)
{
	char text[CLI_NUMBER_BYTES];
	size_t figures = FIGURES_WIDTH;

	for (size_t i = 0; i < HALVES && h->halves[i].name; i++) {
		size_t title = strlen(h->halves[i].count) + 1, digits = cli_width(cli_count(text, counts[i].most));
		figures += digits > title ? digits : title;
	}
	size_t width = screen > figures ? (screen - figures) / 2 : BAR_LEAST;
	return !screen || width > BAR_MOST ? BAR_MOST : width < BAR_LEAST ? BAR_LEAST : width;
}

int report_histogram(struct report *report, const char *sort)
{
	const struct histogram *h = &histograms[report->mode];
	const size_t screen = cli_screen()->width;
	struct counts *counts = cli_realloc(NULL, HALVES, sizeof(*counts));
	struct cli_column columns[HALVES * HALF];
	size_t count = 0;

	memset(counts, 0, HALVES * sizeof(*counts));
	int status = read_counts(report, h, sort, counts);
	const size_t width = bar_width(screen, h, counts);
	/* One that has nothing is left out. */
	for (size_t i = 0; i < HALVES; i++) {
		if (!counts[i].count)
			continue;
		columns[count++] = (struct cli_column){.title = h->halves[i].low};
		columns[count++] = (struct cli_column){.title = h->halves[i].count};
		columns[count++] = (struct cli_column){.title = "", .drop = 2};
		columns[count++] = (struct cli_column){.title = "", .left = 1, .drop = 1};
	}
	if (status < 0 || !count) {
		cli_add_text(&report->out, status < 0 ? "" : h->none);
		free(counts);
		return status;
	}
	struct cli_table *table = cli_table_create(columns, count);
	for (size_t row = 0; row < counts[0].count || row < counts[1].count; row++)
		for (size_t i = 0; i < HALVES; i++)
			if (counts[i].count)
				add_cells(table, &h->halves[i], &counts[i], row, width);
	cli_table_print(table, &report->out, screen, 0);
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	free(counts);
	return status;
}
