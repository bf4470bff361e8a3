# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# trace.sh - what tests of whole runs share: compile with the plugin, run, ask the trace. Sourced by
# scripts that are called as SCRIPT BUILD_FOLDER; brings the harness with it.
#
#     traced OUT ARGUMENT...     compiles and links with instr-clang (tracedxx: instr-clang++)
#     plain OUT ARGUMENT...      the same without instr (plainxx)
#     ask FILE SQL               the answer, columns separated by |
#     is FILE SQL ANSWER         fails, and says both, unless the answer is this one
#     calls FILE FUNCTION N      FUNCTION (demangled name, up to the parenthesis) was called N times
#     work_is_called_in LINES    in trace.db, in all processes but the first: CALLS|CALLER>ITS CALLEE>|PROCESSES
#     ended FILE FUNCTION 'C R U O'   of its C calls R returned, U were unwound, O are open
#     as_plain PROGRAM ARGUMENT..  PROGRAM ends and says what PROGRAM-plain does; trace.db is of this run
#     complete FILE [SECONDS]    waits until its run has ended (what a kill leaves takes a moment)
#     sound FILE [RULE...]       it obeys every rule of sound.sql, but for the rules named
#     drain_of PID               the pid of the drain of this program's run, into $drain; $ring: the run's folder
#     windows FILE               calls and times of windows of time add up to its totals (tests/cli/window_check.c)
#     pending NAME WHY COMMAND.. a claim that does not hold yet; fails once it does, so that it becomes a check
#
# Programs are compiled at -O0: each call in the source is then a call in the program.
# shellcheck shell=sh
build=$1
runtime_tests=$(cd "$(dirname "$0")/../../tests/e2e/runtime" 2>/dev/null || cd "$(dirname "$0")" && pwd) || exit 1
programs=$runtime_tests/programs
. "$runtime_tests/../../harness/check.sh"
unset INSTR_CLANG CFLAGS CXXFLAGS LDFLAGS LD_LIBRARY_PATH LD_PRELOAD

traced() { traced_out=$1; shift; "$build/bin/instr-clang" -g -O0 -Werror=int-conversion -Werror=implicit-function-declaration -o "$traced_out" "$@"; }
tracedxx() { traced_out=$1; shift; "$build/bin/instr-clang++" -g -O0 -o "$traced_out" "$@"; }
plain() { traced_out=$1; shift; clang -g -O0 -o "$traced_out" "$@"; }
plainxx() { traced_out=$1; shift; clang++ -g -O0 -o "$traced_out" "$@"; }

windows() { "$build/tests/window_check" "$1"; }
ask() { sqlite3 -batch -bail -readonly -cmd '.timeout 2000' "$1" "$2"; }

is() {
	is_got=$(ask "$1" "$2") || return 1
	[ "$is_got" = "$3" ] && return 0
	printf '%s\ngives\n%s\nnot\n%s\n' "$2" "$is_got" "$3"
	return 1
}

calls() {
	is "$1" "SELECT coalesce(sum(t.calls), 0) FROM function_totals t JOIN functions f USING (function_id)
		WHERE t.process_id = 0 AND (f.name = '$2' OR f.name LIKE '$2(%')" "$3"
}

work_is_called_in() {
	is trace.db "WITH RECURSIVE up (context_id, at, path) AS (
			SELECT context_id, parent_id, '' FROM contexts JOIN functions USING (function_id)
			WHERE name = 'work' AND process_id > 1
			UNION ALL
			SELECT up.context_id, c.parent_id, name || '>' || path FROM up JOIN contexts c ON c.context_id = at
			JOIN functions USING (function_id) WHERE c.parent_id IS NOT NULL)
		SELECT calls, path, count(*) FROM up JOIN totals USING (context_id) JOIN contexts r ON r.context_id = up.at
		WHERE r.parent_id IS NULL AND calls > 0 GROUP BY 1, 2 ORDER BY 2 DESC, 1" "$1"
}

ended() {
	is "$1" "SELECT coalesce(sum(t.calls) || ' ' || sum(t.returns) || ' ' || sum(t.unwound) || ' ' || sum(t.open), '0 0 0 0')
		FROM function_totals t JOIN functions f USING (function_id)
		WHERE t.process_id = 0 AND (f.name = '$2' OR f.name LIKE '$2(%')" "$3"
}

as_plain() {
	as_plain_program=$1
	shift
	rm -f trace.db*
	"./$as_plain_program-plain" "$@" >plain.out 2>plain.err
	as_plain_status=$?
	exits_with $as_plain_status "./$as_plain_program" "$@" && cmp out plain.out && cmp err plain.err
}

# The run's folder goes away when its drain has done all it will ever do.
complete() {
	complete_turns=$((${2:-10} * 20))
	while [ $complete_turns -gt 0 ]; do
		complete_run=$(ask "$1" "SELECT value FROM run WHERE key = 'run_id'" 2>/dev/null)
		complete_state=$(ask "$1" "SELECT value FROM run WHERE key = 'state'" 2>/dev/null)
		if [ -n "$complete_run" ] && [ "$complete_state" != recording ] &&
		   [ ! -e "/dev/shm/instr-$(id -u)/$complete_run" ] && [ ! -e "$1-wal" ]; then
			return 0
		fi
		complete_turns=$((complete_turns - 1))
		sleep 0.05 # the drain works on by itself; there is nothing to wait on
	done
	echo "$1 is not complete after ${2:-10} s: state '$complete_state'"
	ls -la "$1"* "/dev/shm/instr-$(id -u)/$complete_run"
	return 1
}

sound() {
	sound_file=$1
	shift
	sound_allowed='^$'
	for sound_rule in "$@"; do
		sound_allowed="$sound_allowed|^$sound_rule:"
	done
	[ -f "$sound_file" ] || { echo "there is no $sound_file"; return 1; }
	for sound_left in "$sound_file-wal" "$sound_file-shm" "$sound_file-journal"; do
		[ ! -e "$sound_left" ] || { echo "there is a $sound_left"; return 1; }
	done
	ask "$sound_file" ".read $runtime_tests/sound.sql" >.sound 2>&1 || { cat .sound; return 1; }
	sound_found=$(grep -Ev "$sound_allowed" .sound | head -20)
	[ -z "$sound_found" ] && return 0
	echo "$sound_file breaks rules:"
	echo "$sound_found"
	return 1
}

drain_of() {
	drain=
	drain_turns=40
	while [ -z "$drain" ] && [ $drain_turns -gt 0 ]; do # both may be starting
		drain_found=$("$build/tests/crash_ring_of" "$1" 50) && ring=${drain_found% *} drain=${drain_found##* }
		[ "$drain" != 0 ] || drain=
		drain_turns=$((drain_turns - 1))
		[ -n "$drain" ] || sleep 0.05
	done
	[ -n "$drain" ] || { echo "$1 has no drain; its ring is in '$ring'"; return 1; }
}

pending() {
	pending_name=$1 pending_why=$2
	shift 2
	if (cd "$scratch" && "$@") >"$scratch/.log" 2>&1; then
		failed=$((failed + 1))
		echo "FAILED $pending_name: holds now, and is to be a check"
	else
		echo "pending $pending_name: $pending_why"
	fi
}
