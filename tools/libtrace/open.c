/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * open.c - from a path to a trace that queries can be run on, or to a sentence that says why not.
 *
 *     path ─► tr_await_begun ─► check_file ─► tr_recover_if_needed ─► connect ─► tr_guard
 *                                                                                   │
 *             queries ◄─ tr_lock_down ◄─ set_up ◄─ tr_check_shape ◄─ check_identity
 */
#include "libtrace/internal.h"
#include "libtrace/places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instr/hooks.h"
#include "instr/schema.h"

enum {
	HEADER_BYTES = 100, /* of a SQLite file; offsets below: https://sqlite.org/fileformat2.html */
	BUSY_MS = 5000,     /* the drain locks readers out only while it ends a run */
	CACHE_KIB = 32 << 10,
};

int tr_fail(struct tr_error *error, int code, const char *path, const char *format, ...)
{
	va_list arguments;
	int bytes = snprintf(error->text, sizeof(error->text), "%.700s: ", path);
	va_start(arguments, format);
	vsnprintf(error->text + bytes, sizeof(error->text) - (size_t)bytes, format, arguments);
	va_end(arguments);
	error->code = code;
	return code;
}

int tr_fail_sqlite(struct tr_trace *trace, int rc, struct tr_error *error)
{
	const char *said = trace->db ? sqlite3_errmsg(trace->db) : sqlite3_errstr(rc);
	int system_error = trace->db ? sqlite3_system_errno(trace->db) : 0;
	int status = tr_fail_temporary(trace, rc, error);

	if (status)
		return status;
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return tr_fail(error, INSTR_ERR_NOT_OURS, trace->path, "not a SQLite database, so not a trace");
	case SQLITE_CORRUPT:
	case SQLITE_FORMAT:
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "damaged: %s", said);
	case SQLITE_INTERRUPT:
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path,
			       "damaged: reading it takes longer than a file of its size can need");
	case SQLITE_TOOBIG:
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "damaged: it holds a value that is too large");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return tr_fail(error, INSTR_ERR_BUSY, trace->path, "another program keeps it locked");
	case SQLITE_NOMEM:
		return tr_fail(error, INSTR_ERR_MEMORY, trace->path, "there is not enough memory to read it");
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return tr_fail(error, INSTR_ERR_PERMISSION, trace->path, "may not be read: %s", said);
	case SQLITE_READONLY:
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path,
			       "was left in the middle of a change; open it once where it may be written");
	case SQLITE_CANTOPEN:
		return tr_fail(error, INSTR_ERR_IO, trace->path, "cannot be opened: %s",
			       system_error ? strerror(system_error) : said);
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_SHORT_READ)
			return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "truncated: its end is missing");
		return tr_fail(error, INSTR_ERR_IO, trace->path, "cannot be read: %s",
			       system_error ? strerror(system_error) : said);
	default:
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path, "cannot be read as a trace: %s", said);
	}
}

/* Size of a file beside the trace ("-wal", "-shm"); -1 if there is none. */
static int64_t bytes_beside(const char *path, const char *suffix)
{
	struct stat status;
	char *name = sqlite3_mprintf("%s%s", path, suffix);
	int64_t bytes = name && !stat(name, &status) ? status.st_size : -1;
	sqlite3_free(name);
	return bytes;
}

static int may_write_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? sqlite3_mprintf("%.*s", (int)(slash - path + 1), path) : sqlite3_mprintf(".");
	int may = folder && !access(folder, W_OK);
	sqlite3_free(folder);
	return may;
}

static unsigned big_endian(const unsigned char *p, int bytes)
{
	unsigned n = 0;
	while (bytes--)
		n = n << 8 | *p++;
	return n;
}

/* What can be said before SQLite looks at it. *wal: the header says that changes may lie beside. */
static int check_file(struct tr_trace *trace, int *wal, struct tr_error *error)
{
	const char *path = trace->path;
	unsigned char header[HEADER_BYTES];
	struct stat status;

	if (stat(path, &status)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return tr_fail(error, INSTR_ERR_NOT_FOUND, path,
				       "there is no such file; a traced program writes trace.db where it starts");
		if (errno == EACCES)
			return tr_fail(error, INSTR_ERR_PERMISSION, path, "permission denied on the way to it");
		return tr_fail(error, INSTR_ERR_IO, path, "cannot be read: %s", strerror(errno));
	}
	if (S_ISDIR(status.st_mode))
		return tr_fail(error, INSTR_ERR_NOT_OURS, path, "is a folder, not a trace");
	if (!S_ISREG(status.st_mode))
		return tr_fail(error, INSTR_ERR_NOT_OURS, path, "is not an ordinary file, so not a trace");
	int64_t beside = bytes_beside(path, "-wal");
	trace->file_bytes = status.st_size + (beside > 0 ? beside : 0);
	/* File systems that compress are allowed for. */
	int64_t blocks = (int64_t)status.st_blocks * 512 * 4 + HEADER_BYTES;
	trace->stored_bytes = blocks < trace->file_bytes ? blocks : trace->file_bytes;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == EACCES || errno == EPERM)
			return tr_fail(error, INSTR_ERR_PERMISSION, path, "permission denied: it may not be read by you");
		return tr_fail(error, INSTR_ERR_IO, path, "cannot be opened: %s", strerror(errno));
	}
	ssize_t bytes = pread(fd, header, sizeof(header), 0);
	int failed = errno;
	close(fd);
	if (bytes < 0)
		return tr_fail(error, INSTR_ERR_IO, path, "cannot be read: %s", strerror(failed));
	if (!bytes)
		return tr_fail(error, INSTR_ERR_FORMAT, path, "is empty: nothing was recorded into it");
	if (bytes < 16 || memcmp(header, "SQLite format 3", 16))
		return tr_fail(error, INSTR_ERR_NOT_OURS, path, "not a SQLite database, so not a trace");
	if (bytes < HEADER_BYTES)
		return tr_fail(error, INSTR_ERR_FORMAT, path, "truncated: only %zd bytes are there", bytes);
	*wal = header[18] == 2 || header[19] == 2;
	/* Pages times page size; meant only if the two change counters agree. While there is a -wal,
	 * a drain may be copying it into the file. */
	int64_t page_bytes = big_endian(header + 16, 2) == 1 ? 65536 : big_endian(header + 16, 2);
	int64_t whole = page_bytes * big_endian(header + 28, 4);
	if (beside <= 0 && whole > status.st_size && !memcmp(header + 24, header + 92, 4))
		return tr_fail(error, INSTR_ERR_FORMAT, path, "truncated: %lld of %lld bytes are there",
			       (long long)status.st_size, (long long)whole);
	return 0;
}

/* "file:PATH?mode=ro" with the characters escaped that mean something in it. */
static char *make_uri(const char *path, const char *parameters)
{
	sqlite3_str *uri = sqlite3_str_new(NULL);
	sqlite3_str_appendf(uri, "file:%s", path[0] == '/' ? "//" : "./");
	for (const char *p = path; *p; p++) {
		if (*p == '%' || *p == '?' || *p == '#')
			sqlite3_str_appendf(uri, "%%%02X", (unsigned char)*p);
		else
			sqlite3_str_appendchar(uri, 1, *p);
	}
	sqlite3_str_appendf(uri, "?%s", parameters);
	return sqlite3_str_finish(uri);
}

static int connect_with(struct tr_trace *trace, const char *path, const char *parameters)
{
	char *uri = make_uri(path, parameters);
	if (!uri)
		return SQLITE_NOMEM;
	int rc = sqlite3_open_v2(uri, &trace->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, trace->temporary.name);
	sqlite3_free(uri);
	return rc;
}

static int connect(struct tr_trace *trace, int wal, struct tr_error *error)
{
	int has_wal = bytes_beside(trace->path, "-wal") > 0, alone = 0;
	const char *parameters = "mode=ro", *vfs = NULL;
	char *copy = trace->copy ? sqlite3_mprintf("%s/%s", trace->copy, tr_copied_file) : NULL;

	if (copy)
		parameters = "immutable=1";
	else if (wal && !has_wal && trace->writer == TR_WRITER_NONE) {
		/* Nobody has it open for writing, and SQLite would make a -wal and a -shm only to
		 * read, or fail where it may not. */
		parameters = "immutable=1";
	} else if (has_wal && bytes_beside(trace->path, "-shm") < 0 && !may_write_beside(trace->path)) {
		/* The writer is dead, or there would be a -shm, and we may not make one: read the
		 * -wal with an index in our own memory, without locks. */
		vfs = "unix-none";
		alone = 1;
	}
	int rc = tr_add_vfs(trace, vfs);
	if (rc == SQLITE_OK)
		rc = connect_with(trace, copy ? copy : trace->path, parameters);
	sqlite3_free(copy);
	if (rc == SQLITE_OK && alone)
		rc = sqlite3_exec(trace->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return tr_fail_sqlite(trace, rc, error);
	sqlite3_extended_result_codes(trace->db, 1);
	sqlite3_busy_timeout(trace->db, BUSY_MS);
	return 0;
}

static int read_pragma(struct tr_trace *trace, const char *pragma, int64_t *value, struct tr_error *error)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(trace->db, pragma, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	int status = 0;
	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(statement, 0);
	else
		status = tr_fail_sqlite(trace, rc, error);
	sqlite3_finalize(statement);
	return status;
}

static int check_identity(struct tr_trace *trace, struct tr_error *error)
{
	int64_t id = 0, version = 0;
	int status = read_pragma(trace, "PRAGMA main.application_id", &id, error);
	if (!status)
		status = read_pragma(trace, "PRAGMA main.user_version", &version, error);
	if (status)
		return status;
	if (id != INSTR_APPLICATION_ID)
		return tr_fail(error, INSTR_ERR_NOT_OURS, trace->path, "a SQLite database, but not a trace");
	if (version > INSTR_SCHEMA_VERSION)
		return tr_fail(error, INSTR_ERR_VERSION, trace->path,
			       "schema %lld is newer than this program, which reads up to %d", (long long)version,
			       INSTR_SCHEMA_VERSION);
	if (version < 1)
		return tr_fail(error, INSTR_ERR_VERSION, trace->path, "its schema version is %lld, which no release wrote",
			       (long long)version);
	return 0;
}

static int set_up(struct tr_trace *trace, struct tr_error *error)
{
	char settings[100];
	snprintf(settings, sizeof(settings), "PRAGMA cache_size = -%d; PRAGMA query_only = ON;", CACHE_KIB);
	int rc = sqlite3_exec(trace->db, "PRAGMA temp_store = FILE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(trace->db, settings, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(trace, rc, error);
}

/* SQL functions that the queries use. */
static int add_functions(struct tr_trace *trace, struct tr_error *error)
{
	int rc = instr_sql_add_histograms(trace->db);
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(trace, rc, error);
}

/* trace.db -> the newest trace.PID.db beside it that is newer than it. */
static char *find_newer(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t stem = strlen(base);
	struct stat own, other;
	char *folder = slash ? sqlite3_mprintf("%.*s", (int)(slash - path + 1), path) : sqlite3_mprintf("./");
	char *newest = NULL;
	DIR *list;

	if (stem > 3 && !strcmp(base + stem - 3, ".db"))
		stem -= 3;
	if (!folder || stat(path, &own) || !(list = opendir(folder))) {
		sqlite3_free(folder);
		return NULL;
	}
	for (struct dirent *entry; (entry = readdir(list));) {
		const char *name = entry->d_name;
		if (strncmp(name, base, stem) || name[stem] != '.')
			continue;
		size_t digits = strspn(name + stem + 1, "0123456789");
		if (!digits || strcmp(name + stem + 1 + digits, base + stem) || fstatat(dirfd(list), name, &other, 0))
			continue;
		if (other.st_mtim.tv_sec < own.st_mtim.tv_sec ||
		    (other.st_mtim.tv_sec == own.st_mtim.tv_sec && other.st_mtim.tv_nsec <= own.st_mtim.tv_nsec))
			continue;
		own = other;
		sqlite3_free(newest);
		newest = sqlite3_mprintf("%s%s", slash ? folder : "", name);
	}
	closedir(list);
	sqlite3_free(folder);
	return newest;
}

static int open_trace(struct tr_trace **out, const char *path, int for_reports, struct tr_error *error)
{
	struct tr_trace *trace = calloc(1, sizeof(*trace));
	int status, wal = 0;

	*out = NULL;
	*error = (struct tr_error){0};
	if (!trace || !(trace->path = strdup(path))) {
		free(trace);
		return tr_fail(error, INSTR_ERR_MEMORY, path, "there is not enough memory to read it");
	}
	tr_await_begun(path);
	if ((status = check_file(trace, &wal, error)) ||
	    (status = tr_recover_if_needed(path, wal, &trace->writer, &trace->copy, error)) ||
	    (status = connect(trace, wal, error)) ||
	    (status = tr_guard(trace, error)) ||
	    (status = check_identity(trace, error)) ||
	    (status = tr_check_shape(trace, error)) ||
	    (status = set_up(trace, error)) || (status = add_functions(trace, error)) ||
	    (for_reports && (status = tr_find_places(trace, error)))) {
		tr_close(trace);
		return status;
	}
	tr_lock_down(trace);
	tr_remove_copy(&trace->copy); /* it is open: that is enough */
	if (for_reports)
		trace->newer = find_newer(path);
	*out = trace;
	return 0;
}

int tr_open(struct tr_trace **out, const char *path, struct tr_error *error)
{
	return open_trace(out, path, 1, error);
}

int tr_open_tables(struct tr_trace **out, const char *path, struct tr_error *error)
{
	return open_trace(out, path, 0, error);
}

void tr_close(struct tr_trace *trace)
{
	if (!trace)
		return;
	tr_free_patterns(trace);
	sqlite3_close(trace->db);
	tr_remove_vfs(trace);
	tr_remove_copy(&trace->copy);
	sqlite3_free(trace->newer);
	free(trace->views);
	tr_forget_sentences(trace);
	free(trace->path);
	free(trace);
}

const char *tr_path(const struct tr_trace *trace)
{
	return trace->path;
}

enum tr_writer tr_writer(const struct tr_trace *trace)
{
	return trace->writer;
}

int64_t tr_file_bytes(const struct tr_trace *trace)
{
	return trace->file_bytes;
}

int64_t tr_stored_bytes(const struct tr_trace *trace)
{
	return trace->stored_bytes;
}

const char *tr_newer_beside(const struct tr_trace *trace)
{
	return trace->newer;
}

const char *tr_versions(void)
{
	static char text[100];
	snprintf(text, sizeof(text), "schema %d, contract %d, SQLite %s", INSTR_SCHEMA_VERSION, INSTR_ABI, sqlite3_libversion());
	return text;
}
