#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lock_truth.sh BUILD - waits and holds that are known: counts are exact, times are those of the program's own clock, and each
# moment of a wait is charged to the right thread, and to what that one did.
#
# Between a reading of the program's clock and one of ours the machine may take the processor away. Then the times of that
# run are not known: of three runs one has to agree. Counts agree in each.
. "$(dirname "$0")/trace.sh"

builds() { traced truth "$programs/lock_truth.c" -pthread && traced handed "$programs/lock_handed.c" -pthread -O1; }
check builds builds

# compared SQL: what it selects from the trace and from `own`, `pairs`, `chains`, which is what the program says. No row: all is well.
compared() {
	sqlite3 -batch -bail :memory: "ATTACH 'trace.db' AS trace" "ATTACH 'own.db' AS known" "$1" >differs || return 1
	[ ! -s differs ] || { head -n 20 differs; return 1; }
}

# runs HOW THREADS
runs() {
	rm -f trace.db* own.db
	exits_with 0 ./truth "$@" && complete trace.db && sound trace.db || return 1
	sqlite3 -batch -bail own.db 'CREATE TABLE own (kind, address INTEGER, b INTEGER, c INTEGER, d INTEGER, e INTEGER, f INTEGER, g INTEGER)' \
		'.separator |' '.import out own' \
		"CREATE VIEW slack AS SELECT 1000 + 2 * address AS wait_ns FROM own WHERE kind = 'clock'" \
		"CREATE VIEW known AS SELECT address, b AS mode, c AS taken, d AS waits, e AS wait_ns, f AS holds, g AS hold_ns FROM own WHERE kind = 'lock'" \
		"CREATE VIEW pairs AS SELECT address, b AS tid, c AS holder_tid, d AS waits, e AS wait_ns FROM own WHERE kind = 'pair'" \
		"CREATE VIEW chains AS SELECT address, b AS chained_ns, c AS other_ns, d AS next_address, e AS slept_ns FROM own WHERE kind = 'chain'" \
		"CREATE VIEW calls AS SELECT address, b AS name, c AS calls, d AS ns, e AS longest_ns FROM own WHERE kind = 'call'" || return 1
}

# who HOW THREADS - how often who took, held, waited for what, and whom.
who() {
	[ "$(sqlite3 own.db 'SELECT count(*) FROM known')" -ge 1 ] && [ "$(sqlite3 own.db 'SELECT count(*) FROM pairs')" -ge $(($2 - 1)) ] || return 1
	compared "SELECT address, mode, sum(acquisitions), sum(contended), sum(holds), sum(failed) FROM locks JOIN lock_totals USING (lock_id)
			WHERE address NOT IN (SELECT address FROM own WHERE kind = 'first') GROUP BY 1, 2
			EXCEPT SELECT address, mode, taken, waits, holds, 0 FROM known" &&
		compared 'SELECT address, mode, taken, waits, holds, 0 FROM known EXCEPT
			SELECT address, mode, sum(acquisitions), sum(contended), sum(holds), sum(failed) FROM locks JOIN lock_totals USING (lock_id) GROUP BY 1, 2' &&
		compared 'SELECT address, tid, holder_tid, waits FROM pairs WHERE waits EXCEPT
			SELECT address, w.tid, h.tid, t.waits FROM locks JOIN lock_threads t USING (lock_id) JOIN threads w USING (thread_id) JOIN threads h ON h.thread_id = t.holder_thread_id' &&
		compared 'SELECT lock_id, lost, unknown FROM locks WHERE lost OR unknown'
}

# Times: 1 %, or 1 µs and what reading the clock costs for each wait or hold; of what part of a wait is for whom, 5 µs: where that
# begins and ends is said by the clocks of three threads.
timed() {
	compared 'SELECT k.*, t.* FROM known k, slack JOIN (SELECT address, mode, sum(wait_ticks * ns_per_tick) AS wait, sum(hold_ticks * ns_per_tick) AS hold
			FROM rate, locks JOIN lock_totals USING (lock_id) GROUP BY 1, 2) t USING (address, mode)
			WHERE abs(wait - k.wait_ns) > max(k.wait_ns * 0.01, k.waits * slack.wait_ns) OR abs(hold - k.hold_ns) > max(k.hold_ns * 0.01, k.holds * slack.wait_ns)' &&
		compared 'SELECT p.*, wait FROM slack, pairs p LEFT JOIN (SELECT address, w.tid, h.tid AS holder_tid, ticks * ns_per_tick AS wait
			FROM rate, locks JOIN lock_threads t USING (lock_id) JOIN threads w USING (thread_id) JOIN threads h ON h.thread_id = t.holder_thread_id) t
			USING (address, tid, holder_tid) WHERE abs(coalesce(wait, 0) - p.wait_ns) > max(p.wait_ns * 0.01, p.waits * slack.wait_ns, 5000)'
}

# known HOW THREADS
known() {
	for turn in 1 2 3; do
		runs "$@" && who "$@" || return 1
		timed >differences && { [ "$1" != chain ] || chained "$2" >differences; } && return 0
	done
	cat differences
	return 1
}

# Who waits for one who waits himself: that time has his wait's row, the rest of it has none, and where he sleeps, that call's.
# Of a chain eight are told.
chained() {
	compared "SELECT address, c.*, t.* FROM slack, chains c LEFT JOIN (SELECT l.address, total(iif(w.holder_wait_id, w.ticks, 0)) * ns_per_tick AS chained,
			total(iif(w.holder_wait_id, 0, w.ticks)) * ns_per_tick AS other, total(iif(s.name = 'usleep', w.ticks, 0)) * ns_per_tick AS slept, min(n.address) AS a, max(n.address) AS b
			FROM rate, locks l JOIN lock_waits w USING (lock_id) LEFT JOIN lock_waits m ON m.wait_id = w.holder_wait_id LEFT JOIN locks n ON n.lock_id = m.lock_id
			LEFT JOIN sites s ON s.site_id = w.call_site_id GROUP BY 1) t USING (address)
			WHERE (abs(chained - chained_ns) > max(chained_ns * 0.01, slack.wait_ns) OR abs(other - other_ns) > max(other_ns * 0.01, slack.wait_ns)
				OR abs(slept - slept_ns) > max(slept_ns * 0.01, slack.wait_ns) OR coalesce(a, 0) <> next_address OR coalesce(b, 0) <> next_address) IS NOT 0" &&
		is trace.db "WITH RECURSIVE c (wait_id, links) AS (SELECT wait_id, 0 FROM lock_waits UNION ALL
			SELECT w.holder_wait_id, links + 1 FROM c JOIN lock_waits w USING (wait_id) WHERE w.holder_wait_id IS NOT NULL)
			SELECT max(links) FROM c" "$(($1 - 2 < 7 ? $1 - 2 : 7))"
}

each_number() { for n in 2 4 16 64; do known "$1" $n || { echo "with $n threads"; return 1; }; done; }
check who_waits_for_a_mutex_is_counted_and_timed_as_it_is each_number queue
check a_wait_for_one_who_waits_has_his_wait_apart_from_other_time each_number chain
check who_writes_and_who_reads_is_counted_and_timed_as_it_is each_number rw
check a_mutex_handed_round_is_charged_to_each_one_before each_number ring

# Beside the call itself the program sees its hook find out what the descriptor is of, which is a system call: 5 µs.
inside() {
	for turn in 1 2 3; do
		runs inside "$1" || return 1
		compared "SELECT address, name, calls FROM calls EXCEPT SELECT address, name, sum(calls) FROM locks JOIN lock_calls k USING (lock_id)
				JOIN sites s ON s.site_id = k.call_site_id GROUP BY 1, 2" && is trace.db 'SELECT count(*), sum(calls) FROM lock_calls' "5|$(($1 * 50))" || return 1
		compared 'SELECT c.*, t.* FROM calls c LEFT JOIN (SELECT address, name, sum(ticks) * ns_per_tick AS took, max(max_ticks) * ns_per_tick AS longest
			FROM rate, locks JOIN lock_calls k USING (lock_id) JOIN sites s ON s.site_id = k.call_site_id GROUP BY 1, 2) t USING (address, name)
			WHERE (abs(took - ns) > max(ns * 0.01, calls * 5000) OR abs(longest - longest_ns) > max(longest_ns * 0.01, 5000)) IS NOT 0' \
			>differences && break
		[ $turn -lt 3 ] || { cat differences; return 1; }
	done
	lock=$(ask trace.db 'SELECT lock_id FROM lock_orders') && exits_with 0 "$build/bin/instr-report" --locks --lock "$lock" || return 1
	for line in 'usleep  inside lock_truth.c:' 'write  inside lock_truth.c:' 'nanosleep  inside lock_truth.c:' 'fsync  inside lock_truth.c:'; do
		says out "$line" || return 1
	done
	grep -Eq "^ +[^ ]+ +$(($1 * 10)) +[^ ]+ +lock mutexes\[1\]  inside lock_truth.c:" out || { cat out; return 1; }
}
check calls_that_block_and_locks_within_a_lock_are_counted_and_timed_as_they_are inside 4

# handed THREADS TURNS
handed() {
	rm -f trace.db*
	exits_with 0 ./handed "$@" && complete trace.db && sound trace.db && is trace.db 'SELECT sum(lost), sum(unknown),
		(SELECT sum(acquisitions) || " " || sum(holds) FROM lock_totals) FROM locks' "0|0|$(($1 * $2)) $(($1 * $2))"
}
many_times_handed() { handed 2 500000 && handed 3 300000 && handed 2 500000 && handed 4 200000; }
check no_hold_is_lost_of_a_lock_that_is_handed_on_at_once many_times_handed
finish
