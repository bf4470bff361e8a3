/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk.c - from the rows of a query to calling contexts with values. What a trace may claim that no trace has (a
 * context that is called from a later one, time below zero) ends it with a sentence.
 */
#include "export/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

struct columns {
	size_t context_id, parent_id, function_id, function, linkage_name, file, line, module_id;
	size_t values[EXPORT_VALUES_MAX];
	size_t count;
};

static int is_damaged(struct export *export, const char *what, int64_t context_id)
{
	struct cli_buffer text = {0};

	cli_add_format(&text, "%s: damaged: calling context %" PRId64 " %s", tr_path(export->trace), context_id, what);
	export->error.code = INSTR_ERR_FORMAT;
	size_t bytes = text.bytes < sizeof(export->error.text) ? text.bytes : sizeof(export->error.text) - 1;
	memcpy(export->error.text, text.data, bytes);
	export->error.text[bytes] = 0;
	cli_buffer_fini(&text);
	return INSTR_ERR_FORMAT;
}

char *export_clean(const char *text, size_t bytes)
{
	struct cli_buffer clean = {0};
	cli_add_clean(&clean, text, bytes);
	char *copy = cli_strdup(cli_text_of(&clean));
	cli_buffer_fini(&clean);
	return copy;
}

static char *clean_column(struct tr_query *query, size_t column)
{
	enum { LONGEST_BYTES = 1 << 16 }; /* no compiler's name; it is written once for each context below */
	size_t bytes;
	const char *text = tr_text(query, column, &bytes);
	return export_clean(text, bytes < LONGEST_BYTES ? bytes : LONGEST_BYTES);
}

static uint32_t add_function(struct export *export, struct export_function function)
{
	if (export->function_count == export->function_room) {
		export->function_room = export->function_room ? export->function_room * 2 : 256;
		export->functions = cli_realloc(export->functions, export->function_room, sizeof(*export->functions));
	}
	export->functions[export->function_count] = function;
	return (uint32_t)export->function_count++;
}

static uint32_t find_function(struct export *export, struct tr_query *query, const struct columns *columns, int is_call)
{
	const int64_t id = tr_integer(query, columns->function_id);
	/* Those that stand for no call have keys that no id has: ids are at least 0 in a whole trace, and no context is below -1. */
	const int64_t key = is_call ? id : tr_integer(query, columns->context_id) < 0 ? INT64_MIN + 1 : INT64_MIN;
	const uint32_t new = (uint32_t)export->function_count;
	const uint32_t found = export_map_add(&export->function_of_id, (uint64_t)key, new);

	if (found != new)
		return found;
	if (!is_call)
		return add_function(export, (struct export_function){cli_strdup(key == INT64_MIN ? "(no function)" : "(not known)"),
								     cli_strdup(""), cli_strdup(""), 0, 0});
	struct export_function function = {
		.name = clean_column(query, columns->function),
		.linkage_name = clean_column(query, columns->linkage_name),
		.file = clean_column(query, columns->file),
		.line = tr_integer(query, columns->line),
		.module_id = tr_integer(query, columns->module_id),
	};
	if (!*function.name) {
		free(function.name);
		function.name = cli_strdup("(no name)");
	}
	if (function.line < 0)
		function.line = 0;
	return add_function(export, function);
}

static uint32_t find_context(const struct export *export, int64_t id)
{
	size_t from = 0, to = export->context_count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (export->contexts[middle].id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from < export->context_count && export->contexts[from].id == id ? (uint32_t)from : EXPORT_NONE;
}

/* The row's context, which is the last one or a new one. */
static int add_context(struct export *export, struct tr_query *query, const struct columns *columns)
{
	const int64_t id = tr_integer(query, columns->context_id);
	const int is_call = tr_type(query, columns->parent_id) != TR_NULL;
	struct export_context context = {.id = id, .parent = EXPORT_NONE};

	if (export->context_count) {
		int64_t last = export->contexts[export->context_count - 1].id;
		if (id == last)
			return 0;
		if (id < last)
			return is_damaged(export, "comes late", id);
	}
	if (is_call) {
		context.parent = find_context(export, tr_integer(query, columns->parent_id));
		if (context.parent == EXPORT_NONE)
			return is_damaged(export, "is called from one that does not come before it", id);
		const struct export_context *parent = &export->contexts[context.parent];
		context.depth = parent->parent == EXPORT_NONE ? 0 : parent->depth + 1;
		if (context.depth >= EXPORT_DEPTH_MAX)
			return is_damaged(export, "is deeper than any that is recorded", id);
	}
	context.function = find_function(export, query, columns, is_call);
	if (export->context_count == export->context_room) {
		export->context_room = export->context_room ? export->context_room * 2 : 1024;
		export->contexts = cli_realloc(export->contexts, export->context_room, sizeof(*export->contexts));
	}
	export->contexts[export->context_count++] = context;
	return 0;
}

static void find_columns(struct columns *columns, struct tr_query *query, const struct export_measure *measures, size_t count)
{
	*columns = (struct columns){
		.context_id = tr_column(query, "context_id"), .parent_id = tr_column(query, "parent_id"),
		.function_id = tr_column(query, "function_id"), .function = tr_column(query, "function"),
		.linkage_name = tr_column(query, "linkage_name"), .file = tr_column(query, "file"),
		.line = tr_column(query, "line"), .module_id = tr_column(query, "module_id"), .count = count,
	};
	for (size_t i = 0; i < count; i++)
		columns->values[i] = tr_column(query, measures[i].column);
}

/* Adds the row's values to values; 1 if it has some, 0, or negative. */
static int add_values(struct export *export, struct tr_query *query, const struct columns *columns, int64_t *values)
{
	int some = 0;
	for (size_t i = 0; i < columns->count; i++) {
		int64_t value = tr_integer(query, columns->values[i]);
		if (value < 0 || __builtin_add_overflow(values[i], value, &values[i]))
			return is_damaged(export, "has a sum that is no sum", tr_integer(query, columns->context_id));
		some |= value > 0;
	}
	return some;
}

static int take_rows(struct export *export, struct tr_query *query, const struct columns *columns, int by_context,
		     export_take *take, void *state)
{
	int64_t values[EXPORT_VALUES_MAX] = {0};
	struct export_sample sample = {.values = values};
	int status, some = 0;

	while ((status = tr_next(query, &export->error)) == 1) {
		const size_t before = export->context_count;
		const uint32_t last = (uint32_t)before - 1;
		if ((status = add_context(export, query, columns)))
			return status;
		if (by_context && some && export->context_count != before) {
			sample.context = last;
			if ((status = take(export, state, &sample)))
				return status;
		}
		if (!by_context || export->context_count != before) {
			memset(values, 0, sizeof(values));
			some = 0;
		}
		if ((status = add_values(export, query, columns, values)) < 0)
			return status;
		some |= status;
		if (!by_context && some) {
			sample.context = (uint32_t)export->context_count - 1;
			sample.query = query;
			if ((status = take(export, state, &sample)))
				return status;
		}
	}
	if (!status && by_context && some) {
		sample.context = (uint32_t)export->context_count - 1;
		status = take(export, state, &sample);
	}
	return status;
}

int export_walk(struct export *export, const char *name, const struct export_measure *measures, size_t count, int by_context,
		export_take *take, void *state)
{
	const struct tr_argument arguments[] = {
		{.name = "process", .type = export->process_id == ANY ? TR_NULL : TR_INTEGER, .integer = export->process_id},
		{.name = "thread", .type = export->thread_id == ANY ? TR_NULL : TR_INTEGER, .integer = export->thread_id},
		{.name = "thread_name", .type = export->thread_name ? TR_TEXT : TR_NULL, .text = export->thread_name},
		{.name = "idle", .type = TR_INTEGER, .integer = export->idle},
	};
	struct columns columns;
	struct tr_query *query;
	int status = tr_prepare(export->trace, &query, name, NULL, arguments, sizeof(arguments) / sizeof(arguments[0]), &export->error);

	if (status)
		return status;
	if (export->show_sql) {
		cli_out_text(tr_sql(query));
		cli_out_text("\n");
	} else {
		find_columns(&columns, query, measures, count);
		status = take_rows(export, query, &columns, by_context, take, state);
	}
	tr_finish(query);
	return status;
}

size_t export_path(const struct export *export, uint32_t context, uint32_t functions[EXPORT_DEPTH_MAX])
{
	size_t count = 0;
	const struct export_context *c = &export->contexts[context];

	do
		functions[count++] = c->function;
	while (c->parent != EXPORT_NONE && (c = &export->contexts[c->parent])->parent != EXPORT_NONE);
	return count;
}

void export_fini(struct export *export)
{
	for (size_t i = 0; i < export->function_count; i++) {
		free(export->functions[i].name);
		free(export->functions[i].linkage_name);
		free(export->functions[i].file);
	}
	free(export->functions);
	free(export->contexts);
	export_map_fini(&export->function_of_id);
	cli_buffer_fini(&export->command);
	cli_buffer_fini(&export->comments);
}
