#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# endings.sh BUILD - however a program ends: what it did is there, what was open is shown as open, and
# whoever started it sees what it would see without tracing.
. "$(dirname "$0")/trace.sh"

builds() { traced endings "$programs/endings.c" -pthread && plain endings-plain "$programs/endings.c" -pthread; }
check builds builds

# ends HOW REASON CODE SIGNAL: as the plain program does, and the trace says how.
ends() {
	rm -f trace.db*
	./endings-plain "$1" >plain.out 2>plain.err
	status=$?
	exits_with $status ./endings "$1" && cmp out plain.out && cmp err plain.err && complete trace.db 2 && sound trace.db &&
		calls trace.db work 1000 && is trace.db 'SELECT end_reason, exit_code, exit_signal FROM processes' "$2|$3|$4" &&
		is trace.db "SELECT group_concat(function, '>') FROM (SELECT function FROM open_calls ORDER BY depth)" "$5"
}
check exit_inside_calls_leaves_them_open ends exit exit 5 '' 'main>middle>inner'
check _exit_loses_nothing ends _exit death 6 '' 'main>middle>inner'
check quick_exit_loses_nothing ends quick_exit death 7 '' 'main>middle>inner'
check abort_loses_nothing ends abort death '' 6 'main>middle>inner'
check a_crash_loses_nothing ends segv death '' 11 'main>middle>inner'
check a_kill_loses_nothing ends kill death '' 9 'main>middle>inner'
check a_signal_that_ends_loses_nothing ends term death '' 15 'main>middle>inner'
check exec_of_an_uninstrumented_program_loses_nothing ends exec death 9 '' 'main>middle>inner'
check a_return_from_main_leaves_nothing_open ends none exit 1 '' ''

thread_exits() {
	rm -f trace.db*
	exits_with 0 ./endings pthread_exit thread && sound trace.db && calls trace.db work 1000 &&
		is trace.db "SELECT calls FROM top WHERE function = 'middle'" 1
}
check pthread_exit_inside_calls_loses_nothing thread_exits
# One that ends before its drain has looked at it: all is there but perhaps how it ended.
at_once() {
	for turn in 1 2 3 4 5 6 7 8 9 10; do
		rm -f trace.db*
		AT_ONCE=1 exits_with 6 ./endings _exit && complete trace.db 2 && sound trace.db && calls trace.db work 1000 &&
			is trace.db "SELECT end_reason, coalesce(exit_code, 6), exit_signal FROM processes" 'death|6|' || return 1
	done
}
check a_program_that_ends_at_once_loses_nothing at_once

open_time() {
	ends exit exit 5 '' 'main>middle>inner' && is trace.db "SELECT count(*) FROM top WHERE function = 'main' AND total_ns > 0" 1
}
check open_calls_have_their_time open_time
finish
