#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# forks.sh BUILD - a child of fork goes on inside its parent's calls: their time in the child counts there,
# the calls do not, and no end of one is an orphan.
. "$(dirname "$0")/trace.sh"

builds() { traced forks "$programs/forks.c" -pthread; }
check builds builds

# in_all_three CALLER>..> PROCESSES: what work_is_called_in says of a fork in outer, three calls deep.
in_all_three() { printf '%s\n' "5|$1outer>middle>inner>|$2" "7|$1outer>middle>|$2" "11|$1outer>|$2"; }

# The calls that a child began in are counted in the process that made them, and their time here is.
counted_once() {
	is trace.db "SELECT name, sum(calls), count(DISTINCT process_id), min(total_ticks) > 0 FROM function_totals JOIN functions USING (function_id)
		WHERE process_id > 0 AND name = '$1' GROUP BY 1" "$1|$2|$3|1"
}

# inside STATUS SECONDS ARGUMENT...: the trace is whole, no end of a call was an orphan, no thread is marked.
inside() {
	status=$1 seconds=$2
	shift 2
	rm -f trace.db*
	exits_with "$status" ./forks "$@" && complete trace.db "$seconds" && sound trace.db
}

returned() {
	inside 0 10 returned && work_is_called_in "$(in_all_three 'main>returned>' 1)" && counted_once inner 1 2 &&
		counted_once outer 1 2 && calls trace.db other 200000
}
check a_child_whose_parent_has_returned_goes_on_inside_its_calls returned
left() {
	inside 0 10 left && sleep 1 && complete trace.db 10 && sound trace.db && work_is_called_in "$(in_all_three 'main>left>' 1)"
}
check a_child_whose_parent_has_ended_goes_on_inside_its_calls left
deep() {
	rm -f trace.db*
	# Beyond 512 calls paths are folded: the threads' flag 4, and no other.
	exits_with 0 ./forks deep "$1" && complete trace.db 10 && sound trace.db flags "$2" && calls trace.db work "$1" && counted_once recurse "$1" 2 &&
		is trace.db 'SELECT max(flags) FROM threads' "$3"
}
check a_child_returns_through_a_recursion deep 500 no_rule 0
check a_child_returns_through_a_recursion_whose_paths_are_folded deep 9000 no_rule 4
loop() {
	inside 0 20 loop 100 && work_is_called_in "$(in_all_three 'main>loop>' 34)
5|main>loop>middle>inner>|33
7|main>loop>middle>|33
5|main>loop>inner>|33"
}
check many_children_go_on_inside_the_calls_that_each_was_forked_in loop
check windows_of_a_childs_time_add_up_too windows trace.db
late() {
	inside 0 20 late 300 && work_is_called_in "$(in_all_three 'main>late>' 1)
$(in_all_three 'main>late>loop>' 100)
5|main>late>loop>middle>inner>|100
7|main>late>loop>middle>|100
5|main>late>loop>inner>|100" && is trace.db "SELECT count(*) FROM processes WHERE command = './forks late 300'" 303
}
check a_child_whose_parent_is_forgotten_finds_its_names_and_calls late
generations() {
	inside 0 10 generations && work_is_called_in '5|main>generations>middle>inner>|3
7|main>generations>middle>|3' && counted_once main 1 4
}
check the_child_of_a_child_goes_on_inside_the_calls_of_both generations
handler() {
	inside 0 20 handler 40 && is trace.db "SELECT count(*) FROM processes" 41 && counted_once interrupted 1 41
}
check a_child_returns_from_the_handler_that_forked_it handler
threads() {
	inside 0 20 threads && work_is_called_in "$(in_all_three 'fork_here>' 20)"
}
check a_child_of_a_thread_goes_on_inside_that_threads_calls threads
thread() {
	inside 0 20 thread && work_is_called_in '5|main>thread>|20
3|in_thread>|20' && calls trace.db other 60000
}
check a_child_whose_first_call_is_a_new_threads_leaves_its_parents_stream_alone thread
by_syscall() {
	inside 0 10 "$1" && work_is_called_in "$(in_all_three 'main>by_syscall>' 1)"
}
check a_child_by_the_system_call_clone_is_as_one_by_fork by_syscall clone
check a_child_by_the_system_call_clone3_is_as_one_by_fork by_syscall clone3
constructor() {
	inside 0 10 constructor && work_is_called_in "$(in_all_three 'at_start>' 1)"
}
check a_child_that_a_constructor_forks_is_recorded constructor
twice() {
	inside 0 10 twice && sleep 1 && complete trace.db 10 && sound trace.db && work_is_called_in '5|main>twice>|1
7|main>twice>|1' && is trace.db "SELECT joined_by, exit_code FROM processes ORDER BY process_id DESC LIMIT 1" 'fork|7'
}
check a_daemon_that_forks_twice_is_in_the_same_trace twice
finish
