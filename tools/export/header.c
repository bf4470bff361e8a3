/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * header.c - what the run was, and what is missing from the trace: said on stderr before anything is exported, and kept
 * for formats that have a place for it.
 */
#include "export/export.h"

#include <inttypes.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

static void say(struct export *export, const char *text)
{
	struct cli_buffer clean = {0};

	cli_add_clean(&clean, text, strlen(text));
	cli_error("%s: %s", tr_path(export->trace), cli_text_of(&clean));
	cli_add_format(&export->comments, "%s\n", cli_text_of(&clean));
	cli_buffer_fini(&clean);
}

static int prepare(struct export *export, struct tr_query **query, const char *name, int64_t limit)
{
	const struct tr_argument arguments[] = {{.name = "limit", .type = limit ? TR_INTEGER : TR_NULL, .integer = limit}};
	return tr_prepare(export->trace, query, name, NULL, arguments, 1, &export->error);
}

static int64_t number(struct tr_query *query, const char *column)
{
	return tr_integer(query, tr_column(query, column));
}

static int read_command(struct export *export)
{
	struct tr_query *query;
	int status = prepare(export, &query, "processes", 1);

	if (status)
		return status;
	if ((status = tr_next(query, &export->error)) == 1) {
		size_t bytes;
		const char *text = tr_text(query, tr_column(query, "command"), &bytes);
		if (!bytes)
			text = tr_text(query, tr_column(query, "executable"), &bytes);
		cli_add_clean(&export->command, text, bytes);
	}
	tr_finish(query);
	return status < 0 ? status : 0;
}

static int say_losses(struct export *export)
{
	struct cli_buffer text = {0};
	char count[CLI_NUMBER_BYTES];
	struct tr_query *query;
	int status = prepare(export, &query, "losses", 0);

	if (status)
		return status;
	while ((status = tr_next(query, &export->error)) == 1) {
		if (number(query, "totals_kept") == 1)
			continue; /* only events are not kept: sums have them */
		int known = tr_type(query, tr_column(query, "lost_events")) == TR_INTEGER;
		cli_buffer_clear(&text);
		cli_add_format(&text, "LOST %s events (%s): counts and times lack them",
			       known ? cli_count(count, number(query, "lost_events")) : "an unknown number of",
			       tr_text(query, tr_column(query, "cause"), NULL));
		say(export, cli_text_of(&text));
	}
	tr_finish(query);
	cli_buffer_fini(&text);
	return status;
}

int export_header(struct export *export)
{
	struct tr_query *query;
	int recording = 0, status = prepare(export, &query, "summary", 0);

	if (status)
		return status;
	if ((status = tr_next(query, &export->error)) == 1) {
		export->start_realtime_ns = number(query, "start_realtime_ns");
		export->duration_ns = number(query, "duration_ns");
		recording = !strcmp(tr_text(query, tr_column(query, "state"), NULL), "recording");
	}
	tr_finish(query);
	if (status < 0 || (status = read_command(export)) || (status = say_losses(export)))
		return status;
	if (recording && tr_writer(export->trace) == TR_WRITER_LIVE)
		say(export, "Still recording: the figures are about a second old");
	else if (recording)
		say(export, "Never completed: nobody records this run any more, and what it had published since the last commit is missing");
	for (size_t i = 0; tr_missing_lines(export->trace, i); i++)
		say(export, tr_missing_lines(export->trace, i));
	return 0;
}
