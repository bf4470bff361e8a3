#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# conditions.sh BUILD - of a wait for a condition, what was waiting for its lock behind the signal: counted as it is, for
# whom it was, and timed by the program's own clock.
#
# Between that clock and ours the machine may take the processor away: of five runs one has to agree on times. Counts agree
# in each.
. "$(dirname "$0")/trace.sh"

builds() {
	traced c "$programs/conditions.c" -pthread && traced c11 "$programs/conditions.c" -pthread -DC11 &&
		tracedxx cxx -x c++ "$programs/conditions.c" -pthread && traced O2 "$programs/conditions.c" -pthread -O2
}
check builds builds

compared() {
	sqlite3 -batch -bail :memory: "ATTACH 'trace.db' AS trace" "ATTACH 'own.db' AS known" "$1" >differs || return 1
	[ ! -s differs ] || { head -n 20 differs; return 1; }
}

# runs PROGRAM HOW WORKERS
runs() {
	rm -f trace.db* own.db
	exits_with 0 "./$@" && complete trace.db && sound trace.db || return 1
	sqlite3 -batch -bail own.db 'CREATE TABLE own (kind, address INTEGER, b INTEGER, c INTEGER, d INTEGER, e INTEGER)' \
		'.separator |' '.import out own' \
		"CREATE VIEW pairs AS SELECT address, b AS tid, c AS holder_tid, d AS waits, e AS wait_ns FROM own WHERE kind = 'pair'" \
		"CREATE VIEW everything AS SELECT address, b AS waits, c AS wait_ns, d AS lock_waits, e AS lock_ns FROM own WHERE kind = 'all'"
}

# Who waited for whom, how often: those who come back from a wait for the condition. (What else waits is not a worker.)
who() {
	compared "SELECT w.tid, h.tid, t.waits FROM locks l JOIN lock_threads t USING (lock_id) JOIN threads w USING (thread_id)
			JOIN threads h ON h.thread_id = t.holder_thread_id JOIN own o ON o.kind = 'worker' AND o.address = l.address AND o.b = w.tid WHERE t.waits
			EXCEPT SELECT tid, holder_tid, waits FROM pairs" &&
		compared "SELECT tid, holder_tid, waits FROM pairs WHERE waits EXCEPT SELECT w.tid, h.tid, t.waits FROM locks JOIN lock_threads t USING (lock_id)
			JOIN threads w USING (thread_id) JOIN threads h ON h.thread_id = t.holder_thread_id" &&
		compared "SELECT * FROM everything WHERE lock_waits <> (SELECT sum(contended) FROM lock_totals JOIN sites USING (site_id)
			WHERE name LIKE '%cond%' OR name LIKE 'cnd_%')" &&
		compared 'SELECT lock_id, lost, unknown FROM locks WHERE lost OR unknown'
}

# 1 %, or a tenth of a millisecond for each wait: what the lock was waited for, for whom, and what is left for the signal.
timed() {
	compared "SELECT p.*, ns FROM pairs p LEFT JOIN (SELECT w.tid, h.tid AS holder_tid, t.ticks * ns_per_tick AS ns FROM rate, locks l JOIN lock_threads t USING (lock_id)
			JOIN threads w USING (thread_id) JOIN threads h ON h.thread_id = t.holder_thread_id) t USING (tid, holder_tid)
			WHERE abs(coalesce(ns, 0) - wait_ns) > max(wait_ns * 0.01, 100000)" &&
		compared "SELECT e.*, blocked, waited FROM everything e, (SELECT sum(wait_ticks) * ns_per_tick AS waited FROM rate, lock_totals JOIN sites USING (site_id)
			WHERE name LIKE '%cond%' OR name LIKE 'cnd_%'), (SELECT sum(blocked_ns) AS blocked
			FROM block_contexts WHERE class = 'condition')
			WHERE (abs(waited - lock_ns) > max(lock_ns * 0.01, 100000 * lock_waits)
				OR abs((blocked - waited) - (wait_ns - lock_ns)) > max((wait_ns - lock_ns) * 0.01, 100000 * waits)) IS NOT 0"
}

# known PROGRAM HOW WORKERS WAITS: at least so many were for the lock
known() {
	for turn in 1 2 3 4 5; do
		runs "$1" "$2" "$3" && who || return 1
		compared "SELECT 'too few', * FROM everything WHERE lock_waits < $4" || return 1
		timed >differences && return 0
	done
	cat differences
	return 1
}

each() { for program in c c11 cxx O2; do known $program "$@" || { echo "by $program"; return 1; }; done; }
check each_waiter_waits_for_him_who_has_the_lock_behind_its_signal each one 4 8
check of_a_pool_only_the_one_that_woke_has_waited_for_the_lock each pool 8 20
check all_who_are_woken_at_once_wait_for_each_other each broadcast 16 79
check who_is_woken_within_its_time_limit_has_waited_for_the_lock known c timed 8 8
check so_it_is_with_that_of_c11 known c11 timed 4 4
check who_gives_up_has_not_waited_for_the_lock known c give_up 6 0

# Totals are the fold of what a decoder reads that is written from docs/format.md alone.
folded() { runs c timed 8 && "$build/tests/crash_verify" trace.db; }
check events_of_conditions_are_as_the_format_says folded

# The lock's page has them, as any wait.
told() {
	known c pool 8 20 && is own.db "SELECT waits, lock_waits FROM everything" '20|20' && lock=$(ask trace.db "SELECT lock_id FROM locks WHERE address = $(ask own.db 'SELECT address FROM everything')") &&
		exits_with 0 "$build/bin/instr-report" --locks --lock "$lock" && grep -Eq ' 20  20, 100.0% .* conditions.c:[0-9]+  pthread_cond_wait$' out && grep -q 'waits waited for take$' out || { cat out; return 1; }
}
check the_report_of_the_lock_has_such_waits told
finish
