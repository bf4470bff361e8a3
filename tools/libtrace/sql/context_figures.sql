-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- context_figures: what --diff and --gate know of each calling context, in ticks; of two traces the contexts are compared that have
-- the same functions on their way, of the same names (and files, where a name has several). histogram_sum is a function of the reader.
WITH
calls AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks,
           min(min_ticks) AS min_ticks, max(max_ticks) AS max_ticks, histogram_sum(histogram) AS histogram
    FROM (SELECT context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks, histogram FROM totals
          WHERE thread_id IN (SELECT thread_id FROM threads WHERE flags < 32)
          UNION ALL
          SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL, NULL FROM open_ticks)
    GROUP BY context_id),
heap AS MATERIALIZED (
    SELECT context_id, sum(allocs) AS allocs, sum(bytes) AS bytes FROM heap_totals WHERE kind = 0 GROUP BY context_id),
taken AS MATERIALIZED (
    SELECT context_id, sum(acquisitions) AS acquisitions, sum(contended) AS contended, sum(wait_ticks) AS wait_ticks
    FROM lock_totals GROUP BY context_id),
waited AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(blocked_ns) AS blocked_ns FROM block_contexts WHERE NOT idle GROUP BY context_id)
SELECT c.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's; NULL: no call that has hooks was open
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       c.recursive AS recursive, -- 1: within an outer call of the same function
       coalesce(g.calls, 0) AS calls, -- calls entered
       coalesce(g.self_ticks, 0) AS self_ticks, -- time without instrumented callees, ticks
       coalesce(g.total_ticks, 0) AS total_ticks, -- time with callees, ticks
       g.min_ticks AS min_ticks, -- shortest finished call, ticks
       g.max_ticks AS max_ticks, -- longest finished call, ticks
       coalesce(h.allocs, 0) AS allocs, -- blocks of the heap that were allocated in it
       coalesce(h.bytes, 0) AS bytes, -- their bytes
       coalesce(l.acquisitions, 0) AS acquisitions, -- locks taken in it
       coalesce(l.contended, 0) AS lock_waits, -- waits for locks
       coalesce(l.wait_ticks, 0) AS lock_ticks, -- their time, ticks
       coalesce(w.calls, 0) AS waits, -- calls that may block, without waits for work
       coalesce(w.blocked_ns, 0) AS wait_ns, -- their time, ns
       g.histogram AS histogram, -- finished calls by duration, as in totals
       r.ns_per_tick AS ns_per_tick -- nanoseconds per tick
FROM rate r CROSS JOIN contexts c LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN calls g ON g.context_id = c.context_id
LEFT JOIN heap h ON h.context_id = c.context_id
LEFT JOIN taken l ON l.context_id = c.context_id
LEFT JOIN waited w ON w.context_id = c.context_id
ORDER BY c.context_id;
