#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# stacks.sh BUILD - jumps within and between stacks, stacks of a program's own, coroutines, tail calls, and
# stacks that end.
. "$(dirname "$0")/trace.sh"

builds() {
	for name in jumps stacks overflow; do
		traced $name "$programs/$name.c" -pthread && plain $name-plain "$programs/$name.c" -pthread || return 1
	done
	for how in call keep; do
		traced tails-$how -O2 --instr=tail=$how "$programs/tails.c" || return 1
	done
	plain tails-plain -O2 "$programs/tails.c"
}
check builds builds

recursion() {
	as_plain jumps recursion && sound trace.db && ended trace.db descend '110 55 55 0' && ended trace.db to '10 0 10 0' &&
		ended trace.db landed '10 10 0 0' &&
		is trace.db "SELECT group_concat(l.depth - d.depth) FROM tree l JOIN tree d ON d.context_id = l.parent_id
			WHERE l.function = 'landed' AND d.function = 'descend'" 1,1,1,1,1,1,1,1,1,1 &&
		is trace.db "SELECT group_concat(depth) FROM (SELECT depth FROM tree WHERE function = 'landed' ORDER BY depth)" \
			4,5,6,7,8,9,10,11,12,13
}
check a_longjmp_over_calls_of_its_own_function_ends_just_those recursion
again() {
	as_plain jumps again && sound trace.db && ended trace.db three_times '5 5 0 0' && ended trace.db to '3 0 3 0' &&
		ended trace.db landed '1 1 0 0' && is trace.db "SELECT DISTINCT parent_function FROM (SELECT p.function AS parent_function
			FROM tree c JOIN tree p ON p.context_id = c.parent_id WHERE c.function IN ('to', 'landed'))" three_times
}
check a_call_may_be_jumped_to_many_times again

# counted PROGRAM HOW: what it printed is what was counted.
counted() {
	while read -r function count; do
		calls trace.db "$function" "$count" || return 1
	done <"$1"
}
handlers() {
	as_plain jumps handlers && sound trace.db flags && counted out && ended trace.db nested '600 0 600 0' &&
		ended trace.db dive '1200 1200 0 0' && ended trace.db landed '200 200 0 0' &&
		is trace.db "SELECT DISTINCT depth FROM tree WHERE function = 'landed'" 9
}
check a_jump_out_of_handlers_on_another_stack_ends_just_those handlers
storm() {
	rm -f trace.db*
	exits_with 0 ./jumps storm && sound trace.db flags ${allowed:-} && counted out &&
		is trace.db "SELECT t.unwound > 100 FROM function_totals t JOIN functions USING (function_id)
			WHERE process_id = 0 AND name = 'leap'" 1 && is trace.db 'SELECT sum(open) FROM totals' 0
}
check handlers_inside_themselves_lose_nothing storm

# Stacks of its own: every call is counted, and the thread is marked.
own() {
	as_plain stacks "$@" && sound trace.db flags threads && counted out &&
		is trace.db "SELECT count(*) FROM threads WHERE orphans > 0 AND flags & 1 = 0" 0 &&
		"$build/bin/instr-report" --top trace.db 2>&1 | grep -q 'ran on several stacks'
}
for where in mapped heap own; do
	for order in centre ring throw; do
		check "tasks_on_${where}_stacks_in_order_${order}_are_counted_and_marked" own $where $order
	done
done
between() {
	as_plain stacks mapped centre threads && sound trace.db flags threads && counted out
}
check a_stack_that_goes_from_thread_to_thread_is_counted between

# Coroutines need a compiler that knows them as C++20 has them.
newest=$(ls -d /usr/lib/llvm-*/bin/clang++ | sed 's|.*llvm-\([0-9]*\)/.*|\1|' | sort -n | tail -1)
coroutines() {
	INSTR_CLANG=clang-$newest tracedxx coroutines -std=c++20 "$programs/coroutines.cc" -pthread &&
		clang++-"$newest" -g -O0 -std=c++20 "$programs/coroutines.cc" -o coroutines-plain -pthread
}
resumed() { ended trace.db "$1" "$2"; }
if [ "$newest" -ge 16 ]; then
	check coroutines_are_built coroutines
	values() { as_plain coroutines values && sound trace.db && ended trace.db leaf '1500 1500 0 0' && is trace.db 'SELECT sum(unwound), sum(open) FROM totals' '0|0'; }
	check a_coroutine_counts_each_resumption values
	throws() { as_plain coroutines throws && sound trace.db && ended trace.db leaf '9 9 0 0' && is trace.db 'SELECT sum(open) FROM totals' 0; }
	check an_exception_in_a_coroutine_leaves_nothing_open throws
	transfer() { as_plain coroutines transfer && sound trace.db && ended trace.db leaf '2000 2000 0 0' && is trace.db 'SELECT sum(open) FROM totals' 0; }
	check coroutines_that_pass_control_to_each_other_are_counted transfer
	threads() { as_plain coroutines threads && sound trace.db && ended trace.db leaf '10 10 0 0' && is trace.db 'SELECT sum(unwound), sum(open) FROM totals' '0|0'; }
	check a_coroutine_may_go_from_thread_to_thread threads
fi

keep() {
	(ulimit -s 256 && as_plain tails-"$1" "$2") && sound trace.db && ended trace.db even "$3" && ended trace.db odd "$3"
}
cp "$scratch/tails-plain" "$scratch/tails-keep-plain" && cp "$scratch/tails-plain" "$scratch/tails-call-plain"
check ten_million_tail_calls_that_are_kept_need_no_stack keep keep 9999999 '5000000 5000000 0 0'
# Made calls, as many need a stack: the program ends where the plain one would not.
called() {
	as_plain tails-call 19999 && sound trace.db flags && ended trace.db even '10000 10000 0 0' && ended trace.db odd '10000 10000 0 0' &&
		rm trace.db && (ulimit -s 256 && exits_with 139 ./tails-call 9999999) && complete trace.db 10
}
check tail_calls_that_are_made_calls_are_exact_but_need_stack called

# What the program saw is counted; where the stack ended in a hook, perhaps one call more.
reached() {
	while read -r function count; do
		is trace.db "SELECT coalesce(sum(t.calls), 0) - $count BETWEEN 0 AND ${2:-0} FROM function_totals t JOIN functions USING (function_id)
			WHERE process_id = 0 AND name = '$function'" 1 || { echo "$function: $count"; return 1; }
	done <"$1"
}
dies() {
	as_plain overflow dies && complete trace.db 5 && sound trace.db flags && is trace.db 'SELECT end_reason, coalesce(exit_signal, 11) FROM processes' 'death|11' &&
		is trace.db "SELECT t.calls > 1000 AND t.open = t.calls FROM function_totals t JOIN functions USING (function_id)
			WHERE process_id = 0 AND name = 'dive'" 1
}
check a_stack_that_ends_loses_nothing dies
reports() {
	(ulimit -s 1024 && as_plain overflow reports) && complete trace.db 5 && sound trace.db flags && reached counts &&
		is trace.db 'SELECT end_reason, coalesce(exit_code, 3) FROM processes' 'death|3'
}
check a_handler_may_report_that_the_stack_has_ended reports
jumped() {
	(ulimit -s 1024 && as_plain overflow "$1") && sound trace.db flags ${allowed:-} && reached counts &&
		is trace.db 'SELECT sum(open) FROM totals' 0
}
check a_handler_may_jump_from_the_end_of_the_stack jumped jumps
check and_so_in_threads_with_the_least_stack jumped threads
finish
