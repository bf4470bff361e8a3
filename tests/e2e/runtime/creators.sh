#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# creators.sh BUILD - who has created which thread.
. "$(dirname "$0")/trace.sh"

builds() {
	plain quiet.o -c "$programs/creators_quiet.c" || return 1
	traced creators "$programs/creators.c" quiet.o -pthread && plain creators-plain "$programs/creators.c" quiet.o -pthread &&
		traced creators-O2 -O2 "$programs/creators.c" quiet.o -pthread &&
		traced creators-lto -O2 -flto "$programs/creators.c" quiet.o -pthread &&
		traced creators-static -O1 -static "$programs/creators.c" quiet.o -pthread &&
		traced creators-off --instr=thread=off "$programs/creators.c" quiet.o -pthread
}
builds_cxx() {
	tracedxx cxx -std=c++17 "$programs/creators.cc" -pthread && tracedxx cxx-O2 -O2 -std=c++20 "$programs/creators.cc" -pthread &&
		tracedxx cxx-lto -O2 -flto -std=c++17 "$programs/creators.cc" -pthread &&
		tracedxx cxx-static -O2 -static -std=c++17 "$programs/creators.cc" -pthread
}
check builds builds
check builds_cxx builds_cxx

runs() {
	rm -f trace.db*
	exits_with 0 "$@" && [ ! -s err ] && complete trace.db 20
}

# Of each thread that has rows of its own: the function work_for_X that it has called, and who has created it.
works="SELECT l.thread_id, l.created_by, replace(replace(f.name, 'work_for_', 'make_'), 'member::', '') AS should
	FROM thread_list l JOIN totals t USING (thread_id) JOIN contexts c ON c.context_id = t.context_id
	JOIN functions f USING (function_id) WHERE f.name LIKE '%work\_for\_%' ESCAPE '\' AND l.merged = 0"
# Nobody is taken for the creator of another's thread, and so many threads have one, and so many not.
known() {
	is trace.db "SELECT count(created_by), count(*) - count(created_by),
			coalesce(sum(substr(created_by, 1, instr(created_by || '(', '(') - 1) <> substr(should, 1, instr(should || '(', '(') - 1)), 0)
		FROM ($works)" "$1|$2|0"
}

each_program() {
	for program in creators creators-O2 creators-lto creators-static; do
		runs "./$program" "$@" && sound trace.db || { echo "$program $*"; return 1; }
		"$check" || { echo "$program $*"; return 1; }
	done
}
thousand() { known 999 0 && is trace.db 'SELECT sum(threads), min(creator_thread_id), max(creator_thread_id) FROM thread_creators' '999|1|1'; }
turns() { check=thousand && each_program turns 999; }
check each_of_a_thousand_short_threads_has_its_creator turns

# All of them are there before any is seen: they are seen in any order.
late() { known 200 0; }
lates() { check=late && each_program late 200; }
check threads_that_are_seen_late_have_theirs lates

racing() { runs ./creators-O2 race 400 && sound trace.db && known 800 0; }
check creators_may_create_at_the_same_time racing

elevens() { known 60 0 && is trace.db "SELECT count(*) FROM sites WHERE kind = 'thread' AND name = 'thrd_create'" 2; }
eleven() {
	runs ./creators c11 60 && sound trace.db &&
		is trace.db "SELECT created_by, count(*) FROM thread_list WHERE created_by IS NOT NULL GROUP BY 1" 'make_left11|40
make_right11|20'
}
check threads_of_c11_have_theirs eleven

nested() {
	runs ./creators nested 10 && sound trace.db &&
		is trace.db 'SELECT count(*), sum(creator_thread_id = thread_id - 1) FROM thread_creators' '10|10' &&
		is trace.db "SELECT group_concat(threads) FROM (SELECT threads FROM thread_creator_list ORDER BY threads)" '1,9' &&
		is trace.db "SELECT sum(created_by = 'make_deeper' AND created_file LIKE '%/creators.c' AND created_line > 0) FROM thread_list" 10
}
check a_thread_that_creates_is_the_creator nested

# Their creations are kept, and nobody else gets them.
quiets() {
	runs ./creators quiet 50 && sound trace.db && known 50 0 && is trace.db 'SELECT count(*) FROM thread_creations' 50 &&
		is trace.db "SELECT DISTINCT f.name FROM thread_creations JOIN contexts USING (context_id) JOIN functions f USING (function_id)" make_quiet
}
check threads_without_hooks_take_nobodys_creator quiets

forks() {
	runs ./creators fork && sound trace.db && known 40 0 &&
		is trace.db "SELECT count(*), sum(created_by IS NULL) FROM thread_list l JOIN process_list p USING (process_id) WHERE l.tid = p.pid" '2|2' &&
		is trace.db "SELECT count(DISTINCT l.process_id), sum(c.process_id <> l.process_id) FROM thread_list l JOIN threads c ON c.thread_id = creator_thread_id" '2|0'
}
check a_fork_child_creates_its_own forks

# Beyond a thousand that have ended they are counted by place.
merged() {
	runs ./creators-O2 turns 3000 && sound trace.db && known 1000 0 &&
		is trace.db "SELECT function, threads FROM thread_creator_list" 'make_left|2000
make_right|1000' && is trace.db "SELECT sum(merged) FROM thread_creator_list" 2000
}
check merged_threads_are_counted_by_who_has_created_them merged

cxx() {
	for program in cxx cxx-O2 cxx-lto cxx-static; do
		runs "./$program" 600 && says out '630 threads' && sound trace.db && known 630 0 || { echo $program; return 1; }
	done
	is trace.db "SELECT count(*) FROM sites WHERE kind = 'thread' AND name LIKE 'std::thread::_M_start_thread(%'" "$(ask trace.db "SELECT count(*) FROM sites WHERE kind = 'thread'")"
}
check threads_of_the_cxx_library_have_theirs cxx

check a_program_sees_no_difference as_plain creators manners
known_all() { known 20 0 && sound trace.db; }
check those_that_failed_take_no_place known_all

switched_off() {
	INSTR_OPTIONS=thread=off runs ./creators turns 20 && sound trace.db && known 0 20 &&
		is trace.db "SELECT (SELECT count(*) FROM thread_creators) + (SELECT count(*) FROM thread_creations)" 0 &&
		runs ./creators-off turns 20 && known 0 20 && is trace.db "SELECT count(*) FROM sites WHERE kind = 'thread'" 0
}
check thread_off_records_none switched_off

# Their creations are in the file when the drain dies; another one sees the threads.
another_drain() {
	rm -f trace.db* input
	mkfifo input
	./creators wait 100 <input >out 2>err &
	program=$!
	exec 3>input
	while ! grep -q ready out; do sleep 0.05; done # the program says it
	drain_of $program || return 1
	turns=200
	until [ "$(ask trace.db 'SELECT count(*) FROM thread_creations' 2>/dev/null)" = 100 ] || [ $turns = 0 ]; do
		sleep 0.05 # a checkpoint comes by itself
		turns=$((turns - 1))
	done
	kill -9 "$drain"
	printf g >&3
	exec 3>&-
	wait $program && complete trace.db 30 && sound trace.db && known 100 0 && is trace.db 'SELECT count(*) FROM thread_creations' 0
}
check creations_survive_their_drain another_drain
finish
