/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_chunks.c - see heap_events.h: which chunks a process has, where some are missing, and the events of the heap
 * in one.
 */
#include "libtrace/heap_events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fold/array.h"
#include "fold/cct.h"

int tr_cannot(struct tr_heap_events *h, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(h->why, sizeof(h->why), format, arguments);
	va_end(arguments);
	return TR_CANNOT;
}

/* A statement of ours for the process. */
static int prepare(struct tr_heap_events *h, sqlite3_stmt **statement, const char *sql)
{
	int rc = tr_prepare_sql(h->trace, sql, statement);

	if (rc == SQLITE_OK && sqlite3_bind_parameter_index(*statement, ":process"))
		rc = sqlite3_bind_int64(*statement, sqlite3_bind_parameter_index(*statement, ":process"), h->process_id);
	if (rc == SQLITE_OK && sqlite3_bind_parameter_index(*statement, ":until"))
		rc = sqlite3_bind_int64(*statement, sqlite3_bind_parameter_index(*statement, ":until"), h->until);
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(h->trace, rc, h->error);
}

/* Each row; `each` returns 0 or a negative enum instr_err. */
static int each_row(struct tr_heap_events *h, const char *sql, int (*each)(struct tr_heap_events *h, sqlite3_stmt *row))
{
	sqlite3_stmt *statement = NULL;
	int status = prepare(h, &statement, sql), rc = SQLITE_DONE;

	while (!status && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		status = each(h, statement);
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(h->trace, rc, h->error);
	sqlite3_finalize(statement);
	return status;
}

static int add_hole(struct tr_heap_events *h, int64_t from, int64_t to)
{
	if (!irt_grow(&h->holes, &h->hole_room, h->hole_count + 1, sizeof(*h->holes)))
		return INSTR_ERR_MEMORY;
	h->holes[h->hole_count++] = (struct tr_hole){from, to};
	return 0;
}

static int64_t known(sqlite3_stmt *row, int column, int64_t otherwise)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL ? otherwise : sqlite3_column_int64(row, column);
}

/* ---- what there is ----------------------------------------------------------------------------------- */

/* Chunks of a thread follow on each other, by the count of events before them; the last one ends with the thread's. */
static const char chunks_sql[] =
	"SELECT t.thread_id, c.chunk_id, c.start_ticks, c.end_ticks, c.operations, c.events,"
	" c.first_event - coalesce(lag(c.first_event + c.events) OVER w, 0), lag(c.end_ticks) OVER w,"
	" CASE WHEN lead(c.chunk_id) OVER w IS NULL THEN t.totals_events - c.first_event - c.events ELSE 0 END"
	" FROM main.threads t JOIN main.chunks c ON c.thread_id = t.thread_id WHERE t.process_id = :process"
	" WINDOW w AS (PARTITION BY t.thread_id ORDER BY c.start_pos) ORDER BY t.thread_id, c.start_pos";

static int add_chunk(struct tr_heap_events *h, sqlite3_stmt *row)
{
	int64_t thread_id = sqlite3_column_int64(row, 0), start = sqlite3_column_int64(row, 2), end = sqlite3_column_int64(row, 3);
	struct tr_heap_thread *last = h->thread_count ? &h->threads[h->thread_count - 1] : NULL;

	if (thread_id <= 0 || thread_id > UINT32_MAX)
		return tr_fail(h->error, INSTR_ERR_FORMAT, h->trace->path, "damaged: it has a thread %lld", (long long)thread_id);
	if (!last || last->thread_id != thread_id) {
		if (!irt_grow(&h->threads, &h->thread_room, h->thread_count + 1, sizeof(*h->threads)))
			return INSTR_ERR_MEMORY;
		last = &h->threads[h->thread_count++];
		*last = (struct tr_heap_thread){.thread_id = thread_id, .first = h->chunk_count};
	}
	if (!irt_grow(&h->chunks, &h->chunk_room, h->chunk_count + 1, sizeof(*h->chunks)))
		return INSTR_ERR_MEMORY;
	last->count++;
	h->chunks[h->chunk_count++] = (struct tr_chunk){
		.chunk_id = sqlite3_column_int64(row, 1), .start_ticks = start, .end_ticks = end,
		.thread = (uint32_t)(h->thread_count - 1), .operations = (uint32_t)sqlite3_column_int64(row, 4), .events = sqlite3_column_int64(row, 5)};
	if (sqlite3_column_int64(row, 6) && add_hole(h, known(row, 7, INT64_MIN), start))
		return INSTR_ERR_MEMORY;
	return sqlite3_column_int64(row, 8) > 0 ? add_hole(h, end, INT64_MAX) : 0;
}

/* Threads whose chunks are all missing, and what the trace says itself. (Events that were dropped before anybody had
 * seen them are missing in what is kept as well.) */
static const char holes_sql[] =
	"SELECT t.start_ticks, t.last_ticks FROM main.threads t WHERE t.process_id = :process AND t.thread_id > 0"
	" AND t.totals_events > 0 AND NOT EXISTS (SELECT 1 FROM main.chunks c WHERE c.thread_id = t.thread_id)"
	" UNION ALL SELECT start_ticks, end_ticks FROM main.losses"
	" WHERE totals_kept AND coalesce(process_id, :process) = :process";

static int take_hole(struct tr_heap_events *h, sqlite3_stmt *row)
{
	return add_hole(h, known(row, 0, INT64_MIN), known(row, 1, INT64_MAX));
}

static const char lost_sql[] =
	"SELECT context_id % 2097152 << 32 | site_id AS place FROM main.heap_faults"
	" WHERE process_id = :process AND kind = 'lost' AND first_ticks <= :until ORDER BY place";
static const char lost_rest_sql[] =
	"SELECT lost > (SELECT total(count) FROM main.heap_faults WHERE process_id = :process AND kind = 'lost')"
	" FROM main.heaps WHERE process_id = :process";

_Static_assert(IRT_CCT_ID_SPAN == 2097152, "number of contexts in the statement above");

static int take_lost(struct tr_heap_events *h, sqlite3_stmt *row)
{
	if (!irt_grow(&h->lost_places, &h->lost_room, h->lost_count + 1, sizeof(*h->lost_places)))
		return INSTR_ERR_MEMORY;
	h->lost_places[h->lost_count++] = (uint64_t)sqlite3_column_int64(row, 0);
	return 0;
}

static int take_lost_rest(struct tr_heap_events *h, sqlite3_stmt *row)
{
	h->lost_anywhere |= sqlite3_column_int(row, 0);
	return 0;
}

int tr_heap_events_open(struct tr_heap_events *h, struct tr_trace *trace, int64_t process_id, int64_t until, struct tr_error *error)
{
	int status;

	*h = (struct tr_heap_events){.trace = trace, .process_id = process_id, .until = until, .error = error};
	if ((status = each_row(h, chunks_sql, add_chunk)) || (status = each_row(h, holes_sql, take_hole)) ||
	    (status = each_row(h, lost_sql, take_lost)) || (status = each_row(h, lost_rest_sql, take_lost_rest)))
		return status;
	return 0;
}

void tr_heap_events_close(struct tr_heap_events *h)
{
	free(h->chunks);
	free(h->threads);
	free(h->holes);
	free(h->lost_places);
	tr_events_close(&h->events);
}

bool tr_has_hole(const struct tr_heap_events *h, int64_t from, int64_t to)
{
	for (size_t i = 0; i < h->hole_count; i++)
		if (h->holes[i].from <= to && h->holes[i].to >= from)
			return true;
	return false;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

bool tr_is_lost_place(const struct tr_heap_events *h, uint32_t context, uint32_t site)
{
	uint64_t place = (uint64_t)context << 32 | irt_site_id(site);

	return h->lost_anywhere ||
	       (h->lost_count && bsearch(&place, h->lost_places, h->lost_count, sizeof(place), by_number));
}

/* ---- events ------------------------------------------------------------------------------------------ */

static int prepare_reading(struct tr_heap_events *h)
{
	struct tr_events *e = &h->events;
	int status = e->data ? 0 : tr_events_open(e, h->trace, h->error);

	return status ? status : tr_use_contexts(h->trace, h->process_id, &e->contexts, &e->process_id, h->error);
}

struct heap_only {
	void *user;
	int (*each)(void *user, const struct irt_event *event);
	int status; /* what it has returned */
};

static int each_of_heap(void *user, const struct irt_event *events, size_t count)
{
	struct heap_only *only = user;

	for (size_t i = 0; i < count && !only->status; i++)
		if (events[i].operation >= IRT_OP_ALLOC && events[i].operation <= IRT_OP_RESIZED &&
		    irt_heap_kind(irt_site_family(events[i].site)) == IRT_HEAP_HEAP)
			only->status = only->each(only->user, &events[i]);
	return only->status;
}

int tr_each_heap_event(struct tr_heap_events *h, const struct tr_chunk *chunk, void *user,
		       int (*each)(void *user, const struct irt_event *event))
{
	const struct tr_event_chunk read = {.chunk_id = chunk->chunk_id, .events = chunk->events, .start_ticks = chunk->start_ticks,
					    .end_ticks = chunk->end_ticks};
	struct heap_only only = {user, each, 0};
	int status = prepare_reading(h);

	h->chunks_read++;
	if (!status)
		status = tr_events_read(&h->events, &read, &only, each_of_heap);
	if (status == INSTR_ERR_FORMAT || status == INSTR_ERR_VERSION || (status == TR_DAMAGED && !only.status))
		return tr_cannot(h, "the events of chunk %lld are damaged", (long long)chunk->chunk_id);
	return status;
}
