/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * make_schema.c - build-time program: turns schema.sql and views.sql into C.
 *
 *     make_schema SCHEMA.SQL VIEWS.SQL TEXT.C IMAGE.C
 *
 * TEXT.C holds both texts, and the views once more as TEMP views (include/instr/schema.h declares
 * them). IMAGE.C holds the bytes of an empty trace.db made from them, as runs between stretches of
 * zeros: writing them is a third of the cost of running the SQL in every traced program, and a file
 * can be completed under no name before it appears (store_image.h).
 *
 * A mistake in either text fails the build here.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instr/schema.h"
#include "store/store_image.h"

enum { GAP_BYTES = 64 }; /* fewer zeros than this do not end a run */

static void die(const char *what, const char *why)
{
	fprintf(stderr, "make_schema: %s: %s\n", what, why);
	exit(1);
}

static char *read_file(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	size_t used = 0, room = 0;

	if (!file)
		die(path, "cannot open");
	do {
		room = room ? 2 * room : 65536;
		text = realloc(text, room + 1);
		if (!text)
			die(path, "no memory");
		used += fread(text + used, 1, room - used, file);
	} while (used == room);
	if (ferror(file))
		die(path, "cannot read");
	fclose(file);
	text[used] = 0;
	if (bytes)
		*bytes = used;
	return text;
}

static void run(sqlite3 *db, const char *sql, const char *name)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		die(name, why ? why : sqlite3_errmsg(db));
}

/* Prepares every view's query: CREATE VIEW itself does not look at what the view names. */
static void check_views(sqlite3 *db)
{
	sqlite3_stmt *names, *query;

	if (sqlite3_prepare_v2(db, "SELECT 'SELECT * FROM ' || name FROM sqlite_schema WHERE type = 'view'",
			       -1, &names, NULL))
		die("views", sqlite3_errmsg(db));
	while (sqlite3_step(names) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(names, 0);
		if (sqlite3_prepare_v2(db, sql, -1, &query, NULL))
			die(sql, sqlite3_errmsg(db));
		sqlite3_finalize(query);
	}
	sqlite3_finalize(names);
}

/* A text as a C array; lines of the text are lines of the source. TEMP writes CREATE VIEW as CREATE
 * TEMP VIEW. An array of numbers, for C11 promises string literals of 4095 characters only. */
static void write_text(FILE *out, const char *name, const char *text, bool temp)
{
	static const char create[] = "CREATE VIEW ", instead[] = "CREATE TEMP VIEW ";
	const char *extra = "";

	fprintf(out, "const char %s[] = {\n", name);
	while (*extra || *text) {
		unsigned char c;
		if (*extra) {
			c = (unsigned char)*extra++;
		} else if (temp && !strncmp(text, create, sizeof(create) - 1)) {
			extra = instead;
			text += sizeof(create) - 1;
			continue;
		} else {
			c = (unsigned char)*text++;
		}
		if (c >= 128)
			die(name, "not ASCII");
		fprintf(out, "%u,%s", c, c == '\n' ? "\n" : "");
	}
	fprintf(out, "0};\n\n");
}

static void write_image(FILE *out, const unsigned char *image, size_t bytes)
{
	size_t runs = 0, offset = 0;
	char *table = NULL;
	size_t table_bytes = 0;
	FILE *list = open_memstream(&table, &table_bytes);

	if (!list)
		die("image", "no memory");
	fprintf(out, "const unsigned char irt_store_image_bytes[] = {\n");
	while (offset < bytes) {
		size_t end, zeros = 0;
		if (!image[offset]) {
			offset++;
			continue;
		}
		for (end = offset; end < bytes && zeros < GAP_BYTES; end++)
			zeros = image[end] ? 0 : zeros + 1;
		end -= zeros;
		for (size_t i = offset; i < end; i++)
			fprintf(out, "%u,%s", image[i], i % 32 == 31 ? "\n" : "");
		fprintf(list, "\t{%zu, %zu},\n", offset, end - offset);
		runs++;
		offset = end;
	}
	fclose(list);
	fprintf(out, "};\n\nconst struct irt_store_image_run irt_store_image_runs[] = {\n%s};\n\n", table);
	fprintf(out, "const unsigned irt_store_image_run_count = %zu;\n", runs);
	fprintf(out, "const unsigned irt_store_image_size = %zu;\n", bytes);
	free(table);
}

static FILE *create_file(const char *path, const char *include)
{
	FILE *file = fopen(path, "w");

	if (!file)
		die(path, "cannot write");
	fprintf(file, "/* Made by make_schema from schema.sql and views.sql. */\n#include \"%s\"\n\n", include);
	return file;
}

static void close_file(FILE *file, const char *path)
{
	if (ferror(file) | fclose(file))
		die(path, "cannot write");
}

int main(int argc, char **argv)
{
	char settings[200];
	sqlite3 *db;

	if (argc != 5)
		die("usage", "make_schema SCHEMA.SQL VIEWS.SQL TEXT.C IMAGE.C");
	char *schema = read_file(argv[1], NULL), *views = read_file(argv[2], NULL);

	FILE *out = create_file(argv[3], "instr/schema.h");
	write_text(out, "instr_schema_sql", schema, false);
	write_text(out, "instr_views_sql", views, false);
	write_text(out, "instr_temp_views_sql", views, true);
	close_file(out, argv[3]);

	char *path = sqlite3_mprintf("%s.db", argv[4]);
	remove(path);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die(path, sqlite3_errmsg(db));
	snprintf(settings, sizeof(settings),
		 "PRAGMA page_size = %d; PRAGMA synchronous = OFF; PRAGMA application_id = %d;"
		 "PRAGMA user_version = %d; BEGIN;",
		 IRT_STORE_PAGE_BYTES, INSTR_APPLICATION_ID, INSTR_SCHEMA_VERSION);
	run(db, settings, path);
	run(db, schema, argv[1]);
	run(db, views, argv[2]);
	run(db, "COMMIT", path);
	check_views(db);
	run(db, "PRAGMA journal_mode = WAL", path); /* the mark in the header; closing leaves no -wal */
	if (sqlite3_close(db) != SQLITE_OK)
		die(path, "cannot close");

	size_t bytes;
	char *image = read_file(path, &bytes);
	out = create_file(argv[4], "store/store_image.h");
	write_image(out, (const unsigned char *)image, bytes);
	close_file(out, argv[4]);
	remove(path);
	sqlite3_free(path);
	free(image);
	free(schema);
	free(views);
	return 0;
}
