#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# drain.sh BUILD [TURNS] - the drain dies, or does not move, in the middle of a busy run. Nothing that was
# published is missing and nothing is there twice.
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
turns=${2:-8}

builds() { traced busy "-I$programs" "$crash/programs/busy.c" -pthread; }
check builds builds

# The program goes on, and a new drain with it.
is_replaced() {
	rm -f trace.db*
	./busy "$1" 6000000 &
	program=$!
	a_while 150
	drain_of $program && kill -9 "$drain" || return 1
	wait $program
	[ $? -eq 3 ] && complete trace.db && calls trace.db middle $((6000000 * $1)) && calls trace.db work $((12000000 * $1)) &&
		sound trace.db && folded trace.db
}
# Nobody is left; the reader completes the file. How: which of the two dies first.
is_recovered() {
	rm -f trace.db*
	./busy "$2" 1000000000 &
	program=$!
	sleep 0.05
	a_while 700
	drain_of $program || return 1
	case $1 in
	drain) kill -9 "$drain"; a_while 100; kill -9 $program ;;
	program) kill -9 $program; a_while 20; kill -9 "$drain" 2>/dev/null ;; # it may have finished
	both) kill -9 "$drain" $program ;;
	esac
	wait $program
	"$build/bin/instr-recover" trace.db && "$build/bin/instr-recover" trace.db || return 1
	[ ! -e "$ring" ] || { echo "$ring is left"; return 1; }
	sound trace.db && folded trace.db && calls_within trace.db middle "$(counted)" "$2"
}
each_turn() {
	turn=0
	while [ $turn -lt "$turns" ]; do
		turn=$((turn + 1))
		"$@" $((turn % 4 + 1)) || { echo "in turn $turn"; return 1; }
	done
}
check a_killed_drain_is_replaced each_turn is_replaced
check what_a_killed_drain_and_then_its_program_leave_is_completed each_turn is_recovered drain
check what_a_killed_program_and_then_its_drain_leave_is_completed each_turn is_recovered program
check what_both_leave_at_once_is_completed each_turn is_recovered both

# Two seconds are waited for it; then the program goes on and what is lost is counted.
is_stopped() {
	rm -f trace.db*
	./busy "$1" 300000000 &
	program=$!
	sleep 0.2
	drain_of $program && kill -STOP "$drain" || return 1
	sleep 3.5
	before=$(counted)
	sleep 1.5
	after=$(counted)
	kill -CONT "$drain"
	sleep 1
	kill -9 $program
	wait $program
	complete trace.db || return 1
	[ "$after" -gt "$before" ] || { echo "it does not go on: $before, $after"; return 1; }
	# Waits and gaps are events too (one gap or two for each thread); the last turn of each may be half done.
	is trace.db "SELECT max(0, kept + lost - waits - 6 * $(counted) - 10 * $1), min(0, kept + lost - waits - 6 * $(counted))
		FROM (SELECT sum(events) AS kept, sum(waits) AS waits FROM threads), (SELECT sum(events) AS lost FROM losses)" '0|0' && is trace.db "SELECT count(*) FROM losses WHERE cause <> 'ring full'" 0
}
check a_program_goes_on_without_a_stopped_drain_and_counts_what_is_lost is_stopped 1
check threads_go_on_without_a_stopped_drain_and_count_what_is_lost is_stopped 3
finish
