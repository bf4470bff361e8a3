/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * guard.c - a trace is data, from anywhere: what keeps it from being more.
 *
 *   its schema    is not trusted: no function with effects may hide in it, it cannot be changed
 *                 by SQL; its views and triggers are switched off (ours are TEMP)
 *   authorizer    after set-up a statement may read the main tables and TEMP views and call plain
 *                 functions, nothing else: no ATTACH, no PRAGMA, no writes
 *   modules       no virtual table works: their modules would read what the file has for them. (Those of our own for a
 *                 query of the user's come later, and no file can have tables of them: sql/extension.c)
 *   progress      pages that point at each other can make a short file endless: a query has as many
 *                 steps, and as much of the processor, as the file's size can explain. (Nothing ends SQLite's
 *                 one-step count(*) over a whole table: queries and views count a column instead.)
 *   limits        no value larger than LARGEST_VALUE_BYTES, little recursion in parser and triggers, so much of temporary
 *                 files (temporary.c; but of a query of the user's) that what a small file can be joined to fills no disk.
 *                 How much memory the whole program may take is its own limit (memory.c)
 */
#include "libtrace/internal.h"

#include <string.h>
#include <time.h>

enum {
	STEPS_PER_CALL = 1000,
	STEPS_PER_BYTE = 64, /* a row of ten bytes, sorted and joined a few times, takes ten a byte */
	SECONDS_AT_MOST = 1800,
	BYTES_PER_SECOND = 4 << 20,
	LARGEST_VALUE_BYTES = 16 << 20, /* a chunk of a quarter of a million events is far below */
};

int64_t tr_steps_at_least = 50 * 1000 * 1000;
int64_t tr_seconds_at_least = 20;
int64_t tr_steps_asked = INT64_MAX;

static int is_allowed_function(const char *name)
{
	/* Everything that SQLite builds in and that has effects or looks outside. */
	static const char *const forbidden[] = {
		"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "sqlite_log",
	};
	for (size_t i = 0; name && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (!sqlite3_stricmp(name, forbidden[i]))
			return 0;
	return 1;
}

static int authorize(void *arg, int action, const char *first, const char *second, const char *database, const char *view)
{
	const struct tr_trace *trace = arg;
	(void)first;
	(void)database;
	(void)view;
	if (!trace->locked_down)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return is_allowed_function(second) ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

/* Of the processor: a reader of the rows may take its time. */
static int64_t now_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec;
}

static void (*while_reading)(void);

void tr_while_reading(void (*works)(void)) { while_reading = works; }

int tr_is_late(const struct tr_trace *trace)
{
	if (while_reading)
		while_reading();
	return now_seconds() > trace->deadline_seconds;
}

static int count_steps(void *arg)
{
	struct tr_trace *trace = arg;
	return --trace->steps_left < 0 || tr_is_late(trace);
}

void tr_refill_steps(struct tr_trace *trace)
{
	trace->steps_left = (tr_steps_at_least + trace->stored_bytes * STEPS_PER_BYTE) / STEPS_PER_CALL;
	int64_t seconds = tr_seconds_at_least + trace->stored_bytes / BYTES_PER_SECOND;
	trace->deadline_seconds = now_seconds() + (seconds < SECONDS_AT_MOST ? seconds : SECONDS_AT_MOST);
	tr_limit_temporary(trace, tr_most_bytes(trace));
}

void tr_lift_steps(struct tr_trace *trace)
{
	trace->steps_left = tr_steps_asked / STEPS_PER_CALL;
	trace->deadline_seconds = now_seconds() + SECONDS_AT_MOST;
	tr_limit_temporary(trace, INT64_MAX);
}

int tr_guard(struct tr_trace *trace, struct tr_error *error)
{
	static const struct {
		int what, value;
	} settings[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
		{SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
	}, limits[] = {
		{SQLITE_LIMIT_LENGTH, LARGEST_VALUE_BYTES}, {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
		{SQLITE_LIMIT_ATTACHED, 0},          {SQLITE_LIMIT_EXPR_DEPTH, 200},
	};
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int rc = sqlite3_db_config(trace->db, settings[i].what, settings[i].value, NULL);
		if (rc != SQLITE_OK)
			return tr_fail_sqlite(trace, rc, error);
	}
	sqlite3_drop_modules(trace->db, NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		sqlite3_limit(trace->db, limits[i].what, limits[i].value);
	sqlite3_set_authorizer(trace->db, authorize, trace);
	tr_refill_steps(trace);
	sqlite3_progress_handler(trace->db, STEPS_PER_CALL, count_steps, trace);
	return 0;
}

void tr_lock_down(struct tr_trace *trace)
{
	trace->locked_down = 1;
}
