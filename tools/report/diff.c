/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * diff.c - what changed between two traces (--diff), by function or by call path: counts exactly, times also as a
 * statement about how long calls took, which is a rank test between the two histograms of each row.
 *
 * A change of time is split in two:
 *     by calls   more of them, or fewer: (new calls - old calls) * old time / old calls
 *     by cost    dearer ones, or cheaper: the rest, (new time / new calls - old time / old calls) * new calls
 */
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/units.h"
#include "report/figures.h"

enum { CHANGE, RELATIVE, MORE, DEARER, CALLS, TOTAL, MEMORY, LOCKS, TIMES, NAME, COLUMNS };
enum { FIGURES_WIDTH = 56 }; /* about, in columns of the screen */

static const char *const verdicts[VERDICTS] = {"not tested", "no difference", "slower", "faster"};

struct row {
	int64_t change; /* of what rows are sorted by */
	uint32_t number;
	uint8_t counts_differ;
};

struct diff {
	struct report *report;
	struct figures *figures;
	int by_context;
	struct tested *tested; /* by number of the row */
	struct row *rows;
	size_t count;
	struct sums whole[SIDES];
	int64_t more, dearer;       /* of self time, of all rows */
	size_t verdicts[VERDICTS];
	size_t fresh, gone;
};

/* By enum report_diff_sort. */
static int64_t value_of(const struct sums *s, int sort)
{
	const int64_t values[] = {s->self_ns, s->total_ns, s->calls, s->bytes, s->allocs, s->wait_ns, s->lock_ns, s->acquisitions};
	return values[sort];
}

static int64_t by_more_calls(int64_t old, int64_t new, int64_t old_calls, int64_t calls)
{
	if (old_calls <= 0)
		return calls > 0 ? report_difference(new, old) : 0;
	long double more = (long double)old * ((long double)calls - (long double)old_calls) / (long double)old_calls;
	return more >= 0x1p63L ? INT64_MAX : more < -0x1p63L ? INT64_MIN : (int64_t)roundl(more);
}

static int64_t by_dearer_calls(int64_t old, int64_t new, int64_t more)
{
	return report_difference(report_difference(new, old), more);
}

/* ---- which rows, in which order ------------------------------------------------------------------------- */

static void add_to_whole(struct sums *whole, const struct sums *s)
{
	whole->calls = report_sum(whole->calls, s->calls);
	whole->self_ns = report_sum(whole->self_ns, s->self_ns);
	whole->allocs = report_sum(whole->allocs, s->allocs);
	whole->bytes = report_sum(whole->bytes, s->bytes);
	whole->acquisitions = report_sum(whole->acquisitions, s->acquisitions);
	whole->lock_ns = report_sum(whole->lock_ns, s->lock_ns);
	whole->wait_ns = report_sum(whole->wait_ns, s->wait_ns);
}

static int by_change(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	const uint64_t i = x->change < 0 ? -(uint64_t)x->change : (uint64_t)x->change, j = y->change < 0 ? -(uint64_t)y->change : (uint64_t)y->change;
	return i != j ? (i < j) - (i > j) : (x->number > y->number) - (x->number < y->number);
}

static int collect(struct diff *d)
{
	const size_t rows = figures_rows(d->figures, d->by_context);

	d->rows = cli_realloc(NULL, rows + 1, sizeof(*d->rows));
	for (size_t i = 0; i < rows; i++) {
		struct sums s[SIDES];
		for (int side = OLD; side < SIDES; side++) {
			figures_sum(d->figures, d->by_context, i, (enum side)side, &s[side]);
			add_to_whole(&d->whole[side], &s[side]);
		}
		if (!s[OLD].there && !s[NEW].there)
			continue;
		int64_t more = by_more_calls(s[OLD].self_ns, s[NEW].self_ns, s[OLD].calls, s[NEW].calls);
		d->more = report_sum(d->more, more);
		d->dearer = report_sum(d->dearer, by_dearer_calls(s[OLD].self_ns, s[NEW].self_ns, more));
		d->fresh += i && !s[OLD].there;
		d->gone += i && !s[NEW].there;
		struct row *row = &d->rows[d->count++];
		*row = (struct row){.number = (uint32_t)i, .change = report_difference(value_of(&s[NEW], d->report->sort), value_of(&s[OLD], d->report->sort))};
		row->counts_differ = s[OLD].calls != s[NEW].calls || s[OLD].allocs != s[NEW].allocs || s[OLD].bytes != s[NEW].bytes || s[OLD].acquisitions != s[NEW].acquisitions;
	}
	qsort(d->rows, d->count, sizeof(*d->rows), by_change);
	/* Not before: sorting needs memory, too. */
	int status = figures_test(d->figures, d->by_context, &d->tested);
	for (size_t i = 0; i < d->count && !status; i++)
		d->verdicts[d->tested[d->rows[i].number].verdict]++;
	return status;
}

static int differs(const struct tested *tested) { return tested->verdict == SLOWER || tested->verdict == FASTER; }

/* ---- rows for programs ---------------------------------------------------------------------------------- */

static const char *const columns_of_rows[] = {
	"function", "file", "line", "status", "old_calls", "new_calls", "old_self_ns", "new_self_ns", "self_by_calls_ns", "self_by_cost_ns",
	"old_total_ns", "new_total_ns", "total_by_calls_ns", "total_by_cost_ns", "old_p50_ns", "new_p50_ns", "old_p99_ns", "new_p99_ns",
	"old_allocs", "new_allocs", "old_bytes", "new_bytes", "old_acquisitions", "new_acquisitions", "old_lock_waits", "new_lock_waits",
	"old_lock_ns", "new_lock_ns", "old_waits", "new_waits", "old_wait_ns", "new_wait_ns", "longer", "q", "times", "path",
};
enum { ROW_COLUMNS = sizeof(columns_of_rows) / sizeof(*columns_of_rows) };

static void put_pair(struct cli_rows *rows, int64_t old, int64_t new)
{
	cli_put_integer(rows, old);
	cli_put_integer(rows, new);
}

static void put_split(struct cli_rows *rows, const struct sums *s, int64_t old, int64_t new)
{
	int64_t more = by_more_calls(old, new, s[OLD].calls, s[NEW].calls);
	put_pair(rows, old, new);
	put_pair(rows, more, by_dearer_calls(old, new, more));
}

static void put_quantiles(struct cli_rows *rows, const struct durations *d, int64_t old, int64_t new)
{
	for (int side = OLD; side < SIDES; side++)
		if (d[side].calls)
			cli_put_integer(rows, side == OLD ? old : new);
		else
			cli_put_null(rows);
}

static void put_row(struct diff *d, struct cli_rows *rows, const struct row *row)
{
	const size_t function = d->by_context ? figures_function(d->figures, row->number) : row->number;
	const struct tested *tested = &d->tested[row->number];
	struct cli_buffer path = {0};
	struct sums s[SIDES];
	struct durations times[SIDES];
	int64_t line;
	const char *file = figures_file(d->figures, function, &line);

	for (int side = OLD; side < SIDES; side++) {
		figures_sum(d->figures, d->by_context, row->number, (enum side)side, &s[side]);
		figures_durations(d->figures, d->by_context, row->number, (enum side)side, &times[side]);
	}
	cli_put_string(rows, figures_name(d->figures, function));
	cli_put_string(rows, file);
	cli_put_known(rows, line);
	cli_put_string(rows, !s[OLD].there ? "new" : !s[NEW].there ? "gone" : "both");
	put_pair(rows, s[OLD].calls, s[NEW].calls);
	put_split(rows, s, s[OLD].self_ns, s[NEW].self_ns);
	put_split(rows, s, s[OLD].total_ns, s[NEW].total_ns);
	put_quantiles(rows, times, times[OLD].p50_ns, times[NEW].p50_ns);
	put_quantiles(rows, times, times[OLD].p99_ns, times[NEW].p99_ns);
	put_pair(rows, s[OLD].allocs, s[NEW].allocs);
	put_pair(rows, s[OLD].bytes, s[NEW].bytes);
	put_pair(rows, s[OLD].acquisitions, s[NEW].acquisitions);
	put_pair(rows, s[OLD].lock_waits, s[NEW].lock_waits);
	put_pair(rows, s[OLD].lock_ns, s[NEW].lock_ns);
	put_pair(rows, s[OLD].waits, s[NEW].waits);
	put_pair(rows, s[OLD].wait_ns, s[NEW].wait_ns);
	if (tested->verdict == NOT_TESTED) {
		cli_put_null(rows);
		cli_put_null(rows);
	} else {
		cli_put_real(rows, tested->longer);
		cli_put_real(rows, tested->q);
	}
	cli_put_string(rows, verdicts[tested->verdict]);
	if (d->by_context) {
		figures_path(d->figures, row->number, &path);
		cli_put_string(rows, cli_text_of(&path));
		cli_buffer_fini(&path);
	}
}

/* ---- text ----------------------------------------------------------------------------------------------- */

/* "+12.3 ms", "-4 KiB", "=" */
static char *with_sign(char *out, char *(*unit)(char *, int64_t), int64_t change)
{
	char text[CLI_NUMBER_BYTES];

	if (!change)
		return strcpy(out, "=");
	snprintf(out, CLI_NUMBER_BYTES, "%s%.36s", change > 0 ? "+" : "", unit(text, change));
	return out;
}

static char *relative(char *out, int64_t old, int64_t new)
{
	double percent = ((double)new - (double)old) / (double)old * 100;

	if (old <= 0)
		return strcpy(out, "-");
	if (old == new)
		return strcpy(out, "=");
	snprintf(out, CLI_NUMBER_BYTES, fabs(percent) < 0.05 ? "%s<0.1%%" : fabs(percent) >= 1e6 ? "%s>999999%%" : "%s%.1f%%",
		 percent < 0 ? "-" : "+", fabs(percent));
	return out;
}

static char *(*unit_of(int sort))(char *, int64_t)
{
	return sort == SORT_DIFF_BYTES ? cli_bytes : sort == SORT_DIFF_CALLS || sort == SORT_DIFF_ALLOCS || sort == SORT_DIFF_TAKEN ? cli_count : cli_duration;
}

static void add_change(struct cli_table *table, char *(*unit)(char *, int64_t), int64_t change, enum cli_style style)
{
	char text[CLI_NUMBER_BYTES];
	cli_cell(table, change ? style : CLI_DIM, with_sign(text, unit, change));
}

/* Half of one of the two self times or more may be hooks. */
static int is_distorted(const struct report *report, const struct sums *s)
{
	return report_is_distorted(report, s[OLD].self_ns, s[OLD].calls) || report_is_distorted(report, s[NEW].self_ns, s[NEW].calls);
}

static void add_cell(struct diff *d, struct cli_table *table, const struct row *row, const struct sums *s, int column)
{
	const int sort = d->report->sort, total = sort == SORT_DIFF_TOTAL;
	const int64_t old = total ? s[OLD].total_ns : s[OLD].self_ns, new = total ? s[NEW].total_ns : s[NEW].self_ns;
	const int64_t more = by_more_calls(old, new, s[OLD].calls, s[NEW].calls);
	const size_t function = d->by_context ? figures_function(d->figures, row->number) : row->number;
	const struct tested *tested = &d->tested[row->number];
	const char *file;
	char text[CLI_NUMBER_BYTES], place[280] = "";
	int64_t line;

	switch (column) {
	case CHANGE:
		if (sort == SORT_DIFF_SELF && row->change && is_distorted(d->report, s)) {
			cli_cell_format(table, CLI_DIM, "~%s", with_sign(text, cli_duration, row->change));
			d->report->marked = 1;
			break;
		}
		add_change(table, unit_of(sort), row->change, report_heat(fabs((double)row->change), (double)value_of(&d->whole[OLD], sort)));
		break;
	case RELATIVE:
		cli_cell(table, CLI_PLAIN, !s[OLD].there ? "new" : !s[NEW].there ? "gone" : relative(text, value_of(&s[OLD], sort), value_of(&s[NEW], sort)));
		break;
	case MORE:
		add_change(table, cli_duration, more, CLI_PLAIN);
		break;
	case DEARER:
		add_change(table, cli_duration, by_dearer_calls(old, new, more), CLI_PLAIN);
		break;
	case CALLS:
		add_change(table, cli_count, report_difference(s[NEW].calls, s[OLD].calls), CLI_PLAIN);
		break;
	case TOTAL:
		add_change(table, cli_duration, report_difference(s[NEW].total_ns, s[OLD].total_ns), CLI_PLAIN);
		break;
	case MEMORY:
		add_change(table, cli_bytes, report_difference(s[NEW].bytes, s[OLD].bytes), CLI_PLAIN);
		break;
	case LOCKS:
		add_change(table, cli_count, report_difference(s[NEW].acquisitions, s[OLD].acquisitions), CLI_PLAIN);
		break;
	case TIMES:
		if (differs(tested))
			cli_cell_format(table, tested->verdict == SLOWER ? CLI_BAD : CLI_BOLD, "%s in %.0f%%", verdicts[tested->verdict],
					100 * (tested->verdict == SLOWER ? tested->longer : 1 - tested->longer));
		else
			cli_cell(table, CLI_DIM, tested->verdict == NOT_TESTED ? "-" : "no difference");
		break;
	case NAME:
		file = figures_file(d->figures, function, &line);
		if (file && line)
			snprintf(place, sizeof(place), "%.255s:%lld", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, (long long)line);
		cli_cell_parts(table, CLI_PLAIN, NULL, figures_name(d->figures, function), place);
		break;
	}
}

/* Which columns there are. */
static size_t choose_columns(const struct diff *d, struct cli_column *columns, int *which)
{
	static const char *const titles[] = {"self", "total", "calls", "bytes", "allocs", "blocked", "lock waits", "locks taken"};
	const int sort = d->report->sort, times = sort == SORT_DIFF_SELF || sort == SORT_DIFF_TOTAL;
	const struct cli_column all[COLUMNS] = {
		[CHANGE] = {.title = titles[sort]},
		[RELATIVE] = {.title = "change"},
		[MORE] = {.title = "by calls", .drop = 2},
		[DEARER] = {.title = "by cost", .drop = 2},
		[CALLS] = {.title = "calls", .drop = 1},
		[TOTAL] = {.title = "total", .drop = 5},
		[MEMORY] = {.title = "bytes", .drop = 4},
		[LOCKS] = {.title = "locks taken", .drop = 4},
		[TIMES] = {.title = "each call", .drop = 1},
		[NAME] = {.title = d->by_context ? "function, and call path" : "function", .left = 1, .comfort = 32, .shorten = report_shorten_name},
	};
	const int shown[COLUMNS] = {
		1, 1, times, times, sort != SORT_DIFF_CALLS, sort != SORT_DIFF_TOTAL,
		sort != SORT_DIFF_BYTES && (d->whole[OLD].bytes || d->whole[NEW].bytes),
		sort != SORT_DIFF_TAKEN && (d->whole[OLD].acquisitions || d->whole[NEW].acquisitions), 1, 1,
	};
	size_t count = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (!shown[i])
			continue;
		which[count] = i;
		columns[count++] = all[i];
	}
	return count;
}

static void say_pair(struct diff *d, const char *what, char *(*unit)(char *, int64_t), int64_t old, int64_t new, const char *rest)
{
	char a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES], c[CLI_NUMBER_BYTES], e[CLI_NUMBER_BYTES];

	if (old == new && old)
		report_say(d->report, CLI_PLAIN, "%s: %s, as before", what, unit(a, new));
	else if (old || new)
		report_say(d->report, CLI_PLAIN, "%s: %s, was %s: %s%s%s%s%s", what, unit(a, new), unit(b, old),
			   with_sign(c, unit, report_difference(new, old)), old > 0 ? " (" : "", old > 0 ? relative(e, old, new) : "", old > 0 ? ")" : "", rest);
}

static void say_whole(struct diff *d)
{
	char rest[160], a[CLI_NUMBER_BYTES], b[CLI_NUMBER_BYTES], count[64], more[64], gone[64];
	const struct sums *old = &d->whole[OLD], *new = &d->whole[NEW];
	const char *noun = d->by_context ? "call path" : "function";

	snprintf(rest, sizeof(rest), ", %.40s by calls, %.40s by cost", with_sign(a, cli_duration, d->more),
		 with_sign(b, cli_duration, d->dearer));
	say_pair(d, "Self time of all", cli_duration, old->self_ns, new->self_ns, rest);
	say_pair(d, "Calls", cli_count, old->calls, new->calls, "");
	say_pair(d, "Bytes allocated", cli_bytes, old->bytes, new->bytes, "");
	say_pair(d, "Allocations", cli_count, old->allocs, new->allocs, "");
	say_pair(d, "Locks taken", cli_count, old->acquisitions, new->acquisitions, "");
	say_pair(d, "Waits for locks", cli_duration, old->lock_ns, new->lock_ns, "");
	say_pair(d, "In calls that may block", cli_duration, old->wait_ns, new->wait_ns, "");
	if (d->fresh || d->gone)
		report_say(d->report, CLI_PLAIN, "%s new, %s gone", cli_counted(more, sizeof(more), (int64_t)d->fresh, noun, NULL),
			   cli_count(gone, (int64_t)d->gone));
	size_t tested = d->count - d->verdicts[NOT_TESTED];
	if (tested)
		report_say(d->report, CLI_PLAIN, "Of %s in both, calls of %zu took longer, of %zu less long; for the other %zu the data shows no difference",
			   cli_counted(count, sizeof(count), (int64_t)tested, noun, NULL), d->verdicts[SLOWER], d->verdicts[FASTER],
			   d->verdicts[NO_DIFFERENCE]);
	cli_add_text(&d->report->out, "\n");
	d->report->lines++;
}

/* Programs get all rows, people what changed: where that is not one kind of count, in whatever way. */
static int is_shown(const struct diff *d, const struct row *row)
{
	const double least = d->report->least * (double)value_of(&d->whole[OLD], d->report->sort);

	if (fabs((double)row->change) < least)
		return 0;
	return d->report->format != CLI_FORMAT_TEXT || row->change ||
	       (d->report->sort <= SORT_DIFF_TOTAL && (row->counts_differ || differs(&d->tested[row->number])));
}

static void add_table(struct diff *d)
{
	struct report *report = d->report;
	struct cli_column columns[COLUMNS];
	int which[COLUMNS], marked = 0;
	const size_t count = choose_columns(d, columns, which);
	struct cli_table *table = cli_table_create(columns, count);
	size_t shown = 0, hidden = 0, same = 0;
	char number[64];

	for (size_t i = 0; i < d->count; i++) {
		const struct row *row = &d->rows[i];
		struct sums s[SIDES];
		if (!is_shown(d, row)) {
			same++;
			continue;
		}
		if (report->limit != NO_LIMIT && (int64_t)shown >= report->limit) {
			hidden++;
			continue;
		}
		shown++;
		for (int side = OLD; side < SIDES; side++)
			figures_sum(d->figures, d->by_context, row->number, (enum side)side, &s[side]);
		for (size_t column = 0; column < count; column++)
			add_cell(d, table, row, s, which[column]);
		marked |= differs(&d->tested[row->number]);
		if (d->by_context) {
			struct cli_buffer path = {0};
			figures_path(d->figures, row->number, &path);
			report_path_rows(table, count, cli_text_of(&path), FIGURES_WIDTH);
			cli_buffer_fini(&path);
		}
	}
	if (shown)
		cli_table_print(table, &report->out, cli_screen()->width, 0);
	report->lines += cli_table_lines(table);
	cli_table_destroy(table);
	const char *noun = d->by_context ? "call path" : "function";
	if (hidden)
		report_say(report, CLI_DIM, "%s more: --limit 0 shows all", cli_counted(number, sizeof(number), (int64_t)hidden, noun, NULL));
	if (same)
		report_say(report, CLI_DIM, report->least > 0 ? "%s changed by less" : report->sort > SORT_DIFF_TOTAL ? "%s without a change of it" : "%s without a change", cli_counted(number, sizeof(number), (int64_t)same, noun, NULL));
	if (marked)
		report_say(report, CLI_DIM, "slower, faster: in so many of all pairs of an old and a new call the new one took longer, less long "
			   "(rank test, false discovery rate 1%%)");
	report_explain_marks(report, report->marked);
}

int report_diff_header(struct report *report)
{
	struct tr_trace *new = report->trace;
	int status = 0;

	for (int side = report->old ? OLD : NEW; side < SIDES && !status; side++) {
		report->trace = side == OLD ? report->old : new;
		if (report->mode != REPORT_GATE && report->format == CLI_FORMAT_TEXT)
			report_say(report, CLI_DIM, side == OLD ? "Old: %s" : "New: %s", tr_path(report->trace));
		status = report->mode == REPORT_GATE ? report_quiet_header(report) : report_header(report);
	}
	report->trace = new;
	return status;
}

int report_diff(struct report *report)
{
	struct diff d = {.report = report, .by_context = report->by == BY_CONTEXT};
	struct cli_rows rows;

	if (report->show_sql)
		return figures_show_sql(report);
	int status = figures_read(report, &d.figures);
	if (status)
		return status;
	if (!(status = collect(&d)) && report->format == CLI_FORMAT_TEXT) {
		say_whole(&d);
		add_table(&d);
	} else if (!status) {
		cli_rows_begin(&rows, report->format, columns_of_rows, (size_t)(d.by_context ? ROW_COLUMNS : ROW_COLUMNS - 1));
		int64_t left = report->limit == NO_LIMIT ? INT64_MAX : report->limit;
		for (size_t i = 0; i < d.count && left; i++) {
			if (!is_shown(&d, &d.rows[i]))
				continue;
			put_row(&d, &rows, &d.rows[i]);
			left--;
		}
		cli_rows_end(&rows);
	}
	free(d.tested);
	free(d.rows);
	figures_free(d.figures);
	return status;
}
