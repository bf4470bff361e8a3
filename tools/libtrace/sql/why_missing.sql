-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- why_missing: what is known of the functions that :only names, those that were called first, the first :limit rows.
WITH
wanted AS MATERIALIZED (
    SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'),
places AS (
    SELECT function_id, count(*) AS contexts, sum(flags & 1) AS folded FROM contexts WHERE function_id IN wanted GROUP BY function_id),
open AS (
    SELECT function_id, self_ticks, total_ticks FROM open_functions WHERE function_id IN wanted)
SELECT f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       m.path AS image, -- program or library it is in; NULL: none
       CASE WHEN t.calls > 0 THEN 'called' WHEN f.instrumented THEN 'never called' ELSE 'no hooks' END AS state, -- 'called': it is in the profile; 'never called': it has hooks; 'no hooks'
       f.reason AS reason, -- why it has none; NULL if it has
       coalesce(t.calls, 0) AS calls, -- calls entered
       CAST((coalesce(t.self_ticks, 0) + coalesce(o.self_ticks, 0)) * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST((coalesce(t.total_ticks, 0) + coalesce(o.total_ticks, 0)) * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, ns
       (SELECT count(*) + 1 FROM function_totals x
        WHERE x.process_id = 0 AND t.calls > 0 AND x.self_ticks > coalesce(t.self_ticks, 0) + coalesce(o.self_ticks, 0)) AS place, -- how many functions have more of that, and 1 (open calls of others left out)
       coalesce(p.contexts, 0) AS contexts, -- calling contexts that it is in
       coalesce(p.folded, 0) AS folded, -- those of them that stand for deeper calls too
       coalesce(t.orphans, 0) AS orphans -- exits of it whose call was not on the stack
FROM rate r CROSS JOIN wanted w CROSS JOIN functions f ON f.function_id = w.function_id
LEFT JOIN modules m ON m.module_id = f.module_id
LEFT JOIN function_totals t ON t.process_id = 0 AND t.function_id = f.function_id
LEFT JOIN places p ON p.function_id = f.function_id
LEFT JOIN open o ON o.function_id = f.function_id
WHERE f.module_id IS NOT NULL OR t.calls > 0
ORDER BY coalesce(t.calls, 0) > 0 DESC, coalesce(t.self_ticks, 0) DESC, f.instrumented DESC, f.function_id
LIMIT coalesce(:limit, -1);
