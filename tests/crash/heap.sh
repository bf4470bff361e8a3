#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap.sh BUILD [TURNS] - a program that is killed while it allocates, its drain with it or not: the blocks in the
# trace are those that it had allocated and not freed, and everything that it had counted itself is there.
# (What allocated, freed and alive have to do with each other is in sound.sql.)
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
. "$(dirname "$0")/killed.sh"
turns=${2:-20}
victim=allocates endless=1000000000 to_its_end=4000000

builds() { traced allocates "-I$programs" "$crash/programs/allocates.c" -pthread -O1; }
check builds builds

# kept THREADS: of each thread one call may be there that was not counted yet; a realloc is two ends.
kept() {
	counted_now=$(counted_pair) # of allocations, of frees
	allocs=${counted_now% *} frees=${counted_now#* }
	sound trace.db && is trace.db "SELECT allocs BETWEEN $allocs AND $allocs + $1, frees BETWEEN $frees AND $frees + $1,
		failed, lost, unknown_frees FROM heaps WHERE kind = 0" '1|1|0|0|0' && is trace.db 'SELECT * FROM heap_faults' '' &&
		is trace.db "SELECT count(*) BETWEEN $allocs - $frees - $1 AND $allocs - $frees + $1 FROM live_blocks WHERE kind = 0" 1
}
check the_heap_of_a_program_killed_at_any_moment_is_whole each_turn "$turns" at_any_moment

check nor_is_it_less_if_the_drain_was_killed_first each_turn $((turns / 4)) is_recovered drain
check nor_if_both_are_killed_at_once each_turn $((turns / 4)) is_recovered both

check a_new_drain_goes_on_with_the_heap each_turn $((turns / 4)) is_continued
finish
