-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- tree_blocks: the query tree with what was waited beside the time. Ordered by time (3 to 5) or waits (6: calls that block,
-- 7: locks); this is also what :least is a share of, and what :limit keeps the most of. Ordered by time, what has such a
-- share of either kind of waits stays, too. With :idle waits for work are among those of calls that block. What was waited
-- while no call that has hooks was open stands beside the outermost calls, "(no function)".
WITH RECURSIVE
chosen AS (
    SELECT thread_id FROM threads WHERE flags < 32 AND process_id = coalesce(:process, process_id)),
sums AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks,
           min(min_ticks) AS min_ticks, max(max_ticks) AS max_ticks, sum(blocked_ticks) + iif(:idle, sum(idle_ticks), 0) AS blocked,
           sum(idle_ticks) AS idle, sum(lock_ticks) AS locks,
           sum(total_blocked_ticks) + iif(:idle, sum(total_idle_ticks), 0) AS total_blocked, sum(total_idle_ticks) AS total_idle,
           sum(total_lock_ticks) AS total_locks
    FROM (SELECT context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks, 0 AS blocked_ticks, 0 AS idle_ticks,
                 0 AS lock_ticks, 0 AS total_blocked_ticks, 0 AS total_idle_ticks, 0 AS total_lock_ticks
          FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL, 0, 0, 0, 0, 0, 0
          FROM open_ticks WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, 0, 0, NULL, NULL, blocked_ticks, idle_ticks, lock_ticks, 0, 0, 0 FROM wait_ticks
          UNION ALL
          SELECT context_id, 0, 0, 0, NULL, NULL, 0, 0, 0, blocked_ticks, idle_ticks, lock_ticks FROM wait_below)
    GROUP BY context_id),
whole AS (
    SELECT c.process_id, c.context_id, c.parent_id, c.function_id, c.depth, c.flags, s.calls, s.self_ticks,
           s.total_ticks, s.min_ticks, s.max_ticks, s.blocked, s.idle, s.locks,
           iif(c.parent_id IS NULL, s.blocked, s.total_blocked) AS total_blocked,
           iif(c.parent_id IS NULL, s.idle, s.total_idle) AS total_idle,
           iif(c.parent_id IS NULL, s.locks, s.total_locks) AS total_locks
    FROM sums s CROSS JOIN contexts c USING (context_id)
    WHERE c.process_id = coalesce(:process, c.process_id) AND (c.parent_id IS NOT NULL OR s.blocked > 0 OR s.locks > 0)),
figures AS MATERIALIZED (
    SELECT *, CASE /*sort*/4/*end*/ WHEN 6 THEN blocked WHEN 7 THEN locks ELSE self_ticks END AS own,
           CASE /*sort*/4/*end*/ WHEN 6 THEN total_blocked WHEN 7 THEN total_locks ELSE total_ticks END AS weight
    FROM whole),
nodes AS MATERIALIZED (
    SELECT *, coalesce(parent_id, context_id) AS below_id FROM figures
    WHERE weight >= coalesce(:least, 0) * (SELECT sum(own) FROM figures)
       OR (/*sort*/4/*end*/ < 6
           AND (total_blocked > coalesce(:least, 0) * (SELECT sum(blocked) FROM figures)
                OR total_locks > coalesce(:least, 0) * (SELECT sum(locks) FROM figures)))
    ORDER BY weight DESC, depth LIMIT coalesce(:limit, -1)),
walk AS (
    SELECT process_id, 0 AS depth, 0 AS self_ticks, 0 AS total_ticks, 0 AS calls, 0 AS total_blocked,
           0 AS total_locks, context_id, NULL AS parent_id, context_id AS from_id
    FROM contexts WHERE context_id IN (SELECT below_id FROM nodes) AND parent_id IS NULL
    UNION ALL
    SELECT n.process_id, w.depth + 1, n.self_ticks, n.total_ticks, n.calls, n.total_blocked, n.total_locks,
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
       CAST(n.blocked * (SELECT ns_per_tick FROM rate) AS INTEGER) AS blocked_ns, -- time in calls that may block, made in this context; with :idle waits for work too, ns
       CAST(n.idle * (SELECT ns_per_tick FROM rate) AS INTEGER) AS idle_ns, -- in waits for work, by the rules of idle_waits, ns
       CAST(n.locks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS lock_ns, -- time waited for locks in this context, ns
       CAST(n.total_blocked * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_blocked_ns, -- blocked_ns of this context and all below, ns
       CAST(n.total_idle * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_idle_ns, -- in waits for work, ns
       CAST(n.total_locks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_lock_ns -- for locks, ns
FROM walk w CROSS JOIN nodes n USING (context_id) CROSS JOIN functions f USING (function_id)
WHERE w.depth > 0;
