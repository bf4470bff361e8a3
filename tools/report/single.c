/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * single.c - the longest single calls of a function (--calls): when each began, how long it took, what it waited for
 * and allocated, and below that by which path it was made.
 *
 * They are found in the events (tr_find_longest_calls); their rows are put into the query, which then has their names.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum { BEGAN, TOOK, BLOCKED, LOCKED, ALLOCATED, THREAD, NAME, COLUMNS };
enum { FIGURES_WIDTH = 50 };

static struct cli_buffer *waits; /* in words, by number of call - 1 */
static size_t call_count;

static const char *how(const struct tr_call *c)
{
	return c->how == TR_CALL_OPEN ? "open" : c->how == TR_CALL_UNWOUND ? "unwound" : "returned";
}

/* As rows of SQL. */
static void put_calls(struct cli_buffer *sql, const struct tr_calls *calls)
{
	for (size_t i = 0; i < calls->count; i++) {
		const struct tr_call *c = &calls->calls[i];
		cli_add_format(sql, "%s(%zu, %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", '%s', %" PRId64 ", %" PRId64
			       ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64,
			       i ? ",\n    " : "VALUES ", i + 1, c->process_id, c->thread_id, c->context_id, c->start_ticks, c->ticks, c->drain_ticks, how(c),
			       c->lock_waits, c->lock_ticks, c->blocks, c->block_ticks, c->allocs, c->alloc_bytes);
		if (c->wait_count)
			cli_add_format(sql, ", %" PRId64 ", %" PRId64 ")", c->waits[0].site_id, c->waits[0].ticks);
		else
			cli_add_text(sql, ", NULL, NULL)");
	}
}

static void put_waits(struct cli_buffer *sql, const struct tr_calls *calls)
{
	for (size_t i = 0; i < calls->count; i++)
		for (size_t k = 0; k < calls->calls[i].wait_count; k++) {
			const struct tr_call_wait *w = &calls->calls[i].waits[k];
			cli_add_format(sql, "%s(%zu, '%s', %" PRId64 ", %" PRId64 ", %" PRId64 ")", sql->bytes ? ",\n    " : "VALUES ", i + 1,
				       w->kind == TR_CALL_LOCK ? "lock" : "blocks", w->site_id, w->count, w->ticks);
		}
}

/* A line "8.00 ms in read io.c:12, 3 times", or "1.00 ms for queue.lock queue.cpp:7". */
static void add_wait(struct cli_buffer *line, struct tr_query *q)
{
	char text[CLI_NUMBER_BYTES], count[CLI_NUMBER_BYTES];
	const int lock = !strcmp(tr_text(q, tr_column(q, "kind"), NULL), "lock");
	const size_t object = tr_column(q, "object");
	const char *place = report_place(q, tr_column(q, "file"), tr_column(q, "line"));
	char *name = lock && *tr_text(q, object, NULL) ? cli_cut(tr_text(q, object, NULL))
						       : report_called(q, tr_column(q, "called"), lock ? tr_columns(q) : object);
	const int64_t times = report_number(q, "waits");

	cli_add_format(line, "%s%s %s ", line->bytes ? "\n" : "", cli_duration(text, report_number(q, "wait_ns")), lock ? "for" : "in");
	cli_add_clean(line, *name ? name : "(unknown)", *name ? strlen(name) : strlen("(unknown)"));
	cli_add_text(line, *place ? " " : "");
	cli_add_clean(line, place, strlen(place));
	if (times > 1)
		cli_add_format(line, ", %s times", cli_count(count, times));
	free(name);
}

static int read_waits(struct report *report, const struct tr_calls *calls)
{
	struct cli_buffer sql = {0};
	struct tr_query *q;
	int status;

	call_count = calls->count;
	waits = cli_realloc(NULL, calls->count + 1, sizeof(*waits));
	memset(waits, 0, (calls->count + 1) * sizeof(*waits));
	put_waits(&sql, calls);
	status = report_query(report, &q, "call_waits", sql.bytes ? cli_text_of(&sql) : NULL);
	cli_buffer_fini(&sql);
	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1)
		add_wait(&waits[report_number(q, "number") - 1], q);
	tr_finish(q);
	return status;
}

static void add_thread(struct cli_table *table, struct tr_query *q)
{
	char *name = cli_cut(tr_text(q, tr_column(q, "thread"), NULL));

	cli_cell_format(table, CLI_PLAIN, "%s%s%" PRId64 "%s", name, *name ? " (" : "", report_number(q, "thread_id"), *name ? ")" : "");
	free(name);
}

static void add_cell(struct report *report, struct cli_table *table, struct tr_query *q, int column)
{
	(void)report;
	switch (column) {
	case BEGAN:
		report_duration_cell(table, q, "start_ns", "-");
		break;
	case TOOK:
		report_duration_cell(table, q, "total_ns", "-");
		break;
	case BLOCKED:
		report_wait_cell(table, report_number(q, "blocked_ns"));
		break;
	case LOCKED:
		report_wait_cell(table, report_number(q, "lock_ns"));
		break;
	case ALLOCATED:
		report_bytes_cell(table, report_number(q, "alloc_bytes"));
		break;
	case THREAD:
		add_thread(table, q);
		break;
	default:
		cli_cell_parts(table, CLI_PLAIN, NULL, report_name(q, tr_column(q, "function")),
			       report_place(q, tr_column(q, "file"), tr_column(q, "line")));
	}
}

/* What it waited for, and how it ended, if not as others do. */
static void add_below(struct cli_buffer *line, struct tr_query *q)
{
	char text[CLI_NUMBER_BYTES];
	const int64_t number = report_number(q, "number"), drain_ns = report_number(q, "drain_ns");
	const char *ended = tr_text(q, tr_column(q, "ended"), NULL);

	if (strcmp(ended, "returned"))
		cli_add_text(line, strcmp(ended, "open") ? "ended by an exception or a jump" : "had not ended");
	if (number > 0 && (size_t)number <= call_count && waits[number - 1].bytes)
		cli_add_format(line, "%s%s", line->bytes ? "\n" : "", cli_text_of(&waits[number - 1]));
	if (drain_ns > 0)
		cli_add_format(line, "%s%s more for the drain", line->bytes ? "\n" : "", cli_duration(text, drain_ns));
}

static void say_nothing(struct report *report)
{
	cli_add_format(&report->out, "No call of %s %sis in the events that are kept.\n", report->only,
		       report->window_ns[0] > 0 || report->window_ns[1] < INT64_MAX ? "that began then " : "");
}

static int answer(struct report *report, const struct tr_calls *calls)
{
	static const struct cli_column columns[COLUMNS] = {
		[BEGAN] = {.title = "began"},
		[TOOK] = {.title = "took"},
		[BLOCKED] = {.title = "blocked", .drop = 2},
		[LOCKED] = {.title = "lock wait", .drop = 2},
		[ALLOCATED] = {.title = "allocated", .drop = 3},
		[THREAD] = {.title = "thread", .left = 1},
		[NAME] = {.title = "function, and call path", .left = 1, .comfort = 24, .shorten = report_shorten_name},
	};
	static const int which[COLUMNS] = {BEGAN, TOOK, BLOCKED, LOCKED, ALLOCATED, THREAD, NAME};
	struct cli_buffer sql = {0};
	int status = 0;

	put_calls(&sql, calls);
	const char *rows = sql.bytes ? cli_text_of(&sql) : NULL;
	if (report->show_sql || report->format != CLI_FORMAT_TEXT) {
		status = report_rows(report, "single_calls", rows);
	} else if (!(status = read_waits(report, calls))) {
		const struct report_places places = {
			.query = "single_calls", .order = rows, .part = "total_ns", .path_from = FIGURES_WIDTH, .columns = columns, .which = which,
			.count = COLUMNS, .add_cell = add_cell, .add_below = add_below, .say_nothing = say_nothing,
		};
		status = report_places(report, &places);
	}
	cli_buffer_fini(&sql);
	for (size_t i = 0; waits && i < call_count; i++)
		cli_buffer_fini(&waits[i]);
	free(waits);
	waits = NULL;
	return status;
}

int report_single_calls(struct report *report)
{
	const struct tr_calls_wanted wanted = {
		.name = report->only, .process_id = report->process_id, .thread_id = report->thread_id, .thread_name = report->thread_name,
		.from_ns = report->window_ns[0], .to_ns = report->window_ns[1],
		.limit = report->limit == NO_LIMIT || report->limit > TR_CALLS_MAX ? TR_CALLS_MAX : (size_t)report->limit,
	};
	struct tr_calls calls;
	int status = tr_find_longest_calls(report->trace, &wanted, &calls, &report->error);

	if (!status && !calls.has_chunks) {
		snprintf(report->error.text, sizeof(report->error.text),
			 report->files > 1 ? "%.500s: traces that are added up have no events: --calls is for one at a time"
					   : "%.500s: no events were kept (events=off, or all are deleted), so single calls cannot be told apart "
					     "(how long they took: --only NAME --histogram)",
			 tr_path(report->trace));
		status = report->error.code = INSTR_ERR_NOT_FOUND;
	}
	if (!status)
		status = answer(report, &calls);
	if (!status && calls.missing && !report->show_sql)
		report_say(report, CLI_WARN, "Events are missing, or damaged: there may have been longer calls");
	tr_calls_fini(&calls);
	return status;
}
