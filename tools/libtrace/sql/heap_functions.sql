-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_functions: what was allocated and freed by function, the first :limit rows: the view
-- heap_functions, narrowed down to process :process if that is given.
WITH
whole AS (
    SELECT c.function_id, 0 AS root, sum(b.allocs) AS total_allocs, sum(b.bytes) AS total_bytes
    FROM heap_below b CROSS JOIN contexts c USING (context_id)
    WHERE c.process_id = coalesce(:process, c.process_id) AND c.parent_id IS NOT NULL AND NOT c.recursive
    GROUP BY c.function_id
    UNION ALL
    SELECT c.function_id, 1, sum(h.allocs), sum(h.bytes)
    FROM heap_totals h CROSS JOIN contexts c USING (context_id)
    WHERE c.process_id = coalesce(:process, c.process_id) AND c.parent_id IS NULL AND h.kind = 0
    GROUP BY c.function_id),
own AS (
    SELECT c.function_id, c.parent_id IS NULL AS root, sum(h.allocs) AS allocs, sum(h.bytes) AS bytes,
           sum(h.frees) AS frees, sum(h.allocs - h.frees) AS live_blocks, sum(h.bytes - h.freed_bytes) AS live_bytes,
           sum(h.peak_blocks) AS peak_blocks, sum(h.peak_bytes) AS peak_bytes, sum(h.temporary) AS temporary,
           sum(h.crossed) AS crossed, sum(h.resized) AS resized, sum(h.failed) AS failed,
           total(h.life_ticks) AS life_ticks, sum(h.released) AS released, sum(h.released_bytes) AS released_bytes,
           sum(h.chains) AS chains, sum(h.grown) AS grown, sum(h.moved) AS moved, sum(h.moved_bytes) AS moved_bytes
    FROM heap_totals h CROSS JOIN contexts c USING (context_id)
    WHERE c.process_id = coalesce(:process, c.process_id) AND h.kind = 0
    GROUP BY c.function_id, c.parent_id IS NULL)
SELECT CASE WHEN w.root THEN '(no function)' ELSE f.name END AS function, -- demangled name; "(no function)": no call that has hooks was open
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       coalesce(o.allocs, 0) AS allocs, -- blocks that it allocated itself, and callees without hooks for it
       coalesce(o.bytes, 0) AS bytes, -- their bytes
       w.total_allocs AS total_allocs, -- blocks allocated by it and all that it called, recursion counted once
       w.total_bytes AS total_bytes, -- their bytes
       coalesce(o.frees, 0) AS frees, -- of the blocks that it allocated itself: freed, wherever
       coalesce(o.live_blocks, 0) AS live_blocks, -- alive at the end
       coalesce(o.live_bytes, 0) AS live_bytes, -- their bytes
       coalesce(o.peak_blocks, 0) AS peak_blocks, -- alive at the peak of their process
       coalesce(o.peak_bytes, 0) AS peak_bytes, -- their bytes
       coalesce(o.temporary, 0) AS temporary, -- freed before their thread allocated again, realloc left out
       coalesce(o.crossed, 0) AS crossed, -- freed by another thread
       coalesce(o.resized, 0) AS resized, -- made of others by realloc
       coalesce(o.failed, 0) AS failed, -- allocations that failed
       CAST(o.life_ticks * (SELECT ns_per_tick FROM rate) / nullif(o.frees, 0) AS INTEGER) AS mean_life_ns, -- mean lifetime of those that were freed, ns
       coalesce(o.released, 0) AS released, -- blocks that it freed, wherever they came from
       coalesce(o.released_bytes, 0) AS released_bytes, -- their bytes
       coalesce(o.chains, 0) AS chains, -- of resized: those made of a block that no realloc had made
       coalesce(o.grown, 0) AS grown, -- of resized: those larger than the block before
       coalesce(o.moved, 0) AS moved, -- of resized: those at another address
       coalesce(o.moved_bytes, 0) AS moved_bytes -- bytes copied by that
FROM whole w JOIN functions f USING (function_id) LEFT JOIN own o USING (function_id, root)
ORDER BY /*sort*/bytes/*end*/ DESC, bytes DESC, total_bytes DESC, function
LIMIT coalesce(:limit, -1);
