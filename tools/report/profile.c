/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * profile.c - the query flame as a tree in memory. What a trace may claim that no trace has (a context that is called from
 * a later one, time below zero) ends it with a sentence.
 */
#include "report/profile.h"
#include "report/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = UINT32_MAX };

static const char *const columns[PROFILE_MEASURES] = {
	"self_ns", "calls", "bytes", "allocs", "blocked_ns", "idle_ns", "lock_ns",
};

/* ---- numbers to indexes --------------------------------------------------------------------------------- */

static size_t find_slot(const struct profile_index *index, uint64_t key)
{
	uint64_t h = (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	size_t slot = (size_t)(h >> 20) & (index->room - 1);

	while (index->values[slot] && index->keys[slot] != key)
		slot = (slot + 1) & (index->room - 1);
	return slot;
}

static void grow_index(struct profile_index *index)
{
	struct profile_index larger = {.count = index->count, .room = index->room ? index->room * 2 : 256};

	larger.keys = cli_realloc(NULL, larger.room, sizeof(*larger.keys));
	larger.values = cli_realloc(NULL, larger.room, sizeof(*larger.values));
	memset(larger.values, 0, larger.room * sizeof(*larger.values));
	for (size_t i = 0; i < index->room; i++) {
		if (!index->values[i])
			continue;
		size_t slot = find_slot(&larger, index->keys[i]);
		larger.keys[slot] = index->keys[i];
		larger.values[slot] = index->values[i];
	}
	profile_index_fini(index);
	*index = larger;
}

uint32_t profile_index_add(struct profile_index *index, uint64_t key, uint32_t value)
{
	if (index->count >= index->room / 2)
		grow_index(index);
	size_t slot = find_slot(index, key);
	if (!index->values[slot]) {
		index->keys[slot] = key;
		index->values[slot] = value + 1;
		index->count++;
	}
	return index->values[slot] - 1;
}

void profile_index_fini(struct profile_index *index)
{
	free(index->keys);
	free(index->values);
	*index = (struct profile_index){0};
}

/* ---- rows ----------------------------------------------------------------------------------------------- */

static int is_damaged(struct report *report, const char *what, int64_t context_id)
{
	report->error.code = INSTR_ERR_FORMAT;
	snprintf(report->error.text, sizeof(report->error.text), "%.900s: damaged: calling context %" PRId64 " %s", tr_path(report->trace),
		 context_id, what);
	return INSTR_ERR_FORMAT;
}

static uint32_t add_function(struct profile *profile, struct profile_function function)
{
	if (profile->function_count == profile->function_room) {
		profile->function_room = profile->function_room ? profile->function_room * 2 : 256;
		profile->functions = cli_realloc(profile->functions, profile->function_room, sizeof(*profile->functions));
	}
	profile->functions[profile->function_count] = function;
	return (uint32_t)profile->function_count++;
}

static void free_function(struct profile_function *function)
{
	free(function->name);
	free(function->file);
	free(function->module);
}

static uint32_t add_none(struct profile *profile, const char *name)
{
	return add_function(profile, (struct profile_function){cli_strdup(name), cli_strdup(""), cli_strdup(""), 0, 1});
}

static char *copy_column(struct tr_query *q, const char *column)
{
	enum { LONGEST_BYTES = 1 << 16 }; /* no compiler's name */
	size_t bytes;
	const char *text = tr_text(q, tr_column(q, column), &bytes);
	char *copy = strndup(text, bytes < LONGEST_BYTES ? bytes : LONGEST_BYTES);
	return copy ? copy : cli_strdup(""); /* cli_strdup ends the program where there is no memory */
}

static uint32_t find_function(struct profile *profile, struct tr_query *q)
{
	const int64_t id = report_number(q, "function_id");
	const uint32_t new = (uint32_t)profile->function_count;
	const uint32_t found = profile_index_add(&profile->by_id, (uint64_t)id, new);

	if (found != new)
		return found;
	struct profile_function function = {
		.name = copy_column(q, "function"), .file = copy_column(q, "file"), .module = copy_column(q, "module"),
		.line = report_number(q, "line"),
	};
	if (!*function.name) {
		free(function.name);
		function.name = cli_strdup("(no name)");
	}
	if (function.line < 0)
		function.line = 0;
	return add_function(profile, function);
}

static void grow(struct profile *profile)
{
	const size_t room = profile->room ? profile->room * 2 : 1024;

	profile->parents = cli_realloc(profile->parents, room, sizeof(*profile->parents));
	profile->function_of = cli_realloc(profile->function_of, room, sizeof(*profile->function_of));
	profile->flags = cli_realloc(profile->flags, room, sizeof(*profile->flags));
	profile->ids = cli_realloc(profile->ids, room, sizeof(*profile->ids));
	for (int m = 0; m < PROFILE_BOTH; m++) {
		int64_t **own = &profile->own[m];
		if (!*own)
			continue;
		*own = cli_realloc(*own, room, sizeof(**own));
		memset(*own + profile->room, 0, (room - profile->room) * sizeof(**own));
	}
	profile->room = room;
}

static uint32_t add_node(struct profile *profile, int64_t id, uint32_t parent, uint32_t function, int64_t flags)
{
	if (profile->count == profile->room)
		grow(profile);
	profile->ids[profile->count] = id;
	profile->parents[profile->count] = parent;
	profile->function_of[profile->count] = function;
	profile->flags[profile->count] = (uint8_t)(flags & (PROFILE_FOLDED | PROFILE_OTHER));
	return (uint32_t)profile->count++;
}

/* own is of a measure. */
static void set_own(const struct profile *profile, int64_t **own, uint32_t node, int64_t value)
{
	if (!value)
		return;
	if (!*own) {
		*own = cli_realloc(NULL, profile->room, sizeof(**own));
		memset(*own, 0, profile->room * sizeof(**own));
	}
	(*own)[node] = report_sum((*own)[node], value);
}

/* Ids rise from node 1 on. */
static uint32_t find_node(const struct profile *profile, int64_t id)
{
	size_t from = 1, to = profile->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (profile->ids[middle] < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from < profile->count && profile->ids[from] == id ? (uint32_t)from : NONE;
}

struct walk {
	uint16_t *depths; /* by node, while reading */
	size_t room;
	int64_t last_id;
	int several; /* processes are nodes */
	int64_t whole_id; /* of the process that is node 0 */
};

static int is_whole(const struct walk *walk, int64_t id)
{
	return walk->whole_id == id && !walk->several;
}

/* The row's node, or NONE with report->error filled. */
static uint32_t take_context(struct report *report, struct profile *profile, struct walk *walk, struct tr_query *q)
{
	const int64_t id = report_number(q, "context_id"), parent_id = report_number(q, "parent_id");
	const int is_call = tr_type(q, tr_column(q, "parent_id")) != TR_NULL;
	uint32_t parent = 0, function;

	if (id <= walk->last_id) {
		is_damaged(report, "comes late", id);
		return NONE;
	}
	walk->last_id = id;
	if (is_call) {
		parent = is_whole(walk, parent_id) ? 0 : find_node(profile, parent_id);
		if (parent == NONE) {
			is_damaged(report, "is called from one that does not come before it", id);
			return NONE;
		}
		if (walk->depths[parent] >= PROFILE_DEPTH_MAX) {
			is_damaged(report, "is deeper than any that is recorded", id);
			return NONE;
		}
		function = find_function(profile, q);
	} else if (id >= 0 && !walk->several && walk->whole_id < 0) {
		walk->whole_id = id;
		return 0;
	} else {
		struct cli_buffer name = {0};
		cli_add_format(&name, "process %" PRId64 ": %.200s", report_number(q, "process_id"), tr_text(q, tr_column(q, "command"), NULL));
		function = add_none(profile, id < 0 ? "(not known)" : cli_text_of(&name));
		cli_buffer_fini(&name);
	}
	const uint32_t node = add_node(profile, id, parent, function, report_number(q, "flags"));
	if (node >= walk->room) {
		walk->room = walk->room * 2;
		walk->depths = cli_realloc(walk->depths, walk->room, sizeof(*walk->depths));
	}
	walk->depths[node] = (uint16_t)(walk->depths[parent] + 1);
	return node;
}

int profile_read(struct report *report, struct profile *profile)
{
	struct walk walk = {.last_id = INT64_MIN, .whole_id = -1, .room = 1024, .several = report->processes > 1 && report->process_id == ANY};
	size_t at[PROFILE_MEASURES];
	struct tr_query *q;
	int status = report_query_limited(report, &q, "flame", NULL, NO_LIMIT), more = 0;

	*profile = (struct profile){0};
	if (status)
		return status;
	for (int m = 0; m < PROFILE_MEASURES; m++)
		at[m] = tr_column(q, columns[m]);
	walk.depths = cli_realloc(NULL, walk.room, sizeof(*walk.depths));
	walk.depths[0] = 0;
	add_node(profile, INT64_MIN, 0, add_none(profile, "all"), 0);
	while (!status && (more = tr_next(q, &report->error)) == 1) {
		const uint32_t node = take_context(report, profile, &walk, q);
		if (node == NONE)
			status = INSTR_ERR_FORMAT;
		for (int m = 0; m < PROFILE_MEASURES && !status; m++) {
			const int64_t value = tr_integer(q, at[m]);
			if (value < 0)
				status = is_damaged(report, "has a sum that is no sum", report_number(q, "context_id"));
			else
				set_own(profile, &profile->own[m], node, value);
		}
	}
	tr_finish(q);
	free(walk.depths);
	free(profile->ids);
	profile->ids = NULL;
	profile_index_fini(&profile->by_id);
	if (!status && more >= 0)
		profile_prune(profile, 0);
	return status ? status : more;
}

static uint32_t find_both(struct profile *profile, const struct figures *figures, size_t function)
{
	const uint32_t new = (uint32_t)profile->function_count, found = profile_index_add(&profile->by_id, function, new);
	int64_t line;

	if (found != new)
		return found;
	const char *file = figures_file(figures, function, &line);
	return add_function(profile, (struct profile_function){cli_strdup(figures_name(figures, function)), cli_strdup(file ? file : ""),
							       cli_strdup(""), line < 0 ? 0 : line, 0});
}

int profile_read_both(struct report *report, struct profile *profile)
{
	struct figures *figures;
	int status = figures_read(report, &figures);

	*profile = (struct profile){0};
	if (status)
		return status;
	add_node(profile, 0, 0, add_none(profile, "all"), 0);
	for (size_t i = 0; i < figures_rows(figures, 1) && !status; i++) {
		const uint32_t node = i ? add_node(profile, (int64_t)i, (uint32_t)figures_parent(figures, i),
						   find_both(profile, figures, figures_function(figures, i)), 0) : 0;
		for (int side = OLD; side < SIDES; side++) {
			struct sums s;
			figures_sum(figures, 1, i, (enum side)side, &s);
			const int64_t values[PROFILE_MEASURES] = {s.self_ns, s.calls, s.bytes, s.allocs, s.wait_ns, 0, s.lock_ns};
			for (int m = 0; m < PROFILE_MEASURES; m++) {
				if (values[m] < 0)
					status = is_damaged(report, "has a sum that is no sum", (int64_t)i);
				set_own(profile, &profile->own[side == NEW ? m : PROFILE_BEFORE + m], node, values[m]);
			}
		}
	}
	figures_free(figures);
	free(profile->ids);
	profile->ids = NULL;
	profile_index_fini(&profile->by_id);
	if (!status)
		profile_prune(profile, 0);
	return status;
}

void profile_fini(struct profile *profile)
{
	for (size_t i = 0; i < profile->function_count; i++)
		free_function(&profile->functions[i]);
	free(profile->functions);
	free(profile->parents);
	free(profile->function_of);
	free(profile->flags);
	for (int m = 0; m < PROFILE_BOTH; m++)
		free(profile->own[m]);
	free(profile->ids);
	profile_index_fini(&profile->by_id);
	*profile = (struct profile){0};
}

/* ---- sums, and what is left out ------------------------------------------------------------------------- */

int64_t *profile_add_up(const struct profile *profile, const int64_t *own)
{
	int64_t *totals = cli_realloc(NULL, profile->count, sizeof(*totals));

	if (own)
		memcpy(totals, own, profile->count * sizeof(*totals));
	else
		memset(totals, 0, profile->count * sizeof(*totals));
	for (size_t i = profile->count; i-- > 1;)
		totals[profile->parents[i]] = report_sum(totals[profile->parents[i]], totals[i]);
	return totals;
}

static int is_enough(int64_t total, int64_t whole, double least)
{
	return total > 0 && (double)total >= (double)whole * least;
}

/* Marks what stays: callers have at least what their callees have. */
static uint8_t *find_kept(const struct profile *profile, double least)
{
	uint8_t *kept = cli_realloc(NULL, profile->count, 1);

	memset(kept, 0, profile->count);
	kept[0] = 1;
	for (int m = 0; m < PROFILE_BOTH; m++) {
		const int64_t *own = profile->own[m];
		if (!own)
			continue;
		int64_t *totals = profile_add_up(profile, own);
		for (size_t i = 1; i < profile->count; i++)
			kept[i] |= is_enough(totals[i], totals[0], least);
		free(totals);
	}
	return kept;
}

/* Functions that no node is of go, too. */
static void drop_functions(struct profile *profile)
{
	uint32_t *place = cli_realloc(NULL, profile->function_count, sizeof(*place));
	size_t count = 0;

	memset(place, 0xff, profile->function_count * sizeof(*place));
	for (size_t i = 0; i < profile->count; i++)
		place[profile->function_of[i]] = 0;
	for (size_t f = 0; f < profile->function_count; f++) {
		if (place[f] == NONE) {
			free_function(&profile->functions[f]);
			continue;
		}
		place[f] = (uint32_t)count;
		profile->functions[count++] = profile->functions[f];
	}
	profile->function_count = count;
	for (size_t i = 0; i < profile->count; i++)
		profile->function_of[i] = place[profile->function_of[i]];
	free(place);
}

void profile_prune(struct profile *profile, double least)
{
	uint8_t *kept = find_kept(profile, least);
	uint32_t *place = cli_realloc(NULL, profile->count, sizeof(*place)), *first = cli_realloc(NULL, profile->count, sizeof(*first));
	uint32_t smaller = NONE;
	size_t count = 0;

	/* The first of each caller's that goes becomes the node of all of them; what is below goes there, too. */
	for (size_t i = 0; i < profile->count; i++) {
		const uint32_t parent = profile->parents[i];
		int stays = kept[i];
		first[i] = NONE;
		if (!stays && least > 0 && kept[parent] && first[parent] == NONE) {
			if (smaller == NONE)
				smaller = add_none(profile, "(smaller ones)");
			profile->function_of[i] = smaller;
			profile->flags[i] = 0;
			first[parent] = (uint32_t)count;
			stays = 1;
		}
		place[i] = stays ? (uint32_t)count : kept[parent] ? first[parent] : place[parent];
		if (least <= 0 && !stays)
			continue; /* has nothing to be added anywhere */
		const uint32_t to = place[i];
		for (int m = 0; m < PROFILE_BOTH; m++) {
			int64_t *own = profile->own[m];
			if (own)
				own[to] = stays ? own[i] : report_sum(own[to], own[i]);
		}
		if (!stays)
			continue;
		profile->parents[count] = place[parent];
		profile->function_of[count] = profile->function_of[i];
		profile->flags[count] = profile->flags[i];
		count++;
	}
	profile->count = count;
	drop_functions(profile);
	free(kept);
	free(place);
	free(first);
}
