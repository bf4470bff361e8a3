/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * memory.c - the heap over time, of one process: at most so many of its samples, evenly spaced in time, the
 * first, the last and the one nearest to the peak among them; and the peak itself. Rates are since the row
 * before.
 *
 *     read_samples ──► choose_rows ──► add_rows
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/text.h"
#include "cli/units.h"

enum { TIME, LIVE, BLOCKS, ALLOCS_RATE, BYTES_RATE, MAPPED, RSS, BAR, COLUMNS };
enum { FIGURES_WIDTH = 74, BAR_LEAST = 8, BAR_MOST = 30 }; /* in columns of the screen, about */

struct sample {
	int64_t time_ns, live_bytes, live_blocks, allocs, bytes, mapped_bytes, rss_bytes;
	int64_t allocs_per_s, bytes_per_s; /* since the row before */
	int has_rss, shown;
};

struct samples {
	struct sample *items;
	size_t count;
	int any_mapped;
};

static int read_samples(struct report *report, struct samples *samples)
{
	struct tr_query *q;
	int status = report_query_limited(report, &q, "memory", NULL, NO_LIMIT);

	if (status)
		return status;
	const size_t time = tr_column(q, "time_ns"), live_bytes = tr_column(q, "live_bytes"),
		     live_blocks = tr_column(q, "live_blocks"), allocs = tr_column(q, "allocs"), bytes = tr_column(q, "bytes"),
		     allocs_rate = tr_column(q, "allocs_per_s"), bytes_rate = tr_column(q, "bytes_per_s"),
		     mapped = tr_column(q, "mapped_bytes"), rss = tr_column(q, "rss_bytes");
	while ((status = tr_next(q, &report->error)) == 1) {
		samples->items = cli_room_for(samples->items, samples->count, sizeof(*samples->items));
		samples->items[samples->count++] = (struct sample){
			.time_ns = tr_integer(q, time),
			.live_bytes = tr_integer(q, live_bytes),
			.live_blocks = tr_integer(q, live_blocks),
			.allocs = tr_integer(q, allocs),
			.bytes = tr_integer(q, bytes),
			.allocs_per_s = tr_integer(q, allocs_rate),
			.bytes_per_s = tr_integer(q, bytes_rate),
			.mapped_bytes = tr_integer(q, mapped),
			.rss_bytes = tr_integer(q, rss),
			.has_rss = tr_type(q, rss) != TR_NULL,
		};
		samples->any_mapped |= tr_integer(q, mapped) != 0;
	}
	tr_finish(q);
	return status;
}

/* The sample nearest to a moment; from: one that is not behind it. */
static size_t find_nearest(const struct samples *samples, double time_ns, size_t from)
{
	size_t i = from;
	while (i + 1 < samples->count && (double)samples->items[i + 1].time_ns <= time_ns)
		i++;
	if (i + 1 < samples->count && (double)samples->items[i + 1].time_ns - time_ns < time_ns - (double)samples->items[i].time_ns)
		i++;
	return i;
}

/* The row nearest to the peak takes the place of the one beside it, if that is neither the first nor the last. */
static void show_peak(struct samples *samples, size_t peak)
{
	size_t before = peak, after = peak;

	if (samples->items[peak].shown)
		return;
	while (!samples->items[before].shown)
		before--;
	while (!samples->items[after].shown)
		after++;
	size_t victim = peak - before <= after - peak ? before : after;
	if (victim == 0)
		victim = after;
	if (victim == samples->count - 1)
		victim = before;
	if (victim == 0)
		return;
	samples->items[victim].shown = 0;
	samples->items[peak].shown = 1;
}

/* Marks the rows that are shown; returns how many. */
static size_t choose_rows(const struct report *report, struct samples *samples)
{
	const size_t n = samples->count, wanted = report->limit == NO_LIMIT || (uint64_t)report->limit > n ? n : (size_t)report->limit;
	size_t shown = 0;

	if (!n)
		return 0;
	double first = (double)samples->items[0].time_ns, last = (double)samples->items[n - 1].time_ns;
	samples->items[n - 1].shown = 1;
	if (wanted > 1)
		samples->items[0].shown = 1;
	for (size_t i = 1, at = 0; i + 1 < wanted; i++) {
		at = find_nearest(samples, first + (last - first) * (double)i / (double)(wanted - 1), at);
		samples->items[at].shown = 1;
	}
	/* Samples that lie close together were taken once: the others get the rest of the rows. */
	for (size_t i = 0; i < n; i++)
		shown += (size_t)samples->items[i].shown;
	for (size_t i = 0; i < n && shown < wanted; i++) {
		shown += !samples->items[i].shown;
		samples->items[i].shown = 1;
	}
	if (wanted > 2)
		show_peak(samples, find_nearest(samples, (double)report->heap.most_ns, 0));
	return shown;
}

static int64_t rate(int64_t now, int64_t before, int64_t ns)
{
	double per_second = ns > 0 ? (double)report_difference(now, before) * 1e9 / (double)ns : 0;
	return per_second < 9e18 && per_second > -9e18 ? (int64_t)per_second : INT64_MAX;
}

static void rate_cells(struct cli_table *table, const struct sample *s, const struct sample *before)
{
	int64_t ns = before ? report_difference(s->time_ns, before->time_ns) : 0;
	int64_t allocs = before ? rate(s->allocs, before->allocs, ns) : s->allocs_per_s;
	int64_t bytes = before ? rate(s->bytes, before->bytes, ns) : s->bytes_per_s;
	char text[CLI_NUMBER_BYTES];

	report_count_cell(table, allocs);
	cli_cell_format(table, bytes ? CLI_PLAIN : CLI_DIM, "%s%s", bytes ? cli_bytes(text, bytes) : "-", bytes ? "/s" : "");
}

static void bar_cell(struct cli_table *table, int64_t bytes, int64_t most, size_t width, const char *note)
{
	struct cli_buffer bar = {0};

	cli_add_bar(&bar, (double)bytes, (double)most, width);
	cli_add_text(&bar, note);
	cli_cell(table, *note ? CLI_HOT : CLI_PLAIN, cli_text_of(&bar));
	cli_buffer_fini(&bar);
}

static const char peak_note[] = " peak";

/* Between two samples, as a rule: of the rest nothing is known then. */
static void add_peak(const struct report_heap *heap, struct cli_table *table, int any_mapped, size_t width)
{
	char text[CLI_NUMBER_BYTES];

	cli_cell(table, CLI_PLAIN, cli_duration(text, heap->most_ns));
	report_bytes_cell(table, heap->most_bytes);
	report_count_cell(table, heap->most_blocks);
	for (int i = BLOCKS + 1; i < BAR; i++)
		if (i != MAPPED || any_mapped)
			cli_cell(table, CLI_PLAIN, "");
	bar_cell(table, heap->most_bytes, heap->most_bytes, width, peak_note);
}

static void add_rows(const struct report *report, struct cli_table *table, const struct samples *samples, size_t width)
{
	const struct sample *before = NULL;
	const struct report_heap *heap = &report->heap;
	char text[CLI_NUMBER_BYTES];
	int peak_comes = heap->most_bytes > 0;

	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *s = &samples->items[i];
		if (!s->shown)
			continue;
		if (peak_comes && s->time_ns >= heap->most_ns) {
			add_peak(heap, table, samples->any_mapped, width);
			peak_comes = 0;
		}
		cli_cell(table, CLI_PLAIN, cli_duration(text, s->time_ns));
		report_bytes_cell(table, s->live_bytes);
		report_count_cell(table, s->live_blocks);
		rate_cells(table, s, before);
		if (samples->any_mapped)
			report_bytes_cell(table, s->mapped_bytes);
		cli_cell(table, s->has_rss ? CLI_PLAIN : CLI_DIM, s->has_rss ? cli_bytes(text, s->rss_bytes) : "-");
		bar_cell(table, s->live_bytes, heap->most_bytes, width, "");
		before = s;
	}
}

int report_memory(struct report *report)
{
	const size_t screen = cli_screen()->width;
	const size_t width = !screen || screen > FIGURES_WIDTH + BAR_MOST ? BAR_MOST
			     : screen > FIGURES_WIDTH + BAR_LEAST	  ? screen - FIGURES_WIDTH
									  : BAR_LEAST;
	static const struct cli_column all[COLUMNS] = {
		[TIME] = {.title = "time"},
		[LIVE] = {.title = "live"},
		[BLOCKS] = {.title = "blocks"},
		[ALLOCS_RATE] = {.title = "allocs/s", .drop = 2},
		[BYTES_RATE] = {.title = "bytes/s", .drop = 3},
		[MAPPED] = {.title = "mapped", .drop = 1},
		[RSS] = {.title = "resident", .drop = 4},
		[BAR] = {.title = "of the peak", .left = 1, .comfort = BAR_LEAST + sizeof(peak_note)},
	};
	struct cli_column columns[COLUMNS];
	size_t column_count = 0;
	struct samples samples = {0};
	int64_t asked = report->process_id;
	char count[64];
	int status;

	if (!report->show_sql && report_has_no_heap(report) && report->format == CLI_FORMAT_TEXT)
		return 0;
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "memory", NULL);
	report->process_id = report->heap.most_process_id;
	status = read_samples(report, &samples);
	report->process_id = asked;
	if (status < 0)
		goto done;
	size_t rows = choose_rows(report, &samples);
	for (int i = 0; i < COLUMNS; i++)
		if (i != MAPPED || samples.any_mapped)
			columns[column_count++] = all[i];
	struct cli_table *table = cli_table_create(columns, column_count);
	add_rows(report, table, &samples, width);
	if (rows)
		cli_table_print(table, &report->out, screen, 0);
	else
		cli_add_text(&report->out, "The heap was never looked at: the run ended before the first checkpoint.\n");
	if (rows < samples.count)
		cli_add_format(&report->out, "%s%zu of %s: --limit 0 shows all%s\n", cli_style_on(CLI_DIM), rows,
			       cli_counted(count, sizeof(count), (int64_t)samples.count, "sample", NULL), cli_style_off(CLI_DIM));
	report->lines += cli_table_lines(table) + 1;
	cli_table_destroy(table);
done:
	free(samples.items);
	return status;
}
