#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# kill.sh BUILD [TURNS] - a program that is killed at any moment leaves a complete trace within two seconds:
# every call that it had counted itself is there, and at most one more per thread.
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
turns=${2:-20}

builds() { traced busy "$programs/busy.c" -pthread && traced hello "$programs/hello.c" && traced processes "$programs/processes.c" -pthread; }
check builds builds

at_any_moment() {
	turn=0
	while [ $turn -lt "$turns" ]; do
		turn=$((turn + 1))
		rm -f trace.db* counters
		threads=$((turn % 4 + 1))
		./busy 60 $threads >/dev/null &
		program=$!
		until [ -s counters ] || ! kill -0 $program; do sleep 0.005; done
		a_while 400
		kill -9 $program
		wait $program
		complete trace.db 2 && sound trace.db && folded trace.db && calls_within trace.db work "$(counted)" $threads &&
			is trace.db 'SELECT end_reason, exit_signal FROM processes' 'death|9' &&
			is trace.db "SELECT count(*) FROM open_calls WHERE function = 'main' AND depth = 0" 1 ||
			{ echo "in turn $turn"; return 1; }
	done
}
check a_program_killed_at_any_moment_leaves_a_complete_trace at_any_moment

# From the first instruction on: nothing hangs, nothing stays behind, and the next run is none the worse.
at_the_start() {
	turn=0
	rm -f trace.db*
	while [ $turn -lt $((turns * 3)) ]; do
		turn=$((turn + 1))
		./busy 60 2 >/dev/null &
		program=$!
		a_while 12
		kill -9 $program
		wait $program
	done
	started=$(date +%s)
	exits_with 3 ./hello 3 || return 1
	# Drains that are late to start may move its file, or make it take another name.
	for file in trace*.db trace.db.old; do
		[ "$(ask "$file" 'SELECT count(*) FROM processes WHERE exit_code = 3')" = 1 ] && complete "$file" 5 &&
			sound "$file" messages && calls "$file" leaf 6 && return 0
	done
	return 1
}
check kills_at_the_start_disturb_no_later_run at_the_start

# A machine under load: the drain of a program that was killed long ago only now gets to its file.
late() {
	rm -f trace*.db*
	./busy 60 1 >/dev/null &
	program=$!
	drain_of $program && kill -9 "$drain" $program
	wait $program
	rm -f trace.db*
	exits_with 3 ./hello 3 && complete trace.db || return 1
	"$build/bin/instr-drain" --run "$ring"
	calls trace.db leaf 6 && sound trace.db && [ ! -e trace.db.old ] && complete trace.$program.db &&
		is trace.$program.db "SELECT count(*) FROM messages WHERE text LIKE '%another run, live or newer%'" 1
}
check a_drain_that_comes_late_leaves_the_trace_of_a_newer_run_alone late

# All processes of a run at once, as a terminal's hangup or an out-of-memory killer would.
whole_group() {
	rm -f trace.db*
	setsid ./processes endless >/dev/null 2>&1 &
	program=$!
	sleep 0.3
	kill -9 -$program
	wait $program
	complete trace.db 5 && sound trace.db && is trace.db "SELECT count(*) FROM processes WHERE end_reason = 'death'" \
		"$(ask trace.db 'SELECT count(*) FROM processes')"
}
check a_family_killed_at_once_leaves_a_complete_trace whole_group
# What has no drain is swept by that of a later run, once it is ten seconds old. (Of two later ones: where
# /dev/shm is not our own, another test may just kill a drain that has begun to sweep it.)
nothing_left() {
	sleep 11
	for turn in $(seq 40); do
		[ $((turn % 20)) -ne 1 ] || exits_with 3 ./hello 3 || return 1
		left=
		for folder in "/dev/shm/instr-$(id -u)"/*/; do
			head -c 4096 "$folder/ring" 2>/dev/null | grep -qaF "$scratch" && left=$folder
		done
		[ -z "$left" ] && return 0
		sleep 0.1 # drains end by themselves
	done
	echo "$left is left"
	return 1
}
check nothing_of_killed_runs_stays_in_shared_memory nothing_left
finish
