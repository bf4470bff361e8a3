/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * history.c - what was alive at an earlier time (--heap-at), or how that differs between two (--growth); by
 * calling context and place. What was alive is kept at moments, about every second, and at the end; what happened
 * since the last of them is read from the events (tr_heap_at). Where these are missing the answer is of that moment,
 * in each process its own, and the header says which, and why.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/units.h"

enum { SHARE, BYTES, BLOCKS, BEFORE, AFTER, LIVE, PROCESS, NAME, COLUMNS };
enum { FIGURES_WIDTH = 58 }; /* about, in columns of the screen */
enum { FEW = 3 };            /* processes whose moments are told; --format csv has all */
enum { MOMENT_BYTES = 64 };
enum { SAME_NS = 10 };       /* what ticks of the clock may be off */

static const char *const orders[] = {"bytes", "blocks"}; /* by enum report_live_sort */

static int is_growth(const struct report *report)
{
	return report->mode == REPORT_GROWTH;
}

static int is_known(struct tr_query *q, const char *column)
{
	return tr_type(q, tr_column(q, column)) != TR_NULL;
}

/* Rounded up, and not to three digits: who asks for what was read here gets this moment. */
static const char *moment(char *out, int64_t ns)
{
	int64_t ms = ns / 1000000 + (ns % 1000000 > 0);
	snprintf(out, MOMENT_BYTES, "%" PRId64 ".%03" PRId64 " s", ms / 1000, ms < 0 ? 0 : ms % 1000);
	return out;
}

/* The time that was asked for, in as many digits as it has. */
static const char *asked_time(char *out, int64_t ns)
{
	int length = snprintf(out, MOMENT_BYTES, "%" PRId64 ".%09" PRId64, ns / 1000000000, ns % 1000000000);
	for (int least = length - 6; length > least && out[length - 1] == '0'; length--)
		;
	snprintf(out + length, MOMENT_BYTES - (size_t)length, " s");
	return out;
}

/* "+1.21 KiB", "-3 bytes" */
static const char *signed_bytes(char *out, int64_t bytes)
{
	out[0] = bytes < 0 ? '-' : '+';
	cli_bytes(out + 1, bytes < 0 ? report_difference(0, bytes) : bytes);
	return out;
}

static const char *signed_count(char *out, int64_t count)
{
	out[0] = count < 0 ? '-' : '+';
	cli_count(out + 1, count < 0 ? report_difference(0, count) : count);
	return out;
}

/* ---- header ------------------------------------------------------------------------------------------ */

/* "at the end (5.000 s)", "at 3.000 s", with another word for "at" */
static void add_moment(const struct report *report, struct cli_buffer *out, const char *word, struct tr_query *q,
		       const char *column, const char *end_column, int64_t asked_ns)
{
	char text[MOMENT_BYTES];

	if (!is_known(q, column))
		cli_add_format(out, "%s the start", word);
	else if (report_number(q, end_column))
		cli_add_format(out, "%s the %s (%s)", word, report->recording ? "last checkpoint" : "end",
			       moment(text, report_number(q, column)));
	else if (report_difference(asked_ns, report_number(q, column)) < SAME_NS)
		cli_add_format(out, "%s %s", word, asked_time(text, asked_ns));
	else
		cli_add_format(out, "%s %s", word, moment(text, report_number(q, column)));
}

static void add_moments(struct report *report, struct cli_buffer *out, struct tr_query *q)
{
	if (!is_known(q, "to_ns")) {
		cli_add_text(out, "at no moment so early");
	} else if (is_growth(report)) {
		add_moment(report, out, "from", q, "from_ns", "from_end", report->span_ns[0]);
		add_moment(report, out, " to", q, "to_ns", "to_end", report->span_ns[1]);
	} else {
		add_moment(report, out, "at", q, "to_ns", "to_end", report->at_ns);
	}
	if (report->heap.processes > 1)
		cli_add_format(out, " in process %" PRId64, report_number(q, "process_id"));
}

static void add_up(struct report_span *span, struct tr_query *q)
{
	const struct {
		const char *column;
		int64_t *sum;
	} sums[] = {
		{"from_bytes", &span->from_bytes},   {"from_blocks", &span->from_blocks},   {"to_bytes", &span->to_bytes},
		{"to_blocks", &span->to_blocks},     {"grown_bytes", &span->grown_bytes},   {"grown_blocks", &span->grown_blocks},
	};

	if (!span->last_ns || report_number(q, "first_ns") < span->first_ns)
		span->first_ns = report_number(q, "first_ns");
	if (report_number(q, "last_ns") > span->last_ns)
		span->last_ns = report_number(q, "last_ns");
	if (!is_known(q, "to_ns"))
		return;
	span->processes++;
	span->apart += !is_known(q, "from_ns") || report_number(q, "from_ns") != report_number(q, "to_ns");
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i].sum = report_sum(*sums[i].sum, report_number(q, sums[i].column));
}

/* Is the moment another time than what was asked for, also as it is printed, and not the end, which is as late as
 * can be? That of a process without one so early is its start. */
static int is_earlier(struct tr_query *q, const char *column, const char *end_column, int64_t asked_ns)
{
	return is_known(q, column) ? !report_number(q, end_column) && report_difference(asked_ns, report_number(q, column)) >= 1000000 : asked_ns > 0;
}

/* "the heap at 3.000 s, the last moment that is kept before 3.50 s: 3 MiB in 12 blocks" */
static void say_moments(struct report *report, const char *moments, int earlier, int earlier_from)
{
	const struct report_span *span = &report->span;
	const int many = report->heap.processes > 1 || (earlier && earlier_from);
	char from[CLI_NUMBER_BYTES], to[CLI_NUMBER_BYTES], bytes[CLI_NUMBER_BYTES + 1], count[64];
	struct cli_buffer text = {0};

	cli_add_format(&text, "the heap %s", moments);
	if (earlier || earlier_from) {
		cli_add_text(&text, many ? ", the last moments that are kept before " : ", the last moment that is kept before ");
		if (earlier_from)
			cli_add_format(&text, "%s%s", cli_duration(from, report->span_ns[0]), earlier ? " and " : "");
		if (earlier)
			cli_add_text(&text, cli_duration(to, is_growth(report) ? report->span_ns[1] : report->at_ns));
		if (*span->why)
			cli_add_format(&text, " (%s)", span->why);
	}
	if (is_growth(report)) {
		int64_t more = report_difference(span->to_bytes, span->from_bytes);
		cli_add_format(&text, ": %s", signed_bytes(bytes, more));
		if (span->grown_bytes && span->grown_bytes != more) {
			cli_add_format(&text, " (%s in what grew", signed_bytes(bytes, span->grown_bytes));
			cli_add_format(&text, ", %s in what shrank)", signed_bytes(bytes, report_difference(more, span->grown_bytes)));
		}
		cli_add_format(&text, ", from %s", cli_bytes(bytes, span->from_bytes));
		cli_add_format(&text, " in %s", cli_counted(count, sizeof(count), span->from_blocks, "block", NULL));
		cli_add_format(&text, " to %s", cli_bytes(bytes, span->to_bytes));
	} else {
		cli_add_format(&text, ": %s", cli_bytes(bytes, span->to_bytes));
	}
	cli_add_format(&text, " in %s", cli_counted(count, sizeof(count), span->to_blocks, "block", NULL));
	report_say(report, CLI_PLAIN, "%s", cli_text_of(&text));
	cli_buffer_fini(&text);
}

/* Times are those since the start of the run. */
static void say_none(struct report *report)
{
	char asked[CLI_NUMBER_BYTES], first[MOMENT_BYTES], last[MOMENT_BYTES];

	cli_duration(asked, is_growth(report) ? report->span_ns[1] : report->at_ns);
	moment(first, report->span.first_ns);
	moment(last, report->span.last_ns);
	if (report->span.first_ns == report->span.last_ns)
		report_say(report, CLI_WARN, "What was alive at %s is not kept: the only moment that is kept is at %s", asked, first);
	else
		report_say(report, CLI_WARN, "What was alive at %s is not kept: the first moment that is kept is at %s, the last at %s",
			   asked, first, last);
}

int report_history_header(struct report *report)
{
	struct cli_buffer moments = {0};
	int earlier = 0, earlier_from = 0, told = 0;
	const int64_t *times = is_growth(report) ? report->span_ns : &report->at_ns;
	struct tr_query *q;
	int status = 0;

	if (report->kind == KIND_HEAP)
		status = tr_heap_at(report->trace, report->process_id == ANY ? -1 : report->process_id, times,
				    is_growth(report) ? 2 : 1, report->span.why, sizeof(report->span.why), &report->error);
	else
		snprintf(report->span.why, sizeof(report->span.why), "times between are kept of the heap alone");

	if (status || (status = report_query(report, &q, "heap_moments", NULL)))
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		add_up(&report->span, q);
		earlier |= is_known(q, "to_ns") && is_earlier(q, "to_ns", "to_end", is_growth(report) ? report->span_ns[1] : report->at_ns);
		earlier_from |= is_growth(report) && is_earlier(q, "from_ns", "from_end", report->span_ns[0]);
		if (told++ < FEW) {
			cli_add_text(&moments, told > 1 ? ", " : "");
			add_moments(report, &moments, q);
		}
	}
	tr_finish(q);
	if (told > FEW)
		cli_add_format(&moments, ", and theirs in %d more process%s", told - FEW, told - FEW == 1 ? "" : "es");
	if (!status && told && !report->span.processes && report->format != CLI_FORMAT_TEXT)
		say_none(report); /* text: in place of the table */
	else if (!status && report->span.processes)
		say_moments(report, cli_text_of(&moments), earlier, earlier_from);
	cli_buffer_fini(&moments);
	return status;
}

/* ---- table ------------------------------------------------------------------------------------------- */

static size_t choose_columns(const struct report *report, struct cli_column *columns, int *which)
{
	const int growth = is_growth(report);
	const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = report->sort == SORT_LIVE_BLOCKS ? "blocks %" : "bytes %"},
		[BYTES] = {.title = growth ? "growth" : "bytes"},
		[BLOCKS] = {.title = "blocks"},
		[BEFORE] = {.title = "before", .drop = 3},
		[AFTER] = {.title = "after", .drop = 2},
		[LIVE] = {.title = report->recording ? "by now" : "at the end", .drop = 2},
		[PROCESS] = {.title = "process", .drop = 1},
		[NAME] = {.title = "place, and call path", .left = 1, .comfort = 32, .shorten_tail = report_shorten_called},
	};
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (((i == SHARE || i == LIVE) && growth) || ((i == BEFORE || i == AFTER) && !growth) ||
		    (i == PROCESS && report->heap.processes < 2))
			continue;
		columns[count] = all[i];
		which[count++] = i;
	}
	return count;
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	const int by_blocks = report->sort == SORT_LIVE_BLOCKS, growth = is_growth(report);
	const struct report_span *span = &report->span;
	const double part = (double)report_number(q, orders[report->sort]);
	const double whole = (double)(growth ? by_blocks ? span->grown_blocks : span->grown_bytes
					     : by_blocks ? span->to_blocks : span->to_bytes);
	char text[CLI_NUMBER_BYTES + 1];

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(part, whole), cli_share(text, part, whole));
		break;
	case BYTES:
		if (growth)
			cli_cell(table, by_blocks ? CLI_PLAIN : report_heat(part, whole), signed_bytes(text, report_number(q, "bytes")));
		else
			report_bytes_cell(table, report_number(q, "bytes"));
		break;
	case BLOCKS:
		if (growth)
			cli_cell(table, by_blocks ? report_heat(part, whole) : CLI_PLAIN, signed_count(text, report_number(q, "blocks")));
		else
			report_count_cell(table, report_number(q, "blocks"));
		break;
	case BEFORE:
		report_bytes_cell(table, report_number(q, "from_bytes"));
		break;
	case AFTER:
		report_bytes_cell(table, report_number(q, "to_bytes"));
		break;
	case LIVE:
		report_bytes_cell(table, report_number(q, "live_bytes"));
		break;
	case PROCESS:
		cli_cell_format(table, CLI_PLAIN, "%" PRId64, report_number(q, "process_id"));
		break;
	default:
		report_place_cell(table, q);
	}
}

static void say_nothing(struct report *report)
{
	const struct report_span *span = &report->span;

	if (!span->processes) {
		say_none(report);
		return;
	}
	if (!is_growth(report))
		cli_add_text(&report->out, "Nothing was alive then.\n");
	else if (!span->apart)
		cli_add_text(&report->out, "Both times have the same moment: nothing is kept between them.\n");
	else
		cli_add_text(&report->out, "As much was alive at both moments, by each place and call path.\n");
	report->lines++;
}

int report_history(struct report *report)
{
	const struct report_span *span = &report->span;
	struct cli_column columns[COLUMNS];
	int which[COLUMNS];
	struct report_places places = {
		.query = is_growth(report) ? "heap_growth" : "heap_at", .order = orders[report->sort], .part = orders[report->sort],
		/* What grew and what shrank have no share in each other. */
		.whole = is_growth(report) ? 0 : (double)(report->sort == SORT_LIVE_BLOCKS ? span->to_blocks : span->to_bytes),
		.path_from = FIGURES_WIDTH, .columns = columns, .which = which, .add_cell = add_cell, .say_nothing = say_nothing,
	};

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, places.query, places.order);
	if (report_has_no_heap(report))
		return 0;
	places.count = choose_columns(report, columns, which);
	return report_places(report, &places);
}
