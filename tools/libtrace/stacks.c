/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stacks.c - the calls that were open in each thread at a time, where the query stacks finds them: in
 * temp.open_frames, temp.open_blocks and temp.lock_users, whose names SQLite looks up before the file's.
 *
 * A thread's stack is in the last chunk that begins up to the time: it says how many calls were open at its begin,
 * and in which context; its events up to the time do the rest. When a call began that the chunk found open is in an
 * earlier one, the last of those in which fewer calls were open at some moment (chunks.min_depth); others are not
 * read. Where events are missing it is not known when these began, but which they are. What a thread is blocked in, or
 * which lock it waits for, has begun in the same chunk: behind that there is nothing, or what ends it, or a signal handler (then it is not seen).
 *
 *     chunk ...   chunk     chunk with the time
 *     ─────────┬─────────┬───────────●
 *              │◄─read, if it went below what is not known yet
 */
#include "libtrace/events.h"

#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"

enum { DEEPEST = 1 << 22 }; /* calls: far more than a stack holds, and what it takes is not too much */
enum { NOT_KNOWN = 1 };     /* beside 0 and enum instr_err */

struct frame {
	int64_t enter_ticks; /* NO_TIME: not known */
	uint32_t context;
};
#define NO_TIME INT64_MIN

/* The calls open at a moment. Those below `low` were open when the chunk began. */
struct stack {
	struct frame *frames;
	size_t count, room, low;
	struct block { /* as in fold/walk.h; or a wait for the lock at this address, not 0 */
		size_t depth;
		uint64_t address;
		int64_t start_ticks;
		uint32_t context, site;
	} blocks[IRT_WALK_OPEN_BLOCKS];
	size_t block_count;
};

struct thread {
	int64_t thread_id, process_id, totals_events;
};

struct search {
	struct tr_trace *trace;
	struct tr_error *error;
	int64_t ticks;
	int64_t process_id;  /* whose contexts these are; 0: none */
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;
	sqlite3_stmt *threads, *chunks, *behind, *data, *put, *put_block, *put_wait;
	struct stack stack, before;
	struct chunk {
		int64_t chunk_id, first_event, events, start_ticks, end_ticks, start_context, start_depth, min_depth;
	} chunk;
};

static int prepare(struct search *s, sqlite3_stmt **statement, const char *sql)
{
	int rc = tr_prepare_sql(s->trace, sql, statement);

	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(s->trace, rc, s->error);
}

static int run_sql(struct search *s, const char *sql)
{
	int rc = sqlite3_exec(s->trace->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : tr_fail_sqlite(s->trace, rc, s->error);
}

/* ---- one chunk --------------------------------------------------------------------------------------- */

/* The context of a call that was open when a chunk began, going out from that of the call inside it. */
static void fill_contexts(struct search *s, struct frame *frames, size_t count, uint32_t innermost)
{
	uint32_t context = innermost;

	for (size_t i = count; i-- > 0; context = irt_contexts_parent(s->contexts, context))
		frames[i] = (struct frame){NO_TIME, context};
}

static int set_start(struct search *s, struct stack *stack, const struct chunk *c)
{
	if (c->start_depth < 0 || c->start_depth > DEEPEST)
		return NOT_KNOWN;
	stack->count = stack->low = (size_t)c->start_depth;
	stack->block_count = 0;
	if (stack->count && !irt_grow(&stack->frames, &stack->room, stack->count, sizeof(*stack->frames)))
		return INSTR_ERR_MEMORY;
	fill_contexts(s, stack->frames, stack->count, (uint32_t)(c->start_context % IRT_CCT_ID_SPAN));
	return 0;
}

/* The event, behind which `count` calls are open, ends those that were made by others. */
static void apply_to_blocks(struct stack *stack, const struct irt_event *e)
{
	size_t least = stack->count + 1;

	switch (e->operation) {
	case IRT_OP_BLOCK:
	case IRT_OP_BLOCKING:
	case IRT_OP_WAITING:
	case IRT_OP_WAITED:
	case IRT_OP_LEFT:
	case IRT_OP_LANDED:
		least--;
		break;
	case IRT_OP_GAP:
		least = 0;
		break;
	default:
		break;
	}
	while (stack->block_count && stack->blocks[stack->block_count - 1].depth >= least)
		stack->block_count--;
	if (e->operation != IRT_OP_BLOCKING && (e->operation != IRT_OP_WAITING || !e->extra))
		return;
	if (stack->block_count == IRT_WALK_OPEN_BLOCKS)
		memmove(stack->blocks, stack->blocks + 1, --stack->block_count * sizeof(*stack->blocks));
	stack->blocks[stack->block_count++] = (struct block){
		stack->count, e->operation == IRT_OP_WAITING ? e->extra : 0, e->ticks, e->context, e->site};
}

static int apply(struct stack *stack, const struct irt_event *e)
{
	size_t count = stack->count;

	switch (e->operation) {
	case IRT_OP_ENTER:
		if (e->depth != count || count >= DEEPEST)
			return NOT_KNOWN;
		if (!irt_grow(&stack->frames, &stack->room, count + 1, sizeof(*stack->frames)))
			return INSTR_ERR_MEMORY;
		stack->frames[stack->count++] = (struct frame){e->ticks, e->context};
		return 0;
	case IRT_OP_EXIT:
	case IRT_OP_UNWIND:
	case IRT_OP_TAIL:
		if (!count || e->depth != count - 1)
			return NOT_KNOWN;
		stack->count--;
		break;
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		if (e->value > count)
			return NOT_KNOWN;
		stack->count -= e->value;
		break;
	default:
		return 0;
	}
	if (stack->count < stack->low)
		stack->low = stack->count;
	return 0;
}

/* What is open behind the chunk's events up to the time. */
static int read_chunk(struct search *s, struct stack *stack, const struct chunk *c, int64_t until)
{
	struct irt_event events[256];
	int64_t count = 0, last = c->start_ticks;
	int status = set_start(s, stack, c), over = 0;
	long n = 0;

	if (!status)
		status = tr_open_chunk(s->trace, s->data, c->chunk_id, s->decoder, s->contexts, s->error);
	while (!status && !over && (n = irt_chunk_next(s->decoder, events, sizeof(events) / sizeof(*events))) > 0) {
		if (!count && events[0].ticks != c->start_ticks)
			status = INSTR_ERR_FORMAT;
		for (long i = 0; i < n && !status && !(over = events[i].ticks > until); i++)
			if (!(status = apply(stack, &events[i])))
				apply_to_blocks(stack, &events[i]);
		count += n;
		last = events[n - 1].ticks;
	}
	if (!status && n < 0)
		status = (int)n;
	/* There is no checksum; but damage that can be decoded mostly moves the end. */
	if (!status && !over && (count != c->events || last != c->end_ticks))
		status = NOT_KNOWN;
	return status == INSTR_ERR_FORMAT || status == INSTR_ERR_VERSION ? NOT_KNOWN : status;
}

/* ---- one thread -------------------------------------------------------------------------------------- */

/* The next row of a statement that lists chunks: 1, 0 at the end, or negative. */
static int next_chunk(struct search *s, sqlite3_stmt *rows, struct chunk *c)
{
	int rc = sqlite3_step(rows);

	if (rc == SQLITE_ROW)
		*c = (struct chunk){sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1), sqlite3_column_int64(rows, 2),
				    sqlite3_column_int64(rows, 3), sqlite3_column_int64(rows, 4), sqlite3_column_int64(rows, 5),
				    sqlite3_column_int64(rows, 6), sqlite3_column_int64(rows, 7)};
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : tr_fail_sqlite(s->trace, rc, s->error);
}

static int ends_before(const struct chunk *c, int64_t event)
{
	int64_t end;
	return c->first_event < 0 || c->events < 1 || __builtin_add_overflow(c->first_event, c->events, &end) || end < event;
}

static int follows(const struct chunk *c, int64_t first_event)
{
	return first_event < INT64_MAX && !ends_before(c, first_event) && ends_before(c, first_event + 1);
}

/* When the calls began that the chunk had found open. */
static int find_begins(struct search *s, struct chunk later)
{
	struct chunk c;
	int more = 0, status = 0;

	while (!status && s->stack.low && (more = next_chunk(s, s->chunks, &c)) == 1 && follows(&c, later.first_event)) {
		if (c.min_depth < (int64_t)s->stack.low) {
			status = read_chunk(s, &s->before, &c, INT64_MAX);
			if (!status && (int64_t)s->before.count != later.start_depth)
				status = NOT_KNOWN;
			for (size_t i = s->before.low; !status && i < s->stack.low; i++)
				s->stack.frames[i] = s->before.frames[i];
			if (!status && s->before.low < s->stack.low)
				s->stack.low = s->before.low;
		}
		later = c;
	}
	/* One that is damaged is as one that is missing. */
	return more < 0 ? more : status == NOT_KNOWN ? 0 : status;
}

/* Before its first event: in the calls that a thread of a fork child begins in. */
static int before_events(struct search *s, const struct thread *t)
{
	int more = next_chunk(s, s->behind, &s->chunk);

	if (more < 0)
		return more;
	if (!more && !t->totals_events) {
		s->stack.count = s->stack.low = s->stack.block_count = 0;
		return 0;
	}
	return more && !s->chunk.first_event ? set_start(s, &s->stack, &s->chunk) : NOT_KNOWN;
}

static int find_stack(struct search *s, const struct thread *t)
{
	int status = tr_use_contexts(s->trace, t->process_id, &s->contexts, &s->process_id, s->error), more;

	if (status)
		return status;
	sqlite3_bind_int64(s->chunks, 1, t->thread_id);
	sqlite3_bind_int64(s->chunks, 2, s->ticks);
	sqlite3_bind_int64(s->behind, 1, t->thread_id);
	sqlite3_bind_int64(s->behind, 2, s->ticks);
	more = next_chunk(s, s->chunks, &s->chunk);
	if (more < 1)
		return more ? more : before_events(s, t);
	if (s->ticks > s->chunk.end_ticks) { /* between two, or behind the last: nothing may be missing there */
		struct chunk next;
		if ((more = next_chunk(s, s->behind, &next)) < 0)
			return more;
		if (more ? !follows(&s->chunk, next.first_event) : ends_before(&s->chunk, t->totals_events))
			return NOT_KNOWN;
	}
	status = read_chunk(s, &s->stack, &s->chunk, s->ticks);
	return status ? status : find_begins(s, s->chunk);
}

static int put_frame(struct search *s, const struct thread *t, int64_t depth, const struct frame *frame)
{
	sqlite3_bind_int64(s->put, 1, t->thread_id);
	sqlite3_bind_int64(s->put, 2, depth);
	sqlite3_bind_int64(s->put, 3, (t->process_id - 1) * IRT_CCT_ID_SPAN + frame->context);
	if (frame->enter_ticks == NO_TIME)
		sqlite3_bind_null(s->put, 4);
	else
		sqlite3_bind_int64(s->put, 4, frame->enter_ticks);
	int rc = sqlite3_step(s->put);
	sqlite3_reset(s->put);
	return rc == SQLITE_DONE ? 0 : tr_fail_sqlite(s->trace, rc, s->error);
}

static int put_block(struct search *s, const struct thread *t, const struct block *block)
{
	sqlite3_stmt *put = block->address ? s->put_wait : s->put_block;

	sqlite3_bind_int64(put, 1, t->process_id);
	sqlite3_bind_int64(put, 2, t->thread_id);
	sqlite3_bind_int64(put, 3, block->address ? (int64_t)block->address : (int64_t)block->depth - 1);
	sqlite3_bind_int64(put, 4, (t->process_id - 1) * IRT_CCT_ID_SPAN + block->context);
	sqlite3_bind_int64(put, 5, block->site);
	sqlite3_bind_int64(put, 6, block->start_ticks);
	int rc = sqlite3_step(put);
	sqlite3_reset(put);
	return rc == SQLITE_DONE ? 0 : tr_fail_sqlite(s->trace, rc, s->error);
}

static int add_thread(struct search *s, const struct thread *t)
{
	int status = find_stack(s, t);

	sqlite3_reset(s->chunks);
	sqlite3_reset(s->behind);
	if (status == NOT_KNOWN)
		return put_frame(s, t, -1, &(struct frame){NO_TIME, 0});
	for (size_t i = 0; i < s->stack.count && !status; i++)
		status = put_frame(s, t, (int64_t)i, &s->stack.frames[i]);
	for (size_t i = 0; i < s->stack.block_count && !status; i++)
		status = put_block(s, t, &s->stack.blocks[i]);
	return status;
}

/* ---- all --------------------------------------------------------------------------------------------- */

static const char table_sql[] =
	"DROP TABLE IF EXISTS temp.open_frames;"
	"CREATE TEMP TABLE open_frames (thread_id INTEGER NOT NULL, depth INTEGER NOT NULL, context_id INTEGER NOT NULL,"
	" enter_ticks INTEGER, child_ticks INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (thread_id, depth)) STRICT, WITHOUT ROWID;"
	"DROP TABLE IF EXISTS temp.open_blocks;"
	"CREATE TEMP TABLE open_blocks (process_id INTEGER NOT NULL, thread_id INTEGER NOT NULL, depth INTEGER NOT NULL,"
	" context_id INTEGER NOT NULL, site_id INTEGER NOT NULL, start_ticks INTEGER NOT NULL, PRIMARY KEY (thread_id, depth))"
	" STRICT, WITHOUT ROWID;"
	"DROP TABLE IF EXISTS temp.lock_users;"
	"CREATE TEMP TABLE lock_users (process_id INTEGER NOT NULL, lock_id INTEGER NOT NULL, thread_id INTEGER NOT NULL,"
	" depth INTEGER NOT NULL, context_id INTEGER NOT NULL, site_id INTEGER NOT NULL, mode INTEGER NOT NULL,"
	" start_ticks INTEGER NOT NULL, PRIMARY KEY (process_id, lock_id, thread_id, depth)) STRICT, WITHOUT ROWID;";

/* Of the lock that was at the address then; none, where it is one of those that share a row. */
static const char wait_sql[] =
	"INSERT OR IGNORE INTO temp.lock_users SELECT ?1, lock_id, ?2, 0, ?4, ?5 >> 3, ?5 & 7, ?6 FROM main.locks"
	" WHERE process_id = ?1 AND address = ?3 AND start_ticks <= ?6 AND (end_ticks IS NULL OR end_ticks >= ?6) LIMIT 1";

/* Merged ones, too: their chunks may still be there. */
static const char threads_sql[] =
	"SELECT thread_id, process_id, totals_events FROM main.threads WHERE thread_id > 0 AND process_id BETWEEN 1 AND 1048576"
	" AND merged = 0 AND start_ticks <= ?1 AND (end_ticks IS NULL OR end_ticks >= ?1) ORDER BY process_id, thread_id";

static const char chunks_sql[] =
	"SELECT chunk_id, first_event, events, start_ticks, end_ticks, start_context_id, start_depth, min_depth FROM main.chunks"
	" WHERE thread_id = ?1 AND start_ticks <= ?2 ORDER BY start_pos DESC";
static const char behind_sql[] =
	"SELECT chunk_id, first_event, events, start_ticks, end_ticks, start_context_id, start_depth, min_depth FROM main.chunks"
	" WHERE thread_id = ?1 AND start_ticks > ?2 ORDER BY start_pos LIMIT 1";

static int add_threads(struct search *s)
{
	int status, rc = SQLITE_DONE;

	if ((status = run_sql(s, table_sql)) || (status = prepare(s, &s->threads, threads_sql)) ||
	    (status = prepare(s, &s->chunks, chunks_sql)) || (status = prepare(s, &s->behind, behind_sql)) ||
	    (status = prepare(s, &s->data, TR_CHUNK_DATA)) ||
	    (status = prepare(s, &s->put, "INSERT INTO temp.open_frames VALUES (?1, ?2, ?3, ?4, 0)")) ||
	    (status = prepare(s, &s->put_block, "INSERT INTO temp.open_blocks VALUES (?1, ?2, ?3, ?4, ?5, ?6)")) ||
	    (status = prepare(s, &s->put_wait, wait_sql)) ||
	    (status = irt_chunk_decoder_create(&s->decoder)))
		return status;
	sqlite3_bind_int64(s->threads, 1, s->ticks);
	while (!status && (rc = sqlite3_step(s->threads)) == SQLITE_ROW)
		status = add_thread(s, &(struct thread){sqlite3_column_int64(s->threads, 0), sqlite3_column_int64(s->threads, 1),
							sqlite3_column_int64(s->threads, 2)});
	return !status && rc != SQLITE_DONE ? tr_fail_sqlite(s->trace, rc, s->error) : status;
}

int tr_stacks_at(struct tr_trace *trace, int64_t at_ns, struct tr_error *error)
{
	struct search s = {.trace = trace, .error = error};
	int status;

	if ((status = tr_begin_tables(trace, error)))
		return status;
	status = tr_find_ticks(trace, at_ns, &s.ticks, error);
	if (!status)
		status = add_threads(&s);
	sqlite3_stmt *const all[] = {s.threads, s.chunks, s.behind, s.data, s.put, s.put_block, s.put_wait};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		sqlite3_finalize(all[i]);
	irt_contexts_destroy(s.contexts);
	irt_chunk_decoder_destroy(s.decoder);
	free(s.stack.frames);
	free(s.before.frames);
	return tr_end_tables(trace, status, error);
}
