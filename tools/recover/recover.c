/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * instr-recover: completes the traces of runs that are over although their drain did not finish them
 * (it was killed, the disk was full). instr-report does the same when it opens such a trace; this
 * program does it for all of them, and says what it found.
 */
#include "cli/options.h"
#include "cli/terminal.h"
#include "libtrace/recover.h"

static int all, quiet;

static const struct cli_option options[] = {
	{CLI_FLAG, .name = "all", .letter = 'a', .value = &all,
	 .help = "complete every dead run of this user that left its ring behind, wherever its trace lies"},
	{CLI_FLAG, .name = "quiet", .letter = 'q', .value = &quiet, .help = "say nothing but errors"},
	{0}};

static const char *const usage[] = {"[FILE]", "--all", NULL};
static const struct cli_note examples[] = {
	{"instr-recover", "complete ./trace.db"},
	{"instr-recover --all", "after a crash of the machine's session: complete everything that was recording"},
	{0}};
static const struct cli_note exits[] = {
	{"0", "the trace is complete, or nothing had to be done"},
	{"2", "wrong usage"},
	{"3", "a trace could not be read or completed"},
	{0}};

static const struct cli_program program = {
	.name = "instr-recover",
	.summary = "complete the trace of a program whose recording was cut off",
	.usage = usage,
	.description = "A traced program's events lie in shared memory until the drain process has written them. If\n"
		       "both are gone, what is left there is written to the trace now. A trace that is whole, or whose\n"
		       "program still runs, is left alone. May be run any number of times, by any number of processes.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.see_also = "instr-report(1)",
	.operand_files = 1,
};

static int say(const char *what, enum tr_recovery outcome, const struct tr_error *error)
{
	static const char *const said[] = {
		[TR_RECOVERY_NOTHING] = "nothing to complete",
		[TR_RECOVERY_LIVE] = "its program or its drain is still running: left alone",
		[TR_RECOVERY_WAITED] = "complete: its drain has just finished it",
		[TR_RECOVERY_DONE] = "completed",
		[TR_RECOVERY_UNWRITABLE] = "not this user's: left alone",
	};
	if (error) {
		cli_error("%s", error->text);
		return CLI_TROUBLE;
	}
	if (!quiet) {
		cli_out_text(what);
		cli_out_text(": ");
		cli_out_text(said[outcome]);
		cli_out_text("\n");
	}
	return 0;
}

static void each(void *arg, const char *where, enum tr_recovery outcome, const struct tr_error *error)
{
	int *status = arg, r = say(where, outcome, error);
	if (r)
		*status = r;
}

static int recover_file(const char *path)
{
	struct tr_error error;
	enum tr_recovery outcome;
	int failed = tr_recover(path, &outcome, &error);
	return say(path, outcome, failed ? &error : NULL);
}

int main(int argc, char **argv)
{
	struct cli_operands operands;
	struct cli_program p = program;
	p.version = tr_versions();
	cli_start("instr-recover");
	int status = cli_parse(&p, argc, argv, &operands);
	if (status != CLI_GO)
		return status;
	if (operands.count > 1 || (all && operands.count))
		return cli_wrong_usage("one file, or --all");
	status = 0;
	if (all) {
		if (!tr_recover_all(&status, each) && !quiet)
			cli_out_text("no run has left anything behind\n");
	} else {
		status = recover_file(operands.count ? operands.items[0] : "trace.db");
	}
	return cli_finish(status);
}
