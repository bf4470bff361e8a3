# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# crash.sh - what the tests of this folder share. Sourced by scripts that are called as SCRIPT BUILD.
#
#     a_while MOST_MS       sleeps a random time
#     counted [FILE]        the sum of the program's own counters (counters.h)
#     calls_within FILE FUNCTION COUNT MORE   calls of it are COUNT to COUNT + MORE
#     folded FILE           its totals are the fold of its events (verify.c)
#     exact FILE COUNTERS MORE   all that a crash must leave of crowd.c: complete, sound, folded, all calls of
#                           work there, at most MORE that were not counted yet, each ended by its own exit
#     crowd_builds          crowd and its library are there
#     alive PROGRAM         somebody of the group of processes that it leads is there
#     look PID|FOLDER [MS]  that run's folder and the pid of its drain, into $ring and $drain; fails if it has none
#     settle TURNS          everybody in $program's group, and the drain of $ring, ends by himself, or nobody is left
#                           who could, in TURNS times 20 ms; $program's exit status into $status
#     nothing_left          a program that is killed before it has a drain is swept up by a later one
# shellcheck shell=sh
crash=$(cd "$(dirname "$0")" && pwd)
. "$crash/../e2e/runtime/trace.sh"

a_while() { sleep "$(od -An -N2 -tu2 /dev/urandom | awk -v most="$1" '{ printf "%.3f", $1 % most / 1000 }')"; }
counted() { od -An -v -w64 -tu8 "${1:-counters}" | awk '{ n += $1 } END { print n + 0 }'; }

calls_within() {
	is "$1" "SELECT coalesce(sum(t.calls), 0) BETWEEN $3 AND $3 + $4 FROM function_totals t JOIN functions f USING (function_id)
		WHERE t.process_id = 0 AND f.name = '$2'" 1
}

folded() { "$build/tests/crash_verify" "$1"; }

exact() {
	complete "$1" 10 && sound "$1" && folded "$1" && calls_within "$1" work "$(counted "$2")" "$3" &&
		is "$1" "SELECT coalesce(sum(t.unwound + t.orphans), 0) FROM function_totals t JOIN functions f USING (function_id)
			WHERE t.process_id = 0 AND f.name = 'work'" 0
}

crowd_builds() {
	traced libcrowd.so -fPIC -shared "-I$programs" "$crash/programs/crowd_library.c" &&
		traced crowd "-I$programs" "$crash/programs/crowd.c" -pthread -ldl
}

alive() { kill -0 "-$1" 2>/dev/null; }
look() { found=$("$build/tests/crash_ring_of" "$@") && ring=${found% *} drain=${found##* } && [ "$drain" != 0 ]; }

settle() {
	settle_turns=0
	while alive $program || { [ -e "$ring/ring" ] && look "$ring" 100; }; do
		sleep 0.02
		settle_turns=$((settle_turns + 1))
		[ $settle_turns -lt "$1" ] || { echo "it does not end"; ps -ef | grep -E "crowd|--run $ring"; return 1; }
	done
	wait $program
	status=$?
}

nothing_left() {
	sleep 11
	cd "$scratch" && rm -f trace.db* testpoint* && exits_with 3 ./crowd churn 1 "$scratch/libcrowd.so" || return 1
	for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -n "$(ls "/dev/shm/instr-$(id -u)" 2>/dev/null)" ] || return 0
		sleep 0.1 # drains end by themselves
	done
	ls -lR "/dev/shm/instr-$(id -u)"
	return 1
}
