/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * events.c - see events.h.
 */
#include "libtrace/events.h"

#include "fold/cct.h"

enum { MANY = 64 }; /* functions: to look for each in the set of every chunk costs more than it spares */

static const char chunks_sql[] =
	"SELECT chunk_id, first_event, events, start_ticks, end_ticks, start_depth, min_depth, operations, functions, start_context_id FROM main.chunks"
	" WHERE thread_id = ?1 AND end_ticks >= ?2 ORDER BY start_pos";
static int prepare(struct tr_events *e, sqlite3_stmt **statement, const char *sql)
{
	int rc = tr_prepare_sql(e->trace, sql, statement);

	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(e->trace, rc, e->error);
}

int tr_events_open(struct tr_events *e, struct tr_trace *trace, struct tr_error *error)
{
	int status;

	*e = (struct tr_events){.trace = trace, .error = error};
	if ((status = prepare(e, &e->chunks, chunks_sql)) ||
	    (status = prepare(e, &e->data, TR_CHUNK_DATA)))
		return status;
	return irt_chunk_decoder_create(&e->decoder);
}

void tr_events_close(struct tr_events *e)
{
	sqlite3_finalize(e->chunks);
	sqlite3_finalize(e->data);
	irt_contexts_destroy(e->contexts);
	irt_chunk_decoder_destroy(e->decoder);
	*e = (struct tr_events){0};
}

static int add_context(struct irt_contexts *contexts, sqlite3_stmt *row)
{
	int64_t id = sqlite3_column_int64(row, 0), parent = sqlite3_column_int64(row, 1);
	int64_t ordinal = sqlite3_column_int64(row, 2), function = sqlite3_column_int64(row, 3);

	if (id < 0 || parent < 0 || ordinal < 0 || ordinal > UINT32_MAX || function < 0 || function > UINT32_MAX)
		return INSTR_ERR_FORMAT;
	return irt_contexts_add(contexts, (uint32_t)(id % IRT_CCT_ID_SPAN), (uint32_t)(parent % IRT_CCT_ID_SPAN), (uint32_t)ordinal,
				(uint32_t)function);
}

int tr_use_contexts(struct tr_trace *trace, int64_t process_id, struct irt_contexts **contexts, int64_t *of, struct tr_error *error)
{
	static const char sql[] =
		"SELECT context_id, parent_id, ordinal, function_id FROM main.contexts"
		" WHERE context_id >= (?1 - 1) * 2097152 AND context_id < ?1 * 2097152";
	_Static_assert(IRT_CCT_ID_SPAN == 2097152, "numbers of contexts in the statement above");
	sqlite3_stmt *rows = NULL;
	int status, rc;

	if (*contexts && *of == process_id)
		return 0;
	irt_contexts_destroy(*contexts);
	*contexts = NULL;
	*of = 0;
	if ((status = irt_contexts_create(contexts)))
		return status;
	rc = sqlite3_prepare_v2(trace->db, sql, -1, &rows, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(rows, 1, process_id);
	while (!status && (rc == SQLITE_OK || rc == SQLITE_ROW) && (rc = sqlite3_step(rows)) == SQLITE_ROW)
		if ((status = add_context(*contexts, rows)) == INSTR_ERR_FORMAT)
			tr_fail(error, status, trace->path, "damaged: calling context %lld cannot be", (long long)sqlite3_column_int64(rows, 0));
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(trace, rc, error);
	sqlite3_finalize(rows);
	*of = status ? 0 : process_id;
	return status;
}

int tr_events_use_thread(struct tr_events *e, int64_t thread_id, int64_t process_id, int64_t from_ticks)
{
	sqlite3_reset(e->chunks);
	sqlite3_bind_int64(e->chunks, 1, thread_id);
	sqlite3_bind_int64(e->chunks, 2, from_ticks);
	return tr_use_contexts(e->trace, process_id, &e->contexts, &e->process_id, e->error);
}

int tr_events_next(struct tr_events *e, struct tr_event_chunk *chunk)
{
	int rc = sqlite3_step(e->chunks);

	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? 0 : tr_fail_sqlite(e->trace, rc, e->error);
	*chunk = (struct tr_event_chunk){
		.chunk_id = sqlite3_column_int64(e->chunks, 0), .first_event = sqlite3_column_int64(e->chunks, 1),
		.events = sqlite3_column_int64(e->chunks, 2), .start_ticks = sqlite3_column_int64(e->chunks, 3),
		.end_ticks = sqlite3_column_int64(e->chunks, 4), .start_depth = sqlite3_column_int64(e->chunks, 5),
		.min_depth = sqlite3_column_int64(e->chunks, 6), .operations = (uint64_t)sqlite3_column_int64(e->chunks, 7),
		.functions = sqlite3_column_blob(e->chunks, 8), .function_bytes = (size_t)sqlite3_column_bytes(e->chunks, 8),
		.start_context = (uint32_t)(sqlite3_column_int64(e->chunks, 9) % IRT_CCT_ID_SPAN),
	};
	return 1;
}

int tr_open_chunk(struct tr_trace *trace, sqlite3_stmt *data, int64_t chunk_id, struct irt_chunk_decoder *decoder,
		  const struct irt_contexts *contexts, struct tr_error *error)
{
	int status, rc;

	/* Outside of SQLite's steps: the file says how many chunks there are, and how much is in each. */
	if (tr_is_late(trace))
		return tr_fail_sqlite(trace, SQLITE_INTERRUPT, error);
	sqlite3_bind_int64(data, 1, chunk_id);
	rc = sqlite3_step(data);
	if (rc == SQLITE_ROW)
		status = irt_chunk_open(decoder, contexts, sqlite3_column_blob(data, 0), (size_t)sqlite3_column_bytes(data, 0));
	else
		status = rc == SQLITE_DONE ? INSTR_ERR_FORMAT : tr_fail_sqlite(trace, rc, error);
	sqlite3_reset(data);
	return status;
}

int tr_events_read(struct tr_events *e, const struct tr_event_chunk *chunk, void *user,
		   int (*each)(void *user, const struct irt_event *events, size_t count))
{
	struct irt_event events[256];
	int64_t count = 0, last = 0;
	int status = tr_open_chunk(e->trace, e->data, chunk->chunk_id, e->decoder, e->contexts, e->error), rc;
	long n = 0;

	while (!status && (n = irt_chunk_next(e->decoder, events, sizeof(events) / sizeof(*events))) > 0) {
		if (!count && events[0].ticks != chunk->start_ticks)
			return TR_DAMAGED;
		if ((rc = each(user, events, (size_t)n)))
			return rc;
		count += n;
		last = events[n - 1].ticks;
	}
	if (!status && n < 0)
		status = (int)n;
	/* There is no checksum; but damage that can be decoded mostly moves the end. */
	if (!status && (count != chunk->events || last != chunk->end_ticks))
		status = INSTR_ERR_FORMAT;
	return status == INSTR_ERR_FORMAT || status == INSTR_ERR_VERSION ? TR_DAMAGED : status;
}

int tr_follow_chunk(const struct tr_event_chunk *chunk, int64_t *expected, int64_t *event)
{
	const int64_t before = *expected;

	if (chunk->first_event < 0 || chunk->events < 1 || __builtin_add_overflow(chunk->first_event, chunk->events, expected)) {
		*expected = before;
		return TR_DAMAGED;
	}
	*event = chunk->first_event;
	return before == INT64_MIN || before == chunk->first_event ? 0 : TR_MISSING;
}

int tr_event_chunk_has(const struct tr_event_chunk *chunk, const uint32_t *functions, size_t count)
{
	if (count > MANY)
		return 1;
	for (size_t i = 0; i < count; i++)
		if (irt_chunk_has_function(chunk->functions, chunk->function_bytes, functions[i]))
			return 1;
	return 0;
}
