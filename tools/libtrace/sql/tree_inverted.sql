-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- tree_inverted: functions by their own time, and below each its callers, what called these, and so on, :depth levels (of
-- all where that is not given): each row has the part of the function's self time and calls that came by this way. Of process
-- :process and the threads that :thread (its number) or :thread_name name, and of call paths through functions that :focus
-- names and through none that :ignore names, where these are given; without rows below the share :least (0 to 1) of all
-- self time, and at most :limit rows, those with the most.
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
sums AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks
    FROM (SELECT context_id, calls, self_ticks FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks FROM open_ticks WHERE thread_id IN chosen)
    GROUP BY context_id),
least AS MATERIALIZED (
    SELECT coalesce(:least, 0) * sum(self_ticks) AS ticks FROM sums),
own AS MATERIALIZED (
    SELECT c.context_id, c.parent_id, c.function_id, c.depth, s.calls, s.self_ticks
    FROM sums s CROSS JOIN contexts c ON c.context_id = s.context_id
    WHERE c.parent_id IS NOT NULL
      AND (:focus IS NULL OR c.context_id IN within) AND (:ignore IS NULL OR c.context_id NOT IN left_out)),
-- Each context, and each of its callers up to :depth: a row is told by the numbers of the functions on its way.
ways (way, function_id, level, at_id, depth, calls, self_ticks) AS (
    SELECT printf('%x', function_id), function_id, 1, parent_id, depth, calls, self_ticks FROM own
    WHERE function_id IN (SELECT function_id FROM own GROUP BY function_id HAVING sum(self_ticks) >= (SELECT ticks FROM least))
    UNION ALL
    SELECT w.way || printf('/%x', c.function_id), c.function_id, w.level + 1, c.parent_id, c.depth, w.calls, w.self_ticks
    FROM ways w CROSS JOIN contexts c ON c.context_id = w.at_id
    WHERE w.level < coalesce(:depth, 9223372036854775807) AND c.parent_id IS NOT NULL AND c.depth < w.depth),
nodes AS MATERIALIZED (
    SELECT way, iif(level > 1, rtrim(rtrim(way, '0123456789abcdef'), '/'), '') AS from_way, function_id, level,
           sum(calls) AS calls, sum(self_ticks) AS self_ticks, count(*) AS contexts
    FROM ways
    GROUP BY way
    HAVING sum(self_ticks) >= (SELECT ticks FROM least)
    ORDER BY sum(self_ticks) DESC, level, way LIMIT coalesce(:limit, -1)),
walk (level, self_ticks, calls, way, function_id, contexts) AS (
    SELECT 0, 0, 0, '', NULL, 0
    UNION ALL
    SELECT w.level + 1, n.self_ticks, n.calls, n.way, n.function_id, n.contexts
    FROM walk w JOIN nodes n ON n.from_way = w.way
    ORDER BY 1 DESC, /*sort*/2/*end*/ DESC, 2 DESC, 3 DESC, 4 LIMIT -1) -- without a LIMIT SQLite leaves the ORDER BY out
SELECT w.level AS depth, -- 1 = the function itself, 2 = its callers ...
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       w.calls AS calls, -- calls of the function at depth 1 that came by this way
       CAST(w.self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- its time in these without instrumented callees, ns
       w.contexts AS contexts -- calling contexts that this stands for
FROM walk w CROSS JOIN functions f ON f.function_id = w.function_id
WHERE w.level > 0;
