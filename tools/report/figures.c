/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * figures.c - reads what traces have by calling context into one tree, aligned by the names of functions.
 *
 * A function is known by its name, without what optimisers append to it (".llvm.123", ".constprop.0"). Where a name has several
 * files within a trace, and files are known throughout, by the name and the last part of its file.
 *
 *     called_functions of each ─► names, and which are ambiguous
 *     called_contexts of each  ─► nodes: (caller's node, function) is looked up
 *     context_figures of each  ─► records, a chain for each side of a node (libtrace/records.h), added up when they are asked for
 *
 * A caller's row comes before its callees': nodes are in such an order, too. There may be millions: a node has nothing but
 * numbers of others and where its records are.
 */
#include "report/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libtrace/records.h"

enum { PATH_LEVELS = 64 };

_Static_assert((int)EXTRAS == (int)TR_RECORD_EXTRAS, "a record has what can be asked for");

struct node {
	uint32_t parent, function;
	uint32_t next;      /* of the same function; 0: none */
	uint8_t recursive;  /* the function occurs above */
	uint8_t there[SIDES];
	size_t records[SIDES]; /* the last one of each side */
};

struct function {
	char *key, *name, *file;
	int64_t line;
	uint32_t first; /* node */
};

/* A name of called_functions. */
struct name {
	char *text, *file; /* of the first row */
	int side, files, unknown; /* of that row; different files in a trace; a file is not known */
};

struct index { /* open addressing: numbers of things from 1; 0: free */
	uint32_t *slots;
	size_t room, count;
};

struct figures {
	struct node *nodes;
	struct function *functions;
	struct name *names;
	size_t node_count, function_count, name_count;
	struct index by_path, by_key, by_name;
	struct tr_records *records; /* LOCK_TIME in ticks, WAIT_TIME in ns */
	uint64_t seed;
	double ns_per_tick[SIDES];
	int64_t *below[SIDES][EXTRAS]; /* by function; NULL: not asked for yet */
	struct tr_times *scratch[SIDES];
};

/* ---- finding things again ------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

/* Names come from a file: which collide must not be known to who has written it. */
static uint64_t hash_text(const struct figures *f, const char *text)
{
	uint64_t h = f->seed;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u + (h >> 47);
	return mix(h);
}

static uint64_t hash_node(const struct figures *f, uint32_t parent, uint32_t function)
{
	return mix(mix(f->seed ^ parent) + function * 0xd6e8feb86659fd93u);
}

static void grow(struct index *x, uint64_t (*hash)(const struct figures *, uint32_t), const struct figures *f)
{
	if (x->count * 2 < x->room)
		return;
	free(x->slots);
	x->room = x->room ? x->room * 2 : 1024;
	x->slots = cli_realloc(NULL, x->room, sizeof(*x->slots));
	memset(x->slots, 0, x->room * sizeof(*x->slots));
	for (uint32_t i = 1; i <= x->count; i++) {
		size_t at = hash(f, i) & (x->room - 1);
		while (x->slots[at])
			at = (at + 1) & (x->room - 1);
		x->slots[at] = i;
	}
}

static uint64_t hash_of_node(const struct figures *f, uint32_t number)
{
	return hash_node(f, f->nodes[number - 1].parent, f->nodes[number - 1].function);
}

static uint64_t hash_of_function(const struct figures *f, uint32_t number)
{
	return hash_text(f, f->functions[number - 1].key);
}

static uint64_t hash_of_name(const struct figures *f, uint32_t number)
{
	return hash_text(f, f->names[number - 1].text);
}

static struct name *find_name(struct figures *f, const char *text)
{
	grow(&f->by_name, hash_of_name, f);
	size_t at = hash_text(f, text) & (f->by_name.room - 1);
	for (; f->by_name.slots[at]; at = (at + 1) & (f->by_name.room - 1))
		if (!strcmp(f->names[f->by_name.slots[at] - 1].text, text))
			return &f->names[f->by_name.slots[at] - 1];
	f->names = cli_room_for(f->names, f->name_count, sizeof(*f->names));
	f->names[f->name_count] = (struct name){.text = cli_strdup(text), .side = -1};
	f->by_name.slots[at] = (uint32_t)++f->name_count;
	f->by_name.count++;
	return &f->names[f->name_count - 1];
}

static uint32_t find_function(struct figures *f, const char *key)
{
	grow(&f->by_key, hash_of_function, f);
	size_t at = hash_text(f, key) & (f->by_key.room - 1);
	for (; f->by_key.slots[at]; at = (at + 1) & (f->by_key.room - 1))
		if (!strcmp(f->functions[f->by_key.slots[at] - 1].key, key))
			return f->by_key.slots[at] - 1;
	f->functions = cli_room_for(f->functions, f->function_count, sizeof(*f->functions));
	f->functions[f->function_count] = (struct function){.key = cli_strdup(key)};
	f->by_key.slots[at] = (uint32_t)++f->function_count;
	f->by_key.count++;
	return (uint32_t)f->function_count - 1;
}

static uint32_t find_node(struct figures *f, uint32_t parent, uint32_t function)
{
	grow(&f->by_path, hash_of_node, f);
	size_t at = hash_node(f, parent, function) & (f->by_path.room - 1);
	for (; f->by_path.slots[at]; at = (at + 1) & (f->by_path.room - 1)) {
		const struct node *n = &f->nodes[f->by_path.slots[at] - 1];
		if (n->parent == parent && n->function == function)
			return f->by_path.slots[at] - 1;
	}
	f->nodes = cli_room_for(f->nodes, f->node_count, sizeof(*f->nodes));
	f->nodes[f->node_count] = (struct node){.parent = parent, .function = function, .next = f->functions[function].first};
	if (f->node_count)
		f->functions[function].first = (uint32_t)f->node_count;
	f->by_path.slots[at] = (uint32_t)++f->node_count;
	f->by_path.count++;
	return (uint32_t)f->node_count - 1;
}

/* ---- which function is it? ------------------------------------------------------------------------------ */

static const char *last_part(const char *file)
{
	const char *slash = strrchr(file, '/');
	return slash ? slash + 1 : file;
}

static int read_names(struct report *report, struct figures *f, struct tr_trace *trace, enum side side)
{
	struct tr_query *q;
	int status = tr_prepare(trace, &q, "called_functions", NULL, NULL, 0, &report->error);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		char *text = report_stem(tr_text(q, 0, NULL));
		const char *file = last_part(tr_text(q, 1, NULL));
		struct name *name = find_name(f, text);
		name->unknown |= !*file;
		if (name->side != (int)side) {
			free(name->file);
			name->file = cli_strdup(file);
			name->side = (int)side;
		} else {
			name->files |= strcmp(name->file, file) != 0;
		}
		free(text);
	}
	tr_finish(q);
	return status;
}

static uint32_t function_of(struct figures *f, struct tr_query *q, size_t function, size_t file, size_t line, enum side side)
{
	const char *path = tr_text(q, file, NULL);
	char *name = report_stem(tr_text(q, function, NULL));
	const struct name *known = find_name(f, name);
	struct cli_buffer key = {0};

	cli_add_text(&key, name);
	if (known->files && !known->unknown)
		cli_add_format(&key, "\n%s", last_part(path));
	const uint32_t number = find_function(f, cli_text_of(&key));
	struct function *found = &f->functions[number];
	cli_buffer_fini(&key);
	if (!found->name)
		found->name = cli_strdup(*name ? name : "(no name)");
	if (*path && (!found->file || (side == NEW && strcmp(found->file, path)))) {
		free(found->file);
		found->file = cli_strdup(path);
	}
	if (tr_integer(q, line) > 0)
		found->line = tr_integer(q, line);
	free(name);
	return number;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

static int say_no_memory(struct report *report)
{
	snprintf(report->error.text, sizeof(report->error.text), "there is not enough memory");
	return report->error.code = INSTR_ERR_MEMORY;
}

/* Adds a row of context_figures, whose columns are at these places, to the records of a node. 0, INSTR_ERR_MEMORY, or what is wrong
 * with its histogram. */
static int add_figures(struct figures *f, size_t *records, struct tr_query *q, const size_t *at)
{
	struct tr_record r = {.calls = tr_integer(q, at[0]), .self_ticks = tr_integer(q, at[1]), .total_ticks = tr_integer(q, at[2])};

	for (int i = 0; i < EXTRAS; i++)
		r.extras[i] = tr_integer(q, at[6 + i]);
	if (tr_type(q, at[5]) == TR_BLOB) {
		r.min_ticks = tr_integer(q, at[3]);
		r.max_ticks = tr_integer(q, at[4]);
		r.histogram = tr_text(q, at[5], &r.histogram_bytes);
		tr_times_clear(f->scratch[OLD]);
		int status = tr_times_add(f->scratch[OLD], r.histogram, r.histogram_bytes);
		if (status)
			return status;
	}
	return tr_records_add(f->records, records, &r);
}

struct places { /* of contexts in the tree, by ascending context_id */
	struct place {
		int64_t context_id;
		uint32_t node;
	} *items;
	size_t count;
};

static uint32_t find_place(const struct places *places, int64_t context_id, uint32_t otherwise)
{
	size_t from = 0, to = places->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (places->items[middle].context_id == context_id)
			return places->items[middle].node;
		if (places->items[middle].context_id < context_id)
			from = middle + 1;
		else
			to = middle;
	}
	return otherwise;
}

static int read_contexts(struct report *report, struct figures *f, struct tr_trace *trace, enum side side, struct places *places)
{
	struct tr_query *q;
	int status = tr_prepare(trace, &q, "called_contexts", NULL, NULL, 0, &report->error);

	if (status)
		return status;
	status = tr_next(q, &report->error);
	const size_t id = tr_column(q, "context_id"), parent_id = tr_column(q, "parent_id"), function = tr_column(q, "function"),
		     file = tr_column(q, "file"), line = tr_column(q, "line"), recursive = tr_column(q, "recursive"),
		     rate = tr_column(q, "ns_per_tick");
	for (; status == 1; status = tr_next(q, &report->error)) {
		uint32_t node = 0;
		f->ns_per_tick[side] = tr_real(q, rate);
		/* A caller that comes later, or never, is of no trace of ours. */
		if (tr_type(q, parent_id) != TR_NULL)
			node = find_node(f, find_place(places, tr_integer(q, parent_id), 0), function_of(f, q, function, file, line, side));
		if (node) /* "foo" may call "foo.part.0" */
			f->nodes[node].recursive = tr_integer(q, recursive) != 0 || f->nodes[f->nodes[node].parent].function == f->nodes[node].function;
		f->nodes[node].there[side] = 1;
		places->items = cli_room_for(places->items, places->count, sizeof(*places->items));
		places->items[places->count++] = (struct place){tr_integer(q, id), node};
	}
	tr_finish(q);
	return status;
}

static int read_figures(struct report *report, struct figures *f, struct tr_trace *trace, enum side side, const struct places *places)
{
	static const char *const names[] = {"calls", "self_ticks", "total_ticks", "min_ticks", "max_ticks", "histogram", "allocs", "bytes",
					    "acquisitions", "lock_waits", "lock_ticks", "waits", "wait_ns"};
	size_t at[sizeof(names) / sizeof(*names)];
	struct tr_query *q;
	int wrong = 0, status = tr_prepare(trace, &q, "context_figures", NULL, NULL, 0, &report->error);

	if (status)
		return status;
	status = tr_next(q, &report->error);
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
		at[i] = tr_column(q, names[i]);
	for (; status == 1 && !wrong; status = tr_next(q, &report->error)) {
		uint32_t node = find_place(places, tr_integer(q, 0), UINT32_MAX);
		if (node != UINT32_MAX)
			wrong = add_figures(f, &f->nodes[node].records[side], q, at);
	}
	tr_finish(q);
	if (!wrong || status < 0)
		return status;
	if (wrong == INSTR_ERR_MEMORY)
		return say_no_memory(report);
	snprintf(report->error.text, sizeof(report->error.text), "%.700s: cannot be read as a trace: a histogram is damaged", tr_path(trace));
	return report->error.code = wrong;
}

static int read_trace(struct report *report, struct figures *f, struct tr_trace *trace, enum side side)
{
	struct places places = {0};
	int status = read_contexts(report, f, trace, side, &places);

	if (!status)
		status = read_figures(report, f, trace, side, &places);
	free(places.items);
	tr_trim(trace);
	return status;
}

/* What finds things again, when all are read. */
static void free_indexes(struct figures *f)
{
	for (size_t i = 0; i < f->name_count; i++) {
		free(f->names[i].text);
		free(f->names[i].file);
	}
	free(f->names);
	f->names = NULL;
	f->name_count = 0;
	free(f->by_name.slots);
	free(f->by_key.slots);
	free(f->by_path.slots);
	f->by_name = f->by_key = f->by_path = (struct index){0};
}

int figures_read(struct report *report, struct figures **out)
{
	struct figures *f = cli_realloc(NULL, 1, sizeof(*f));
	struct tr_trace *const traces[SIDES] = {report->old, report->trace};
	struct timespec now;
	int status = 0;

	memset(f, 0, sizeof(*f));
	clock_gettime(CLOCK_REALTIME, &now);
	f->seed = mix((uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)f << 20);
	find_function(f, "\n"); /* none: a name that no function has */
	f->functions[0].name = cli_strdup("(no function)");
	find_node(f, UINT32_MAX, 0);
	f->records = tr_records_create();
	f->scratch[OLD] = tr_times_create();
	f->scratch[NEW] = tr_times_create();
	if (!f->records || !f->scratch[OLD] || !f->scratch[NEW])
		status = say_no_memory(report);
	for (int side = OLD; side < SIDES && !status; side++)
		status = traces[side] ? read_names(report, f, traces[side], (enum side)side) : 0;
	for (int side = OLD; side < SIDES && !status; side++)
		status = traces[side] ? read_trace(report, f, traces[side], (enum side)side) : 0;
	free_indexes(f);
	*out = status ? NULL : f;
	if (status)
		figures_free(f);
	return status;
}

int figures_show_sql(struct report *report)
{
	int status = report_rows(report, "called_contexts", NULL);
	return status ? status : report_rows(report, "context_figures", NULL);
}

void figures_free(struct figures *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->function_count; i++) {
		free(f->functions[i].key);
		free(f->functions[i].name);
		free(f->functions[i].file);
	}
	free_indexes(f);
	for (int side = OLD; side < SIDES; side++) {
		tr_times_destroy(f->scratch[side]);
		for (int i = 0; i < EXTRAS; i++)
			free(f->below[side][i]);
	}
	free(f->nodes);
	free(f->functions);
	tr_records_destroy(f->records);
	free(f);
}

/* ---- asking --------------------------------------------------------------------------------------------- */

size_t figures_rows(const struct figures *f, int by_context)
{
	return by_context ? f->node_count : f->function_count;
}

/* The nodes of a row: the first, and the next behind one; 0: no more. Row 0 is node 0 alone. */
static uint32_t first_node(const struct figures *f, int by_context, size_t row)
{
	return by_context ? (uint32_t)row : f->functions[row].first;
}

static int64_t in_ns(const struct figures *f, enum side side, int64_t ticks)
{
	double ns = (double)ticks * f->ns_per_tick[side];
	return ns >= 0x1p63 ? INT64_MAX : ns < -0x1p63 ? INT64_MIN : (int64_t)ns;
}

/* All finished calls of the row, in f->scratch[side]. Their bytes were found good when they came. */
static void gather(const struct figures *f, int by_context, size_t row, enum side side, int64_t *min, int64_t *max)
{
	int first = 1;

	tr_times_clear(f->scratch[side]);
	*min = *max = 0;
	for (uint32_t n = first_node(f, by_context, row); n; n = by_context ? 0 : f->nodes[n].next) {
		struct tr_record r;
		for (size_t at = f->nodes[n].records[side]; at;) {
			at = tr_records_get(f->records, at, &r);
			if (!r.histogram)
				continue;
			tr_times_add(f->scratch[side], r.histogram, r.histogram_bytes);
			*min = first || r.min_ticks < *min ? r.min_ticks : *min;
			*max = first || r.max_ticks > *max ? r.max_ticks : *max;
			first = 0;
		}
	}
}

/* 1: it has extras. */
static int add_own(const struct figures *f, const struct node *node, int with_total, enum side side, struct sums *s)
{
	int64_t *const extras[EXTRAS] = {&s->allocs, &s->bytes, &s->acquisitions, &s->lock_waits, &s->lock_ns, &s->waits, &s->wait_ns};
	int some = 0;

	s->there |= node->there[side];
	for (size_t at = node->records[side]; at;) {
		struct tr_record r;
		at = tr_records_get(f->records, at, &r);
		s->calls = report_sum(s->calls, r.calls);
		s->self_ns = report_sum(s->self_ns, r.self_ticks);
		if (with_total)
			s->total_ns = report_sum(s->total_ns, r.total_ticks);
		for (int i = 0; i < EXTRAS; i++) {
			*extras[i] = report_sum(*extras[i], r.extras[i]);
			some |= r.extras[i] != 0;
		}
	}
	return some;
}

void figures_sum(const struct figures *f, int by_context, size_t row, enum side side, struct sums *s)
{
	*s = (struct sums){0};
	if (!row)
		s->there = add_own(f, &f->nodes[0], 1, side, s);
	for (uint32_t n = first_node(f, by_context, row); n; n = by_context ? 0 : f->nodes[n].next)
		add_own(f, &f->nodes[n], by_context || !f->nodes[n].recursive, side, s);
	s->self_ns = in_ns(f, side, s->self_ns);
	s->total_ns = in_ns(f, side, s->total_ns);
	s->lock_ns = in_ns(f, side, s->lock_ns);
}

/* Of those that gather has found. */
static int64_t quantile(const struct figures *f, enum side side, unsigned per_mille, int64_t min, int64_t max)
{
	return in_ns(f, side, (int64_t)tr_times_quantile(f->scratch[side], per_mille, (uint64_t)min, (uint64_t)max));
}

void figures_durations(const struct figures *f, int by_context, size_t row, enum side side, struct durations *d)
{
	int64_t min, max;

	gather(f, by_context, row, side, &min, &max);
	const uint64_t calls = tr_times_count(f->scratch[side]);
	*d = (struct durations){.calls = calls > INT64_MAX ? INT64_MAX : (int64_t)calls, .min_ns = in_ns(f, side, min), .max_ns = in_ns(f, side, max),
				.p50_ns = quantile(f, side, 500, min, max), .p99_ns = quantile(f, side, 990, min, max)};
}

int64_t figures_quantile(const struct figures *f, int by_context, size_t row, enum side side, unsigned per_mille)
{
	int64_t min, max;

	gather(f, by_context, row, side, &min, &max);
	if (!tr_times_count(f->scratch[side]))
		return -1;
	return quantile(f, side, per_mille, min, max);
}

static int test_row(const struct figures *f, int by_context, size_t row, struct tr_ranks *ranks)
{
	int64_t min, max;

	for (int side = OLD; side < SIDES; side++)
		gather(f, by_context, row, (enum side)side, &min, &max);
	return tr_rank_test(f->scratch[OLD], f->ns_per_tick[OLD], f->scratch[NEW], f->ns_per_tick[NEW], ranks);
}

int figures_test(const struct figures *f, int by_context, struct tested **out)
{
	const size_t count = figures_rows(f, by_context);
	struct tested *tested = cli_realloc(NULL, count + 1, sizeof(*tested));
	double *p = cli_realloc(NULL, count + 1, sizeof(*p));
	struct tr_ranks ranks;
	size_t tests = 0;

	for (size_t i = 0; i < count; i++) {
		tested[i] = (struct tested){NOT_TESTED, 0, 0};
		if (!test_row(f, by_context, i, &ranks))
			continue;
		tested[i] = (struct tested){NO_DIFFERENCE, 0, ranks.longer};
		p[tests++] = ranks.p;
	}
	int status = tr_adjust(p, tests);
	tests = 0;
	for (size_t i = 0; i < count && !status; i++) {
		struct tested *t = &tested[i];
		if (t->verdict == NOT_TESTED)
			continue;
		t->q = p[tests++];
		if (t->q <= FIGURES_RATE && fabs(t->longer - 0.5) >= FIGURES_EFFECT)
			t->verdict = t->longer > 0.5 ? SLOWER : FASTER;
	}
	free(p);
	if (status)
		free(tested);
	*out = status ? NULL : tested;
	return status;
}

/* By function: the context of each outermost call of it, and all below. */
static int64_t *sum_below(const struct figures *f, enum side side, enum extra extra)
{
	int64_t *nodes = cli_realloc(NULL, f->node_count, sizeof(*nodes)), *functions = cli_realloc(NULL, f->function_count, sizeof(*functions));

	for (size_t i = 0; i < f->node_count; i++) {
		nodes[i] = 0;
		for (size_t at = f->nodes[i].records[side]; at;) {
			struct tr_record r;
			at = tr_records_get(f->records, at, &r);
			nodes[i] = report_sum(nodes[i], r.extras[extra]);
		}
	}
	for (size_t i = f->node_count; --i;)
		nodes[f->nodes[i].parent] = report_sum(nodes[f->nodes[i].parent], nodes[i]);
	for (size_t i = 0; i < f->function_count; i++) {
		functions[i] = 0;
		for (uint32_t n = f->functions[i].first; n; n = f->nodes[n].next)
			if (!f->nodes[n].recursive)
				functions[i] = report_sum(functions[i], nodes[n]);
	}
	free(nodes);
	return functions;
}

int64_t figures_below(struct figures *f, size_t function, enum side side, enum extra extra)
{
	if (!f->below[side][extra])
		f->below[side][extra] = sum_below(f, side, extra);
	const int64_t sum = f->below[side][extra][function];
	return extra == LOCK_TIME ? in_ns(f, side, sum) : sum;
}

int figures_is_there(const struct figures *f, size_t function, enum side side)
{
	for (uint32_t n = f->functions[function].first; n; n = f->nodes[n].next)
		if (f->nodes[n].there[side])
			return 1;
	return 0;
}

size_t figures_function(const struct figures *f, size_t context)
{
	return f->nodes[context].function;
}

size_t figures_parent(const struct figures *f, size_t context)
{
	return f->nodes[context].parent;
}

const char *figures_name(const struct figures *f, size_t function)
{
	return f->functions[function].name;
}

const char *figures_file(const struct figures *f, size_t function, int64_t *line)
{
	*line = f->functions[function].line;
	return f->functions[function].file;
}

void figures_path(const struct figures *f, size_t context, struct cli_buffer *out)
{
	int level = 0;

	for (uint32_t n = (uint32_t)context; n; n = f->nodes[n].parent, level++) {
		if (level)
			cli_add_text(out, " < ");
		if (level == PATH_LEVELS) {
			cli_add_text(out, "...");
			break;
		}
		cli_add_text(out, f->functions[f->nodes[n].function].name);
	}
	if (!context)
		cli_add_text(out, f->functions[0].name);
}
