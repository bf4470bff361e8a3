/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store.h - trace.db: the only writer of SQLite in the project.
 *
 * Takes rows as plain structs, one struct per table of schema.sql (which says what each column
 * means; a field has its column's name), and commits them in rounds; gives the rows back to whoever
 * continues a run. Knows nothing of walks, trees or codecs: the drain converts.
 *
 *     irt_store_open ──► begin ──► put_* ... ──► commit ──► begin ... ──► finish ──► close
 *                          ▲                        │                       │
 *                          └────────────────────────┴── late events ────────┘
 *
 * Rounds. begin, any number of puts in any order (but see put_chunk), commit. A put that fails makes
 * the round fail: the puts after it do nothing and return the same error, and so does commit; so a
 * caller may look at commit's result alone. A round that failed has changed nothing in the file, and
 * the store takes the next round. Every put but put_message inserts or, where the key exists,
 * replaces: what a failed round had put may be put again.
 *
 * Values. Ids, ticks and positions are int64_t as SQLite has them. IRT_STORE_NULL is SQL's NULL for
 * numbers, a null pointer is NULL for text (and not allowed where schema.sql says NOT NULL: the
 * round then fails with INSTR_ERR_FORMAT). Text is UTF-8; bytes that are not become U+FFFD.
 *
 * Threads: a store belongs to one thread at a time. All calls block on the file system, none on
 * other processes for longer than IRT_STORE_BUSY_MS.
 *
 * Errors: 0 or a negative enum instr_err. irt_store_error() has the sentence of the last failure.
 *   INSTR_ERR_FULL        no space, or a limit on file size. The kept bytes (see below) were freed:
 *                         the next round without chunks has room
 *   INSTR_ERR_IO          a read, write or lock failed; the next round may work
 *   INSTR_ERR_BUSY        another connection holds the write lock
 *   INSTR_ERR_MEMORY      no memory
 *   INSTR_ERR_FORMAT      the file is damaged, or a row is not valid: the sentence tells which
 *   INSTR_ERR_NOT_FOUND, _PERMISSION, _NOT_OURS, _VERSION: irt_store_open
 *
 * Space. From the fourth round on, IRT_STORE_KEPT_BYTES stay allocated beside the file (in a file
 * without a name, so that they vanish with the process). A round that finds the disk full frees
 * them; chunks should stop (health.stop_events) and totals go on. They are allocated again, and
 * stop_events ends, when there is space for them four times over.
 */
#ifndef RUNTIME_STORE_STORE_H
#define RUNTIME_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "instr/errors.h"
#include "instr/schema.h"

#define IRT_STORE_NULL INT64_MIN
#define IRT_STORE_BUSY_MS 2000            /* wait for a lock at most this long */
#define IRT_STORE_KEPT_BYTES (2 << 20)    /* allocated beside the file, for ENOSPC */
#define IRT_STORE_WAL_MAX_BYTES (64 << 20) /* a longer -wal that cannot shrink stops event chunks */

struct irt_store;

/* A failure as a whole sentence that begins with the file's name, for irt_store_open and _peek,
 * which have no store to ask. */
struct irt_store_error {
	int code;            /* enum instr_err */
	char text[512];
};

/* Says that one thread alone uses SQLite in this process: SQLite then takes no locks of its own and
 * keeps no statistics of memory, which saves a tenth to a fifth of a short run. Before the first open. */
void irt_store_single_thread(void);

/* ---- opening ---------------------------------------------------------------------------------- */

enum irt_store_mode {
	/* A run starts: make the file; the file of a dead run makes way (renamed to NAME.old, its
	 * -wal folded in first, an older NAME.old is replaced). If the file is this run's own, as
	 * when its drain was restarted, it is continued. */
	IRT_STORE_START,
	/* Continue the file that is there: a restarted drain, recovery. Makes no file. */
	IRT_STORE_CONTINUE,
};

/* What a file says of its run. */
struct irt_store_info {
	char run_id[64];     /* run.run_id; "" if the file has none */
	char boot_id[64];    /* run.boot_id; "" if the file has none */
	char state[16];      /* run.state: "recording", "complete", "recovered" */
	int64_t start_monotonic_ns; /* of the run's first anchor (clocks); IRT_STORE_NULL: it has none yet */
	int schema_version;  /* PRAGMA user_version */
};

enum irt_store_verdict {
	IRT_STORE_RUN_LIVE,  /* leave the file alone: open fails with INSTR_ERR_BUSY */
	IRT_STORE_RUN_NEWER, /* the same: it began after ours, whose drain comes late */
	IRT_STORE_RUN_DEAD,  /* the file may move */
};

struct irt_store_config {
	const char *run_id;   /* START: required. CONTINUE: must match the file's; NULL takes any */
	int64_t max_db_bytes; /* limit of file and -wal together; 0 = none. RLIMIT_FSIZE counts as one too
			       * (the caller ignores SIGXFSZ all the same). Totals go beyond it */
	bool keep_events;     /* events=on; off: chunks that a checkpoint covers are not kept */

	/* START: the file belongs to another run that is not marked complete; is that run alive?
	 * No connection to the file is open during the call, so the callback may complete that run
	 * (open with CONTINUE, fold, finish, close) before it says RUN_DEAD. Absent = alive. Not
	 * asked about files in state complete or recovered, unless ask_always (the run's drain has
	 * finished the file but its processes may come back with late events). The verdict holds
	 * for the run_id: should the file be another's by then, open looks again. */
	enum irt_store_verdict (*is_live)(void *arg, const struct irt_store_info *other);
	void *is_live_arg;
	bool ask_always;

	const char *vfs;      /* the SQLite VFS to build on; NULL = SQLite's default (tests set it) */
};

/*
 * Opens NAME in the folder FOLDER_FD (AT_FDCWD: the working directory). The descriptor stays the
 * caller's, must stay open as long as the store, and makes the store independent of later chdir,
 * chroot or rename of the folder. NAME has no slash, and a symbolic link is not followed.
 *
 * Fails, with *store = NULL and the sentence in *error (which may be NULL), with
 *   INSTR_ERR_BUSY        the name is in use by another live run: take another name
 *   INSTR_ERR_NOT_OURS    there is a file that this project did not write; it is left alone
 *   INSTR_ERR_VERSION     its schema is newer than this program's
 *   INSTR_ERR_NOT_FOUND   CONTINUE: no such file, or of another run; START: no such folder
 *   INSTR_ERR_PERMISSION  folder or file are not writable
 *   INSTR_ERR_FORMAT      ours, but damaged
 *   or FULL, IO, MEMORY.
 * A file appears complete (all tables, run_id, state recording) or not at all.
 */
int irt_store_open(int folder_fd, const char *name, enum irt_store_mode mode,
		   const struct irt_store_config *config, struct irt_store **store,
		   struct irt_store_error *error);

/* Reads whose file NAME is, without changing it. Fails like irt_store_open. */
int irt_store_peek(int folder_fd, const char *name, const struct irt_store_config *config,
		   struct irt_store_info *info, struct irt_store_error *error);

/* Ends the run's file: run.state = STATE ("complete" or "recovered"), -wal folded in, journal mode
 * DELETE, so that no -wal and no -shm stay and the one file is whole. No round may be open. The
 * store stays open: a begin after it makes it "recording" again (late events). INSTR_ERR_BUSY: a
 * reader has it open; state is set and everything is committed, only -wal and -shm stay: call again
 * later, or close (the last reader's close then removes them). */
int irt_store_finish(struct irt_store *store, const char *state);

/* Closes; an open round is rolled back. NULL is allowed. Without irt_store_finish the run's state
 * stays "recording", and whoever finds it dead continues it. */
void irt_store_close(struct irt_store *store);

/* The sentence of the store's last failure; "" if none. Valid until the next call. */
const char *irt_store_error(const struct irt_store *store);

/* ---- rounds ----------------------------------------------------------------------------------- */

int irt_store_begin(struct irt_store *store);
int irt_store_commit(struct irt_store *store);    /* fails: rolled back, nothing of the round is in the file */
void irt_store_rollback(struct irt_store *store); /* gives the round up; no round open: does nothing */

/* How the file does, as of the last commit (also a failed one). */
struct irt_store_health {
	int64_t db_bytes;         /* size of the file */
	int64_t wal_bytes;        /* size of its -wal */
	bool stop_events;         /* put no chunks until this ends: count their events as lost, with the
				   * cause below. Chunks put all the same are stored if they can be */
	const char *stop_cause;   /* for losses.cause: "disk full", or "reader" (the -wal is above
				   * IRT_STORE_WAL_MAX_BYTES and a reader keeps it from shrinking); NULL */
	bool want_checkpoint;     /* max_db_bytes is near and only a checkpoint lets chunks go: make the
				   * next round one. Ignored, the file may exceed the limit by a round */
	bool no_live_reading;     /* the file system has no shared memory: locked until closed */
	int64_t deleted_events;   /* events in chunks deleted for max_db_bytes, whole run */
	int64_t events_from_ticks; /* all threads' events after this are kept; IRT_STORE_NULL: nothing deleted */
};
void irt_store_health(const struct irt_store *store, struct irt_store_health *health);

/* ---- rows, one struct per table ----------------------------------------------------------------- */

struct irt_store_setting {
	const char *side, *key, *value;
};

struct irt_store_clock {
	int64_t ticks, monotonic_ns, realtime_ns, counter;
};

struct irt_store_process {
	int64_t process_id;
	int64_t parent_process_id;  /* or NULL */
	int64_t pid, pid_namespace;
	const char *command, *executable, *working_directory; /* or NULL */
	const char *joined_by;
	int64_t start_ticks;
	int64_t end_ticks;          /* or NULL */
	const char *end_reason;     /* or NULL */
	int64_t exit_code, exit_signal; /* or NULL */
};

struct irt_store_thread {
	int64_t thread_id, process_id, tid;
	const char *name;           /* or NULL */
	int64_t parent_thread_id, parent_position; /* or NULL */
	int64_t start_ticks;
	int64_t end_ticks;          /* or NULL */
	int64_t last_ticks, events;
	int64_t totals_pos, totals_events;
	int64_t lost_events, wait_ticks, waits, orphans, skipped_units;
	int64_t flags;              /* IRT_STORE_THREAD_* */
	int64_t merged;
	int64_t cpu_ns, ready_ns, cpu_ticks; /* or NULL */
};
enum {
	IRT_STORE_THREAD_STACKS = 1,
	IRT_STORE_THREAD_HOLES = 2,
	IRT_STORE_THREAD_FOLDED = 4,
	IRT_STORE_THREAD_PARTLY_INHERITED = 8,
	IRT_STORE_THREAD_SUM = 16,    /* of all threads of its process that are merged */
	IRT_STORE_THREAD_MERGED = 32, /* into that row; it stays as long as its chunks do */
};

struct irt_store_frame { /* open_frames; thread_id and depth are put_frames' arguments */
	int64_t context_id, enter_ticks, child_ticks;
	uint64_t tag;
	int64_t flags;              /* IRT_STORE_FRAME_* */
};
enum {
	IRT_STORE_FRAME_INHERITED = 1,
	IRT_STORE_FRAME_FOLDED = 2,
	IRT_STORE_FRAME_STACK_START = 4,
};

struct irt_store_module {
	int64_t module_id;
	const char *path;
	const char *build_id;       /* or NULL */
	int64_t rows;
};

struct irt_store_load { /* module_loads */
	int64_t load_id, process_id, module_id;
	int64_t rows_start, rows_end;
	int64_t start_ticks;
	int64_t end_ticks;          /* or NULL */
};

struct irt_store_function {
	int64_t function_id;
	int64_t module_id, row;     /* or NULL */
	const char *name, *linkage_name;
	const char *file;           /* or NULL */
	int64_t line;               /* or NULL */
	int64_t instrumented;       /* 1 or 0 */
	const char *reason;         /* or NULL */
	int64_t flags;
	int64_t address;            /* in its image; 0 = none */
};

struct irt_store_context {
	int64_t context_id, process_id;
	int64_t parent_id;          /* or NULL */
	int64_t ordinal, function_id, depth;
	int64_t recursive;          /* 1 or 0 */
	int64_t flags;              /* IRT_STORE_CONTEXT_* */
};
enum {
	IRT_STORE_CONTEXT_FOLDED = 1,
	IRT_STORE_CONTEXT_OTHER = 2,
};

struct irt_store_totals {
	int64_t thread_id, context_id;
	int64_t calls, returns, unwound, open;
	int64_t total_ticks, self_ticks;
	int64_t min_ticks, max_ticks; /* or NULL */
	const void *histogram;      /* or NULL */
	int64_t histogram_bytes;
};

struct irt_store_function_totals {
	int64_t process_id;         /* 0 = the whole run */
	int64_t function_id;
	int64_t calls, returns, unwound, open, orphans;
	int64_t total_ticks, self_ticks;
	int64_t min_ticks, p50_ticks, p99_ticks, max_ticks; /* or NULL */
};

struct irt_store_chunk {
	int64_t chunk_id;           /* set by the store; ignored by put_chunk */
	int64_t thread_id, start_pos, end_pos;
	int64_t first_event, events;
	int64_t start_ticks, end_ticks;
	int64_t start_context_id, start_depth, min_depth;
	uint64_t operations;
	const void *functions;
	int64_t functions_bytes;
	int64_t codec, time_unit_ticks;
	const void *data;
	int64_t data_bytes;
};

struct irt_store_loss {
	int64_t loss_id;            /* the caller's, but 0: the store's own row "chunks deleted" */
	int64_t process_id, thread_id; /* or NULL */
	const char *cause;
	int64_t events, start_ticks, end_ticks; /* or NULL */
	int64_t totals_kept;        /* 1 or 0 */
};

struct irt_store_hole {
	int64_t thread_id, position, units;
};

struct irt_store_site {
	int64_t site_id, module_id, row;
	const char *kind, *family, *name, *linkage_name;
	const char *file;           /* or NULL */
	int64_t line, column;       /* or NULL */
	const char *type;           /* or NULL */
};

struct irt_store_heap { /* heaps */
	int64_t process_id, kind;
	int64_t allocs, bytes, frees, freed_bytes, failed, resized, temporary, crossed, lost, unknown_frees;
	int64_t peak_blocks, peak_bytes;
	int64_t peak_ticks;         /* or NULL */
};

struct irt_store_heap_totals {
	int64_t context_id, site_id, kind;
	int64_t allocs, bytes, frees, freed_bytes, failed, resized, temporary, crossed;
	int64_t max_bytes, peak_blocks, peak_bytes, life_ticks;
	const void *sizes;          /* or NULL */
	int64_t sizes_bytes;
	const void *lifetimes;      /* or NULL */
	int64_t lifetimes_bytes;
	int64_t released, released_bytes;
	int64_t chains, grown, moved, moved_bytes;
};

struct irt_store_live_block {
	int64_t process_id, kind, address, bytes, context_id, site_id, thread_id, start_ticks, family;
	int64_t resizer, pool;      /* or NULL */
	int64_t resized;
};

struct irt_store_heap_sample {
	int64_t process_id, ticks, allocs, bytes, live_blocks, live_bytes, pool_bytes, mapped_bytes;
	int64_t rss_bytes;          /* or NULL */
};

struct irt_store_heap_history {
	int64_t context_id, site_id, ticks, live_blocks, live_bytes;
};

struct irt_store_heap_fault {
	int64_t process_id;
	const char *kind;
	int64_t context_id, site_id, block_context_id, block_site_id;
	int64_t count, address, first_ticks;
};

struct irt_store_heap_pending {
	int64_t process_id, part;
	const void *events;
	int64_t events_bytes;
};

struct irt_store_block_totals {
	int64_t context_id, site_id, descriptor, with_lock;
	int64_t calls, failed, bytes, total_ticks, max_ticks;
	const void *times;
	int64_t times_bytes;
};

struct irt_store_open_block { /* open_blocks; its process and thread are the arguments */
	int64_t depth, context_id, site_id, start_ticks;
};

struct irt_store_lock { /* locks */
	int64_t lock_id, process_id, kind, address, context_id, site_id, start_ticks;
	int64_t end_ticks, holder_context_id, holder_thread_id; /* or NULL */
	int64_t lost, unknown;
};

struct irt_store_lock_totals {
	int64_t lock_id, context_id, site_id, mode, acquisitions, contended, failed, wait_ticks, max_wait_ticks;
	const void *waits;          /* or NULL */
	int64_t waits_bytes;
	int64_t holds, hold_ticks, max_hold_ticks;
	const void *hold_times;     /* or NULL */
	int64_t hold_times_bytes;
	int64_t allocs, alloc_bytes;
};

struct irt_store_lock_wait { /* lock_waits */
	int64_t wait_id, lock_id, context_id, holder_context_id;
	int64_t holder_wait_id, call_context_id, call_site_id; /* or NULL */
	int64_t waits, ticks;
};

struct irt_store_lock_threads { /* lock_threads */
	int64_t lock_id, thread_id, holder_thread_id, waits, ticks;
};

struct irt_store_lock_order { /* lock_orders */
	int64_t lock_id, context_id, site_id, mode, to_lock_id, to_context_id, to_site_id, to_mode;
	int64_t thread_id;          /* or NULL */
	int64_t count, contended, wait_ticks;
	const char *gates;
};

struct irt_store_lock_call { /* lock_calls */
	int64_t lock_id, context_id, site_id, mode, call_context_id, call_site_id, calls, ticks, max_ticks;
};

struct irt_store_lock_user { /* lock_users */
	int64_t process_id, lock_id, thread_id, depth, context_id, site_id, mode, start_ticks;
};

struct irt_store_lock_pending {
	int64_t process_id, part;
	const void *state;
	int64_t state_bytes;
};

struct irt_store_creator { /* thread_creators */
	int64_t thread_id;
	int64_t process_id;         /* its; put alone */
	int64_t context_id, site_id;
	int64_t creator_thread_id;  /* read: or NULL */
};

struct irt_store_creation { /* thread_creations */
	int64_t process_id, number, key, context_id, site_id, thread_id, start_ticks, end_ticks;
};

struct irt_store_message {
	int64_t ticks, process_id;  /* or NULL */
	const char *severity;       /* "note", "warning", "error" */
	const char *text;
};

/* ---- writing: within a round ------------------------------------------------------------------- */

/* A value of table run: TEXT, or NUMBER if TEXT is NULL. */
int irt_store_put_run(struct irt_store *store, const char *key, const char *text, int64_t number);
int irt_store_put_setting(struct irt_store *store, const struct irt_store_setting *row);
int irt_store_put_clock(struct irt_store *store, const struct irt_store_clock *row);
int irt_store_put_process(struct irt_store *store, const struct irt_store_process *row);
int irt_store_put_module(struct irt_store *store, const struct irt_store_module *row);
int irt_store_put_load(struct irt_store *store, const struct irt_store_load *row);
int irt_store_put_function(struct irt_store *store, const struct irt_store_function *row);
int irt_store_put_context(struct irt_store *store, const struct irt_store_context *row);
int irt_store_put_loss(struct irt_store *store, const struct irt_store_loss *row);
int irt_store_put_hole(struct irt_store *store, const struct irt_store_hole *row);
int irt_store_delete_hole(struct irt_store *store, int64_t thread_id, int64_t position);
/* Appends: the only put that must not be repeated after a round that succeeded. */
int irt_store_put_message(struct irt_store *store, const struct irt_store_message *row);

int irt_store_put_site(struct irt_store *store, const struct irt_store_site *row);
/* The heap as of a checkpoint: of blocks those that are gone (first) and those that are new, of the rest what
 * has changed. No pending events (events_bytes 0): the row goes. */
int irt_store_put_heap(struct irt_store *store, const struct irt_store_heap *row);
int irt_store_put_heap_totals(struct irt_store *store, const struct irt_store_heap_totals *row);
int irt_store_delete_live_block(struct irt_store *store, int64_t process_id, int64_t kind, int64_t address);
int irt_store_put_live_block(struct irt_store *store, const struct irt_store_live_block *row);
int irt_store_put_heap_sample(struct irt_store *store, const struct irt_store_heap_sample *row);
int irt_store_put_heap_history(struct irt_store *store, const struct irt_store_heap_history *row);
int irt_store_put_heap_moment(struct irt_store *store, int64_t process_id, int64_t ticks);
/* Those from a time on. */
int irt_store_delete_heap_moments(struct irt_store *store, int64_t process_id, int64_t from_ticks);
int irt_store_put_heap_fault(struct irt_store *store, const struct irt_store_heap_fault *row);
int irt_store_delete_heap_pending(struct irt_store *store, int64_t process_id);
int irt_store_put_heap_pending(struct irt_store *store, const struct irt_store_heap_pending *row);

/* Calls that may block, as of a checkpoint: the rows that have changed. */
int irt_store_put_block_totals(struct irt_store *store, const struct irt_store_block_totals *row);
/* All of a thread, in the place of those that it had. */
int irt_store_put_open_blocks(struct irt_store *store, int64_t process_id, int64_t thread_id,
			      const struct irt_store_open_block *blocks, size_t count);
/* Locks as of a checkpoint: what has changed; of users and what is pending first delete, then put, all of the process. */
int irt_store_put_lock(struct irt_store *store, const struct irt_store_lock *row);
int irt_store_put_lock_totals(struct irt_store *store, const struct irt_store_lock_totals *row);
int irt_store_put_lock_wait(struct irt_store *store, const struct irt_store_lock_wait *row);
int irt_store_put_lock_threads(struct irt_store *store, const struct irt_store_lock_threads *row);
int irt_store_put_lock_order(struct irt_store *store, const struct irt_store_lock_order *row);
int irt_store_put_lock_call(struct irt_store *store, const struct irt_store_lock_call *row);
int irt_store_delete_lock_users(struct irt_store *store, int64_t process_id);
int irt_store_put_lock_user(struct irt_store *store, const struct irt_store_lock_user *row);
int irt_store_delete_lock_pending(struct irt_store *store, int64_t process_id);
int irt_store_put_lock_pending(struct irt_store *store, const struct irt_store_lock_pending *row);

/* Who has created a thread, once for each: it counts for "ended threads" if that is merged by now. */
int irt_store_put_creator(struct irt_store *store, const struct irt_store_creator *row);
int irt_store_put_creation(struct irt_store *store, const struct irt_store_creation *row);
int irt_store_delete_creation(struct irt_store *store, int64_t process_id, int64_t number);

/* Inserts a chunk, or rewrites the open chunk with the same (thread_id, start_pos). The chunk's
 * thread must be in the file or put earlier in the round. Put the thread's row before its chunks
 * when the round is a checkpoint: with events=off, chunks that totals_pos covers are then never
 * written. With max_db_bytes this deletes the oldest chunks that a checkpoint covers to make room,
 * and keeps run.events_from_ticks and losses row 0 in step. */
int irt_store_put_chunk(struct irt_store *store, const struct irt_store_chunk *row);

/* The checkpoint: the thread's row with its new totals_pos, its frames, the totals that changed. */
int irt_store_put_thread(struct irt_store *store, const struct irt_store_thread *row);
/* Replaces the thread's open frames from FROM_DEPTH (0 = all) upwards by COUNT frames; those below
 * FROM_DEPTH have not changed since the last checkpoint and stay. */
int irt_store_put_frames(struct irt_store *store, int64_t thread_id, int64_t from_depth,
			 const struct irt_store_frame *frames, size_t count);
int irt_store_put_totals(struct irt_store *store, const struct irt_store_totals *row);
int irt_store_put_function_totals(struct irt_store *store,
				  const struct irt_store_function_totals *row);

/* Merging a thread that has ended into the row of its process's "ended threads" (thread_id INTO_ID), all
 * in one round and behind the last put of that thread: its row and totals are read (within the round:
 * get_*), the caller adds them to what it puts for INTO_ID, and drop_merged takes them away. The row
 * itself goes with its last chunk, at once if there is none; till then it says whose events those are. */
int irt_store_get_thread(struct irt_store *store, int64_t thread_id, bool *found, struct irt_store_thread *row); /* without name */
/* CONTEXT_ID IRT_STORE_NULL: all of the thread's. EACH as for read_*; what it returns does not fail the round. */
int irt_store_get_totals(struct irt_store *store, int64_t thread_id, int64_t context_id, void *arg, int (*each)(void *arg, const struct irt_store_totals *row));
int irt_store_drop_merged(struct irt_store *store, int64_t thread_id);
/* Loss LOSS_ID, of a merged thread, is added to that of INTO_ID with the same cause. */
int irt_store_merge_loss(struct irt_store *store, int64_t loss_id, int64_t into_id);

/* The time of the checkpoint: live threads' open calls count up to here. Once per checkpoint. */
int irt_store_put_checkpoint(struct irt_store *store, int64_t ticks);

/* ---- reading back, to continue a run -------------------------------------------------------------
 *
 * Each calls EACH for every row, in the order of the table's key unless said otherwise. A result
 * other than 0 stops and is returned. The row and what it points to are valid during the call only.
 * EACH may not write to the store. Not within a round. Rows are as the file has them: whoever opens
 * a file of unknown origin checks what it uses (ids in range, depths, lengths).
 */
int irt_store_read_run(struct irt_store *store, void *arg,
		       int (*each)(void *arg, const char *key, const char *text, int64_t number)); /* text or number, as put */
int irt_store_read_clocks(struct irt_store *store, void *arg,
			  int (*each)(void *arg, const struct irt_store_clock *row));
int irt_store_read_processes(struct irt_store *store, void *arg,
			     int (*each)(void *arg, const struct irt_store_process *row));
int irt_store_read_modules(struct irt_store *store, void *arg,
			   int (*each)(void *arg, const struct irt_store_module *row));
int irt_store_read_loads(struct irt_store *store, void *arg,
			 int (*each)(void *arg, const struct irt_store_load *row));
int irt_store_read_functions(struct irt_store *store, void *arg,
			     int (*each)(void *arg, const struct irt_store_function *row));
/* In order of context_id: a parent comes before its children, siblings by ordinal. PROCESS_ID
 * IRT_STORE_NULL reads all. */
int irt_store_read_contexts(struct irt_store *store, int64_t process_id, void *arg,
			    int (*each)(void *arg, const struct irt_store_context *row));
/* Without merged ones. consumed_pos = the greatest of totals_pos and its chunks' end_pos: units below are
 * in the file. */
int irt_store_read_threads(struct irt_store *store, void *arg,
			   int (*each)(void *arg, const struct irt_store_thread *row,
				       int64_t consumed_pos));
/* Outermost first. */
int irt_store_read_frames(struct irt_store *store, int64_t thread_id, void *arg,
			  int (*each)(void *arg, int64_t depth, const struct irt_store_frame *row));
int irt_store_read_totals(struct irt_store *store, int64_t thread_id, void *arg,
			  int (*each)(void *arg, const struct irt_store_totals *row));
/* PROCESS_ID 0 = the whole run's rows, IRT_STORE_NULL = all rows. */
int irt_store_read_function_totals(struct irt_store *store, int64_t process_id, void *arg,
				   int (*each)(void *arg, const struct irt_store_function_totals *row));
/* Chunks of a thread with end_pos > BEHIND_POS, by start_pos, with their data. */
int irt_store_read_chunks(struct irt_store *store, int64_t thread_id, int64_t behind_pos, void *arg,
			  int (*each)(void *arg, const struct irt_store_chunk *row));
int irt_store_read_losses(struct irt_store *store, void *arg,
			  int (*each)(void *arg, const struct irt_store_loss *row));
int irt_store_read_holes(struct irt_store *store, int64_t thread_id, void *arg,
			 int (*each)(void *arg, const struct irt_store_hole *row));
int irt_store_read_sites(struct irt_store *store, void *arg,
			 int (*each)(void *arg, const struct irt_store_site *row));
/* All processes' heaps; totals of those contexts whose ids lie in [FIRST, LAST]. */
int irt_store_read_heaps(struct irt_store *store, void *arg,
			 int (*each)(void *arg, const struct irt_store_heap *row));
int irt_store_read_heap_totals(struct irt_store *store, int64_t first, int64_t last, void *arg,
			       int (*each)(void *arg, const struct irt_store_heap_totals *row));
int irt_store_read_live_blocks(struct irt_store *store, int64_t process_id, void *arg,
			       int (*each)(void *arg, const struct irt_store_live_block *row));
int irt_store_read_heap_faults(struct irt_store *store, int64_t process_id, void *arg,
			       int (*each)(void *arg, const struct irt_store_heap_fault *row));
int irt_store_read_heap_pending(struct irt_store *store, int64_t process_id, void *arg,
				int (*each)(void *arg, const struct irt_store_heap_pending *row));
/* Of those contexts whose ids lie in [FIRST, LAST]. */
int irt_store_read_block_totals(struct irt_store *store, int64_t first, int64_t last, void *arg,
				int (*each)(void *arg, const struct irt_store_block_totals *row));
int irt_store_read_open_blocks(struct irt_store *store, int64_t thread_id, void *arg,
			       int (*each)(void *arg, const struct irt_store_open_block *row)); /* by depth */
/* Of those locks whose ids lie in [FIRST, LAST]. */
int irt_store_read_locks(struct irt_store *store, int64_t first, int64_t last, void *arg,
			 int (*each)(void *arg, const struct irt_store_lock *row));
int irt_store_read_lock_totals(struct irt_store *store, int64_t first, int64_t last, void *arg,
			       int (*each)(void *arg, const struct irt_store_lock_totals *row));
/* By wait_id; the others by lock_id. */
int irt_store_read_lock_waits(struct irt_store *store, int64_t first, int64_t last, void *arg,
			      int (*each)(void *arg, const struct irt_store_lock_wait *row));
int irt_store_read_lock_threads(struct irt_store *store, int64_t first, int64_t last, void *arg,
				int (*each)(void *arg, const struct irt_store_lock_threads *row));
int irt_store_read_lock_orders(struct irt_store *store, int64_t first, int64_t last, void *arg,
			       int (*each)(void *arg, const struct irt_store_lock_order *row));
int irt_store_read_lock_calls(struct irt_store *store, int64_t first, int64_t last, void *arg,
			      int (*each)(void *arg, const struct irt_store_lock_call *row));
int irt_store_read_lock_pending(struct irt_store *store, int64_t process_id, void *arg,
				int (*each)(void *arg, const struct irt_store_lock_pending *row));
int irt_store_read_creators(struct irt_store *store, void *arg,
			    int (*each)(void *arg, const struct irt_store_creator *row));
int irt_store_read_creations(struct irt_store *store, int64_t process_id, void *arg,
			     int (*each)(void *arg, const struct irt_store_creation *row));

#endif
