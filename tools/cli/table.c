/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * table.c - aligned columns. Widths depend on all rows: they are kept in a spool until the table is printed, each a record
 * per cell; a line across all columns is one record between rows.
 */
#include "cli/table.h"
#include "cli/spool.h"
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	GAP = 2,       /* blanks between columns */
	NARROWEST = 8, /* no flexible column gets narrower */
};

enum kind { CELL, LINE };

/* What stands in the spool before a record's texts. */
struct head {
	uint8_t kind, style;
	uint8_t has_lead, has_tail; /* texts beside the one that all have */
};

struct cell { /* clean */
	enum kind kind;
	enum cli_style style;
	const char *lead, *text, *tail; /* lead and tail may be NULL */
	size_t lead_width, text_width, tail_width;
};

struct cli_table {
	const struct cli_column *columns;
	size_t count;
	size_t cells, lines;
	size_t *widest; /* of each column's cells */
	struct cli_spool spool;
	struct cli_buffer lead, text, tail; /* of the record at hand */
};

struct cli_table *cli_table_create(const struct cli_column *columns, size_t count)
{
	struct cli_table *table = cli_realloc(NULL, 1, sizeof(*table));
	*table = (struct cli_table){.columns = columns, .count = count, .widest = cli_realloc(NULL, count, sizeof(*table->widest))};
	memset(table->widest, 0, count * sizeof(*table->widest));
	return table;
}

void cli_table_destroy(struct cli_table *table)
{
	if (!table)
		return;
	cli_spool_fini(&table->spool);
	cli_buffer_fini(&table->lead);
	cli_buffer_fini(&table->text);
	cli_buffer_fini(&table->tail);
	free(table->widest);
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

static const char *clean(struct cli_buffer *out, const char *text)
{
	char *cut = cli_cut(text);
	cli_buffer_clear(out);
	cli_add_clean(out, cut, strlen(cut));
	free(cut);
	return cli_text_of(out);
}

static void put_record(struct cli_table *table, enum kind kind, enum cli_style style, const char *lead, const char *text, const char *tail)
{
	const struct head head = {(uint8_t)kind, (uint8_t)style, lead != NULL, tail != NULL};
	cli_spool_put(&table->spool, &head, sizeof(head));
	if (lead)
		cli_spool_put_text(&table->spool, lead);
	cli_spool_put_text(&table->spool, text);
	if (tail)
		cli_spool_put_text(&table->spool, tail);
}

static void measure(struct cell *cell)
{
	cell->lead_width = cell->lead ? cli_width(cell->lead) : 0;
	cell->text_width = cli_width(cell->text);
	cell->tail_width = cell->tail ? cli_width(cell->tail) + GAP : 0;
}

static size_t cell_width(const struct cell *cell)
{
	return cell->lead_width + cell->text_width + cell->tail_width;
}

static void take_record(struct cli_table *table, struct cell *cell)
{
	struct head head;
	cli_spool_take(&table->spool, &head, sizeof(head));
	if (head.has_lead)
		cli_spool_take_text(&table->spool, &table->lead);
	cli_spool_take_text(&table->spool, &table->text);
	if (head.has_tail)
		cli_spool_take_text(&table->spool, &table->tail);
	*cell = (struct cell){
		.kind = head.kind,
		.style = head.style,
		.lead = head.has_lead ? cli_text_of(&table->lead) : NULL,
		.text = cli_text_of(&table->text),
		.tail = head.has_tail ? cli_text_of(&table->tail) : NULL,
	};
	measure(cell);
}

void cli_cell_parts(struct cli_table *table, enum cli_style style, const char *lead, const char *text, const char *tail)
{
	struct cell cell = {
		.lead = lead,
		.text = clean(&table->text, text),
		.tail = tail && *tail ? clean(&table->tail, tail) : NULL,
	};
	size_t *widest = &table->widest[table->cells++ % table->count];

	measure(&cell);
	if (cell_width(&cell) > *widest)
		*widest = cell_width(&cell);
	put_record(table, CELL, style, cell.lead, cell.text, cell.tail);
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
	table->lines++;
	put_record(table, LINE, style, NULL, clean(&table->text, text), NULL);
}

size_t cli_table_lines(const struct cli_table *table)
{
	return 1 + table->cells / table->count + table->lines;
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
	for (size_t i = 0; i < table->count; i++) {
		size_t w = table->widest[i];
		widths[i] = cli_width(table->columns[i].title);
		if (width && w > width)
			w = width;
		if (w > widths[i])
			widths[i] = w;
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

/* The titles (first is NULL), or the row whose first cell was taken. */
static void print_row(struct cli_table *table, struct cli_buffer *out, const struct cell *first, const size_t *widths, size_t indent)
{
	size_t last = 0;
	struct cell cell;

	for (size_t i = 0; i < table->count; i++)
		if (widths[i])
			last = i;
	cli_add_repeated(out, " ", indent);
	for (size_t i = 0, shown = 0; i < table->count; i++) {
		if (!first) {
			cell = (struct cell){.text = table->columns[i].title, .style = CLI_BOLD};
			measure(&cell);
		} else if (i) {
			take_record(table, &cell);
		} else {
			cell = *first;
		}
		if (!widths[i])
			continue;
		if (shown++)
			cli_add_repeated(out, " ", GAP);
		print_cell(out, &table->columns[i], &cell, widths[i], i == last);
	}
	/* An empty last cell leaves no blanks behind. */
	while (out->bytes && out->data[out->bytes - 1] == ' ')
		out->data[--out->bytes] = 0;
	cli_add_text(out, "\n");
}

static void print_line(struct cli_buffer *out, const struct cell *line, size_t width, size_t indent)
{
	cli_add_repeated(out, " ", indent);
	cli_add_text(out, cli_style_on(line->style));
	cli_add_shortened(out, line->text, width > indent ? width - indent : SIZE_MAX / 2);
	cli_add_text(out, cli_style_off(line->style));
	cli_add_text(out, "\n");
}

void cli_table_print(struct cli_table *table, struct cli_buffer *out, size_t width, size_t indent)
{
	size_t *widths = cli_realloc(NULL, table->count, sizeof(*widths));
	struct cell record;

	fit(table, widths, width > indent ? width - indent : width);
	cli_spool_rewind(&table->spool);
	print_row(table, out, NULL, widths, indent);
	for (size_t left = table->cells / table->count + table->lines; left; left--) {
		take_record(table, &record);
		if (record.kind == LINE)
			print_line(out, &record, width, indent);
		else
			print_row(table, out, &record, widths, indent);
		cli_let_out(out);
	}
	free(widths);
}
