#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# children.sh BUILD - processes that join, outlive each other and die where the drain may not be looking.
. "$(dirname "$0")/crash.sh"

builds() { traced children "$crash/programs/children.c"; }
check builds builds

early() {
	for turn in 1 2 3 4 5 6; do
		rm -f trace.db*
		exits_with 0 ./children early && complete trace.db && sound trace.db && calls trace.db work 300000 || return 1
	done
}
check a_child_that_is_forked_at_once_has_its_names early

in_namespace() {
	rm -f trace.db*
	./children namespace
	status=$?
	[ $status -eq 77 ] && return 0 # not allowed here
	[ $status -eq 0 ] && complete trace.db && sound trace.db && calls trace.db work 300000 &&
		is trace.db 'SELECT pid, end_reason FROM processes WHERE process_id = 2' '1|death'
}
check a_child_in_another_pid_namespace_is_recorded_to_its_end in_namespace

outlived() {
	rm -f trace.db*
	./children outlived >out &
	program=$!
	until [ -s out ] || ! kill -0 $program; do sleep 0.05; done
	sleep 0.3
	drain_of $program && kill -9 "$drain" && kill -9 "$(cat out)" || return 1
	wait $program
	[ $? -eq 9 ] && complete trace.db && is trace.db 'SELECT group_concat(end_reason) FROM processes' exit,death
}
check a_child_that_dies_without_a_drain_is_found_dead_by_the_next_one outlived

# Its return from main is an orphan: the call was its parent's.
daemon() {
	rm -f trace.db*
	exits_with 0 ./children daemon && complete trace.db 10 && sleep 0.3 && complete trace.db 10 && sound trace.db threads &&
		calls trace.db work 200000 && is trace.db 'SELECT count(*) FROM processes' 2
}
check a_daemon_that_joins_after_its_parent_has_left_is_in_the_same_file daemon
# The second copy stays off; taken for the same process after exec, it would end the first one's stream.
copies() {
	rm -f trace.db*
	traced libcopied.so -fPIC -shared "$crash/programs/copied.c" && traced copies "$crash/programs/copies.c" -ldl || return 1
	exits_with 6 ./copies ./libcopied.so && complete trace.db && sound trace.db && calls trace.db work 600000 &&
		is trace.db 'SELECT count(*), group_concat(end_reason) FROM processes' '1|exit'
}
check a_second_copy_of_the_runtime_leaves_the_process_to_the_first copies
finish
