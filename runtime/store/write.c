/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * write.c - one statement per kind of row, prepared once, bound and stepped per row.
 *
 * Columns are named in the statements, so that a later schema may add columns. REPLACE on a table
 * without secondary indices overwrites the row in place.
 */
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

const char *const irt_store_sql[IRT_ST_COUNT] = {
	[IRT_ST_BEGIN] = "BEGIN IMMEDIATE",
	[IRT_ST_COMMIT] = "COMMIT",
	[IRT_ST_ROLLBACK] = "ROLLBACK",
	[IRT_ST_PAGE_COUNT] = "PRAGMA page_count",
	[IRT_ST_FREE_PAGES] = "PRAGMA freelist_count",
	[IRT_ST_RUN] = "INSERT OR REPLACE INTO run (key, value) VALUES (?, ?)",
	[IRT_ST_SETTING] = "INSERT OR REPLACE INTO settings (side, key, value) VALUES (?, ?, ?)",
	[IRT_ST_CLOCK] =
		"INSERT OR REPLACE INTO clocks (ticks, monotonic_ns, realtime_ns, counter) VALUES (?, ?, ?, ?)",
	[IRT_ST_PROCESS] =
		"INSERT OR REPLACE INTO processes (process_id, parent_process_id, pid, pid_namespace, command,"
		" executable, working_directory, joined_by, start_ticks, end_ticks, end_reason, exit_code,"
		" exit_signal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_THREAD] =
		"INSERT OR REPLACE INTO threads (thread_id, process_id, tid, name, parent_thread_id,"
		" parent_position, start_ticks, end_ticks, last_ticks, events, totals_pos, totals_events,"
		" lost_events, wait_ticks, waits, orphans, skipped_units, flags, merged, cpu_ns, ready_ns, cpu_ticks)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_MODULE] = "INSERT OR REPLACE INTO modules (module_id, path, build_id, rows) VALUES (?, ?, ?, ?)",
	[IRT_ST_LOAD] =
		"INSERT OR REPLACE INTO module_loads (load_id, process_id, module_id, rows_start, rows_end,"
		" start_ticks, end_ticks) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_FUNCTION] =
		"INSERT OR REPLACE INTO functions (function_id, module_id, row, name, linkage_name, file, line,"
		" instrumented, reason, flags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_FUNCTION_ADDRESS] = "INSERT OR REPLACE INTO function_addresses (function_id, address) VALUES (?, ?)",
	[IRT_ST_CONTEXT] =
		"INSERT OR REPLACE INTO contexts (context_id, process_id, parent_id, ordinal, function_id,"
		" depth, recursive, flags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_TOTALS] =
		"INSERT OR REPLACE INTO totals (thread_id, context_id, calls, returns, unwound, open,"
		" total_ticks, self_ticks, min_ticks, max_ticks, histogram)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_FUNCTION_TOTALS] =
		"INSERT OR REPLACE INTO function_totals (process_id, function_id, calls, returns, unwound, open,"
		" orphans, total_ticks, self_ticks, min_ticks, p50_ticks, p99_ticks, max_ticks)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	/* An open chunk that is written again keeps its chunk_id. */
	[IRT_ST_CHUNK] =
		"INSERT INTO chunks (thread_id, start_pos, end_pos, first_event, events, start_ticks, end_ticks,"
		" start_context_id, start_depth, min_depth, operations, functions, codec, time_unit_ticks, data)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (thread_id, start_pos) DO UPDATE SET end_pos = excluded.end_pos,"
		" first_event = excluded.first_event, events = excluded.events,"
		" start_ticks = excluded.start_ticks, end_ticks = excluded.end_ticks,"
		" start_context_id = excluded.start_context_id, start_depth = excluded.start_depth,"
		" min_depth = excluded.min_depth, operations = excluded.operations,"
		" functions = excluded.functions, codec = excluded.codec,"
		" time_unit_ticks = excluded.time_unit_ticks, data = excluded.data",
	[IRT_ST_LOSS] =
		"INSERT OR REPLACE INTO losses (loss_id, process_id, thread_id, cause, events, start_ticks,"
		" end_ticks, totals_kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_HOLE] = "INSERT OR REPLACE INTO holes (thread_id, position, units) VALUES (?, ?, ?)",
	[IRT_ST_MESSAGE] = "INSERT INTO messages (ticks, process_id, severity, text) VALUES (?, ?, ?, ?)",
	[IRT_ST_FRAME] =
		"INSERT OR REPLACE INTO open_frames (thread_id, depth, context_id, enter_ticks, child_ticks,"
		" tag, flags) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_DELETE_FRAMES] = "DELETE FROM open_frames WHERE thread_id = ? AND depth >= ?",
	[IRT_ST_DELETE_TOTALS] = "DELETE FROM totals WHERE thread_id = ?",
	[IRT_ST_DELETE_HOLE] = "DELETE FROM holes WHERE thread_id = ? AND position = ?",
	[IRT_ST_DELETE_COVERED] = "DELETE FROM chunks WHERE thread_id = ? AND end_pos <= ?",
	/* Chunks of all threads are numbered in the order of their rounds, that is by time. A live
	 * thread's last chunk may be open: it would be written again. */
	[IRT_ST_OLDEST_COVERED] =
		"SELECT c.chunk_id, c.start_ticks, c.end_ticks, c.events, c.thread_id, c.start_pos"
		" FROM chunks c CROSS JOIN threads t ON t.thread_id = c.thread_id"
		" WHERE c.chunk_id > ?1 AND c.end_pos <= t.totals_pos AND (?2 OR t.end_ticks IS NOT NULL OR"
		"  EXISTS (SELECT 1 FROM chunks n WHERE n.thread_id = c.thread_id AND n.start_pos > c.start_pos))"
		" ORDER BY c.chunk_id LIMIT 1",
	[IRT_ST_DELETE_CHUNK] = "DELETE FROM chunks WHERE chunk_id = ?",
	[IRT_ST_GET_THREAD] =
		"SELECT process_id, tid, parent_thread_id, parent_position, start_ticks, end_ticks, last_ticks, events,"
		" totals_pos, totals_events, lost_events, wait_ticks, waits, orphans, skipped_units, flags, merged,"
		" cpu_ns, ready_ns, cpu_ticks"
		" FROM threads WHERE thread_id = ?",
	[IRT_ST_GET_TOTALS] =
		"SELECT context_id, calls, returns, unwound, open, total_ticks, self_ticks, min_ticks, max_ticks,"
		" histogram FROM totals WHERE thread_id = ? AND context_id BETWEEN ? AND ?",
	[IRT_ST_SET_MERGED] =
		"UPDATE threads SET events = 0, lost_events = 0, wait_ticks = 0, waits = 0, orphans = 0,"
		" skipped_units = 0, flags = flags | 32 WHERE thread_id = ?",
	[IRT_ST_DELETE_MERGED] =
		"DELETE FROM threads WHERE thread_id = ?1 AND flags >= 32"
		" AND NOT EXISTS (SELECT 1 FROM chunks WHERE thread_id = ?1)",
	/* One row for each cause that losses of single threads have. */
	[IRT_ST_MERGE_LOSS] =
		"INSERT INTO losses (loss_id, process_id, thread_id, cause, events, start_ticks, end_ticks, totals_kept)"
		" SELECT ?2 * 2 - (cause <> 'ring full') - (1 << 40), process_id, ?2, cause, events, start_ticks, end_ticks,"
		"  totals_kept FROM losses WHERE loss_id = ?1"
		" ON CONFLICT (loss_id) DO UPDATE SET events = events + excluded.events",
	[IRT_ST_DELETE_LOSS] = "DELETE FROM losses WHERE loss_id = ?",
	[IRT_ST_SITE] =
		"INSERT OR REPLACE INTO sites (site_id, module_id, row, kind, family, name, linkage_name, file, line,"
		" column, type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_HEAP] =
		"INSERT OR REPLACE INTO heaps (process_id, kind, allocs, bytes, frees, freed_bytes, failed, resized,"
		" temporary, crossed, lost, unknown_frees, peak_blocks, peak_bytes, peak_ticks)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_HEAP_TOTALS] =
		"INSERT OR REPLACE INTO heap_totals (context_id, site_id, kind, allocs, bytes, frees, freed_bytes, failed,"
		" resized, temporary, crossed, max_bytes, peak_blocks, peak_bytes, life_ticks, sizes, lifetimes,"
		" released, released_bytes, chains, grown, moved, moved_bytes)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_LIVE_BLOCK] =
		"INSERT OR REPLACE INTO live_blocks (process_id, kind, address, bytes, context_id, site_id, thread_id,"
		" start_ticks, family, resizer, pool, resized) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_DELETE_LIVE_BLOCK] = "DELETE FROM live_blocks WHERE process_id = ? AND kind = ? AND address = ?",
	[IRT_ST_HEAP_SAMPLE] =
		"INSERT OR REPLACE INTO heap_samples (process_id, ticks, allocs, bytes, live_blocks, live_bytes,"
		" pool_bytes, mapped_bytes, rss_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_HEAP_HISTORY] =
		"INSERT OR REPLACE INTO heap_history (context_id, site_id, ticks, live_blocks, live_bytes)"
		" VALUES (?, ?, ?, ?, ?)",
	[IRT_ST_HEAP_MOMENT] = "INSERT OR REPLACE INTO heap_moments (process_id, ticks) VALUES (?, ?)",
	[IRT_ST_DELETE_HEAP_MOMENTS] = "DELETE FROM heap_moments WHERE process_id = ? AND ticks >= ?",
	[IRT_ST_HEAP_FAULT] =
		"INSERT OR REPLACE INTO heap_faults (process_id, kind, context_id, site_id, block_context_id,"
		" block_site_id, count, address, first_ticks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_HEAP_PENDING] = "INSERT OR REPLACE INTO heap_pending (process_id, part, events) VALUES (?, ?, ?)",
	[IRT_ST_DELETE_HEAP_PENDING] = "DELETE FROM heap_pending WHERE process_id = ?",
	[IRT_ST_BLOCK_TOTALS] =
		"INSERT OR REPLACE INTO block_totals (context_id, site_id, descriptor, with_lock, calls, failed, bytes, total_ticks,"
		" max_ticks, times) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_OPEN_BLOCK] =
		"INSERT INTO open_blocks (process_id, thread_id, depth, context_id, site_id, start_ticks)"
		" VALUES (?, ?, ?, ?, ?, ?)",
	[IRT_ST_DELETE_OPEN_BLOCKS] = "DELETE FROM open_blocks WHERE thread_id = ?",
	[IRT_ST_LOCK] =
		"INSERT OR REPLACE INTO locks (lock_id, process_id, kind, address, context_id, site_id, start_ticks, end_ticks,"
		" holder_context_id, holder_thread_id, lost, unknown) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_LOCK_TOTALS] =
		"INSERT OR REPLACE INTO lock_totals (lock_id, context_id, site_id, mode, acquisitions, contended, failed,"
		" wait_ticks, max_wait_ticks, waits, holds, hold_ticks, max_hold_ticks, hold_times, allocs,"
		" alloc_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_LOCK_WAIT] =
		"INSERT OR REPLACE INTO lock_waits (wait_id, lock_id, context_id, holder_context_id, holder_wait_id,"
		" call_context_id, call_site_id, waits, ticks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_LOCK_THREADS] =
		"INSERT OR REPLACE INTO lock_threads (lock_id, thread_id, holder_thread_id, waits, ticks) VALUES (?, ?, ?, ?, ?)",
	[IRT_ST_LOCK_ORDER] =
		"INSERT OR REPLACE INTO lock_orders (lock_id, context_id, site_id, mode, to_lock_id, to_context_id, to_site_id,"
		" to_mode, thread_id, count, contended, wait_ticks, gates) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_LOCK_CALL] =
		"INSERT OR REPLACE INTO lock_calls (lock_id, context_id, site_id, mode, call_context_id, call_site_id, calls,"
		" ticks, max_ticks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_LOCK_USER] =
		"INSERT OR REPLACE INTO lock_users (process_id, lock_id, thread_id, depth, context_id, site_id, mode, start_ticks)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_DELETE_LOCK_USERS] = "DELETE FROM lock_users WHERE process_id = ?",
	[IRT_ST_LOCK_PENDING] = "INSERT OR REPLACE INTO lock_pending (process_id, part, state) VALUES (?, ?, ?)",
	[IRT_ST_DELETE_LOCK_PENDING] = "DELETE FROM lock_pending WHERE process_id = ?",
	/* A thread that is merged by then is one of "ended threads". */
	[IRT_ST_CREATOR] =
		"INSERT INTO thread_creators (thread_id, context_id, site_id, creator_thread_id, threads)"
		" SELECT iif(apart, ?1, -?2), ?3, ?4, iif(apart, ?5, NULL), 1"
		" FROM (SELECT EXISTS (SELECT 1 FROM threads WHERE thread_id = ?1 AND flags < 32) AS apart) WHERE true"
		" ON CONFLICT (thread_id, context_id, site_id) DO UPDATE SET threads = threads + 1",
	[IRT_ST_MERGE_CREATORS] =
		"INSERT INTO thread_creators (thread_id, context_id, site_id, creator_thread_id, threads)"
		" SELECT -t.process_id, c.context_id, c.site_id, NULL, c.threads"
		" FROM thread_creators c JOIN threads t ON t.thread_id = c.thread_id WHERE c.thread_id = ?1"
		" ON CONFLICT (thread_id, context_id, site_id) DO UPDATE SET threads = threads + excluded.threads",
	[IRT_ST_DELETE_CREATORS] = "DELETE FROM thread_creators WHERE thread_id = ?1",
	[IRT_ST_CREATION] =
		"INSERT OR REPLACE INTO thread_creations (process_id, number, key, context_id, site_id, thread_id,"
		" start_ticks, end_ticks) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[IRT_ST_DELETE_CREATION] = "DELETE FROM thread_creations WHERE process_id = ? AND number = ?",
};

struct irt_binding irt_bind(struct irt_store *store, enum irt_store_statement which)
{
	struct irt_binding b = {.store = store};

	if (store->state != IRT_STORE_ROUND)
		irt_store_fail(store, INSTR_ERR_FORMAT, "no round is open");
	else if (!store->round_result)
		b.statement = irt_store_statement(store, which);
	return b;
}

static void check(struct irt_binding *b, int rc)
{
	if (rc != SQLITE_OK && b->rc == SQLITE_OK)
		b->rc = rc;
}

void irt_bind_number(struct irt_binding *b, int64_t value)
{
	if (b->statement)
		check(b, sqlite3_bind_int64(b->statement, ++b->column, value));
}

/* IRT_STORE_NULL is NULL. */
void irt_bind_optional(struct irt_binding *b, int64_t value)
{
	if (value != IRT_STORE_NULL)
		irt_bind_number(b, value);
	else if (b->statement)
		check(b, sqlite3_bind_null(b->statement, ++b->column));
}

/* Bytes of the valid UTF-8 sequence at P, or 0. */
static unsigned sequence_bytes(const unsigned char *p)
{
	unsigned n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	for (unsigned i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* TEXT with every byte that is not UTF-8 as U+FFFD: TEXT itself if there is none, else the store's
 * buffer, else NULL (no memory). Paths and symbol names may hold any byte. */
static const char *as_utf8(struct irt_store *store, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t room, used = 0;

	while (*p) {
		unsigned n = sequence_bytes(p);
		if (!n)
			break;
		p += n;
	}
	if (!*p)
		return text;
	room = 3 * strlen(text) + 1;
	if (room > store->text_room) {
		char *larger = realloc(store->text, room);
		if (!larger)
			return NULL;
		store->text = larger;
		store->text_room = room;
	}
	for (p = (const unsigned char *)text; *p;) {
		unsigned n = sequence_bytes(p);
		memcpy(store->text + used, n ? (const char *)p : "\xef\xbf\xbd", n ? n : 3);
		used += n ? n : 3;
		p += n ? n : 1;
	}
	store->text[used] = 0;
	return store->text;
}

void irt_bind_text(struct irt_binding *b, const char *value)
{
	const char *valid;

	if (!b->statement)
		return;
	b->column++;
	if (!value) {
		check(b, sqlite3_bind_null(b->statement, b->column));
		return;
	}
	valid = as_utf8(b->store, value);
	if (!valid)
		check(b, SQLITE_NOMEM);
	else /* the buffer may be needed for the row's next text */
		check(b, sqlite3_bind_text(b->statement, b->column, valid, -1,
					   valid == value ? SQLITE_STATIC : SQLITE_TRANSIENT));
}

void irt_bind_blob(struct irt_binding *b, const void *bytes, int64_t count)
{
	if (!b->statement)
		return;
	b->column++;
	if (!bytes && !count)
		check(b, sqlite3_bind_null(b->statement, b->column));
	else
		check(b, sqlite3_bind_blob64(b->statement, b->column, bytes ? bytes : "",
					     (sqlite3_uint64)count, SQLITE_STATIC));
}

int irt_bind_done(struct irt_binding *b, const char *doing)
{
	if (!b->statement)
		return b->store->round_result ? b->store->round_result : b->store->error.code;
	if (b->rc != SQLITE_OK)
		return irt_store_fail_sqlite(b->store, b->rc, doing);
	return irt_store_run(b->store, b->statement, doing);
}

int irt_store_put_run(struct irt_store *store, const char *key, const char *value, int64_t n)
{
	struct irt_binding b = irt_bind(store, IRT_ST_RUN);

	irt_bind_text(&b, key);
	if (value)
		irt_bind_text(&b, value);
	else
		irt_bind_optional(&b, n);
	return irt_bind_done(&b, "write a fact about the run");
}

int irt_store_put_checkpoint(struct irt_store *store, int64_t ticks)
{
	return irt_store_put_run(store, "checkpoint_ticks", NULL, ticks);
}

int irt_store_put_setting(struct irt_store *store, const struct irt_store_setting *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_SETTING);

	irt_bind_text(&b, row->side);
	irt_bind_text(&b, row->key);
	irt_bind_text(&b, row->value);
	return irt_bind_done(&b, "write a setting");
}

int irt_store_put_clock(struct irt_store *store, const struct irt_store_clock *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_CLOCK);

	irt_bind_number(&b, row->ticks);
	irt_bind_number(&b, row->monotonic_ns);
	irt_bind_number(&b, row->realtime_ns);
	irt_bind_number(&b, row->counter);
	return irt_bind_done(&b, "write a clock anchor");
}

int irt_store_put_process(struct irt_store *store, const struct irt_store_process *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_PROCESS);

	irt_bind_number(&b, row->process_id);
	irt_bind_optional(&b, row->parent_process_id);
	irt_bind_number(&b, row->pid);
	irt_bind_number(&b, row->pid_namespace);
	irt_bind_text(&b, row->command);
	irt_bind_text(&b, row->executable);
	irt_bind_text(&b, row->working_directory);
	irt_bind_text(&b, row->joined_by);
	irt_bind_number(&b, row->start_ticks);
	irt_bind_optional(&b, row->end_ticks);
	irt_bind_text(&b, row->end_reason);
	irt_bind_optional(&b, row->exit_code);
	irt_bind_optional(&b, row->exit_signal);
	return irt_bind_done(&b, "write a process");
}

/* Where covered_slots names the thread, or would. */
static uint32_t *covered_slot(const struct irt_store *store, int64_t thread_id)
{
	size_t mask = 2 * store->covered_room - 1;
	size_t i = (size_t)((uint64_t)thread_id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (store->covered_slots[i] && store->covered[store->covered_slots[i] - 1].thread_id != thread_id)
		i = (i + 1) & mask;
	return &store->covered_slots[i];
}

/* events=off: remembers what the round's checkpoint covers. */
static int cover(struct irt_store *store, int64_t thread_id, int64_t totals_pos)
{
	uint32_t *slot;

	if (store->covered_count == store->covered_room) {
		size_t room = store->covered_room ? 2 * store->covered_room : 64;
		struct irt_store_covered *larger = realloc(store->covered, room * sizeof(*larger));
		uint32_t *slots = calloc(2 * room, sizeof(*slots));
		if (larger)
			store->covered = larger;
		if (!larger || !slots) {
			free(slots);
			return irt_store_fail(store, INSTR_ERR_MEMORY, "no memory");
		}
		free(store->covered_slots);
		store->covered_slots = slots;
		store->covered_room = room;
		for (size_t i = 0; i < store->covered_count; i++)
			*covered_slot(store, store->covered[i].thread_id) = (uint32_t)i + 1;
	}
	slot = covered_slot(store, thread_id);
	if (!*slot)
		*slot = (uint32_t)++store->covered_count;
	store->covered[*slot - 1] = (struct irt_store_covered){thread_id, totals_pos};
	return 0;
}

int64_t irt_store_covered(const struct irt_store *store, int64_t thread_id)
{
	uint32_t slot = store->covered_count ? *covered_slot(store, thread_id) : 0;

	return slot ? store->covered[slot - 1].totals_pos : -1;
}

void irt_store_clear_covered(struct irt_store *store)
{
	if (store->covered_count)
		memset(store->covered_slots, 0, 2 * store->covered_room * sizeof(*store->covered_slots));
	store->covered_count = 0;
}

int irt_store_put_thread(struct irt_store *store, const struct irt_store_thread *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_THREAD);
	int result;

	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->tid);
	irt_bind_text(&b, row->name);
	irt_bind_optional(&b, row->parent_thread_id);
	irt_bind_optional(&b, row->parent_position);
	irt_bind_number(&b, row->start_ticks);
	irt_bind_optional(&b, row->end_ticks);
	irt_bind_number(&b, row->last_ticks);
	irt_bind_number(&b, row->events);
	irt_bind_number(&b, row->totals_pos);
	irt_bind_number(&b, row->totals_events);
	irt_bind_number(&b, row->lost_events);
	irt_bind_number(&b, row->wait_ticks);
	irt_bind_number(&b, row->waits);
	irt_bind_number(&b, row->orphans);
	irt_bind_number(&b, row->skipped_units);
	irt_bind_number(&b, row->flags);
	irt_bind_number(&b, row->merged);
	irt_bind_optional(&b, row->cpu_ns);
	irt_bind_optional(&b, row->ready_ns);
	irt_bind_optional(&b, row->cpu_ticks);
	result = irt_bind_done(&b, "write a thread");
	if (!result && !store->keep_events)
		result = cover(store, row->thread_id, row->totals_pos);
	return result;
}

int irt_store_put_frames(struct irt_store *store, int64_t thread_id, int64_t from_depth,
			 const struct irt_store_frame *frames, size_t count)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_FRAMES);
	int result;

	irt_bind_number(&b, thread_id);
	irt_bind_number(&b, from_depth + (int64_t)count);
	result = irt_bind_done(&b, "write open calls");
	for (size_t i = 0; i < count && !result; i++) {
		b = irt_bind(store, IRT_ST_FRAME);
		irt_bind_number(&b, thread_id);
		irt_bind_number(&b, from_depth + (int64_t)i);
		irt_bind_number(&b, frames[i].context_id);
		irt_bind_number(&b, frames[i].enter_ticks);
		irt_bind_number(&b, frames[i].child_ticks);
		irt_bind_number(&b, (int64_t)frames[i].tag);
		irt_bind_number(&b, frames[i].flags);
		result = irt_bind_done(&b, "write open calls");
	}
	return result;
}

int irt_store_put_module(struct irt_store *store, const struct irt_store_module *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_MODULE);

	irt_bind_number(&b, row->module_id);
	irt_bind_text(&b, row->path);
	irt_bind_text(&b, row->build_id);
	irt_bind_number(&b, row->rows);
	return irt_bind_done(&b, "write a module");
}

int irt_store_put_load(struct irt_store *store, const struct irt_store_load *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOAD);

	irt_bind_number(&b, row->load_id);
	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->module_id);
	irt_bind_number(&b, row->rows_start);
	irt_bind_number(&b, row->rows_end);
	irt_bind_number(&b, row->start_ticks);
	irt_bind_optional(&b, row->end_ticks);
	return irt_bind_done(&b, "write where a module was loaded");
}

int irt_store_put_function(struct irt_store *store, const struct irt_store_function *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_FUNCTION);

	irt_bind_number(&b, row->function_id);
	irt_bind_optional(&b, row->module_id);
	irt_bind_optional(&b, row->row);
	irt_bind_text(&b, row->name);
	irt_bind_text(&b, row->linkage_name);
	irt_bind_text(&b, row->file);
	irt_bind_optional(&b, row->line);
	irt_bind_number(&b, row->instrumented);
	irt_bind_text(&b, row->reason);
	irt_bind_number(&b, row->flags);
	int result = irt_bind_done(&b, "write a function");
	if (result || !row->address)
		return result;
	b = irt_bind(store, IRT_ST_FUNCTION_ADDRESS);
	irt_bind_number(&b, row->function_id);
	irt_bind_number(&b, row->address);
	return irt_bind_done(&b, "write where a function is");
}

int irt_store_put_context(struct irt_store *store, const struct irt_store_context *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_CONTEXT);

	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->process_id);
	irt_bind_optional(&b, row->parent_id);
	irt_bind_number(&b, row->ordinal);
	irt_bind_number(&b, row->function_id);
	irt_bind_number(&b, row->depth);
	irt_bind_number(&b, row->recursive);
	irt_bind_number(&b, row->flags);
	return irt_bind_done(&b, "write a calling context");
}

int irt_store_put_totals(struct irt_store *store, const struct irt_store_totals *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_TOTALS);

	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->calls);
	irt_bind_number(&b, row->returns);
	irt_bind_number(&b, row->unwound);
	irt_bind_number(&b, row->open);
	irt_bind_number(&b, row->total_ticks);
	irt_bind_number(&b, row->self_ticks);
	irt_bind_optional(&b, row->min_ticks);
	irt_bind_optional(&b, row->max_ticks);
	irt_bind_blob(&b, row->histogram, row->histogram ? row->histogram_bytes : 0);
	return irt_bind_done(&b, "write totals");
}

int irt_store_put_function_totals(struct irt_store *store, const struct irt_store_function_totals *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_FUNCTION_TOTALS);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->function_id);
	irt_bind_number(&b, row->calls);
	irt_bind_number(&b, row->returns);
	irt_bind_number(&b, row->unwound);
	irt_bind_number(&b, row->open);
	irt_bind_number(&b, row->orphans);
	irt_bind_number(&b, row->total_ticks);
	irt_bind_number(&b, row->self_ticks);
	irt_bind_optional(&b, row->min_ticks);
	irt_bind_optional(&b, row->p50_ticks);
	irt_bind_optional(&b, row->p99_ticks);
	irt_bind_optional(&b, row->max_ticks);
	return irt_bind_done(&b, "write totals");
}

int irt_store_put_chunk(struct irt_store *store, const struct irt_store_chunk *row)
{
	struct irt_binding b;

	if (!store->keep_events && row->end_pos <= irt_store_covered(store, row->thread_id))
		return store->round_result; /* covered: commit deletes an open chunk with its key */
	if (store->max_bytes && store->state == IRT_STORE_ROUND && !store->round_result) {
		int result = irt_store_make_room(store, row->data_bytes + row->functions_bytes);
		if (result)
			return result;
		irt_store_chunk_comes(store, row->thread_id, row->start_pos);
	}
	b = irt_bind(store, IRT_ST_CHUNK);
	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->start_pos);
	irt_bind_number(&b, row->end_pos);
	irt_bind_number(&b, row->first_event);
	irt_bind_number(&b, row->events);
	irt_bind_number(&b, row->start_ticks);
	irt_bind_number(&b, row->end_ticks);
	irt_bind_number(&b, row->start_context_id);
	irt_bind_number(&b, row->start_depth);
	irt_bind_number(&b, row->min_depth);
	irt_bind_number(&b, (int64_t)row->operations);
	irt_bind_blob(&b, row->functions ? row->functions : "", row->functions_bytes);
	irt_bind_number(&b, row->codec);
	irt_bind_number(&b, row->time_unit_ticks);
	irt_bind_blob(&b, row->data ? row->data : "", row->data_bytes);
	return irt_bind_done(&b, "write a chunk");
}

int irt_store_put_loss(struct irt_store *store, const struct irt_store_loss *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LOSS);

	irt_bind_number(&b, row->loss_id);
	irt_bind_optional(&b, row->process_id);
	irt_bind_optional(&b, row->thread_id);
	irt_bind_text(&b, row->cause);
	irt_bind_optional(&b, row->events);
	irt_bind_optional(&b, row->start_ticks);
	irt_bind_optional(&b, row->end_ticks);
	irt_bind_number(&b, row->totals_kept);
	return irt_bind_done(&b, "write a loss");
}

int irt_store_put_hole(struct irt_store *store, const struct irt_store_hole *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HOLE);

	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->position);
	irt_bind_number(&b, row->units);
	return irt_bind_done(&b, "write a hole");
}

int irt_store_delete_hole(struct irt_store *store, int64_t thread_id, int64_t position)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_HOLE);

	irt_bind_number(&b, thread_id);
	irt_bind_number(&b, position);
	return irt_bind_done(&b, "delete a hole");
}

int irt_store_put_message(struct irt_store *store, const struct irt_store_message *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_MESSAGE);

	irt_bind_optional(&b, row->ticks);
	irt_bind_optional(&b, row->process_id);
	irt_bind_text(&b, row->severity);
	irt_bind_text(&b, row->text);
	return irt_bind_done(&b, "write a message");
}
