/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * drain.c PROGRAM RUNTIME [every|PASS N] - the nth allocation or file operation of the drain fails, alone or with
 * all after it, until a run needs no more. The program is as ever each time; the file is whole, says what is
 * lost, says itself that it is not whole, or is not there; and the next run is none the worse.
 *
 * Without `every`: the first ones, and from there on some dozens of each kind, others each time.
 */
#include "plan.h"
#include "runs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program whose drain cannot even begin waits for it at its end, some seconds: few of those. */
enum { FIRST_ONES = 10, FIRST_FOR_GOOD = 2, SAMPLES = 60, SAMPLES_FOR_GOOD = 15, NEXT_RUN = 40 };

static struct fault_plan *plan;
static char *program[2];
static pid_t running;
static volatile sig_atomic_t timed_out;
static long checks;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	timed_out = 1;
	kill(running, SIGKILL);
}

static void run(struct run *r, unsigned kinds, long at, int for_good, int error)
{
	memset(r, 0, sizeof(*r));
	run_clear();
	*plan = (struct fault_plan){.kinds = kinds, .error = error, .for_good = (uint32_t)for_good, .at = at};
	timed_out = 0;
	running = run_start(program, 0);
	alarm(RUN_SECONDS);
	while (waitpid(running, &r->status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	r->timed_out = timed_out;
	run_judge(r);
	checks++;
}

static const char *whole(const struct run *r)
{
	const char *why = run_fault(r);
	return why ? why : !r->has_file ? "there is no file" : r->recorded != RUN_EVENTS ? "events are missing" :
	       r->lost_chunk_events ? "chunks are lost" : r->unnamed ? "names are missing" : NULL;
}

/* One failure among many calls is made good, or costs no more than event chunks. */
static const char *nearly_whole(const struct run *r)
{
	const char *why = run_fault(r);
	return why ? why : !r->has_file ? "there is no file" : !strcmp(r->state, "recording") ? "it is not complete" :
	       r->recorded + r->lost != RUN_EVENTS ? "events are missing" : NULL;
}

static int failures;

static void report(const struct run *r, const char *pass, long n, const char *why)
{
	printf("%s, n = %ld: %s\n", pass, n, why);
	run_show(r);
	failures++;
}

static const char *only_pass;
static long only_n;

static void all(const char *pass, unsigned kinds, int for_good, int error, int every)
{
	struct run r;
	if (only_pass && !strcmp(only_pass, pass)) {
		run(&r, kinds, only_n, for_good, error);
		printf("%s, n = %ld of %lld: %s\n", pass, only_n, (long long)plan->count, run_fault(&r) ? run_fault(&r) : "good");
		run_show(&r);
	}
	if (only_pass)
		return;
	long n, stride, first = for_good ? FIRST_FOR_GOOD : FIRST_ONES, without = 0, fired = 0, kept = 0;
	run(&r, kinds, 0, 0, 0);
	stride = every ? 1 : plan->count / (for_good ? SAMPLES_FOR_GOOD : SAMPLES) + 1;
	if (whole(&r))
		report(&r, pass, 0, whole(&r));
	for (n = 1; without < 3 && failures < 10; n += n <= first ? 1 : stride) {
		if (n == first + 1)
			n += getpid() % stride;
		run(&r, kinds, n, for_good, error);
		without = plan->fired ? 0 : without + 1;
		fired += plan->fired > 0;
		kept += r.has_file && !whole(&r);
		const char *why = for_good ? run_fault(&r) : nearly_whole(&r);
		if (why)
			report(&r, pass, n, why);
		if (checks % NEXT_RUN == 0) {
			run(&r, 0, 0, 0, 0);
			if (whole(&r))
				report(&r, "the next run", n, whole(&r));
		}
	}
	if (!fired)
		report(&r, pass, n, "nothing has failed");
	printf("%s %s: %ld runs with a failure, %ld traces whole all the same\n", failures ? "FAILED" : "ok", pass, fired, kept);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int every = argc > 3 && !strcmp(argv[3], "every");
	if (argc > 4) { /* to look at one again */
		only_pass = argv[3];
		only_n = atol(argv[4]);
	}
	int fd = open(FAULT_PLAN, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*plan)) != 0)
		return 2;
	plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	program[0] = argv[1];
	run_preload = argv[2];
	struct sigaction alarm_action = {.sa_handler = on_alarm};
	sigaction(SIGALRM, &alarm_action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);

	all("one_allocation_fails", FAULT_PLAN_MEMORY, 0, ENOMEM, every);
	all("all_allocations_from_one_on_fail", FAULT_PLAN_MEMORY, 1, ENOMEM, every);
	all("one_file_operation_fails", FAULT_PLAN_FILES, 0, EIO, every);
	all("all_file_operations_from_one_on_fail_for_lack_of_space", FAULT_PLAN_FILES, 1, ENOSPC, every);
	if (every) {
		all("one_file_operation_fails_for_lack_of_space", FAULT_PLAN_FILES, 0, ENOSPC, every);
		all("one_file_operation_fails_for_lack_of_descriptors", FAULT_PLAN_FILES, 0, EMFILE, every);
		all("all_file_operations_from_one_on_fail", FAULT_PLAN_FILES, 1, EIO, every);
		all("all_operations_from_one_on_fail", FAULT_PLAN_FILES | FAULT_PLAN_MEMORY, 1, ENOMEM, every);
	}
	printf("%ld runs, %d failed\n", checks, failures);
	return failures != 0;
}
