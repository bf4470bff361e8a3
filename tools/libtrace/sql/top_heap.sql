-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- top_heap: profile by function with the memory beside the time, of the whole run or of process :process,
-- of functions that :only names if that is given, the first :limit rows. Times as in top, bytes as in heap_functions.
WITH
parts AS (
    SELECT function_id, 0 AS root, calls, self_ticks, total_ticks, min_ticks, p50_ticks, p99_ticks, max_ticks,
           0 AS allocs, 0 AS bytes, 0 AS total_allocs, 0 AS total_bytes
    FROM function_totals WHERE process_id = coalesce(:process, 0)
    UNION ALL
    SELECT o.function_id, 0, 0, o.self_ticks, o.total_ticks * o.outermost, NULL, NULL, NULL, NULL, 0, 0, 0, 0
    FROM open_ticks o JOIN threads t USING (thread_id)
    WHERE t.process_id = coalesce(:process, t.process_id)
    UNION ALL
    SELECT c.function_id, c.parent_id IS NULL, 0, 0, 0, NULL, NULL, NULL, NULL, h.allocs, h.bytes,
           iif(c.parent_id IS NULL, h.allocs, 0), iif(c.parent_id IS NULL, h.bytes, 0)
    FROM heap_totals h CROSS JOIN contexts c USING (context_id)
    WHERE c.process_id = coalesce(:process, c.process_id) AND h.kind = 0
    UNION ALL
    SELECT c.function_id, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0, b.allocs, b.bytes
    FROM heap_below b CROSS JOIN contexts c USING (context_id)
    WHERE c.process_id = coalesce(:process, c.process_id) AND c.parent_id IS NOT NULL AND NOT c.recursive),
figures AS (
    SELECT function_id, root, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks,
           min(min_ticks) AS min_ticks, max(p50_ticks) AS p50_ticks, max(p99_ticks) AS p99_ticks,
           max(max_ticks) AS max_ticks, sum(allocs) AS allocs, sum(bytes) AS bytes, sum(total_allocs) AS total_allocs,
           sum(total_bytes) AS total_bytes
    FROM parts
    WHERE :only IS NULL OR (NOT root AND function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'))
    GROUP BY function_id, root
    HAVING NOT root OR sum(allocs) > 0
    ORDER BY /*sort*/self_ticks/*end*/ DESC, sum(self_ticks) DESC, sum(calls) DESC LIMIT coalesce(:limit, -1))
SELECT iif(g.root, '(no function)', f.name) AS function, -- demangled name; "(no function)": no call that has hooks was open
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       g.calls AS calls, -- calls entered
       CAST(g.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(g.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, recursion counted once, ns
       CAST(g.min_ticks * r.ns_per_tick AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(g.p50_ticks * r.ns_per_tick AS INTEGER) AS p50_ns, -- median of finished calls, ns
       CAST(g.p99_ticks * r.ns_per_tick AS INTEGER) AS p99_ns, -- 99th percentile of finished calls, ns
       CAST(g.max_ticks * r.ns_per_tick AS INTEGER) AS max_ns, -- longest finished call, ns
       g.allocs AS allocs, -- blocks that it allocated itself, and callees without hooks for it
       g.bytes AS bytes, -- their bytes
       g.total_allocs AS total_allocs, -- blocks allocated by it and all that it called, recursion counted once
       g.total_bytes AS total_bytes -- their bytes
FROM rate r CROSS JOIN figures g CROSS JOIN functions f USING (function_id)
ORDER BY g./*sort*/self_ticks/*end*/ DESC, g.self_ticks DESC, g.calls DESC, function;
