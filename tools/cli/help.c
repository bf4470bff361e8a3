/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * help.c - --help from the option table.
 */
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/text.h"

#include <string.h>

enum { HELP_COLUMN = 26 };

static void heading(struct cli_buffer *out, const char *title)
{
	cli_add_text(out, "\n");
	cli_add_text(out, cli_style_on(CLI_BOLD));
	cli_add_text(out, title);
	cli_add_text(out, cli_style_off(CLI_BOLD));
	cli_add_text(out, "\n");
}

/* What is on the left, what it does on the right; on the next line where left is too wide. */
static void entry(struct cli_buffer *out, const char *left, const char *text, size_t column, size_t width)
{
	size_t used = 2 + cli_width(left);
	cli_add_text(out, "  ");
	cli_add_text(out, left);
	if (used + 2 > column) {
		cli_add_text(out, "\n");
		used = 0;
	}
	cli_add_repeated(out, " ", column - used);
	cli_add_wrapped(out, text, width, column);
	cli_add_text(out, "\n");
}

static void option_entry(struct cli_buffer *out, const struct cli_option *o, size_t width)
{
	struct cli_buffer left = {0};
	if (o->letter)
		cli_add_format(&left, "-%c, ", o->letter);
	cli_add_format(&left, "--%s", o->name);
	if (o->choices)
		cli_add_format(&left, " %s", strlen(o->choices) <= 18 ? o->choices : o->argument);
	else if (o->argument)
		cli_add_format(&left, " %s", o->argument);
	entry(out, cli_text_of(&left), o->help, HELP_COLUMN, width);
	cli_buffer_fini(&left);
}

static void notes(struct cli_buffer *out, const char *title, const struct cli_note *list, size_t width)
{
	size_t widest = 0;
	if (!list)
		return;
	heading(out, title);
	for (const struct cli_note *n = list; n->what; n++)
		if (cli_width(n->what) > widest)
			widest = cli_width(n->what);
	for (const struct cli_note *n = list; n->what; n++)
		entry(out, n->what, n->text, (widest > 36 ? 36 : widest) + 4, width);
}

void cli_print_help(const struct cli_program *program)
{
	const struct cli_option *lists[2] = {program->options, cli_common_options};
	size_t width = cli_screen()->width;
	struct cli_buffer out = {0};

	if (!width || width > 100)
		width = width ? 100 : 80;
	cli_add_format(&out, "%s%s%s - %s\n", cli_style_on(CLI_BOLD), program->name, cli_style_off(CLI_BOLD), program->summary);
	heading(&out, "Usage");
	for (const char *const *u = program->usage; *u; u++)
		cli_add_format(&out, "  %s %s\n", program->name, *u);
	cli_add_text(&out, "\n");
	cli_add_wrapped(&out, program->description, width, 0);
	cli_add_text(&out, "\n");
	for (int l = 0; l < 2; l++)
		for (const struct cli_option *o = lists[l]; o->kind; o++) {
			if (o->kind == CLI_HEADING)
				heading(&out, o->name);
			else if (o->help)
				option_entry(&out, o, width);
		}
	notes(&out, "Examples", program->examples, width);
	notes(&out, "Environment", program->environment, width);
	notes(&out, "Exit status", program->exits, width);
	cli_out(out.data, out.bytes);
	cli_buffer_fini(&out);
}
