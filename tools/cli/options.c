/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * options.c - parses a command line by its table.
 */
#include "cli/options.h"
#include "cli/buffer.h"
#include "cli/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int asked_help, asked_version, asked_generate = CLI_UNSET;
static int colour_when = CLI_AUTO;

const struct cli_option cli_common_options[] = {
	{CLI_HEADING, .name = "Common"},
	{CLI_CHOICE, .name = "color", .argument = "WHEN", .choices = "auto|always|never", .value = &colour_when,
	 .help = "colour on terminals (auto, unless NO_COLOR is set), always or never"},
	{CLI_FLAG, .name = "help", .letter = 'h', .value = &asked_help, .help = "print this help"},
	{CLI_FLAG, .name = "version", .value = &asked_version, .help = "print the version"},
	{CLI_CHOICE, .name = "generate", .argument = "WHAT", .choices = "man|bash", .value = &asked_generate,
	 .help = NULL}, /* for the build, not for users: no help, so it is not listed */
	{0},
};

int cli_wrong_usage(const char *format, ...)
{
	va_list arguments;
	fprintf(stderr, "%s: ", cli_name());
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nTry '%s --help'.\n", cli_name());
	return CLI_USAGE;
}

static size_t distance(const char *a, const char *b)
{
	size_t an = strlen(a), bn = strlen(b), row[64];
	if (bn >= 64)
		return SIZE_MAX;
	for (size_t j = 0; j <= bn; j++)
		row[j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[bn];
}

const char *cli_nearest(const char *word, const char *const *words, size_t count)
{
	/* A third of the letters may be wrong; of a short word one. */
	size_t best = strlen(word) / 3 + 1;
	const char *nearest = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, words[i]);
		if (strlen(word) >= 3 && !strncmp(word, words[i], strlen(word)))
			d = 1; /* begun and not ended */
		if (d < best || (d == best && !nearest)) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

static const struct cli_option *find(const struct cli_program *program, const char *name, size_t bytes, char letter)
{
	const struct cli_option *lists[2] = {program->options, cli_common_options};
	for (int l = 0; l < 2; l++)
		for (const struct cli_option *o = lists[l]; o->kind; o++) {
			if (o->kind == CLI_HEADING)
				continue;
			if (name ? strlen(o->name) == bytes && !strncmp(o->name, name, bytes) : o->letter == letter)
				return o;
		}
	return NULL;
}

static int takes_argument(const struct cli_option *o)
{
	return o->kind >= CLI_CHOICE;
}

static int unknown_option(const struct cli_program *program, const char *name, size_t bytes)
{
	const struct cli_option *lists[2] = {program->options, cli_common_options};
	const char *words[128];
	size_t count = 0;
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)(bytes < 63 ? bytes : 63), name);
	for (int l = 0; l < 2; l++)
		for (const struct cli_option *o = lists[l]; o->kind && count < 128; o++)
			if (o->kind != CLI_HEADING && o->help)
				words[count++] = o->name;
	const char *nearest = cli_nearest(word, words, count);
	if (nearest)
		return cli_wrong_usage("there is no option --%s; did you mean --%s?", word, nearest);
	return cli_wrong_usage("there is no option --%s", word);
}

static int set_choice(const struct cli_option *o, const char *shown, const char *value)
{
	const char *p = o->choices;
	struct cli_buffer list = {0};
	for (int at = 0; *p; at++) {
		size_t n = strcspn(p, "|");
		if (strlen(value) == n && !strncmp(p, value, n)) {
			*(int *)o->value = at;
			cli_buffer_fini(&list);
			return CLI_GO;
		}
		cli_add_text(&list, !at ? "" : p[n] ? ", " : " or ");
		cli_add(&list, p, n);
		p += n + (p[n] == '|');
	}
	int status = cli_wrong_usage("%s takes %s, not '%s'", shown, cli_text_of(&list), value);
	cli_buffer_fini(&list);
	return status;
}

static int set_mode(const struct cli_program *program, const struct cli_option *o)
{
	int *value = o->value;
	if (*value != CLI_UNSET && *value != o->mode)
		for (const struct cli_option *other = program->options; other->kind; other++)
			if (other->kind == CLI_MODE && other->value == o->value && other->mode == *value)
				return cli_wrong_usage("--%s and --%s exclude each other", other->name, o->name);
	*value = o->mode;
	return CLI_GO;
}

static int read_duration(const char *value, int64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ns", 1},  {"us", 1e3},   {"\xC2\xB5s", 1e3}, {"ms", 1e6},
		     {"s", 1e9}, {"min", 60e9}, {"h", 3600e9},       {"d", 86400e9}};
	char *end = NULL;
	double number = (*value >= '0' && *value <= '9') || *value == '.' ? strtod(value, &end) : 0;

	for (size_t i = 0; end && end != value && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name) && number >= 0 && number * units[i].ns < 9e18) {
			*ns = (int64_t)(number * units[i].ns);
			return 1;
		}
	return 0;
}

static int set_span(const struct cli_option *o, const char *shown, const char *value)
{
	const char *dots = strstr(value, "..");
	int64_t *span = o->value, from = 0, to = INT64_MAX;
	const size_t bytes = dots ? (size_t)(dots - value) : 0;
	char first[64];

	snprintf(first, sizeof(first), "%s", value);
	first[bytes < sizeof(first) ? bytes : 0] = 0;
	if (!dots || bytes >= sizeof(first) || (*first && !read_duration(first, &from)) || (dots[2] && !read_duration(dots + 2, &to)))
		return cli_wrong_usage("%s takes two times with their units, such as 2s..5s, 2s.. or ..500ms, not '%s'", shown, value);
	if (from > to)
		return cli_wrong_usage("%s takes the earlier time first, not '%s'", shown, value);
	span[0] = from;
	span[1] = to;
	return CLI_GO;
}

/* shown is the option as the user wrote it. */
static int set_value(const struct cli_program *program, const struct cli_option *o, const char *shown, const char *value)
{
	char *end = NULL;

	switch (o->kind) {
	case CLI_FLAG:
		*(int *)o->value = 1;
		return CLI_GO;
	case CLI_MODE:
		return set_mode(program, o);
	case CLI_CHOICE:
		return set_choice(o, shown, value);
	case CLI_NUMBER:
		errno = 0;
		long long number = *value >= '0' && *value <= '9' ? strtoll(value, &end, 10) : 0;
		if (!end || *end || errno)
			return cli_wrong_usage("%s takes a number, not '%s'", shown, value);
		*(int64_t *)o->value = number;
		return CLI_GO;
	case CLI_PERCENT: {
		double percent = (*value >= '0' && *value <= '9') || *value == '.' ? strtod(value, &end) : 0;
		if (!end || (*end && strcmp(end, "%")) || !(percent >= 0 && percent <= 100))
			return cli_wrong_usage("%s takes a percentage from 0 to 100, not '%s'", shown, value);
		*(double *)o->value = percent;
		return CLI_GO;
	}
	case CLI_DURATION:
		if (!read_duration(value, o->value))
			return cli_wrong_usage("%s takes a time with its unit, such as 500ms, 10s or 5min, not '%s'", shown, value);
		return CLI_GO;
	case CLI_SPAN:
		return set_span(o, shown, value);
	default:
		*(const char **)o->value = value;
		return CLI_GO;
	}
}

static int missing_value(const struct cli_option *o, const char *shown)
{
	return cli_wrong_usage("%s needs a value: %s %s", shown, shown, o->choices ? o->choices : o->argument);
}

static int parse_long(const struct cli_program *program, int argc, char **argv, int *at)
{
	const char *name = argv[*at] + 2, *equals = strchr(name, '=');
	size_t bytes = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o = find(program, name, bytes, 0);
	char shown[80];

	if (!o)
		return unknown_option(program, name, bytes);
	snprintf(shown, sizeof(shown), "--%s", o->name);
	if (!takes_argument(o)) {
		if (equals)
			return cli_wrong_usage("%s takes no value", shown);
		return set_value(program, o, shown, NULL);
	}
	if (equals)
		return set_value(program, o, shown, equals + 1);
	if (*at + 1 >= argc)
		return missing_value(o, shown);
	return set_value(program, o, shown, argv[++*at]);
}

static int parse_letters(const struct cli_program *program, int argc, char **argv, int *at)
{
	for (const char *p = argv[*at] + 1; *p; p++) {
		const struct cli_option *o = find(program, NULL, 0, *p);
		char shown[3] = {'-', *p, 0};
		int status;
		if (!o)
			return cli_wrong_usage("there is no option -%c", *p);
		if (!takes_argument(o)) {
			if ((status = set_value(program, o, shown, NULL)) != CLI_GO)
				return status;
			continue;
		}
		if (p[1])
			return set_value(program, o, shown, p + 1);
		if (*at + 1 >= argc)
			return missing_value(o, shown);
		return set_value(program, o, shown, argv[++*at]);
	}
	return CLI_GO;
}

int cli_parse(const struct cli_program *program, int argc, char **argv, struct cli_operands *operands)
{
	int only_operands = 0, status = CLI_GO;

	*operands = (struct cli_operands){.items = argv};
	for (int i = 1; i < argc && status == CLI_GO; i++) {
		char *argument = argv[i];
		if (only_operands || argument[0] != '-' || !argument[1]) {
			argv[operands->count++] = argument;
			only_operands |= program->command_operands;
		} else if (!strcmp(argument, "--")) {
			only_operands = 1;
		} else {
			status = argument[1] == '-' ? parse_long(program, argc, argv, &i)
						    : parse_letters(program, argc, argv, &i);
		}
	}
	cli_set_colour(colour_when);
	if (status != CLI_GO)
		return status;
	if (asked_generate == 0)
		cli_print_manual(program);
	else if (asked_generate == 1)
		cli_print_bash_completion(program);
	else if (asked_help)
		cli_print_help(program);
	else if (asked_version) {
		cli_out_text(program->name);
		cli_out_text(program->version ? " " : "");
		cli_out_text(program->version ? program->version : "");
		cli_out_text("\n");
	} else {
		return CLI_GO;
	}
	return CLI_DONE;
}
