/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * rules.h - what --gate asks of a trace, as read by rules.c and checked by gate.c. docs/diff.md has the grammar.
 */
#ifndef TOOLS_REPORT_RULES_H
#define TOOLS_REPORT_RULES_H

#include "cli/buffer.h"

#include <stddef.h>
#include <stdint.h>

enum rule_what {
	RULE_CALLS, RULE_SELF, RULE_TOTAL, RULE_MEAN, RULE_MIN, RULE_MAX, RULE_QUANTILE, RULE_SLOWDOWN,
	RULE_EXTRA, /* from here on: enum extra of figures.h */
};
enum rule_unit { UNIT_COUNT, UNIT_NS, UNIT_BYTES, UNIT_NONE /* it is or is not */ };
enum rule_limit { LIMIT_NONE, LIMIT_LESS, LIMIT_AT_MOST, LIMIT_EQUAL, LIMIT_AT_LEAST, LIMIT_MORE,
		  LIMIT_PERCENT, LIMIT_PLUS /* of or more than the old value, at most */ };

struct rule {
	char *text;   /* as it was written, for people */
	int line;     /* in its file, from 1 */
	int what;     /* enum rule_what */
	enum rule_unit unit;
	unsigned per_mille; /* RULE_QUANTILE */
	int under;    /* with all that the function called */
	int if_there;
	char *function; /* * stands for anything */
	enum rule_limit limit;
	double value; /* ns, bytes, a count; LIMIT_PERCENT: percent more */
};

struct rules {
	struct rule *items;
	size_t count;
};

/* Reads rules from text. 0; or -1, and *error says what is wrong, *line and *column where (from 1; columns are characters). */
int rules_read(struct rules *, const char *text, struct cli_buffer *error, int *line, int *column);
void rules_free(struct rules *);

/* Is it of this name, with or without parameters? * in the pattern stands for anything. */
int rules_match(const char *pattern, const char *name);

#endif
