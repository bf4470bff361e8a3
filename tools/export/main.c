/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * main.c - instr-export: traces in the formats of other tools. Reads the command line, opens the trace, lets a format write.
 */
#include "export/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "instr/version.h"

/* In the order of --value. */
static const struct export_value values[] = {
	{"time", "export_time", {"self_ns", "self time", "nanoseconds"}},
	{"calls", "export_time", {"calls", "calls", "none"}},
	{"alloc_bytes", "export_heap", {"alloc_bytes", "bytes allocated", "bytes"}},
	{"live_bytes", "export_heap", {"live_bytes", "bytes alive at the end", "bytes"}},
	{"lock", "export_block", {"lock_ns", "waits for locks", "nanoseconds"}},
	{"blocked", "export_block", {"blocked_ns", "calls that block", "nanoseconds"}},
};

/* In the order of --profile. Types and units as Go's profiles call them, but for time, which is not that of the
 * processor. */
static const struct export_profile profiles[] = {
	{"time", "export_time", {{"calls", "calls", "count"}, {"self_ns", "wall", "nanoseconds"}}, "wall", {.type = "wall", .unit = "nanoseconds"}, 0},
	{"heap", "export_heap",
	 {{"allocs", "alloc_objects", "count"}, {"alloc_bytes", "alloc_space", "bytes"}, {"live_blocks", "inuse_objects", "count"},
	  {"live_bytes", "inuse_space", "bytes"}}, "inuse_space", {.type = "space", .unit = "bytes"}, 0},
	{"block", "export_block", {{"contentions", "contentions", "count"}, {"delay_ns", "delay", "nanoseconds"}}, "delay",
	 {.type = "contentions", .unit = "count"}, 1},
	{"mutex", "export_mutex", {{"contentions", "contentions", "count"}, {"delay_ns", "delay", "nanoseconds"}}, "delay",
	 {.type = "contentions", .unit = "count"}, 0},
	{"threads", "export_threads", {{"threads", "threadcreate", "count"}}, "threadcreate", {.type = "threadcreate", .unit = "count"}, 0},
};

static const struct format {
	const char *name;
	int is_text;
	int (*by_value)(struct export *, const struct export_value *);
	int (*by_profile)(struct export *, const struct export_profile *);
	int (*by_view)(struct export *, const char *view); /* which is named behind the format */
	int (*by_time)(struct export *, int64_t from_ns, int64_t to_ns);
} formats[] = {
	{"folded", 1, export_folded, NULL, NULL, NULL},
	{"speedscope", 1, export_speedscope, NULL, NULL, NULL},
	{"callgrind", 1, export_callgrind, NULL, NULL, NULL},
	{"pprof", 0, NULL, export_pprof, NULL, NULL},
	{"chrome", 1, NULL, NULL, NULL, export_chrome},
	{"csv", 1, NULL, NULL, export_csv, NULL},
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static struct export export = {.process_id = ANY, .thread_id = ANY};
static const char *out, *thread;
static int value = CLI_UNSET, profile = CLI_UNSET;
static int64_t from_ns = ANY, to_ns = ANY;

static const struct cli_option options[] = {
	{CLI_HEADING, .name = "What to export"},
	{CLI_CHOICE, .name = "value", .argument = "WHAT", .choices = "time|calls|alloc_bytes|live_bytes|lock|blocked", .value = &value,
	 .help = "folded, speedscope: time without callees in ns (the default), calls, bytes allocated on the heap, bytes of them that were alive at the end, "
		 "waits for locks in ns, time in calls that may block in ns"},
	{CLI_CHOICE, .name = "profile", .argument = "WHAT", .choices = "time|heap|block|mutex|threads", .value = &profile,
	 .help = "pprof: calls and time without callees (the default); blocks and bytes allocated on the heap, and those alive at the end; "
		 "waits for locks and calls that may block, of who waited; waits for locks, of who had them; threads, of who created them"},
	{CLI_DURATION, .name = "from", .argument = "TIME", .value = &from_ns, .help = "chrome: from this time of the run on; else from its beginning"},
	{CLI_DURATION, .name = "to", .argument = "TIME", .value = &to_ns, .help = "chrome: up to this time of the run; else to its end"},
	{CLI_FLAG, .name = "all", .value = &export.idle,
	 .help = "calls that may block: waits for work (accept, poll, sleep, signals, conditions, semaphores), too"},
	{CLI_NUMBER, .name = "process", .letter = 'p', .argument = "N", .value = &export.process_id,
	 .help = "only the process with this number (instr-report --info lists them)"},
	{CLI_TEXT, .name = "thread", .letter = 't', .argument = "N|NAME", .value = &thread,
	 .help = "time and calls, chrome: only the thread with this number, or the threads with this name (instr-report --info lists them)"},
	{CLI_HEADING, .name = "How"},
	{CLI_FILE, .name = "out", .letter = 'o', .argument = "FILE", .value = &out,
	 .help = "write to FILE, which appears when it is whole; else to the standard output"},
	{CLI_FLAG, .name = "show-sql", .value = &export.show_sql,
	 .help = "print the query that is exported instead of running it; sqlite3 trace.db runs it too"},
	{0},
};

static const char *const usage[] = {
	"folded [FILE] [--value WHAT] [OPTIONS]",
	"speedscope [FILE] [--value WHAT] [OPTIONS]",
	"callgrind [FILE] [OPTIONS]",
	"pprof [FILE] [--profile WHAT] [OPTIONS]",
	"chrome [FILE] [--from TIME] [--to TIME] [OPTIONS]",
	"csv VIEW [FILE] [OPTIONS]",
	NULL,
};

static const struct cli_note examples[] = {
	{"instr-export folded | flamegraph.pl >time.svg", "a flame graph of trace.db"},
	{"instr-export folded --value alloc_bytes old.db", "of the bytes that another run allocated"},
	{"instr-export pprof -o time.pb.gz && go tool pprof -http : time.pb.gz", "the time in pprof's pages"},
	{"instr-export pprof --profile mutex -o mutex.pb.gz", "who was waited for"},
	{"instr-export chrome --from 1.5s --to 1.6s -o window.json", "a tenth of a second, call by call, for ui.perfetto.dev"},
	{"instr-export csv top -o top.csv", "what instr-report --top shows, all of it, for a spreadsheet"},
	{0},
};

static const struct cli_note environment[] = {
	{"INSTR_DEBUG_PATH", "folders with debug files of what gcc or another compiler compiled, with : between them; not set: /usr/lib/debug"},
	{0},
};

static const struct cli_note exits[] = {
	{"0", "the export was written"},
	{"2", "wrong usage"},
	{"3", "the trace cannot be read, or the export not written"},
	{0},
};

static struct cli_program program = {
	.name = "instr-export",
	.summary = "a trace in the formats of other tools",
	.usage = usage,
	.description = "Reads a trace that an instrumented program recorded (trace.db where FILE is not given), also while it "
		       "is being recorded, and writes what it has by calling context in a format that other tools read. Processes follow each "
		       "other, threads are added up. What is missing from the trace is said on stderr.\n"
		       "folded is text for flamegraph.pl, speedscope, inferno and the like: a line for each calling context, with the "
		       "functions from the outermost to the innermost and a number.\n"
		       "speedscope is the format of www.speedscope.app.\n"
		       "callgrind is for callgrind_annotate and KCachegrind: calls and time, by function and who called it.\n"
		       "pprof is its profile.proto, compressed: for go tool pprof, and the servers and pages that read the like.\n"
		       "chrome is for chrome://tracing and ui.perfetto.dev: every call of a time of the run, calls that may block, waits for "
		       "locks with an arrow to who gave them back, and the heap.\n"
		       "csv is all rows of a view, or table, that docs/schema.md describes.",
	.options = options,
	.examples = examples,
	.environment = environment,
	.exits = exits,
	.see_also = "instr-report(1), instr-run(1), sqlite3(1)",
	.operand_files = 1,
};

/* The format, or NULL after saying that there is none. */
static const struct format *find_format(const char *name)
{
	const char *names[FORMATS];
	struct cli_buffer list = {0};

	for (size_t i = 0; i < FORMATS; i++) {
		names[i] = formats[i].name;
		if (name && !strcmp(name, names[i]))
			return &formats[i];
		cli_add_format(&list, "%s%s", !i ? "" : i + 1 < FORMATS ? ", " : " or ", names[i]);
	}
	const char *near = name ? cli_nearest(name, names, FORMATS) : NULL;
	if (!name)
		cli_wrong_usage("which format? %s", cli_text_of(&list));
	else if (near)
		cli_wrong_usage("there is no format %s; did you mean %s?", name, near);
	else
		cli_wrong_usage("there is no format %s: %s", name, cli_text_of(&list));
	cli_buffer_fini(&list);
	return NULL;
}

/* A number is a thread's, anything else a name. */
static void choose_thread(void)
{
	char *end;
	if (!thread)
		return;
	long long number = *thread >= '0' && *thread <= '9' ? strtoll(thread, &end, 10) : -1;
	if (number >= 0 && !*end)
		export.thread_id = number;
	else
		export.thread_name = thread;
}

/* An export of nothing would look like a program that did nothing. Returns CLI_GO, or the exit status. */
static int check_choice(void)
{
	int64_t found = 0, processes = 0;
	struct tr_query *query;
	int status;

	if (!thread && export.process_id == ANY)
		return CLI_GO;
	if (!(status = tr_prepare(export.trace, &query, "thread_names", NULL, NULL, 0, &export.error))) {
		while ((status = tr_next(query, &export.error)) == 1) {
			int chosen = export.process_id == ANY || tr_integer(query, 1) == export.process_id;
			processes += chosen;
			found += chosen && (export.thread_name ? !strcmp(tr_text(query, 2, NULL), export.thread_name)
							       : tr_integer(query, 0) == export.thread_id);
		}
		tr_finish(query);
	}
	if (status) {
		cli_error("%s", export.error.text);
		return CLI_TROUBLE;
	}
	if (!processes)
		return cli_wrong_usage("%s has no process %" PRId64 " (instr-report --info lists them)", tr_path(export.trace), export.process_id);
	if (thread && !found)
		return cli_wrong_usage("%s has no thread %s (instr-report --info lists them)", tr_path(export.trace), thread);
	return CLI_GO;
}

static const struct export_value *chosen_value(void)
{
	return &values[value == CLI_UNSET ? 0 : value];
}

static const struct export_profile *chosen_profile(void)
{
	return &profiles[profile == CLI_UNSET ? 0 : profile];
}

static int check_options(const struct format *format)
{
	if (format->by_view && (value != CLI_UNSET || profile != CLI_UNSET || thread || export.process_id != ANY || export.idle || from_ns != ANY || to_ns != ANY))
		return cli_wrong_usage("%s has all rows of a view: of the options only --out and --show-sql go with it", format->name);
	if (format->by_view)
		return CLI_GO;
	if (!format->by_time && (from_ns != ANY || to_ns != ANY))
		return cli_wrong_usage("--from and --to go with chrome: %s is of the whole run", format->name);
	if (format->by_time && (value != CLI_UNSET || profile != CLI_UNSET || export.idle || export.show_sql))
		return cli_wrong_usage("%s has events, not sums: of --value, --profile, --all and --show-sql none goes with it", format->name);
	if (format->by_time && from_ns != ANY && to_ns != ANY && from_ns > to_ns)
		return cli_wrong_usage("--from is behind --to");
	if (format->by_time)
		return CLI_GO;
	const char *option = format->by_profile ? "profile" : "value";
	const char *name = format->by_profile ? chosen_profile()->name : chosen_value()->name;
	const char *query = format->by_profile ? chosen_profile()->query : chosen_value()->query;

	if (format->by_profile ? value != CLI_UNSET : profile != CLI_UNSET)
		return cli_wrong_usage("--%s does not go with %s, --%s does", format->by_profile ? "value" : "profile", format->name, option);
	if (format->by_value == export_callgrind && value > 0)
		return cli_wrong_usage("callgrind has time and calls, not --value %s", name);
	if (thread && strcmp(query, "export_time"))
		return cli_wrong_usage("only time and calls are known by thread: --thread does not go with --%s %s", option, name);
	if (export.idle && strcmp(name, "blocked") && strcmp(name, "block"))
		return cli_wrong_usage("--all goes with --%s %s", option, format->by_profile ? "block" : "blocked");
	if (!format->is_text && !out && !export.show_sql && cli_screen()->terminal)
		return cli_wrong_usage("%s is nothing to read on a terminal: --out FILE writes it to a file", format->name);
	return CLI_GO;
}

int main(int argc, char **argv)
{
	const struct format *format;
	struct cli_operands operands;
	char version[160];
	int status;

	cli_start("instr-export");
	snprintf(version, sizeof(version), "%s (%s)", INSTR_VERSION, tr_versions());
	program.version = version;
	if ((status = cli_parse(&program, argc, argv, &operands)) != CLI_GO)
		return cli_finish(status);
	if (!(format = find_format(operands.count ? operands.items[0] : NULL)))
		return cli_finish(CLI_USAGE);
	const int first = format->by_view ? 2 : 1;
	const char *view = format->by_view && operands.count > 1 ? operands.items[1] : NULL;
	if (operands.count > first + 1)
		return cli_finish(cli_wrong_usage("one trace at a time, not %s and %s", operands.items[first], operands.items[first + 1]));
	const char *path = operands.count > first ? operands.items[first] : "trace.db";
	if (format->by_view && (status = export_check_view(view)) != CLI_GO)
		return cli_finish(status);
	if ((status = check_options(format)) != CLI_GO)
		return cli_finish(status);
	choose_thread();
	tr_while_reading(cli_works);
	if (tr_open(&export.trace, path, &export.error)) {
		cli_error("%s", export.error.text);
		return cli_finish(CLI_TROUBLE);
	}
	tr_limit_memory(export.trace);
	if ((status = check_choice()) == CLI_GO && out)
		status = cli_open_output(out, path);
	if (status == CLI_GO) {
		status = export.show_sql ? 0 : export_header(&export);
		if (!status)
			status = format->by_view ? format->by_view(&export, view) :
				 format->by_time ? format->by_time(&export, from_ns == ANY ? 0 : from_ns, to_ns == ANY ? INT64_MAX : to_ns) :
				 format->by_profile ? format->by_profile(&export, chosen_profile()) : format->by_value(&export, chosen_value());
		if (status)
			cli_error("%s", export.error.text);
		status = status ? CLI_TROUBLE : CLI_DONE;
	}
	export_fini(&export);
	tr_close(export.trace);
	return cli_finish_output(status);
}
