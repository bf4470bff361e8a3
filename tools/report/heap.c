/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - what stands above each report on the heap, and what these reports share.
 *
 *     WRONG FREE: 1 block of operator new[] was given to free: ...     what the program does wrong
 *     5 frees of blocks whose allocation was not seen ...              what figures lack
 *     heap: 1,523,007 allocations of 104 MiB · 5,003 blocks ...        the sums
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum {
	FEW = 3,           /* wrong frees that are told; --info has all */
	NAME_COLUMNS = 60, /* of a function in a sentence, or among others in a path, at most */
	STEP_COLUMNS = 20, /* in a path a longer one goes without its parameters */
	TYPE_COLUMNS = 32, /* of a type beside a place */
	TYPE_LEAST = 10,   /* a longer one is left out where there is less room than that */
	PATH_ROWS = 3,     /* of a call path */
};

static const char *const nouns[REPORT_KINDS] = {"allocation", "block", "mapping"};

static int read_heaps(struct report *report)
{
	struct report_heap *heap = &report->heap;
	const struct {
		const char *column;
		int64_t *sum;
	} sums[] = {
		{"allocs", &heap->allocs},           {"bytes", &heap->bytes},
		{"frees", &heap->frees},             {"freed_bytes", &heap->freed_bytes},
		{"live_blocks", &heap->live_blocks}, {"live_bytes", &heap->live_bytes},
		{"peak_blocks", &heap->peak_blocks}, {"peak_bytes", &heap->peak_bytes},
		{"temporary", &heap->temporary},     {"crossed", &heap->crossed},
		{"resized", &heap->resized},         {"failed", &heap->failed},
		{"lost", &heap->lost},               {"unknown_frees", &heap->unknown_frees},
	};
	struct tr_query *q;
	int status = report_query_limited(report, &q, "heaps", NULL, NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		const char *kind = tr_text(q, tr_column(q, "kind"), NULL);
		for (int k = 0; k < REPORT_KINDS; k++) {
			if (strcmp(kind, report_kinds[k]))
				continue;
			report->kinds[k].allocs = report_sum(report->kinds[k].allocs, report_number(q, "allocs"));
			report->kinds[k].live_bytes = report_sum(report->kinds[k].live_bytes, report_number(q, "live_bytes"));
		}
		if (strcmp(kind, report_kinds[report->kind]))
			continue;
		for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
			*sums[i].sum = report_sum(*sums[i].sum, report_number(q, sums[i].column));
		if (!heap->processes++ || report_number(q, "peak_bytes") > heap->most_bytes) {
			heap->most_process_id = report_number(q, "process_id");
			heap->most_bytes = report_number(q, "peak_bytes");
			heap->most_blocks = report_number(q, "peak_blocks");
			heap->most_ns = report_number(q, "peak_ns");
		}
	}
	tr_finish(q);
	return status;
}

/* A name that is wider than whole is shortened. */
static void add_name(struct cli_buffer *out, const char *name, size_t whole)
{
	char *cut = cli_cut(*name ? name : "(no name)");
	if (cli_width(cut) <= whole)
		cli_add_text(out, cut);
	else
		report_shorten_name(out, cut, NAME_COLUMNS);
	free(cut);
}

/* "parse(char const*) (parse.cpp:30:12)" */
static void add_where(struct cli_buffer *out, struct tr_query *q, const char *function, const char *place)
{
	add_name(out, tr_text(q, tr_column(q, function), NULL), NAME_COLUMNS);
	const char *path = tr_text(q, tr_column(q, place), NULL), *slash = strrchr(path, '/');
	if (*path)
		cli_add_format(out, " (%.150s)", slash && slash[1] ? slash + 1 : path);
}

static void say_fault(struct report *report, struct tr_query *q)
{
	struct cli_buffer text = {0};
	char number_text[64];
	int64_t count = report_number(q, "count");
	int twice = !strcmp(tr_text(q, tr_column(q, "kind"), NULL), "freed twice");

	cli_add_format(&text, "WRONG FREE: %s ", cli_counted(number_text, sizeof(number_text), count, "block", NULL));
	if (twice) {
		cli_add_format(&text, "%s freed twice: first in ", count == 1 ? "was" : "were");
	} else {
		cli_add_text(&text, "of ");
		add_name(&text, tr_text(q, tr_column(q, "block_called"), NULL), NAME_COLUMNS);
		cli_add_format(&text, " %s given to ", count == 1 ? "was" : "were");
		add_name(&text, tr_text(q, tr_column(q, "called"), NULL), NAME_COLUMNS);
		cli_add_text(&text, ": allocated in ");
	}
	add_where(&text, q, "block_function", "block_place");
	cli_add_text(&text, twice ? ", again in " : ", freed in ");
	add_where(&text, q, "function", "place");
	report_say(report, CLI_BAD, "%s, %sat %s", cli_text_of(&text), count == 1 ? "" : "for the first time ",
		   cli_duration(number_text, report_number(q, "first_ns")));
	cli_buffer_fini(&text);
}

static int say_faults(struct report *report)
{
	int64_t faults = 0;
	char count[64];
	struct tr_query *q;
	int status = report_query_limited(report, &q, "heap_faults", NULL, NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		const char *kind = tr_text(q, tr_column(q, "kind"), NULL);
		if (strcmp(kind, "wrong family") && strcmp(kind, "freed twice"))
			break; /* those come last, and their sums are told */
		if (faults++ < FEW)
			say_fault(report, q);
	}
	tr_finish(q);
	if (status >= 0 && faults > FEW)
		report_say(report, CLI_BAD, "%s of wrong frees: --info lists them",
			   cli_counted(count, sizeof(count), faults - FEW, "more kind", NULL));
	if (report->heap.unknown_frees)
		report_say(report, CLI_WARN, "%s of blocks whose allocation was not seen: it came before recording, or from code "
			   "without hooks", cli_counted(count, sizeof(count), report->heap.unknown_frees, "free", NULL));
	if (report->heap.lost)
		report_say(report, CLI_WARN, "%s freed without being seen: another block came up at the same address",
			   cli_counted(count, sizeof(count), report->heap.lost, "block was", "blocks were"));
	return status < 0 ? status : 0;
}

const char *report_end(const struct report *report)
{
	return report->recording ? "at the last checkpoint" : "at the end";
}

/* What else there is, which no heap of allocations has. */
static void add_kinds(struct report *report)
{
	char parts[REPORT_KINDS][80], a[64], b[CLI_NUMBER_BYTES];
	size_t count = 0;

	for (int k = 0; k < REPORT_KINDS; k++) {
		const struct report_kind_sums *sums = &report->kinds[k];
		if (k == report->kind || !sums->allocs)
			continue;
		snprintf(parts[count++], 80, "%s: %s, %s %s %s (--kind %s)", report_kinds[k],
			 cli_counted(a, sizeof(a), sums->allocs, nouns[k], NULL), cli_bytes(b, sums->live_bytes),
			 k == KIND_MAPPINGS ? "mapped" : "alive", report_end(report), report_kinds[k]);
	}
	if (count)
		report_add_parts(report, (const char(*)[80])parts, count);
}

static void add_sums(struct report *report)
{
	const struct report_heap *heap = &report->heap;
	char parts[10][80] = {0}, a[CLI_NUMBER_BYTES], b[64], c[CLI_NUMBER_BYTES];
	char (*next)[80] = parts;

	snprintf(*next++, 80, "%s: %s of %s", report_kinds[report->kind],
		 cli_counted(b, sizeof(b), heap->allocs, nouns[report->kind], NULL), cli_bytes(a, heap->bytes));
	if (heap->live_blocks)
		snprintf(*next++, 80, "%s (%s) alive %s", cli_counted(b, sizeof(b), heap->live_blocks, "block", NULL),
			 cli_bytes(a, heap->live_bytes), report_end(report));
	else
		snprintf(*next++, 80, "nothing alive %s", report_end(report));
	if (heap->most_bytes && heap->processes > 1)
		snprintf(*next++, 80, "largest peak %s at %s, in process %" PRId64, cli_bytes(a, heap->most_bytes),
			 cli_duration(c, heap->most_ns), heap->most_process_id);
	else if (heap->most_bytes)
		snprintf(*next++, 80, "peak %s in %s at %s", cli_bytes(a, heap->most_bytes),
			 cli_counted(b, sizeof(b), heap->most_blocks, "block", NULL), cli_duration(c, heap->most_ns));
	snprintf(*next++, 80, "%s freed", cli_count(a, heap->frees));
	if (heap->crossed)
		snprintf(*next++, 80, "%s of them by another thread", cli_count(a, heap->crossed));
	if (heap->temporary && report->kind != KIND_MAPPINGS)
		snprintf(*next++, 80, "%s temporary (%s)", cli_count(a, heap->temporary),
			 cli_share(c, (double)heap->temporary, (double)heap->allocs));
	if (heap->resized)
		snprintf(*next++, 80, "%s resized", cli_count(a, heap->resized));
	if (heap->failed)
		snprintf(*next++, 80, "%s failed", cli_count(a, heap->failed));
	report_add_parts(report, (const char(*)[80])parts, (size_t)(next - parts));
}

/* One process at a time: that which was asked for, else the one with the largest peak. */
static void say_process(struct report *report)
{
	char others[64];

	if (report->process_id == ANY && report->heap.processes > 1)
		report_say(report, CLI_PLAIN, "Below: process %" PRId64 ", which has the largest peak. %s allocated, too: --process N "
					      "shows another", report->heap.most_process_id,
			   cli_counted(others, sizeof(others), report->heap.processes - 1, "other process", "other processes"));
}

int report_heap_header(struct report *report)
{
	int status = read_heaps(report);

	if (status || !report->heap.processes)
		return status;
	if ((status = say_faults(report)))
		return status;
	if (report->format == CLI_FORMAT_TEXT) {
		add_sums(report);
		add_kinds(report);
	}
	if (report->format == CLI_FORMAT_TEXT && report->mode == REPORT_MEMORY)
		say_process(report);
	return report->mode >= REPORT_HEAP_AT ? report_history_header(report) : 0;
}

int report_has_no_heap(struct report *report)
{
	char process[64] = "";

	if (report->heap.processes)
		return 0;
	if (report->process_id != ANY)
		snprintf(process, sizeof(process), " of process %" PRId64, report->process_id);
	report_say(report, CLI_PLAIN, report->kind == KIND_POOLS ?
		   "No pools%s were recorded: the program tells of none (instr_pool_alloc in instr/instr.h), or ran with heap=off." :
		   report->kind == KIND_MAPPINGS ?
		   "No mappings%s were recorded: the program was compiled or run with heap=off, or mapped nothing in code with hooks." :
		   "No allocations%s were recorded: the program was compiled or run with heap=off, or allocated nothing in code "
		   "with hooks.", process);
	return 1;
}

/* "malloc(node)", "operator new(ns::foo)": the type in the place of the parameters. */
static void add_called(struct cli_buffer *out, const char *name, const char *type)
{
	if (!*type) {
		add_name(out, name, STEP_COLUMNS);
		return;
	}
	struct cli_buffer bare = {0};
	char *cut = cli_cut(type);
	cli_add(&bare, name, strcspn(name, "("));
	add_name(out, cli_text_of(&bare), STEP_COLUMNS);
	cli_add_text(out, "(");
	report_shorten_name(out, cut, TYPE_COLUMNS);
	cli_add_text(out, ")");
	free(cut);
	cli_buffer_fini(&bare);
}

void report_shorten_called(struct cli_buffer *out, const char *called, size_t width)
{
	const char operator_word[] = "operator ", *open, *end = called + strlen(called);
	size_t bytes;

	if (!strncmp(called, operator_word, strlen(operator_word)))
		called += strlen(operator_word);
	bytes = strcspn(called, "(");
	open = called + bytes;
	if (!bytes || bytes > width)
		return;
	cli_add(out, called, bytes);
	if (end < open + 2 || end[-1] != ')' || width < bytes + 2)
		return;
	char *type = strndup(open + 1, (size_t)(end - open - 2));
	size_t left = width - bytes - 2;
	if (type && (left >= TYPE_LEAST || cli_width(type) <= left)) {
		cli_add_text(out, "(");
		report_shorten_name(out, type, left);
		cli_add_text(out, ")");
	}
	free(type);
}

void report_place_cell(struct cli_table *table, struct tr_query *q)
{
	struct cli_buffer place = {0}, called = {0};
	size_t column = tr_column(q, "column");

	cli_add_text(&place, report_place(q, tr_column(q, "file"), tr_column(q, "line")));
	if (place.bytes && report_number(q, "line") > 0 && tr_integer(q, column) > 0)
		cli_add_format(&place, ":%" PRId64, tr_integer(q, column));
	add_called(&called, tr_text(q, tr_column(q, "called"), NULL), tr_text(q, tr_column(q, "type"), NULL));
	if (place.bytes)
		cli_cell_parts(table, CLI_PLAIN, NULL, cli_text_of(&place), cli_text_of(&called));
	else
		cli_cell_parts(table, CLI_PLAIN, NULL, cli_text_of(&called), "(compiled without -g)");
	cli_buffer_fini(&place);
	cli_buffer_fini(&called);
}

static void path_row(struct cli_table *table, size_t columns, struct cli_buffer *row)
{
	for (size_t i = 1; i < columns; i++)
		cli_cell(table, CLI_PLAIN, "");
	cli_cell_parts(table, CLI_DIM, "  ", cli_text_of(row), NULL);
	cli_buffer_clear(row);
}

static void add_lines_below(struct cli_table *table, size_t columns, const struct cli_buffer *below)
{
	for (const char *text = cli_text_of(below); *text;) {
		struct cli_buffer row = {0};
		size_t bytes = strcspn(text, "\n");
		cli_add(&row, text, bytes);
		path_row(table, columns, &row);
		cli_buffer_fini(&row);
		text += bytes + (text[bytes] == '\n');
	}
}

/* A function that calls itself, so many times in a row, is one name "×N". */
static size_t add_step(struct cli_buffer *out, const char *path)
{
	const char *end = strstr(path, " < ");
	size_t bytes = end ? (size_t)(end - path) : strlen(path), times = 1, taken = bytes;
	struct cli_buffer name = {0};

	while (!strncmp(path + taken, " < ", 3) && !strncmp(path + taken + 3, path, bytes) &&
	       (!path[taken + 3 + bytes] || !strncmp(path + taken + 3 + bytes, " < ", 3))) {
		taken += 3 + bytes;
		times++;
	}
	cli_add(&name, path, bytes);
	add_name(out, cli_text_of(&name), STEP_COLUMNS);
	if (times > 1)
		cli_add_format(out, " %s%zu", cli_screen()->utf8 ? "\xC3\x97" : "x", times);
	cli_buffer_fini(&name);
	return taken;
}

void report_path_rows(struct cli_table *table, size_t columns, const char *path, size_t from)
{
	enum { LEAST = 24, MOST = 100 };
	const size_t screen = cli_screen()->width, width = !screen ? MOST : screen > from + LEAST ? screen - from : LEAST;
	struct cli_buffer row = {0}, step = {0};
	size_t rows = 1;

	while (*path) {
		cli_buffer_clear(&step);
		path += add_step(&step, path);
		if (row.bytes && cli_width(cli_text_of(&row)) + 3 + cli_width(cli_text_of(&step)) > width) {
			if (rows == PATH_ROWS) {
				cli_add_text(&row, cli_screen()->utf8 ? " < \xE2\x80\xA6" : " < ..");
				break;
			}
			path_row(table, columns, &row);
			rows++;
			cli_add_text(&row, "< ");
		} else if (row.bytes) {
			cli_add_text(&row, " < ");
		}
		cli_add_text(&row, cli_text_of(&step));
		if (!strncmp(path, " < ", 3))
			path += 3;
	}
	if (row.bytes)
		path_row(table, columns, &row);
	cli_buffer_fini(&row);
	cli_buffer_fini(&step);
}

void report_bytes_cell(struct cli_table *table, int64_t bytes)
{
	char text[CLI_NUMBER_BYTES];
	cli_cell(table, bytes ? CLI_PLAIN : CLI_DIM, bytes ? cli_bytes(text, bytes) : "-");
}

void report_count_cell(struct cli_table *table, int64_t count)
{
	char text[CLI_NUMBER_BYTES];
	cli_cell(table, count ? CLI_PLAIN : CLI_DIM, count ? cli_count(text, count) : "-");
}

void report_duration_cell(struct cli_table *table, struct tr_query *q, const char *column, const char *unknown)
{
	char text[CLI_NUMBER_BYTES];

	if (tr_type(q, tr_column(q, column)) == TR_NULL)
		cli_cell(table, CLI_DIM, unknown);
	else
		cli_cell(table, CLI_PLAIN, cli_duration(text, report_number(q, column)));
}

static void say_more(struct report *report, double shown, double whole)
{
	char share[CLI_NUMBER_BYTES];

	cli_add_format(&report->out, "%sThere are more", cli_style_on(CLI_DIM));
	if (whole > 0)
		cli_add_format(&report->out, ", with %s together", cli_share(share, whole > shown ? whole - shown : 0, whole));
	cli_add_format(&report->out, ": --limit 0 shows all%s\n", cli_style_off(CLI_DIM));
	report->lines++;
}

int report_places(struct report *report, const struct report_places *p)
{
	struct tr_query *q;
	int64_t rows = 0;
	double sum = 0;
	int status = report_query_and_one(report, &q, p->query, p->order), more;

	if (status)
		return status;
	struct cli_table *table = cli_table_create(p->columns, p->count);
	while ((more = (status = tr_next(q, &report->error)) == 1 && !(p->stops_at_none && !report_number(q, p->part))) &&
	       (report->limit == NO_LIMIT || rows < report->limit)) {
		for (size_t i = 0; i < p->count; i++)
			p->add_cell(report, table, q, p->which[i]);
		if (p->add_below) {
			struct cli_buffer below = {0};
			p->add_below(&below, q);
			add_lines_below(table, p->count, &below);
			cli_buffer_fini(&below);
		}
		if (p->path_from)
			report_path_rows(table, p->count, tr_text(q, tr_column(q, "path"), NULL), p->path_from);
		if (p->path_from && p->other_path && *tr_text(q, tr_column(q, p->other_path), NULL)) {
			struct cli_buffer title = {0};
			cli_add_text(&title, p->other_title);
			path_row(table, p->count, &title);
			cli_buffer_fini(&title);
			report_path_rows(table, p->count, tr_text(q, tr_column(q, p->other_path), NULL), p->path_from);
		}
		sum += (double)report_number(q, p->part);
		rows++;
	}
	tr_finish(q);
	if (status >= 0 && rows)
		cli_table_print(table, &report->out, cli_screen()->width, 0);
	else if (status >= 0)
		p->say_nothing(report);
	if (more)
		say_more(report, sum, p->whole);
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	return status < 0 ? status : 0;
}
