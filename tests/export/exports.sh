#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# exports.sh BUILD FORMAT - an export has what SQL says, of stored traces and of one that is recorded here; and what is
# no trace is none to it. Skipped (77) without the program that reads the format.
. "$(dirname "$0")/../e2e/runtime/trace.sh"
here=$(cd "$(dirname "$0")" && pwd)
format=$2
words=$format
[ "$format" = csv ] && words="csv top"

compare() { python3 -B "$here/exports.py" "$format" "$@" --bin "$build/bin" --source "$here/../.."; }

records() {
	"$build/bin/instr-clang++" -g -O1 -std=c++17 -o program "$here/program.cc" -pthread && exits_with 0 ./program &&
		says out "5000 x 0" && complete trace.db 20
}
check a_run_is_recorded records

(cd "$scratch" && compare trace.db) >"$scratch/compared" 2>&1
case $? in
77)
	cat "$scratch/compared"
	exit 77
	;;
0) check totals_are_those_of_sql true ;;
*) check totals_are_those_of_sql sh -c 'cat compared; exit 1' ;;
esac
tail -n 1 "$scratch/compared"

leaves_nothing() {
	echo "not a trace, but long enough to be looked into, ............................................................." >text
	exits_with 3 "$build/bin/instr-export" $words text -o answer && says err "not a SQLite database" && [ ! -e answer ] &&
		head -c 20000 trace.db >cut.db && exits_with 3 "$build/bin/instr-export" $words cut.db -o answer && [ ! -e answer ]
}
check what_is_no_trace_leaves_no_file leaves_nothing

finish
