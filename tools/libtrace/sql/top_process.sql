-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- top_process: profile by function of process :process, of functions that :only names if that is given, the first :limit rows. Columns as in top.
WITH
open_functions AS (
    SELECT o.function_id, sum(o.total_ticks * o.outermost) AS total_ticks, sum(o.self_ticks) AS self_ticks
    FROM open_ticks o JOIN threads t USING (thread_id)
    WHERE t.process_id = :process
    GROUP BY o.function_id),
figures AS (
    SELECT t.function_id, t.calls, t.min_ticks, t.p50_ticks, t.p99_ticks, t.max_ticks,
           t.self_ticks + coalesce(o.self_ticks, 0) AS self_ticks,
           t.total_ticks + coalesce(o.total_ticks, 0) AS total_ticks
    FROM function_totals t LEFT JOIN open_functions o USING (function_id)
    WHERE t.process_id = :process AND (:only IS NULL OR t.function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'))
    ORDER BY /*sort*/self_ticks/*end*/ DESC, t.calls DESC LIMIT coalesce(:limit, -1))
SELECT f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       g.calls AS calls, -- calls entered
       CAST(g.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(g.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, recursion counted once, ns
       CAST(g.min_ticks * r.ns_per_tick AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(g.p50_ticks * r.ns_per_tick AS INTEGER) AS p50_ns, -- median of finished calls, ns
       CAST(g.p99_ticks * r.ns_per_tick AS INTEGER) AS p99_ns, -- 99th percentile of finished calls, ns
       CAST(g.max_ticks * r.ns_per_tick AS INTEGER) AS max_ns -- longest finished call, ns
FROM rate r CROSS JOIN figures g CROSS JOIN functions f USING (function_id)
ORDER BY g./*sort*/self_ticks/*end*/ DESC, g.calls DESC, f.name;
