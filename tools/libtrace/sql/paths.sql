-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- paths: call paths, those first in which the most time was spent: of process :process and the threads that :thread (its
-- number) or :thread_name name, only those through functions that :focus names and none through those that :ignore names, where
-- these are given; the first :limit rows.
WITH RECURSIVE
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
within AS (
    SELECT context_id FROM contexts
    WHERE parent_id IS NOT NULL AND function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :focus || '(*')
    UNION
    SELECT c.context_id FROM within w JOIN contexts c ON c.parent_id = w.context_id),
left_out AS (
    SELECT context_id FROM contexts
    WHERE parent_id IS NOT NULL AND function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :ignore || '(*')
    UNION
    SELECT c.context_id FROM left_out l JOIN contexts c ON c.parent_id = l.context_id),
figures AS (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks, max(max_ticks) AS max_ticks
    FROM (SELECT context_id, calls, self_ticks, total_ticks, max_ticks FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks, total_ticks, NULL FROM open_ticks WHERE thread_id IN chosen)
    WHERE (:focus IS NULL OR context_id IN within) AND (:ignore IS NULL OR context_id NOT IN left_out)
    GROUP BY context_id),
shown AS (
    SELECT c.process_id, g.context_id, c.function_id, c.depth, g.calls, g.self_ticks, g.total_ticks, g.max_ticks
    FROM figures g CROSS JOIN contexts c ON c.context_id = g.context_id
    WHERE c.parent_id IS NOT NULL
    ORDER BY g./*sort*/self_ticks/*end*/ DESC, g.self_ticks DESC, g.calls DESC, g.context_id LIMIT coalesce(:limit, -1))
SELECT s.process_id AS process_id, -- process
       s.context_id AS context_id, -- calling context
       s.depth AS depth, -- 1 = outermost calls
       f.name AS function, -- demangled name of the function at its end
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       s.calls AS calls, -- calls entered by this path
       CAST(s.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(s.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, ns
       CAST(s.total_ticks * r.ns_per_tick / nullif(s.calls, 0) AS INTEGER) AS mean_ns, -- how long a call took on average, with callees, ns
       CAST(s.max_ticks * r.ns_per_tick AS INTEGER) AS max_ns, -- longest finished call, ns
       p.path AS path -- call path, innermost function first
FROM rate r CROSS JOIN shown s CROSS JOIN functions f ON f.function_id = s.function_id
CROSS JOIN context_paths p ON p.context_id = s.context_id
ORDER BY s./*sort*/self_ticks/*end*/ DESC, s.self_ticks DESC, s.calls DESC, s.context_id;
