#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# single_calls.sh BUILD - single calls (--calls), which are read from the events, against what the totals say, which are not.
. "$(dirname "$0")/trace.sh"

check builds traced single_calls --instr=heap=on --instr=lock=on --instr=block=on "$programs/single_calls.c" -pthread
runs() { rm -f trace.db* && exits_with 0 ./single_calls && complete trace.db 10 && sound trace.db && mv trace.db all.db; }
check a_program_is_traced runs

# single FUNCTION ARGUMENT...: its calls, into single.db as table calls
single() {
	single_function=$1
	shift
	"$build/bin/instr-report" "${file:-all.db}" --calls "$single_function" --format csv "$@" >single.csv || return 1
	rm -f single.db && sqlite3 single.db '.mode csv' '.import single.csv calls'
}
found() { is single.db "$1" "$2"; }
sums() { ask all.db "SELECT $1 FROM function_totals t JOIN functions f USING (function_id) CROSS JOIN rate r WHERE t.process_id = 0 AND f.name = '$2'"; }

# A nanosecond for each row that was rounded.
adds_up() {
	single "$1" --limit 0 && found 'SELECT count(*) FROM calls' "$(sums calls "$1")" &&
		found "SELECT sum(ended = 'returned') FROM calls" "$(sums returns "$1")" &&
		found "SELECT sum(ended = 'unwound') FROM calls" "$(sums unwound "$1")" &&
		found "SELECT max(CAST(total_ns AS INTEGER)) FROM calls" "$(sums 'CAST(max_ticks * ns_per_tick AS INTEGER)' "$1")" &&
		found "SELECT abs(sum(total_ns) - $(sums "$2" "$1")) <= count(*) + 1 FROM calls" 1
}
outer='CAST(total_ticks * ns_per_tick AS INTEGER)'
# Of calls within calls all count here: what each took.
each="(SELECT CAST(sum(x.total_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) FROM totals x JOIN contexts c USING (context_id) WHERE c.function_id = f.function_id)"
every_call() { adds_up task "$outer" && adds_up hold "$outer" && adds_up descend "$each" && adds_up leap "$each" && adds_up main "$outer"; }
check every_call_is_found_and_all_together_took_what_the_totals_say every_call

contents() {
	single task --limit 0 || return 1
	found 'SELECT sum(blocks) FROM calls' 10 && found "SELECT DISTINCT waited_in FROM calls WHERE blocks AND blocked_ns > lock_ns" usleep &&
		found "SELECT abs(sum(blocked_ns) - $(ask all.db "SELECT sum(blocked_ns) FROM block_contexts WHERE function = 'hold'")) <= 10 FROM calls" 1 &&
		found "SELECT sum(allocs) || ' ' || sum(alloc_bytes) FROM calls" \
			"$(ask all.db "SELECT sum(allocs) || ' ' || sum(bytes) FROM heap_contexts WHERE function IN ('task', 'descend')")" &&
		found "SELECT sum(allocs) FROM calls" 1500
}
check what_they_waited_and_allocated_is_what_the_totals_say contents
# The same waits as of the fold, which asks whether somebody else had the lock.
locks() {
	single task --limit 0 && found "SELECT sum(lock_ns) + 1000 >= $(ask all.db "SELECT sum(wait_ns) FROM lock_contexts") FROM calls" 1
}
check waits_for_locks_are_in_them locks

# Most of a trace is passed over once as many were found: the same ones are.
few() {
	single one --limit 0 && cp single.csv more.csv && found 'SELECT count(*) FROM calls' 10000 || return 1
	for limit in 1 2 30 1000; do
		single one --limit $limit && head -n $((limit + 1)) more.csv | cmp - single.csv || return 1
	done
}
check few_are_the_first_of_many few

two_parts() {
	single task --limit 0 && cp single.csv every.csv
	middle=$(ask single.db 'SELECT CAST(avg(CAST(start_ns AS INTEGER)) AS INTEGER) FROM calls')
	single task --limit 0 --to "${middle}ns" && found "SELECT max(CAST(start_ns AS INTEGER)) <= $middle FROM calls" 1 && tail -n +2 single.csv >parts
	single task --limit 0 --from "$((middle + 1))ns" && found "SELECT min(CAST(start_ns AS INTEGER)) > $middle FROM calls" 1 && tail -n +2 single.csv >>parts
	# by what they are, not by their number
	tail -n +2 every.csv | cut -d, -f2- | sort >every && cut -d, -f2- parts | sort | cmp - every
}
check two_parts_of_the_time_have_each_call_once two_parts

one_thread() {
	single task --limit 0 --thread 2 && found 'SELECT count(*) || " " || min(thread_id) || " " || max(thread_id) FROM calls' '100 2 2'
}
check a_thread_has_its_own one_thread

# A ring that is always full: what calls waited for the drain is not in what they took.
drained() {
	INSTR_OPTIONS=ring_bytes=64k:ring_max_bytes=64k exits_with 0 ./single_calls && complete trace.db 10 && sound trace.db && mv trace.db all.db &&
		every_call && single work --limit 0 &&
		found "SELECT sum(drain_ns) BETWEEN 0 AND $(ask all.db 'SELECT sum(wait_ns) FROM thread_list') FROM calls" 1
}
check waits_for_the_drain_are_beside_the_time drained

open_calls() {
	rm -f trace.db*
	exits_with 0 ./single_calls die && complete trace.db 10 || return 1
	file=trace.db
	single task --limit 0 && found "SELECT ended || ' ' || count(*) FROM calls GROUP BY ended" 'open 1
returned 99' && single main && found 'SELECT ended || " " || allocs FROM calls' 'open 750'
}
check calls_that_never_ended_are_there_as_open open_calls

none() {
	INSTR_OPTIONS=events=off exits_with 0 ./single_calls && complete trace.db 10 || return 1
	"$build/bin/instr-report" --calls task >out 2>err
	[ $? = 3 ] && grep -q 'no events were kept (events=off' err && [ ! -s out ]
}
check without_events_it_says_so none
finish
