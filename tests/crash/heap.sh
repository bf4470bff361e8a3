#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap.sh BUILD [TURNS] - a program that is killed while it allocates, its drain with it or not: the blocks in the
# trace are those that it had allocated and not freed, and everything that it had counted itself is there.
# (What allocated, freed and alive have to do with each other is in sound.sql.)
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
turns=${2:-20}

builds() { traced allocates "-I$programs" "$crash/programs/allocates.c" -pthread -O1; }
check builds builds

# Sums of the counters of allocations, and of those of frees.
counted_heap() { od -An -v -w64 -tu8 counters | awk '{ n[NR > 32] += $1 } END { printf "%d %d\n", n[0], n[1] }'; }

# kept THREADS: of each thread one call may be there that was not counted yet; a realloc is two ends.
kept() {
	counted_now=$(counted_heap)
	allocs=${counted_now% *} frees=${counted_now#* }
	sound trace.db && is trace.db "SELECT allocs BETWEEN $allocs AND $allocs + $1, frees BETWEEN $frees AND $frees + $1,
		failed, lost, unknown_frees FROM heaps WHERE kind = 0" '1|1|0|0|0' && is trace.db 'SELECT * FROM heap_faults' '' &&
		is trace.db "SELECT count(*) BETWEEN $allocs - $frees - $1 AND $allocs - $frees + $1 FROM live_blocks WHERE kind = 0" 1
}
begun() {
	rm -f trace.db* counters
	./allocates "$1" 1000000000 &
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
check the_heap_of_a_program_killed_at_any_moment_is_whole each_turn "$turns" at_any_moment

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
	./allocates "$1" 4000000 &
	program=$!
	a_while 200
	drain_of $program && kill -9 "$drain" || return 1
	wait $program
	[ $? -eq 3 ] && complete trace.db 20 && counted_now=$(counted_heap) && sound trace.db &&
		is trace.db 'SELECT allocs, frees FROM heaps WHERE kind = 0' "${counted_now% *}|${counted_now#* }"
}
check a_new_drain_goes_on_with_the_heap each_turn $((turns / 4)) is_continued
finish
