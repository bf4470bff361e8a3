-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- source_functions: the functions that :only names, of all or of process :process, by the place of their definition, those with the most
-- time first, the first :limit rows. Instances of one template are one row, as are several copies of one function.
WITH
wanted AS MATERIALIZED (
    SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'),
heads AS MATERIALIZED (
    SELECT file, line, lead(line) OVER (PARTITION BY file ORDER BY line) - 1 AS last_line
    FROM (SELECT DISTINCT file, line FROM functions
          WHERE line IS NOT NULL AND file IN (SELECT file FROM functions WHERE function_id IN wanted))),
figures AS (
    SELECT function_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks
    FROM (SELECT function_id, calls, self_ticks, total_ticks FROM function_totals WHERE process_id = coalesce(:process, 0)
          UNION ALL
          SELECT o.function_id, 0, o.self_ticks, o.total_ticks * o.outermost FROM open_ticks o JOIN threads t USING (thread_id)
          WHERE t.process_id = coalesce(:process, t.process_id))
    WHERE function_id IN wanted
    GROUP BY function_id)
SELECT f.name AS function, -- demangled name, of the one with the most time
       count(*) AS functions, -- how many there are of the place
       f.file AS file, -- source file; NULL if not known
       f.line AS line, -- line of its definition
       max(h.last_line) AS last_line, -- line before the next function that is known in the file; NULL: there is none
       m.path AS image, -- program or library it is in
       sum(g.calls) AS calls, -- calls entered
       CAST(sum(g.self_ticks) * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(sum(g.total_ticks) * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, ns
       max(g.total_ticks) AS most_ticks -- of that, the most that one of them has, ticks
FROM rate r CROSS JOIN figures g CROSS JOIN functions f ON f.function_id = g.function_id
LEFT JOIN heads h ON h.file = f.file AND h.line = f.line
LEFT JOIN modules m ON m.module_id = f.module_id
GROUP BY f.file, f.line, iif(f.file IS NULL OR f.line IS NULL, f.function_id, 0)
ORDER BY sum(g.total_ticks) DESC, f.file, f.line, f.function_id
LIMIT coalesce(:limit, -1);
