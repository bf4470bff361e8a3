#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# tables.sh BUILD - the tables of libinstr_sql.so have what the totals have, in order, and read what they need: of runs with
# threads, children, exceptions, jumps, recursion, calls that are still open, allocations, locks and waits for the drain.
. "$(dirname "$0")/../e2e/runtime/trace.sh"
. "$(dirname "$0")/loaded.sh"
here=$(cd "$(dirname "$0")" && pwd)

records() {
	"$build/bin/instr-clang++" -g -O1 -std=c++17 -o program "$here/../export/program.cc" -pthread &&
		traced forks "$programs/forks.c" -pthread && tracedxx cxx "$programs/cxx.cc" -pthread &&
		traced jumps "$programs/jumps.c" -pthread && traced endings "$programs/endings.c" -pthread &&
		recorded program ./program && recorded children ./forks deep 50 && recorded handlers ./forks handler 3 &&
		recorded threads ./forks threads && recorded twice ./forks twice && recorded exceptions ./cxx exceptions &&
		recorded jumped ./cxx jumps && recorded foreign ./cxx foreign && recorded recursion ./jumps recursion || return 1
	cat >leaves.c <<-'END'
		#include <pthread.h>
		static void leave(int n) { if (n) leave(n - 1); pthread_exit(0); }
		static void *begin(void *p) { leave(3); return p; }
		int main(void)
		{
			pthread_t thread;
			for (int i = 0; i < 3; i++) {
				pthread_create(&thread, 0, begin, 0);
				pthread_join(thread, 0);
			}
			return 0;
		}
	END
	traced leaves leaves.c -pthread && recorded left ./leaves || return 1
	INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m
	export INSTR_OPTIONS
	recorded waits ./forks threads
}
check runs_are_recorded records
traces="program children handlers threads twice exceptions jumped foreign recursion left waits"

# The sums of calls by thread and calling context, beside totals.
differences="WITH ended AS (
	SELECT thread_id, context_id, NOT inherited AS own, coalesce(ending IN ('return', 'tail call'), 0) AS returned,
	       ending IS NULL AS open, duration_ticks, self_ticks FROM calls),
sums AS (
	SELECT thread_id, context_id, sum(own) AS calls, sum(own AND returned) AS returns, sum(own AND NOT returned AND NOT open) AS unwound,
	       sum(own AND open) AS open, coalesce(sum(duration_ticks), 0) AS total_ticks, coalesce(sum(self_ticks), 0) AS self_ticks,
	       min(iif(own, duration_ticks, NULL)) AS min_ticks, max(iif(own, duration_ticks, NULL)) AS max_ticks
	FROM ended GROUP BY 1, 2)
SELECT * FROM (SELECT thread_id, context_id, calls, returns, unwound, open, total_ticks, self_ticks, min_ticks, max_ticks FROM totals
	WHERE calls OR total_ticks EXCEPT SELECT * FROM sums) LIMIT 5"

add_up() {
	for name in $traces; do
		gives $name.db "$differences" "" &&
			gives $name.db "SELECT (SELECT sum(NOT inherited) FROM calls) = (SELECT sum(calls) FROM totals)" 1 || return 1
	done
}
check calls_add_up_to_the_totals add_up

# They would, if there were none.
has_all_kinds() {
	for name in $traces; do
		loaded $name.db "SELECT DISTINCT coalesce(ending, 'open') FROM calls WHERE NOT inherited; SELECT 'inherited' FROM calls WHERE inherited;
			SELECT 'self differs' FROM calls WHERE self_ticks < duration_ticks; SELECT 'waits' FROM threads WHERE waits" || return 1
	done | sort -u | tr '\n' , >kinds
	[ "$(cat kinds)" = "exception,inherited,longjmp,open,return,self differs,unwound,waits," ] && return 0
	cat kinds
	return 1
}
check traces_have_calls_of_every_kind has_all_kinds

all_there() {
	for name in $traces; do
		gives $name.db "SELECT count(*) = (SELECT sum(events) FROM chunks), count(*) > 9 FROM events" "1|1" &&
			gives $name.db "SELECT count(ticks) = (SELECT sum(events) FROM chunks) FROM events" 1 &&
			gives $name.db "SELECT count(*) FROM (SELECT thread_id, number FROM events EXCEPT SELECT c.thread_id, first_event + value
				FROM chunks c, generate_series(0, c.events - 1))" 0 || return 1
	done
}
check events_are_those_of_all_chunks all_there

begin() {
	for name in $traces; do
		gives $name.db "SELECT thread_id, ticks, context_id, count(*) FROM events WHERE event = 'enter' GROUP BY 1, 2, 3 EXCEPT
			SELECT thread_id, start_ticks, context_id, count(*) FROM calls WHERE NOT inherited GROUP BY 1, 2, 3 LIMIT 5" "" || return 1
	done
}
check calls_begin_at_their_events begin

in_order() {
	for name in $traces; do
		gives $name.db "SELECT count(*) FROM (SELECT ticks, lag(ticks) OVER () AS before FROM events ORDER BY ticks) WHERE ticks < before;
			SELECT count(*) FROM (SELECT end_ticks, lag(end_ticks) OVER () AS before FROM calls ORDER BY end_ticks)
				WHERE end_ticks < before OR (end_ticks IS NULL AND before IS NOT NULL);
			SELECT count(*) FROM (SELECT number, lag(number) OVER (PARTITION BY thread_id) AS before FROM events) WHERE number <> before + 1" "0
0
0" || return 1
	done
	loaded threads.db "EXPLAIN QUERY PLAN SELECT * FROM calls ORDER BY end_ns; EXPLAIN QUERY PLAN SELECT * FROM events ORDER BY ticks, thread_id;
		EXPLAIN QUERY PLAN SELECT * FROM allocations WHERE time_ns > 5 ORDER BY time_ns" >plan && ! grep -i "b-tree" plan || return 1
	loaded threads.db "EXPLAIN QUERY PLAN SELECT * FROM calls ORDER BY start_ns" | grep -qi "b-tree"
}
check rows_are_in_the_order_of_time in_order

# A condition that narrows down what is read, and the same one where SQLite does all of it.
same_rows() {
	case $2 in
	calls) sums="count(*), total(start_ns), total(end_ns), total(self_ticks), total(duration_ns), total(context_id * depth), sum(inherited), sum(ending = 'return')" ;;
	*) sums="count(*), total(time_ns), total(number), total(context_id), total(depth), total(value)" ;;
	esac
	same_wanted=$(loaded "$1" "SELECT $sums FROM $2 WHERE $4") && gives "$1" "SELECT $sums FROM $2 WHERE $3" "$same_wanted"
}

narrowed() {
	for name in program children jumped waits; do
		for part in 0.01 0.3 0.6 0.99; do
			at=$(ask $name.db "SELECT CAST(min(start_ticks) + $part * (max(end_ticks) - min(start_ticks)) AS INTEGER) FROM chunks WHERE events > 1")
			to=$(ask $name.db "SELECT CAST($at + 0.01 * (max(end_ticks) - min(start_ticks)) AS INTEGER) FROM chunks WHERE events > 1")
			near=$(ask $name.db "SELECT max(start_ticks, $at - 1) - 1 FROM chunks WHERE end_ticks >= $at ORDER BY start_ticks LIMIT 1")
			for bounds in "BETWEEN $near AND $to" ">= $near" "< $to"; do
				for column in end_ticks start_ticks; do
					same_rows $name.db calls "$column $bounds" "+$column $bounds" || return 1
				done
			done
			same_rows $name.db calls "start_ticks <= $to AND end_ticks >= $near" "+start_ticks <= $to AND +end_ticks >= $near" &&
				same_rows $name.db events "ticks BETWEEN $near AND $to" "+ticks BETWEEN $near AND $to" || return 1
		done
	done
}
check conditions_on_time_leave_the_same_rows narrowed
# They began with the process, before its first event.
inherited() {
	begun=$(ask children.db "SELECT max(start_ticks) FROM processes") &&
		first=$(ask children.db "SELECT min(c.start_ticks) FROM chunks c JOIN threads USING (thread_id) WHERE parent_thread_id IS NOT NULL AND start_depth > 40") &&
		same_rows children.db calls "start_ticks BETWEEN $begun - 100000 AND $first + 1" "+start_ticks BETWEEN $begun - 100000 AND $first + 1" &&
		loaded children.db "SELECT count(*) > 40 FROM calls WHERE start_ticks BETWEEN $begun - 100000 AND $first + 1 AND inherited IS NOT NULL" >counted && [ "$(cat counted)" = 1 ]
}
check calls_that_a_child_was_born_in_are_found_by_when_they_began inherited

same_ns() {
	for name in program waits; do
		for ns in $(loaded $name.db "SELECT end_ns FROM calls WHERE end_ns > 0 AND rowid % (SELECT 1 + count(*) / 4 FROM calls) = 3"); do
			for relation in = "<" "<=" ">" ">="; do
				same_rows $name.db calls "end_ns $relation $ns" "+end_ns $relation $ns" || return 1
			done
			same_rows $name.db calls "start_ns > $ns.5 - 100000" "+start_ns > $ns.5 - 100000" || return 1
		done
	done
}
check conditions_in_nanoseconds_are_exact same_ns

same_ids() {
	for name in program children waits; do
		ids=$(ask $name.db "SELECT thread_id, context_id, function_id, contexts.process_id FROM totals JOIN contexts USING (context_id) WHERE thread_id > 0
			GROUP BY function_id ORDER BY thread_id % 7 LIMIT 4")
		for row in $ids; do
			IFS='|' read -r thread context function process <<-END
				$row
			END
			for table in calls events; do
				same_rows $name.db $table "context_id = $context" "+context_id = $context" &&
					same_rows $name.db $table "thread_id = $thread AND function_id = $function" "+thread_id = $thread AND +function_id = $function" &&
					same_rows $name.db $table "process_id = $process AND function_id IN ($function, 0)" "+process_id = $process AND +function_id IN ($function, 0)" ||
					return 1
			done
		done
	done
	for event in enter return alloc released blocked longjmp "wait for drain" nonsense; do
		same_rows program.db events "event = '$event'" "+event = '$event'" && same_rows jumped.db events "event = '$event'" "+event = '$event'" || return 1
	done
	same_rows waits.db events "event IN ('wait for drain', 'unwound')" "+event IN ('wait for drain', 'unwound')" &&
		same_rows program.db events "event = 'RETURN' COLLATE NOCASE" "+event = 'return'" &&
		gives program.db "SELECT count(*) > 0, count(*) = (SELECT count(*) FROM allocations WHERE +operation = 'free') FROM allocations WHERE operation = 'free';
			SELECT count(*) FROM lock_ops WHERE operation = 'free'; SELECT count(*) FROM events WHERE event = 5" "1|1
0
0" || return 1
	gives program.db "SELECT count(*) FROM events WHERE thread_id = 1.5; SELECT count(*) FROM events WHERE thread_id IS NULL;
		SELECT count(*) = (SELECT count(*) FROM events WHERE +thread_id = 1), count(*) > 0 FROM events WHERE thread_id = '1'" "0
0
1|1"
}
check conditions_on_ids_leave_the_same_rows same_ids

few_chunks() {
	chunks=$(ask threads.db "SELECT count(*) FROM chunks")
	[ "$chunks" -ge 20 ] || { echo "only $chunks chunks"; return 1; }
	at=$(ask threads.db "SELECT end_ticks FROM chunks ORDER BY events DESC LIMIT 1")
	around=$(ask threads.db "SELECT count(*) FROM chunks WHERE start_ticks <= $at + 1000000 AND end_ticks >= $at - 1000000")
	gives threads.db "SELECT count(*) > 0 FROM events WHERE ticks BETWEEN $at - 1000000 AND $at + 1000000; SELECT chunks_read() <= $around + 1" "1
1" &&
		gives threads.db "SELECT count(*) > 0 FROM calls WHERE end_ticks BETWEEN $at - 1000000 AND $at + 1000000; SELECT chunks_read() <= $around + 1" "1
1" &&
		gives threads.db "SELECT count(*) > 0 FROM calls WHERE start_ticks BETWEEN $at - 1000000 AND $at + 1000000; SELECT chunks_read() < $chunks" "1
1" &&
		gives threads.db "SELECT sum(self_ticks) > 0 FROM calls WHERE end_ticks BETWEEN $at - 1000000 AND $at + 1000000;
			SELECT chunks_read() < $chunks" "1
1" || return 1
	rare=$(ask waits.db "SELECT sum((operations >> 7) & 1) FROM chunks")
	gives waits.db "SELECT count(*) > 0 FROM events WHERE event = 'wait for drain'; SELECT chunks_read() = $rare, $rare < (SELECT count(*) FROM chunks)" "1
1|1" || return 1
	# Of a thread, and of a function that is called in one chunk alone.
	gives threads.db "SELECT count(ticks) = (SELECT sum(events) FROM chunks WHERE thread_id = 2) FROM events WHERE thread_id = 2;
		SELECT chunks_read() = (SELECT count(*) FROM chunks WHERE thread_id = 2)" "1
1" &&
		gives threads.db "SELECT count(*) FROM calls WHERE function_id = (SELECT function_id FROM functions WHERE name = 'main') AND NOT inherited;
			SELECT chunks_read() < $chunks / 2" "1
1"
}
check a_narrow_query_reads_few_chunks few_chunks

kinds_add_up() {
	gives program.db "SELECT (SELECT sum(allocs) FROM heap_totals) = sum(operation = 'alloc' OR (operation = 'reallocated' AND address IS NOT NULL AND NOT failed)),
			(SELECT sum(bytes) FROM heap_totals WHERE kind = 0) = sum(bytes) FILTER (WHERE kind = 'heap' AND NOT failed), sum(bytes) > 1000,
			count(*) = (SELECT count(*) FROM events WHERE event IN ('alloc', 'free', 'realloc', 'reallocated', 'unmap', 'pool', 'reset')) FROM allocations" "1|1|1|1" &&
		gives program.db "SELECT lock_id, context_id, site_id, mode, sum(acquisitions), sum(contended) FROM lock_totals GROUP BY 1, 2, 3, 4 EXCEPT
			SELECT lock_id, context_id, site_id, mode, sum(operation = 'acquired' OR (operation = 'waited' AND value = 0)), sum(operation = 'waiting' AND value)
			FROM lock_ops GROUP BY 1, 2, 3, 4" "" &&
		gives program.db "SELECT count(*) > 0 FROM lock_ops WHERE operation = 'waited'" 1 &&
		gives program.db "SELECT context_id, site_id, descriptor, sum(calls), sum(failed), sum(bytes), sum(total_ticks), max(max_ticks) FROM block_totals
			GROUP BY 1, 2, 3 EXCEPT SELECT context_id, site_id, descriptor, count(*), sum(failed), sum(iif(failed, 0, bytes)), sum(duration_ticks),
			max(duration_ticks) FROM blocks GROUP BY 1, 2, 3" "" &&
		gives program.db "SELECT count(*) > 0 FROM blocks" 1
}
check allocations_locks_and_blocks_add_up kinds_add_up

# event_counts and event_histogram beside what their rows are the sums of. Parameters: by, from, to, width, thread.
sums() {
	key=$2_id bucket=NULL
	[ "$2" != time ] || key=NULL
	[ "$5" = NULL ] || bucket="ns / $5 * $5"
	within="($3 IS NULL OR ns >= $3) AND ($4 IS NULL OR ns < $4) AND ($6 IS NULL OR thread_id = $6)"
	counted="SELECT $key AS key, $bucket AS bucket, count(*), sum(event = 'enter') FROM (SELECT *, time_ns AS ns FROM events) WHERE $within GROUP BY 1, 2"
	ended="SELECT $key AS key, $bucket AS bucket, count(*), sum(duration_ticks), min(duration_ns), max(duration_ns)
		FROM (SELECT *, end_ns AS ns FROM calls) WHERE NOT inherited AND ns IS NOT NULL AND $within GROUP BY 1, 2"
	given="('$2', $3, $4, $5, $6)"
	key=$([ "$2" = time ] && echo NULL || echo "$2_id")
	gives "$1" "SELECT * FROM ($counted) EXCEPT SELECT $key, time_ns, events, calls FROM event_counts$given LIMIT 3" "" &&
		gives "$1" "SELECT (SELECT count(*) FROM ($counted)) - (SELECT count(*) FROM event_counts$given)" 0 &&
		gives "$1" "SELECT * FROM ($ended) EXCEPT SELECT $key, time_ns, calls, total_ticks, min_ns, max_ns FROM event_histogram$given LIMIT 3" "" &&
		gives "$1" "SELECT (SELECT count(*) FROM ($ended)) - (SELECT count(*) FROM event_histogram$given)" 0
}
sums_are_right() {
	for name in program children jumped left; do
		for by in function context thread; do
			sums $name.db $by NULL NULL NULL NULL || return 1
		done
		sums $name.db function NULL NULL 1000000 2 && sums $name.db context NULL NULL 777777 NULL || return 1
	done
	from=$(ask waits.db "SELECT 100000000 + min(start_ns) FROM thread_list") && to=$((from + 200000000)) &&
		sums waits.db time $from $to 1000000 NULL && sums waits.db thread $from NULL NULL 2 && sums waits.db function NULL $to 100000000 NULL || return 1
	# Of a thread all of whose calls are in its totals: the same histograms.
	gives program.db "SELECT count(*), sum(h.histogram IS t.histogram), sum(h.calls = t.returns + t.unwound)
		FROM totals t LEFT JOIN event_histogram('context', NULL, NULL, NULL, 1) h USING (context_id) WHERE t.thread_id = 1 AND t.histogram IS NOT NULL" \
		"$(ask program.db "SELECT n, n, n FROM (SELECT count(*) AS n FROM totals WHERE thread_id = 1 AND histogram IS NOT NULL)")"
}
check events_and_calls_are_added_up_inside sums_are_right

sums_refuse() {
	fails program.db "SELECT * FROM event_counts('file')" "event_counts goes by function, context, thread or time, not by 'file'" &&
		fails program.db "SELECT * FROM event_histogram('time')" "event_histogram('time') needs its width_ns" &&
		fails program.db "SELECT * FROM event_counts('time', 0, 10, 0)" "from 1 on" &&
		fails threads.db "SELECT * FROM event_histogram('time', NULL, NULL, 1)" "event_histogram has more than 30000 rows" &&
		gives program.db "SELECT count(*) FROM event_counts('time', 5000000, 5, 1); SELECT count(*) FROM event_counts('function', NULL, NULL, NULL, 99);
			SELECT count(*) FROM event_counts('function', -9223372036854775807 - 1, 9223372036854775807) WHERE events > 0" "0
0
$(ask program.db "SELECT count(DISTINCT function_id) FROM contexts JOIN totals USING (context_id)")"
}
check sums_that_cannot_be_are_refused sums_refuse

# As instr-report tells it, which goes through the events in a way of its own.
heap_at() {
	gives program.db "SELECT count(*), total(blocks), total(bytes) FROM heap_at" "$(ask program.db "SELECT count(DISTINCT context_id || ' ' || site_id), total(1), total(bytes)
		FROM live_blocks WHERE kind = 0")" || return 1
	for part in 0.2 0.5 0.8; do
		at=$(ask program.db "SELECT CAST(max(ticks * ns_per_tick) * $part AS INTEGER) FROM run_end, rate")
		"$build/bin/instr-report" program.db --heap-at "${at}ns" --format csv >heap.csv || return 1
		told=$(sqlite3 :memory: ".import --csv heap.csv heap" "SELECT total(blocks), total(bytes) FROM heap")
		gives program.db "SELECT total(blocks), total(bytes) FROM heap_at($at)" "$told" || return 1
	done
	gives program.db "SELECT count(*) FROM heap_at($at, 'mappings'); SELECT count(*) FROM heap_at(0)" "0
0"
}
check what_was_alive_at_a_moment_is_what_reports_say heap_at

ids_join() {
	gives program.db "SELECT count(*) FROM events LEFT JOIN contexts c USING (context_id) LEFT JOIN functions f ON f.function_id = events.function_id
			LEFT JOIN threads t USING (thread_id) LEFT JOIN sites s USING (site_id)
			WHERE c.context_id IS NULL OR f.name IS NULL OR t.tid IS NULL OR c.function_id <> f.function_id OR (s.name IS NULL) <> (site_id IS NULL)" 0
}
check ids_are_those_of_the_tables ids_join

damage() {
	cp threads.db damaged.db || return 1
	for data in "substr(data, 1, length(data) / 2)" "x''" "zeroblob(length(data))" "zeroblob(10000000)" "x'ff' || substr(data, 2)" \
		"(SELECT data FROM chunks WHERE events < 1000 LIMIT 1)"; do
		cp threads.db damaged.db && chunk=$(ask damaged.db "SELECT chunk_id FROM chunks WHERE operations & (1 << 17) AND events > 50 LIMIT 1") || return 1
		[ -n "$chunk" ] || chunk=$(ask damaged.db "SELECT chunk_id FROM chunks WHERE events > 1000 LIMIT 1")
		sqlite3 damaged.db "UPDATE chunks SET data = CAST($data AS BLOB) WHERE chunk_id = $chunk" || return 1
		for table in events calls; do
			fails damaged.db "SELECT max(thread_id) FROM $table" "the events of chunk $chunk are damaged" || return 1
		done
	done
	for set in "start_depth = 4000000000" "start_depth = -1" "first_event = -5" "events = events + 1" "start_ticks = start_ticks - 1" "end_ticks = end_ticks + 1" \
		"min_depth = -1" "start_context_id = -3"; do
		cp threads.db damaged.db && sqlite3 damaged.db "UPDATE chunks SET $set WHERE chunk_id = $chunk" &&
			fails damaged.db "SELECT max(self_ticks) FROM calls" "the events of chunk $chunk are damaged" || return 1
	done
	cp threads.db damaged.db && sqlite3 damaged.db "UPDATE contexts SET ordinal = ordinal - 1000 WHERE context_id = 3" &&
		fails damaged.db "SELECT max(thread_id) FROM events" "calling context 3 cannot be"
}
check damaged_chunks_are_told damage

# The same tables, built in.
in_report() {
	for query in "SELECT * FROM calls" "SELECT * FROM events WHERE ticks % 7 = 1" "SELECT * FROM allocations" "SELECT * FROM lock_ops" "SELECT * FROM blocks" \
		"SELECT f.name, count(*), sum(c.self_ns) FROM calls c JOIN functions f USING (function_id) GROUP BY 1"; do
		"$build/bin/instr-report" program.db --sql "$query" --format csv 2>/dev/null | tr -d '\r"' | tail -n +2 >ours &&
			sqlite3 -batch -readonly -cmd ".load $library" -csv program.db "$query" | tr -d '\r"' >theirs && cmp ours theirs &&
			[ -s ours ] || return 1
	done
	exits_with 3 "$build/bin/instr-report" damaged.db --sql "SELECT max(thread_id) FROM calls" && says err "damaged: calling context 3 cannot be"
}
check a_report_has_the_same_tables in_report

functions_are_right() {
	gives program.db "SELECT count(*) FROM context_paths p JOIN contexts c USING (context_id) WHERE c.parent_id IS NOT NULL AND depth < 64 AND
			length(context_path(context_id)) + 2 * (depth - 1) IS NOT length(path);
		SELECT context_path(context_id) FROM contexts JOIN functions USING (function_id) WHERE name LIKE '%fibonacci%' AND depth = 4 ORDER BY context_id LIMIT 1;
		SELECT context_path(0) = '', context_path(-1) IS NULL, context_path(NULL) IS NULL;
		SELECT duration_text(0), duration_text(999), duration_text(1234), duration_text(999499), duration_text(-61000000000), duration_text(123456789012345);
		SELECT overlap(1, 5, 3, 9), overlap(1, 3, 3, 9), overlap(1, NULL, 3, 9), overlap(1, NULL, 3, NULL) IS NULL, overlap(5, 6, 1, 10);
		SELECT sum(ns_of(ticks) <> time_ns), sum(ns_of(ticks_of(time_ns)) <> time_ns OR ticks_of(time_ns) > ticks) FROM events;
		SELECT sum(ns_of_ticks(duration_ticks) <> duration_ns) FROM calls" "0
$(ask program.db "SELECT group_concat(name, ';') FROM (WITH RECURSIVE up (n, id) AS (SELECT 0, min(context_id) FROM contexts JOIN functions USING (function_id)
		WHERE name LIKE '%fibonacci%' AND depth = 4 UNION ALL SELECT n + 1, parent_id FROM up JOIN contexts ON context_id = id WHERE parent_id IS NOT NULL)
		SELECT name FROM up JOIN contexts ON context_id = id JOIN functions USING (function_id) WHERE parent_id IS NOT NULL ORDER BY n DESC)")
1|1|1
0 ns|999 ns|1.23 µs|999 µs|-61.0 s|34.3 h
2|0|6|1|1
0|0
0" &&
		gives waits.db "SELECT count(*), sum(abs(quantile(histogram, 0) - min_ticks) <= min_ticks / 32), sum(abs(quantile(histogram, 1) - max_ticks) <= max_ticks / 32)
			FROM totals WHERE histogram IS NOT NULL" "$(ask waits.db "SELECT count(*), count(*), count(*) FROM totals WHERE histogram IS NOT NULL")" &&
		fails waits.db "SELECT quantile(x'0205', 0.5)" "a histogram is damaged" && fails waits.db "SELECT quantile(histogram, 2) FROM totals" "from 0 to 1"
}
check functions_say_what_views_say functions_are_right

no_trace() {
	sqlite3 other.db "CREATE TABLE t (a)" && fails other.db "SELECT count(*) FROM calls" "this database is no trace" &&
		fails :memory: "SELECT * FROM events" "this database is no trace"
}
check another_database_is_no_trace no_trace

files_cannot() {
	cp program.db view.db && sqlite3 view.db "CREATE VIEW mine AS SELECT * FROM calls; PRAGMA writable_schema = 1;
		INSERT INTO sqlite_schema VALUES ('table', 'other', 'other', 0, 'CREATE VIRTUAL TABLE other USING events')" || return 1
	fails view.db "SELECT count(*) FROM mine" "unsafe use of virtual table" &&
		fails view.db "SELECT count(*) FROM other" "no other can be made" &&
		fails :memory: "CREATE VIRTUAL TABLE temp.mine USING calls" "no such module" &&
		gives program.db "CREATE TEMP VIEW mine AS SELECT * FROM calls; SELECT count(*) > 0 FROM mine" 1
}
check a_file_cannot_make_use_of_them files_cannot

small() {
	for query in "SELECT count(*) FROM events" "SELECT sum(self_ticks) FROM calls ORDER BY end_ticks" "SELECT max(ticks) FROM (SELECT * FROM events ORDER BY ticks)"; do
		timeout 100 sh -c 'ulimit -v 200000; exec sqlite3 -batch -readonly -cmd ".load $0" threads.db "$1"' "$library" "$query" >/dev/null || return 1
	done
}
check memory_stays_small small

check chunks_that_had_to_be_given_up_go_on "$build/tests/small_memory" program.db
check many_chunks_that_had_to_be_given_up_go_on "$build/tests/small_memory" waits.db

in_python() {
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import sqlite3; sqlite3.connect(":memory:").enable_load_extension(True)' 2>/dev/null || continue
		"$python" - "$library" program.db <<-'END'
			import sqlite3, sys
			db = sqlite3.connect("file:" + sys.argv[2] + "?mode=ro", uri=True)
			db.enable_load_extension(True)
			db.load_extension(sys.argv[1])
			both = db.execute("SELECT (SELECT sum(NOT inherited) FROM calls), (SELECT sum(calls) FROM totals)").fetchone()
			assert both[0] == both[1] > 0, both
			a, b = db.execute("SELECT * FROM events"), db.execute("SELECT * FROM events")
			while True:  # two at a time
			    x, y = a.fetchone(), b.fetchone()
			    assert x == y
			    if not x:
			        break
		END
		return
	done
	echo "no Python here loads extensions: not shown"
}
check python_loads_it in_python

finish
