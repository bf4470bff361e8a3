#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# signals.sh BUILD - handlers that make traced calls at a high rate: every call is counted where it was made.
. "$(dirname "$0")/trace.sh"

builds() { traced signals "$programs/signals.c" -pthread; }
check builds builds

exact() {
	rm -f trace.db*
	exits_with 0 ./signals "$1" || return 1
	shift
	cat out
	while read -r function count; do
		calls trace.db "$function" "$count" || return 1
	done <out
	sound trace.db "$@" || return 1
	# Who called whom is a guess where a unit was passed and came late; the thread is marked then.
	[ -n "${holes_allowed:-}" ] && [ "$(ask trace.db 'SELECT sum(flags & 2) FROM threads')" != 0 ] && return 0
	is trace.db "SELECT c.function || ' below ' || coalesce(p.function, 'nothing') FROM tree c
		LEFT JOIN tree p ON p.context_id = c.parent_id WHERE c.function = 'deeper' AND p.function IS NOT 'tick'
		OR c.function = 'work' AND p.function NOT LIKE 'make_calls%'
		OR c.function = 'tick' AND p.function IS NOT 'on_signal'
		OR c.function = 'on_signal' AND p.function NOT IN (${above:-} 'work', 'make_calls', 'make_calls_and_jump', 'run')" ''
}
check ten_thousand_signals_a_second_lose_nothing exact plain
check nor_on_alternate_stacks exact alternate flags
# Until setjmp has returned, a handler that was left is still open: the next one may come below it.
above="'on_signal', "
check a_jump_out_of_a_handler_ends_its_calls exact jump
above=
jumped() { is trace.db "SELECT sum(unwound) > 0 FROM totals JOIN contexts USING (context_id) JOIN functions USING (function_id)
	WHERE name = 'on_signal'" 1 && is trace.db 'SELECT sum(open) FROM totals' 0; }
check calls_that_were_jumped_out_of_are_unwound jumped
# Here a handler may wait for the drain while the hook below it has a unit reserved. Where the pool cannot
# grow, that unit is passed and comes late: its call counts, but may seem unwound, its return an orphan.
small_ring() { holes_allowed=yes INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m exact plain threads flags; }
check signals_while_threads_wait_for_a_small_ring_lose_nothing small_ring
finish
