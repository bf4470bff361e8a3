/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_crash_test.c - writers that are killed, disks that fill up, limits on file size: what was
 * told to be committed is in the file, and the next writer goes on from there.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../unit/store_fixture.h"

enum { THREADS = 3, EVENTS = 100 };

static int take_consumed(void *arg, const struct irt_store_thread *row, int64_t consumed_pos)
{
	(void)row;
	*(int64_t *)arg = consumed_pos;
	return 0;
}

/* Round i: a chunk of each thread, every third round a checkpoint. */
static int put_round(struct irt_store *store, int64_t i, int chunk_bytes)
{
	static char data[1 << 20];
	int result = irt_store_begin(store);

	for (int t = 1; t <= THREADS && !result; t++) {
		struct irt_store_chunk chunk = a_chunk(t, EVENTS * i, EVENTS, data, chunk_bytes);
		struct irt_store_thread thread = a_thread(t, EVENTS * (i + 1));
		struct irt_store_frame frame = {1, i, 0, 0, 0};
		if (i % 3 == 0) {
			irt_store_put_thread(store, &thread);
			irt_store_put_frames(store, t, 0, &frame, 1);
		}
		if (chunk_bytes)
			irt_store_put_chunk(store, &chunk);
		for (int k = 0; k < 50; k++) {
			struct irt_store_totals totals = {t, k, i + 1, i + 1, 0, 0, i, i, 1, 1, "histogram", 9};
			irt_store_put_totals(store, &totals);
		}
	}
	return result ? result : irt_store_commit(store);
}

/* The writer: goes on where the file ends, tells each round that is committed, until it is killed. */
static void write_until_killed(int tell)
{
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store *store;
	int64_t next = 0;

	if (irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, NULL) ||
	    irt_store_read_threads(store, &next, take_consumed))
		_exit(1);
	for (next /= EVENTS;; next++) {
		if (put_round(store, next, 30000) || write(tell, &next, sizeof(next)) != sizeof(next))
			_exit(2);
		if (next % 10 == 9 && irt_store_finish(store, "complete"))
			_exit(3);
	}
}

TEST(a_killed_writer_leaves_every_round_it_told_and_the_next_goes_on)
{
	enum { KILLS = 40 };
	int64_t told = -1, rounds = 0;

	new_folder();
	for (int i = 0; i < KILLS; i++) {
		int64_t round, before = rounds;
		int pipes[2], status;
		CHECK_EQ(pipe(pipes), 0);
		fflush(stdout);
		pid_t writer = fork();
		if (writer == 0) {
			close(pipes[0]);
			write_until_killed(pipes[1]);
		}
		close(pipes[1]);
		/* Any moment will do, from before the file is open to many rounds later. */
		usleep((useconds_t)(i * 7919 % 25000));
		kill(writer, SIGKILL);
		CHECK_EQ(waitpid(writer, &status, 0), writer);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		while (read(pipes[0], &round, sizeof(round)) == sizeof(round)) {
			CHECK_EQ(round, before++);
			told = round;
		}
		close(pipes[0]);
		if (!exists("trace.db")) {
			CHECK_EQ(told, -1);
			continue;
		}
		CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
		/* All rounds that were told, perhaps the one that was not told any more, each whole. */
		rounds = ask_number("trace.db", "SELECT count(*) FROM chunks") / THREADS;
		CHECK(rounds == told + 1 || rounds == told + 2);
		CHECK_EQ(ask_number("trace.db", "SELECT count(DISTINCT thread_id || ' ' || start_pos) FROM chunks"), rounds * THREADS);
		CHECK_EQ(ask_number("trace.db", "SELECT coalesce(max(end_pos), 0) FROM chunks"), rounds * EVENTS);
		CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks WHERE length(data) <> 30000"), 0);
		if (rounds)
			CHECK_EQ(ask_number("trace.db", "SELECT min(calls) = max(calls) AND max(calls) FROM totals"), 1);
		told = rounds - 1;
	}
	CHECK(rounds > KILLS / 2);
	struct irt_store *store = continue_run(RUN_A);
	OK(irt_store_finish(store, "recovered"));
	irt_store_close(store);
	CHECK_EQ(count_files(), 1);
	CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
}

/* ---- disk full ---------------------------------------------------------------------------------- */

#define TRY(condition)                                                                        \
	do {                                                                                  \
		if (!(condition)) {                                                           \
			printf("  %d: not true: %s (%s)\n", __LINE__, #condition, store ? irt_store_error(store) : ""); \
			fflush(stdout);                                                       \
			_exit(1);                                                             \
		}                                                                             \
	} while (0)

/* A file system of 20 MiB over the folder, for this process and its children. */
static int mount_small(void)
{
	char before[40];
	int uid = (int)geteuid();

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)))
		return -1;
	if (uid) { /* root of its own user namespace */
		int fd = open("/proc/self/uid_map", O_WRONLY);
		snprintf(before, sizeof(before), "0 %d 1", uid);
		if (fd < 0 || write(fd, before, strlen(before)) < 0)
			return -1;
		close(fd);
	}
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("tmpfs", folder, "tmpfs", 0, "size=20m"))
		return -1;
	close(folder_fd);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static void fill_disk(void)
{
	enum { CANNOT_MOUNT = 77 };
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store_health health = {0};
	struct irt_store *store = NULL;
	int64_t i, kept;
	int result = 0;

	if (mount_small())
		_exit(CANNOT_MOUNT);
	int ballast = openat(folder_fd, "ballast", O_RDWR | O_CREAT, 0600);
	TRY(ballast >= 0 && fallocate(ballast, 0, 0, 10 << 20) == 0);
	TRY(irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, NULL) == 0);
	/* The disk may be full at a commit or at the folding in that follows one. */
	for (i = 0; i < 1000 && !health.stop_events; i++) {
		result = put_round(store, i, 30000);
		irt_store_health(store, &health);
	}
	TRY(!result || result == INSTR_ERR_FULL);
	kept = result ? i - 1 : i;
	TRY(kept > 20 && health.stop_events && !strcmp(health.stop_cause, "disk full"));
	/* What was kept is enough for the totals to go on, again and again. */
	for (int k = 0; k < 200; k++)
		TRY(put_round(store, i++, 0) == 0);
	TRY(ask_number("trace.db", "SELECT max(calls) FROM totals") == i);
	irt_store_health(store, &health);
	TRY(health.stop_events);
	TRY(ask_number("trace.db", "SELECT count(*) FROM chunks") == kept * THREADS);
	/* There is space again. */
	TRY(unlink(path_of("ballast")) == 0 && close(ballast) == 0);
	TRY(put_round(store, i++, 0) == 0);
	irt_store_health(store, &health);
	TRY(!health.stop_events);
	for (int k = 0; k < 5; k++, kept++)
		TRY(put_round(store, i++, 30000) == 0);
	TRY(irt_store_finish(store, "complete") == 0);
	TRY(count_files() == 1);
	irt_store_close(store);
	TRY(ask_number("trace.db", "SELECT count(*) FROM chunks") == kept * THREADS);
	TRY(!strcmp(ask("trace.db", "PRAGMA integrity_check"), "ok"));

	/* No room for a file at all. */
	unlink(path_of("trace.db"));
	ballast = openat(folder_fd, "ballast", O_RDWR | O_CREAT, 0600);
	TRY(fallocate(ballast, 0, 0, (20 << 20) - 65536) == 0);
	struct irt_store_error error;
	TRY(irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, &error) == INSTR_ERR_FULL);
	TRY(!strcmp(error.text, "trace.db: cannot create: no space is left on the device") ||
	    !strcmp(error.text, "trace.db: cannot write: no space is left on the device") ||
	    !strcmp(error.text, "trace.db: cannot open: no space is left on the device"));
	TRY(!exists("trace.db"));
	_exit(0);
}

TEST(a_full_disk_stops_events_and_totals_go_on)
{
	enum { CANNOT_MOUNT = 77 };
	int status;

	new_folder();
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		fill_disk();
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT_MOUNT)
		printf("  not run: this user may not mount a small file system\n");
	else
		CHECK_EQ(WEXITSTATUS(status), 0);
}

/* ---- limits on file size ------------------------------------------------------------------------ */

static void write_limited(rlim_t bytes)
{
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store_health health = {0};
	struct rlimit limit = {bytes, bytes};
	struct irt_store *store = NULL;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		_exit(2);
	if (bytes < 100000) {
		struct irt_store_error error;
		TRY(irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, &error) == INSTR_ERR_FULL);
		TRY(!strcmp(error.text, "trace.db: cannot create: the limit on file size is reached"));
		TRY(count_files() == 0);
		_exit(0);
	}
	TRY(irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, NULL) == 0);
	for (int i = 0; i < 300; i++)
		TRY(put_round(store, i, 30000) == 0);
	irt_store_health(store, &health);
	TRY(health.deleted_events > 0 && !health.stop_events);
	TRY(ask_number("trace.db", "SELECT sum(events) FROM chunks") + health.deleted_events == 300 * THREADS * EVENTS);
	TRY(irt_store_finish(store, "complete") == 0);
	irt_store_close(store);
	TRY(size_of("trace.db") <= (int64_t)bytes);
	TRY(!strcmp(ask("trace.db", "PRAGMA integrity_check"), "ok"));
	_exit(0);
}

TEST(a_limit_on_file_size_is_like_a_limit_on_the_trace)
{
	static const rlim_t limits[] = {4 << 20, 50000};

	for (int i = 0; i < 2; i++) {
		int status;
		new_folder();
		fflush(stdout);
		pid_t child = fork();
		if (child == 0)
			write_limited(limits[i]);
		CHECK_EQ(waitpid(child, &status, 0), child);
		CHECK_EQ(status, 0);
	}
}

TEST_MAIN()
