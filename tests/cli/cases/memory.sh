# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Memory beside the time, the heap over time, and how large blocks are and how long they live.
# traces: heap main processes
say memory beside the time
t instr-report heap.db --heap
t body heap.db --heap --sort bytes
t body heap.db --heap --sort allocs --limit 2
t body heap.db --heap --sort total --limit 1
t body heap.db --heap --process 2
t body heap.db --tree --heap
t body heap.db --tree --heap --sort bytes --min 0
t body heap.db --tree --heap --sort bytes --min 10 --process 1
t body heap.db --tree --heap --sort allocs --limit 3
t body heap.db --tree --heap --sort bytes --min 100
say the heap over time
t instr-report heap.db --memory
t body heap.db --memory --process 2
for limit in 1 2 3 5; do
	t body heap.db --memory --limit $limit
done
s 'instr-report heap.db --memory --limit 0 | tail -54 | head -12'
say sizes and lifetimes
t body heap.db --allocs --histogram
t body heap.db --allocs --histogram --by site --limit 2
t body heap.db --allocs --histogram --by context --sort live --limit 1
t body heap.db --allocs --histogram --process 2
say narrow, wide and ASCII
for columns in 60 80; do
	COLUMNS=$columns t body heap.db --heap
	COLUMNS=$columns t body heap.db --tree --heap
	COLUMNS=$columns t body heap.db --memory --limit 4
	COLUMNS=$columns t body heap.db --allocs --histogram
done
COLUMNS= t body heap.db --tree --heap --sort bytes
LC_ALL=C t body heap.db --memory --limit 4
LC_ALL=C t body heap.db --allocs --histogram --limit 1
COLUMNS= t body heap.db --memory --limit 3
say rows for programs
rows() { instr-report "$@" 2>/dev/null; }
t rows heap.db --heap --format csv
t rows heap.db --heap --sort bytes --format json --limit 1
t rows heap.db --tree --heap --format csv
s 'rows heap.db --memory --format csv | sed -n "1,3p;\$p"'
s 'rows heap.db --memory --format json --process 2 --limit 1'
t rows heap.db --allocs --histogram --format csv
t rows heap.db --allocs --histogram --format json --process 2
say nothing was freed, nothing was seen
cp heap.db other.db
echo 'UPDATE heap_totals SET lifetimes = NULL; DELETE FROM heap_samples;' | change other.db
t body other.db --allocs --histogram
t body other.db --memory
echo 'UPDATE heap_totals SET sizes = NULL;' | change other.db
t body other.db --allocs --histogram
echo "UPDATE heap_totals SET sizes = x'01ff' WHERE site_id = 21;" | change other.db
t instr-report other.db --allocs --histogram --format csv
t instr-report other.db --allocs --limit 1 --format csv
say no heap
t instr-report main.db --heap --limit 2
t instr-report main.db --heap --format csv --limit 2
t body main.db --tree --heap --sort bytes
t instr-report main.db --memory
t instr-report main.db --memory --format csv
t body processes.db --memory --process 2
t instr-report main.db --allocs --histogram --format json
say every answer is a query
for trace in heap.db processes.db; do
	for mode in '--heap' '--heap --sort bytes' '--tree --heap' '--tree --heap --sort allocs' '--tree --heap --sort bytes --min 5'; do
		same $trace $mode
		same $trace $mode --process 1 --limit 2
	done
done
same heap.db --memory
same heap.db --memory --process 2 --limit 1
say and what the views say
columns() { # columns of a report's query, as rows
	instr-report "$@" --format csv --show-sql | sed 's/;$//' >query.sql
	printf 'SELECT %s FROM (%s) WHERE %s%s;' "$columns" "$(cat query.sql)" "$where" "$order" | stock_sqlite heap.db >theirs
}
view() {
	printf 'SELECT %s FROM %s%s;' "$columns" "$1" "$order" | stock_sqlite heap.db >ours
	shift
	columns "$@"
	cmp ours theirs && [ "$(wc -l <ours)" -gt 1 ] && echo "the view: $*"
}
columns='function, file, line, calls, self_ns, total_ns, min_ns, p50_ns, p99_ns, max_ns' where="function <> '(no function)'" order=
view top heap.db --heap
columns='function, file, line, allocs, bytes, total_allocs, total_bytes' where=1 order=' ORDER BY function'
view heap_functions heap.db --heap --sort bytes
order=
columns='process_id, context_id, function, calls, self_ns, total_ns, max_ns' where="calls > 0"
view '(SELECT * FROM tree WHERE calls > 0)' heap.db --tree --heap
columns='process_id, context_id, parent_id, depth, function, self_allocs, self_bytes, total_allocs, total_bytes' where="parent_id IS NOT NULL"
view '(SELECT * FROM heap_tree WHERE depth > 0)' heap.db --tree --heap --sort bytes
columns='process_id, time_ns, allocs, bytes, live_blocks, live_bytes, rss_bytes' where=1
view heap_samples_list heap.db --memory
s "instr-report heap.db --show-sql | grep -c heap"
say wrong usage
t instr-report heap.db --heap --sort live
t instr-report heap.db --tree --heap --sort size
t instr-report heap.db --tree --sort bytes
t instr-report heap.db --heap --thread 1
t instr-report heap.db --allocs --heap
t instr-report heap.db --memory --heap
t instr-report heap.db --memory --sort bytes
t instr-report heap.db --memory --thread 1
t instr-report heap.db --memory --by site
t instr-report heap.db --memory --min 1
t instr-report heap.db --memory --process 9
t instr-report heap.db --histogram
t instr-report heap.db --leaks --histogram
t instr-report heap.db --allocs --histogram --sort total
t instr-report heap.db --memory --peak
