#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# children.sh BUILD - processes that join, outlive each other and die where the drain may not be looking.
. "$(dirname "$0")/crash.sh"

builds() {
	traced children "$crash/programs/children.c" && traced forks "$programs/forks.c" -pthread &&
		plain claims "$crash/programs/claims.c" -I"$crash/../../runtime" -I"$crash/../../include"
}
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

daemon() {
	rm -f trace.db*
	exits_with 0 ./children daemon && complete trace.db 10 && sleep 0.3 && complete trace.db 10 && sound trace.db &&
		calls trace.db work 200000 && is trace.db 'SELECT count(*) FROM processes' 2 && work_is_called_in '200000|main>many>|1'
}
check a_daemon_that_joins_after_its_parent_has_left_is_in_the_same_file daemon
# The drain that goes on has of the parent's calls what is in the file; children may be on their way.
inside() {
	for turn in 1 2 3; do
		rm -f trace.db* lines
		mkfifo lines
		./forks many 600 <lines >out &
		program=$!
		exec 3>lines
		a_while 300
		drain_of $program && kill -9 "$drain" && echo >&3 && echo >&3 || return 1
		exec 3>&-
		wait $program && complete trace.db 20 && sound trace.db && work_is_called_in '5|main>many>loop>outer>middle>inner>|400
7|main>many>loop>outer>middle>|400
11|main>many>loop>outer>|400
5|main>many>loop>middle>inner>|400
7|main>many>loop>middle>|400
5|main>many>loop>inner>|400' || return 1
	done
}
check children_go_on_inside_their_parents_calls_when_the_drain_is_killed inside

# All slots but the first are claimed by a process that has died over it.
claimed() {
	rm -f trace.db* lines
	mkfifo lines
	true &
	nobody=$!
	wait $nobody
	./children late <lines &
	program=$!
	exec 3>lines
	drain_of $program && ./claims "$ring/ring" $nobody || return 1
	exec 3>&-
	wait $program && complete trace.db && sound trace.db && calls trace.db work 600000 && is trace.db 'SELECT count(*) FROM processes' 2
}
check slots_of_processes_that_died_over_joining_come_back claimed

# What the drain keeps for a process, it keeps while it lives and a little longer: kept for good, these would
# take 36 MiB. (How many a round has makes some difference.)
memory() { awk '/^RssAnon/ { print $2 }' "/proc/$drain/status"; }
flat() {
	rm -f trace.db* lines
	mkfifo lines
	./forks many 1500 <lines >out &
	program=$!
	exec 3>lines
	until [ "$(wc -l <out)" -ge 1 ]; do sleep 0.05; done
	drain_of $program && sleep 0.5 && before=$(memory) && echo >&3 || return 1
	until [ "$(wc -l <out)" -ge 2 ]; do sleep 0.05; done
	sleep 0.5
	after=$(memory)
	echo >&3
	exec 3>&-
	wait $program && complete trace.db 20 && sound trace.db && is trace.db 'SELECT count(*) FROM processes' 3001 || return 1
	[ $((after - before)) -lt 20000 ] || { echo "$before KiB of the drain have become $after after 1500 processes more"; return 1; }
}
check a_run_of_many_processes_takes_no_more_memory_than_one_of_few flat
# The second copy stays off; taken for the same process after exec, it would end the first one's stream.
copies() {
	rm -f trace.db*
	traced libcopied.so -fPIC -shared "$crash/programs/copied.c" && traced copies "$crash/programs/copies.c" -ldl || return 1
	exits_with 6 ./copies ./libcopied.so && complete trace.db && sound trace.db && calls trace.db work 600000 &&
		is trace.db 'SELECT count(*), group_concat(end_reason) FROM processes' '1|exit'
}
check a_second_copy_of_the_runtime_leaves_the_process_to_the_first copies
finish
