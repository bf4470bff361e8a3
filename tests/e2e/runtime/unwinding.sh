#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# unwinding.sh BUILD - exceptions of every kind, threads that are cancelled, stacks unwound by force: the
# program does what it does without hooks, and each call has its end.
. "$(dirname "$0")/trace.sh"

# compiles HOW OUT: HOW is traced or plain.
exceptions() {
	"$1" c.o -c -DNAME=through_c "$programs/through.c" &&
		"$1" unwinds.o -c -fexceptions -DNAME=through_c_that_unwinds "$programs/through.c" &&
		"$1" tables.o -c -fno-asynchronous-unwind-tables -fno-unwind-tables -DNAME=through_c_without_tables "$programs/through.c" &&
		"${1}xx" "$2" "$programs/exceptions.cc" c.o unwinds.o tables.o -pthread
}
builds() {
	exceptions traced exceptions && exceptions plain exceptions-plain || return 1
	for how in traced plain; do
		suffix=; [ $how = plain ] && suffix=-plain
		$how cancel-c$suffix "$programs/cancel.c" -pthread &&
			$how cancel-eh$suffix -fexceptions "$programs/cancel.c" -pthread &&
			${how}xx cancel-cxx$suffix -x c++ "$programs/cancel.c" -pthread || return 1
	done
}
check builds builds

caught() { as_plain exceptions "$1" && sound trace.db && is trace.db 'SELECT sum(open) FROM totals' 0; }
through() {
	caught through && for function in thrower no_cleanup by_c through_c by_both through_c_that_unwinds; do
		ended trace.db $function '200 100 100 0' || return 1
	done
	ended trace.db through '1 1 0 0' && is trace.db "SELECT group_concat(DISTINCT depth) FROM tree WHERE function = 'by_both'" 3
}
check an_exception_ends_c_frames_with_and_without_exceptions through
check what_exceptions_end_is_so_in_windows_of_time windows trace.db
library() { caught library && ended trace.db of_library '101 1 100 0'; }
check an_exception_of_the_library_ends_the_calls_that_it_leaves library
again() {
	caught again && ended trace.db thrower '100 0 100 0' && ended trace.db once '100 0 100 0' &&
		ended trace.db twice '100 0 100 0' && ended trace.db carried '10 0 10 0' && ended trace.db unpack '200 200 0 0'
}
check rethrown_nested_and_carried_exceptions_end_each_call_once again
made() {
	caught made && ended trace.db thrower '300 150 150 0' && ended trace.db note_destroyed '250 250 0 0' &&
		ended trace.db 'Made::Made' '100 50 50 0' && ended trace.db 'Guarded::Guarded' '100 50 50 0' &&
		ended trace.db 'Leaves::~Leaves' '100 50 50 0' && ended trace.db make '100 50 50 0'
}
check constructors_and_destructors_that_throw_end_each_call_once made

# dies HOW OPEN: as the plain program, with just these calls open.
dies() {
	as_plain exceptions "$1" && says err terminate && complete trace.db 5 && sound trace.db &&
		is trace.db 'SELECT end_reason, coalesce(exit_signal, 6) FROM processes' 'death|6' &&
		is trace.db "SELECT group_concat(function, '>') FROM (SELECT function FROM open_calls ORDER BY depth)" "$2"
}
check noexcept_ends_a_program_where_it_ended dies noexcept 'main>careful>__clang_call_terminate'
check an_uncaught_exception_leaves_its_calls_open dies uncaught 'main>careless>passes>thrower'
check an_exception_in_a_destructor_of_another_ends_a_program dies twice 'main>twice_thrown>__clang_call_terminate'
check an_exception_that_meets_a_frame_without_tables_ends_a_program dies frames 'main>through_c_without_tables>no_cleanup>thrower'

deferred() {
	as_plain "$1" deferred && sound trace.db && ended trace.db clean '20 20 0 0' && ended trace.db destroy '20 20 0 0' || return 1
	for function in waits without_cleanup with_cleanup wait_here; do
		ended trace.db $function '20 0 20 0' || return 1
	done
}
check deferred_cancellation_ends_the_calls_of_c deferred cancel-c
check deferred_cancellation_ends_the_calls_of_c_with_exceptions deferred cancel-eh
check deferred_cancellation_ends_the_calls_of_cxx deferred cancel-cxx

# Of the last turn of each thread the call is counted or not, and its turn.
async() {
	as_plain "$1" async && sound trace.db ${allowed:-} && ended trace.db loops '200 0 200 0' && ended trace.db spins '200 0 200 0' &&
		is trace.db "SELECT t.calls - $(cat turns) BETWEEN 0 AND 200, t.returns - $(cat turns) BETWEEN 0 AND 200, t.unwound <= 200
			FROM function_totals t JOIN functions USING (function_id) WHERE process_id = 0 AND name = 'spin'" '1|1|1'
}
check cancellation_at_any_instruction_of_c_is_harmless async cancel-c
check cancellation_at_any_instruction_of_c_with_exceptions_is_harmless async cancel-eh
check cancellation_at_any_instruction_of_cxx_is_harmless async cancel-cxx
ignored() { as_plain "$1" ignored && sound trace.db && ended trace.db spin '20 20 0 0'; }
check cancellation_that_is_off_stays_off ignored cancel-c

forced() {
	as_plain "$1" forced && sound trace.db && ended trace.db descend '100 0 100 0' && ended trace.db clean "$2"
}
check a_forced_unwinding_ends_the_calls_of_c forced cancel-c '0 0 0 0'
check a_forced_unwinding_ends_the_calls_of_c_with_exceptions forced cancel-eh '80 80 0 0'
check a_forced_unwinding_ends_the_calls_of_cxx forced cancel-cxx '80 80 0 0'
finish
