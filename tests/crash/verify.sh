#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# verify.sh BUILD - verify.c, which the tests of this folder rely on, finds what it is there to find.
. "$(dirname "$0")/crash.sh"

builds() { crowd_builds && traced forks "$programs/forks.c" -pthread; }
check builds builds
whole() {
	exits_with 3 ./crowd all 3000 "$scratch/libcrowd.so" && mv trace.db whole.db && folded whole.db &&
		"$build/tests/crash_verify" whole.db | grep -Eq ': [1-9][0-9]{4,} events in [0-9]+ chunks; [1-9][0-9]+ totals, [1-9][0-9]* functions, [0-9]+ open'
}
check a_whole_trace_is_the_fold_of_its_events whole

found_when() { # RULE SQL [FILE]
	cp "${3:-whole.db}" broken.db && chmod u+w broken.db && sqlite3 broken.db "$2" || return 1
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
blocked() {
	traced blocked "$programs/blocked.c" -pthread -O1 || return 1
	rm -f trace.db*
	./blocked >out &
	program=$!
	until grep -qs blocked out || ! kill -0 $program; do sleep 0.01; done
	kill -9 $program
	wait $program
	complete trace.db && mv trace.db blocked.db && folded blocked.db && is blocked.db 'SELECT count(*) >= 6 FROM open_blocks' 1
}
check calls_that_block_are_those_of_the_events blocked
check a_missing_one_is_found found_when open_blocks 'DELETE FROM open_blocks WHERE depth = 1' blocked.db
check one_that_has_returned_is_found found_when open_blocks "INSERT INTO open_blocks SELECT process_id, thread_id, depth + 1, context_id, site_id,
	start_ticks FROM open_blocks WHERE thread_id = 1" blocked.db
for column in process_id context_id site_id start_ticks; do
	check "a_wrong_${column}_of_one_is_found" found_when open_blocks "UPDATE open_blocks SET $column = $column + 1" blocked.db
done
check a_missing_chunk_is_found found_when threads 'DELETE FROM chunks WHERE chunk_id = (SELECT max(chunk_id) FROM chunks)'
check a_chunk_that_is_there_twice_is_found found_when chunks "INSERT INTO chunks SELECT (SELECT max(chunk_id) + 1 FROM chunks), thread_id,
	(SELECT max(end_pos) FROM chunks), (SELECT max(end_pos) + 1 FROM chunks),
	first_event, events, start_ticks, end_ticks, start_context_id, start_depth, min_depth, operations, functions, codec, time_unit_ticks, data
	FROM chunks WHERE chunk_id = (SELECT min(chunk_id) FROM chunks); UPDATE threads SET totals_events = totals_events * 2"

# Fork children begin inside calls of their parent, which are no calls of theirs.
inherited() {
	exits_with 0 ./forks loop 30 && complete trace.db && mv trace.db forks.db && folded forks.db &&
		is forks.db "SELECT (SELECT count(*) FROM open_frames WHERE flags & 1) > 0 AND
			(SELECT count(*) FROM chunks WHERE start_depth > 3 AND first_event = 0) > 0 AND
			(SELECT count(*) FROM totals WHERE calls = 0 AND total_ticks > 0) > 0" 1
}
check children_inside_calls_of_their_parent_are_the_fold_of_their_events inherited
check a_missing_inherited_call_is_found found_when inherited "UPDATE chunks SET start_depth = start_depth - 1 WHERE start_depth > 1 AND first_event = 0" forks.db
check inherited_calls_that_begin_in_the_caller_s_context_are_found found_when events "UPDATE chunks SET start_depth = start_depth - 1, start_context_id =
	(SELECT parent_id FROM contexts WHERE context_id = start_context_id) WHERE start_depth > 1 AND first_event = 0" forks.db
check an_inherited_call_that_is_not_said_to_be_one_is_found found_when open_frames "UPDATE open_frames SET flags = flags & ~1" forks.db
check an_inherited_call_that_is_counted_is_found found_when totals "UPDATE totals SET calls = 1, open = 1 WHERE calls = 0" forks.db
check a_wrong_time_of_inherited_calls_is_found found_when totals "UPDATE totals SET total_ticks = total_ticks + 1 WHERE calls = 0" forks.db
check missing_time_of_inherited_calls_is_found found_when totals "DELETE FROM totals WHERE calls = 0" forks.db
check a_child_that_joined_at_another_time_is_found found_when durations "UPDATE processes SET start_ticks = start_ticks - 1 WHERE process_id = 2" forks.db
check calls_inherited_from_nobody_are_found found_when chunks "UPDATE threads SET parent_thread_id = NULL WHERE thread_id = 3" forks.db
folded_paths() {
	exits_with 0 ./forks deep 3000 && complete trace.db && mv trace.db deep.db && folded deep.db &&
		is deep.db "SELECT count(*) > 0 FROM chunks WHERE start_depth > 1000 AND first_event = 0" 1
}
check a_child_inside_calls_of_folded_paths_is_the_fold_of_its_events folded_paths

# Of so many threads some are merged into the row of the process's ended threads.
merged() {
	exits_with 3 ./crowd churn 270 "$scratch/libcrowd.so" && complete trace.db && mv trace.db merged.db && folded merged.db &&
		is merged.db "SELECT count(*) > 50 FROM threads JOIN chunks USING (thread_id) WHERE flags >= 32" 1
}
check merged_threads_are_the_fold_of_their_events merged
for column in calls returns total_ticks self_ticks min_ticks max_ticks; do
	check a_wrong_${column}_of_merged_threads_is_found found_when totals "UPDATE totals SET $column = $column + 1 WHERE thread_id < 0" merged.db
done
for column in last_ticks orphans waits wait_ticks totals_events; do
	check a_wrong_${column}_of_merged_threads_is_found found_when threads "UPDATE threads SET $column = $column + 1 WHERE thread_id < 0" merged.db
done
a_merged="(SELECT min(thread_id) FROM threads WHERE flags >= 32)"
check a_merged_thread_that_is_not_counted_is_found found_when merged "UPDATE threads SET merged = (SELECT count(*) - 1 FROM threads WHERE flags >= 32) WHERE thread_id < 0" merged.db
check a_missing_chunk_of_a_merged_thread_is_found found_when merged "DELETE FROM chunks WHERE thread_id = $a_merged" merged.db
check a_missing_merged_thread_is_found found_when threads "DELETE FROM chunks WHERE thread_id = $a_merged; DELETE FROM threads WHERE thread_id = $a_merged" merged.db
check a_merged_thread_that_still_counts_is_found found_when merged "INSERT INTO totals SELECT $a_merged, context_id, calls, returns, unwound,
	open, total_ticks, self_ticks, min_ticks, max_ticks, histogram FROM totals WHERE thread_id < 0" merged.db

# Where the limit of the file has cost chunks, the row says more than is left; never less.
less_is_left() {
	cp merged.db left.db && chmod u+w left.db && sqlite3 left.db "INSERT INTO losses VALUES (0, NULL, NULL, 'chunks deleted', 101, 0, 0, 1);
		DELETE FROM chunks WHERE thread_id = $a_merged; DELETE FROM threads WHERE thread_id = $a_merged" && folded left.db
}
check merged_threads_of_which_chunks_are_deleted_are_taken_at_their_word less_is_left
for column in calls returns total_ticks self_ticks; do
	check fewer_${column}_than_are_left_are_found found_when totals "UPDATE totals SET $column = $column / 2 WHERE thread_id < 0" left.db
done
check more_than_the_functions_say_is_found found_when functions "UPDATE totals SET self_ticks = self_ticks + 1 WHERE thread_id < 0" left.db
check fewer_events_than_are_left_are_found found_when threads "UPDATE threads SET totals_events = 100 WHERE thread_id < 0" left.db
finish
