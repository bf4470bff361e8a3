#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# threads.sh BUILD - threads that come and go, that outlive main, that come after the end.
. "$(dirname "$0")/trace.sh"

builds() {
	traced threads "$programs/threads.c" -pthread && traced static -static "$programs/threads.c" -pthread &&
		plain libforeign.so -shared -fPIC -DLIBRARY "$programs/foreign.c" -pthread &&
		traced foreign "$programs/foreign.c" -L. -lforeign "-Wl,-rpath,\$ORIGIN" -pthread
}
check builds builds

runs() { rm -f trace.db*; exits_with 0 ./threads "$@" && says out done && [ ! -s err ]; }

five_thousand() {
	runs churn 5000 && calls trace.db work 15000 && calls trace.db three 5000 && sound trace.db &&
		is trace.db 'SELECT sum(flags < 16) + sum(merged), sum(events) - sum(waits) - 2 * (SELECT sum(calls) FROM block_totals) - (SELECT sum(threads) FROM thread_creators) - (SELECT count(*) FROM thread_creations) FROM threads WHERE flags < 32' "5001|$((5000 * 8 + 6))" &&
		is trace.db "SELECT sum(calls), sum(failed) FROM block_contexts WHERE class = 'join'" '5000|0'
}
check five_thousand_short_threads_lose_nothing five_thousand
check what_they_did_in_windows_of_time_adds_up windows trace.db
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
# /proc counts otherwise than they do: a name that is not known is better than another's.
other_numbers() {
	unshare --pid --fork true 2>/dev/null || return 0 # not allowed here
	rm -f trace.db*
	unshare --pid --fork sh -c './threads names >out 2>err; status=$?; sleep 0.5; exit $status' && says out done && [ ! -s err ] &&
		complete trace.db && sound trace.db &&
		is trace.db "SELECT sum(name <> 'threads'), count(*) FROM threads" '0|4'
}
check no_thread_has_anothers_name_where_proc_has_other_numbers other_numbers
foreign() {
	rm -f trace.db*
	exits_with 0 ./foreign && says out done && [ ! -s err ] && complete trace.db 5 && sound trace.db &&
		calls trace.db callback_each 1500 && calls trace.db callback_last 300 &&
		is trace.db "SELECT f.calls - 1800 > 0 AND f.calls - 1800 - e.calls IN (0, -1, -2) FROM top f, top e
			WHERE f.function = 'called' AND e.function = 'callback_for_ever'" 1 &&
		is trace.db 'SELECT threads FROM summary' 303 && is trace.db "SELECT count(*), sum(t.depth) FROM tree t WHERE function LIKE 'callback%'" '3|3'
}
check threads_of_a_library_without_hooks_are_recorded foreign

# Few descriptors: it is recorded, or said that it cannot be; and the program does what it does without.
few_files() {
	for files in 3 4 5 6 7 8 10 12 15 20 23 24 25 26 30; do
		rm -f trace.db*
		(ulimit -n $files && exec ./static churn 200) >out 2>err || { echo "with $files: status $?"; return 1; }
		says out done || return 1
		if [ $files -lt 24 ]; then
			grep -q '^instr: cannot record: ' err && [ "$(wc -l <err)" -eq 1 ] && [ ! -e trace.db ] || { echo "with $files:"; cat err; return 1; }
		else
			[ ! -s err ] && calls trace.db work 600 && sound trace.db || { echo "with $files"; return 1; }
		fi
	done
}
check with_few_descriptors_it_records_or_says_that_it_cannot few_files
# The drain has its own: what the program takes or gives up later is no matter.
taken() { rm -f trace.db* && (ulimit -Sn 20 && exits_with 0 ./threads files) && says out done && [ ! -s err ] && calls trace.db work 3000 && sound trace.db; }
check a_program_may_use_up_all_its_descriptors taken
finish
