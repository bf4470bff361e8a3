/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stacks.c - the calls that are open in every thread: now (as of the last checkpoint), at the end, or at a time
 * (tr_stacks_at). Threads in the same calls are together, most first, as Go prints its goroutines:
 *
 *     2 threads: reader (4), reader (5)
 *         1.19 s  read        queue.c:35       what they are blocked in, or "waits for lock 3 queue.lock"
 *         1.20 s  wait_for    queue.c:31
 *         1.21 s  read_all    reader.c:80
 *
 * Rows come stack by stack and call by call, innermost first, for all threads of the stack: a call is printed when
 * the last of its rows has come, a stack's heading when its innermost call is complete.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum { FEW = 5 };                          /* threads that are named */
enum { INNERMOST = 40, OUTERMOST = 10 };   /* calls of a stack that are shown, without --limit 0 */

/* What has been read of the call, of what it is blocked in, or of the threads that are in no call. */
struct call {
	int64_t depth, lock_id, longest_ns, shortest_ns, rows;
	int has_depth, is_call, known, unknown; /* rows of which it is known when the call began, and not */
	char *name, *place;
};

struct printing {
	struct report *report;
	struct cli_table *table;
	struct cli_buffer threads; /* of the stack, as named in its heading */
	int64_t stack, thread_count, named, innermost_depth, left_out;
	int at_heading;            /* its innermost call is being read */
	struct call call;
};

static int is_null(struct tr_query *q, const char *column)
{
	return tr_type(q, tr_column(q, column)) == TR_NULL;
}

static void name_thread(struct printing *p, struct tr_query *q)
{
	const char *name = tr_text(q, tr_column(q, "name"), NULL);

	if (p->named == FEW)
		cli_add_format(&p->threads, ", and %" PRId64 " more", p->thread_count - FEW);
	if (p->named++ >= FEW)
		return;
	cli_add_text(&p->threads, p->named > 1 ? ", " : "");
	if (*name)
		cli_add_clean(&p->threads, name, strnlen(name, 64));
	cli_add_format(&p->threads, "%s(%" PRId64 ")", *name ? " " : "", report_number(q, "thread_id"));
}

static void print_heading(struct printing *p)
{
	struct cli_buffer line = {0};
	char count[64];
	const char *what = !p->call.has_depth ? " in no call" : p->call.depth < 0 ? " of which the calls are not known" : "";

	cli_add_format(&line, "%s%s: %s", cli_counted(count, sizeof(count), p->thread_count, "thread", NULL), what, cli_text_of(&p->threads));
	if (p->stack > 1)
		cli_line(p->table, CLI_PLAIN, "");
	cli_line(p->table, CLI_BOLD, cli_text_of(&line));
	cli_buffer_fini(&line);
}

/* Deep stacks lose their middle. */
static int is_shown(const struct printing *p)
{
	return p->report->limit == NO_LIMIT || p->call.depth < OUTERMOST || p->call.depth > p->innermost_depth - INNERMOST ||
	       p->innermost_depth < INNERMOST + OUTERMOST + 1;
}

static void print_call(struct printing *p)
{
	struct call *c = &p->call;
	char text[CLI_NUMBER_BYTES], other[CLI_NUMBER_BYTES], count[64];
	struct cli_buffer times = {0};

	if (c->is_call && (!c->has_depth || c->depth < 0))
		return;
	if (!is_shown(p)) {
		p->left_out++;
		return;
	}
	if (p->left_out) {
		struct cli_buffer line = {0};
		cli_add_format(&line, "    ... %s ...", cli_counted(count, sizeof(count), p->left_out, "call", NULL));
		cli_line(p->table, CLI_DIM, cli_text_of(&line));
		cli_buffer_fini(&line);
		p->left_out = 0;
	}
	if (!c->known)
		cli_add_text(&times, "?");
	else if (!strcmp(cli_duration(text, c->longest_ns), cli_duration(other, c->shortest_ns)))
		cli_add_text(&times, text);
	else
		cli_add_format(&times, "%s..%s", other, text);
	cli_cell(p->table, c->known ? CLI_PLAIN : CLI_DIM, cli_text_of(&times));
	cli_cell_parts(p->table, CLI_PLAIN, NULL, c->name, c->place);
	cli_buffer_fini(&times);
}

static void end_call(struct printing *p)
{
	if (!p->call.rows)
		return;
	if (p->at_heading)
		print_heading(p);
	p->at_heading = 0;
	print_call(p);
	free(p->call.name);
	free(p->call.place);
	p->call = (struct call){0};
}

static void begin_stack(struct printing *p, struct tr_query *q)
{
	p->stack = report_number(q, "stack");
	p->thread_count = report_number(q, "threads");
	p->innermost_depth = report_number(q, "depth");
	p->named = p->left_out = 0;
	p->at_heading = 1;
	cli_buffer_clear(&p->threads);
}

/* "read", "waits for lock 3 queue.lock". */
static char *name_of(struct tr_query *q, int is_call)
{
	struct cli_buffer name = {0};
	char *text, *cut;

	if (is_call)
		return cli_cut(report_name(q, tr_column(q, "function")));
	text = is_null(q, "lock_id") ? report_called(q, tr_column(q, "called"), tr_column(q, "object")) : cli_cut(tr_text(q, tr_column(q, "lock"), NULL));
	if (!is_null(q, "lock_id"))
		cli_add_format(&name, "waits for lock %" PRId64 "%s", report_number(q, "lock_id"), *text ? " " : "");
	else if (!*text)
		cli_add_text(&name, "(no name)");
	cli_add_text(&name, text);
	cut = cli_cut(cli_text_of(&name));
	free(text);
	cli_buffer_fini(&name);
	return cut;
}

static void add_row(struct printing *p, struct tr_query *q)
{
	const char *what = tr_text(q, tr_column(q, "what"), NULL);
	int64_t depth = report_number(q, "depth"), stack = report_number(q, "stack"), lock_id = report_number(q, "lock_id");
	int has_depth = !is_null(q, "depth"), is_call = !strcmp(what, "call") || !*what;
	struct call *c = &p->call;

	if (stack != p->stack || !c->rows || depth != c->depth || has_depth != c->has_depth || is_call != c->is_call ||
	    lock_id != c->lock_id)
		end_call(p);
	if (stack != p->stack)
		begin_stack(p, q);
	if (!c->rows++) {
		c->depth = depth;
		c->has_depth = has_depth;
		c->is_call = is_call;
		c->lock_id = lock_id;
		c->name = name_of(q, is_call);
		c->place = cli_cut(report_place(q, tr_column(q, "file"), tr_column(q, "line")));
	}
	if (!is_null(q, "open_ns")) {
		int64_t ns = report_number(q, "open_ns");
		c->longest_ns = !c->known || ns > c->longest_ns ? ns : c->longest_ns;
		c->shortest_ns = !c->known || ns < c->shortest_ns ? ns : c->shortest_ns;
		c->known++;
	} else {
		c->unknown++;
	}
	if (p->at_heading)
		name_thread(p, q);
}

static void say_when(struct report *report)
{
	char text[CLI_NUMBER_BYTES];

	if (report->stacks_ns != ANY)
		cli_add_format(&report->out, "Calls that were open at %s, and since when\n\n", cli_duration(text, report->stacks_ns));
	else
		cli_add_format(&report->out, "Calls that %s open %s, and since when\n\n", report->recording ? "are" : "were", report_end(report));
	report->lines += 2;
}

static void say_nothing(struct report *report)
{
	char text[CLI_NUMBER_BYTES];

	if (report->stacks_ns != ANY)
		cli_add_format(&report->out, "No thread was there at %s.\n", cli_duration(text, report->stacks_ns));
	else
		cli_add_format(&report->out, "No call was open %s: every one had returned.\n", report_end(report));
	report->lines++;
}

int report_stacks(struct report *report)
{
	static const struct cli_column columns[] = {
		{.title = "open for"},
		{.title = "call", .left = 1, .comfort = 32, .shorten = report_shorten_name},
	};
	struct printing p = {.report = report};
	struct tr_query *q;
	int64_t limit = report->limit;
	int status = 0, more = 0;

	if (report->stacks_ns != ANY && (status = tr_stacks_at(report->trace, report->stacks_ns, &report->error)))
		return status;
	report->now_ns = tr_now_ns(report->trace);
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "stacks", NULL);
	if ((status = report_query_and_one(report, &q, "stacks", NULL)))
		return status;
	p.table = cli_table_create(columns, sizeof(columns) / sizeof(columns[0]));
	while ((status = tr_next(q, &report->error)) == 1 && !(more = limit != NO_LIMIT && report_number(q, "stack") > limit))
		add_row(&p, q);
	end_call(&p);
	tr_finish(q);
	if (status >= 0 && p.stack) {
		say_when(report);
		cli_table_print(p.table, &report->out, cli_screen()->width, 0);
		report->lines += cli_table_lines(p.table);
	} else if (status >= 0) {
		say_nothing(report);
	}
	if (status >= 0 && more)
		cli_add_format(&report->out, "%sThere are more: --limit 0 shows all%s\n", cli_style_on(CLI_DIM), cli_style_off(CLI_DIM));
	cli_table_destroy(p.table);
	cli_buffer_fini(&p.threads);
	return status < 0 ? status : 0;
}
