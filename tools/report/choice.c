/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * choice.c - does what was asked for exist? A report of nothing would look like a program that did nothing.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/terminal.h"

static int check_lock(struct report *report, int *result)
{
	struct tr_query *q;
	int status;

	report->one_lock = report->lock;
	if ((status = report_query(report, &q, "locks", NULL)))
		return status;
	if (!(status = tr_next(q, &report->error)))
		*result = cli_wrong_usage("%s has no lock %" PRId64 " (--locks lists them)", tr_path(report->trace), report->lock);
	tr_finish(q);
	return status < 0 ? status : 0;
}

/* Of what blocks, and what makes such calls: what may have been meant. To be freed. */
static int find_meant(struct report *report, char **meant)
{
	enum { MOST = 4096, LONGEST = 200 };
	const char *const asked = report->only;
	const char *names[MOST];
	const int all = report->all;
	size_t count = 0;
	struct tr_query *q;

	*meant = NULL;
	report->only = NULL;
	report->all = 1;
	int status = report_query_limited(report, &q, "block_functions", NULL, MOST / 2);
	report->only = asked;
	report->all = all;
	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1 && count + 2 <= MOST)
		for (int i = 0; i < 2; i++) {
			const char *name = tr_text(q, tr_column(q, i ? "function" : "called"), NULL);
			size_t length = strcspn(name, "(");
			char *copy = length && length <= LONGEST ? strndup(name, length) : NULL;
			if (copy)
				names[count++] = copy;
		}
	tr_finish(q);
	const char *near = status < 0 ? NULL : cli_nearest(asked, names, count);
	if (near)
		*meant = cli_strdup(near);
	while (count)
		free((void *)names[--count]);
	return status < 0 ? status : 0;
}

/* What may block, or makes calls that may. */
static int check_blocks(struct report *report, int *result)
{
	struct tr_query *q;
	int status;

	if ((status = report_query(report, &q, "blocks", NULL)))
		return status;
	status = tr_next(q, &report->error);
	tr_finish(q);
	if (status)
		return status < 0 ? status : 0;
	char *meant = NULL;
	if (!tr_is_regex(report->only) && (status = find_meant(report, &meant)))
		return status;
	*result = cli_wrong_usage("%s has no call of %s that may block, nor one that it makes%s%s%s", tr_path(report->trace), report->only,
				  meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : " (--blocks --all lists them)");
	free(meant);
	return 0;
}

static int check_threads(struct report *report, int *result)
{
	enum { LONGEST_NAME = 64 }; /* of those that may have been meant */
	const char *names[64];
	size_t count = 0;
	int64_t threads = 0, found = 0, processes = 0, merged = 0;
	struct tr_query *q;
	int status;

	if ((status = report_query(report, &q, "thread_names", NULL)))
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		int64_t process_id = tr_integer(q, 1);
		const char *name = tr_text(q, 2, NULL);
		threads++;
		processes += process_id == report->process_id;
		merged += tr_integer(q, 3) > 0;
		if (report->process_id != ANY && process_id != report->process_id)
			continue;
		found += report->thread_name ? !strcmp(name, report->thread_name) : tr_integer(q, 0) == report->thread_id;
		if (count < 64 && *name && strnlen(name, LONGEST_NAME + 1) <= LONGEST_NAME)
			names[count++] = cli_strdup(name);
	}
	tr_finish(q);
	if (status >= 0 && report->process_id != ANY && !processes) {
		*result = cli_wrong_usage("%s has no process %" PRId64 " (--info lists them)", tr_path(report->trace), report->process_id);
	} else if (status >= 0 && report->thread_name && !found) {
		const char *near = cli_nearest(report->thread_name, names, count);
		*result = cli_wrong_usage("%s has no thread named %s%s%s%s", tr_path(report->trace), report->thread_name,
					  near ? "; did you mean " : "", near ? near : "", near ? "?" : " (--info lists them)");
	} else if (status >= 0 && report->thread_id != ANY && !found && merged) {
		*result = cli_wrong_usage("%s has no thread %" PRId64 " by itself (--info lists those that it has; the totals of others, "
					  "which had ended, are in --thread \"ended threads\")", tr_path(report->trace), report->thread_id);
	} else if (status >= 0 && report->thread_id != ANY && !found) {
		*result = cli_wrong_usage("%s has no thread %" PRId64 " (--info lists its %" PRId64 ")", tr_path(report->trace),
					  report->thread_id, threads);
	}
	while (count)
		free((void *)names[--count]);
	return status < 0 ? status : 0;
}

int report_check_choice(struct report *report)
{
	const char *const asked[] = {report->mode == REPORT_BLOCKS || report->mode == REPORT_WHY_MISSING ? NULL : report->only, report->focus, report->ignore};
	int status = 0, result = CLI_GO;

	if (report->sql)
		status = report_check_sql(report, &result);
	if (!status && result == CLI_GO && report->lock != ANY)
		status = check_lock(report, &result);
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked) && !status && result == CLI_GO; i++)
		if (asked[i])
			status = report_check_function(report, asked[i], &result);
	if (!status && result == CLI_GO && report->only && report->mode == REPORT_BLOCKS)
		status = check_blocks(report, &result);
	if (!status && result == CLI_GO && (report->thread_name || report->thread_id != ANY || report->process_id != ANY))
		status = check_threads(report, &result);
	if (!status)
		return result;
	cli_error("%s", report->error.text);
	return CLI_TROUBLE;
}
