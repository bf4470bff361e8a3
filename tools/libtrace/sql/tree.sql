-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- tree: calling contexts, each before those that it calls, most time first: the view tree, narrowed
-- down to process :process and the threads that :thread (its number) or :thread_name name, without
-- contexts below the share :least (0 to 1) of all self time, and at most :limit of them, those with
-- the most time, and :depth levels. What calls one that is shown has at least its time, so the rest is still a tree.
WITH RECURSIVE
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
sums AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks,
           min(min_ticks) AS min_ticks, max(max_ticks) AS max_ticks
    FROM (SELECT context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL FROM open_ticks WHERE thread_id IN chosen)
    GROUP BY context_id),
nodes AS MATERIALIZED (
    SELECT c.process_id, c.context_id, c.parent_id, c.function_id, c.flags, s.calls, s.self_ticks, s.total_ticks,
           s.min_ticks, s.max_ticks
    FROM sums s CROSS JOIN contexts c USING (context_id)
    WHERE s.total_ticks >= coalesce(:least, 0) * (SELECT sum(self_ticks) FROM sums) AND c.parent_id IS NOT NULL
    ORDER BY s.total_ticks DESC, c.depth LIMIT coalesce(:limit, -1)),
walk AS (
    SELECT process_id, 0 AS depth, 0 AS self_ticks, 0 AS total_ticks, 0 AS calls, context_id, NULL AS parent_id,
           function_id, NULL AS min_ticks, NULL AS max_ticks, flags
    FROM contexts WHERE context_id IN (SELECT parent_id FROM nodes) AND parent_id IS NULL
    UNION ALL
    SELECT n.process_id, w.depth + 1, n.self_ticks, n.total_ticks, n.calls, n.context_id, n.parent_id,
           n.function_id, n.min_ticks, n.max_ticks, n.flags
    FROM walk w JOIN nodes n ON n.parent_id = w.context_id
    WHERE w.depth < coalesce(:depth, 9223372036854775807)
    ORDER BY 1, 2 DESC, /*sort*/4/*end*/ DESC, 6 LIMIT -1) -- without a LIMIT SQLite leaves the ORDER BY out
SELECT w.process_id AS process_id, -- process
       w.context_id AS context_id, -- calling context
       w.parent_id AS parent_id, -- the caller's context
       w.depth AS depth, -- 1 = outermost calls
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       w.calls AS calls, -- calls entered
       CAST(w.self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(w.total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_ns, -- time with callees, ns
       CAST(w.min_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(w.max_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS max_ns, -- longest finished call, ns
       w.flags AS flags -- 1 = stands for deeper calls too (recursion folded), 2 = "(other)": the tree was full
FROM walk w CROSS JOIN functions f USING (function_id)
WHERE w.depth > 0;
