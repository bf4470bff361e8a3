#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# hello.sh BUILD - the smallest program: everything in its trace, compared with what is known.
. "$(dirname "$0")/trace.sh"

builds() { traced hello "$programs/hello.c" && plain hello-plain "$programs/hello.c"; }
check a_program_builds_with_instr_clang builds

prints_and_ends_as_ever() {
	for status in 0 3 255; do
		exits_with $status ./hello-plain $status && cp out plain.out && exits_with $status ./hello $status &&
			cmp out plain.out && [ ! -s err ] || return 1
	done
}
check output_and_exit_status_are_those_of_the_plain_program prints_and_ends_as_ever

rm -f "$scratch"/trace.db*
runs() { exits_with 3 ./hello 3 'a b' "it's"; }
check it_runs runs
check the_trace_obeys_all_rules sound trace.db
every_call() { calls trace.db main 1 && calls trace.db twice 3 && calls trace.db leaf 6 && is trace.db 'SELECT sum(calls) FROM top' 10; }
check every_call_is_counted every_call
check every_event_is_kept is trace.db 'SELECT events, (SELECT sum(events) FROM chunks), sum(lost_events) FROM threads' '20|20|0'
check the_tree_is_that_of_the_calls is trace.db 'SELECT depth, function, calls FROM tree' '1|main|1
2|twice|3
3|leaf|6'
check functions_have_file_and_line is trace.db "SELECT function, substr(file, -7), line FROM top ORDER BY line" \
	'leaf|hello.c|9
twice|hello.c|14
main|hello.c|19'
times_nest() {
	is trace.db "SELECT m.total_ns >= t.total_ns AND t.total_ns >= l.total_ns AND l.total_ns > 0 AND l.self_ns = l.total_ns
		FROM top m, top t, top l WHERE m.function = 'main' AND t.function = 'twice' AND l.function = 'leaf'" 1
}
check times_nest times_nest

process_row() {
	is trace.db 'SELECT process_id, parent_process_id, command, joined_by, end_reason, exit_code, exit_signal FROM processes' \
		"1||./hello 3 'a b' 'it'\\''s'|start|exit|3|" &&
	is trace.db 'SELECT executable, working_directory FROM processes' "$scratch/hello|$scratch" &&
	is trace.db 'SELECT start_ticks >= 0 AND end_ticks > start_ticks FROM processes' 1
}
check the_process_is_described process_row
check there_is_one_thread is trace.db 'SELECT count(*), min(name), min(tid = pid) FROM threads JOIN processes USING (process_id)' '1|hello|1'
check the_module_is_known is trace.db 'SELECT path, length(build_id) >= 0, rows FROM modules' "$scratch/hello|1|3"
one_second() {
	is trace.db "SELECT started > strftime('%Y-%m-%d %H:%M:%S', 'now', '-60 seconds') AND started <= strftime('%Y-%m-%d %H:%M:%S', 'now', '+1 second')
		AND duration_ns BETWEEN 1 AND 5000000000 FROM summary" 1
}
check start_and_duration_are_right one_second

nothing_stays() {
	complete trace.db 2 && run=$(ask trace.db "SELECT value FROM run WHERE key = 'run_id'") &&
		[ "${#run}" = 32 ] && [ ! -e "/dev/shm/instr-$(id -u)/$run" ] || return 1
	for process in /proc/[0-9]*; do
		tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q "^instr-drain .*$run" && { echo "$process is there"; return 1; }
	done
	[ "$(ls)" = "$1" ] || { ls; return 1; }
}
rm -f "$scratch"/*out "$scratch"/err
check nothing_stays_in_shared_memory_or_in_the_folder nothing_stays 'hello
hello-plain
trace.db'

# The file is whole when the program returns: copied at once, it is a sound trace.
whole_at_once() {
	for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 \
		31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50; do
		./hello 3 >/dev/null
		cp trace.db copy.db
		ls trace.db-* 2>/dev/null && return 1
		head -c 20 copy.db | od -An -tu1 -j18 -N1 | grep -q ' 1' || { echo "turn $turn: still in WAL mode"; return 1; }
		is copy.db "SELECT (SELECT sum(calls) FROM function_totals WHERE process_id = 0), (SELECT sum(events) FROM chunks),
			(SELECT exit_code FROM processes), (SELECT value FROM run WHERE key = 'state'), (SELECT integrity_check FROM pragma_integrity_check)" \
			'10|20|3|complete|ok' || { echo "turn $turn"; return 1; }
	done
	sound copy.db
}
check a_copy_right_after_the_program_is_whole whole_at_once
finish
