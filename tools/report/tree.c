/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * tree.c - the profile by calling context: each line a call path, indented below its caller.
 *
 * The query gives contexts in the order of printing; what the lines of the drawing need (is there a
 * later sibling?) is known only at the end, so all rows are kept. Shares are of all self time.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/units.h"

/* Columns of the query's recursive part, by enum report_sort. */
static const char *const sort_columns[] = {"3", "4", "5"};

enum { SHARE, TOTAL, SELF, CALLS, MAX, NAME, COLUMNS };
enum { DEEPEST_DRAWN = 40 }; /* deeper levels are not indented further, their depth is written */

struct node {
	int64_t process_id, depth, calls, total_ns, self_ns, max_ns;
	char *name, *place;
	int has_max, last; /* last: no sibling follows */
};

struct nodes {
	struct node *items;
	size_t count, room;
};

static int read_nodes(struct report *report, struct nodes *nodes)
{
	struct tr_query *q;
	int status = report_query(report, &q, "tree", sort_columns[report->sort]);

	if (status)
		return status;
	const size_t process = tr_column(q, "process_id"), depth = tr_column(q, "depth"), function = tr_column(q, "function"),
		     file = tr_column(q, "file"), line = tr_column(q, "line"), calls = tr_column(q, "calls"),
		     self_ns = tr_column(q, "self_ns"), total_ns = tr_column(q, "total_ns"), max_ns = tr_column(q, "max_ns");
	while ((status = tr_next(q, &report->error)) == 1) {
		if (nodes->count == nodes->room) {
			nodes->room = nodes->room ? nodes->room * 2 : 256;
			nodes->items = cli_realloc(nodes->items, nodes->room, sizeof(*nodes->items));
		}
		nodes->items[nodes->count++] = (struct node){
			.process_id = tr_integer(q, process),
			.depth = tr_integer(q, depth),
			.calls = tr_integer(q, calls),
			.self_ns = tr_integer(q, self_ns),
			.total_ns = tr_integer(q, total_ns),
			.max_ns = tr_integer(q, max_ns),
			.has_max = tr_type(q, max_ns) != TR_NULL,
			.name = cli_strdup(tr_text(q, function, NULL)),
			.place = cli_strdup(report_place(q, file, line)),
		};
	}
	tr_finish(q);
	return status;
}

static void free_nodes(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		free(nodes->items[i].name);
		free(nodes->items[i].place);
	}
	free(nodes->items);
}

static void find_last_siblings(struct nodes *nodes)
{
	/* From the end: follows[d] says that a node of depth d comes later under the same parent. */
	char follows[DEEPEST_DRAWN + 1] = {0};
	for (size_t i = nodes->count; i--;) {
		struct node *n = &nodes->items[i];
		size_t d = n->depth < 1 ? 0 : n->depth > DEEPEST_DRAWN ? DEEPEST_DRAWN : (size_t)n->depth;
		if (i + 1 < nodes->count && nodes->items[i + 1].process_id != n->process_id)
			memset(follows, 0, sizeof(follows));
		n->last = !follows[d];
		follows[d] = 1;
		memset(follows + d + 1, 0, sizeof(follows) - d - 1);
	}
}

/* The lines in front of a name; continues[d]: the line of depth d goes on downwards. */
static void draw_lead(struct cli_buffer *lead, const struct node *n, char *continues)
{
	int utf8 = cli_screen()->utf8;
	int64_t depth = n->depth > DEEPEST_DRAWN ? DEEPEST_DRAWN : n->depth;

	cli_buffer_clear(lead);
	cli_add(lead, "", 0);
	for (int64_t d = 2; d < depth; d++)
		cli_add_text(lead, !continues[d] ? "  " : utf8 ? "\xE2\x94\x82 " : "| ");
	if (depth > 1)
		cli_add_text(lead, n->last ? utf8 ? "\xE2\x94\x94 " : "`-" : utf8 ? "\xE2\x94\x9C " : "|-");
	if (n->depth > DEEPEST_DRAWN)
		cli_add_format(lead, "[%" PRId64 "] ", n->depth);
	if (depth >= 0)
		continues[depth] = !n->last;
}

/* "process 2: make -j8 (pid 4711)" before the contexts of each process. */
static int add_process_lines(struct report *report, struct cli_table *table, struct nodes *nodes, size_t at,
			     struct tr_query *processes)
{
	int64_t process_id = nodes->items[at].process_id;
	struct cli_buffer line = {0};
	int status;

	/* Both come in order of process_id: one pass over the processes serves all lines. */
	while ((status = tr_next(processes, &report->error)) == 1 &&
	       tr_integer(processes, tr_column(processes, "process_id")) < process_id)
		;
	cli_add_format(&line, "process %" PRId64, process_id);
	if (status == 1)
		cli_add_format(&line, " (pid %" PRId64 "): %s", tr_integer(processes, tr_column(processes, "pid")),
			       tr_text(processes, tr_column(processes, "command"), NULL));
	cli_line(table, CLI_BOLD, cli_text_of(&line));
	cli_buffer_fini(&line);
	return status < 0 ? status : 0;
}

static int add_rows(struct report *report, struct cli_table *table, struct nodes *nodes, double whole_ns, int *marked)
{
	char continues[DEEPEST_DRAWN + 1] = {0}, text[CLI_NUMBER_BYTES];
	struct cli_buffer lead = {0};
	struct tr_query *processes = NULL;
	int status = 0;

	if (report->processes > 1)
		status = report_query_limited(report, &processes, "processes", NO_LIMIT);
	for (size_t i = 0; i < nodes->count && !status; i++) {
		struct node *n = &nodes->items[i];
		if (processes && (!i || nodes->items[i - 1].process_id != n->process_id))
			status = add_process_lines(report, table, nodes, i, processes);
		int distorted = report_is_distorted(report, n->self_ns, n->calls);
		*marked |= distorted;
		draw_lead(&lead, n, continues);
		cli_cell(table, (double)n->self_ns >= whole_ns / 10 ? CLI_HOT : CLI_PLAIN,
			 cli_share(text, (double)n->total_ns, whole_ns));
		cli_cell(table, CLI_PLAIN, cli_duration(text, n->total_ns));
		cli_cell_format(table, distorted ? CLI_DIM : CLI_PLAIN, "%s%s", distorted ? "~" : "", cli_duration(text, n->self_ns));
		cli_cell(table, CLI_PLAIN, cli_count(text, n->calls));
		cli_cell(table, CLI_PLAIN, n->has_max ? cli_duration(text, n->max_ns) : "-");
		cli_cell_parts(table, CLI_PLAIN, cli_text_of(&lead), n->name, n->place);
	}
	tr_finish(processes);
	cli_buffer_fini(&lead);
	return status;
}

static int read_whole(struct report *report, int64_t *contexts, int64_t *self_ns)
{
	struct tr_query *q;
	int status = report_query(report, &q, "whole_threads", NULL);
	if (status)
		return status;
	status = tr_next(q, &report->error);
	if (status == 1) {
		*contexts = tr_integer(q, tr_column(q, "contexts"));
		*self_ns = tr_integer(q, tr_column(q, "self_ns"));
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

int report_tree(struct report *report)
{
	static const struct cli_column columns[COLUMNS] = {
		[SHARE] = {.title = "total %"},
		[TOTAL] = {.title = "total"},
		[SELF] = {.title = "self"},
		[CALLS] = {.title = "calls"},
		[MAX] = {.title = "max", .drop = 1},
		[NAME] = {.title = "calling context", .left = 1, .comfort = 40, .shorten = report_shorten_name},
	};
	struct nodes nodes = {0};
	int64_t contexts = 0, whole_ns = 0, shown_ns = 0;
	int status, marked = 0;
	char count[64], share[CLI_NUMBER_BYTES];

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "tree", sort_columns[report->sort]);
	if ((status = read_whole(report, &contexts, &whole_ns)) || (status = read_nodes(report, &nodes))) {
		free_nodes(&nodes);
		return status;
	}
	find_last_siblings(&nodes);
	for (size_t i = 0; i < nodes.count; i++)
		shown_ns += nodes.items[i].self_ns;
	struct cli_table *table = cli_table_create(columns, COLUMNS);
	status = add_rows(report, table, &nodes, (double)whole_ns, &marked);
	if (!status && nodes.count)
		cli_table_print(table, &report->out, cli_screen()->width, 0);
	else if (!status)
		cli_add_text(&report->out, contexts ? "No calling context has so much time: --min 0 shows all.\n"
						     : "No calls were recorded.\n");
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	if (!status && nodes.count && contexts > (int64_t)nodes.count)
		cli_add_format(&report->out, "%s%s hidden, with %s of the self time: --min 0 --limit 0 shows all%s\n",
			       cli_style_on(CLI_DIM),
			       cli_counted(count, sizeof(count), contexts - (int64_t)nodes.count, "calling context", NULL),
			       cli_share(share, whole_ns > shown_ns ? (double)(whole_ns - shown_ns) : 0, (double)whole_ns),
			       cli_style_off(CLI_DIM));
	free_nodes(&nodes);
	if (!status)
		report_explain_marks(report, marked);
	return status;
}
