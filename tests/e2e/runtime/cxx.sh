#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# cxx.sh BUILD - exceptions, jumps, and code before and after main: every call has its end.
. "$(dirname "$0")/trace.sh"

builds() { tracedxx cxx "$programs/cxx.cc" -pthread; }
check builds builds
runs() { rm -f trace.db*; exits_with 0 ./cxx "$1" && says out "$2" && sound trace.db; }
ends_of() {
	is trace.db "SELECT calls || ' ' || returns || ' ' || unwound || ' ' || open FROM function_totals
		JOIN functions USING (function_id) WHERE process_id = 0 AND linkage_name = '$1'" "$2"
}

exceptions() {
	runs exceptions 'exceptions 200' && ends_of thrower '200 100 100 0' && ends_of passer '200 100 100 0' &&
		ends_of rethrower '200 100 100 0' && ends_of catcher '200 200 0 0' && ends_of main '1 1 0 0'
}
check an_exception_ends_each_call_that_it_leaves exceptions
guards() { is trace.db "SELECT sum(calls) FROM tree WHERE function = 'Guard::~Guard()' AND parent_id IN
	(SELECT context_id FROM tree WHERE function = 'passer')" 200; }
check destructors_run_below_the_call_that_the_exception_leaves guards
jumps() {
	runs jumps 'jumps 0' && ends_of jumper '200 100 100 0' && ends_of between '200 100 100 0' && ends_of lander '200 200 0 0' &&
		is trace.db "SELECT max(depth) FROM tree WHERE function = 'lander'" 2
}
check a_longjmp_ends_each_call_that_it_leaves jumps
moments() {
	runs moments 'moments 0' && ends_of before_main '2 2 0 0' && ends_of after_main '2 2 0 0' && ends_of at_exit '1 1 0 0' &&
		ends_of in_thread '4 4 0 0' && ends_of end_of_thread '4 4 0 0'
}
check calls_before_main_after_main_and_at_the_end_of_threads_are_counted moments
foreign() { runs foreign 'foreign 10' && ends_of leaves '10 0 10 0' && is trace.db 'SELECT count(*) FROM open_frames' 0; }
check pthread_exit_ends_each_call_that_it_leaves foreign

static_too() { tracedxx cxx -static "$programs/cxx.cc" -pthread && exceptions && jumps && moments && foreign; }
check a_static_program_gives_the_same static_too
finish
