#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# again.sh BUILD GCC - a function of code that GCC compiled is one also when the drain was killed and another one goes on.
. "$(dirname "$0")/../runtime/trace.sh"
here=$(cd "$(dirname "$0")" && pwd) gcc=$2

seen() { # CALLS: of leaf are in the file
	seen_turns=200
	while [ $seen_turns -gt 0 ]; do
		[ "$(sqlite3 -readonly trace.db "SELECT sum(calls) FROM top WHERE function = 'leaf'" 2>/dev/null)" = "$1" ] && return 0
		seen_turns=$((seen_turns - 1))
		sleep 0.1
	done
	echo "leaf was not seen $1 times"
	return 1
}

one_row() {
	"$gcc" -g -O1 -finstrument-functions "$here/again.c" -o again -L"$build/lib" -Wl,--no-as-needed -linstr_rt "-Wl,-rpath,$build/lib" &&
		mkfifo bytes || return 1
	./again <bytes &
	program=$!
	exec 3>bytes
	printf x >&3
	seen 10 && drain_of $program && kill -9 "$drain" && printf yz >&3
	one_row_status=$?
	exec 3>&-
	wait $program
	[ $one_row_status -eq 0 ] && "$build/bin/instr-recover" trace.db && complete trace.db 20 &&
		is trace.db "SELECT function || ' ' || calls FROM top ORDER BY function" 'leaf 30
main 1' && is trace.db "SELECT count(*) FROM modules" 1
}
check a_function_is_one_when_another_drain_goes_on one_row
finish
