/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * shape.c - are the tables of a file those of schema.sql?
 *
 * What they should be is asked of an empty database made from the same text, so there is no second
 * list to keep in step. A file may have more tables and more columns (a later version adds them, a
 * user may add a table); every one that we know must be an ordinary table with the column's name and
 * type, not computed. So a query that names it reads stored data and nothing else.
 */
#include "libtrace/internal.h"

#include <string.h>

#include "instr/schema.h"

/* One row per column of every table of a database: its name, kind and columns. What a virtual table
 * has is not asked: that would load its module. */
static const char columns_of_file[] =
	"SELECT t.name, t.type, c.name, c.type, c.hidden "
	"FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name, 'main') AS c "
	"WHERE t.schema = 'main' AND t.type NOT IN ('view', 'virtual') "
	"UNION ALL SELECT name, type, '', '', 0 FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'";

/* In the model: what the file has, and the first thing that it lacks. */
static const char make_found[] =
	"CREATE TABLE temp.found (owner TEXT COLLATE NOCASE, kind TEXT, name TEXT COLLATE NOCASE, type TEXT COLLATE NOCASE,"
	" hidden INTEGER)";
static const char insert_found[] = "INSERT INTO temp.found VALUES (?1, ?2, ?3, ?4, ?5)";
static const char first_missing[] =
	"SELECT t.name, c.name, c.type, (SELECT kind FROM found WHERE owner = t.name),"
	" EXISTS (SELECT 1 FROM found WHERE owner = t.name AND name = c.name) "
	"FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name, 'main') AS c "
	"WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND NOT EXISTS ("
	" SELECT 1 FROM found f WHERE f.owner = t.name AND f.kind = 'table' AND f.name = c.name AND f.type = c.type"
	" AND f.hidden = 0) ORDER BY 4 IS NULL, t.name, c.cid LIMIT 1";

static int model_failed(struct tr_trace *trace, sqlite3 *model, struct tr_error *error)
{
	return tr_fail(error, INSTR_ERR_MEMORY, trace->path, "the schema of traces cannot be set up: %s",
		       sqlite3_errmsg(model));
}

/* The file's columns into the model's table found. */
static int read_columns(struct tr_trace *trace, sqlite3 *model, struct tr_error *error)
{
	sqlite3_stmt *from = NULL, *into = NULL;
	int rc, status = 0;

	if (sqlite3_exec(model, make_found, NULL, NULL, NULL) || sqlite3_prepare_v2(model, insert_found, -1, &into, NULL))
		return model_failed(trace, model, error);
	if ((rc = sqlite3_prepare_v2(trace->db, columns_of_file, -1, &from, NULL)) == SQLITE_OK) {
		while (!status && (rc = sqlite3_step(from)) == SQLITE_ROW) {
			for (int i = 0; i < 5; i++)
				sqlite3_bind_value(into, i + 1, sqlite3_column_value(from, i));
			if (sqlite3_step(into) != SQLITE_DONE)
				status = model_failed(trace, model, error);
			sqlite3_reset(into);
		}
	}
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(trace, rc, error);
	sqlite3_finalize(from);
	sqlite3_finalize(into);
	return status;
}

static int compare_columns(struct tr_trace *trace, sqlite3 *model, struct tr_error *error)
{
	sqlite3_stmt *missing = NULL;
	int rc, status = 0;

	if (sqlite3_prepare_v2(model, first_missing, -1, &missing, NULL))
		return model_failed(trace, model, error);
	if ((rc = sqlite3_step(missing)) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(missing, 0);
		const char *column = (const char *)sqlite3_column_text(missing, 1);
		const char *type = (const char *)sqlite3_column_text(missing, 2);
		const char *kind = (const char *)sqlite3_column_text(missing, 3);
		if (!kind)
			status = tr_fail(error, INSTR_ERR_FORMAT, trace->path, "not a whole trace: table %s is missing", table);
		else if (strcmp(kind, "table"))
			status = tr_fail(error, INSTR_ERR_FORMAT, trace->path,
					 "not a trace as this project writes it: %s is a %s table", table, kind);
		else if (!sqlite3_column_int(missing, 4))
			status = tr_fail(error, INSTR_ERR_FORMAT, trace->path, "not a whole trace: column %s.%s is missing",
					 table, column);
		else
			status = tr_fail(error, INSTR_ERR_FORMAT, trace->path,
					 "not a trace as this project writes it: column %s.%s is not a stored %s", table,
					 column, type);
	} else if (rc != SQLITE_DONE) {
		status = model_failed(trace, model, error);
	}
	sqlite3_finalize(missing);
	return status;
}

/* The common case, at a fifth of the price: every table was made by the very text of schema.sql. The
 * text is what SQLite reads a table's shape from, so nothing else needs to be compared. */
static int made_by_our_text(struct tr_trace *trace)
{
	static const char create[] = "CREATE TABLE ";
	sqlite3_stmt *tables = NULL;
	int wanted = 0, found = 0;

	for (const char *p = instr_schema_sql; (p = strstr(p, create)); p += sizeof(create) - 1)
		wanted++;
	if (sqlite3_prepare_v2(trace->db, "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND sql IS NOT NULL", -1,
			       &tables, NULL) == SQLITE_OK) {
		while (sqlite3_step(tables) == SQLITE_ROW) {
			const char *sql = (const char *)sqlite3_column_text(tables, 0);
			const char *ours = sql && !strncmp(sql, create, sizeof(create) - 1) ? strstr(instr_schema_sql, sql) : NULL;
			found += ours && ours[strlen(sql)] == ';';
		}
	}
	sqlite3_finalize(tables);
	return found == wanted;
}

int tr_check_shape(struct tr_trace *trace, struct tr_error *error)
{
	sqlite3 *model = NULL;
	int status;

	if (made_by_our_text(trace))
		return 0;
	if (sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
	    sqlite3_exec(model, instr_schema_sql, NULL, NULL, NULL))
		status = model_failed(trace, model, error);
	else if (!(status = read_columns(trace, model, error)))
		status = compare_columns(trace, model, error);
	sqlite3_close(model);
	return status;
}
