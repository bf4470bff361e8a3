/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * tree.c - the profile by calling context: each line a call path, indented below its caller. Shares
 * are of all self time; with memory or waits beside the time (--heap, --blocks), of these if they are the order.
 * Only some call paths (--focus, --ignore); from functions to what calls them (--inverted): then a line has what came by
 * its way of the time and the calls of the function that it began with.
 *
 * The query gives contexts in the order of printing. What the drawing needs (is there a later
 * sibling?) and what recursion looks like is known only at the end, so all rows are kept:
 *
 *     read_nodes ──► find_parents ──► fold_recursion ──► cut ──► find_last_siblings ──► add_rows
 *
 * A function that calls itself and, as far as is shown, nothing else, FOLDED_FROM times or more in a
 * row, is one line "×N": its calls and self times added up.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/units.h"

/* Columns of the query's recursive part, by enum report_sort. */
static const char *const sort_columns[] = {"3", "4", "5", "6", "7", "6", "7"};
static const char *const share_titles[] = {"total %", "total %", "total %", "bytes %", "allocs %", "blocked %", "lock %"};
static const char *const what[] = {"self time", "self time", "self time", "bytes", "allocations", "time blocked", "waits for locks"};

enum {
	SHARE, TOTAL, SELF, CALLS, MAX, TOTAL_MEMORY, BYTES, ALLOCS, TOTAL_BLOCKED, BLOCKED, IDLE, TOTAL_LOCK, LOCK, NAME, COLUMNS,
};
enum {
	FOLDED_FROM = 4,
	READ_PER_LINE = 64,  /* contexts read for each line wanted: folding makes fewer of them */
	DEEPEST_DRAWN = 40, /* deeper levels are not indented further, their depth is written */
	LEAST_DRAWN = 6,
};

static const size_t NO_PARENT = (size_t)-1;

struct node {
	int64_t process_id, depth, calls, total_ns, self_ns, max_ns;
	struct beside { int64_t total, own; } beside[2]; /* with callees, and without: bytes and blocks, or ns blocked and for locks */
	int64_t idle_ns; /* of what it was blocked itself */
	int64_t hooked; /* calls whose hooks its self time contains: its own and those it made */
	int64_t levels; /* of recursion that this line stands for; 1: none */
	size_t parent;  /* index of the caller's node */
	size_t indent;  /* depth as it is drawn */
	uint64_t name_hash; /* of a name that is longer than what a line shows; else 0 */
	char *name, *place;
	int has_max, last; /* last: no sibling follows */
	int is_way;        /* to what was asked for: has no time of its own here */
	int outside;       /* stands for what was allocated while no function was open */
};

struct nodes {
	struct node *items;
	size_t count, room;
};

static uint64_t hash_of_long(const char *text)
{
	size_t bytes = strlen(text);
	uint64_t h = bytes, word = 0;

	if (bytes <= CLI_CELL_BYTES)
		return 0;
	for (; bytes; text += sizeof(word)) {
		size_t n = bytes < sizeof(word) ? bytes : sizeof(word);
		memcpy(&word, text, n);
		bytes -= n;
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

static const char *query_of(const struct report *report)
{
	return report->with_heap ? "tree_heap" : report->with_blocks ? "tree_blocks" : report->inverted ? "tree_inverted"
	       : report->focus || report->ignore ? "tree_focus" : "tree";
}

static const char *order_of(const struct report *report)
{
	return report->inverted ? report->sort == SORT_CALLS ? "3" : "2" : sort_columns[report->sort];
}

/* The query of inverted trees has the time that came by a line's way as that line's: a part of it is of no other line at
 * the outermost ones only. */
static void read_inverted(struct node *n, struct tr_query *q)
{
	n->total_ns = report_number(q, "self_ns");
	n->self_ns = n->depth == 1 ? n->total_ns : 0;
}

static void read_beside(const struct report *report, struct node *n, struct tr_query *q)
{
	static const char *const names[2][4] = {
		{"total_bytes", "self_bytes", "total_allocs", "self_allocs"}, {"total_blocked_ns", "blocked_ns", "total_lock_ns", "lock_ns"},
	};
	const char *const *name = names[report->with_blocks];

	for (size_t i = 0; i < 2; i++)
		n->beside[i] = (struct beside){report_number(q, name[2 * i]), report_number(q, name[2 * i + 1])};
	n->idle_ns = report->with_blocks ? report_number(q, "idle_ns") : 0;
	n->outside = tr_type(q, tr_column(q, "parent_id")) == TR_NULL;
}

/* What shares are of and the rest is cut by: with callees, and without. */
static struct beside weigh(const struct report *report, const struct node *n)
{
	if (report->sort < SORT_HEAP_BYTES)
		return (struct beside){n->total_ns, n->self_ns};
	return n->beside[report->sort == SORT_HEAP_ALLOCS || report->sort == SORT_LOCK_TIME];
}

static int64_t weight(const struct report *report, const struct node *n)
{
	return weigh(report, n).total;
}

static int64_t own_weight(const struct report *report, const struct node *n)
{
	return weigh(report, n).own;
}

static int read_nodes(struct report *report, struct nodes *nodes)
{
	struct tr_query *q;
	int64_t lines = report->limit;

	if (lines != NO_LIMIT && lines < INT64_MAX / READ_PER_LINE)
		lines *= READ_PER_LINE;
	int status = report_query_limited(report, &q, query_of(report), order_of(report), lines);
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
			.process_id = report->inverted ? 0 : tr_integer(q, process),
			.depth = tr_integer(q, depth),
			.calls = tr_integer(q, calls),
			.hooked = tr_integer(q, calls),
			.self_ns = tr_integer(q, self_ns),
			.total_ns = report->inverted ? 0 : tr_integer(q, total_ns),
			.max_ns = report->inverted ? 0 : tr_integer(q, max_ns),
			.has_max = !report->inverted && tr_type(q, max_ns) != TR_NULL,
			.levels = 1,
			.name_hash = hash_of_long(report_name(q, function)),
			.name = cli_cut(report_name(q, function)),
			.place = cli_strdup(report_place(q, file, line)),
		};
		if (report->inverted)
			read_inverted(&nodes->items[nodes->count - 1], q);
		else if (report->focus)
			nodes->items[nodes->count - 1].is_way = !report_number(q, "through");
		if (report_is_crowded(report))
			read_beside(report, &nodes->items[nodes->count - 1], q);
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

/* In this order the caller of a node is the nearest one before it that is less deep. Counts the
 * hooks of its callees into its own: half of a call's hooks run in its caller's time. Hidden callees
 * are too few to matter: each has less time than a line that is shown. */
static void find_parents(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		struct node *n = &nodes->items[i];
		size_t p = i ? i - 1 : NO_PARENT;
		while (p != NO_PARENT && (nodes->items[p].depth >= n->depth || nodes->items[p].process_id != n->process_id))
			p = nodes->items[p].parent;
		n->parent = p;
		if (p != NO_PARENT)
			nodes->items[p].hooked = report_sum(nodes->items[p].hooked, n->calls);
	}
}

static int is_same_function(const struct node *a, const struct node *b)
{
	return a->name_hash == b->name_hash && !strcmp(a->name, b->name) && !strcmp(a->place, b->place);
}

static void merge_level(const struct report *report, struct node *into, struct node *from)
{
	into->levels++;
	if (!report->inverted) /* there what came by the longer way is a part */
		into->calls = report_sum(into->calls, from->calls);
	into->is_way &= from->is_way;
	into->hooked = report_sum(into->hooked, from->hooked);
	into->self_ns = report_sum(into->self_ns, from->self_ns);
	for (size_t i = 0; i < 2; i++)
		into->beside[i].own = report_sum(into->beside[i].own, from->beside[i].own);
	into->idle_ns = report_sum(into->idle_ns, from->idle_ns);
	if (from->has_max && (!into->has_max || from->max_ns > into->max_ns))
		into->max_ns = from->max_ns;
	into->has_max |= from->has_max;
	free(from->name);
	free(from->place);
}

static void fold_recursion(const struct report *report, struct nodes *nodes)
{
	/* Of each node: how many callees are shown; the first node of its chain, where it is the only
	 * callee of the same function; of that: how long the chain is; where it goes. */
	size_t *callees = cli_realloc(NULL, nodes->count, sizeof(*callees));
	size_t *head = cli_realloc(NULL, nodes->count, sizeof(*head));
	size_t *length = cli_realloc(NULL, nodes->count, sizeof(*length));
	size_t *place = cli_realloc(NULL, nodes->count, sizeof(*place));
	size_t kept = 0;

	memset(callees, 0, nodes->count * sizeof(*callees));
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->items[i].parent != NO_PARENT)
			callees[nodes->items[i].parent]++;
	for (size_t i = 0; i < nodes->count; i++) {
		size_t p = nodes->items[i].parent;
		int continues = p != NO_PARENT && callees[p] == 1 && is_same_function(&nodes->items[p], &nodes->items[i]);
		head[i] = continues ? head[p] : i;
		length[i] = 1;
		if (continues)
			length[head[i]]++;
	}
	for (size_t i = 0; i < nodes->count; i++) {
		struct node *n = &nodes->items[i];
		if (head[i] != i && length[head[i]] >= FOLDED_FROM) {
			place[i] = place[head[i]];
			merge_level(report, &nodes->items[place[i]], n);
			continue;
		}
		n->parent = n->parent == NO_PARENT ? NO_PARENT : place[n->parent];
		n->indent = n->parent == NO_PARENT ? 1 : nodes->items[n->parent].indent + 1;
		place[i] = kept;
		nodes->items[kept++] = *n;
	}
	nodes->count = kept;
	free(callees);
	free(head);
	free(length);
	free(place);
}

static int by_weight(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* Keeps the lines with the most time (or what else they are ordered by), and of those with just as much as the last the first ones:
 * what calls a line that is kept is kept, for it has at least its time and stands before it. */
static void cut(const struct report *report, struct nodes *nodes, size_t lines)
{
	int64_t *weights = cli_realloc(NULL, nodes->count, sizeof(*weights));
	size_t *place = cli_realloc(NULL, nodes->count, sizeof(*place));
	size_t kept = 0, equal = lines;

	for (size_t i = 0; i < nodes->count; i++)
		weights[i] = weight(report, &nodes->items[i]);
	qsort(weights, nodes->count, sizeof(*weights), by_weight);
	int64_t least = weights[lines - 1];
	for (size_t i = 0; i < lines && weights[i] > least; i++)
		equal--;
	for (size_t i = 0; i < nodes->count; i++) {
		struct node *n = &nodes->items[i];
		int64_t has = weight(report, n);
		int keep = has > least || (has == least && equal > 0);
		if (n->parent != NO_PARENT)
			keep &= place[n->parent] != NO_PARENT;
		place[i] = keep ? kept : NO_PARENT;
		if (!keep) {
			free(n->name);
			free(n->place);
			continue;
		}
		equal -= has == least;
		n->parent = n->parent == NO_PARENT ? NO_PARENT : place[n->parent];
		nodes->items[kept++] = *n;
	}
	nodes->count = kept;
	free(weights);
	free(place);
}

/* How many levels are drawn: a fifth of the screen. */
static size_t levels_drawn(void)
{
	size_t width = cli_screen()->width;
	return !width || width / 5 / 2 > DEEPEST_DRAWN ? DEEPEST_DRAWN : width / 5 / 2 < LEAST_DRAWN ? LEAST_DRAWN : width / 5 / 2;
}

static void find_last_siblings(struct nodes *nodes, size_t drawn)
{
	/* From the end: follows[d] says that a node drawn at d comes later under the same caller. */
	char follows[DEEPEST_DRAWN + 1] = {0};
	for (size_t i = nodes->count; i--;) {
		struct node *n = &nodes->items[i];
		size_t d = n->indent < drawn ? n->indent : drawn;
		if (i + 1 < nodes->count && nodes->items[i + 1].process_id != n->process_id)
			memset(follows, 0, sizeof(follows));
		n->last = !follows[d];
		follows[d] = 1;
		memset(follows + d + 1, 0, sizeof(follows) - d - 1);
	}
}

/* The lines in front of a name; continues[d]: the line of level d goes on downwards. */
static void draw_lead(struct cli_buffer *lead, const struct node *n, size_t drawn, char *continues)
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

struct marks {
	int distorted, folded;
};

static int is_distorted(const struct report *report, const struct node *n)
{
	return !report->inverted && !n->is_way && report_is_distorted(report, n->self_ns, n->hooked);
}

static void add_cell(const struct report *report, struct cli_table *table, const struct node *n, double whole, const char *lead, int column)
{
	const struct beside *first = &n->beside[0], *second = &n->beside[1];
	const int distorted = is_distorted(report, n);
	char text[CLI_NUMBER_BYTES];

	switch (column) {
	case SHARE:
		cli_cell(table, (double)own_weight(report, n) >= whole / 10 ? CLI_HOT : CLI_PLAIN,
			 cli_share(text, (double)weight(report, n), whole));
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

static int add_rows(struct report *report, struct cli_table *table, const int *which, size_t count, struct nodes *nodes, double whole,
		    struct marks *marks)
{
	char continues[DEEPEST_DRAWN + 1] = {0};
	size_t drawn = levels_drawn();
	struct cli_buffer lead = {0};
	struct tr_query *processes = NULL;
	int status = 0;

	find_last_siblings(nodes, drawn);
	if (report->processes > 1 && !report->inverted)
		status = report_query_limited(report, &processes, "processes", NULL, NO_LIMIT);
	for (size_t i = 0; i < nodes->count && !status; i++) {
		struct node *n = &nodes->items[i];
		if (processes && (!i || nodes->items[i - 1].process_id != n->process_id))
			status = add_process_line(report, table, n->process_id, processes);
		marks->distorted |= is_distorted(report, n);
		marks->folded |= n->levels > 1;
		draw_lead(&lead, n, drawn, continues);
		for (size_t c = 0; c < count; c++)
			add_cell(report, table, n, whole, cli_text_of(&lead), which[c]);
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

static void explain(struct report *report, int64_t hidden, int64_t rest, int64_t whole, const struct marks *marks)
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
	if (marks->folded)
		cli_add_format(&report->out, "%sN a function that calls itself, N levels deep, in one line\n",
			       cli_screen()->utf8 ? "\xC3\x97" : "x");
	cli_add_text(&report->out, cli_style_off(CLI_DIM));
	report_explain_marks(report, marks->distorted);
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
	struct nodes nodes = {0};
	struct marks marks = {0};
	int64_t contexts = 0, whole = 0, shown = 0;
	int which[COLUMNS], status;

	report_say_none_beside(report);
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, query_of(report), order_of(report));
	if ((status = read_whole(report, &contexts, &whole)) || (status = read_nodes(report, &nodes))) {
		free_nodes(&nodes);
		return status;
	}
	whole = whole_of(report, whole);
	find_parents(&nodes);
	fold_recursion(report, &nodes);
	if (report->limit != NO_LIMIT && nodes.count > (size_t)report->limit)
		cut(report, &nodes, (size_t)report->limit);
	int64_t hidden = contexts;
	for (size_t i = 0; i < nodes.count; i++) {
		shown = report_sum(shown, own_weight(report, &nodes.items[i]));
		hidden -= nodes.items[i].outside ? 0 : nodes.items[i].levels;
	}
	const size_t count = choose_columns(report, columns, which);
	struct cli_table *table = cli_table_create(columns, count);
	status = add_rows(report, table, which, count, &nodes, (double)whole, &marks);
	if (!status && nodes.count) {
		cli_table_print(table, &report->out, cli_screen()->width, 0);
		explain(report, hidden, report_difference(whole, shown), whole, &marks);
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
	free_nodes(&nodes);
	return status;
}
