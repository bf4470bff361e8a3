/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * connect.c - the connection to a file: path, settings, journal mode.
 *
 * The path is /proc/self/fd/FOLDER/NAME: it stays right when the process changes its folder or root
 * and when the folder is renamed. SQLite would resolve that link to a plain path once, so the store
 * uses a VFS of its own that leaves full path names as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "store/store_image.h"
#include "store/store_internal.h"

/* File systems over a network or a bridge: memory mapped on two machines is not one memory, and
 * several of them have no locks that SQLite could use for it (magic numbers: statfs(2)). */
static bool is_remote(int folder_fd)
{
	static const unsigned long remote[] = {
		0x6969 /* nfs */, 0x517b /* smb */, 0xfe534d42 /* smb2 */, 0xff534d42 /* cifs */,
		0x01021997 /* 9p */, 0x5346414f /* afs */, 0x6b414653 /* kafs */, 0x73757245 /* coda */,
		0x564c /* ncp */, 0x00c36400 /* ceph */, 0x0bd00bd0 /* lustre */, 0x786f4256 /* vboxsf */,
		0xbacbacbc /* vmhgfs */, 0x01161970 /* gfs2 */, 0x7461636f /* ocfs2 */,
	};
	struct statfs fs;

	if (fstatfs(folder_fd, &fs))
		return false;
	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == remote[i])
			return true;
	return false;
}

static int leave_path(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
	(void)vfs;
	return snprintf(out, (size_t)room, "%s", name) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

void irt_store_single_thread(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int irt_store_init_path(struct irt_store *store, const char *base_vfs)
{
	const sqlite3_vfs *base;
	struct stat folder, here;

	if (sqlite3_initialize() != SQLITE_OK || !(base = sqlite3_vfs_find(base_vfs)))
		return irt_store_fail(store, INSTR_ERR_IO, "SQLite does not start");
	store->no_shared_memory = is_remote(store->folder_fd);
	snprintf(store->path, sizeof(store->path), "/proc/self/fd/%d", store->folder_fd);
	if (access(store->path, F_OK) == 0) {
		snprintf(store->path, sizeof(store->path), "/proc/self/fd/%d/%s", store->folder_fd, store->name);
	} else if (fstat(store->folder_fd, &folder) == 0 && stat(".", &here) == 0 &&
		   folder.st_dev == here.st_dev && folder.st_ino == here.st_ino) {
		snprintf(store->path, sizeof(store->path), "./%s", store->name);
	} else {
		return irt_store_fail(store, INSTR_ERR_NOT_FOUND, "its folder cannot be reached without /proc");
	}
	store->vfs = *base;
	store->vfs.pNext = NULL;
	store->vfs.xFullPathname = leave_path;
	snprintf(store->vfs_name, sizeof(store->vfs_name), "irt_store_%p", (void *)store);
	store->vfs.zName = store->vfs_name;
	if (sqlite3_vfs_register(&store->vfs, 0) != SQLITE_OK) {
		store->vfs.zName = NULL;
		return irt_store_fail(store, INSTR_ERR_MEMORY, "no memory");
	}
	return 0;
}

int irt_store_read_header(struct irt_store *store, const char *name, unsigned char header[100], int *bytes)
{
	char path[sizeof(store->path) + 8];
	sqlite3_file *file;
	sqlite3_int64 size;
	int flags, rc, folder = (int)(strrchr(store->path, '/') - store->path);

	*bytes = 0;
	/* SQLite wants two zeros behind a file's name. */
	memset(path, 0, sizeof(path));
	snprintf(path, sizeof(path) - 4, "%.*s/%s", folder, store->path, name);
	file = sqlite3_malloc(store->vfs.szOsFile);
	if (!file)
		return irt_store_fail(store, INSTR_ERR_MEMORY, "no memory");
	memset(file, 0, (size_t)store->vfs.szOsFile);
	rc = store->vfs.xOpen(&store->vfs, path, file, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, &flags);
	if (rc == SQLITE_OK) {
		rc = file->pMethods->xFileSize(file, &size);
		if (rc == SQLITE_OK && size >= 100) {
			rc = file->pMethods->xRead(file, header, 100, 0);
			*bytes = 100;
		}
	}
	if (file->pMethods)
		file->pMethods->xClose(file);
	sqlite3_free(file);
	if (rc != SQLITE_OK) {
		const char *why;
		int code = irt_store_code_of_errno(errno, &why);
		return irt_store_fail(store, code, "cannot read: %s", why);
	}
	return 0;
}

bool irt_store_header_is_ours(const unsigned char header[100], int bytes)
{
	const unsigned char *id = header + 68;

	return bytes >= 100 && !memcmp(header, "SQLite format 3", 16) &&
	       ((unsigned)id[0] << 24 | (unsigned)id[1] << 16 | (unsigned)id[2] << 8 | id[3]) ==
		       INSTR_APPLICATION_ID;
}

static int note_wal_pages(void *arg, sqlite3 *db, const char *schema, int pages)
{
	(void)db;
	(void)schema;
	((struct irt_store *)arg)->wal_pages = pages;
	return SQLITE_OK;
}

static int open_file(struct irt_store *store)
{
	enum { FLAGS = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE };

	if (!store->only_looks)
		return sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | FLAGS, store->vfs_name);
	sqlite3_str *uri = sqlite3_str_new(NULL);
	sqlite3_str_appendall(uri, "file:");
	for (const char *p = store->path; *p; p++) {
		if (*p == '%' || *p == '?' || *p == '#')
			sqlite3_str_appendf(uri, "%%%02X", (unsigned char)*p);
		else
			sqlite3_str_appendchar(uri, 1, *p);
	}
	sqlite3_str_appendall(uri, "?immutable=1");
	char *text = sqlite3_str_finish(uri);
	int rc = text ? sqlite3_open_v2(text, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | FLAGS, store->vfs_name) :
			SQLITE_NOMEM;
	sqlite3_free(text);
	return rc;
}

/* One attempt; the SQLite result tells what it failed with. */
static int try_connect(struct irt_store *store)
{
	char sql[400];
	int rc = open_file(store);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_busy_timeout(store->db, IRT_STORE_BUSY_MS);
	irt_store_guard(store);
	sqlite3_wal_hook(store->db, note_wal_pages, store); /* instead of SQLite's automatic checkpoint */
	/* secure_delete: some builds of SQLite overwrite what is deleted unless told not to.
	 * synchronous: the promise is about dying programs, not dying machines. Cache: a round's dirty
	 * pages. journal_size_limit: a -wal that a reader held is cut when it starts anew. */
	snprintf(sql, sizeof(sql),
		 "PRAGMA locking_mode = %s; PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF;"
		 "PRAGMA cell_size_check = ON;"
		 "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = %lld;"
		 "SELECT 1 FROM sqlite_schema LIMIT 1;",
		 store->no_shared_memory ? "EXCLUSIVE" : "NORMAL",
		 (long long)store->wal_pages_goal * IRT_STORE_PAGE_BYTES);
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

int irt_store_connect(struct irt_store *store)
{
	int rc, result = irt_store_check_journal(store);

	if (result)
		return result;
	rc = try_connect(store);
	/* No shared memory for the -wal's index: SQLite says so in several ways. In exclusive locking
	 * mode it needs none. */
	if (rc != SQLITE_OK && !store->no_shared_memory &&
	    ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_PROTOCOL)) {
		int first = rc;
		irt_store_disconnect(store);
		store->no_shared_memory = true;
		rc = try_connect(store);
		if (rc != SQLITE_OK) {
			store->no_shared_memory = false;
			rc = first;
		}
	}
	irt_store_reading(store, false);
	if (rc == SQLITE_OK)
		return 0;
	result = irt_store_fail_sqlite(store, rc, "open");
	irt_store_disconnect(store);
	return result;
}

void irt_store_disconnect(struct irt_store *store)
{
	for (int i = 0; i < IRT_ST_COUNT; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
}

/* Sets the journal mode; *same says whether it is MODE now. */
static int set_journal_mode(struct irt_store *store, const char *mode, bool *same)
{
	char sql[64];
	sqlite3_stmt *statement;
	int rc;

	*same = false;
	snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", mode);
	rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		const char *now = (const char *)sqlite3_column_text(statement, 0);
		*same = now && !sqlite3_stricmp(now, mode);
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static void wait_ms(long ms)
{
	struct timespec time = {0, ms * 1000000};

	nanosleep(&time, NULL);
}

int irt_store_wal_on(struct irt_store *store)
{
	bool same;
	int rc;

	if (store->no_shared_memory)
		sqlite3_exec(store->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
	for (int waited = 0;; waited += 2) {
		rc = set_journal_mode(store, "WAL", &same);
		if ((rc & 0xff) != SQLITE_BUSY || waited >= IRT_STORE_BUSY_MS)
			break;
		wait_ms(2);
	}
	if (rc != SQLITE_OK)
		return irt_store_fail_sqlite(store, rc, "write");
	return same ? 0 : irt_store_fail(store, INSTR_ERR_IO, "SQLite cannot use a write-ahead log here");
}

/* SQLite removes the -wal first and then says in the file that there is none. A reader that looks in
 * between makes a new one and leaves it behind, empty: SQLite then takes it for none, and nobody removes
 * it. Under the exclusive lock no reader has it open. Returns whether it is still there. */
static bool has_empty_wal(struct irt_store *store)
{
	char wal[sizeof(store->name) + 8], shm[sizeof(store->name) + 8];
	struct stat st;
	bool left = true;

	snprintf(wal, sizeof(wal), "%s-wal", store->name);
	snprintf(shm, sizeof(shm), "%s-shm", store->name);
	if (fstatat(store->folder_fd, wal, &st, AT_SYMLINK_NOFOLLOW) || st.st_size)
		return false;
	if (sqlite3_exec(store->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK) {
		unlinkat(store->folder_fd, shm, 0);
		left = unlinkat(store->folder_fd, wal, 0) != 0;
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	}
	return left;
}

int irt_store_wal_off(struct irt_store *store)
{
	enum { WAIT_MS = 200 }; /* for readers' connections, which hold a lock on a file with a -wal */
	bool same, left;
	int rc;

	for (int waited = 0;; waited += 2) {
		rc = set_journal_mode(store, "DELETE", &same);
		left = rc == SQLITE_OK && same && has_empty_wal(store);
		if (((rc & 0xff) != SQLITE_BUSY && !left) || waited >= WAIT_MS)
			break;
		wait_ms(2);
	}
	if (rc != SQLITE_OK)
		return irt_store_fail_sqlite(store, rc, "fold the write-ahead log in");
	if (!same || left)
		return irt_store_fail(store, INSTR_ERR_BUSY, "cannot fold the write-ahead log in: it is being read");
	if (store->no_shared_memory) {
		/* An attempt with shared memory may have left its file. While the lock is ours, nobody
		 * else has it open. Then the lock goes: that takes a read. */
		char shm[sizeof(store->name) + 8];
		snprintf(shm, sizeof(shm), "%s-shm", store->name);
		unlinkat(store->folder_fd, shm, 0);
		sqlite3_exec(store->db, "PRAGMA locking_mode = NORMAL; SELECT 1 FROM sqlite_schema LIMIT 1",
			     NULL, NULL, NULL);
	}
	return 0;
}
