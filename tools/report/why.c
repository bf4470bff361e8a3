/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * why.c - why a function is not in a profile (--why-missing), or where in it it is: of each function of that name what
 * is known; of a name that no function has, what may have become of it.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"

enum { FEW = 5 }; /* images that are named */

/* What can be done about it, by the beginning of the reason. */
static const struct { const char *reason, *advice; } advices[] = {
	{"filter", "compile it with an allow= or deny= that lets it through (docs/options.md)"},
	{"switched off", "without that setting its calls are recorded"},
	{"INSTR_SKIP", "it has hooks without that mark in its source"},
	{"always_inline", "its time is in what called it; it has hooks without that attribute"},
	{"copy of a function", "where it is defined it has hooks, if that file is compiled with instr-clang"},
	{"attribute", "it has hooks without that attribute (no_sanitize, xray_never_instrument ...)"},
	{NULL, NULL},
};

static void add_line(struct report *report, size_t indent, const char *text)
{
	struct cli_buffer clean = {0};

	cli_add_clean(&clean, text, strlen(text));
	cli_add_repeated(&report->out, " ", indent);
	cli_add_wrapped(&report->out, cli_text_of(&clean), cli_screen()->width > indent ? cli_screen()->width - indent : 0,
			indent + (strncmp(text, "- ", 2) ? 0 : 2));
	cli_add_text(&report->out, "\n");
	report->lines++;
	cli_buffer_fini(&clean);
}

static void add_title(struct report *report, struct tr_query *q)
{
	struct cli_buffer line = {0};
	const char *place = report_place(q, tr_column(q, "file"), tr_column(q, "line")), *image = tr_text(q, tr_column(q, "image"), NULL);
	char *name = cli_cut(report_name(q, tr_column(q, "function"))), *path = cli_cut(image);

	cli_add_text(&line, name);
	if (*place)
		cli_add_format(&line, "  %s", place);
	if (*path)
		cli_add_format(&line, "  in %s", path);
	add_line(report, 0, cli_text_of(&line));
	free(name);
	free(path);
	cli_buffer_fini(&line);
}

static void add_called(struct report *report, struct tr_query *q)
{
	char calls[64], contexts[64], self[CLI_NUMBER_BYTES], total[CLI_NUMBER_BYTES], place[CLI_NUMBER_BYTES];
	const int64_t row = report_number(q, "place");
	struct cli_buffer line = {0};

	cli_add_format(&line, "It is in the profile: %s in %s, self %s, total %s; by self time it is row %s of --top%s.",
		       cli_counted(calls, sizeof(calls), report_number(q, "calls"), "call", NULL),
		       cli_counted(contexts, sizeof(contexts), report_number(q, "contexts"), "calling context", NULL),
		       cli_duration(self, report_number(q, "self_ns")), cli_duration(total, report_number(q, "total_ns")), cli_count(place, row),
		       row > 30 ? ", which shows 30 (--limit 0: all)" : "");
	if (report_number(q, "folded") > 0)
		cli_add_format(&line, " Some of these stand for deeper calls, too.");
	add_line(report, 2, cli_text_of(&line));
	cli_buffer_fini(&line);
}

static void add_not_called(struct report *report, struct tr_query *q, int64_t lost)
{
	struct cli_buffer line = {0};
	char count[64];

	cli_add_format(&line, "It has hooks and was never called%s, or only where its calls were inlined (-O1 and up): what these do is in the "
			      "callers' time.", report->recording ? " until the last checkpoint" : "");
	if (report_number(q, "orphans") > 0)
		cli_add_format(&line, " Of %s only the end was seen.",
			       cli_counted(count, sizeof(count), report_number(q, "orphans"), "call", NULL));
	if (lost)
		cli_add_format(&line, " %s lost: calls of it may have been among them.", lost > 0 ? cli_counted(count, sizeof(count), lost, "event was", "events were")
													 : "Events were");
	add_line(report, 2, cli_text_of(&line));
	cli_buffer_fini(&line);
}

static void add_without_hooks(struct report *report, struct tr_query *q)
{
	struct cli_buffer line = {0};
	char *reason = cli_cut(tr_text(q, tr_column(q, "reason"), NULL));
	int i = 0;

	while (advices[i].reason && strncmp(reason, advices[i].reason, strlen(advices[i].reason)))
		i++;
	cli_add_format(&line, "It carries no hooks: %s%s%s.", *reason ? reason : "not known", advices[i].advice ? "; " : "",
		       advices[i].advice ? advices[i].advice : "");
	add_line(report, 2, cli_text_of(&line));
	free(reason);
	cli_buffer_fini(&line);
}

/* How many events nothing has; -1: not known how many. */
static int read_lost(struct report *report, int64_t *lost)
{
	struct tr_query *q;
	int status = report_query(report, &q, "summary", NULL);

	if (status)
		return status;
	if ((status = tr_next(q, &report->error)) == 1) {
		*lost = report_number(q, "events_lost");
		*lost = *lost ? *lost : report_number(q, "losses_not_counted") ? -1 : 0;
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

/* ---- no function of that name ------------------------------------------------------------------------- */

/* "--blocks --only read", if calls of it are recorded. */
static int add_called_places(struct report *report)
{
	static const struct { const char *kind, *option; } kinds[] = {
		{"alloc", "--allocs --by site"}, {"free", "--allocs --by site"}, {"block", "--blocks --only NAME"}, {"lock", "--locks"},
		{"thread", "--threads --by creator"}, {NULL, NULL},
	};
	struct tr_query *q;
	char count[64];
	int status = report_query(report, &q, "called_places", NULL);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		struct cli_buffer line = {0};
		char *called = cli_cut(tr_text(q, tr_column(q, "called"), NULL));
		int i = 0;
		while (kinds[i].kind && strcmp(kinds[i].kind, tr_text(q, tr_column(q, "kind"), NULL)))
			i++;
		cli_add_format(&line, "%s is called from %s in code with hooks: %s has these calls.", called,
			       cli_counted(count, sizeof(count), report_number(q, "places"), "place", NULL), kinds[i].option ? kinds[i].option : "--info");
		add_line(report, 0, cli_text_of(&line));
		free(called);
		cli_buffer_fini(&line);
	}
	tr_finish(q);
	return status;
}

static int add_images(struct report *report, const char *query, const char *column, const char *before)
{
	struct cli_buffer line = {0};
	struct tr_query *q;
	int64_t count = 0;
	int status = report_query_limited(report, &q, query, NULL, FEW + 1);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1 && count < FEW) {
		char *path = cli_cut(tr_text(q, tr_column(q, column), NULL));
		cli_add_format(&line, "%s%s", count++ ? ", " : before, path);
		free(path);
	}
	tr_finish(q);
	if (status == 1)
		cli_add_text(&line, " and more (--info)");
	if (count)
		add_line(report, 2, cli_text_of(&line));
	cli_buffer_fini(&line);
	return status < 0 ? status : 0;
}

static int add_unknown(struct report *report)
{
	const char *const name = report->only;
	const int pattern = tr_is_regex(name);
	struct cli_buffer line = {0};
	char *meant = NULL;
	int status = 0;

	report->only = NULL;
	if (!pattern)
		status = report_find_meant(report, name, 0, &meant);
	report->only = name;
	if (!status) {
		cli_add_format(&line, "%s has no function %s%s.", tr_path(report->trace), pattern ? "that matches " : "", name);
		if (meant)
			cli_add_format(&line, " Did you mean %s?", meant);
		add_line(report, 0, cli_text_of(&line));
	}
	free(meant);
	cli_buffer_fini(&line);
	if (status || (status = add_called_places(report)))
		return status;
	add_line(report, 0, "A function of the program is not in a trace where");
	add_line(report, 2, "- all its calls were inlined (-O1 and up): its time is in what called it (noinline, or -O0, keeps it),");
	add_line(report, 2, "- its file was not compiled with instr-clang, as those of most libraries,");
	add_line(report, 2, "- it was left out by compiler or linker, since nothing calls it,");
	add_line(report, 2, "- its library was not loaded in this run.");
	if ((status = add_images(report, "modules", "path", "Images with hooks: ")))
		return status;
	return add_images(report, "images_without", "image", "Executables without hooks: ");
}

int report_why_missing(struct report *report)
{
	struct tr_query *q;
	int64_t lost = 0, rows = 0;
	int status, more;

	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "why_missing", NULL);
	if ((status = read_lost(report, &lost)) || (status = report_query_and_one(report, &q, "why_missing", NULL)))
		return status;
	while ((more = (status = tr_next(q, &report->error)) == 1) && (report->limit == NO_LIMIT || rows < report->limit)) {
		const char *state = tr_text(q, tr_column(q, "state"), NULL);
		if (rows++)
			add_line(report, 0, "");
		add_title(report, q);
		if (!strcmp(state, "called"))
			add_called(report, q);
		else if (!strcmp(state, "no hooks"))
			add_without_hooks(report, q);
		else
			add_not_called(report, q, lost);
	}
	tr_finish(q);
	if (status >= 0 && more)
		report_say(report, CLI_DIM, "There are more: --limit 0 shows all");
	return status < 0 ? status : !rows ? add_unknown(report) : 0;
}
