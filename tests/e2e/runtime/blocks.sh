#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# blocks.sh BUILD - calls that may block, of programs that count and measure them themselves.
. "$(dirname "$0")/trace.sh"

builds() {
	traced blocking "$programs/blocking.c" -pthread && traced blocking-O2 "$programs/blocking.c" -pthread -O2 &&
		traced manners "$programs/blocking_manners.c" -pthread -w && plain manners-plain "$programs/blocking_manners.c" -pthread -w &&
		traced manners-unwind "$programs/blocking_manners.c" -pthread -w -fexceptions &&
		plain manners-unwind-plain "$programs/blocking_manners.c" -pthread -w -fexceptions
}
check builds builds

# What the trace has, in the lines of the program: a class, its descriptor, calls, failed, bytes, ns. (usleep is the
# child's, which the program does not count.)
lines="SELECT class || ' ' || coalesce(descriptor, '-'), sum(calls), sum(failed), sum(bytes), sum(blocked_ns)
	FROM block_contexts WHERE called <> 'usleep' GROUP BY class, descriptor ORDER BY 1"
# agrees [SLACK_NS]: counts are what the program has counted. With a slack, times are as it has measured them around the
# same calls, and miss at most one percent and a millisecond of them, what the program has waited for the drain or a processor,
# and so much for each call; 3 if only they do not agree.
agrees() {
	ask trace.db "$lines" | tr '|' ' ' | sort >traced.sums && sort out >own.sums || return 1
	waited=$(ask trace.db 'SELECT sum(wait_ns) + coalesce(sum(ready_ns), 0) FROM thread_list')
	paste -d ' ' own.sums traced.sums | awk -v slack="${1:-none}" -v waited="$waited" '
		$1 != $7 || $2 != $8 || $3 != $9 || $4 != $10 || $5 != $11 { print "counted and traced: " $0; bad = 1 }
		{ miss = $6 - $12; most = $6 / 100 + 1000000 + waited + slack * $3 }
		slack != "none" && (miss < -$6 / 1000 - 1000 || miss > most) { print "measured and traced: " $0; far = 1 }
		END { if (NR < 5) print NR " lines"; exit bad || NR < 5 ? 1 : far ? 3 : 0 }'
}

# agree_once SLACK_NS PROGRAM ARGUMENT...: counts in each of some runs, times in one: between the clocks of the program and
# ours it may be stopped for as long as others want the processor.
agree_once() {
	agree_slack=$1
	shift
	for turn in 1 2 3 4 5; do
		rm -f trace.db*
		exits_with 0 "$@" && complete trace.db 30 && sound trace.db || return 1
		agrees "$agree_slack"
		agree_status=$?
		[ $agree_status = 3 ] || return $agree_status
	done
	return 1
}
check known_waits_of_two_threads_are_in_the_trace agree_once 2000 ./blocking waits 1
check so_are_those_of_eight agree_once 2000 ./blocking-O2 waits 4

loaded() {
	busy=
	for i in $(seq $((2 * $(nproc)))); do
		sh -c 'while :; do :; done' &
		busy="$busy $!"
	done
	rm -f trace.db*
	exits_with 0 ./blocking waits 2 && complete trace.db 30 && sound trace.db && agrees
	loaded_status=$?
	kill $busy
	wait $busy 2>/dev/null
	return $loaded_status
}
check counts_are_exact_under_load loaded

often() {
	agree_once 100 ./blocking-O2 many 200000 &&
		is trace.db "SELECT sum(calls), sum(failed) FROM block_totals JOIN sites USING (site_id) WHERE family = 'read'" '450000|50000'
}
check a_million_calls_are_counted_to_the_byte often

# The drain stands still for half a second, and the program for it: that is nobody's time in a call.
standing_drain() {
	rm -f trace.db*
	INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m ./blocking-O2 many 1000000 >out 2>err &
	program=$!
	drain_of $program || return 1
	kill -STOP "$drain"
	sleep 0.5 # fills the ring in some hundredths of it
	kill -CONT "$drain"
	wait $program && complete trace.db 30 && sound trace.db && agrees &&
		is trace.db 'SELECT sum(waits) > 0, sum(wait_ns) > 200000000 FROM thread_list' '1|1' &&
		is trace.db 'SELECT max(longest_ns) < 200000000 FROM block_contexts' 1
}
check waiting_for_the_drain_is_no_time_in_a_call standing_drain

check a_program_sees_no_difference as_plain manners
check nor_one_that_unwinds_when_it_is_cancelled as_plain manners-unwind

# Descriptors that change what they are of from one call to the next, calls that failed, calls of every class.
kinds() {
	rm -f trace.db*
	exits_with 0 ./manners && complete trace.db && sound trace.db &&
		is trace.db "SELECT class, descriptor, sum(calls), sum(failed), sum(bytes) FROM block_contexts
			WHERE class NOT IN ('sleep', 'poll') GROUP BY 1, 2 ORDER BY 1, 2" 'accept|socket|2|1|0
child||3|1|0
connect|socket|1|0|0
join||3|0|0
open||1|1|0
open|file|1|0|0
read|file|1|0|3
read|pipe|3|3|0
read|socket|3|0|11
read|unknown|1|1|0
signal||2|0|0
sync|file|1|0|0
write|file|1|0|7
write|socket|4|0|11'
}
check each_descriptor_is_what_it_is_at_the_moment kinds

# A call that has not returned does not count; the function that is in it is open.
hangs() {
	rm -f trace.db*
	"./blocking" hangs >out 2>err
	complete trace.db && is trace.db "SELECT count(*) FROM block_contexts WHERE class = 'read'" 0 &&
		is trace.db 'SELECT count(*) FROM chunks WHERE operations >> 25 & 1' 2 &&
		is trace.db "SELECT function FROM open_calls WHERE depth = 0 ORDER BY 1" 'main
wait_for_ever' && is trace.db "SELECT function, called, class, age_ns BETWEEN 500000000 AND 1e10, line > 0
			FROM open_block_list" 'wait_for_ever|read|read|1|1'
}
check a_call_that_never_returned_is_not_counted_but_open hangs

# What threads are in that do nothing any more: while they hang, when they were killed, and at a time, from the events.
printf '%s\n' '1 blocked 0 pthread_join' '1 handles 0 poll' '1 handles 1 read' '1 jumps 0 pause' '1 reads 0 read' '1 waits_too 0 poll' >"$scratch/should"
now_in() {
	"$build/bin/instr-report" --stacks --format csv "$@" 2>/dev/null | tr -d '\r' |
		awk -F, '$13 == "blocks" { print $2, $5, $6, $14 }' | sort >got
	cmp -s got "$scratch/should"
}
blocked() {
	traced blocked "$programs/blocked.c" -pthread -O1 && rm -f trace.db* || return 1
	./blocked >out 2>err &
	program=$!
	for turn in $(seq 40); do
		now_in && break
		sleep 0.25 # until a checkpoint has it
	done
	diff "$scratch/should" got && "$build/bin/instr-report" --stacks | grep -A1 ': left (' | grep -q 's  left  ' && kill -9 $program || return 1
	wait $program
	complete trace.db && sound trace.db messages && now_in || { diff "$scratch/should" got; return 1; }
	now_in --at "$(ask trace.db 'SELECT duration_ns - 1000000 FROM summary')ns" || { diff "$scratch/should" got; return 1; }
	"$build/bin/instr-report" --blocks | tr '\n' ' ' | grep -q 'not counted: 6 calls open at the end, the longest (\(poll\|read\)) for'
}
check what_threads_hang_in_is_in_their_stacks blocked

switched_off() {
	rm -f trace.db*
	INSTR_OPTIONS=block=off exits_with 0 ./blocking many 10 && complete trace.db && sound trace.db &&
		is trace.db 'SELECT count(*) FROM block_totals' 0 || return 1
	rm -f trace.db*
	traced off "$programs/blocking.c" -pthread --instr=block=off && exits_with 0 ./off many 10 && complete trace.db &&
		sound trace.db && is trace.db "SELECT count(*) FROM sites WHERE kind = 'block'" 0
}
check block_off_records_none switched_off

# Nothing is asked of the system there.
sandboxed() {
	rm -f trace.db*
	INSTR_OPTIONS=sandbox=on exits_with 0 ./blocking many 10 && complete trace.db && sound trace.db losses lost messages &&
		is trace.db "SELECT DISTINCT descriptor FROM block_contexts WHERE class IN ('read', 'write')" unknown
}
check with_sandbox_the_kinds_are_not_known sandboxed

# The drain is killed again and again; the next one goes on from the checkpoint and the chunks behind it.
killed_drains() {
	rm -f trace.db*
	./blocking-O2 many 1500000 >out 2>err &
	program=$!
	kills=0
	while kill -0 $program 2>/dev/null && [ $kills -lt 3 ]; do
		sleep 0.4 # lets it come to some point or other
		drain_of $program >/dev/null 2>&1 && kill -9 "$drain" 2>/dev/null && kills=$((kills + 1))
	done
	wait $program || return 1
	[ $kills -gt 0 ] || { echo "no drain was killed"; return 1; }
	complete trace.db 30 && sound trace.db messages && agrees
}
check a_drain_that_is_killed_loses_no_call killed_drains

reports() {
	rm -f trace.db*
	exits_with 0 ./blocking waits 1 && complete trace.db || return 1
	"$build/bin/instr-report" --blocks >shown && grep -q 'recv  *socket  *wait_for_it' shown && ! grep -q nanosleep shown &&
		grep -q '^idle, and not shown: .*(poll, sleep): --all shows them$' shown || { cat shown; return 1; }
	"$build/bin/instr-report" --blocks --all --by context >shown && grep -q nanosleep shown && grep -q 'waits < main' shown || { cat shown; return 1; }
	"$build/bin/instr-report" --blocks --by site --format csv >shown 2>err && grep -q recv shown && ! grep -q poll shown && grep -q 'not shown' err ||
		{ cat shown err; return 1; }
	"$build/bin/instr-report" --blocks --sort calls --show-sql | sqlite3 -readonly trace.db >shown && grep -q pthread_join shown || { cat shown; return 1; }
}
check reports_show_them_and_say_what_they_hide reports

finish
