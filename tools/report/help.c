/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * help.c - what instr-report says of itself beside its options, which are main.c's: for --help and the man page.
 */
#include "report/report.h"

#include <stddef.h>

#include "cli/options.h"

static const char *const usage[] = {
	"[FILE...] [--top] [--only NAME] [--histogram] [OPTIONS]",
	"[FILE] --tree [--focus NAME] [--ignore NAME] [--inverted] [--depth N] [OPTIONS]",
	"[FILE] --callers NAME | --callees NAME [OPTIONS]",
	"[FILE] --paths [--focus NAME] [--ignore NAME] [OPTIONS]",
	"[FILE] --calls NAME [--from TIME] [--to TIME] [OPTIONS]",
	"[FILE] --list NAME [--source-path FOLDERS] [OPTIONS]",
	"[FILE] --coverage [--by file|image|function] [OPTIONS]",
	"[FILE] --why-missing NAME [OPTIONS]",
	"[FILE] --suggest-filter PERCENT [OPTIONS]",
	"[FILE] --flame FILE.html | --graph FILE.svg|png|dot [--focus NAME] [--ignore NAME] [OPTIONS]",
	"[FILE] --threads [--by creator] [OPTIONS]",
	"[FILE] --stacks [--at TIME] [OPTIONS]",
	"[FILE] --blocks [--by function|site|context] [--only NAME] [--all] [OPTIONS]",
	"[FILE] --locks [--lock N] [OPTIONS]",
	"[FILE] --waits [--by function|context|waiter|holder|thread] [OPTIONS]",
	"[FILE] --lock-order [--all] [OPTIONS]",
	"[FILE] --allocs [--by function|site|context|type] [OPTIONS]",
	"[FILE] --leaks [--age TIME] [OPTIONS]",
	"[FILE] --peak [OPTIONS]",
	"[FILE] --memory [OPTIONS]",
	"[FILE] --heap-at TIME [OPTIONS]",
	"[FILE] --growth T1..T2 [OPTIONS]",
	"[FILE] --diff OLD [--by function|context] [OPTIONS]",
	"[FILE] --diff OLD --flame FILE.html",
	"[FILE] --gate RULES [--diff OLD] [OPTIONS]",
	"[FILE] --info [OPTIONS]",
	"[FILE] --sql QUERY [OPTIONS]",
	"[FILE] --shell",
	NULL,
};

static const struct cli_note examples[] = {
	{"instr-report", "where the time of the run in trace.db went"},
	{"instr-report --tree --min 1", "by calling context, down to one percent"},
	{"instr-report --sort calls --limit 10", "the ten functions called most often"},
	{"instr-report --callers 'Table::insert'", "who calls it, and what these calls take"},
	{"instr-report --callees worker", "what it calls"},
	{"instr-report --only '/^(parse|read)_/'", "functions whose names a regular expression matches"},
	{"instr-report --only tokenize --histogram", "how long its calls took"},
	{"instr-report --tree --inverted", "functions, what calls them, what calls that"},
	{"instr-report --tree --focus tokenize --depth 4", "only call paths through a function"},
	{"instr-report --top --from 2s --to 3s", "only what was done in the third second"},
	{"instr-report --paths --focus 'Table::*'", "the hottest call paths through the functions of a class"},
	{"instr-report --calls 'Server::handle' --limit 5", "its five longest calls, and what they waited for"},
	{"instr-report --diff old.db new.db", "what became slower, and what is called more often"},
	{"instr-report --diff old.db new.db --flame diff.html", "the same as a flame graph: red has more than before, blue less"},
	{"instr-report --diff old.db --by context --sort bytes", "call paths that allocate more than they did, or less"},
	{"instr-report --list tokenize --source-path ~/src", "its source, with calls, times, bytes and waits beside the lines"},
	{"instr-report --coverage --by function", "functions that this run has never called"},
	{"instr-report --why-missing 'parse*'", "why they are not in the profile"},
	{"instr-report --suggest-filter 5% > filter", "what to leave out when compiling, so that tracing costs little"},
	{"instr-report --flame time.html", "all of it to click through, in a browser"},
	{"instr-report --graph calls.svg --focus 'Table::*'", "who calls whom around the functions of a class"},
	{"instr-report --gate rules.txt --diff old.db", "whether a new version keeps to rules: for tests and CI"},
	{"instr-report monday.db tuesday.db", "two runs added up"},
	{"instr-report --threads", "which threads were busy, and which waited"},
	{"instr-report --threads --by creator", "what creates the threads, and how many"},
	{"instr-report --stacks", "what every thread of a program that hangs is doing"},
	{"instr-report --stacks --at 2.5s", "what they were doing two and a half seconds after the start"},
	{"instr-report --tree --heap --sort bytes", "by calling context, those that allocate the most first"},
	{"instr-report --blocks --by context", "where the program waited for files, pipes, sockets, children and threads"},
	{"instr-report --blocks --only fsync --histogram", "how long calls of fsync took"},
	{"instr-report --tree --blocks --sort blocked", "by calling context, those that waited the longest in calls first"},
	{"instr-report --locks", "which locks are waited for, and for how long they are held"},
	{"instr-report --waits", "who waits for whom, and what for"},
	{"instr-report --lock-order", "deadlocks that may happen"},
	{"instr-report --allocs --by type", "the types of which most is allocated, where the program was compiled with -g"},
	{"instr-report --allocs --by site", "the places in the source that allocate the most"},
	{"instr-report --allocs --by site --sort copied", "what realloc copies, and blocks that grow step by step"},
	{"instr-report --leaks --age 10s", "what was never freed, and is not just about to be"},
	{"instr-report --memory", "how the heap grew"},
	{"instr-report --growth 10s..", "what became more since the program had warmed up, and what less"},
	{"instr-report --thread worker", "only what threads named worker did"},
	{"instr-report old.db --format csv", "all functions of another trace, for a program"},
	{"instr-report --sql 'SELECT end_ns, duration_ns FROM calls ORDER BY duration_ns DESC LIMIT 5'", "the longest single calls, as SQL"},
	{"instr-report --show-sql | sqlite3 trace.db", "the same query in any SQLite tool"},
	{0},
};

static const struct cli_note environment[] = {
	{"INSTR_PAGER, PAGER", "what shows long reports on a terminal; empty or cat: nothing; neither set: less"},
	{"NO_COLOR", "set and not empty: no colour"},
	{"COLUMNS", "the width to fit into where the output is not a terminal; not set: no limit"},
	{"INSTR_DEBUG_PATH", "folders with debug files of what gcc or another compiler compiled, with : between them; not set: /usr/lib/debug"},
	{0},
};

static const struct cli_note exits[] = {
	{"0", "the report was printed; --gate: all rules hold"},
	{"1", "--gate: a rule is broken"},
	{"2", "wrong usage"},
	{"3", "the trace cannot be read, or the report not written"},
	{0},
};

struct cli_program report_program = {
	.name = "instr-report",
	.summary = "profiles from a trace",
	.usage = usage,
	.description = "Reads a trace that an instrumented program recorded (trace.db where FILE is not given), also while it "
		       "is being recorded, and prints a profile. Above it stands what was recorded and what is missing.\n"
		       "Several files are added up: the processes of all, with the same functions and places.\n"
		       "Times are of the wall clock: self without, total with the instrumented functions that were called; "
		       "recursion counts once in total. Counts are exact.\n"
		       "The heap is what code with hooks allocated and freed, in bytes as asked for; a realloc ends one block and "
		       "begins another. A block is temporary if it was freed before its thread allocated again. The peak is the "
		       "moment when the most bytes were alive, in each process its own.",
	.examples = examples,
	.environment = environment,
	.exits = exits,
	.see_also = "instr-run(1), instr-recover(1), instr-clang(1), sqlite3(1)",
	.operand_files = 1,
};
