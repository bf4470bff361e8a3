#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# loading.sh BUILD - libraries loaded by several threads, late, into other namespaces, where static TLS is
# short, before the program; what runs before and behind main.
. "$(dirname "$0")/plugins.sh"

builds() {
	build_plugins && traced libchosen.so -shared -fPIC -DNAME=chosen "$programs/ifunc.c" && traced ifunc -DPROGRAM -DNAME=chosen "$programs/ifunc.c" &&
		traced ifunc-static -static -DPROGRAM -DNAME=chosen "$programs/ifunc.c" && plain ifunc-plain -DPROGRAM -DNAME=chosen "$programs/ifunc.c" || return 1
	for name in loads moments hello; do
		traced $name "$programs/$name.c" -pthread -ldl && plain $name-plain "$programs/$name.c" -pthread -ldl || return 1
	done
	for bytes in 16 32 64 128 256 512 1024; do
		plain lib$bytes.so -shared -fPIC "-DBYTES=$bytes" "$programs/static_tls.c" || return 1
	done
	traced libmalloc.so -shared -fPIC "$programs/replaced_malloc.c"
}
check builds builds

threads() {
	rm -f trace.db*
	exits_with 0 "./$1" threads 4 100 ./libalpha.so:alpha ./libbeta.so:beta ./libgamma.so:gamma && says out 'sum 132000' &&
		sound trace.db && of_each_plugin 4000
}
check names_are_right_when_threads_load_and_unload_at_once threads loads
check and_in_a_host_without_hooks threads loads-plain

late() {
	rm -f trace.db*
	exits_with 0 ./loads-plain stays ./libalpha.so:alpha && says out 'sum 550' && sound trace.db && calls trace.db alpha 50 &&
		is trace.db "SELECT count(*) FROM threads" 5
}
check threads_that_ran_before_the_library_came_are_recorded late

# A runtime in another namespace stays off: what is called there is not recorded, and runs as ever.
space() {
	rm -f trace.db*
	exits_with 0 ./loads space ./libalpha.so:alpha 5 && says out 'sum 1100' && sound trace.db && calls trace.db alpha 50
}
check a_library_in_another_namespace_runs_unrecorded space

# The runtime takes 32 bytes of static TLS. Where they are left it is loaded, else dlopen says no.
tls() {
	rm -f trace.db*
	exits_with 0 ./loads-plain tls ./libalpha.so:alpha && says out 'sum 0' && says out 'static TLS' && [ ! -e trace.db ] || return 1
	filled=$(sed -n 's/filled //p' out)
	exits_with 0 ./loads-plain tls ./libalpha.so:alpha $((filled - 16)) && says out 'static TLS' && [ ! -e trace.db ] &&
		exits_with 0 ./loads-plain tls ./libalpha.so:alpha $((filled - 32)) && says out 'sum 110' && sound trace.db &&
		calls trace.db alpha 10
}
check the_last_32_bytes_of_static_tls_are_enough tls

ifuncs() {
	as_plain ifunc && sound trace.db && calls trace.db one 10 && calls trace.db chosen 10 && rm -f trace.db* &&
		exits_with 0 ./loads stays ./libchosen.so:chosen && says out 'sum 275' && sound trace.db && calls trace.db one 50 &&
		cp ifunc-plain ifunc-static-plain && as_plain ifunc-static && sound trace.db && calls trace.db one 10 &&
		is trace.db "SELECT group_concat(name, ' ') FROM (SELECT name FROM functions WHERE instrumented = 0 AND reason LIKE '%ifunc%' ORDER BY name)" \
			'asked resolve'
}
check functions_that_are_chosen_at_load_time_are_recorded ifuncs

# moment HOW REASON STATUS FUNCTION...: as the plain program, with that status or signal if it is known;
# each function was called once.
moment() {
	moment_how=$1 moment_end=$2 moment_status=$3
	shift 3
	as_plain moments "$moment_how" && complete trace.db 5 && sound trace.db &&
		is trace.db "SELECT end_reason, coalesce(exit_code, exit_signal, $moment_status) FROM processes" "$moment_end|$moment_status" || return 1
	for function in first last plain "$@"; do
		calls trace.db "$function" 1 || return 1
	done
}
check constructors_and_destructors_of_each_priority_are_recorded moment none exit 11 plain_end last_end first_end
handlers() {
	moment handlers exit 5 at_return plain_end last_end first_end && ended trace.db on_return '2 2 0 0' && ended trace.db middle '1 0 0 1'
}
check handlers_of_exit_are_recorded handlers
check handlers_of_quick_exit_are_recorded moment quick death 7 at_quick_return
keys() { moment keys exit 11 with_key && ended trace.db of_key '3 3 0 0'; }
check a_key_that_is_destroyed_several_times_is_recorded keys
again() { moment again exit 4 exit_again plain_end last_end first_end && ended trace.db exit_again '1 0 0 1'; }
check exit_inside_of_exit_gives_the_last_status again
leaves() { moment leaves death 9 plain_end last_end first_end && ended trace.db leave '1 0 0 1'; }
check _exit_in_a_destructor_gives_its_status leaves
crashes() { moment crashes death 11 plain_end last_end first_end && ended trace.db crash '1 0 0 1'; }
check a_crash_in_a_destructor_is_a_death crashes
check what_runs_when_all_destructors_have_is_recorded moment behind exit 11 plain_end last_end first_end write_late
check _exit_behind_the_last_destructor_gives_its_status moment leaves_late death 9 plain_end last_end first_end write_late leave
check a_crash_behind_the_last_destructor_is_a_death moment crashes_late death 11 plain_end last_end first_end write_late crash
check exit_in_a_signal_handler_is_an_exit moment signal exit 6 on_signal plain_end last_end first_end
elsewhere() {
	moment elsewhere exit 8 exits plain_end last_end first_end && ended trace.db middle '1 0 0 1' && ended trace.db exits '1 0 0 1'
}
check exit_in_another_thread_ends_nothing_twice elsewhere

# Another malloc, itself traced: the loader calls it before anything else runs.
preloaded() {
	rm -f trace.db* mallocs
	exits_with 3 env LD_PRELOAD=./libmalloc.so COUNT_MALLOCS=mallocs "./$1" 3 && says out 'hello, 12' && [ ! -s err ] &&
		complete trace.db 5 && sound trace.db && read -r takes gives <mallocs && [ "$takes" -gt 0 ] &&
		is trace.db "SELECT sum(calls) >= $takes FROM top WHERE function = 'take'" 1
}
check a_traced_malloc_may_be_preloaded_into_a_traced_program preloaded hello
check and_into_one_that_is_not_traced preloaded hello-plain
finish
