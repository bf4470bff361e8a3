/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * guard.c - a file that is ours by its header may come from anybody: nothing that it carries runs,
 * and reading it ends.
 *
 *   schema     no view, trigger or virtual table of the file is used; a table that is only looked into
 *              has stored columns alone; a file that is continued has tables and indexes by our text,
 *              and no other indexes: these would run expressions of the file at each row written
 *   journal    one that names a super-journal makes SQLite delete the file of that name; ours never do
 *   time       reading ends when it has had more of the processor than a file of its size can need:
 *              pages that point at each other can make a short file endless
 *   values     no larger than LARGEST_VALUE_BYTES
 *   order      rows come in the order of their keys (read.c): pages that occur twice are seen
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/store_image.h"
#include "store/store_internal.h"

enum {
	STEPS_PER_CALL = 5000,
	SECONDS_AT_LEAST = 20,
	SECONDS_AT_MOST = 600,
	BYTES_PER_SECOND = 4 << 20,
	LARGEST_VALUE_BYTES = 16 << 20, /* a chunk of a quarter of a million events is far below */
};

/* Of the processor: a machine may be busy, and a disk slow. */
static int64_t now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec;
}

static int is_late(void *arg)
{
	const struct irt_store *store = arg;

	return store->deadline_seconds && now_seconds() > store->deadline_seconds;
}

void irt_store_reading(struct irt_store *store, bool on)
{
	struct stat st = {0};
	int64_t seconds;

	store->deadline_seconds = 0;
	if (!on)
		return;
	fstatat(store->folder_fd, store->name, &st, AT_SYMLINK_NOFOLLOW);
	seconds = SECONDS_AT_LEAST + st.st_size / BYTES_PER_SECOND;
	store->deadline_seconds = now_seconds() + (seconds < SECONDS_AT_MOST ? seconds : SECONDS_AT_MOST);
}

void irt_store_guard(struct irt_store *store)
{
	static const struct { int what, value; } settings[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 0},    {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		sqlite3_db_config(store->db, settings[i].what, settings[i].value, NULL);
	sqlite3_drop_modules(store->db, NULL);
	sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, LARGEST_VALUE_BYTES);
	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(store->db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
	sqlite3_progress_handler(store->db, STEPS_PER_CALL, is_late, store);
}

/* ---- a journal beside it ------------------------------------------------------------------------ */

/* SQLite's file format: such a journal ends with the name, its length, a checksum and the magic.
 * (https://sqlite.org/src/file/src/pager.c, "writeSuperJournal") */
int irt_store_check_journal(struct irt_store *store)
{
	static const unsigned char magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
	char journal[sizeof(store->name) + 16];
	unsigned char end[8];
	struct stat st;
	bool names = false;
	int fd;

	snprintf(journal, sizeof(journal), "%s-journal", store->name);
	fd = openat(store->folder_fd, journal, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && st.st_size > (off_t)sizeof(end) &&
	    pread(fd, end, sizeof(end), st.st_size - (off_t)sizeof(end)) == (ssize_t)sizeof(end))
		names = !memcmp(end, magic, sizeof(end));
	close(fd);
	return names ? irt_store_fail(store, INSTR_ERR_NOT_OURS, "%s was not written by instr and is left alone", journal) : 0;
}

/* ---- shapes ------------------------------------------------------------------------------------- */

int irt_store_check_stored(struct irt_store *store, const char *table)
{
	static const char kind[] = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name = ?";
	char sql[64];
	sqlite3_stmt *question;
	int rc, computed = 0;

	rc = sqlite3_prepare_v2(store->db, kind, -1, &question, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_bind_text(question, 1, table, -1, SQLITE_STATIC)) == SQLITE_OK)
		rc = sqlite3_step(question);
	sqlite3_finalize(question);
	if (rc == SQLITE_ROW) {
		snprintf(sql, sizeof(sql), "PRAGMA main.table_xinfo(%s)", table);
		rc = sqlite3_prepare_v2(store->db, sql, -1, &question, NULL);
		while (rc == SQLITE_OK && (rc = sqlite3_step(question)) == SQLITE_ROW) {
			computed |= sqlite3_column_int(question, 6) != 0; /* hidden */
			rc = SQLITE_OK;
		}
		sqlite3_finalize(question);
	} else if (rc == SQLITE_DONE) {
		computed = 1;
	}
	if (rc != SQLITE_DONE)
		return irt_store_fail_sqlite(store, rc, "read");
	return computed ? irt_store_fail(store, INSTR_ERR_FORMAT, "the file is damaged: table %s is not ours", table) : 0;
}

/* The empty file as a database in memory. */
static sqlite3 *open_image(void)
{
	unsigned char *image = sqlite3_malloc64(irt_store_image_size);
	const unsigned char *bytes = irt_store_image_bytes;
	sqlite3 *db = NULL;

	if (!image)
		return NULL;
	memset(image, 0, irt_store_image_size);
	for (unsigned i = 0; i < irt_store_image_run_count; i++) {
		memcpy(image + irt_store_image_runs[i].offset, bytes, irt_store_image_runs[i].bytes);
		bytes += irt_store_image_runs[i].bytes;
	}
	image[18] = image[19] = 1; /* a write-ahead log cannot be in memory */
	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_MEMORY, NULL) == SQLITE_OK &&
	    sqlite3_deserialize(db, "main", image, irt_store_image_size, irt_store_image_size, SQLITE_DESERIALIZE_READONLY |
				SQLITE_DESERIALIZE_FREEONCLOSE) == SQLITE_OK) /* which frees it when it fails, too */
		return db;
	sqlite3_close(db);
	return NULL;
}

static bool begins(const char *text, const char *with)
{
	return !sqlite3_strnicmp(text, with, (int)strlen(with));
}

int irt_store_check_schema(struct irt_store *store)
{
	static const char ours_sql[] = "SELECT type IN ('table', 'index') FROM sqlite_schema WHERE name = ?1 AND sql = ?2";
	static const char count_sql[] = "SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL";
	sqlite3 *image = open_image();
	sqlite3_stmt *ours = NULL, *count = NULL, *theirs = NULL;
	int rc = SQLITE_NOMEM, missing = 0, result = 0;

	if (image && (rc = sqlite3_prepare_v2(image, ours_sql, -1, &ours, NULL)) == SQLITE_OK &&
	    (rc = sqlite3_prepare_v2(image, count_sql, -1, &count, NULL)) == SQLITE_OK && sqlite3_step(count) == SQLITE_ROW) {
		missing = sqlite3_column_int(count, 0);
		rc = sqlite3_prepare_v2(store->db, "SELECT name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL", -1, &theirs,
					NULL);
	}
	while (!result && rc == SQLITE_OK && (rc = sqlite3_step(theirs)) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(theirs, 1);
		sqlite3_bind_value(ours, 1, sqlite3_column_value(theirs, 0));
		sqlite3_bind_value(ours, 2, sqlite3_column_value(theirs, 1));
		if (sqlite3_step(ours) == SQLITE_ROW)
			missing -= sqlite3_column_int(ours, 0);
		else if (!sql || !(begins(sql, "CREATE TABLE ") || begins(sql, "CREATE VIEW ") || begins(sql, "CREATE TRIGGER ")))
			result = irt_store_fail(store, INSTR_ERR_FORMAT, "the file is damaged: it has indexes that are not ours");
		sqlite3_reset(ours);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(ours);
	sqlite3_finalize(count);
	sqlite3_finalize(theirs);
	sqlite3_close(image);
	if (!result && rc != SQLITE_DONE)
		result = rc == SQLITE_NOMEM ? irt_store_fail(store, INSTR_ERR_MEMORY, "no memory") :
					      irt_store_fail_sqlite(store, rc, "read");
	if (!result && missing)
		result = irt_store_fail(store, INSTR_ERR_FORMAT, "the file is damaged: its tables are not ours");
	return result;
}
