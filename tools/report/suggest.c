/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * suggest.c - --suggest-filter: a settings file that leaves out functions whose hooks take the most time for the least that they
 * can tell: of the compiler plugin, for which it says deny=, and of the runtime, which understands off=.
 *
 * Hooks of a call take two clock reads, more or less. The rest of the processor's time (where that is not known: of all time
 * that was no wait) is the program's own; hooks may take so much of it as was asked for. Functions are left out from the one with the shortest calls on
 * until they do: time in very short calls is the least worth knowing apart from the caller's. Then those that need not have
 * been left out, because others' hooks took much more, are taken in again, so that the list is short.
 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/rows.h"
#include "cli/text.h"
#include "cli/units.h"
#include "instr/options.h"

/* Where so little of the time is left, hooks were nearly all there was, and what they took is not known well enough. */
#define LEAST_OWN 0.02

struct candidate {
	char *linkage_name, *function, *place, *file; /* file: NULL if not known */
	int64_t line, calls, self_ns, hooks_ns;
	int is_out;
};

struct suggestion {
	struct candidate *candidates; /* those with the shortest calls first */
	size_t count, out;
	int64_t waited_ns, cpu_ns; /* cpu_ns: 0 if not known */
	double whole_ns;           /* the processor's time, or all but waits */
	double own_ns, hooks_ns, left_ns; /* the program's; of all hooks; of those that are left */
	int is_rough;
};

/* Can a filter name it? */
static int is_nameable(const char *name)
{
	return *name && !strpbrk(name, "/'\n");
}

static int read_candidates(struct report *report, struct suggestion *s)
{
	struct tr_query *q;
	int status = report_query(report, &q, "suggest_filter", NULL);

	if (status)
		return status;
	status = tr_next(q, &report->error);
	const size_t linkage = tr_column(q, "linkage_name"), function = tr_column(q, "function"), file = tr_column(q, "file"),
		     line = tr_column(q, "line"), calls = tr_column(q, "calls"), self_ns = tr_column(q, "self_ns"),
		     hooks_ns = tr_column(q, "hooks_ns"), waited_ns = tr_column(q, "waited_ns"),
		     cpu_ns = tr_column(q, "cpu_ns");
	for (; status == 1; status = tr_next(q, &report->error)) {
		s->waited_ns = tr_integer(q, waited_ns);
		s->cpu_ns = tr_integer(q, cpu_ns);
		if (!is_nameable(tr_text(q, linkage, NULL)))
			continue;
		s->candidates = cli_room_for(s->candidates, s->count, sizeof(*s->candidates));
		s->candidates[s->count++] = (struct candidate){
			.linkage_name = cli_strdup(tr_text(q, linkage, NULL)),
			.function = cli_cut(report_name(q, function)),
			.place = cli_strdup(report_place(q, file, line)),
			.file = tr_type(q, file) == TR_NULL ? NULL : cli_strdup(tr_text(q, file, NULL)),
			.line = tr_integer(q, line),
			.calls = tr_integer(q, calls),
			.self_ns = tr_integer(q, self_ns),
			.hooks_ns = tr_integer(q, hooks_ns),
		};
	}
	tr_finish(q);
	return status;
}

static int by_hooks(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	if (x->is_out != y->is_out)
		return y->is_out - x->is_out;
	if (x->hooks_ns != y->hooks_ns)
		return x->hooks_ns < y->hooks_ns ? 1 : -1;
	return strcmp(x->linkage_name, y->linkage_name);
}

static void choose(const struct report *report, struct suggestion *s)
{
	s->whole_ns = s->cpu_ns > 0 ? (double)s->cpu_ns : (double)report->whole.self_ns - (double)s->waited_ns - (double)report->stalled_ns;
	s->hooks_ns = s->left_ns = 2 * report->hook_cost_ns * (double)report->whole.calls;
	s->own_ns = s->whole_ns - s->hooks_ns;
	if (!(s->own_ns >= LEAST_OWN * s->whole_ns)) {
		s->own_ns = s->whole_ns > 0 ? LEAST_OWN * s->whole_ns : 0;
		s->is_rough = 1;
	}
	const double most = report->hooks_share * s->own_ns;
	for (size_t i = 0; i < s->count && s->left_ns > most; i++) {
		s->candidates[i].is_out = 1;
		s->left_ns -= (double)s->candidates[i].hooks_ns;
		s->out++;
	}
	/* Those that are out come first then, those with the least last. */
	qsort(s->candidates, s->count, sizeof(*s->candidates), by_hooks);
	const size_t out = s->out;
	for (size_t i = out; i--;) {
		struct candidate *c = &s->candidates[i];
		if (s->left_ns + (double)c->hooks_ns > most)
			continue;
		c->is_out = 0;
		s->left_ns += (double)c->hooks_ns;
		s->out--;
	}
	if (s->left_ns < 0) /* the sum of calls is not of this file's functions */
		s->left_ns = 0;
}

static void add_patterns(struct cli_buffer *out, const char *name)
{
	struct cli_buffer pattern = {0};

	for (; *name; name++) {
		if (strchr("*?[\\", *name))
			cli_add_text(&pattern, "\\");
		cli_add(&pattern, name, 1);
	}
	const char *quote = instr_value_needs_quotes(pattern.data, pattern.bytes) ? "'" : "";
	cli_add_format(out, "deny=%s%s%s\noff=%s%s%s\n", quote, cli_text_of(&pattern), quote, quote, cli_text_of(&pattern), quote);
	cli_buffer_fini(&pattern);
}

static void add_file(struct report *report, const struct suggestion *s)
{
	struct cli_buffer *out = &report->out, clean = {0};
	char a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES], c[CLI_NUMBER_BYTES], count[64];

	cli_add_format(out, "# Hooks took about %s of %s%s: %s%s of the program's own %s.\n", cli_duration(a, (int64_t)s->hooks_ns),
		       cli_duration(b, (int64_t)s->whole_ns), s->cpu_ns > 0 ? " of the processor" : " that no thread waited", s->is_rough ? "more than " : "",
		       cli_share(count, s->hooks_ns, s->own_ns), cli_duration(c, (int64_t)s->own_ns));
	if (report->stalled_ns > 0)
		cli_add_format(out, "# For %s threads waited for the drain, too: fewer events, less of it.\n", cli_duration(a, report->stalled_ns));
	if (!s->out) {
		cli_add_text(out, s->hooks_ns <= report->hooks_share * s->own_ns ? "# That is no more than was asked for: no function need be left out.\n"
									       : "# No function can be left out by name.\n");
		return;
	}
	cli_add_format(out, "# Without those of %s: about %s. The time of these is told as their callers' then, and\n# their calls are not counted.\n#\n"
		       "# With this as FILE (docs/overhead.md):\n"
		       "#     INSTR_CONFIG=FILE make          compiled again they have no hooks\n"
		       "#     INSTR_CONFIG=FILE ./program     as it is, their hooks do nothing, which takes a little still\n",
		       cli_counted(count, sizeof(count), (int64_t)s->out, "function", NULL), cli_share(a, s->left_ns, s->own_ns));
	for (size_t i = 0; i < s->count; i++) {
		const struct candidate *one = &s->candidates[i];
		if (!one->is_out)
			continue;
		cli_buffer_clear(&clean);
		cli_add_clean(&clean, one->function, strlen(one->function)); /* a line that ends where we say */
		cli_add_text(&clean, *one->place ? " " : "");
		cli_add_clean(&clean, one->place, strlen(one->place));
		cli_add_format(out, "\n# %s: %s of %s, hooks included; hooks %s\n", cli_text_of(&clean),
			       cli_counted(count, sizeof(count), one->calls, "call", NULL), cli_duration(a, one->self_ns / one->calls),
			       cli_duration(b, one->hooks_ns));
		add_patterns(out, one->linkage_name);
		report->lines += 4;
		cli_let_out(out);
	}
	cli_buffer_fini(&clean);
}

static void put_rows(const struct report *report, const struct suggestion *s)
{
	static const char *const names[] = {"linkage_name", "function", "file", "line", "calls", "self_ns", "hooks_ns"};
	struct cli_rows rows;

	cli_rows_begin(&rows, report->format, names, sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < s->count; i++) {
		const struct candidate *one = &s->candidates[i];
		if (!one->is_out)
			continue;
		cli_put_string(&rows, one->linkage_name);
		cli_put_string(&rows, one->function);
		cli_put_string(&rows, one->file);
		cli_put_known(&rows, one->line);
		cli_put_integer(&rows, one->calls);
		cli_put_integer(&rows, one->self_ns);
		cli_put_integer(&rows, one->hooks_ns);
	}
	cli_rows_end(&rows);
}

static void free_candidates(struct suggestion *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->candidates[i].linkage_name);
		free(s->candidates[i].function);
		free(s->candidates[i].place);
		free(s->candidates[i].file);
	}
	free(s->candidates);
}

int report_suggest_filter(struct report *report)
{
	struct suggestion s = {0};

	if (report->show_sql)
		return report_rows(report, "suggest_filter", NULL);
	int status = read_candidates(report, &s);
	if (!status && !(report->hook_cost_ns > 0)) {
		cli_error("%s: what a hook costs is not known of this trace", tr_path(report->trace));
		report->exit_status = CLI_TROUBLE;
	} else if (!status) {
		choose(report, &s);
		if (report->format == CLI_FORMAT_TEXT)
			add_file(report, &s);
		else
			put_rows(report, &s);
	}
	free_candidates(&s);
	return status;
}
