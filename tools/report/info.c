/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * info.c - everything about the recording itself: facts, processes, threads, calls still open, heaps, what
 * carries no hooks and why, losses, images, settings, messages. One table per query.
 *
 * CSV has the tables one after the other with an empty line between; JSON is one object with an
 * array for each.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/units.h"

enum { MOST_COLUMNS = 11 };

enum kind {
	NAME,     /* text */
	NUMBER,   /* an id: no separators */
	COUNT,
	BYTES,
	DURATION,
	ENDING,   /* how a process ended, from several columns */
	PLACED,   /* a function with its file and line */
	DEEP,     /* the same, indented by the column depth */
	UNNAMED,  /* text, or "(no name)" */
	FUNCTION, /* a name that is shortened as one */
	BASE,     /* a path without its folders */
	YES_NO,
};

struct info_column {
	const char *name; /* of the query's column; NULL ends */
	const char *title;
	enum kind kind;
	unsigned drop;
	size_t comfort; /* > 0: flexible */
};

struct section {
	const char *query, *title;
	const char *if_empty; /* NULL: an empty section is not shown */
	struct info_column columns[MOST_COLUMNS];
};

static const struct section sections[] = {
	{"losses", "Lost", NULL,
	 {{"cause", "cause", NAME, 0, 0}, {"lost_events", "events", COUNT, 0, 0}, {"start_ns", "from", DURATION, 0, 0},
	  {"end_ns", "to", DURATION, 0, 0}, {"threads", "threads", COUNT, 0, 0}, {"totals_kept", "in totals", YES_NO, 0, 0}}},
	{"processes", "Processes", NULL,
	 {{"process_id", "process", NUMBER, 0, 0}, {"parent_process_id", "parent", NUMBER, 1, 0}, {"pid", "pid", NUMBER, 0, 0},
	  {"joined_by", "joined by", NAME, 2, 0}, {"start_ns", "from", DURATION, 0, 0}, {"end_ns", "to", DURATION, 0, 0},
	  {"end_reason", "ended by", ENDING, 0, 0}, {"command", "command", NAME, 0, 24}}},
	{"threads", "Threads", NULL,
	 {{"thread_id", "thread", NUMBER, 0, 0}, {"process_id", "process", NUMBER, 1, 0}, {"tid", "tid", NUMBER, 2, 0},
	  {"start_ns", "from", DURATION, 0, 0}, {"end_ns", "to", DURATION, 0, 0}, {"calls", "calls", COUNT, 0, 0},
	  {"self_ns", "in calls", DURATION, 0, 0}, {"wait_ns", "waited", DURATION, 3, 0}, {"name", "name", UNNAMED, 0, 12}}},
	{"open_calls", "Calls that have not ended, by thread", NULL,
	 {{"thread_id", "thread", NUMBER, 0, 0}, {"total_ns", "open for", DURATION, 0, 0}, {"function", "function", DEEP, 0, 32}}},
	{"heaps", "Heap", NULL,
	 {{"process_id", "process", NUMBER, 0, 0}, {"kind", "kind", NAME, 0, 0}, {"allocs", "allocs", COUNT, 0, 0}, {"bytes", "bytes", BYTES, 0, 0},
	  {"frees", "frees", COUNT, 0, 0}, {"temporary", "temporary", COUNT, 2, 0}, {"live_blocks", "alive", COUNT, 0, 0},
	  {"live_bytes", "bytes", BYTES, 0, 0}, {"peak_bytes", "peak", BYTES, 0, 0}, {"peak_ns", "at", DURATION, 0, 0},
	  {"failed", "failed", COUNT, 1, 0}}},
	{"heap_faults", "Frees that cannot be right", NULL,
	 {{"process_id", "process", NUMBER, 1, 0}, {"kind", "what", NAME, 0, 0}, {"count", "times", COUNT, 0, 0},
	  {"first_ns", "first at", DURATION, 2, 0}, {"function", "freed in", FUNCTION, 0, 12}, {"place", "at", BASE, 0, 20},
	  {"block_function", "block of", FUNCTION, 0, 12}, {"block_place", "at", BASE, 0, 20}}},
	{"not_instrumented", "Functions without hooks", NULL,
	 {{"reason", "reason", NAME, 0, 0}, {"functions", "of", COUNT, 0, 0}, {"function", "function", PLACED, 0, 32}}},
	{"modules", "Images", "No instrumented image was registered.",
	 {{"module_id", "image", NUMBER, 0, 0}, {"instrumented", "with hooks", COUNT, 0, 0},
	  {"not_instrumented", "without", COUNT, 0, 0}, {"build_id", "build id", NAME, 1, 12}, {"path", "path", NAME, 0, 24}}},
	{"settings", "Settings", NULL,
	 {{"side", "of", NAME, 0, 16}, {"key", "setting", NAME, 0, 0}, {"value", "value", NAME, 0, 16}}},
	{"run", "Recording", NULL, {{"key", "fact", NAME, 0, 0}, {"value", "value", NAME, 0, 24}}},
	{"messages", "Messages", NULL,
	 {{"time_ns", "at", DURATION, 0, 0}, {"severity", "severity", NAME, 0, 0}, {"text", "text", NAME, 0, 40}}},
};

enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

static void ending_cell(struct cli_table *table, struct tr_query *q, size_t reason)
{
	/* Not by exit(): by _exit(), or as another program, or by a signal that nobody saw. */
	const char *how = tr_text(q, reason, NULL);
	int unseen = !strcmp(how, "death");
	size_t code = tr_column(q, "exit_code"), signal = tr_column(q, "exit_signal"), end = tr_column(q, "end_ns");

	if (tr_type(q, end) == TR_NULL)
		cli_cell(table, CLI_PLAIN, "running");
	else if (tr_type(q, signal) != TR_NULL)
		cli_cell_format(table, CLI_WARN, "signal %" PRId64, tr_integer(q, signal));
	else if (tr_type(q, code) != TR_NULL)
		cli_cell_format(table, CLI_PLAIN, "%s %" PRId64, unseen ? "status" : how, tr_integer(q, code));
	else
		cli_cell(table, CLI_PLAIN, unseen ? "not known" : how);
}

static void value_cell(struct cli_table *table, struct tr_query *q, const struct info_column *column)
{
	size_t at = tr_column(q, column->name);
	char text[CLI_NUMBER_BYTES];
	struct cli_buffer lead = {0};

	if (column->kind == ENDING) {
		ending_cell(table, q, at);
	} else if (column->kind == PLACED || column->kind == DEEP) {
		int64_t depth = column->kind == DEEP ? report_number(q, "depth") : 0;
		cli_add_repeated(&lead, "  ", depth < 0 ? 0 : depth > 20 ? 20 : (size_t)depth);
		cli_cell_parts(table, CLI_PLAIN, cli_text_of(&lead), report_name(q, at),
			       report_place(q, tr_column(q, "file"), tr_column(q, "line")));
		cli_buffer_fini(&lead);
	} else if (tr_type(q, at) == TR_NULL) {
		cli_cell(table, CLI_DIM, column->kind == UNNAMED ? "(no name)" : "-");
	} else if (column->kind == COUNT) {
		cli_cell(table, CLI_PLAIN, cli_count(text, tr_integer(q, at)));
	} else if (column->kind == BYTES) {
		cli_cell(table, CLI_PLAIN, cli_bytes(text, tr_integer(q, at)));
	} else if (column->kind == DURATION) {
		cli_cell(table, CLI_PLAIN, cli_duration(text, tr_integer(q, at)));
	} else if (column->kind == BASE) {
		const char *path = tr_text(q, at, NULL), *slash = strrchr(path, '/');
		cli_cell(table, CLI_PLAIN, slash && slash[1] ? slash + 1 : path);
	} else if (column->kind == YES_NO) {
		cli_cell(table, CLI_PLAIN, tr_integer(q, at) == 1 ? "yes" : "no");
	} else {
		cli_cell(table, CLI_PLAIN, tr_text(q, at, NULL));
	}
}

static int is_left(enum kind kind)
{
	return kind != NUMBER && kind != COUNT && kind != BYTES && kind != DURATION;
}

static int print_section(struct report *report, const struct section *section)
{
	struct cli_column columns[MOST_COLUMNS];
	size_t count = 0;
	struct tr_query *q;
	int64_t rows = 0;
	/* One more than is shown tells whether there are more. */
	int status = report_query_and_one(report, &q, section->query, NULL);

	if (status)
		return status;
	for (; count < MOST_COLUMNS && section->columns[count].name; count++) {
		const struct info_column *c = &section->columns[count];
		columns[count] = (struct cli_column){
			.title = c->title,
			.left = is_left(c->kind),
			.drop = c->drop,
			.comfort = c->comfort,
			.shorten = c->kind == PLACED || c->kind == DEEP || c->kind == FUNCTION ? report_shorten_name : NULL,
		};
	}
	struct cli_table *table = cli_table_create(columns, count);
	while ((status = tr_next(q, &report->error)) == 1 && (report->limit == NO_LIMIT || rows < report->limit)) {
		for (size_t i = 0; i < count; i++)
			value_cell(table, q, &section->columns[i]);
		rows++;
	}
	if (status >= 0 && (rows || section->if_empty)) {
		cli_add_format(&report->out, "\n%s%s%s\n", cli_style_on(CLI_BOLD), section->title, cli_style_off(CLI_BOLD));
		if (rows)
			cli_table_print(table, &report->out, cli_screen()->width, 2);
		else
			cli_add_format(&report->out, "  %s\n", section->if_empty);
		if (status == 1)
			cli_add_format(&report->out, "%s  and more: --limit 0 shows all%s\n", cli_style_on(CLI_DIM),
				       cli_style_off(CLI_DIM));
		report->lines += cli_table_lines(table) + 2;
	}
	cli_table_destroy(table);
	tr_finish(q);
	return status < 0 ? status : 0;
}

static int add_file(struct report *report)
{
	char bytes[CLI_NUMBER_BYTES];
	struct tr_query *q;
	int status = report_query(report, &q, "summary", NULL);

	if (status)
		return status;
	status = tr_next(q, &report->error);
	if (status == 1) {
		int64_t kept = report_number(q, "events_kept");
		cli_add_format(&report->out, "%s%s%s: %s", cli_style_on(CLI_BOLD), tr_path(report->trace), cli_style_off(CLI_BOLD),
			       cli_bytes(bytes, tr_file_bytes(report->trace)));
		if (kept > 0)
			cli_add_format(&report->out, ", %.2f bytes per event kept", (double)tr_file_bytes(report->trace) / (double)kept);
		cli_add_text(&report->out, "\n");
		report->lines++;
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

int report_info(struct report *report)
{
	/* The heap last: who reads the tables of CSV by their order finds the others where they were. */
	static const char *const all[] = {"summary", "run", "losses", "processes", "threads", "open_calls",
					  "not_instrumented", "modules", "settings", "messages", "heaps", "heap_faults"};
	const size_t count = sizeof(all) / sizeof(all[0]);
	int status = 0;

	if (!report->show_sql && report->format == CLI_FORMAT_TEXT) {
		status = add_file(report);
		for (size_t i = 0; i < SECTIONS && !status; i++)
			status = print_section(report, &sections[i]);
		return status;
	}
	int object = report->format == CLI_FORMAT_JSON && !report->show_sql;
	if (object)
		cli_out_text("{\n");
	for (size_t i = 0; i < count && !status; i++) {
		if (i)
			cli_out_text(object ? "," : report->show_sql ? "\n" : "\r\n");
		if (object) {
			cli_out_json_string(all[i], strlen(all[i]));
			cli_out_text(":");
		}
		status = report_rows(report, all[i], NULL);
	}
	if (object)
		cli_out_text("}\n");
	return status;
}
