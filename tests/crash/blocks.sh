#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# blocks.sh BUILD [TURNS] - a program that is killed in calls that block, its drain with it or not: the trace has what it
# was in, and each call that it had counted itself, once.
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/killed.sh"
turns=${2:-16}
victim=makes_calls endless=

builds() { traced makes_calls "-I$programs" "$crash/programs/makes_calls.c" -pthread -O1 && traced blocked "$programs/blocked.c" -pthread -O1; }
check builds builds

# kept THREADS: of each thread, and of its handler, one call may be there that was not counted yet, or counted and not made;
# one that has begun and not returned is open.
kept() {
	now=$(counted_pair)
	begun=${now% *} ended=${now#* } most=$((2 * $1))
	sound trace.db && folded trace.db && is trace.db "SELECT calls BETWEEN $ended AND $ended + $most, calls + open BETWEEN $begun - $most AND $begun
		FROM (SELECT sum(calls) AS calls FROM block_contexts WHERE class <> 'open'), (SELECT count(*) AS open FROM open_blocks)" '1|1' &&
		is trace.db 'SELECT count(*) FROM (SELECT 1 FROM open_blocks GROUP BY thread_id HAVING count(*) > 2)' 0
}
check what_a_program_killed_at_any_moment_was_in_is_known each_turn "$turns" at_any_moment

check nor_is_it_less_if_the_drain_was_killed_first each_turn $((turns / 4)) is_recovered drain
check nor_if_both_are_killed_at_once each_turn $((turns / 4)) is_recovered both

# One that does nothing any more: from the last checkpoint's rows, which a new drain has taken over, or from the ring.
# (That a thread has been cancelled is not known of a process that nobody has looked at since.)
# (Nor are the names of threads.)
in_them="SELECT function, depth, called FROM open_block_list WHERE function <> 'is_cancelled' ORDER BY 1, 2"
them='handle|1|read
handles|0|poll
handles|0|poll
jumps|0|pause
main|0|pthread_join
reads|0|read'
hangs() {
	rm -f trace.db* out
	./blocked >out &
	program=$!
	until grep -qs blocked out || ! kill -0 $program; do sleep 0.005; done
	case $1 in
	at_once) ;;
	*) sleep 1.5 ;; # the time until a checkpoint has it
	esac
	drain_of $program || return 1
	kill -9 "$drain"
	case $1 in
	continued) sleep 1 ;; # another drain comes, or none, for the program calls no hook
	esac
	kill -9 $program
	wait $program
	"$build/bin/instr-recover" trace.db && sound trace.db && folded trace.db && is trace.db "$in_them" "$them"
}
for moment in at_once after_a_checkpoint continued; do
	check "what_hangs_is_known_when_both_are_killed_$moment" hangs $moment
done
finish
