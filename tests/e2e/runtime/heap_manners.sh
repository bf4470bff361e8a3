#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap_manners.sh BUILD - a program whose allocations are recorded sees its allocator as without us, whichever that
# is; and the trace of one that forks, is interrupted, and whose threads end, is sound.
. "$(dirname "$0")/trace.sh"

builds() {
	for level in O0 O2; do
		traced manners-$level "$programs/manners.c" -pthread -w -$level && plain manners-$level-plain "$programs/manners.c" -pthread -w -$level &&
			tracedxx mannersxx-$level "$programs/manners.cc" -std=c++17 -w -$level &&
			plainxx mannersxx-$level-plain "$programs/manners.cc" -std=c++17 -w -$level &&
			tracedxx ownxx-$level "$programs/manners.cc" -std=c++17 -w -DOWN -$level &&
			plainxx ownxx-$level-plain "$programs/manners.cc" -std=c++17 -w -DOWN -$level || return 1
	done
	traced own "$programs/uses_own.c" "$programs/own_malloc.c" -fno-builtin && plain own-plain "$programs/uses_own.c" "$programs/own_malloc.c" -fno-builtin
}
check builds builds

faultless() { is trace.db "SELECT * FROM heap_faults WHERE $1" ''; }
c() {
	as_plain manners-$1 && [ $as_plain_status = 4 ] && complete trace.db 20 && sound trace.db && faultless 1 &&
		is trace.db 'SELECT allocs > 300, failed > 1, lost, unknown_frees FROM heaps WHERE kind = 0 AND process_id = 1' '1|1|0|0' &&
		is trace.db 'SELECT count(*) FROM live_blocks WHERE process_id = 1' 0
}
check a_c_program_sees_its_allocator_as_without_us c O0
check so_it_does_when_optimised c O2
# Six children and grandchildren; each leaves ten of a hundred of its own.
children() {
	is trace.db 'SELECT count(*), sum(unknown_frees > 0), min(allocs), sum(lost) FROM heaps WHERE kind = 0 AND process_id > 1' '6|6|134|0' &&
		is trace.db 'SELECT count(*), count(DISTINCT process_id) FROM live_blocks' '60|6'
}
check children_that_free_their_parents_blocks_are_not_at_fault children

cxx() {
	as_plain $1 && [ $as_plain_status = 6 ] && complete trace.db && sound trace.db && faultless "kind NOT IN ('unknown', 'freed twice')" &&
		is trace.db "SELECT allocs >= $2 FROM heaps WHERE kind = 0" 1
}
check bad_alloc_is_thrown_and_caught_as_without_us cxx mannersxx-O0 62
check so_it_is_when_optimised cxx mannersxx-O2 20
# Calls of what the same module defines are left alone: its two aligned ones are what is recorded.
check a_program_may_bring_its_own_operator_new cxx ownxx-O0 2
check so_it_may_when_optimised cxx ownxx-O2 2

# A new that throws never comes back to what has called it; what libc allocates behind it is recorded as before.
thrown() {
	cat >thrown.cc <<-'PROGRAM'
		#include <dirent.h>
		#include <new>
		int main()
		{
			volatile std::size_t much = ~(std::size_t)0 / 4;
			try {
				*new char[much] = 1;
				return 1;
			} catch (std::bad_alloc &) {
			}
			return !opendir("/");
		}
	PROGRAM
	tracedxx thrown --instr=heap=all thrown.cc && rm -f trace.db* && exits_with 0 ./thrown && complete trace.db && sound trace.db &&
		is trace.db "SELECT count(*), sum(bytes) > 30000 FROM leaks WHERE called = 'malloc' AND function = 'main' AND file = 'code without hooks'" '1|1'
}
check what_comes_behind_a_new_that_throws_is_recorded thrown

own_malloc() {
	as_plain own && [ $as_plain_status = 3 ] && complete trace.db && sound trace.db && faultless 1 &&
		is trace.db 'SELECT allocs, frees, resized, crossed, lost, unknown_frees FROM heaps WHERE kind = 0' '300|200|100|0|0|0' &&
		is trace.db 'SELECT count(*), sum(bytes) FROM live_blocks' '100|6000'
}
check a_program_may_bring_its_own_malloc own_malloc

preloaded() {
	rm -f trace.db*
	LD_PRELOAD=$1 ./mannersxx-O0-plain >plain.out 2>plain.err
	exits_with $? env LD_PRELOAD="$1" ./mannersxx-O0 && cmp out plain.out && complete trace.db && sound trace.db || return 1
	rm -f trace.db*
	LD_PRELOAD=$1 ./manners-O0-plain >plain.out 2>plain.err
	exits_with $? env LD_PRELOAD="$1" ./manners-O0 && cmp out plain.out && complete trace.db 20 && sound trace.db && faultless 1
}
for name in jemalloc tcmalloc mimalloc; do
	library=$(ldconfig -p 2>/dev/null | awk -v name="lib$name" 'index($1, name) == 1 { print $NF; exit }')
	if [ -n "$library" ]; then
		check a_preloaded_${name}_is_as_without_us preloaded "$library"
	else
		echo "no $name: not tried"
	fi
done
finish
