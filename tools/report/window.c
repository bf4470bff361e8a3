/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * window.c - a window of time (--from, --to): calls and times of it alone, by the events (tr_window), for the reports that
 * are made of totals.
 */
#include "report/report.h"

#include <stdio.h>

#include "cli/units.h"

int report_has_window(const struct report *report)
{
	return report->mode != REPORT_SINGLE_CALLS && (report->window_ns[0] > 0 || report->window_ns[1] < INT64_MAX);
}

int report_use_window(struct report *report)
{
	char from[CLI_NUMBER_BYTES], to[CLI_NUMBER_BYTES];
	struct tr_window_facts facts;

	if (!report_has_window(report))
		return 0;
	int status = tr_window(report->trace, report->window_ns[0], report->window_ns[1], &facts, &report->error);
	if (!status && (!facts.kept || !facts.in_run)) {
		snprintf(report->error.text, sizeof(report->error.text), "%.500s: %s", tr_path(report->trace),
			 facts.kept ? "--from is behind the end of the run"
				    : "no events were kept (events=off, or all are deleted), so times cannot be told apart");
		status = report->error.code = INSTR_ERR_NOT_FOUND;
	}
	if (status || report->format != CLI_FORMAT_TEXT)
		return status;
	cli_duration(from, report->window_ns[0]);
	if (report->window_ns[1] < INT64_MAX)
		report_say(report, CLI_PLAIN, "Below: from %s to %s only: calls that began then, time that was spent then",
			   report->window_ns[0] ? from : "the start", cli_duration(to, report->window_ns[1]));
	else
		report_say(report, CLI_PLAIN, "Below: from %s on only: calls that began then, time that was spent then", from);
	if (facts.missing)
		report_say(report, CLI_WARN, "Events of that time are missing, or damaged: there was more");
	return 0;
}
