-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- export_time: every calling context with its calls and its own time, of process :process and of the threads that
-- :thread (its number) or :thread_name name, where these are given. Each comes behind its caller, as the numbers of
-- contexts are: the groups are sorted by them. The sums are those of the view tree.
WITH
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
sums AS (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks
    FROM (SELECT context_id, 0 AS calls, 0 AS self_ticks FROM contexts WHERE process_id = coalesce(:process, process_id)
          UNION ALL
          SELECT context_id, calls, self_ticks FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks FROM open_ticks WHERE thread_id IN chosen)
    GROUP BY context_id)
SELECT c.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's context; NULL: none, this is no call
       c.function_id AS function_id, -- function
       f.name AS function, -- demangled name
       f.linkage_name AS linkage_name, -- name as the linker sees it
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       m.module_id AS module_id, -- the image that it is in
       m.path AS module, -- where that was loaded from
       m.build_id AS build_id, -- its GNU build id
       s.calls AS calls, -- calls entered
       CAST(s.self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns -- time without instrumented callees, ns
FROM sums s
CROSS JOIN contexts c ON c.context_id = s.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN modules m ON m.module_id = f.module_id;
