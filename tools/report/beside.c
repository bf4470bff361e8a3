/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * beside.c - time in calls that may block and time that locks were waited for, beside the time of functions and calling
 * contexts (--top --blocks, --tree --blocks): the sums that stand above the table, and which columns there are.
 *
 * What nobody recorded has no columns. What waits for work takes is in the time of calls that may block only with --all.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/text.h"
#include "cli/units.h"

static int has_blocks(const struct report *report)
{
	return report->blocks[0].calls || report->blocks[1].calls;
}

static int read_locks(struct report *report)
{
	struct tr_query *q;
	int status = report_query(report, &q, "lock_sums", NULL);

	if (status)
		return status;
	status = tr_next(q, &report->error);
	if (status == 1) {
		report->waits.acquisitions = report_number(q, "acquisitions");
		report->waits.contended = report_number(q, "contended");
		report->waits.wait_ns = report_number(q, "wait_ns");
	}
	tr_finish(q);
	return status < 0 ? status : 0;
}

int report_waits_header(struct report *report)
{
	const struct report_waits *waits = &report->waits;
	char parts[1][80], a[CLI_NUMBER_BYTES], b[64], c[64];
	int status = read_locks(report);

	if (status)
		return status;
	if (report->format == CLI_FORMAT_TEXT && waits->acquisitions) {
		snprintf(parts[0], 80, "locks: waited %s in %s, taken %s", cli_duration(a, waits->wait_ns),
			 cli_counted(b, sizeof(b), waits->contended, "wait", NULL),
			 cli_counted(c, sizeof(c), waits->acquisitions, "time", NULL));
		report_add_parts(report, (const char(*)[80])parts, 1);
	}
	return report_blocks_header(report);
}

/* Says that there are neither calls that may block nor locks, if there are none. */
static int has_no_waits(struct report *report)
{
	char process[64] = "";

	if (has_blocks(report) || report->waits.acquisitions)
		return 0;
	if (report->process_id != ANY)
		snprintf(process, sizeof(process), " of process %" PRId64, report->process_id);
	report_say(report, CLI_PLAIN, "No calls that may block and no locks%s were recorded: the program was compiled or run with "
		   "block=off and lock=off, or made none in code with hooks that has returned.", process);
	return 1;
}

void report_say_none_beside(struct report *report)
{
	if (report->show_sql)
		return;
	const int none = report->with_heap ? report_has_no_heap(report) : report->with_blocks && has_no_waits(report);
	if (none && report->format == CLI_FORMAT_TEXT)
		cli_add_text(&report->out, "\n");
}

int64_t report_blocked_ns(const struct report *report)
{
	const int64_t idle = report->all ? report->blocks[1].blocked_ns : 0;
	return report_sum(report->blocks[0].blocked_ns, idle);
}

int report_shows_waits(const struct report *report, enum report_wait wait)
{
	if (!report->with_blocks)
		return 0;
	if (wait == WAIT_FOR_LOCKS)
		return report->waits.acquisitions || report->sort == SORT_LOCK_TIME;
	/* With neither these stand there, empty. */
	int blocked = has_blocks(report) || report->sort == SORT_BLOCKED_TIME || !report_shows_waits(report, WAIT_FOR_LOCKS);
	return blocked && (wait == WAIT_BLOCKED || report->all);
}

void report_wait_cell(struct cli_table *table, int64_t ns)
{
	char text[CLI_NUMBER_BYTES];
	cli_cell(table, ns ? CLI_PLAIN : CLI_DIM, ns ? cli_duration(text, ns) : "-");
}
