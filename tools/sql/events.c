/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * events.c - the tables that have a row for each event, or for each of some kinds: events, allocations, lock_ops, blocks.
 */
#include "sql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"
#include "fold/heap.h"
#include "fold/heap_code.h"
#include "instr/record.h"

enum field {
	TIME_NS, TIME_TICKS, START_NS, START_TICKS, DURATION_NS, DURATION_TICKS, THREAD, PROCESS, CONTEXT, FUNCTION, DEPTH,
	EVENT, VALUE, SITE, ADDRESS, BYTES, NUMBER, HEAP_KIND, FAMILY, FAILED, MODE, LOCK, LOCK_VALUE, DESCRIPTOR,
};

struct kind {
	const char *declaration; /* its columns, with a comma before each */
	const enum field *fields;
	const enum sql_bound *bounds;
	int count;
	uint64_t operations;
	int time_ns, time_ticks, thread;
	const int *costly;
};

static const char *const event_names[] = {
	[IRT_OP_ENTER] = "enter", [IRT_OP_EXIT] = "return", [IRT_OP_UNWIND] = "exception", [IRT_OP_TAIL] = "tail call",
	[IRT_OP_POP] = "unwound", [IRT_OP_ORPHAN] = "orphan", [IRT_OP_GAP] = "gap", [IRT_OP_WAIT] = "wait for drain",
	[IRT_OP_STACK] = "other stack", [IRT_OP_LANDED] = "longjmp", [IRT_OP_MARK] = "mark", [IRT_OP_ALLOC] = "alloc",
	[IRT_OP_FREE] = "free", [IRT_OP_RESIZE] = "realloc", [IRT_OP_RESIZED] = "reallocated", [IRT_OP_UNMAP] = "unmap",
	[IRT_OP_POOL] = "pool", [IRT_OP_RESET] = "reset", [IRT_OP_BLOCK] = "blocked", [IRT_OP_BLOCKING] = "blocking",
	[IRT_OP_LEFT] = "left", [IRT_OP_THREAD] = "thread", [IRT_OP_ACQUIRED] = "acquired", [IRT_OP_WAITING] = "waiting",
	[IRT_OP_WAITED] = "waited", [IRT_OP_RELEASED] = "released", [IRT_OP_REFUSED] = "refused", [IRT_OP_LOCK_INIT] = "init",
	[IRT_OP_LOCK_DESTROY] = "destroy", [IRT_OP_SIGNALLED] = "signalled", [IRT_OP_CONDITION] = "condition",
};

#define BIT(operation) (UINT64_C(1) << (operation))
#define HEAP_OPERATIONS (BIT(IRT_OP_ALLOC) | BIT(IRT_OP_FREE) | BIT(IRT_OP_RESIZE) | BIT(IRT_OP_RESIZED) | BIT(IRT_OP_UNMAP) | \
			 BIT(IRT_OP_POOL) | BIT(IRT_OP_RESET))
#define LOCK_OPERATIONS (BIT(IRT_OP_ACQUIRED) | BIT(IRT_OP_WAITING) | BIT(IRT_OP_WAITED) | BIT(IRT_OP_RELEASED) | BIT(IRT_OP_REFUSED) | \
			 BIT(IRT_OP_LOCK_INIT) | BIT(IRT_OP_LOCK_DESTROY) | BIT(IRT_OP_SIGNALLED) | BIT(IRT_OP_CONDITION))
#define CALL_ENDS (BIT(IRT_OP_EXIT) | BIT(IRT_OP_UNWIND) | BIT(IRT_OP_TAIL))

static bool is_one_of(uint32_t operation, uint64_t operations) { return operation < 64 && operations >> operation & 1; }

/* An interval of an address in the table locks. */
struct lock {
	int64_t process_id, address, start_ticks, end_ticks, lock_id;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const struct kind *kind;
	struct sql_source *source;
	struct sql_streams streams;
	struct sql_stream *stream; /* NULL: there are no more rows */
	int64_t limit;             /* its events up to then come next */
	int64_t left;              /* count_only: rows of the chunk */
	size_t chunk;              /* ... which is this one */
	int64_t rowid;
	uint64_t operations;       /* those that rows are made of */
	bool filters;
	struct lock *locks;
	size_t lock_count, lock_room;
};

/* ---- rows ------------------------------------------------------------------------------------------- */

static bool matches(const struct cursor *c, const struct sql_stream *s, const struct irt_event *e)
{
	const struct sql_request *r = &c->streams.request;

	if (e->ticks < r->from || !(is_one_of(e->operation, c->operations) || (e->operation >= 64 && c->operations == UINT64_MAX)))
		return false;
	if (r->context_id != SQL_ANY && r->context_id % IRT_CCT_ID_SPAN != e->context)
		return false;
	return r->function_id == SQL_ANY || r->function_id == irt_contexts_function(s->contexts, e->context);
}

/* From stream->at on to the next row that is meant. */
static int find_row(struct cursor *c)
{
	const int64_t to = c->streams.request.to;

	for (;;) {
		struct sql_stream *s = c->stream;
		while (s && s->at < s->end && s->events[s->at].ticks <= c->limit) {
			const struct irt_event *e = &s->events[s->at];
			if (e->ticks > to) {
				sql_stream_end(&c->streams, s);
				break;
			}
			if (!c->filters || matches(c, s, e))
				return SQLITE_OK;
			s->at++;
		}
		int rc = sql_streams_next(&c->streams, &c->stream, &c->limit);
		if (rc != SQLITE_OK || !c->stream)
			return rc;
	}
}

/* Rows that nobody looks at: chunks say how many they are. */
static int next_chunk(struct cursor *c)
{
	const struct instr_sql_limit *limit = c->source->limit;

	while (!c->left && c->chunk < c->streams.chunk_count) {
		const struct sql_chunk *chunk = &c->streams.chunks[c->chunk++];
		if (chunk->events < 1)
			return sql_fail(c->base.pVtab, SQLITE_CORRUPT, "the events of chunk %lld are damaged", (long long)chunk->chunk_id);
		if (limit && limit->is_late && limit->is_late(limit->user))
			return SQLITE_INTERRUPT;
		c->left = chunk->events;
	}
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;
	struct sql_stream *s = c->stream;

	c->rowid++;
	if (!s) {
		c->left--;
		return c->left ? SQLITE_OK : next_chunk(c);
	}
	if (++s->at < s->end && !c->filters && s->events[s->at].ticks <= c->limit)
		return SQLITE_OK;
	return find_row(c);
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	const struct cursor *c = (const struct cursor *)base;
	return !c->stream && !c->left;
}

/* ---- locks ------------------------------------------------------------------------------------------ */

static int compare_locks(const void *a, const void *b)
{
	const struct lock *x = a, *y = b;

	if (x->process_id != y->process_id)
		return x->process_id < y->process_id ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->start_ticks < y->start_ticks ? -1 : x->start_ticks > y->start_ticks;
}

static int read_locks(struct cursor *c)
{
	sqlite3_stmt *rows = NULL;
	int rc = sqlite3_prepare_v2(c->source->db, "SELECT process_id, address, start_ticks, coalesce(end_ticks, 9223372036854775807), lock_id"
				    " FROM main.locks WHERE address <> 0", -1, &rows, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		if (!irt_grow(&c->locks, &c->lock_room, c->lock_count + 1, sizeof(*c->locks)))
			rc = SQLITE_NOMEM;
		else
			c->locks[c->lock_count++] = (struct lock){sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1),
				sqlite3_column_int64(rows, 2), sqlite3_column_int64(rows, 3), sqlite3_column_int64(rows, 4)};
	}
	sqlite3_finalize(rows);
	if (rc != SQLITE_DONE)
		return rc == SQLITE_NOMEM ? rc : sql_fail_here(c->base.pVtab, c->source, rc);
	if (c->lock_count)
		qsort(c->locks, c->lock_count, sizeof(*c->locks), compare_locks);
	return SQLITE_OK;
}

/* The lock that was at the address then; NULL: none is known, or it is one of those that share a row. */
static const struct lock *find_lock(const struct cursor *c, int64_t process_id, const struct irt_event *e)
{
	const struct lock wanted = {process_id, (int64_t)e->extra, e->ticks, 0, 0};
	size_t low = 0, high = c->lock_count;

	while (low < high) { /* the last one that is not later */
		size_t middle = low + (high - low) / 2;
		if (compare_locks(&c->locks[middle], &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	const struct lock *l = low ? &c->locks[low - 1] : NULL;
	return l && l->process_id == process_id && l->address == wanted.address && l->end_ticks >= e->ticks ? l : NULL;
}

/* ---- columns ---------------------------------------------------------------------------------------- */

static bool is_of_heap_or_lock(const struct irt_event *e) { return is_one_of(e->operation, HEAP_OPERATIONS | LOCK_OPERATIONS); }

/* How long what ends with the event took, ticks; false: nothing does. */
static bool duration_of(const struct irt_event *e, int64_t *ticks)
{
	*ticks = (int64_t)e->value;
	return is_one_of(e->operation, CALL_ENDS | BIT(IRT_OP_BLOCK) | BIT(IRT_OP_THREAD) | BIT(IRT_OP_WAIT));
}

static void put_value(sqlite3_context *out, const struct irt_event *e)
{
	if (is_one_of(e->operation, BIT(IRT_OP_POP) | BIT(IRT_OP_LANDED) | BIT(IRT_OP_ORPHAN) | BIT(IRT_OP_GAP)) ||
	    (is_of_heap_or_lock(e) && irt_heap_has_bytes(e->operation) && e->value != IRT_HEAP_FAILED))
		sqlite3_result_int64(out, (sqlite3_int64)e->value);
	else if (e->operation == IRT_OP_BLOCK)
		sqlite3_result_int64(out, (sqlite3_int64)(e->extra & INSTR_BLOCK_BYTES_MASK));
}

static void put_site(sqlite3_context *out, const struct irt_event *e)
{
	if (is_of_heap_or_lock(e))
		sqlite3_result_int64(out, e->site >> 3);
	else if (is_one_of(e->operation, BIT(IRT_OP_BLOCK) | BIT(IRT_OP_BLOCKING) | BIT(IRT_OP_THREAD)))
		sqlite3_result_int64(out, e->site);
}

static void put_heap_kind(sqlite3_context *out, const struct irt_event *e)
{
	static const char *const names[] = {[IRT_HEAP_HEAP] = "heap", [IRT_HEAP_POOLS] = "pools", [IRT_HEAP_MAPPINGS] = "mappings"};
	const unsigned kind = irt_heap_kind(irt_site_family(e->site));

	sqlite3_result_text(out, names[kind], -1, SQLITE_STATIC);
}

/* Did the call of the event not do what it was to? */
static bool has_failed(const struct irt_event *e)
{
	if (e->operation == IRT_OP_BLOCK)
		return e->extra & INSTR_BLOCK_FAILED;
	return (e->operation == IRT_OP_ALLOC && !e->extra) || (e->operation == IRT_OP_RESIZED && e->value == IRT_HEAP_FAILED);
}

static void put_text(sqlite3_context *out, const char *text)
{
	if (text)
		sqlite3_result_text(out, text, -1, SQLITE_STATIC);
}

static int get_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
	struct cursor *c = (struct cursor *)base;
	const struct sql_stream *s = c->stream;
	const struct irt_event *e;
	const struct lock *lock;
	int64_t ticks;

	if (!s) /* count_only: nobody asks */
		return SQLITE_OK;
	e = &s->events[s->at];
	switch (c->kind->fields[column]) {
	case TIME_NS:
		sqlite3_result_int64(out, sql_ns_of(c->source, e->ticks));
		break;
	case TIME_TICKS:
		sqlite3_result_int64(out, e->ticks);
		break;
	case START_NS:
		sqlite3_result_int64(out, sql_ns_of(c->source, (int64_t)((uint64_t)e->ticks - e->value)));
		break;
	case START_TICKS:
		sqlite3_result_int64(out, (int64_t)((uint64_t)e->ticks - e->value));
		break;
	case DURATION_NS:
		if (duration_of(e, &ticks))
			sqlite3_result_int64(out, sql_duration_ns(c->source, ticks));
		break;
	case DURATION_TICKS:
		if (duration_of(e, &ticks))
			sqlite3_result_int64(out, ticks);
		break;
	case THREAD:
		sqlite3_result_int64(out, s->thread.thread_id);
		break;
	case PROCESS:
		sqlite3_result_int64(out, s->thread.process_id);
		break;
	case CONTEXT:
		sqlite3_result_int64(out, (s->thread.process_id - 1) * IRT_CCT_ID_SPAN + e->context);
		break;
	case FUNCTION:
		sqlite3_result_int64(out, irt_contexts_function(s->contexts, e->context));
		break;
	case DEPTH:
		if (e->depth != UINT32_MAX)
			sqlite3_result_int64(out, e->depth);
		break;
	case EVENT:
		put_text(out, e->operation < sizeof(event_names) / sizeof(*event_names) ? event_names[e->operation] : NULL);
		break;
	case VALUE:
		put_value(out, e);
		break;
	case SITE:
		put_site(out, e);
		break;
	case ADDRESS:
		if (is_of_heap_or_lock(e) && e->extra)
			sqlite3_result_int64(out, (sqlite3_int64)e->extra);
		break;
	case BYTES:
		if (e->operation == IRT_OP_BLOCK)
			sqlite3_result_int64(out, (sqlite3_int64)(e->extra & INSTR_BLOCK_BYTES_MASK));
		else if (is_one_of(e->operation, BIT(IRT_OP_ALLOC) | BIT(IRT_OP_RESIZED) | BIT(IRT_OP_UNMAP)) && e->value != IRT_HEAP_FAILED)
			sqlite3_result_int64(out, (sqlite3_int64)e->value);
		break;
	case NUMBER:
		sqlite3_result_int64(out, s->head.first_event + s->done + s->at);
		break;
	case HEAP_KIND:
		put_heap_kind(out, e);
		break;
	case FAMILY:
	case MODE:
		sqlite3_result_int64(out, e->site & 7);
		break;
	case FAILED:
		sqlite3_result_int(out, has_failed(e));
		break;
	case LOCK:
		if ((lock = find_lock(c, s->thread.process_id, e)))
			sqlite3_result_int64(out, lock->lock_id);
		break;
	case LOCK_VALUE:
		if (is_one_of(e->operation, BIT(IRT_OP_WAITING) | BIT(IRT_OP_WAITED) | BIT(IRT_OP_REFUSED) | BIT(IRT_OP_SIGNALLED) | BIT(IRT_OP_CONDITION)))
			sqlite3_result_int64(out, (sqlite3_int64)e->value);
		break;
	case DESCRIPTOR:
		sqlite3_result_int64(out, (sqlite3_int64)(e->extra >> INSTR_BLOCK_KIND_SHIFT & INSTR_BLOCK_KIND_MASK));
		break;
	}
	return SQLITE_OK;
}

/* ---- the tables ------------------------------------------------------------------------------------- */

/* Every column once: its declaration, what it is, and what a condition on it narrows down. */
#define EVENTS_COLUMNS(X) \
	X("time_ns INTEGER", TIME_NS, SQL_TIME_NS) X("thread_id INTEGER", THREAD, SQL_THREAD) X("event TEXT", EVENT, SQL_EVENT) \
	X("context_id INTEGER", CONTEXT, SQL_CONTEXT) X("function_id INTEGER", FUNCTION, SQL_FUNCTION) X("depth INTEGER", DEPTH, SQL_NONE) \
	X("duration_ns INTEGER", DURATION_NS, SQL_NONE) X("site_id INTEGER", SITE, SQL_NONE) X("address INTEGER", ADDRESS, SQL_NONE) \
	X("value INTEGER", VALUE, SQL_NONE) X("process_id INTEGER", PROCESS, SQL_PROCESS) X("number INTEGER", NUMBER, SQL_NONE) \
	X("ticks INTEGER", TIME_TICKS, SQL_TIME_TICKS) X("duration_ticks INTEGER", DURATION_TICKS, SQL_NONE)
#define ALLOCATIONS_COLUMNS(X) \
	X("time_ns INTEGER", TIME_NS, SQL_TIME_NS) X("thread_id INTEGER", THREAD, SQL_THREAD) X("operation TEXT", EVENT, SQL_EVENT) \
	X("bytes INTEGER", BYTES, SQL_NONE) X("address INTEGER", ADDRESS, SQL_NONE) X("context_id INTEGER", CONTEXT, SQL_CONTEXT) \
	X("function_id INTEGER", FUNCTION, SQL_FUNCTION) X("site_id INTEGER", SITE, SQL_NONE) X("kind TEXT", HEAP_KIND, SQL_NONE) \
	X("family INTEGER", FAMILY, SQL_NONE) X("failed INTEGER", FAILED, SQL_NONE) X("process_id INTEGER", PROCESS, SQL_PROCESS) \
	X("number INTEGER", NUMBER, SQL_NONE) X("ticks INTEGER", TIME_TICKS, SQL_TIME_TICKS)
#define LOCK_OPS_COLUMNS(X) \
	X("time_ns INTEGER", TIME_NS, SQL_TIME_NS) X("thread_id INTEGER", THREAD, SQL_THREAD) X("operation TEXT", EVENT, SQL_EVENT) \
	X("lock_id INTEGER", LOCK, SQL_NONE) X("context_id INTEGER", CONTEXT, SQL_CONTEXT) X("function_id INTEGER", FUNCTION, SQL_FUNCTION) \
	X("site_id INTEGER", SITE, SQL_NONE) X("mode INTEGER", MODE, SQL_NONE) X("value INTEGER", LOCK_VALUE, SQL_NONE) \
	X("address INTEGER", ADDRESS, SQL_NONE) X("process_id INTEGER", PROCESS, SQL_PROCESS) X("number INTEGER", NUMBER, SQL_NONE) \
	X("ticks INTEGER", TIME_TICKS, SQL_TIME_TICKS)
#define BLOCKS_COLUMNS(X) \
	X("start_ns INTEGER", START_NS, SQL_NONE) X("end_ns INTEGER", TIME_NS, SQL_TIME_NS) X("duration_ns INTEGER", DURATION_NS, SQL_NONE) \
	X("thread_id INTEGER", THREAD, SQL_THREAD) X("context_id INTEGER", CONTEXT, SQL_CONTEXT) X("function_id INTEGER", FUNCTION, SQL_FUNCTION) \
	X("site_id INTEGER", SITE, SQL_NONE) X("descriptor INTEGER", DESCRIPTOR, SQL_NONE) X("bytes INTEGER", BYTES, SQL_NONE) \
	X("failed INTEGER", FAILED, SQL_NONE) X("process_id INTEGER", PROCESS, SQL_PROCESS) X("number INTEGER", NUMBER, SQL_NONE) \
	X("start_ticks INTEGER", START_TICKS, SQL_NONE) X("end_ticks INTEGER", TIME_TICKS, SQL_TIME_TICKS) \
	X("duration_ticks INTEGER", DURATION_TICKS, SQL_NONE)
#define FIELD(declaration, field, bound) field,
#define BOUND(declaration, field, bound) bound,
#define DECLARATION(declaration, field, bound) "," declaration

static const enum field events_fields[] = {EVENTS_COLUMNS(FIELD)}, allocations_fields[] = {ALLOCATIONS_COLUMNS(FIELD)},
	lock_ops_fields[] = {LOCK_OPS_COLUMNS(FIELD)}, blocks_fields[] = {BLOCKS_COLUMNS(FIELD)};
static const enum sql_bound events_bounds[] = {EVENTS_COLUMNS(BOUND)}, allocations_bounds[] = {ALLOCATIONS_COLUMNS(BOUND)},
	lock_ops_bounds[] = {LOCK_OPS_COLUMNS(BOUND)}, blocks_bounds[] = {BLOCKS_COLUMNS(BOUND)};
static const int lock_costly[] = {3, -1};

#define COUNT(array) (int)(sizeof(array) / sizeof(*(array)))
#define TABLE(columns) columns(DECLARATION)
static const struct kind events_kind = {TABLE(EVENTS_COLUMNS), events_fields, events_bounds, COUNT(events_fields), UINT64_MAX, 0, 12, 1, NULL};
static const struct kind allocations_kind = {TABLE(ALLOCATIONS_COLUMNS), allocations_fields, allocations_bounds, COUNT(allocations_fields),
					     HEAP_OPERATIONS, 0, 13, 1, NULL};
static const struct kind lock_ops_kind = {TABLE(LOCK_OPS_COLUMNS), lock_ops_fields, lock_ops_bounds, COUNT(lock_ops_fields), LOCK_OPERATIONS,
					  0, 12, 1, lock_costly};
static const struct kind blocks_kind = {TABLE(BLOCKS_COLUMNS), blocks_fields, blocks_bounds, COUNT(blocks_fields), BIT(IRT_OP_BLOCK), 1, 13, 3, NULL};

static int connect_to(sqlite3 *db, void *source, const struct kind *kind, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return sql_connect(db, source, kind, kind->declaration, argc, argv, table, error);
}

static int connect_events(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return connect_to(db, source, &events_kind, argc, argv, table, error);
}

static int connect_allocations(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return connect_to(db, source, &allocations_kind, argc, argv, table, error);
}

static int connect_lock_ops(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return connect_to(db, source, &lock_ops_kind, argc, argv, table, error);
}

static int connect_blocks(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return connect_to(db, source, &blocks_kind, argc, argv, table, error);
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	const struct kind *kind = ((struct sql_table *)table)->kind;
	const struct sql_shape shape = {.bounds = kind->bounds, .columns = kind->count, .time_ns = kind->time_ns, .time_ticks = kind->time_ticks,
					.thread = kind->thread, .first_parameter = kind->count, .costly = kind->costly, .needs_order = true};

	return sql_best_index(&shape, info);
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
	struct cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return SQLITE_NOMEM;
	c->kind = ((struct sql_table *)table)->kind;
	c->source = ((struct sql_table *)table)->source;
	*cursor = &c->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	sql_streams_fini(&c->streams);
	free(c->locks);
	free(c);
	return SQLITE_OK;
}

/* Those whose name is looked for. Where it is no text SQLite knows what to make of it. */
static uint64_t operations_of(sqlite3_value *name)
{
	const unsigned char *text = name && sqlite3_value_type(name) == SQLITE_TEXT ? sqlite3_value_text(name) : NULL;

	for (size_t i = 0; text && i < sizeof(event_names) / sizeof(*event_names); i++)
		if (event_names[i] && !strcmp((const char *)text, event_names[i]))
			return BIT(i);
	return text ? 0 : UINT64_MAX;
}

static int filter(sqlite3_vtab_cursor *base, int index, const char *text, int count, sqlite3_value **values)
{
	struct cursor *c = (struct cursor *)base;
	struct sql_request request;
	int rc;

	sql_streams_fini(&c->streams);
	c->stream = NULL;
	c->left = 0;
	c->chunk = 0;
	c->rowid = 1;
	c->lock_count = 0;
	if ((rc = sql_source_begin(c->source, base->pVtab)) != SQLITE_OK ||
	    (rc = sql_request_read(&request, c->source, index, text, count, values)) != SQLITE_OK)
		return rc;
	c->operations = c->kind->operations & operations_of(request.event);
	const bool all = c->operations == UINT64_MAX;
	request.nothing |= !c->operations;
	c->streams.operations = all ? 0 : c->operations;
	c->streams.functions_on_stack = true;
	c->filters = !all || request.from != INT64_MIN || request.context_id != SQL_ANY || request.function_id != SQL_ANY;
	if ((rc = sql_streams_begin(&c->streams, c->source, base->pVtab, &request)) != SQLITE_OK)
		return rc;
	if (c->streams.request.nothing)
		return SQLITE_OK;
	if (all && request.count_only)
		return next_chunk(c);
	if (c->kind->costly && request.wants && (rc = read_locks(c)) != SQLITE_OK)
		return rc;
	return find_row(c);
}

static int get_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
	*rowid = ((struct cursor *)base)->rowid;
	return SQLITE_OK;
}

/* No xCreate: the tables are there by themselves, and no file can have others made of them. */
#define MODULE(connect) \
	{ \
		.iVersion = 1, .xConnect = connect, .xBestIndex = best_index, .xDisconnect = sql_disconnect, .xOpen = open_cursor, \
		.xClose = close_cursor, .xFilter = filter, .xNext = next_row, .xEof = is_at_end, .xColumn = get_column, .xRowid = get_rowid, \
	}
const sqlite3_module sql_events_module = MODULE(connect_events), sql_allocations_module = MODULE(connect_allocations),
	sql_lock_ops_module = MODULE(connect_lock_ops), sql_blocks_module = MODULE(connect_blocks);
