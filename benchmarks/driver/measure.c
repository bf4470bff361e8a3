/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * measure.c - runs one command and says what it cost, the processes that it left behind included.
 *
 *     measure -o FILE [-s MILLISECONDS] [-t SECONDS] -- COMMAND [ARGUMENT...]
 *
 * writes "name value" lines to FILE: what the command took, and apart from it what its orphans took.
 * The drain is one: a traced program starts it through a process that ends at once, so it belongs to
 * init. This program makes itself the reaper of orphans (PR_SET_CHILD_SUBREAPER), the drain becomes
 * its child, and wait4 then gives the drain's exact user and system time from its start to its end;
 * nothing is sampled and nobody has to catch the drain alive.
 *
 *     status              exit status of the command, 128 + signal, or 124 when -t ended it
 *     wall_ns             from before vfork until the command was reaped
 *     user_ns system_ns   CPU time of the command and of children that it waited for
 *     peak_rss_bytes      of the command
 *     orphans             processes left behind; the next four are about these
 *     orphan_user_ns orphan_system_ns orphan_peak_rss_bytes
 *     orphan_end_ns       from the command's end until the last of them had ended
 *
 * With -s also, read every so many milliseconds (the run's times are then worth less: the kernel
 * stops page faults of the process while it adds up):
 *
 *     peak_pss_bytes program_pss_bytes orphan_pss_bytes
 *                         the largest sum of PSS seen, and its parts at that moment
 *     ring_bytes          most memory allocated to mapped files below an instr- folder: the ring,
 *                         of which PSS knows only the pages that are mapped
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, STATUS_LIMIT = 124, STATUS_NO_COMMAND = 127 };

struct cost {
	uint64_t user_ns, system_ns, peak_rss_bytes;
};

struct memory {
	uint64_t program_pss_bytes, orphan_pss_bytes, ring_bytes;
};

static pid_t program;
static volatile sig_atomic_t program_lives, limit_reached;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void add_cost(struct cost *cost, const struct rusage *usage)
{
	uint64_t rss = (uint64_t)usage->ru_maxrss * 1024;

	cost->user_ns += (uint64_t)usage->ru_utime.tv_sec * 1000000000u + (uint64_t)usage->ru_utime.tv_usec * 1000u;
	cost->system_ns += (uint64_t)usage->ru_stime.tv_sec * 1000000000u + (uint64_t)usage->ru_stime.tv_usec * 1000u;
	if (rss > cost->peak_rss_bytes)
		cost->peak_rss_bytes = rss;
}

/* ---- sampling memory ----------------------------------------------------------------------------- */

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

static uint64_t pss_of(pid_t pid)
{
	FILE *file = open_proc(pid, "smaps_rollup");
	char line[256];
	unsigned long kib = 0;

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "Pss: %lu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return (uint64_t)kib * 1024;
}

/* Blocks of the distinct files below an instr- folder that the process maps. */
static uint64_t ring_bytes_of(pid_t pid)
{
	FILE *file = open_proc(pid, "maps");
	char line[4352], last[4096] = "";
	uint64_t bytes = 0;

	while (file && fgets(line, sizeof line, file)) {
		char *path = strchr(line, '/');
		struct stat status;

		if (!path || !strstr(path, "/instr-"))
			continue;
		path[strcspn(path, "\n")] = 0;
		if (strcmp(path, last) && !stat(path, &status))
			bytes += (uint64_t)status.st_blocks * 512;
		snprintf(last, sizeof last, "%s", path);
	}
	if (file)
		fclose(file);
	return bytes;
}

static pid_t parent_of(pid_t pid)
{
	FILE *file = open_proc(pid, "stat");
	char text[512] = "";
	int parent = 0;

	if (file) {
		size_t bytes = fread(text, 1, sizeof text - 1, file);
		char *behind = (text[bytes] = 0, strrchr(text, ')')); /* the name may hold anything */

		if (!behind || sscanf(behind, ") %*c %d", &parent) != 1)
			parent = 0;
		fclose(file);
	}
	return parent;
}

static void sample(struct memory *most)
{
	struct memory now = {.program_pss_bytes = pss_of(program), .ring_bytes = ring_bytes_of(program)};
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)*entry->d_name) ? (pid_t)atoi(entry->d_name) : 0;

		if (pid && pid != program && parent_of(pid) == getpid())
			now.orphan_pss_bytes += pss_of(pid);
	}
	if (proc)
		closedir(proc);
	if (now.program_pss_bytes + now.orphan_pss_bytes > most->program_pss_bytes + most->orphan_pss_bytes) {
		most->program_pss_bytes = now.program_pss_bytes;
		most->orphan_pss_bytes = now.orphan_pss_bytes;
	}
	if (now.ring_bytes > most->ring_bytes)
		most->ring_bytes = now.ring_bytes;
}

/* ---- running --------------------------------------------------------------------------------------- */

/* Only what was started here: the command, and by the second alarm nothing more is waited for. */
static void on_alarm(int signal)
{
	(void)signal;
	if (limit_reached)
		_exit(STATUS_LIMIT);
	limit_reached = 1;
	if (program_lives)
		kill(program, SIGKILL);
	alarm(30);
}

static pid_t start(char **command)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execvp(*command, command);
		_exit(STATUS_NO_COMMAND);
	}
	if (pid < 0) {
		perror("measure: vfork");
		exit(EXIT_INPUT);
	}
	return pid;
}

static int status_of(int wait_status)
{
	if (limit_reached)
		return STATUS_LIMIT;
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

static void usage(void)
{
	fprintf(stderr, "usage: measure -o FILE [-s MILLISECONDS] [-t SECONDS] -- COMMAND [ARGUMENT...]\n");
	exit(EXIT_USAGE);
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	long sample_ms = 0, limit_s = 600;
	struct cost own = {0}, orphan = {0};
	struct memory most = {0};
	int option, status = -1, orphans = 0;

	while ((option = getopt(argc, argv, "+o:s:t:")) != -1) {
		if (option == 'o')
			path = optarg;
		else if (option == 's')
			sample_ms = strtol(optarg, NULL, 10);
		else if (option == 't')
			limit_s = strtol(optarg, NULL, 10);
		else
			usage();
	}
	if (!path || optind == argc || limit_s < 1 || sample_ms < 0)
		usage();
	FILE *out = fopen(path, "we");
	if (!out) {
		fprintf(stderr, "measure: %s: %s\n", path, strerror(errno));
		return EXIT_INPUT;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* No SA_RESTART needed: wait4 is called again. */
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);

	uint64_t start_ns = now_ns(), end_ns = 0, last_ns = 0;
	program = start(argv + optind);
	program_lives = 1;
	alarm((unsigned)limit_s);
	for (;;) {
		struct rusage usage;
		int wait_status;
		pid_t pid = wait4(-1, &wait_status, __WALL | (sample_ms ? WNOHANG : 0), &usage);

		if (pid == 0) {
			sample(&most);
			nanosleep(&(struct timespec){sample_ms / 1000, sample_ms % 1000 * 1000000}, NULL);
			continue;
		}
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		last_ns = now_ns();
		if (pid == program) {
			program_lives = 0;
			end_ns = last_ns;
			status = status_of(wait_status);
			add_cost(&own, &usage);
		} else {
			orphans++;
			add_cost(&orphan, &usage);
		}
	}

	fprintf(out, "status %d\nwall_ns %ju\nuser_ns %ju\nsystem_ns %ju\npeak_rss_bytes %ju\n", status,
		end_ns - start_ns, own.user_ns, own.system_ns, own.peak_rss_bytes);
	fprintf(out, "orphans %d\norphan_user_ns %ju\norphan_system_ns %ju\norphan_peak_rss_bytes %ju\n"
		"orphan_end_ns %ju\n", orphans, orphan.user_ns, orphan.system_ns, orphan.peak_rss_bytes,
		last_ns - end_ns);
	if (sample_ms)
		fprintf(out, "peak_pss_bytes %ju\nprogram_pss_bytes %ju\norphan_pss_bytes %ju\nring_bytes %ju\n",
			most.program_pss_bytes + most.orphan_pss_bytes, most.program_pss_bytes,
			most.orphan_pss_bytes, most.ring_bytes);
	if (ferror(out) | fclose(out)) {
		fprintf(stderr, "measure: %s cannot be written\n", path);
		return EXIT_INPUT;
	}
	return 0;
}
