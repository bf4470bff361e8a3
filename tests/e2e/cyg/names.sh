#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# names.sh BUILD GCC GXX - programs of GCC report their functions by name, each with its exact count,
# wherever they are mapped; a stripped one by file and offset.
build=$1 gcc=$2 gxx=$3
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../harness/check.sh"
hooks="-O1 -g -finstrument-functions"
runtime="-L$build/lib -linstr_rt -Wl,-rpath,$build/lib"

ask() { sqlite3 -batch -bail -readonly -cmd '.timeout 2000' trace.db "$1"; }

is() { # SQL ANSWER
	is_got=$(ask "$1") || return 1
	[ "$is_got" = "$2" ] && return 0
	printf '%s\ngives\n%s\nnot\n%s\n' "$1" "$is_got" "$2"
	return 1
}

top() { # EXPECTED: every function and its calls, by name
	is "SELECT group_concat(function || ' ' || calls, ', ') FROM (SELECT * FROM top ORDER BY function, calls)" "$1"
}

library() { "$gcc" $hooks -fPIC -shared -o libcyg.so "$here/library.c" $runtime; }
check a_library_builds library

everything='leaf 50, leaf 100, library_pointed_to 7, library_sum 1, main 1, middle 25, of_the_library 50'
program() { # NAME FLAG...
	program_name=$1
	shift
	rm -f trace.db*
	"$gcc" $hooks "$@" -o "$program_name" "$here/program.c" -L. -lcyg -Wl,-rpath,"$scratch" $runtime &&
		exits_with 0 "./$program_name" && top "$everything"
}
check a_position_independent_program_has_names program pie -fPIE -pie
check a_program_at_a_fixed_address_has_names program fixed -fno-pie -no-pie
check where_the_linker_puts_segments_does_not_matter program apart -fPIE -pie -Wl,-z,noseparate-code -Wl,-Ttext-segment=0x4000000

# Whatever the kind of program and its segments: the address that its symbol has, and the build that it is of.
place() { # PROGRAM
	rm -f trace.db*
	place_id=$(LC_ALL=C readelf -n "$1" | sed -n 's/.*Build ID: *//p')
	place_of=$((0x$(nm "$1" | sed -n 's/^\([0-9a-f]*\) . middle$/\1/p')))
	[ -n "$place_id" ] && exits_with 0 "./$1" &&
		is "SELECT m.path, m.build_id, m.rows, a.address FROM functions f JOIN modules m USING (module_id) JOIN function_addresses a USING (function_id) WHERE f.name = 'middle'" \
			"$scratch/$1|$place_id|0|$place_of" &&
		is "SELECT count(*) FROM modules WHERE path = '$scratch/$1'" 1
}
check a_function_of_a_position_independent_program_has_its_place place pie
check a_function_at_a_fixed_address_has_its_place place fixed
check a_function_in_moved_segments_has_its_place place apart
stripped_place() {
	cp pie pie-stripped && strip pie-stripped && rm -f trace.db* && exits_with 0 ./pie-stripped &&
		is "SELECT count(*), count(a.address), count(m.build_id) FROM functions f JOIN modules m USING (module_id) LEFT JOIN function_addresses a USING (function_id) WHERE m.path = '$scratch/pie-stripped'" '3|3|3'
}
check functions_of_a_stripped_program_have_their_places stripped_place

two_processes() {
	rm -f trace.db*
	exits_with 0 ./pie fork &&
		top 'leaf 52, leaf 101, library_pointed_to 7, library_sum 2, main 1, middle 25, of_the_child 1, of_the_library 52'
}
check a_child_shares_its_parents_functions two_processes

static_program() {
	rm -f trace.db*
	"$gcc" $hooks -static -o static "$here/program.c" "$here/library.c" "$build/lib/libinstr_rt.a" &&
		exits_with 0 ./static && top "$everything"
}
check a_static_program_has_names static_program

plus_plus() {
	rm -f trace.db*
	"$gxx" $hooks -o plus "$here/program.cpp" $runtime && exits_with 0 ./plus &&
		is "SELECT group_concat(name || ' ' || calls, ', ') FROM (SELECT name, calls FROM function_totals t
			JOIN functions USING (function_id) WHERE process_id = 0 AND linkage_name IN ('main',
				'_ZNK6shapes6circle4areaEv', '_ZN6shapes5twiceIlEET_S1_', '_ZN6shapes12_GLOBAL__N_16hiddenEi')
			ORDER BY name)" \
		'long shapes::twice<long>(long) 12, main 1, shapes::(anonymous namespace)::hidden(int) 5, shapes::circle::area() const 12'
}
check names_of_cpp_are_readable plus_plus

stripped() {
	rm -f trace.db*
	cp pie bare && strip bare && exits_with 0 ./bare &&
		is "SELECT count(*), sum(calls) FROM top WHERE function GLOB 'bare+0x*'" '3|126' &&
		is "SELECT calls FROM top WHERE function = 'of_the_library'" 50
}
check a_stripped_program_has_offsets stripped

# Without .symtab the dynamic symbols are left: no static functions.
exported() {
	rm -f trace.db*
	mkdir -p bare_library && cp libcyg.so bare_library/ && strip bare_library/libcyg.so &&
		LD_LIBRARY_PATH=$scratch/bare_library "$gcc" $hooks -o exported "$here/program.c" -Lbare_library -lcyg \
			-Wl,-rpath,"$scratch/bare_library" $runtime &&
		exits_with 0 ./exported &&
		is "SELECT group_concat(function || ' ' || calls, ', ') FROM (SELECT * FROM top
			WHERE function LIKE 'library%' ORDER BY function)" 'library_pointed_to 7, library_sum 1' &&
		is "SELECT group_concat(calls) FROM top WHERE function GLOB 'libcyg.so+0x*'" '50,50'
}
check a_stripped_library_has_its_exported_names exported
finish
