/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * window.c - calls and times of a window of time, where the queries find them: in temp.totals and temp.open_frames, whose
 * names SQLite looks up before the file's.
 *
 *                      from                to
 *     ─────────┬────────●─────────┬─────────●────
 *       open ──┤ tr_stacks_at     │ events: calls that begin and end, until there
 *              └──────────────────┴──►
 *
 * A call counts where it began, and how long it took, where it ended; time is what lies in the window. What waits for the
 * drain took is nobody's. The threads' clocks stand still outside of the window and during such waits, and a call's time is
 * the difference of two readings of that clock.
 */
#include "libtrace/events.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"
#include "fold/histogram.h"
#include "fold/keyed.h"

enum { DEEPEST = 1 << 22 }; /* as in stacks.c */
#define NOT_SEEN INT64_MIN

struct frame {
	uint32_t context;
	int inherited;    /* over fork: it counts as a call of the parent */
	int64_t entered;  /* NOT_SEEN: before what was read */
	int64_t waited;   /* of the thread until then, for the drain */
	int64_t clock, inside; /* the thread's clock then; in calls that it made */
};

struct sum {
	uint64_t key[1]; /* context */
	int64_t calls, returns, unwound, open, total, self;
	int64_t on_stack; /* frames: the time of those within others is in these */
	uint64_t min, max;
	struct irt_histogram durations;
};

struct window {
	struct tr_trace *trace;
	struct tr_error *error;
	struct tr_events events;
	sqlite3_stmt *threads, *frames, *put, *begun;
	int64_t from, to;    /* behind the one, up to the other */
	struct tr_window_facts facts;

	/* The thread. */
	int64_t row_id, process_id;
	int64_t last;        /* its last event */
	int64_t done;        /* up to there what is open is known already */
	int64_t waited, waited_within;
	int64_t inherited;   /* frames that it began with */
	struct frame *stack;
	size_t depth, room;
	struct irt_keyed sums;
};

static int run_sql(struct window *w, const char *sql)
{
	int rc = sqlite3_exec(w->trace->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(w->trace, rc, w->error);
}

static int prepare(struct window *w, sqlite3_stmt **statement, const char *sql)
{
	int rc = tr_prepare_sql(w->trace, sql, statement);

	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(w->trace, rc, w->error);
}

/* ---- sums -------------------------------------------------------------------------------------------- */

static int is_within(const struct window *w, int64_t ticks) { return ticks > w->from && ticks <= w->to; }

static int64_t clip(const struct window *w, int64_t ticks) { return ticks < w->from ? w->from : ticks > w->to ? w->to : ticks; }

static int64_t clock_at(const struct window *w, int64_t ticks) { return clip(w, ticks) - w->waited_within; }

/* NULL: no memory. */
static struct sum *sum_of(struct window *w, uint32_t context)
{
	uint64_t key = context;
	uint32_t i = irt_keyed_recall(&w->sums, &key, 1);

	if (i == IRT_KEYED_NONE) {
		if (!irt_keyed_room(&w->sums, 1))
			return NULL;
		i = irt_keyed_put(&w->sums, &key);
	}
	return irt_keyed_row(&w->sums, i);
}

static int push(struct window *w, const struct frame *f)
{
	struct sum *s = sum_of(w, f->context);

	if (!s)
		return INSTR_ERR_MEMORY;
	if (w->depth >= DEEPEST || !irt_grow(&w->stack, &w->room, w->depth + 1, sizeof(*w->stack)))
		return INSTR_ERR_MEMORY;
	w->stack[w->depth++] = *f;
	s->on_stack++;
	return 0;
}

static int enter(struct window *w, const struct irt_event *e)
{
	struct sum *s = sum_of(w, e->context);

	if (!s)
		return INSTR_ERR_MEMORY;
	s->calls += is_within(w, e->ticks);
	return push(w, &(struct frame){.context = e->context, .entered = e->ticks, .waited = w->waited, .clock = clock_at(w, e->ticks)});
}

/* The innermost call is over, or its window: its time. */
static struct sum *spend(struct window *w, int64_t ticks)
{
	const struct frame *f = &w->stack[w->depth - 1];
	struct sum *s = sum_of(w, f->context); /* it is there since the push */
	int64_t total = clock_at(w, ticks) > f->clock ? clock_at(w, ticks) - f->clock : 0;

	if (!--s->on_stack)
		s->total += total;
	s->self += total > f->inside ? total - f->inside : 0;
	if (--w->depth)
		w->stack[w->depth - 1].inside += total;
	return s;
}

/* Where deep paths are folded, a parent's context may be another one than that of the call. */
static int rename_frame(struct window *w, struct frame *f, uint32_t context)
{
	if (f->context == context || f->entered != NOT_SEEN)
		return 0;
	if (!sum_of(w, context))
		return INSTR_ERR_MEMORY;
	sum_of(w, f->context)->on_stack--;
	sum_of(w, context)->on_stack++;
	f->context = context;
	return 0;
}

static int count_duration(struct sum *s, uint64_t ticks)
{
	int first = !irt_histogram_count(&s->durations), e = irt_histogram_add(&s->durations, irt_histogram_bucket(ticks), 1);

	if (e)
		return e;
	s->min = first || ticks < s->min ? ticks : s->min;
	s->max = ticks > s->max ? ticks : s->max;
	return 0;
}

static int leave(struct window *w, const struct irt_event *e)
{
	int inherited = w->stack[w->depth - 1].inherited, status = rename_frame(w, &w->stack[w->depth - 1], e->context);

	if (status)
		return status;
	struct sum *s = spend(w, e->ticks);
	if (!is_within(w, e->ticks) || inherited)
		return 0;
	s->returns += e->operation != IRT_OP_UNWIND;
	s->unwound += e->operation == IRT_OP_UNWIND;
	return count_duration(s, e->value);
}

/* How long a call took that ends with others is known if it was seen to begin. */
static int leave_unseen(struct window *w, int64_t ticks)
{
	const struct frame f = w->stack[w->depth - 1];
	struct sum *s = spend(w, ticks);

	if (!is_within(w, ticks) || f.inherited)
		return 0;
	s->unwound++;
	return f.entered == NOT_SEEN ? 0 : count_duration(s, (uint64_t)(ticks - f.entered - (w->waited - f.waited)));
}

static int apply(struct window *w, const struct irt_event *e)
{
	int status = 0;

	switch (e->operation) {
	case IRT_OP_ENTER:
		return e->depth == w->depth ? enter(w, e) : TR_DAMAGED;
	case IRT_OP_EXIT:
	case IRT_OP_UNWIND:
	case IRT_OP_TAIL:
		return w->depth && e->depth == w->depth - 1 ? leave(w, e) : TR_DAMAGED;
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		if (e->value > w->depth)
			return TR_DAMAGED;
		for (uint64_t i = 0; i < e->value && !status; i++)
			status = leave_unseen(w, e->ticks);
		return status;
	case IRT_OP_WAIT:
		if (e->value > INT64_MAX / 2)
			return TR_DAMAGED;
		w->waited_within += clip(w, e->ticks) - clip(w, e->ticks - (int64_t)e->value);
		w->waited += (int64_t)e->value;
		return 0;
	default:
		return 0;
	}
}

static int each_events(void *user, const struct irt_event *events, size_t count)
{
	enum { OVER = 2 };
	struct window *w = user;

	for (size_t i = 0; i < count; i++) {
		int status = events[i].ticks > w->done ? apply(w, &events[i]) : 0;
		if (status)
			return status;
		w->last = events[i].ticks;
	}
	return count && events[count - 1].ticks > w->to ? OVER : 0;
}

/* ---- threads ----------------------------------------------------------------------------------------- */

/* What is open has its time until then. */
static void close_all(struct window *w, int64_t ticks)
{
	while (w->depth) {
		const struct frame *f = &w->stack[w->depth - 1];
		int counts = !f->inherited && f->entered <= w->to;
		spend(w, ticks)->open += counts;
	}
}

/* The calls that a chunk says were open at its begin: since the thread's, if it is its first one, else since then. */
static int start_anew(struct window *w, const struct tr_event_chunk *c, int64_t since)
{
	uint32_t context = c->start_context;
	int status = 0;

	if (c->start_depth < 0 || c->start_depth > DEEPEST)
		return TR_DAMAGED;
	if (!irt_grow(&w->stack, &w->room, (size_t)c->start_depth, sizeof(*w->stack)))
		return INSTR_ERR_MEMORY;
	for (int64_t i = c->start_depth; i-- > 0; context = irt_contexts_parent(w->events.contexts, context))
		w->stack[i].context = context;
	for (int64_t i = 0; i < c->start_depth && !status; i++)
		status = push(w, &(struct frame){.context = w->stack[i].context, .inherited = i < w->inherited, .entered = NOT_SEEN,
						 .clock = clock_at(w, since)});
	return status;
}

/* The calls that were open when the window began. *known: are they known? */
static int take_frames(struct window *w, int64_t thread_id, int *known)
{
	int status = 0, rc;

	*known = 1;
	sqlite3_bind_int64(w->frames, 1, thread_id);
	while (!status && (rc = sqlite3_step(w->frames)) == SQLITE_ROW) {
		if (sqlite3_column_int64(w->frames, 0) < 0)
			*known = 0;
		else {
			int64_t entered = sqlite3_column_type(w->frames, 2) == SQLITE_NULL ? NOT_SEEN : sqlite3_column_int64(w->frames, 2);
			status = push(w, &(struct frame){
				.context = (uint32_t)(sqlite3_column_int64(w->frames, 1) % IRT_CCT_ID_SPAN), .entered = entered,
				.inherited = (int64_t)w->depth < w->inherited && (entered == NOT_SEEN || sqlite3_column_int64(w->frames, 3)),
				.clock = clock_at(w, entered)});
		}
	}
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(w->trace, rc, w->error);
	sqlite3_reset(w->frames);
	return status;
}

static int put_sums(struct window *w)
{
	uint8_t bytes[IRT_HISTOGRAM_BYTES_MAX];
	int status = 0;

	for (size_t i = 0; i < w->sums.count; i++) {
		struct sum *s = irt_keyed_row(&w->sums, i);
		size_t count = irt_histogram_write(&s->durations, bytes);
		irt_histogram_fini(&s->durations);
		if (status || !(s->calls | s->returns | s->unwound | s->open | s->total | s->self))
			continue;
		sqlite3_bind_int64(w->put, 1, w->row_id);
		sqlite3_bind_int64(w->put, 2, (w->process_id - 1) * IRT_CCT_ID_SPAN + (int64_t)s->key[0]);
		const int64_t numbers[] = {s->calls, s->returns, s->unwound, s->open, s->total, s->self};
		for (int k = 0; k < 6; k++)
			sqlite3_bind_int64(w->put, 3 + k, numbers[k]);
		for (int k = 9; k <= 11; k++)
			sqlite3_bind_null(w->put, k);
		if (count) {
			sqlite3_bind_int64(w->put, 9, (int64_t)s->min);
			sqlite3_bind_int64(w->put, 10, (int64_t)s->max);
			sqlite3_bind_blob(w->put, 11, bytes, (int)count, SQLITE_STATIC);
		}
		int rc = sqlite3_step(w->put);
		sqlite3_reset(w->put);
		if (rc != SQLITE_DONE)
			status = tr_fail_sqlite(w->trace, rc, w->error);
	}
	irt_keyed_fini(&w->sums);
	return status;
}

static int each_first(void *user, const struct irt_event *events, size_t count)
{
	enum { OVER = 2 };

	return count && events[0].operation == IRT_OP_WAIT ? apply(user, &events[0]) : OVER;
}

/* A chunk behind the window tells of it what its first event says: a wait that had begun before. */
static int look_behind(struct window *w, const struct tr_event_chunk *c)
{
	int status = tr_event_chunk_does(c, IRT_OP_WAIT) ? tr_events_read(&w->events, c, w, each_first) : 0;

	return status > 0 ? 0 : status;
}

/* The chunk is the thread's first one in the window, or does not follow the one before: the calls that are open are those
 * that it says. */
static int follow(struct window *w, const struct tr_event_chunk *c, int is_first, int64_t begin)
{
	close_all(w, w->last);
	return start_anew(w, c, is_first && !c->first_event ? begin : c->start_ticks);
}

/* begin, end: the thread's, within the run. */
static int read_thread(struct window *w, int64_t thread_id, int64_t begin, int64_t end)
{
	struct tr_event_chunk c;
	int64_t event, expected = INT64_MIN; /* behind the last one that was read; INT64_MIN: there is none */
	int known, more, status, over = 0;

	w->waited = w->waited_within = 0;
	w->last = w->from;
	if ((status = take_frames(w, thread_id, &known)) || (status = tr_events_use_thread(&w->events, thread_id, w->process_id, w->from)))
		return status;
	w->done = known ? w->from : INT64_MIN;
	while (!over && !status && (more = tr_events_next(&w->events, &c)) == 1) {
		const int is_first = expected == INT64_MIN, follows = tr_follow_chunk(&c, &expected, &event);
		over = c.start_ticks > w->to;
		if (!over && follows == TR_DAMAGED)
			status = TR_DAMAGED;
		else if (over ? is_first && !c.first_event : is_first ? !known || (c.start_ticks > w->from && c.start_depth != (int64_t)w->depth) : follows == TR_MISSING) {
			w->facts.missing += !over && (!is_first || c.first_event);
			status = follow(w, &c, is_first, begin);
		}
		if (!status)
			status = over ? look_behind(w, &c) : tr_events_read(&w->events, &c, w, each_events);
		if (status == TR_DAMAGED) {
			w->facts.missing++;
			close_all(w, w->last);
			expected = INT64_MAX; /* the next one does not follow */
		}
		if (status > 0) { /* or behind the window */
			over |= status != TR_DAMAGED;
			status = 0;
		}
	}
	if (more < 0)
		return more;
	close_all(w, end > w->last ? end : w->last);
	return status;
}

/* How many calls a fork child's thread began in. */
static int find_inherited(struct window *w, int64_t thread_id)
{
	sqlite3_bind_int64(w->begun, 1, thread_id);
	int rc = sqlite3_step(w->begun);
	w->inherited = rc == SQLITE_ROW ? sqlite3_column_int64(w->begun, 0) : 0;
	sqlite3_reset(w->begun);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : tr_fail_sqlite(w->trace, rc, w->error);
}

/* ---- all --------------------------------------------------------------------------------------------- */

static const char table_sql[] =
	"DROP TABLE IF EXISTS temp.totals;"
	"CREATE TEMP TABLE totals (thread_id INTEGER NOT NULL, context_id INTEGER NOT NULL, calls INTEGER NOT NULL,"
	" returns INTEGER NOT NULL, unwound INTEGER NOT NULL, open INTEGER NOT NULL, total_ticks INTEGER NOT NULL,"
	" self_ticks INTEGER NOT NULL, min_ticks INTEGER, max_ticks INTEGER, histogram BLOB) STRICT;";

/* Those that were there in the window, and the rows that reports find them in. */
static const char threads_sql[] =
	"SELECT t.thread_id, iif(t.flags & 32, -t.process_id, t.thread_id), t.process_id,"
	" iif(t.parent_thread_id IS NULL, t.start_ticks, min(p.start_ticks, t.start_ticks)), coalesce(t.end_ticks, (SELECT ticks FROM run_end)),"
	" t.parent_thread_id IS NOT NULL"
	" FROM main.threads t JOIN main.processes p USING (process_id)"
	" WHERE t.thread_id > 0 AND t.process_id BETWEEN 1 AND 1048576 AND iif(t.parent_thread_id IS NULL, t.start_ticks, p.start_ticks) <= ?2 AND (t.end_ticks IS NULL OR t.end_ticks >= ?1)"
	" ORDER BY t.process_id, t.thread_id";

static const char begun_sql[] =
	"SELECT coalesce((SELECT start_depth FROM main.chunks WHERE thread_id = ?1 AND first_event = 0), 1 << 22)";

/* A thread without events has them all from its parent. tr_stacks_at knows nothing of it. */
static const char silent_sql[] =
	"INSERT OR IGNORE INTO temp.open_frames SELECT thread_id, depth, context_id, enter_ticks, 1 FROM main.open_frames"
	" WHERE thread_id NOT IN (SELECT thread_id FROM main.chunks)";

static const char facts_sql[] =
	"SELECT EXISTS (SELECT 1 FROM main.chunks), ?1 <= (SELECT ticks FROM run_end)";

static int read_facts(struct window *w)
{
	sqlite3_stmt *facts = NULL;
	int status = prepare(w, &facts, facts_sql);

	if (status)
		return status;
	sqlite3_bind_int64(facts, 1, w->from);
	int rc = sqlite3_step(facts);
	if (rc == SQLITE_ROW) {
		w->facts.kept = sqlite3_column_int(facts, 0);
		w->facts.in_run = sqlite3_column_int(facts, 1);
	} else {
		status = tr_fail_sqlite(w->trace, rc, w->error);
	}
	sqlite3_finalize(facts);
	return status;
}

static int read_threads(struct window *w)
{
	int status, rc = SQLITE_DONE;

	if ((status = read_facts(w)) || (status = run_sql(w, table_sql)) || (status = prepare(w, &w->threads, threads_sql)) ||
	    (status = prepare(w, &w->frames, "SELECT depth, context_id, enter_ticks, child_ticks FROM temp.open_frames WHERE thread_id = ?1 ORDER BY depth")) ||
	    (status = prepare(w, &w->put, "INSERT INTO temp.totals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")) ||
	    (status = prepare(w, &w->begun, begun_sql)) || (status = run_sql(w, silent_sql)) ||
	    (status = tr_events_open(&w->events, w->trace, w->error)))
		return status;
	sqlite3_bind_int64(w->threads, 1, w->from);
	sqlite3_bind_int64(w->threads, 2, w->to);
	while (!status && (rc = sqlite3_step(w->threads)) == SQLITE_ROW) {
		w->row_id = sqlite3_column_int64(w->threads, 1);
		w->process_id = sqlite3_column_int64(w->threads, 2);
		w->inherited = 0;
		if (sqlite3_column_int(w->threads, 5))
			status = find_inherited(w, sqlite3_column_int64(w->threads, 0));
		if (!status)
			status = read_thread(w, sqlite3_column_int64(w->threads, 0), sqlite3_column_int64(w->threads, 3), sqlite3_column_int64(w->threads, 4));
		int put = put_sums(w);
		status = status ? status : put;
		w->depth = 0;
	}
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(w->trace, rc, w->error);
	return status ? status : run_sql(w, "DELETE FROM temp.open_frames");
}

int tr_window(struct tr_trace *trace, int64_t from_ns, int64_t to_ns, struct tr_window_facts *facts, struct tr_error *error)
{
	struct window w = {.trace = trace, .error = error, .from = INT64_MIN / 4, .to = INT64_MAX / 4, .sums = IRT_KEYED(struct sum, 1)};
	int status = tr_stacks_at(trace, from_ns > 0 ? from_ns : 0, error); /* makes the tables */

	if (status)
		return status;
	if ((status = tr_begin_tables(trace, error)))
		return status;
	if (from_ns > 0)
		status = tr_find_ticks(trace, from_ns, &w.from, error);
	else
		status = run_sql(&w, "DELETE FROM temp.open_frames");
	if (!status && to_ns < INT64_MAX)
		status = tr_find_ticks(trace, to_ns, &w.to, error);
	if (!status)
		status = read_threads(&w);
	sqlite3_finalize(w.threads);
	sqlite3_finalize(w.frames);
	sqlite3_finalize(w.begun);
	sqlite3_finalize(w.put);
	tr_events_close(&w.events);
	*facts = w.facts;
	free(w.stack);
	return tr_end_tables(trace, status, error);
}
