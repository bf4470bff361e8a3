#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# processes.sh BUILD - a run with several processes; and what a process can see of being recorded: nothing.
. "$(dirname "$0")/trace.sh"

builds() {
	traced guest "$programs/guest.c" -pthread && plain guest-plain "$programs/guest.c" -pthread &&
		traced processes "$programs/processes.c" -pthread
}
check builds builds

sees_nothing() {
	rm -f trace.db*
	cp guest-plain here && exits_with 0 ./here && cp out plain.out && cp guest here && exits_with 0 ./here || return 1
	diff out plain.out && [ ! -s err ] && calls trace.db work 300001 && sound trace.db
}
check a_program_sees_no_descriptor_thread_child_or_signal_of_ours sees_nothing
sees_nothing_else() {
	for setting in '' record=off; do
		rm -f trace.db*
		cp guest-plain here && INSTR_OPTIONS=$setting exits_with 3 sh -c 'trap "" INT; umask 077; ulimit -n 50; ./here 5<&0 9>&1; exit 3' &&
			cp out plain.out && cp guest here &&
			INSTR_OPTIONS=$setting exits_with 3 sh -c 'trap "" INT; umask 077; ulimit -n 50; ./here 5<&0 9>&1; exit 3' &&
			diff out plain.out || return 1
	done
}
check nor_with_other_descriptors_limits_and_ignored_signals sees_nothing_else
goes_apart() {
	rm -f trace.db*
	cp guest-plain here && exits_with 0 ./here apart && cp out plain.out && cp guest here && exits_with 0 ./here apart || return 1
	diff out plain.out && [ ! -s err ] && complete trace.db && calls trace.db work 4000 && sound trace.db
}
check a_program_goes_into_namespaces_of_its_own_as_without_us goes_apart

# run HOW STATUS PROCESSES CALLS RULE...: recorded whole when the last process is gone.
run() {
	how=$1 status=$2 processes=$3 count=$4
	shift 4
	rm -f trace.db*
	exits_with "$status" ./processes $how && complete trace.db 10 && calls trace.db work "$count" &&
		is trace.db 'SELECT count(*) FROM processes' "$processes" && sound trace.db "$@"
}
of_each() { is trace.db "SELECT group_concat(calls, ' ') FROM (SELECT calls FROM function_totals JOIN functions USING (function_id)
	WHERE name = 'work' AND process_id > 0 ORDER BY process_id)" "$1"; }
joined() { is trace.db 'SELECT process_id, parent_process_id, joined_by, end_reason, exit_code FROM processes ORDER BY 1' "$1"; }

exits() {
	run exit 0 5 5000 && of_each '1000 1000 1000 1000 1000' && joined '1||start|exit|0
2|1|fork|exit|7
3|1|fork|exit|7
4|1|fork|exit|7
5|1|fork|exit|7'
}
check children_by_fork_are_processes_of_the_run exits
exits_hard() { run _exit 0 5 5000 && of_each '1000 1000 1000 1000 1000'; }
check children_that_end_by__exit_lose_nothing exits_hard
check parent_and_children_that_work_hard_lose_nothing run heavy 0 3 3000000
counted_inside() { run inside 0 2 330 && of_each '110 220'; }
check a_child_that_returns_through_its_parents_calls_loses_nothing counted_inside
inside() {
	run inside 0 2 330 && is trace.db "SELECT group_concat(function, '>') FROM (SELECT function FROM tree WHERE process_id = 2 AND function NOT IN
			('work', 'make_calls') ORDER BY depth)" 'main>inside>middle>inner'
}
check a_child_goes_on_inside_its_parents_calls inside
in_thread() {
	run thread 0 5 0 >/dev/null
	calls trace.db work $((5000 + $(cat out))) && sound trace.db
}
check a_child_of_a_thread_is_recorded_while_others_work in_thread
check a_child_of_a_child_that_is_gone_is_recorded run grandchild 0 3 3000
generations() { run generations 0 5 5000 && is trace.db "SELECT count(*) FROM processes WHERE command = './processes generations'" 5; }
check all_descendants_by_fork_have_their_ancestors_command_line generations
check a_child_by_vfork_and_exec_is_recorded run vfork 0 2 3001
check a_child_by_posix_spawn_is_recorded run spawn 0 2 3000
check a_child_of_a_shell_is_recorded run system 0 2 2000
by_exec() { run exec 7 2 2000 && joined '1||start|exec|
2|1|exec|exit|7'; }
check exec_goes_on_in_the_same_run by_exec
chain() { run 'chain 20' 7 21 21000 && is trace.db "SELECT count(*) FROM processes WHERE end_reason = 'exec'" 20; }
check exec_many_times_over_stays_one_run chain
handler() {
	run handler 0 51 0 >/dev/null
	is trace.db "SELECT count(*), sum(calls) FROM function_totals JOIN functions USING (function_id)
		WHERE name = 'work' AND process_id > 1" '50|500' && sound trace.db
}
check children_forked_by_a_handler_lose_nothing handler
closed() { run closed 7 1 1000000; }
check a_program_that_closes_all_descriptors_is_recorded closed
closed_at_start() { rm -f trace.db*; ./processes plain <&- >&- 2>&-; [ $? = 7 ] && calls trace.db work 1000 && sound trace.db; }
check a_program_without_standard_descriptors_is_recorded closed_at_start

# One run of many programs, by instr-run or by a shell script that an instrumented program starts.
many() {
	cat >many.mk <<-'MAKE'
		all: a b c d e f g h
		a b c d e f g h: ; ./processes plain || true
	MAKE
	rm -f trace.db*
	exits_with 0 "$build/bin/instr-run" make -s -j4 -f many.mk && complete trace.db 10 && calls trace.db work 8000 && sound trace.db &&
		is trace.db "SELECT count(*) FROM processes WHERE command = './processes plain'" 8
}
check instr_run_makes_one_trace_of_all_programs_of_a_command many
ends_as() { rm -f trace.db*; exits_with 7 "$build/bin/instr-run" ./processes plain && exits_with 127 "$build/bin/instr-run" ./nothing; }
check instr_run_ends_as_its_command ends_as
finish
