/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * longest.c - the longest single calls of a function: when each was, and what it waited for and allocated.
 *
 * Twice through the events. The end of a call says how long it took, so the first time (find) looks at ends, and
 * only in chunks that can have one that matters:
 *
 *     no call of the function in it, none of the open ones ends                              not read
 *     as many were found as are wanted, and it is shorter than the shortest of these,
 *     and none that was open when it began ends in it                                        not read
 *     all chunks of a thread whose longest call is shorter (totals.max_ticks)                not read
 *
 * The second time (longest_waits.c) looks at what happens within the calls that were found.
 *
 * Open calls of the function are kept on a stack of their own, by depth; calls between them are not.
 */
#include "libtrace/longest.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"

enum { DEEPEST = 1 << 22 };     /* as in stacks.c */

struct open_call {
	int64_t ticks, event;
	uint64_t drain; /* waited for the drain by the thread until then */
	uint32_t context, depth;
};

struct search {
	struct tr_trace *trace;
	struct tr_error *error;
	struct tr_events events;
	const struct tr_calls_wanted *wanted;
	struct tr_calls *out; /* while it is filled: a heap, the shortest call first */
	int64_t from_ticks, to_ticks;
	int whole;            /* calls that began at any time */
	uint32_t *functions;
	size_t function_count, function_room;
	uint8_t *is_wanted;   /* by context of the process: 0 not known yet, 1 no, 2 yes */
	int64_t wanted_of;    /* that process */
	sqlite3_stmt *threads, *open_frames;

	/* The thread. */
	int64_t thread_id, process_id, totals_events;
	int plain;            /* its calls end by themselves, and it never waited for the drain */
	struct open_call *open;
	size_t open_count, open_room;
	uint64_t drain;
	int64_t event;        /* number of the next one */
	int64_t last_ticks;   /* of its last chunk that was looked at */
};

/* ---- which functions and contexts --------------------------------------------------------------------- */

static int compare_functions(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int find_functions(struct search *s)
{
	const struct tr_argument only = {.name = "only", .type = TR_PATTERN, .text = s->wanted->name};
	sqlite3_stmt *rows;
	int status = tr_prepare_text(s->trace, &rows, "SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*' ORDER BY 1",
				     NULL, &only, 1, s->error), rc = SQLITE_DONE;

	if (status)
		return status;
	while (!status && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
		int64_t function = sqlite3_column_int64(rows, 0);
		if (function < 0 || function > UINT32_MAX)
			continue;
		if (irt_grow(&s->functions, &s->function_room, s->function_count + 1, sizeof(*s->functions)))
			s->functions[s->function_count++] = (uint32_t)function;
		else
			status = INSTR_ERR_MEMORY;
	}
	sqlite3_finalize(rows);
	return !status && rc != SQLITE_DONE ? tr_fail_sqlite(s->trace, rc, s->error) : status;
}

static int is_wanted(struct search *s, uint32_t context)
{
	uint8_t *known = &s->is_wanted[context % IRT_CCT_ID_SPAN];

	if (!*known) {
		uint32_t function = irt_contexts_function(s->events.contexts, context);
		*known = context && bsearch(&function, s->functions, s->function_count, sizeof(function), compare_functions) ? 2 : 1;
	}
	return *known == 2;
}

/* ---- the heap ----------------------------------------------------------------------------------------- */

/* Is a the longer one, or as long and earlier? */
static int comes_before(const struct tr_call *a, const struct tr_call *b)
{
	if (a->ticks != b->ticks)
		return a->ticks > b->ticks;
	if (a->start_ticks != b->start_ticks)
		return a->start_ticks < b->start_ticks;
	if (a->thread_id != b->thread_id)
		return a->thread_id < b->thread_id;
	return a->context_id < b->context_id;
}

static int compare_calls(const void *a, const void *b)
{
	return comes_before(a, b) ? -1 : comes_before(b, a);
}

static void sink(struct tr_call *calls, size_t count, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < count; i = child) {
		if (child + 1 < count && comes_before(&calls[child], &calls[child + 1]))
			child++;
		if (!comes_before(&calls[i], &calls[child]))
			return;
		struct tr_call swap = calls[i];
		calls[i] = calls[child];
		calls[child] = swap;
	}
}

static int is_full(const struct search *s)
{
	return s->out->count == s->wanted->limit;
}

static int add_call(struct search *s, struct tr_call *call, const struct tr_call_span *span)
{
	struct tr_calls *out = s->out;

	if (call->start_ticks < s->from_ticks || call->start_ticks > s->to_ticks || call->ticks < 0)
		return 0;
	if (is_full(s)) {
		if (!comes_before(call, &out->calls[0]))
			return 0;
		call->span = out->calls[0].span;
	} else if (!(call->span = malloc(sizeof(*call->span)))) {
		return INSTR_ERR_MEMORY;
	}
	*call->span = *span;
	if (is_full(s)) {
		out->calls[0] = *call;
		sink(out->calls, out->count, 0);
		return 0;
	}
	size_t i = out->count++;
	out->calls[i] = *call;
	for (; i && comes_before(&out->calls[(i - 1) / 2], &out->calls[i]); i = (i - 1) / 2) {
		struct tr_call swap = out->calls[i];
		out->calls[i] = out->calls[(i - 1) / 2];
		out->calls[(i - 1) / 2] = swap;
	}
	return 0;
}

/* ---- finding ------------------------------------------------------------------------------------------ */

static int ended(struct search *s, const struct irt_event *e, uint32_t context, const struct open_call *o, int64_t ticks, int how)
{
	struct tr_call call = {
		.process_id = s->process_id, .thread_id = s->thread_id, .context_id = (s->process_id - 1) * IRT_CCT_ID_SPAN + context,
		.ticks = ticks, .how = how,
	};
	struct tr_call_span span = {.first = o ? o->event : TR_NOT_SEEN, .last = s->event, .end_ticks = e->ticks};

	if (ticks < 0 || __builtin_sub_overflow(e->ticks, ticks, &call.start_ticks))
		return 0;
	if (o && o->ticks < call.start_ticks)
		call.start_ticks = o->ticks; /* it waited for the drain */
	return add_call(s, &call, &span);
}

static int find_event(struct search *s, const struct irt_event *e)
{
	struct open_call *top;
	int status = 0;
	uint32_t least;

	switch (e->operation) {
	case IRT_OP_ENTER:
		if (!is_wanted(s, e->context))
			return 0;
		while (s->open_count && s->open[s->open_count - 1].depth >= e->depth)
			s->open_count--;
		if (e->depth >= DEEPEST || e->ticks < s->from_ticks || e->ticks > s->to_ticks)
			return 0;
		if (!irt_grow(&s->open, &s->open_room, s->open_count + 1, sizeof(*s->open)))
			return INSTR_ERR_MEMORY;
		s->open[s->open_count++] = (struct open_call){e->ticks, s->event, s->drain, e->context, e->depth};
		return 0;
	case IRT_OP_EXIT:
	case IRT_OP_UNWIND:
	case IRT_OP_TAIL:
		if (!is_wanted(s, e->context))
			return 0;
		while (s->open_count && s->open[s->open_count - 1].depth > e->depth)
			s->open_count--;
		top = s->open_count ? &s->open[s->open_count - 1] : NULL;
		if (top && top->depth == e->depth)
			s->open_count--;
		else
			top = NULL;
		return ended(s, e, e->context, top && top->context == e->context ? top : NULL, e->value > INT64_MAX ? -1 : (int64_t)e->value,
			     e->operation == IRT_OP_UNWIND ? TR_CALL_UNWOUND : TR_CALL_RETURNED);
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		least = e->value > e->depth ? 0 : e->depth + 1 - (uint32_t)e->value;
		while (!status && s->open_count && (top = &s->open[s->open_count - 1])->depth >= least) {
			int64_t ticks;
			s->open_count--;
			if (!__builtin_sub_overflow(e->ticks, top->ticks, &ticks) && (uint64_t)ticks >= s->drain - top->drain)
				status = ended(s, e, top->context, top, ticks - (int64_t)(s->drain - top->drain), TR_CALL_UNWOUND);
		}
		return status;
	case IRT_OP_WAIT:
		s->drain += e->value;
		return 0;
	default:
		return 0;
	}
}

static int find_in_events(void *user, const struct irt_event *events, size_t count)
{
	struct search *s = user;
	int status = 0;

	for (size_t i = 0; i < count && !status; i++, s->event++)
		status = find_event(s, &events[i]);
	return status;
}

static int can_matter(const struct search *s, const struct tr_event_chunk *c)
{
	if (c->start_ticks > s->to_ticks || !tr_event_chunk_has(c, s->functions, s->function_count))
		return s->open_count && (c->min_depth <= (int64_t)s->open[s->open_count - 1].depth || tr_event_chunk_does(c, IRT_OP_WAIT));
	if (!s->plain || !s->whole || !is_full(s) || c->min_depth < c->start_depth)
		return 1;
	int64_t span;
	return __builtin_sub_overflow(c->end_ticks, c->start_ticks, &span) || span >= s->out->calls[0].ticks;
}

/* A chunk follows the one before it, or events are missing. */
static int follow(struct search *s, const struct tr_event_chunk *c, int64_t *expected)
{
	int status = tr_follow_chunk(c, expected, &s->event);

	if (status) {
		s->out->missing = 1;
		s->open_count = 0;
	}
	return status == TR_MISSING ? 0 : status;
}

static int find_in_chunks(struct search *s)
{
	struct tr_event_chunk c;
	int64_t expected = s->from_ticks == INT64_MIN ? 0 : TR_NOT_SEEN;
	int status, more;

	s->open_count = 0;
	s->drain = 0;
	s->last_ticks = INT64_MIN;
	if ((status = tr_events_use_thread(&s->events, s->thread_id, s->process_id, s->from_ticks)))
		return status;
	while ((more = tr_events_next(&s->events, &c)) == 1) {
		if (c.start_ticks > s->to_ticks && !s->open_count)
			return 0;
		s->last_ticks = c.end_ticks;
		status = follow(s, &c, &expected);
		if (!status && can_matter(s, &c))
			status = tr_events_read(&s->events, &c, s, find_in_events);
		if (status == TR_DAMAGED) {
			s->out->missing = 1;
			s->open_count = 0;
		} else if (status) {
			return status;
		}
	}
	s->out->missing |= expected != TR_NOT_SEEN && s->totals_events > expected;
	return more;
}

/* Those that never ended, as of the last checkpoint. One whose beginning was not read may have ended behind that. */
static int add_open_calls(struct search *s)
{
	int status = 0, rc = SQLITE_DONE;
	size_t at = 0;

	sqlite3_bind_int64(s->open_frames, 1, s->thread_id);
	while (!status && (rc = sqlite3_step(s->open_frames)) == SQLITE_ROW) {
		int64_t context = sqlite3_column_int64(s->open_frames, 0), depth = sqlite3_column_int64(s->open_frames, 1);
		int64_t end = sqlite3_column_int64(s->open_frames, 3);
		const struct open_call *o = NULL;
		if (context < 0 || !is_wanted(s, (uint32_t)(context % IRT_CCT_ID_SPAN)))
			continue;
		while (at < s->open_count && (int64_t)s->open[at].depth < depth)
			at++;
		if (at < s->open_count && (int64_t)s->open[at].depth == depth && s->open[at].context == context % IRT_CCT_ID_SPAN)
			o = &s->open[at];
		if (!o && s->trace->writer == TR_WRITER_LIVE)
			continue;
		struct tr_call call = {.process_id = s->process_id, .thread_id = s->thread_id, .context_id = context,
				       .start_ticks = sqlite3_column_int64(s->open_frames, 2), .how = TR_CALL_OPEN};
		struct tr_call_span span = {.first = o ? o->event : TR_NOT_SEEN, .last = INT64_MAX, .end_ticks = INT64_MAX};
		if (o && s->last_ticks > end) /* events are told of sooner than totals */
			end = s->last_ticks;
		if (__builtin_sub_overflow(end, call.start_ticks, &call.ticks) || call.ticks < 0)
			continue;
		if (o && o->ticks < call.start_ticks)
			call.start_ticks = o->ticks;
		status = add_call(s, &call, &span);
	}
	if (!status && rc != SQLITE_DONE)
		status = tr_fail_sqlite(s->trace, rc, s->error);
	sqlite3_reset(s->open_frames);
	return status;
}

/* Merged threads have their chunks, and their totals with "ended threads". */
static const char threads_sql[] =
	"WITH most AS (SELECT t.thread_id, max(t.max_ticks) AS ticks FROM totals t JOIN contexts c ON c.context_id = t.context_id"
	" WHERE c.function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*') GROUP BY t.thread_id),"
	" each AS (SELECT t.thread_id, t.process_id, t.totals_events, t.wait_ticks, coalesce(m.ticks, e.ticks) AS ticks"
	" FROM threads t LEFT JOIN most m ON m.thread_id = t.thread_id LEFT JOIN most e ON t.flags & 32 AND e.thread_id = -t.process_id"
	" WHERE t.thread_id > 0 AND t.process_id BETWEEN 1 AND 1048576 AND t.merged = 0"
	" AND t.process_id = coalesce(:process, t.process_id) AND t.thread_id = coalesce(:thread, t.thread_id)"
	" AND (:thread_name IS NULL OR t.name = :thread_name))"
	" SELECT thread_id, process_id, totals_events, ticks,"
	" wait_ticks = 0 AND NOT EXISTS (SELECT 1 FROM main.chunks c WHERE c.thread_id = each.thread_id AND c.operations & 528)"
	" FROM each ORDER BY max(ticks) OVER (PARTITION BY process_id) DESC, process_id, ticks DESC, thread_id";
_Static_assert((1 << IRT_OP_POP | 1 << IRT_OP_LANDED) == 528, "bits in the statement above");

static const char open_frames_sql[] =
	"SELECT o.context_id, o.depth, o.enter_ticks, coalesce(t.end_ticks, max(e.ticks, t.last_ticks)) FROM run_end e CROSS JOIN"
	" open_frames o JOIN threads t ON t.thread_id = o.thread_id WHERE o.thread_id = ?1 AND NOT o.flags & 1 ORDER BY o.depth";

static int find_in_threads(struct search *s)
{
	int status = 0, rc = SQLITE_DONE;

	while (!status && (rc = sqlite3_step(s->threads)) == SQLITE_ROW) {
		s->thread_id = sqlite3_column_int64(s->threads, 0);
		s->process_id = sqlite3_column_int64(s->threads, 1);
		s->totals_events = sqlite3_column_int64(s->threads, 2);
		s->plain = sqlite3_column_int(s->threads, 4);
		if (s->wanted_of != s->process_id)
			memset(s->is_wanted, 0, IRT_CCT_ID_SPAN);
		s->wanted_of = s->process_id;
		/* Totals of a trace that is being written are behind its chunks. */
		int is_shorter = s->trace->writer != TR_WRITER_LIVE && sqlite3_column_type(s->threads, 3) != SQLITE_NULL && is_full(s) &&
				 sqlite3_column_int64(s->threads, 3) < s->out->calls[0].ticks;
		s->open_count = 0;
		status = is_shorter ? tr_events_use_thread(&s->events, s->thread_id, s->process_id, INT64_MAX) : find_in_chunks(s);
		if (!status)
			status = add_open_calls(s);
	}
	return !status && rc != SQLITE_DONE ? tr_fail_sqlite(s->trace, rc, s->error) : status;
}

/* ---- all ---------------------------------------------------------------------------------------------- */

static int find_chunks(struct search *s)
{
	sqlite3_stmt *any;
	int rc = sqlite3_prepare_v2(s->trace->db, "SELECT EXISTS (SELECT 1 FROM main.chunks)", -1, &any, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(any)) == SQLITE_ROW)
		s->out->has_chunks = sqlite3_column_int(any, 0);
	sqlite3_finalize(any);
	return rc == SQLITE_ROW ? 0 : tr_fail_sqlite(s->trace, rc, s->error);
}

static int begin(struct search *s)
{
	const struct tr_calls_wanted *w = s->wanted;
	const struct tr_argument arguments[] = {
		{.name = "only", .type = TR_PATTERN, .text = w->name},
		{.name = "process", .type = w->process_id < 0 ? TR_NULL : TR_INTEGER, .integer = w->process_id},
		{.name = "thread", .type = w->thread_id < 0 ? TR_NULL : TR_INTEGER, .integer = w->thread_id},
		{.name = "thread_name", .type = w->thread_name ? TR_TEXT : TR_NULL, .text = w->thread_name},
	};
	int status;

	s->from_ticks = INT64_MIN;
	s->to_ticks = INT64_MAX;
	s->whole = w->from_ns <= 0 && w->to_ns == INT64_MAX;
	s->out->calls = calloc(w->limit, sizeof(*s->out->calls));
	s->is_wanted = malloc(IRT_CCT_ID_SPAN);
	if (!s->out->calls || !s->is_wanted)
		return INSTR_ERR_MEMORY;
	if (w->from_ns > 0 && (status = tr_find_ticks(s->trace, w->from_ns - 1, &s->from_ticks, s->error)))
		return status;
	s->from_ticks += w->from_ns > 0 && s->from_ticks < INT64_MAX;
	if (w->to_ns < INT64_MAX && (status = tr_find_ticks(s->trace, w->to_ns, &s->to_ticks, s->error)))
		return status;
	if ((status = find_chunks(s)) || (status = find_functions(s)) || (status = tr_events_open(&s->events, s->trace, s->error)) ||
	    (status = tr_prepare_text(s->trace, &s->open_frames, open_frames_sql, NULL, NULL, 0, s->error)))
		return status;
	return tr_prepare_text(s->trace, &s->threads, threads_sql, NULL, arguments, sizeof(arguments) / sizeof(*arguments), s->error);
}

/* All sees one state of a trace that is being written. */
static int run(struct search *s, const char *sql)
{
	s->trace->locked_down = 0; /* the statement is ours */
	int rc = sqlite3_exec(s->trace->db, sql, NULL, NULL, NULL);
	s->trace->locked_down = 1;
	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(s->trace, rc, s->error);
}

int tr_find_longest_calls(struct tr_trace *trace, const struct tr_calls_wanted *wanted, struct tr_calls *out, struct tr_error *error)
{
	struct search s = {.trace = trace, .error = error, .wanted = wanted, .out = out};
	int status;

	*out = (struct tr_calls){0};
	if ((status = run(&s, "BEGIN")))
		return status;
	if (!(status = begin(&s)) && out->has_chunks && !(status = find_in_threads(&s))) {
		qsort(out->calls, out->count, sizeof(*out->calls), compare_calls);
		status = tr_weigh_calls(&s.events, out);
	}
	sqlite3_finalize(s.threads);
	sqlite3_finalize(s.open_frames);
	tr_events_close(&s.events);
	int ended = run(&s, "COMMIT");
	status = status ? status : ended;
	free(s.functions);
	free(s.is_wanted);
	free(s.open);
	return status == INSTR_ERR_MEMORY ? tr_fail(error, status, trace->path, "there is not enough memory to read it") : status;
}

void tr_calls_fini(struct tr_calls *calls)
{
	for (size_t i = 0; i < calls->count; i++) {
		free(calls->calls[i].span->waits);
		free(calls->calls[i].span);
	}
	free(calls->calls);
	*calls = (struct tr_calls){0};
}
