#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# tools.sh BUILD - traced programs under sanitizers, valgrind, gdb, strace and perf, and built with
# hardening: these say what they say without hooks, and the trace is whole.
. "$(dirname "$0")/trace.sh"

# built NAME FLAG...: traced and plain programs faulty and cxx.
built() {
	traced faulty "$programs/faulty.c" -pthread "$@" && plain faulty-plain "$programs/faulty.c" -pthread "$@" &&
		tracedxx cxx "$programs/cxx.cc" -pthread "$@" && plainxx cxx-plain "$programs/cxx.cc" -pthread "$@"
}
# Counts as in cxx.sh.
flows() {
	as_plain cxx exceptions && sound trace.db && ended trace.db thrower '200 100 100 0' && ended trace.db rethrower '200 100 100 0' &&
		ended trace.db catcher '200 200 0 0' &&
		as_plain cxx jumps && sound trace.db && ended trace.db jumper '200 100 100 0' && ended trace.db between '200 100 100 0' &&
		ended trace.db lander '200 200 0 0' &&
		as_plain cxx moments && sound trace.db && ended trace.db end_of_thread '4 4 0 0' && ended trace.db after_main '2 2 0 0' &&
		as_plain cxx foreign && sound trace.db && ended trace.db leaves '10 0 10 0'
}
# finds HOW WHAT: as the plain program it ends, and is found to do WHAT just as often.
finds() {
	rm -f trace.db*
	./faulty-plain "$1" >plain.out 2>plain.err
	status=$?
	exits_with $status ./faulty "$1" && cmp out plain.out && complete trace.db 5 && sound trace.db && calls trace.db work 1000 || return 1
	[ "$(grep -c "$2" err)" = "$(grep -c "$2" plain.err)" ] && { [ "$1" = none ] || says err "$2"; } || { cat err; return 1; }
}

check programs_are_built_with_asan_and_ubsan built -fsanitize=address,undefined
check under_asan_and_ubsan_nothing_new_is_found finds none 'Sanitizer\|runtime error'
check asan_finds_a_use_after_free finds after_free 'heap-use-after-free'
check asan_finds_a_leak finds leak 'LeakSanitizer'
check ubsan_finds_an_overflow finds overflow 'signed integer overflow'
check exceptions_jumps_and_threads_are_exact_under_asan_and_ubsan flows
fake_stacks() { ASAN_OPTIONS=detect_stack_use_after_return=1 flows; }
check and_where_asan_keeps_frames_on_the_heap fake_stacks
check programs_are_built_with_tsan built -fsanitize=thread
check under_tsan_nothing_new_is_found finds none Sanitizer
check tsan_finds_a_race finds race 'data race'
check exceptions_jumps_and_threads_are_exact_under_tsan flows
memory() {
	traced faulty "$programs/faulty.c" -pthread -fsanitize=memory && plain faulty-plain "$programs/faulty.c" -pthread -fsanitize=memory &&
		finds none Sanitizer && finds unset use-of-uninitialized-value
}
check msan_finds_what_is_unset_and_nothing_else memory

hardened() {
	built -fstack-clash-protection -fcf-protection=full -fstack-protector-strong && flows
}
check exceptions_jumps_and_threads_are_exact_in_hardened_programs hardened
# The runtime's part of control-flow enforcement: marked, and an indirect call of a hook finds its mark.
enforced() {
	readelf -n "$build/lib/libinstr_rt.so" | grep -q 'IBT, SHSTK' || { readelf -n "$build/lib/libinstr_rt.so"; return 1; }
	for hook in enter exit unwind tail landed; do
		objdump -d --no-show-raw-insn "--disassemble=__instr_$hook" "$build/lib/libinstr_rt.so" |
			grep -A1 "<__instr_$hook>:" | grep -q endbr64 || { echo "__instr_$hook has none"; return 1; }
	done
}
check the_runtime_takes_part_in_control_flow_enforcement enforced

plainly() {
	built && traced forks "$programs/debugged.c" -pthread && plain forks-plain "$programs/debugged.c" -pthread &&
		strip -o forks-stripped forks
}
check programs_are_built_plainly plainly

# Errors, as valgrind counts them. (What it says of leaks names blocks: the runtime has none.)
memcheck() {
	for program in faulty-plain faulty; do
		rm -f trace.db*
		valgrind --leak-check=full --show-leak-kinds=all "./$program" "$1" >$program.out 2>$program.err
		echo "status $?" >>$program.out
		sed -n 's/^==[0-9]*== //; /ERROR SUMMARY\|in use at exit\|total heap usage\|Invalid\|Conditional/p' $program.err >$program.said
	done
	cmp faulty-plain.out faulty.out && diff faulty-plain.said faulty.said && complete trace.db 10 && sound trace.db && calls trace.db work 1000
}
check valgrind_finds_nothing_new memcheck none
check valgrind_finds_a_use_after_free memcheck after_free
check valgrind_finds_a_leak memcheck leak
# Without -g: this valgrind does not know what clang writes, and says so.
under_valgrind() {
	rm -f trace.db*
	exits_with 6 valgrind -q --error-exitcode=99 "$@" ./forks-stripped && [ "$(cat out)" = 'sum 55, child 5' ] && [ ! -s err ] &&
		complete trace.db 10 && sound trace.db && calls trace.db leaf 12
}
check threads_and_forks_are_recorded_under_valgrind under_valgrind
check and_children_that_valgrind_traces_too under_valgrind --trace-children=yes '--trace-children-skip=/proc/self/fd/*'
# Without the skip valgrind takes the drain for a program to be checked, and does not find it.
no_drain() {
	rm -f trace.db*
	exits_with 6 valgrind -q --error-exitcode=99 --trace-children=yes ./forks-stripped && [ "$(cat out)" = 'sum 55, child 5' ]
}
check a_program_whose_drain_valgrind_traces_ends_as_ever no_drain

# debugged COMMANDS: gdb's words about ./forks in gdb.out.
debugged() {
	rm -f trace.db*
	printf '%s\n' 'set width 0' 'set confirm off' 'set debuginfod enabled off' "$@" >commands
	gdb -nx -q -batch -x commands "${debugged:-./forks}" >gdb.out 2>gdb.err
}
catches() {
	debugged 'catch vfork' 'catch exec' 'catch fork' run 'info threads' continue && grep -c 'hit Catchpoint' gdb.out >caught &&
		[ "$(cat caught)" = 1 ] && grep -q 'exited with code 06' gdb.out && complete trace.db 5 && sound trace.db && calls trace.db leaf 12 ||
		{ cat gdb.out gdb.err; return 1; }
}
check gdb_sees_the_forks_of_the_program_and_no_others catches
# From each instruction of a hook, and of the cold path: who called whom up to main.
backtraces() {
	debugged 'set breakpoint pending on' "break $1" run "${2:-continue 3}" 'delete' 'set $i = 0' \
		"while \$i < $3" bt 'printf "end of backtrace\n"' stepi 'set $i = $i + 1' end kill
	grep -c '^end of backtrace' gdb.out >ends
	awk '/^end of backtrace/ { whole += seen; seen = 0 } /^#[0-9]+ .*in '"$4"' \(/ { seen = 1 } END { print whole + 0 }' gdb.out >whole
	[ "$(cat ends)" = "$3" ] && cmp ends whole && [ "$(grep -c "^#0 .*$5" gdb.out)" -ge 10 ] ||
		{ head -20 gdb.out; cat ends whole gdb.err; return 1; }
}
check gdb_sees_through_a_hook backtraces __instr_enter 'continue 3' 120 main __instr_enter
check gdb_sees_through_the_cold_path backtraces irt_cold 'continue 1' 400 in_thread make_ready
stopped() {
	debugged 'break leaf' run bt finish next 'info breakpoints' 'delete' continue && grep -q '^#2 .*main ()' gdb.out &&
		grep -q 'Value returned is .* = 1' gdb.out && grep -q 'exited with code 06' gdb.out && complete trace.db 5 && sound trace.db &&
		calls trace.db leaf 12 || { cat gdb.out gdb.err; return 1; }
}
check gdb_stops_finishes_and_steps_as_ever stopped

straced() {
	rm -f trace.db*
	exits_with 6 strace -f -o log ./forks && says out 'sum 55, child 5' && complete trace.db 5 && sound trace.db && calls trace.db leaf 12
}
check a_program_runs_under_strace straced
# Where perf may not measure at all, there is nothing to compare with.
perf_works() { perf record -q -e cpu-clock -o perf.data ./forks-plain >out 2>err; [ $? -eq 6 ] && says out 'sum 55'; }
perfed() {
	rm -f trace.db*
	exits_with 6 perf record -q -e cpu-clock -g -o perf.data ./forks && says out 'sum 55, child 5' && complete trace.db 5 &&
		sound trace.db && calls trace.db leaf 12
}
if command -v perf >/dev/null && (cd "$scratch" && perf_works); then
	check a_program_runs_under_perf_record perfed
fi
finish
