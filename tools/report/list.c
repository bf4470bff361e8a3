/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * list.c - the source of a function (--list) with what the trace knows of its lines beside them: its own calls and times in
 * the line of its definition, and in others what was allocated, waited for or called there.
 *
 *     source_functions ──► which functions, and where ──┐
 *     source_lines ──────► what is known of lines ──────┼──► a section for each function
 *     source.c ──────────► the text, if it is found ────┘
 *
 * The trace knows where a function begins, not where it ends: its braces tell, or without the text the next function that is
 * known in the file.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/text.h"
#include "cli/units.h"
#include "report/source.h"

enum { NUMBER, CALLS, SELF, TOTAL, ALLOCATED, WAITED, TEXT, COLUMNS };
enum { FUNCTIONS_MAX = 100 }; /* for each all that is known of its file is read */
enum { WHOLE_LINES = 100, BESIDE = 3 }; /* longer functions: only lines so near to some that something is known of */

struct function {
	char *name, *file, *image;
	int64_t functions, line, last_line, calls, self_ns, total_ns;
};

struct fact {
	char *file, *called;
	int64_t number, line, own, calls, self_ns, total_ns, bytes, waited_ns;
};

struct listing {
	struct report *report;
	struct function *functions;
	size_t count;
	struct fact *facts; /* by number, those of the function's file first, by line */
	size_t fact_count;
	struct cli_table *table;
	int64_t start_seconds; /* of the run, since 1970; 0: not known */
};

static char *copy(struct tr_query *q, const char *column)
{
	return cli_cut(tr_text(q, tr_column(q, column), NULL));
}

/* A path is opened: it must be whole. */
static char *copy_path(struct tr_query *q, const char *column)
{
	enum { LONGEST = 4096 };
	const char *path = tr_text(q, tr_column(q, column), NULL);

	return strnlen(path, LONGEST) < LONGEST ? cli_strdup(path) : cli_cut(path);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static int read_functions(struct listing *l)
{
	struct report *report = l->report;
	struct tr_query *q;
	int status = report_query(report, &q, "source_functions", NULL);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		l->functions = cli_room_for(l->functions, l->count, sizeof(*l->functions));
		l->functions[l->count++] = (struct function){
			copy(q, "function"), copy_path(q, "file"), copy_path(q, "image"), report_number(q, "functions"), report_number(q, "line"),
			report_number(q, "last_line"), report_number(q, "calls"), report_number(q, "self_ns"), report_number(q, "total_ns")};
	}
	tr_finish(q);
	return status;
}

static int read_facts(struct listing *l)
{
	struct report *report = l->report;
	struct tr_query *q;

	report->whole_file = 1;
	int status = report_query(report, &q, "source_lines", NULL);
	report->whole_file = 0;
	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		l->facts = cli_room_for(l->facts, l->fact_count, sizeof(*l->facts));
		l->facts[l->fact_count++] = (struct fact){
			copy_path(q, "file"), copy(q, "called"), report_number(q, "number"), report_number(q, "line"), report_number(q, "own"),
			report_number(q, "calls"), report_number(q, "self_ns"), report_number(q, "total_ns"), report_number(q, "bytes"),
			report_sum(report_number(q, "blocked_ns"), report_number(q, "lock_ns"))};
	}
	tr_finish(q);
	return status;
}

/* Since when the text must be as it is. */
static int read_start(struct listing *l)
{
	struct tr_query *q;
	int status = report_query(l->report, &q, "run_start", NULL);

	if (status)
		return status;
	if ((status = tr_next(q, &l->report->error)) == 1)
		l->start_seconds = report_number(q, "realtime_ns") / 1000000000;
	tr_finish(q);
	return status < 0 ? status : 0;
}

/* ---- lines --------------------------------------------------------------------------------------------- */

static void duration_cell(struct cli_table *table, int64_t ns)
{
	char text[CLI_NUMBER_BYTES];

	cli_cell(table, CLI_PLAIN, ns ? cli_duration(text, ns) : "");
}

/* What is known of a line, or nothing. */
static void add_figures(struct listing *l, int64_t line, const struct fact *f)
{
	char text[CLI_NUMBER_BYTES];

	if (line > 0)
		cli_cell_format(l->table, f ? CLI_PLAIN : CLI_DIM, "%" PRId64, line);
	else
		cli_cell(l->table, CLI_PLAIN, "");
	cli_cell(l->table, CLI_PLAIN, f && f->calls ? cli_count(text, f->calls) : "");
	duration_cell(l->table, f ? f->self_ns : 0);
	duration_cell(l->table, f ? f->total_ns : 0);
	cli_cell(l->table, CLI_PLAIN, f && f->bytes ? cli_bytes(text, f->bytes) : "");
	duration_cell(l->table, f ? f->waited_ns : 0);
}

static void add_text(struct listing *l, const struct source *s, size_t line)
{
	enum { DEEPEST = 40 };
	struct cli_buffer lead = {0};
	size_t indent;
	char *text = source_line(s, line, &indent);

	cli_add_repeated(&lead, " ", indent < DEEPEST ? indent : DEEPEST);
	cli_cell_parts(l->table, CLI_PLAIN, lead.bytes ? cli_text_of(&lead) : NULL, text, NULL);
	cli_buffer_fini(&lead);
	free(text);
}

/* The fact of the function's own file in that line. */
static const struct fact *fact_of(const struct fact *facts, size_t count, const char *file, int64_t line)
{
	for (size_t i = 0; i < count; i++)
		if (facts[i].line == line && !strcmp(facts[i].file, file))
			return &facts[i];
	return NULL;
}

static int is_near(const struct fact *facts, size_t count, const char *file, int64_t line)
{
	for (size_t i = 0; i < count; i++)
		if (facts[i].line >= line - BESIDE && facts[i].line <= line + BESIDE && !strcmp(facts[i].file, file))
			return 1;
	return 0;
}

static void add_lines(struct listing *l, const struct function *f, const struct source *s, int64_t end, const struct fact *facts, size_t count)
{
	const int all = end - f->line < WHOLE_LINES;
	int left_out = 0;

	for (int64_t line = f->line; line <= end; line++) {
		if (!all && line > f->line + BESIDE && line < end && !is_near(facts, count, f->file, line)) {
			left_out = 1;
			continue;
		}
		if (left_out) {
			add_figures(l, 0, NULL);
			cli_cell(l->table, CLI_DIM, cli_screen()->utf8 ? "\xE2\x80\xA6" : "..");
			left_out = 0;
		}
		add_figures(l, line, fact_of(facts, count, f->file, line));
		add_text(l, s, (size_t)line);
	}
}

/* Without the text: what is called there. */
static void add_bare(struct listing *l, const struct function *f, const struct fact *fact, int elsewhere)
{
	const char *slash = strrchr(fact->file, '/');
	struct cli_buffer text = {0};

	add_figures(l, elsewhere ? 0 : fact->line, fact);
	if (elsewhere)
		cli_add_format(&text, "%s:%" PRId64 "%s", slash && slash[1] ? slash + 1 : fact->file, fact->line, *fact->called ? "  " : "");
	cli_add_text(&text, *fact->called ? fact->called : !elsewhere && fact->line == f->line ? f->name : "");
	cli_cell(l->table, CLI_DIM, cli_text_of(&text));
	cli_buffer_fini(&text);
}

/* ---- one function -------------------------------------------------------------------------------------- */

/* "Table::insert(...)  table.cpp:88: 500,200 calls, total 6.50 s, self 6.50 s" */
static void add_heading(struct listing *l, const struct function *f, const struct source *s, int first)
{
	enum { NAME_LEAST = 24 };
	struct cli_buffer name = {0}, figures = {0};
	char a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES], count[64];
	const char *slash = strrchr(f->file, '/');
	const size_t screen = cli_screen()->width;

	if (f->functions > 1)
		cli_add_format(&figures, " and %s of the same lines", cli_counted(count, sizeof(count), f->functions - 1, "more", "more"));
	if (*f->file)
		cli_add_format(&figures, "  %s:%" PRId64, slash && slash[1] ? slash + 1 : f->file, f->line);
	cli_add_format(&figures, ": %s, total %s, self %s", cli_counted(count, sizeof(count), f->calls, "call", NULL), cli_duration(a, f->total_ns),
		       cli_duration(b, f->self_ns));
	const size_t taken = cli_width(cli_text_of(&figures)), room = screen > taken + NAME_LEAST ? screen - taken : NAME_LEAST;
	if (screen && cli_width(f->name) > room)
		report_shorten_name(&name, f->name, room);
	else
		cli_add_text(&name, *f->name ? f->name : "(no name)");
	cli_add_text(&name, cli_text_of(&figures));
	if (!first)
		cli_line(l->table, CLI_PLAIN, "");
	cli_line(l->table, CLI_BOLD, cli_text_of(&name));
	cli_buffer_clear(&name);
	if (s->path && strcmp(s->path, f->file)) {
		cli_add_format(&name, "Source: %s", s->path);
		cli_line(l->table, CLI_DIM, cli_text_of(&name));
	}
	cli_buffer_fini(&name);
	cli_buffer_fini(&figures);
}

/* Has the text changed since the program was built, or run? */
static void check_age(struct listing *l, const struct function *f, const struct source *s)
{
	struct stat image;
	const int is_newer = s->path && *f->image && !stat(f->image, &image) && s->changed_seconds > image.st_mtim.tv_sec;

	if (s->path && (is_newer || (l->start_seconds > 0 && s->changed_seconds > l->start_seconds)))
		cli_line(l->table, CLI_WARN, is_newer ? "This file is newer than the program: its lines may be others than those of the run"
						      : "This file is newer than the run: its lines may be others than those of the run");
}

static void add_function(struct listing *l, size_t index)
{
	const struct function *f = &l->functions[index];
	const struct fact *facts = NULL;
	size_t count = 0;
	struct source s;
	struct cli_buffer line = {0};

	for (size_t i = 0; i < l->fact_count; i++)
		if (l->facts[i].number == (int64_t)index + 1) {
			facts = facts ? facts : &l->facts[i];
			count++;
		}
	source_find(&s, f->file, l->report->source_path);
	add_heading(l, f, &s, !index);
	int64_t end = f->line > 0 && s.path ? (int64_t)source_function_end(&s, (size_t)f->line) : 0;
	const int has_text = s.path && f->line > 0 && (uint64_t)f->line <= s.count;
	if (has_text && !end) /* up to where something is known of it */
		for (size_t i = 0; i < count; i++)
			if (facts[i].own && facts[i].line > end && (uint64_t)facts[i].line <= s.count && !strcmp(facts[i].file, f->file))
				end = facts[i].line;
	if (has_text)
		check_age(l, f, &s);
	if (!*f->file || f->line <= 0)
		cli_add_text(&line, "Its source is not known: it was compiled without -g");
	else if (!s.path)
		cli_add_format(&line, "Its source was not found (%s): --source-path says where to look", s.why);
	else if (!has_text)
		cli_add_format(&line, "Its source has %zu lines only: it is not that of the run", s.count);
	if (line.bytes)
		cli_line(l->table, CLI_WARN, cli_text_of(&line));
	if (has_text)
		add_lines(l, f, &s, end, facts, count);
	else
		end = f->last_line ? f->last_line : INT64_MAX;
	for (int outside = 0; outside < 2; outside++) {
		int titled = 0;
		for (size_t i = 0; i < count; i++) {
			const int within = facts[i].line >= f->line && facts[i].line <= end && !strcmp(facts[i].file, f->file);
			if (within == outside || (within ? has_text : !facts[i].own))
				continue;
			if (outside && !titled++)
				cli_line(l->table, CLI_DIM, "In its calls, in other lines (inlined):");
			add_bare(l, f, &facts[i], outside);
		}
	}
	cli_buffer_fini(&line);
	source_fini(&s);
}

static void listing_fini(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->functions[i].name);
		free(l->functions[i].file);
		free(l->functions[i].image);
	}
	for (size_t i = 0; i < l->fact_count; i++) {
		free(l->facts[i].file);
		free(l->facts[i].called);
	}
	free(l->functions);
	free(l->facts);
}

int report_list(struct report *report)
{
	static const struct cli_column columns[COLUMNS] = {
		[NUMBER] = {.title = "line"},
		[CALLS] = {.title = "calls"},
		[SELF] = {.title = "self", .drop = 1},
		[TOTAL] = {.title = "total"},
		[ALLOCATED] = {.title = "allocated", .drop = 2},
		[WAITED] = {.title = "waited", .drop = 3},
		[TEXT] = {.title = "source", .left = 1, .comfort = 40},
	};
	struct listing l = {.report = report};
	int status;

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "source_lines", NULL);
	if (report->limit == NO_LIMIT || report->limit > FUNCTIONS_MAX)
		report->limit = FUNCTIONS_MAX;
	if (!(status = read_functions(&l)) && !(status = read_facts(&l)) && !(status = read_start(&l))) {
		l.table = cli_table_create(columns, COLUMNS);
		for (size_t i = 0; i < l.count; i++)
			add_function(&l, i);
		cli_table_print(l.table, &report->out, cli_screen()->width, 0);
		report->lines += cli_table_lines(l.table);
		cli_table_destroy(l.table);
	}
	listing_fini(&l);
	return status;
}
