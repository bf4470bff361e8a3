/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * folded.c - folded stacks, as flamegraph.pl and its many relatives read them: a line for each calling context, functions
 * from the outermost to the innermost with ";" between, a blank, a number. https://github.com/brendangregg/FlameGraph
 */
#include "export/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct folded {
	struct cli_buffer line;
	uint32_t path[EXPORT_DEPTH_MAX];
	struct name { /* by function: the name and a ";" behind it; NULL: not made yet */
		char *text;
		size_t bytes;
	} *names;
	size_t name_count;
};

/* A ";" in a name would be two functions. Line breaks are gone already. */
static const struct name *find_name(struct export *export, struct folded *folded, uint32_t function)
{
	if (function >= folded->name_count) {
		folded->names = cli_realloc(folded->names, export->function_room, sizeof(*folded->names));
		memset(folded->names + folded->name_count, 0, (export->function_room - folded->name_count) * sizeof(*folded->names));
		folded->name_count = export->function_room;
	}
	struct name *name = &folded->names[function];
	if (!name->text) {
		struct cli_buffer text = {0};
		cli_add_text(&text, export->functions[function].name);
		for (char *p = text.data; (p = strchr(p, ';')); p++)
			*p = ':';
		cli_add_text(&text, ";");
		*name = (struct name){text.data, text.bytes};
	}
	return name;
}

static int take(struct export *export, void *state, const struct export_sample *sample)
{
	struct folded *folded = state;
	size_t count = export_path(export, sample->context, folded->path);

	cli_buffer_clear(&folded->line);
	while (count--) {
		const struct name *name = find_name(export, folded, folded->path[count]);
		cli_add(&folded->line, name->text, name->bytes);
	}
	folded->line.data[folded->line.bytes - 1] = ' ';
	cli_add_format(&folded->line, "%" PRId64 "\n", sample->values[0]);
	cli_out(folded->line.data, folded->line.bytes);
	return 0;
}

int export_folded(struct export *export, const struct export_value *value)
{
	struct folded folded = {0};
	int status = export_walk(export, value->query, &value->measure, 1, 1, take, &folded);
	cli_buffer_fini(&folded.line);
	for (size_t i = 0; i < folded.name_count; i++)
		free(folded.names[i].text);
	free(folded.names);
	return status;
}
