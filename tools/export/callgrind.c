/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * callgrind.c - callgrind's profiles, for callgrind_annotate and KCachegrind:
 * https://valgrind.org/docs/manual/cl-format.html
 *
 * They are by function: of each its own time, and of each function that it called how often that was and how long it took.
 * KCachegrind takes the sum of these as the function's time with callees, callgrind_annotate the sum of what its callers
 * have for it. So that both are right and recursion counts once, a context's own time goes along a chain with each function
 * of its path once, in the order of the nearest call of each, from one function above all on. Without recursion that is the
 * path. With it some time is charged to callers of callers.
 */
#include "export/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "instr/version.h"

enum { ABOVE_ALL = UINT32_MAX }; /* as a caller */

struct edge {
	uint32_t caller, callee;
	int64_t calls, ns;
};

struct callgrind {
	int64_t *self_ns; /* by function */
	uint32_t *seen;   /* by function: the last sample that was charged to it */
	size_t function_room;
	uint32_t samples;
	struct export_map edge_of_pair;
	struct edge *edges;
	size_t edge_count, edge_room;
	int64_t total_ns;
	uint32_t path[EXPORT_DEPTH_MAX];
	struct cli_buffer text;
	struct export_texts files;
	uint8_t *named; /* by function, by file: has it been written with its name? */
	uint8_t *filed;
};

static void add(int64_t *sum, int64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

static struct edge *find_edge(struct callgrind *c, uint32_t caller, uint32_t callee)
{
	uint32_t index = export_map_add(&c->edge_of_pair, (uint64_t)caller << 32 | callee, (uint32_t)c->edge_count);
	if (index == c->edge_count) {
		if (c->edge_count == c->edge_room) {
			c->edge_room = c->edge_room ? c->edge_room * 2 : 1024;
			c->edges = cli_realloc(c->edges, c->edge_room, sizeof(*c->edges));
		}
		c->edges[c->edge_count++] = (struct edge){caller, callee, 0, 0};
	}
	return &c->edges[index];
}

static void make_room(struct callgrind *c, size_t room)
{
	if (room <= c->function_room)
		return;
	c->self_ns = cli_realloc(c->self_ns, room, sizeof(*c->self_ns));
	c->seen = cli_realloc(c->seen, room, sizeof(*c->seen));
	memset(c->self_ns + c->function_room, 0, (room - c->function_room) * sizeof(*c->self_ns));
	memset(c->seen + c->function_room, 0, (room - c->function_room) * sizeof(*c->seen));
	c->function_room = room;
}

/* The values are calls and time. */
static int take(struct export *export, void *state, const struct export_sample *sample)
{
	struct callgrind *c = state;
	const size_t count = export_path(export, sample->context, c->path);
	const uint32_t stamp = ++c->samples;
	uint32_t below = c->path[0];

	make_room(c, export->function_room);
	add(&c->self_ns[c->path[0]], sample->values[1]);
	add(&c->total_ns, sample->values[1]);
	c->seen[c->path[0]] = stamp;
	add(&find_edge(c, count > 1 ? c->path[1] : ABOVE_ALL, below)->calls, sample->values[0]);
	for (size_t i = 1; i < count; i++) {
		if (c->seen[c->path[i]] == stamp)
			continue;
		c->seen[c->path[i]] = stamp;
		add(&find_edge(c, c->path[i], below)->ns, sample->values[1]);
		below = c->path[i];
	}
	add(&find_edge(c, ABOVE_ALL, below)->ns, sample->values[1]);
	return 0;
}

static int by_caller(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	if (x->caller != y->caller)
		return x->caller < y->caller ? -1 : 1;
	return x->callee < y->callee ? -1 : x->callee > y->callee;
}

/* "(3) name" the first time, "(3)" from then on. */
static void add_name(struct callgrind *c, const char *kind, uint32_t number, const char *name, uint8_t *written)
{
	cli_add_format(&c->text, "%s=(%" PRIu32 ")", kind, number + 1);
	if (!*written)
		cli_add_format(&c->text, " %s", name);
	cli_add_text(&c->text, "\n");
	*written = 1;
}

static void add_function(const struct export *export, struct callgrind *c, const char *file_kind, const char *kind, uint32_t function)
{
	const struct export_function *f = &export->functions[function];
	const char *file = *f->file ? f->file : "???";
	uint32_t number = export_texts_add(&c->files, file);

	add_name(c, file_kind, number, file, &c->filed[number]);
	add_name(c, kind, function, f->name, &c->named[function]);
}

/* Readers take the cost of no calls for the caller's own: it is that of one. */
static void add_edge(const struct export *export, struct callgrind *c, const struct edge *edge, int64_t line)
{
	if (!edge->calls && !edge->ns)
		return;
	add_function(export, c, "cfi", "cfn", edge->callee);
	cli_add_format(&c->text, "calls=%" PRId64 " %" PRId64 "\n%" PRId64 " %" PRId64 "\n", edge->calls ? edge->calls : 1,
		       export->functions[edge->callee].line, line, edge->ns);
}

static void write_all(const struct export *export, struct callgrind *c)
{
	size_t at = 0;

	qsort(c->edges, c->edge_count, sizeof(*c->edges), by_caller);
	c->named = cli_realloc(NULL, export->function_count + 1, 1);
	c->filed = cli_realloc(NULL, export->function_count + 1, 1); /* each has one */
	memset(c->named, 0, export->function_count + 1);
	memset(c->filed, 0, export->function_count + 1);
	cli_add_format(&c->text, "# callgrind format\nversion: 1\ncreator: instr-export " INSTR_VERSION "\ncmd: %s\npositions: line\n"
		       "events: wall_ns\nsummary: %" PRId64 "\n", cli_text_of(&export->command), c->total_ns);
	for (uint32_t function = 0; function < c->function_room && function < export->function_count; function++) {
		if (!c->seen[function])
			continue;
		cli_add_text(&c->text, "\n");
		add_function(export, c, "fl", "fn", function);
		cli_add_format(&c->text, "%" PRId64 " %" PRId64 "\n", export->functions[function].line, c->self_ns[function]);
		for (; at < c->edge_count && c->edges[at].caller == function; at++)
			add_edge(export, c, &c->edges[at], export->functions[function].line);
		cli_out(c->text.data, c->text.bytes);
		cli_buffer_clear(&c->text);
	}
	if (at < c->edge_count)
		cli_add_text(&c->text, "\nfl=???\nfn=(all)\n0 0\n");
	for (; at < c->edge_count; at++)
		add_edge(export, c, &c->edges[at], 0);
	cli_add_format(&c->text, "\ntotals: %" PRId64 "\n", c->total_ns);
	cli_out(c->text.data, c->text.bytes);
}

int export_callgrind(struct export *export, const struct export_value *value)
{
	static const struct export_measure measures[] = {{.column = "calls"}, {.column = "self_ns"}};
	struct callgrind *c = cli_realloc(NULL, 1, sizeof(*c));
	int status;

	memset(c, 0, sizeof(*c));
	status = export_walk(export, value->query, measures, 2, 1, take, c);
	if (!status && !export->show_sql)
		write_all(export, c);
	free(c->self_ns);
	free(c->seen);
	free(c->edges);
	free(c->named);
	free(c->filed);
	export_map_fini(&c->edge_of_pair);
	export_texts_fini(&c->files);
	cli_buffer_fini(&c->text);
	free(c);
	return status;
}
