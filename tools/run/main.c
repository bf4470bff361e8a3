/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * main.c - instr-run: runs a command with recording settings. Its options are the runtime's settings
 * (include/instr/options.def): each becomes "key=value" in INSTR_OPTIONS, behind what is there.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/buffer.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "instr/hooks.h"
#include "instr/options.h"
#include "instr/schema.h"
#include "instr/version.h"
#include "run/start.h"

enum { LIST_END = 3 }; /* a heading before, one option added, the end */

static const char *values[INSTR_OPTION_COUNT_ALL];
static int print_only;
static char names[INSTR_OPTION_COUNT_ALL][16];
static struct cli_option options[INSTR_OPTION_COUNT_ALL + LIST_END];

static const char *const usage[] = {"[OPTIONS] [--] COMMAND [ARGUMENT...]", NULL};

static const struct cli_note examples[] = {
	{"instr-run ./server --port 80", "records into trace.db in this folder"},
	{"instr-run --out build.db make -j8", "all instrumented programs that make starts, in one trace"},
	{"instr-run --events off ./server", "totals only: a small file however long it runs"},
	{"instr-run --record off ./server", "the hooks do nothing, no file is written"},
	{0},
};

static const struct cli_note environment[] = {
	{"INSTR_OPTIONS", "settings; those given as options here win"},
	{0},
};

static const struct cli_note exits[] = {
	{"2", "wrong usage"},
	{"126", "the command cannot be executed"},
	{"127", "there is no such command"},
	{"other", "that of the command"},
	{0},
};

static struct cli_program program = {
	.name = "instr-run",
	.summary = "run a command and record it",
	.usage = usage,
	.description = "Runs a command, which may be any program: it and every program that it starts record into one trace, "
		       "as far as they are instrumented.\n"
		       "Options are the settings of the runtime, written with dashes: --ring-bytes 16m is ring_bytes=16m in "
		       "INSTR_OPTIONS.",
	.options = options,
	.examples = examples,
	.environment = environment,
	.exits = exits,
	.see_also = "instr-report(1), instr-clang(1)",
	.command_operands = 1,
};

static const char *argument_name(int kind)
{
	switch (kind) {
	case INSTR_OPTION_BYTES:
		return "BYTES";
	case INSTR_OPTION_COUNT:
		return "N";
	default:
		return "WORD";
	}
}

/* The table of settings as a table of options. */
static void make_options(void)
{
	struct cli_option *next = options;

	*next++ = (struct cli_option){CLI_HEADING, .name = "Settings"};
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++) {
		const struct instr_option *o = &instr_options[i];
		if (!(o->side & INSTR_SIDE_RUNTIME) || i == INSTR_OPT_help)
			continue;
		for (size_t c = 0; o->key[c]; c++)
			names[i][c] = o->key[c] == '_' ? '-' : o->key[c];
		*next++ = (struct cli_option){
			i == INSTR_OPT_out ? CLI_FILE : CLI_TEXT,
			.name = names[i],
			.letter = i == INSTR_OPT_out ? 'o' : 0,
			.argument = i == INSTR_OPT_out ? "FILE" : argument_name(o->kind),
			.choices = o->kind == INSTR_OPTION_FLAG ? "on|off" : o->kind == INSTR_OPTION_CHOICE ? o->fallback : NULL,
			.value = &values[i],
			.help = o->help,
		};
	}
	*next = (struct cli_option){CLI_FLAG, .name = "print", .value = &print_only,
				    .help = "print INSTR_OPTIONS as the command would get it, and run nothing"};
}

static int check_value(int id, const char *value)
{
	const struct instr_option *o = &instr_options[id];
	size_t bytes = strlen(value);
	uint64_t number;
	int word;

	switch (o->kind) {
	case INSTR_OPTION_FLAG:
		if (instr_parse_flag(value, bytes, &word))
			return cli_wrong_usage("--%s takes on or off, not '%s'", names[id], value);
		break;
	case INSTR_OPTION_CHOICE:
		if (instr_parse_choice(value, bytes, o->fallback, &word))
			return cli_wrong_usage("--%s takes one of %s, not '%s'", names[id], o->fallback, value);
		break;
	case INSTR_OPTION_BYTES:
		if (instr_parse_number(value, bytes, 1, &number))
			return cli_wrong_usage("--%s takes a number of bytes such as 64k, 8m or 1g, not '%s'", names[id], value);
		break;
	case INSTR_OPTION_COUNT:
		if (instr_parse_number(value, bytes, 0, &number))
			return cli_wrong_usage("--%s takes a number, not '%s'", names[id], value);
		break;
	default:
		if (strpbrk(value, "'\n"))
			return cli_wrong_usage("--%s: a value cannot hold a single quote or a line break", names[id]);
	}
	return CLI_GO;
}

/* The trace is to lie where the user is, not where the first instrumented program happens to start. */
static void add_path(struct cli_buffer *out, const char *path)
{
	char folder[PATH_MAX];
	if (path[0] != '/' && getcwd(folder, sizeof(folder)) && !strpbrk(folder, "'\n"))
		cli_add_format(out, "%s%s", folder, strcmp(folder, "/") ? "/" : "");
	cli_add_text(out, path);
}

static void add_setting(struct cli_buffer *out, int id, const char *value)
{
	const struct instr_option *o = &instr_options[id];

	cli_add_format(out, "%s%s=", out->bytes ? ":" : "", o->key);
	if (o->kind == INSTR_OPTION_TEXT || o->kind == INSTR_OPTION_LIST) {
		cli_add_text(out, "'");
		if (id == INSTR_OPT_out)
			add_path(out, value);
		else
			cli_add_text(out, value);
		cli_add_text(out, "'");
	} else {
		cli_add_text(out, value);
	}
}

int main(int argc, char **argv)
{
	struct cli_buffer settings = {0};
	struct cli_operands operands;
	const char *inherited = getenv("INSTR_OPTIONS");
	char version[120];
	int status, changed = 0;

	cli_start("instr-run");
	make_options();
	snprintf(version, sizeof(version), "%s (schema %d, contract %d)", INSTR_VERSION, INSTR_SCHEMA_VERSION, INSTR_ABI);
	program.version = version;
	if ((status = cli_parse(&program, argc, argv, &operands)) != CLI_GO)
		return cli_finish(status);
	if (inherited)
		cli_add_text(&settings, inherited);
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++) {
		if (!values[i])
			continue;
		if ((status = check_value(i, values[i])) != CLI_GO)
			return cli_finish(status);
		add_setting(&settings, i, values[i]);
		changed = 1;
	}
	if (print_only) {
		cli_out_text(cli_text_of(&settings));
		cli_out_text("\n");
		cli_buffer_fini(&settings);
		return cli_finish(CLI_DONE);
	}
	if (!operands.count)
		return cli_finish(cli_wrong_usage("which command is to be run?"));
	operands.items[operands.count] = NULL;
	cli_give_back_descriptors();
	status = start_run(&(struct run_plan){operands.items, changed ? cli_text_of(&settings) : NULL});
	cli_buffer_fini(&settings);
	return cli_finish(status);
}
