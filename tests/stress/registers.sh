#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# registers.sh BUILD - hooks change no register but r11, on any of their paths.
. "$(dirname "$0")/../e2e/runtime/trace.sh"
stress=$(cd "$(dirname "$0")" && pwd)
root=$stress/../..

builds() { traced registers -static "-I$root/runtime" "-I$root/include" -mcx16 "$stress/registers.c" -pthread; }
check builds builds

survive() {
	rm -f trace.db*
	INSTR_OPTIONS=${2:-} exits_with 0 ./registers "$1" || { cat out; return 1; }
	[ "$1" = off ] || [ "$1" = wrong ] && return 0
	complete trace.db 5 && sound trace.db lost ${allowed:-} && read -r function enters exits <out &&
		is trace.db "SELECT sum(calls) + (SELECT sum(lost_events) FROM threads) >= $enters AND sum(calls) <= $enters
			FROM function_totals JOIN functions USING (function_id) WHERE process_id = 0 AND name = '$function'" 1
}
check the_test_sees_a_changed_register survive wrong
for path in steady join thread stack; do
	check "registers_survive_on_the_path_$path" survive $path
done
allowed='threads flags' # to reach an odd number of units, enters without their exits are made
for path in handover crossing; do
	check "registers_survive_on_the_path_$path" survive $path
done
allowed=
# Whether the ring runs full is the machine's choice: it gets several chances.
some_turn() { for turn in 1 2 3 4 5 6 7 8; do "$@" && return 0; done; return 1; }
check registers_survive_while_a_hook_waits some_turn survive wait ring_bytes=1m:ring_max_bytes=1m
check registers_survive_where_an_event_is_dropped survive drop ring_bytes=1m:ring_max_bytes=1m:overflow=drop
check registers_survive_where_the_gate_is_shut survive off record=off
finish
