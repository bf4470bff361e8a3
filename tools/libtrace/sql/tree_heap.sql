-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- tree_heap: the query tree with the memory beside the time. Ordered by time (3 to 5) or memory (6: bytes,
-- 7: blocks); this is also what :least is a share of, and what :limit keeps the most of. Ordered by time, what
-- has such a share of the bytes stays, too. What was allocated while no call that has hooks was open stands
-- beside the outermost calls, "(no function)".
WITH RECURSIVE
chosen AS (
    SELECT thread_id FROM threads WHERE flags < 32 AND process_id = coalesce(:process, process_id)),
sums AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks,
           min(min_ticks) AS min_ticks, max(max_ticks) AS max_ticks, sum(allocs) AS allocs, sum(bytes) AS bytes,
           sum(total_allocs) AS total_allocs, sum(total_bytes) AS total_bytes
    FROM (SELECT context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks, 0 AS allocs, 0 AS bytes,
                 0 AS total_allocs, 0 AS total_bytes
          FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL, 0, 0, 0, 0
          FROM open_ticks WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, 0, 0, NULL, NULL, allocs, bytes, 0, 0 FROM heap_totals WHERE kind = 0
          UNION ALL
          SELECT context_id, 0, 0, 0, NULL, NULL, 0, 0, allocs, bytes FROM heap_below)
    GROUP BY context_id),
figures AS MATERIALIZED (
    SELECT c.process_id, c.context_id, c.parent_id, c.function_id, c.depth, c.flags, s.calls, s.self_ticks,
           s.total_ticks, s.min_ticks, s.max_ticks, s.allocs, s.bytes,
           iif(c.parent_id IS NULL, s.allocs, s.total_allocs) AS total_allocs,
           iif(c.parent_id IS NULL, s.bytes, s.total_bytes) AS total_bytes,
           CASE /*sort*/4/*end*/ WHEN 6 THEN s.bytes WHEN 7 THEN s.allocs ELSE s.self_ticks END AS own,
           CASE /*sort*/4/*end*/ WHEN 6 THEN iif(c.parent_id IS NULL, s.bytes, s.total_bytes)
                WHEN 7 THEN iif(c.parent_id IS NULL, s.allocs, s.total_allocs) ELSE s.total_ticks END AS weight
    FROM sums s CROSS JOIN contexts c USING (context_id)
    WHERE c.process_id = coalesce(:process, c.process_id) AND (c.parent_id IS NOT NULL OR s.allocs > 0)),
nodes AS MATERIALIZED (
    SELECT *, coalesce(parent_id, context_id) AS below_id FROM figures
    WHERE weight >= coalesce(:least, 0) * (SELECT sum(own) FROM figures)
       OR (/*sort*/4/*end*/ < 6 AND total_bytes > coalesce(:least, 0) * (SELECT sum(bytes) FROM figures))
    ORDER BY weight DESC, depth LIMIT coalesce(:limit, -1)),
walk AS (
    SELECT process_id, 0 AS depth, 0 AS self_ticks, 0 AS total_ticks, 0 AS calls, 0 AS total_bytes,
           0 AS total_allocs, context_id, NULL AS parent_id, context_id AS from_id
    FROM contexts WHERE context_id IN (SELECT below_id FROM nodes) AND parent_id IS NULL
    UNION ALL
    SELECT n.process_id, w.depth + 1, n.self_ticks, n.total_ticks, n.calls, n.total_bytes, n.total_allocs,
           n.context_id, n.parent_id, iif(n.parent_id IS NULL, NULL, n.context_id)
    FROM walk w JOIN nodes n ON n.below_id = w.from_id
    WHERE w.depth < coalesce(:depth, 9223372036854775807)
    ORDER BY 1, 2 DESC, /*sort*/4/*end*/ DESC, 8 LIMIT -1) -- without a LIMIT SQLite leaves the ORDER BY out
SELECT w.process_id AS process_id, -- process
       w.context_id AS context_id, -- calling context
       w.parent_id AS parent_id, -- the caller's context; NULL: "(no function)"
       w.depth AS depth, -- 1 = outermost calls
       iif(n.parent_id IS NULL, '(no function)', f.name) AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       n.calls AS calls, -- calls entered
       CAST(n.self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(n.total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_ns, -- time with callees, ns
       CAST(n.min_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(n.max_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS max_ns, -- longest finished call, ns
       n.flags AS flags, -- 1 = stands for deeper calls too (recursion folded), 2 = "(other)": the tree was full
       n.allocs AS self_allocs, -- blocks allocated in this context
       n.bytes AS self_bytes, -- their bytes
       n.total_allocs AS total_allocs, -- blocks allocated in this context and all below
       n.total_bytes AS total_bytes -- their bytes
FROM walk w CROSS JOIN nodes n USING (context_id) CROSS JOIN functions f USING (function_id)
WHERE w.depth > 0;
