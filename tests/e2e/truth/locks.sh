#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# locks.sh - what a trace says was done to locks against an independent count of the same run, to the unit.
#
#     locks.sh PART BIN LLVM_BIN OUT
#
# PART  leveldb     LevelDB written, read and compacted by several threads: other counts on each run
# Others as for truth.sh.
#
# The counter is a preloaded library that knows nothing of us (count_locks.c): what the C library was asked. A mutex that
# was had at once was had by trying, one that was not by waiting for it, and each was given back.
. "$(dirname "$0")/setup.sh"
runtime=$here/../runtime

counter() { "$llvm/clang" -O2 -Wall -Wextra -Werror -shared -fPIC "$runtime/programs/count_locks.c" -o "$out/count.so" -ldl; }
check counter_builds counter

# counted NAME PROGRAM ARGUMENT... - leaves OUT/NAME.{out,status,counts,db}
counted() {
	name=$out/$1
	shift
	(cd "$out/tmp" && LD_PRELOAD="$out/count.so" COUNT_LOCKS="$name.counts" INSTR_OPTIONS="out='$name.db'" "$@" >"$name.out" 2>"$name.err")
	echo $? >"$name.status"
}

same_output() {
	for what in out err status; do
		cmp "$out/$1.$what" "$out/$2.$what" || return 1
	done
	[ "$(cat "$out/$1.status")" = 0 ]
}

whole() {
	problems=$(sqlite3 -batch "$out/$1.db" <"$here/trace-problems.sql"; sqlite3 -batch "$out/$1.db" <"$runtime/sound.sql" | grep 'lock')
	[ -z "$problems" ] || { echo "$problems" | head -n 20; return 1; }
}

# Taken at once, after a wait, and again behind waits for conditions, without and with a limit; given back, for which a wait
# for a condition counts as well (LevelDB's thread for compactions is in one when the program ends).
equal() {
	awk 'NR == 1 { locked = $1; tried = $2; given = $3 } NR == 2 { print tried, locked, $2, $3, given + $1 }' "$out/$1.counts" >"$out/$1.counted"
	sqlite3 -batch -bail -separator ' ' "$out/$1.db" "
		SELECT sum(iif(called IN ('pthread_mutex_lock', 'pthread_mutex_trylock'), acquisitions, 0)) - sum(iif(called = 'pthread_mutex_lock', contended, 0)),
			sum(iif(called = 'pthread_mutex_lock', contended, 0)), sum(iif(called = 'pthread_cond_wait', acquisitions, 0)),
			sum(iif(called = 'pthread_cond_timedwait', acquisitions, 0)), sum(holds)
		FROM (SELECT t.*, s.name AS called FROM lock_totals t JOIN sites s USING (site_id))" >"$out/$1.traced"
	read -r at_once waited again _ <"$out/$1.counted"
	[ "$at_once" -gt 10000 ] && [ "$waited" -gt 0 ] && [ "$again" -gt 0 ] && diff "$out/$1.traced" "$out/$1.counted" || return 1
	echo "taken at once, after a wait, behind conditions without and with a limit; given back: $(cat "$out/$1.traced")"
}

# The figures are worth reading when it passes, too.
checked() {
	before=$failed
	check "$@"
	[ "$failed" -ne "$before" ] || sed 's/^/    /' "$scratch/.log"
}

case $part in
leveldb)
	sources
	check plain_program_builds "$here/build-leveldb.sh" "$llvm/clang++" "-O1" "$out/plain"
	check traced_program_builds "$here/build-leveldb.sh" "$bin/instr-clang++" "-O1 -g" "$out/traced"
	counted plain "$out/plain/leveldb-workload" -k 8000 .
	counted traced "$out/traced/leveldb-workload" -k 8000 .
	check traced_program_prints_and_returns_the_same same_output traced plain
	check trace_is_whole whole traced
	checked trace_and_preloaded_counter_are_equal equal traced
	;;
*)
	echo "locks.sh: there is no part $part" >&2
	exit 2
	;;
esac
finish
