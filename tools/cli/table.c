/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * table.c - aligned columns. All rows are kept until the table is printed: widths depend on them.
 */
#include "cli/table.h"
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	GAP = 2,       /* blanks between columns */
	NARROWEST = 8, /* no flexible column gets narrower */
};

struct cell {
	char *lead, *text, *tail; /* clean; lead and tail may be NULL */
	size_t lead_width, text_width, tail_width;
	enum cli_style style;
};

/* A line stands before the row whose number it has. */
struct line {
	size_t row;
	enum cli_style style;
	char *text;
};

struct cli_table {
	const struct cli_column *columns;
	size_t count;
	struct cell *cells;
	size_t used, room;
	struct line *lines;
	size_t line_count, line_room;
};

struct cli_table *cli_table_create(const struct cli_column *columns, size_t count)
{
	struct cli_table *table = cli_realloc(NULL, 1, sizeof(*table));
	*table = (struct cli_table){.columns = columns, .count = count};
	return table;
}

void cli_table_destroy(struct cli_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->used; i++) {
		free(table->cells[i].lead);
		free(table->cells[i].text);
		free(table->cells[i].tail);
	}
	for (size_t i = 0; i < table->line_count; i++)
		free(table->lines[i].text);
	free(table->cells);
	free(table->lines);
	free(table);
}

/* Is this byte one behind the first of a character? */
static int is_inside(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

char *cli_cut(const char *text)
{
	const char *mark = cli_screen()->utf8 ? "\xE2\x80\xA6" : "..";
	size_t bytes = strlen(text), front = CLI_CELL_BYTES / 2 - 4, back = bytes - front;
	struct cli_buffer b = {0};

	if (bytes <= CLI_CELL_BYTES)
		return cli_strdup(text);
	for (int i = 0; i < 3 && is_inside(text[front]); i++)
		front--;
	for (int i = 0; i < 3 && is_inside(text[back]); i++)
		back++;
	cli_add(&b, text, front);
	cli_add_text(&b, mark);
	cli_add_text(&b, text + back);
	return b.data;
}

static char *clean(const char *text)
{
	struct cli_buffer b = {0};
	char *cut = cli_cut(text);
	cli_add(&b, "", 0);
	cli_add_clean(&b, cut, strlen(cut));
	free(cut);
	return b.data;
}

void cli_cell_parts(struct cli_table *table, enum cli_style style, const char *lead, const char *text, const char *tail)
{
	if (table->used == table->room) {
		table->room = table->room ? table->room * 2 : 64 * table->count;
		table->cells = cli_realloc(table->cells, table->room, sizeof(*table->cells));
	}
	struct cell *cell = &table->cells[table->used++];
	*cell = (struct cell){.style = style, .text = clean(text)};
	cell->text_width = cli_width(cell->text);
	if (lead) {
		cell->lead = cli_strdup(lead);
		cell->lead_width = cli_width(lead);
	}
	if (tail && *tail) {
		cell->tail = clean(tail);
		cell->tail_width = cli_width(cell->tail) + GAP;
	}
}

void cli_cell(struct cli_table *table, enum cli_style style, const char *text)
{
	cli_cell_parts(table, style, NULL, text, NULL);
}

void cli_cell_format(struct cli_table *table, enum cli_style style, const char *format, ...)
{
	struct cli_buffer b = {0};
	va_list arguments;
	va_start(arguments, format);
	cli_add_format_va(&b, format, arguments);
	va_end(arguments);
	cli_cell(table, style, cli_text_of(&b));
	cli_buffer_fini(&b);
}

void cli_line(struct cli_table *table, enum cli_style style, const char *text)
{
	if (table->line_count == table->line_room) {
		table->line_room = table->line_room ? table->line_room * 2 : 8;
		table->lines = cli_realloc(table->lines, table->line_room, sizeof(*table->lines));
	}
	table->lines[table->line_count++] = (struct line){table->used / table->count, style, clean(text)};
}

size_t cli_table_lines(const struct cli_table *table)
{
	return 1 + table->used / table->count + table->line_count;
}

static size_t cell_width(const struct cell *cell)
{
	return cell->lead_width + cell->text_width + cell->tail_width;
}

static size_t sum_widths(const struct cli_table *table, const size_t *widths)
{
	size_t sum = 0;
	for (size_t i = 0; i < table->count; i++)
		sum += widths[i] ? widths[i] + (sum ? GAP : 0) : 0;
	return sum;
}

/* What they add up to once every flexible column has shrunk to its comfort. */
static size_t least_width(const struct cli_table *table, const size_t *widths)
{
	size_t sum = 0;
	for (size_t i = 0; i < table->count; i++) {
		size_t comfort = table->columns[i].comfort;
		size_t least = comfort && widths[i] > comfort ? comfort : widths[i];
		sum += least ? least + (sum ? GAP : 0) : 0;
	}
	return sum;
}

/* Sets the width of each column; 0 = dropped. */
static void fit(const struct cli_table *table, size_t *widths, size_t width)
{
	for (size_t i = 0; i < table->count; i++)
		widths[i] = cli_width(table->columns[i].title);
	for (size_t i = 0; i < table->used; i++) {
		size_t w = cell_width(&table->cells[i]), c = i % table->count;
		if (width && w > width)
			w = width;
		if (w > widths[c])
			widths[c] = w;
	}
	if (!width)
		return;
	while (least_width(table, widths) > width) {
		size_t victim = table->count;
		for (size_t i = 0; i < table->count; i++)
			if (widths[i] && table->columns[i].drop &&
			    (victim == table->count || table->columns[i].drop > table->columns[victim].drop))
				victim = i;
		if (victim == table->count)
			break;
		widths[victim] = 0;
	}
	/* The widest flexible column gives way, so that several end up alike. */
	while (sum_widths(table, widths) > width) {
		size_t widest = table->count;
		for (size_t i = 0; i < table->count; i++)
			if (widths[i] > NARROWEST && table->columns[i].comfort &&
			    (widest == table->count || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->count)
			break;
		widths[widest]--;
	}
}

static void print_cell(struct cli_buffer *out, const struct cli_column *column, const struct cell *cell,
		       size_t width, int last)
{
	struct cli_buffer shortened = {0}, shorter_tail = {0};
	const char *text = cell->text, *tail = cell->tail;
	size_t used = cell_width(cell);

	if (used > width && tail) {
		used -= cell->tail_width;
		if (column->shorten_tail && used + GAP < width)
			column->shorten_tail(&shorter_tail, tail, width - used - GAP);
		tail = shorter_tail.bytes ? cli_text_of(&shorter_tail) : NULL;
		used += tail ? GAP + cli_width(tail) : 0;
	}
	if (used > width) {
		size_t left = width > cell->lead_width ? width - cell->lead_width : 1;
		(column->shorten ? column->shorten : cli_add_shortened)(&shortened, cell->text, left);
		text = cli_text_of(&shortened);
		used = cell->lead_width + cli_width(text);
	}
	size_t padding = width > used ? width - used : 0;
	if (!column->left)
		cli_add_repeated(out, " ", padding);
	if (cell->lead) {
		cli_add_text(out, cli_style_on(CLI_DIM));
		cli_add_text(out, cell->lead);
		cli_add_text(out, cli_style_off(CLI_DIM));
	}
	cli_add_text(out, cli_style_on(cell->style));
	cli_add_text(out, text);
	cli_add_text(out, cli_style_off(cell->style));
	if (tail) {
		cli_add_repeated(out, " ", GAP);
		cli_add_text(out, cli_style_on(CLI_DIM));
		cli_add_text(out, tail);
		cli_add_text(out, cli_style_off(CLI_DIM));
	}
	if (column->left && !last)
		cli_add_repeated(out, " ", padding);
	cli_buffer_fini(&shortened);
	cli_buffer_fini(&shorter_tail);
}

static void print_row(const struct cli_table *table, struct cli_buffer *out, const struct cell *cells,
		      const size_t *widths, size_t indent)
{
	size_t last = 0;
	for (size_t i = 0; i < table->count; i++)
		if (widths[i])
			last = i;
	cli_add_repeated(out, " ", indent);
	for (size_t i = 0, shown = 0; i < table->count; i++) {
		if (!widths[i])
			continue;
		if (shown++)
			cli_add_repeated(out, " ", GAP);
		print_cell(out, &table->columns[i], &cells[i], widths[i], i == last);
	}
	/* An empty last cell leaves no blanks behind. */
	while (out->bytes && out->data[out->bytes - 1] == ' ')
		out->data[--out->bytes] = 0;
	cli_add_text(out, "\n");
}

void cli_table_print(const struct cli_table *table, struct cli_buffer *out, size_t width, size_t indent)
{
	size_t *widths = cli_realloc(NULL, table->count, sizeof(*widths));
	struct cell *titles = cli_realloc(NULL, table->count, sizeof(*titles));
	size_t rows = table->used / table->count, line = 0;

	fit(table, widths, width > indent ? width - indent : width);
	for (size_t i = 0; i < table->count; i++)
		titles[i] = (struct cell){
			.text = (char *)table->columns[i].title,
			.text_width = cli_width(table->columns[i].title),
			.style = CLI_BOLD,
		};
	print_row(table, out, titles, widths, indent);
	for (size_t row = 0; row <= rows; row++) {
		for (; line < table->line_count && table->lines[line].row == row; line++) {
			cli_add_repeated(out, " ", indent);
			cli_add_text(out, cli_style_on(table->lines[line].style));
			cli_add_shortened(out, table->lines[line].text,
					  width > indent ? width - indent : SIZE_MAX / 2);
			cli_add_text(out, cli_style_off(table->lines[line].style));
			cli_add_text(out, "\n");
		}
		if (row < rows)
			print_row(table, out, table->cells + row * table->count, widths, indent);
	}
	free(titles);
	free(widths);
}
