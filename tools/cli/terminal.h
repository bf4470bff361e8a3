/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * terminal.h - where output goes: exit codes, how wide and how capable the screen is, colour, the
 * pager, and the check that what was written has arrived.
 *
 * Answers go to stdout, talk to stderr. One screen per program: set up once, by one thread.
 */
#ifndef TOOLS_CLI_TERMINAL_H
#define TOOLS_CLI_TERMINAL_H

#include <stddef.h>

enum cli_exit {
	CLI_DONE = 0,
	CLI_DIFFERENT = 1, /* a comparison or gate found a difference */
	CLI_USAGE = 2,     /* wrong usage */
	CLI_TROUBLE = 3,   /* the input cannot be read, or the output not written */
};

enum cli_when { CLI_AUTO, CLI_ALWAYS, CLI_NEVER };

struct cli_screen {
	size_t width; /* columns to fit into; 0 = no limit (stdout is not a terminal, COLUMNS not set) */
	size_t lines; /* of the terminal; 0 = not known */
	int terminal; /* stdout is one */
	int colour;
	int utf8;     /* the locale's characters are UTF-8; else output of ours keeps to ASCII */
};

/* To be called first in main: fills descriptors 0 to 2 where the caller closed them (or files that
 * are opened later would land there and be written into), reads locale, size and NO_COLOR. name is
 * what cli_error puts in front. */
void cli_start(const char *name);

/* Closes again what cli_start had to fill: for who becomes another program. */
void cli_give_back_descriptors(void);

const struct cli_screen *cli_screen(void);
void cli_set_colour(enum cli_when);

/* Sends what follows on stdout through $INSTR_PAGER, $PAGER or less, if stdout is a terminal and
 * lines of text do not fit on it. The pager is waited for in cli_finish. */
void cli_start_pager(size_t lines);

/* Writes to stdout. A failure is remembered with its cause for cli_finish; nothing is written after
 * one. */
void cli_out(const char *text, size_t bytes);
void cli_out_text(const char *text);

/* Flushes and closes stdout, waits for the pager. Returns status, or CLI_TROUBLE after saying on
 * stderr that the output is not complete. */
int cli_finish(int status);

/* output.c: stdout becomes the file path, which appears when all is written; it must not be the file input. Returns CLI_GO
 * or an exit status. */
int cli_open_output(const char *path, const char *input);
/* Instead of cli_finish. */
int cli_finish_output(int status);

/* progress.c: may be called at any moment, and often: the program works still. On a terminal it says so on stderr if that takes
 * longer than a second, until there is an answer or an error. */
void cli_works(void);
void cli_has_worked(void);

/* "NAME: text\n" on stderr. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *cli_name(void);

enum cli_style {
	CLI_PLAIN,
	CLI_BOLD,
	CLI_DIM,
	CLI_BAD,  /* what makes a result wrong or incomplete */
	CLI_WARN, /* what a reader should know */
	CLI_HOT,  /* where the most is */
};

/* What switches a style on, and all of them off; "" without colour. */
const char *cli_style_on(enum cli_style);
const char *cli_style_off(enum cli_style);

#endif
