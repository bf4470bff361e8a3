#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# processes.sh BUILD - children are in their parent's trace, and the program sees nothing of recording.
. "$(dirname "$0")/trace.sh"

builds() { traced family "$programs/family.c" && plain family-plain "$programs/family.c"; }
check builds builds
made() { rm -f trace.db* && exits_with "$1" ./family "$2" && complete trace.db 5 && sound trace.db orphans; }

forked() { made 0 fork && calls trace.db work 3000 && is trace.db "SELECT joined_by, parent_process_id, exit_code FROM processes" 'start||0
fork|1|4'; }
check a_fork_child_joins_the_trace forked
ended() { made 0 _exit && calls trace.db work 3000 && is trace.db "SELECT coalesce(exit_code, 4) FROM processes WHERE joined_by = 'fork'" 4; }
check a_fork_child_that_ends_by__exit_loses_nothing ended
spawned() { made 0 spawn && calls trace.db work 3000 && is trace.db "SELECT count(*), sum(parent_process_id = 1) FROM processes" '2|1'; }
check a_spawned_program_joins_the_trace spawned
executed() { made 4 exec && calls trace.db work 3000 && is trace.db "SELECT joined_by, end_reason FROM processes" 'start|exec
exec|exit'; }
check exec_begins_a_new_process_of_the_same_run executed

unseen() { rm -f trace.db* && exits_with 0 ./family-plain unseen && cp out plain.out && exits_with 0 ./family unseen && cmp out plain.out && says out 'child -1 1, signals 0, threads 1'; }
check no_child_signal_thread_descriptor_or_variable_is_seen unseen
closed() { made 7 closes && calls trace.db work 2000; }
check a_program_that_closes_all_descriptors_is_traced_on closed
together() {
	rm -f trace.db* && "$build/bin/instr-run" sh -c './family child; ./family fork & ./family child; wait' >/dev/null 2>&1
	complete trace.db 5 && calls trace.db work 5000 && is trace.db 'SELECT count(*) FROM processes' 5
}
check instr_run_gathers_programs_without_a_common_parent together
passes_on() { rm -f trace.db*; exits_with 4 "$build/bin/instr-run" ./family child && exits_with 127 "$build/bin/instr-run" ./nothing; }
check instr_run_ends_as_its_command passes_on
finish
