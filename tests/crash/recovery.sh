#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# recovery.sh BUILD [TURNS] - what readers do with a run whose program and drain are dead.
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
turns=${2:-6}

check builds crowd_builds

start() {
	rm -rf trace*.db* counters
	"$scratch/crowd" "$1" 1000000000 "$scratch/libcrowd.so" &
	program=$!
	drain_of $program && until [ -s trace.db ] && [ "$(counted)" -gt "$2" ]; do sleep 0.01; done
}
leave_a_dead_run() {
	start "$1" "$2" || return 1
	kill -9 "$drain" $program
	wait $program
	[ -e "$ring/ring" ]
}

# Each of them shows the whole trace, whoever completes it.
readers_at_once() {
	turn=0
	while [ $turn -lt "$turns" ]; do
		turn=$((turn + 1))
		leave_a_dead_run threads $((turn % 3 * 100000 + 1)) || return 1
		readers=
		for reader in 1 2 3 4; do
			if [ $reader -lt 4 ]; then
				timeout 60 "$build/bin/instr-report" trace.db >report.$reader 2>&1 &
			else
				timeout 60 "$build/bin/instr-recover" trace.db >report.$reader 2>&1 &
			fi
			readers="$readers $!"
		done
		for pid in $readers; do
			wait "$pid" || { echo "exit status $? in turn $turn"; cat report.*; return 1; }
		done
		exact trace.db counters 3 && [ ! -e "$ring" ] || { echo "in turn $turn"; cat report.*; return 1; }
		"$build/bin/instr-report" trace.db >whole
		for reader in 1 2 3; do
			cmp -s report.$reader whole || { echo "in turn $turn one of them says"; cat report.$reader; echo "the trace is"; cat whole; return 1; }
		done
		grep -qE ': (completed|complete: |nothing to complete)' report.4 || { cat report.4; return 1; }
	done
}
check readers_at_once_complete_it_once_and_each_shows_all_of_it readers_at_once

beside_a_live_drain() {
	start threads 1000 || return 1
	before=$drain
	for reader in 1 2 3; do
		exits_with 0 "$build/bin/instr-recover" trace.db && says out 'still running' || return 1
	done
	drain_of $program && [ "$drain" = "$before" ] && [ "$(ask trace.db "SELECT value FROM run WHERE key = 'state'")" = recording ] || return 1
	kill -9 $program
	wait $program
	exact trace.db counters 3
}
check a_live_run_is_left_to_its_drain beside_a_live_drain

# The lease is what counts, not whether its holder moves.
beside_a_stopped_drain() {
	start threads 100000 || return 1
	kill -STOP "$drain"
	kill -9 $program
	wait $program
	exits_with 0 timeout 60 "$build/bin/instr-recover" trace.db && says out 'left alone' && [ -e "$ring/ring" ] || return 1
	kill -CONT "$drain"
	exact trace.db counters 3 && [ ! -e "$ring" ]
}
check a_drain_that_is_stopped_keeps_its_run beside_a_stopped_drain

again() {
	leave_a_dead_run threads 200000 && exits_with 0 "$build/bin/instr-recover" trace.db && says out ': completed' || return 1
	cp trace.db first
	exits_with 0 "$build/bin/instr-recover" trace.db && says out 'nothing to complete' &&
		exits_with 0 "$build/bin/instr-report" trace.db && cmp trace.db first && exact trace.db counters 3 && [ ! -e "$ring" ] &&
		is trace.db "SELECT value FROM run WHERE key = 'state'" recovered
}
check recovery_is_idempotent again

# The folder may be read and not written: readers complete a copy, of which nothing stays.
read_only() {
	[ "$own" = 1 ] || return 0 # not allowed here
	mkdir -p folder tmp && cd folder && leave_a_dead_run threads 300000 && cd .. || return 1
	mount --bind folder folder && mount -o remount,ro,bind folder || return 1
	find "$ring" folder -type f -exec cksum {} + >before
	export TMPDIR="$scratch/tmp"
	exits_with 0 timeout 60 "$build/bin/instr-report" folder/trace.db && mv out out.read || return 1
	timeout 60 "$build/bin/instr-recover" folder/trace.db >recover.out 2>&1
	grep -q 'trace.db: it may not be written' recover.out || { cat recover.out; return 1; }
	find "$ring" folder -type f -exec cksum {} + >after
	cmp before after && [ -z "$(ls tmp)" ] || { ls -R tmp; cat before after; return 1; }
	# Nor does the sweep of a later run take what it cannot complete.
	sleep 11
	mkdir -p other && (cd other && exec "$scratch/crowd" churn 1 "$scratch/libcrowd.so")
	sleep 1
	[ -e "$ring/ring" ] || { echo "the ring is gone"; return 1; }
	umount folder || return 1
	"$build/bin/instr-report" folder/trace.db >out.written && exact folder/trace.db folder/counters 3 && [ ! -e "$ring" ] &&
		sed 's,^.*/crowd ,crowd ,' out.written >a && sed 's,^.*/crowd ,crowd ,' out.read >b && cmp a b
}
read_only_or_not() { read_only && return 0; umount "$scratch/folder"; return 1; }
check a_trace_that_may_not_be_written_is_shown_whole_and_left_as_it_is read_only_or_not

# A dead run of which so much is in the ring alone that it cannot find room in pages that the file has already.
leave_much_in_the_ring() {
	start threads 1 && kill -STOP "$drain" || return 1
	much=$(($(counted) + 30000)) much_last=0 much_still=0
	while much_now=$(counted) && [ "$much_now" -le $much ] && [ $much_still -lt 20 ]; do # still: it waits, the ring is full
		much_still=$((much_now == much_last ? much_still + 1 : 0)) much_last=$much_now
		sleep 0.01
	done
	kill -9 "$drain" $program
	wait $program
	[ -e "$ring/ring" ]
}

# Whoever recovers it has no space: it says so, nothing is given up, and a later attempt has all of it.
disk_full() {
	[ "$own" = 1 ] || return 0 # not allowed here
	mkdir -p small && mount -t tmpfs -o size=64m tmpfs small && cd small && leave_much_in_the_ring || return 1
	for attempt in 1 2; do
		cat /dev/zero >>filler 2>/dev/null # also what the attempt before has given back
		timeout 60 "$build/bin/instr-recover" trace.db >../recover.out 2>&1
		[ $? -eq 3 ] && grep -q 'no space is left' ../recover.out && [ -e "$ring/ring" ] || { cat ../recover.out; return 1; }
	done
	rm filler
	exits_with 0 "$build/bin/instr-recover" trace.db && says out ': completed' && exact trace.db counters 3 && [ ! -e "$ring" ] &&
		cd .. && umount small
}
disk_full_or_not() { disk_full && return 0; umount -l "$scratch/small"; return 1; }
check a_full_disk_stops_recovery_and_loses_nothing disk_full_or_not

# From the report: how it died, and the calls that it died in with their time.
told() {
	start threads 1000 || return 1
	sleep 1.2
	kill -9 $program
	wait $program
	complete trace.db && exits_with 0 "$build/bin/instr-report" trace.db && says out 'was killed by SIGKILL' &&
		grep -Eq '^[0-9]+ calls never returned, the longest main, for [1-9][0-9.]* s: their time so far is included' "$scratch/out" || { cat "$scratch/out"; return 1; }
	exits_with 0 "$build/bin/instr-report" --info trace.db && says out 'open for' &&
		grep -Eq '^ +1 +[1-9][0-9.]* s +main' "$scratch/out" || { cat "$scratch/out"; return 1; }
	exits_with 0 "$build/bin/instr-report" --tree trace.db && grep -Eq '[1-9][0-9.]* s .* 1 .* main' "$scratch/out" || { cat "$scratch/out"; return 1; }
}
check the_report_says_how_it_died_and_in_which_calls told

# A reader that comes before the drain has made the file shows this run, not the one before, and not nothing.
just_begun() {
	turn=0
	while [ $turn -lt $((turns * 4)) ]; do
		turn=$((turn + 1))
		rm -rf trace*.db*
		[ $((turn % 2)) -eq 0 ] || { exits_with 3 ./hello 3 && complete trace.db; } || return 1
		./endings abort
		exits_with 0 "$build/bin/instr-report" && says out './endings abort' || { cat out err; echo "in turn $turn"; return 1; }
	done
}
begun_builds() { traced hello "$programs/hello.c" && traced endings "$programs/endings.c" -pthread; }
check programs_that_die_early_build begun_builds
check a_reader_that_comes_at_once_shows_the_run_that_has_just_begun just_begun

# Nobody saw it die: its last sign of life is when it ended, not when somebody recovers it.
recovered_late() {
	began=$(date +%s%N)
	leave_a_dead_run threads 100000 || return 1
	lived=$(($(date +%s%N) - began + 2000000000))
	sleep 3 # more than the two seconds that are allowed for
	exits_with 0 "$build/bin/instr-recover" trace.db && exact trace.db counters 3 &&
		is trace.db "SELECT max(end_ns) BETWEEN 1 AND $lived, sum(end_ns IS NULL) FROM process_list" '1|0' &&
		is trace.db "SELECT max(total_ns) < $lived, count(*) > 0 FROM open_calls" '1|1' &&
		is trace.db "SELECT duration_ns BETWEEN 1 AND $lived FROM summary" 1 &&
		is trace.db 'SELECT count(DISTINCT end_ticks), max(end_ticks) = (SELECT max(last_ticks) FROM threads) FROM threads' '1|1'
}
check open_calls_end_when_the_program_did_not_when_it_is_recovered recovered_late
finish
