#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# libuv.sh BUILD LLVM_BIN OUT - libuv 1.44.2: its own 410 tests, each a process with helpers, of
# threads, thread pools, signals, children, descriptors and sockets; and 20,000 threads one after
# another.
#
# Some of its tests expect the machine to be quick. One that ends otherwise than in the plain program
# runs again, alone, up to four times, in either.
. "$(dirname "$0")/programs.sh"
sources libuv
export UV_RUN_AS_ROOT=1

builds() { # NAME CC
	cp -r "$sources" "$out/sources.$1" && counter "$1" &&
		logged "$out/$1.configure" cmake -S "$out/sources.$1" -B "$out/$1" -DCMAKE_BUILD_TYPE=None \
			-DCMAKE_C_FLAGS="-O1 -g" "-DCMAKE_C_COMPILER=$2" \
			"-DCMAKE_EXE_LINKER_FLAGS=$out/$1.o -Wl,--wrap=pthread_create" &&
		logged "$out/$1.build" cmake --build "$out/$1" -j 2 --target uv_run_tests_a uv_run_benchmarks_a &&
		sed -n 's/^-- Looking for/looking for/p; s/^-- Performing Test/test/p' "$out/$1.configure" >"$out/$1.answers"
}
check plain_libuv_builds builds plain "$llvm/clang"
check traced_libuv_builds builds traced "$build/bin/instr-clang"
check configuration_finds_the_same diff "$out/plain.answers" "$out/traced.answers"

# results < TAP - one line per test: NAME, and "ok", "not ok", or "ok # SKIP why". Two tests depend on
# whether and how a network answers that is not there.
results() {
	sed -n -E 's/^((not )?ok) [0-9]+ - ([a-z0-9_]+)(.*)/\3 \1\4/p' |
		grep -Ev '^tcp_(close_while_connecting|connect_timeout) ' | LC_ALL=C sort
}

# tests NAME [RUNNER...] - in the folder of the sources, where their data are
tests() {
	name=$1
	shift
	rm -f "$out/$name.log"
	(cd "$out/sources.$name" && "$@" "$out/$name/uv_run_tests_a") </dev/null >"$out/$name.tap" 2>&1
	results <"$out/$name.tap" >"$out/$name.out"
	[ "$(grep -c ' ok' "$out/$name.out")" -ge 390 ] && return 0
	grep -v '^ok ' "$out/$name.tap" | head -n 60
	return 1
}
check plain_libuv_runs_its_tests tests plain
check traced_libuv_runs_its_tests tests traced "$instr_run" --out "$out/trace.db"
check the_trace_is_finished complete "$out/trace.db" 30
cp "$out/traced.log" "$out/traced.counted" 2>/dev/null

again() { # NAME TEST
	(cd "$out/sources.$1" && INSTR_OPTIONS="out='$out/again.db'" "$out/$1/uv_run_tests_a" "$2") </dev/null 2>&1 | results
}
same_results() {
	turn=0
	until diff "$out/plain.out" "$out/traced.out" >"$out/differences"; do
		cat "$out/differences"
		turn=$((turn + 1))
		[ $turn -le 4 ] || return 1
		for name in plain traced; do
			for test in $(sed -n -E 's/^[<>] ([a-z0-9_]+) .*/\1/p' "$out/differences" | sort -u); do
				grep -q "^$test ok" "$out/$name.out" && continue
				line=$(again $name "$test")
				sed -i "s@^$test .*@$line@" "$out/$name.out"
			done
		done
		rm -f "$out"/again.db*
	done
}
check libuv_passes_the_same_tests same_results

# Each image that began; one that is killed in its first moments may be in the trace alone. A child of
# fork is there if it ran a function before it became another image.
all_processes() {
	one_file && is "$out/trace.db" "SELECT count(*) FROM processes WHERE parent_process_id IS NULL" 1 || return 1
	sed -n 's/^image //p' "$out/traced.counted" | sort >"$out/images"
	ask "$out/trace.db" "SELECT pid FROM processes WHERE process_id > 1 AND joined_by <> 'fork'" | sort >"$out/images.found"
	ask "$out/trace.db" "SELECT pid FROM processes LEFT JOIN threads USING (process_id)
		WHERE thread_id IS NULL AND end_reason = 'death'" | sort >"$out/images.killed"
	comm -3 "$out/images" "$out/images.found" | tr -d '\t' | comm -23 - "$out/images.killed" >"$out/images.wrong"
	[ -s "$out/images" ] && [ ! -s "$out/images.wrong" ] && return 0
	echo "processes that are missing, or that nobody else saw:"
	cat "$out/images.wrong"
	return 1
}
check every_image_is_a_process_of_one_trace all_processes

# By process: the threads beside its first one. Who was killed may have taken a thread along that had not begun.
all_threads() {
	ask "$out/trace.db" "SELECT DISTINCT pid FROM processes WHERE end_reason = 'death'" | sort >"$out/killed"
	sed -n 's/^thread //p' "$out/traced.counted" | sort | join -v 1 - "$out/killed" | uniq -c | awk '{ print $2, $1 }' >"$out/threads"
	ask "$out/trace.db" "SELECT pid || ' ' || (count(*) - count(DISTINCT process_id)) FROM threads JOIN processes USING (process_id)
		GROUP BY pid HAVING count(*) > count(DISTINCT process_id)" | sort | join -v 1 - "$out/killed" >"$out/threads.found"
	awk '{ n += $2 } END { print n, "threads" }' "$out/threads"
	[ "$(wc -l <"$out/threads")" -gt 50 ] && diff "$out/threads" "$out/threads.found"
}
check every_thread_is_in_the_trace all_threads
check the_trace_is_sound sound_but_for_forks
check the_report_says_nothing_is_lost reported

many_threads() {
	for name in plain traced; do
		(cd "$out/sources.$name" && INSTR_OPTIONS="out='$out/many.db'" "$out/$name/uv_run_benchmarks_a" thread_create) \
			>"$out/many.$name" 2>&1 || return 1
		grep -q '20000 threads created' "$out/many.$name" || { cat "$out/many.$name"; return 1; }
	done
	complete "$out/many.db" && sound "$out/many.db" && calls "$out/many.db" thread_entry 20000 &&
		calls "$out/many.db" uv_thread_join 20000
}
check twenty_thousand_threads_lose_nothing many_threads
end
