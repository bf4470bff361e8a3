#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# pugixml.sh BUILD LLVM_BIN OUT - pugixml 1.13, an XML library in C++: its own 950 tests, with
# exceptions out of its parser and out of allocators that fail. Every call is counted independently
# (tests/e2e/truth/count.c) in the same run.
. "$(dirname "$0")/programs.sh"
sources pugixml
truth=$here/../e2e/truth
flags="-O1 -gline-tables-only"
counted="-finstrument-functions-after-inlining -fsanitize-coverage=func,trace-pc-guard,pc-table"

builds() { # NAME CXX FLAGS LINK
	cp -r "$sources" "$out/sources.$1" && logged "$out/$1.configure" cmake -S "$out/sources.$1" -B "$out/$1" \
		-DPUGIXML_BUILD_TESTS=ON -DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_COMPILER=$2" "-DCMAKE_CXX_FLAGS=$3" \
		"-DCMAKE_EXE_LINKER_FLAGS=$4" && logged "$out/$1.build" cmake --build "$out/$1" -j 2
}
check counters_build "$llvm/clang" -O2 -c "$truth/count.c" -o "$out/count.o"
check plain_pugixml_builds builds plain "$llvm/clang++" "$flags" ""
check traced_pugixml_builds builds traced "$build/bin/instr-clang++" "$flags $counted" "$out/count.o"

# tests NAME SETTINGS - as its ctest runs them: in the folder of the sources
tests() {
	(cd "$out/sources.$1" && INSTR_OPTIONS=$2 COUNTS="$out/counts" "$out/$1/pugixml-check") >"$out/$1.out" 2>&1
	echo "status $?" >>"$out/$1.out"
	grep -Eq '^Success: [1-9][0-9]* tests passed' "$out/$1.out" && return 0
	tail -n 20 "$out/$1.out"
	return 1
}
check plain_pugixml_passes_its_tests tests plain ""
check traced_pugixml_passes_its_tests tests traced "out='$out/trace.db'"
check pugixml_prints_and_returns_the_same diff "$out/plain.out" "$out/traced.out"
check the_trace_is_finished complete "$out/trace.db"
# Documents of a thousand levels are deeper than calling contexts go: said in the trace, counts stay exact.
deep() { sound "$out/trace.db" flags && is "$out/trace.db" 'SELECT DISTINCT flags FROM threads' 4; }
check the_trace_is_sound deep
unwound() { is "$out/trace.db" 'SELECT sum(unwound) > 100 FROM function_totals WHERE process_id = 0' 1; }
check exceptions_left_more_than_a_hundred_calls unwound

# The same call ends in our trace and in cyg's count by return and by exception alike.
counts() {
	sqlite3 -batch -noheader -tabs "$out/trace.db" <"$truth/trace-calls.sql" >"$out/calls" &&
		"$truth/compare.py" --tools "$llvm" --program "$out/traced/pugixml-check" --level late \
			--counts "$out/counts" --list "$out/one-sided" --expect "global initialiser" "$out/calls" >"$out/compared"
	status=$?
	cat "$out/compared"
	return $status
}
check all_calls_are_those_that_independent_counters_saw counts
cat "$out/compared" 2>/dev/null | sed 's/^/    /'
check the_report_says_nothing_is_lost reported
end
