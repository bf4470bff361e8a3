#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# step.sh BUILD - a signal between any two instructions of a hook neither loses nor damages an event.
. "$(dirname "$0")/../e2e/runtime/trace.sh"
stress=$(cd "$(dirname "$0")" && pwd)
root=$stress/../..

builds() {
	traced step -static "-I$root/runtime" "-I$root/include" -mcx16 "--instr=alloc=take(size=0):free=give(ptr=0)" "$stress/step.c" -pthread && traced first "$stress/first.c" &&
		traced start "$stress/start.c" && plain stepper "$stress/stepper.c"
}
check builds builds

# Every call of the functions is there, returned, and where it was made.
exact() {
	program=${program:-step}
	rm -f trace.db*
	INSTR_OPTIONS=${options:-} exits_with 0 ./$program "$@" && complete trace.db 10 || return 1
	cat err
	while read -r function count; do
		calls trace.db "$function" "$count" || return 1
	done <out
	sound trace.db ${allowed:-} && is trace.db 'SELECT sum(unwound), sum(open) FROM totals' '0|0' &&
		is trace.db "SELECT c.function || ' below ' || coalesce(p.function, 'nothing') FROM tree c LEFT JOIN tree p
			ON p.context_id = c.parent_id WHERE CASE c.function WHEN 'g' THEN p.function IS NOT 'h'
			WHEN 'h' THEN p.function NOT IN ('f', 'outer', 'h', 'g', 'filler', 'lands', 'churn')
			WHEN 'churn' THEN p.function NOT IN ('outer', 'churn', 'filler')
			WHEN 'lands' THEN p.function IS NOT 'outer' AND p.function IS NOT NULL WHEN 'f' THEN p.function IS NOT 'outer' AND p.function IS NOT NULL
			ELSE p.function IS NOT NULL END" ''
}
# Each call of churn, by the window (10 bytes) and by the handler (20), took a block and gave it back, and no other.
heap() {
	exact heap "$@" && is trace.db "SELECT a.allocs - c.calls, a.frees - c.calls, a.bytes - 10 * (c.calls + h.calls), a.lost, a.unknown_frees
			FROM heaps a, top c, top h WHERE a.kind = 0 AND c.function = 'churn' AND h.function = 'h'" '0|0|0|0|0' &&
		is trace.db "SELECT c.function, c.calls, a.allocs, a.released FROM (SELECT context_id, sum(allocs) AS allocs, sum(released) AS released
			FROM heap_totals GROUP BY context_id) a JOIN tree c USING (context_id)
			WHERE c.function IS NOT 'churn' OR a.allocs <> c.calls OR a.released <> c.calls" '' &&
		is trace.db 'SELECT count(*) FROM heap_faults' 0
}
for on in '' alternate; do
	name=${on:+_on_an_alternate_stack}
	check "a_signal_at_any_instruction_of_a_hook_is_harmless$name" exact steady $on
	# A handler on another stack at every instruction would move the anchor again before the hook sees it.
	[ -n "$on" ] || check "a_signal_at_every_instruction_of_a_hook_is_harmless$name" exact every $on
	check "a_signal_at_any_instruction_of_a_hand_over_is_harmless$name" exact handover $on
	check "a_signal_at_any_instruction_of_a_landing_is_harmless$name" exact landed $on
	check "a_signal_while_the_stack_pointer_is_told_is_harmless$name" exact stack $on
	check "a_signal_at_any_instruction_of_a_hook_of_the_heap_is_harmless$name" heap $on
	# The drain may pass a unit before the hook that it belongs to has gone on, and walk it then.
	allowed=flags
	check "a_signal_at_any_instruction_of_a_handler_is_harmless$name" exact nested $on
	allowed=
	check "a_signal_at_any_instruction_of_a_first_call_is_harmless$name" exact thread $on
done
options=ring_bytes=1m:ring_max_bytes=1m
check signals_while_a_hook_waits_for_the_drain_are_harmless exact wait
# A machine that has no time for the drain for two seconds makes the program drop, as it should: once more then.
sleeps() {
	for turn in 1 2 3; do
		exact sleeps && return
		grep -q 'did not move' err || return 1
	done
	return 1
}
check a_signal_at_any_instruction_of_a_hook_that_waits_is_harmless sleeps
check a_jump_out_of_a_hook_that_waits_leaves_nobody_waiting exact left
# What was lost is filler's: of all other calls each is there.
gap() {
	rm -f trace.db*
	INSTR_OPTIONS=$options:overflow=drop exits_with 0 ./step gap && complete trace.db 10 || { cat err; return 1; }
	cat err
	while read -r function count; do
		calls trace.db "$function" "$count" || return 1
	done <out
	sound trace.db lost threads flags messages && is trace.db 'SELECT sum(lost_events) > 400 FROM threads' 1
}
check a_signal_at_any_instruction_of_a_hook_behind_a_gap_is_harmless gap
allowed=
options=
program=first
check a_signal_at_the_first_instructions_of_joining_a_run_is_harmless exact start 40
check a_signal_anywhere_while_a_run_is_joined_is_harmless exact even 20
check a_signal_at_the_last_instructions_of_joining_a_run_is_harmless exact end 25
# The first process of a run, from before its first constructor on.
starts() {
	rm -f trace.db*
	exits_with 0 ./stepper 100000000 ./start && read -r all <out || return 1
	[ "$all" -gt 50 ] || { echo "only $all system calls"; return 1; }
	turn=0
	while [ $turn -lt "$all" ]; do
		rm -f trace.db*
		exits_with 0 ./stepper $turn ./start && complete trace.db 10 && sound trace.db && calls trace.db h 1 &&
			calls trace.db g 1 && calls trace.db f 1 || { echo "at stop $turn of $all"; return 1; }
		turn=$((turn + all / 20))
	done
}
check a_signal_at_system_calls_while_the_first_process_of_a_run_starts_is_harmless starts
finish
