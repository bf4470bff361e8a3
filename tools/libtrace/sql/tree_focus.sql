-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- tree_focus: the query tree of only those call paths that go through functions that :focus names and through none that
-- :ignore names, where these are given; at most :depth levels. What calls a function of :focus has no time of its own
-- here, and in all that of the paths that are left: totals are the sums of the self times below.
WITH RECURSIVE
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
focused AS MATERIALIZED (SELECT function_id FROM functions WHERE name || '(' GLOB :focus || '(*'),
ignored AS MATERIALIZED (SELECT function_id FROM functions WHERE name || '(' GLOB :ignore || '(*'),
sums AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, min(min_ticks) AS min_ticks, max(max_ticks) AS max_ticks
    FROM (SELECT context_id, calls, self_ticks, min_ticks, max_ticks FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks, NULL, NULL FROM open_ticks WHERE thread_id IN chosen)
    GROUP BY context_id),
-- Each context is entered and left once, in the order of a tree: it has what was added up from when it was entered until it
-- was left. What stands below an ignored one is not entered.
contexts_there AS MATERIALIZED (
    SELECT c.context_id, c.parent_id, :focus IS NULL OR c.function_id IN focused AS is_focused
    FROM sums s CROSS JOIN contexts c ON c.context_id = s.context_id
    WHERE c.parent_id IS NOT NULL AND c.function_id NOT IN ignored),
steps AS MATERIALIZED (
    SELECT parent_id AS from_id, context_id, is_focused, 0 AS leaves FROM contexts_there
    UNION ALL
    SELECT context_id, context_id, 0, 1 FROM contexts_there),
visits (context_id, leaves, level, kept) AS (
    SELECT context_id, 0, 0, 0 FROM contexts
    WHERE parent_id IS NULL AND context_id IN (SELECT parent_id FROM contexts_there)
    UNION ALL
    SELECT s.context_id, s.leaves, v.level + 2 - s.leaves, v.kept OR s.is_focused
    FROM visits v JOIN steps s ON s.from_id = v.context_id
    WHERE NOT v.leaves
    ORDER BY 3 DESC LIMIT -1), -- depth first; without a LIMIT SQLite leaves the ORDER BY out
running AS (
    SELECT v.context_id, v.leaves, v.kept, iif(v.kept, s.self_ticks, 0) AS self_ticks,
           sum(iif(v.leaves OR NOT v.kept, 0, s.self_ticks)) OVER so_far AS ticks_so_far,
           sum(NOT v.leaves AND v.kept) OVER so_far AS kept_so_far
    FROM visits v JOIN sums s ON s.context_id = v.context_id
    WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)),
below AS MATERIALIZED (
    SELECT context_id, max(kept) AS kept, max(iif(leaves, 0, self_ticks)) AS self_ticks,
           sum(iif(leaves, ticks_so_far, self_ticks - ticks_so_far)) AS total_ticks,
           sum(iif(leaves, kept_so_far, kept - kept_so_far)) AS contexts
    FROM running
    GROUP BY context_id),
nodes AS MATERIALIZED (
    SELECT c.process_id, c.context_id, c.parent_id, c.function_id, c.flags, s.calls, iif(b.kept, s.self_ticks, 0) AS self_ticks,
           b.total_ticks, iif(b.kept, s.min_ticks, NULL) AS min_ticks, iif(b.kept, s.max_ticks, NULL) AS max_ticks, b.kept
    FROM below b CROSS JOIN sums s ON s.context_id = b.context_id CROSS JOIN contexts c ON c.context_id = b.context_id
    WHERE b.contexts > 0 AND b.total_ticks >= coalesce(:least, 0) * (SELECT sum(self_ticks) FROM sums)
    ORDER BY b.total_ticks DESC, c.depth LIMIT coalesce(:limit, -1)),
walk AS (
    SELECT process_id, 0 AS depth, 0 AS self_ticks, 0 AS total_ticks, 0 AS calls, context_id, NULL AS parent_id,
           function_id, NULL AS min_ticks, NULL AS max_ticks, flags, 0 AS kept
    FROM contexts WHERE context_id IN (SELECT parent_id FROM nodes) AND parent_id IS NULL
    UNION ALL
    SELECT n.process_id, w.depth + 1, n.self_ticks, n.total_ticks, n.calls, n.context_id, n.parent_id,
           n.function_id, n.min_ticks, n.max_ticks, n.flags, n.kept
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
       CAST(w.self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns; 0 where the path goes through no function of :focus
       CAST(w.total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_ns, -- the same of this context and all below that are left, ns
       CAST(w.min_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS min_ns, -- shortest finished call, with all that it called, ns; NULL where the path goes through no function of :focus
       CAST(w.max_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS max_ns, -- longest finished call, with all that it called, ns; likewise
       w.flags AS flags, -- 1 = stands for deeper calls too (recursion folded), 2 = "(other)": the tree was full
       w.kept AS through -- 1: the path goes through a function of :focus (or none was given); 0: what calls it
FROM walk w CROSS JOIN functions f USING (function_id)
WHERE w.depth > 0;
