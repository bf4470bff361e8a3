/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * picture.c - reports that are pictures (--flame, --graph): what goes with them, and where they go.
 */
#include "report/report.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/options.h"

static int is_kind(const char *path, const char *kind)
{
	const size_t bytes = strlen(path), tail = strlen(kind);
	return bytes > tail && !strcmp(path + bytes - tail, kind);
}

int report_check_picture(const struct report *report, const char *option, const char *path, const char *old_path, int format, int has_sort, int has_limit,
			 int has_thread)
{
	const int graph = !strcmp(option, "graph");

	if (!*path)
		return cli_wrong_usage("--%s takes the name of a file", option);
	if (has_sort)
		return cli_wrong_usage("--sort does not go with --%s", option);
	if (format != CLI_FORMAT_TEXT)
		return cli_wrong_usage("--format does not go with --%s, which is a picture (its rows: --show-sql | sqlite3 trace.db)", option);
	if (has_limit && !graph)
		return cli_wrong_usage("--limit does not go with --flame: --min PERCENT leaves out what is small");
	if (old_path && (has_thread || report->process_id != ANY || report->focus || report->ignore))
		return cli_wrong_usage("--flame with --diff is about whole runs: --focus, --ignore, --thread and --process do not go with it");
	if (graph && strcmp(path, "-") && !is_kind(path, ".svg") && !is_kind(path, ".png") && !is_kind(path, ".dot"))
		return cli_wrong_usage("--graph takes a file that ends in .svg, .png or .dot, or - for what is in a .dot");
	if (!strcmp(path, "-") && cli_screen()->terminal && !report->show_sql && !graph)
		return cli_wrong_usage("a page is nothing to read on a terminal: --flame FILE.html writes it to a file");
	return CLI_GO;
}

static int is_same_file(const char *path, const char *other)
{
	struct stat a, b;
	return !stat(path, &a) && !stat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int report_open_picture(struct report *report, const char *const *traces, int count)
{
	static struct cli_buffer notes;

	if (!report->picture || report->show_sql)
		return CLI_GO;
	if (report->old && is_same_file(report->picture, tr_path(report->old)))
		return cli_wrong_usage("%s is the old trace itself", report->picture);
	for (int i = 0; i < count; i++)
		if (is_same_file(report->picture, traces[i]))
			return cli_wrong_usage("%s is the trace itself", report->picture);
	report->notes = &notes;
	return strcmp(report->picture, "-") ? cli_open_output(report->picture, tr_path(report->trace)) : CLI_GO;
}
