/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_fault_test.c - the nth read, write, open, lock, system call, allocation of runtime/store
 * fails, for every n there is, once and for good. Whatever fails: what was told to be committed is in
 * the file and nothing else is, no file is lost, nothing leaks, and the store goes on.
 */
#include <errno.h>

#include "../unit/store_fixture.h"
#include "fault.h"

enum { ROUNDS = 5, CHUNK_BYTES = 20000 };

static struct irt_store_config fault_config(const char *run_id)
{
	struct irt_store_config config = config_of(run_id);

	config.vfs = "fault";
	return config;
}

static int count_descriptors(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static enum irt_store_verdict say_dead(void *arg, const struct irt_store_info *other)
{
	(void)arg;
	(void)other;
	return IRT_STORE_RUN_DEAD;
}

/* One run's recording. committed[i] says whether round i was told to be in the file. Nothing may be
 * checked here: a check ends the test, and would take the store along. */
struct recording {
	int opened, finished;
	long fired_in_open;
	int committed[ROUNDS];
	struct irt_store_error error;
};

static int put_round(struct irt_store *store, int i)
{
	static char data[CHUNK_BYTES];
	struct irt_store_thread thread = a_thread(1, i & 1 ? 100 * i + 100 : 0);
	struct irt_store_chunk chunk = a_chunk(1, 100 * i, 100, data, CHUNK_BYTES);
	struct irt_store_totals totals = {1, i, 1, 1, 0, 0, 5, 5, 5, 5, "h", 1};
	struct irt_store_function_totals function_totals = {0, i, 1, 1, 0, 0, 0, 5, 5, 5, 5, 5, 5};
	int result = irt_store_begin(store);

	if (result)
		return result;
	irt_store_put_thread(store, &thread);
	irt_store_put_chunk(store, &chunk);
	irt_store_put_totals(store, &totals);
	irt_store_put_function_totals(store, &function_totals);
	return irt_store_commit(store);
}

static struct recording record(const char *run_id)
{
	struct irt_store_config config = fault_config(run_id);
	struct recording r = {0};
	struct irt_store *store;

	config.is_live = say_dead;
	r.opened = irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, &r.error) == 0;
	r.fired_in_open = fault.fired;
	if (!r.opened)
		return r;
	for (int i = 0; i < ROUNDS; i++)
		r.committed[i] = put_round(store, i) == 0;
	r.finished = irt_store_finish(store, "complete") == 0;
	irt_store_close(store);
	return r;
}

/* The rounds of a file are those that were told to be committed, and it can be continued. */
static void check_file(const char *run_id, const struct recording *r)
{
	char expected[100] = "ok";

	for (int i = 0; i < ROUNDS; i++)
		if (r->committed[i])
			snprintf(expected + strlen(expected), 10, " %d:3", i);
	CHECK_STR(ask("trace.db", "SELECT (SELECT integrity_check FROM pragma_integrity_check) || coalesce((SELECT group_concat("
				  "' ' || round || ':' || tables, '') FROM (SELECT round, count(*) AS tables FROM"
				  " (SELECT start_pos / 100 AS round FROM chunks UNION ALL SELECT context_id FROM totals"
				  "  UNION ALL SELECT function_id FROM function_totals) GROUP BY round)), '')"), expected);
	if (r->finished) {
		CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "complete");
		CHECK(!exists("trace.db-wal") && !exists("trace.db-shm") && !exists("trace.db-journal"));
	}
	struct irt_store *store = continue_run(run_id);
	CHECK_EQ(put_round(store, ROUNDS), 0);
	OK(irt_store_finish(store, "recovered"));
	irt_store_close(store);
	CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
}

static const char *name_of(unsigned kinds)
{
	static char name[64];
	static const struct { unsigned kind; const char *name; } names[] = {
		{FAULT_OPEN, "open"}, {FAULT_READ, "read"}, {FAULT_WRITE, "write"}, {FAULT_TORN_WRITE, "torn write"},
		{FAULT_TRUNCATE, "truncate"}, {FAULT_SIZE, "size"}, {FAULT_DELETE, "delete"}, {FAULT_LOCK, "lock"},
		{FAULT_SHM, "shm"}, {FAULT_CALLS, "call"}, {FAULT_MEMORY, "memory"}};

	name[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (kinds & names[i].kind)
			snprintf(name, sizeof(name), "%s", names[i].name);
	return name;
}

static void check_no_leaks(int descriptors, int64_t memory)
{
	CHECK_EQ(count_descriptors(), descriptors);
	CHECK_EQ(sqlite3_memory_used(), memory);
}

/* Nothing but the files that belong here. */
static void check_no_litter(void)
{
	DIR *dir = opendir(folder);

	for (struct dirent *e; (e = readdir(dir));) {
		static const char *const known[] = {".", "..", "trace.db", "trace.db-wal", "trace.db-shm", "trace.db-journal",
						    "trace.db.old"};
		int found = 0;
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			found |= !strcmp(e->d_name, known[i]);
		if (!found) {
			char name[300];
			snprintf(name, sizeof(name), "%s", e->d_name);
			closedir(dir);
			CHECK_FAIL("%s was left behind", name);
		}
	}
	closedir(dir);
}

enum before { NOTHING, FINISHED_RUN, DEAD_RUN };

/* RUN_A's file stands where RUN_B wants to write. */
static void leave_other_run(enum before before)
{
	static struct { char *bytes; long size; } saved[2][2]; /* [dead][-wal]: made once */
	static const char *const names[] = {"trace.db", "trace.db-wal"};
	int dead = before == DEAD_RUN;

	if (!saved[dead][0].bytes) {
		struct irt_store *store = start_run(RUN_A);
		CHECK_EQ(put_round(store, 0), 0);
		CHECK_EQ(put_round(store, 1), 0);
		if (!dead)
			OK(irt_store_finish(store, "complete"));
		for (int i = 0; i <= dead; i++) {
			FILE *file = fopen(path_of(names[i]), "rb");
			saved[dead][i].size = size_of(names[i]);
			saved[dead][i].bytes = malloc((size_t)saved[dead][i].size);
			CHECK(file && fread(saved[dead][i].bytes, 1, (size_t)saved[dead][i].size, file) == (size_t)saved[dead][i].size);
			fclose(file);
		}
		irt_store_close(store);
	}
	unlink(path_of("trace.db-wal"));
	unlink(path_of("trace.db-shm"));
	for (int i = 0; i <= dead; i++)
		write_file(names[i], saved[dead][i].bytes, (size_t)saved[dead][i].size);
}

/* RUN_A's two rounds are somewhere, whole. */
static void check_other_run(void)
{
	const char *name = exists("trace.db.old") ? "trace.db.old" : "trace.db";

	CHECK_STR(ask(name, "SELECT (SELECT value FROM run WHERE key = 'run_id') || (SELECT count(*) FROM chunks) ||"
			    " (SELECT integrity_check FROM pragma_integrity_check)"), RUN_A "2ok");
}

static void fail_every(unsigned kinds, int error, enum before before)
{
	long fired_for[2] = {0, 0};

	for (int for_good = 0; for_good < 2; for_good++) {
		for (long n = 1;; n++) {
			new_folder();
			if (before)
				leave_other_run(before);
			int descriptors = count_descriptors();
			int64_t memory = sqlite3_memory_used();
			fault_arm(kinds, n, for_good, error);
			struct recording r = record(RUN_B);
			fault_disarm();
			if (getenv("VERBOSE"))
				printf("  %s %ld%s: opened %d (%s) committed %d%d%d%d%d finished %d\n", name_of(kinds), n,
				       for_good ? " and on" : "", r.opened, r.error.text, r.committed[0], r.committed[1], r.committed[2],
				       r.committed[3], r.committed[4], r.finished);
			check_no_leaks(descriptors, memory);
			check_no_litter();
			if (r.opened) {
				check_file(RUN_B, &r);
			} else {
				CHECK(r.error.code < 0 && !strncmp(r.error.text, "trace.db: ", 10) && strlen(r.error.text) > 15);
				/* nothing there, or something that the next attempt takes */
				struct irt_store_config config = config_of(RUN_B);
				config.is_live = say_dead;
				irt_store_close(start_store("trace.db", &config));
				CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'run_id'"), RUN_B);
				CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
			}
			if (before)
				check_other_run();
			if (!fault.fired) {
				CHECK(r.opened && r.finished);
				for (int i = 0; i < ROUNDS; i++)
					CHECK(r.committed[i]);
				break;
			}
			fired_for[for_good]++;
			if (before && !r.fired_in_open)
				break; /* from here on it is as with NOTHING */
			/* There are thousands of allocations, and failing for good from one or from the
			 * next write on is much the same. */
			if (kinds == FAULT_MEMORY && n > 100)
				n += n / 30;
			else if (for_good)
				n += n / 8;
		}
	}
	CHECK(fired_for[0] > 0 && fired_for[1] > 0);
}

#define FAULT_TEST(name, kinds, error)           \
	TEST(name)                               \
	{                                        \
		fault_register_vfs();            \
		fail_every(kinds, error, NOTHING); \
		fail_every(kinds, error, FINISHED_RUN); \
		fail_every(kinds, error, DEAD_RUN); \
	}

FAULT_TEST(a_full_disk_at_any_write_loses_only_that_round, FAULT_WRITE, ENOSPC)
FAULT_TEST(a_failing_write_loses_only_that_round, FAULT_WRITE, EIO)
FAULT_TEST(a_torn_write_loses_only_that_round, FAULT_TORN_WRITE, EIO)
FAULT_TEST(a_failing_read_loses_only_that_round, FAULT_READ, EIO)
FAULT_TEST(a_failing_open_loses_only_that_round, FAULT_OPEN, EMFILE)
FAULT_TEST(a_failing_truncate_loses_nothing, FAULT_TRUNCATE, EIO)
FAULT_TEST(a_failing_size_loses_only_that_round, FAULT_SIZE, EIO)
FAULT_TEST(a_failing_delete_loses_nothing, FAULT_DELETE, EIO)
FAULT_TEST(a_failing_lock_loses_only_that_round, FAULT_LOCK, EIO)
FAULT_TEST(failing_shared_memory_loses_only_that_round, FAULT_SHM, EIO)
FAULT_TEST(a_failing_system_call_leaves_whole_files_or_none, FAULT_CALLS, EIO)
FAULT_TEST(a_full_disk_at_any_system_call_leaves_whole_files_or_none, FAULT_CALLS, ENOSPC)

TEST(no_memory_at_any_moment_loses_only_that_round)
{
	fault_register_vfs();
	fail_every(FAULT_MEMORY, ENOMEM, NOTHING);
	fail_every(FAULT_MEMORY, ENOMEM, DEAD_RUN);
}

TEST(without_shared_memory_the_file_is_locked_until_it_is_finished)
{
	struct irt_store_config config = fault_config(RUN_A);
	struct irt_store_health health;
	struct irt_store *store;

	fault_register_vfs();
	fault.no_shared_memory = true;
	new_folder();
	store = start_store("trace.db", &config);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(put_round(store, i), 0);
	irt_store_health(store, &health);
	CHECK(health.no_live_reading);
	CHECK(!exists("trace.db-shm"));
	CHECK_STR(ask("trace.db", "SELECT count(*) FROM chunks"), "error: database is locked");
	OK(irt_store_finish(store, "complete"));
	CHECK_EQ(count_files(), 1);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks"), 3);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM messages WHERE text LIKE '%no shared memory%'"), 1);
	CHECK_EQ(put_round(store, 3), 0); /* late events */
	OK(irt_store_finish(store, "complete"));
	CHECK_EQ(count_files(), 1);
	irt_store_close(store);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks"), 4);

	/* A dead run's file is taken over there, too. */
	leave_other_run(DEAD_RUN);
	config.run_id = RUN_B;
	config.is_live = say_dead;
	irt_store_close(start_store("trace.db", &config));
	CHECK_EQ(ask_number("trace.db.old", "SELECT count(*) FROM chunks"), 2);
	fault.no_shared_memory = false;
}

TEST(a_full_disk_stops_events_until_there_is_space)
{
	struct irt_store_config config = fault_config(RUN_A);
	struct irt_store_health health;
	struct irt_store *store;

	fault_register_vfs();
	new_folder();
	store = start_store("trace.db", &config);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(put_round(store, i), 0);
	irt_store_health(store, &health);
	CHECK(!health.stop_events);
	fault_arm(FAULT_WRITE, 1, true, ENOSPC);
	CHECK_EQ(put_round(store, 5), INSTR_ERR_FULL);
	CHECK_STR(irt_store_error(store), "trace.db: cannot write: no space is left on the device");
	irt_store_health(store, &health);
	CHECK(health.stop_events);
	CHECK_STR(health.stop_cause, "disk full");
	CHECK_EQ(put_round(store, 5), INSTR_ERR_FULL);
	fault_arm(FAULT_WRITE, 1, true, EIO);
	CHECK_EQ(put_round(store, 5), INSTR_ERR_IO);
	fault_disarm();
	CHECK_EQ(put_round(store, 5), 0);
	irt_store_health(store, &health);
	CHECK(!health.stop_events);
	irt_store_close(store);
}

TEST_MAIN()
