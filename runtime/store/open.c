/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * open.c - whose file is it, and what is done about it; open, peek, finish, close.
 *
 *     START:  no file ─────────────────────────► create ──► connect
 *             this run's ──────────────────────────────────► connect
 *             another run's, ended or dead ──► retire ──► create ──► connect
 *             another run's, live or newer ──► INSTR_ERR_BUSY
 *             anything else ──► INSTR_ERR_NOT_OURS
 *
 * Creating and retiring happen under a lock on the folder (flock, which no program of ours holds
 * otherwise), so that two runs that start at once do not move each other's file. The lock is not held
 * while the caller judges a run: the verdict counts for the run that was judged, and the file is
 * looked at again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/testpoint.h"
#include "store/store_image.h"
#include "store/store_internal.h"

/* ---- the object --------------------------------------------------------------------------------- */

static void destroy(struct irt_store *store)
{
	if (!store)
		return;
	irt_store_disconnect(store);
	irt_store_drop_kept(store);
	if (store->vfs.zName)
		sqlite3_vfs_unregister(&store->vfs);
	if (store->folder_fd >= 0)
		close(store->folder_fd);
	free(store->covered);
	free(store->covered_slots);
	free(store->merged);
	free(store->last_chunks);
	free(store->text);
	free(store);
}

static void set_limits(struct irt_store *store, int64_t max_bytes)
{
	/* 1 MiB. From 64 to 512 pages the cost of a commit is the same within its noise; a short -wal
	 * ends faster, and what it holds fits into the kept bytes when the disk is full (room.c). */
	enum { WAL_PAGES = 64 };
	struct rlimit limit;

	/* A limit on file size works like max_db_bytes, without which writing would just end there. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur <= INT64_MAX && (!max_bytes || (int64_t)limit.rlim_cur < max_bytes))
		max_bytes = (int64_t)limit.rlim_cur;
	store->max_bytes = max_bytes;
	store->wal_pages_goal = WAL_PAGES;
	if (max_bytes && max_bytes / 4 / IRT_STORE_PAGE_BYTES < WAL_PAGES) {
		store->wal_pages_goal = max_bytes / 4 / IRT_STORE_PAGE_BYTES;
		if (store->wal_pages_goal < 8)
			store->wal_pages_goal = 8;
	}
}

static int create_store(int folder_fd, const char *name, const struct irt_store_config *config,
			struct irt_store **out, struct irt_store_error *error)
{
	struct irt_store *store;
	const char *why;
	int result;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") ||
	    strlen(name) > NAME_MAX - 8) /* room for -journal */
		return irt_store_set_error(error, name, INSTR_ERR_NOT_FOUND, "not usable as a file's name");
	store = calloc(1, sizeof(*store));
	if (!store)
		return irt_store_set_error(error, name, INSTR_ERR_MEMORY, "no memory");
	store->kept_fd = -1;
	store->keep_events = config->keep_events;
	store->deleted.start_ticks = store->deleted.end_ticks = IRT_STORE_NULL;
	store->deleted_before = store->deleted;
	snprintf(store->name, sizeof(store->name), "%s", name);
	set_limits(store, config->max_db_bytes);
	store->folder_fd = openat(folder_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (store->folder_fd < 0) {
		result = irt_store_code_of_errno(errno, &why);
		irt_store_fail(store, result, "cannot open its folder: %s", why);
	} else {
		result = irt_store_init_path(store, config->vfs);
	}
	if (result) {
		if (error)
			*error = store->error;
		destroy(store);
		return result;
	}
	*out = store;
	return 0;
}

/* ---- the folder's lock -------------------------------------------------------------------------- */

/* *fd = -1: this folder cannot be locked, go on without. */
static int lock_folder(struct irt_store *store, int *fd)
{
	*fd = openat(store->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return 0;
	for (int waited = 0; flock(*fd, LOCK_EX | LOCK_NB); waited++) {
		struct timespec ms = {0, 1000000};
		if (errno == EWOULDBLOCK && waited < IRT_STORE_BUSY_MS) {
			nanosleep(&ms, NULL);
			continue;
		}
		int number = errno;
		close(*fd);
		*fd = -1;
		if (number == EWOULDBLOCK)
			return irt_store_fail(store, INSTR_ERR_BUSY, "another run is starting in its folder");
		break;
	}
	return 0;
}

static void unlock_folder(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- whose file is it ---------------------------------------------------------------------------- */

static void copy_text(char *out, size_t room, const unsigned char *text)
{
	snprintf(out, room, "%s", text ? (const char *)text : "");
}

static int read_info(struct irt_store *store, struct irt_store_info *info)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(store->db, "SELECT key, value FROM run WHERE key IN ('run_id', 'boot_id', 'state')",
				    -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return irt_store_fail_sqlite(store, rc, "read");
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(statement, 0);
		const unsigned char *value = sqlite3_column_text(statement, 1);
		if (!strcmp(key, "run_id"))
			copy_text(info->run_id, sizeof(info->run_id), value);
		else if (!strcmp(key, "boot_id"))
			copy_text(info->boot_id, sizeof(info->boot_id), value);
		else
			copy_text(info->state, sizeof(info->state), value);
	}
	sqlite3_finalize(statement);
	if (rc != SQLITE_DONE)
		return irt_store_fail_sqlite(store, rc, "read");
	info->start_monotonic_ns = IRT_STORE_NULL;
	rc = sqlite3_prepare_v2(store->db, "SELECT monotonic_ns FROM clocks WHERE ticks = 0", -1, &statement, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		info->start_monotonic_ns = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : irt_store_fail_sqlite(store, rc, "read");
}

/* Is there a file of that name, and is it one? */
static int look(struct irt_store *store, struct stat *st)
{
	if (fstatat(store->folder_fd, store->name, st, AT_SYMLINK_NOFOLLOW)) {
		const char *why;
		int code = irt_store_code_of_errno(errno, &why);
		return irt_store_fail(store, code, "cannot open: %s", why);
	}
	return 0;
}

static bool has_wal(struct irt_store *store)
{
	char wal[sizeof(store->name) + 8];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s-wal", store->name);
	return fstatat(store->folder_fd, wal, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size;
}

/* Fills *info and leaves the store connected; the file does not change. INSTR_ERR_FORMAT: ours by its
 * header, but damaged. */
static int identify(struct irt_store *store, struct irt_store_info *info)
{
	unsigned char header[100];
	struct stat st;
	int bytes, result;

	memset(info, 0, sizeof(*info));
	result = look(store, &st);
	if (result)
		return result;
	if (S_ISLNK(st.st_mode))
		return irt_store_fail(store, INSTR_ERR_NOT_OURS, "it is a symbolic link and is left alone");
	if (!S_ISREG(st.st_mode))
		return irt_store_fail(store, INSTR_ERR_NOT_OURS, "it is not a file and is left alone");
	result = irt_store_read_header(store, store->name, header, &bytes);
	if (result)
		return result;
	if (!irt_store_header_is_ours(header, bytes))
		return irt_store_fail(store, INSTR_ERR_NOT_OURS, "it was not written by instr and is left alone");
	store->only_looks &= header[18] == 2 && !has_wal(store);
	info->schema_version = header[60] << 24 | header[61] << 16 | header[62] << 8 | header[63];
	result = irt_store_connect(store);
	if (result)
		return result;
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	irt_store_reading(store, true);
	result = irt_store_check_stored(store, "run");
	if (!result)
		result = irt_store_check_stored(store, "clocks");
	if (!result)
		result = read_info(store, info);
	irt_store_reading(store, false);
	if (result)
		irt_store_disconnect(store);
	return result;
}

int irt_store_peek(int folder_fd, const char *name, const struct irt_store_config *config,
		   struct irt_store_info *info, struct irt_store_error *error)
{
	struct irt_store_config none = {0};
	struct irt_store *store;
	int result = create_store(folder_fd, name, config ? config : &none, &store, error);

	if (result)
		return result;
	/* Where the header speaks of a -wal that is not there, SQLite makes one only to read, and a -shm. */
	store->only_looks = true;
	result = identify(store, info);
	if (result && error)
		*error = store->error;
	destroy(store);
	return result;
}

/* ---- continue ------------------------------------------------------------------------------------ */

/* Our tables must be ours to the letter, and every statement must fit them. */
static int check_shape(struct irt_store *store)
{
	int result = irt_store_check_schema(store);

	for (int i = 0; i < IRT_ST_COUNT && !result; i++)
		if (!irt_store_statement(store, (enum irt_store_statement)i))
			result = store->error.code;
	return result;
}

/* What max_db_bytes deleted so far. */
static int load_deleted(struct irt_store *store)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(store->db, "SELECT events, start_ticks, end_ticks FROM losses WHERE loss_id = 0",
				    -1, &statement, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		store->deleted.events = sqlite3_column_int64(statement, 0);
		store->deleted.start_ticks = sqlite3_column_int64(statement, 1);
		store->deleted.end_ticks = sqlite3_column_int64(statement, 2);
		store->deleted_before = store->deleted;
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : irt_store_fail_sqlite(store, rc, "read");
}

/* After identify. */
static int continue_file(struct irt_store *store, const struct irt_store_info *info)
{
	int result;

	if (info->schema_version > INSTR_SCHEMA_VERSION)
		return irt_store_fail(store, INSTR_ERR_VERSION,
				      "schema %d is newer than this program, which writes %d",
				      info->schema_version, INSTR_SCHEMA_VERSION);
	if (sqlite3_db_readonly(store->db, "main")) /* SQLite opens it all the same, for reading */
		return irt_store_fail(store, INSTR_ERR_PERMISSION, "it may not be written");
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	irt_store_reading(store, true);
	result = check_shape(store);
	if (!result)
		result = load_deleted(store);
	irt_store_reading(store, false);
	if (result)
		return result;
	store->recording = !strcmp(info->state, "recording");
	/* A finished file has no -wal: begin makes it one that has. */
	store->state = store->recording ? IRT_STORE_IDLE : IRT_STORE_FINISHED;
	return store->recording ? irt_store_wal_on(store) : 0;
}

/* ---- start --------------------------------------------------------------------------------------- */

/* Did the run of *info end, as far as the file tells? */
static bool has_ended(const struct irt_store_info *info)
{
	return !strcmp(info->state, "complete") || !strcmp(info->state, "recovered");
}

/* Makes the file and writes whose it is. The folder's lock keeps others from judging a file that does
 * not say so yet. */
static int create_file(struct irt_store *store, const char *run_id)
{
	struct irt_store_error first;
	int result = irt_store_create(store);

	if (result)
		return result;
	IRT_TESTPOINT(file_made);
	result = irt_store_connect(store);
	if (!result)
		result = irt_store_begin(store); /* writes state */
	if (!result) {
		irt_store_put_run(store, "run_id", run_id, 0);
		IRT_TESTPOINT(file_unsaid);
		result = irt_store_commit(store);
	}
	store->rounds = 0;
	if (!result)
		return 0;
	first = store->error;
	irt_store_disconnect(store);
	irt_store_discard(store);
	store->error = first;
	return result;
}

/* A file that says of no run: whoever made it died before it could say so. Where folders cannot be
 * locked, it may be about to. */
static int discard_file(struct irt_store *store, const struct stat *st, bool locked)
{
	enum { ABOUT_TO_S = 10 };
	struct timespec now;

	irt_store_disconnect(store);
	clock_gettime(CLOCK_REALTIME, &now);
	if (!locked && now.tv_sec - st->st_mtim.tv_sec < ABOUT_TO_S)
		return irt_store_fail(store, INSTR_ERR_BUSY, "another run is starting in its folder");
	return irt_store_discard(store);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int start(struct irt_store *store, const struct irt_store_config *config)
{
	struct irt_store_info info, dead = {0}; /* dead: the run that was judged so */
	struct stat st, dead_st = {0};
	bool have_dead = false;
	int result, lock;

	/* Another run may take the name between our looks, but not for ever. */
	for (int tries = 0; tries < 8; tries++) {
		result = lock_folder(store, &lock);
		if (result)
			return result;
		result = look(store, &st);
		if (!result && !(have_dead && same_file(&st, &dead_st)))
			result = identify(store, &info); /* a third of the cost of all this */
		if (result == INSTR_ERR_NOT_FOUND) {
			result = create_file(store, config->run_id);
		} else if (!result && !strcmp(info.run_id, config->run_id)) {
			result = continue_file(store, &info);
		} else if (!result && !*info.run_id) {
			result = discard_file(store, &st, lock >= 0);
			if (!result)
				result = INSTR_ERR_AGAIN;
		} else if (result == INSTR_ERR_FORMAT ||
			   (!result && has_ended(&info) && !config->ask_always) ||
			   (!result && have_dead && !strcmp(info.run_id, dead.run_id))) {
			irt_store_disconnect(store);
			result = irt_store_retire(store);
			if (!result)
				result = INSTR_ERR_AGAIN;
		} else if (!result) {
			irt_store_disconnect(store);
			unlock_folder(&lock);
			enum irt_store_verdict verdict = IRT_STORE_RUN_LIVE;
			if (config->is_live)
				verdict = config->is_live(config->is_live_arg, &info);
			if (verdict != IRT_STORE_RUN_DEAD)
				return irt_store_fail(store, INSTR_ERR_BUSY, "it belongs to another run, which %s",
						      verdict == IRT_STORE_RUN_NEWER ? "began later" : "is still going on");
			dead = info;
			dead_st = st;
			have_dead = true;
			continue;
		}
		unlock_folder(&lock);
		if (result != INSTR_ERR_AGAIN)
			return result;
	}
	return irt_store_fail(store, INSTR_ERR_BUSY, "other runs keep taking its name");
}

int irt_store_open(int folder_fd, const char *name, enum irt_store_mode mode,
		   const struct irt_store_config *config, struct irt_store **out,
		   struct irt_store_error *error)
{
	struct irt_store *store;
	struct irt_store_info info;
	int result;

	*out = NULL;
	result = create_store(folder_fd, name, config, &store, error);
	if (result)
		return result;
	if (mode == IRT_STORE_START) {
		result = start(store, config);
	} else {
		result = identify(store, &info);
		if (!result && config->run_id && strcmp(info.run_id, config->run_id))
			result = irt_store_fail(store, INSTR_ERR_NOT_FOUND, "it is the file of another run");
		if (!result)
			result = continue_file(store, &info);
	}
	if (result) {
		if (error)
			*error = store->error;
		irt_store_close(store);
		return result;
	}
	store->error = (struct irt_store_error){0};
	*out = store;
	return 0;
}

/* ---- the end ------------------------------------------------------------------------------------- */

int irt_store_finish(struct irt_store *store, const char *state)
{
	int result = 0;

	if (store->state == IRT_STORE_ROUND)
		return irt_store_fail(store, INSTR_ERR_FORMAT, "a round is open");
	if (store->recording) {
		result = irt_store_begin(store);
		if (result)
			return result;
		irt_store_put_run(store, "state", state, 0);
		IRT_TESTPOINT(finish_put);
		result = irt_store_commit(store);
		if (result)
			return result;
		store->recording = false;
	}
	IRT_TESTPOINT(finish_said);
	irt_store_drop_kept(store);
	store->kept_tried = false;
	result = irt_store_wal_off(store);
	IRT_TESTPOINT(finish_folded);
	/* Also when a reader keeps the -wal: the next begin writes the state and goes on. */
	store->state = IRT_STORE_FINISHED;
	return result;
}

void irt_store_close(struct irt_store *store)
{
	if (!store)
		return;
	irt_store_rollback(store);
	destroy(store);
}
