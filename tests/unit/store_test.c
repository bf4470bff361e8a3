/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_test.c - rounds and rows of runtime/store; limits on space. Opening: store_open_test.c;
 * views: store_views_test.c; crashes and full disks: tests/fault.
 */
#include "store_fixture.h"

TEST(a_new_file_is_a_plain_sqlite_file_with_our_mark)
{
	new_folder();
	struct irt_store *store = start_run(RUN_A);

	CHECK_STR(ask("trace.db", "PRAGMA application_id"), "1768846196");
	CHECK_EQ(ask_number("trace.db", "PRAGMA application_id"), INSTR_APPLICATION_ID);
	CHECK_EQ(ask_number("trace.db", "PRAGMA user_version"), INSTR_SCHEMA_VERSION);
	CHECK_EQ(ask_number("trace.db", "PRAGMA page_size"), 16384);
	CHECK_STR(ask("trace.db", "PRAGMA journal_mode"), "wal");
	CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'run_id'"), RUN_A);
	CHECK_STR(ask("trace.db", "SELECT value FROM run WHERE key = 'state'"), "recording");
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
					" AND name NOT LIKE 'sqlite_%'"), 38);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
					" AND name NOT LIKE 'sqlite_%' AND NOT strict"), 0);
	irt_store_close(store);
}

/* ---- every kind of row -------------------------------------------------------------------------- */

static int rows_read;

static int same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

#define EXPECT(condition)                                                \
	do {                                                             \
		check_count++;                                           \
		if (!(condition)) {                                      \
			printf("  %d: not true: %s\n", __LINE__, #condition); \
			return -100;                                     \
		}                                                        \
	} while (0)

static int see_clock(void *arg, const struct irt_store_clock *row)
{
	EXPECT(!memcmp(row, arg, sizeof(*row)));
	return rows_read++, 0;
}

static int see_process(void *arg, const struct irt_store_process *row)
{
	const struct irt_store_process *put = arg;

	put += row->process_id - 1;
	EXPECT(row->process_id == put->process_id && row->parent_process_id == put->parent_process_id);
	EXPECT(row->pid == put->pid && row->pid_namespace == put->pid_namespace);
	EXPECT(same_text(row->command, put->command) && same_text(row->executable, put->executable));
	EXPECT(same_text(row->working_directory, put->working_directory) && same_text(row->joined_by, put->joined_by));
	EXPECT(row->start_ticks == put->start_ticks && row->end_ticks == put->end_ticks);
	EXPECT(same_text(row->end_reason, put->end_reason));
	EXPECT(row->exit_code == put->exit_code && row->exit_signal == put->exit_signal);
	return rows_read++, 0;
}

static int see_thread(void *arg, const struct irt_store_thread *row, int64_t consumed_pos)
{
	const struct irt_store_thread *put = arg;

	EXPECT(same_text(row->name, put->name));
	EXPECT(row->thread_id == put->thread_id && row->process_id == put->process_id && row->tid == put->tid);
	EXPECT(row->parent_thread_id == put->parent_thread_id && row->parent_position == put->parent_position);
	EXPECT(row->start_ticks == put->start_ticks && row->end_ticks == put->end_ticks);
	EXPECT(row->last_ticks == put->last_ticks && row->events == put->events);
	EXPECT(row->totals_pos == put->totals_pos && row->totals_events == put->totals_events);
	EXPECT(row->lost_events == put->lost_events && row->wait_ticks == put->wait_ticks && row->waits == put->waits);
	EXPECT(row->orphans == put->orphans && row->skipped_units == put->skipped_units && row->flags == put->flags);
	EXPECT(row->merged == put->merged);
	EXPECT(row->cpu_ns == put->cpu_ns && row->ready_ns == put->ready_ns && row->cpu_ticks == put->cpu_ticks);
	EXPECT(consumed_pos == 300);
	return rows_read++, 0;
}

static int see_frame(void *arg, int64_t depth, const struct irt_store_frame *row)
{
	const struct irt_store_frame *put = (const struct irt_store_frame *)arg + depth;

	EXPECT(!memcmp(row, put, sizeof(*row)));
	return rows_read++, 0;
}

static int see_module(void *arg, const struct irt_store_module *row)
{
	(void)arg;
	EXPECT(row->module_id == 1 && row->rows == 7 && !row->build_id);
	EXPECT(!strcmp(row->path, "/opt/\xef\xbf\xbd/\xc3\xa4/prog")); /* 0xff is not UTF-8, a-umlaut is */
	return rows_read++, 0;
}

static int see_load(void *arg, const struct irt_store_load *row)
{
	EXPECT(!memcmp(row, arg, sizeof(*row)));
	return rows_read++, 0;
}

static int see_function(void *arg, const struct irt_store_function *row)
{
	const struct irt_store_function *put = arg;

	if (row->function_id == 0) { /* every file has it */
		EXPECT(!strcmp(row->name, "(unknown)") && row->module_id == NONE && row->line == NONE);
		return 0;
	}
	EXPECT(row->function_id == put->function_id && row->module_id == put->module_id && row->row == put->row);
	EXPECT(same_text(row->name, put->name) && same_text(row->linkage_name, put->linkage_name));
	EXPECT(same_text(row->file, put->file) && row->line == put->line && row->instrumented == put->instrumented);
	EXPECT(same_text(row->reason, put->reason) && row->flags == put->flags && row->address == put->address);
	return rows_read++, 0;
}

static int see_context(void *arg, const struct irt_store_context *row)
{
	const struct irt_store_context *put = (const struct irt_store_context *)arg + rows_read;

	EXPECT(!memcmp(row, put, sizeof(*row)));
	return rows_read++, 0;
}

static int see_totals(void *arg, const struct irt_store_totals *row)
{
	const struct irt_store_totals *put = (const struct irt_store_totals *)arg + rows_read;

	EXPECT(row->thread_id == put->thread_id && row->context_id == put->context_id && row->calls == put->calls);
	EXPECT(row->returns == put->returns && row->unwound == put->unwound && row->open == put->open);
	EXPECT(row->total_ticks == put->total_ticks && row->self_ticks == put->self_ticks);
	EXPECT(row->min_ticks == put->min_ticks && row->max_ticks == put->max_ticks);
	EXPECT(row->histogram_bytes == put->histogram_bytes && !row->histogram == !put->histogram);
	EXPECT(!row->histogram || !memcmp(row->histogram, put->histogram, (size_t)row->histogram_bytes));
	return rows_read++, 0;
}

static int see_function_totals(void *arg, const struct irt_store_function_totals *row)
{
	const struct irt_store_function_totals *put = (const struct irt_store_function_totals *)arg + rows_read;

	EXPECT(!memcmp(row, put, sizeof(*row)));
	return rows_read++, 0;
}

static int see_chunk(void *arg, const struct irt_store_chunk *row)
{
	const struct irt_store_chunk *put = arg;

	EXPECT(row->chunk_id > 0 && row->thread_id == put->thread_id);
	EXPECT(row->start_pos == put->start_pos && row->end_pos == put->end_pos);
	EXPECT(row->first_event == put->first_event && row->events == put->events);
	EXPECT(row->start_ticks == put->start_ticks && row->end_ticks == put->end_ticks);
	EXPECT(row->start_context_id == put->start_context_id && row->start_depth == put->start_depth);
	EXPECT(row->min_depth == put->min_depth && row->operations == put->operations);
	EXPECT(row->functions_bytes == put->functions_bytes && row->codec == put->codec);
	EXPECT(!memcmp(row->functions, put->functions, (size_t)put->functions_bytes));
	EXPECT(row->time_unit_ticks == put->time_unit_ticks && row->data_bytes == put->data_bytes);
	EXPECT(!memcmp(row->data, put->data, (size_t)put->data_bytes));
	return rows_read++, 0;
}

static int see_loss(void *arg, const struct irt_store_loss *row)
{
	const struct irt_store_loss *put = arg;

	EXPECT(row->loss_id == put->loss_id && row->process_id == put->process_id && row->thread_id == put->thread_id);
	EXPECT(same_text(row->cause, put->cause) && row->events == put->events && row->totals_kept == put->totals_kept);
	EXPECT(row->start_ticks == put->start_ticks && row->end_ticks == put->end_ticks);
	return rows_read++, 0;
}

static int see_hole(void *arg, const struct irt_store_hole *row)
{
	EXPECT(!memcmp(row, arg, sizeof(*row)));
	return rows_read++, 0;
}

static int see_run(void *arg, const char *key, const char *text, int64_t number)
{
	(void)arg;
	if (!strcmp(key, "version"))
		EXPECT(same_text(text, "0.1.0") && number == NONE);
	if (!strcmp(key, "abi"))
		EXPECT(!text && number == INT64_C(1) << 40);
	return rows_read++, 0;
}

#define READ_ALL(count, call)                \
	do {                                 \
		rows_read = 0;               \
		OK(call);                    \
		CHECK_EQ(rows_read, count);  \
	} while (0)

TEST(rows_come_back_as_they_were_put)
{
	struct irt_store_clock clock = {0, 11, 22, INT64_C(1) << 50};
	struct irt_store_process processes[2] = {a_process(1), a_process(2)};
	struct irt_store_thread thread = a_thread(1, 200);
	struct irt_store_frame frames[2] = {{3, 4, 5, UINT64_C(0xfedcba9876543210), 0}, {6, 7, 8, 1, 2}};
	struct irt_store_module module = {1, "/opt/\xff/\xc3\xa4/prog", NULL, 7};
	struct irt_store_load load = {1, 1, 1, 0x555500000000, 0x555500001000, 3, NONE};
	struct irt_store_function function = {9, NONE, NONE, "f(int)", "_Z1fi", NULL, NONE, 0, "inline", 5, 0x401130};
	struct irt_store_context contexts[3] = {a_context(0, NONE, 0, 0), a_context(1, 0, 9, 1), a_context(1 << 21, NONE, 0, 0)};
	struct irt_store_totals totals[2] = {{1, 1, 10, 7, 2, 1, 300, 200, 3, 90, "\1\2\0\3", 4},
					     {1, 2, 1, 0, 0, 1, 0, 0, NONE, NONE, NULL, 0}};
	struct irt_store_function_totals function_totals[2] = {{0, 9, 10, 7, 2, 1, 6, 300, 200, 3, 4, 5, 90},
							       {2, 9, 1, 0, 0, 1, 0, 0, 0, NONE, NONE, NONE, NONE}};
	char data[3000];
	struct irt_store_chunk chunk = a_chunk(1, 200, 100, data, sizeof(data));
	struct irt_store_loss loss = {4, NONE, 1, "ring full", NONE, 5, NONE, 0};
	struct irt_store_hole hole = {1, 77, 3};
	struct irt_store_message message = {NONE, 1, "warning", "Something happened."};
	struct irt_store_setting setting = {"runtime", "events", "on"};

	new_folder();
	chunk.operations = UINT64_C(1) << 63 | 5;
	processes[1].end_ticks = 99;
	processes[1].end_reason = "death";
	processes[1].exit_signal = 9;
	processes[1].command = NULL;
	struct irt_store *store = start_run(RUN_A);
	/* Twice: every put replaces, but for the message. */
	for (int i = 0; i < 2; i++) {
		OK(irt_store_begin(store));
		OK(irt_store_put_run(store, "version", "0.1.0", 0));
		OK(irt_store_put_run(store, "abi", NULL, INT64_C(1) << 40));
		OK(irt_store_put_setting(store, &setting));
		OK(irt_store_put_clock(store, &clock));
		OK(irt_store_put_process(store, &processes[0]));
		OK(irt_store_put_process(store, &processes[1]));
		OK(irt_store_put_thread(store, &thread));
		OK(irt_store_put_frames(store, 1, 0, frames, 2));
		OK(irt_store_put_module(store, &module));
		OK(irt_store_put_load(store, &load));
		OK(irt_store_put_function(store, &function));
		for (int k = 0; k < 3; k++)
			OK(irt_store_put_context(store, &contexts[k]));
		for (int k = 0; k < 2; k++) {
			OK(irt_store_put_totals(store, &totals[k]));
			OK(irt_store_put_function_totals(store, &function_totals[k]));
		}
		OK(irt_store_put_chunk(store, &chunk));
		OK(irt_store_put_loss(store, &loss));
		OK(irt_store_put_hole(store, &hole));
		OK(irt_store_put_message(store, &message));
		OK(irt_store_put_checkpoint(store, 12345));
		OK(irt_store_commit(store));
	}
	irt_store_close(store);

	store = continue_run(RUN_A);
	READ_ALL(5, irt_store_read_run(store, NULL, see_run)); /* run_id, state, version, abi, checkpoint_ticks */
	READ_ALL(1, irt_store_read_clocks(store, &clock, see_clock));
	READ_ALL(2, irt_store_read_processes(store, processes, see_process));
	READ_ALL(1, irt_store_read_threads(store, &thread, see_thread));
	READ_ALL(2, irt_store_read_frames(store, 1, frames, see_frame));
	READ_ALL(1, irt_store_read_modules(store, NULL, see_module));
	READ_ALL(1, irt_store_read_loads(store, &load, see_load));
	READ_ALL(1, irt_store_read_functions(store, &function, see_function));
	READ_ALL(3, irt_store_read_contexts(store, NONE, contexts, see_context));
	READ_ALL(2, irt_store_read_contexts(store, 1, contexts, see_context));
	READ_ALL(1, irt_store_read_contexts(store, 2, contexts + 2, see_context));
	READ_ALL(2, irt_store_read_totals(store, 1, totals, see_totals));
	READ_ALL(2, irt_store_read_function_totals(store, NONE, function_totals, see_function_totals));
	READ_ALL(1, irt_store_read_function_totals(store, 0, function_totals, see_function_totals));
	READ_ALL(1, irt_store_read_chunks(store, 1, 200, &chunk, see_chunk));
	READ_ALL(0, irt_store_read_chunks(store, 1, 300, &chunk, see_chunk));
	READ_ALL(1, irt_store_read_losses(store, &loss, see_loss));
	READ_ALL(1, irt_store_read_holes(store, 1, &hole, see_hole));
	irt_store_close(store);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM messages"), 2);
	CHECK_STR(ask("trace.db", "SELECT severity || text || process_id FROM messages"), "warningSomething happened.1");
	CHECK_STR(ask("trace.db", "SELECT side || key || value FROM settings"), "runtimeeventson");
	CHECK_STR(ask("trace.db", "SELECT group_concat(function_id || ' ' || address) FROM function_addresses"), "9 4198704");
	CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
}

TEST(text_is_stored_as_utf8_whatever_it_was)
{
	static const struct { const char *put, *stored; } texts[] = {
		{"plain", "plain"}, {"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\x80", "\xef\xbf\xbd"}, {"a\xc3", "a\xef\xbf\xbd"}, {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, {"\xf4\x90\x80\x80" "b", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "b"},
	};

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		OK(irt_store_begin(store));
		/* two of them in one row: the second must not spoil the first */
		struct irt_store_setting row = {texts[i].put, "k", texts[i].put};
		OK(irt_store_put_setting(store, &row));
		OK(irt_store_commit(store));
		CHECK_STR(ask("trace.db", "SELECT side FROM settings"), texts[i].stored);
		CHECK_STR(ask("trace.db", "SELECT value FROM settings"), texts[i].stored);
		run_sql("trace.db", "DELETE FROM settings");
	}
	irt_store_close(store);
}

/* ---- rounds ------------------------------------------------------------------------------------- */

TEST(a_failed_round_changes_nothing_and_the_next_one_works)
{
	struct irt_store_module bad = {1, NULL, NULL, 7}, good = {1, "/bin/prog", NULL, 7};
	struct irt_store_thread thread = a_thread(1, 0);

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	CHECK_EQ(irt_store_put_module(store, &bad), INSTR_ERR_FORMAT);
	CHECK(strstr(irt_store_error(store), "trace.db: cannot write a module: NOT NULL"));
	CHECK_EQ(irt_store_put_module(store, &good), INSTR_ERR_FORMAT); /* the round has failed already */
	CHECK_EQ(irt_store_commit(store), INSTR_ERR_FORMAT);
	CHECK(strstr(irt_store_error(store), "NOT NULL"));
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 0);

	OK(irt_store_begin(store));
	OK(irt_store_put_module(store, &good));
	OK(irt_store_commit(store));
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM modules"), 1);
	irt_store_close(store);
}

TEST(a_round_given_up_changes_nothing)
{
	struct irt_store_thread thread = a_thread(1, 0);

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	irt_store_rollback(store); /* none open: nothing happens */
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	irt_store_rollback(store);
	OK(irt_store_begin(store));
	OK(irt_store_commit(store));
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	irt_store_close(store); /* gives it up too */
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 0);
}

TEST(rounds_out_of_order_are_refused)
{
	struct irt_store_thread thread = a_thread(1, 0);

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	CHECK(irt_store_put_thread(store, &thread) != 0);
	CHECK(strstr(irt_store_error(store), "no round is open"));
	CHECK(irt_store_commit(store) != 0);
	OK(irt_store_begin(store));
	CHECK(irt_store_finish(store, "complete") != 0);
	irt_store_rollback(store);
	OK(irt_store_begin(store));
	CHECK(irt_store_begin(store) != 0);
	irt_store_rollback(store);
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	OK(irt_store_commit(store));
	irt_store_close(store);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 1);
}

TEST(an_open_chunk_is_rewritten_under_its_key)
{
	char data[400];
	struct irt_store_thread thread = a_thread(1, 0);

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	for (int i = 1; i <= 5; i++) {
		struct irt_store_chunk chunk = a_chunk(1, 0, 10 * i, data, 50 * i);
		OK(irt_store_begin(store));
		OK(irt_store_put_thread(store, &thread));
		OK(irt_store_put_chunk(store, &chunk));
		OK(irt_store_commit(store));
		CHECK_EQ(ask_number("trace.db", "SELECT chunk_id FROM chunks"), 1);
		CHECK_EQ(ask_number("trace.db", "SELECT length(data) FROM chunks"), 50 * i);
		CHECK_EQ(ask_number("trace.db", "SELECT end_pos FROM chunks"), 10 * i);
	}
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks"), 1);
	irt_store_close(store);
	CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
}

TEST(frames_above_a_depth_are_replaced_and_those_below_stay)
{
	struct irt_store_frame first[4] = {{1, 10, 0, 1, 0}, {2, 20, 0, 2, 0}, {3, 30, 0, 3, 0}, {4, 40, 0, 4, 0}};
	struct irt_store_frame second[1] = {{9, 90, 1, 9, 2}};
	const char *all = "SELECT group_concat(thread_id || ':' || depth || ':' || context_id, ' ') FROM open_frames";

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_put_frames(store, 1, 0, first, 4));
	OK(irt_store_put_frames(store, 2, 0, first, 2));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", all), "1:0:1 1:1:2 1:2:3 1:3:4 2:0:1 2:1:2");
	OK(irt_store_begin(store));
	OK(irt_store_put_frames(store, 1, 2, second, 1));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", all), "1:0:1 1:1:2 1:2:9 2:0:1 2:1:2");
	OK(irt_store_begin(store));
	OK(irt_store_put_frames(store, 1, 0, NULL, 0));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", all), "2:0:1 2:1:2");
	irt_store_close(store);
}

TEST(walked_holes_go)
{
	struct irt_store_hole hole = {1, 7, 2};

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_put_hole(store, &hole));
	hole.position = 9;
	OK(irt_store_put_hole(store, &hole));
	OK(irt_store_commit(store));
	OK(irt_store_begin(store));
	OK(irt_store_delete_hole(store, 1, 7));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", "SELECT group_concat(position) FROM holes"), "9");
	irt_store_close(store);
}

/* ---- events=off, max_db_bytes, readers ---------------------------------------------------------- */

TEST(without_events_only_chunks_behind_the_checkpoint_stay)
{
	char data[2000];
	struct irt_store_config config = {.run_id = RUN_A};

	new_folder();
	struct irt_store *store = start_store("trace.db", &config);
	for (int i = 0; i < 6; i++) {
		/* every second round is a checkpoint: the thread's row comes before its chunk, and in
		 * the last one behind it */
		struct irt_store_chunk chunk = a_chunk(1, 100 * i, 100, data, sizeof(data));
		struct irt_store_thread thread = a_thread(1, 100 * i + 100);
		OK(irt_store_begin(store));
		if (i % 2 && i < 5)
			OK(irt_store_put_thread(store, &thread));
		OK(irt_store_put_chunk(store, &chunk));
		if (i == 5)
			OK(irt_store_put_thread(store, &thread));
		OK(irt_store_commit(store));
		CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks"), i % 2 ? 0 : 1);
	}
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM losses"), 0);
	irt_store_close(store);
}

static int count_row(void *arg, const struct irt_store_chunk *row)
{
	(void)row;
	++*(int *)arg;
	return 0;
}

TEST(a_limited_file_stays_below_its_limit_and_says_what_went)
{
	enum { LIMIT = 8 << 20, BYTES = 90000, ROUNDS = 400, THREADS = 3 };
	static char data[BYTES];
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store_health health;
	int64_t largest = 0, kept, from;

	config.max_db_bytes = LIMIT;
	new_folder();
	struct irt_store *store = start_store("trace.db", &config);
	for (int i = 0; i < ROUNDS; i++) {
		OK(irt_store_begin(store));
		for (int t = 1; t <= THREADS; t++) {
			struct irt_store_chunk chunk = a_chunk(t, 100 * i, 100, data, BYTES);
			struct irt_store_thread thread = a_thread(t, 100 * i + 100);
			if (i % 4 == 0)
				OK(irt_store_put_thread(store, &thread));
			OK(irt_store_put_chunk(store, &chunk));
		}
		OK(irt_store_commit(store));
		int64_t now = size_of("trace.db") + size_of("trace.db-wal");
		if (now > largest)
			largest = now;
	}
	irt_store_health(store, &health);
	CHECK(largest <= LIMIT);
	CHECK(largest > LIMIT / 2); /* and it is made use of */
	kept = ask_number("trace.db", "SELECT sum(events) FROM chunks");
	CHECK(kept > 0);
	CHECK_EQ(kept + health.deleted_events, 100 * ROUNDS * THREADS);
	CHECK_EQ(ask_number("trace.db", "SELECT events FROM losses WHERE loss_id = 0 AND totals_kept = 1"
					" AND cause = 'chunks deleted' AND start_ticks = 0"), health.deleted_events);
	from = ask_number("trace.db", "SELECT value FROM run WHERE key = 'events_from_ticks'");
	CHECK_EQ(from, health.events_from_ticks);
	CHECK_EQ(ask_number("trace.db", "SELECT end_ticks FROM losses WHERE loss_id = 0"), from);
	/* Nothing from after that moment is missing, and only what a checkpoint covers went. */
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks WHERE start_ticks > "
					"(SELECT value FROM run WHERE key = 'events_from_ticks')"),
		 (100 * ROUNDS - 1 - from) / 100 * THREADS);
	CHECK_EQ(ask_number("trace.db", "SELECT sum(c.events) FROM chunks c JOIN threads t USING (thread_id)"
					" WHERE c.end_pos > t.totals_pos"), THREADS * 300);

	/* Whoever continues goes on counting. */
	irt_store_close(store);
	CHECK_EQ(irt_store_open(folder_fd, "trace.db", IRT_STORE_CONTINUE, &config, &store, NULL), 0);
	irt_store_health(store, &health);
	CHECK_EQ(health.events_from_ticks, from);
	CHECK_EQ(kept + health.deleted_events, 100 * ROUNDS * THREADS);
	int chunks = 0;
	OK(irt_store_read_chunks(store, 1, 100 * ROUNDS - 150, &chunks, count_row));
	CHECK_EQ(chunks, 2);
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
	CHECK_STR(ask("trace.db", "PRAGMA integrity_check"), "ok");
}

TEST(a_chunk_that_is_still_written_is_not_deleted_and_counted_twice)
{
	enum { LIMIT = 4 << 20, BYTES = 100000, ROUNDS = 300 };
	static char data[BYTES];
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store_health health;

	config.max_db_bytes = LIMIT;
	new_folder();
	struct irt_store *store = start_store("trace.db", &config);
	for (int i = 0; i < ROUNDS; i++) {
		/* thread 1 is fast, thread 2 adds an event to its one chunk now and then, thread 3 has
		 * ended after a chunk */
		struct irt_store_chunk fast = a_chunk(1, 100 * i, 100, data, BYTES), slow = a_chunk(2, 0, i + 1, data, 10),
				       ended = a_chunk(3, 0, 50, data, 10);
		struct irt_store_thread threads[3] = {a_thread(1, 100 * (i + 1)), a_thread(2, i + 1), a_thread(3, 50)};
		threads[2].end_ticks = 60;
		OK(irt_store_begin(store));
		for (int t = 0; t < 3; t++)
			OK(irt_store_put_thread(store, &threads[t]));
		fast.data_bytes = BYTES;
		OK(irt_store_put_chunk(store, &fast));
		if (i % 10 == 9)
			OK(irt_store_put_chunk(store, &slow));
		if (i == 0)
			OK(irt_store_put_chunk(store, &ended));
		OK(irt_store_commit(store));
	}
	irt_store_health(store, &health);
	CHECK(health.deleted_events > 100 * ROUNDS / 2);
	CHECK_EQ(ask_number("trace.db", "SELECT sum(events) FROM chunks") + health.deleted_events, 101 * ROUNDS + 50);
	CHECK_EQ(ask_number("trace.db", "SELECT events FROM chunks WHERE thread_id = 2"), ROUNDS);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks WHERE thread_id = 3"), 0);
	irt_store_close(store);
}

/* Where nothing else is left to delete it goes all the same; it comes back when it is put again. */
TEST(a_deleted_chunk_that_is_put_again_is_no_longer_deleted)
{
	enum { LIMIT = 1 << 20, STEP = 20000, ROUNDS = 60 };
	static char data[ROUNDS * STEP];
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store_health health;
	int64_t events = 0, most_deleted = 0;

	config.max_db_bytes = LIMIT;
	new_folder();
	struct irt_store *store = start_store("trace.db", &config);
	for (int i = 0; i < ROUNDS; i++) {
		struct irt_store_chunk open = a_chunk(1, 0, 100 * i + 100, data, (i % 20 + 1) * 3 * STEP),
				       other = a_chunk(2, 10 * i, 10, data, 3 * STEP);
		struct irt_store_thread thread = a_thread(1, 100 * i + 100);
		OK(irt_store_begin(store));
		OK(irt_store_put_thread(store, &thread));
		thread = a_thread(2, 10 * i + 10);
		OK(irt_store_put_thread(store, &thread));
		OK(irt_store_put_chunk(store, &open));
		OK(irt_store_put_chunk(store, &other));
		if (i % 3 == 1) {
			irt_store_rollback(store);
			continue;
		}
		OK(irt_store_commit(store));
		events = 100 * i + 100 + 10 * (i + 1 - (i + 1) / 3);
		irt_store_health(store, &health);
		CHECK_EQ(ask_number("trace.db", "SELECT coalesce(sum(events), 0) FROM chunks") + health.deleted_events, events);
		if (health.deleted_events > most_deleted)
			most_deleted = health.deleted_events;
	}
	CHECK(most_deleted > 3000); /* it was among them */
	irt_store_close(store);
}

TEST(a_full_file_asks_for_a_checkpoint_and_deletes_nothing_before_it)
{
	enum { LIMIT = 4 << 20, BYTES = 100000 };
	static char data[BYTES];
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store_thread thread = a_thread(1, 0);
	struct irt_store_health health = {0};
	int i;

	config.max_db_bytes = LIMIT;
	new_folder();
	struct irt_store *store = start_store("trace.db", &config);
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	OK(irt_store_commit(store));
	for (i = 0; i < 100 && !health.want_checkpoint; i++) {
		struct irt_store_chunk chunk = a_chunk(1, 100 * i, 100, data, BYTES);
		OK(irt_store_begin(store));
		OK(irt_store_put_chunk(store, &chunk));
		OK(irt_store_commit(store));
		irt_store_health(store, &health);
		CHECK(health.db_bytes + health.wal_bytes <= LIMIT);
	}
	CHECK(health.want_checkpoint);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks"), i);
	struct irt_store_chunk more = a_chunk(1, 100 * i, 100, data, BYTES);
	thread = a_thread(1, 100 * i);
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	OK(irt_store_put_chunk(store, &more));
	OK(irt_store_commit(store));
	irt_store_health(store, &health);
	CHECK(!health.want_checkpoint);
	CHECK(ask_number("trace.db", "SELECT count(*) FROM chunks") <= i); /* with the new one */
	irt_store_close(store);
}

TEST(a_reader_that_holds_the_log_stops_events_but_not_totals)
{
	enum { BYTES = 1 << 20 };
	static char data[BYTES];
	struct irt_store_thread thread = a_thread(1, 0);
	struct irt_store_health health = {0};
	sqlite3 *reader;
	int i;

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	OK(irt_store_commit(store));
	CHECK_EQ(sqlite3_open(path_of("trace.db"), &reader), SQLITE_OK);
	CHECK_EQ(sqlite3_exec(reader, "BEGIN; SELECT * FROM threads", NULL, NULL, NULL), SQLITE_OK);
	for (i = 0; i < 100 && !health.stop_events; i++) {
		struct irt_store_chunk chunk = a_chunk(1, 100 * i, 100, data, BYTES);
		OK(irt_store_begin(store));
		OK(irt_store_put_chunk(store, &chunk));
		OK(irt_store_commit(store));
		irt_store_health(store, &health);
	}
	CHECK(health.stop_events);
	CHECK_STR(health.stop_cause, "reader");
	CHECK(health.wal_bytes > IRT_STORE_WAL_MAX_BYTES && health.wal_bytes < IRT_STORE_WAL_MAX_BYTES + 3 * BYTES);
	CHECK_EQ(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	/* The log is folded in after a round, and begins anew with the next. */
	for (int k = 0; k < 3; k++) {
		thread = a_thread(1, 100 * i + k);
		OK(irt_store_begin(store));
		OK(irt_store_put_thread(store, &thread));
		OK(irt_store_commit(store));
	}
	irt_store_health(store, &health);
	CHECK(!health.stop_events && !health.stop_cause);
	CHECK(health.wal_bytes <= 8 << 20);
	sqlite3_close(reader);
	OK(irt_store_finish(store, "complete"));
	CHECK_EQ(count_files(), 1);
	irt_store_close(store);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks"), i);
}

TEST_MAIN()
