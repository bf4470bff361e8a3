/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * speedscope.c - speedscope's own format, a sampled profile whose samples are calling contexts:
 * https://www.speedscope.app/file-format-schema.json
 *
 * Members of a JSON object may come in any order: frames come at the end, when all are known. Weights are an array of
 * their own, and are kept until the samples are written.
 */
#include "export/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rows.h"
#include "instr/version.h"

struct speedscope {
	int64_t *weights;
	size_t count, room;
	struct cli_buffer text;
	uint32_t path[EXPORT_DEPTH_MAX];
};

static void out_text(struct cli_buffer *text)
{
	cli_out(text->data, text->bytes);
	cli_buffer_clear(text);
}

static void out_string(const char *text)
{
	cli_out_json_string(text, strlen(text));
}

static int take(struct export *export, void *state, const struct export_sample *sample)
{
	struct speedscope *s = state;
	size_t count = export_path(export, sample->context, s->path);

	cli_add_text(&s->text, s->count ? ",\n[" : "\n[");
	while (count--)
		cli_add_format(&s->text, count ? "%" PRIu32 "," : "%" PRIu32 "]", s->path[count]);
	out_text(&s->text);
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->weights = cli_realloc(s->weights, s->room, sizeof(*s->weights));
	}
	s->weights[s->count++] = sample->values[0];
	return 0;
}

static void write_head(const struct export *export, const struct export_value *value)
{
	cli_out_text("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"instr-export " INSTR_VERSION
		     "\",\"name\":");
	out_string(cli_text_of(&export->command));
	cli_out_text(",\"activeProfileIndex\":0,\"profiles\":[{\"type\":\"sampled\",\"name\":");
	out_string(value->measure.type);
	cli_out_text(",\"unit\":");
	out_string(value->measure.unit);
	cli_out_text(",\"startValue\":0,\"samples\":[");
}

static void write_rest(const struct export *export, struct speedscope *s)
{
	int64_t end = 0;

	cli_out_text("],\n\"weights\":[");
	for (size_t i = 0; i < s->count; i++) {
		cli_add_format(&s->text, i ? ",%" PRId64 : "%" PRId64, s->weights[i]);
		out_text(&s->text);
		if (__builtin_add_overflow(end, s->weights[i], &end))
			end = INT64_MAX;
	}
	cli_add_format(&s->text, "],\"endValue\":%" PRId64 "}],\n\"shared\":{\"frames\":[", end);
	out_text(&s->text);
	for (size_t i = 0; i < export->function_count; i++) {
		const struct export_function *f = &export->functions[i];
		cli_out_text(i ? ",\n{\"name\":" : "\n{\"name\":");
		out_string(f->name);
		if (*f->file) {
			cli_out_text(",\"file\":");
			out_string(f->file);
		}
		if (f->line)
			cli_add_format(&s->text, ",\"line\":%" PRId64, f->line);
		cli_add_text(&s->text, "}");
		out_text(&s->text);
	}
	cli_out_text("]}}\n");
}

int export_speedscope(struct export *export, const struct export_value *value)
{
	struct speedscope *s = cli_realloc(NULL, 1, sizeof(*s));
	int status;

	memset(s, 0, sizeof(*s));
	if (!export->show_sql)
		write_head(export, value);
	status = export_walk(export, value->query, &value->measure, 1, 1, take, s);
	if (!status && !export->show_sql)
		write_rest(export, s);
	free(s->weights);
	cli_buffer_fini(&s->text);
	free(s);
	return status;
}
