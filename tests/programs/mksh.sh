#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# mksh.sh BUILD LLVM_BIN OUT - mksh 59c, a shell: thousands of processes that fork, exec, and end by
# longjmp and _exit; its own 500 tests, which clear the environment. Some of them sleep or have a time
# limit: if a run ends otherwise than the plain one, both are run again, twice at most.
. "$(dirname "$0")/programs.sh"
sources mksh

# Its build asks the compiler a hundred things first, and must get the same answers.
builds() { # NAME CC
	mkdir "$out/$1" && cp -r "$sources" "$out/$1/mksh" && cd "$out/$1/mksh" && counter "$1" &&
		CC=$2 CFLAGS="-O2 -g" LDFLAGS="$out/$1.o" logged "$out/$1.build" sh Build.sh -r -j &&
		grep '=>' "$out/$1.build" | sort >"$out/$1.answers" && [ -s "$out/$1.answers" ]
}
check plain_mksh_builds builds plain "$llvm/clang"
check traced_mksh_builds builds traced "$build/bin/instr-clang"
check configuration_finds_the_same diff "$out/plain.answers" "$out/traced.answers"

# tests NAME [RUNNER...] - its output with what differs from run to run taken out
tests() {
	name=$1
	shift
	rm -f "$out/$name.log"
	mkdir -p "$out/$name/tmp"
	# Without a terminal, as its own test script is told.
	(cd "$out/$name/mksh" && TMPDIR="$out/$name/tmp" "$@" ./test.sh -C regress:no-ctty) </dev/null \
		>"$out/$name.raw" 2>&1
	echo "status $?" >>"$out/$name.raw"
	sed -e "s,$out/$name/,OUT/,g" -e 's/chk[0-9]*-[0-9.]*/chk/g' "$out/$name.raw" >"$out/$name.out"
	grep -Eq '^Total passed: [1-9][0-9][0-9]' "$out/$name.out"
}
check plain_mksh_runs_its_tests tests plain
check traced_mksh_runs_its_tests tests traced "$instr_run" --out "$out/trace.db"
cp "$out/traced.log" "$out/traced.counted" 2>/dev/null
check the_trace_is_finished complete "$out/trace.db" 30

# What it prints and returns, and how often it starts and forks.
same() {
	turn=0
	until diff "$out/plain.out" "$out/traced.out" && [ "$(started plain)" = "$(started traced)" ]; do
		echo "plain: $(started plain); traced: $(started traced)"
		turn=$((turn + 1))
		[ $turn -le 2 ] && tests plain && tests traced "$instr_run" --out "$out/again.db" || return 1
	done
	rm -f "$out"/again.db*
}
check mksh_prints_returns_and_starts_the_same same

# A process is an image or a child of fork; instr-run is one more.
all_processes() {
	one_file && is "$out/trace.db" 'SELECT count(*) FROM processes' $(($(grep -c '' "$out/traced.counted") + 1)) &&
		is "$out/trace.db" "SELECT count(*) FROM processes WHERE joined_by = 'fork'" \
			"$(grep -c '^fork ' "$out/traced.counted")" &&
		is "$out/trace.db" "SELECT count(*) FROM processes WHERE parent_process_id IS NULL" 1 &&
		is "$out/trace.db" "SELECT count(*) FROM processes WHERE command IS NULL OR executable IS NULL" 0 &&
		calls "$out/trace.db" main "$(grep -c '^image ' "$out/traced.counted")"
}
check every_image_and_every_child_is_a_process_of_one_trace all_processes
check the_trace_is_sound sound_but_for_forks
check the_report_says_nothing_is_lost reported
end
