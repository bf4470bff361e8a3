/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * options_page.c - prints docs/options.md from the table of settings (instr/options.def). The test
 * compares it with the page; `ninja options_page` renews the page.
 */
#include "instr/options.h"

#include <stdio.h>
#include <string.h>

static const char *kind_text(const struct instr_option *o)
{
	switch (o->kind) {
	case INSTR_OPTION_FLAG: return "`on`, `off`";
	case INSTR_OPTION_BYTES: return "bytes, with `k`, `m` or `g`";
	case INSTR_OPTION_COUNT: return "a number";
	case INSTR_OPTION_LIST: return "text, may be given several times";
	case INSTR_OPTION_TEXT: return "text";
	default: return NULL;
	}
}

static void print_side(int side)
{
	printf("| setting | values | default | what it does |\n|---|---|---|---|\n");
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++) {
		const struct instr_option *o = &instr_options[i];
		if (o->side != side)
			continue;
		printf("| `%s` | ", o->key);
		if (kind_text(o)) {
			printf("%s", kind_text(o));
		} else {
			for (const char *c = o->fallback; *c;) {
				size_t n = strcspn(c, "|");
				printf("%s`%.*s`", c == o->fallback ? "" : ", ", (int)n, c);
				c += n + (c[n] == '|');
			}
		}
		size_t first = strcspn(o->fallback, o->kind == INSTR_OPTION_CHOICE ? "|" : "");
		if (first)
			printf(" | `%.*s`", (int)first, o->fallback);
		else
			printf(" | ");
		printf(" | %s |\n", o->help);
	}
}

int main(void)
{
	printf("# Settings\n\n"
	       "Made from `include/instr/options.def`, the one table that the parsers use.\n\n"
	       "```\nINSTR_OPTIONS=\"key=value:key=value\"\n```\n\n"
	       "A single `:` separates settings; `::` does not, so C++ names need no quotes. A value in single quotes is\n"
	       "taken as it is: `out='/tmp/a:b.db'`. `INSTR_CONFIG` names a file with the same grammar, where a new line\n"
	       "separates too and `#` begins a comment; what `INSTR_OPTIONS` says wins. Compiler plugin and runtime share\n"
	       "the table, and each ignores the other's keys. A key that is in neither is an error that names the nearest\n"
	       "one: the compiler stops; the runtime says it before main, and the program runs on.\n\n"
	       "## When compiling\n\n"
	       "Settings that change code belong on the command line, so that build tools and compiler caches see them:\n"
	       "`instr-clang --instr=deny=std::*:tail=keep -c a.cc`. (The wrapper also puts there what it finds in\n"
	       "`INSTR_OPTIONS`.) Without the wrapper: `-mllvm -instr=...`, or the environment.\n\n");
	print_side(INSTR_SIDE_PASS);
	printf("\n## When running\n\nIn the environment of the program, or as options of `instr-run`.\n\n");
	print_side(INSTR_SIDE_RUNTIME);
	printf("\n## Both\n\n");
	print_side(INSTR_SIDE_BOTH);
	return 0;
}
