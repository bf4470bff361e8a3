#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# test.sh CMAKE BUILD_FOLDER MAJOR CLANG CLANGXX - a small project of somebody else's builds against
# an installed instr, by find_package and by pkg-config, after the installation has been moved.
cmake=$1 build=$2 major=$3 clang=$4 clangxx=$5
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../harness/check.sh"
unset PKG_CONFIG_PATH CFLAGS CXXFLAGS LDFLAGS LD_LIBRARY_PATH

# A path with a blank for CMake; pkg-config's flags go through the shell's word splitting.
moved="$scratch/moved here"
plain=$scratch/plain

installs() {
	"$cmake" --install "$build" --prefix "$scratch/first" && mv "$scratch/first" "$moved" &&
		ln -s "$moved" "$plain"
}
check cmake_installs_to_any_prefix installs

no_path_of_the_build_is_left() {
	! grep -rlF "$build" "$moved" --include='*.cmake' --include='*.pc' --include='*.h'
}
check installed_texts_name_no_folder_of_the_build no_path_of_the_build_is_left

# records PROGRAM FUNCTION CALLS: it runs as ever and its trace has the count.
records() {
	rm -f trace.db
	[ "$("$1")" = "55 caught" ] || { echo "$1 prints something else"; return 1; }
	[ -f trace.db ] || { echo "there is no trace.db"; return 1; }
	"$moved/bin/instr-report" --top --format csv trace.db >report.csv || return 1
	cat report.csv
	grep -q "$2" report.csv && [ "$(sqlite3 trace.db "SELECT calls FROM top WHERE function LIKE '$2%'")" = "$3" ]
}

builds_by_find_package() {
	"$cmake" -G Ninja -S "$here/project" -B by-cmake "-DCMAKE_PREFIX_PATH=$moved" "-DCMAKE_C_COMPILER=$clang" \
		"-DCMAKE_CXX_COMPILER=$clangxx" && "$cmake" --build by-cmake
}
check a_project_builds_by_find_package builds_by_find_package
check what_find_package_built_is_recorded records by-cmake/program fibonacci 177
exports() { "$moved/bin/instr-export" folded --value calls trace.db | grep "fibonacci [0-9]*$"; }
check what_is_recorded_is_exported exports
asks_for_calls() {
	[ "$("$moved/bin/instr-report" trace.db --sql "SELECT count(*) FROM calls JOIN functions USING (function_id) WHERE name LIKE 'fibonacci%'" --format csv |
		tail -n 1 | tr -d '\r')" = 177 ] && [ "$(echo 'SELECT count(*) > 177 FROM events;' | "$moved/bin/instr-report" trace.db --shell)" = 1 ]
}
check its_calls_can_be_asked_for asks_for_calls
check its_shared_library_is_recorded_too records by-cmake/program thrower 1
check a_static_program_builds_and_is_recorded records by-cmake/program_static fibonacci 177

builds_by_pkg_config() {
	PKG_CONFIG_PATH=$plain/lib/pkgconfig
	export PKG_CONFIG_PATH
	cflags=$(pkg-config --cflags instr) && libs=$(pkg-config --libs instr) || return 1
	# shellcheck disable=SC2086
	"$clang" -O1 $cflags -c "$here/project/library.c" -o library.o &&
		"$clangxx" -O1 $cflags -c "$here/project/main.cpp" -o main.o &&
		"$clangxx" main.o library.o $libs -o by-pkg-config
}
check a_project_builds_by_pkg_config builds_by_pkg_config
check what_pkg_config_built_is_recorded records ./by-pkg-config fibonacci 177

wrapper_works() {
	"$moved/bin/instr-clang" -O1 -c "$here/project/library.c" -o w-library.o &&
		"$moved/bin/instr-clang++" -O1 "$here/project/main.cpp" w-library.o -o by-wrapper
}
check the_installed_wrappers_build wrapper_works
check what_the_wrappers_built_is_recorded records ./by-wrapper fibonacci 177

other_compiler_is_refused() {
	if "$cmake" -G Ninja -S "$here/project" -B by-gcc "-DCMAKE_PREFIX_PATH=$moved" -DCMAKE_C_COMPILER=gcc \
		-DCMAKE_CXX_COMPILER=g++ >gcc.log 2>&1; then
		echo "gcc was taken"
		return 1
	fi
	cat gcc.log
	tr -s ' \n' ' ' <gcc.log | grep -q "instr needs clang for C; the compiler is"
}
if command -v gcc >/dev/null && command -v g++ >/dev/null; then
	check another_compiler_is_refused_in_one_sentence other_compiler_is_refused
fi

# No plugin for a major: take it away.
missing_major_is_named() {
	mv "$moved/lib/libinstr-$major.so" kept.so
	"$cmake" -G Ninja -S "$here/project" -B by-none "-DCMAKE_PREFIX_PATH=$moved" "-DCMAKE_C_COMPILER=$clang" \
		"-DCMAKE_CXX_COMPILER=$clangxx" >none.log 2>&1
	status=$?
	mv kept.so "$moved/lib/libinstr-$major.so"
	[ $status -ne 0 ] && tr -s ' \n' ' ' <none.log | grep -q "instr has no plugin for clang $major"
}
check a_missing_plugin_is_named missing_major_is_named

finish
