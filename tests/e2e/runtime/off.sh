#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# off.sh BUILD - off=: nothing is recorded of functions that are switched off when the program starts, everything of the others, and
# the trace says which were off.
. "$(dirname "$0")/trace.sh"

compiles() { tracedxx off "$programs/off.cc" -pthread && tracedxx off-O1 -O1 -fno-inline "$programs/off.cc" -pthread; }
check compiles compiles

runs() {
	rm -f trace.db*
	"$@" >out 2>err && says out done && [ ! -s err ] && complete trace.db && sound trace.db || { cat out err; return 1; }
}
reason="switched off when it ran (off=)"
off_are() {
	is trace.db "SELECT coalesce(group_concat(DISTINCT name), '') FROM (SELECT name FROM functions WHERE NOT instrumented AND reason = '$reason' ORDER BY name)" "$1"
}

# Three rounds: of main, of its thread, of its fork child.
all_on() { runs ./off && calls trace.db leaf 606 && calls trace.db twice 300 && ended trace.db middle '3 0 3 0' && ended trace.db below '3 0 3 0' && off_are ''; }
check everything_is_recorded all_on

leaves() {
	for program in off off-O1; do
		INSTR_OPTIONS=off=_Z4leafi runs ./$program && calls trace.db leaf 0 && ended trace.db twice '300 300 0 0' &&
			ended trace.db catcher '3 3 0 0' && ended trace.db setter '3 3 0 0' && ended trace.db middle '3 0 3 0' &&
			ended trace.db below '3 0 3 0' && off_are 'leaf(int)' || return 1
	done
}
check a_leaf_is_off leaves

# Callers have their callees' calls, whichever function between them is off.
between() {
	INSTR_OPTIONS='off=_Z6middlev:off=_Z6setterv:off=_Z5twicei:off=_Z5belowv' runs ./off && calls trace.db middle 0 && calls trace.db setter 0 &&
		calls trace.db leaf 606 && ended trace.db thrower '3 0 3 0' && ended trace.db jumper '3 0 3 0' && ended trace.db catcher '3 3 0 0' &&
		ended trace.db round_of_all '3 3 0 0' && off_are 'below(),middle(),setter(),twice(int)' &&
		is trace.db "SELECT f.name, sum(t.calls) FROM totals t JOIN contexts c USING (context_id) JOIN contexts p ON p.context_id = c.parent_id
			JOIN functions f ON f.function_id = p.function_id JOIN functions l ON l.function_id = c.function_id
			WHERE l.name = 'leaf(int)' GROUP BY f.name ORDER BY f.name" 'catcher()|3
round_of_all()|603'
}
check functions_between_others_are_off between

by_file() {
	INSTR_OPTIONS='off=programs/off.*' runs ./off && is trace.db "SELECT count(*) > 0, sum(file LIKE '%/off.cc') FROM function_totals
		JOIN functions USING (function_id) WHERE process_id = 0" '1|0'
}
all() { INSTR_OPTIONS='off=*' runs ./off && is trace.db 'SELECT coalesce(sum(calls), 0), (SELECT count(*) FROM processes) FROM function_totals' '0|2'; }
check all_of_a_file_is_off by_file
check all_is_off all

# One image, with other functions off in each program of the run: each has its own.
started() {
	OFF_CHILD=off=_Z5twicei INSTR_OPTIONS=off=_Z4leafi runs ./off && off_are 'leaf(int),twice(int)' &&
		calls trace.db leaf 202 && calls trace.db twice 300 && calls trace.db round_of_all 4 &&
		is trace.db 'SELECT count(*), count(DISTINCT path) FROM modules' '2|1' || return 1
	OFF_CHILD=off=_Z4leafi INSTR_OPTIONS=off=_Z4leafi runs ./off && calls trace.db leaf 0 && calls trace.db twice 400 &&
		is trace.db 'SELECT count(*) FROM modules' 1
}
check programs_of_a_run_have_settings_of_their_own started

says_why() {
	INSTR_OPTIONS=off=_Z4leafi runs ./off && "$build/bin/instr-report" --why-missing leaf >why &&
		grep -q "It carries no hooks: switched off when it ran (off=); without that setting its calls are recorded" why || { cat why; return 1; }
}
check a_report_says_why_it_is_missing says_why

# A file of settings may be as large for the runtime as for the compiler plugin.
large() {
	{ i=0; while [ $i -lt 3000 ]; do echo "off=no_such_function_number_$i"; i=$((i + 1)); done; echo 'off=_Z4leafi'; } >settings
	[ "$(wc -c <settings)" -gt 65536 ] || return 1
	INSTR_CONFIG=settings runs ./off && off_are 'leaf(int)' && calls trace.db leaf 0 || return 1
	head -c 1100000 /dev/zero | tr '\0' '#' >huge
	INSTR_CONFIG=huge ./off >out 2>err && says out done && [ "$(cat err)" = "instr: the settings file huge is larger than one can be (1 MiB); its settings are ignored" ]
}
check settings_files_may_be_large large

# What is off when a library comes is off when it comes again.
library() {
	printf '#include <stdlib.h>\nint inner(int x) { return x + 1; }\nint entry(int x) { return inner(x); }\n' >lib.c
	printf '#include <dlfcn.h>\nint main(void) { for (int i = 0; i < 2; i++) { void *lib = dlopen("./lib.so", RTLD_NOW); int (*f)(int) = (int (*)(int))dlsym(lib, "entry"); for (int k = 0; k < 10; k++) f(k); dlclose(lib); } return 0; }\n' >load.c
	traced lib.so -shared -fPIC lib.c && traced load load.c -ldl && rm -f trace.db* &&
		INSTR_OPTIONS=off=inner ./load && complete trace.db && sound trace.db && calls trace.db inner 0 && ended trace.db entry '20 20 0 0' && off_are inner
}
check libraries_that_come_and_go library
finish
