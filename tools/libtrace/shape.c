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

/* One row per column of every table of a database: table, column, type, whether it is stored. */
static const char columns_of_tables[] =
	"SELECT t.name, c.name, c.type, c.hidden "
	"FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name, 'main') AS c "
	"WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid";
static const char column_of_file[] =
	"SELECT c.type, c.hidden FROM pragma_table_list(?1) AS t JOIN pragma_table_xinfo(?1, 'main') AS c "
	"WHERE t.schema = 'main' AND t.type = 'table' AND c.name = ?2 COLLATE NOCASE";
static const char table_of_file[] =
	"SELECT type FROM pragma_table_list(?1) WHERE schema = 'main'";

static int explain_missing(struct tr_trace *trace, const char *table, const char *column, struct tr_error *error)
{
	sqlite3_stmt *find = NULL;
	char type[32] = "";

	if (!sqlite3_prepare_v2(trace->db, table_of_file, -1, &find, NULL)) {
		sqlite3_bind_text(find, 1, table, -1, SQLITE_STATIC);
		if (sqlite3_step(find) == SQLITE_ROW)
			sqlite3_snprintf(sizeof(type), type, "%s", sqlite3_column_text(find, 0));
	}
	sqlite3_finalize(find);
	if (!*type)
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "not a whole trace: table %s is missing", table);
	if (strcmp(type, "table"))
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path,
			       "not a trace as this project writes it: %s is a %s table or view", table, type);
	return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "not a whole trace: column %s.%s is missing", table, column);
}

static int check_column(struct tr_trace *trace, sqlite3_stmt *expected, sqlite3_stmt *find, struct tr_error *error)
{
	const char *table = (const char *)sqlite3_column_text(expected, 0);
	const char *column = (const char *)sqlite3_column_text(expected, 1);
	const char *type = (const char *)sqlite3_column_text(expected, 2);
	int status = 0;

	sqlite3_bind_text(find, 1, table, -1, SQLITE_STATIC);
	sqlite3_bind_text(find, 2, column, -1, SQLITE_STATIC);
	int rc = sqlite3_step(find);
	if (rc == SQLITE_DONE)
		status = explain_missing(trace, table, column, error);
	else if (rc != SQLITE_ROW)
		status = tr_fail_sqlite(trace, rc, error);
	else if (sqlite3_column_int(find, 1) ||
		 sqlite3_stricmp((const char *)sqlite3_column_text(find, 0), type))
		status = tr_fail(error, INSTR_ERR_FORMAT, trace->path,
				 "not a trace as this project writes it: column %s.%s is not a stored %s",
				 table, column, type);
	sqlite3_reset(find);
	return status;
}

int tr_check_shape(struct tr_trace *trace, struct tr_error *error)
{
	sqlite3 *model = NULL;
	sqlite3_stmt *expected = NULL, *find = NULL;
	int status = 0, rc;

	if ((rc = sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE, NULL)) ||
	    (rc = sqlite3_exec(model, instr_schema_sql, NULL, NULL, NULL)) ||
	    (rc = sqlite3_prepare_v2(model, columns_of_tables, -1, &expected, NULL))) {
		status = tr_fail(error, INSTR_ERR_MEMORY, trace->path, "the schema of traces cannot be set up: %s",
				 model ? sqlite3_errmsg(model) : sqlite3_errstr(rc));
		goto out;
	}
	if ((rc = sqlite3_prepare_v2(trace->db, column_of_file, -1, &find, NULL))) {
		status = tr_fail_sqlite(trace, rc, error);
		goto out;
	}
	while (!status && (rc = sqlite3_step(expected)) == SQLITE_ROW)
		status = check_column(trace, expected, find, error);
	if (!status && rc != SQLITE_DONE)
		status = tr_fail(error, INSTR_ERR_MEMORY, trace->path, "the schema of traces cannot be read: %s",
				 sqlite3_errmsg(model));
out:
	sqlite3_finalize(find);
	sqlite3_finalize(expected);
	sqlite3_close(model);
	return status;
}
