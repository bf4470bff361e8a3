/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fault.c - see fault.h. The VFS passes everything on to SQLite's own, except what is to fail.
 */
#include "fault.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

struct fault fault;

void fault_arm(unsigned kinds, long at, bool for_good, int error)
{
	bool no_shared_memory = fault.no_shared_memory;

	fault = (struct fault){kinds, at, for_good, error, 0, 0, no_shared_memory};
}

void fault_disarm(void)
{
	fault.at = 0;
}

static bool fails(unsigned kind)
{
	if (!(fault.kinds & kind) || !fault.at)
		return false;
	fault.count++;
	if (fault.count != fault.at && !(fault.for_good && fault.count > fault.at))
		return false;
	fault.fired++;
	errno = fault.error;
	return true;
}

/* ---- the VFS ------------------------------------------------------------------------------------ */

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

#define REAL(file) (((struct fault_file *)(file))->real)
#define CALL(file, method, ...) (REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__))

static int write_error(void)
{
	return fault.error == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_close(sqlite3_file *file)
{
	return CALL(file, xClose);
}

static int file_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 at)
{
	return fails(FAULT_READ) ? SQLITE_IOERR_READ : CALL(file, xRead, data, bytes, at);
}

static int file_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	if (fails(FAULT_WRITE))
		return write_error();
	if (fails(FAULT_TORN_WRITE)) {
		CALL(file, xWrite, data, bytes / 2, at);
		errno = fault.error;
		return write_error();
	}
	return CALL(file, xWrite, data, bytes, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return fails(FAULT_TRUNCATE) ? SQLITE_IOERR_TRUNCATE : CALL(file, xTruncate, size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	return CALL(file, xSync, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return fails(FAULT_SIZE) ? SQLITE_IOERR_FSTAT : CALL(file, xFileSize, size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return fails(FAULT_LOCK) ? SQLITE_IOERR_LOCK : CALL(file, xLock, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return CALL(file, xUnlock, level);
}

static int file_check_lock(sqlite3_file *file, int *result)
{
	return CALL(file, xCheckReservedLock, result);
}

static int file_control(sqlite3_file *file, int operation, void *arg)
{
	return CALL(file, xFileControl, operation, arg);
}

static int file_sector(sqlite3_file *file)
{
	return CALL(file, xSectorSize);
}

static int file_device(sqlite3_file *file)
{
	return CALL(file, xDeviceCharacteristics);
}

static int file_shm_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **out)
{
	return fails(FAULT_SHM) ? SQLITE_IOERR_SHMMAP : CALL(file, xShmMap, page, bytes, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return flags & SQLITE_SHM_LOCK && fails(FAULT_SHM) ? SQLITE_IOERR_SHMLOCK
							   : CALL(file, xShmLock, offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	CALL(file, xShmBarrier);
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
	return CALL(file, xShmUnmap, remove);
}

#define METHODS                                                                                 \
	.xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate, \
	.xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock,  \
	.xCheckReservedLock = file_check_lock, .xFileControl = file_control,                     \
	.xSectorSize = file_sector, .xDeviceCharacteristics = file_device

static const sqlite3_io_methods with_shm = {
	.iVersion = 2, METHODS, .xShmMap = file_shm_map, .xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier, .xShmUnmap = file_shm_unmap,
};
static const sqlite3_io_methods without_shm = {.iVersion = 1, METHODS};

static sqlite3_vfs *real_vfs(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	struct fault_file *f = (struct fault_file *)file;
	int rc;

	f->base.pMethods = NULL;
	f->real = (sqlite3_file *)(f + 1);
	if (fails(FAULT_OPEN))
		return SQLITE_CANTOPEN;
	rc = real_vfs(vfs)->xOpen(real_vfs(vfs), name, f->real, flags, out_flags);
	if (f->real->pMethods)
		f->base.pMethods = fault.no_shared_memory ? &without_shm : &with_shm;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	return fails(FAULT_DELETE) ? SQLITE_IOERR_DELETE : real_vfs(vfs)->xDelete(real_vfs(vfs), name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	return real_vfs(vfs)->xAccess(real_vfs(vfs), name, flags, result);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
	return real_vfs(vfs)->xFullPathname(real_vfs(vfs), name, room, out);
}

static int vfs_last_error(sqlite3_vfs *vfs, int room, char *out)
{
	(void)vfs;
	(void)room;
	(void)out;
	return errno;
}

void fault_register_vfs(void)
{
	static sqlite3_vfs vfs;
	sqlite3_vfs *base = sqlite3_vfs_find(NULL);

	if (vfs.zName)
		return;
	vfs = *base;
	vfs.pNext = NULL;
	vfs.zName = "fault";
	vfs.pAppData = base;
	vfs.szOsFile = (int)sizeof(struct fault_file) + base->szOsFile;
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	vfs.xAccess = vfs_access;
	vfs.xFullPathname = vfs_full_path;
	vfs.xGetLastError = vfs_last_error;
	sqlite3_vfs_register(&vfs, 0);
}

/* ---- the C library (the linker's --wrap) ---------------------------------------------------------- */

#define WRAP(result, name, failure, parameters, arguments) \
	result __real_##name parameters;                   \
	result __wrap_##name parameters;                   \
	result __wrap_##name parameters                    \
	{                                                  \
		if (fails(FAULT_CALLS))                    \
			return failure;                    \
		return __real_##name arguments;            \
	}

WRAP(int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(ssize_t, pwrite, -1, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(int, linkat, -1, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
WRAP(int, renameat, -1, (int a, const char *b, int c, const char *d), (a, b, c, d))
WRAP(int, renameat2, -1, (int a, const char *b, int c, const char *d, unsigned e), (a, b, c, d, e))
WRAP(int, unlinkat, -1, (int fd, const char *name, int flags), (fd, name, flags))
WRAP(int, fallocate, -1, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
WRAP(int, flock, -1, (int fd, int operation), (fd, operation))
WRAP(int, fstatat, -1, (int fd, const char *name, struct stat *st, int flags), (fd, name, st, flags))

int __real_openat(int fd, const char *name, int flags, mode_t mode);
int __wrap_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	if (fails(FAULT_CALLS))
		return -1;
	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return __real_openat(fd, name, flags, mode);
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails(FAULT_MEMORY) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails(FAULT_MEMORY) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails(FAULT_MEMORY) ? NULL : __real_realloc(p, n);
}
