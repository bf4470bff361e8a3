/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * main.c - instr-report: profiles from a trace. Reads the command line, opens the trace, lets one of
 * top.c, tree.c, calls.c, paths.c, single.c, list.c, coverage.c, why.c, suggest.c, threads.c, stacks.c, info.c, blocks.c, locks.c, waits.c, order.c, allocs.c, live.c, memory.c, history.c, flame.c and graph.c answer.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "instr/version.h"

/* Rows of text. Those with call paths take several lines each. */
enum { TOP_LIMIT = 30, TREE_LIMIT = 100, INFO_LIMIT = 20, PATHS_LIMIT = 15, MEMORY_LIMIT = 20, STACKS_LIMIT = 20, GRAPH_LIMIT = 80, SQL_LIMIT = 1000, LIST_LIMIT = 5 };
enum { INVERTED_DEPTH = 10 }; /* each level more is another row for each context */
static const double tree_least_percent = 0.5;

/* What rows can be sorted by, by mode; in the order of its enum in report.h. The first is the default, but of
 * --tree, --callers and --callees. */
static const char *const sorts[REPORT_MODES][13] = {
	[REPORT_THREADS] = {"cpu", "ready", "blocked", "self", "calls", "lived", "lock"},
	[REPORT_TOP] = {"self", "total", "calls", "bytes", "allocs", "blocked", "lock"},
	[REPORT_TREE] = {"self", "total", "calls", "bytes", "allocs", "blocked", "lock"},
	[REPORT_CALLERS] = {"self", "total", "calls"},
	[REPORT_CALLEES] = {"self", "total", "calls"},
	[REPORT_PATHS] = {"self", "total", "calls"},
	[REPORT_DIFF] = {"self", "total", "calls", "bytes", "allocs", "blocked", "lock", "acquisitions"},
	[REPORT_BLOCKS] = {"time", "calls", "bytes", "longest", "failed"},
	[REPORT_LOCKS] = {"wait", "hold", "acquisitions", "contended"},
	[REPORT_WAITS] = {"wait", "contended"},
	[REPORT_ALLOCS] = {"bytes", "total", "allocs", "live", "peak", "temporary", "crossed", "resized", "failed", "freed", "copied"},
	[REPORT_LEAKS] = {"bytes", "blocks", "age"},
	[REPORT_PEAK] = {"bytes", "blocks"},
	[REPORT_HEAP_AT] = {"bytes", "blocks"},
	[REPORT_GROWTH] = {"bytes", "blocks"},
};

static struct report report = {.process_id = ANY, .thread_id = ANY, .by = CLI_UNSET, .age_ns = ANY, .lock = ANY, .one_lock = ANY, .depth = CLI_UNSET, .at_ns = ANY,
			       .stacks_ns = ANY, .now_ns = -1,
			       .span_ns = {CLI_UNSET, CLI_UNSET}, .window_ns = {CLI_UNSET, CLI_UNSET}};
static int mode = CLI_UNSET, format = CLI_FORMAT_TEXT, blocks, no_pager;
static int64_t limit = CLI_UNSET;
static double least_percent = CLI_UNSET, hooks_percent = CLI_UNSET;
static const char *thread, *sort, *callers, *callees, *calls, *old_path, *listed, *missing, *flame, *graph, *rules;
static int shell;

static const struct cli_option options[] = {
	{CLI_HEADING, .name = "Reports"},
	{CLI_MODE, .name = "top", .mode = REPORT_TOP, .value = &mode,
	 .help = "functions, those with the most time first (the default)"},
	{CLI_MODE, .name = "tree", .mode = REPORT_TREE, .value = &mode,
	 .help = "calling contexts: what each function called, and from where"},
	{CLI_TEXT, .name = "callers", .argument = "NAME", .value = &callers,
	 .help = "who calls this function, how often, and what these calls took; NAME with or without its parameters, * stands for "
		 "anything; or /REGEX/, a POSIX extended regular expression"},
	{CLI_TEXT, .name = "callees", .argument = "NAME", .value = &callees,
	 .help = "what this function calls, how often, and what that took"},
	{CLI_MODE, .name = "paths", .mode = REPORT_PATHS, .value = &mode,
	 .help = "call paths, those in which the most time was spent first"},
	{CLI_TEXT, .name = "calls", .argument = "NAME", .value = &calls,
	 .help = "the longest single calls of this function, by the events: when each began, how long it took, in which thread and by "
		 "which path, what it waited for and allocated, with all that it called"},
	{CLI_TEXT, .name = "list", .argument = "NAME", .value = &listed,
	 .help = "the source of this function; beside its lines what the trace knows of them: its calls and times, and where it "
		 "allocates, waits, blocks and creates threads"},
	{CLI_MODE, .name = "coverage", .mode = REPORT_COVERAGE, .value = &mode,
	 .help = "which functions with hooks were called at all, and how many never were, by source file"},
	{CLI_TEXT, .name = "why-missing", .argument = "NAME", .value = &missing,
	 .help = "why this function is not in the profile: never called, without hooks and why, inlined ..."},
	{CLI_PERCENT, .name = "suggest-filter", .argument = "PERCENT", .value = &hooks_percent,
	 .help = "a settings file (INSTR_CONFIG) for compiling without the hooks of functions whose calls are the shortest, or for running with them "
		 "off, so that hooks take at most such a share of the program's own time; with an estimate for each function"},
	{CLI_FILE, .name = "flame", .argument = "FILE.html", .value = &flame,
	 .help = "a flame graph of all call paths as one page for a browser, which needs nothing else: zoom, search, time, calls, memory and waits; "
		 "- for the standard output"},
	{CLI_FILE, .name = "graph", .argument = "FILE.svg|png|dot", .value = &graph,
	 .help = "who calls whom as a picture: boxes by time, arrows with calls and time; svg and png are drawn by Graphviz's program dot; "
		 "- for the text that it reads"},
	{CLI_MODE, .name = "threads", .mode = REPORT_THREADS, .value = &mode,
	 .help = "threads: how long each lived, ran, was ready without a processor, slept or waited, and what it called"},
	{CLI_MODE, .name = "stacks", .mode = REPORT_STACKS, .value = &mode,
	 .help = "the calls that are open in every thread, at the last checkpoint or at the end; threads with the same ones together"},
	{CLI_MODE, .name = "info", .mode = REPORT_INFO, .value = &mode,
	 .help = "the recording itself: processes, threads, open calls, losses, functions without hooks, settings, messages"},
	{CLI_FLAG, .name = "blocks", .value = &blocks,
	 .help = "calls that may block (reads and writes, waits for children and threads ...): how long, how often, how much, and on "
		 "what kind of descriptor; waits for work (accept, poll, sleep, signals, conditions, semaphores) apart. With --top or --tree: the time in such "
		 "calls, and that locks were waited for, beside theirs, in the function itself and in all that it called"},
	{CLI_MODE, .name = "locks", .mode = REPORT_LOCKS, .value = &mode,
	 .help = "locks: how often each was taken, how long it was waited for and held; with --lock one of them, by calling context"},
	{CLI_MODE, .name = "waits", .mode = REPORT_WAITS, .value = &mode,
	 .help = "who waited for whom for locks, and what that one did meanwhile: waited for another lock himself, was in a call that "
		 "blocks ..."},
	{CLI_MODE, .name = "lock-order", .mode = REPORT_LOCK_ORDER, .value = &mode,
	 .help = "locks that are taken in an order that goes round in a circle: deadlocks that may happen, although none did"},
	{CLI_MODE, .name = "allocs", .mode = REPORT_ALLOCS, .value = &mode,
	 .help = "who allocates: how much, how often, what of it was alive at the end and at the peak"},
	{CLI_MODE, .name = "leaks", .mode = REPORT_LEAKS, .value = &mode,
	 .help = "what was alive at the end (or at the last checkpoint), by calling context and place"},
	{CLI_MODE, .name = "peak", .mode = REPORT_PEAK, .value = &mode,
	 .help = "what was alive when the most bytes were, by calling context and place"},
	{CLI_MODE, .name = "memory", .mode = REPORT_MEMORY, .value = &mode,
	 .help = "the heap over time: what was alive, how much was allocated per second, what was resident"},
	{CLI_DURATION, .name = "heap-at", .argument = "TIME", .value = &report.at_ns,
	 .help = "what was alive so long after the start of the run, such as 500ms, 10s or 5min, by calling context and place: "
		 "exactly then, by the events (behind the end: the end); where events are not kept, at the last moment up to it that "
		 "is (about every second), as --show-sql has it"},
	{CLI_SPAN, .name = "growth", .argument = "T1..T2", .value = report.span_ns,
	 .help = "how what was alive differs between two such times, what grew most first: 2s..5s; from the start without T1, to "
		 "the end without T2"},
	{CLI_FILE, .name = "diff", .argument = "OLD", .value = &old_path,
	 .help = "what changed since the trace OLD, by function or (--by context) by call path: calls, allocations and locks exactly, times also "
		 "as a statement about how long calls took, each change of time split into more calls and dearer calls"},
	{CLI_TEXT, .name = "gate", .argument = "RULES", .value = &rules,
	 .help = "does the trace keep to rules, of a file or given here: 'p99 of handle <= 2 ms; no allocation under audio_callback', with --diff OLD also "
		 "'calls of parse +0 %; no slowdown of *' (docs/diff.md)? Says what breaks one, and then exits with 1"},
	{CLI_TEXT, .name = "sql", .argument = "QUERY", .value = &report.sql,
	 .help = "the answer to a query of your own, over the tables and views of the trace and the tables of its single events and calls "
		 "(events, calls, allocations, lock_ops, blocks: docs/sql.md)"},
	{CLI_FLAG, .name = "shell", .value = &shell,
	 .help = "starts the program sqlite3 on the trace, with the tables of single events and calls loaded"},
	{CLI_HEADING, .name = "What to show"},
	{CLI_TEXT, .name = "sort", .letter = 's', .argument = "KEY",
	 .choices = "self|total|calls|cpu|ready|blocked|lived|lock|wait|hold|acquisitions|contended|bytes|allocs|live|peak|temporary|crossed|resized|copied|failed|freed|blocks|age|time|longest", .value = &sort,
	 .help = "order by time without callees (self), time with callees (total), or number of calls (--top: self, --tree, --callers, --callees: total); "
		 "--threads: by cpu, ready, blocked, self, calls, lived, lock; --locks: by wait, hold, acquisitions, contended; --waits: by wait, contended; "
		 "--allocs: by bytes, total (with callees), allocs, live (at the end), peak, temporary, crossed (freed by another "
		 "thread), resized (by realloc: how often per block, and what that copied), copied, failed, freed (by it); --leaks: by bytes, blocks, age; --peak, --heap-at, --growth: by bytes, blocks; --blocks: by time, calls, bytes, longest, failed; with --heap, --top and --tree also by bytes, allocs, with --blocks by blocked, lock; --diff: by the change of self, total, calls, bytes, allocs, blocked, lock (waits), acquisitions"},
	{CLI_NUMBER, .name = "lock", .argument = "N", .value = &report.lock,
	 .help = "--locks: only the lock with this number: where it was taken, waited for and held, and who waited for whom"},
	{CLI_FLAG, .name = "heap", .value = &report.with_heap,
	 .help = "--top, --tree: the memory beside the time, what was allocated in the function itself and in all that it called"},
	{CLI_FLAG, .name = "all", .value = &report.all, .help = "--blocks: waits for work too; --lock-order: all orders"},
	{CLI_TEXT, .name = "only", .argument = "NAME", .value = &report.only,
	 .help = "--top: only functions of this name, named as with --callers; --blocks: only calls of "
		 "this function (read, poll ...), or made by it"},
	{CLI_TEXT, .name = "focus", .argument = "NAME", .value = &report.focus,
	 .help = "--tree, --paths, --flame, --graph: only call paths through functions of this name, named as with --callers; what calls these has the "
		 "time of such paths"},
	{CLI_TEXT, .name = "ignore", .argument = "NAME", .value = &report.ignore,
	 .help = "--tree, --paths, --flame, --graph: without call paths through functions of this name"},
	{CLI_FLAG, .name = "inverted", .value = &report.inverted,
	 .help = "--tree, --flame: functions by their own time, and below each what calls it, and what calls that"},
	{CLI_NUMBER, .name = "depth", .argument = "N", .value = &report.depth,
	 .help = "--tree: at most N levels, 0 for all (--inverted: 10)"},
	{CLI_FLAG, .name = "histogram", .value = &report.histogram,
	 .help = "--allocs: how large blocks are and how long they live; --top, --blocks: how long calls took; --locks: how long locks were waited "
		 "for and held; of all rows, of the first N with --limit N, or (--locks) of the one with --lock N"},
	{CLI_CHOICE, .name = "by", .argument = "WHAT", .choices = "function|site|context|type|waiter|holder|thread|creator|file|image", .value = &report.by,
	 .help = "--allocs, --blocks: a row for each function, each place in the source (site), each place and call path (context), or (--allocs) each type of what is allocated; --waits: who waited for whom by function, by calling context, by who waited (waiter), by whom that was for (holder), or by thread; --threads: creator, a row for each call path and place that has created threads; --diff: a row for each function, or each call path (context); --coverage: by source file or image, or (function) those that were never called"},
	{CLI_CHOICE, .name = "kind", .argument = "WHAT", .choices = "heap|pools|mappings", .value = &report.kind,
	 .help = "--allocs, --leaks, --peak, --heap-at, --growth: the heap, or what counts apart from it: pools that the program tells "
		 "of (instr_pool_alloc), or what it maps (mmap, sbrk)"},
	{CLI_DURATION, .name = "at", .argument = "TIME", .value = &report.stacks_ns,
	 .help = "--stacks: so long after the start of the run, such as 500ms, 10s or 5min, by the events"},
	{CLI_DURATION, .name = "from", .argument = "TIME", .value = &report.window_ns[0],
	 .help = "--top, --tree, --callers, --callees, --paths: only what was so long after the start of the run or later, by the events: calls that "
		 "began then, and the time that was spent then; --calls: only calls that began then"},
	{CLI_DURATION, .name = "to", .argument = "TIME", .value = &report.window_ns[1],
	 .help = "the same, up to then"},
	{CLI_TEXT, .name = "source-path", .argument = "FOLDERS", .value = &report.source_path,
	 .help = "--list: where to look for source files first, A or A:B: for their whole path, as it was when they were compiled, and for "
		 "as much of its end as is there"},
	{CLI_DURATION, .name = "age", .argument = "TIME", .value = &report.age_ns,
	 .help = "--leaks: only blocks at least so old at the end, such as 500ms, 10s or 5min"},
	{CLI_NUMBER, .name = "limit", .letter = 'n', .argument = "N", .value = &limit,
	 .help = "at most N rows, 0 for all (text: 30, --tree 100, --stacks 20, --info 20 of each, --graph 80 functions, --memory 20 with the first, the last and the "
		 "nearest to the peak, with call paths 15, --list 5 functions and 100 at most; csv and json: all; --calls: 10000 at most)"},
	{CLI_PERCENT, .name = "min", .argument = "PERCENT", .value = &least_percent,
	 .help = "--diff: hide changes that are a smaller share of the old trace; --tree: hide contexts with a smaller share of the time, and with --heap of the bytes, with --blocks of the waits (text: 0.5; csv and json: 0); "
		 "--graph: functions (0.5), and calls with a fifth of it; --flame: add up what has less of everything (0)"},
	{CLI_TEXT, .name = "thread", .letter = 't', .argument = "N|NAME", .value = &thread,
	 .help = "only the thread with this number, or the threads with this name (--info lists them)"},
	{CLI_NUMBER, .name = "process", .letter = 'p', .argument = "N", .value = &report.process_id,
	 .help = "only the process with this number (--info lists them)"},
	{CLI_HEADING, .name = "How to show it"},
	{CLI_CHOICE, .name = "format", .letter = 'f', .argument = "FORMAT", .choices = "text|csv|json", .value = &format,
	 .help = "for people, or rows for programs: nanoseconds and bytes there, columns named as in the views"},
	{CLI_FLAG, .name = "show-sql", .value = &report.show_sql,
	 .help = "print the query instead of running it; sqlite3 trace.db runs it too (with --thread: without its two lines of percentiles; not that of --histogram)"},
	{CLI_FLAG, .name = "no-pager", .value = &no_pager, .help = "do not start a pager on a terminal"},
	{0},
};

/* A number is a thread's, anything else a name. */
static void choose_thread(void)
{
	char *end;
	if (!thread)
		return;
	long long number = *thread >= '0' && *thread <= '9' ? strtoll(thread, &end, 10) : -1;
	if (number >= 0 && !*end)
		report.thread_id = number;
	else
		report.thread_name = thread;
}

/* Some reports are options with a value, and one goes beside two others. Returns CLI_GO, or the exit status. */
static int choose_mode(void)
{
	const struct { const char *name; int given, mode; } valued[] = {
		{"callers", callers != NULL, REPORT_CALLERS}, {"callees", callees != NULL, REPORT_CALLEES}, {"calls", calls != NULL, REPORT_SINGLE_CALLS},
		{"list", listed != NULL, REPORT_LIST}, {"why-missing", missing != NULL, REPORT_WHY_MISSING}, {"suggest-filter", hooks_percent >= 0, REPORT_SUGGEST},
		{"flame", flame != NULL, REPORT_FLAME}, {"graph", graph != NULL, REPORT_GRAPH},
		{"heap-at", report.at_ns != ANY, REPORT_HEAP_AT}, {"growth", report.span_ns[0] != CLI_UNSET, REPORT_GROWTH},
		{"sql", report.sql != NULL, REPORT_SQL}, {"shell", shell, REPORT_SHELL},
		{"diff", old_path && !rules && !flame, REPORT_DIFF}, {"gate", rules != NULL, REPORT_GATE},
	};
	const char *named = NULL;
	int with_value = CLI_UNSET;

	for (size_t i = 0; i < sizeof(valued) / sizeof(*valued); i++) {
		if (!valued[i].given)
			continue;
		if (named)
			return cli_wrong_usage("--%s and --%s exclude each other", named, valued[i].name);
		named = valued[i].name;
		with_value = valued[i].mode;
	}
	report.with_blocks = blocks && (mode == REPORT_TOP || mode == REPORT_TREE);
	for (const struct cli_option *o = options; o->kind; o++) {
		if (o->kind != CLI_MODE || o->mode != mode)
			continue;
		if (named)
			return cli_wrong_usage("--%s and --%s exclude each other", o->name, named);
		if (blocks && !report.with_blocks)
			return cli_wrong_usage("--blocks and --%s exclude each other", o->name);
	}
	if (blocks && named)
		return cli_wrong_usage("--blocks and --%s exclude each other", named);
	if (blocks && !report.with_blocks)
		mode = REPORT_BLOCKS;
	if (named)
		mode = with_value;
	return CLI_GO;
}

/* What rows --by may ask for, by mode. */
static int check_by(void)
{
	static const struct { uint8_t mode, allowed[BYS]; const char *said; } choices[] = {
		{REPORT_ALLOCS, {[BY_FUNCTION] = 1, [BY_SITE] = 1, [BY_CONTEXT] = 1, [BY_TYPE] = 1}, "--allocs goes with --by function, site, context or type"},
		{REPORT_BLOCKS, {[BY_FUNCTION] = 1, [BY_SITE] = 1, [BY_CONTEXT] = 1}, "--blocks goes with --by function, site or context"},
		{REPORT_WAITS, {[BY_FUNCTION] = 1, [BY_CONTEXT] = 1, [BY_WAITER] = 1, [BY_HOLDER] = 1, [BY_THREAD] = 1},
		 "--waits goes with --by function, context, waiter, holder or thread"},
		{REPORT_THREADS, {[BY_CREATOR] = 1}, "--threads goes with --by creator"},
		{REPORT_DIFF, {[BY_FUNCTION] = 1, [BY_CONTEXT] = 1}, "--diff goes with --by function or context"},
		{REPORT_COVERAGE, {[BY_FUNCTION] = 1, [BY_FILE] = 1, [BY_IMAGE] = 1}, "--coverage goes with --by file, image or function"},
	};

	if (report.by == CLI_UNSET)
		return CLI_GO;
	if (report.by == BY_CREATOR && mode == REPORT_THREADS && (sort || thread))
		return cli_wrong_usage("--by creator is by number of threads, of all: --sort and --thread do not go with it");
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		if (choices[i].mode == mode)
			return choices[i].allowed[report.by] ? CLI_GO : cli_wrong_usage("%s", choices[i].said);
	return cli_wrong_usage(report.with_blocks ? "--by goes with --blocks alone" : "--by goes with --allocs, --blocks, --coverage, --waits, --threads and --diff");
}

/* Regular expressions can be wrong, and are then wrong somewhere. */
static int check_regex(const char *option, const char *name)
{
	enum { SHOWN = 40 };
	const char *wrong;
	size_t at;

	if (!name || !tr_is_regex(name) || !(wrong = tr_check_regex(name, &at)))
		return CLI_GO;
	if (!at)
		return cli_wrong_usage("the regular expression of --%s cannot be used: %s", option, wrong);
	const int rest = (int)(strlen(name + at) - 1);
	return cli_wrong_usage("the regular expression of --%s is wrong from its byte %zu on, '%.*s': %s", option, at, rest < SHOWN ? rest : SHOWN,
			       name + at, wrong);
}

/* Names that were given must be some. */
static int check_names(void)
{
	const struct { const char *option, *name; } names[] = {
		{"callers", callers}, {"callees", callees}, {"calls", calls}, {"list", listed}, {"why-missing", missing}, {"only", report.only}, {"focus", report.focus}, {"ignore", report.ignore},
	};
	int status = CLI_GO;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && status == CLI_GO; i++)
		status = names[i].name && !*names[i].name ? cli_wrong_usage("--%s takes the name of a function", names[i].option)
							  : check_regex(names[i].option, names[i].name);
	return status;
}

/* What a window of time can be told of. */
static int check_window(void)
{
	const char *option = report.window_ns[0] != CLI_UNSET ? "from" : "to";

	if (mode != CLI_UNSET && mode != REPORT_TOP && mode != REPORT_TREE && mode != REPORT_CALLERS && mode != REPORT_CALLEES && mode != REPORT_PATHS && (old_path || !(flame || graph)))
		return cli_wrong_usage("--%s goes with --top, --tree, --callers, --callees, --paths, --flame, --graph and --calls%s", option,
				       mode >= REPORT_ALLOCS ? " (the heap at a time: --heap-at, between two: --growth)" : "");
	if (report.with_heap || report.with_blocks)
		return cli_wrong_usage("--%s does not go with --%s", option, report.with_heap ? "heap" : "blocks");
	if (report.show_sql)
		return cli_wrong_usage("--show-sql does not go with --%s: calls and times of a window are read from the events, which SQL does not see", option);
	return CLI_GO;
}

/* What a report would pass over is not what was meant. */
static int check_mode(void)
{
	int status;

	if ((status = check_names()) != CLI_GO)
		return status;

	if ((mode == REPORT_SQL || mode == REPORT_SHELL) && (thread || sort || report.process_id != ANY || report.show_sql))
		return cli_wrong_usage("--%s goes with none of --thread, --process, --sort and --show-sql: a query says all of this itself",
				       mode == REPORT_SQL ? "sql" : "shell");
	if (mode == REPORT_SHELL && (format != CLI_FORMAT_TEXT || limit != CLI_UNSET))
		return cli_wrong_usage("--shell goes with neither --format nor --limit");
	if (mode == REPORT_INFO && (thread || report.process_id != ANY))
		return cli_wrong_usage("--info shows the whole run: --thread and --process go with --top, --tree, --threads and --stacks");
	if (mode == REPORT_BLOCKS && thread)
		return cli_wrong_usage("calls that may block are added up over all threads of a process: --thread goes with --top and --tree");
	if (report.with_blocks && thread)
		return cli_wrong_usage("calls that may block and waits for locks are added up over all threads of a process: --blocks does "
				       "not go with --thread");
	if (report.with_blocks && report.with_heap)
		return cli_wrong_usage("--heap and --blocks exclude each other");
	if (mode != REPORT_BLOCKS && mode != REPORT_LOCK_ORDER && !report.with_blocks && report.all)
		return cli_wrong_usage("--all goes with --blocks and --lock-order");
	if (mode == REPORT_LOCKS && thread)
		return cli_wrong_usage("locks belong to all threads of a process: --thread goes with --top and --tree");
	if ((mode == REPORT_WAITS || mode == REPORT_LOCK_ORDER) && thread)
		return cli_wrong_usage("locks belong to all threads of a process: --thread does not go with --%s (--waits --by thread shows each)",
				       mode == REPORT_WAITS ? "waits" : "lock-order");
	if (mode != REPORT_LOCKS && report.lock != ANY)
		return cli_wrong_usage("--lock goes with --locks");
	if ((mode == REPORT_DIFF || mode == REPORT_GATE) && (thread || report.process_id != ANY))
		return cli_wrong_usage("--%s is about whole runs: --thread and --process do not go with it", mode == REPORT_DIFF ? "diff" : "gate");
	if (mode >= REPORT_ALLOCS && thread)
		return cli_wrong_usage("the heap belongs to all threads of a process: --thread goes with --top, --tree, --threads and --stacks");
	if ((mode == REPORT_COVERAGE || mode == REPORT_WHY_MISSING || mode == REPORT_LIST) && (sort || thread))
		return cli_wrong_usage("--%s does not go with --%s", sort ? "sort" : "thread", mode == REPORT_COVERAGE ? "coverage" :
				       mode == REPORT_LIST ? "list" : "why-missing");
	if (mode != REPORT_LIST && report.source_path)
		return cli_wrong_usage("--source-path goes with --list");
	if (mode == REPORT_WHY_MISSING && report.process_id != ANY)
		return cli_wrong_usage("--why-missing is about the whole run: --process does not go with it");
	if (mode == REPORT_SUGGEST && (thread || report.process_id != ANY || sort || limit != CLI_UNSET))
		return cli_wrong_usage("--suggest-filter is about the whole run: --thread, --process, --sort and --limit do not go with it");
	if (mode == REPORT_SINGLE_CALLS && sort)
		return cli_wrong_usage("--calls shows the longest first: --sort does not go with it");
	if (mode != REPORT_SINGLE_CALLS && (report.window_ns[0] != CLI_UNSET || report.window_ns[1] != CLI_UNSET) && (status = check_window()) != CLI_GO)
		return status;
	if (report.window_ns[0] != CLI_UNSET && report.window_ns[1] != CLI_UNSET && report.window_ns[0] > report.window_ns[1])
		return cli_wrong_usage("--from is after --to");
	if ((mode == REPORT_INFO || mode == REPORT_MEMORY || mode == REPORT_STACKS || mode == REPORT_LOCK_ORDER || mode == REPORT_GATE) && sort)
		return cli_wrong_usage("--sort does not go with --%s", mode == REPORT_GATE ? "gate" : mode == REPORT_INFO ? "info" : mode == REPORT_MEMORY ? "memory" :
				       mode == REPORT_STACKS ? "stacks" : "lock-order");
	if (mode != REPORT_STACKS && report.stacks_ns != ANY)
		return cli_wrong_usage("--at goes with --stacks (what was alive at a time: --heap-at TIME)");
	if (report.stacks_ns != ANY && report.show_sql)
		return cli_wrong_usage("--show-sql does not go with --at: the calls that were open at a time are read from the events, which "
				       "SQL does not see");
	if (report.with_heap && mode >= REPORT_THREADS)
		return cli_wrong_usage("--heap goes with --top and --tree");
	if (report.with_heap && thread)
		return cli_wrong_usage("the heap belongs to all threads of a process: --heap does not go with --thread");
	const int top = mode == REPORT_TOP || mode == CLI_UNSET;
	if (!top && mode != REPORT_ALLOCS && mode != REPORT_BLOCKS && mode != REPORT_LOCKS && report.histogram)
		return cli_wrong_usage("--histogram goes with --top, --allocs, --blocks and --locks");
	if (top && report.histogram && (report.with_heap || report.with_blocks))
		return cli_wrong_usage("--histogram with --top shows how long calls took: --%s does not go with it", report.with_heap ? "heap" : "blocks");
	if ((report.focus || report.ignore) && mode != REPORT_TREE && mode != REPORT_PATHS && !(flame || graph))
		return cli_wrong_usage("--%s goes with --tree, --paths, --flame and --graph", report.focus ? "focus" : "ignore");
	if ((report.inverted && !flame && mode != REPORT_TREE) || (report.depth != CLI_UNSET && mode != REPORT_TREE))
		return cli_wrong_usage(report.depth != CLI_UNSET ? "--depth goes with --tree" : "--inverted goes with --tree and --flame");
	if ((report.focus || report.ignore || report.inverted) && (report.with_heap || report.with_blocks))
		return cli_wrong_usage("--%s does not go with --%s", report.focus ? "focus" : report.ignore ? "ignore" : "inverted",
				       report.with_heap ? "heap" : "blocks");
	if (!top && mode != REPORT_BLOCKS && report.only)
		return cli_wrong_usage(mode == REPORT_TREE || mode == REPORT_PATHS ? "--only goes with --top and --blocks (only call paths through a function: --focus NAME)"
				       : "--only goes with --top and --blocks");
	if (mode != REPORT_TREE && mode != REPORT_DIFF && least_percent >= 0 && !(flame || graph))
		return cli_wrong_usage("--min goes with --tree, --diff, --flame and --graph");
	if ((flame || graph) && (status = report_check_picture(&report, flame ? "flame" : "graph", flame ? flame : graph, old_path, format, sort != NULL, limit != CLI_UNSET, thread != NULL)) != CLI_GO)
		return status;
	if ((status = check_by()) != CLI_GO)
		return status;
	if (report.kind != KIND_HEAP && (mode < REPORT_ALLOCS || mode == REPORT_MEMORY || mode == CLI_UNSET))
		return cli_wrong_usage("--kind goes with --allocs, --leaks, --peak, --heap-at and --growth");
	if (report.kind != KIND_HEAP && report.by == BY_FUNCTION)
		return cli_wrong_usage("--by function is for the heap: --kind %s goes with --by site and --by context",
				       report_kinds[report.kind]);
	if (mode != REPORT_LEAKS && report.age_ns != ANY)
		return cli_wrong_usage("--age goes with --leaks");
	return CLI_GO;
}

/* Times can be had alone, the rest of what --top and --tree are sorted by where it stands beside them. */
static int is_had(int order)
{
	return report.mode > REPORT_TREE || order < SORT_HEAP_BYTES || (order < SORT_BLOCKED_TIME ? report.with_heap : report.with_blocks);
}

/* The word for the order, by mode. Returns CLI_GO, or the exit status. */
static int choose_sort(void)
{
	static const char *const with[REPORT_MODES] = {
		[REPORT_THREADS] = " with --threads", [REPORT_CALLERS] = " with --callers", [REPORT_CALLEES] = " with --callees", [REPORT_PATHS] = " with --paths", [REPORT_DIFF] = " with --diff", [REPORT_LOCKS] = " with --locks", [REPORT_WAITS] = " with --waits", [REPORT_BLOCKS] = " with --blocks", [REPORT_ALLOCS] = " with --allocs", [REPORT_LEAKS] = " with --leaks", [REPORT_PEAK] = " with --peak",
		[REPORT_HEAP_AT] = " with --heap-at", [REPORT_GROWTH] = " with --growth",
	};
	const char *const *words = sorts[report.mode];
	struct cli_buffer list = {0};
	int count = 0;

	while (words[count])
		count++;
	if (!sort)
		report.sort = report.mode == REPORT_TREE || report.mode == REPORT_CALLERS || report.mode == REPORT_CALLEES ? SORT_TOTAL : 0;
	for (int i = 0; sort && i < count; i++) {
		if (is_had(i) && !strcmp(sort, words[i])) {
			report.sort = i;
			sort = NULL;
		}
	}
	if (!sort && report.mode == REPORT_ALLOCS && report.sort == SORT_TOTAL_BYTES && report.by != BY_FUNCTION)
		return cli_wrong_usage("--sort total goes with --by function");
	if (!sort && report.mode == REPORT_ALLOCS && report.sort == SORT_RELEASED && report.by == BY_TYPE)
		return cli_wrong_usage("a free does not say the type of its block: --sort freed does not go with --by type");
	if (!sort && report.histogram && report.mode == REPORT_ALLOCS && report.sort == SORT_TOTAL_BYTES)
		return cli_wrong_usage("--histogram counts each block once: --sort total does not go with it");
	if (!sort)
		return CLI_GO;
	while (!is_had(count - 1))
		count--;
	for (int i = 0; i < count; i++)
		if (is_had(i))
			cli_add_format(&list, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", words[i]);
	int status = cli_wrong_usage("--sort takes %s%s, not '%s'", cli_text_of(&list),
				     with[report.mode] ? with[report.mode] : report.with_heap ? " with --heap" : report.with_blocks ? " with --blocks" : "", sort);
	cli_buffer_fini(&list);
	return status;
}

static void settle_defaults(void)
{
	static const int64_t text_limits[REPORT_MODES] = {
		[REPORT_TOP] = TOP_LIMIT,     [REPORT_TREE] = TREE_LIMIT,   [REPORT_THREADS] = TOP_LIMIT, [REPORT_STACKS] = STACKS_LIMIT,
		[REPORT_INFO] = INFO_LIMIT,   [REPORT_BLOCKS] = TOP_LIMIT,  [REPORT_LOCKS] = TOP_LIMIT,  [REPORT_WAITS] = TOP_LIMIT, [REPORT_LOCK_ORDER] = TOP_LIMIT,
		[REPORT_CALLERS] = TOP_LIMIT, [REPORT_CALLEES] = TOP_LIMIT, [REPORT_PATHS] = PATHS_LIMIT, [REPORT_SQL] = SQL_LIMIT, [REPORT_SINGLE_CALLS] = PATHS_LIMIT, [REPORT_DIFF] = TOP_LIMIT, [REPORT_LIST] = LIST_LIMIT, [REPORT_COVERAGE] = TOP_LIMIT, [REPORT_WHY_MISSING] = PATHS_LIMIT, [REPORT_SUGGEST] = NO_LIMIT, [REPORT_FLAME] = NO_LIMIT, [REPORT_GRAPH] = GRAPH_LIMIT, [REPORT_GATE] = TOP_LIMIT, [REPORT_ALLOCS] = TOP_LIMIT,
		[REPORT_LEAKS] = PATHS_LIMIT, [REPORT_PEAK] = PATHS_LIMIT, [REPORT_MEMORY] = MEMORY_LIMIT,
		[REPORT_HEAP_AT] = PATHS_LIMIT, [REPORT_GROWTH] = PATHS_LIMIT,
	};

	report.mode = mode == CLI_UNSET ? REPORT_TOP : mode;
	if (callers || callees || calls || listed || missing)
		report.only = callers ? callers : callees ? callees : calls ? calls : listed ? listed : missing;
	if (report.window_ns[0] == CLI_UNSET)
		report.window_ns[0] = 0;
	if (report.window_ns[1] == CLI_UNSET)
		report.window_ns[1] = INT64_MAX;
	/* The shell's answers are its own: beside them only what is wrong is said. */
	report.picture = flame ? flame : graph;
	report.format = report.mode == REPORT_SHELL && !cli_screen()->terminal ? CLI_FORMAT_CSV : format;
	if (report.by == CLI_UNSET)
		report.by = report.mode == REPORT_COVERAGE ? BY_FILE : report.kind == KIND_HEAP ? BY_FUNCTION : BY_SITE;
	if (limit == CLI_UNSET)
		report.limit = format != CLI_FORMAT_TEXT ? NO_LIMIT : report.by == BY_CONTEXT || report.by == BY_CREATOR ? PATHS_LIMIT : text_limits[report.mode];
	else
		report.limit = limit ? limit : NO_LIMIT;
	report.limited = limit > 0;
	if (report.depth == CLI_UNSET)
		report.depth = report.inverted ? INVERTED_DEPTH : NO_LIMIT;
	else if (!report.depth)
		report.depth = NO_LIMIT;
	if (least_percent < 0)
		least_percent = format == CLI_FORMAT_TEXT && !flame && (report.mode == REPORT_TREE || report.picture) ? tree_least_percent : 0;
	report.least = least_percent / 100;
	report.hooks_share = hooks_percent / 100;
	choose_thread();
}

static int (*const answers[REPORT_MODES])(struct report *) = {
	[REPORT_TOP] = report_top,       [REPORT_TREE] = report_tree,  [REPORT_INFO] = report_info,
	[REPORT_CALLERS] = report_calls, [REPORT_CALLEES] = report_calls, [REPORT_PATHS] = report_paths, [REPORT_SQL] = report_sql, [REPORT_SHELL] = report_shell, [REPORT_SINGLE_CALLS] = report_single_calls, [REPORT_DIFF] = report_diff,
	[REPORT_LIST] = report_list, [REPORT_COVERAGE] = report_coverage, [REPORT_WHY_MISSING] = report_why_missing, [REPORT_SUGGEST] = report_suggest_filter, [REPORT_FLAME] = report_flame, [REPORT_GRAPH] = report_graph, [REPORT_GATE] = report_gate,
	[REPORT_THREADS] = report_threads, [REPORT_STACKS] = report_stacks,
	[REPORT_BLOCKS] = report_blocked, [REPORT_LOCKS] = report_locks, [REPORT_WAITS] = report_waits, [REPORT_LOCK_ORDER] = report_lock_order,
	[REPORT_ALLOCS] = report_allocs, [REPORT_LEAKS] = report_live, [REPORT_PEAK] = report_live,
	[REPORT_MEMORY] = report_memory, [REPORT_HEAP_AT] = report_history, [REPORT_GROWTH] = report_history,
};

/* Of a long answer, what has come. */
static void give_out(struct cli_buffer *out)
{
	if (!no_pager)
		cli_start_pager(SIZE_MAX);
	cli_out(cli_text_of(out), out->bytes);
	cli_buffer_clear(out);
}

int main(int argc, char **argv)
{
	struct cli_operands operands;
	char version[160];
	int status;

	cli_start("instr-report");
	snprintf(version, sizeof(version), "%s (%s)", INSTR_VERSION, tr_versions());
	report_program.version = version;
	report_program.options = options;
	if ((status = cli_parse(&report_program, argc, argv, &operands)) != CLI_GO)
		return cli_finish(status);
	if ((status = choose_mode()) != CLI_GO || (status = check_mode()) != CLI_GO)
		return cli_finish(status);
	settle_defaults();
	if ((status = choose_sort()) != CLI_GO || (rules && (status = report_read_rules(rules, old_path != NULL)) != CLI_GO))
		return cli_finish(status);
	tr_while_reading(cli_works);
	report.out.outlet = give_out;
	report.files = operands.count;
	if ((operands.count > 1 ? tr_open_merged(&report.trace, (const char *const *)operands.items, (size_t)operands.count, &report.error)
				: tr_open(&report.trace, operands.count ? operands.items[0] : "trace.db", &report.error)) ||
	    (old_path && tr_open(&report.old, old_path, &report.error))) {
		cli_error("%s", report.error.text);
		tr_close(report.trace);
		return cli_finish(CLI_TROUBLE);
	}
	tr_limit_memory(report.old && tr_stored_bytes(report.old) > tr_stored_bytes(report.trace) ? report.old : report.trace);
	if ((status = report_check_choice(&report)) == CLI_GO && (status = report_open_picture(&report, (const char *const *)operands.items, operands.count)) == CLI_GO) {
		status = report.show_sql ? 0 : report.old || report.mode == REPORT_GATE ? report_diff_header(&report)
			 : report.mode == REPORT_SUGGEST ? report_quiet_header(&report) : report_header(&report);
		if (!status)
			status = report_use_window(&report);
		if (!status)
			status = answers[report.mode](&report);
		tr_unlimit_memory();
		if (status)
			cli_error("%s", report.error.text);
		else if (!no_pager)
			cli_start_pager(report.lines);
		cli_out(cli_text_of(&report.out), status ? 0 : report.out.bytes);
		status = status ? CLI_TROUBLE : report.exit_status;
	}
	cli_buffer_fini(&report.out);
	tr_close(report.trace);
	tr_close(report.old);
	return cli_finish_output(status);
}
