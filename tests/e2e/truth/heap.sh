#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap.sh - the allocations in our traces against independent counts, to the unit.
#
#     heap.sh PART BIN LLVM_BIN OUT
#
# PART  sqlite      the SQLite amalgamation and a fixed script, in C, single-threaded: the same on each run
#       leveldb     LevelDB written, read and compacted by several threads: other counts on each run
#       containers  heap/: a C++ program that allocates in every way, at -O0, -O2 and -O2 -flto
# Others as for truth.sh.
#
# Three counters, none of which knows of the others (count_allocs.c):
#
#     linked     what the program's own object files call, by --wrap: what a trace has
#     preloaded  all that the process allocates
#     valgrind   the same
#
# What must be equal:
#
#     sqlite      the trace (of a static program with heap=all, too, with and without hooks), linked, preloaded, valgrind, of runs of their own. For this libc must not
#                 allocate for itself: the workload gives stdout its buffer.
#     leveldb     the trace and linked, which count the same run: what hooks call is what is wrapped. libstdc++.so
#                 allocates and frees inside (out-of-line std::string, iostreams); blocks of which it does one half are
#                 lost or unknown, for the trace as for the linker's counter, whatever addresses they have.
#                 The peak of several threads is left out: which of two calls was first is nobody's to say.
#     containers  the trace and linked, of the same run, and of untraced programs with the same flags: the
#                 optimiser removes pairs of new and delete, but the hooks come in behind it. With heap=all, in a static
#                 program (by --wrap) and in one that is not, the trace and preloaded, which knows nothing of new: all
#                 together, but for those that failed, which need not get as far as malloc. (-static-pie: with -static
#                 the unwinder allocates tables of its own, two blocks.)
. "$(dirname "$0")/setup.sh"
wraps=$(sed -n '/POOL,\|MAPPING,/d; s/^INSTR_ALLOCATOR(\([^,]*\),.*/-Wl,--wrap=\1/p' "$here/../../../include/instr/allocators.def")
linked="$out/count.o $wraps"

counters() {
	[ -n "$wraps" ] && "$llvm/clang" -O2 -Wall -Wextra -Werror -fexceptions -c "$here/count_allocs.c" -o "$out/count.o" &&
		"$llvm/clang" -O2 -Wall -Wextra -Werror -shared -fPIC -DCOUNT_PRELOAD "$here/count_allocs.c" -o "$out/count.so"
}

# built LINK COMMAND... - a build with such words for the linker
built() { LDFLAGS=$1; shift; "$@"; }

# run NAME PROGRAM ARGUMENT... - leaves OUT/NAME.{out,status,counts,db}
run() {
	name=$out/$1
	shift
	rm -f "$name".*
	(cd "$out/tmp" && COUNT_ALLOCS="$name.counts" INSTR_OPTIONS="out='$name.db'" "$@" >"$name.out" 2>"$name.err")
	echo $? >"$name.status"
}

# same_output NAME PLAIN
same_output() {
	for what in out err status; do
		cmp "$out/$1.$what" "$out/$2.$what" || return 1
	done
	[ "$(cat "$out/$1.status")" = 0 ]
}

# count_of NAME - the counts in NAME.counts, in the words of trace-heap.sql, into NAME.text
count_of() {
	od -An -v -w8 -tu8 "$out/$1.counts" | awk '
		{ n[NR - 1] = $1 }
		END {
			if (NR != 22) exit 1
			for (i = 0; i < 3; i++)
				printf "%s allocs %s, bytes %s, failed %s, frees %s, freed bytes %s\n",
					i == 0 ? "malloc" : i == 1 ? "new" : "new[]", n[5 * i], n[5 * i + 1], n[5 * i + 2], n[5 * i + 3], n[5 * i + 4]
			printf "resized %s\nlost %s\nunknown %s\n", n[15], n[16], n[17]
			printf "live %s blocks, %s bytes\npeak %s blocks, %s bytes\n", n[18], n[19], n[20], n[21]
		}' >"$out/$1.text"
}

# trace_of NAME [PATTERN] - the same of its trace; that nothing is lost in it, but for lines of trace-problems.sql
# that are known
trace_of() {
	problems=$(sqlite3 -batch "$out/$1.db" <"$here/trace-problems.sql" | grep -Ev "${2:-^$}")
	[ -z "$problems" ] || { echo "$problems"; return 1; }
	sqlite3 -batch -bail "$out/$1.db" <"$here/trace-heap.sql" >"$out/$1.trace"
}

# equal NAME FILE [WITHOUT] - the trace NAME and the other file; WITHOUT: a pattern of lines left out of both
equal() {
	for file in "$out/$1.trace" "$out/$2"; do
		grep -Ev "${3:-^$}" "$file" >"$file.compared"
	done
	[ "$(wc -l <"$out/$1.trace.compared")" -ge 3 ] && diff "$out/$1.trace.compared" "$out/$2.compared" || return 1
	cat "$out/$1.trace"
}

# all_together NAME COUNTER - the sums of all families in the trace and in the counts
all_together() {
	sqlite3 "$out/$1.db" "SELECT 'allocs ' || allocs || ' of ' || bytes || ', frees ' || frees || ' of ' || freed_bytes || ', resized ' || resized
		|| ', lost ' || lost || ', unknown ' || unknown_frees || ', peak ' || peak_blocks || ' of ' || peak_bytes FROM heaps" >"$out/$1.all"
	od -An -v -w8 -tu8 "$out/$2.counts" | awk '
		{ n[NR - 1] = $1 }
		END {
			printf "allocs %s of %s, frees %s of %s, resized %s, lost %s, unknown %s, peak %s of %s\n", n[0] + n[5] + n[10], n[1] + n[6] + n[11],
				n[3] + n[8] + n[13], n[4] + n[9] + n[14], n[15], n[16], n[17], n[20], n[21]
		}' | diff - "$out/$1.all" && cat "$out/$1.all"
}

# The figures are worth reading when it passes, too.
checked() {
	before=$failed
	check "$@"
	[ "$failed" -ne "$before" ] || sed 's/^/    /' "$scratch/.log"
}

no_fault_but_unknown() {
	[ -z "$(sqlite3 "$out/$1.db" "SELECT * FROM heap_faults WHERE kind NOT IN ('unknown', 'lost', 'freed twice')")" ]
}

sqlite() {
	sources
	check plain_program_builds built '' "$here/build-sqlite.sh" "$llvm/clang" -O0 "$out/plain"
	# From the same objects.
	check counted_program_builds "$llvm/clang" -pthread "$out/plain/sqlite-workload.o" "$out/plain/sqlite3.o" $linked -lm \
		-o "$out/counted"
	check traced_program_builds built '' "$here/build-sqlite.sh" "$bin/instr-clang" "-O0 -g" "$out/traced"
	for rows in 1000 20000; do
		run linked.$rows "$out/counted" -r $rows .
		run traced.$rows "$out/traced/sqlite-workload" -r $rows .
		check traced_program_prints_and_returns_the_same_with_$rows same_output traced.$rows linked.$rows
		check linked_counts_with_$rows count_of linked.$rows
		check trace_with_$rows trace_of traced.$rows
		checked trace_and_linked_counter_are_equal_with_$rows equal traced.$rows linked.$rows.text
	done
	# All that a static program allocates, and all that a process with libraries does.
	check static_program_builds built "-static --instr=heap=all" "$here/build-sqlite.sh" "$bin/instr-clang" "-O0 -g" "$out/static"
	run static "$out/static/sqlite-workload" -r 1000 .
	check static_program_prints_and_returns_the_same same_output static linked.1000
	check trace_of_the_static_program trace_of static
	checked trace_of_the_static_program_and_linked_counter_are_equal equal static linked.1000.text
	# Nothing of SQLite has hooks: all is seen from outside.
	check static_program_without_hooks_links "$bin/instr-clang" -pthread -static --instr=heap=all "$out/plain/sqlite-workload.o" "$out/plain/sqlite3.o" -lm \
		-o "$out/outside"
	run outside "$out/outside" -r 1000 .
	check trace_of_the_program_without_hooks trace_of outside
	checked trace_of_the_program_without_hooks_and_linked_counter_are_equal equal outside linked.1000.text
	run preloaded env LD_PRELOAD="$out/count.so" "$out/plain/sqlite-workload" -r 1000 .
	check preloaded_counts count_of preloaded
	checked trace_and_preloaded_counter_are_equal equal traced.1000 preloaded.text
	check no_fault_is_found is_faultless traced.20000
	if command -v valgrind >/dev/null; then
		checked trace_and_valgrind_are_equal valgrind_agrees traced.1000
	else
		echo "no valgrind: its count is not compared"
	fi
}

is_faultless() { [ "$(sqlite3 "$out/$1.db" 'SELECT (SELECT count(*) FROM heap_faults), lost, unknown_frees FROM heaps WHERE kind = 0')" = '0|0|0' ]; }

# memcheck counts, dhat has the peak; the error checks cost time and count nothing.
valgrind_agrees() {
	(cd "$out/tmp" && valgrind --run-libc-freeres=no --leak-check=no --undef-value-errors=no "$out/plain/sqlite-workload" \
		-r 1000 . 2>&1 >/dev/null) | tr -d , >"$out/valgrind.log"
	(cd "$out/tmp" && valgrind --tool=dhat --dhat-out-file=/dev/null "$out/plain/sqlite-workload" -r 1000 . \
		2>&1 >/dev/null) | tr -d , >>"$out/valgrind.log"
	grep -E 'in use at exit|total heap|At t-' "$out/valgrind.log"
	sqlite3 "$out/$1.db" "SELECT 'in use at exit: ' || (bytes - freed_bytes) || ' bytes in ' || (allocs - frees) || ' blocks' FROM heaps WHERE kind = 0;
		SELECT 'total heap usage: ' || allocs || ' allocs ' || frees || ' frees ' || bytes || ' bytes allocated' FROM heaps WHERE kind = 0;
		SELECT 'At t-gmax: ' || peak_bytes || ' bytes in ' || peak_blocks || ' blocks' FROM heaps WHERE kind = 0" |
		while read -r line; do
			grep -qF "$line" "$out/valgrind.log" || { echo "valgrind does not say: $line"; return 1; }
		done
}

leveldb() {
	sources
	check traced_program_builds built "$linked" "$here/build-leveldb.sh" "$bin/instr-clang++" "-O1 -g" "$out/traced"
	run traced "$out/traced/leveldb-workload" -k 8000 .
	check program_ends_well grep -q '^repaired: [1-9]' "$out/traced.out"
	check linked_counts count_of traced
	check trace trace_of traced
	checked trace_and_linked_counter_are_equal equal traced traced.text '^peak'
	check no_wrong_family_is_found no_fault_but_unknown traced
}

containers() {
	for flags in -O0 -O2 '-O2 -flto'; do
		level=$(echo "$flags" | tr -d ' -')
		known=
		# With LTO some calls end at another stack pointer than they began; with heap=off, too.
		[ $level != O2flto ] || known='^thread 1: 0 lost, [0-9]+ orphans, 0 units skipped$'
		build="-std=c++17 -Wall -g $flags $here/heap/containers.cc $here/heap/elsewhere.cc"
		check counted_program_builds_at_$level "$llvm/clang++" $build $linked -o "$out/counted-$level"
		check traced_program_builds_at_$level "$bin/instr-clang++" $build -o "$out/traced-$level"
		check counted_and_traced_program_builds_at_$level "$bin/instr-clang++" $build $linked -o "$out/both-$level"
		run $level.linked "$out/counted-$level"
		run $level.traced "$out/traced-$level"
		run $level.both "$out/both-$level"
		check traced_program_prints_and_returns_the_same_at_$level same_output $level.traced $level.linked
		check counts_at_$level count_of $level.linked
		check counts_of_the_same_run_at_$level count_of $level.both
		check trace_at_$level trace_of $level.traced "$known"
		check trace_of_the_same_run_at_$level trace_of $level.both "$known"
		check trace_and_counter_of_the_same_run_are_equal_at_$level equal $level.both $level.both.text
		checked trace_and_counter_of_the_untraced_program_are_equal_at_$level equal $level.traced $level.linked.text
		check no_wrong_family_is_found_at_$level no_fault_but_unknown $level.traced
		check plain_program_builds_at_$level "$llvm/clang++" $build -o "$out/plain-$level"
		run $level.preloaded env LD_PRELOAD="$out/count.so" "$out/plain-$level"
		for link in -static-pie -pie; do
			check program_with_heap_all_builds_at_$level$link "$bin/instr-clang++" $build $link --instr=heap=all -o "$out/all-$level"
			run $level.all "$out/all-$level"
			check it_prints_and_returns_the_same_at_$level$link same_output $level.all $level.linked
			checked all_that_it_allocates_is_in_its_trace_at_$level$link all_together $level.all $level.preloaded
		done
	done
}

# That the comparison can fail: one byte more, one block less.
selftest() {
	cp "$out/$1.trace" "$out/seeded.trace"
	for change in 's/bytes \([0-9]*\)/bytes 1\1/' 's/allocs \([0-9]*\)/allocs 1\1/' 's/^peak [0-9]*/peak 0/' 's/^live /live 1/'; do
		sed "$change" "$out/$1.trace" >"$out/seeded.trace"
		if equal seeded "$1.trace"; then echo "not seen: $change"; return 1; fi
	done
}

check counters_build counters
case $part in
sqlite | leveldb | containers) $part ;;
*)
	echo "heap.sh: there is no part $part" >&2
	exit 2
	;;
esac
for trace in "$out"/*.trace; do
	check a_wrong_figure_is_found selftest "$(basename "$trace" .trace)"
	break
done
finish
