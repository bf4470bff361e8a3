#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# verify.sh BUILD - verify.c, which the tests of this folder rely on, finds what it is there to find.
. "$(dirname "$0")/crash.sh"

builds() {
	traced libcrowd.so -fPIC -shared "-I$programs" "$crash/programs/crowd_library.c" &&
		traced crowd "-I$programs" "$crash/programs/crowd.c" -pthread -ldl
}
check builds builds
whole() {
	exits_with 3 ./crowd all 3000 "$scratch/libcrowd.so" && mv trace.db whole.db && folded whole.db &&
		"$build/tests/crash_verify" whole.db | grep -Eq ': [1-9][0-9]{4,} events in [0-9]+ chunks; [1-9][0-9]+ totals, [1-9][0-9]* functions, [0-9]+ open'
}
check a_whole_trace_is_the_fold_of_its_events whole

found_when() { # RULE SQL
	cp whole.db broken.db && chmod u+w broken.db && sqlite3 broken.db "$2" || return 1
	if "$build/tests/crash_verify" broken.db >found; then echo "nothing found after: $2"; return 1; fi
	grep -q "^broken.db: $1: " found || { cat found; return 1; }
}
a_total="(thread_id, context_id) = (SELECT thread_id, context_id FROM totals WHERE returns > 100 LIMIT 1)"
for column in calls returns unwound open total_ticks self_ticks min_ticks max_ticks; do
	check a_wrong_${column}_is_found found_when totals "UPDATE totals SET $column = $column + 1 WHERE $a_total"
done
check a_wrong_histogram_is_found found_when totals "UPDATE totals SET histogram = (SELECT histogram FROM totals WHERE returns = 1 LIMIT 1) WHERE $a_total"
check a_missing_total_is_found found_when totals "DELETE FROM totals WHERE $a_total"
check a_total_of_nothing_is_found found_when totals "INSERT INTO totals SELECT (SELECT max(thread_id) FROM threads), context_id, calls, returns, unwound,
	open, total_ticks, self_ticks, min_ticks, max_ticks, histogram FROM totals WHERE $a_total"
for column in calls returns unwound open orphans total_ticks self_ticks min_ticks max_ticks p50_ticks p99_ticks; do
	check a_wrong_${column}_of_a_function_is_found found_when functions "UPDATE function_totals SET $column = $column + 1 WHERE process_id = 0 AND
		function_id = (SELECT function_id FROM function_totals WHERE process_id = 0 AND returns > 100 LIMIT 1)"
done
check a_missing_function_is_found found_when functions "DELETE FROM function_totals WHERE process_id = 1 AND calls > 0"
for column in last_ticks orphans waits wait_ticks totals_events; do
	check a_wrong_${column}_is_found found_when threads "UPDATE threads SET $column = $column + 1 WHERE thread_id = 1"
done
check a_missing_open_call_is_found found_when open_frames 'DELETE FROM open_frames WHERE depth = 0'
for column in context_id enter_ticks child_ticks; do
	check a_wrong_${column}_of_an_open_call_is_found found_when open_frames "UPDATE open_frames SET $column = $column + 1"
done
check a_missing_chunk_is_found found_when threads 'DELETE FROM chunks WHERE chunk_id = (SELECT max(chunk_id) FROM chunks)'
check a_chunk_that_is_there_twice_is_found found_when chunks "INSERT INTO chunks SELECT (SELECT max(chunk_id) + 1 FROM chunks), thread_id,
	(SELECT max(end_pos) FROM chunks), (SELECT max(end_pos) + 1 FROM chunks),
	first_event, events, start_ticks, end_ticks, start_context_id, start_depth, min_depth, operations, functions, codec, time_unit_ticks, data
	FROM chunks WHERE chunk_id = (SELECT min(chunk_id) FROM chunks); UPDATE threads SET totals_events = totals_events * 2"
finish
