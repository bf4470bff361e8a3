/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * rules.c - reads the rules of --gate.
 *
 *     rules = rule { ( newline | ";" ) rule }        "#" begins a comment, to the end of its line
 *     rule  = what place function limit [ "if there" ]
 *           | "no" what place function [ "if there" ]
 *     what  = "calls" | "self time" | "total time" | "mean" | "min" | "max" | "p" number | "slowdown" (after "no" only)
 *           | "allocations" | "bytes" | "locks" | "lock waits" | "lock time" | "waits" | "wait time"
 *     place = "of" | "in" | "under"
 *     limit = ( "<" | "<=" | "=" | ">=" | ">" ) number [ unit ] | ( "+" | "-" ) number ( "%" | [ unit ] )
 */
#include "report/rules.h"

#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "report/figures.h"

struct reader {
	const char *text, *at;
	struct cli_buffer *error;
	const char *wrong; /* where */
};

static const struct what {
	const char *words[2]; /* the second may be missing */
	const char *plural;   /* "no allocation": the same with an s */
	int what;
	enum rule_unit unit;
} whats[] = {
	{{"calls"}, "call", RULE_CALLS, UNIT_COUNT},
	{{"self", "time"}, NULL, RULE_SELF, UNIT_NS},
	{{"total", "time"}, NULL, RULE_TOTAL, UNIT_NS},
	{{"mean"}, NULL, RULE_MEAN, UNIT_NS},
	{{"min"}, NULL, RULE_MIN, UNIT_NS},
	{{"max"}, NULL, RULE_MAX, UNIT_NS},
	{{"slowdown"}, NULL, RULE_SLOWDOWN, UNIT_NONE},
	{{"allocations"}, "allocation", RULE_EXTRA + ALLOCS, UNIT_COUNT},
	{{"bytes"}, NULL, RULE_EXTRA + BYTES, UNIT_BYTES},
	{{"locks"}, "lock", RULE_EXTRA + ACQUISITIONS, UNIT_COUNT},
	{{"lock", "waits"}, NULL, RULE_EXTRA + LOCK_WAITS, UNIT_COUNT},
	{{"lock", "wait"}, NULL, RULE_EXTRA + LOCK_WAITS, UNIT_COUNT},
	{{"lock", "time"}, NULL, RULE_EXTRA + LOCK_TIME, UNIT_NS},
	{{"waits"}, "wait", RULE_EXTRA + WAITS, UNIT_COUNT},
	{{"wait", "time"}, NULL, RULE_EXTRA + WAIT_TIME, UNIT_NS},
};
enum { WHATS = sizeof(whats) / sizeof(*whats) };

static const struct unit {
	const char *name;
	enum rule_unit unit;
	double value;
} units[] = {
	{"ns", UNIT_NS, 1}, {"us", UNIT_NS, 1e3}, {"\xC2\xB5s", UNIT_NS, 1e3}, {"\xCE\xBCs", UNIT_NS, 1e3}, {"ms", UNIT_NS, 1e6}, {"s", UNIT_NS, 1e9},
	{"min", UNIT_NS, 60e9}, {"h", UNIT_NS, 3600e9},
	{"B", UNIT_BYTES, 1}, {"byte", UNIT_BYTES, 1}, {"bytes", UNIT_BYTES, 1}, {"kB", UNIT_BYTES, 1e3}, {"MB", UNIT_BYTES, 1e6}, {"GB", UNIT_BYTES, 1e9},
	{"KiB", UNIT_BYTES, 1024}, {"MiB", UNIT_BYTES, 1 << 20}, {"GiB", UNIT_BYTES, 1 << 30},
};

/* ---- pieces of text ------------------------------------------------------------------------------------- */

static int fail(struct reader *r, const char *where, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(struct reader *r, const char *where, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	cli_add_format_va(r->error, format, arguments);
	va_end(arguments);
	r->wrong = where;
	return -1;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A rule ends there. */
static int is_end(char c)
{
	return !c || c == '\n' || c == ';' || c == '#';
}

static const char *skip_blanks(struct reader *r)
{
	while (is_blank(*r->at))
		r->at++;
	return r->at;
}

static int is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9') || (c & 0x80) || c == '.';
}

/* The length of the word at p. */
static size_t word_at(const char *p)
{
	size_t bytes = 0;
	while (is_word(p[bytes]))
		bytes++;
	return bytes;
}

static int is(const char *p, size_t bytes, const char *word)
{
	return bytes == strlen(word) && !memcmp(p, word, bytes);
}

/* Takes the word if it comes next. */
static int take(struct reader *r, const char *word)
{
	const char *p = skip_blanks(r);
	if (!is(p, word_at(p), word))
		return 0;
	r->at += strlen(word);
	return 1;
}

/* What stands at p, for a message: a word, or up to the next blank; shortened. */
static int shown_bytes(const char *p)
{
	size_t bytes = 0;
	while (!is_blank(p[bytes]) && !is_end(p[bytes]) && bytes < 40)
		bytes++;
	return (int)bytes;
}

static int fail_at(struct reader *r, const char *expected)
{
	const char *p = skip_blanks(r);
	if (is_end(*p))
		return fail(r, p, "%s is missing", expected);
	return fail(r, p, "%s is expected, not '%.*s'", expected, shown_bytes(p), p);
}

/* ---- pieces of a rule ----------------------------------------------------------------------------------- */

/* "p99", "p99.9" */
static int read_quantile(struct reader *r, struct rule *rule)
{
	const char *p = skip_blanks(r);
	const size_t bytes = word_at(p);
	unsigned number = 0, digits = 0, after = 0, dot = 0;

	for (size_t i = 1; i < bytes; i++) {
		if (p[i] == '.' && !dot)
			dot = 1;
		else if (p[i] >= '0' && p[i] <= '9' && digits < 4)
			number = number * 10 + (unsigned)(p[i] - '0'), digits++, after += dot;
		else
			return 0;
	}
	if (*p != 'p' || !digits || after > 1 || (dot && !after))
		return 0;
	rule->what = RULE_QUANTILE;
	rule->unit = UNIT_NS;
	rule->per_mille = after ? number : number * 10;
	if (rule->per_mille > 1000)
		return fail(r, p, "percentiles go from p0 to p100, with one digit behind the point");
	r->at += bytes;
	return 1;
}

static int fail_what(struct reader *r)
{
	const char *words[WHATS];
	const char *p = skip_blanks(r);
	char *word = strndup(p, word_at(p));

	for (size_t i = 0; i < WHATS; i++)
		words[i] = whats[i].words[0];
	const char *near = word && *word ? cli_nearest(word, words, WHATS) : NULL;
	free(word);
	if (near)
		return fail(r, p, "'%.*s' is nothing that a rule can be about; is %s meant?", shown_bytes(p), p, near);
	return fail_at(r, "what the rule is about (calls, self time, total time, mean, min, max, p99, allocations, bytes, locks, lock waits, "
		       "lock time, waits, wait time; or no)");
}

static int read_what(struct reader *r, struct rule *rule, int no)
{
	const char *p = skip_blanks(r);
	int status = read_quantile(r, rule);

	if (status)
		return status < 0 ? -1 : 0;
	/* "lock waits" before "locks": the longer ones win. */
	for (size_t words = 2; words; words--) {
		for (size_t i = 0; i < WHATS; i++) {
			const struct what *w = &whats[i];
			r->at = p;
			if ((words == 2) != (w->words[1] != NULL))
				continue;
			if (!take(r, w->words[0]) && !(no && w->plural && take(r, w->plural)))
				continue;
			if (w->words[1] && !take(r, w->words[1]))
				continue;
			rule->what = w->what;
			rule->unit = w->unit;
			if (w->what == RULE_SLOWDOWN && !no)
				return fail(r, p, "a slowdown is or is not: no slowdown of FUNCTION");
			return 0;
		}
	}
	r->at = p;
	return fail_what(r);
}

static int read_place(struct reader *r, struct rule *rule)
{
	const char *p = skip_blanks(r);

	if (take(r, "of") || take(r, "in"))
		return 0;
	if (!take(r, "under"))
		return fail_at(r, rule->what < RULE_EXTRA ? "'of' and a function" : "'in' or 'under' and a function");
	rule->under = 1;
	return rule->what < RULE_EXTRA ? fail(r, p, "'under' goes with allocations, bytes, locks and waits; calls and their times are 'of' a function") : 0;
}

/* 'quoted', "quoted", or up to a blank outside of brackets. */
static int read_function(struct reader *r, struct rule *rule)
{
	const char *p = skip_blanks(r), *end;
	int depth = 0;

	if (*p == '\'' || *p == '"') {
		for (end = p + 1; *end && *end != *p && *end != '\n'; end++)
			;
		if (*end != *p)
			return fail(r, p, "the quote is not closed");
		rule->function = strndup(p + 1, (size_t)(end - p - 1));
		r->at = end + 1;
	} else {
		for (end = p; *end && *end != '\n' && (depth > 0 || (!is_end(*end) && !is_blank(*end))); end++) {
			if (strchr("([{", *end) || (*end == '<' && end > p && !strchr("-=<", end[-1])))
				depth++;
			else if (strchr(")]}", *end) || (*end == '>' && depth > 0 && end[-1] != '-'))
				depth--;
		}
		if (depth > 0)
			return fail(r, p, "a bracket of the function's name is not closed (other names go in quotes)");
		rule->function = strndup(p, (size_t)(end - p));
		r->at = end;
	}
	return rule->function && *rule->function ? 0 : fail(r, p, "the name of a function is missing");
}

/* Digits with one point; not strtod, which reads what the locale has, and more. The number is *value / *scale: a unit that is put between
 * the two leaves whole nanoseconds whole. */
static int read_number(struct reader *r, double *value, double *scale)
{
	const char *p = skip_blanks(r);
	int digits = 0, dot = 0;

	*value = 0;
	*scale = 1;
	for (; (*r->at >= '0' && *r->at <= '9') || (*r->at == '.' && !dot); r->at++) {
		if (*r->at == '.') {
			dot = 1;
			continue;
		}
		digits++;
		*value = *value * 10 + (*r->at - '0');
		*scale *= dot ? 10 : 1;
	}
	if (!digits) {
		r->at = p;
		return fail_at(r, "a number");
	}
	return *value < 1e18 ? 0 : fail(r, p, "the number has too many digits");
}

static int read_unit(struct reader *r, struct rule *rule)
{
	const char *p = skip_blanks(r);
	const size_t bytes = word_at(p);

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (!is(p, bytes, units[i].name))
			continue;
		if (units[i].unit != rule->unit)
			return fail(r, p, "%s is a unit of %s, and this is %s", units[i].name, units[i].unit == UNIT_NS ? "time" : "size",
				    rule->unit == UNIT_NS ? "a time" : rule->unit == UNIT_BYTES ? "a size" : "a count");
		rule->value *= units[i].value;
		r->at += bytes;
		return 0;
	}
	if (rule->value != 0 && rule->unit == UNIT_NS)
		return fail_at(r, "a unit of time (ns, us, ms, s, min, h)");
	return 0;
}

static int read_limit(struct reader *r, struct rule *rule)
{
	static const struct { const char *text; enum rule_limit limit; } signs[] = {
		{"<=", LIMIT_AT_MOST}, {"\xE2\x89\xA4", LIMIT_AT_MOST}, {">=", LIMIT_AT_LEAST}, {"\xE2\x89\xA5", LIMIT_AT_LEAST},
		{"==", LIMIT_EQUAL}, {"=", LIMIT_EQUAL}, {"<", LIMIT_LESS}, {">", LIMIT_MORE},
		{"+", LIMIT_PLUS}, {"-", LIMIT_PLUS}, {"\xE2\x88\x92", LIMIT_PLUS},
	};
	const char *p = skip_blanks(r);
	double scale;
	size_t i = 0;

	while (i < sizeof(signs) / sizeof(*signs) && strncmp(p, signs[i].text, strlen(signs[i].text)))
		i++;
	if (i == sizeof(signs) / sizeof(*signs))
		return fail_at(r, "a limit (<= 2 ms, = 0, +5 % ...)");
	rule->limit = signs[i].limit;
	r->at += strlen(signs[i].text);
	if (read_number(r, &rule->value, &scale))
		return -1;
	if (*skip_blanks(r) == '%') {
		if (rule->limit != LIMIT_PLUS)
			return fail(r, r->at, "percent are of the old value: +5 %% or -5 %%");
		rule->limit = LIMIT_PERCENT;
		r->at++;
	} else if (read_unit(r, rule)) {
		return -1;
	}
	rule->value /= scale;
	if (signs[i].limit == LIMIT_PLUS && *p != '+')
		rule->value = -rule->value;
	return 0;
}

static int read_rule(struct reader *r, struct rule *rule)
{
	const int no = take(r, "no");

	if (read_what(r, rule, no) || read_place(r, rule) || read_function(r, rule))
		return -1;
	if (no)
		rule->limit = rule->what == RULE_SLOWDOWN ? LIMIT_NONE : LIMIT_EQUAL;
	else if (read_limit(r, rule))
		return -1;
	if (take(r, "if") && !(rule->if_there = take(r, "there")))
		return fail_at(r, "'there'");
	return is_end(*skip_blanks(r)) ? 0 : fail_at(r, no ? "the end of the rule" : "a unit, or the end of the rule");
}

static void find_place(const struct reader *r, int *line, int *column)
{
	*line = *column = 1;
	for (const char *p = r->text; p < r->wrong; p++) {
		if (*p == '\n') {
			++*line;
			*column = 1;
		} else if ((*p & 0xC0) != 0x80) {
			++*column;
		}
	}
}

int rules_read(struct rules *rules, const char *text, struct cli_buffer *error, int *line, int *column)
{
	struct reader r = {.text = text, .at = text, .error = error};
	int at = 1;

	*rules = (struct rules){0};
	while (*skip_blanks(&r)) {
		if (*r.at == '#') {
			r.at += strcspn(r.at, "\n");
		} else if (*r.at == '\n' || *r.at == ';') {
			at += *r.at++ == '\n';
		} else {
			rules->items = cli_realloc(rules->items, rules->count + 1, sizeof(*rules->items));
			struct rule *rule = &rules->items[rules->count++];
			const char *from = r.at;
			*rule = (struct rule){.line = at};
			if (read_rule(&r, rule)) {
				find_place(&r, line, column);
				rules_free(rules);
				return -1;
			}
			const char *end = r.at;
			while (is_blank(end[-1]))
				end--;
			rule->text = strndup(from, (size_t)(end - from));
		}
	}
	*line = at;
	*column = 1;
	if (rules->count)
		return 0;
	cli_add_text(error, "there is no rule");
	return -1;
}

void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->items[i].text);
		free(rules->items[i].function);
	}
	free(rules->items);
	*rules = (struct rules){0};
}

/* As GLOB with * alone: after a mismatch the last * takes one more. */
static int glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return 0;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

int rules_match(const char *pattern, const char *name)
{
	struct cli_buffer with = {0}, text = {0};

	cli_add_format(&with, "%s(*", pattern);
	cli_add_format(&text, "%s(", name);
	int matches = glob(cli_text_of(&with), cli_text_of(&text));
	cli_buffer_fini(&with);
	cli_buffer_fini(&text);
	return matches;
}
