-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- flame: every calling context with what it has itself, callees not included: what flame graphs and call graphs are drawn
-- from. Each comes behind its caller, as the numbers of contexts are: the groups are sorted by them. Of process :process and
-- of the threads that :thread (its number) or :thread_name name; call paths through no function that :focus names, or through
-- one that :ignore names, have nothing. Memory and waits are known by process, not by thread, and of the whole run: with
-- :thread, :thread_name or :window (calls and times of a window of time) there are none.
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
own AS (
    SELECT context_id, calls, self_ticks, 0 AS bytes, 0 AS allocs, 0 AS blocked_ticks, 0 AS idle_ticks, 0 AS lock_ticks
    FROM totals WHERE thread_id IN chosen
    UNION ALL
    SELECT context_id, 0, self_ticks, 0, 0, 0, 0, 0 FROM open_ticks WHERE thread_id IN chosen
    UNION ALL
    SELECT context_id, 0, 0, bytes, allocs, 0, 0, 0 FROM heap_totals
    WHERE kind = 0 AND :thread IS NULL AND :thread_name IS NULL AND :window IS NULL
    UNION ALL
    SELECT context_id, 0, 0, 0, 0, blocked_ticks, idle_ticks, lock_ticks FROM wait_ticks
    WHERE :thread IS NULL AND :thread_name IS NULL AND :window IS NULL),
sums AS (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(bytes) AS bytes, sum(allocs) AS allocs,
           sum(blocked_ticks) AS blocked_ticks, sum(idle_ticks) AS idle_ticks, sum(lock_ticks) AS lock_ticks
    FROM (SELECT * FROM own
          WHERE (:focus IS NULL OR context_id IN within) AND (:ignore IS NULL OR context_id NOT IN left_out)
          UNION ALL
          SELECT context_id, 0, 0, 0, 0, 0, 0, 0 FROM contexts -- those that only lead to others; most have something, and are not sorted twice
          WHERE process_id = coalesce(:process, process_id)
            AND (:focus IS NOT NULL OR :ignore IS NOT NULL OR context_id NOT IN (SELECT context_id FROM totals WHERE thread_id IN chosen)))
    GROUP BY context_id)
SELECT c.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's context; NULL: none, this is a process
       c.process_id AS process_id, -- process
       (SELECT coalesce(p.command, p.executable) FROM processes p
        WHERE c.parent_id IS NULL AND p.process_id = c.process_id) AS command, -- its command line; NULL for calls
       c.function_id AS function_id, -- function
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       m.path AS module, -- the image that it is in
       c.flags AS flags, -- 1 = stands for deeper calls too (recursion folded), 2 = "(other)": the tree was full
       s.calls AS calls, -- calls entered
       CAST(s.self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       s.bytes AS bytes, -- bytes allocated of the heap
       s.allocs AS allocs, -- blocks allocated of the heap
       CAST(s.blocked_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS blocked_ns, -- in calls that may block, without waits for work, ns
       CAST(s.idle_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS idle_ns, -- in waits for work, ns
       CAST(s.lock_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS lock_ns -- for locks, ns
FROM sums s
CROSS JOIN contexts c ON c.context_id = s.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN modules m ON m.module_id = f.module_id
WHERE c.process_id = coalesce(:process, c.process_id);
