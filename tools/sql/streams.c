/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * streams.c - the events that a query is about: of each thread one chunk after the other, all threads merged by time.
 *
 *     begin ─► threads and chunks that the request leaves, by the index of chunks alone
 *     next  ─► the stream at the top of the heap; opens its next chunk once the time has come to it
 *
 * What is read is the chunks that time, thread, process, function and kinds of events leave. Memory: 40 bytes for each
 * chunk, and one decoder for each thread that has a chunk at the present time, but no more than most_bytes: beyond that the
 * one is given up whose next event is the latest, and that chunk is decoded anew up to there when its time has come.
 */
#include "sql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"

/* ---- chunks and threads ----------------------------------------------------------------------------- */

static void bind_choice(sqlite3_stmt *statement, int at, int64_t id)
{
	if (id != SQL_ANY)
		sqlite3_bind_int64(statement, at, id);
}

static int read_threads(struct sql_streams *all)
{
	sqlite3_stmt *rows = NULL;
	int rc = sql_prepare(all->source, all->table, SQL_THREADS, &rows);

	if (rc != SQLITE_OK)
		return rc;
	bind_choice(rows, 1, all->request.thread_id);
	bind_choice(rows, 2, all->request.process_id);
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		if (!irt_grow(&all->streams, &all->stream_room, all->stream_count + 1, sizeof(*all->streams))) {
			sqlite3_finalize(rows);
			return SQLITE_NOMEM;
		}
		all->streams[all->stream_count++] = (struct sql_stream){
			.thread = {sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1), sqlite3_column_int64(rows, 2),
				   sqlite3_column_int64(rows, 3), sqlite3_column_int64(rows, 4), sqlite3_column_int(rows, 5), sqlite3_column_int64(rows, 6)},
			.is_new = true};
	}
	sqlite3_finalize(rows);
	return rc == SQLITE_DONE ? SQLITE_OK : sql_fail_here(all->table, all->source, rc);
}

static struct sql_stream *find_stream(struct sql_streams *all, int64_t thread_id)
{
	size_t low = 0, high = all->stream_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all->streams[middle].thread.thread_id < thread_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < all->stream_count && all->streams[low].thread.thread_id == thread_id ? &all->streams[low] : NULL;
}

static int compare_chunks(const void *a, const void *b)
{
	const struct sql_chunk *x = a, *y = b;

	if (x->thread_id != y->thread_id)
		return x->thread_id < y->thread_id ? -1 : 1;
	return x->chunk_id < y->chunk_id ? -1 : x->chunk_id > y->chunk_id;
}

static int read_chunks(struct sql_streams *all)
{
	sqlite3_stmt *rows = NULL;
	int rc = sql_prepare(all->source, all->table, SQL_CHUNKS, &rows);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(rows, 1, all->request.to);
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		const struct sql_chunk c = {sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1), sqlite3_column_int64(rows, 2),
					    sqlite3_column_int64(rows, 3), sqlite3_column_int64(rows, 4)};
		if (!find_stream(all, c.thread_id))
			continue;
		if (!irt_grow(&all->chunks, &all->chunk_room, all->chunk_count + 1, sizeof(*all->chunks))) {
			sqlite3_finalize(rows);
			return SQLITE_NOMEM;
		}
		all->chunks[all->chunk_count++] = c;
	}
	sqlite3_finalize(rows);
	if (rc != SQLITE_DONE)
		return sql_fail_here(all->table, all->source, rc);
	if (all->chunk_count)
		qsort(all->chunks, all->chunk_count, sizeof(*all->chunks), compare_chunks);
	return SQLITE_OK;
}

/* ---- the heap --------------------------------------------------------------------------------------- */

static bool is_before(const struct sql_streams *all, uint32_t a, uint32_t b)
{
	int64_t x = all->streams[a].key, y = all->streams[b].key;
	return x != y ? x < y : a < b;
}

static void sift(struct sql_streams *all, size_t at)
{
	const uint32_t stream = all->heap[at];

	for (size_t child; (child = 2 * at + 1) < all->heap_count; at = child) {
		if (child + 1 < all->heap_count && is_before(all, all->heap[child + 1], all->heap[child]))
			child++;
		if (!is_before(all, all->heap[child], stream))
			break;
		all->heap[at] = all->heap[child];
	}
	all->heap[at] = stream;
}

/* Until when the stream at the top has the next events, one behind the other. */
static int64_t limit_of(const struct sql_streams *all)
{
	uint32_t second;

	if (all->heap_count < 2 || !all->request.by_time)
		return INT64_MAX;
	second = all->heap_count > 2 && is_before(all, all->heap[2], all->heap[1]) ? all->heap[2] : all->heap[1];
	int64_t key = all->streams[second].key;
	return second > all->heap[0] || key == INT64_MIN ? key : key - 1;
}

/* ---- one stream ------------------------------------------------------------------------------------- */

static void close_decoder(struct sql_streams *all, struct sql_stream *s)
{
	all->decoder_bytes -= s->bytes;
	s->bytes = 0;
	if (s->decoder && all->idle_count < SQL_IDLE_DECODERS && all->decoder_bytes < all->most_bytes / 2)
		all->idle[all->idle_count++] = s->decoder;
	else
		irt_chunk_decoder_destroy(s->decoder);
	free(s->events);
	s->decoder = NULL;
	s->events = NULL;
	s->at = s->end = 0;
}

static void close_chunk(struct sql_streams *all, struct sql_stream *s)
{
	close_decoder(all, s);
	s->chunk = NULL;
}

/* Gives up the decoders that are not needed for the longest time, until the others take no more than they may. */
static void give_up_some(struct sql_streams *all, const struct sql_stream *kept)
{
	while (all->decoder_bytes > all->most_bytes) {
		struct sql_stream *latest = NULL;
		for (size_t i = 0; i < all->stream_count; i++) {
			struct sql_stream *s = &all->streams[i];
			if (s->decoder && s != kept && (!latest || s->key > latest->key))
				latest = s;
		}
		if (!latest)
			return;
		latest->resume = latest->done + latest->at;
		close_decoder(all, latest);
	}
}

void sql_stream_end(struct sql_streams *all, struct sql_stream *s)
{
	close_chunk(all, s);
	s->next = s->count;
	s->key = INT64_MAX;
	if (s->contexts)
		sql_contexts_leave(all->source, s->thread.process_id);
	s->contexts = NULL;
	if (all->heap_count && &all->streams[all->heap[0]] == s) {
		all->heap[0] = all->heap[--all->heap_count];
		if (all->heap_count)
			sift(all, 0);
	}
}

static int damaged(struct sql_streams *all, const struct sql_stream *s)
{
	return sql_fail(all->table, SQLITE_CORRUPT, "the events of chunk %lld are damaged", (long long)s->chunk->chunk_id);
}

/* Whether the function is one of the calls that are open when the chunk begins. */
static bool is_on_stack(const struct sql_stream *s, uint32_t function)
{
	uint32_t context = (uint32_t)(s->head.start_context_id % IRT_CCT_ID_SPAN);

	if (s->thread.flags & 4) /* its tree is folded: the stack is not what the tree says */
		return true;
	for (uint32_t steps = 0; context && steps < IRT_CCT_ID_SPAN; steps++) {
		if (irt_contexts_function(s->contexts, context) == function)
			return true;
		context = irt_contexts_parent(s->contexts, context);
	}
	return false;
}

/* The function that events must be of; 0: any, or those outside of calls, too. */
static uint32_t function_wanted(const struct sql_streams *all, const struct sql_stream *s)
{
	const struct sql_request *r = &all->request;

	if (r->function_id != SQL_ANY)
		return r->function_id > UINT32_MAX ? UINT32_MAX : (uint32_t)r->function_id;
	return r->context_id != SQL_ANY ? irt_contexts_function(s->contexts, (uint32_t)(r->context_id % IRT_CCT_ID_SPAN)) : 0;
}

/* The head of s->chunk, and whether to read it. */
static int consider_chunk(struct sql_streams *all, struct sql_stream *s, enum sql_choice *choice)
{
	const uint32_t function = function_wanted(all, s);
	int rc = sql_prepare(all->source, all->table, SQL_CHUNK, &all->head);

	*choice = SQL_READ;
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(all->head, 1, s->chunk->chunk_id);
	sqlite3_bind_int(all->head, 2, function != 0);
	if ((rc = sqlite3_step(all->head)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		s->head = (struct sql_chunk_head){sqlite3_column_int64(all->head, 0), sqlite3_column_int64(all->head, 1),
						  sqlite3_column_int64(all->head, 2), sqlite3_column_int64(all->head, 3),
						  sqlite3_column_int64(all->head, 4)};
		if (all->operations && !((uint64_t)s->head.operations & all->operations))
			*choice = SQL_PASS_OVER;
		else if (function && !irt_chunk_has_function(sqlite3_column_blob(all->head, 5), (size_t)sqlite3_column_bytes(all->head, 5), function) &&
			 !(all->functions_on_stack && is_on_stack(s, function)))
			*choice = SQL_PASS_OVER;
		if (s->head.start_depth < 0 || s->head.min_depth < 0 || s->head.start_context_id < 0 || s->head.first_event < 0)
			rc = damaged(all, s);
	} else {
		rc = rc == SQLITE_DONE ? damaged(all, s) : sql_fail_here(all->table, all->source, rc);
	}
	sqlite3_reset(all->head);
	if (rc == SQLITE_OK && all->choose)
		rc = all->choose(all, s, choice);
	s->is_new = false;
	return rc;
}

static int open_chunk(struct sql_streams *all, struct sql_stream *s)
{
	const struct instr_sql_limit *limit = all->source->limit;
	int rc = sql_prepare(all->source, all->table, SQL_DATA, &all->data), status = 0;

	if (rc != SQLITE_OK)
		return rc;
	/* Outside of SQLite's steps: the file says how much is in each. */
	if (limit && limit->is_late && limit->is_late(limit->user))
		return SQLITE_INTERRUPT;
	if (!s->decoder) {
		if (all->idle_count)
			s->decoder = all->idle[--all->idle_count];
		else if (irt_chunk_decoder_create(&s->decoder))
			return SQLITE_NOMEM;
	}
	if (!s->events && !(s->events = malloc(SQL_BATCH * sizeof(*s->events))))
		return SQLITE_NOMEM;
	sqlite3_bind_int64(all->data, 1, s->chunk->chunk_id);
	if ((rc = sqlite3_step(all->data)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		status = irt_chunk_open(s->decoder, s->contexts, sqlite3_column_blob(all->data, 0), (size_t)sqlite3_column_bytes(all->data, 0));
		if (status)
			rc = status == INSTR_ERR_MEMORY ? SQLITE_NOMEM : damaged(all, s);
	} else {
		rc = rc == SQLITE_DONE ? damaged(all, s) : sql_fail_here(all->table, all->source, rc);
	}
	sqlite3_reset(all->data);
	s->done = 0;
	s->at = s->end = 0;
	s->last_ticks = INT64_MIN;
	all->source->chunks_read++;
	irt_chunk_decoder_trim(s->decoder);
	s->bytes = irt_chunk_decoder_bytes(s->decoder) + SQL_BATCH * sizeof(*s->events);
	all->decoder_bytes += s->bytes;
	give_up_some(all, s);
	return rc;
}

/* Up to where the chunk had been read. */
static int resume_chunk(struct sql_streams *all, struct sql_stream *s)
{
	int rc = open_chunk(all, s);

	while (rc == SQLITE_OK && s->done < s->resume) {
		const int64_t left = s->resume - s->done;
		long n = irt_chunk_next(s->decoder, s->events, left < SQL_BATCH ? (size_t)left : SQL_BATCH);
		if (n < 1)
			return n == INSTR_ERR_MEMORY ? SQLITE_NOMEM : damaged(all, s);
		s->done += n;
		s->last_ticks = s->events[n - 1].ticks;
	}
	return rc;
}

/* The next batch, of this chunk or of one behind it. *more: there is one. */
static int fill(struct sql_streams *all, struct sql_stream *s, bool *more)
{
	int rc = SQLITE_OK;

	*more = false;
	if (!s->contexts && (rc = sql_contexts_of(all->source, all->table, s->thread.process_id, &s->contexts)) != SQLITE_OK)
		return rc;
	for (;;) {
		if (s->chunk && !s->decoder && (rc = resume_chunk(all, s)) != SQLITE_OK)
			return rc;
		if (s->chunk) {
			if (s->end)
				s->last_ticks = s->events[s->end - 1].ticks;
			s->done += s->end;
			s->at = s->end = 0;
			s->popped = 0;
			long n = irt_chunk_next(s->decoder, s->events, SQL_BATCH);
			if (n < 0)
				return n == INSTR_ERR_MEMORY ? SQLITE_NOMEM : damaged(all, s);
			/* There is no checksum; but damage that can be decoded mostly moves the end. */
			if (n ? !s->done && s->events[0].ticks != s->chunk->start_ticks
			      : s->done != s->chunk->events || s->last_ticks != s->chunk->end_ticks)
				return damaged(all, s);
			if (n) {
				s->end = n;
				*more = true;
				return SQLITE_OK;
			}
			close_chunk(all, s);
		}
		if (s->next == s->count)
			return SQLITE_OK;
		enum sql_choice choice;
		s->chunk = &s->chunks[s->next++];
		if ((rc = consider_chunk(all, s, &choice)) != SQLITE_OK)
			return rc;
		if (choice == SQL_THREAD_DONE)
			return SQLITE_OK;
		if (choice == SQL_PASS_OVER)
			s->chunk = NULL;
		else if ((rc = open_chunk(all, s)) != SQLITE_OK)
			return rc;
	}
}

int sql_chunk_head(struct sql_streams *all, int64_t chunk_id, struct sql_chunk_head *head)
{
	int rc = sql_prepare(all->source, all->table, SQL_CHUNK, &all->head);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(all->head, 1, chunk_id);
	sqlite3_bind_int(all->head, 2, 0);
	rc = sqlite3_step(all->head);
	*head = (struct sql_chunk_head){0};
	if (rc == SQLITE_ROW)
		*head = (struct sql_chunk_head){sqlite3_column_int64(all->head, 0), sqlite3_column_int64(all->head, 1),
						sqlite3_column_int64(all->head, 2), sqlite3_column_int64(all->head, 3), sqlite3_column_int64(all->head, 4)};
	sqlite3_reset(all->head);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : sql_fail_here(all->table, all->source, rc);
}

/* ---- all of them ------------------------------------------------------------------------------------ */

int sql_streams_begin(struct sql_streams *all, struct sql_source *source, sqlite3_vtab *table, const struct sql_request *request)
{
	struct sql_request *r = &all->request;
	int rc;

	all->source = source;
	all->table = table;
	all->most_bytes = source->decoders_bytes;
	*r = *request;
	if (r->context_id != SQL_ANY) {
		const int64_t process_id = r->context_id / IRT_CCT_ID_SPAN + 1;
		if (r->process_id != SQL_ANY && r->process_id != process_id)
			r->nothing = true;
		r->process_id = process_id;
	}
	if (r->nothing)
		return SQLITE_OK;
	if ((rc = read_threads(all)) != SQLITE_OK || (rc = read_chunks(all)) != SQLITE_OK)
		return rc;
	if (all->stream_count && !(all->heap = malloc(all->stream_count * sizeof(*all->heap))))
		return SQLITE_NOMEM;
	const int64_t from = r->from > r->start_from ? r->from : r->start_from;
	for (size_t i = 0; i < all->chunk_count;) {
		struct sql_stream *s = find_stream(all, all->chunks[i].thread_id);
		size_t first = i;
		while (i < all->chunk_count && all->chunks[i].thread_id == s->thread.thread_id)
			i++;
		s->chunks = &all->chunks[first];
		s->count = i - first;
		while (s->next < s->count && s->chunks[s->next].end_ticks < from)
			s->next++;
		if (s->next == s->count)
			continue;
		if (all->extend && (rc = all->extend(all, s)) != SQLITE_OK)
			return rc;
		s->key = r->by_time ? s->chunks[s->next].start_ticks : s->thread.thread_id;
		all->heap[all->heap_count++] = (uint32_t)(s - all->streams);
	}
	for (size_t i = all->heap_count / 2; i-- > 0;)
		sift(all, i);
	return SQLITE_OK;
}

void sql_streams_fini(struct sql_streams *all)
{
	for (size_t i = 0; i < all->stream_count; i++) {
		struct sql_stream *s = &all->streams[i];
		if (s->contexts)
			sql_contexts_leave(all->source, s->thread.process_id);
		irt_chunk_decoder_destroy(s->decoder);
		free(s->events);
		free(s->frames);
	}
	while (all->idle_count)
		irt_chunk_decoder_destroy(all->idle[--all->idle_count]);
	sqlite3_finalize(all->head);
	sqlite3_finalize(all->data);
	free(all->streams);
	free(all->chunks);
	free(all->heap);
	*all = (struct sql_streams){0};
}

int sql_streams_next(struct sql_streams *all, struct sql_stream **stream, int64_t *limit)
{
	*stream = NULL;
	while (all->heap_count) {
		struct sql_stream *s = &all->streams[all->heap[0]];
		if (s->at == s->end) {
			bool more;
			int rc = fill(all, s, &more);
			if (rc != SQLITE_OK)
				return rc;
			if (!more) {
				sql_stream_end(all, s);
				continue;
			}
		}
		if (all->request.by_time && s->key != s->events[s->at].ticks) {
			s->key = s->events[s->at].ticks;
			sift(all, 0);
			if (&all->streams[all->heap[0]] != s)
				continue;
		}
		*stream = s;
		*limit = limit_of(all);
		break;
	}
	return SQLITE_OK;
}
