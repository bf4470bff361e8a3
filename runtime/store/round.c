/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * round.c - begin, commit and rollback of a round, and how failures are told.
 *
 * A round is one transaction. Its first failure is kept in round_result and ends it: later puts
 * return at once, and commit rolls back. SQLite may have rolled back by itself (disk full, I/O).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testpoint.h"
#include "store/store_internal.h"

/* ---- failures --------------------------------------------------------------------------------- */

int irt_store_set_error(struct irt_store_error *error, const char *name, int code, const char *format, ...)
{
	va_list arguments;
	size_t used;

	if (!error)
		return code;
	error->code = code;
	snprintf(error->text, sizeof(error->text), "%s: ", name);
	used = strlen(error->text);
	va_start(arguments, format);
	vsnprintf(error->text + used, sizeof(error->text) - used, format, arguments);
	va_end(arguments);
	return code;
}

int irt_store_fail(struct irt_store *store, int code, const char *format, ...)
{
	char text[sizeof(store->error.text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	irt_store_set_error(&store->error, store->name, code, "%s", text);
	if (store->state == IRT_STORE_ROUND && !store->round_result)
		store->round_result = code;
	return code;
}

static int code_of_errno(int number, const char **why)
{
	switch (number) {
	case ENOSPC:
		*why = "no space is left on the device";
		return INSTR_ERR_FULL;
	case EDQUOT:
		*why = "the disk quota is used up";
		return INSTR_ERR_FULL;
	case EFBIG:
		*why = "the limit on file size is reached";
		return INSTR_ERR_FULL;
	case EACCES:
	case EPERM:
		*why = "permission denied";
		return INSTR_ERR_PERMISSION;
	case EROFS:
		*why = "the file system is read-only";
		return INSTR_ERR_PERMISSION;
	case ENOENT:
	case ENOTDIR:
		*why = "no such file or folder";
		return INSTR_ERR_NOT_FOUND;
	case ELOOP:
		*why = "it is a symbolic link";
		return INSTR_ERR_NOT_OURS;
	case ENOMEM:
		*why = "no memory";
		return INSTR_ERR_MEMORY;
	case 0:
		*why = "a read or write failed";
		return INSTR_ERR_IO;
	default:
		*why = strerror(number);
		return INSTR_ERR_IO;
	}
}

int irt_store_code_of_errno(int number, const char **why)
{
	return code_of_errno(number, why);
}

int irt_store_code(sqlite3 *db, int rc, const char **why)
{
	int number = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		*why = "no space is left on the device";
		return INSTR_ERR_FULL;
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM) {
			*why = "no memory";
			return INSTR_ERR_MEMORY;
		}
		return code_of_errno(number, why);
	case SQLITE_CANTOPEN:
		return code_of_errno(number, why);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		*why = "another program has locked it";
		return INSTR_ERR_BUSY;
	case SQLITE_NOMEM:
		*why = "no memory";
		return INSTR_ERR_MEMORY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		*why = "it may not be written";
		return INSTR_ERR_PERMISSION;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		*why = "the file is damaged";
		return INSTR_ERR_FORMAT;
	default:
		*why = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
		return INSTR_ERR_FORMAT;
	}
}

int irt_store_fail_sqlite(struct irt_store *store, int rc, const char *doing)
{
	const char *why;
	int code = irt_store_code(store->db, rc, &why);

	return irt_store_fail(store, code, "cannot %s: %s", doing, why);
}

const char *irt_store_error(const struct irt_store *store)
{
	return store->error.text;
}

/* ---- statements ------------------------------------------------------------------------------- */

sqlite3_stmt *irt_store_statement(struct irt_store *store, enum irt_store_statement which)
{
	sqlite3_stmt **slot = &store->statements[which];

	if (!*slot) {
		int rc = sqlite3_prepare_v3(store->db, irt_store_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					    slot, NULL);
		if (rc != SQLITE_OK) {
			irt_store_fail_sqlite(store, rc, "use its tables");
			return NULL;
		}
	}
	return *slot;
}

int irt_store_run(struct irt_store *store, sqlite3_stmt *statement, const char *doing)
{
	int rc = sqlite3_step(statement);
	int result = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		result = irt_store_fail_sqlite(store, rc, doing);
	sqlite3_reset(statement);
	return result;
}

int irt_store_number(struct irt_store *store, enum irt_store_statement which, int64_t *number)
{
	sqlite3_stmt *statement = irt_store_statement(store, which);
	int rc, result = 0;

	if (!statement)
		return store->error.code;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	else
		result = irt_store_fail_sqlite(store, rc, "read");
	sqlite3_reset(statement);
	return result;
}

int irt_store_exec(struct irt_store *store, const char *sql, const char *doing)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : irt_store_fail_sqlite(store, rc, doing);
}

/* ---- rounds ----------------------------------------------------------------------------------- */

static int run_plain(struct irt_store *store, enum irt_store_statement which, const char *doing)
{
	sqlite3_stmt *statement = irt_store_statement(store, which);

	return statement ? irt_store_run(store, statement, doing) : store->error.code;
}

int irt_store_begin(struct irt_store *store)
{
	bool again = store->state == IRT_STORE_FINISHED;
	int result;

	if (store->state == IRT_STORE_ROUND)
		return irt_store_fail(store, INSTR_ERR_FORMAT, "a round is already open");
	if (again) {
		result = irt_store_wal_on(store);
		if (result)
			return result;
		IRT_TESTPOINT(file_reopened);
		store->state = IRT_STORE_IDLE;
	}
	result = run_plain(store, IRT_ST_BEGIN, "write");
	if (result) {
		irt_store_after_failure(store, result);
		return result;
	}
	store->state = IRT_STORE_ROUND;
	store->round_result = 0;
	irt_store_clear_covered(store);
	store->merged_count = 0;
	if (store->recording)
		return 0;
	/* A file that was finished is being written again. */
	result = irt_store_put_run(store, "state", "recording", 0);
	if (result) {
		irt_store_rollback(store);
		irt_store_after_failure(store, result);
	}
	return result;
}

void irt_store_rollback(struct irt_store *store)
{
	if (store->state != IRT_STORE_ROUND)
		return;
	if (!sqlite3_get_autocommit(store->db)) {
		sqlite3_stmt *statement = irt_store_statement(store, IRT_ST_ROLLBACK);
		if (statement) {
			sqlite3_step(statement); /* fails only by rolling back all the same */
			sqlite3_reset(statement);
		}
	}
	store->state = IRT_STORE_IDLE;
	irt_store_restore_deleted(store);
	irt_store_clear_covered(store);
	store->merged_count = 0;
}

/* events=off: what this round's checkpoint covers goes. */
static int delete_covered(struct irt_store *store)
{
	for (size_t i = 0; i < store->covered_count; i++) {
		sqlite3_stmt *statement = irt_store_statement(store, IRT_ST_DELETE_COVERED);
		if (!statement)
			return store->error.code;
		sqlite3_bind_int64(statement, 1, store->covered[i].thread_id);
		sqlite3_bind_int64(statement, 2, store->covered[i].totals_pos);
		int result = irt_store_run(store, statement, "delete chunks");
		if (result)
			return result;
	}
	return 0;
}

int irt_store_commit(struct irt_store *store)
{
	int result;

	if (store->state != IRT_STORE_ROUND)
		return irt_store_fail(store, INSTR_ERR_FORMAT, "no round is open");
	result = store->round_result;
	if (!result && !store->keep_events)
		result = delete_covered(store);
	if (!result && store->max_bytes)
		result = irt_store_make_room(store, 0);
	if (!result)
		result = irt_store_delete_all_merged(store);
	if (!result)
		result = irt_store_note_deleted(store);
	if (!result && store->no_shared_memory && !store->said_exclusive) {
		const struct irt_store_message row = {
			IRT_STORE_NULL, IRT_STORE_NULL, "note",
			"The file system has no shared memory: the trace cannot be read before the run has ended.",
		};
		result = irt_store_put_message(store, &row);
	}
	if (!result)
		result = run_plain(store, IRT_ST_COMMIT, "write");
	if (result) {
		struct irt_store_error error = store->error;
		irt_store_rollback(store);
		irt_store_after_failure(store, result);
		store->error = error;
		return result;
	}
	store->state = IRT_STORE_IDLE;
	store->recording = true;
	store->said_exclusive = store->no_shared_memory;
	irt_store_keep_deleted(store);
	store->rounds++;
	irt_store_clear_covered(store);
	store->merged_count = 0;
	irt_store_after_commit(store);
	return 0;
}
