/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_internal.h - what the files of runtime/store share.
 *
 *     open.c    whose file is it; open, finish, close
 *     connect.c the connection and its settings
 *     guard.c   what keeps a file from doing more than holding rows
 *     create.c  a new file out of the image; an old one out of the way
 *     round.c   begin, commit, rollback; errors
 *     room.c    limits on space: kept bytes, max_db_bytes, the -wal
 *     write.c   one statement per kind of row
 *     read.c    rows back
 *     merge.c   ended threads into one row
 *
 * States of a store:
 *
 *     IDLE ──begin──► ROUND ──commit, rollback──► IDLE ──finish──► FINISHED ──begin──► ROUND
 */
#ifndef RUNTIME_STORE_STORE_INTERNAL_H
#define RUNTIME_STORE_STORE_INTERNAL_H

#include <limits.h>
#include <sqlite3.h>

#include "store/store.h"

enum irt_store_statement {
	IRT_ST_BEGIN,
	IRT_ST_COMMIT,
	IRT_ST_ROLLBACK,
	IRT_ST_PAGE_COUNT,
	IRT_ST_FREE_PAGES,
	IRT_ST_RUN,
	IRT_ST_SETTING,
	IRT_ST_CLOCK,
	IRT_ST_PROCESS,
	IRT_ST_THREAD,
	IRT_ST_MODULE,
	IRT_ST_LOAD,
	IRT_ST_FUNCTION,
	IRT_ST_FUNCTION_ADDRESS,
	IRT_ST_CONTEXT,
	IRT_ST_TOTALS,
	IRT_ST_FUNCTION_TOTALS,
	IRT_ST_CHUNK,
	IRT_ST_LOSS,
	IRT_ST_HOLE,
	IRT_ST_MESSAGE,
	IRT_ST_FRAME,
	IRT_ST_DELETE_FRAMES,
	IRT_ST_DELETE_TOTALS,
	IRT_ST_DELETE_HOLE,
	IRT_ST_DELETE_COVERED,
	IRT_ST_OLDEST_COVERED,
	IRT_ST_DELETE_CHUNK,
	IRT_ST_GET_THREAD,
	IRT_ST_GET_TOTALS,
	IRT_ST_SET_MERGED,
	IRT_ST_DELETE_MERGED,
	IRT_ST_MERGE_LOSS,
	IRT_ST_DELETE_LOSS,
	IRT_ST_SITE,
	IRT_ST_HEAP,
	IRT_ST_HEAP_TOTALS,
	IRT_ST_LIVE_BLOCK,
	IRT_ST_DELETE_LIVE_BLOCK,
	IRT_ST_HEAP_SAMPLE,
	IRT_ST_HEAP_HISTORY,
	IRT_ST_HEAP_MOMENT,
	IRT_ST_DELETE_HEAP_MOMENTS,
	IRT_ST_HEAP_FAULT,
	IRT_ST_HEAP_PENDING,
	IRT_ST_DELETE_HEAP_PENDING,
	IRT_ST_BLOCK_TOTALS,
	IRT_ST_OPEN_BLOCK,
	IRT_ST_DELETE_OPEN_BLOCKS,
	IRT_ST_LOCK,
	IRT_ST_LOCK_TOTALS,
	IRT_ST_LOCK_WAIT,
	IRT_ST_LOCK_THREADS,
	IRT_ST_LOCK_ORDER,
	IRT_ST_LOCK_CALL,
	IRT_ST_LOCK_USER,
	IRT_ST_DELETE_LOCK_USERS,
	IRT_ST_LOCK_PENDING,
	IRT_ST_DELETE_LOCK_PENDING,
	IRT_ST_CREATOR,
	IRT_ST_MERGE_CREATORS,
	IRT_ST_DELETE_CREATORS,
	IRT_ST_CREATION,
	IRT_ST_DELETE_CREATION,
	IRT_ST_COUNT
};

enum irt_store_state { IRT_STORE_IDLE, IRT_STORE_ROUND, IRT_STORE_FINISHED };

/* Events lost to max_db_bytes. */
struct irt_store_deleted {
	int64_t events;      /* in deleted chunks */
	int64_t start_ticks; /* first moment; IRT_STORE_NULL: nothing deleted */
	int64_t end_ticks;   /* last moment */
};

/* A live thread's last chunk that was deleted. If it was open it is put again, with all its events: then they
 * are not deleted any more. */
struct irt_store_last_chunk {
	int64_t thread_id, start_pos, events;
	bool open_round; /* deleted in it */
	bool over;       /* since the open round it is back, or there is another one of the thread */
};

/* A thread's row put in the open round: what its checkpoint covers. */
struct irt_store_covered {
	int64_t thread_id, totals_pos;
};

struct irt_store {
	sqlite3 *db;
	sqlite3_stmt *statements[IRT_ST_COUNT]; /* prepared at first use */
	enum irt_store_state state;
	int round_result;       /* first failure in the open round */
	int64_t deadline_seconds; /* of reading, CLOCK_PROCESS_CPUTIME_ID; 0: none (guard.c) */
	int64_t rounds;         /* committed by this store */
	bool recording;         /* run.state in the file says so */
	struct irt_store_error error;

	/* Where. path = /proc/self/fd/FOLDER_FD/NAME, left as it is by the VFS below. */
	int folder_fd;          /* ours, O_PATH */
	char name[NAME_MAX + 1];
	char path[NAME_MAX + 40];
	sqlite3_vfs vfs;        /* SQLite's, but with full path names left as they are */
	char vfs_name[40];
	bool no_shared_memory;  /* file system without mmap of shared files: exclusive locking mode */
	bool said_exclusive;    /* ... and the row in table messages is written */
	bool only_looks;        /* the file is not to change, nor anything beside it */

	/* Settings. */
	bool keep_events;
	int64_t max_bytes;      /* of file and -wal; 0: no limit */
	int64_t wal_pages_goal; /* checkpoint when the -wal has this many */

	/* Space, as of the last commit (room.c). */
	int kept_fd;            /* -1: nothing kept */
	bool kept_tried;
	bool disk_full, io_failed, wal_stuck;
	bool want_checkpoint;
	int wal_pages;          /* set by SQLite's hook at each commit */
	int64_t db_bytes, wal_bytes;
	int64_t wal_used_bytes; /* part of the -wal in use */
	int64_t round_bytes;    /* the largest recent round */
	struct irt_store_deleted deleted, deleted_before; /* before: as of the last commit */
	struct irt_store_last_chunk *last_chunks;
	size_t last_chunk_count, last_chunk_room;
	int64_t deleted_up_to;  /* chunk_id where the search for the oldest chunk goes on */

	/* events=off: the round's checkpoint (write.c). */
	struct irt_store_covered *covered;
	size_t covered_count, covered_room;
	uint32_t *covered_slots; /* place in covered + 1, by a hash of thread_id; 0: empty. Twice covered_room */

	/* threads that the round has merged: their rows go if they have no chunks (merge.c) */
	int64_t *merged;
	size_t merged_count, merged_room;

	char *text;             /* text put into UTF-8 (write.c) */
	size_t text_room;
};

/* ---- round.c ---- */

/* Notes a failure: code and sentence; returns code. The sentence begins with the file's name. */
int irt_store_fail(struct irt_store *store, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int irt_store_set_error(struct irt_store_error *error, const char *name, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The enum instr_err for SQLite's result RC of what was last done on DB, with the reason as words. */
int irt_store_code(sqlite3 *db, int rc, const char **why);
int irt_store_code_of_errno(int number, const char **why);
/* Notes SQLite's failure while "DOING": "NAME: cannot DOING: REASON". */
int irt_store_fail_sqlite(struct irt_store *store, int rc, const char *doing);
/* The statement, reset and ready to bind; NULL: noted. */
sqlite3_stmt *irt_store_statement(struct irt_store *store, enum irt_store_statement which);
/* Runs a bound statement that gives no rows and resets it. A failure is noted. */
int irt_store_run(struct irt_store *store, sqlite3_stmt *statement, const char *doing);
/* Runs a statement that gives one number. */
int irt_store_number(struct irt_store *store, enum irt_store_statement which, int64_t *number);
int irt_store_exec(struct irt_store *store, const char *sql, const char *doing);

/* ---- write.c ---- */

extern const char *const irt_store_sql[IRT_ST_COUNT];

/* A statement being bound, column after column. */
struct irt_binding {
	struct irt_store *store;
	sqlite3_stmt *statement; /* NULL: the round has failed */
	int column;
	int rc;                  /* first failure of a bind */
};
struct irt_binding irt_bind(struct irt_store *store, enum irt_store_statement which);
void irt_bind_number(struct irt_binding *b, int64_t value);
void irt_bind_optional(struct irt_binding *b, int64_t value); /* IRT_STORE_NULL is NULL */
void irt_bind_text(struct irt_binding *b, const char *value);
void irt_bind_blob(struct irt_binding *b, const void *bytes, int64_t count);
int irt_bind_done(struct irt_binding *b, const char *doing); /* runs it */

/* ---- read.c ---- */

/* A query being read, column after column. */
struct irt_cursor {
	sqlite3_stmt *statement;
	int column;
};
int64_t irt_row_number(struct irt_cursor *c);
int64_t irt_row_optional(struct irt_cursor *c);
const char *irt_row_text(struct irt_cursor *c);
const void *irt_row_blob(struct irt_cursor *c, int64_t *bytes);

/* Runs SQL with at most two numbers bound and gives every row to EACH. KEY: the column whose numbers must
 * ascend; a damaged file can hold a page many times, and rows without end. */
enum { IRT_NO_KEY = -1 };
int irt_store_read_rows(struct irt_store *store, const char *sql, int key, int64_t first, int64_t second, void *arg,
			void *caller, int (*each)(void *arg, void *caller, struct irt_cursor *cursor));

/* Readers differ in query and row: this defines the row's function and the public one's caller. */
#define IRT_READER(name)                                                                    \
	struct name##_caller {                                                              \
		int (*each)(void *, const struct irt_store_##name *);                       \
	};                                                                                  \
	static void name##_columns(struct irt_cursor *c, struct irt_store_##name *row);     \
	static int name##_row(void *arg, void *caller, struct irt_cursor *c)                \
	{                                                                                   \
		struct irt_store_##name row;                                                \
		name##_columns(c, &row);                                                    \
		return ((struct name##_caller *)caller)->each(arg, &row);                   \
	}

/* What the round's checkpoint covers of this thread; -1: nothing, or it keeps all events. */
int64_t irt_store_covered(const struct irt_store *store, int64_t thread_id);
void irt_store_clear_covered(struct irt_store *store);

/* ---- merge.c ---- */

/* The thread's row, if it is merged and its last chunk is gone. */
int irt_store_delete_merged(struct irt_store *store, int64_t thread_id);
/* The same for those that this round has merged; the last thing that deletes rows. */
int irt_store_delete_all_merged(struct irt_store *store);

/* ---- room.c ---- */

/* Makes room for BYTES more below max_db_bytes by deleting the oldest covered chunks, if it can. */
int irt_store_make_room(struct irt_store *store, int64_t bytes);
/* A chunk is about to be put. */
void irt_store_chunk_comes(struct irt_store *store, int64_t thread_id, int64_t start_pos);

/* The round is committed, or rolled back: so is what was deleted. */
void irt_store_keep_deleted(struct irt_store *store);
void irt_store_restore_deleted(struct irt_store *store);

/* Writes what make_room deleted to run and losses; the last thing in a round. */
int irt_store_note_deleted(struct irt_store *store);
/* After a commit: folds the -wal in if it is long, looks at sizes, keeps bytes. */
void irt_store_after_commit(struct irt_store *store);
/* After a failed round. */
void irt_store_after_failure(struct irt_store *store, int code);
void irt_store_drop_kept(struct irt_store *store);

/* ---- connect.c ---- */

/* The store's path and VFS, on top of BASE_VFS (NULL: SQLite's default). */
int irt_store_init_path(struct irt_store *store, const char *base_vfs);
/* The first bytes of file NAME in the store's folder; *bytes read. Leaves locks of other connections of
 * this process in place, which opening and closing the file directly would drop. */
int irt_store_read_header(struct irt_store *store, const char *name, unsigned char header[100], int *bytes);
/* Is this the header of one of our files? */
bool irt_store_header_is_ours(const unsigned char header[100], int bytes);
/* Connects STORE to its name; the file exists. */
int irt_store_connect(struct irt_store *store);
void irt_store_disconnect(struct irt_store *store);
/* Write-ahead log on (recording) or off (finished). */
int irt_store_wal_on(struct irt_store *store);
int irt_store_wal_off(struct irt_store *store);

/* ---- guard.c ---- */

/* Right after the connection is made. */
void irt_store_guard(struct irt_store *store);
/* Before it is made: no journal beside the file may name other files. */
int irt_store_check_journal(struct irt_store *store);
/* From here on reading ends in time; off again before rows are written. */
void irt_store_reading(struct irt_store *store, bool on);
/* Is TABLE one of stored columns? */
int irt_store_check_stored(struct irt_store *store, const char *table);
/* Are tables and indexes those of schema.sql, to the letter? (A version that changes them has to know
 * the texts of those before it.) */
int irt_store_check_schema(struct irt_store *store);

/* ---- create.c ---- */

/* A new file under the store's name, which is free. INSTR_ERR_AGAIN: it no longer is. */
int irt_store_create(struct irt_store *store);
/* Removes the file of the store's name, which is ours and says of no run. */
int irt_store_discard(struct irt_store *store);
/* The dead file of the store's name becomes NAME.old, with its -wal folded in. */
int irt_store_retire(struct irt_store *store);

#endif
