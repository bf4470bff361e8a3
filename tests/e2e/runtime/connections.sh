#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# connections.sh BUILD [PARTS THREADS AT_ONCE] - servers with a thread for each connection: every call of
# every thread is counted, and memory, file and time per thread do not grow with how many there were.
# With three more arguments only the latter is asked: "4 250000 50" is a million.
. "$(dirname "$0")/trace.sh"
exec 3>&2 # what is said although nothing has failed

builds() { traced connections "$programs/connections.c" -pthread; }
check builds builds

run() { rm -f trace.db* && ./connections "$@" <&- >out 2>err && [ ! -s err ]; }
# all THREADS [MAINS FILE OPEN]: there were so many threads, all of which made their calls; the oldest are merged
all() {
	calls "${3:-trace.db}" answer $(($1 * 4)) && calls "${3:-trace.db}" serve $(($1 * 2)) && calls "${3:-trace.db}" connection "$1" &&
		is "${3:-trace.db}" "SELECT threads, (SELECT sum(threads) FROM process_list), events_lost, open_calls FROM summary" \
			"$(($1 + ${2:-1}))|$(($1 + ${2:-1}))|0|${4:-0}" &&
		is "${3:-trace.db}" "SELECT count(*) FILTER (WHERE flags < 16) + sum(merged), sum(merged) > 0 FROM threads WHERE flags < 32" \
			"$(($1 + ${2:-1}))|1"
}

ten_thousand() {
	run mixed 1 10000 50 && sound trace.db && all 10000 &&
		is trace.db "SELECT sum(calls), sum(calls > 0) FROM tree WHERE function = 'answer' AND depth = 3" '40000|1' &&
		is trace.db "SELECT sum(unwound) FROM function_totals JOIN functions USING (function_id)
			WHERE process_id = 0 AND name = 'serve'" 1000 &&
		is trace.db "SELECT sum(events) = sum(c.e) FROM threads LEFT JOIN (SELECT thread_id, sum(events) AS e FROM chunks GROUP BY 1) c
			USING (thread_id) WHERE flags < 16" 1
}
check ten_thousand_threads_are_all_counted ten_thousand
# What a thread's own row of a context would be is in the sum, to the last column.
reports() {
	merged=$(ask trace.db "SELECT sum(merged) FROM threads") &&
		"$build/bin/instr-report" trace.db >said && grep -q "^$(printf %s "$merged" | sed 's/\(.*\)\(...\)$/\1,\2/') threads ended and are merged into \"ended threads\"" said &&
		grep -q '10,001 threads' said && grep -q 'nothing lost' said || { cat said; return 1; }
	"$build/bin/instr-report" trace.db --thread 'ended threads' --format csv | grep -q "^answer,.*,$((merged * 4))," &&
		"$build/bin/instr-report" trace.db --thread 'ended threads' --tree >said && grep -q 'answer' said || return 1
	"$build/bin/instr-report" trace.db --thread 2 >said 2>&1
	[ $? -eq 2 ] && grep -q 'no thread 2 by itself' said || { cat said; return 1; }
}
check reports_say_how_many_are_merged_and_show_them reports

half_a_thousand() { run together 2 500 500 && sound trace.db && calls trace.db answer 4000 && is trace.db 'SELECT threads FROM summary' 1001; }
check five_hundred_threads_at_once_are_all_counted half_a_thousand
two_thousand() { run together 1 2000 2000 && sound trace.db && all 2000; }
check two_thousand_threads_at_once_are_all_counted two_thousand

# Calls that their thread has left by its end are not open: it is gone.
ends_unwound() {
	run "$1" 1 3000 50 && sound trace.db && all 3000 && is trace.db "SELECT name, returns, unwound, open FROM function_totals
		JOIN functions USING (function_id) WHERE process_id = 0 AND name IN ('connection', 'end', 'serve') ORDER BY 1" \
		"connection|0|3000|0
end|0|3000|0
serve|3000|3000|0"
}
check pthread_exit_ends_the_calls_of_its_thread ends_unwound exit
check cancelling_a_thread_ends_its_calls ends_unwound cancel

each_process() {
	run fork 1 2500 50 && complete trace.db && sound trace.db orphans threads && calls trace.db answer $((7500 * 4)) &&
		is trace.db 'SELECT group_concat(threads) FROM (SELECT threads FROM process_list ORDER BY 1)' '2501,5001' &&
		is trace.db 'SELECT count(*), min(merged) > 1000, count(DISTINCT process_id) FROM threads WHERE flags & 16' '2|1|2'
}
check each_process_merges_its_own each_process

# Totals of ended threads are in the file alone. A drain that takes over reads them there.
is_replaced() {
	rm -f trace.db*
	INSTR_OPTIONS=$1 ./connections mixed 1 12000 50 <&- >out 2>err &
	program=$!
	killed=0
	for turn in 1 2 3 4 5 6; do
		sleep 0.25
		kill -0 $program 2>/dev/null && drain_of $program && kill -9 "$drain" && killed=$((killed + 1))
	done
	wait $program || return 1
	while kill -0 "$drain" 2>/dev/null; do sleep 0.01; done # the last one may be the one that was killed
	said=$("$build/bin/instr-recover" trace.db) && [ $killed -gt 0 ] || { echo "$said"; return 1; }
	complete trace.db || return 1
	# Where no drain was there at the end, nobody saw threads end in pthread_exit: three calls of each are open.
	open=0
	case $said in *': completed') open=$(ask trace.db "SELECT open_calls FROM summary WHERE open_calls % 3 = 0") ;; esac
	# For two seconds without a drain all wait; a machine may be too busy to start one in that time.
	if [ "$(ask trace.db 'SELECT count(*) FROM losses WHERE totals_kept = 0')" -gt 0 ]; then
		sound trace.db lost ${2:-} && is trace.db "SELECT events_lost >= (SELECT sum(lost_events) FROM threads WHERE flags < 16) FROM summary" 1
		return
	fi
	sound trace.db ${2:-} && all 12000 1 trace.db "${open:-a multiple of 3}"
}
check a_drain_that_is_killed_while_threads_are_merged_leaves_exact_sums is_replaced events=on
check and_where_no_events_are_kept is_replaced events=off chunks
is_recovered() {
	rm -f trace.db*
	./connections mixed 1 1000000 50 <&- >out 2>err &
	program=$!
	sleep 1.3
	drain_of $program && kill -9 "$drain" $program
	wait $program
	while kill -0 "$drain" 2>/dev/null; do sleep 0.01; done # it is nobody's child here
	"$build/bin/instr-recover" trace.db && sound trace.db || return 1
	counted=$(od -An -v -w64 -tu8 -N8 counters)
	is trace.db "SELECT sum(calls) - $counted BETWEEN 0 AND 4 * 50, (SELECT sum(merged) > 0 FROM threads) FROM top WHERE function = 'answer'" '1|1'
}
check what_is_left_of_both_is_completed is_recovered

# Lost events are counted by thread. Those of merged threads stay counted, each once. (Threads that have found
# no slot at all, which a slow drain has not freed, are counted by process.)
losses() {
	INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m:overflow=drop:block=off:thread=off run return 1 12000 200 &&
		is trace.db "SELECT sum(lost_events) = (SELECT sum(events) FROM losses WHERE cause = 'ring full' AND thread_id IS NOT NULL),
			sum(lost_events) > 0, (SELECT lost_events > 0 FROM threads WHERE flags & 16) FROM threads" '1|1|1' &&
		is trace.db "SELECT count(*) FROM losses l LEFT JOIN threads t USING (thread_id) WHERE l.thread_id IS NOT NULL AND
			(t.thread_id IS NULL OR l.events <> t.lost_events)" 0 &&
		is trace.db "SELECT events_lost + (SELECT sum(events) FROM threads) - 18 * 12000 - 4 BETWEEN 0 AND 12000 FROM summary" 1 # gaps are events
}
check losses_of_merged_threads_stay_counted losses

# measure FILE: KiB of memory of the program and of its drain (without the ring), KiB of the trace, ms of CPU of the drain
measure() {
	drain_of $program || return 1
	awk -v file="$(ls -l trace.db trace.db-wal 2>/dev/null | awk '{ n += $5 } END { print n / 1024 }')" -v hertz="$(getconf CLK_TCK)" '
		FILENAME ~ /stat$/ { cpu = ($14 + $15) * 1000 / hertz; next }
		/^RssAnon/ { rss[FILENAME] = $2 }
		END { printf "%d %d %d %d\n", rss[ARGV[1]], rss[ARGV[2]], file, cpu }' \
		"/proc/$program/status" "/proc/$drain/status" "/proc/$drain/stat"
}
# is_flat OPTIONS PARTS THREADS AT_ONCE: what each part adds is no more than what the second did, but for
# noise: 3 MiB of memory (of the drain 5: on a busy machine more wait for it, and a table may grow late), 1 MiB of file, three times the CPU time per thread and 100 ms
is_flat() {
	rm -f trace.db* in parts measured
	mkfifo in parts
	INSTR_OPTIONS=$1 ./connections mixed "$2" "$3" "$4" <in >parts &
	program=$!
	exec 8>in 9<parts
	part=0
	while read -r said <&9; do
		sleep 1.5 # the drain is done with it, and has made a checkpoint
		measure >>measured || return 1
		part=$((part + 1))
		echo go >&8
	done
	exec 8>&- 9<&-
	wait $program && sound trace.db chunks && all $(($2 * $3)) || return 1
	awk -v last="$2" '
		{ for (i = 1; i <= 4; i++) at[NR, i] = $i; print "after part " NR ": program " $1 " KiB, drain " $2 " KiB, file " $3 " KiB, drain " $4 " ms" }
		END {
			bad = NR != last
			if (at[NR, 1] > at[2, 1] + 3072) { print "the program grows"; bad = 1 }
			if (at[NR, 2] > at[2, 2] + 5120) { print "its drain grows"; bad = 1 }
			if (at[NR, 3] > at[2, 3] + 1024) { print "the file grows"; bad = 1 }
			if (at[NR, 4] - at[NR - 1, 4] > 3 * (at[2, 4] - at[1, 4]) + 100) { print "time per thread grows"; bad = 1 }
			exit bad
		}' measured >said
	flat=$?
	[ -z "$verbose" ] || cat said >&3
	[ $flat -eq 0 ] || cat said
	return $flat
}
verbose=${2:+yes}
check without_events_all_stays_flat is_flat events=off "${2:-4}" "${3:-4000}" "${4:-50}"
check with_max_db_bytes_all_stays_flat is_flat max_db_bytes=2m "${2:-4}" "${3:-4000}" "${4:-50}"
finish
