/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * room.c - space: bytes kept for a full disk, the limit max_db_bytes, the length of the -wal.
 *
 * max_db_bytes holds for file and -wal together:
 *
 *      0                                            max_bytes
 *      ├──────────── file ────────────┬── one round ──┬─ -wal ─┤
 *                                     └ file_limit
 *
 * The -wal is folded into the file when it is wal_pages_goal long, so it is that and a round long at
 * most while no reader holds it. Before a chunk is inserted, the oldest chunks that a checkpoint
 * covers are deleted until the file's free pages and the room below file_limit take it: the file
 * stops growing, and its pages are used again. Totals are never refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/store_image.h"
#include "store/store_internal.h"

enum { KEEP_AFTER_ROUNDS = 4 }; /* keeping bytes costs a millisecond, which a short run need not pay */

#define PAGE INT64_C(16384)
_Static_assert(PAGE == IRT_STORE_PAGE_BYTES, "page size");

/* ---- bytes kept for a full disk ----------------------------------------------------------------- */

/*
 * When the disk is full, the bytes are given back and the -wal is folded in at once, and after every
 * round from then on: it begins anew each time in the space that it has, and the file grows by no
 * more than the totals need. A -wal of wal_pages_goal fits into half of the kept bytes.
 */

/* A file without a name: it is gone when the process is, however it ends. */
static int open_nameless(struct irt_store *store)
{
	char name[sizeof(store->name) + 16];
	int fd = openat(store->folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	snprintf(name, sizeof(name), "%.200s-kept%ld", store->name, (long)getpid());
	fd = openat(store->folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlinkat(store->folder_fd, name, 0);
	return fd;
}

/* Where the file system cannot allocate ahead, nothing is kept: writing the bytes instead would cost
 * every short run a millisecond. */
static void keep_bytes(struct irt_store *store)
{
	int fd;

	store->kept_tried = true;
	if (store->kept_fd >= 0)
		return;
	fd = open_nameless(store);
	if (fd < 0)
		return;
	if (fallocate(fd, 0, 0, IRT_STORE_KEPT_BYTES)) {
		close(fd);
		return;
	}
	store->kept_fd = fd;
}

void irt_store_drop_kept(struct irt_store *store)
{
	if (store->kept_fd >= 0)
		close(store->kept_fd);
	store->kept_fd = -1;
}

static bool has_space_again(struct irt_store *store)
{
	struct statvfs fs;

	return fstatvfs(store->folder_fd, &fs) == 0 &&
	       (uint64_t)fs.f_bavail * fs.f_frsize >= 4 * (uint64_t)IRT_STORE_KEPT_BYTES;
}

/* ---- max_db_bytes ------------------------------------------------------------------------------- */

/* The greatest size of the file alone, in pages. */
static int64_t file_limit(const struct irt_store *store)
{
	int64_t wal = store->wal_pages_goal * PAGE, round = store->max_bytes / 16;
	int64_t pages;

	if (store->wal_bytes > wal)
		wal = store->wal_bytes;
	/* Rounds differ, not least by what they delete; a wrong guess must not delete everything. */
	if (2 * store->round_bytes > round)
		round = 2 * store->round_bytes;
	if (round > store->max_bytes / 4)
		round = store->max_bytes / 4;
	pages = (store->max_bytes - wal - round) / PAGE;
	return pages > 0 ? pages : 0;
}

/* Pages that can still be filled below the limit. Negative: the limit is exceeded. */
static int count_room(struct irt_store *store, int64_t *room)
{
	int64_t pages = 0, free_pages = 0;
	int result = irt_store_number(store, IRT_ST_PAGE_COUNT, &pages);

	if (!result)
		result = irt_store_number(store, IRT_ST_FREE_PAGES, &free_pages);
	*room = file_limit(store) - pages + free_pages;
	return result;
}

struct found {
	int64_t id; /* 0: there is none */
	int64_t thread_id, start_pos;
	struct irt_store_deleted what;
};

/* Finds the oldest chunk behind chunk_id AFTER that may go. */
static int find_oldest(struct irt_store *store, int64_t after, bool last_too, struct found *f)
{
	sqlite3_stmt *oldest = irt_store_statement(store, IRT_ST_OLDEST_COVERED);
	int rc, result = 0;

	f->id = 0;
	if (!oldest)
		return store->error.code;
	sqlite3_bind_int64(oldest, 1, after);
	sqlite3_bind_int(oldest, 2, last_too);
	rc = sqlite3_step(oldest);
	if (rc == SQLITE_ROW) {
		f->id = sqlite3_column_int64(oldest, 0);
		f->what.start_ticks = sqlite3_column_int64(oldest, 1);
		f->what.end_ticks = sqlite3_column_int64(oldest, 2);
		f->what.events = sqlite3_column_int64(oldest, 3);
		f->thread_id = sqlite3_column_int64(oldest, 4);
		f->start_pos = sqlite3_column_int64(oldest, 5);
	} else if (rc != SQLITE_DONE) {
		result = irt_store_fail_sqlite(store, rc, "read chunks");
	}
	sqlite3_reset(oldest);
	return result;
}

static int note_last_chunk(struct irt_store *store, const struct found *f)
{
	if (store->last_chunk_count == store->last_chunk_room) {
		size_t room = store->last_chunk_room ? 2 * store->last_chunk_room : 16;
		struct irt_store_last_chunk *more = realloc(store->last_chunks, room * sizeof(*more));
		if (!more)
			return irt_store_fail(store, INSTR_ERR_MEMORY, "no memory");
		store->last_chunks = more;
		store->last_chunk_room = room;
	}
	store->last_chunks[store->last_chunk_count++] = (struct irt_store_last_chunk){
		.thread_id = f->thread_id, .start_pos = f->start_pos, .events = f->what.events, .open_round = true};
	return 0;
}

void irt_store_chunk_comes(struct irt_store *store, int64_t thread_id, int64_t start_pos)
{
	for (size_t i = 0; i < store->last_chunk_count; i++) {
		struct irt_store_last_chunk *c = &store->last_chunks[i];
		if (c->thread_id != thread_id || c->over)
			continue;
		c->over = true;
		if (c->start_pos == start_pos)
			store->deleted.events -= c->events;
	}
}

void irt_store_keep_deleted(struct irt_store *store)
{
	size_t kept = 0;
	for (size_t i = 0; i < store->last_chunk_count; i++) {
		store->last_chunks[kept] = store->last_chunks[i];
		store->last_chunks[kept].open_round = false;
		kept += !store->last_chunks[i].over;
	}
	store->last_chunk_count = kept;
	store->deleted_before = store->deleted;
}

void irt_store_restore_deleted(struct irt_store *store)
{
	size_t kept = 0;
	for (size_t i = 0; i < store->last_chunk_count; i++) {
		store->last_chunks[kept] = store->last_chunks[i];
		store->last_chunks[kept].over = false;
		kept += !store->last_chunks[i].open_round;
	}
	store->last_chunk_count = kept;
	store->deleted = store->deleted_before;
	store->deleted_up_to = 0;
}

/* Deletes the oldest chunk that a checkpoint covers; *found says whether there was one. What the last
 * search passed (chunks not covered then, last chunks of idle threads) is looked at again when there
 * is nothing behind it, and live threads' last chunks go when there is nothing else. */
static int delete_oldest(struct irt_store *store, bool *found)
{
	struct found f = {0};
	struct irt_store_deleted *d = &store->deleted;
	sqlite3_stmt *delete;
	bool last = false;
	int result = find_oldest(store, store->deleted_up_to, false, &f);

	if (!result && !f.id && store->deleted_up_to)
		result = find_oldest(store, 0, false, &f);
	if (!result && !f.id) {
		result = find_oldest(store, 0, true, &f);
		last = true;
	}
	*found = f.id != 0;
	if (result || !f.id)
		return result;
	delete = irt_store_statement(store, IRT_ST_DELETE_CHUNK);
	if (!delete)
		return store->error.code;
	sqlite3_bind_int64(delete, 1, f.id);
	result = irt_store_run(store, delete, "delete chunks");
	if (!result)
		result = irt_store_delete_merged(store, f.thread_id);
	if (!result && last)
		result = note_last_chunk(store, &f);
	if (result)
		return result;
	store->deleted_up_to = f.id;
	d->events += f.what.events;
	if (d->start_ticks == IRT_STORE_NULL || f.what.start_ticks < d->start_ticks)
		d->start_ticks = f.what.start_ticks;
	if (d->end_ticks == IRT_STORE_NULL || f.what.end_ticks > d->end_ticks)
		d->end_ticks = f.what.end_ticks;
	return 0;
}

int irt_store_make_room(struct irt_store *store, int64_t bytes)
{
	int64_t need = bytes ? bytes / PAGE + 2 : 0;

	for (;;) {
		int64_t room;
		bool found;
		int result = count_room(store, &room);
		if (result)
			return result;
		if (room >= need) {
			store->want_checkpoint = false;
			return 0;
		}
		result = delete_oldest(store, &found);
		if (result)
			return result;
		if (!found) {
			store->want_checkpoint = true;
			return 0;
		}
	}
}

int irt_store_note_deleted(struct irt_store *store)
{
	const struct irt_store_deleted *d = &store->deleted;
	struct irt_store_loss row = {
		.loss_id = 0,
		.process_id = IRT_STORE_NULL,
		.thread_id = IRT_STORE_NULL,
		.cause = "chunks deleted",
		.events = d->events,
		.start_ticks = d->start_ticks,
		.end_ticks = d->end_ticks,
		.totals_kept = 1,
	};

	if (d->events == store->deleted_before.events && d->end_ticks == store->deleted_before.end_ticks)
		return 0;
	irt_store_put_loss(store, &row);
	return irt_store_put_run(store, "events_from_ticks", NULL, d->end_ticks);
}

/* ---- after a round ------------------------------------------------------------------------------ */

static int64_t size_of(struct irt_store *store, const char *suffix)
{
	char name[sizeof(store->name) + 8];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", store->name, suffix);
	return fstatat(store->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_size;
}

static void note_failure(struct irt_store *store, int code)
{
	if (code == INSTR_ERR_FULL) {
		store->disk_full = true;
		irt_store_drop_kept(store);
	} else if (code == INSTR_ERR_IO) {
		store->io_failed = true;
	}
}

/* Folds the -wal into the file, as far as readers allow. Not a failure of the round: it is
 * committed. */
static void fold_wal(struct irt_store *store)
{
	int frames = 0, folded = 0;
	int rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &folded);

	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) {
		const char *why;
		note_failure(store, irt_store_code(store->db, rc, &why));
	}
	store->wal_stuck = frames * PAGE > IRT_STORE_WAL_MAX_BYTES;
}

void irt_store_after_commit(struct irt_store *store)
{
	int64_t round_bytes = store->wal_pages * PAGE - store->wal_used_bytes;

	/* The largest round of late, forgotten slowly. A -wal that began anew counts from 0. */
	if (round_bytes < 0)
		round_bytes = store->wal_pages * PAGE;
	store->wal_used_bytes = store->wal_pages * PAGE;
	store->round_bytes -= store->round_bytes / 16;
	if (round_bytes > store->round_bytes)
		store->round_bytes = round_bytes;

	store->io_failed = false;
	store->wal_stuck = false;
	if (store->wal_pages >= store->wal_pages_goal || store->disk_full)
		fold_wal(store);
	store->db_bytes = size_of(store, "");
	store->wal_bytes = size_of(store, "-wal");

	if (store->disk_full && has_space_again(store)) {
		keep_bytes(store);
		store->disk_full = false;
	}
	if (!store->kept_tried && store->rounds >= KEEP_AFTER_ROUNDS && !store->disk_full)
		keep_bytes(store);
}

void irt_store_after_failure(struct irt_store *store, int code)
{
	bool first = !store->disk_full;

	note_failure(store, code);
	if (first && store->disk_full)
		fold_wal(store);
}

void irt_store_health(const struct irt_store *store, struct irt_store_health *health)
{
	*health = (struct irt_store_health){
		.db_bytes = store->db_bytes,
		.wal_bytes = store->wal_bytes,
		.stop_events = store->disk_full || store->io_failed || store->wal_stuck,
		.stop_cause = store->disk_full ? "disk full" : store->io_failed ? "io error" :
			      store->wal_stuck ? "reader" : NULL,
		.want_checkpoint = store->want_checkpoint,
		.no_live_reading = store->no_shared_memory,
		.deleted_events = store->deleted_before.events,
		.events_from_ticks = store->deleted_before.end_ticks,
	};
}
