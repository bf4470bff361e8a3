/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * query.c - a report's query with what was asked for, and its rows for programs.
 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

/* By enum report_by. */
static const char *const row_names[] = {"function", "site", "context", "type", "waiter", "holder", "thread", "creator", "file", "image"};
const char *const report_kinds[REPORT_KINDS] = {"heap", "pools", "mappings"};

int report_query(struct report *report, struct tr_query **query, const char *name, const char *sort)
{
	const struct tr_argument arguments[] = {
		{.name = "limit", .type = report->limit == NO_LIMIT ? TR_NULL : TR_INTEGER, .integer = report->limit},
		{.name = "process", .type = report->process_id == ANY ? TR_NULL : TR_INTEGER, .integer = report->process_id},
		{.name = "thread", .type = report->thread_id == ANY ? TR_NULL : TR_INTEGER, .integer = report->thread_id},
		{.name = "thread_name", .type = report->thread_name ? TR_TEXT : TR_NULL, .text = report->thread_name},
		{.name = "age", .type = report->age_ns == ANY ? TR_NULL : TR_INTEGER, .integer = report->age_ns},
		{.name = "at", .type = report->stacks_ns == ANY ? TR_NULL : TR_INTEGER, .integer = report->stacks_ns},
		{.name = "now", .type = report->now_ns < 0 ? TR_NULL : TR_INTEGER, .integer = report->now_ns},
		{.name = "from", .type = report->mode == REPORT_GROWTH ? TR_INTEGER : TR_NULL, .integer = report->span_ns[0]},
		{.name = "to", .type = report->mode >= REPORT_HEAP_AT ? TR_INTEGER : TR_NULL,
		 .integer = report->mode == REPORT_HEAP_AT ? report->at_ns : report->span_ns[1]},
		{.name = "kind", .type = TR_TEXT, .text = report_kinds[report->kind]},
		{.name = "by", .type = TR_TEXT, .text = row_names[report->by]},
		{.name = "idle", .type = TR_INTEGER, .integer = report->all},
		{.name = "only", .type = report->only ? TR_PATTERN : TR_NULL, .text = report->only},
		{.name = "depth", .type = report->depth == NO_LIMIT ? TR_NULL : TR_INTEGER, .integer = report->depth},
		{.name = "focus", .type = report->focus ? TR_PATTERN : TR_NULL, .text = report->focus},
		{.name = "ignore", .type = report->ignore ? TR_PATTERN : TR_NULL, .text = report->ignore},
		{.name = "lock", .type = report->one_lock == ANY ? TR_NULL : TR_INTEGER, .integer = report->one_lock},
		{.name = "whole", .type = report->whole_file ? TR_INTEGER : TR_NULL, .integer = 1},
		{.name = "window", .type = report_has_window(report) ? TR_INTEGER : TR_NULL, .integer = 1},
		{.name = "least", .type = report->least > 0 ? TR_REAL : TR_NULL, .real = report->least},
	};

	return tr_prepare(report->trace, query, name, sort, arguments, sizeof(arguments) / sizeof(arguments[0]), &report->error);
}

int report_query_limited(struct report *report, struct tr_query **query, const char *name, const char *sort, int64_t limit)
{
	int64_t asked = report->limit;
	report->limit = limit;
	int status = report_query(report, query, name, sort);
	report->limit = asked;
	return status;
}

int report_query_and_one(struct report *report, struct tr_query **query, const char *name, const char *sort)
{
	int64_t limit = report->limit;
	return report_query_limited(report, query, name, sort, limit != NO_LIMIT && limit < INT64_MAX ? limit + 1 : limit);
}

int64_t report_number(struct tr_query *query, const char *column)
{
	return tr_integer(query, tr_column(query, column));
}

static void put_value(struct cli_rows *rows, struct tr_query *query, size_t column)
{
	size_t bytes;
	const char *text;

	switch (tr_type(query, column)) {
	case TR_NULL:
	case TR_PATTERN:
		cli_put_null(rows);
		break;
	case TR_INTEGER:
		cli_put_integer(rows, tr_integer(query, column));
		break;
	case TR_REAL:
		cli_put_real(rows, tr_real(query, column));
		break;
	case TR_TEXT:
		text = tr_text(query, column, &bytes);
		cli_put_text(rows, text, bytes);
		break;
	case TR_BLOB:
		text = tr_text(query, column, &bytes);
		cli_put_bytes(rows, text, bytes);
		break;
	}
}

int report_print_rows(struct report *report, struct tr_query *query, int64_t limit)
{
	struct cli_rows rows;
	/* The first row is fetched before anything is printed: most failures show there, and then
	 * nothing is on stdout. */
	int status = tr_next(query, &report->error);
	size_t columns = tr_columns(query);
	const char **names = cli_realloc(NULL, columns, sizeof(*names));

	for (size_t i = 0; i < columns; i++)
		names[i] = tr_column_name(query, i);
	if (status >= 0)
		cli_rows_begin(&rows, report->format, names, columns);
	for (int64_t n = 0; status > 0 && (limit == NO_LIMIT || n < limit); n++, status = tr_next(query, &report->error))
		for (size_t i = 0; i < columns; i++)
			put_value(&rows, query, i);
	if (status >= 0)
		cli_rows_end(&rows);
	free(names);
	return status < 0 ? status : 0;
}

int report_rows(struct report *report, const char *query_name, const char *sort)
{
	struct tr_query *query;
	int status = report_query(report, &query, query_name, sort);

	if (status)
		return status;
	if (report->show_sql) {
		cli_out_text(tr_sql(query));
		cli_out_text("\n");
	} else {
		status = report_print_rows(report, query, NO_LIMIT);
	}
	tr_finish(query);
	return status;
}
