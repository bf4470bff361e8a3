#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# build-sqlite.sh - the SQLite workload, built with any compiler and flags.
#
#     build-sqlite.sh CC CFLAGS OUT
#
# leaves the program OUT/sqlite-workload. CC and CFLAGS may hold several words.
#
# WORKLOADS  folder of the sources (fetch.sh DEST); default: OUT/../sources, fetched if missing
# LDFLAGS    further words for the link: objects, libraries, options
set -eu

if [ $# -ne 3 ]; then
	echo "usage: build-sqlite.sh CC CFLAGS OUT" >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$3"
out=$(cd "$3" && pwd)
sources=${WORKLOADS:-$out/../sources}
"$here/fetch.sh" "$sources"
sources=$(cd "$sources" && pwd)

# Warnings are SQLite's business. The features are those that the script uses.
features="-DSQLITE_THREADSAFE=2 -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_MATH_FUNCTIONS
	-DSQLITE_ENABLE_STAT4 -DSQLITE_SOUNDEX -DSQLITE_OMIT_LOAD_EXTENSION"
$1 $2 -w -pthread $features -I"$sources/sqlite" -c "$sources/sqlite/sqlite3.c" -o "$out/sqlite3.o"
$1 $2 -pthread -I"$sources/sqlite" -c "$here/sqlite-workload.c" -o "$out/sqlite-workload.o"
$1 $2 -pthread "$out/sqlite-workload.o" "$out/sqlite3.o" ${LDFLAGS:-} -lm -o "$out/sqlite-workload"
