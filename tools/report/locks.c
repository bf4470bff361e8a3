/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * locks.c - locks: how often each was taken, waited for and held; of one lock, where that was and who waited for whom.
 *
 * Waits are of all threads together: two that wait for a second each have waited two.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/units.h"

enum { NUMBER, WAIT, WAIT_MAX, WAIT_P99, TAKEN, CONTENDED, FAILED, HOLD, HOLD_MAX, HOLD_P99, BLAMED, WAITS, INSIDE, COUNT, PROCESS, NAME, COLUMNS };
enum { FIGURES_WIDTH = 72 }; /* about, in columns of the screen */

/* By enum report_locks_sort. */
static const char *const orders[] = {"wait_ns", "hold_ns", "acquisitions", "contended"};

static const struct cli_column all[COLUMNS] = {
	[NUMBER] = {.title = "lock"},
	[WAIT] = {.title = "waited"},
	[WAIT_MAX] = {.title = "longest wait", .drop = 3},
	[WAIT_P99] = {.title = "p99 wait", .drop = 5},
	[TAKEN] = {.title = "taken"},
	[CONTENDED] = {.title = "contended"},
	[FAILED] = {.title = "failed", .drop = 6},
	[HOLD] = {.title = "held"},
	[HOLD_MAX] = {.title = "longest hold", .drop = 4},
	[HOLD_P99] = {.title = "p99 hold", .drop = 5},
	[BLAMED] = {.title = "others waited"},
	[WAITS] = {.title = "waits"},
	[INSIDE] = {.title = "time"},
	[COUNT] = {.title = "count"},
	[PROCESS] = {.title = "process", .drop = 1},
	[NAME] = {.left = 1, .comfort = 32},
};

static size_t choose_columns(const struct report *report, const int *wanted, size_t wanted_count, const char *title,
			     struct cli_column *columns, int *which)
{
	size_t count = 0;

	for (size_t i = 0; i < wanted_count; i++) {
		if (wanted[i] == PROCESS && report->processes < 2)
			continue;
		columns[count] = all[wanted[i]];
		which[count++] = wanted[i];
	}
	columns[count - 1].title = title;
	return count;
}

static void duration_cell(struct cli_table *table, struct tr_query *q, const char *column)
{
	char text[CLI_NUMBER_BYTES];
	int64_t ns = report_number(q, column);

	cli_cell(table, ns ? CLI_PLAIN : CLI_DIM, ns ? cli_duration(text, ns) : "-");
}

/* "table.lock  mutex, queue.c:23"; what has no name goes by the place that took it first. */
static void name_cell(struct cli_table *table, struct tr_query *q)
{
	const char *name = tr_text(q, tr_column(q, "name"), NULL), *kind = tr_text(q, tr_column(q, "kind"), NULL);
	const char *called = tr_text(q, tr_column(q, "called"), NULL);
	const char *place = report_place(q, tr_column(q, "file"), tr_column(q, "line"));
	struct cli_buffer rest = {0};

	cli_add_format(&rest, "%s%s%s", kind, *name && *place ? ", " : "", *name ? place : "");
	cli_cell_parts(table, CLI_PLAIN, NULL, *name ? name : *place ? place : *called ? called : "(many)", cli_text_of(&rest));
	cli_buffer_fini(&rest);
}

static void place_cell(struct cli_table *table, struct tr_query *q)
{
	const char *called = tr_text(q, tr_column(q, "called"), NULL);
	const char *place = report_place(q, tr_column(q, "file"), tr_column(q, "line"));

	cli_cell_parts(table, CLI_PLAIN, NULL, *place ? place : called, *place ? called : "(compiled without -g)");
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	static const char *const durations[COLUMNS] = {
		[WAIT] = "wait_ns", [WAIT_MAX] = "max_wait_ns", [WAIT_P99] = "p99_wait_ns", [HOLD] = "hold_ns", [HOLD_MAX] = "max_hold_ns",
		[HOLD_P99] = "p99_hold_ns", [BLAMED] = "blamed_ns",
	};
	char text[CLI_NUMBER_BYTES], share[CLI_NUMBER_BYTES];
	int64_t contended = report_number(q, "contended");

	switch (column) {
	case NUMBER:
		cli_cell_format(table, CLI_PLAIN, "%" PRId64, report_number(q, "lock_id"));
		break;
	case PROCESS:
		cli_cell_format(table, CLI_PLAIN, "%" PRId64, report_number(q, "process_id"));
		break;
	case TAKEN:
		report_count_cell(table, report_number(q, "acquisitions"));
		break;
	case CONTENDED: /* of all that wanted it: not all got it */
		cli_count(text, contended);
		cli_share(share, (double)contended, (double)report_sum(report_number(q, "acquisitions"), report_number(q, "failed")));
		cli_cell_format(table, contended ? CLI_PLAIN : CLI_DIM, contended ? "%s, %s" : "-", text, share);
		break;
	case FAILED:
		report_count_cell(table, report_number(q, "failed"));
		break;
	case NAME:
		if (report->lock == ANY)
			name_cell(table, q);
		else
			place_cell(table, q);
		break;
	default:
		duration_cell(table, q, durations[column]);
	}
}

static void add_pair_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	const char *holder = tr_text(q, tr_column(q, "holder"), NULL);
	struct cli_buffer text = {0};

	(void)report;
	switch (column) {
	case WAIT:
		duration_cell(table, q, "wait_ns");
		break;
	case WAITS:
		report_count_cell(table, report_number(q, "waits"));
		break;
	default:
		cli_add_format(&text, "%s waited for %s", report_name(q, tr_column(q, "function")), *holder ? holder : "(not known)");
		cli_cell(table, CLI_PLAIN, cli_text_of(&text));
		cli_buffer_fini(&text);
	}
}

/* "fsync  store cache.c:34", "lock table  grow cache.c:42", "blocks allocated, 3.1 MiB  taken in look_up cache.c:22" */
static void add_inside_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	const char *place = tr_text(q, tr_column(q, "place"), NULL), *base = strrchr(place, '/');
	const char *kind = tr_text(q, tr_column(q, "what"), NULL);
	struct cli_buffer what = {0}, where = {0};
	char bytes[CLI_NUMBER_BYTES];

	(void)report;
	switch (column) {
	case INSIDE:
		duration_cell(table, q, "inside_ns");
		break;
	case COUNT:
		report_count_cell(table, report_number(q, "count"));
		break;
	case HOLD_MAX:
		duration_cell(table, q, "longest_ns");
		break;
	default:
		if (*kind == 'a')
			cli_add_format(&what, "block%s allocated, %s", report_number(q, "count") == 1 ? "" : "s", cli_bytes(bytes, report_number(q, "bytes")));
		else
			cli_add_format(&what, "%s%s", *kind == 'l' ? "lock " : "", tr_text(q, tr_column(q, "called"), NULL));
		cli_add_format(&where, "%s%s%s%s", *kind == 'a' ? "taken in " : "", report_name(q, tr_column(q, "function")), *place ? " " : "", base ? base + 1 : place);
		cli_cell_parts(table, CLI_PLAIN, NULL, cli_text_of(&what), cli_text_of(&where));
		cli_buffer_fini(&what);
		cli_buffer_fini(&where);
	}
}

static void say_nothing(struct report *report)
{
	cli_add_text(&report->out, "No lock was used in code that the plugin compiled with lock=on.\n");
}

static void say_no_waits(struct report *report)
{
	cli_add_text(&report->out, "Nobody waited for it.\n");
}

static void say_nothing_inside(struct report *report)
{
	cli_add_text(&report->out, "While it was held no other lock was taken, nothing called that may block, and nothing allocated.\n");
}

static int add_list(struct report *report)
{
	static const int wanted[] = {NUMBER, WAIT, WAIT_MAX, WAIT_P99, TAKEN, CONTENDED, FAILED, HOLD, HOLD_MAX, HOLD_P99, PROCESS, NAME};
	struct cli_column columns[COLUMNS];
	int which[COLUMNS];

	return report_places(report, &(struct report_places){
		.query = "locks", .order = orders[report->sort], .part = orders[report->sort], .columns = columns, .which = which,
		.count = choose_columns(report, wanted, sizeof(wanted) / sizeof(*wanted), "name", columns, which),
		.add_cell = add_cell, .say_nothing = say_nothing});
}

/* "Thread 2 has it, taken in f (a.c:4), for 2 s." */
static int add_users(struct report *report)
{
	struct tr_query *q;
	int status = report_query(report, &q, "lock_users", NULL);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		char age[CLI_NUMBER_BYTES];
		const char *place = report_place(q, tr_column(q, "file"), tr_column(q, "line"));
		cli_add_format(&report->out, "Thread %" PRId64 " %s %s, in %s%s%s%s, for %s.\n", report_number(q, "thread_id"),
			       tr_text(q, tr_column(q, "what"), NULL), report_end(report), report_name(q, tr_column(q, "function")),
			       *place ? " (" : "", place, *place ? ")" : "", cli_duration(age, report_number(q, "age_ns")));
		report->lines++;
	}
	tr_finish(q);
	return status;
}

static int add_lock(struct report *report)
{
	static const int places[] = {WAIT, WAIT_MAX, TAKEN, CONTENDED, FAILED, HOLD, HOLD_MAX, BLAMED, NAME}, pairs[] = {WAIT, WAITS, NAME};
	static const int inside[] = {INSIDE, COUNT, HOLD_MAX, NAME};
	struct cli_column columns[COLUMNS];
	int which[COLUMNS];
	int64_t lock = report->lock, limit = report->limit;
	/* The row of the lock itself, as in the list. */
	report->lock = ANY;
	report->one_lock = lock;
	int status = add_list(report);

	report->lock = lock;
	if (!status)
		status = add_users(report);
	cli_add_text(&report->out, "\n");
	if (!status)
		status = report_places(report, &(struct report_places){
			.query = "lock_contexts", .order = orders[report->sort], .part = orders[report->sort], .columns = columns,
			.which = which, .path_from = FIGURES_WIDTH,
			.count = choose_columns(report, places, sizeof(places) / sizeof(*places), "place, and call path", columns, which),
			.add_cell = add_cell, .say_nothing = say_nothing});
	cli_add_text(&report->out, "\n");
	if (!status)
		status = report_places(report, &(struct report_places){
			.query = "lock_pairs", .part = "wait_ns", .columns = columns, .which = which,
			.count = choose_columns(report, pairs, sizeof(pairs) / sizeof(*pairs), "who waited for whom", columns, which),
			.add_cell = add_pair_cell, .say_nothing = say_no_waits});
	cli_add_text(&report->out, "\n");
	if (!status) {
		size_t count = choose_columns(report, inside, sizeof(inside) / sizeof(*inside), "what was done while it was held", columns, which);
		columns[2].title = "longest";
		status = report_places(report, &(struct report_places){
			.query = "lock_inside", .part = "inside_ns", .columns = columns, .which = which, .count = count,
			.add_cell = add_inside_cell, .say_nothing = say_nothing_inside});
	}
	report->limit = limit;
	report->lines += 3;
	return status;
}

/* Of all locks in one screen; of one, or of the first ones, below them. */
static int add_histogram(struct report *report)
{
	int status = 0;

	if (report->lock != ANY || report->limited) {
		report->lock = ANY;
		status = add_list(report);
		cli_add_text(&report->out, "\n");
	}
	return status ? status : report_histogram(report, orders[report->sort]);
}

int report_locks(struct report *report)
{
	const char *query = report->histogram ? "lock_histogram" : report->lock == ANY ? "locks" : "lock_contexts";

	report->one_lock = report->lock;
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, query, orders[report->sort]);
	if (report->histogram)
		return add_histogram(report);
	return report->lock == ANY ? add_list(report) : add_lock(report);
}
