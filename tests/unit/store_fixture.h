/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_fixture.h - what the tests of runtime/store share: an empty folder per test, rows of every
 * kind, and questions asked of a file behind the store's back.
 */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "store/store.h"

#define NONE IRT_STORE_NULL
#define RUN_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RUN_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define OK(call)                                                                            \
	do {                                                                                \
		int ok_result = (call);                                                     \
		check_count++;                                                              \
		if (ok_result)                                                              \
			CHECK_FAIL("%s gives %d", #call, ok_result);                        \
	} while (0)

static char folder[64];
static int folder_fd = -1;

static inline void empty_folder(void)
{
	DIR *dir = opendir(folder);

	fchmod(folder_fd, 0755);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && unlinkat(folder_fd, e->d_name, 0))
			unlinkat(folder_fd, e->d_name, AT_REMOVEDIR);
	if (dir)
		closedir(dir);
}

static inline void remove_folder(void)
{
	empty_folder();
	close(folder_fd);
	rmdir(folder);
}

/* An empty folder for the test. */
static inline void new_folder(void)
{
	const char *above = getenv("TMPDIR");

	if (folder_fd >= 0) {
		empty_folder();
		return;
	}
	snprintf(folder, sizeof(folder), "%.40s/store_test.XXXXXX", above ? above : "/tmp");
	if (!mkdtemp(folder)) {
		perror(folder);
		exit(1);
	}
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	atexit(remove_folder);
}

static inline const char *path_of(const char *name)
{
	static char path[4][400];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static inline int exists(const char *name)
{
	struct stat st;

	return fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline int64_t size_of(const char *name)
{
	struct stat st;

	return fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) ? -1 : st.st_size;
}

/* Entries of the folder. */
static inline int count_files(void)
{
	int count = 0;
	DIR *dir = opendir(folder);

	for (struct dirent *e; (e = readdir(dir));)
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

static inline void write_file(const char *name, const void *bytes, size_t count)
{
	FILE *file = fopen(path_of(name), "wb");

	CHECK(file && fwrite(bytes, 1, count, file) == count);
	CHECK(fclose(file) == 0);
}

/* The first value of a query on file NAME as text, by SQLite itself; "error: ..." if it fails. */
static inline const char *ask(const char *name, const char *sql)
{
	static char answer[4][1000];
	static int turn;
	sqlite3 *db;
	sqlite3_stmt *statement = NULL;
	char *out = answer[turn = (turn + 1) % 4];
	int rc = sqlite3_open_v2(path_of(name), &db, SQLITE_OPEN_READWRITE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);
		snprintf(out, 1000, "%s", text ? text : "null");
	} else {
		snprintf(out, 1000, rc == SQLITE_DONE ? "no row" : "error: %s", sqlite3_errmsg(db));
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return out;
}

static inline int64_t ask_number(const char *name, const char *sql)
{
	const char *answer = ask(name, sql);

	if (!strncmp(answer, "error:", 6))
		CHECK_FAIL("%s: %s", sql, answer);
	return strtoll(answer, NULL, 10);
}

static inline void run_sql(const char *name, const char *sql)
{
	sqlite3 *db;

	CHECK_EQ(sqlite3_open(path_of(name), &db), SQLITE_OK);
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	CHECK_EQ(rc, SQLITE_OK);
}

static inline struct irt_store_config config_of(const char *run_id)
{
	return (struct irt_store_config){.run_id = run_id, .keep_events = true};
}

static inline struct irt_store *start_store(const char *name, const struct irt_store_config *config)
{
	struct irt_store *store;
	struct irt_store_error error = {0};
	int result = irt_store_open(folder_fd, name, IRT_STORE_START, config, &store, &error);

	if (result)
		CHECK_FAIL("start of %s gives %d: %s", name, result, error.text);
	return store;
}

static inline struct irt_store *start_run(const char *run_id)
{
	struct irt_store_config config = config_of(run_id);

	return start_store("trace.db", &config);
}

static inline struct irt_store *continue_run(const char *run_id)
{
	struct irt_store_config config = config_of(run_id);
	struct irt_store *store;
	struct irt_store_error error = {0};
	int result = irt_store_open(folder_fd, "trace.db", IRT_STORE_CONTINUE, &config, &store, &error);

	if (result)
		CHECK_FAIL("continue gives %d: %s", result, error.text);
	return store;
}

/* ---- rows with what must be set, set ------------------------------------------------------------ */

static inline struct irt_store_process a_process(int64_t id)
{
	return (struct irt_store_process){
		.process_id = id, .parent_process_id = id == 1 ? NONE : 1, .pid = 1000 + id, .pid_namespace = 4026531836,
		.command = "prog 'an argument'", .executable = "/bin/prog", .working_directory = "/tmp",
		.joined_by = id == 1 ? "start" : "fork", .start_ticks = 10 * id, .end_ticks = NONE,
		.exit_code = NONE, .exit_signal = NONE,
	};
}

static inline struct irt_store_thread a_thread(int64_t id, int64_t totals_pos)
{
	return (struct irt_store_thread){
		.thread_id = id, .process_id = 1, .tid = 1000 + id, .name = "worker", .parent_thread_id = NONE,
		.parent_position = NONE, .start_ticks = 5, .end_ticks = NONE, .last_ticks = totals_pos,
		.events = totals_pos, .totals_pos = totals_pos, .totals_events = totals_pos,
		.cpu_ns = 7000 + id, .ready_ns = 800, .cpu_ticks = NONE,
	};
}

static inline struct irt_store_function a_function(int64_t id, const char *name)
{
	return (struct irt_store_function){
		.function_id = id, .module_id = 1, .row = id, .name = name, .linkage_name = name,
		.file = "/src/a.c", .line = 10 * id, .instrumented = 1,
	};
}

static inline struct irt_store_context a_context(int64_t id, int64_t parent, int64_t function, int64_t depth)
{
	return (struct irt_store_context){
		.context_id = id, .process_id = 1 + (id >> 21), .parent_id = parent, .function_id = function, .depth = depth,
	};
}

/* Stands for EVENTS events from position POS on. DATA is filled with the low byte of POS. */
static inline struct irt_store_chunk a_chunk(int64_t thread, int64_t pos, int64_t events, void *data, int64_t bytes)
{
	memset(data, (int)(pos / events), (size_t)bytes);
	return (struct irt_store_chunk){
		.thread_id = thread, .start_pos = pos, .end_pos = pos + events, .first_event = pos, .events = events,
		.start_ticks = pos, .end_ticks = pos + events - 1, .operations = 3, .functions = "\1", .functions_bytes = 1,
		.codec = 2, .time_unit_ticks = 26, .data = data, .data_bytes = bytes,
	};
}

#endif
