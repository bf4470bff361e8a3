/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * db_fuzz.c - a trace.db made to do harm, before the reader and before the drain that continues it. For
 * libFuzzer; without it fuzz_main.c makes the inputs.
 *
 * An input is operations on a small whole trace (fuzz_db.c): cells of any type and value, rows copied
 * and deleted, another schema, bytes of pages. Then queries run to their end, a report is printed,
 * and the trace is continued as if its run had died just now. All of that ends, changes nothing that is
 * only to be read, and never runs SQL from the file: whatever the file can name calls canary(), which
 * every connection of this process has.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drain/session.h"
#include "fuzz_db.h"
#include "fuzz_ring.h"
#include "libtrace/internal.h"
#include "report/flame.h"
#include "report/report.h"

#include "cli/terminal.h"

/* The page of a flame graph is what the build makes; here its data are enough. */
const char flame_page_html[] = "@DATA@", flame_page_css[] = "", flame_page_js[] = "";

/* The values of all rows, if it could be prepared (status 0), and its end. */
static void read_answer(struct tr_query *answer, int status, struct tr_error *error)
{
	int more = status;

	for (int rows = 0; !more && rows < 2000 && (more = tr_next(answer, error)) == 1; rows++) {
		for (size_t i = 0; i < tr_columns(answer); i++)
			FUZZ_CHECK(tr_text(answer, i, NULL) && tr_column_name(answer, i));
		more = 0;
	}
	tr_finish(answer);
	FUZZ_CHECK(more >= 0 || *error->text);
}

/* A third of the queries: another input has the others. */
static void query(struct tr_trace *trace, uint8_t which, const struct tr_argument *arguments, size_t count)
{
	struct tr_error error;

	for (const struct tr_embedded *q = tr_embedded_queries; q->name; q++) {
		if ((size_t)(q - tr_embedded_queries) % 3 != which % 3)
			continue;
		struct tr_query *answer;
		int status = tr_prepare(trace, &answer, q->name, NULL, arguments, count, &error);
		read_answer(answer, status, &error);
	}
}

/* The tables of single events and calls, by one query of several. */
static void ask(struct tr_trace *trace, uint8_t which)
{
	static const char *const queries[] = {
		"SELECT * FROM calls ORDER BY end_ticks", "SELECT * FROM events ORDER BY ticks, thread_id", "SELECT * FROM events WHERE time_ns > 1000 AND function_id = 1",
		"SELECT sum(self_ticks), count(*) FROM calls WHERE end_ns BETWEEN 1000 AND 1000000", "SELECT * FROM calls WHERE start_ticks < 5000 AND thread_id = 1",
		"SELECT * FROM allocations", "SELECT * FROM lock_ops", "SELECT * FROM blocks WHERE context_id > 0",
		"SELECT count(*) FROM events", "SELECT * FROM event_counts('context', NULL, 100000, 100)", "SELECT * FROM event_histogram('function')",
		"SELECT context_path(context_id), ns_of(context_id), ticks_of(context_id) FROM contexts",
		"SELECT quantile(histogram, 0.5), context_path(context_id), duration_text(total_ticks) FROM totals",
		"SELECT c.*, d.* FROM calls c JOIN calls d ON d.thread_id = c.thread_id AND d.start_ticks >= c.start_ticks AND d.end_ticks <= c.end_ticks LIMIT 500",
	};
	struct tr_error error;
	struct tr_query *answer;
	int status = tr_ask(trace, &answer, queries[which % (sizeof(queries) / sizeof(*queries))], &error);

	read_answer(answer, status, &error);
}

static void report_on(struct tr_trace *trace, uint8_t how)
{
	static const char *const rows[3][6] = {
		{"top", "top_threads", "tree", "threads", "suggest_filter", "messages"},
		{"callers", "callees", "paths", "tree_focus", "tree_inverted", "call_histogram"},
		{"coverage", "never_called", "why_missing", "source_functions", "source_lines", "single_calls"},
	};
	struct report report = {.trace = trace, .process_id = ANY, .thread_id = ANY, .age_ns = ANY, .stacks_ns = ANY, .now_ns = -1, .depth = NO_LIMIT, .window_ns = {0, INT64_MAX},
				.limit = how & 64 ? NO_LIMIT : 30};
	int status;

	report.sort = how >> 3 & 3 ? (how >> 3 & 3) - 1 : SORT_SELF;
	if (how & 32)
		report.thread_id = 1;
	if (how & 128)
		report.process_id = 1;
	if ((how & 84) == 84) { /* pictures; the bits that choose rows choose what is drawn */
		struct cli_buffer notes = {0};
		report.mode = how & 1 ? REPORT_GRAPH : REPORT_FLAME;
		report.notes = &notes;
		report.picture = "-";
		report.least = how & 2 ? 0.01 : 0;
		report.focus = how & 8 ? "*" : NULL;
		if (!(status = report_header(&report)))
			status = how & 1 ? report_graph(&report) : report_flame(&report);
		cli_buffer_fini(&notes);
	} else if (how & 4) {
		report.format = how & 1 ? CLI_FORMAT_CSV : CLI_FORMAT_JSON;
		report.only = report.focus = how & 8 ? "*" : NULL;
		report.depth = 10;
		const int row = how & 8 ? 1 + (how >> 4 & 1) : 0;
		if (row == 2 && how % 6 == 5) {
			report.mode = REPORT_SINGLE_CALLS;
			report.window_ns[1] = how & 32 ? 1000 : INT64_MAX;
			status = report_single_calls(&report);
		} else if (!row && how % 6 == 4) {
			report.mode = REPORT_SUGGEST;
			report.only = NULL;
			report.hooks_share = how & 32 ? 0.05 : 0;
			if (how & 16)
				report.format = CLI_FORMAT_TEXT;
			if (!(status = report_quiet_header(&report)))
				status = report_suggest_filter(&report);
		} else {
			status = report_rows(&report, rows[row][how % 6], NULL);
		}
	} else if (how % 4 == 3) { /* the heap: the bits that choose a thread elsewhere choose a report */
		report.mode = how & 32 ? REPORT_ALLOCS : how & 16 ? REPORT_LEAKS : REPORT_PEAK;
		report.by = how >> 3 & 3 ? (how >> 3 & 3) - 1 : BY_FUNCTION;
		report.histogram = report.mode == REPORT_ALLOCS && how & 64;
		report.sort = how & 8 && !report.histogram ? SORT_LIVE_BLOCKS : SORT_BYTES;
		report.thread_id = ANY;
		if (report.mode == REPORT_ALLOCS && how & 16) {
			report.mode = REPORT_BLOCKS;
			report.histogram = how & 128 ? 1 : 0;
			report.all = how & 64 ? 1 : 0;
		}
		if (report.mode == REPORT_PEAK && how & 64)
			report.mode = REPORT_MEMORY;
		if (report.mode == REPORT_LEAKS && how & 64) {
			report.mode = how & 128 ? REPORT_HEAP_AT : REPORT_GROWTH;
			report.span_ns[1] = report.at_ns = 1000000000;
		}
		if (!(status = report_header(&report)))
			status = report.mode == REPORT_ALLOCS ? report_allocs(&report)
				 : report.mode == REPORT_BLOCKS ? report_blocked(&report)
				 : report.mode == REPORT_MEMORY ? report_memory(&report)
				 : report.mode >= REPORT_HEAP_AT ? report_history(&report) : report_live(&report);
	} else if (how % 4 == 2 && !(how & 64) && how & 128) { /* with itself: all is read twice */
		report.mode = REPORT_DIFF;
		report.old = trace;
		report.by = how & 16 ? BY_CONTEXT : BY_FUNCTION;
		report.sort = how & 8 ? SORT_DIFF_BYTES : how & 32 ? SORT_DIFF_CALLS : SORT_DIFF_SELF;
		report.process_id = report.thread_id = ANY;
		if (!(status = report_diff_header(&report)))
			status = report_diff(&report);
	} else if (how % 4 == 2 && how & 64) {
		report.mode = how & 16 ? REPORT_STACKS : REPORT_THREADS;
		report.sort = how & 16 ? 0 : how >> 3 & 1 ? SORT_BLOCKED : SORT_CPU;
		if (how & 16 && how & 8)
			report.stacks_ns = how & 128 ? 100 : 1000000;
		report.process_id = ANY;
		if (!(how & 16) && how & 128) {
			report.by = BY_CREATOR;
			report.thread_id = ANY;
		}
		if (!(status = report_header(&report)))
			status = how & 16 ? report_stacks(&report) : report_threads(&report);
	} else {
		report.with_heap = how % 4 < 2 && how & 64 && !(how & 32);
		report.with_blocks = how % 4 < 2 && how & 64 && how & 32;
		report.sort += !(how & 8) ? 0 : report.with_heap ? SORT_HEAP_BYTES : report.with_blocks ? SORT_BLOCKED_TIME : 0;
		if (report.with_heap && report.sort > SORT_HEAP_ALLOCS)
			report.sort = SORT_HEAP_ALLOCS;
		if (report.sort > SORT_LOCK_TIME)
			report.sort = SORT_LOCK_TIME;
		if (report.with_blocks) {
			report.thread_id = ANY;
			report.all = how & 16 ? 1 : 0;
		}
		if (!(status = report_header(&report)))
			status = how % 4 == 0 ? report_top(&report) : how % 4 == 1 ? report_tree(&report) : report_info(&report);
	}
	FUZZ_CHECK(status == 0 || *report.error.text);
	cli_buffer_fini(&report.out);
}

/* Time goes on in a thread, and what ends has begun. */
struct seen {
	int64_t thread_id, ns;
	unsigned open, count;
};

static int see(void *arg, const struct tr_happened *h)
{
	struct seen *s = arg;

	if (h->thread_id != s->thread_id) {
		FUZZ_CHECK(!s->open);
		s->thread_id = h->thread_id;
		s->ns = 0;
	}
	FUZZ_CHECK(h->ns >= s->ns);
	s->ns = h->ns;
	FUZZ_CHECK(h->what != TR_ENDS || s->open);
	s->open += h->what <= TR_PAUSED;
	s->open -= h->what == TR_ENDS;
	return ++s->count > 100000;
}

static void see_events(struct tr_trace *trace, uint8_t how)
{
	const struct tr_window window = {how & 1 ? 0 : 1000, how & 2 ? INT64_MAX : 1000000, -1, -1, NULL};
	struct seen seen = {0};
	struct tr_error error = {0};
	const int status = tr_timeline(trace, &window, see, &seen, &error);

	FUZZ_CHECK(status < 0 ? *error.text : status || !seen.open);
}

static void read_it(const char *path, uint8_t how, uint8_t what)
{
	struct tr_argument arguments[] = {{.name = "limit", .type = TR_INTEGER, .integer = 50},
					  {.name = how & 2 ? "process" : "thread", .type = TR_INTEGER, .integer = 1}};
	struct tr_error error;
	struct tr_trace *trace;

	const char *const twice[] = {path, path};
	if (what >> 2 & 8 ? tr_open_merged(&trace, twice, 2, &error) : tr_open(&trace, path, &error)) {
		FUZZ_CHECK(!trace && error.code < 0 && !strncmp(error.text, path, strlen(path)));
		return;
	}
	query(trace, what >> 2, arguments, how % 3);
	ask(trace, (uint8_t)(what ^ how >> 2));
	report_on(trace, how);
	see_events(trace, how >> 2);
	tr_close(trace);
}

static void set_up(void)
{
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("COLUMNS", "80", 1);
	cli_start("db_fuzz");
	if (!freopen("/dev/null", "w", stdout))
		exit(2);
	/* Enough for every honest query of so small a file; an endless one ends soon. */
	tr_steps_at_least = 2 * 1000 * 1000;
	tr_steps_asked = 2 * 1000 * 1000;
	fuzz_db_open();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static int ready;
	struct fuzz_input in = {data, bytes}, none = {NULL, 0};
	struct fuzz_ring ring;
	struct fuzz_file file;
	char path[160], error[600] = "";

	if (!ready)
		set_up();
	ready = 1;
	uint8_t how = fuzz_byte(&in), what = fuzz_byte(&in);
	fuzz_db_make(&file, &in);
	fuzz_ring_make(&ring, &none);
	snprintf(path, sizeof(path), "%s/trace.db", ring.out);
	fuzz_db_write(&file, path);
	fuzz_db_arm(1);
	if (what % 4 != 1) {
		read_it(path, how, what);
		FUZZ_CHECK(file.beside_bytes || fuzz_db_is(&file, path));
	}
	if (what % 4 < 2) {
		int r = fuzz_ring_drain(ring.folder, error, sizeof(error));
		FUZZ_CHECK(r == 0 || *error);
	}
	fuzz_db_arm(0);
	fuzz_ring_remove(&ring, 1);
	fuzz_db_free(&file);
	return 0;
}
