# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The heap: who allocates, what was alive at the end and at the peak, and before any figure, what is wrong.
# traces: heap main processes
t instr-report heap.db --allocs
say by place and by call path
t body heap.db --allocs --by site
t body heap.db --allocs --by context
t body heap.db --allocs --by type
t body heap.db --allocs --by type --sort temporary --process 1 --limit 2
t body heap.db --allocs --by type --histogram --limit 1
say by every order
for sort in total allocs live peak temporary crossed resized copied failed freed; do
	t body heap.db --allocs --sort $sort
done
t body heap.db --allocs --by site --sort freed
t body heap.db --allocs --by context --sort failed
say what was alive
t instr-report heap.db --leaks --process 1
t body heap.db --leaks
t body heap.db --leaks --sort blocks --limit 1
t body heap.db --leaks --sort age
t body heap.db --leaks --age 4.6s
t body heap.db --leaks --age 300ms --limit 1
t body heap.db --leaks --age 6min
t body heap.db --peak
t body heap.db --peak --sort blocks --process 1 --limit 2
say cut short
t body heap.db --allocs --limit 2
t body heap.db --allocs --sort total --limit 2
t body heap.db --allocs --by context --limit 2 --process 2
say pools and mappings, which count apart
t instr-report heap.db --allocs --kind pools
t body heap.db --allocs --kind mappings --by context
t body heap.db --leaks --kind mappings
t body heap.db --peak --kind pools
t body heap.db --heap-at 1h --kind mappings
t instr-report main.db --allocs --kind pools
t instr-report heap.db --allocs --kind mappings --process 2
say narrow, wide and ASCII
COLUMNS=60 t body heap.db --allocs
COLUMNS=60 t body heap.db --allocs --by context
COLUMNS=60 t body heap.db --leaks
COLUMNS= t body heap.db --peak
LC_ALL=C t body heap.db --allocs --by context --limit 3
say rows for programs
t instr-report heap.db --allocs --format csv
t instr-report heap.db --allocs --by site --format json --limit 1
s 'instr-report heap.db --allocs --by type --format csv 2>/dev/null'
s 'instr-report heap.db --allocs --by context --format csv --process 2 2>/dev/null'
s 'instr-report heap.db --leaks --format csv 2>/dev/null'
s 'instr-report heap.db --peak --format json --limit 2 2>/dev/null'
say in what is known of the recording
s "instr-report heap.db --info | sed -n '/^Heap/,/^Functions\|^Images/p'"
s 'instr-report heap.db --info --format csv 2>/dev/null | tail -12'
say nothing was left
cp heap.db freed.db
echo 'DELETE FROM live_blocks; UPDATE heaps SET frees = allocs, freed_bytes = bytes, failed = 0, crossed = 0;
UPDATE heap_totals SET frees = allocs, freed_bytes = bytes, failed = 0, crossed = 0; DELETE FROM heap_faults;' | change freed.db
t body freed.db --leaks
t body freed.db --allocs --sort live
t body freed.db --allocs --sort failed
t body freed.db --allocs --by context --sort crossed
say a run that goes on
echo "UPDATE run SET value = 'recording' WHERE key = 'state'; UPDATE processes SET end_ticks = NULL, end_reason = NULL WHERE process_id = 1;" |
	change freed.db
s 'instr-report freed.db --leaks | tail -2'
s 'instr-report freed.db --peak | grep heap:'
say many wrong frees
echo "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6)
INSERT INTO heap_faults SELECT 1, 'freed twice', i, 24, 1, 24, i, 64, 5 FROM n;" | change heap.db
s 'instr-report heap.db --allocs --limit 1 | grep -A1 -e WRONG -e kinds'
say no heap
for mode in --allocs --leaks --peak; do
	t instr-report main.db $mode
	t instr-report main.db $mode --format csv
done
t body processes.db --leaks --process 2
s 'instr-report main.db --info | grep Heap'
say every answer is a query
for mode in '--allocs --by context --kind pools' '--leaks --kind mappings'; do
	same heap.db $mode
done
for mode in '--allocs' '--allocs --sort total' '--allocs --by site' '--allocs --by context' '--allocs --by type' --leaks '--leaks --age 1s' --peak; do
	same heap.db $mode
	same heap.db $mode --process 2 --limit 1
done
view() {
	echo "SELECT * FROM $1;" | stock_sqlite heap.db >theirs
	shift
	instr-report heap.db "$@" --format csv >ours 2>/dev/null
	cmp ours theirs && echo "the view: $*"
}
view heap_functions --allocs
view "(SELECT * FROM heap_sites WHERE kind = 'heap')" --allocs --by site
view heap_types --allocs --by type
view '(SELECT l.*, p.path FROM leaks l JOIN context_paths p USING (context_id) WHERE l.kind = '\''heap'\'' ORDER BY l.bytes DESC)' --leaks
view '(SELECT h.*, p.path FROM heap_contexts h JOIN context_paths p USING (context_id) WHERE h.kind = '\''heap'\'' ORDER BY bytes DESC, allocs DESC, context_id, site_id)' \
	--allocs --by context
say wrong usage
t instr-report heap.db --allocs --sort self
t instr-report heap.db --allocs --by site --sort total
t instr-report heap.db --allocs --by type --sort total
t instr-report heap.db --allocs --by type --sort freed
t instr-report heap.db --leaks --sort live
t instr-report heap.db --peak --sort age
t instr-report heap.db --sort bytes
t instr-report heap.db --allocs --by line
t instr-report heap.db --leaks --by site
t instr-report heap.db --by site
t instr-report heap.db --kind pools
t instr-report heap.db --memory --kind pools
t instr-report heap.db --allocs --kind pools --by function
t instr-report heap.db --allocs --kind arenas
t instr-report heap.db --allocs --age 5s
t instr-report heap.db --allocs --thread 1
t instr-report heap.db --leaks --min 5
t instr-report heap.db --allocs --process 9
t instr-report heap.db --allocs --leaks
for age in 5 5y -1s '' s 1e400s 99999999d; do
	t instr-report heap.db --leaks --age "$age"
done
for age in 0s 1.5ms 2us 3ns 1min 1h 1d; do
	s "instr-report heap.db --leaks --age $age --show-sql | sed -n 's/.*ns_per_tick >= \(.*\))/\1/p'"
done
