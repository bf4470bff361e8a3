/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * gate.c - does a trace keep to rules (--gate)? Each rule is asked of each function that it names. Says nothing but what breaks one, and
 * how many hold.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/text.h"
#include "cli/units.h"
#include "report/figures.h"
#include "report/rules.h"

enum { MOST_FILE_BYTES = 1 << 20 };
enum { FIGURES_WIDTH = 40, LEAST_NAME = 24 }; /* in columns of the screen */

static struct rules rules;
static const char *source; /* the file, or "--gate" */

struct gate {
	struct report *report;
	struct figures *figures;
	struct cli_rows rows;
	struct tested *tested; /* by function; NULL: not asked yet */
	int64_t checked; /* values */
};

/* ---- the rules ------------------------------------------------------------------------------------------ */

/* *is_file: it can be opened. NULL, too, for one that cannot be read as rules. */
static char *read_file(const char *path, int *is_file)
{
	FILE *file = fopen(path, "re");
	char *text;

	*is_file = file != NULL;
	if (!file)
		return NULL;
	text = cli_realloc(NULL, MOST_FILE_BYTES + 1, 1);
	size_t bytes = fread(text, 1, MOST_FILE_BYTES + 1, file);
	if (ferror(file) || bytes > MOST_FILE_BYTES || memchr(text, 0, bytes)) {
		free(text);
		text = NULL;
	} else {
		text[bytes] = 0;
	}
	fclose(file);
	return text;
}

/* Rules have blanks in them, and so do few names of files: what can be opened is a file. */
int report_read_rules(const char *argument, int compared)
{
	struct cli_buffer error = {0};
	int line, column, is_file, status = CLI_GO;
	char *text = read_file(argument, &is_file);

	source = text ? argument : "--gate";
	if (!*argument)
		return cli_wrong_usage("--gate takes rules, or a file of them");
	if (is_file && !text)
		return cli_wrong_usage("%s is no file of rules: it cannot be read as text, or is larger than 1 MiB", argument);
	if (!text && !strpbrk(argument, " \t\n"))
		return cli_wrong_usage("%s: there is no such file of rules, nor is it a rule", argument);
	if (rules_read(&rules, text ? text : argument, &error, &line, &column)) {
		cli_error("%s:%d:%d: %s", source, line, column, cli_text_of(&error));
		status = CLI_USAGE;
	}
	for (size_t i = 0; i < rules.count && status == CLI_GO && !compared; i++) {
		const struct rule *r = &rules.items[i];
		if (r->limit != LIMIT_PERCENT && r->limit != LIMIT_PLUS && r->what != RULE_SLOWDOWN)
			continue;
		cli_error("%s:%d: '%s' compares with an older trace: --diff OLD", source, r->line, r->text);
		status = CLI_USAGE;
	}
	cli_buffer_fini(&error);
	free(text);
	return status;
}

/* ---- what a function has -------------------------------------------------------------------------------- */

/* 0: it has no such value, for none of its calls has ended. */
static int value_of(struct gate *g, const struct rule *r, size_t function, enum side side, int64_t *value)
{
	struct sums s;

	if (r->under) {
		*value = figures_below(g->figures, function, side, (enum extra)(r->what - RULE_EXTRA));
		return 1;
	}
	if (r->what == RULE_QUANTILE) {
		*value = figures_quantile(g->figures, 0, function, side, r->per_mille);
		return *value >= 0;
	}
	if (r->what == RULE_MIN || r->what == RULE_MAX) {
		struct durations d;
		figures_durations(g->figures, 0, function, side, &d);
		*value = r->what == RULE_MIN ? d.min_ns : d.max_ns;
		return d.calls > 0;
	}
	figures_sum(g->figures, 0, function, side, &s);
	const int64_t values[] = {s.calls, s.self_ns, s.total_ns, s.calls > 0 ? s.total_ns / s.calls : 0, 0, 0, 0, 0,
				  s.allocs, s.bytes, s.acquisitions, s.lock_waits, s.lock_ns, s.waits, s.wait_ns};
	*value = values[r->what];
	return r->what == RULE_MEAN ? s.calls > 0 : 1;
}

/* ---- what breaks a rule --------------------------------------------------------------------------------- */

static char *with_unit(char *out, const struct rule *r, int64_t value)
{
	return r->unit == UNIT_NS ? cli_duration(out, value) : r->unit == UNIT_BYTES ? cli_bytes(out, value) : cli_count(out, value);
}

/* At most, or at least, so much. */
static long double bound_of(const struct rule *r, int64_t old)
{
	return r->limit == LIMIT_PERCENT ? (long double)old + (long double)old * r->value / 100 : r->limit == LIMIT_PLUS ? (long double)old + r->value : r->value;
}

static int is_kept(const struct rule *r, int64_t value, int64_t old)
{
	const long double bound = bound_of(r, old);

	switch (r->limit) {
	case LIMIT_LESS:
		return value < bound;
	case LIMIT_EQUAL:
		return value == bound;
	case LIMIT_AT_LEAST:
		return value >= bound;
	case LIMIT_MORE:
		return value > bound;
	default:
		return value <= bound;
	}
}

static void tell(struct gate *g, const struct rule *r, size_t function, const int64_t *values, int first)
{
	static const char *const units[] = {"count", "ns", "bytes", "false discovery rate"};
	struct report *report = g->report;
	const int compared = r->limit == LIMIT_PERCENT || r->limit == LIMIT_PLUS;
	char a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES];
	int64_t line;
	const char *file = figures_file(g->figures, function, &line), *name = figures_name(g->figures, function);

	if (report->format != CLI_FORMAT_TEXT) {
		cli_put_string(&g->rows, r->text);
		cli_put_integer(&g->rows, r->line);
		cli_put_string(&g->rows, name);
		cli_put_string(&g->rows, file);
		cli_put_known(&g->rows, line);
		cli_put_string(&g->rows, units[r->unit]);
		if (r->what == RULE_SLOWDOWN)
			cli_put_real(&g->rows, g->tested[function].q);
		else
			cli_put_integer(&g->rows, values[NEW]);
		if (compared)
			cli_put_integer(&g->rows, values[OLD]);
		else
			cli_put_null(&g->rows);
		if (r->what == RULE_SLOWDOWN)
			cli_put_null(&g->rows);
		else
			cli_put_real(&g->rows, (double)bound_of(r, values[OLD]));
		return;
	}
	if (first)
		report_say(report, CLI_BAD, "%s:%d: broken: %s", source, r->line, r->text);
	struct cli_buffer shortened = {0};
	char *cut = cli_cut(name);
	const size_t room = cli_screen()->width > LEAST_NAME + FIGURES_WIDTH ? cli_screen()->width - FIGURES_WIDTH : LEAST_NAME;
	if (cli_screen()->width && cli_width(cut) > room)
		report_shorten_name(&shortened, cut, room);
	else
		cli_add_text(&shortened, cut);
	cli_add_format(&report->out, "    ");
	if (r->what == RULE_SLOWDOWN)
		report_say(report, CLI_PLAIN, "%s: its calls take longer (false discovery rate %.2g)", cli_text_of(&shortened), g->tested[function].q);
	else if (compared)
		report_say(report, CLI_PLAIN, "%s: %s, was %s", cli_text_of(&shortened), with_unit(a, r, values[NEW]), with_unit(b, r, values[OLD]));
	else
		report_say(report, CLI_PLAIN, "%s: %s", cli_text_of(&shortened), with_unit(a, r, values[NEW]));
	free(cut);
	cli_buffer_fini(&shortened);
}

/* Of one function. */
static int check(struct gate *g, const struct rule *r, size_t function, int64_t *values)
{
	int there[SIDES] = {0, 0};

	g->checked++;
	if (r->what == RULE_SLOWDOWN)
		return g->tested[function].verdict != SLOWER;
	for (int side = g->report->old ? OLD : NEW; side < SIDES; side++)
		there[side] = value_of(g, r, function, (enum side)side, &values[side]);
	if (!there[NEW])
		return 1; /* no call has ended: there is nothing to ask for */
	const int of_a_call = r->what == RULE_MEAN || r->what == RULE_MIN || r->what == RULE_MAX || r->what == RULE_QUANTILE;
	if (!there[OLD] && of_a_call && (r->limit == LIMIT_PERCENT || r->limit == LIMIT_PLUS))
		return 1; /* nor to compare with */
	return is_kept(r, values[NEW], values[OLD]);
}

/* 1: there is no such function, and that is said. */
static int say_missing(struct gate *g, const struct rule *r)
{
	int status = CLI_GO;

	if (report_check_function(g->report, r->function, &status))
		return -1;
	if (status == CLI_GO)
		cli_wrong_usage("%s:%d: %s was never called", source, r->line, r->function);
	else
		cli_error("%s:%d: '%s' is about it; with 'if there' at its end it would hold", source, r->line, r->text);
	g->report->exit_status = CLI_USAGE;
	return 1;
}

static int check_rule(struct gate *g, const struct rule *r, int *broken)
{
	const size_t count = figures_rows(g->figures, 0);
	const int compared = r->limit == LIMIT_PERCENT || r->limit == LIMIT_PLUS || r->what == RULE_SLOWDOWN;
	int64_t found = 0, told = 0, breaks = 0;
	int status;

	if (r->what == RULE_SLOWDOWN && !g->tested && (status = figures_test(g->figures, 0, &g->tested)))
		return status;
	for (size_t i = 1; i < count; i++) {
		int64_t values[SIDES] = {0, 0};
		if (!rules_match(r->function, figures_name(g->figures, i)))
			continue;
		if (!figures_is_there(g->figures, i, NEW) && !(compared && figures_is_there(g->figures, i, OLD)))
			continue;
		found++;
		if (check(g, r, i, values))
			continue;
		breaks++;
		if (g->report->limit == NO_LIMIT || told < g->report->limit) {
			tell(g, r, i, values, !told);
			told++;
		}
	}
	if (breaks > told && g->report->format == CLI_FORMAT_TEXT)
		report_say(g->report, CLI_DIM, "    and %" PRId64 " more (--limit 0 shows all)", breaks - told);
	*broken = breaks > 0;
	return found || r->if_there ? 0 : say_missing(g, r);
}

int report_gate(struct report *report)
{
	static const char *const columns[] = {"rule", "rule_line", "function", "file", "line", "unit", "value", "old_value", "limit"};
	struct gate g = {.report = report};
	size_t broken = 0;
	char count[64], values[64];

	if (report->show_sql)
		return figures_show_sql(report);
	int status = figures_read(report, &g.figures);
	if (status)
		return status;
	if (report->format != CLI_FORMAT_TEXT)
		cli_rows_begin(&g.rows, report->format, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < rules.count && !status; i++) {
		int breaks = 0;
		status = check_rule(&g, &rules.items[i], &breaks);
		broken += (size_t)breaks;
	}
	if (!status && report->format == CLI_FORMAT_TEXT && broken)
		report_say(report, CLI_BOLD, "%zu of %s broken", broken, cli_counted(count, sizeof(count), (int64_t)rules.count, "rule is", "rules are"));
	else if (!status && report->format == CLI_FORMAT_TEXT)
		report_say(report, CLI_PLAIN, "%s: %s", cli_counted(count, sizeof(count), (int64_t)rules.count, "rule holds", "rules hold"),
			   cli_counted(values, sizeof(values), g.checked, "value", NULL));
	if (status >= 0 && report->format != CLI_FORMAT_TEXT)
		cli_rows_end(&g.rows);
	if (!status)
		report->exit_status = broken ? CLI_DIFFERENT : CLI_DONE;
	free(g.tested);
	figures_free(g.figures);
	rules_free(&rules);
	return status < 0 ? status : 0;
}
