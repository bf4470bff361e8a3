/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * options.h - what a program can be asked, as one table. From it come the parser, --help, the man
 * page and the shell completion, so that none can forget what another knows.
 *
 *     static const char *out;
 *     static const struct cli_option options[] = {
 *         {CLI_HEADING, .name = "Output"},
 *         {CLI_FILE, .name = "out", .letter = 'o', .argument = "FILE", .value = &out, .help = "write to FILE"},
 *         {0}};
 *
 * Forms understood: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, flags of one letter together,
 * "--" before operands. Every program has --help (-h), --version, and --generate man|bash, which
 * prints what is made from the table.
 */
#ifndef TOOLS_CLI_OPTIONS_H
#define TOOLS_CLI_OPTIONS_H

#include <stddef.h>

enum cli_kind {
	CLI_END,
	CLI_HEADING, /* a title between options */
	CLI_FLAG,    /* takes no argument; int: set to 1 */
	CLI_MODE,    /* takes no argument; int, at first CLI_UNSET: set to .mode; two different ones exclude each other */
	CLI_CHOICE,  /* one of .choices ("a|b|c"); int: its index */
	CLI_NUMBER,  /* int64_t >= 0 */
	CLI_PERCENT, /* double 0..100, with or without "%" */
	CLI_DURATION, /* int64_t, ns: a number and its unit, from ns to d */
	CLI_SPAN,    /* int64_t[2], ns: "2s..5s", two CLI_DURATIONs in order; left out: 0, INT64_MAX */
	CLI_TEXT,    /* const char *; .choices are words that help and completion propose */
	CLI_FILE,    /* const char *, completed as a file name */
};

enum { CLI_UNSET = -1 };

struct cli_option {
	enum cli_kind kind;
	const char *name;     /* long name without dashes; title of a CLI_HEADING */
	char letter;          /* short name, or 0 */
	const char *argument; /* what help calls its argument; NULL where it takes none */
	const char *choices;
	int mode;
	void *value;
	const char *help;
};

/* Pairs of texts for the parts of help and man page; the list ends with {0}. */
struct cli_note {
	const char *what, *text;
};

struct cli_program {
	const char *name;
	const char *summary;          /* half a sentence, as in a man page's NAME */
	const char *version;          /* whole line behind the name for --version */
	const char *const *usage;     /* argument lines without the name; ends with NULL */
	const char *description;      /* paragraphs, separated by a newline */
	const struct cli_option *options;
	const struct cli_note *examples;    /* command, what it does */
	const struct cli_note *environment; /* variable, what it does; NULL: none */
	const struct cli_note *exits;       /* status, when */
	const char *see_also;         /* for the man page: "instr-run(1), sqlite3(1)" */
	int command_operands;         /* operands are a command line: options end at the first operand */
	int operand_files;            /* operands are completed as file names */
};

struct cli_operands {
	char **items;
	int count;
};

/* Parses arguments into the table's values. Returns CLI_GO, or the status to exit with after it
 * has answered (--help, --version) or said what is wrong. operands points into argv. */
enum { CLI_GO = -1 };
int cli_parse(const struct cli_program *, int argc, char **argv, struct cli_operands *operands);

/* "NAME: text" and "Try 'NAME --help'." on stderr; returns CLI_USAGE. */
int cli_wrong_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The word of words (count of them) nearest to one that is not among them; NULL if none is near. */
const char *cli_nearest(const char *word, const char *const *words, size_t count);

/* help.c: on stdout. */
void cli_print_help(const struct cli_program *);
/* manual.c: on stdout. */
void cli_print_manual(const struct cli_program *);
void cli_print_bash_completion(const struct cli_program *);

/* The options every program has, for the three printers; ends with CLI_END. */
extern const struct cli_option cli_common_options[];

#endif
