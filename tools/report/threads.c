/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * threads.c - a row for each thread: how long it lived, ran, was ready and had no processor, slept or waited, and what
 * it called. The first three are the kernel's figures, as of the last time that it was asked.
 */
#include "report/report.h"

#include <inttypes.h>

#include "cli/text.h"
#include "cli/units.h"

enum { SHARE, CPU, READY, BLOCKED, LOCKS, LIVED, START, END, CALLS, SELF, PROCESS, THREAD, NAME, CREATOR, COLUMNS };

/* By enum report_threads_sort. */
static const char *const orders[] = {"cpu_ns", "ready_ns", "blocked_ns", "self_ns", "calls", "lived_ns", "lock_ns"};

struct sums {
	int64_t rows, cpu_ns, ready_ns, lock_ns, not_read, merged, created;
};

static int is_known(struct tr_query *q, const char *column)
{
	return tr_type(q, tr_column(q, column)) != TR_NULL;
}

/* Of all that was asked for, whatever the limit. */
static int read_sums(struct report *report, struct sums *sums)
{
	struct tr_query *q;
	int status = report_query_limited(report, &q, "thread_profile", NULL, NO_LIMIT);

	if (status)
		return status;
	while ((status = tr_next(q, &report->error)) == 1) {
		sums->rows++;
		sums->cpu_ns = report_sum(sums->cpu_ns, report_number(q, "cpu_ns"));
		sums->ready_ns = report_sum(sums->ready_ns, report_number(q, "ready_ns"));
		sums->lock_ns = report_sum(sums->lock_ns, report_number(q, "lock_ns"));
		sums->not_read += !is_known(q, "cpu_ns");
		sums->merged += report_number(q, "merged") > 0;
		sums->created += is_known(q, "creator_context_id");
	}
	tr_finish(q);
	return status;
}

static size_t choose_columns(const struct report *report, const struct sums *sums, struct cli_column *columns, int *which)
{
	const struct cli_column all[COLUMNS] = {
		[SHARE] = {.title = "cpu %"},
		[CPU] = {.title = "cpu"},
		[READY] = {.title = "no processor"},
		[BLOCKED] = {.title = "blocked"},
		[LOCKS] = {.title = "for locks", .drop = 2},
		[LIVED] = {.title = "lived"},
		[START] = {.title = "from", .drop = 3},
		[END] = {.title = "to", .drop = 4},
		[CALLS] = {.title = "calls", .drop = 1},
		[SELF] = {.title = "in calls"},
		[PROCESS] = {.title = "process", .drop = 5},
		[THREAD] = {.title = "thread"},
		[NAME] = {.title = "name", .left = 1, .comfort = 12},
		[CREATOR] = {.title = "created by", .left = 1, .drop = 6},
	};
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if ((i == PROCESS && report->processes < 2) || (i == CREATOR && !sums->created) || (i == LOCKS && !sums->lock_ns))
			continue;
		columns[count] = all[i];
		if (i == LOCKS && report->sort == SORT_FOR_LOCKS)
			columns[count].drop = 0;
		which[count++] = i;
	}
	return count;
}

/* "main  server.c:30" */
static void creator_cell(struct cli_table *table, struct tr_query *q)
{
	enum { MOST = 32 };
	struct cli_buffer text = {0};

	if (is_known(q, "creator_context_id")) {
		const char *name = report_name(q, tr_column(q, "created_by"));
		if (cli_width(name) <= MOST)
			cli_add_text(&text, name);
		else
			report_shorten_name(&text, name, MOST);
		const char *place = report_place(q, tr_column(q, "created_file"), tr_column(q, "created_line"));
		cli_add_format(&text, "%s%s", *place ? "  " : "", place);
	}
	cli_cell(table, text.bytes ? CLI_PLAIN : CLI_DIM, text.bytes ? cli_text_of(&text) : "-");
	cli_buffer_fini(&text);
}

static void add_cell(struct cli_table *table, struct tr_query *q, int column, const struct sums *sums)
{
	static const char *const names[COLUMNS] = {
		[CPU] = "cpu_ns", [READY] = "ready_ns", [BLOCKED] = "blocked_ns", [LOCKS] = "lock_ns", [LIVED] = "lived_ns", [START] = "start_ns", [SELF] = "self_ns",
	};
	double part = (double)report_number(q, "cpu_ns"), whole = (double)sums->cpu_ns;
	char text[CLI_NUMBER_BYTES];
	const char *name;

	switch (column) {
	case SHARE:
		cli_cell(table, report_heat(part, whole), is_known(q, "cpu_ns") ? cli_share(text, part, whole) : "-");
		break;
	case END:
		report_duration_cell(table, q, "end_ns", "running");
		break;
	case CALLS:
		cli_cell(table, CLI_PLAIN, cli_count(text, report_number(q, "calls")));
		break;
	case PROCESS:
		cli_cell_format(table, CLI_PLAIN, "%" PRId64, report_number(q, "process_id"));
		break;
	case THREAD:
		if (report_number(q, "merged") > 0)
			cli_cell(table, CLI_PLAIN, cli_count(text, report_number(q, "merged")));
		else
			cli_cell_format(table, CLI_PLAIN, "%" PRId64, report_number(q, "thread_id"));
		break;
	case NAME:
		name = tr_text(q, tr_column(q, "name"), NULL);
		cli_cell(table, *name ? CLI_PLAIN : CLI_DIM, *name ? name : "(no name)");
		break;
	case CREATOR:
		creator_cell(table, q);
		break;
	default:
		report_duration_cell(table, q, names[column], "-");
	}
}

static void say_sums(struct report *report, const struct sums *sums)
{
	char cpu[CLI_NUMBER_BYTES], ready[CLI_NUMBER_BYTES];

	if (sums->not_read < sums->rows)
		cli_add_format(&report->out, "%s of processor time; %s ready to run without a processor\n\n", cli_duration(cpu, sums->cpu_ns),
			       cli_duration(ready, sums->ready_ns));
	report->lines += 2;
}

static void explain(struct report *report, const struct sums *sums)
{
	char count[64];

	if (sums->merged)
		report_say(report, CLI_DIM, "ended threads: so many that ended early are one row; they lived from the first one's start to the "
			   "last one's end");
	if (sums->not_read)
		report_say(report, CLI_DIM, "- of %s it is not known: ended before it was looked at, or the kernel does not say",
			   cli_counted(count, sizeof(count), sums->not_read, "thread", NULL));
}

int report_threads(struct report *report)
{
	struct cli_column columns[COLUMNS];
	int which[COLUMNS];
	struct sums sums = {0};
	struct tr_query *q;
	char more[64];
	int64_t rows = 0;
	int status;

	if (report->by == BY_CREATOR)
		return report_creators(report);
	report->now_ns = tr_now_ns(report->trace);
	if (report->show_sql || report->format != CLI_FORMAT_TEXT)
		return report_rows(report, "thread_profile", orders[report->sort]);
	if ((status = read_sums(report, &sums)) || (status = report_query(report, &q, "thread_profile", orders[report->sort])))
		return status;
	const size_t count = choose_columns(report, &sums, columns, which);
	say_sums(report, &sums);
	struct cli_table *table = cli_table_create(columns, count);
	for (; (status = tr_next(q, &report->error)) == 1; rows++)
		for (size_t i = 0; i < count; i++)
			add_cell(table, q, which[i], &sums);
	tr_finish(q);
	if (!status && rows)
		cli_table_print(table, &report->out, cli_screen()->width, 0);
	if (!status && !rows)
		cli_add_text(&report->out, "No thread recorded anything.\n");
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	if (!status && rows < sums.rows)
		cli_add_format(&report->out, "%s%s: --limit 0 shows all%s\n", cli_style_on(CLI_DIM),
			       cli_counted(more, sizeof(more), sums.rows - rows, "more thread", NULL), cli_style_off(CLI_DIM));
	if (!status)
		explain(report, &sums);
	return status;
}
