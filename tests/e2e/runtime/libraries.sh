#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# libraries.sh BUILD - instrumented shared libraries: linked, loaded, unloaded, in hosts of either kind.
. "$(dirname "$0")/plugins.sh"

builds() {
	build_plugins && traced linked "$programs/linked.c" -L. -lalpha -lbeta "-Wl,-rpath,\$ORIGIN" && traced host "$programs/host.c" -ldl &&
		plain host-plain "$programs/host.c" -ldl
}
check builds builds

linked() {
	rm -f trace.db*
	exits_with 0 ./linked && says out 20200 && sound trace.db && of_module libalpha.so alpha 100 && of_module libbeta.so beta 100 &&
		of_module libalpha.so inside 100 && of_module libbeta.so inside 100 && of_module linked here 100 &&
		is trace.db 'SELECT count(*) FROM modules' 3
}
check a_program_and_two_libraries_are_one_trace linked

# Loaded at the same place one after the other, the same addresses are other functions.
in_turn() {
	rm -f trace.db*
	exits_with 0 "./$1" 200 ./libalpha.so:alpha ./libbeta.so:beta ./libgamma.so:gamma && says out 66000 && sound trace.db && of_each_plugin 2000 &&
		is trace.db "SELECT count(DISTINCT rows_start) < 100 FROM module_loads" 1 && # addresses did come again
		is trace.db "SELECT count(*) FROM module_loads JOIN modules USING (module_id) WHERE path LIKE '%/lib%'" 600
}
check names_are_right_however_often_libraries_come_and_go in_turn host
check a_plugin_in_a_host_without_hooks_is_recorded in_turn host-plain
host_counts() {
	rm -f trace.db*
	exits_with 0 ./host 200 ./libalpha.so:alpha ./libbeta.so:beta && calls trace.db use 400
}
check the_host_is_in_the_same_trace host_counts
small_names() {
	is trace.db "SELECT count(*) FROM functions WHERE instrumented = 1 AND function_id > 1" \
		"$(ask trace.db 'SELECT sum(rows) FROM modules')"
}
check a_library_that_comes_again_has_its_names_once small_names
finish
