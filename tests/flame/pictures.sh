#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# pictures.sh BUILD - flame graphs and call graphs have what SQL says, of stored traces and of one that is recorded here.
. "$(dirname "$0")/../e2e/runtime/trace.sh"
here=$(cd "$(dirname "$0")" && pwd)

records() {
	"$build/bin/instr-clang++" -g -O1 -std=c++17 -o program "$here/../export/program.cc" -pthread && exits_with 0 ./program &&
		says out "5000 x 0" && complete trace.db 20
}
check a_run_is_recorded records

compare() { python3 -B "$here/pictures.py" trace.db --bin "$build/bin" --source "$here/../.."; }
check pictures_have_what_sql_says compare

leaves_nothing() {
	echo "not a trace, but long enough to be looked into, ............................................................." >text
	for option in "--flame page.html" "--graph graph.svg"; do
		# shellcheck disable=SC2086
		exits_with 3 "$build/bin/instr-report" text $option && says err "not a SQLite database" && [ ! -e page.html ] && [ ! -e graph.svg ] || return 1
	done
}
check what_is_no_trace_leaves_no_file leaves_nothing

finish
