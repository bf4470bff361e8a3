# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The heap at earlier times, and how it grew between two: of the moments that are kept.
# traces: heap main processes
body() { instr-report "$@" | sed -n '/^the heap\|^What was\|^No alloc/,$p'; }
say at a moment, between two, in every process its own
t instr-report heap.db --heap-at 3s --process 1
t body heap.db --heap-at 3.5s --process 1
t body heap.db --heap-at 3.5s
t body heap.db --heap-at 2.5s
t body heap.db --heap-at 2.001s --process 1 --sort blocks --limit 1
say what is printed can be asked for
s 'instr-report heap.db --heap-at 2.001s --process 1 | grep "^the heap"'
say the end, and later
for time in 4s 5s 1h; do
	t body heap.db --heap-at $time --limit 2
done
say earlier than is known
t body heap.db --heap-at 0s
t body heap.db --heap-at 999ms --process 1
t body heap.db --heap-at 2.5s --process 2
say growth
t body heap.db --growth 1s..3s --process 1
t body heap.db --growth 3.2s..4.5s --process 1
t body heap.db --growth 1.5s..
t body heap.db --growth ..3s
t body heap.db --growth .. --sort blocks
t body heap.db --growth 3s..5s --sort blocks --limit 1
say nothing between
t body heap.db --growth 3.1s..3.2s --process 1
t body heap.db --growth 3.1s..3.1s
t body heap.db --growth 100ms..500ms
say nothing alive then, nothing that grew
cp heap.db freed.db
echo 'UPDATE heap_history SET live_blocks = 0, live_bytes = 0;' | change freed.db
t body freed.db --heap-at 3.5s
t body freed.db --growth 2s..3.5s
say many processes
echo "WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 6)
INSERT INTO heaps SELECT i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL FROM n;" | change freed.db
s 'instr-report freed.db --heap-at 3.5s | grep -A1 "^the heap"'
say a run that goes on
echo "UPDATE run SET value = 'recording' WHERE key = 'state'; UPDATE processes SET end_ticks = NULL, end_reason = NULL;
DELETE FROM heaps WHERE process_id > 2;" | change freed.db
t body freed.db --heap-at 3.5s --process 1
t body freed.db --heap-at 1h --process 1
say without moments
echo 'DELETE FROM heap_moments; DELETE FROM heap_history;' | change freed.db
t body freed.db --heap-at 3.5s
t body freed.db --growth 1s.. --process 2
say narrow, wide and ASCII
COLUMNS=60 t body heap.db --heap-at 3.5s
COLUMNS=60 t body heap.db --growth 3s..
COLUMNS= t body heap.db --growth 1.5s..4s --limit 1
LC_ALL=C t body heap.db --heap-at 3.5s --limit 1
say rows for programs
t instr-report heap.db --heap-at 3.5s --format csv
t instr-report heap.db --heap-at 0s --format csv
s 'instr-report heap.db --growth 1.5s..3.5s --format csv 2>/dev/null'
s 'instr-report heap.db --growth 1.5s.. --format json --limit 1 2>/dev/null'
say no heap
t body main.db --heap-at 1s
t body main.db --growth 1s..
t body processes.db --growth 1s.. --process 2
say every answer is a query
for mode in '--heap-at 3.5s' '--growth 1s..3s' '--growth 2s.. --sort blocks'; do
	same heap.db $mode
	same heap.db $mode --process 1 --limit 1
done
say the end is what is alive at the end, and growth from nothing all of it
ends() { instr-report heap.db "$@" --format csv 2>/dev/null | "$PYTHON" -c '
import csv, sys
print(sorted((r["context_id"], r["site_id"], r["blocks"], r["bytes"]) for r in csv.DictReader(sys.stdin)))'; }
ends --leaks >leaks
for mode in '--heap-at 1d' '--growth ..'; do
	ends $mode | cmp - leaks && echo "the leaks: $mode"
done
say wrong usage
t instr-report heap.db --heap-at 3s --sort age
t instr-report heap.db --growth 3s.. --sort live
t instr-report heap.db --heap-at 3
for span in 3s 3s..1s 1..2s 1s..x '' ...; do
	t instr-report heap.db --growth "$span"
done
t instr-report heap.db --growth
t instr-report heap.db --heap-at 3s --growth 1s..
t instr-report heap.db --heap-at 3s --peak
t instr-report heap.db --leaks --growth 1s..
t instr-report heap.db --heap-at 3s --thread 1
t instr-report heap.db --heap-at 3s --by site
t instr-report heap.db --growth 1s.. --process 9
