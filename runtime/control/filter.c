/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * filter.c - functions that are switched off when their module registers (off=): their rows are marked, and the hooks record
 * nothing of them.
 *
 * Globs are those of fnmatch without flags: * ? [a-z] [!a-z], and \ before a character that is meant as it is. One that holds
 * a / is matched with the source file as the plugin does it: the whole path, or if it does not begin with a /, what is left of
 * it behind any slash.
 */
#include "control/control.h"

enum { FIRST_ROOM = 256 };

struct glob {
	const char *text, *end; /* a part of the settings' text, which stays */
	int is_path;
};

static struct glob *globs;
static uint64_t count, room;

void irt_filter_clear(void) { count = 0; }

int irt_filter_add(const char *text, uint64_t bytes)
{
	if (count == room) {
		uint64_t more = room ? 2 * room : FIRST_ROOM;
		long at = irt_sys_mmap(NULL, more * sizeof(*globs), IRT_PROT_RW, IRT_MAP_PRIVATE | IRT_MAP_ANONYMOUS, -1, 0);
		if (at < 0)
			return 0;
		if (count)
			irt_copy((void *)at, globs, count * sizeof(*globs));
		if (room)
			irt_sys_munmap(globs, room * sizeof(*globs));
		globs = (struct glob *)at;
		room = more;
	}
	struct glob g = {text, text + bytes, 0};
	for (const char *p = text; p < g.end; p++)
		g.is_path |= *p == '/';
	globs[count++] = g;
	return 1;
}

/* *pattern is behind the [ of a set; moves it behind its ]. -1: it has no end, the [ is an ordinary character. */
static int is_in_set(const char **pattern, const char *end, unsigned char c)
{
	const char *p = *pattern;
	int negated = p < end && (*p == '!' || *p == '^'), found = 0;

	p += negated;
	for (const char *first = p; p < end && (*p != ']' || p == first); p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		unsigned char low = (unsigned char)*p, high = low;
		if (p + 2 < end && p[1] == '-' && p[2] != ']') {
			p += 2;
			if (*p == '\\' && p + 1 < end)
				p++;
			high = (unsigned char)*p;
		}
		found |= c >= low && c <= high;
	}
	if (p >= end)
		return -1;
	*pattern = p + 1;
	return found != negated;
}

/* Does the pattern's next piece take this character? Moves *pattern behind the piece. */
static int takes(const char **pattern, const char *end, char c)
{
	const char *p = *pattern;

	if (p == end)
		return 0;
	*pattern = p + 1;
	if (*p == '?')
		return 1;
	if (*p == '[') {
		int in = is_in_set(pattern, end, (unsigned char)c);
		if (in >= 0)
			return in;
	} else if (*p == '\\' && p + 1 < end) {
		*pattern = p + 2;
		return p[1] == c;
	}
	return *p == c;
}

/* Where it fails, the last * takes one character more: no deeper than that, so the time is at most the product of both lengths. */
int irt_glob_matches(const char *pattern, const char *end, const char *text)
{
	const char *star = NULL, *from = NULL;

	for (;;) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			from = text;
			continue;
		}
		if (!*text && pattern == end)
			return 1;
		if (*text && takes(&pattern, end, *text)) {
			text++;
			continue;
		}
		if (!star || !*from)
			return 0;
		pattern = star;
		text = ++from;
	}
}

static int path_matches(const struct glob *g, const char *path)
{
	if (irt_glob_matches(g->text, g->end, path))
		return 1;
	for (; *g->text != '/' && *path; path++)
		if (*path == '/' && irt_glob_matches(g->text, g->end, path + 1))
			return 1;
	return 0;
}

static int is_off(const struct instr_row *row)
{
	const char *name = row->name ? (const char *)row + row->name : "", *file = row->file ? (const char *)row + row->file : "";

	for (uint64_t i = 0; i < count; i++)
		if (globs[i].is_path ? path_matches(&globs[i], file) : irt_glob_matches(globs[i].text, globs[i].end, name))
			return 1;
	return 0;
}

uint64_t irt_filter_module(const struct instr_module *m)
{
	uint64_t off = 0;

	for (uint64_t i = 0; count && i < (uint64_t)(m->rows_end - m->rows_begin); i++) {
		/* Rows are constant to everybody else. */
		struct instr_row *row = (struct instr_row *)(uintptr_t)&m->rows_begin[i];
		if ((row->flags & INSTR_ROW_KIND_MASK) != INSTR_ROW_FUNCTION || !is_off(row))
			continue;
		irt_store_relaxed(&row->flags, row->flags | INSTR_ROW_OFF);
		off = (off ^ (i + 1)) * UINT64_C(0x9e3779b97f4a7c15);
		off |= 1;
	}
	return off;
}
