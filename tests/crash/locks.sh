#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# locks.sh BUILD [TURNS] - a program that is killed while its threads take locks, its drain with it or not: the trace has
# what it had counted itself, what it has allocated with which lock, and who has which. (That waiters' sums are holders' is in sound.sql.)
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
turns=${2:-20}

builds() { traced takes_locks "-I$programs" "$crash/programs/takes_locks.c" -pthread -O1; }
check builds builds

counted_locks() { od -An -v -w64 -tu8 counters | awk '{ n[NR > 32] += $1 } END { printf "%d %d\n", n[0], n[1] }'; }

# kept THREADS: of each thread one call may be there that was not counted yet, or counted and not made.
kept() {
	counted_now=$(counted_locks)
	taken=${counted_now% *} given=${counted_now#* }
	sound trace.db && is trace.db "SELECT sum(acquisitions) BETWEEN $taken AND $taken + $1, sum(holds) BETWEEN $given - $1 AND $given + $1,
		sum(failed), (SELECT sum(lost) FROM locks), (SELECT sum(unknown) FROM locks) FROM lock_totals" '1|1|0|0|0' &&
		is trace.db "SELECT count(*) <= $1 FROM lock_users" 1 &&
		is trace.db "SELECT (SELECT total(allocs) FROM lock_totals) - total(allocs), (SELECT total(alloc_bytes) FROM lock_totals) - total(bytes) FROM heap_totals WHERE kind = 0" '0.0|0.0' &&
		is trace.db "SELECT sum(acquisitions) - sum(holds) = (SELECT count(*) FROM lock_users WHERE depth > 0) FROM lock_totals" 1
}
begun() {
	rm -f trace.db* counters
	./takes_locks "$1" 1000000000 &
	program=$!
	until [ -s counters ] || ! kill -0 $program; do sleep 0.005; done
}
at_any_moment() {
	begun "$1"
	a_while 350
	kill -9 $program
	wait $program
	complete trace.db 20 && kept "$1"
}
each_turn() {
	turn=0 most=$1
	shift
	while [ $turn -lt "$most" ]; do
		turn=$((turn + 1))
		"$@" $((turn % 4 + 1)) || { echo "in turn $turn"; return 1; }
	done
}
check the_locks_of_a_program_killed_at_any_moment_are_whole each_turn "$turns" at_any_moment

# Later than the first checkpoint, whose rows it then has to continue.
is_recovered() {
	begun "$2"
	sleep 0.05
	a_while 1500
	drain_of $program || return 1
	case $1 in
	drain) kill -9 "$drain"; a_while 100; kill -9 $program ;;
	both) kill -9 "$drain" $program ;;
	esac
	wait $program
	"$build/bin/instr-recover" trace.db && kept "$2"
}
check nor_is_it_less_if_the_drain_was_killed_first each_turn $((turns / 4)) is_recovered drain
check nor_if_both_are_killed_at_once each_turn $((turns / 4)) is_recovered both

# The program goes on with another drain, to its end.
is_continued() {
	rm -f trace.db* counters
	./takes_locks "$1" 1000000 &
	program=$!
	a_while 200
	drain_of $program && kill -9 "$drain" || return 1
	wait $program
	[ $? -eq 3 ] && complete trace.db 20 && kept 0 && is trace.db 'SELECT count(*) FROM lock_users' 0
}
check a_new_drain_goes_on_with_the_locks each_turn $((turns / 4)) is_continued
finish
