/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * store_locks_test.c - the locks of a run's processes in the file, and back from it: each kind of row by itself, and all of
 * them as the drain writes them (drain/locks.c), by one that goes on where another has ended.
 */
#include "store_fixture.h"

#include "drain/commit.h"
#include "fold/event.h"
#include "instr/errors.h"

static const char *const tables[] = {"locks", "lock_totals", "lock_waits", "lock_threads", "lock_orders", "lock_calls",
				     "lock_users", "lock_pending"};
enum { TABLES = sizeof(tables) / sizeof(*tables), DUMP = 1 << 14 };

/* All rows of a table, each value as SQL has it. */
static void dump(const char *table, char out[DUMP])
{
	sqlite3 *db;
	sqlite3_stmt *rows;
	char sql[200];
	size_t at = 0;
	snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2, 3, 4, 5", table);
	if (!strcmp(table, "lock_pending"))
		strcpy(sql, "SELECT process_id, part, hex(state) FROM lock_pending ORDER BY 1, 2");
	CHECK_EQ(sqlite3_open(path_of("trace.db"), &db), SQLITE_OK);
	CHECK_EQ(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), SQLITE_OK);
	while (sqlite3_step(rows) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			const void *bytes = sqlite3_column_blob(rows, i);
			int count = sqlite3_column_bytes(rows, i), is_blob = sqlite3_column_type(rows, i) == SQLITE_BLOB;
			CHECK(at + 2 * (size_t)count + 100 < DUMP);
			if (sqlite3_column_type(rows, i) == SQLITE_NULL)
				at += (size_t)sprintf(out + at, "NULL ");
			else if (!is_blob)
				at += (size_t)sprintf(out + at, "%s ", (const char *)sqlite3_column_text(rows, i));
			for (int k = 0; is_blob && k < count; k++)
				at += (size_t)sprintf(out + at, "%02x", ((const unsigned char *)bytes)[k]);
		}
		at += (size_t)sprintf(out + at, "; ");
	}
	out[at] = 0;
	sqlite3_finalize(rows);
	sqlite3_close(db);
}

/* ---- rows -------------------------------------------------------------------------------------------- */

static int seen;

/* Rows that are numbers alone, in the order in which they are read. */
#define SEE(name)                                                                    \
	static int see_##name(void *arg, const struct irt_store_##name *row)         \
	{                                                                            \
		const struct irt_store_##name *put = arg;                            \
		check_count++;                                                       \
		return memcmp(row, put + seen++, sizeof(*row)) ? -100 : 0;           \
	}
SEE(lock)
SEE(lock_wait)
SEE(lock_threads)
SEE(lock_call)

static int see_totals(void *arg, const struct irt_store_lock_totals *row)
{
	struct irt_store_lock_totals put = ((const struct irt_store_lock_totals *)arg)[seen++], read = *row;
	check_count++;
	if (read.waits_bytes != put.waits_bytes || read.hold_times_bytes != put.hold_times_bytes ||
	    (put.waits_bytes && memcmp(read.waits, put.waits, (size_t)put.waits_bytes)) ||
	    (put.hold_times_bytes && memcmp(read.hold_times, put.hold_times, (size_t)put.hold_times_bytes)))
		return -100;
	read.waits = put.waits;
	read.hold_times = put.hold_times;
	return memcmp(&read, &put, sizeof(put)) ? -100 : 0;
}

static int see_order(void *arg, const struct irt_store_lock_order *row)
{
	const struct irt_store_lock_order *put = (const struct irt_store_lock_order *)arg + seen++;
	check_count++;
	return memcmp(row, put, offsetof(struct irt_store_lock_order, gates)) || strcmp(row->gates, put->gates) ? -100 : 0;
}

static int see_pending(void *arg, const struct irt_store_lock_pending *row)
{
	const struct irt_store_lock_pending *put = (const struct irt_store_lock_pending *)arg + seen++;
	check_count++;
	return row->process_id != put->process_id || row->part != put->part || row->state_bytes != put->state_bytes ||
	       memcmp(row->state, put->state, (size_t)put->state_bytes) ? -100 : 0;
}

#define READ(call, count)              \
	do {                           \
		seen = 0;              \
		OK(call);              \
		CHECK_EQ(seen, count); \
	} while (0)

TEST(rows_of_locks_come_back_as_they_were_put)
{
	struct irt_store_lock locks[] = {{1, 1, 1, 0x7000, 2, 3, 4, NONE, NONE, NONE, 5, 6}, {2, 1, 0, 0, 0, 0, 7, 8, 9, 10, 11, 12}};
	struct irt_store_lock_totals totals[] = {{1, 2, 3, 4, 5, 6, 7, 8, 9, "\1\0\2", 3, 10, 11, 12, "\3\4", 2, 13, 14},
						 {2, 2, 3, 4, 0, 0, 1, 0, 0, NULL, 0, 0, 0, 0, NULL, 0, 0, 0}};
	struct irt_store_lock_wait waits[] = {{1, 2, 3, -1, NONE, NONE, NONE, 4, 5}, {INT64_C(1) << 32, 2, 3, 4, 1, NONE, NONE, 5, 6},
					      {(INT64_C(1) << 32) + 1, 2, 3, 4, NONE, 5, 6, 7, 8}};
	struct irt_store_lock_threads threads[] = {{1, 0, 0, 2, 3}, {1, 4, 5, 6, INT64_MAX}};
	struct irt_store_lock_order orders[] = {{1, 2, 3, 4, 0, 0, 0, 0, NONE, 5, 6, 7, "[]"}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "[3,7]"}};
	struct irt_store_lock_call calls[] = {{1, 2, 3, 4, 5, 0, 6, 7, 8}, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
	struct irt_store_lock_user users[] = {{1, 2, 3, 0, 4, 5, 6, 7}, {2, 3, 4, 1, 5, 6, 7, 8}};
	struct irt_store_lock_pending pending[] = {{1, 0, "\0\1", 2}, {1, 1, "\2", 1}, {2, 0, "\3", 1}};

	new_folder();
	struct irt_store *store = start_run(RUN_A);
	for (int i = 0; i < 2; i++) { /* twice: each replaces what is there */
		OK(irt_store_begin(store));
		for (int k = 0; k < 2; k++) {
			locks[k].lost += 100, totals[k].failed += 100, threads[k].waits += 100, orders[k].count += 100, calls[k].calls += 100;
			OK(irt_store_put_lock(store, &locks[k]));
			OK(irt_store_put_lock_totals(store, &totals[k]));
			OK(irt_store_put_lock_threads(store, &threads[k]));
			OK(irt_store_put_lock_order(store, &orders[k]));
			OK(irt_store_put_lock_call(store, &calls[k]));
			OK(irt_store_put_lock_user(store, &users[k]));
		}
		for (int k = 0; k < 3; k++) {
			waits[k].ticks += 100;
			OK(irt_store_put_lock_wait(store, &waits[k]));
			OK(irt_store_put_lock_pending(store, &pending[k]));
		}
		OK(irt_store_commit(store));
	}
	irt_store_close(store);
	store = continue_run(RUN_A);
	READ(irt_store_read_locks(store, 1, 2, locks, see_lock), 2);
	READ(irt_store_read_locks(store, 2, 9, locks + 1, see_lock), 1);
	READ(irt_store_read_lock_totals(store, 1, 2, totals, see_totals), 2);
	READ(irt_store_read_lock_totals(store, 1, 1, totals, see_totals), 1);
	READ(irt_store_read_lock_waits(store, 1, INT64_MAX, waits, see_lock_wait), 3);
	READ(irt_store_read_lock_waits(store, 1, INT64_C(1) << 32, waits, see_lock_wait), 2);
	READ(irt_store_read_lock_threads(store, 1, 1, threads, see_lock_threads), 2);
	READ(irt_store_read_lock_threads(store, 2, 9, threads, see_lock_threads), 0);
	READ(irt_store_read_lock_orders(store, 1, 1, orders, see_order), 2);
	READ(irt_store_read_lock_orders(store, 2, 9, orders, see_order), 0); /* (not by the lock that was taken) */
	READ(irt_store_read_lock_calls(store, 1, 1, calls, see_lock_call), 2);
	READ(irt_store_read_lock_calls(store, 2, 9, calls, see_lock_call), 0);
	READ(irt_store_read_lock_pending(store, 1, pending, see_pending), 2);
	READ(irt_store_read_lock_pending(store, 2, pending + 2, see_pending), 1);
	OK(irt_store_begin(store));
	OK(irt_store_delete_lock_users(store, 1));
	OK(irt_store_delete_lock_pending(store, 1));
	OK(irt_store_commit(store));
	irt_store_close(store);
	CHECK_STR(ask("trace.db", "SELECT json_array(process_id, lock_id, thread_id, depth, context_id, site_id, mode, start_ticks)"
				  " FROM lock_users"), "[2,3,4,1,5,6,7,8]");
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM lock_users"), 1);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM lock_pending WHERE process_id = 2"), 1);
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM lock_pending"), 1);
}

/* ---- the drain --------------------------------------------------------------------------------------- */

/* A session of two processes, 1 and 3, without rings. */
enum { PROCESSES = 3 };
static struct irt_session session;
static struct irt_drained_process processes[PROCESSES], *by_id[PROCESSES] = {&processes[0], &processes[1], &processes[2]};

static void begin_session(struct irt_store *store)
{
	for (int i = 0; i < PROCESSES; i++) {
		irt_locks_destroy(processes[i].locks);
		free(processes[i].locks_packed);
		processes[i] = (struct irt_drained_process){.facts.process_id = (uint32_t)i + 1};
		CHECK_EQ(irt_locks_create(&processes[i].locks), 0);
	}
	session = (struct irt_session){.store = store, .processes = by_id, .process_count = PROCESSES};
}

static void commit(void)
{
	CHECK(irt_pack_locks(&session));
	OK(irt_store_begin(session.store));
	irt_put_locks(&session);
	OK(irt_store_commit(session.store));
	irt_locks_committed(&session);
	for (int i = 0; i < PROCESSES; i++)
		CHECK(!irt_locks_is_unsaved(processes[i].locks));
}

static int64_t now;

static void put(int process, uint32_t thread, uint32_t operation, uint64_t address, unsigned mode, uint64_t value)
{
	OK(irt_locks_add(processes[process].locks, &(struct irt_shared_event){
		.ticks = now, .address = address, .value = value, .context = thread + 10 * (uint32_t)process,
		.site = irt_site(5 + mode, mode), .thread = thread, .operation = operation}));
	now += 1000;
}

static void lock(int process, uint32_t thread, uint64_t address) { put(process, thread, IRT_OP_ACQUIRED, address, INSTR_LOCK_MUTEX, 0); }
static void unlock(int process, uint32_t thread, uint64_t address) { put(process, thread, IRT_OP_RELEASED, address, INSTR_LOCK_MUTEX, 0); }
static void waits(int process, uint32_t thread, uint64_t address)
{
	put(process, thread, IRT_OP_WAITING, address, INSTR_LOCK_MUTEX, IRT_LOCK_TRIED);
}

enum { P = 0x1000, Q = 0x2000, R = 0x3000, S = 0x4000 };

/* Some of everything: chains, calls, gates, a lock that has ended, a wait before which nobody had the lock. */
static void first_part(int process)
{
	now = 1000;
	put(process, 9, IRT_OP_LOCK_INIT, S, INSTR_LOCK_MUTEX, 0);
	lock(process, 9, S), unlock(process, 9, S);
	put(process, 9, IRT_OP_LOCK_DESTROY, S, INSTR_LOCK_MUTEX, 0);
	waits(process, 8, S), put(process, 8, IRT_OP_WAITED, S, INSTR_LOCK_MUTEX, 110);
	lock(process, 1, R), lock(process, 1, P);
	lock(process, 2, Q);
	waits(process, 3, P), waits(process, 1, Q);
	put(process, 2, IRT_OP_BLOCKING, 0, 0, 0);
	put(process, 1, IRT_OP_INSIDE, 96, 0, 3), put(process, 2, IRT_OP_INSIDE, 16, 0, 1);
	waits(process, 4, R);
	put(process, 5, IRT_OP_REFUSED, R, INSTR_LOCK_MUTEX, 16);
	for (int i = 0; i < PROCESSES; i += 2)
		OK(irt_locks_settle(processes[i].locks, now - 2000));
}

static void second_part(int process)
{
	now = 100000;
	put(process, 2, IRT_OP_INSIDE, 8, 0, 2);
	put(process, 2, IRT_OP_BLOCK, 0, 0, 0);
	unlock(process, 2, Q);
	put(process, 1, IRT_OP_WAITED, Q, INSTR_LOCK_MUTEX, 0);
	put(process, 1, IRT_OP_BLOCKING, 0, 0, 0), put(process, 1, IRT_OP_BLOCK, 0, 0, 0);
	unlock(process, 1, Q), unlock(process, 1, P);
	put(process, 3, IRT_OP_WAITED, P, INSTR_LOCK_MUTEX, 0);
	unlock(process, 1, R);
	waits(process, 6, R);
	OK(irt_locks_settle(processes[process].locks, now - 2000));
}

static void both(void (*part)(int process))
{
	part(0);
	part(2);
}

TEST(locks_of_processes_come_back_from_the_file_and_go_on_as_if_there_had_been_no_end)
{
	static char expected[TABLES][DUMP], found[DUMP];

	new_folder();
	begin_session(start_run(RUN_A));
	both(first_part), both(second_part);
	commit();
	irt_store_close(session.store);
	for (int i = 0; i < TABLES; i++)
		dump(tables[i], expected[i]);

	new_folder();
	begin_session(start_run(RUN_A));
	both(first_part);
	commit();
	irt_store_close(session.store);
	begin_session(continue_run(RUN_A));
	OK(irt_restore_locks(&session));
	both(second_part);
	commit();
	irt_store_close(session.store);
	for (int i = 0; i < TABLES; i++) {
		dump(tables[i], found);
		CHECK_STR(found, expected[i]);
		CHECK(strstr(found, "; ") != strrchr(found, ';')); /* several rows */
	}
	begin_session(NULL);
}

TEST(chains_orders_and_calls_of_a_process_are_told_with_its_own_ids)
{
	new_folder();
	begin_session(start_run(RUN_A));
	both(first_part), both(second_part);
	commit();
	irt_store_close(session.store);
	/* Locks: S, the S behind it, R, P, Q; contexts: of each thread its own. */
	CHECK_STR(ask("trace.db", "SELECT group_concat(lock_id - 2 * 131072, ' ') FROM locks WHERE process_id = 3"), "1 2 3 4 5");
	/* 3 waits for P, for 1, who waits for Q, for 2, who is in a call. */
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM lock_waits a JOIN lock_waits b ON b.wait_id = a.holder_wait_id"
					" WHERE a.lock_id = 2 * 131072 + 4 AND a.context_id = 2 * 2097152 + 23 AND a.holder_context_id = 2 * 2097152 + 21"
					" AND b.lock_id = 2 * 131072 + 5 AND b.context_id = a.holder_context_id AND b.holder_context_id = 2 * 2097152 + 22"
					" AND b.call_context_id = b.holder_context_id AND b.call_site_id = 5 AND b.wait_id > 2 * 4294967296"), 1);
	CHECK_STR(ask("trace.db", "SELECT json_array(count, contended, wait_ticks > 50000, thread_id, gates) FROM lock_orders"
				  " WHERE lock_id = 2 * 131072 + 4 AND to_lock_id = 2 * 131072 + 5"), "[1,1,1,1,\"[262147]\"]");
	CHECK_STR(ask("trace.db", "SELECT group_concat(thread_id || ' for ' || holder_thread_id, ', ') FROM"
				  " (SELECT * FROM lock_threads WHERE lock_id > 2 * 131072 ORDER BY lock_id, thread_id)"),
		  "8 for 0, 4 for 1, 3 for 1, 1 for 2");
	CHECK_STR(ask("trace.db", "SELECT group_concat((lock_id - 2 * 131072) || ' ' || (call_context_id % 2097152), ', ') FROM"
				  " (SELECT * FROM lock_calls WHERE lock_id > 2 * 131072 ORDER BY lock_id, call_context_id)"), "3 21, 4 21, 5 21, 5 22");
	CHECK_STR(ask("trace.db", "SELECT group_concat((lock_id - 2 * 131072) || ' ' || allocs || ' ' || alloc_bytes, ', ') FROM"
				  " (SELECT * FROM lock_totals WHERE lock_id > 2 * 131072 AND allocs > 0 ORDER BY lock_id)"), "3 3 96, 4 3 96, 5 3 24");
	CHECK_EQ(ask_number("trace.db", "SELECT count(*) FROM lock_waits WHERE holder_context_id = -1 AND lock_id IN (2, 2 * 131072 + 2)"), 2);
	begin_session(NULL);
}

/* A thread of process 1 whose walk has come so far, and no further in this look. */
static void come_to(struct irt_drained_thread *t, int64_t ticks)
{
	struct irt_walk_counters counters = {.last_ticks = ticks};
	CHECK_EQ(irt_walk_restore_counters(t->walk, &counters), 0);
}

TEST(a_release_of_a_thread_that_is_walked_later_comes_before_who_took_the_lock_behind_it)
{
	struct irt_cct *cct;
	struct irt_functions *functions;
	struct irt_drained_thread thread = {.process = &processes[0]}, *threads[] = {&thread};
	int64_t skew = IRT_LOCK_SLACK_TICKS / 2;

	CHECK_EQ(irt_cct_create(&cct, &(struct irt_cct_config){0}), 0);
	CHECK_EQ(irt_functions_create(&functions, NULL), 0);
	CHECK_EQ(irt_walk_create(&thread.walk, &(struct irt_walk_config){.time_unit_ticks = 1, .cct = cct, .functions = functions}), 0);
	begin_session(NULL);
	session.threads = threads;
	session.thread_count = 1;
	session.looked_ticks = 1 << 24;
	now = 1 << 20;
	lock(0, 1, P);
	come_to(&thread, now);
	int64_t taken = now += 1 << 20;
	lock(0, 2, P);
	come_to(&thread, taken + skew / 2); /* the release is still in its ring */
	irt_settle_locks(&session);
	now = taken + skew;
	unlock(0, 1, P);
	thread.caught_up = 1;
	irt_settle_locks(&session);
	unlock(0, 2, P);
	CHECK_EQ(irt_locks_settle(processes[0].locks, INT64_MAX), 0);
	session.store = (new_folder(), start_run(RUN_A));
	commit();
	irt_store_close(session.store);
	irt_walk_destroy(thread.walk);
	irt_functions_destroy(functions);
	irt_cct_destroy(cct);
	CHECK_EQ(ask_number("trace.db", "SELECT sum(holds) FROM lock_totals"), 2);
	CHECK_STR(ask("trace.db", "SELECT lost || ' ' || unknown FROM locks"), "0 0");
}

TEST(rows_of_locks_that_cannot_be_are_refused)
{
	static const char *const damages[] = {
		"UPDATE lock_waits SET holder_wait_id = wait_id WHERE wait_id = 2", "DELETE FROM lock_waits WHERE wait_id = 1",
		"UPDATE lock_waits SET lock_id = 17 WHERE wait_id = 1", "UPDATE OR REPLACE lock_threads SET lock_id = 17",
		"UPDATE lock_orders SET site_id = 1 << 29", "UPDATE lock_orders SET to_mode = 2", "UPDATE lock_orders SET count = -1",
		"UPDATE lock_calls SET site_id = 99", "UPDATE lock_calls SET call_site_id = -1", "UPDATE lock_calls SET ticks = -5",
		"DELETE FROM locks WHERE lock_id = 1", "DELETE FROM lock_totals", "UPDATE lock_totals SET allocs = -1", "UPDATE lock_totals SET alloc_bytes = -1", "UPDATE lock_pending SET state = x'01'",
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		new_folder();
		begin_session(start_run(RUN_A));
		both(first_part), both(second_part);
		commit();
		irt_store_close(session.store);
		run_sql("trace.db", damages[i]);
		begin_session(continue_run(RUN_A));
		int result = irt_restore_locks(&session);
		irt_store_close(session.store);
		if (result != INSTR_ERR_FORMAT)
			CHECK_FAIL("%s: %d", damages[i], result);
	}
	begin_session(NULL);
	check_count++;
}

int main(int argc, char **argv)
{
	int failed = check_main(argc, argv);
	for (int i = 0; i < PROCESSES; i++) {
		irt_locks_destroy(processes[i].locks);
		free(processes[i].locks_packed);
	}
	return failed;
}
