#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# build-leveldb.sh - the LevelDB workload, and LevelDB's own tests, built with any compiler and flags.
#
#     build-leveldb.sh CXX CXXFLAGS OUT [TEST...]
#
# leaves the program OUT/leveldb-workload, or, when tests are named (db/db_test, all), OUT/db_test and
# so on. CXX and CXXFLAGS may hold several words. Objects are shared between the two uses of one OUT.
#
# WORKLOADS  folder of the sources (fetch.sh DEST); default: OUT/../sources, fetched if missing
# LDFLAGS    further words for the link: objects, libraries, options
# JOBS       compilations at once; default 2
set -eu

if [ $# -lt 3 ]; then
	echo "usage: build-leveldb.sh CXX CXXFLAGS OUT [TEST...]" >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$3/objects"
out=$(cd "$3" && pwd)
sources=${WORKLOADS:-$out/../sources}
"$here/fetch.sh" "$sources"
sources=$(cd "$sources/leveldb" && pwd)
compiler=$1
flags="$2 -std=c++11 -w -pthread -DOS_LINUX -DLEVELDB_PLATFORM_POSIX -I. -Iinclude"
shift 3

cd "$sources"
list=$(ls db/*.cc table/*.cc util/*.cc port/*.cc helpers/memenv/*.cc |
	grep -vE '_test\.cc$|db_bench|leveldbutil|testharness|testutil|env_win')
tests=$*
if [ "$tests" = all ]; then
	tests=$(ls db/*_test.c* table/*_test.cc util/*_test.cc helpers/memenv/*_test.cc issues/*_test.cc |
		sed 's/\.cc*$//')
fi

# object SOURCE -> its object file; the library's come in an order of their own from the archive.
object()
{
	echo "$out/objects/$(echo "$1" | tr / .).o"
}

# One line per compilation whose object is missing or older than its source.
plan()
{
	if [ "$(object "$1")" -nt "$2" ]; then
		return
	fi
	case $2 in
	*.c) echo "$compiler -x c $(echo "$flags" | sed 's/-std=c++11//') -c $2 -o $(object "$1")" ;;
	*) echo "$compiler $flags -c $2 -o $(object "$1")" ;;
	esac
}

{
	for file in $list; do
		plan "$file" "$file"
	done
	if [ -z "$tests" ]; then
		plan leveldb-workload.cc "$here/leveldb-workload.cc"
	else
		plan util/testharness.cc util/testharness.cc
		plan util/testutil.cc util/testutil.cc
		for test in $tests; do
			plan "$test" "$(ls "$test".c*)"
		done
	fi
} | xargs -r -P "${JOBS:-2}" -I '{}' sh -c '{} || exit 255'

archive=$out/objects/libleveldb.a
rm -f "$archive"
ar crs "$archive" $(for file in $list; do object "$file"; done)
if [ -z "$tests" ]; then
	$compiler $flags "$(object leveldb-workload.cc)" "$archive" ${LDFLAGS:-} -o "$out/leveldb-workload"
else
	for test in $tests; do
		echo "$compiler $flags $(object "$test") $(object util/testharness.cc)" \
			"$(object util/testutil.cc) $archive ${LDFLAGS:-} -o $out/$(basename "$test")"
	done | xargs -r -P "${JOBS:-2}" -I '{}' sh -c '{} || exit 255'
fi
