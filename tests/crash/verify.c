/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * verify.c FILE - folds all events of a trace again and compares with what the trace says: totals, open
 * calls, histograms, orphans, waits, all to the tick. Works on a finished trace and on one as a crash has
 * left it (there the events up to each thread's last checkpoint are folded, which is what totals hold).
 *
 * A fork child's first thread begins inside calls of its parent: that many, in the context that its first
 * chunk names, since the child joined; none of them counts as a call of the child. Threads that are merged
 * are folded one by one, and compared with the row that stands for them. Where chunks were deleted for
 * max_db_bytes, that row may say more than the chunks which are left.
 *
 * Shares no code with the drain: chunks are read by the decoder that was written from docs/format.md
 * (tests/unit/plain_decoder.h), and the fold is a plain one (verify_fold.c).
 *
 * Prints "FILE: rule: what is wrong" for each finding, or how much was compared. Exit status 1: findings;
 * 3: it cannot be read.
 */
#include <stdarg.h>
#include <stdio.h>

#include "crash/verify.h"
#include "unit/plain_decoder.h"

const char *path;
sqlite3 *db;
int findings;
int64_t function_count;
static int chunks_deleted, some_least;
static uint64_t compared_totals, compared_functions, compared_calls;
static struct totals **run_functions;
static struct process *processes;
static size_t process_count;

void found(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (findings++ < 20) {
		printf("%s: ", path);
		vprintf(format, arguments);
		printf("\n");
	}
	va_end(arguments);
}

_Noreturn void cannot(const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(3);
}

void *zeroed(size_t count, size_t bytes)
{
	void *p = calloc(count ? count : 1, bytes);
	if (!p)
		cannot("no memory");
	return p;
}

sqlite3_stmt *ask(const char *sql, int64_t parameter)
{
	sqlite3_stmt *s;
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		cannot(sqlite3_errmsg(db));
	sqlite3_bind_int64(s, 1, parameter);
	return s;
}

int next(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		cannot(sqlite3_errmsg(db));
	if (rc == SQLITE_DONE)
		sqlite3_finalize(s);
	return rc == SQLITE_ROW;
}

int64_t number(sqlite3_stmt *s, int column) { return sqlite3_column_int64(s, column); }

struct totals *of(struct totals **table, size_t i)
{
	if (!table[i]) {
		table[i] = zeroed(1, sizeof(**table));
		table[i]->min = UINT64_MAX;
	}
	return table[i];
}

/* ---- comparing -------------------------------------------------------------------------------- */

static void compare(const char *of_what, int64_t id, int64_t within, const char *column, uint64_t said, uint64_t folded)
{
	if (said != folded)
		found("%s: %lld of %lld: %s is %llu, its events say %llu", of_what, (long long)id, (long long)within, column,
		      (unsigned long long)said, (unsigned long long)folded);
}

/* What the row of merged threads says is not less than what is left of them. It is taken for true then: the
 * functions' totals have to be the sum of it. */
static void compare_least(const struct thread *t, sqlite3_stmt *s)
{
	static const char *const names[] = {"calls", "returns", "unwound", "open", "total_ticks", "self_ticks"};
	int64_t id = number(s, 0);
	if (id / SPAN + 1 != t->process->id || id % SPAN >= t->process->count) {
		found("totals: %lld of %lld: no such context", (long long)id, (long long)t->id);
		return;
	}
	struct totals *x = of(t->contexts, (size_t)(id % SPAN)), said = {.min = UINT64_MAX};
	uint64_t values[] = {x->returns + x->unwound + x->open, x->returns, x->unwound, x->open, x->total, x->self};
	for (int i = 0; i < 6; i++)
		if ((uint64_t)number(s, 1 + i) < values[i])
			compare("totals", id, t->id, names[i], (uint64_t)number(s, 1 + i), values[i]);
	said.returns = (uint64_t)number(s, 2);
	said.unwound = (uint64_t)number(s, 3);
	said.open = (uint64_t)number(s, 4);
	said.total = (uint64_t)number(s, 5);
	said.self = (uint64_t)number(s, 6);
	if (said.returns + said.unwound) {
		said.min = (uint64_t)number(s, 7);
		said.max = (uint64_t)number(s, 8);
	}
	if (said.min > x->min || said.max < x->max)
		found("totals: %lld of %lld: min or max are not those of its events", (long long)id, (long long)t->id);
	plain_histogram(sqlite3_column_blob(s, 9), (size_t)sqlite3_column_bytes(s, 9), said.counts);
	for (int i = 0; i < BUCKETS; i++)
		if (said.counts[i] < x->counts[i])
			found("totals: %lld of %lld: the histogram has less than its events", (long long)id, (long long)t->id);
	*x = said;
	compared_totals++;
}

static void compare_context(const struct thread *t, sqlite3_stmt *s)
{
	static const struct totals nothing = {.min = UINT64_MAX};
	static uint64_t counts[BUCKETS];
	int64_t id = number(s, 0);
	const struct totals *x = id / SPAN + 1 == t->process->id && id % SPAN < t->process->count ? t->contexts[id % SPAN] : NULL;
	if (!x)
		x = &nothing;
	uint64_t ended = x->returns + x->unwound;
	compare("totals", id, t->id, "calls", (uint64_t)number(s, 1), ended + x->open);
	compare("totals", id, t->id, "returns", (uint64_t)number(s, 2), x->returns);
	compare("totals", id, t->id, "unwound", (uint64_t)number(s, 3), x->unwound);
	compare("totals", id, t->id, "open", (uint64_t)number(s, 4), x->open);
	compare("totals", id, t->id, "total_ticks", (uint64_t)number(s, 5), x->total);
	compare("totals", id, t->id, "self_ticks", (uint64_t)number(s, 6), x->self);
	if (ended) {
		compare("totals", id, t->id, "min_ticks", (uint64_t)number(s, 7), x->min);
		compare("totals", id, t->id, "max_ticks", (uint64_t)number(s, 8), x->max);
	}
	memset(counts, 0, sizeof(counts));
	plain_histogram(sqlite3_column_blob(s, 9), (size_t)sqlite3_column_bytes(s, 9), counts);
	if (memcmp(counts, x->counts, sizeof(counts)) != 0)
		found("totals: %lld of %lld: the histogram is another", (long long)id, (long long)t->id);
	compared_totals++;
}

static int is_anything(const struct totals *x)
{
	return x && x->returns + x->unwound + x->open + x->orphans + x->total + x->self > 0;
}

static void compare_totals(const struct thread *t)
{
	int64_t rows = 0, entered = 0;
	sqlite3_stmt *s = ask("SELECT context_id, calls, returns, unwound, open, total_ticks, self_ticks, min_ticks, max_ticks,"
			      " histogram FROM totals WHERE thread_id = ?", t->id);
	while (next(s)) {
		if (t->is_least)
			compare_least(t, s);
		else
			compare_context(t, s);
		rows += number(s, 1) + number(s, 5) + number(s, 6) > 0;
	}
	for (uint32_t i = 0; i < t->process->count; i++)
		entered += is_anything(t->contexts[i]);
	if (rows != entered)
		found("totals: thread %lld has %lld rows, its events are of %lld contexts", (long long)t->id, (long long)rows,
		      (long long)entered);
}

static void compare_frames(const struct thread *t)
{
	size_t depth = 0;
	sqlite3_stmt *s = ask("SELECT context_id, enter_ticks, child_ticks, depth, flags & 1 FROM open_frames WHERE thread_id = ?"
			      " ORDER BY depth", t->id);
	while (next(s)) {
		if (depth < t->depth) {
			const struct call *c = &t->stack[depth];
			compare("open_frames", (int64_t)depth, t->id, "context_id", (uint64_t)number(s, 0) % SPAN, c->context);
			compare("open_frames", (int64_t)depth, t->id, "enter_ticks", (uint64_t)number(s, 1),
				(uint64_t)(c->enter + t->waited));
			compare("open_frames", (int64_t)depth, t->id, "child_ticks", (uint64_t)number(s, 2), c->child);
			compare("open_frames", (int64_t)depth, t->id, "depth", (uint64_t)number(s, 3), depth);
			compare("open_frames", (int64_t)depth, t->id, "inherited", (uint64_t)number(s, 4),
				(uint64_t)c->inherited);
		}
		depth++;
	}
	compare("open_frames", t->id, t->process->id, "rows", depth, t->depth);
	compared_calls += depth;
}

static void compare_blocks(const struct thread *t)
{
	size_t count = 0;
	sqlite3_stmt *s = ask("SELECT depth + 1, context_id, site_id, start_ticks, process_id FROM open_blocks WHERE thread_id = ?"
			      " ORDER BY depth", t->id);
	while (next(s)) {
		const struct block *b = &t->blocks[count];
		if (count++ >= t->block_count)
			continue;
		compare("open_blocks", (int64_t)count, t->id, "depth", (uint64_t)number(s, 0), b->depth);
		compare("open_blocks", (int64_t)count, t->id, "context_id", (uint64_t)number(s, 1) % SPAN, b->context);
		compare("open_blocks", (int64_t)count, t->id, "site_id", (uint64_t)number(s, 2), b->site);
		compare("open_blocks", (int64_t)count, t->id, "start_ticks", (uint64_t)number(s, 3), (uint64_t)b->start);
		compare("open_blocks", (int64_t)count, t->id, "process_id", (uint64_t)number(s, 4), (uint64_t)t->process->id);
	}
	compare("open_blocks", t->id, t->process->id, "rows", count, t->block_count);
}

/* What a context adds to its function: a function is counted once in the time of its callers. */
static void add_to_function(struct totals *f, const struct totals *x, int recursive)
{
	f->returns += x->returns;
	f->unwound += x->unwound;
	f->open += x->open;
	f->self += x->self;
	f->total += recursive ? 0 : x->total;
	f->min = x->min < f->min ? x->min : f->min;
	f->max = x->max > f->max ? x->max : f->max;
	for (int i = 0; i < BUCKETS; i++)
		f->counts[i] += x->counts[i];
}

/* A thread that is merged: into this one, which has no events of its own. Its row still says how many it had. */
static void fold_merged(struct thread *into, struct thread *t)
{
	sqlite3_stmt *s = ask("SELECT coalesce(min(first_event), 1), (SELECT count(*) FROM totals WHERE thread_id = ?1)"
			      " + (SELECT count(*) FROM open_frames WHERE thread_id = ?1) FROM chunks WHERE thread_id = ?1", t->id);
	int whole = next(s) && number(s, 0) == 0;
	compare("merged", t->id, into->id, "rows of totals and open_frames", (uint64_t)number(s, 1), 0);
	sqlite3_finalize(s);
	if (!whole && chunks_deleted)
		return;
	fold_thread(t);
	compare("merged", t->id, into->id, "totals_events", (uint64_t)t->totals_events, (uint64_t)t->events);
	if (t->events)
		compare("merged", t->id, into->id, "last_ticks", (uint64_t)t->last_ticks, (uint64_t)t->last);
	if (t->depth)
		found("merged: thread %lld ends with %zu open calls", (long long)t->id, t->depth);
	while (t->depth)
		into->open[t->stack[--t->depth].context] = 0;
	into->events += t->events;
	into->last = t->last > into->last ? t->last : into->last;
	into->seen_orphans += t->seen_orphans;
	into->seen_waits += t->seen_waits;
	into->waited += t->waited;
	into->gaps += t->gaps;
	free(t->stack);
}

#define THREAD_COLUMNS "thread_id, totals_events, last_ticks, orphans, waits, wait_ticks, lost_events, flags, merged," \
		       " parent_thread_id, start_ticks"

static struct thread thread_of(struct process *p, sqlite3_stmt *s)
{
	return (struct thread){.id = number(s, 0), .totals_events = number(s, 1), .last_ticks = number(s, 2),
			       .orphans = number(s, 3), .waits = number(s, 4), .wait_ticks = number(s, 5),
			       .lost = number(s, 6), .flags = number(s, 7), .merged = number(s, 8), .parent = number(s, 9),
			       .start = number(s, 10), .process = p};
}

static void fold_all_merged(struct thread *into)
{
	int64_t rows = 0;
	sqlite3_stmt *s = ask("SELECT " THREAD_COLUMNS " FROM threads WHERE process_id = ? AND flags >= 32 ORDER BY 1",
			      into->process->id);
	for (; next(s); rows++) {
		struct thread t = thread_of(into->process, s);
		t.contexts = into->contexts;
		t.open = into->open;
		fold_merged(into, &t);
	}
	if (rows > into->merged)
		found("merged: process %lld has %lld merged threads, their row says %lld", (long long)into->process->id,
		      (long long)rows, (long long)into->merged);
	into->is_least = into->process->is_least = chunks_deleted;
}

/* Of a thread's row. */
static void compare_row(const struct thread *t, const char *column, int64_t said, int64_t folded)
{
	if (!t->is_least || said < folded)
		compare("threads", t->id, t->process->id, column, (uint64_t)said, (uint64_t)folded);
}

static void do_thread(struct thread *t)
{
	t->contexts = zeroed(t->process->count, sizeof(*t->contexts));
	t->open = zeroed(t->process->count, sizeof(*t->open));
	if (t->flags & 16) {
		fold_all_merged(t);
	} else {
		fold_thread(t);
	}
	compare_row(t, "totals_events", t->totals_events, t->events);
	if (t->events)
		compare_row(t, "last_ticks", t->last_ticks, t->last);
	compare_row(t, "orphans", t->orphans, t->seen_orphans);
	compare_row(t, "waits", t->waits, t->seen_waits);
	compare_row(t, "wait_ticks", t->wait_ticks, t->waited);
	if (t->lost < t->gaps)
		found("threads: %lld says it lost %lld events, its gaps are %lld", (long long)t->id, (long long)t->lost,
		      (long long)t->gaps);
	compare_totals(t);
	compare_frames(t);
	compare_blocks(t);
	for (uint32_t i = 0; i < t->process->count; i++) {
		if (t->contexts[i])
			add_to_function(of(t->process->functions, (size_t)t->process->function[i]), t->contexts[i],
					t->process->recursive[i]);
		free(t->contexts[i]);
	}
	free(t->contexts);
	free(t->open);
	free(t->stack);
}

/* The value of rank n * percent / 100, rounded up, is in this bucket: its middle, within what was seen. */
static uint64_t quantile(const struct totals *f, unsigned percent)
{
	uint64_t n = f->returns + f->unwound, rank = (n * percent + 99) / 100, seen = 0, low = 0, width = 1;
	for (unsigned b = 0; b < BUCKETS; b++) {
		seen += f->counts[b];
		if (seen < rank)
			continue;
		low = b;
		if (b >= 32) {
			width = UINT64_C(1) << (b / 16 - 1);
			low = (16 + b % 16) * width;
		}
		break;
	}
	low += width / 2;
	return low < f->min ? f->min : low > f->max ? f->max : low;
}

static void compare_functions(int64_t process_id, struct totals **functions, int is_least)
{
	sqlite3_stmt *s = ask("SELECT function_id, calls, returns, unwound, open, orphans, total_ticks, self_ticks, min_ticks,"
			      " max_ticks, p50_ticks, p99_ticks FROM function_totals WHERE process_id = ?", process_id);
	int64_t rows = 0, folded = 0;
	while (next(s)) {
		int64_t id = number(s, 0);
		struct totals *f = id < function_count ? of(functions, (size_t)id) : NULL;
		if (!f)
			continue;
		uint64_t ended = f->returns + f->unwound;
		compare("functions", id, process_id, "calls", (uint64_t)number(s, 1), ended + f->open);
		compare("functions", id, process_id, "returns", (uint64_t)number(s, 2), f->returns);
		compare("functions", id, process_id, "unwound", (uint64_t)number(s, 3), f->unwound);
		compare("functions", id, process_id, "open", (uint64_t)number(s, 4), f->open);
		if (!is_least || (uint64_t)number(s, 5) < f->orphans)
			compare("functions", id, process_id, "orphans", (uint64_t)number(s, 5), f->orphans);
		compare("functions", id, process_id, "total_ticks", (uint64_t)number(s, 6), f->total);
		compare("functions", id, process_id, "self_ticks", (uint64_t)number(s, 7), f->self);
		if (ended) {
			compare("functions", id, process_id, "min_ticks", (uint64_t)number(s, 8), f->min);
			compare("functions", id, process_id, "max_ticks", (uint64_t)number(s, 9), f->max);
			compare("functions", id, process_id, "p50_ticks", (uint64_t)number(s, 10), quantile(f, 50));
			compare("functions", id, process_id, "p99_ticks", (uint64_t)number(s, 11), quantile(f, 99));
		}
		rows += is_anything(f);
		compared_functions++;
	}
	for (int64_t i = 0; i < function_count; i++)
		folded += is_anything(functions[i]);
	compare("functions", process_id, 0, "rows", (uint64_t)rows, (uint64_t)folded);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static void read_contexts(struct process *p)
{
	sqlite3_stmt *s = ask("SELECT count(*), max(context_id) FROM contexts WHERE process_id = ?", p->id);
	if (next(s))
		p->count = number(s, 0) ? (uint32_t)(number(s, 1) % SPAN) + 1 : 1;
	if (number(s, 0) && number(s, 0) != p->count)
		found("contexts: those of process %lld are not numbered one by one", (long long)p->id);
	sqlite3_finalize(s);
	p->contexts = zeroed(p->count, sizeof(*p->contexts));
	p->function = zeroed(p->count, sizeof(*p->function));
	p->recursive = zeroed(p->count, sizeof(*p->recursive));
	p->functions = zeroed((size_t)function_count, sizeof(*p->functions));
	s = ask("SELECT context_id, parent_id, ordinal, function_id, recursive FROM contexts WHERE process_id = ?", p->id);
	while (next(s)) {
		uint32_t i = (uint32_t)(number(s, 0) % SPAN);
		p->contexts[i] = (struct plain_context){(uint32_t)(number(s, 1) % SPAN), (uint32_t)number(s, 2)};
		p->function[i] = number(s, 3) < function_count ? number(s, 3) : 0;
		p->recursive[i] = (int)number(s, 4);
	}
}

static void do_process(struct process *p)
{
	sqlite3_stmt *s = ask("SELECT " THREAD_COLUMNS " FROM threads WHERE process_id = ? AND flags < 32 ORDER BY 1", p->id);
	read_contexts(p);
	while (next(s)) {
		struct thread t = thread_of(p, s);
		do_thread(&t);
	}
	compare_functions(p->id, p->functions, p->is_least);
	some_least |= p->is_least;
	for (int64_t i = 0; i < function_count; i++) {
		if (!p->functions[i])
			continue;
		add_to_function(of(run_functions, (size_t)i), p->functions[i], 0);
		run_functions[i]->orphans += p->functions[i]->orphans;
		free(p->functions[i]);
	}
	free(p->contexts);
	free(p->function);
	free(p->recursive);
	free(p->functions);
}

int main(int argc, char **argv)
{
	sqlite3_stmt *s;
	path = argc == 2 ? argv[1] : "";
	if (argc != 2 || sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		cannot(argc == 2 ? sqlite3_errmsg(db) : "usage: verify FILE");
	sqlite3_busy_timeout(db, 5000);
	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) /* one state of it, whoever writes */
		cannot(sqlite3_errmsg(db));
	s = ask("SELECT coalesce(max(function_id), 0) + 1 FROM functions", 0);
	if (next(s))
		function_count = number(s, 0);
	sqlite3_finalize(s);
	run_functions = zeroed((size_t)function_count, sizeof(*run_functions));
	s = ask("SELECT count(*) FROM losses WHERE cause = 'chunks deleted'", 0);
	if (next(s))
		chunks_deleted = number(s, 0) > 0;
	sqlite3_finalize(s);
	s = ask("SELECT process_id, start_ticks FROM processes ORDER BY 1", 0);
	while (next(s)) {
		processes = realloc(processes, (process_count + 1) * sizeof(*processes));
		if (!processes)
			cannot("no memory");
		processes[process_count++] = (struct process){.id = number(s, 0), .start = number(s, 1)};
	}
	for (size_t i = 0; i < process_count; i++)
		do_process(&processes[i]);
	compare_functions(0, run_functions, some_least);
	if (findings > 20)
		printf("%s: and %d more\n", path, findings - 20);
	if (!findings)
		printf("%s: %llu events in %llu chunks; %llu totals, %llu functions, %llu open calls are their fold\n", path,
		       (unsigned long long)compared_events, (unsigned long long)compared_chunks,
		       (unsigned long long)compared_totals, (unsigned long long)compared_functions,
		       (unsigned long long)compared_calls);
	return findings ? 1 : 0;
}
