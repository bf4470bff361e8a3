/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * tree_lines.c - from contexts in the order of printing to lines.
 *
 * What a line looks like depends on what comes after it: is there a later sibling, is it the only callee of its kind, how much
 * do the others have? So all contexts are read first: what they have goes to a spool, what decides about it to a mark each.
 * Then the marks are settled, and the spool is read once more.
 *
 *     read_contexts ──► mark_last ──► mark_folded ──► cut ──► mark_last ──► tree_take ...
 *
 * In this order a caller stands before its callees: that of a context is the nearest one before it that is less deep, and if it is
 * its first callee, right before it. A function that calls itself and, as far as is shown, nothing else, FOLDED_FROM times or
 * more in a row, is one line: contexts that follow each other, their calls and self times added up.
 */
#include "report/tree_lines.h"

#include <stdlib.h>
#include <string.h>

#include "cli/spool.h"

enum {
	FOLDED_FROM = 4,
	READ_PER_LINE = 64, /* contexts read for each line wanted: folding makes fewer of them */
};

enum flag {
	FIRST = 1,  /* of its process */
	SAME = 2,   /* the context before is its caller, of the same function */
	LAST = 4,   /* of its caller's callees that are shown */
	FOLDED = 8, /* is of the line before */
	CUT = 16,
};

struct mark {
	int64_t weight;
	uint32_t level; /* 1: nothing that is shown has called it */
	uint8_t flags;  /* enum flag */
};

#define NO_CALLER ((size_t)-2) /* no context is right behind it */

struct open { /* a context whose callees may follow */
	int64_t depth;
	size_t mark;
};

struct held { /* a line, with its texts */
	struct tree_line line;
	struct cli_buffer name, place;
};

struct tree_lines {
	struct mark *marks;
	int64_t *hooked; /* as a line has it; NULL: inverted, none has hooks told */
	size_t count;
	size_t deepest; /* level */
	struct cli_spool spool;

	int inverted;

	/* While lines are taken: one is read ahead. */
	size_t drawn, next; /* mark */
	size_t *indents;    /* of the line at each level that is above */
	struct held now, ahead, rest;
	int has_ahead;
};

/* ---- reading -------------------------------------------------------------------------------------------- */

/* What was read of the context before. */
struct before {
	uint64_t name_hash; /* of a name that is longer than what a line shows; else 0 */
	char *name, *place;
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

/* The query of inverted trees has the time that came by a line's way as that line's: a part of it is of no other line at
 * the outermost ones only. */
static void read_inverted(struct tree_line *line, struct tr_query *q)
{
	line->total_ns = report_number(q, "self_ns");
	line->self_ns = line->depth == 1 ? line->total_ns : 0;
}

static void read_beside(const struct report *report, struct tree_line *line, struct tr_query *q)
{
	static const char *const names[2][4] = {
		{"total_bytes", "self_bytes", "total_allocs", "self_allocs"}, {"total_blocked_ns", "blocked_ns", "total_lock_ns", "lock_ns"},
	};
	const char *const *name = names[report->with_blocks];

	for (size_t i = 0; i < 2; i++)
		line->beside[i] = (struct tree_beside){report_number(q, name[2 * i]), report_number(q, name[2 * i + 1])};
	line->idle_ns = report->with_blocks ? report_number(q, "idle_ns") : 0;
	line->outside = tr_type(q, tr_column(q, "parent_id")) == TR_NULL;
}

struct tree_beside tree_weigh(const struct report *report, const struct tree_line *line)
{
	if (report->sort < SORT_HEAP_BYTES)
		return (struct tree_beside){line->total_ns, line->self_ns};
	return line->beside[report->sort == SORT_HEAP_ALLOCS || report->sort == SORT_LOCK_TIME];
}

/* Is it of the same function as the context before? Remembers it. */
static int is_same_function(struct before *before, char *name, char *place, uint64_t name_hash)
{
	int same = before->name && name_hash == before->name_hash && !strcmp(name, before->name) && !strcmp(place, before->place);
	free(before->name);
	free(before->place);
	*before = (struct before){name_hash, name, place};
	return same;
}

/* Columns of the query that all its kinds have; max_ns and process_id not if it is inverted. */
struct columns {
	size_t process, depth, function, file, line, calls, self_ns, total_ns, max_ns;
};

static struct tree_line read_line(const struct report *report, struct tr_query *q, const struct columns *at)
{
	struct tree_line line = {
		.process_id = report->inverted ? 0 : tr_integer(q, at->process),
		.depth = tr_integer(q, at->depth),
		.calls = tr_integer(q, at->calls),
		.self_ns = tr_integer(q, at->self_ns),
		.total_ns = report->inverted ? 0 : tr_integer(q, at->total_ns),
		.max_ns = report->inverted ? 0 : tr_integer(q, at->max_ns),
		.has_max = !report->inverted && tr_type(q, at->max_ns) != TR_NULL,
		.levels = 1,
	};
	if (report->inverted)
		read_inverted(&line, q);
	else if (report->focus)
		line.is_way = !report_number(q, "through");
	if (report_is_crowded(report))
		read_beside(report, &line, q);
	return line;
}

/* The contexts whose callees may follow, from the outermost one to the last. */
struct opens {
	struct open *items;
	size_t count, room;
};

static void add_mark(struct tree_lines *lines, struct opens *opens, const struct tree_line *line, int64_t weight, int is_first, int is_same)
{
	if (is_first)
		opens->count = 0;
	while (opens->count && opens->items[opens->count - 1].depth >= line->depth)
		opens->count--;
	const size_t caller = opens->count ? opens->items[opens->count - 1].mark : NO_CALLER;
	const int follows = caller + 1 == lines->count;
	if (!lines->inverted) {
		lines->hooked = cli_room_for(lines->hooked, lines->count, sizeof(*lines->hooked));
		lines->hooked[lines->count] = line->calls;
	}
	if (lines->hooked && caller != NO_CALLER) /* hidden callees are too few to matter: each has less time than a line that is shown */
		lines->hooked[caller] = report_sum(lines->hooked[caller], line->calls);
	if (opens->count == opens->room) {
		opens->room = opens->room ? opens->room * 2 : 64;
		opens->items = cli_realloc(opens->items, opens->room, sizeof(*opens->items));
	}
	opens->items[opens->count++] = (struct open){line->depth, lines->count};
	if (opens->count > lines->deepest)
		lines->deepest = opens->count;
	lines->marks = cli_room_for(lines->marks, lines->count, sizeof(*lines->marks));
	lines->marks[lines->count++] = (struct mark){
		.weight = weight,
		.level = (uint32_t)opens->count,
		.flags = (uint8_t)((is_first ? FIRST : 0) | (is_same && follows ? SAME : 0)),
	};
}

static int read_contexts(struct report *report, const char *query, const char *order, struct tree_lines *lines)
{
	struct opens opens = {0};
	struct before before = {0};
	int64_t process_before = 0, most = report->limit;
	struct tr_query *q;

	if (most != NO_LIMIT && most < INT64_MAX / READ_PER_LINE)
		most *= READ_PER_LINE;
	int status = report_query_limited(report, &q, query, order, most);
	if (status)
		return status;
	const struct columns at = {
		.process = tr_column(q, "process_id"), .depth = tr_column(q, "depth"), .function = tr_column(q, "function"),
		.file = tr_column(q, "file"), .line = tr_column(q, "line"), .calls = tr_column(q, "calls"),
		.self_ns = tr_column(q, "self_ns"), .total_ns = tr_column(q, "total_ns"), .max_ns = tr_column(q, "max_ns"),
	};
	while ((status = tr_next(q, &report->error)) == 1) {
		const struct tree_line line = read_line(report, q, &at);
		const uint64_t name_hash = hash_of_long(report_name(q, at.function));
		char *name = cli_cut(report_name(q, at.function)), *place = cli_strdup(report_place(q, at.file, at.line));
		cli_spool_put(&lines->spool, &line, sizeof(line));
		cli_spool_put_text(&lines->spool, name);
		cli_spool_put_text(&lines->spool, place);
		const int is_same = is_same_function(&before, name, place, name_hash);
		add_mark(lines, &opens, &line, tree_weigh(report, &line).total, !lines->count || line.process_id != process_before, is_same);
		process_before = line.process_id;
	}
	free(opens.items);
	free(before.name);
	free(before.place);
	tr_finish(q);
	return status;
}

/* ---- settling the marks --------------------------------------------------------------------------------- */

static void mark_last(struct tree_lines *lines)
{
	/* From the end: follows[level] says that one of that level comes later under the same caller; none is set above top. */
	char *follows = cli_realloc(NULL, lines->deepest + 1, 1);
	size_t top = 0;

	memset(follows, 0, lines->deepest + 1);
	for (size_t i = lines->count; i--;) {
		struct mark *m = &lines->marks[i];
		if (!(m->flags & CUT)) {
			for (; top > m->level; top--)
				follows[top] = 0;
			m->flags = (uint8_t)((m->flags & ~LAST) | (follows[m->level] ? 0 : LAST));
			follows[m->level] = 1;
			top = m->level;
		}
		if (m->flags & FIRST)
			for (; top; top--)
				follows[top] = 0;
	}
	free(follows);
}

/* An only callee follows its caller and is its last one. */
static void mark_folded(struct tree_lines *lines)
{
	for (size_t i = 0, chain; i < lines->count; i += chain) {
		for (chain = 1; i + chain < lines->count; chain++)
			if ((lines->marks[i + chain].flags & (SAME | LAST)) != (SAME | LAST))
				break;
		for (size_t k = 1; chain >= FOLDED_FROM && k < chain; k++)
			lines->marks[i + k].flags |= FOLDED;
	}
}

static int by_weight(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* Keeps the lines with the most time (or what else they are ordered by), and of those with just as much as the last the first ones:
 * what calls a line that is kept is kept, for it has at least its time and stands before it. */
static void cut(struct tree_lines *lines, size_t most)
{
	int64_t *weights = cli_realloc(NULL, lines->count, sizeof(*weights));
	char *kept = cli_realloc(NULL, lines->deepest + 1, 1); /* the one at each level that is above */
	size_t count = 0, equal = most;

	for (size_t i = 0; i < lines->count; i++)
		if (!(lines->marks[i].flags & FOLDED))
			weights[count++] = lines->marks[i].weight;
	if (count > most) {
		qsort(weights, count, sizeof(*weights), by_weight);
		int64_t least = weights[most - 1];
		for (size_t i = 0; i < most && weights[i] > least; i++)
			equal--;
		kept[0] = 1;
		for (size_t i = 0; i < lines->count; i++) {
			struct mark *m = &lines->marks[i];
			int keep = kept[m->level - 1];
			if (!(m->flags & FOLDED)) {
				keep &= m->weight > least || (m->weight == least && equal > 0);
				equal -= keep && m->weight == least;
			}
			kept[m->level] = (char)keep;
			m->flags |= keep ? 0 : CUT;
		}
	}
	free(weights);
	free(kept);
}

/* ---- taking lines --------------------------------------------------------------------------------------- */

static void take_context(struct tree_lines *lines, struct held *held)
{
	cli_spool_take(&lines->spool, &held->line, sizeof(held->line));
	cli_spool_take_text(&lines->spool, &held->name);
	cli_spool_take_text(&lines->spool, &held->place);
	held->line.hooked = lines->hooked ? lines->hooked[lines->next] : 0;
	lines->next++;
}

/* In an inverted tree what came by the longer way is a part of what came by the shorter one. */
static void merge_level(struct tree_line *into, const struct tree_line *from, int inverted)
{
	into->levels++;
	if (!inverted)
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
}

static int take_line(struct tree_lines *lines, struct held *held)
{
	while (lines->next < lines->count && lines->marks[lines->next].flags & CUT)
		take_context(lines, held);
	if (lines->next == lines->count)
		return 0;
	const struct mark *mark = &lines->marks[lines->next];
	const size_t level = mark->level, indent = level == 1 ? 1 : lines->indents[level - 1] + 1;
	take_context(lines, held);
	lines->indents[level] = indent;
	for (size_t below = level + 1; lines->next < lines->count && lines->marks[lines->next].flags & FOLDED; below++) {
		take_context(lines, &lines->rest);
		merge_level(&held->line, &lines->rest.line, lines->inverted);
		lines->indents[below] = indent;
	}
	held->line.indent = indent;
	held->line.last = (mark->flags & LAST) != 0;
	return 1;
}

int tree_take(struct tree_lines *lines, struct tree_line *line)
{
	if (!lines->has_ahead)
		return 0;
	const struct held now = lines->ahead;
	lines->ahead = lines->now;
	lines->now = now;
	lines->has_ahead = take_line(lines, &lines->ahead);
	*line = now.line;
	line->name = cli_text_of(&now.name);
	line->place = cli_text_of(&now.place);
	/* All that are deeper are drawn at one level. */
	if (line->indent >= lines->drawn)
		line->last = !lines->has_ahead || lines->ahead.line.process_id != line->process_id || lines->ahead.line.indent < lines->drawn;
	return 1;
}

int tree_read(struct report *report, const char *query, const char *order, size_t drawn, struct tree_lines **out)
{
	struct tree_lines *lines = cli_realloc(NULL, 1, sizeof(*lines));

	*lines = (struct tree_lines){.drawn = drawn, .inverted = report->inverted};
	*out = NULL;
	int status = read_contexts(report, query, order, lines);
	if (status) {
		tree_free(lines);
		return status;
	}
	mark_last(lines);
	mark_folded(lines);
	if (report->limit != NO_LIMIT && lines->count > (size_t)report->limit) {
		cut(lines, (size_t)report->limit);
		mark_last(lines);
	}
	lines->indents = cli_realloc(NULL, lines->deepest + 1, sizeof(*lines->indents));
	cli_spool_rewind(&lines->spool);
	lines->has_ahead = take_line(lines, &lines->ahead);
	*out = lines;
	return 0;
}

static void free_held(struct held *held)
{
	cli_buffer_fini(&held->name);
	cli_buffer_fini(&held->place);
}

void tree_free(struct tree_lines *lines)
{
	if (!lines)
		return;
	cli_spool_fini(&lines->spool);
	free_held(&lines->now);
	free_held(&lines->ahead);
	free_held(&lines->rest);
	free(lines->indents);
	free(lines->marks);
	free(lines->hooked);
	free(lines);
}
