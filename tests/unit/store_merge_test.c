/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_merge_test.c - rows of threads that have ended, merged into one.
 */
#include "store_fixture.h"

static int add_calls(void *arg, const struct irt_store_totals *row)
{
	*(int64_t *)arg += row->calls;
	return 0;
}

TEST(what_is_read_within_a_round_is_what_was_put)
{
	struct irt_store_thread row, thread = a_thread(5, 70);
	struct irt_store_totals totals[2] = {{5, 1, 10, 7, 2, 1, 300, 200, 3, 90, "\1\2\0\3", 4},
					     {5, 2, 30, 30, 0, 0, 5, 5, 0, 1, NULL, 0}};
	int64_t calls = 0;
	bool found;

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	thread.end_ticks = 71;
	thread.flags = 6;
	thread.lost_events = 8;
	thread.merged = 3;
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	OK(irt_store_put_totals(store, &totals[0]));
	OK(irt_store_put_totals(store, &totals[1]));
	OK(irt_store_get_thread(store, 5, &found, &row));
	CHECK(found);
	row.name = thread.name;
	CHECK(!memcmp(&row, &thread, sizeof(row)));
	OK(irt_store_get_thread(store, 6, &found, &row));
	CHECK(!found);
	OK(irt_store_get_totals(store, 5, NONE, &calls, add_calls));
	CHECK_EQ(calls, 40);
	OK(irt_store_get_totals(store, 5, 2, &calls, add_calls));
	CHECK_EQ(calls, 70);
	OK(irt_store_commit(store));
	CHECK(irt_store_get_thread(store, 5, &found, &row) != 0); /* no round is open */
	irt_store_close(store);
}

TEST(a_merged_threads_row_goes_with_its_last_chunk)
{
	char data[60000];
	struct irt_store_config config = config_of(RUN_A);
	struct irt_store_totals row = {1, 1, 10, 10, 0, 0, 5, 5, 1, 1, NULL, 0};

	new_folder();
	config.max_db_bytes = 2 << 20;
	struct irt_store *store = start_store("trace.db", &config);
	OK(irt_store_begin(store));
	for (int64_t id = 1; id <= 3; id++) { /* 1 and 3 have a chunk, 2 has none */
		struct irt_store_thread thread = a_thread(id, 100);
		struct irt_store_chunk chunk = a_chunk(id, 0, 100, data, sizeof(data));
		thread.end_ticks = 100;
		thread.waits = 7;
		row.thread_id = id;
		OK(irt_store_put_thread(store, &thread));
		OK(irt_store_put_totals(store, &row));
		if (id != 2)
			OK(irt_store_put_chunk(store, &chunk));
	}
	OK(irt_store_commit(store));
	OK(irt_store_begin(store));
	OK(irt_store_drop_merged(store, 1));
	OK(irt_store_drop_merged(store, 2));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", "SELECT group_concat(thread_id || ':' || waits || ':' || events || ':' || flags) FROM threads"),
		  "1:0:0:32,3:7:100:0");
	CHECK_STR(ask("trace.db", "SELECT group_concat(thread_id) FROM totals"), "3");
	for (int i = 0; i < 40; i++) { /* thread 4 fills the file: what came before goes */
		struct irt_store_thread thread = a_thread(4, 100 * i + 100);
		struct irt_store_chunk chunk = a_chunk(4, 100 * i, 100, data, sizeof(data));
		OK(irt_store_begin(store));
		OK(irt_store_put_thread(store, &thread));
		OK(irt_store_put_chunk(store, &chunk));
		OK(irt_store_commit(store));
	}
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM chunks WHERE thread_id <> 4"), 0);
	CHECK_STR(ask("trace.db", "SELECT group_concat(thread_id || ':' || flags) FROM threads"), "3:0,4:0");
	irt_store_close(store);
}

TEST(a_merge_that_is_rolled_back_has_changed_nothing)
{
	struct irt_store_totals row = {1, 1, 10, 10, 0, 0, 5, 5, 1, 1, NULL, 0};
	struct irt_store_thread thread = a_thread(1, 100), other = a_thread(2, 100);

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	OK(irt_store_put_totals(store, &row));
	OK(irt_store_commit(store));
	OK(irt_store_begin(store));
	OK(irt_store_drop_merged(store, 1));
	irt_store_rollback(store);
	CHECK_STR(ask("trace.db", "SELECT flags || ':' || events || ':' || (SELECT count(*) FROM totals) FROM threads"), "0:100:1");
	OK(irt_store_begin(store)); /* the next round does not think of it */
	OK(irt_store_put_thread(store, &other));
	OK(irt_store_commit(store));
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM threads"), 2);
	irt_store_close(store);
}

static int list_creation(void *arg, const struct irt_store_creation *row)
{
	char *text = arg;
	sprintf(text + strlen(text), "%d:%d:%d:%d:%d:%d:%d:%d ", (int)row->process_id, (int)row->number, (int)row->key,
		(int)row->context_id, (int)row->site_id, (int)row->thread_id, (int)row->start_ticks, (int)row->end_ticks);
	return 0;
}

static int list_creator(void *arg, const struct irt_store_creator *row)
{
	char *text = arg;
	sprintf(text + strlen(text), "%d:%d:%d:%d ", (int)row->thread_id, (int)row->context_id, (int)row->site_id,
		row->creator_thread_id == NONE ? -1 : (int)row->creator_thread_id);
	return 0;
}

TEST(who_created_merged_threads_is_counted_by_place)
{
	char text[500] = "";

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	for (int64_t id = 1; id <= 6; id++) {
		struct irt_store_thread thread = a_thread(id, 100);
		thread.end_ticks = 100;
		OK(irt_store_put_thread(store, &thread));
		if (id > 1 && id < 6)
			OK(irt_store_put_creator(store, &(struct irt_store_creator){id, 1, 7 + id % 2, 30, 1}));
	}
	OK(irt_store_commit(store));
	OK(irt_store_read_creators(store, text, list_creator));
	CHECK_STR(text, "2:7:30:1 3:8:30:1 4:7:30:1 5:8:30:1 ");
	OK(irt_store_begin(store));
	for (int64_t id = 2; id <= 5; id++)
		if (id != 3)
			OK(irt_store_drop_merged(store, id));
	irt_store_rollback(store);
	*text = 0;
	OK(irt_store_read_creators(store, text, list_creator));
	CHECK_STR(text, "2:7:30:1 3:8:30:1 4:7:30:1 5:8:30:1 ");
	OK(irt_store_begin(store));
	for (int64_t id = 2; id <= 5; id++)
		if (id != 3)
			OK(irt_store_drop_merged(store, id));
	OK(irt_store_drop_merged(store, 6));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", "SELECT group_concat(thread_id || ':' || context_id || ':' || site_id || ':' || coalesce(creator_thread_id, '-')"
				  " || ':' || threads, ' ') FROM thread_creators"), "-1:7:30:-:2 -1:8:30:-:1 3:8:30:1:1");
	OK(irt_store_begin(store)); /* it was found out when the thread was merged already: its row is gone */
	OK(irt_store_put_creator(store, &(struct irt_store_creator){6, 1, 8, 30, 1}));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", "SELECT group_concat(thread_id || ':' || context_id || ':' || threads, ' ') FROM thread_creators"),
		  "-1:7:2 -1:8:2 3:8:1");
	irt_store_close(store);
}

TEST(creations_without_a_thread_come_back_as_they_were_put)
{
	char text[500] = "";

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_put_creation(store, &(struct irt_store_creation){1, 3, 4096, 7, 30, 2, -5, 90}));
	OK(irt_store_put_creation(store, &(struct irt_store_creation){1, 2, 8192, 8, 31, 1, 10, 20}));
	OK(irt_store_put_creation(store, &(struct irt_store_creation){2, 1, 4096, 9, 30, 4, 1, 2}));
	OK(irt_store_delete_creation(store, 1, 1));
	OK(irt_store_commit(store));
	OK(irt_store_read_creations(store, 1, text, list_creation));
	CHECK_STR(text, "1:2:8192:8:31:1:10:20 1:3:4096:7:30:2:-5:90 ");
	OK(irt_store_begin(store));
	OK(irt_store_delete_creation(store, 1, 2));
	OK(irt_store_commit(store));
	*text = 0;
	OK(irt_store_read_creations(store, 1, text, list_creation));
	CHECK_STR(text, "1:3:4096:7:30:2:-5:90 ");
	irt_store_close(store);
}

TEST(losses_of_merged_threads_are_one_row_for_each_cause)
{
	struct irt_store_loss loss = {1, 1, 1, "ring full", 40, NONE, NONE, 0};

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	for (int64_t id = 1; id <= 4; id++) {
		loss.loss_id = loss.thread_id = id;
		loss.events = 10 * id;
		loss.cause = id == 2 ? "abandoned" : "ring full";
		OK(irt_store_put_loss(store, &loss));
	}
	OK(irt_store_commit(store));
	OK(irt_store_begin(store));
	for (int64_t id = 1; id <= 3; id++)
		OK(irt_store_merge_loss(store, id, -1));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", "SELECT group_concat(thread_id || ':' || cause || ':' || events) FROM (SELECT * FROM losses ORDER BY cause, thread_id)"),
		  "-1:abandoned:20,-1:ring full:40,4:ring full:40");
	irt_store_close(store);
}

TEST_MAIN()
