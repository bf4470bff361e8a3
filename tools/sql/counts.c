/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * counts.c - event_counts and event_histogram: events, and calls that have ended by how long they took, added up by function,
 * calling context, thread or time while they are decoded, at a fraction of what a row for each of them costs.
 *
 *     event_counts(by, from_ns, to_ns, width_ns, of_thread_id)
 *
 * Counters are in the rows of the answer. A row is looked for once for each calling context, thread and stretch of time, and
 * its number kept in `places`.
 */
#include "sql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"
#include "fold/histogram.h"

enum by { BY_FUNCTION, BY_CONTEXT, BY_THREAD, BY_TIME };
static const char *const by_names[] = {"function", "context", "thread", "time"};

enum { BY, FROM_NS, TO_NS, WIDTH_NS, OF_THREAD }; /* parameters */
enum { THREAD, CONTEXT, FUNCTION, TIME_NS, FIRST_SUM };
enum { EVENTS = FIRST_SUM, ENTERED, COUNTS_VISIBLE };
enum { CALLS = FIRST_SUM, TOTAL_NS, MIN_NS, P50_NS, P99_NS, MAX_NS, TOTAL_TICKS, HISTOGRAM, HISTOGRAM_VISIBLE };

#define PARAMETERS ",by TEXT HIDDEN,from_ns INTEGER HIDDEN,to_ns INTEGER HIDDEN,width_ns INTEGER HIDDEN,of_thread_id INTEGER HIDDEN"
#define KEYS ",thread_id INTEGER,context_id INTEGER,function_id INTEGER,time_ns INTEGER"

struct kind {
	const char *name, *declaration;
	int visible;
	size_t most_rows; /* so that they take about 100 MB at most */
	bool has_times;
};
static const struct kind counts_kind = {"event_counts", KEYS ",events INTEGER,calls INTEGER" PARAMETERS, COUNTS_VISIBLE, 1000000, false};
static const struct kind histogram_kind = {
	"event_histogram",
	KEYS ",calls INTEGER,total_ns INTEGER,min_ns INTEGER,p50_ns INTEGER,p99_ns INTEGER,max_ns INTEGER,total_ticks INTEGER,histogram BLOB" PARAMETERS,
	HISTOGRAM_VISIBLE, 30000, true};

struct row {
	int64_t key;    /* function, context or thread */
	int64_t bucket; /* time_ns / width_ns */
	int64_t events, calls; /* of event_histogram: those that have ended */
	uint64_t total, min, max;
	struct irt_histogram times;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const struct kind *kind;
	struct sql_source *source;
	struct sql_streams streams;
	struct sql_request request;
	enum by by;
	int64_t width_ns; /* 0: time is not divided */
	struct row *rows;
	size_t count, room, at;
	uint32_t *slots; /* rows by key and bucket, + 1 */
	size_t slot_count;
	uint32_t *places; /* by calling context: its row + 1, of the thread and stretch of time that is being read */
	size_t place_count;
	uint32_t *touched;
	size_t touched_count, touched_room;
	const struct sql_stream *stream; /* that is being read */
	int64_t bucket, bucket_end;      /* ... and its stretch of time, which ends before this tick */
};

/* ---- rows ------------------------------------------------------------------------------------------- */

static size_t hash(int64_t key, int64_t bucket)
{
	uint64_t h = ((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)bucket * UINT64_C(0xc2b2ae3d27d4eb4f));
	return (size_t)(h ^ h >> 29);
}

static uint32_t *find_slot(const struct cursor *c, int64_t key, int64_t bucket)
{
	for (size_t i = hash(key, bucket);; i++) {
		uint32_t *slot = &c->slots[i & (c->slot_count - 1)];
		if (!*slot || (c->rows[*slot - 1].key == key && c->rows[*slot - 1].bucket == bucket))
			return slot;
	}
}

static bool grow_slots(struct cursor *c)
{
	const size_t count = c->slot_count ? 2 * c->slot_count : 256;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return false;
	free(c->slots);
	c->slots = slots;
	c->slot_count = count;
	for (size_t i = 0; i < c->count; i++)
		*find_slot(c, c->rows[i].key, c->rows[i].bucket) = (uint32_t)i + 1;
	return true;
}

/* The row for what happens in the context, + 1, in c->places too. */
static int find_row(struct cursor *c, uint32_t context, uint32_t *row)
{
	const struct sql_stream *s = c->stream;
	const int64_t key = c->by == BY_THREAD ? s->thread.thread_id : c->by == BY_TIME ? 0
		: c->by == BY_FUNCTION ? irt_contexts_function(s->contexts, context) : (s->thread.process_id - 1) * IRT_CCT_ID_SPAN + context;

	if (2 * (c->count + 1) > c->slot_count && !grow_slots(c))
		return SQLITE_NOMEM;
	uint32_t *slot = find_slot(c, key, c->bucket);
	if (!*slot) {
		if (c->count == c->kind->most_rows)
			return sql_fail(c->base.pVtab, SQLITE_ERROR, "%s has more than %d rows: with a larger width_ns, or a shorter time, it has fewer",
					c->kind->name, (int)c->kind->most_rows);
		if (!irt_grow(&c->rows, &c->room, c->count + 1, sizeof(*c->rows)))
			return SQLITE_NOMEM;
		c->rows[c->count++] = (struct row){.key = key, .bucket = c->bucket, .min = UINT64_MAX};
		*slot = (uint32_t)c->count;
	}
	if (context >= c->place_count) {
		size_t count = c->place_count ? c->place_count : 1024;
		while (count <= context)
			count *= 2;
		uint32_t *places = realloc(c->places, count * sizeof(*places));
		if (!places)
			return SQLITE_NOMEM;
		memset(places + c->place_count, 0, (count - c->place_count) * sizeof(*places));
		c->places = places;
		c->place_count = count;
	}
	if (!irt_grow(&c->touched, &c->touched_room, c->touched_count + 1, sizeof(*c->touched)))
		return SQLITE_NOMEM;
	c->touched[c->touched_count++] = context;
	*row = c->places[context] = *slot;
	return SQLITE_OK;
}

static inline int row_of(struct cursor *c, uint32_t context, struct row **row)
{
	uint32_t place = context < c->place_count ? c->places[context] : 0;
	int rc = place ? SQLITE_OK : find_row(c, context, &place);

	*row = place ? &c->rows[place - 1] : NULL;
	return rc;
}

static void forget_places(struct cursor *c)
{
	for (size_t i = 0; i < c->touched_count; i++)
		c->places[c->touched[i]] = 0;
	c->touched_count = 0;
}

/* ---- events ----------------------------------------------------------------------------------------- */

static void set_bucket(struct cursor *c, int64_t ticks)
{
	const int64_t ns = sql_ns_of(c->source, ticks);
	int64_t end;

	forget_places(c);
	c->bucket = ns / c->width_ns - (ns % c->width_ns < 0);
	if (__builtin_mul_overflow(c->bucket + 1, c->width_ns, &end))
		c->bucket_end = INT64_MAX;
	else
		c->bucket_end = sql_ticks_at(c->source, end);
}

static int count_events(struct cursor *c, const struct irt_event *e, const struct irt_event *end)
{
	for (; e < end; e++) {
		struct row *row;
		int rc = row_of(c, e->context, &row);
		if (rc != SQLITE_OK)
			return rc;
		row->events++;
		row->calls += e->operation == IRT_OP_ENTER;
	}
	return SQLITE_OK;
}

static inline int add_call(struct cursor *c, struct sql_stream *s, uint32_t context, int64_t depth, uint64_t ticks)
{
	struct row *row;
	int rc;

	if (depth < s->inherited) { /* it is counted in the parent process */
		s->inherited = depth;
		return SQLITE_OK;
	}
	if ((rc = row_of(c, context, &row)) != SQLITE_OK)
		return rc;
	row->calls++;
	row->total += ticks;
	row->min = ticks < row->min ? ticks : row->min;
	row->max = ticks > row->max ? ticks : row->max;
	return irt_histogram_add(&row->times, irt_histogram_bucket(ticks), 1) ? SQLITE_NOMEM : SQLITE_OK;
}

static int add_calls(struct cursor *c, struct sql_stream *s, const struct irt_event *e, const struct irt_event *end, bool is_meant)
{
	int rc = SQLITE_OK;

	for (; e < end && rc == SQLITE_OK; e++) {
		if (e->operation == IRT_OP_ENTER) {
			continue;
		} else if (e->operation <= IRT_OP_TAIL) {
			if (is_meant)
				rc = add_call(c, s, e->context, e->depth, e->value);
			else if (e->depth < s->inherited)
				s->inherited = e->depth;
		} else if (e->operation == IRT_OP_POP || e->operation == IRT_OP_LANDED) {
			const struct irt_popped_call *popped = irt_chunk_popped(s->decoder) + s->popped;
			for (uint64_t i = 0; i < e->value && rc == SQLITE_OK && is_meant; i++)
				rc = add_call(c, s, popped[i].context, (int64_t)e->depth - (int64_t)i, popped[i].ticks);
			s->popped += e->value;
			if ((int64_t)e->depth + 1 - (int64_t)e->value < s->inherited)
				s->inherited = (int64_t)e->depth + 1 - (int64_t)e->value;
		}
	}
	return rc;
}

/* All that the stream has in its batch. */
static int read_batch(struct cursor *c, struct sql_stream *s)
{
	const struct irt_event *e = s->events + s->at, *end = s->events + s->end, *stop;
	int rc = SQLITE_OK;

	if (c->stream != s) {
		forget_places(c);
		c->stream = s;
		c->bucket_end = c->width_ns ? INT64_MIN : INT64_MAX;
	}
	if (e->ticks < c->request.from) {
		for (stop = e; stop < end && stop->ticks < c->request.from; stop++)
			continue;
		if (c->kind->has_times)
			rc = add_calls(c, s, e, stop, false);
		e = stop;
	}
	while (e < end && rc == SQLITE_OK && e->ticks <= c->request.to) {
		if (e->ticks >= c->bucket_end && c->width_ns)
			set_bucket(c, e->ticks);
		stop = end;
		if (end[-1].ticks >= c->bucket_end || end[-1].ticks > c->request.to)
			for (stop = e; stop < end && (stop->ticks < c->bucket_end || c->bucket_end == INT64_MAX) && stop->ticks <= c->request.to; stop++)
				continue;
		rc = c->kind->has_times ? add_calls(c, s, e, stop, true) : count_events(c, e, stop);
		e = stop;
	}
	if (e < end) /* behind the time */
		sql_stream_end(&c->streams, s);
	else
		s->at = s->end;
	return rc;
}

static int choose(struct sql_streams *all, struct sql_stream *s, enum sql_choice *choice)
{
	(void)choice;
	return s->is_new ? sql_find_inherited(all, s) : SQLITE_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int add_up(struct cursor *c)
{
	struct sql_stream *s;
	int64_t limit;
	int rc;

	c->streams.choose = c->kind->has_times ? choose : NULL;
	rc = sql_streams_begin(&c->streams, c->source, c->base.pVtab, &c->request);
	while (rc == SQLITE_OK && (rc = sql_streams_next(&c->streams, &s, &limit)) == SQLITE_OK && s)
		rc = read_batch(c, s);
	sql_streams_fini(&c->streams);
	if (c->count)
		qsort(c->rows, c->count, sizeof(*c->rows), compare_rows);
	return rc;
}

/* ---- the tables ------------------------------------------------------------------------------------- */

static void clear(struct cursor *c)
{
	sql_streams_fini(&c->streams);
	for (size_t i = 0; i < c->count; i++)
		irt_histogram_fini(&c->rows[i].times);
	free(c->rows);
	free(c->slots);
	free(c->places);
	free(c->touched);
	*c = (struct cursor){.base = c->base, .kind = c->kind, .source = c->source};
}

static int read_by(struct cursor *c, sqlite3_value *value)
{
	const char *by = value && sqlite3_value_type(value) != SQLITE_NULL ? (const char *)sqlite3_value_text(value) : by_names[BY_FUNCTION];

	for (int i = 0; by && i < (int)(sizeof(by_names) / sizeof(*by_names)); i++) {
		if (!strcmp(by, by_names[i])) {
			c->by = (enum by)i;
			return SQLITE_OK;
		}
	}
	return sql_fail(c->base.pVtab, SQLITE_ERROR, "%s goes by function, context, thread or time, not by '%s'", c->kind->name, by ? by : "");
}

static bool is_given(sqlite3_value *value) { return value && sqlite3_value_type(value) != SQLITE_NULL; }

static int filter(sqlite3_vtab_cursor *base, int index, const char *text, int count, sqlite3_value **values)
{
	struct cursor *c = (struct cursor *)base;
	struct sql_request *r = &c->request;
	int rc;

	clear(c);
	if ((rc = sql_source_begin(c->source, base->pVtab)) != SQLITE_OK ||
	    (rc = sql_request_read(r, c->source, index, text, count, values)) != SQLITE_OK || (rc = read_by(c, r->parameters[BY])) != SQLITE_OK)
		return rc;
	if (is_given(r->parameters[FROM_NS]))
		r->from = sql_ticks_at(c->source, sqlite3_value_int64(r->parameters[FROM_NS]));
	if (is_given(r->parameters[TO_NS]))
		r->to = sql_ticks_at(c->source, sqlite3_value_int64(r->parameters[TO_NS]));
	r->to -= is_given(r->parameters[TO_NS]) && r->to != INT64_MIN && r->to != INT64_MAX;
	if (is_given(r->parameters[OF_THREAD]))
		r->thread_id = sqlite3_value_int64(r->parameters[OF_THREAD]);
	if (is_given(r->parameters[WIDTH_NS])) {
		c->width_ns = sqlite3_value_int64(r->parameters[WIDTH_NS]);
		if (c->width_ns < 1)
			return sql_fail(base->pVtab, SQLITE_ERROR, "width_ns of %s is a number of nanoseconds from 1 on", c->kind->name);
	} else if (c->by == BY_TIME) {
		return sql_fail(base->pVtab, SQLITE_ERROR, "%s('time') needs its width_ns: %s('time', NULL, NULL, 1000000) is by milliseconds",
				c->kind->name, c->kind->name);
	}
	r->nothing = r->nothing || r->from > r->to || (is_given(r->parameters[OF_THREAD]) && r->thread_id < 1);
	r->by_time = false;
	return r->nothing ? SQLITE_OK : add_up(c);
}

static int next_row(sqlite3_vtab_cursor *base)
{
	((struct cursor *)base)->at++;
	return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	const struct cursor *c = (const struct cursor *)base;
	return c->at >= c->count;
}

static void put_sum(struct cursor *c, sqlite3_context *out, const struct row *row, int column)
{
	uint8_t bytes[IRT_HISTOGRAM_BYTES_MAX];

	if (!c->kind->has_times) {
		sqlite3_result_int64(out, column == EVENTS ? row->events : row->calls);
		return;
	}
	switch (column) {
	case CALLS:
		sqlite3_result_int64(out, row->calls);
		break;
	case TOTAL_NS:
		sqlite3_result_int64(out, sql_duration_ns(c->source, (int64_t)row->total));
		break;
	case MIN_NS:
		sqlite3_result_int64(out, sql_duration_ns(c->source, (int64_t)row->min));
		break;
	case P50_NS:
	case P99_NS:
		sqlite3_result_int64(out, sql_duration_ns(c->source, (int64_t)irt_histogram_quantile(&row->times, column == P50_NS ? 500 : 990,
												      row->min, row->max)));
		break;
	case MAX_NS:
		sqlite3_result_int64(out, sql_duration_ns(c->source, (int64_t)row->max));
		break;
	case TOTAL_TICKS:
		sqlite3_result_int64(out, (int64_t)row->total);
		break;
	default:
		sqlite3_result_blob(out, bytes, (int)irt_histogram_write(&row->times, bytes), SQLITE_TRANSIENT);
	}
}

static int get_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
	struct cursor *c = (struct cursor *)base;
	const struct row *row = &c->rows[c->at];

	if (column >= c->kind->visible)
		return SQLITE_OK; /* who asks knows what was given */
	if (column == TIME_NS) {
		if (c->width_ns)
			sqlite3_result_int64(out, row->bucket * c->width_ns);
	} else if (column == THREAD) {
		if (c->by == BY_THREAD)
			sqlite3_result_int64(out, row->key);
	} else if (column == CONTEXT) {
		if (c->by == BY_CONTEXT)
			sqlite3_result_int64(out, row->key);
	} else if (column == FUNCTION) {
		if (c->by == BY_FUNCTION)
			sqlite3_result_int64(out, row->key);
	} else {
		put_sum(c, out, row, column);
	}
	return SQLITE_OK;
}

static int get_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
	*rowid = (sqlite3_int64)((struct cursor *)base)->at + 1;
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	enum { NO_COLUMN = -2, MOST = HISTOGRAM_VISIBLE + SQL_PARAMETERS };
	const struct kind *kind = ((struct sql_table *)table)->kind;
	enum sql_bound bounds[MOST] = {SQL_NONE};
	const struct sql_shape shape = {.bounds = bounds, .columns = kind->visible + SQL_PARAMETERS, .time_ns = NO_COLUMN, .time_ticks = NO_COLUMN,
					.thread = NO_COLUMN, .first_parameter = kind->visible};
	int rc;

	for (int i = 0; i < SQL_PARAMETERS; i++)
		bounds[kind->visible + i] = SQL_PARAMETER;
	rc = sql_best_index(&shape, info);
	info->estimatedRows = 1000;
	return rc;
}

static int connect_counts(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return sql_connect(db, source, &counts_kind, counts_kind.declaration, argc, argv, table, error);
}

static int connect_histogram(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return sql_connect(db, source, &histogram_kind, histogram_kind.declaration, argc, argv, table, error);
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
	clear((struct cursor *)base);
	free(base);
	return SQLITE_OK;
}

#define MODULE(connect) \
	{ \
		.iVersion = 1, .xConnect = connect, .xBestIndex = best_index, .xDisconnect = sql_disconnect, .xOpen = open_cursor, \
		.xClose = close_cursor, .xFilter = filter, .xNext = next_row, .xEof = is_at_end, .xColumn = get_column, .xRowid = get_rowid, \
	}
const sqlite3_module sql_counts_module = MODULE(connect_counts), sql_histogram_module = MODULE(connect_histogram);
