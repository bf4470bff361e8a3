# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# crash.sh - what the tests of this folder share. Sourced by scripts that are called as SCRIPT BUILD.
#
#     drain_of PID          the pid of the drain of this program's run, into $drain; $ring: the run's folder
#     a_while MOST_MS       sleeps a random time
#     counted               the sum of the program's own counters (counters.h)
#     calls_within FILE FUNCTION COUNT MORE   calls of it are COUNT to COUNT + MORE
# shellcheck shell=sh
crash=$(cd "$(dirname "$0")" && pwd)
. "$crash/../e2e/runtime/trace.sh"

drain_of() {
	drain=
	drain_turns=40
	while [ -z "$drain" ] && [ $drain_turns -gt 0 ]; do # both may be starting
		ring=$(grep -o '/[^ ]*/[0-9a-f]\{32\}/ring' "/proc/$1/maps" | head -n 1)
		ring=${ring%/ring}
		for drain_entry in /proc/[0-9]*; do
			if [ -n "$ring" ] && tr '\0' ' ' 2>/dev/null <"$drain_entry/cmdline" | grep -q "^instr-drain --run $ring "; then
				drain=${drain_entry#/proc/}
			fi
		done
		drain_turns=$((drain_turns - 1))
		[ -n "$drain" ] || sleep 0.05
	done
	[ -n "$drain" ] || { echo "$1 has no drain; its ring is in '$ring'"; return 1; }
}

a_while() { sleep "$(od -An -N2 -tu2 /dev/urandom | awk -v most="$1" '{ printf "%.3f", $1 % most / 1000 }')"; }
counted() { od -An -v -w64 -tu8 counters | awk '{ n += $1 } END { print n }'; }

calls_within() {
	is "$1" "SELECT coalesce(sum(t.calls), 0) BETWEEN $3 AND $3 + $4 FROM function_totals t JOIN functions f USING (function_id)
		WHERE t.process_id = 0 AND f.name = '$2'" 1
}
