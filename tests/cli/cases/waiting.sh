# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What was waited, in calls that may block and for locks, beside the time of functions and calling contexts.
# traces: waiting blocks locks main hostile overflow
t instr-report waiting.db --top --blocks
say waits for work too
t instr-report waiting.db --blocks --top --all
say every order
for sort in total calls blocked lock; do
	t body waiting.db --top --blocks --sort $sort --limit 3
done
t body waiting.db --top --blocks --all --sort blocked --limit 2
say one process
t instr-report waiting.db --top --blocks --process 2
say the tree
t body waiting.db --tree --blocks
t body waiting.db --tree --blocks --all --min 0
t body waiting.db --tree --blocks --sort blocked
t body waiting.db --tree --blocks --sort lock --limit 3
t body waiting.db --tree --blocks --sort blocked --min 100
t body waiting.db --tree --blocks --process 2 --all
say what was not recorded has no columns
t body blocks.db --top --blocks
t body locks.db --tree --blocks --min 0
t body blocks.db --top --blocks --sort lock --limit 1
t instr-report main.db --top --blocks --limit 2
t instr-report main.db --tree --blocks --process 1 --limit 2
t instr-report main.db --top --blocks --limit 1 --format csv
say narrow, wide and ASCII
for columns in 60 80 160; do
	COLUMNS=$columns t body waiting.db --top --blocks --all
	COLUMNS=$columns t body waiting.db --tree --blocks --all
done
LC_ALL=C t body waiting.db --tree --blocks --limit 4
say rows for programs
t instr-report waiting.db --top --blocks --format csv
t instr-report waiting.db --tree --blocks --all --format csv
t instr-report waiting.db --tree --blocks --sort lock --limit 1 --format json
say every answer is a query
for mode in --top '--top --all --sort blocked' '--top --sort lock --limit 2' --tree '--tree --sort lock --all' '--tree --sort blocked --min 20'; do
	same waiting.db $mode --blocks
	same waiting.db $mode --blocks --process 2
	same blocks.db $mode --blocks
done
say and what the views say
view() {
	columns=$1 where=$2 order=$3 from=$4
	shift 4
	instr-report waiting.db "$@" --format csv --show-sql | sed 's/;$//' >query.sql
	echo "SELECT $columns FROM ($(cat query.sql)) WHERE $where$order;" | stock_sqlite waiting.db >theirs
	echo "SELECT $columns FROM $from$order;" | stock_sqlite waiting.db >ours
	cmp ours theirs && [ "$(wc -l <ours)" -gt 1 ] && echo "the view: $*"
}
view 'function, file, line, calls, self_ns, total_ns, min_ns, p50_ns, p99_ns, max_ns' "function <> '(no function)'" '' top --top --blocks
view 'process_id, context_id, function, calls, self_ns, total_ns, max_ns' 'parent_id IS NOT NULL' '' tree --tree --blocks
view 'process_id, context_id, parent_id, depth, function, blocked_ns, idle_ns, lock_ns, total_blocked_ns, total_idle_ns, total_lock_ns' \
	'parent_id IS NOT NULL' ' ORDER BY context_id' '(SELECT * FROM wait_contexts WHERE depth > 0)' --tree --blocks
view 'function, blocked_ns, idle_ns, lock_ns' 'blocked_ns + idle_ns + lock_ns > 0' ' ORDER BY function' \
	'(SELECT function, sum(blocked_ns) AS blocked_ns, sum(idle_ns) AS idle_ns, sum(lock_ns) AS lock_ns FROM wait_contexts
	  GROUP BY function HAVING sum(blocked_ns + idle_ns + lock_ns) > 0)' --top --blocks
sums='SELECT (SELECT sum(blocked_ticks) FROM wait_ticks) - (SELECT sum(2 * blocked_ns) FROM block_contexts WHERE NOT idle) AS blocked,
(SELECT sum(idle_ticks) FROM wait_ticks) - (SELECT sum(2 * blocked_ns) FROM block_contexts WHERE idle) AS idle;'
s 'for trace in waiting.db blocks.db; do echo "$sums" | stock_sqlite $trace; done'
s "instr-report waiting.db --show-sql | grep -c -e block -e lock -e wait"
say files made to do harm
for trace in hostile.db overflow.db; do
	t body $trace --top --blocks
	t body $trace --tree --blocks --all --min 0
	s "instr-report $trace --tree --blocks --sort lock --format csv 2>/dev/null | sed 's/,round,.*,/,round,(more),/'"
done
say wrong usage
t instr-report waiting.db --top --blocks --thread 1
t instr-report waiting.db --tree --blocks --heap
t instr-report waiting.db --top --blocks --sort bytes
t instr-report waiting.db --tree --sort lock
t instr-report waiting.db --heap --sort blocked
t instr-report waiting.db --top --blocks --by site
t instr-report waiting.db --top --all
t instr-report waiting.db --blocks --locks
t instr-report waiting.db --blocks --heap-at 1s
t instr-report waiting.db --growth 1s.. --blocks
t instr-report waiting.db --blocks --heap
