#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap_times.sh BUILD [SEED] - what was alive at any time (--heap-at, --growth), against programs that say it
# themselves, and against what the trace keeps at moments (tests/replay_check).
. "$(dirname "$0")/trace.sh"
seed=${2:-1}

check builds traced heap_times "$programs/heap_times.c" -pthread

recorded() {
	exits_with 0 ./heap_times 14 "$seed" && mv out truth && complete trace.db 30 && sound trace.db &&
		is trace.db 'SELECT count(*) FROM losses' 0 && is trace.db 'SELECT lost, unknown_frees FROM heaps' '0|0' &&
		is trace.db 'SELECT count(*) > 1 FROM heap_moments' 1
}
check a_program_says_what_is_alive_while_nothing_changes recorded

origin() { ask "$1" 'SELECT min(monotonic_ns) FROM clocks'; }
# alive FILE NS: FUNCTION BLOCKS BYTES at that time of CLOCK_MONOTONIC
alive() {
	"$build/bin/instr-report" "$1" --heap-at $(($2 - $(origin "$1")))ns --format csv 2>err |
		awk -F, 'NR > 1 { print $4, $11, $12 }' | sort
}
pauses() { cut -d' ' -f1 truth | uniq; }
said() { grep "^$1 " truth | cut -d' ' -f2- | sort; }

all_times() {
	for at in $(pauses); do
		said "$at" >expected
		alive trace.db "$at" >got
		cmp -s expected got || { echo "at $at:"; diff expected got; cat err; return 1; }
		grep -q 'the last moment' err && { cat err; return 1; }
	done
	[ "$(pauses | wc -l)" = 14 ]
}
check what_was_alive_at_any_time_is_what_the_program_said all_times

growth() {
	from=$(pauses | sed -n 3p)
	to=$(pauses | sed -n 11p)
	{ said "$from" | awk '{ print $1, -$2, -$3 }'; said "$to"; } |
		awk '{ blocks[$1] += $2; bytes[$1] += $3 } END { for (i in blocks) if (blocks[i] || bytes[i]) print i, blocks[i], bytes[i] }' | sort >expected
	base=$(origin trace.db)
	"$build/bin/instr-report" trace.db --growth $((from - base))ns..$((to - base))ns --format csv 2>err |
		awk -F, 'NR > 1 { print $4, $12, $13 }' | sort >got
	diff expected got && [ -s got ]
}
check so_is_what_has_grown_between_two growth

check at_each_moment_that_is_kept_the_events_say_what_is_kept "$build/tests/replay_check" trace.db

# changed SQL: a copy of the trace, changed
changed() { rm -f changed.db* && cp trace.db changed.db && sqlite3 -batch -bail changed.db "$1"; }
header() { "$build/bin/instr-report" "$@" 2>&1 | tr '\n' ' ' | grep -o 'the heap [a-z].*'; }

without_moments() {
	changed 'DELETE FROM heap_moments; DELETE FROM heap_history'
	at=$(pauses | sed -n 13p)
	said "$at" >expected
	alive changed.db "$at" >got
	diff expected got
}
check without_any_moment_the_events_are_enough without_moments

# says TEXT: the answer is that of the moment before, and says why; the program does not fail
says() {
	at=$(($(pauses | sed -n 13p) - $(origin trace.db)))
	moment=$(ask trace.db "SELECT max(ticks) FROM heap_moments_list WHERE time_ns <= $at AND NOT at_end")
	sums=$(ask trace.db "SELECT sum(live_blocks), sum(live_bytes) FROM heap_history h WHERE ticks = (SELECT max(ticks)
		FROM heap_history z WHERE z.context_id = h.context_id AND z.site_id = h.site_id AND z.ticks <= $moment)")
	header changed.db --heap-at ${at}ns >got
	grep -q "the last moment that is kept before .* ($1)" got || { cat got; return 1; }
	[ "$("$build/bin/instr-report" changed.db --heap-at ${at}ns --format csv 2>/dev/null |
		awk -F, '{ blocks += $11; bytes += $12 } END { print blocks "|" bytes }')" = "$sums" ]
}
damaged() { # every chunk, where its head is: there is no checksum of the rest
	for byte in 0 1 2; do
		changed "UPDATE chunks SET data = CAST(substr(data, 1, $byte) || x'ff7f' || substr(data, $byte + 3) AS BLOB)"
		says 'the events of chunk [0-9]* are damaged' || return 1
	done
	changed 'UPDATE chunks SET data = substr(data, 1, length(data) / 2)'
	says 'the events of chunk [0-9]* are damaged'
}
check of_damaged_chunks_it_says_so damaged

gone() {
	at=$(($(pauses | sed -n 13p) - $(origin trace.db)))
	moment="(SELECT max(ticks) FROM heap_moments_list WHERE time_ns <= $at AND NOT at_end)"
	changed "DELETE FROM chunks WHERE chunk_id = (SELECT min(chunk_id) FROM chunks WHERE end_ticks > $moment AND thread_id > 1)"
	says 'events of that time are not kept' || return 1
	changed 'DELETE FROM chunks'
	says 'events of that time are not kept' || return 1
	changed "DELETE FROM chunks WHERE end_ticks < $moment"
	says 'events [a-z ]* are not kept'
}
check where_chunks_are_gone_it_says_so gone

# Where nothing is kept as alive, something must become less than nothing.
others() {
	changed 'UPDATE heap_history SET live_blocks = 0, live_bytes = 0'
	for at in $(pauses); do
		header changed.db --heap-at $((at - $(origin trace.db)))ns
	done >got
	grep -q '(its events do not fit what is kept)' got || { cut -c1-150 got; return 1; }
}
check events_of_another_run_are_not_believed others
finish
