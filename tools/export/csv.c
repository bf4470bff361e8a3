/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * csv.c - all rows of a documented view or table (docs/schema.md) as CSV (RFC 4180), as they come.
 */
#include "export/export.h"

#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/rows.h"

enum { VIEWS_MAX = 512 };

/* CLI_GO, or the exit status after saying that there is no such view. */
int export_check_view(const char *view)
{
	const char *names[VIEWS_MAX];
	size_t count = 0;

	while (count < VIEWS_MAX && (names[count] = tr_view_name(count)))
		count++;
	if (!view)
		return cli_wrong_usage("which view? instr-export csv top, for instance; docs/schema.md has them all");
	for (size_t i = 0; i < count; i++)
		if (!strcmp(view, names[i]))
			return CLI_GO;
	const char *near = cli_nearest(view, names, count);
	if (near)
		return cli_wrong_usage("there is no view %s; did you mean %s?", view, near);
	return cli_wrong_usage("there is no view %s: docs/schema.md has them all, top is one", view);
}

static void put_value(struct cli_rows *rows, struct tr_query *query, size_t column)
{
	size_t bytes;
	const char *text;

	switch (tr_type(query, column)) {
	case TR_NULL:
		cli_put_null(rows);
		break;
	case TR_INTEGER:
		cli_put_integer(rows, tr_integer(query, column));
		break;
	case TR_REAL:
		cli_put_real(rows, tr_real(query, column));
		break;
	case TR_TEXT:
	case TR_PATTERN: /* of arguments only */
		text = tr_text(query, column, &bytes);
		cli_put_text(rows, text, bytes);
		break;
	case TR_BLOB:
		text = tr_text(query, column, &bytes);
		cli_put_bytes(rows, text, bytes);
		break;
	}
}

int export_csv(struct export *export, const char *view)
{
	struct tr_query *query;
	struct cli_rows rows;
	int status = tr_prepare_view(export->trace, &query, view, &export->error);

	if (status)
		return status;
	if (export->show_sql) {
		cli_out_text(tr_sql(query));
		cli_out_text("\n");
		tr_finish(query);
		return 0;
	}
	/* The first row comes before anything is written: most failures show there. */
	status = tr_next(query, &export->error);
	size_t columns = tr_columns(query);
	const char **names = cli_realloc(NULL, columns, sizeof(*names));
	for (size_t i = 0; i < columns; i++)
		names[i] = tr_column_name(query, i);
	if (status >= 0)
		cli_rows_begin(&rows, CLI_FORMAT_CSV, names, columns);
	for (; status > 0; status = tr_next(query, &export->error))
		for (size_t i = 0; i < columns; i++)
			put_value(&rows, query, i);
	if (!status)
		cli_rows_end(&rows);
	free(names);
	tr_finish(query);
	return status;
}
