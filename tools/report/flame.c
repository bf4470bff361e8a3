/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * flame.c - --flame: the profile as one HTML page that needs nothing else.
 *
 * The page is flame/page.html, where a line "@NAME@" stands for another piece: style, program (both embedded when this is
 * built), and the data, as JSON that no HTML parser takes for anything else:
 *
 *     version    1
 *     title      the command line, or the names of the two traces that are compared
 *     notes      [[style, text] ...] what was recorded, what is missing: the lines above every report
 *     inverted   1: shown from functions to their callers first
 *     names files modules lines    of the functions: the name, and indexes into fileNames, moduleNames; line 0: not known
 *     none       indexes of "functions" that are none: everything, processes
 *     parents functions    by node: how far before it its caller is (node 0: 0), index of its function
 *     flags      {i: indexes of nodes, v: their flags} (profile.h)
 *     own        by measure, what nodes have without callees: an array by node, or {i, v} of those that have some
 *     before     the same of an older trace that this one is compared with; or null
 */
#include "report/flame.h"
#include "report/profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/text.h"

static const char *const keys[PROFILE_MEASURES] = {"time", "calls", "bytes", "allocs", "blocked", "idle", "lock"};

/* ---- JSON in HTML --------------------------------------------------------------------------------------- */

/* "<" is written so that neither "</script" nor "<!--" can come about. Controls become visible, as on a terminal. */
static void out_string(const char *text)
{
	struct cli_buffer clean = {0}, json = {0};

	cli_add_clean(&clean, text, strlen(text));
	cli_add_text(&json, "\"");
	for (const char *c = cli_text_of(&clean); *c;) {
		const size_t plain = strcspn(c, "\"\\<>&");
		cli_add(&json, c, plain);
		c += plain;
		if (*c)
			cli_add_format(&json, "\\u%04x", (unsigned char)*c++);
	}
	cli_add_text(&json, "\"");
	cli_out(json.data, json.bytes);
	cli_buffer_fini(&clean);
	cli_buffer_fini(&json);
}

static void out_key(const char *key)
{
	cli_out_text(",\n\"");
	cli_out_text(key);
	cli_out_text("\":");
}

/* Many numbers: printf would take most of the time. */
static void out_number(size_t i, int64_t value)
{
	char text[24], *c = text + sizeof(text);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--c = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--c = '-';
	if (i)
		*--c = ',';
	cli_out(c, (size_t)(text + sizeof(text) - c));
}

/* ---- functions ------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *place_of(const struct profile_function *f, int module)
{
	return module ? f->module : f->file;
}

/* Files, or modules: each name once, and by function which. */
static void write_places(const struct profile *profile, int module)
{
	const size_t count = profile->function_count;
	const char **names = cli_realloc(NULL, count, sizeof(*names));
	size_t unique = 0;

	for (size_t i = 0; i < count; i++)
		names[i] = place_of(&profile->functions[i], module);
	qsort(names, count, sizeof(*names), by_text);
	out_key(module ? "moduleNames" : "fileNames");
	cli_out_text("[");
	for (size_t i = 0; i < count; i++) {
		if (unique && !strcmp(names[unique - 1], names[i]))
			continue;
		names[unique++] = names[i];
		cli_out_text(unique > 1 ? "," : "");
		out_string(names[i]);
	}
	cli_out_text("]");
	out_key(module ? "modules" : "files");
	cli_out_text("[");
	for (size_t i = 0; i < count; i++) {
		const char *name = place_of(&profile->functions[i], module);
		const char **found = bsearch(&name, names, unique, sizeof(*names), by_text);
		out_number(i, (int64_t)(found - names));
	}
	cli_out_text("]");
	free(names);
}

static void write_functions(const struct profile *profile)
{
	size_t some = 0;

	out_key("names");
	cli_out_text("[");
	for (size_t i = 0; i < profile->function_count; i++) {
		cli_out_text(i ? ",\n" : "");
		out_string(profile->functions[i].name);
	}
	cli_out_text("]");
	write_places(profile, 0);
	write_places(profile, 1);
	out_key("lines");
	cli_out_text("[");
	for (size_t i = 0; i < profile->function_count; i++)
		out_number(i, profile->functions[i].line);
	cli_out_text("]");
	out_key("none");
	cli_out_text("[");
	for (size_t i = 0; i < profile->function_count; i++)
		if (profile->functions[i].is_none)
			out_number(some++, (int64_t)i);
	cli_out_text("]");
}

/* ---- nodes ---------------------------------------------------------------------------------------------- */

static void write_sparse(const int64_t *values, const uint8_t *flags, size_t count)
{
	size_t some = 0;

	cli_out_text("{\"i\":[");
	for (size_t i = 0; i < count; i++)
		if (values ? values[i] : flags[i])
			out_number(some++, (int64_t)i);
	some = 0;
	cli_out_text("],\"v\":[");
	for (size_t i = 0; i < count; i++)
		if (values ? values[i] : flags[i])
			out_number(some++, values ? values[i] : flags[i]);
	cli_out_text("]}");
}

static void write_values(const int64_t *values, size_t count)
{
	size_t some = 0;

	for (size_t i = 0; i < count; i++)
		some += values[i] != 0;
	if (some < count / 3) {
		write_sparse(values, NULL, count);
		return;
	}
	cli_out_text("[");
	for (size_t i = 0; i < count; i++)
		out_number(i, values[i]);
	cli_out_text("]");
}

static void write_measures(const char *key, int64_t *const *measures, size_t count)
{
	int some = 0;

	out_key(key);
	cli_out_text("{");
	for (int m = 0; m < PROFILE_MEASURES; m++) {
		if (!measures[m])
			continue;
		cli_out_text(some++ ? ",\n\"" : "\"");
		cli_out_text(keys[m]);
		cli_out_text("\":");
		write_values(measures[m], count);
	}
	cli_out_text("}");
}

static void write_nodes(const struct report *report, const struct profile *profile)
{
	out_key("parents");
	cli_out_text("[");
	for (size_t i = 0; i < profile->count; i++)
		out_number(i, (int64_t)i - profile->parents[i]);
	cli_out_text("]");
	out_key("functions");
	cli_out_text("[");
	for (size_t i = 0; i < profile->count; i++)
		out_number(i, profile->function_of[i]);
	cli_out_text("]");
	out_key("flags");
	write_sparse(NULL, profile->flags, profile->count);
	write_measures("own", profile->own, profile->count);
	if (report->old) {
		write_measures("before", profile->own + PROFILE_BEFORE, profile->count);
	} else {
		out_key("before");
		cli_out_text("null");
	}
}

/* ---- the page ------------------------------------------------------------------------------------------- */

/* A line for each note; its first character is '0' + its style. */
static void write_notes(const struct report *report)
{
	static const char *const styles[] = {"plain", "bold", "dim", "bad", "warn", "hot"};
	const char *line = cli_text_of(report->notes), *end;
	int some = 0;

	if (report->old) {
		struct cli_buffer title = {0};
		cli_add_format(&title, "%s \xE2\x86\x92 %s", tr_path(report->old), tr_path(report->trace));
		out_key("title");
		out_string(cli_text_of(&title));
		cli_buffer_fini(&title);
	} else { /* the first line */
		end = strchr(line, '\n');
		char *title = strndup(end ? line + 1 : "", end ? (size_t)(end - line - 1) : 0);
		out_key("title");
		out_string(title ? title : "");
		free(title);
		line = end ? end + 1 : line;
	}
	out_key("notes");
	cli_out_text("[");
	for (; (end = strchr(line, '\n')); line = end + 1) {
		char *text = strndup(line + 1, (size_t)(end - line - 1));
		const unsigned style = (unsigned)(*line - '0');
		cli_out_text(some++ ? ",\n[\"" : "[\"");
		cli_out_text(style < sizeof(styles) / sizeof(*styles) ? styles[style] : styles[0]);
		cli_out_text("\",");
		out_string(text ? text : "");
		cli_out_text("]");
		free(text);
	}
	cli_out_text("]");
}

static void write_data(const struct report *report, const struct profile *profile)
{
	cli_out_text("{\"version\":1");
	out_key("inverted");
	cli_out_text(report->inverted ? "1" : "0");
	write_notes(report);
	write_functions(profile);
	write_nodes(report, profile);
	cli_out_text("}");
}

/* On stdout. Where there is report->old, colours show what changed. */
static void write_page(const struct report *report, const struct profile *profile)
{
	for (const char *c = flame_page_html, *at; *c; c = at) {
		at = strchr(c, '@');
		at = at ? at : c + strlen(c);
		cli_out(c, (size_t)(at - c));
		if (!strncmp(at, "@STYLE@", 7)) {
			cli_out_text(flame_page_css);
			at += 7;
		} else if (!strncmp(at, "@DATA@", 6)) {
			write_data(report, profile);
			at += 6;
		} else if (!strncmp(at, "@PROGRAM@", 9)) {
			cli_out_text(flame_page_js);
			at += 9;
		} else if (*at) {
			cli_out(at++, 1);
		}
	}
}

int report_flame(struct report *report)
{
	struct profile profile;

	if (report->show_sql)
		return report_rows(report, report->old ? "context_figures" : "flame", NULL);
	cli_buffer_clear(&report->out); /* the header is in the picture */
	int status = report->old ? profile_read_both(report, &profile) : profile_read(report, &profile);
	if (!status && report->least > 0)
		profile_prune(&profile, report->least);
	if (!status)
		write_page(report, &profile);
	profile_fini(&profile);
	return status;
}
