/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * views.c - a statement sees the views that it names, from our text and not from the file's: each is made, as a TEMP view,
 * when the first statement comes that has its name in it, or a view that has. All of them would take longer than most
 * queries do.
 */
#include "libtrace/internal.h"

#include <stdlib.h>
#include <string.h>

#include "instr/schema.h"

static const char begin[] = "CREATE TEMP VIEW ";

static int is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

static size_t word_bytes(const char *text)
{
	size_t n = 0;
	while (is_word(text[n]))
		n++;
	return n;
}

static int add_view(struct tr_trace *trace, const char *text)
{
	struct tr_view *v = realloc(trace->views, (trace->view_count + 1) * sizeof(*v));
	if (!v)
		return SQLITE_NOMEM;
	trace->views = v;
	const char *name = text + sizeof(begin) - 1, *end = strstr(name, begin);
	v[trace->view_count++] = (struct tr_view){.name = name, .name_bytes = word_bytes(name), .text = text,
						  .text_bytes = end ? (size_t)(end - text) : strlen(text)};
	return SQLITE_OK;
}

static int list_views(struct tr_trace *trace)
{
	int rc = SQLITE_OK;
	for (const char *p = strstr(instr_temp_views_sql, begin); p && rc == SQLITE_OK; p = strstr(p + 1, begin))
		rc = add_view(trace, p);
	return rc;
}

static struct tr_view *find_view(const struct tr_trace *trace, const char *word, size_t bytes)
{
	for (size_t i = 0; i < trace->view_count; i++)
		if (trace->views[i].name_bytes == bytes && !sqlite3_strnicmp(trace->views[i].name, word, (int)bytes))
			return &trace->views[i];
	return NULL;
}

/* Appends the statements that make the views whose names are in the text: words that mean something else do no harm. */
static void need(struct tr_trace *trace, const char *text, size_t bytes, sqlite3_str *sql)
{
	for (const char *p = text; p < text + bytes;) {
		size_t n = word_bytes(p);
		if (p[0] == '-' && p[1] == '-') {
			p += strcspn(p, "\n");
		} else if (!n) {
			p++;
		} else {
			struct tr_view *v = find_view(trace, p, n);
			if (v && !v->made) {
				v->made = 1;
				sqlite3_str_appendf(sql, "CREATE TEMP VIEW IF NOT EXISTS %.*s", (int)(v->text_bytes - (sizeof(begin) - 1)), v->name);
				need(trace, v->name, v->text_bytes - (sizeof(begin) - 1), sql);
			}
			p += n;
		}
	}
}

void tr_forget_views(struct tr_trace *trace)
{
	for (size_t i = 0; i < trace->view_count; i++)
		trace->views[i].made = 0;
}

static int make_views(struct tr_trace *trace, const char *text)
{
	int was_locked = trace->locked_down;
	int rc = trace->view_count ? SQLITE_OK : list_views(trace);
	sqlite3_str *str = sqlite3_str_new(trace->db);

	if (rc == SQLITE_OK)
		need(trace, text, strlen(text), str);
	int bytes = sqlite3_str_length(str);
	if (rc == SQLITE_OK)
		rc = sqlite3_str_errcode(str);
	char *sql = sqlite3_str_finish(str);
	if (rc == SQLITE_OK && bytes) {
		trace->locked_down = 0; /* the statements are ours */
		if (was_locked)
			rc = sqlite3_exec(trace->db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(trace->db, sql, NULL, NULL, NULL);
		if (was_locked)
			sqlite3_exec(trace->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
		trace->locked_down = was_locked;
	}
	sqlite3_free(sql);
	if (rc != SQLITE_OK)
		tr_forget_views(trace);
	return rc;
}

int tr_prepare_sql(struct tr_trace *trace, const char *sql, sqlite3_stmt **statement)
{
	int rc = make_views(trace, sql);

	*statement = NULL;
	return rc == SQLITE_OK ? sqlite3_prepare_v2(trace->db, sql, -1, statement, NULL) : rc;
}
