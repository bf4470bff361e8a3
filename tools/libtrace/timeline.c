/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * timeline.c - what happened in a time, thread by thread, from the chunks.
 *
 * Of each thread the last chunk that begins before the time is read, and those behind it. Until the time begins the events
 * only move the stack; then what is open begins, outermost first.
 *
 *     chunk     chunk          chunk         chunk
 *     ──────────┬───────[──────┬───────────]──┬──────
 *               │ stack │ told │ told      │
 *
 * A chunk that does not go on where the one before it ended, or that is damaged, ends what is open there: its own beginning
 * says what is open then, and in between events are missing.
 */
#include "libtrace/events.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"
#include "fold/heap.h"
#include "fold/locks.h"

enum { DEEPEST = 1 << 22 };
enum { DAMAGED = INT_MIN }; /* beside 0, enum instr_err and what the caller returns: the chunk cannot be so */

struct slice { /* what has begun */
	enum tr_happening what;
	uint32_t context, site;
	uint64_t address;
};

struct anchor {
	int64_t ticks, ns;
	double ns_per_tick;
};

struct timeline {
	struct tr_trace *trace;
	struct tr_error *error;
	const struct tr_window *window;
	int (*each)(void *arg, const struct tr_happened *);
	void *arg;
	int64_t from_ticks, to_ticks, end_ticks; /* end: of the run, as far as it is known */
	struct anchor *anchors;
	size_t anchor_count, anchor_room, anchor_at;
	int64_t contexts_of; /* process; 0: none */
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;
	sqlite3_stmt *threads, *before, *chunks, *data;
	/* the thread */
	int64_t process_id, thread_id, last_ns;
	struct slice *slices;
	size_t count, room, calls; /* calls: of the slices */
	int is_inside;             /* the time has begun: slices are told */
	int is_over;
};

/* ---- telling ---- */

static int64_t ns_of(struct timeline *t, int64_t ticks)
{
	/* Mostly the one before. */
	while (t->anchor_at && t->anchors[t->anchor_at].ticks > ticks)
		t->anchor_at--;
	while (t->anchor_at + 1 < t->anchor_count && t->anchors[t->anchor_at + 1].ticks <= ticks)
		t->anchor_at++;
	const struct anchor *a = &t->anchors[t->anchor_at];
	int64_t behind;
	if (__builtin_sub_overflow(ticks, a->ticks, &behind))
		behind = ticks < a->ticks ? INT64_MIN : INT64_MAX;
	const double ns = (double)a->ns + (double)behind * a->ns_per_tick;
	return ns < 0 || !(ns < 0x1p62) ? 0 : (int64_t)ns;
}

/* In the thread's time, which never goes back, and within the window's. */
static int tell(struct timeline *t, struct tr_happened h)
{
	if (h.ns < t->window->from_ns)
		h.ns = t->window->from_ns;
	if (h.ns > t->window->to_ns)
		h.ns = t->window->to_ns;
	if (h.ns < t->last_ns)
		h.ns = t->last_ns;
	t->last_ns = h.ns;
	h.process_id = t->process_id;
	h.thread_id = t->thread_id;
	return t->each(t->arg, &h);
}

static int tell_slice(struct timeline *t, const struct slice *s, int64_t ns)
{
	return tell(t, (struct tr_happened){.what = s->what, .ns = ns, .address = s->address, .site_id = s->site,
					    .function_id = s->what == TR_CALL ? irt_contexts_function(t->contexts, s->context) : 0});
}

static int begin(struct timeline *t, struct slice slice, int64_t ns)
{
	if (t->count >= DEEPEST)
		return DAMAGED;
	if (!irt_grow(&t->slices, &t->room, t->count + 1, sizeof(*t->slices)))
		return INSTR_ERR_MEMORY;
	t->slices[t->count++] = slice;
	t->calls += slice.what == TR_CALL;
	return t->is_inside ? tell_slice(t, &slice, ns) : 0;
}

/* The innermost one. had: the address of a lock that was waited for and is had. */
static int end(struct timeline *t, int64_t ns, uint64_t had)
{
	t->count--;
	t->calls -= t->slices[t->count].what == TR_CALL;
	return t->is_inside ? tell(t, (struct tr_happened){.what = TR_ENDS, .ns = ns, .address = had}) : 0;
}

static int end_all(struct timeline *t, int64_t ns)
{
	int status = 0;
	while (!status && t->count)
		status = end(t, ns, 0);
	return status;
}

/* What is within the innermost call, calls that may block and waits: it was left. */
static int end_blocks(struct timeline *t, int64_t ns)
{
	int status = 0;
	while (!status && t->count && t->slices[t->count - 1].what != TR_CALL)
		status = end(t, ns, 0);
	return status;
}

/* As many calls as are too many, with what is in them. */
static int end_calls(struct timeline *t, size_t left, int64_t ns)
{
	int status = 0;
	while (!status && t->calls > left)
		status = end(t, ns, 0);
	return status;
}

/* ---- an event ---- */

static int apply_wait_end(struct timeline *t, const struct irt_event *e, int64_t ns)
{
	const struct slice *last = t->count ? &t->slices[t->count - 1] : NULL;
	int status;

	if (!last || last->what != TR_WAITS || last->address != e->extra)
		return end_blocks(t, ns);
	status = end(t, ns, !e->value || e->value == IRT_LOCK_OWNER_DIED ? e->extra : 0);
	return status ? status : end_blocks(t, ns);
}

/* So many ticks before the event as it says. */
static int64_t ns_before(struct timeline *t, const struct irt_event *e)
{
	return ns_of(t, e->value < INT64_MAX / 2 && e->ticks > INT64_MIN / 2 ? e->ticks - (int64_t)e->value : e->ticks);
}

static int apply_block(struct timeline *t, const struct irt_event *e, int64_t ns)
{
	const int begun = t->count && t->slices[t->count - 1].what == TR_BLOCKED;
	int status = end_blocks(t, ns);

	if (status || begun || !t->is_inside)
		return status;
	/* Its beginning was not told: what was told last is behind that, maybe. */
	status = begin(t, (struct slice){.what = TR_BLOCKED, .site = e->site}, ns_before(t, e));
	return status ? status : end(t, ns, 0);
}

static int tell_heap(struct timeline *t, const struct irt_event *e, int64_t ns)
{
	const int frees = e->operation == IRT_OP_FREE || e->operation == IRT_OP_RESIZE;

	if (!t->is_inside || irt_heap_kind(irt_site_family(e->site)) != IRT_HEAP_HEAP ||
	    (e->operation == IRT_OP_RESIZED && e->value == IRT_HEAP_FAILED && !e->extra) || !e->extra)
		return 0;
	/* realloc that failed has left the block as it was, of bytes that are not said. */
	return tell(t, (struct tr_happened){.what = frees ? TR_FREES : TR_ALLOCATES, .ns = ns, .address = e->extra,
					    .value = frees ? 0 : e->value == IRT_HEAP_FAILED ? UINT64_MAX : e->value});
}

static int apply(struct timeline *t, const struct irt_event *e)
{
	const int64_t ns = ns_of(t, e->ticks);
	int status;

	switch (e->operation) {
	case IRT_OP_ENTER:
		return e->depth != t->calls ? DAMAGED : begin(t, (struct slice){.what = TR_CALL, .context = e->context}, ns);
	case IRT_OP_EXIT:
	case IRT_OP_UNWIND:
	case IRT_OP_TAIL:
		return !t->calls || e->depth != t->calls - 1 ? DAMAGED : end_calls(t, t->calls - 1, ns);
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		if (e->value > t->calls)
			return DAMAGED;
		status = end_calls(t, t->calls - (size_t)e->value, ns);
		return status || e->operation == IRT_OP_POP ? status : end_blocks(t, ns);
	case IRT_OP_LEFT:
		return end_blocks(t, ns);
	case IRT_OP_BLOCKING:
		status = end_blocks(t, ns);
		return status ? status : begin(t, (struct slice){.what = TR_BLOCKED, .site = e->site}, ns);
	case IRT_OP_BLOCK:
		return apply_block(t, e, ns);
	case IRT_OP_WAITING:
		status = end_blocks(t, ns);
		return status || !e->extra ? status
					   : begin(t, (struct slice){.what = TR_WAITS, .site = irt_site_id(e->site), .address = e->extra}, ns);
	case IRT_OP_WAITED:
		return apply_wait_end(t, e, ns);
	case IRT_OP_RELEASED:
		return t->is_inside ? tell(t, (struct tr_happened){.what = TR_GIVES, .ns = ns, .address = e->extra, .value = t->count}) : 0;
	case IRT_OP_WAIT:
		if (!t->is_inside)
			return 0;
		status = begin(t, (struct slice){.what = TR_PAUSED}, ns_before(t, e));
		return status ? status : end(t, ns, 0);
	case IRT_OP_GAP:
		status = end_blocks(t, ns);
		return status || !t->is_inside ? status : tell(t, (struct tr_happened){.what = TR_MISSES, .ns = ns, .value = e->value});
	case IRT_OP_ALLOC:
	case IRT_OP_FREE:
	case IRT_OP_RESIZE:
	case IRT_OP_RESIZED:
		return tell_heap(t, e, ns);
	default:
		return 0;
	}
}

/* The time begins: so does what is open. */
static int go_inside(struct timeline *t)
{
	int status = 0;

	t->is_inside = 1;
	for (size_t i = 0; !status && i < t->count; i++)
		status = tell_slice(t, &t->slices[i], t->window->from_ns);
	return status;
}

/* ---- a chunk ---- */

struct chunk {
	int64_t chunk_id, first_event, events, start_ticks, end_ticks, start_context, start_depth;
};

/* The calls that a chunk finds open, by their contexts. */
static int set_stack(struct timeline *t, const struct chunk *c)
{
	uint32_t context = (uint32_t)(c->start_context % IRT_CCT_ID_SPAN);

	if (c->start_depth < 0 || c->start_depth > DEEPEST)
		return DAMAGED;
	t->count = t->calls = (size_t)c->start_depth;
	if (t->count && !irt_grow(&t->slices, &t->room, t->count, sizeof(*t->slices)))
		return INSTR_ERR_MEMORY;
	for (size_t i = t->count; i-- > 0; context = irt_contexts_parent(t->contexts, context))
		t->slices[i] = (struct slice){.what = TR_CALL, .context = context};
	return 0;
}

/* A chunk that does not follow on what was told. */
static int start_anew(struct timeline *t, const struct chunk *c, int is_first)
{
	const int64_t ns = ns_of(t, c->start_ticks);
	int status;

	if (t->is_inside && !is_first && ((status = end_all(t, ns)) || (status = tell(t, (struct tr_happened){.what = TR_MISSES, .ns = ns}))))
		return status;
	status = set_stack(t, c);
	for (size_t i = 0; !status && t->is_inside && i < t->count; i++)
		status = tell_slice(t, &t->slices[i], ns);
	return status;
}

static int read_chunk(struct timeline *t, const struct chunk *c)
{
	struct irt_event events[256];
	int status = tr_open_chunk(t->trace, t->data, c->chunk_id, t->decoder, t->contexts, t->error);
	int64_t count = 0;
	long n = 0;

	while (!status && !t->is_over && (n = irt_chunk_next(t->decoder, events, sizeof(events) / sizeof(*events))) > 0) {
		count += n;
		for (long i = 0; i < n && !status && !(t->is_over = events[i].ticks > t->to_ticks); i++) {
			if (!t->is_inside && events[i].ticks > t->from_ticks)
				status = go_inside(t);
			if (!status)
				status = apply(t, &events[i]);
		}
	}
	if (!status && n < 0)
		status = (int)n;
	if (!status && !t->is_over && count != c->events)
		status = DAMAGED;
	return status == INSTR_ERR_FORMAT || status == INSTR_ERR_VERSION ? DAMAGED : status;
}

/* ---- a thread ---- */

static struct chunk chunk_of(sqlite3_stmt *row)
{
	return (struct chunk){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2),
			      sqlite3_column_int64(row, 3), sqlite3_column_int64(row, 4), sqlite3_column_int64(row, 5),
			      sqlite3_column_int64(row, 6)};
}

/* end_ticks: of the thread; INT64_MAX: it has not ended. */
static int tell_thread(struct timeline *t, int64_t end_ticks)
{
	int64_t first = INT64_MIN, next_event = 0;
	int status = 0, rc, is_first = 1;

	t->last_ns = INT64_MIN;
	t->count = t->calls = 0;
	t->is_inside = t->is_over = 0;
	if ((status = tr_use_contexts(t->trace, t->process_id, &t->contexts, &t->contexts_of, t->error)))
		return status;
	sqlite3_bind_int64(t->before, 1, t->thread_id);
	sqlite3_bind_int64(t->before, 2, t->from_ticks);
	if ((rc = sqlite3_step(t->before)) == SQLITE_ROW)
		first = sqlite3_column_int64(t->before, 0);
	sqlite3_reset(t->before);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return tr_fail_sqlite(t->trace, rc, t->error);
	sqlite3_bind_int64(t->chunks, 1, t->thread_id);
	sqlite3_bind_int64(t->chunks, 2, first);
	sqlite3_bind_int64(t->chunks, 3, t->to_ticks);
	while (!status && !t->is_over && (rc = sqlite3_step(t->chunks)) == SQLITE_ROW) {
		const struct chunk c = chunk_of(t->chunks);
		if (!t->is_inside && c.start_ticks > t->from_ticks) {
			if (is_first)
				t->is_inside = 1; /* it begins with this chunk */
			else if ((status = go_inside(t)))
				break;
		}
		if (is_first || c.first_event != next_event || c.start_depth != (int64_t)t->calls)
			status = start_anew(t, &c, is_first);
		is_first = 0;
		if (!status)
			status = read_chunk(t, &c);
		if (status == DAMAGED) { /* as one that is missing */
			status = 0;
			next_event = INT64_MIN;
		} else if (__builtin_add_overflow(c.first_event, c.events, &next_event)) {
			next_event = INT64_MIN;
		}
	}
	if (!status && !t->is_over && rc != SQLITE_DONE)
		status = tr_fail_sqlite(t->trace, rc, t->error);
	sqlite3_reset(t->chunks);
	if (!status && !t->is_inside && t->count && end_ticks > t->from_ticks)
		status = go_inside(t);
	return status ? status : end_all(t, ns_of(t, end_ticks < t->end_ticks ? end_ticks : t->end_ticks));
}

/* ---- all ---- */

/* Merged ones, too: their chunks may still be there. */
static const char threads_sql[] =
	"SELECT thread_id, process_id, end_ticks FROM main.threads WHERE thread_id > 0 AND process_id BETWEEN 1 AND 1048576 AND merged = 0"
	" AND start_ticks <= ?2 AND (end_ticks IS NULL OR end_ticks >= ?1) AND (?3 < 0 OR process_id = ?3) AND (?4 < 0 OR thread_id = ?4)"
	" AND (?5 IS NULL OR name = ?5) ORDER BY process_id, thread_id";
static const char before_sql[] =
	"SELECT start_pos FROM main.chunks WHERE thread_id = ?1 AND start_ticks <= ?2 ORDER BY start_pos DESC LIMIT 1";
static const char chunks_sql[] =
	"SELECT chunk_id, first_event, events, start_ticks, end_ticks, start_context_id, start_depth FROM main.chunks"
	" WHERE thread_id = ?1 AND start_pos >= ?2 AND start_ticks <= ?3 ORDER BY start_pos";

static int prepare(struct timeline *t, sqlite3_stmt **statement, const char *sql)
{
	int rc = sqlite3_prepare_v2(t->trace->db, sql, -1, statement, NULL);
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(t->trace, rc, t->error);
}

static int read_anchors(struct timeline *t)
{
	struct tr_query *query;
	int status = tr_prepare(t->trace, &query, "anchors", NULL, NULL, 0, t->error);

	if (status)
		return status;
	while ((status = tr_next(query, t->error)) == 1) {
		if (!irt_grow(&t->anchors, &t->anchor_room, t->anchor_count + 1, sizeof(*t->anchors))) {
			status = INSTR_ERR_MEMORY;
			break;
		}
		t->anchors[t->anchor_count++] = (struct anchor){tr_integer(query, 0), tr_integer(query, 1), tr_real(query, 2)};
	}
	tr_finish(query);
	if (!status && !t->anchor_count)
		status = tr_fail(t->error, INSTR_ERR_FORMAT, t->trace->path, "damaged: it has no clocks");
	return status;
}

static int find_times(struct timeline *t)
{
	sqlite3_stmt *end = NULL;
	int status = read_anchors(t), rc;

	if (!status)
		status = tr_find_ticks(t->trace, t->window->from_ns - 1, &t->from_ticks, t->error);
	if (!status && t->window->to_ns == INT64_MAX)
		t->to_ticks = INT64_MAX;
	else if (!status)
		status = tr_find_ticks(t->trace, t->window->to_ns, &t->to_ticks, t->error);
	if (status || (status = prepare(t, &end, "SELECT max(coalesce((SELECT max(ticks) FROM main.clocks), 0),"
						 " coalesce((SELECT max(last_ticks) FROM main.threads WHERE flags < 32), 0),"
						 " coalesce((SELECT value FROM main.run WHERE key = 'checkpoint_ticks'), 0))")))
		return status;
	if ((rc = sqlite3_step(end)) == SQLITE_ROW)
		t->end_ticks = sqlite3_column_int64(end, 0);
	else
		status = tr_fail_sqlite(t->trace, rc, t->error);
	if (t->end_ticks > t->to_ticks)
		t->end_ticks = t->to_ticks;
	sqlite3_finalize(end);
	return status;
}

static int tell_threads(struct timeline *t)
{
	int status, rc = SQLITE_DONE;

	if ((status = find_times(t)) || (status = prepare(t, &t->threads, threads_sql)) || (status = prepare(t, &t->before, before_sql)) ||
	    (status = prepare(t, &t->chunks, chunks_sql)) || (status = prepare(t, &t->data, TR_CHUNK_DATA)) ||
	    (status = irt_chunk_decoder_create(&t->decoder)))
		return status;
	sqlite3_bind_int64(t->threads, 1, t->from_ticks);
	sqlite3_bind_int64(t->threads, 2, t->to_ticks);
	sqlite3_bind_int64(t->threads, 3, t->window->process_id);
	sqlite3_bind_int64(t->threads, 4, t->window->thread_id);
	if (t->window->thread_name)
		sqlite3_bind_text(t->threads, 5, t->window->thread_name, -1, SQLITE_STATIC);
	while (!status && (rc = sqlite3_step(t->threads)) == SQLITE_ROW) {
		t->thread_id = sqlite3_column_int64(t->threads, 0);
		t->process_id = sqlite3_column_int64(t->threads, 1);
		status = tell_thread(t, sqlite3_column_type(t->threads, 2) == SQLITE_NULL ? INT64_MAX : sqlite3_column_int64(t->threads, 2));
	}
	return !status && rc != SQLITE_DONE ? tr_fail_sqlite(t->trace, rc, t->error) : status;
}

int tr_timeline(struct tr_trace *trace, const struct tr_window *window, int (*each)(void *arg, const struct tr_happened *), void *arg,
		struct tr_error *error)
{
	struct timeline t = {.trace = trace, .error = error, .window = window, .each = each, .arg = arg};
	int status;

	tr_refill_steps(trace);
	status = tell_threads(&t);
	sqlite3_stmt *const all[] = {t.threads, t.before, t.chunks, t.data};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		sqlite3_finalize(all[i]);
	irt_contexts_destroy(t.contexts);
	irt_chunk_decoder_destroy(t.decoder);
	free(t.slices);
	free(t.anchors);
	return status == INSTR_ERR_MEMORY ? tr_fail(error, status, trace->path, "there is not enough memory to read it") : status;
}
