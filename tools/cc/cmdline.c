/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cmdline.c - reads a clang command line the way clang's driver does: which arguments are values of
 * other options, which are inputs, of which language, and where the work ends.
 *
 * An option that clang knows and this file does not is harmless as long as its value is joined to
 * it; one whose value stands apart must be in takes_value, or that value is taken for an input.
 */
#define _GNU_SOURCE
#include "cmdline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESPONSE_DEPTH_MAX = 8 };

enum language { BY_NAME, COMPILED, ASSEMBLER, HEADER };

struct reader {
	struct cmdline *line;
	enum language language; /* the last -x */
	bool ends_early;        /* -E, -M, -fsyntax-only and the like: no code is made */
	bool stops_before_link; /* -c, -S */
	bool is_relocatable;    /* -r */
	bool has_code, has_header, has_input;
	bool value_follows, language_follows, only_inputs;
};

/* Options of clang whose value is the next argument. */
static const char *const takes_value[] = {
	"-o", "-D", "-U", "-I", "-L", "-l", "-F", "-B", "-T", "-u", "-z", "-e", "-h", "-A", "-G", "-b",
	"-include", "-imacros", "-include-pch", "-isystem", "-isystem-after", "-iquote", "-idirafter",
	"-iprefix", "-iwithprefix", "-iwithprefixbefore", "-iwithsysroot", "-isysroot", "-iframework",
	"-iframeworkwithsysroot", "-ivfsoverlay", "-cxx-isystem", "-imultilib", "-stdlib++-isystem",
	"-Xclang", "-Xlinker", "-Xassembler", "-Xpreprocessor", "-Xanalyzer", "-Xopenmp-target",
	"-Xarch_host", "-Xarch_device", "-mllvm", "-mmlir", "-MF", "-MT", "-MQ", "-MJ", "-target",
	"--target", "-gcc-toolchain", "--sysroot", "--param", "-aux-info", "-dumpdir", "-arch", "-working-directory",
	"--config", "-rpath", "-wrapper", "-Ttext", "-Tdata", "-Tbss", "-framework", "-weak_framework",
	"-undefined", "-install_name", "-current_version", "-compatibility_version", "-exported_symbols_list",
	"-filelist", "-serialize-diagnostics", "--serialize-diagnostics", "-fmodule-name", "-meabi",
	"-fdebug-compilation-dir", "-ffile-compilation-dir", "--include", "--output", "--define-macro",
	"--undefine-macro", "--include-directory", "--library-directory", "--for-linker", "--entry",
	"-prefix", "--prefix", "-specs", "--specs",
};

/* Options with which clang makes no code. */
static const char *const end_early[] = {
	"-E", "--preprocess", "-M", "-MM", "--dependencies", "--user-dependencies", "-fsyntax-only",
	"--analyze", "-emit-ast", "--precompile", "-extract-api", "--migrate", "-rewrite-objc",
	"-module-file-info", "-verify-pch", "-emit-pch", "-emit-interface-stubs", "--version", "--help",
	"--help-hidden", "-help", "-dumpversion", "-dumpmachine",
};

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(word, list[i]))
			return true;
	return false;
}
#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof *(list))

static bool starts_with(const char *word, const char *start)
{
	return !strncmp(word, start, strlen(start));
}

static enum language language_of_name(const char *name)
{
	static const char *const compiled[] = {
		"c", "C", "cc", "cp", "cpp", "CPP", "cxx", "CXX", "c++", "C++", "i", "ii", "m", "M", "mi", "mm",
		"mii", "ll", "bc", "cppm", "ccm", "cxxm", "c++m", "iim", "pcm",
	};
	static const char *const assembler[] = {"s", "S", "sx", "asm"};
	static const char *const header[] = {"h", "H", "hh", "hpp", "hp", "hxx", "h++", "tcc"};
	const char *dot = strrchr(name, '.');

	if (!dot)
		return BY_NAME;
	if (IS_ONE_OF(dot + 1, compiled))
		return COMPILED;
	if (IS_ONE_OF(dot + 1, assembler))
		return ASSEMBLER;
	return IS_ONE_OF(dot + 1, header) ? HEADER : BY_NAME;
}

static enum language language_of_option(const char *value)
{
	if (!strcmp(value, "none"))
		return BY_NAME;
	if (starts_with(value, "assembler"))
		return ASSEMBLER;
	return strstr(value, "header") ? HEADER : COMPILED;
}

static void read_input(struct reader *reader, const char *name)
{
	enum language language = reader->language == BY_NAME ? language_of_name(name) : reader->language;

	if (language == HEADER) /* a precompiled header */
		reader->ends_early = reader->has_header = true;
	/* What comes from standard input without -x is C, and is only preprocessed. */
	if (language == COMPILED || (language == BY_NAME && !strcmp(name, "-")))
		reader->has_code = true;
	reader->has_input = true;
}

static void read_option(struct reader *reader, const char *word)
{
	struct cmdline *line = reader->line;

	if (!strcmp(word, "-x") || !strcmp(word, "--language"))
		reader->language_follows = true;
	else if (starts_with(word, "-x") && word[2] != 'a') /* -xavx2 and others of its kind: not ours */
		reader->language = language_of_option(word + 2);
	else if (starts_with(word, "--language="))
		reader->language = language_of_option(word + strlen("--language="));
	else if (IS_ONE_OF(word, end_early) || starts_with(word, "-print-") || starts_with(word, "--print-"))
		reader->ends_early = true;
	else if (!strcmp(word, "-c") || !strcmp(word, "-S") || !strcmp(word, "--compile") ||
		 !strcmp(word, "--assemble"))
		reader->stops_before_link = true;
	else if (!strcmp(word, "-r") || !strcmp(word, "-Wl,-r") || !strcmp(word, "-Wl,--relocatable"))
		reader->is_relocatable = true;
	else if (!strcmp(word, "-shared") || !strcmp(word, "--shared"))
		line->is_shared = true;
	else if (!strcmp(word, "-static") || !strcmp(word, "--static") || !strcmp(word, "-static-pie"))
		line->is_static = true;
	else if (!strcmp(word, "-nostdlib") || !strcmp(word, "-nodefaultlibs") || !strcmp(word, "-nolibc") ||
		 !strcmp(word, "-nostdlib++") || !strcmp(word, "--no-standard-libraries"))
		line->has_libc = false;
	else if (starts_with(word, "-flto"))
		line->uses_lto = true;
	else if (!strcmp(word, "-fno-lto"))
		line->uses_lto = false;
	else if (starts_with(word, "-fuse-ld=") || starts_with(word, "--ld-path="))
		line->uses_lld = strstr(word, "lld") != NULL;
	else if (IS_ONE_OF(word, takes_value))
		reader->value_follows = true;
	if (starts_with(word, "-l"))
		reader->has_input = true;
	if (!strcmp(word, "-lstdc++") || !strcmp(word, "-lc++"))
		line->has_libcxx = true;
}

static void read_response(struct reader *reader, const char *path, int depth);

static void read_word(struct reader *reader, const char *word, int depth)
{
	if (reader->value_follows)
		reader->value_follows = false;
	else if (reader->language_follows) {
		reader->language = language_of_option(word);
		reader->language_follows = false;
	} else if (reader->only_inputs)
		read_input(reader, word);
	else if (word[0] == '@' && word[1])
		read_response(reader, word + 1, depth);
	else if (!strcmp(word, "--"))
		reader->only_inputs = true;
	else if (word[0] == '-' && word[1])
		read_option(reader, word);
	else
		read_input(reader, word);
}

/* The quoting of GNU response files: blanks separate, quotes and backslashes protect. */
static void read_response(struct reader *reader, const char *path, int depth)
{
	FILE *file = depth < RESPONSE_DEPTH_MAX ? fopen(path, "re") : NULL;
	char *text = NULL, *p, *end;
	size_t bytes = 0;

	if (!file || getdelim(&text, &bytes, 0, file) < 0) { /* clang will say what is wrong with it */
		if (file)
			fclose(file);
		free(text);
		return;
	}
	fclose(file);
	for (p = text; *p;) {
		char quote = 0, *word = p;
		bool any = false;
		for (end = p; *p && (quote || !strchr(" \t\r\n", *p)); p++) {
			any = true;
			if (*p == '\\' && p[1] && quote != '\'')
				*end++ = *++p;
			else if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
			else
				*end++ = *p;
		}
		if (*p)
			p++;
		*end = 0; /* end <= the blank that p has passed, or the text's own end */
		if (any)
			read_word(reader, word, depth + 1);
	}
	free(text);
}

void cmdline_read(struct cmdline *line, int argc, char **argv)
{
	struct reader reader = {.line = line};

	memset(line, 0, sizeof *line);
	line->first_literal = argc;
	line->has_libc = true;
	for (int i = 1; i < argc; i++) {
		read_word(&reader, argv[i], 0);
		if (reader.only_inputs && line->first_literal == argc)
			line->first_literal = i;
	}
	line->reads_source = reader.has_code || reader.has_header;
	line->compiles = reader.has_code && !reader.ends_early;
	line->links = reader.has_input && !reader.ends_early && !reader.stops_before_link &&
		      !reader.is_relocatable;
}
