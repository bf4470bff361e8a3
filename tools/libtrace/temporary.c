/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * temporary.c - how much room temporary files may take (memory.c: memory; guard.c: the processor, and all else).
 *
 * What SQLite sorts or groups goes to temporary files where it is much. A small file can be joined to something endless, so
 * what would make those of a trace larger than an honest file of its size needs is not written: SQLITE_FULL. They are the
 * only files whose bytes are counted here; the trace itself, its -wal and its -shm are opened by SQLite's own VFS, which
 * puts its own methods in.
 *
 *     SQLite ─► open_file ─┬─ a trace ───────────────────────────────────► SQLite's VFS
 *                          └─ temporary ─► struct file, which counts ─────► SQLite's VFS
 */
#include "libtrace/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	TEMPORARY = SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL |
		    SQLITE_OPEN_SUBJOURNAL,
};

struct file {
	sqlite3_file base; /* what SQLite sees */
	struct tr_temporary *of;
	int64_t bytes;     /* up to the end of what was written */
	int64_t real[];    /* a sqlite3_file of SQLite's VFS, aligned as SQLite aligns them */
};

#define REAL(file) ((sqlite3_file *)((struct file *)(file))->real)
#define CALL(file, method, ...) REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__)

/* Keeps what went wrong, for the sentence; returns rc. */
static int note(struct tr_temporary *of, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) {
		of->failed = rc;
		of->system_error = (rc & 0xff) == SQLITE_FULL ? ENOSPC : errno;
		of->is_over = 0;
	}
	return rc;
}

/* Takes the room that a file needs to be so large. */
static int take_room(struct file *f, int64_t bytes)
{
	struct tr_temporary *const of = f->of;

	if (bytes <= f->bytes)
		return SQLITE_OK;
	if (bytes - f->bytes > of->most_bytes - of->open_bytes) {
		note(of, SQLITE_FULL);
		of->is_over = 1;
		return SQLITE_FULL;
	}
	of->open_bytes += bytes - f->bytes;
	f->bytes = bytes;
	return SQLITE_OK;
}

static void give_room(struct file *f, int64_t bytes)
{
	if (bytes < f->bytes) {
		f->of->open_bytes -= f->bytes - bytes;
		f->bytes = bytes;
	}
}

/* ---- a temporary file ----------------------------------------------------------------------------------- */

static int close_file(sqlite3_file *file)
{
	give_room((struct file *)file, 0);
	return CALL(file, xClose);
}

static int read_file(sqlite3_file *file, void *data, int bytes, sqlite3_int64 at)
{
	return note(((struct file *)file)->of, CALL(file, xRead, data, bytes, at));
}

static int write_file(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	int rc = take_room((struct file *)file, at + bytes);
	return rc == SQLITE_OK ? note(((struct file *)file)->of, CALL(file, xWrite, data, bytes, at)) : rc;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 bytes)
{
	int rc = take_room((struct file *)file, bytes);
	if (rc == SQLITE_OK)
		rc = note(((struct file *)file)->of, CALL(file, xTruncate, bytes));
	if (rc == SQLITE_OK)
		give_room((struct file *)file, bytes);
	return rc;
}

static int sync_file(sqlite3_file *file, int flags)
{
	return note(((struct file *)file)->of, CALL(file, xSync, flags));
}

static int find_size(sqlite3_file *file, sqlite3_int64 *bytes)
{
	return note(((struct file *)file)->of, CALL(file, xFileSize, bytes));
}

static int lock_file(sqlite3_file *file, int level)
{
	return CALL(file, xLock, level);
}

static int unlock_file(sqlite3_file *file, int level)
{
	return CALL(file, xUnlock, level);
}

static int check_lock(sqlite3_file *file, int *is_locked)
{
	return CALL(file, xCheckReservedLock, is_locked);
}

/* Hints alone come here, and some make a file grow, or map it. */
static int control_file(sqlite3_file *file, int operation, void *arg)
{
	(void)file;
	(void)operation;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int sector_bytes(sqlite3_file *file)
{
	return CALL(file, xSectorSize);
}

static int device_traits(sqlite3_file *file)
{
	return CALL(file, xDeviceCharacteristics);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1, /* no mapping: what is written through one is not seen */
	.xClose = close_file, .xRead = read_file, .xWrite = write_file, .xTruncate = truncate_file, .xSync = sync_file,
	.xFileSize = find_size, .xLock = lock_file, .xUnlock = unlock_file, .xCheckReservedLock = check_lock,
	.xFileControl = control_file, .xSectorSize = sector_bytes, .xDeviceCharacteristics = device_traits,
};

/* ---- of a trace ----------------------------------------------------------------------------------------- */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct tr_temporary *const of = (struct tr_temporary *)vfs;
	struct file *const f = (struct file *)file;

	if (!(flags & TEMPORARY))
		return of->base->xOpen(of->base, name, file, flags, out_flags);
	*f = (struct file){.of = of};
	REAL(file)->pMethods = NULL;
	int rc = note(of, of->base->xOpen(of->base, name, REAL(file), flags, out_flags));
	if (REAL(file)->pMethods) /* it wants to be closed, whatever came of it */
		f->base.pMethods = &methods;
	return rc;
}

int tr_add_vfs(struct tr_trace *trace, const char *base)
{
	struct tr_temporary *const of = &trace->temporary;

	if (!(of->base = sqlite3_vfs_find(base)))
		return SQLITE_ERROR;
	of->vfs = *of->base;
	of->vfs.pNext = NULL;
	of->vfs.szOsFile = (int)sizeof(struct file) + of->base->szOsFile;
	of->vfs.xOpen = open_file;
	of->vfs.zName = of->name;
	snprintf(of->name, sizeof(of->name), "tr_trace_%p", (void *)trace);
	int rc = sqlite3_vfs_register(&of->vfs, 0);
	if (rc != SQLITE_OK)
		of->base = NULL;
	return rc;
}

void tr_remove_vfs(struct tr_trace *trace)
{
	if (trace->temporary.base)
		sqlite3_vfs_unregister(&trace->temporary.vfs);
	trace->temporary.base = NULL;
}

void tr_limit_temporary(struct tr_trace *trace, int64_t bytes)
{
	trace->temporary.most_bytes = bytes;
	trace->temporary.failed = SQLITE_OK;
}

int tr_fail_temporary(const struct tr_trace *trace, int rc, struct tr_error *error)
{
	const struct tr_temporary *const of = &trace->temporary;

	if (of->failed == SQLITE_OK || (rc & 0xff) != (of->failed & 0xff))
		return 0;
	if (of->is_over)
		return tr_fail(error, INSTR_ERR_FORMAT, trace->path,
			       "damaged: reading it takes more room for temporary files than a file of its size can need");
	return tr_fail(error, INSTR_ERR_IO, trace->path,
		       "the temporary files that reading it takes cannot be written: %s (TMPDIR can name another folder for them)",
		       strerror(of->system_error));
}
