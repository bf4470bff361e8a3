/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * tree.c - the profile by calling context: each line a call path, indented below its caller. Shares
 * are of all self time; with memory or waits beside the time (--heap, --blocks), of these if they are the order.
 * Only some call paths (--focus, --ignore); from functions to what calls them (--inverted): then a line has what came by
 * its way of the time and the calls of the function that it began with.
 *
 * Which lines there are and what recursion looks like is settled in tree_lines.c; here they are drawn.
 */
#include "report/tree_lines.h"

#include <inttypes.h>

#include "cli/units.h"

/* Columns of the query's recursive part, by enum report_sort. */
static const char *const sort_columns[] = {"3", "4", "5", "6", "7", "6", "7"};
static const char *const share_titles[] = {"total %", "total %", "total %", "bytes %", "allocs %", "blocked %", "lock %"};
static const char *const what[] = {"self time", "self time", "self time", "bytes", "allocations", "time blocked", "waits for locks"};

enum {
	SHARE, TOTAL, SELF, CALLS, MAX, TOTAL_MEMORY, BYTES, ALLOCS, TOTAL_BLOCKED, BLOCKED, IDLE, TOTAL_LOCK, LOCK, NAME, COLUMNS,
};
enum {
	DEEPEST_DRAWN = 40, /* deeper levels are not indented further, their depth is written */
	LEAST_DRAWN = 6,
};

static const char *query_of(const struct report *report)
{
	return report->with_heap ? "tree_heap" : report->with_blocks ? "tree_blocks" : report->inverted ? "tree_inverted"
	       : report->focus || report->ignore ? "tree_focus" : "tree";
}

static const char *order_of(const struct report *report)
{
	return report->inverted ? report->sort == SORT_CALLS ? "3" : "2" : sort_columns[report->sort];
}

/* How many levels are drawn: a fifth of the screen. */
static size_t levels_drawn(void)
{
	size_t width = cli_screen()->width;
	return !width || width / 5 / 2 > DEEPEST_DRAWN ? DEEPEST_DRAWN : width / 5 / 2 < LEAST_DRAWN ? LEAST_DRAWN : width / 5 / 2;
}

/* The lines in front of a name; continues[d]: the line of level d goes on downwards. */
static void draw_lead(struct cli_buffer *lead, const struct tree_line *n, size_t drawn, char *continues)
{
	int utf8 = cli_screen()->utf8;
	size_t indent = n->indent < drawn ? n->indent : drawn;

	cli_buffer_clear(lead);
	for (size_t d = 2; d < indent; d++)
		cli_add_text(lead, !continues[d] ? "  " : utf8 ? "\xE2\x94\x82 " : "| ");
	if (indent > 1)
		cli_add_text(lead, n->last ? utf8 ? "\xE2\x94\x94 " : "`-" : utf8 ? "\xE2\x94\x9C " : "|-");
	if (n->indent > drawn)
		cli_add_format(lead, "[%" PRId64 "] ", n->depth);
	if (n->levels > 1)
		cli_add_format(lead, "%s%" PRId64 " ", utf8 ? "\xC3\x97" : "x", n->levels);
	continues[indent] = !n->last;
}

/* "process 2 (pid 4711): make -j8" before the contexts of each process. */
static int add_process_line(struct report *report, struct cli_table *table, int64_t process_id, struct tr_query *processes)
{
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

static int is_distorted(const struct report *report, const struct tree_line *n)
{
	return !report->inverted && !n->is_way && report_is_distorted(report, n->self_ns, n->hooked);
}

static void add_cell(const struct report *report, struct cli_table *table, const struct tree_line *n, double whole, const char *lead, int column)
{
	const struct tree_beside *first = &n->beside[0], *second = &n->beside[1];
	const int distorted = is_distorted(report, n);
	char text[CLI_NUMBER_BYTES];

	switch (column) {
	case SHARE:
		cli_cell(table, (double)tree_weigh(report, n).own >= whole / 10 ? CLI_HOT : CLI_PLAIN,
			 cli_share(text, (double)tree_weigh(report, n).total, whole));
		break;
	case TOTAL:
		cli_cell(table, CLI_PLAIN, cli_duration(text, n->total_ns));
		break;
	case SELF:
		if (n->is_way)
			cli_cell(table, CLI_DIM, "-");
		else
			cli_cell_format(table, distorted ? CLI_DIM : CLI_PLAIN, "%s%s", distorted ? "~" : "", cli_duration(text, n->self_ns));
		break;
	case CALLS:
		cli_cell(table, CLI_PLAIN, cli_count(text, n->calls));
		break;
	case MAX:
		cli_cell(table, n->has_max ? CLI_PLAIN : CLI_DIM, n->has_max ? cli_duration(text, n->max_ns) : "-");
		break;
	case TOTAL_MEMORY:
		if (report->sort == SORT_HEAP_ALLOCS)
			report_count_cell(table, second->total);
		else
			report_bytes_cell(table, first->total);
		break;
	case BYTES:
		report_bytes_cell(table, first->own);
		break;
	case ALLOCS:
		report_count_cell(table, second->own);
		break;
	case NAME:
		cli_cell_parts(table, CLI_PLAIN, lead, n->name, n->place);
		break;
	default:
		report_wait_cell(table, column == IDLE ? n->idle_ns : column == TOTAL_BLOCKED ? first->total : column == BLOCKED ? first->own :
				 column == TOTAL_LOCK ? second->total : second->own);
	}
}

/* What the lines that are shown tell together. */
struct sums {
	size_t lines;
	int64_t contexts, own; /* of what lines are ordered by */
	int distorted, folded;
};

static int add_rows(struct report *report, struct cli_table *table, const int *which, size_t count, struct tree_lines *lines, size_t drawn,
		    double whole, struct sums *sums)
{
	char continues[DEEPEST_DRAWN + 1] = {0};
	struct cli_buffer lead = {0};
	struct tr_query *processes = NULL;
	struct tree_line line;
	int64_t process_before = 0;
	int status = 0;

	if (report->processes > 1 && !report->inverted)
		status = report_query_limited(report, &processes, "processes", NULL, NO_LIMIT);
	for (; !status && tree_take(lines, &line); sums->lines++) {
		if (processes && (!sums->lines || line.process_id != process_before))
			status = add_process_line(report, table, line.process_id, processes);
		process_before = line.process_id;
		sums->own = report_sum(sums->own, tree_weigh(report, &line).own);
		sums->contexts += line.outside ? 0 : line.levels;
		sums->distorted |= is_distorted(report, &line);
		sums->folded |= line.levels > 1;
		draw_lead(&lead, &line, drawn, continues);
		for (size_t c = 0; c < count; c++)
			add_cell(report, table, &line, whole, cli_text_of(&lead), which[c]);
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
		*contexts = report_number(q, "contexts");
		*self_ns = report_number(q, "self_ns");
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

static void explain(struct report *report, int64_t hidden, int64_t rest, int64_t whole, const struct sums *sums)
{
	char count[64], share[CLI_NUMBER_BYTES];

	cli_add_text(&report->out, cli_style_on(CLI_DIM));
	if (report->focus || report->ignore || report->inverted)
		cli_add_format(&report->out, "In these: %s of the self time; --min 0 --limit 0%s shows all of them\n",
			       cli_share(share, (double)report_difference(whole, rest), (double)whole), report->depth != NO_LIMIT ? " --depth 0" : "");
	else if (hidden > 0)
		cli_add_format(&report->out, "%s hidden, with %s of the %s: --min 0 --limit 0%s shows all\n",
			       cli_counted(count, sizeof(count), hidden, "calling context", NULL),
			       cli_share(share, rest > 0 ? (double)rest : 0, (double)whole), what[report->sort],
			       report->depth != NO_LIMIT ? " --depth 0" : "");
	if (sums->folded)
		cli_add_format(&report->out, "%sN a function that calls itself, N levels deep, in one line\n",
			       cli_screen()->utf8 ? "\xC3\x97" : "x");
	cli_add_text(&report->out, cli_style_off(CLI_DIM));
	report_explain_marks(report, sums->distorted);
}

static int is_shown(const struct report *report, int column)
{
	switch (column) {
	case SELF:
	case MAX:
		return !report->inverted;
	case TOTAL_MEMORY:
	case BYTES:
	case ALLOCS:
		return report->with_heap;
	case TOTAL_BLOCKED:
	case BLOCKED:
		return report_shows_waits(report, WAIT_BLOCKED);
	case IDLE:
		return report_shows_waits(report, WAIT_FOR_WORK);
	case TOTAL_LOCK:
	case LOCK:
		return report_shows_waits(report, WAIT_FOR_LOCKS);
	default:
		return 1;
	}
}

/* The columns of the table in their order: which, and how many. */
static size_t choose_columns(const struct report *report, struct cli_column *columns, int *which)
{
	const int crowded = report_is_crowded(report);
	const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = report->inverted ? "self %" : share_titles[report->sort]},
		[TOTAL] = {.title = report->inverted ? "self" : "total", .drop = report->with_heap ? 1 : crowded ? 2 : 0},
		[SELF] = {.title = "self"},
		[CALLS] = {.title = "calls", .drop = crowded ? 4 : 0},
		[MAX] = {.title = "max", .drop = crowded ? 5 : 1},
		[TOTAL_MEMORY] = {.title = report->sort == SORT_HEAP_ALLOCS ? "total allocs" : "total bytes"},
		[BYTES] = {.title = "bytes"},
		[ALLOCS] = {.title = "allocs", .drop = 2},
		[TOTAL_BLOCKED] = {.title = "total blocked"},
		[BLOCKED] = {.title = "blocked", .drop = 1},
		[IDLE] = {.title = "idle", .drop = 3},
		[TOTAL_LOCK] = {.title = "total lock"},
		[LOCK] = {.title = "lock wait", .drop = 1},
		[NAME] = {.title = report->inverted ? "function, and what calls it" : "calling context", .left = 1, .comfort = crowded ? 32 : 40, .shorten = report_shorten_name},
	};
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (!is_shown(report, i))
			continue;
		columns[count] = all[i];
		which[count++] = i;
	}
	return count;
}

static int64_t whole_of(const struct report *report, int64_t self_ns)
{
	const int64_t wholes[] = {self_ns, self_ns, self_ns, report->heap.bytes, report->heap.allocs, report_blocked_ns(report),
				  report->waits.wait_ns};
	return wholes[report->sort];
}

int report_tree(struct report *report)
{
	struct cli_column columns[COLUMNS];
	struct tree_lines *lines;
	struct sums sums = {0};
	int64_t contexts = 0, whole = 0;
	const size_t drawn = levels_drawn();
	int which[COLUMNS], status;

	report_say_none_beside(report);
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, query_of(report), order_of(report));
	if ((status = read_whole(report, &contexts, &whole)) || (status = tree_read(report, query_of(report), order_of(report), drawn, &lines)))
		return status;
	whole = whole_of(report, whole);
	const size_t count = choose_columns(report, columns, which);
	struct cli_table *table = cli_table_create(columns, count);
	status = add_rows(report, table, which, count, lines, drawn, (double)whole, &sums);
	if (!status && sums.lines) {
		cli_table_print(table, &report->out, cli_screen()->width, 0);
		explain(report, contexts - sums.contexts, report_difference(whole, sums.own), whole, &sums);
	} else if (!status) {
		cli_add_text(&report->out, !contexts ? "No calls were recorded.\n"
					    : report->focus || report->ignore ? "No call path is left that has so much time: --min 0 shows all.\n"
					    : report->sort >= SORT_BLOCKED_TIME
						      ? "No calling context has waited so long: --min 0 shows all.\n"
					    : report->sort >= SORT_HEAP_BYTES
						      ? "No calling context has so much memory: --min 0 shows all.\n"
						      : "No calling context has so much time: --min 0 shows all.\n");
	}
	report->lines += cli_table_lines(table) + 2;
	cli_table_destroy(table);
	tree_free(lines);
	return status;
}
