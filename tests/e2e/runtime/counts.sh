#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# counts.sh BUILD - many calls in many threads, and recursion: every one is counted.
. "$(dirname "$0")/trace.sh"

builds() { traced counts "$programs/counts.c" -pthread; }
check builds builds
runs() { exits_with 0 ./counts 8 1000000 && says out '6765 0 20000'; }
check eight_threads_make_a_million_calls_each runs
eight_million() {
	calls trace.db work 8000000 && calls trace.db loop 8 &&
		is trace.db "SELECT count(*), min(calls), max(calls) FROM thread_times WHERE thread_id > 1" '8|1000001|1000001'
}
check no_call_of_any_thread_is_missing eight_million
check the_trace_obeys_all_rules sound trace.db flags
recursion() { calls trace.db fibonacci 21891 && calls trace.db is_even 51 && calls trace.db is_odd 51 && calls trace.db deep 20001; }
check recursive_calls_are_all_counted recursion

# Total time of a recursive function is that of its outermost calls.
once() {
	for function in fibonacci is_even is_odd deep; do
		is trace.db "SELECT t.total_ns <= m.total_ns AND t.total_ns >= t.self_ns FROM top t, top m
			WHERE t.function = '$function' AND m.function = 'main'" 1 || return 1
	done
	is trace.db "SELECT f.total_ticks = (SELECT sum(total_ticks) FROM totals JOIN contexts c USING (context_id)
			WHERE c.function_id = f.function_id AND c.depth = 2)
		FROM function_totals f JOIN functions USING (function_id) WHERE name = 'fibonacci' AND process_id = 0" 1 &&
	is trace.db "SELECT f.max_ticks = f.total_ticks FROM function_totals f JOIN functions USING (function_id)
		WHERE name = 'deep' AND process_id = 0" 1
}
check recursion_counts_once_in_total_time once
folded() { is trace.db "SELECT count(*) <= 700 AND max(depth) <= 513 FROM contexts" 1 && is trace.db "SELECT flags & ~4 FROM threads ORDER BY 1 DESC LIMIT 1" 0; }
check deep_recursion_keeps_the_tree_small folded
check every_event_is_in_a_chunk is trace.db "SELECT (SELECT sum(events) FROM chunks) - (SELECT sum(waits) FROM threads) - 2 * (SELECT sum(calls) FROM block_totals) - (SELECT sum(threads) FROM thread_creators) - (SELECT count(*) FROM thread_creations) - 2 * (8000000 + 8 + 21891 + 102 + 20001 + 1)" 0

# The same with the ring as small as can be: producers wait, nothing is lost.
waits() {
	rm -f trace.db*
	INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m exits_with 0 ./counts 8 300000 && calls trace.db work 2400000 && sound trace.db flags
}
check a_full_ring_waits_and_loses_nothing waits
check what_waits_for_the_drain_is_in_no_window_of_time windows trace.db
finish
