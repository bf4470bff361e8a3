/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * header.c - what stands above every report: what was recorded, and before any figure what is
 * missing from it.
 *
 *     indexer --threads 4 docs src                 the program
 *     LOST 12,345 events: ...                      what figures lack
 *     8.21 s · 1 process · 5 threads · ...         what was recorded
 *     Process 1 was killed by SIGSEGV ...          how to read it
 *
 * With CSV and JSON only what is wrong is said, on stderr. Pictures carry all of it (report->notes).
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/text.h"
#include "cli/units.h"

enum { FEW = 3 }; /* processes or messages that are named; --info has all */

struct facts { /* one row of the query "summary" */
	char state[16];
	int events_off;
	int64_t start_realtime_ns, duration_ns, threads;
	int64_t events, events_kept, events_lost, losses_not_counted, dropped_events;
	int64_t waits, wait_ns, several_stacks, folded_trees, merged_threads, partly_inherited, not_instrumented, open_calls, warnings;
	int64_t events_from_ns;
};

static int read_facts(struct report *report, struct facts *facts)
{
	struct tr_query *q;
	int status = report_query(report, &q, "summary", NULL);

	if (status)
		return status;
	status = tr_next(q, &report->error);
	if (status == 1) {
		snprintf(facts->state, sizeof(facts->state), "%s", tr_text(q, tr_column(q, "state"), NULL));
		facts->events_off = !strcmp(tr_text(q, tr_column(q, "events_setting"), NULL), "off");
		facts->start_realtime_ns = report_number(q, "start_realtime_ns");
		facts->duration_ns = report_number(q, "duration_ns");
		facts->threads = report_number(q, "threads");
		facts->events = report_number(q, "events");
		facts->events_kept = report_number(q, "events_kept");
		facts->events_lost = report_number(q, "events_lost");
		facts->losses_not_counted = report_number(q, "losses_not_counted");
		facts->dropped_events = report_number(q, "dropped_events");
		facts->waits = report_number(q, "waits");
		facts->wait_ns = report->stalled_ns = report_number(q, "wait_ns");
		facts->several_stacks = report_number(q, "several_stacks");
		facts->folded_trees = report_number(q, "folded_trees");
		facts->merged_threads = report_number(q, "merged_threads");
		facts->partly_inherited = report_number(q, "partly_inherited");
		facts->not_instrumented = report_number(q, "not_instrumented");
		facts->open_calls = report_number(q, "open_calls");
		facts->warnings = report_number(q, "warnings");
		facts->events_from_ns = report_number(q, "events_from_ns");
		report->processes = report_number(q, "processes");
		report->recording = !strcmp(facts->state, "recording");
		report->whole.functions = report_number(q, "functions");
		report->whole.calls = report_number(q, "calls");
		report->whole.self_ns = report_number(q, "self_ns");
		double cost = tr_real(q, tr_column(q, "hook_cost_ns"));
		report->hook_cost_ns = cost > 0 && cost < 1e9 ? cost : 0; /* a second would be nonsense */
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

void report_say(struct report *report, enum cli_style style, const char *format, ...)
{
	struct cli_buffer raw = {0}, text = {0};
	va_list arguments;

	va_start(arguments, format);
	cli_add_format_va(&raw, format, arguments);
	va_end(arguments);
	cli_add_clean(&text, cli_text_of(&raw), raw.bytes);
	if (report->notes)
		cli_add_format(report->notes, "%c%s\n", '0' + (int)style, cli_text_of(&text));
	if (report->notes && style != CLI_BAD && style != CLI_WARN) {
		/* It is in the picture, and nothing is wrong. */
	} else if (report->notes || report->format != CLI_FORMAT_TEXT) {
		cli_error("%s: %s", tr_path(report->trace), cli_text_of(&text));
	} else {
		cli_add_text(&report->out, cli_style_on(style));
		cli_add_wrapped(&report->out, cli_text_of(&text), cli_screen()->width, 2);
		cli_add_text(&report->out, cli_style_off(style));
		cli_add_text(&report->out, "\n");
		report->lines++;
	}
	cli_buffer_fini(&raw);
	cli_buffer_fini(&text);
}

static int say_losses(struct report *report, const struct facts *facts)
{
	char count[CLI_NUMBER_BYTES], from[CLI_NUMBER_BYTES], to[CLI_NUMBER_BYTES];
	struct tr_query *q;
	int status = report_query(report, &q, "losses", NULL);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		int known = tr_type(q, tr_column(q, "lost_events")) == TR_INTEGER;
		int kept = report_number(q, "totals_kept") == 1;
		struct cli_buffer when = {0};
		cli_count(count, report_number(q, "lost_events"));
		if (tr_type(q, tr_column(q, "start_ns")) == TR_INTEGER)
			cli_add_format(&when, ", from %s to %s", cli_duration(from, report_number(q, "start_ns")),
				       cli_duration(to, report_number(q, "end_ns")));
		if (kept)
			report_say(report, CLI_WARN, "%s events are not kept (%s%s): counts and times include them",
			    known ? count : "Some", tr_text(q, tr_column(q, "cause"), NULL), cli_text_of(&when));
		else
			report_say(report, CLI_BAD, "LOST %s events (%s%s): counts and times lack them",
			    known ? count : "an unknown number of", tr_text(q, tr_column(q, "cause"), NULL), cli_text_of(&when));
		cli_buffer_fini(&when);
	}
	tr_finish(q);
	/* A drain that died had no time to say why. */
	if (!status && facts->dropped_events > facts->events_lost && !facts->losses_not_counted)
		report_say(report, CLI_BAD, "LOST %s events (dropped by their threads): counts and times lack them",
		    cli_count(count, report_difference(facts->dropped_events, facts->events_lost)));
	return status;
}

static int is_live(const struct report *report, const struct facts *facts)
{
	return !strcmp(facts->state, "recording") && tr_writer(report->trace) == TR_WRITER_LIVE;
}

static void say_state(struct report *report, const struct facts *facts)
{
	if (!strcmp(facts->state, "recording")) {
		if (is_live(report, facts))
			report_say(report, CLI_WARN, "Still recording: the figures are about a second old");
		else
			report_say(report, CLI_BAD, "Never completed: nobody records this run any more, and what it had published "
					     "since the last commit is missing");
	}
	if (tr_newer_beside(report->trace))
		report_say(report, CLI_WARN, "%s beside it is of a newer run, which could not have this name",
		    tr_newer_beside(report->trace));
}

static const char *signal_name(int64_t signal)
{
	static char name[32];
	static const char *const names[] = {
		[1] = "HUP", [2] = "INT", [3] = "QUIT", [4] = "ILL", [5] = "TRAP", [6] = "ABRT", [7] = "BUS", [8] = "FPE",
		[9] = "KILL", [10] = "USR1", [11] = "SEGV", [12] = "USR2", [13] = "PIPE", [14] = "ALRM", [15] = "TERM",
		[24] = "XCPU", [25] = "XFSZ", [31] = "SYS",
	};
	if (signal > 0 && signal < 32 && names[signal])
		snprintf(name, sizeof(name), "SIG%s", names[signal]);
	else
		snprintf(name, sizeof(name), "signal %" PRId64, signal);
	return name;
}

/* A shell's children end by _exit() or run ls by the hundred: they are counted, not named. */
static int say_deaths(struct report *report)
{
	struct tr_query *q;
	int64_t deaths = 0, killed = 0, returned = 0;
	char who[64] = "";
	int status = report_query_limited(report, &q, "deaths", NULL, FEW);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		deaths = report_number(q, "deaths");
		killed = report_number(q, "killed");
		returned = report_number(q, "returned");
		snprintf(who, sizeof(who), "Process %" PRId64 " (pid %" PRId64 ")", report_number(q, "process_id"), report_number(q, "pid"));
		if (tr_type(q, tr_column(q, "exit_signal")) == TR_INTEGER)
			report_say(report, CLI_WARN, "%s was killed by %s", who, signal_name(report_number(q, "exit_signal")));
	}
	tr_finish(q);
	const char *others = returned == deaths - killed ? " or" : ", by a signal, or";
	if (killed > FEW)
		report_say(report, CLI_WARN, "%" PRId64 " more %s killed by signals (--info lists them)", killed - FEW,
		    killed - FEW == 1 ? "process was" : "processes were");
	if (deaths - killed > 1 || killed >= FEW)
		cli_counted(who, sizeof(who), deaths - killed, "process", "processes"); /* else it is the last row */
	if (deaths > killed)
		report_say(report, returned == deaths - killed ? CLI_PLAIN : CLI_WARN,
		    "%s ended without exit(): by _exit()%s as a program without hooks", who, others);
	return status;
}

static int say_open_calls(struct report *report, const struct facts *facts)
{
	char calls[64], longest[CLI_NUMBER_BYTES];
	struct tr_query *q;
	int status = 0;

	if (!facts->open_calls)
		return 0;
	if ((status = report_query_limited(report, &q, "open_calls", NULL, 1))) /* the longest is the first */
		return status;
	status = tr_next(q, &report->error);
	if (status == 1)
		report_say(report, CLI_PLAIN, "%s %s, the longest %s, for %s: their time so far is included",
		    cli_counted(calls, sizeof(calls), facts->open_calls, "call", NULL),
		    !is_live(report, facts) ? "never returned" : facts->open_calls == 1 ? "is open" : "are open",
		    tr_text(q, tr_column(q, "function"), NULL), cli_duration(longest, report_number(q, "total_ns")));
	tr_finish(q);
	return status < 0 ? status : 0;
}

static int say_messages(struct report *report, const struct facts *facts)
{
	struct tr_query *q;
	int64_t said = 0;
	int status;

	if (!facts->warnings)
		return 0;
	if ((status = report_query_limited(report, &q, "messages", NULL, NO_LIMIT)))
		return status;
	while (said <= FEW && (status = tr_next(q, &report->error)) == 1) {
		const char *severity = tr_text(q, tr_column(q, "severity"), NULL);
		if (!strcmp(severity, "note") || said++ == FEW)
			continue;
		report_say(report, strcmp(severity, "error") ? CLI_WARN : CLI_BAD, "While recording: %s",
		    tr_text(q, tr_column(q, "text"), NULL));
	}
	tr_finish(q);
	if (status >= 0 && facts->warnings > FEW)
		report_say(report, CLI_WARN, "%" PRId64 " more messages are in --info", facts->warnings - FEW);
	return status < 0 ? status : 0;
}

static void say_doubts(struct report *report, const struct facts *facts)
{
	char threads[64];

	if (facts->several_stacks)
		report_say(report, CLI_WARN, "%s ran on several stacks: there, who called whom is partly a guess; counts are exact",
		    cli_counted(threads, sizeof(threads), facts->several_stacks, "thread", NULL));
	if (facts->folded_trees)
		report_say(report, CLI_WARN, "The calling contexts of %s were folded (too many or too deep): sums per function are exact",
		    cli_counted(threads, sizeof(threads), facts->folded_trees, "thread", NULL));
	if (facts->partly_inherited)
		report_say(report, CLI_WARN, "%s began inside calls that are not all known: what they call hangs too high; counts are exact",
		    cli_counted(threads, sizeof(threads), facts->partly_inherited, "fork child", "fork children"));
	if (facts->merged_threads)
		report_say(report, CLI_PLAIN, "%s ended and %s merged into \"ended threads\", one row per process: sums are exact",
		    cli_counted(threads, sizeof(threads), facts->merged_threads, "thread", NULL),
		    facts->merged_threads == 1 ? "is" : "are");
}

static void separate(struct cli_buffer *line, const char *text)
{
	if (line->bytes)
		cli_add_text(line, cli_screen()->utf8 ? " \xC2\xB7 " : "; ");
	cli_add_text(line, text);
}

void report_add_parts(struct report *report, const char parts[][80], size_t count)
{
	const size_t width = report->notes ? 0 : cli_screen()->width;
	struct cli_buffer line = {0};

	for (size_t i = 0; i < count; i++) {
		if (!*parts[i])
			continue;
		if (width && line.bytes && cli_width(cli_text_of(&line)) + 3 + cli_width(parts[i]) > width) {
			cli_add_format(&report->out, "%s\n", cli_text_of(&line));
			cli_buffer_clear(&line);
			report->lines++;
		}
		separate(&line, parts[i]);
	}
	if (report->notes)
		cli_add_format(report->notes, "%c%s\n", '0' + CLI_PLAIN, cli_text_of(&line));
	else
		cli_add_format(&report->out, "%s\n", cli_text_of(&line));
	report->lines++;
	cli_buffer_fini(&line);
}

static void add_facts(struct report *report, const struct facts *facts)
{
	char parts[11][80] = {0}, a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES], c[CLI_NUMBER_BYTES];
	char (*next)[80] = parts;
	time_t started = (time_t)(facts->start_realtime_ns / 1000000000);
	struct tm local;

	snprintf(*next++, 80, "%s", cli_duration(a, facts->duration_ns));
	cli_counted(*next++, 80, report->processes, "process", "processes");
	cli_counted(*next++, 80, facts->threads, "thread", NULL);
	snprintf(*next++, 80, "%s call%s of %s function%s", cli_count(a, report->whole.calls), report->whole.calls == 1 ? "" : "s",
		 cli_count(b, report->whole.functions), report->whole.functions == 1 ? "" : "s");
	if (facts->events_off)
		snprintf(*next++, 80, "no events kept (events=off)");
	else if (facts->events && facts->events_kept >= facts->events)
		snprintf(*next++, 80, "%s event%s, all kept", cli_count(a, facts->events), facts->events == 1 ? "" : "s");
	else if (facts->events_from_ns > 0)
		snprintf(*next++, 80, "%s of %s events kept, from %s on", cli_count(a, facts->events_kept),
			 cli_count(b, facts->events), cli_duration(c, facts->events_from_ns));
	else if (facts->events)
		snprintf(*next++, 80, "%s of %s events kept", cli_count(a, facts->events_kept), cli_count(b, facts->events));
	if (!facts->events_lost && !facts->losses_not_counted && !facts->dropped_events)
		snprintf(*next++, 80, "nothing lost");
	if (facts->waits)
		snprintf(*next++, 80, "waited %s for the drain", cli_duration(a, facts->wait_ns));
	if (facts->not_instrumented)
		snprintf(*next++, 80, "%s without hooks", cli_counted(a, sizeof(a), facts->not_instrumented, "function", NULL));
	if (facts->start_realtime_ns > 0 && localtime_r(&started, &local))
		strftime(*next++, 80, "recorded %Y-%m-%d %H:%M", &local);
	report_add_parts(report, (const char(*)[80])parts, (size_t)(next - parts));
}

/* The first process's command line is what the user ran. */
static int add_title(struct report *report)
{
	struct cli_buffer clean = {0};
	struct tr_query *q;
	int status = report_query_limited(report, &q, "processes", NULL, 1);

	if (status)
		return status;
	status = tr_next(q, &report->error);
	const char *text = status == 1 ? tr_text(q, tr_column(q, "command"), NULL) : "";
	if (status == 1 && !*text)
		text = tr_text(q, tr_column(q, "executable"), NULL);
	if (!*text)
		text = status == 1 ? "(a program of unknown name)" : "(no process has joined the run)";
	cli_add_clean(&clean, text, strlen(text));
	if (report->notes)
		cli_add_format(report->notes, "%c%s\n", '0' + CLI_BOLD, cli_text_of(&clean));
	cli_add_text(&report->out, cli_style_on(CLI_BOLD));
	cli_add_shortened(&report->out, cli_text_of(&clean), cli_screen()->width ? cli_screen()->width : SIZE_MAX / 2);
	cli_add_text(&report->out, cli_style_off(CLI_BOLD));
	cli_add_text(&report->out, "\n");
	report->lines++;
	cli_buffer_fini(&clean);
	tr_finish(q);
	return status < 0 ? status : 0;
}

static void add_choice(struct report *report)
{
	char age[CLI_NUMBER_BYTES];

	if (report->thread_id != ANY)
		report_say(report, CLI_PLAIN, "Below: thread %" PRId64 " only", report->thread_id);
	else if (report->thread_name)
		report_say(report, CLI_PLAIN, "Below: threads named %s only", report->thread_name);
	else if (report->process_id != ANY)
		report_say(report, CLI_PLAIN, "Below: process %" PRId64 " only", report->process_id);
	if (report->only && report->mode == REPORT_BLOCKS)
		report_say(report, CLI_PLAIN, "Below: calls of %s, and those that it makes, only", report->only);
	if (report->only && report->mode == REPORT_TOP)
		report_say(report, CLI_PLAIN, "Below: %s only", report->only);
	if (report->focus)
		report_say(report, CLI_PLAIN, "Below: only call paths through %s", report->focus);
	if (report->ignore)
		report_say(report, CLI_PLAIN, "Below: no call paths through %s", report->ignore);
	if (report->age_ns != ANY)
		report_say(report, CLI_PLAIN, "Below: blocks that were at least %s old only", cli_duration(age, report->age_ns));
}

int report_header(struct report *report)
{
	struct facts facts = {0};
	int status = read_facts(report, &facts);

	if (!status && report->format == CLI_FORMAT_TEXT && report->files > 1 && report->mode != REPORT_DIFF)
		report_say(report, CLI_DIM, "%d traces together: %s", report->files, tr_path(report->trace));
	if (!status && report->format == CLI_FORMAT_TEXT)
		status = add_title(report);
	if (!status)
		status = say_losses(report, &facts);
	if (status)
		return status;
	if (report->format == CLI_FORMAT_TEXT)
		add_facts(report, &facts);
	say_state(report, &facts);
	if ((status = say_deaths(report)) || (status = say_messages(report, &facts)) ||
	    (status = say_open_calls(report, &facts)))
		return status;
	say_doubts(report, &facts);
	for (size_t i = 0; tr_missing_lines(report->trace, i); i++)
		report_say(report, CLI_PLAIN, "%s", tr_missing_lines(report->trace, i));
	if (report->format == CLI_FORMAT_TEXT)
		add_choice(report);
	if (report->mode == REPORT_BLOCKS && (status = report_blocks_header(report)))
		return status;
	if (report->with_blocks && (status = report_waits_header(report)))
		return status;
	if ((report->mode >= REPORT_ALLOCS || report->with_heap) && (status = report_heap_header(report)))
		return status;
	if (report->format == CLI_FORMAT_TEXT) {
		cli_add_text(&report->out, "\n");
	}
	return 0;
}

int report_quiet_header(struct report *report)
{
	const int format = report->format;

	report->format = CLI_FORMAT_CSV;
	int status = report_header(report);
	report->format = format;
	return status;
}

int report_is_distorted(const struct report *report, int64_t self_ns, int64_t calls)
{
	return report->hook_cost_ns > 0 && calls > 0 && (double)self_ns < 2 * report->hook_cost_ns * (double)calls;
}

void report_explain_marks(struct report *report, int marked)
{
	char cost[CLI_NUMBER_BYTES];
	if (marked)
		report_say(report, CLI_DIM, "~ half of this time or more may be the measurement's: in each call, and in its caller, hooks "
				     "take about %s here", cli_duration(cost, (int64_t)(report->hook_cost_ns + 0.5)));
}
