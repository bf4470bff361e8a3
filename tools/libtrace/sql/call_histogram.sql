-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- call_histogram: finished calls by how long they took with callees, in powers of two of ticks, as they are recorded: those of
-- the first :limit functions, of functions that :only names, of process :process, and of the threads that :thread (its number)
-- or :thread_name name, where these are given. histogram_sum and histogram_count are functions of the reader.
WITH RECURSIVE
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
figures AS (
    SELECT context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks, histogram FROM totals WHERE thread_id IN chosen
    UNION ALL
    SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL, NULL FROM open_ticks WHERE thread_id IN chosen),
own AS MATERIALIZED (
    SELECT c.function_id, sum(g.calls) AS calls, sum(g.self_ticks) AS self_ticks,
           sum(CASE WHEN c.recursive THEN 0 ELSE g.total_ticks END) AS total_ticks, histogram_sum(g.histogram) AS times,
           min(g.min_ticks) AS min_ticks, max(g.max_ticks) AS max_ticks
    FROM figures g CROSS JOIN contexts c ON c.context_id = g.context_id
    WHERE c.parent_id IS NOT NULL
      AND (:only IS NULL OR c.function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'))
    GROUP BY c.function_id
    ORDER BY /*sort*/self_ticks/*end*/ DESC, calls DESC LIMIT coalesce(:limit, -1)),
merged AS MATERIALIZED (
    SELECT histogram_sum(times) AS times FROM own),
powers (low, high) AS (
    SELECT 0, 1
    UNION ALL
    SELECT high, iif(high < 1 << 62, high * 2, NULL) FROM powers WHERE high IS NOT NULL),
counts AS MATERIALIZED (
    SELECT p.low, p.high, histogram_count(m.times, p.low, p.high) AS calls FROM merged m CROSS JOIN powers p)
SELECT 'call_ns' AS histogram, -- 'call_ns': calls by how long they took
       CAST(c.low * r.ns_per_tick AS INTEGER) AS low, -- from so many ns on
       CAST(c.high * r.ns_per_tick AS INTEGER) AS high, -- to less than so many; NULL: no end
       c.calls AS calls -- how many
FROM rate r CROSS JOIN counts c
WHERE c.low BETWEEN (SELECT min(low) FROM counts WHERE calls > 0) AND (SELECT max(low) FROM counts WHERE calls > 0)
ORDER BY c.low;
