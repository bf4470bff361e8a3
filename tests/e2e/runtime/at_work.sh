#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# at_work.sh BUILD - what threads did (--threads) and what calls they are in (--stacks), against a program that says it
# itself.
. "$(dirname "$0")/trace.sh"

check builds traced at_work "$programs/at_work.c" -pthread

# ---- processor times ------------------------------------------------------------------------------------

runs() { rm -f trace.db* && exits_with 0 ./at_work cpu && mv out truth && complete trace.db 10 && sound trace.db && cat truth; }
check a_program_says_how_long_its_threads_ran runs

# NAME of a thread, what it said, what the trace says: within 2 % or 10 ms. Of one that ends before its process the
# last look at it counts, 10 ms before its end at most; where other programs want the processors the look comes late.
near() { awk -v name="$1" -v is="$2" -v should="$3" 'BEGIN {
	off = is - should; if (off < 0) off = -off; if (off <= 10e6 || off <= should / 50) exit 0
	printf "%s: %.1f ms, not %.1f ms\n", name, is / 1e6, should / 1e6; exit 1 }'; }
cpu_times() {
	far=0
	while read -r name cpu lived; do
		near "cpu of $name" "$(ask trace.db "SELECT cpu_ns FROM thread_list WHERE name = '$name'")" "$cpu" || far=1
	done <truth
	[ $far = 0 ] && [ "$(wc -l <truth)" = 8 ]
}
again() { cpu_times || { runs && cpu_times; } || { runs && cpu_times; }; }
check processor_times_are_those_the_threads_said again

# Sleeping is neither running nor being ready; what is left of a life is blocked.
shares() {
	is trace.db "SELECT cpu_ns < 20000000 AND blocked_ns BETWEEN 550000000 AND lived_ns FROM thread_list WHERE name = 'sleeps'" 1 &&
		is trace.db "SELECT blocked_ns BETWEEN 450000000 AND 900000000 FROM thread_list WHERE name = 'runs-sleeps'" 1 &&
		is trace.db "SELECT blocked_ns < 100000000 FROM thread_list WHERE name = 'stays-busy'" 1 &&
		is trace.db "SELECT count(*) FROM thread_list WHERE abs(cpu_read_ns - start_ns - cpu_ns - ready_ns - blocked_ns) > 20000000" 0 &&
		is trace.db "SELECT sum(cpu_ns + ready_ns + blocked_ns > lived_ns + 20000000) FROM thread_list" 0
}
check a_life_is_running_being_ready_and_being_blocked shares

report() {
	"$build/bin/instr-report" --threads >report && grep -q '^ *[0-9.]*% .* stays-busy  *cpu  at_work.c:[0-9]*$' report &&
		[ "$("$build/bin/instr-report" --threads --format csv --sort lived --limit 1 | tail -1 | cut -d, -f4)" = at_work ] ||
		{ cat report; return 1; }
	[ "$("$build/bin/instr-report" --threads --format csv | awk -F, 'NR > 1 { n += $9 } END { printf "%d", n / 1e6 }')" = \
		"$(ask trace.db 'SELECT sum(cpu_ns) / 1000000 FROM threads')" ]
}
check the_report_has_them report

# ---- stacks -------------------------------------------------------------------------------------------

# stacks ARGUMENT...: THREADS NAME DEPTH FUNCTION, one line for each call; and for what threads are blocked in
stacks() {
	"$build/bin/instr-report" --stacks --format csv "$@" | tr -d '\r' |
		awk -F, 'NR > 1 { print $2, $5, $6, $13 == "call" ? $8 : $13 == "waits" ? "waits for " $NF : $13 " in " $14 }' | sort
}
printf '%s\n' '1 at_work 0 main' '1 at_work 1 hang' '1 at_work 1 blocks in pthread_join' '1 left 0 transfer' '1 left 1 lock_both' \
	'1 left 2 lock_second' '1 left 2 waits for locks[]' '1 right 0 transfer' '1 right 1 lock_both' '1 right 2 lock_second' \
	'1 right 2 waits for locks[]' >>"$scratch/hung.part"
for call in '0 serve' '1 wait_for_work' '1 blocks in pthread_cond_wait'; do
	for thread in 1 2 3; do echo "3 server $call"; done
done >>"$scratch/hung.part"
# left and right are in the same calls, but wait for each other's lock
sort "$scratch/hung.part" >"$scratch/hung"

hung() {
	rm -f trace.db*
	./at_work hang >out 2>err &
	echo $! >pid
	for turn in 1 2 3 4 5 6 7 8; do
		stacks >got 2>/dev/null
		cmp -s got hung && break
		sleep 0.5 # until a checkpoint has it
	done
	diff hung got && "$build/bin/instr-report" --stacks >report && grep -q '^3 threads: server ([0-9]*), server' report &&
		grep -q 'Calls that are open at the last checkpoint' report || { cat report; return 1; }
}
check of_a_program_that_hangs_each_thread_is_where_it_hangs hung
# A thread that has been in a call for a while is, by what the report says.
grows() {
	first=$("$build/bin/instr-report" --stacks --format csv --thread left | awk -F, 'NR == 2 { printf "%d", $12 / 1e6 }')
	sleep 2 # the time that is to pass
	second=$("$build/bin/instr-report" --stacks --format csv --thread left | awk -F, 'NR == 2 { printf "%d", $12 / 1e6 }')
	echo "$first $second"
	[ "$((second - first))" -gt 900 ] && [ "$((second - first))" -lt 6000 ]
}
check and_the_longer_the_later_it_is_asked grows
# What is stored of a thread that waits is as old as its wait: it lives and is blocked until now all the same.
waits() {
	"$build/bin/instr-report" --threads --thread left --format csv 2>/dev/null | awk -F, 'NR == 2 { print ($8 > 2e9 && $11 > $8 - 50e6) }' | grep -qx 1
}
check of_a_thread_that_waits_it_says_so_far waits
killed() { kill -9 "$(cat pid)" && complete trace.db 10 && stacks >got && diff hung got && "$build/bin/instr-report" --stacks 2>&1 | grep -q 'Calls that were open at the end'; }
check when_it_is_killed_they_are_what_it_was_doing killed
by_events() { stacks --at "$(ask trace.db 'SELECT duration_ns - 1000000 FROM summary')ns" >got && diff hung got; }
check and_so_are_they_by_the_events by_events
ended() { rm -f trace.db* && exits_with 0 ./at_work phases && mv out truth && complete trace.db 10 && sound trace.db && "$build/bin/instr-report" --stacks | grep -q 'No call was open at the end'; }
check of_a_program_that_ended_nothing_is_open ended

# ---- at a time ----------------------------------------------------------------------------------------

origin() { ask trace.db 'SELECT min(monotonic_ns) FROM clocks'; }
moments() { cut -d' ' -f1 truth | uniq; }
# at NS: DEPTH FUNCTION MS_OPEN of the thread of phases
at() {
	"$build/bin/instr-report" "${2:-trace.db}" --stacks --at $(($1 - $(origin)))ns --thread phases --format csv |
		awk -F, 'NR > 1 { print $6, $8, $12 }' | tr -d '\r'
}
all_times() {
	for time in $(moments); do
		awk -v at="$time" '$1 == at { print $3, $4, at - $5 }' truth >should
		at "$time" >got
		# Both clocks are read in the call, one behind the other.
		paste -d' ' should got | awk '$1 != $4 || $2 != $5 || $6 < $3 - 1e6 || $6 > $3 + 5e6 { bad = 1 } END { exit bad }' &&
			[ "$(wc -l <got)" = "$(wc -l <should)" ] || { echo "at $time"; paste should got; return 1; }
	done
	[ "$(moments | wc -l)" = 12 ]
}
check at_any_time_the_calls_are_those_the_program_said all_times
# It has several chunks, and those in which calls began are not the ones that are read first.
several() { is trace.db "SELECT count(*) > 4 FROM chunks JOIN threads USING (thread_id) WHERE name = 'phases'" 1; }
check there_are_several_chunks several

changed() { rm -f changed.db* && cp trace.db changed.db && sqlite3 -batch -bail changed.db "$1"; }
last() { moments | sed -n 9p; } # in many, the chunk in which it began being another one
gone() {
	changed "DELETE FROM chunks WHERE chunk_id = (SELECT min(chunk_id) FROM chunks JOIN threads USING (thread_id) WHERE name = 'phases')"
	at "$(last)" changed.db >got
	[ "$(cat got)" = "$(printf '1 many \n0 phases ')" ] || { cat got; return 1; }
	"$build/bin/instr-report" changed.db --stacks --at $(($(last) - $(origin)))ns | grep -q '^ *? *phases' || return 1
	changed 'DELETE FROM chunks'
	"$build/bin/instr-report" changed.db --stacks --at $(($(last) - $(origin)))ns | grep -q '^[12] threads* of which the calls are not known: '
}
check where_events_are_missing_it_says_so gone
damaged() {
	for byte in 0 1 2 9 40 1000; do
		changed "UPDATE chunks SET data = CAST(substr(data, 1, $byte) || x'ff7f' || substr(data, $byte + 3) AS BLOB)"
		for time in $(moments); do
			"$build/bin/instr-report" changed.db --stacks --at $((time - $(origin)))ns >got || { cat got; return 1; }
		done
	done
}
check damaged_events_do_no_harm damaged
finish
