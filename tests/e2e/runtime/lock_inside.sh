#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lock_inside.sh BUILD - what is allocated while a lock is held is what the program itself counts, and what the heap counts.
. "$(dirname "$0")/trace.sh"

builds() {
	traced inside "$programs/lock_inside.c" -pthread && tracedxx containers "$programs/lock_inside.cc" -pthread
}
check builds builds

traces() { rm -f trace.db* && exits_with 0 "$@" && complete trace.db && sound trace.db; }

counted() {
	traces ./inside counts "$1" && is trace.db "SELECT name, allocs, alloc_bytes FROM lock_list WHERE name <> 'idle' AND acquisitions > 0
		ORDER BY name = 'again', name = 'inner', name" "$(cat out)" &&
		is trace.db "SELECT allocs, alloc_bytes, acquisitions FROM lock_list WHERE name = 'idle'" "0|0|$(($1 * 500))" &&
		is trace.db 'SELECT sum(lost), sum(unknown) FROM locks' '0|0'
}
each_count() { for n in 1 4; do counted $n || { echo "with $n threads"; return 1; }; done; }
check each_lock_has_what_was_allocated_with_it_also_by_realloc_and_within_others each_count

by_mode() { # half of the turns each, of odd and of even sizes
	is trace.db "SELECT mode, allocs, alloc_bytes FROM lock_contexts WHERE name = 'inner' ORDER BY mode" 'read|20000|10040000
write|20000|10000000'
}
check by_how_and_where_it_was_taken by_mode

containers() {
	traces ./containers && is trace.db "WITH RECURSIVE below (context_id) AS (
			SELECT context_id FROM contexts JOIN functions f USING (function_id) WHERE f.name LIKE 'with_lock(%'
			UNION SELECT c.context_id FROM contexts c JOIN below b ON c.parent_id = b.context_id)
		SELECT sum(h.allocs) > 8000, sum(h.allocs) = (SELECT sum(allocs) FROM lock_totals), sum(h.bytes) = (SELECT sum(alloc_bytes) FROM lock_totals),
			sum(h.allocs) < (SELECT sum(allocs) FROM heap_totals) FROM heap_totals h JOIN below USING (context_id)" '1|1|1|1'
}
check containers_under_a_lock_allocate_what_the_heap_says_of_their_functions containers

off() {
	rm -f trace.db*
	INSTR_OPTIONS=heap=off exits_with 0 ./inside counts 2 && complete trace.db && sound trace.db &&
		is trace.db 'SELECT sum(allocs), sum(alloc_bytes), sum(acquisitions) FROM lock_totals' "0|0|$((2 * 500 * 5))"
}
check heap_off_has_none off

# The lock is never given back, and none of its events comes behind the first.
killed() {
	rm -f trace.db*
	./inside holds &
	program=$!
	sleep 1.5
	kill -9 $program
	wait $program
	complete trace.db 20 && sound trace.db && is trace.db "SELECT (SELECT sum(allocs) FROM lock_totals) = sum(allocs), sum(allocs) > 1000,
		(SELECT sum(holds) FROM lock_totals) FROM heap_totals" '1|1|0'
}
check of_a_program_that_was_killed_with_a_lock_it_is_known_too killed

said() {
	traces ./inside counts 1 && "$build/bin/instr-report" --locks --lock "$(ask trace.db "SELECT lock_id FROM lock_list WHERE name = 'outer'")" >said &&
		grep -q '^ *- *11,500 *- *blocks allocated, [0-9.]* MiB *taken in allocates lock_inside.c:[0-9]*$' said || { cat said; return 1; }
}
check a_report_says_it said
finish
