/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * names.c - C++ names in few columns. What tells one function from another most is its qualified
 * name; parameters and template arguments go first.
 *
 *     std::vector<int, std::allocator<int>>::insert(const_iterator, int const&)
 *     std::vector<int, std::allocator<int>>::insert(…)
 *     std::vector<…>::insert(…)
 *     …::insert(…)
 */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

static int is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

/* Bytes of an operator's symbols behind "operator" at p: they are no brackets. 0 if there is none. */
static size_t operator_symbols(const char *name, const char *p)
{
	if (strncmp(p, "operator", 8) || (p > name && is_word(p[-1])))
		return 0;
	if (p[8] == '(' && p[9] == ')')
		return 10;
	size_t n = strspn(p + 8, "<>=-*!+/%^&|~,");
	return n ? 8 + n : 0;
}

/* The parameter list: the last group of round brackets that stands in no other brackets and is not
 * a part of the path as in "(anonymous namespace)::f". Returns 0 if there is none. */
static int find_parameters(const char *name, size_t *from, size_t *to)
{
	int depth = 0, found = 0;
	size_t opened = 0;
	for (const char *p = name; *p; p++) {
		size_t symbols = operator_symbols(name, p);
		if (symbols) {
			p += symbols - 1;
		} else if (*p == '(' || *p == '<' || *p == '{' || *p == '[') {
			if (!depth++)
				opened = (size_t)(p - name);
		} else if ((*p == ')' || *p == '>' || *p == '}' || *p == ']') && depth && !--depth && *p == ')' &&
			   strncmp(p + 1, "::", 2)) {
			*from = opened + 1;
			*to = (size_t)(p - name);
			found = 1;
		}
	}
	return found;
}

static const char *ellipsis(void)
{
	return cli_screen()->utf8 ? "\xE2\x80\xA6" : "..";
}

static void without_parameters(struct cli_buffer *out, const char *name)
{
	size_t from, to;
	if (!find_parameters(name, &from, &to) || to - from <= cli_width(ellipsis())) {
		cli_add_text(out, name);
		return;
	}
	cli_add(out, name, from);
	cli_add_text(out, ellipsis());
	cli_add_text(out, name + to);
}

static void without_template_arguments(struct cli_buffer *out, const char *name)
{
	int depth = 0;
	for (const char *p = name; *p; p++) {
		size_t symbols = operator_symbols(name, p);
		if (symbols) {
			if (!depth)
				cli_add(out, p, symbols);
			p += symbols - 1;
		} else if (*p == '<') {
			if (!depth++) {
				cli_add_text(out, "<");
				cli_add_text(out, ellipsis());
			}
		} else if (*p == '>' && depth) {
			if (!--depth)
				cli_add_text(out, ">");
		} else if (!depth) {
			cli_add(out, p, 1);
		}
	}
}

/* The next "::" between parts of a path; NULL behind the last. */
static const char *next_part(const char *p)
{
	int depth = 0;
	for (; *p; p++) {
		if (*p == '(' || *p == '<' || *p == '{')
			depth++;
		else if ((*p == ')' || *p == '>' || *p == '}') && depth)
			depth--;
		else if (!depth && !strncmp(p, "::", 2))
			return p;
	}
	return NULL;
}

static void without_front(struct cli_buffer *out, const char *name, size_t width)
{
	const char *part = next_part(name), *last = NULL;
	size_t mark = cli_width(ellipsis());

	if (cli_width(name) <= width)
		part = NULL;
	for (; part; part = next_part(part + 2)) {
		last = part;
		if (mark + cli_width(part) <= width)
			break;
	}
	if (last && mark + 8 < width) {
		cli_add_text(out, ellipsis());
		cli_add_shortened(out, last, width - mark);
	} else {
		cli_add_shortened(out, name, width);
	}
}

void report_shorten_name(struct cli_buffer *out, const char *name, size_t width)
{
	struct cli_buffer shorter = {0}, shortest = {0};

	without_parameters(&shorter, name);
	if (cli_width(cli_text_of(&shorter)) <= width) {
		cli_add_text(out, cli_text_of(&shorter));
	} else {
		without_template_arguments(&shortest, cli_text_of(&shorter));
		without_front(out, cli_text_of(&shortest), width);
	}
	cli_buffer_fini(&shorter);
	cli_buffer_fini(&shortest);
}

/* How much of a name the source has: "foo" of "foo.llvm.123", "foo()" of "foo() (.llvm.123)" and "foo() [clone .isra.0]". */
static size_t stem_of(const char *name)
{
	static const char *const added[] = {".llvm.", ".constprop.", ".isra.", ".part.", ".cold"};
	size_t bytes = strlen(name);

	for (size_t i = 0; i < sizeof(added) / sizeof(*added); i++) {
		const char *at = strstr(name, added[i]);
		if (!at || at == name)
			continue;
		size_t end = (size_t)(at - name);
		if (at[-1] == '(' && end > 1 && at[-2] == ' ')
			end -= 2;
		else if (end > 8 && !strncmp(at - 8, " [clone ", 8))
			end -= 8;
		else if (memchr(name, '(', end))
			continue; /* of a template's argument, or a lambda's name */
		if (end && end < bytes)
			bytes = end;
	}
	return bytes;
}

char *report_stem(const char *name)
{
	char *text = cli_strdup(name);
	text[stem_of(name)] = 0;
	return text;
}

const char *report_name(struct tr_query *query, size_t function)
{
	const char *name = tr_text(query, function, NULL);
	return *name ? name : "(no name)";
}

char *report_called(struct tr_query *query, size_t called, size_t object)
{
	const char space[] = "std::", inner[] = "__1::", *name = tr_text(query, called, NULL); /* libc++ has it all in there */
	int is_std = !strncmp(name, space, strlen(space));
	struct cli_buffer text = {0};

	if (is_std)
		name += strlen(space);
	if (is_std && !strncmp(name, inner, strlen(inner)))
		name += strlen(inner);
	char *cut = cli_cut(name);
	if (is_std) /* C has no parentheses */
		cut[strcspn(cut, "(")] = 0;
	cli_add_text(&text, cut);
	free(cut);
	if (object < tr_columns(query) && *tr_text(query, object, NULL)) {
		cut = cli_cut(tr_text(query, object, NULL));
		cli_add_format(&text, " %s", cut);
		free(cut);
	}
	cut = cli_cut(cli_text_of(&text));
	cli_buffer_fini(&text);
	return cut;
}

const char *report_place(struct tr_query *query, size_t file, size_t line)
{
	static char place[200];
	const char *path = tr_text(query, file, NULL), *slash = strrchr(path, '/');
	long long number = tr_integer(query, line);

	if (slash && slash[1])
		path = slash + 1;
	if (number > 0)
		snprintf(place, sizeof(place), "%.150s:%lld", path, number);
	else
		snprintf(place, sizeof(place), "%.150s", path);
	return *path ? place : "";
}
