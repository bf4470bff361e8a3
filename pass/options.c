/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * options.c - the pass's settings. Three doors, one grammar (instr/options.h), later ones win:
 *
 *     INSTR_CONFIG=FILE          a file of settings
 *     INSTR_OPTIONS=...          the environment
 *     -mllvm -instr=...          the command line; what compiler caches see
 *
 * Keys that only the traced program reads are checked for spelling and otherwise left alone, so one
 * file serves both. Anything else that is wrong stops the compilation with a sentence.
 */
#define _GNU_SOURCE
#include "pass.h"

#include "instr/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void settings_init(struct pass_settings *settings)
{
	memset(settings, 0, sizeof *settings);
	settings->unwind = 1;
	settings->block = 1;
	settings->thread = 1;
	settings->lock = 1;
}

void settings_fini(struct pass_settings *settings)
{
	struct pass_globs *both[] = {&settings->allow, &settings->deny};

	for (size_t i = 0; i < settings->declaration_count; i++)
		declaration_fini(&settings->declarations[i]);
	free(settings->declarations);

	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < both[i]->count; j++)
			free(both[i]->pattern[j]);
		free(both[i]->pattern);
	}
}

static void __attribute__((format(printf, 2, 3))) set_error(struct pass_settings *settings,
							    const char *format, ...)
{
	va_list arguments;

	if (settings->error[0])
		return;
	va_start(arguments, format);
	vsnprintf(settings->error, sizeof settings->error, format, arguments);
	va_end(arguments);
}

/* The same pattern from two doors counts once. */
static void add_glob(struct pass_globs *globs, const char *text, size_t bytes)
{
	for (size_t i = 0; i < globs->count; i++)
		if (strlen(globs->pattern[i]) == bytes && !memcmp(globs->pattern[i], text, bytes))
			return;
	globs->pattern = realloc(globs->pattern, (globs->count + 1) * sizeof *globs->pattern);
	if (!globs->pattern || !(globs->pattern[globs->count] = strndup(text, bytes)))
		abort();
	globs->count++;
}

/* What a setting declares: enum declared_kind; -1: nothing. */
static int declared_by(int id)
{
	for (int kind = 0; kind < DECLARED_KINDS; kind++)
		if (!strcmp(instr_options[id].key, declaration_key((enum declared_kind)kind)))
			return kind;
	return -1;
}

static int add_declaration(struct pass_settings *settings, enum declared_kind kind, const char *text, size_t bytes)
{
	struct pass_declaration added;

	if (!declaration_parse(&added, kind, text, bytes))
		return -1;
	settings->declarations = realloc(settings->declarations,
					 (settings->declaration_count + 1) * sizeof *settings->declarations);
	if (!settings->declarations)
		abort();
	settings->declarations[settings->declaration_count++] = added;
	return 0;
}

static int *flag_of(struct pass_settings *settings, enum instr_option_id id)
{
	switch (id) {
	case INSTR_OPT_help:
		return &settings->help;
	case INSTR_OPT_verbose:
		return &settings->verbose;
	case INSTR_OPT_unwind:
		return &settings->unwind;
	case INSTR_OPT_heap:
		return &settings->heap;
	case INSTR_OPT_block:
		return &settings->block;
	case INSTR_OPT_lock:
		return &settings->lock;
	case INSTR_OPT_thread:
		return &settings->thread;
	case INSTR_OPT_tail:
		return &settings->tail_keep;
	case INSTR_OPT_lto:
		return &settings->lto_post;
	default:
		return NULL;
	}
}

static void apply(struct pass_settings *settings, const char *origin, const struct instr_setting *found)
{
	int id = instr_find_option(found->key, found->key_bytes);

	if (id < 0) {
		set_error(settings, "%s: unknown setting '%.*s'; did you mean '%s'?", origin,
			  (int)found->key_bytes, found->key,
			  instr_options[instr_nearest_option(found->key, found->key_bytes)].key);
		return;
	}
	const struct instr_option *option = &instr_options[id];
	if (!(option->side & INSTR_SIDE_PASS))
		return;
	if (!found->value_bytes) {
		if (declared_by(id) >= 0)
			set_error(settings, "%s: setting '%s' needs a value: %s", origin, option->key,
				  declaration_wanted((enum declared_kind)declared_by(id)));
		else
			set_error(settings, "%s: setting '%s' needs a value, as in %s=%s", origin, option->key,
				  option->key, option->kind == INSTR_OPTION_LIST ? "'name*'" : option->fallback);
		return;
	}

	const char *wanted;
	int bad;
	switch (option->kind) {
	case INSTR_OPTION_LIST:
		if (declared_by(id) >= 0) {
			enum declared_kind kind = (enum declared_kind)declared_by(id);
			bad = add_declaration(settings, kind, found->value, found->value_bytes);
			wanted = declaration_wanted(kind);
			break;
		}
		add_glob(id == INSTR_OPT_allow ? &settings->allow : &settings->deny, found->value,
			 found->value_bytes);
		return;
	case INSTR_OPTION_FLAG:
		bad = instr_parse_flag(found->value, found->value_bytes, flag_of(settings, id));
		wanted = "on or off";
		break;
	default:
		bad = instr_parse_choice(found->value, found->value_bytes, option->fallback,
					 flag_of(settings, id));
		wanted = option->fallback;
	}
	if (bad)
		set_error(settings, "%s: setting '%s' cannot be '%.*s'; it takes %s", origin, option->key,
			  (int)found->value_bytes, found->value, wanted);
}

void settings_parse(struct pass_settings *settings, const char *origin, const char *text, size_t bytes)
{
	struct instr_setting found;

	while (instr_next_setting(&text, &bytes, &found))
		apply(settings, origin, &found);
}

static void read_config(struct pass_settings *settings, const char *path)
{
	char *text = NULL;
	size_t bytes;
	FILE *file = fopen(path, "re");

	if (!file) {
		set_error(settings, "INSTR_CONFIG: cannot read %s: %s", path, strerror(errno));
		return;
	}
	text = malloc(INSTR_SETTINGS_FILE_MAX);
	bytes = text ? fread(text, 1, INSTR_SETTINGS_FILE_MAX, file) : 0;
	if (ferror(file))
		set_error(settings, "INSTR_CONFIG: cannot read %s: %s", path, strerror(errno));
	else if (bytes == INSTR_SETTINGS_FILE_MAX)
		set_error(settings, "INSTR_CONFIG: %s is larger than a settings file can be (1 MiB)", path);
	else
		settings_parse(settings, path, text, bytes);
	free(text);
	fclose(file);
}

void settings_load(struct pass_settings *settings)
{
	const char *text;

	if ((text = getenv("INSTR_CONFIG")) && *text)
		read_config(settings, text);
	if ((text = getenv("INSTR_OPTIONS")))
		settings_parse(settings, "INSTR_OPTIONS", text, strlen(text));
	for (unsigned i = 0; (text = shim_command_line(i)); i++)
		settings_parse(settings, "-instr", text, strlen(text));
}

char *settings_line(const struct pass_settings *settings)
{
	const struct pass_globs *globs[] = {&settings->allow, &settings->deny};
	const char *keys[] = {"allow", "deny"};
	char *line = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&line, &bytes);

	if (!out)
		abort();
	static const char *const heaps[] = {"on", "all", "wrap", "off"}; /* enum pass_heap */
	fprintf(out, "unwind=%s:heap=%s:block=%s:lock=%s:thread=%s:tail=%s:lto=%s", settings->unwind ? "on" : "off",
		heaps[settings->heap], settings->block ? "on" : "off", settings->lock ? "on" : "off", settings->thread ? "on" : "off",
		settings->tail_keep ? "keep" : "call", settings->lto_post ? "post" : "pre");
	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j < globs[i]->count; j++) {
			const char *pattern = globs[i]->pattern[j];
			const char *quote = instr_value_needs_quotes(pattern, strlen(pattern)) ? "'" : "";
			fprintf(out, ":%s=%s%s%s", keys[i], quote, pattern, quote);
		}
	for (size_t i = 0; i < settings->declaration_count; i++) {
		const struct pass_declaration *d = &settings->declarations[i];
		const char *quote = instr_value_needs_quotes(d->text, strlen(d->text)) ? "'" : "";
		fprintf(out, ":%s=%s%s%s", declaration_key(d->kind), quote, d->text, quote);
	}
	fclose(out);
	return line;
}

void settings_print(const struct pass_settings *settings)
{
	char *line = settings_line(settings);

	fprintf(stderr, "instr: settings of the compiler plugin (now %s)\n", line);
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++)
		if (instr_options[i].side & INSTR_SIDE_PASS)
			fprintf(stderr, "  %-10s %-10s %s\n", instr_options[i].key,
				instr_options[i].fallback, instr_options[i].help);
	free(line);
}
