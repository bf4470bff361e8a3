/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sql.c - --sql: the answer to a query of the user's; --shell: the sqlite3 shell, with the tables of the events in it.
 */
#include "report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"

int report_check_sql(struct report *report, int *exit_status)
{
	struct tr_query *query;
	int status = tr_ask(report->trace, &query, report->sql, &report->error);

	tr_finish(query);
	if (status != INSTR_ERR_NOT_FOUND)
		return status;
	*exit_status = cli_wrong_usage("--sql: %s", report->error.text);
	return 0;
}

/* ---- --sql ------------------------------------------------------------------------------------------ */

static void add_cell(struct cli_table *table, struct cli_column *column, struct tr_query *query, size_t at)
{
	struct cli_buffer hex = {0};
	size_t bytes;
	const char *text;

	switch (tr_type(query, at)) {
	case TR_INTEGER:
		cli_cell_format(table, CLI_PLAIN, "%" PRId64, tr_integer(query, at));
		break;
	case TR_REAL:
		cli_cell_format(table, CLI_PLAIN, "%.15g", tr_real(query, at));
		break;
	case TR_TEXT:
		column->left = 1;
		cli_cell(table, CLI_PLAIN, tr_text(query, at, NULL));
		break;
	case TR_BLOB:
		column->left = 1;
		text = tr_text(query, at, &bytes);
		for (size_t i = 0; i < bytes && i < CLI_CELL_BYTES / 2; i++)
			cli_add_format(&hex, "%02x", (unsigned char)text[i]);
		cli_cell(table, CLI_PLAIN, cli_text_of(&hex));
		cli_buffer_fini(&hex);
		break;
	default:
		cli_cell(table, CLI_PLAIN, "");
	}
}

static int add_table(struct report *report, struct tr_query *query)
{
	/* The first step may prepare anew; names are settled then. */
	int more = tr_next(query, &report->error);
	const size_t count = tr_columns(query);
	struct cli_column *columns = cli_realloc(NULL, count, sizeof(*columns));
	char **titles = cli_realloc(NULL, count, sizeof(*titles));
	int64_t rows = 0;

	for (size_t i = 0; i < count; i++) {
		titles[i] = cli_cut(tr_column_name(query, i));
		columns[i] = (struct cli_column){.title = titles[i], .comfort = 8};
	}
	struct cli_table *table = cli_table_create(columns, count);
	for (; more == 1 && (report->limit == NO_LIMIT || rows < report->limit); rows++) {
		for (size_t i = 0; i < count; i++)
			add_cell(table, &columns[i], query, i);
		more = tr_next(query, &report->error);
	}
	if (more >= 0) {
		cli_table_print(table, &report->out, cli_screen()->width, 0);
		report->lines += cli_table_lines(table);
	}
	if (more == 1)
		cli_add_format(&report->out, "There are more rows than these %" PRId64 " (--limit 0 shows all).\n", rows);
	cli_table_destroy(table);
	for (size_t i = 0; i < count; i++)
		free(titles[i]);
	free(titles);
	free(columns);
	return more < 0 ? more : 0;
}

int report_sql(struct report *report)
{
	struct tr_query *query;
	int status = tr_ask(report->trace, &query, report->sql, &report->error);

	if (status)
		return status;
	if (report->format == CLI_FORMAT_TEXT)
		status = add_table(report, query);
	else
		status = report_print_rows(report, query, report->limit);
	tr_finish(query);
	return status;
}

/* ---- --shell ---------------------------------------------------------------------------------------- */

/* libinstr_sql.so beside this program, as it is installed; false: where it is not, in path. */
static int find_library(char *path, size_t room)
{
	char self[PATH_MAX];
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[bytes < 0 ? 0 : bytes] = 0;
	for (int i = 0; i < 2 && strrchr(self, '/'); i++)
		*strrchr(self, '/') = 0;
	snprintf(path, room, "%s/lib/libinstr_sql.so", self);
	return !access(path, R_OK);
}

/* As the shell reads an argument of its commands. */
static char *quoted(const char *text)
{
	struct cli_buffer out = {0};

	cli_add_text(&out, "\"");
	for (const char *c = text; *c; c++)
		cli_add_format(&out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	cli_add_text(&out, "\"");
	char *copy = cli_strdup(cli_text_of(&out));
	cli_buffer_fini(&out);
	return copy;
}

int report_shell(struct report *report)
{
	char library[PATH_MAX + 32], *load, *file;
	const char *path = tr_path(report->trace);
	const int known = *path == '/';

	if (!find_library(library, sizeof(library))) {
		snprintf(report->error.text, sizeof(report->error.text), "--shell loads %.900s, which is not there", library);
		return report->error.code = INSTR_ERR_NOT_FOUND;
	}
	struct cli_buffer text = {0};
	char *name = quoted(library);
	cli_add_format(&text, ".load %s", name);
	load = cli_strdup(cli_text_of(&text));
	cli_buffer_fini(&text);
	cli_add_format(&text, "%s%s", known ? "" : "./", path); /* not an option, nor a name that means something else */
	file = cli_strdup(cli_text_of(&text));
	cli_buffer_fini(&text);
	free(name);

	fputs(cli_text_of(&report->out), stderr); /* what is missing from the trace; stdout is the shell's */
	tr_unlimit_memory();
	cli_give_back_descriptors();
	if (cli_screen()->terminal)
		execlp("sqlite3", "sqlite3", "-readonly", "-header", "-column", "-cmd", load, file, (char *)NULL);
	else
		execlp("sqlite3", "sqlite3", "-readonly", "-cmd", load, file, (char *)NULL);
	snprintf(report->error.text, sizeof(report->error.text), errno == ENOENT ? "--shell starts the program sqlite3, which is in no folder of PATH%s"
		 : "--shell cannot start the program sqlite3: %s", errno == ENOENT ? "" : strerror(errno));
	free(load);
	free(file);
	return report->error.code = INSTR_ERR_NOT_FOUND;
}
