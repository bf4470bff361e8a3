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

# A new that throws is a failed one at its place; what is in front of it and behind it is recorded as ever. With heap=all
# the exceptions themselves and what libc allocates are there too, and nothing twice.
throws() {
	tracedxx throws $1 "$programs/throws.cc" -std=c++17 && rm -f trace.db* && exits_with 0 ./throws && complete trace.db && sound trace.db &&
		faultless "kind <> 'freed twice'" && is trace.db 'SELECT lost, unknown_frees FROM heaps' '0|0' &&
		is trace.db "SELECT sum(allocs), sum(failed), sum(released) FROM heap_sites WHERE file LIKE '%throws.cc'" "$(cat out)"
}
for how in -O0 -O2 '-O0 --instr=heap=all' '-O2 --instr=heap=all' -static '-static-pie -O2' '-static --instr=heap=all' '-static-pie -O2 --instr=heap=all'; do
	check a_new_that_throws_has_failed_with_$(echo "$how" | tr -cd '[:alnum:]') throws "$how"
done

# An allocator that calls back into code with hooks stays one when that has allocated; one that is left by a jump does not.
calls_back() {
	rm -f trace.db* && exits_with 0 ./calls_back $1 && complete trace.db && sound trace.db &&
		is trace.db "SELECT called, allocs, bytes FROM heap_sites WHERE file = 'code without hooks' AND bytes <> 0 ORDER BY 1" 'malloc|1|7003'
}
for how in -O0 -O2 -static '-static -O2'; do
	name=$(echo "$how" | tr -cd '[:alnum:]')
	check a_program_that_is_called_back_builds_with_$name eval 'plain outside.o -c -DALLOCATOR "$programs/calls_back.c" &&
		traced calls_back --instr=heap=all:realloc="resize(ptr=0,size=1)" "$programs/calls_back.c" outside.o $how'
	check what_an_allocator_takes_behind_a_call_back_is_its_own_with_$name calls_back ''
	check a_jump_out_of_an_allocator_ends_it_with_$name calls_back jump
done

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
