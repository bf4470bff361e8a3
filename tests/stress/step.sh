#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# step.sh BUILD - a signal between any two instructions of a hook neither loses nor damages an event.
. "$(dirname "$0")/../e2e/runtime/trace.sh"
stress=$(cd "$(dirname "$0")" && pwd)
root=$stress/../..

builds() {
	traced step -static "-I$root/runtime" "-I$root/include" -mcx16 "$stress/step.c" -pthread && traced first "$stress/first.c"
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
			WHEN 'h' THEN p.function NOT IN ('f', 'outer', 'h', 'g', 'filler') WHEN 'f' THEN p.function IS NOT 'outer' AND p.function IS NOT NULL
			ELSE p.function IS NOT NULL END" ''
}
for on in '' alternate; do
	name=${on:+_on_an_alternate_stack}
	check "a_signal_at_any_instruction_of_a_hook_is_harmless$name" exact steady $on
	# A handler on another stack at every instruction would move the anchor again before the hook sees it.
	[ -n "$on" ] || check "a_signal_at_every_instruction_of_a_hook_is_harmless$name" exact every $on
	check "a_signal_at_any_instruction_of_a_hand_over_is_harmless$name" exact handover $on
	check "a_signal_while_the_stack_pointer_is_told_is_harmless$name" exact stack $on
	# The drain may pass a unit before the hook that it belongs to has gone on, and walk it then.
	allowed=flags
	check "a_signal_at_any_instruction_of_a_handler_is_harmless$name" exact nested $on
	allowed=
	check "a_signal_at_any_instruction_of_a_first_call_is_harmless$name" exact thread $on
done
options=ring_bytes=1m:ring_max_bytes=1m
check signals_while_a_hook_waits_for_the_drain_are_harmless exact wait
options=
program=first
check a_signal_at_the_first_instructions_of_joining_a_run_is_harmless exact start 40
check a_signal_anywhere_while_a_run_is_joined_is_harmless exact even 20
check a_signal_at_the_last_instructions_of_joining_a_run_is_harmless exact end 25
finish
