#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# types.sh BUILD - the types of what is allocated, from the source to the reports. How many blocks of
# which type there are is plain from the programs.
. "$(dirname "$0")/trace.sh"

# In bytes: node 100 * 16, char 10 * 5, char * 16 + 32 + 64 + 128, point 7 * 16 and, where xmalloc was inlined, 3 * 16.
c_types() { # LEVEL OPTION...: $want
	level=$1
	shift
	traced types "$level" "$@" "$programs/types.c" && rm -f trace.db* && exits_with 0 ./types && sound trace.db &&
		is trace.db 'SELECT type, sites, allocs, bytes FROM heap_types' "$want"
}
for level in -O1 -O2; do
	want='node|1|100|1600
char *|1|4|240
point|2|2|160
char|1|10|50'
	check "types_of_a_c_program_are_known_at_$level" c_types $level
done
want='node|1|100|1600
char *|1|4|240
point|1|1|112
char|1|10|50
(type not known)|1|1|48'
check types_of_a_c_program_are_known_at_-O0 c_types -O0
for level in -O0 -O2; do
	want='(type not known)|5|116|2050'
	check "without_debug_information_none_is_at_$level" c_types $level -g0
done
lto() { want='node|1|100|1600
char *|1|4|240
point|2|2|160
char|1|10|50'; c_types -O2 -flto -fuse-ld=lld; }
check lto_keeps_them lto

# By the containers of whichever C++ library is there. In nodes only what they have for certain is asked.
cxx_types() {
	tracedxx types-cc "$@" "$programs/types.cc" && rm -f trace.db* && exits_with 0 ./types-cc && sound trace.db && is trace.db "
		SELECT iif(type LIKE '%node<%', substr(type, instr(type, '<') + 1, instr(type || ',', ',') - instr(type, '<') - 1) || ' in a node', type), allocs
		FROM heap_types ORDER BY type" "$want"
}
for level in -O0 -O1 -O2; do
	want="geo::box<int>|5
geo::box<int> *|1
geo::point|31
geo::shape|30
geo::point> in a node|20
std::pair<const int in a node|30"
	check "types_of_containers_are_known_at_$level" cxx_types "$level"
done
# Those that are not inlined are called what they allocate.
want='(type not known)|35
geo::box<int>*|1
geo::point|31
geo::point> in a node|20
std::pair<int const in a node|30'
check without_debug_information_those_of_containers_are_known_at_-O0 cxx_types -O0 -g0

reports() {
	cxx_types -O2 >/dev/null 2>&1
	exits_with 0 "$build/bin/instr-report" --allocs --by type && grep -q ' geo::shape  1 place' out &&
		exits_with 0 "$build/bin/instr-report" --allocs --by site && grep -q 'types.cc:24:.* operator new(geo::shape)$' out &&
		exits_with 0 "$build/bin/instr-report" --leaks && ! grep -q 'geo::shape' out &&
		exits_with 0 "$build/bin/instr-report" --peak && grep -q 'new(geo::shape)' out || { cat out; return 1; }
}
check reports_have_them reports
finish
