#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# sandbox.sh BUILD - programs that shut themselves in (seccomp): what they can do goes on as ever, and of
# each call it is known whether it was recorded or lost.
fault=$(cd "$(dirname "$0")" && pwd)
. "$fault/../e2e/runtime/trace.sh"

builds() { traced sandbox "$fault/programs/sandbox.c" -pthread && plain sandbox-plain "$fault/programs/sandbox.c" -pthread; }
check builds builds
words() { "$build/tests/ring_words" "$@"; }

# start HOW CALLS: runs it up to the line that it reads; its pid in $program, go lets it go on.
start() {
	rm -f trace.db* line && mkfifo line || return 1
	"$scratch/${variant:-sandbox}" "$1" "$2" <line >out 2>err &
	program=$!
	exec 8>line
	for turn in $(seq 1000); do
		grep -q 'shut in' out && return 0
		kill -0 $program 2>/dev/null || break
		sleep 0.02 # a pipe would be a descriptor more
	done
	cat out err
	return 1
}
# Ends within 60 s, or is killed.
go() {
	echo >&8
	exec 8>&-
	(sleep 60; kill -9 $program) & watchdog=$!
	wait $program
	got=$?
	kill $watchdog
	[ $got -eq 3 ] && grep -q done out && [ ! -s err ] && return 0
	echo "it ends with $got"
	cat out err
	return 1
}
possible() {
	variant=sandbox-plain
	start eperm 1 && go
	result=$?
	variant=
	return $result
}
if ! (cd "$scratch" && possible) >/dev/null 2>&1; then
	echo 'ok no_seccomp_here: nothing else to be tested'
	passed=$((passed + 1))
	finish
fi

# adds_up CALLS: events kept and lost are those of so many calls of work, and of main, which does not return.
adds_up() {
	complete trace.db 20 && is trace.db "PRAGMA integrity_check" ok && is trace.db "SELECT (SELECT sum(calls + returns) FROM totals) +
		(SELECT sum(orphans) FROM threads) + (SELECT coalesce(sum(events), 0) FROM losses WHERE totals_kept = 0)" $((2 * $1 + 1))
}
nothing_lost() { is trace.db 'SELECT count(*) FROM losses' 0; }

# While the ring lasts, or a drain follows, nothing is lost, though nobody can be woken or waited for.
few() { start "$1" 3000 && go && adds_up 3001 && nothing_lost; }
check all_calls_that_fit_are_recorded_where_all_else_is_refused few eperm
check and_where_nothing_else_is_known_to_the_kernel few enosys
check and_where_it_says_that_all_went_well few success
check a_thread_that_has_not_recorded_yet_does_so_under_the_filter few thread
check new_threads_record_under_the_filter few new

# Where the ring is full for a moment, calls that may block would be among what is lost.
many() { export INSTR_OPTIONS=block=off; start "$1" 2000000 && go && adds_up 2000001; }
check many_calls_add_up_where_all_else_is_refused many eperm
check many_calls_add_up_where_it_says_that_all_went_well many success

# The ring is full and nobody empties it: no waiting, no burning of the CPU, all is counted.
stopped() {
	export INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m:block=off
	start "$1" 200000 && drain=$(words $program drain) && kill -STOP "$drain" || return 1
	before=$(date +%s)
	go
	result=$?
	took=$(($(date +%s) - before))
	kill -CONT "$drain"
	[ $result -eq 0 ] && [ $took -le 30 ] && adds_up 200001 &&
		is trace.db "SELECT sum(events) > 100000 FROM losses WHERE cause = 'ring full'" 1
}
check a_full_ring_drops_and_counts_where_waiting_is_refused stopped eperm
check and_where_waiting_seems_to_succeed stopped success

# Its child cannot say who it is: its calls are missing, and the trace says so.
child() {
	start fork 3000 && go && adds_up 3001 &&
		is trace.db "SELECT count(*) FROM messages WHERE text LIKE 'A process that was forked could not join%'" 1
}
check a_fork_child_that_is_refused_everything_is_missed_and_runs_on child

# Where any other call is death: none is made, once the drain has seen the sandbox or the setting says so.
seen() { export INSTR_OPTIONS=block=off; start kill 500000 && words $program quiet && go && adds_up 500001; }
check a_filter_that_kills_kills_no_program_once_the_drain_has_seen_it seen
at_once() { export INSTR_OPTIONS=sandbox=on:block=off; start kill 500000 && go && adds_up 500001; }
check nor_any_that_has_the_setting at_once
# Enough sub-buffers are there and nobody must be woken: not even that is needed.
unseen() { start kill 3000 && go && adds_up 3001 && nothing_lost; }
check a_thread_that_records_already_goes_on_under_it unseen
finish
