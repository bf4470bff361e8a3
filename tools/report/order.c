/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * order.c - the order in which locks are taken, and where it goes round in a circle: two threads that each have one of the
 * locks and wait for the next one would wait for ever, although none may have done so in this run.
 *
 *     A, then B, by one thread;  B, then A, by another:   A ─► B ─► A
 *
 * An edge "A, then B" is all acquisitions of B by who had A. A cycle is no danger where all who go along its edges have
 * one lock more, the same one (a gate), where it was one thread alone, and where somebody reads what another one reads.
 * Each edge that lies on a cycle is on one that is shown: the shortest that is a danger, else the shortest.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum {
	GATES_MAX = 4,       /* schema.sql: lock_orders.gates */
	CYCLES_SHOWN = 20,
	CYCLES_MAX = 1000,   /* that are looked for */
	LONGEST = 8,         /* edges of a cycle that is looked for behind a shorter one that is no danger */
	STEPS_MAX = 20000,   /* of such a search ... */
	ALL_STEPS_MAX = 1 << 24, /* ... and of all of them */
	EDGES_MAX = 1 << 17, /* that are looked through for cycles */
	NONE = -1,
};

struct edge {
	int64_t from, to, count, thread; /* thread: 0: several */
	int from_reads, to_reads;
	int64_t gates[GATES_MAX];
	int gate_count;
	char *from_name, *to_name, *from_place, *to_place; /* of the most frequent */
	int is_apart;        /* on no cycle */
	enum { UNSEEN, HARMLESS, DANGER } is_shown; /* on a cycle that is */
};

struct graph {
	struct edge *edges;  /* by `from` */
	size_t count;
	int64_t more;        /* that were left out */
	size_t *came_by, *queue; /* of a search: the edge before each edge */
	size_t shown, harmless, steps;
};

/* ---- the graph ---------------------------------------------------------------------------------------- */

static int by_from(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->from != y->from ? (x->from > y->from ? 1 : -1) : x->to != y->to ? (x->to > y->to ? 1 : -1) : 0;
}

static size_t first_from(const struct graph *g, int64_t lock)
{
	size_t low = 0, high = g->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (g->edges[middle].from < lock)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Who has gone along a waits for who goes along b. */
static int meets(const struct edge *a, const struct edge *b) { return a->to == b->from && !(a->to_reads && b->from_reads); }

/* "look_up cache.c:30" */
static char *place_of(struct tr_query *q, const char *function, const char *place)
{
	struct cli_buffer text = {0};
	const char *where = tr_text(q, tr_column(q, place), NULL), *base = strrchr(where, '/');

	cli_add_format(&text, "%s", report_name(q, tr_column(q, function)));
	if (*where)
		cli_add_format(&text, " %s", base ? base + 1 : where);
	char *out = cli_cut(cli_text_of(&text));
	cli_buffer_fini(&text);
	return out;
}

/* "cache.lock #3": several may have the same name, and --locks --lock wants the number. */
static char *name_of(struct tr_query *q, const char *name, const char *number)
{
	struct cli_buffer text = {0};

	cli_add_format(&text, "%s #%" PRId64, tr_text(q, tr_column(q, name), NULL), report_number(q, number));
	char *out = cli_cut(cli_text_of(&text));
	cli_buffer_fini(&text);
	return out;
}

static int read_list(const char **text, int64_t list[GATES_MAX])
{
	int count = 0;

	while (**text && **text != ']' && count < GATES_MAX) {
		char *end;
		list[count++] = strtoll(*text + 1, &end, 10);
		if (end == *text + 1) { /* "[]" */
			count--;
			break;
		}
		*text = end;
	}
	*text = strchr(*text, ']');
	return count;
}

/* What is in all lists: "[3,7],[3]". */
static void read_gates(struct edge *e, const char *text)
{
	int first = 1;

	while (text && (text = strchr(text, '['))) {
		int64_t list[GATES_MAX];
		int count = read_list(&text, list), kept = 0;
		for (int i = 0; first && i < count; i++)
			e->gates[kept++] = list[i];
		for (int i = 0; !first && i < e->gate_count; i++)
			for (int k = 0; k < count; k++)
				if (e->gates[i] == list[k]) {
					e->gates[kept++] = list[k];
					break;
				}
		e->gate_count = kept;
		first = 0;
	}
}

static int read_graph(struct report *report, struct graph *g)
{
	struct tr_query *q;
	int status = report_query_limited(report, &q, "lock_orders", NULL, NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		if (g->count == EDGES_MAX || tr_type(q, tr_column(q, "to_lock_id")) != TR_INTEGER) {
			g->more++;
			continue;
		}
		g->edges = cli_room_for(g->edges, g->count, sizeof(*g->edges));
		struct edge *e = &g->edges[g->count++];
		*e = (struct edge){
			.from = report_number(q, "lock_id"), .to = report_number(q, "to_lock_id"), .count = report_number(q, "count"),
			.thread = report_number(q, "thread_id"), .from_reads = report_number(q, "reads") != 0,
			.to_reads = report_number(q, "to_reads") != 0, .from_name = name_of(q, "lock", "lock_id"),
			.to_name = name_of(q, "to_lock", "to_lock_id"), .from_place = place_of(q, "function", "place"),
			.to_place = place_of(q, "to_function", "to_place")};
		read_gates(e, tr_text(q, tr_column(q, "gates"), NULL));
	}
	tr_finish(q);
	if (g->count)
		qsort(g->edges, g->count, sizeof(*g->edges), by_from);
	g->came_by = cli_realloc(NULL, g->count + 1, sizeof(*g->came_by));
	g->queue = cli_realloc(NULL, g->count + 1, sizeof(*g->queue));
	return status;
}

static void free_graph(struct graph *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->edges[i].from_name);
		free(g->edges[i].to_name);
		free(g->edges[i].from_place);
		free(g->edges[i].to_place);
	}
	free(g->edges);
	free(g->came_by);
	free(g->queue);
}

static size_t index_of(const int64_t *locks, size_t count, int64_t lock)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (locks[middle] < lock)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Most graphs have no cycle at all: edges that nothing leads to, or that lead nowhere, are taken off until there are none. */
static void take_apart(struct graph *g)
{
	int64_t *locks = cli_realloc(NULL, 2 * g->count + 1, sizeof(*locks));
	size_t *in = cli_realloc(NULL, 2 * g->count + 1, sizeof(*in)), *out = cli_realloc(NULL, 2 * g->count + 1, sizeof(*out)), count = 0;
	int again = 1;

	for (size_t i = 0; i < g->count; i++) {
		locks[2 * i] = g->edges[i].from;
		locks[2 * i + 1] = g->edges[i].to;
	}
	qsort(locks, 2 * g->count, sizeof(*locks), by_number);
	for (size_t i = 0; i < 2 * g->count; i++)
		if (!count || locks[count - 1] != locks[i])
			locks[count++] = locks[i];
	for (size_t i = 0; i < count; i++)
		in[i] = out[i] = 0;
	for (size_t i = 0; i < g->count; i++) {
		out[index_of(locks, count, g->edges[i].from)]++;
		in[index_of(locks, count, g->edges[i].to)]++;
	}
	while (again) {
		again = 0;
		for (size_t i = 0; i < g->count; i++) {
			struct edge *e = &g->edges[i];
			size_t from = index_of(locks, count, e->from), to = index_of(locks, count, e->to);
			if (e->is_apart || (in[from] && out[to]))
				continue;
			e->is_apart = again = 1;
			out[from]--;
			in[to]--;
		}
	}
	free(locks);
	free(in);
	free(out);
}

/* The shortest cycle through an edge: its last edge, from which came_by leads back to the first. NONE: it is on none. */
static int64_t find_cycle(struct graph *g, size_t start)
{
	size_t done = 0, queued = 0;

	for (size_t i = 0; i < g->count; i++)
		g->came_by[i] = SIZE_MAX;
	g->came_by[start] = start;
	g->queue[queued++] = start;
	while (done < queued) {
		size_t at = g->queue[done++];
		const struct edge *e = &g->edges[at];
		if (meets(e, &g->edges[start]))
			return (int64_t)at;
		for (size_t i = first_from(g, e->to); i < g->count && g->edges[i].from == e->to; i++)
			if (g->came_by[i] == SIZE_MAX && !g->edges[i].is_apart && meets(e, &g->edges[i])) {
				g->came_by[i] = at;
				g->queue[queued++] = i;
			}
	}
	return NONE;
}

/* ---- what is said of it ------------------------------------------------------------------------------- */

static int has_gate(const struct edge *e, int64_t lock)
{
	for (int i = 0; i < e->gate_count; i++)
		if (e->gates[i] == lock)
			return 1;
	return 0;
}

static const char *name_of_lock(const struct graph *g, int64_t lock)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->edges[i].from == lock || g->edges[i].to == lock)
			return g->edges[i].from == lock ? g->edges[i].from_name : g->edges[i].to_name;
	return "(no name)";
}

static void print_edge(struct report *report, const struct edge *e)
{
	char times[64];
	struct cli_buffer line = {0};

	cli_add_format(&line, "  %s%s, then %s%s: %s", e->from_name, e->from_reads ? " (read)" : "", e->to_name, e->to_reads ? " (read)" : "",
		       cli_counted(times, sizeof(times), e->count, "time", NULL));
	if (e->thread)
		cli_add_format(&line, ", by thread %" PRId64 " alone", e->thread);
	cli_add_format(&report->out, "%s\n      taken in %s, then in %s\n", cli_text_of(&line), e->from_place, e->to_place);
	report->lines += 2;
	cli_buffer_fini(&line);
}

/* Why threads that go round it do not wait for ever; 0: they may. */
static int64_t find_gate(const struct graph *g, size_t start, size_t last)
{
	const struct edge *first = &g->edges[start];

	for (int i = 0; i < first->gate_count; i++) {
		size_t at = last;
		while (at != start && has_gate(&g->edges[at], first->gates[i]))
			at = g->came_by[at];
		if (at == start)
			return first->gates[i];
	}
	return 0;
}

static int is_one_thread(const struct graph *g, size_t start, size_t last)
{
	int64_t thread = g->edges[start].thread;

	for (size_t at = last; at != start && thread; at = g->came_by[at])
		if (g->edges[at].thread != thread)
			thread = 0;
	return thread != 0;
}

/* ---- another cycle through an edge whose shortest one is no danger ------------------------------------ */

struct search { size_t path[LONGEST], length, longest, steps; int any; };

static int may_wait(const struct graph *g, size_t start, size_t last) { return !find_gate(g, start, last) && !is_one_thread(g, start, last); }

static int has_been_at(const struct graph *g, const struct search *s, int64_t lock)
{
	for (size_t i = 0; i < s->length; i++)
		if (g->edges[s->path[i]].from == lock)
			return 1;
	return 0;
}

/* Goes on from the end of the path, to cycles of the longest length. 1: there is one, and came_by has it. */
static int go_on(struct graph *g, struct search *s)
{
	size_t at = s->path[s->length - 1];
	const struct edge *e = &g->edges[at];

	if (s->length == s->longest) {
		for (size_t i = 1; i < s->length; i++)
			g->came_by[s->path[i]] = s->path[i - 1];
		return meets(e, &g->edges[s->path[0]]) && (s->any || may_wait(g, s->path[0], at));
	}
	for (size_t i = first_from(g, e->to); i < g->count && g->edges[i].from == e->to && !has_been_at(g, s, e->to); i++) {
		if (s->steps == STEPS_MAX || g->steps == ALL_STEPS_MAX)
			return 0;
		s->steps++;
		g->steps++;
		if (g->edges[i].is_apart || !meets(e, &g->edges[i]))
			continue;
		s->path[s->length++] = i;
		if (go_on(g, s))
			return 1;
		s->length--;
	}
	return 0;
}

/* As find_cycle, by way of locks that are passed once. Three edges that are each on a harmless circle with its way back
 * may be a circle that is not: it is looked for, or (any) any circle. */
static int64_t find_other(struct graph *g, size_t start, int any)
{
	struct search s = {.path = {start}, .any = any};

	for (s.longest = 2; s.longest <= LONGEST; s.longest++) {
		s.length = 1;
		if (go_on(g, &s))
			return (int64_t)s.path[s.length - 1];
	}
	return NONE;
}

/* Who reads a lock and who writes it are two edges' ends: the shortest way round may pass a lock twice. Nobody could have
 * it both times. */
static int passes_once(const struct graph *g, size_t start, size_t last)
{
	for (size_t at = last; at != start; at = g->came_by[at])
		for (size_t before = at; before != start;)
			if (g->edges[before = g->came_by[before]].from == g->edges[at].from)
				return 0;
	return 1;
}

/* The cycle through an edge that is to be told: the shortest that is a danger, else the shortest. */
static int64_t find_worst(struct graph *g, size_t start)
{
	int64_t shortest = find_cycle(g, start), last;

	if (shortest == NONE)
		return NONE;
	int is_one = passes_once(g, start, (size_t)shortest);
	if (is_one && may_wait(g, start, (size_t)shortest))
		return shortest;
	last = find_other(g, start, 0);
	return last != NONE ? last : is_one ? find_cycle(g, start) : find_other(g, start, 1);
}

static void print_cycle(struct report *report, struct graph *g, size_t start, size_t last)
{
	int64_t gate = find_gate(g, start, last);
	int one = is_one_thread(g, start, last);
	size_t length = 1, at = last;

	for (; at != start; at = g->came_by[at])
		length++;
	g->shown++;
	g->harmless += gate || one;
	if (g->shown <= CYCLES_SHOWN || report->limit == NO_LIMIT) {
		cli_add_format(&report->out, "%s%s%s", cli_style_on(gate || one ? CLI_PLAIN : CLI_HOT),
			       gate || one ? "No danger so far: " : "Possible deadlock: ", cli_style_off(gate || one ? CLI_PLAIN : CLI_HOT));
		if (length == 1)
			cli_add_format(&report->out, "%s is taken by who has it", g->edges[start].from_name);
		else
			cli_add_format(&report->out, "%s and %s%s are taken in %s", g->edges[start].from_name, g->edges[start].to_name,
				       length > 2 ? " and others" : "", length > 2 ? "a circle" : "both orders");
		if (gate)
			cli_add_format(&report->out, ", each time by who had %s", name_of_lock(g, gate));
		else if (one)
			cli_add_format(&report->out, ", by one thread alone");
		cli_add_text(&report->out, "\n");
		report->lines++;
	}
	/* From the first to the last: the way back is turned. */
	size_t edges = 0;
	for (at = last; ; at = g->came_by[at]) {
		g->queue[edges++] = at;
		if (g->edges[at].is_shown != DANGER)
			g->edges[at].is_shown = gate || one ? HARMLESS : DANGER;
		if (at == start)
			break;
	}
	while (edges > 0 && (g->shown <= CYCLES_SHOWN || report->limit == NO_LIMIT))
		print_edge(report, &g->edges[g->queue[--edges]]);
}

static void print_all(struct report *report, const struct graph *g)
{
	cli_add_format(&report->out, "\nAll orders:\n");
	for (size_t i = 0; i < g->count; i++)
		print_edge(report, &g->edges[i]);
}

int report_lock_order(struct report *report)
{
	struct graph g = {0};
	char orders[64], circles[64], left[64];

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "lock_orders", NULL);
	int status = read_graph(report, &g);
	if (!status && g.count)
		take_apart(&g);
	for (size_t i = 0; !status && i < g.count && g.shown < CYCLES_MAX; i++) {
		int64_t last = g.edges[i].is_apart || g.edges[i].is_shown == DANGER ? NONE : find_worst(&g, i);
		if (last != NONE && (g.edges[i].is_shown == UNSEEN || may_wait(&g, i, (size_t)last)))
			print_cycle(report, &g, i, (size_t)last);
	}
	if (!status && g.count + (size_t)g.more == 0)
		cli_add_text(&report->out, "No lock was taken by a thread that had another one.\n");
	else if (!status) {
		if (g.shown > CYCLES_SHOWN && report->limit != NO_LIMIT)
			cli_add_format(&report->out, "%s: --limit 0 shows all\n",
				       cli_counted(left, sizeof(left), (int64_t)g.shown - CYCLES_SHOWN, "more circle", NULL));
		cli_add_format(&report->out, "%s%s: %s, %s%s\n", g.shown ? "\n" : "", "Locks taken by who had others",
			       cli_counted(orders, sizeof(orders), (int64_t)g.count, "order", NULL),
			       g.shown == CYCLES_MAX ? "a thousand circles or more" :
			       g.shown ? cli_counted(circles, sizeof(circles), (int64_t)g.shown, "circle", NULL) : "no circle",
			       report->all ? "" : " (--all lists the orders)");
		if (g.more)
			report_say(report, CLI_PLAIN, "%s were too many to be looked at", cli_counted(left, sizeof(left), g.more, "order", NULL));
		if (report->all)
			print_all(report, &g);
	}
	free_graph(&g);
	return status;
}
