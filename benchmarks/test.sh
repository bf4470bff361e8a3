#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# test.sh BUILD COMPILER - one short round of the drivers, so that they do not rot between the times
# that somebody measures: it looks at no figure but those that must be exact.
build=$1
compiler=$2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tests/harness/check.sh"

case $("$compiler" --version) in
*clang*) ;;
*) compiler=clang ;; # the pass needs one
esac

# Else a traced program does not start with it, and the benchmarks leave out what they compare with.
stand_in() {
	grep -o '__instr_[a-z0-9_]*(' "$here/../include/instr/hooks.h" | tr -d '(' | sort -u >"$scratch/hooks"
	"$compiler" -shared -nostdlib -DHOOKS_CLOCK "$here/micro/hooks.S" -o "$scratch/hooks.so" || return 1
	nm -D --defined-only "$scratch/hooks.so" | awk '{ print $3 }' | sort -u >"$scratch/have"
	[ -s "$scratch/hooks" ] && comm -23 "$scratch/hooks" "$scratch/have" >"$scratch/missing" || return 1
	cat "$scratch/missing"
	! [ -s "$scratch/missing" ]
}
check stand_in_runtime_has_every_hook stand_in

quick_pair() {
	exits_with 0 "$here/run" --build "$build" --clang "$compiler" --results "$scratch/results" --quick pair ||
		return 1
	says out "ns per call pair" && says out "lost" && says out "bytes per event" &&
		says out "drain, ns per event" && says out "of it stall, ns" && says out "two clock reads, in hooks"
}
check quick_pair_prints_its_columns quick_pair

nothing_is_wrong() {
	! grep -H "WRONG\|left out: traced" "$scratch"/results/*.csv
}
check traced_pairs_are_complete_and_counted nothing_is_wrong

nothing_is_lost() {
	awk -F, '$1 == "pair" && $2 ~ /traced/ && $3 == "lost_events" { runs++; if ($5 != 0) lost++ }
		END { print runs + 0, "runs", lost + 0, "with losses"; exit !runs || lost }' "$scratch"/results/*.csv
}
check traced_pairs_lose_nothing nothing_is_lost

no_paths() {
	[ -f "$(ls "$scratch"/results/*.md)" ] && ! grep -H "$scratch\|$build" "$scratch"/results/*
}
check results_name_no_path_of_the_machine no_paths

same_from_file() {
	"$here/overhead-table" --print "$scratch"/results/*.csv >"$scratch/again" || return 1
	grep -F "ns per call pair" "$scratch/again" && grep -F "two clock reads, in hooks" "$scratch/again"
}
check tables_come_from_the_samples same_from_file

quick_heap() {
	exits_with 0 "$here/run" --build "$build" --clang "$compiler" --results "$scratch/heap" --quick heap containers ||
		return 1
	says out "added, in clock reads" && says out "peak RSS of the drain" && says out "nothing but malloc and free" &&
		says out "containers, heap=all" && says out "bytes per allocation and free" && says out "instr, heap=all"
}
check quick_heap_prints_its_columns quick_heap

heap_is_right() {
	! grep -H "WRONG\|\(heap\|heap used\|containers\): left out: " "$scratch"/heap/*.csv
}
check heaps_are_complete_and_counted heap_is_right

heap_loses_nothing() {
	awk -F, '($1 == "heap" || $1 == "heap used" || $1 == "containers") && /lost_events/ {
			runs++; if ($NF != 0) lost++ }
		END { print runs + 0, "runs", lost + 0, "with losses"; exit !runs || lost }' "$scratch"/heap/*.csv
}
check heaps_lose_nothing heap_loses_nothing

heap_no_paths() {
	! grep -H "$scratch\|$build" "$scratch"/heap/*
}
check heap_results_name_no_path_of_the_machine heap_no_paths

quick_locks() {
	exits_with 0 "$here/run" --build "$build" --clang "$compiler" --results "$scratch/locks" --quick locks blocks ||
		return 1
	says out "nothing but lock and unlock" && says out "100 ns of work beside them" && says out "a mutex, 16 threads" &&
		says out "a read-write lock, 4 readers" && says out "condition variables, 2 threads in turns" &&
		says out "traced ÷ untraced" && says out "a byte into a pipe and out of it" && says out "4 KiB of a file" &&
		says out "preloaded counter"
}
check quick_locks_prints_its_rows quick_locks

# The tools beside may fail where they are installed: that is theirs.
locks_are_right() {
	! grep -H "WRONG\|: left out: \(traced\|two clock reads\|untraced\|preloaded\)" "$scratch"/locks/*.csv
}
check locks_and_calls_are_complete_and_counted locks_are_right

locks_lose_nothing() {
	awk -F, '/,traced,lost_events,/ { runs++; if ($NF != 0) lost++ }
		END { print runs + 0, "runs", lost + 0, "with losses"; exit runs < 20 || lost }' "$scratch"/locks/*.csv
}
check locks_lose_nothing locks_lose_nothing

locks_no_paths() {
	! grep -H "$scratch\|$build" "$scratch"/locks/*
}
check lock_results_name_no_path_of_the_machine locks_no_paths

events_as_sql() {
	"$here/events-sql" "$build" --rounds 1 >sql.out
	[ $? -le 1 ] && [ "$(grep -c "of generate_series" sql.out)" = 10 ]
}
check events_as_sql_are_measured events_as_sql

reports() {
	"$here/reports" "$build" --events 1000000 --paths 20000 >reports.out && [ "$(grep -c ' MiB  --' reports.out)" = 45 ]
}
check reports_of_large_traces_are_measured reports

truth() {
	"$here/truth" "$build" --rounds 3 >truth.out && grep -q '^instr: at most [0-9.]* points off' truth.out &&
		[ "$(grep -cE '^(leaf|caller)_[0-9]+ ' truth.out)" -ge 10 ] || { cat truth.out; return 1; }
}
check shares_are_compared_with_the_truth truth

check docs_hold_the_newest_figures "$here/overhead-table" --check
finish
