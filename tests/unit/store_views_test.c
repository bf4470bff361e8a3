/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_views_test.c - the views of trace.db on small runs whose figures can be checked by hand.
 */
#include "instr/schema.h"
#include "store_fixture.h"

/* All rows of a query, columns by blanks, rows by semicolons; of the file's own views. */
static const char *all(const char *sql)
{
	char query[1500];

	snprintf(query, sizeof(query), "SELECT group_concat(x, '; ') FROM (%s)", sql);
	return ask("trace.db", query);
}

/*
 * One process, two threads, 2 ns per tick, 10,000 ticks long. Thread 1 ended at 9000 inside
 * main → walk → walk → leaf, as a killed program does; thread 2 has returned from all its calls.
 *
 *     context   1 main   2 main→walk   3 main→walk→walk (recursive)   4 …→leaf   5 leaf (thread 2)
 */
static struct irt_store *small_run(void)
{
	static const struct irt_store_clock clocks[] = {{0, 5000, 1700000000000000000, 7}, {10000, 25000, 1700000000000020000, 10007}};
	static const char *const names[] = {"main", "walk", "leaf"};
	static const struct irt_store_totals totals[] = {
		/* thread, context, calls, returns, unwound, open, total, self, min, max */
		{1, 1, 1, 0, 0, 1, 0, 0, NONE, NONE, NULL, 0},
		{1, 2, 4, 3, 0, 1, 3000, 2100, 500, 1500, "h", 1},
		{1, 3, 2, 1, 0, 1, 900, 700, 900, 900, "h", 1},
		{1, 4, 6, 5, 0, 1, 300, 300, 20, 100, "h", 1},
		{2, 5, 10, 10, 0, 0, 400, 400, 40, 40, "h", 1},
	};
	static const struct irt_store_function_totals functions[] = {
		{0, 1, 1, 0, 0, 1, 0, 0, 0, NONE, NONE, NONE, NONE},
		{0, 2, 6, 4, 0, 2, 0, 3000, 2800, 500, 600, 1500, 1500},
		{0, 3, 16, 15, 0, 1, 0, 700, 700, 20, 40, 100, 100},
	};
	/* main from 1000 on, its callees took 3000; walk from 6000; walk from 6500, leaf took 100; leaf from 8000 */
	static const struct irt_store_frame frames[] = {
		{1, 1000, 3000, 1, 0}, {2, 6000, 0, 2, 0}, {3, 6500, 100, 3, 0}, {4, 8000, 0, 4, 0}};
	struct irt_store_process process = a_process(1);
	struct irt_store_thread threads[2] = {a_thread(1, 500), a_thread(2, 300)};

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	for (int i = 0; i < 2; i++)
		OK(irt_store_put_clock(store, &clocks[i]));
	process.start_ticks = 0;
	process.end_ticks = 9000;
	process.end_reason = "death";
	OK(irt_store_put_process(store, &process));
	threads[0].end_ticks = threads[1].end_ticks = 9000;
	threads[0].last_ticks = 8000;
	OK(irt_store_put_thread(store, &threads[0]));
	OK(irt_store_put_thread(store, &threads[1]));
	for (int i = 0; i < 3; i++) {
		struct irt_store_function function = a_function(i + 1, names[i]);
		OK(irt_store_put_function(store, &function));
		OK(irt_store_put_function_totals(store, &functions[i]));
	}
	struct irt_store_function without = a_function(9, "tiny");
	without.instrumented = 0;
	without.reason = "INSTR_SKIP";
	OK(irt_store_put_function(store, &without));
	static const struct irt_store_context contexts[] = {
		{0, 1, NONE, 0, 0, 0, 0, 0}, {1, 1, 0, 0, 1, 1, 0, 0}, {2, 1, 1, 0, 2, 2, 0, 0},
		{3, 1, 2, 0, 2, 3, 1, 0}, {4, 1, 3, 0, 3, 4, 0, 0}, {5, 1, 0, 1, 3, 1, 0, 0}};
	for (int i = 0; i < 6; i++)
		OK(irt_store_put_context(store, &contexts[i]));
	for (int i = 0; i < 5; i++)
		OK(irt_store_put_totals(store, &totals[i]));
	OK(irt_store_put_frames(store, 1, 0, frames, 4));
	OK(irt_store_put_checkpoint(store, 9500));
	OK(irt_store_commit(store));
	return store;
}

TEST(top_counts_the_time_of_open_calls_and_recursion_once)
{
	irt_store_close(small_run());
	/* main: open for 8000 ticks, self 6000-1000-3000 = 2000. walk: 3000 + (9000-6000), the inner one
	 * not again; self 2800 + 500 + (8000-6500-100). leaf: 700 + 1000. In ns: twice that. */
	CHECK_STR(all("SELECT function || ' ' || calls || ' ' || self_ns || ' ' || total_ns AS x FROM top"),
		  "walk 6 9400 12000; main 1 4000 16000; leaf 16 3400 3400");
	CHECK_STR(all("SELECT function AS x FROM top_by_total"), "main; walk; leaf");
	CHECK_STR(all("SELECT function AS x FROM top_by_calls"), "leaf; walk; main");
	/* finished calls only */
	CHECK_STR(all("SELECT coalesce(min_ns || ' ' || p50_ns || ' ' || p99_ns || ' ' || max_ns, 'none') AS x FROM top"),
		  "1000 1200 3000 3000; none; 40 80 200 200");
	CHECK_STR(all("SELECT file || ':' || line AS x FROM top"), "/src/a.c:20; /src/a.c:10; /src/a.c:30");
}

TEST(self_times_of_a_thread_add_up_to_its_outermost_calls)
{
	irt_store_close(small_run());
	CHECK_STR(all("SELECT thread_id || ' ' || calls || ' ' || self_ns AS x FROM thread_times"), "1 13 16000; 2 10 800");
	CHECK_EQ(ask_number("trace.db", "SELECT sum(self_ns) FROM top"), 16000 + 800);
	CHECK_EQ(ask_number("trace.db", "SELECT sum(total_ns) FROM tree WHERE depth = 1"), 16000 + 800);
}

TEST(tree_shows_each_context_behind_its_caller)
{
	irt_store_close(small_run());
	CHECK_STR(all("SELECT printf('%*s%s %d %d %d', depth, '', function, calls, self_ns, total_ns) AS x FROM tree"),
		  " main 1 4000 16000;   walk 4 5200 12000;    walk 2 4200 6800;     leaf 6 2600 2600;  leaf 10 800 800");
	CHECK_STR(all("SELECT context_id || '<' || parent_id AS x FROM tree"), "1<0; 2<1; 3<2; 4<3; 5<0");
	CHECK_STR(all("SELECT function || self_ns || ' ' || total_ns || ' ' || outer_ns AS x FROM thread_contexts WHERE thread_id = 1"),
		  "main4000 16000 16000; walk5200 12000 12000; walk4200 6800 0; leaf2600 2600 2600");
	CHECK_STR(all("SELECT function || calls AS x FROM thread_contexts WHERE thread_id = 2"), "leaf10");
}

TEST(tree_goes_depth_first_through_siblings_and_processes)
{
	struct irt_store_context context;
	struct irt_store_totals row = {1, 0, 1, 1, 0, 0, 0, 0, 1, 1, NULL, 0};

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	for (int process = 0; process < 2; process++) {
		int64_t base = (int64_t)process << 21;
		struct irt_store_thread thread = a_thread(1 + process, 0);
		OK(irt_store_put_thread(store, &thread));
		/* root: a(1) b(2); a: c(3) d(4); b: e(5); c: f(6). d took longer than c, b longer than a. */
		static const int parents[] = {0, 0, 0, 1, 1, 2, 3}, depths[] = {0, 1, 1, 2, 2, 2, 3}, times[] = {0, 50, 70, 10, 30, 60, 5};
		for (int i = 0; i < 7; i++) {
			char name[2] = {(char)('a' + i - 1), 0};
			struct irt_store_function function = a_function(i, name);
			if (i)
				OK(irt_store_put_function(store, &function));
			context = a_context(base + i, i ? base + parents[i] : NONE, i, depths[i]);
			OK(irt_store_put_context(store, &context));
			row.thread_id = 1 + process;
			row.context_id = base + i;
			row.total_ticks = times[i];
			if (i)
				OK(irt_store_put_totals(store, &row));
		}
	}
	OK(irt_store_commit(store));
	irt_store_close(store);
	CHECK_STR(all("SELECT function || depth AS x FROM tree"),
		  "b1; e2; a1; d2; c2; f3; b1; e2; a1; d2; c2; f3");
	CHECK_STR(all("SELECT process_id AS x FROM tree WHERE depth = 1"), "1; 1; 2; 2");
}

static int note_open_block(void *arg, const struct irt_store_open_block *row)
{
	char *to = arg;
	sprintf(to + strlen(to), "%d:%d:%d:%d ", (int)row->depth, (int)row->context_id, (int)row->site_id, (int)row->start_ticks);
	return 0;
}

TEST(calls_that_a_thread_is_blocked_in_are_replaced_all_together)
{
	static const struct irt_store_open_block first[2] = {{2, 5, 7, 900}, {-1, 0, 8, 100}}, second[1] = {{2, 5, 9, 950}};
	const char *all = "SELECT group_concat(process_id || ':' || thread_id || ':' || depth || ':' || site_id, ' ') FROM open_blocks";
	char read[100] = "";

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	OK(irt_store_put_open_blocks(store, 1, 1, first, 2));
	OK(irt_store_put_open_blocks(store, 2, 3, first, 1));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", all), "1:1:-1:8 1:1:2:7 2:3:2:7");
	OK(irt_store_read_open_blocks(store, 1, read, note_open_block));
	CHECK_STR(read, "-1:0:8:100 2:5:7:900 ");
	OK(irt_store_begin(store));
	OK(irt_store_put_open_blocks(store, 1, 1, second, 1));
	OK(irt_store_put_open_blocks(store, 2, 3, NULL, 0));
	OK(irt_store_commit(store));
	CHECK_STR(ask("trace.db", all), "1:1:2:9");
	irt_store_close(store);
}

TEST(calls_that_block_are_open_until_their_thread_ends)
{
	static const struct irt_store_open_block open[2] = {{3, 4, 7, 8500}, {1, 2, 99, 7000}}, outside[1] = {{-1, 0, 7, 1000}};
	struct irt_store *store = small_run();

	OK(irt_store_begin(store));
	OK(irt_store_put_site(store, &(struct irt_store_site){.site_id = 7, .module_id = 1, .kind = "block", .family = "read",
							      .name = "recv", .linkage_name = "recv", .file = "a.c", .line = 5, .column = 9}));
	OK(irt_store_put_open_blocks(store, 1, 1, open, 2));
	OK(irt_store_put_open_blocks(store, 1, 2, outside, 1));
	OK(irt_store_commit(store));
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
	CHECK_STR(all("SELECT thread_id || thread || ' ' || depth || ' ' || function || ' ' || coalesce(called || class || file || line || column, '-')"
		      " || ' ' || since_ns || ' ' || age_ns AS x FROM open_block_list"),
		  "2worker -1 (no function) recvreada.c59 2000 16000; 1worker 1 walk - 14000 4000; 1worker 3 leaf recvreada.c59 17000 1000");
}

TEST(open_calls_and_lists_are_in_nanoseconds)
{
	struct irt_store *store = small_run();
	char data[100];
	struct irt_store_chunk chunk = a_chunk(1, 400, 100, data, sizeof(data));
	struct irt_store_loss loss = {1, NONE, 1, "ring full", 17, 100, 200, 0};
	struct irt_store_message message = {50, NONE, "warning", "It happened."};

	OK(irt_store_begin(store));
	OK(irt_store_put_chunk(store, &chunk));
	OK(irt_store_put_loss(store, &loss));
	OK(irt_store_put_message(store, &message));
	OK(irt_store_put_run(store, "events_from_ticks", NULL, 400));
	OK(irt_store_commit(store));
	OK(irt_store_finish(store, "complete"));
	irt_store_close(store);
	CHECK_STR(all("SELECT depth || function || ' ' || start_ns || ' ' || total_ns || ' ' || self_ns AS x FROM open_calls"),
		  "0main 2000 16000 4000; 1walk 12000 6000 1000; 2walk 13000 5000 2800; 3leaf 16000 2000 2000");
	CHECK_STR(all("SELECT pid || ' ' || start_ns || ' ' || end_ns || ' ' || threads || end_reason AS x FROM process_list"),
		  "1001 0 18000 2death");
	CHECK_STR(all("SELECT tid || ' ' || pid || name || ' ' || start_ns || ' ' || end_ns || ' ' || events || ' ' || open_calls AS x FROM thread_list"),
		  "1001 1001worker 10 18000 500 4; 1002 1001worker 10 18000 300 0");
	CHECK_STR(all("SELECT thread_id || ' ' || events || ' ' || start_ns || ' ' || end_ns || ' ' || data_bytes AS x FROM chunk_list"),
		  "1 100 800 998 100");
	CHECK_STR(all("SELECT cause || events || ' ' || start_ns || ' ' || end_ns AS x FROM loss_list"), "ring full17 200 400");
	CHECK_STR(all("SELECT severity || time_ns || text AS x FROM message_list"), "warning100It happened.");
	CHECK_STR(all("SELECT function || reason AS x FROM not_instrumented"), "tinyINSTR_SKIP");
	CHECK_STR(all("SELECT program || '|' || started || '|' || duration_ns || '|' || state || '|' || processes || '|' || threads || '|' ||"
		      " functions || '|' || not_instrumented || '|' || calls || '|' || self_ns || '|' || events || '|' || events_kept || '|' ||"
		      " events_deleted || '|' || events_lost || '|' || losses_not_counted || '|' || events_from_ns || '|' || wait_ns || '|' || open_calls AS x FROM summary"),
		  "prog 'an argument'|2023-11-14 22:13:20|20000|complete|1|2|3|1|23|16800|800|100|0|17|0|800|0|4");
}

TEST(points_in_time_follow_the_nearest_anchors)
{
	/* The counter is slow in the first half of the run and fast in the second. */
	static const struct irt_store_clock clocks[] = {{0, 1000, 5, 0}, {100, 1100, 5, 0}, {200, 1400, 5, 0}};
	struct irt_store_message message = {0, NONE, "note", "x"};
	static const int64_t ticks[] = {0, 50, 100, 150, 200, 210, -10};

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	OK(irt_store_begin(store));
	for (size_t i = 0; i < sizeof(ticks) / sizeof(*ticks); i++) {
		message.ticks = ticks[i];
		OK(irt_store_put_message(store, &message));
	}
	message.ticks = NONE;
	OK(irt_store_put_message(store, &message));
	OK(irt_store_commit(store));
	/* no anchor yet: ticks stand for ns, and nothing is missing */
	CHECK_STR(all("SELECT coalesce(time_ns, 'none') AS x FROM message_list"), "0; 50; 100; 150; 200; 210; -10; none");
	OK(irt_store_begin(store));
	for (int i = 0; i < 3; i++)
		OK(irt_store_put_clock(store, &clocks[i]));
	OK(irt_store_commit(store));
	irt_store_close(store);
	CHECK_STR(all("SELECT coalesce(time_ns, 'none') AS x FROM message_list"), "0; 50; 100; 250; 400; 420; -10; none");
	CHECK_STR(ask("trace.db", "SELECT ns_per_tick FROM rate"), "2.0");
}

TEST(live_calls_count_up_to_the_last_checkpoint)
{
	struct irt_store *store = small_run();
	struct irt_store_thread thread = a_thread(1, 500);

	thread.last_ticks = 8000;
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread)); /* end_ticks NULL */
	OK(irt_store_commit(store));
	CHECK_EQ(ask_number("trace.db", "SELECT total_ns FROM top WHERE function = 'main'"), 2 * (10000 - 1000)); /* last anchor */
	OK(irt_store_begin(store));
	OK(irt_store_put_checkpoint(store, 12000));
	OK(irt_store_commit(store));
	CHECK_EQ(ask_number("trace.db", "SELECT total_ns FROM top WHERE function = 'main'"), 2 * (12000 - 1000));
	irt_store_close(store);
}

TEST(folded_recursion_counts_its_outermost_call)
{
	/* f calls itself 600 deep, and from some depth on all of it is one context. */
	struct irt_store_frame frames[600];
	struct irt_store_context contexts[] = {a_context(0, NONE, 0, 0), a_context(1, 0, 1, 1)};
	struct irt_store_function function = a_function(1, "f");
	struct irt_store_function_totals totals = {0, 1, 600, 0, 0, 600, 0, 0, 0, NONE, NONE, NONE, NONE};
	struct irt_store_thread thread = a_thread(1, 0);

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	thread.end_ticks = 1000;
	for (int i = 0; i < 600; i++)
		frames[i] = (struct irt_store_frame){1, i, 0, 1, i ? 2 : 0};
	OK(irt_store_begin(store));
	OK(irt_store_put_thread(store, &thread));
	OK(irt_store_put_function(store, &function));
	OK(irt_store_put_context(store, &contexts[0]));
	OK(irt_store_put_context(store, &contexts[1]));
	OK(irt_store_put_function_totals(store, &totals));
	OK(irt_store_put_frames(store, 1, 0, frames, 600));
	OK(irt_store_commit(store));
	irt_store_close(store);
	CHECK_STR(all("SELECT total_ns || ' ' || self_ns AS x FROM top"), "1000 1000");
	CHECK_STR(all("SELECT total_ns || ' ' || self_ns AS x FROM tree"), "1000 1000");
}

TEST(who_created_a_thread_is_said_in_the_programs_own_words)
{
	irt_store_close(small_run());
	run_sql("trace.db",
		"INSERT INTO modules VALUES (1, '/bin/prog', NULL, 9);"
		"INSERT INTO functions VALUES (10, 1, 5, 'std::thread::thread<void (&)()>(void (&)())', '_ZNSt6threadC2IRFvvEEEOT_', '/usr/include/std_thread.h', 9, 1, NULL, 1);"
		"INSERT INTO contexts VALUES (6, 1, 2, 1, 10, 3, 0, 0), (7, 1, 0, 2, 10, 1, 0, 0);"
		"INSERT INTO sites VALUES (30, 1, 3, 'thread', 'thread', 'pthread_create', 'pthread_create', '/src/a.c', 21, 7, NULL),"
		" (31, 1, 4, 'thread', 'thread', 'std::thread::_M_start_thread()', '_ZNSt6thread15_M_start_threadEv', '/usr/include/std_thread.h', 142, 3, NULL);"
		"INSERT INTO threads SELECT 3, process_id, 1003, name, NULL, NULL, 600, 700, 700, 5, 0, 5, 0, 0, 0, 0, 0, 0, 0, 40, 10, 700 FROM threads WHERE thread_id = 1;"
		"INSERT INTO threads SELECT 4, process_id, 1004, name, NULL, NULL, 700, 900, 900, 5, 0, 5, 0, 0, 0, 0, 0, 0, 0, 60, NULL, 900 FROM threads WHERE thread_id = 1;"
		"INSERT INTO threads SELECT 5, process_id, 1005, name, NULL, NULL, 700, 900, 900, 0, 0, 5, 0, 0, 0, 0, 0, 32, 0, NULL, NULL, NULL FROM threads WHERE thread_id = 1;"
		"INSERT INTO threads SELECT -1, process_id, 0, 'ended threads', NULL, NULL, 600, 700, 700, 5, 0, 5, 0, 0, 0, 0, 0, 16, 9, 900, 10, NULL FROM threads WHERE thread_id = 1;"
		"INSERT INTO thread_creators VALUES (2, 2, 30, 1, 1), (3, 6, 31, 1, 1), (4, 6, 31, 77, 1), (-1, 6, 31, NULL, 7), (-1, 7, 31, NULL, 2);");
	CHECK_STR(all("SELECT thread_id || coalesce(' ' || creator_thread_id || coalesce(creator, '-') || ' ' || creator_context_id || ' ' || created_by"
		      " || ' ' || created_file || ':' || created_line, '') AS x FROM thread_list ORDER BY thread_id"),
		  "-1; 1; 2 1worker 2 walk /src/a.c:21; 3 1worker 6 walk /src/a.c:20; 4 77- 6 walk /src/a.c:20");
	CHECK_STR(all("SELECT context_id || ' ' || function || ' ' || file || ':' || line || ' ' || called || ' ' || threads || ' ' || merged"
		      " || ' ' || coalesce(lived_ns || ' ' || coalesce(cpu_ns || '', '-') || ' ' || coalesce(ready_ns || '', '-'), 'merged') AS x"
		      " FROM thread_creator_list"),
		  "6 walk /src/a.c:20 std::thread::_M_start_thread() 9 7 600 100 10;"
		  " 7 std::thread::thread<void (&)()>(void (&)()) /usr/include/std_thread.h:142 std::thread::_M_start_thread() 2 2 merged;"
		  " 2 walk /src/a.c:21 pthread_create 1 0 17990 7002 800");
	run_sql("trace.db", "UPDATE contexts SET parent_id = 6 WHERE context_id = 6"); /* a circle */
	CHECK_STR(all("SELECT created_by AS x FROM thread_list WHERE thread_id = 3"), "std::thread::thread<void (&)()>(void (&)())");
}

/*
 * Two processes, 2 ns per tick, 10,000 ticks. In the first, main → walk → walk → leaf allocates at two places and
 * frees at a third; in the second, whatever runs outside of all functions does. Process 1 ended at 9000.
 */
static void heap_run(void)
{
	irt_store_close(small_run());
	run_sql("trace.db",
		"INSERT INTO contexts VALUES (2097152, 2, NULL, 0, 0, 0, 0, 0);"
		"INSERT INTO modules VALUES (1, '/bin/prog', NULL, 9);"
		"INSERT INTO sites VALUES (21, 1, 0, 'alloc', 'malloc', 'malloc', 'malloc', 'a.c', 3, 7, NULL),"
		" (22, 1, 1, 'alloc', 'new', 'operator new(unsigned long)', '_Znwm', 'a.c', 4, NULL, 'ns::node'),"
		" (23, 1, 2, 'free', 'malloc', 'free', 'free', NULL, NULL, NULL, NULL);"
		"INSERT INTO heaps VALUES (1, 0, 16, 1600, 11, 1100, 1, 2, 3, 4, 1, 6, 5, 500, 7000), (2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, NULL);"
		"INSERT INTO heap_totals VALUES (2, 21, 0, 4, 400, 1, 100, 0, 0, 0, 0, 300, 1, 100, 50, NULL, NULL, 0, 0, 0, 0, 0, 0),"
		" (3, 21, 0, 2, 200, 2, 200, 0, 0, 0, 0, 200, 0, 0, 20, NULL, NULL, 0, 0, 0, 0, 0, 0),"
		" (3, 22, 0, 10, 1000, 8, 800, 1, 2, 3, 4, 400, 4, 400, 8000, NULL, NULL, 0, 0, 0, 0, 0, 0),"
		" (4, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 11, 1100, 0, 0, 0, 0),"
		" (2097152, 21, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, NULL, NULL, 0, 0, 0, 0, 0, 0);"
		"INSERT INTO live_blocks VALUES (1, 0, 64, 100, 2, 21, 1, 1000, 1, NULL, NULL, 0), (1, 0, 128, 100, 2, 21, 1, 3000, 1, NULL, NULL, 0),"
		" (1, 0, 256, 100, 2, 21, 1, 2000, 1, NULL, NULL, 0), (1, 0, 512, 150, 3, 22, 1, 8000, 2, NULL, NULL, 0), (1, 0, 768, 50, 3, 22, 1, 8000, 3, NULL, NULL, 0),"
		" (2, 0, 64, 0, 2097152, 21, 2, 9900, 1, NULL, NULL, 0);"
		"INSERT INTO heap_samples VALUES (1, 5000, 9, 900, 4, 400, 0, 0, 4096), (1, 9000, 16, 1600, 5, 500, 0, 0, NULL);"
		"INSERT INTO heap_faults VALUES (1, 'wrong family', 4, 23, 3, 22, 2, 64, 6000), (1, 'unknown', 4, 23, 0, 0, 6, 65, 100);");
}

TEST(heap_contexts_add_up_to_the_heaps)
{
	static const char sums[] = "sum(allocs) || ' ' || sum(bytes) || ' ' || sum(frees) || ' ' || sum(live_blocks) || ' ' || sum(live_bytes)"
				   " || ' ' || sum(peak_blocks) || ' ' || sum(peak_bytes) || ' ' || sum(temporary) || ' ' || sum(crossed)"
				   " || ' ' || sum(resized) || ' ' || sum(failed)";
	char sql[600], heaps[200];

	heap_run();
	snprintf(sql, sizeof(sql), "SELECT %s AS x FROM heap_list GROUP BY process_id", sums);
	snprintf(heaps, sizeof(heaps), "%s", all(sql));
	CHECK_STR(heaps, "16 1600 11 5 500 5 500 3 4 2 1; 1 0 0 1 0 1 0 0 0 0 0");
	snprintf(sql, sizeof(sql), "SELECT %s AS x FROM heap_contexts GROUP BY process_id", sums);
	CHECK_STR(all(sql), heaps);
	CHECK_STR(all("SELECT function || ' ' || called || ' ' || coalesce(file || line || coalesce(':' || column, ''), '') || ' ' ||"
		      " coalesce(mean_life_ns, 'none') || ' ' || released AS x FROM heap_contexts ORDER BY context_id, site_id"),
		  "walk malloc a.c3:7 100 0; walk malloc a.c3:7 20 0; walk operator new(unsigned long) a.c4 2000 0; leaf free  none 11;"
		  " (no function) malloc a.c3:7 none 0");
	CHECK_STR(all("SELECT pid || ' ' || peak_ns || ' ' || unknown_frees || lost AS x FROM heap_list WHERE process_id = 1"), "1001 14000 61");
	CHECK_STR(all("SELECT coalesce(peak_ns, 'none') AS x FROM heap_list WHERE process_id = 2"), "none");
}

TEST(heap_functions_have_what_they_called_and_recursion_once)
{
	heap_run();
	CHECK_STR(all("SELECT function || ' ' || allocs || ' ' || bytes || ' ' || total_allocs || ' ' || total_bytes || ' ' || live_bytes"
		      " || ' ' || coalesce(mean_life_ns, 'none') || ' ' || released_bytes AS x FROM heap_functions"),
		  "walk 16 1600 16 1600 500 1467 0; main 0 0 16 1600 0 none 0; (no function) 1 0 1 0 0 none 0; leaf 0 0 0 0 0 none 1100");
	CHECK_STR(all("SELECT called || ' ' || contexts || ' ' || allocs || ' ' || bytes || ' ' || live_blocks || ' ' || module AS x FROM heap_sites"),
		  "operator new(unsigned long) 1 10 1000 2 /bin/prog; malloc 3 7 600 4 /bin/prog; free 1 0 0 0 /bin/prog");
}

/* Two places of one type are one row, and so are those whose type nobody knows. */
TEST(heap_types_add_up_to_the_heaps)
{
	heap_run();
	run_sql("trace.db", "INSERT INTO sites VALUES (24, 1, 3, 'alloc', 'malloc', 'calloc', 'calloc', 'a.c', 5, 1, 'ns::node');"
			    "UPDATE heap_totals SET site_id = 24 WHERE context_id = 3 AND site_id = 21;");
	CHECK_STR(all("SELECT type || ' ' || sites || ' ' || allocs || ' ' || bytes || ' ' || frees || ' ' || live_blocks || ' ' || live_bytes"
		      " || ' ' || peak_bytes || ' ' || coalesce(mean_life_ns, 'none') AS x FROM heap_types"),
		  "ns::node 2 12 1200 10 2 200 400 1604; (type not known) 1 5 400 1 4 300 100 100");
}

TEST(heap_tree_adds_up_what_is_below)
{
	heap_run();
	CHECK_STR(all("SELECT printf('%*s%s %d %d %d %d', depth, '', function, self_bytes, total_allocs, total_bytes, live_bytes) AS x FROM heap_tree"),
		  "(no function) 0 16 1600 500;  main 0 16 1600 500;   walk 400 16 1600 500;    walk 1200 12 1200 200;     leaf 0 0 0 0;"
		  " (no function) 0 1 0 0");
	CHECK_STR(all("SELECT path AS x FROM context_paths"),
		  "(no function); main; walk < main; walk < walk < main; leaf < walk < walk < main; leaf; (no function)");
}

TEST(leaks_are_live_blocks_with_their_ages_at_the_end_of_the_process)
{
	heap_run();
	CHECK_STR(all("SELECT process_id || ' ' || function || ' ' || called || ' ' || blocks || ' ' || bytes || ' ' || oldest_start_ns || ' ' ||"
		      " newest_start_ns || ' ' || oldest_age_ns || ' ' || newest_age_ns AS x FROM leaks"),
		  "1 walk malloc 3 300 2000 6000 16000 12000; 1 walk operator new(unsigned long) 2 200 16000 16000 2000 2000;"
		  " 2 (no function) malloc 1 0 19800 19800 200 200");
	CHECK_STR(all("SELECT address || family || ' ' || start_ns || ' ' || age_ns AS x FROM live_list WHERE context_id = 3"),
		  "512new 16000 2000; 768new[] 16000 2000");
	CHECK_STR(all("SELECT time_ns || ' ' || live_bytes || ' ' || coalesce(rss_bytes, 'none') AS x FROM heap_samples_list"),
		  "10000 400 4096; 18000 500 none");
	CHECK_STR(all("SELECT kind || ' ' || count || ' ' || first_ns || ' ' || function || ' ' || called || ' ' || coalesce(place, 'none') || ' ' ||"
		      " coalesce(block_function || ' ' || block_called || ' ' || block_place, 'none') AS x FROM heap_fault_list"),
		  "unknown 6 200 leaf free none none; wrong family 2 12000 leaf free none walk operator new(unsigned long) a.c:4");
}

TEST(moments_of_the_heap_are_those_that_are_kept_and_the_end_of_each_process)
{
	heap_run();
	run_sql("trace.db", "INSERT INTO heap_moments VALUES (1, 4000), (1, 8000); INSERT INTO heap_history VALUES (2, 21, 4000, 3, 300);");
	CHECK_STR(all("SELECT process_id || ' ' || time_ns || ' ' || ticks || ' ' || at_end AS x FROM heap_moments_list"),
		  "1 8000 4000 0; 1 16000 8000 0; 1 18000 9000 1; 2 20000 10000 1");
}

TEST(a_path_is_as_long_as_is_shown)
{
	heap_run();
	run_sql("trace.db", "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 109)"
			    " INSERT INTO contexts SELECT i, 1, CASE WHEN i = 10 THEN 0 ELSE i - 1 END, 0, 2, i - 9, i > 10, 0 FROM n;"
			    "INSERT INTO contexts VALUES (200, 1, 201, 0, 2, 5, 0, 0), (201, 1, 200, 0, 3, 6, 0, 0);" /* a circle */
			    "INSERT INTO heap_totals SELECT 200, 21, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0, 0, 0, 0, 0, 0;");
	CHECK_STR(all("SELECT (length(path) - length(replace(path, '<', ''))) || substr(path, -10) AS x FROM context_paths WHERE context_id IN (73, 74, 200)"),
		  "63alk < walk; 64walk < ...; 64leaf < ...");
	/* what hangs on no root is nobody's */
	CHECK_EQ(ask_number("trace.db", "SELECT total_bytes FROM heap_functions WHERE function = 'walk'"), 1600);
}

TEST(the_first_rows_of_a_profile_come_from_an_index)
{
	static const char *const views[] = {"top", "top_by_total", "top_by_calls"};
	static const char *const indices[] = {"function_totals_by_self", "function_totals_by_total", "function_totals_by_calls"};

	irt_store_close(small_run());
	for (int i = 0; i < 3; i++) {
		char sql[200];
		sqlite3 *db;
		sqlite3_stmt *plan;
		int uses_index = 0, merges = 0;
		snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN SELECT * FROM %s LIMIT 30", views[i]);
		CHECK_EQ(sqlite3_open(path_of("trace.db"), &db), SQLITE_OK);
		CHECK_EQ(sqlite3_prepare_v2(db, sql, -1, &plan, NULL), SQLITE_OK);
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(plan, 3);
			uses_index |= strstr(step, indices[i]) != NULL;
			merges |= strstr(step, "MERGE (UNION ALL)") != NULL;
		}
		sqlite3_finalize(plan);
		sqlite3_close(db);
		CHECK(uses_index && merges);
	}
}

TEST(temp_views_from_the_text_shadow_those_of_the_file)
{
	char sql[200];
	sqlite3 *db;
	sqlite3_stmt *names, *query;
	int views = 0;

	irt_store_close(small_run());
	run_sql("trace.db", "DROP VIEW top; CREATE VIEW top AS SELECT 'lies' AS function; DROP VIEW rate");
	CHECK_EQ(sqlite3_open_v2(path_of("trace.db"), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	CHECK_EQ(sqlite3_exec(db, instr_temp_views_sql, NULL, NULL, NULL), SQLITE_OK);
	CHECK_EQ(sqlite3_prepare_v2(db, "SELECT function FROM top", -1, &query, NULL), SQLITE_OK);
	CHECK_EQ(sqlite3_step(query), SQLITE_ROW);
	CHECK_STR((const char *)sqlite3_column_text(query, 0), "walk");
	sqlite3_finalize(query);
	CHECK_EQ(sqlite3_prepare_v2(db, "SELECT name FROM temp.sqlite_schema WHERE type = 'view'", -1, &names, NULL), SQLITE_OK);
	while (sqlite3_step(names) == SQLITE_ROW) {
		snprintf(sql, sizeof(sql), "SELECT * FROM %s", sqlite3_column_text(names, 0));
		CHECK_EQ(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
		int rc;
		while ((rc = sqlite3_step(query)) == SQLITE_ROW)
			;
		CHECK_EQ(rc, SQLITE_DONE);
		sqlite3_finalize(query);
		views++;
	}
	sqlite3_finalize(names);
	sqlite3_close(db);
	CHECK(views > 25);
}

/* docs/schema.md has every table, view and column that a file has: "### OWNER" and "| `COLUMN` |". */
TEST(every_column_is_documented)
{
	static char doc[200000];
	FILE *file = fopen(SCHEMA_DOC, "r");
	sqlite3 *db;
	sqlite3_stmt *columns;
	int count = 0;

	CHECK(file != NULL);
	doc[fread(doc, 1, sizeof(doc) - 1, file)] = 0;
	fclose(file);
	irt_store_close(small_run());
	CHECK_EQ(sqlite3_open(path_of("trace.db"), &db), SQLITE_OK);
	CHECK_EQ(sqlite3_prepare_v2(db, "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c"
					" WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'", -1, &columns, NULL), SQLITE_OK);
	while (sqlite3_step(columns) == SQLITE_ROW) {
		const char *owner = (const char *)sqlite3_column_text(columns, 0), *name = (const char *)sqlite3_column_text(columns, 1);
		char heading[100], cell[100];
		snprintf(heading, sizeof(heading), "\n### %s\n", owner);
		snprintf(cell, sizeof(cell), "\n| `%s` | ", name);
		const char *section = strstr(doc, heading);
		const char *end = section ? strstr(section + 1, "\n### ") : NULL;
		const char *found = section ? strstr(section, cell) : NULL;
		if (!found || (end && found > end) || found[strlen(cell)] == '|')
			CHECK_FAIL("%s.%s", owner, name);
		count++;
	}
	sqlite3_finalize(columns);
	sqlite3_close(db);
	CHECK(count > 400);
}

TEST_MAIN()
