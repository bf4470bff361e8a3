/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * rows.c - rows as CSV and JSON.
 *
 * CSV tells NULL from an empty text: nothing between the commas against "".
 */
#include "cli/rows.h"
#include "cli/terminal.h"
#include "cli/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_out_json_string(const char *text, size_t bytes)
{
	uint32_t c;
	size_t taken;
	char escape[8];

	cli_out_text("\"");
	while (bytes) {
		/* The plain stretch first: names are made of little else. */
		size_t plain = 0;
		while (plain < bytes && (unsigned char)text[plain] >= 0x20 && (unsigned char)text[plain] < 0x7F &&
		       text[plain] != '"' && text[plain] != '\\')
			plain++;
		cli_out(text, plain);
		text += plain;
		bytes -= plain;
		if (!(taken = cli_decode(text, bytes, &c)))
			break;
		if (c == '"' || c == '\\') {
			snprintf(escape, sizeof(escape), "\\%c", (char)c);
			cli_out_text(escape);
		} else if (c < 0x20 || c == 0x7F) {
			snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c);
			cli_out_text(c == '\n' ? "\\n" : c == '\t' ? "\\t" : escape);
		} else if (c == CLI_REPLACEMENT) {
			cli_out_text("\xEF\xBF\xBD");
		} else {
			cli_out(text, taken);
		}
		text += taken;
		bytes -= taken;
	}
	cli_out_text("\"");
}

static void put_csv(const char *text, size_t bytes)
{
	/* Blanks at the ends are quoted too: readers that trim exist. */
	int quote = !bytes || text[0] == ' ' || text[bytes - 1] == ' ';
	for (size_t i = 0; i < bytes && !quote; i++)
		quote = text[i] == '"' || text[i] == ',' || text[i] == '\n' || text[i] == '\r';
	if (!quote) {
		cli_out(text, bytes);
		return;
	}
	cli_out_text("\"");
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '"')
			cli_out_text("\"");
		cli_out(text + i, 1);
	}
	cli_out_text("\"");
}

void cli_rows_begin(struct cli_rows *rows, enum cli_format format, const char *const *names, size_t columns)
{
	*rows = (struct cli_rows){.format = format, .names = names, .columns = columns};
	if (format == CLI_FORMAT_JSON) {
		cli_out_text("[");
		return;
	}
	for (size_t i = 0; i < columns; i++) {
		if (i)
			cli_out_text(",");
		put_csv(names[i], strlen(names[i]));
	}
	cli_out_text("\r\n");
}

static void before_value(struct cli_rows *rows)
{
	if (rows->format == CLI_FORMAT_CSV) {
		if (rows->column)
			cli_out_text(",");
		return;
	}
	cli_out_text(rows->column ? "," : rows->rows ? ",\n{" : "\n{");
	cli_out_json_string(rows->names[rows->column], strlen(rows->names[rows->column]));
	cli_out_text(":");
}

static void after_value(struct cli_rows *rows)
{
	if (++rows->column < rows->columns)
		return;
	cli_out_text(rows->format == CLI_FORMAT_CSV ? "\r\n" : "}");
	rows->column = 0;
	rows->rows++;
}

static void put_plain(struct cli_rows *rows, const char *text)
{
	before_value(rows);
	cli_out_text(text);
	after_value(rows);
}

void cli_put_null(struct cli_rows *rows)
{
	put_plain(rows, rows->format == CLI_FORMAT_CSV ? "" : "null");
}

void cli_put_integer(struct cli_rows *rows, int64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRId64, value);
	put_plain(rows, text);
}

void cli_put_known(struct cli_rows *rows, int64_t value)
{
	if (value)
		cli_put_integer(rows, value);
	else
		cli_put_null(rows);
}

void cli_put_real(struct cli_rows *rows, double value)
{
	char text[40];
	if (!isfinite(value)) {
		cli_put_null(rows);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	put_plain(rows, text);
}

void cli_put_text(struct cli_rows *rows, const char *text, size_t bytes)
{
	before_value(rows);
	if (rows->format == CLI_FORMAT_CSV)
		put_csv(text, bytes);
	else
		cli_out_json_string(text, bytes);
	after_value(rows);
}

void cli_put_string(struct cli_rows *rows, const char *text)
{
	if (text)
		cli_put_text(rows, text, strlen(text));
	else
		cli_put_null(rows);
}

void cli_put_bytes(struct cli_rows *rows, const void *data, size_t bytes)
{
	const unsigned char *p = data;
	char pair[3];

	before_value(rows);
	cli_out_text("\"");
	for (size_t i = 0; i < bytes; i++) {
		snprintf(pair, sizeof(pair), "%02x", p[i]);
		cli_out(pair, 2);
	}
	cli_out_text("\"");
	after_value(rows);
}

void cli_rows_end(struct cli_rows *rows)
{
	if (rows->format == CLI_FORMAT_JSON)
		cli_out_text(rows->rows ? "\n]\n" : "]\n");
}
