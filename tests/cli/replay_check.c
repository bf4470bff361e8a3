/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * replay_check.c - what was alive at each moment that a trace keeps, made again by the events: from the moment before,
 * from others before, and from the start. It must be what is kept, to the unit, and at the end what is alive then.
 *
 *     replay_check TRACE...     prints what it has compared; exit status 1: something differs
 */
#include "libtrace/heap_events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/cct.h"

struct list {
	struct tr_heap_change *at;
	size_t count, room;
};

static int failures;
static long compared, replays;
static int64_t chunks_read;
static sqlite3 *db;

static void add(struct list *l, struct tr_heap_change c)
{
	if (!irt_grow(&l->at, &l->room, l->count + 1, sizeof(*l->at)))
		abort();
	l->at[l->count++] = c;
}

/* Of a statement with context, site, blocks, bytes; parameters 1 process, 2 ticks. */
static struct list read_rows(const char *sql, int64_t process, int64_t ticks)
{
	struct list l = {0};
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
		fprintf(stderr, "replay_check: %s\n", sqlite3_errmsg(db));
		exit(2);
	}
	sqlite3_bind_int64(s, 1, process);
	sqlite3_bind_int64(s, 2, ticks);
	while (sqlite3_step(s) == SQLITE_ROW)
		add(&l, (struct tr_heap_change){(uint32_t)(sqlite3_column_int64(s, 0) % IRT_CCT_ID_SPAN), (uint32_t)sqlite3_column_int64(s, 1),
						sqlite3_column_int64(s, 2), sqlite3_column_int64(s, 3)});
	sqlite3_finalize(s);
	return l;
}

static struct list kept_at(int64_t process, int64_t ticks)
{
	return read_rows("SELECT context_id, site_id, live_blocks, live_bytes FROM heap_history h"
			 " WHERE context_id >> 21 = ?1 - 1 AND ticks = (SELECT max(ticks) FROM heap_history z WHERE"
			 " z.context_id = h.context_id AND z.site_id = h.site_id AND z.ticks <= ?2) ORDER BY 1, 2", process, ticks);
}

static struct list at_end(int64_t process)
{
	return read_rows("SELECT context_id, site_id, allocs - frees, bytes - freed_bytes FROM heap_totals"
			 " WHERE context_id >> 21 = ?1 - 1 ORDER BY 1, 2", process, 0);
}

static int64_t key(const struct tr_heap_change *c) { return (int64_t)((uint64_t)c->context << 32 | c->site_id); }

/* before + changes = behind? */
static void compare(const char *path, int64_t from, int64_t to, const struct list *before, const struct list *changes, const struct list *behind)
{
	size_t i = 0, k = 0, n = 0;
	while (i < before->count || k < changes->count || n < behind->count) {
		int64_t least = INT64_MAX, blocks = 0, bytes = 0, true_blocks = 0, true_bytes = 0;
		if (i < before->count && key(&before->at[i]) < least)
			least = key(&before->at[i]);
		if (k < changes->count && key(&changes->at[k]) < least)
			least = key(&changes->at[k]);
		if (n < behind->count && key(&behind->at[n]) < least)
			least = key(&behind->at[n]);
		for (; i < before->count && key(&before->at[i]) == least; i++)
			blocks += before->at[i].blocks, bytes += before->at[i].bytes;
		for (; k < changes->count && key(&changes->at[k]) == least; k++)
			blocks += changes->at[k].blocks, bytes += changes->at[k].bytes;
		for (; n < behind->count && key(&behind->at[n]) == least; n++)
			true_blocks = behind->at[n].blocks, true_bytes = behind->at[n].bytes;
		compared++;
		if (blocks == true_blocks && bytes == true_bytes)
			continue;
		failures++;
		printf("%s: from %" PRId64 " to %" PRId64 ", context %" PRId64 " site %" PRId64 ": %" PRId64 " blocks of %" PRId64
		       " bytes, kept are %" PRId64 " of %" PRId64 "\n", path, from, to, least >> 32, least & UINT32_MAX, blocks, bytes,
		       true_blocks, true_bytes);
	}
}

static void replay(struct tr_trace *trace, int64_t process, int64_t from, int64_t to, const struct list *behind)
{
	struct tr_heap_events h;
	struct tr_error error = {0};
	struct list before = from == INT64_MIN ? (struct list){0} : kept_at(process, from), changes = {0};
	int status;

	trace->locked_down = 0;
	tr_refill_steps(trace);
	if (!(status = tr_heap_events_open(&h, trace, process, to, &error)))
		status = tr_heap_changes(&h, from, to, &changes.at, &changes.count);
	trace->locked_down = 1;
	if (status) {
		failures++;
		printf("%s: from %" PRId64 " to %" PRId64 ": %d %s%s\n", tr_path(trace), from, to, status, h.why, error.text);
	} else {
		compare(tr_path(trace), from, to, &before, &changes, behind);
	}
	replays++;
	chunks_read += h.chunks_read;
	tr_heap_events_close(&h);
	free(before.at);
	free(changes.at);
}

static void check_process(struct tr_trace *trace, int64_t process)
{
	int64_t *moments = NULL;
	size_t count = 0, room = 0;
	struct list l = read_rows("SELECT 0, 0, ticks, 0 FROM heap_moments WHERE process_id = ?1 ORDER BY ticks", process, 0);
	struct list end = at_end(process);

	for (size_t i = 0; i < l.count; i++) {
		if (!irt_grow(&moments, &room, count + 1, sizeof(*moments)))
			abort();
		moments[count++] = l.at[i].blocks;
	}
	for (size_t i = 0; i <= count; i++) {
		struct list behind = i < count ? kept_at(process, moments[i]) : end;
		int64_t to = i < count ? moments[i] : INT64_MAX - 1;
		replay(trace, process, i ? moments[i - 1] : INT64_MIN, to, &behind);
		if (i > 1) {
			replay(trace, process, moments[(i * 7 + 3) % (i - 1)], to, &behind);
			replay(trace, process, INT64_MIN, to, &behind);
		}
		if (i < count)
			free(behind.at);
	}
	free(moments);
	free(l.at);
	free(end.at);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct tr_trace *trace;
		struct tr_error error;
		if (tr_open(&trace, argv[i], &error) || sqlite3_open_v2(argv[i], &db, SQLITE_OPEN_READONLY, NULL)) {
			fprintf(stderr, "replay_check: %s\n", error.text);
			return 2;
		}
		struct list processes = read_rows("SELECT 0, 0, process_id, 0 FROM heaps ORDER BY 1", 0, 0);
		for (size_t k = 0; k < processes.count; k++)
			check_process(trace, processes.at[k].blocks);
		free(processes.at);
		sqlite3_close(db);
		tr_close(trace);
	}
	printf("%ld replays over %" PRId64 " chunks, %ld rows compared, %d differ\n", replays, chunks_read, compared, failures);
	return failures ? 1 : replays < 2 ? 2 : 0;
}
