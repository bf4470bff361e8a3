#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# waiting.sh BUILD - what was waited stands beside the time of the functions and calling contexts that waited, and its sums
# are those of the calls and of the locks.
. "$(dirname "$0")/trace.sh"

# Who waits for a lock is for the scheduler to say: the program tries to make its threads meet, and is run again if they do not.
traces() {
	traced waiting "$programs/waiting.c" -pthread || return 1
	for turn in 1 2 3 4 5; do
		rm -f trace.db*
		exits_with 0 ./waiting && complete trace.db 30 && sound trace.db || return 1
		is trace.db "SELECT (SELECT count(DISTINCT context_id) FROM block_totals) > 8, (SELECT count(DISTINCT process_id) FROM wait_contexts),
			(SELECT count(*) > 2 FROM wait_contexts JOIN contexts c USING (context_id) WHERE recursive AND lock_ns + total_lock_ns > 0)" \
			'1|2|1' && return 0
	done
	return 1
}
check a_program_waits_at_all_its_places traces

check sums_of_contexts_are_those_of_calls_and_locks is trace.db "SELECT
	(SELECT sum(blocked_ticks + idle_ticks) FROM wait_ticks) = (SELECT sum(total_ticks) FROM block_totals),
	(SELECT sum(idle_ticks) FROM wait_ticks) = (SELECT sum(total_ticks) FROM block_totals JOIN sites USING (site_id) WHERE family = 'sleep' AND NOT with_lock),
	(SELECT sum(lock_ticks) FROM wait_ticks) = (SELECT sum(wait_ticks) FROM lock_totals)" '1|1|1'

# Each context beside all that are below it, found the long way.
check what_is_below_is_the_sum_of_what_is_below is trace.db "WITH RECURSIVE below (context_id, at) AS (
		SELECT context_id, context_id FROM contexts
		UNION ALL
		SELECT b.context_id, c.context_id FROM below b JOIN contexts c ON c.parent_id = b.at),
	sums AS (
		SELECT b.context_id, sum(w.blocked_ticks) AS blocked_ticks, sum(w.idle_ticks) AS idle_ticks, sum(w.lock_ticks) AS lock_ticks
		FROM below b JOIN wait_ticks w ON w.context_id = b.at GROUP BY b.context_id)
	SELECT (SELECT count(*) FROM sums) = (SELECT count(*) FROM wait_below),
		count(*) = (SELECT count(*) FROM sums)
	FROM sums JOIN wait_below USING (context_id, blocked_ticks, idle_ticks, lock_ticks)" '1|1'

# csv TABLE ARGUMENT...: what the report says, as a table of rows.db.
csv() {
	csv_table=$1
	shift
	"$build/bin/instr-report" "$@" --format csv >rows.csv 2>err && sqlite3 rows.db "DROP TABLE IF EXISTS $csv_table" &&
		sqlite3 rows.db ".mode csv" ".import rows.csv $csv_table"
}

# In nanoseconds each row is rounded down.
functions() {
	rm -f rows.db*
	csv own --top --blocks && csv every --top --blocks --all && csv one --top --blocks --process 2 || return 1
	for of in blocked:blocked_ticks idle:idle_ticks lock:lock_ticks; do
		sum=$(ask trace.db "SELECT CAST(sum(${of#*:}) * ns_per_tick AS INTEGER) FROM wait_ticks, rate")
		is rows.db "SELECT $sum - sum(${of%:*}_ns) BETWEEN 0 AND count(*) FROM own" 1 || return 1
	done
	is rows.db "SELECT sum(a.blocked_ns) - sum(o.blocked_ns) - sum(o.idle_ns) BETWEEN -count(*) AND count(*), sum(o.idle_ns) = sum(a.idle_ns)
		FROM own o JOIN every a USING (function)" '1|1' &&
		is rows.db "SELECT count(*) FROM one WHERE lock_ns + 0 > 0 OR function = 'work'" 0 || return 1
	# a function that calls itself is counted once; all that workers did is below work
	dug=$(ask trace.db "SELECT CAST(sum(b.blocked_ticks) * ns_per_tick AS INTEGER) || ' ' || CAST(sum(b.lock_ticks) * ns_per_tick AS INTEGER)
		FROM rate, wait_below b JOIN contexts c USING (context_id) JOIN functions USING (function_id) WHERE name = 'work'")
	is rows.db "SELECT total_blocked_ns || ' ' || total_lock_ns FROM own WHERE function = 'work'" "$dug" &&
		is rows.db "SELECT total_blocked_ns || ' ' || total_lock_ns FROM own WHERE function = 'dig'" "$dug" &&
		is rows.db "SELECT blocked_ns, lock_ns > 0 FROM own WHERE function = 'dig'" '0|0'
}
check a_profile_by_function_has_the_same_sums functions

contexts() {
	rm -f rows.db*
	csv tree --tree --blocks && csv every --tree --blocks --all --sort blocked || return 1
	for of in blocked:blocked_ticks idle:idle_ticks lock:lock_ticks; do
		sum=$(ask trace.db "SELECT CAST(sum(${of#*:}) * ns_per_tick AS INTEGER) FROM wait_ticks, rate")
		is rows.db "SELECT $sum - sum(${of%:*}_ns) BETWEEN 0 AND count(*),
			$sum - (SELECT sum(total_${of%:*}_ns) FROM tree WHERE depth = '1') BETWEEN 0 AND count(*) FROM tree" '1|1' || return 1
	done
	is rows.db "SELECT count(*) FROM every e JOIN tree t USING (context_id)
		WHERE abs(e.total_blocked_ns - t.total_blocked_ns - t.total_idle_ns) > 1 OR e.lock_ns <> t.lock_ns" 0 &&
		is rows.db 'SELECT (SELECT count(*) FROM every) = (SELECT count(*) FROM tree)' 1
}
check so_has_the_tree contexts

# Every call, and every hold, is in its histogram once.
histograms() {
	rm -f rows.db*
	csv calls --blocks --all --histogram && csv reads --blocks --histogram --only read && csv digs --blocks --histogram --by context --only receive &&
		csv holds --locks --histogram && csv one --locks --histogram --limit 1 || return 1
	is rows.db "SELECT (SELECT sum(calls) FROM calls), (SELECT sum(calls) FROM reads), (SELECT sum(calls) FROM digs),
		(SELECT sum(count) FROM holds WHERE histogram = 'hold_ns'), (SELECT sum(count) FROM holds WHERE histogram = 'wait_ns'),
		(SELECT sum(count) > 0 FROM one WHERE histogram = 'wait_ns')" "$(ask trace.db "SELECT (SELECT sum(calls) FROM block_totals),
		(SELECT sum(calls) FROM block_contexts WHERE called = 'read'), (SELECT sum(calls) FROM block_contexts WHERE function = 'receive'),
		(SELECT sum(holds) FROM lock_totals), (SELECT sum(contended) FROM lock_totals), 1")" || return 1
	most=$(ask trace.db "SELECT max(longest_ns) FROM block_contexts")
	is rows.db "SELECT $most BETWEEN low AND high FROM calls ORDER BY CAST(low AS INTEGER) DESC LIMIT 1" 1
}
check histograms_have_every_call_and_every_hold histograms

shows() {
	"$build/bin/instr-report" --top --blocks --sort lock >shown && grep -q '^100.0% .*  take  waiting.c' shown &&
		grep -q '^locks: waited ' shown && grep -q '^idle, and not shown: .*(sleep): --all shows them$' shown || { cat shown; return 1; }
	"$build/bin/instr-report" --tree --blocks --sort blocked --show-sql | sqlite3 -readonly trace.db >sql &&
		[ "$(wc -l <sql)" -gt 10 ] && grep -q '|receive|' sql || { cat sql; return 1; }
}
check text_and_sql_show_it shows

finish
