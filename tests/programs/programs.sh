# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# programs.sh - what the tests of whole programs share. Sourced by scripts that are called as
#
#     SCRIPT BUILD LLVM_BIN OUT
#
# BUILD     the build tree
# LLVM_BIN  folder of the clang to use and of its tools
# OUT       folder for builds, runs and traces; emptied first, and removed if everything passes
#
# Each program is built twice by its own build system, by clang and by instr-clang, runs its own tests
# both times, and must print and return the same; its trace must be whole. What is known to depend on
# how busy the machine is, each script says.
#
# INSTR_TRUTH_CACHE, INSTR_TRUTH_SOURCES   as in tests/e2e/truth/truth.sh
# shellcheck shell=sh
if [ $# -ne 3 ]; then
	echo "usage: $(basename "$0") BUILD LLVM_BIN OUT" >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/../e2e/runtime/trace.sh"
build=$(realpath "$1") llvm=$(realpath "$2")
rm -rf "$3"
mkdir -p "$3" || exit 1
out=$(cd "$3" && pwd)
export INSTR_CLANG="$llvm/clang"
instr_run="$build/bin/instr-run"

# sources PROGRAM - $sources is a folder with them; ends the test where they cannot be had
sources() {
	"$here/fetch.sh" "$1" "${INSTR_TRUTH_SOURCES:-$out/../sources}"
	status=$?
	[ $status -eq 0 ] || exit $status
	sources=$(cd "${INSTR_TRUTH_SOURCES:-$out/../sources}/$1" && pwd)
}

# counter NAME - $out/NAME.o, to be linked into a program: it counts what the program starts, in $out/NAME.log
counter() {
	"$llvm/clang" -O2 -Wall -Wextra -Werror "-DLOG=\"$out/$1.log\"" -c "$here/started.c" -o "$out/$1.o"
}

# started NAME - how many of what
started() { sed 's/ .*//' "$out/$1.log" | sort | uniq -c | tr -s '\n ' ' '; }

# logged LOG COMMAND... - its output is shown if it fails
logged() {
	log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null && return 0
	status=$?
	tail -n 40 "$log"
	return $status
}

# one_file - but for what a second try leaves, no program of the run wrote a trace of its own
one_file() {
	others=$(find "$out" -name '*.db*' ! -name 'again.db*' ! -path "$out/trace.db" | head)
	[ -z "$others" ] || { echo "there are other traces: $others"; return 1; }
}

# sound_but_for_forks - the trace is sound, but that a child of fork may return from calls, or jump to
# some, that it does not know: they were its parent's (docs/limits.md)
sound_but_for_forks() {
	sound "$out/trace.db" threads flags && is "$out/trace.db" "SELECT count(*) FROM threads JOIN processes USING (process_id)
		WHERE (orphans <> 0 OR flags <> 0) AND joined_by <> 'fork' OR skipped_units <> 0" 0
}

# A report is made of it, and says so where the figures are.
reported() {
	"$build/bin/instr-report" --top --limit 5 "$out/trace.db" >"$out/report.txt" &&
		"$build/bin/instr-report" --tree --limit 5 "$out/trace.db" >>"$out/report.txt" || return 1
	grep -q 'nothing lost' "$out/report.txt" && ! grep -q LOST "$out/report.txt" && return 0
	cat "$out/report.txt"
	return 1
}

end() {
	sed -n 2p "$out/report.txt" 2>/dev/null
	[ $failed -ne 0 ] || rm -rf "$out"
	finish
}
