-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- top_threads: profile by function of the threads that :thread (its number) or :thread_name name,
-- of process :process and of functions that :only names if these are given; the first :limit rows. Columns as in top.
-- histogram_quantile is a function of the reader. Where there is none, leave its two lines out.
WITH
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
figures AS (
    SELECT context_id, calls, total_ticks, self_ticks, min_ticks, max_ticks, histogram
    FROM totals WHERE thread_id IN chosen
    UNION ALL
    SELECT context_id, 0, total_ticks, self_ticks, NULL, NULL, NULL
    FROM open_ticks WHERE thread_id IN chosen),
by_function AS (
    SELECT c.function_id, sum(g.calls) AS calls, sum(g.self_ticks) AS self_ticks,
           sum(CASE WHEN c.recursive THEN 0 ELSE g.total_ticks END) AS total_ticks,
           histogram_quantile(g.histogram, 0.5, g.min_ticks, g.max_ticks) AS p50_ticks,
           histogram_quantile(g.histogram, 0.99, g.min_ticks, g.max_ticks) AS p99_ticks,
           min(g.min_ticks) AS min_ticks, max(g.max_ticks) AS max_ticks
    FROM figures g JOIN contexts c USING (context_id) WHERE c.parent_id IS NOT NULL
      AND (:only IS NULL OR c.function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'))
    GROUP BY c.function_id
    ORDER BY /*sort*/self_ticks/*end*/ DESC, calls DESC LIMIT coalesce(:limit, -1))
SELECT f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       b.calls AS calls, -- calls entered
       CAST(b.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(b.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, recursion counted once, ns
       CAST(b.min_ticks * r.ns_per_tick AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(b.p50_ticks * r.ns_per_tick AS INTEGER) AS p50_ns, -- median of finished calls, ns
       CAST(b.p99_ticks * r.ns_per_tick AS INTEGER) AS p99_ns, -- 99th percentile of finished calls, ns
       CAST(b.max_ticks * r.ns_per_tick AS INTEGER) AS max_ns -- longest finished call, ns
FROM rate r CROSS JOIN by_function b CROSS JOIN functions f USING (function_id)
ORDER BY b./*sort*/self_ticks/*end*/ DESC, b.calls DESC, f.name;
