#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# threads.sh BUILD - threads that come and go, that outlive main, that come after the end.
. "$(dirname "$0")/trace.sh"

builds() { traced threads "$programs/threads.c" -pthread; }
check builds builds

runs() { rm -f trace.db*; exits_with 0 ./threads "$@" && says out done && [ ! -s err ]; }

five_thousand() {
	runs churn 5000 && calls trace.db work 15000 && calls trace.db three 5000 && sound trace.db &&
		is trace.db 'SELECT sum(flags < 16) + sum(merged), sum(events) - sum(waits) FROM threads WHERE flags < 32' "5001|$((5000 * 8 + 6))"
}
check five_thousand_short_threads_lose_nothing five_thousand
# 50 live ones hold 50 sub-buffers; the pool must not grow with the threads that are gone.
small_pool() { INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=4m runs churn 5000 && calls trace.db work 15000 && sound trace.db; }
check what_dead_threads_held_is_used_again small_pool

# What each thread had counted when the process ended is in the trace; at most one call more.
still_running() {
	runs detached && complete trace.db 5 || return 1
	od -An -v -w64 -tu8 counters | awk '{ n += $1 } END { print n }' >counted
	sound trace.db && is trace.db "SELECT calls - $(cat counted) BETWEEN 0 AND 8 FROM top WHERE function = 'work'" 1 &&
		is trace.db "SELECT count(*) FROM open_calls WHERE function = 'count_for_ever' AND depth = 0" \
			"$(od -An -v -w64 -tu8 counters | awk '$1 > 0' | wc -l)"
}
check threads_that_still_run_at_exit_are_recorded_to_their_end still_running
after_the_flush() { runs late && complete trace.db 5 && calls trace.db work 4000 && calls trace.db late_work 4 && sound trace.db; }
check what_destructors_and_their_threads_do_is_recorded after_the_flush
main_leaves() { exits_with 0 ./threads leave && complete trace.db 5 && calls trace.db work 3 && sound trace.db; }
rm -f "$scratch"/trace.db*
check main_may_leave_by_pthread_exit main_leaves
have_names() {
	runs names && is trace.db "SELECT group_concat(name, ',') FROM (SELECT name FROM threads ORDER BY name)" 'fifteen letters,reader,threads,writer'
}
check threads_have_the_name_last_seen have_names
finish
