/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * runs.c - see runs.h.
 */
#include "runs.h"

#include "drain/recover.h"
#include "ring/ring.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *run_preload;

void run_clear(void)
{
	static const char *const names[] = {"trace.db", "trace.db-wal", "trace.db-shm", "trace.db-journal", "trace.db.old"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(names[i]);
}

pid_t run_start(char *const *argv, int traced)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid)
		return pid;
	int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	if (traced && ptrace(PTRACE_TRACEME, 0, 0, 0))
		_exit(126);
	if (traced)
		raise(SIGSTOP);
	if (run_preload)
		setenv("LD_PRELOAD", run_preload, 1);
	execv(argv[0], argv);
	_exit(127);
}

static void read_text(const char *name, char *to, size_t bytes)
{
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, to, bytes - 1);
	to[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

/* The folder of a run that writes here, in root. */
static int find_folder(const char *root, const char *here, char *folder, size_t bytes)
{
	DIR *d = opendir(root);
	struct dirent *e;
	int found = 0;
	while (d && !found && (e = readdir(d))) {
		char path[2048];
		struct irt_ring facts;
		if (e->d_name[0] == '.')
			continue;
		snprintf(folder, bytes, "%s/%s", root, e->d_name);
		snprintf(path, sizeof(path), "%s/ring", folder);
		int fd = open(path, O_RDONLY);
		found = fd >= 0 && pread(fd, &facts, sizeof(facts), 0) == (ssize_t)sizeof(facts) && !strcmp(facts.out_directory, here);
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
	return found;
}

static int is_leased(const char *folder)
{
	char path[2048];
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	snprintf(path, sizeof(path), "%s/lease", folder);
	int fd = open(path, O_RDWR);
	int r = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	if (fd >= 0)
		close(fd);
	return r;
}

static void recover(struct run *r, const char *folder)
{
	enum irt_recovery outcome;
	char command[2100];
	r->was_left = 1;
	if (access("trace.db", F_OK) == 0 && irt_recover_trace("trace.db", 2000, &outcome, r->recovery, sizeof(r->recovery)) == 0)
		r->recovery[0] = 0;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder); /* no trace refers to it any more */
	if (system(command) != 0)
		snprintf(r->recovery, sizeof(r->recovery), "cannot remove %s", folder);
}

static void wait_for_drain(struct run *r)
{
	char here[1024], roots[2][1100], folder[2048];
	struct timespec turn = {0, 2000000};
	int free_turns = 0;
	if (!getcwd(here, sizeof(here)))
		abort();
	snprintf(roots[0], sizeof(roots[0]), "/dev/shm/instr-%u", (unsigned)geteuid());
	snprintf(roots[1], sizeof(roots[1]), "%s/.instr-%u", here, (unsigned)geteuid());
	for (int turns = 0; turns < 10000; turns++) {
		if (!find_folder(roots[0], here, folder, sizeof(folder)) && !find_folder(roots[1], here, folder, sizeof(folder)))
			return;
		free_turns = is_leased(folder) ? 0 : free_turns + 1;
		if (free_turns == 100) { /* one that starts takes it sooner, or ends */
			recover(r, folder);
			free_turns = 0;
		}
		nanosleep(&turn, NULL); /* the drain works on by itself */
	}
	r->timed_out = 1;
}

static sqlite3 *db;

static void ask(const char *sql, char *to, size_t bytes)
{
	sqlite3_stmt *s = NULL;
	to[0] = 0;
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		snprintf(to, bytes, "%s", sqlite3_errmsg(db));
	else if (sqlite3_column_text(s, 0))
		snprintf(to, bytes, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
}

static int64_t ask_number(const char *sql)
{
	char text[128];
	ask(sql, text, sizeof(text));
	return atoll(text);
}

void run_judge(struct run *r)
{
	read_text("out", r->out, sizeof(r->out));
	read_text("err", r->err, sizeof(r->err));
	wait_for_drain(r);
	r->has_file = access("trace.db", F_OK) == 0;
	if (!r->has_file)
		return;
	if (sqlite3_open_v2("trace.db", &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		snprintf(r->integrity, sizeof(r->integrity), "it cannot be opened");
	else
		ask("PRAGMA integrity_check", r->integrity, sizeof(r->integrity));
	ask("SELECT value FROM run WHERE key = 'state'", r->state, sizeof(r->state));
	r->recorded = ask_number("SELECT (SELECT coalesce(sum(calls + returns), 0) FROM totals) + (SELECT coalesce(sum(orphans), 0) FROM threads)");
	r->lost = ask_number("SELECT coalesce(sum(events), 0) FROM losses WHERE totals_kept = 0");
	r->unjoined = ask_number("SELECT count(*) FROM messages WHERE text LIKE 'A process that was forked could not join%'");
	r->events = ask_number("SELECT coalesce(sum(events), 0) FROM threads");
	r->chunk_events = ask_number("SELECT coalesce(sum(events), 0) FROM chunks");
	r->lost_chunk_events = ask_number("SELECT coalesce(sum(events), 0) FROM losses WHERE totals_kept = 1");
	r->unnamed = ask_number("SELECT coalesce(sum(t.calls), 0) FROM function_totals t JOIN functions f USING (function_id) "
				"WHERE t.process_id = 0 AND f.module_id IS NULL");
	sqlite3_close(db);
}

const char *run_fault(const struct run *r)
{
	const char *line = strchr(r->err, '\n');
	if (r->timed_out)
		return "it hangs";
	if (!WIFEXITED(r->status) || WEXITSTATUS(r->status) != RUN_STATUS)
		return "it ends otherwise";
	if (strcmp(r->out, "done\n"))
		return "it says something else";
	if (r->err[0] && (strncmp(r->err, "instr: ", 7) || !line || line[1]))
		return "there is more than one sentence";
	if (r->recovery[0])
		return "its trace cannot be completed";
	if (!r->has_file)
		return NULL;
	if (strcmp(r->integrity, "ok"))
		return "the file is damaged";
	if (strcmp(r->state, "complete") && strcmp(r->state, "recovered"))
		return NULL; /* it says of itself that it is not whole */
	if (r->recorded + r->lost != RUN_EVENTS && !(r->unjoined && r->recorded + r->lost == RUN_EVENTS - RUN_CHILD_EVENTS))
		return "events are missing";
	if (r->chunk_events + r->lost_chunk_events != r->events)
		return "chunks are missing";
	return NULL;
}

void run_show(const struct run *r)
{
	printf("  status 0x%x, out '%s', err '%s'\n", (unsigned)r->status, r->out, r->err);
	printf("  file %d, left %d %s, integrity '%s', state '%s'\n", r->has_file, r->was_left, r->recovery, r->integrity, r->state);
	printf("  recorded %lld, lost %lld, unjoined %lld; events %lld, in chunks %lld, lost chunks %lld; unnamed %lld\n",
	       (long long)r->recorded, (long long)r->lost, (long long)r->unjoined, (long long)r->events,
	       (long long)r->chunk_events, (long long)r->lost_chunk_events, (long long)r->unnamed);
}
