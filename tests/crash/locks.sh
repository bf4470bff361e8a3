#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# locks.sh BUILD [TURNS] - a program that is killed while its threads take locks, its drain with it or not: the trace has
# what it had counted itself, what it has allocated with which lock, and who has which. (That waiters' sums are holders' is in sound.sql.)
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/killed.sh"
turns=${2:-20}
victim=takes_locks endless=1000000000 to_its_end=1000000

builds() { traced takes_locks "-I$programs" "$crash/programs/takes_locks.c" -pthread -O1; }
check builds builds

# kept THREADS: of each thread one call may be there that was not counted yet, or counted and not made.
kept() {
	counted_now=$(counted_pair)
	taken=${counted_now% *} given=${counted_now#* }
	sound trace.db && is trace.db "SELECT sum(acquisitions) BETWEEN $taken AND $taken + $1, sum(holds) BETWEEN $given - $1 AND $given + $1,
		sum(failed), (SELECT sum(lost) FROM locks), (SELECT sum(unknown) FROM locks) FROM lock_totals" '1|1|0|0|0' &&
		is trace.db "SELECT count(*) <= $1 FROM lock_users" 1 &&
		is trace.db "SELECT (SELECT total(allocs) FROM lock_totals) - total(allocs), (SELECT total(alloc_bytes) FROM lock_totals) - total(bytes) FROM heap_totals WHERE kind = 0" '0.0|0.0' &&
		is trace.db "SELECT sum(acquisitions) - sum(holds) = (SELECT count(*) FROM lock_users WHERE depth > 0) FROM lock_totals" 1
}
check the_locks_of_a_program_killed_at_any_moment_are_whole each_turn "$turns" at_any_moment

check nor_is_it_less_if_the_drain_was_killed_first each_turn $((turns / 4)) is_recovered drain
check nor_if_both_are_killed_at_once each_turn $((turns / 4)) is_recovered both

nobody_has_one_left() { is_continued "$1" && is trace.db 'SELECT count(*) FROM lock_users' 0; }
check a_new_drain_goes_on_with_the_locks each_turn $((turns / 4)) nobody_has_one_left
finish
