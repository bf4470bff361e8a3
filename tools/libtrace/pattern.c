/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * pattern.c - names of functions as people ask for them: "Table::insert" with or without parameters, * for anything, or
 * "/^Table::(insert|erase)/", a POSIX extended regular expression.
 *
 * Queries have a GLOB for them, NAME || '(' GLOB :only || '(*', which any SQLite tool can run. It cannot run regular
 * expressions: the functions that one matches are found here, and their numbers put into the query in place of the GLOB.
 */
#include "libtrace/internal.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MATCHED_BYTES = 1 << 14 }; /* of a name: what is behind is not looked at */
enum { LONGEST_PATTERN = 1000 };
enum { NAMES_PER_LOOK = 16 };

/* What one regular expression matches. */
struct tr_matches {
	struct tr_matches *next;
	char *pattern;
	sqlite3_str *functions, *sites; /* "1,2,7" */
	char *function_list, *site_list;
	int no_function; /* calls without one: the views call it so */
};

static const char no_function[] = "(no function)";

int tr_is_regex(const char *name)
{
	size_t bytes = strlen(name);
	return bytes > 1 && name[0] == '/' && name[bytes - 1] == '/';
}

/* ---- what is wrong with one --------------------------------------------------------------------------- */

static int compile(regex_t *regex, const char *text, size_t bytes, size_t closing)
{
	char copy[2 * LONGEST_PATTERN + 1];

	memcpy(copy, text, bytes);
	memset(copy + bytes, ')', closing);
	copy[bytes + closing] = 0;
	return regcomp(regex, copy, REG_EXTENDED | REG_NOSUB);
}

/* How much of it, from its beginning, could be that of a whole one: what is wrong comes right behind. */
static size_t find_wrong(const char *text, size_t bytes)
{
	size_t good = 0, open = 0;
	regex_t regex;

	if (!compile(&regex, text, 0, 0))
		regfree(&regex);
	for (size_t i = 1; i <= bytes; i++) {
		open += text[i - 1] == '('; /* at most so many are to be closed */
		for (size_t closing = 0; closing <= open; closing++) {
			if (compile(&regex, text, i, closing))
				continue;
			regfree(&regex);
			good = i;
			break;
		}
	}
	if (good < bytes)
		return good;
	/* All can be completed: brackets are not closed, the outermost first. */
	for (good = bytes; good; good--) {
		if (!compile(&regex, text, good - 1, 0)) {
			regfree(&regex);
			return good - 1;
		}
	}
	return 0;
}

static const char *word(int error)
{
	switch (error) {
	case REG_ECOLLATE:
		return "no such character";
	case REG_ECTYPE:
		return "no such class of characters";
	case REG_EESCAPE:
		return "nothing comes behind the last \\";
	case REG_ESUBREG:
		return "no such part";
	case REG_EBRACK:
		return "a [ without its ]";
	case REG_EPAREN:
		return "a parenthesis without its other half";
	case REG_EBRACE:
		return "a { without its }";
	case REG_BADBR:
		return "no number of times in { }";
	case REG_ERANGE:
		return "a range that ends before it begins";
	case REG_ESPACE:
		return "it takes too much memory";
	case REG_BADRPT:
		return "there is nothing to repeat";
	default:
		return "this makes no sense there";
	}
}

const char *tr_check_regex(const char *name, size_t *at)
{
	const char *text = name + 1;
	const size_t bytes = strlen(name) - 2;
	regex_t regex;
	int error;

	*at = 0;
	if (!bytes)
		return "it is empty";
	if (bytes > LONGEST_PATTERN)
		return "it is too long";
	if (!(error = compile(&regex, text, bytes, 0))) {
		regfree(&regex);
		return NULL;
	}
	*at = 1 + find_wrong(text, bytes);
	return word(error);
}

/* ---- what it matches ---------------------------------------------------------------------------------- */

static void free_matches(struct tr_matches *m)
{
	if (!m)
		return;
	if (m->functions)
		sqlite3_free(sqlite3_str_finish(m->functions));
	if (m->sites)
		sqlite3_free(sqlite3_str_finish(m->sites));
	sqlite3_free(m->function_list);
	sqlite3_free(m->site_list);
	sqlite3_free(m->pattern);
	free(m);
}

void tr_free_patterns(struct tr_trace *trace)
{
	while (trace->matches) {
		struct tr_matches *m = trace->matches;
		trace->matches = m->next;
		free_matches(m);
	}
}

static int matches(const regex_t *regex, const char *name, char *cut)
{
	if (strnlen(name, MATCHED_BYTES) == MATCHED_BYTES) {
		memcpy(cut, name, MATCHED_BYTES - 1);
		cut[MATCHED_BYTES - 1] = 0;
		name = cut;
	}
	return !regexec(regex, name, 0, NULL, 0);
}

static int collect(struct tr_trace *trace, const regex_t *regex, const char *sql, sqlite3_str *list, struct tr_error *error)
{
	static char cut[MATCHED_BYTES];
	sqlite3_stmt *names = NULL;
	unsigned count = 0;
	int rc = tr_prepare_sql(trace, sql, &names);

	while (rc == SQLITE_OK && (rc = sqlite3_step(names)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(names, 1);
		if (name && matches(regex, name, cut))
			sqlite3_str_appendf(list, "%s%lld", sqlite3_str_length(list) ? "," : "", sqlite3_column_int64(names, 0));
		/* Outside of SQLite's steps. */
		rc = ++count % NAMES_PER_LOOK == 0 && tr_is_late(trace) ? SQLITE_INTERRUPT : SQLITE_OK;
	}
	sqlite3_finalize(names);
	if (rc == SQLITE_DONE)
		rc = sqlite3_str_errcode(list);
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(trace, rc, error);
}

static int find_matches(struct tr_trace *trace, const char *pattern, struct tr_matches **out, struct tr_error *error)
{
	struct tr_matches *m;
	const size_t bytes = strlen(pattern) - 2;
	char cut[sizeof(no_function)];
	regex_t regex;
	int status;

	for (m = trace->matches; m && strcmp(m->pattern, pattern); m = m->next)
		;
	*out = m;
	if (m)
		return 0;
	if (!bytes || bytes > LONGEST_PATTERN || compile(&regex, pattern + 1, bytes, 0))
		return tr_fail(error, INSTR_ERR_NOT_FOUND, trace->path, "%.100s is no regular expression", pattern);
	m = calloc(1, sizeof(*m));
	if (!m || !(m->pattern = sqlite3_mprintf("%s", pattern)) || !(m->functions = sqlite3_str_new(trace->db)) ||
	    !(m->sites = sqlite3_str_new(trace->db)))
		status = tr_fail_sqlite(trace, SQLITE_NOMEM, error);
	else if (!(status = collect(trace, &regex, "SELECT function_id, name FROM functions ORDER BY function_id", m->functions, error)))
		status = collect(trace, &regex, "SELECT site_id, name FROM sites ORDER BY site_id", m->sites, error);
	if (!status)
		m->no_function = matches(&regex, no_function, cut);
	regfree(&regex);
	if (status) {
		free_matches(m);
		return status;
	}
	m->function_list = sqlite3_str_finish(m->functions);
	m->site_list = sqlite3_str_finish(m->sites);
	m->functions = m->sites = NULL;
	m->next = trace->matches;
	*out = trace->matches = m;
	return 0;
}

/* ---- queries ------------------------------------------------------------------------------------------ */

/* The column whose GLOB stands at p, as far back as `from`. */
static const char *find_column(const char *from, const char *p)
{
	while (p > from && p[-1] == ' ')
		p--;
	while (p > from && (p[-1] == '_' || p[-1] == '.' || (p[-1] >= 'a' && p[-1] <= 'z')))
		p--;
	return p;
}

/* Is the column of that name, with or without its table? */
static int is_column(const char *column, size_t bytes, const char *name)
{
	const size_t tail = strlen(name);

	return bytes >= tail && !memcmp(column + bytes - tail, name, tail) && (bytes == tail || column[bytes - tail - 1] == '.');
}

/* In the table of functions their numbers tell; a view has names, of functions or of what is called at sites. */
static void put_matches(sqlite3_str *out, const char *column, size_t bytes, const struct tr_matches *m)
{
	const char *functions = m->function_list ? m->function_list : "", *sites = m->site_list ? m->site_list : "";
	const int in_table = is_column(column, bytes, "name");

	sqlite3_str_append(out, column, (int)(in_table ? bytes - strlen("name") : bytes));
	if (in_table)
		sqlite3_str_appendf(out, "function_id IN (%s)", functions);
	else if (is_column(column, bytes, "called"))
		sqlite3_str_appendf(out, " IN (SELECT name FROM sites WHERE site_id IN (%s))", sites);
	else
		sqlite3_str_appendf(out, " IN (SELECT name FROM functions WHERE function_id IN (%s)%s)", functions,
				    m->no_function ? " UNION ALL SELECT '(no function)'" : "");
}

int tr_put_regex(struct tr_trace *trace, char **sql, const struct tr_argument *a, struct tr_error *error)
{
	struct tr_matches *m;
	char glob[100];
	const char *text = *sql, *p;
	int status;

	sqlite3_snprintf(sizeof(glob), glob, "|| '(' GLOB :%s || '(*'", a->name);
	if (!strstr(text, glob))
		return 0;
	tr_refill_steps(trace);
	if ((status = find_matches(trace, a->text, &m, error)))
		return status;
	sqlite3_str *out = sqlite3_str_new(trace->db);
	for (; (p = strstr(text, glob)); text = p + strlen(glob)) {
		const char *column = find_column(text, p), *end = p;
		while (end > column && end[-1] == ' ')
			end--;
		sqlite3_str_append(out, text, (int)(column - text));
		put_matches(out, column, (size_t)(end - column), m);
	}
	sqlite3_str_appendall(out, text);
	sqlite3_free(*sql);
	*sql = sqlite3_str_finish(out);
	return *sql ? 0 : tr_fail_sqlite(trace, SQLITE_NOMEM, error);
}

char *tr_glob_of(const char *name)
{
	sqlite3_str *glob = sqlite3_str_new(NULL);

	if (!*name)
		sqlite3_str_appendall(glob, "[]"); /* which nothing has */
	for (const char *c = name; *c; c++)
		sqlite3_str_appendf(glob, *c == '[' || *c == '?' ? "[%c]" : "%c", *c);
	return sqlite3_str_finish(glob);
}
