/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * rows.h - rows for programs to read: CSV (RFC 4180, with a header line) and JSON (an array of
 * objects, one per line). Written to stdout as they come, nothing is kept.
 *
 *     struct cli_rows rows;
 *     cli_rows_begin(&rows, CLI_JSON, names, 2);
 *     for each row: cli_put_text(&rows, name, bytes); cli_put_integer(&rows, 7);
 *     cli_rows_end(&rows);
 *
 * Values are taken column by column; a row ends by itself. Text that is not UTF-8 becomes U+FFFD in
 * JSON, which must be; CSV passes the bytes as they are.
 */
#ifndef TOOLS_CLI_ROWS_H
#define TOOLS_CLI_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum cli_format { CLI_FORMAT_TEXT, CLI_FORMAT_CSV, CLI_FORMAT_JSON };

struct cli_rows {
	enum cli_format format;      /* CSV or JSON */
	const char *const *names;    /* of the columns; the caller's, until the end */
	size_t columns, column;
	uint64_t rows;
};

void cli_rows_begin(struct cli_rows *, enum cli_format, const char *const *names, size_t columns);
void cli_put_null(struct cli_rows *);
void cli_put_integer(struct cli_rows *, int64_t);
void cli_put_known(struct cli_rows *, int64_t); /* 0, which is not known, becomes NULL */
void cli_put_real(struct cli_rows *, double); /* infinities and NaN become NULL */
void cli_put_text(struct cli_rows *, const char *text, size_t bytes);
void cli_put_string(struct cli_rows *, const char *text); /* NULL is allowed */
void cli_put_bytes(struct cli_rows *, const void *data, size_t bytes); /* as hexadecimal text */
void cli_rows_end(struct cli_rows *);

/* A JSON string, quotes included, on stdout. */
void cli_out_json_string(const char *text, size_t bytes);

#endif
