-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- whole_threads: what the shares of a report are shares of: all calling contexts of process :process
-- and of the threads that :thread (its number) or :thread_name name; of all where these are NULL.
WITH
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
figures AS (
    SELECT context_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks
    FROM (SELECT context_id, calls, self_ticks FROM totals WHERE thread_id IN chosen
          UNION ALL
          SELECT context_id, 0, self_ticks FROM open_ticks WHERE thread_id IN chosen)
    GROUP BY context_id)
SELECT count(DISTINCT c.function_id) AS functions, -- functions called
       count(*) AS contexts, -- calling contexts
       coalesce(sum(g.calls), 0) AS calls, -- calls entered
       coalesce(CAST(sum(g.self_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER), 0) AS self_ns -- self times added up, ns
FROM figures g JOIN contexts c USING (context_id)
WHERE c.parent_id IS NOT NULL;
