/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * graph.c - --graph: who calls whom as a picture, as pprof draws it: functions are boxes, calls are arrows. The text that
 * Graphviz reads is made here; for svg and png its program dot draws it.
 *
 *     profile_read ──► sum functions ──► choose ──► sum edges ──► write ──► (run dot)
 *
 * Time in a call within a call counts once: a function has the total of its outermost calls, an arrow that of its
 * outermost ones, as in --callers and --callees. What of a path is left out is a dotted arrow from the last function that
 * is shown to the next one.
 */
#include "report/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/text.h"
#include "cli/units.h"

enum { NONE = UINT32_MAX };
enum { NAME_WIDTH = 44, LEAST_POINTS = 8, MOST_POINTS = 24, REDUNDANT_MAX = 2000 };
static const double edge_least = 0.2; /* of what is the least of functions: 0.1 % of all with 0.5 % */

struct box { /* by function */
	int64_t self_ns, total_ns, calls;
	uint32_t open; /* calls of it on the way to the node */
	uint8_t shown;
};

struct edge {
	uint32_t from, to; /* functions */
	int64_t total_ns, calls;
	uint32_t open;
	uint8_t skips, gone; /* every way it stands for goes through functions that are not shown */
};

struct graph {
	const struct profile *profile;
	int64_t *totals;         /* by node, ns */
	uint32_t *first, *next;  /* by node: its callees */
	uint32_t *edge_of;       /* by node; NONE */
	uint32_t *above;         /* by node: the nearest caller that is shown; NONE */
	struct box *boxes;
	size_t shown;
	struct edge *edges;
	size_t edge_count;
	struct profile_index edge_of_pair;
	int64_t whole_ns, most_self_ns;
};

/* ---- sums ----------------------------------------------------------------------------------------------- */

static int64_t own(const struct profile *profile, enum profile_measure measure, size_t node)
{
	return profile->own[measure] ? profile->own[measure][node] : 0;
}

static void link_callees(struct graph *g)
{
	const size_t count = g->profile->count;

	g->first = cli_realloc(NULL, count, sizeof(*g->first));
	g->next = cli_realloc(NULL, count, sizeof(*g->next));
	memset(g->first, 0xff, count * sizeof(*g->first));
	g->next[0] = NONE;
	for (size_t i = count; i-- > 1;) {
		g->next[i] = g->first[g->profile->parents[i]];
		g->first[g->profile->parents[i]] = (uint32_t)i;
	}
}

/* Depth first: enters and leaves each node. */
static void walk(struct graph *g, void (*enter)(struct graph *, uint32_t), void (*leave)(struct graph *, uint32_t))
{
	uint32_t node = 0;

	enter(g, node);
	for (;;) {
		if (g->first[node] != NONE) {
			node = g->first[node];
		} else {
			while (node && g->next[node] == NONE) {
				leave(g, node);
				node = g->profile->parents[node];
			}
			leave(g, node);
			if (!node)
				return;
			node = g->next[node];
		}
		enter(g, node);
	}
}

static void enter_function(struct graph *g, uint32_t node)
{
	struct box *box = &g->boxes[g->profile->function_of[node]];

	box->calls = report_sum(box->calls, own(g->profile, PROFILE_CALLS, node));
	box->self_ns = report_sum(box->self_ns, own(g->profile, PROFILE_TIME, node));
	if (!box->open++)
		box->total_ns = report_sum(box->total_ns, g->totals[node]);
}

static void leave_function(struct graph *g, uint32_t node)
{
	g->boxes[g->profile->function_of[node]].open--;
}

static uint32_t find_edge(struct graph *g, uint32_t from, uint32_t to)
{
	const uint32_t new = (uint32_t)g->edge_count;
	const uint32_t found = profile_index_add(&g->edge_of_pair, (uint64_t)from << 32 | to, new);

	if (found != new)
		return found;
	g->edges = cli_room_for(g->edges, g->edge_count, sizeof(*g->edges));
	g->edges[g->edge_count++] = (struct edge){.from = from, .to = to, .skips = 1};
	return new;
}

static void enter_edge(struct graph *g, uint32_t node)
{
	const uint32_t *function_of = g->profile->function_of, parent = g->profile->parents[node];

	g->edge_of[node] = NONE;
	g->above[node] = NONE;
	if (!node)
		return;
	const int caller_shown = g->boxes[function_of[parent]].shown;
	g->above[node] = caller_shown ? parent : g->above[parent];
	if (!g->boxes[function_of[node]].shown || g->above[node] == NONE)
		return;
	g->edge_of[node] = find_edge(g, function_of[g->above[node]], function_of[node]);
	struct edge *edge = &g->edges[g->edge_of[node]];
	edge->calls = report_sum(edge->calls, own(g->profile, PROFILE_CALLS, node));
	edge->skips &= !caller_shown;
	if (!edge->open++)
		edge->total_ns = report_sum(edge->total_ns, g->totals[node]);
}

static void leave_edge(struct graph *g, uint32_t node)
{
	if (g->edge_of[node] != NONE)
		g->edges[g->edge_of[node]].open--;
}

/* ---- what is shown -------------------------------------------------------------------------------------- */

static const struct box *sorted_boxes; /* for qsort */

static int by_total(const void *a, const void *b)
{
	const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct box *x = &sorted_boxes[i], *y = &sorted_boxes[j];

	if (x->total_ns != y->total_ns)
		return x->total_ns < y->total_ns ? 1 : -1;
	if (x->self_ns != y->self_ns)
		return x->self_ns < y->self_ns ? 1 : -1;
	return i < j ? -1 : i > j;
}

static void choose_boxes(const struct report *report, struct graph *g)
{
	const size_t count = g->profile->function_count;
	uint32_t *order = cli_realloc(NULL, count, sizeof(*order));

	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	sorted_boxes = g->boxes;
	qsort(order, count, sizeof(*order), by_total);
	for (size_t i = 0; i < count; i++) {
		struct box *box = &g->boxes[order[i]];
		if (g->profile->functions[order[i]].is_none || (!box->calls && !box->total_ns))
			continue;
		if (report->limit != NO_LIMIT && g->shown >= (size_t)report->limit)
			break;
		if ((double)box->total_ns < report->least * (double)g->whole_ns)
			break;
		box->shown = 1;
		g->shown++;
		if (box->self_ns > g->most_self_ns)
			g->most_self_ns = box->self_ns;
	}
	free(order);
}

/* Is there another way, as far as is shown, from the edge's begin to its end? */
static int is_redundant(const struct graph *g, const struct edge *edge, uint8_t *reached)
{
	int grows = 1;

	memset(reached, 0, g->profile->function_count);
	reached[edge->from] = 1;
	while (grows && !reached[edge->to]) {
		grows = 0;
		for (size_t i = 0; i < g->edge_count; i++) {
			const struct edge *e = &g->edges[i];
			if (e == edge || e->gone || !reached[e->from] || reached[e->to])
				continue;
			reached[e->to] = 1;
			grows = 1;
		}
	}
	return reached[edge->to];
}

static void drop_edges(const struct report *report, struct graph *g)
{
	uint8_t *reached = cli_realloc(NULL, g->profile->function_count, 1);

	for (size_t i = 0; i < g->edge_count; i++)
		g->edges[i].gone = (double)g->edges[i].total_ns < report->least * edge_least * (double)g->whole_ns;
	for (size_t i = 0; i < g->edge_count && g->edge_count <= REDUNDANT_MAX; i++)
		if (!g->edges[i].gone && g->edges[i].skips && g->edges[i].from != g->edges[i].to)
			g->edges[i].gone = (uint8_t)is_redundant(g, &g->edges[i], reached);
	free(reached);
}

static void sum_up(const struct report *report, struct graph *g)
{
	const struct profile *profile = g->profile;
	const size_t count = profile->count;

	g->totals = profile_add_up(profile, profile->own[PROFILE_TIME]);
	g->whole_ns = g->totals[0];
	g->boxes = cli_realloc(NULL, profile->function_count, sizeof(*g->boxes));
	memset(g->boxes, 0, profile->function_count * sizeof(*g->boxes));
	g->edge_of = cli_realloc(NULL, count, sizeof(*g->edge_of));
	g->above = cli_realloc(NULL, count, sizeof(*g->above));
	link_callees(g);
	walk(g, enter_function, leave_function);
	choose_boxes(report, g);
	walk(g, enter_edge, leave_edge);
	drop_edges(report, g);
}

static void graph_fini(struct graph *g)
{
	free(g->totals);
	free(g->first);
	free(g->next);
	free(g->edge_of);
	free(g->above);
	free(g->boxes);
	free(g->edges);
	profile_index_fini(&g->edge_of_pair);
}

/* ---- the text of Graphviz ------------------------------------------------------------------------------- */

/* Within quotes. Graphviz would read entities, and escapes that begin with a backslash. */
static void add_quoted(struct cli_buffer *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			cli_add_text(out, "&amp;");
		else if (*text == '"' || *text == '\\')
			cli_add_format(out, "\\%c", *text);
		else
			cli_add(out, text, 1);
	}
}

/* A name in at most width columns, or a longer one for a tooltip (width 0): Graphviz takes no text above 16 KiB. */
static void add_name(struct cli_buffer *out, const char *name, size_t width)
{
	enum { LONGEST_BYTES = 2500 };
	struct cli_buffer clean = {0}, shorter = {0};

	cli_add_clean(&clean, name, strnlen(name, LONGEST_BYTES));
	if (width && cli_width(cli_text_of(&clean)) > width)
		report_shorten_name(&shorter, cli_text_of(&clean), width);
	add_quoted(out, shorter.bytes ? cli_text_of(&shorter) : cli_text_of(&clean));
	cli_buffer_fini(&clean);
	cli_buffer_fini(&shorter);
}

static unsigned mix(unsigned cold, unsigned hot, double share)
{
	return (unsigned)(cold + (hot > cold ? (hot - cold) * share : -((cold - hot) * share)) + 0.5);
}

/* From grey to red; the eye tells small shares apart better than large ones. */
static void add_colour(struct cli_buffer *out, const char *key, double share, int fill)
{
	static const unsigned cold[2][3] = {{0x8a, 0x8a, 0x86}, {0xf3, 0xf2, 0xef}}, hot[2][3] = {{0xb2, 0x16, 0x00}, {0xf7, 0xc9, 0xb8}};
	const double s = share <= 0 ? 0 : share >= 1 ? 1 : sqrt(share);

	cli_add_format(out, " %s=\"#%02x%02x%02x\"", key, mix(cold[fill][0], hot[fill][0], s), mix(cold[fill][1], hot[fill][1], s),
		       mix(cold[fill][2], hot[fill][2], s));
}

static double share_of(const struct graph *g, int64_t ns)
{
	return g->whole_ns > 0 ? (double)ns / (double)g->whole_ns : 0;
}

static void add_box(struct cli_buffer *out, const struct graph *g, size_t function)
{
	const struct profile_function *f = &g->profile->functions[function];
	const struct box *box = &g->boxes[function];
	const double size = g->most_self_ns > 0 ? sqrt((double)box->self_ns / (double)g->most_self_ns) : 0;
	char self[CLI_NUMBER_BYTES], total[CLI_NUMBER_BYTES], a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES], calls[64];

	cli_duration(self, box->self_ns);
	cli_duration(total, box->total_ns);
	cli_share(a, (double)box->self_ns, (double)g->whole_ns);
	cli_share(b, (double)box->total_ns, (double)g->whole_ns);
	cli_counted(calls, sizeof(calls), box->calls, "call", NULL);
	cli_add_format(out, "f%zu [label=\"", function);
	add_name(out, f->name, NAME_WIDTH);
	cli_add_format(out, "\\n%s (%s)", self, a);
	if (box->self_ns != box->total_ns)
		cli_add_format(out, "\\nof %s (%s)", total, b);
	if (box->calls) /* not where it is only on the way to what was asked for */
		cli_add_format(out, "\\n%s", calls);
	cli_add_format(out, "\" fontsize=%d", LEAST_POINTS + (int)((MOST_POINTS - LEAST_POINTS) * size + 0.5));
	add_colour(out, "color", share_of(g, box->total_ns), 0);
	add_colour(out, "fillcolor", share_of(g, box->total_ns), 1);
	cli_add_text(out, " tooltip=\"");
	add_name(out, f->name, 0);
	if (*f->file) {
		cli_add_text(out, "\\n");
		add_name(out, f->file, 0);
		if (f->line)
			cli_add_format(out, ":%" PRId64, f->line);
	}
	cli_add_format(out, "\\nself %s (%s), total %s (%s), %s\"];\n", self, a, total, b, calls);
}

static void add_edge(struct cli_buffer *out, const struct graph *g, const struct edge *edge)
{
	const double share = share_of(g, edge->total_ns);
	char total[CLI_NUMBER_BYTES], part[CLI_NUMBER_BYTES], calls[CLI_NUMBER_BYTES];

	cli_duration(total, edge->total_ns);
	cli_share(part, (double)edge->total_ns, (double)g->whole_ns);
	cli_count(calls, edge->calls);
	cli_add_format(out, "f%" PRIu32 " -> f%" PRIu32 " [label=\" %s", edge->from, edge->to, total);
	if (edge->calls)
		cli_add_format(out, "\\n %s\xC3\x97", calls);
	cli_add_format(out, "\" weight=%d penwidth=%.2f", 1 + (int)(100 * share), 1 + 5 * share);
	add_colour(out, "color", share, 0);
	cli_add_text(out, edge->skips ? " style=dotted" : "");
	cli_add_text(out, " tooltip=\"");
	add_name(out, g->profile->functions[edge->from].name, 0);
	cli_add_text(out, edge->skips ? " -> ... -> " : " -> ");
	add_name(out, g->profile->functions[edge->to].name, 0);
	cli_add_format(out, "\\n%s (%s) in %s call%s\" labeltooltip=\"%s in %s call%s\"];\n", total, part, calls, edge->calls == 1 ? "" : "s", total,
		       calls, edge->calls == 1 ? "" : "s");
}

/* What was recorded, and what is shown of it. */
static void add_legend(struct cli_buffer *out, const struct report *report, const struct graph *g)
{
	char whole[CLI_NUMBER_BYTES], functions[64];
	size_t all = 0;

	for (size_t i = 0; i < g->profile->function_count; i++)
		all += !g->profile->functions[i].is_none && (g->boxes[i].calls > 0 || g->boxes[i].total_ns > 0);
	cli_add_text(out, "legend [shape=note style=filled fillcolor=\"#f8f8f8\" color=\"#8a8a86\" fontsize=14 tooltip=\"what was recorded\" label=\"");
	for (const char *line = cli_text_of(report->notes), *end; (end = strchr(line, '\n')); line = end + 1) {
		char *text = strndup(line + 1, (size_t)(end - line - 1));
		struct cli_buffer wrapped = {0}, shorter = {0};
		cli_add_shortened(&shorter, text ? text : "", 240);
		cli_add_wrapped(&wrapped, cli_text_of(&shorter), 100, 2);
		cli_buffer_fini(&shorter);
		for (const char *c = cli_text_of(&wrapped); *c; c += *c == '\n') {
			char *part = strndup(c, strcspn(c, "\n"));
			add_quoted(out, part ? part : "");
			cli_add_text(out, "\\l");
			free(part);
			c += strcspn(c, "\n");
		}
		cli_buffer_fini(&wrapped);
		free(text);
	}
	cli_counted(functions, sizeof(functions), (int64_t)all, "function", NULL);
	cli_add_format(out, "Time, %s in all: the function's own, and with all that it called\\l%zu of %s shown", cli_duration(whole, g->whole_ns), g->shown,
		       functions);
	cli_add_text(out, g->shown < all ? " (--limit 0 --min 0: all), dotted: through others\\l\"];\n" : "\\l\"];\n");
}

static void add_graph(struct cli_buffer *out, const struct report *report, const struct graph *g)
{
	const char *title = cli_text_of(report->notes);
	char *first = strndup(*title ? title + 1 : "", *title ? strcspn(title + 1, "\n") : 0);
	struct cli_buffer name = {0};

	cli_add_text(out, "digraph \"");
	cli_add_shortened(&name, first ? first : "", 240);
	add_quoted(out, cli_text_of(&name));
	cli_buffer_fini(&name);
	free(first);
	cli_add_text(out, "\" {\nnode [shape=box style=filled fontname=\"Helvetica,Arial,sans-serif\"];\n"
			  "edge [fontname=\"Helvetica,Arial,sans-serif\" fontsize=10];\n");
	add_legend(out, report, g);
	for (size_t i = 0; i < g->profile->function_count; i++)
		if (g->boxes[i].shown)
			add_box(out, g, i);
	for (size_t i = 0; i < g->edge_count; i++)
		if (!g->edges[i].gone)
			add_edge(out, g, &g->edges[i]);
	cli_add_text(out, "}\n");
}

/* ---- dot ------------------------------------------------------------------------------------------------ */

static int say_failure(struct report *report, const char *what, int error)
{
	report->error.code = INSTR_ERR_IO;
	snprintf(report->error.text, sizeof(report->error.text),
		 "%.900s was not drawn: Graphviz's program dot %s%s%s (--graph FILE.dot needs no Graphviz)", report->picture, what, error ? ": " : "",
		 error ? strerror(error) : "");
	return INSTR_ERR_IO;
}

static void write_all(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		const ssize_t n = write(fd, text, bytes);
		if (n < 0 && errno != EINTR)
			return; /* it has ended: its status says how */
		text += n > 0 ? n : 0;
		bytes -= n > 0 ? (size_t)n : 0;
	}
}

/* Its stdout is ours. The second pipe tells whether it could be started: it closes by itself then. */
static int run_dot(struct report *report, const char *format, const struct cli_buffer *text)
{
	char option[16];
	int ends[2], started[2], status = 0, error = 0;

	snprintf(option, sizeof(option), "-T%s", format);
	if (pipe(ends))
		return say_failure(report, "could not be started", errno);
	if (pipe(started)) {
		error = errno;
		close(ends[0]);
		close(ends[1]);
		return say_failure(report, "could not be started", error);
	}
	fcntl(started[1], F_SETFD, FD_CLOEXEC);
	tr_unlimit_memory(); /* it is not a trace that it reads */
	fflush(NULL);
	signal(SIGPIPE, SIG_IGN);
	const pid_t pid = fork();
	if (!pid) {
		char *const arguments[] = {"dot", option, NULL};
		signal(SIGPIPE, SIG_DFL);
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		close(started[0]);
		execvp(arguments[0], arguments);
		error = errno;
		(void)!write(started[1], &error, sizeof(error));
		_exit(127);
	}
	close(ends[0]);
	close(started[1]);
	error = pid < 0 ? errno : 0;
	if (pid > 0 && read(started[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(started[0]);
	if (!error)
		write_all(ends[1], text->data, text->bytes);
	close(ends[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (error)
		return say_failure(report, "could not be started", error);
	return status ? say_failure(report, "failed", 0) : 0;
}

int report_graph(struct report *report)
{
	const char *dot = report->picture ? strrchr(report->picture, '.') : NULL;
	struct profile profile;
	struct cli_buffer text = {0};
	struct graph graph = {.profile = &profile};

	if (report->show_sql)
		return report_rows(report, "flame", NULL);
	cli_buffer_clear(&report->out); /* the header is in the picture */
	int status = profile_read(report, &profile);
	if (!status) {
		sum_up(report, &graph);
		add_graph(&text, report, &graph);
	}
	graph_fini(&graph);
	profile_fini(&profile);
	if (!status && (!dot || !strcmp(dot, ".dot")))
		cli_out(text.data, text.bytes);
	else if (!status)
		status = run_dot(report, dot + 1, &text);
	cli_buffer_fini(&text);
	return status;
}
