/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * functions.c - SQL functions beside the tables.
 *
 *     chunks_read()                how many chunks of events this connection has read so far
 */
#include "sql/internal.h"

static void chunks_read(sqlite3_context *out, int count, sqlite3_value **values)
{
	const struct sql_source *source = sqlite3_user_data(out);

	(void)count;
	(void)values;
	sqlite3_result_int64(out, source->chunks_read);
}

int sql_add_functions(struct sql_source *source)
{
	int rc;

	source->users++;
	rc = sqlite3_create_function_v2(source->db, "chunks_read", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, source, chunks_read, NULL, NULL, sql_source_leave);
	return rc;
}
