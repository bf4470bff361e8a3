#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# steady.sh BUILD [SECONDS] - a program that does the same all the time: its drain's memory, its context tree
# and its file are after SECONDS (9) what they were after a third of that, also with a reader in between.
. "$(dirname "$0")/trace.sh"
exec 3>&2 # what is said although nothing has failed
seconds=${2:-9}

builds() { traced busy "$programs/busy.c" -pthread; }
check builds builds

bytes_of() { ls -l "$@" 2>/dev/null | awk '{ n += $5 } END { print n + 0 }'; }
rss() { awk '/^RssAnon/ { print $2 }' "/proc/$1/status"; }
contexts() { ask trace.db 'SELECT count(*) FROM contexts'; }
ms() { echo $(($(date +%s%N) / 1000000)); }

limit=$((8 << 20))
# A reader that keeps its transaction for a while: the -wal cannot be used again as long as it does.
hold() { { printf 'BEGIN;\nSELECT count(*) FROM threads;\n'; sleep "$1"; printf 'COMMIT;\n'; } | sqlite3 -batch -readonly -cmd '.timeout 5000' trace.db >held 2>&1; }

flat() {
	rm -f trace.db*
	INSTR_OPTIONS=max_db_bytes=8m ./busy "$seconds" 2 >out 2>err &
	program=$!
	start=$(ms) most=0 held=0 memory=0 reader=
	while kill -0 $program 2>/dev/null; do
		sleep 0.1 # the program works on by itself; this looks at it
		at=$(($(ms) - start)) now=$(bytes_of trace.db trace.db-wal) wal=$(bytes_of trace.db-wal)
		[ -n "$reader" ] || [ "$now" -lt $most ] || most=$now
		[ -z "$reader" ] || [ "$wal" -lt $held ] || held=$wal
		if [ $memory -eq 0 ] && [ $at -gt $((seconds * 333)) ]; then
			drain_of $program && memory=$(rss "$drain") && tree=$(contexts) || return 1
			hold $((seconds / 5 + 1)) &
			reader=$!
		fi
		if [ $at -lt $((seconds * 950)) ] && [ $memory -gt 0 ]; then
			later=$(rss "$drain") tree_later=$(contexts)
		fi
	done
	wait $program && says out done && [ ! -s err ] && wait $reader || { cat err held; return 1; }
	echo "drain $memory KiB, later $later KiB; contexts $tree, later $tree_later; file and -wal $most bytes, at the end $(bytes_of trace.db trace.db-wal); -wal with a reader $held" >figures
	[ -z "$verbose" ] || cat figures >&3
	cat figures
	# The file may be larger than the limit by a round that is larger than those before.
	[ "$later" -le $((memory + 3072)) ] && [ "$tree" -eq "$tree_later" ] && [ $most -le $((limit + limit / 8)) ] &&
		[ $held -le $(((64 + 16) << 20)) ] &&
		[ "$(bytes_of trace.db)" -le $limit ] && sound trace.db chunks events &&
		calls trace.db work "$(od -An -v -w64 -tu8 counters | awk '{ n += $1 } END { print n }')"
}
verbose=${2:+yes}
check a_steady_program_stays_flat flat
finish
