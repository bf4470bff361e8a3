/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * table.h - a table for people: columns aligned, fitted into the width of the screen.
 *
 * When it does not fit, columns that may go (drop > 0) go, the greatest number first, until the
 * flexible ones have their comfortable width; what still is too long is shortened. Cells are made
 * harmless for terminals (text.h). A table may have millions of rows: beyond some megabytes they are in a temporary
 * file (spool.h).
 */
#ifndef TOOLS_CLI_TABLE_H
#define TOOLS_CLI_TABLE_H

#include "cli/buffer.h"
#include "cli/terminal.h"

#include <stddef.h>

struct cli_column {
	const char *title;
	int left;       /* text: aligned left; else right */
	unsigned drop;  /* 0: stays at any width */
	size_t comfort; /* > 0: flexible; other columns are dropped before it gets narrower than this */
	/* How a cell of a flexible column is shortened; NULL: cli_add_shortened. */
	void (*shorten)(struct cli_buffer *, const char *text, size_t width);
	/* How its tail is, to nothing if there is too little room; NULL: it goes whole. */
	void (*shorten_tail)(struct cli_buffer *, const char *tail, size_t width);
};

/* What a cell holds of a text at most: whoever wrote it may have written megabytes. */
enum { CLI_CELL_BYTES = 4096 };
/* A text as a cell keeps it: where it is longer, its front and its end. To be freed. */
char *cli_cut(const char *text);

struct cli_table;

/* columns must live as long as the table. */
struct cli_table *cli_table_create(const struct cli_column *columns, size_t count);
void cli_table_destroy(struct cli_table *);

/* Adds the next cell, row by row. */
void cli_cell(struct cli_table *, enum cli_style, const char *text);
void cli_cell_format(struct cli_table *, enum cli_style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A cell in three parts: lead is never shortened (indentation; already clean), text is, tail gives
 * way first when there is no room (printed dim). lead and tail may be NULL. */
void cli_cell_parts(struct cli_table *, enum cli_style, const char *lead, const char *text, const char *tail);
/* A line across all columns, between rows. */
void cli_line(struct cli_table *, enum cli_style, const char *text);

size_t cli_table_lines(const struct cli_table *); /* header included */
/* Adds the table to out, header first, in at most width columns (0: no limit), each line behind indent blanks. To be
 * called once, with all rows whole. What out has an outlet for goes out on the way. */
void cli_table_print(struct cli_table *, struct cli_buffer *out, size_t width, size_t indent);

#endif
