/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * manual.c - the man page (docs/man/NAME.1) and the bash completion from the option table.
 */
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

/* Text for troff: hyphens that people copy, backslashes, and dots and quotes that would begin a
 * request. */
static void troff(struct cli_buffer *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		int begins = !out->bytes || out->data[out->bytes - 1] == '\n';
		if (begins && (*p == '.' || *p == '\''))
			cli_add_text(out, "\\&");
		if (*p == '-')
			cli_add_text(out, "\\-");
		else if (*p == '\\')
			cli_add_text(out, "\\e");
		else if (*p == '\n')
			cli_add_text(out, "\n.PP\n");
		else
			cli_add(out, p, 1);
	}
}

static void tagged(struct cli_buffer *out, const char *tag, const char *text)
{
	cli_add_text(out, ".TP\n.B ");
	troff(out, tag);
	cli_add_text(out, "\n");
	troff(out, text);
	cli_add_text(out, "\n");
}

static void notes(struct cli_buffer *out, const char *title, const struct cli_note *list)
{
	if (!list)
		return;
	cli_add_format(out, ".SH %s\n", title);
	for (; list->what; list++)
		tagged(out, list->what, list->text);
}

void cli_print_manual(const struct cli_program *program)
{
	const struct cli_option *lists[2] = {program->options, cli_common_options};
	struct cli_buffer out = {0};

	cli_add_text(&out, ".\\\" SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
			   ".\\\" Made from the program's option table by --generate man.\n.TH ");
	for (const char *p = program->name; *p; p++) {
		char upper = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
		cli_add(&out, &upper, 1);
	}
	cli_add_text(&out, " 1 \"\" \"instr\" \"instr manual\"\n.SH NAME\n");
	troff(&out, program->name);
	cli_add_text(&out, " \\- ");
	troff(&out, program->summary);
	cli_add_text(&out, "\n.SH SYNOPSIS\n");
	for (const char *const *u = program->usage; *u; u++) {
		cli_add_text(&out, u == program->usage ? ".B " : ".br\n.B ");
		troff(&out, program->name);
		cli_add_text(&out, "\n");
		troff(&out, *u);
		cli_add_text(&out, "\n");
	}
	cli_add_text(&out, ".SH DESCRIPTION\n");
	troff(&out, program->description);
	cli_add_text(&out, "\n.SH OPTIONS\n");
	for (int l = 0; l < 2; l++)
		for (const struct cli_option *o = lists[l]; o->kind; o++) {
			if (o->kind == CLI_HEADING) {
				cli_add_text(&out, ".SS ");
				troff(&out, o->name);
				cli_add_text(&out, "\n");
				continue;
			}
			if (!o->help)
				continue;
			cli_add_text(&out, ".TP\n");
			if (o->letter)
				cli_add_format(&out, "\\fB\\-%c\\fR, ", o->letter);
			cli_add_text(&out, "\\fB\\-\\-");
			troff(&out, o->name);
			cli_add_text(&out, "\\fR");
			if (o->argument) {
				cli_add_text(&out, " \\fI");
				troff(&out, o->choices ? o->choices : o->argument);
				cli_add_text(&out, "\\fR");
			}
			cli_add_text(&out, "\n");
			troff(&out, o->help);
			cli_add_text(&out, "\n");
		}
	notes(&out, "EXAMPLES", program->examples);
	notes(&out, "ENVIRONMENT", program->environment);
	notes(&out, "EXIT STATUS", program->exits);
	if (program->see_also) {
		cli_add_text(&out, ".SH SEE ALSO\n");
		troff(&out, program->see_also);
		cli_add_text(&out, "\n");
	}
	cli_out(out.data, out.bytes);
	cli_buffer_fini(&out);
}

static void word_list(struct cli_buffer *out, const char *choices)
{
	for (const char *p = choices; *p; p++)
		cli_add(out, *p == '|' ? " " : p, 1);
}

void cli_print_bash_completion(const struct cli_program *program)
{
	const struct cli_option *lists[2] = {program->options, cli_common_options};
	struct cli_buffer out = {0}, function = {0};

	for (const char *p = program->name; *p; p++)
		cli_add(&function, *p == '-' ? "_" : p, 1);
	cli_add_format(&out, "# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
			     "# Completion of %s for bash, made from the program's option table.\n\n"
			     "_%s()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
			     "\tCOMPREPLY=()\n\t[[ $word == = ]] && word=\n"
			     "\t[[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}\n",
		       program->name, cli_text_of(&function));
	if (program->command_operands) {
		/* Behind the first operand the command's own completion goes on. */
		cli_add_text(&out, "\tlocal i skip=\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
				   "\t\tif [[ $skip ]]; then skip=; continue; fi\n"
				   "\t\tcase ${COMP_WORDS[i]} in\n\t\t--) ((i++)); break ;;\n");
		for (int l = 0; l < 2; l++)
			for (const struct cli_option *o = lists[l]; o->kind; o++)
				if (o->kind >= CLI_CHOICE && o->help) {
					if (o->letter)
						cli_add_format(&out, "\t\t-%c | --%s) skip=1 ;;\n", o->letter, o->name);
					else
						cli_add_format(&out, "\t\t--%s) skip=1 ;;\n", o->name);
				}
		cli_add_text(&out, "\t\t-* | =*) ;;\n\t\t*) break ;;\n\t\tesac\n\tdone\n"
				   "\tif ((i < COMP_CWORD)) && declare -F _command_offset >/dev/null; then\n"
				   "\t\t_command_offset $i\n\t\treturn\n\tfi\n");
	}
	cli_add_text(&out, "\tcase $before in\n");
	for (int l = 0; l < 2; l++)
		for (const struct cli_option *o = lists[l]; o->kind; o++) {
			if (o->kind < CLI_CHOICE || !o->help)
				continue;
			if (o->letter)
				cli_add_format(&out, "\t-%c | --%s)\n", o->letter, o->name);
			else
				cli_add_format(&out, "\t--%s)\n", o->name);
			if (o->choices) {
				cli_add_text(&out, "\t\tCOMPREPLY=($(compgen -W '");
				word_list(&out, o->choices);
				cli_add_text(&out, "' -- \"$word\"))\n");
			} else if (o->kind == CLI_FILE) {
				cli_add_text(&out, "\t\tcompopt -o filenames\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n");
			}
			cli_add_text(&out, "\t\treturn ;;\n");
		}
	cli_add_text(&out, "\tesac\n\tif [[ $word == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	for (int l = 0; l < 2; l++)
		for (const struct cli_option *o = lists[l]; o->kind; o++)
			if (o->kind != CLI_HEADING && o->help)
				cli_add_format(&out, "--%s ", o->name);
	out.data[--out.bytes] = 0;
	cli_add_text(&out, "' -- \"$word\"))\n\t\treturn\n\tfi\n");
	if (program->operand_files)
		cli_add_text(&out, "\tcompopt -o filenames\n\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n");
	if (program->command_operands)
		cli_add_text(&out, "\tmapfile -t COMPREPLY < <(compgen -c -- \"$word\")\n");
	cli_add_format(&out, "}\ncomplete -F _%s %s\n", cli_text_of(&function), program->name);
	cli_out(out.data, out.bytes);
	cli_buffer_fini(&out);
	cli_buffer_fini(&function);
}
