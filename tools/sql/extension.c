/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * extension.c - adds the tables to a connection: of whoever loads libinstr_sql.so, or of libtrace.
 */
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include "sql/internal.h"

#include <stdlib.h>
#include <string.h>

int sql_connect(sqlite3 *db, struct sql_source *source, const void *kind, const char *declaration, int argc, const char *const *argv,
		sqlite3_vtab **table, char **error)
{
	struct sql_table *t;
	char *sql;
	int rc;

	/* A file may say that a table of its own is one of these. */
	if (argc < 3 || strcmp(argv[0], argv[2])) {
		*error = sqlite3_mprintf("there is one table %s, and no other can be made", argv[0]);
		return SQLITE_ERROR;
	}
	if (!(sql = sqlite3_mprintf("CREATE TABLE x(%s)", declaration + 1)))
		return SQLITE_NOMEM;
	rc = sqlite3_declare_vtab(db, sql);
	sqlite3_free(sql);
	if (rc == SQLITE_OK) /* views and triggers of a file may not use them */
		rc = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	if (rc != SQLITE_OK)
		return rc;
	t = sqlite3_malloc(sizeof(*t));
	if (!t)
		return SQLITE_NOMEM;
	memset(t, 0, sizeof(*t));
	t->source = source;
	t->kind = kind;
	*table = &t->base;
	return SQLITE_OK;
}

int sql_disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

int instr_sql_register(sqlite3 *db, const struct instr_sql_limit *limit)
{
	static const struct {
		const char *name;
		const sqlite3_module *module;
	} tables[] = {
		{"calls", &sql_calls_module},       {"events", &sql_events_module}, {"allocations", &sql_allocations_module},
		{"lock_ops", &sql_lock_ops_module}, {"blocks", &sql_blocks_module},
		{"event_counts", &sql_counts_module}, {"event_histogram", &sql_histogram_module}, {"heap_at", &sql_heap_module},
	};
	struct sql_source *source = calloc(1, sizeof(*source));
	int rc = SQLITE_OK;

	if (!source)
		return SQLITE_NOMEM;
	source->db = db;
	source->limit = limit;
	source->users = 1;
	source->decoders_bytes = limit && limit->decoders_bytes ? limit->decoders_bytes : SQL_DECODERS_BYTES;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && rc == SQLITE_OK; i++) {
		source->users++; /* given back by SQLite, also where it fails */
		rc = sqlite3_create_module_v2(db, tables[i].name, tables[i].module, source, sql_source_leave);
	}
	if (rc == SQLITE_OK)
		rc = sql_add_functions(source);
	sql_source_leave(source);
	return rc;
}

#ifndef SQLITE_CORE
/* Its name follows from that of the file: libinstr_sql.so. */
int sqlite3_instrsql_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) __attribute__((visibility("default")));

int sqlite3_instrsql_init(sqlite3 *db, char **error, const sqlite3_api_routines *api)
{
	SQLITE_EXTENSION_INIT2(api)
	if (sqlite3_libversion_number() < 3031000) { /* SQLITE_VTAB_DIRECTONLY */
		*error = sqlite3_mprintf("SQLite %s is too old for libinstr_sql: 3.31 is needed", sqlite3_libversion());
		return SQLITE_ERROR;
	}
	return instr_sql_register(db, NULL);
}
#endif
