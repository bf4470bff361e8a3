/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * pprof.c - pprof's profiles: https://github.com/google/pprof/blob/main/proto/profile.proto, whose field numbers these are.
 *
 * Fields of a message may come in any order, so a sample is written when its row comes, what it refers to just before it
 * if that is new, and texts at the end. A frame is a function at the line of its definition; the innermost one is at the
 * line of the place in the source, where the query has places. Addresses are not needed, and there are none.
 */
#include "export/export.h"
#include "export/proto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "instr/version.h"

enum profile_field {
	PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE = 2, PROFILE_MAPPING = 3, PROFILE_LOCATION = 4, PROFILE_FUNCTION = 5,
	PROFILE_STRING_TABLE = 6, PROFILE_TIME_NANOS = 9, PROFILE_DURATION_NANOS = 10, PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12, PROFILE_COMMENT = 13, PROFILE_DEFAULT_SAMPLE_TYPE = 14,
};
enum { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2 };
enum { SAMPLE_LOCATION_ID = 1, SAMPLE_VALUE = 2 };
enum {
	MAPPING_ID = 1, MAPPING_FILENAME = 5, MAPPING_BUILD_ID = 6, MAPPING_HAS_FUNCTIONS = 7, MAPPING_HAS_FILENAMES = 8,
	MAPPING_HAS_LINE_NUMBERS = 9,
};
enum { LOCATION_ID = 1, LOCATION_MAPPING_ID = 2, LOCATION_LINE = 4 };
enum { LINE_FUNCTION_ID = 1, LINE_LINE = 2 };
enum { FUNCTION_ID = 1, FUNCTION_NAME = 2, FUNCTION_SYSTEM_NAME = 3, FUNCTION_FILENAME = 4, FUNCTION_START_LINE = 5 };

/* Ids of messages are from 1: maps hold what was the next id when a key came first. */
struct pprof {
	const struct export_profile *profile;
	size_t value_count;
	struct export_gzip *gzip;
	struct cli_buffer message, part, ids, values;
	struct export_texts texts;
	uint32_t path[EXPORT_DEPTH_MAX];
	struct export_map mapping_of_module;
	struct export_map function_of_text; /* of a function of the trace and a file, or of a name alone */
	struct export_map location_of_place;
	uint32_t mappings, functions, locations;
	uint32_t *plain; /* by function: find_plain_frame; 0: not known yet */
	size_t plain_room;
};

static uint32_t text(struct pprof *p, const char *t)
{
	return export_texts_add(&p->texts, t);
}

/* What was gathered in message becomes a field of the profile. */
static void write_message(struct pprof *p, enum profile_field field)
{
	struct cli_buffer whole = {0};
	export_put_varint(&whole, (unsigned)field << 3 | 2);
	export_put_varint(&whole, p->message.bytes);
	export_gzip_write(p->gzip, whole.data, whole.bytes);
	export_gzip_write(p->gzip, p->message.data, p->message.bytes);
	cli_buffer_clear(&p->message);
	cli_buffer_fini(&whole);
}

static void write_number(struct pprof *p, enum profile_field field, uint64_t value)
{
	export_put_number(&p->message, (unsigned)field, value);
	export_gzip_write(p->gzip, p->message.data, p->message.bytes);
	cli_buffer_clear(&p->message);
}

static void write_value_type(struct pprof *p, enum profile_field field, const struct export_measure *measure)
{
	export_put_number(&p->message, VALUE_TYPE_TYPE, text(p, measure->type));
	export_put_number(&p->message, VALUE_TYPE_UNIT, text(p, measure->unit));
	write_message(p, field);
}

/* The row's module; 0: none. */
static uint32_t find_mapping(struct pprof *p, int64_t module_id, const char *path, const char *build_id)
{
	if (!module_id)
		return 0;
	uint32_t id = export_map_add(&p->mapping_of_module, (uint64_t)module_id, p->mappings + 1);
	if (id <= p->mappings)
		return id;
	export_put_number(&p->message, MAPPING_ID, id);
	export_put_number(&p->message, MAPPING_FILENAME, text(p, path));
	export_put_number(&p->message, MAPPING_BUILD_ID, text(p, build_id));
	export_put_number(&p->message, MAPPING_HAS_FUNCTIONS, 1); /* all that a reader could look up in it is here */
	export_put_number(&p->message, MAPPING_HAS_FILENAMES, 1);
	export_put_number(&p->message, MAPPING_HAS_LINE_NUMBERS, 1);
	write_message(p, PROFILE_MAPPING);
	return p->mappings = id;
}

/* key tells functions apart; name, linkage_name and file are texts. */
static uint32_t find_function(struct pprof *p, uint64_t key, uint32_t name, uint32_t linkage_name, uint32_t file, int64_t line)
{
	uint32_t id = export_map_add(&p->function_of_text, key, p->functions + 1);
	if (id <= p->functions)
		return id;
	export_put_number(&p->message, FUNCTION_ID, id);
	export_put_number(&p->message, FUNCTION_NAME, name);
	export_put_number(&p->message, FUNCTION_SYSTEM_NAME, linkage_name);
	export_put_number(&p->message, FUNCTION_FILENAME, file);
	export_put_number(&p->message, FUNCTION_START_LINE, (uint64_t)line);
	write_message(p, PROFILE_FUNCTION);
	return p->functions = id;
}

static uint32_t find_location(struct pprof *p, uint64_t key, uint32_t mapping, uint32_t function, int64_t line)
{
	uint32_t id = export_map_add(&p->location_of_place, key, p->locations + 1);
	if (id <= p->locations)
		return id;
	export_put_number(&p->part, LINE_FUNCTION_ID, function);
	export_put_number(&p->part, LINE_LINE, (uint64_t)line);
	export_put_number(&p->message, LOCATION_ID, id);
	export_put_number(&p->message, LOCATION_MAPPING_ID, mapping);
	export_put_bytes(&p->message, LOCATION_LINE, p->part.data, p->part.bytes);
	cli_buffer_clear(&p->part);
	write_message(p, PROFILE_LOCATION);
	return p->locations = id;
}

/* Keys: a function of the trace has a number below 2^32, and so has a text. */
static uint64_t pair(uint64_t high, uint32_t low)
{
	return high << 32 | low;
}

/* The frame of a function, in a file at a line. */
static uint32_t find_frame(struct export *export, struct pprof *p, uint32_t function, const char *file, int64_t line)
{
	const struct export_function *f = &export->functions[function];
	const uint32_t file_text = text(p, file);
	const uint32_t id = find_function(p, pair((uint64_t)function + 1, file_text), text(p, f->name), text(p, f->linkage_name), file_text,
					  strcmp(file, f->file) ? 0 : f->line);
	const uint32_t mapping = f->module_id ? export_map_add(&p->mapping_of_module, (uint64_t)f->module_id, 0) : 0;
	return find_location(p, pair(id, line > UINT32_MAX ? UINT32_MAX : (uint32_t)line), mapping, id, line);
}

/* That in the line of its definition; most are. */
static uint32_t find_plain_frame(struct export *export, struct pprof *p, uint32_t function)
{
	if (function >= p->plain_room) {
		p->plain = cli_realloc(p->plain, export->function_room, sizeof(*p->plain));
		memset(p->plain + p->plain_room, 0, (export->function_room - p->plain_room) * sizeof(*p->plain));
		p->plain_room = export->function_room;
	}
	if (!p->plain[function])
		p->plain[function] = find_frame(export, p, function, export->functions[function].file, export->functions[function].line);
	return p->plain[function];
}

static char *clean_column(struct tr_query *query, const char *column)
{
	size_t bytes;
	const char *t = tr_text(query, tr_column(query, column), &bytes);
	return export_clean(t, bytes);
}

/* The innermost frames: what is called at the row's place, and the function that does, in the line where it does. */
static void add_place(struct export *export, struct pprof *p, uint32_t function, struct tr_query *query)
{
	const struct export_function *f = &export->functions[function];
	const int64_t line = tr_integer(query, tr_column(query, "place_line"));
	char *place_file = clean_column(query, "place_file");
	const char *file = *place_file && line > 0 ? place_file : f->file;

	if (p->profile->is_called) {
		char *called = clean_column(query, "called");
		const uint32_t name = text(p, called), id = find_function(p, name, name, name, text(p, ""), 0);
		export_put_varint(&p->ids, find_location(p, pair(id, 0), 0, id, 0));
		free(called);
	}
	export_put_varint(&p->ids, find_frame(export, p, function, file, file == f->file ? f->line : line));
	free(place_file);
}

static int take(struct export *export, void *state, const struct export_sample *sample)
{
	struct pprof *p = state;
	const size_t count = export_path(export, sample->context, p->path);
	size_t i = 0;

	if (tr_column(sample->query, "place_line") < tr_columns(sample->query))
		add_place(export, p, p->path[i++], sample->query);
	for (; i < count; i++)
		export_put_varint(&p->ids, find_plain_frame(export, p, p->path[i]));
	for (i = 0; i < p->value_count; i++)
		export_put_varint(&p->values, (uint64_t)sample->values[i]);
	export_put_bytes(&p->message, SAMPLE_LOCATION_ID, p->ids.data, p->ids.bytes);
	export_put_bytes(&p->message, SAMPLE_VALUE, p->values.data, p->values.bytes);
	write_message(p, PROFILE_SAMPLE);
	cli_buffer_clear(&p->ids);
	cli_buffer_clear(&p->values);
	return 0;
}

/* All of them, the first being that of the program: readers name the profile after it. */
static int write_mappings(struct export *export, struct pprof *p)
{
	struct tr_query *query;
	int status = tr_prepare(export->trace, &query, "modules", NULL, NULL, 0, &export->error);

	if (status)
		return status;
	while ((status = tr_next(query, &export->error)) == 1) {
		char *path = clean_column(query, "path"), *build_id = clean_column(query, "build_id");
		find_mapping(p, tr_integer(query, tr_column(query, "module_id")), path, build_id);
		free(path);
		free(build_id);
	}
	tr_finish(query);
	return status;
}

static void write_comment(struct pprof *p, const char *comment, size_t bytes)
{
	char *copy = export_clean(comment, bytes);
	write_number(p, PROFILE_COMMENT, text(p, copy));
	free(copy);
}

static void write_head(struct export *export, struct pprof *p)
{
	text(p, ""); /* the first text is that of fields that are left out */
	for (size_t i = 0; i < p->value_count; i++)
		write_value_type(p, PROFILE_SAMPLE_TYPE, &p->profile->measures[i]);
	write_value_type(p, PROFILE_PERIOD_TYPE, &p->profile->period);
	write_number(p, PROFILE_PERIOD, 1);
	write_number(p, PROFILE_DEFAULT_SAMPLE_TYPE, text(p, p->profile->main_type));
	write_number(p, PROFILE_TIME_NANOS, export->start_realtime_ns > 0 ? (uint64_t)export->start_realtime_ns : 0);
	write_number(p, PROFILE_DURATION_NANOS, export->duration_ns > 0 ? (uint64_t)export->duration_ns : 0);
	write_comment(p, "instr-export " INSTR_VERSION, strlen("instr-export " INSTR_VERSION));
	if (export->command.bytes)
		write_comment(p, export->command.data, export->command.bytes);
	for (const char *line = cli_text_of(&export->comments), *end; (end = strchr(line, '\n')); line = end + 1)
		write_comment(p, line, (size_t)(end - line));
}

static void write_texts(struct pprof *p)
{
	for (uint32_t i = 0; i < p->texts.count; i++) {
		const char *t = export_texts_get(&p->texts, i);
		export_put_bytes(&p->message, PROFILE_STRING_TABLE, t, strlen(t));
		export_gzip_write(p->gzip, p->message.data, p->message.bytes);
		cli_buffer_clear(&p->message);
	}
}

int export_pprof(struct export *export, const struct export_profile *profile)
{
	struct pprof *p = cli_realloc(NULL, 1, sizeof(*p));
	int status;

	memset(p, 0, sizeof(*p));
	p->profile = profile;
	while (profile->measures[p->value_count].column)
		p->value_count++;
	if (!export->show_sql) {
		if ((status = export_gzip_open(&p->gzip))) {
			cli_error("not enough memory");
			exit(CLI_TROUBLE);
		}
		write_head(export, p);
		status = write_mappings(export, p);
	} else {
		status = 0;
	}
	if (!status)
		status = export_walk(export, profile->query, profile->measures, p->value_count, 0, take, p);
	if (!export->show_sql)
		write_texts(p);
	export_gzip_close(p->gzip);
	cli_buffer_fini(&p->message);
	cli_buffer_fini(&p->part);
	cli_buffer_fini(&p->ids);
	cli_buffer_fini(&p->values);
	export_texts_fini(&p->texts);
	export_map_fini(&p->mapping_of_module);
	export_map_fini(&p->function_of_text);
	export_map_fini(&p->location_of_place);
	free(p->plain);
	free(p);
	return status;
}
