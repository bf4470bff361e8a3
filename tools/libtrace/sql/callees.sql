-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- callees: what the functions call that :only names, in process :process and the threads that :thread (its number) or
-- :thread_name name, where these are given; the first :limit rows. The row "(itself)" has the time that is in no such call.
-- Time is counted once in a row: what of a call is within another one of the same two functions is in that one's.
WITH RECURSIVE
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
wanted AS MATERIALIZED (
    SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'),
-- What it calls, and (callee_id NULL) itself.
ours AS MATERIALIZED (
    SELECT c.context_id, c.parent_id, p.function_id, c.function_id AS callee_id, c.recursive, p.depth,
           c.recursive AND (p.recursive OR p.function_id = c.function_id) AS may_be_within
    FROM contexts c CROSS JOIN contexts p ON p.context_id = c.parent_id
    WHERE p.function_id IN wanted AND p.parent_id IS NOT NULL
    UNION ALL
    SELECT context_id, parent_id, function_id, NULL, recursive, depth, 0
    FROM contexts WHERE function_id IN wanted AND parent_id IS NOT NULL),
-- From a call that may be within another one of the same two functions (either occurs above it) upwards, to the first such.
climb AS (
    SELECT context_id, function_id, callee_id, parent_id AS at_id, depth, 0 AS within
    FROM ours WHERE may_be_within
    UNION ALL
    SELECT w.context_id, w.function_id, w.callee_id, a.parent_id, b.depth,
           a.function_id = w.callee_id AND b.function_id = w.function_id AND b.parent_id IS NOT NULL
    FROM climb w CROSS JOIN contexts a ON a.context_id = w.at_id CROSS JOIN contexts b ON b.context_id = a.parent_id
    WHERE NOT w.within AND b.depth < w.depth),
figures AS MATERIALIZED (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks
    FROM (SELECT context_id, calls, self_ticks, total_ticks FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks, total_ticks FROM open_ticks WHERE thread_id IN chosen)
    WHERE context_id IN (SELECT context_id FROM ours)
    GROUP BY context_id),
pairs AS (
    SELECT o.function_id, o.callee_id, sum(g.calls) AS calls, sum(g.self_ticks) AS self_ticks,
           sum(iif(w.within, 0, g.total_ticks)) AS total_ticks, sum(g.total_ticks) AS each_ticks,
           sum(iif(w.within, g.calls, 0)) AS recursive_calls, count(*) AS contexts,
           sum(iif(o.recursive, 0, g.total_ticks)) AS outer_ticks
    FROM figures g JOIN ours o ON o.context_id = g.context_id
    LEFT JOIN climb w ON w.context_id = g.context_id AND w.within AND w.callee_id = o.callee_id
    GROUP BY o.function_id, o.callee_id),
itself AS (
    SELECT function_id, calls AS of_calls, self_ticks AS of_self_ticks, outer_ticks AS of_total_ticks FROM pairs WHERE callee_id IS NULL),
shown AS (
    SELECT p.function_id, p.callee_id, iif(p.callee_id IS NULL, 0, p.calls) AS calls, p.self_ticks,
           iif(p.callee_id IS NULL, p.self_ticks, p.total_ticks) AS total_ticks, p.each_ticks, p.recursive_calls, p.contexts,
           coalesce(i.of_calls, 0) AS of_calls, coalesce(i.of_self_ticks, 0) AS of_self_ticks, coalesce(i.of_total_ticks, 0) AS of_total_ticks
    FROM pairs p LEFT JOIN itself i ON i.function_id = p.function_id)
SELECT f.name AS function, -- demangled name of a function that was asked for
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       iif(s.callee_id IS NULL, '(itself)', c.name) AS callee, -- demangled name of the function that it calls; "(itself)": what it did in no such call
       c.file AS callee_file, -- its source file
       c.line AS callee_line, -- line of its definition
       s.calls AS calls, -- calls of the callee by the function
       CAST(s.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time in these calls with callees, recursion counted once, ns
       CAST(s.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns, -- time in these calls without instrumented callees, ns
       CAST(s.each_ticks * r.ns_per_tick / nullif(s.calls, 0) AS INTEGER) AS mean_ns, -- how long one of them took on average, with callees, ns
       s.recursive_calls AS recursive_calls, -- those of the calls that were made within another one of the same two functions
       s.contexts AS contexts, -- calling contexts in which it made them
       s.of_calls AS function_calls, -- all calls of the function
       CAST(s.of_total_ticks * r.ns_per_tick AS INTEGER) AS function_total_ns, -- time in them with callees, recursion counted once, ns
       CAST(s.of_self_ticks * r.ns_per_tick AS INTEGER) AS function_self_ns -- time in them without instrumented callees, ns
FROM rate r CROSS JOIN shown s CROSS JOIN functions f ON f.function_id = s.function_id
LEFT JOIN functions c ON c.function_id = s.callee_id
ORDER BY s.of_total_ticks DESC, s.of_calls DESC, f.name, s.function_id, s./*sort*/total_ticks/*end*/ DESC, s.calls DESC, c.name, s.callee_id
LIMIT coalesce(:limit, -1);
