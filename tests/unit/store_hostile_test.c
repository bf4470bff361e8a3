/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_hostile_test.c - files that are ours by their header and made to do harm: what they carry does
 * not run, what lies beside them destroys nothing, and reading them ends.
 */
#include "store_fixture.h"

static struct irt_store_error error;

static void put_round(struct irt_store *store, int64_t thread)
{
	struct irt_store_thread row = a_thread(thread, 0);

	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &row));
	OK(irt_store_commit(store));
}

static int try_open(enum irt_store_mode mode)
{
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store *store;
	int result = irt_store_open(folder_fd, "trace.db", mode, &config, &store, &error);

	irt_store_close(store);
	return result;
}

/* A finished file of run A. */
static void leave_trace(void)
{
	new_folder();
	struct irt_store *store = start_run(RUN_A);
	put_round(store, 1);
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
}

/* Every connection has it: SQL of a file that runs is seen. */
static int canary_calls;

static void canary(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	(void)values;
	canary_calls++;
	sqlite3_result_int(context, 1);
}

static int add_canary(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
	(void)message;
	(void)api;
	return sqlite3_create_function_v2(db, "canary", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, canary,
					  NULL, NULL, NULL);
}

TEST(sql_that_a_file_carries_does_not_run)
{
	static const char *const carried[] = {
		"DROP TABLE run; CREATE VIEW run AS SELECT 'run_id' AS key, canary() AS value",
		"DROP TABLE run; CREATE TABLE run (key TEXT PRIMARY KEY, v, value AS (canary(v))); INSERT INTO run VALUES ('run_id', 1)",
		"DROP TABLE clocks; CREATE VIEW clocks AS SELECT canary() AS ticks, 1 AS monotonic_ns",
		"DROP TABLE clocks; CREATE TABLE clocks (ticks INTEGER PRIMARY KEY, monotonic_ns INTEGER AS (canary(ticks)),"
		" realtime_ns, counter); INSERT INTO clocks VALUES (0, 1, 1)",
		"CREATE TABLE more (x); CREATE INDEX mine ON threads (canary(tid))",
		"CREATE INDEX mine ON threads (tid) WHERE canary(tid)",
		"DROP TABLE threads; CREATE TABLE threads (thread_id INTEGER PRIMARY KEY, process_id, tid CHECK (canary(tid)), name,"
		" parent_thread_id, parent_position, start_ticks, end_ticks, last_ticks, events, totals_pos, totals_events,"
		" lost_events, wait_ticks, waits, orphans, skipped_units, flags)",
		"CREATE TRIGGER t AFTER INSERT ON threads BEGIN SELECT canary(); END",
	};
	struct irt_store_info info;

	for (size_t i = 0; i < sizeof(carried) / sizeof(*carried); i++) {
		leave_trace();
		sqlite3_auto_extension((void (*)(void))add_canary);
		run_sql("trace.db", carried[i]);
		canary_calls = 0;
		int peeked = irt_store_peek(folder_fd, "trace.db", NULL, &info, &error);
		CHECK_EQ(peeked, i < 4 ? INSTR_ERR_FORMAT : 0);
		struct irt_store_config config = config_of(RUN_A);
		struct irt_store *store;
		int result = irt_store_open(folder_fd, "trace.db", IRT_STORE_CONTINUE, &config, &store, &error);
		CHECK_EQ(result, i < 7 ? INSTR_ERR_FORMAT : 0); /* triggers are off */
		if (store)
			put_round(store, 7);
		irt_store_close(store);
		sqlite3_cancel_auto_extension((void (*)(void))add_canary);
		if (canary_calls)
			CHECK_FAIL("it ran: %s", carried[i]);
	}
}

/* A super-journal makes SQLite delete the file that it names, once its own is played back. */
TEST(a_journal_that_names_another_file_is_left_alone)
{
	unsigned char journal[1024] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
	const char *victim = path_of("victim");
	struct irt_store_info info;
	uint32_t bytes = (uint32_t)strlen(victim), sum = 0;
	size_t at = 512;

	leave_trace();
	write_file("victim", "mine", 4);
	/* Header: no records, the file's size in pages, sector and page sizes. */
	unsigned pages = (unsigned)(size_of("trace.db") / 16384);
	journal[18] = (unsigned char)(pages >> 8);
	journal[19] = (unsigned char)pages;
	journal[22] = 2; /* sector 512 */
	journal[26] = 0x40; /* page 16384 */
	at += 4;
	memcpy(journal + at, victim, bytes);
	at += bytes;
	for (uint32_t i = 0; i < bytes; i++)
		sum += (uint32_t)(signed char)victim[i];
	for (int i = 0; i < 4; i++) {
		journal[at + (size_t)i] = (unsigned char)(bytes >> (24 - 8 * i));
		journal[at + 4 + (size_t)i] = (unsigned char)(sum >> (24 - 8 * i));
	}
	memcpy(journal + at + 8, journal, 8);
	write_file("trace.db-journal", journal, at + 16);
	CHECK_EQ(irt_store_peek(folder_fd, "trace.db", NULL, &info, &error), INSTR_ERR_NOT_OURS);
	CHECK_STR(error.text, "trace.db: trace.db-journal was not written by instr and is left alone");
	CHECK_EQ(try_open(IRT_STORE_CONTINUE), INSTR_ERR_NOT_OURS);
	CHECK_EQ(try_open(IRT_STORE_START), INSTR_ERR_NOT_OURS);
	CHECK_EQ(size_of("trace.db-journal"), (int64_t)at + 16);
	CHECK(exists("victim"));
	/* Shown to be what it says: SQLite itself falls for it. */
	run_sql("trace.db", "SELECT count(*) FROM run");
	CHECK(!exists("victim"));
}

static int count_module(void *arg, const struct irt_store_module *row)
{
	(void)row;
	++*(int64_t *)arg;
	return 0;
}

/* Pages that stand in for each other make rows without end out of a short file. */
TEST(rows_that_come_again_are_damage)
{
	leave_trace();
	struct irt_store *store = continue_run(RUN_A);
	OK(irt_store_begin(store));
	for (int64_t i = 10; i < 3000; i++)
		OK(irt_store_put_module(store, &(struct irt_store_module){i, "a path of some length", NULL, 1}));
	OK(irt_store_commit(store));
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
	/* The root of modules names its first child twice. */
	int64_t root = ask_number("trace.db", "SELECT rootpage FROM sqlite_schema WHERE name = 'modules'");
	unsigned char page[16384];
	int fd = open(path_of("trace.db"), O_RDWR);
	CHECK_EQ(pread(fd, page, sizeof(page), (root - 1) * 16384), 16384);
	CHECK_EQ(page[0], 5); /* an interior page of a table */
	unsigned first = (unsigned)page[12] << 8 | page[13], second = (unsigned)page[14] << 8 | page[15];
	memcpy(page + second, page + first, 4);
	CHECK_EQ(pwrite(fd, page, sizeof(page), (root - 1) * 16384), 16384);
	close(fd);
	store = continue_run(RUN_A);
	int64_t rows = 0;
	CHECK_EQ(irt_store_read_modules(store, &rows, count_module), INSTR_ERR_FORMAT);
	CHECK(rows > 100 && rows < 2990);
	irt_store_close(store);
}

/* A header that speaks of a write-ahead log, which is not there: SQLite would make one only to look. */
TEST(looking_into_a_file_leaves_nothing_beside_it)
{
	struct irt_store_info info;

	leave_trace();
	int fd = open(path_of("trace.db"), O_RDWR);
	CHECK_EQ(pwrite(fd, "\2\2", 2, 18), 2);
	close(fd);
	OK(irt_store_peek(folder_fd, "trace.db", NULL, &info, &error));
	CHECK_STR(info.run_id, RUN_A);
	CHECK_EQ(count_files(), 1);
}

TEST_MAIN()
