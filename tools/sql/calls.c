/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * calls.c - the table calls: a row for each call, when it has ended; those that never did come first.
 *
 * An event that ends a call says how long it took, whatever chunk it began in. What is not in it:
 *
 *   self time    what its callees took is added up, call by call, while they end; so reading begins where the outermost
 *                call began that ends in the window (extend), and goes on in all chunks that the call lasts
 *   start        the end less how long it took; but where the thread has waited for the drain, that is nobody's time, and
 *                the event of the beginning must have been seen: likewise
 *   inherited    calls that the first thread of a fork child is born in: whether any are left
 *
 * So a query that does not ask for self_ns reads the chunks of its window alone. Where calls are asked for by when they
 * began, reading goes on behind the window until the last of them has ended; chunks in which none of them does are passed
 * over (choose).
 *
 * Events behind the last checkpoint are left out: then the rows are those that the totals are of.
 */
#include "sql/internal.h"

#include <stdlib.h>

#include "fold/array.h"
#include "fold/cct.h"

enum {
	START_NS, END_NS, DURATION_NS, SELF_NS, THREAD, FUNCTION, CONTEXT, DEPTH, ENDING, INHERITED, PROCESS, START_TICKS, END_TICKS,
	DURATION_TICKS, SELF_TICKS, COLUMNS,
};
static const char declaration[] = ",start_ns INTEGER,end_ns INTEGER,duration_ns INTEGER,self_ns INTEGER,thread_id INTEGER,function_id INTEGER,"
				  "context_id INTEGER,depth INTEGER,ending TEXT,inherited INTEGER,process_id INTEGER,start_ticks INTEGER,"
				  "end_ticks INTEGER,duration_ticks INTEGER,self_ticks INTEGER";
static const enum sql_bound bounds[COLUMNS] = {
	[START_NS] = SQL_START_NS, [START_TICKS] = SQL_START_TICKS, [END_NS] = SQL_TIME_NS, [END_TICKS] = SQL_TIME_TICKS,
	[THREAD] = SQL_THREAD, [PROCESS] = SQL_PROCESS, [CONTEXT] = SQL_CONTEXT, [FUNCTION] = SQL_FUNCTION,
};
static const int costly[] = {SELF_NS, SELF_TICKS, START_NS, START_TICKS, -1};
enum { WANTS_SELF = 3, WANTS_START = 12 };

enum { UNKNOWN = -1 };
#define NO_TIME INT64_MIN

struct sql_frame {
	int64_t enter_ticks; /* NO_TIME: not known */
	int64_t child_ticks; /* of its callees that have ended; UNKNOWN */
};

struct row {
	int64_t start_ticks, end_ticks, duration_ticks, self_ticks; /* UNKNOWN self: NULL */
	uint32_t context, operation;
	int64_t depth;
	bool inherited;
};

struct cursor {
	sqlite3_vtab_cursor base;
	struct sql_source *source;
	struct sql_streams streams;
	struct sql_stream *stream; /* NULL: there are no more rows but those of `open` */
	int64_t limit;
	sqlite3_stmt *open;        /* calls that have not ended; NULL: they are done */
	uint64_t pop_left;         /* of a POP event: calls that it has ended and that were not passed */
	int64_t rowid;
	struct row row;
};


static bool needs_frames(const struct sql_streams *all, const struct sql_stream *s)
{
	return all->request.wants & WANTS_SELF || (all->request.wants & WANTS_START && s->thread.waits);
}

/* ---- which chunks ----------------------------------------------------------------------------------- */

/* Back to where the outermost call began that ends in the window. */
static int extend(struct sql_streams *all, struct sql_stream *s)
{
	struct sql_chunk_head head;
	int64_t outermost = INT64_MAX;
	int rc;

	if (!s->next || !needs_frames(all, s) || all->request.start_from != INT64_MIN)
		return SQLITE_OK;
	for (size_t i = s->next; i < s->count; i++) {
		if ((rc = sql_chunk_head(all, s->chunks[i].chunk_id, &head)) != SQLITE_OK)
			return rc;
		outermost = head.min_depth < outermost ? head.min_depth : outermost;
	}
	for (size_t i = s->next; i-- > 0;) {
		if ((rc = sql_chunk_head(all, s->chunks[i].chunk_id, &head)) != SQLITE_OK)
			return rc;
		s->next = i;
		if (head.min_depth <= outermost)
			break;
	}
	return SQLITE_OK;
}

int sql_find_inherited(struct sql_streams *all, struct sql_stream *s)
{
	sqlite3_stmt *first = NULL, *lowest = NULL;
	int rc = SQLITE_OK;

	s->inherited = 0;
	if (!s->thread.is_forked)
		return SQLITE_OK;
	if ((rc = sql_prepare(all->source, all->table, SQL_FIRST, &first)) == SQLITE_OK &&
	    (rc = sql_prepare(all->source, all->table, SQL_LOWEST, &lowest)) == SQLITE_OK) {
		sqlite3_bind_int64(first, 1, s->thread.thread_id);
		sqlite3_bind_int64(lowest, 1, s->thread.thread_id);
		sqlite3_bind_int64(lowest, 2, s->chunk->chunk_id);
		if ((rc = sqlite3_step(first)) == SQLITE_ROW)
			s->inherited = sqlite3_column_int64(first, 0);
		if ((rc == SQLITE_ROW || rc == SQLITE_DONE) && (rc = sqlite3_step(lowest)) == SQLITE_ROW &&
		    sqlite3_column_type(lowest, 0) == SQLITE_INTEGER && sqlite3_column_int64(lowest, 0) < s->inherited)
			s->inherited = sqlite3_column_int64(lowest, 0);
		rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : sql_fail_here(all->table, all->source, rc);
	}
	sqlite3_finalize(first);
	sqlite3_finalize(lowest);
	return rc;
}

/* The calls that are open when the chunk begins: those that were open behind the one before, or calls of which nothing is known. */
static int set_frames(struct sql_streams *all, struct sql_stream *s)
{
	if (!needs_frames(all, s))
		return SQLITE_OK;
	if (!irt_grow(&s->frames, &s->frame_room, 1, sizeof(*s->frames)))
		return SQLITE_NOMEM;
	if (s->frame_room && !s->is_new && s->head.first_event == s->follows_event && s->base + (int64_t)s->tracked == s->head.start_depth)
		return SQLITE_OK;
	s->is_whole = !s->head.first_event;
	s->base = s->head.start_depth;
	s->tracked = 0;
	s->frames[0] = (struct sql_frame){NO_TIME, s->is_whole ? 0 : UNKNOWN};
	return SQLITE_OK;
}

/* Calls with less depth began before the window. Of inherited ones in a thread that has waited for the drain nobody knows: the
 * time that is told is the later by the waits. */
static void set_floor(struct sql_stream *s, const struct sql_request *r, int64_t depth)
{
	s->floor = r->start_from == INT64_MIN || (s->thread.is_forked && s->thread.waits) ? 0 : depth;
}

static int choose(struct sql_streams *all, struct sql_stream *s, enum sql_choice *choice)
{
	const struct sql_request *r = &all->request;
	const struct sql_chunk_head *h = &s->head;
	const bool behind = s->chunk->start_ticks > r->start_to;
	int rc;

	if (h->first_event >= s->thread.totals_events) {
		*choice = SQL_THREAD_DONE;
		return SQLITE_OK;
	}
	if (s->is_new) {
		/* What is open has begun in an earlier chunk; what a fork child was born in, with its process. */
		set_floor(s, r, s->thread.is_forked && !h->first_event && s->thread.born_ticks >= r->start_from ? 0 : h->start_depth);
		s->wanted = h->start_depth;
		if ((rc = sql_find_inherited(all, s)) != SQLITE_OK)
			return rc;
	}
	if (!behind || h->start_depth < s->wanted)
		s->wanted = h->start_depth;
	if (h->start_depth < s->floor)
		s->floor = h->start_depth;
	if (behind && s->wanted <= s->floor) {
		*choice = SQL_THREAD_DONE;
		return SQLITE_OK;
	}
	if (behind && h->min_depth >= s->wanted && !(r->wants & WANTS_SELF))
		*choice = SQL_PASS_OVER;
	if (*choice == SQL_READ) {
		rc = set_frames(all, s);
		s->follows_event = h->first_event + s->chunk->events;
		return rc;
	}
	if (h->min_depth < s->floor)
		s->floor = h->min_depth;
	if (behind && h->min_depth < s->wanted)
		s->wanted = h->min_depth;
	if (h->min_depth < s->inherited)
		s->inherited = h->min_depth;
	return SQLITE_OK;
}

/* ---- one event -------------------------------------------------------------------------------------- */

static int damaged(struct cursor *c, const struct sql_stream *s)
{
	return sql_fail(c->base.pVtab, SQLITE_CORRUPT, "the events of chunk %lld are damaged", (long long)s->chunk->chunk_id);
}

static int enter(struct cursor *c, struct sql_stream *s, const struct irt_event *e)
{
	if ((int64_t)e->depth != s->base + (int64_t)s->tracked)
		return damaged(c, s);
	if (!irt_grow(&s->frames, &s->frame_room, s->tracked + 2, sizeof(*s->frames)))
		return SQLITE_NOMEM;
	s->frames[++s->tracked] = (struct sql_frame){e->ticks, 0};
	return SQLITE_OK;
}

/* The call that ends, in c->row: what its frame knows. */
static int leave(struct cursor *c, struct sql_stream *s)
{
	struct row *row = &c->row;
	struct sql_frame *f = &s->frames[s->tracked];

	if (row->depth != s->base + (int64_t)s->tracked - 1)
		return damaged(c, s);
	if (f->child_ticks != UNKNOWN)
		row->self_ticks = (int64_t)((uint64_t)row->duration_ticks - (uint64_t)f->child_ticks);
	if (f->enter_ticks != NO_TIME)
		row->start_ticks = f->enter_ticks;
	else if (s->thread.waits && !row->inherited && c->streams.request.start_from != INT64_MIN)
		row->start_ticks = NO_TIME; /* before the window */
	if (s->tracked) {
		f = &s->frames[--s->tracked];
		if (f->child_ticks != UNKNOWN)
			f->child_ticks = (int64_t)((uint64_t)f->child_ticks + (uint64_t)row->duration_ticks);
	} else { /* one that was open before all of this; the call that it is in has had no other since */
		s->base--;
		*f = (struct sql_frame){NO_TIME, s->is_whole ? row->duration_ticks : UNKNOWN};
	}
	return SQLITE_OK;
}

static void follow_depth(struct cursor *c, struct sql_stream *s, int64_t ticks, int64_t depth)
{
	const struct sql_request *r = &c->streams.request;

	if (r->start_to == INT64_MAX)
		return;
	if (ticks <= r->start_to)
		s->wanted = depth;
	else if (depth < s->wanted)
		s->wanted = depth;
	if (ticks < r->start_from || depth < s->floor)
		set_floor(s, r, depth);
}

/* A call of the stream has ended. *is_row: the row is meant. */
static int end_call(struct cursor *c, struct sql_stream *s, const struct irt_event *e, uint32_t context, int64_t depth, uint64_t ticks,
		    bool *is_row)
{
	const struct sql_request *r = &c->streams.request;
	int rc = SQLITE_OK;

	c->row = (struct row){.start_ticks = (int64_t)((uint64_t)e->ticks - ticks), .end_ticks = e->ticks, .duration_ticks = (int64_t)ticks,
			      .self_ticks = UNKNOWN, .context = context, .operation = e->operation, .depth = depth,
			      .inherited = depth < s->inherited};
	if (c->row.inherited)
		s->inherited = depth;
	if (needs_frames(&c->streams, s) && (rc = leave(c, s)) != SQLITE_OK)
		return rc;
	follow_depth(c, s, e->ticks, depth);
	*is_row = e->ticks >= r->from && c->row.start_ticks >= r->start_from && c->row.start_ticks <= r->start_to &&
		  (r->context_id == SQL_ANY || r->context_id % IRT_CCT_ID_SPAN == context) &&
		  (r->function_id == SQL_ANY || r->function_id == irt_contexts_function(s->contexts, context));
	return rc;
}

/* Passes an event, or one of the calls that it has ended. */
static int pass_event(struct cursor *c, struct sql_stream *s, bool *is_row)
{
	const struct irt_event *e = &s->events[s->at];
	const struct irt_popped_call *popped;
	int64_t depth;

	*is_row = false;
	switch (e->operation) {
	case IRT_OP_ENTER:
		s->at++;
		follow_depth(c, s, e->ticks, (int64_t)e->depth + 1);
		return needs_frames(&c->streams, s) ? enter(c, s, e) : SQLITE_OK;
	case IRT_OP_EXIT:
	case IRT_OP_UNWIND:
	case IRT_OP_TAIL:
		s->at++;
		return end_call(c, s, e, e->context, e->depth, e->value, is_row);
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		if (!c->pop_left)
			c->pop_left = e->value;
		depth = (int64_t)e->depth - (int64_t)(e->value - c->pop_left);
		popped = irt_chunk_popped(s->decoder) + s->popped++;
		if (!--c->pop_left)
			s->at++;
		return end_call(c, s, e, popped->context, depth, popped->ticks, is_row);
	default:
		s->at++;
		return SQLITE_OK;
	}
}

static int find_row(struct cursor *c)
{
	const struct sql_request *r = &c->streams.request;
	bool is_row;
	int rc;

	for (;;) {
		struct sql_stream *s = c->stream;
		while (s && s->at < s->end && s->events[s->at].ticks <= c->limit) {
			const int64_t ticks = s->events[s->at].ticks;
			if (ticks > r->to || s->head.first_event + s->done + s->at >= s->thread.totals_events ||
			    (ticks > r->start_to && s->wanted <= s->floor)) {
				sql_stream_end(&c->streams, s);
				break;
			}
			if ((rc = pass_event(c, s, &is_row)) != SQLITE_OK || is_row)
				return rc;
		}
		if ((rc = sql_streams_next(&c->streams, &c->stream, &c->limit)) != SQLITE_OK || !c->stream)
			return rc;
	}
}

/* ---- the table -------------------------------------------------------------------------------------- */

static int next_open(struct cursor *c)
{
	int rc = sqlite3_step(c->open);

	if (rc == SQLITE_ROW)
		return SQLITE_OK;
	sqlite3_finalize(c->open);
	c->open = NULL;
	return rc == SQLITE_DONE ? find_row(c) : sql_fail_here(c->base.pVtab, c->source, rc);
}

static int next_row(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	c->rowid++;
	return c->open ? next_open(c) : find_row(c);
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	const struct cursor *c = (const struct cursor *)base;
	return !c->stream && !c->open;
}

static int filter(sqlite3_vtab_cursor *base, int index, const char *text, int count, sqlite3_value **values)
{
	struct cursor *c = (struct cursor *)base;
	struct sql_request request;
	int rc;

	sql_streams_fini(&c->streams);
	sqlite3_finalize(c->open);
	c->open = NULL;
	c->stream = NULL;
	c->pop_left = 0;
	c->rowid = 1;
	if ((rc = sql_source_begin(c->source, base->pVtab)) != SQLITE_OK ||
	    (rc = sql_request_read(&request, c->source, index, text, count, values)) != SQLITE_OK)
		return rc;
	c->streams.choose = choose;
	c->streams.extend = extend;
	c->streams.functions_on_stack = request.wants != 0;
	if ((rc = sql_streams_begin(&c->streams, c->source, base->pVtab, &request)) != SQLITE_OK)
		return rc;
	if (c->streams.request.nothing)
		return SQLITE_OK;
	if (request.has_time) /* NULL is at no time */
		return find_row(c);
	if ((rc = sql_prepare(c->source, base->pVtab, SQL_OPEN, &c->open)) != SQLITE_OK)
		return rc;
	if (request.thread_id != SQL_ANY)
		sqlite3_bind_int64(c->open, 1, request.thread_id);
	if (c->streams.request.process_id != SQL_ANY)
		sqlite3_bind_int64(c->open, 2, c->streams.request.process_id);
	return next_open(c);
}

static int get_open_column(struct cursor *c, sqlite3_context *out, int column)
{
	enum { OPEN_THREAD, OPEN_DEPTH, OPEN_CONTEXT, OPEN_TICKS, OPEN_INHERITED, OPEN_PROCESS, OPEN_FUNCTION };
	static const int columns[COLUMNS] = {[THREAD] = OPEN_THREAD, [DEPTH] = OPEN_DEPTH, [CONTEXT] = OPEN_CONTEXT, [START_TICKS] = OPEN_TICKS,
					     [INHERITED] = OPEN_INHERITED, [PROCESS] = OPEN_PROCESS, [FUNCTION] = OPEN_FUNCTION};

	switch (column) {
	case START_NS:
		sqlite3_result_int64(out, sql_ns_of(c->source, sqlite3_column_int64(c->open, OPEN_TICKS)));
		break;
	case END_NS:
	case END_TICKS:
	case DURATION_NS:
	case DURATION_TICKS:
	case SELF_NS:
	case SELF_TICKS:
	case ENDING:
		break;
	default:
		sqlite3_result_value(out, sqlite3_column_value(c->open, columns[column]));
	}
	return SQLITE_OK;
}

static const char *name_of_ending(uint32_t operation)
{
	return operation == IRT_OP_EXIT ? "return" : operation == IRT_OP_UNWIND ? "exception" : operation == IRT_OP_TAIL ? "tail call"
		: operation == IRT_OP_LANDED ? "longjmp" : "unwound";
}

static int get_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
	struct cursor *c = (struct cursor *)base;
	const struct row *row = &c->row;

	if (c->open)
		return get_open_column(c, out, column);
	switch (column) {
	case START_NS:
		sqlite3_result_int64(out, sql_ns_of(c->source, row->start_ticks));
		break;
	case END_NS:
		sqlite3_result_int64(out, sql_ns_of(c->source, row->end_ticks));
		break;
	case DURATION_NS:
		sqlite3_result_int64(out, sql_duration_ns(c->source, row->duration_ticks));
		break;
	case SELF_NS:
		if (row->self_ticks != UNKNOWN)
			sqlite3_result_int64(out, sql_duration_ns(c->source, row->self_ticks));
		break;
	case THREAD:
		sqlite3_result_int64(out, c->stream->thread.thread_id);
		break;
	case FUNCTION:
		sqlite3_result_int64(out, irt_contexts_function(c->stream->contexts, row->context));
		break;
	case CONTEXT:
		sqlite3_result_int64(out, (c->stream->thread.process_id - 1) * IRT_CCT_ID_SPAN + row->context);
		break;
	case DEPTH:
		sqlite3_result_int64(out, row->depth);
		break;
	case ENDING:
		sqlite3_result_text(out, name_of_ending(row->operation), -1, SQLITE_STATIC);
		break;
	case INHERITED:
		sqlite3_result_int(out, row->inherited);
		break;
	case PROCESS:
		sqlite3_result_int64(out, c->stream->thread.process_id);
		break;
	case START_TICKS:
		sqlite3_result_int64(out, row->start_ticks);
		break;
	case END_TICKS:
		sqlite3_result_int64(out, row->end_ticks);
		break;
	case DURATION_TICKS:
		sqlite3_result_int64(out, row->duration_ticks);
		break;
	case SELF_TICKS:
		if (row->self_ticks != UNKNOWN)
			sqlite3_result_int64(out, row->self_ticks);
		break;
	default:
		break;
	}
	return SQLITE_OK;
}

static int get_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
	*rowid = ((struct cursor *)base)->rowid;
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	static const struct sql_shape shape = {.bounds = bounds, .columns = COLUMNS, .time_ns = END_NS, .time_ticks = END_TICKS, .thread = THREAD,
					       .first_parameter = COLUMNS, .costly = costly, .needs_order = true};

	(void)table;
	return sql_best_index(&shape, info);
}

static int connect_calls(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return sql_connect(db, source, NULL, declaration, argc, argv, table, error);
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
	struct cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return SQLITE_NOMEM;
	c->source = ((struct sql_table *)table)->source;
	*cursor = &c->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	sql_streams_fini(&c->streams);
	sqlite3_finalize(c->open);
	free(c);
	return SQLITE_OK;
}

const sqlite3_module sql_calls_module = {
	.iVersion = 1, .xConnect = connect_calls, .xBestIndex = best_index, .xDisconnect = sql_disconnect, .xOpen = open_cursor,
	.xClose = close_cursor, .xFilter = filter, .xNext = next_row, .xEof = is_at_end, .xColumn = get_column, .xRowid = get_rowid,
};
