/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_open_test.c - whose file is it: opening, continuing, making way, finishing, and what is left
 * alone.
 */
#include <sys/wait.h>

#include "store_fixture.h"

static struct irt_store_error error;

static int try_open(const char *name, enum irt_store_mode mode, const char *run_id)
{
	struct irt_store_config config = config_of(run_id);
	struct irt_store *store;
	int result = irt_store_open(folder_fd, name, mode, &config, &store, &error);

	CHECK((result == 0) == (store != NULL));
	irt_store_close(store);
	return result;
}

static void put_round(struct irt_store *store, int64_t thread)
{
	struct irt_store_thread row = a_thread(thread, 0);

	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &row));
	OK(irt_store_commit(store));
}

/* A run that ended as it should. */
static void leave_finished(const char *run_id)
{
	struct irt_store *store = start_run(run_id);

	put_round(store, 1);
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
}

/* A run whose drain was killed: the child's connection is never closed. */
static void leave_dead(const char *run_id)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct irt_store *store = start_run(run_id);
		put_round(store, 1);
		put_round(store, 2);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	CHECK(size_of("trace.db-wal") > 0);
}

/* ---- finishing ---------------------------------------------------------------------------------- */

TEST(a_finished_file_is_whole_in_one_piece)
{
	new_folder();
	struct irt_store *store = start_run(RUN_A);
	put_round(store, 1);
	CHECK(exists("trace.db-wal"));
	OK(irt_store_finish(store, "complete"));
	CHECK_EQ(count_files(), 1); /* while the store is still open */
	char copy[1000];
	snprintf(copy, sizeof(copy), "cp %s %s", path_of("trace.db"), path_of("copy.db"));
	CHECK_EQ(system(copy), 0);
	CHECK_STR(ask("copy.db", "PRAGMA journal_mode"), "delete");
	CHECK_STR(ask("copy.db", "PRAGMA integrity_check"), "ok");
	CHECK_STR(ask("copy.db", "SELECT value FROM run WHERE key = 'state'"), "complete");
	CHECK_EQ(ask_number("copy.db", "SELECT count(*) FROM threads"), 1);
	irt_store_close(store);
}

TEST(late_events_reopen_a_finished_file)
{
	new_folder();
	struct irt_store *store = start_run(RUN_A);
	for (int i = 1; i <= 3; i++) {
		put_round(store, i);
		CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "recording");
		CHECK_STR(ask("trace.db", "PRAGMA journal_mode"), "wal");
		OK(irt_store_finish(store, "complete"));
		OK(irt_store_finish(store, "complete")); /* twice does no harm */
		CHECK_EQ(count_files(), 1);
		CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "complete");
		CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), i);
	}
	irt_store_close(store);

	/* By another drain of the run, too. */
	store = continue_run(RUN_A);
	CHECK_EQ(count_files(), 1);
	put_round(store, 4);
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "recording");
	OK(irt_store_finish(store, "recovered"));
	irt_store_close(store);
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "recovered");
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 4);
}

TEST(finishing_while_somebody_reads_keeps_everything_and_works_later)
{
	sqlite3 *reader;

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	put_round(store, 1);
	CHECK_EQ(sqlite3_open(path_of("trace.db"), &reader), SQLITE_OK);
	CHECK_EQ(sqlite3_exec(reader, "SELECT * FROM threads", NULL, NULL, NULL), SQLITE_OK);
	CHECK_EQ(irt_store_finish(store, "complete"), INSTR_ERR_BUSY);
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "complete");
	put_round(store, 2); /* and it goes on */
	CHECK_EQ(irt_store_finish(store, "complete"), INSTR_ERR_BUSY);
	sqlite3_close(reader);
	OK(irt_store_finish(store, "complete"));
	CHECK_EQ(count_files(), 1);
	irt_store_close(store);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 2);
}

TEST(closing_without_finishing_leaves_a_run_to_be_continued)
{
	new_folder();
	struct irt_store *store = start_run(RUN_A);
	put_round(store, 1);
	irt_store_close(store);
	irt_store_close(NULL);
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "recording");
	store = continue_run(RUN_A);
	put_round(store, 2);
	irt_store_close(store);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 2);
}

/* ---- whose run ---------------------------------------------------------------------------------- */

TEST(continue_takes_only_the_file_of_the_same_run)
{
	new_folder();
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_A), INSTR_ERR_NOT_FOUND);
	CHECK_STR(error.text, "trace.db: cannot open: no such file or folder");
	CHECK_EQ(count_files(), 0);
	leave_dead(RUN_A);
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_B), INSTR_ERR_NOT_FOUND);
	CHECK_STR(error.text, "trace.db: it is the file of another run");
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_A), 0);
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, NULL), 0);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 2);
}

TEST(start_continues_its_own_file)
{
	new_folder();
	leave_dead(RUN_A);
	struct irt_store *store = start_run(RUN_A);
	put_round(store, 3);
	irt_store_close(store);
	CHECK(!exists("trace.db.old"));
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 3);
}

TEST(a_finished_run_makes_way_without_a_question)
{
	new_folder();
	leave_finished(RUN_A);
	leave_finished(RUN_B);
	CHECK_STR(ask("trace.db.old", "SELECT value FROM run WHERE key = 'run_id'"), RUN_A);
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'run_id'"), RUN_B);
	leave_finished("cccccccccccccccccccccccccccccccc"); /* the older one is replaced */
	CHECK_STR(ask("trace.db.old", "SELECT value FROM run WHERE key = 'run_id'"), RUN_B);
	CHECK_EQ(count_files(), 2);
}

static int asked;
static struct irt_store_info asked_about;

static enum irt_store_verdict say_live(void *arg, const struct irt_store_info *other)
{
	(void)arg;
	asked++;
	asked_about = *other;
	return IRT_STORE_RUN_LIVE;
}

static enum irt_store_verdict say_dead(void *arg, const struct irt_store_info *other)
{
	say_live(arg, other);
	return IRT_STORE_RUN_DEAD;
}

/* What a drain does: completes the dead run before it makes way. */
static enum irt_store_verdict complete_it(void *arg, const struct irt_store_info *other)
{
	struct irt_store *store = continue_run(other->run_id);

	put_round(store, 50);
	OK(irt_store_finish(store, "recovered"));
	irt_store_close(store);
	return say_dead(arg, other);
}

TEST(an_unfinished_run_makes_way_only_when_it_is_dead)
{
	struct irt_store_config config = config_of(RUN_B);
	struct irt_store *store;

	new_folder();
	leave_dead(RUN_A);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_B), INSTR_ERR_BUSY); /* nobody to ask: alive */
	asked = 0;
	config.is_live = say_live;
	CHECK_EQ(irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, &error), INSTR_ERR_BUSY);
	CHECK_STR(error.text, "trace.db: it belongs to another run, which is still going on");
	CHECK_EQ(asked, 1);
	CHECK_STR(asked_about.run_id, RUN_A);
	CHECK_STR(asked_about.state, "recording");
	CHECK_EQ(asked_about.schema_version, INSTR_SCHEMA_VERSION);
	CHECK(!exists("trace.db.old"));

	config.is_live = say_dead;
	store = start_store("trace.db", &config);
	CHECK_EQ(asked, 2);
	/* What lay in the dead run's log has moved with it. */
	CHECK(!exists("trace.db.old-wal"));
	CHECK_EQ(ask_number("trace.db.old", "SELECT count(*) FROM threads"), 2);
	CHECK_STR(ask("trace.db.old", "PRAGMA integrity_check"), "ok");
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 0);
	irt_store_close(store);
}

TEST(an_empty_log_that_a_reader_has_made_at_the_end_goes_too)
{
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store *store;

	new_folder();
	store = start_store("trace.db", &config);
	put_round(store, 1);
	OK(irt_store_finish(store, "complete"));
	close(openat(folder_fd, "trace.db-wal", O_CREAT | O_WRONLY, 0600));
	OK(irt_store_finish(store, "complete"));
	CHECK_EQ(count_files(), 1);
	irt_store_close(store);
	CHECK_STR(ask("trace.db", "PRAGMA journal_mode"), "delete");
}

static enum irt_store_verdict say_newer(void *arg, const struct irt_store_info *other)
{
	say_live(arg, other);
	return IRT_STORE_RUN_NEWER;
}

TEST(a_run_that_began_later_keeps_its_file)
{
	struct irt_store_config config = config_of(RUN_B);
	struct irt_store_config first = config_of(RUN_A);
	struct irt_store *store;

	new_folder();
	store = start_store("trace.db", &first);
	OK(irt_store_begin(store));
	OK(irt_store_put_clock(store, &(struct irt_store_clock){0, 4711, 2, 3}));
	OK(irt_store_put_clock(store, &(struct irt_store_clock){100, 4811, 102, 103}));
	OK(irt_store_commit(store));
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
	config.ask_always = true;
	config.is_live = say_newer;
	CHECK_EQ(irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, &error), INSTR_ERR_BUSY);
	CHECK_STR(error.text, "trace.db: it belongs to another run, which began later");
	CHECK_EQ(asked_about.start_monotonic_ns, 4711);
	CHECK(!exists("trace.db.old"));
}

TEST(a_dead_run_can_be_completed_before_it_makes_way)
{
	struct irt_store_config config = config_of(RUN_B);
	struct irt_store *store;

	new_folder();
	leave_dead(RUN_A);
	asked = 0;
	config.is_live = complete_it;
	store = start_store("trace.db", &config);
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
	CHECK_EQ(asked, 1);
	CHECK_EQ(ask_number("trace.db.old", "SELECT count(*) FROM threads"), 3);
	CHECK_STR(ask("trace.db.old", "SELECT value FROM run WHERE key = 'state'"), "recovered");

	/* ask_always: about finished files too. */
	leave_finished(RUN_A);
	config.ask_always = true;
	config.is_live = say_live;
	CHECK_EQ(irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, NULL), INSTR_ERR_BUSY);
	CHECK_STR(asked_about.state, "complete");
}

TEST(runs_that_start_at_once_get_one_file_between_them)
{
	enum { RUNS = 8 };
	pid_t children[RUNS];
	int status, winners = 0, busy = 0;

	for (int round = 0; round < 5; round++) {
		new_folder();
		if (round % 2)
			leave_finished("dddddddddddddddddddddddddddddddd");
		for (int i = 0; i < RUNS; i++) {
			children[i] = fork();
			if (children[i] == 0) {
				char id[2] = {(char)('a' + i), 0};
				struct irt_store_config config = config_of(id);
				struct irt_store *store;
				int result;
				config.is_live = say_live;
				result = irt_store_open(folder_fd, "trace.db", IRT_STORE_START, &config, &store, NULL);
				if (result == 0) {
					put_round(store, i + 1);
					usleep(300000); /* alive until all others have asked */
					put_round(store, i + 100);
					if (irt_store_finish(store, "complete"))
						_exit(3);
				}
				_exit(result == 0 ? 1 : result == INSTR_ERR_BUSY ? 2 : 3);
			}
		}
		winners = busy = 0;
		for (int i = 0; i < RUNS; i++) {
			CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
			CHECK(WIFEXITED(status));
			winners += WEXITSTATUS(status) == 1;
			busy += WEXITSTATUS(status) == 2;
		}
		CHECK_EQ(winners, 1);
		CHECK_EQ(busy, RUNS - 1);
		CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
		CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 2);
		CHECK_EQ(count_files(), 1 + round % 2);
	}
}

/* ---- files that are not ours -------------------------------------------------------------------- */

static void check_left_alone(const char *name, const char *content)
{
	char now[100] = "";
	FILE *file = fopen(path_of(name), "rb");

	CHECK(file != NULL);
	CHECK_EQ(fread(now, 1, sizeof(now) - 1, file), strlen(content));
	fclose(file);
	CHECK_STR(now, content);
}

TEST(files_that_are_not_ours_are_left_alone)
{
	struct irt_store_info info;

	new_folder();
	write_file("trace.db", "my notes\n", 9);
	for (int mode = 0; mode < 2; mode++) {
		CHECK_EQ(try_open("trace.db", mode ? IRT_STORE_START : IRT_STORE_CONTINUE, RUN_A), INSTR_ERR_NOT_OURS);
		CHECK_STR(error.text, "trace.db: it was not written by instr and is left alone");
	}
	CHECK_EQ(irt_store_peek(folder_fd, "trace.db", NULL, &info, &error), INSTR_ERR_NOT_OURS);
	check_left_alone("trace.db", "my notes\n");

	write_file("trace.db", "", 0);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_OURS);
	CHECK_EQ(size_of("trace.db"), 0);

	unlink(path_of("trace.db"));
	run_sql("trace.db", "CREATE TABLE run (key, value); INSERT INTO run VALUES ('run_id', '" RUN_A "')");
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_OURS);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM run"), 1);

	unlink(path_of("trace.db"));
	CHECK_EQ(symlink("elsewhere.db", path_of("trace.db")), 0);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_OURS);
	CHECK_STR(error.text, "trace.db: it is a symbolic link and is left alone");
	CHECK(!exists("elsewhere.db"));

	unlink(path_of("trace.db"));
	CHECK_EQ(mkdir(path_of("trace.db"), 0777), 0);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_OURS);
	rmdir(path_of("trace.db"));

	CHECK_EQ(mkfifo(path_of("trace.db"), 0777), 0);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_OURS);
}

TEST(an_old_name_that_is_not_ours_is_left_alone)
{
	new_folder();
	leave_finished(RUN_A);
	write_file("trace.db.old", "my notes\n", 9);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_B), INSTR_ERR_NOT_OURS);
	CHECK_STR(error.text, "trace.db: cannot make way: trace.db.old was not written by instr and is left alone");
	check_left_alone("trace.db.old", "my notes\n");
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'run_id'"), RUN_A);
}

TEST(side_files_without_their_file_do_not_get_into_a_new_one)
{
	new_folder();
	leave_dead(RUN_A);
	CHECK_EQ(unlink(path_of("trace.db")), 0); /* what "rm trace.db" leaves */
	struct irt_store *store = start_run(RUN_B);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 0);
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'run_id'"), RUN_B);
	irt_store_close(store);
	unlink(path_of("trace.db"));

	/* A file of that name that is none of SQLite's stays, and so there can be no new file. */
	write_file("trace.db-journal", "diary", 5);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_OURS);
	CHECK_STR(error.text, "trace.db: trace.db-journal stands beside it and is no file of SQLite; it is left alone");
	check_left_alone("trace.db-journal", "diary");
	CHECK(!exists("trace.db"));
}

/* ---- newer, damaged, unreachable ---------------------------------------------------------------- */

TEST(a_newer_schema_is_not_written_to_but_can_make_way)
{
	new_folder();
	leave_finished(RUN_A);
	run_sql("trace.db", "PRAGMA user_version = 7");
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_A), INSTR_ERR_VERSION);
	CHECK_STR(error.text, "trace.db: schema 7 is newer than this program, which writes 1");
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_VERSION);
	CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_B), 0);
	CHECK_EQ(ask_number("trace.db.old", "PRAGMA user_version"), 7);
}

TEST(damaged_files_are_told_and_make_way_as_they_are)
{
	static const struct { const char *name; long cut, from; } damages[] = {
		{"cut after the header", 100, 0}, {"cut in the first page", 9000, 0}, {"cut in the schema", 100000, 0},
		{"garbage in the first page", 0, 100}, {"garbage behind the first page", 0, 16384},
	};

	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		new_folder();
		leave_finished(RUN_A);
		int64_t size = size_of("trace.db");
		if (damages[i].cut) {
			CHECK_EQ(truncate(path_of("trace.db"), damages[i].cut), 0);
		} else {
			int fd = open(path_of("trace.db"), O_WRONLY);
			for (int64_t at = damages[i].from; at < size; at += 4)
				CHECK_EQ(pwrite(fd, "\xde\xad\xbe\xef", 4, at), 4);
			close(fd);
		}
		int64_t left = size_of("trace.db");
		if (try_open("trace.db", IRT_STORE_CONTINUE, RUN_A) != INSTR_ERR_FORMAT)
			CHECK_FAIL("%s: %s", damages[i].name, error.text);
		CHECK(!strncmp(error.text, "trace.db: ", 10) && strstr(error.text, "damaged"));
		CHECK_EQ(try_open("trace.db", IRT_STORE_START, RUN_B), 0);
		CHECK_EQ(size_of("trace.db.old"), left);
	}
}

TEST(missing_tables_and_views_in_their_place_are_refused)
{
	new_folder();
	leave_finished(RUN_A);
	run_sql("trace.db", "DROP TABLE holes");
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_A), INSTR_ERR_FORMAT);
	run_sql("trace.db", "CREATE VIEW holes AS SELECT 1 AS thread_id, 2 AS position, 3 AS units");
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_A), INSTR_ERR_FORMAT);
	run_sql("trace.db", "DROP VIEW holes; CREATE TABLE holes (thread_id, position, amount)");
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_A), INSTR_ERR_FORMAT);
	/* Columns of the right names are not enough: the table could compute them, or check them. */
	run_sql("trace.db", "ALTER TABLE holes RENAME amount TO units");
	CHECK_EQ(try_open("trace.db", IRT_STORE_CONTINUE, RUN_A), INSTR_ERR_FORMAT);
}

TEST(triggers_in_a_file_do_not_run)
{
	new_folder();
	leave_dead(RUN_A);
	run_sql("trace.db", "CREATE TRIGGER t AFTER INSERT ON threads BEGIN DELETE FROM run; END");
	struct irt_store *store = continue_run(RUN_A);
	put_round(store, 3);
	irt_store_close(store);
	CHECK(ask_number("trace.db", "SELECT count(*) FROM run") >= 2);
}

TEST(folders_that_cannot_be_written_are_told)
{
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store *store;
	int status;

	new_folder();
	CHECK_EQ(irt_store_open(open("/nowhere", O_RDONLY), "trace.db", IRT_STORE_START, &config, &store, &error), INSTR_ERR_IO);
	CHECK(!store && !strncmp(error.text, "trace.db: cannot open its folder", 32));
	CHECK_EQ(try_open("a/trace.db", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_FOUND);
	CHECK_EQ(try_open("..", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_FOUND);
	CHECK_EQ(try_open("", IRT_STORE_START, RUN_A), INSTR_ERR_NOT_FOUND);

	leave_finished(RUN_A);
	CHECK_EQ(chmod(folder, 0555), 0);
	CHECK_EQ(chmod(path_of("trace.db"), 0444), 0);
	fflush(stdout);
	pid_t child = fork(); /* without the rights of root */
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(9);
		if (try_open("other.db", IRT_STORE_START, RUN_A) != INSTR_ERR_PERMISSION ||
		    strcmp(error.text, "other.db: cannot create: permission denied"))
			_exit(1);
		if (try_open("trace.db", IRT_STORE_START, RUN_B) != INSTR_ERR_PERMISSION)
			_exit(2);
		struct irt_store *there;
		struct irt_store_thread row = a_thread(7, 0);
		if (irt_store_open(folder_fd, "trace.db", IRT_STORE_CONTINUE, &config, &there, &error) != INSTR_ERR_PERMISSION &&
		    irt_store_begin(there) != INSTR_ERR_PERMISSION && irt_store_put_thread(there, &row) == 0)
			_exit(3);
		struct irt_store_info info;
		if (irt_store_peek(folder_fd, "trace.db", NULL, &info, &error) || strcmp(info.run_id, RUN_A))
			_exit(4);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	chmod(folder, 0755);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 1);
	CHECK_EQ(count_files(), 1);
}

TEST(the_file_stays_right_when_folders_move)
{
	char moved[100], before[400];

	new_folder();
	snprintf(moved, sizeof(moved), "%s.moved", folder);
	CHECK(getcwd(before, sizeof(before)));
	CHECK_EQ(chdir(folder), 0);
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store *store;
	OK(irt_store_open(AT_FDCWD, "trace.db", IRT_STORE_START, &config, &store, NULL));
	put_round(store, 1);
	CHECK_EQ(chdir("/"), 0);
	CHECK_EQ(rename(folder, moved), 0);
	put_round(store, 2);
	OK(irt_store_finish(store, "complete"));
	put_round(store, 3); /* opens its log anew */
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
	CHECK_EQ(rename(moved, folder), 0);
	CHECK_EQ(chdir(before), 0);
	CHECK_EQ(count_files(), 1);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 3);
}

TEST(peeking_changes_nothing)
{
	struct irt_store_info info;

	new_folder();
	leave_dead(RUN_A);
	int64_t size = size_of("trace.db"), wal = size_of("trace.db-wal");
	for (int i = 0; i < 3; i++) {
		OK(irt_store_peek(folder_fd, "trace.db", NULL, &info, &error));
		CHECK_STR(info.run_id, RUN_A);
		CHECK_STR(info.state, "recording");
		CHECK_EQ(size_of("trace.db"), size);
		CHECK_EQ(size_of("trace.db-wal"), wal);
	}
	/* Nor does it disturb a store that is open in this very process. */
	struct irt_store *store = continue_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_peek(folder_fd, "trace.db", NULL, &info, &error));
	pid_t child = fork();
	if (child == 0) { /* were the locks gone, another process could write now */
		sqlite3 *db;
		int rc = sqlite3_open(path_of("trace.db"), &db);
		_exit(rc == SQLITE_OK && sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_BUSY ? 0 : 1);
	}
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	irt_store_close(store);
}

TEST_MAIN()
