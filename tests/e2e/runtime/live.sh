#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# live.sh BUILD - trace.db is read while the program runs: what is read is sound and at most about a
# second old, and the program does not notice.
. "$(dirname "$0")/trace.sh"

builds() { traced busy "$programs/busy.c" -pthread; }
check builds builds

counted() { od -An -v -w64 -tu8 counters | awk '{ n += $1 } END { print n }'; }
seen() { ask trace.db "SELECT coalesce(sum(calls), 0) FROM top WHERE function = 'work'"; }

# A count that the program has reached is in the file within two seconds (a second, on a machine that has
# other things to do).
within_a_second() {
	rm -f trace.db*
	./busy 6 2 >out 2>err &
	program=$!
	sleep 1 # the program works on by itself
	for turn in 1 2 3; do
		wanted=$(counted)
		late=$(($(date +%s%N) / 1000000 + 2000))
		while read=$(seen) && [ "$read" -lt "$wanted" ]; do
			[ $(($(date +%s%N) / 1000000)) -lt $late ] || { echo "turn $turn: $read calls, not $wanted, after 2 s"; return 1; }
			sleep 0.05
		done
		[ "$(ask trace.db "SELECT value FROM run WHERE key = 'state'")" = recording ] || return 1
	done
	wait $program && says out done
}
check a_live_trace_is_at_most_a_second_old within_a_second
all_there() { sound trace.db && calls trace.db work "$(counted)"; }
check and_whole_when_the_program_has_returned all_there

# A fast machine writes more than 64 MiB of -wal while a reader holds it: then events are not kept, and counted.
sound_or_held() {
	if [ "$(ask trace.db "SELECT count(*) FROM losses WHERE cause = 'reader'")" = 0 ]; then
		sound trace.db
	else
		sound trace.db chunks && is trace.db 'SELECT events_kept + events_deleted - events FROM summary' 0
	fi
}
# Readers that hold the file open, ask without end, and one that does not let go of its transaction.
disturb() {
	rm -f trace.db*
	./busy 3 2 >out 2>err &
	program=$!
	until [ -e trace.db-wal ] && [ "$(seen 2>/dev/null || echo 0)" -gt 0 ]; do sleep 0.02; done
	{ printf 'BEGIN;\nSELECT count(*) FROM chunks;\n'; sleep 1.2; printf 'SELECT count(*) FROM chunks;\nCOMMIT;\n'; } |
		sqlite3 -batch -readonly trace.db >held 2>&1 &
	reader=$!
	turns=0
	while kill -0 $program 2>/dev/null; do
		ask trace.db 'SELECT count(*) FROM top; SELECT count(*) FROM tree; SELECT * FROM summary;' >asked 2>&1 || { cat asked; return 1; }
		turns=$((turns + 1))
	done
	wait $reader || return 1
	wait $program && says out done && [ ! -s err ] || return 1
	[ "$(sort -u held | wc -l)" = 1 ] || { echo 'the transaction did not stay as it was'; cat held; return 1; }
	complete trace.db 5 && sound_or_held && calls trace.db work "$(counted)" && [ $turns -gt 2 ]
}
check readers_neither_disturb_nor_are_disturbed disturb
consistent() {
	rm -f trace.db*
	./busy 3 2 >out 2>err &
	program=$!
	sleep 0.5
	while kill -0 $program 2>/dev/null; do
		[ -z "$(ask trace.db "SELECT 'calls' FROM totals WHERE calls <> returns + unwound + open UNION ALL
			SELECT 'functions' FROM function_totals f WHERE process_id = 0 AND calls <> (SELECT sum(calls)
				FROM totals JOIN contexts c USING (context_id) WHERE c.function_id = f.function_id) UNION ALL
			SELECT 'chunks' FROM threads t WHERE totals_pos > (SELECT max(end_pos) FROM chunks c
				WHERE c.thread_id = t.thread_id) UNION ALL
			SELECT 'events' FROM threads t WHERE totals_events > (SELECT sum(events) FROM chunks c
				WHERE c.thread_id = t.thread_id)")" ] || return 1
	done
	wait $program
}
check every_moment_that_is_read_is_consistent consistent
finish
